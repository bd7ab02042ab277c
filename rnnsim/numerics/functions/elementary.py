"""tanh, sigmoid, exp, relu and linear, with their slopes, square roots and choices, on floats, arrays and lanes: each written once.

In float64, tanh and sigmoid start from tables. With c the point of a grid nearest to a ≥ 0, t = tanh c, h = a - c and
r = (1 - t²) q,

    tanh a = t + r,   1 - tanh a = (1 - t) - r,   1 - tanh² a = (1 - t²) - r (t + tanh a),
    q = tanh h / (1 + t tanh h) = h / (1 + e) = h - h e / (1 + e),   e = h coth h - 1 + t h = h² P(h²) + t h,

and e is small, so values and slopes have all their digits, and what is missing to 1 too. exp has a table of its own. In float32 fewer
digits are wanted, which a polynomial for m = exp(2a) - 1 gives faster than a table:

    tanh a = m / (m + 2),   1 - tanh a = 2 / (m + 2).

Where all digits are 1 they are 1, and exponentials. Values are within 2 units in the last place of the exact ones, in float64 and in
float32, and slopes within 3, however far a function has saturated (tests/numerics/test_functions.py holds them to it).
"""

from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from rnnsim.numerics.functions.lookup_tables import Table, look_up
from rnnsim.numerics.primitives import (
    absolute,
    any_lane,
    any_negative,
    at_least,
    at_most,
    each_lane,
    muladd,
    power_of_two,
    select,
    shift,
    signed,
    square_root,
)
from rnnsim.numerics.unrolled import unrolled


class Constants(NamedTuple):
    """From where on tanh is 1, and exp infinite or 0; ln 2 in two parts, the first with zeros at its end; exp's coefficients Q, from the
    constant up, minimax over what is left of a number."""

    saturated: float
    deepest: float
    ln2_high: float
    ln2_low: float
    exp_coefficients: tuple[float, ...]


def tables_of_tanh(fineness: int, last: float) -> tuple[Table, Table]:
    """For c = 0, 2^-fineness, … last, rows of tanh c and 1 - tanh² c for tanh, of half of 1 - tanh c and of 1 - tanh² c for sigmoid."""
    rows = []
    with localcontext(prec=40):
        for k in range(int(last * 2**fineness) + 1):
            power = (Decimal(-2 * k) / 2**fineness).exp()
            below = power / (1 + power)
            half_slope = 2 * below * (1 - below)
            rows.append([float(number) for number in (1 - 2 * below, 2 * half_slope, below, half_slope)])
    numbers = np.array(rows)
    return Table("tanh", fineness, numbers[:, :2]), Table("sigmoid", fineness, numbers[:, 2:])


def table_of_exp(fineness: int, last: float) -> Table:
    """Rows exp c in two parts, for c = -`last`, -`last` + 2^-fineness, … `last`."""
    rows = []
    with localcontext(prec=40):
        for k in range(int(2 * last * 2**fineness) + 1):
            value = (Decimal(k) / 2**fineness - Decimal(last)).exp()
            rows.append((float(value), float(value - Decimal(float(value)))))
    return Table("exp", fineness, np.array(rows), start=-last)


LOG2_E = 1.4426950408889634

DOUBLE = Constants(
    saturated=19.25,
    deepest=752.0,
    ln2_high=6.93147180369123816490e-01,
    ln2_low=1.90821492927058770002e-10,
    exp_coefficients=(
        0.5000000000000042,
        0.1666666666666677,
        0.04166666664034703,
        0.008333333328764986,
        0.001388935401950136,
        0.0001984189673199835,
    ),
)
SINGLE = Constants(
    saturated=9.0625,
    deepest=105.0,
    ln2_high=0.693359375,
    ln2_low=-2.12194440e-4,
    exp_coefficients=(0.5000000061974057, 0.16666542932847947, 0.04166628187710814, 0.008366591947487589, 0.0013946461433411),
)
COTH_COEFFICIENTS = (0.33333333333324205, -0.022222222165871285, 0.002116391301262586, -0.0002108219200035741)  # minimax over a row
TANH_TABLE, SIGMOID_TABLE = tables_of_tanh(2, DOUBLE.saturated)
EXP_TABLE = table_of_exp(4, 0.375)


