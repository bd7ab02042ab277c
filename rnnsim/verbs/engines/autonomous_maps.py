"""The map that every network of a family with constant inputs is, as kernels take it: block by block."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from rnnsim.equations import cells
from rnnsim.equations.rules import reading
from rnnsim.equations.symbolic.tracing import cell_of
from rnnsim.families.axes import Grid
from rnnsim.families.network import Member, Network
from rnnsim.kernels.maps.map import Layer
from rnnsim.numerics import parallel
from rnnsim.runs.constant_inputs import check_constant, over_steps
from rnnsim.runs.run import Run, prepare
from rnnsim.verbs.engines.sources import Source, Sources

Block = tuple[tuple[Layer, ...], np.ndarray]


def quiet(member: Member) -> Member:
    """A layer without its noise: of an Elman network the one that has none, of which more is known; other cells' noise is 0 in maps."""
    cell: Any = member.cell
    if cell.declared is not cells.NoisyElman:
        return member
    return replace(member, cell=cell_of(cells.LeakyElman, cell.activation), constants=member.constants[:1])


@dataclass(frozen=True)
class LayerState:
    """Where in a state vector one state of one layer stands: `names` are those under which results know it; what results call the state,
    and the layer's number."""

    name: str
    suffix: str
    top: bool
    at: int
    units: int

    @property
    def place(self) -> slice:
        return slice(self.at, self.at + self.units)

    def names(self, name: str | None = None) -> tuple[str, ...]:
        """The names under which results keep it, or a variable of this form that is called otherwise."""
        name = name or self.name
        return (f"{name}{self.suffix}", name) if self.top and self.suffix else (f"{name}{self.suffix}",)


@dataclass(frozen=True)
class Map:
    """A family of networks, each with its constant inputs. A state is a vector: layers bottom first; of each, h, then c if it has one."""

    run: Run

    @property
    def net(self) -> Network:
        return self.run.net

    @property
    def grid(self) -> Grid:
        """The axes of the family and of the inputs."""
        return self.run.grid

    @property
    def points(self) -> int:
        return self.grid.points

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The layers, bottom first, without their noise."""
        return tuple(map(quiet, self.net.members))

    @cached_property
    def cells(self) -> tuple[Any, ...]:
        """The layers' cells, bottom first."""
        return tuple(member.cell for member in self.members)

    @cached_property
    def size(self) -> int:
        """Numbers of one state."""
        return sum(member.units * member.own for member in self.members)

    @cached_property
    def layer_states(self) -> tuple[LayerState, ...]:
        """What a state vector consists of."""
        found, at = [], 0
        for member in self.members:
            for name in member.states:
                found.append(LayerState(name, member.suffix, member.top, at, member.units))
                at += member.units
        return tuple(found)

    @property
    def inputs(self) -> int:
        """Numbers of one input, behind an embedding."""
        return self.members[0].inputs

    @property
    def numbers(self) -> int:
        """Numbers of one point's parameters."""
        of_layers: list[int] = [
            m.units * (len(reading(m.cell, "x")) * m.inputs + len(reading(m.cell, "h")) * m.units + m.cell.gates + m.cell.constants)
            for m in self.members
        ]
        return sum(of_layers) + self.inputs

    def gate_scratch(self) -> np.ndarray:
        """Scratch for kernels of one thread."""
        read = self.size * (3 + self.size) if any(cell.outputs for cell in self.cells) else 0
        return np.zeros(max(cell.gates for cell in self.cells) * (1 + self.size) + read)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self.run, dense=True)

    def block(self, lo: int, hi: int) -> Block:
        """The layers' parameters and the inputs (point, input) of the points lo…hi."""
        sources = BlockOfSources(self.sources, lo, hi)
        return tuple(layer_of(member, sources) for member in self.members), inputs_of(self, sources)

    def starts(self, lo: int, hi: int) -> np.ndarray:
        """The families' own states at step 0, (point, state); of the first sample, if samples have starts of their own."""
        sources = BlockOfSources(self.sources, lo, hi)
        names = [(name, member.units) for member in self.members for name in member.starts]
        return np.concatenate([sources.rows(name, 1, units)[:, 0] for name, units in names], axis=1)

    def blocks(self, work: int) -> list[tuple[int, int]]:
        """Blocks of points, each of which takes so many multiplications, for the threads."""
        return parallel.blocks(self.points, max(1, work // 64), self.numbers, 1)


def folded(maps: Map, block: Block) -> Block:
    """The same maps without inputs: what they add to the pre-activations of the bottom layer is part of the bias."""
    (bottom, *above), x = block
    bias, gates = bottom.bias.copy(), reading(maps.cells[0], "x")
    bias[:, list(gates)] += (bottom.w_in * x[:, None, None, :]).sum(axis=-1)
    nothing = np.zeros((*bottom.w_in.shape[:-1], 0))
    return (bottom._replace(w_in=nothing, bias=bias), *above), np.zeros((len(x), 0))


class BlockOfSources:
    """The numbers of a block of points, of any parameter."""

    def __init__(self, sources: Sources, lo: int, hi: int):
        self.sources, self.lo, self.hi = sources, lo, hi

    def _of(self, name: str) -> tuple[Source, np.ndarray, np.ndarray]:
        source = self.sources.source(name)
        offsets = np.empty(self.hi - self.lo, np.int64)
        values = source.block(self.lo, self.hi, offsets)
        return source, values, offsets

    def whole(self, name: str, *shape: int) -> np.ndarray:
        """A parameter that stands in full: (point, *shape)."""
        _, values, offsets = self._of(name)
        return values[offsets[:, None] + np.arange(np.prod(shape, dtype=np.int64))].reshape(-1, *shape)

    def rows(self, name: str, gates: int, units: int) -> np.ndarray:
        """A parameter of units, of which a number may fill all: (point, gate, unit)."""
        source, values, offsets = self._of(name)
        places = np.arange(gates)[:, None] * source.by_gate + np.arange(units) * source.by_unit
        found: np.ndarray = values[offsets[:, None, None] + places]
        return found


def layer_of(member: Member, sources: BlockOfSources) -> Layer:
    """The parameters of one layer for a block."""
    cell, n = member.cell, member.units
    w_in = sources.whole(member.w_in, len(reading(cell, "x")), n, member.inputs)
    w_rec = sources.whole(member.w_rec, len(reading(cell, "h")), n, n) if member.w_rec else np.zeros((len(w_in), 0, n, n))
    bias = np.zeros((sources.hi - sources.lo, cell.gates, n))
    for name, gates in member.biases:
        bias[:, list(gates)] += sources.rows(name, len(gates), n)
    constants = np.zeros((sources.hi - sources.lo, n, cell.constants))
    for i, name in enumerate(member.constants):
        constants[:, :, i] = sources.rows(name, 1, n)[:, 0]
    return Layer(w_in, w_rec, bias, constants.reshape(len(constants), n * cell.constants))


def inputs_of(maps: Map, sources: BlockOfSources) -> np.ndarray:
    """The inputs (point, input), rows of a table if there is one."""
    if maps.net.table is None:
        return sources.whole("inputs", maps.inputs)
    tokens = sources.whole("inputs").astype(np.int64)
    table = sources.whole("table", maps.net.table.sizes["token"], maps.inputs)
    return table[np.arange(len(tokens)), tokens]


def map_of(net: Network, inputs: Any, names: Any = ()) -> Map:
    """The maps of a family with constant inputs, all checked; `names` are the variables of the result, which no axis may have."""
    constant = over_steps(check_constant(net, inputs), 1)
    return Map(prepare(net, constant, None, names, "float64", with_targets=False))
