"""Where the networks of a family rest: their fixed points and cycles."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Flag, Numbers, Real, Whole
from rnnsim.checks.arguments import SEED, flag, number, whole
from rnnsim.families.network import Member, Network
from rnnsim.families.result_variables import FIXED_POINTS, OVERLAP
from rnnsim.runs.plan import Field, Plan, coordinate, flags, planned
from rnnsim.runs.run import check_network
from rnnsim.verbs.engines.autonomous_maps import BlockOfSources, Map, map_of
from rnnsim.verbs.equilibria.fixed_point_engine import Request, search_all
from rnnsim.verbs.equilibria.search_starts import check_starts

FLAGS = {
    "stability": ("stable", "saddle", "unstable", "marginal", "plateau"),
    "truncated": ("no", "yes"),
}


@planned
def fixed_points(
    net: Network,
    inputs: Numbers | None = 0.0,
    *,
    period: Whole = 1,
    starts: Numbers | None = None,
    tolerance: Real = 1e-12,
    max_points: Whole = 32,
    seed: Whole = 0,
    slow_points: Flag = False,
) -> Plan:
    """Find the fixed points, or the cycles of a period, of every network of a family with constant inputs.

    Parameters
    ----------
    net : Network
        The family.
    inputs : array_like or DataArray, default 0.0
        Constant inputs: one number for all, an array (input) of them, or a DataArray with axes. A stack with an embedding needs a
        token, a whole number.
    period : int, default 1
        1 for fixed points; k for orbits that close after k steps, and not earlier.
    starts : int or array_like or DataArray, optional
        How many states to search from, some of them spread over the box of possible states, some taken from orbits that begin
        there. Or the states themselves, of shape (start, unit), which for stacks and LSTMs may hold all states: layers bottom
        first, h before c. A DataArray over `unit` may have axes of the family, and other dimensions such as `sample` and `step`,
        all of which are starts. By default there are 64, and more until three quarters of them have found nothing new, up to 1024.
    tolerance : float, default 1e-12
        The residual up to which a point is one: the largest |F(s) - s| of its states, divided by the largest |s| beyond 1. Where it
        is more than rounding makes, the next step of Newton's method has to be below 1e-4 as well, times the largest |s| beyond 1.
    max_points : int, default 32
        How many points of a network there is room for.
    seed : int, default 0
        The seed of the starts.
    slow_points : bool, default False
        Whether to look from the starts for slow points too: local minima of the speed |F(s) - s| that are not 0. They need a
        period of 1.

    Returns
    -------
    Dataset
        The points over (axes…, point), in the order of their states, nan where there are fewer.

        - `state` over `unit`; of an LSTM `cell_state` as well, and in a stack `state_0` and so on; for cycles first over
          `step` 0…period-1.
        - `overlap` over `rank`, nᵀ state / units, where w_rec is `rs.LowRank(m, n)` and the cell has no `output`.
        - `residual`, as `tolerance` measures it.
        - `multiplier_real` and `multiplier_imag` over `mode`: the eigenvalues of the Jacobian, of cycles that of the whole period,
          the largest modulus first.
        - `stability`, a flag: stable, saddle, unstable, marginal or plateau. A marginal point has a multiplier within 1e-6 of the
          unit circle; marginal points that rounding cannot tell apart are one. A plateau is a marginal point beside which, 1e-3
          away, states rest as well, up to rounding.
        - With `slow_points`, `slow_state` and so on, and `slow_speed`, over `point`; and `slow_point_count` over the axes. These
          are other points than the fixed points.

        Over the axes: `point_count`; `truncated`, 1 if there are more points than room; and `undecided`, which the notes explain.

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
    rnnsim.bifurcations : Where fixed points appear, vanish or change stability.
    rnnsim.basins : Which starts end on which attractor.
    rnnsim.plot.phase_plane : Draw the fixed points of two units.

    Notes
    -----
    The part of a state that a network keeps by itself (1 - leak, or z of a GRU) does not move fixed points. The search leaves it
    out, so that points are as exact where nearly all is kept. A plateau may have no single point, by rounding or by its equations:
    a line of fixed points, or the cell state of an LSTM that forgets nothing. One state of it is listed, once.

    `undecided` is 0 where the search is complete, so that no other point exists. Without `starts`, these searches are complete:

    - of scalar Elman networks;
    - of linear and rectified networks up to 16 units times `period`, by one linear system for each way in which units can be on;
    - of up to 6 tanh or sigmoid units or those of a GRU (3 for cycles), by interval arithmetic on the whole box.

    `undecided` counts the regions that could not be decided, as at a degenerate point. It is -1 where points come from starts: the
    more starts, the fewer points are missed. Of 540 random tanh networks of 4 to 6 units, 64 starts missed a point in 8; the search
    of the box missed one in none, in 8 ms each. Of 60 networks of 16 units and gains 1.5 to 4, `starts=None` missed a point that
    2048 starts found in 4, and 64 starts in 14.

    Examples
    --------
    >>> import rnnsim as rs
    >>> found = rs.fixed_points(rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5])))
    >>> found.point_count.values
    array([1, 3])
    >>> found.state.sel(w_rec=1.5).values[:3].round(3)
    array([-0.859,  0.   ,  0.859])
    """
    check_network(net)
    period, max_points, seed = whole("period", period), whole("max_points", max_points), whole("seed", seed, 0, SEED)
    tolerance, slow_points = number("tolerance", tolerance, above=0), flag("slow_points", slow_points)
    if slow_points and period > 1:
        raise ValueError(f"slow_points was given with a period of {period}; slow points need a period of 1")
    factored = [OVERLAP] if any(member.rank for member in net.members) else []
    maps = map_of(net, inputs, ("state", "cell_state", *factored, *FIXED_POINTS))
    given = check_starts(starts, maps)
    request = Request(period, given, tolerance, max_points, seed, slow_points)
    options: dict[str, Any] = {
        "period": period,
        "tolerance": tolerance,
        "max_points": max_points,
        "seed": seed,
        "slow_points": slow_points,
    }
    hashed = dict(maps.run.given)
    if isinstance(given, np.ndarray):
        hashed["starts"] = xr.DataArray(given, dims=(*maps.grid.sizes, "start", "unit")[-given.ndim :])
    else:
        options["starts"] = given
    coords = {"step": coordinate("step", np.arange(period, dtype=np.int32))}
    arrays = partial(computed, maps, request)
    return Plan("fixed_points", net, maps.grid, fields_of(maps, request), coords, hashed, options, arrays)


def fields_of(maps: Map, request: Request) -> dict[str, Field]:
    """The variables."""
    axes, steps = tuple(maps.grid.sizes), ("step",) if request.period > 1 else ()
    sizes = {**maps.grid.sizes, "point": request.max_points, "step": request.period, "mode": maps.size, **unit_sizes(maps)}

    def known(name: str, *dims: str, dtype: Any = np.float64) -> Field:
        return Field.of(name, (*axes, *dims), sizes, dtype, **(flags(FLAGS[name]) if name in FLAGS else {}))

    fields = {name: known(name, "point", *steps, *own) for name, own, _ in states_of(maps, "")}
    for name, rank, member, _ in overlaps_of(maps):
        fields[name] = Field.of(name, (*axes, "point", *steps, rank), {**sizes, rank: member.rank})
    fields["residual"] = known("residual", "point")
    fields |= {name: known(name, "point", "mode") for name in ("multiplier_real", "multiplier_imag")}
    fields["stability"] = known("stability", "point", dtype=np.int8)
    if request.slow_points:
        fields |= {name: known(name, "point", *own) for name, own, _ in states_of(maps, "slow_")}
        fields["slow_speed"] = known("slow_speed", "point")
    counts = {"point_count": np.int64, "truncated": np.int8, "undecided": np.int64}
    counts |= {"slow_point_count": np.int64} if request.slow_points else {}
    return fields | {name: known(name, dtype=dtype) for name, dtype in counts.items()}


def computed(maps: Map, request: Request) -> dict[str, np.ndarray]:
    """The variables over points."""
    found, slow = search_all(maps, request)
    arrays = {name: found.state[..., place] for name, _, place in states_of(maps, "")}
    for name, _, member, place in overlaps_of(maps):
        n = BlockOfSources(maps.sources, 0, maps.points).whole(member.factors[1], member.units, member.rank)
        arrays[name] = overlap(found.state[..., place], n)
    arrays |= {"residual": found.residual, "multiplier_real": found.real, "multiplier_imag": found.imag}
    arrays |= {"stability": found.stability, "point_count": found.number}
    arrays |= {"truncated": found.truncated, "undecided": found.undecided}
    if slow is not None:
        arrays |= {name: slow.state[..., place] for name, _, place in states_of(maps, "slow_")}
        arrays |= {"slow_speed": slow.speed, "slow_point_count": slow.number}
    return arrays


def states_of(maps: Map, before: str) -> list[tuple[str, tuple[str, ...], slice]]:
    """Variables that are states, with their dimensions and places in a state; of a stack's top layer without the layer's number."""
    found: list[tuple[str, tuple[str, ...], slice]] = []
    for one in maps.layer_states:
        suffix = "" if one.top else one.suffix
        found.append((f"{before}{one.name}{suffix}", () if maps.net.scalar else (f"unit{suffix}",), one.place))
    return found


def overlaps_of(maps: Map) -> list[tuple[str, str, Member, slice]]:
    """Overlaps of layers whose recurrent weights are of low rank and read a state: the variable, its dimension, the layer, and where that
    state stands."""
    found: list[tuple[str, str, Member, slice]] = []
    places = {one.suffix: one.place for one in reversed(maps.layer_states)}
    for member in (member for member in maps.members if member.rank and not member.cell.outputs):
        suffix = "" if member.top else member.suffix
        found.append((f"{OVERLAP}{suffix}", f"rank{suffix}", member, places[member.suffix]))
    return found


def overlap(state: np.ndarray, n: np.ndarray) -> np.ndarray:
    """nᵀ h / units of states (network, …, unit) and factors (network, unit, rank), summed in the order of the units."""
    found = np.zeros((*state.shape[:-1], n.shape[-1]))
    between = (1,) * (state.ndim - 2)
    for unit in range(n.shape[1]):
        found += state[..., unit, None] * n[:, unit].reshape(len(n), *between, -1)
    found /= n.shape[1]
    return found


def unit_sizes(maps: Map) -> dict[str, int]:
    """The sizes of the dimensions that states have, as `states_of` names them."""
    return {f"unit{'' if one.top else one.suffix}": one.units for one in maps.layer_states}
