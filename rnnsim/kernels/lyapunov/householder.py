"""Frames made orthonormal by Householder's reflections, and how much their tangents have grown.

    A = Q R,  H_j = 1 - τ_j v_j v_jᵀ,  H_{p-1} … H_0 A = R,  Q = H_0 … H_{p-1} (1 0)ᵀ

Reflections keep Q orthonormal to rounding whatever A is, also where a column depends on those before it: then R_jj is 0, as is any that
cancellation leaves below the rounding of its column. Tangents of two states are turned instead, in registers. Columns are
worked on in vectors, as `push.Spread` lays them out.
"""

import numpy as np
from numba.extending import register_jitable

from rnnsim.kernels.linalg.matmul import element, factor
from rnnsim.kernels.linalg.scaled_products import grown, grown_seldom, log_of
from rnnsim.numerics.jit import internal, kernel, specialised
from rnnsim.numerics.primitives import (
    absolute,
    any_lane,
    at_least,
    at_most,
    exponent,
    mantissa,
    muladd,
    select,
    shift,
    signed,
    square_root,
)
from rnnsim.numerics.simd import align_stack, load, splat, store
from rnnsim.numerics.tuples import muladd_each, put, take, width, zeros

TOGETHER = (0, 0, 0, 0)
SAFE_LOW, SAFE_HIGH, SAFE_MOST = 1e-280, 1e280, 1e307
ROUNDING, ROUNDING_LENGTH = 2.0**-100, 2.0**-50  # of a square, of a length
ALIGNED = (
    7.0  # ln of how far an adaptive interval lets tangents fall onto each other: it costs three digits of an interval's growth
)
LONGEST = 64.0


@register_jitable(forceinline=True)
def column_element(spread, scratch, at, u, row, column):
    """A[u, column]: a vector, or the number that it is for all lanes."""
    where = column * width(spread.kind) if spread.together == 1 else column
    return element(spread.kind, factor(spread.data, scratch, 0, 0, 0, 0), at + u * row + where)


@register_jitable(forceinline=True)
def fitting(most):
    """The scale of numbers of which this is the largest."""
    return select(most > 0.0, 1.0 / at_least(at_most(most, SAFE_MOST), 1.0 / SAFE_MOST), 1.0)


@internal
def squares(spread, scratch, at, row, column, first, last, scale):
    """Σ (A[u, column] scale)² over u = first … last - 1, even and odd ones apart."""
    even, odd = splat(spread.kind, 0.0), splat(spread.kind, 0.0)
    for u in range(first, last - 1, 2):
        x = column_element(spread, scratch, at, u, row, column) * scale
        y = column_element(spread, scratch, at, u + 1, row, column) * scale
        even, odd = muladd(x, x, even), muladd(y, y, odd)
    if (last - first) % 2:
        x = column_element(spread, scratch, at, last - 1, row, column) * scale
        even = muladd(x, x, even)
    return even + odd


@internal
def lengths(spread, scratch, at, row, column, rows):
    """The squares of the lengths of a column above the diagonal, and from there on, both times the square of a scale: 1, but where squares
    would leave the range of floats."""
    kind = spread.kind
    scale = splat(kind, 1.0)
    above = squares(spread, scratch, at, row, column, 0, column, scale)
    rest = squares(spread, scratch, at, row, column, column, rows, scale)
    if any_lane(rest < SAFE_LOW) or any_lane(above + rest > SAFE_HIGH):
        most = splat(kind, 0.0)
        for u in range(rows):
            most = at_least(most, absolute(column_element(spread, scratch, at, u, row, column)))
        scale = select(rest < SAFE_LOW, fitting(most), select(above + rest > SAFE_HIGH, fitting(most), scale))
        above = squares(spread, scratch, at, row, column, 0, column, scale)
        rest = squares(spread, scratch, at, row, column, column, rows, scale)
    return above, rest, scale


@internal
def reflect(spread, scratch, count, at, row, rows, column, v, tau, position):
    """Apply a reflection to as many vectors as `count` has members, from `position` in each row on."""
    kind = spread.kind
    reflector = factor(spread.data, scratch, 0, 0, 0, 0)
    step = width(kind) if spread.together == 1 else 1
    sums = zeros(kind, count)
    for u in range(column, rows):
        sums = muladd_each(
            take(kind, count, scratch, at + u * row + position, width(kind)), element(kind, reflector, v + u * step), sums
        )
    sums = muladd_each(sums, -tau, zeros(kind, count))
    for u in range(column, rows):
        x = take(kind, count, scratch, at + u * row + position, width(kind))
        put(scratch, at + u * row + position, width(kind), muladd_each(sums, element(kind, reflector, v + u * step), x))


