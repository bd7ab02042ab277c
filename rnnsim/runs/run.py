"""A run of a family: checked before anything is computed, and its results named."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import plain_text
from rnnsim.checks.showing import kind_of, shown
from rnnsim.families.axes import Grid, common_coordinate, common_grid
from rnnsim.families.network import Network
from rnnsim.families.parameters import OWN_DIMENSIONS, layer_number
from rnnsim.families.variables import DIVERGED_AT, OF_LAYERS, PARAMETERS, chosen, dataset, meaning
from rnnsim.runs.sequences import Sequences, check_inputs, check_targets, parted, refuse

DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Run:
    """A family with its inputs, and targets if there are any."""

    net: Network
    inputs: Sequences
    targets: Sequences | None
    grid: Grid
    samples: int | None
    steps: int
    dtype: str
    sample: xr.DataArray | None = None

    @property
    def given(self) -> dict[str, xr.DataArray]:
        """What the user gave beside the family, by name."""
        return {"inputs": self.inputs.array} | ({"targets": self.targets.array} if self.targets else {})

    @property
    def own_starts(self) -> bool:
        """Whether every sample has a start of its own."""
        return any("sample" in self.net.template(name).dims for name in self.net.starts)

    @property
    def own_sequences(self) -> bool:
        """Whether points read inputs or targets of their own."""
        return bool(self.inputs.axes or (self.targets and self.targets.axes))

    @cached_property
    def own_sizes(self) -> dict[str, int]:
        """The sizes of the dimensions that results have behind the axes."""
        samples = {} if self.samples is None else {"sample": self.samples}
        return {**samples, "step": self.steps + 1, **self.net.own_sizes}

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes that `shape_of` has told."""
        return {}

    def numbers_of(self, names: Iterable[str]) -> int:
        """How many numbers some results have, over all points."""
        return self.grid.points * sum(prod(self.shape_of(name)) for name in names)

    def dims_of(self, name: str) -> tuple[str, ...]:
        """The dimensions of a result behind the axes."""
        dims = tuple(dim for dim in meaning(name).dims if dim in self.own_sizes)
        parameter = name.removeprefix("grad_")
        if name != parameter and parameter in self.net.trainable and "sample" not in self.net.template(parameter).dims:
            return tuple(dim for dim in dims if dim != "sample")
        return dims

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a result behind the axes."""
        if name not in self._shapes:
            self._shapes[name] = tuple(self.own_sizes[dim] for dim in self.dims_of(name))
        return self._shapes[name]


def check_network(net: Any) -> Network:
    if not isinstance(net, Network):
        raise TypeError(f"net was given {kind_of(net)}; it needs a family of networks, such as rs.Elman(…)")
    return net


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


def check_dtype(dtype: Any) -> str:
    try:
        name = (
            np.dtype(plain_text(dtype) if isinstance(dtype, str) else dtype).name
            if isinstance(dtype, str | type | np.dtype)
            else ""
        )
    except (TypeError, UnicodeError):
        name = ""
    if name not in DTYPES:
        raise ValueError(f"dtype was given as {shown(dtype)}; it needs one of {', '.join(DTYPES)}")
    return name


def prepare(
    net: Network, inputs: Any, targets: Any, names: Iterable[str], dtype: Any, *, with_targets: bool, classes: bool = False
) -> Run:
    """Check everything about a run before any of it is computed; `names` are the variables it will return, and targets are whole numbers
    if they are `classes`."""
    dtype = check_dtype(dtype)
    inputs, targets = parted(inputs, targets, with_targets)
    tokens = None if net.table is None else net.table.sizes["token"]
    sequence = check_inputs(inputs, None if net.scalar else net.inputs, tokens)
    steps = sequence.array.sizes["step"]
    samples, giver = sequence.array.sizes.get("sample"), "inputs"
    for name in net.starts:
        own = net.template(name).sizes.get("sample")
        if own is not None and samples not in (None, own):
            raise ValueError(f"{name} has {own} samples, but {giver} has {samples}; they need the same number")
        samples, giver = (own, name) if samples is None else (samples, giver)
    aims = check_targets(targets, samples, steps, net.outputs, classes) if with_targets else None
    run = Run(net, sequence, aims, net.grid, samples, steps, dtype)
    named = net.templates | run.given
    for name, array in run.given.items() if dtype != "float64" else ():
        if name == "inputs" and tokens is not None:
            continue
        with np.errstate(over="ignore"):
            refuse(name, array, np.isinf(array.values.astype(dtype)), f"too large for {dtype}", "smaller numbers")
    common_coordinate(run.given, "step")
    grid = common_grid(named, (*OWN_DIMENSIONS, "step"), (*names, DIVERGED_AT))
    starts = {name: net.template(name) for name in net.starts}
    return replace(run, grid=grid, sample=common_coordinate(run.given | starts, "sample"))


AT_THE_START = {"increment": 0.0, "preactivation": np.nan, "output": np.nan, "grad_preactivation": np.nan, "grad_input": 0.0}


def name_results(run: Run, keep: tuple[str, ...], results: dict[str, np.ndarray], attrs: dict[str, str]) -> xr.Dataset:
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
