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
from rnnsim.numerics.jit import internal, kernel

FOLD, FLIP, NEIMARK_SACKER, BRANCH_POINT = 1, 2, 3, 4
ROUNDS, TRIALS = 3, 30
DIFFERENCE = 2.0**-17
CONVERGED = 1e-10
CROSSING = 1e-5
FARTHEST = 10.0


@internal
def along(line, scratch, segment, z):
    """∂J along v, its real part and its imaginary part, and along u: out[i, j] = Σ ∂J[i, j]/∂s[k] v[k]."""
    n = scratch.J.shape[0]
    scratch.moved[n] = z[n]
    for what in range(6):
        step = DIFFERENCE if what % 2 == 0 else -DIFFERENCE
        for k in range(n):
            v = scratch.v[k].real if what < 2 else scratch.v[k].imag if what < 4 else scratch.u[k].real
            scratch.moved[k] = z[k] + step * v
        linearize_on(line, segment, scratch.moved, scratch.G_other, scratch.other, scratch.Fq_other)
        out = scratch.along_v if what < 2 else scratch.along_vi if what < 4 else scratch.along_u
        for i in range(n):
            for j in range(n):
                change = scratch.other[i, j] / (2.0 * step)
                out[i, j] = change if what % 2 == 0 else out[i, j] + change


@internal
def along_axis(line, scratch, segment, z):
    """∂J/∂q and ∂²F/∂q²."""
    n = scratch.J.shape[0]
    for k in range(n):
        scratch.moved[k] = z[k]
    for sign in (1.0, -1.0):
        scratch.moved[n] = z[n] + sign * DIFFERENCE
        linearize_on(line, segment, scratch.moved, scratch.G_other, scratch.other, scratch.Fq_other)
        for i in range(n):
            change = sign * scratch.Fq_other[i] / (2.0 * DIFFERENCE)
            scratch.Fqq[i] = change if sign > 0.0 else scratch.Fqq[i] + change
            for j in range(n):
                change = sign * scratch.other[i, j] / (2.0 * DIFFERENCE)
                scratch.along_q[i, j] = change if sign > 0.0 else scratch.along_q[i, j] + change


@internal
def multiplier_of(kind, z):
    """The multiplier that the point has by its kind; Neimark–Sacker points have θ behind (s, q)."""
    if kind == FLIP:
        return -1.0 + 0.0j
    if kind == NEIMARK_SACKER:
        return complex(np.cos(z[z.size - 1]), np.sin(z[z.size - 1]))
    return 1.0 + 0.0j


@internal
def rows_of_map(scratch, kind, z):
    """The equations F - s (+ β b) = 0."""
    n, E = scratch.J.shape[0], scratch.system
    beta = z[n + 1] if kind == BRANCH_POINT else 0.0
    for i in range(n):
        for j in range(n):
            E[i, j] = scratch.J[i, j]
        E[i, i] -= 1.0
        E[i, n] = scratch.Fq[i]
        E[i, n + 1] = scratch.column[i].real if kind == BRANCH_POINT else 0.0
        scratch.right[i, 0] = -scratch.G[i] - beta * scratch.column[i].real


@internal
def rows_of_multiplier(scratch, kind, mu, g):
    """The equations g = 0: the real part, and for Neimark–Sacker points the imaginary part in the last row."""
    n, E = scratch.J.shape[0], scratch.system
    for j in range(n + 1):
        total = 0.0 + 0.0j
        for i in range(n):
            if j < n:
                change = complex(scratch.along_v[i, j], scratch.along_vi[i, j])
            else:
                change = 0.0 + 0.0j
                for k in range(n):
                    change += scratch.along_q[i, k] * scratch.v[k]
            total -= scratch.w[i] * change
        E[n, j], E[n + 1, j] = total.real, total.imag
    by_angle = 0.0 + 0.0j
    for i in range(n):
        by_angle += 1j * mu * scratch.w[i] * scratch.v[i]
    E[n, n + 1], E[n + 1, n + 1] = by_angle.real, by_angle.imag
    scratch.right[n, 0], scratch.right[n + 1, 0] = -g.real, -g.imag
    if kind != NEIMARK_SACKER:
        for j in range(n + 1):
            E[n + 1, j] = 0.0
        E[n, n + 1], E[n + 1, n + 1], scratch.right[n + 1, 0] = 0.0, 1.0, 0.0


@internal
def crossing(scratch):
    """w ∂F/∂q, which is 0 where branches cross."""
    total = 0.0
    for i in range(scratch.Fq.size):
        total += scratch.w[i].real * scratch.Fq[i]
    return total


@internal
def row_of_crossing(scratch):
    """The equation w ∂F/∂q = 0, in the last row; its derivative is w ∂²F/∂q∂· - w (∂J) u."""
    n, E = scratch.J.shape[0], scratch.system
    for j in range(n + 1):
        total = 0.0
        for i in range(n):
            if j < n:
                change = scratch.along_q[i, j] - scratch.along_u[i, j]
            else:
                change = scratch.Fqq[i]
                for k in range(n):
                    change -= scratch.along_q[i, k] * scratch.u[k].real
            total += scratch.w[i].real * change
        E[n + 1, j] = total
    E[n + 1, n + 1] = 0.0
    scratch.right[n + 1, 0] = -crossing(scratch)


@internal
def newton_step(line, scratch, kind, z, moves):
    """One step of Newton's method from z = (s, q, θ or β), or, if it is not to move, of the borders towards the null vectors. Gives the
    size of the step and the residual that it started from."""
    n = scratch.J.shape[0]
    segment, mu = segment_of(line, z[n]), multiplier_of(kind, z)
    if moves:
        along_axis(line, scratch, segment, z)
    linearize_on(line, segment, z, scratch.G, scratch.J, scratch.Fq)
    g = null_vectors(scratch, mu)
    if not moves:
        turn_borders(scratch)
        return 1.0, np.inf
    along(line, scratch, segment, z)
    rows_of_map(scratch, kind, z)
    rows_of_multiplier(scratch, kind, mu, g)
    if kind == BRANCH_POINT:
        row_of_crossing(scratch)
    residual = abs(g) / length_of(scratch.v)
    for i in range(n):
        residual = max(residual, abs(scratch.G[i]))
    turn_borders(scratch)
    solve(scratch.system, scratch.pivots, scratch.right)
    size = 0.0
    for i in range(n + 2):
        z[i] += scratch.right[i, 0]
        size = abs(scratch.right[i, 0]) if not abs(scratch.right[i, 0]) <= size else size
    return size, residual


@kernel
def refine(line, scratch, z, sought):
    """Newton's method from z, which becomes the point, for the kind sought[0]. That becomes the residual, inf if it does not converge."""
    n, kind, done = scratch.J.shape[0], int(sought[0]), False
    first_borders(scratch)
    z[n + 1] = 0.0 if kind != NEIMARK_SACKER else z[n + 1]
    sought[0] = np.inf
    for trial in range(ROUNDS + TRIALS):
        size, residual = newton_step(line, scratch, kind, z, trial >= ROUNDS)
        if not size < FARTHEST:
            return
        if done:
            sought[0] = residual
            return
        done = size < CONVERGED


@internal
def crosses(scratch):
    """Whether a fold that was found is a point where branches cross."""
    return abs(crossing(scratch)) <= CROSSING * length_of(scratch.w) * (length_of(scratch.Fq) + CROSSING)
