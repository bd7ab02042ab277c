"""Training runs that go on from others: what must be the same, what may be another by name, and the record of both."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import names
from rnnsim.checks.showing import kind_of, shown
from rnnsim.families.axes import ordered
from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.runs.plan import Field
from rnnsim.verbs.training.history import BEST_EPOCH, LOWEST, MISSED, STOPPED_AT, best_of, measure_names, names_by_epoch
from rnnsim.verbs.training.training_run import TrainingRun, TrainingState, spread

OF_RULE = ("optimizer", "train", "batch_size", "shuffle", "seed", "clip", "bounds", "patience", "truncate")
OF_OPTIONS = (*OF_RULE, "loss", "penalty", "metrics", "every", "keep", "noise_seed", "dtype")
OF_DATA = ("inputs", "targets", "weight", "validation")
CHANGEABLE = (*OF_OPTIONS, *OF_DATA, "net")
JUDGING = {"loss", "penalty", "noise_seed", *OF_DATA}  # what decides the cost that patience looks at
WITH_AXES = {
    "optimizer",
    "clip",
    "bounds",
    "penalty",
    "seed",
    "noise_seed",
}  # options whose text speaks of axes, and so changes with the part of a family
CHANGES = "resumed_with"
MOST_SHOWN = 60
VERSIONS = "rnnsim_version", "rnnsim_kernel"
Facts = dict[str, dict[str, Any]]


def check_resume(resume: Any) -> None:
    """Refuse what is no run to go on from."""
    if not (isinstance(resume, xr.Dataset) and resume.sizes.get("epoch")):
        raise TypeError(f"resume was given {kind_of(resume)}; it needs a Dataset over epochs that rs.train returned")
    if "epoch" not in resume.coords:
        raise ValueError("resume was given a run whose epochs have no numbers; it needs those that rs.train gave it")
    if resume.epoch.dtype.kind not in "iu":
        raise TypeError(f"resume was given epochs of type {resume.epoch.dtype}; it needs whole numbers, as rs.train counts them")
    if "options" not in resume.attrs:
        raise ValueError("resume was given a run without attributes; it needs those that rs.train gave it")


def check_resume_with(resume_with: Any, resume: Any) -> frozenset[str]:
    """The names of what may be another."""
    chosen = names("resume_with", resume_with, CHANGEABLE, none=True)
    if chosen and resume is None:
        raise ValueError("resume_with was given without resume; it needs a run to go on from")
    return frozenset(chosen)


def facts_of(attrs: Mapping[str, str]) -> Facts:
    """What a run's attributes say of each argument."""
    options = json.loads(attrs["options"])
    found: Facts = {name: {name: options[name]} for name in OF_OPTIONS if name in options}
    if "trials" in options:
        found["inputs"] = {"trials": options["trials"]}
    found["net"] = {"network": attrs.get("network")}
    for name, text in attrs.items():
        if name.endswith("_hash") and name != "parameters_hash":
            found.setdefault(argument_of(name.removesuffix("_hash")), {})[name] = text
    return found


def argument_of(array: str) -> str:
    """The argument that a hashed array belongs to."""
    if array.startswith("activation"):
        return "net"
    if array.startswith("validation_"):
        return "validation"
    for name in ("bounds", "penalty"):
        if array.startswith(f"{name}_"):
            return name
    if array in ("inputs", "targets", "weight", "seed", "noise_seed"):
        return array
    return "clip" if array == "limit" else "optimizer"


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, list[Any]]:
    """What attributes say of each argument that is another: before, and now."""
    old, new = facts_of(before), facts_of(now)
    part = "parameters_hash" not in before  # of a sweep, which has checked the whole
    names = [name for name in CHANGEABLE if not part or (name in OF_OPTIONS and name not in WITH_AXES)]
    known = [name for name in names if name in old or name not in OF_OPTIONS]
    return {name: [old.get(name, {}), new.get(name, {})] for name in known if old.get(name, {}) != new.get(name, {})}


def continued(run: xr.Dataset, allowed: frozenset[str], now: dict[str, str]) -> dict[str, str]:
    """The attributes of a run that goes on from another, with what has changed and after which epoch; what may not is refused."""
    changed = changes(run.attrs, now)
    for name, (before, after) in changed.items():
        if name not in allowed:
            raise ValueError(
                f"resume was given a run with another {name}{difference(before, after)}; it needs the same, or resume_with={name!r}"
            )
    versions = [{name: attrs.get(name) for name in VERSIONS} for attrs in (run.attrs, now)]
    changed |= {"version": versions} if versions[0] != versions[1] else {}
    known = json.loads(run.attrs.get(CHANGES, "[]"))
    if changed or allowed:
        known.append({"after_epoch": int(run.epoch[-1]), "allowed": sorted(allowed), "changed": changed})
    return now | ({CHANGES: json.dumps(known)} if known else {})


def difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What two arguments were, as a message shows them."""
    for name in (*before, *after):
        then, now = before.get(name), after.get(name)
        if then != now and not name.endswith("_hash"):
            return f" ({text(then)} then, {text(now)} now)"
    return ""


def text(fact: Any) -> str:
    """An option as a message shows it."""
    whole = str(fact).removeprefix("rnnsim.")
    return whole if len(whole) <= MOST_SHOWN else f"{whole[: MOST_SHOWN - 1]}…"


def states_of(run: xr.Dataset) -> int:
    """The epoch to which what a run remembers over its axes alone belongs: its last one, unless epochs were cut off."""
    last = int(run.epoch[-1])
    asked = int(json.loads(run.attrs["options"]).get("epochs", last))
    ends = [run[name] for name in (DIVERGED_AT, STOPPED_AT) if name in run.variables]
    still = len(ends) > 1 and (xr.where(ends[0] < 0, ends[1], ends[0]) >= 0).all()  # and for want of patience the record ends
    return last if still and max(int(end.max()) for end in ends) <= last else asked


def go_on(state: TrainingState, run: xr.Dataset, allowed: frozenset[str]) -> None:
    """Let a training run begin where another ended."""
    training, members = state.training, state.members
    check_same(state, run, allowed)
    for name, part in training.slices.items():
        members.theta.reshape(training.grid.points, -1)[:, part] = last_numbers(training, run, name, "train" in allowed)
    ends = last_numbers(training, run, DIVERGED_AT)[:, 0]
    members.diverged_at[:] = np.where(ends > training.first, -1, ends)
    restore_optimizer(state, run, allowed)
    if training.patience is not None:
        restore_patience(state, run, allowed)


def last_numbers(training: TrainingRun, run: xr.Dataset, name: str, fills: bool = False) -> np.ndarray:
    """The last numbers of a variable, (point, number); one that `fills` may lack axes."""
    if name not in run.variables:
        raise ValueError(f"resume was given a run without {name}; it needs one that keeps parameters and states, as by default")
    if "epoch" not in run[name].dims and name != DIVERGED_AT and states_of(run) != training.first:
        raise ValueError(
            f"resume was given a run until epoch {training.first} whose {name} is that of epoch {states_of(run)}; "
            "it needs all epochs, or net.at(run) without resume"
        )
    array = run[name].isel(epoch=-1) if "epoch" in run[name].dims else run[name]
    kind = next((kind for kind in training.optimizer.rule.states if name.startswith(f"{kind}_")), "")
    parameter = name.removeprefix(f"{kind}_") if kind else name
    own = (
        dict(zip(training.run.net.named_dimensions(parameter), training.shapes[parameter], strict=True))
        if parameter in training.slices
        else {}
    )
    sizes = training.grid.sizes | own
    if fills and set(array.dims) < set(sizes) and all(size == sizes[str(dim)] for dim, size in array.sizes.items()):
        return spread(array, sizes).reshape(training.grid.points, -1)
    if dict(array.sizes) != sizes:
        raise ValueError(f"resume was given {name} of sizes {dict(array.sizes)}; it needs {sizes}")
    return ordered(array, list(sizes)).reshape(training.grid.points, -1)


def restore_optimizer(state: TrainingState, run: xr.Dataset, allowed: frozenset[str]) -> None:
    """Give the optimizer the states that it had. One of another kind, or one that moves more parameters, begins afresh."""
    training, members, rule = state.training, state.members, state.training.optimizer.rule
    names = [f"{kind}_{name}" for kind in rule.states for name in training.slices] + [name for name, _ in rule.memory]
    kinds = [json.loads(run.attrs["options"])["optimizer"].partition("(")[0], repr(training.optimizer).partition("(")[0]]
    lacking = [name for name in names if name not in run.variables]
    if (lacking and allowed & {"optimizer", "train"}) or (kinds[0] != kinds[1] and "optimizer" in allowed):
        return
    states = members.states.reshape(training.grid.points, len(rule.states), training.size)
    for i, kind in enumerate(rule.states):
        for name, part in training.slices.items():
            states[:, i, part] = last_numbers(training, run, f"{kind}_{name}")
    for i, (name, _) in enumerate(rule.memory):
        members.memory.reshape(training.grid.points, -1)[:, i] = last_numbers(training, run, name)[:, 0]


def restore_patience(state: TrainingState, run: xr.Dataset, allowed: frozenset[str]) -> None:
    """Let patience go on, or begin afresh if what it looks at may be another, or if there was none; more of it lets networks go on."""
    training, members = state.training, state.members
    if allowed & JUDGING or ("patience" in allowed and LOWEST not in run.variables):
        return
    members.stopped_at[:], members.lowest[:], members.missed[:] = (
        last_numbers(training, run, name)[:, 0] for name in (STOPPED_AT, LOWEST, MISSED)
    )
    assert training.patience is not None
    members.stopped_at[members.missed < training.patience] = -1


def check_same(state: TrainingState, run: xr.Dataset, allowed: frozenset[str]) -> None:
    """Refuse to go on from a run that has other axes, records less, or began and ended with other numbers than the family's."""
    training, net = state.training, state.training.run.net
    for dim, coordinate in training.grid.coords.items():
        if dim in run.dims and not run[dim].to_index().equals(coordinate.to_index()):
            raise ValueError(f"resume was given a run with other values of the axis {shown(dim)}; it needs the same")
    if not allowed & {"keep", "metrics", "validation", "loss"}:
        for name in names_by_epoch(training):
            if name not in run.variables or "epoch" not in run[name].dims:
                raise ValueError(f"resume was given a run without {name} over epochs; it needs what this run records")
    if "net" not in allowed:
        for name in net.parameter_names:
            check_parameter(state, run, name, "train" in allowed)


