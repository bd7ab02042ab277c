"""What training returns: the record of a course under its names, from which another one can go on."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.axes import ordered, shown
from rnnsim.courses import Course, State
from rnnsim.families import Network
from rnnsim.parameters import NUMBERED, layer_number
from rnnsim.variables import DIVERGED_AT, dataset

STOPPED_AT = "stopped_at"
BEST_EPOCH = "best_epoch"
LOWEST, MISSED = "lowest_cost", "epochs_missed"


def own_dims(net: Network, name: str) -> tuple[str, ...]:
    """A parameter's dimensions behind the axes, as users know them."""
    number = layer_number(name)
    return tuple(f"{dim}{number}" if number and dim in NUMBERED else dim for dim in net.dimensions(name))


def names_by_epoch(course: Course) -> list[str]:
    """The variables over epochs."""
    names = ["cost"] * ("cost" in course.keep) + list(course.metrics)
    if course.held_out is not None:
        names += [f"validation_{name}" for name in ("cost", *course.metrics)]
    return names + ["grad_norm"] * ("grad_norm" in course.keep) + list(course.run.net.parameter_names)


def recorded_names(course: Course) -> tuple[str, ...]:
    """All variables that a course returns."""
    rule = course.optimizer.rule
    names = names_by_epoch(course)
    names += [f"{state}_{name}" for state in rule.states for name in course.trained] + [name for name, _ in rule.memory]
    names += [STOPPED_AT, BEST_EPOCH, LOWEST, MISSED] if course.patience is not None else []
    return (*names, DIVERGED_AT)


def name_record(state: State, attrs: dict[str, str]) -> xr.Dataset:
    """The record of a course, and all that is needed to go on from it."""
    course, record, net = state.course, state.record, state.course.run.net
    shape, axes = course.grid.shape, tuple(course.grid.sizes)
    epochs = np.flatnonzero(record.places >= 0)
    places = record.places[epochs]
    arrays: dict[str, tuple[tuple[str, ...], Any]] = {}

    def by_epoch(values: np.ndarray, measure: int = 0) -> tuple[tuple[str, ...], np.ndarray]:
        size = course.grid.points * len(course.recorded)
        found = values[measure * size : (measure + 1) * size].reshape((*shape, -1))[..., places]
        return (*axes, "epoch"), found

    names = "cost", *course.metrics
    for measure, name in enumerate(names):
        if name != "cost" or "cost" in course.keep:
            arrays[name] = by_epoch(record.training, measure)
    if course.held_out is not None:
        arrays |= {f"validation_{name}": by_epoch(record.validation, measure) for measure, name in enumerate(names)}
    if "grad_norm" in course.keep:
        arrays["grad_norm"] = by_epoch(record.grad_norm)
    theta = record.theta.reshape((*shape, -1, course.count))[..., places, :]
    for name in net.parameter_names:
        if name in course.parts:
            values = theta[..., course.parts[name]].reshape((*theta.shape[:-1], *course.shapes[name]))
            arrays[name] = (*axes, "epoch", *own_dims(net, name)), values
        else:
            arrays[name] = unmoved(net[name], own_dims(net, name), len(epochs))
    arrays |= left_over(state)
    if course.patience is not None:
        judged = by_epoch(record.validation if course.held_out is not None else record.training)[1]
        arrays[BEST_EPOCH] = axes, best_of(judged, epochs)
    coords: dict[str, Any] = {"epoch": ("epoch", epochs.astype(np.int32), {"long_name": "epoch", "units": "1"})}
    for dim, labels in net.gate_labels.items():
        coords[dim] = (dim, list(labels), {"long_name": "gate", "units": "1"})
    found = dataset(course.grid, arrays, coords, attrs)
    found.variables[DIVERGED_AT].attrs["long_name"] = (
        "epoch in which an update was not finite and the network stopped moving, -1 for never"
    )
    return found


