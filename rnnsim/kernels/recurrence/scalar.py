"""Forward states and back-propagation through time of scalar networks: one unit, whose states never leave the registers.

    a[k] = w_rec h[k-1] + (w_in x[k] + bias)
    h[k] = step(h[k-1], a[k])                       of a cell with one gate and one state

Every lane is a point. Rows of `theta`: bias, w_in, w_rec; then the cell's constants; then the starts, one a sample or one for all; then the
number of targets that count. A gradient is summed over the steps of a sample first, then over samples in order, so that a result depends on
nothing but its own point.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from rnnsim.equations.arity import partials_of, slots
from rnnsim.equations.losses import contribution, cotangent
from rnnsim.equations.rules import linearize, pull_numbers, pullback, step, watch
from rnnsim.kernels.recurrence.inputs import read, turn_to
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.primitives import any_lane, at_most, muladd, select
from rnnsim.numerics.simd import align_stack, end_streams, load, splat, store, stream
from rnnsim.numerics.tuples import add, gather_rows, put, take, width, write, zeros
from rnnsim.numerics.unrolled import unrolled


class Sizes(NamedTuple):
    """Samples, steps, how many samples have a start (and its gradient) of their own, all or one, and how many last steps a target."""

    samples: int
    steps: int
    starts: int
    targeted: int


class Block(NamedTuple):
    """The points first…last of `points`, room for one row of lanes, and whether trajectories are streamed past the caches."""

    points: int
    first: int
    last: int
    lane_scratch: np.ndarray
    streamed: bool = False


class Trajectories(NamedTuple):
    """What to keep of every step on the way forward, each flat (sample, step, point), or empty."""

    state: np.ndarray
    increment: np.ndarray
    preactivation: np.ndarray


class Cotangents(NamedTuple):
    """What to keep of every step on the way back, each flat (sample, step, point), or empty."""

    grad_state: np.ndarray
    grad_preactivation: np.ndarray
    grad_input: np.ndarray


class Gradients(NamedTuple):
    """The cost (point), and the parameters' gradients rows[places[row of theta]] (point), none for a negative place."""

    cost: np.ndarray
    rows: np.ndarray
    places: np.ndarray


class Weights(NamedTuple):
    """Lanes; `constants` are a tuple of them."""

    bias: Any
    w_in: Any
    w_rec: Any
    constants: Any


@register_jitable(forceinline=True)
def weights_of(kind, cell, theta, at):
    constants = gather_rows(kind, slots(cell, "constants"), theta, 3, at)
    return Weights(load(kind, theta[0], at), load(kind, theta[1], at), load(kind, theta[2], at), constants)


@register_jitable(forceinline=True)
def start_of(kind, cell, theta, sizes, sample, at):
    return load(kind, theta[3 + len(slots(cell, "constants")) + min(sample, sizes.starts - 1)], at)


@register_jitable(forceinline=True)
def preactivation(weights, x, h):
    return muladd(weights.w_rec, h, muladd(weights.w_in, x, weights.bias))


@register_jitable(forceinline=True)
def next_state(cell, weights, x, h):
    return step(cell, weights.constants, (h,), (preactivation(weights, x, h),))[0]


@register_jitable(forceinline=True)
def write_step(array, position, value, count, block):
    if block.streamed and count * block.lane_scratch.itemsize == block.lane_scratch.nbytes:
        stream(array, position, value)
    else:
        write(array, position, value, count, block.lane_scratch)


@register_jitable(forceinline=True)
def record(kept, sizes, block, sample, k, point, count, h, h_before, a):
    """Keep what is wanted of step k. Without trajectories nothing is, and nothing is compiled in."""
    if kept is not None:
        position = (sample * (sizes.steps + 1) + k) * block.points + point
        if kept.state.size:
            write_step(kept.state, position, h, count, block)
        if kept.increment.size:
            write_step(kept.increment, position, h - h_before, count, block)
        if kept.preactivation.size:
            write_step(kept.preactivation, position, a, count, block)


@register_jitable(forceinline=True)
def record_back(cotangents, sizes, block, sample, k, point, count, counted, g_h, g_a, g_x):
    """Keep what is wanted of the cotangents of step k, if anything is."""
    if cotangents is not None:
        position = (sample * (sizes.steps + 1) + k) * block.points + point
        if cotangents.grad_state.size:
            write_step(cotangents.grad_state, position, g_h / counted, count, block)
        if cotangents.grad_preactivation.size:
            write_step(cotangents.grad_preactivation, position, g_a / counted, count, block)
        if cotangents.grad_input.size:
            write_step(cotangents.grad_input, position, g_x / counted, count, block)


