"""Layers with the tangents of all that they do, forward and back through time, for a group of lanes.

A frame is one quantity of all units at one step, numbers[unit · lanes + lane]; that of its tangents has `d_` before its name.
"""

from typing import Any, NamedTuple

from numba.extending import overload, register_jitable

from rnnsim.equations.arity import partials_of, slots
from rnnsim.equations.rules import (
    linearize,
    output,
    partial_tangents,
    partial_tangents_by_numbers,
    pull_numbers,
    pull_numbers_tangent,
    pull_output,
    pullback,
    pullback_tangent,
    pullback_tangent_by_numbers,
    push_numbers,
    push_output,
    pushforward,
    reading,
    turn_output,
)
from rnnsim.kernels.hessian.descriptors import BIAS, IN, REC
from rnnsim.kernels.linalg.matmul import element, factor
from rnnsim.kernels.recurrence.layers import gate_at, kernel_of, place_of
from rnnsim.numerics.jit import internal, specialised
from rnnsim.numerics.primitives import muladd
from rnnsim.numerics.simd import align_stack, load, store
from rnnsim.numerics.tuples import INLINE, add, put, take, width, zeros

TOGETHER = 8  # steps whose frames stay in a cache while the gradients of weights are summed


class HessianLayout(NamedTuple):
    """The lanes, and how weights are read: as numbers, in a group of one point, or as lanes."""

    kind: Any
    weights: Any


@register_jitable(forceinline=True)
def apply(layout, scratch, group, first, by_row, by_term, rows, terms, x, start, y):
    """y[i] = start[i] + Σ W[i, j] x[j], for frames x, start and y, four rows at a time; W's first number is row `first` of θ."""
    kind, lanes, size = layout.kind, width(layout.kind), group.theta_apart
    w = factor(layout.weights, scratch, 0, 0, 0, 0)
    whole, apart, step = rows - rows % 4, by_row * size, by_term * size
    for i in range(0, whole, 4):
        begin = start + i * lanes
        a, b = load(kind, scratch, begin), load(kind, scratch, begin + lanes)
        c, d = load(kind, scratch, begin + 2 * lanes), load(kind, scratch, begin + 3 * lanes)
        at = group.theta + first * size + i * apart
        for j in range(terms):
            value = load(kind, scratch, x + j * lanes)
            a = muladd(element(kind, w, at), value, a)
            b = muladd(element(kind, w, at + apart), value, b)
            c = muladd(element(kind, w, at + 2 * apart), value, c)
            d = muladd(element(kind, w, at + 3 * apart), value, d)
            at += step
        out = y + i * lanes
        store(scratch, out, a)
        store(scratch, out + lanes, b)
        store(scratch, out + 2 * lanes, c)
        store(scratch, out + 3 * lanes, d)
    for i in range(whole, rows):
        a = load(kind, scratch, start + i * lanes)
        at = group.theta + first * size + i * apart
        for j in range(terms):
            a = muladd(element(kind, w, at), load(kind, scratch, x + j * lanes), a)
            at += step
        store(scratch, y + i * lanes, a)


@internal
def weigh(layout, scratch, group, first, rows, terms, x, start, y):
    """y = start + W x, W (rows, terms)."""
    align_stack()
    apply(layout, scratch, group, first, terms, 1, rows, terms, x, start, y)


@internal
def weigh_back(layout, scratch, group, first, rows, terms, a, start, y):
    """y = start + Wᵀ a, W (rows, terms)."""
    align_stack()
    apply(layout, scratch, group, first, 1, terms, terms, rows, a, start, y)


