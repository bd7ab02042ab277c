"""tanh, sigmoid, exp, relu and linear, with their slopes, on floats, arrays and lanes: each written once.

tanh, sigmoid and exp share one reduction. With k the integer nearest to -2a/ln 2 and h = -a - k ln 2/2, which is small,

    s = 2ᵏ,   T = tanh h = h + h³ P(h²),   exp(-2a) = s (1 + T) / (1 - T),

so tanh a, its slope and the sigmoid are all ratios over D = (1 - T) + s (1 + T). Where |a| < 0.55, k is taken as 0, and T is the
result itself. Values are within 2 units in the last place of the exact ones, in float64 and in float32, and slopes within 4.5, however
far a function has saturated (tests/test_functions.py holds them to it).
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from rnnsim.lanes import absolute, at_least, at_most, copysign, muladd, power_of_two, select, settle, shift


class Constants(NamedTuple):
    """ln 2 / 2 in two parts, the first with zeros at its end; P's coefficients, from the constant up (Chebyshev, |h| < 0.55);
    the half argument at which the smallest subnormal number is left behind."""

    half_ln2_high: float
    half_ln2_low: float
    coefficients: tuple[float, ...]
    deepest: float


TWO_LOG2_E = 2.8853900817779268
SMALL = 0.55
SATURATED = 20.0

DOUBLE = Constants(
    half_ln2_high=6.93147180369123816490e-01 / 2,
    half_ln2_low=1.90821492927058770002e-10 / 2,
    coefficients=(
        -0.3333333333333331,
        0.13333333333315617,
        -0.053968253948870316,
        0.02186948771130024,
        -0.008863217643759866,
        0.003591904213144328,
        -0.0014541168443344304,
        0.0005817682678840464,
        -0.0002145344196165329,
        5.390036296877927e-05,
    ),
    deepest=376.0,
)
SINGLE = Constants(
    half_ln2_high=0.693359375 / 2,
    half_ln2_low=-2.12194440e-4 / 2,
    coefficients=(
        -0.3333333134651184,
        0.13333113491535187,
        -0.05390939489006996,
        0.02130919136106968,
        -0.006609856616705656,
    ),
    deepest=52.5,
)


def constants(x):
    """The constants for the precision of x."""
    return SINGLE if getattr(x, "dtype", None) == np.float32 else DOUBLE


@overload(constants, inline="always")
def _constants(x):
    chosen = SINGLE if getattr(x, "dtype", x) == types.float32 else DOUBLE
    return lambda x: chosen


def horner(z, coefficients):
    """Σ coefficients[i] zⁱ."""
    *rest, value = coefficients
    for coefficient in reversed(rest):
        value = muladd(value, z, coefficient)
    return value


@overload(horner, jit_options={"forceinline": True})
def _horner(z, coefficients):
    if len(coefficients) == 1:
        return lambda z, coefficients: coefficients[0]
    return lambda z, coefficients: muladd(horner(z, coefficients[1:]), z, coefficients[0])


@register_jitable(forceinline=True)
def polynomial(z, coefficients):
    """Σ coefficients[i] zⁱ, even and odd terms apart: half as long a chain of operations to wait for."""
    return muladd(horner(z * z, coefficients[1::2]), z, horner(z * z, coefficients[0::2]))


@register_jitable(forceinline=True)
def _reduce(a, small):
    """k + shift, k and T = tanh(-a - k ln 2/2), with k the integer nearest to -2a/ln 2, or 0 where `small`."""
    c = constants(a)
    shifted = select(small, shift(a), muladd(a, -TWO_LOG2_E, shift(a)))
    k = shifted - shift(a)
    h = settle(muladd(k, -c.half_ln2_low, muladd(k, -c.half_ln2_high, -a)))
    z = h * h
    return shifted, k, muladd(h * z, polynomial(z, c.coefficients), h)


@register_jitable(forceinline=True)
def _powers_of_two(k):
    """Two numbers whose product is 2ᵏ, so that it may be subnormal, zero or infinite."""
    half = muladd(k, 0.5, shift(k))
    return power_of_two(half), power_of_two((k - (half - shift(k))) + shift(k))


@register_jitable(forceinline=True)
def tanh(x):
    """tanh x, within 2 ulp."""
    a = at_most(absolute(x), SATURATED)
    small = a < SMALL
    shifted, _, t = _reduce(a, small)
    twice_s = power_of_two(shifted + 1.0)
    twice_e = muladd(t, twice_s, twice_s)
    return copysign(select(small, t, 1.0 - twice_e / muladd(twice_e, 0.5, 1.0 - t)), x)


@register_jitable(forceinline=True)
def tanh_and_slope(x):
    """tanh x, to the bit as `tanh` has it, and its slope 1 - tanh² x without the cancellation."""
    a = at_most(absolute(x), constants(x).deepest)
    small = a < SMALL
    _, k, t = _reduce(a, small)
    s1, s2 = _powers_of_two(k)
    e = muladd(t, s1, s1) * s2
    w = (e + e) / ((1.0 - t) + e)
    u = select(small, t, w)
    return copysign(select(small, t, 1.0 - w), x), muladd(-u, u, select(small, 1.0, w + w))


@register_jitable(forceinline=True)
def _sigmoid_below(x):
    """sigmoid(-|x|) as the product of two numbers, the second a power of two: the quotient e/D, corrected by D's rounding."""
    a = at_most(absolute(x) * 0.5, constants(x).deepest)
    _, k, t = _reduce(a, a < SMALL)
    s1, s2 = _powers_of_two(k)
    e = muladd(t, s1, s1)
    d = muladd(e, s2, 1.0 - t)
    d_low = muladd(e, s2, (1.0 - t) - d)
    reciprocal = 1.0 / d
    q = e * reciprocal
    residual = muladd(-q, d_low, muladd(-q, d, e))
    return muladd(residual, reciprocal, q), s2


@register_jitable(forceinline=True)
def sigmoid(x):
    """1 / (1 + exp(-x)), within 2 ulp, small values included."""
    below, power = _sigmoid_below(x)
    return select(x < 0.0, below * power, 1.0 - below * power)


@register_jitable(forceinline=True)
def sigmoid_and_slope(x):
    """sigmoid x, to the bit as `sigmoid` has it, and its slope sigmoid(x) sigmoid(-x)."""
    below, power = _sigmoid_below(x)
    above = 1.0 - below * power
    return select(x < 0.0, below * power, above), above * below * power


@register_jitable(forceinline=True)
def exp(x):
    """eˣ, within 2 ulp."""
    deepest = constants(x).deepest
    a = at_least(at_most(x * -0.5, deepest), -deepest)
    _, k, t = _reduce(a, absolute(a) < 0.0)
    s1, s2 = _powers_of_two(k)
    return muladd((t + t) / (1.0 - t), s1, s1) * s2


@register_jitable(forceinline=True)
def linear(x):
    """x."""
    return x


@register_jitable(forceinline=True)
def relu(x):
    """max(x, 0); nan for nan."""
    return select(x <= 0.0, 0.0, x)


@register_jitable(forceinline=True)
def relu_and_slope(x):
    """max(x, 0) and its slope, 0 at 0."""
    return select(x <= 0.0, 0.0, x), select(x <= 0.0, 0.0, select(x > 0.0, 1.0, x))
