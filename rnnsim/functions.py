"""tanh, sigmoid, exp, relu and linear, with their slopes, on floats, arrays and lanes: each written once.

tanh and sigmoid start from tables. With c the point of a grid nearest to a ≥ 0, t = tanh c, h = a - c and T = tanh h = h + h³ P(h²),
which is small,

    tanh a = t + r,   1 - tanh a = (1 - t) - r,   r = (1 - t²) T / (1 + t T),   1 - tanh² a = (1 - t²) - r (t + tanh a),

so values and slopes have all their digits, and what is missing to 1 too. Beyond the tables they are 1, and exponentials. exp has a table
of its own. Values are within 2 units in the last place of the exact ones, in float64 and in float32, and slopes within 3, however far
a function has saturated (tests/test_functions.py holds them to it).
"""

from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from rnnsim.primitives import absolute, any_negative, at_least, at_most, muladd, power_of_two, select, shift, signed
from rnnsim.tables import Table, look_up


class Constants(NamedTuple):
    """For tanh and sigmoid, P's coefficients (from the constant up, minimax over a row), tables, and from where on tanh is 1; for exp,
    those of Q, a table of 2 numbers whose sum is exp c, ln 2 in two parts (the first with zeros at its end), and from where on it is 0."""

    tanh_coefficients: tuple[float, ...]
    tanh_table: Table
    sigmoid_table: Table
    saturated: float
    exp_coefficients: tuple[float, ...]
    exp_table: Table
    ln2_high: float
    ln2_low: float
    deepest: float


def tables_of_tanh(fineness: int, last: float, dtype: str) -> dict[str, Table]:
    """For c = 0, 2^-fineness, … last, rows of tanh c and 1 - tanh² c for tanh, of half of 1 - tanh c and of 1 - tanh² c for sigmoid."""
    rows = []
    with localcontext(prec=40):
        ratio, power = (Decimal(-2) / 2**fineness).exp(), Decimal(1)
        for _ in range(int(last * 2**fineness) + 1):
            below = power / (1 + power)
            half_slope = 2 * below * (1 - below)
            rows.append([float(number) for number in (1 - 2 * below, 2 * half_slope, below, half_slope)])
            power *= ratio
    numbers = np.array(rows, dtype)
    return {"tanh_table": Table("tanh", fineness, numbers[:, :2]), "sigmoid_table": Table("sigmoid", fineness, numbers[:, 2:])}


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
    tanh_coefficients=(-0.3333333333279204, 0.13333218679208697),
    **tables_of_tanh(7, 19.0625, "float64"),
    saturated=19.0625,
    exp_coefficients=(0.4999999999977711, 0.16666666666628613, 0.041666784693965876, 0.008333351361780454),
    exp_table=table_of_exp(6, "float64"),
    ln2_high=6.93147180369123816490e-01,
    ln2_low=1.90821492927058770002e-10,
    deepest=752.0,
)
SINGLE = Constants(
    tanh_coefficients=(-0.33330636873961145,),
    **tables_of_tanh(5, 9.0625, "float32"),
    saturated=9.0625,
    exp_coefficients=(0.5000084272595289, 0.16666843485499627),
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
def _rise(t, slope, h):
    """slope · T / (1 + t T), with 1 / (1 + u) = (1 - u) (1 + u² + u⁴), whose next term is beyond the last digit."""
    z = h * h
    small = muladd(h * z, horner(z, constants(h).tanh_coefficients), h)
    u = t * small
    square = u * u
    first = slope * small
    first = muladd(-first, u, first)
    return muladd(first, muladd(square, square, square), first)


@register_jitable(forceinline=True)
def tanh(x):
    """tanh x, within 2 ulp."""
    a = at_most(absolute(x), constants(x).saturated)
    point, t, slope = look_up(constants(x).tanh_table, a)
    return signed(t + _rise(t, slope, a - point), x)


@register_jitable(forceinline=True)
def tanh_and_slope(x):
    """tanh x, to the bit as `tanh` has it, and its slope 1 - tanh² x, or 4 exp(-2 |x|) where that is all."""
    a = absolute(x)
    saturated = constants(x).saturated
    inside = at_most(a, saturated)
    point, t, slope = look_up(constants(x).tanh_table, inside)
    rise = _rise(t, slope, inside - point)
    y = t + rise
    slope = muladd(-rise, t + y, slope)
    if any_negative(saturated - a):
        root = 2.0 * exp(-a)
        slope = select(a > saturated, root * root, slope)
    return signed(y, x), slope


@register_jitable(forceinline=True)
def _sigmoid_below(x):
    """sigmoid(-|x|): half of 1 - tanh |x/2|, or exp(-|x|) where that is all."""
    a = absolute(x) * 0.5
    saturated = constants(x).saturated
    inside = at_most(a, saturated)
    point, below, half_slope = look_up(constants(x).sigmoid_table, inside)
    below = below - _rise(muladd(-2.0, below, 1.0), half_slope, inside - point)
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