@internal
def collect(kind, scratch, out, rows, terms, steps, a, by_a, h, by_h):
    """out[i, j] += Σ a[k, i] h[k, j] over the steps k, two rows and four terms at a time."""
    align_stack()
    lanes = width(kind)
    for i in range(rows):
        for j in range(0, terms - terms % 4, 4):
            at = out + (i * terms + j) * lanes
            s, t = load(kind, scratch, at), load(kind, scratch, at + lanes)
            u, v = load(kind, scratch, at + 2 * lanes), load(kind, scratch, at + 3 * lanes)
            left, right = a + i * lanes, h + j * lanes
            for _ in range(steps):
                value = load(kind, scratch, left)
                s = muladd(value, load(kind, scratch, right), s)
                t = muladd(value, load(kind, scratch, right + lanes), t)
                u = muladd(value, load(kind, scratch, right + 2 * lanes), u)
                v = muladd(value, load(kind, scratch, right + 3 * lanes), v)
                left += by_a
                right += by_h
            store(scratch, at, s)
            store(scratch, at + lanes, t)
            store(scratch, at + 2 * lanes, u)
            store(scratch, at + 3 * lanes, v)
        for j in range(terms - terms % 4, terms):
            at = out + (i * terms + j) * lanes
            s = load(kind, scratch, at)
            for k in range(steps):
                s = muladd(load(kind, scratch, a + k * by_a + i * lanes), load(kind, scratch, h + k * by_h + j * lanes), s)
            store(scratch, at, s)


@register_jitable(forceinline=True)
def add_product(kind, scratch, out, left, right):
    """out += left · right, each a register."""
    store(scratch, out, muladd(load(kind, scratch, left), load(kind, scratch, right), load(kind, scratch, out)))


@internal
def turn(layout, cell, scratch, layer, number, group, directions, x, h, d_at):
    """Add to ȧ what comes from this layer's own directions: Ẇ_in x + Ẇ_rec h + ḃ."""
    kind, lanes = layout.kind, width(layout.kind)
    for t in range(group.count):
        q = directions[group.first + t]
        if q.layer == number:
            out, one = d_at + (q.gate * layer.units + q.row) * lanes, group.lanes_of + t * lanes
            if q.kind == IN:
                add_product(kind, scratch, out, one, x + q.term * lanes)
            elif q.kind == REC:
                add_product(kind, scratch, out, one, h + q.term * lanes)
            elif q.kind == BIAS:
                store(scratch, out, load(kind, scratch, out) + load(kind, scratch, one))


@internal
def turn_back(layout, scratch, layer, number, group, directions, what, at, out):
    """Add Ẇᵀ ā to the tangents of the cotangents of what weights of the kind `what` read."""
    kind, lanes = layout.kind, width(layout.kind)
    for t in range(group.count):
        q = directions[group.first + t]
        if q.layer == number and q.kind == what:
            a = at + (q.gate * layer.units + q.row) * lanes
            add_product(kind, scratch, out + q.term * lanes, group.lanes_of + t * lanes, a)


@internal
def sum_step(layout, cell, scratch, layer, number, group, directions, k, past, d_past):
    """a[k] and ȧ[k]."""
    lanes, n, d = width(layout.kind), layer.units, layer.terms
    gates, x_gates, h_gates = len(slots(cell, "gates")), reading(cell, "x"), reading(cell, "h")
    x, d_x, frame = layer.x + k * layer.x_step, layer.d_x + k * layer.x_step, layer.units * lanes
    at, d_at = layer.pre + k * gates * frame, layer.d_pre + k * gates * frame
    for gate in range(gates):
        in_x, in_h = place_of(gate, x_gates), place_of(gate, h_gates)
        w_in, w_rec = layer.w_in + max(in_x, 0) * n * d, layer.w_rec + max(in_h, 0) * n * n
        out, d_out, bias = at + gate * frame, d_at + gate * frame, layer.bias + gate * frame
        terms, moving, back = d if in_x >= 0 else 0, d if in_x >= 0 and layer.moving else 0, n if in_h >= 0 else 0
        weigh(layout, scratch, group, w_in, n, terms, x, bias, out)
        weigh(layout, scratch, group, w_in, n, moving, d_x, layer.nothing, d_out)
        if back:
            weigh(layout, scratch, group, w_rec, n, back, past, out, out)
            weigh(layout, scratch, group, w_rec, n, back, d_past, d_out, d_out)
    turn(layout, cell, scratch, layer, number, group, directions, x, past, d_at)


def with_numbers(cell, found, by_numbers):
    """Tangents, with what those of the cell's own numbers add to them, if it is tracked."""
    return add(found, by_numbers) if cell.tracked else found


@overload(with_numbers, jit_options=INLINE)
def _with_numbers(cell, found, by_numbers):
    if cell.instance_class.tracked:
        return lambda cell, found, by_numbers: add(found, by_numbers)
    return lambda cell, found, by_numbers: found


