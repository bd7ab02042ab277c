"""Cycles of the map by damped Newton, with all their states as unknowns:

    r[i] = F(s[i]) - s[i+1],     i = 0…k-1, s[k] = s[0]
    d[i+1] = J[i] d[i] + r[i],  (I - J[k-1]…J[0]) d[0] = r[k-1] + J[k-1] r[k-2] + …
    s ← s + α d                 with the first α of 1, ½, ¼, … that makes Σ r² less

A fixed point is a cycle of one. Where the linear system is singular, the step is Levenberg's. An orbit that is not led to a cycle is left
with its residual.
"""

from typing import NamedTuple

import numpy as np

from rnnsim.kernels.linalg.lu import solve
from rnnsim.kernels.maps.dispatch import advance, jacobian
from rnnsim.numerics.jit import internal

MOST_STEPS = 200
SMALLEST_STEP = 2.0**-10
PATIENCE = 8  # steps in which the sum of squares has to halve; near a cycle, degenerate or not, each makes it 7 times less
DAMPINGS = (1e-9, 1e-4, 1e-1)
ROUNDING = 64 * 2.0**-53  # of F
MERGING = 1e-9  # cycles that are as close as this are one, if not closer than rounding allows to tell
FARTHEST = 1e-4
BESIDE = 2.0**-10  # of states, where others are looked at
RELAXING = 4  # steps by which these are led
SHARP = 1e-12  # a square of a singular value of I - P that is not 0
FINE = 1e-24  # a sum of squares that need not be less


class Scratch(NamedTuple):
    """Scratch for cycles of k states of n numbers: r (k, n), d (k, n), trial (k, n), J (k, n, n), the Jacobian P of all of it, two more
    matrices (n, n), right-hand sides B (n, 1), pivots (n), a state, a vector and `gate_scratch` for maps."""

    r: np.ndarray
    d: np.ndarray
    trial: np.ndarray
    J: np.ndarray
    P: np.ndarray
    A: np.ndarray
    C: np.ndarray
    B: np.ndarray
    pivots: np.ndarray
    out: np.ndarray
    vector: np.ndarray
    gate_scratch: np.ndarray


@internal
def residuals(rules, layers, p, x, cycle, scratch):
    """r and the sum of its squares."""
    k, n = cycle.shape
    total = 0.0
    for i in range(k):
        advance(rules, layers, p, cycle[i], x, scratch.out, scratch.gate_scratch)
        after = (i + 1) % k
        for j in range(n):
            scratch.r[i, j] = scratch.out[j] - cycle[after, j]
            total += scratch.r[i, j] * scratch.r[i, j]
    return total


@internal
def linearize_cycle(rules, layers, p, x, cycle, scratch):
    """J and r, P = J[k-1]…J[0], and B = r[k-1] + J[k-1] r[k-2] + …"""
    k, n = cycle.shape
    for i in range(k):
        jacobian(rules, layers, p, cycle[i], x, scratch.out, scratch.J[i], scratch.gate_scratch)
        after = (i + 1) % k
        for j in range(n):
            scratch.r[i, j] = scratch.out[j] - cycle[after, j]
    for a in range(n):
        scratch.B[a, 0] = scratch.r[0, a]
        for b in range(n):
            scratch.P[a, b] = scratch.J[0, a, b]
    for i in range(1, k):
        for a in range(n):
            total = scratch.r[i, a]
            for c in range(n):
                total += scratch.J[i, a, c] * scratch.B[c, 0]
            scratch.vector[a] = total
            for b in range(n):
                total = 0.0
                for c in range(n):
                    total += scratch.J[i, a, c] * scratch.P[c, b]
                scratch.C[a, b] = total
        for a in range(n):
            scratch.B[a, 0] = scratch.vector[a]
            for b in range(n):
                scratch.P[a, b] = scratch.C[a, b]


@internal
def fill_system(scratch):
    """A = I - P."""
    n = scratch.A.shape[0]
    for a in range(n):
        for b in range(n):
            scratch.A[a, b] = (1.0 if a == b else 0.0) - scratch.P[a, b]


