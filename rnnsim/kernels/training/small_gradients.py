"""Costs and gradients of small networks, for training: layers of few units here, one unit in `scalar_sensitivities`.

A lane is a network of a group, or a unit of one network. Parameters stand in rows of lanes, `own`, and their gradients in the same rows of
`scratch`: where lanes are networks, a row is one number; where they are units, it is those of all units. `tape` has the rows of every step.
Both sum in the same order, so that a network alone is to the bit what it is in a group. With ē the cotangent of e:

    a[k] = W_in x[k] + W_rec h[k-1] + bias;  s[k] = step(s[k-1], a[k]);  y[k] = W_out h[k] + b_out       forward
    h̄ += W_outᵀ ȳ;  s̄[k-1], ā = pullback(s̄[k]);  h̄[k-1] += W_recᵀ ā;  W̄_rec += ā h[k-1]ᵀ, …              back
"""

from typing import Any, NamedTuple

from numba.extending import overload, register_jitable

from rnnsim.equations.arity import partials_of, slots
from rnnsim.equations.losses import contribution, contributions, cotangent
from rnnsim.equations.rules import linearize, pull_numbers, pullback, step
from rnnsim.kernels.recurrence.inputs import read, sample_at, turn_in_order, turn_to
from rnnsim.kernels.training.scalar_sensitivities import ScalarModel, scalar_gradient, scalar_measures
from rnnsim.numerics.primitives import muladd, select
from rnnsim.numerics.simd import load, splat, spread, store
from rnnsim.numerics.tuples import INLINE, add, put, take, width, zeros


class Set(NamedTuple):
    """Sequences of a block: where inputs and targets are read, and their sizes."""

    inputs: Any
    targets: Any
    sizes: Any


class OfNetworks(NamedTuple):
    """Says that lanes are networks."""


class OfUnits(NamedTuple):
    """Says that lanes are the units of a network, which has a readout."""


class LayerModel(NamedTuple):
    """A layer of few units, with a readout of so many outputs or, if that is 0, without: what lanes are; how many rows all units take; how
    many all numbers; the first rows of each gate's weights and of up to two biases (bias, gate), of constants, of starts, and of the
    readout's numbers; -1 for none. W_rec goes back in the rows from `w_back` on, where its gradient is: where lanes are units, a row has
    what one unit reads of the others there, and from `w_rec` on what all read of one."""

    cell: Any
    lanes: Any
    units: int
    unit_rows: int
    inputs: int
    outputs: int
    rows: int
    biases: Any
    w_in: Any
    w_rec: Any
    w_back: Any
    constants: int
    starts: Any
    w_out: int
    b_out: int


def unit_of(kind, model, array, row, i):
    """The numbers of unit i among the rows of all units from `row` on."""
    if isinstance(model.lanes, OfUnits):
        return spread(kind, array, row * width(kind) + i)
    return load(kind, array, (row + i) * width(kind))


@overload(unit_of, jit_options=INLINE)
def _unit_of(kind, model, array, row, i):
    if model.types[model.fields.index("lanes")].instance_class is OfUnits:
        return lambda kind, model, array, row, i: spread(kind, array, row * width(kind) + i)
    return lambda kind, model, array, row, i: load(kind, array, (row + i) * width(kind))


@register_jitable
def turn_weights(kind, model, own):
    """Turn W_rec from how it goes back to how it goes forward."""
    w = width(kind)
    for gate in range(model.w_rec.size):
        forward, back = model.w_rec[gate] * w, model.w_back[gate] * w
        if forward != back:
            for i in range(model.units):
                for j in range(model.units):
                    own[forward + j * w + i] = own[back + i * w + j]


@register_jitable(**INLINE)
def counted_targets(kind, data, at, order, turn, first, last, numbers):
    """How many targets count in the samples first…last of an order."""
    counted = splat(kind, 0.0)
    for place in range(first, last):
        n = sample_at(order, turn, place)
        turn_in_order(kind, data.targets, order, turn, place, at)
        for k in range(numbers):
            target = read(kind, data.targets, n, k)
            counted = counted + select(target == target, 1.0, 0.0)
    return counted


@register_jitable(**INLINE)
def start(kind, model, own, tape):
    """The states at step 0, as the first rows of the tape."""
    w = width(kind)
    for state in range(model.starts.size):
        for i in range(model.unit_rows):
            store(tape, (state * model.unit_rows + i) * w, load(kind, own, (model.starts[state] + i) * w))


