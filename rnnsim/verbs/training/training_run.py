"""A training run: its settings, which no engine changes, and its state, which both engines advance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.memory_limits import check_room
from rnnsim.equations.losses import METRICS
from rnnsim.equations.user_losses import check_loss
from rnnsim.families.axes import Grid, ordered
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.kernels.recurrence.descriptors import NONE, TrainingDescriptor
from rnnsim.kernels.training.epochs import BY_NORM, BY_VALUE, UNCLIPPED, Members, Record
from rnnsim.numerics import parallel
from rnnsim.runs.penalties import of_parameters
from rnnsim.runs.run import Run
from rnnsim.verbs.training.fresh_trials import FreshSet
from rnnsim.verbs.training.optimizers import Optimizer

ALIGNED = 16  # numbers of a network, so that updates take whole registers
CLIPS = {"": UNCLIPPED, "norm": BY_NORM, "value": BY_VALUE}


@dataclass(frozen=True)
class TrainingRun:
    """The settings of a training run over epochs first…last, all checked: its sets, optimizer and batches, and what is kept."""

    run: Run
    held_out: Run | None
    loss: Any
    metrics: tuple[str, ...]
    keep: tuple[str, ...]
    trained: tuple[str, ...]
    optimizer: Optimizer
    numbers: dict[str, xr.DataArray]
    clip: str
    batch: int
    together: int
    seed: xr.DataArray | None
    patience: int | None
    first: int
    last: int
    every: int
    bounds: Mapping[str, Mapping[str, xr.DataArray]]
    resumed: bool = False
    fresh: FreshSet | None = None

    @property
    def grid(self) -> Grid:
        return self.run.grid

    @property
    def samples(self) -> int:
        return self.run.samples or 1

    @property
    def penalised(self) -> bool:
        """Whether parameters have a penalty."""
        return bool(of_parameters(self.run.net, self.run.penalties))

    @property
    def measures(self) -> tuple[Any, ...]:
        """The loss, then the metrics."""
        return check_loss(self.loss), *(METRICS[name] for name in self.metrics)

    @property
    def whole(self) -> bool:
        """Whether an update goes by the gradient of the cost itself."""
        return self.batch >= self.samples and self.together >= self.run.steps

    @property
    def blocks_a_thread(self) -> int:
        """Into how many blocks a thread's points are cut: into one if every epoch is a call of its own."""
        return parallel.PIECES if self.fresh is None else 1

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each trained parameter behind the axes."""
        return {name: self.run.shape_of(f"grad_{name}") for name in self.trained}

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each trained parameter stands among a network's numbers."""
        found, at = {}, 0
        for name, shape in self.shapes.items():
            count = prod(shape)
            found[name] = slice(at, at + count)
            at += count
        return found

    @cached_property
    def count(self) -> int:
        """How many numbers of a network move."""
        return int(max(part.stop for part in self.slices.values()))

    @cached_property
    def size(self) -> int:
        """That, up to whole registers."""
        return -(-self.count // ALIGNED) * ALIGNED

    @cached_property
    def recorded(self) -> np.ndarray:
        """The epochs that are recorded."""
        among = self._multiples
        kept = np.arange(among.start, among.stop, among.step)
        return np.append(kept, self.last) if self._ends_between else kept

    @property
    def epochs_recorded(self) -> int:
        """How many epochs are recorded."""
        return len(self._multiples) + self._ends_between

    @property
    def _multiples(self) -> range:
        """The epochs that are multiples of `every`."""
        return range(-(-(self.first + self.resumed) // self.every) * self.every, self.last + 1, self.every)

    @property
    def _ends_between(self) -> bool:
        """Whether the last epoch, which is recorded in any case, is none of them."""
        return self.last % self.every > 0

    @property
    def bytes_recorded(self) -> int:
        """The bytes of the record, before there is one."""
        epochs = self.epochs_recorded
        measures = len(self.measures) * (1 + (self.held_out is not None)) + ("grad_norm" in self.keep)
        numbers = self.grid.points * epochs * (measures + self.count * self.kept_parameters)
        return numbers * np.dtype(self.run.dtype).itemsize + 8 * (epochs + self.last)

    @property
    def measured(self) -> bool:
        """Whether the training set is measured at all."""
        return bool({"cost", "grad_norm"} & set(self.keep) or self.metrics)

    @property
    def judged(self) -> bool:
        """Whether there is a cost at each recorded epoch, by which one of them is the best."""
        return self.held_out is not None or "cost" in self.keep

    @property
    def kept_parameters(self) -> bool:
        """Whether parameters that move are recorded."""
        return any(name in self.keep for name in self.trained)

    def over_points(self, array: xr.DataArray) -> np.ndarray:
        """Numbers over some axes, for every point."""
        return spread(array, self.grid.sizes).reshape(-1)

    def numbers_from(self, first: int, last: int) -> np.ndarray:
        """The rule's numbers and the limit of the clip for the updates of epochs first + 1…last, (epoch, point, number); a single epoch
        if none has a schedule. A schedule's last value holds from then on."""
        scheduled = any("epoch" in array.dims for array in self.numbers.values())
        epochs = np.arange(first, max(last, first + 1)) if scheduled else np.arange(1)
        found = np.empty((len(epochs), self.grid.points, len(self.numbers)))
        for k, array in enumerate(self.numbers.values()):
            for i, epoch in enumerate(epochs):
                at = array.isel(epoch=min(int(epoch), array.sizes["epoch"] - 1)) if "epoch" in array.dims else array
                found[i, :, k] = self.over_points(at)
        return found

    @cached_property
    def seeds(self) -> tuple[np.ndarray, np.ndarray]:
        """The seeds of the orders, each once, and which of them each point has."""
        assert self.seed is not None
        return np.unique(self.over_points(self.seed), return_inverse=True)

    def orders(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """The order of the samples, (seed, epoch, place), in the epochs first + 1…last, and where each point's stands; of an epoch the
        same however epochs are cut."""
        if self.seed is None:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        seeds, which = self.seeds
        orders = np.array(
            [
                [np.random.default_rng([int(seed), epoch]).permutation(self.samples) for epoch in range(first + 1, last + 1)]
                for seed in seeds
            ],
            np.int64,
        )
        return orders, which.astype(np.int64) * (orders[0].size if len(orders) else 0)


def spread(array: xr.DataArray, sizes: dict[str, int]) -> np.ndarray:
    """An array's numbers over all of some dimensions, those that it has not among them."""
    has = [dim for dim in sizes if dim in array.dims]
    values = ordered(array, has)
    if len(has) == len(sizes):
        return values
    values = values.reshape([size if dim in has else 1 for dim, size in sizes.items()])
    return np.broadcast_to(values, list(sizes.values()))


def full_values(run: Run, name: str) -> np.ndarray:
    """A parameter in its full shape, for every point."""
    kept = run.net.source(name)
    array = kept.array() if isinstance(kept, Drawn) else kept
    own = run.net.dimensions(name)
    sizes = dict(zip(own, run.shape_of(f"grad_{name}"), strict=True))
    return spread(array, run.grid.sizes | sizes).reshape(run.grid.points, -1)


@dataclass
class TrainingState:
    """What changes in a training run: the parameters and optimizer states of the networks, and the record of the epochs."""

    training: TrainingRun
    members: Members
    record: Record
    _before: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(cls, training: TrainingRun) -> "TrainingState":
        """The start of a training run."""
        points, size, dtype = training.grid.points, training.size, np.dtype(training.run.dtype)
        rule, numbers = training.optimizer.rule, training.numbers
        check_room(points * size * (1 + len(rule.states)) * dtype.itemsize + training.bytes_recorded, 1)
        theta = np.zeros((points, size), dtype)
        states = np.zeros((points, len(rule.states), size), dtype)
        with np.errstate(over="ignore"):
            for name, part in training.slices.items():
                theta[:, part] = full_values(training.run, name)
        for i, start in enumerate(rule.starts):
            if isinstance(start, str):
                number = numbers[start].isel(epoch=0) if "epoch" in numbers[start].dims else numbers[start]
                states[:, i] = training.over_points(number)[:, None]
        memory = np.full((points, len(rule.memory)), [start for _, start in rule.memory], np.float64)
        members = Members(
            theta.reshape(-1),
            states.reshape(-1),
            memory.reshape(-1),
            np.full(points, -1, np.int32),
            np.full(points, -1, np.int32),
            np.full(points, np.inf),
            np.zeros(points, np.int32),
        )
        return cls(training, members, new_record(training, dtype))

    def remember(self) -> None:
        """Keep a copy of the networks as they are now."""
        self._before = [array.copy() for array in self.members]

    def go_back(self) -> None:
        """Make the networks again what was remembered."""
        for array, before in zip(self.members, self._before, strict=True):
            array[:] = before

    @property
    def moving(self) -> np.ndarray:
        """Which networks move."""
        moving: np.ndarray = (self.members.diverged_at < 0) & (self.members.stopped_at < 0)
        return moving

    @property
    def settled(self) -> bool:
        """Whether patience has stopped all networks that had not diverged."""
        return self.training.patience is not None and not self.moving.any()

    @property
    def settled_at(self) -> int:
        """The epoch after which no network moved any more."""
        return int(max(self.members.diverged_at.max(), self.members.stopped_at.max(), self.training.first))

    def make_place(self, epoch: int) -> None:
        """See to it that an epoch is recorded, in place of those after it."""
        places = self.record.places
        places[epoch + 1 :] = -1
        if places[epoch] < 0:
            places[epoch] = places.max() + 1


def new_record(training: TrainingRun, dtype: np.dtype) -> Record:
    """An empty record."""
    points, epochs, measures = training.grid.points, len(training.recorded), len(training.measures)
    places = np.full(training.last + 1, -1, np.int64)
    places[training.recorded] = np.arange(epochs)
    validation = measures * points * epochs if training.held_out is not None else 0
    return Record(
        places,
        parallel.aligned(points * epochs * training.count * training.kept_parameters, dtype),
        np.full(measures * points * epochs, np.nan, dtype),
        np.full(validation, np.nan, dtype),
        np.full(points * epochs if "grad_norm" in training.keep else 0, np.nan, dtype),
    )


def training_descriptor(training: TrainingRun, first: int, last: int, finish: bool, number_epochs: int) -> TrainingDescriptor:
    """The descriptor of some epochs of a training run."""
    rule = training.optimizer.rule
    return TrainingDescriptor(
        first=first,
        last=last,
        finish=finish,
        samples=training.samples,
        batch=training.batch,
        steps=training.run.steps,
        together=training.together,
        by_product=training.whole,
        measured=training.measured,
        validated=training.held_out is not None,
        patience=NONE if training.patience is None else training.patience,
        judge_from=training.first + training.resumed,
        numbers=len(training.numbers),
        memory=len(rule.memory),
        parameters=training.size,
        moved=training.count,
        number_epochs=number_epochs,
        states=len(rule.states),
        measures=len(training.measures),
        networks=training.grid.points,
        recorded=len(training.recorded),
        clipped=CLIPS[training.clip],
        bounded=bool(training.bounds),
        penalised=training.penalised,
    )
