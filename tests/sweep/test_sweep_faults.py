"""Whatever happens to a sweep, what is called done is right, and the same call goes on."""

import os
import signal
import time

import numpy as np
import pytest
import sweep_child
import xarray as xr

import rnnsim as rs
from rnnsim.storage import locking
from rnnsim.sweep import chunking
from rnnsim.sweep.chunking import Layout


@pytest.fixture(scope="module")
def server():
    return sweep_child.server()


def killed_run(server, path, rows, rng):
    """Run a sweep and kill it at a random moment, early or among its blocks; whether it was done before."""
    mine, theirs = server.Pipe()
    process = server.Process(target=sweep_child.sweep, args=(path, rows, theirs))
    process.start()
    assert mine.recv() == "begun"
    if rng.random() < 0.3:
        done = mine.poll(rng.uniform(0.0, 0.3)) and mine.recv() == "done"
    else:
        done = mine.recv() == "done"
        time.sleep(rng.uniform(0.0, 0.3))
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    while mine.poll():
        try:
            done |= mine.recv() == "done"
        except EOFError:
            break
    return done


def kills(server, path, count, rows):
    """Kill so many runs of a sweep, which grows whenever it is done; its size, and how often a kill left part of the blocks done."""
    rng, killed, parts, size = np.random.default_rng(), 0, 0, rows[0]
    while killed < count:
        if killed_run(server, path, size, rng):
            if size == rows[-1]:
                locking.remove(path)
            size = rows[(rows.index(size) + 1) % len(rows)]
            continue
        killed += 1
        if path.exists():
            with xr.open_zarr(path, chunks=None) as ds:
                parts += bool((ds.status > 0).any() & (ds.status == 0).any())
                check_done(ds)
    return size, parts


def check_done(ds):
    """What a store calls done must be right."""
    right = sweep_child.whole(ds.sizes["a"])
    edges = [*ds.a_block.values, ds.sizes["a"]]
    for i in np.flatnonzero(ds.status.values[:, 0] > 0):
        part = {"a": slice(edges[i], edges[i + 1])}
        for name in right:
            np.testing.assert_array_equal(ds[name].isel(part), right[name].isel(part))


def test_ten_kills_at_random_moments_change_nothing(server, tmp_path):
    path = tmp_path / "x.zarr"
    size, parts = kills(server, path, 10, (150, 223))
    assert parts > 0
    sweep_child.sweep(path, size)
    sweep_child.check(path, size)
    assert {path.name for path in tmp_path.iterdir()} == {"x.zarr"} and not list(tmp_path.rglob("*.partial"))


@pytest.mark.slow
def test_a_hundred_kills_at_random_moments_change_nothing(server, tmp_path):
    for part in range(2):
        path = tmp_path / f"{part}.zarr"
        size, parts = kills(server, path, 50, (150, 223, 300))
        assert parts > 5
        sweep_child.sweep(path, size)
        sweep_child.check(path, size)


def test_a_full_disk_is_told_and_loses_nothing(server, tmp_path):
    path = tmp_path / "x.zarr"
    mine, theirs = server.Pipe()
    columns = 4000  # 32 kB a chunk
    process = server.Process(target=sweep_child.sweep, args=(path, 5, theirs), kwargs={"most": 20_000, "columns": columns})
    process.start()
    process.join()
    assert mine.recv() == "begun"
    said = mine.recv()
    assert said.startswith("OSError") and f"{path} could not be written (File too large)" in said
    assert "make room, and the same call goes on" in said
    if path.exists():
        assert (rs.open(path).status == chunking.PENDING).all()
    sweep_child.sweep(path, 5, columns=columns)
    sweep_child.check(path, 5, columns)
    assert {p.name for p in tmp_path.iterdir()} == {"x.zarr"}


def test_a_second_sweep_on_a_path_is_refused(tmp_path):
    path = tmp_path / "x.zarr"
    with (
        locking.taken(path),
        pytest.raises(BlockingIOError, match=rf"x\.zarr is being written by another sweep \(process {os.getpid()}\)"),
    ):
        rs.sweep(rs.simulate, sweep_child.family(3), sweep_child.INPUTS, to=path)
    rs.sweep(rs.simulate, sweep_child.family(3), sweep_child.INPUTS, to=path)
    assert {p.name for p in tmp_path.iterdir()} == {"x.zarr"}


def test_a_second_sweep_of_another_process_is_refused(server, tmp_path):
    first, theirs = server.Pipe()
    process = server.Process(target=sweep_child.sweep, args=(tmp_path / "x.zarr", 2000, theirs))
    process.start()
    assert first.recv() == "begun"
    second, theirs = server.Pipe()
    while not (tmp_path / ".x.zarr.lock").exists():
        time.sleep(0.01)
    time.sleep(0.05)
    other = server.Process(target=sweep_child.sweep, args=(tmp_path / "x.zarr", 2000, theirs))
    other.start()
    other.join()
    assert second.recv() == "begun" and second.recv().startswith("BlockingIOError")
    process.kill()
    process.join()


def test_ctrl_c_ends_soon_and_says_how_to_go_on(server, tmp_path):
    process = server.Process(target=sweep_child.interrupted, args=(tmp_path / "x.zarr", tmp_path / "errors"))
    process.start()
    while not (tmp_path / "x.zarr").exists():
        time.sleep(0.05)
    time.sleep(0.7)
    start = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.join()
    assert time.monotonic() - start < 2
    said = (tmp_path / "errors").read_text()
    assert "KeyboardInterrupt" in said
    with rs.open(tmp_path / "x.zarr") as ds:
        done = ds.status.values[:, 0] > 0
        assert f"stopped: {done.sum()} of 30 blocks are done; the same call goes on: rs.sweep(rs.slow, …, to=" in said
        assert 0 < done.sum() < 30
        right = rs.simulate(sweep_child.family(30, 2), sweep_child.INPUTS)
        xr.testing.assert_equal(ds.state[done], right.state[done])
        assert ds.state[~done].isnull().all()


def test_what_was_written_when_an_error_came_is_kept(tmp_path, monkeypatch):
    path, compute, calls = tmp_path / "x.zarr", Layout.block_values, []

    def failing(self, call, index):
        calls.append(index)
        if len(calls) == 5:
            raise RuntimeError("no more")
        return compute(self, call, index)

    with monkeypatch.context() as patch:
        patch.setattr(Layout, "block_values", failing)
        with pytest.raises(RuntimeError, match="no more"):
            rs.sweep(rs.backprop, sweep_child.family(9), sweep_child.INPUTS, sweep_child.TARGETS, to=path, memory=1760)
    assert (rs.open(path).status.values[:, 0] > 0).sum() == 4
    sweep_child.sweep(path, 9)
    sweep_child.check(path, 9)
