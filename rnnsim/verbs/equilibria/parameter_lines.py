"""A family along one of its axes: the lines on which its maps are followed."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr
from numba import types

from rnnsim.checks.showing import shown
from rnnsim.families.axes import Grid
from rnnsim.kernels.maps.map import Layer
from rnnsim.kernels.maps.parametrised import Line, evaluation_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.verbs.engines.autonomous_maps import Block, Map

ROUNDING = 1e-13
VECTOR, MATRIX, SIZES = types.float64[::1], types.float64[:, ::1], types.int64[:, ::1]
SIGNATURE = (VECTOR, VECTOR, SIZES, VECTOR, VECTOR, MATRIX, VECTOR, VECTOR)


@dataclass(frozen=True)
class Along:
    """Maps whose last axis is the one that is moved along; `values` are its values, of which q = -1…1 are the first to the last."""

    maps: Map
    name: str
    values: np.ndarray

    @cached_property
    def grid(self) -> Grid:
        """The other axes."""
        sizes, coords = dict(self.maps.grid.sizes), dict(self.maps.grid.coords)
        sizes.pop(self.name)
        coords.pop(self.name, None)
        return Grid(sizes, coords)

    @property
    def label(self) -> dict[str, str]:
        """The attributes of the axis."""
        coords = self.maps.grid.coords
        return {"long_name": self.name, "units": "1", **(coords[self.name].attrs if self.name in coords else {})}

    @cached_property
    def places(self) -> np.ndarray:
        """The values' q."""
        first, last = self.values[0], self.values[-1]
        places: np.ndarray = 2.0 * (self.values - first) / (last - first) - 1.0
        return places

    def value_at(self, q: np.ndarray) -> np.ndarray:
        """The axis's values at some q."""
        values: np.ndarray = self.values[0] + 0.5 * (q + 1.0) * (self.values[-1] - self.values[0])
        return values

    def block(self, lo: int, hi: int) -> np.ndarray:
        """All numbers of the points lo…hi of the other axes, (point, place, number)."""
        count = self.values.size
        layers, x = self.maps.block(lo * count, hi * count)
        arrays = [array for layer in layers for array in layer] + [x]
        return np.concatenate([array.reshape(hi - lo, count, -1) for array in arrays], axis=2)

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """How the numbers of one point are laid out: the arrays of all layers, then the inputs."""
        layers, x = self.maps.block(0, 1)
        return [array.shape[1:] for layer in layers for array in layer] + [x.shape[1:]]

    def laid_out(self, numbers: np.ndarray) -> Block:
        """The layers' parameters and the inputs of numbers (point, number)."""
        ends = np.cumsum([prod(shape) for shape in self.shapes])
        parts = np.split(numbers, ends[:-1], axis=1)
        arrays = [np.ascontiguousarray(part).reshape(len(part), *shape) for part, shape in zip(parts, self.shapes, strict=True)]
        layers = [Layer(*arrays[i : i + len(Layer._fields)]) for i in range(0, len(arrays) - 1, len(Layer._fields))]
        return tuple(layers), arrays[-1]

    def line(self) -> Line:
        """A line without nodes, with room for the numbers at one place."""
        maps, members = self.maps, self.maps.members
        now, slope = np.zeros((2, maps.numbers))
        gate_scratch = np.zeros(maps.gate_scratch().size + 4 * max(cell.gates for cell in maps.cells))
        sizes = np.array([(member.units, member.inputs) for member in members], np.int64)
        nothing = np.zeros((0, 0))
        kernels = addresses([evaluation_of(maps.cells)], SIGNATURE)
        return Line(kernels, kernels[:0], sizes, nothing[0:0].reshape(0), nothing, now, slope, gate_scratch, nothing)

    def on(self, line: Line, numbers: np.ndarray) -> Line:
        """A line with the numbers (place, number) of one network; places between which all is linear are no nodes."""
        nodes = corners(self.places, numbers)
        return line._replace(nodes=self.places[nodes], numbers=np.ascontiguousarray(numbers[nodes]))


@dataclass(frozen=True)
class AtPlaces(Map):
    """The maps of lines with these numbers (point, place, number), each at all of some q: (point, q) in C order."""

    line: Along
    numbers_on: np.ndarray
    q: np.ndarray

    @property
    def points(self) -> int:
        return len(self.numbers_on) * self.q.size

    def block(self, lo: int, hi: int) -> Block:
        """The layers' parameters and the inputs of the points lo…hi."""
        point, place = np.divmod(np.arange(lo, hi), self.q.size)
        nodes, q = self.line.places, self.q[place]
        after = np.clip(np.searchsorted(nodes, q), 1, nodes.size - 1)
        share = (q - nodes[after - 1]) / (nodes[after] - nodes[after - 1])
        first, second = self.numbers_on[point, after - 1], self.numbers_on[point, after]
        return self.line.laid_out(first + share[:, None] * (second - first))


def corners(places: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The ends, if all is linear between them, to rounding; else all places."""
    size = ROUNDING * np.abs(numbers).max(axis=0)
    straight = numbers[0] + 0.5 * (places[:, None] + 1.0) * (numbers[-1] - numbers[0])
    return np.array([0, places.size - 1]) if (np.abs(numbers - straight) <= size).all() else np.arange(places.size)


def check_along(maps: Map, along: Any) -> Along:
    """A family along one of its axes, whose values must be numbers that increase or decrease."""
    sizes = maps.grid.sizes
    if not isinstance(along, str) or along not in sizes:
        raise ValueError(
            f"along was given as {shown(along)}; it needs one of the family's axes, which are {', '.join(sizes) or 'none'}"
        )
    coordinate = maps.grid.coords.get(along, xr.DataArray(np.arange(sizes[along]), dims=along))
    if coordinate.dtype.kind not in "iuf":
        raise TypeError(f"axis {shown(along)} has values of type {coordinate.dtype}; to move along it needs numbers")
    values = coordinate.values.astype(np.float64)
    if values.size < 2:
        raise ValueError(f"axis {shown(along)} has {values.size} value; to move along it needs at least two")
    changes = np.diff(values)
    if not (np.isfinite(values).all() and ((changes > 0).all() or (changes < 0).all())):
        raise ValueError(
            f"axis {shown(along)} has the values {shown(values.tolist())}; to move along it needs finite numbers that increase or decrease"
        )
    last = {name: size for name, size in sizes.items() if name != along} | {along: sizes[along]}
    run = replace(maps.run, grid=Grid(last, maps.grid.coords))
    return Along(Map(run), along, values)
