"""Where the blocks of a sweep go: into arrays in memory here, into a store in `zarr_store`; and the account of those that are done."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from rnnsim.sweep.call import Where
from rnnsim.sweep.chunking import DONE, PENDING, Index, Layout

SECONDS = 1.0  # between two writings of the status


class Memory:
    """Arrays of the whole result."""

    def __init__(self, layout: Layout):
        self.arrays = {name: np.empty(field.shape, field.dtype) for name, field in layout.fields.items()}
        self._status = np.full(layout.blocks, PENDING, np.int8)

    def write_block(self, layout: Layout, where: Where, values: Mapping[str, np.ndarray]) -> None:
        """Put a block in its place."""
        for name, field in layout.fields.items():
            region = layout.region(field, where)
            if region is not None:
                self.arrays[name][region] = values[name]

    def status(self) -> np.ndarray:
        """The state of each block."""
        return self._status

    def write_status(self, status: np.ndarray, indexes: list[Index]) -> None:
        """Nothing: it ends with the process."""

    def dataset(self, layout: Layout) -> xr.Dataset:
        """The result."""
        return layout.dataset(self.arrays)


class Account:
    """Which blocks are done, in the store and on a bar."""

    def __init__(self, layout: Layout, sink: Any, bar: tqdm):
        self.layout, self.sink, self.bar = layout, sink, bar
        self.status = sink.status().copy()
        self.waiting: list[Index] = []
        self.written = time.monotonic()
        self.finished = int((self.status != PENDING).sum())

    def enter(self, index: Index, state: int) -> None:
        """Note that the numbers of a block are in their place."""
        self.status[index] = state
        self.waiting.append(index)
        self.finished += 1
        self.bar.set_postfix_str(f"block {self.finished}/{self.status.size}", refresh=False)
        self.bar.update(self.layout.points_of(index))
        if time.monotonic() - self.written > SECONDS:
            self.close()

    def close(self) -> None:
        """Write what is not written yet."""
        if self.waiting:
            self.sink.write_status(self.status, self.waiting)
        self.waiting, self.written = [], time.monotonic()

    @property
    def diverged(self) -> int:
        """The number of blocks in which a network diverged."""
        return int((self.status > DONE).sum())


@contextmanager
def progress_bar(layout: Layout, status: np.ndarray, name: str, progress: bool) -> Iterator[tqdm]:
    """A bar of points, in terminals and notebooks; nothing where it would fill a log."""
    done = sum(layout.points_of(tuple(index)) for index in np.argwhere(status != PENDING).tolist())
    quiet = True if not progress else False if "ipykernel" in sys.modules else None
    with tqdm(total=layout.points, initial=done, desc=name, unit=" points", unit_scale=True, disable=quiet, delay=0.5) as bar:
        yield bar
