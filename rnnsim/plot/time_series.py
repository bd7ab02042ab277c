"""What happens over the steps: states as they unfold and gradients as they are propagated back."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

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
    samples: Sequence[int] | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw states against the step, one line for each point of the family, with the input in grey on a twin axis.

    Parameters
    ----------
    ds : Dataset with `state (…, step)` and, for the twin axis, `input (…, step)`
    variable : what is drawn instead of `state`, such as `"output"` or `"cell_state"`
    x : the dimension along which lines run
    color, linewidth : the dimensions that decide colour and width; colour is by default the first but `sample`.
        All further dimensions (axes, `sample`, `unit`) become more lines: the first of them with two to four values
        is told apart by its dashes, the rest look alike.
    samples : positions of the samples to draw, such as [0, 3] or range(5), by default all
    legend : whether to name the values, on the right of the Axes, or below narrow ones
    ax : Axes to draw on, by default those of a new figure

    Returns the Axes of the states. Raises ValueError if the variable or a dimension is missing, or for more than 200 lines.

    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]), h0=rs.axis("h0", [0.1, 2.0]))
    >>> run = rs.simulate(net, np.full(10, 0.5), keep=("state", "input"))
    >>> rs.plot.trajectories(run, color="w_rec", linewidth="h0")
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
    absolute: bool = False,
    backwards: bool = True,
    linthresh: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a gradient against the step on a symlog axis, by default from the last step on the left back to the first.

    Parameters
    ----------
    ds : Dataset with `grad_state (…, step)`; a `sample` dimension is summed over, and the label says so
    variable : what is drawn instead of `grad_state`, such as `"grad_preactivation"` or `"grad_input"`
    color : the dimension that decides the colour, by default the first; further dimensions become more lines
    absolute : whether to draw the absolute value
    backwards : whether the step falls from left to right, as back-propagation goes
    linthresh : where the axis turns linear around 0, by default the power of ten below the smallest gradient that is not 0
    legend : whether to name the values, on the right of the Axes, or below narrow ones
    ax : Axes to draw on, by default those of a new figure

    Returns the Axes. Raises ValueError if the variable or a dimension is missing, or for more than 200 lines.

    >>> run = rs.backprop(net, task.inputs, task.targets, keep="grad_state")
    >>> rs.plot.gradient_over_steps(run, color="w_rec")
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
    symlog(ax, np.abs(array.values) if absolute else array.values, linthresh)
    canvas.zero_line(ax)
    canvas.whole_steps(ax)
    ax.xaxis.set_inverted(backwards)
    ax.set(xlabel=label(at), ylabel=text.replace(label(array), canvas.wrapped(ax, label(array))))
    if legend:
        canvas.legend_beside(ax, lines.handles(array, look))
    return ax


def _chosen(ds: xr.Dataset, samples: Sequence[int] | None) -> xr.Dataset:
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