@internal
def reflect_columns(spread, scratch, at, row, rows, column, v, tau, first):
    """Apply a reflection to all vectors from `first` on."""
    size = width(spread.kind)
    position, end = first * size, row
    while position + 4 * size <= end:
        reflect(spread, scratch, TOGETHER, at, row, rows, column, v, tau, position)
        position += 4 * size
    while position < end:
        reflect(spread, scratch, TOGETHER[:1], at, row, rows, column, v, tau, position)
        position += size


@internal
def factorise(spread, scratch, frame, at):
    """A becomes R above its diagonal; reflections, their τ, the |R_jj| and the lengths of the columns are kept. Whether an R_jj
    that is lost in rounding is 0 can be told after a single step alone; after more it is nan."""
    kind, row, rows = spread.kind, frame.row, frame.rows
    size = width(kind)
    step = size if spread.together == 1 else 1
    lost = select(splat(kind, float(frame.now)) - load(kind, scratch, frame.last) > 1.0, np.nan, 0.0)
    for column in range(frame.columns):
        above, rest, scale = lengths(spread, scratch, at, row, column, rows)
        length = square_root(rest) / scale
        if frame.adaptive:
            store(scratch, frame.lengths + column * size, square_root(above + rest) / scale)
        left = select(rest <= ROUNDING * (above + rest), lost, length)
        store(scratch, frame.sizes + column * size, select(length == 0.0, 0.0, left))
        if column == rows - 1:
            break
        first = column_element(spread, scratch, at, column, row, column)
        end = -signed(length, first)
        divisor = select(length == 0.0, 1.0, first - end)
        tau = select(length == 0.0, 0.0, (end - first) / select(length == 0.0, 1.0, end))
        inverse, v = 1.0 / divisor, frame.reflectors + column * frame.reflector
        store(scratch, v + column * step, splat(kind, 1.0))
        for u in range(column + 1, rows):
            store(scratch, v + u * step, column_element(spread, scratch, at, u, row, column) * inverse)
        store(scratch, frame.taus + column * size, tau)
        reflect_columns(spread, scratch, at, row, rows, column, v, tau, (column + 1) // spread.together)


@internal
def make_orthonormal(spread, scratch, frame):
    """Q, in place of the tangents."""
    kind, row, rows, at = spread.kind, frame.row, frame.rows, frame.tangents
    size = width(kind)
    for p in range(at, at + rows * row):
        scratch[p] = 0.0
    for column in range(frame.columns):
        if spread.together == 1:
            store(scratch, at + column * row + column * size, splat(kind, 1.0))
        else:
            scratch[at + column * row + column] = 1.0
    for column in range(min(frame.columns, rows - 1) - 1, -1, -1):
        tau, v = load(kind, scratch, frame.taus + column * size), frame.reflectors + column * frame.reflector
        reflect_columns(spread, scratch, at, row, rows, column, v, tau, column // spread.together)


@internal
def choose_interval(spread, scratch, frame, due):
    """Keep the frame where it is not due, and say when it is due again: sooner, the more its tangents have fallen onto each other."""
    kind = spread.kind
    size, worst, now = width(kind), splat(kind, 0.0), splat(kind, float(frame.now))
    for column in range(frame.columns):
        length, rest = load(kind, scratch, frame.lengths + column * size), load(kind, scratch, frame.sizes + column * size)
        worst = at_least(worst, select(rest == length * 0.0, np.inf, length / rest))
        store(scratch, frame.sizes + column * size, select(due, rest, 1.0))
    for p in range(0, frame.rows * frame.row, size):
        kept = load(kind, scratch, frame.pushed + p)
        store(scratch, frame.tangents + p, select(due, load(kind, scratch, frame.tangents + p), kept))
    last = load(kind, scratch, frame.last)
    taken = now - last
    fitting = taken * (ALIGNED / at_least(log_of((mantissa(worst), exponent(worst))), 1e-3)) - 0.5
    fitting = at_least(at_most(at_most(fitting, 2.0 * taken), LONGEST), 1.0)
    fitting = select(fitting == fitting, fitting, 1.0)
    whole = (fitting + shift(fitting)) - shift(fitting)
    store(scratch, frame.last, select(due, now, last))
    store(scratch, frame.due, select(due, now + whole, load(kind, scratch, frame.due)))


@register_jitable(forceinline=True)
def direction(x, y):
    """The length of (x, y), and its direction; (1, 0) if it has none."""
    length = square_root(muladd(x, x, y * y))
    inverse, none = 1.0 / length, length == 0.0
    return length, select(none, 1.0, x * inverse), select(none, 0.0, y * inverse)


@register_jitable(forceinline=True)
def safe_direction(x, y):
    """`direction`, also where squares would leave the range of floats."""
    square = muladd(x, x, y * y)
    if any_lane(square < SAFE_LOW) or any_lane(square > SAFE_HIGH):
        scale = fitting(at_least(absolute(x), absolute(y)))
        scale = select(square < SAFE_LOW, scale, select(square > SAFE_HIGH, scale, 1.0))
        length, c, s = direction(x * scale, y * scale)
        return length / scale, c, s
    return direction(x, y)


@internal
def turn(spread, scratch, frame):
    """Q and the |R_jj| of tangents of two states, in registers."""
    kind, row, at, out = spread.kind, frame.row, frame.pushed, frame.tangents
    size, now = width(kind), splat(kind, float(frame.now))
    length, c, s = safe_direction(load(kind, scratch, at), load(kind, scratch, at + row))
    store(scratch, frame.sizes, length)
    if frame.columns == 2:
        x, y = load(kind, scratch, at + size), load(kind, scratch, at + row + size)
        along, across = absolute(muladd(c, x, s * y)), s * x
        rest = absolute(muladd(c, y, -across))
        lost = select(now - load(kind, scratch, frame.last) > 1.0, np.nan, 0.0)
        left = select(rest <= ROUNDING_LENGTH * along, lost, rest)
        store(scratch, frame.sizes + size, select(rest + absolute(across) == 0.0, 0.0, left))
        store(scratch, out + size, -s)
        store(scratch, out + row + size, c)
    store(scratch, out, c)
    store(scratch, out + row, s)
    store(scratch, frame.last, now)


@internal
def accumulate_diagonal(spread, scratch, frame):
    """Let products grow by |R_jj|."""
    kind = spread.kind
    for p in range(0, frame.columns * width(kind), width(kind)):
        product = load(kind, scratch, frame.mantissas + p), load(kind, scratch, frame.exponents + p)
        product = grown_seldom(product, load(kind, scratch, frame.sizes + p))
        store(scratch, frame.mantissas + p, product[0])
        store(scratch, frame.exponents + p, product[1])


@internal
def reflect_all(spread, scratch, frame):
    """Q and the |R_jj| by reflections; kept as they are where the frame is not due."""
    kind, at = spread.kind, frame.pushed
    if frame.adaptive:
        at = frame.kept
        for p in range(frame.rows * frame.row):
            scratch[at + p] = scratch[frame.pushed + p]
    factorise(spread, scratch, frame, at)
    make_orthonormal(spread, scratch, frame)
    now = splat(kind, float(frame.now))
    if not frame.adaptive:
        store(scratch, frame.last, now)
    else:
        choose_interval(spread, scratch, frame, load(kind, scratch, frame.due) <= select(frame.forced == 1, np.inf, now))


@specialised
def orthonormal_of(spread):
    """The kernel that makes what was pushed orthonormal, and lets products grow by |R_jj|, if they count."""

    @kernel
    def orthonormal(scratch, frame):
        align_stack()
        if frame.rows == 2 and spread.together == 1 and not frame.adaptive:
            turn(spread, scratch, frame)
        else:
            reflect_all(spread, scratch, frame)
        if frame.counting:
            accumulate_diagonal(spread, scratch, frame)

    return orthonormal


@specialised
def batch_exponents_of(spread):
    """The kernel that ends a batch of `frame.taken` steps: rates of growth, (column, lane); products begin anew."""

    @kernel
    def batch_exponents(scratch, frame):
        kind = spread.kind
        for p in range(0, frame.products * width(kind), width(kind)):
            product = grown((load(kind, scratch, frame.mantissas + p), load(kind, scratch, frame.exponents + p)), 1.0)
            log = log_of(product)
            store(scratch, frame.rates + p, log / float(frame.taken))
            store(scratch, frame.mantissas + p, splat(kind, 1.0))
            store(scratch, frame.exponents + p, splat(kind, 0.0))

    return batch_exponents
