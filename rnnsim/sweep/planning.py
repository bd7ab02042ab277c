"""What a sweep takes: its result by the plan of the verb, or by one point of it, and the time by a block."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Any

import xarray as xr
from numba.core import event

from rnnsim.checks.fresh_trials import FreshTrials
from rnnsim.checks.inputs_and_targets import parted
from rnnsim.checks.memory_limits import MOST_OF_MEMORY, as_bytes, check_memory, free_memory
from rnnsim.checks.showing import shown
from rnnsim.numerics.parallel import thread_count
from rnnsim.runs.plan import Field, Plan
from rnnsim.runs.provenance import fingerprint
from rnnsim.runs.run import check_inputs_of
from rnnsim.sweep.call import Call
from rnnsim.sweep.chunking import Layout, Result, block_shape, layout

BLOCK_SECONDS = 0.5
ENOUGH_SECONDS = 0.06  # to time a block by
FASTER = 8
TIMED_BYTES = 1 << 23  # of a block that is timed, at most


@dataclass(frozen=True, repr=False)
class SweepPlan:
    """What a sweep would take, shown as a table.

    Attributes
    ----------
    axes : dict of str to int
        The number of values of each axis.
    points : int
        The number of points.
    steps : int or None
        The steps of each point, or None if there are none.
    variables : dict of str to int
        The bytes of each variable.
    block : dict of str to int
        How many values of each axis a block has.
    blocks : int
        The number of blocks.
    seconds : float
        The time, estimated from one block.
    verb : str
        The name of the verb.
    """

    axes: dict[str, int]
    points: int
    steps: int | None
    variables: dict[str, int]
    block: dict[str, int]
    blocks: int
    seconds: float
    verb: str = field(default="")

    @property
    def nbytes(self) -> int:
        """The bytes of the result."""
        return sum(self.variables.values())

    def __repr__(self) -> str:
        rows = {
            "verb": self.verb,
            "points": f"{self.points}{product(self.axes)}",
            "steps": "–" if self.steps is None else str(self.steps),
            **{name: as_bytes(size) for name, size in self.variables.items()},
            "result": as_bytes(self.nbytes),
            "blocks": f"{self.blocks}{product(self.block)}",
            "time": as_time(self.seconds),
        }
        width = max(map(len, rows))
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())


def product(sizes: dict[str, int]) -> str:
    """Sizes by name, in brackets."""
    return f" ({' × '.join(f'{name} {size}' for name, size in sizes.items())})" if sizes else ""


def as_time(seconds: float) -> str:
    """A time as it is shown."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"about {seconds / length:.2g} {unit}"
    return f"about {seconds:.2g} s"


@dataclass(frozen=True)
class Survey:
    """A call, what it returns, and the seconds that a point takes."""

    call: Call
    result: Result
    seconds_a_point: float

    def layout(self, memory: Any, share: float = 1.0) -> Layout:
        """Blocks of at most so much memory, and of half a second on a share of the processors."""
        most, needed = check_memory(memory), self.result.bytes_a_point
        if memory is not None and needed > most:
            raise ValueError(f"memory was given as {shown(memory)}, but one point takes {as_bytes(needed)}; it needs that at least")
        points = min(most / max(needed, 1), share * BLOCK_SECONDS / self.seconds_a_point)
        return layout(self.result, max(1, int(points)))

    def plan(self, memory: Any) -> SweepPlan:
        """The survey as users see it."""
        planned = self.layout(memory)
        return SweepPlan(
            planned.axes,
            planned.points,
            steps_of(self.call),
            {name: f.nbytes for name, f in planned.fields.items()},
            planned.block,
            prod(planned.blocks),
            self.seconds_a_point * planned.points,
            getattr(self.call.verb, "__name__", "verb"),
        )


