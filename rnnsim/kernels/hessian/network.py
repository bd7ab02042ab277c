"""Second derivatives of the cost: the tangents of back-propagation through time, for groups of lanes.

    H[p, q] = ∂²C / ∂θ[p] ∂θ[q]:   in lane q the tangent of θ is e_q, and what comes back is the tangent of ∂C/∂θ[p]

A lane is a direction q of a point: a group holds some directions of one point, or all those of several. These kernels are compiled once:
the descriptors of a network are records, and they call its layers' kernels by address.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.hessian.descriptors import START, TABLE
from rnnsim.numerics.function_pointers import call, numbers_at
from rnnsim.numerics.jit import kernel, part


class Network(NamedTuple):
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


class Found(NamedTuple):
    """cost (point), gradient (point, parameter), hessian (point, parameter, parameter_from), the first step that is not finite (point),
    and the block's first point."""

    cost: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    diverged_at: np.ndarray
    first: int


class Scratch(NamedTuple):
    """A thread's room; descriptors of a layer's work and of the cost; and what the lanes are: a point of the block and a direction."""

    room: Any
    work: Any
    cost: Any
    points: Any
    lanes: Any


@part
def lay_out_lanes(plan, scratch, point, points, first, count):
    """Lanes of `points` points from `point` on, each with `count` directions from `first` on: the last ones again, in lanes beyond them;
    and a register for each direction, 1 in its lanes."""
    lanes, room = scratch.lanes.size, scratch.room
    for lane in range(lanes):
        scratch.points[lane] = min(point + lane // count, point + points - 1)
        scratch.lanes[lane] = lane % count if lane < points * count else count - 1
        for t in range(count):
            room[plan.lanes_of + t * lanes + lane] = 1.0 if scratch.lanes[lane] == t else 0.0


@part
def load_theta(plan, data, scratch):
    """θ of the group, a number or a register for each row."""
    room, lanes = scratch.room, scratch.lanes.size
    for row in range(plan.rows):
        if plan.theta_apart == 1:
            room[plan.theta + row] = data.theta[scratch.points[0], row]
        else:
            for lane in range(lanes):
                room[plan.theta + row * lanes + lane] = data.theta[scratch.points[lane], row]


@part
def lay_out(laid, data, scratch, sample):
    """Rows of θ as frames: biases, constants, starts."""
    room, lanes = scratch.room, scratch.lanes.size
    for i in range(len(laid)):
        what = laid[i]
        for unit in range(what.units):
            for lane in range(lanes):
                value = data.theta[scratch.points[lane], what.row + sample * what.by_sample + unit]
                at = what.out + unit * lanes + lane
                room[at] = room[at] + value if what.added else value


@part
def load_frames(scratch, values, places, shared, by_sample, by_step, numbers, sample, first, steps, out):
    """The numbers of some steps of a sample as frames."""
    room, lanes = scratch.room, scratch.lanes.size
    for k in range(steps):
        for i in range(numbers):
            step, at = sample * by_sample + (first + k) * by_step + i, out + (k * numbers + i) * lanes
            if shared:
                value = values[places[scratch.points[0]] + step]
                for lane in range(lanes):
                    room[at + lane] = value
            else:
                for lane in range(lanes):
                    room[at + lane] = values[places[scratch.points[lane]] + step]


@part
def embed(plan, network, data, scratch, sample, first_direction, count):
    """The rows of the table that the tokens of a sample name as frames, and their tangents."""
    room, lanes = scratch.room, scratch.lanes.size
    values = numbers_at(room, data.inputs)
    for k in range(plan.steps):
        for lane in range(lanes):
            point = scratch.points[lane]
            token = int(values[data.input_places[point] + sample * plan.input_by_sample + k * plan.input_by_step])
            q = network.directions[first_direction + scratch.lanes[lane]]
            for i in range(plan.features):
                at = (k * plan.features + i) * lanes + lane
                room[plan.x + at] = data.theta[point, plan.table + token * plan.features + i]
                if plan.moving:
                    room[plan.d_x + at] = 1.0 if q.kind == TABLE and q.row == token and q.term == i else 0.0


@part
def add_to_table(plan, data, scratch, sample):
    """Add the cotangents of the inputs, and their tangents, to the sums of the rows that the tokens name."""
    room, lanes = scratch.room, scratch.lanes.size
    values = numbers_at(room, data.inputs)
    for k in range(plan.steps):
        for lane in range(lanes):
            place = data.input_places[scratch.points[lane]] + sample * plan.input_by_sample + k * plan.input_by_step
            token = int(values[place])
            for i in range(plan.features):
                at, row = (k * plan.features + i) * lanes + lane, (token * plan.features + i) * lanes + lane
                room[plan.grad_table + row] += room[plan.grad_x + at]
                room[plan.d_grad_table + row] += room[plan.d_grad_x + at]


@part
def start(network, scratch, first_direction, count, sample):
    """Zero cotangents, and tangents of the starts, 1 in the lanes of their own directions."""
    room, lanes = scratch.room, scratch.lanes.size
    for number in range(len(network.layers)):
        layer = network.layers[number]
        for p in range(layer.state_count * layer.units * lanes):
            room[layer.cotangent + p] = room[layer.d_cotangent + p] = room[layer.d_states + p] = 0.0
    for lane in range(lanes):
        q = network.directions[first_direction + scratch.lanes[lane]]
        if q.kind == START and (q.sample < 0 or q.sample == sample):
            layer = network.layers[q.layer]
            room[layer.d_states + (q.gate * layer.units + q.row) * lanes + lane] = 1.0


@part
def add_starts(network, scratch, sample):
    """Add the cotangents of the starts, and their tangents, to their sums."""
    room, lanes = scratch.room, scratch.lanes.size
    for number in range(len(network.layers)):
        layer = network.layers[number]
        size = layer.state_count * layer.units * lanes
        own = size * min(sample, layer.starts - 1)
        for p in range(size):
            room[layer.grad_start + own + p] += room[layer.cotangent + p]
            room[layer.d_grad_start + own + p] += room[layer.d_cotangent + p]


@part
def find_divergence(plan, network, scratch, found):
    """The first step at which a state of a lane's point is not finite."""
    room, lanes = scratch.room, scratch.lanes.size
    for number in range(len(network.layers)):
        layer = network.layers[number]
        frame = layer.state_count * layer.units * lanes
        zero = 0.0
        for p in range(layer.states, layer.states + (plan.steps + 1) * frame):
            zero += 0.0 * room[p]
        if zero == 0.0:
            continue
        for k in range(plan.steps + 1 if frame else 0):
            for p in range(frame):
                point = found.first + scratch.points[p % lanes]
                if not (abs(room[layer.states + k * frame + p]) < np.inf):
                    seen = found.diverged_at[point]
                    found.diverged_at[point] = min(seen, k) if seen >= 0 else k


@part
def run_sample(plan, network, data, scratch, found, first_direction, count, sample):
    """All that a group makes of a sample."""
    room, work, cost = scratch.room, scratch.work[0], scratch.cost[0]
    work.sample = sample
    if plan.table >= 0:
        embed(plan, network, data, scratch, sample, first_direction, count)
    elif sample == 0 or plan.input_by_sample or not plan.shared_inputs:
        values, apart = numbers_at(room, data.inputs), (plan.input_by_sample, plan.input_by_step)
        size = plan.features
        load_frames(scratch, values, data.input_places, plan.shared_inputs, *apart, size, sample, 0, plan.steps, plan.x)
    values, apart = numbers_at(room, data.targets), (plan.target_by_sample, plan.target_by_step)
    size, shared = plan.target_units, plan.shared_targets
    load_frames(scratch, values, data.target_places, shared, *apart, size, sample, 0, plan.targeted, plan.targets)
    start(network, scratch, first_direction, count, sample)
    lay_out(network.starts, data, scratch, sample)
    last = len(network.layers) - 1
    mapped = network.layers[last].state_count == 0
    for i in range(last + 1):
        work.top_from = plan.steps - plan.targeted
        call(network.forward, i, (room, network.layers[i], i, work, network.directions))
    if work.gradient:
        find_divergence(plan, network, scratch, found)
    call(network.costs, 0, (room, cost))
    for i in range(last, -1, -1):
        work.top_from = plan.steps - plan.targeted if i == last or (mapped and i == last - 1) else 0
        call(network.backward, i, (room, network.layers[i], i, work, network.directions))
    add_starts(network, scratch, sample)
    if plan.grad_table >= 0:
        add_to_table(plan, data, scratch, sample)


@part
def keep(plan, network, data, scratch, found, first, count):
    """What a group has summed, over the number of targets that count."""
    room, lanes, total = scratch.room, scratch.lanes.size, scratch.cost[0].total
    for lane in range(lanes):
        here, q = scratch.points[lane], first + scratch.lanes[lane]
        point, counted = found.first + here, data.counted[here]
        for p in range(plan.directions):
            found.hessian[point, p, q] = room[network.directions[p].d_at + lane] / counted
        if q == 0:
            found.cost[point] = room[total + lane] / counted
            for p in range(plan.directions):
                found.gradient[point, p] = room[network.directions[p].at + lane] / counted


@kernel
def compute(plan, network, data, scratch, found, points, first, last):
    """Cost, gradient and Hessian of the points 0…points of a block, in the directions first…last: those that a group holds, or fewer
    than all that are a whole number of groups."""
    room, work, lanes = scratch.room, scratch.work[0], scratch.lanes.size
    for point in range(0, points, plan.points):
        for direction in range(first, last, lanes):
            count, there = min(lanes, last - direction), min(plan.points, points - point)
            lay_out_lanes(plan, scratch, point, there, direction, count)
            load_theta(plan, data, scratch)
            lay_out(network.laid, data, scratch, 0)
            for p in range(plan.sums, plan.sums_end):
                room[p] = 0.0
            work.first, work.count, work.gradient = direction, count, int(direction == 0)
            for sample in range(plan.samples):
                run_sample(plan, network, data, scratch, found, direction, count, sample)
            keep(plan, network, data, scratch, found, direction, count)
