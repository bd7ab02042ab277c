"""Training: against plain loops, and the laws of what is recorded, stopped, clipped, cut and grown by axes."""

import io
import json
import sys

import numpy as np
import pytest
import training
import xarray as xr
from comparing import identical
from tqdm import tqdm
from training import Scalar, Vector, sgd

import rnnsim as rs
from rnnsim.numerics import thread_state
from rnnsim.verbs.training import small_engine as lane_training
from rnnsim.verbs.training import training_run
from rnnsim.verbs.training.history import best_of

KINDS = {"scalar": Scalar, "vector": Vector}


def train(kind=Scalar, net=None, lr=0.05, **options):
    """A run on all targets of a kind of network."""
    options = {"optimizer": rs.SGD(lr), "epochs": 6, "progress": False, **options}
    return rs.train(net or kind.net(), kind.inputs, options.pop("targets", kind.targets), **options)


def orders(seed, epochs, samples=5):
    return [np.random.default_rng([seed, epoch]).permutation(samples) for epoch in range(1, epochs + 1)]


# batches, pieces of steps, clips


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_batches_are_a_plain_loop(kind, shuffled):
    run = train(kind, optimizer=rs.SGD(0.05, 0.5), batch_size=2, shuffle=shuffled, seed=7)
    history = training.train(kind, sgd(0.05, 0.5), 6, kind.targets, batch=2, orders=orders(7, 6) if shuffled else None)
    training.assert_trained(run, history, rtol=1e-11)


def test_a_batch_without_targets_moves_nothing():
    targets = np.where(np.arange(5)[:, None] < 2, np.nan, Scalar.targets)
    run = train(optimizer=rs.SGD(0.05, 0.5), targets=targets, batch_size=2)
    training.assert_trained(run, training.train(Scalar, sgd(0.05, 0.5), 6, targets, batch=2), rtol=1e-11)


def test_a_batch_of_all_samples_or_more_is_the_whole():
    for size in (5, 100):
        identical(train(), train(batch_size=size))


def test_each_seed_of_an_axis_is_its_own_run():
    whole = train(batch_size=2, shuffle=True, seed=rs.axis("seed", [7, 3, 7]))
    for i, seed in enumerate([7, 3, 7]):
        identical(whole.isel(seed=i), train(batch_size=2, shuffle=True, seed=seed))
    assert not np.array_equal(whole.w_in[0], whole.w_in[1])


@pytest.mark.parametrize("every_step", [True, False])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_truncation_is_a_plain_loop_with_carried_states(kind, every_step):
    targets = kind.targets if every_step else kind.last
    run = train(kind, optimizer=rs.SGD(0.05, 0.5), targets=targets, truncate=3)
    training.assert_trained(run, training.train(kind, sgd(0.05, 0.5), 6, targets, truncate=3), rtol=1e-11)


def test_targets_of_the_last_step_alone_train_by_the_last_piece():
    given = train(targets=Scalar.last[:, -1], truncate=3)
    identical(given.drop_attrs(), train(targets=Scalar.last, truncate=3).drop_attrs())
    assert not np.allclose(given.w_rec[-1], train(targets=Scalar.last).w_rec[-1])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_batches_and_pieces_go_together(kind):
    run = train(kind, epochs=4, batch_size=2, truncate=3, shuffle=True, seed=1, clip=rs.ClipNorm(0.5))
    exact = training.train(kind, sgd(0.05), 4, kind.targets, batch=2, truncate=3, orders=orders(1, 4), norm=0.5)
    training.assert_trained(run, exact, rtol=1e-11)


