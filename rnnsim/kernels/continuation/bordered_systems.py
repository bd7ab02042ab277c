"""Null vectors of J - μ, near a multiplier μ, by systems with borders b and c that are regular where J - μ is not:

    [J - μ  b] [v]   [0]           [w  g] [J - μ  b]
    [ c     0] [g] = [1]    and           [ c     0] = [0  1]

g is 0 where μ is a multiplier, and v and w are its vectors there. (W. Govaerts, Numerical Methods for Bifurcations of Dynamical
Equilibria, 2000.)
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.numerics.jit import internal


class Extended(NamedTuple):
    """Scratch for a state of n numbers: matrices of n rows, `bordered` of n + 1 complex rows with two right-hand `sides`, `system` of n + 2
    rows with one, and vectors."""

    J: Any
    along_q: Any
    along_v: Any
    along_vi: Any
    along_u: Any
    other: Any
    bordered: Any
    sides: Any
    system: Any
    right: Any
    pivots: Any
    G: Any
    Fq: Any
    Fq_other: Any
    Fqq: Any
    G_other: Any
    moved: Any
    row: Any
    column: Any
    v: Any
    w: Any
    u: Any


@internal
def eliminate(A, B):
    """B = A⁻¹ B in place for a complex A, which is overwritten; nan where A is singular."""
    n, sides = B.shape
    for k in range(n):
        row = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[row, k]):
                row = i
        if row != k:
            for j in range(k, n):
                A[k, j], A[row, j] = A[row, j], A[k, j]
            for c in range(sides):
                B[k, c], B[row, c] = B[row, c], B[k, c]
        if A[k, k] == 0.0:
            B[:] = np.nan
            return
        for i in range(k + 1, n):
            factor = A[i, k] / A[k, k]
            if factor != 0.0:
                for j in range(k + 1, n):
                    A[i, j] -= factor * A[k, j]
                for c in range(sides):
                    B[i, c] -= factor * B[k, c]
    for k in range(n - 1, -1, -1):
        for c in range(sides):
            total = B[k, c]
            for j in range(k + 1, n):
                total -= A[k, j] * B[j, c]
            B[k, c] = total / A[k, k]


@internal
def border(scratch, mu, turned):
    """The bordered matrix, or its transpose."""
    n, A = scratch.J.shape[0], scratch.bordered
    for i in range(n):
        for j in range(n):
            A[i, j] = scratch.J[j, i] if turned else scratch.J[i, j]
        A[i, i] -= mu
        A[i, n] = scratch.row[i] if turned else scratch.column[i]
        A[n, i] = scratch.column[i] if turned else scratch.row[i]
        scratch.sides[i, 0], scratch.sides[i, 1] = 0.0, 0.0
    A[n, n] = 0.0
    scratch.sides[n, 0], scratch.sides[n, 1] = 1.0, 0.0


@internal
def null_vectors(scratch, mu):
    """v, w, and u with [J - μ b; c 0][u; ·] = [∂F/∂q; 0]. Gives g."""
    n = scratch.J.shape[0]
    for turned in (True, False):
        border(scratch, mu, turned)
        for i in range(n):
            scratch.sides[i, 1] = scratch.Fq[i]
        eliminate(scratch.bordered, scratch.sides)
        for i in range(n):
            if turned:
                scratch.w[i] = scratch.sides[i, 0]
            else:
                scratch.v[i], scratch.u[i] = scratch.sides[i, 0], scratch.sides[i, 1]
    return scratch.sides[n, 0]


@internal
def length_of(vector):
    """√Σ|v|²."""
    total = 0.0
    for i in range(vector.size):
        total += abs(vector[i]) ** 2
    return np.sqrt(total)


@internal
def turn_borders(scratch):
    """Borders near the null vectors: b from w, c from v."""
    of_v, of_w = length_of(scratch.v), length_of(scratch.w)
    for i in range(scratch.v.size):
        scratch.row[i], scratch.column[i] = scratch.v[i].conjugate() / of_v, scratch.w[i].conjugate() / of_w


@internal
def first_borders(scratch):
    """Borders to start from: a fixed vector without symmetries."""
    n = scratch.J.shape[0]
    for i in range(n):
        scratch.row[i] = scratch.column[i] = (1.0 + 0.3 * np.cos(2.0 + 1.7 * i)) / np.sqrt(n)
