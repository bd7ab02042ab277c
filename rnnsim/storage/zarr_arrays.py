"""Arrays and roots of Zarr stores, as they are written to the disk or to an object store."""

import contextlib
import json
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.storage import FsspecStore, LocalStore

from rnnsim.storage.storable import number_type, time_attributes
from rnnsim.storage.zarr_files import encoded, is_url

ROOT = "zarr.json"
NAT = np.iinfo(np.int64).min
FILL = {"f": np.nan, "i": -1, "u": 0, "b": False, "U": "", "O": "", "T": "", "m": NAT, "M": NAT}


def storage_of(path: str | Path, read_only: bool = False) -> Any:
    """Zarr's own store of a path or of an fsspec URL."""
    if is_url(path):
        return FsspecStore.from_url(str(path), read_only=read_only)
    return LocalStore(Path(path), read_only=read_only)


def plain(values: np.ndarray) -> np.ndarray:
    """Values as Zarr keeps them: strings of any length, dates and time differences as integers."""
    if values.dtype.kind in "mM":
        return values.astype(np.int64)
    return values.astype(object) if values.dtype.kind in "UT" else values


@contextlib.contextmanager
def built(path: str | Path) -> Iterator[Path]:
    """A folder in which a store is built: its own, or one that is then copied to an object store."""
    if not is_url(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        upload(Path(folder), str(path))


def upload(folder: Path, url: str) -> None:
    """Copy a store to an object store, in place of what is there, its root last."""
    remove_at(url)
    files = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file == folder / ROOT)
    for file in files:
        put(url, file.relative_to(folder).as_posix(), file.read_bytes())


def create(
    group: zarr.Group,
    name: str,
    dims: tuple[str, ...],
    shape: tuple[int, ...],
    dtype: np.dtype,
    chunks: tuple[int, ...],
    attrs: Mapping[str, Any],
    fill_value: Any = None,
) -> zarr.Array[Any]:
    """An array in a store. Floats hardly compress, and fill values among them would be searched for in vain."""
    text = dtype.kind in "UOT"
    return group.create_array(
        name,
        shape=shape,
        chunks=tuple(max(1, n) for n in chunks),
        dtype=str if text else number_type(dtype),
        fill_value=FILL[dtype.kind] if fill_value is None else fill_value,
        compressors=None if dtype.kind == "f" else "auto",
        config={"write_empty_chunks": dtype.kind == "f"},
        dimension_names=dims,
        attributes=encoded(attrs) | time_attributes(dtype),
    )


def root_of(path: str | Path, names: Iterable[str], attrs: Mapping[str, Any]) -> bytes:
    """The file at a store's root: its attributes, and the metadata of its arrays, where readers look first and xarray looks alone."""
    arrays = {name: json.loads(got(path, f"{name}/{ROOT}")) for name in sorted(names)}
    gathered = {"kind": "inline", "must_understand": False, "metadata": arrays}
    root = {"attributes": dict(attrs), "zarr_format": 3, "node_type": "group", "consolidated_metadata": gathered}
    return json.dumps(root, indent=2).encode()


def remove_at(url: str) -> None:
    """Remove a store from an object store, its root first, without which it is none."""
    files, root = files_at(url)
    for key in (f"{root}/{ROOT}", root):
        if files.exists(key):
            files.rm(key, recursive=True)


def got(path: str | Path, key: str) -> bytes:
    """A file of a store."""
    if is_url(path):
        files, root = files_at(path)
        held: bytes = files.cat_file(f"{root}/{key}")
        return held
    return (Path(path) / key).read_bytes()


def put(path: str | Path, key: str, value: bytes) -> None:
    """Write a file of a store at one stroke: a reader sees the file that was before, or this one."""
    if is_url(path):
        files, root = files_at(path)
        files.pipe_file(f"{root}/{key}", value)
        return
    place = Path(path) / key
    temporary = place.with_name(f"{place.name}.{uuid.uuid4().hex}.partial")
    with open(temporary, "wb") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, place)


def files_at(url: str | Path) -> tuple[Any, str]:
    """The file system of an fsspec URL, and the path there."""
    from fsspec.core import url_to_fs

    files, root = url_to_fs(str(url))
    return files, root.rstrip("/")
