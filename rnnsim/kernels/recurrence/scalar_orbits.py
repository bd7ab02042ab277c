"""Orbits of scalar networks along an axis: where the orbit at one value of it ends, that at the next one begins.

Every lane is an orbit: a network without that axis, a direction and a sample. Rows of `theta` are those of `kernels.recurrence.scalar`
with one start, then the input; each has `row` lanes for every value of the axis, in the order in which the lane goes along it.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from rnnsim.equations.cells import step, watch
from rnnsim.kernels.recurrence.scalar import starts_of, weights_of
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.primitives import any_lane, at_most, muladd, select
from rnnsim.numerics.simd import align_stack, load, splat, store
from rnnsim.numerics.tuples import muladd_each, width


class Travel(NamedTuple):
    """How many orbits there are, up to whole groups the row, how many values they go along, and the steps that are not kept and those that
    are. `starts` is 1: each orbit has a start of its own."""

    lanes: int
    row: int
    values: int
    discard: int
    steps: int
    starts: int = 1


@register_jitable(forceinline=True)
def settled(kind, cell, weights, driven, s, zero, steps):
    """The states after so many steps. An orbit that has come back to one of its states, to the bit, does so for ever: then only what is
    left of a period is computed. It is compared with its state after the last power of 2 of steps, as Brent's method does."""
    k, marked_at, marked = 0, 0, s[0]
    while k < steps:
        s = step(cell, weights.constants, s, muladd_each(weights.w_rec, s[0], driven))
        zero = watch(cell, s[0], zero)
        k += 1
        if not any_lane(s[0] != marked):
            k = steps - (steps - k) % (k - marked_at)
        elif k >= 2 * marked_at:
            marked_at, marked = k, s[0]
    return s, zero


@kernel
def first_not_finite(kind, cell, theta, travel, at, s, lane_scratch):
    """Into `lane_scratch`: the first step from the states s on at which each lane is not finite, or infinity."""
    weights = weights_of(kind, cell, theta, at)
    driven = muladd_each(weights.w_in, load(kind, theta[theta.shape[0] - 1], at), weights.bias)
    first = select(s[0] - s[0] == 0.0, splat(kind, np.inf), 0.0)
    for k in range(travel.discard + travel.steps):
        s = step(cell, weights.constants, s, muladd_each(weights.w_rec, s[0], driven))
        first = select(s[0] - s[0] == 0.0, first, at_most(first, k + 1.0))
    store(lane_scratch, 0, first)


@kernel
def orbits_along(kind, cell, theta, travel, places, lane_scratch, states, diverged_at):
    """For every value and lane, places[value, lane] being where its states stand: states[place…place + steps], and the first step at which
    one was not finite, or -1. A lane begins anew, from its own start, after a state that was not finite."""
    align_stack()
    w = width(kind)
    for group in range(0, travel.row, w):
        count = min(w, travel.lanes - group)
        s = starts_of(kind, cell, theta, travel, 0, group)
        for value in range(travel.values):
            at = value * travel.row + group
            weights = weights_of(kind, cell, theta, at)
            own = starts_of(kind, cell, theta, travel, 0, at)
            driven = muladd_each(weights.w_in, load(kind, theta[theta.shape[0] - 1], at), weights.bias)
            s = (select(s[0] - s[0] == 0.0, s[0], own[0]),)
            first, zero = s, splat(kind, 0.0)
            s, zero = settled(kind, cell, weights, driven, s, zero, travel.discard)
            for k in range(travel.steps):
                s = step(cell, weights.constants, s, muladd_each(weights.w_rec, s[0], driven))
                zero = watch(cell, s[0], zero)
                store(lane_scratch, 0, s[0])
                for i in range(count):
                    states[places[value, group + i] + k] = lane_scratch[i]
            if any_lane(muladd(s[0], 0.0, zero) != 0.0):
                first_not_finite(kind, cell, theta, travel, at, first, lane_scratch)
                for i in range(count):
                    if lane_scratch[i] < np.inf:
                        diverged_at[value, group + i] = int(lane_scratch[i])
