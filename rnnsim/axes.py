"""Axes: how numbers become families, how families share axes by name, and how a grid of points is laid out in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.kernels.blocks import Strided

RESERVED = frozenset(
    (
        "sample",
        "step",
        "unit",
        "unit_from",
        "input",
        "output",
        "gate",
        "token",
        "layer",
        "epoch",
        "point",
        "exponent",
        "lag",
        "mode",
    )
    + ("parameter", "parameter_from")
)


def axis(name: str, values: Any, **attrs: Any) -> xr.DataArray:
    """A sweep axis: an array over one dimension `name`, with `values` as its coordinate too.

    Parameters
    ----------
    name : the dimension's name; not one of the package's own, such as `sample`, `step` or `unit`.
    values : (n,) numbers or labels, n ≥ 1.
    **attrs : attributes such as `long_name` and `units`.

    Raises
    ------
    ValueError, TypeError : a name that is taken, or values that are not one-dimensional, empty or complex.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.axis("gain", [0.5, 1.0, 1.5]).sizes
    Frozen({'gain': 3})
    """
    check_axis_name(name)
    array = np.asarray(values.values if isinstance(values, xr.DataArray) else values)
    if array.ndim != 1:
        raise ValueError(f"axis {name!r} was given values of shape {array.shape}; it needs one dimension")
    if array.size == 0:
        raise ValueError(f"axis {name!r} was given no values; it needs at least one")
    if array.dtype.kind not in "biufUS":
        raise TypeError(f"axis {name!r} was given values of type {array.dtype}; it needs real numbers or labels")
    return xr.DataArray(array, dims=name, coords={name: (name, array, {"long_name": name, "units": "1", **attrs})}, name=name)


def check_axis_name(name: Any, taken: Iterable[str] = ()) -> None:
    """Refuse a name that no axis can have, or that one of the variables `taken` has."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"an axis was given the name {name!r}; it needs letters, digits and underscores, and no digit first")
    if name in RESERVED:
        raise ValueError(f"an axis was given the name {name!r}, which is one of the package's own dimensions; it needs another")
    if name in taken:
        raise ValueError(
            f"an axis was given the name {name!r}, which a variable of the result has; call it {name + '_start'!r}, say"
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
    first: dict[str, str] = {}
    for name, array in named.items():
        for dim, size in zip(map(str, array.dims), array.shape, strict=True):
            if dim in own:
                continue
            check_axis_name(dim, taken)
            if size == 0:
                raise ValueError(f"axis {dim!r} of {name} has no values; it needs at least one")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(
                    f"axis {dim!r} has {sizes[dim]} values in {first[dim]} and {size} in {name}; axes of one name must agree exactly"
                )
            first.setdefault(dim, name)
            if dim in array.coords and dim not in coords:
                coords[dim] = _described(array[dim].reset_coords(drop=True))
                first[dim] = name
            elif dim in array.coords and not coords[dim].to_index().equals(array.indexes[dim]):
                raise ValueError(
                    f"axis {dim!r} has other values in {first[dim]} than in {name}; axes of one name must agree exactly"
                )
    return Grid(sizes, coords)


def _described(coordinate: xr.DataArray) -> xr.DataArray:
    return coordinate.assign_attrs({"long_name": str(coordinate.name), "units": "1", **coordinate.attrs})
