"""The Axes that figures are drawn on, their look in the columns of a journal, and legends that stand outside them and hide nothing."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from string import ascii_lowercase
from typing import Any, ParamSpec, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from rnnsim.checks.annotations import Whole
from rnnsim.checks.arguments import text
from rnnsim.plot.drawing import labels
from rnnsim.plot.drawing.arguments import Panels, artists, checked, count, some_panels
from rnnsim.plot.drawing.labels import LINE

COLUMN, PAGE = 3.4, 7.0  # inches: one column of a journal, and two
SMALLEST = 7.0  # points of any text
LOOK: dict[str, Any] = {
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "figure.titlesize": 8.0,
    "xtick.labelsize": SMALLEST,
    "ytick.labelsize": SMALLEST,
    "legend.fontsize": SMALLEST,
    "legend.title_fontsize": SMALLEST,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "savefig.dpi": 300.0,
}
INCH = 72.0  # points
NARROW = 3.6 * INCH  # points: Axes that are no wider have their legend below
BESIDE_TWIN = 50.0  # points that the ticks and the label of a twin axis take
LABELS = 30.0  # points that the ticks and the label of the y axis take
BELOW = "below"
LETTER = 0.56  # width of a letter in font sizes
ROW = 1.5  # height of a legend's row in font sizes
HANDLE = 3.6  # width of a legend's picture and the gaps around it in font sizes
LEGEND: dict[str, Any] = {"frameon": False, "handlelength": 1.7, "handletextpad": 0.5, "columnspacing": 1.3}

OPENED: WeakKeyDictionary[Figure, int] = WeakKeyDictionary()  # figures of this package, and how many rows their legends below have

P = ParamSpec("P")
Drawn = TypeVar("Drawn", Axes, np.ndarray)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Look(Protocol):
    """A context that is a decorator, too."""

    def __enter__(self) -> None: ...
    def __exit__(self, *error: Any) -> bool | None: ...
    def __call__(self, function: Decorated) -> Decorated: ...


def look() -> Look:
    """Give figures the look of a journal: 7 points at least in the columns of 3.4 inches, or of 7, that figures are made for.

    What matplotlib draws within this context, or within functions that it decorates, has the look; the parameters of matplotlib are
    afterwards as they were. The figures that functions of `rs.plot` open have it always; Axes that they are given stay as they are.

    Returns
    -------
    context manager
        The context, which is a decorator, too.

    See Also
    --------
    rnnsim.plot.panel_letters : Letters before the titles of several Axes.
    rnnsim.plot.shared_legend : One legend for several Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, rnnsim as rs
    >>> with rs.plot.look():
    ...     figure, axes = plt.subplots(1, 2, figsize=(7.0, 2.6), layout="constrained")
    >>> plt.close(figure)
    """
    return cast(Look, mpl.rc_context(cast(Any, LOOK)))


@checked(panels=some_panels)
def panel_letters(panels: Panels) -> Figure:
    """Put a, b, c… in bold before the titles of the Axes, on the left.

    Parameters
    ----------
    panels : Axes or sequence of Axes
        The Axes, in the order of the letters.

    Returns
    -------
    Figure
        The figure of the Axes.

    Raises
    ------
    ValueError
        If there are no Axes.
    TypeError
        If anything but Axes is given.

    See Also
    --------
    rnnsim.plot.shared_legend : One legend for several Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, rnnsim as rs
    >>> figure, axes = plt.subplots(1, 2, layout="constrained")
    >>> rs.plot.panel_letters(axes) is figure
    True
    >>> plt.close(figure)
    """
    found = list(cast(Iterable[Axes], panels))
    for letter, ax in zip(ascii_lowercase, found, strict=False):
        title = ax.get_title() or ax.get_title(loc="left")
        ax.set_title("")
        ax.set_title(rf"$\mathbf{{{letter}}}$  {title}".rstrip(), loc="left")
    part: Any = found[0].figure
    figure = cast(Figure, part.figure)  # the whole of a subfigure
    figure.draw_without_rendering()  # a constrained layout takes two passes to settle
    return figure


@checked(panels=some_panels, more=artists, title=text, columns=count)
def shared_legend(panels: Panels, *more: Artist, title: str | None = None, columns: Whole = 6) -> None:
    """Put what the legends of the Axes name, or would name, and what is given besides, into one legend under their figure.

    The legends of the Axes are removed.

    Parameters
    ----------
    panels : Axes or sequence of Axes
        The Axes whose legends are joined.
    *more : Artist
        Further lines, patches or other artists with labels.
    title : str, optional
        The title of the legend.
    columns : int, default 6
        The largest number of columns.

    Raises
    ------
    ValueError
        If there are no Axes, or if `columns` is no whole number of 1 or more.
    TypeError
        If an argument is of another type.

    See Also
    --------
    rnnsim.plot.panel_letters : Letters before the titles of several Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, rnnsim as rs
    >>> figure, axes = plt.subplots(1, 2, layout="constrained")
    >>> lines = [ax.plot([0.0, 1.0], label="gain = 1.5") for ax in axes]
    >>> rs.plot.shared_legend(axes, title="gain")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['gain = 1.5']
    >>> plt.close(figure)
    """
    found = list(cast(Iterable[Axes], panels))
    named: dict[str, Artist] = {}
    for ax in found:
        legend = ax.get_legend()
        handles = ax.get_legend_handles_labels()[0] if legend is None else entries(ax)
        named |= {str(handle.get_label()): handle for handle in handles}
        if legend is not None:
            legend.remove()
    named |= {str(handle.get_label()): handle for handle in more}
    legend_under_figure(found[0].figure, list(named.values()), int(columns), title)


def drawing(draw: Callable[P, Drawn]) -> Callable[P, Drawn]:
    """Give the figure that a function opens the look of figures for a journal; leave Axes that it is given as they are."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> Drawn:
        given = _figure(options.get("ax"))
        if given is not None and given not in OPENED:
            return draw(*args, **options)
        with look():
            found = draw(*args, **options)
            _settle(_figure(found))
            return found

    return drawn


