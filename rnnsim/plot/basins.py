"""Maps of basins: a colour for every attractor."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from rnnsim.plot import canvas, checks, contours, lines
from rnnsim.plot.arguments import checked, pair
from rnnsim.plot.grids import over_two_axes, strided
from rnnsim.plot.labels import coordinate, label

MOST_NAMED = 8  # attractors in the legend


@checked(units=pair)
def basins(
    ds: xr.Dataset,
    *,
    x: str | None = None,
    y: str | None = None,
    units: tuple[int, int] | None = None,
    alpha: float = 0.75,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw which start ends on which attractor: a colour for every attractor, grey for none.

    Parameters
    ----------
    ds : Dataset with `attractor (x, y)`, as `rs.basins` returns it; more than 1000 starts a side are drawn with a stride
    x, y : the axes to draw along, by default the first and the second
    units : the units that the axes x and y are the starts of; given, the states of the attractors are marked, which `attractor_state`
        and `attractor_period` must hold
    alpha : opacity of the colours
    legend : whether to name the attractors, with their periods and their shares of the starts if the Dataset has them
    ax : Axes to draw on, by default those of a new figure

    Returns the Axes. Raises ValueError if a variable or an axis is missing, or for further axes.

    >>> rs.plot.basins(rs.basins(net), units=(0, 1))
    """
    labels = over_two_axes(checks.required(ds, "attractor", remedy="compute it with rs.basins"), x, y)
    y, x = map(str, labels.dims)
    states = None if units is None else _states(ds, units)
    part, _ = strided(labels)
    ax = canvas.axes(ax, (7.2, 4.4))
    count = int(labels.max()) + 1
    colors = lines.palette(max(1, count))
    shades = ListedColormap([contours.NOT_FINITE, *colors])
    ax.pcolormesh(
        part[x],
        part[y],
        part.values,
        cmap=shades,
        vmin=-1.5,
        vmax=len(colors) - 0.5,
        alpha=alpha,
        shading="nearest",
        rasterized=True,
    )
    if states is not None:
        _mark(ax, states, colors)
    ax.set(xlabel=label(coordinate(part, x)), ylabel=label(coordinate(part, y)))
    if legend:
        canvas.legend_beside(ax, _entries(ds, labels.values, colors, alpha))
    return ax


def _states(ds: xr.Dataset, units: tuple[int, int]) -> list[np.ndarray]:
    """The different states of every attractor, (state, 2)."""
    states = checks.required(ds, "attractor_state", "basin", "iterate", "unit", remedy='keep "attractor_state"')
    orbits = checks.only(states, "basin", "iterate", "unit").isel(unit=list(units)).values
    periods = checks.required(ds, "attractor_period", "basin", remedy='keep "attractor_period"').values
    return [orbit[-period:] if period > 0 else orbit for orbit, period in zip(orbits, periods, strict=True) if period >= 0]


def _mark(ax: Axes, states: list[np.ndarray], colors: list) -> None:
    """Dots with a white rim at the states of attractors, small ones for those without a period."""
    for orbit, color in zip(states, colors, strict=False):
        large = len(orbit) <= lines.MOST_DOTS
        ax.plot(
            *orbit.T,
            linestyle="none",
            marker="o",
            color=color,
            markersize=7.0 if large else 2.5,
            markeredgecolor="white",
            markeredgewidth=1.0 if large else 0.2,
        )


def _entries(ds: xr.Dataset, labels: np.ndarray, colors: list, alpha: float) -> list[Patch]:
    """A patch for each attractor that is there."""
    entries = []
    present = [a for a in range(len(colors)) if (labels == a).any()]
    for a in present[:MOST_NAMED]:
        words = [f"attractor {a}"]
        if "attractor_period" in ds and ds.attractor_period.dims == ("basin",):
            period = int(ds.attractor_period[a])
            words.append({0: "no period", 1: "fixed point"}.get(period, f"period {period}"))
        if "fraction" in ds and ds.fraction.dims == ("basin",):
            words.append(f"{100.0 * float(ds.fraction[a]):.3g} %")
        entries.append(Patch(color=colors[a], alpha=alpha, linewidth=0.0, label=", ".join(words)))
    if len(present) > MOST_NAMED:
        entries.append(Patch(color="none", label=f"and {len(present) - MOST_NAMED} more"))
    if (labels < 0).any():
        entries.append(Patch(color=contours.NOT_FINITE, alpha=alpha, linewidth=0.0, label="none"))
    return entries
