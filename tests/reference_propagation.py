"""Products of Jacobians in numbers of any length, slow and obvious."""

import itertools

import mpmath as mp
import numpy as np


def log_singular_values(matrices):
    """ln of the singular values of matrices[0] … matrices[-1], largest first, by mpmath's SVD at 400 digits; -inf below 1e-200 of the
    largest."""
    with mp.workdps(400):
        product = mp.eye(len(matrices[0]))
        for matrix in matrices:
            product = product * mp.matrix(matrix if isinstance(matrix, mp.matrix) else np.asarray(matrix).tolist())
        found = sorted((abs(value) for value in mp.svd_r(product, compute_uv=False)), reverse=True)
        return np.array([float(mp.log(s)) if s > found[0] * mp.mpf(10) ** -200 else -np.inf for s in found])


def far_log_singular_values(matrices):
    """The same of singular values that are so far apart that floats do not see the next: that of mode k is the ratio of the norms of
    products of the matrices' minors of k rows and of k - 1."""
    with mp.workdps(1000):
        norms = [mp.mpf(1)]
        for order in range(1, len(matrices[0]) + 1):
            product = None
            for matrix in matrices:
                product = minors(matrix, order) if product is None else product * minors(matrix, order)
            norms.append(mp.sqrt(sum(abs(number) ** 2 for number in product)))
        return np.array([float(mp.log(norms[k + 1]) - mp.log(norms[k])) for k in range(len(matrices[0]))])


def minors(matrix, order):
    """The compound matrix: determinants of so many rows and columns of a matrix of floats."""
    chosen = list(itertools.combinations(range(len(matrix)), order))
    return mp.matrix([[mp.det(mp.matrix(matrix[np.ix_(rows, columns)].tolist())) for columns in chosen] for rows in chosen])


def sigmoid(a):
    return 1 / (1 + mp.exp(-a))


def linear(weights, gate, values):
    matrix = np.asarray(weights, float)[gate]
    return [mp.fsum(mp.mpf(float(w)) * v for w, v in zip(row, values, strict=True)) for row in matrix]


def elman(layer, s, x):
    """tanh(W h + V x)."""
    a = [u + v for u, v in zip(linear(layer["w_rec"], ..., s), linear(layer["w_in"], ..., x), strict=True)]
    return [mp.tanh(number) for number in a]


def gru(layer, s, x):
    """(1 - z) n + z h, n = tanh(V x + r W h), without biases."""
    by_x, by_h = ([linear(layer[name], gate, of) for gate in range(3)] for name, of in (("w_in", x), ("w_rec", s)))
    found = []
    for i, h in enumerate(s):
        r, z = (sigmoid(by_x[gate][i] + by_h[gate][i]) for gate in (0, 1))
        found.append((1 - z) * mp.tanh(by_x[2][i] + r * by_h[2][i]) + z * h)
    return found


def lstm(layer, s, x):
    """c' = f c + i g and h' = o tanh c', without biases; the state is h and then c."""
    n = len(s) // 2
    a = [[u + v for u, v in zip(linear(layer["w_rec"], g, s[:n]), linear(layer["w_in"], g, x), strict=True)] for g in range(4)]
    c = [sigmoid(a[1][i]) * s[n + i] + sigmoid(a[0][i]) * mp.tanh(a[2][i]) for i in range(n)]
    return [sigmoid(a[3][i]) * mp.tanh(c[i]) for i in range(n)] + c


MAPS = {"Elman": elman, "GRU": gru, "LSTM": lstm}


def jacobians(cell, layer, start, inputs):
    """∂s[k]/∂s[k-1] for k = T, T-1, … 1: by differences that are as good as 150 digits."""
    with mp.workdps(400):
        small, s, found = mp.mpf(10) ** -150, [mp.mpf(float(v)) for v in start], []
        for x in inputs:
            x = [mp.mpf(float(v)) for v in x]
            after = MAPS[cell](layer, s, x)
            columns = []
            for j in range(len(s)):
                moved = [value + (small if i == j else 0) for i, value in enumerate(s)]
                columns.append([(new - old) / small for new, old in zip(MAPS[cell](layer, moved, x), after, strict=True)])
            found.append(mp.matrix(columns).T)
            s = after
        return found[::-1]
