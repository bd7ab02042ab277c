"""Second derivatives of a family: the loop over blocks of points and groups of directions."""

from typing import Any

import numpy as np

from rnnsim.checks.memory_limits import check_room
from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.kernels.hessian import network as curvature
from rnnsim.kernels.hessian.descriptors import HessianCostDescriptor, HessianGroupDescriptor
from rnnsim.kernels.linalg import symmetric_eigenvalues
from rnnsim.kernels.recurrence.descriptors import records
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.sources import counted_of, counted_targets
from rnnsim.verbs.hessian import scalar_engine
from rnnsim.verbs.hessian.program import CurvatureProgram


def blocks_of(program: CurvatureProgram) -> list[tuple[int, int, int, int]]:
    """Blocks of points and of directions: lo, hi, first direction, last direction. Directions are apart only where there are few points."""
    points, whole = program.run.grid.points, (0, program.count)
    cuts = parallel.blocks_of_threads(points, program.points)
    if len(cuts) >= 2 * parallel.thread_count() or program.count <= program.lanes:
        return [(*cut, *whole) for cut in cuts]
    parts = range(0, program.count, program.lanes)
    return [(*cut, first, min(first + program.lanes, program.count)) for cut in cuts for first in parts]


def compute(run: Run, loss: Any, parameters: tuple[str, ...], names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The variables `names` and `diverged_at`, over points and their own dimensions."""
    scalar = scalar_engine.serves(run, parameters)
    arrays = scalar_engine.compute(run, loss, parameters) if scalar else compute_units(run, loss, parameters)
    if "hessian_eigenvalue" in names:
        arrays["hessian_eigenvalue"] = eigenvalues_of(arrays["hessian"])
    return {name: arrays[name] for name in (*names, DIVERGED_AT)}


def compute_units(run: Run, loss: Any, parameters: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The cost, gradient and Hessian of networks of any kind, over points and then parameters, and `diverged_at`."""
    program = CurvatureProgram(run, loss, parameters)
    points, count = run.grid.points, program.count
    check_room(points * (count + 1) * count)
    program_record, network, counts = program.record(), program.network(), counted_targets(run)
    found = curvature.Derivatives(
        np.empty(points), np.empty((points, count)), np.empty((points, count, count)), np.full(points, -1, np.int32), 0
    )

    def work(next_block: Any) -> None:
        scratch = program.memory.make("float64")
        lanes = np.zeros(program.lanes, np.int64), np.zeros(program.lanes, np.int64)
        descriptors = records(HessianGroupDescriptor, [program.group()]), records(HessianCostDescriptor, [program.cost])
        thread = curvature.ThreadScratch(scratch, *descriptors, *lanes)
        while (block := next_block()) is not None:
            lo, hi, first, last = block
            places = np.empty((2, hi - lo), np.int64)
            inputs = program.inputs.block(lo, hi, places[0])
            targets = program.targets.block(lo, hi, places[1])
            given = address_of(inputs), places[0], address_of(targets), places[1]
            data = curvature.Data(program.theta(lo, hi), *given, counted_of(counts, lo, hi))
            curvature.differentiate_block(program_record, network, data, thread, found._replace(first=lo), hi - lo, first, last)

    parallel.run(work, blocks_of(program))
    return {"cost": found.cost, "gradient": found.gradient, "hessian": found.hessian, DIVERGED_AT: found.diverged_at}


def eigenvalues_of(hessian: np.ndarray) -> np.ndarray:
    """The eigenvalues of the symmetric parts of some matrices (point, n, n), ascending."""
    out = np.empty(hessian.shape[:-1])
    n = hessian.shape[-1]

    def work(next_block: Any) -> None:
        matrix, side = np.empty((n, n)), np.empty(n)
        while (block := next_block()) is not None:
            symmetric_eigenvalues.eigenvalues(hessian, *block, matrix, side, out)

    parallel.run(work, parallel.blocks_of_threads(len(hessian), 1))
    return out