@register_jitable(**INLINE)
def sum_step(kind, model, own, inputs, sample, k, tape, past, pre):
    """a[k] = W_in x[k] + W_rec h[k-1] + bias, from the states in the rows from `past` on, into those from `pre` on."""
    w, units, unit_rows, features = width(kind), model.units, model.unit_rows, model.inputs
    for gate in range(model.w_in.size):
        w_in, w_rec = model.w_in[gate], model.w_rec[gate]
        for i in range(unit_rows):
            a = splat(kind, 0.0)
            for bias in range(model.biases.shape[0]):
                if model.biases[bias, gate] >= 0:
                    a = a + load(kind, own, (model.biases[bias, gate] + i) * w)
            if w_in >= 0:
                for j in range(features):
                    a = muladd(load(kind, own, (w_in + i * features + j) * w), read(kind, inputs, sample, k * features + j), a)
            if w_rec >= 0:
                for j in range(units):
                    a = muladd(load(kind, own, (w_rec + i * units + j) * w), unit_of(kind, model, tape, past, j), a)
            store(tape, (pre + gate * unit_rows + i) * w, a)


@register_jitable(**INLINE)
def output(kind, model, own, tape, h, i):
    """Output i of the state that stands in the rows from `h` on."""
    w = width(kind)
    if model.outputs == 0:
        return load(kind, tape, (h + i) * w)
    y = load(kind, own, (model.b_out + i) * w)
    for j in range(model.units):
        y = muladd(unit_of(kind, model, own, model.w_out + i * model.unit_rows, j), unit_of(kind, model, tape, h, j), y)
    return y


@register_jitable
def layer_gradient(kind, model, loss, own, data, at, tape, scratch, order, turn, first, last):
    cell, sizes, w, units, unit_rows, features = model.cell, data.sizes, width(kind), model.units, model.unit_rows, model.inputs
    gates, states, constants, partials = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants"), partials_of(cell)
    steps, jump, outputs, apart = sizes.steps, len(states) * unit_rows, model.outputs if model.outputs else units, unit_rows * w
    numbers = slots(cell, "tracked")
    untargeted, by_step = steps - sizes.targeted, len(partials) * unit_rows
    taped = (steps + 1) * jump
    pre = taped + steps * by_step
    g = pre + len(gates) * unit_rows
    zero = splat(kind, 0.0)
    turn_weights(kind, model, own)
    for row in range(model.rows):
        store(scratch, row * w, zero)
    counted, total = counted_targets(kind, data, at, order, turn, first, last, sizes.targeted * outputs), zero
    for place in range(first, last):
        n = sample_at(order, turn, place)
        turn_in_order(kind, data.inputs, order, turn, place, at)
        turn_in_order(kind, data.targets, order, turn, place, at)
        start(kind, model, own, tape)
        for k in range(steps):
            past, new, tape_row = k * jump, (k + 1) * jump, taped + k * by_step
            sum_step(kind, model, own, data.inputs, n, k, tape, past, pre)
            for i in range(unit_rows):
                c = take(kind, constants, own, (model.constants + i) * w, apart)
                s = take(kind, states, tape, (past + i) * w, apart)
                s, d = linearize(cell, c, s, take(kind, gates, tape, (pre + i) * w, apart))
                put(tape, (new + i) * w, apart, s)
                put(tape, (tape_row + i) * w, apart, d)
        for row in range(g, g + jump):
            store(tape, row * w, zero)
        for k in range(steps - 1, -1, -1):
            h, past, tape_row = (k + 1) * jump, k * jump, taped + k * by_step
            if k >= untargeted:
                for i in range(outputs):
                    target = read(kind, data.targets, n, (k - untargeted) * outputs + i)
                    y = output(kind, model, own, tape, h, i)
                    total = total + contribution(loss, y, target)
                    g_y = cotangent(loss, y, target) / counted
                    if model.outputs:
                        at_bias = (model.b_out + i) * w
                        store(scratch, at_bias, load(kind, scratch, at_bias) + g_y)
                        for j in range(unit_rows):
                            row = model.w_out + i * unit_rows + j
                            store(scratch, row * w, muladd(g_y, load(kind, tape, (h + j) * w), load(kind, scratch, row * w)))
                            store(tape, (g + j) * w, muladd(g_y, load(kind, own, row * w), load(kind, tape, (g + j) * w)))
                    else:
                        store(tape, (g + i) * w, load(kind, tape, (g + i) * w) + g_y)
            for i in range(unit_rows):
                c = take(kind, constants, own, (model.constants + i) * w, apart)
                d = take(kind, partials, tape, (tape_row + i) * w, apart)
                g_s = take(kind, states, tape, (g + i) * w, apart)
                before, g_a = pullback(cell, c, d, g_s)
                sums = take(kind, numbers, scratch, (model.constants + i) * w, apart)
                put(scratch, (model.constants + i) * w, apart, add(sums, pull_numbers(cell, c, d, g_s)))
                put(tape, (g + i) * w, apart, add(zeros(kind, states), before))
                put(tape, (pre + i) * w, apart, g_a)
            for gate in range(model.w_in.size):
                at_gate, w_in, w_back = pre + gate * unit_rows, model.w_in[gate], model.w_back[gate]
                for i in range(unit_rows):
                    g_a = load(kind, tape, (at_gate + i) * w)
                    for bias in range(model.biases.shape[0]):
                        row = model.biases[bias, gate] + i
                        if row >= i:
                            store(scratch, row * w, load(kind, scratch, row * w) + g_a)
                    if w_in >= 0:
                        for j in range(features):
                            row = w_in + i * features + j
                            x = read(kind, data.inputs, n, k * features + j)
                            store(scratch, row * w, muladd(g_a, x, load(kind, scratch, row * w)))
                if w_back >= 0:
                    for j in range(unit_rows):
                        h_j, g_h = load(kind, tape, (past + j) * w), load(kind, tape, (g + j) * w)
                        for i in range(units):
                            row, g_a = w_back + i * unit_rows + j, unit_of(kind, model, tape, at_gate, i)
                            g_h = muladd(load(kind, own, row * w), g_a, g_h)
                            store(scratch, row * w, muladd(g_a, h_j, load(kind, scratch, row * w)))
                        store(tape, (g + j) * w, g_h)
        for state in range(model.starts.size):
            for i in range(unit_rows):
                row = model.starts[state] + i
                store(scratch, row * w, load(kind, scratch, row * w) + load(kind, tape, (g + state * unit_rows + i) * w))
    return total / counted, counted


