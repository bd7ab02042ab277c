"""Bifurcations of the fixed points of a family along one of its axes."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import flag, whole, whole_or_none
from rnnsim.families.network import Network
from rnnsim.families.variables import BIFURCATIONS, BRANCHES, dataset
from rnnsim.kernels.continuation.detection import BRANCHES as BRANCH_COUNT
from rnnsim.kernels.continuation.detection import INCOMPLETE, POINTS, TRUNCATED, UNLOCATED
from rnnsim.runs.provenance import attributes
from rnnsim.runs.run import check_network
from rnnsim.verbs.engines.autonomous_maps import map_of
from rnnsim.verbs.equilibria.continuation_engine import computed
from rnnsim.verbs.equilibria.parameter_lines import Along, check_along

KINDS = ("none", "fold", "flip", "neimark_sacker", "branch_point")


def bifurcations(
    net: Network,
    along: str = "bias",
    max_points: int = 32,
    *,
    inputs: Any = 0.0,
    starts: int | None = None,
    resolution: int = 64,
    branches: bool = False,
) -> xr.Dataset:
    """Where fixed points of the map h[k] = F(h[k-1]) change along one axis of a family: folds (a multiplier is 1), flips (-1),
    Neimark–Sacker points (a pair exp ±iθ), and branch points (1, where branches cross, as at a pitchfork), each located to rounding by
    Newton's method on an extended system (Govaerts 2000, Kuznetsov 2004), on branches that are followed through folds by pseudo-arclength.

    Parameters
    ----------
    net : the family.
    along : the axis that is moved along; its values are numbers that increase or decrease. Parameters over it are linear between
        neighbouring values: a family that is linear along the axis is the same however many values there are. The other axes are those
        of the result.
    max_points : how many special points of each network are kept.
    inputs : constant ones: a number for all, (input), a token before an embedding; or a DataArray with these and, if wanted, axes.
    starts : how fixed points are looked for at 11 places of the axis, both ends among them: as in `fixed_points`, by its complete searches
        where there are some (None), or from how many states. The branches through these points are followed.
    resolution : no step along a branch is longer than the axis divided by this, with states as they are.
    branches : whether to return the branches, too, as long as the longest is found to be (so that `rs.sweep` can't have them).

    Returns
    -------
    A Dataset over (axes…, point), points in order along the axis, nan behind the last: the axis's value under its own name, `kind` (flags:
    none, fold, flip, neimark_sacker, branch_point), `state` (and an LSTM's `cell_state`; `state_0` and so on in stacks), `residual`,
    `multiplier_real` and `multiplier_imag` over (…, mode), largest first. A pitchfork is one branch point: the branch that turns round
    there is not told as a fold again. Over the axes: `point_count`; `truncated`: there were more points, or fixed points, than room;
    `unlocated`: changes of stability at which there is no such point, as at a kink of relu; `incomplete`: branches that could not be
    followed to an end; `branch_count`: how many were followed; `undecided`. With `branches`, over (axes…, branch, position):
    `branch_<axis>`, `branch_state` and `branch_unstable`, the number of multipliers outside the unit circle.

    `undecided` is 0 where the fixed points at all places of the search are proved to be all there are, each is on a branch that was
    followed, and each change of their number from place to place has its special points. It counts what is not: regions of states that
    could not be decided at a place (see `fixed_points`), points of branches that the list of a place lacks, and changes without a special
    point, as where a fixed point comes from infinity or ends at a kink; it is -1 where points come from starts, which may miss some. Even
    at 0 a branch that closes between two places, and so passes none, may be missed: it is looked for from 64 points. So may two special
    points that undo each other within one step.

    Raises
    ------
    ValueError, TypeError : anything that does not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=0.0, w_rec=1.5, bias=rs.axis("bias", [-1.0, 1.0]))
    >>> folds = rs.bifurcations(net)
    >>> folds.bias.values[:2].round(12).tolist()
    [-0.207546455322, 0.207546455322]
    """
    check_network(net)
    max_points, starts = whole("max_points", max_points), whole_or_none("starts", starts)
    resolution, branches = whole("resolution", resolution), flag("branches", branches)
    names = (*BIFURCATIONS, *(BRANCHES if branches else ()), *((f"branch_{along}",) if branches else ()))
    line = check_along(map_of(net, inputs, names), along)
    options = {"along": along, "max_points": max_points, "starts": starts, "resolution": resolution, "branches": branches}
    attrs = attributes("bifurcations", net, line.maps.run.given, options)
    return named(line, computed(line, max_points, starts, 2.0 / resolution, branches), attrs)


def named(line: Along, found: dict[str, Any], attrs: dict[str, str]) -> xr.Dataset:
    """The results with their names."""
    axes, shape = tuple(line.grid.sizes), line.grid.shape
    y, counts = found["y"], found["counts"]

    def over_axes(values: np.ndarray) -> np.ndarray:
        return values.reshape((*shape, *values.shape[1:]))

    own: dict[str, tuple[tuple[str, ...], np.ndarray]] = {"kind": (("point",), found["kind"])}
    own |= states_of(line, y, "", ("point",))
    own["residual"] = ("point",), found["residual"]
    own |= {f"multiplier_{name}": (("point", "mode"), found[name]) for name in ("real", "imag")}
    of_counts = {"point_count": POINTS, "unlocated": UNLOCATED, "incomplete": INCOMPLETE, "branch_count": BRANCH_COUNT}
    own |= {name: ((), counts[:, place].astype(np.int32)) for name, place in of_counts.items()}
    own["truncated"] = (), counts[:, TRUNCATED] > 0
    own["undecided"] = (), found["undecided"].astype(np.int32)
    places: dict[str, Any] = {line.name: (("point",), y[..., -1], "")}
    if "courses" in found:
        y, unstable = stacked(found["courses"], line.maps.size)
        own |= states_of(line, y, "branch_", ("branch", "position"))
        own["branch_unstable"] = ("branch", "position"), unstable
        places[f"branch_{line.name}"] = ("branch", "position"), y[..., -1], " on the branch"
    ds = dataset(line.grid, {name: (axes + dims, over_axes(values)) for name, (dims, values) in own.items()}, {}, attrs)
    for name in BIFURCATIONS.keys() & ds.keys():
        ds[name].attrs["long_name"] = BIFURCATIONS[name].long_name
    ds["kind"].attrs |= {"flag_values": np.arange(len(KINDS), dtype=np.int8), "flag_meanings": " ".join(KINDS)}
    of_axis = {}
    for name, (dims, q, where) in places.items():
        label = {**line.label, "long_name": f"{line.label['long_name']}{where}"}
        of_axis[name] = xr.Variable(axes + dims, over_axes(line.value_at(q)), label)
    return xr.Dataset({**of_axis, **ds.data_vars}, ds.coords, attrs)


def states_of(line: Along, y: np.ndarray, prefix: str, dims: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """The states of all layers by their names."""
    found = {}
    for part in line.maps.parts:
        for name in part.names():
            suffix = name.removeprefix(part.name)
            values = y[..., part.at] if line.maps.net.scalar else y[..., part.place]
            found[f"{prefix}{name}"] = (*dims, *(() if line.maps.net.scalar else (f"unit{suffix}",))), values
    return found


def stacked(courses: list[Any], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Branches of all networks (point, branch, position, …), nan and -1 behind their ends."""
    branches = max(map(len, courses), default=0)
    positions = max((len(y) for of_one in courses for y, _ in of_one), default=0)
    y = np.full((len(courses), branches, positions, n + 1), np.nan)
    unstable = np.full((len(courses), branches, positions), -1, np.int32)
    for i, of_one in enumerate(courses):
        for b, (points, counts) in enumerate(of_one):
            y[i, b, : len(points)], unstable[i, b, : len(points)] = points, counts
    return y, unstable
