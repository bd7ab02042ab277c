"""How the last state depends on earlier ones, and the cost on all, backwards along the orbits of a block of networks.

s[k] = F(s[k-1], x[k]),  J[k] = ∂s[k]/∂s[k-1]
∂s[T]/∂s[T-lag] = J[T] … J[T-lag+1]              its singular values: `kernels.graded`
∂cost/∂s[k] = J[k+1]ᵀ ∂cost/∂s[k+1] + direct[k]  as a vector with a power of two apart
"""

from typing import NamedTuple

import numpy as np

from rnnsim.kernels.linalg.flat_vectors import padded
from rnnsim.kernels.maps.map import advance_from, kernel_of, linearize_from
from rnnsim.kernels.propagation.log_determinant import log_determinant, split_rows
from rnnsim.kernels.propagation.output_gradients import direct_gradient
from rnnsim.kernels.propagation.product_svd import (
    EPS,
    SVDScratch,
    largest_size,
    log_sizes,
    make_svd_scratch,
    multiply,
    orthogonalise,
    scale_rows,
    start,
)
from rnnsim.kernels.propagation.scaled_gradients import add_direct, log_size, pull_back
from rnnsim.numerics.jit import internal, kernel, specialised


class Scratch(NamedTuple):
    """What a thread needs on its way back along an orbit."""

    svd: SVDScratch
    a: np.ndarray  # a Jacobian (row, padded column), flat
    exponents: np.ndarray  # of its rows
    eliminated: np.ndarray
    state: np.ndarray
    gradient: np.ndarray
    direct: np.ndarray
    output: np.ndarray
    so_far: np.ndarray  # ln |det| of the product, and what rounding has taken from it
    progress: np.ndarray  # the rank of the product, the number of lags recorded, and the exponent of the gradient


class Propagated(NamedTuple):
    """The arrays to fill, for the points of a block; without entries for what is not wanted."""

    log_singular_value: np.ndarray  # (point, sample, lag, mode)
    log_determinant: np.ndarray  # (point, sample, lag)
    log_grad_norm: np.ndarray  # (point, sample, step 0…T), or with no step
    recurrent_norm: np.ndarray  # (point), or none
    diverged_at: np.ndarray  # (point)


def make_scratch(size: int, outputs: int) -> Scratch:
    """Scratch of one thread for states and outputs of so many numbers."""
    a, eliminated = (np.zeros(size * padded(size)) for _ in range(2))
    state, gradient, direct = (np.zeros(size) for _ in range(3))
    exponents, progress = np.zeros(size, np.int64), np.zeros(3, np.int64)
    return Scratch(
        make_svd_scratch(size), a, exponents, eliminated, state, gradient, direct, np.zeros(outputs), np.zeros(2), progress
    )


@internal
def lengthen(scratch, size, rank):
    """B ← aᵀ B, orthogonal again; the new rank, -1 if a number is not finite, and ln |det a|. a is overwritten."""
    svd, a, exponents, row = scratch.svd, scratch.a, scratch.exponents, scratch.a.size // size
    if not split_rows(a, size, row, exponents):
        return -1, np.nan
    log = log_determinant(a, exponents, size, row, scratch.eliminated)
    rank = scale_rows(svd, size, row, rank, exponents)
    multiply(svd, size, row, rank, a)
    noise = 2.0 * size * EPS if log == -np.inf else 0.0
    return orthogonalise(svd, size, row, rank, size, noise), log


@internal
def take_matrix(scratch, matrix):
    """Copy a matrix to `a`."""
    size = matrix.shape[0]
    row = scratch.a.size // size
    for i in range(size):
        for k in range(size):
            scratch.a[i * row + k] = matrix[i, k]


