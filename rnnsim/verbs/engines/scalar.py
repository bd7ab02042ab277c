"""Runs of scalar networks: their numbers laid out for `kernels.recurrence.scalar`, and the loop over blocks of points."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnnsim.checks.inputs_and_targets import Sequences
from rnnsim.families.network import Network
from rnnsim.families.result_variables import DIVERGED_AT, MEANINGS
from rnnsim.kernels.recurrence import scalar
from rnnsim.kernels.recurrence.inputs import Own, Shared
from rnnsim.numerics import parallel
from rnnsim.numerics.parallel import Strided
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.outline import with_numbers

STRIP = 4096  # points that take a step together: trajectories are then written in long runs
NEAR_STRIP = 256  # without trajectories: their numbers stay in the first-level cache


def serves(net: Network) -> bool:
    """Whether a family is one of scalar networks with one state and one pre-activation, of the input and the state."""
    if not (net.scalar and net.readout is None and len(net.members) == 1):
        return False
    member = net.members[0]
    cell = member.cell
    return not member.suffix and cell.states == 1 and cell.reads == ("xh",) and cell.cached


def row_names(run: Run) -> tuple[str, ...]:
    """The parameters in the order in which kernels read them."""
    (member,) = run.net.members
    return *(name for name, _ in member.biases), member.w_in, str(member.w_rec), *member.constants, *member.starts


def own_dims(name: str) -> tuple[str, ...]:
    """The dimensions of a result of scalar networks."""
    return tuple(dim for dim in MEANINGS[name].dims if dim in ("sample", "step"))


def sizes_of(run: Run) -> scalar.Sizes:
    """The sizes of a run as kernels take them."""
    starts = (run.samples or 1) if run.own_starts else 1
    return scalar.Sizes(run.samples or 1, run.steps, starts, run.targeted)


def axes_first(run: Run, name: str, values: np.ndarray) -> np.ndarray:
    """A flat result (sample, step, point) as a view over (point, sample, step)."""
    shape = run.shape_of(name)
    return np.moveaxis(values.reshape((*shape, *run.grid.shape)), range(len(shape)), range(-len(shape), 0))


def rows_of(run: Run) -> list[Strided]:
    """The rows of theta, as `kernels.recurrence.scalar` lists them."""
    rows = []
    for name in row_names(run):
        array = run.net[name]
        starts = array.sizes.get("sample", 1)
        with np.errstate(over="ignore"):
            values = array.values.astype(run.dtype, copy=False)
        row = run.grid.strided(values, tuple(str(dim) for dim in array.dims if dim != "sample"), starts)
        rows += [Strided(row.values[n:], row.strides) for n in range(starts)]
    if run.targets:
        rows.append(run.grid.strided(run.targets.counted.astype(run.dtype), run.targets.axes))
    return rows


def reader(run: Run, sequence: Sequences | None, own: bool, width: int, most: int) -> Any:
    """A function lo, hi -> what a kernel reads the sequences of these points from, for one thread."""
    if sequence is None:
        return lambda lo, hi: None
    values = sequence.values.astype(run.dtype, copy=False).reshape(-1)
    by_sample, by_step = sequence.by_sample, sequence.by_step
    if not own:
        shared = Shared(values, by_sample)
        return lambda lo, hi: shared
    first = np.arange(values.size // sequence.unit, dtype=np.int64) * sequence.unit
    offsets = run.grid.strided(first.reshape(sequence.values.shape[: len(sequence.axes)]), sequence.axes)
    numbers = by_step * sequence.array.sizes["step"]
    source = Own(values, by_sample, numbers, np.empty(most, np.int64), parallel.aligned(numbers * width, run.dtype))

    def turn_to(lo: int, hi: int) -> Own:
        parallel.gather(*offsets, run.grid.strided_shape, lo, hi, source.offsets)
        return source

    return turn_to


def allocate(run: Run, names: tuple[str, ...]) -> tuple[dict[str, np.ndarray], scalar.Gradients]:
    """Flat arrays for the results, by name, and as kernels take them."""
    points, sizes = run.grid.points, sizes_of(run)
    length = {("sample", "step"): sizes.samples * (sizes.steps + 1), ("sample",): sizes.samples}
    parameters = [name for name in run.net.trainable if f"grad_{name}" in names]
    results = {
        name: parallel.aligned(length.get(own_dims(name), 1) * points, run.dtype)
        for name in names
        if name.removeprefix("grad_") not in parameters
    }
    places = np.full(len(row_names(run)) - 1 + sizes.starts, -1, np.int64)
    first = 0
    for name in parameters:
        row, count = row_names(run).index(name), sizes.starts if name == "h0" else 1
        places[row : row + count] = np.arange(first, first + count)
        first += count
    rows = parallel.aligned((first, points), run.dtype)
    for name in parameters:
        place, count = places[row_names(run).index(name)], sizes.starts if name == "h0" else 1
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
    """The variables `names` and `diverged_at`, over the axes, then samples and steps: views, since points stand innermost in memory."""
    cell = with_numbers(run.net.members[0], names).cell
    sizes, points, shape = sizes_of(run), run.grid.points, run.grid.strided_shape
    results, gradients = allocate(run, names)
    kept, cotangents = (over_steps(run, kind, results) for kind in (scalar.Trajectories, scalar.Cotangents))
    final, diverged_at = results.get("final_state", nothing(run)), results[DIVERGED_AT]
    theta_rows = rows_of(run)
    kind = Kind(parallel.lanes(registers(cell, loss), run.dtype), run.dtype)
    blocks = parallel.blocks(points, sizes.samples * sizes.steps, len(theta_rows), kind.width)
    most = -(-(blocks[0][1] - blocks[0][0]) // kind.width) * kind.width
    line = parallel.numbers_a_line(run.dtype)
    streamed = points % line == 0 == kind.width % line
    own = run.own_sequences

    def work(next_block: Callable[[], tuple[int, int] | None]) -> None:
        theta = parallel.aligned((len(theta_rows), most), run.dtype)
        inputs_of = reader(run, run.inputs, own, kind.width, most)
        targets_of = reader(run, run.targets, own, kind.width, most)
        lane_scratch = parallel.aligned(kind.width, run.dtype)
        tape = parallel.aligned(sizes.steps * (1 + cell.partials) * kind.width * (loss is not None), run.dtype)
        strip = parallel.aligned(2 * (kind.width if own else min(most, STRIP if kept else NEAR_STRIP)), run.dtype)
        while (block := next_block()) is not None:
            for row, strided in zip(theta, theta_rows, strict=True):
                parallel.gather(*strided, shape, *block, row)
            kernel_block, inputs = scalar.Block(points, *block, lane_scratch, streamed), inputs_of(*block)
            if loss is None:
                scalar.forward(kind, cell, theta, inputs, sizes, kernel_block, strip, kept, final, diverged_at)
            else:
                read = inputs, targets_of(*block)
                wanted = kept, final, cotangents, gradients, diverged_at
                scalar.backward(kind, cell, loss, theta, *read, sizes, kernel_block, tape, *wanted)

    parallel.run(work, blocks)
    return {name: axes_first(run, name, values) for name, values in results.items()}
