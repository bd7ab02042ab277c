"""Which start of a network goes to which attractor."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Names, Numbers, Real, Whole
from rnnsim.checks.arguments import keeps_whole, number, whole
from rnnsim.families.network import Network
from rnnsim.families.result_variables import BASINS, DIVERGED_AT, chosen, dataset, meaning
from rnnsim.runs.constant_inputs import check_constant, over_steps
from rnnsim.runs.provenance import attributes
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.verbs.attractors.labelling import Attractors, Likeness, ends_of, numbers_of
from rnnsim.verbs.attractors.orbit_diagram import longest_period
from rnnsim.verbs.attractors.uncertainty_exponent import exponents, radii, uncertain_fraction

ALWAYS = ("attractor_count", "truncated")
OF_UNCERTAINTY = ("uncertain_fraction", "uncertainty_exponent", "uncertainty_error", "boundary_dimension")
GROUPS: dict[str, tuple[str, ...]] = {"uncertainty": OF_UNCERTAINTY}


def axes_of_starts(net: Network, inputs: Any = None, **options: Any) -> set[str]:
    """The axes of starts that nothing else has. A sweep does not cut them, since an attractor's number depends on all starts."""
    starts = {str(dim) for name in net.starts for dim in net.templates[name].dims}
    others = {str(dim) for name, array in net.templates.items() if name not in net.starts for dim in array.dims}
    return starts - others - set(map(str, getattr(inputs, "dims", ())))


@keeps_whole(axes_of_starts)
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
) -> xr.Dataset:
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
    attrs = attributes("basins", net, {"inputs": constant}, {"keep": names, **options})
    networks = {dim: size for dim, size in run.grid.sizes.items() if dim not in starts}
    points = prod(networks.values()), prod(starts.values())
    found = Attractors(likeness, max_attractors, points[0], points[1], steps, numbers_of(net))
    diverged_at = np.empty_like(found.labels)
    for block in ends_of(net, constant, networks, starts, discard, steps):
        found.add(block.rows, block.lo)
        diverged_at[:, block.lo : block.lo + block.rows.shape[1]] = block.diverged_at
    coords = coordinates(run, starts, max_attractors, np.arange(1, steps + 1, dtype=np.int64) + discard)
    return name_basins(run, starts, names, results(net, starts, names, found, diverged_at), coords, attrs)


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
        first = np.where(diverged_at < 0, np.iinfo(np.int32).max, diverged_at).reshape(by_start).min(axis=1)
        arrays[DIVERGED_AT] = np.where(first == np.iinfo(np.int32).max, -1, first).astype(np.int32)
    if "fraction" in names:
        arrays["fraction"] = found.fractions
    if "attractor_state" in names:
        arrays["attractor_state"] = found.top_states(net)
    if set(OF_UNCERTAINTY) & set(names):
        grid = [size for dim, size in starts.items() if dim != "sample"]
        fractions = uncertain_fraction(found.labels.reshape(len(found.labels), starts.get("sample", 1), *grid))
        exponent, error = exponents(fractions, radii(grid))
        arrays |= dict(zip(OF_UNCERTAINTY, (fractions, exponent, error, len(grid) - exponent), strict=True))
    return arrays


def name_basins(
    run: Run,
    starts: dict[str, int],
    names: tuple[str, ...],
    values: dict[str, np.ndarray],
    coords: dict[str, Any],
    attrs: dict[str, str],
) -> xr.Dataset:
    """The variables over the axes in the family's order."""
    networks = [dim for dim in run.grid.sizes if dim not in starts]
    shape = [run.grid.sizes[dim] for dim in networks]
    arrays = {}
    for name in (*names, *ALWAYS, DIVERGED_AT):
        own = [dim for dim in meaning(name).dims if dim != "unit" or not run.net.scalar]
        if name in ("attractor", DIVERGED_AT):
            own = [dim for dim in starts if dim != "sample" or name == "attractor"]
        array = xr.DataArray(values[name].reshape((*shape, *values[name].shape[1:])), dims=(*networks, *own))
        order = (*(dim for dim in run.grid.sizes if dim in array.dims), *(dim for dim in own if dim not in run.grid.sizes))
        arrays[name] = order, array.transpose(*order).values
    return dataset(run.grid, arrays, coords, attrs)


def coordinates(run: Run, starts: dict[str, int], most: int, iterates: np.ndarray) -> dict[str, Any]:
    """The coordinates of the dimensions that are no axes."""
    grid = [size for dim, size in starts.items() if dim != "sample"]
    coords: dict[str, Any] = {
        "basin": ("basin", np.arange(most, dtype=np.int32), {"long_name": "attractor", "units": "1"}),
        "radius": ("radius", radii(grid), {"long_name": "radius in cells of the grid", "units": "1"}),
        "iterate": ("iterate", iterates, {"long_name": "step at this point", "units": "1"}),
    }
    return coords | ({} if run.sample is None else {"sample": run.sample})
