"""Training of small networks, whose numbers stay in the first-level cache: the epochs of a group, of which each network is a lane, or of
one network, of which each unit is.

`training` describes what moves, when, and what is recorded of it. A group's parameters stand in rows of lanes, `own`. A thread's `scratch`
has rows, too: gradients; the states of each trained row; the rule's numbers and the limit of the clip; the memory; whether a lane
moves (1 or 0), the cost, how many targets count, who is lost; and the parameters and states after an update.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload, register_jitable

from rnnsim.equations.arity import slots
from rnnsim.equations.update_rules import begin, update
from rnnsim.kernels.training.epochs import BY_NORM, BY_VALUE, judge, moving, norm_of
from rnnsim.kernels.training.small_gradients import gradient, measured
from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import kernel, specialised
from rnnsim.numerics.primitives import absolute, any_lane, at_least, at_most, select, square_root
from rnnsim.numerics.simd import align_stack, load, splat, store
from rnnsim.numerics.tuples import put, spoil, take, width


class Places(NamedTuple):
    """How many networks a group has, and how many lanes each takes; the rows that move; of each number that moves, its place among those of
    a network, which of these rows it is in, and in which lane (from that of its network on; a number may stand in several); where the
    fixed numbers stand; the rows at which things begin in scratch."""

    networks: int
    units: int
    rows: Any
    numbers: Any
    slots: Any
    lanes: Any
    fixed: Any
    states: int
    constants: int
    memory: int
    moves: int
    cost: int
    counted: int
    lost: int
    after: int


@register_jitable
def place_of(places, i, w):
    """Where the number i of those that move stands among the parameters, and its gradient in scratch."""
    return places.rows[places.slots[i]] * w + places.lanes[i]


@register_jitable
def norms(kind, training, scratch, places):
    """√Σ g² of each network, whatever the size of the numbers."""
    w, rows, top, total = width(kind), places.rows, splat(kind, 0.0), splat(kind, 0.0)
    if places.networks == 1:
        first = places.after * w
        for i in range(training.moved):
            scratch[first + places.numbers[i]] = scratch[place_of(places, i, w)]
        return splat(kind, norm_of(scratch, first, training.moved))
    for i in range(rows.size):
        top = at_least(top, absolute(load(kind, scratch, rows[i] * w)))
    unit = select(top > 0.0, select(top < np.inf, top, 1.0), 1.0)
    for i in range(rows.size):
        g = load(kind, scratch, rows[i] * w) / unit
        total = total + g * g
    return unit * square_root(total)


@register_jitable
def write_lanes(values, first, apart, count, lanes, lane_scratch):
    """Write the number of each lane, `apart` from the one before."""
    store(lane_scratch, 0, lanes)
    for i in range(count):
        values[first + i * apart] = lane_scratch[i]


@specialised
def move_of(kind, rule):
    """The kernel that moves the networks of a group by the gradients in `scratch`, and marks those that would have moved to what is not
    finite in the row `lost`."""

    @kernel
    def moving_on(training, own, scratch, places):
        w, n_states, rows = width(kind), len(slots(rule, "states")), places.rows
        c = take(kind, slots(rule, "numbers"), scratch, places.constants * w, w)
        limit = load(kind, scratch, (places.constants + training.numbers - 1) * w)
        memory = take(kind, slots(rule, "memory"), scratch, places.memory * w, w)
        e, new_memory = begin(rule, c, memory, load(kind, scratch, places.cost * w))
        moves = select(load(kind, scratch, places.counted * w) > 0.0, load(kind, scratch, places.moves * w), 0.0)
        shrink, zero = splat(kind, 1.0), splat(kind, 0.0)
        if training.clipped == BY_NORM:
            norm = norms(kind, training, scratch, places)
            shrink = select(norm > limit, limit / norm, 1.0)
        for i in range(rows.size):
            g = load(kind, scratch, rows[i] * w)
            zero = spoil(zero, (g,))
            if training.clipped == BY_VALUE:
                g = at_least(at_most(g, limit), -limit)
            elif training.clipped == BY_NORM:
                g = g * shrink
            s = take(kind, slots(rule, "states"), scratch, (places.states + i * n_states) * w, w)
            p, s = update(rule, c, e, s, load(kind, own, rows[i] * w), g)
            zero = spoil(spoil(zero, (p,)), s)
            after = (places.after + i * (1 + n_states)) * w
            store(scratch, after, p)
            put(scratch, after + w, w, s)
        lost = select(zero == 0.0, 0.0, moves)
        if places.networks == 1 and any_lane(lost > 0.0):
            lost = moves
        goes = moves > lost
        for i in range(rows.size):
            after = (places.after + i * (1 + n_states)) * w
            store(own, rows[i] * w, select(goes, load(kind, scratch, after), load(kind, own, rows[i] * w)))
            for j in range(n_states):
                state = (places.states + i * n_states + j) * w
                store(scratch, state, select(goes, load(kind, scratch, after + (1 + j) * w), load(kind, scratch, state)))
        put(scratch, places.memory * w, w, chosen(goes, new_memory, memory))
        store(scratch, places.lost * w, lost)

    return moving_on


def chosen(mask, yes, no):
    """`select` of each member of tuples."""
    return tuple(select(mask, a, b) for a, b in zip(yes, no, strict=True))


@overload(chosen, jit_options={"forceinline": True})
def _chosen(mask, yes, no):
    if len(yes) == 0:
        return lambda mask, yes, no: ()
    return lambda mask, yes, no: (select(mask, yes[0], no[0]),) + chosen(mask, yes[1:], no[1:])


@register_jitable
def exchange(kind, training, fixed, at, own, scratch, places, members, network, count, out):
    """Bring parameters, states and memories of a group in, or `out` again."""
    w = width(kind)
    for lane in range(count if out else places.networks):
        who = network + min(lane, count - 1)
        for i in range(0 if out else places.fixed.size):
            own[places.fixed[i] + lane] = fixed[i, at + lane]
        for i in range(places.numbers.size):
            number = places.numbers[i]
            bring(members.theta, who * training.parameters + number, own, place_of(places, i, w) + lane, out)
            for j in range(training.states):
                place = (places.states + places.slots[i] * training.states + j) * w + places.lanes[i] + lane
                bring(members.states, (who * training.states + j) * training.parameters + number, scratch, place, out)
    for lane in range(count if out else w):
        who = network + min(lane, count - 1)
        for j in range(training.memory):
            bring(members.memory, who * training.memory + j, scratch, (places.memory + j) * w + lane, out)


@register_jitable
def tell_lanes(training, scratch, places, members, numbers, network, count, epoch, w):
    """Tell the lanes of a group who moves, and by which numbers."""
    row = min(epoch - training.first, training.number_epochs - 1) * training.networks
    for lane in range(w):
        who = network + min(lane, count - 1)
        stands = lane >= count * places.units or members.diverged_at[who] >= 0 or members.stopped_at[who] >= 0
        scratch[places.moves * w + lane] = 0.0 if stands else 1.0
        for k in range(training.numbers):
            scratch[(places.constants + k) * w + lane] = numbers[(row + who) * training.numbers + k]


@register_jitable
def bring(outside, number, inside, place, out):
    """Bring a number in, or `out`."""
    if out:
        outside[number] = inside[place]
    else:
        inside[place] = outside[number]


@register_jitable
def write_parameters(record, training, own, places, network, count, place, w):
    """Record the parameters that move."""
    for lane in range(count):
        first = ((network + lane) * training.recorded + place) * training.moved
        for i in range(places.numbers.size):
            record.theta[first + places.numbers[i]] = own[place_of(places, i, w) + lane]


@kernel
def train(
    kind,
    model,
    measures,
    kernels,
    training,
    fixed,
    own,
    data,
    held_out,
    members,
    record,
    numbers,
    order,
    block,
    tape,
    scratch,
    places,
    judged,
):
    """Train the networks of a block, some epochs long, by the kernel of `move_of`. `fixed` has a row for each number that is not trained,
    `order` is that of every epoch in turn, `Orders` of every network, or None."""
    align_stack()
    w, lane_scratch, loss, apart = width(kind), block.lane_scratch, measures[0], training.recorded
    points, first_point = block.last - block.first, block.first
    for at in range(0, points, places.networks):
        network, count = first_point + at, min(places.networks, points - at)
        exchange(kind, training, fixed, at, own, scratch, places, members, network, count, False)
        go = moving(members, first_point, at, at + count)
        for epoch in range(training.first, training.last + 1):
            end, place = epoch == training.last, record.places[epoch]
            wanted = (not end or training.finish > 0) and (place >= 0 or training.patience >= 0)
            if end and not wanted:
                break
            first = network * apart + place
            cost, counted = splat(kind, 0.0), splat(kind, 0.0)
            if (training.by_product and (wanted or go)) or (wanted and training.measured and record.grad_norm.size):
                cost, counted = gradient(kind, model, loss, own, data, at, tape, scratch, None, 0, 0, training.samples)
                if place >= 0 and wanted and record.grad_norm.size:
                    write_lanes(record.grad_norm, first, apart, count, norms(kind, training, scratch, places), lane_scratch)
            if wanted and (training.by_product or training.measured):
                if training.measures > 1 or not training.by_product:
                    totals, there = measured(kind, model, measures, own, data, at, tape)
                    write_measures(record.training, totals, there, place, training, network, count, lane_scratch, judged, at)
                if training.by_product:
                    write_measures(
                        record.training, (cost,), splat(kind, 1.0), place, training, network, count, lane_scratch, judged, at
                    )
            if wanted and training.validated:
                totals, there = measured(kind, model, measures, own, held_out, at, tape)
                write_measures(record.validation, totals, there, place, training, network, count, lane_scratch, judged, at)
            if place >= 0 and wanted and record.theta.size:
                write_parameters(record, training, own, places, network, count, place, w)
            if wanted and training.patience >= 0 and epoch >= training.judge_from:
                judge(members, training, first_point, at, at + count, epoch, judged)
                go = moving(members, first_point, at, at + count)
            if end or not go:
                continue
            if epoch == training.first or training.number_epochs > 1 or training.patience >= 0:
                tell_lanes(training, scratch, places, members, numbers, network, count, epoch, w)
            for sample in range(0, training.samples, training.batch):
                if not training.by_product:
                    stop, turn = min(sample + training.batch, training.samples), (epoch - training.first) * training.samples
                    cost, counted = gradient(kind, model, loss, own, data, at, tape, scratch, order, turn, sample, stop)
                store(scratch, places.cost * w, cost)
                store(scratch, places.counted * w, counted)
                call(kernels, 0, (training, own, scratch, places))
                if any_lane(load(kind, scratch, places.lost * w) > 0.0):
                    for lane in range(count):
                        if scratch[places.lost * w + lane] > 0.0:
                            members.diverged_at[network + lane] = epoch + 1
                            for i in range(places.units):
                                scratch[places.moves * w + lane + i] = 0.0
                    go = moving(members, first_point, at, at + count)
        exchange(kind, training, fixed, at, own, scratch, places, members, network, count, True)


def write_measures(values, totals, counted, place, training, network, count, lane_scratch, judged, at, measure=0):
    """Record means, the first of which is judged."""
    for i, total in enumerate(totals):
        _write_measure(values, total, counted, place, training, network, count, lane_scratch, judged, at, measure + i)


@overload(write_measures)
def _write_measures(values, totals, counted, place, training, network, count, lane_scratch, judged, at, measure=0):
    if len(totals) == 0:
        return lambda values, totals, counted, place, training, network, count, lane_scratch, judged, at, measure=0: None

    def body(values, totals, counted, place, training, network, count, lane_scratch, judged, at, measure=0):
        _write_measure(values, totals[0], counted, place, training, network, count, lane_scratch, judged, at, measure)
        write_measures(values, totals[1:], counted, place, training, network, count, lane_scratch, judged, at, measure + 1)

    return body


@register_jitable
def _write_measure(values, total, counted, place, training, network, count, lane_scratch, judged, at, measure):
    mean = total / counted
    if measure == 0:
        write_lanes(judged, at, 1, count, mean, lane_scratch)
    if place >= 0:
        first = (measure * training.networks + network) * training.recorded + place
        write_lanes(values, first, training.recorded, count, mean, lane_scratch)
