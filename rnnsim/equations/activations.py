"""Every activation, as equations on numbers, arrays or lanes.

An activation φ has five rules: `value`, `linearize`, `scale`, which multiplies by φ', `partial_tangents`, those of the partial
derivatives, and `scale_tangent`, the tangent of what `scale` gives. A new activation is one more class. `hides_divergence` says whether a
finite state can follow one that is not, as with ReLU(-∞) = 0.
"""

from typing import NamedTuple

from rnnsim.equations.dispatch import dispatch
from rnnsim.numerics.elementary import linear, relu, relu_and_slope, sigmoid, sigmoid_and_slope, tanh, tanh_and_slope
from rnnsim.numerics.primitives import muladd


def value(phi, a):
    """φ(a)."""
    return type(phi).value(phi, a)


def linearize_activation(phi, a):
    """φ(a), and what `scale` needs."""
    return type(phi).linearize(phi, a)


def scale(phi, partials, g):
    """φ'(a) g."""
    return type(phi).scale(phi, partials, g)


def activation_tangents(phi, a, partials, da):
    """The tangents of what `scale` needs."""
    return type(phi).partial_tangents(phi, a, partials, da)


def scale_tangent(phi, partials, d_partials, g, dg):
    """The tangent of φ'(a) g."""
    return type(phi).scale_tangent(phi, partials, d_partials, g, dg)


dispatch(value, "value")
dispatch(linearize_activation, "linearize")
dispatch(scale, "scale")
dispatch(activation_tangents, "partial_tangents")
dispatch(scale_tangent, "scale_tangent")


def by_slope(phi, partials, g):
    """φ'(a) g, of an activation whose one partial derivative is its slope."""
    return partials[0] * g


def by_slope_tangent(phi, partials, d_partials, g, dg):
    """The tangent of φ'(a) g, of such an activation."""
    return muladd(partials[0], dg, d_partials[0] * g)


class Linear(NamedTuple):
    """φ(a) = a."""

    partials = 0
    hides_divergence = False

    def value(phi, a):
        return linear(a)

    def linearize(phi, a):
        return linear(a), ()

    def scale(phi, partials, g):
        return g

    def partial_tangents(phi, a, partials, da):
        return ()

    def scale_tangent(phi, partials, d_partials, g, dg):
        return dg


class Tanh(NamedTuple):
    """φ(a) = tanh a."""

    partials = 1
    hides_divergence = False
    scale = by_slope
    scale_tangent = by_slope_tangent

    def value(phi, a):
        return tanh(a)

    def linearize(phi, a):
        y, slope = tanh_and_slope(a)
        return y, (slope,)

    def partial_tangents(phi, a, partials, da):
        return (-2.0 * tanh(a) * partials[0] * da,)


class Sigmoid(NamedTuple):
    """φ(a) = 1 / (1 + exp(-a))."""

    partials = 1
    hides_divergence = False
    scale = by_slope
    scale_tangent = by_slope_tangent

    def value(phi, a):
        return sigmoid(a)

    def linearize(phi, a):
        y, slope = sigmoid_and_slope(a)
        return y, (slope,)

    def partial_tangents(phi, a, partials, da):
        return ((1.0 - 2.0 * sigmoid(a)) * partials[0] * da,)


class ReLU(NamedTuple):
    """φ(a) = max(a, 0), with slope 0 at 0."""

    partials = 1
    hides_divergence = True
    scale = by_slope
    scale_tangent = by_slope_tangent

    def value(phi, a):
        return relu(a)

    def linearize(phi, a):
        y, slope = relu_and_slope(a)
        return y, (slope,)

    def partial_tangents(phi, a, partials, da):
        return (0.0 * da,)


ACTIVATIONS = {"linear": Linear(), "tanh": Tanh(), "relu": ReLU(), "sigmoid": Sigmoid()}
