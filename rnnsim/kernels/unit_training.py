"""Training of networks of few units one after the other, whose lanes are units: what `training` calls instead of its `run_task`."""

from typing import Any, NamedTuple

from rnnsim.kernels.compiling import specialised
from rnnsim.kernels.lane_gradients import Set, layer_gradient, layer_measures
from rnnsim.kernels.layers import kernel_of
from rnnsim.kernels.moves import group_of, keep_sum, pack
from rnnsim.kernels.pointers import numbers_at
from rnnsim.kernels.rows import put, width
from rnnsim.kernels.sources import Shared
from rnnsim.lanes import align_stack, store


class UnitTask(NamedTuple):
    """Sequences of a block of networks, as `training` goes over them: how; `packs` and `sums` bring parameters to the rows `own` and their
    gradients from those of `room`; the cost is the gradient's, `by_product`, or else measured apart; `in_order` are the places of samples
    that have no other order."""

    model: Any
    plan: Any
    sizes: Any
    packs: Any
    sums: Any
    data: Any
    by_product: int
    in_order: Any
    own: Any
    room: Any
    tape: Any
    costs: Any
    gradient: Any


@specialised
def run_task_of(kind, cell, measures):
    """The kernel that does what `training.run_task` does, of one network of these cells."""

    @kernel_of(cell)
    def run_task(task, order, order_of, point, last, begin, end, from_step, to_step, all_costs):
        align_stack()
        plan, data, own, tape, places, turn = task.plan, task.data, task.own, task.tape, task.in_order, 0
        sources, offsets, w = data.sources, data.offsets, width(kind)
        group = group_of(plan, data.order, point, last, begin, end)
        for i in range(task.packs.size):
            what = task.packs[i]
            source = sources[what.source]
            pack(own, numbers_at(own, source.address), source, offsets[what.source], group, w, 1, what)
        inputs, targets = sources[plan.input_source], sources[plan.target_source]
        sets = Set(
            Shared(numbers_at(own, inputs.address), inputs.by_sample, offsets[plan.input_source][point]),
            Shared(numbers_at(own, targets.address), targets.by_sample, offsets[plan.target_source][point]),
            task.sizes,
        )
        if plan.back:
            if order:
                places, turn = numbers_at(places, order), numbers_at(places, order_of)[point]
            found = layer_gradient(kind, task.model, measures[0], own, sets, 0, tape, task.room, places, turn, begin, end)
            put(tape, 0, w, found)
            task.costs[0], data.counted[point] = tape[0], tape[w]
            for i in range(task.sums.size):
                keep_sum(task.room, task.sums[i], group, False, False, data.counted, -point)
        if all_costs and (plan.costs > 1 or not task.by_product):
            totals, counted = layer_measures(kind, task.model, measures, own, sets, 0, tape)
            put(tape, 0, w, totals)
            store(tape, plan.costs * w, counted)
            for i in range(task.by_product, plan.costs):
                task.costs[i] = tape[i * w] / tape[plan.costs * w]

    return run_task
