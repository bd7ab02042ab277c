"""All fixed points and cycles in a box of possible states, none missed: branch and prune with Krawczyk's operator.

    K(X) = m - Y g(m) + (I - Y G(X)) (X - m),   g(s) = Fᵏ(s) - s, G ∋ its Jacobian on X, m the middle of X, Y ≈ G(m)⁻¹

Every point in X is in K(X) too. If K(X) is inside X, there is exactly one; if they do not meet, none. What is neither is cut to X ∩ K(X)
or in two, until it is too small: undecided. (R. Krawczyk, Computing 4 (1969) 187.)
"""

from typing import NamedTuple

import numpy as np

from rnnsim.kernels.fixed_points.cycle_list import list_one
from rnnsim.kernels.fixed_points.multistart import EDGE, accept_if_converged, is_finite, try_starts
from rnnsim.kernels.linalg.lu import solve
from rnnsim.kernels.maps.dispatch import advance, enclose, narrow
from rnnsim.numerics.intervals import minus, plus, scaled, times
from rnnsim.numerics.jit import internal, kernel

MOST_BOXES = 1 << 15  # of one network
DEEPEST = 512
NARROWEST = 2.0**-24
MARGIN = 2.0**-10  # of a box, by which a point on its edge is inside
ROUNDING = 2.0**-32  # added to that, so that there is room for it in the smallest boxes
CUT = 0.4871  # where a box is cut: points with round numbers do not lie on edges
NONE, ONE, LESS, UNKNOWN = range(4)


class Boxes(NamedTuple):
    """Scratch: a stack of boxes (deepest, 2, n); the box X, and V a little wider; states Y and Z and Jacobians J, P, Q on boxes, each
    (2, …); the middle m, K (2, n) and what it is of g (2, n); a matrix M and its inverse N."""

    stack: np.ndarray
    X: np.ndarray
    V: np.ndarray
    Y: np.ndarray
    Z: np.ndarray
    J: np.ndarray
    P: np.ndarray
    Q: np.ndarray
    m: np.ndarray
    g: np.ndarray
    K: np.ndarray
    M: np.ndarray
    N: np.ndarray


@internal
def copy(values, out):
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            out[i, j] = values[i, j]


@internal
def enclose_period(rules, layers, p, X, period, boxes):
    """Y ∋ Fᵏ and P ∋ its Jacobian on the box X."""
    n = X.shape[1]
    enclose(rules, layers, p, X, boxes.Y, boxes.P)
    for _ in range(period - 1):
        copy(boxes.Y, boxes.Z)
        enclose(rules, layers, p, boxes.Z, boxes.Y, boxes.J)
        for a in range(n):
            for b in range(n):
                total = (0.0, 0.0)
                for c in range(n):
                    total = plus(total, times((boxes.J[0, a, c], boxes.J[1, a, c]), (boxes.P[0, c, b], boxes.P[1, c, b])))
                boxes.Q[0, a, b], boxes.Q[1, a, b] = total
        for side in range(2):
            copy(boxes.Q[side], boxes.P[side])


@internal
def invert_middle(boxes, pivots):
    """N ≈ (P - I)⁻¹ for the middle of P. Whether it is finite."""
    n = boxes.m.size
    for a in range(n):
        for b in range(n):
            one = 1.0 if a == b else 0.0
            boxes.M[a, b] = 0.5 * (boxes.P[0, a, b] + boxes.P[1, a, b]) - one
            boxes.N[a, b] = one
    solve(boxes.M, pivots, boxes.N)
    finite = 0.0
    for a in range(n):
        for b in range(n):
            finite += 0.0 * boxes.N[a, b]
    return finite == 0.0


@internal
def krawczyk(boxes):
    """K of the box V, from m, g, P and N."""
    n = boxes.m.size
    for a in range(n):
        total = (boxes.m[a], boxes.m[a])
        for b in range(n):
            total = minus(total, scaled(boxes.N[a, b], (boxes.g[0, b], boxes.g[1, b])))
        for b in range(n):
            one = 1.0 if a == b else 0.0
            factor = (one, one)
            for c in range(n):
                here = 1.0 if c == b else 0.0
                slope = minus((boxes.P[0, c, b], boxes.P[1, c, b]), (here, here))
                factor = minus(factor, scaled(boxes.N[a, c], slope))
            wide = minus((boxes.V[0, b], boxes.V[1, b]), (boxes.m[b], boxes.m[b]))
            total = plus(total, times(factor, wide))
        boxes.K[0, a], boxes.K[1, a] = total


@internal
def outside(X, Y):
    """Whether two boxes do not meet."""
    apart = False
    for j in range(X.shape[1]):
        apart = apart or Y[1, j] < X[0, j] or Y[0, j] > X[1, j]
    return apart


@internal
def volume(X):
    """The volume of a box, -1 if it is empty."""
    total = 1.0
    for j in range(X.shape[1]):
        wide = X[1, j] - X[0, j]
        if not wide >= 0.0:
            return -1.0
        total *= wide
    return total


