"""Penalties of parameters in costs and gradients: λ mean p² and 2 λ p / size, which no engine needs to know of."""

from math import prod

import numpy as np
import xarray as xr

from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.numerics import parallel
from rnnsim.runs.penalties import of_parameters
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.sources import Source, source_of, source_of_drawn

NUMBERS = 1 << 20  # of a parameter that are looked at together


def penalise(run: Run, results: dict[str, np.ndarray]) -> None:
    """Add the penalties of parameters to costs and gradients."""
    for name, weights in of_parameters(run.net, run.penalties).items():
        found = Squares(run, name)
        by_point = over_points(run, weights)
        if "cost" in results:
            cost = results["cost"]
            cost += (by_point * found.means()).reshape(cost.shape)
        if f"grad_{name}" in results:
            found.add_slopes(by_point, results[f"grad_{name}"])


def over_points(run: Run, array: xr.DataArray) -> np.ndarray:
    """Numbers over some axes for every point, in the run's precision."""
    values = np.ascontiguousarray(array.values.astype(run.dtype))
    found = np.empty(run.grid.points, run.dtype)
    parallel.gather(*run.grid.strided(values, tuple(map(str, array.dims))), run.grid.strided_shape, 0, run.grid.points, found)
    return found


class Squares:
    """The squares of a parameter, of some points after the others."""

    def __init__(self, run: Run, name: str):
        kept = run.net.source(name)
        own = ("sample", *run.net.dimensions(name))
        there = dict(zip(kept.dims, kept.shape, strict=True))
        self.run, self.whole = run, run.shape_of(f"grad_{name}")
        self.shape = tuple(there.get(dim, 1) for dim in own if dim in there or dim != "sample")
        self.source: Source = source_of_drawn(run, kept) if isinstance(kept, Drawn) else source_of(run, kept, own)
        self.numbers, self.size = prod(self.shape), prod(self.whole)
        most = max(1, NUMBERS // self.size)
        self.blocks = [(lo, min(lo + most, run.grid.points)) for lo in range(0, run.grid.points, most)]

    def values(self, lo: int, hi: int) -> np.ndarray:
        """The parameter of the points lo…hi, (point, number)."""
        offsets = np.empty(hi - lo, np.int64)
        found: np.ndarray = self.source.block(lo, hi, offsets)[offsets[:, None] + np.arange(self.numbers)]
        return found

    def means(self) -> np.ndarray:
        """The mean square of every point."""
        found = np.empty(self.run.grid.points, self.run.dtype)
        for lo, hi in self.blocks:
            found[lo:hi] = np.square(self.values(lo, hi)).sum(axis=1) / self.numbers
        return found

    def add_slopes(self, weights: np.ndarray, gradient: np.ndarray) -> None:
        """Add the slopes of weighed mean squares to a gradient, (point…, own dimensions)."""
        scale, contiguous = 2.0 * weights / self.size, gradient.flags.c_contiguous
        for lo, hi in self.blocks if contiguous else [(0, self.run.grid.points)]:
            slopes = (scale[lo:hi, None] * self.values(lo, hi)).reshape(hi - lo, *self.shape)
            if contiguous:
                gradient.reshape(self.run.grid.points, *self.whole)[lo:hi] += slopes
            else:
                gradient += slopes.reshape(gradient.shape)
