"""Groups of lanes, from their parameters to their results: forward, and back-propagation through time.

A block of points is cut into groups, samples into blocks and those into chunks of as many as a group's frames hold. Gradients are summed
chunk after chunk in a block of samples, then block after block, so that a sum depends on its own point and on nothing else.

These kernels are compiled once: the descriptors of a network are records, and they call its layers' kernels by address.
"""

from typing import Any, NamedTuple

from rnnsim.kernels.recurrence.noise import add_noise
from rnnsim.kernels.recurrence.packing import (
    add_to_table,
    embed,
    first_not_finite,
    group_of,
    keep_frames,
    keep_sum,
    pack,
    point_of,
    read_targets,
    read_weights,
    spread_out,
)
from rnnsim.kernels.recurrence.penalties import add_slopes, add_squares
from rnnsim.numerics.function_pointers import call, numbers_at
from rnnsim.numerics.jit import internal, kernel


class NetworkKernels(NamedTuple):
    """Layers, bottom first, and kernels of each: forward, back, and to report pre-activations; those of the cost and of what else is
    measured, and the one that draws noise, if there is some; what to pack and to spread out for a group of points, and for one of
    samples; what begins at 0 in each block of samples."""

    layers: Any
    forward: Any
    backward: Any
    report: Any
    costs: Any
    noise: Any
    packs: Any
    biases: Any
    starts: Any
    zeros: Any


class Data(NamedTuple):
    """Sources of a block, their offsets (source, point), the number of targets of each point that count, and the order of the samples:
    addresses of tables and of each point's place in them, or 0."""

    sources: Any
    offsets: Any
    counted: Any
    order: Any


class Kept(NamedTuple):
    """Results to keep: on the way forward, on the way back, sums over samples; the block's first point; and the first step of each point at
    which a state is not finite."""

    forward: Any
    backward: Any
    sums: Any
    first_point: int
    found: Any


class ThreadScratch(NamedTuple):
    """A thread's scratch and its address; which inputs stand there (offset, sample, step, steps); descriptors of a chunk, of the cost and
    of noise."""

    scratch: Any
    address: int
    held: Any
    chunk: Any
    cost: Any
    noise: Any


@internal
def load_points(program, network, data, scratch, group):
    """Pack the weights of a group's points and lay out their biases."""
    lanes = program.lanes if program.lane_points else 1
    for i in range(len(network.packs)):
        what = network.packs[i]
        source = data.sources[what.source]
        pack(scratch, numbers_at(scratch, source.address), source, data.offsets[what.source], group, program.panel, lanes, what)
    load_spread(program, network.biases, data, scratch, group)


@internal
def load_spread(program, spreads, data, scratch, group):
    """Lay out numbers of units: biases, constants and starts."""
    for i in range(len(spreads)):
        what = spreads[i]
        source, offsets = data.sources[what.source], data.offsets[what.source]
        values, rows, element = numbers_at(scratch, source.address), group.rows if what.all_rows else 1, what.gate * source.by_gate
        spread_out(scratch, values, source, offsets, group, element, what.units, rows, 0, what.row, what.out, what.added)


@internal
def load_inputs(program, data, thread, group, start, steps):
    """Lay out the inputs from step `start` on, or of all steps with the first of them, unless they are read as they stand or stand there
    already."""
    scratch, which = thread.scratch, program.input_source
    source, offsets = data.sources[which], data.offsets[which]
    values, size = numbers_at(scratch, source.address), program.input_row
    if program.as_they_stand or (program.inputs_of_all_steps and start):
        return
    if program.inputs_of_all_steps:
        steps = program.steps
    if program.table_source >= 0:
        table, table_offsets = data.sources[program.table_source], data.offsets[program.table_source]
        for k in range(steps):
            place = program.inputs + k * program.input_frame
            rows = numbers_at(scratch, table.address)
            embed(scratch, values, source, offsets, rows, table_offsets, group, program.features, start + k, size, place)
        return
    held, offset = thread.held, offsets[group.point]
    shared = offset == offsets[point_of(group, group.lanes - 1)] and group.order == 0
    if shared and held[0] == offset and held[1] == group.sample and held[2] == start and held[3] == steps:
        return
    for k in range(steps):
        place = program.inputs + k * program.input_frame
        spread_out(scratch, values, source, offsets, group, 0, program.features, group.rows, start + k, size, place, 0)
    held[0], held[1], held[2], held[3] = offset if shared else -1, group.sample, start, steps


