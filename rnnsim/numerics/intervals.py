"""Intervals (low, high) that hold what they stand for whatever is rounded: each result is widened by more than its own rounding."""

from numba.extending import register_jitable

EPSILON = 2.0**-52
TINY = 1e-300


@register_jitable(forceinline=True)
def widen(low, high, units):
    """Wider by some units in the last place."""
    return low - units * EPSILON * abs(low) - TINY, high + units * EPSILON * abs(high) + TINY


@register_jitable(forceinline=True)
def plus(a, b):
    return widen(a[0] + b[0], a[1] + b[1], 1.0)


@register_jitable(forceinline=True)
def minus(a, b):
    return widen(a[0] - b[1], a[1] - b[0], 1.0)


@register_jitable(forceinline=True)
def times(a, b):
    u, v, w, z = a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]
    return widen(min(min(u, v), min(w, z)), max(max(u, v), max(w, z)), 1.0)


@register_jitable(forceinline=True)
def scaled(number, a):
    return times((number, number), a)
