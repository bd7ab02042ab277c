"""Arrays one entry of which is an axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Numbers, Whole
from rnnsim.checks.arguments import as_whole, check_dims, to_array
from rnnsim.checks.showing import kind_of, shown
from rnnsim.families.parameters import OWN_DIMENSIONS, nameless_of


def vary(matrix: Numbers, where: Whole | Sequence[Whole], axis: xr.DataArray) -> xr.DataArray:
    """Make a matrix one entry of which is an axis.

    For every value of the axis, the result holds the matrix with that value in the chosen place.

    Parameters
    ----------
    matrix : array_like or DataArray
        Real numbers of any rank, such as (unit, unit_from) or (gate, unit, input). A `DataArray` may have axes already, so that
        several entries can vary one after the other.
    where : int or sequence of int
        The place: a whole number for each dimension that is not an axis; a single one for a vector. Negative numbers count from the
        end.
    axis : DataArray
        An axis, as `rs.axis` makes it. A `DataArray` over several dimensions is several axes.

    Returns
    -------
    DataArray
        Float64 numbers over the axes, then over the matrix's own dimensions. Those of a NumPy array have no names yet: they are
        taken in the order in which a parameter has them.

    Raises
    ------
    ValueError
        If `where` is not a place in the matrix, or if a dimension stands twice or has a MultiIndex.
    TypeError
        If `axis` is not a DataArray, or if the matrix or the axis holds anything but real numbers.

    See Also
    --------
    rnnsim.axis : An axis of values.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> w_rec = rs.vary(np.eye(2), (0, 1), rs.axis("coupling", [-1.0, 0.0, 1.0]))
    >>> rs.Elman(np.ones((2, 1)), w_rec)
    <rnnsim.Elman of 2 units and 1 inputs, activation tanh; axes coupling: 3>
    """
    array = matrix if isinstance(matrix, xr.DataArray) else xr.DataArray(to_array("matrix", matrix))
    if not isinstance(axis, xr.DataArray):
        raise TypeError(f"axis was given {kind_of(axis)}; it needs an axis, such as rs.axis('w', [0.5, 1.5])")
    for name, given in (("matrix", array), ("axis", axis)):
        if given.dtype.kind not in "biuf":
            raise TypeError(f"{name} was given values of type {given.dtype}; it needs real numbers")
        check_dims(name, given)
    own = [dim for dim in array.dims if dim in OWN_DIMENSIONS or dim in nameless_of(array)]
    place = [as_whole(i) for i in (where if isinstance(where, tuple | list) else (where,))]
    sizes = tuple(array.sizes[dim] for dim in own)
    inside = len(place) == len(own) and all(i is not None and -size <= i < size for i, size in zip(place, sizes, strict=True))
    if not inside:
        raise ValueError(
            f"where was given as {shown(where)}; it needs a place in an array of shape {sizes}, such as {(0,) * len(own)}"
        )
    here = np.zeros(sizes, bool)
    here[tuple(place)] = True
    found = xr.where(xr.DataArray(here, dims=own), axis.astype(np.float64), array.astype(np.float64))
    axes = [dim for dim in (*array.dims, *axis.dims) if dim not in own]
    varied: xr.DataArray = found.transpose(*dict.fromkeys(axes), *own)
    return varied