@internal
def find_inputs(program, network, data, thread, group, i, start):
    """Tell layer i where its inputs stand, from step `start` on: the states of the layer below, or the inputs of the network. Returns the
    address of the array."""
    chunk = thread.chunk[0]
    if i:
        below = network.layers[i - 1]
        jump = below.state_count * below.frame
        chunk.first, chunk.by_step, chunk.by_row = below.states + jump, jump, below.row
        return thread.address
    if program.as_they_stand:
        source = data.sources[program.input_source]
        chunk.first = data.offsets[program.input_source][group.point] + group.sample * source.by_sample + start * source.by_step
        chunk.by_step, chunk.by_row = source.by_step, source.by_sample
        return source.address
    skipped = start if program.inputs_of_all_steps else 0
    chunk.first, chunk.by_step, chunk.by_row = (
        program.inputs + skipped * program.input_frame,
        program.input_frame,
        program.input_row,
    )
    return thread.address


@internal
def run_forward(program, network, data, thread, kept, group, start, steps):
    """All layers over the steps from `start` on, and what is to be kept of them."""
    scratch, chunk = thread.scratch, thread.chunk[0]
    load_inputs(program, data, thread, group, start, steps)
    chunk.rows, chunk.steps, chunk.start = group.rows, steps, start
    for i in range(len(network.layers)):
        if network.layers[i].noise >= 0:
            add_noise(network, data, thread, network.layers[i], group, start, steps)
        values = numbers_at(scratch, find_inputs(program, network, data, thread, group, i, start))
        call(network.forward, i, (scratch, values, network.layers[i], chunk))
    for i in range(len(network.layers)):
        layer = network.layers[i]
        if layer.state_count:
            first_not_finite(scratch, layer, group, start, steps, kept.found)
        if layer.reported >= 0:
            call(network.report, i, (scratch, scratch, layer, chunk))
    for i in range(len(kept.forward)):
        keep_frames(scratch, kept.forward[i], group, start, steps, program.steps, data.counted, kept.first_point)


@internal
def run_cost(program, network, data, thread, group, start, steps, all_costs):
    """The cost, and whatever else is measured if `all_costs`, of the outputs of the steps from `start` on that have targets. Returns the
    first of these steps, counted from `start`."""
    untargeted, which = program.steps - program.targeted, program.target_source
    first = max(0, untargeted - start)
    if first < steps:
        source, scratch = data.sources[which], thread.scratch
        values, begin = numbers_at(scratch, source.address), start + first - untargeted
        read_targets(scratch, values, source, data.offsets[which], group, program, begin, steps - first, data.counted)
        if program.weight_source >= 0:
            weight_source, weight_offsets = data.sources[program.weight_source], data.offsets[program.weight_source]
            weights = numbers_at(scratch, weight_source.address)
            read_weights(scratch, weights, weight_source, weight_offsets, group, program, begin, steps - first, data.counted)
        for i in range(program.costs - 1 if all_costs else 0, -1, -1):
            cost = thread.cost[i]
            cost.rows, cost.steps = group.rows, steps - first
            cost.y, cost.g = cost.y_first + first * cost.y_by_step, cost.g_first + first * cost.g_by_step
            call(network.costs, i, (scratch, cost))
    return first


@internal
def add_penalties(program, network, data, thread, group, steps):
    """Add the penalties of all layers' states in a chunk of steps to the cost."""
    for i in range(len(network.layers)):
        layer = network.layers[i]
        if layer.penalty_source >= 0:
            add_squares(program, thread.scratch, layer, data, group, steps, thread.chunk[0].sequence_steps)


@internal
def add_rows(scratch, layer, rows, count, frames, out):
    """Add the rows of so many frames to one row for each."""
    for i in range(count):
        for row in range(rows):
            at = frames + i * layer.frame + row * layer.row
            for p in range(layer.row):
                scratch[out + i * layer.row + p] += scratch[at + p]


