"""What happens over the epochs of training: costs as they fall and weights as they move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke

from rnnsim.checks.annotations import Flag, Names
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import Band, checked
from rnnsim.plot.drawing.labels import coordinate, label, name, texts
from rnnsim.plot.drawing.quantile_bands import Ensemble, ensemble

COSTS = ("cost", "validation_cost")
REMEDY = "give variables that train recorded"
SHADE = 0.18  # opacity of a band
WIDE = 100.0  # from the smallest to the largest cost: wider is drawn on a logarithmic scale
WHICH = "<variable>"  # no axis is called so
MANY = 8  # lines: more are drawn thin
THIN = 1.0


@checked()
@canvas.drawing
def training_curves(
    ds: xr.Dataset,
    variables: Names | None = None,
    *,
    band: Band | None = (0.1, 0.9),
    over: Names | None = None,
    color: str | None = None,
    log: Flag | None = None,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw costs against the epoch: the line of one network, or the median of many with a band around it.

    A network that diverged does not count in the median and the band from the epoch on where its value is nan or inf; the legend
    says how many such networks there are at the end.

    Parameters
    ----------
    ds : Dataset
        Holds `cost (…, epoch)`, as `rs.train` returns it.
    variables : str or sequence of str, optional
        What is drawn, by default `cost` and, where there is one, `validation_cost`. They differ by their dashes, and by their
        colours unless `color` decides these.
    band : pair of float or None, default (0.1, 0.9)
        The quantiles between which the band lies; None for no band.
    over : str or sequence of str, optional
        The dimensions of which median and band are taken, by default all but `color`. What is left becomes more lines that look
        alike, so that `over=()` draws every network.
    color : str, optional
        The dimension that decides the colour.
    log : bool, optional
        Whether y is logarithmic, by default for costs and norms above 0 that range over a factor of 100 or more.
    legend : bool, default True
        Whether to name what is drawn, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable or a dimension is missing, if the band is not two quantiles, if there are more than 200 lines of one variable,
        or if a logarithmic scale meets values of 0 or below.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.train : Train a family.
    rnnsim.plot.training_path : The way of two weights.

    Examples
    --------
    >>> import rnnsim as rs
    >>> net, task = rs.Elman(0.5, 0.5, activation="linear"), rs.tasks.counting()
    >>> run = rs.train(net, task, optimizer=rs.SGD(rs.axis("lr", [0.001, 0.002])), epochs=20)
    >>> rs.plot.training_curves(run, color="lr")
    <Axes: xlabel='epoch', ylabel='cost'>
    """
    arrays = [checks.required(ds, variable, "epoch", remedy=REMEDY) for variable in _names(ds, variables)]
    dims: Any = [over] if isinstance(over, str) else None if over is None else [*over]
    for array in arrays:
        for role, dim in [("color", color), *(("over", dim) for dim in dims or ())]:
            if dim is not None:
                checks.dimension(array, dim, role)
    ensembles = [ensemble(array, "epoch", dims, color, band) for array in arrays]
    log = _logarithmic(arrays, ensembles) if log is None else log
    if log:
        for array, drawn in zip(arrays, ensembles, strict=True):
            checks.above_zero(str(array.name), drawn.values())
    patterns = tuple(lines.SOLID[i % len(lines.SOLID)] for i in range(len(arrays)))
    look = lines.Looks({**arrays[0].sizes, WHICH: len(arrays)}, patterns, color or WHICH, dashes=WHICH)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.2))
    for i, drawn in enumerate(ensembles):
        _draw(ax, drawn, look, i)
    if log:
        ax.set_yscale("log")
    canvas.whole_steps(ax)
    ax.set(xlabel=label(coordinate(arrays[0], "epoch")), ylabel=canvas.wrapped(ax, _title(arrays)))
    if legend:
        canvas.legend_beside(ax, _entries(arrays, ensembles, look, color, band))
    return ax


