"""Training of scalar networks: the epochs of a group of lanes, whose numbers stay in the first-level cache.

What moves, when and what is recorded of it is told in `training`; here a network is a lane. A thread's `room` holds rows of lanes:
gradients, then for each trained parameter its states, then the rule's numbers and the limit of the clip, the memory, whether a network
moves (1 or 0), and the parameters and states after an update.
"""

from typing import Any, NamedTuple

from numba import types
from numba.extending import overload, register_jitable

from rnnsim.cells import step
from rnnsim.kernels.compiling import kernel
from rnnsim.kernels.rows import add, put, slots, spoil, take, width, zeros
from rnnsim.kernels.scalar import backward_taped, forward_taped, preactivations, starts_of, weights_of
from rnnsim.kernels.sources import read, turn_to
from rnnsim.kernels.training import BY_NORM, BY_VALUE, judge, moving
from rnnsim.lanes import align_stack, load, splat, store
from rnnsim.losses import contribution
from rnnsim.primitives import absolute, any_lane, at_least, at_most, select, square_root
from rnnsim.update_rules import begin, update


class Set(NamedTuple):
    """Sequences of a block: where inputs and targets are read, and their sizes."""

    inputs: Any
    targets: Any
    sizes: Any


class Places(NamedTuple):
    """Trained parameters: the row of theta and the place among a network's numbers of each; the rows at which things begin in a room."""

    rows: Any
    numbers: Any
    states: int
    constants: int
    memory: int
    moves: int
    after: int


def contributions(measures, y, target, totals):
    """Sums of measures, one more output added to each."""
    return tuple(total + contribution(measure, y, target) for measure, total in zip(measures, totals, strict=True))


@overload(contributions, jit_options={"forceinline": True})
def _contributions(measures, y, target, totals):
    if len(measures) == 0:
        return lambda measures, y, target, totals: ()
    return lambda measures, y, target, totals: (
        (totals[0] + contribution(measures[0], y, target),) + contributions(measures[1:], y, target, totals[1:])
    )


def sample_at(order, turn, place):
    """The sample at a place of an order, if there is one."""
    return place if order is None else order[turn + place]


@overload(sample_at, jit_options={"forceinline": True})
def _sample_at(order, turn, place):
    if isinstance(order, types.NoneType):
        return lambda order, turn, place: place
    return lambda order, turn, place: order[turn + place]


@register_jitable
def gradient(kind, cell, loss, theta, data, at, block, tape, room, order, turn, first, last):
    """The cost and its gradients, in the rows of theta in `room`, of the samples first…last of an order that stands at `turn`, if there is
    one; and how many targets count."""
    gates, states, sizes = slots(cell, "gates"), slots(cell, "states"), data.sizes
    weights = weights_of(kind, cell, theta, at)
    total, counted = splat(kind, 0.0), splat(kind, 0.0)
    g_bias, g_in, g_rec, g_start = zeros(kind, gates), zeros(kind, gates), zeros(kind, gates), zeros(kind, states)
    for place in range(first, last):
        n = sample_at(order, turn, place)
        turn_to(kind, data.inputs, n, at)
        turn_to(kind, data.targets, n, at)
        for k in range(sizes.targeted):
            target = read(kind, data.targets, n, k)
            counted = counted + select(target == target, 1.0, 0.0)
        s = starts_of(kind, cell, theta, sizes, n, at)
        s, _ = forward_taped(kind, cell, weights, s, total, data.inputs, sizes, block, n, tape, None, 0, 0)
        cost, by_bias, by_in, by_rec, by_start = backward_taped(
            kind, cell, loss, weights, s[0], data.inputs, data.targets, sizes, block, n, tape, None, 0, 0, counted
        )
        total = total + cost
        g_bias, g_in, g_rec, g_start = add(g_bias, by_bias), add(g_in, by_in), add(g_rec, by_rec), add(g_start, by_start)
    rows, w = len(gates), width(kind)
    for i, g in enumerate((g_bias[0], g_in[0], g_rec[0])):
        store(room, i * rows * w, g / counted)
    start_row = 3 * rows + len(slots(cell, "constants"))
    store(room, start_row * w, g_start[0] / counted)
    return total / counted, counted


@register_jitable
def measured(kind, cell, measures, theta, data, at):
    """The mean of each measure over all samples."""
    sizes, weights = data.sizes, weights_of(kind, cell, theta, at)
    totals, counted, untargeted = zeros(kind, measures), splat(kind, 0.0), sizes.steps - sizes.targeted
    for n in range(sizes.samples):
        turn_to(kind, data.inputs, n, at)
        turn_to(kind, data.targets, n, at)
        s = starts_of(kind, cell, theta, sizes, n, at)
        for k in range(sizes.steps):
            s = step(cell, weights.constants, s, preactivations(weights, read(kind, data.inputs, n, k), s[0]))
            if k >= untargeted:
                target = read(kind, data.targets, n, k - untargeted)
                counted = counted + select(target == target, 1.0, 0.0)
                totals = contributions(measures, s[0], target, totals)
    return totals, counted


