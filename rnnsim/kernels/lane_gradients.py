"""Costs and gradients of networks of which each is a lane, for training: scalar networks, and layers of few units.

A group's parameters stand in rows of lanes, `own`, one row a number; its gradients in the same rows of `room`. Gradients of a scalar
network, which has few parameters, go forward with its states: of the state s by a parameter p, with ∂a the derivative of a[k] by p alone,

    a[k] = w_in x[k] + w_rec h[k-1] + bias;  ds[k] = pushforward(ds[k-1], w_rec dh[k-1] + ∂a);  dp += ȳ dh[k]

Those of layers go back; `tape` has a row for each number of a step. With ē the cotangent of e:

    a[k] = W_in x[k] + W_rec h[k-1] + bias;  s[k] = step(s[k-1], a[k]);  y[k] = W_out h[k] + b_out       forward
    h̄ += W_outᵀ ȳ;  s̄[k-1], ā = pullback(s̄[k]);  h̄[k-1] += W_recᵀ ā;  W̄_rec += ā h[k-1]ᵀ, …              back
"""

from typing import Any, NamedTuple

from numba.extending import overload, register_jitable

from rnnsim.cells import linearize, pullback, pushforward, step
from rnnsim.kernels.rows import INLINE, add, partials_of, put, slots, take, width, zeros
from rnnsim.kernels.scalar import Weights, preactivations
from rnnsim.kernels.sources import read, sample_at, turn_in_order, turn_to
from rnnsim.lanes import load, splat, store
from rnnsim.losses import contribution, cotangent
from rnnsim.primitives import muladd, select


class Set(NamedTuple):
    """Sequences of a block: where inputs and targets are read, and their sizes."""

    inputs: Any
    targets: Any
    sizes: Any


class ScalarModel(NamedTuple):
    """Networks of one unit, whose rows are those of `kernels.scalar`; those of their parameters that move, and in which rows they stand."""

    cell: Any
    trained: Any
    rows: Any


class Bias(NamedTuple):
    """A parameter whose part in a[k] is itself."""

    def start(parameter):
        return 0.0

    def direction(parameter, x, h):
        return 1.0


class InputWeight(NamedTuple):
    """A parameter that multiplies x[k]."""

    def start(parameter):
        return 0.0

    def direction(parameter, x, h):
        return x


class RecurrentWeight(NamedTuple):
    """A parameter that multiplies h[k-1]."""

    def start(parameter):
        return 0.0

    def direction(parameter, x, h):
        return h


class Start(NamedTuple):
    """A parameter that is h[0]."""

    def start(parameter):
        return 1.0

    def direction(parameter, x, h):
        return 0.0


PARAMETERS: dict[str, Any] = {"bias": Bias(), "w_in": InputWeight(), "w_rec": RecurrentWeight(), "h0": Start()}


def initial(parameter):
    """The derivative of h[0] by a parameter."""
    return type(parameter).start(parameter)


def direction(parameter, x, h):
    """The derivative of a[k] by a parameter, x[k] and h[k-1] staying as they are."""
    return type(parameter).direction(parameter, x, h)


for _rule, _name in ((initial, "start"), (direction, "direction")):
    overload(_rule, jit_options=INLINE, strict=False)(lambda parameter, *_, name=_name: getattr(parameter.instance_class, name))


def first_derivatives(kind, parameters):
    """Those of h[0]."""
    return tuple(splat(kind, initial(parameter)) for parameter in parameters)


@overload(first_derivatives, jit_options=INLINE)
def _first_derivatives(kind, parameters):
    if len(parameters) == 0:
        return lambda kind, parameters: ()
    return lambda kind, parameters: (splat(kind, initial(parameters[0])),) + first_derivatives(kind, parameters[1:])


def next_derivatives(cell, constants, partials, w_rec, parameters, x, h, derivatives):
    """Those of h[k] by each parameter, from those of h[k-1]."""
    return tuple(
        pushforward(cell, constants, partials, (d,), (muladd(w_rec, d, direction(parameter, x, h)),))[0]
        for parameter, d in zip(parameters, derivatives, strict=True)
    )


@overload(next_derivatives, jit_options=INLINE)
def _next_derivatives(cell, constants, partials, w_rec, parameters, x, h, derivatives):
    if len(parameters) == 0:
        return lambda cell, constants, partials, w_rec, parameters, x, h, derivatives: ()

    def body(cell, constants, partials, w_rec, parameters, x, h, derivatives):
        d = derivatives[0]
        new = pushforward(cell, constants, partials, (d,), (muladd(w_rec, d, direction(parameters[0], x, h)),))
        return new[:1] + next_derivatives(cell, constants, partials, w_rec, parameters[1:], x, h, derivatives[1:])

    return body


