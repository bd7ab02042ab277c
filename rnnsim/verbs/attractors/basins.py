"""Which start of a network goes to which attractor."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Names, Numbers, Real, Whole
from rnnsim.checks.arguments import number, whole
from rnnsim.families.network import Network
from rnnsim.families.result_variables import BASINS, DIVERGED_AT, chosen, meaning
from rnnsim.runs.constant_inputs import check_constant, over_steps
from rnnsim.runs.plan import Field, Plan, coordinate, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.verbs.attractors.labelling import Attractors, Likeness, ends_of
from rnnsim.verbs.attractors.long_orbits import numbers_of
from rnnsim.verbs.attractors.orbit_diagram import longest_period
from rnnsim.verbs.attractors.uncertainty_exponent import exponents, radii, uncertain_fraction
from rnnsim.verbs.engines.result_arrays import NEVER, or_never

ALWAYS = ("attractor_count", "truncated")
OF_UNCERTAINTY = ("uncertain_fraction", "uncertainty_exponent", "uncertainty_error", "boundary_dimension")
KINDS = dict.fromkeys((*OF_UNCERTAINTY, "fraction", "attractor_state"), np.float64)  # others are whole numbers
GROUPS: dict[str, tuple[str, ...]] = {"uncertainty": OF_UNCERTAINTY}


def axes_of_starts(net: Network, inputs: Any = None, **options: Any) -> set[str]:
    """The axes of starts that nothing else has. A sweep does not cut them, since an attractor's number depends on all starts."""
    starts = {str(dim) for name in net.starts for dim in net.templates[name].dims}
    others = {str(dim) for name, array in net.templates.items() if name not in net.starts for dim in array.dims}
    return starts - others - set(map(str, getattr(inputs, "dims", ())))


