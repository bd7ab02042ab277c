"""How far gradients reach: singular values against lag."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from rnnsim.checks.annotations import Flag, Real
from rnnsim.plot.drawing import canvas, checks, contours
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.colour_scales import scale
from rnnsim.plot.drawing.labels import coordinate, label, minus

REMEDY = "compute it with rs.propagation"
UNITY: dict[str, Any] = {"color": "black", "linewidth": 1.2}
MEMORY: dict[str, Any] = {"color": "black", "linewidth": 1.2, "linestyle": (0, (4, 2))}


@checked()
@canvas.drawing
def singular_values(
    ds: xr.Dataset,
    *,
    limit: Real | None = None,
    cmap: str | Colormap = "RdBu_r",
    colorbar: Flag = True,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the logs of singular values as a heat map, mode against lag: red where a perturbation has grown, blue where it has faded.

    A line stands where the singular values are 1 and, if the Dataset has a `memory_length`, a dashed one there. The legend tells
    the `growth_rate` and its `regime`, if there are any. Singular values of 0 and those that are nan are grey.

    Parameters
    ----------
    ds : Dataset
        Holds `log_singular_value (lag, mode)` of `rs.propagation`.
    limit : float, optional
        The log from which colours are darkest, up and down; by default so that they tell apart half of all values, and all of the
        largest mode. Give it to compare networks.
    cmap : str or Colormap, default "RdBu_r"
        The name of a colour map of matplotlib's.
    colorbar : bool, default True
        Whether to draw the colour bar, beside the Axes.
    legend : bool, default True
        Whether to draw the legend, below the Axes.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If the variable or a dimension is missing, or if there are further dimensions.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.propagation : Compute the singular values.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=0.9, activation="linear")
    >>> rs.plot.singular_values(rs.propagation(net, np.zeros(50)))
    <Axes: xlabel='lag', ylabel='mode'>
    """
    array = checks.required(ds, "log_singular_value", "lag", "mode", remedy=REMEDY)
    array = checks.only(array, "mode", "lag").astype(float)
    values, lags, modes = array.values, coordinate(array, "lag"), coordinate(array, "mode")
    for side in (lags, modes):
        checks.placed(side)
    finite = values[np.isfinite(values)]
    reach = float(limit or _reach(values) or 1.0)
    colors = scale(np.append(finite, 0.0), log=False, cost=False, levels=[-reach, 0.0, reach])
    ax = canvas.axes(ax, (canvas.COLUMN, 2.4))
    shades = colormaps.get_cmap(cmap).with_extremes(bad=contours.NOT_FINITE)
    drawn = ax.pcolormesh(
        lags, modes, np.ma.masked_invalid(values), norm=colors.norm, cmap=shades, shading="nearest", rasterized=True
    )
    ax.set(xlabel=label(lags), ylabel=label(modes))
    ax.invert_yaxis()
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    entries = _unity(ax, lags.values, modes.values, values) + _memory(ax, ds) + _growth(ds) + _grey(values)
    if colorbar:
        contours.colour_bar(drawn, colors, "ln of the singular value", ax)
    if legend:
        canvas.legend_below(ax, entries, columns=2)
    return ax


def _reach(values: np.ndarray) -> float:
    """Twice the median size, but no less than the largest of mode 0."""
    sizes = np.abs(values[np.isfinite(values)])
    top = np.abs(values[0][np.isfinite(values[0])]).max(initial=0.0)
    return float(max(top, min(2.0 * np.median(sizes), sizes.max()))) if sizes.size else 0.0


def _unity(ax: Axes, lags: np.ndarray, modes: np.ndarray, values: np.ndarray) -> list[Artist]:
    """The line between modes that have grown and those that have faded."""
    grown = (values > 0.0).sum(axis=0)
    if not grown.any() or grown.min() == len(modes):
        return []
    outside = np.isnan(values).any(axis=0) | (grown == 0) | (grown == len(modes))
    edges = np.where(outside, np.nan, np.append(modes, modes[-1] + 1)[grown] - 0.5)
    ax.step(lags, edges, where="mid", **UNITY)
    return [Line2D([], [], label="singular value 1", **UNITY)]


def _memory(ax: Axes, ds: xr.Dataset) -> list[Artist]:
    """A line at the memory length."""
    if "memory_length" not in ds or not np.isfinite(ds.memory_length).all():
        return []
    length = float(checks.only(ds.memory_length))
    ax.axvline(length, **MEMORY)
    return [Line2D([], [], label=f"memory length {length:.4g}", **MEMORY)]


def _growth(ds: xr.Dataset) -> list[Artist]:
    """What is known of the growth, as an entry of the legend."""
    if "growth_rate" not in ds or ds.growth_rate.ndim:
        return []
    regime = ""
    if "regime" in ds and not ds.regime.ndim and np.isfinite(ds.regime):
        meanings = str(ds.regime.attrs.get("flag_meanings", "")).split()
        regime = f" ({meanings[int(ds.regime)]})" if int(ds.regime) < len(meanings) else ""
    return [Line2D([], [], linestyle="none", label=f"growth rate {minus(f'{float(ds.growth_rate):.3g}')} per step{regime}")]


def _grey(values: np.ndarray) -> list[Artist]:
    """The legend's entries of grey cells."""
    zeros, lost = int(np.isneginf(values).sum()), int((~np.isfinite(values) & ~np.isneginf(values)).sum())
    told = [f"{what} ({count} cell{'s' * (count > 1)})" for what, count in (("0", zeros), ("not finite", lost)) if count]
    return [Patch(facecolor=contours.NOT_FINITE, label=" or ".join(told))] if told else []
