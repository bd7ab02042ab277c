"""The fixed points of a random tanh network, looked for from some states, by those who look for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import rnnsim as rs
from benchmarks.rivals import OURS, Rival, Whole, Work, optional

GAIN = 3.0


@dataclass(frozen=True)
class Problem(Whole):
    """Weights (unit, unit_from), and the states (start, unit) to search from."""

    w_rec: np.ndarray
    starts: np.ndarray

    point_steps: ClassVar[int] = 1

    def found(self) -> np.ndarray:
        """The fixed points that `rs.fixed_points` finds (point, unit)."""
        ds = rs.fixed_points(rs.Elman(np.zeros((len(self.w_rec), 1)), self.w_rec), starts=self.starts)
        return ds.state.values[: int(ds.point_count)]

    def strays(self, states: np.ndarray, within: float) -> int:
        """How many states are farther than that from every fixed point that `rs.fixed_points` finds."""
        distances = np.linalg.norm(states[:, None] - self.found(), axis=-1)
        return int((distances.min(1) > within).sum())


def network(*, units: int, starts: int) -> Problem:
    """A gaussian network, and states uniform in the box of all."""
    generator = np.random.default_rng(1)
    w_rec = GAIN * generator.standard_normal((units, units)) / np.sqrt(units)
    return Problem(w_rec, generator.uniform(-1, 1, (starts, units)))


def with_rnnsim(problem: Problem) -> Callable:
    """`rs.fixed_points`, which finds multipliers and stability, too, and merges what is found twice."""

    def call() -> dict:
        problem.found()
        return {"strays": np.zeros(1)}

    return call


def with_scipy(problem: Problem) -> Callable:
    """`scipy.optimize.root` with the Jacobian, from one start after the other."""
    from scipy.optimize import root

    def speed(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        new = np.tanh(problem.w_rec @ h)
        return new - h, (1 - new * new)[:, None] * problem.w_rec - np.eye(len(h))

    def call() -> dict:
        found = [root(speed, start, jac=True, tol=1e-13) for start in problem.starts]
        return {"states": np.array([one.x for one in found if np.abs(one.fun).max() <= 1e-12])}

    return confirmed(problem, call, 1e-8)


def confirmed(problem: Problem, call: Callable, within: float) -> Callable:
    """The call, once what it finds is seen to be among what `rs.fixed_points` finds."""
    strays = problem.strays(call()["states"], within)

    def told() -> dict:
        call()
        return {"strays": np.full(1, float(strays))}

    return told


FIXED_POINTS = {
    "fixed points of a network n = 16 from 64 starts": Work(
        network,
        {"full": {"units": 16, "starts": 64}, "quick": {"units": 16, "starts": 16}, "tiny": {"units": 3, "starts": 4}},
        {
            OURS: Rival(with_rnnsim),
            "SciPy": Rival(with_scipy, library="scipy"),
            "FixedPointFinder's method": optional("fixed_points_with_torch", "torch", "minimise"),
        },
    )
}
