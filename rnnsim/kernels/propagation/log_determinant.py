"""Matrices with rows and columns of any sizes: these sizes as powers of two, and the determinant of what is left."""

from math import frexp, ldexp

import numpy as np

from rnnsim.kernels.propagation.product_svd import EPS, LN2, NONE
from rnnsim.numerics.jit import internal


@internal
def split_rows(a, size, row, exponents):
    """a (row, padded column) ← diag(2^-exponents) a, rows with largest numbers near 1; NONE for a row of zeros. Whether all is finite."""
    for i in range(size):
        most, finite = 0.0, True
        for k in range(size):
            number = abs(a[i * row + k])
            finite = finite and number < np.inf
            most = max(most, number)
        if not finite:
            return False
        exponents[i] = frexp(most)[1] if most > 0.0 else NONE
        if most > 0.0:
            for k in range(size):
                a[i * row + k] = ldexp(a[i * row + k], -exponents[i])
    return True


@internal
def even_columns(a, size, row, out):
    """`out` is a with columns that have largest numbers near 1; the sum of the exponents, NONE if a column is 0."""
    total = 0
    for k in range(size):
        most = 0.0
        for i in range(size):
            most = max(most, abs(a[i * row + k]))
        if most == 0.0:
            return NONE
        exponent = frexp(most)[1]
        total += exponent
        for i in range(size):
            out[i * row + k] = ldexp(a[i * row + k], -exponent)
    return total


@internal
def log_determinant(a, exponents, size, row, scratch):
    """ln |det diag(2^exponents) a| by elimination, -inf where a is singular to rounding."""
    power = even_columns(a, size, row, scratch)
    if power == NONE:
        return -np.inf
    for i in range(size):
        if exponents[i] == NONE:
            return -np.inf
        power += exponents[i]
    log = 0.0
    for k in range(size):
        pivot = eliminate(scratch, size, row, k)
        if pivot <= size * EPS:
            return -np.inf
        log += np.log(pivot)
    return log + LN2 * power


@internal
def eliminate(a, size, row, k):
    """Bring the row of the largest number of column k to row k, and take it from all below; that number's size."""
    best = k
    for i in range(k + 1, size):
        if abs(a[i * row + k]) > abs(a[best * row + k]):
            best = i
    pivot = a[best * row + k]
    if pivot == 0.0:
        return 0.0
    for j in range(k, size):
        a[k * row + j], a[best * row + j] = a[best * row + j], a[k * row + j]
    for i in range(k + 1, size):
        factor = a[i * row + k] / pivot
        for j in range(k + 1, size):
            a[i * row + j] -= factor * a[k * row + j]
    return abs(pivot)
