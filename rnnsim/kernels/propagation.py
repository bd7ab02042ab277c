"""How the last state depends on earlier ones, and the cost on all, backwards along the orbits of a block of networks.

    s[k] = F(s[k-1], x[k]),  J[k] = ∂s[k]/∂s[k-1]
    ∂s[T]/∂s[T-lag] = J[T] … J[T-lag+1]              its singular values: `kernels.graded`
    ∂cost/∂s[k] = J[k+1]ᵀ ∂cost/∂s[k+1] + direct[k]  as a vector with a power of two apart
"""

from math import frexp, ldexp
from typing import NamedTuple

import numpy as np

from rnnsim.kernels.compiling import kernel, part, specialised
from rnnsim.kernels.determinants import log_determinant, split_rows
from rnnsim.kernels.graded import EPS, FAR, LN2, Room, log_sizes, make_room, multiply, orthogonalise, padded, scale_rows, start
from rnnsim.kernels.maps import advance_from, kernel_of, linearize_from
from rnnsim.kernels.output_gradients import Outputs, direct_gradient


class Scratch(NamedTuple):
    """What a thread needs for orbits of so many steps of states of so many numbers."""

    room: Room
    a: np.ndarray  # a Jacobian (row, padded column), flat
    exponents: np.ndarray  # of its rows
    eliminated: np.ndarray
    orbit: np.ndarray  # (step, state)
    state: np.ndarray
    J: np.ndarray
    gradient: np.ndarray
    direct: np.ndarray
    output: np.ndarray
    work: np.ndarray  # of the map


class Found(NamedTuple):
    """The arrays to fill, for the points of a block; without entries for what is not wanted."""

    log_singular_value: np.ndarray  # (point, sample, lag, mode)
    log_determinant: np.ndarray  # (point, sample, lag)
    log_grad_norm: np.ndarray  # (point, sample, step 0…T), or with no step
    log_recurrent_norm: np.ndarray  # (point), or none
    diverged_at: np.ndarray  # (point)


def make_scratch(size: int, steps: int, outputs: int, work: np.ndarray) -> Scratch:
    """Scratch of one thread."""
    square = [np.zeros(size * padded(size)) for _ in range(2)]
    vectors = [np.zeros(size) for _ in range(3)]
    orbit, J = np.zeros((steps + 1, size)), np.zeros((size, size))
    exponents = np.zeros(size, np.int64)
    return Scratch(
        make_room(size), square[0], exponents, square[1], orbit, vectors[0], J, vectors[1], vectors[2], np.zeros(outputs), work
    )


@part
def lengthen(scratch, size, rank):
    """B ← aᵀ B, orthogonal again; the new rank, -1 if a number is not finite, and ln |det a|. a is overwritten."""
    room, a, exponents, row = scratch.room, scratch.a, scratch.exponents, scratch.a.size // size
    if not split_rows(a, size, row, exponents):
        return -1, np.nan
    log = log_determinant(a, exponents, size, row, scratch.eliminated)
    rows, wide = scale_rows(room, row, rank, exponents, size)
    if wide:
        rank = orthogonalise(room, size, row, rank, rows, 0.0)
    multiply(room, size, row, rank, a)
    noise = 2.0 * size * EPS if log == -np.inf else 0.0
    return orthogonalise(room, size, row, rank, size, noise), log


@part
def take_matrix(scratch, matrix):
    """Copy a matrix to `a`."""
    size = matrix.shape[0]
    row = scratch.a.size // size
    for i in range(size):
        for k in range(size):
            scratch.a[i * row + k] = matrix[i, k]


