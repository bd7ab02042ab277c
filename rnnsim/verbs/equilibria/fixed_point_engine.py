"""Which search finds the fixed points and cycles of a family, and the loop over blocks of its networks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from rnnsim.checks.memory_limits import check_room
from rnnsim.equations import cells
from rnnsim.kernels.fixed_points import enclosures as intervals
from rnnsim.kernels.fixed_points import krawczyk, slow_points
from rnnsim.kernels.fixed_points import multistart as fixed_points
from rnnsim.kernels.fixed_points import piecewise_linear as regions
from rnnsim.kernels.fixed_points import scalar as scalar_points
from rnnsim.kernels.fixed_points.cycle_list import Listed, PointList
from rnnsim.kernels.fixed_points.newton import Scratch
from rnnsim.kernels.fixed_points.slow_points import Slow
from rnnsim.kernels.maps import map as of_maps
from rnnsim.kernels.maps.map import Layer
from rnnsim.numerics import parallel
from rnnsim.numerics.function_pointers import addresses
from rnnsim.verbs.engines.autonomous_maps import Map, folded
from rnnsim.verbs.equilibria.rest_systems import at_rest
from rnnsim.verbs.equilibria.search_starts import USUAL, starts_for

MOST_STATES, MOST_OF_CYCLES = 6, 3  # of a box that is searched for fixed points, for cycles
SPARE = 64  # places for points beyond those that are returned, so that they come in order
STEPS = 20  # of Newton, about, from a start


@dataclass(frozen=True)
class Search:
    """A kernel for blocks, what it needs besides the usual, and how many starts take as long as one network."""

    kernel: Any
    more: Callable[[], tuple[Any, ...]]
    tries: int


def search_for(maps: Map, period: int, starts: int | None) -> Search:
    """The search for a family; a complete one, if there is one and no starts are given."""
    cell, n = maps.cells[0], maps.size
    phi = cell.activation if cell.declared in (cells.Elman, cells.LeakyElman) else None
    if starts is not None or len(maps.cells) > 1:
        return Search(fixed_points.search, tuple, starts or USUAL)
    linear, rectified = phi == "linear", phi == "relu"
    bounded = cell.declared is cells.GRU or phi in ("tanh", "sigmoid")
    if period == 1 and maps.net.scalar and phi in (*scalar_points.EXTREMES, *scalar_points.LINES):
        return Search(scalar_points.search, lambda: (np.zeros(8), np.zeros(2, np.int64)), 1)
    if linear or (rectified and n * period <= regions.MOST_SWITCHES):
        return Search(regions.search, lambda: (rectified,), 1 + (rectified << n * period) // STEPS)
    if bounded and n <= (MOST_STATES if period == 1 else MOST_OF_CYCLES):
        return Search(krawczyk.search, lambda: (boxes_for(n),), USUAL)
    return Search(fixed_points.search, tuple, USUAL)


def rules_for(maps: Map, search: Search) -> Any:
    """The addresses of the kernels that know the family's cells, or these kernels where the JIT is off."""
    of_cells = tuple(Layer(*(np.zeros((1,) * dims) for dims in (4, 4, 3, 2))) for _ in maps.cells)
    layers, point, vector, matrix, cube = map(numba.typeof, (of_cells, 0, np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1, 1))))
    known = [
        (of_maps.step_of, (layers, point, vector, matrix, vector, vector)),
        (of_maps.tangents_of, (layers, point, vector, matrix, vector, matrix, vector)),
    ]
    if search.kernel is krawczyk.search:
        known += [(intervals.box_of, (layers, point, matrix, matrix, cube)), (intervals.narrowing_of, (layers, point, matrix))]
    if search.kernel is scalar_points.search:
        known += [(scalar_points.candidates_of, (layers, point, vector, numba.typeof(np.zeros(1, np.int64))))]
    found = [addresses([make(maps.cells)], signature)[0] for make, signature in known]
    return found if numba.config.DISABLE_JIT else np.array(found, np.int64)


@dataclass(frozen=True)
class Request:
    """What is looked for, and from where."""

    period: int
    starts: np.ndarray | int | None
    tolerance: float
    max_points: int
    seed: int
    slow_points: bool


