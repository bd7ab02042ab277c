"""Training of scalar networks and of layers of few units, each network a lane or each unit: the loop over blocks of points."""

from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any

import numba
import numpy as np

from rnnsim.families.recurrent_networks import Recurrent
from rnnsim.kernels.recurrence.descriptors import TrainingDescriptor, records, type_of
from rnnsim.kernels.recurrence.inputs import Orders
from rnnsim.kernels.training import small_epochs
from rnnsim.kernels.training.epochs import train_by
from rnnsim.kernels.training.small_gradients import Set
from rnnsim.numerics import parallel
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.scalar import reader, registers, serves, sizes_of
from rnnsim.verbs.training.bounds import bounds_of
from rnnsim.verbs.training.penalties import penalty_of
from rnnsim.verbs.training.small_layout import fixed_numbers, joined, network_rows, scalar_rows, unit_rows
from rnnsim.verbs.training.training_run import TrainingRun, TrainingState, training_descriptor

FEW_UNITS, FEW_SAMPLES = 16, 32  # up to which a network is a lane: beyond them, lanes of units or samples are faster
FEW_NETWORKS = 0.5  # for each of their units, up to which units are lanes


def fits(training: TrainingRun) -> bool:
    """Whether this engine can do a training run, and is the faster one."""
    run, net = training.run, training.run.net
    plain = not run.penalised_states and not any(of_set.weight for of_set in sets_of(training))
    if not plain or run.dtype != "float64" or training.together < run.steps or (run.own_starts and training.seed is not None):
        return False
    if serves(run.net):
        return True
    layer = net if isinstance(net, Recurrent) and not run.own_starts else None
    simple = layer is not None and layer.cell.cached and not (layer.cell.noisy or layer.cell.outputs or layer.rank)
    by_element = not any(measure.classes for measure in training.measures)
    return simple and by_element and net.units < FEW_UNITS and min(training.batch, training.samples) < FEW_SAMPLES


@cache
def signature(dtype: str) -> tuple[Any, ...]:
    """The types of what the kernels that move networks are called with."""
    numbers, whole = np.empty(0, dtype), np.empty(0, np.int64)
    places = small_epochs.Places(1, 1, whole, whole, whole, whole, whole, *range(len(small_epochs.Places._fields) - 7))
    return type_of(TrainingDescriptor), *map(numba.typeof, (numbers, numbers, places))


def lanes_of(points: int, registers: int, dtype: str) -> int:
    """How many networks a group has: as many as some registers hold, or the fewest that hold all if one register does; two lanes are the
    fastest (1.5 times as fast as eight), and one alone is not faster."""
    register, several = parallel.lanes(1, dtype), parallel.lanes(registers, dtype)
    return max(2, 1 << (points - 1).bit_length()) if points <= register < several else several


def few(training: TrainingRun) -> bool:
    """Whether a training run has so few networks that they are trained the fastest one after the other."""
    run = training.run
    shared = not (each(training) or any(of_set.own_sequences for of_set in sets_of(training)))
    return not serves(run.net) and run.net.readout is not None and shared and training.grid.points <= FEW_NETWORKS * run.net.units


def sets_of(training: TrainingRun) -> list[Run]:
    """The training set, and the validation set if there is one."""
    return [training.run] if training.held_out is None else [training.run, training.held_out]


def each(training: TrainingRun) -> bool:
    """Whether every network has an order of the samples of its own."""
    return training.seed is not None and training.seed.ndim > 0


