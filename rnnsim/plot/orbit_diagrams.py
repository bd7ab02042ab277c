"""Orbit diagrams and Lyapunov spectra against a parameter."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rnnsim.checks.annotations import Flag, Real, Whole
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing import line_styles as lines
from rnnsim.plot.drawing.arguments import Panels, checked, count, panels
from rnnsim.plot.drawing.labels import coordinate, label

LOOKS: dict[str, tuple[str, float]] = {"down": ("#E69F00", 1.9), "up": ("#0072B2", 0.8)}  # the upper one leaves a rim of the other
DOT = 1.0  # points that a dot is wide
STAY = ("direction", "sample", "iterate", "point")
BAND = 0.25  # opacity
LOWER_LINE = 20  # characters that fit beside the lower panel


@checked()
@canvas.drawing
def orbit_diagram(ds: xr.Dataset, *, x: str | None = None, legend: Flag = True, size: Real = 1.0, ax: Axes | None = None) -> Axes:
    """Draw every state of the orbits as a dot above the value of the parameter, those of the way down under those of the way up.

    Dots are drawn as pixels in vector graphics, too.

    Parameters
    ----------
    ds : Dataset
        Holds `orbit (x, direction, sample, iterate)`, as `rs.orbit_diagram` returns it; direction and sample may be missing.
    x : str, optional
        The axis of the parameter, by default the only one.
    legend : bool, default True
        Whether to name the directions, on the right of the Axes, or below narrow ones.
    size : float, default 1.0
        The factor by which the size of the dots is multiplied.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If the variable or the axis is missing, or if there are further axes or several units.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.orbit_diagram : Compute the orbits.
    rnnsim.plot.orbit_diagram_with_exponents : The same above the Lyapunov exponents.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, 2.0, bias=rs.axis("bias_start", np.linspace(-1, 1, 9)), h0=-1.0)
    >>> rs.plot.orbit_diagram(rs.orbit_diagram(net, along="bias_start"))
    <Axes: xlabel='bias_start', ylabel='state in the long run'>
    """
    orbit = checks.required(ds, "orbit", "iterate", remedy="compute it with rs.orbit_diagram")
    orbit, x = _over_one_axis(orbit, x, [dim for dim in STAY if dim in orbit.dims])
    values = coordinate(orbit, x)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.4))
    entries = []
    directions = [str(name) for name in orbit.direction.values] if "direction" in orbit.dims else [""]
    for name in sorted(directions, key=lambda direction: direction != "down"):
        color, wide = LOOKS.get(name, (lines.NEUTRAL, DOT))
        part = orbit.sel(direction=name) if name else orbit
        states = part.transpose(x, ...).values.reshape(values.size, -1)
        style: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0.0, "color": color}
        ax.plot(np.repeat(values.values, states.shape[1]), states.ravel(), markersize=wide * float(size), rasterized=True, **style)
        entries.append(Line2D([], [], label=name, markersize=5.0, **style))
    ax.set(xlabel=label(values), ylabel=canvas.wrapped(ax, label(orbit)))
    ax.margins(x=0.01)
    if legend and directions != [""]:
        canvas.legend_beside(ax, entries[::-1])
    return ax


@checked(exponents=count)
@canvas.drawing
def spectrum(
    ds: xr.Dataset, *, x: str | None = None, exponents: Whole | None = None, legend: Flag = True, ax: Axes | None = None
) -> Axes:
    """Draw Lyapunov exponents against a parameter, one line each, with a line at 0 where stability ends.

    Exponents that are not finite, such as -inf, are left out.

    Parameters
    ----------
    ds : Dataset
        Holds `lyapunov_exponent (x, exponent)`, as `rs.lyapunov` returns it; with `lyapunov_error` too, a band of one standard
        error is drawn.
    x : str, optional
        The axis of the parameter, by default the only one.
    exponents : int, optional
        How many exponents to draw, the largest first, by default all.
    legend : bool, default True
        Whether to name the exponents, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If the variable or the axis is missing, or if there are further axes.
    TypeError
        If `ds` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.lyapunov : Compute the exponents.
    rnnsim.plot.orbit_diagram_with_exponents : The same below an orbit diagram.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, rs.axis("w_rec", np.linspace(-2, 2, 9)), h0=0.1)
    >>> rs.plot.spectrum(rs.lyapunov(net, steps=100)).get_xlabel()
    'recurrent weight'
    """
    remedy = "compute it with rs.lyapunov"
    spectra, x = _over_one_axis(checks.required(ds, "lyapunov_exponent", "exponent", remedy=remedy), x, ["exponent"])
    spectra = spectra.transpose(x, "exponent").isel(exponent=slice(exponents))
    checks.few_lines(spectra, x)
    values = coordinate(spectra, x).sortby(x)
    order = np.argsort(coordinate(spectra, x).values, kind="stable")
    finite = np.where(np.isfinite(spectra.values), spectra.values, np.nan)[order]
    error = ds["lyapunov_error"].transpose(x, "exponent").values[order] if "lyapunov_error" in ds else None
    ax = canvas.axes(ax, (canvas.COLUMN, 2.2))
    canvas.zero_line(ax)
    colors = lines.palette(finite.shape[1])
    dot = lines.dots(values.size)
    drawn = []
    for i in range(finite.shape[1] - 1, -1, -1):
        drawn += ax.plot(values, finite[:, i], color=colors[i], marker=dot, linewidth=1.4, label=f"exponent {i + 1}")
        if error is not None:
            ax.fill_between(
                values, finite[:, i] - error[:, i], finite[:, i] + error[:, i], color=colors[i], alpha=BAND, linewidth=0.0
            )
    ax.set(xlabel=label(values), ylabel=canvas.wrapped(ax, label(spectra)))
    ax.margins(x=0.01)
    if legend:
        band = [] if error is None else [Patch(facecolor=lines.NEUTRAL, alpha=BAND, linewidth=0.0, label="band: ± standard error")]
        canvas.legend_beside(ax, [*(drawn[::-1][i] for i in lines.thinned(len(drawn))), *band])
    return ax


@checked(ax=panels)
@canvas.drawing
def orbit_diagram_with_exponents(
    ds: xr.Dataset,
    exponents: xr.Dataset,
    *,
    x: str | None = None,
    count: Whole | None = 1,
    size: Real = 1.0,
    ax: Panels | None = None,
) -> np.ndarray:
    """Draw an orbit diagram with the Lyapunov exponents below, over the same values of the parameter.

    Parameters
    ----------
    ds : Dataset
        Orbits, as `orbit_diagram` takes them.
    exponents : Dataset
        Lyapunov exponents, as `spectrum` takes them, over the same axis.
    x : str, optional
        The axis of the parameter, by default the only one.
    count : int or None, default 1
        How many exponents to draw, the largest first, or None for all.
    size : float, default 1.0
        The factor by which the size of the dots is multiplied.
    ax : sequence of two Axes, optional
        The Axes to draw on, the upper one first, by default those of a new figure.

    Returns
    -------
    ndarray of Axes
        The Axes of the orbits and those of the exponents.

    Raises
    ------
    ValueError
        If `orbit_diagram` or `spectrum` would raise one, or if there are not two Axes.
    TypeError
        If an argument is of another type.

    See Also
    --------
    rnnsim.plot.orbit_diagram : The upper figure alone.
    rnnsim.plot.spectrum : The lower figure alone.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, rs.axis("w_rec", np.linspace(-2, 2, 9)), h0=0.1)
    >>> orbits, exponents = rs.orbit_diagram(net, along="w_rec"), rs.lyapunov(net, steps=100)
    >>> upper, lower = rs.plot.orbit_diagram_with_exponents(orbits, exponents)
    """
    if ax is None:
        ax = plt.subplots(2, 1, figsize=(canvas.COLUMN, 3.8), sharex=True, layout="constrained", height_ratios=(1.6, 1.0))[1]
    panels = np.asarray(ax, dtype=object).ravel()
    if len(panels) != 2:
        raise ValueError(f"ax has {len(panels)} Axes, but an orbit diagram with exponents needs 2")
    orbit_diagram(ds, x=x, size=size, ax=panels[0])
    spectrum(exponents, x=x, exponents=count, legend=bool(count != 1 or "lyapunov_error" in exponents), ax=panels[1])
    low = min(panel.get_xlim()[0] for panel in panels)
    high = max(panel.get_xlim()[1] for panel in panels)
    for panel in panels:
        panel.set_xlim(low, high)
    panels[0].set_xlabel("")
    panels[1].set_ylabel(canvas.wrapped(panels[1], label(exponents["lyapunov_exponent"]), LOWER_LINE))
    return panels


def _over_one_axis(array: xr.DataArray, x: str | None, stay: list[str]) -> tuple[xr.DataArray, str]:
    """The array over one axis and the dimensions that `stay`, and the name of the axis."""
    if x is None:
        free = [str(dim) for dim in array.dims if dim not in (*stay, "unit")]
        if not free:
            raise ValueError(f"{array.name} has no axis, but the figure needs one: give a parameter an axis, as rs.axis makes it")
        x = free[0]
    checks.dimension(array, x, "x")
    if array.sizes.get("unit") == 1:
        array = array.isel(unit=0)
    array = checks.only(array, x, *stay)
    values = coordinate(array, x)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"the figure needs numbers along {x}, but its coordinate holds {values.dtype.name}")
    return array.assign_coords({x: values}), x
