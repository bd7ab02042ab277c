"""Runs that go on from others: the bits of the whole, also after Ctrl-C, from files, and in other processes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from family_data import refused
from project import TESTS
from training import OPTIMIZERS, Scalar, Vector

import rnnsim as rs
from rnnsim.verbs.training import small_engine


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
    advance, calls = small_engine.LaneEngine.advance, []

    def stopped(self, first, last, finish):
        calls.append((first, last))
        if len(calls) == at:
            advance(self, first, (first + last + 1) // 2, False)
            raise KeyboardInterrupt
        advance(self, first, last, finish)

    monkeypatch.setattr(small_engine.LaneEngine, "advance", stopped)


@pytest.mark.parametrize("at", [1, 3])
def test_ctrl_c_returns_the_record_so_far_and_can_be_resumed(at, monkeypatch):
    net, options = everything()
    options = options | {"every": 1, "patience": 25, "progress": False}
    whole = rs.train(net, Vector.inputs, Vector.targets, epochs=40, **options)
    assert whole.epoch[-1] == 40
    with monkeypatch.context() as patch:
        interrupted(patch, at)
        with pytest.warns(
            UserWarning,
            match=r"stopped by Ctrl-C after epoch \d+ of 40; this goes on from it: rs.train\(…, epochs=\d+, resume=run\)",
        ) as caught:
            part = rs.train(net, Vector.inputs, Vector.targets, epochs=40, **options)
    last = int(part.epoch[-1])
    assert f"after epoch {last} of" in str(caught[0].message) and caught[0].filename == __file__
    assert (last == 0) == (at == 1) and last < 40
    by_epoch = [name for name in whole if "epoch" in whole[name].dims]
    xr.testing.assert_equal(part[by_epoch], whole[by_epoch].sel(epoch=slice(0, last)))
    xr.testing.assert_equal(
        rs.train(net, Vector.inputs, Vector.targets, epochs=40 - last, resume=part, **options).drop_attrs(), whole.drop_attrs()
    )


@pytest.mark.parametrize("at", [1, 2, 4])
def test_ctrl_c_in_a_sweep_is_the_sweeps(at, monkeypatch, tmp_path, capsys):
    net, call = rs.Elman(0.5, rs.axis("w", (0.4, 0.5, 0.6)), activation="linear"), (Scalar.inputs, Scalar.targets)
    options = {"optimizer": rs.SGD(0.1), "epochs": 40, "memory": 7_000, "progress": False, "to": tmp_path / "x.zarr"}
    with monkeypatch.context() as patch:
        interrupted(patch, at)
        with pytest.raises(KeyboardInterrupt):
            rs.sweep(rs.train, net, *call, **options)
    found = rs.sweep(rs.train, net, *call, **options).load()
    xr.testing.assert_identical(found, rs.train(net, *call, optimizer=rs.SGD(0.1), epochs=40, progress=False))


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


def family(values=(0.5, 0.6), name="w", coords=None, activation="linear", **options):
    options = {"optimizer": rs.SGD(0.1, 0.9), "epochs": 2, "progress": False, **options}
    w_in = xr.DataArray(np.array(values), {name: np.array(values if coords is None else coords)}, (name,))
    data = (options.pop(name, getattr(Scalar, name)) for name in ("inputs", "targets"))
    return rs.train(rs.Elman(w_in, 0.5, activation=activation), *data, **options)


OPTIMIZER = (
    r"another optimizer \(SGD\(lr=0.1, momentum=0.9, nesterov=False\) then, .* now\); it needs the same, or resume_with='optimizer'"
)
ALL = {"train": ("w_in", "w_rec", "bias", "h0")}
VALIDATION = {"validation": (Scalar.inputs[:3], Scalar.targets[:3])}
# what the run was made with, what goes on
OTHERS = [
    (OPTIMIZER, {}, {"optimizer": rs.SGD(0.2, 0.9)}),
    (OPTIMIZER + "$", {}, {"optimizer": rs.Adam()}),
    ("another optimizer;", {"optimizer": rs.SGD(rs.axis("lr", [0.1, 0.2]))}, {"optimizer": rs.SGD(rs.axis("lr", [0.1, 0.3]))}),
    (
        r"another optimizer \(Rprop\(variant='irprop-', step=0.01, grow=1.2, shrink=0.5, s… then, SGD\(lr",
        {"optimizer": rs.Rprop()},
        {},
    ),
    (r"another patience \(None then, 2 now\)", {}, {"patience": 2}),
    (r"another batch_size \(None then, 2 now\)", {}, {"batch_size": 2}),
    (r"another shuffle \(False then, True now\)", {}, {"shuffle": True}),
    (r"another seed \(0 then, 1 now\)", {}, {"seed": 1}),
    (r"another clip \(None then, ClipNorm\(0.5\) now\)", {}, {"clip": 0.5}),
    (r"another truncate \(None then, 3 now\)", {}, {"truncate": 3}),
    (r"another every \(1 then, 2 now\)", {}, {"every": 2}),
    (r"another dtype \(float64 then, float32 now\)", {}, {"dtype": "float32"}),
    (r"another keep \(\['cost', 'parameters', 'states'\] then", {"keep": ("cost", "parameters", "states")}, {}),
    (r"another metrics \(\[\] then, \['rounded_accuracy'\] now\)", {}, {"metrics": "rounded_accuracy"}),
    ("another validation; it needs the same, or resume_with='validation'", {}, VALIDATION),
    ("another validation;", VALIDATION, {}),
    ("another validation;", VALIDATION, {"validation": (Scalar.inputs[:2], Scalar.targets[:2])}),
    ("another inputs; it needs the same, or resume_with='inputs'", {}, {"inputs": Scalar.inputs + 1.0}),
    ("another targets; it needs the same, or resume_with='targets'", {}, {"targets": Scalar.targets + 1.0}),
    (r"another train \(\['w_in', 'w_rec', 'bias'\] then, \['w_in'\] now\)", {}, {"train": "w_in"}),
    (r"another net \(.*linear.* then, .*tanh.* now\)", {}, {"activation": "tanh"}),
    ("a family with another w_in; it needs that family", {}, {"values": (0.5, 0.7), "coords": (0.5, 0.6)}),
    ("a run with other values of the axis 'w'; it needs the same", {"values": (0.5, 0.7)}, {}),
    ("a run with other values of the axis 'w'", {"values": (0.5, 0.6, 0.7)}, {}),
    (r"a run whose h0, which is not trained, is another; it needs net.at\(run\)", ALL, {"resume_with": "train"}),
    ("a run without w_in; it needs one that keeps parameters and states", {"keep": "cost"}, {"resume_with": "keep"}),
    ("a run without velocity_w_in; it needs one that keeps", {"keep": "parameters"}, {"resume_with": "keep"}),
]


@pytest.mark.parametrize(("message", "before", "after"), OTHERS)
def test_runs_of_another_kind_are_refused(message, before, after, monkeypatch):
    run = family(**before)
    refused(monkeypatch, lambda: family(resume=run, **after), ValueError, f"resume was given .*{message}")


def test_the_users_own_activation_is_compared_by_what_it_does():
    def own(factor):
        return rs.Activation(lambda a: factor * a, lambda a: factor)

    run = family(activation=own(0.5))
    family(resume=run, activation=own(0.5))
    with pytest.raises(ValueError, match="resume was given a run with another net; it needs the same"):
        family(resume=run, activation=own(0.25))


# what may be another: by name, and what the record says of it


def test_what_changes_by_name_is_recorded_by_epoch():
    first = family(**VALIDATION)
    second = family(resume=first, optimizer=rs.SGD(0.2, 0.9), resume_with="optimizer", **VALIDATION)
    third = family(resume=second, optimizer=rs.SGD(0.2, 0.9), targets=Scalar.targets + 1.0, resume_with=("targets", "validation"))
    changes = json.loads(third.attrs["resumed_with"])
    assert [(change["after_epoch"], change["allowed"]) for change in changes] == [
        (2, ["optimizer"]),
        (4, ["targets", "validation"]),
    ]
    before, after = changes[0]["changed"]["optimizer"]
    assert before == {"optimizer": "rnnsim.SGD(lr=0.1, momentum=0.9, nesterov=False)"} and "lr=0.2" in after["optimizer"]
    assert changes[1]["changed"]["targets"][0] == {"targets_hash": first.attrs["targets_hash"]}
    assert changes[1]["changed"]["validation"] == [
        {name: first.attrs[name] for name in ("validation_inputs_hash", "validation_targets_hash")},
        {},
    ]
    xr.testing.assert_equal(third.validation_cost.isel(epoch=slice(5)), second.validation_cost)
    assert np.isnan(third.validation_cost[:, 5:]).all() and np.isfinite(third.cost).all()
    assert "resumed_with" not in family(resume=first, **VALIDATION).attrs


def test_another_loss_is_refused_by_name():
    net, x, options = rs.Elman(np.ones((2, 1)), np.eye(2)), np.ones((3, 1)), {"optimizer": rs.SGD(0.1), "epochs": 1}
    run = rs.train(net, x, np.ones(2), **options)
    with pytest.raises(ValueError, match=r"another loss \(mse then, cross_entropy now\); it needs the same, or resume_with='loss'"):
        rs.train(net, x, 1, loss="cross_entropy", resume=run, **options)


def test_another_version_is_recorded_without_being_asked_for():
    run = family()
    versions = {name: run.attrs[name] for name in ("rnnsim_version", "rnnsim_kernel")}
    joined = family(resume=run.assign_attrs(rnnsim_version="0.0.1"))
    recorded = {"after_epoch": 2, "allowed": [], "changed": {"version": [versions | {"rnnsim_version": "0.0.1"}, versions]}}
    assert json.loads(joined.attrs["resumed_with"]) == [recorded]


def test_another_rate_goes_on_from_the_states_that_are_there():
    net, options = Scalar.net(), {"progress": False}
    first = rs.train(net, Scalar.inputs, Scalar.targets, optimizer=rs.SGD(0.1, 0.5), epochs=3, **options)
    rates = xr.DataArray([0.1] * 3 + [0.02] * 4, dims="epoch")
    whole = rs.train(net, Scalar.inputs, Scalar.targets, optimizer=rs.SGD(rates, 0.5), epochs=7, **options)
    changed = {"optimizer": rs.SGD(0.02, 0.5), "epochs": 4, "resume": first, "resume_with": ("optimizer",)}
    xr.testing.assert_equal(rs.train(net, Scalar.inputs, Scalar.targets, **changed, **options), whole)


def test_another_optimizer_begins_afresh():
    run = family()
    net = rs.Elman(rs.axis("w", (0.5, 0.6)), 0.5, activation="linear")
    joined = family(resume=run, optimizer=rs.Adam(0.1), resume_with="optimizer")
    options = {"optimizer": rs.Adam(0.1), "epochs": 2, "progress": False}
    xr.testing.assert_equal(
        joined.w_in[:, 2:].drop_vars("epoch"),
        rs.train(net.at(run), Scalar.inputs, Scalar.targets, **options).w_in.drop_vars("epoch"),
    )
    assert "velocity_w_in" not in joined and "first_moment_w_in" in joined


def test_more_parameters_may_move():
    run = family(train="w_in", optimizer=rs.SGD(0.1))
    joined = family(resume=run, train=("w_in", "w_rec"), optimizer=rs.SGD(0.1), resume_with="train")
    assert joined.w_rec.dims == joined.w_in.dims and (joined.w_rec[:, :3] == 0.5).all() and (joined.w_rec[:, 3:] != 0.5).all()


def test_more_patience_lets_networks_go_on_and_other_data_begins_it_afresh():
    options = {"optimizer": rs.SGD(0.2, 0.9), "epochs": 60}
    run = family(patience=1, **options)
    assert (run.stopped_at > 0).all()
    last = int(run.epoch[-1])
    more = family(resume=run, patience=4, resume_with="patience", **options)
    assert more.epoch[-1] > last and (more.stopped_at > last).all()
    other = family(resume=run, patience=1, targets=Scalar.targets * 2.0, resume_with="targets", **options)
    assert (other.best_epoch > last).all() and (other.stopped_at > last).all()
    again = family(resume=other, patience=1, targets=Scalar.targets * 2.0, **options)
    xr.testing.assert_equal(other, again)


def test_a_resumed_sweep_is_the_resumed_run_whatever_the_blocks(tmp_path):
    lr = rs.axis("lr", np.linspace(0.05, 0.2, 5))
    inputs = xr.DataArray([1.0, 1.1], dims="drive") * xr.DataArray(Scalar.inputs, dims=("sample", "step"))
    given = {"optimizer": rs.SGD(lr, 0.9), "patience": 2, "clip": rs.ClipNorm(rs.axis("limit", [0.3, 9.0])), "progress": False}
    net, blocks = rs.Elman(0.5, rs.axis("w", (0.5, 0.6)), activation="linear"), {"memory": 20_000}
    run = rs.train(net, inputs, Scalar.targets, epochs=20, **given)
    for changes in ({}, {"optimizer": rs.SGD(2.0 * lr, 0.9), "targets": Scalar.targets + 1.0}):
        names, now = tuple(name for name in changes if name in ("optimizer", "targets")), given | changes
        now |= {"targets": Scalar.targets} | changes
        whole = rs.train(net, inputs, epochs=9, resume=run, resume_with=names, **now)
        swept = rs.sweep(rs.train, net, inputs, epochs=9, resume=run, resume_with=names, **now, **blocks)
        last = int(whole.epoch[-1])
        xr.testing.assert_equal(swept.sel(epoch=slice(0, last)), whole)
        assert swept.attrs == whole.attrs and ("resumed_with" in whole.attrs) == bool(changes)
    assert rs.plan(rs.train, net, inputs, Scalar.targets, epochs=9, resume=run, **given, **blocks).blocks > 1
    with pytest.raises(ValueError, match="resume was given a run with another inputs"):
        rs.sweep(rs.train, net, inputs + 1.0, Scalar.targets, epochs=9, resume=run, **given)


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
    options = {"optimizer": rs.SGD(0.1, 0.9), "epochs": 3, "progress": False, "train": "w_in", "resume_with": "train"}
    joined = rs.train(net, Scalar.inputs, Scalar.targets, resume=run, **options)
    assert (joined.w_rec.sel(epoch=[2, 3, 5]) == run.w_rec.isel(epoch=-1, drop=True)).all() and joined.w_in.sizes["epoch"] == 6


def cut_off(optimizer, resume=None, epochs=6, net=None, **options):
    given = {"optimizer": optimizer, "epochs": epochs, "progress": False, "batch_size": 2, "shuffle": True, **options}
    return rs.train(net or Scalar.net(), Scalar.inputs, Scalar.targets, resume=resume, **given)


@pytest.mark.parametrize("epochs", [slice(4), [0, 2], slice(None, None, -1)])
def test_states_of_another_epoch_are_refused(epochs, monkeypatch):
    run = cut_off(rs.Adam(0.1))
    part = run.isel(epoch=epochs)
    message = (
        f"resume was given a run until epoch {int(part.epoch[-1])} whose first_moment_w_in is that of epoch 6; it needs all epochs"
    )
    refused(monkeypatch, lambda: cut_off(rs.Adam(0.1), part), ValueError, message)
    monkeypatch.undo()
    cut_off(rs.Adam(0.1), run.isel(epoch=slice(3, None)), epochs=1, net=Scalar.net().at(run))


def test_what_has_no_states_goes_on_from_any_epoch():
    lr = rs.axis("lr", [0.05, 1e200])
    run = cut_off(rs.SGD(lr))
    assert (run.diverged_at > 0).any()
    for last in range(7):
        xr.testing.assert_identical(
            cut_off(rs.SGD(lr), run.sel(epoch=slice(0, last)), epochs=7 - last), cut_off(rs.SGD(lr), epochs=7)
        )


def test_patience_of_another_epoch_is_refused_unless_all_had_stopped(monkeypatch):
    options = {"patience": 2, "keep": ("parameters", "states")}
    run = cut_off(rs.SGD(0.0), epochs=100, **options)
    assert run.epoch[-1] == 2
    assert cut_off(rs.SGD(0.0), run, epochs=9, **options).epoch[-1] == 2
    refused(
        monkeypatch, lambda: cut_off(rs.SGD(0.0), run.isel(epoch=slice(2)), epochs=9, **options), ValueError, "whose stopped_at"
    )


def test_a_run_that_ctrl_c_stopped_says_how_far_it_came(monkeypatch):
    with monkeypatch.context() as patch:
        interrupted(patch, 2)
        with pytest.warns(UserWarning, match="stopped by Ctrl-C"):
            run = cut_off(rs.Adam(0.1), epochs=40)
    last = int(run.epoch[-1])
    assert json.loads(run.attrs["options"])["epochs"] == last
    xr.testing.assert_identical(cut_off(rs.Adam(0.1), run, epochs=40 - last), cut_off(rs.Adam(0.1), epochs=40))
