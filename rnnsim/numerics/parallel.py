"""Blocks of points: gathering their parameters from arrays that share axes, and running a kernel over them on all processors."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np

from rnnsim.numerics import memory
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.machine_code.processors import features, simd_bytes
from rnnsim.numerics.simd import CACHE_LINE
from rnnsim.numerics.thread_state import state

BLOCK_BYTES = 1 << 21
BLOCK_STEPS = 1 << 23
MIN_BLOCKS = 8
PIECES = 4
SIMD_BYTES = simd_bytes(features())


class Strided(NamedTuple):
    """Numbers of a grid of points: the number of point (i, j, …) is values[i · strides[0] + j · strides[1] + …], stride 0 along the
    axes that it does not have."""

    values: np.ndarray
    strides: np.ndarray


@kernel
def gather(values, strides, shape, lo, hi, out):
    """out[i] = the number of point lo + i, for points lo…hi of a grid (of one axis or more) in C order; the last one is repeated to the
    end of out."""
    last = shape.size - 1
    point = lo
    while point < hi:
        run = min(shape[last] - point % shape[last], hi - point)
        rest, position = point, 0
        for axis in range(last, -1, -1):
            position += rest % shape[axis] * strides[axis]
            rest //= shape[axis]
        for i in range(run):
            out[point - lo + i] = values[position + i * strides[last]]
        point += run
    for i in range(hi - lo, out.size):
        out[i] = out[hi - lo - 1]


def numbers_a_line(dtype: Any) -> int:
    """How many numbers a cache line holds."""
    return CACHE_LINE // np.dtype(dtype).itemsize


def aligned(shape: int | tuple[int, ...], dtype: Any = np.float64, value: float | None = None) -> np.ndarray:
    """A new array that begins with a cache line, which no vector then straddles; full of a value, if there is one."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    room = memory.reserve(size + CACHE_LINE)
    first = -room.ctypes.data % CACHE_LINE
    array = room[first:][:size].view(dtype).reshape(shape)
    if value is not None:
        array.fill(value)
    return array


def thread_count() -> int:
    """How many processors this process may use ($RNNSIM_NUM_THREADS, if set, of those)."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chosen = os.environ.get("RNNSIM_NUM_THREADS", "")
    if not chosen:
        return allowed
    if not (chosen.isascii() and chosen.isdecimal() and int(chosen) > 0):
        raise ValueError(f"RNNSIM_NUM_THREADS is {chosen!r}; it needs a whole number of 1 or more")
    return min(int(chosen), allowed)


def lanes(registers: int, dtype: Any = np.float64) -> int:
    """How many numbers `registers` vector registers of this processor hold."""
    return getattr(state, "width", None) or registers * SIMD_BYTES // np.dtype(dtype).itemsize


def blocks(points: int, steps: int, rows: int, width: int) -> list[tuple[int, int]]:
    """Cut points into blocks: whole groups of `width`, short in bytes of parameters and in steps, several for every thread."""
    most = min(BLOCK_BYTES // (8 * rows), BLOCK_STEPS // steps, -(-points // (MIN_BLOCKS * thread_count())))
    return cut(points, max(most, 1), width)


def blocks_of_threads(points: int, group: int, each: int = PIECES) -> list[tuple[int, int]]:
    """Cut points into blocks of whole groups, `each` for every thread, however long each takes."""
    return cut(points, -(-points // (each * thread_count())), group)


def cut(points: int, size: int, group: int) -> list[tuple[int, int]]:
    """Cut points into blocks of so many, or as many as `settings` says, up to whole groups."""
    size = getattr(state, "block", None) or size
    size = -(-size // group) * group
    return [(lo, min(lo + size, points)) for lo in range(0, points, size)]


@contextmanager
def one_pool() -> Iterator[None]:
    """Let all calls of `run` in this thread share a pool, of as many threads as the first of them needs."""
    with ExitStack() as stack:
        state.stack = stack
        try:
            yield
        finally:
            vars(state).pop("pool", None)
            del state.stack


@contextmanager
def pool_of(threads: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of so many threads: that of `one_pool`, if there is one, or a new one."""
    stack, pool = getattr(state, "stack", None), getattr(state, "pool", None)
    if pool is not None:
        yield pool
        return
    with ExitStack() as own:
        pool = (stack or own).enter_context(ThreadPoolExecutor(threads, thread_name_prefix="rnnsim"))
        if stack is not None:
            state.pool = pool
        yield pool


def run(work: Callable[[Callable[[], Any]], None], blocks: list[Any], threads: int | None = None) -> None:
    """Call `work(next_block)` in every thread; it asks for blocks until there is none. Ctrl-C stops after the blocks under way."""
    todo = deque(blocks)

    def next_block():
        try:
            return todo.popleft()
        except IndexError:
            return None

    threads = min(threads or getattr(state, "threads", None) or thread_count(), len(blocks))
    if threads == 1:
        work(next_block)
        return
    with pool_of(threads - 1) as pool:
        futures = [pool.submit(work, next_block) for _ in range(threads - 1)]
        try:
            work(next_block)
            for future in futures:
                future.result()
        except BaseException:
            todo.clear()
            wait(futures)
            raise