@internal
def levenberg(scratch, damping):
    """B = (AᵀA + λ I)⁻¹ Aᵀ B, for A = I - P."""
    n = scratch.A.shape[0]
    fill_system(scratch)
    size = 0.0
    for a in range(n):
        scratch.vector[a] = 0.0
        for c in range(n):
            scratch.vector[a] += scratch.A[c, a] * scratch.B[c, 0]
            size = max(size, abs(scratch.A[a, c]))
        for b in range(n):
            scratch.C[a, b] = 0.0
            for c in range(n):
                scratch.C[a, b] += scratch.A[c, a] * scratch.A[c, b]
    for a in range(n):
        scratch.C[a, a] += damping * max(size * size, 1e-300)
        scratch.B[a, 0] = scratch.vector[a]
    solve(scratch.C, scratch.pivots, scratch.B)


@internal
def newton_step(scratch, damping):
    """d, from what `linearize_cycle` left; damped as Levenberg says if damping > 0. Whether it is finite."""
    k, n = scratch.d.shape
    if damping > 0.0:
        levenberg(scratch, damping)
    else:
        fill_system(scratch)
        solve(scratch.A, scratch.pivots, scratch.B)
    finite = 0.0
    for j in range(n):
        scratch.d[0, j] = scratch.B[j, 0]
    for i in range(k - 1):
        for a in range(n):
            total = scratch.r[i, a]
            for c in range(n):
                total += scratch.J[i, a, c] * scratch.d[i, c]
            scratch.d[i + 1, a] = total
    for i in range(k):
        for j in range(n):
            finite += 0.0 * scratch.d[i, j]
    return finite == 0.0


@internal
def search_along(rules, layers, p, x, cycle, before, scratch):
    """Go along d as far as the sum of squares gets less: the new sum; `before`, and nothing moved, if it does not."""
    k, n = cycle.shape
    alpha = 1.0
    while alpha >= SMALLEST_STEP:
        for i in range(k):
            for j in range(n):
                scratch.trial[i, j] = cycle[i, j] + alpha * scratch.d[i, j]
        after = residuals(rules, layers, p, x, scratch.trial, scratch)
        if after < (1.0 - 1e-4 * alpha) * before:
            for i in range(k):
                for j in range(n):
                    cycle[i, j] = scratch.trial[i, j]
            return after
        if before < FINE:
            break
        alpha *= 0.5
    return before


@internal
def largest(values):
    most = 0.0
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if not abs(values[i, j]) <= most:
                most = abs(values[i, j])
    return most


@internal
def newton_iterate(rules, layers, p, x, cycle, scratch):
    """Lead a cycle's states to where they are one, as near as rounding allows. The residual: max |r|, relative to states beyond 1; whether
    that is small enough, `has_converged` decides."""
    merit = residuals(rules, layers, p, x, cycle, scratch)
    goal = 0.5 * merit
    for step in range(1, MOST_STEPS):
        if not merit < np.inf or merit == 0.0:
            break
        if step % PATIENCE == 0:
            if merit > goal:
                break
            goal = 0.5 * merit
        linearize_cycle(rules, layers, p, x, cycle, scratch)
        after = merit
        if newton_step(scratch, 0.0):
            after = search_along(rules, layers, p, x, cycle, merit, scratch)
        for damping in DAMPINGS:
            if after == merit and merit > FINE:
                linearize_cycle(rules, layers, p, x, cycle, scratch)
                if newton_step(scratch, damping):
                    after = search_along(rules, layers, p, x, cycle, merit, scratch)
        if after == merit:
            break
        merit = after
    residuals(rules, layers, p, x, cycle, scratch)
    return largest(scratch.r) / max(1.0, largest(cycle))