@pytest.mark.parametrize(("clip", "name"), [(rs.ClipNorm, "norm"), (rs.ClipValue, "value")])
def test_clipped_gradients_are_a_plain_loop(clip, name):
    limits = [0.0, 0.1, 0.6, np.inf]
    run = train(clip=clip(rs.axis("limit", limits)))
    for limit in limits:
        exact = training.train(Scalar, sgd(0.05), 6, Scalar.targets, **{name: limit})
        training.assert_trained(run.sel(limit=limit), exact, rtol=1e-11)
    identical(run.isel(limit=3, drop=True).drop_attrs(), train().drop_attrs())
    assert (run.w_in[0] == 0.3).all() and len(np.unique(run.w_in[:, -1])) == 4


def test_the_norm_is_that_of_all_trained_parameters():
    run = train(Vector, clip=0.2, epochs=1)
    moved = sum(float(((run[name][1] - run[name][0]) ** 2).sum()) for name in Vector.names)
    assert np.isclose(moved**0.5, 0.05 * 0.2, rtol=1e-12) and run.grad_norm[0] > 0.2


def test_only_what_is_named_moves():
    run = train(train=("bias", "w_rec"))
    training.assert_trained(run, training.train(Scalar, sgd(0.05), 6, Scalar.targets, names=("w_rec", "bias")), rtol=1e-11)
    assert (run.w_in == 0.3).all() and (run.h0 == 0.2).all() and (run.leak == 1).all()


def test_starts_train_if_they_are_named():
    net = Scalar.net()
    run = train(train="h0", epochs=3)
    for epoch in range(3):
        gradient = rs.backprop(net.at(run, epoch), Scalar.inputs, Scalar.targets).grad_h0
        np.testing.assert_allclose(run.h0[epoch + 1], run.h0[epoch] - 0.05 * gradient, rtol=1e-13)


# schedules


def test_schedules_are_a_plain_loop_and_their_last_value_lasts():
    rates = [0.1, 0.02, 0.05]
    run = train(lr=xr.DataArray(rates, dims="epoch"), batch_size=2)
    training.assert_trained(run, training.train(Scalar, sgd(rates), 6, Scalar.targets, batch=2), rtol=1e-11)


def test_schedules_may_have_axes():
    rates = rs.schedules.exponential(rs.axis("lr", [0.1, 0.01]), rs.axis("factor", [0.5, 1.0]), 6)
    run = train(optimizer=rs.SGD(rates, momentum=xr.DataArray([0.0, 0.5], dims="epoch")), clip=rs.schedules.linear(0.2, 2.0, 4))
    for where in ({"lr": 0, "factor": 0}, {"lr": 1, "factor": 1}, {"lr": 0, "factor": 1}):
        alone = rs.SGD(rates.isel(where, drop=True), momentum=xr.DataArray([0.0, 0.5], dims="epoch"))
        same = train(optimizer=alone, clip=rs.schedules.linear(0.2, 2.0, 4))
        identical(run.isel(where).drop_attrs(), same.drop_attrs())
    plain = train(optimizer=rs.SGD(rates))
    for lr, factor in ((0.1, 0.5), (0.01, 1.0)):
        exact = training.train(Scalar, sgd([lr * factor**e for e in range(6)]), 6, Scalar.targets)
        training.assert_trained(plain.sel(lr=lr, factor=factor), exact, rtol=1e-11)


def test_the_first_step_size_of_rprop_is_that_of_epoch_1():
    run = train(optimizer=rs.Rprop(step=xr.DataArray([0.03, 7.0], dims="epoch")), epochs=3)
    identical(run.drop_attrs(), train(optimizer=rs.Rprop(step=0.03), epochs=3).drop_attrs())


