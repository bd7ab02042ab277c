"""Where a group of points reads its inputs and targets: the same numbers for every point, or each point its own."""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from rnnsim.numerics.simd import load, spread
from rnnsim.numerics.tuples import width


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


class Orders(NamedTuple):
    """An order of the samples for each point: the sample at a place is values[places[point] + place]."""

    values: np.ndarray
    places: np.ndarray


def sample_at(order, turn, place):
    """The sample at a place of an order that stands at `turn`; at every place its own without an order, or with one for each point."""
    return order[turn + place] if isinstance(order, np.ndarray) else place


@overload(sample_at, jit_options={"forceinline": True})
def _sample_at(order, turn, place):
    if isinstance(order, types.Array):
        return lambda order, turn, place: order[turn + place]
    return lambda order, turn, place: place


def turn_in_order(kind, source, order, turn, place, at):
    """Get ready to read the sample at a place of an order."""
    if isinstance(order, Orders):
        _copy_each(kind, source, order, turn + place, at)
    else:
        turn_to(kind, source, sample_at(order, turn, place), at)


@overload(turn_in_order, jit_options={"forceinline": True})
def _turn_in_order(kind, source, order, turn, place, at):
    if getattr(order, "instance_class", None) is Orders:
        return lambda kind, source, order, turn, place, at: _copy_each(kind, source, order, turn + place, at)
    return lambda kind, source, order, turn, place, at: turn_to(kind, source, sample_at(order, turn, place), at)


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
def _copy_lane(kind, source, sample, at, lane):
    first = source.offsets[at + lane] + sample * source.by_sample
    for step in range(source.steps):
        source.rows[step * width(kind) + lane] = source.values[first + step]


@register_jitable
def _copy_to_rows(kind, source, sample, at):
    for lane in range(width(kind)):
        _copy_lane(kind, source, sample, at, lane)


@register_jitable
def _copy_each(kind, source, order, place, at):
    for lane in range(width(kind)):
        _copy_lane(kind, source, order.values[order.places[at + lane] + place], at, lane)


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