def start_outputs(kind, cell, scratch, layer):
    """What is read of the states at step 0, and its tangents."""
    if cell.outputs:
        find_outputs(kind, cell, scratch, layer)


@overload(start_outputs)
def _start_outputs(kind, cell, scratch, layer):
    if cell.instance_class.outputs:
        return lambda kind, cell, scratch, layer: find_outputs(kind, cell, scratch, layer)
    return lambda kind, cell, scratch, layer: None


@internal
def find_outputs(kind, cell, scratch, layer):
    """h[0] = output(s[0]), with its tangents."""
    own, lanes = slots(cell, "own"), width(kind)
    frame = layer.units * lanes
    for p in range(0, frame, lanes):
        s, ds = (
            take(kind, own, scratch, layer.states + frame + p, frame),
            take(kind, own, scratch, layer.d_states + frame + p, frame),
        )
        put(scratch, layer.states + p, frame, output(cell, s))
        put(scratch, layer.d_states + p, frame, push_output(cell, s, ds))


def end_outputs(kind, cell, scratch, layer):
    """Add to the cotangents of the states at step 0 that of what is read of them, and to their tangents."""
    if cell.outputs:
        pull_outputs(kind, cell, scratch, layer)


@overload(end_outputs)
def _end_outputs(kind, cell, scratch, layer):
    if cell.instance_class.outputs:
        return lambda kind, cell, scratch, layer: pull_outputs(kind, cell, scratch, layer)
    return lambda kind, cell, scratch, layer: None


@internal
def pull_outputs(kind, cell, scratch, layer):
    """s̄[0] += h̄[0] ∂output(s[0])/∂s, with its tangents."""
    own, read, lanes = slots(cell, "own"), slots(cell, "outputs"), width(kind)
    frame = layer.units * lanes
    for p in range(0, frame, lanes):
        s, ds = (
            take(kind, own, scratch, layer.states + frame + p, frame),
            take(kind, own, scratch, layer.d_states + frame + p, frame),
        )
        g, dg = take(kind, read, scratch, layer.cotangent + p, frame), take(kind, read, scratch, layer.d_cotangent + p, frame)
        out, d_out = layer.cotangent + frame + p, layer.d_cotangent + frame + p
        put(scratch, out, frame, add(take(kind, own, scratch, out, frame), pull_output(cell, s, g)))
        put(scratch, d_out, frame, add(take(kind, own, scratch, d_out, frame), turn_output(cell, s, ds, g, dg)))


@internal
def forward_layer(layout, cell, scratch, layer, number, group, directions):
    """States, partial derivatives and the tangents of both at steps 1…steps, from states and tangents at step 0."""
    align_stack()
    kind, gates, states, constants = layout.kind, slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    lanes, partials = width(layout.kind), partials_of(cell)
    frame = layer.units * lanes
    start_outputs(kind, cell, scratch, layer)
    for k in range(group.steps):
        past, d_past = layer.states + k * len(states) * frame, layer.d_states + k * len(states) * frame
        sum_step(layout, cell, scratch, layer, number, group, directions, k, past, d_past)
        at, tape = k * len(gates) * frame, k * len(partials) * frame
        jump = len(states) * frame
        for p in range(0, frame, lanes):
            c = take(kind, constants, scratch, layer.constants + p, frame)
            dc = take(kind, constants, scratch, layer.d_constants + p, frame)
            s, ds = take(kind, states, scratch, past + p, frame), take(kind, states, scratch, d_past + p, frame)
            a, da = take(kind, gates, scratch, layer.pre + at + p, frame), take(kind, gates, scratch, layer.d_pre + at + p, frame)
            new, d = linearize(cell, c, s, a)
            d_partials = with_numbers(
                cell, partial_tangents(cell, c, s, a, d, ds, da), partial_tangents_by_numbers(cell, c, s, a, d, dc)
            )
            d_new = with_numbers(cell, pushforward(cell, c, d, ds, da), push_numbers(cell, c, d, dc))
            put(scratch, past + jump + p, frame, new)
            put(scratch, d_past + jump + p, frame, d_new)
            put(scratch, layer.partials + tape + p, frame, d)
            put(scratch, layer.d_partials + tape + p, frame, d_partials)


