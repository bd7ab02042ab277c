"""Training of networks of many units: the tasks of a block of points, and the loop over blocks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numba
import numpy as np

from rnnsim.kernels.recurrence import network
from rnnsim.kernels.recurrence.descriptors import (
    KeepDescriptor,
    SumDescriptor,
    TrainingDescriptor,
    UpdateDescriptor,
    records,
)
from rnnsim.kernels.training import layer_epochs
from rnnsim.kernels.training.epochs import train_by
from rnnsim.kernels.training.layer_epochs import LayerBlock, Task
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.outline import Request
from rnnsim.verbs.engines.program import Program, thread_descriptors
from rnnsim.verbs.engines.sources import Source, Sources, distances
from rnnsim.verbs.training.bounds import bounds_of
from rnnsim.verbs.training.penalties import penalty_of
from rnnsim.verbs.training.training_run import TrainingRun, TrainingState, training_descriptor


def trained_sources(training: TrainingRun, run: Run, theta: np.ndarray) -> Sources:
    """What kernels read, the trained parameters from where they are moved."""

    def source(name: str) -> Source:
        part, shape = training.slices[name], training.shapes[name]

        def block(lo: int, hi: int, offsets: np.ndarray) -> np.ndarray:
            offsets[:] = np.arange(lo, hi, dtype=np.int64) * training.size + part.start
            return theta

        return Source(block, **distances(dict(zip(run.net.dimensions(name), shape, strict=True))))

    return Sources(run, {name: source(name) for name in training.trained})


class TrainingSet:
    """A sequence set of a training run as kernels take it, for one thread at a time."""

    def __init__(self, training: TrainingRun, run: Run, theta: np.ndarray, request: Request):
        names = "cost", *(f"grad_{name}" for name in training.trained if request.back)
        self.training, self.run = training, run
        self.program = Program(run, names, replace(request, counting=True), trained_sources(training, run, theta))
        self.program_record, self.network = self.program.record(), self.program.network()

    def thread_scratch(self) -> tuple[Any, np.ndarray, np.ndarray]:
        """A thread's scratch, and where costs and gradients of a group are written."""
        training, points, dtype = self.training, self.program.tiling.points, self.run.dtype
        scratch = self.program.memory.make(dtype)
        descriptors = thread_descriptors(self.program.costs)
        thread_scratch = network.ThreadScratch(scratch, address_of(scratch), np.full(4, -1, np.int64), *descriptors)
        return thread_scratch, np.zeros(len(training.measures) * points, dtype), np.zeros(points * training.size, dtype)

    def sums(self, costs: np.ndarray, gradient: np.ndarray) -> Any:
        """Where sums are written, as records."""
        training, rows = self.training, []
        of_measure = self.program.tiling.points * costs.itemsize
        for sums in self.program.summed:
            parameter = sums.name.removeprefix("grad_")
            if sums.name == "cost" or sums.name.startswith("metric_"):
                measure = int(sums.name.removeprefix("metric_")) if sums.name != "cost" else 0
                rows.append(sums.into(address_of(costs) + measure * of_measure, 1))
            elif parameter in training.slices:
                rows.append(sums.into(address_of(gradient), training.size, training.slices[parameter].start))
        return records(SumDescriptor, rows)

    def task(self, lo: int, hi: int, thread_scratch: Any, costs: np.ndarray, gradient: np.ndarray) -> tuple[Task, Any]:
        """The task of a block of points, and the arrays that must live as long."""
        sources, offsets, arrays = self.program.sources.block(lo, hi)
        data = network.Data(sources, offsets, np.ones(hi - lo, self.run.dtype), (0, 0))
        nothing = records(KeepDescriptor, [])
        kept = network.Kept(nothing, nothing, self.sums(costs, gradient), 0, np.zeros(hi - lo, np.int32))
        return Task(self.program_record, self.network, data, thread_scratch, kept, costs, gradient), arrays


_addresses: dict[Any, Any] = {}  # by rule, each of which has one signature: it takes numba a while to tell the types of records


