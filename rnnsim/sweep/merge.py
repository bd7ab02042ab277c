"""Two stores of one call, or of calls that differ in the values of one axis, made into one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Flag, Location
from rnnsim.checks.arguments import check_choice, flag
from rnnsim.checks.showing import shown
from rnnsim.runs.plan import Field
from rnnsim.sweep.chunking import PENDING, Index, Layout, status_of
from rnnsim.sweep.fingerprint import changed, goes_over

CONFLICTS = ("refuse", "first", "second")


def merge(
    first: Location,
    second: Location,
    to: Location,
    *,
    conflicts: Literal["refuse", "first", "second"] = "refuse",
    overwrite: Flag = False,
) -> xr.Dataset:
    """Make one Zarr store of two that sweeps have made.

    The two are of the same call, each perhaps unfinished, or of calls that differ only in the values of one axis, as two halves of
    a grid do.

    Parameters
    ----------
    first : path_like
        The path of the first store, which is left as it is.
    second : path_like
        The path of the second store, which is left as it is.
    to : path_like
        The path of the new store. Along the axis in which they differ it has the values of the first, then the others of the
        second. What is in neither is pending: `rs.sweep` with the whole family goes on from there.
    conflicts : {"refuse", "first", "second"}, default "refuse"
        What to do where both have a number and it is not the same: refuse, or take that of the first or of the second.
    overwrite : bool, default False
        Whether a store of a sweep that stands at `to` is replaced.

    Returns
    -------
    Dataset
        The new store, opened lazily, as `rs.sweep` returns it.

    Raises
    ------
    ValueError
        If the stores do not belong together, if their numbers conflict, or if a path is given twice or does not end in .zarr.
    TypeError
        If an argument has the wrong type.
    FileNotFoundError
        If there is no such store.
    FileExistsError
        If something else is at `to`, or a store without `overwrite`.
    BlockingIOError
        If a sweep is writing to one of the stores.

    See Also
    --------
    rnnsim.sweep : Make a store.
    rnnsim.open : Open a store.

    Examples
    --------
    >>> import os, tempfile, numpy as np, rnnsim as rs
    >>> def family(values):
    ...     return rs.Elman(1.0, rs.axis("w_rec", values))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     low, high, both = (os.path.join(folder, f"{name}.zarr") for name in ("low", "high", "both"))
    ...     _ = rs.sweep(rs.simulate, family([-2.0, -1.0]), np.ones(9), to=low)
    ...     _ = rs.sweep(rs.simulate, family([0.0, 1.0, 2.0]), np.ones(9), to=high)
    ...     merged = rs.merge(low, high, both).load()
    >>> merged.equals(rs.simulate(family([-2.0, -1.0, 0.0, 1.0, 2.0]), np.ones(9)))
    True
    """
    from contextlib import ExitStack

    from rnnsim.storage import locking
    from rnnsim.sweep import targets, zarr_store

    check_choice("conflicts", conflicts, CONFLICTS)
    overwrite = flag("overwrite", overwrite)
    paths = [targets.check_target(path, name) for name, path in (("first", first), ("second", second), ("to", to))]
    for path in paths:
        if not str(path).rstrip("/").endswith(".zarr"):
            raise ValueError(f"merge was given {shown(str(path))}; it needs Zarr stores, whose paths end in .zarr")
    if len(set(map(str, paths))) < 3:
        raise ValueError("merge was given one path twice; it needs three")
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(locking.taken(path))
        one, other = source(paths[0]), source(paths[1])
        axis = axis_between(one, other)
        layout, positions = joined(one, other, axis)
        if targets.found_at(paths[2]) is not None and not overwrite:
            raise FileExistsError(f"{paths[2]} exists: choose another path, or give overwrite=True to replace it")
        with locking.replacing(paths[2]) as place:
            zarr_store.lay_out(place, layout, parts_of(one, other, axis, positions))
            fill(zarr_store.Store(place), Merger(layout, one, other, axis, positions, conflicts))
        return zarr_store.Store(paths[2]).dataset()


def fill(target: Any, merger: Merger) -> None:
    """Write all blocks that can be made of the two stores."""
    status, done = target.status(), []
    for index in np.ndindex(merger.layout.blocks):
        found = merger.block(index)
        if found is not None:
            target.write_block(merger.layout, merger.layout.where(index), found)
            status[index] = status_of(found)
            done.append(index)
    target.write_status(status, done)


@dataclass(frozen=True)
class Source:
    """A store to merge: its Dataset, layout, status and record."""

    path: Any
    ds: xr.Dataset
    layout: Layout
    status: np.ndarray
    record: dict[str, Any]

    def done(self, places: dict[str, np.ndarray]) -> np.ndarray:
        """Whether the points at some places are computed; those at place -1, which it does not have, are not."""
        blocks = [
            np.searchsorted(self.layout.edges[axis], np.maximum(places[axis], 0), side="right") - 1 for axis in self.layout.axes
        ]
        there = np.ones(tuple(len(places[axis]) for axis in self.layout.axes), bool)
        for i, axis in enumerate(self.layout.axes):
            there &= (places[axis] >= 0).reshape([-1 if j == i else 1 for j in range(there.ndim)])
        done: np.ndarray = there & (self.status[np.ix_(*blocks)] != PENDING if blocks else self.status != PENDING)
        return done

    def values(self, name: str, field: Field, places: dict[str, np.ndarray]) -> np.ndarray:
        """A variable's numbers at some places, arbitrary ones at those that it does not have."""
        indexers = {dim: np.maximum(places[dim], 0) for dim in field.dims if dim in places}
        return self.ds.variables[name].isel(indexers).transpose(*field.dims).values


