"""Folds, flips, Neimark–Sacker points and branch points of the map s' = F(s, q), by Newton's method on extended systems.

With g, v and w of `borders`, a fixed point is a fold where g(s, q, μ) = 0 for μ = 1, a flip where it is for μ = -1, and a Neimark–Sacker
point where it is, real and imaginary part, for μ = exp iθ with one unknown more. Where branches cross, μ = 1 and w ∂F/∂q = 0, and

    F - s + β b = 0

makes the system regular, with β = 0 at its solution. The derivative of g is -w (∂J) v. Second derivatives of F are differences of the exact
J; they decide how fast Newton's method converges, not where to.
"""

import numpy as np

from rnnsim.kernels.continuation.bordered_systems import first_borders, length_of, null_vectors, turn_borders
from rnnsim.kernels.linalg.lu import solve
from rnnsim.kernels.maps.parametrised import linearize_on, segment_of
from rnnsim.numerics.jit import kernel, part

FOLD, FLIP, NEIMARK_SACKER, BRANCH_POINT = 1, 2, 3, 4
ROUNDS, TRIALS = 3, 30
DIFFERENCE = 2.0**-17
CONVERGED = 1e-10
CROSSING = 1e-5
FARTHEST = 10.0


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
        return complex(np.cos(z[z.size - 1]), np.sin(z[z.size - 1]))
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
def newton_step(line, room, kind, z, moves):
    """One step of Newton's method from z = (s, q, θ or β), or, if it is not to move, of the borders towards the null vectors. Gives the
    size of the step and the residual that it started from."""
    n = room.J.shape[0]
    segment, mu = segment_of(line, z[n]), multiplier_of(kind, z)
    if moves:
        along_axis(line, room, segment, z)
    linearize_on(line, segment, z, room.G, room.J, room.Fq)
    g = null_vectors(room, mu)
    if not moves:
        turn_borders(room)
        return 1.0, np.inf
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
def refine(line, room, z, sought):
    """Newton's method from z, which becomes the point, for the kind sought[0]. That becomes the residual, inf if it does not converge."""
    n, kind, done = room.J.shape[0], int(sought[0]), False
    first_borders(room)
    z[n + 1] = 0.0 if kind != NEIMARK_SACKER else z[n + 1]
    sought[0] = np.inf
    for trial in range(ROUNDS + TRIALS):
        size, residual = newton_step(line, room, kind, z, trial >= ROUNDS)
        if not size < FARTHEST:
            return
        if done:
            sought[0] = residual
            return
        done = size < CONVERGED


@part
def crosses(room):
    """Whether a fold that was found is a point where branches cross."""
    return abs(crossing(room)) <= CROSSING * length_of(room.w) * (length_of(room.Fq) + CROSSING)
