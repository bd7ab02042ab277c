"""Stability of fixed points: their multipliers on the complex plane, and the marks that say which kind a point is."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from rnnsim.checks.annotations import Flag
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.labels import coordinate, value_labels

REMEDY = "compute it with rs.fixed_points"
MARKS = {
    "stable": ("o", "full"),
    "saddle": ("D", "left"),
    "unstable": ("o", "none"),
    "marginal": ("s", "bottom"),
    "plateau": ("s", "none"),
}
OTHER = ("X", "full")


@checked()
@canvas.drawing
def multipliers(ds: xr.Dataset, *, color: str | None = None, legend: Flag = True, ax: Axes | None = None) -> Axes:
    """Draw the multipliers of fixed points on the complex plane, with the unit circle inside which they are stable.

    Parameters
    ----------
    ds : Dataset
        Holds `multiplier_real` and `multiplier_imag (…, point, mode)`, as `rs.fixed_points` returns it; `stability (…, point)`
        decides the mark, if it is there. Places without a point are nan.
    color : str, optional
        The dimension that decides the colour, by default the first axis, or else `point`.
    legend : bool, default True
        Whether to name colours and marks, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable or a dimension is missing, or if there is no finite multiplier.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.fixed_points : Compute fixed points and their multipliers.

    Examples
    --------
    >>> import rnnsim as rs
    >>> found = rs.fixed_points(rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5])))
    >>> rs.plot.multipliers(found, color="w_rec")
    <Axes: xlabel='real part of the multiplier', ylabel='imaginary part of the multiplier'>
    """
    real = checks.required(ds, "multiplier_real", "point", "mode", remedy=REMEDY)
    imag = checks.required(ds, "multiplier_imag", "point", "mode", remedy=REMEDY).transpose(*real.dims)
    if color is None:
        color = next((str(dim) for dim in real.dims if dim not in ("point", "mode") and real.sizes[dim] > 1), "point")
    checks.dimension(real, color, "color")
    known = np.isfinite(real.values) & np.isfinite(imag.values)
    if not known.any():
        raise ValueError("multiplier_real has no finite number to draw")
    kinds, names = _kinds(ds, real)
    order = real.dims.index(color)
    present = [i for i in range(real.sizes[color]) if known.take(i, axis=order).any()]
    colors = lines.palette(len(present))
    ax = canvas.axes(ax, (canvas.COLUMN, 2.8))
    ax.add_patch(Circle((0.0, 0.0), 1.0, facecolor="0.95", edgecolor="0.4", linewidth=1.0, zorder=0.4))
    canvas.zero_line(ax)
    ax.axvline(0.0, color="0.5", linewidth=0.8, zorder=0.5)
    for i, shade in zip(present, colors, strict=True):
        for kind, name in names.items():
            here = known.take(i, axis=order) & (kinds.take(i, axis=order) == kind)
            if here.any():
                ax.plot(real.values.take(i, axis=order)[here], imag.values.take(i, axis=order)[here], **mark(name, shade))
    ax.set(xlabel="real part of the multiplier", ylabel="imaginary part of the multiplier", aspect="equal")
    ax.autoscale_view()
    if legend:
        named = value_labels(coordinate(real, color))
        shown = [present[i] for i in lines.thinned(len(present))] if real.sizes[color] > 1 else []
        entries = [Line2D([], [], label=named[i], **mark("stable", colors[present.index(i)])) for i in shown]
        there = [name for kind, name in names.items() if name and (known & (kinds == kind)).any()]
        canvas.legend_beside(ax, [*entries, *stability_entries(there)])
    return ax


def mark(name: str, color: Any, size: float = 6.0) -> dict[str, Any]:
    """The keywords of the mark of a point of some stability."""
    marker, fill = MARKS.get(name, OTHER) if name else MARKS["stable"]
    style = {"linestyle": "none", "marker": marker, "fillstyle": fill, "color": color, "markersize": size}
    return {**style, "markeredgecolor": color, "markerfacecoloralt": "white", "markeredgewidth": 1.2}


def stability_entries(names: list[str]) -> list[Line2D]:
    """A legend's entries: one for each stability."""
    return [Line2D([], [], label=name, **mark(name, lines.NEUTRAL)) for name in names]


def flags(array: xr.DataArray) -> dict[int, str]:
    """What the numbers of a variable of flags mean."""
    meanings = str(array.attrs.get("flag_meanings", "")).split()
    values = np.atleast_1d(array.attrs.get("flag_values", np.arange(len(meanings))))
    return {int(value): name for value, name in zip(values, meanings, strict=False)}


def _kinds(ds: xr.Dataset, real: xr.DataArray) -> tuple[np.ndarray, dict[int, str]]:
    """The stability of every multiplier's point, and what its numbers mean; without it, all are 0."""
    if "stability" not in ds:
        return np.zeros(real.shape, int), {0: ""}
    wide = ds.stability.broadcast_like(real).transpose(*real.dims).values
    named = flags(ds.stability)
    unnamed = {int(value): "" for value in np.unique(wide[np.isfinite(wide)]) if int(value) not in named}
    return wide, {**named, **unnamed}