def survey(call: Call, memory: Any) -> Survey:
    """Check the whole call, and time a block."""
    most = check_memory(memory)
    result = result_of(call)
    points = max(1, min(prod(result.axes.values()), min(most, TIMED_BYTES) // max(result.bytes_a_point, 1)))
    return Survey(call, result, timed(call, result.axes, points))


def result_of(call: Call) -> Result:
    """What a call returns, as the verb plans it or as one point of it is."""
    check_patience(call)
    plan = call.plan
    kept = {value for value in call.given.values() if isinstance(value, str)} | (plan.whole if plan else set())
    axes = {axis: size for axis, size in call.grid.sizes.items() if axis not in kept}
    check_whole_axes({axis: size for axis, size in call.grid.sizes.items() if axis in kept})
    return by_probe(call, axes) if plan is None else by_plan(call, axes, plan)


def by_plan(call: Call, axes: dict[str, int], plan: Plan) -> Result:
    """What a verb of the package's own returns. Axes that it does not have stay whole."""
    axes = {axis: size for axis, size in axes.items() if any(axis in one.dims for one in plan.fields.values())}
    for name, one in plan.fields.items():
        if None in one.shape:
            dims = [dim for dim, size in zip(one.dims, one.shape, strict=True) if size is None]
            raise ValueError(f"{name} is as long as it turns out to be along {', '.join(dims)}; a sweep needs sizes known before")
    fixed = {str(name): variable for name, variable in xr.Dataset(coords=plan.used_coords).variables.items() if name not in axes}
    return Result(axes, plan.fields, fixed | coordinates(call, axes), plan.attrs)


def by_probe(call: Call, axes: dict[str, int]) -> Result:
    """What a user's function returns, by its result at the first point of the axes. What an axis vanishes from stays whole."""
    while True:
        probe = call.block(dict.fromkeys(axes, slice(0, 1))).run()
        lost = [axis for axis in axes if not any(axis in v.dims for v in probe.data_vars.values())]
        if not lost:
            break
        axes = {axis: size for axis, size in axes.items() if axis not in lost}
    probe = with_all_epochs(call, probe)
    fields = {
        str(name): field_of(v, axes)
        for name, v in probe.variables.items()
        if name not in axes and (name in probe.data_vars or set(axes) & set(v.dims))
    }
    fixed = {str(name): v.copy() for name, v in probe.variables.items() if name not in fields and name not in axes}
    return Result(axes, fields, fixed | coordinates(call, axes), attributes_by(probe, call))


def field_of(variable: xr.Variable, axes: dict[str, int]) -> Field:
    """The variable of which one point is known."""
    sizes = {str(dim): axes.get(str(dim), size) for dim, size in variable.sizes.items()}
    return Field(tuple(sizes), tuple(sizes.values()), variable.dtype, {str(key): value for key, value in variable.attrs.items()})


def coordinates(call: Call, axes: dict[str, int]) -> dict[str, xr.Variable]:
    """The coordinates of axes."""
    return {axis: call.grid.coords[axis].variable for axis in axes if axis in call.grid.coords}


def attributes_by(probe: xr.Dataset, call: Call) -> dict[str, Any]:
    """The attributes of the whole result by those of a probe, which has other hashes of what has axes."""
    found = {str(name): value for name, value in probe.attrs.items()}
    hashes = {"parameters_hash": fingerprint(call.net.hashed)}
    hashes |= {f"{name}_hash": fingerprint({name: a}) for name, a in call.given.items() if isinstance(a, xr.DataArray)}
    return {**found, **{name: text for name, text in hashes.items() if name in found}}


def check_whole_axes(sizes: dict[str, int]) -> None:
    """Refuse axes that stay whole if not even one number for each of their points fits."""
    needed, free = 8 * prod(sizes.values()), free_memory()
    if needed > MOST_OF_MEMORY * free:
        raise MemoryError(
            f"no block can cut{product(sizes)}, of which one number a point takes {as_bytes(needed)}, but {as_bytes(free)} are free; "
            "give them fewer values"
        )


def check_patience(call: Call) -> None:
    """Refuse records that would depend on the blocks."""
    if call.given.get("patience") is not None and call.given.get("every", 1) != 1:
        every = call.given["every"]
        raise ValueError(
            f"every was given as {shown(every)} with patience; a sweep needs every=1 then, since networks of a block stop together"
        )


def with_all_epochs(call: Call, probe: xr.Dataset) -> xr.Dataset:
    """A probe of training with patience, over all epochs that there may be."""
    if call.given.get("patience") is None or "epoch" not in probe.sizes:
        return probe
    before = call.given.get("resume")
    known = [0] if before is None else before.epoch.values.tolist()
    epochs = [*known, *range(known[-1] + 1, known[-1] + 1 + call.given["epochs"])]
    attrs = probe.epoch.attrs
    found = probe.reindex(epoch=xr.DataArray(epochs, dims="epoch").astype(probe.epoch.dtype), method="ffill")
    found.epoch.attrs.update(attrs)
    return found


def timed(call: Call, axes: dict[str, int], most: int) -> float:
    """Seconds a point, of a block of at most so many points that is long enough to time."""
    points = min(most, 16)
    while True:
        part = {axis: slice(0, length) for axis, length in block_shape(axes, points).items()}
        taken = prod(place.stop for place in part.values())
        seconds = stopwatch(call.block(part).run)
        if seconds >= ENOUGH_SECONDS or points >= most:
            return seconds / taken
        points = min(most, points * (FASTER if seconds < ENOUGH_SECONDS / FASTER else ceil(1.5 * ENOUGH_SECONDS / seconds)))


def stopwatch(work: Callable[[], Any]) -> float:
    """The seconds that a piece of work takes; once more if kernels were compiled or loaded meanwhile."""
    for _ in range(2):
        with event.install_recorder("numba:compiler_lock") as compiling:
            start = time.perf_counter()
            work()
            seconds = time.perf_counter() - start
        if not compiling.buffer:
            break
    return seconds


def steps_of(call: Call) -> int | None:
    """The steps of the call, if it has inputs or says how many."""
    steps, inputs = call.given.get("steps"), call.given.get("inputs")
    if steps is not None or inputs is None:
        return steps
    try:
        inputs = inputs.trials(0) if isinstance(inputs, FreshTrials) else inputs
        return check_inputs_of(call.net, parted(inputs, None, False)[0]).array.sizes["step"]
    except (ValueError, TypeError):
        return None


def share_of(workers: int) -> float:
    """The share of the processors that one of several workers has."""
    return max(1, thread_count() // workers) / thread_count()
