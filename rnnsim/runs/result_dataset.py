"""Which results are asked for, and the Dataset that they make; their names and dimensions are those of `families.result_variables`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.showing import shown
from rnnsim.families.network import Network
from rnnsim.families.parameters import layer_number
from rnnsim.families.result_variables import DIVERGED_AT, OF_LAYERS, PARAMETERS, chosen, dataset
from rnnsim.runs.run import Run


def variables_of(net: Network, keep: Any, known: Iterable[str], groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The variables of a network that `keep` asks for, of those that a verb knows."""
    gone = {f"grad_{name}" for name in PARAMETERS} - {f"grad_{name}" for name in net.trainable}
    gone |= {"grad_input"} if net.table is not None else set()
    numbered = [
        f"{name}{suffix}"
        for suffix, layer in net.levels
        if suffix
        for name in known
        if name in OF_LAYERS and ("cell_state" not in name or len(layer.STARTS) > 1)
    ]
    own = [f"grad_{name}" for name in net.trainable if any(name.startswith("grad_") for name in known)]
    names = chosen(keep, dict.fromkeys((*(name for name in known if name not in gone), *own, *numbered)), groups)
    for name in names:
        if name.removeprefix("final_") == "cell_state" and len(net.levels[-1][1].STARTS) < 2:
            kind = type(net.levels[-1][1]).__name__
            raise ValueError(f"keep was given {shown(name)}; it needs a family of LSTMs, and this is one of {kind}s")
    return names


AT_THE_START = {"increment": 0.0, "preactivation": np.nan, "output": np.nan, "grad_preactivation": np.nan, "grad_input": 0.0}


def make_dataset(run: Run, keep: tuple[str, ...], results: dict[str, np.ndarray], attrs: dict[str, str]) -> xr.Dataset:
    """Give results, over the axes and then their own dimensions, their names."""
    axes = tuple(run.grid.sizes)
    arrays = {}
    for name in (*keep, DIVERGED_AT):
        if name == "input":
            arrays[name] = padded_inputs(run)
            continue
        dims = run.dims_of(name)
        values = results[name].reshape((*run.grid.shape, *run.shape_of(name)))
        base = name.removesuffix(layer_number(name))
        if base in AT_THE_START:
            np.moveaxis(values, len(axes) + dims.index("step"), 0)[0] = AT_THE_START[base]
        arrays[name] = axes + dims, values
    steps = np.arange(run.steps + 1, dtype=np.int32)
    coords: dict[str, Any] = {"step": ("step", steps, {"long_name": "step", "units": "1"})}
    coords |= run.net.gate_coords
    if run.sample is not None:
        coords["sample"] = run.sample
    return dataset(run.grid, arrays, coords, attrs)


def padded_inputs(run: Run) -> tuple[tuple[str, ...], np.ndarray]:
    """The inputs with a 0 at step 0, over those of the axes that they have, and over the run's samples."""
    inputs = run.inputs.array
    array = xr.DataArray(inputs.values, dims=inputs.dims).pad(step=(1, 0), constant_values=0.0).astype(run.dtype)
    if run.samples is not None and "sample" not in array.dims:
        array = array.expand_dims(sample=run.samples)
    own = (dim for dim in ("sample", "step", "input") if dim in array.dims)
    dims = (*(dim for dim in run.grid.sizes if dim in array.dims), *own)
    return dims, array.transpose(*dims).values