@checked()
@canvas.drawing
def training_path(
    ds: xr.Dataset, x: str = "w_in", y: str = "w_rec", *, color: str | None = None, legend: Flag = True, ax: Axes | None = None
) -> Axes:
    """Draw the path of two parameters over the epochs, one line for each network, with its start and its end marked.

    The path of a network that diverged ends in a cross, where both parameters were finite for the last time. Several runs become
    one Dataset, with a colour each, by `xr.concat([slow, fast], xr.Variable("optimizer", ["SGD", "Rprop"]))`.

    Parameters
    ----------
    ds : Dataset
        Holds two parameters over the same dimensions `(…, epoch)`, as `rs.train` returns them.
    x : str, default "w_in"
        The parameter that runs to the right.
    y : str, default "w_rec"
        The parameter that runs up.
    color : str, optional
        The dimension that decides the colour, by default the first. Further dimensions become more lines.
    legend : bool, default True
        Whether to name the values, below the Axes, behind what a legend names there already.
    ax : Axes, optional
        The Axes to draw on, such as those of a `cost_surface`, whose limits and labels stay as they are; by default those of a new
        figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a parameter or a dimension is missing, if the parameters have different dimensions, or if there are more than 200 paths.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.train : Train a family.
    rnnsim.plot.cost_surface : The surface that a path crosses.
    rnnsim.plot.training_curves : Costs against the epoch.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net, task, side = rs.Elman(0.5, 0.5, activation="linear"), rs.tasks.counting(), np.linspace(-3, 3, 19)
    >>> surface = rs.backprop(net.replace(w_in=rs.axis("w_in", side), w_rec=rs.axis("w_rec", side)), task, keep="cost")
    >>> run = rs.train(net, task, optimizer=rs.SGD(rs.axis("lr", [0.001, 0.002])), epochs=20)
    >>> rs.plot.training_path(run, ax=rs.plot.cost_surface(surface))
    <Axes: xlabel='input weight', ylabel='recurrent weight'>
    """
    across, up = _pair(ds, x, y)
    checks.few_lines(up, "epoch")
    look = lines.looks(up, "epoch", color)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.7))
    if ax.collections or ax.images:
        ax.autoscale(False)
    else:
        canvas.few_ticks(ax)
    look = look._replace(colors=lines.warm)
    thin = _thin(up)
    marks: dict[str, Artist] = {}
    for (where, one), (_, other) in zip(lines.each(across, "epoch"), lines.each(up, "epoch"), strict=True):
        marks |= _path(ax, one, other, look.of(where) | thin)
    ax.set(xlabel=ax.get_xlabel() or label(across), ylabel=ax.get_ylabel() or label(up))
    if legend:
        entries = [*canvas.entries(ax), *lines.handles(up, look), *marks.values()]
        canvas.legend_below(ax, list({str(entry.get_label()): entry for entry in entries}.values()))
    return ax


def _thin(array: xr.DataArray) -> dict[str, Any]:
    """The width of lines that are many."""
    return {"linewidth": THIN} if array.size > MANY * array.sizes["epoch"] else {}


def _names(ds: xr.Dataset, variables: Names | None) -> list[str]:
    if variables is None:
        return [cost for cost in COSTS if cost in getattr(ds, "data_vars", ())] or [COSTS[0]]
    return [variables] if isinstance(variables, str) else list(cast(Any, variables))


def _logarithmic(arrays: Sequence[xr.DataArray], ensembles: Sequence[Ensemble]) -> bool:
    """Whether all are costs or norms above 0 that range widely."""
    values = np.concatenate([drawn.values() for drawn in ensembles])
    if not values.size or not all(str(array.name).endswith(("cost", "norm")) for array in arrays):
        return False
    return bool(0.0 < values.min() * WIDE <= values.max())


def _title(arrays: Sequence[xr.DataArray]) -> str:
    """The label of a variable with its validation, or else all labels."""
    first = min(arrays, key=lambda array: len(str(array.name)))
    same = all(str(array.name).endswith(str(first.name)) for array in arrays)
    return label(first) if same else ", ".join(map(label, arrays))


