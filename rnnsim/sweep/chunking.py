"""How the result of a sweep is laid out: its variables, and the blocks in which they are computed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, prod
from typing import Any, Self

import numpy as np
import xarray as xr

from rnnsim.families.result_variables import DIVERGED_AT
from rnnsim.runs.plan import Field
from rnnsim.sweep.call import Call, Where

Index = tuple[int, ...]
STATUS = "status"
PENDING, DONE, DIVERGED = 0, 1, 2


@dataclass(frozen=True)
class Result:
    """What a call returns: the axes that blocks cut, with their sizes; the variables that blocks fill; all other coordinates; and the
    attributes."""

    axes: dict[str, int]
    fields: dict[str, Field]
    fixed: dict[str, xr.Variable]
    attrs: dict[str, Any]

    @property
    def bytes_a_point(self) -> int:
        """The bytes that one point takes."""
        one = dict.fromkeys(self.axes, 1)
        shapes = [(f.dtype.itemsize, *(one.get(d, n) for d, n in zip(f.dims, f.shape, strict=True))) for f in self.gridded]
        return sum(map(prod, shapes))

    @property
    def gridded(self) -> list[Field]:
        """The variables that have axes."""
        return [field for field in self.fields.values() if set(self.axes) & set(field.dims)]


@dataclass(frozen=True)
class Layout:
    """The axes that blocks cut, with their sizes; how long a block, which is a chunk of the store, is along each; where along each axis
    the blocks begin and end, which is where chunks do, and where the axis ended before it was extended; the variables that blocks fill;
    and everything else that the result has."""

    axes: dict[str, int]
    block: dict[str, int]
    edges: dict[str, np.ndarray]
    fields: dict[str, Field]
    fixed: dict[str, xr.Variable]
    attrs: dict[str, Any]

    @property
    def points(self) -> int:
        return prod(self.axes.values())

    @property
    def nbytes(self) -> int:
        return sum(field.nbytes for field in self.fields.values())

    @property
    def blocks(self) -> tuple[int, ...]:
        """The number of blocks along each axis."""
        return tuple(len(self.edges[axis]) - 1 for axis in self.axes)

    def where(self, index: Index) -> dict[str, slice]:
        """The part of the grid that a block is."""
        return {axis: slice(*self.edges[axis][i : i + 2].tolist()) for axis, i in zip(self.axes, index, strict=True)}

    def points_of(self, index: Index) -> int:
        """The number of points of a block."""
        return prod(part.stop - part.start for part in self.where(index).values())

    def chunks(self, status: np.ndarray) -> Iterator[list[Index]]:
        """The blocks to do, those that share a chunk together: only one writer may have it."""
        shared: dict[Index, list[Index]] = {}
        for index in np.argwhere(status == PENDING).tolist():
            place = tuple(index)
            chunk = tuple(part.start // self.block[axis] for axis, part in self.where(place).items())
            shared.setdefault(chunk, []).append(place)
        yield from shared.values()

    def region(self, field: Field, where: Where) -> tuple[slice, ...] | None:
        """Where a block's numbers of a variable stand; None if another block writes them, since the variable lacks an axis."""
        if any(part.start for axis, part in where.items() if axis not in field.dims):
            return None
        return tuple(where.get(dim, slice(None)) for dim in field.dims)

    def block_values(self, call: Call, index: Index) -> dict[str, np.ndarray]:
        """The numbers of a block, by variable."""
        where = self.where(index)
        found = self.fitted(call.block(where).run())
        values = {}
        for name, field in self.fields.items():
            if name not in found.variables:
                raise ValueError(f"the verb returned no {name} for a block; a sweep needs the same variables everywhere")
            variable = found.variables[name].transpose(*field.dims)
            shape = tuple(
                where[dim].stop - where[dim].start if dim in where else size
                for dim, size in zip(field.dims, field.shape, strict=True)
            )
            same_kind = variable.dtype == field.dtype or (variable.dtype.kind == "U" and field.dtype.kind in "UOT")
            if variable.shape != shape or not same_kind:
                got, need = f"{variable.dtype} {variable.shape}", f"{field.dtype} {shape}"
                raise ValueError(f"the verb returned {name} as {got} for a block; a sweep needs the same everywhere, here {need}")
            values[name] = variable.values
        return values

    def fitted(self, found: xr.Dataset) -> xr.Dataset:
        """A record of training that ended early for want of patience, with what stood at its end at all later epochs."""
        epochs = self.fixed.get("epoch")
        if epochs is None or "epoch" not in found.sizes or found.sizes["epoch"] == epochs.size:
            return found
        return found.reindex(epoch=epochs.values, method="ffill")

    def dataset(self, arrays: Mapping[str, Any]) -> xr.Dataset:
        """The result made of all its numbers."""
        variables = {name: xr.Variable(field.dims, arrays[name], dict(field.attrs)) for name, field in self.fields.items()}
        return xr.Dataset(variables, self.fixed, self.attrs)

    def extended(self, axes: dict[str, int], coords: Mapping[str, xr.Variable]) -> Self:
        """The layout with more values at the end of axes; the blocks there are remain."""
        edges = {axis: grown(self.edges[axis], axes[axis], self.block[axis]) for axis in self.axes}
        fields = {
            name: replace(field, shape=tuple(axes.get(dim, n) for dim, n in zip(field.dims, field.shape, strict=True)))
            for name, field in self.fields.items()
        }
        return replace(self, axes=axes, edges=edges, fields=fields, fixed=self.fixed | {a: coords[a] for a in axes if a in coords})


def status_of(values: Mapping[str, np.ndarray]) -> int:
    """What becomes of a block that is computed."""
    return DIVERGED if DIVERGED_AT in values and bool((values[DIVERGED_AT] >= 0).any()) else DONE


def grown(edges: np.ndarray, size: int, block: int) -> np.ndarray:
    """The edges of blocks along an axis that is now of this size: every multiple of the block, and every former end."""
    end = int(edges[-1])
    last = np.array([size] * (size > end), np.int64)
    return np.concatenate([edges, np.arange((end // block + 1) * block, size, block), last])


def block_shape(sizes: Mapping[str, int], most: int) -> dict[str, int]:
    """How long a block of at most so many points is along each axis: whole along the last axes, and parts of one length."""
    shape = {}
    for axis, size in reversed(list(sizes.items())):
        blocks = ceil(size / max(1, min(size, most)))
        shape[axis] = ceil(size / blocks)
        most //= shape[axis]
    return {axis: shape[axis] for axis in sizes}


def layout(result: Result, most: int) -> Layout:
    """The layout of a result in blocks of at most `most` points."""
    order = sorted(result.axes, key=lambda axis: max(f.dims.index(axis) for f in result.fields.values() if axis in f.dims))
    axes = {axis: result.axes[axis] for axis in order}
    block = block_shape(axes, most)
    edges = {axis: grown(np.zeros(1, np.int64), size, block[axis]) for axis, size in axes.items()}
    return Layout(axes, block, edges, result.fields, result.fixed, result.attrs)
