"""Datasets as Zarr stores that `open` reads back."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from rnnsim.storage.locking import replacing, taken
from rnnsim.storage.slabs import auxiliary, check_place, slab_rows, slabs
from rnnsim.storage.zarr_arrays import ROOT, built, create, plain, put, root_of, storage_of
from rnnsim.storage.zarr_files import RECORD, encoded, is_url


def save_store(ds: xr.Dataset, path: Any) -> None:
    """Write a Dataset to a Zarr store, beside its place, which it then takes."""
    target = str(path).rstrip("/") if is_url(path) else Path(path).expanduser().resolve()
    check_store(target)
    with taken(target), replacing(target) as place, built(place) as folder:
        write(ds, folder)


def check_store(target: str | Path) -> None:
    """Refuse a place that has something else than a store that was saved."""
    if isinstance(target, Path):
        check_place(target)
    try:
        found = zarr.open_group(storage_of(target, read_only=True), mode="r", use_consolidated=False)
    except (OSError, ValueError, KeyError):
        if isinstance(target, Path) and target.exists():
            raise FileExistsError(f"{target} is no Zarr store that save can replace: choose another path, or remove it") from None
        return
    if RECORD in found.attrs:
        raise FileExistsError(f"{target} is the store of a sweep, which save does not replace: choose another path, or remove it")


def write(ds: xr.Dataset, folder: Path) -> None:
    """Write a Dataset as a store in a folder."""
    group = zarr.create_group(storage_of(folder))
    for name, variable in ds.variables.items():
        attrs = {key: value for key, value in variable.attrs.items() if key != "_FillValue"}
        attrs |= auxiliary(ds, set(variable.dims)) if name in ds.data_vars else {}
        chunks = (slab_rows(variable), *variable.shape[1:]) if variable.dims else ()
        array = create(group, str(name), tuple(map(str, variable.dims)), variable.shape, variable.dtype, chunks, attrs)
        for part in slabs(variable):
            array[part] = plain(np.asarray(variable[part].values))
    put(folder, ROOT, root_of(folder, map(str, ds.variables), encoded(ds.attrs) | auxiliary(ds, set(ds.sizes))))
