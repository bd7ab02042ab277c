"""Groups of lanes, from their parameters to their results: forward, and back-propagation through time.

A block of points is cut into groups, samples into strands and those into chunks of as many as a group's frames hold. Gradients are summed
chunk after chunk in a strand, then strand after strand, so that a sum depends on its own point and on nothing else.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.compiling import kernel, part
from rnnsim.kernels.layers import Sequence, backward_layer, forward_layer, pull_inputs, report_preactivations
from rnnsim.kernels.moves import (
    Group,
    add_bias,
    first_not_finite,
    keep_frames,
    keep_gradient,
    pack,
    read_targets,
    spread_each,
    spread_out,
)
from rnnsim.kernels.rows import width
from rnnsim.lanes import load, store
from rnnsim.losses import contribution, cotangent


class Sources(NamedTuple):
    """Where a block's parameters and sequences are read; `bias_gates` are the gates of each of the `biases`."""

    w_in: Any
    w_rec: Any
    biases: Any
    bias_gates: Any
    constants: Any
    starts: Any
    inputs: Any
    targets: Any


class Plan(NamedTuple):
    """How a block is cut: rows of a frame, samples of a chunk, points of a group; what lanes are (see `Group`); rows of a panel of
    weights; steps at once and in all, how many of the last have targets; samples, and where each strand of them starts (and the last
    ends)."""

    rows: int
    chunk: int
    points: int
    lanes: int
    lane_points: int
    lane_samples: int
    row_samples: int
    panel: int
    chunk_steps: int
    steps: int
    targeted: int
    samples: int
    strands: np.ndarray


class Scratch(NamedTuple):
    """Room for a thread: inputs as frames (step), and which they are (offset, sample, step, steps); targets and cotangents of inputs
    alike; sums of the start's gradients and of the cost; and a row of ones."""

    inputs: np.ndarray
    held: np.ndarray
    input_shape: Any
    targets: np.ndarray
    grad_inputs: np.ndarray
    grad_starts: np.ndarray
    cost: np.ndarray
    partial_cost: np.ndarray
    ones: np.ndarray


class Trajectories(NamedTuple):
    """What to keep of the way forward: `Kept`, each, or empty ones."""

    state: Any
    increment: Any
    preactivation: Any
    cell_state: Any
    final_state: Any
    final_cell_state: Any


class Cotangents(NamedTuple):
    """What to keep of the way back: `Kept`, each, or empty ones; `grad_starts` if samples have their own, a tuple, one a state."""

    grad_state: Any
    grad_preactivation: Any
    grad_input: Any
    grad_starts: Any


class Gradients(NamedTuple):
    """`Gradient` of the cost and the parameters, or empty ones; `biases` and `starts` are tuples."""

    cost: Any
    w_in: Any
    w_rec: Any
    biases: Any
    starts: Any


@part
def group_of(plan, point, last, sample, samples):
    return Group(plan.lanes, plan.lane_points, plan.lane_samples, plan.row_samples, point, last, sample, samples)