def constants_by_precision(double, single):
    """A function of a number that gives the constants for its precision."""

    def constants(x):
        return single if getattr(x, "dtype", None) == np.float32 else double

    @overload(constants, inline="always")
    def _constants(x):
        chosen = single if getattr(x, "dtype", x) == types.float32 else double
        return lambda x: chosen

    return constants


constants = constants_by_precision(DOUBLE, SINGLE)


def by_precision(double, single):
    """A function of one number that is one of two, by the number's precision."""

    def chosen(x):
        return single(x) if getattr(x, "dtype", None) == np.float32 else double(x)

    @overload(chosen, jit_options={"forceinline": True})
    def _chosen(x):
        body = single if getattr(x, "dtype", x) == types.float32 else double
        return lambda x: body(x)

    return chosen


@unrolled(forceinline=True)
def horner(z, coefficients):
    """Σ coefficients[i] zⁱ."""
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = muladd(value, z, coefficient)
    return value


@register_jitable(forceinline=True)
def _reduced(x):
    """k, the integer nearest to x / ln 2, and x - k ln 2."""
    c = constants(x)
    k = muladd(x, LOG2_E, shift(x)) - shift(x)
    return k, muladd(k, -c.ln2_low, muladd(k, -c.ln2_high, x))


@register_jitable(forceinline=True)
def _small_exp(h):
    """exp h - 1 = h + h² Q(h), for h as small as the coefficients take it."""
    return muladd(h * h, horner(h, constants(h).exp_coefficients), h)


@register_jitable(forceinline=True)
def _rise(t, h):
    """tanh h / (1 + t tanh h), by which tanh rises from t, a unit of its slope there."""
    z = h * h
    e = muladd(z, horner(z, COTH_COEFFICIENTS), t * h)
    return muladd(-h, e / (1.0 + e), h)


@register_jitable(forceinline=True)
def _tanh_double(a):
    h, t, slope = look_up(TANH_TABLE, a)
    rise = _rise(t, h)
    y = muladd(slope, rise, t)
    return y, muladd(-slope * rise, t + y, slope)


@register_jitable(forceinline=True)
def _quotient(above, m, rest):
    """above / (m + rest + 2), where what the rounded m + 2 lacks is made good after the division; and 1 / (m + 2)."""
    whole = m + 2.0
    rest = (m - (whole - 2.0)) + rest
    inverse = 1.0 / whole
    y = above * inverse
    return muladd(muladd(-y, rest, muladd(-y, whole, above)), inverse, y), inverse


@register_jitable(forceinline=True)
def _less_one(x):
    """exp x - 1 for 0 ≤ x ≤ 2 · `saturated`, in two parts, of which the second is below the digits of the first."""
    k, rest = _reduced(x)
    scale, small = power_of_two(k + shift(k)), _small_exp(rest)
    m = muladd(scale, small, scale - 1.0)
    return m, muladd(scale, small, (scale - 1.0) - m)


@register_jitable(forceinline=True)
def _tanh_single(a):
    a = at_most(a, SINGLE.saturated)
    m, _ = _less_one(a + a)
    y, inverse = _quotient(m, m, 0.0)
    return y, (inverse + inverse) * (1.0 + y)


@register_jitable(forceinline=True)
def _below_double(x):
    h, below, half_slope = look_up(SIGMOID_TABLE, x * 0.5)
    return muladd(-half_slope, _rise(muladd(-2.0, below, 1.0), h), below)


@register_jitable(forceinline=True)
def _below_single(x):
    m, rest = _less_one(at_most(x, 2.0 * SINGLE.saturated))
    y, _ = _quotient(1.0, m, rest)
    return y


@register_jitable(forceinline=True)
def _exp_double(rest):
    h, high, low = look_up(EXP_TABLE, rest)
    return high + muladd(high, _small_exp(h), low)


