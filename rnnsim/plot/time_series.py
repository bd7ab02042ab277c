"""What happens over the steps: states as they unfold and gradients as they are propagated back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnsim.checks.annotations import Flag, Real, Whole
from rnnsim.checks.showing import shown
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.labels import coordinate, label, name, value_labels
from rnnsim.plot.drawing.symlog import symlog

GREY = "0.55"


@checked()
@canvas.drawing
def trajectories(
    ds: xr.Dataset,
    *,
    variable: str = "state",
    x: str = "step",
    color: str | None = None,
    linewidth: str | None = None,
    samples: Sequence[Whole] | np.ndarray | None = None,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw states against the step, one line for each point of the family, with the input in grey on a twin axis.

    All dimensions (axes, `sample`, `unit`) beyond those of colour and width become more lines: the first of them with two to four
    values is told apart by its dashes, the rest look alike.

    Parameters
    ----------
    ds : Dataset
        Holds `state (…, step)` and, for the twin axis, `input (…, step)`, as `rs.simulate` returns them.
    variable : str, default "state"
        What is drawn instead of `state`, such as "output" or "cell_state".
    x : str, default "step"
        The dimension along which lines run.
    color : str, optional
        The dimension that decides the colour, by default the first but `sample`.
    linewidth : str, optional
        The dimension that decides the width of the lines.
    samples : sequence of int, optional
        Positions of the samples to draw, such as [0, 3] or range(5), by default all.
    legend : bool, default True
        Whether to name the values, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes of the states.

    Raises
    ------
    ValueError
        If the variable or a dimension is missing, if a sample is not there, or if there are more than 200 lines.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.simulate : Compute states.
    rnnsim.plot.phase_portrait : The same without their time.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]), h0=rs.axis("h0", [0.1, 2.0]))
    >>> run = rs.simulate(net, np.full(10, 0.5), keep=("state", "input"))
    >>> rs.plot.trajectories(run, color="w_rec", linewidth="h0")
    <Axes: xlabel='step', ylabel='state'>
    """
    ds = _chosen(ds, samples)
    array = checks.required(ds, variable, x)
    checks.few_lines(array, x)
    look = lines.looks(array, x, color, linewidth)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.2))
    at = coordinate(array, x)
    for where, line in lines.each(array, x):
        style = look.of(where)
        ax.plot(at, line, zorder=2.0 + 0.1 / style["linewidth"], **style)  # thin lines over thick ones
    ax.set(xlabel=label(at), ylabel=canvas.wrapped(ax, label(array)))
    if x == "step":
        canvas.whole_steps(ax)
    grey = _input_behind(ax, ds["input"], x) if "input" in ds.variables and x in ds["input"].dims else []
    if legend:
        canvas.legend_beside(ax, lines.handles(array, look) + grey, past_twin=bool(grey))
    return ax


@checked()
@canvas.drawing
def gradient_over_steps(
    ds: xr.Dataset,
    *,
    variable: str = "grad_state",
    color: str | None = None,
    absolute: Flag = False,
    backwards: Flag = True,
    linthresh: Real | None = None,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a gradient against the step on a symlog axis, by default from the last step on the left back to the first.

    Parameters
    ----------
    ds : Dataset
        Holds `grad_state (…, step)`, as `rs.backprop` returns it. A `sample` dimension is summed over, and the label says so.
    variable : str, default "grad_state"
        What is drawn instead of `grad_state`, such as "grad_preactivation" or "grad_input".
    color : str, optional
        The dimension that decides the colour, by default the first. Further dimensions become more lines.
    absolute : bool, default False
        Whether to draw the absolute value.
    backwards : bool, default True
        Whether the step falls from left to right, as back-propagation goes.
    linthresh : float, optional
        Where the axis turns linear around 0, by default the power of ten below the smallest gradient that is not 0.
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
        If the variable or a dimension is missing, or if there are more than 200 lines.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.backprop : Compute gradients.
    rnnsim.plot.singular_values : How far gradients reach, without a cost.

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.5]), activation="linear")
    >>> run = rs.backprop(net, rs.tasks.counting(), keep="grad_state")
    >>> ax = rs.plot.gradient_over_steps(run, color="w_rec")
    >>> ax.get_xlabel()
    'step'
    """
    array = checks.required(ds, variable, "step")
    text = label(array)
    if "sample" in array.dims:
        # skipna would turn a gradient that does not exist into a 0
        array = array.sum("sample", skipna=False, keep_attrs=True)
        text += "\nsummed over samples"
    text = f"|{text}|" if absolute else text
    checks.few_lines(array, "step")
    look = lines.looks(array, "step", color)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.2))
    at = coordinate(array, "step")
    for where, line in lines.each(array, "step"):
        ax.plot(at, np.abs(line) if absolute else line, marker=lines.dots(array.sizes["step"]), **look.of(where))
    symlog(ax, np.abs(array.values) if absolute else array.values, None if linthresh is None else float(linthresh))
    canvas.zero_line(ax)
    canvas.whole_steps(ax)
    ax.xaxis.set_inverted(bool(backwards))
    ax.set(xlabel=label(at), ylabel=text.replace(label(array), canvas.wrapped(ax, label(array))))
    if legend:
        canvas.legend_beside(ax, lines.handles(array, look))
    return ax


def _chosen(ds: xr.Dataset, samples: Any) -> xr.Dataset:
    """The samples to draw."""
    if samples is None:
        return ds
    if "sample" not in ds.dims:
        raise ValueError(f"samples={shown(samples)} needs a dimension sample, but the Dataset has {', '.join(map(str, ds.dims))}")
    places = np.asarray(samples)
    if places.ndim == 0:
        raise ValueError(
            f"samples was given as {shown(samples)}; it needs positions, such as [1] for sample 1, or range(3) for three of them"
        )
    if not ((-ds.sizes["sample"] <= places) & (places < ds.sizes["sample"])).all():
        raise ValueError(f"samples was given as {shown(samples)}; it needs positions among {ds.sizes['sample']} samples")
    return ds.isel(sample=places)


def _input_behind(ax: Axes, inputs: xr.DataArray, x: str) -> list[Line2D]:
    """Draw the input in grey on a twin axis; its features differ by their dashes."""
    checks.few_lines(inputs, x)
    features = [dim for dim in inputs.dims if dim == "input"]
    look = lines.Looks(inputs.sizes, lines.SOLID)
    twin = canvas.twin_behind(ax, GREY)
    for where, line in lines.each(inputs, x):
        pattern = lines.SOLID[where.get("input", 0) % len(lines.SOLID)]
        twin.plot(coordinate(inputs, x), line, **{**look.of(where), "color": GREY, "linewidth": 1.2, "linestyle": pattern})
    twin.set_ylabel(canvas.wrapped(ax, label(inputs)))
    names = value_labels(coordinate(inputs, "input")) if features else [name(inputs)]
    shown = range(min(len(names), len(lines.SOLID)))
    return [Line2D([], [], color=GREY, linewidth=1.2, linestyle=lines.SOLID[i], label=names[i]) for i in shown]
