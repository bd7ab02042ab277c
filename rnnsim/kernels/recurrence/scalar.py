"""Forward states and back-propagation through time of scalar networks: one unit, whose states never leave the registers.

    a[k] = w_rec h[k-1] + (w_in x[k] + bias)        one a gate
    s[k] = step(s[k-1], a[k])                       s = (h, …)

Every lane is a point. Rows of `theta`, by gate: bias, w_in, w_rec; then the cell's constants; then the starts, one a sample (or one for
all) and state; then the number of targets that count. A gradient is summed over the steps of a sample first, then over samples in
order, so that a result depends on nothing but its own point.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from rnnsim.equations.arity import partials_of, slots
from rnnsim.equations.cells import linearize, pullback, step, watch
from rnnsim.equations.losses import contribution, cotangent
from rnnsim.kernels.recurrence.inputs import read, turn_to
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.primitives import any_lane, at_most, muladd, select
from rnnsim.numerics.simd import align_stack, end_streams, load, splat, store, stream
from rnnsim.numerics.tuples import add, dot, gather_rows, muladd_each, put, take, width, write, write_each, zeros


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
    """Tuples of lanes, one member a gate; `constants` one a constant."""

    bias: Any
    w_in: Any
    w_rec: Any
    constants: Any


@register_jitable(forceinline=True)
def weights_of(kind, cell, theta, at):
    gates = slots(cell, "gates")
    n = len(gates)
    return Weights(
        gather_rows(kind, gates, theta, 0, at),
        gather_rows(kind, gates, theta, n, at),
        gather_rows(kind, gates, theta, 2 * n, at),
        gather_rows(kind, slots(cell, "constants"), theta, 3 * n, at),
    )


@register_jitable(forceinline=True)
def starts_of(kind, cell, theta, sizes, sample, at):
    states = slots(cell, "states")
    first = 3 * len(slots(cell, "gates")) + len(slots(cell, "constants"))
    return gather_rows(kind, states, theta, first + min(sample, sizes.starts - 1) * len(states), at)


@register_jitable(forceinline=True)
def preactivations(weights, x, h):
    return muladd_each(weights.w_rec, h, muladd_each(weights.w_in, x, weights.bias))


@register_jitable(forceinline=True)
def write_step(array, position, value, count, block):
    if block.streamed and count * block.lane_scratch.itemsize == block.lane_scratch.nbytes:
        stream(array, position, value)
    else:
        write(array, position, value, count, block.lane_scratch)


def record(kept, sizes, block, sample, k, point, count, h, h_before, a):
    """Keep what is wanted of step k. Without trajectories nothing is, and nothing is compiled in."""
    if kept is not None:
        _record(kept, sizes, block, sample, k, point, count, h, h_before, a)


@overload(record, jit_options={"forceinline": True})
def _overload_record(kept, sizes, block, sample, k, point, count, h, h_before, a):
    if isinstance(kept, types.NoneType):
        return lambda kept, sizes, block, sample, k, point, count, h, h_before, a: None
    return _record


def _record(kept, sizes, block, sample, k, point, count, h, h_before, a):
    position = (sample * (sizes.steps + 1) + k) * block.points + point
    if kept.state.size:
        write_step(kept.state, position, h, count, block)
    if kept.increment.size:
        write_step(kept.increment, position, h - h_before, count, block)
    if kept.preactivation.size:
        write_step(kept.preactivation, position, a, count, block)


def record_back(cotangents, sizes, block, sample, k, point, count, counted, g_h, g_a, g_x):
    """Keep what is wanted of the cotangents of step k, if anything is."""
    if cotangents is not None:
        _record_back(cotangents, sizes, block, sample, k, point, count, counted, g_h, g_a, g_x)


@overload(record_back, jit_options={"forceinline": True})
def _overload_record_back(cotangents, sizes, block, sample, k, point, count, counted, g_h, g_a, g_x):
    if isinstance(cotangents, types.NoneType):
        return lambda cotangents, sizes, block, sample, k, point, count, counted, g_h, g_a, g_x: None
    return _record_back


def _record_back(cotangents, sizes, block, sample, k, point, count, counted, g_h, g_a, g_x):
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
        s = starts_of(kind, cell, theta, sizes, n, at)
        first = select(s[0] - s[0] == 0.0, first, 0.0)
        for k in range(sizes.steps):
            s = step(cell, weights.constants, s, preactivations(weights, read(kind, inputs, n, k), s[0]))
            first = select(s[0] - s[0] == 0.0, first, at_most(first, k + 1.0))
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
    at a time); `strip` holds their states, and a row of zeros that states which are not finite make nan.
    """
    align_stack()
    states = slots(cell, "states")
    strip_rows = len(states) + 1
    points = strip.size // strip_rows
    nothing = splat(kind, np.nan)
    for base in range(0, block.last - block.first, points):
        top = min(base + points, block.last - block.first)
        for n in range(sizes.samples):
            for at in range(base, top, width(kind)):
                turn_to(kind, inputs, n, at)
                s = starts_of(kind, cell, theta, sizes, n, at)
                row = (at - base) // width(kind) * strip_rows
                zero = splat(kind, 0.0) if n == 0 else load(kind, strip, (row + len(states)) * width(kind))
                put(strip, row * width(kind), width(kind), s)
                put(strip, (row + len(states)) * width(kind), width(kind), (muladd(s[0], 0.0, zero),))
                count = min(width(kind), top - at)
                record(kept, sizes, block, n, 0, block.first + at, count, s[0], s[0], nothing)
            for k in range(sizes.steps):
                for at in range(base, top, width(kind)):
                    row = (at - base) // width(kind) * strip_rows
                    weights = weights_of(kind, cell, theta, at)
                    s = take(kind, states, strip, row * width(kind), width(kind))
                    zero = load(kind, strip, (row + len(states)) * width(kind))
                    a = preactivations(weights, read(kind, inputs, n, k), s[0])
                    new = step(cell, weights.constants, s, a)
                    put(strip, row * width(kind), width(kind), new)
                    put(strip, (row + len(states)) * width(kind), width(kind), (watch(cell, new[0], zero),))
                    count = min(width(kind), top - at)
                    record(kept, sizes, block, n, k + 1, block.first + at, count, new[0], s[0], a[0])
            for at in range(base, top, width(kind)):
                row = (at - base) // width(kind) * strip_rows
                h = load(kind, strip, row * width(kind))
                zero = muladd(h, 0.0, load(kind, strip, (row + len(states)) * width(kind)))
                put(strip, (row + len(states)) * width(kind), width(kind), (zero,))
                count = min(width(kind), top - at)
                if final.size:
                    write(final, n * block.points + block.first + at, h, count, block.lane_scratch)
                if n == sizes.samples - 1:
                    mark_divergence(kind, cell, theta, inputs, sizes, block, at, count, zero, diverged_at)
    end_streams()


