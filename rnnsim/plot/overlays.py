"""Curves that are laid over a figure that is there already."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from rnnsim.checks.annotations import Flag
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.labels import label


@checked()
@canvas.drawing
def curves(
    ds: xr.Dataset,
    *,
    x: str,
    y: str,
    name: str | None = None,
    legend: Flag = True,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw one variable against another as curves, such as bifurcations over a cost surface, in the limits that the Axes have.

    A curve runs along the first dimension of x, or of y if x has none. Each place on further dimensions is a curve more, and nan
    leaves a gap.

    Parameters
    ----------
    ds : Dataset
        Holds `x` and `y`, one of which has at least one dimension.
    x : str
        The variable or coordinate that runs to the right.
    y : str
        The variable or coordinate that runs up.
    name : str, optional
        What the legend calls the curves, by default the long name of y.
    legend : bool, default True
        Whether to add the curves to the legend below the Axes.
    ax : Axes, optional
        The Axes to draw on, whose limits stay; by default those of a new figure.
    **style : object
        Options of matplotlib's lines, such as `color`, `linestyle`, `linewidth` and `marker`.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable is missing or has no dimension.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.plot.cost_surface : A figure to draw curves over.
    rnnsim.bifurcations : Bifurcations, which such curves show.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs, xarray as xr
    >>> w_rec = xr.DataArray(np.linspace(1, 4, 50), dims="w_rec", name="w_rec")
    >>> bias = np.sqrt(w_rec * (w_rec - 1)) - np.arccosh(np.sqrt(w_rec))
    >>> folds = xr.Dataset({"bias": bias, "w_rec": w_rec})
    >>> rs.plot.curves(folds, x="bias", y="w_rec", name="fold")
    <Axes: xlabel='bias', ylabel='recurrent weight'>
    """
    remedy = "name variables or coordinates that it has"
    across, up = checks.required(ds, x, remedy=remedy), checks.required(ds, y, remedy=remedy)
    dims = [str(dim) for dim in (*across.dims, *up.dims)]
    if not dims:
        raise ValueError(f"{x} and {y} have no dimension, but a curve needs one to run along")
    across, up = (array.transpose(dims[0], ...) for array in xr.broadcast(across, up))
    checks.few_lines(up, dims[0])
    given, fresh = ax, ax is None
    ax = canvas.axes(ax, (canvas.COLUMN, 2.7))
    limits = ax.get_xlim(), ax.get_ylim()
    size = across.sizes[dims[0]]
    look: dict[str, Any] = {"color": "black", "linewidth": 1.4} if given is not None else {}
    up_columns = up.values.reshape(size, -1).T
    drawn = [ax.plot(h, v, **{**look, **style})[0] for h, v in zip(across.values.reshape(size, -1).T, up_columns, strict=True)]
    if fresh:
        ax.set(xlabel=label(ds[x]), ylabel=label(ds[y]))
    else:
        ax.set(xlim=limits[0], ylim=limits[1])
    drawn[0].set_label(name or label(ds[y]))
    if legend and np.isfinite(up_columns).any():
        canvas.legend_below(ax, [*canvas.entries(ax), drawn[0]])
    return ax