def axes(ax: Axes | None, size: tuple[float, float] = (COLUMN, 2.5)) -> Axes:
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
    """A legend on the right of the Axes, or below where they are narrow."""
    if _width(ax) <= NARROW:
        return legend_below(ax, handles)
    return _legend(ax, handles, (1.0, 1.0), "upper left", right=BESIDE_TWIN if past_twin else 0.0)


def legend_below(ax: Axes, handles: Sequence[Artist], columns: int = 3) -> Legend | None:
    """A legend under the label of the x axis, in two rows rather than with one entry alone in the last."""
    columns = min(columns, _columns(_width(ax) + LABELS, handles))
    if len(handles) == columns + 1 > 2:
        columns -= 1
    legend = _legend(ax, handles, (0.5, 0.0), "upper center", down=_below(ax), columns=columns)
    if legend is not None:
        legend.set_gid(BELOW)
    return legend


def legend_under_figure(figure: Any, handles: Sequence[Artist], columns: int = 6, title: str | None = None) -> None:
    """One legend for all the Axes of a figure with a constrained layout."""
    if handles:
        columns = min(columns, len(handles), _columns(figure.bbox.width / figure.dpi * INCH, handles))
        style = {"ncols": columns, "title": title, **_look_of_legends()}
        figure.legend(handles=list(handles), loc="outside lower center", **style).set_gid(BELOW)


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
    locator = AutoDateLocator(maxticks=9 if _width(ax) > NARROW else 6)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def zero_line(ax: Axes) -> None:
    """A thin line where y is 0, behind the data."""
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0.5)


def text_size() -> float:
    """Points of the small text that explains."""
    return max(SMALLEST, 0.83 * float(mpl.rcParams["font.size"]))


def wrapped(ax: Axes, text: str, line: int = LINE) -> str:
    """A label in lines that are no longer than the Axes are high."""
    height = ax.get_window_extent().height / ax.figure.dpi * INCH
    return labels.wrapped(text, max(12, min(line, int(height / (LETTER * float(ax.yaxis.label.get_fontsize()))))))


def _figure(panels: Any) -> Any:
    """The figure of Axes, or of the first of several."""
    several = np.ravel(np.asarray(panels, dtype=object))
    return getattr(several[0], "figure", None) if several.size else None


def _settle(figure: Figure) -> None:
    """Keep the look of ticks that matplotlib makes later, and give legends below the Axes room of their own."""
    for ax in figure.axes:
        ax.tick_params(labelsize=LOOK["xtick.labelsize"], length=LOOK["xtick.major.size"], width=LOOK["xtick.major.width"])
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes)]
    rows = [_rows(legend) for legend in legends if legend is not None and legend.get_gid() == BELOW]
    more, OPENED[figure] = sum(rows) - OPENED.get(figure, 0), sum(rows)
    figure.set_figheight(figure.get_figheight() + more * ROW * text_size() / INCH)


def _rows(legend: Legend) -> int:
    rows: int = math.ceil(len(legend.get_texts()) / max(1, cast(Any, legend)._ncols))
    return rows


def _width(ax: Axes) -> float:
    """Points that the Axes are wide."""
    return float(ax.get_window_extent().width / ax.figure.dpi * INCH)


def _below(ax: Axes) -> float:
    """Points that the ticks and the label of the x axis take."""
    ticks, label = mpl.rcParams["xtick.labelsize"], ax.xaxis.label
    size = mpl.font_manager.FontProperties(size=ticks).get_size_in_points()
    return 1.2 * (size + float(label.get_fontsize()) * (1 + label.get_text().count("\n"))) + 14.0


def _columns(width: float, handles: Sequence[Artist]) -> int:
    longest = max((len(line) for handle in handles for line in str(handle.get_label()).splitlines()), default=1)
    return max(1, int(width / text_size() / (LETTER * longest + HANDLE)))


def _look_of_legends() -> dict[str, Any]:
    return LEGEND | {"fontsize": text_size()}


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
    return ax.legend(handles=list(handles), ncols=columns, **place, **_look_of_legends())
