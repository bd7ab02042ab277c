"""Products that leave the range of floats, by which tangents grow, and their logarithms.

A product is a mantissa in [1, 2) and an exponent, so that no factor is lost however many there are; 0, inf and nan stand as the mantissa.
"""

from math import sqrt

import numpy as np
from numba.extending import register_jitable

from rnnsim.numerics.functions.elementary import horner
from rnnsim.numerics.primitives import any_lane, exponent, mantissa, muladd, select

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
ROOT = sqrt(2.0)
ATANH = tuple(1.0 / (2 * k + 1) for k in range(1, 11))
LOW, HIGH = 2.0**-300, 2.0**300
TINY, RAISED, RAISED_EXPONENT = 2.0**-1000, 2.0**64, 64.0


@register_jitable(forceinline=True)
def grown(product, factor):
    """A product (mantissa, exponent) times a factor that is no less than 0."""
    m, k = product
    whole = m * factor
    tiny = whole < TINY
    whole = select(tiny, RAISED * whole, whole)
    return mantissa(whole), select(tiny, k - RAISED_EXPONENT, k) + exponent(whole)


@register_jitable(forceinline=True)
def grown_seldom(product, factor):
    """`grown`, but for the mantissa, which is only brought back to [1, 2) when it has gone far: twice as fast."""
    m, k = product
    whole = m * factor
    if any_lane(whole < LOW) or any_lane(whole > HIGH):
        return grown((mantissa(m), k + exponent(m)), factor)
    return whole, k


@register_jitable(forceinline=True)
def log_of(product):
    """The natural logarithm of a product: ln m = 2 artanh((m - 1) / (m + 1)); -inf of 0."""
    m, k = product
    high = m > ROOT
    halved = select(high, 0.5 * m, m)
    s = (halved - 1.0) / (halved + 1.0)
    z = s * s
    log = 2.0 * muladd(s * z, horner(z, ATANH), s)
    k = select(high, k + 1.0, k)
    log = muladd(k, LN2_HIGH, muladd(k, LN2_LOW, log))
    return select(m == 0.0, -np.inf, select(m < np.inf, log, m))
