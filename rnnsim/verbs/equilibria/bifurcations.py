"""Bifurcations of the fixed points of a family along one of its axes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from rnnsim.checks.annotations import Flag, Numbers, Whole
from rnnsim.checks.arguments import flag, whole, whole_or_none
from rnnsim.families.network import Network
from rnnsim.families.result_variables import BIFURCATIONS, BRANCHES
from rnnsim.kernels.continuation.detection import BRANCHES as BRANCH_COUNT
from rnnsim.kernels.continuation.detection import INCOMPLETE, POINTS, TRUNCATED, UNLOCATED
from rnnsim.runs.plan import Field, Plan, flags, planned
from rnnsim.runs.run import check_network
from rnnsim.verbs.engines.autonomous_maps import map_of
from rnnsim.verbs.equilibria.continuation_engine import computed
from rnnsim.verbs.equilibria.parameter_lines import Along, check_along

OF_COUNTS = {"point_count": POINTS, "unlocated": UNLOCATED, "incomplete": INCOMPLETE, "branch_count": BRANCH_COUNT}
KINDS = ("none", "fold", "flip", "neimark_sacker", "branch_point")


@planned
def bifurcations(
    net: Network,
    along: str = "bias",
    max_points: Whole = 32,
    *,
    inputs: Numbers | None = 0.0,
    starts: Whole | None = None,
    resolution: Whole = 64,
    branches: Flag = False,
) -> Plan:
    """Find where the fixed points of the map h[k] = F(h[k-1]) change along one axis of a family.

    The special points are folds (a multiplier is 1), flips (a multiplier is -1), Neimark–Sacker points (a pair of multipliers is
    exp ±iθ), and branch points (a multiplier is 1 where branches cross, as at a pitchfork). Each is located to rounding by Newton's
    method on an extended system [1]_ [2]_, on branches that are followed through folds by pseudo-arclength continuation.

    Parameters
    ----------
    net : Network
        The family.
    along : str, default "bias"
        The axis that is moved along; its values are numbers that increase or decrease. Parameters over it are linear between
        neighbouring values, so that a family that is linear along the axis is the same however many values there are. The other
        axes are those of the result.
    max_points : int, default 32
        How many special points of each network are kept.
    inputs : array_like or DataArray, default 0.0
        Constant inputs: one number for all, an array (input) of them, or a token for a stack with an embedding; or a DataArray with
        these and, if wanted, axes.
    starts : int, optional
        From how many states fixed points are looked for, as in `fixed_points`, at 11 places of the axis, both ends among them. By
        default they are found by the complete searches of `fixed_points` where there are such. The branches through these points
        are followed.
    resolution : int, default 64
        No step along a branch is longer than the axis divided by this, where the axis counts as 2 long, and states count as they
        are.
    branches : bool, default False
        Whether to return the branches as well. They are as long as the longest turns out to be, so that `rs.sweep` cannot have
        them.

    Returns
    -------
    Dataset
        The special points over (axes…, point), in order along the axis, nan behind the last.

        - The value of the axis, under its own name.
        - `kind`, a flag: none, fold, flip, neimark_sacker or branch_point. A pitchfork is one branch point; the branch that turns
          round there is not told as a fold again.
        - `state`, of an LSTM `cell_state` as well, and `state_0` and so on in stacks.
        - `residual`.
        - `multiplier_real` and `multiplier_imag` over (…, mode), the largest first.

        Over the axes:

        - `point_count`, the number of special points.
        - `truncated`: there were more points, or fixed points, than room.
        - `unlocated`: the changes of stability at which there is no such point, as at a kink of relu.
        - `incomplete`: the branches that could not be followed to an end.
        - `branch_count`: the branches that were followed.
        - `undecided`, which the notes explain.

        With `branches`, over (axes…, branch, position): `branch_<axis>`, `branch_state` and `branch_unstable`, the number of
        multipliers outside the unit circle.

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
    rnnsim.fixed_points : The fixed points of each network.
    rnnsim.orbit_diagram : Where states are in the long run along an axis.

    Notes
    -----
    `undecided` is 0 where three things are so: the fixed points at all places of the search are proved to be all there are, each is
    on a branch that was followed, and each change of their number from place to place has its special points. It counts what is not
    so: regions of states that could not be decided at a place (see `fixed_points`), points of branches that the list of a place
    lacks, and changes without a special point, as where a fixed point comes from infinity or ends at a kink. It is -1 where points
    come from starts, which may miss some.

    Even at 0, a branch that closes between two places, and so passes none, may be missed; it is looked for from 64 points. So may
    two special points that undo each other within one step.

    References
    ----------
    .. [1] W. Govaerts, Numerical methods for bifurcations of dynamical equilibria, SIAM, 2000.
    .. [2] Y. A. Kuznetsov, Elements of applied bifurcation theory, Springer, 2004.

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
    fields, arrays = fields_of(line, max_points, branches), partial(results, line, max_points, starts, 2.0 / resolution, branches)
    return Plan("bifurcations", net, line.grid, fields, {}, line.maps.run.given, options, arrays, frozenset({along}))