@planned
def basins(
    net: Network,
    inputs: Numbers | None = None,
    *,
    steps: Whole = 64,
    discard: Whole = 1000,
    max_period: Whole | None = None,
    tolerance: Real = 1e-6,
    distance: Real = 1e-3,
    nearness: Real = 0.1,
    max_attractors: Whole = 16,
    keep: Names = ("attractor", "fraction", "attractor_state", "attractor_period", "uncertainty"),
) -> Plan:
    """Find the attractors of every network of a family, and which of its starts end on which.

    Parameters
    ----------
    net : Network
        The family. The starts of a network are the axes that only `h0` (and `c0`) have, and `sample` if h0 has it: a map of the
        basins of a network of two units is a family over two axes of h0. All other axes make networks.
    inputs : array_like or DataArray, optional
        Constant inputs: one number, one for each input, or a DataArray of these over axes; for a stack with an embedding, a token.
        By default they are 0.
    steps : int, default 64
        How many states to compare, at least 2.
    discard : int, default 1000
        The steps before these, in which states settle.
    max_period : int, optional
        The longest period to look for, as in `orbit_diagram`. By default it is half of `steps`.
    tolerance : float, default 1e-6
        When two states are the same, as in `orbit_diagram`.
    distance : float, default 1e-3
        Two cycles are one attractor if none of their states is farther than this from the nearest of the other, in the number in
        which they differ most.
    nearness : float, default 0.1
        Two orbits without a period (quasi-periodic or chaotic) are one attractor if their states are, in the mean, no farther from
        the nearest of the other than this share of their extent, or than twice as far as from the nearest of their own. A cycle and
        an orbit without a period are never one. An orbit without a period whose first and last half are at least half as far from
        each other as those of a steady drift has not settled: it needs a larger `discard` or, if it turns slowly, more `steps`.
    max_attractors : int, default 16
        How many attractors of a network to list.
    keep : str or sequence of str, default ("attractor", "fraction", "attractor_state", "attractor_period", "uncertainty")
        The variables to return, and no others. "uncertainty" means `uncertain_fraction`, `uncertainty_exponent`,
        `uncertainty_error` and `boundary_dimension`.

    Returns
    -------
    Dataset
        The variables kept, where `networks` stands for the axes that are no starts.

        - `attractor (axes…, sample)`: the number of the attractor on which a start ends. Attractors are numbered in the order of
          the starts, for each network alone. It is -1 if the states were not finite at the end or had not settled, or if there was
          no room for the attractor (then `truncated` is 1). A start exactly on an unstable cycle stays there.
        - `fraction (networks…, basin)`: the share of the starts that end on attractor number `basin`. 1 less the sum of the shares
          is that of the starts with -1.
        - `attractor_state (networks…, basin, iterate, unit)`: the last states of the first orbit found on it, nan where there is
          none.
        - `attractor_period (networks…, basin)`: 1 for a fixed point, 0 for no period found, -1 where there is no attractor.
        - `uncertain_fraction (networks…, radius)`: the share of the starts with another number than a start that many cells of the
          grid away along an axis [1]_, of the starts so far inside that the largest radius fits, over all samples.
        - `uncertainty_exponent`, `uncertainty_error (networks…)`: α of f(ε) ~ ε^α, where f is that share and ε the radius, by least
          squares of the logarithms, at the radii where f ≤ 1/4 (or at the first three where f > 0), and its standard error from
          what they leave; nan if there are fewer radii. Starts are to be evenly spaced.
        - `boundary_dimension (networks…)`: the number of the axes of starts less α.
        - `attractor_count`, `truncated (networks…)` and `diverged_at (axes…)`, as in `orbit_diagram`; these are always there.

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
    rnnsim.orbit_diagram : Where states are in the long run.
    rnnsim.fixed_points : Fixed points and cycles that are not stable, too.
    rnnsim.plot.basins : Draw the basins.

    References
    ----------
    .. [1] C. Grebogi, S. W. McDonald, E. Ott and J. A. Yorke, Final state sensitivity: an obstruction to predictability, Physics
       Letters A 99, 415, 1983.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, rs.axis("w_rec", [0.5, 2.0]), h0=rs.axis("start", np.linspace(-1, 1, 100)))
    >>> ds = rs.basins(net)
    >>> ds.attractor_count.values.tolist()
    [1, 2]
    >>> ds.fraction.isel(w_rec=1, basin=[0, 1]).values
    array([0.5, 0.5])
    """
    check_network(net)
    names = chosen(keep, [name for name in BASINS if name not in ALWAYS], GROUPS)
    constant = check_constant(net, inputs)
    steps, discard, max_attractors = whole("steps", steps, 2), whole("discard", discard, 0), whole("max_attractors", max_attractors)
    apart = {"tolerance": tolerance, "distance": distance, "nearness": nearness}
    likeness = Likeness(longest_period(max_period, steps), *(number(name, value, least=0) for name, value in apart.items()))
    run = prepare(net, over_steps(constant, 1), None, (*names, *ALWAYS), "float64", with_targets=False)
    starts = start_axes(net, constant, run)
    options = {"steps": steps, "discard": discard, "max_attractors": max_attractors, **likeness._asdict()}
    request = Request(names, likeness, steps, discard, max_attractors)
    fields, coords = fields_of(run, starts, request), coordinates(run, starts, request)
    arrays = partial(computed, net, constant, run, starts, request, fields)
    whole_axes = frozenset(starts) - {"sample"}
    return Plan("basins", net, run.grid, fields, coords, {"inputs": constant}, {"keep": names, **options}, arrays, whole_axes)


class Request(NamedTuple):
    """What to find: the variables, what makes orbits alike, how many steps to keep and to discard, and the most attractors."""

    names: tuple[str, ...]
    likeness: Likeness
    steps: int
    discard: int
    max_attractors: int


def start_axes(net: Network, constant: xr.DataArray, run: Run) -> dict[str, int]:
    """The sizes of the axes that only starts have, and of `sample`, before them, if they have it."""
    own = {} if run.samples is None else {"sample": run.samples}
    only = axes_of_starts(net, constant)
    own |= {dim: size for dim, size in run.grid.sizes.items() if dim in only}
    if not own:
        raise ValueError("net was given one start for each network; it needs an axis that only h0 (or c0) has, as rs.axis makes it")
    return own


