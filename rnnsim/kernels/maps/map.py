"""The map s' = F(s) that a network with constant inputs is, and its Jacobian, network by network on plain numbers.

    a[g, i] = Σ w_in[g, i, u] x[u] + Σ w_rec[g, i, u] h[u] + bias[g, i]        for the gates g that read x, h or both
    s'[i] = step(s[i], a[:, i])
    J[i, j] = ∂s'[i]/∂s[j]                                                      by pushforward of the unit tangents

A state is one vector: layers bottom first; of each, h of all units and then, if it has one, c. A layer above the first reads the *new* h of
the one below. What is read of a layer is h, or what the cell makes of its states (`outputs`), which is no state: h' and ∂h' stand for that
here. `layers` is a tuple of `Layer`, one a member of the tuple `cells`, and `p` says which of their points is meant.
`gate_scratch` is room for (1 + size) times the most gates of any cell, and for what is read of the states where that is none of them.
"""

from functools import partial
from typing import Any, NamedTuple

from numba.extending import overload, register_jitable

from rnnsim.equations.arity import own_of, read_of, slots, with_read
from rnnsim.equations.rules import linearize, output, output_slopes, pushforward, reading, step
from rnnsim.kernels.recurrence.layers import place_of
from rnnsim.numerics.jit import internal, kernel, specialised
from rnnsim.numerics.tuples import numbers_of
from rnnsim.numerics.unrolled import unrolled


class Layer(NamedTuple):
    """The parameters of a layer for a block of points: w_in (point, gate that reads x, unit, input), w_rec (point, gate that reads h, unit,
    unit_from), bias (point, gate, unit) and constants (point, unit · constants)."""

    w_in: Any
    w_rec: Any
    bias: Any
    constants: Any


def kernel_of(cells):
    """How kernels with these cells are compiled: uncached if a user's function is part of them."""
    return partial(kernel, cached=all(cell.cached for cell in cells))


@unrolled(forceinline=True)
def read_states(count, array, at, apart):
    """The tuple array[at], array[at + apart], …, one for each member of the tuple `count`."""
    return tuple(array[at + i * apart] for i in range(len(count)))


@unrolled(forceinline=True)
def write_states(array, at, apart, values):
    """Write the tuple of numbers that `read_states` reads."""
    for i, value in enumerate(values):
        array[at + i * apart] = value


@unrolled(forceinline=True)
def write_column(matrix, row, apart, column, values):
    """Write a tuple of numbers into a column of a matrix, `apart` rows from each other."""
    for i, value in enumerate(values):
        matrix[row + i * apart, column] = value


@unrolled(forceinline=True)
def unit_tangent(count, at, apart, j):
    """The tuple of which the member that stands at j is 1 and the others are 0, the first at `at`."""
    return tuple(1.0 if at + i * apart == j else 0.0 for i in range(len(count)))


@internal
def read_place(cell, last, size, gate_scratch):
    """Where in scratch stands what is read of a layer's states, the last of which is the one before `last` of `size`.

    From there on: h (unit) before the step; its slopes by the states (state, unit); h (unit) after it; and ∂h of that (unit, size).
    """
    return gate_scratch.size - last * (3 + size)


@internal
def place_kept(cell, first, n, size, gate_scratch):
    """Where stands what is kept of a layer whose first state is `first`, behind the slopes."""
    states = n * len(slots(cell, "own"))
    return read_place(cell, first + states, size, gate_scratch) + states


def find_read(cell, s, first, n, size, gate_scratch):
    """Where h of a layer stands, the first of its states or what is found now, with its slopes: the array, and the place in it."""
    return find_outputs(cell, s, first, n, size, gate_scratch) if cell.outputs else (s, first)


@overload(find_read)
def _find_read(cell, s, first, n, size, gate_scratch):
    if cell.instance_class.outputs:
        return lambda cell, s, first, n, size, gate_scratch: find_outputs(cell, s, first, n, size, gate_scratch)
    return lambda cell, s, first, n, size, gate_scratch: (s, first)


@internal
def find_outputs(cell, s, first, n, size, gate_scratch):
    """h[i] = output(s[i]) and its slopes."""
    own = slots(cell, "own")
    at = read_place(cell, first + n * len(own), size, gate_scratch)
    for i in range(n):
        states = read_states(own, s, first + i, n)
        write_states(gate_scratch, at + i, n, output(cell, states))
        write_states(gate_scratch, at + n + i, n, output_slopes(cell, states))
    return gate_scratch, at


def keep_read(cell, first, n, size, place, new, gate_scratch):
    """Keep at a place what there is of h after the step, if that is no state."""
    if cell.outputs:
        keep_output(cell, first, n, size, place, new, gate_scratch)


