"""Weights of targets in a cost: what a user gives, checked."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import check_dims, to_array
from rnnsim.checks.inputs_and_targets import OWN, Sequences, refuse, sequences
from rnnsim.checks.showing import kind_of, shown

OF_TARGETS = ("sample", "step", "output")


def check_weight(weight: Any, targets: Sequences, steps: int) -> Sequences:
    """Weights over axes and some dimensions of the targets, of which those of the last step of several alone have no step."""
    if isinstance(weight, str | bytes | dict | set):
        raise TypeError(f"weight was given {kind_of(weight)}; it needs an array of real numbers")
    own = {dim: targets.array.sizes[dim] for dim in OF_TARGETS if dim in targets.array.dims}
    if own["step"] < steps:
        del own["step"]
    array = weight if isinstance(weight, xr.DataArray) else by_rank(to_array("weight", weight), own)
    check_dims("weight", array)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"weight was given values of type {array.dtype}; it needs real numbers")
    for dim in array.dims:
        if dim in (*OWN, "unit") and dim not in own:
            raise ValueError(
                f"weight was given a dimension {shown(dim)}; it needs some of {', '.join(own) or 'none'}, as the targets have"
            )
        if dim in own and array.sizes[dim] != own[dim]:
            raise ValueError(f"weight has {array.sizes[dim]} {dim}s, but the targets have {own[dim]}")
    array = array.astype(np.float64)
    refuse("weight", array, np.isnan(array.values), "nan", "finite numbers of 0 or more")
    refuse("weight", array, np.isinf(array.values), "infinite", "finite numbers of 0 or more")
    refuse("weight", array, array.values < 0.0, "below 0", "finite numbers of 0 or more")
    return sequences(array)


def by_rank(numbers: np.ndarray, own: dict[str, int]) -> xr.DataArray:
    """An array without names, of the dimensions that its rank tells."""
    layouts = [tuple(dim for dim in own if dim != "output"), tuple(own)]
    fitting = [layout for layout in layouts if len(layout) == numbers.ndim]
    if not fitting:
        needed = " or ".join(f"({', '.join(layout)})" for layout in dict.fromkeys(layouts))
        raise ValueError(f"weight was given an array of shape {numbers.shape}; it needs {needed}, or a DataArray over some of them")
    return xr.DataArray(numbers, dims=fitting[0])


def weighed(targets: Sequences, weight: Sequences) -> xr.DataArray:
    """The sum of the weights of the targets that count, over axes."""
    there = xr.DataArray(np.isfinite(targets.values), dims=targets.array.dims)
    product = there * xr.DataArray(weight.values, dims=weight.array.dims)
    axes = [dim for dim in product.dims if dim not in OF_TARGETS]
    values = np.ascontiguousarray(product.transpose(*axes, *(dim for dim in OF_TARGETS if dim in product.dims)).values)
    return xr.DataArray(values.reshape(*(product.sizes[dim] for dim in axes), -1).sum(axis=-1), dims=axes)
