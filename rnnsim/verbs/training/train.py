"""Training of a family, every network of it at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from rnnsim.checks.annotations import Flag, Hyperparameter, Inputs, LossName, Metric, Names, Numbers, Precision, Seed, Whole
from rnnsim.checks.arguments import COUNT, flag, names, read_once, whole, whole_or_none
from rnnsim.checks.fresh_trials import FreshTrials, refuse_fresh
from rnnsim.checks.hints import pointing
from rnnsim.checks.memory_limits import check_room
from rnnsim.checks.showing import kind_of, shown
from rnnsim.checks.warnings import warn_caller
from rnnsim.equations.losses import METRICS
from rnnsim.equations.user_losses import Loss, check_loss
from rnnsim.families.axes import common_grid
from rnnsim.families.network import Network
from rnnsim.families.parameters import OWN_DIMENSIONS, check_own
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.runs.interrupts import passed_on
from rnnsim.runs.penalties import penalties_shown
from rnnsim.runs.plan import Plan, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.runs.seeds import check_seed
from rnnsim.verbs.training.bounds import (
    bounds_given,
    bounds_shown,
    check_bounds,
    check_order,
    check_starts,
    last_of,
    pinned,
    starts_of,
)
from rnnsim.verbs.training.fresh_engine import FreshEngine
from rnnsim.verbs.training.fresh_trials import fresh_set
from rnnsim.verbs.training.history import coordinates, fields_of, record_arrays, recorded_names, state_names
from rnnsim.verbs.training.layer_engine import LayerEngine
from rnnsim.verbs.training.optimizers import Clip, ClipNorm, Optimizer
from rnnsim.verbs.training.resuming import check_resume, check_resume_with, continued, go_on, joined, joined_fields
from rnnsim.verbs.training.small_engine import LaneEngine, fits
from rnnsim.verbs.training.training_run import TrainingRun, TrainingState

MEANT = {
    **dict.fromkeys(("lr", "learning_rate", "momentum", "optim", "solver"), "optimizer=rs.SGD(0.1), say"),
    **dict.fromkeys(("l1", "l2", "weight_decay", "regularization", "penalties"), "penalty={'w_rec': 1e-4}, of mean squares"),
    **dict.fromkeys(("n_epochs", "num_epochs", "iterations", "steps"), "epochs"),
    **dict.fromkeys(("batch", "batchsize"), "batch_size"),
    **dict.fromkeys(("criterion", "loss_fn", "cost"), "loss"),
    **dict.fromkeys(("val", "validation_data", "valid"), "validation=(inputs, targets)"),
    **dict.fromkeys(("early_stopping",), "patience"),
    **dict.fromkeys(("tbptt", "bptt", "k"), "truncate"),
    **dict.fromkeys(("clip_norm", "grad_clip", "max_norm", "gradient_clip"), "clip=rs.ClipNorm(limit)"),
    **dict.fromkeys(("params", "parameters", "trainable"), "train, the names of the parameters that move"),
    **dict.fromkeys(("mask", "masks", "constraints", "limits"), "bounds={'w_rec': (low, high)}, where equal ones pin an entry"),
    **dict.fromkeys(("checkpoint", "start", "initial"), "resume=run"),
    **dict.fromkeys(("rng", "random_state"), "seed"),
    "verbose": "progress",
}
OF_EVERY_EPOCH = ("cost", "grad_norm")
PARAMETERS, STATES = "parameters", "states"  # groups of what is kept
SECONDS = 0.25  # between looks at the clock and at the keyboard
Engine = LaneEngine | LayerEngine | FreshEngine


@planned
@pointing(MEANT)
def train(
    net: Network,
    inputs: Inputs | FreshTrials,
    targets: Numbers | None = None,
    *,
    optimizer: Optimizer,
    epochs: Whole,
    loss: LossName | Loss = "mse",
    penalty: Mapping[str, Hyperparameter] | None = None,
    weight: Numbers | None = None,
    train: Names | None = None,
    batch_size: Whole | None = None,
    shuffle: Flag = False,
    seed: Seed = 0,
    validation: tuple[Inputs, Numbers] | tuple[Inputs, Numbers, Numbers] | list[Any] | xr.Dataset | None = None,
    metrics: Metric | Iterable[Metric] = (),
    clip: Clip | Hyperparameter | None = None,
    bounds: Mapping[str, tuple[Numbers | None, Numbers | None]] | None = None,
    patience: Whole | None = None,
    truncate: Whole | None = None,
    every: Whole = 1,
    resume: xr.Dataset | None = None,
    resume_with: Names = (),
    keep: Names = (*OF_EVERY_EPOCH, PARAMETERS, STATES),
    noise_seed: Seed | None = 0,
    dtype: Precision = "float64",
    progress: Flag = True,
) -> Plan:
    """Train every network of a family.

    Parameters
    ----------
    net : Network
        The family.
    inputs : array_like or DataArray or Dataset or Fresh
        As `backprop` takes them. A task stands for inputs and targets: `rs.train(net, task, optimizer=…)`. An `rs.tasks.Fresh` stands
        for them too, with trials of its own for every epoch: those of epoch e are in the cost recorded at e, and in the updates
        from e to e + 1, all of them or batch by batch. So a recorded cost is that of trials which the network has not been
        trained on.
    targets : array_like or DataArray, optional
        As `backprop` takes them.
    optimizer : SGD or Rprop or Adam or RMSprop
        The rule by which parameters move. Each of its numbers may be an axis, by which the family then grows, or a schedule: an
        array over `epoch`, such as those of `rs.schedules`.
    epochs : int
        How often to go through all samples.
    loss : {"mse", "cross_entropy", "absolute", "huber", "poisson", "logistic"} or Loss, default "mse"
        The cost, as in `backprop`.
    penalty : dict, optional
        What is added to the cost and its gradient, as in `backprop`: `{"w_rec": 1e-4, "state": 1e-3}`. The states of an update are
        those of its batch, and of its piece of steps if there is `truncate`. The cost of a validation set has no penalty.
    weight : array_like or DataArray, optional
        Weights of the targets, as in `backprop`, for costs, gradients and metrics. A batch whose targets have no weight moves
        nothing.
    train : str or sequence of str, optional
        The names of the parameters that move, each as a whole (the zeros of `init="sparse"` too, unless `bounds` pin them). By
        default all move except the starts (`h0`, `c0`) and `leak`.
    batch_size : int, optional
        The samples of an update; the last batch of an epoch may be smaller. By default an update takes all samples.
    shuffle : bool, default False
        Whether every epoch takes the samples in a random order of its own, which is the same for every network.
    seed : int or DataArray, default 0
        The seed of these orders. With an axis of seeds, each of its networks has orders of its own.
    validation : tuple or Dataset, optional
        (inputs, targets), or (inputs, targets, weight), or a Dataset with these names, on which costs and metrics are measured as
        well.
    metrics : str or sequence of str, optional
        "rounded_accuracy" is the share of outputs that equal the target once they are rounded to whole numbers. With cross-entropy,
        `accuracy`, the share of targets that have the largest output, is always there.
    clip : ClipNorm or ClipValue or float or DataArray, optional
        What becomes of large gradients: `rs.ClipNorm(limit)`, `rs.ClipValue(limit)`, or the limit of the norm alone. By default
        nothing.
    bounds : dict, optional
        Lower and upper bounds of parameters that move, by name: `{"w_rec": (low, high)}`. Each is a number, an array of the
        parameter's shape, a DataArray over some of its dimensions and any axes, or None for none. After every update each number
        is brought to the nearest one within its bounds; the optimizer's states know nothing of that, and neither do gradients.
        Equal bounds pin an entry, so that zeros in both are a mask; bounds on one side keep a sign. A start outside of its bounds
        is refused.
    patience : int, optional
        A network stops when its validation cost (its cost, if there is no validation) has not fallen below its lowest value for so
        many epochs. By default no network stops.
    truncate : int, optional
        The largest number of steps to go back through. The steps are cut into pieces of this length, each of which makes an update
        of its own and hands its last states on to the next.
    every : int, default 1
        Record each `every`-th epoch, and the last.
    resume : Dataset, optional
        A run to go on from, with all that it remembers. Then `epochs` come on top of its own, and its record is the first part of
        the new one. The family is the one that the run began with, or `net.at(run)`, and everything else is as it was.
    resume_with : str or sequence of str, optional
        The names of what may differ from the run to resume: any argument above except `epochs`, or "net" for the kind of network
        and the parameters that are not trained. The attribute `resumed_with` tells what changed after which epoch. An optimizer of
        another kind, or one that moves more parameters, begins afresh; so do patience and `best_epoch` with other data or another
        loss.
    keep : str or sequence of str, default ("cost", "grad_norm", "parameters", "states")
        What is recorded beside what is asked for above, and nothing else: `cost`, `grad_norm`, parameters by their names
        ("parameters" means all of them), and what `resume` needs besides, such as `velocity_w_in` ("states" means all of that). A
        cost that decides about patience is always recorded. Where updates go by batches, `cost` and `grad_norm` take a pass over
        the training set at each recorded epoch.
    noise_seed : int or DataArray or None, default 0
        The seed of the noise of networks that have some: a number or an axis. A seed stands for the same noise in whatever grid it
        appears, so that networks of a grid have the same noise unless their seeds differ. None is no noise. Every epoch
        has noise of its own: that of epoch e is in the cost recorded at e and in the gradients from e to e + 1.
    dtype : {"float64", "float32"}, default "float64"
        The precision of the computation and of the results.
    progress : bool, default True
        Whether to show a bar if it takes long.

    Returns
    -------
    Dataset
        The record, over the axes and `epoch`, of which 0 is the start. `cost (…, epoch)` is the cost of the whole training set
        after the epoch; `validation_cost` and metrics are measured then, too; `grad_norm` is the norm of the gradient of that cost
        by the trained parameters, not clipped; and every parameter is there over (…, epoch, unit, …).

        Over the axes alone, as they are at the end: `diverged_at`, the epoch in which an update was not finite, or -1 if there was
        none (from then on the network stays as it was before the update); `best_epoch`, the recorded epoch with the lowest
        validation cost, or cost without validation, if one is recorded; with patience `stopped_at`, -1 if patience never ran out;
        and what `resume` needs, which are the states of the optimizer, such as `velocity_w_in`.

        The record ends when patience has stopped all networks. Ctrl-C returns what was recorded so far, with a warning that has the
        line that goes on; within `rs.sweep` it ends the sweep, as with any verb.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value. Nothing has been computed by then, unless it is the fresh trials of a later
        epoch that are wrong.
    TypeError
        If an argument has the wrong type, or is one that `train` does not take; the message names the one that is meant.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    Warns
    -----
    UserWarning
        If Ctrl-C ended the training, or if training makes a sparse matrix dense.

    See Also
    --------
    rnnsim.backprop : One cost and its gradients.
    rnnsim.Elman.at : The networks as they were at an epoch of a run.
    rnnsim.tasks.Fresh : Other trials for every epoch.
    rnnsim.schedules : Numbers that change from epoch to epoch.
    rnnsim.plot.training_curves : Draw a run.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.counting()
    >>> net = rs.Elman(w_in=-1.5, w_rec=2.0, activation="linear")
    >>> run = rs.train(net, task.inputs, task.targets, optimizer=rs.Rprop(step=1e-3), epochs=500, train=("w_in", "w_rec"))
    >>> run.w_in.values[[0, -1]].round(3)
    array([-1.5,  1. ])
    >>> net.at(run)
    <rnnsim.Elman of one unit, activation linear; axes none>
    """
    check_network(net)
    rule = check_loss(loss)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer was given {kind_of(optimizer)}; it needs one such as rs.SGD(0.1) or rs.Adam()")
    if resume is not None:
        check_resume(resume)
    allowed = check_resume_with(resume_with, resume)
    epochs, every = whole("epochs", epochs), whole("every", every)
    shuffle, progress = flag("shuffle", shuffle), flag("progress", progress)
    optional = {"batch_size": batch_size, "patience": patience, "truncate": truncate}
    counts = {name: whole_or_none(name, count) for name, count in optional.items()}
    bound = clip if isinstance(clip, Clip) or clip is None else ClipNorm(clip)
    numbers = {name: as_number(name, number) for name, number in optimizer.numbers.items()}
    numbers["limit"] = as_number("clip", 0.0 if bound is None else bound.limit)
    seeds = check_seed("seed", seed)
    first = 0 if resume is None else int(resume.epoch[-1])
    trained, keep = check_trained(net, train), read_once(keep)
    states = state_names(optimizer.rule, trained, patience is not None)
    told = {"classes": rule.classes, "penalty": penalty, "weight": weight, "noise_seed": noise_seed}
    fresh = fresh_set(inputs, targets, weight)
    run = prepare(net, inputs if fresh is None else fresh.first(first), targets, (), dtype, with_targets=True, **told)
    training = TrainingRun(
        run,
        None if validation is None else prepare_validation(net, validation, loss, dtype, noise_seed),
        loss,
        check_metrics(metrics, loss),
        check_keep(keep, net, states) + ("cost",) * (patience is not None and validation is None),
        trained,
        optimizer,
        numbers,
        "" if bound is None else bound.kind,
        counts["batch_size"] or COUNT,
        counts["truncate"] or COUNT,
        seeds if shuffle and batch_size is not None else None,
        counts["patience"],
        first,
        first + epochs,
        every,
        check_bounds(run, bounds, trained),
        resume is not None,
        fresh,
    )
    training = on_one_grid(training)
    check_order(training.bounds)
    check_starts(training, starts_of(training, drawn=False) if resume is None else last_of(training, resume))
    options = {"optimizer": repr(optimizer), "loss": str(loss), "train": training.trained, "shuffle": shuffle, "clip": repr(bound)}
    options |= counts | {"epochs": training.last, "every": every}
    options |= {"seed": seeds.values.tolist(), "metrics": training.metrics, "dtype": training.run.dtype}
    options["penalty"] = penalties_shown(run.penalties)
    options["bounds"] = bounds_shown(training.bounds)
    options |= run.noise_options
    options |= {} if fresh is None else {"trials": fresh.task.described}
    options["keep"] = sorted(set(names_in("keep", keep)))
    plan = plan_training(training, options, resume, allowed, progress)
    warn_of_sparse(net, tuple(name for name in trained if not pinned(training, name)))
    return plan


@dataclass(frozen=True, kw_only=True)
class TrainingPlan(Plan):
    """The plan of a training run, which may end before its last epoch, and may go on from another."""

    training: TrainingRun
    resume: xr.Dataset | None
    allowed: frozenset[str]
    progress: bool

    @cached_property
    def attrs(self) -> dict[str, str]:
        """The attributes of the result, unless training ends early."""
        found = super().attrs
        return found if self.resume is None else self.resume.attrs | continued(self.resume, self.allowed, found)

    def compute(self) -> xr.Dataset:
        """The record, with the attributes that computing changes."""
        training, resume = self.training, self.resume
        if resume is None:
            check_starts(training, starts_of(training, drawn=True))
        state = TrainingState.of(training)
        if resume is not None:
            go_on(state, resume, self.allowed)
        reached = go_through(state, self.progress)
        epochs = np.flatnonzero(state.record.places >= 0)
        found = self.record_of(epochs).named(record_arrays(state, epochs))
        if reached < training.last:
            found.attrs["options"] = json.dumps(json.loads(self.attrs["options"]) | {"epochs": reached}, sort_keys=True)
        return found if resume is None else joined(resume, found.assign_attrs(self.attrs | found.attrs))

    def record_of(self, epochs: np.ndarray) -> Plan:
        """The plan of what this training run itself records in some epochs."""
        fields, coords = fields_of(self.training, len(epochs)), coordinates(self.training, epochs)
        return Plan(self.verb, self.net, self.grid, fields, coords, self.given, self.options, self.arrays)


def plan_training(
    training: TrainingRun, options: dict[str, Any], resume: xr.Dataset | None, allowed: frozenset[str], progress: bool
) -> TrainingPlan:
    """The plan of a training run; one that cannot go on from `resume` is refused."""
    check_room(training.epochs_recorded)
    net, grid, epochs = training.run.net, training.grid, training.recorded
    fields = fields_of(training, len(epochs))
    if resume is not None:
        fields, epochs = joined_fields(resume, fields, epochs)
    plan = TrainingPlan(
        "train",
        net,
        grid,
        fields,
        coordinates(training, epochs),
        hashed(training),
        options,
        dict,
        training=training,
        resume=resume,
        allowed=allowed,
        progress=progress,
    )
    if resume is not None:
        _ = plan.attrs
    return plan


def as_number(name: str, value: Any) -> xr.DataArray:
    """A number of an optimizer over its axes and perhaps `epoch`."""
    if not isinstance(value, xr.DataArray):
        return xr.DataArray(np.float64(value))
    check_own(name, value, "epoch")
    return value.drop_vars("epoch", errors="ignore").astype(np.float64)


def names_in(name: str, value: Any) -> tuple[Any, ...]:
    """A name or several."""
    return names(name, value, none=True)


def check_metrics(metrics: Any, loss: Any) -> tuple[str, ...]:
    """The metrics asked for, and those that the loss has."""
    given = names_in("metrics", metrics)
    classes = check_loss(loss).classes
    known = [name for name, metric in METRICS.items() if metric.classes == classes]
    for name in given:
        if name not in known:
            raise ValueError(f"metrics was given {shown(name)}; with the loss {shown(loss)} it needs some of {', '.join(known)}")
    return tuple(dict.fromkeys((*(("accuracy",) if classes else ()), *given)))


def check_keep(keep: Any, net: Network, states: tuple[str, ...]) -> tuple[str, ...]:
    """What is recorded, each by its own name."""
    groups = {PARAMETERS: net.parameter_names, STATES: states}
    known = (*OF_EVERY_EPOCH, *groups, *net.parameter_names, *states)
    found: dict[str, None] = {}
    for name in names_in("keep", keep):
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"keep was given {shown(name)}; it needs some of {', '.join(known)}, or none")
        found |= dict.fromkeys(groups.get(name, (name,)))
    return tuple(name for name in known if name in found)


def check_trained(net: Network, names: Any) -> tuple[str, ...]:
    """The parameters that move."""
    if names is None:
        return tuple(name for name in net.trainable if name not in (*net.starts, *net.own_numbers))
    if isinstance(names, Mapping | xr.Dataset):
        raise TypeError(f"train was given {kind_of(names)}; it needs names of parameters, each of which moves as a whole")
    chosen = names_in("train", (names,) if isinstance(names, int | float) else names)
    for name in chosen:
        if name not in net.trainable:
            raise ValueError(f"train was given {shown(name)}; it needs some of {', '.join(net.trainable)}")
        if "sample" in net.templates[name].dims:
            raise ValueError(f"train was given {shown(name)}, of which every sample has its own; it needs one for all samples")
    if not chosen:
        raise ValueError(f"train was given nothing; it needs some of {', '.join(net.trainable)}")
    return tuple(name for name in net.trainable if name in chosen)


def warn_of_sparse(net: Network, trained: tuple[str, ...]) -> None:
    """Say that training makes a sparse matrix dense, once in a sweep."""
    sparse = [name for name in trained if isinstance(net.source(name), Drawn) and name.startswith("w_rec")]
    sparse = [name for name in sparse if net.source(name).law.startswith("sparse")]
    if sparse and not passed_on():
        warn_caller(f'{sparse[0]} was drawn with init="sparse", and training moves its zeros too, so that it becomes dense')


def prepare_validation(net: Network, validation: Any, loss: Any, dtype: Any, noise_seed: Any) -> Run:
    """The sequences of the validation set, checked."""
    refuse_fresh("validation", validation, "the same trials at every epoch, such as a Dataset of another seed")
    if isinstance(validation, xr.Dataset) and {"inputs", "targets"} <= set(validation.variables):
        validation = validation, None
    if not (isinstance(validation, tuple | list) and len(validation) in (2, 3)):
        raise TypeError(f"validation was given {kind_of(validation)}; it needs (inputs, targets), or a Dataset with both")
    inputs, targets, weight = (*validation, None)[:3]
    try:
        told = {"classes": check_loss(loss).classes, "weight": weight, "noise_seed": noise_seed, "validation": True}
        return prepare(net, inputs, targets, (), dtype, with_targets=True, **told)
    except (ValueError, TypeError) as error:
        raise type(error)(f"in validation, {error}") from None


def given_to(training: TrainingRun) -> dict[str, xr.DataArray]:
    """All arrays that a training run was given beside the family."""
    held_out = {} if training.held_out is None else training.held_out.given
    held_out = {name: array for name, array in held_out.items() if name != "noise_seed"}
    given = training.run.given | {f"validation_{name}": array for name, array in held_out.items()}
    given |= {name: array for name, array in training.numbers.items() if array.ndim}
    given |= bounds_given(training.bounds)
    return given | ({"seed": training.seed} if training.seed is not None and training.seed.ndim else {})


def hashed(training: TrainingRun) -> dict[str, xr.DataArray]:
    """Those arrays, but for trials of one epoch."""
    parts = () if training.fresh is None else training.fresh.parts
    return {name: array for name, array in given_to(training).items() if name not in parts}


def on_one_grid(training: TrainingRun) -> TrainingRun:
    """The training run with all axes that anything has."""
    named = training.run.net.templates | given_to(training)
    grid = common_grid(named, (*OWN_DIMENSIONS, "step", "epoch"), recorded_names(training))
    held_out = None if training.held_out is None else replace(training.held_out, grid=grid)
    together = min(training.together, training.run.steps)
    return replace(training, run=replace(training.run, grid=grid), held_out=held_out, together=together)


def go_through(state: TrainingState, progress: bool) -> int:
    """Train, some epochs at a time, until the last one, Ctrl-C, or the end of all patience; how many epochs there were or would be."""
    training = state.training
    plain = LaneEngine(training, state) if fits(training) else LayerEngine(training, state)
    engine: Engine = plain if training.fresh is None else FreshEngine(plain, state, training.fresh)
    epoch, length = training.first, 1
    with tqdm(total=training.last - epoch, desc="train", unit="epoch", delay=1.0, disable=not progress) as bar:
        while epoch < training.last:
            last = min(epoch + length, training.last)
            state.remember()
            start = time.perf_counter()
            try:
                engine.advance(epoch, last, last == training.last)
            except KeyboardInterrupt:
                if passed_on():
                    raise
                state.go_back()
                stop_at(state, engine, epoch)
                line = f"rs.train(…, epochs={training.last - epoch}, resume=run)"
                warn_caller(f"stopped by Ctrl-C after epoch {epoch} of {training.last}; this goes on from it: {line}")
                return epoch
            length = pace(length, time.perf_counter() - start)
            if epoch == training.first:
                restart_clock(bar, last - epoch)
            else:
                bar.update(last - epoch)
            epoch = last
            if progress:
                bar.set_postfix_str(latest_cost(state, epoch), refresh=False)
            if state.settled:
                stop_at(state, engine, state.settled_at)
                break
    return training.last


def restart_clock(bar: tqdm, done: int) -> None:
    """Let a bar measure its pace from here on, when something is done: that has compiled kernels, too."""
    if not bar.disable:
        bar.n += done
        bar.initial = bar.last_print_n = bar.n
        bar.start_t = bar.last_print_t = time.time()


def stop_at(state: TrainingState, engine: Engine, epoch: int) -> None:
    """Let the record end at an epoch."""
    state.make_place(epoch)
    engine.advance(epoch, epoch, True)


def pace(length: int, seconds: float) -> int:
    """How many epochs to take at once."""
    if seconds < SECONDS:
        return length * (8 if seconds < SECONDS / 16 else 2)
    return max(1, length // 2) if seconds > 4 * SECONDS else length


def latest_cost(state: TrainingState, epoch: int) -> str:
    """The median cost of the latest epoch that is recorded, as the bar shows it."""
    training, places = state.training, state.record.places
    costs = state.record.training[: training.grid.points * len(training.recorded)].reshape(training.grid.points, -1)
    for known in range(epoch, -1, -1):
        latest = costs[:, places[known]] if places[known] >= 0 else np.empty(0)
        if np.isfinite(latest).any():
            return f"cost {np.median(latest[np.isfinite(latest)]):.4g}"
    return ""
