"""A worker that dies in the middle of a sweep of any verb changes no number."""

import multiprocessing
import os
import signal
import warnings
from functools import partial

import pytest
import verb_calls
import xarray as xr

import rnnsim as rs
from rnnsim.sweep import executors
from rnnsim.sweep.sinks import Account


def when_two_are_done(fault, monkeypatch):
    """Let `fault()` happen when the second block is done; the list of all blocks that are."""
    enter, done = Account.enter, []

    def entered(self, index, state):
        enter(self, index, state)
        done.append(index)
        if len(done) == 2:
            fault()

    monkeypatch.setattr(Account, "enter", entered)
    return done


def check_sweep(name, pids, monkeypatch, **crew):
    """A sweep of which a worker dies gives the bits of the verb."""
    verb, family, args, options, memory = verb_calls.CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # short orbits drift
        whole = verb(family(), *args, **options)
        dead = []

        def kill():
            dead.append(pids()[0])
            os.kill(dead[0], signal.SIGKILL)

        done = when_two_are_done(kill, monkeypatch)
        found = rs.sweep(verb, family(), *args, memory=memory, progress=False, **crew, **options).load()
    assert len(dead) == 1 and len(done) == len(set(done)) >= 6
    xr.testing.assert_identical(found, whole)


def children():
    return [process.pid for process in multiprocessing.active_children()]


@pytest.mark.slow
@pytest.mark.parametrize("name", verb_calls.CALLS)
def test_a_process_killed_between_blocks_changes_nothing_of_any_verb(name, monkeypatch, tmp_path):
    check_sweep(name, children, monkeypatch, workers=2, to=tmp_path / "x.zarr")


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster


@pytest.mark.slow
@pytest.mark.parametrize("name", verb_calls.CALLS)
def test_a_dask_worker_killed_between_blocks_changes_nothing_of_any_verb(name, cluster, monkeypatch, tmp_path):
    import distributed

    with distributed.Client(cluster) as client:
        client.wait_for_workers(2)

        def pids():
            return list(client.run(os.getpid).values())

        check_sweep(name, pids, monkeypatch, client=client, to=tmp_path / "x.zarr")


def test_a_cluster_that_loses_all_workers_is_told_and_the_same_call_goes_on(monkeypatch, tmp_path):
    distributed = pytest.importorskip("distributed")
    verb, family, args, _, memory = verb_calls.CALLS["simulate"]
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0", "silence_logs": 50}
    call = partial(rs.sweep, verb, family(), *args, to=tmp_path / "x.zarr", memory=memory, progress=False)
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client, monkeypatch.context() as patch:
        done = when_two_are_done(lambda: cluster.scale(0), patch)
        patch.setattr(executors, "WAIT", 0.5)
        with pytest.raises(RuntimeError, match=r"client was given a cluster that has no workers after 0\.5 seconds; it needs one"):
            call(client=client)
    with rs.open(tmp_path / "x.zarr") as ds:
        assert 2 <= (ds.status > 0).sum() == len(done) < ds.status.size
    xr.testing.assert_identical(call().load(), verb(family(), *args))
