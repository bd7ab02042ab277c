"""Costs over two axes of a family, as filled contours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize

from rnnsim.checks.annotations import Flag
from rnnsim.plot.drawing import canvas, checks, contours
from rnnsim.plot.drawing.arguments import Levels, Panels, Points, Window, checked, flag_or_panels, panels
from rnnsim.plot.drawing.colour_scales import Scale, scale
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
    points: Points | None = None,
    window: Window | None = None,
    levels: Levels | None = None,
    log: Flag | None = None,
    norm: Normalize | None = None,
    cmap: str | Colormap = "YlGnBu_r",
    colorbar: Flag | Panels = True,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a cost over two axes of the family as filled contours of cost + 1 at logarithmic levels.

    Cells that are nan or inf are grey, and the legend counts them. More than 1000 points a side are drawn with a stride; a stride
    that steps over a grey cell shows it all the same. Of a large store on disk means over cells are drawn, read slab by slab.

    Parameters
    ----------
    ds : Dataset
        Holds `cost (x, y)`, as `rs.backprop` returns it.
    variable : str, default "cost"
        What is drawn instead of `cost`. 1 is added only to costs on a logarithmic scale.
    x : str, optional
        The axis of the family that runs to the right, by default its first.
    y : str, optional
        The axis of the family that runs up, by default its second.
    points : sequence of pairs of float, optional
        Points (x, y) to mark, each with a colour and a marker of its own.
    window : pair of pairs of float, optional
        The part to show, ((x0, x1), (y0, y1)), by default all.
    levels : int or sequence of float, optional
        Contour levels or their number; by default 1…10^8 for costs that reach 100, and else chosen from the whole surface.
    log : bool, optional
        Whether levels are logarithmic, by default for costs only.
    norm : Normalize, optional
        The norm of matplotlib's that colours the levels, by default LogNorm or Normalize.
    cmap : str or Colormap, default "YlGnBu_r"
        A colour map of matplotlib's.
    colorbar : bool or sequence of Axes, default True
        Whether to draw the colour bar, beside the Axes; or several Axes, beside which one colour bar stands for all.
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
        If the variable or an axis is missing, if there are further axes, if no cell is finite, if a logarithmic scale meets values
        of 0 or below, or if the window holds no points.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.backprop : Compute costs and gradients.
    rnnsim.plot.cost_surfaces : Several windows of one surface.
    rnnsim.plot.training_path : The path of training over a surface.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> side = np.linspace(-3, 3, 19)
    >>> net = rs.Elman(rs.axis("w_in", side), rs.axis("w_rec", side), activation="linear")
    >>> surface = rs.backprop(net, rs.tasks.counting(), keep="cost")
    >>> rs.plot.cost_surface(surface, points=[(2, 1), (1, 2)], window=((0, 2), (0, 2)))
    <Axes: xlabel='input weight', ylabel='recurrent weight'>
    """
    surface, colors, title = _prepared(ds, variable, x, y, levels, log, norm, window)
    part = contours.part(surface, window)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.7))
    filled, cells = contours.fill(ax, part, colors, window, cmap)
    entries = contours.mark(ax, points or ()) + contours.grey_entry(cells)
    if colorbar is not False:
        contours.colour_bar(filled, colors, title, ax if colorbar is True else list(cast(Iterable[Axes], colorbar)))
    if legend:
        canvas.legend_below(ax, entries)
    return ax


