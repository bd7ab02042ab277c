"""Second derivatives of families of scalar Elman networks: the loop over blocks of points."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnnsim.checks.memory_limits import check_room
from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.kernels.hessian import scalar as scalar_curvature
from rnnsim.kernels.recurrence import scalar
from rnnsim.numerics import parallel
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines import scalar as scalar_runs

DIRECTIONS = ("bias", "w_in", "w_rec", "h0")
REGISTERS = 2  # a number of a group takes, as measured


def serves(run: Run, parameters: tuple[str, ...]) -> bool:
    """Whether a run is one of scalar Elman networks, each with one start if that is a direction, of which none is a cell's own number."""
    plain = not set(parameters) & set(run.net.own_numbers)
    return plain and scalar_runs.serves(run.net) and not (run.own_starts and "h0" in parameters)


def compute(run: Run, loss: Any, parameters: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The cost, gradient and Hessian, over points and then parameters, and `diverged_at`."""
    cell, sizes, points, shape = run.net.members[0].cell, scalar_runs.sizes_of(run), run.grid.points, run.grid.strided_shape
    directions = (0,) * (4 if "h0" in parameters else 3)
    size = len(directions)
    check_room(points * (size + 1) * size)
    found = scalar_curvature.ScalarDerivatives(np.empty(points), np.empty((size, points)), np.empty((size * size, points)))
    diverged_at = np.full(points, -1, np.int32)
    theta_rows = scalar_runs.rows_of(run)
    kind = Kind(parallel.lanes(REGISTERS), run.dtype)
    blocks = parallel.blocks(points, sizes.samples * sizes.steps * size, len(theta_rows) + size * size, kind.width)
    most = -(-(blocks[0][1] - blocks[0][0]) // kind.width) * kind.width
    own = run.own_sequences

    def work(next_block: Callable[[], tuple[int, int] | None]) -> None:
        theta = parallel.aligned((len(theta_rows), most))
        inputs_of = scalar_runs.reader(run, run.inputs, own, kind.width, most)
        targets_of = scalar_runs.reader(run, run.targets, own, kind.width, most)
        tape = parallel.aligned(sizes.steps * (1 + cell.partials) * (1 + size) * kind.width)
        lane_scratch = parallel.aligned(kind.width)
        while (block := next_block()) is not None:
            for row, strided in zip(theta, theta_rows, strict=True):
                parallel.gather(*strided, shape, *block, row)
            kernel_block, read = scalar.Block(points, *block, lane_scratch), (inputs_of(*block), targets_of(*block))
            scalar_curvature.curvature(kind, cell, loss, directions, theta, *read, sizes, kernel_block, tape, found, diverged_at)

    parallel.run(work, blocks)
    order = [DIRECTIONS.index(name) for name in parameters]
    columns = found.hessian.reshape(size, size, points)[order][:, order]
    return {
        "cost": found.cost,
        "gradient": np.ascontiguousarray(found.gradient[order].T),
        "hessian": np.ascontiguousarray(columns.transpose(2, 1, 0)),
        DIVERGED_AT: diverged_at,
    }
