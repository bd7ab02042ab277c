"""The Axes that figures are drawn on, and legends that stand outside them and hide nothing."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

INCH = 72.0  # points
BESIDE_TWIN = 50.0  # points that the ticks and the label of a twin axis take
BELOW_LABEL = 36.0  # points that the ticks and the label of the x axis take
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": "small"}


def axes(ax: Axes | None, size: tuple[float, float] | None = None) -> Axes:
    """The Axes given, or those of a new figure."""
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def twin_behind(ax: Axes, color: str) -> Axes:
    """A second y axis on the right, in a colour of its own, that is drawn behind the first."""
    twin = ax.twinx()
    twin.tick_params(axis="y", colors=color)
    twin.yaxis.label.set_color(color)
    ax.set_zorder(twin.get_zorder() + 1)
    twin.patch.set(visible=True, facecolor=ax.get_facecolor())
    ax.patch.set_visible(False)
    return twin


def legend_beside(ax: Axes, handles: Sequence[Artist], past_twin: bool = False) -> Legend | None:
    """A legend on the right of the Axes."""
    return _legend(ax, handles, (1.0, 1.0), "upper left", right=BESIDE_TWIN if past_twin else 0.0)


def legend_below(ax: Axes, handles: Sequence[Artist], columns: int = 3) -> Legend | None:
    """A legend under the label of the x axis, in two rows rather than with one entry alone in the last."""
    if len(handles) == columns + 1:
        columns -= 1
    return _legend(ax, handles, (0.5, 0.0), "upper center", down=BELOW_LABEL, columns=columns)


def legend_under_figure(figure: Figure, handles: Sequence[Artist]) -> None:
    """One legend for all the Axes of a figure with a constrained layout."""
    if handles:
        figure.legend(handles=list(handles), loc="outside lower center", ncols=min(len(handles), 6), **LEGEND)


def entries(ax: Axes) -> list[Artist]:
    """What the legend of the Axes holds so far."""
    legend = ax.get_legend()
    return [] if legend is None else [handle for handle in legend.legend_handles if handle is not None]


def few_ticks(ax: Axes) -> None:
    """Ticks so far apart that long numbers do not meet."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def whole_steps(ax: Axes) -> None:
    """Ticks of the x axis at whole numbers only."""
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def dates(ax: Axes) -> None:
    """Ticks of the x axis at round dates, with what they have in common written once."""
    locator = AutoDateLocator(maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def zero_line(ax: Axes) -> None:
    """A thin line where y is 0, behind the data."""
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0.5)


def _legend(
    ax: Axes,
    handles: Sequence[Artist],
    corner: tuple[float, float],
    loc: str,
    right: float = 0.0,
    down: float = 0.0,
    columns: int = 1,
) -> Legend | None:
    if not handles:
        return None
    shift = ScaledTranslation(right / INCH, -down / INCH, ax.figure.dpi_scale_trans)
    place: dict[str, Any] = {"loc": loc, "bbox_to_anchor": corner, "bbox_transform": ax.transAxes + shift}
    return ax.legend(handles=list(handles), ncols=columns, **place, **LEGEND)
