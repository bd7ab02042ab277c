"""Where kernels of many units read parameters and sequences: by addresses, and offsets of each point of a block."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.weights import weighed
from rnnsim.families.axes import ordered
from rnnsim.families.low_rank import product_of
from rnnsim.families.network import Member
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.kernels.recurrence.descriptors import SourceDescriptor, records
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.numerics.parallel import Strided
from rnnsim.runs.run import Run


@dataclass(frozen=True)
class Source:
    """`block(lo, hi, offsets)` writes the offsets of the points lo…hi and gives the array that they are in; numbers of one gate, unit,
    sample and step are that far apart."""

    block: Callable[[int, int, np.ndarray], np.ndarray]
    by_gate: int = 0
    by_unit: int = 0
    by_sample: int = 0
    by_step: int = 0


def source_of(run: Run, array: xr.DataArray, own: tuple[str, ...]) -> Source:
    """An array over axes and some of its `own` dimensions, in the run's dtype."""
    sizes = {str(dim): size for dim, size in zip(array.dims, array.shape, strict=True)}
    has = {dim: sizes[dim] for dim in own if dim in sizes}
    axes = tuple(dim for dim in sizes if dim not in own)
    values = ordered(array, [*axes, *has])
    if values.dtype != run.dtype:
        with np.errstate(over="ignore"):
            values = values.astype(run.dtype)
    values = np.ascontiguousarray(values)
    numbers = prod(has.values())
    firsts = np.arange(values.size // numbers, dtype=np.int64) * numbers
    strided: Strided = run.grid.strided(firsts.reshape([sizes[dim] for dim in axes]), axes)
    flat = values.reshape(-1)

    def block(lo: int, hi: int, offsets: np.ndarray) -> np.ndarray:
        parallel.gather(*strided, run.grid.strided_shape, lo, hi, offsets)
        return flat

    return Source(block, **distances(has))


def source_of_drawn(run: Run, drawn: Drawn) -> Source:
    """A parameter that is drawn: a block's numbers are made when it is computed."""
    shape = run.grid.strided_shape
    ways = [
        run.grid.strided(np.ascontiguousarray(array.values, dtype), tuple(str(dim) for dim in array.dims))
        for array, dtype in ((drawn.seed, np.int64), (drawn.gain, np.float64))
    ]

    def block(lo: int, hi: int, offsets: np.ndarray) -> np.ndarray:
        seeds, gains = np.empty(hi - lo, np.int64), np.empty(hi - lo)
        for way, out in zip(ways, (seeds, gains), strict=True):
            parallel.gather(*way, shape, lo, hi, out)
        offsets[:] = np.arange(hi - lo, dtype=np.int64) * drawn.numbers
        return drawn.at(seeds, gains).astype(run.dtype, copy=False).reshape(-1)

    return Source(block, **distances(drawn.sizes))


def source_of_parameter(run: Run, name: str) -> Source:
    """A parameter, drawn or not."""
    kept = run.net.source(name)
    return source_of_drawn(run, kept) if isinstance(kept, Drawn) else source_of(run, kept, ("sample", *run.net.dimensions(name)))


def source_of_product(run: Run, member: Member) -> Source:
    """Recurrent weights of low rank in full: those of a block are made when it is computed, each but once."""
    factors, n, rank = [source_of_parameter(run, name) for name in member.factors], member.units, member.rank
    shapes = [(n, rank), (n, rank), (n, n)]

    def block(lo: int, hi: int, offsets: np.ndarray) -> np.ndarray:
        places = np.empty((len(factors), hi - lo), np.int64)
        values = [factor.block(lo, hi, row) for factor, row in zip(factors, places, strict=True)]
        different, which = np.unique(places, axis=1, return_inverse=True)
        arrays: list[Any] = [
            array[first[:, None] + np.arange(prod(shape))].reshape(-1, *shape)
            for array, first, shape in zip(values, different, shapes, strict=False)
        ]
        offsets[:] = which.reshape(-1) * n * n
        return product_of(*arrays, *[None] * (len(shapes) - len(arrays))).astype(run.dtype, copy=False).reshape(-1)

    return Source(block, **distances({"unit": n, "unit_from": n}))


def distances(sizes: dict[str, int]) -> dict[str, int]:
    """How far gates, units, samples and steps are apart in a contiguous array of these sizes."""
    apart, distance = {}, 1
    for dim, size in reversed(sizes.items()):
        apart[dim] = distance
        distance *= size
    by_gate = max(apart.get(dim, 0) for dim in ("gate", "gate_in", "gate_rec"))
    by_unit = max(apart.get(dim, 0) for dim in ("unit", "input", "output"))
    return {
        "by_gate": by_gate,
        "by_unit": by_unit,
        "by_sample": apart.get("sample", 0),
        "by_step": apart.get("step", 0),
    }


def penalty_name(layer: int) -> str:
    """The source of the penalty of a layer's states."""
    return f"penalty {layer}"


def noise_name(layer: int) -> str:
    """The source of the key of a layer's noise."""
    return f"noise {layer}"


class Sources:
    """All that kernels read in a run, in the order in which records name it; some parameters may come from elsewhere. With `dense`,
    recurrent weights of low rank are there in full, too."""

    def __init__(self, run: Run, instead: Mapping[str, Source] | None = None, dense: bool = False):
        self.names: list[str] = []
        self._sources: list[Source] = []
        for name in run.net.parameter_names:
            self._add(name, instead[name] if instead and name in instead else source_of_parameter(run, name))
        for member in run.net.members if dense else ():
            if member.rank:
                self._add(str(member.w_rec), source_of_product(run, member))
        self._add("inputs", source_of(run, run.inputs.array, ("sample", "step", "input")))
        if run.targets:
            self._add("targets", source_of(run, run.targets.array, ("sample", "step", "output")))
        if run.weight:
            self._add("weight", source_of(run, run.weight.array, ("sample", "step", "output")))
        for layer, weight in run.penalised_states.items():
            self._add(penalty_name(layer), source_of(run, weight / run.net.members[layer].units, ()))
        for layer, key in run.noise_keys.items():
            self._add(noise_name(layer), source_of(run, key, ("unit",)))

    @cached_property
    def _records(self) -> Any:
        """The descriptors of all sources, but for the addresses."""
        return records(
            SourceDescriptor,
            [
                SourceDescriptor(by_gate=source.by_gate, by_unit=source.by_unit, by_sample=source.by_sample, by_step=source.by_step)
                for source in self._sources
            ],
        )

    def _add(self, name: str, source: Source) -> None:
        self.names.append(name)
        self._sources.append(source)

    def index(self, name: str) -> int:
        """The number of a source."""
        return self.names.index(name)

    def source(self, name: str) -> Source:
        """A source by its name."""
        return self._sources[self.index(name)]

    def block(self, lo: int, hi: int) -> tuple[Any, np.ndarray, list[np.ndarray]]:
        """Records, offsets (source, point), and the arrays that the addresses are of, which must live as long."""
        offsets = np.empty((len(self._sources), hi - lo), np.int64)
        arrays = [source.block(lo, hi, row) for source, row in zip(self._sources, offsets, strict=True)]
        records_here = self._records.copy()
        records_here["address"] = [address_of(array) for array in arrays]
        return records_here, offsets, arrays


def counted_targets(run: Run) -> Source:
    """How many targets of each point count, or the sum of their weights."""
    assert run.targets
    counted = xr.DataArray(run.targets.counted, dims=run.targets.axes) if run.weight is None else weighed(run.targets, run.weight)
    return source_of(run, counted.astype(run.dtype), ())


def counted_of(source: Source, lo: int, hi: int) -> np.ndarray:
    """Those numbers of the points lo…hi."""
    offsets = np.empty(hi - lo, np.int64)
    return source.block(lo, hi, offsets)[offsets]