@register_jitable(forceinline=True)
def _exp_single(rest):
    return 1.0 + _small_exp(rest)


_tanh_of_positive = by_precision(_tanh_double, _tanh_single)
_below_of_positive = by_precision(_below_double, _below_single)
_exp_of_rest = by_precision(_exp_double, _exp_single)


@register_jitable(forceinline=True)
def tanh(x):
    """tanh x, within 2 ulp."""
    y, _ = _tanh_of_positive(absolute(x))
    return signed(y, x)


@register_jitable(forceinline=True)
def tanh_and_slope(x):
    """tanh x, to the bit as `tanh` has it, and its slope 1 - tanh² x, or 4 exp(-2 |x|) where that is all."""
    a = absolute(x)
    saturated = constants(x).saturated
    y, slope = _tanh_of_positive(a)
    if any_negative(saturated - a):
        root = 2.0 * exp(-a)
        slope = select(a > saturated, root * root, slope)
    return signed(y, x), slope


@register_jitable(forceinline=True)
def _sigmoid_below(x):
    """sigmoid(-|x|): half of 1 - tanh |x/2|, or exp(-|x|) where that is all."""
    a = absolute(x)
    saturated = 2.0 * constants(x).saturated
    below = _below_of_positive(a)
    if any_negative(saturated - a):
        below = select(a > saturated, exp(-a), below)
    return below


@register_jitable(forceinline=True)
def sigmoid(x):
    """1 / (1 + exp(-x)), within 2 ulp, small values included."""
    below = _sigmoid_below(x)
    return select(x < 0.0, below, 1.0 - below)


@register_jitable(forceinline=True)
def sigmoid_and_slope(x):
    """sigmoid x, to the bit as `sigmoid` has it, and its slope sigmoid(x) sigmoid(-x)."""
    below = _sigmoid_below(x)
    above = 1.0 - below
    return select(x < 0.0, below, above), above * below


@register_jitable(forceinline=True)
def _powers_of_two(k):
    """Two numbers whose product is 2ᵏ, so that it may be subnormal, zero or infinite."""
    half = muladd(k, 0.5, shift(k))
    return power_of_two(half), power_of_two((k - (half - shift(k))) + shift(k))


@register_jitable(forceinline=True)
def exp(x):
    """eˣ, within 2 ulp: 2ᵏ exp c exp h, with k the integer nearest to x / ln 2 and x = k ln 2 + c + h, in float64; c = 0 in float32."""
    c = constants(x)
    k, rest = _reduced(at_least(at_most(x, c.deepest), -c.deepest))
    s1, s2 = _powers_of_two(k)
    return _exp_of_rest(rest) * s1 * s2


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


@register_jitable(forceinline=True)
def sign(x):
    """1 above 0, -1 below, 0 at 0; nan for nan."""
    return select(x < 0.0, -1.0, select(x > 0.0, 1.0, x))


@register_jitable(forceinline=True)
def share(x, y):
    """x y; -0, to which what is added stays to the bit, where x is 0, also of an infinite y."""
    return select(x == 0.0, -0.0, x * select(x == 0.0, 0.0, y))


@register_jitable(forceinline=True)
def sqrt(x):
    """√x; nan below 0."""
    return square_root(x)


@register_jitable(forceinline=True)
def where(condition, x, y):
    """x where `condition` holds, y elsewhere."""
    return select(condition, x, y)


@register_jitable(forceinline=True)
def minimum(x, y):
    """The smaller of two numbers; nan if one of them is."""
    return select(x <= y, x, select(x != x, x, y))


@register_jitable(forceinline=True)
def maximum(x, y):
    """The larger of two numbers; nan if one of them is."""
    return select(x >= y, x, select(x != x, x, y))


@register_jitable(forceinline=True)
def elsewhere(mask, function, x, y):
    """y, but where `mask` holds, which is seldom, `function` of one lane of x after the other."""
    if any_lane(mask):
        y = select(mask, each_lane(function, x), y)
    return y