@register_jitable
def norm_of_rows(kind, room, rows):
    """√Σ g² of some rows, whatever the size of the numbers."""
    w, top, total = width(kind), splat(kind, 0.0), splat(kind, 0.0)
    for i in range(rows.size):
        top = at_least(top, absolute(load(kind, room, rows[i] * w)))
    unit = select(top > 0.0, top, 1.0)
    for i in range(rows.size):
        g = load(kind, room, rows[i] * w) / unit
        total = total + g * g
    return top * square_root(total)


@register_jitable
def write_lanes(values, first, apart, count, lanes, spare):
    """Write the number of each lane, `apart` from the one before."""
    store(spare, 0, lanes)
    for i in range(count):
        values[first + i * apart] = spare[i]


@register_jitable
def move(kind, rule, course, theta, at, room, places, cost, counted):
    """Move the networks of a group by the gradients in `room`; gives those that would have moved to what is not finite."""
    w, n_states, rows = width(kind), len(slots(rule, "states")), places.rows
    c = take(kind, slots(rule, "numbers"), room, places.constants * w, w)
    limit = load(kind, room, (places.constants + course.numbers - 1) * w)
    memory = take(kind, slots(rule, "memory"), room, places.memory * w, w)
    e, new_memory = begin(rule, c, memory, cost)
    moves = select(counted > 0.0, load(kind, room, places.moves * w), 0.0)
    shrink, zero = splat(kind, 1.0), splat(kind, 0.0)
    if course.clipped == BY_NORM:
        norm = norm_of_rows(kind, room, rows)
        shrink = select(norm > limit, limit / norm, 1.0)
    for i in range(rows.size):
        g = load(kind, room, rows[i] * w)
        zero = spoil(zero, (g,))
        if course.clipped == BY_VALUE:
            g = at_least(at_most(g, limit), -limit)
        elif course.clipped == BY_NORM:
            g = g * shrink
        s = take(kind, slots(rule, "states"), room, (places.states + i * n_states) * w, w)
        p, s = update(rule, c, e, s, load(kind, theta[rows[i]], at), g)
        zero = spoil(spoil(zero, (p,)), s)
        after = (places.after + i * (1 + n_states)) * w
        store(room, after, p)
        put(room, after + w, w, s)
    goes = select(zero == 0.0, moves, 0.0) > 0.0
    for i in range(rows.size):
        after = (places.after + i * (1 + n_states)) * w
        store(theta[rows[i]], at, select(goes, load(kind, room, after), load(kind, theta[rows[i]], at)))
        for j in range(n_states):
            state = (places.states + i * n_states + j) * w
            store(room, state, select(goes, load(kind, room, after + (1 + j) * w), load(kind, room, state)))
    put(room, places.memory * w, w, chosen(goes, new_memory, memory))
    return select(zero == 0.0, 0.0, moves)


def chosen(mask, yes, no):
    """`select` of each member of tuples."""
    return tuple(select(mask, a, b) for a, b in zip(yes, no, strict=True))


@overload(chosen, jit_options={"forceinline": True})
def _chosen(mask, yes, no):
    if len(yes) == 0:
        return lambda mask, yes, no: ()
    return lambda mask, yes, no: (select(mask, yes[0], no[0]),) + chosen(mask, yes[1:], no[1:])


@register_jitable
def exchange(kind, course, theta, at, room, places, members, network, count, out):
    """Bring parameters, states and memories of a group in, or `out` again."""
    w, lanes = width(kind), width(kind)
    for lane in range(count if out else lanes):
        who = network + min(lane, count - 1)
        for i in range(places.rows.size):
            number = who * course.parameters + places.numbers[i]
            if out:
                members.theta[number] = theta[places.rows[i], at + lane]
            else:
                theta[places.rows[i], at + lane] = members.theta[number]
            for j in range(course.states):
                number = (who * course.states + j) * course.parameters + places.numbers[i]
                place = (places.states + i * course.states + j) * w + lane
                if out:
                    members.states[number] = room[place]
                else:
                    room[place] = members.states[number]
        for j in range(course.memory):
            if out:
                members.memory[who * course.memory + j] = room[(places.memory + j) * w + lane]
            else:
                room[(places.memory + j) * w + lane] = members.memory[who * course.memory + j]


