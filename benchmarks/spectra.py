"""Works on Lyapunov spectra: random tanh networks below the transition to chaos, so that all follow the same orbits, and their rivals."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

import rnnsim as rs
from benchmarks.rivals import OURS, Rival, Work, optional


@dataclass(frozen=True)
class Problem:
    """Weights (point, unit, unit_from), starts (point, unit), the first frame (unit, exponent), and how many steps."""

    w_rec: np.ndarray
    h0: np.ndarray
    first: np.ndarray
    steps: int

    point_axis: ClassVar[int] = 0

    @property
    def points(self) -> int:
        return len(self.h0)

    @property
    def point_steps(self) -> int:
        """How often a frame is pushed and made orthonormal."""
        return self.points * self.steps

    @property
    def count(self) -> int:
        """How many exponents there are."""
        return self.first.shape[1]

    @property
    def net(self) -> Any:
        """The family, over `member`."""
        w_in = np.zeros((self.h0.shape[1], 1))
        w_rec = xr.DataArray(self.w_rec, dims=("member", "unit", "unit_from"))
        return rs.Elman(w_in, w_rec, h0=xr.DataArray(self.h0, dims=("member", "unit")))

    def part(self, indices: np.ndarray | slice) -> "Problem":
        """Some of the points."""
        return Problem(self.w_rec[indices], self.h0[indices], self.first, self.steps)


def networks(*, units: int, members: int, steps: int, exponents: int) -> Problem:
    """Networks of gain 0.9; the first frame is the one that `rs.lyapunov` draws for seed 0."""
    generator = np.random.default_rng(1)
    w_rec = 0.9 * generator.standard_normal((members, units, units)) / np.sqrt(units)
    first = np.random.default_rng(0).normal(size=(units, exponents))
    return Problem(w_rec, generator.standard_normal((members, units)), first, steps)


def with_rnnsim(problem: Problem) -> Callable:
    """`rs.lyapunov`, with what checks it."""
    net, full = problem.net, problem.count == problem.h0.shape[1]
    keep = ("lyapunov_exponent", "sum_rule_residual") if full else "lyapunov_exponent"

    def call() -> dict:
        """Its warning that short runs drift is left out."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found = rs.lyapunov(net, steps=problem.steps, exponents=problem.count, keep=keep)
        exponents = -np.sort(-found.lyapunov_exponent.values)
        return {"exponents": exponents, "sum": exponents.sum(1)}

    return call


def with_numpy(problem: Problem) -> Callable:
    """Products and QR decompositions of all networks at once, step by step."""

    def call() -> dict:
        h, logs = problem.h0, np.zeros((problem.points, problem.count))
        Q = np.broadcast_to(np.linalg.qr(problem.first)[0], (problem.points, *problem.first.shape))
        for _ in range(problem.steps):
            h = np.tanh(np.matmul(problem.w_rec, h[..., None]))[..., 0]
            Q, R = np.linalg.qr((1 - h * h)[..., None] * np.matmul(problem.w_rec, Q))
            logs += np.log(np.abs(np.diagonal(R, axis1=1, axis2=2)))
        return {"exponents": -np.sort(-logs / problem.steps)}

    return call


RIVALS = {
    OURS: Rival(with_rnnsim),
    "NumPy": Rival(with_numpy),
    "JAX": optional("spectra_with_jax", "jax", "spectra"),
    "lyapax": optional("spectra_with_lyapax", "lyapax", "spectra"),
    "pynamicalsys": optional("spectra_with_pynamicalsys", "pynamicalsys", "spectra", most=64),
}


def of_size(units: int, members: int, steps: int, exponents: int, *without: str) -> Work:
    """A work of some size; only members and steps are fewer in smaller forms, and units if there are many."""
    full = {"units": units, "members": members, "steps": steps, "exponents": exponents}
    few = min(units, 40)
    sizes = {
        "full": full,
        "quick": {**full, "members": max(1, members // 8), "steps": max(20, steps // 8)},
        "tiny": {"units": few, "members": min(3, members), "steps": 6, "exponents": min(few, exponents)},
    }
    return Work(networks, sizes, {name: rival for name, rival in RIVALS.items() if name not in without})


SPECTRA = {
    "spectra of 4096 networks n = 2, 200 steps": of_size(2, 4096, 200, 2),
    "spectra of 64 networks n = 16, 400 steps": of_size(16, 64, 400, 16),
    "spectra of 8 networks n = 64, 300 steps": of_size(64, 8, 300, 64),
    "180 exponents of one network n = 500, 900 steps": of_size(500, 1, 900, 180, "lyapax", "pynamicalsys"),
}
