"""Eigenvalues of symmetric matrices: Householder's tridiagonal form, then QR steps with Wilkinson's shift (Golub and Van Loan 2013, §8.3).

LAPACK's last bits depend on the number of its threads, these on the matrix alone.
"""

import math

import numpy as np

from rnnsim.numerics.jit import internal, kernel

MOST_STEPS = 60  # for one eigenvalue: 2 or 3 are usual
EPSILON = 2.0**-52


@internal
def load_symmetric(matrices, point, a):
    """a = (A + Aᵀ) / 2, divided by its largest |number|, which is returned; nan if one is not finite."""
    n, most = a.shape[0], 0.0
    for i in range(n):
        for j in range(i + 1):
            a[i, j] = a[j, i] = 0.5 * matrices[point, i, j] + 0.5 * matrices[point, j, i]
            if not (abs(a[i, j]) < np.inf):
                return np.nan
            most = max(most, abs(a[i, j]))
    if most > 0.0:
        for i in range(n):
            for j in range(n):
                a[i, j] /= most
    return most


@internal
def tridiagonalize(a, diagonal, side):
    """A becomes Q A Qᵀ, tridiagonal: its diagonal, and what stands beside it, side[i] between i and i + 1."""
    n = a.shape[0]
    for k in range(n - 1):
        length = 0.0
        for i in range(k + 1, n):
            length += a[i, k] * a[i, k]
        length = math.sqrt(length)
        rest = 0.0
        for i in range(k + 2, n):
            rest = max(rest, abs(a[i, k]))
        if rest == 0.0:
            side[k] = a[k + 1, k]
            continue
        head = -math.copysign(length, a[k + 1, k])
        side[k] = head
        v = diagonal  # |v|²/2 = half
        for i in range(k + 1, n):
            v[i], side[i] = a[i, k], 0.0
        v[k + 1] -= head
        half = -head * v[k + 1]
        for j in range(k + 1, n):
            for i in range(k + 1, n):
                side[i] += v[j] * a[j, i]
        along = 0.0
        for i in range(k + 1, n):
            side[i] /= half
            along += side[i] * v[i]
        along /= 2.0 * half
        for i in range(k + 1, n):
            side[i] -= along * v[i]
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                a[i, j] -= v[i] * side[j] + side[i] * v[j]
    for i in range(n):
        diagonal[i] = a[i, i]


@internal
def step(diagonal, side, lo, hi):
    """One implicit QR step on the rows lo…hi of a tridiagonal matrix, from the end's own shift on."""
    gap, b = 0.5 * (diagonal[hi - 1] - diagonal[hi]), side[hi - 1]
    shift = diagonal[hi] - b * (b / (gap + math.copysign(math.hypot(gap, b), gap)))
    x, z = diagonal[lo] - shift, side[lo]
    for k in range(lo, hi):
        r = math.hypot(x, z)
        c, s = (x / r, z / r) if r > 0.0 else (1.0, 0.0)
        if k > lo:
            side[k - 1] = r
        p, q, e = diagonal[k], diagonal[k + 1], side[k]
        diagonal[k] = c * c * p + 2.0 * c * s * e + s * s * q
        diagonal[k + 1] = s * s * p - 2.0 * c * s * e + c * c * q
        side[k] = c * s * (q - p) + (c * c - s * s) * e
        x = side[k]
        if k < hi - 1:
            z = s * side[k + 1]
            side[k + 1] *= c


@internal
def diagonalize(diagonal, side):
    """The eigenvalues of a tridiagonal matrix take the place of its diagonal. Whether all were found."""
    hi, tries = diagonal.size - 1, 0
    while hi > 0:
        for k in range(hi):
            if abs(side[k]) <= EPSILON * (abs(diagonal[k]) + abs(diagonal[k + 1])) or abs(side[k]) < 1e-300:
                side[k] = 0.0
        if side[hi - 1] == 0.0:
            hi, tries = hi - 1, 0
            continue
        lo = hi - 1
        while lo > 0 and side[lo - 1] != 0.0:
            lo -= 1
        step(diagonal, side, lo, hi)
        tries += 1
        if tries > MOST_STEPS:
            return False
    return True


@kernel
def eigenvalues(matrices, first, last, a, side, out):
    """out[point] = the eigenvalues of the symmetric part of matrices[point], ascending, for the points first…last; `a` (n, n) and `side`
    (n) are room. They are nan where a number of the matrix is not finite."""
    n = a.shape[0]
    for point in range(first, last):
        most = load_symmetric(matrices, point, a)
        found = False
        if most == most:
            tridiagonalize(a, out[point], side)
            found = diagonalize(out[point], side)
        for i in range(n):
            out[point, i] = out[point, i] * most if found else np.nan
        for i in range(1, n):
            value, j = out[point, i], i
            while j > 0 and out[point, j - 1] > value:
                out[point, j] = out[point, j - 1]
                j -= 1
            out[point, j] = value
