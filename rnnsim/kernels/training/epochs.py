"""Training of a block of networks, a group after the other: every epoch measured, recorded, and made of updates by batches.

    g = ∂cost of the batch/∂p, clipped;  p, s = update(p, s, g)        one rule for all parameters p and their states s
    p = min(max(p, low), high)                                         where there are bounds

A network moves until an update is not finite or its patience is at an end; then it stands where it was. All arrays are flat: parameters
(network, number), states (network, state, number), records (network, recorded epoch, …).

What an epoch is made of is decided here, and done by a layout, which is a module with these kernels:

    bring_in, bring_out       what a group of networks is and remembers, to where it is trained and back
    enter_epoch               say which epoch it is, whose noise is its own
    find_gradient             find the cost of the training set and its gradient, unless they come with what `measure` measures
    measure, validate         record costs, which are judged, and metrics of the training or the validation set, and norms of gradients
    write_parameters          record the parameters that move
    tell                      who moves, and by which numbers of the rule, which stand from `first` on
    find_gradient_of_batch    find them of samples of an order, which stands at `turn`, and of some of their steps
    move                      update by the gradient that was found last, and say whether a network may have diverged

They are `spliced`, and get a `block` of their own type, which says that it begins at network `first`, is of some `size`, and how many
networks are trained `at_once`, beside what else they need.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.numerics.jit import internal, kernel, specialised
from rnnsim.numerics.primitives import at_least
from rnnsim.numerics.simd import align_stack

UNCLIPPED, BY_NORM, BY_VALUE = 0, 1, 2


class Group(NamedTuple):
    """Networks that are trained at once: the first of them, its place in the block, and how many they are."""

    first: int
    at: int
    size: int


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


class Bounds(NamedTuple):
    """Bounds of the trained parameters, (row, number), and where each network's row begins; empty if there are none."""

    low: Any
    high: Any
    places: Any


class Penalty(NamedTuple):
    """Penalties of parameters, Σ c p² + those that do not move: c (row, number), where each network's row begins, and the constants; empty
    if there are none."""

    coefficients: Any
    places: Any
    constants: Any


class Record(NamedTuple):
    """What is recorded of which epochs: the place of each, or -1; parameters; costs and metrics (measure, network, epoch) on the training
    and the validation set; the norm of the gradient."""

    places: Any
    theta: Any
    training: Any
    validation: Any
    grad_norm: Any


@internal
def norm_of(numbers, at, size):
    """√Σ g², whatever the size of the numbers."""
    top = 0.0
    for i in range(at, at + size):
        top = at_least(top, abs(numbers[i]))
    unit, total = top if 0.0 < top < np.inf else 1.0, 0.0
    for i in range(at, at + size):
        total += (numbers[i] / unit) ** 2
    return unit * np.sqrt(total)


@internal
def judge(members, training, group, epoch, judged):
    """Stop networks whose cost has missed its lowest value for too long."""
    for i in range(group.size):
        network, cost = group.first + i, judged[group.at + i]
        if members.diverged_at[network] < 0 and members.stopped_at[network] < 0:
            if cost < members.lowest[network]:
                members.lowest[network], members.missed[network] = cost, 0
            else:
                members.missed[network] += 1
                if members.missed[network] >= training.patience:
                    members.stopped_at[network] = epoch


@internal
def moving(members, group):
    """How many networks of a group are moving."""
    count = 0
    for i in range(group.first, group.first + group.size):
        count += members.diverged_at[i] < 0 and members.stopped_at[i] < 0
    return count


@specialised
def train_by(layout):
    """The kernel that trains a block of networks by the kernels of a layout."""

    @kernel
    def train(kind, block, data, whole, held_out, training, members, record, numbers, judged):
        """Train a block, some epochs long, on a training set, which is measured as a `whole`."""
        align_stack()
        for at in range(0, block.size, block.at_once):
            group = Group(block.first + at, at, min(block.at_once, block.size - at))
            layout.bring_in(kind, block, training, members, group)
            go = moving(members, group)
            for epoch in range(training.first, training.last + 1):
                end, place = epoch == training.last, record.places[epoch]
                wanted = (not end or training.finish > 0) and (place >= 0 or training.patience >= 0)
                if end and not wanted:
                    break
                layout.enter_epoch(kind, block, data, whole, held_out, epoch)
                asked = wanted and (training.by_product or training.measured)
                if (training.by_product and (wanted or go)) or (asked and record.grad_norm.size):
                    layout.find_gradient(kind, block, data, training, group)
                if asked:
                    layout.measure(kind, block, whole, training, record, place, group, judged)
                if wanted and training.validated:
                    layout.validate(kind, block, held_out, training, record, place, group, judged)
                if wanted and place >= 0 and record.theta.size:
                    layout.write_parameters(kind, block, training, members, record, place, group)
                if wanted and training.patience >= 0 and epoch >= training.judge_from:
                    judge(members, training, group, epoch, judged)
                    go = moving(members, group)
                if end or not go:
                    continue
                since = epoch - training.first
                if since == 0 or training.number_epochs > 1 or training.patience >= 0:
                    row = min(since, training.number_epochs - 1) * training.networks
                    layout.tell(kind, block, training, members, numbers, (row + group.first) * training.numbers, group)
                for sample in range(0, training.samples, training.batch):
                    stop = min(sample + training.batch, training.samples)
                    for start in range(0, training.steps, training.together):
                        if not training.by_product:
                            turn, until = since * training.samples, min(start + training.together, training.steps)
                            layout.find_gradient_of_batch(kind, block, data, training, group, turn, sample, stop, start, until)
                        if layout.move(kind, block, training, members, numbers, group, epoch + 1):
                            go = moving(members, group)
            layout.bring_out(kind, block, training, members, group)

    return train
