"""Costs and gradients of scalar networks of which each is a lane, for training: they go forward with the states, having few parameters.

Of the state s by a parameter p, with ∂a the derivative of a[k] by p alone and ȳ the cotangent of the output y:

    a[k] = w_in x[k] + w_rec h[k-1] + bias;  ds[k] = pushforward(ds[k-1], w_rec dh[k-1] + ∂a);  p̄ += ȳ dh[k]

A group's parameters stand in rows of lanes, `own`, one row a number; gradients in the rows of `scratch` that the model names.
"""

from typing import Any, NamedTuple

from numba.extending import overload, register_jitable

from rnnsim.equations.arity import slots
from rnnsim.equations.dispatch import dispatch
from rnnsim.equations.losses import contribution, contributions, cotangent
from rnnsim.equations.rules import linearize, push_numbers, pushforward
from rnnsim.kernels.recurrence.inputs import read, sample_at, turn_in_order, turn_to
from rnnsim.kernels.recurrence.scalar import Weights, next_state, preactivation
from rnnsim.numerics.primitives import muladd, select
from rnnsim.numerics.simd import load, splat, store
from rnnsim.numerics.tuples import take, width, zeros
from rnnsim.numerics.unrolled import unrolled


class ScalarModel(NamedTuple):
    """Networks of one unit, whose rows are those of `kernels.recurrence.scalar`; which of their parameters move, and in which rows."""

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


class Number(NamedTuple):
    """The cell's own number that stands at a place."""

    place: Any

    def start(parameter):
        return 0.0

    def direction(parameter, x, h):
        return 0.0


PARAMETERS: dict[str, Any] = {"bias": Bias(), "w_in": InputWeight(), "w_rec": RecurrentWeight(), "h0": Start()}


@unrolled(forceinline=True)
def unit_number(kind, count, place):
    """A tangent of the cell's own numbers: 1 for that at a place."""
    return tuple(splat(kind, 1.0 if i == place else 0.0) for i in range(len(count)))


def push_own(kind, cell, constants, partials, parameter, d):
    """The derivative of h[k] by a parameter, what comes by the cell's own number added."""
    if not isinstance(parameter, Number):
        return d
    dc = unit_number(kind, slots(cell, "constants"), parameter.place)
    return d + push_numbers(cell, constants, partials, dc)[0]


@overload(push_own, jit_options={"forceinline": True})
def _push_own(kind, cell, constants, partials, parameter, d):
    if parameter.instance_class is not Number:
        return lambda kind, cell, constants, partials, parameter, d: d

    def pushed(kind, cell, constants, partials, parameter, d):
        dc = unit_number(kind, slots(cell, "constants"), parameter.place)
        return d + push_numbers(cell, constants, partials, dc)[0]

    return pushed


def initial(parameter):
    """The derivative of h[0] by a parameter."""
    return type(parameter).start(parameter)


def direction(parameter, x, h):
    """The derivative of a[k] by a parameter, x[k] and h[k-1] staying as they are."""
    return type(parameter).direction(parameter, x, h)


dispatch(initial, "start")
dispatch(direction, "direction")


@unrolled(forceinline=True)
def first_derivatives(kind, parameters):
    """Those of h[0]."""
    return tuple(splat(kind, initial(parameter)) for parameter in parameters)


@unrolled(forceinline=True)
def next_derivatives(kind, cell, constants, partials, w_rec, parameters, x, h, derivatives):
    """Those of h[k] by each parameter, from those of h[k-1]."""
    return tuple(
        push_own(
            kind,
            cell,
            constants,
            partials,
            parameter,
            pushforward(cell, constants, partials, (d,), (muladd(w_rec, d, direction(parameter, x, h)),))[0],
        )
        for parameter, d in zip(parameters, derivatives, strict=True)
    )


@unrolled(forceinline=True)
def add_gradient(g, g_h, derivatives):
    """Gradients, what an output with the cotangent `g_h` brings added: nothing where that is 0, however steep its derivatives are."""
    return tuple(select(g_h == 0.0, total, muladd(g_h, d, total)) for total, d in zip(g, derivatives, strict=True))


@unrolled(forceinline=True)
def put_in_rows(scratch, rows, row, values, divisor):
    """Write quotients into rows of so many numbers."""
    for place, value in enumerate(values):
        store(scratch, rows[place] * row, value / divisor)


@register_jitable(forceinline=True)
def scalar_weights(kind, cell, own):
    """The weights of a group of scalar networks."""
    w = width(kind)
    constants = take(kind, slots(cell, "constants"), own, 3 * w, w)
    return Weights(load(kind, own, 0), load(kind, own, w), load(kind, own, 2 * w), constants)


@register_jitable(forceinline=True)
def scalar_start(kind, cell, own, sizes, sample):
    """The state of a group of scalar networks at step 0."""
    return load(kind, own, (3 + len(slots(cell, "constants")) + min(sample, sizes.starts - 1)) * width(kind))


@register_jitable
def scalar_gradient(kind, model, loss, own, data, at, tape, scratch, order, turn, first, last):
    cell, sizes, trained = model.cell, data.sizes, model.trained
    weights, untargeted = scalar_weights(kind, cell, own), sizes.steps - sizes.targeted
    total, counted, g = splat(kind, 0.0), splat(kind, 0.0), zeros(kind, trained)
    for place in range(first, last):
        n = sample_at(order, turn, place)
        turn_in_order(kind, data.inputs, order, turn, place, at)
        turn_in_order(kind, data.targets, order, turn, place, at)
        h, d = scalar_start(kind, cell, own, sizes, n), first_derivatives(kind, trained)
        for k in range(sizes.steps):
            x = read(kind, data.inputs, n, k)
            s, partials = linearize(cell, weights.constants, (h,), (preactivation(weights, x, h),))
            d = next_derivatives(kind, cell, weights.constants, partials, weights.w_rec, trained, x, h, d)
            h = s[0]
            if k >= untargeted:
                target = read(kind, data.targets, n, k - untargeted)
                counted = counted + select(target == target, 1.0, 0.0)
                total = total + contribution(loss, h, target)
                g = add_gradient(g, cotangent(loss, h, target), d)
    put_in_rows(scratch, model.rows, width(kind), g, counted)
    return total / counted, counted


@register_jitable
def scalar_measures(kind, model, measures, own, data, at, tape):
    cell = model.cell
    sizes, weights = data.sizes, scalar_weights(kind, cell, own)
    totals, counted, untargeted = zeros(kind, measures), splat(kind, 0.0), sizes.steps - sizes.targeted
    for n in range(sizes.samples):
        turn_to(kind, data.inputs, n, at)
        turn_to(kind, data.targets, n, at)
        h = scalar_start(kind, cell, own, sizes, n)
        for k in range(sizes.steps):
            h = next_state(cell, weights, read(kind, data.inputs, n, k), h)
            if k >= untargeted:
                target = read(kind, data.targets, n, k - untargeted)
                counted = counted + select(target == target, 1.0, 0.0)
                totals = contributions(measures, h, target, totals)
    return totals, counted
