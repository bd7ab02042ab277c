"""Large arrays on disk, brought to the size of a figure slab by slab, so that they are never in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Whole
from rnnsim.plot.drawing.arguments import checked, labelled

SLAB_BYTES = 64 * 2**20
MOST_POINTS = 1000  # a side


@checked(array=labelled)
def coarsened(array: xr.DataArray, most: Whole = MOST_POINTS) -> xr.DataArray:
    """Bring an array to the size of a figure: at most `most` places along each dimension.

    The result has means over cells of neighbours of equal number, of which the last may have fewer, at the means of their
    coordinates. Whole numbers give the largest of a cell. A cell with a number that is not finite is nan. An array on disk is read
    slab by slab and never in memory whole.

    Parameters
    ----------
    array : DataArray
        Real numbers over any dimensions.
    most : int, default 1000
        The largest number of places along a dimension.

    Returns
    -------
    DataArray
        The coarser array, in memory. An array that is small enough stays as it is.

    Raises
    ------
    ValueError
        If `most` is no whole number of 1 or more, or if a dimension is empty.
    TypeError
        If `array` is no DataArray of real numbers.

    See Also
    --------
    rnnsim.plot.cost_surface : A figure that does this itself to a large store.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.plot.coarsened(rs.axis("w_rec", np.arange(6.0)), 3).values
    array([0.5, 2.5, 4.5])
    """
    largest = int(most)
    starts = {dim: np.arange(0, size, ceil(size / largest)) for dim, size in array.sizes.items() if size > largest}
    if not starts:
        return array.compute()
    first = next(iter(starts))
    parts = [reduced(array.variable[{first: slab}], starts | {first: own}) for slab, own in slabs(array, starts[first], str(first))]
    coords = {
        name: reduced(coord.variable, {dim: starts[dim] for dim in coord.dims if dim in starts})
        for name, coord in array.coords.items()
        if coord.dtype.kind in "iuf" or not set(coord.dims) & set(starts)
    }
    values = np.concatenate([part.values for part in parts], axis=array.dims.index(first))
    return xr.DataArray(values, coords, array.dims, array.name, array.attrs)


def slabs(array: xr.DataArray, starts: np.ndarray, dim: str) -> Iterator[tuple[slice, np.ndarray]]:
    """Whole cells along a dimension, as many as a slab may have, and where they start in it."""
    row = array.dtype.itemsize * prod(size for other, size in array.sizes.items() if other != dim)
    cells = max(1, int(SLAB_BYTES // (row * int(np.diff(starts, append=array.sizes[dim])[0]))))
    for i in range(0, len(starts), cells):
        own = starts[i : i + cells]
        end = starts[i + cells] if i + cells < len(starts) else array.sizes[dim]
        yield slice(int(own[0]), int(end)), own - own[0]


def reduced(variable: xr.Variable, starts: dict[Any, np.ndarray]) -> xr.Variable:
    """Means, or largest whole numbers, over cells that start at these places."""
    values = variable.values
    whole = values.dtype.kind in "iu" and variable.ndim > 1
    values = values if whole or not starts else values.astype(float)
    with np.errstate(invalid="ignore", over="ignore"):
        for dim, places in starts.items():
            axis = variable.dims.index(dim)
            counts = np.diff(places, append=values.shape[axis]).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
            values = (np.maximum if whole else np.add).reduceat(values, places, axis=axis)
            values = values if whole else values / counts
        values = np.where(np.isfinite(values), values, np.nan) if starts and not whole else values
    return xr.Variable(variable.dims, values, variable.attrs)


def seen(array: xr.DataArray, limits: dict[str, Any]) -> xr.DataArray:
    """The array in memory: a large one on disk as coarse as it will be drawn, and of it what is within limits of coordinates."""
    if array._in_memory or max(array.sizes.values(), default=0) <= MOST_POINTS:
        return array.compute()
    for dim, ends in limits.items():
        if ends is not None and dim in array.coords:
            within = np.flatnonzero((array[dim].values >= min(ends)) & (array[dim].values <= max(ends)))
            if within.size:
                array = array.isel({dim: slice(max(0, within[0] - 1), within[-1] + 2)})
    return coarsened(array)