@internal
def collect_steps(layout, cell, scratch, layer, group, first, count):
    """Add to the gradients and to their tangents from the steps first…first + count: of W̄ = Σ ā h it is Σ ǡ h + ā ḣ."""
    kind, lanes, n, d = layout.kind, width(layout.kind), layer.units, layer.terms
    gates, states = len(slots(cell, "gates")), len(slots(cell, "states"))
    x_gates, h_gates = reading(cell, "x"), reading(cell, "h")
    frame = n * lanes
    by_a, by_h = gates * frame, states * frame
    x, d_x = layer.x + first * layer.x_step, layer.d_x + first * layer.x_step
    for gate in range(gates):
        a, d_a = layer.pre + first * by_a + gate * frame, layer.d_pre + first * by_a + gate * frame
        in_x, in_h = place_of(gate, x_gates), place_of(gate, h_gates)
        if in_h >= 0 and layer.want_rec:
            h, d_h, out = layer.states + first * by_h, layer.d_states + first * by_h, in_h * n * n * lanes
            collect(kind, scratch, layer.d_grad_rec + out, n, n, count, d_a, by_a, h, by_h)
            collect(kind, scratch, layer.d_grad_rec + out, n, n, count, a, by_a, d_h, by_h)
            if group.gradient:
                collect(kind, scratch, layer.grad_rec + out, n, n, count, a, by_a, h, by_h)
        if in_x >= 0 and layer.want_in:
            out = in_x * n * d * lanes
            collect(kind, scratch, layer.d_grad_in + out, n, d, count, d_a, by_a, x, layer.x_step)
            if layer.moving:
                collect(kind, scratch, layer.d_grad_in + out, n, d, count, a, by_a, d_x, layer.x_step)
            if group.gradient:
                collect(kind, scratch, layer.grad_in + out, n, d, count, a, by_a, x, layer.x_step)
        for p in range(0, frame, lanes):
            total, d_total = layer.grad_bias + gate * frame + p, layer.d_grad_bias + gate * frame + p
            b, d_b = load(kind, scratch, total), load(kind, scratch, d_total)
            for k in range(count):
                b, d_b = b + load(kind, scratch, a + k * by_a + p), d_b + load(kind, scratch, d_a + k * by_a + p)
            store(scratch, total, b)
            store(scratch, d_total, d_b)


@internal
def pull_inputs(layout, cell, scratch, layer, number, group, directions, k):
    """The cotangents of what the layer reads at step k, and their tangents."""
    lanes, n, d = width(layout.kind), layer.units, layer.terms
    x_gates, frame = reading(cell, "x"), layer.units * width(layout.kind)
    at, d_at = layer.pre + k * len(slots(cell, "gates")) * frame, layer.d_pre + k * len(slots(cell, "gates")) * frame
    out, d_out = layer.below + k * d * lanes, layer.d_below + k * d * lanes
    start, d_start = layer.nothing, layer.nothing
    for i in range(len(x_gates)):
        w_in = layer.w_in + i * n * d
        weigh_back(layout, scratch, group, w_in, n, d, at + x_gates[i] * frame, start, out)
        weigh_back(layout, scratch, group, w_in, n, d, d_at + x_gates[i] * frame, d_start, d_out)
        start, d_start = out, d_out
    turn_back(layout, scratch, layer, number, group, directions, IN, at, d_out)


@internal
def pull_states(layout, cell, scratch, layer, number, group, directions, k):
    """Add W_recᵀ ā[k] to the cotangent of h[k-1], and to its tangents what that makes of them."""
    n, h_gates, frame = layer.units, reading(cell, "h"), layer.units * width(layout.kind)
    at, d_at = layer.pre + k * len(slots(cell, "gates")) * frame, layer.d_pre + k * len(slots(cell, "gates")) * frame
    out, d_out = layer.cotangent, layer.d_cotangent
    for i in range(len(h_gates)):
        w_rec = layer.w_rec + i * n * n
        weigh_back(layout, scratch, group, w_rec, n, n, at + gate_at(h_gates, i) * frame, out, out)
        weigh_back(layout, scratch, group, w_rec, n, n, d_at + gate_at(h_gates, i) * frame, d_out, d_out)
    turn_back(layout, scratch, layer, number, group, directions, REC, at, d_out)


