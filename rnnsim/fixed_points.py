"""Where the networks of a family rest: their fixed points and cycles."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.arguments import check_whole
from rnnsim.families import Network
from rnnsim.kernels.cycles import Listed
from rnnsim.maps import Map, map_of
from rnnsim.provenance import attributes
from rnnsim.running import check_network
from rnnsim.searches import search_all
from rnnsim.starts import check_starts
from rnnsim.variables import FIXED_POINTS, dataset

FLAGS = {
    "stability": {0: "stable", 1: "saddle", 2: "unstable", 3: "marginal"},
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
) -> xr.Dataset:
    """Find the fixed points, or the cycles of a period, of every network of a family with constant inputs.

    Parameters
    ----------
    net : the family.
    inputs : a number for all inputs, (input) of them, or a DataArray with axes; a whole number, a token, before an embedding.
    period : 1 for fixed points; k for orbits that close after k steps, and not earlier.
    starts : None: a usual number of them; how many states to search from, some spread over the box of possible states, some taken from
        orbits that begin there; or (start, unit) states (of stacks and LSTMs perhaps with all states: layers bottom first, h before c).
    tolerance : the residual up to which a point is one: the largest |F(s) - s| of its states, divided by the largest |s| beyond 1.
    max_points : places for points, at most.
    seed : a whole number, of the starts.

    Returns
    -------
    A Dataset over (axes…, point), points in order of their states, nan where there are fewer: `state` (of an LSTM also `cell_state`, in
    a stack also `state_0` …) over `unit`, and for cycles first over `step` 0…period-1; `residual`; `multiplier_real` and
    `multiplier_imag`, the eigenvalues over `mode` of the Jacobian, of cycles that of the whole period, largest modulus first; `stability`
    (flags; marginal: a multiplier within 1e-6 of the unit circle, where points that rounding cannot tell apart are one); and
    over the axes `point_count`, `truncated` and `undecided`.

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
    check_whole(period=period, max_points=max_points)
    check_whole(0, seed=seed)
    check_tolerance(tolerance)
    maps = map_of(net, inputs, ("state", *FIXED_POINTS))
    given = check_starts(starts, maps)
    found = search_all(maps, period, given, tolerance, max_points, seed)
    options: dict[str, Any] = {"period": period, "tolerance": float(tolerance), "max_points": max_points, "seed": seed}
    hashed = dict(maps.run.given)
    if given is None or isinstance(given, int):
        options["starts"] = given
    else:
        hashed["starts"] = xr.DataArray(given, dims=("start", "unit"))
    return name_points(maps, found, period, attributes("fixed_points", net, hashed, options))


def check_tolerance(tolerance: Any) -> None:
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float | np.number) or not 0 < tolerance < np.inf:
        raise ValueError(f"tolerance was given as {tolerance!r}; it needs a number above 0")


def name_points(maps: Map, found: Listed, period: int, attrs: dict[str, str]) -> xr.Dataset:
    """Give the results over points their names."""
    axes, scalar = tuple(maps.grid.sizes), maps.net.scalar
    steps = ("step",) if period > 1 else ()
    arrays: dict[str, tuple[tuple[str, ...], Any]] = {}
    for part in maps.parts:
        name = part.names()[-1]
        own = () if scalar else (f"unit{part.suffix}" if name.endswith(part.suffix) and not part.top else "unit",)
        arrays[name] = (*axes, "point", *steps, *own), found.state[..., part.place]
    arrays["residual"] = (*axes, "point"), found.residual
    arrays["multiplier_real"] = (*axes, "point", "mode"), found.real
    arrays["multiplier_imag"] = (*axes, "point", "mode"), found.imag
    arrays["stability"] = (*axes, "point"), found.stability
    for name, values in (("point_count", found.count), ("truncated", found.truncated), ("undecided", found.undecided)):
        arrays[name] = axes, values
    sizes = {**maps.grid.sizes, "point": found.residual.shape[1], "step": period, "mode": maps.size}
    shaped = {
        name: (dims, values.reshape([sizes[dim] if dim in sizes else values.shape[-1] for dim in dims]))
        for name, (dims, values) in arrays.items()
    }
    coords = {"step": ("step", np.arange(period, dtype=np.int32), {"long_name": "step", "units": "1"})}
    ds = dataset(maps.grid, shaped, coords, attrs)
    for name, meanings in FLAGS.items():
        values = np.array(list(meanings), np.int8)
        ds[name].attrs |= {"flag_values": values, "flag_meanings": " ".join(meanings.values())}
    return ds
