"""sin and cos on floats, arrays and lanes: written once.

With k the integer nearest to x / (π/2) and r = x - k π/2, where π/2 is in three parts, the first two of which have zeros at their ends
so that their products with k are exact (in float32 up to |x| = 100, and beyond where the processor has a fused instruction),

    sin r = r + r³ P(r²),   cos r = 1 - r²/2 + r⁴ Q(r²),

and k tells which of the two is wanted, and its sign. Values are within 2 units in the last place of the exact ones, in float64 and in
float32. Far from 0, where k has too many digits, the C library computes one lane after the other.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from rnnsim.numerics.functions.elementary import constants_by_precision, elsewhere, horner
from rnnsim.numerics.primitives import absolute, muladd, quarter_turns, select, shift


class Constants(NamedTuple):
    """Up to where k is small, π/2 in three parts, and the coefficients P and Q, minimax for |r| ≤ π/4."""

    last: float
    high: float
    middle: float
    low: float
    sin_coefficients: tuple[float, ...]
    cos_coefficients: tuple[float, ...]


constants = constants_by_precision(
    Constants(
        last=1e5,
        high=1.5707963267923333,
        middle=2.5633441515839558e-12,
        low=1.0562999066987428e-23,
        sin_coefficients=(
            -0.1666666666666663,
            0.008333333333322118,
            -0.00019841269829589468,
            2.7557313621343964e-06,
            -2.505074775470294e-08,
            1.5896229621865627e-10,
        ),
        cos_coefficients=(
            0.041666666666666595,
            -0.0013888888888873056,
            2.480158728885155e-05,
            -2.755731417924636e-07,
            2.087570083449414e-09,
            -1.1358536110561878e-11,
        ),
    ),
    Constants(
        last=1e3,
        high=1.5707931518554688,
        middle=3.1749368645250797e-06,
        low=2.5633440682570896e-12,
        sin_coefficients=(-0.16666654609582182, 0.00833216075711451, -0.0001951528221461791),
        cos_coefficients=(0.04166664568303533, -0.0013887316257076242, 2.4433157264018514e-05),
    ),
)
TURNS = 0.6366197723675814  # 2 / π


@register_jitable(forceinline=True)
def _reduced(x):
    """k, the integer nearest to x / (π/2), shifted, and x - k π/2."""
    c = constants(x)
    shifted = muladd(x, TURNS, shift(x))
    k = shifted - shift(x)
    return shifted, muladd(k, -c.low, muladd(k, -c.middle, muladd(k, -c.high, x)))


@register_jitable(forceinline=True)
def sin_and_cos_of_small(r):
    c, z = constants(r), r * r
    sine = muladd(r, muladd(z, horner(z, c.sin_coefficients), 0.0), r)  # + 0 keeps the sign of r = -0
    return sine, muladd(z * z, horner(z, c.cos_coefficients), muladd(z, -0.5, 1.0))


@register_jitable(forceinline=True)
def sin_and_cos(x):
    """sin x and cos x, to the bit as `sin` and `cos` have them."""
    far = absolute(x) > constants(x).last
    shifted, r = _reduced(select(far, 0.0, x))
    sine, cosine = sin_and_cos_of_small(r)
    sin_x, cos_x = quarter_turns(sine, cosine, shifted), quarter_turns(sine, cosine, shifted + 1.0)
    return elsewhere(far, np.sin, x, sin_x), elsewhere(far, np.cos, x, cos_x)


@register_jitable(forceinline=True)
def sin(x):
    """sin x, within 2 ulp."""
    return sin_and_cos(x)[0]


@register_jitable(forceinline=True)
def cos(x):
    """cos x, within 2 ulp."""
    return sin_and_cos(x)[1]
