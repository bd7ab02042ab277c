"""Frames of tangent vectors, pushed forward through a step of every layer.

    dA = W_in dX + W_rec dH          one a gate, dX being the new dH of the layer below
    dS' = pushforward(dS, dA)        unit by unit, all tangents at once

Where something else than the first state is read, dH = ∂output/∂s dS, which is no part of the frame.

A frame is a matrix, a row a state of a unit (layer by layer; within a layer h of all units, then what other states there are) and a column
a tangent. Where the lanes of the states are points or samples, each tangent is a lane vector; where they are units, tangents are the lanes,
so that the partial derivatives and the weights are numbers for all of them. `frame` (see `descriptors`) says where all stands.
"""

from typing import Any, NamedTuple

from numba.extending import overload

from rnnsim.equations.arity import own_of, partials_of, read_of, slots, with_read
from rnnsim.equations.rules import push_output, pushforward, reading
from rnnsim.kernels.linalg.matmul import LaneRows, Vectors, element, factor, product_of_two
from rnnsim.kernels.recurrence.layers import kernel_of, place_of
from rnnsim.numerics.jit import internal, specialised
from rnnsim.numerics.simd import align_stack, splat
from rnnsim.numerics.tuples import put, take, width
from rnnsim.numerics.unrolled import unrolled


class Spread(NamedTuple):
    """How tangents are laid out: the kind of a lane vector, a tile of products, how weights and the numbers of units are read
    (`AsVectors` or `AsNumbers`), how far units of these are apart, and how many tangents a vector holds."""

    kind: Any
    tile: Any
    weights: Any
    data: Any
    apart: int
    together: int


@unrolled(forceinline=True)
def elements(kind, count, factor, position, apart):
    """The tuple of elements that stand `apart` numbers from each other, one for each member of the tuple `count`."""
    return tuple(element(kind, factor, position + i * apart) for i in range(len(count)))


@internal
def push_linear(spread, cell, scratch, layer, frame):
    """dA of all gates."""
    x_gates, h_gates, gates = reading(cell, "x"), reading(cell, "h"), len(slots(cell, "gates"))
    units, terms, row, lanes = layer.units, layer.terms, frame.row, frame.weight_lanes
    h_at, x_at = frame.tangents + layer.place * row, frame.pushed + max(layer.place_below, 0) * row
    if layer.place_read >= 0:
        h_at = frame.read + layer.place_read * row
    if layer.place_read_below >= 0:
        x_at = frame.read + layer.place_read_below * row
    h = Vectors(scratch, h_at, 0, row, width(spread.kind) * len(spread.tile.columns))
    x = Vectors(scratch, x_at, 0, row, width(spread.kind) * len(spread.tile.columns))
    nothing = LaneRows(scratch, frame.nothing, 0)
    for gate in range(gates):
        in_x, in_h = place_of(gate, x_gates), place_of(gate, h_gates)
        count, more = terms if in_x >= 0 and layer.place_below >= 0 else 0, units if in_h >= 0 else 0
        w_in = factor(spread.weights, scratch, layer.in_tangent + max(in_x, 0) * units * terms * lanes, 0, lanes, terms * lanes)
        w_rec = factor(spread.weights, scratch, layer.rec_tangent + max(in_h, 0) * units * units * lanes, 0, lanes, units * lanes)
        out = LaneRows(scratch, frame.gates + gate * units * row, row)
        product_of_two(spread.kind, spread.tile, out, nothing, units, frame.tiles, count, x, w_in, more, h, w_rec)


def push_outputs(spread, cell, scratch, layer, frame):
    """The tangents of what is read of the last states, if that is no state."""
    if cell.outputs:
        push_read(spread, cell, scratch, layer, frame)


@overload(push_outputs)
def _push_outputs(spread, cell, scratch, layer, frame):
    if cell.instance_class.outputs:
        return lambda spread, cell, scratch, layer, frame: push_read(spread, cell, scratch, layer, frame)
    return lambda spread, cell, scratch, layer, frame: None


@internal
def states_at(cell, layer, frame):
    """Where the cell's own states before step `frame.step` of sequence `frame.sequence` stand."""
    first = frame.step * len(slots(cell, "states")) + len(slots(cell, "outputs"))
    return layer.states + first * layer.frame + frame.sequence * layer.row


@internal
def push_read(spread, cell, scratch, layer, frame):
    """dH = ∂output/∂s dS."""
    kind, own, units, row = spread.kind, slots(cell, "own"), layer.units, frame.row
    data, at = factor(spread.data, scratch, 0, 0, 0, 0), states_at(cell, layer, frame)
    for unit in range(units):
        s = elements(kind, own, data, at + unit * spread.apart, layer.frame)
        for p in range(0, row, width(kind)):
            ds = take(kind, own, scratch, frame.tangents + (layer.place + unit) * row + p, units * row)
            put(scratch, frame.read + (layer.place_read + unit) * row + p, 0, push_output(cell, s, ds))


@internal
def push_cells(spread, cell, scratch, layer, frame):
    """The new tangents of all states, from the partial derivatives of step `frame.step` and sequence `frame.sequence`."""
    gates, own, constants, partials = slots(cell, "gates"), slots(cell, "own"), slots(cell, "constants"), partials_of(cell)
    kind, units, row = spread.kind, layer.units, frame.row
    data = factor(spread.data, scratch, 0, 0, 0, 0)
    at = layer.partials + frame.step * len(partials) * layer.frame + frame.sequence * layer.row
    constant = layer.constants + frame.sequence * layer.row
    for unit in range(units):
        d = elements(kind, partials, data, at + unit * spread.apart, layer.frame)
        c = elements(kind, constants, data, constant + unit * spread.apart, layer.frame)
        here = (layer.place + unit) * row
        for p in range(0, row, width(kind)):
            ds = with_read(cell, splat(kind, 0.0), take(kind, own, scratch, frame.tangents + here + p, units * row))
            da = take(kind, gates, scratch, frame.gates + unit * row + p, units * row)
            new = pushforward(cell, c, d, ds, da)
            put(scratch, frame.pushed + here + p, units * row, own_of(cell, new))
            put(scratch, frame.read + (layer.place_read + unit) * row + p, 0, read_of(cell, new))


@specialised
def push_of(spread, cell):
    """The kernel that pushes tangents through a layer of these cells."""

    @kernel_of(cell)
    def push(scratch, layer, frame):
        align_stack()
        push_outputs(spread, cell, scratch, layer, frame)
        push_linear(spread, cell, scratch, layer, frame)
        push_cells(spread, cell, scratch, layer, frame)

    return push