@internal
def pull_cell(layout, cell, scratch, layer, group, k):
    """Cotangents of s[k-1] but for the path through a[k], and of a[k], which take the place of a[k]; with their tangents."""
    kind, gates, states, constants = layout.kind, slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    lanes, partials, numbers = width(layout.kind), partials_of(cell), slots(cell, "tracked")
    frame = layer.units * lanes
    at, tape, top = k * len(gates) * frame, k * len(partials) * frame, k * frame
    for p in range(0, frame, lanes):
        if k >= group.top_from:
            g, above = layer.cotangent + p, layer.top + top + p
            store(scratch, g, load(kind, scratch, g) + load(kind, scratch, above))
            d_g, d_above = layer.d_cotangent + p, layer.d_top + top + p
            store(scratch, d_g, load(kind, scratch, d_g) + load(kind, scratch, d_above))
        c = take(kind, constants, scratch, layer.constants + p, frame)
        dc = take(kind, constants, scratch, layer.d_constants + p, frame)
        s, ds = take(kind, states, scratch, layer.cotangent + p, frame), take(kind, states, scratch, layer.d_cotangent + p, frame)
        d = take(kind, partials, scratch, layer.partials + tape + p, frame)
        d_partials = take(kind, partials, scratch, layer.d_partials + tape + p, frame)
        past, a = pullback(cell, c, d, s)
        d_past, d_a = pullback_tangent(cell, c, d, d_partials, s, ds)
        past_by_numbers, a_by_numbers = pullback_tangent_by_numbers(cell, c, d, s, dc)
        d_past, d_a = with_numbers(cell, d_past, past_by_numbers), with_numbers(cell, d_a, a_by_numbers)
        sums, d_sums = layer.grad_number + p, layer.d_grad_number + p
        put(scratch, sums, frame, add(take(kind, numbers, scratch, sums, frame), pull_numbers(cell, c, d, s)))
        moved = pull_numbers_tangent(cell, c, d, d_partials, s, ds, dc)
        put(scratch, d_sums, frame, add(take(kind, numbers, scratch, d_sums, frame), moved))
        put(scratch, layer.cotangent + p, frame, add(zeros(kind, states), past))
        put(scratch, layer.d_cotangent + p, frame, add(zeros(kind, states), d_past))
        put(scratch, layer.pre + at + p, frame, a)
        put(scratch, layer.d_pre + at + p, frame, d_a)


@internal
def backward_layer(layout, cell, scratch, layer, number, group, directions):
    """Back through time, with the tangents of all cotangents."""
    align_stack()
    collected = group.steps
    for k in range(group.steps - 1, -1, -1):
        pull_cell(layout, cell, scratch, layer, group, k)
        pull_states(layout, cell, scratch, layer, number, group, directions, k)
        if layer.below >= 0:
            pull_inputs(layout, cell, scratch, layer, number, group, directions, k)
        if collected - k == TOGETHER or k == 0:
            collect_steps(layout, cell, scratch, layer, group, k, collected - k)
            collected = k
    end_outputs(layout.kind, cell, scratch, layer)


@specialised
def forward_of(layout, cell):
    """The kernel of a layer of these cells on the way forward; of a linear map, if `cell` has no state."""
    if not type(cell).states:

        @kernel_of(cell)
        def mapped(scratch, layer, number, group, directions):
            for k in range(group.top_from, group.steps):
                sum_step(layout, cell, scratch, layer, number, group, directions, k, 0, 0)

        return mapped

    @kernel_of(cell)
    def forward(scratch, layer, number, group, directions):
        forward_layer(layout, cell, scratch, layer, number, group, directions)

    return forward


@specialised
def backward_of(layout, cell):
    """The kernel of a layer of these cells on the way back."""
    if not type(cell).states:

        @kernel_of(cell)
        def unmapped(scratch, layer, number, group, directions):
            for k in range(group.top_from, group.steps):
                pull_inputs(layout, cell, scratch, layer, number, group, directions, k)
            collect_steps(layout, cell, scratch, layer, group, group.top_from, group.steps - group.top_from)

        return unmapped

    @kernel_of(cell)
    def backward(scratch, layer, number, group, directions):
        backward_layer(layout, cell, scratch, layer, number, group, directions)

    return backward
