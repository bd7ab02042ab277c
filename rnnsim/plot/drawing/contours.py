"""The parts of a surface's figure: filled contours, cells without a finite value, marked points and the colour bar."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap
from matplotlib.contour import QuadContourSet
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, Rectangle

from rnnsim.plot.drawing import canvas
from rnnsim.plot.drawing.arguments import Points, Window
from rnnsim.plot.drawing.colour_scales import Scale
from rnnsim.plot.drawing.grids import inside, strided
from rnnsim.plot.drawing.labels import LINE, label, texts
from rnnsim.plot.drawing.line_styles import PALETTE

MARKERS = "os^DvPX*"
NOT_FINITE = "0.62"


def part(surface: xr.DataArray, window: Window | None) -> xr.DataArray:
    """The part of a surface over (y, x) that a window shows."""
    for dim, limits in zip(reversed(surface.dims), window or (), strict=False):
        surface = inside(surface, str(dim), limits)
    return surface


def fill(ax: Axes, surface: xr.DataArray, colors: Scale, window: Window | None, cmap: str | Colormap) -> tuple[QuadContourSet, int]:
    """Draw contours in the limits of the window, grey where a cell is not finite; return them and how many cells are grey."""
    y, x = map(str, surface.dims)
    seen, lost = strided(surface)
    at, up = seen[x].values, seen[y].values
    filled = ax.contourf(
        at, up, np.ma.masked_where(lost, seen.values), levels=colors.levels, norm=colors.norm, cmap=cmap, extend=colors.extend
    )
    (x0, x1), (y0, y1) = window or ((at[0], at[-1]), (up[0], up[-1]))
    ax.set(xlabel=label(seen[x]), ylabel=label(seen[y]), xlim=(x0, x1), ylim=(y0, y1))
    canvas.few_ticks(ax)
    if lost.any():
        corner, width, height = (at[0], up[0]), at[-1] - at[0], up[-1] - up[0]
        ax.add_patch(Rectangle(corner, width, height, facecolor=NOT_FINITE, linewidth=0, zorder=0))
    return filled, int(np.count_nonzero(~np.isfinite(surface.values)))


def grey_entry(cells: int) -> list[Artist]:
    """The legend's entry for so many cells that are not finite, if there are any."""
    return [Patch(facecolor=NOT_FINITE, label=f"not finite ({cells} cell{'s' * (cells > 1)})")] if cells else []


def mark(ax: Axes, points: Points) -> list[Artist]:
    """Mark the points that the Axes show, and return them."""
    (x0, x1), (y0, y1) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    marks: list[Artist] = []
    for i, (px, py) in enumerate(points):
        if x0 <= px <= x1 and y0 <= py <= y1:
            style: dict[str, Any] = {
                "color": PALETTE[i % len(PALETTE)],
                "marker": MARKERS[i % len(MARKERS)],
                "linestyle": "none",
            }
            text = f"({', '.join(texts([float(px), float(py)]))})"
            marks += ax.plot(px, py, markersize=6, markeredgecolor="white", clip_on=False, zorder=3, label=text, **style)
    return marks


def colour_bar(
    filled: QuadContourSet | AxesImage | QuadMesh,
    colors: Scale,
    title: str,
    ax: Axes | list[Axes],
    line: int = LINE,
    **shape: float,
) -> None:
    """A colour bar beside the Axes, in matplotlib's `fraction` and `aspect`, with a title in lines of so many letters."""
    first = ax[0] if isinstance(ax, list) else ax
    rows = len({round(panel.get_position().y0, 2) for panel in ax}) if isinstance(ax, list) else 1
    look: dict[str, Any] = {"spacing": "proportional", "extend": colors.extend, "aspect": 20.0 * rows, **shape}
    bar = first.figure.colorbar(filled, ax=ax, label=canvas.wrapped(first, title, line), **look)
    bar.set_ticks(colors.ticks.tolist(), labels=colors.texts)
    bar.minorticks_off()
