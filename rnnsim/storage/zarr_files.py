"""Zarr stores as Datasets, with their numbers as they are stored."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.storage.storable import with_times

FLAGS = ("flag_values", "flag_masks", "valid_range")


RECORD = "rnnsim_sweep"  # the attribute of a sweep's store


def is_url(path: Any) -> bool:
    """Whether a path names an object store, as fsspec does."""
    return isinstance(path, str) and "://" in path


def label(path: str | Path) -> str:
    """A store as messages name it."""
    return str(path)


def opened(path: str | os.PathLike[str]) -> xr.Dataset:
    """A Zarr store, lazily; strings and small coordinates at once."""
    place: Any = path if is_url(path) else Path(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metadata that is not consolidated
        ds = xr.open_zarr(place, chunks=None, decode_times=False, decode_timedelta=False, mask_and_scale=False)
    for name, variable in list(ds.variables.items()):
        if variable.attrs.get("_FillValue") != variable.attrs.get("_FillValue"):
            del variable.attrs["_FillValue"]  # nan, which xarray writes and which says nothing
        variable.attrs.update(decoded(variable.attrs, variable.dtype))
        if variable.dtype.kind in "OT":
            values = np.array(np.asarray(variable.values).tolist(), str).reshape(variable.shape)
            ds[name] = variable.dims, values, variable.attrs
    return with_times(ds)


def encoded(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON takes them."""
    plain = {}
    for name, value in attrs.items():
        plain[str(name)] = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    return plain


def decoded(attrs: Mapping[Any, Any], dtype: np.dtype) -> dict[str, Any]:
    """Attributes that are numbers of the variable's own kind."""
    return {name: np.array(attrs[name], dtype) for name in FLAGS if name in attrs and dtype.kind in "iuf"}
