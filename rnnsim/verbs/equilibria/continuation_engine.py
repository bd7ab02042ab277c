"""Runs of the kernel that follows branches: the loop over blocks of networks."""

from typing import Any

import numba
import numpy as np

from rnnsim.checks.memory_limits import check_room
from rnnsim.kernels.continuation.bordered_systems import Extended
from rnnsim.kernels.continuation.branches import BranchPoints, follow_all
from rnnsim.kernels.continuation.detection import COUNTS, POINTS, Bracket, SpecialPoints
from rnnsim.kernels.continuation.extended_systems import refine
from rnnsim.kernels.continuation.pseudo_arclength import TESTS, Scratch, approached, corrected, sorted_eigenvalues
from rnnsim.kernels.continuation.steps import Path
from rnnsim.kernels.maps.parametrised import Line
from rnnsim.numerics import parallel
from rnnsim.numerics.function_pointers import addresses
from rnnsim.verbs.equilibria.branch_seeds import hunt_of, numbers_a_line, seeds_of, seeds_on
from rnnsim.verbs.equilibria.parameter_lines import Along

POSITIONS = 2048


def computed(line: Along, most: int, starts: int | None, longest: float, branches: bool) -> dict[str, Any]:
    """The special points of every network (point, …), sorted, and its branches (a list a network)."""
    points, n = line.grid.points, line.maps.size
    check_room(points * most * (3 * n + 2))
    found: dict[str, Any] = {
        "y": np.full((points, most, n + 1), np.nan),
        "kind": np.zeros((points, most), np.int8),
        "residual": np.full((points, most), np.nan),
        "real": np.full((points, most, n), np.nan),
        "imag": np.full((points, most, n), np.nan),
        "counts": np.zeros((points, COUNTS), np.int64),
    }
    undecided = np.full(points, -1)
    curves: list[Any] = [[] for _ in range(points)]
    of_point = line.values.size * line.maps.numbers + numbers_a_line(n)
    blocks = parallel.blocks(points, max(1, parallel.BLOCK_STEPS // 256), of_point, 1)

    def work(next_block: Any) -> None:
        scratches, seeds, hunt = scratch_of(n), seeds_of(n), hunt_of(n)
        empty = with_kernels(line.line(), *scratches[:3])
        branch_points = branch_points_of(most if branches else 0, n)
        while (block := next_block()) is not None:
            lo, hi = block
            numbers = line.block(lo, hi)
            seeding = seeds_on(line, numbers, starts)
            for i in np.flatnonzero(np.isfinite(numbers).all(axis=(1, 2))) + lo:
                of_one = SpecialPoints(*(found[name][i] for name in SpecialPoints._fields))
                seeding.write(i - lo, seeds, hunt, of_one)
                branch_points.length[:] = 0
                follow_all(line.on(empty, numbers[i - lo]), *scratches, seeds, hunt, of_one, branch_points, longest)
                undecided[i] = seeding.undecided(i - lo, seeds, of_one)
                sort(of_one)
                lengths = [(b, length) for b, length in enumerate(branch_points.length) if length]
                curves[i] = [
                    (branch_points.y[b, :length].copy(), branch_points.unstable[b, :length].copy()) for b, length in lengths
                ]

    parallel.run(work, blocks)
    return found | {"undecided": undecided} | ({"curves": curves} if branches else {})


def scratch_of(n: int) -> tuple[Scratch, Extended, Bracket, Path]:
    """Scratch for one thread."""

    def square(size: int) -> np.ndarray:
        return np.zeros((size, size))

    def vectors(count: int, size: int, dtype: Any = float) -> list[np.ndarray]:
        return [np.zeros(size, dtype) for _ in range(count)]

    def pivots(size: int) -> np.ndarray:
        return np.zeros(size, np.int64)

    of_correction = square(n + 1), np.zeros((n + 1, 2)), pivots(n + 1), *vectors(2, n), *vectors(1, n + 1), np.ones(2)
    scratch = Scratch._make([square(n), square(n), *vectors(3, n), *of_correction])
    bordered = np.zeros((n + 1, n + 1), complex), np.zeros((n + 1, 2), complex)
    systems = (*bordered, square(n + 2), np.zeros((n + 2, 1)), pivots(n + 2))
    of_maps = *vectors(5, n), *vectors(1, n + 1), *vectors(5, n, complex)
    extended = Extended._make([*(square(n) for _ in range(6)), *systems, *of_maps])
    bracket = Bracket._make([*vectors(5, n + 1), *vectors(1, TESTS), *vectors(1, n + 2)])
    path = Path._make([*vectors(4, n + 1), *vectors(2, TESTS), *vectors(6, n + 1)])
    path.axis[n] = 1.0
    return scratch, extended, bracket, path


def with_kernels(line: Line, scratch: Scratch, extended: Extended, bracket: Bracket) -> Line:
    """A line with the kernels that are called from several places."""
    eigen = scratch.A, scratch.real, scratch.imag, scratch.vector
    newton, correction = (line, extended, bracket.z, bracket.tests), (line, scratch, 0, bracket.low, bracket.low, bracket.low, 0.0)
    approach = line, scratch, bracket.low, bracket.low, 0.0
    calls = {sorted_eigenvalues: eigen, refine: newton, corrected: correction, approached: approach}
    if numba.config.DISABLE_JIT:
        return line._replace(others=list(calls))
    found = [addresses([kernel], tuple(map(numba.typeof, given))) for kernel, given in calls.items()]
    return line._replace(others=np.concatenate(found))


def branch_points_of(branches: int, n: int) -> BranchPoints:
    """Arrays for the points of branches."""
    y, unstable = np.zeros((branches, POSITIONS, n + 1)), np.zeros((branches, POSITIONS), np.int64)
    return BranchPoints(y, unstable, np.zeros(branches, np.int64))


def sort(found: SpecialPoints) -> None:
    """Put the points of one network in order: along the axis, then by kind and state."""
    count = found.counts[POINTS]
    states = found.y[:count, :-1].round(6).T[::-1]
    order = np.lexsort((*states, found.kind[:count], found.y[:count, -1].round(9)))
    for array in found[:-1]:
        array[:count] = array[:count][order]
