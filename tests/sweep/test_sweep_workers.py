"""Whoever computes the blocks of a sweep, and whoever dies, the numbers are the same."""

import threading
import time

import pytest
import sweep_child
import xarray as xr

import rnnsim as rs
from rnnsim.storage import locking
from rnnsim.sweep import executors


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
    locking.remove(path)
    with pytest.MonkeyPatch.context() as patch:
        deaths(patch, flag, 2)
        found = rs.sweep(sweep_child.deadly, net, sweep_child.INPUTS, str(flag), to=path, memory=250, workers=2)
    assert not list(flag.iterdir())
    xr.testing.assert_equal(found.final_state, whole.final_state)


def deaths(monkey, flag, count):
    """Put the files that kill into the folder once the survey is over."""
    carry_out = executors.pickled

    def armed(job):
        for i in range(count):
            (flag / str(i)).touch()
        return carry_out(job)

    monkey.setattr(executors, "pickled", armed)


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
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
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


def test_a_cluster_without_workers_is_waited_for_then_refused(monkeypatch):
    distributed = pytest.importorskip("distributed")
    net = sweep_child.family(6, 3)
    options = {"n_workers": 0, "processes": False, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        with monkeypatch.context() as patch:
            patch.setattr(executors, "WAIT", 0.1)
            with pytest.raises(
                RuntimeError, match=r"client was given a cluster that has no workers after 0\.1 seconds; it needs one"
            ):
                rs.sweep(rs.simulate, net, sweep_child.INPUTS, client=client)
        threading.Timer(0.3, lambda: cluster.scale(1)).start()
        found = rs.sweep(rs.simulate, net, sweep_child.INPUTS, client=client, memory=2000)
    xr.testing.assert_identical(found, rs.simulate(net, sweep_child.INPUTS))