def source(path: Any) -> Source:
    """A store to merge."""
    from rnnsim.storage.zarr_files import opened
    from rnnsim.sweep import targets

    store = targets.found_at(path)
    if store is None:
        raise FileNotFoundError(f"{path} does not exist: merge needs two stores that sweeps have made")
    store.mend()
    return Source(path, opened(path), store.layout(), store.status(), store.record)


def axis_between(first: Source, second: Source) -> str | None:
    """The axis in which two stores differ, or None; what does not belong together is refused."""
    one, other = first.layout, second.layout
    if list(one.axes) != list(other.axes) or one.fields.keys() != other.fields.keys():
        raise ValueError(f"{first.path} and {second.path} have other axes or variables; merge needs the same in both")
    axes = [name for name in one.axes if not same(one.fixed.get(name), other.fixed.get(name)) or one.axes[name] != other.axes[name]]
    both = f"{first.path} and {second.path}"
    if len(axes) > 1:
        raise ValueError(f"{both} differ in the axes {', '.join(axes)}; merge needs stores that differ in one")
    axis = axes[0] if axes else None
    if axis and (axis not in one.fixed or axis not in other.fixed):
        raise ValueError(f"{both} have no values along their axis {axis}; merge needs them to tell points apart")
    for before in first.record["parts"]:
        for now in second.record["parts"]:
            here, there = before["identity"], now["identity"]
            may_differ = {name for name in here if axis and goes_over(here[name], axis) and goes_over(there.get(name, ""), axis)}
            may_differ |= {
                name for name in here if before["places"] or now["places"] if name.startswith(("parameter ", "argument "))
            }
            difference = changed(*({n: text for n, text in d.items() if n not in may_differ} for d in (here, there)))
            if difference:
                raise ValueError(
                    f"{first.path} and {second.path} are of other calls, which differ in: {difference}; merge needs one call"
                )
    return axis


def same(one: Any, other: Any) -> bool:
    """Whether two coordinates have the same values."""
    return (one is None and other is None) or (one is not None and other is not None and np.array_equal(one.values, other.values))


