"""Rows of lanes: how kernels read parameters, inputs and starts of a group of points, and write its results.

`theta[row]` holds one number a point of the block; a parameter that many points share stands there for each of them. A group is as many
points as lanes; `at` is its first point's place in the block. Tuples of lanes are built by recursion over their length, which
Numba unrolls.
"""

from numba.extending import overload, register_jitable

from rnnsim.numerics.primitives import muladd
from rnnsim.numerics.simd import load, splat, store

INLINE = {"forceinline": True}


def width(kind):
    """The number of lanes."""
    return kind.width


@overload(width, jit_options=INLINE)
def _width(kind):
    lanes = kind.kind.width
    return lambda kind: lanes


def gather_rows(kind, count, theta, first, at):
    """The tuple of rows first, first + 1, … of theta, one for each member of the tuple `count`."""
    return tuple(load(kind, theta[first + i], at) for i in range(len(count)))


@overload(gather_rows, jit_options=INLINE)
def _gather_rows(kind, count, theta, first, at):
    if len(count) == 0:
        return lambda kind, count, theta, first, at: ()
    return lambda kind, count, theta, first, at: (
        (load(kind, theta[first], at),) + gather_rows(kind, count[1:], theta, first + 1, at)
    )


def numbers_of(count, array, position):
    """The tuple of numbers that stand from `position` on, one for each member of the tuple `count`."""
    return tuple(array[position + i] for i in range(len(count)))


@overload(numbers_of, jit_options=INLINE)
def _numbers_of(count, array, position):
    if len(count) == 0:
        return lambda count, array, position: ()
    return lambda count, array, position: (array[position],) + numbers_of(count[1:], array, position + 1)


def put_numbers(array, position, values):
    """Write a tuple of numbers."""
    for i, value in enumerate(values):
        array[position + i] = value


@overload(put_numbers, jit_options=INLINE)
def _put_numbers(array, position, values):
    if len(values) == 0:
        return lambda array, position, values: None

    def body(array, position, values):
        array[position] = values[0]
        put_numbers(array, position + 1, values[1:])

    return body


def spoil(zero, values):
    """`zero`, made nan by any of a tuple of lanes that is not finite."""
    for value in values:
        zero = muladd(value, 0.0, zero)
    return zero


@overload(spoil, jit_options=INLINE)
def _spoil(zero, values):
    if len(values) == 0:
        return lambda zero, values: zero
    return lambda zero, values: spoil(muladd(values[0], 0.0, zero), values[1:])


def zeros(kind, count):
    """A tuple of lanes of 0."""
    return tuple(splat(kind, 0.0) for _ in count)


@overload(zeros, jit_options=INLINE)
def _zeros(kind, count):
    if len(count) == 0:
        return lambda kind, count: ()
    return lambda kind, count: (splat(kind, 0.0),) + zeros(kind, count[1:])


def add(u, v):
    """(u + v) for tuples."""
    return tuple(a + b for a, b in zip(u, v, strict=True))


@overload(add, jit_options=INLINE)
def _add(u, v):
    if len(u) == 0:
        return lambda u, v: ()
    return lambda u, v: (u[0] + v[0],) + add(u[1:], v[1:])


def muladd_each(u, x, v):
    """(u x + v) for tuples u and v and one x."""
    return tuple(muladd(a, x, b) for a, b in zip(u, v, strict=True))


@overload(muladd_each, jit_options=INLINE)
def _muladd_each(u, x, v):
    if len(u) == 0:
        return lambda u, x, v: ()
    return lambda u, x, v: (muladd(u[0], x, v[0]),) + muladd_each(u[1:], x, v[1:])


def dot(u, v, start):
    """start + Σ uᵢ vᵢ, summed in order."""
    for a, b in zip(u, v, strict=True):
        start = muladd(a, b, start)
    return start


@overload(dot, jit_options=INLINE)
def _dot(u, v, start):
    if len(u) == 0:
        return lambda u, v, start: start
    return lambda u, v, start: dot(u[1:], v[1:], muladd(u[0], v[0], start))


def put(array, position, apart, values):
    """Write a tuple of lanes into a 1-D array, the first at `position` and each next one `apart` further."""
    for i, value in enumerate(values):
        store(array, position + i * apart, value)


@overload(put, jit_options=INLINE)
def _put(array, position, apart, values):
    if len(values) == 0:
        return lambda array, position, apart, values: None

    def body(array, position, apart, values):
        store(array, position, values[0])
        put(array, position + apart, apart, values[1:])

    return body


def take(kind, count, array, position, apart):
    """The tuple of lanes that `put` wrote, one for each member of the tuple `count`."""
    return tuple(load(kind, array, position + i * apart) for i in range(len(count)))


@overload(take, jit_options=INLINE)
def _take(kind, count, array, position, apart):
    if len(count) == 0:
        return lambda kind, count, array, position, apart: ()
    return lambda kind, count, array, position, apart: (
        (load(kind, array, position),) + take(kind, count[1:], array, position + apart, apart)
    )


@register_jitable(forceinline=True)
def write(array, position, value, count, lane_scratch):
    """Write the first `count` lanes into a 1-D result; `lane_scratch` is room for one row of lanes."""
    if count * lane_scratch.itemsize == lane_scratch.nbytes:
        store(array, position, value)
    else:
        store(lane_scratch, 0, value)
        for i in range(count):
            array[position + i] = lane_scratch[i]


def write_each(rows, places, first, values, divisor, position, count, lane_scratch):
    """Write value i, divided, into rows[places[first + i]], unless that place is negative."""
    for i, value in enumerate(values):
        if places[first + i] >= 0:
            write(rows[places[first + i]], position, value / divisor, count, lane_scratch)


@overload(write_each, jit_options=INLINE)
def _write_each(rows, places, first, values, divisor, position, count, lane_scratch):
    if len(values) == 0:
        return lambda rows, places, first, values, divisor, position, count, lane_scratch: None

    def body(rows, places, first, values, divisor, position, count, lane_scratch):
        if places[first] >= 0:
            write(rows[places[first]], position, values[0] / divisor, count, lane_scratch)
        write_each(rows, places, first + 1, values[1:], divisor, position, count, lane_scratch)

    return body
