"""The arrays that runs of networks of many units fill."""

from dataclasses import dataclass
from math import prod

import numpy as np

from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.kernels.recurrence.descriptors import KeepDescriptor, SumDescriptor
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.kept_results import Frames, Sums

NEVER = np.iinfo(np.int32).max


def or_never(first: np.ndarray) -> np.ndarray:
    """The first of some steps, -1 instead of `NEVER`."""
    return np.where(first == NEVER, -1, first).astype(np.int32)


@dataclass(frozen=True)
class Results:
    """The arrays to fill, (slot, point, …); a slot for each block of samples that is computed alone, if their sums are to be added."""

    run: Run
    arrays: dict[str, np.ndarray]
    summed: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, names: tuple[str, ...], slots: int) -> "Results":
        by_point = {"cost", *(f"grad_{name}" for name in run.net.trainable)}
        summed = tuple(name for name in names if name in by_point and "sample" not in run.dims_of(name))
        arrays = {
            name: parallel.aligned((slots if name in summed else 1, run.grid.points, *run.shape_of(name)), run.dtype)
            for name in names
        }
        arrays[DIVERGED_AT] = np.full((slots, run.grid.points), NEVER, np.int32)
        return cls(run, arrays, summed)

    def sizes(self, name: str) -> tuple[int, int, int]:
        """The samples, the steps and the other numbers of a result."""
        sizes = dict(zip(self.run.dims_of(name), self.run.shape_of(name), strict=True))
        return sizes.pop("sample", 1), sizes.pop("step", 1), prod(sizes.values())

    def keep(self, name: str, frames: Frames, divided: bool) -> KeepDescriptor:
        """A result that frames fill."""
        samples, steps, numbers = self.sizes(name)
        return KeepDescriptor(
            address=address_of(self.arrays[name]),
            samples=samples,
            steps=steps,
            numbers=numbers,
            first_number=frames.first_number,
            units=frames.units,
            at=frames.at,
            by_step=frames.by_step,
            row=frames.row,
            first_step=frames.first_step,
            back=frames.back,
            final=frames.final,
            divided=divided,
        )

    def sum(self, sums: Sums) -> SumDescriptor:
        """A result that sums fill."""
        return sums.into(address_of(self.arrays[sums.name]), prod(self.run.shape_of(sums.name)))

    def by_slot(self, name: str) -> int:
        """How many bytes a slot of a result takes."""
        size: int = self.arrays[name][0].nbytes
        return size

    def total(self, divisors: np.ndarray | None) -> dict[str, np.ndarray]:
        """The results, those of several slots added in order and divided."""
        found = {}
        for name, slots in self.arrays.items():
            if name == DIVERGED_AT:
                first = slots.min(axis=0)
                found[name] = or_never(first)
                continue
            whole = slots[0]
            for slot in slots[1:]:
                whole += slot
            if len(slots) > 1 and divisors is not None:
                whole /= divisors.reshape(-1, *[1] * (whole.ndim - 1))
            found[name] = whole
        return found