def joined(first: Source, second: Source, axis: str | None) -> tuple[Layout, np.ndarray]:
    """The layout of both together, and where the second's values of the axis are in it."""
    layout = replace(first.layout, attrs={k: v for k, v in first.layout.attrs.items() if second.layout.attrs.get(k) == v})
    if axis is None:
        return layout, np.empty(0, np.int64)
    old, new = first.layout.fixed[axis], second.layout.fixed[axis]
    for path, values in ((first.path, old.values), (second.path, new.values)):
        if len(np.unique(values)) < len(values):
            raise ValueError(f"the axis {axis} of {path} has a value twice; merge needs each once")
    dtype = common_type(first, second, axis)
    here, there = old.values.astype(dtype), new.values.astype(dtype)
    place = {value: i for i, value in enumerate(here.tolist())}
    for value in there.tolist():
        place.setdefault(value, len(place))
    positions = np.array([place[value] for value in there.tolist()])
    values = np.concatenate([here, there[positions >= len(here)]])
    coords = {axis: xr.Variable((axis,), values, old.attrs)}
    return layout.extended({**layout.axes, axis: len(values)}, coords), positions


def common_type(first: Source, second: Source, axis: str) -> np.dtype:
    """The type that the values of an axis have in both stores; numbers, strings and dates have none in common."""
    old, new = (which.layout.fixed[axis].dtype for which in (first, second))
    if old.kind != new.kind and not {old.kind, new.kind} <= set("biuf"):
        raise ValueError(f"the axis {axis} is {old} in {first.path} and {new} in {second.path}; merge needs one type of values")
    return np.result_type(old, new)


def parts_of(first: Source, second: Source, axis: str | None, positions: np.ndarray) -> list[dict[str, Any]]:
    """What decides the numbers of each part of the joined grid."""
    if axis is None:
        return list(first.record["parts"])
    size = first.layout.axes[axis]
    parts = []
    for record, places in ((first.record, np.arange(size)), (second.record, positions)):
        for part in record["parts"]:
            own = part["places"].get(axis, range(len(places)))
            parts.append({**part, "places": part["places"] | {axis: [int(places[i]) for i in own]}})
    return parts


@dataclass(frozen=True)
class Merger:
    """Blocks of a joined grid, of the numbers of two stores."""

    layout: Layout
    first: Source
    second: Source
    axis: str | None
    positions: np.ndarray
    conflicts: str

    def places(self, index: Index, which: Source) -> dict[str, np.ndarray]:
        """Where the points of a block are in a store, by axis; -1 where they are not."""
        found = {axis: np.arange(part.start, part.stop) for axis, part in self.layout.where(index).items()}
        if self.axis is not None:
            here = found[self.axis]
            if which is self.first:
                found[self.axis] = np.where(here < which.layout.axes[self.axis], here, -1)
            else:
                back = np.full(self.layout.axes[self.axis], -1)
                back[self.positions] = np.arange(len(self.positions))
                found[self.axis] = back[here]
        return found

    def block(self, index: Index) -> dict[str, np.ndarray] | None:
        """The numbers of a block; None if some are in neither store."""
        sides = [(which, self.places(index, which)) for which in (self.first, self.second)]
        done = [which.done(places) for which, places in sides]
        if not (done[0] | done[1]).all():
            return None
        found = {}
        for name, field in self.layout.fields.items():
            one, other = (which.values(name, field, places) for which, places in sides)
            masks = [spread(mask, list(self.layout.axes), field) for mask in done]
            self.check(name, one, other, masks[0] & masks[1])
            take_one = masks[0] & ~(masks[1] & (self.conflicts == "second"))
            found[name] = np.where(take_one, one, other)
        return found

    def check(self, name: str, one: np.ndarray, other: np.ndarray, both: np.ndarray) -> None:
        """Refuse numbers that are not the same."""
        if self.conflicts != "refuse" or not both.any():
            return
        differs = (one != other) & ~((one != one) & (other != other)) & both
        if differs.any():
            raise ValueError(
                f'{self.first.path} and {self.second.path} have other numbers of {name}; give conflicts="first" or "second" to choose'
            )


def spread(mask: np.ndarray, axes: list[str], field: Field) -> np.ndarray:
    """A mask over the axes, for a variable: over its axes and ones for its own dimensions; true where it is for any point."""
    lacking = tuple(i for i, axis in enumerate(axes) if axis not in field.dims)
    reduced = mask.any(axis=lacking)
    order = [axis for axis in axes if axis in field.dims]
    over = xr.Variable(order, reduced).transpose(*(dim for dim in field.dims if dim in order))
    shape = iter(over.shape)
    return over.values.reshape([next(shape) if dim in order else 1 for dim in field.dims])
