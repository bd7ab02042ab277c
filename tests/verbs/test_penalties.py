"""Penalties of parameters and states: complex steps of plain NumPy, plain loops of training, and the same bits whatever the company."""

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
from rnnsim.verbs.training import train as train_module

RNG = np.random.default_rng(5)
PENALTIES = {"state_0": 0.9, "state_1": 0.4, "w_rec_0": 0.7, "w_in_1": 0.2, "bias_1": 0.3, "h0_0": 1.1, "w_out": 0.5, "b_out": 0.6}


def gated(cell, units, inputs):
    gates = {"GRU": 3, "LSTM": 4}[cell]
    biases = ("bias_in", "bias_rec") if cell == "GRU" else ("bias",)
    weights = {"w_in": RNG.normal(size=(gates, units, inputs)), "w_rec": RNG.normal(size=(gates, units, units)) / np.sqrt(units)}
    return {"cell": cell, **weights, **{name: RNG.normal(size=(gates, units)) for name in biases}, "h0": RNG.normal(size=units)}


def elman(units, inputs):
    weights = {"w_in": RNG.normal(size=(units, inputs)), "w_rec": RNG.normal(size=(units, units)) / np.sqrt(units)}
    return {"cell": "Elman", **weights, "bias": RNG.normal(size=units), "h0": RNG.normal(size=units)}


def made(parts):
    layers = [getattr(rs, layer["cell"])(**{k: v for k, v in layer.items() if k != "cell"}) for layer in parts["layers"]]
    return rs.Stack(layers, readout=rs.Readout(**parts["readout"]))


def case(units, samples, cell="GRU", steps=4):
    layers = [gated(cell, units, 2), elman(units, units)]
    parts = {"layers": layers, "readout": {"w_out": RNG.normal(size=(2, units)), "b_out": RNG.normal(size=2)}}
    targets = RNG.normal(size=(samples, steps, 2))
    targets[0, 1:3] = np.nan
    return parts, RNG.normal(size=(samples, steps, 2)), targets


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize(("units", "samples", "cell"), [(3, 5, "GRU"), (2, 33, "LSTM"), (16, 3, "LSTM")])
def test_costs_and_gradients_are_those_of_plain_numpy(units, samples, cell, loss):
    parts, inputs, targets = case(units, samples, cell, steps=2 if units > 3 else 4)
    if loss == "cross_entropy":
        targets = np.where(np.isnan(targets[..., 0]), -1, targets[..., 0] > 0).astype(int)
    found = rs.backprop(made(parts), inputs, targets, loss=loss, penalty=PENALTIES)

    def cost(p):
        layers = [{**whole, **layer} for whole, layer in zip(parts["layers"], p["layers"], strict=True)]
        return reference_networks.penalised_cost({**parts, **p, "layers": layers}, inputs, targets, PENALTIES, loss)

    np.testing.assert_allclose(found.cost, cost(parts), rtol=1e-13)
    few = {"layers": [{k: layer[k] for k in ("w_in", "bias", "h0") if k in layer} for layer in parts["layers"]]}
    few["readout"] = parts["readout"]
    if units < 16:
        few["layers"] = parts["layers"]
    gradients = reference_networks.complex_step_gradients(few, cost)
    for i, layer in enumerate(gradients["layers"]):
        for name, expected in layer.items():
            np.testing.assert_allclose(found[f"grad_{name}_{i}"], expected, rtol=1e-11, atol=1e-13, err_msg=name)
    for name, expected in gradients["readout"].items():
        np.testing.assert_allclose(found[f"grad_{name}"], expected, rtol=1e-11, atol=1e-13, err_msg=name)


def test_scalar_networks_have_penalties_too():
    penalties = {"w_rec": 0.5, "w_in": 0.2, "h0": 0.3, "state": 0.7}
    found = rs.backprop(Scalar.net(), Scalar.inputs, Scalar.targets, penalty=penalties)
    cost, gradients = Scalar.gradient(Scalar.parameters, Scalar.inputs, Scalar.targets, 0.2)
    more, slopes = Scalar.penalty(Scalar.parameters, Scalar.inputs, 0.2, {k: v for k, v in penalties.items() if k != "h0"})
    np.testing.assert_allclose(found.cost, cost + more + 0.3 * 0.2**2, rtol=1e-13)
    for name in Scalar.names:
        np.testing.assert_allclose(found[f"grad_{name}"], gradients[name] + slopes[name], rtol=1e-12)


