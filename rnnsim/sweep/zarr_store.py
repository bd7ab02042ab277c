"""The Zarr store of a sweep: laid out first, filled block by block, its status kept by the one process that leads."""

import contextlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from rnnsim.families.axes import check_axis_name
from rnnsim.runs.plan import Field
from rnnsim.storage.storable import check_dataset, check_name, check_type, check_values
from rnnsim.storage.zarr_arrays import ROOT, built, create, got, plain, put, root_of, storage_of
from rnnsim.storage.zarr_files import RECORD, encoded, is_url, opened
from rnnsim.sweep.call import Where
from rnnsim.sweep.chunking import DIVERGED, DONE, PENDING, STATUS, Index, Layout

Parts = list[dict[str, Any]]  # of the grid: what decides the numbers of each, and its places along the axes of which it has not all
STATUS_CHUNK = 2**16


class Store:
    """An existing store, its arrays opened once."""

    def __init__(self, path: str | Path):
        self.path = path

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    @cached_property
    def group(self) -> zarr.Group:
        return zarr.open_group(storage_of(self.path), mode="r+", use_consolidated=False)

    @cached_property
    def arrays(self) -> dict[str, zarr.Array[Any]]:
        members = ((name, self.group[name]) for name in self.gathered or self.group.array_keys())
        return {name: array for name, array in members if isinstance(array, zarr.Array)}

    @property
    def gathered(self) -> dict[str, Any] | None:
        """The metadata of all arrays at the root; None if an older version was killed there."""
        return (json.loads(got(self.path, ROOT)).get("consolidated_metadata") or {}).get("metadata")

    @property
    def record(self) -> dict[str, Any]:
        """What the store says of the sweep: what decides its numbers, its axes and blocks."""
        record: dict[str, Any] = json.loads(str(self.group.attrs[RECORD]))
        return record

    def write_block(self, layout: Layout, where: Where, values: Mapping[str, np.ndarray]) -> None:
        """Write a block, each variable at one stroke."""
        for name, field in layout.fields.items():
            region = layout.region(field, where)
            if region is not None:
                self.arrays[name][region] = plain(values[name])
                self.flush(name, region)

    def flush(self, name: str, region: tuple[slice, ...]) -> None:
        """Bring the chunk that a region is in to the disk, so that no status can be older than its numbers."""
        if is_url(self.path):
            return
        array = self.arrays[name]
        chunk = tuple((part.start or 0) // length for part, length in zip(region, array.chunks, strict=True))
        file = Path(self.path) / name / array.metadata.encode_chunk_key(chunk)
        with contextlib.suppress(FileNotFoundError):  # a chunk of fill values alone has no file
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def layout(self) -> Layout:
        """How the store is laid out."""
        ds, record = opened(self.path), self.record
        axes = dict(record["axes"])
        fields = {
            name: Field(tuple(map(str, v.dims)), v.shape, v.dtype, dict(v.attrs))
            for name in record["fields"]
            for v in [ds.variables[name]]
        }
        fixed = {str(n): v for n, v in ds.variables.items() if n not in fields and n != STATUS and n not in block_dims(axes)}
        edges = {axis: np.append(ds[dim].values, axes[axis]) for axis, dim in zip(axes, block_dims(axes), strict=True)}
        attrs = {str(name): value for name, value in ds.attrs.items() if name != RECORD}
        return Layout(axes, dict(record["block"]), edges, fields, fixed, attrs)

    def status(self) -> np.ndarray:
        """The state of each block."""
        return np.asarray(self.arrays[STATUS][...])

    def write_status(self, status: np.ndarray, indexes: list[Index]) -> None:
        """Write those chunks of the status in which some blocks are."""
        array = self.arrays[STATUS]
        chunks = {tuple(i // n for i, n in zip(index, array.chunks, strict=True)) for index in indexes}
        for chunk in chunks:
            region = tuple(slice(c * n, (c + 1) * n) for c, n in zip(chunk, array.chunks, strict=True))
            array[region] = status[region]

    def dataset(self) -> xr.Dataset:
        """The result, lazily, as the verb would return it."""
        return without_record(opened(self.path))

    def mend(self) -> None:
        """Undo an extension that was killed half-way: give every array the shape that the record says."""
        record = self.record
        axes, blocks = dict(record["axes"]), dict(record["pieces"])
        sizes = axes | {dim: blocks[axis] for axis, dim in zip(axes, block_dims(axes), strict=True)}
        self.resize(sizes)
        if self.gathered is None:
            self.write_root(self.group.attrs.asdict())

    def resize(self, sizes: Mapping[str, int]) -> None:
        """Give every array the sizes of its dimensions."""
        for array in self.arrays.values():
            dims = getattr(array.metadata, "dimension_names", None) or ()
            shape = tuple(sizes.get(str(dim), n) for dim, n in zip(dims, array.shape, strict=True))
            if shape != array.shape:
                array.resize(shape)

    def extend(self, new: Layout, parts: Parts) -> None:
        """Make place for more values at the end of axes. Readers see the old sizes until the last write."""
        old = self.layout()
        blocks = dict(zip(new.axes, new.blocks, strict=True))
        self.resize(new.axes | {dim: blocks[axis] for axis, dim in zip(new.axes, block_dims(new.axes), strict=True)})
        for axis, dim in zip(new.axes, block_dims(new.axes), strict=True):
            before = len(old.edges[axis]) - 1
            if axis in new.fixed and new.axes[axis] > old.axes[axis]:
                self.arrays[axis][old.axes[axis] :] = plain(new.fixed[axis].values[old.axes[axis] :])
            if blocks[axis] > before:
                self.arrays[dim][before:] = np.array(new.edges[axis][before:-1])
        self.write_root(encoded(new.attrs) | {RECORD: record_of(new, parts)})

    def write_root(self, attrs: Mapping[str, Any]) -> None:
        """Write the attributes, and what all arrays are, at one stroke."""
        put(self.path, ROOT, root_of(self.path, self.arrays, attrs))
        del self.group


def without_record(ds: xr.Dataset) -> xr.Dataset:
    """The Dataset of a store as a verb would return it."""
    record = json.loads(ds.attrs[RECORD])
    aside = {*record["fields"], STATUS, *block_dims(record["axes"])}
    fields = {name: ds.variables[name] for name in record["fields"]}
    others = {name: variable for name, variable in ds.variables.items() if name not in aside}
    return xr.Dataset(fields, others, {name: value for name, value in ds.attrs.items() if name != RECORD})


def block_dims(axes: Mapping[str, int]) -> list[str]:
    """The dimensions of the status: the blocks along each axis."""
    return [f"{axis}_block" for axis in axes]


def record_of(layout: Layout, parts: Parts) -> str:
    """What a store says of its sweep, as text."""
    record = {
        "parts": parts,
        "axes": layout.axes,
        "block": layout.block,
        "pieces": dict(zip(layout.axes, layout.blocks, strict=True)),
        "fields": list(layout.fields),
    }
    return json.dumps(record)


def whole(identity: Mapping[str, str]) -> Parts:
    """A grid of one part."""
    return [{"identity": dict(identity), "places": {}}]


def lay_out(path: str | Path, layout: Layout, parts: Parts) -> None:
    """Make a store of fill values, with all coordinates and attributes; nobody sees it as a store before it is whole."""
    for axis, dim in zip(layout.axes, block_dims(layout.axes), strict=True):
        check_axis_name(dim, (*layout.axes, *layout.fields, *layout.fixed))
        check_axis_name(axis, (STATUS,))
    with built(path) as folder:
        fill(folder, layout, parts)


def check_layout(layout: Layout, netcdf: bool = False) -> None:
    """Refuse a result that a store, or the NetCDF file that is made of it, cannot hold, before it is computed."""
    form = "NetCDF" if netcdf else "Zarr"
    for name, field in layout.fields.items():
        check_type(name, field.dtype, field.attrs, form)
    for name, variable in layout.fixed.items():
        check_values(name, variable, form)
    if netcdf:
        for dim in {dim for field in layout.fields.values() for dim in field.dims}:
            check_name(dim, "a dimension")
        named = {name: ((), 0.0, dict(field.attrs)) for name, field in layout.fields.items()}
        check_dataset(xr.Dataset(named, layout.fixed, layout.attrs))


def fill(path: Path, layout: Layout, parts: Parts) -> None:
    """Make the arrays of a store, then its root."""
    group = zarr.create_group(storage_of(path))
    for name, field in layout.fields.items():
        chunks = tuple(layout.block.get(dim, size) for dim, size in zip(field.dims, field.shape, strict=True))
        create(group, name, field.dims, field.shape, field.dtype, chunks, field.attrs)
    for name, variable in layout.fixed.items():
        dims = tuple(map(str, variable.dims))
        array = create(group, name, dims, variable.shape, variable.dtype, variable.shape, variable.attrs)
        array[...] = plain(np.asarray(variable.values))
    for axis, dim in zip(layout.axes, block_dims(layout.axes), strict=True):
        starts = np.array(layout.edges[axis][:-1], np.int64)
        attrs = {"long_name": f"first place of a block along {axis}", "units": "1"}
        create(group, dim, (dim,), starts.shape, starts.dtype, (4096,), attrs)[...] = starts
    flags: dict[str, Any] = {"flag_values": [PENDING, DONE, DIVERGED], "flag_meanings": "pending done diverged"}
    side = max(1, int(STATUS_CHUNK ** (1 / max(1, len(layout.axes)))))
    attrs = {"long_name": "state of the block", "units": "1", **flags}
    dims = tuple(block_dims(layout.axes))
    create(group, STATUS, dims, layout.blocks, np.dtype("i1"), (side,) * len(dims), attrs, PENDING)
    put(path, ROOT, root_of(path, dict(group.arrays()), encoded(layout.attrs) | {RECORD: record_of(layout, parts)}))
