"""Where buffers stand in a thread's scratch."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsim.kernels.recurrence.layers import ONES
from rnnsim.numerics import parallel

ALIGNED = 8  # numbers: places in scratch begin where a cache line may

Buffers = Mapping[Hashable, Mapping[str, int]]  # by whose they are and their names, how many numbers they hold


@dataclass(frozen=True)
class Memory:
    """A thread's scratch: places of buffers, by whose they are and their names; where those of each begin and end; how many numbers it
    has, and how many of the first are ones."""

    places: dict[Any, dict[str, int]]
    spans: dict[Any, tuple[int, int]]
    size: int
    ones: int

    def make(self, dtype: str) -> np.ndarray:
        """The scratch, zeros but for the ones."""
        made = parallel.aligned(self.size, dtype, 0.0)
        made[ONES : ONES + self.ones] = 1.0
        return made


def place(buffers: Buffers, ones: int) -> Memory:
    """Places for buffers behind a register of ones, one after the other."""
    places: dict[Any, dict[str, int]] = {}
    spans: dict[Any, tuple[int, int]] = {}
    end = aligned(ones)
    for owner, sizes in buffers.items():
        places[owner], begin = {}, end
        for name, size in sizes.items():
            places[owner][name] = end
            end += aligned(size)
        spans[owner] = begin, end
    return Memory(places, spans, end, ones)


def aligned(size: int) -> int:
    """So many numbers, up to whole cache lines."""
    return -(-size // ALIGNED) * ALIGNED
