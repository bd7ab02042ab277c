"""What a recurrent network is: every activation and every cell, as equations on numbers, arrays or lanes.

A cell is the element-wise part of one unit. Its states s[k-1] and pre-activations a[k] (one a gate; the kernels own the linear maps
that make them) give the states s[k]; `constants` are the unit's own numbers that are no weights, such as the leak. A cell has four rules:

    step         s[k]
    linearize    s[k], and the partial derivatives that the two rules below need
    pullback     cotangents of s[k]                    ->  of s[k-1] (but for the path through a[k]) and of a[k]
    pushforward  tangents of s[k-1] and of a[k]        ->  of s[k]

An activation φ has the same: `value`, `linearize`, and `scale`, which multiplies by φ'. A new cell or activation is one more class.
States and partial derivatives are tuples, and each class says how many it has. `comes_back` says whether a finite state can follow one
that is not.
"""

from typing import NamedTuple

from numba.extending import overload

from rnnsim.functions import linear, relu, relu_and_slope, sigmoid, sigmoid_and_slope, tanh, tanh_and_slope
from rnnsim.lanes import muladd, select

NOTHING = -0.0  # x + NOTHING is x to the bit, for every x


def value(phi, a):
    """φ(a)."""
    return type(phi).value(phi, a)


def linearize_activation(phi, a):
    """φ(a), and what `scale` needs."""
    return type(phi).linearize(phi, a)


def scale(phi, partials, g):
    """φ'(a) g."""
    return type(phi).scale(phi, partials, g)


def step(cell, constants, s, a):
    """The states s[k]."""
    return type(cell).step(cell, constants, s, a)


def linearize(cell, constants, s, a):
    """The states s[k], and the partial derivatives."""
    return type(cell).linearize(cell, constants, s, a)


def pullback(cell, constants, partials, g):
    """Cotangents of s[k-1] and of a[k] from those of s[k]."""
    return type(cell).pullback(cell, constants, partials, g)


def pushforward(cell, constants, partials, ds, da):
    """Tangents of s[k] from those of s[k-1] and a[k]."""
    return type(cell).pushforward(cell, constants, partials, ds, da)


def watch(cell, h, zero):
    """`zero`, made nan by a state that is not finite, if a finite one can follow and hide it."""
    return muladd(h, 0.0, zero) if cell.activation.comes_back else zero


@overload(watch, jit_options={"forceinline": True})
def _watch(cell, h, zero):
    if cell.types[cell.fields.index("activation")].instance_class.comes_back:
        return lambda cell, h, zero: muladd(h, 0.0, zero)
    return lambda cell, h, zero: zero


def _dispatch(rule, name):
    """Kernels call `rule(cell, …)`; Numba inlines the method of that name of the cell's class."""
    overload(rule, jit_options={"forceinline": True}, strict=False)(lambda cell, *_: getattr(cell.instance_class, name))


for _rule, _name in (
    (value, "value"),
    (linearize_activation, "linearize"),
    (scale, "scale"),
    (step, "step"),
    (linearize, "linearize"),
    (pullback, "pullback"),
    (pushforward, "pushforward"),
):
    _dispatch(_rule, _name)


def by_slope(phi, partials, g):
    """φ'(a) g, of an activation whose one partial derivative is its slope."""
    return partials[0] * g


class Linear(NamedTuple):
    """φ(a) = a."""

    partials = 0
    comes_back = False

    def value(phi, a):
        return linear(a)

    def linearize(phi, a):
        return linear(a), ()

    def scale(phi, partials, g):
        return g


class Tanh(NamedTuple):
    """φ(a) = tanh a."""

    partials = 1
    comes_back = False
    scale = by_slope

    def value(phi, a):
        return tanh(a)

    def linearize(phi, a):
        y, slope = tanh_and_slope(a)
        return y, (slope,)


class Sigmoid(NamedTuple):
    """φ(a) = 1 / (1 + exp(-a))."""

    partials = 1
    comes_back = False
    scale = by_slope

    def value(phi, a):
        return sigmoid(a)

    def linearize(phi, a):
        y, slope = sigmoid_and_slope(a)
        return y, (slope,)


class ReLU(NamedTuple):
    """φ(a) = max(a, 0), with slope 0 at 0."""

    partials = 1
    comes_back = True
    scale = by_slope

    def value(phi, a):
        return relu(a)

    def linearize(phi, a):
        y, slope = relu_and_slope(a)
        return y, (slope,)


class Elman(NamedTuple):
    """h[k] = φ(a[k]),  a[k] = w_rec h[k-1] + w_in x[k] + bias."""

    activation: NamedTuple
    gates = 1
    states = 1
    constants = 0

    @property
    def partials(cell):
        return cell.activation.partials

    def step(cell, constants, s, a):
        return (value(cell.activation, a[0]),)

    def linearize(cell, constants, s, a):
        y, partials = linearize_activation(cell.activation, a[0])
        return (y,), partials

    def pullback(cell, constants, partials, g):
        return (NOTHING,), (scale(cell.activation, partials, g[0]),)

    def pushforward(cell, constants, partials, ds, da):
        return (scale(cell.activation, partials, da[0]),)


class LeakyElman(NamedTuple):
    """h[k] = (1 - leak) h[k-1] + leak φ(a[k]).

    Where leak is 1, the state that is forgotten is not multiplied by 0, since 0 · ∞ is nan: the result is Elman's to the bit.
    """

    activation: NamedTuple
    gates = 1
    states = 1
    constants = 1

    @property
    def partials(cell):
        return cell.activation.partials

    def step(cell, constants, s, a):
        leak = constants[0]
        y = value(cell.activation, a[0])
        return (muladd(leak, y, (1.0 - leak) * select(leak == 1.0, NOTHING, s[0])),)

    def linearize(cell, constants, s, a):
        leak = constants[0]
        y, partials = linearize_activation(cell.activation, a[0])
        return (muladd(leak, y, (1.0 - leak) * select(leak == 1.0, NOTHING, s[0])),), partials

    def pullback(cell, constants, partials, g):
        leak = constants[0]
        kept = (1.0 - leak) * select(leak == 1.0, NOTHING, g[0])
        return (kept,), (scale(cell.activation, partials, leak * g[0]),)

    def pushforward(cell, constants, partials, ds, da):
        leak = constants[0]
        kept = (1.0 - leak) * select(leak == 1.0, NOTHING, ds[0])
        return (muladd(leak, scale(cell.activation, partials, da[0]), kept),)


ACTIVATIONS = {"linear": Linear(), "tanh": Tanh(), "relu": ReLU(), "sigmoid": Sigmoid()}