@register_jitable(forceinline=True)
def forward_taped(kind, cell, weights, s, zero, inputs, sizes, block, n, tape, kept, point, count):
    """The last states of a sample, with h[k-1] and the partial derivatives of every step on the tape; and `zero`, as `watch` leaves it."""
    tape_rows = 1 + len(partials_of(cell))
    for k in range(sizes.steps):
        h = s[0]
        a = preactivations(weights, read(kind, inputs, n, k), h)
        s, partials = linearize(cell, weights.constants, s, a)
        zero = watch(cell, s[0], zero)
        put(tape, k * tape_rows * width(kind), width(kind), (h,))
        put(tape, (k * tape_rows + 1) * width(kind), width(kind), partials)
        record(kept, sizes, block, n, k + 1, point, count, s[0], h, a[0])
    return s, zero


@register_jitable(forceinline=True)
def backward_taped(kind, cell, loss, weights, h, inputs, targets, sizes, block, n, tape, cotangents, point, count, counted):
    """From the last state of a sample: its cost, and the gradients by bias, w_in, w_rec and the start."""
    gates, partials = slots(cell, "gates"), partials_of(cell)
    tape_rows, untargeted = 1 + len(partials), sizes.steps - sizes.targeted
    nothing, cost = splat(kind, np.nan), splat(kind, 0.0)
    g, g_bias, g_in, g_rec = zeros(kind, slots(cell, "states")), zeros(kind, gates), zeros(kind, gates), zeros(kind, gates)
    for k in range(sizes.steps - 1, -1, -1):
        if k >= untargeted:
            target = read(kind, targets, n, k - untargeted)
            cost = cost + contribution(loss, h, target)
            g = (g[0] + cotangent(loss, h, target),) + g[1:]
        g_h = g[0]
        h = load(kind, tape, k * tape_rows * width(kind))
        x = read(kind, inputs, n, k)
        kept_partials = take(kind, partials, tape, (k * tape_rows + 1) * width(kind), width(kind))
        past, g_a = pullback(cell, weights.constants, kept_partials, g)
        g = (dot(weights.w_rec, g_a, past[0]),) + past[1:]
        g_bias = add(g_bias, g_a)
        g_in = muladd_each(g_a, x, g_in)
        g_rec = muladd_each(g_a, h, g_rec)
        g_x = dot(weights.w_in, g_a, splat(kind, 0.0))
        record_back(cotangents, sizes, block, n, k + 1, point, count, counted, g_h, g_a[0], g_x)
    record_back(cotangents, sizes, block, n, 0, point, count, counted, g[0], nothing, nothing)
    return cost, g_bias, g_in, g_rec, g


