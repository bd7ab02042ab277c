"""Datasets as NetCDF-4 files that follow the CF conventions, and back; Zarr stores as Datasets."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Location
from rnnsim.checks.arguments import path as checked_path
from rnnsim.checks.showing import shown
from rnnsim.storage.slabs import auxiliary, check_place, slabs
from rnnsim.storage.storable import TEXT, check_dataset, number_type, time_attributes, with_times
from rnnsim.storage.zarr_files import is_url, opened

SUFFIXES = (".nc", ".nc4", ".netcdf")
SAVED = "rnnsim_saved"  # what a file has that its Dataset has not
BY = "rnnsim.save"


def save(ds: xr.Dataset, path: Location) -> None:
    """Write a Dataset to a NetCDF-4 file or a Zarr store, whole or not at all; `open` reads the same Dataset from it.

    A reader sees the old file or the new one, never a part: the data go to a temporary file beside `path`, which takes its place
    once it is on the disk. Every number comes back bit for bit, and nan is stored as nan, never as a missing value. A NetCDF file
    follows the CF conventions: it has `Conventions`, a `title` and a line of `history`, and an axis whose values are not in order
    stands along a dimension `<axis>_place`. `open` takes that back. `ds` itself stays as it is.

    Parameters
    ----------
    ds : Dataset
        Real numbers, booleans, strings, dates and time differences, in memory or lazily opened.
    path : path_like
        The file to write or replace, which ends in .nc, .nc4 or .netcdf; or a Zarr store, or its fsspec URL, which ends in .zarr.

    Raises
    ------
    TypeError
        If `ds` is not a Dataset, or if a variable or an attribute holds what NetCDF cannot.
    ValueError
        If `path` has another ending, or if a name is one that NetCDF cannot hold.
    OSError
        If the directory is missing or not writable, if something else is at `path`, such as the store of a sweep, or if the disk is
        full.

    See Also
    --------
    rnnsim.open : Read it back.
    rnnsim.sweep : Compute into a store.

    Examples
    --------
    >>> import os, tempfile
    >>> import xarray as xr
    >>> import rnnsim as rs
    >>> surface = xr.Dataset({"cost": ("w_rec", [1.0, float("nan")])})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rs.save(surface, os.path.join(folder, "surface.nc"))
    ...     with rs.open(os.path.join(folder, "surface.nc")) as back:
    ...         print(back.cost.values)
    [ 1. nan]
    """
    check_dataset(ds)
    path = checked_path("path", path)
    if path.rstrip("/").lower().endswith(".zarr"):
        from rnnsim.storage.saved_stores import save_store  # with zarr, which takes long to import

        save_store(ds, path)
        return
    target = Path(path).expanduser().resolve()
    _check_target(target)
    temporary = target.with_name(f".{target.stem[:40]}-{uuid.uuid4().hex}.tmp")
    try:
        _write(ds, temporary)
        if target.exists():
            shutil.copymode(target, temporary)
        _flush(temporary)
        os.replace(temporary, target)
    except RuntimeError as error:
        raise OSError(f"{target} could not be written ({error}): the disk may be full") from error
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # some systems and network disks cannot flush a directory
        _flush(target.parent)


def open(path: Location) -> xr.Dataset:
    """Open a NetCDF file or a Zarr store lazily, with its numbers as they are stored.

    Parameters
    ----------
    path : path_like
        A NetCDF file, a Zarr store (a directory), or an fsspec URL of a Zarr store.

    Returns
    -------
    Dataset
        Its numbers are read when they are used, and its strings at once. It is a context manager; else `close` it.

    Raises
    ------
    FileNotFoundError
        If there is no such file or store.
    ValueError
        If it is neither a NetCDF file nor a Zarr store, or a damaged one.

    See Also
    --------
    rnnsim.save : Write such a file.
    rnnsim.sweep : Compute into a store.

    Examples
    --------
    >>> import os, tempfile
    >>> import xarray as xr
    >>> import rnnsim as rs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rs.save(xr.Dataset({"cost": 2.0}), os.path.join(folder, "cost.nc"))
    ...     with rs.open(os.path.join(folder, "cost.nc")) as ds:
    ...         print(ds.cost.item(), ds.attrs)
    2.0 {}
    """
    path = checked_path("path", path)
    if is_url(path):
        return opened(path)
    source = Path(path).expanduser().resolve()
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist: open needs a NetCDF file or a Zarr store")
    if source.is_dir():
        return _open_store(source)
    try:
        ds = xr.open_dataset(source, engine="netcdf4", decode_times=False, decode_timedelta=False, mask_and_scale=False)
        for name in [name for name, variable in ds.variables.items() if variable.dtype.kind == "O"]:
            ds[name] = ds[name].astype(str)
        return _restored(with_times(ds))
    except PermissionError:
        raise
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{source} is not a NetCDF file, or it is damaged: open needs a NetCDF file") from error


def _open_store(source: Path) -> xr.Dataset:
    try:
        return opened(source)
    except PermissionError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{source} is not a Zarr store, or it is damaged: open needs a NetCDF file or a Zarr store") from error


def _check_target(target: Path) -> None:
    if target.suffix.lower() not in SUFFIXES:
        raise ValueError(f"path ends in {shown(target.suffix)}, but save needs {', '.join(SUFFIXES)} or .zarr")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a directory, but save needs the path of a file")
    check_place(target)


def _write(ds: xr.Dataset, path: Path) -> None:
    places = {axis: _unused(f"{axis}_place", set(ds.dims) | set(ds.variables)) for axis in _out_of_order(ds)}
    saved = {"places": places, "sequences": {name: found for name, found in _sequences(ds).items() if found}}
    ds = ds.rename_dims(places)
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(_global_attributes(ds, saved))
        for dim, size in ds.sizes.items():
            file.createDimension(str(dim), size)
        for name, variable in ds.variables.items():
            attributes = {key: value for key, value in variable.attrs.items() if key != "_FillValue"}
            coordinates = auxiliary(ds, set(variable.dims)) if name in ds.data_vars else {}
            _write_variable(file, str(name), variable, attributes | coordinates)


def _out_of_order(ds: xr.Dataset) -> list[str]:
    """The axes whose values CF refuses for a coordinate variable: neither rising nor falling throughout."""
    own = [dim for dim in ds.dims if dim in ds.coords and ds[dim].dims == (dim,)]
    numbers = {str(dim): ds[dim].values for dim in own if ds[dim].dtype.kind not in TEXT}
    return [dim for dim, v in numbers.items() if not ((v[1:] > v[:-1]).all() or (v[1:] < v[:-1]).all())]


def _sequences(ds: xr.Dataset) -> dict[str, list[str]]:
    """The attributes that are sequences of one item, which NetCDF does not tell from the item, by variable; "" is the Dataset."""
    owners = {"": ds.attrs} | {str(name): variable.attrs for name, variable in ds.variables.items()}
    sequences = (list, tuple, np.ndarray)
    return {
        owner: [str(name) for name, value in attrs.items() if isinstance(value, sequences) and np.shape(value) == (1,)]
        for owner, attrs in owners.items()
    }


def _restored(ds: xr.Dataset) -> xr.Dataset:
    """A Dataset as it was saved, of one as the file has it."""
    saved = json.loads(ds.attrs.pop(SAVED, "{}"))
    earlier, _, last = ds.attrs.get("history", "").rpartition("\n")
    if saved and last.endswith(BY):
        ds.attrs |= {"history": earlier}
    for name in saved.get("added", []):
        if name != "history" or not ds.attrs.get(name):
            ds.attrs.pop(name, None)
    for owner, names in saved.get("sequences", {}).items():
        attrs = ds.variables[owner].attrs if owner in ds.variables else ds.attrs
        attrs |= {name: _sequence(attrs[name]) for name in names if name in attrs}
    axes = {place: axis for axis, place in saved.get("places", {}).items() if place in ds.dims and axis in ds.coords}
    return _with_axes(ds, axes) if axes else ds


def _with_axes(ds: xr.Dataset, axes: dict[str, str]) -> xr.Dataset:
    """A Dataset whose dimensions are again what their coordinates are called. xarray makes an index of every variable of a dimension's
    name, also of one with further dimensions, which is therefore put aside meanwhile."""
    aside = {name: variable for name, variable in ds.variables.items() if name in variable.dims and variable.ndim > 1}
    rest = xr.Dataset(aside).rename_dims(
        {place: axis for place, axis in axes.items() if any(place in v.dims for v in aside.values())}
    )
    return ds.drop_vars(list(aside)).swap_dims(axes).assign(rest.variables)


def _sequence(item: Any) -> Any:
    return [item] if isinstance(item, str) else np.atleast_1d(item)


def _write_variable(file: netCDF4.Dataset, name: str, variable: xr.Variable, attributes: dict[str, Any]) -> None:
    if variable.dtype.kind in TEXT:
        variable = _characters(_unused(f"{name}_character", set(file.dimensions)), variable)
        attributes = attributes | {"_Encoding": "utf-8"}
    attributes = attributes | time_attributes(variable.dtype)
    dtype = number_type(variable.dtype)
    if dtype.kind == "b":
        dtype, attributes = np.dtype("i1"), attributes | {"dtype": "bool"}
    dims = [str(dim) for dim in variable.dims]
    for dim, size in zip(dims, variable.shape, strict=True):
        if dim not in file.dimensions:
            file.createDimension(dim, size)
    stored = file.createVariable(name, dtype, dims)
    stored.setncatts(attributes)
    for part in slabs(variable):
        stored[part] = np.asarray(variable[part].values, dtype)


def _global_attributes(ds: xr.Dataset, saved: dict[str, Any]) -> dict[str, Any]:
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {BY}"
    defaults = {"Conventions": "CF-1.11", "title": str(ds.attrs.get("verb", "rnnsim")), "history": line}
    added = [name for name in defaults if name not in ds.attrs]
    history = {"history": f"{ds.attrs['history']}\n{line}"} if "history" in ds.attrs else {}
    return defaults | ds.attrs | history | {SAVED: json.dumps(saved | {"added": added})} | auxiliary(ds, set(ds.sizes))


def _unused(name: str, taken: set[Hashable]) -> str:
    while name in taken:
        name += "_"
    return name


def _characters(dim: str, variable: xr.Variable) -> xr.Variable:
    text = np.strings.encode(variable[...].values.astype(str), "utf-8")
    return xr.Variable((*variable.dims, dim), text[..., np.newaxis].view("S1"))


def _flush(path: Path) -> None:
    # Windows flushes only what is open for writing, POSIX opens a directory only for reading.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