def test_only_the_penalty_of_the_loss_changes_gradients_by_steps():
    """∂cost/∂state[T] is that of the loss and 2 λ h / (units steps samples)."""
    plain = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, keep="grad_state")
    found = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, penalty={"state": 0.8}, keep=("grad_state", "state"))
    slope = 2 * 0.8 * found.state.isel(step=-1) / (3 * 7 * 5)
    np.testing.assert_allclose((found - plain).grad_state.isel(step=-1), slope, rtol=1e-12, atol=1e-15)


def test_a_number_for_all_units_and_starts_of_samples_have_slopes_in_full_shape():
    net = rs.Elman.random(3, 2, seed=0, bias=0.4, h0=xr.DataArray([0.1, 0.2, 0.3], dims="sample"))
    inputs, targets = RNG.normal(size=(3, 4, 2)), RNG.normal(size=(3, 4, 3))
    found = rs.backprop(net, inputs, targets, penalty={"bias": 2.0, "h0": 3.0})
    plain = rs.backprop(net, inputs, targets)
    np.testing.assert_allclose(found.cost - plain.cost, 2.0 * 0.16 + 3.0 * (0.01 + 0.04 + 0.09) / 3, rtol=1e-12)
    np.testing.assert_allclose(found.grad_bias - plain.grad_bias, np.full(3, 2 * 2.0 * 0.4 / 3), rtol=1e-12)
    starts = np.broadcast_to(np.array([[0.1], [0.2], [0.3]]), (3, 3))
    np.testing.assert_allclose(found.grad_h0 - plain.grad_h0, 2 * 3.0 * starts / 9, rtol=1e-12)


def test_names_of_the_top_layer_add_up():
    net = made(case(3, 5)[0])
    inputs, targets = RNG.normal(size=(5, 4, 2)), RNG.normal(size=(5, 4, 2))
    both = rs.backprop(net, inputs, targets, penalty={"state": 0.25, "state_1": 0.5})
    xr.testing.assert_equal(both, rs.backprop(net, inputs, targets, penalty={"state_1": 0.75}))


KINDS = {"scalar": Scalar, "vector": Vector}
OF = {
    "parameters": {"w_rec": 0.6, "bias": 0.9, "h0": 1.0},
    "both": {"w_rec": 0.6, "state": 0.8},
    "more": {"w_in": 0.2, "state": 0.8},
}


def train(kind, net=None, **options):
    options = {"optimizer": rs.Adam(0.02), "epochs": 5, "progress": False, "penalty": OF["both"], **options}
    return rs.train(net or kind.net(), kind.inputs, kind.targets, **options)


@pytest.mark.parametrize("engine", ["small", "layers"])
@pytest.mark.parametrize("options", [{"batch": 2}, {"batch": 2, "truncate": 3}], ids=["batches", "pieces"])
@pytest.mark.parametrize("penalty", OF.values(), ids=OF)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_training_is_a_plain_loop(kind, penalty, options, engine, monkeypatch):
    if engine == "layers":
        monkeypatch.setattr(train_module, "fits", lambda training: False)
    run = train(kind, penalty=penalty, batch_size=2, truncate=options.get("truncate"))
    history = training.train(kind, adam(0.02), 5, kind.targets, penalty=penalty, **options)
    training.assert_trained(run, history, rtol=1e-8)


@pytest.mark.parametrize("penalty", OF.values(), ids=OF)
@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_record_is_what_backprop_says_of_each_epoch(kind, batch, penalty):
    run = train(kind, penalty=penalty, batch_size=batch, validation=(kind.inputs, kind.targets))
    for epoch in range(6):
        net = kind.net().at(run, epoch)
        found = rs.backprop(net, kind.inputs, kind.targets, penalty=penalty)
        norm = np.sqrt(sum(float((found[f"grad_{name}"] ** 2).sum()) for name in kind.names))
        np.testing.assert_allclose(run.cost.sel(epoch=epoch), found.cost, rtol=1e-13)
        np.testing.assert_allclose(run.grad_norm.sel(epoch=epoch), norm, rtol=1e-12)
        plain = rs.backprop(net, kind.inputs, kind.targets, keep="cost").cost
        np.testing.assert_allclose(run.validation_cost.sel(epoch=epoch), plain, rtol=1e-13)


