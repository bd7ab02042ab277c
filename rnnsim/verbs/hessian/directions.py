"""The directions of a Hessian: numbers of parameters, and where their gradients are summed."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnnsim.equations.rules import reading
from rnnsim.families.network import Member
from rnnsim.kernels.hessian.descriptors import BIAS, IN, NUMBER, REC, START, TABLE, DirectionDescriptor
from rnnsim.kernels.recurrence.descriptors import NONE
from rnnsim.verbs.hessian.outline import SUMS, TABLE_SUMS, CurvatureOutline

Named = Iterator[tuple[str | None, DirectionDescriptor]]


def directions_of(outline: CurvatureOutline, places: dict[Any, dict[str, int]]) -> list[DirectionDescriptor]:
    """The directions, in the order of the parameters' numbers."""
    found: dict[str | None, list[DirectionDescriptor]] = {name: [] for name in outline.parameters}
    for name, direction in all_directions(outline, places):
        if name in found:
            found[name].append(direction)
    return [direction for of_parameter in found.values() for direction in of_parameter]


def all_directions(outline: CurvatureOutline, places: dict[Any, dict[str, int]]) -> Named:
    """The directions by their parameters, layer after layer."""
    if outline.inputs_move:
        yield from of_table(outline, places[TABLE_SUMS])
    for number, member in enumerate(outline.members):
        for kind in (of_weights, of_biases, of_starts, of_numbers):
            yield from kind(outline, number, member, places[SUMS, number])


def of_table(outline: CurvatureOutline, sums: dict[str, int]) -> Named:
    """The numbers of the table."""
    for e, (row, term) in enumerate(np.ndindex(outline.rows["table"].shape)):
        at, d_at = sums_of(outline, sums, "grad_table", e)
        yield "table", DirectionDescriptor(layer=0, kind=TABLE, gate=0, row=row, term=term, at=at, d_at=d_at)


def of_weights(outline: CurvatureOutline, number: int, member: Member, sums: dict[str, int]) -> Named:
    """The numbers of a layer's weights."""
    weights = [(member.w_in, "grad_in", IN, "x", member.inputs), (member.w_rec, "grad_rec", REC, "h", member.units)]
    for name, what, kind, letter, terms in weights:
        gates = reading(member.cell, letter) if name in outline.parameters else ()
        for e, (gate, row, term) in enumerate(np.ndindex(len(gates), member.units, terms)):
            at, d_at = sums_of(outline, sums, what, e)
            yield name, DirectionDescriptor(layer=number, kind=kind, gate=gates[gate], row=row, term=term, at=at, d_at=d_at)


def of_biases(outline: CurvatureOutline, number: int, member: Member, sums: dict[str, int]) -> Named:
    """The numbers of a layer's biases."""
    for name, gates in member.biases:
        for gate in gates if name in outline.parameters else ():
            for row in range(member.units):
                at, d_at = sums_of(outline, sums, "grad_bias", gate * member.units + row)
                yield name, DirectionDescriptor(layer=number, kind=BIAS, gate=gate, row=row, at=at, d_at=d_at)


def of_starts(outline: CurvatureOutline, number: int, member: Member, sums: dict[str, int]) -> Named:
    """The numbers of a layer's starts."""
    units, states = member.units, member.cell.states
    for state, name in enumerate(member.starts, member.cell.outputs):
        samples = outline.run.net.templates[name].sizes.get("sample", 0)
        for sample, row in np.ndindex(max(samples, 1), units if name in outline.parameters else 0):
            at, d_at = sums_of(outline, sums, "grad_start", (sample * states + state) * units + row)
            which = sample if samples else NONE
            yield name, DirectionDescriptor(layer=number, kind=START, gate=state, row=row, sample=which, at=at, d_at=d_at)


def of_numbers(outline: CurvatureOutline, number: int, member: Member, sums: dict[str, int]) -> Named:
    """The numbers of a layer's cells themselves."""
    for which, name in enumerate(member.constants[: member.cell.tracked]):
        for row in range(member.units):
            at, d_at = sums_of(outline, sums, "grad_number", which * member.units + row)
            yield name, DirectionDescriptor(layer=number, kind=NUMBER, gate=which, row=row, at=at, d_at=d_at)


def sums_of(outline: CurvatureOutline, sums: dict[str, int], what: str, number: int) -> tuple[int, int]:
    """Where a gradient, and its tangents, are summed: those of a number of all of its kind."""
    return sums[what] + number * outline.lanes, sums[f"d_{what}"] + number * outline.lanes
