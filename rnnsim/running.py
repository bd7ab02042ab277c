"""A run of a family: its checked inputs laid out for kernels, the loop over blocks of points, and results named again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.axes import Grid, common_coordinate, common_grid, shown
from rnnsim.kernels import blocks, scalar
from rnnsim.kernels.blocks import Strided
from rnnsim.kernels.sources import Own, Shared
from rnnsim.lanes import Kind
from rnnsim.networks import Elman
from rnnsim.sequences import Sequences, check_inputs, check_targets, refuse
from rnnsim.variables import DIVERGED_AT, MEANINGS, dataset

DTYPES = ("float64", "float32")
STRIP = 4096


@dataclass(frozen=True)
class Run:
    """A family with its inputs, and targets if there are any."""

    net: Elman
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
    def sizes(self) -> scalar.Sizes:
        starts = (self.samples or 1) if "sample" in self.net["h0"].dims else 1
        targeted = self.targets.values.shape[-1] if self.targets else 0
        return scalar.Sizes(self.samples or 1, self.steps, starts, targeted)


def check_network(net: Any) -> Elman:
    if not isinstance(net, Elman):
        raise TypeError(f"net was given a {type(net).__name__}; it needs a family of networks, such as rs.Elman(…)")
    return net


def check_dtype(dtype: Any) -> str:
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in DTYPES:
        raise ValueError(f"dtype was given as {shown(dtype)}; it needs one of {', '.join(DTYPES)}")
    return name


def prepare(net: Elman, inputs: Any, targets: Any, names: Iterable[str], dtype: Any, *, with_targets: bool) -> Run:
    """Check everything about a run before any of it is computed; `names` are the variables it will return."""
    dtype = check_dtype(dtype)
    sequence = check_inputs(inputs)
    steps = sequence.values.shape[-1]
    samples = sequence.array.sizes.get("sample")
    own = net["h0"].sizes.get("sample")
    if own is not None and samples not in (None, own):
        raise ValueError(f"h0 has {own} samples, but inputs has {samples}; they need the same number")
    samples = own if samples is None else samples
    aims = check_targets(targets, samples, steps) if with_targets else None
    run = Run(net, sequence, aims, net.grid, samples, steps, dtype)
    named = {name: net[name] for name in net.parameter_names} | run.given
    for name, array in run.given.items() if dtype != "float64" else ():
        with np.errstate(over="ignore"):
            refuse(name, array, np.isinf(array.values.astype(dtype)), f"too large for {dtype}", "smaller numbers")
    common_coordinate(run.given, "step")
    grid = common_grid(named, ("sample", "step"), (*names, DIVERGED_AT))
    return replace(run, grid=grid, sample=common_coordinate(run.given | {"h0": net["h0"]}, "sample"))


def rows_of(run: Run) -> list[Strided]:
    """The rows of theta, as `kernels.scalar` lists them."""
    rows = []
    for name in run.net.row_names:
        array = run.net[name]
        starts = array.sizes.get("sample", 1)
        with np.errstate(over="ignore"):
            values = array.values.astype(run.dtype, copy=False)
        row = run.grid.strided(values, tuple(str(dim) for dim in array.dims if dim != "sample"), starts)
        rows += [Strided(row.values[n:], row.strides) for n in range(starts)]
    if run.targets:
        counted = np.isfinite(run.targets.values).sum(axis=tuple(range(len(run.targets.axes), run.targets.values.ndim)))
        rows.append(run.grid.strided(counted.astype(run.dtype), run.targets.axes))
    return rows


def reader(run: Run, sequence: Sequences | None, own: bool, width: int, most: int) -> Any:
    """A function lo, hi -> what a kernel reads the sequences of these points from, for one thread."""
    if sequence is None:
        return lambda lo, hi: None
    values = sequence.values.astype(run.dtype, copy=False).reshape(-1)
    if not own:
        return lambda lo, hi: Shared(values, sequence.by_sample)
    first = np.arange(values.size // sequence.unit, dtype=np.int64) * sequence.unit
    offsets = run.grid.strided(first.reshape(sequence.values.shape[: len(sequence.axes)]), sequence.axes)
    steps = sequence.values.shape[-1]
    source = Own(values, sequence.by_sample, steps, np.empty(most, np.int64), np.empty(steps * width, run.dtype))

    def turn_to(lo, hi):
        blocks.gather(*offsets, run.grid.strided_shape, lo, hi, source.offsets)
        return source

    return turn_to


def allocate(run: Run, names: tuple[str, ...]) -> tuple[dict[str, np.ndarray], scalar.Gradients]:
    """Flat arrays for the results, by name, and as kernels take them."""
    points, sizes = run.grid.points, run.sizes
    length = {("sample", "step"): sizes.samples * (sizes.steps + 1), ("sample",): sizes.samples}
    parameters = [name for name in run.net.trainable if f"grad_{name}" in names]
    results = {
        name: np.empty(length.get(MEANINGS[name].dims, 1) * points, run.dtype)
        for name in names
        if name.removeprefix("grad_") not in parameters
    }
    places = np.full(len(run.net.row_names) - 1 + sizes.starts, -1, np.int64)
    first = 0
    for name in parameters:
        row, count = run.net.row_names.index(name), sizes.starts if name == "h0" else 1
        places[row : row + count] = np.arange(first, first + count)
        first += count
    rows = np.empty((first, points), run.dtype)
    for name in parameters:
        place, count = places[run.net.row_names.index(name)], sizes.starts if name == "h0" else 1
        results[f"grad_{name}"] = rows[place : place + count].reshape(-1)
    results[DIVERGED_AT] = np.full(points, -1, np.int32)

    return results, scalar.Gradients(results.get("cost", nothing(run)), rows, places)


def nothing(run: Run) -> np.ndarray:
    """The array of a result that is not wanted."""
    return np.empty(0, run.dtype)


def over_steps(run: Run, kind: Any, results: dict[str, np.ndarray]) -> Any:
    """The results over steps of one kind as kernels take them, or None if none is wanted: then a kernel without them is compiled."""
    found = [results.get(name, nothing(run)) for name in kind._fields]
    return kind(*found) if any(array.size for array in found) else None


def registers(cell: Any, loss: Any) -> int:
    """How many vector registers one number of a group takes, as measured: four hide the latency of tanh, and with two all sums of a
    linear cell's gradient stay in registers (1.2 times)."""
    return 2 if loss is not None and cell.partials == 0 else 4


