"""Layers of many units, forward and back through time, for a group of lanes.

    a[k] = W_in x[k] + W_rec h[k-1] + bias          one a gate, for the gates that read x, h or both
    s[k] = step(s[k-1], a[k])                       element by element, s = (h, …)

Where something else than the first state is read (`outputs`), h is that, and the cell's own states follow it.

A *frame* is one quantity of all units and sequences at one step: numbers[row · layer.row + unit · apart + lane], a row a sequence. What
lanes are, the layout decides; a frame is longer than its rows, up to a whole number of wide registers. All frames stand in `scratch`, and
`layer` (see `descriptors`) says where; a layer reads x from `values`, which is the scratch or the inputs as the user gave them.
"""

from functools import partial
from typing import Any, NamedTuple

from numba.extending import overload

from rnnsim.equations.arity import partials_of, slots
from rnnsim.equations.rules import linearize, output, pull_numbers, pull_output, pullback, reading, report, step
from rnnsim.kernels.linalg.matmul import AsNumbers, LaneRows, Vectors, factor, product, product_of_two
from rnnsim.kernels.recurrence.low_rank import (
    Full,
    add_fixed,
    collect_read,
    find_overlap,
    pull_overlap,
    pulled_at,
    read_at,
    read_from,
)
from rnnsim.numerics.jit import internal, kernel, specialised
from rnnsim.numerics.simd import align_stack, load, store
from rnnsim.numerics.tuples import INLINE, add, put, take, width, zeros
from rnnsim.numerics.unrolled import unrolled

TERMS = 32  # of a product for weights' gradients, as many sequences and steps as stay in the first-level cache
ONES = 0  # where scratch has a register of ones


class LaneLayout(NamedTuple):
    """What lanes are: the lanes of products and of frames, a tile, how weights and data are read (`AsVectors` or `AsNumbers`), how far
    the units of a frame are apart, and whether w_rec is given in full or as factors."""

    narrow: Any
    wide: Any
    tile: Any
    weights: Any
    data: Any
    apart: int
    recurrence: Any = Full()


@overload(reading, prefer_literal=True, jit_options=INLINE)
def _reading(cell, letter):
    gates = cell.instance_class.x_gates if letter.literal_value == "x" else cell.instance_class.h_gates
    return lambda cell, letter: gates


@unrolled(forceinline=True)
def place_of(gate, gates):
    """Where a gate stands in a tuple of gates; -1 if it does not."""
    place = -1
    for i, reader in enumerate(gates):
        if reader == gate:
            place = i
    return place


def gate_at(gates, i):
    """A member of a tuple of gates that may have none."""
    return gates[i]


@overload(gate_at, jit_options=INLINE)
def _gate_at(gates, i):
    return (lambda gates, i: gates[i]) if len(gates) else (lambda gates, i: -1)


@internal
def project(layout, cell, scratch, values, layer, chunk):
    """a = W_in x + bias for all steps; a gate that reads no x gets its bias."""
    gates, summed, readers = len(slots(cell, "gates")), len(slots(cell, "summed")), reading(cell, "x")
    row, frame, rows, steps, panel = layer.row, layer.frame, chunk.rows, chunk.steps, layer.panel
    if gates * frame == rows * row and chunk.by_step == rows * chunk.by_row:  # all steps follow each other row by row
        calls, count, by_call, by_row, x_by_call, x_by_row = 1, rows * steps, 0, row, 0, chunk.by_row
    elif rows < len(layout.tile.rows):
        calls, count, by_call, by_row, x_by_call, x_by_row = rows, steps, row, gates * frame, chunk.by_row, chunk.by_step
    else:
        calls, count, by_call, by_row, x_by_call, x_by_row = steps, rows, gates * frame, row, chunk.by_step, chunk.by_row
    for gate in range(summed):
        place = place_of(gate, readers)
        weights = layer.in_forward + max(place, 0) * layer.tiles * layer.terms * panel
        terms = layer.terms if place >= 0 else 0
        a = factor(layout.weights, scratch, weights, 0, panel, terms * panel)
        bias = LaneRows(scratch, layer.bias + gate * row, 0)
        for i in range(calls):
            out = LaneRows(scratch, layer.pre + gate * frame + i * by_call, by_row)
            b = factor(layout.data, values, chunk.first + i * x_by_call, 0, layout.apart, x_by_row)
            product(layout.narrow, layout.tile, out, bias, count, layer.tiles, 1, terms, a, b)