def best_of(costs: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """The epoch, of those on the last axis, with the lowest cost."""
    return epochs[np.where(np.isnan(costs), np.inf, costs).argmin(axis=-1)].astype(np.int32)


def unmoved(array: xr.DataArray, own: tuple[str, ...], epochs: int) -> tuple[tuple[str, ...], np.ndarray]:
    """A parameter that is not trained, the same at every epoch."""
    behind = [dim for dim in array.dims if dim in own or dim == "sample"]
    before = [str(dim) for dim in array.dims if dim not in behind]
    values = ordered(array, [*before, *behind])
    place = len(before)
    repeated = np.broadcast_to(np.expand_dims(values, place), (*values.shape[:place], epochs, *values.shape[place:]))
    return (*before, "epoch", *map(str, behind)), repeated


def left_over(state: State) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """The states of the parameters, the memories of the networks and when they stopped, after the last epoch."""
    course, members, net = state.course, state.members, state.course.run.net
    shape, axes, rule = course.grid.shape, tuple(course.grid.sizes), course.optimizer.rule
    found = {}
    states = members.states.reshape(course.grid.points, len(rule.states), course.size)
    for i, kind in enumerate(rule.states):
        for name, part in course.parts.items():
            values = states[:, i, part].reshape((*shape, *course.shapes[name]))
            found[f"{kind}_{name}"] = (*axes, *own_dims(net, name)), values
    for i, (name, _) in enumerate(rule.memory):
        found[name] = axes, members.memory.reshape(course.grid.points, -1)[:, i].reshape(shape)
    found[DIVERGED_AT] = axes, members.diverged_at.reshape(shape)
    if course.patience is not None:
        found |= {STOPPED_AT: (axes, members.stopped_at.reshape(shape)), LOWEST: (axes, members.lowest.reshape(shape))}
        found[MISSED] = axes, members.missed.reshape(shape)
    return found


def go_on(state: State, run: xr.Dataset) -> None:
    """Let a course begin where a run ended."""
    course, members, net = state.course, state.members, state.course.run.net
    points, rule = course.grid.points, course.optimizer.rule
    check_same(course, run)

    def numbers(name: str, own: tuple[str, ...] = (), shape: tuple[int, ...] = ()) -> np.ndarray:
        if name not in run.variables:
            raise ValueError(f"resume was given a run without {name}; it needs one of the same optimizer, parameters and patience")
        array = run[name].isel(epoch=-1) if "epoch" in run[name].dims else run[name]
        sizes = course.grid.sizes | dict(zip(own, shape, strict=True))
        if dict(array.sizes) != sizes:
            raise ValueError(f"resume was given {name} of sizes {dict(array.sizes)}; it needs {sizes}")
        return array.transpose(*sizes).values.reshape(points, -1)

    theta, states = members.theta.reshape(points, -1), members.states.reshape(points, len(rule.states), course.size)
    for name, part in course.parts.items():
        own = own_dims(net, name), course.shapes[name]
        theta[:, part] = numbers(name, *own)
        for i, kind in enumerate(rule.states):
            states[:, i, part] = numbers(f"{kind}_{name}", *own)
    for i, (name, _) in enumerate(rule.memory):
        members.memory.reshape(points, -1)[:, i] = numbers(name)[:, 0]
    members.diverged_at[:] = numbers(DIVERGED_AT)[:, 0]
    if course.patience is not None:
        members.stopped_at[:], members.lowest[:] = numbers(STOPPED_AT)[:, 0], numbers(LOWEST)[:, 0]
        members.missed[:] = numbers(MISSED)[:, 0]


def check_same(course: Course, run: xr.Dataset) -> None:
    """Refuse to go on from a run that has other axes, records less, or has other numbers where nothing moves."""
    net = course.run.net
    for dim, coordinate in course.grid.coords.items():
        if dim in run.dims and not run[dim].to_index().equals(coordinate.to_index()):
            raise ValueError(f"resume was given a run with other values of the axis {shown(dim)}; it needs the same")
    for name in names_by_epoch(course):
        if name not in run.variables or "epoch" not in run[name].dims:
            raise ValueError(f"resume was given a run without {name} over epochs; it needs what this run records")
    for name in (name for name in net.parameter_names if name not in course.parts):
        ours, last = net[name], run[name].isel(epoch=-1)
        same = set(ours.dims) == set(last.dims) and np.array_equal(ours, last.transpose(*ours.dims), equal_nan=True)
        if not same:
            raise ValueError(f"resume was given a run whose {name}, which is not trained, is another; it needs net.at(run)")


def joined(before: xr.Dataset, after: xr.Dataset) -> xr.Dataset:
    """The record of a run and of one that went on from it."""
    by_epoch = [str(name) for name, array in after.data_vars.items() if "epoch" in array.dims]
    whole, new = after.drop_vars(by_epoch), after.epoch.values > int(before.epoch[-1])
    parts = [before[by_epoch], after[by_epoch].isel(epoch=new)]
    record = xr.concat(parts, "epoch", join="exact", combine_attrs="override")
    if BEST_EPOCH in whole:
        judged = record["validation_cost" if "validation_cost" in record else "cost"]
        whole[BEST_EPOCH].values = best_of(judged.transpose(*whole[BEST_EPOCH].dims, "epoch").values, record.epoch.values)
    found = xr.merge([record.assign_attrs(after.attrs), whole.drop_vars("epoch")], combine_attrs="override", join="exact")
    return found[list(after.data_vars)]
