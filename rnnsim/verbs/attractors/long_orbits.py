"""Long runs under constant inputs: a transient that is not kept, and the states after it, in full."""

import re
from math import prod
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from rnnsim.families.network import Network
from rnnsim.kernels import periods
from rnnsim.numerics import parallel
from rnnsim.runs.constant_inputs import over_steps, steps_at_once
from rnnsim.runs.run import Run, prepare
from rnnsim.verbs.attractors.scalar_orbits import HERE, orbits_of
from rnnsim.verbs.engines import scalar as scalar_runs
from rnnsim.verbs.engines.engine import compute

MANY, RETURN = 1 << 16, 120  # states, and the steps after which orbits of most short periods are back


def full_state(net: Network) -> dict[str, str]:
    """The states that decide what comes next, by the names of their starts."""
    return {start: f"{state}{m.suffix}" for m in net.members for start, state in zip(m.starts, m.states, strict=True)}


def numbers_of(net: Network) -> int:
    """How many numbers the full state of a network is."""
    return sum(member.units * member.own for member in net.members)


def unit_dims(array: xr.DataArray) -> list[str]:
    """The dimension of a state's units, if it has one: no axis can have its name."""
    return [str(dim) for dim in array.dims if re.fullmatch(r"unit(_\d+)?", str(dim))]


def run_of(net: Network, constant: xr.DataArray, steps: int) -> Run:
    """A run under constant inputs."""
    return prepare(net, over_steps(constant, steps), None, (), "float64", with_targets=False)


def named(run: Run, name: str, values: np.ndarray) -> xr.DataArray:
    """A result over the axes, without coordinates, and then its own dimensions."""
    return xr.DataArray(values.reshape((*run.grid.shape, *run.shape_of(name))), dims=(*run.grid.sizes, *run.dims_of(name)))


class Settled(NamedTuple):
    """A family whose starts are the states after a transient; the first step (axes) at which one was not finite, or -1. None: no step."""

    net: Network
    diverged_at: xr.DataArray | None


def settle(net: Network, constant: xr.DataArray, steps: int) -> Settled:
    """Go `steps` steps on; nothing of them is kept but the last states. Where there are many, they are compared now and then: once all have
    come back, to the bit, they do so for ever, and only what is left of a round is computed."""
    diverged_at, before = None, None
    chunk = steps_at_once(constant, steps) if set(constant.dims) - {"input"} else steps
    if states_in(net, constant) >= MANY:
        chunk = min(chunk, RETURN)
    finals = {start: f"final_{state}" for start, state in full_state(net).items()}
    done = 0
    while done < steps:
        count = min(chunk, steps - done)
        run = run_of(net, constant, count)
        results = compute(run, tuple(finals.values()))
        net = net.started({start: named(run, final, results[final]) for start, final in finals.items()})
        diverged_at = first_of(diverged_at, named(run, "diverged_at", results["diverged_at"]), done)
        done += count
        if before is not None and all((results[final] == before[final]).all() for final in finals.values()):
            steps = done + (steps - done) % count
        before = results
    return Settled(net, diverged_at)


def states_in(net: Network, constant: xr.DataArray) -> int:
    """How many numbers the states of a family are."""
    sizes = {**net.axes, **{str(dim): size for dim, size in constant.sizes.items() if dim != "input"}}
    samples = max(net.template(start).sizes.get("sample", 1) for start in net.starts)
    return prod(sizes.values()) * samples * numbers_of(net)


def first_of(before: xr.DataArray | None, now: xr.DataArray, done: int) -> xr.DataArray:
    """When something happened first: `before`, or `done` steps and then some more; -1: never."""
    if before is None:
        return now
    later = np.where(now.values < 0, -1, now.values + done)
    return now.copy(data=np.where(before.values < 0, later, before.values).astype(np.int32))


class Orbit(NamedTuple):
    """States of so many steps: each a DataArray (axes…, sample, step, unit), by the names of their starts; `diverged_at` counts from
    the start of the transient."""

    states: dict[str, xr.DataArray]
    diverged_at: xr.DataArray

    @property
    def last(self) -> dict[str, xr.DataArray]:
        """The states at the last step."""
        return {start: array.isel(step=-1) for start, array in self.states.items()}


def orbit_after(net: Network, constant: xr.DataArray, discard: int, steps: int) -> Orbit:
    """The states of the `steps` steps that follow on `discard` steps."""
    if scalar_runs.serves(net):
        return scalar_orbit(run_of(net, constant, 1), discard, steps)
    settled = settle(net, constant, discard)
    run = run_of(settled.net, constant, steps)
    names = full_state(net)
    results = compute(run, tuple(names.values()))
    states = {start: named(run, name, results[name]).isel(step=slice(1, None)) for start, name in names.items()}
    return Orbit(states, first_of(settled.diverged_at, named(run, "diverged_at", results["diverged_at"]), discard))


def scalar_orbit(run: Run, discard: int, steps: int, along: str | None = None, orders: tuple[np.ndarray, ...] = HERE) -> Orbit:
    """The same of scalar networks, perhaps along an axis, of which `orders` are the places of the values in each direction: then over the
    other axes, that axis and `direction`."""
    states, diverged_at = orbits_of(run, discard, steps, along, orders)
    axes = {name: size for name, size in run.grid.sizes.items() if name != along}
    if along is not None:
        axes |= {along: run.grid.sizes[along], "direction": len(orders)}
    whole = axes | ({} if run.samples is None else {"sample": run.samples}) | {"step": steps}
    orbit = xr.DataArray(states.reshape(tuple(whole.values())), dims=tuple(whole))
    return Orbit({"h0": orbit}, xr.DataArray(diverged_at.reshape(tuple(axes.values())), dims=tuple(axes)))


def rows_of(orbit: Orbit, leading: tuple[str, ...]) -> np.ndarray:
    """The full states as numbers (row, step, number), a row for each place along the dimensions `leading`, in C order."""
    found = []
    for array in orbit.states.values():
        unit = unit_dims(array)
        values = array.transpose(*leading, "step", *unit).values
        steps = array.sizes["step"]
        found.append(values.reshape(-1, steps, int(np.prod([array.sizes[dim] for dim in unit], dtype=np.int64))))
    return found[0] if len(found) == 1 else np.concatenate(found, axis=2)


def periods_of(rows: np.ndarray, most: int, tolerance: float) -> np.ndarray:
    """The period of each row of states, 0 for none up to `most`."""
    found = np.zeros(len(rows), np.int32)

    def work(next_block: Any) -> None:
        alive = np.empty(periods.TOGETHER, np.bool_)
        while (block := next_block()) is not None:
            lo, hi = block
            periods.periods(rows[lo:hi], tolerance, most, alive, found[lo:hi])

    parallel.run(work, parallel.blocks_of_threads(len(rows), periods.TOGETHER))
    return found
