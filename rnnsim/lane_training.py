"""Training of scalar networks and of layers of few units: the loop over blocks of points, whose kernel holds a network in a lane."""

from functools import cache
from itertools import accumulate
from math import prod
from typing import Any

import numba
import numpy as np

from rnnsim.cells import reading
from rnnsim.courses import Course, State, course_record
from rnnsim.kernels import blocks, lane_training, scalar
from rnnsim.kernels.forward_gradients import PARAMETERS, ScalarModel
from rnnsim.kernels.lane_gradients import LayerModel, Set
from rnnsim.kernels.pointers import addresses
from rnnsim.kernels.records import COURSE, records
from rnnsim.kernels.sources import Orders
from rnnsim.lanes import Kind
from rnnsim.networks import Recurrent
from rnnsim.running import Run
from rnnsim.scalar_runs import net_of, reader, registers, serves, sizes_of, strided_rows

FEW_UNITS, FEW_SAMPLES = 16, 32  # up to which a network is a lane: beyond them, lanes of units or samples are faster


def teaches(course: Course) -> bool:
    """Whether this engine can train a course, and is the faster one."""
    run, net = course.run, course.run.net
    if run.dtype != "float64" or course.together < run.steps or (run.own_starts and course.seed is not None):
        return False
    if serves(run):
        return True
    simple = isinstance(net, Recurrent) and isinstance(getattr(net, "activation", ""), str) and not run.own_starts
    plain = not any(measure.classes for measure in course.measures)
    return simple and plain and net.units < FEW_UNITS and min(course.batch, course.samples) < FEW_SAMPLES


@cache
def signature(dtype: str) -> tuple[Any, ...]:
    """The types of what the kernels that move networks are called with."""
    numbers, whole = np.empty(0, dtype), np.empty(0, np.int64)
    places = lane_training.Places(whole, whole, *range(len(lane_training.Places._fields) - 2))
    return tuple(map(numba.typeof, (records(COURSE, [{}])[0], numbers, numbers, places)))


def lanes_of(points: int, registers: int, dtype: str) -> int:
    """How many networks a group has: as many as some registers hold, or the fewest that hold all if one register does; two lanes are the
    fastest (1.5 times as fast as eight), and one alone is not faster."""
    register, several = blocks.lanes(1, dtype), blocks.lanes(registers, dtype)
    return max(2, 1 << (points - 1).bit_length()) if points <= register < several else several


class Rows:
    """The rows of a group: which parameters stand where."""

    def __init__(self, run: Run, trained: tuple[str, ...]):
        net = run.net
        if serves(run):
            starts = sizes_of(run).starts
            names = net_of(run).row_names
            self.first = {name: i for i, name in enumerate(names)}
            self.count = len(names) - 1 + starts
            parameters = tuple(PARAMETERS[name] for name in trained)
            self.model: Any = ScalarModel(net_of(run).cell, parameters, np.array([self.first[name] for name in trained], np.int64))
            self.tape = 0
            return
        sizes = {name: prod(run.shape_of(f"grad_{name}")) for name in net.trainable}
        member = net.members[0]
        sizes |= dict.fromkeys(member.constants, net.units)
        self.first, self.count = {}, 0
        for name, size in sizes.items():
            self.first[name] = self.count
            self.count += size
        self.model = self._layer(run, member)
        cell, units = member.cell, member.units
        self.tape = ((run.steps + 1) * cell.states + run.steps * cell.partials + cell.gates + cell.states) * units

    def _layer(self, run: Run, member: Any) -> LayerModel:
        """A layer, as kernels find its numbers."""
        cell, units, inputs = member.cell, member.units, member.inputs
        biases = np.full((len(member.biases), cell.gates), -1, np.int64)
        for row, (name, gates) in zip(biases, member.biases, strict=True):
            row[list(gates)] = self.first[name] + np.arange(len(gates)) * units
        w_in, w_rec = np.full((2, cell.gates), -1, np.int64)
        for weights, letter, name, terms in ((w_in, "x", member.w_in, inputs), (w_rec, "h", member.w_rec, units)):
            gates = reading(cell, letter)
            weights[list(gates)] = self.first[name] + np.arange(len(gates)) * units * terms
        starts = np.array([self.first[name] for name in member.starts], np.int64)
        outputs = (run.net.outputs or 1) if run.net.readout is not None else 0
        constants = self.first[member.constants[0]] if member.constants else -1
        readout = self.first.get("w_out", -1), self.first.get("b_out", -1)
        return LayerModel(cell, units, inputs, outputs, self.count, biases, w_in, w_rec, constants, starts, *readout)


