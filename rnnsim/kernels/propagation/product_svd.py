"""Singular values of products of matrices, however far they leave the range of floats.

A product M is kept as B = U Σ, its left singular vectors times its singular values, a vector b_j 2^{e_j} for each of them, the sizes of b_j
near 1. To multiply by a matrix A from the left is to make A b_j for all j, and to make them orthogonal again: a QR decomposition with
sorted rows and columns (Cox and Higham 1998), whose factor R has rows of falling size, then Jacobi's rotations of these rows (Drmač
and Veselić 2008). Both keep the relative accuracy of small vectors beside large ones, and only differences of the e_j count.
"""

from math import frexp, ldexp, sqrt
from typing import NamedTuple

import numpy as np

from rnnsim.kernels.linalg.flat_vectors import WIDTH, add_multiple, dot, padded, rotate, square_below
from rnnsim.numerics.jit import internal

EPS = 2.0**-52
MOST_SWEEPS = 40
FAR = 1000  # powers of two between neighbours in one vector; what is smaller counts as 0
LN2 = 0.6931471805599453
NONE = -(1 << 60)  # the exponent of 0
STRIDE = 200  # powers of two by which rows become smaller at once
MOST_SPREAD = 8  # powers of two between rows that cost no more digits than that


class SVDScratch(NamedTuple):
    """A thread's scratch: matrices of flat vectors, each padded to whole lanes, and one number a vector or row."""

    b: np.ndarray  # the vectors b_j
    exponents: np.ndarray  # their e_j
    q: np.ndarray
    r: np.ndarray
    reflectors: np.ndarray
    squares: np.ndarray
    one: np.ndarray  # of the numbers of one vector
    order: np.ndarray  # the vectors, as pivots come
    rows: np.ndarray  # the rows, falling
    fresh: np.ndarray  # exponents to come
    lane_scratch: np.ndarray  # of one register


def make_svd_scratch(size: int) -> SVDScratch:
    """Scratch for vectors of so many numbers."""
    b, q, r, reflectors = (np.zeros(size * padded(size)) for _ in range(4))
    squares, one = (np.zeros(padded(size)) for _ in range(2))
    exponents, order, rows, fresh = (np.zeros(size, np.int64) for _ in range(4))
    return SVDScratch(b, exponents, q, r, reflectors, squares, one, order, rows, fresh, np.zeros(WIDTH))


@internal
def start(scratch, size, row):
    """B = the identity."""
    scratch.b[:] = 0.0
    for j in range(size):
        scratch.b[j * row + j] = 1.0
        scratch.exponents[j] = 0


@internal
def sort_rows(scratch, size, row, rank):
    """Rows of B by their largest numbers, falling (`rows`, and the sizes in `squares`); how many are not all 0."""
    for i in range(size):
        most = 0.0
        for j in range(rank):
            most = max(most, abs(scratch.b[j * row + i]))
        scratch.squares[i] = most
    for i in range(size):
        k = i
        while k > 0 and scratch.squares[scratch.rows[k - 1]] < scratch.squares[i]:
            scratch.rows[k] = scratch.rows[k - 1]
            k -= 1
        scratch.rows[k] = i
    count = 0
    while count < size and scratch.squares[scratch.rows[count]] > 0.0:
        count += 1
    return count


@internal
def larger(square, exponent, other, other_exponent):
    """Whether one vector is larger than another, by the squares of their sizes and by their exponents."""
    apart = min(max(2 * (exponent - other_exponent), -2 * FAR), 2 * FAR)
    return ldexp(square, apart) > other if apart < 0 else square > ldexp(other, -apart)


@internal
def pick(scratch, row, rank, k, noise):
    """The place of the largest of the vectors from place k on, by its rows from k on, and its square; -1 if all are below the noise."""
    best, most = -1, 0.0
    for place in range(k, rank):
        j = scratch.order[place]
        square = square_below(scratch.r, j * row, k, row, scratch.lane_scratch)
        if square <= noise * noise:
            continue
        if best < 0 or larger(square, scratch.exponents[j], most, scratch.exponents[scratch.order[best]]):
            best, most = place, square
    return best, most


