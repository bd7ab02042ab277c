"""Axes: how numbers become families, how families share axes by name, and how a grid of points is laid out in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Numbers
from rnnsim.checks.arguments import plain_text, to_array
from rnnsim.checks.showing import shown
from rnnsim.numerics.parallel import Strided

RESERVED = frozenset(
    (
        "sample",
        "step",
        "unit",
        "unit_from",
        "input",
        "output",
        "gate",
        "gate_in",
        "gate_rec",
        "token",
        "rank",
        "layer",
        "epoch",
        "point",
        "exponent",
        "lag",
        "mode",
    )
    + ("parameter", "parameter_from", "iterate", "direction", "basin", "radius", "branch", "position")
)


def axis(name: str, values: Numbers, **attrs: str | float | np.number) -> xr.DataArray:
    """Make a sweep axis: an array over one dimension `name`, whose coordinate holds the same values.

    Parameters
    ----------
    name : str
        The name of the dimension: letters, digits and underscores. The names of the package's own dimensions, such as `sample`,
        `step` and `unit`, are taken.
    values : array_like or DataArray
        Numbers, labels, dates or time differences of shape (n,), n ≥ 1. Floats of other sizes than 4 and 8 bytes become float64.
    **attrs : str or number
        Attributes of the coordinate. `long_name` and `units` are texts; they are `name` and "1" if they are not given, and dates
        and time differences have no default units.

    Returns
    -------
    DataArray
        The values, over the dimension `name` and with the coordinate `name`.

    Raises
    ------
    ValueError
        If the name is no identifier or is taken, or if the values are not one-dimensional or are empty.
    TypeError
        If the values are neither real numbers nor texts nor dates, or if an attribute is neither a text nor a number.

    See Also
    --------
    rnnsim.vary : A matrix one entry of which is an axis.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.axis("gain", [0.5, 1.0, 1.5]).sizes
    Frozen({'gain': 3})
    """
    check_axis_name(name)
    for attribute, value in attrs.items():
        text_only = attribute in ("long_name", "units")
        if isinstance(value, bool) or not isinstance(value, str if text_only else str | int | float | np.number):
            raise TypeError(f"{attribute} was given as {shown(value)}; it needs a text{'' if text_only else ' or a number'}")
    name, attrs = plain_text(name), {key: plain_text(value) if isinstance(value, str) else value for key, value in attrs.items()}
    array = to_array(f"axis {shown(name)}", values.values if isinstance(values, xr.DataArray) else values)
    if array.ndim != 1:
        raise ValueError(f"axis {shown(name)} was given values of shape {array.shape}; it needs one dimension")
    if array.size == 0:
        raise ValueError(f"axis {shown(name)} was given no values; it needs at least one")
    if array.dtype.kind not in "biufUmM":
        raise TypeError(
            f"axis {shown(name)} was given values of type {array.dtype}; it needs real numbers, strings, or dates (datetime64)"
        )
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        array = array.astype(np.float64)  # pandas and NetCDF have no halves and no long doubles
    return xr.DataArray(array, dims=name, coords={name: (name, array, words_of(name, array) | attrs)}, name=name)


def words_of(name: str, values: Any) -> dict[str, str]:
    """The attributes that a coordinate has of its own: dates and time differences have no units beside their type."""
    return {"long_name": name} | ({} if values.dtype.kind in "mM" else {"units": "1"})


def ordered(array: xr.DataArray, dims: Sequence[Any]) -> np.ndarray:
    """An array's numbers, its dimensions in this order."""
    values = array.values
    return values if array.dims == tuple(dims) else values.transpose(array.get_axis_num(dims))


def check_axis_name(name: Any, taken: Iterable[str] = ()) -> None:
    """Refuse a name that no axis can have, or that one of the variables `taken` has."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"an axis was given the name {shown(name)}; it needs letters, digits and underscores, and no digit first")
    if name in RESERVED or re.fullmatch(r"(unit|unit_from|input|gate|rank)_\d+|dim_\d+", name):
        raise ValueError(
            f"an axis was given the name {shown(name)}, which is one of the package's own dimensions; it needs another"
        )
    if name in taken:
        raise ValueError(
            f"an axis was given the name {shown(name)}, which a variable of the result has; call it {shown(name + '_start')}, say"
        )


@dataclass(frozen=True)
class Grid:
    """The axes of a family, in order: sizes by name, and the coordinates of those that have one."""

    sizes: dict[str, int]
    coords: dict[str, xr.DataArray]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.sizes.values())

    @property
    def points(self) -> int:
        return prod(self.shape)

    @property
    def strided_shape(self) -> np.ndarray:
        """The shape as kernels take it: one axis at least."""
        return np.array(self.shape or (1,), np.int64)

    def strided(self, values: np.ndarray, dims: tuple[str, ...], unit: int = 1) -> Strided:
        """Numbers over some of the axes (the first of `values`' dimensions, in their order) as kernels take them, by element.
        `unit` elements stand together for each."""
        strides = dict.fromkeys(self.sizes, 0)
        step = unit
        for dim, size in zip(reversed(dims), reversed(values.shape[: len(dims)]), strict=True):
            strides[dim] = step
            step *= size
        return Strided(values.reshape(-1), np.array(list(strides.values()) or [0], np.int64))


def common_grid(named: Mapping[str, xr.DataArray], own: Iterable[str] = (), taken: Iterable[str] = ()) -> Grid:
    """The grid of all dimensions but `own` of some named arrays, in order of appearance; they must agree exactly where they meet."""
    own, taken = set(own), set(taken)
    sizes: dict[str, int] = {}
    coords: dict[str, xr.DataArray] = {}
    indexes: dict[str, Any] = {}
    first: dict[str, str] = {}
    for name, array in named.items():
        for dim, size in zip(map(str, array.dims), array.shape, strict=True):
            if dim in own:
                continue
            check_axis_name(dim, taken)
            if size == 0:
                raise ValueError(f"axis {shown(dim)} of {name} has no values; it needs at least one")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(
                    f"axis {shown(dim)} has {sizes[dim]} values in {first[dim]} and {size} in {name}; axes of one name must agree exactly"
                )
            first.setdefault(dim, name)
            if dim not in array.coords:
                continue
            index = array.indexes[dim]
            if dim not in coords:
                coords[dim], indexes[dim], first[dim] = described(array, dim), index, name
            elif not indexes[dim].equals(index):
                raise ValueError(
                    f"axis {shown(dim)} has other values in {first[dim]} than in {name}; axes of one name must agree exactly"
                )
    return Grid(sizes, coords)


def described(array: xr.DataArray, dim: str) -> xr.DataArray:
    """The coordinate of a dimension, alone, with a long name and units."""
    coordinate = array[dim]
    if len(coordinate.coords) > 1:
        coordinate = coordinate.reset_coords(drop=True)
    return coordinate.assign_attrs(words_of(dim, coordinate) | coordinate.attrs)


def common_coordinate(named: Mapping[str, xr.DataArray], dim: str) -> xr.DataArray | None:
    """The coordinate of one of the package's own dimensions, on which all arrays that have one must agree exactly."""
    having = {name: array for name, array in named.items() if dim in array.dims and dim in array.coords}
    for name, array in having.items():
        first = next(iter(having))
        if not array.indexes[dim].equals(having[first].indexes[dim]):
            raise ValueError(f"{first} and {name} have other values of {shown(dim)}; they must agree exactly")
    return described(next(iter(having.values())), dim) if having else None
