"""What a referee would mark in a figure: its width, small, hidden or colliding text, numbers that are not what they stand for, colour bars
without arrows."""

import itertools
import re
from contextlib import contextmanager

import numpy as np
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

COLUMN, PAGE, SMALLEST = 3.4, 7.0, 7.0
SLACK = 0.6  # points by which boxes may touch
EXTEND = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}


@contextmanager
def recorded(found):
    """Every text that is drawn."""
    draw = Text.draw

    def noted(self, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            found[id(self)] = self
        return draw(self, *args, **kwargs)

    Text.draw = noted
    try:
        yield
    finally:
        Text.draw = draw


def drawn_texts(figure: Figure) -> list[Text]:
    """The texts that a figure shows, as it is saved."""
    figure.canvas.draw()
    found: dict[int, Text] = {}
    with recorded(found):
        figure.canvas.draw()
    return [text for text in found.values() if not clipped_away(text)]


def clipped_away(text):
    clip = text.get_clip_box() if text.get_clip_on() else None
    return clip is not None and not text.get_window_extent().overlaps(clip)


def width(figure):
    inches = figure.get_figwidth()
    return [] if min(abs(inches - COLUMN), abs(inches - PAGE)) < 1e-9 else [f"the figure is {inches} inches wide"]


def sizes(texts):
    return [f"{t.get_text()!r} is of {t.get_fontsize():.3g} points" for t in texts if t.get_fontsize() < SMALLEST - 1e-9]


def cut_off(figure, texts):
    whole = figure.bbox
    boxes = [(text, text.get_window_extent()) for text in texts]
    return [
        f"{text.get_text()!r} is cut off"
        for text, box in boxes
        if box.x0 < whole.x0 - 0.5 or box.y0 < whole.y0 - 0.5 or box.x1 > whole.x1 + 0.5 or box.y1 > whole.y1 + 0.5
    ]


def collisions(figure, texts):
    slack = SLACK * figure.dpi / 72.0
    boxes = [(text.get_text(), text.get_window_extent().padded(-slack)) for text in texts]
    return [f"{a!r} meets {b!r}" for (a, one), (b, other) in itertools.combinations(boxes, 2) if one.overlaps(other)]


def on_data(figure, texts):
    """Texts outside the Axes that another Axes covers."""
    slack = SLACK * figure.dpi / 72.0
    found = []
    for text, ax in itertools.product(texts, figure.axes):
        box = text.get_window_extent().padded(-slack)
        inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 and ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1
        if box.overlaps(ax.bbox) and not inside:
            found.append(f"{text.get_text()!r} reaches over the edge of Axes")
    return found


def number(text):
    """The number that a label shows, or None."""
    text = re.sub(r"\\mathdefault\{(.*)\}", r"\1", text.strip("$")).replace("\N{MINUS SIGN}", "-")
    power = re.fullmatch(r"(-?)10\^\{(-?\d+)\}", text)
    if power:
        return float(f"{power[1]}1e{power[2]}")
    try:
        return float(text)
    except ValueError:
        return None


def wrong_numbers(figure):
    """Tick labels that are another number than the place where they stand; labels that count, as of categories, stand for their text."""
    found = []
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_offset_text().get_text() or axis.have_units():
                continue
            for tick in axis.get_major_ticks():
                shown = number(tick.label1.get_text() or tick.label2.get_text())
                at = float(tick.get_loc())
                if shown is not None and abs(shown - at) > 1e-9 * max(1e-300, abs(at), np.ptp(axis.get_view_interval())):
                    found.append(f"{shown} stands at {at}")
    return found


def data_range(mappable):
    if isinstance(mappable, ContourSet):
        return float(mappable.zmin), float(mappable.zmax)
    values = np.ma.masked_invalid(np.ma.asarray(mappable.get_array(), dtype=float)).compressed()
    return (float(values.min()), float(values.max())) if values.size else None


def ends(mappable):
    return (mappable.levels[0], mappable.levels[-1]) if isinstance(mappable, ContourSet) else mappable.get_clim()


def bars_without_arrows(figure):
    """Colour bars whose arrows are not those of all the data in their colours."""
    shown = [a for a in figure.findobj(lambda a: isinstance(a, ContourSet | QuadMesh | AxesImage)) if a.get_array() is not None]
    found = []
    for bar in (ax._colorbar for ax in figure.axes if ax.get_label() == "<colorbar>"):
        low, high = ends(bar.mappable)
        alike = [a for a in shown if a.cmap.name == bar.mappable.cmap.name and tuple(ends(a)) == (low, high)]
        ranges = [r for r in map(data_range, [*alike, bar.mappable]) if r is not None]
        if not ranges:
            continue
        beyond = min(r[0] for r in ranges) < low, max(r[1] for r in ranges) > high
        if bar.extend != EXTEND[beyond]:
            found.append(f"the bar from {low:g} to {high:g} has arrows {bar.extend}, but data need {EXTEND[beyond]}")
    return found


def problems(figure: Figure) -> list[str]:
    """Everything that is wrong."""
    texts = drawn_texts(figure)
    found = [*width(figure), *sizes(texts), *cut_off(figure, texts), *collisions(figure, texts), *on_data(figure, texts)]
    return [*found, *wrong_numbers(figure), *bars_without_arrows(figure)]
