"""The map s' = F(s) that a network with constant inputs is, and its Jacobian, network by network on plain numbers.

    a[g, i] = Σ w_in[g, i, u] x[u] + Σ w_rec[g, i, u] h[u] + bias[g, i]        for the gates g that read x, h or both
    s'[i] = step(s[i], a[:, i])
    J[i, j] = ∂s'[i]/∂s[j]                                                      by pushforward of the unit tangents

A state is one vector: layers bottom first; of each, h of all units and then, if it has one, c. A layer above the first reads the *new* h of
the one below. `layers` is a tuple of `Layer`, one a member of the tuple `cells`, and `p` says which of their points is meant.
`gate_scratch` is room for (1 + size) times the most gates of any cell.
"""

from functools import partial
from typing import Any, NamedTuple

from rnnsim.equations.arity import slots
from rnnsim.equations.rules import linearize, pushforward, reading, step
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
def differentiate(cell, layer, p, i, below, count, first, J, gate_scratch):
    """Tangents of a[:, i] along all the states up to this layer's last, into gate_scratch from the second row of gates on."""
    x_gates, h_gates, gates = reading(cell, "x"), reading(cell, "h"), len(slots(cell, "gates"))
    n = layer.w_rec.shape[2]
    for g in range(gates):
        in_x, in_h, at = place_of(g, x_gates), place_of(g, h_gates), gates + g
        for j in range(first):
            total = 0.0
            if in_x >= 0:
                for u in range(count):
                    total += layer.w_in[p, in_x, i, u] * J[below + u, j]
            gate_scratch[at] = total
            at += gates
        for j in range(n * len(slots(cell, "states"))):
            gate_scratch[at] = layer.w_rec[p, in_h, i, j] if in_h >= 0 and j < n else 0.0
            at += gates


@internal
def advance_layer(cell, layer, p, values, below, count, s, first, out, gate_scratch):
    """The new states of one layer."""
    states, constants, gates = slots(cell, "states"), slots(cell, "constants"), slots(cell, "gates")
    n = layer.w_rec.shape[2]
    for i in range(n):
        preactivate(cell, layer, p, i, values, below, count, s, first, gate_scratch)
        c = numbers_of(constants, layer.constants[p], i * len(constants))
        new = step(cell, c, read_states(states, s, first + i, n), numbers_of(gates, gate_scratch, 0))
        write_states(out, first + i, n, new)


@internal
def linearize_layer(cell, layer, p, values, below, count, s, first, out, J, gate_scratch):
    """The new states of one layer, and its rows of the Jacobian, whose rows above are known."""
    states, constants, gates = slots(cell, "states"), slots(cell, "constants"), slots(cell, "gates")
    n = layer.w_rec.shape[2]
    last = first + n * len(states)
    for i in range(n):
        preactivate(cell, layer, p, i, values, below, count, s, first, gate_scratch)
        differentiate(cell, layer, p, i, below, count, first, J, gate_scratch)
        c = numbers_of(constants, layer.constants[p], i * len(constants))
        new, partials = linearize(cell, c, read_states(states, s, first + i, n), numbers_of(gates, gate_scratch, 0))
        write_states(out, first + i, n, new)
        for j in range(J.shape[1]):
            if j < last:
                ds = unit_tangent(states, first + i, n, j)
                da = numbers_of(gates, gate_scratch, (1 + j) * len(gates))
                write_column(J, first + i, n, j, pushforward(cell, c, partials, ds, da))
            else:
                write_column(J, first + i, n, j, unit_tangent(states, -1 - n * len(states), n, j))


@unrolled()
def advance_from(cells, layers, p, values, below, count, s, first, out, gate_scratch):
    """The new states of all these layers, the first of which reads `count` values from `below` on."""
    for cell, layer in zip(cells, layers, strict=True):
        advance_layer(cell, layer, p, values, below, count, s, first, out, gate_scratch)
        n = layer.w_rec.shape[2]
        values, below, count, first = out, first, n, first + n * len(slots(cell, "states"))


@unrolled()
def linearize_from(cells, layers, p, values, below, count, s, first, out, J, gate_scratch):
    """The same, with their rows of the Jacobian."""
    for cell, layer in zip(cells, layers, strict=True):
        linearize_layer(cell, layer, p, values, below, count, s, first, out, J, gate_scratch)
        n = layer.w_rec.shape[2]
        values, below, count, first = out, first, n, first + n * len(slots(cell, "states"))


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
