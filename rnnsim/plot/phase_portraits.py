"""Trajectories without their time: phase portraits and cobwebs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnsim.checks.annotations import Flag
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.labels import coordinate, label


@checked()
@canvas.drawing
def phase_portrait(ds: xr.Dataset, *, color: str | None = None, legend: Flag = True, ax: Axes | None = None) -> Axes:
    """Draw increments against states, one curve for each point of the family, with its start marked by a ring.

    Step k stands at (state[k], state[k] - state[k-1]). The start has made no step yet and stands at (state[0], 0).

    Parameters
    ----------
    ds : Dataset
        Holds `state (…, step)` and `increment (…, step)`, as `rs.simulate` returns them.
    color : str, optional
        The dimension that decides the colour, by default the first. Further dimensions become more curves.
    legend : bool, default True
        Whether to name the values, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable or a dimension is missing, or if there are more than 200 curves.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.plot.trajectories : States against the step.
    rnnsim.plot.cobweb : The states of a scalar map against the last ones.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]), h0=rs.axis("h0", [0.1, 2.0]))
    >>> run = rs.simulate(net, np.full(10, 0.5), keep=("state", "increment"))
    >>> rs.plot.phase_portrait(run, color="w_rec")
    <Axes: xlabel='state', ylabel='increment of the state'>
    """
    state = checks.required(ds, "state", "step")
    increment = checks.required(ds, "increment", "step").transpose(*state.dims)
    checks.few_lines(state, "step")
    look = lines.looks(state, "step", color)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.4))
    canvas.zero_line(ax)
    for (where, h), (_, dh) in zip(lines.each(state, "step"), lines.each(increment, "step"), strict=True):
        style = look.of(where)
        ax.plot(h, dh, marker=".", **style)
        ax.plot(h[:1], dh[:1], **lines.ring(style["color"]))
    canvas.few_ticks(ax)
    ax.set(xlabel=label(state), ylabel=canvas.wrapped(ax, label(increment)))
    if legend:
        canvas.legend_beside(ax, [*lines.handles(state, look), Line2D([], [], label="start", **lines.ring("0.25"))])
    return ax


@checked()
@canvas.drawing
def cobweb(
    ds: xr.Dataset, curve: xr.Dataset | None = None, *, color: str | None = None, legend: Flag = True, ax: Axes | None = None
) -> Axes:
    """Draw the staircase of a scalar map, h[k] against h[k-1], with the diagonal and the curve of the map.

    Parameters
    ----------
    ds : Dataset
        Holds `state (…, step)` of one unit. Every point of the family is one staircase.
    curve : Dataset, optional
        Holds `final_state` over exactly one axis, whose coordinate holds the starts h[k-1].
    color : str, optional
        The dimension that decides the colour, by default the first.
    legend : bool, default True
        Whether to name the values, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable or a dimension is missing, if there is more than one unit, or if the curve has not exactly one axis.
    TypeError
        If `ds` or `curve` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.plot.phase_portrait : Increments against states.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net, inputs = rs.Elman(w_in=1.0, w_rec=1.5, h0=0.1), np.full(10, 0.5)
    >>> starts = net.replace(h0=rs.axis("h0_start", np.linspace(-2, 2, 201)))
    >>> rs.plot.cobweb(rs.simulate(net, inputs), rs.simulate(starts, inputs[:1], keep="final_state"))
    <Axes: xlabel='state at step k-1', ylabel='state at step k'>
    """
    state = checks.required(ds, "state", "step")
    if state.sizes.get("unit", 1) > 1:
        raise ValueError(f"state has {state.sizes['unit']} units, but a cobweb shows a map of one: choose, as in ds.isel(unit=0)")
    checks.few_lines(state, "step")
    after = None if curve is None else _one_axis(checks.required(curve, "final_state"))
    look = lines.looks(state, "step", color)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.6))
    entries = [] if after is None else ax.plot(*after, color="0.25", linewidth=2.0, zorder=1.5, label="map")
    for where, h in lines.each(state, "step"):
        corners = np.repeat(h, 2)
        style = {**look.of(where), "linewidth": 1.1}
        ax.plot(corners[:-1], corners[1:], **style)
        ax.plot(h[:1], h[:1], **lines.ring(style["color"]))
    ax.axline((0.0, 0.0), slope=1.0, color="0.6", linewidth=0.8, zorder=0.5)
    entries += [Line2D([], [], color="0.6", linewidth=0.8, label="diagonal"), Line2D([], [], label="start", **lines.ring("0.25"))]
    canvas.few_ticks(ax)
    ax.set(xlabel=f"{label(state)} at step k-1", ylabel=f"{label(state)} at step k")
    if legend:
        canvas.legend_beside(ax, lines.handles(state, look) + entries)
    return ax


def _one_axis(after: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """The starts in rising order and where the map takes them."""
    if after.ndim != 1:
        held = ", ".join(map(str, after.dims)) or "none"
        raise ValueError(f"final_state of the curve must have exactly one dimension, the starts, but it has {held}")
    starts = coordinate(after, str(after.dims[0]))
    order = np.argsort(starts.values)
    return starts[order], after[order]
