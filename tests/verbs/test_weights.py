"""Weights of targets: complex steps of plain NumPy, plain loops of training, and what weights of 0, 1 and 2 mean."""

import json

import numpy as np
import pytest
import reference_networks
import training
import xarray as xr
from comparing import identical
from training import Scalar, Vector, adam

import rnnsim as rs
from rnnsim.numerics import thread_state

RNG = np.random.default_rng(6)
KINDS = {"scalar": Scalar, "vector": Vector}


def weight_of(kind):
    """Weights over (sample, step), some of them 0."""
    weight = RNG.random((5, 7))
    weight[0, :3] = weight[3] = 0.0
    return weight


WEIGHTS = {name: weight_of(kind) for name, kind in KINDS.items()}


def full(kind, weight):
    """Weights in the shape of the targets."""
    return weight if kind is Scalar else np.broadcast_to(weight[..., None], kind.targets.shape)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize(("units", "samples"), [(3, 5), (2, 33), (16, 3)])
def test_costs_and_gradients_are_those_of_plain_numpy(units, samples, loss):
    gru = {"w_in": RNG.normal(size=(3, units, 2)), "w_rec": RNG.normal(size=(3, units, units)) / np.sqrt(units)}
    gru |= {name: RNG.normal(size=(3, units)) for name in ("bias_in", "bias_rec")}
    readout = {"w_out": RNG.normal(size=(3, units)), "b_out": RNG.normal(size=3)}
    inputs, targets = RNG.normal(size=(samples, 4, 2)), RNG.normal(size=(samples, 4, 3))
    targets[0, 1:3] = np.nan
    weight = RNG.random(targets.shape)
    if loss == "cross_entropy":
        targets, weight = RNG.integers(-1, 3, (samples, 4)), weight[..., 0]
    weight[weight < 0.3] = 0.0
    net = rs.GRU(**gru, readout=rs.Readout(**readout))

    def cost(p):
        outputs = reference_networks.run([{"cell": "GRU", **gru, **p["layer"]}], inputs, readout=p["readout"]).outputs
        return reference_networks.weighed_cost(outputs, targets, weight, loss)

    found = rs.backprop(net, inputs, targets, loss=loss, weight=weight)
    parts = {"layer": gru if units < 16 else {"bias_in": gru["bias_in"], "w_in": gru["w_in"]}, "readout": readout}
    np.testing.assert_allclose(found.cost, cost(parts), rtol=1e-13)
    for part in reference_networks.complex_step_gradients(parts, cost).values():
        for name, expected in part.items():
            np.testing.assert_allclose(found[f"grad_{name}"], expected, rtol=1e-11, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("name", KINDS)
def test_weights_of_nothing_and_of_one_are_targets_of_nan_and_of_numbers(name):
    kind = KINDS[name]
    weight = (WEIGHTS[name] > 0.0).astype(float)
    targets = np.where(full(kind, weight) > 0, kind.targets, np.nan)
    weighed = rs.backprop(kind.net(), kind.inputs, kind.targets, weight=weight, keep=("cost", "grad", "grad_state"))
    masked = rs.backprop(kind.net(), kind.inputs, targets, keep=("cost", "grad", "grad_state"))
    for variable in masked.data_vars:
        np.testing.assert_allclose(weighed[variable], masked[variable], rtol=1e-13, atol=1e-16)


def test_a_sample_of_weight_two_is_two_samples():
    weight = np.ones(5)
    weight[2] = 2.0
    once = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, weight=xr.DataArray(weight, dims="sample"))
    order = [0, 1, 2, 2, 3, 4]
    twice = rs.backprop(Vector.net(), Vector.inputs[order], Vector.targets[order])
    for name in twice.data_vars:
        np.testing.assert_allclose(once[name], twice[name], rtol=1e-12)


def test_a_diverged_output_without_weight_does_not_count():
    net = rs.Elman(1.0, rs.axis("w", [0.5, 1e150]), activation="linear")
    weight = xr.DataArray([1.0, 1.0, 0.0, 0.0], dims="step")
    found = rs.backprop(net, [1.0, 1.0, 1.0, 1.0], np.ones(4), weight=weight, keep="cost")
    assert found.cost[0] == 0.5**2 / 2
    np.testing.assert_allclose(found.cost[1], 1e300 / 2)
    assert list(found.diverged_at.values) == [-1, 4]


