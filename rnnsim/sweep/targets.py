"""Where a sweep writes: a path that may be written to, and the store of a sweep that is there."""

import json
import os
from pathlib import Path
from typing import Any

import zarr

from rnnsim.checks.arguments import path as checked_path
from rnnsim.checks.showing import kind_of, shown
from rnnsim.storage.zarr_arrays import storage_of
from rnnsim.storage.zarr_files import RECORD, is_url, label
from rnnsim.sweep.zarr_store import Store


def check_target(to: Any, name: str = "to") -> str | Path:
    """A path of a Zarr store or a NetCDF file, or an fsspec URL."""
    if not isinstance(to, str | os.PathLike):
        raise TypeError(f"{name} was given {kind_of(to)}; it needs a path that ends in .zarr or .nc")
    place = checked_path(name, to)
    if is_url(place):
        if not place.rstrip("/").endswith(".zarr"):
            raise ValueError(f"{name} was given as {shown(place)}; it needs a URL that ends in .zarr")
        return place
    path = Path(place).expanduser().absolute()
    if path.suffix.lower() not in (".zarr", ".nc"):
        raise ValueError(f"{name} was given as {shown(place)}; it needs a path that ends in .zarr or .nc")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the directory {path.parent} does not exist: create it before the sweep")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise PermissionError(f"{path} is not writable: choose another path or change its permissions")
    return path


def found_at(path: str | Path) -> Store | None:
    """The store of a sweep at a path, or None if nothing is there; anything else is refused."""
    if not is_url(path) and not Path(path).exists():
        return None
    try:
        group = zarr.open_group(storage_of(path, read_only=True), mode="r", use_consolidated=False)
    except FileNotFoundError:
        group = None
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{label(path)} is no Zarr store that can be read ({error}): choose another path") from None
    if group is None:
        if is_url(path):
            return None
        raise FileExistsError(f"{label(path)} exists, but no sweep made it: choose another path, or remove it")
    if RECORD not in group.attrs:
        raise FileExistsError(f"{label(path)} is a Zarr store, but no sweep made it: choose another path, or remove it")
    json.loads(str(group.attrs[RECORD]))
    return Store(path)
