"""Fixed points at places of an axis, by the same search as `fixed_points`: the seeds of branches, and what is proved of them. Where further
branches are looked for."""

from dataclasses import dataclass

import numpy as np

from rnnsim.kernels.continuation.branches import Hunt, Seeds
from rnnsim.kernels.continuation.detection import POINTS, TRUNCATED, UNLISTED, SpecialPoints
from rnnsim.kernels.continuation.extended_systems import BRANCH_POINT, FOLD
from rnnsim.kernels.fixed_points.cycle_list import Listed
from rnnsim.numerics import thread_state
from rnnsim.verbs.engines.autonomous_maps import folded
from rnnsim.verbs.equilibria.fixed_point_engine import Request, search_all
from rnnsim.verbs.equilibria.parameter_lines import Along, AtPlaces
from rnnsim.verbs.equilibria.search_starts import SearchBox, search_box, spread

INNER = 9  # places of the axis besides its two ends
MOST = 128  # seeds at one place
HUNTS = 64  # points from which branches through no place are looked for
KNOWN = 4096  # points of branches that can be told from new ones
TOLERANCE = 1e-12
GOLDEN = 0.618033988749895
AT_MOST = 1e-6  # of half an axis, by which a special point may be beyond a place


def places() -> np.ndarray:
    """Where on the axis seeds are looked for: both ends, and inner places that are no likely ones of special points."""
    return np.concatenate([[-1.0], 2.0 * (np.arange(INNER) + GOLDEN) / INNER - 1.0, [1.0]])


def numbers_a_line(n: int) -> int:
    """How many numbers the search of one line returns, about."""
    return (INNER + 2) * MOST * (3 * n + 3)


@dataclass(frozen=True)
class Seeding:
    """The fixed points of a block of lines at all places."""

    q: np.ndarray
    listed: Listed
    box: SearchBox

    def write(self, i: int, seeds: Seeds, hunt: Hunt, found: SpecialPoints) -> None:
        """Make those of line i the seeds, and hunt where its states can be."""
        rows = slice(i * self.q.size, (i + 1) * self.q.size)
        seeds.states[:], seeds.count[:] = self.listed.state[rows, :, 0], self.listed.number[rows]
        seeds.visited[:] = False
        found.counts[TRUNCATED] = self.listed.truncated[rows].any()
        hunt.low[:], hunt.high[:] = self.box.low[rows].min(axis=0), self.box.high[rows].max(axis=0)
        hunt.starts[:, :-1] = self.box.center[rows].mean(axis=0) + self.box.scale[rows].max(axis=0) * hunt.cube[:, :-1]
        hunt.starts[:, -1] = hunt.cube[:, -1]

    def undecided(self, i: int, seeds: Seeds, found: SpecialPoints) -> int:
        """What is not proved of line i, once its branches are followed."""
        at_places = self.listed.undecided[i * self.q.size : (i + 1) * self.q.size]
        if (at_places < 0).any():
            return -1
        return int(at_places.sum() + found.counts[UNLISTED] + unexplained(self.q, seeds.count, found))


def seeds_on(line: Along, numbers: np.ndarray, starts: int | None) -> Seeding:
    """The search of a block of lines with these numbers (point, place, number)."""
    q = places()
    maps = AtPlaces(line.maps.run, line, numbers, q)
    with thread_state.settings(threads=1, block=maps.points):
        listed, _ = search_all(maps, Request(1, starts, TOLERANCE, MOST, 0, False))
    layers, _ = folded(maps, maps.block(0, maps.points))
    return Seeding(q, listed, search_box(maps, layers))


def seeds_of(n: int) -> Seeds:
    """Arrays for seeds."""
    q = places()
    return Seeds(q, np.zeros((q.size, MOST, n)), np.zeros(q.size, np.int64), np.zeros((q.size, MOST), np.bool_))


def hunt_of(n: int) -> Hunt:
    """Scratch for a hunt."""
    cube, (low, high) = spread(HUNTS, n + 1), np.zeros((2, n))
    y, begins = np.zeros((KNOWN, n + 1)), np.zeros(KNOWN, np.bool_)
    return Hunt(cube, np.zeros_like(cube), low, high, y, begins, np.zeros(1, np.int64))


def unexplained(q: np.ndarray, count: np.ndarray, found: SpecialPoints) -> int:
    """Between how many neighbouring places the number of fixed points changes by more than the special points there can change it."""
    if found.counts[TRUNCATED]:
        return 0
    points = found.counts[POINTS]
    kind, at = found.kind[:points], found.y[:points, -1]
    between = (at >= q[:-1, None] - AT_MOST) & (at <= q[1:, None] + AT_MOST)
    folds, crossings = ((between & (kind == one)).sum(axis=1) for one in (FOLD, BRANCH_POINT))
    return int(((np.abs(np.diff(count)) > 2 * folds) & (crossings == 0)).sum())