@kernel
def backward(kind, cell, loss, theta, inputs, targets, sizes, block, tape, kept, final, cotangents, gradients, diverged_at):
    """Cost and gradients of a block of points, by back-propagation through time.

    With ē the cotangent of e: s̄[k-1] and ā[k] by the cell's pullback of s̄[k], then h̄[k-1] += Σ w_rec ā[k] over the gates; bias, w_in and
    w_rec get Σ ā[k], Σ ā[k] x[k] and Σ ā[k] h[k-1]. The tape holds h[k-1] and the partial derivatives of every step. What is summed is
    the loss before its mean is taken; results are divided by the number of targets at the end.
    """
    align_stack()
    gates = slots(cell, "gates")
    states = slots(cell, "states")
    n_gates = len(gates)
    start_row = 3 * n_gates + len(slots(cell, "constants"))
    nothing = splat(kind, np.nan)
    for at in range(0, block.last - block.first, width(kind)):
        point = block.first + at
        count = min(width(kind), block.last - point)
        weights = weights_of(kind, cell, theta, at)
        counted = load(kind, theta[start_row + sizes.starts * len(states)], at)
        zero = splat(kind, 0.0)
        total = splat(kind, 0.0)
        total_bias = zeros(kind, gates)
        total_in = zeros(kind, gates)
        total_rec = zeros(kind, gates)
        total_start = zeros(kind, states)
        for n in range(sizes.samples):
            turn_to(kind, inputs, n, at)
            turn_to(kind, targets, n, at)
            s = starts_of(kind, cell, theta, sizes, n, at)
            zero = muladd(s[0], 0.0, zero)
            record(kept, sizes, block, n, 0, point, count, s[0], s[0], nothing)
            s, zero = forward_taped(kind, cell, weights, s, zero, inputs, sizes, block, n, tape, kept, point, count)
            zero = muladd(s[0], 0.0, zero)
            if final.size:
                write(final, n * block.points + point, s[0], count, block.lane_scratch)

            cost, g_bias, g_in, g_rec, g = backward_taped(
                kind, cell, loss, weights, s[0], inputs, targets, sizes, block, n, tape, cotangents, point, count, counted
            )
            total = total + cost
            total_bias = add(total_bias, g_bias)
            total_in = add(total_in, g_in)
            total_rec = add(total_rec, g_rec)
            total_start = add(total_start, g)
            if sizes.starts > 1:
                row = start_row + n * len(states)
                write_each(gradients.rows, gradients.places, row, g, counted, point, count, block.lane_scratch)
        if gradients.cost.size:
            write(gradients.cost, point, total / counted, count, block.lane_scratch)
        write_each(gradients.rows, gradients.places, 0, total_bias, counted, point, count, block.lane_scratch)
        write_each(gradients.rows, gradients.places, n_gates, total_in, counted, point, count, block.lane_scratch)
        write_each(gradients.rows, gradients.places, 2 * n_gates, total_rec, counted, point, count, block.lane_scratch)
        if sizes.starts == 1:
            write_each(gradients.rows, gradients.places, start_row, total_start, counted, point, count, block.lane_scratch)
        mark_divergence(kind, cell, theta, inputs, sizes, block, at, count, zero, diverged_at)
    end_streams()
