"""Memory of large arrays, used again: the operating system clears what it hands out, which takes as long as to compute what comes there.

Memory that nothing refers to any more is kept for the next array, and the system is told that it may have it back whenever it needs some.
"""

import mmap
import weakref
from collections import deque

import numpy as np

LARGE = 1 << 25  # bytes, below which malloc itself keeps memory
KEPT = 2  # arrays whose memory is: that of a result, and of one before it that was still there when it was made

_kept: deque[mmap.mmap] = deque(maxlen=KEPT)


def reserve(size: int) -> np.ndarray:
    """An array of so many bytes, whatever is in them, from the begin of a page on if they are many."""
    if size < LARGE or not hasattr(mmap, "MADV_FREE"):
        return np.empty(size, np.uint8)
    try:
        memory = _taken(size) or _new(size)
    except OSError:
        return np.empty(size, np.uint8)
    array = np.frombuffer(memory, np.uint8, size)
    weakref.finalize(array, _keep, memory).atexit = False
    return array


def _taken(size: int) -> mmap.mmap | None:
    """Kept memory of about that size; if there is none, the system has all of it back."""
    for memory in list(_kept):
        if size <= len(memory) <= 2 * size:
            try:
                _kept.remove(memory)
            except ValueError:  # another thread was faster
                continue
            return memory
    give_back()
    return None


def give_back() -> None:
    """Let the system have all kept memory."""
    _kept.clear()


def _new(size: int) -> mmap.mmap:
    """Memory of the system's, in large pages if it has some."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def _keep(memory: mmap.mmap) -> None:
    """Keep memory, and let the system have it if it needs some."""
    memory.madvise(mmap.MADV_FREE)
    _kept.append(memory)