@internal
def sum_inputs_and_states(layout, cell, scratch, values, layer, chunk, k, past, at):
    """a[k] = W_in x[k] + W_rec h[k-1] + bias."""
    x_gates, h_gates, summed = reading(cell, "x"), reading(cell, "h"), len(slots(cell, "summed"))
    terms, row, frame, tiles, panel = layer.terms, layer.row, layer.frame, layer.tiles, layer.panel
    read, read_row, read_terms = read_at(layout, layer, past, k)
    x = factor(layout.data, values, chunk.first + k * chunk.by_step, 0, layout.apart, chunk.by_row)
    h = factor(layout.data, scratch, read, 0, layout.apart, read_row)
    for gate in range(summed):
        in_x, in_h = place_of(gate, x_gates), place_of(gate, h_gates)
        w_in = factor(layout.weights, scratch, layer.in_forward + max(in_x, 0) * tiles * terms * panel, 0, panel, terms * panel)
        rec = layer.rec_forward + max(in_h, 0) * tiles * read_terms * panel
        w_rec = factor(layout.weights, scratch, rec, 0, panel, read_terms * panel)
        out, bias = LaneRows(scratch, at + gate * frame, row), LaneRows(scratch, layer.bias + gate * row, 0)
        count, more = terms if in_x >= 0 else 0, read_terms if in_h >= 0 else 0
        product_of_two(layout.narrow, layout.tile, out, bias, chunk.rows, tiles, count, w_in, x, more, w_rec, h)


@internal
def add_states(layout, cell, scratch, layer, chunk, k, past, at):
    """a[k] += W_rec h[k-1]."""
    readers, row, tiles, panel = reading(cell, "h"), layer.row, layer.tiles, layer.panel
    read, read_row, terms = read_at(layout, layer, past, k)
    h = factor(layout.data, scratch, read, 0, layout.apart, read_row)
    for i in range(len(readers)):
        out = LaneRows(scratch, at + gate_at(readers, i) * layer.frame, row)
        w_rec = factor(layout.weights, scratch, layer.rec_forward + i * tiles * terms * panel, 0, panel, terms * panel)
        product(layout.narrow, layout.tile, out, out, chunk.rows, tiles, 1, terms, w_rec, h)


def prepare_steps(layout, cell, scratch, values, layer, chunk):
    """Project the inputs of all steps at once where lanes are units: with few units it is faster to do so step by step."""
    if isinstance(layout.data, AsNumbers):
        project(layout, cell, scratch, values, layer, chunk)


@overload(prepare_steps)
def _prepare_steps(layout, cell, scratch, values, layer, chunk):
    if layout.types[layout.fields.index("data")].instance_class is AsNumbers:
        return lambda layout, cell, scratch, values, layer, chunk: project(layout, cell, scratch, values, layer, chunk)
    return lambda layout, cell, scratch, values, layer, chunk: None


def sum_step(layout, cell, scratch, values, layer, chunk, k, past, at):
    """What is left to do for the pre-activations of a step."""
    if isinstance(layout.data, AsNumbers):
        add_states(layout, cell, scratch, layer, chunk, k, past, at)
    else:
        sum_inputs_and_states(layout, cell, scratch, values, layer, chunk, k, past, at)


@overload(sum_step)
def _sum_step(layout, cell, scratch, values, layer, chunk, k, past, at):
    if layout.types[layout.fields.index("data")].instance_class is AsNumbers:
        return lambda layout, cell, scratch, values, layer, chunk, k, past, at: add_states(
            layout, cell, scratch, layer, chunk, k, past, at
        )
    return lambda layout, cell, scratch, values, layer, chunk, k, past, at: sum_inputs_and_states(
        layout, cell, scratch, values, layer, chunk, k, past, at
    )


