"""Long-run states over the axes of a family, and their periods, up and down along one axis."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Names, Numbers, Real, Whole
from rnnsim.checks.arguments import check_choice, number, whole
from rnnsim.checks.showing import shown
from rnnsim.families.axes import Grid
from rnnsim.families.network import Network
from rnnsim.families.result_variables import DIVERGED_AT, ORBITS
from rnnsim.runs.constant_inputs import check_constant, over_steps
from rnnsim.runs.plan import Field, Plan, coordinate, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.runs.run_plan import variables_of
from rnnsim.verbs.attractors.long_orbits import Orbit, orbit_after, periods_of, rows_of, scalar_orbit, unit_dims
from rnnsim.verbs.engines.scalar import serves

SWEEPS = {"up": ("up",), "down": ("down",), "both": ("up", "down")}


@planned
def orbit_diagram(
    net: Network,
    inputs: Numbers | None = None,
    *,
    along: str | None = None,
    sweep: Literal["up", "down", "both"] = "both",
    steps: Whole = 64,
    discard: Whole = 1000,
    max_period: Whole | None = None,
    tolerance: Real = 1e-6,
    keep: Names = ("orbit", "period"),
) -> Plan:
    """Find where the states of every network of a family are in the long run, and the periods with which they repeat.

    Parameters
    ----------
    net : Network
        The family.
    inputs : array_like or DataArray, optional
        Constant inputs: one number, one for each input, or a DataArray of these over axes; for a stack with an embedding, a token.
        By default they are 0.
    along : str, optional
        An axis to go along step by step: the state at one of its values is the start at the next, so that hysteresis shows. A
        network begins at its own start at the first value, and after a state that was not finite. By default every network begins
        at its own start.
    sweep : {"both", "up", "down"}, default "both"
        The direction along the axis: "up" is towards larger values of `along` (or later labels).
    steps : int, default 64
        How many states to keep at each value, at least 2, after `discard` of them.
    discard : int, default 1000
        The steps of the transient, 0 or more. Where states settle slowly, near bifurcations, they need many.
    max_period : int, optional
        The longest period to look for. By default it is half of `steps`, which is the most.
    tolerance : float, default 1e-6
        Two states are the same if none of their numbers differs by more than this times its size, or than this if the size is below
        1. States have the period p if each is the same as the one p steps before: the states of all units and layers, cell states
        included.
    keep : str or sequence of str, default ("orbit", "period")
        The variables to return, and no others: `orbit` and `period`; of the layers of a stack, `orbit_0` and so on (`orbit` is that
        of the top layer).

    Returns
    -------
    Dataset
        The variables kept. `orbit (axes…, direction, sample, iterate, unit)` has the states; `iterate` counts the steps at one
        value of the axis, from discard + 1 on. `period (axes…, direction, sample)` is an integer: 1 for a fixed point, and 0 for no
        period up to max_period, where orbits are quasi-periodic, chaotic, not settled or not finite. `diverged_at (axes…,
        direction)` is the first of these steps at which a state of any sample is not finite, or -1. `direction` (up, down) is there
        with `along`, and `sample` if h0 has it.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value. Nothing has been computed by then.
    TypeError
        If an argument has the wrong type.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.basins : Which starts end on which attractor.
    rnnsim.bifurcations : The places where fixed points change.
    rnnsim.plot.orbit_diagram : Draw it.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, 2.0, bias=rs.axis("bias_start", np.linspace(-1, 1, 9)), h0=-1.0)
    >>> ds = rs.orbit_diagram(net, along="bias_start")
    >>> ds.orbit.sizes
    Frozen({'bias_start': 9, 'direction': 2, 'iterate': 64})
    >>> ds.orbit.sel(bias_start=0.0).isel(iterate=-1).values.round(3)
    array([-0.958,  0.958])
    """
    check_network(net)
    names = variables_of(net, keep, ORBITS, {})
    constant = check_constant(net, inputs)
    steps, discard = whole("steps", steps, 2), whole("discard", discard, 0)
    most = longest_period(max_period, steps)
    tolerance = number("tolerance", tolerance, least=0)
    run = prepare(net, over_steps(constant, 1), None, names, "float64", with_targets=False)
    check_along(along, run)
    check_choice("sweep", sweep, SWEEPS)
    directions = SWEEPS[sweep] if along is not None else ()
    options = {"along": along, "sweep": sweep, "steps": steps, "discard": discard, "max_period": most, "tolerance": tolerance}
    request = Request(names, steps, discard, most, tolerance)
    fields, whole_axes = fields_of(run, directions, request), frozenset() if along is None else frozenset({along})

    def arrays() -> dict[str, np.ndarray]:
        found = found_along(net, constant, run, along, directions, request)
        return {name: found[name].transpose(*field.dims).values for name, field in fields.items()}

    coords = coordinates(run, directions, request)
    given = {"inputs": constant}
    return Plan("orbit_diagram", net, run.grid, fields, coords, given, {"keep": names, **options}, arrays, whole_axes)


class Request(NamedTuple):
    """What to find: the variables, how many steps to keep and to discard, the longest period, and when two states are the same."""

    names: tuple[str, ...]
    steps: int
    discard: int
    max_period: int
    tolerance: float


def longest_period(max_period: Any, steps: int) -> int:
    """The longest period to look for, which must be seen twice."""
    if max_period is None:
        return steps // 2
    longest = whole("max_period", max_period)
    if longest > steps // 2:
        raise ValueError(f"max_period was given as {longest}; it needs {steps // 2} or less, half of the {steps} steps kept")
    return longest


def check_along(along: Any, run: Run) -> None:
    """Refuse what is no axis to go along."""
    if along is not None and (not isinstance(along, str) or along not in run.grid.sizes):
        raise ValueError(
            f"along was given as {shown(along)}; it needs one of the axes, {', '.join(run.grid.sizes) or 'of which there are none'}"
        )


def found_along(
    net: Network, constant: xr.DataArray, run: Run, along: str | None, directions: tuple[str, ...], request: Request
) -> dict[str, xr.DataArray]:
    """The variables over (axes…, direction, …)."""
    if along is None:
        return variables_at(net, orbit_after(net, constant, request.discard, request.steps), request)
    order = rising(run.grid, along)
    if serves(net):
        orders = {"up": order, "down": order[::-1]}
        of_directions = tuple(orders[direction] for direction in directions)
        return variables_at(net, scalar_orbit(run, request.discard, request.steps, along, of_directions), request)
    found: dict[str, np.ndarray] = {}
    dims: dict[str, tuple[str, ...]] = {}
    orbit: Orbit | None = None
    for i in range(len(order)):
        places = {"up": order[i], "down": order[-1 - i]}
        here = [int(places[direction]) for direction in directions]
        member = net.isel(**{along: here}) if along in net.axes else net
        driven = constant.isel({along: here}) if along in constant.dims else constant
        orbit = orbit_after(gone_on(member, orbit), driven, request.discard, request.steps)
        for name, array in variables_at(net, orbit, request).items():
            values = array.transpose(along, *(dim for dim in array.dims if dim != along))
            if name not in found:
                dims[name] = (along, "direction", *map(str, values.dims[1:]))
                found[name] = np.empty((len(order), *values.shape), values.dtype)
            for d, place in enumerate(here):
                found[name][place, d] = values.values[d]
    return {name: xr.DataArray(values, dims=dims[name]) for name, values in found.items()}


def rising(grid: Grid, along: str) -> np.ndarray:
    """The positions along an axis in the order of its values; as they stand, if these are no numbers."""
    values = grid.coords[along].values if along in grid.coords else np.arange(grid.sizes[along])
    return np.argsort(values, kind="stable") if values.dtype.kind in "biuf" else np.arange(len(values))


def gone_on(net: Network, orbit: Orbit | None) -> Network:
    """The networks at the next value of the axis, which start where those at the last one ended, if that is finite."""
    if orbit is None:
        return net
    last = orbit.last
    if all(np.isfinite(array.values).all() for array in last.values()):
        return net.started(last)
    finite = xr.DataArray(True)
    for array in last.values():
        finite = finite & (abs(array) < np.inf).all(unit_dims(array))
    own = {start: net[start].drop_vars(net[start].coords) for start in last}
    return net.started({start: array.where(finite, own[start]).transpose(*array.dims) for start, array in last.items()})


def variables_at(net: Network, orbit: Orbit, request: Request) -> dict[str, xr.DataArray]:
    """The variables of orbits, over (axes…, sample, iterate, unit)."""
    top = net.levels[-1][0]
    found = {}
    for name in request.names:
        if name != "period":
            suffix = name.removeprefix("orbit") or top
            array = orbit.states[f"h0{suffix}"].rename(step="iterate")
            found[name] = array.rename({f"unit{top}": "unit"}) if top and name == "orbit" and f"unit{top}" in array.dims else array
    if "period" in request.names:
        state = next(iter(orbit.states.values()))
        leading = tuple(str(dim) for dim in state.dims if dim not in ("step", *unit_dims(state)))
        periods = periods_of(rows_of(orbit, leading), request.max_period, request.tolerance)
        found["period"] = xr.DataArray(periods.reshape([state.sizes[dim] for dim in leading]), dims=leading)
    return {**found, DIVERGED_AT: orbit.diverged_at}


def fields_of(run: Run, directions: tuple[str, ...], request: Request) -> dict[str, Field]:
    """The variables."""
    goes = {"direction": len(directions)} if directions else {}
    axes, sizes = {**run.grid.sizes, **goes}, {**run.grid.sizes, **goes, **run.own_sizes, "iterate": request.steps}
    fields = {name: Field.over(axes, name, sizes, np.int32 if name == "period" else np.float64) for name in request.names}
    return fields | {DIVERGED_AT: Field.of(DIVERGED_AT, axes, sizes, np.int32)}


def coordinates(run: Run, directions: tuple[str, ...], request: Request) -> dict[str, Any]:
    """The coordinates of the dimensions that are no axes."""
    count = np.arange(1, request.steps + 1, dtype=np.int64) + request.discard
    places = coordinate("iterate", count, "step at this point")
    return {
        "iterate": places,
        "direction": coordinate("direction", list(directions), "direction of the sweep"),
        **run.sample_coords,
    }
