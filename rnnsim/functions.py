"""tanh, sigmoid, exp, relu and linear, with their slopes, on floats, arrays and lanes: each written once.

tanh and sigmoid start from a table. With c the last point of its grid before |a|, t = tanh c, h = |a| - c and
T = tanh h = h + h³ P(h²), which is small,

    tanh |a| = t + (1 - t) q,   1 - tanh |a| = (1 - t) (1 - q),   q = T (1 + t) / (1 + t T),

so values, and what is missing to 1, have all their digits. Beyond the table they are 1, and exponentials. exp has a table of its
own. Values are within 2 units in the last place of the exact ones, in float64 and in float32, and slopes within 4.5, however far a
function has saturated (tests/test_functions.py holds them to it).
"""

from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from rnnsim.primitives import absolute, any_negative, at_least, at_most, muladd, power_of_two, select, shift, signed
from rnnsim.tables import Table, look_up


class Constants(NamedTuple):
    """For tanh, P's coefficients (from the constant up, minimax over a row), a table of t and 1 - t, and from where on tanh is 1; for exp,
    those of Q, a table of 2 numbers whose sum is exp c, ln 2 in two parts (the first with zeros at its end), and from where on it is 0."""

    tanh_coefficients: tuple[float, ...]
    tanh_table: Table
    saturated: float
    exp_coefficients: tuple[float, ...]
    exp_table: Table
    ln2_high: float
    ln2_low: float
    deepest: float


def table_of_tanh(fineness: int, last: float, dtype: str) -> Table:
    """Rows tanh c and 1 - tanh c, each rounded once, for c = 0, 2^-fineness, … last."""
    rows = []
    with localcontext(prec=40):
        ratio, power = (Decimal(-2) / 2**fineness).exp(), Decimal(1)
        for _ in range(int(last * 2**fineness) + 1):
            rows.append((float((1 - power) / (1 + power)), float(2 * power / (1 + power))))
            power *= ratio
    return Table("tanh", fineness, np.array(rows, dtype))


def table_of_exp(fineness: int, dtype: str) -> Table:
    """Rows exp(c - MIDDLE) in two parts, for c = 0, 2^-fineness, … 2 MIDDLE."""
    rows = []
    with localcontext(prec=40):
        for i in range(int(2 * MIDDLE * 2**fineness) + 1):
            value = (Decimal(i) / 2**fineness - Decimal(MIDDLE)).exp()
            high = float(np.dtype(dtype).type(value))
            rows.append((high, float(value - Decimal(high))))
    return Table("exp", fineness, np.array(rows, dtype))


LOG2_E = 1.4426950408889634
MIDDLE = 0.375

DOUBLE = Constants(
    tanh_coefficients=(-0.33333333333326365, 0.13333333170004968, -0.05395737502487727),
    tanh_table=table_of_tanh(6, 19.0625, "float64"),
    saturated=19.0625,
    exp_coefficients=(0.5000000000000137, 0.16666666665802857, 0.04166666863898336, 0.008333124432567828, 0.0013993215205838066),
    exp_table=table_of_exp(6, "float64"),
    ln2_high=6.93147180369123816490e-01,
    ln2_low=1.90821492927058770002e-10,
    deepest=752.0,
)
SINGLE = Constants(
    tanh_coefficients=(-0.3332098861264486,),
    tanh_table=table_of_tanh(5, 9.0625, "float32"),
    saturated=9.0625,
    exp_coefficients=(0.49997279372903414, 0.16885614554152029),
    exp_table=table_of_exp(5, "float32"),
    ln2_high=0.693359375,
    ln2_low=-2.12194440e-4,
    deepest=105.0,
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
def _from_table(a):
    """t, 1 - t with all its digits, and (tanh a - t) / (1 - t), for a ≥ 0 that is not beyond the table."""
    c = constants(a)
    point, t, rest = look_up(c.tanh_table, a)
    h = a - point
    z = h * h
    small = muladd(h * z, horner(z, c.tanh_coefficients), h)
    return t, rest, muladd(t, small, small) / muladd(t, small, 1.0)


@register_jitable(forceinline=True)
def tanh(x):
    """tanh x, within 2 ulp."""
    t, _, share = _from_table(at_most(absolute(x), constants(x).saturated))
    return signed(muladd(1.0 - t, share, t), x)


@register_jitable(forceinline=True)
def tanh_and_slope(x):
    """tanh x, to the bit as `tanh` has it, and its slope (1 - tanh x) (1 + tanh x), or 4 exp(-2 |x|) where that is all."""
    a = absolute(x)
    saturated = constants(x).saturated
    t, rest, share = _from_table(at_most(a, saturated))
    y = muladd(1.0 - t, share, t)
    slope = muladd(-rest, share, rest) * (1.0 + y)
    if any_negative(saturated - a):
        root = 2.0 * exp(-a)
        slope = select(a > saturated, root * root, slope)
    return signed(y, x), slope


@register_jitable(forceinline=True)
def _sigmoid_below(x):
    """sigmoid(-|x|): half of 1 - tanh |x/2|, or exp(-|x|) where that is all."""
    a = absolute(x) * 0.5
    saturated = constants(x).saturated
    _, rest, share = _from_table(at_most(a, saturated))
    rest = 0.5 * rest
    below = muladd(-rest, share, rest)
    if any_negative(saturated - a):
        below = select(a > saturated, exp(-absolute(x)), below)
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
    """eˣ, within 2 ulp: 2ᵏ exp c exp h, with k the integer nearest to x / ln 2, x = k ln 2 + c + h and exp h = 1 + h + h² Q(h)."""
    c = constants(x)
    x = at_least(at_most(x, c.deepest), -c.deepest)
    k = muladd(x, LOG2_E, shift(x)) - shift(x)
    rest = muladd(k, -c.ln2_low, muladd(k, -c.ln2_high, x))
    point, high, low = look_up(c.exp_table, rest + MIDDLE)
    h = rest - (point - MIDDLE)
    small = muladd(h * h, horner(h, c.exp_coefficients), h)
    s1, s2 = _powers_of_two(k)
    return (high + muladd(high, small, low)) * s1 * s2


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
