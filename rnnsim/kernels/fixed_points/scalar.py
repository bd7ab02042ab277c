"""All fixed points of scalar Elman networks h = φ(w h + b), from where their distance g(h) = φ(w h + b) - h has its extremes.

Between the extremes, where w φ'(a) = 1, g is monotone and changes its sign once at most: φ' is 1/w at ± arcosh √w for tanh, and at the
logits of (1 ± √(1 - 4/w)) / 2 for sigmoid. An extreme that rounding cannot tell from 0 is a fixed point itself: a fold, or a pitchfork.
The leak changes multipliers and no fixed point.
"""

import numpy as np
from numba.extending import overload

from rnnsim.equations.cells import Elman
from rnnsim.equations.rules import linearize, pushforward, step
from rnnsim.equations.symbolic.tracing import cell_of
from rnnsim.kernels.fixed_points.cycle_list import list_one
from rnnsim.kernels.fixed_points.multistart import accept_if_converged, is_finite
from rnnsim.kernels.maps.dispatch import candidates as candidates_by_rule
from rnnsim.kernels.maps.map import kernel_of
from rnnsim.numerics.jit import internal, kernel, specialised

MOST_STEPS = 100
TOUCHING = 4 * 2.0**-52


def extremes(cell, w):
    """The bounds of φ, and the a > 0 at which φ' is 1/w; nan if there is none."""
    return EXTREMES[cell.activation](cell, w)


def _extremes_of_tanh(cell, w):
    root = np.sqrt(w) if w >= 1.0 else np.nan
    return -1.0, 1.0, np.log(root + np.sqrt(max(w - 1.0, 0.0)))


def _extremes_of_sigmoid(cell, w):
    u = np.sqrt(1.0 - 4.0 / w) if w >= 4.0 else np.nan
    return 0.0, 1.0, np.log((1.0 + u) * (1.0 + u) * w * 0.25)


EXTREMES = {"tanh": _extremes_of_tanh, "sigmoid": _extremes_of_sigmoid}


@overload(extremes)
def _extremes(cell, w):
    return EXTREMES[cell.instance_class.activation]


@internal
def bracketed(cell, w, b, low, high, rising):
    """The zero of g between low and high, where g rises or falls: Newton's steps, or halves where they leave the bracket."""
    h = 0.5 * (low + high)
    for _ in range(MOST_STEPS):
        (y,), partials = linearize(cell, (), (h,), (w * h + b,))
        g = y - h
        if g == 0.0:
            return h
        if (g > 0.0) == rising:
            high = h
        else:
            low = h
        after = h - g / (pushforward(cell, (), partials, (0.0,), (w,))[0] - 1.0)
        if not low < after < high:
            after = 0.5 * (low + high)
        if after == h or not low < after < high:
            return h
        h = after
    return h


@internal
def collect(cell, w, b, roots):
    """All zeros of g, some perhaps twice: how many."""
    low, high, a = extremes(cell, w)
    count = 0
    left = right = high
    if a >= 0.0:
        left, right = min(max((-a - b) / w, low), high), min(max((a - b) / w, low), high)
    start = low
    before = step(cell, (), (low,), (w * low + b,))[0] - low
    if before == 0.0:
        roots[count], count = low, count + 1
    for end in (left, right, high):
        after = step(cell, (), (end,), (w * end + b,))[0] - end
        if end > start:
            touches = low < end < high and abs(after) <= TOUCHING
            if touches or (end == high and after == 0.0):
                roots[count], count = end, count + 1
            if (before > 0.0 and after < 0.0) or (before < 0.0 and after > 0.0):
                roots[count], count = bracketed(cell, w, b, start, end, after > 0.0), count + 1
        start, before = end, after
    return count


def candidates(cell, w, b, roots):
    """All fixed points, some perhaps twice: how many, and whether there are more than can be told."""
    return LINES[cell.activation](cell, w, b, roots) if cell.activation in LINES else (collect(cell, w, b, roots), 0)


def _on_a_line(cell, w, b, roots):
    if w == 1.0 and b != 0.0:
        return 0, 0
    roots[0] = b / (1.0 - w) if w != 1.0 else 0.0
    return 1, 1 if w == 1.0 else 0


def _on_two_lines(cell, w, b, roots):
    count = 0
    if b <= 0.0:
        roots[count], count = 0.0, count + 1
    if w != 1.0 and b / (1.0 - w) > 0.0:
        roots[count], count = b / (1.0 - w), count + 1
    return count, 1 if w == 1.0 and b == 0.0 else 0


LINES = {"linear": _on_a_line, "relu": _on_two_lines}


@overload(candidates)
def _candidates(cell, w, b, roots):
    if cell.instance_class.activation in LINES:
        return LINES[cell.instance_class.activation]
    return lambda cell, w, b, roots: (collect(cell, w, b, roots), 0)


@specialised
def candidates_of(cells):
    """The kernel of the candidates of one network of one layer, for `rules`: notes holds how many, and whether there may be more."""

    without_leak = cell_of(Elman, cells[0].activation)

    @kernel_of(cells)
    def listed(layers, p, roots, notes):
        notes[0], notes[1] = candidates(without_leak, layers[0].w_rec[p, 0, 0, 0], layers[0].bias[p, 0, 0], roots)

    return listed


@kernel
def search(rules, layers, resting, x, starts, tolerance, cycle, found, listed, lo, roots, notes, scratch):
    """All fixed points of a block of scalar networks of one layer."""
    for p in range(x.shape[0]):
        if not is_finite(layers[0], p):
            continue
        candidates_by_rule(rules, layers, p, roots, notes)
        for i in range(notes[0]):
            cycle[0, 0] = roots[i]
            accept_if_converged(rules, resting, p, x, starts, cycle, tolerance, found, scratch)
        listed.undecided[lo + p] = notes[1]
        list_one(rules, layers, p, x, found, listed, lo + p, scratch)
