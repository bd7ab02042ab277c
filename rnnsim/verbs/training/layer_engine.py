"""Training of networks of many units: the tasks of a block of points, and the loop over blocks."""

from typing import Any

import numba
import numpy as np

from rnnsim.kernels.recurrence import network
from rnnsim.kernels.recurrence.descriptors import COST, COURSE, KEEP, SUM, UPDATE, WORK, records
from rnnsim.kernels.training import epochs
from rnnsim.kernels.training.epochs import Task
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.program import Program, Request
from rnnsim.verbs.engines.sources import Source, Sources, distances
from rnnsim.verbs.training.training_run import Course, State, course_record


def trained_sources(course: Course, run: Run, theta: np.ndarray) -> Sources:
    """What kernels read, the trained parameters from where they are moved."""

    def source(name: str) -> Source:
        part, shape = course.parts[name], course.shapes[name]

        def block(lo: int, hi: int, offsets: np.ndarray) -> np.ndarray:
            offsets[:] = np.arange(lo, hi, dtype=np.int64) * course.size + part.start
            return theta

        return Source(block, **distances(dict(zip(run.net.dimensions(name), shape, strict=True))))

    return Sources(run, {name: source(name) for name in course.trained})


class Teacher:
    """A sequence set of a course as kernels take it, for one thread at a time."""

    def __init__(self, course: Course, run: Run, theta: np.ndarray, request: Request):
        names = "cost", *(f"grad_{name}" for name in course.trained if request.back)
        self.course, self.run = course, run
        self.program = Program(run, names, request, trained_sources(course, run, theta))
        self.program.plan["counting"] = 1
        self.plan, self.network = self.program.plan_record(), self.program.network()

    def scratch(self) -> tuple[Any, np.ndarray, np.ndarray]:
        """A thread's room, and where costs and gradients of a group are written."""
        course, points, dtype = self.course, self.program.cut.points, self.run.dtype
        room = self.program.room.make(dtype)
        told = records(WORK, [{}]), records(COST, self.program.costs)
        scratch = network.Scratch(room, address_of(room), np.full(4, -1, np.int64), *told)
        return scratch, np.zeros(len(course.measures) * points, dtype), np.zeros(points * course.size, dtype)

    def sums(self, costs: np.ndarray, gradient: np.ndarray) -> Any:
        """Where sums are written, as records."""
        course, size, rows = self.course, costs.itemsize, []
        for name, what in self.program.summed:
            parameter = name.removeprefix("grad_")
            if name == "cost" or name.startswith("metric_"):
                place = int(name.removeprefix("metric_")) if name != "cost" else 0
                rows.append({**what, "address": address_of(costs) + place * self.program.cut.points * size, "numbers": 1})
            elif parameter in course.parts and self.program.back:
                part = what["part"] + course.parts[parameter].start
                rows.append({**what, "address": address_of(gradient), "numbers": course.size, "part": part})
        return records(SUM, rows)

    def task(self, lo: int, hi: int, scratch: Any, costs: np.ndarray, gradient: np.ndarray) -> tuple[Task, Any]:
        """The task of a block of points, and the arrays that must live as long."""
        sources, offsets, arrays = self.program.sources.block(lo, hi)
        data = network.Data(sources, offsets, np.ones(hi - lo, self.run.dtype), (0, 0))
        nothing = records(KEEP, [])
        kept = network.Kept(nothing, nothing, self.sums(costs, gradient), 0, np.zeros(hi - lo, np.int32))
        return Task(self.plan, self.network, data, scratch, kept, costs, gradient), arrays


_addresses: dict[Any, Any] = {}  # by rule, each of which has one signature: it takes numba a while to tell the types of records


class LayerEngine:
    """Trains networks of many units, some epochs after the other."""

    def __init__(self, course: Course, state: State):
        self.course, self.state = course, state
        theta, measures = state.members.theta, course.measures
        batch, shuffled = min(course.batch, course.samples), course.seed is not None and not course.whole
        request = Request(measures, back=True, ordered=shuffled, steps=course.together, samples=batch)
        self.teachers = [Teacher(course, course.run, theta, request)]
        apart = course.measured and not course.whole
        back = "grad_norm" in course.keep
        self.teachers.append(Teacher(course, course.run, theta, Request(measures, back=back)) if apart else self.teachers[0])
        held_out = course.held_out
        self.teachers.append(Teacher(course, held_out, theta, Request(measures)) if held_out is not None else self.teachers[0])
        self.kind = Kind(parallel.lanes(1, course.run.dtype), course.run.dtype)

    def advance(self, first: int, last: int, finish: bool) -> None:
        """Go from epoch `first` to epoch `last`, whose record is left to the next call unless this is to `finish`."""
        course, state, dtype = self.course, self.state, self.course.run.dtype
        numbers, (orders, places) = course.numbers_from(first, last), course.orders(first, last)
        told = course_record(course, first, last, finish, len(numbers))
        numbers = numbers.reshape(-1)

        def work(next_piece):
            rooms = {id(teacher): teacher.scratch() for teacher in self.teachers}
            spare = np.empty((1 + told["states"]) * course.size, dtype)
            what = records(UPDATE, [{}])[0]
            while (piece := next_piece()) is not None:
                lo, hi = piece
                tasks = [teacher.task(lo, hi, *rooms[id(teacher)]) for teacher in self.teachers]
                order = {}
                if orders.size and not course.whole:
                    of_block = np.ascontiguousarray(places[lo:hi])
                    order = {"order": address_of(orders), "order_of": address_of(of_block), "order_by_epoch": course.samples}
                record = records(COURSE, [told | order])[0]
                task, judged = tasks[0][0], np.zeros(hi - lo, dtype)
                kernels = self.kernels(task, numbers, spare, record, what)
                told_of = kernels, record, *(t for t, _ in tasks), state.members, state.record
                epochs.train(*told_of, numbers, lo, hi - lo, judged, spare, what)

        parallel.run(work, parallel.blocks_of_threads(course.grid.points, self.teachers[0].program.cut.points))

    def kernels(self, task: Task, numbers: np.ndarray, spare: np.ndarray, record: Any, what: Any) -> Any:
        """The addresses of the kernels that run a task and that move networks."""
        rule = epochs.update_of(self.kind, self.course.optimizer.rule)
        if rule not in _addresses:
            told = self.state.members, numbers, task.data.counted, task.costs, task.gradient, spare, record, what
            run = addresses([epochs.run_task], (numba.typeof(task), *[numba.types.int64] * 9))
            move = addresses([rule], tuple(map(numba.typeof, told)))
            _addresses[rule] = [*run, *move] if isinstance(run, list) else np.concatenate([run, move])
        return _addresses[rule]
