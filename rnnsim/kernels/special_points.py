"""Folds, flips, Neimark–Sacker points and branch points of the map s' = F(s, q), by Newton's method on extended systems.

With borders b and c near the null vectors, the bordered systems

    [J - μ  b] [v]   [0]           [w  g] [J - μ  b]
    [ c     0] [g] = [1]    and           [ c     0] = [0  1]

have one solution, and μ is a multiplier where g(s, q, μ) = 0: with F = s that is a fold (μ = 1), a flip (μ = -1), or, two equations in θ too,
a Neimark–Sacker point (μ = exp iθ). Where branches cross, μ = 1 and w ∂F/∂q = 0, and F - s + β b = 0 makes the system regular there,
with β = 0 at its solution. Derivatives of g are -w (∂J) v: so they need second derivatives of F, which are taken by differences of the exact J; they decide
how fast Newton's method converges, not where to. (W. Govaerts, Numerical Methods for Bifurcations of Dynamical Equilibria, 2000.)
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.compiling import kernel, part
from rnnsim.kernels.linear_systems import solve
from rnnsim.kernels.lines import linearize_on, segment_of

FOLD, FLIP, NEIMARK_SACKER, BRANCH_POINT = 1, 2, 3, 4
TRIALS, ROUNDS = 30, 3
DIFFERENCE = 2.0**-17
CONVERGED = 1e-10
CROSSING = 1e-5


class Extended(NamedTuple):
    """Room for a state of n numbers: matrices of n rows, `bordered` of n + 1 complex rows and `sides` of as many right-hand sides, `system` of
    n + 2 rows with its right-hand side, and vectors."""

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
    spare: Any
    moved: Any
    row: Any
    column: Any
    v: Any
    w: Any
    u: Any


@part
def eliminate(A, B):
    """B = A⁻¹ B in place for a complex A, which is overwritten."""
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


@part
def border(room, mu, turned):
    """The bordered matrix, or its transpose."""
    n, A = room.J.shape[0], room.bordered
    for i in range(n):
        for j in range(n):
            A[i, j] = room.J[j, i] if turned else room.J[i, j]
        A[i, i] -= mu
        A[i, n] = room.row[i] if turned else room.column[i]
        A[n, i] = room.column[i] if turned else room.row[i]
        room.sides[i, 0], room.sides[i, 1] = 0.0, 0.0
    A[n, n] = 0.0
    room.sides[n, 0], room.sides[n, 1] = 1.0, 0.0


@part
def null_vectors(room, mu):
    """v, w, and u with [J - μ b; c 0][u; ·] = [∂F/∂q; 0]. Gives g."""
    n = room.J.shape[0]
    for turned in (True, False):
        border(room, mu, turned)
        for i in range(n):
            room.sides[i, 1] = room.Fq[i]
        eliminate(room.bordered, room.sides)
        for i in range(n):
            if turned:
                room.w[i] = room.sides[i, 0]
            else:
                room.v[i], room.u[i] = room.sides[i, 0], room.sides[i, 1]
    return room.sides[n, 0]


@part
def length_of(vector):
    """√Σ|v|²."""
    total = 0.0
    for i in range(vector.size):
        total += abs(vector[i]) ** 2
    return np.sqrt(total)


@part
def turn_borders(room):
    """Borders near the null vectors: b from w, c from v."""
    of_v, of_w = length_of(room.v), length_of(room.w)
    for i in range(room.v.size):
        room.row[i], room.column[i] = room.v[i].conjugate() / of_v, room.w[i].conjugate() / of_w


@part
def first_borders(room, mu):
    """Borders that start from a fixed vector without symmetries and are turned to the null vectors."""
    n = room.J.shape[0]
    for i in range(n):
        room.row[i] = room.column[i] = (1.0 + 0.3 * np.cos(2.0 + 1.7 * i)) / np.sqrt(n)
    for _ in range(ROUNDS):
        null_vectors(room, mu)
        turn_borders(room)


@part
def along(line, room, segment, z):
    """∂J along v, its real part and its imaginary part, and along u: out[i, j] = Σ ∂J[i, j]/∂s[k] v[k]."""
    n = room.J.shape[0]
    room.moved[n] = z[n]
    for what in range(6):
        step = DIFFERENCE if what % 2 == 0 else -DIFFERENCE
        for k in range(n):
            v = room.v[k].real if what < 2 else room.v[k].imag if what < 4 else room.u[k].real
            room.moved[k] = z[k] + step * v
        linearize_on(line, segment, room.moved, room.spare, room.other, room.Fq_other)
        out = room.along_v if what < 2 else room.along_vi if what < 4 else room.along_u
        for i in range(n):
            for j in range(n):
                change = room.other[i, j] / (2.0 * step)
                out[i, j] = change if what % 2 == 0 else out[i, j] + change


@part
def along_axis(line, room, segment, z):
    """∂J/∂q and ∂²F/∂q²."""
    n = room.J.shape[0]
    for k in range(n):
        room.moved[k] = z[k]
    for sign in (1.0, -1.0):
        room.moved[n] = z[n] + sign * DIFFERENCE
        linearize_on(line, segment, room.moved, room.spare, room.other, room.Fq_other)
        for i in range(n):
            change = sign * room.Fq_other[i] / (2.0 * DIFFERENCE)
            room.Fqq[i] = change if sign > 0.0 else room.Fqq[i] + change
            for j in range(n):
                change = sign * room.other[i, j] / (2.0 * DIFFERENCE)
                room.along_q[i, j] = change if sign > 0.0 else room.along_q[i, j] + change


@part
def multiplier_of(kind, z):
    """The multiplier that the point has by its kind; Neimark–Sacker points have θ behind (s, q)."""
    if kind == FLIP:
        return -1.0 + 0.0j
    if kind == NEIMARK_SACKER:
        return complex(np.cos(z[-1]), np.sin(z[-1]))
    return 1.0 + 0.0j


@part
def rows_of_map(room, kind, z):
    """The equations F - s (+ β b) = 0."""
    n, E = room.J.shape[0], room.system
    beta = z[n + 1] if kind == BRANCH_POINT else 0.0
    for i in range(n):
        for j in range(n):
            E[i, j] = room.J[i, j]
        E[i, i] -= 1.0
        E[i, n] = room.Fq[i]
        E[i, n + 1] = room.column[i].real if kind == BRANCH_POINT else 0.0
        room.right[i, 0] = -room.G[i] - beta * room.column[i].real


@part
def rows_of_multiplier(room, kind, mu, g):
    """The equations g = 0: the real part, and for Neimark–Sacker points the imaginary part in the last row."""
    n, E = room.J.shape[0], room.system
    for j in range(n + 1):
        total = 0.0 + 0.0j
        for i in range(n):
            if j < n:
                change = complex(room.along_v[i, j], room.along_vi[i, j])
            else:
                change = 0.0 + 0.0j
                for k in range(n):
                    change += room.along_q[i, k] * room.v[k]
            total -= room.w[i] * change
        E[n, j], E[n + 1, j] = total.real, total.imag
    by_angle = 0.0 + 0.0j
    for i in range(n):
        by_angle += 1j * mu * room.w[i] * room.v[i]
    E[n, n + 1], E[n + 1, n + 1] = by_angle.real, by_angle.imag
    room.right[n, 0], room.right[n + 1, 0] = -g.real, -g.imag
    if kind != NEIMARK_SACKER:
        for j in range(n + 1):
            E[n + 1, j] = 0.0
        E[n, n + 1], E[n + 1, n + 1], room.right[n + 1, 0] = 0.0, 1.0, 0.0


@part
def crossing(room):
    """w ∂F/∂q, which is 0 where branches cross."""
    total = 0.0
    for i in range(room.Fq.size):
        total += room.w[i].real * room.Fq[i]
    return total


@part
def row_of_crossing(room):
    """The equation w ∂F/∂q = 0, in the last row; its derivative is w ∂²F/∂q∂· - w (∂J) u."""
    n, E = room.J.shape[0], room.system
    for j in range(n + 1):
        total = 0.0
        for i in range(n):
            if j < n:
                change = room.along_q[i, j] - room.along_u[i, j]
            else:
                change = room.Fqq[i]
                for k in range(n):
                    change -= room.along_q[i, k] * room.u[k].real
            total += room.w[i].real * change
        E[n + 1, j] = total
    E[n + 1, n + 1] = 0.0
    room.right[n + 1, 0] = -crossing(room)


@part
def newton_step(line, room, kind, z):
    """One step of Newton's method from z = (s, q, θ or β). Gives its size and the residual that it started from."""
    n = room.J.shape[0]
    segment, mu = segment_of(line, z[n]), multiplier_of(kind, z)
    along_axis(line, room, segment, z)
    linearize_on(line, segment, z, room.G, room.J, room.Fq)
    g = null_vectors(room, mu)
    along(line, room, segment, z)
    rows_of_map(room, kind, z)
    rows_of_multiplier(room, kind, mu, g)
    if kind == BRANCH_POINT:
        row_of_crossing(room)
    residual = abs(g) / length_of(room.v)
    for i in range(n):
        residual = max(residual, abs(room.G[i]))
    turn_borders(room)
    solve(room.system, room.pivots, room.right)
    size = 0.0
    for i in range(n + 2):
        z[i] += room.right[i, 0]
        size = abs(room.right[i, 0]) if not abs(room.right[i, 0]) <= size else size
    return size, residual


@kernel
def refine(line, room, z, told):
    """Newton's method from z, which becomes the point, for the kind told[0]; told[0] becomes the residual, inf where it does not converge."""
    n, kind, done = room.J.shape[0], int(told[0]), False
    linearize_on(line, segment_of(line, z[n]), z, room.G, room.J, room.Fq)
    first_borders(room, multiplier_of(kind, z))
    z[n + 1] = 0.0 if kind != NEIMARK_SACKER else z[n + 1]
    told[0] = np.inf
    for _ in range(TRIALS):
        size, residual = newton_step(line, room, kind, z)
        if not size < 10.0:
            return
        if done:
            told[0] = residual
            return
        done = size < CONVERGED


@part
def crosses(room):
    """Whether a fold that was found is a point where branches cross."""
    return abs(crossing(room)) <= CROSSING * length_of(room.w) * (length_of(room.Fq) + CROSSING)