@internal
def decide(rules, layers, p, period, boxes, pivots):
    """What is in the box X: no point, one, or perhaps some, in a smaller X or in the same."""
    n = boxes.m.size
    if period == 1:
        whole = volume(boxes.X)
        narrow(rules, layers, p, boxes.X)
        left = volume(boxes.X)
        if left < 0.0:
            return NONE
        if left < 0.5 * whole:
            return LESS
    for j in range(n):
        wider = MARGIN * (boxes.X[1, j] - boxes.X[0, j]) + ROUNDING
        boxes.V[0, j], boxes.V[1, j] = boxes.X[0, j] - wider, boxes.X[1, j] + wider
        boxes.m[j] = 0.5 * (boxes.X[0, j] + boxes.X[1, j])
        boxes.Z[0, j] = boxes.Z[1, j] = boxes.m[j]
    copy(boxes.Z, boxes.K)
    enclose_period(rules, layers, p, boxes.K, period, boxes)
    for j in range(n):
        boxes.g[0, j], boxes.g[1, j] = minus((boxes.Y[0, j], boxes.Y[1, j]), (boxes.m[j], boxes.m[j]))
    enclose_period(rules, layers, p, boxes.V, period, boxes)
    if outside(boxes.X, boxes.Y):
        return NONE
    if not invert_middle(boxes, pivots):
        return UNKNOWN
    krawczyk(boxes)
    inside, before, after = True, 1.0, 1.0
    for j in range(n):
        low, high = boxes.K[0, j], boxes.K[1, j]
        inside = inside and boxes.V[0, j] < low and high < boxes.V[1, j]
        if high < boxes.X[0, j] or low > boxes.X[1, j]:
            return NONE
        before *= boxes.X[1, j] - boxes.X[0, j]
        boxes.X[0, j], boxes.X[1, j] = max(boxes.X[0, j], low), min(boxes.X[1, j], high)
        after *= boxes.X[1, j] - boxes.X[0, j]
    if inside:
        return ONE
    return LESS if after < 0.6 * before else UNKNOWN


@internal
def push(boxes, size, axis, low, high):
    """Put X, with another side along an axis, on the stack."""
    copy(boxes.X, boxes.stack[size])
    boxes.stack[size, 0, axis], boxes.stack[size, 1, axis] = low, high


@internal
def try_middle(rules, layers, p, x, starts, boxes, cycle, tolerance, found, scratch):
    """Lead the orbit from the middle of X to the cycle near it. Whether it starts at a state in V, or just beside it."""
    k, n = cycle.shape
    for j in range(n):
        scratch.trial[0, j] = 0.5 * (boxes.X[0, j] + boxes.X[1, j])
    for i in range(k):
        for j in range(n):
            cycle[i, j] = scratch.trial[0, j]
        advance(rules, layers, p, cycle[i], x, scratch.out, scratch.gate_scratch)
        for j in range(n):
            scratch.trial[0, j] = scratch.out[j]
    if not accept_if_converged(rules, layers, p, x, starts, cycle, tolerance, found, scratch):
        return False
    there = True
    for j in range(n):
        there = there and boxes.V[0, j] - EDGE <= cycle[0, j] <= boxes.V[1, j] + EDGE
    return there


@internal
def exhaust(rules, layers, p, x, starts, tolerance, cycle, found, boxes, scratch):
    """Put every point in the box on the top of the stack on the list; the number of boxes that are undecided."""
    size, undecided, period = 1, 0, cycle.shape[0]
    for _ in range(MOST_BOXES):
        if size == 0:
            break
        size -= 1
        copy(boxes.stack[size], boxes.X)
        what = decide(rules, layers, p, period, boxes, scratch.pivots)
        if what == ONE and not try_middle(rules, layers, p, x, starts, boxes, cycle, tolerance, found, scratch):
            what = UNKNOWN
        if what == LESS:
            push(boxes, size, 0, boxes.X[0, 0], boxes.X[1, 0])
            size += 1
        elif what == UNKNOWN:
            axis, widest = 0, 0.0
            for j in range(boxes.m.size):
                wide = boxes.X[1, j] - boxes.X[0, j]
                if not wide <= widest:
                    axis, widest = j, wide
            if widest > NARROWEST and size + 2 < boxes.stack.shape[0]:
                cut = boxes.X[0, axis] + CUT * widest
                push(boxes, size, axis, cut, boxes.X[1, axis])
                push(boxes, size + 1, axis, boxes.X[0, axis], cut)
                size += 2
            else:
                try_middle(rules, layers, p, x, starts, boxes, cycle, tolerance, found, scratch)
                undecided += 1
    return undecided + size


@kernel
def search(rules, layers, resting, x, starts, tolerance, cycle, found, listed, lo, boxes, scratch):
    """All points of a block by the search of their boxes, and from starts too where some of a box is undecided."""
    for p in range(x.shape[0]):
        if not is_finite(layers[0], p):
            continue
        for j in range(starts.low.shape[1]):
            boxes.stack[0, 0, j], boxes.stack[0, 1, j] = starts.low[p, j] - EDGE, starts.high[p, j] + EDGE
        undecided = exhaust(rules, resting, p, x, starts, tolerance, cycle, found, boxes, scratch)
        if undecided:
            try_starts(rules, layers, resting, p, x, starts, tolerance, cycle, found, scratch)
        listed.undecided[lo + p] = undecided
        list_one(rules, layers, p, x, found, listed, lo + p, scratch)
