"""The problems that works pose: ensembles of networks of many units."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import xarray as xr

import rnnsim as rs

INPUTS = 2
GATES = {"Elman": (), "GRU": (3,), "LSTM": (4,)}
BIASES = {"Elman": ("bias",), "GRU": ("bias_in", "bias_rec"), "LSTM": ("bias",)}
STARTS = {"Elman": ("h0",), "GRU": ("h0",), "LSTM": ("h0", "c0")}
DIMS = {
    "w_in": ("unit", "input"),
    "w_rec": ("unit", "unit_from"),
    **dict.fromkeys(("bias", "bias_in", "bias_rec", "h0", "c0"), ("unit",)),
}


@dataclass(frozen=True)
class Problem:
    """Networks of one cell on the same sequences.

    Parameters are (point, [gate,] unit, …), inputs (step, sample, input), targets (sample, unit): the output is the last state.
    """

    cell: str
    parameters: dict[str, np.ndarray]
    inputs: np.ndarray
    targets: np.ndarray | None = None

    point_axis: ClassVar[int] = 0

    @cached_property
    def net(self) -> Any:
        """The family, over `member`; a problem of one point is a network without axes."""
        return getattr(rs, self.cell)(**{name: self.named(name, values) for name, values in self.parameters.items()})

    def named(self, name: str, values: np.ndarray) -> xr.DataArray:
        """A parameter as rnnsim takes it."""
        gate = ("gate",) * (values.ndim - 1 - len(DIMS[name]))
        array = xr.DataArray(values, dims=("member", *gate, *DIMS[name]))
        return array[0] if self.points == 1 else array

    @property
    def results(self) -> tuple[str, ...]:
        return "cost", *(f"grad_{name}" for name in self.parameters)

    @property
    def points(self) -> int:
        return len(self.parameters["h0"])

    @property
    def units(self) -> int:
        return self.parameters["h0"].shape[1]

    @property
    def steps(self) -> int:
        return len(self.inputs)

    @property
    def samples(self) -> int:
        return self.inputs.shape[1]

    @property
    def point_steps(self) -> int:
        """How often the state of a network is computed."""
        return self.points * self.steps * self.samples

    @property
    def flops(self) -> int:
        """Multiplications and additions of the forward pass of Elman networks, without those of tanh."""
        return self.point_steps * 2 * self.units * (self.units + INPUTS)

    def by_point(self, values: np.ndarray) -> np.ndarray:
        """A variable of rnnsim's over (point, …)."""
        return values[None] if self.points == 1 else values

    def part(self, indices: np.ndarray | slice) -> "Problem":
        """Some of the points."""
        return Problem(self.cell, {name: values[indices] for name, values in self.parameters.items()}, self.inputs, self.targets)


def ensemble(cell: str, *, units: int, members: int, samples: int, steps: int) -> Problem:
    """Random networks with recurrent weights of gain 1 and random starts, on random sequences and targets."""
    generator = np.random.default_rng(1)
    gates = GATES[cell]
    parameters = {
        "w_in": generator.uniform(-1, 1, (members, *gates, units, INPUTS)),
        "w_rec": generator.standard_normal((members, *gates, units, units)) / np.sqrt(units),
        **{name: generator.uniform(-0.5, 0.5, (members, *gates, units)) for name in BIASES[cell]},
        **{name: generator.uniform(-1, 1, (members, units)) for name in STARTS[cell]},
    }
    inputs, targets = generator.uniform(-1, 1, (steps, samples, INPUTS)), generator.uniform(-1, 1, (samples, units))
    return Problem(cell, parameters, inputs, targets)
