"""The problems that works pose: families of scalar networks with inputs and, if need be, targets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

import rnnsim as rs

RESULTS = ("cost", "grad_w_in", "grad_w_rec", "grad_bias", "grad_h0")


@dataclass(frozen=True)
class Problem:
    """A family, and the same numbers as rivals take them: parameters (point), inputs (step, sample) or (step), targets (sample)."""

    net: rs.Elman
    parameters: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    inputs: np.ndarray
    targets: np.ndarray | None = None

    results: ClassVar[tuple[str, ...]] = RESULTS
    point_axis: ClassVar[int] = -1

    @property
    def linear(self) -> bool:
        return self.net.activation == "linear"

    @property
    def points(self) -> int:
        return len(self.parameters[0])

    @property
    def steps(self) -> int:
        return len(self.inputs)

    @property
    def point_steps(self) -> int:
        """How often a state is computed."""
        return self.points * self.inputs.size

    def by_point(self, values: np.ndarray) -> np.ndarray:
        """A variable of rnnsim's, without steps, over (point)."""
        return values.reshape(-1)

    def part(self, indices: np.ndarray) -> "Problem":
        """Some of the points, for rivals (the family stays whole)."""
        return Problem(self.net, tuple(values[indices] for values in self.parameters), self.inputs, self.targets)


def flat(net: rs.Elman) -> tuple[np.ndarray, ...]:
    """w_in, w_rec, bias and h0 of every point, each an array of its own."""
    arrays = xr.broadcast(*(net[name] for name in ("w_in", "w_rec", "bias", "h0")))
    return tuple(np.array(array.transpose(*net.axes).values.reshape(-1), order="C") for array in arrays)


def surface(activation: str, *, side: int, samples: int, steps: int) -> Problem:
    """The counting task over side² values of w_in and w_rec in [-3, 3]; tanh networks tell the share of ones."""
    task = rs.tasks.counting(samples=samples, steps=steps, seed=1)
    targets = task.targets.values / (1 if activation == "linear" else steps)
    values = np.linspace(-3, 3, side)
    net = rs.Elman(rs.axis("w_in", values), rs.axis("w_rec", values), activation=activation)
    return Problem(net, flat(net), np.ascontiguousarray(task.inputs.values.T), targets)


def ensemble(*, points: int, steps: int) -> Problem:
    """Random tanh networks with random starts, all on one random sequence."""
    generator = np.random.default_rng(1)
    drawn = (xr.DataArray(generator.uniform(-high, high, points), dims="member") for high in (1.0, 1.2, 0.5, 1.0))
    net = rs.Elman(*drawn)
    return Problem(net, flat(net), generator.uniform(-1, 1, steps))


def blocks(problem: Problem, numbers: int) -> Iterator[slice]:
    """Ranges of points whose states of one step, about `numbers` in all, stay in a processor's cache."""
    length = max(1, numbers * problem.steps // problem.inputs.size)
    return (slice(lo, min(lo + length, problem.points)) for lo in range(0, problem.points, length))
