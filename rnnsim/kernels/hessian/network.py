"""Second derivatives of the cost: the tangents of back-propagation through time, for groups of lanes.

    H[p, q] = ∂²C / ∂θ[p] ∂θ[q]:   in lane q the tangent of θ is e_q, and what comes back is the tangent of ∂C/∂θ[p]

A lane is a direction q of a point: a group holds some directions of one point, or all those of several. These kernels are compiled once:
the descriptors of a network are records, and they call its layers' kernels by address.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.hessian.descriptors import NUMBER, START, TABLE
from rnnsim.numerics.function_pointers import call, numbers_at
from rnnsim.numerics.jit import internal, kernel


class NetworkKernels(NamedTuple):
    """Layers, bottom first, and kernels of each: forward and back; that of the cost; directions; what to lay out for a group of points,
    and the starts."""

    layers: Any
    forward: Any
    backward: Any
    costs: Any
    directions: Any
    laid: Any
    starts: Any


class Data(NamedTuple):
    """Of a block's points: θ (point, row), where their inputs and targets begin in memory, and how many targets count."""

    theta: np.ndarray
    inputs: Any
    input_places: np.ndarray
    targets: Any
    target_places: np.ndarray
    counted: np.ndarray


class Derivatives(NamedTuple):
    """cost (point), gradient (point, parameter), hessian (point, parameter, parameter_from), the first step that is not finite (point),
    and the block's first point."""

    cost: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    diverged_at: np.ndarray
    first: int


class ThreadScratch(NamedTuple):
    """A thread's scratch; descriptors of the group and of the cost; and what the lanes are: a point of the block and a direction."""

    scratch: Any
    group: Any
    cost: Any
    points: Any
    lanes: Any


