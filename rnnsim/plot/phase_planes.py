"""The plane of two units: where their states go, where one of them stands still, fixed points and the directions of their manifolds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnsim.checks.annotations import Flag
from rnnsim.plot.drawing import canvas, checks
from rnnsim.plot.drawing.arguments import checked, dataset
from rnnsim.plot.drawing.labels import name
from rnnsim.plot.stability import flags, mark, stability_entries

ARROWS = 21  # a side
NULLCLINES = ("#009E73", "#CC79A7")
STABLE, UNSTABLE = "#0072B2", "#D55E00"  # directions in which orbits come and go
SHARE = 0.09  # of the plane's width that a direction is long, from the point


class Field(NamedTuple):
    """The values of the two states along the sides of a grid, and their increments over (first, second, unit)."""

    sides: tuple[np.ndarray, np.ndarray]
    increment: np.ndarray


@checked(points=dataset)
@canvas.drawing
def phase_plane(
    ds: xr.Dataset,
    points: xr.Dataset | None = None,
    *,
    arrows: Flag = True,
    directions: Flag = True,
    legend: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw where two units go: arrows of one step, nullclines, fixed points with their stability and the directions of their manifolds.

    A nullcline is where a step leaves one of the units as it is; fixed points are where nullclines meet.

    Parameters
    ----------
    ds : Dataset
        Holds `state` and `increment (x, y, step, unit)` of two units that start on a grid: one axis of h0 moves the first unit, the
        other the second. The first step is drawn.
    points : Dataset, optional
        Fixed points, `state (point, unit)`, as `rs.fixed_points` returns them, perhaps with `stability`.
    arrows : bool, default True
        Whether to draw the direction of a step, at up to 21 × 21 places. All arrows are of one length.
    directions : bool, default True
        Whether to draw the eigenvectors of real multipliers at the points: towards the point where orbits come closer, away from it
        where they leave. They come from the differences of the increments on the grid; networks with a cell state have others.
    legend : bool, default True
        Whether to name everything, on the right of the Axes, or below narrow ones.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure. Draw `basins` on it before to see them behind.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If a variable or a dimension is missing, if there are not two units, or if the starts are no grid.
    TypeError
        If `ds` or `points` is no Dataset, or if an argument is of another type.

    See Also
    --------
    rnnsim.fixed_points : Compute the fixed points.
    rnnsim.plot.basins : Where the starts of the plane end.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs, xarray as xr
    >>> net, side = rs.Elman(np.zeros((2, 1)), 1.5 * np.eye(2)), np.linspace(-1, 1, 11)
    >>> h0 = rs.vary(rs.vary(np.zeros(2), 0, rs.axis("first", side)), 1, rs.axis("second", side))
    >>> run = rs.simulate(net.replace(h0=h0), np.zeros((1, 1)), keep=("state", "increment"))
    >>> origin = xr.Dataset({"state": (("point", "unit"), [[0.0, 0.0]])})
    >>> rs.plot.phase_plane(run, origin)
    <Axes: xlabel='state of unit 0', ylabel='state of unit 1'>
    """
    field = _field(ds)
    found = None if points is None else _points(points)
    ax = canvas.axes(ax, (canvas.COLUMN, 2.8))
    entries: list[Line2D] = []
    (u, v), step = field.sides, field.increment
    if arrows:
        _arrows(ax, field)
    for i, color in enumerate(NULLCLINES):
        if (step[..., i].min() < 0.0) and (step[..., i].max() > 0.0):
            ax.contour(u, v, step[..., i].T, levels=[0.0], colors=[color], linewidths=1.5, linestyles="-")
            entries.append(Line2D([], [], color=color, linewidth=1.5, label=f"unit {i} stands still"))
    if found is not None:
        entries += _directions(ax, field, found.state.values) if directions else []
        entries += _mark_points(ax, found)
    ax.set(xlim=(u[0], u[-1]), ylim=(v[0], v[-1]), xlabel=f"{name(ds.state)} of unit 0", ylabel=f"{name(ds.state)} of unit 1")
    if legend:
        behind = canvas.entries(ax)
        canvas.legend_beside(ax, [*behind, *entries])
    return ax


def _field(ds: xr.Dataset) -> Field:
    """The increments of the first step over the starts, both in rising order."""
    remedy = 'compute it with rs.simulate(…, keep=("state", "increment"))'
    state = checks.required(ds, "state", "step", "unit", remedy=remedy)
    increment = checks.required(ds, "increment", "step", "unit", remedy=remedy)
    if state.sizes["unit"] != 2:
        raise ValueError(f"state has {state.sizes['unit']} units, but a plane shows 2: choose, as in ds.isel(unit=[0, 1])")
    if increment.sizes["step"] < 2:
        raise ValueError("increment has no step after the start, but a plane shows the first: simulate a step or more")
    grid = [str(dim) for dim in state.dims if dim not in ("step", "unit")]
    if len(grid) != 2:
        held = ", ".join(grid) or "none"
        raise ValueError(
            f"state has the axes {held}, but a plane needs two, of the starts of its two units: choose, as in ds.isel(…)"
        )
    start = state.isel(step=0).transpose(*grid, "unit").values
    if not np.allclose(start[..., 0], start[:, :1, 0], rtol=0.0, atol=1e-12):
        grid, start = grid[::-1], start.transpose(1, 0, 2)
    sides = start[:, 0, 0], start[0, :, 1]
    if (
        not (
            np.array_equal(start[..., 0], np.broadcast_to(sides[0][:, None], start.shape[:2]))
            and np.array_equal(start[..., 1], np.broadcast_to(sides[1], start.shape[:2]))
        )
        or min(start.shape[:2]) < 3
    ):
        raise ValueError("the starts are no grid: a plane needs one axis of h0 for each of its units, with at least 3 values")
    order = [np.argsort(side) for side in sides]
    steps = increment.isel(step=1).transpose(*grid, "unit").values[np.ix_(*order)]
    return Field((sides[0][order[0]], sides[1][order[1]]), steps)


