"""Training of networks of many units: a group's costs, gradients and updates, by kernels that are called through their addresses."""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.equations.arity import slots
from rnnsim.equations.update_rules import prepare, update
from rnnsim.kernels.recurrence.network import Data, Kept, keep_sums, load_points, run_samples
from rnnsim.kernels.recurrence.packing import all_finite, count_targets, group_of
from rnnsim.kernels.training.epochs import BY_NORM, BY_VALUE, norm_of
from rnnsim.numerics.function_pointers import call, numbers_at
from rnnsim.numerics.jit import internal, kernel, specialised, spliced
from rnnsim.numerics.primitives import at_least, at_most, muladd
from rnnsim.numerics.simd import load, store
from rnnsim.numerics.tuples import numbers_of, put, put_numbers, take, width

RUN, UPDATE = 0, 1  # kernels by their addresses


class Task(NamedTuple):
    """Sequences of a block of networks, as kernels go over them: what `groups` needs, and where costs (measure, network of a group) and
    gradients (network of a group, number) are written."""

    program: Any
    network: Any
    data: Any
    thread: Any
    kept: Any
    costs: Any
    gradient: Any


@specialised
def update_of(kind, rule):
    """The kernel that moves the networks of a group by their gradients."""

    @kernel
    def updating(members, bounds, numbers, counted, cost, gradient, update_scratch, training, what):
        size = training.parameters
        for i in range(what.count):
            network = what.network + i
            if members.diverged_at[network] >= 0 or members.stopped_at[network] >= 0 or not counted[what.place + i] > 0.0:
                continue
            at = what.numbers + i * training.numbers
            c, limit = numbers_of(slots(rule, "numbers"), numbers, at), numbers[at + training.numbers - 1]
            memory = numbers_of(slots(rule, "memory"), members.memory, network * training.memory)
            e, memory = prepare(rule, c, memory, np.float64(cost[i]))
            shrink = 1.0
            if training.clipped == BY_NORM:
                norm = np.float64(norm_of(gradient, i * size, size))
                shrink = limit / norm if norm > limit else 1.0
            for j in range(0, size, width(kind)):
                g = load(kind, gradient, i * size + j)
                if training.clipped == BY_VALUE:
                    g = at_least(at_most(g, limit), -limit)
                elif training.clipped == BY_NORM:
                    g = g * shrink
                s = take(kind, slots(rule, "states"), members.states, network * training.states * size + j, size)
                p, s = update(rule, c, e, s, load(kind, members.theta, network * size + j), g)
                store(update_scratch, j, p)
                put(update_scratch, size + j, size, s)
            finite = all_finite(gradient, i * size, i * size + training.moved)
            for j in range(1 + training.states):
                finite = finite and all_finite(update_scratch, j * size, j * size + training.moved)
            if not finite:
                members.diverged_at[network] = what.epoch
                continue
            if training.bounded:
                at = bounds.places[network]
                for j in range(0, size, width(kind)):
                    low, high = load(kind, bounds.low, at + j), load(kind, bounds.high, at + j)
                    store(update_scratch, j, at_most(at_least(load(kind, update_scratch, j), low), high))
            for j in range(size):
                members.theta[network * size + j] = update_scratch[j]
            for j in range(training.states * size):
                members.states[network * training.states * size + j] = update_scratch[size + j]
            put_numbers(members.memory, network * training.memory, memory)

    return updating


@kernel
def run_task(task, order, order_of, point, last, sample, stop, from_step, to_step, all_costs):
    """The costs of a group of networks, and the gradients if the program goes back, on some samples of an order, at some
    steps."""
    program, network, scratch = task.program, task.network, task.thread.scratch
    data = Data(task.data.sources, task.data.offsets, task.data.counted, (order, order_of))
    group = group_of(program, data.order, point, last, sample, stop)
    kept = Kept(task.kept.forward, task.kept.backward, task.kept.sums, -point, task.kept.found)
    task.thread.chunk[0].sequence_steps = (stop - sample) * (to_step - from_step)
    for i in range(point, min(point + program.points, last)):
        data.counted[i] = 0.0
        if program.penalised:
            one = group_of(program, data.order, i, last, sample, stop)
            untargeted, which, weighted = program.steps - program.targeted, program.target_source, program.weight_source >= 0
            first, until, units = max(from_step - untargeted, 0), to_step - untargeted, program.target_units
            source, weight_source = data.sources[which], data.sources[program.weight_source if weighted else which]
            targets, weights = numbers_at(scratch, source.address), numbers_at(scratch, weight_source.address)
            offsets, weight_offsets = data.offsets[which], data.offsets[program.weight_source if weighted else which]
            read = targets, source, offsets, weights, weight_source, weight_offsets
            data.counted[i] = count_targets(*read, one, first, until, units, weighted)
    load_points(program, network, data, scratch, group)
    run_samples(program, network, data, task.thread, kept, point, last, sample, stop, from_step, to_step, all_costs)
    keep_sums(program, scratch, kept, group, False, True, data.counted)


