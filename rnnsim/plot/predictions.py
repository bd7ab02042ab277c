"""Predictions against the data that they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from rnnsim.checks.annotations import Flag, Numbers
from rnnsim.checks.arguments import to_array
from rnnsim.checks.showing import shown
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import checked, labelled
from rnnsim.plot.drawing.labels import coordinate, label


@checked(data=labelled)
@canvas.drawing
def predictions(
    predicted: xr.DataArray | Mapping[str, xr.DataArray],
    data: xr.DataArray,
    *,
    time: Numbers | Sequence[Any] | None = None,
    line: Flag | None = None,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw predictions as coloured lines over data in grey.

    Outputs of `rs.simulate` at steps 0…T beside T targets are drawn from step 1 on, since the start has no output.

    Parameters
    ----------
    predicted : DataArray or mapping of str to DataArray
        Predictions over the dimension of `data`, or several by their names.
    data : DataArray
        Data over one dimension, such as `sample` or `time`. Values that are nan leave a gap.
    time : str or array_like, optional
        What stands on x: the name of a coordinate of `data`, or as many values or dates as it has; by default the coordinate of its
        dimension.
    line : bool, optional
        Whether data are a line and not dots, by default where there is such a coordinate.
    legend : bool, default True
        Whether to name the lines, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If there are further dimensions, or if lengths or coordinates differ.
    TypeError
        If an array has no labels, or if an argument is of another type.

    See Also
    --------
    rnnsim.simulate : Compute outputs.
    rnnsim.tasks.Scaling : Bring standardised predictions back.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.counting()
    >>> run = rs.simulate(rs.Elman(1.0, 0.9, activation="linear"), task.inputs, keep="output")
    >>> rs.plot.predictions({"Elman": run.output.isel(step=-1)}, task.targets)
    <Axes: xlabel='sample', ylabel='number of ones'>
    """
    dim = _dimension(data)
    data = checks.only(data, dim)
    named = {key: array.rename(key) for key, array in dict(cast(Mapping[str, xr.DataArray], predicted)).items()}
    data = _at_steps(data, list(named.values()), dim)
    drawn = {key: _matched(array, data, dim) for key, array in named.items()}
    line = (time is not None or dim in data.coords) if line is None else line
    at = _positions(data, dim, time)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.2))
    style = {"linewidth": 2.2} if line else {"linestyle": "none", "marker": "o", "markersize": 4.0}
    entries = ax.plot(at.values, *_line(data, dim), color="0.6" if line else lines.NEUTRAL, label="data", **style)
    look = lines.Looks({dim: len(drawn)}, lines.SOLID, dim)
    for i, (key, array) in enumerate(drawn.items()):
        entries += ax.plot(at.values, *_line(array, dim), label=key, **look.of({dim: i}) | {"linewidth": 1.4})
    if at.dtype.kind == "M" or isinstance(next(iter(at.values), None), date):
        canvas.dates(ax)
    elif at.dtype.kind in "iu":
        canvas.whole_steps(ax)
    ax.set(xlabel=label(at), ylabel=canvas.wrapped(ax, label(data)))
    if legend:
        canvas.legend_beside(ax, entries)
    return ax


def _dimension(data: xr.DataArray) -> str:
    """The dimension along which lines run."""
    if not data.ndim:
        raise ValueError("data is one number, but predictions need a dimension to run along")
    return "sample" if "sample" in data.dims else str(data.dims[0])


def _with_start(array: xr.DataArray, data: xr.DataArray, dim: str) -> bool:
    """Whether an array has the start, at step 0, and then a step for each of the data."""
    if dim != "step" or array.sizes.get(dim) != data.sizes[dim] + 1:
        return False
    return dim not in array.coords or int(array[dim][0]) == 0


def _at_steps(data: xr.DataArray, predicted: list[xr.DataArray], dim: str) -> xr.DataArray:
    """Targets of T steps at the steps 1…T of outputs that begin with the start."""
    outputs = [array for array in predicted if _with_start(array, data, dim)]
    if not outputs:
        return data
    steps = coordinate(outputs[0], dim)[1:]
    return data.drop_vars(dim, errors="ignore").assign_coords({dim: (dim, steps.values, steps.attrs)})


def _matched(array: xr.DataArray, data: xr.DataArray, dim: str) -> xr.DataArray:
    """A prediction, which must stand where the data do."""
    checks.dimension(array, dim, "a prediction")
    array = checks.only(array, dim)
    if _with_start(array, data, dim):
        array = array.isel({dim: slice(1, None)})
    if array.sizes[dim] != data.sizes[dim]:
        raise ValueError(f"{array.name} has {array.sizes[dim]} values along {dim}, but data has {data.sizes[dim]}")
    if dim in array.coords and dim in data.coords and not array.indexes[dim].equals(data.indexes[dim]):
        raise ValueError(f"{array.name} and data differ in their {dim}: give both the same, as in predicted.reindex_like(data)")
    return array


def _positions(data: xr.DataArray, dim: str, time: Any) -> xr.DataArray:
    """What stands on x."""
    if time is None:
        return coordinate(data, dim)
    if isinstance(time, str):
        if time not in data.coords:
            raise ValueError(f"data has no coordinate {shown(time)}, but {', '.join(map(str, data.coords)) or 'none'}")
        named: xr.DataArray = data.coords[time]
        return named
    at = time if isinstance(time, xr.DataArray) else xr.DataArray(to_array("time", time), name="time")
    if at.shape != data.shape:
        raise ValueError(f"time has the shape {at.shape}, but data has {data.shape}")
    return at


def _line(array: xr.DataArray, dim: str) -> list[np.ndarray]:
    return [values for _, values in lines.each(array, dim)]
