"""Slow points: where the speed |F(s) - s| has a local minimum that is not 0, by BFGS on q = ½ |F(s) - s|².

    ∇q = (J - I)ᵀ (F(s) - s)

(Sussillo and Barak, Neural Computation 25 (2013) 626; BFGS as in Nocedal and Wright, Numerical Optimization, 6.1.)
"""

from typing import NamedTuple

import numpy as np

from rnnsim.kernels.fixed_points.cycle_list import COUNT, admit, put_in_order
from rnnsim.kernels.fixed_points.multistart import is_possible, orbit_from
from rnnsim.kernels.maps.dispatch import advance, jacobian
from rnnsim.numerics.jit import internal, kernel

MOST_STEPS = 2000
FLAT = 1e-8  # of the speed, up to which its slope is none
SMALLEST_STEP = 2.0**-40
APART = 1e-5  # of slow points


class Descent(NamedTuple):
    """Scratch: the inverse H of the Hessian (n, n), and vectors: the slope g, its change y, H y and the step."""

    H: np.ndarray
    g: np.ndarray
    y: np.ndarray
    Hy: np.ndarray
    step: np.ndarray


class Slow(NamedTuple):
    """Results over points and places: state (point, place, n), speed (point, place), how many there are (point)."""

    state: np.ndarray
    speed: np.ndarray
    number: np.ndarray


@internal
def slope_of(rules, layers, p, x, s, g, scratch):
    """q and its slope g."""
    jacobian(rules, layers, p, s, x, scratch.out, scratch.J[0], scratch.gate_scratch)
    q = 0.0
    for i in range(s.size):
        scratch.vector[i] = scratch.out[i] - s[i]
        q += 0.5 * scratch.vector[i] * scratch.vector[i]
    for j in range(s.size):
        g[j] = -scratch.vector[j]
        for i in range(s.size):
            g[j] += scratch.J[0, i, j] * scratch.vector[i]
    return q


@internal
def value_of(rules, layers, p, x, s, scratch):
    """q."""
    advance(rules, layers, p, s, x, scratch.out, scratch.gate_scratch)
    q = 0.0
    for i in range(s.size):
        q += 0.5 * (scratch.out[i] - s[i]) * (scratch.out[i] - s[i])
    return q


@internal
def dot(u, v):
    total = 0.0
    for i in range(u.size):
        total += u[i] * v[i]
    return total


@internal
def forget(H):
    """H = I."""
    for i in range(H.shape[0]):
        for j in range(H.shape[0]):
            H[i, j] = 1.0 if i == j else 0.0


@internal
def learn(H, step, y, Hy, fresh):
    """H ← (I - ρ s yᵀ) H (I - ρ y sᵀ) + ρ s sᵀ, ρ = 1 / yᵀs, if that is positive; of a fresh H the size is set first."""
    curvature = dot(y, step)
    if not curvature > 1e-12 * np.sqrt(dot(y, y) * dot(step, step)):
        return
    n = step.size
    if fresh:
        for i in range(n):
            H[i, i] = curvature / dot(y, y)
    for i in range(n):
        Hy[i] = 0.0
        for j in range(n):
            Hy[i] += H[i, j] * y[j]
    factor = (1.0 + dot(y, Hy) / curvature) / curvature
    for i in range(n):
        for j in range(n):
            H[i, j] += factor * step[i] * step[j] - (Hy[i] * step[j] + step[i] * Hy[j]) / curvature


@internal
def go_down(rules, layers, p, x, s, after, q, descent, scratch):
    """The first of the steps 1, ½, ¼, … along -H g after which q is less: q there, and the state in `after`; q again if none is."""
    n = s.size
    along = 0.0
    for i in range(n):
        descent.step[i] = 0.0
        for j in range(n):
            descent.step[i] -= descent.H[i, j] * descent.g[j]
        along += descent.step[i] * descent.g[i]
    if not along < 0.0:
        return q
    alpha = 1.0
    while alpha >= SMALLEST_STEP:
        for i in range(n):
            after[i] = s[i] + alpha * descent.step[i]
        found = value_of(rules, layers, p, x, after, scratch)
        if found <= q + 1e-4 * alpha * along and found < q:
            for i in range(n):
                descent.step[i] *= alpha
            return found
        alpha *= 0.5
    return q


@internal
def settle(rules, layers, p, x, s, descent, scratch):
    """Lead a state to where q has a minimum: the speed there; nan if it is not reached."""
    after = scratch.trial[0]
    forget(descent.H)
    fresh = True
    q = slope_of(rules, layers, p, x, s, descent.g, scratch)
    for _ in range(MOST_STEPS):
        if dot(descent.g, descent.g) <= FLAT * FLAT * 2.0 * q or not q < np.inf:
            break
        lower = go_down(rules, layers, p, x, s, after, q, descent, scratch)
        if lower == q:
            if fresh:
                break
            forget(descent.H)
            fresh = True
            continue
        for i in range(s.size):
            s[i] = after[i]
            descent.y[i] = -descent.g[i]
        q = slope_of(rules, layers, p, x, s, descent.g, scratch)
        for i in range(s.size):
            descent.y[i] += descent.g[i]
        learn(descent.H, descent.step, descent.y, descent.Hy, fresh)
        fresh = False
    flat = np.sqrt(dot(descent.g, descent.g)) <= 100.0 * FLAT * np.sqrt(2.0 * q)
    return np.sqrt(2.0 * q) if flat else np.nan


@kernel
def search_slow_points(rules, layers, x, starts, tolerance, cycle, found, slow, lo, descent, scratch):
    """The slow points of a block that starts are led to."""
    for p in range(x.shape[0]):
        for i in range(starts.least):
            orbit_from(rules, layers, p, x, starts, i, cycle, scratch)
            speed = settle(rules, layers, p, x, cycle[0], descent, scratch)
            if speed > tolerance and is_possible(starts, p, cycle):
                admit(found, cycle, speed, APART)
        put_in_order(found)
        count = min(found.notes[COUNT], slow.speed.shape[1])
        for i in range(count):
            here = found.order[i]
            slow.speed[lo + p, i] = found.residual[here]
            for j in range(cycle.shape[1]):
                slow.state[lo + p, i, j] = found.states[here, 0, j]
        slow.number[lo + p] = count
        found.notes[:] = 0
