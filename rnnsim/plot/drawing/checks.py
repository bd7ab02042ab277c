"""What a Dataset must hold before it can be drawn; every refusal is one sentence that names the remedy."""

import math
from collections.abc import Hashable, Iterable

import numpy as np
import xarray as xr

from rnnsim.checks.showing import plain, shown

MOST_LINES = 200
MOST_NAMES = 20  # in a message


def required(ds: xr.Dataset, name: str, *dims: str, remedy: str | None = None) -> xr.DataArray:
    """The variable `name` of ds, which must have the dimensions `dims`; the remedy is by default to keep it."""
    if not isinstance(ds, xr.Dataset):
        raise TypeError(f"ds is a {type(ds).__name__}, but figures need an xarray.Dataset")
    if name not in ds.variables:
        told = plain(name)
        remedy = remedy or f'compute it with keep="{told}"'
        raise ValueError(f"the Dataset has no {told} (it holds {_listed(ds.data_vars)}): {remedy}")
    array = ds[name]
    for dim in dims:
        dimension(array, dim, "the figure")
    drawable(array)
    return array


def drawable(array: xr.DataArray, name: str = "") -> None:
    """Refuse what cannot be drawn: no numbers, numbers of no place, and places told by what is neither number, date nor text."""
    name = name or plain(array.name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} holds values of type {array.dtype}, but a figure needs real numbers")
    for dim, size in array.sizes.items():
        if not size:
            raise ValueError(f"{name} has no {dim}, but a figure needs at least one")
        told = array.coords.get(dim)
        if told is not None and told.dtype.kind not in "biufMU" and not all(isinstance(one, str) for one in told.values.flat):
            raise TypeError(f"{dim} of {name} has values of type {told.dtype}, but a figure needs numbers, dates or text")


def dimension(array: xr.DataArray, dim: str, role: str) -> str:
    """`dim`, which must be a dimension of the array."""
    if dim not in array.dims:
        held = _listed(array.dims) if array.dims else "none"
        raise ValueError(f"{role} needs {shown(dim)}, but the dimensions of {plain(array.name)} are {held}")
    return dim


def few_lines(array: xr.DataArray, along: str) -> None:
    """Refuse an array that would be drawn as more lines than an eye can follow."""
    sizes = {str(dim): size for dim, size in array.sizes.items() if dim != along}
    lines = math.prod(sizes.values())
    if lines > MOST_LINES:
        shape = " × ".join(f"{dim} {size}" for dim, size in sizes.items())
        longest = max(sizes, key=sizes.__getitem__)
        stride = math.ceil(sizes[longest] / max(1, MOST_LINES * sizes[longest] // lines))
        raise ValueError(
            f"{array.name} would be {lines} lines ({shape}), and at most {MOST_LINES} can be drawn: "
            f"choose some, as in ds.isel({longest}=slice(None, None, {stride}))"
        )


def only(array: xr.DataArray, *dims: str) -> xr.DataArray:
    """The array in the order `dims`, which must be all the dimensions that it has."""
    further = [str(dim) for dim in array.dims if dim not in dims]
    if further:
        choice = ", ".join(f"{dim}=0" for dim in further)
        raise ValueError(f"{array.name} has the further dimensions {_listed(further)}: choose, as in ds.isel({choice})")
    return array.transpose(*dims)


def numbers(coordinate: xr.DataArray) -> None:
    """Refuse a coordinate that cannot be a side of a surface."""
    if coordinate.dtype.kind not in "biuf":
        raise ValueError(f"a surface needs numbers along {coordinate.name}, but its coordinate holds {coordinate.dtype.name}")
    values = coordinate.values
    if not np.isfinite(values).all() or len(np.unique(values)) < values.size:
        raise ValueError(f"a surface needs finite numbers, each once, along {coordinate.name}, but its coordinate holds others")
    if coordinate.size < 2:
        raise ValueError(f"a surface needs at least 2 points along {coordinate.name}, which has {coordinate.size}")


def placed(coordinate: xr.DataArray) -> None:
    """Refuse a coordinate that cannot be a side of a heat map."""
    if coordinate.dtype.kind not in "biuf" or not np.isfinite(coordinate.values).all():
        raise ValueError(f"a heat map needs finite numbers along {coordinate.name}, but its coordinate holds others")


def above_zero(name: str, values: np.ndarray) -> None:
    """Refuse finite values that a logarithmic scale cannot show."""
    if values.size and values.min() <= 0.0:
        raise ValueError(f"{name} falls to {values.min():g}, but a logarithmic scale needs values above 0: give log=False")


def _listed(names: Iterable[Hashable]) -> str:
    found = [plain(name) for name in names]
    return ", ".join(found[:MOST_NAMES]) + ", …" * (len(found) > MOST_NAMES) or "nothing"
