"""Rows of lanes: how kernels read parameters, inputs and starts of a group of points, and write its results.

`theta[row]` holds one number a point of the block; a parameter that many points share stands there for each of them. A group is as many
points as lanes; `at` is its first point's place in the block.
"""

from numba.extending import overload, register_jitable

from rnnsim.numerics.primitives import muladd
from rnnsim.numerics.simd import load, splat, store
from rnnsim.numerics.unrolled import unrolled

INLINE = {"forceinline": True}


def width(kind):
    """The number of lanes."""
    return kind.width


@overload(width, jit_options=INLINE)
def _width(kind):
    lanes = kind.kind.width
    return lambda kind: lanes


@unrolled(forceinline=True)
def gather_rows(kind, count, theta, first, at):
    """The tuple of rows first, first + 1, … of theta, one for each member of the tuple `count`."""
    return tuple(load(kind, theta[first + i], at) for i in range(len(count)))


@unrolled(forceinline=True)
def numbers_of(count, array, position):
    """The tuple of numbers that stand from `position` on, one for each member of the tuple `count`."""
    return tuple(array[position + i] for i in range(len(count)))


@unrolled(forceinline=True)
def put_numbers(array, position, values):
    """Write a tuple of numbers."""
    for i, value in enumerate(values):
        array[position + i] = value


@unrolled(forceinline=True)
def spoil(zero, values):
    """`zero`, made nan by any of a tuple of lanes that is not finite."""
    for value in values:
        zero = muladd(value, 0.0, zero)
    return zero


@unrolled(forceinline=True)
def zeros(kind, count):
    """A tuple of lanes of 0."""
    return tuple(splat(kind, 0.0) for _ in count)


@unrolled(forceinline=True)
def add(u, v):
    """(u + v) for tuples."""
    return tuple(a + b for a, b in zip(u, v, strict=True))


@unrolled(forceinline=True)
def muladd_each(u, x, v):
    """(u x + v) for tuples u and v and one x."""
    return tuple(muladd(a, x, b) for a, b in zip(u, v, strict=True))


@unrolled(forceinline=True)
def put(array, position, apart, values):
    """Write a tuple of lanes into a 1-D array, the first at `position` and each next one `apart` further."""
    for i, value in enumerate(values):
        store(array, position + i * apart, value)


@unrolled(forceinline=True)
def take(kind, count, array, position, apart):
    """The tuple of lanes that `put` wrote, one for each member of the tuple `count`."""
    return tuple(load(kind, array, position + i * apart) for i in range(len(count)))


@register_jitable(forceinline=True)
def write(array, position, value, count, lane_scratch):
    """Write the first `count` lanes into a 1-D result; `lane_scratch` is room for one row of lanes."""
    if count * lane_scratch.itemsize == lane_scratch.nbytes:
        store(array, position, value)
    else:
        store(lane_scratch, 0, value)
        for i in range(count):
            array[position + i] = lane_scratch[i]
