"""What training returns: the record of a training run under its names."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.equations.losses import METRICS
from rnnsim.families.axes import ordered
from rnnsim.families.parameters import numbered
from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.runs.plan import Field, coordinate
from rnnsim.verbs.training.training_run import TrainingRun, TrainingState

STOPPED_AT = "stopped_at"
BEST_EPOCH = "best_epoch"
LOWEST, MISSED = "lowest_cost", "epochs_missed"
LOST = "epoch in which an update was not finite and the network stopped moving, -1 for never"


def measure_names() -> tuple[str, ...]:
    """All that can be measured at an epoch."""
    costs = "cost", *METRICS
    return *costs, *(f"validation_{name}" for name in costs), "grad_norm"


def names_by_epoch(training: TrainingRun) -> list[str]:
    """The variables over epochs."""
    names = ["cost"] * ("cost" in training.keep) + list(training.metrics)
    if training.held_out is not None:
        names += [f"validation_{name}" for name in ("cost", *training.metrics)]
    parameters = (name for name in training.run.net.parameter_names if name in training.keep)
    return [*names, *["grad_norm"] * ("grad_norm" in training.keep), *parameters]


def state_names(rule: Any, trained: tuple[str, ...], patient: bool) -> tuple[str, ...]:
    """What is needed to go on from a run beside its parameters."""
    names = [f"{state}_{name}" for state in rule.states for name in trained] + [name for name, _ in rule.memory]
    return tuple(names) + (LOWEST, MISSED) * patient


def recorded_names(training: TrainingRun) -> tuple[str, ...]:
    """All variables that a training run returns."""
    patient = training.patience is not None
    states = (name for name in state_names(training.optimizer.rule, training.trained, patient) if name in training.keep)
    return *names_by_epoch(training), *states, *[STOPPED_AT] * patient, *[BEST_EPOCH] * training.judged, DIVERGED_AT


def fields_of(training: TrainingRun, epochs: int) -> dict[str, Field]:
    """The variables of a record of so many epochs, and all that is needed to go on from it."""
    axes, sizes, rule = tuple(training.grid.sizes), {**training.grid.sizes, "epoch": epochs}, training.optimizer.rule
    by_epoch = names_by_epoch(training)
    measures, parameters = set(by_epoch).intersection(measure_names()), training.run.net.parameter_names
    fields = {name: Field.of(name, (*axes, "epoch"), sizes, training.run.dtype) for name in by_epoch if name in measures}
    fields |= {name: field_by_epoch(training, name, epochs) for name in parameters if name in training.keep}
    states = {f"{state}_{name}": full_field(training, name, f"{state}_{name}") for state in rule.states for name in training.slices}
    states |= {name: Field.of(name, axes, sizes) for name in (*(name for name, _ in rule.memory), LOWEST)}
    states[MISSED] = Field.of(MISSED, axes, sizes, np.int32)
    fields |= {name: field for name, field in states.items() if name in training.keep}
    fields[DIVERGED_AT] = Field.of(DIVERGED_AT, axes, sizes, np.int32, long_name=LOST)
    ends = [STOPPED_AT] * (training.patience is not None) + [BEST_EPOCH] * training.judged
    return fields | {name: Field.of(name, axes, sizes, np.int32) for name in ends}


def full_field(training: TrainingRun, parameter: str, name: str, **before: int) -> Field:
    """A variable in the full shape of a trained parameter, with some dimensions before it."""
    own = dict(zip(training.run.net.named_dimensions(parameter), training.shapes[parameter], strict=True))
    sizes = {**training.grid.sizes, **before, **own}
    return Field.of(name, sizes, sizes, training.run.dtype)


def field_by_epoch(training: TrainingRun, name: str, epochs: int) -> Field:
    """A parameter at every epoch that is recorded."""
    if name in training.slices:
        return full_field(training, name, name, epoch=epochs)
    fixed = numbered(name, training.run.net.template(name))
    before, behind = around_epoch(fixed, training.run.net.named_dimensions(name))
    sizes = {**{dim: fixed.sizes[dim] for dim in before}, "epoch": epochs, **{dim: fixed.sizes[dim] for dim in behind}}
    return Field.of(name, sizes, sizes, fixed.dtype)


def coordinates(training: TrainingRun, epochs: np.ndarray) -> dict[str, Any]:
    """The coordinates of the dimensions that are no axes."""
    return {"epoch": coordinate("epoch", epochs.astype(np.int32)), **training.run.net.gate_coords}


def record_arrays(state: TrainingState, epochs: np.ndarray) -> dict[str, np.ndarray]:
    """The numbers of these epochs, and what stands after the last one."""
    training, record, net = state.training, state.record, state.training.run.net
    places, points = record.places[epochs], training.grid.points
    size = points * len(training.recorded)

    def by_epoch(values: np.ndarray, measure: int = 0) -> np.ndarray:
        return values[measure * size : (measure + 1) * size].reshape((points, -1))[..., places]

    names = "cost", *training.metrics
    arrays = {name: by_epoch(record.training, measure) for measure, name in enumerate(names)}
    if training.held_out is not None:
        arrays |= {f"validation_{name}": by_epoch(record.validation, measure) for measure, name in enumerate(names)}
    if "grad_norm" in training.keep:
        arrays["grad_norm"] = by_epoch(record.grad_norm)
    for name in (name for name in net.parameter_names if name in training.keep):
        if name in training.slices:
            arrays[name] = record.theta.reshape((points, -1, training.count))[..., places, training.slices[name]]
        else:
            arrays[name] = unmoved(net[name], net.named_dimensions(name), len(epochs))
    if training.judged:
        arrays[BEST_EPOCH] = best_of(by_epoch(record.validation if training.held_out is not None else record.training), epochs)
    return arrays | left_over(state)


def around_epoch(array: xr.DataArray, own: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The dimensions of a parameter that is not trained, before and behind the epochs."""
    behind = [str(dim) for dim in array.dims if dim in own or dim == "sample"]
    return [str(dim) for dim in array.dims if dim not in behind], behind


def best_of(costs: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """The epoch, of those on the last axis, with the lowest cost."""
    best: np.ndarray = epochs[np.where(np.isnan(costs), np.inf, costs).argmin(axis=-1)].astype(np.int32)
    return best


def unmoved(array: xr.DataArray, own: tuple[str, ...], epochs: int) -> np.ndarray:
    """A parameter that is not trained, the same at every epoch."""
    before, behind = around_epoch(array, own)
    values, place = ordered(array, [*before, *behind]), len(before)
    repeated: np.ndarray = np.broadcast_to(np.expand_dims(values, place), (*values.shape[:place], epochs, *values.shape[place:]))
    return repeated


def left_over(state: TrainingState) -> dict[str, np.ndarray]:
    """The states of the parameters and the memories of the networks, and when they stopped, after the last epoch."""
    training, members, rule = state.training, state.members, state.training.optimizer.rule
    states = members.states.reshape(training.grid.points, len(rule.states), training.size)
    found = {f"{kind}_{name}": states[:, i, part] for i, kind in enumerate(rule.states) for name, part in training.slices.items()}
    found |= {name: members.memory.reshape(training.grid.points, -1)[:, i] for i, (name, _) in enumerate(rule.memory)}
    found |= {LOWEST: members.lowest, MISSED: members.missed}
    return found | {DIVERGED_AT: members.diverged_at, STOPPED_AT: members.stopped_at}
