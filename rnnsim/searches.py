"""Which search finds the fixed points and cycles of a family, and the loop over blocks of its networks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsim import cells
from rnnsim.kernels import blocks, boxes, fixed_points, regions, scalar_points
from rnnsim.kernels.cycles import Found, Listed
from rnnsim.kernels.newton import Room
from rnnsim.maps import Map, folded
from rnnsim.starts import USUAL, starts_for

MOST_STATES = 3  # of a box that is searched
SPARE = 64  # places for points beyond those that are returned, so that they come in order
STEPS = 20  # of Newton, about, from a start


@dataclass(frozen=True)
class Search:
    """A kernel for blocks, the scratch that it needs besides the usual, and how many starts take as long as one network."""

    kernel: Any
    scratch: Callable[[], tuple[Any, ...]]
    tries: int


def search_for(maps: Map, period: int, starts: int | None) -> Search:
    """The search for a family; a complete one, if there is one and no starts are given."""
    cell, phi, n = maps.cells[0], getattr(maps.cells[0], "activation", None), maps.size
    if starts is not None or len(maps.cells) > 1:
        return Search(fixed_points.search_of(maps.cells), tuple, starts or USUAL)
    known = isinstance(phi, cells.Linear | cells.Tanh | cells.ReLU | cells.Sigmoid)
    if known and period == 1 and maps.net.scalar:
        return Search(scalar_points.solve_of(maps.cells), lambda: (np.zeros(8),), 1)
    if isinstance(phi, cells.Linear) or (isinstance(phi, cells.ReLU) and n * period <= regions.MOST_SWITCHES):
        ways = 1 if isinstance(phi, cells.Linear) else 1 << n * period
        return Search(regions.enumerate_of(maps.cells), tuple, 1 + ways // STEPS)
    if n <= MOST_STATES and (isinstance(cell, cells.GRU) or isinstance(phi, cells.Tanh | cells.Sigmoid)):
        return Search(boxes.exhaust_of(maps.cells), lambda: (boxes_for(n),), USUAL)
    return Search(fixed_points.search_of(maps.cells), tuple, USUAL)


def search_all(maps: Map, period: int, given: np.ndarray | int | None, tolerance: float, max_points: int, seed: int) -> Listed:
    """The points of all networks, block by block."""
    listed = places_for(maps, period, max_points)
    count = given if given is None or isinstance(given, int) else len(given)
    search = search_for(maps, period, count)
    starting = USUAL if given is None else given

    def work(next_piece):
        room, cycle, more = room_for(maps, period), np.zeros((period, maps.size)), search.scratch()
        found = list_for(maps, period, max_points + SPARE)
        while (piece := next_piece()) is not None:
            layers, x = folded(maps.block(*piece))
            starts = starts_for(starting, seed, maps, layers)
            search.kernel(layers, x, starts, tolerance, cycle, found, listed, piece[0], *more, room)

    blocks.run(work, maps.pieces(search.tries * period * STEPS * maps.size**2 * (8 + maps.size)))
    return listed


def places_for(maps: Map, period: int, places: int) -> Listed:
    """Results without points yet."""
    points, n = maps.points, maps.size
    return Listed(
        np.full((points, places, period, n), np.nan),
        np.full((points, places), np.nan),
        *(np.full((points, places, n), np.nan) for _ in range(2)),
        np.full((points, places), -1, np.int8),
        np.zeros(points, np.int64),
        np.zeros(points, np.int8),
        np.full(points, -1, np.int64),
    )


def room_for(maps: Map, period: int) -> Room:
    """Scratch of one thread."""
    n = maps.size
    orbits = [np.zeros((period, n)) for _ in range(3)]
    matrices = [np.zeros((n, n)) for _ in range(3)]
    vectors = [np.zeros(n) for _ in range(2)]
    return Room(*orbits, np.zeros((period, n, n)), *matrices, np.zeros((n, 1)), np.zeros(n, np.int64), *vectors, maps.work())


def boxes_for(n: int) -> boxes.Boxes:
    """Scratch for the search of a box."""
    stack, middle = np.zeros((boxes.DEEPEST, 2, n)), np.zeros(n)
    states = [np.zeros((2, n)) for _ in range(6)]
    jacobians = [np.zeros((2, n, n)) for _ in range(3)]
    matrices = [np.zeros((n, n)) for _ in range(2)]
    return boxes.Boxes(stack, *states[:4], *jacobians, middle, *states[4:], *matrices)


def list_for(maps: Map, period: int, capacity: int) -> Found:
    """Room for the points of one network."""
    states = np.zeros((capacity, period, maps.size))
    return Found(states, np.zeros(capacity), np.zeros(capacity), np.zeros(capacity, np.int64), np.zeros(2, np.int64))
