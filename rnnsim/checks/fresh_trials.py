"""What stands for trials that are drawn anew for every epoch: what `rs.train` asks of it, and the refusal of all others."""

from typing import Any

import xarray as xr


class FreshTrials:
    """A task of which every epoch of training has trials of its own."""

    @property
    def described(self) -> str:
        """All that decides the trials, as text that is the same in every process."""
        raise NotImplementedError

    def trials(self, epoch: int) -> xr.Dataset:
        """The trials of an epoch."""
        raise NotImplementedError


def refuse_fresh(
    name: str, value: Any, needed: str = "a Dataset, as its trials(epoch) are: only rs.train draws them itself"
) -> None:
    """Refuse a task of fresh trials where there is one set of sequences for good."""
    if isinstance(value, FreshTrials):
        raise TypeError(f"{name} was given {value!r}, which draws fresh trials; it needs {needed}")