class LayerEngine:
    """Trains networks of many units, some epochs after the other. If sequences change from epoch to epoch there are many calls, and blocks
    are made for the first of them."""

    def __init__(self, training: TrainingRun, state: TrainingState):
        self.training, self.state = training, state
        self.known = dict[tuple[int, int], Any]()
        theta, measures = state.members.theta, training.measures
        batch, shuffled = min(training.batch, training.samples), training.seed is not None and not training.whole
        request = Request(measures, back=True, ordered=shuffled, steps=training.together, samples=batch)
        self.training_sets = [TrainingSet(training, training.run, theta, request)]
        apart = training.measured and not training.whole
        back = "grad_norm" in training.keep
        self.training_sets.append(
            TrainingSet(training, training.run, theta, Request(measures, back=back)) if apart else self.training_sets[0]
        )
        held_out = training.held_out
        self.training_sets.append(
            TrainingSet(training, held_out, theta, Request(measures)) if held_out is not None else self.training_sets[0]
        )
        self.bounds, self.penalty = bounds_of(training), penalty_of(training)
        self.kind = Kind(parallel.lanes(1, training.run.dtype), training.run.dtype)

    def advance(self, first: int, last: int, finish: bool) -> None:
        """Go from epoch `first` to epoch `last`, whose record is left to the next call unless this is to `finish`."""
        training, state, dtype = self.training, self.state, self.training.run.dtype
        numbers, (orders, places) = training.numbers_from(first, last), training.orders(first, last)
        descriptor = training_descriptor(training, first, last, finish, len(numbers))
        numbers, at_once = numbers.reshape(-1), self.training_sets[0].program.tiling.points

        def work(next_block: Callable[[], tuple[int, int] | None]) -> None:
            scratch: Any = None
            while (block := next_block()) is not None:
                lo, hi = block
                if block not in self.known:
                    scratch = scratch or self.thread_scratch()
                ready = self.known.get(block) or self.tasks(lo, hi, scratch)
                if training.fresh is not None:
                    self.known[block], scratch = ready, None
                tasks, update_scratch, what = ready
                here = descriptor
                if orders.size and not training.whole:
                    of_block = np.ascontiguousarray(places[lo:hi])
                    here = replace(descriptor, order=address_of(orders), order_of=address_of(of_block))
                record = records(TrainingDescriptor, [here])[0]
                (task, whole, held_out), judged = (tasks[one][0] for one in self.training_sets), np.zeros(hi - lo, dtype)
                found = task.data.counted, task.costs, task.gradient
                kernels = self.kernels(task, numbers, update_scratch, record, what)
                given = self.bounds, self.penalty, state.members.theta
                networks = LayerBlock(lo, hi - lo, at_once, kernels, *given, *found, update_scratch, what)
                sets, everyone = (task, whole, held_out), (state.members, state.record)
                train_by(layer_epochs)(self.kind, networks, *sets, record, *everyone, numbers, judged)

        parallel.run(work, parallel.blocks_of_threads(training.grid.points, at_once, training.blocks_a_thread))

    def thread_scratch(self) -> tuple[dict[TrainingSet, Any], np.ndarray, Any]:
        """A thread's scratch for each of the sets, and for updates."""
        training = self.training
        update_scratch = np.empty((1 + len(training.optimizer.rule.states)) * training.size, training.run.dtype)
        scratches = {one: one.thread_scratch() for one in dict.fromkeys(self.training_sets)}
        return scratches, update_scratch, records(UpdateDescriptor, [UpdateDescriptor()])[0]

    def tasks(
        self, lo: int, hi: int, scratch: tuple[dict[TrainingSet, Any], np.ndarray, Any]
    ) -> tuple[dict[TrainingSet, Any], Any, Any]:
        """The tasks of a block of points in a thread's scratch, and that for updates."""
        scratches, *of_updates = scratch
        return {one: one.task(lo, hi, *room) for one, room in scratches.items()}, *of_updates

    def forget_sequences(self) -> None:
        """Let nothing of the sequences of the training set stand in scratch that has been read before."""
        for tasks, *_ in self.known.values():
            for task, _ in tasks.values():
                task.thread.held.fill(-1)

    def read_from(self, name: str) -> list[np.ndarray]:
        """The arrays that kernels read a sequence of the training set from, where no point has one of its own."""
        sources = [one.program.sources.source(name) for one in dict.fromkeys(self.training_sets[:2])]
        return [source.block(0, 1, np.empty(1, np.int64)) for source in sources]

    def kernels(self, task: Task, numbers: np.ndarray, update_scratch: np.ndarray, record: Any, what: Any) -> Any:
        """The addresses of the kernels that run a task and that move networks."""
        rule = layer_epochs.update_of(self.kind, self.training.optimizer.rule)
        if numba.config.DISABLE_JIT:
            return [layer_epochs.run_task, rule]
        if rule not in _addresses:
            found = task.data.counted, task.costs, task.gradient
            arguments = self.state.members, self.bounds, numbers, *found, update_scratch, record, what
            run = addresses([layer_epochs.run_task], (numba.typeof(task), *[numba.types.int64] * 9))
            _addresses[rule] = np.concatenate([run, addresses([rule], tuple(map(numba.typeof, arguments)))])
        return _addresses[rule]
