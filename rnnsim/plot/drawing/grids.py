"""Grids over two axes: their sides, the cells inside a window, and a stride that leaves no more than can be seen."""

import numpy as np
import xarray as xr

from rnnsim.checks.showing import shown
from rnnsim.plot.drawing import checks
from rnnsim.plot.drawing.labels import coordinate

MOST_POINTS = 1000  # a side


def over_two_axes(array: xr.DataArray, x: str | None, y: str | None) -> xr.DataArray:
    """The array over (y, x), with coordinates that rise."""
    if x is not None and x == y:
        raise ValueError(f"x and y are both {shown(x)}, but a surface needs two axes")
    for role, dim in (("x", x), ("y", y)):
        if dim is not None:
            checks.dimension(array, dim, role)
    if array.ndim < 2:
        raise ValueError(f"{array.name} is over {', '.join(map(str, array.dims)) or 'no axis'}, but a surface needs two axes")
    free = [str(dim) for dim in array.dims if dim not in (x, y)]
    x = x or free.pop(0)
    y = y or free.pop(0)
    array = checks.only(array, y, x)
    for dim in (x, y):
        checks.numbers(coordinate(array, dim))
    return array.assign_coords({dim: coordinate(array, dim) for dim in (x, y)}).sortby([x, y])


def inside(array: xr.DataArray, dim: str, limits: tuple[float, float]) -> xr.DataArray:
    """The part of the array within limits of one coordinate, with one more cell on either side to fill the edge."""
    values = array[dim].values
    low, high = sorted(limits)
    within = np.flatnonzero((values >= low) & (values <= high))
    if not within.size:
        raise ValueError(
            f"window {low:g} to {high:g} holds no points of {dim}, which runs from {values.min():g} to {values.max():g}"
        )
    return array.isel({dim: slice(max(0, within[0] - 1), within[-1] + 2)})


def strided(array: xr.DataArray) -> tuple[xr.DataArray, np.ndarray]:
    """A 2-D array with at most about 1000 points a side, and where a cell it stands for is not finite."""
    rows, columns = (_kept(size) for size in array.shape)
    lost = ~np.isfinite(array.values)
    lost = np.logical_or.reduceat(np.logical_or.reduceat(lost, rows, axis=0), columns, axis=1)
    return array.isel({array.dims[0]: rows, array.dims[1]: columns}), lost


def _kept(size: int) -> np.ndarray:
    """Positions at a constant stride, and the last one."""
    return np.unique(np.append(np.arange(0, size, -(-size // MOST_POINTS)), size - 1))
