"""Memory of large arrays is used again once nothing refers to it, and never before."""

import mmap
from pathlib import Path

import numpy as np
import pytest
from memory_use import taken_by

import rnnsim as rs
from rnnsim.numerics import memory, parallel

needs_free = pytest.mark.skipif(not hasattr(mmap, "MADV_FREE"), reason="the system cannot take memory back when it needs some")
SIZE = memory.LARGE // 4


@pytest.fixture(autouse=True)
def nothing_kept():
    memory._kept.clear()
    yield
    memory._kept.clear()


def address(array):
    return array.ctypes.data


@needs_free
def test_memory_is_used_again_once_no_view_is_left():
    array = parallel.aligned(SIZE)
    first, part = address(array), array.reshape(2, -1)[1, ::7]
    part[:] = 3.0
    del array
    other = parallel.aligned(SIZE)
    other[:] = 4.0
    assert address(other) != first and (part == 3.0).all() and not memory._kept
    del part
    assert len(memory._kept) == 1
    again = parallel.aligned(SIZE - 100, np.float64, 5.0)
    assert address(again) == first and (again == 5.0).all() and (other == 4.0).all() and not memory._kept


def free_to_take():
    """The bytes of this process that the system may take back."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("LazyFree:"))


@needs_free
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux to tell what is free to take")
def test_the_system_may_take_kept_memory_back():
    array = parallel.aligned(SIZE, np.float64, 1.0)
    before, size = free_to_take(), array.nbytes
    del array
    assert free_to_take() - before > 0.9 * size


@needs_free
def test_memory_of_another_size_goes_back_before_new_is_taken():
    for size in (SIZE, 3 * SIZE, SIZE):
        array = parallel.aligned(size)
        assert not memory._kept
        wanted = array.nbytes
        del array
        assert len(memory._kept) == 1 and len(memory._kept[0]) <= 2 * wanted
    arrays = [parallel.aligned(SIZE) for _ in range(5)]
    del arrays
    assert len(memory._kept) == memory.KEPT


def test_small_arrays_and_systems_that_take_nothing_back_keep_nothing(monkeypatch):
    assert memory.LARGE == 32 * 2**20
    parallel.aligned(memory.LARGE // 8 - 100)
    monkeypatch.delattr(mmap, "MADV_FREE", raising=False)
    parallel.aligned(SIZE)
    assert not memory._kept


@needs_free
def test_memory_that_the_system_refuses_is_asked_of_numpy(monkeypatch):
    def refuse(size):
        raise OSError("no memory")

    monkeypatch.setattr(memory, "_new", refuse)
    assert parallel.aligned(SIZE, np.float64, 1.0).sum() == SIZE
    with pytest.raises(MemoryError):
        parallel.aligned(1 << 50)


@needs_free
def test_a_result_stays_what_it_is_while_others_are_made():
    def states(bias):
        net = rs.Elman(rs.axis("w", np.linspace(-1, 1, 50_000)), 0.5, bias)
        return rs.simulate(net, np.ones((1, 100)))

    first = states(0.0)
    kept, total = first.state.isel(w=slice(10, 20)), float(first.state.sum())
    second = states(1.0)
    assert float(first.state.sum()) == total
    copy = kept.copy(deep=True)
    del first
    states(2.0), states(3.0)
    np.testing.assert_array_equal(kept, copy)
    del kept, second
    assert memory._kept


WEIGHTS = [rs.axis(name, np.linspace(0.1, 0.9, 1000)) for name in ("w_in", "w_rec")]
PLANE = rs.Elman(*WEIGHTS, rs.axis("bias", [0.1, 0.2]))
MATRICES = rs.Elman.random(8, gain=rs.axis("gain", np.linspace(0.1, 0.9, 50_000)), seed=rs.axis("seed", [1, 2]))
X = np.ones((2, 6))
CALLS = {  # the bytes that one parameter, copied over the grid, would take, and the call
    "backprop": (16e6, PLANE, lambda net: rs.backprop(net, X, np.ones(2), keep="cost")),
    "simulate": (16e6, PLANE, lambda net: rs.simulate(net, X, keep="final_state")),
    "backprop, units": (51e6, MATRICES, lambda net: rs.backprop(net, X[..., None], np.ones((2, 8)), keep="cost")),
}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to tell the most memory that was taken")
@pytest.mark.parametrize("name", CALLS)
def test_no_parameter_is_copied_over_the_grid(name, monkeypatch):
    monkeypatch.setenv("RNNSIM_NUM_THREADS", "2")
    copy, net, call = CALLS[name]
    call(net.isel({axis: slice(2) for axis in net.axes}))  # which brings all kernels
    ds, taken = taken_by(lambda: call(net))
    assert 1e6 * taken < ds.nbytes + 12e6 < ds.nbytes + copy
