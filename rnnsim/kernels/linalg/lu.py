"""Systems of linear equations, by LU decomposition with partial pivoting, in plain loops: the same sums in the same order everywhere."""

import numpy as np

from rnnsim.numerics.jit import internal


@internal
def factorise(A, pivots):
    """A = P L U in place; pivots[k] is the row that was swapped with row k. Gives the sign of det A (0 if it is singular) and ln|det A|."""
    n = A.shape[0]
    sign, log = 1.0, 0.0
    for k in range(n):
        most, row = abs(A[k, k]), k
        for i in range(k + 1, n):
            if abs(A[i, k]) > most:
                most, row = abs(A[i, k]), i
        pivots[k] = row
        if row != k:
            sign = -sign
            for j in range(n):
                A[k, j], A[row, j] = A[row, j], A[k, j]
        pivot = A[k, k]
        log += np.log(abs(pivot))
        if pivot == 0.0:
            sign = 0.0
            continue
        if pivot < 0.0:
            sign = -sign
        for i in range(k + 1, n):
            factor = A[i, k] / pivot
            A[i, k] = factor
            if factor != 0.0:
                for j in range(k + 1, n):
                    A[i, j] -= factor * A[k, j]
    return sign, log


@internal
def substitute(A, pivots, B):
    """B = A⁻¹ B in place, for the right-hand sides that are B's columns and an A that `factorise` has worked on."""
    n, sides = B.shape
    for k in range(n):
        row = pivots[k]
        if row != k:
            for c in range(sides):
                B[k, c], B[row, c] = B[row, c], B[k, c]
    for k in range(n):
        for i in range(k + 1, n):
            factor = A[i, k]
            for c in range(sides):
                B[i, c] -= factor * B[k, c]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            factor = A[k, j]
            for c in range(sides):
                B[k, c] -= factor * B[j, c]
        for c in range(sides):
            B[k, c] /= A[k, k]


@internal
def solve(A, pivots, B):
    """B = A⁻¹ B in place; A is overwritten. Gives the sign of det A and ln|det A|; where A is singular, B is not finite."""
    sign, log = factorise(A, pivots)
    substitute(A, pivots, B)
    return sign, log
