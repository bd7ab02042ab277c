"""Lists of the cycles that were found: each once, in order, with multipliers and stability.

A cycle is an array (k, n) of its k states; its rotations are the same cycle, and one that closes earlier is none of k states.
"""

from typing import NamedTuple

import numpy as np

from rnnsim.kernels.fixed_points.newton import is_plateau, largest, linearize_cycle, residuals
from rnnsim.kernels.linalg.eigenvalues import eigenvalues, sort_by_modulus
from rnnsim.numerics.jit import internal

MARGIN = 1e-6  # of a modulus from 1: the square root of rounding, as near as a fold can be located
STABLE, SADDLE, UNSTABLE, MARGINAL, PLATEAU = range(5)
COUNT, FULL, FLAT = range(3)


class PointList(NamedTuple):
    """Arrays for cycles of one point: states (capacity, k, n), residual (capacity), radius (capacity), within which another is the same;
    `notes` holds how many there are, whether there was no room for more, and whether one of them stands for a plateau."""

    states: np.ndarray
    residual: np.ndarray
    radius: np.ndarray
    order: np.ndarray
    notes: np.ndarray


class Listed(NamedTuple):
    """Results over points and places: state (point, place, k, n), residual, stability (point, place), multipliers (point, place, n); how
    many there are, whether there are more, and how many boxes or regions are undecided (point), -1 where no search was complete."""

    state: np.ndarray
    residual: np.ndarray
    real: np.ndarray
    imag: np.ndarray
    stability: np.ndarray
    number: np.ndarray
    truncated: np.ndarray
    undecided: np.ndarray


@internal
def distance(one, other, shift):
    """max |one[i] - other[i + shift]|."""
    k, n = one.shape
    most = 0.0
    for i in range(k):
        for j in range(n):
            apart = abs(one[i, j] - other[(i + shift) % k, j])
            if not apart <= most:
                most = apart
    return most


@internal
def closes_earlier(cycle, radius):
    """Whether it is a cycle of fewer states, run through several times."""
    k = cycle.shape[0]
    earlier = False
    for shift in range(1, k // 2 + 1):
        earlier = earlier or (k % shift == 0 and distance(cycle, cycle, shift) <= radius)
    return earlier


@internal
def is_before(one, i, other, j):
    """Whether the states from one[i] on stand before those from other[j] on, compared number by number."""
    k, n = one.shape
    for step in range(k):
        for c in range(n):
            left, right = one[(i + step) % k, c], other[(j + step) % k, c]
            if left != right:
                return left < right
    return False


@internal
def copy_rotated(cycle, out):
    """The rotation that stands before all others."""
    k, n = cycle.shape
    first = 0
    for i in range(1, k):
        if is_before(cycle, i, cycle, first):
            first = i
    for i in range(k):
        for j in range(n):
            out[i, j] = cycle[(first + i) % k, j]


@internal
def same_as(found, cycle, radius):
    """The place of the cycle in the list, -1 if it is not there."""
    for place in range(found.notes[COUNT]):
        for shift in range(cycle.shape[0]):
            if distance(found.states[place], cycle, shift) <= max(radius, found.radius[place]):
                return place
    return -1


@internal
def admit(found, cycle, residual, radius):
    """Put a cycle on the list, if it is new and has all its states; of several that cannot be told apart the most degenerate one stays."""
    if closes_earlier(cycle, radius):
        return
    place = same_as(found, cycle, radius)
    if place >= 0:
        better = residual < found.residual[place] if radius == found.radius[place] else radius > found.radius[place]
        if not better:
            return
    else:
        place = found.notes[COUNT]
        if place == found.residual.size:
            found.notes[FULL] = 1
            return
        found.notes[COUNT] += 1
    copy_rotated(cycle, found.states[place])
    found.residual[place], found.radius[place] = residual, radius


@internal
def put_in_order(found):
    """order[i] = the place of cycle i, by the numbers of the states."""
    for i in range(found.notes[COUNT]):
        k = i
        while k > 0 and is_before(found.states[i], 0, found.states[found.order[k - 1]], 0):
            found.order[k] = found.order[k - 1]
            k -= 1
        found.order[k] = i


@internal
def stability_of(real, imag):
    """What the multipliers say: marginal if one of them is on the unit circle, else where they are."""
    inside, outside = 0, 0
    for i in range(real.size):
        size = np.hypot(real[i], imag[i])
        if not abs(size - 1.0) > MARGIN:
            return MARGINAL
        if size < 1.0:
            inside += 1
        else:
            outside += 1
    return STABLE if outside == 0 else UNSTABLE if inside == 0 else SADDLE


@internal
def list_one(rules, layers, p, x, found, listed, point, scratch):
    """Write the list of one point into the results, and empty it."""
    put_in_order(found)
    places = listed.residual.shape[1]
    count = min(found.notes[COUNT], places)
    for i in range(count):
        here = found.order[i]
        cycle = found.states[here]
        linearize_cycle(rules, layers, p, x, cycle, scratch)
        real, imag = listed.real[point, i], listed.imag[point, i]
        eigenvalues(scratch.P, real, imag, scratch.vector)
        sort_by_modulus(real, imag)
        stability = stability_of(real, imag)
        if stability == MARGINAL and is_plateau(rules, layers, p, x, cycle, scratch):
            stability = PLATEAU
        listed.stability[point, i] = stability
        residuals(rules, layers, p, x, cycle, scratch)
        listed.residual[point, i] = largest(scratch.r) / max(1.0, largest(cycle))
        for step in range(cycle.shape[0]):
            for j in range(cycle.shape[1]):
                listed.state[point, i, step, j] = cycle[step, j]
    listed.number[point] = count
    listed.truncated[point] = 1 if found.notes[COUNT] > places or found.notes[FULL] else 0
    found.notes[:] = 0