@internal
def penalise(task, penalty, training, theta, first, count):
    """Add the penalties of the parameters of some networks to costs, and to gradients if there are some."""
    for i in range(count):
        at, place, row = (first + i) * training.parameters, penalty.places[first + i], i * training.parameters
        total = penalty.constants[first + i]
        for j in range(training.moved):
            c, p = penalty.coefficients[place + j], theta[at + j]
            total = muladd(c * p, p, total)
            if task.program.back:
                task.gradient[row + j] = muladd(c + c, p, task.gradient[row + j])
        task.costs[i] += total


@internal
def note(task, training, record, values, norms, place, network, at, last, judged):
    """Record the costs, and the norms of the gradients, of the networks at…last of a block, the first of which is `network`."""
    for i in range(min(task.program.points, last - at)):
        judged[at + i] = task.costs[i]
        if place >= 0:
            for measure in range(training.measures):
                first = (measure * training.networks + network + i) * training.recorded + place
                values[first] = task.costs[measure * task.program.points + i]
            if norms.size:
                first = (network + i) * training.recorded + place
                norms[first] = norm_of(task.gradient, i * training.parameters, training.parameters)


@internal
def measure_set(block, task, training, theta, record, values, norms, place, group, judged):
    """Measure all samples of a set, and record that."""
    last = group.at + group.size
    for at in range(group.at, last, task.program.points):
        call(block.kernels, RUN, (task, 0, 0, at, last, 0, task.program.samples, 0, task.program.steps, 1))
        if theta.size and training.penalised:
            first = group.first + at - group.at
            penalise(task, block.penalty, training, theta, first, min(task.program.points, last - at))
        note(task, training, record, values, norms, place, group.first + at - group.at, at, last, judged)


class LayerBlock(NamedTuple):
    """A block of networks of many units: the first, how many, and how many are trained at once; addresses of kernels; what an update goes
    by: bounds, penalties of parameters, the parameters themselves, numbers of targets that count, costs, gradients; room for it, and its
    descriptor."""

    first: int
    size: int
    at_once: int
    kernels: Any
    bounds: Any
    penalty: Any
    theta: Any
    counted: Any
    costs: Any
    gradient: Any
    update_scratch: Any
    what: Any


@spliced
def bring_in(kind, block, training, members, group):
    pass


@spliced
def bring_out(kind, block, training, members, group):
    pass


@spliced
def enter_epoch(kind, block, task, whole, held_out, epoch):
    task.thread.chunk[0].epoch = epoch
    whole.thread.chunk[0].epoch = epoch
    held_out.thread.chunk[0].epoch = epoch


@spliced
def find_gradient(kind, block, task, training, group):
    if training.by_product:
        first, last = group.at, group.at + group.size
        call(block.kernels, RUN, (task, 0, 0, first, last, 0, training.samples, 0, training.steps, 1))
        if training.penalised:
            penalise(task, block.penalty, training, block.theta, group.first, group.size)


@spliced
def find_gradient_of_batch(kind, block, task, training, group, turn, sample, stop, start, until):
    first, last, order = group.at, group.at + group.size, training.order + turn * 8 if training.order > 0 else 0
    call(block.kernels, RUN, (task, order, training.order_of, first, last, sample, stop, start, until, 0))
    if training.penalised:
        penalise(task, block.penalty, training, block.theta, group.first, group.size)


@spliced
def measure(kind, block, task, training, record, place, group, judged):
    last, values, norms = group.at + group.size, record.training, record.grad_norm
    if training.by_product:
        note(task, training, record, values, norms, place, group.first, group.at, last, judged)
    else:
        measure_set(block, task, training, block.theta, record, values, norms, place, group, judged)


@spliced
def validate(kind, block, task, training, record, place, group, judged):
    nothing = record.grad_norm[:0]
    measure_set(block, task, training, block.theta[:0], record, record.validation, nothing, place, group, judged)


@spliced
def write_parameters(kind, block, training, members, record, place, group):
    for network in range(group.first, group.first + group.size):
        at, out = network * training.parameters, (network * training.recorded + place) * training.moved
        for j in range(training.moved):
            record.theta[out + j] = members.theta[at + j]


@spliced
def tell(kind, block, training, members, numbers, first, group):
    what = block.what
    what.count, what.network, what.place, what.numbers = group.size, group.first, group.at, first


@spliced
def move(kind, block, training, members, numbers, group, epoch):
    what = block.what
    what.epoch = epoch
    found = block.counted, block.costs, block.gradient
    call(block.kernels, UPDATE, (members, block.bounds, numbers, *found, block.update_scratch, training, what))
    return True
