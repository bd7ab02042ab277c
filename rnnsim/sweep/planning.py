"""What a sweep takes: one point of it computed for the shape of the result, then a block for the time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Any

import xarray as xr
from numba.core import event

from rnnsim.checks.inputs_and_targets import parted
from rnnsim.checks.memory_limits import MOST_OF_MEMORY, as_bytes, check_memory, free_memory
from rnnsim.checks.showing import shown
from rnnsim.numerics.parallel import thread_count
from rnnsim.runs.provenance import fingerprint, rehearse
from rnnsim.runs.run import check_inputs_of
from rnnsim.sweep.call import Call
from rnnsim.sweep.chunking import Layout, block_shape, layout

BLOCK_SECONDS = 0.5
ENOUGH_SECONDS = 0.06  # to time a block by
FASTER = 8
TIMED_BYTES = 1 << 23  # of a block that is timed, at most


@dataclass(frozen=True, repr=False)
class Plan:
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
    """A probe of a call, one point along each of the axes that are cut; the call's attributes; and what a point takes."""

    call: Call
    axes: dict[str, int]
    probe: xr.Dataset
    attrs: dict[str, str]
    seconds_a_point: float
    bytes_a_point: float

    def layout(self, memory: Any, share: float = 1.0) -> Layout:
        """Blocks of at most so much memory, and of half a second on a share of the processors."""
        most = check_memory(memory)
        if memory is not None and self.bytes_a_point > most:
            raise ValueError(
                f"memory was given as {shown(memory)}, but one point takes {as_bytes(self.bytes_a_point)}; it needs that at least"
            )
        points = min(most / max(self.bytes_a_point, 1), share * BLOCK_SECONDS / self.seconds_a_point)
        return layout(self.call, self.axes, self.probe, max(1, int(points)), self.attrs)

    def plan(self, memory: Any) -> Plan:
        """The survey as users see it."""
        planned = self.layout(memory)
        return Plan(
            planned.axes,
            planned.points,
            steps_of(self.call),
            {name: f.nbytes for name, f in planned.fields.items()},
            planned.block,
            prod(planned.blocks),
            self.seconds_a_point * planned.points,
            getattr(self.call.verb, "__name__", "verb"),
        )


def rehearsed(call: Call) -> dict[str, str] | None:
    """The attributes of the whole result; the package's own verbs check the whole call before they name them. None if only a result tells
    them."""
    if not getattr(call.verb, "__module__", "").startswith("rnnsim."):
        return None
    found = rehearse(call.run)
    return found if found is not None and found["verb"] == call.verb.__name__ else None  # and not that of a verb that it calls


def whole_attributes(call: Call) -> dict[str, Any]:
    """The attributes of the whole result, from a probe if need be."""
    found = rehearsed(call)
    return attributes_by(probed(call)[1], call) if found is None else found


def attributes_by(probe: xr.Dataset, call: Call) -> dict[str, Any]:
    """The attributes of the whole result by those of a probe, which has other hashes of what has axes."""
    found = {str(name): value for name, value in probe.attrs.items()}
    hashes = {"parameters_hash": fingerprint(call.net.hashed)}
    hashes |= {f"{name}_hash": fingerprint({name: a}) for name, a in call.given.items() if isinstance(a, xr.DataArray)}
    return {**found, **{name: text for name, text in hashes.items() if name in found}}


def survey(call: Call, memory: Any) -> Survey:
    """Check the whole call, compute one point, and time a block."""
    most = check_memory(memory)
    attrs = rehearsed(call)
    axes, probe = probed(call)
    grid_bytes = sum(v.nbytes for name, v in probe.variables.items() if set(axes) & set(v.dims) and name not in axes)
    points = prod(axes.values())
    seconds = timed(call, axes, max(1, min(points, min(most, TIMED_BYTES) // max(grid_bytes, 1))))
    return Survey(call, axes, probe, attributes_by(probe, call) if attrs is None else attrs, seconds, grid_bytes)


def probed(call: Call) -> tuple[dict[str, int], xr.Dataset]:
    """The axes to cut, and the result at their first point. What an axis vanishes from stays whole."""
    check_patience(call)
    axes = {axis: size for axis, size in call.grid.sizes.items() if axis not in call.whole_axes}
    check_whole_axes(call)
    while True:
        probe = call.part(dict.fromkeys(axes, slice(0, 1))).run()
        lost = [axis for axis in axes if not any(axis in v.dims for v in probe.data_vars.values())]
        if not lost:
            return axes, with_all_epochs(call, probe)
        axes = {axis: size for axis, size in axes.items() if axis not in lost}


def check_whole_axes(call: Call) -> None:
    """Refuse axes that stay whole if not even one number for each of their points fits."""
    sizes = {axis: call.grid.sizes[axis] for axis in call.whole_axes}
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
        seconds = stopwatch(call.part(part).run)
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
        return check_inputs_of(call.net, parted(inputs, None, False)[0]).array.sizes["step"]
    except (ValueError, TypeError):
        return None


def share_of(workers: int) -> float:
    """The share of the processors that one of several workers has."""
    return max(1, thread_count() // workers) / thread_count()
