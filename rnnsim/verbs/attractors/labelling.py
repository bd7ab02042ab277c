"""The attractors of a family's networks, found from the ends of many orbits."""

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from rnnsim.checks.memory_limits import check_room
from rnnsim.families.network import Network
from rnnsim.kernels import periods as orbits
from rnnsim.numerics import parallel
from rnnsim.verbs.attractors.long_orbits import full_state, numbers_of, orbit_after, periods_of, rows_of, unit_dims

MOST_BYTES = 1 << 26  # of the states of a block of starts


class Likeness(NamedTuple):
    """The longest period to look for, when two states are the same, and when two orbits are one attractor."""

    max_period: int
    tolerance: float
    distance: float
    nearness: float


class Attractors:
    """The attractors of so many networks, at most `most` of each, and which of its starts ends on which."""

    def __init__(self, likeness: Likeness, most: int, networks: int, starts: int, steps: int, numbers: int):
        self.likeness = likeness
        check_room(networks * (most * steps * numbers + starts))
        self.states = np.full((networks, most, steps, numbers), np.nan)
        self.periods = np.full((networks, most), -1, np.int32)
        self.sizes = np.zeros((networks, most, 2))
        self.counts = np.zeros((networks, 2), np.int32)
        self.labels = np.empty((networks, starts), np.int32)

    def add(self, rows: np.ndarray, lo: int) -> None:
        """Find out where the starts from `lo` on end, from their last states (network, start, step, number)."""
        networks, count, steps, numbers = rows.shape
        most, tolerance, distance, nearness = self.likeness
        periods = periods_of(rows.reshape(networks * count, steps, numbers), most, tolerance).reshape(networks, count)

        def work(next_block: Any) -> None:
            scratch = np.empty((steps, numbers)), np.empty(2)
            while (n := next_block()) is not None:
                known = self.states[n], self.periods[n], self.sizes[n], self.counts[n]
                orbits.label(rows[n], periods[n], distance, nearness, *scratch, *known, self.labels[n, lo : lo + count])

        parallel.run(work, list(range(networks)))

    @property
    def fractions(self) -> np.ndarray:
        """The share of the starts that end on each attractor (network, attractor)."""
        return np.stack([(self.labels == a).mean(axis=1) for a in range(self.periods.shape[1])], axis=1)

    def top_states(self, net: Network) -> np.ndarray:
        """The states of the top layer on each attractor (network, attractor, step, unit), without `unit` for scalar networks."""
        if net.scalar:
            return self.states[..., list(full_state(net)).index(f"h0{net.levels[-1][0]}")]
        below = sum(member.units * member.own for member in net.members[:-1])
        return self.states[..., below : below + net.units]


def flattened(net: Network, starts: dict[str, int], name: str) -> dict[str, xr.DataArray]:
    """The starts of a family over its networks' axes and then over one axis called `name`, which goes through all of `starts`."""
    found = {}
    for start in net.starts:
        array = net[start]
        array = array.drop_vars(array.coords).expand_dims({dim: size for dim, size in starts.items() if dim not in array.dims})
        unit = unit_dims(array)
        networks = [dim for dim in array.dims if dim not in (*starts, *unit)]
        values = array.transpose(*networks, *starts, *unit).values
        shape = [array.sizes[dim] for dim in networks], [array.sizes[dim] for dim in unit]
        found[start] = xr.DataArray(values.reshape(*shape[0], -1, *shape[1]), dims=(*networks, name, *unit))
    return found


class Block(NamedTuple):
    """The last states (network, start, step, number) of the starts from `lo` on, and when they diverged (network, start)."""

    lo: int
    rows: np.ndarray
    diverged_at: np.ndarray


def ends_of(
    net: Network, constant: xr.DataArray, networks: dict[str, int], starts: dict[str, int], discard: int, steps: int
) -> Iterator[Block]:
    """The ends of the orbits of all starts, a block of starts at a time."""
    name = "start_of_basins"
    while name in networks:
        name += "_"
    flat = flattened(net, starts, name)
    points = prod(networks.values())
    total = prod(starts.values())
    block = max(1, MOST_BYTES // (points * steps * numbers_of(net) * 8))
    for lo in range(0, total, block):
        part = net.started({start: array.isel({name: slice(lo, lo + block)}) for start, array in flat.items()})
        orbit = orbit_after(part, constant, discard, steps)
        rows = rows_of(orbit, (*networks, name))
        diverged_at = orbit.diverged_at.transpose(*networks, name).values.reshape(points, -1)
        yield Block(lo, rows.reshape(points, -1, *rows.shape[1:]), diverged_at)