def fields_of(line: Along, max_points: int, branches: bool) -> dict[str, Field]:
    """The variables; how many branches there are and how long, only computing tells."""
    axes = tuple(line.grid.sizes)
    sizes = {**line.grid.sizes, "point": max_points, "mode": line.maps.size, **unit_sizes(line), "branch": None, "position": None}

    def of_axis(where: str, *dims: str) -> Field:
        label = {**line.label, "long_name": f"{line.label['long_name']}{where}"}
        return Field.of(line.name, (*axes, *dims), sizes, **label)

    def known(name: str, *dims: str, dtype: Any = float, **attrs: Any) -> Field:
        long_name = {"long_name": BIFURCATIONS[name].long_name} if name in BIFURCATIONS else {}
        return Field.of(name, (*axes, *dims), sizes, dtype, **long_name, **attrs)

    fields = {line.name: of_axis("", "point")}
    if branches:
        fields[f"branch_{line.name}"] = of_axis(" on the branch", "branch", "position")
    fields["kind"] = known("kind", "point", dtype=np.int8, **flags(KINDS))
    fields |= {name: known(name, "point", *own) for name, own, _ in states_of(line, "")}
    fields["residual"] = known("residual", "point")
    fields |= {name: known(name, "point", "mode") for name in ("multiplier_real", "multiplier_imag")}
    fields |= {name: known(name, dtype=np.int32) for name in OF_COUNTS}
    fields |= {"truncated": known("truncated", dtype=bool), "undecided": known("undecided", dtype=np.int32)}
    if branches:
        fields |= {name: known(name, "branch", "position", *own) for name, own, _ in states_of(line, "branch_")}
        fields["branch_unstable"] = known("branch_unstable", "branch", "position", dtype=np.int32)
    return fields


def results(line: Along, max_points: int, starts: int | None, longest: float, branches: bool) -> dict[str, np.ndarray]:
    """The variables over points, or over the axes where sizes were not known."""
    found = computed(line, max_points, starts, longest, branches)
    y, counts = found["y"], found["counts"]
    arrays = {line.name: line.value_at(y[..., -1]), "kind": found["kind"], "residual": found["residual"]}
    arrays |= {name: y[..., place] for name, _, place in states_of(line, "")}
    arrays |= {f"multiplier_{name}": found[name] for name in ("real", "imag")}
    arrays |= {name: counts[:, place].astype(np.int32) for name, place in OF_COUNTS.items()}
    arrays |= {"truncated": counts[:, TRUNCATED] > 0, "undecided": found["undecided"].astype(np.int32)}
    if branches:
        y, unstable = stacked(found["curves"], line.maps.size)
        of_branches = {f"branch_{line.name}": line.value_at(y[..., -1]), "branch_unstable": unstable}
        of_branches |= {name: y[..., place] for name, _, place in states_of(line, "branch_")}
        arrays |= {name: values.reshape((*line.grid.shape, *values.shape[1:])) for name, values in of_branches.items()}
    return arrays


def states_of(line: Along, prefix: str) -> list[tuple[str, tuple[str, ...], Any]]:
    """The states of all layers by their names, with their dimensions and places in a state."""
    found: list[tuple[str, tuple[str, ...], Any]] = []
    for one in line.maps.layer_states:
        for name in one.names():
            suffix = name.removeprefix(one.name)
            dims = () if line.maps.net.scalar else (f"unit{suffix}",)
            found.append((f"{prefix}{name}", dims, one.at if line.maps.net.scalar else one.place))
    return found


def unit_sizes(line: Along) -> dict[str, int]:
    """The sizes of the dimensions that states have, as `states_of` names them."""
    return {f"unit{name.removeprefix(one.name)}": one.units for one in line.maps.layer_states for name in one.names()}


def stacked(curves: list[Any], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Branches of all networks (point, branch, position, …), nan and -1 behind their ends."""
    branches = max(map(len, curves), default=0)
    positions = max((len(y) for of_one in curves for y, _ in of_one), default=0)
    y = np.full((len(curves), branches, positions, n + 1), np.nan)
    unstable = np.full((len(curves), branches, positions), -1, np.int32)
    for i, of_one in enumerate(curves):
        for b, (points, counts) in enumerate(of_one):
            y[i, b, : len(points)], unstable[i, b, : len(points)] = points, counts
    return y, unstable