class LaneEngine:
    """Trains small networks, of which each is a lane or each unit is, some epochs after the other."""

    def __init__(self, training: TrainingRun, state: TrainingState):
        self.training, self.state = training, state
        run, trained, points, dtype = training.run, training.trained, training.grid.points, training.run.dtype
        self.networks = 1
        if few(training):
            self.kind = Kind(max(1 << (run.net.units - 1).bit_length(), parallel.lanes(1, dtype)), dtype)
            self.rows = unit_rows(run, trained, self.kind.width)
        else:
            self.networks = lanes_of(points, registers(run.net.members[0].cell, training.measures[0]), dtype)
            self.kind = Kind(self.networks, dtype)
            self.rows = scalar_rows(run, trained, self.networks) if serves(run.net) else network_rows(run, trained, self.networks)
        self.fixed_places, self.fixed = fixed_numbers(run, self.rows, trained)
        self.places, self.room_rows = self._places()
        self.move = small_epochs.move_of(self.kind, training.optimizer.rule)
        self.kernels: Any = None
        self.bounds, self.penalty = bounds_of(training), penalty_of(training)

    def _places(self) -> tuple[small_epochs.Places, int]:
        """Where things stand in a thread's scratch, and how many rows it has."""
        training, rule = self.training, self.training.optimizer.rule
        places, parts = [self.rows.places[name] for name in training.trained], training.slices.values()
        numbers = joined([np.arange(part.start, part.stop)[None].repeat(len(a), 0) for part, a in zip(parts, places, strict=True)])
        rows, lanes = np.divmod(joined(places), self.kind.width)
        moved, slots = np.unique(rows, return_inverse=True)
        states = len(moved) * len(rule.states)
        which = moved, numbers, slots, lanes, self.fixed_places
        bounds, penalties = len(moved) * bool(training.bounds), len(moved) * training.penalised
        sizes = [self.rows.count, states, len(training.numbers), len(rule.memory), 1, 1, 1, 1, len(moved) + states]
        sizes += [bounds, bounds, penalties, 1]
        firsts = list(accumulate(sizes))
        return small_epochs.Places(self.networks, self.rows.units, *which, *firsts[:-1]), firsts[-1]

    def advance(self, first: int, last: int, finish: bool) -> None:
        """Go from epoch `first` to epoch `last`, whose record is left to the next call unless this is to `finish`."""
        training, state, kind, dtype = self.training, self.state, self.kind, self.training.run.dtype
        numbers, (orders, places) = training.numbers_from(first, last), training.orders(first, last)
        descriptor = records(TrainingDescriptor, [training_descriptor(training, first, last, finish, len(numbers))])[0]
        numbers, own_orders = numbers.reshape(-1), each(training)
        ordered = None if training.seed is None or training.whole else orders.reshape(-1)
        points, shape = training.grid.points, training.grid.strided_shape
        blocks = parallel.blocks_of_threads(points, self.networks, training.blocks_a_thread)
        most = -(-max(hi - lo for lo, hi in blocks) // self.networks) * self.networks

        def work(next_block: Callable[[], tuple[int, int] | None]) -> None:
            fixed = parallel.aligned((len(self.fixed), most), dtype, 0.0)
            own = parallel.aligned(self.rows.count * kind.width, dtype, 0.0)
            readers = [set_reader(run, kind.width, most, own_orders) for run in sets_of(training)]
            lane_scratch, scratch = parallel.aligned(kind.width, dtype), parallel.aligned(self.room_rows * kind.width, dtype, 0.0)
            tape = parallel.aligned(self.rows.tape * kind.width, dtype)
            judged = parallel.aligned(most, dtype)
            if self.kernels is None:
                self.kernels = addresses([self.move], signature(dtype))
            while (block := next_block()) is not None:
                for row, strided in zip(fixed, self.fixed, strict=True):
                    parallel.gather(*strided, shape, *block, row)
                lo, hi = block
                order: Any = ordered
                data = [read(lo, hi) for read in readers]
                if own_orders and ordered is not None:
                    order = Orders(ordered, np.pad(places[lo:hi], (0, most - (hi - lo)), mode="edge"))
                where = lo, hi - lo, self.networks
                rows = fixed, own, tape, scratch, lane_scratch
                networks = small_epochs.SmallBlock(
                    *where, self.rows.model, training.measures, self.kernels, self.places, self.bounds, self.penalty, order, *rows
                )
                sets, everyone = (data[0], data[0], data[-1]), (state.members, state.record)
                train_by(small_epochs)(kind, networks, *sets, descriptor, *everyone, numbers, judged)

        parallel.run(work, blocks)

    def read_from(self, name: str) -> list[np.ndarray]:
        """The arrays that kernels read a sequence of the training set from, where no point has one of its own."""
        return [getattr(self.training.run, name).values.reshape(-1)]

    def forget_sequences(self) -> None:
        """Nothing of the sequences stands in scratch from call to call."""


def set_reader(run: Run, width: int, most: int, each: bool) -> Any:
    """A function lo, hi -> the sequences of these points as a kernel reads them, for one thread; if `each`, every point reads its own."""
    own, sizes = each or run.own_sequences, sizes_of(run)
    inputs_of, targets_of = (reader(run, sequence, own, width, most) for sequence in (run.inputs, run.targets))
    return lambda lo, hi: Set(inputs_of(lo, hi), targets_of(lo, hi), sizes)
