"""How frames of tangents grow along the states of networks of many units: their rates, batch of steps after batch.

A frame begins as random numbers made orthonormal. It is pushed through every step, and made orthonormal again now and then.
"""

from typing import Any, NamedTuple

from rnnsim.kernels.recurrence.network import carry_states, load_points, load_spread, run_forward
from rnnsim.kernels.recurrence.packing import group_of, is_there, pack, point_of, position_of
from rnnsim.numerics.function_pointers import call, numbers_at
from rnnsim.numerics.jit import internal, kernel


class Tangents(NamedTuple):
    """How tangents go; a frame for each sequence; what to pack for them; kernels of each layer, for tangents and for volumes, and to make
    frames orthonormal and to end a batch; the frame that they begin with (row, column); of the block, rates (point, sample, batch, product)
    and where the first step changes nothing (point, sample); room for a Jacobian."""

    how: Any
    frames: Any
    packs: Any
    push: Any
    volumes: Any
    orthonormal: Any
    batch_exponents: Any
    first: Any
    rates: Any
    still: Any
    jacobian: Any
    pivots: Any


@internal
def first_frame(tangents, scratch, frame, lanes):
    """The first frame, orthonormal."""
    for p in range(frame.pushed, frame.pushed + frame.rows * frame.row):
        scratch[p] = 0.0
    for row in range(frame.rows):
        for column in range(frame.columns):
            for lane in range(lanes):
                scratch[frame.pushed + row * frame.row + column * lanes + lane] = tangents.first[row * frame.columns + column]
    for p in range(tangents.how.width):
        scratch[frame.last + p], scratch[frame.due + p] = 0.0, 1.0
        for product in range(frame.products):
            scratch[frame.mantissas + product * tangents.how.width + p] = 1.0
            scratch[frame.exponents + product * tangents.how.width + p] = 0.0
    frame.now, frame.counting, frame.forced = 0, 0, 1
    call(tangents.orthonormal, 0, (scratch, frame))


@internal
def is_due(how, scratch, frame, counted):
    """Whether the frame is to be made orthonormal after a step."""
    if frame.forced:
        return True
    if not frame.adaptive:
        return counted % how.interval == 0
    soonest = scratch[frame.due]
    for lane in range(1, how.width):
        soonest = min(soonest, scratch[frame.due + lane])
    return soonest <= frame.now


@internal
def keep_rates(tangents, scratch, frame, group, row, batch):
    """Write the rates of a batch of one sequence's lanes."""
    how = tangents.how
    call(tangents.batch_exponents, 0, (scratch, frame))
    for lane in range(group.lanes):
        if is_there(group, row, lane):
            place = (point_of(group, lane) * group.samples + position_of(group, row, lane)) * how.batches + batch
            for product in range(frame.products):
                tangents.rates[place * frame.products + product] = scratch[frame.rates + product * how.width + lane]


@internal
def grow_volumes(network, tangents, scratch, frame):
    """Let volumes grow by a step of every layer, if they are wanted."""
    for i in range(len(network.layers) if frame.products > frame.columns else 0):
        call(tangents.volumes, i, (scratch, network.layers[i], frame, tangents.jacobian, tangents.pivots))


@internal
def follow(network, tangents, scratch, group, start, steps):
    """Push the frames of all sequences through the steps from `start` on, whose partial derivatives stand in scratch."""
    how = tangents.how
    for row in range(group.rows):
        frame = tangents.frames[row]
        frame.sequence = row
        for k in range(steps):
            frame.step, frame.now = k, start + k + 1
            counted = frame.now - how.discard
            whole, last = counted // how.batch, counted == how.steps
            ends = last or (counted > 0 and counted % how.batch == 0 and whole < how.batches)
            frame.counting, frame.forced = counted > 0, counted == 0 or ends
            for i in range(len(network.layers)):
                call(tangents.push, i, (scratch, network.layers[i], frame))
            if frame.counting:
                grow_volumes(network, tangents, scratch, frame)
            if is_due(how, scratch, frame, counted):
                call(tangents.orthonormal, 0, (scratch, frame))
            else:
                frame.tangents, frame.pushed = frame.pushed, frame.tangents
            if ends:
                batch = how.batches - 1 if last else whole - 1
                frame.taken = counted - batch * how.batch
                keep_rates(tangents, scratch, frame, group, row, batch)


@internal
def keep_still(network, tangents, scratch, group):
    """Note the sequences of which no state is another one after the first step."""
    for row in range(group.rows):
        for lane in range(group.lanes):
            if is_there(group, row, lane):
                same = 1.0
                for i in range(len(network.layers)):
                    layer = network.layers[i]
                    jump = layer.state_count * layer.frame
                    for state in range(layer.state_count):
                        at = layer.states + state * layer.frame + row * layer.row + lane
                        for p in range(at, at + layer.units * group.lanes, group.lanes):
                            if scratch[p] != scratch[p + jump]:
                                same = 0.0
                                break
                tangents.still[point_of(group, lane) * group.samples + position_of(group, row, lane)] = same


@kernel
def run_tangents(program, network, data, thread, kept, tangents, points):
    """The rates of growth of all samples of the points 0…points of a block."""
    scratch = thread.scratch
    lanes = program.lanes if program.lane_points else 1
    for point in range(0, points, program.points):
        group = group_of(program, data.order, point, points, 0, program.samples)
        load_points(program, network, data, scratch, group)
        for i in range(len(tangents.packs)):
            what = tangents.packs[i]
            source = data.sources[what.source]
            pack(scratch, numbers_at(scratch, source.address), source, data.offsets[what.source], group, 1, lanes, what)
        tangents.frames[0].now = 0
        grow_volumes(network, tangents, scratch, tangents.frames[0])
        for sample in range(0, program.samples, program.chunk):
            group = group_of(program, data.order, point, points, sample, program.samples)
            load_spread(program, network.starts, data, scratch, group)
            for row in range(group.rows):
                first_frame(tangents, scratch, tangents.frames[row], program.lanes)
            for start in range(0, program.steps, program.chunk_steps):
                steps = min(program.chunk_steps, program.steps - start)
                run_forward(program, network, data, thread, kept, group, start, steps)
                if start == 0:
                    keep_still(network, tangents, scratch, group)
                follow(network, tangents, scratch, group, start, steps)
                carry_states(network, scratch, steps)
