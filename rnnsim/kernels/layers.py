"""Layers of many units, forward and back through time, for a group of lanes.

    a[k] = W_in x[k] + W_rec h[k-1] + bias          one a gate, for the gates that read x, h or both
    s[k] = step(s[k-1], a[k])                       element by element, s = (h, …)

A *frame* is one quantity of all units and sequences at one step: numbers[row · shape.row + unit · apart + lane], a row a sequence. What
lanes are, the layout decides; a frame is longer than its rows, up to a whole number of wide registers.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.cells import linearize, pullback, report, step
from rnnsim.kernels.compiling import part
from rnnsim.kernels.products import Rows, Vectors, factor, product
from rnnsim.kernels.rows import add, put, slots, take, width, zeros
from rnnsim.lanes import align_stack, load, store

TERMS = 32  # of a product for weights' gradients, as many sequences and steps as stay in the first-level cache


class Layout(NamedTuple):
    """What lanes are: the lanes of products and of frames, a tile, how weights and data are read (`AsVectors` or `AsNumbers`), how far the
    units of a frame are apart, and ones to sum with."""

    narrow: Any
    wide: Any
    tile: Any
    weights: Any
    data: Any
    apart: int
    ones: np.ndarray


class Shape(NamedTuple):
    """Units, numbers of a row and of a frame, and tiles of columns in a row."""

    units: int
    row: int
    frame: int
    tiles: int


class Map(NamedTuple):
    """Weights of some gates, packed in panels of a tile's columns, for the way forward and the way back, and their gradient
    (gate, term, row)."""

    gates: Any
    terms: int
    panel: int
    forward: np.ndarray
    back: np.ndarray
    back_tiles: int
    gradient: np.ndarray


class Layer(NamedTuple):
    """A layer of cells, a tuple of zeros (one a partial derivative), and scratch: frames of states (step 0…, state), of pre-activations
    and then of their cotangents (step, gate), of partial derivatives (step, partial); the cotangents of the states (state) and, if
    wanted, of h at every step; `top`, the cotangents of h (step) from above."""

    cell: Any
    derivatives: Any
    shape: Shape
    w_in: Map
    w_rec: Map
    bias: np.ndarray
    constants: np.ndarray
    states: np.ndarray
    pre: np.ndarray
    partials: np.ndarray
    cotangent: np.ndarray
    history: np.ndarray
    top: np.ndarray
    grad_bias: np.ndarray


class Sequence(NamedTuple):
    """What a layer reads: the unit j of row `row` at step k stands at values[first + k · by_step + row · by_row + j · apart]."""

    values: np.ndarray
    first: int
    by_step: int
    by_row: int


@part
def project(layout, layer, x, rows, steps):
    """a = W_in x + bias for all steps; a gate that reads no x gets its bias."""
    shape, linear = layer.shape, layer.w_in
    gates = layer.bias.size // shape.row
    size = linear.forward.size // len(linear.gates)
    for gate in range(gates):
        source = -1
        for i in range(len(linear.gates)):
            if linear.gates[i] == gate:
                source = i
        bias = Rows(layer.bias, gate * shape.row, 0)
        weights = factor(layout.weights, linear.forward, max(source, 0) * size, 0, linear.panel, linear.terms * linear.panel)
        terms = linear.terms if source >= 0 else 0
        if gates * shape.frame == rows * shape.row and x.by_step == rows * x.by_row:  # all steps follow each other row by row
            out = Rows(layer.pre, 0, shape.row)
            data = factor(layout.data, x.values, x.first, 0, layout.apart, x.by_row)
            product(layout.narrow, layout.tile, out, bias, rows * steps, shape.tiles, 1, terms, weights, data)
        elif rows < len(layout.tile.rows):
            for row in range(rows):
                out = Rows(layer.pre, gate * shape.frame + row * shape.row, gates * shape.frame)
                data = factor(layout.data, x.values, x.first + row * x.by_row, 0, layout.apart, x.by_step)
                product(layout.narrow, layout.tile, out, bias, steps, shape.tiles, 1, terms, weights, data)
        else:
            for k in range(steps):
                out = Rows(layer.pre, (k * gates + gate) * shape.frame, shape.row)
                data = factor(layout.data, x.values, x.first + k * x.by_step, 0, layout.apart, x.by_row)
                product(layout.narrow, layout.tile, out, bias, rows, shape.tiles, 1, terms, weights, data)


@part
def forward_layer(layout, layer, x, rows, steps, taped):
    """The states of a layer at steps 1…steps, from those at step 0; with the partial derivatives if `taped`."""
    align_stack()
    project(layout, layer, x, rows, steps)
    cell, shape, linear = layer.cell, layer.shape, layer.w_rec
    gates, states, constants = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    wide, frame = layout.wide, shape.frame
    size = linear.forward.size // len(linear.gates)
    partials_of_step = layer.partials.size // steps
    for k in range(steps):
        past, at = k * len(states) * frame, k * len(gates) * frame
        data = factor(layout.data, layer.states, past, 0, layout.apart, shape.row)
        for i in range(len(linear.gates)):
            out = Rows(layer.pre, at + linear.gates[i] * frame, shape.row)
            weights = factor(layout.weights, linear.forward, i * size, 0, linear.panel, shape.units * linear.panel)
            product(layout.narrow, layout.tile, out, out, rows, shape.tiles, 1, shape.units, weights, data)
        for p in range(0, frame, width(wide)):
            c = take(wide, constants, layer.constants, p, frame)
            s = take(wide, states, layer.states, past + p, frame)
            a = take(wide, gates, layer.pre, at + p, frame)
            if taped:
                new, partials = linearize(cell, c, s, a)
                put(layer.partials, k * partials_of_step + p, frame, partials)
                put(layer.states, past + len(states) * frame + p, frame, new)
            else:
                put(layer.states, past + len(states) * frame + p, frame, step(cell, c, s, a))


@part
def report_preactivations(layout, layer, steps):
    """Make the pre-activations those that users know, one a labelled gate."""
    gates = slots(layer.cell, "gates")
    frame = layer.shape.frame
    for k in range(steps):
        for p in range(0, frame, width(layout.wide)):
            at = k * len(gates) * frame + p
            put(layer.pre, at, frame, report(layer.cell, take(layout.wide, gates, layer.pre, at, frame)))


@part
def collect(layout, layer, x, rows, first, count):
    """Add the gradients of weights and biases from the steps first…first + count, whose cotangents ā stand in `pre`:
    W̄_rec += Σ ā h[k-1]ᵀ, W̄_in += Σ ā x[k]ᵀ, b̄ += Σ ā."""
    shape = layer.shape
    gates = layer.bias.size // shape.row
    states = layer.cotangent.size // shape.frame
    tile_row = width(layout.narrow) * len(layout.tile.columns)
    for i in range(len(layer.w_rec.gates)):
        at = (first * gates + layer.w_rec.gates[i]) * shape.frame
        a = Vectors(layer.pre, at, gates * shape.frame, shape.row, tile_row)
        h = factor(layout.data, layer.states, first * states * shape.frame, states * shape.frame, shape.row, layout.apart)
        out = Rows(layer.w_rec.gradient, i * shape.units * shape.row, shape.row)
        product(layout.narrow, layout.tile, out, out, shape.units, shape.tiles, count, rows, a, h)
    for i in range(len(layer.w_in.gates)):
        at = (first * gates + layer.w_in.gates[i]) * shape.frame
        a = Vectors(layer.pre, at, gates * shape.frame, shape.row, tile_row)
        h = factor(layout.data, x.values, x.first + first * x.by_step, x.by_step, x.by_row, layout.apart)
        out = Rows(layer.w_in.gradient, i * layer.w_in.terms * shape.row, shape.row)
        product(layout.narrow, layout.tile, out, out, layer.w_in.terms, shape.tiles, count, rows, a, h)
    for gate in range(gates):
        a = Vectors(layer.pre, (first * gates + gate) * shape.frame, gates * shape.frame, shape.row, tile_row)
        one = factor(layout.data, layout.ones, 0, 0, 0, 0)
        out = Rows(layer.grad_bias, gate * shape.row, shape.row)
        product(layout.narrow, layout.tile, out, out, 1, shape.tiles, count, rows, a, one)


@part
def backward_layer(layout, layer, x, rows, steps, top_from):
    """Back-propagation through time: the cotangents of states and pre-activations, from those of h that `top` holds from step
    `top_from` on; the gradients of weights and biases are added to."""
    align_stack()
    cell, shape, linear = layer.cell, layer.shape, layer.w_rec
    gates, states, constants = slots(cell, "gates"), slots(cell, "states"), slots(cell, "constants")
    partials = layer.derivatives
    wide, frame = layout.wide, shape.frame
    size = linear.back.size // len(linear.gates)
    together = max(1, TERMS // rows)
    collected = steps
    for k in range(steps - 1, -1, -1):
        at = k * len(gates) * frame
        for p in range(0, frame, width(wide)):
            if k >= top_from:
                store(layer.cotangent, p, load(wide, layer.cotangent, p) + load(wide, layer.top, k * frame + p))
            g = take(wide, states, layer.cotangent, p, frame)
            if layer.history.size:
                store(layer.history, (k + 1) * frame + p, g[0])
            c = take(wide, constants, layer.constants, p, frame)
            d = take(wide, partials, layer.partials, k * len(partials) * frame + p, frame)
            past, g_a = pullback(cell, c, d, g)
            put(layer.cotangent, p, frame, add(zeros(wide, states), past))
            put(layer.pre, at + p, frame, g_a)
        out = Rows(layer.cotangent, 0, shape.row)
        for i in range(len(linear.gates)):
            data = factor(layout.data, layer.pre, at + linear.gates[i] * frame, 0, layout.apart, shape.row)
            weights = factor(layout.weights, linear.back, i * size, 0, linear.panel, shape.units * linear.panel)
            product(layout.narrow, layout.tile, out, out, rows, linear.back_tiles, 1, shape.units, weights, data)
        if collected - k == together or k == 0:
            collect(layout, layer, x, rows, k, collected - k)
            collected = k
    if layer.history.size:
        for p in range(frame):
            layer.history[p] = layer.cotangent[p]


@part
def pull_inputs(layout, layer, rows, steps, below, below_shape):
    """x̄[k] = Σ W_inᵀ ā[k] over the gates, as frames of `below`."""
    shape, linear = layer.shape, layer.w_in
    gates = layer.bias.size // shape.row
    size = linear.back.size // len(linear.gates)
    for k in range(steps):
        below[k * below_shape.frame : (k + 1) * below_shape.frame] = 0.0
        out = Rows(below, k * below_shape.frame, below_shape.row)
        for i in range(len(linear.gates)):
            at = (k * gates + linear.gates[i]) * shape.frame
            data = factor(layout.data, layer.pre, at, 0, layout.apart, shape.row)
            weights = factor(layout.weights, linear.back, i * size, 0, linear.panel, shape.units * linear.panel)
            product(layout.narrow, layout.tile, out, out, rows, linear.back_tiles, 1, shape.units, weights, data)
