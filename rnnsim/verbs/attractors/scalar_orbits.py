"""Long orbits of scalar networks, perhaps along an axis: their numbers laid out for `kernels.recurrence.scalar_orbits`, and the loop over
networks."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import NamedTuple

import numpy as np

from rnnsim.checks.memory_limits import check_room
from rnnsim.families.axes import Grid
from rnnsim.kernels.recurrence import scalar_orbits
from rnnsim.kernels.recurrence.scalar_orbits import Travel
from rnnsim.numerics import parallel
from rnnsim.numerics.parallel import Strided
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines import scalar as scalar_runs
from rnnsim.verbs.engines.result_arrays import NEVER, or_never

HERE = (np.zeros(1, np.int64),)  # the one order of the one value where there is no axis
REGISTERS = 4  # that hide the latency of a step where there are orbits enough to fill them


class Orbits(NamedTuple):
    """States (other axes, value, direction, sample, step), and the first step at which a sample was not finite (other axes, value,
    direction), or -1."""

    states: np.ndarray
    diverged_at: np.ndarray


def orbits_of(run: Run, discard: int, steps: int, along: str | None = None, orders: tuple[np.ndarray, ...] = HERE) -> Orbits:
    """The last steps of the orbits of every network; along an axis, `orders` are the places of its values in each direction."""
    sizes = {name: size for name, size in run.grid.sizes.items() if name != along}
    goes = {} if along is None else {along: run.grid.sizes[along]}
    values, samples, others = prod(goes.values()), run.samples or 1, prod(sizes.values())
    shape = others, values, len(orders), samples
    check_room(prod(shape) * steps)
    states, diverged_at = np.empty((*shape, steps)), np.empty(shape, np.int32)
    last = replace(run, grid=Grid({**sizes, **goes}, run.grid.coords))
    rows, cell, lanes = rows_of(last), run.net.members[0].cell, len(orders) * samples
    width = parallel.lanes(REGISTERS if others * lanes >= parallel.lanes(REGISTERS) * parallel.thread_count() else 1)
    kind, places = Kind(width), np.arange(prod(shape)).reshape(shape) * steps

    def in_order(of_block: np.ndarray, count: int) -> np.ndarray:
        """Numbers (network, value, direction, sample) as lanes go along them: (value, lane)."""
        turned = np.stack([of_block[:, order, d] for d, order in enumerate(orders)], axis=2)
        return np.ascontiguousarray(turned.transpose(1, 0, 2, 3).reshape(values, count))

    def work(next_block: Callable[[], tuple[int, int] | None]) -> None:
        lane_scratch = parallel.aligned(width)
        while (block := next_block()) is not None:
            lo, hi = block
            count = (hi - lo) * lanes
            travel = Travel(count, -(-count // width) * width, values, discard, steps)
            theta = parallel.aligned((len(rows), values, travel.row))
            for row, by_sample in zip(theta, rows, strict=True):
                numbers = np.empty((len(by_sample), hi - lo, values))
                for strided, of_sample in zip(by_sample, numbers, strict=True):
                    parallel.gather(*strided, last.grid.strided_shape, lo * values, hi * values, of_sample.reshape(-1))
                whole = np.broadcast_to(np.moveaxis(numbers, 0, -1)[:, :, None], (hi - lo, *shape[1:]))
                row[:, :count] = in_order(whole, count)
                row[:, count:] = row[:, count - 1 : count]
            first = np.full((values, count), NEVER, np.int32)
            of_lanes = in_order(places[lo:hi], count), lane_scratch, states.reshape(-1), first
            scalar_orbits.orbits(kind, cell, theta.reshape(len(rows), -1), travel, *of_lanes)
            by_network = first.reshape(values, hi - lo, len(orders), samples).transpose(1, 0, 2, 3)
            for d, order in enumerate(orders):
                diverged_at[lo:hi, order, d] = by_network[:, :, d]

    of_network = values * lanes
    blocks = parallel.blocks(others, of_network * (discard + steps), of_network * len(rows), max(1, width // lanes))
    parallel.run(work, blocks)
    return Orbits(states, or_never(diverged_at.min(axis=-1)))


def rows_of(run: Run) -> list[list[Strided]]:
    """The rows of theta, one a sample where samples differ: those of `kernels.recurrence.scalar`, then the input."""
    rows, starts = scalar_runs.rows_of(run), scalar_runs.sizes_of(run).starts
    inputs = run.inputs.array.isel(step=0)
    driven = run.grid.strided(inputs.values.astype(np.float64), tuple(map(str, inputs.dims)))
    return [*([row] for row in rows[:-starts]), rows[-starts:], [driven]]