def add_pulled(g, g_h, derivatives):
    """Gradients, what an output with the cotangent `g_h` brings added: nothing where that is 0, however steep its derivatives are."""
    return tuple(select(g_h == 0.0, total, muladd(g_h, d, total)) for total, d in zip(g, derivatives, strict=True))


@overload(add_pulled, jit_options=INLINE)
def _add_pulled(g, g_h, derivatives):
    if len(g) == 0:
        return lambda g, g_h, derivatives: ()
    return lambda g, g_h, derivatives: (
        (select(g_h == 0.0, g[0], muladd(g_h, derivatives[0], g[0])),) + add_pulled(g[1:], g_h, derivatives[1:])
    )


def put_in_rows(rooms, rows, first, row, values, divisor):
    """Write quotients into rows of so many numbers."""
    for place, value in enumerate(values):
        store(rooms, rows[first + place] * row, value / divisor)


@overload(put_in_rows, jit_options=INLINE)
def _put_in_rows(rooms, rows, first, row, values, divisor):
    if len(values) == 0:
        return lambda rooms, rows, first, row, values, divisor: None

    def body(rooms, rows, first, row, values, divisor):
        store(rooms, rows[first] * row, values[0] / divisor)
        put_in_rows(rooms, rows, first + 1, row, values[1:], divisor)

    return body


class LayerModel(NamedTuple):
    """A layer of few units, with a readout of so many outputs or, if that is 0, without: the first rows of each gate's weights and of up to
    two biases (bias, gate), of constants, of starts, and of the readout's numbers; -1 for none."""

    cell: Any
    units: int
    inputs: int
    outputs: int
    rows: int
    biases: Any
    w_in: Any
    w_rec: Any
    constants: int
    starts: Any
    w_out: int
    b_out: int


def contributions(measures, y, target, totals):
    """Sums of measures, one more output added to each."""
    return tuple(total + contribution(measure, y, target) for measure, total in zip(measures, totals, strict=True))


@overload(contributions, jit_options=INLINE)
def _contributions(measures, y, target, totals):
    if len(measures) == 0:
        return lambda measures, y, target, totals: ()
    return lambda measures, y, target, totals: (
        (totals[0] + contribution(measures[0], y, target),) + contributions(measures[1:], y, target, totals[1:])
    )


@register_jitable(forceinline=True)
def scalar_weights(kind, cell, own):
    """The weights of a group of scalar networks."""
    w, gates = width(kind), slots(cell, "gates")
    n = len(gates)
    bias, w_in, w_rec = take(kind, gates, own, 0, w), take(kind, gates, own, n * w, w), take(kind, gates, own, 2 * n * w, w)
    return Weights(bias, w_in, w_rec, take(kind, slots(cell, "constants"), own, 3 * n * w, w))


@register_jitable(forceinline=True)
def scalar_start(kind, cell, own, sizes, sample):
    """The states of a group of scalar networks at step 0."""
    w, states = width(kind), slots(cell, "states")
    first = 3 * len(slots(cell, "gates")) + len(slots(cell, "constants")) + min(sample, sizes.starts - 1) * len(states)
    return take(kind, states, own, first * w, w)


@register_jitable
def scalar_gradient(kind, model, loss, own, data, at, tape, room, order, turn, first, last):
    cell, sizes, trained = model.cell, data.sizes, model.trained
    weights, untargeted = scalar_weights(kind, cell, own), sizes.steps - sizes.targeted
    total, counted, g = splat(kind, 0.0), splat(kind, 0.0), zeros(kind, trained)
    for place in range(first, last):
        n = sample_at(order, turn, place)
        turn_in_order(kind, data.inputs, order, turn, place, at)
        turn_in_order(kind, data.targets, order, turn, place, at)
        s, d = scalar_start(kind, cell, own, sizes, n), first_derivatives(kind, trained)
        for k in range(sizes.steps):
            x, h = read(kind, data.inputs, n, k), s[0]
            s, partials = linearize(cell, weights.constants, s, preactivations(weights, x, h))
            d = next_derivatives(cell, weights.constants, partials, weights.w_rec[0], trained, x, h, d)
            if k >= untargeted:
                target = read(kind, data.targets, n, k - untargeted)
                counted = counted + select(target == target, 1.0, 0.0)
                total = total + contribution(loss, s[0], target)
                g = add_pulled(g, cotangent(loss, s[0], target), d)
    put_in_rows(room, model.rows, 0, width(kind), g, counted)
    return total / counted, counted


