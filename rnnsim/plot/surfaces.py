"""Costs over two axes of a family, as filled contours."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from rnnsim.plot.drawing import canvas, checks, contours
from rnnsim.plot.drawing.arguments import checked, flag_or_panels, panels
from rnnsim.plot.drawing.colour_scales import Scale, scale
from rnnsim.plot.drawing.contours import Window
from rnnsim.plot.drawing.downsampling import seen
from rnnsim.plot.drawing.grids import over_two_axes
from rnnsim.plot.drawing.labels import label, name

BAR = 0.6  # inches that a colour bar takes


@checked(colorbar=flag_or_panels)
@canvas.drawing
def cost_surface(
    ds: xr.Dataset,
    *,
    variable: str = "cost",
    x: str | None = None,
    y: str | None = None,
    points: Sequence[tuple[float, float]] | None = None,
    window: Window | None = None,
    levels: int | Sequence[float] | None = None,
    log: bool | None = None,
    norm: Normalize | None = None,
    cmap: str = "YlGnBu_r",
    colorbar: bool | Sequence[Axes] = True,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a cost over two axes of the family as filled contours of cost + 1 at logarithmic levels.

    Parameters
    ----------
    ds : Dataset with `cost (x, y)`. Cells that are nan or inf are grey, and the legend counts them.
        More than 1000 points a side are drawn with a stride; a stride that steps over a grey cell shows it all the same.
        Of a large store on disk means over cells are drawn, read slab by slab.
    variable : what is drawn instead of `cost`; 1 is added only to costs on a logarithmic scale
    x, y : the axes of the family to draw along, by default its first and second
    points : (x, y) of points to mark, each with a colour and a marker of its own
    window : ((x0, x1), (y0, y1)), the part to show, by default all
    levels : contour levels or their number; by default 1…10^8 for costs that reach 100,
        and else chosen from the whole surface
    log : whether levels are logarithmic, by default for costs only
    norm : matplotlib norm that colours the levels, by default LogNorm or Normalize
    cmap : matplotlib colour map
    colorbar, legend : whether to draw them, beside and below the Axes; several Axes, beside which one colour bar stands for all
    ax : Axes to draw on, by default those of a new figure

    Returns the Axes. Raises ValueError if the variable or an axis is missing, for further axes, if no cell is finite, if a
    logarithmic scale meets values of 0 or below, or if the window holds no points.

    >>> surface = rs.backprop(net, task.inputs, task.targets, keep="cost")
    >>> rs.plot.cost_surface(surface, points=[(2, 1), (1, 2)], window=((0, 2), (0, 2)))
    """
    surface, colors, title = _prepared(ds, variable, x, y, levels, log, norm, window)
    part = contours.part(surface, window)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.7))
    filled, cells = contours.fill(ax, part, colors, window, cmap)
    entries = contours.mark(ax, points or ()) + contours.grey_entry(cells)
    if colorbar is not False:
        contours.colour_bar(filled, colors, title, ax if colorbar is True else list(colorbar))
    if legend:
        canvas.legend_below(ax, entries)
    return ax


@checked(ax=panels)
@canvas.drawing
def cost_surfaces(
    ds: xr.Dataset,
    *,
    windows: Sequence[Window | None],
    points: Sequence[tuple[float, float]] | None = None,
    variable: str = "cost",
    x: str | None = None,
    y: str | None = None,
    levels: int | Sequence[float] | None = None,
    log: bool | None = None,
    norm: Normalize | None = None,
    cmap: str = "YlGnBu_r",
    ax: Sequence[Axes] | None = None,
) -> np.ndarray:
    """Draw several windows of one cost surface side by side, with shared levels, one colour bar and one legend.

    Parameters
    ----------
    ds : Dataset with `cost (x, y)`
    windows : ((x0, x1), (y0, y1)) or None for the whole, one for each Axes
    points, variable, x, y, levels, log, norm, cmap : as in `cost_surface`
    ax : as many Axes as windows, by default those of a new figure

    Returns the Axes as an array `(window,)`. Raises ValueError as `cost_surface` does, or if Axes and windows differ in number.

    >>> rs.plot.cost_surfaces(surface, windows=[None, ((0, 2), (0, 2))], points=[(2, 1), (1, 2)])
    """
    surface, colors, title = _prepared(ds, variable, x, y, levels, log, norm)
    parts = [contours.part(surface, window) for window in windows]
    panels = _panels(ax, len(windows))
    marks: dict[str, Artist] = {}
    lost = 0
    for panel, part, window in zip(panels, parts, windows, strict=True):
        filled, cells = contours.fill(panel, part, colors, window, cmap)
        marks |= {str(mark.get_label()): mark for mark in contours.mark(panel, points or ())}
        lost = max(lost, cells)
    contours.colour_bar(filled, colors, title, panels.tolist())
    entries = [*marks.values(), *contours.grey_entry(lost)]
    if ax is None:
        canvas.legend_under_figure(panels[0].figure, entries)
    else:
        canvas.legend_below(panels[0], entries)
    return panels


