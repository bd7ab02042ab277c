"""Which variables of a run are asked for, and the plan of them."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import read_once
from rnnsim.checks.showing import shown
from rnnsim.families.network import Network
from rnnsim.families.parameters import layer_number
from rnnsim.families.result_variables import DIVERGED_AT, OF_LAYERS, OVERLAP, OWNERS, PARAMETERS, chosen
from rnnsim.runs.plan import Field, Plan, coordinate
from rnnsim.runs.run import Run


def variables_of(net: Network, keep: Any, known: Iterable[str], groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The variables of a network that `keep` asks for, of those that a verb knows."""
    gone = {f"grad_{name}" for name in PARAMETERS} - {f"grad_{name}" for name in net.trainable}
    gone |= {"grad_input"} if net.table is not None else set()
    further = {m.suffix: [f"{before}{state}" for before in ("", "final_") for state in m.states[1:]] for m in net.members}
    of_layers = [name for name in known if name in OF_LAYERS]
    numbered = [f"{name}{suffix}" for suffix in further if suffix for name in (*of_layers, *further[suffix])]
    known = (*known, *further[net.members[-1].suffix])
    own = [f"grad_{name}" for name in net.trainable if any(name.startswith("grad_") for name in known)]
    all_known = dict.fromkeys((*(name for name in known if name not in gone), *own, *numbered))
    wanted, kind = read_once(keep), type(net.levels[-1][1]).__name__
    several = wanted if isinstance(wanted, list | tuple) else (wanted,)
    asked = [name for name in several if isinstance(name, str)]
    without = [name for member in net.members if not member.rank for name in member.results(OVERLAP)]
    for name in without:
        all_known.pop(name, None)
        if name in asked:
            raise ValueError(f"keep was given {shown(name)}; it needs recurrent weights of low rank, w_rec=rs.LowRank(m, n)")
    for state, owner in OWNERS.items():
        for name in (state, f"final_{state}"):
            if name not in all_known and name in asked:
                raise ValueError(f"keep was given {shown(name)}; it needs a family of {owner}s, and this is one of {kind}s")
    return chosen(wanted, all_known, groups)


AT_THE_START = {"increment": 0.0, "preactivation": np.nan, "output": np.nan, "grad_preactivation": np.nan, "grad_input": 0.0}


def plan_run(
    verb: str, run: Run, names: tuple[str, ...], options: dict[str, Any], compute: Callable[[], dict[str, np.ndarray]]
) -> Plan:
    """The plan of the variables `names` of a run, of which `compute` knows all but the inputs."""
    axes, sizes = tuple(run.grid.sizes), {**run.grid.sizes, **run.own_sizes}
    fields = {
        name: Field.of(name, input_dims(run) if name == "input" else axes + run.dims_of(name), sizes, run.dtype) for name in names
    }
    fields[DIVERGED_AT] = Field.of(DIVERGED_AT, axes, sizes, np.int32)

    def arrays() -> dict[str, np.ndarray]:
        found = {name: values.reshape(fields[name].shape) for name, values in compute().items() if name in fields}
        for name in found:
            base = name.removesuffix(layer_number(name))
            if base in AT_THE_START:
                np.moveaxis(found[name], fields[name].dims.index("step"), 0)[0] = AT_THE_START[base]
        return found | ({"input": padded_inputs(run)} if "input" in fields else {})

    coords = {"step": steps_to(run.steps), **run.net.gate_coords, **run.sample_coords}
    return Plan(verb, run.net, run.grid, fields, coords, run.given, options, arrays)


@lru_cache(64)
def steps_to(last: int) -> xr.DataArray:
    """The coordinate of the steps 0…last."""
    steps = xr.Coordinates({"step": coordinate("step", np.arange(last + 1, dtype=np.int32))})
    return steps["step"]


def input_dims(run: Run) -> tuple[str, ...]:
    """The dimensions of the inputs as a result: of the axes, those that they have; and the run's samples."""
    dims = run.inputs.array.dims
    own = (dim for dim in ("sample", "step", "input") if dim in dims or (dim == "sample" and run.samples is not None))
    return (*(dim for dim in run.grid.sizes if dim in dims), *own)


def padded_inputs(run: Run) -> np.ndarray:
    """The inputs with a 0 at step 0, for all samples."""
    inputs = run.inputs.array
    array = xr.DataArray(inputs.values, dims=inputs.dims).pad(step=(1, 0), constant_values=0.0).astype(run.dtype)
    if run.samples is not None and "sample" not in array.dims:
        array = array.expand_dims(sample=run.samples)
    values: np.ndarray = array.transpose(*input_dims(run)).values
    return values
