"""Rows of lanes: how kernels read parameters, inputs and starts of a group of points, and write its results.

`theta[row]` holds one number a point of the block; a parameter that many points share stands there for each of them. A group is as many
points as lanes; `at` is its first point's place in the block. Tuples of lanes are built by recursion over their length, which
Numba unrolls.
"""

from numba.extending import overload, register_jitable

from rnnsim.lanes import load, muladd, splat, store

INLINE = {"forceinline": True}


def width(kind):
    """The number of lanes."""
    return kind.width


@overload(width, jit_options=INLINE)
def _width(kind):
    lanes = kind.kind.width
    return lambda kind: lanes


def take(kind, count, theta, first, at):
    """The tuple of rows first, first + 1, … of theta, one for each member of the tuple `count`."""
    return tuple(load(kind, theta[first + i], at) for i in range(len(count)))


@overload(take, jit_options=INLINE)
def _take(kind, count, theta, first, at):
    if len(count) == 0:
        return lambda kind, count, theta, first, at: ()
    return lambda kind, count, theta, first, at: (load(kind, theta[first], at),) + take(kind, count[1:], theta, first + 1, at)


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


def keep_row(rows, first, values):
    """Write a tuple of lanes into the rows of a 1-D scratch array, one after the other from row `first`."""
    for i, value in enumerate(values):
        store(rows, (first + i) * len(value), value)


@overload(keep_row, jit_options=INLINE)
def _keep_row(rows, first, values):
    if len(values) == 0:
        return lambda rows, first, values: None
    lanes = values[0].width

    def body(rows, first, values):
        store(rows, first * lanes, values[0])
        keep_row(rows, first + 1, values[1:])

    return body


def kept_row(kind, count, rows, first):
    """The tuple of lanes that `keep_row` wrote."""
    return tuple(load(kind, rows, (first + i) * kind.width) for i in range(len(count)))


@overload(kept_row, jit_options=INLINE)
def _kept_row(kind, count, rows, first):
    if len(count) == 0:
        return lambda kind, count, rows, first: ()
    return lambda kind, count, rows, first: (load(kind, rows, first * width(kind)),) + kept_row(kind, count[1:], rows, first + 1)


@register_jitable(forceinline=True)
def write(array, position, value, count, spare):
    """Write the first `count` lanes into a 1-D result; `spare` is room for one row of lanes."""
    if count * spare.itemsize == spare.nbytes:
        store(array, position, value)
    else:
        store(spare, 0, value)
        for i in range(count):
            array[position + i] = spare[i]


def write_each(rows, places, first, values, divisor, position, count, spare):
    """Write value i, divided, into rows[places[first + i]], unless that place is negative."""
    for i, value in enumerate(values):
        if places[first + i] >= 0:
            write(rows[places[first + i]], position, value / divisor, count, spare)


@overload(write_each, jit_options=INLINE)
def _write_each(rows, places, first, values, divisor, position, count, spare):
    if len(values) == 0:
        return lambda rows, places, first, values, divisor, position, count, spare: None

    def body(rows, places, first, values, divisor, position, count, spare):
        if places[first] >= 0:
            write(rows[places[first]], position, values[0] / divisor, count, spare)
        write_each(rows, places, first + 1, values[1:], divisor, position, count, spare)

    return body
