"""Eigenvalues of a real matrix in plain loops: balancing, Householder's reduction to Hessenberg form, and Francis's double-shift QR.

Wilkinson and Reinsch, Handbook for Automatic Computation II: Linear Algebra (1971): balance, orthes, hqr.
"""

import numpy as np

from rnnsim.numerics.jit import internal

MOST_TRIES = 60  # of one eigenvalue; three are usual


@internal
def balance(A):
    """Scale rows and columns by powers of 2 until they are of like size; eigenvalues stay, to the bit."""
    n = A.shape[0]
    settled = False
    while not settled:
        settled = True
        for i in range(n):
            row, column = 0.0, 0.0
            for j in range(n):
                if j != i:
                    row, column = row + abs(A[i, j]), column + abs(A[j, i])
            if row == 0.0 or column == 0.0 or not np.isfinite(row + column):
                continue
            total, factor = row + column, 1.0
            while column < row / 2.0:
                factor, column = factor * 2.0, column * 4.0
            while column >= row * 2.0:
                factor, column = factor / 2.0, column / 4.0
            if (column + row) / factor < 0.95 * total:
                settled = False
                for j in range(n):
                    A[i, j] /= factor
                for j in range(n):
                    A[j, i] *= factor


@internal
def reduce(A, v):
    """A = Q H Qᵀ with H of Hessenberg form, in its place; v is room for a vector."""
    n = A.shape[0]
    for k in range(n - 2):
        norm = 0.0
        for i in range(k + 1, n):
            norm = np.hypot(norm, A[i, k])
        if norm == 0.0:
            continue
        alpha = -norm if A[k + 1, k] > 0.0 else norm
        squares = 0.0
        for i in range(k + 1, n):
            v[i] = A[i, k] - (alpha if i == k + 1 else 0.0)
            squares += v[i] * v[i]
        for j in range(k, n):
            total = 0.0
            for i in range(k + 1, n):
                total += v[i] * A[i, j]
            total *= 2.0 / squares
            for i in range(k + 1, n):
                A[i, j] -= total * v[i]
        for i in range(n):
            total = 0.0
            for j in range(k + 1, n):
                total += A[i, j] * v[j]
            total *= 2.0 / squares
            for j in range(k + 1, n):
                A[i, j] -= total * v[j]
        for i in range(k + 2, n):
            A[i, k] = 0.0


@internal
def split(A, last, norm):
    """The first row of the block that ends with `last` and does not fall apart."""
    for first in range(last, 0, -1):
        size = abs(A[first - 1, first - 1]) + abs(A[first, first])
        size = norm if size == 0.0 else size
        if abs(A[first, first - 1]) + size == size:
            A[first, first - 1] = 0.0
            return first
    return 0


@internal
def pair(A, last, shift, real, imag):
    """The two eigenvalues of the block of the rows last - 1 and last."""
    x, y, w = A[last, last], A[last - 1, last - 1], A[last, last - 1] * A[last - 1, last]
    half = 0.5 * (y - x)
    square = half * half + w
    root = np.sqrt(abs(square))
    x += shift
    if square >= 0.0:
        root = half + (root if half >= 0.0 else -root)
        real[last - 1] = real[last] = x + root
        if root != 0.0:
            real[last] = x - w / root
        imag[last - 1] = imag[last] = 0.0
    else:
        real[last - 1] = real[last] = x + half
        imag[last - 1], imag[last] = root, -root


@internal
def double_step_start(A, first, last, x, y, w):
    """Where a double step may begin, and the first column of the shifted product there, scaled."""
    m, p, q, r = last - 2, 0.0, 0.0, 0.0
    while True:
        z = A[m, m]
        r, s = x - z, y - z
        p = (r * s - w) / A[m + 1, m] + A[m, m + 1]
        q = A[m + 1, m + 1] - z - r - s
        r = A[m + 2, m + 1]
        s = abs(p) + abs(q) + abs(r)
        p, q, r = p / s, q / s, r / s
        if m == first:
            break
        u = abs(A[m, m - 1]) * (abs(q) + abs(r))
        v = abs(p) * (abs(A[m - 1, m - 1]) + abs(z) + abs(A[m + 1, m + 1]))
        if u + v == v:
            break
        m -= 1
    return m, p, q, r


@internal
def double_step(A, first, last, x, y, w):
    """One QR step with the two shifts whose sum is x + y and whose product is x y - w, on the block first…last."""
    m, p, q, r = double_step_start(A, first, last, x, y, w)
    for i in range(m + 2, last + 1):
        A[i, i - 2] = 0.0
        if i != m + 2:
            A[i, i - 3] = 0.0
    for k in range(m, last):
        three = k != last - 1
        if k != m:
            p, q, r = A[k, k - 1], A[k + 1, k - 1], A[k + 2, k - 1] if three else 0.0
            x = abs(p) + abs(q) + abs(r)
            if x != 0.0:
                p, q, r = p / x, q / x, r / x
        s = np.sqrt(p * p + q * q + r * r)
        s = s if p >= 0.0 else -s
        if s == 0.0:
            continue
        if k != m:
            A[k, k - 1] = -s * x
        elif first != m:
            A[k, k - 1] = -A[k, k - 1]
        p += s
        x, y, z, q, r = p / s, q / s, r / s, q / p, r / p
        for j in range(k, last + 1):
            p = A[k, j] + q * A[k + 1, j]
            if three:
                p += r * A[k + 2, j]
                A[k + 2, j] -= p * z
            A[k + 1, j] -= p * y
            A[k, j] -= p * x
        for i in range(first, min(last, k + 3) + 1):
            p = x * A[i, k] + y * A[i, k + 1]
            if three:
                p += z * A[i, k + 2]
                A[i, k + 2] -= p * r
            A[i, k + 1] -= p * q
            A[i, k] -= p


@internal
def eigenvalues(A, real, imag, v):
    """The eigenvalues of A, which is overwritten, in no order; nan where A is not finite. v is room for a vector."""
    n = A.shape[0]
    norm = 0.0
    for i in range(n):
        real[i] = imag[i] = np.nan
        for j in range(n):
            norm += abs(A[i, j])
    if not np.isfinite(norm):
        return
    balance(A)
    reduce(A, v)
    last, shift, tries = n - 1, 0.0, 0
    while last >= 0:
        first = split(A, last, norm)
        if first == last:
            real[last], imag[last] = A[last, last] + shift, 0.0
            last, tries = last - 1, 0
        elif first == last - 1:
            pair(A, last, shift, real, imag)
            last, tries = last - 2, 0
        elif tries == MOST_TRIES:
            return
        else:
            x, y, w = A[last, last], A[last - 1, last - 1], A[last, last - 1] * A[last - 1, last]
            if tries % 10 == 9:
                shift += x
                for i in range(last + 1):
                    A[i, i] -= x
                s = abs(A[last, last - 1]) + abs(A[last - 1, last - 2])
                x = y = 0.75 * s
                w = -0.4375 * s * s
            tries += 1
            double_step(A, first, last, x, y, w)


@internal
def sort_by_modulus(real, imag):
    """Largest modulus first; of a conjugate pair the one above the real axis first."""
    n = real.size
    for i in range(1, n):
        k = i
        while k > 0:
            more, less = np.hypot(real[k], imag[k]), np.hypot(real[k - 1], imag[k - 1])
            if not (more > less or (more == less and (real[k], imag[k]) > (real[k - 1], imag[k - 1]))):
                break
            real[k - 1], real[k] = real[k], real[k - 1]
            imag[k - 1], imag[k] = imag[k], imag[k - 1]
            k -= 1