@internal
def reflect(scratch, row, rank, k, square):
    """Make the vector at place k zero behind row k, by a reflection of all that come after it; the reflection is kept."""
    v, at = scratch.reflectors, scratch.order[k] * row
    first = k // WIDTH * WIDTH
    lead, length = scratch.r[at + k], sqrt(square)
    length = -length if lead >= 0.0 else length
    for i in range(row):
        v[k * row + i] = scratch.r[at + i] if i > k else 0.0
    v[k * row + k] = lead - length
    scratch.squares[k] = 1.0 / (abs(length) * abs(lead - length))
    for place in range(k + 1, rank):
        other = scratch.order[place] * row
        product = dot(v, k * row, scratch.r, other, first, row, scratch.lane_scratch)
        add_multiple(scratch.r, other, -scratch.squares[k] * product, v, k * row, first, row)
    for i in range(k, row):
        scratch.r[at + i] = 0.0
    scratch.r[at + k] = length


@internal
def triangle(scratch, size, row, rank, most, noise):
    """B = Q R with sorted rows and columns, R's column of vector j standing in `r` at j; the rank, at most `most`."""
    for j in range(rank):
        scratch.order[j] = j
        for i in range(row):
            scratch.r[j * row + i] = scratch.b[j * row + scratch.rows[i]] if i < size else 0.0
    for k in range(min(most, rank)):
        best, square = pick(scratch, row, rank, k, noise)
        if best < 0:
            return k
        scratch.order[k], scratch.order[best] = scratch.order[best], scratch.order[k]
        reflect(scratch, row, rank, k, square)
    return min(most, rank)


@internal
def unfold(scratch, row, rank, found):
    """The first columns of Q, in `q`; R by rows of sizes near 1, in `b`, and their exponents, in `fresh`."""
    for i in range(found):
        for k in range(row):
            scratch.q[i * row + k] = 0.0
            scratch.b[i * row + k] = 0.0
        scratch.q[i * row + i] = 1.0
        for k in range(i, -1, -1):
            first = k // WIDTH * WIDTH
            product = dot(scratch.reflectors, k * row, scratch.q, i * row, first, row, scratch.lane_scratch)
            add_multiple(scratch.q, i * row, -scratch.squares[k] * product, scratch.reflectors, k * row, first, row)
        scratch.fresh[i] = scratch.exponents[scratch.order[i]]
        for place in range(i, rank):
            j = scratch.order[place]
            apart = min(max(scratch.exponents[j] - scratch.fresh[i], -FAR), FAR)
            scratch.b[i * row + place] = ldexp(scratch.r[j * row + i], apart)


@internal
def rotate_pair(scratch, row, p, q, product):
    """Make vectors p and q of `b`, of which p is the larger, orthogonal, and turn those of `q` alike (Hestenes)."""
    gap = ldexp(1.0, max(scratch.fresh[q] - scratch.fresh[p], -FAR))  # of the exponents of q and of p
    z = (scratch.squares[q] * gap * gap - scratch.squares[p]) / (2.0 * product)
    tangent = (1.0 if z >= 0.0 else -1.0) / (abs(z) + sqrt(gap * gap + z * z))  # 1/gap of the angle's
    cosine = 1.0 / sqrt(1.0 + gap * gap * tangent * tangent)
    scratch.squares[p], scratch.squares[q] = rotate(
        scratch.b, p * row, q * row, cosine, tangent * gap * gap, tangent, row, scratch.lane_scratch
    )
    rotate(scratch.q, p * row, q * row, cosine, tangent * gap, tangent * gap, row, scratch.lane_scratch)


@internal
def measure(scratch, row, count):
    """Sizes near 1 for the vectors of `b`, with the rest in their exponents, and their squares."""
    for i in range(count):
        size = sqrt(dot(scratch.b, i * row, scratch.b, i * row, 0, row, scratch.lane_scratch))
        mantissa, exponent = frexp(size)
        if size > 0.0:
            factor = ldexp(1.0, -exponent)
            for k in range(row):
                scratch.b[i * row + k] *= factor
            scratch.fresh[i] += exponent
        scratch.squares[i] = mantissa * mantissa