@internal
def run_backward(program, network, data, thread, group, start, steps, first):
    """All layers back over the steps from `start` on, of which those from `first` on have targets."""
    scratch, chunk = thread.scratch, thread.chunk[0]
    last = len(network.layers) - 1
    for i in range(last, -1, -1):
        layer = network.layers[i]
        states = layer.state_count
        for p in range(layer.cotangent, layer.cotangent + states * layer.frame):
            scratch[p] = 0.0
        chunk.top_from = first if i == last or (not network.layers[last].state_count and i == last - 1) else 0
        if layer.penalty_source >= 0:
            add_slopes(scratch, layer, data, group, chunk)
        values = numbers_at(scratch, find_inputs(program, network, data, thread, group, i, start))
        for p in range(layer.number_sums, layer.number_sums + layer.tracked * layer.frame):
            scratch[p] = 0.0
        call(network.backward, i, (scratch, values, layer, chunk))
        add_rows(scratch, layer, group.rows, states if start == 0 else 0, layer.cotangent, layer.grad_starts)
        add_rows(scratch, layer, group.rows, layer.tracked, layer.number_sums, layer.grad_numbers)
    if program.grad_table >= 0:
        tokens, which = data.sources[program.input_source], program.input_source
        values = numbers_at(scratch, tokens.address)
        for k in range(steps):
            at, out, size = program.grad_inputs + k * program.input_frame, program.grad_table, program.input_row
            add_to_table(
                scratch, values, tokens, data.offsets[which], group, program.features, start + k, size, at, out, program.tokens
            )


@internal
def keep_sums(program, scratch, kept, group, added, whole, counted):
    """The costs, and all sums over samples that are to be kept."""
    for i in range(program.costs * program.partial_costs):
        scratch[program.cost + i // program.partial_costs * program.lanes + i % program.lanes] += scratch[program.partial_cost + i]
    for i in range(len(kept.sums)):
        keep_sum(scratch, kept.sums[i], group, added, whole, counted, kept.first_point)


@internal
def carry_states(network, scratch, steps):
    """Let the last states of a chunk of steps be the first of the next."""
    for i in range(len(network.layers)):
        layer = network.layers[i]
        jump = layer.state_count * layer.frame
        for p in range(layer.states, layer.states + jump):
            scratch[p] = scratch[p + steps * jump]


@internal
def carry_over(network, scratch, steps, place, back):
    """Keep the states after the last of `steps`, or take them `back` as the first ones."""
    for i in range(len(network.layers)):
        layer = network.layers[i]
        jump = layer.state_count * layer.frame
        for p in range(jump):
            if back:
                scratch[layer.states + p] = scratch[place + p]
            else:
                scratch[place + p] = scratch[layer.states + steps * jump + p]
        place += jump


@internal
def run_samples(program, network, data, thread, kept, point, points, begin, end, from_step, to_step, all_costs):
    """All that a group of points makes of the samples begin…end at the steps from_step…to_step, summed over the samples from 0 on; a run
    that begins at a later step goes on from the states that the one before it left."""
    scratch = thread.scratch
    for i in range(len(network.zeros)):
        for p in range(network.zeros[i].at, network.zeros[i].at + network.zeros[i].length):
            scratch[p] = 0.0
    for sample in range(begin, end, program.chunk):
        group = group_of(program, data.order, point, points, sample, end)
        carried = program.carried + (sample - begin) // program.chunk * program.carried_size
        load_spread(program, network.starts, data, scratch, group)
        if from_step:
            carry_over(network, scratch, 0, carried, True)
        for start in range(from_step, to_step, program.chunk_steps):
            steps = min(program.chunk_steps, to_step - start)
            run_forward(program, network, data, thread, kept, group, start, steps)
            first = run_cost(program, network, data, thread, group, start, steps, all_costs) if program.measured else steps
            if program.penalised:
                add_penalties(program, network, data, thread, group, steps)
            if program.back:
                run_backward(program, network, data, thread, group, start, steps, first)
                for i in range(len(kept.backward)):
                    keep_frames(scratch, kept.backward[i], group, start, steps, program.steps, data.counted, kept.first_point)
            elif start + steps < to_step:
                carry_states(network, scratch, steps)
            if program.carried >= 0 and start + steps == to_step:
                carry_over(network, scratch, steps, carried, False)


@kernel
def run_block(program, network, data, thread, kept, points, first_sample_block, last_sample_block, sample_blocks):
    """States of the points 0…points of a block, for some blocks of the samples; cost and gradients too, if the program says so: each is
    divided by the number of targets that count, once all blocks of samples are summed."""
    scratch, thread.chunk[0].sequence_steps = thread.scratch, program.samples * program.steps
    for point in range(0, points, program.points):
        group = group_of(program, data.order, point, points, sample_blocks[0], program.samples)
        load_points(program, network, data, scratch, group)
        for sample_block in range(first_sample_block, last_sample_block):
            begin, end = sample_blocks[sample_block], sample_blocks[sample_block + 1]
            run_samples(program, network, data, thread, kept, point, points, begin, end, 0, program.steps, True)
            if program.measured:
                whole = first_sample_block == 0 and sample_block == sample_blocks.size - 2
                keep_sums(program, scratch, kept, group, sample_block > first_sample_block, whole, data.counted)
