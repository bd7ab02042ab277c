"""Where the networks of a family rest: their fixed points and cycles."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import SEED, flag, number, whole
from rnnsim.families.network import Network
from rnnsim.families.variables import FIXED_POINTS, dataset
from rnnsim.kernels.fixed_points.cycle_list import Listed
from rnnsim.kernels.fixed_points.slow_points import Slow
from rnnsim.runs.provenance import attributes
from rnnsim.runs.run import check_network
from rnnsim.verbs.engines.autonomous_maps import Map, map_of
from rnnsim.verbs.equilibria.fixed_point_engine import Wish, search_all
from rnnsim.verbs.equilibria.search_starts import check_starts

FLAGS = {
    "stability": {0: "stable", 1: "saddle", 2: "unstable", 3: "marginal", 4: "plateau"},
    "truncated": {0: "no", 1: "yes"},
}


def fixed_points(
    net: Network,
    inputs: Any = 0.0,
    *,
    period: int = 1,
    starts: Any = None,
    tolerance: float = 1e-12,
    max_points: int = 32,
    seed: int = 0,
    slow_points: bool = False,
) -> xr.Dataset:
    """Find the fixed points, or the cycles of a period, of every network of a family with constant inputs.

    Parameters
    ----------
    net : the family.
    inputs : a number for all inputs, (input) of them, or a DataArray with axes; a whole number, a token, before an embedding.
    period : 1 for fixed points; k for orbits that close after k steps, and not earlier.
    starts : how many states to search from, some spread over the box of possible states, some taken from orbits that begin there; None: 64,
        and more until three quarters of them have found nothing new, up to 1024; or (start, unit) states (of stacks and LSTMs perhaps with
        all states: layers bottom first, h before c); a DataArray over `unit` may have axes of the family, and other dimensions such as
        `sample` and `step`, all of which are starts.
    tolerance : the residual up to which a point is one: the largest |F(s) - s| of its states, divided by the largest |s| beyond 1.
        Where it is more than rounding makes, Newton's next step has to be below 1e-4, too.
    max_points : places for points, at most.
    seed : a whole number, of the starts.
    slow_points : whether to look for slow points too, from the starts: local minima of the speed |F(s) - s| that are not 0.

    Returns
    -------
    A Dataset over (axes…, point), points in order of their states, nan where there are fewer: `state` (of an LSTM also `cell_state`, in
    a stack also `state_0` …) over `unit`, and for cycles first over `step` 0…period-1; `residual`; `multiplier_real` and
    `multiplier_imag`, the eigenvalues over `mode` of the Jacobian, of cycles that of the whole period, largest modulus first; `stability`
    (flags; marginal: a multiplier within 1e-6 of the unit circle, where points that rounding cannot tell apart are one; plateau: a marginal
    point beside which, 1e-3 away, states rest as well, up to rounding); and over the axes `point_count`, `truncated` (there are more)
    and `undecided`.

    What keeps a state (1 - leak, z of a GRU) moves no fixed point and is left out of the search, so that points are as exact where it
    keeps nearly all. Of a plateau on which rounding or the equations leave no single point (a line of fixed points; the cell state of
    an LSTM that forgets nothing) one state is listed, once.

    `undecided` is 0 where the search is complete, so that no other point exists: without `starts`, of scalar Elman networks; of linear and
    rectified ones, up to 16 units times `period`, one linear system for each way in which units can be on; of up to 6 tanh or sigmoid
    units or a GRU's (3 for cycles), by interval arithmetic on the whole box. It counts the regions that could not be decided, as at a
    degenerate point, and is -1 where points come from starts: the more starts, the fewer are missed. (Of 540 random tanh networks of 4 to
    6 units, 64 starts missed a point in 8; the search of the box in none, in 8 ms each. Of 60 of 16 units and gains 1.5 to 4, `starts=None`
    missed a point that 2048 starts found in 4, 64 starts in 14.) With `slow_points` there are `slow_state` …,
    `slow_speed` over `point` and `slow_point_count`, of other points.

    Raises
    ------
    ValueError, TypeError : anything that does not fit, before anything is computed.

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
    maps = map_of(net, inputs, ("state", "cell_state", *FIXED_POINTS))
    given = check_starts(starts, maps)
    wish = Wish(period, given, tolerance, max_points, seed, slow_points)
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
    attrs = attributes("fixed_points", net, hashed, options)
    return name_points(maps, wish, *search_all(maps, wish), attrs)


def name_points(maps: Map, wish: Wish, found: Listed, slow: Slow | None, attrs: dict[str, str]) -> xr.Dataset:
    """Give the results over points their names."""
    steps = ("step",) if wish.period > 1 else ()
    named: dict[str, tuple[tuple[str, ...], Any]] = {
        **{name: ((*steps, *own), found.state[..., place]) for name, own, place in states_of(maps, "")},
        "residual": ((), found.residual),
        "multiplier_real": (("mode",), found.real),
        "multiplier_imag": (("mode",), found.imag),
        "stability": ((), found.stability),
    }
    if slow is not None:
        named |= {name: (own, slow.state[..., place]) for name, own, place in states_of(maps, "slow_")}
        named["slow_speed"] = (), slow.speed
    axes = tuple(maps.grid.sizes)
    arrays = {name: ((*axes, "point", *own), values) for name, (own, values) in named.items()}
    counts = {"point_count": found.number, "truncated": found.truncated, "undecided": found.undecided}
    counts |= {} if slow is None else {"slow_point_count": slow.number}
    arrays |= {name: (axes, values) for name, values in counts.items()}
    sizes = {**maps.grid.sizes, "point": wish.max_points, "step": wish.period, "mode": maps.size}
    shaped = {
        name: (dims, values.reshape([sizes.get(dim, values.shape[-1]) for dim in dims])) for name, (dims, values) in arrays.items()
    }
    coords = {"step": ("step", np.arange(wish.period, dtype=np.int32), {"long_name": "step", "units": "1"})}
    ds = dataset(maps.grid, shaped, coords, attrs)
    for name, meanings in FLAGS.items():
        values = np.array(list(meanings), np.int8)
        ds[name].attrs |= {"flag_values": values, "flag_meanings": " ".join(meanings.values())}
    return ds


def states_of(maps: Map, before: str) -> list[tuple[str, tuple[str, ...], slice]]:
    """Variables that are states, with their dimensions and places in a state; of a stack's top layer without the layer's number."""
    found: list[tuple[str, tuple[str, ...], slice]] = []
    for part in maps.parts:
        suffix = "" if part.top else part.suffix
        found.append((f"{before}{part.name}{suffix}", () if maps.net.scalar else (f"unit{suffix}",), part.place))
    return found