# what is recorded


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"truncate": 3}, {"batch_size": 2, "shuffle": True}])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_record_is_what_backprop_says_of_each_epoch(kind, options):
    held_out = kind.inputs[:3, :4] * 0.7, kind.targets[1:4, :4]
    run = train(kind, validation=held_out, epochs=3, **options)
    for epoch in range(4):
        net = kind.net().at(run, epoch)
        exact = rs.backprop(net, kind.inputs, kind.targets)
        norm = sum(float((exact[f"grad_{name}"] ** 2).sum()) for name in kind.names) ** 0.5
        np.testing.assert_allclose(run.cost.sel(epoch=epoch), exact.cost, rtol=1e-12)
        np.testing.assert_allclose(run.grad_norm.sel(epoch=epoch), norm, rtol=1e-12)
        np.testing.assert_allclose(run.validation_cost.sel(epoch=epoch), rs.backprop(net, *held_out).cost, rtol=1e-12)
    assert len(np.unique(run.cost)) == 4


def test_the_record_does_not_depend_on_what_is_kept():
    whole = train(batch_size=2, validation=(Scalar.inputs, Scalar.targets))
    asked = {"validation_cost", "best_epoch", "diverged_at"}
    for keep in ("cost", "grad_norm", (), "w_rec", ("bias", "leak", "cost"), ("grad_norm", "parameters")):
        part = train(batch_size=2, validation=(Scalar.inputs, Scalar.targets), keep=keep)
        named = {keep} if isinstance(keep, str) else {*keep}
        assert set(part) == asked | (named - {"parameters"}) | ({*Scalar.net().parameter_names} if "parameters" in named else set())
        identical(whole[list(part)].drop_attrs(), part.drop_attrs())
    identical(whole.drop_vars("validation_cost").drop_attrs(), train(batch_size=2).drop_attrs())


def test_rounded_accuracy_is_the_share_of_outputs_that_round_to_their_target():
    net = Scalar.net()
    targets = np.where(np.isnan(Scalar.targets), np.nan, np.round(Scalar.targets / 2))
    held_out = Scalar.inputs[:2], targets[3:]
    run = train(targets=targets, validation=held_out, metrics="rounded_accuracy", epochs=8)
    for epoch in (0, 3, 8):
        for name, (x, t) in {"": (Scalar.inputs, targets), "validation_": held_out}.items():
            outputs = rs.simulate(net.at(run, epoch), x, keep="output").output[:, 1:].values
            share = np.mean((np.round(outputs) == t)[np.isfinite(t)])
            np.testing.assert_allclose(run[f"{name}rounded_accuracy"].sel(epoch=epoch), share, rtol=1e-12)
    assert 0 < run.rounded_accuracy[0] < 1 and len(np.unique(run.rounded_accuracy)) > 1


