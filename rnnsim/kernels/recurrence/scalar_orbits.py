"""Long orbits of scalar networks, perhaps along an axis: where the orbit at one value of it ends, that at the next one begins.

Every lane is an orbit: a network without that axis, a direction and a sample. Rows of `theta` are those of `kernels.recurrence.scalar`
with one start, then the input; each has `row` lanes for every value of the axis, in the order in which the lane goes along it.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from rnnsim.equations.rules import watch
from rnnsim.kernels.recurrence.scalar import next_state, start_of, weights_of
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.primitives import any_lane, at_most, muladd, select
from rnnsim.numerics.simd import align_stack, load, splat, store
from rnnsim.numerics.tuples import width


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
def settled(kind, cell, weights, x, h, zero, steps):
    """The state after so many steps. An orbit that has come back to one of its states, to the bit, does so for ever: then only what is left
    of a period is computed. It is compared with its state after the last power of 2 of steps, as Brent's method does."""
    k, marked_at, marked = 0, 0, h
    while k < steps:
        h = next_state(cell, weights, x, h)
        zero = watch(cell, h, zero)
        k += 1
        if not any_lane(h != marked):
            k = steps - (steps - k) % (k - marked_at)
        elif k >= 2 * marked_at:
            marked_at, marked = k, h
    return h, zero


@kernel
def first_not_finite(kind, cell, theta, travel, at, h, lane_scratch):
    """Into `lane_scratch`: the first step from the state h on at which each lane is not finite, or infinity."""
    weights, x = weights_of(kind, cell, theta, at), load(kind, theta[theta.shape[0] - 1], at)
    first = select(h - h == 0.0, splat(kind, np.inf), 0.0)
    for k in range(travel.discard + travel.steps):
        h = next_state(cell, weights, x, h)
        first = select(h - h == 0.0, first, at_most(first, k + 1.0))
    store(lane_scratch, 0, first)


@kernel
def orbits(kind, cell, theta, travel, places, lane_scratch, states, diverged_at):
    """For every value and lane, places[value, lane] being where its states stand: states[place…place + steps], and the first step at which
    one was not finite, if there is one. A lane begins anew, from its own start, after a state that was not finite."""
    align_stack()
    w = width(kind)
    for group in range(0, travel.row, w):
        count = min(w, travel.lanes - group)
        h = start_of(kind, cell, theta, travel, 0, group)
        for value in range(travel.values):
            at = value * travel.row + group
            weights, x = weights_of(kind, cell, theta, at), load(kind, theta[theta.shape[0] - 1], at)
            h = select(h - h == 0.0, h, start_of(kind, cell, theta, travel, 0, at))
            first, zero = h, muladd(h, 0.0, splat(kind, 0.0))
            h, zero = settled(kind, cell, weights, x, h, zero, travel.discard)
            for k in range(travel.steps):
                h = next_state(cell, weights, x, h)
                zero = watch(cell, h, zero)
                store(lane_scratch, 0, h)
                for i in range(count):
                    states[places[value, group + i] + k] = lane_scratch[i]
            if any_lane(muladd(h, 0.0, zero) != 0.0):
                first_not_finite(kind, cell, theta, travel, at, first, lane_scratch)
                for i in range(count):
                    if lane_scratch[i] < np.inf:
                        diverged_at[value, group + i] = int(lane_scratch[i])