@internal
def last_step(rules, layers, p, x, cycle, scratch):
    """How far Newton's next step would go, and how far from a cycle another one has to be to be told from it: that, and rounding,
    magnified by (I - P)⁻¹. Leaves P behind."""
    n = cycle.shape[1]
    linearize_cycle(rules, layers, p, x, cycle, scratch)
    fill_system(scratch)
    for a in range(n):
        for b in range(n):
            scratch.C[a, b] = 1.0 if a == b else 0.0
    solve(scratch.A, scratch.pivots, scratch.C)
    scale, magnified, step, finite = max(1.0, largest(cycle)), 0.0, 0.0, 0.0
    for a in range(n):
        row, move = 0.0, 0.0
        for b in range(n):
            row += abs(scratch.C[a, b])
            move += scratch.C[a, b] * scratch.B[b, 0]
        magnified, step, finite = max(magnified, row), max(step, abs(move)), finite + 0.0 * (row + move)
    radius = 4.0 * (step + ROUNDING * scale * magnified)
    if finite == 0.0 and radius < FARTHEST * scale:
        return step, max(MERGING * scale, radius)
    return (step if finite == 0.0 else np.inf), FARTHEST * scale


@internal
def farthest(cycle):
    """The longest last step of Newton's method of which a cycle may be the end, where rounding alone does not make its residual."""
    return FARTHEST * max(1.0, largest(cycle))


@internal
def has_converged(rules, layers, p, x, cycle, residual, scratch):
    """Whether Newton's method has come to a cycle whose residual is small enough: rounding makes it, or the next step is short. And the
    cycle's radius."""
    step, radius = last_step(rules, layers, p, x, cycle, scratch)
    return not (residual > ROUNDING and step > farthest(cycle)), radius


@internal
def dullness(scratch):
    """The damping that leaves alone the directions of which I - P, in A, makes nothing."""
    return SHARP / max(largest(scratch.A) * largest(scratch.A), 1e-300)


@internal
def least_moved(scratch):
    """d[0] = a direction, its largest number 1, that I - P makes nothing of, from what `linearize_cycle` left; whether there is one."""
    n, v = scratch.A.shape[0], scratch.d[0]
    for a in range(n):
        v[a] = 1.0 - 0.5 * a / n
    for _ in range(3):
        fill_system(scratch)
        before, after = 0.0, 0.0
        for a in range(n):
            scratch.B[a, 0] = 0.0
            for b in range(n):
                scratch.B[a, 0] += scratch.A[a, b] * v[b]
        levenberg(scratch, dullness(scratch))
        for a in range(n):
            before = max(before, abs(v[a]))
            v[a] -= scratch.B[a, 0]
            after = max(after, abs(v[a]))
        if not after > 1e-3 * before:
            return False
        for a in range(n):
            v[a] /= after
    return True


@internal
def rests_beside(rules, layers, p, x, cycle, offset, scratch):
    """Whether the states at an offset from a cycle along d[0] are led to others that close, to rounding, and not back to it."""
    k, n = cycle.shape
    scale = max(1.0, largest(cycle))
    for j in range(n):
        scratch.trial[0, j] = cycle[0, j] + offset * scale * scratch.d[0, j]
    for i in range(k - 1):
        advance(rules, layers, p, scratch.trial[i], x, scratch.out, scratch.gate_scratch)
        for j in range(n):
            scratch.trial[i + 1, j] = scratch.out[j]
    for _ in range(RELAXING):
        linearize_cycle(rules, layers, p, x, scratch.trial, scratch)
        fill_system(scratch)
        newton_step(scratch, dullness(scratch))
        for i in range(k):
            for j in range(n):
                scratch.trial[i, j] += scratch.d[i, j]
    residuals(rules, layers, p, x, scratch.trial, scratch)
    apart = 0.0
    for j in range(n):
        apart = max(apart, abs(scratch.trial[0, j] - cycle[0, j]))
    return largest(scratch.r) <= ROUNDING * scale and apart >= 0.5 * abs(offset) * scale


@internal
def is_plateau(rules, layers, p, x, cycle, scratch):
    """Whether states beside a cycle, on one side at least, close too, so that rounding hides where it is."""
    for side in range(2):
        linearize_cycle(rules, layers, p, x, cycle, scratch)
        if least_moved(scratch) and rests_beside(rules, layers, p, x, cycle, BESIDE if side else -BESIDE, scratch):
            return True
    return False