def words():
    """A network on whole numbers, and a task of telling apart."""
    rng = np.random.default_rng(6)
    layers = [rs.Embedding(rng.normal(size=(4, 2))), rs.Elman(rng.normal(size=(3, 2)), rng.normal(size=(3, 3)) * 0.5)]
    inputs = rng.integers(4, size=(6, 5))
    targets = np.where(rng.random((6, 5)) < 0.2, -1, inputs // 2)
    return rs.Stack(layers, readout=rs.Readout(rng.normal(size=(2, 3)))), inputs, targets


def test_a_stack_learns_to_tell_tokens_apart_and_its_accuracy_is_recorded():
    net, inputs, targets = words()
    run = rs.train(net, inputs, targets, optimizer=rs.Adam(0.05), loss="cross_entropy", epochs=60, batch_size=4, progress=False)
    assert run.accuracy[-1] == 1 and run.accuracy[0] < 1 and run.cost[-1] < 0.1 * run.cost[0]
    assert run.table.dims == ("epoch", "token", "input") and run.w_in_0.dims == ("epoch", "unit_0", "input_0")
    assert (run.table[-1] != run.table[0]).all()
    for epoch in (0, 2, 60):
        there = net.at(run, epoch)
        outputs = rs.simulate(there, inputs, keep="output").output[:, 1:].values
        share = np.mean((outputs.argmax(axis=-1) == targets)[targets >= 0])
        np.testing.assert_allclose(run.accuracy.sel(epoch=epoch), share, rtol=1e-12)
        exact = rs.backprop(there, inputs, targets, loss="cross_entropy", keep="cost").cost
        np.testing.assert_allclose(run.cost.sel(epoch=epoch), exact, rtol=1e-12)


def test_every_kind_of_network_makes_its_cost_small():
    rng = np.random.default_rng(8)
    net = rs.GRU.random(3, 2, gain=rs.axis("gain", [0.5, 1.5]), seed=1, readout=rs.Readout(rng.normal(size=(2, 3))))
    for kind, family in ((Scalar, Scalar.net()), (Vector, Vector.net()), (Vector, net)):
        run = train(kind, family, optimizer=rs.Adam(0.02), epochs=60)
        assert (run.cost[..., -1] < 0.9 * run.cost[..., 0]).all() and (run.diverged_at == -1).all()
        exact = rs.backprop(family.at(run), kind.inputs, kind.targets, keep="cost").cost
        np.testing.assert_allclose(run.cost[..., -1], exact, rtol=1e-12)
        assert all((run[name].isel(epoch=-1) != run[name].isel(epoch=0)).any() for name in family.trainable if name != "h0")


@pytest.mark.parametrize("every", [2, 4, 100])
def test_the_record_is_thinned_and_keeps_the_last(every):
    whole, thin = train(epochs=9), train(epochs=9, every=every)
    epochs = sorted({*range(0, 10, every), 9})
    np.testing.assert_array_equal(thin.epoch, epochs)
    identical(thin, whole.sel(epoch=epochs))


def test_the_family_at_an_epoch_has_what_was_recorded():
    net = rs.Elman(rs.axis("a", [0.1, 0.2]), 0.5, leak=rs.axis("l", [0.5, 1.0]), activation="linear")
    run = train(net=net, lr=rs.axis("lr", [0.01, 0.1, 0.2]), patience=2, epochs=8)
    there = net.at(run, 3)
    assert there.axes == {"a": 2, "l": 2, "lr": 3}
    for name in ("w_in", "w_rec", "bias"):
        np.testing.assert_array_equal(there[name].transpose(*run.diverged_at.dims), run[name].sel(epoch=3))
    assert (net.at(run)["w_in"] == run.w_in[..., -1]).all()
    best = net.at(run, run.best_epoch)
    exact = rs.backprop(best, Scalar.inputs, Scalar.targets, keep="cost").cost
    np.testing.assert_allclose(exact.transpose(*run.diverged_at.dims), run.cost.min("epoch"), rtol=1e-12)


def test_counts_may_be_numpys():
    run = train(epochs=np.int64(3), batch_size=np.int32(2), shuffle=True, seed=np.uint8(9))
    assert run.attrs == train(epochs=3, batch_size=2, shuffle=True, seed=9).attrs
    assert json.loads(run.attrs["options"])["seed"] == 9


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_keep_is_exactly_what_comes_back(kind):
    whole = train(kind, optimizer=rs.Adam(0.02), patience=3)
    states = {f"{moment}_moment_{name}" for moment in ("first", "second") for name in kind.names}
    states |= {"first_power", "second_power", "lowest_cost", "epochs_missed"}
    judged = {"cost", "stopped_at", "best_epoch", "diverged_at"}
    assert set(whole) == judged | {"grad_norm", *kind.net().parameter_names} | states
    for keep, names in (((), set()), ("states", states), ("first_moment_w_in", {"first_moment_w_in"}), ("w_in", {"w_in"})):
        part = train(kind, optimizer=rs.Adam(0.02), patience=3, keep=keep)
        assert set(part) == judged | names
        identical(whole[list(part)].drop_attrs(), part.drop_attrs())
    assert set(train(kind, keep=())) == {"diverged_at"}


def test_nothing_is_laid_out_for_parameters_that_are_not_kept(monkeypatch):
    made, records = training_run.new_record, []
    monkeypatch.setattr(training_run, "new_record", lambda *given: records.append(made(*given)) or records[-1])
    for kind in KINDS.values():
        train(kind, keep="cost")
    train(keep=("cost", "w_in"))
    assert [record.theta.size for record in records] == [0, 0, 7 * 3]


def test_the_best_epoch_is_there_without_patience():
    held_out = Scalar.inputs[:2], Scalar.targets[1:3]
    run = train(optimizer=rs.SGD(rs.axis("lr", [0.001, 0.1, 0.3]), 0.9), epochs=30, validation=held_out)
    np.testing.assert_array_equal(run.best_epoch, run.epoch[run.validation_cost.argmin("epoch")])
    assert len(np.unique(run.best_epoch)) > 1
    plain = train(optimizer=rs.SGD(0.3, 0.9), epochs=30, every=4)
    assert plain.best_epoch == plain.epoch[plain.cost.argmin("epoch")] < 30


def test_the_bar_does_not_count_what_the_first_epoch_takes(monkeypatch):
    bars, now = [], [0.0]

    class Bar(tqdm):
        _time = staticmethod(lambda: now[0])

        def __init__(self, *args, **options):
            super().__init__(*args, **{**options, "disable": False, "file": io.StringIO()})
            self._time = lambda: now[0]
            self.start_t = self.last_print_t = 0.0
            bars.append(self)

    advance = lane_training.LaneEngine.advance

    def slow(self, first, last, finish):
        now[0] += 30.0 if first == 0 else 0.01 * (last - first)
        advance(self, first, last, finish)

    module = sys.modules["rnnsim.verbs.training.train"]
    monkeypatch.setattr(module, "tqdm", Bar)
    monkeypatch.setattr(module.time, "time", lambda: now[0])
    monkeypatch.setattr(lane_training.LaneEngine, "advance", slow)
    run = train(epochs=1000, progress=True, optimizer=rs.SGD(rs.axis("lr", [1e-6, 1e-5, 1e-4, 1e300])))
    found, costs = bars[0].format_dict, run.cost.isel(epoch=-1).values
    assert len(set(costs[np.isfinite(costs)].round(4))) == 3 and not np.isfinite(costs[-1])
    assert found["postfix"] == f"cost {np.median(costs[np.isfinite(costs)]):.4g}"
    assert found["n"] == 1000 and found["initial"] == 1 and found["elapsed"] < 11
    assert found["rate"] is None or found["rate"] > 50


def test_a_task_is_inputs_and_targets():
    task, net = rs.tasks.counting(), rs.Elman(-1.5, rs.axis("w", [1.5, 2.0]), activation="linear")
    options = {"optimizer": rs.SGD(1e-3), "epochs": 2, "progress": False}
    identical(rs.train(net, task, **options), rs.train(net, task.inputs, task.targets, **options))
    identical(rs.backprop(net, task), rs.backprop(net, task.inputs, task.targets))
    identical(rs.simulate(net, task), rs.simulate(net, task.inputs))
    identical(rs.curvature(net, task), rs.curvature(net, task.inputs, task.targets))
    identical(rs.backprop(net, task, task.targets + 1), rs.backprop(net, task.inputs, task.targets + 1))
    identical(rs.sweep(rs.train, net, task, **options), rs.train(net, task, **options))
    assert rs.plan(rs.train, net, task, **options).steps == task.sizes["step"]


@pytest.mark.parametrize(
    ("net", "inputs", "targets"),
    [(rs.Elman(1.0, 0.5), np.ones(3), 1.0), (rs.Elman(np.ones((2, 1)), np.eye(2)), np.ones((3, 1)), np.ones(2))],
    ids=["scalar", "units"],
)
def test_a_cost_that_stays_has_not_fallen_and_its_first_epoch_is_the_best(net, inputs, targets):
    still = rs.train(net, inputs, targets, optimizer=rs.SGD(0.0), epochs=9, patience=2)
    assert len(set(still.cost.values)) == 1 and still.best_epoch == 0
    assert still.stopped_at == 2 and still.epoch[-1] == 2


def test_an_epoch_without_a_cost_is_never_the_best():
    costs = np.array([[np.nan, 2.0, 1.0, np.nan], [np.inf, np.nan, 3.0, 4.0]])
    np.testing.assert_array_equal(best_of(costs, np.array([0, 2, 4, 6])), [4, 4])


def test_a_sparse_matrix_that_becomes_dense_is_said_once():
    net = rs.Elman.random(4, init="sparse", density=0.3, seed=rs.axis("seed", [0, 1]))
    options = {"optimizer": rs.SGD(0.1), "epochs": 1, "progress": False, "keep": ()}
    for call in (rs.train, lambda *args, **given: rs.sweep(rs.train, *args, **given)):
        with pytest.warns(UserWarning, match='^w_rec was drawn with init="sparse", and training moves its zeros too') as caught:
            call(net, np.ones((3, 1)), np.ones(4), **options)
        assert len(caught) == 1
        assert call is not rs.train or caught[0].filename == __file__
    rs.train(net, np.ones((3, 1)), np.ones(4), train="w_in", **options)


# who stops


def stops(costs, patience):
    """The epoch after which patience is at an end, -1 for never."""
    lowest, missed = np.inf, 0
    for epoch, cost in enumerate(costs):
        lowest, missed = (cost, 0) if cost < lowest else (lowest, missed + 1)
        if missed == patience:
            return epoch
    return -1


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("every", [1, 5])
def test_networks_stop_when_their_patience_is_at_an_end(validated, every):
    options = {"optimizer": rs.SGD(rs.axis("lr", [0.001, 0.1, 0.2]), 0.9), "epochs": 30}
    options |= {"validation": (Scalar.inputs[:2], Scalar.targets[1:3])} if validated else {}
    judged = "validation_cost" if validated else "cost"
    free, run = train(**options), train(patience=3, every=every, **options)
    np.testing.assert_array_equal(run.stopped_at, [stops(costs, 3) for costs in free[judged].values])
    assert (run.stopped_at != -1).any() and (run.stopped_at == -1).any()
    for lr, stop in enumerate(run.stopped_at.values):
        there = np.minimum(run.epoch, stop) if stop >= 0 else run.epoch
        for name in ("w_in", "w_rec", "bias", "cost", judged):
            np.testing.assert_array_equal(run[name][lr], free[name][lr].sel(epoch=there.values))
    np.testing.assert_array_equal(run.best_epoch, run.epoch[run[judged].argmin("epoch")])


def test_the_record_ends_where_all_have_stopped():
    run = train(optimizer=rs.SGD(rs.axis("lr", [0.1, 0.2]), 0.9), epochs=1000, patience=2, every=7)
    last = int(run.stopped_at.max())
    assert run.epoch[-1] == last < 1000 and (run.epoch[:-1] % 7 == 0).all() and (run.stopped_at > 0).all()


@pytest.mark.parametrize(("lr", "epoch"), [(1e200, 2), (1e308, 1)])
def test_a_network_that_diverges_stays_finite_and_alone(lr, epoch):
    rates = [0.00001, lr, 0.00002]
    run = train(optimizer=rs.SGD(rs.axis("lr", rates), 0.5), targets=100 * Scalar.targets)
    np.testing.assert_array_equal(run.diverged_at, [-1, epoch, -1])
    for name in (*Scalar.names, *(f"velocity_{name}" for name in Scalar.names)):
        assert np.isfinite(run[name]).all()
    for name in Scalar.names:
        np.testing.assert_array_equal(run[name][1, epoch:], run[name][1, epoch - 1])
    for i in (0, 2):
        alone = train(optimizer=rs.SGD(rates[i], 0.5), targets=100 * Scalar.targets)
        identical(run.isel(lr=i).drop_attrs(), alone.drop_attrs())


def test_a_network_of_nan_has_diverged_in_its_first_epoch():
    run = train(net=Scalar.net(w_rec=rs.axis("w", [np.nan, 0.5])))
    np.testing.assert_array_equal(run.diverged_at, [1, -1])
    assert np.isnan(run.cost[0]).all() and (run.w_in[0] == 0.3).all() and np.isfinite(run.cost[1]).all()


# bits


def identical_to_alone(whole, alone, where):
    identical(whole.isel(where).drop_attrs(), alone.drop_attrs())


def test_members_of_many_axes_are_their_own_runs():
    start, lr = rs.axis("start", [0.1, 0.4]), rs.axis("lr", [0.01, 0.1])
    momentum, limit, seed = rs.axis("momentum", [0.2, 0.7]), rs.axis("limit", [0.1, 0.5]), rs.axis("seed", [0, 1])
    drive = xr.DataArray([1.0, 2.0, 3.0], dims="drive") * xr.DataArray(Scalar.inputs, dims=("sample", "step"))
    targets = xr.DataArray(Scalar.targets, dims=("sample", "step"))

    def run(start, drive, lr, momentum, limit, seed):
        options = {"optimizer": rs.SGD(lr, momentum), "clip": limit, "seed": seed, "batch_size": 2, "shuffle": True}
        return rs.train(Scalar.net(bias=start), drive, targets, epochs=4, progress=False, **options)

    whole = run(start, drive, lr, momentum, limit, seed)
    assert dict(whole.diverged_at.sizes) == {"start": 2, "drive": 3, "lr": 2, "momentum": 2, "limit": 2, "seed": 2}
    assert len(np.unique(whole.w_in.isel(epoch=-1))) == 96
    for place in ((0, 0, 0, 0, 0, 0), (1, 2, 1, 1, 1, 1), (0, 1, 1, 0, 1, 0)):
        chosen = (a.isel({dim: i}, drop=True) for dim, a, i in zip(whole.diverged_at.dims, (start, drive, lr), place, strict=False))
        numbers = [a.values[i] for a, i in zip((momentum, limit, seed), place[3:], strict=True)]
        identical_to_alone(whole, run(*chosen, *numbers), dict(zip(whole.diverged_at.dims, place, strict=True)))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_bits_do_not_depend_on_threads_blocks_or_company(kind, monkeypatch):
    def run(start):
        return train(kind, kind.net(h0=start), optimizer=rs.Adam(0.05), batch_size=2, shuffle=True, patience=3, epochs=5)

    start = rs.axis("start", np.linspace(-1, 1, 83))
    whole = run(start)
    for setting in ({"threads": 1}, {"threads": 2}, {"threads": 3, "block": 1}, {"block": 9}):
        with thread_state.settings(**setting):
            identical(whole, run(start))
    monkeypatch.setenv("RNNSIM_NUM_THREADS", "1")
    identical(whole, run(start))
    for i in (0, 41, 82):
        identical_to_alone(whole, run(float(start[i])), {"start": i})


def test_float32_is_float64_to_its_precision():
    single, double = (train(Vector, dtype=dtype, batch_size=2, patience=3, epochs=10) for dtype in ("float32", "float64"))
    for name in ("cost", "grad_norm", *Vector.names):
        assert single[name].dtype == np.float32
        np.testing.assert_allclose(single[name], double[name], rtol=1e-4, atol=1e-5)


def test_an_output_on_its_target_asks_for_nothing_however_steep_it_is():
    net = rs.Elman(w_rec=1e200, w_in=1.0, bias=0.0, activation="linear")
    run = rs.train(net, np.zeros((1, 4)), np.zeros(1), epochs=2, optimizer=rs.SGD(lr=0.1), train=("w_rec", "bias"))
    assert run.diverged_at == -1
    np.testing.assert_array_equal(run.bias, 0.0)
    np.testing.assert_array_equal(run.w_rec, 1e200)