@internal
def record(scratch, size, rank, total, values, determinants, place):
    """Write what a lag has."""
    determinants[place] = total
    if rank < 0:
        determinants[place] = np.nan
        for mode in range(size):
            values[place, mode] = np.nan
    else:
        log_sizes(scratch.svd, scratch.a.size // size, rank, values[place])


@internal
def at_last_step(scratch, size):
    """The last step: M is the identity, and no gradient has come."""
    start(scratch.svd, size, scratch.a.size // size)
    scratch.so_far[0] = scratch.so_far[1] = 0.0
    scratch.progress[0], scratch.progress[1], scratch.progress[2] = size, 0, 0
    for i in range(size):
        scratch.gradient[i] = 0.0


@internal
def add_up(so_far, log):
    """Kahan's sum; what rounding takes away is kept while all is finite."""
    more = log - so_far[1]
    total = so_far[0] + more
    lost = (total - so_far[0]) - more
    so_far[0], so_far[1] = total, lost if abs(lost) < np.inf else 0.0


@internal
def go_on(scratch, size, matrix, lag, lags, values, determinants):
    """From the product of `lag` - 1 Jacobians to that of one more, of which a lag that is wanted is recorded."""
    rank, place = scratch.progress[0], scratch.progress[1]
    if place == lags.size:
        return
    if size == 1:
        add_up(scratch.so_far, np.log(abs(matrix[0, 0])) if abs(matrix[0, 0]) < np.inf else np.nan)
        if lags[place] == lag:
            values[place, 0] = determinants[place] = scratch.so_far[0]
            scratch.progress[1] += 1
        return
    if rank >= 0:
        take_matrix(scratch, matrix)
        rank, log = lengthen(scratch, size, rank)
        add_up(scratch.so_far, log)
    if lags[place] == lag:
        record(scratch, size, rank, scratch.so_far[0], values, determinants, place)
        place += 1
    scratch.progress[0], scratch.progress[1] = rank, place


@internal
def meet_costs(scratch, outputs, p, sample, k, state, norms):
    """Add what the cost of step k's output asks for, and write the log of the size of the gradient."""
    direct_gradient(outputs, p, sample, k, state, scratch.output, scratch.direct)
    scratch.progress[2] = add_direct(scratch.gradient, scratch.progress[2], scratch.direct)
    norms[k] = log_size(scratch.gradient, scratch.progress[2])


@kernel
def go_back(jacobians, orbits, first, last, lags, outputs, scratch, found):
    """Backwards from step `last` through jacobians (pair, step back, state, state_from) of some pairs of a point and a sample, in order
    from pair `first` on. Where they begin with the last step of all, so does everything; else it goes on from where the scratch is."""
    size, steps = orbits.shape[3], orbits.shape[2] - 1
    for i in range(jacobians.shape[0]):
        p, sample = (first + i) // orbits.shape[1], (first + i) % orbits.shape[1]
        norms, orbit = found.log_grad_norm[p, sample], orbits[p, sample]
        values, determinants = found.log_singular_value[p, sample], found.log_determinant[p, sample]
        if last == steps:
            at_last_step(scratch, size)
        for back in range(jacobians.shape[1]):
            k = last - back
            if norms.size > 0:
                meet_costs(scratch, outputs, p, sample, k, orbit[k], norms)
                go_on(scratch, size, jacobians[i, back], steps - k + 1, lags, values, determinants)
                scratch.progress[2] = pull_back(scratch.gradient, scratch.progress[2], jacobians[i, back], scratch.state)
            else:
                go_on(scratch, size, jacobians[i, back], steps - k + 1, lags, values, determinants)
        if norms.size > 0 and last == jacobians.shape[1]:
            meet_costs(scratch, outputs, p, sample, 0, orbit[0], norms)


@kernel
def measure_weights(weights, scratch, norms):
    """norms[point] = σ_max of weights (point, unit, unit_from), nan if one is not finite."""
    size = weights.shape[1]
    for p in range(weights.shape[0]):
        at_last_step(scratch, size)
        take_matrix(scratch, weights[p])
        rank, _ = lengthen(scratch, size, size)
        norms[p] = largest_size(scratch.svd, scratch.a.size // size, rank) if rank >= 0 else np.nan


@specialised
def orbits_of(cells):
    """The kernel of the orbits (point, sample, step 0…T, state) of a block with inputs (point, sample, step, input), and of the first step
    at which any sample of a point is not finite, or -1."""

    @kernel_of(cells)
    def followed(layers, inputs, starts, orbits, diverged_at, gate_scratch):
        for p in range(orbits.shape[0]):
            diverged_at[p] = -1
            for sample in range(orbits.shape[1]):
                orbit = orbits[p, sample]
                for i in range(orbit.shape[1]):
                    orbit[0, i] = starts[p, sample, i]
                for k in range(orbit.shape[0]):
                    if k > 0:
                        x = inputs[p, sample, k - 1]
                        advance_from(cells, layers, p, x, 0, x.size, orbit[k - 1], 0, orbit[k], gate_scratch)
                    for number in orbit[k]:
                        if not abs(number) < np.inf and (diverged_at[p] < 0 or k < diverged_at[p]):
                            diverged_at[p] = k

    return followed


@specialised
def jacobians_of(cells):
    """The kernel of jacobians (pair, step back, state, state_from) of steps `last`, `last` - 1, … of pairs of a point and a sample."""

    @kernel_of(cells)
    def differentiated(layers, inputs, orbits, first, last, jacobians, out, gate_scratch):
        for i in range(jacobians.shape[0]):
            p, sample = (first + i) // orbits.shape[1], (first + i) % orbits.shape[1]
            for back in range(jacobians.shape[1]):
                k = last - back
                x, s = inputs[p, sample, k - 1], orbits[p, sample, k - 1]
                linearize_from(cells, layers, p, x, 0, x.size, s, 0, out, jacobians[i, back], gate_scratch)

    return differentiated
