"""Training of a group of networks after the other: every epoch measured, recorded, and made of updates by batches.

    g = ∂cost of the batch/∂p, clipped;  p, s = update(p, s, g)        one rule for all parameters p and their states s

A network moves until an update is not finite or its patience is at an end; then it stands where it was. All arrays are flat: parameters
(network, number), states (network, state, number), records (network, recorded epoch, …).
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.equations.arity import slots
from rnnsim.equations.update_rules import begin, update
from rnnsim.kernels.recurrence.network import Data, Kept, keep_sums, load_points, run_samples
from rnnsim.kernels.recurrence.packing import all_finite, group_of
from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import kernel, part, specialised
from rnnsim.numerics.primitives import at_least, at_most
from rnnsim.numerics.simd import load, store
from rnnsim.numerics.tuples import numbers_of, put, put_numbers, take, width

UNCLIPPED, BY_NORM, BY_VALUE = 0, 1, 2
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


class Members(NamedTuple):
    """The networks: trained parameters, states, memories; the epoch in which each diverged or was stopped, or -1; the lowest cost so far,
    and how often it was missed since."""

    theta: Any
    states: Any
    memory: Any
    diverged_at: Any
    stopped_at: Any
    lowest: Any
    missed: Any


class Record(NamedTuple):
    """What is recorded of which epochs: the place of each, or -1; parameters; costs and metrics (measure, network, epoch) on the training
    and the validation set; the norm of the gradient."""

    places: Any
    theta: Any
    training: Any
    validation: Any
    grad_norm: Any


@part
def norm_of(numbers, at, size):
    """√Σ g², whatever the size of the numbers."""
    top = 0.0
    for i in range(at, at + size):
        top = at_least(top, abs(numbers[i]))
    unit, total = top if 0.0 < top < np.inf else 1.0, 0.0
    for i in range(at, at + size):
        total += (numbers[i] / unit) ** 2
    return unit * np.sqrt(total)


@specialised
def update_of(kind, rule):
    """The kernel that moves the networks of a group by their gradients."""

    @kernel
    def updating(members, numbers, counted, cost, gradient, update_scratch, training, what):
        size = training.parameters
        for i in range(what.count):
            network = what.network + i
            if members.diverged_at[network] >= 0 or members.stopped_at[network] >= 0 or not counted[what.place + i] > 0.0:
                continue
            at = what.numbers + i * training.numbers
            c, limit = numbers_of(slots(rule, "numbers"), numbers, at), numbers[at + training.numbers - 1]
            memory = numbers_of(slots(rule, "memory"), members.memory, network * training.memory)
            e, memory = begin(rule, c, memory, np.float64(cost[i]))
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
            for j in range(size):
                members.theta[network * size + j] = update_scratch[j]
            for j in range(training.states * size):
                members.states[network * training.states * size + j] = update_scratch[size + j]
            put_numbers(members.memory, network * training.memory, memory)

    return updating


@kernel
def run_task(task, order, order_of, point, last, begin, end, from_step, to_step, all_costs):
    """The costs of a group of networks, and the gradients if the program goes back, on the samples begin…end, as an order has them, at some
    steps."""
    program, network, scratch = task.program, task.network, task.thread.scratch
    data = Data(task.data.sources, task.data.offsets, task.data.counted, (order, order_of))
    group = group_of(program, data.order, point, last, begin, end)
    kept = Kept(task.kept.forward, task.kept.backward, task.kept.sums, -point, task.kept.found)
    for i in range(point, min(point + program.points, last)):
        data.counted[i] = 0.0
    load_points(program, network, data, scratch, group)
    run_samples(program, network, data, task.thread, kept, point, last, begin, end, from_step, to_step, all_costs)
    keep_sums(program, scratch, kept, group, False, True, data.counted)


@part
def note(task, training, record, values, norms, place, block, point, last, judged):
    """Record the costs, and the norms of the gradients, of a group of networks."""
    for i in range(min(task.program.points, last - point)):
        judged[point + i] = task.costs[i]
        if place >= 0:
            network = block + point + i
            for measure in range(training.measures):
                at = (measure * training.networks + network) * training.recorded + place
                values[at] = task.costs[measure * task.program.points + i]
            if norms.size:
                norms[network * training.recorded + place] = norm_of(task.gradient, i * training.parameters, training.parameters)


@part
def measure(kernels, task, training, record, values, norms, place, block, point, last, judged):
    """Measure all samples of a set, and record that."""
    for first in range(point, last, task.program.points):
        call(kernels, RUN, (task, 0, 0, first, last, 0, task.program.samples, 0, task.program.steps, 1))
        note(task, training, record, values, norms, place, block, first, last, judged)


@part
def judge(members, training, block, point, last, epoch, judged):
    """Stop networks whose cost has missed its lowest value for too long."""
    for i in range(point, last):
        network = block + i
        if members.diverged_at[network] < 0 and members.stopped_at[network] < 0:
            if judged[i] < members.lowest[network]:
                members.lowest[network], members.missed[network] = judged[i], 0
            else:
                members.missed[network] += 1
                if members.missed[network] >= training.patience:
                    members.stopped_at[network] = epoch


@part
def moving(members, block, point, last):
    """How many networks of a group are moving."""
    count = 0
    for i in range(block + point, block + last):
        count += members.diverged_at[i] < 0 and members.stopped_at[i] < 0
    return count


@kernel
def train(kernels, training, task, whole, held_out, members, record, numbers, block, points, judged, update_scratch, what):
    """Train the networks 0…points of a block, which begins at network `block`, by the kernels `run_task` and that of the rule."""
    nothing = record.grad_norm[:0]
    for point in range(0, points, task.program.points):
        last = min(point + task.program.points, points)
        for epoch in range(training.first, training.last + 1):
            end = epoch == training.last
            place = record.places[epoch]
            wanted = (not end or training.finish > 0) and (place >= 0 or training.patience >= 0)
            if end and not wanted:
                break
            if training.by_product and (wanted or moving(members, block, point, last)):
                call(kernels, RUN, (task, 0, 0, point, last, 0, training.samples, 0, training.steps, 1))
                if wanted:
                    note(task, training, record, record.training, record.grad_norm, place, block, point, last, judged)
            elif wanted and training.measured:
                measure(kernels, whole, training, record, record.training, record.grad_norm, place, block, point, last, judged)
            if wanted and training.validated:
                measure(kernels, held_out, training, record, record.validation, nothing, place, block, point, last, judged)
            if place >= 0 and wanted and record.theta.size:
                for i in range(point, last):
                    at, out = (block + i) * training.parameters, ((block + i) * training.recorded + place) * training.moved
                    for j in range(training.moved):
                        record.theta[out + j] = members.theta[at + j]
            if wanted and training.patience >= 0 and epoch >= training.judge_from:
                judge(members, training, block, point, last, epoch, judged)
            if end or not moving(members, block, point, last):
                continue
            order = training.order + (epoch - training.first) * training.order_by_epoch * 8 if training.order > 0 else 0
            row = min(epoch - training.first, training.number_epochs - 1)
            what.count, what.network, what.place, what.epoch = last - point, block + point, point, epoch + 1
            what.numbers = (row * training.networks + block + point) * training.numbers
            for sample in range(0, training.samples, training.batch):
                stop = min(sample + training.batch, training.samples)
                for start in range(0, training.steps, training.together):
                    if not training.by_product:
                        until = min(start + training.together, training.steps)
                        call(kernels, RUN, (task, order, training.order_of, point, last, sample, stop, start, until, 0))
                    arguments = members, numbers, task.data.counted, task.costs, task.gradient, update_scratch, training, what
                    call(kernels, UPDATE, arguments)
