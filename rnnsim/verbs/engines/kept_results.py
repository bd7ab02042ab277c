"""What results of networks of many units are filled from: frames of a layer's units, and sums over samples."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rnnsim.kernels.recurrence.descriptors import SumDescriptor
from rnnsim.verbs.engines.outline import COSTS, RUN, Layer, Outline

Places = dict[Any, dict[str, int]]


class Frames(NamedTuple):
    """Frames of units that fill results of these names, or a part of their numbers: the other fields are those of `KeepDescriptor`."""

    names: tuple[str, ...]
    at: int
    by_step: int
    row: int
    units: int
    first_number: int = 0
    first_step: int = 0
    back: int = 0
    final: bool = False


class Sums(NamedTuple):
    """Sums over samples that fill the result `name`, or a part of its numbers: the fields are those of `SumDescriptor`."""

    name: str
    units: int
    terms: int
    at: int
    row: int
    first_number: int = 0

    def into(self, address: int, numbers: int, first: int = 0) -> SumDescriptor:
        """They fill an array of so many numbers a point, from the number `first` on."""
        return SumDescriptor(
            address=address,
            numbers=numbers,
            first_number=first + self.first_number,
            units=self.units,
            terms=self.terms,
            at=self.at,
            row=self.row,
        )


def forward_frames(outline: Outline, places: Places) -> list[tuple[str, Frames]]:
    """What fills the results of the way forward that are wanted."""
    found = [frames for i, layer in enumerate(outline.layers) for frames in frames_of_states(outline, layer, places[i])]
    return wanted(outline, found)


def backward_frames(outline: Outline, places: Places) -> list[tuple[str, Frames]]:
    """What fills the results of the way back that are wanted."""
    if not outline.request.back:
        return []
    found = [frames for i, layer in enumerate(outline.layers) for frames in frames_of_cotangents(outline, layer, places[i])]
    if "grad_inputs" in places[RUN]:
        shape, at = outline.inputs, places[RUN]["grad_inputs"] - outline.inputs.frame
        found.append(Frames(names=("grad_input",), at=at, by_step=shape.frame, row=shape.row, units=shape.units, first_step=1))
    return wanted(outline, found)


def wanted(outline: Outline, found: list[Frames]) -> list[tuple[str, Frames]]:
    """Frames by the name of each result that is wanted."""
    return [(name, frames) for frames in found for name in frames.names if name in outline.names]


def frames_of_states(outline: Outline, layer: Layer, at: dict[str, int]) -> Iterator[Frames]:
    """Of states and pre-activations of a layer, or of outputs."""
    cell, named, (units, row, frame, _) = layer.member.cell, layer.member.results, layer.shape
    if not cell.states:
        yield Frames(names=("output",), at=at["pre"] - frame, by_step=frame, row=row, units=units, first_step=1)
        return
    states, jump = at["states"] + cell.outputs * frame, cell.states * frame
    if cell.outputs and layer is outline.layers[-1]:
        yield Frames(names=("output",), at=at["states"], by_step=jump, row=row, units=units)
    yield Frames(names=named("increment"), at=states, by_step=jump, row=row, units=units, first_step=1, back=jump)
    for i, state in enumerate(layer.member.states):
        at_state = states + i * frame
        yield Frames(names=named(state), at=at_state, by_step=jump, row=row, units=units)
        yield Frames(names=named(f"final_{state}"), at=at_state, by_step=jump, row=row, units=units, final=True)
    if layer.overlap:
        rank, of_rank, of_frame, _ = layer.overlap
        yield Frames(names=named("overlap"), at=at["overlap"], by_step=of_frame, row=of_rank, units=rank)
    yield from frames_of_gates(outline, layer, at["pre"], named("preactivation"))


def frames_of_cotangents(outline: Outline, layer: Layer, at: dict[str, int]) -> Iterator[Frames]:
    """Of cotangents of states and pre-activations of a layer."""
    member, (units, row, frame, _) = layer.member, layer.shape
    for state, name in enumerate(member.starts):
        if outline.by_sample(name):
            at_start = at["cotangent"] + (member.cell.outputs + state) * frame
            yield Frames(names=(f"grad_{name}",), at=at_start, by_step=0, row=row, units=units, final=True)
    if "history" in at:
        yield Frames(names=member.results("grad_state"), at=at["history"], by_step=frame, row=row, units=units)
    if member.cell.states:
        yield from frames_of_gates(outline, layer, at["pre"], member.results("grad_preactivation"))


def frames_of_gates(outline: Outline, layer: Layer, pre: int, names: tuple[str, ...]) -> Iterator[Frames]:
    """Of what stands in the place of pre-activations, gate by gate."""
    cell, (units, row, frame, _) = layer.member.cell, layer.shape
    jump = cell.gates * frame
    for gate in range(cell.known_gates if outline.wants(*names) else 0):
        at = pre + gate * frame - jump
        yield Frames(names=names, at=at, by_step=jump, row=row, units=units, first_step=1, first_number=gate * units)


def sums_of(outline: Outline, places: Places) -> list[Sums]:
    """The sums of a run."""
    found, lanes = [], outline.tiling.lanes
    if "grad_table" in places[RUN]:
        tokens, at = outline.tokens, places[RUN]["grad_table"]
        found.append(Sums(name="grad_table", units=tokens, terms=outline.inputs.units, at=at, row=tokens * lanes))
    if outline.request.back:
        for i, layer in enumerate(outline.layers):
            found += sums_of_layer(outline, layer, places[i])
    for i in range(len(outline.request.costs)):
        at = places[COSTS]["cost"] + i * lanes
        found.append(Sums(name=f"metric_{i}" if i else "cost", units=1, terms=1, at=at, row=0))
    return found


def sums_of_layer(outline: Outline, layer: Layer, at: dict[str, int]) -> Iterator[Sums]:
    """Of the gradients of a layer's weights, biases, numbers and starts."""
    member, (units, row, *_) = layer.member, layer.shape
    for what, name, gates, terms, _, moving in layer.weights:
        for gate in range(gates if moving else 0):
            place = at[f"{what}_gradient"] + gate * terms * row
            yield Sums(name=f"grad_{name}", units=units, terms=terms, at=place, row=row, first_number=gate * units * terms)
    for name, reads in member.biases:
        for i, gate in enumerate(reads):
            yield Sums(name=f"grad_{name}", units=units, terms=1, at=at["grad_bias"] + gate * row, row=0, first_number=i * units)
    for number, name in enumerate(member.constants[: member.cell.tracked]):
        yield Sums(name=f"grad_{name}", units=units, terms=1, at=at["grad_numbers"] + number * row, row=0)
    for state, name in enumerate(member.starts):
        if not outline.by_sample(name):
            place = at["grad_starts"] + (member.cell.outputs + state) * row
            yield Sums(name=f"grad_{name}", units=units, terms=1, at=place, row=0)
