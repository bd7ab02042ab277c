"""Attractors told apart by what they are: their period and their states, since their numbers are each network's own."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import to_rgb

from rnnsim.plot.drawing.labels import coordinate, minus, name

FIXED_POINTS = ("#0072B2", "#56B4E9", "#009E73", "#0B3C5D", "#8FD3C1")  # cool colours
CYCLES = {0: "#6A3D9A", 2: "#D55E00", 3: "#CC79A7", 4: "#E69F00", 5: "#8C510A", 6: "#B2182B", 7: "#F0E442"}  # by period; 0: none
NEAR = 0.25  # of the extent of all states: attractors of neighbouring networks that are no farther apart are one
MOST_UNITS = 2  # of a state that a legend tells


class Sort(NamedTuple):
    """One attractor of a figure: its number and period, if they are known, and its states (state, unit), those seen last if it moves."""

    number: int | None
    period: int | None
    states: np.ndarray | None

    @property
    def kind(self) -> str:
        """What it is, in words."""
        if self.period is None:
            return "" if self.number is not None else "attractor"
        return {0: "no period", 1: "fixed point"}.get(self.period, f"period {self.period}")

    @property
    def place(self) -> str:
        """Where it is, if it is a fixed point of few units."""
        if self.states is None or self.period != 1 or self.states.shape[1] > MOST_UNITS:
            return ""
        state = [minus(f"{round(float(number), 2) + 0.0:g}") for number in self.states[-1]]
        return f" at {state[0]}" if len(state) == 1 else f" at ({', '.join(state)})"


class Sorted(NamedTuple):
    """Which attractor every cell of a map goes to, -1 for none, the attractors, and what their colours mean."""

    cells: np.ndarray
    sorts: list[Sort]
    words: str


def told_apart(ds: xr.Dataset, labels: xr.DataArray) -> Sorted:
    """The attractors of a map of numbers over (y, x), in rising order of their coordinates."""
    if "attractor_period" not in ds:
        alone = any(dim in ds[name].dims for name in ("attractor_count", "fraction") if name in ds for dim in labels.dims)
        numbers = sorted(set(labels.values[labels.values >= 0].tolist()))
        cells = np.searchsorted(numbers, labels.values) if numbers else np.zeros(labels.shape, int)
        words = "numbers are each network's own" if alone else ""
        return Sorted(np.where(labels.values >= 0, cells, -1), [Sort(number, None, None) for number in numbers], words)
    networks = [str(dim) for dim in labels.dims if dim in ds.attractor_period.dims]
    periods, states = (_in_order(ds, labels, networks, name) for name in ("attractor_period", "attractor_state"))
    found = np.moveaxis(labels.values, [labels.dims.index(dim) for dim in networks], range(len(networks)))
    if periods is None or set(ds.attractor_period.dims) - {*networks, "basin"}:
        return told_apart(ds.drop_vars("attractor_period"), labels)
    if not networks:
        sorts = [Sort(a, int(period), _cycle(states, (a,), period)) for a, period in enumerate(periods) if (found == a).any()]
        return _ranked(found, {(a.number,): i for i, a in enumerate(sorts)}, sorts, "")
    if len(networks) == 1 and states is not None:
        own, sorts = _followed(found, periods, states)
        words = f"the same colour: the same attractor, followed along {name(coordinate(labels, networks[0]))}"
    else:
        kinds = sorted({int(periods[(*n, a)]) for n in np.ndindex(periods.shape[:-1]) for a in np.unique(found[n]) if a >= 0})
        own = {
            (*n, a): kinds.index(int(periods[(*n, a)]))
            for n in np.ndindex(periods.shape[:-1])
            for a in np.unique(found[n])
            if a >= 0
        }
        sorts, words = [Sort(None, kind, None) for kind in kinds], "the same colour: the same period"
    whole = _ranked(found, own, sorts, words)
    return whole._replace(cells=np.moveaxis(whole.cells, range(len(networks)), [labels.dims.index(dim) for dim in networks]))


def colors(sorts: Sequence[Sort]) -> list[Any]:
    """A colour for every attractor: cool for fixed points, one for each period of cycles, shades for several of them."""
    many = {period: [s for s in sorts if s.period == period] for period in {s.period for s in sorts}}
    shades = {period: iter(_shades(period, len(alike))) for period, alike in many.items()}
    return [next(shades[sort.period]) for sort in sorts]


def _shades(period: int | None, count: int) -> list[Any]:
    if period is None:
        return list(mpl.colormaps["viridis"](np.linspace(0.0, 0.95, count)))
    if period == 1:
        return (
            list(FIXED_POINTS[:count]) if count <= len(FIXED_POINTS) else list(mpl.colormaps["GnBu"](np.linspace(1.0, 0.35, count)))
        )
    base = np.array(to_rgb(CYCLES[period]) if period in CYCLES else mpl.colormaps["copper"](0.3 + 0.1 * (period % 8))[:3])
    return [base + (1.0 - base) * share for share in np.linspace(0.0, 0.65, count)]


def _in_order(ds: xr.Dataset, labels: xr.DataArray, networks: list[str], name: str) -> np.ndarray | None:
    """A variable (networks…, basin, …) in the order of the map."""
    if name not in ds:
        return None
    array = ds[name]
    rest = [dim for dim in ("basin", "iterate", "unit") if dim in array.dims]
    if set(array.dims) - {*networks, *rest}:
        return None
    order = {dim: np.argsort(coordinate(ds["attractor"], dim).values, kind="stable") for dim in networks if dim in array.dims}
    values: np.ndarray = array.isel(order).transpose(*networks, *rest).values
    return values if name == "attractor_period" or "unit" in rest else values[..., None]


def _cycle(states: np.ndarray | None, place: tuple[int, ...], period: int) -> np.ndarray | None:
    """The different states of an attractor."""
    return None if states is None else states[place][-period:] if period > 0 else states[place]


def _ranked(found: np.ndarray, own: dict[tuple[Any, ...], int], sorts: list[Sort], words: str) -> Sorted:
    """The attractors by period and then by their states, lowest first; those without a period last."""

    def key(i: int) -> tuple[Any, ...]:
        sort = sorts[i]
        middle = () if sort.states is None else tuple(np.round(sort.states.mean(axis=0), 6))
        return (sort.period == 0, sort.period or 0, middle, sort.number or 0)

    if any(sort.period is not None and sort.period < 0 for sort in sorts):
        raise ValueError("attractor_period has no period of an attractor that the map has; it needs one for each")
    order = sorted(range(len(sorts)), key=key)
    place = {i: rank for rank, i in enumerate(order)}
    cells = np.full(found.shape, -1)
    for (*network, number), i in own.items():
        part = cells[tuple(network)]
        part[found[tuple(network)] == number] = place[i]
    return Sorted(cells, [sorts[i] for i in order], words)


def _followed(found: np.ndarray, periods: np.ndarray, states: np.ndarray) -> tuple[dict[tuple[Any, ...], int], list[Sort]]:
    """Attractors of one network after the other, each the same as the nearest of the same period before it, if that is near."""
    finite = states[np.isfinite(states).all(axis=-1)]
    reach = NEAR * float(np.ptp(finite, axis=0).max(initial=0.0)) if finite.size else 0.0
    sorts: list[Sort] = []
    own: dict[tuple[Any, ...], int] = {}
    for n in range(len(periods)):
        here = {int(a): _cycle(states, (n, int(a)), int(periods[n, a])) for a in np.unique(found[n]) if a >= 0}
        pairs = sorted(
            (_distance(cycle, sort.states), a, i)
            for a, cycle in here.items()
            for i, sort in enumerate(sorts)
            if sort.period == periods[n, a]
        )
        for apart, a, i in pairs:
            if apart <= reach and (n, a) not in own and i not in {own.get((n, b)) for b in here}:
                own[n, a] = i
        for a, cycle in here.items():
            if (n, a) not in own:
                own[n, a] = len(sorts)
                sorts.append(Sort(None, int(periods[n, a]), cycle))
            sorts[own[n, a]] = sorts[own[n, a]]._replace(states=cycle)
    return own, sorts


def _distance(one: np.ndarray | None, other: np.ndarray | None) -> float:
    """The farthest that a state of one is from the nearest of the other, in the unit in which they differ most."""
    if one is None or other is None:
        return float("inf")
    apart = np.abs(one[:, None] - other).max(axis=-1)
    return float(np.nan_to_num(max(apart.min(axis=0).max(), apart.min(axis=1).max()), nan=np.inf))
