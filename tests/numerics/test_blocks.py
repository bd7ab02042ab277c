"""Gathering points of a grid, cutting it into blocks, and running them."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsim.numerics import parallel


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_gathering_is_broadcasting(shape, data):
    has = data.draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
    own = [size if there else 1 for size, there in zip(shape, has, strict=True)]
    values = np.random.default_rng(0).normal(size=own)
    everywhere = np.broadcast_to(values, shape).reshape(-1)
    lo = data.draw(st.integers(0, everywhere.size - 1))
    hi = data.draw(st.integers(lo + 1, everywhere.size))
    strides = np.array([stride // 8 if there else 0 for stride, there in zip(values.strides, has, strict=True)])
    out = np.full(everywhere.size + 3, np.nan)
    parallel.gather(values.reshape(-1), strides, np.array(shape), lo, hi, out)
    np.testing.assert_array_equal(out[: hi - lo], everywhere[lo:hi])
    assert (out[hi - lo :] == everywhere[hi - 1]).all()


@pytest.mark.parametrize("points", [1, 7, 1000, 12345])
def test_blocks_cover_every_point_once_in_whole_groups(points):
    blocks = parallel.blocks(points, steps=100, rows=5, width=16)
    assert [lo for lo, _ in blocks] == [0] + [hi for _, hi in blocks[:-1]] and blocks[-1][1] == points
    assert all((hi - lo) % 16 == 0 for lo, hi in blocks[:-1])
    assert max(hi - lo for lo, hi in blocks) * 5 * 8 <= parallel.BLOCK_BYTES + 16 * 5 * 8


def test_an_error_in_one_thread_stops_the_others_and_is_raised():
    done = []

    def work(next_block):
        while (block := next_block()) is not None:
            if block == 3:
                raise KeyboardInterrupt
            done.append(block)

    with pytest.raises(KeyboardInterrupt):
        parallel.run(work, list(range(1000)), threads=2)
    assert len(done) < 1000


def test_the_number_of_threads_can_be_chosen(monkeypatch):
    monkeypatch.delenv("RNNSIM_NUM_THREADS", raising=False)
    allowed = parallel.thread_count()
    assert allowed == (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    monkeypatch.setenv("RNNSIM_NUM_THREADS", "1")
    assert parallel.thread_count() == 1
    monkeypatch.setenv("RNNSIM_NUM_THREADS", "100000")
    assert parallel.thread_count() == allowed


@pytest.mark.parametrize("dtype", ["float32", "float64", np.int64])
def test_aligned_arrays_begin_with_a_cache_line(dtype):
    held = []
    for shape in (0, 1, 7, (3, 5), (2, 0)) * 5:
        array = parallel.aligned(shape, dtype, 2.0)
        held.append(array)
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, np.full(shape, 2, dtype), strict=True)
