"""Frames made orthonormal in both layouts: against LAPACK, where columns depend on each other, far from 1, and Newman's products."""

import numpy as np
import pytest

from rnnsim.kernels.linalg.matmul import AsNumbers, AsVectors, Tile
from rnnsim.kernels.lyapunov.householder import orthonormal_of
from rnnsim.kernels.lyapunov.push import Spread
from rnnsim.kernels.recurrence.descriptors import NONE, FrameDescriptor, records
from rnnsim.numerics.simd import Kind

KIND = Kind(4, "float64")
LAYOUTS = {
    "lanes are points": Spread(KIND, Tile((0,) * 4, (0,) * 2), AsVectors(), AsVectors(), 4, 1),
    "lanes are tangents": Spread(KIND, Tile((0,) * 4, (0,) * 2), AsNumbers(), AsNumbers(), 1, 4),
}
PSI_HALF, PSI_ONE = -1.9635100260214235, -0.5772156649015329  # ψ(½), ψ(1)
TRIGAMMA_HALF, TRIGAMMA_ONE = np.pi**2 / 2, np.pi**2 / 6


class Frames:
    """Four matrices side by side, or one."""

    def __init__(self, spread, rows, columns):
        self.spread, self.rows, self.columns = spread, rows, columns
        self.lanes = 4 if spread.together == 1 else 1
        vectors = columns if spread.together == 1 else -(-columns // 4)
        self.row, self.size = vectors * 4, 0
        what = {"rows": rows, "columns": columns, "row": self.row, "reflector": 4 * rows + 4, "products": columns}
        what |= {"tiles": NONE, "weight_lanes": NONE, "gates": NONE, "nothing": NONE, "rates": NONE}  # which nothing here reads
        for name in ("tangents", "pushed"):
            what[name] = self.take(rows * self.row)
        for name in ("taus", "lengths", "sizes", "mantissas", "exponents"):
            what[name] = self.take(4 * columns)
        what |= {"last": self.take(4), "due": self.take(4), "reflectors": self.take(columns * what["reflector"])}
        self.frame = records(FrameDescriptor, [FrameDescriptor(**what, now=1, counting=0, adaptive=False, forced=0)])[0]
        self.room = np.zeros(self.size + 8)

    def take(self, size):
        self.size += size
        return self.size - size

    def at(self, place):
        """A matrix (row, column, lane) of the room."""
        whole = self.room[place : place + self.rows * self.row].reshape(self.rows, -1, self.lanes)
        return whole[:, : self.columns]

    def factorise(self, A):
        """Q and |R_jj| (column, lane) of A (row, column, lane)."""
        self.at(self.frame.pushed)[:] = A
        orthonormal_of(self.spread)(self.room, self.frame)
        sizes = self.room[self.frame.sizes : self.frame.sizes + 4 * self.columns].reshape(self.columns, 4)
        return self.at(self.frame.tangents).copy(), sizes[:, : self.lanes].copy()


def each(A):
    return np.moveaxis(A, -1, 0)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 2), (3, 2), (7, 7), (12, 5), (40, 9)])
def test_against_lapack(layout, rows, columns):
    frames, rng = Frames(LAYOUTS[layout], rows, columns), np.random.default_rng(rows)
    for scale in (1.0, 1e-250, 1e250, np.exp(rng.normal(size=(1, columns, 1)) * 50)):
        A = rng.normal(size=(rows, columns, frames.lanes)) * scale
        Q, sizes = frames.factorise(A)
        np.testing.assert_allclose(
            each(Q).transpose(0, 2, 1) @ each(Q), np.broadcast_to(np.eye(columns), (frames.lanes, columns, columns)), atol=1e-14
        )
        exact = np.abs(np.diagonal(np.linalg.qr(each(A / scale))[1], axis1=1, axis2=2)).T * np.reshape(scale, (-1, 1))
        np.testing.assert_allclose(sizes, exact, rtol=1e-12)
        R = each(Q).transpose(0, 2, 1) @ each(A / scale)
        assert np.abs(np.tril(R, -1)).max() < 1e-13


@pytest.mark.parametrize("layout", LAYOUTS)
def test_columns_that_depend_on_each_other(layout):
    frames, rng = Frames(LAYOUTS[layout], 6, 4), np.random.default_rng(0)
    A = rng.normal(size=(6, 4, frames.lanes))
    A[:, 2] = 0.3 * A[:, 0] - 1e-8 * A[:, 1]
    Q, sizes = frames.factorise(A)
    assert (sizes[2] == 0).all() and (sizes[[0, 1, 3]] > 0.1).all()
    np.testing.assert_allclose(each(Q).transpose(0, 2, 1) @ each(Q), np.broadcast_to(np.eye(4), (frames.lanes, 4, 4)), atol=1e-14)
    _, sizes = frames.factorise(np.zeros_like(A))
    assert (sizes == 0).all()
    A[3, 1] = np.nan
    assert np.isnan(frames.factorise(A)[1][1]).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_products_of_normal_matrices(layout):
    """Newman: λ_i = ½ (ln 2 + ψ((N - i + 1) / 2)), variance per step ψ'/4."""
    frames, rng, logs = Frames(LAYOUTS[layout], 2, 2), np.random.default_rng(1), []
    Q, _ = frames.factorise(rng.normal(size=(2, 2, frames.lanes)))
    for _ in range(30_000 // frames.lanes):
        Q, sizes = frames.factorise(np.einsum("ijl,jkl->ikl", rng.normal(size=(2, 2, frames.lanes)), Q))
        logs.append(np.log(sizes))
    logs = np.moveaxis(logs, 1, 0).reshape(2, -1)
    exact = 0.5 * (np.log(2) + np.array([PSI_ONE, PSI_HALF]))
    np.testing.assert_allclose(exact, [0.0579657578, -0.6351814227], atol=1e-10)
    variance = np.array([TRIGAMMA_ONE, TRIGAMMA_HALF]) / 4
    np.testing.assert_allclose(logs.mean(1), exact, atol=4 * np.sqrt(variance.max() / logs.shape[1]))
    np.testing.assert_allclose(logs.var(1), variance, rtol=0.06)
