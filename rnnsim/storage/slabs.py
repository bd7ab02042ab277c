"""How a Dataset is written: where to, which coordinates a variable names, and in parts that memory has room for."""

import os
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import xarray as xr

SLAB_BYTES = 64 * 2**20


def check_place(target: Path) -> None:
    """Refuse a path that cannot be written."""
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the directory {target.parent} does not exist: create it before save")
    for place in (target.parent, target):
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError(f"{place} is not writable: choose another path or change its permissions")


def auxiliary(ds: xr.Dataset, dims: set[Hashable]) -> dict[str, str]:
    """The attribute that names the coordinates over some dimensions, but for those of the dimensions themselves."""
    names = sorted(str(name) for name, coord in ds.coords.items() if coord.dims != (name,) and dims.issuperset(coord.dims))
    return {"coordinates": " ".join(names)} if names else {}


def slabs(variable: xr.Variable) -> Iterator[Any]:
    """The parts of a variable that are written one after the other."""
    if not variable.dims:
        yield ...
    elif variable.size:
        rows = slab_rows(variable)
        yield from (slice(start, start + rows) for start in range(0, variable.shape[0], rows))


def slab_rows(variable: xr.Variable) -> int:
    """How many places along its first dimension a part of a variable has."""
    return max(1, min(variable.shape[0], SLAB_BYTES * variable.shape[0] // max(1, variable.nbytes)))
