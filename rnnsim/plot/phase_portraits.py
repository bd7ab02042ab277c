"""Trajectories without their time: phase portraits and cobwebs."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.labels import coordinate, label


@checked()
@canvas.drawing
def phase_portrait(ds: xr.Dataset, *, color: str | None = None, legend: bool = True, ax: Axes | None = None) -> Axes:
    """Draw increments against states, one curve for each point of the family, with its start marked by a ring.

    Parameters
    ----------
    ds : Dataset with `state (…, step)` and `increment (…, step)`. Step k stands at (state[k], state[k] - state[k-1]);
        the start has made no step yet and stands at (state[0], 0).
    color : the dimension that decides the colour, by default the first; further dimensions become more curves
    legend : whether to name the values, on the right of the Axes, or below narrow ones
    ax : Axes to draw on, by default those of a new figure

    Returns the Axes. Raises ValueError if a variable or dimension is missing, or for more than 200 curves.

    >>> rs.plot.phase_portrait(rs.simulate(net, inputs, keep=("state", "increment")), color="w_rec")
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
    ds: xr.Dataset, curve: xr.Dataset | None = None, *, color: str | None = None, legend: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw the staircase of a scalar map, h[k] against h[k-1], with the diagonal and the curve of the map.

    Parameters
    ----------
    ds : Dataset with `state (…, step)` of one unit; every point of the family is one staircase
    curve : Dataset with `final_state` over exactly one axis, whose coordinate holds the starts h[k-1]
    color : the dimension that decides the colour, by default the first
    legend : whether to name the values, on the right of the Axes, or below narrow ones
    ax : Axes to draw on, by default those of a new figure

    Returns the Axes. Raises ValueError if a variable or dimension is missing, if there is more than one unit or if the curve
    has not exactly one axis.

    >>> run = rs.simulate(net, inputs)
    >>> starts = net.replace(h0=rs.axis("h0_start", np.linspace(-2, 2, 201)))
    >>> rs.plot.cobweb(run, rs.simulate(starts, inputs[:1], keep="final_state"))
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
