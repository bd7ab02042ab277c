"""Training of small networks, whose numbers stay in the first-level cache: a group's costs, gradients and updates, of which each network is
a lane, or of one network, of which each unit is.

`training` describes what moves, when, and what is recorded of it. A group's parameters stand in rows of lanes, `own`. A thread's `scratch`
has rows, too: gradients; the states of each trained row; the rule's numbers and the limit of the clip; the memory; whether a lane
moves (1 or 0), the cost, how many targets count, who is lost; the parameters and states after an update; and, if there are some, bounds,
and the coefficients and constants of penalties.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from rnnsim.equations.arity import slots
from rnnsim.equations.update_rules import prepare, update
from rnnsim.kernels.training.epochs import BY_NORM, BY_VALUE, norm_of
from rnnsim.kernels.training.small_gradients import gradient, measured
from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import kernel, specialised, spliced
from rnnsim.numerics.primitives import absolute, any_lane, at_least, at_most, muladd, select, square_root
from rnnsim.numerics.simd import load, splat, store
from rnnsim.numerics.tuples import put, spoil, take, width
from rnnsim.numerics.unrolled import unrolled


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
    low: int
    high: int
    penalty: int
    constant: int


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
        e, new_memory = prepare(rule, c, memory, load(kind, scratch, places.cost * w))
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
        if training.bounded:
            for i in range(rows.size):
                after, low, high = (places.after + i * (1 + n_states)) * w, (places.low + i) * w, (places.high + i) * w
                p = at_most(at_least(load(kind, scratch, after), load(kind, scratch, low)), load(kind, scratch, high))
                store(scratch, after, p)
        for i in range(rows.size):
            after = (places.after + i * (1 + n_states)) * w
            store(own, rows[i] * w, select(goes, load(kind, scratch, after), load(kind, own, rows[i] * w)))
            for j in range(n_states):
                state = (places.states + i * n_states + j) * w
                store(scratch, state, select(goes, load(kind, scratch, after + (1 + j) * w), load(kind, scratch, state)))
        put(scratch, places.memory * w, w, chosen(goes, new_memory, memory))
        store(scratch, places.lost * w, lost)

    return moving_on


@unrolled(forceinline=True)
def chosen(mask, yes, no):
    """`select` of each member of tuples."""
    return tuple(select(mask, a, b) for a, b in zip(yes, no, strict=True))


@register_jitable
def exchange(w, training, own, scratch, places, members, group, out):
    """Bring parameters, states and memories of a group in, or `out` again."""
    for lane in range(group.size if out else places.networks):
        network = group.first + min(lane, group.size - 1)
        for i in range(places.numbers.size):
            number = places.numbers[i]
            bring(members.theta, network * training.parameters + number, own, place_of(places, i, w) + lane, out)
            for j in range(training.states):
                place = (places.states + places.slots[i] * training.states + j) * w + places.lanes[i] + lane
                bring(members.states, (network * training.states + j) * training.parameters + number, scratch, place, out)
    for lane in range(group.size if out else w):
        network = group.first + min(lane, group.size - 1)
        for j in range(training.memory):
            bring(members.memory, network * training.memory + j, scratch, (places.memory + j) * w + lane, out)


@register_jitable
def bring(outside, number, inside, place, out):
    """Bring a number in, or `out`."""
    if out:
        outside[number] = inside[place]
    else:
        inside[place] = outside[number]


@register_jitable
def lay_out_bounds(w, bounds, scratch, places, group):
    """Bring the bounds of a group in."""
    for lane in range(places.networks):
        first = bounds.places[group.first + min(lane, group.size - 1)]
        for i in range(places.numbers.size):
            at = places.slots[i] * w + places.lanes[i] + lane
            scratch[places.low * w + at] = bounds.low[first + places.numbers[i]]
            scratch[places.high * w + at] = bounds.high[first + places.numbers[i]]


@register_jitable
def lay_out_penalty(w, penalty, scratch, places, group):
    """Bring the coefficients and constants of a group's penalties in."""
    for lane in range(w):
        scratch[places.constant * w + lane] = penalty.constants[group.first + min(lane, group.size - 1)]
    for lane in range(places.networks):
        first = penalty.places[group.first + min(lane, group.size - 1)]
        for i in range(places.numbers.size):
            at = places.slots[i] * w + places.lanes[i] + lane
            scratch[places.penalty * w + at] = penalty.coefficients[first + places.numbers[i]]


@register_jitable
def penalty_of(kind, training, own, scratch, places):
    """The penalties of the parameters of each network, summed in the order of their numbers."""
    w = width(kind)
    total = load(kind, scratch, places.constant * w)
    for i in range(training.moved):
        row = places.rows[places.slots[i]] * w
        if places.networks == 1:
            c, p = scratch[(places.penalty + places.slots[i]) * w + places.lanes[i]], own[row + places.lanes[i]]
            total = muladd(splat(kind, c * p), splat(kind, p), total)
        else:
            c, p = load(kind, scratch, (places.penalty + places.slots[i]) * w), load(kind, own, row)
            total = muladd(c * p, p, total)
    return total


@register_jitable
def penalise(kind, training, own, scratch, places):
    """Add the penalties of parameters to the cost and the gradients in scratch."""
    w = width(kind)
    cost = places.cost * w
    store(scratch, cost, load(kind, scratch, cost) + penalty_of(kind, training, own, scratch, places))
    for i in range(places.rows.size):
        row, c = places.rows[i] * w, load(kind, scratch, (places.penalty + i) * w)
        store(scratch, row, muladd(c + c, load(kind, own, row), load(kind, scratch, row)))