def start_outputs(wide, cell, scratch, layer):
    """What is read of the states at step 0."""
    if cell.outputs:
        find_outputs(wide, cell, scratch, layer)


@overload(start_outputs)
def _start_outputs(wide, cell, scratch, layer):
    if cell.instance_class.outputs:
        return lambda wide, cell, scratch, layer: find_outputs(wide, cell, scratch, layer)
    return lambda wide, cell, scratch, layer: None


@internal
def find_outputs(wide, cell, scratch, layer):
    """h[0] = output(s[0])."""
    own, frame = slots(cell, "own"), layer.frame
    for p in range(0, frame, width(wide)):
        put(scratch, layer.states + p, frame, output(cell, take(wide, own, scratch, layer.states + frame + p, frame)))


def end_outputs(wide, cell, scratch, layer):
    """Add to the cotangents of the states at the first step that of what is read of them."""
    if cell.outputs:
        pull_outputs(wide, cell, scratch, layer)


@overload(end_outputs)
def _end_outputs(wide, cell, scratch, layer):
    if cell.instance_class.outputs:
        return lambda wide, cell, scratch, layer: pull_outputs(wide, cell, scratch, layer)
    return lambda wide, cell, scratch, layer: None


@internal
def pull_outputs(wide, cell, scratch, layer):
    """s̄[0] += h̄[0] ∂output(s[0])/∂s."""
    own, read, frame, cotangent = slots(cell, "own"), slots(cell, "outputs"), layer.frame, layer.cotangent
    for p in range(0, frame, width(wide)):
        s = take(wide, own, scratch, layer.states + frame + p, frame)
        g = pull_output(cell, s, take(wide, read, scratch, cotangent + p, frame))
        put(scratch, cotangent + frame + p, frame, add(take(wide, own, scratch, cotangent + frame + p, frame), g))


def cotangent_of_first(wide, cell, scratch, at, frame, g):
    """The cotangent of the first of the cell's own states, which stand in scratch, from those of all states."""
    return g[0] if not cell.outputs else add_read(wide, cell, scratch, at, frame, g)


@overload(cotangent_of_first)
def _cotangent_of_first(wide, cell, scratch, at, frame, g):
    if cell.instance_class.outputs:
        return lambda wide, cell, scratch, at, frame, g: add_read(wide, cell, scratch, at, frame, g)
    return lambda wide, cell, scratch, at, frame, g: g[0]


@internal
def add_read(wide, cell, scratch, at, frame, g):
    """The same, where something else is read."""
    return g[1] + pull_output(cell, take(wide, slots(cell, "own"), scratch, at + frame, frame), (g[0],))[0]


@internal
def forward_layer(layout, cell, scratch, values, layer, chunk, taped):
    """The states of a layer at steps 1…steps, from those at step 0; with the partial derivatives if `taped`."""
    align_stack()
    if chunk.start == 0:
        start_outputs(layout.wide, cell, scratch, layer)
    prepare_steps(layout, cell, scratch, values, layer, chunk)
    gates, states, constants = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    wide, frame, partials, readers = layout.wide, layer.frame, partials_of(cell), reading(cell, "h")
    past, at, tape, constant = layer.states, layer.pre, layer.partials, layer.constants
    for k in range(chunk.steps):
        find_overlap(layout, scratch, layer, chunk, past, k)
        sum_step(layout, cell, scratch, values, layer, chunk, k, past, at)
        add_fixed(layout, scratch, layer, chunk, past, at + gate_at(readers, 0) * frame)
        new = past + len(states) * frame
        for p in range(0, frame, width(wide)):
            c = take(wide, constants, scratch, constant + p, frame)
            s = take(wide, states, scratch, past + p, frame)
            a = take(wide, gates, scratch, at + p, frame)
            if taped:
                s, d = linearize(cell, c, s, a)
                put(scratch, tape + p, frame, d)
                put(scratch, new + p, frame, s)
            else:
                put(scratch, new + p, frame, step(cell, c, s, a))
        past, at, tape = new, at + len(gates) * frame, tape + len(partials) * frame
    find_overlap(layout, scratch, layer, chunk, past, chunk.steps)