def _points(points: xr.Dataset) -> xr.Dataset:
    """The points that there are, with their stability, if it is known."""
    state = checks.only(
        checks.required(points, "state", "point", "unit", remedy="compute it with rs.fixed_points"), "point", "unit"
    )
    if state.sizes["unit"] != 2:
        raise ValueError(f"the points have {state.sizes['unit']} units, but a plane shows 2")
    kept = points[[name for name in ("state", "stability") if name in points]]
    return kept.isel(point=np.flatnonzero(np.isfinite(state.values).all(axis=1))).transpose("point", ...)


def _arrows(ax: Axes, field: Field) -> None:
    """Arrows of one length in the direction of the increments."""
    rows, columns = (np.unique(np.linspace(0, side.size - 1, min(side.size, ARROWS)).round().astype(int)) for side in field.sides)
    u, v = field.sides[0][rows], field.sides[1][columns]
    step = field.increment[np.ix_(rows, columns)]
    length = np.hypot(step[..., 0], step[..., 1])
    unit = step / np.where(length > 0.0, length, np.inf)[..., None]
    style: dict[str, Any] = {"color": "0.72", "pivot": "mid", "angles": "xy", "width": 0.0028, "scale": 1.4 * ARROWS, "zorder": 1.2}
    ax.quiver(u, v, unit[..., 0].T, unit[..., 1].T, **style)


def jacobian(field: Field, state: np.ndarray) -> np.ndarray:
    """The Jacobian of a step at a state inside the grid, from central differences of the increments, interpolated; nan outside."""
    found = np.eye(2)
    places = []
    for side, value in zip(field.sides, state, strict=True):
        i = int(np.clip(np.searchsorted(side, value) - 1, 0, side.size - 2))
        places.append((i, (value - side[i]) / (side[i + 1] - side[i])))
    (i, a), (j, b) = places
    if not (0.0 <= a <= 1.0 and 0.0 <= b <= 1.0):
        return np.full((2, 2), np.nan)
    for column in range(2):
        slope = np.gradient(field.increment, field.sides[column], axis=column, edge_order=2)
        corners = slope[i : i + 2, j : j + 2]
        found[:, column] += np.einsum("i,j,ijk->k", [1.0 - a, a], [1.0 - b, b], corners)
    return found


def _directions(ax: Axes, field: Field, states: np.ndarray) -> list[Line2D]:
    """Arrows along the eigenvectors of real multipliers, and their legend."""
    spans = np.array([side[-1] - side[0] for side in field.sides])
    drawn = set()
    for state in states:
        found = jacobian(field, state)
        if not np.isfinite(found).all():
            continue
        values, vectors = np.linalg.eig(found)
        if np.iscomplexobj(values) or abs(values[0] - values[1]) < 1e-3:
            continue
        for value, vector in zip(values, vectors.T, strict=True):
            comes = abs(value) < 1.0
            reach = SHARE * vector / np.linalg.norm(vector / spans)
            for end in (state + reach, state - reach):
                ends = (end, state + 0.25 * (end - state)) if comes else (state, end)
                arrow = {"arrowstyle": "-|>", "color": STABLE if comes else UNSTABLE, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
                drawn_arrow = ax.annotate("", xy=tuple(ends[1]), xytext=tuple(ends[0]), arrowprops=arrow, zorder=2.5)
                if drawn_arrow.arrow_patch is not None:
                    drawn_arrow.arrow_patch.set_clip_path(ax.patch)
            drawn.add(comes)
    words = {True: "orbits come", False: "orbits leave"}
    return [Line2D([], [], color=STABLE if c else UNSTABLE, linewidth=1.4, label=words[c]) for c in (True, False) if c in drawn]


def _mark_points(ax: Axes, found: xr.Dataset) -> list[Line2D]:
    """Marks of the points' stability, and their legend."""
    states = found.state.transpose("point", "unit").values
    if "stability" not in found:
        ax.plot(*states.T, zorder=3.0, **mark("", "black", 7.0))
        return [Line2D([], [], label="fixed point", **mark("", "black"))]
    named = flags(found.stability)
    kinds = [named.get(int(kind), "") for kind in found.stability.values]
    for state, kind in zip(states, kinds, strict=True):
        ax.plot(*state, zorder=3.0, **mark(kind, "black", 7.0))
    return stability_entries([kind for kind in named.values() if kind in kinds])