@part
def rows_of(plan, sample, samples):
    """How many rows hold the samples from `sample` on."""
    return min(plan.rows, -(-(samples - sample) // plan.row_samples))


@part
def load_weights(layout, plan, layer, sources, group, back):
    """Pack the weights of a group and lay out its biases."""
    shape = layer.shape
    lanes = plan.lanes if plan.lane_points else 1
    n, d = shape.units, layer.w_in.terms
    in_gates, rec_gates = len(layer.w_in.gates), len(layer.w_rec.gates)
    pack(sources.w_in, group, in_gates, n, d, d, 1, plan.panel, lanes, layer.w_in.forward)
    pack(sources.w_rec, group, rec_gates, n, n, n, 1, plan.panel, lanes, layer.w_rec.forward)
    if back:
        pack(sources.w_in, group, in_gates, d, n, 1, d, plan.panel, lanes, layer.w_in.back)
        pack(sources.w_rec, group, rec_gates, n, n, 1, n, plan.panel, lanes, layer.w_rec.back)
    layer.bias[:] = 0.0
    for i in range(len(sources.biases)):
        add_bias(sources.biases[i], group, sources.bias_gates[i], n, shape.row, layer.bias)


@part
def load_starts(layout, layer, sources, group, rows):
    """Lay out the constants of a group and the states at step 0."""
    shape = layer.shape
    spread_each(sources.constants, group, shape.units, rows, shape.row, shape.frame, layer.constants, 0)
    layer.states[: len(sources.starts) * shape.frame] = 0.0
    spread_each(sources.starts, group, shape.units, rows, shape.row, shape.frame, layer.states, 0)


@part
def inputs_of(plan, layer, sources, scratch, group, rows, start, steps):
    """The sequence that a layer reads from step `start` on: the inputs as they are where units are lanes, as frames elsewhere."""
    source = sources.inputs
    if plan.lanes == 1:
        first = source.offsets[group.point] + group.sample * source.by_sample + start * source.by_step
        return Sequence(source.values, first, source.by_step, source.by_sample)
    shape = scratch.input_shape
    offset = source.offsets[group.point]
    shared = offset == source.offsets[min(group.point + group.lanes * group.lane_points, group.last) - 1]
    held = scratch.held
    if not (shared and held[0] == offset and held[1] == group.sample and held[2] == start and held[3] == steps):
        for k in range(steps):
            spread_out(source, group, 0, start + k, layer.w_in.terms, rows, shape.row, scratch.inputs, k * shape.frame)
        held[0], held[1], held[2], held[3] = offset if shared else -1, group.sample, start, steps
    return Sequence(scratch.inputs, 0, shape.frame, shape.row)


@part
def keep_states(layout, layer, sources, scratch, group, rows, start, steps, total, kept, found):
    """Keep what is wanted of the states and pre-activations of steps start…start + steps, and note the first that is not finite."""
    shape, ones = layer.shape, scratch.ones
    states = len(sources.starts)
    jump, n = states * shape.frame, shape.units
    skip = 1 if start else 0
    at, count = skip * jump, steps + 1 - skip
    if kept.state.values.size:
        keep_frames(layer.states, at, jump, shape.row, 0, n, group, rows, start + skip, count, 0, ones, kept.state)
    if kept.cell_state.values.size:
        keep_frames(
            layer.states, at + shape.frame, jump, shape.row, 0, n, group, rows, start + skip, count, 0, ones, kept.cell_state
        )
    if kept.increment.values.size:
        keep_frames(layer.states, jump, jump, shape.row, jump, n, group, rows, start + 1, steps, 0, ones, kept.increment)
    if start + steps == total:
        if kept.final_state.values.size:
            keep_frames(layer.states, steps * jump, jump, shape.row, 0, n, group, rows, 0, 1, 0, ones, kept.final_state)
        if kept.final_cell_state.values.size:
            last = steps * jump + shape.frame
            keep_frames(layer.states, last, jump, shape.row, 0, n, group, rows, 0, 1, 0, ones, kept.final_cell_state)
    if kept.preactivation.values.size:
        report_preactivations(layout, layer, steps)
        keep_gates(layer, group, rows, start, steps, ones, kept.preactivation)
    for i in range(states):
        first_not_finite(
            layout.wide,
            layer.states,
            at + i * shape.frame,
            jump,
            shape.frame,
            n,
            shape.row,
            group,
            rows,
            start + skip,
            count,
            found,
        )


@part
def keep_gates(layer, group, rows, start, steps, divisors, kept):
    """Keep a frame of `pre` for each labelled gate."""
    shape = layer.shape
    gates = layer.bias.size // shape.row
    for gate in range(kept.numbers // shape.units):
        keep_frames(
            layer.pre,
            gate * shape.frame,
            gates * shape.frame,
            shape.row,
            0,
            shape.units,
            group,
            rows,
            start + 1,
            steps,
            gate * shape.units,
            divisors,
            kept,
        )


@kernel
def forward(layout, plan, layer, sources, scratch, points, strands, kept, found):
    """States of the points 0…points of a block, for the strands first…last."""
    jump = len(sources.starts) * layer.shape.frame
    for point in range(0, points, plan.points):
        load_weights(layout, plan, layer, sources, group_of(plan, point, points, 0, plan.samples), False)
        end = plan.strands[strands[1]]
        for sample in range(plan.strands[strands[0]], end, plan.chunk):
            group, rows = group_of(plan, point, points, sample, end), rows_of(plan, sample, end)
            load_starts(layout, layer, sources, group, rows)
            for start in range(0, plan.steps, plan.chunk_steps):
                steps = min(plan.chunk_steps, plan.steps - start)
                x = inputs_of(plan, layer, sources, scratch, group, rows, start, steps)
                forward_layer(layout, layer, x, rows, steps, False)
                keep_states(layout, layer, sources, scratch, group, rows, start, steps, plan.steps, kept, found)
                for i in range(jump):
                    layer.states[i] = layer.states[steps * jump + i]


@part
def add_cost(layout, loss, layer, scratch, plan, states):
    """Sum the cost of the last steps, and put the cotangents of h into `top`."""
    frame = layer.shape.frame
    for i in range(plan.targeted):
        k = plan.steps - plan.targeted + i
        for p in range(0, frame, width(layout.wide)):
            y = load(layout.wide, layer.states, (k + 1) * states * frame + p)
            target = load(layout.wide, scratch.targets, i * frame + p)
            store(scratch.partial_cost, 0, load(layout.wide, scratch.partial_cost, 0) + contribution(loss, y, target))
            store(layer.top, k * frame + p, cotangent(loss, y, target))


@part
def keep_gradients(plan, layer, sources, scratch, group, add, divisors, gradients):
    """Keep what is wanted of the gradients of a group."""
    shape = layer.shape
    n, d = shape.units, layer.w_in.terms
    if gradients.cost.values.size:
        scratch.cost[:] = 0.0
        for i in range(scratch.partial_cost.size):
            scratch.cost[i % plan.lanes] += scratch.partial_cost[i]
        keep_gradient(scratch.cost, 0, group, 1, 1, 0, add, divisors, gradients.cost, 0)
    if gradients.w_in.values.size:
        for i in range(len(layer.w_in.gates)):
            first = i * d * shape.row
            keep_gradient(layer.w_in.gradient, first, group, n, d, shape.row, add, divisors, gradients.w_in, i * n * d)
    if gradients.w_rec.values.size:
        for i in range(len(layer.w_rec.gates)):
            first = i * n * shape.row
            keep_gradient(layer.w_rec.gradient, first, group, n, n, shape.row, add, divisors, gradients.w_rec, i * n * n)
    for j in range(len(sources.biases)):
        if gradients.biases[j].values.size:
            for i in range(len(sources.bias_gates[j])):
                first = sources.bias_gates[j][i] * shape.row
                keep_gradient(layer.grad_bias, first, group, n, 1, 0, add, divisors, gradients.biases[j], i * n)
    for j in range(len(sources.starts)):
        if gradients.starts[j].values.size:
            keep_gradient(scratch.grad_starts, j * shape.row, group, n, 1, 0, add, divisors, gradients.starts[j], 0)


@kernel
def backward(layout, loss, plan, layer, sources, scratch, points, strands, counted, kept, cotangents, gradients, found):
    """Cost and gradients of the points 0…points of a block, for the strands first…last of its samples; each is divided by the number
    of targets that count, `counted`, once all strands are summed."""
    shape, steps = layer.shape, plan.steps
    states = len(sources.starts)
    for point in range(0, points, plan.points):
        load_weights(layout, plan, layer, sources, group_of(plan, point, points, 0, plan.samples), True)
        for strand in range(strands[0], strands[1]):
            layer.w_in.gradient[:] = 0.0
            layer.w_rec.gradient[:] = 0.0
            layer.grad_bias[:] = 0.0
            scratch.grad_starts[:] = 0.0
            scratch.partial_cost[:] = 0.0
            end = plan.strands[strand + 1]
            for sample in range(plan.strands[strand], end, plan.chunk):
                group, rows = group_of(plan, point, points, sample, end), rows_of(plan, sample, end)
                load_starts(layout, layer, sources, group, rows)
                x = inputs_of(plan, layer, sources, scratch, group, rows, 0, steps)
                forward_layer(layout, layer, x, rows, steps, True)
                keep_states(layout, layer, sources, scratch, group, rows, 0, steps, steps, kept, found)
                read_targets(sources.targets, group, plan.targeted, shape.units, rows, shape.row, shape.frame, scratch.targets)
                layer.cotangent[:] = 0.0
                add_cost(layout, loss, layer, scratch, plan, states)
                backward_layer(layout, layer, x, rows, steps, steps - plan.targeted)
                keep_cotangents(layout, plan, layer, scratch, group, rows, counted, cotangents)
                for i in range(states):
                    for row in range(rows):
                        for p in range(shape.row):
                            at = i * shape.frame + row * shape.row + p
                            scratch.grad_starts[i * shape.row + p] += layer.cotangent[at]
            group = group_of(plan, point, points, 0, plan.samples)
            whole = strand == plan.strands.size - 2 and strands[0] == 0
            keep_gradients(plan, layer, sources, scratch, group, strand > strands[0], counted if whole else scratch.ones, gradients)


@part
def keep_cotangents(layout, plan, layer, scratch, group, rows, counted, cotangents):
    """Keep what is wanted of the cotangents of every step, and of each sample's start."""
    shape, steps = layer.shape, plan.steps
    n = shape.units
    if cotangents.grad_state.values.size:
        keep_frames(layer.history, 0, shape.frame, shape.row, 0, n, group, rows, 0, steps + 1, 0, counted, cotangents.grad_state)
    if cotangents.grad_preactivation.values.size:
        keep_gates(layer, group, rows, 0, steps, counted, cotangents.grad_preactivation)
    if cotangents.grad_input.values.size:
        below, d = scratch.input_shape, layer.w_in.terms
        pull_inputs(layout, layer, rows, steps, scratch.grad_inputs, below)
        keep_frames(scratch.grad_inputs, 0, below.frame, below.row, 0, d, group, rows, 1, steps, 0, counted, cotangents.grad_input)
    for i in range(len(cotangents.grad_starts)):
        kept = cotangents.grad_starts[i]
        if kept.values.size:
            keep_frames(layer.cotangent, i * shape.frame, 0, shape.row, 0, n, group, rows, 0, 1, 0, counted, kept)