@unrolled()
def write_measures(values, totals, counted, penalty, place, training, group, lane_scratch, judged, measure=0):
    """Record means, the first of which has a penalty and is judged."""
    for i, total in enumerate(totals):
        _write_measure(values, total, counted, penalty, place, training, group, lane_scratch, judged, measure + i)


@register_jitable
def _write_measure(values, total, counted, penalty, place, training, group, lane_scratch, judged, measure):
    mean = total / counted
    if measure == 0:
        mean = mean + penalty
        write_lanes(judged, group.at, 1, group.size, mean, lane_scratch)
    if place >= 0:
        first = (measure * training.networks + group.first) * training.recorded + place
        write_lanes(values, first, training.recorded, group.size, mean, lane_scratch)


class SmallBlock(NamedTuple):
    """A block of small networks: the first, how many, and how many are trained at once; what their costs and gradients are; the address of
    the kernel of `move_of`; `order` is that of every epoch in turn, `Orders` of every network, or None; `fixed` has a row for each number
    that is not trained."""

    first: int
    size: int
    at_once: int
    model: Any
    measures: Any
    kernels: Any
    places: Any
    bounds: Any
    penalty: Any
    order: Any
    fixed: Any
    own: Any
    tape: Any
    scratch: Any
    lane_scratch: Any


@spliced
def gradient_of(kind, block, data, training, group, order, turn, first, last):
    """Find the gradient of the samples first…last of an order, and write cost and number of targets into `scratch`."""
    model, loss, places, scratch = block.model, block.measures[0], block.places, block.scratch
    cost, counted = gradient(kind, model, loss, block.own, data, group.at, block.tape, scratch, order, turn, first, last)
    store(scratch, places.cost * width(kind), cost)
    store(scratch, places.counted * width(kind), counted)
    if training.penalised:
        penalise(kind, training, block.own, scratch, places)


@spliced
def bring_in(kind, block, training, members, group):
    w, fixed, places = width(kind), block.fixed, block.places
    for lane in range(places.networks):
        for i in range(places.fixed.size):
            block.own[places.fixed[i] + lane] = fixed[i, group.at + lane]
    exchange(w, training, block.own, block.scratch, places, members, group, False)
    if training.bounded:
        lay_out_bounds(w, block.bounds, block.scratch, places, group)
    if training.penalised:
        lay_out_penalty(w, block.penalty, block.scratch, places, group)


@spliced
def bring_out(kind, block, training, members, group):
    exchange(width(kind), training, block.own, block.scratch, block.places, members, group, True)


@spliced
def enter_epoch(kind, block, data, whole, held_out, epoch):
    pass


@spliced
def find_gradient(kind, block, data, training, group):
    gradient_of(kind, block, data, training, group, None, 0, 0, training.samples)


@spliced
def find_gradient_of_batch(kind, block, data, training, group, turn, sample, stop, start, until):
    gradient_of(kind, block, data, training, group, block.order, turn, sample, stop)


@spliced
def measure(kind, block, data, training, record, place, group, judged):
    lane_scratch = block.lane_scratch
    if place >= 0 and record.grad_norm.size:
        found = norms(kind, training, block.scratch, block.places)
        write_lanes(record.grad_norm, group.first * training.recorded + place, training.recorded, group.size, found, lane_scratch)
    if training.measures > 1 or not training.by_product:
        totals, counted = measured(kind, block.model, block.measures, block.own, data, group.at, block.tape)
        penalty = splat(kind, 0.0)
        if training.penalised:
            penalty = penalty_of(kind, training, block.own, block.scratch, block.places)
        write_measures(record.training, totals, counted, penalty, place, training, group, lane_scratch, judged)
    if training.by_product:
        cost, one, nothing = load(kind, block.scratch, block.places.cost * width(kind)), splat(kind, 1.0), splat(kind, 0.0)
        write_measures(record.training, (cost,), one, nothing, place, training, group, lane_scratch, judged)


@spliced
def validate(kind, block, data, training, record, place, group, judged):
    totals, counted = measured(kind, block.model, block.measures, block.own, data, group.at, block.tape)
    nothing = splat(kind, 0.0)
    write_measures(record.validation, totals, counted, nothing, place, training, group, block.lane_scratch, judged)


@spliced
def write_parameters(kind, block, training, members, record, place, group):
    places, w = block.places, width(kind)
    for lane in range(group.size):
        first = ((group.first + lane) * training.recorded + place) * training.moved
        for i in range(places.numbers.size):
            record.theta[first + places.numbers[i]] = block.own[place_of(places, i, w) + lane]


@spliced
def tell(kind, block, training, members, numbers, first, group):
    scratch, places, w = block.scratch, block.places, width(kind)
    for lane in range(w):
        i = min(lane, group.size - 1)
        network = group.first + i
        stands = lane >= group.size * places.units or members.diverged_at[network] >= 0 or members.stopped_at[network] >= 0
        scratch[places.moves * w + lane] = 0.0 if stands else 1.0
        for k in range(training.numbers):
            scratch[(places.constants + k) * w + lane] = numbers[first + i * training.numbers + k]


@spliced
def move(kind, block, training, members, numbers, group, epoch):
    scratch, places, w = block.scratch, block.places, width(kind)
    call(block.kernels, 0, (training, block.own, scratch, places))
    lost = any_lane(load(kind, scratch, places.lost * w) > 0.0)
    if lost:
        for lane in range(group.size):
            if scratch[places.lost * w + lane] > 0.0:
                members.diverged_at[group.first + lane] = epoch
                for i in range(places.units):
                    scratch[places.moves * w + lane + i] = 0.0
    return lost