@overload(keep_read)
def _keep_read(cell, first, n, size, place, new, gate_scratch):
    if cell.instance_class.outputs:
        return lambda cell, first, n, size, place, new, gate_scratch: keep_output(cell, first, n, size, place, new, gate_scratch)
    return lambda cell, first, n, size, place, new, gate_scratch: None


@internal
def keep_output(cell, first, n, size, place, new, gate_scratch):
    """h'[i], at the place n + i, or ∂h'[i]/∂s[j], at 2 n + i size + j."""
    write_states(gate_scratch, place_kept(cell, first, n, size, gate_scratch) + place, 1, read_of(cell, new))


def passed_on(cell, out, first, n, place, gate_scratch):
    """Where h after the step stands, the first of the states in `out` or what was kept at the place n; or its tangents, at 2 n."""
    return (gate_scratch, place_kept(cell, first, n, out.size, gate_scratch) + place) if cell.outputs else (out, first)


@overload(passed_on)
def _passed_on(cell, out, first, n, place, gate_scratch):
    if cell.instance_class.outputs:
        return lambda cell, out, first, n, place, gate_scratch: (
            gate_scratch,
            place_kept(cell, first, n, out.size, gate_scratch) + place,
        )
    return lambda cell, out, first, n, place, gate_scratch: (out, first)


def tangents_passed_on(cell, J, first, n, gate_scratch):
    """The rows of ∂h' after the step: the matrix, and the first of them."""
    return kept_tangents(cell, J, first, n, gate_scratch) if cell.outputs else (J, first)


@overload(tangents_passed_on)
def _tangents_passed_on(cell, J, first, n, gate_scratch):
    if cell.instance_class.outputs:
        return lambda cell, J, first, n, gate_scratch: kept_tangents(cell, J, first, n, gate_scratch)
    return lambda cell, J, first, n, gate_scratch: (J, first)


@register_jitable(forceinline=True)
def kept_tangents(cell, J, first, n, gate_scratch):
    """Those that were kept, as a matrix (unit, size)."""
    size = J.shape[1]
    at = place_kept(cell, first, n, size, gate_scratch) + 2 * n
    return gate_scratch[at : at + n * size].reshape((n, size)), 0


def weight_of_state(cell, layer, p, gate, i, j, read, at):
    """The derivative of W h by the state j of a layer, where h or the slopes of it stand."""
    n = layer.w_rec.shape[2]
    if cell.outputs:
        return layer.w_rec[p, gate, i, j % n] * read[at + n + j]
    return layer.w_rec[p, gate, i, j] if j < n else 0.0


@overload(weight_of_state, jit_options={"forceinline": True})
def _weight_of_state(cell, layer, p, gate, i, j, read, at):
    if cell.instance_class.outputs:

        def by_slope(cell, layer, p, gate, i, j, read, at):
            n = layer.w_rec.shape[2]
            return layer.w_rec[p, gate, i, j % n] * read[at + n + j]

        return by_slope
    return lambda cell, layer, p, gate, i, j, read, at: layer.w_rec[p, gate, i, j] if j < layer.w_rec.shape[2] else 0.0


@internal
def preactivate(cell, layer, p, i, values, below, count, s, first, gate_scratch):
    """a[:, i] of unit i, into gate_scratch; the layer reads `count` values from `below` on, and its own h from s[first] on."""
    x_gates, h_gates = reading(cell, "x"), reading(cell, "h")
    for g in range(len(slots(cell, "gates"))):
        in_x, in_h = place_of(g, x_gates), place_of(g, h_gates)
        a = layer.bias[p, g, i]
        if in_x >= 0:
            for u in range(count):
                a += layer.w_in[p, in_x, i, u] * values[below + u]
        if in_h >= 0:
            for u in range(layer.w_rec.shape[2]):
                a += layer.w_rec[p, in_h, i, u] * s[first + u]
        gate_scratch[g] = a


@internal
def differentiate(cell, layer, p, i, tangents, below, count, first, read, place, gate_scratch):
    """Tangents of a[:, i] along all the states up to this layer's last, into gate_scratch from the second row of gates on; those of what is
    below begin at the row `below`, and the layer's own h stands at read[place]."""
    x_gates, h_gates, gates = reading(cell, "x"), reading(cell, "h"), len(slots(cell, "gates"))
    n = layer.w_rec.shape[2]
    for g in range(gates):
        in_x, in_h, at = place_of(g, x_gates), place_of(g, h_gates), gates + g
        for j in range(first):
            total = 0.0
            if in_x >= 0:
                for u in range(count):
                    total += layer.w_in[p, in_x, i, u] * tangents[below + u, j]
            gate_scratch[at] = total
            at += gates
        for j in range(n * len(slots(cell, "own"))):
            gate_scratch[at] = weight_of_state(cell, layer, p, in_h, i, j, read, place) if in_h >= 0 else 0.0
            at += gates