@checked(ax=panels)
@canvas.drawing
def cost_surfaces(
    ds: xr.Dataset,
    *,
    windows: Iterable[Window | None],
    points: Points | None = None,
    variable: str = "cost",
    x: str | None = None,
    y: str | None = None,
    levels: Levels | None = None,
    log: Flag | None = None,
    norm: Normalize | None = None,
    cmap: str | Colormap = "YlGnBu_r",
    ax: Panels | None = None,
) -> np.ndarray:
    """Draw several windows of one cost surface side by side, with shared levels, one colour bar and one legend.

    Parameters
    ----------
    ds : Dataset
        Holds `cost (x, y)`, as `rs.backprop` returns it.
    windows : sequence of windows or None
        The part of each Axes, ((x0, x1), (y0, y1)), or None for the whole.
    points : sequence of pairs of float, optional
        Points (x, y) to mark, each with a colour and a marker of its own.
    variable : str, default "cost"
        What is drawn instead of `cost`. 1 is added only to costs on a logarithmic scale.
    x : str, optional
        The axis of the family that runs to the right, by default its first.
    y : str, optional
        The axis of the family that runs up, by default its second.
    levels : int or sequence of float, optional
        Contour levels or their number; by default 1…10^8 for costs that reach 100, and else chosen from the whole surface.
    log : bool, optional
        Whether levels are logarithmic, by default for costs only.
    norm : Normalize, optional
        The norm of matplotlib's that colours the levels, by default LogNorm or Normalize.
    cmap : str or Colormap, default "YlGnBu_r"
        A colour map of matplotlib's.
    ax : sequence of Axes, optional
        As many Axes as windows, by default those of a new figure.

    Returns
    -------
    ndarray of Axes
        The Axes drawn on, (window,).

    Raises
    ------
    ValueError
        If `cost_surface` would raise one, or if Axes and windows differ in number.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.plot.cost_surface : One window.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> side = np.linspace(-3, 3, 19)
    >>> net = rs.Elman(rs.axis("w_in", side), rs.axis("w_rec", side), activation="linear")
    >>> surface = rs.backprop(net, rs.tasks.counting(), keep="cost")
    >>> rs.plot.cost_surfaces(surface, windows=[None, ((0, 2), (0, 2))], points=[(2, 1), (1, 2)]).shape
    (2,)
    """
    surface, colors, title = _prepared(ds, variable, x, y, levels, log, norm)
    shown = [*windows]
    parts = [contours.part(surface, window) for window in shown]
    panels = _panels(ax, len(shown))
    marks: dict[str, Artist] = {}
    lost = 0
    for panel, part, window in zip(panels, parts, shown, strict=True):
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
    levels: Levels | None = None,
    cmap: str | Colormap = "magma",
    colorbar: Flag = True,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the norm of the gradient over two axes of the family, at logarithmic levels.

    Where the gradient is 0 it is drawn as the smallest that is not.

    Parameters
    ----------
    ds : Dataset
        Holds `gradient_norm (x, y)`, such as `rs.surfaces.gradient_norm(surface).to_dataset()`.
    variable : str, default "gradient_norm"
        What is drawn instead of `gradient_norm`.
    x : str, optional
        The axis of the family that runs to the right, by default its first.
    y : str, optional
        The axis of the family that runs up, by default its second.
    window : pair of pairs of float, optional
        The part to show, ((x0, x1), (y0, y1)), by default all.
    levels : int or sequence of float, optional
        Contour levels or their number, by default chosen from the whole surface.
    cmap : str or Colormap, default "magma"
        A colour map of matplotlib's.
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
        If the variable or an axis is missing, if there are further axes, if no cell is finite, or if the window holds no points.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.surfaces.gradient_norm : Compute the norm.
    rnnsim.plot.cost_surface : The cost itself.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> side = np.linspace(-3, 3, 19)
    >>> net = rs.Elman(rs.axis("w_in", side), rs.axis("w_rec", side), activation="linear")
    >>> norm = rs.surfaces.gradient_norm(rs.backprop(net, rs.tasks.counting()))
    >>> rs.plot.gradient_norm_map(norm.to_dataset())
    <Axes: xlabel='input weight', ylabel='recurrent weight'>
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
    levels: Levels | None,
    log: Flag | None,
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
    return surface, scale(finite, log=bool(log), cost=cost, levels=cast(Any, levels), norm=norm), title


def _panels(ax: Panels | None, count: int) -> np.ndarray:
    """The Axes given, of which there must be `count`, or those of a new figure."""
    if ax is None:
        width = canvas.COLUMN if count == 1 else canvas.PAGE
        size = (width, min(2.7, 0.9 * (width - BAR) / max(1, count)))
        ax = plt.subplots(1, count, figsize=size, layout="constrained", squeeze=False)[1][0]
    panels = np.asarray(ax, dtype=object).ravel()
    if len(panels) != count or not count:
        raise ValueError(f"ax has {len(panels)} Axes, but there are {count} windows")
    return panels