@part
def record(scratch, size, rank, total, values, determinants, place):
    """Write what a lag has."""
    determinants[place] = total
    if rank < 0:
        determinants[place] = np.nan
        for mode in range(size):
            values[place, mode] = np.nan
    else:
        log_sizes(scratch.room, scratch.a.size // size, rank, values[place])


@part
def log_gradient(scratch, exponent):
    """The log of the size of the gradient."""
    square = 0.0
    for number in scratch.gradient:
        square += number * number
    return 0.5 * np.log(square) + LN2 * exponent if square > 0.0 else (-np.inf if square == 0.0 else np.nan)


@part
def scaled(vector):
    """Take the power of two out of a vector, and return it; 0 for a vector of zeros."""
    most = 0.0
    for number in vector:
        most = max(most, abs(number))
    exponent = frexp(most)[1] if 0.0 < most < np.inf else 0
    for i in range(vector.size):
        vector[i] = ldexp(vector[i], -exponent)
    return exponent


@part
def is_zero(vector):
    """Whether all numbers are 0."""
    for number in vector:
        if number != 0.0:
            return False
    return True


@part
def pull_back(scratch, matrix, exponent):
    """gradient ← Jᵀ gradient; its exponent."""
    size = scratch.gradient.size
    for j in range(size):
        scratch.state[j] = 0.0
    for i in range(size):
        for j in range(size):
            scratch.state[j] += matrix[i, j] * scratch.gradient[i]
    for j in range(size):
        scratch.gradient[j] = scratch.state[j]
    return exponent + scaled(scratch.gradient)


@part
def add_direct(scratch, exponent):
    """gradient ← gradient + direct; its exponent."""
    if is_zero(scratch.direct):
        return exponent
    own = scaled(scratch.direct)
    top = own if is_zero(scratch.gradient) else max(own, exponent)
    for i in range(scratch.gradient.size):
        there = ldexp(scratch.gradient[i], max(exponent - top, -2 * FAR)) if exponent <= top else 0.0
        scratch.gradient[i] = there + ldexp(scratch.direct[i], max(own - top, -2 * FAR))
    return top + scaled(scratch.gradient)


@part
def follow(cells, layers, p, inputs, first, orbit, work):
    """The states of all steps; the first step at which one is not finite, or -1."""
    for i in range(first.size):
        orbit[0, i] = first[i]
    for k in range(1, orbit.shape[0]):
        x = inputs[k - 1]
        advance_from(cells, layers, p, x, 0, x.size, orbit[k - 1], 0, orbit[k], work)
    for k in range(orbit.shape[0]):
        for number in orbit[k]:
            if not abs(number) < np.inf:
                return k
    return -1


@part
def log_recurrent_norm(layers, p, scratch):
    """ln σ_max of the recurrent weights, nan if one is not finite."""
    weights = layers[0].w_rec[p, 0]
    start(scratch.room, weights.shape[0], scratch.a.size // weights.shape[0])
    take_matrix(scratch, weights)
    rank, _ = lengthen(scratch, weights.shape[0], weights.shape[0])
    if rank < 0:
        return np.nan
    log_sizes(scratch.room, scratch.a.size // weights.shape[0], rank, scratch.state)
    return scratch.state[0]


@part
def go_back(cells, layers, p, sample, inputs, lags, outputs, scratch, values, determinants, norms):
    """From the last step backwards: values (lag, mode) and determinants (lag) of some lags, and norms (step), of all steps or none."""
    size, steps = scratch.orbit.shape[1], scratch.orbit.shape[0] - 1
    rank, total, place, exponent = size, 0.0, 0, 0
    start(scratch.room, size, scratch.a.size // size)
    for i in range(size):
        scratch.gradient[i] = 0.0
    for k in range(steps, -1, -1):
        if norms.size > 0:
            direct_gradient(outputs, p, sample, k, scratch.orbit[k], scratch.output, scratch.direct)
            exponent = add_direct(scratch, exponent)
            norms[k] = log_gradient(scratch, exponent)
        if k == 0 or (place == lags.size and norms.size == 0):
            return
        x = inputs[k - 1]
        linearize_from(cells, layers, p, x, 0, x.size, scratch.orbit[k - 1], 0, scratch.state, scratch.J, scratch.work)
        if place < lags.size:
            if rank >= 0:
                take_matrix(scratch, scratch.J)
                rank, log = lengthen(scratch, size, rank)
                total += log
            if lags[place] == steps - k + 1:
                record(scratch, size, rank, total, values, determinants, place)
                place += 1
        if norms.size > 0:
            exponent = pull_back(scratch, scratch.J, exponent)


@specialised
def propagation_of(cells):
    """The kernel for all points and samples of a block: inputs (point, sample, step, input), starts (point, sample, state), and `lags`
    rising; `lags` may be none, and so may the outputs' targets."""

    @kernel_of(cells)
    def propagated(layers, inputs, starts, lags, outputs, scratch, found):
        for p in range(starts.shape[0]):
            if found.log_recurrent_norm.size > 0:
                found.log_recurrent_norm[p] = log_recurrent_norm(layers, p, scratch)
            found.diverged_at[p] = -1
            for sample in range(starts.shape[1]):
                diverged = follow(cells, layers, p, inputs[p, sample], starts[p, sample], scratch.orbit, scratch.work)
                if diverged >= 0 and (found.diverged_at[p] < 0 or diverged < found.diverged_at[p]):
                    found.diverged_at[p] = diverged
                values, determinants = found.log_singular_value[p, sample], found.log_determinant[p, sample]
                norms = found.log_grad_norm[p, sample]
                go_back(cells, layers, p, sample, inputs[p, sample], lags, outputs, scratch, values, determinants, norms)

    return propagated


@kernel
def of_matrices(matrices, scratch, values, determinants):
    """The same for the transposed matrices[lag] … matrices[0], for tests."""
    size = matrices.shape[1]
    start(scratch.room, size, scratch.a.size // size)
    rank, total = size, 0.0
    for lag in range(matrices.shape[0]):
        if rank >= 0:
            take_matrix(scratch, matrices[lag])
            rank, log = lengthen(scratch, size, rank)
            total += log
        record(scratch, size, rank, total, values, determinants, lag)
