"""Whatever happens to a sweep, what is called done is right, and the same call goes on."""

import os
import signal
import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest
import sweep_child
import xarray as xr

import rnnsim as rs
from rnnsim import crews, layouts, places
from rnnsim.layouts import Layout


@pytest.fixture(scope="module")
def server():
    return sweep_child.server()


def killed_run(server, path, rows, seconds, **options):
    """Run a sweep and kill it; whether it was done before."""
    mine, theirs = server.Pipe()
    process = server.Process(target=sweep_child.sweep, args=(path, rows, theirs), kwargs=options)
    process.start()
    assert mine.recv() == "begun"
    if not mine.poll(seconds):
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode == 0 and mine.recv() == "done"


def kills(server, path, count, rng, rows=(60,), longest=0.6):
    """Kill so many runs of a sweep, which may grow, at random moments."""
    killed, done, size = 0, 0, rows[0]
    while killed < count:
        seconds = rng.uniform(0.0, longest)
        finished = killed_run(server, path, size, seconds)
        done += finished
        killed += not finished
        if finished and killed < count:
            size = rows[(rows.index(size) + 1) % len(rows)]
            if size == rows[0]:
                places.remove(path)
    return size


def test_ten_kills_at_random_moments_change_nothing(server, tmp_path):
    rng = np.random.default_rng()
    size = kills(server, tmp_path / "x.zarr", 10, rng, rows=(60, 83))
    sweep_child.sweep(tmp_path / "x.zarr", size)
    sweep_child.check(tmp_path / "x.zarr", size)
    assert {path.name for path in tmp_path.iterdir()} == {"x.zarr"} and not list(tmp_path.rglob("*.partial"))


@pytest.mark.slow
def test_a_hundred_kills_at_random_moments_change_nothing(server, tmp_path):
    rng = np.random.default_rng()
    for part in range(2):
        path = tmp_path / f"{part}.zarr"
        size = kills(server, path, 50, rng, rows=(200, 230, 261), longest=1.5)
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
        assert (rs.open(path).status == layouts.PENDING).all()
    sweep_child.sweep(path, 5, columns=columns)
    sweep_child.check(path, 5, columns)
    assert {p.name for p in tmp_path.iterdir()} == {"x.zarr"}


def test_a_second_sweep_on_a_path_is_refused(tmp_path):
    path = tmp_path / "x.zarr"
    with (
        places.taken(path),
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
    assert "of 30 blocks are done; the same call goes on: rs.sweep(rs.slow, …, to=" in said and "KeyboardInterrupt" in said
    with rs.open(tmp_path / "x.zarr") as ds:
        done = ds.status.values[:, 0] > 0
        assert 0 < done.sum() < 30
        right = rs.simulate(sweep_child.family(30, 2), sweep_child.INPUTS)
        xr.testing.assert_equal(ds.state[done], right.state[done])
        assert ds.state[~done].isnull().all()


def test_what_was_written_when_an_error_came_is_kept(tmp_path, monkeypatch):
    path, compute, calls = tmp_path / "x.zarr", Layout.compute, []

    def failing(self, call, index):
        calls.append(index)
        if len(calls) == 5:
            raise RuntimeError("no more")
        return compute(self, call, index)

    with monkeypatch.context() as patch:
        patch.setattr(Layout, "compute", failing)
        with pytest.raises(RuntimeError, match="no more"):
            rs.sweep(rs.backprop, sweep_child.family(9), sweep_child.INPUTS, sweep_child.TARGETS, to=path, memory=1760)
    assert (rs.open(path).status.values[:, 0] > 0).sum() == 4
    sweep_child.sweep(path, 9)
    sweep_child.check(path, 9)


def test_processes_write_what_threads_write_and_dead_ones_are_replaced(tmp_path):
    flag = tmp_path / "flag"
    flag.mkdir()
    net = sweep_child.family(12, 3)
    whole = rs.simulate(net, sweep_child.INPUTS, keep="final_state")
    path = tmp_path / "x.zarr"
    rs.sweep(sweep_child.deadly, net, sweep_child.INPUTS, str(flag), to=path, memory=250, workers=2)  # without a death
    xr.testing.assert_equal(
        rs.open(path)[["final_state"]].drop_vars(["a_block", "b_block"], errors="ignore"), whole[["final_state"]]
    )
    places.remove(path)
    with pytest.MonkeyPatch.context() as patch:
        deaths(patch, flag, 2)
        found = rs.sweep(sweep_child.deadly, net, sweep_child.INPUTS, str(flag), to=path, memory=250, workers=2)
    assert not list(flag.iterdir())
    xr.testing.assert_equal(found.final_state, whole.final_state)


def deaths(monkey, flag, count):
    """Put the files that kill into the folder once the survey is over."""
    carry_out = crews.pickled

    def armed(job):
        for i in range(count):
            (flag / str(i)).touch()
        return carry_out(job)

    monkey.setattr(crews, "pickled", armed)


def test_processes_give_numbers_back_if_there_is_no_store():
    net = sweep_child.family(12, 3)
    found = rs.sweep(rs.backprop, net, sweep_child.INPUTS, sweep_child.TARGETS, memory=500, workers=2)
    xr.testing.assert_identical(found, sweep_child.whole(12, 3))


def test_what_cannot_be_sent_is_refused(tmp_path):
    net = sweep_child.family(3)
    with pytest.raises(
        TypeError, match=r"the call cannot be sent to other processes .*; it needs functions of modules, or workers=None"
    ):
        rs.sweep(lambda net: rs.simulate(net, [1.0]), net, workers=2)


def test_a_dask_worker_killed_twice_changes_nothing(tmp_path):
    distributed = pytest.importorskip("distributed")
    flag, path = tmp_path / "flag", tmp_path / "x.zarr"
    flag.mkdir()
    net = sweep_child.family(60, 3)
    whole = rs.simulate(net, sweep_child.INPUTS, keep="final_state")
    with ExitStack() as stack:
        cluster = stack.enter_context(
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)
        )
        client = stack.enter_context(distributed.Client(cluster))
        found = rs.sweep(rs.simulate, net, sweep_child.INPUTS, keep="final_state", memory=500, client=client)
        xr.testing.assert_identical(found, whole)

        def arm():
            while not path.exists():
                time.sleep(0.01)
            for i in range(2):
                (flag / str(i)).touch()
                time.sleep(1.0)

        thread = threading.Thread(target=arm)
        thread.start()
        found = rs.sweep(sweep_child.deadly, net, sweep_child.INPUTS, str(flag), to=path, memory=250, client=client)
        thread.join()
        xr.testing.assert_equal(found.final_state.load(), whole.final_state)