def compute(run: Run, names: tuple[str, ...], loss: Any = None) -> dict[str, np.ndarray]:
    """The variables `names` and `diverged_at`, flat, with the points innermost."""
    cell, sizes, points, shape = run.net.cell, run.sizes, run.grid.points, run.grid.strided_shape
    results, gradients = allocate(run, names)
    kept, cotangents = (over_steps(run, kind, results) for kind in (scalar.Trajectories, scalar.Cotangents))
    final, diverged_at = results.get("final_state", nothing(run)), results[DIVERGED_AT]
    theta_rows = rows_of(run)
    kind = Kind(blocks.lanes(registers(cell, loss), run.dtype), run.dtype)
    pieces = blocks.blocks(points, sizes.samples * sizes.steps, len(theta_rows), kind.width)
    most = -(-(pieces[0][1] - pieces[0][0]) // kind.width) * kind.width
    own = bool(run.inputs.axes or (run.targets and run.targets.axes))

    def work(next_piece):
        theta = np.empty((len(theta_rows), most), run.dtype)
        inputs_of = reader(run, run.inputs, own, kind.width, most)
        targets_of = reader(run, run.targets, own, kind.width, most)
        spare = np.empty(kind.width, run.dtype)
        tape = np.empty(sizes.steps * (1 + cell.partials) * kind.width * (loss is not None), run.dtype)
        strip = np.empty((cell.states + 1) * (kind.width if own else min(most, STRIP)), run.dtype)
        while (piece := next_piece()) is not None:
            for row, strided in zip(theta, theta_rows, strict=True):
                blocks.gather(*strided, shape, *piece, row)
            block, inputs = scalar.Block(points, *piece, spare), inputs_of(*piece)
            if loss is None:
                scalar.forward(kind, cell, theta, inputs, sizes, block, strip, kept, final, diverged_at)
            else:
                read = inputs, targets_of(*piece)
                wanted = kept, final, cotangents, gradients, diverged_at
                scalar.backward(kind, cell, loss, theta, *read, sizes, block, tape, *wanted)

    blocks.run(work, pieces)
    return results


AT_THE_START = {"increment": 0.0, "preactivation": np.nan, "output": np.nan, "grad_preactivation": np.nan, "grad_input": 0.0}


def name_results(run: Run, keep: tuple[str, ...], results: dict[str, np.ndarray], attrs: dict[str, str]) -> xr.Dataset:
    """Give flat results their dimensions: the axes first, then sample and step, as views (the points stand innermost in memory)."""
    own_sizes = {"sample": run.sizes.samples, "step": run.steps + 1}
    axes = tuple(run.grid.sizes)
    arrays = {}
    for name in (*keep, DIVERGED_AT):
        if name == "input":
            arrays[name] = padded_inputs(run)
            continue
        dims = MEANINGS[name].dims
        if name == "grad_h0" and "sample" not in run.net["h0"].dims:
            dims = ()
        values = results[name].reshape((*(own_sizes[dim] for dim in dims), *run.grid.shape))
        if "sample" in dims and run.samples is None:
            values, dims = values[0], tuple(dim for dim in dims if dim != "sample")
        values = np.moveaxis(values, range(len(dims)), range(-len(dims), 0))
        if name in AT_THE_START:
            values[..., 0] = AT_THE_START[name]
        arrays[name] = axes + dims, values
    steps = np.arange(run.steps + 1, dtype=np.int32)
    coords: dict[str, Any] = {"step": ("step", steps, {"long_name": "step", "units": "1"})}
    if run.sample is not None:
        coords["sample"] = run.sample
    return dataset(run.grid, arrays, coords, attrs)


def padded_inputs(run: Run) -> tuple[tuple[str, ...], np.ndarray]:
    """The inputs with a 0 at step 0, over those of the axes that they have, and over the run's samples."""
    inputs = run.inputs.array
    array = xr.DataArray(inputs.values, dims=inputs.dims).pad(step=(1, 0), constant_values=0.0).astype(run.dtype)
    if run.samples is not None and "sample" not in array.dims:
        array = array.expand_dims(sample=run.samples)
    dims = (*(dim for dim in run.grid.sizes if dim in array.dims), *(dim for dim in ("sample", "step") if dim in array.dims))
    return dims, array.transpose(*dims).values