def check_parameter(state: TrainingState, run: xr.Dataset, name: str, fills: bool) -> None:
    """Refuse a parameter that is neither what the run began with nor what it came to."""
    training = state.training
    if name in training.slices:
        last = last_numbers(training, run, name, fills)
        ours = state.members.theta.reshape(training.grid.points, -1)[:, training.slices[name]]
        first = last_numbers(training, run.isel(epoch=slice(0, 1)), name, fills)
        if not (equal(ours, first) or equal(ours, last)):
            raise ValueError(f"resume was given a run of a family with another {name}; it needs that family, or net.at(run)")
    elif name in run.variables:
        kept, there = training.run.net[name], run[name].isel(epoch=-1)
        if not (set(kept.dims) == set(there.dims) and equal(kept.values, there.transpose(*kept.dims).values)):
            raise ValueError(f"resume was given a run whose {name}, which is not trained, is another; it needs net.at(run)")


def equal(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether numbers are the same in the lower of two precisions."""
    least = min(ours.dtype, theirs.dtype, key=lambda dtype: dtype.itemsize)
    with np.errstate(over="ignore"):
        return np.array_equal(ours.astype(least), theirs.astype(least), equal_nan=True)


def joined(before: xr.Dataset, after: xr.Dataset) -> xr.Dataset:
    """The record of a run and of one that went on from it. What only one of them measures is nan in the other's epochs."""
    by_epoch = [str(name) for name, array in after.data_vars.items() if "epoch" in array.dims]
    measured = [name for name in measure_names() if name in before and name not in after]
    whole, new = after.drop_vars(by_epoch), after.epoch.values > int(before.epoch[-1])
    parts = [before[[*(name for name in by_epoch if name in before), *measured]], after[by_epoch].isel(epoch=new)]
    record = xr.concat(parts, "epoch", join="exact", combine_attrs="override")
    dims = {name: array.dims for part in parts for name, array in part.data_vars.items()}
    record = record.map(lambda array: array.transpose(*dims[array.name]), keep_attrs=True)
    judged = next((name for name in ("validation_cost", "cost") if name in after), None)
    if judged and BEST_EPOCH in whole:
        here = record[judged].sel(epoch=slice(last_change(after.attrs) + 1, None))
        whole[BEST_EPOCH].values = best_of(here.transpose(*whole[BEST_EPOCH].dims, "epoch").values, here.epoch.values)
    found = xr.merge(
        [record.assign_attrs(after.attrs), whole.drop_vars("epoch", errors="ignore")], combine_attrs="override", join="exact"
    )
    return found[[*after.data_vars, *measured]]


def joined_fields(before: xr.Dataset, after: dict[str, Field], epochs: np.ndarray) -> tuple[dict[str, Field], np.ndarray]:
    """The variables of the record of a run and of one that goes on from it, and all epochs of both."""
    known = before.epoch.values
    whole = np.concatenate([known, epochs[epochs > int(known[-1])]])
    fields = {}
    for name, field in after.items():
        sizes = dict(zip(field.dims, field.shape, strict=True)) | {"epoch": len(whole)}
        dtype = np.result_type(field.dtype, before[name].dtype) if name in before and "epoch" in field.dims else field.dtype
        fields[name] = replace(field, shape=tuple(sizes[dim] for dim in field.dims), dtype=dtype)
    for name in (name for name in measure_names() if name in before and name not in after):
        sizes = {str(dim): size for dim, size in before[name].sizes.items()} | {"epoch": len(whole)}
        fields[name] = Field.of(name, tuple(map(str, before[name].dims)), sizes, before[name].dtype)
    return fields, whole


def last_change(attrs: Mapping[str, str]) -> int:
    """The last epoch after which costs may be those of something else, -1 for none."""
    of_costs = [change["after_epoch"] for change in json.loads(attrs.get(CHANGES, "[]")) if JUDGING & set(change["allowed"])]
    return max(of_costs, default=-1)
