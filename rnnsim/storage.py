"""Datasets as NetCDF-4 files that follow the CF conventions, and back; Zarr stores as Datasets."""

import contextlib
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from rnnsim.axes import shown
from rnnsim.zarr_files import is_url, opened

SUFFIXES = (".nc", ".nc4", ".netcdf")
SLAB_BYTES = 64 * 2**20
_NUMBERS = {np.dtype(code) for code in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")}
_TEXT = "OU"  # the kinds of dtype that may hold strings
_NAME = re.compile(r"[^\W_][^\x00-\x1f\x7f/\ud800-\udfff]*(?<!\s)")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
# HDF5 keeps the first four for itself; the others make readers change the numbers or the coordinates.
_RESERVED = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}
_RESERVED |= {"coordinates", "dtype", "add_offset", "scale_factor", "missing_value", "least_significant_digit", "_FillValue"}


def save(ds: xr.Dataset, path: str | os.PathLike[str]) -> None:
    """Write a Dataset to a NetCDF-4 file, whole or not at all.

    A reader sees the old file or the new one, never a part: the data go to a temporary file beside `path`, which takes its
    place once it is on the disk. Every number comes back bit for bit, and nan is stored as nan, never as a missing value.
    The file gains a line of `history`, and `Conventions` and `title` where `ds` has none; `ds` itself stays as it is.

    Parameters
    ----------
    ds : Dataset of real numbers, booleans and strings, in memory or lazily opened
    path : file to write or replace, ending in .nc, .nc4 or .netcdf

    Raises
    ------
    TypeError : `ds` is no Dataset, or a variable or an attribute holds what NetCDF cannot
    ValueError : `path` has another ending, or a name is one that NetCDF cannot hold
    OSError : the directory is missing or not writable, `path` is a directory, or the disk is full

    Examples
    --------
    >>> import os, tempfile
    >>> import xarray as xr
    >>> from rnnsim import storage
    >>> surface = xr.Dataset({"cost": ("w_rec", [1.0, float("nan")])})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     storage.save(surface, os.path.join(folder, "surface.nc"))
    ...     with storage.open(os.path.join(folder, "surface.nc")) as back:
    ...         print(back.cost.values)
    [ 1. nan]
    """
    _check_dataset(ds)
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


