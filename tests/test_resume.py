"""Runs that go on from others: the bits of the whole, also after Ctrl-C, from files, and in other processes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from families import refused
from training import OPTIMIZERS, Scalar, Vector

import rnnsim as rs
from rnnsim import lane_training

TESTS = Path(__file__).parent


def halves(tmp_path, kind, net, first, second, **options):
    """The run of first + second epochs, and the same one that stops between, is saved, and goes on from the file."""

    def run(epochs, resume=None):
        return rs.train(net, kind.inputs, kind.targets, epochs=epochs, resume=resume, progress=False, **options)

    rs.save(run(first), tmp_path / "half.nc")
    with rs.open(tmp_path / "half.nc") as half:
        return run(first + second), run(second, half)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_halves_are_the_whole(name, tmp_path):
    options = {"optimizer": OPTIMIZERS[name][0], "batch_size": 2, "shuffle": True, "seed": 5}
    whole, joined = halves(tmp_path, Scalar, Scalar.net(), 4, 5, **options)
    assert joined.attrs.pop("history").endswith("rnnsim.save")
    xr.testing.assert_identical(whole, joined)
    np.testing.assert_array_equal(joined.epoch, np.arange(10))


def everything():
    rate = rs.schedules.cosine(rs.axis("lr", [0.02, 0.3, 1e200]), 0.001, 12)
    options = {"optimizer": rs.SGD(rate, momentum=0.9), "batch_size": 2, "shuffle": True, "seed": rs.axis("seed", [0, 1])}
    options |= {"patience": 3, "validation": (Vector.inputs[:2], Vector.targets[1:3]), "clip": rs.ClipValue(1e300), "every": 3}
    return Vector.net(h0=rs.axis("start", [0.1, 0.2])), options


@pytest.mark.parametrize("first", [3, 9, 12])
def test_two_halves_of_everything_are_the_whole(first, tmp_path):
    net, options = everything()
    whole, joined = halves(tmp_path, Vector, net, first, 15 - first, **options)
    xr.testing.assert_equal(whole, joined)
    assert (whole.stopped_at > 0).any() and (whole.diverged_at > 0).any() and whole.best_epoch.min() < first


def test_a_half_that_is_not_recorded_in_the_whole_adds_an_epoch(tmp_path):
    whole, joined = halves(tmp_path, Scalar, Scalar.net(), 4, 5, optimizer=rs.Adam(0.1), every=3)
    np.testing.assert_array_equal(joined.epoch, [0, 3, 4, 6, 9])
    xr.testing.assert_equal(whole, joined.sel(epoch=whole.epoch))


@pytest.mark.parametrize("patience", [1, 3])
def test_a_run_at_its_end_goes_on_with_nothing(patience, tmp_path):
    options = {"optimizer": rs.SGD(rs.axis("lr", [0.1, 0.2]), 0.9), "patience": patience}
    _, joined = halves(tmp_path, Scalar, Scalar.net(), 200, 5, **options)
    with rs.open(tmp_path / "half.nc") as half:
        xr.testing.assert_equal(half, joined)
    assert joined.indexes["epoch"].is_unique and joined.sizes["epoch"] < 200


def interrupted(monkeypatch, at):
    """Make the engine's call number `at` stop by Ctrl-C when half of its work is done."""
    advance, calls = lane_training.LaneEngine.advance, []

    def stopped(self, first, last, finish):
        calls.append((first, last))
        if len(calls) == at:
            advance(self, first, (first + last + 1) // 2, False)
            raise KeyboardInterrupt
        advance(self, first, last, finish)

    monkeypatch.setattr(lane_training.LaneEngine, "advance", stopped)


@pytest.mark.parametrize("at", [1, 3])
def test_ctrl_c_returns_the_record_so_far_and_can_be_resumed(at, monkeypatch):
    net, options = everything()
    options = options | {"every": 1, "patience": 25, "progress": False}
    whole = rs.train(net, Vector.inputs, Vector.targets, epochs=40, **options)
    assert whole.epoch[-1] == 40
    with monkeypatch.context() as patch:
        interrupted(patch, at)
        with pytest.warns(UserWarning, match=r"stopped by Ctrl-C after epoch \d+ of 40; resume= goes on from it") as caught:
            part = rs.train(net, Vector.inputs, Vector.targets, epochs=40, **options)
    last = int(part.epoch[-1])
    assert f"after epoch {last} of" in str(caught[0].message) and caught[0].filename == __file__
    assert (last == 0) == (at == 1) and last < 40
    by_epoch = [name for name in whole if "epoch" in whole[name].dims]
    xr.testing.assert_equal(part[by_epoch], whole[by_epoch].sel(epoch=slice(0, last)))
    xr.testing.assert_equal(
        rs.train(net, Vector.inputs, Vector.targets, epochs=40 - last, resume=part, **options).drop_attrs(), whole.drop_attrs()
    )


def test_ctrl_c_at_the_begin_of_a_resumed_run_returns_that(monkeypatch):
    net, options = Vector.net(), {"optimizer": rs.Adam(0.1), "progress": False}
    half = rs.train(net, Vector.inputs, Vector.targets, epochs=4, **options)
    interrupted(monkeypatch, 1)
    with pytest.warns(UserWarning, match="stopped by Ctrl-C after epoch 4 of 9"):
        part = rs.train(net, Vector.inputs, Vector.targets, epochs=5, resume=half, **options)
    xr.testing.assert_equal(part, half)


OTHER_PROCESS = """
import sys, rnnsim as rs
from training import Vector
with rs.open(sys.argv[1]) as half:
    run = rs.train(Vector.net(), Vector.inputs, Vector.targets, optimizer=rs.Adam(0.05), epochs=5, resume=half, progress=False)
rs.save(run, sys.argv[2])
"""


def test_another_process_goes_on_to_the_same_bits(tmp_path):
    def run(epochs):
        return rs.train(Vector.net(), Vector.inputs, Vector.targets, optimizer=rs.Adam(0.05), epochs=epochs, progress=False)

    rs.save(run(4), tmp_path / "half.nc")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]), "RNNSIM_NUM_THREADS": "1"}
    command = [sys.executable, "-c", OTHER_PROCESS, tmp_path / "half.nc", tmp_path / "whole.nc"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with rs.open(tmp_path / "whole.nc") as joined:
        xr.testing.assert_equal(joined, run(9))


def family(values=(0.5, 0.6), name="w", **options):
    options = {"optimizer": rs.SGD(0.1, 0.9), "epochs": 2, "progress": False, **options}
    net = rs.Elman(rs.axis(name, values), 0.5, activation="linear")
    return rs.train(net, Scalar.inputs, Scalar.targets, **options)


# what the run was made with, what goes on
OTHERS = [
    ("a run without velocity_w_in; it needs one of the same optimizer, parameters", {"optimizer": rs.SGD(0.1)}, {}),
    ("a run without first_moment_w_in", {}, {"optimizer": rs.Adam()}),
    ("a run without last_cost", {"optimizer": rs.Rprop("rprop+")}, {"optimizer": rs.Rprop("irprop+")}),
    ("a run without stopped_at", {}, {"patience": 2}),
    ("a run without grad_norm over epochs; it needs what this run records", {"keep": "cost"}, {}),
    ("a run without validation_cost over epochs", {}, {"validation": (Scalar.inputs, Scalar.targets)}),
    ("a run without rounded_accuracy over epochs", {}, {"metrics": "rounded_accuracy"}),
    ("a run with other values of the axis 'w'; it needs the same", {"values": (0.5, 0.7)}, {}),
    ("a run with other values of the axis 'w'", {"values": (0.5, 0.6, 0.7)}, {}),
    (r"a run whose h0, which is not trained, is another; it needs net.at\(run\)", {"train": ("w_in", "w_rec", "bias", "h0")}, {}),
    ("w_rec of sizes {}; it needs {'w': 2}", {"train": "w_in"}, {"train": ("w_in", "w_rec")}),
]


@pytest.mark.parametrize(("message", "before", "after"), OTHERS, ids=[message for message, *_ in OTHERS])
def test_runs_of_another_kind_are_refused(message, before, after, monkeypatch):
    run = family(**before)
    refused(monkeypatch, lambda: family(resume=run, **after), ValueError, f"resume was given .*{message}")


def test_runs_of_other_axes_are_refused(monkeypatch):
    run = family(name="b")
    refused(monkeypatch, lambda: family(resume=run), ValueError, r"resume was given w_in of sizes {'b': 2}; it needs {'w': 2}")


def test_runs_of_other_sizes_are_refused(monkeypatch):
    def train(units, resume=None):
        net = rs.Elman(np.ones((units, 2)), np.eye(units), readout=rs.Readout(np.ones((2, units))))
        options = {"optimizer": rs.SGD(0.1), "epochs": 1, "train": net.trainable, "progress": False}
        return rs.train(net, Vector.inputs, Vector.targets, resume=resume, **options)

    run = train(3)
    message = r"resume was given w_in of sizes {'unit': 3, 'input': 2}; it needs {'unit': 2, 'input': 2}"
    refused(monkeypatch, lambda: train(2, run), ValueError, message)


def test_what_did_not_move_can_be_gone_on_with_where_it_came_to():
    run = family()
    net = rs.Elman(rs.axis("w", (0.5, 0.6)), 0.5, activation="linear").at(run)
    options = {"optimizer": rs.SGD(0.1, 0.9), "epochs": 3, "progress": False, "train": "w_in"}
    joined = rs.train(net, Scalar.inputs, Scalar.targets, resume=run, **options)
    assert (joined.w_rec.sel(epoch=[2, 3, 5]) == run.w_rec.isel(epoch=-1, drop=True)).all() and joined.w_in.sizes["epoch"] == 6
