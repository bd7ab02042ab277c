"""Vectors that stand in flat arrays, each padded to whole lanes: their products, sums and rotations."""

from rnnsim.numerics.jit import internal
from rnnsim.numerics.primitives import muladd
from rnnsim.numerics.simd import Kind, load, splat, store

WIDTH = 8
KIND = Kind(WIDTH)


def padded(size: int) -> int:
    """The length of a vector in whole lanes."""
    return -(-size // WIDTH) * WIDTH


@internal
def total(lanes, lane_scratch):
    """The sum of all lanes."""
    store(lane_scratch, 0, lanes)
    low = (lane_scratch[0] + lane_scratch[4]) + (lane_scratch[2] + lane_scratch[6])
    return low + ((lane_scratch[1] + lane_scratch[5]) + (lane_scratch[3] + lane_scratch[7]))


@internal
def dot(u, i, v, j, first, row, lane_scratch):
    """Σ u[i + k] v[j + k] for k from `first` (a multiple of the lanes) on."""
    lanes = splat(KIND, 0.0)
    for k in range(first, row, WIDTH):
        lanes = muladd(load(KIND, u, i + k), load(KIND, v, j + k), lanes)
    return total(lanes, lane_scratch)


@internal
def add_multiple(u, i, factor, v, j, first, row):
    """u[i + k] += factor · v[j + k] for k from `first` on."""
    for k in range(first, row, WIDTH):
        store(u, i + k, muladd(load(KIND, v, j + k), factor, load(KIND, u, i + k)))


@internal
def rotate(u, p, q, cosine, to_p, to_q, row, lane_scratch):
    """u_p ← cosine (u_p - to_p u_q),  u_q ← cosine (u_q + to_q u_p), and the squares of their new sizes."""
    square_p, square_q = splat(KIND, 0.0), splat(KIND, 0.0)
    for k in range(0, row, WIDTH):
        x, y = load(KIND, u, p + k), load(KIND, u, q + k)
        new_p, new_q = cosine * muladd(y, -to_p, x), cosine * muladd(x, to_q, y)
        square_p, square_q = muladd(new_p, new_p, square_p), muladd(new_q, new_q, square_q)
        store(u, p + k, new_p)
        store(u, q + k, new_q)
    return total(square_p, lane_scratch), total(square_q, lane_scratch)


@internal
def square_below(u, i, first, row, lane_scratch):
    """Σ u[i + k]² for k from `first` on."""
    aligned = -(-first // WIDTH) * WIDTH
    square = 0.0
    for k in range(first, min(aligned, row)):
        square += u[i + k] * u[i + k]
    return square + dot(u, i, u, i, aligned, row, lane_scratch)
