"""Training sets of which every epoch has trials of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xarray as xr

from rnnsim.checks.fresh_trials import FreshTrials
from rnnsim.checks.inputs_and_targets import OWN
from rnnsim.checks.showing import kind_of

PARTS = ("inputs", "targets", "weight")


@dataclass(frozen=True)
class FreshSet:
    """A task of fresh trials, and which parts of them training reads."""

    task: FreshTrials
    parts: tuple[str, ...]

    def trials(self, epoch: int) -> dict[str, xr.Variable]:
        """The parts of an epoch's trials that training reads."""
        variables = self.task.trials(epoch).variables
        return {name: variables[name] for name in self.parts if name in variables}

    def first(self, epoch: int) -> xr.Dataset:
        """Those of the first epoch, in arrays that may be written into."""
        trials = self.trials(epoch)
        for name, array in trials.items():
            for dim in array.dims:
                if dim not in OWN:
                    raise ValueError(
                        f"inputs was given fresh trials of which {name} has the axis {dim!r}; they need to be without axes"
                    )
        return xr.Dataset(trials).copy(deep=True)


def fresh_set(inputs: Any, targets: Any, weight: Any) -> FreshSet | None:
    """The task of fresh trials that stands for inputs and targets, if one does."""
    if not isinstance(inputs, FreshTrials):
        return None
    if targets is not None:
        raise TypeError(
            f"targets was given {kind_of(targets)} beside a task of fresh trials; it needs none, as the task has targets"
        )
    return FreshSet(inputs, PARTS if weight is None else PARTS[:2])
