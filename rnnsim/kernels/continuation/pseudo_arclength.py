"""One branch of fixed points over an axis: its points, tangents and what is tested along it.

A branch is the curve F(s, q) = s in the space of y = (s, q). A point of it is corrected by Newton's method in the plane through y across a
vector t (pseudo-arclength; t along q is Newton's method at a fixed place of the axis):

    [J - 1  ∂F/∂q] δ = [s - F    ]        [J - 1  ∂F/∂q] t' = [0]
    [t           ]     [t (y0 - y)]        [t           ]      [1]
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.linalg.eigenvalues import eigenvalues, sort_by_modulus
from rnnsim.kernels.linalg.lu import factorise, solve
from rnnsim.kernels.maps.parametrised import linearize_on, segment_of
from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import internal, kernel

UNSTABLE, ORIENTATION, AHEAD, FLIPPED = 0, 1, 2, 3
TESTS = 4
TRIALS = 12
CONVERGED = 1e-10
OUTSIDE = 1.0 + 1e-11


class Scratch(NamedTuple):
    """Scratch for a state of n numbers: J and A of n rows, the multipliers of J, the matrix and the right-hand sides of n + 1."""

    J: Any
    A: Any
    real: Any
    imag: Any
    vector: Any
    matrix: Any
    sides: Any
    pivots: Any
    G: Any
    Fq: Any
    origin: Any
    signs: Any


@internal
def bordered_system(line, scratch, segment, y, t):
    """The two systems at y in the plane through scratch.origin across t."""
    n, offset = scratch.J.shape[0], 0.0
    linearize_on(line, segment, y, scratch.G, scratch.J, scratch.Fq)
    for i in range(n):
        for j in range(n):
            scratch.matrix[i, j] = scratch.J[i, j]
        scratch.matrix[i, i] -= 1.0
        scratch.matrix[i, n] = scratch.Fq[i]
        scratch.sides[i, 0], scratch.sides[i, 1] = -scratch.G[i], 0.0
    for j in range(n + 1):
        scratch.matrix[n, j] = t[j]
        offset += t[j] * (scratch.origin[j] - y[j])
    scratch.sides[n, 0], scratch.sides[n, 1] = offset, 1.0


@kernel
def corrected(line, scratch, segment, y, t, tangent, most):
    """Bring y onto the branch in the plane across t, by steps of `most` at most; its tangent has t · tangent > 0. scratch.signs
    become that of the bordered determinant, and 1 if it converges, else 0."""
    n = scratch.J.shape[0]
    scratch.signs[1] = 0.0
    for i in range(n + 1):
        scratch.origin[i] = y[i]
    for _ in range(TRIALS if most > 1e3 else 2 * TRIALS):
        bordered_system(line, scratch, segment, y, t)
        scratch.signs[0], _ = solve(scratch.matrix, scratch.pivots, scratch.sides)
        size, length, scale = 0.0, 0.0, 1.0
        for i in range(n + 1):
            size = abs(scratch.sides[i, 0]) if not abs(scratch.sides[i, 0]) <= size else size
            length += scratch.sides[i, 1] ** 2
            scale = max(scale, abs(y[i]))
        if not size < np.inf or not length < np.inf:
            return
        share = most / size if size > most else 1.0
        for i in range(n + 1):
            y[i] += share * scratch.sides[i, 0]
            tangent[i] = scratch.sides[i, 1] / np.sqrt(length)
        if size < CONVERGED * scale:
            scratch.signs[1] = 1.0
            return


@internal
def correct(line, scratch, segment, y, t, tangent, most):
    """`corrected`; true if it converges."""
    call(line.others, 2, (line, scratch, segment, y, t, tangent, most))
    return scratch.signs[1] > 0.0


@kernel
def approached(line, scratch, y, tangent, most):
    """Bring y onto a branch near by, whichever, by the shortest steps that Newton's method asks for, of `most` at most. scratch.signs[1]
    becomes 1 if it converges, else 0."""
    n = scratch.J.shape[0]
    scratch.signs[1] = 0.0
    for i in range(n + 1):
        tangent[i] = 1.0 if i == n else 0.0
    for _ in range(2 * TRIALS):
        for i in range(n + 1):
            scratch.origin[i] = y[i]
        bordered_system(line, scratch, segment_of(line, y[n]), y, tangent)
        solve(scratch.matrix, scratch.pivots, scratch.sides)
        along, length, size, scale = 0.0, 0.0, 0.0, 1.0
        for i in range(n + 1):
            along += scratch.sides[i, 0] * scratch.sides[i, 1]
            length += scratch.sides[i, 1] ** 2
        for i in range(n + 1):
            move = scratch.sides[i, 0] - along / length * scratch.sides[i, 1]
            scratch.sides[i, 0], tangent[i] = move, scratch.sides[i, 1] / np.sqrt(length)
            size = abs(move) if not abs(move) <= size else size
            scale = max(scale, abs(y[i]))
        if not size < np.inf or not length < np.inf:
            return
        for i in range(n + 1):
            y[i] += (most / size if size > most else 1.0) * scratch.sides[i, 0]
        if size < CONVERGED * scale:
            scratch.signs[1] = 1.0
            return


@internal
def approach(line, scratch, y, tangent, most):
    """`approached`; true if it converges."""
    call(line.others, 3, (line, scratch, y, tangent, most))
    return scratch.signs[1] > 0.0


@internal
def find_multipliers(line, scratch):
    """The eigenvalues of J, largest first."""
    n = scratch.J.shape[0]
    for i in range(n):
        for j in range(n):
            scratch.A[i, j] = scratch.J[i, j]
    call(line.others, 0, (scratch.A, scratch.real, scratch.imag, scratch.vector))


@kernel
def sorted_eigenvalues(A, real, imag, v):
    """The eigenvalues of A, which is overwritten, largest first."""
    eigenvalues(A, real, imag, v)
    sort_by_modulus(real, imag)


@internal
def examine(line, scratch, tangent, tests):
    """What is tested at a point that was corrected last: the number of multipliers outside the unit circle, and the signs of the bordered
    determinant, of the tangent along q, and of det(J + 1)."""
    n, count = scratch.J.shape[0], 0
    find_multipliers(line, scratch)
    for i in range(n):
        count += np.hypot(scratch.real[i], scratch.imag[i]) > OUTSIDE
        for j in range(n):
            scratch.A[i, j] = scratch.J[i, j]
        scratch.A[i, i] += 1.0
    tests[UNSTABLE] = count
    tests[ORIENTATION] = scratch.signs[0]
    tests[AHEAD] = 1.0 if tangent[n] >= 0.0 else -1.0
    tests[FLIPPED], _ = factorise(scratch.A, scratch.pivots)


@internal
def nearest_the_circle(scratch):
    """The multiplier nearest the unit circle, on or above the real axis."""
    x, y = scratch.real[0], scratch.imag[0]
    for i in range(1, scratch.real.size):
        if abs(np.hypot(scratch.real[i], scratch.imag[i]) - 1.0) < abs(np.hypot(x, y) - 1.0):
            x, y = scratch.real[i], scratch.imag[i]
    return complex(x, abs(y))


@internal
def distance(a, b):
    """The largest difference of two points' coordinates."""
    most = 0.0
    for i in range(min(a.size, b.size)):
        most = abs(a[i] - b[i]) if not abs(a[i] - b[i]) <= most else most
    return most