def test_steps_samples_outputs_and_axes_may_have_weights():
    step, sample = xr.DataArray(RNG.random(7), dims="step"), xr.DataArray(RNG.random(5), dims="sample")
    output, axis = xr.DataArray([0.3, 0.9], dims="output"), rs.axis("power", [0.0, 1.0, 2.0])
    whole = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, weight=step**axis * sample * output)
    assert whole.cost.sizes == {"power": 3}
    for i, power in enumerate(axis.values):
        weight = (sample * step**power * output).transpose("sample", "step", "output").values
        alone = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, weight=weight)
        for name in alone.data_vars:
            np.testing.assert_allclose(whole[name][i], alone[name], rtol=1e-13)
        outputs = rs.simulate(Vector.net(), Vector.inputs, keep="output").output.values[:, 1:]
        np.testing.assert_allclose(alone.cost, reference_networks.weighed_cost(outputs, Vector.targets, weight), rtol=1e-13)


def train(name, net=None, **options):
    kind = KINDS[name]
    options = {"optimizer": rs.Adam(0.02), "epochs": 5, "progress": False, "weight": WEIGHTS[name], **options}
    return rs.train(net or kind.net(), kind.inputs, kind.targets, **options)


@pytest.mark.parametrize("penalty", [None, {"state": 0.8, "w_rec": 0.3}], ids=["loss", "penalised"])
@pytest.mark.parametrize("options", [{}, {"batch": 2}, {"batch": 1, "truncate": 3}], ids=["whole", "batches", "pieces"])
@pytest.mark.parametrize("name", KINDS)
def test_training_is_a_plain_loop(name, options, penalty):
    kind = KINDS[name]
    run = train(name, batch_size=options.get("batch"), truncate=options.get("truncate"), penalty=penalty)
    weight = full(kind, WEIGHTS[name])
    history = training.train(kind, adam(0.02), 5, kind.targets, weight=weight, penalty=penalty, **options)
    training.assert_trained(run, history, rtol=1e-8)


@pytest.mark.parametrize("name", KINDS)
def test_the_record_is_what_backprop_says_of_each_epoch(name):
    kind = KINDS[name]
    run = train(name, batch_size=2, validation=(kind.inputs, kind.targets, WEIGHTS[name][::-1]))
    plain = train(name, batch_size=2, validation=(kind.inputs, kind.targets))
    for epoch in range(6):
        net = kind.net().at(run, epoch)
        for record, weight in (
            (run.cost, WEIGHTS[name]),
            (run.validation_cost, WEIGHTS[name][::-1]),
            (plain.validation_cost, None),
        ):
            found = rs.backprop(net, kind.inputs, kind.targets, weight=weight, keep="cost").cost
            np.testing.assert_allclose(record.sel(epoch=epoch), found, rtol=1e-13)


def test_metrics_have_the_weights_of_the_cost():
    classes = RNG.integers(0, 2, (5, 7))
    weight = WEIGHTS["vector"]
    run = rs.train(Vector.net(), Vector.inputs, classes, optimizer=rs.SGD(0.0), epochs=1, loss="cross_entropy", weight=weight)
    outputs = rs.simulate(Vector.net(), Vector.inputs, keep="output").output.values[:, 1:]
    right = outputs.argmax(-1) == classes
    np.testing.assert_allclose(run.accuracy[0], (right * weight).sum() / weight.sum(), rtol=1e-13)
    targets = np.round(outputs) + (RNG.random(outputs.shape) < 0.5)
    run = rs.train(Vector.net(), Vector.inputs, targets, optimizer=rs.SGD(0.0), epochs=1, weight=weight, metrics="rounded_accuracy")
    hits = (np.round(outputs) == targets) * weight[..., None]
    np.testing.assert_allclose(run.rounded_accuracy[0], hits.sum() / (2 * weight.sum()), rtol=1e-13)


@pytest.mark.parametrize("penalty", [None, {"state": 0.8}], ids=["loss", "penalised"])
@pytest.mark.parametrize("name", KINDS)
def test_bits_do_not_depend_on_threads_blocks_or_company(name, penalty):
    kind, start = KINDS[name], rs.axis("start", np.linspace(-1, 1, 21))
    power = xr.DataArray(np.linspace(0.5, 2, 21), coords={"start": start.start}, dims="start")
    base = xr.DataArray(WEIGHTS[name], dims=("sample", "step"))

    along = base**power

    def runs(start, weight):
        net = kind.net(h0=start)
        run = train(name, net, weight=weight, batch_size=2, penalty=penalty)
        return run, rs.backprop(net, kind.inputs, kind.targets, weight=weight, penalty=penalty)

    whole = runs(start, along)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 9}):
        with thread_state.settings(**setting):
            for a, b in zip(whole, runs(start, along), strict=True):
                identical(a, b)
    for i in (0, 11, 20):
        for a, b in zip(whole, runs(float(start[i]), along.isel(start=i, drop=True)), strict=True):
            identical(a.isel(start=i).drop_attrs(), b.drop_attrs())