@kernel
def first_not_finite(kind, cell, theta, inputs, sizes, at, lane_scratch):
    """Into `lane_scratch`: the first step at which a sample of each lane's point is not finite, or infinity."""
    first = splat(kind, np.inf)
    weights = weights_of(kind, cell, theta, at)
    for n in range(sizes.samples):
        turn_to(kind, inputs, n, at)
        h = start_of(kind, cell, theta, sizes, n, at)
        first = select(h - h == 0.0, first, 0.0)
        for k in range(sizes.steps):
            h = next_state(cell, weights, read(kind, inputs, n, k), h)
            first = select(h - h == 0.0, first, at_most(first, k + 1.0))
    store(lane_scratch, 0, first)


@register_jitable(forceinline=True)
def mark_divergence(kind, cell, theta, inputs, sizes, block, at, count, zero, diverged_at):
    """Where `zero` became nan, which it does with the first state that is not finite, find out when."""
    if any_lane(zero != 0.0):
        first_not_finite(kind, cell, theta, inputs, sizes, at, block.lane_scratch)
        for i in range(count):
            if block.lane_scratch[i] < np.inf:
                diverged_at[block.first + at + i] = int(block.lane_scratch[i])


@kernel
def forward(kind, cell, theta, inputs, sizes, block, strip, kept, final, diverged_at):
    """States of a block of points; `final`, the last ones, flat (sample, point), may be empty.

    All groups of a strip take a step before any takes the next, so that trajectories are written in long runs (twice as fast as one group
    at a time); `strip` holds the state of each group, and behind it a zero that a state which is not finite makes nan.
    """
    align_stack()
    points = strip.size // 2
    nothing = splat(kind, np.nan)
    for base in range(0, block.last - block.first, points):
        top = min(base + points, block.last - block.first)
        for n in range(sizes.samples):
            for at in range(base, top, width(kind)):
                turn_to(kind, inputs, n, at)
                h, place = start_of(kind, cell, theta, sizes, n, at), 2 * (at - base)
                zero = splat(kind, 0.0) if n == 0 else load(kind, strip, place + width(kind))
                put(strip, place, width(kind), (h, muladd(h, 0.0, zero)))
                record(kept, sizes, block, n, 0, block.first + at, min(width(kind), top - at), h, h, nothing)
            for k in range(sizes.steps):
                for at in range(base, top, width(kind)):
                    weights, place = weights_of(kind, cell, theta, at), 2 * (at - base)
                    h, zero = load(kind, strip, place), load(kind, strip, place + width(kind))
                    a = preactivation(weights, read(kind, inputs, n, k), h)
                    new = step(cell, weights.constants, (h,), (a,))[0]
                    put(strip, place, width(kind), (new, watch(cell, new, zero)))
                    record(kept, sizes, block, n, k + 1, block.first + at, min(width(kind), top - at), new, h, a)
            for at in range(base, top, width(kind)):
                count, place = min(width(kind), top - at), 2 * (at - base)
                h = load(kind, strip, place)
                zero = muladd(h, 0.0, load(kind, strip, place + width(kind)))
                store(strip, place + width(kind), zero)
                if final.size:
                    write(final, n * block.points + block.first + at, h, count, block.lane_scratch)
                if n == sizes.samples - 1:
                    mark_divergence(kind, cell, theta, inputs, sizes, block, at, count, zero, diverged_at)
    end_streams()


@register_jitable(forceinline=True)
def forward_taped(kind, cell, weights, h, zero, inputs, sizes, block, n, tape, kept, point, count):
    """The last state of a sample, with h[k-1] and the partial derivatives of every step on the tape; and `zero`, as `watch` leaves it."""
    tape_rows = 1 + len(partials_of(cell))
    for k in range(sizes.steps):
        a = preactivation(weights, read(kind, inputs, n, k), h)
        s, partials = linearize(cell, weights.constants, (h,), (a,))
        zero = watch(cell, s[0], zero)
        put(tape, k * tape_rows * width(kind), width(kind), (h,) + partials)
        record(kept, sizes, block, n, k + 1, point, count, s[0], h, a)
        h = s[0]
    return h, zero