def _draw(ax: Axes, drawn: Ensemble, look: lines.Looks, i: int) -> None:
    at = coordinate(drawn.middle, "epoch").values
    thin = _thin(drawn.middle)
    edges = [] if drawn.band is None else [list(lines.each(edge, "epoch")) for edge in drawn.band.transpose("quantile", ...)]
    for k, (where, line) in enumerate(lines.each(drawn.middle, "epoch")):
        style = look.of({**where, WHICH: i})
        ax.plot(at, line, **style | thin)
        if edges:
            ax.fill_between(at, edges[0][k][1], edges[1][k][1], color=style["color"], alpha=SHADE, linewidth=0.0)


def _entries(
    arrays: Sequence[xr.DataArray], ensembles: Sequence[Ensemble], look: lines.Looks, color: str | None, band: Band | None
) -> list[Artist]:
    """A legend's entries: variables, colours, what line and band are, and how many networks diverged."""
    entries: list[Artist] = []
    for i, array in enumerate(arrays if len(arrays) > 1 else ()):
        style = look.of({WHICH: i}) | ({"color": lines.NEUTRAL} if color else {})
        entries.append(Line2D([], [], label=name(array), **style))
    first = ensembles[0]
    if color:
        entries += lines.handles(first.middle, lines.Looks(arrays[0].sizes, lines.SOLID, color))
    neutral = lines.NEUTRAL if color or len(arrays) > 1 else look.of({})["color"]
    if first.members > 1:
        entries.append(_words(f"lines: median of {first.members}"))
        if band:
            low, high = texts([round(100.0 * edge, 6) for edge in band])
            entries.append(Patch(facecolor=neutral, alpha=SHADE, linewidth=0.0, label=f"band: {low} % to {high} %"))
    ends = np.isfinite(arrays[0].isel(epoch=-1).values)
    if not ends.all():
        entries.append(_words(f"{np.sum(~ends)} of {ends.size} diverged"))
    return entries


def _words(text: str) -> Line2D:
    """A legend's entry without a picture."""
    return Line2D([], [], linestyle="none", label=text)


def _pair(ds: xr.Dataset, x: str, y: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Both parameters, over the same dimensions."""
    across, up = (checks.required(ds, parameter, "epoch", remedy=REMEDY) for parameter in (x, y))
    alone = [str(dim) for dim in (*across.dims, *up.dims) if dim not in across.dims or dim not in up.dims]
    if alone:
        choice = ", ".join(f"{dim}=0" for dim in alone)
        raise ValueError(
            f"a path needs two parameters over the same dimensions, but only one of {x} and {y} has {', '.join(alone)}: "
            f"choose, as in ds.isel({choice})"
        )
    return across, up.transpose(*across.dims)


def _path(ax: Axes, across: np.ndarray, up: np.ndarray, style: dict[str, Any]) -> dict[str, Artist]:
    """Draw one path and its marks; return a legend's entries for these."""
    seen = np.flatnonzero(np.isfinite(across + up))
    halo = [Stroke(linewidth=style["linewidth"] + 1.2, foreground="white"), Normal()]
    ax.plot(across, up, marker=lines.dots(len(up)), markersize=3.5, path_effects=halo, **style)
    if not seen.size:
        return {}
    over = seen[-1] < len(up) - 1
    size = 7.0 if style["linewidth"] > THIN else 5.0
    start = lines.ring(style["color"]) | {"markerfacecolor": "white", "markersize": size}
    end: dict[str, Any] = {"marker": "X" if over else "o", "markersize": size, "markeredgecolor": "white", "linestyle": "none"}
    _mark(ax, across[seen[0]], up[seen[0]], start)
    _mark(ax, across[seen[-1]], up[seen[-1]], end | {"color": style["color"]})
    text = "diverged" if over else "end"
    return {
        "start": Line2D([], [], label="start", **start | {"color": lines.NEUTRAL}),
        text: Line2D([], [], label=text, color=lines.NEUTRAL, **end),
    }


def _mark(ax: Axes, x: float, y: float, style: dict[str, Any]) -> None:
    """Mark a point; the mark is whole at the edge of the Axes and unseen beyond."""
    (x0, x1), (y0, y1) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    ax.plot(x, y, zorder=3, clip_on=not (x0 <= x <= x1 and y0 <= y <= y1), **style)