def test_a_task_may_have_a_weight():
    weight = WEIGHTS["vector"]
    dims = ("sample", "step")
    task = xr.Dataset(
        {"inputs": ((*dims, "input"), Vector.inputs), "targets": ((*dims, "output"), Vector.targets), "weight": (dims, weight)}
    )
    given = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, weight=weight)
    identical(rs.backprop(Vector.net(), task).drop_attrs(), given.drop_attrs())
    assert (
        rs.backprop(Vector.net(), task).attrs["weight_hash"]
        == rs.backprop(Vector.net(), task.inputs, task.targets, weight=task.weight).attrs["weight_hash"]
    )
    options = {"optimizer": rs.SGD(0.1), "epochs": 2, "progress": False}
    run = rs.train(Vector.net(), task, validation=task, **options)
    np.testing.assert_allclose(run.validation_cost, run.cost, rtol=1e-14)
    identical(rs.simulate(Vector.net(), task), rs.simulate(Vector.net(), task.drop_vars("weight")))
    with pytest.raises(ValueError, match="inputs was given a task with weight, which curvature does not take"):
        rs.curvature(Vector.net(), task)


def test_a_sweep_cuts_weights():
    weight = rs.axis("power", np.linspace(0.0, 2.0, 40))
    weight = xr.DataArray(np.linspace(0.5, 1.5, 7), dims="step") ** weight
    whole = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, weight=weight)
    swept = rs.sweep(rs.backprop, Vector.net(), Vector.inputs, Vector.targets, memory=4000, weight=weight)
    assert rs.plan(rs.backprop, Vector.net(), Vector.inputs, Vector.targets, memory=4000, weight=weight).blocks > 1
    xr.testing.assert_equal(swept, whole)
    assert swept.attrs == whole.attrs


def test_a_run_goes_on_with_other_weights_by_name_alone():
    first = train("vector", epochs=2)
    xr.testing.assert_identical(train("vector"), train("vector", epochs=3, resume=first))
    for weight in (WEIGHTS["vector"] + 1.0, None):
        with pytest.raises(ValueError, match="resume was given a run with another weight"):
            train("vector", weight=weight, resume=first)
    run = train("vector", weight=None, resume=first, resume_with="weight")
    assert list(json.loads(run.attrs["resumed_with"])[0]["changed"]) == ["weight"]


def test_float32_is_float64_to_its_precision():
    single, double = (train("vector", dtype=dtype, batch_size=2) for dtype in ("float32", "float64"))
    for name in ("cost", "grad_norm", *Vector.names):
        np.testing.assert_allclose(single[name], double[name], rtol=1e-4, atol=1e-5)


REFUSED = [
    (
        np.ones(7),
        ValueError,
        r"weight was given an array of shape \(7,\); it needs \(sample, step\) or \(sample, step, output\), or",
    ),
    (-np.ones((5, 7)), ValueError, "weight is below 0 at sample 0, step 0; it needs finite numbers of 0 or more"),
    (np.full((5, 7), np.nan), ValueError, "weight is nan at sample 0, step 0; it needs finite numbers of 0 or more"),
    (np.full((5, 7), np.inf), ValueError, "weight is infinite at sample 0, step 0; it needs finite numbers of 0 or more"),
    (np.zeros((5, 7)), ValueError, "weight is 0 for every target of a point; it needs one above 0 at least"),
    (np.ones((4, 7)), ValueError, "weight has 4 samples, but the targets have 5"),
    (
        xr.DataArray(np.ones(2), dims="input"),
        ValueError,
        "weight was given a dimension 'input'; it needs some of sample, step, output",
    ),
    ("heavy", TypeError, "weight was given a str; it needs an array of real numbers"),
]


@pytest.mark.parametrize(("weight", "kind", "message"), REFUSED)
def test_weights_that_cannot_be_are_refused(weight, kind, message):
    with pytest.raises(kind, match=message):
        rs.backprop(Vector.net(), Vector.inputs, Vector.targets, weight=weight)


def test_the_last_step_alone_has_no_step_of_weights():
    targets = RNG.normal(size=(5, 2))
    found = rs.backprop(Vector.net(), Vector.inputs, targets, weight=np.arange(5.0), keep="cost").cost
    outputs = rs.simulate(Vector.net(), Vector.inputs, keep="output").output.values[:, -1:]
    expected = reference_networks.weighed_cost(outputs, targets[:, None], np.arange(5.0)[:, None, None])
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    with pytest.raises(ValueError, match="weight was given a dimension 'step'; it needs some of sample, output"):
        rs.backprop(Vector.net(), Vector.inputs, targets, weight=xr.DataArray(np.ones(7), dims="step"))
