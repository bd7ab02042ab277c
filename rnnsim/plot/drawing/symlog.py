"""A logarithmic axis on both sides of zero, with a linear part so small that nothing disappears in it."""

import numpy as np
from matplotlib.axes import Axes

LINEAR = 0.08  # of the axis: from 0 to where the logarithm begins
MOST_TICKS = 11
MOST_DECADES = 250.0  # matplotlib's inverse overflows beyond about 300
STRIDES = (1, 2, 3, 5, 10, 20, 30, 50, 100)  # decades from tick to tick


def symlog(ax: Axes, values: np.ndarray, linthresh: float | None = None) -> None:
    """Make the y axis logarithmic down to the smallest value that is not 0, or to `linthresh`."""
    shown = values[np.isfinite(values) & (values != 0.0)]
    if not shown.size:
        return
    low, high = np.log10([np.abs(shown).min(), np.abs(shown).max()])
    threshold = max(linthresh or float(10.0 ** np.floor(low)), float(10.0 ** (high - MOST_DECADES)))
    signs = [sign for sign in (-1, 1) if (sign * shown > 0).any()]
    decades = max(1.0, high - np.log10(threshold))
    linear = max(0.4, LINEAR * decades * len(signs))
    ax.set_yscale("symlog", linthresh=threshold, linscale=linear * 0.9)  # in matplotlib linscale / (1 - 1/base) decades
    sizes = _powers(np.log10(threshold), high, MOST_TICKS // len(signs))
    ax.set_yticks(sorted({0.0} | {float(sign * 10.0**power) for sign in signs for power in sizes}))
    ax.minorticks_off()


def _powers(low: float, high: float, count: int) -> list[int]:
    """Exponents of the ticks on one side, evenly spaced."""
    stride = next((s for s in STRIDES if (high - low) / s <= count), STRIDES[-1])
    top, bottom = int(np.floor(high)), int(np.ceil(low))
    return list(range(top - top % stride, bottom - 1, -stride))
