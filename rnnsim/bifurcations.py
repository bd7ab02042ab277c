"""Bifurcations of the fixed points of a family along one of its axes."""

from typing import Any

import numba
import numpy as np
import xarray as xr

from rnnsim.along import Along, check_along
from rnnsim.arguments import check_whole
from rnnsim.families import Network
from rnnsim.kernels import blocks
from rnnsim.kernels.branches import Course, Path, Seeds, follow_all
from rnnsim.kernels.curves import TESTS, Room, corrected, sorted_eigenvalues
from rnnsim.kernels.lines import Line
from rnnsim.kernels.locating import BRANCHES as BRANCH_COUNT
from rnnsim.kernels.locating import COUNTS, INCOMPLETE, POINTS, TRUNCATED, UNLOCATED, Bracket, Found
from rnnsim.kernels.pointers import addresses
from rnnsim.kernels.special_points import Extended, refine
from rnnsim.maps import map_of
from rnnsim.provenance import attributes
from rnnsim.running import check_network
from rnnsim.starts import spread
from rnnsim.variables import BIFURCATIONS, BRANCHES, dataset

KINDS = ("none", "fold", "flip", "neimark_sacker", "branch_point")
PLACES, SEEDS, POSITIONS = 9, 128, 2048
GOLDEN = 0.618033988749895


