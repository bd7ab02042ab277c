"""Where a group of points reads its inputs and targets: the same numbers for every point, or each point its own."""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload, register_jitable

from rnnsim.kernels.rows import width
from rnnsim.lanes import load, spread


class Shared(NamedTuple):
    """values[sample · by_sample + step] for all points."""

    values: np.ndarray
    by_sample: int


class Own(NamedTuple):
    """values[offsets[point] + sample · by_sample + step], one sample of one group at a time copied to rows of lanes."""

    values: np.ndarray
    by_sample: int
    steps: int
    offsets: np.ndarray
    rows: np.ndarray


def turn_to(kind, source, sample, at):
    """Get ready to read a sample for the group whose first point is `at`."""
    if isinstance(source, Own):
        _copy_to_rows(kind, source, sample, at)


def read(kind, source, sample, step):
    """The numbers of a step."""
    if isinstance(source, Own):
        return load(kind, source.rows, step * width(kind))
    return spread(kind, source.values, sample * source.by_sample + step)


@register_jitable
def _copy_to_rows(kind, source, sample, at):
    for lane in range(width(kind)):
        first = source.offsets[at + lane] + sample * source.by_sample
        for step in range(source.steps):
            source.rows[step * width(kind) + lane] = source.values[first + step]


def _is_own(source: Any) -> bool:
    return source.instance_class is Own


@overload(turn_to, jit_options={"forceinline": True})
def _turn_to(kind, source, sample, at):
    if _is_own(source):
        return lambda kind, source, sample, at: _copy_to_rows(kind, source, sample, at)
    return lambda kind, source, sample, at: None


@overload(read, jit_options={"forceinline": True})
def _read(kind, source, sample, step):
    if _is_own(source):
        return lambda kind, source, sample, step: load(kind, source.rows, step * width(kind))
    return lambda kind, source, sample, step: spread(kind, source.values, sample * source.by_sample + step)