@register_jitable(forceinline=True)
def backward_taped(kind, cell, loss, weights, h, inputs, targets, sizes, block, n, tape, cotangents, point, count, counted):
    """From the last state of a sample: its cost, and the gradients by bias, w_in, w_rec, the start and the cell's own numbers."""
    partials, g_numbers = partials_of(cell), zeros(kind, slots(cell, "tracked"))
    tape_rows, untargeted = 1 + len(partials), sizes.steps - sizes.targeted
    nothing, zero = splat(kind, np.nan), splat(kind, 0.0)
    cost, g, g_bias, g_in, g_rec = zero, zero, zero, zero, zero
    for k in range(sizes.steps - 1, -1, -1):
        if k >= untargeted:
            target = read(kind, targets, n, k - untargeted)
            cost = cost + contribution(loss, h, target)
            g = g + cotangent(loss, h, target)
        h = load(kind, tape, k * tape_rows * width(kind))
        kept_partials = take(kind, partials, tape, (k * tape_rows + 1) * width(kind), width(kind))
        past, by_gate = pullback(cell, weights.constants, kept_partials, (g,))
        g_numbers = add(g_numbers, pull_numbers(cell, weights.constants, kept_partials, (g,)))
        x, g_a = read(kind, inputs, n, k), by_gate[0]
        record_back(cotangents, sizes, block, n, k + 1, point, count, counted, g, g_a, muladd(weights.w_in, g_a, zero))
        g = muladd(weights.w_rec, g_a, past[0])
        g_bias, g_in, g_rec = g_bias + g_a, muladd(g_a, x, g_in), muladd(g_a, h, g_rec)
    record_back(cotangents, sizes, block, n, 0, point, count, counted, g, nothing, nothing)
    return cost, g_bias, g_in, g_rec, g, g_numbers


@register_jitable(forceinline=True)
def write_gradient(gradients, row, value, counted, point, count, block):
    """Write the gradient by a row of theta, if it is wanted."""
    if gradients.places[row] >= 0:
        write(gradients.rows[gradients.places[row]], point, value / counted, count, block.lane_scratch)


@unrolled(forceinline=True)
def write_gradients(gradients, row, values, counted, point, count, block):
    """Write the gradients by rows of theta that follow each other, those that are wanted."""
    for i, value in enumerate(values):
        write_gradient(gradients, row + i, value, counted, point, count, block)


@kernel
def backward(kind, cell, loss, theta, inputs, targets, sizes, block, tape, kept, final, cotangents, gradients, diverged_at):
    """Cost and gradients of a block of points, by back-propagation through time.

    With ē the cotangent of e: h̄[k-1] and ā[k] by the cell's pullback of h̄[k], then h̄[k-1] += w_rec ā[k]; bias, w_in and w_rec get Σ ā[k],
    Σ ā[k] x[k] and Σ ā[k] h[k-1]. The tape holds h[k-1] and the partial derivatives of every step. What is summed is
    the loss before its mean is taken; results are divided by the number of targets at the end.
    """
    align_stack()
    start_row = 3 + len(slots(cell, "constants"))
    nothing = splat(kind, np.nan)
    for at in range(0, block.last - block.first, width(kind)):
        point = block.first + at
        count = min(width(kind), block.last - point)
        weights = weights_of(kind, cell, theta, at)
        counted = load(kind, theta[start_row + sizes.starts], at)
        zero = splat(kind, 0.0)
        total, total_bias, total_in, total_rec, total_start = zero, zero, zero, zero, zero
        total_numbers = zeros(kind, slots(cell, "tracked"))
        for n in range(sizes.samples):
            turn_to(kind, inputs, n, at)
            turn_to(kind, targets, n, at)
            h = start_of(kind, cell, theta, sizes, n, at)
            zero = muladd(h, 0.0, zero)
            record(kept, sizes, block, n, 0, point, count, h, h, nothing)
            h, zero = forward_taped(kind, cell, weights, h, zero, inputs, sizes, block, n, tape, kept, point, count)
            zero = muladd(h, 0.0, zero)
            if final.size:
                write(final, n * block.points + point, h, count, block.lane_scratch)

            cost, g_bias, g_in, g_rec, g_start, g_numbers = backward_taped(
                kind, cell, loss, weights, h, inputs, targets, sizes, block, n, tape, cotangents, point, count, counted
            )
            total, total_bias, total_in = total + cost, total_bias + g_bias, total_in + g_in
            total_rec, total_start = total_rec + g_rec, total_start + g_start
            total_numbers = add(total_numbers, g_numbers)
            if sizes.starts > 1:
                write_gradient(gradients, start_row + n, g_start, counted, point, count, block)
        if gradients.cost.size:
            write(gradients.cost, point, total / counted, count, block.lane_scratch)
        write_gradient(gradients, 0, total_bias, counted, point, count, block)
        write_gradient(gradients, 1, total_in, counted, point, count, block)
        write_gradient(gradients, 2, total_rec, counted, point, count, block)
        write_gradients(gradients, 3, total_numbers, counted, point, count, block)
        if sizes.starts == 1:
            write_gradient(gradients, start_row, total_start, counted, point, count, block)
        mark_divergence(kind, cell, theta, inputs, sizes, block, at, count, zero, diverged_at)
    end_streams()
