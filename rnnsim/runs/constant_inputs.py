"""Inputs that do not change from step to step: none, a number, one for each input, or these over axes."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import check_named, to_array
from rnnsim.checks.fresh_trials import refuse_fresh
from rnnsim.checks.showing import shown
from rnnsim.families.network import Network
from rnnsim.runs.run import check_inputs_of, tokens_of

MOST_BYTES = 1 << 26  # of inputs that have axes, laid out over steps


def check_constant(net: Network, inputs: Any) -> xr.DataArray:
    """Constant inputs over (axes…, input), without `input` for scalar networks and tokens; `None` is 0."""
    refuse_fresh("inputs", inputs)
    tokens = tokens_of(net)
    one = net.scalar or tokens is not None
    if inputs is None:
        if tokens is not None:
            raise ValueError("inputs was given as None; a network behind an embedding needs a token, a whole number")
        inputs = 0.0
    if isinstance(inputs, xr.DataArray):
        array = inputs
        check_named("inputs", array)
    else:
        numbers = to_array("inputs", inputs)
        if numbers.ndim > (0 if one else 1):
            needed = "a number" if net.scalar else "one token" if one else f"a number or ({net.inputs},) numbers"
            raise ValueError(f"inputs was given an array of shape {numbers.shape}; constant inputs need {needed}, or a DataArray")
        array = xr.DataArray(numbers, dims=("input",)[: numbers.ndim])
    for dim in ("sample", "step"):
        if dim in array.dims:
            raise ValueError(
                f"inputs was given a dimension {shown(dim)}; constant inputs need none: one a network, on axes if wanted"
            )
    if tokens is not None and array.dtype.kind not in "iu":
        raise TypeError(f"inputs was given {shown(inputs)}; an embedding needs a token, a whole number 0…{tokens - 1}")
    if not one and "input" not in array.dims:
        array = array.expand_dims(input=net.inputs, axis=-1)
    checked = check_inputs_of(net, array.expand_dims("step")).array
    return checked.isel(step=0, drop=True).astype(np.float64 if tokens is None else array.dtype)


def over_steps(constant: xr.DataArray, steps: int) -> xr.DataArray:
    """Constant inputs at each of so many steps."""
    return constant.expand_dims(step=steps)


def steps_at_once(constant: xr.DataArray, steps: int) -> int:
    """How many steps of the inputs are laid out at once: all, if that is not much."""
    return max(1, min(steps, MOST_BYTES // max(1, constant.size * 8)))
