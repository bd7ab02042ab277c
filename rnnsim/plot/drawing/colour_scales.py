"""The colour scale of a surface: its contour levels, its norm and the ticks of its colour bar."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import MaxNLocator

from rnnsim.plot.drawing.labels import texts

COST_LEVELS = np.append(1.0, np.logspace(-0.2, 8, 30)[1:])  # of cost + 1, which is nowhere below 1
HIGH = 100.0  # of a cost: from here on levels go up to 10^8
COUNT = 30
MOST_TICKS = 10


class Scale(NamedTuple):
    """Contour levels, the norm that colours them, ticks with their texts, and which ends the data exceed."""

    levels: np.ndarray
    norm: Normalize
    ticks: np.ndarray
    texts: list[str]
    extend: str


def scale(
    values: np.ndarray, *, log: bool, cost: bool, levels: int | Sequence[float] | None = None, norm: Normalize | None = None
) -> Scale:
    """The scale that suits finite values; `cost` says that they are cost + 1 if `log`, with levels up to 10^8 where costs reach 100."""
    chosen = _levels(values, log, cost, levels)
    norm = norm or (LogNorm if log else Normalize)(chosen[0], chosen[-1])
    ticks, texts = _log_ticks(chosen) if log else _even_ticks(chosen)
    below, above = values.min() < chosen[0], values.max() > chosen[-1]
    return Scale(chosen, norm, ticks, texts, {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above])


def _levels(values: np.ndarray, log: bool, cost: bool, levels: int | Sequence[float] | None) -> np.ndarray:
    if levels is not None and np.ndim(levels) == 1:
        return np.unique(np.asarray(levels, dtype=float))
    count = COUNT if levels is None else int(np.asarray(levels))
    low, high = float(values.min()), float(values.max())
    if cost and log and high >= HIGH + 1.0 and levels is None:
        return COST_LEVELS
    if log:
        low = 1.0 if cost else low
        high = high if high > low else 1.26 * low
        return np.array([low, *np.logspace(np.log10(low), np.log10(high), count)[1:-1], high])
    margin = 0.0 if high > low else 0.5 * max(1.0, abs(low))
    return np.asarray(MaxNLocator(count).tick_values(low - margin, high + margin))


def _log_ticks(levels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Powers of ten, or round numbers where there are no three powers among them."""
    first, last = int(np.ceil(np.log10(levels[0]) - 1e-9)), int(np.floor(np.log10(levels[-1]) + 1e-9))
    powers = np.arange(first, last + 1, max(1, -(-(last - first) // MOST_TICKS)))
    if len(powers) >= 3:
        return 10.0**powers, [f"$10^{{{power}}}$" for power in powers]
    return _even_ticks(levels)


def _even_ticks(levels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Round numbers between the first and the last level."""
    ticks = np.asarray(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(levels[0], levels[-1]))
    ticks = ticks[(ticks >= levels[0]) & (ticks <= levels[-1])]
    return ticks, texts(ticks.tolist())
