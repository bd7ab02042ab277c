"""Runs of the kernel that follows branches: the loop over blocks of networks."""

from typing import Any

import numba
import numpy as np

from rnnsim.along import Along
from rnnsim.kernels import blocks
from rnnsim.kernels.borders import Extended
from rnnsim.kernels.branches import Course, Seeds, follow_all
from rnnsim.kernels.curves import TESTS, Room, corrected, sorted_eigenvalues
from rnnsim.kernels.lines import Line
from rnnsim.kernels.locating import COUNTS, POINTS, Bracket, Found
from rnnsim.kernels.paths import Path
from rnnsim.kernels.pointers import addresses
from rnnsim.kernels.special_points import refine
from rnnsim.starts import spread

PLACES, SEEDS, POSITIONS = 9, 128, 2048
GOLDEN = 0.618033988749895


def computed(line: Along, most: int, starts: int, longest: float, branches: bool) -> dict[str, Any]:
    """The special points of every network (point, …), sorted, and its branches (a list a network)."""
    points, n = line.grid.points, line.maps.size
    found: dict[str, Any] = {
        "y": np.full((points, most, n + 1), np.nan),
        "kind": np.zeros((points, most), np.int8),
        "residual": np.full((points, most), np.nan),
        "real": np.full((points, most, n), np.nan),
        "imag": np.full((points, most, n), np.nan),
        "counts": np.zeros((points, COUNTS), np.int64),
    }
    courses: list[Any] = [[] for _ in range(points)]
    cube = spread(starts, n)
    of_point = line.values.size * line.maps.numbers
    pieces = blocks.blocks(points, max(1, blocks.BLOCK_STEPS // 256), of_point, 1)

    def work(next_piece: Any) -> None:
        rooms, seeds = rooms_of(n), seeds_of(cube)
        empty = with_kernels(line.line(), *rooms[:3])
        course = course_of(most if branches else 0, n)
        while (piece := next_piece()) is not None:
            lo, hi = piece
            numbers, box = line.block(lo, hi)
            for i in np.flatnonzero(np.isfinite(numbers).all(axis=(1, 2))) + lo:
                seeds.low[:], seeds.high[:] = box.low[i - lo].min(axis=0), box.high[i - lo].max(axis=0)
                seeds.starts[:] = box.center[i - lo].mean(axis=0) + box.scale[i - lo].max(axis=0) * cube
                seeds.count[:], seeds.visited[:], course.length[:] = 0, False, 0
                of_one = Found(*(found[name][i] for name in Found._fields))
                follow_all(line.on(empty, numbers[i - lo]), *rooms, seeds, of_one, course, longest)
                sort(of_one)
                lengths = [(b, length) for b, length in enumerate(course.length) if length]
                courses[i] = [(course.y[b, :length].copy(), course.unstable[b, :length].copy()) for b, length in lengths]

    blocks.run(work, pieces)
    return {**found, "courses": courses} if branches else found


def rooms_of(n: int) -> tuple[Room, Extended, Bracket, Path]:
    """Scratch for one thread."""

    def square(size: int) -> np.ndarray:
        return np.zeros((size, size))

    def vectors(count: int, size: int, dtype: Any = float) -> list[np.ndarray]:
        return [np.zeros(size, dtype) for _ in range(count)]

    def pivots(size: int) -> np.ndarray:
        return np.zeros(size, np.int64)

    of_correction = square(n + 1), np.zeros((n + 1, 2)), pivots(n + 1), *vectors(2, n), *vectors(1, n + 1), np.ones(2)
    room = Room._make([square(n), square(n), *vectors(3, n), *of_correction])
    bordered = np.zeros((n + 1, n + 1), complex), np.zeros((n + 1, 2), complex)
    systems = (*bordered, square(n + 2), np.zeros((n + 2, 1)), pivots(n + 2))
    of_maps = *vectors(5, n), *vectors(1, n + 1), *vectors(5, n, complex)
    extended = Extended._make([*(square(n) for _ in range(6)), *systems, *of_maps])
    bracket = Bracket._make([*vectors(5, n + 1), *vectors(1, TESTS), *vectors(1, n + 2)])
    path = Path._make([*vectors(4, n + 1), *vectors(2, TESTS), *vectors(6, n + 1)])
    path.axis[n] = 1.0
    return room, extended, bracket, path


def with_kernels(line: Line, room: Room, extended: Extended, bracket: Bracket) -> Line:
    """A line with the kernels that are called from several places."""
    eigen = room.A, room.real, room.imag, room.vector
    newton, correction = (line, extended, bracket.z, bracket.tests), (line, room, 0, bracket.low, bracket.low, bracket.low, 0.0)
    calls = {sorted_eigenvalues: eigen, refine: newton, corrected: correction}
    if numba.config.DISABLE_JIT:
        return line._replace(others=list(calls))
    found = [addresses([kernel], tuple(map(numba.typeof, given))) for kernel, given in calls.items()]
    return line._replace(others=np.concatenate(found))


def seeds_of(starts: np.ndarray) -> Seeds:
    """Room for seeds, at places of the axis that are no likely ones of special points."""
    places = 2.0 * (np.arange(PLACES) + GOLDEN) / PLACES - 1.0
    states = np.zeros((PLACES, SEEDS, starts.shape[1]))
    low, high = np.zeros((2, starts.shape[1]))
    return Seeds(places, starts.copy(), low, high, states, np.zeros(PLACES, np.int64), np.zeros((PLACES, SEEDS), np.bool_))


def course_of(branches: int, n: int) -> Course:
    """Room for branches."""
    y, unstable = np.zeros((branches, POSITIONS, n + 1)), np.zeros((branches, POSITIONS), np.int64)
    return Course(y, unstable, np.zeros(branches, np.int64))


def sort(found: Found) -> None:
    """Put the points of one network in order: along the axis, then by kind and state."""
    count = found.counts[POINTS]
    states = found.y[:count, :-1].round(6).T[::-1]
    order = np.lexsort((*states, found.kind[:count], found.y[:count, -1].round(9)))
    for array in found[:-1]:
        array[:count] = array[:count][order]