@register_jitable
def scalar_measures(kind, model, measures, own, data, at, tape):
    cell = model.cell
    sizes, weights = data.sizes, scalar_weights(kind, cell, own)
    totals, counted, untargeted = zeros(kind, measures), splat(kind, 0.0), sizes.steps - sizes.targeted
    for n in range(sizes.samples):
        turn_to(kind, data.inputs, n, at)
        turn_to(kind, data.targets, n, at)
        s = scalar_start(kind, cell, own, sizes, n)
        for k in range(sizes.steps):
            s = step(cell, weights.constants, s, preactivations(weights, read(kind, data.inputs, n, k), s[0]))
            if k >= untargeted:
                target = read(kind, data.targets, n, k - untargeted)
                counted = counted + select(target == target, 1.0, 0.0)
                totals = contributions(measures, s[0], target, totals)
    return totals, counted


@register_jitable
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


@register_jitable
def start(kind, model, own, tape):
    """The states at step 0, as the first rows of the tape."""
    w = width(kind)
    for state in range(model.starts.size):
        for i in range(model.units):
            store(tape, (state * model.units + i) * w, load(kind, own, (model.starts[state] + i) * w))


@register_jitable
def sum_step(kind, model, own, inputs, sample, k, tape, past, pre):
    """a[k] = W_in x[k] + W_rec h[k-1] + bias, from the states in the rows from `past` on, into those from `pre` on."""
    w, units, features = width(kind), model.units, model.inputs
    for gate in range(model.w_in.size):
        w_in, w_rec = model.w_in[gate], model.w_rec[gate]
        for i in range(units):
            a = splat(kind, 0.0)
            for bias in range(model.biases.shape[0]):
                if model.biases[bias, gate] >= 0:
                    a = a + load(kind, own, (model.biases[bias, gate] + i) * w)
            if w_in >= 0:
                for j in range(features):
                    a = muladd(load(kind, own, (w_in + i * features + j) * w), read(kind, inputs, sample, k * features + j), a)
            if w_rec >= 0:
                for j in range(units):
                    a = muladd(load(kind, own, (w_rec + i * units + j) * w), load(kind, tape, (past + j) * w), a)
            store(tape, (pre + gate * units + i) * w, a)


@register_jitable
def output(kind, model, own, tape, h, i):
    """Output i of the state that stands in the rows from `h` on."""
    w = width(kind)
    if model.outputs == 0:
        return load(kind, tape, (h + i) * w)
    y = load(kind, own, (model.b_out + i) * w)
    for j in range(model.units):
        y = muladd(load(kind, own, (model.w_out + i * model.units + j) * w), load(kind, tape, (h + j) * w), y)
    return y