class LaneEngine:
    """Trains networks of which each is a lane, some epochs after the other."""

    def __init__(self, course: Course, state: State):
        self.course, self.state = course, state
        self.rows = Rows(course.run, tuple(course.trained))
        cell = self.rows.model.cell
        lanes = lanes_of(course.grid.points, registers(cell, course.measures[0]), course.run.dtype)
        self.kind = Kind(lanes, course.run.dtype)
        self.fixed = strided_rows(course.run, self.rows.first, self.rows.count, set(course.trained))
        self.places, self.room_rows = self._places()
        self.move = lane_training.move_of(self.kind, course.optimizer.rule)
        self.kernels: Any = None

    def _places(self) -> tuple[lane_training.Places, int]:
        """Where things stand in a thread's room, and how many rows it has."""
        course, rule = self.course, self.course.optimizer.rule
        parts = [(self.rows.first[name], course.parts[name]) for name in course.trained]
        rows = np.concatenate([first + np.arange(part.stop - part.start) for first, part in parts]).astype(np.int64)
        numbers = np.concatenate([np.arange(part.start, part.stop) for _, part in parts]).astype(np.int64)
        states = len(rows) * len(rule.states)
        sizes = [self.rows.count, states, len(course.numbers), len(rule.memory), 1, 1, 1, 1, len(rows) + states]
        firsts = list(accumulate(sizes))
        return lane_training.Places(rows, numbers, *firsts[:-1]), firsts[-1]

    def advance(self, first: int, last: int, finish: bool) -> None:
        """Go from epoch `first` to epoch `last`, whose record is left to the next call unless this is to `finish`."""
        course, state, kind, dtype = self.course, self.state, self.kind, self.course.run.dtype
        numbers, (orders, places) = course.numbers_from(first, last), course.orders(first, last)
        told = records(COURSE, [course_record(course, first, last, finish, len(numbers))])[0]
        numbers, each = numbers.reshape(-1), course.seed is not None and course.seed.ndim > 0
        ordered = None if course.seed is None or course.whole else orders.reshape(-1)
        points, shape = course.grid.points, course.grid.strided_shape
        pieces = blocks.blocks_of_threads(points, kind.width)
        most = -(-max(hi - lo for lo, hi in pieces) // kind.width) * kind.width
        held_out = course.held_out or course.run

        def work(next_piece):
            fixed = blocks.aligned((self.rows.count, most), dtype, 0.0)
            own = blocks.aligned(self.rows.count * kind.width, dtype, 0.0)
            sets_of = [set_reader(run, kind.width, most, each) for run in (course.run, held_out)]
            spare, room = blocks.aligned(kind.width, dtype), blocks.aligned(self.room_rows * kind.width, dtype, 0.0)
            tape = blocks.aligned(self.rows.tape * kind.width, dtype)
            judged = blocks.aligned(most, dtype)
            if self.kernels is None:
                self.kernels = addresses([self.move], signature(dtype))
            while (piece := next_piece()) is not None:
                for row, strided in self.fixed:
                    blocks.gather(*strided, shape, *piece, fixed[row])
                block = scalar.Block(points, *piece, spare)
                what = kind, self.rows.model, course.measures, self.kernels, told, fixed, own
                sets = [set_of(*piece) for set_of in sets_of]
                everyone, order = (state.members, state.record), ordered
                if each and ordered is not None:
                    lo, hi = piece
                    order = Orders(ordered, np.pad(places[lo:hi], (0, most - (hi - lo)), mode="edge"))
                lane_training.train(*what, *sets, *everyone, numbers, order, block, tape, room, self.places, judged)

        blocks.run(work, pieces)


def set_reader(run: Run, width: int, most: int, each: bool) -> Any:
    """A function lo, hi -> the sequences of these points as a kernel reads them, for one thread; if `each`, every point reads its own."""
    own, sizes = each or bool(run.inputs.axes or (run.targets and run.targets.axes)), sizes_of(run)
    inputs_of, targets_of = (reader(run, sequence, own, width, most) for sequence in (run.inputs, run.targets))
    return lambda lo, hi: Set(inputs_of(lo, hi), targets_of(lo, hi), sizes)
