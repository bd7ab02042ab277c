"""log, log1p and softplus on floats, arrays and lanes: each written once.

With x = 2ᵏ (1 + f), √½ ≤ 1 + f < √2 and s = f / (2 + f), so that log(1 + f) = 2 artanh s,

    log x = k ln 2 + f - (f² / 2 - s (f² / 2 + s² Q(s²))),

of which f is exact, or what it lacks is small beside k ln 2. Values are within 2 units in the last place of the exact ones, in float64
and in float32, and those of softplus and its slope, which have errors of exp in them, within 3.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from rnnsim.numerics.functions.elementary import constants as constants_of_exp
from rnnsim.numerics.functions.elementary import constants_by_precision, elsewhere, exp, horner, relu
from rnnsim.numerics.primitives import absolute, at_least, at_most, exponent, mantissa, muladd, power_of_two, select, shift, signed


class Constants(NamedTuple):
    """The normal numbers' ends, the number next to -1, and the coefficients Q of 2 artanh s = 2 s + s³ Q(s²), minimax for |f| as above."""

    smallest: float
    largest: float
    next_to_minus_one: float
    coefficients: tuple[float, ...]


def _constants(dtype, coefficients):
    info = np.finfo(dtype)
    return Constants(float(info.smallest_normal), float(info.max), float(info.epsneg) - 1.0, coefficients)


constants = constants_by_precision(
    _constants(
        np.float64,
        (
            0.6666666666666734,
            0.3999999999941635,
            0.2857142874201801,
            0.22222198610608435,
            0.1818356241189993,
            0.15314098691952927,
            0.1479547649493645,
        ),
    ),
    _constants(np.float32, (0.6666677608713388, 0.3997757383207269, 0.29870941865475764)),
)
SQRT_2 = 1.4142135623730951


@register_jitable(forceinline=True)
def parts_of(x):
    """k and f of a normal number x = 2ᵏ (1 + f)."""
    k, m = exponent(x), mantissa(x)
    high = m > SQRT_2
    return select(high, k + 1.0, k), select(high, 0.5 * m, m) - 1.0


@register_jitable(forceinline=True)
def log_of_parts(k, f):
    """k ln 2 + log(1 + f)."""
    c = constants_of_exp(f)
    s, half = f / (2.0 + f), 0.5 * f * f
    z = s * s
    low = muladd(s, muladd(z, horner(z, constants(f).coefficients), half), k * c.ln2_low)
    return muladd(k, c.ln2_high, f - (half - low))


@register_jitable(forceinline=True)
def log(x):
    """The natural logarithm, within 2 ulp; -inf for 0 and nan below."""
    c = constants(x)
    normal = at_least(at_most(x, c.largest), c.smallest)
    k, f = parts_of(normal)
    return elsewhere(absolute(x - normal) > 0.0, np.log, x, log_of_parts(k, f))


@register_jitable(forceinline=True)
def log1p(x):
    """log(1 + x), within 2 ulp; -inf for -1 and nan below."""
    c = constants(x)
    normal = at_least(at_most(x, c.largest), c.next_to_minus_one)
    whole = 1.0 + normal
    k, f = parts_of(whole)
    lacking = (normal - (whole - 1.0)) * power_of_two(shift(normal) - at_most(k, 100.0))  # far above 1 it is nothing
    return elsewhere(absolute(x - normal) > 0.0, np.log1p, x, signed(absolute(log_of_parts(k, f + lacking)), x))


@register_jitable(forceinline=True)
def _log1p_up_to_one(x):
    """log(1 + x) for 0 ≤ x ≤ 1."""
    high = x > SQRT_2 - 1.0
    return log_of_parts(select(high, 1.0, x - x), select(high, muladd(x, 0.5, -0.5), x))


@register_jitable(forceinline=True)
def softplus(x):
    """log(1 + exp x) = max(x, 0) + log(1 + exp(-|x|)), within 3 ulp."""
    return relu(x) + _log1p_up_to_one(exp(-absolute(x)))


@register_jitable(forceinline=True)
def softplus_and_slope(x):
    """softplus x, to the bit as `softplus` has it, and its slope 1 / (1 + exp(-x)), within 3 ulp."""
    power = exp(-absolute(x))
    return relu(x) + _log1p_up_to_one(power), select(x < 0.0, power, 1.0) / (1.0 + power)
