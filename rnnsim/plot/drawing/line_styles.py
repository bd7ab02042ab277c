"""The lines of a family: one a point, sample and unit, and the colours, widths and dashes that tell them apart."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.lines import Line2D

from rnnsim.plot.drawing import checks
from rnnsim.plot.drawing.labels import coordinate, value_labels

# Okabe and Ito (2008), safe for the colour-blind; without the yellow, which is lost on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SOLID: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
NEUTRAL = "0.25"
MOST_DOTS = 60  # points of a line that are marked one by one
MOST_ENTRIES = 8  # of one dimension in a legend

Where = Mapping[Hashable, int]


class Looks(NamedTuple):
    """Which dimension decides the colour, the width and the dashes of a line."""

    sizes: Mapping[Hashable, int]
    patterns: tuple[Any, ...]
    color: str | None = None
    linewidth: str | None = None
    dashes: str | None = None
    colors: Callable[[int], list[Any]] = lambda count: palette(count)

    def of(self, where: Where) -> dict[str, Any]:
        """The keywords of the line that stands at `where`."""
        return {
            "color": self.colors(self.sizes.get(self.color, 1))[where.get(self.color, 0)],
            "linewidth": widths(self.sizes.get(self.linewidth, 1))[where.get(self.linewidth, 0)],
            "linestyle": self.patterns[where.get(self.dashes, 0)],
        }


def looks(
    array: xr.DataArray, along: str, color: str | None, linewidth: str | None = None, patterns: tuple[Any, ...] = SOLID
) -> Looks:
    """What decides the looks of an array's lines; the first free dimension is the colour, the next small one the dashes."""
    for role, dim in (("color", color), ("linewidth", linewidth)):
        if dim is not None:
            checks.dimension(array, dim, role)
    free = [str(dim) for dim in array.dims if dim not in (along, color, linewidth)]
    if color is None:
        color = next((dim for dim in free if dim != "sample" and array.sizes[dim] > 1), None)
    dashes = next((dim for dim in free if dim != color and 1 < array.sizes[dim] <= len(patterns)), None)
    return Looks(array.sizes, patterns, color, linewidth, dashes)


def each(array: xr.DataArray, along: str) -> Iterator[tuple[Where, np.ndarray]]:
    """Every line of the array: where it stands and its values, nan where they are not finite."""
    array = array.transpose(..., along)
    values = np.asarray(array.values, dtype=float)
    for index in np.ndindex(values.shape[:-1]):
        line = values[index]
        yield dict(zip(array.dims, index, strict=False)), np.where(np.isfinite(line), line, np.nan)


def handles(array: xr.DataArray, look: Looks) -> list[Line2D]:
    """A legend's entries: one for each value of the dimensions that decide the looks."""
    entries = []
    for dim in dict.fromkeys(filter(None, (look.color, look.linewidth, look.dashes))):
        names = value_labels(coordinate(array, dim))
        for i in thinned(len(names)):
            style = look.of({dim: i})
            style["color"] = style["color"] if dim == look.color else NEUTRAL
            style["linewidth"] = style["linewidth"] if dim == look.linewidth else widths(1)[0]
            entries.append(Line2D([], [], label=names[i], **style))
    return entries


def ring(color: object) -> dict[str, Any]:
    """The keywords of a ring, the mark of a start."""
    return {
        "color": color,
        "marker": "o",
        "markersize": 5,
        "markerfacecolor": "none",
        "markeredgewidth": 1.1,
        "linestyle": "none",
    }


def dots(count: int) -> str:
    """The marker of the points of a line, if they are few enough to be marked one by one."""
    return "." if count <= MOST_DOTS else ""


def palette(count: int) -> list[Any]:
    """That many colours: seven that everyone can tell apart, or a scale of lightness if there are more."""
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return list(mpl.colormaps["viridis"](np.linspace(0.0, 0.92, count)))


def warm(count: int) -> list[Any]:
    """That many colours that stand out from the blues of a cost surface."""
    if count < len(PALETTE):
        return list(PALETTE[1 : count + 1])
    return list(mpl.colormaps["YlOrRd_r"](np.linspace(0.0, 0.7, count)))


def widths(count: int) -> list[float]:
    """That many line widths in points, from thin to thick."""
    return [1.3] if count == 1 else np.linspace(0.8, 2.6, count).tolist()


def thinned(count: int) -> list[int]:
    """Positions of at most eight of so many values, the first and the last among them."""
    places: list[int] = np.unique(np.linspace(0, count - 1, min(count, MOST_ENTRIES)).round().astype(int)).tolist()
    return places