@internal
def lay_out_lanes(program, thread, point, points, first, count):
    """Lanes of `points` points from `point` on, each with `count` directions from `first` on: the last ones again, in lanes beyond them;
    and a register for each direction, 1 in its lanes."""
    lanes, scratch = thread.lanes.size, thread.scratch
    for lane in range(lanes):
        thread.points[lane] = min(point + lane // count, point + points - 1)
        thread.lanes[lane] = lane % count if lane < points * count else count - 1
        for t in range(count):
            scratch[program.lanes_of + t * lanes + lane] = 1.0 if thread.lanes[lane] == t else 0.0


@internal
def load_theta(program, data, thread):
    """θ of the group, a number or a register for each row."""
    scratch, lanes = thread.scratch, thread.lanes.size
    for row in range(program.rows):
        if program.theta_apart == 1:
            scratch[program.theta + row] = data.theta[thread.points[0], row]
        else:
            for lane in range(lanes):
                scratch[program.theta + row * lanes + lane] = data.theta[thread.points[lane], row]


@internal
def lay_out(laid, data, thread, sample):
    """Rows of θ as frames: biases, constants, starts."""
    scratch, lanes = thread.scratch, thread.lanes.size
    for i in range(len(laid)):
        what = laid[i]
        for unit in range(what.units):
            for lane in range(lanes):
                value = data.theta[thread.points[lane], what.row + sample * what.by_sample + unit]
                at = what.out + unit * lanes + lane
                scratch[at] = scratch[at] + value if what.added else value


@internal
def load_frames(thread, values, places, shared, by_sample, by_step, numbers, sample, first, steps, out):
    """The numbers of some steps of a sample as frames."""
    scratch, lanes = thread.scratch, thread.lanes.size
    for k in range(steps):
        for i in range(numbers):
            step, at = sample * by_sample + (first + k) * by_step + i, out + (k * numbers + i) * lanes
            if shared:
                value = values[places[thread.points[0]] + step]
                for lane in range(lanes):
                    scratch[at + lane] = value
            else:
                for lane in range(lanes):
                    scratch[at + lane] = values[places[thread.points[lane]] + step]


@internal
def embed(program, network, data, thread, sample, first_direction, count):
    """The rows of the table that the tokens of a sample name as frames, and their tangents."""
    scratch, lanes = thread.scratch, thread.lanes.size
    values = numbers_at(scratch, data.inputs)
    for k in range(program.steps):
        for lane in range(lanes):
            point = thread.points[lane]
            token = int(values[data.input_places[point] + sample * program.input_by_sample + k * program.input_by_step])
            q = network.directions[first_direction + thread.lanes[lane]]
            for i in range(program.features):
                at = (k * program.features + i) * lanes + lane
                scratch[program.x + at] = data.theta[point, program.table + token * program.features + i]
                if program.moving:
                    scratch[program.d_x + at] = 1.0 if q.kind == TABLE and q.row == token and q.term == i else 0.0


@internal
def add_to_table(program, data, thread, sample):
    """Add the cotangents of the inputs, and their tangents, to the sums of the rows that the tokens name."""
    scratch, lanes = thread.scratch, thread.lanes.size
    values = numbers_at(scratch, data.inputs)
    for k in range(program.steps):
        for lane in range(lanes):
            place = data.input_places[thread.points[lane]] + sample * program.input_by_sample + k * program.input_by_step
            token = int(values[place])
            for i in range(program.features):
                at, row = (k * program.features + i) * lanes + lane, (token * program.features + i) * lanes + lane
                scratch[program.grad_table + row] += scratch[program.grad_x + at]
                scratch[program.d_grad_table + row] += scratch[program.d_grad_x + at]


@internal
def start(network, thread, first_direction, count, sample):
    """Zero cotangents, and tangents of the starts and of the cells' numbers, 1 in the lanes of their own directions."""
    scratch, lanes = thread.scratch, thread.lanes.size
    for number in range(len(network.layers)):
        layer = network.layers[number]
        for p in range(layer.state_count * layer.units * lanes):
            scratch[layer.cotangent + p] = scratch[layer.d_cotangent + p] = scratch[layer.d_states + p] = 0.0
        for p in range(layer.number_count * layer.units * lanes):
            scratch[layer.d_constants + p] = 0.0
    for lane in range(lanes):
        q = network.directions[first_direction + thread.lanes[lane]]
        if q.kind == START and (q.sample < 0 or q.sample == sample):
            layer = network.layers[q.layer]
            scratch[layer.d_states + (q.gate * layer.units + q.row) * lanes + lane] = 1.0
        if q.kind == NUMBER:
            layer = network.layers[q.layer]
            scratch[layer.d_constants + (q.gate * layer.units + q.row) * lanes + lane] = 1.0


@internal
def add_starts(network, thread, sample):
    """Add the cotangents of the starts, and their tangents, to their sums."""
    scratch, lanes = thread.scratch, thread.lanes.size
    for number in range(len(network.layers)):
        layer = network.layers[number]
        size = layer.state_count * layer.units * lanes
        own = size * min(sample, layer.starts - 1)
        for p in range(size):
            scratch[layer.grad_start + own + p] += scratch[layer.cotangent + p]
            scratch[layer.d_grad_start + own + p] += scratch[layer.d_cotangent + p]


@internal
def find_divergence(program, network, thread, found):
    """The first step at which a state of a lane's point is not finite."""
    scratch, lanes = thread.scratch, thread.lanes.size
    for number in range(len(network.layers)):
        layer = network.layers[number]
        frame = layer.state_count * layer.units * lanes
        zero = 0.0
        for p in range(layer.states, layer.states + (program.steps + 1) * frame):
            zero += 0.0 * scratch[p]
        if zero == 0.0:
            continue
        for k in range(program.steps + 1 if frame else 0):
            for p in range(frame):
                point = found.first + thread.points[p % lanes]
                if not (abs(scratch[layer.states + k * frame + p]) < np.inf):
                    seen = found.diverged_at[point]
                    found.diverged_at[point] = min(seen, k) if seen >= 0 else k


@internal
def run_sample(program, network, data, thread, found, first_direction, count, sample):
    """All that a group makes of a sample."""
    scratch, group, cost = thread.scratch, thread.group[0], thread.cost[0]
    group.sample = sample
    if program.table >= 0:
        embed(program, network, data, thread, sample, first_direction, count)
    elif sample == 0 or program.input_by_sample or not program.shared_inputs:
        values, apart = numbers_at(scratch, data.inputs), (program.input_by_sample, program.input_by_step)
        size = program.features
        load_frames(thread, values, data.input_places, program.shared_inputs, *apart, size, sample, 0, program.steps, program.x)
    values, apart = numbers_at(scratch, data.targets), (program.target_by_sample, program.target_by_step)
    size, shared = program.target_units, program.shared_targets
    load_frames(thread, values, data.target_places, shared, *apart, size, sample, 0, program.targeted, program.targets)
    start(network, thread, first_direction, count, sample)
    lay_out(network.starts, data, thread, sample)
    last = len(network.layers) - 1
    mapped = network.layers[last].state_count == 0
    for i in range(last + 1):
        group.top_from = program.steps - program.targeted
        call(network.forward, i, (scratch, network.layers[i], i, group, network.directions))
    if group.gradient:
        find_divergence(program, network, thread, found)
    call(network.costs, 0, (scratch, cost))
    for i in range(last, -1, -1):
        group.top_from = program.steps - program.targeted if i == last or (mapped and i == last - 1) else 0
        call(network.backward, i, (scratch, network.layers[i], i, group, network.directions))
    add_starts(network, thread, sample)
    if program.grad_table >= 0:
        add_to_table(program, data, thread, sample)


@internal
def keep(program, network, data, thread, found, first, count):
    """What a group has summed, over the number of targets that count."""
    scratch, lanes, total = thread.scratch, thread.lanes.size, thread.cost[0].total
    for lane in range(lanes):
        here, q = thread.points[lane], first + thread.lanes[lane]
        point, counted = found.first + here, data.counted[here]
        for p in range(program.directions):
            found.hessian[point, p, q] = scratch[network.directions[p].d_at + lane] / counted
        if q == 0:
            found.cost[point] = scratch[total + lane] / counted
            for p in range(program.directions):
                found.gradient[point, p] = scratch[network.directions[p].at + lane] / counted


@kernel
def differentiate_block(program, network, data, thread, found, points, first, last):
    """Cost, gradient and Hessian of the points 0…points of a block, in the directions first…last: those that a group holds, or fewer
    than all that are a whole number of groups."""
    scratch, group, lanes = thread.scratch, thread.group[0], thread.lanes.size
    for point in range(0, points, program.points):
        for direction in range(first, last, lanes):
            count, there = min(lanes, last - direction), min(program.points, points - point)
            lay_out_lanes(program, thread, point, there, direction, count)
            load_theta(program, data, thread)
            lay_out(network.laid, data, thread, 0)
            for p in range(program.sums, program.sums_end):
                scratch[p] = 0.0
            group.first, group.count, group.gradient = direction, count, int(direction == 0)
            for sample in range(program.samples):
                run_sample(program, network, data, thread, found, direction, count, sample)
            keep(program, network, data, thread, found, direction, count)