@internal
def advance_layer(cell, layer, p, values, below, count, s, first, out, gate_scratch):
    """The new states of one layer."""
    own, constants, gates = slots(cell, "own"), slots(cell, "constants"), slots(cell, "gates")
    n = layer.w_rec.shape[2]
    read, place = find_read(cell, s, first, n, out.size, gate_scratch)
    for i in range(n):
        preactivate(cell, layer, p, i, values, below, count, read, place, gate_scratch)
        c = numbers_of(constants, layer.constants[p], i * len(constants))
        old = with_read(cell, 0.0, read_states(own, s, first + i, n))
        new = step(cell, c, old, numbers_of(gates, gate_scratch, 0))
        write_states(out, first + i, n, own_of(cell, new))
        keep_read(cell, first, n, out.size, n + i, new, gate_scratch)


@internal
def linearize_layer(cell, layer, p, values, below, count, tangents, row, s, first, out, J, gate_scratch):
    """The new states of one layer, and its rows of the Jacobian; the tangents of what it reads are known, from the row `row` on."""
    own, constants, gates = slots(cell, "own"), slots(cell, "constants"), slots(cell, "gates")
    n = layer.w_rec.shape[2]
    last = first + n * len(own)
    read, place = find_read(cell, s, first, n, out.size, gate_scratch)
    for i in range(n):
        preactivate(cell, layer, p, i, values, below, count, read, place, gate_scratch)
        differentiate(cell, layer, p, i, tangents, row, count, first, read, place, gate_scratch)
        c = numbers_of(constants, layer.constants[p], i * len(constants))
        old = with_read(cell, 0.0, read_states(own, s, first + i, n))
        new, partials = linearize(cell, c, old, numbers_of(gates, gate_scratch, 0))
        write_states(out, first + i, n, own_of(cell, new))
        keep_read(cell, first, n, out.size, n + i, new, gate_scratch)
        for j in range(J.shape[1]):
            if j < last:
                ds = with_read(cell, 0.0, unit_tangent(own, first + i, n, j))
                da = numbers_of(gates, gate_scratch, (1 + j) * len(gates))
                pushed = pushforward(cell, c, partials, ds, da)
                write_column(J, first + i, n, j, own_of(cell, pushed))
                keep_read(cell, first, n, J.shape[1], 2 * n + i * J.shape[1] + j, pushed, gate_scratch)
            else:
                nothing = with_read(cell, 0.0, unit_tangent(own, -1 - n * len(own), n, j))
                write_column(J, first + i, n, j, own_of(cell, nothing))
                keep_read(cell, first, n, J.shape[1], 2 * n + i * J.shape[1] + j, nothing, gate_scratch)


@unrolled()
def advance_from(cells, layers, p, values, below, count, s, first, out, gate_scratch):
    """The new states of all these layers, the first of which reads `count` values from `below` on."""
    for cell, layer in zip(cells, layers, strict=True):
        advance_layer(cell, layer, p, values, below, count, s, first, out, gate_scratch)
        n = layer.w_rec.shape[2]
        values, below = passed_on(cell, out, first, n, n, gate_scratch)
        count, first = n, first + n * len(slots(cell, "own"))


@unrolled()
def linearize_from(cells, layers, p, values, below, count, s, first, out, J, gate_scratch):
    """The same, with their rows of the Jacobian."""
    tangents, row = J, 0
    for cell, layer in zip(cells, layers, strict=True):
        linearize_layer(cell, layer, p, values, below, count, tangents, row, s, first, out, J, gate_scratch)
        n = layer.w_rec.shape[2]
        values, below = passed_on(cell, out, first, n, n, gate_scratch)
        tangents, row = tangents_passed_on(cell, J, first, n, gate_scratch)
        count, first = n, first + n * len(slots(cell, "own"))


@internal
def advance(cells, layers, p, s, x, out, gate_scratch):
    """out = F(s) of point p with the inputs x[p]."""
    advance_from(cells, layers, p, x[p], 0, x.shape[1], s, 0, out, gate_scratch)


@internal
def jacobian(cells, layers, p, s, x, out, J, gate_scratch):
    """out = F(s) of point p with the inputs x[p], and the dense J[i, j] = ∂F[i]/∂s[j]."""
    linearize_from(cells, layers, p, x[p], 0, x.shape[1], s, 0, out, J, gate_scratch)


@specialised
def step_of(cells):
    """The kernel of one step of one point, for `rules`."""

    @kernel_of(cells)
    def stepped(layers, p, s, x, out, gate_scratch):
        advance(cells, layers, p, s, x, out, gate_scratch)

    return stepped


@specialised
def tangents_of(cells):
    """The kernel of one step and Jacobian of one point, for `rules`."""

    @kernel_of(cells)
    def linearized(layers, p, s, x, out, J, gate_scratch):
        jacobian(cells, layers, p, s, x, out, J, gate_scratch)

    return linearized