@register_jitable
def layer_gradient(kind, model, loss, own, data, at, tape, room, order, turn, first, last):
    cell, sizes, w, units, features = model.cell, data.sizes, width(kind), model.units, model.inputs
    gates, states, constants, partials = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants"), partials_of(cell)
    steps, jump, outputs = sizes.steps, len(states) * units, model.outputs if model.outputs else units
    untargeted, by_step = steps - sizes.targeted, len(partials) * units
    taped = (steps + 1) * jump
    pre = taped + steps * by_step
    g = pre + len(gates) * units
    zero = splat(kind, 0.0)
    for row in range(model.rows):
        store(room, row * w, zero)
    counted, total = counted_targets(kind, data, at, order, turn, first, last, sizes.targeted * outputs), zero
    for place in range(first, last):
        n = sample_at(order, turn, place)
        turn_in_order(kind, data.inputs, order, turn, place, at)
        turn_in_order(kind, data.targets, order, turn, place, at)
        start(kind, model, own, tape)
        for k in range(steps):
            past, new, tape_row = k * jump, (k + 1) * jump, taped + k * by_step
            sum_step(kind, model, own, data.inputs, n, k, tape, past, pre)
            for i in range(units):
                c = take(kind, constants, own, (model.constants + i) * w, units * w)
                s = take(kind, states, tape, (past + i) * w, units * w)
                s, d = linearize(cell, c, s, take(kind, gates, tape, (pre + i) * w, units * w))
                put(tape, (new + i) * w, units * w, s)
                put(tape, (tape_row + i) * w, units * w, d)
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
                        store(room, at_bias, load(kind, room, at_bias) + g_y)
                        for j in range(units):
                            row = model.w_out + i * units + j
                            store(room, row * w, muladd(g_y, load(kind, tape, (h + j) * w), load(kind, room, row * w)))
                            store(tape, (g + j) * w, muladd(g_y, load(kind, own, row * w), load(kind, tape, (g + j) * w)))
                    else:
                        store(tape, (g + i) * w, load(kind, tape, (g + i) * w) + g_y)
            for i in range(units):
                c = take(kind, constants, own, (model.constants + i) * w, units * w)
                d = take(kind, partials, tape, (tape_row + i) * w, units * w)
                before, g_a = pullback(cell, c, d, take(kind, states, tape, (g + i) * w, units * w))
                put(tape, (g + i) * w, units * w, add(zeros(kind, states), before))
                put(tape, (pre + i) * w, units * w, g_a)
            for gate in range(model.w_in.size):
                at_gate, w_in, w_rec = pre + gate * units, model.w_in[gate], model.w_rec[gate]
                for i in range(units):
                    g_a = load(kind, tape, (at_gate + i) * w)
                    for bias in range(model.biases.shape[0]):
                        row = model.biases[bias, gate] + i
                        if row >= i:
                            store(room, row * w, load(kind, room, row * w) + g_a)
                    if w_in >= 0:
                        for j in range(features):
                            row = w_in + i * features + j
                            x = read(kind, data.inputs, n, k * features + j)
                            store(room, row * w, muladd(g_a, x, load(kind, room, row * w)))
                if w_rec >= 0:
                    for j in range(units):
                        h_j, g_h = load(kind, tape, (past + j) * w), load(kind, tape, (g + j) * w)
                        for i in range(units):
                            row, g_a = w_rec + i * units + j, load(kind, tape, (at_gate + i) * w)
                            g_h = muladd(load(kind, own, row * w), g_a, g_h)
                            store(room, row * w, muladd(g_a, h_j, load(kind, room, row * w)))
                        store(tape, (g + j) * w, g_h)
        for state in range(model.starts.size):
            for i in range(units):
                row = model.starts[state] + i
                store(room, row * w, load(kind, room, row * w) + load(kind, tape, (g + state * units + i) * w))
    return total / counted, counted


@register_jitable
def layer_measures(kind, model, measures, own, data, at, tape):
    cell, sizes, w, units = model.cell, data.sizes, width(kind), model.units
    gates, states, constants = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    jump, outputs, untargeted = len(states) * units, model.outputs if model.outputs else units, sizes.steps - sizes.targeted
    totals, counted = zeros(kind, measures), splat(kind, 0.0)
    for n in range(sizes.samples):
        turn_to(kind, data.inputs, n, at)
        turn_to(kind, data.targets, n, at)
        start(kind, model, own, tape)
        for k in range(sizes.steps):
            sum_step(kind, model, own, data.inputs, n, k, tape, 0, jump)
            for i in range(units):
                c = take(kind, constants, own, (model.constants + i) * w, units * w)
                s = take(kind, states, tape, i * w, units * w)
                put(tape, i * w, units * w, step(cell, c, s, take(kind, gates, tape, (jump + i) * w, units * w)))
            if k >= untargeted:
                for i in range(outputs):
                    target = read(kind, data.targets, n, (k - untargeted) * outputs + i)
                    counted = counted + select(target == target, 1.0, 0.0)
                    totals = contributions(measures, output(kind, model, own, tape, 0, i), target, totals)
    return totals, counted


def gradient(kind, model, loss, own, data, at, tape, room, order, turn, first, last):
    """The cost of the samples first…last of an order that stands at `turn`, if there is one, and how many targets count; its gradients are
    left in the rows of `room`."""
    kernel = scalar_gradient if isinstance(model, ScalarModel) else layer_gradient
    return kernel(kind, model, loss, own, data, at, tape, room, order, turn, first, last)


@overload(gradient)
def _gradient(kind, model, loss, own, data, at, tape, room, order, turn, first, last):
    body = scalar_gradient if model.instance_class is ScalarModel else layer_gradient
    return lambda kind, model, loss, own, data, at, tape, room, order, turn, first, last: body(
        kind, model, loss, own, data, at, tape, room, order, turn, first, last
    )


def measured(kind, model, measures, own, data, at, tape):
    """The sum of each measure over all samples, and how many targets count."""
    kernel = scalar_measures if isinstance(model, ScalarModel) else layer_measures
    return kernel(kind, model, measures, own, data, at, tape)


@overload(measured)
def _measured(kind, model, measures, own, data, at, tape):
    body = scalar_measures if model.instance_class is ScalarModel else layer_measures
    return lambda kind, model, measures, own, data, at, tape: body(kind, model, measures, own, data, at, tape)
