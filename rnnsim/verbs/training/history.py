"""What training returns: the record of a training run under its names."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.equations.losses import METRICS
from rnnsim.families.axes import ordered
from rnnsim.families.network import Network
from rnnsim.families.parameters import NUMBERED, layer_number
from rnnsim.families.result_variables import DIVERGED_AT, dataset
from rnnsim.verbs.training.training_run import TrainingRun, TrainingState

STOPPED_AT = "stopped_at"
BEST_EPOCH = "best_epoch"
LOWEST, MISSED = "lowest_cost", "epochs_missed"


def own_dims(net: Network, name: str) -> tuple[str, ...]:
    """A parameter's dimensions behind the axes, as users know them."""
    number = layer_number(name)
    return tuple(f"{dim}{number}" if number and dim in NUMBERED else dim for dim in net.dimensions(name))


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


def name_record(state: TrainingState, attrs: dict[str, str]) -> xr.Dataset:
    """The record of a training run, and all that is needed to go on from it."""
    training, record, net = state.training, state.record, state.training.run.net
    shape, axes = training.grid.shape, tuple(training.grid.sizes)
    epochs = np.flatnonzero(record.places >= 0)
    places = record.places[epochs]
    arrays: dict[str, tuple[tuple[str, ...], Any]] = {}

    def by_epoch(values: np.ndarray, measure: int = 0) -> tuple[tuple[str, ...], np.ndarray]:
        size = training.grid.points * len(training.recorded)
        found = values[measure * size : (measure + 1) * size].reshape((*shape, -1))[..., places]
        return (*axes, "epoch"), found

    names = "cost", *training.metrics
    for measure, name in enumerate(names):
        if name != "cost" or "cost" in training.keep:
            arrays[name] = by_epoch(record.training, measure)
    if training.held_out is not None:
        arrays |= {f"validation_{name}": by_epoch(record.validation, measure) for measure, name in enumerate(names)}
    if "grad_norm" in training.keep:
        arrays["grad_norm"] = by_epoch(record.grad_norm)
    arrays |= parameters_by_epoch(training, record.theta, epochs, places)
    arrays |= left_over(state)
    if training.judged:
        judged = by_epoch(record.validation if training.held_out is not None else record.training)[1]
        arrays[BEST_EPOCH] = axes, best_of(judged, epochs)
    coords: dict[str, Any] = {"epoch": ("epoch", epochs.astype(np.int32), {"long_name": "epoch", "units": "1"})}
    coords |= net.gate_coords
    found = dataset(training.grid, arrays, coords, attrs)
    found.variables[DIVERGED_AT].attrs["long_name"] = (
        "epoch in which an update was not finite and the network stopped moving, -1 for never"
    )
    return found


def parameters_by_epoch(training: TrainingRun, theta: np.ndarray, epochs: np.ndarray, places: np.ndarray) -> dict[str, Any]:
    """The parameters that are kept."""
    net, found = training.run.net, {}
    for name in (name for name in net.parameter_names if name in training.keep):
        if name not in training.parts:
            found[name] = unmoved(net[name], own_dims(net, name), len(epochs))
            continue
        recorded = theta.reshape((*training.grid.shape, -1, training.count))[..., places, training.parts[name]]
        values = recorded.reshape((*recorded.shape[:-1], *training.shapes[name]))
        found[name] = (*training.grid.sizes, "epoch", *own_dims(net, name)), values
    return found


def best_of(costs: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """The epoch, of those on the last axis, with the lowest cost."""
    best: np.ndarray = epochs[np.where(np.isnan(costs), np.inf, costs).argmin(axis=-1)].astype(np.int32)
    return best


def unmoved(array: xr.DataArray, own: tuple[str, ...], epochs: int) -> tuple[tuple[str, ...], np.ndarray]:
    """A parameter that is not trained, the same at every epoch."""
    behind = [dim for dim in array.dims if dim in own or dim == "sample"]
    before = [str(dim) for dim in array.dims if dim not in behind]
    values = ordered(array, [*before, *behind])
    place = len(before)
    repeated = np.broadcast_to(np.expand_dims(values, place), (*values.shape[:place], epochs, *values.shape[place:]))
    return (*before, "epoch", *map(str, behind)), repeated


def left_over(state: TrainingState) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """What of the states of the parameters and the memories of the networks is kept, and when they stopped, after the last epoch."""
    training, members, net = state.training, state.members, state.training.run.net
    shape, axes, rule = training.grid.shape, tuple(training.grid.sizes), training.optimizer.rule
    found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    states = members.states.reshape(training.grid.points, len(rule.states), training.size)
    for i, kind in enumerate(rule.states):
        for name, part in training.parts.items():
            found[f"{kind}_{name}"] = (*axes, *own_dims(net, name)), states[:, i, part].reshape((*shape, *training.shapes[name]))
    for i, (name, _) in enumerate(rule.memory):
        found[name] = axes, members.memory.reshape(training.grid.points, -1)[:, i].reshape(shape)
    found |= {LOWEST: (axes, members.lowest.reshape(shape)), MISSED: (axes, members.missed.reshape(shape))}
    found = {name: array for name, array in found.items() if name in training.keep}
    found[DIVERGED_AT] = axes, members.diverged_at.reshape(shape)
    if training.patience is not None:
        found[STOPPED_AT] = axes, members.stopped_at.reshape(shape)
    return found
