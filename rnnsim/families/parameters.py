"""One parameter of a family: its numbers over axes and over its own dimensions, checked."""

import re
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import check_dims, to_array
from rnnsim.checks.showing import shown
from rnnsim.families.random.lazy_parameters import Drawn

OWN_DIMENSIONS = ("sample", "gate", "gate_in", "gate_rec", "unit", "unit_from", "input", "output", "rank", "token")
OF_VECTORS = ("unit", "unit_from", "input", "output")
NUMBERED = ("gate", "gate_in", "gate_rec", "unit", "unit_from", "input", "rank")  # of which each layer of a stack has its own


@cache
def layer_number(name: str) -> str:
    """The number of a layer that a name has behind it, as in `w_rec_0`: "_0", or nothing."""
    found = re.search(r"_\d+$", name)
    return found.group() if found else ""


def numbered(name: str, array: xr.DataArray) -> xr.DataArray:
    """A parameter of a layer with the dimensions by the names that users have for them."""
    number = layer_number(name)
    return array.rename({dim: f"{dim}{number}" for dim in array.dims if dim in NUMBERED}) if number else array


def has_units(name: str, value: Any, dims: tuple[str, ...]) -> bool:
    """Whether a weight is that of a network of many units: an array with all of the dimensions, or a `DataArray` with some."""
    if isinstance(value, xr.DataArray | Drawn):
        return any(dim in OF_VECTORS for dim in value.dims) or len(nameless_of(value)) == len(dims)
    return np.ndim(to_array(name, value)) == len(dims)


def parameter(
    name: str,
    value: Any,
    dims: tuple[str, ...],
    *,
    fills: bool = False,
    samples: bool = False,
    dtype: Any = np.float64,
    whose: str = "a scalar network",
) -> xr.DataArray:
    """A parameter as an array of a type (None: its own) over its axes, then over its own dimensions `dims`. One that `fills` may be a
    number for all of them; one with `samples` may have a dimension `sample` before them. `whose` says in messages who needs it."""
    own = ("sample", *dims) if samples else dims
    if isinstance(value, xr.DataArray):
        array = positional(value, dims)
        check_dims(name, array)
        missing = [dim for dim in dims if dim not in array.dims]
        if missing and not (fills and len(missing) == len(dims)):
            raise ValueError(f"{name} was given the dimensions {array.dims}; it needs {shown(missing[0])} among them")
    else:
        numbers = to_array(name, value)
        layouts = [dims, *([own] if samples else []), *([()] if fills else [])]
        fitting = [layout for layout in layouts if len(layout) == numbers.ndim]
        if not fitting:
            raise ValueError(f"{name} was given an array of shape {numbers.shape}; {needed(name, layouts, whose)}")
        array = xr.DataArray(numbers, dims=fitting[0])
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} was given values of type {array.dtype}; it needs real numbers")
    for mine in own:
        if array.sizes.get(mine) == 0:
            raise ValueError(f"{name} was given no {mine}s; it needs at least one")
    for dim in array.dims:
        if not array.sizes[dim]:
            raise ValueError(f"axis {shown(dim)} of {name} has no values; it needs at least one")
        if dim in OWN_DIMENSIONS and dim not in own:
            raise ValueError(f"{name} was given a dimension {shown(dim)}, which it cannot have; it needs axes of other names")
    coords = {dim: array.coords[dim] for dim in array.dims if dim in array.coords and (dim == "sample" or dim not in own)}
    with np.errstate(over="ignore"):  # a long double may be beyond all floats
        variable = array.variable.astype(dtype or array.dtype)
    return xr.DataArray(variable, coords, name=name).transpose(..., *(d for d in own if d in array.dims))


def check_own(name: str, array: xr.DataArray, *legal: str) -> None:
    """Refuse dimensions that are no axes, and an array of nothing."""
    for dim in array.dims:
        if dim in (*OWN_DIMENSIONS, "step", "epoch") and dim not in legal:
            raise ValueError(f"{name} was given a dimension {shown(dim)}, which it cannot have; it needs axes of other names")
    if array.size == 0:
        raise ValueError(f"{name} was given no values; it needs at least one")


def positional(array: xr.DataArray, dims: tuple[str, ...]) -> xr.DataArray:
    """An array of nameless dimensions, which xarray calls `dim_0` and so on, with the names of `dims`, if there are as many."""
    nameless = {f"dim_{i}": dim for i, dim in enumerate(dims)}
    return array.rename(nameless) if set(nameless_of(array)) == set(nameless) else array


def nameless_of(array: Any) -> list[Any]:
    """The dimensions of an array that have xarray's names for nameless ones."""
    return [dim for dim in array.dims if re.fullmatch(r"dim_\d+", str(dim))]


def needed(name: str, layouts: list[tuple[str, ...]], whose: str) -> str:
    """What shapes a parameter may have, for a message."""
    if () in layouts and all(dim not in OF_VECTORS for layout in layouts for dim in layout):
        return f'{whose} needs a number (for an axis, give rs.axis("{name}", values))'
    shapes = ["a number" if not layout else f"({', '.join(layout)})" for layout in dict.fromkeys(layouts)]
    return f"it needs {' or '.join(shapes)}; a DataArray may have axes besides"