@checked()
@canvas.drawing
def gradient_norm_map(
    ds: xr.Dataset,
    *,
    variable: str = "gradient_norm",
    x: str | None = None,
    y: str | None = None,
    window: Window | None = None,
    levels: int | Sequence[float] | None = None,
    cmap: str = "magma",
    colorbar: bool = True,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the norm of the gradient over two axes of the family, at logarithmic levels.

    Parameters
    ----------
    ds : Dataset with `gradient_norm (x, y)`, such as `rs.surfaces.gradient_norm(surface).to_dataset()`. Where the gradient is 0 it is
        drawn as the smallest that is not.
    variable, x, y, window, levels, cmap, colorbar, legend, ax : as in `cost_surface`

    Returns the Axes. Raises ValueError as `cost_surface` does.

    >>> norm = rs.surfaces.gradient_norm(rs.backprop(net, inputs, targets)).to_dataset()
    >>> rs.plot.gradient_norm_map(norm)
    """
    norm = checks.required(ds, variable)
    above = norm.where(norm > 0.0)
    shown = ds.assign({variable: norm.where(norm != 0.0, above.min())})
    told: dict[str, Any] = {
        "x": x,
        "y": y,
        "window": window,
        "levels": levels,
        "cmap": cmap,
        "colorbar": colorbar,
        "legend": legend,
        "ax": ax,
    }
    return cost_surface(shown, variable=variable, log=True, **told)


def _prepared(
    ds: xr.Dataset,
    variable: str,
    x: str | None,
    y: str | None,
    levels: int | Sequence[float] | None,
    log: bool | None,
    norm: Normalize | None,
    window: Window | None = None,
) -> tuple[xr.DataArray, Scale, str]:
    """The surface over (y, x), its colour scale and the title of its colour bar."""
    whole = checks.required(ds, variable)
    free = iter([str(dim) for dim in whole.dims if dim not in (x, y)])
    sides = [side or next(free, "") for side in (x, y)]
    surface = over_two_axes(seen(whole, dict(zip(sides, window or (), strict=False))), x, y)
    cost = variable.endswith("cost")
    log = cost if log is None else log
    title = f"{name(surface)} + 1" if cost and log else label(surface)
    if cost and log:
        surface = (surface + 1.0).assign_attrs(surface.attrs)
    finite = surface.values[np.isfinite(surface.values)]
    if not finite.size:
        raise ValueError(f"{variable} has no finite cell to draw")
    if log:
        checks.above_zero(variable, finite)
        if isinstance(levels, list):
            checks.above_zero("levels", np.array(levels))
    return surface, scale(finite, log=log, cost=cost, levels=levels, norm=norm), title


def _panels(ax: Sequence[Axes] | None, count: int) -> np.ndarray:
    """The Axes given, of which there must be `count`, or those of a new figure."""
    if ax is None:
        width = canvas.COLUMN if count == 1 else canvas.PAGE
        size = (width, min(2.7, 0.9 * (width - BAR) / max(1, count)))
        ax = plt.subplots(1, count, figsize=size, layout="constrained", squeeze=False)[1][0]
    panels = np.asarray(ax, dtype=object).ravel()
    if len(panels) != count or not count:
        raise ValueError(f"ax has {len(panels)} Axes, but there are {count} windows")
    return panels