def open(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a NetCDF file or a Zarr store lazily, with its numbers as they are stored.

    Parameters
    ----------
    path : NetCDF file, Zarr store (a directory), or fsspec URL of a Zarr store

    Returns
    -------
    Dataset whose numbers are read when they are used, and strings at once; a context manager, or `close` it

    Raises
    ------
    FileNotFoundError : there is no such file or store
    ValueError : it is no NetCDF file and no Zarr store, or a damaged one

    Examples
    --------
    >>> import os, tempfile
    >>> import xarray as xr
    >>> from rnnsim import storage
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     storage.save(xr.Dataset({"cost": 2.0}), os.path.join(folder, "cost.nc"))
    ...     with storage.open(os.path.join(folder, "cost.nc")) as ds:
    ...         print(ds.cost.item(), ds.Conventions)
    2.0 CF-1.11
    """
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
        return ds
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
        raise ValueError(f"path ends in {shown(target.suffix)}, but save writes NetCDF-4 and needs {', '.join(SUFFIXES)}")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a directory, but save needs the path of a file")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the directory {target.parent} does not exist: create it before save")
    for place in (target.parent, target):
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError(f"{place} is not writable: choose another path or change its permissions")


def _check_dataset(ds: xr.Dataset) -> None:
    if not isinstance(ds, xr.Dataset):
        hint = ": net.parameters is one" if hasattr(ds, "parameters") else ""
        raise TypeError(f"ds is a {type(ds).__name__}, but save needs an xarray.Dataset{hint}")
    _check_attributes(ds.attrs, "the Dataset")
    for dim in ds.sizes:
        _check_name(dim, "a dimension")
    for name, variable in ds.variables.items():
        _check_name(name, "a variable")
        if name in ds.coords and variable.dims != (name,) and " " in str(name):
            raise ValueError(f"coordinate {shown(name)} has a space in its name, but CF lists coordinates by spaces: rename it")
        _check_values(str(name), variable)
        _check_attributes(variable.attrs, f"variable {shown(name)}")


def _check_name(name: object, what: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name {shown(name)} of {what} is of type {type(name).__name__}, but NetCDF needs a string: rename it")
    if not _NAME.fullmatch(name) or len(name.encode()) > 255 or unicodedata.normalize("NFC", name) != name:
        remedy = "rename it, with a letter first and then letters, digits and underscores"
        raise ValueError(f"NetCDF cannot hold the name {shown(name)} of {what}: {remedy}")


def _check_values(name: str, variable: xr.Variable) -> None:
    dtype, kind = variable.dtype, variable.dtype.kind
    if kind == "c":
        parts = f"{shown(name + '_real')} and {shown(name + '_imag')}"
        raise TypeError(f"variable {shown(name)} is complex, but NetCDF is not: store real and imaginary parts as {parts}")
    if kind in _TEXT and not all(map(_is_string, variable[...].values.flat)):
        raise TypeError(
            f"variable {shown(name)} holds more than plain strings, but NetCDF needs only strings or numbers: convert it"
        )
    if kind not in _TEXT + "b" and (kind not in "iuf" or dtype.newbyteorder("=") not in _NUMBERS):
        raise TypeError(f"variable {shown(name)} is {dtype}, but NetCDF needs integers, float32, float64, bool or str: convert it")


def _check_attributes(attributes: dict[Any, Any], owner: str) -> None:
    for name, value in attributes.items():
        if name in _RESERVED and not _is_nan_fill(name, value):
            raise ValueError(f"attribute {shown(name)} of {owner} has a meaning of its own in NetCDF: remove or rename it")
        if name not in _RESERVED:
            _check_name(name, f"an attribute of {owner}")
        if not _is_attribute(value):
            need = "a string, a number or a flat list of one of them"
            raise TypeError(f"attribute {shown(name)} of {owner} is {shown(value)}, but NetCDF needs {need}: convert or remove it")


def _is_attribute(value: object) -> bool:
    items = list(np.atleast_1d(value)) if isinstance(value, np.ndarray) else value if isinstance(value, (list, tuple)) else [value]
    if items and all(map(_is_string, items)):
        return True
    numbers = all(isinstance(item, (int, float, np.number)) and not isinstance(item, bool) for item in items)
    return numbers and np.asarray(value).dtype.newbyteorder("=") in _NUMBERS


def _is_string(value: object) -> bool:
    return isinstance(value, str) and not _UNWRITABLE.search(value)


def _is_nan_fill(name: object, value: object) -> bool:
    return name == "_FillValue" and isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _write(ds: xr.Dataset, path: Path) -> None:
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(_global_attributes(ds))
        for dim, size in ds.sizes.items():
            file.createDimension(str(dim), size)
        for name, variable in ds.variables.items():
            attributes = {key: value for key, value in variable.attrs.items() if key != "_FillValue"}
            coordinates = _auxiliary(ds, set(variable.dims)) if name in ds.data_vars else {}
            _write_variable(file, str(name), variable, attributes | coordinates)


def _write_variable(file: netCDF4.Dataset, name: str, variable: xr.Variable, attributes: dict[str, Any]) -> None:
    if variable.dtype.kind in _TEXT:
        variable, attributes = _characters(_unused(f"{name}_character", file), variable), attributes | {"_Encoding": "utf-8"}
    dtype = variable.dtype.newbyteorder("=")
    if dtype.kind == "b":
        dtype, attributes = np.dtype("i1"), attributes | {"dtype": "bool"}
    dims = [str(dim) for dim in variable.dims]
    for dim, size in zip(dims, variable.shape, strict=True):
        if dim not in file.dimensions:
            file.createDimension(dim, size)
    stored = file.createVariable(name, dtype, dims)
    stored.setncatts(attributes)
    for part in _slabs(variable):
        stored[part] = np.asarray(variable[part].values, dtype)


def _global_attributes(ds: xr.Dataset) -> dict[str, Any]:
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} rnnsim.save"
    defaults = {"Conventions": "CF-1.11", "title": str(ds.attrs.get("verb", "rnnsim"))}
    history = f"{ds.attrs['history']}\n{line}" if "history" in ds.attrs else line
    return defaults | ds.attrs | {"history": history} | _auxiliary(ds, set(ds.sizes))


def _auxiliary(ds: xr.Dataset, dims: set[Hashable]) -> dict[str, str]:
    names = sorted(str(name) for name, coord in ds.coords.items() if coord.dims != (name,) and dims.issuperset(coord.dims))
    return {"coordinates": " ".join(names)} if names else {}


def _unused(name: str, file: netCDF4.Dataset) -> str:
    while name in file.dimensions:
        name += "_"
    return name


def _characters(dim: str, variable: xr.Variable) -> xr.Variable:
    text = np.strings.encode(variable[...].values.astype(str), "utf-8")
    return xr.Variable((*variable.dims, dim), text[..., np.newaxis].view("S1"))


def _slabs(variable: xr.Variable) -> Iterator[Any]:
    if not variable.dims:
        yield ...
    elif variable.size:
        rows = max(1, SLAB_BYTES * variable.shape[0] // variable.nbytes)
        yield from (slice(start, start + rows) for start in range(0, variable.shape[0], rows))


def _flush(path: Path) -> None:
    # Windows flushes only what is open for writing, POSIX opens a directory only for reading.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