@pytest.mark.parametrize("penalty", OF.values(), ids=OF)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_bits_do_not_depend_on_threads_blocks_or_company(kind, penalty):
    start, weight = rs.axis("start", np.linspace(-1, 1, 37)), np.linspace(0.1, 0.9, 37)

    def runs(start, weight):
        given, net = penalty | {"w_rec": weight}, kind.net(h0=start)
        return train(kind, net, penalty=given, batch_size=2), rs.backprop(net, kind.inputs, kind.targets, penalty=given)

    along = xr.DataArray(weight, coords={"start": start.start}, dims="start")
    whole = runs(start, along)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 9}):
        with thread_state.settings(**setting):
            for a, b in zip(whole, runs(start, along), strict=True):
                identical(a, b)
    for i in (0, 20, 36):
        for a, b in zip(whole, runs(float(start[i]), float(weight[i])), strict=True):
            identical(a.isel(start=i).drop_attrs(), b.drop_attrs())


def test_random_networks_are_drawn_anew_for_their_penalty():
    net = rs.Elman.random(4, 2, seed=rs.axis("seed", range(9)), gain=rs.axis("gain", [0.5, 1.5]))
    targets = RNG.normal(size=(5, 7, 4))
    found, plain = (rs.backprop(net, Vector.inputs, targets, penalty=p, keep="cost").cost for p in ({"w_rec": 0.5}, None))
    np.testing.assert_allclose(found - plain, 0.5 * (net["w_rec"] ** 2).mean(("unit", "unit_from")), rtol=1e-9)


def test_a_sweep_cuts_penalties():
    weight = rs.axis("weight", np.linspace(0.0, 0.9, 40))
    options = {"penalty": {"w_rec": weight, "state": weight}}
    whole = rs.backprop(Vector.net(), Vector.inputs, Vector.targets, **options)
    swept = rs.sweep(rs.backprop, Vector.net(), Vector.inputs, Vector.targets, memory=4000, **options)
    assert rs.plan(rs.backprop, Vector.net(), Vector.inputs, Vector.targets, memory=4000, **options).blocks > 1
    xr.testing.assert_equal(swept, whole)
    assert swept.attrs == whole.attrs
    assert json.loads(whole.attrs["options"])["penalty"] == {"w_rec": "<weight: 40>", "state": "<weight: 40>"}
    assert {"penalty_w_rec_hash", "penalty_state_hash"} <= set(whole.attrs)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_two_halves_are_the_whole(kind):
    first = train(kind, epochs=2)
    xr.testing.assert_identical(train(kind), train(kind, epochs=3, resume=first))
    with pytest.raises(ValueError, match="resume was given a run with another penalty"):
        train(kind, penalty={"w_rec": 0.1}, resume=first)
    run = train(kind, penalty={"w_rec": 0.1}, resume=first, resume_with="penalty")
    assert json.loads(run.attrs["resumed_with"])[0]["allowed"] == ["penalty"]


def test_float32_is_float64_to_its_precision():
    single, double = (train(Vector, dtype=dtype, batch_size=2) for dtype in ("float32", "float64"))
    for name in ("cost", "grad_norm", *Vector.names):
        np.testing.assert_allclose(single[name], double[name], rtol=1e-4, atol=1e-5)


REFUSED = [
    ({"w_rek": 1.0}, ValueError, "penalty was given 'w_rek'; it needs some of w_in, w_rec, bias, h0, state"),
    ({"w_rec": -1.0}, ValueError, "penalty of w_rec was given -1.0; it needs finite numbers of 0 or more"),
    ({"state": np.nan}, ValueError, "penalty of state was given nan; it needs finite numbers of 0 or more"),
    ({"state": np.inf}, ValueError, "penalty of state was given inf; it needs finite numbers of 0 or more"),
    ({"state": [1.0, 2.0]}, ValueError, r"penalty of state was given an array of shape \(2,\); a penalty needs a number"),
    (0.1, TypeError, "penalty was given a float; it needs a dict"),
]


@pytest.mark.parametrize("verb", [rs.backprop, rs.train])
@pytest.mark.parametrize(("penalty", "kind", "message"), REFUSED)
def test_penalties_that_cannot_be_are_refused(penalty, kind, message, verb):
    options = {"optimizer": rs.SGD(0.1), "epochs": 1} if verb is rs.train else {}
    with pytest.raises(kind, match=message):
        verb(Scalar.net(), Scalar.inputs, Scalar.targets, penalty=penalty, **options)
