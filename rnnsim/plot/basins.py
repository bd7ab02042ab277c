"""Maps of basins: a colour for every attractor, by what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from rnnsim.checks.annotations import Flag, Real, Whole
from rnnsim.checks.showing import shown
from rnnsim.plot.drawing import canvas, checks, contours, sorts
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import checked, pair
from rnnsim.plot.drawing.grids import over_two_axes, strided
from rnnsim.plot.drawing.labels import coordinate, label, wrapped

MOST_NAMED = 8  # attractors in the legend


@checked(units=pair)
@canvas.drawing
def basins(
    ds: xr.Dataset,
    *,
    x: str | None = None,
    y: str | None = None,
    units: Sequence[Whole] | np.ndarray | None = None,
    alpha: Real = 0.75,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw which start ends on which attractor: cool colours for fixed points, others for cycles of each period, grey for none.

    Numbers of attractors are each network's own, so that colours go by what an attractor is: by `attractor_period` and, with
    `attractor_state`, fixed points and cycles of one period from the lowest to the highest. Where one side of the map is an axis of
    networks, an attractor is followed along it, and keeps its colour. Without `attractor_period` colours only tell the numbers.

    Parameters
    ----------
    ds : Dataset
        Holds `attractor (x, y)`, as `rs.basins` returns it. More than 1000 starts a side are drawn with a stride.
    x : str, optional
        The axis that runs to the right, by default the first.
    y : str, optional
        The axis that runs up, by default the second.
    units : pair of int, optional
        The units that the axes x and y are the starts of. Given, the states of the attractors are marked, for which
        `attractor_state` and `attractor_period` must be there.
    alpha : float, default 0.75
        The opacity of the colours, from 0 to 1.
    legend : bool, default True
        Whether to name the attractors, with their periods and their shares of the starts if the Dataset has them.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable or an axis is missing, or if there are further axes.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.basins : Compute the basins.
    rnnsim.plot.phase_plane : Nullclines and fixed points of two units, which may be drawn over basins.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, rs.axis("w_rec", [0.5, 2.0]), h0=rs.axis("start", np.linspace(-1, 1, 100)))
    >>> rs.plot.basins(rs.basins(net))
    <Axes: xlabel='recurrent weight', ylabel='start'>
    """
    ds = _with_whole_periods(ds)
    labels = over_two_axes(checks.required(ds, "attractor", remedy="compute it with rs.basins"), x, y)
    y, x = map(str, labels.dims)
    states = None if units is None else _states(ds, units)
    told = sorts.told_apart(ds, labels)
    part, _ = strided(labels.copy(data=told.cells))
    ax = canvas.axes(ax, (canvas.COLUMN, 2.7))
    colors = sorts.colors(told.sorts)
    shades = ListedColormap([contours.NOT_FINITE, *colors])
    ax.pcolormesh(
        part[x],
        part[y],
        part.values,
        cmap=shades,
        vmin=-1.5,
        vmax=len(colors) - 0.5,
        alpha=float(alpha),
        shading="nearest",
        rasterized=True,
    )
    if states is not None:
        _mark(ax, states, told.sorts, colors)
    ax.set(xlabel=label(coordinate(part, x)), ylabel=label(coordinate(part, y)))
    if legend:
        canvas.legend_beside(ax, _entries(ds, told, colors, alpha))
    return ax


def _with_whole_periods(ds: xr.Dataset) -> xr.Dataset:
    """The Dataset with whole numbers for periods, -1 where there is no attractor, for which they may be nan."""
    if "attractor_period" not in ds.data_vars:
        return ds
    for name, dims in {"attractor_period": ("basin",), "attractor_state": ("basin", "iterate")}.items():
        for dim in dims if name in ds.data_vars else ():
            checks.dimension(ds[name], dim, "the map")
    periods = ds.attractor_period.values
    if not (np.isnan(periods) | (np.isfinite(periods) & (periods == np.floor(periods)))).all():
        raise ValueError("attractor_period holds other than whole numbers; it needs those that rs.basins gives")
    return ds.assign(attractor_period=ds.attractor_period.fillna(-1).astype(np.int64))


def _states(ds: xr.Dataset, units: Any) -> dict[int, np.ndarray]:
    """The different states of every attractor, (state, 2), by its number."""
    states = checks.required(ds, "attractor_state", "basin", "iterate", "unit", remedy='keep "attractor_state"')
    if max(units) >= states.sizes["unit"]:
        raise ValueError(f"units was given as {shown(units)}; it needs two of the {states.sizes['unit']} units")
    orbits = checks.only(states, "basin", "iterate", "unit").isel(unit=list(units)).values
    periods = checks.required(ds, "attractor_period", "basin", remedy='keep "attractor_period"').values
    return {a: orbits[a][-period:] if period > 0 else orbits[a] for a, period in enumerate(periods) if period >= 0}


def _mark(ax: Axes, states: dict[int, np.ndarray], there: list[sorts.Sort], colors: list[Any]) -> None:
    """Dots with a white rim at the states of attractors, small ones for those without a period."""
    for sort, color in zip(there, colors, strict=True):
        orbit = states[sort.number or 0]
        large = len(orbit) <= lines.MOST_DOTS
        ax.plot(
            *orbit.T,
            linestyle="none",
            marker="o",
            color=color,
            markersize=6.0 if large else 2.5,
            markeredgecolor="white",
            markeredgewidth=1.0 if large else 0.2,
        )


def _entries(ds: xr.Dataset, told: sorts.Sorted, colors: list[Any], alpha: Any) -> list[Patch]:
    """A patch for each attractor that is there, and what its colour means."""
    entries = [
        Patch(color=c, alpha=alpha, linewidth=0.0, label=_words(ds, s, told.sorts)) for s, c in zip(told.sorts, colors, strict=True)
    ]
    more = len(entries) - MOST_NAMED
    entries = entries[:MOST_NAMED] + [Patch(color="none", label=f"and {more} more")] * (more > 0)
    if (told.cells < 0).any():
        entries.append(Patch(color=contours.NOT_FINITE, alpha=alpha, linewidth=0.0, label="none"))
    return entries + [Patch(color="none", label=wrapped(told.words))] * bool(told.words)


def _words(ds: xr.Dataset, sort: sorts.Sort, there: list[sorts.Sort]) -> str:
    """What an attractor is, and how many starts end on it."""
    if sort.number is None:
        alike = [s for s in there if s.period == sort.period]
        return sort.kind + (f" {[s is sort for s in alike].index(True) + 1}" if len(alike) > 1 else "")
    words = [f"attractor {sort.number}", sort.kind + sort.place]
    if "fraction" in ds and ds.fraction.dims == ("basin",):
        words.append(f"{100.0 * float(ds.fraction[sort.number]):.3g} %")
    return ", ".join(filter(None, words))