def search_all(maps: Map, request: Request) -> tuple[Listed, Slow | None]:
    """The points of all networks, and the slow ones if they are wanted, block by block."""
    period = request.period
    given: Any = request.starts
    listed = places_for(maps, period, request.max_points)
    slow = slow_places_for(maps, request.max_points) if request.slow_points else None
    count = given.shape[-2] if isinstance(given, np.ndarray) else given
    own = isinstance(given, np.ndarray) and given.ndim > 2
    search = search_for(maps, period, count)
    rules = rules_for(maps, search)

    def work(next_block: Any) -> None:
        scratch, cycle, more = scratch_for(maps, period), np.zeros((period, maps.size)), search.more()
        found = list_for(maps, period, request.max_points + SPARE)
        while (block := next_block()) is not None:
            layers, x = folded(maps, maps.block(*block))
            at = np.unravel_index(block[0], tuple(maps.grid.sizes.values())) if own else ()
            starts = starts_for(np.ascontiguousarray(given[at]) if own else given, request.seed, maps, layers)
            resting = layers if period > 1 else at_rest(maps.cells, layers)
            search.kernel(rules, layers, resting, x, starts, request.tolerance, cycle, found, listed, block[0], *more, scratch)
            if slow is not None:
                usual = rules, layers, x, starts, request.tolerance, cycle, found
                slow_points.search_slow_points(*usual, slow, block[0], descent_for(maps.size), scratch)

    blocks = maps.blocks(search.tries * period * STEPS * maps.size**2 * (8 + maps.size))
    parallel.run(work, [(i, i + 1) for i in range(maps.points)] if own else blocks)
    return listed, slow


def places_for(maps: Map, period: int, places: int) -> Listed:
    """Results without points yet."""
    points, n = maps.points, maps.size
    check_room(points * places * (period * n + 2 * n + 1))
    kind: Any = Listed
    listed: Listed = kind(
        np.full((points, places, period, n), np.nan),
        np.full((points, places), np.nan),
        *(np.full((points, places, n), np.nan) for _ in range(2)),
        np.full((points, places), -1, np.int8),
        np.zeros(points, np.int64),
        np.zeros(points, np.int8),
        np.full(points, -1, np.int64),
    )
    return listed


def scratch_for(maps: Map, period: int) -> Scratch:
    """Scratch of one thread."""
    n = maps.size
    orbits = [np.zeros((period, n)) for _ in range(3)]
    matrices = [np.zeros((n, n)) for _ in range(3)]
    vectors = [np.zeros(n) for _ in range(2)]
    kind: Any = Scratch
    scratch: Scratch = kind(
        *orbits, np.zeros((period, n, n)), *matrices, np.zeros((n, 1)), np.zeros(n, np.int64), *vectors, maps.gate_scratch()
    )
    return scratch


def slow_places_for(maps: Map, places: int) -> Slow:
    """Results without slow points yet."""
    points = maps.points
    return Slow(np.full((points, places, maps.size), np.nan), np.full((points, places), np.nan), np.zeros(points, np.int64))


def descent_for(n: int) -> slow_points.Descent:
    """Scratch for the search of slow points."""
    return slow_points.Descent(np.zeros((n, n)), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n))


def boxes_for(n: int) -> krawczyk.Boxes:
    """Scratch for the search of a box."""
    stack, middle = np.zeros((krawczyk.DEEPEST, 2, n)), np.zeros(n)
    states = [np.zeros((2, n)) for _ in range(6)]
    jacobians = [np.zeros((2, n, n)) for _ in range(3)]
    matrices = [np.zeros((n, n)) for _ in range(2)]
    kind: Any = krawczyk.Boxes
    boxes: krawczyk.Boxes = kind(stack, *states[:4], *jacobians, middle, *states[4:], *matrices)
    return boxes


def list_for(maps: Map, period: int, capacity: int) -> PointList:
    """Arrays for the points of one network."""
    states = np.zeros((capacity, period, maps.size))
    return PointList(states, np.zeros(capacity), np.zeros(capacity), np.zeros(capacity, np.int64), np.zeros(3, np.int64))