def bifurcations(
    net: Network,
    along: str = "bias",
    max_points: int = 32,
    *,
    inputs: Any = 0.0,
    starts: int = 32,
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
        neighbouring values, so that a family that is linear along the axis is the same however many values there are. The other axes are the
        result's.
    max_points : how many special points of each network are kept.
    inputs : constant ones: a number for all, (input), a token before an embedding; or a DataArray with these and, if wanted, axes.
    starts : from how many states Newton's method looks for fixed points, at 9 places of the axis: the branches through these are followed.
    resolution : no step along a branch is longer than the axis divided by this, with states as they are.
    branches : whether to return the branches, too.

    Returns
    -------
    A Dataset over (axes…, point), points in order along the axis, nan behind the last: the axis's value under its own name, `kind` (flags:
    none, fold, flip, neimark_sacker, branch_point), `state` (and an LSTM's `cell_state`; `state_0` and so on in stacks), `residual`,
    `multiplier_real` and `multiplier_imag` over (…, mode), largest first. A pitchfork is one branch point: the fold of the branch that
    comes out of it is not told again. Over the axes: `point_count`; `truncated`: there were more points, or fixed points, than room;
    `unlocated`: changes of stability at which there is no such point, as at a kink of relu; `incomplete`: branches that could not be followed
    to an end; `branch_count`: pieces that were followed. With `branches`, over (axes…, branch, position): `branch_<axis>`, `branch_state`
    and `branch_unstable`, the number of multipliers outside the unit circle. Branches through none of the fixed points that were found are
    missed, and special points closer together than a step may be.

    Raises
    ------
    ValueError, TypeError : anything that does not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=0.0, w_rec=1.5, bias=rs.axis("bias", [-1.0, 1.0]))
    >>> folds = rs.bifurcations(net)
    >>> folds.bias.values[:2].round(12)
    array([-0.207546455322,  0.207546455322])
    """
    check_network(net)
    check_whole(max_points=max_points, starts=starts, resolution=resolution)
    if not isinstance(branches, bool):
        raise TypeError(f"branches was given as {branches!r}; it needs True or False")
    names = (*BIFURCATIONS, *(BRANCHES if branches else ()), *((f"branch_{along}",) if branches else ()))
    line = check_along(map_of(net, inputs, names), along)
    options = {"along": along, "max_points": max_points, "starts": starts, "resolution": resolution, "branches": branches}
    found = computed(line, max_points, starts, 2.0 / resolution, branches)
    attrs = attributes("bifurcations", net, line.maps.run.given, options)
    return named(line, found, attrs)


def computed(line: Along, most: int, starts: int, longest: float, branches: bool) -> dict[str, Any]:
    """The special points of every network (point, …), sorted, and its branches (a list a network)."""
    points, n = line.grid.points, line.maps.size
    found: dict[str, Any] = {
        "y": np.full((points, most, n + 1), np.nan),
        "kind": np.zeros((points, most), np.int8),
        "residual": np.full((points, most), np.nan),
        "real": np.full((points, most, n), np.nan),
        "imag": np.full((points, most, n), np.nan),
        "counts": np.zeros((points, COUNTS), np.int64),
    }
    courses: list[Any] = [[] for _ in range(points)]
    cube = spread(starts, n)
    of_point = line.values.size * line.maps.numbers
    pieces = blocks.blocks(points, max(1, blocks.BLOCK_STEPS // 256), of_point, 1)

    def work(next_piece: Any) -> None:
        rooms, seeds = rooms_of(n), seeds_of(cube)
        empty = with_kernels(line.line(), *rooms[:3])
        course = course_of(most if branches else 0, n)
        while (piece := next_piece()) is not None:
            lo, hi = piece
            numbers, box = line.block(lo, hi)
            for i in np.flatnonzero(np.isfinite(numbers).all(axis=(1, 2))) + lo:
                seeds.low[:], seeds.high[:] = box.low[i - lo].min(axis=0), box.high[i - lo].max(axis=0)
                seeds.starts[:] = box.center[i - lo].mean(axis=0) + box.scale[i - lo].max(axis=0) * cube
                seeds.count[:], seeds.visited[:], course.length[:] = 0, False, 0
                of_one = Found(*(found[name][i] for name in Found._fields))
                follow_all(line.on(empty, numbers[i - lo]), *rooms, seeds, of_one, course, longest)
                sort(of_one)
                lengths = [(b, length) for b, length in enumerate(course.length) if length]
                courses[i] = [(course.y[b, :length].copy(), course.unstable[b, :length].copy()) for b, length in lengths]

    blocks.run(work, pieces)
    return {**found, "courses": courses} if branches else found


def rooms_of(n: int) -> tuple[Room, Extended, Bracket, Path]:
    """Scratch for one thread."""

    def square(size: int) -> np.ndarray:
        return np.zeros((size, size))

    def vectors(count: int, size: int, dtype: Any = float) -> list[np.ndarray]:
        return [np.zeros(size, dtype) for _ in range(count)]

    def pivots(size: int) -> np.ndarray:
        return np.zeros(size, np.int64)

    room = Room(
        square(n),
        square(n),
        *vectors(3, n),
        square(n + 1),
        np.zeros((n + 1, 2)),
        pivots(n + 1),
        *vectors(2, n),
        *vectors(1, n + 1),
        np.ones(2),
    )
    systems = (np.zeros((n + 1, n + 1), complex), np.zeros((n + 1, 2), complex), square(n + 2), np.zeros((n + 2, 1)), pivots(n + 2))
    matrices = [square(n) for _ in range(6)]
    extended = Extended(*matrices, *systems, *vectors(5, n), *vectors(1, n + 1), *vectors(5, n, complex))
    bracket = Bracket(*vectors(5, n + 1), *vectors(1, TESTS), *vectors(1, n + 2))
    path = Path(*vectors(4, n + 1), *vectors(2, TESTS), *vectors(6, n + 1))
    path.axis[n] = 1.0
    return room, extended, bracket, path


def with_kernels(line: Line, room: Room, extended: Extended, bracket: Bracket) -> Line:
    """A line with the kernels that are called from several places."""
    eigen = room.A, room.real, room.imag, room.vector
    newton, correction = (line, extended, bracket.z, bracket.tests), (line, room, 0, bracket.low, bracket.low, bracket.low, 0.0)
    calls = {sorted_eigenvalues: eigen, refine: newton, corrected: correction}
    found = [addresses([kernel], tuple(map(numba.typeof, given))) for kernel, given in calls.items()]
    return line._replace(others=sum(found, []) if isinstance(found[0], list) else np.concatenate(found))


def seeds_of(starts: np.ndarray) -> Seeds:
    """Room for seeds, at places of the axis that are no likely ones of special points."""
    places = 2.0 * (np.arange(PLACES) + GOLDEN) / PLACES - 1.0
    states = np.zeros((PLACES, SEEDS, starts.shape[1]))
    return Seeds(
        places,
        starts.copy(),
        *np.zeros((2, starts.shape[1])),
        states,
        np.zeros(PLACES, np.int64),
        np.zeros((PLACES, SEEDS), np.bool_),
    )


def course_of(branches: int, n: int) -> Course:
    """Room for branches."""
    y, unstable = np.zeros((branches, POSITIONS, n + 1)), np.zeros((branches, POSITIONS), np.int64)
    return Course(y, unstable, np.zeros(branches, np.int64))


def sort(found: Found) -> None:
    """Put the points of one network in order: along the axis, then by kind and state."""
    count = found.counts[POINTS]
    states = found.y[:count, :-1].round(6).T[::-1]
    order = np.lexsort((*states, found.kind[:count], found.y[:count, -1].round(9)))
    for array in found[:-1]:
        array[:count] = array[:count][order]


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
    places = {line.name: (("point",), y[..., -1], "")}
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