@internal
def collect(layout, cell, scratch, values, layer, chunk, first, count):
    """Add the gradients of weights and biases from the steps first…first + count, whose cotangents ā stand in `pre`:
    W̄_rec += Σ ā h[k-1]ᵀ, W̄_in += Σ ā x[k]ᵀ, b̄ += Σ ā."""
    gates, states = len(slots(cell, "gates")), len(slots(cell, "states"))
    row, frame, rows, terms = layer.row, layer.frame, chunk.rows, layer.terms
    x_gates, h_gates = reading(cell, "x"), reading(cell, "h")
    jump, tile_row, apart = states * frame, width(layout.narrow) * len(layout.tile.columns), layout.apart
    read, by_step, by_row, read_terms = read_from(layout, layer, first, jump)
    for gate in range(len(slots(cell, "summed"))):
        a = Vectors(scratch, layer.pre + (first * gates + gate) * frame, gates * frame, row, tile_row)
        in_h, in_x = place_of(gate, h_gates), place_of(gate, x_gates)
        if in_h >= 0:
            h = factor(layout.data, scratch, read, by_step, by_row, apart)
            out = LaneRows(scratch, layer.rec_gradient + in_h * read_terms * row, row)
            product(layout.narrow, layout.tile, out, out, read_terms, layer.tiles, count, rows, a, h)
        if in_x >= 0:
            x = factor(layout.data, values, chunk.first + first * chunk.by_step, chunk.by_step, chunk.by_row, apart)
            out = LaneRows(scratch, layer.in_gradient + in_x * terms * row, row)
            product(layout.narrow, layout.tile, out, out, terms, layer.tiles, count, rows, a, x)
        one = factor(layout.data, scratch, ONES, 0, 0, 0)
        out = LaneRows(scratch, layer.grad_bias + gate * row, row)
        product(layout.narrow, layout.tile, out, out, 1, layer.tiles, count, rows, a, one)
    collect_read(layout, cell, scratch, layer, chunk, first, count)


@internal
def pull_inputs(layout, cell, scratch, layer, chunk, first, count):
    """x̄[k] = Σ W_inᵀ ā[k] over the gates, for the steps first…first + count, as frames of what is below."""
    gates, readers = len(slots(cell, "gates")), reading(cell, "x")
    units, panel, size, jump = layer.units, layer.panel, layer.below_frame, len(slots(cell, "gates")) * layer.frame
    if chunk.rows == 1:
        calls, rows, by_call, by_row, data_by_call, data_by_row = 1, count, 0, size, 0, jump
    else:
        calls, rows, by_call, by_row, data_by_call, data_by_row = count, chunk.rows, size, layer.below_row, jump, layer.row
    for call in range(calls):
        out = LaneRows(scratch, layer.below + first * size + call * by_call, by_row)
        offset = LaneRows(scratch, layer.nothing, 0)
        for i in range(len(readers)):
            place = layer.pre + (first * gates + gate_at(readers, i)) * layer.frame + call * data_by_call
            data = factor(layout.data, scratch, place, 0, layout.apart, data_by_row)
            a = factor(layout.weights, scratch, layer.in_back + i * layer.below_tiles * units * panel, 0, panel, units * panel)
            product(layout.narrow, layout.tile, out, offset, rows, layer.below_tiles, 1, units, a, data)
            offset = out


