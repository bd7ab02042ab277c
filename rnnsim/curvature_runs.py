"""Second derivatives of a family: the loop over blocks of points and groups of directions."""

from typing import Any

import numpy as np

from rnnsim.curvature_programs import CurvatureProgram
from rnnsim.kernels import blocks, curvature, symmetric
from rnnsim.kernels.curved_records import CURVED_COST, CURVING
from rnnsim.kernels.records import records
from rnnsim.layer_sources import counted_of
from rnnsim.variables import DIVERGED_AT


def pieces_of(program: CurvatureProgram) -> list[tuple[int, int, int, int]]:
    """Blocks of points and of directions: lo, hi, first direction, last direction. Directions are apart only where there are few points."""
    points, whole = program.run.grid.points, (0, program.count)
    cuts = blocks.blocks_of_threads(points, program.points)
    if len(cuts) >= 2 * blocks.processors() or program.count <= program.lanes:
        return [(*cut, *whole) for cut in cuts]
    parts = range(0, program.count, program.lanes)
    return [(*cut, first, min(first + program.lanes, program.count)) for cut in cuts for first in parts]


def compute(program: CurvatureProgram, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The variables `names` and `diverged_at`, over points and their own dimensions."""
    points, count = program.run.grid.points, program.count
    plan, network, counts = program.plan_record(), program.network(), program.counts()
    found = curvature.Found(
        np.empty(points), np.empty((points, count)), np.empty((points, count, count)), np.full(points, -1, np.int32), 0
    )
    eigenvalues = np.empty((points, count) if "hessian_eigenvalue" in names else (0, count))

    def work(next_piece: Any) -> None:
        room = program.room.make("float64")
        lanes = np.zeros(program.lanes, np.int64), np.zeros(program.lanes, np.int64)
        told = records(CURVING, [{"theta": plan.theta, "theta_apart": plan.theta_apart, "lanes_of": plan.lanes_of, "steps": plan.steps}])
        scratch = curvature.Scratch(room, told, records(CURVED_COST, [program.cost]), *lanes)
        while (piece := next_piece()) is not None:
            lo, hi, first, last = piece
            places = np.empty((2, hi - lo), np.int64)
            inputs = program.inputs.block(lo, hi, places[0])
            targets = program.targets.block(lo, hi, places[1])
            given = inputs.ctypes.data, places[0], targets.ctypes.data, places[1]
            data = curvature.Data(program.theta(lo, hi), *given, counted_of(counts, lo, hi))
            curvature.compute(plan, network, data, scratch, found._replace(first=lo), hi - lo, first, last)

    blocks.run(work, pieces_of(program))
    if len(eigenvalues):
        fill_eigenvalues(found.hessian, eigenvalues)
    arrays = {"cost": found.cost, "gradient": found.gradient, "hessian": found.hessian, "hessian_eigenvalue": eigenvalues}
    return {DIVERGED_AT: found.diverged_at, **{name: arrays[name] for name in names}}


def fill_eigenvalues(hessian: np.ndarray, out: np.ndarray) -> None:
    """The eigenvalues of the symmetric parts of some matrices (point, n, n), ascending."""
    n = hessian.shape[-1]

    def work(next_piece: Any) -> None:
        matrix, side = np.empty((n, n)), np.empty(n)
        while (piece := next_piece()) is not None:
            symmetric.eigenvalues(hessian, *piece, matrix, side, out)

    blocks.run(work, blocks.blocks_of_threads(len(hessian), 1))
