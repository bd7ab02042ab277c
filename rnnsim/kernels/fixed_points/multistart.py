"""Fixed points and cycles of the networks of a block, from starts."""

from typing import NamedTuple

import numpy as np

from rnnsim.kernels.fixed_points.cycle_list import COUNT, FLAT, admit, list_one
from rnnsim.kernels.fixed_points.newton import farthest, has_converged, is_plateau, newton_iterate
from rnnsim.kernels.maps.dispatch import advance
from rnnsim.numerics.jit import internal, kernel

EDGE = 1e-9


class Starts(NamedTuple):
    """States (start, n), in units of `scale` (point, n) around `center` (point, n); from start i the network runs `lengths[i]` steps first.
    No cycle is outside the box from `low` to `high` (point, n). The first `least` starts are tried in any case, the others as long as the
    last of those tried that found something new is not in their first quarter."""

    states: np.ndarray
    lengths: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: int


@internal
def orbit_from(rules, layers, p, x, starts, i, cycle, scratch):
    """The orbit from start i, after its run."""
    k, n = cycle.shape
    for j in range(n):
        scratch.trial[0, j] = starts.center[p, j] + starts.scale[p, j] * starts.states[i, j]
    for step in range(starts.lengths[i] + k):
        late = step - starts.lengths[i]
        for j in range(n):
            if late >= 0:
                cycle[late, j] = scratch.trial[0, j]
        advance(rules, layers, p, scratch.trial[0], x, scratch.out, scratch.gate_scratch)
        for j in range(n):
            scratch.trial[0, j] = scratch.out[j]


@internal
def is_possible(starts, p, cycle):
    """Whether states are where states can be: far outside, gates that are shut to all digits make cycles that are none."""
    for i in range(cycle.shape[0]):
        for j in range(cycle.shape[1]):
            if not starts.low[p, j] - EDGE <= cycle[i, j] <= starts.high[p, j] + EDGE:
                return False
    return True


@internal
def accept_if_converged(rules, layers, p, x, starts, cycle, tolerance, found, scratch):
    """Lead an orbit to a cycle and put it on the list, if it is one. Whether it is."""
    residual = newton_iterate(rules, layers, p, x, cycle, scratch)
    if not residual <= tolerance or not is_possible(starts, p, cycle):
        return False
    converged, radius = has_converged(rules, layers, p, x, cycle, residual, scratch)
    if not converged:
        return False
    if radius >= farthest(cycle) and is_plateau(rules, layers, p, x, cycle, scratch):
        if found.notes[FLAT]:
            return True
        found.notes[FLAT] = 1
    admit(found, cycle, residual, radius)
    return True


@internal
def try_starts(rules, layers, resting, p, x, starts, tolerance, cycle, found, scratch):
    """Put the cycles on the list to which starts lead."""
    i, needed = 0, 0
    while i < starts.lengths.size and (i < starts.least or i < 4 * needed):
        known = found.notes[COUNT]
        orbit_from(rules, layers, p, x, starts, i, cycle, scratch)
        accept_if_converged(rules, resting, p, x, starts, cycle, tolerance, found, scratch)
        i += 1
        needed = i if found.notes[COUNT] > known else needed


@internal
def is_finite(layer, p):
    """Whether a layer is made of numbers, not of nan and inf."""
    total, units = 0.0, layer.bias.shape[2]
    for i in range(units):
        for g in range(layer.bias.shape[1]):
            total += 0.0 * layer.bias[p, g, i]
        for g in range(layer.w_rec.shape[1]):
            for u in range(units):
                total += 0.0 * layer.w_rec[p, g, i, u]
    return total == 0.0


@kernel
def search(rules, layers, resting, x, starts, tolerance, cycle, found, listed, lo, scratch):
    """The points of a block, the first of which is lo, by what is led from starts; networks `resting` rest where `layers` do."""
    for p in range(x.shape[0]):
        try_starts(rules, layers, resting, p, x, starts, tolerance, cycle, found, scratch)
        listed.undecided[lo + p] = -1
        list_one(rules, layers, p, x, found, listed, lo + p, scratch)