@internal
def backward_layer(layout, cell, scratch, values, layer, chunk):
    """Back-propagation through time: the cotangents of states and pre-activations, from those of h that come from above from step
    `top_from` on; the gradients of weights and biases are added to; the cotangents of what is below, if wanted."""
    align_stack()
    gates, states, constants = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    readers, partials, numbers = reading(cell, "h"), partials_of(cell), slots(cell, "tracked")
    row, frame, tiles, panel = layer.row, layer.frame, layer.tiles, layer.panel
    wide, rows, number_sums = layout.wide, chunk.rows, layer.number_sums
    cotangent, constant, history = layer.cotangent, layer.constants, layer.history
    together = max(1, TERMS // rows)
    collected, top_from = chunk.steps, chunk.top_from
    for k in range(chunk.steps - 1, -1, -1):
        at, tape = layer.pre + k * len(gates) * frame, layer.partials + k * len(partials) * frame
        top = layer.top + k * frame
        for p in range(0, frame, width(wide)):
            if k >= top_from:
                store(scratch, cotangent + p, load(wide, scratch, cotangent + p) + load(wide, scratch, top + p))
            g = take(wide, states, scratch, cotangent + p, frame)
            if history >= 0:
                own = layer.states + (k + 1) * len(states) * frame + p
                store(scratch, history + (k + 1) * frame + p, cotangent_of_first(wide, cell, scratch, own, frame, g))
            c = take(wide, constants, scratch, constant + p, frame)
            d = take(wide, partials, scratch, tape + p, frame)
            past, g_a = pullback(cell, c, d, g)
            sums = take(wide, numbers, scratch, number_sums + p, frame)
            put(scratch, number_sums + p, frame, add(sums, pull_numbers(cell, c, d, g)))
            put(scratch, cotangent + p, frame, add(zeros(wide, states), past))
            put(scratch, at + p, frame, g_a)
        out = LaneRows(scratch, cotangent, row)
        pull_overlap(layout, scratch, layer, chunk, k, at + gate_at(readers, 0) * frame)
        for i in range(len(readers)):
            made, made_row, terms, weights = pulled_at(layout, layer, k, at + gate_at(readers, i) * frame)
            data = factor(layout.data, scratch, made, 0, layout.apart, made_row)
            a = factor(layout.weights, scratch, weights + i * tiles * terms * panel, 0, panel, terms * panel)
            product(layout.narrow, layout.tile, out, out, rows, tiles, 1, terms, a, data)
        if collected - k == together or k == 0:
            collect(layout, cell, scratch, values, layer, chunk, k, collected - k)
            if layer.below >= 0:
                pull_inputs(layout, cell, scratch, layer, chunk, k, collected - k)
            collected = k
    end_outputs(wide, cell, scratch, layer)
    if history >= 0:
        first = cotangent + len(slots(cell, "outputs")) * frame
        for p in range(frame):
            scratch[history + p] = scratch[first + p]


def kernel_of(cell):
    """How kernels with these cells are compiled."""
    return partial(kernel, cached=cell.cached)


@specialised
def forward_of(layout, cell, taped):
    """The kernel of a layer of these cells on the way forward; of a linear map, if `cell` has no state."""
    if not type(cell).states:

        @kernel_of(cell)
        def mapped(scratch, values, layer, chunk):
            project(layout, cell, scratch, values, layer, chunk)

        return mapped

    @kernel_of(cell)
    def forward(scratch, values, layer, chunk):
        forward_layer(layout, cell, scratch, values, layer, chunk, taped)

    return forward


@specialised
def backward_of(layout, cell):
    """The kernel of a layer of these cells on the way back."""
    if not type(cell).states:

        @kernel_of(cell)
        def unmapped(scratch, values, layer, chunk):
            first = chunk.top_from
            collect(layout, cell, scratch, values, layer, chunk, first, chunk.steps - first)
            if layer.below >= 0:
                pull_inputs(layout, cell, scratch, layer, chunk, first, chunk.steps - first)

        return unmapped

    @kernel_of(cell)
    def backward(scratch, values, layer, chunk):
        backward_layer(layout, cell, scratch, values, layer, chunk)

    return backward


@specialised
def report_of(layout, cell):
    """The kernel that makes pre-activations those that users know, one a labelled gate."""

    @kernel_of(cell)
    def reporting(scratch, values, layer, chunk):
        gates = slots(cell, "gates")
        for k in range(chunk.steps):
            for p in range(0, layer.frame, width(layout.wide)):
                at = layer.pre + k * len(gates) * layer.frame + p
                put(scratch, at, layer.frame, report(cell, take(layout.wide, gates, scratch, at, layer.frame)))

    return reporting
