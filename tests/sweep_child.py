"""Sweeps that run in processes of their own, to be killed there, for tests."""

import multiprocessing
import os
import resource
import signal
import sys
from multiprocessing import forkserver
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr  # noqa: F401  the server of forks has it then

import rnnsim as rs
from rnnsim.sweep import sinks
from rnnsim.sweep.sinks import Account

INPUTS = np.random.default_rng(3).normal(size=(4, 6))
TARGETS = np.arange(4.0)


def family(rows, columns=40):
    return rs.Elman(rs.axis("a", -1.5 + 0.05 * np.arange(rows)), rs.axis("b", -1.5 + 0.07 * np.arange(columns)))


def deadly(net, inputs, flag):
    """A verb that kills its process once for each file of the folder `flag`."""
    for file in sorted(Path(flag).iterdir()):
        file.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return rs.simulate(net, inputs, keep="final_state")


def sweep(path, rows, pipe=None, most=None, workers=None, columns=40):
    """A sweep of one row a block; `most` bytes fit into a file."""
    if most is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    net = family(rows, columns)
    try:
        if pipe is not None:
            pipe.send("begun")
            tell(pipe)
        rs.sweep(rs.backprop, net, INPUTS, TARGETS, to=path, memory=columns * 44, workers=workers, progress=False)
        answer = "done"
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    if pipe is not None:
        pipe.send(answer)


def tell(pipe):
    """Send word of the first block, and write the status often enough for a kill to fall between two writings."""
    sinks.SECONDS = 0.03
    enter = Account.enter

    def told(self, index, state):
        if not self.waiting:
            pipe.send("block")
        enter(self, index, state)

    Account.enter = told


def slow(net, inputs):
    """A verb that is always slow, and swallows Ctrl-C as `rs.train` does."""
    import time

    try:
        time.sleep(0.2)
    except KeyboardInterrupt:
        return rs.simulate(net.replace(bias=0.7), inputs)
    return rs.simulate(net, inputs)


def interrupted(path, errors):
    """A sweep that is slow, whose messages go to a file."""
    sys.stderr = open(errors, "w")  # noqa: SIM115
    rs.sweep(slow, family(30, 2), INPUTS, to=path, memory=800)


def server():
    """Processes that begin at once, with the package imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sweep_child"])
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:  # the server of Python 3.11 does not take over sys.path
        patch.setenv("PYTHONPATH", paths)
        forkserver.ensure_running()
    return context


def whole(rows, columns=40):
    return rs.backprop(family(rows, columns), INPUTS, TARGETS)


def check(path, rows, columns=40):
    """A store must hold what the verb returns, and plain xarray read it."""
    with rs.open(path) as stored:
        assert (stored.status > 0).all()
    names = [*whole(2, 2)]
    ds = xr.open_zarr(path, chunks=None)[names].load()
    for name in names:
        assert ds[name].values.tobytes() == np.ascontiguousarray(whole(rows, columns)[name].values).tobytes(), name