@register_jitable
def layer_measures(kind, model, measures, own, data, at, tape):
    cell, sizes, w, unit_rows = model.cell, data.sizes, width(kind), model.unit_rows
    gates, states, constants, apart = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants"), unit_rows * w
    jump, outputs, untargeted = (
        len(states) * unit_rows,
        model.outputs if model.outputs else model.units,
        sizes.steps - sizes.targeted,
    )
    totals, counted = zeros(kind, measures), splat(kind, 0.0)
    turn_weights(kind, model, own)
    for n in range(sizes.samples):
        turn_to(kind, data.inputs, n, at)
        turn_to(kind, data.targets, n, at)
        start(kind, model, own, tape)
        for k in range(sizes.steps):
            sum_step(kind, model, own, data.inputs, n, k, tape, 0, jump)
            for i in range(unit_rows):
                c = take(kind, constants, own, (model.constants + i) * w, apart)
                s = take(kind, states, tape, i * w, apart)
                put(tape, i * w, apart, step(cell, c, s, take(kind, gates, tape, (jump + i) * w, apart)))
            if k >= untargeted:
                for i in range(outputs):
                    target = read(kind, data.targets, n, (k - untargeted) * outputs + i)
                    counted = counted + select(target == target, 1.0, 0.0)
                    totals = contributions(measures, output(kind, model, own, tape, 0, i), target, totals)
    return totals, counted


def gradient(kind, model, loss, own, data, at, tape, scratch, order, turn, first, last):
    """The cost of the samples first…last of an order that stands at `turn`, if there is one, and how many targets count; its gradients are
    left in the rows of `scratch`."""
    kernel = scalar_gradient if isinstance(model, ScalarModel) else layer_gradient
    return kernel(kind, model, loss, own, data, at, tape, scratch, order, turn, first, last)


@overload(gradient)
def _gradient(kind, model, loss, own, data, at, tape, scratch, order, turn, first, last):
    body = scalar_gradient if model.instance_class is ScalarModel else layer_gradient
    return lambda kind, model, loss, own, data, at, tape, scratch, order, turn, first, last: body(
        kind, model, loss, own, data, at, tape, scratch, order, turn, first, last
    )


def measured(kind, model, measures, own, data, at, tape):
    """The sum of each measure over all samples, and how many targets count."""
    kernel = scalar_measures if isinstance(model, ScalarModel) else layer_measures
    return kernel(kind, model, measures, own, data, at, tape)


@overload(measured)
def _measured(kind, model, measures, own, data, at, tape):
    body = scalar_measures if model.instance_class is ScalarModel else layer_measures
    return lambda kind, model, measures, own, data, at, tape: body(kind, model, measures, own, data, at, tape)
