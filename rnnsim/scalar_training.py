"""Training of scalar networks: the loop over blocks of points, whose kernel holds a network in a lane."""

from typing import Any

import numpy as np

from rnnsim.courses import Course, State, blocks_of, course_record
from rnnsim.kernels import blocks, scalar, scalar_training
from rnnsim.kernels.records import COURSE, records
from rnnsim.lanes import Kind
from rnnsim.running import Run
from rnnsim.scalar_runs import net_of, reader, registers, rows_of, serves, sizes_of


def teaches(course: Course) -> bool:
    """Whether a course is one of scalar Elman networks that this engine can train."""
    shared = course.seed is None or not course.seed.ndim
    return serves(course.run) and course.run.dtype == "float64" and course.together >= course.run.steps and shared


class ScalarEngine:
    """Trains scalar networks, some epochs after the other."""

    def __init__(self, course: Course, state: State):
        self.course, self.state = course, state
        self.cell = net_of(course.run).cell
        self.kind = Kind(blocks.lanes(registers(self.cell, course.measures[0]), course.run.dtype), course.run.dtype)
        self.rows = rows_of(course.run)
        self.places, self.room_rows = self._places()

    def _places(self) -> tuple[scalar_training.Places, int]:
        """Where things stand in a thread's room, and how many rows it has."""
        course, names, rule = self.course, net_of(self.course.run).row_names, self.course.optimizer.rule
        rows = np.array([names.index(name) for name in course.trained], np.int64)
        numbers = np.array([course.parts[name].start for name in course.trained], np.int64)
        sizes = [
            len(names),
            len(rows) * len(rule.states),
            len(course.numbers),
            len(rule.memory),
            1,
            len(rows) * (1 + len(rule.states)),
        ]
        firsts = np.concatenate([[0], np.cumsum(sizes)])
        return scalar_training.Places(rows, numbers, *(int(first) for first in firsts[1:6])), int(firsts[-1])

    def advance(self, first: int, last: int, finish: bool) -> None:
        """Go from epoch `first` to epoch `last`, whose record is left to the next call unless this is to `finish`."""
        course, state, kind, dtype = self.course, self.state, self.kind, self.course.run.dtype
        numbers, (orders, _) = course.numbers_from(first, last), course.orders(first, last)
        told = records(COURSE, [course_record(course, first, last, finish, len(numbers))])[0]
        numbers, order = numbers.reshape(-1), orders[0].reshape(-1) if orders.size and not course.whole else None
        points, shape = course.grid.points, course.grid.strided_shape
        pieces = blocks_of(points, kind.width)
        most = -(-max(hi - lo for lo, hi in pieces) // kind.width) * kind.width
        held_out = course.held_out or course.run

        def work(next_piece):
            theta = np.empty((len(self.rows), most), dtype)
            sets_of = [set_reader(run, kind.width, most) for run in (course.run, held_out)]
            spare, room = np.empty(kind.width, dtype), np.empty(self.room_rows * kind.width, dtype)
            tape = np.empty(course.run.steps * (1 + self.cell.partials) * kind.width, dtype)
            judged = np.empty(most, dtype)
            while (piece := next_piece()) is not None:
                for row, strided in zip(theta, self.rows, strict=True):
                    blocks.gather(*strided, shape, *piece, row)
                block = scalar.Block(points, *piece, spare)
                what = kind, self.cell, course.optimizer.rule, course.measures, told, theta
                sets = [set_of(*piece) for set_of in sets_of]
                everyone = state.members, state.record
                scalar_training.train(*what, *sets, *everyone, numbers, order, block, tape, room, self.places, judged)

        blocks.run(work, pieces)


def set_reader(run: Run, width: int, most: int) -> Any:
    """A function lo, hi -> the sequences of these points as a kernel reads them, for one thread."""
    own, sizes = bool(run.inputs.axes or (run.targets and run.targets.axes)), sizes_of(run)
    inputs_of, targets_of = (reader(run, sequence, own, width, most) for sequence in (run.inputs, run.targets))
    return lambda lo, hi: scalar_training.Set(inputs_of(lo, hi), targets_of(lo, hi), sizes)