def results(
    net: Network, starts: dict[str, int], names: tuple[str, ...], found: Attractors, diverged_at: np.ndarray
) -> dict[str, np.ndarray]:
    """The variables over (network, …)."""
    by_start = len(found.labels), *starts.values()
    arrays = {
        "attractor": found.labels.reshape(by_start),
        "attractor_period": found.periods,
        "attractor_count": found.counts[:, 0],
        "truncated": found.counts[:, 1],
        DIVERGED_AT: diverged_at.reshape(by_start),
    }
    if "sample" in starts:
        arrays[DIVERGED_AT] = or_never(np.where(diverged_at < 0, NEVER, diverged_at).reshape(by_start).min(axis=1))
    if "fraction" in names:
        arrays["fraction"] = found.fractions
    if "attractor_state" in names:
        arrays["attractor_state"] = found.top_states(net)
    if set(OF_UNCERTAINTY) & set(names):
        grid = grid_of(starts)
        fractions = uncertain_fraction(found.labels.reshape(len(found.labels), starts.get("sample", 1), *grid))
        exponent, error = exponents(fractions, radii(grid))
        arrays |= dict(zip(OF_UNCERTAINTY, (fractions, exponent, error, len(grid) - exponent), strict=True))
    return arrays


def dims_of(run: Run, starts: dict[str, int], name: str) -> tuple[list[str], list[str]]:
    """The dimensions of a variable over networks and behind them."""
    own = [dim for dim in meaning(name).dims if dim != "unit" or not run.net.scalar]
    if name in ("attractor", DIVERGED_AT):
        own = [dim for dim in starts if dim != "sample" or name == "attractor"]
    return [dim for dim in run.grid.sizes if dim not in starts], own


def fields_of(run: Run, starts: dict[str, int], request: Request) -> dict[str, Field]:
    """The variables, over the axes in the family's order."""
    of_starts = {"iterate": request.steps, "basin": request.max_attractors, "radius": len(radii(grid_of(starts)))}
    sizes, fields = {**run.grid.sizes, **run.own_sizes, **starts, **of_starts}, {}
    for name in (*request.names, *ALWAYS, DIVERGED_AT):
        networks, own = dims_of(run, starts, name)
        axes = [dim for dim in run.grid.sizes if dim in (*networks, *own)]
        fields[name] = Field.of(name, (*axes, *(dim for dim in own if dim not in axes)), sizes, KINDS.get(name, np.int32))
    return fields


def computed(
    net: Network, constant: xr.DataArray, run: Run, starts: dict[str, int], request: Request, fields: dict[str, Field]
) -> dict[str, np.ndarray]:
    """The variables in the shapes of their fields."""
    names, likeness, steps, discard, most = request
    networks = {dim: size for dim, size in run.grid.sizes.items() if dim not in starts}
    found = Attractors(likeness, most, prod(networks.values()), prod(starts.values()), steps, numbers_of(net))
    diverged_at = np.empty_like(found.labels)
    for block in ends_of(net, constant, networks, starts, discard, steps):
        found.add(block.rows, block.lo)
        diverged_at[:, block.lo : block.lo + block.rows.shape[1]] = block.diverged_at
    arrays = results(net, starts, names, found, diverged_at)
    in_order = {}
    for name, field in fields.items():
        values, (leading, own) = arrays[name], dims_of(run, starts, name)
        array = xr.DataArray(values.reshape((*networks.values(), *values.shape[1:])), dims=(*leading, *own))
        in_order[name] = array.transpose(*field.dims).values
    return in_order


def grid_of(starts: dict[str, int]) -> list[int]:
    """The sizes of the axes of starts."""
    return [size for dim, size in starts.items() if dim != "sample"]


def coordinates(run: Run, starts: dict[str, int], request: Request) -> dict[str, Any]:
    """The coordinates of the dimensions that are no axes."""
    iterates = np.arange(1, request.steps + 1, dtype=np.int64) + request.discard
    return {
        "basin": coordinate("basin", np.arange(request.max_attractors, dtype=np.int32), "attractor"),
        "radius": coordinate("radius", radii(grid_of(starts)), "radius in cells of the grid"),
        "iterate": coordinate("iterate", iterates, "step at this point"),
        **run.sample_coords,
    }
