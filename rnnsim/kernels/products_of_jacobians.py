"""The singular values of products of Jacobians that grow at their early end, in logs."""

import numpy as np

from rnnsim.kernels.compiling import kernel, part
from rnnsim.kernels.determinants import log_determinant, split_rows
from rnnsim.kernels.graded import EPS, log_sizes, multiply, orthogonalise, scale_rows, start


@part
def lengthen(room, size, row, rank, a, exponents, scratch):
    """B ← aᵀ B, orthogonal again; the new rank, -1 if a number is not finite, and ln |det a|. a is overwritten."""
    if not split_rows(a, size, row, exponents):
        return -1, np.nan
    log = log_determinant(a, exponents, size, row, scratch)
    rows, wide = scale_rows(room, row, rank, exponents, size)
    if wide:
        rank = orthogonalise(room, size, row, rank, rows, 0.0)
    multiply(room, size, row, rank, a)
    noise = 2.0 * size * EPS if log == -np.inf else 0.0
    return orthogonalise(room, size, row, rank, size, noise), log


@kernel
def of_matrices(room, size, row, matrices, a, exponents, scratch, logs, determinants):
    """logs[lag] of the transposed matrices[lag] … matrices[0], and ln |det|: the way of `lengthen`, for tests."""
    start(room, size, row)
    rank, total = size, 0.0
    for lag in range(matrices.shape[0]):
        for i in range(size):
            for k in range(size):
                a[i * row + k] = matrices[lag, i, k]
        if rank >= 0:
            rank, log = lengthen(room, size, row, rank, a, exponents, scratch)
            total += log
        if rank < 0:
            logs[lag, :] = np.nan
            total = np.nan
        else:
            log_sizes(room, row, rank, logs[lag])
        determinants[lag] = total