@internal
def sweep(scratch, row, count):
    """Rotate every pair once; how many were not orthogonal."""
    turned = 0
    for p in range(count - 1):
        for q in range(p + 1, count):
            product = dot(scratch.b, p * row, scratch.b, q * row, 0, row, scratch.lane_scratch)
            if not abs(product) > EPS * sqrt(count * scratch.squares[p] * scratch.squares[q]):
                continue
            turned += 1
            if larger(scratch.squares[q], scratch.fresh[q], scratch.squares[p], scratch.fresh[p]):
                rotate_pair(scratch, row, q, p, product)
            else:
                rotate_pair(scratch, row, p, q, product)
    return turned


@internal
def orthogonalise(scratch, size, row, rank, most, noise):
    """Turn B, of `rank` vectors of any directions, to U Σ; its new rank, at most `most`."""
    most = min(most, sort_rows(scratch, size, row, rank))
    found = triangle(scratch, size, row, rank, most, noise)
    unfold(scratch, row, rank, found)
    measure(scratch, row, found)
    for _ in range(MOST_SWEEPS):
        turned = sweep(scratch, row, found)
        measure(scratch, row, found)
        if turned == 0:
            break
    for i in range(found):
        factor = sqrt(scratch.squares[i])
        scratch.exponents[i] = scratch.fresh[i]
        for k in range(size):
            scratch.b[i * row + scratch.rows[k]] = factor * scratch.q[i * row + k]
        for k in range(size, row):
            scratch.b[i * row + k] = 0.0
    return found


@internal
def scale_rows(scratch, size, row, rank, exponents):
    """B ← diag(2^exponents) B, orthogonal again if that is asked for; its rank. A row whose exponent is NONE becomes 0.

    Rows are made smaller little by little, since squares of their numbers must not leave the range of floats.
    """
    top, bottom, nonzero = NONE, -NONE, 0
    for i in range(size):
        if exponents[i] != NONE:
            top, bottom, nonzero = max(top, exponents[i]), min(bottom, exponents[i]), nonzero + 1
    for j in range(rank):
        scratch.exponents[j] += top if nonzero > 0 else 0
    wide = nonzero < size or top - bottom > MOST_SPREAD
    for done in range(0, max(1, top - bottom), STRIDE):
        for i in range(size):
            lower = min(max(top - exponents[i] - done, 0), STRIDE)
            factor = ldexp(1.0, -lower) if exponents[i] != NONE else 0.0
            for j in range(rank):
                scratch.b[j * row + i] *= factor
        if wide:
            rank = orthogonalise(scratch, size, row, rank, nonzero, 0.0)
    return rank


@internal
def multiply(scratch, size, row, rank, a):
    """b_j ← aᵀ b_j for all j; a (row, padded column)."""
    for j in range(rank):
        for k in range(row):
            scratch.one[k] = 0.0
        for i in range(size):
            add_multiple(scratch.one, 0, scratch.b[j * row + i], a, i * row, 0, row)
        for k in range(row):
            scratch.b[j * row + k] = scratch.one[k]


@internal
def log_sizes(scratch, row, rank, out):
    """The natural logs of the singular values, falling, -inf behind the rank."""
    for j in range(out.size):
        log = -np.inf
        if j < rank:
            log = (
                0.5 * np.log(dot(scratch.b, j * row, scratch.b, j * row, 0, row, scratch.lane_scratch)) + LN2 * scratch.exponents[j]
            )
        k = j
        while k > 0 and out[k - 1] < log:
            out[k] = out[k - 1]
            k -= 1
        out[k] = log


@internal
def largest_size(scratch, row, rank):
    """The largest singular value, as a float."""
    most = 0.0
    for j in range(rank):
        size = np.sqrt(dot(scratch.b, j * row, scratch.b, j * row, 0, row, scratch.lane_scratch))
        most = max(most, ldexp(size, min(max(scratch.exponents[j], -2 * FAR), 2 * FAR)))
    return most
