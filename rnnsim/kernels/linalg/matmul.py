"""Products of matrices, the linear maps of networks of many units, on lanes.

    out[row, column] = start[row, column] + Σ a[outer, term, column] · b[outer, term, row]

summed in the order of (outer, term), one fused multiplication and addition a term, whatever the tiles. Every product that a network
needs, forward, back and for the gradient of its weights, in every layout of lanes, is this one: the layouts differ only in which factor
holds a lane vector for each element and which a number for all lanes.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload, register_jitable

from rnnsim.numerics.jit import internal
from rnnsim.numerics.simd import align_stack, load, spread
from rnnsim.numerics.tuples import INLINE, muladd_each, put, take, width
from rnnsim.numerics.unrolled import unrolled


class Vectors(NamedTuple):
    """A factor with a lane vector for each element, at values[first + outer · by_outer + term · by_term + row · by_row]. As `a`, its
    rows are tiles of columns, and the columns of a tile stand together."""

    values: np.ndarray
    first: int
    by_outer: int
    by_term: int
    by_row: int


class Numbers(NamedTuple):
    """A factor with one number for all lanes, laid out alike."""

    values: np.ndarray
    first: int
    by_outer: int
    by_term: int
    by_row: int


class AsVectors(NamedTuple):
    """Says that a factor is read as `Vectors`."""


class AsNumbers(NamedTuple):
    """Says that a factor is read as `Numbers`."""


def factor(how, values, first, by_outer, by_term, by_row):
    """A factor of the type that `how` says."""
    kind = Vectors if isinstance(how, AsVectors) else Numbers
    return kind(values, first, by_outer, by_term, by_row)


@overload(factor, jit_options=INLINE)
def _factor(how, values, first, by_outer, by_term, by_row):
    kind = Vectors if how.instance_class is AsVectors else Numbers
    return lambda how, values, first, by_outer, by_term, by_row: kind(values, first, by_outer, by_term, by_row)


class LaneRows(NamedTuple):
    """Rows of lane vectors: those of a row stand together, from values[first + row · by_row] on."""

    values: np.ndarray
    first: int
    by_row: int


class Tile(NamedTuple):
    """How many rows and columns are summed at once, in registers: tuples of that many zeros."""

    rows: Any
    columns: Any


def element(kind, factor, position):
    """The lane vector at a position of a factor."""
    return load(kind, factor.values, position) if isinstance(factor, Vectors) else spread(kind, factor.values, position)


@overload(element, jit_options=INLINE)
def _element(kind, factor, position):
    if factor.instance_class is Vectors:
        return lambda kind, factor, position: load(kind, factor.values, position)
    return lambda kind, factor, position: spread(kind, factor.values, position)


def apart(kind, factor):
    """How far elements are apart that stand together."""
    return width(kind) if isinstance(factor, Vectors) else 1


@overload(apart, jit_options=INLINE)
def _apart(kind, factor):
    if factor.instance_class is Vectors:
        return lambda kind, factor: width(kind)
    return lambda kind, factor: 1


@unrolled(forceinline=True)
def columns_of(kind, count, factor, position):
    """The elements that stand together from a position on, one for each member of the tuple `count`."""
    return tuple(element(kind, factor, position + i * apart(kind, factor)) for i in range(len(count)))


@unrolled(forceinline=True)
def take_rows(kind, tile, rows, position):
    """The lane vectors of a tile, a tuple of tuples."""
    return tuple(take(kind, tile.columns, rows.values, position + i * rows.by_row, width(kind)) for i in range(len(tile.rows)))


@unrolled(forceinline=True)
def put_rows(kind, rows, position, values):
    """Write the lane vectors of a tile."""
    for i, row in enumerate(values):
        put(rows.values, position + i * rows.by_row, width(kind), row)


@unrolled(forceinline=True)
def muladd_rows(kind, columns, factor, position, sums):
    """The sums of a tile with one term more."""
    return tuple(muladd_each(columns, element(kind, factor, position + i * factor.by_row), row) for i, row in enumerate(sums))


@register_jitable(forceinline=True)
def add_terms(kind, tile, sums, row, column, terms, a, at_a, b, at_b):
    """The sums of a tile with some terms more."""
    at_a, at_b = at_a + column * a.by_row, at_b + row * b.by_row
    for _ in range(terms):
        sums = muladd_rows(kind, columns_of(kind, tile.columns, a, at_a), b, at_b, sums)
        at_a += a.by_term
        at_b += b.by_term
    return sums


@register_jitable(forceinline=True)
def fill_tile(kind, tile, out, start, row, column, outers, terms, a, b):
    sums = take_rows(kind, tile, start, start.first + row * start.by_row + column * len(tile.columns) * width(kind))
    for outer in range(outers):
        at_a, at_b = a.first + outer * a.by_outer, b.first + outer * b.by_outer
        sums = add_terms(kind, tile, sums, row, column, terms, a, at_a, b, at_b)
    put_rows(kind, out, out.first + row * out.by_row + column * len(tile.columns) * width(kind), sums)


@register_jitable(forceinline=True)
def fill_tile_twice(kind, tile, out, start, row, column, terms, a, b, more, c, d):
    sums = take_rows(kind, tile, start, start.first + row * start.by_row + column * len(tile.columns) * width(kind))
    sums = add_terms(kind, tile, sums, row, column, terms, a, a.first, b, b.first)
    sums = add_terms(kind, tile, sums, row, column, more, c, c.first, d, d.first)
    put_rows(kind, out, out.first + row * out.by_row + column * len(tile.columns) * width(kind), sums)


@internal
def product(kind, tile, out, start, rows, columns, outers, terms, a, b):
    """out[row, column] for all rows, and for `columns` tiles of columns."""
    align_stack()
    together = len(tile.rows)
    whole = rows - rows % together
    for column in range(columns):
        for row in range(0, whole, together):
            fill_tile(kind, tile, out, start, row, column, outers, terms, a, b)
        for row in range(whole, rows):
            fill_tile(kind, Tile(tile.rows[:1], tile.columns), out, start, row, column, outers, terms, a, b)


@internal
def product_of_two(kind, tile, out, start, rows, columns, terms, a, b, more, c, d):
    """out[row, column] = start[row, column] + Σ a[term, column] · b[term, row] + Σ c[term, column] · d[term, row]: what two products
    one after the other make, to the bit."""
    align_stack()
    together = len(tile.rows)
    whole = rows - rows % together
    for column in range(columns):
        for row in range(0, whole, together):
            fill_tile_twice(kind, tile, out, start, row, column, terms, a, b, more, c, d)
        for row in range(whole, rows):
            fill_tile_twice(kind, Tile(tile.rows[:1], tile.columns), out, start, row, column, terms, a, b, more, c, d)