@kernel
def train(
    kind, cell, rule, measures, course, theta, data, held_out, members, record, numbers, order, block, tape, room, places, judged
):
    """Train the networks of a block, some epochs long. `order` is that of every epoch in turn, or None."""
    align_stack()
    w, spare, loss, apart = width(kind), block.spare, measures[0], course.recorded
    points, first_point = block.last - block.first, block.first
    for at in range(0, points, w):
        network, count = first_point + at, min(w, points - at)
        exchange(kind, course, theta, at, room, places, members, network, count, False)
        for epoch in range(course.first, course.last + 1):
            end, place = epoch == course.last, record.places[epoch]
            wanted = (not end or course.finish > 0) and (place >= 0 or course.patience >= 0)
            if end and not wanted:
                break
            go = moving(members, first_point, at, at + count)
            first = network * apart + place
            cost, counted = splat(kind, 0.0), splat(kind, 0.0)
            if (course.by_product and (wanted or go)) or (wanted and course.measured and record.grad_norm.size):
                cost, counted = gradient(kind, cell, loss, theta, data, at, block, tape, room, None, 0, 0, course.samples)
                if place >= 0 and wanted and record.grad_norm.size:
                    write_lanes(record.grad_norm, first, apart, count, norm_of_rows(kind, room, places.rows), spare)
            if wanted and (course.by_product or course.measured):
                if course.measures > 1 or counted_nothing(counted):
                    totals, there = measured(kind, cell, measures, theta, data, at)
                    write_measures(record.training, totals, there, place, course, network, count, spare, judged, at)
                else:
                    write_measures(record.training, (cost,), splat(kind, 1.0), place, course, network, count, spare, judged, at)
            if wanted and course.validated:
                totals, there = measured(kind, cell, measures, theta, held_out, at)
                write_measures(record.validation, totals, there, place, course, network, count, spare, judged, at)
            if place >= 0 and wanted:
                for i in range(places.rows.size):
                    out = (network * apart + place) * course.moved + places.numbers[i]
                    write_lanes(record.theta, out, apart * course.moved, count, load(kind, theta[places.rows[i]], at), spare)
            if wanted and course.patience >= 0 and epoch >= course.judge_from:
                judge(members, course, first_point, at, at + count, epoch, judged)
            if end or not moving(members, first_point, at, at + count):
                continue
            row = min(epoch - course.first, course.number_epochs - 1) * course.networks
            for lane in range(w):
                who = network + min(lane, count - 1)
                stands = lane >= count or members.diverged_at[who] >= 0 or members.stopped_at[who] >= 0
                room[places.moves * w + lane] = 0.0 if stands else 1.0
                for k in range(course.numbers):
                    room[(places.constants + k) * w + lane] = numbers[(row + who) * course.numbers + k]
            for sample in range(0, course.samples, course.batch):
                if not course.by_product:
                    stop, turn = min(sample + course.batch, course.samples), (epoch - course.first) * course.samples
                    cost, counted = gradient(kind, cell, loss, theta, data, at, block, tape, room, order, turn, sample, stop)
                lost = move(kind, rule, course, theta, at, room, places, cost, counted)
                if any_lane(lost > 0.0):
                    store(spare, 0, lost)
                    for lane in range(count):
                        if spare[lane] > 0.0:
                            members.diverged_at[network + lane] = epoch + 1
                            room[places.moves * w + lane] = 0.0
        exchange(kind, course, theta, at, room, places, members, network, count, True)


@register_jitable
def counted_nothing(counted):
    """Whether no cost was computed."""
    return not any_lane(counted != 0.0)


def write_measures(values, totals, counted, place, course, network, count, spare, judged, at, measure=0):
    """Record means, the first of which is judged."""
    for i, total in enumerate(totals):
        _write_measure(values, total, counted, place, course, network, count, spare, judged, at, measure + i)


@overload(write_measures)
def _write_measures(values, totals, counted, place, course, network, count, spare, judged, at, measure=0):
    if len(totals) == 0:
        return lambda values, totals, counted, place, course, network, count, spare, judged, at, measure=0: None

    def body(values, totals, counted, place, course, network, count, spare, judged, at, measure=0):
        _write_measure(values, totals[0], counted, place, course, network, count, spare, judged, at, measure)
        write_measures(values, totals[1:], counted, place, course, network, count, spare, judged, at, measure + 1)

    return body


@register_jitable
def _write_measure(values, total, counted, place, course, network, count, spare, judged, at, measure):
    mean = total / counted
    if measure == 0:
        write_lanes(judged, at, 1, count, mean, spare)
    if place >= 0:
        first = (measure * course.networks + network) * course.recorded + place
        write_lanes(values, first, course.recorded, count, mean, spare)
