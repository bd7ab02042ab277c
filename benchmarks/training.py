"""The problems that works pose: families of Elman networks that are trained."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import xarray as xr

import rnnsim as rs

DIMS = {
    "w_in": ("unit", "input"),
    "w_rec": ("unit", "unit_from"),
    "bias": ("unit",),
    "w_out": ("output", "unit"),
    "b_out": ("output",),
}


@dataclass(frozen=True)
class Problem:
    """Networks that start at 0, and how all of `parameters` are trained on the same sequences, in the order in which they stand.

    Parameters are (point) in scalar networks, whose inputs are (sample, step) and whose targets (sample) are compared with the last
    states. In others they are (point, unit, …), inputs (sample, step, input), and targets (sample, step, output) those of a readout.
    `optimizer` is the name of rnnsim's, and `numbers` are what it takes; without `batch_size`, an update takes all samples.
    """

    parameters: dict[str, np.ndarray]
    inputs: np.ndarray
    targets: np.ndarray
    activation: str
    optimizer: str
    numbers: dict[str, float]
    epochs: int = 1
    batch_size: int | None = None

    point_axis: ClassVar[int] = 0

    @cached_property
    def net(self) -> rs.Elman:
        """The family, over `member`; a problem of one point is a network without axes."""
        named = {name: self.named(name, values) for name, values in self.parameters.items()}
        readout = {name: named.pop(name) for name in ("w_out", "b_out") if name in named}
        return rs.Elman(**named, activation=self.activation, readout=rs.Readout(**readout) if readout else None)

    def named(self, name: str, values: np.ndarray) -> xr.DataArray | float:
        """A parameter as rnnsim takes it."""
        array = xr.DataArray(values, dims=("member", *DIMS[name][: values.ndim - 1]))
        if self.points > 1:
            return array
        return array[0] if array.ndim > 1 else float(values[0])

    @property
    def points(self) -> int:
        return len(self.parameters["w_rec"])

    @property
    def samples(self) -> int:
        return len(self.inputs)

    @property
    def steps(self) -> int:
        return self.inputs.shape[1]

    @property
    def updates(self) -> int:
        """How often a network's parameters move in an epoch."""
        return self.samples // (self.batch_size or self.samples)

    @property
    def point_steps(self) -> int:
        """How often the state of a network is computed for an update."""
        return self.points * self.epochs * self.samples * self.steps

    def by_point(self, values: np.ndarray) -> np.ndarray:
        """A variable of rnnsim's over (point, …)."""
        return values[None] if self.points == 1 else values

    def part(self, indices: np.ndarray | slice) -> "Problem":
        """Some of the points."""
        return replace(self, parameters={name: values[indices] for name, values in self.parameters.items()})


def counting(*, side: int, samples: int, steps: int, epochs: int, step_min: float = 0.0, step_max: float = np.inf) -> Problem:
    """Linear networks that learn to count ones by iRprop-, from side² starts in [-2, 2]²."""
    task = rs.tasks.counting(samples=samples, steps=steps, seed=1)
    starts = np.stack(np.meshgrid(*[np.linspace(-2, 2, side)] * 2, indexing="ij")).reshape(2, -1)
    numbers = {"step": 1e-3, "grow": 1.2, "shrink": 0.5, "step_min": step_min, "step_max": step_max}
    parameters = dict(zip(("w_in", "w_rec"), starts, strict=True))
    return Problem(parameters, task.inputs.values, task.targets.values, "linear", "Rprop", numbers, epochs)


def weather(*, members: int, rows: int, steps: int = 13, units: int = 5, columns: int = 3) -> Problem:
    """Tanh networks with a readout that predict the first column of the next row, an update for every window of `steps` rows.

    The rows are random, and as many as the training part of the weather data has.
    """
    generator = np.random.default_rng(1)
    table = generator.standard_normal((rows, columns))
    windows = np.lib.stride_tricks.sliding_window_view(table, steps + 1, axis=0)
    inputs, targets = windows[..., :-1].swapaxes(1, 2).copy(), windows[:, :1, 1:].swapaxes(1, 2).copy()
    shapes = {"w_in": (units, columns), "w_rec": (units, units), "bias": (units,), "w_out": (1, units), "b_out": (1,)}
    bound = units**-0.5
    parameters = {name: generator.uniform(-bound, bound, (members, *shape)) for name, shape in shapes.items()}
    return Problem(parameters, inputs, targets, "tanh", "SGD", {"lr": 1e-3}, batch_size=1)


def digits(*, samples: int, epochs: int, batch_size: int = 4) -> Problem:
    """One linear unit that learns to add three digits by Adam."""
    generator = np.random.default_rng(1)
    inputs = generator.integers(0, 10, (samples, 3)).astype(float)
    parameters = {name: generator.uniform(0.1, 0.9, 1) for name in ("w_in", "w_rec", "bias")}
    return Problem(parameters, inputs, inputs.sum(axis=1), "linear", "Adam", {"lr": 1e-2}, epochs, batch_size)
