"""Second derivatives: exact cases, the complex step of exact gradients, laws, and messages."""

import numpy as np
import pytest
import reference_gradients
import xarray as xr
from families import random_family, random_inputs, refused

import rnnsim as rs
from rnnsim.functions import exp
from rnnsim.kernels import blocks

COUNTING = {  # the counting task's cost is A - 2 w_x B(w) + w_x² D(w), times 20, from w⁰ on
    "A": [567],
    "B": [77, 67, 60, 52, 63, 41, 46, 66, 57, 38],
    "D": [14, 20, 26, 26, 35, 34, 44, 40, 61, 54, 45, 38, 37, 22, 23, 16, 17, 8, 7],
}


def close(found, exact, tolerance=1e-12):
    """Agree, each relative to the largest of all."""
    np.testing.assert_allclose(found, exact, rtol=tolerance, atol=tolerance * np.abs(exact).max())


def test_the_counting_task_has_its_polynomials_hessian():
    a, b, d = (np.polynomial.Polynomial(np.array(c) / 20) for c in COUNTING.values())
    x = np.array([2.0, 1.0, 1.0, 1.0, 1.0, -0.3])
    w = np.array([1.0, 2.0, -2.0, 0.0, 0.5, 0.9])
    along = [xr.DataArray(values, dims="place") for values in (x, w)]
    task = rs.tasks.counting()
    ds = rs.curvature(rs.Elman(*along, activation="linear"), task.inputs, task.targets, parameters=("w_in", "w_rec"))
    np.testing.assert_allclose(ds.cost, a(w) - 2 * x * b(w) + x**2 * d(w), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ds.gradient[:, 0], -2 * b(w) + 2 * x * d(w), rtol=1e-12, atol=1e-11)
    mixed = -2 * b.deriv()(w) + 2 * x * d.deriv()(w)
    twice = -2 * x * b.deriv(2)(w) + x**2 * d.deriv(2)(w)
    exact = np.stack([np.stack([2 * d(w), mixed], -1), np.stack([mixed, twice], -1)], -2)
    np.testing.assert_allclose(ds.hessian, exact, rtol=1e-12)
    np.testing.assert_allclose(ds.hessian_eigenvalue, np.linalg.eigvalsh(exact), rtol=1e-12)


def random_layer(rng, cell, units, inputs, samples=None, **options):
    gates = {"Elman": (), "GRU": (3,), "LSTM": (4,)}[cell]
    layer = {"cell": cell, "w_in": rng.normal(size=(*gates, units, inputs)), "w_rec": rng.normal(size=(*gates, units, units)) * 0.7}
    biases = ("bias_in", "bias_rec") if cell == "GRU" else ("bias",)
    layer |= {name: rng.normal(size=(*gates, units)) * 0.5 for name in biases}
    for name in ("h0", "c0") if cell == "LSTM" else ("h0",):
        layer[name] = rng.normal(size=(units,) if samples is None else (samples, units))
    return layer | options


def family(network):
    """The network of dicts of `reference_networks` as a Stack."""
    layers = []
    for layer in network["layers"]:
        given = {name: value for name, value in layer.items() if name != "cell"}
        layers.append(getattr(rs, layer["cell"])(given.pop("w_in"), given.pop("w_rec"), **given))
    table = [rs.Embedding(network["table"])] if network.get("table") is not None else []
    readout = rs.Readout(**network["readout"]) if network.get("readout") else None
    return rs.Stack([*table, *layers], readout=readout)


def agree(network, inputs, targets, loss="mse", parameters=None):
    net = family(network)
    names = parameters or net.trainable
    ds = rs.curvature(net, inputs, targets, loss=loss, parameters=names)
    back = rs.backprop(net, inputs, targets, loss=loss)
    exact, gradient = reference_gradients.hessian(network, names, np.asarray(inputs), np.asarray(targets), loss)
    close(ds.cost, back.cost)
    close(ds.gradient, gradient)
    close(ds.gradient, np.concatenate([back[f"grad_{name}"].values.ravel() for name in names]))
    close(ds.hessian.values, exact)
    close(ds.hessian.values, ds.hessian.values.T)
    close(ds.hessian_eigenvalue, np.linalg.eigvalsh(exact), 1e-11)
    return ds


ACTIVATIONS = ["linear", "tanh", "relu", "sigmoid"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_elman_networks(activation, leak):
    rng = np.random.default_rng(0)
    layer = random_layer(rng, "Elman", 3, 2, activation=activation, leak=leak)
    targets = rng.normal(size=(4, 5, 3))
    targets[1, 2:4] = np.nan
    agree({"layers": [layer]}, rng.normal(size=(4, 5, 2)), targets)


@pytest.mark.parametrize("cell", ["Elman", "GRU", "LSTM"])
@pytest.mark.parametrize("units", [1, 5])
def test_every_cell_with_a_readout_and_starts_of_each_sample(cell, units):
    rng = np.random.default_rng(1)
    layer = random_layer(rng, cell, units, 2, samples=3)
    readout = {"w_out": rng.normal(size=(2, units)), "b_out": rng.normal(size=2)}
    agree({"layers": [layer], "readout": readout}, rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2)))


@pytest.mark.parametrize("targeted", [1, 6])
def test_stacks_with_a_table_and_cross_entropy(targeted):
    rng = np.random.default_rng(2)
    layers = [random_layer(rng, "GRU", 2, 3), random_layer(rng, "LSTM", 3, 2), random_layer(rng, "Elman", 2, 3, leak=0.7)]
    readout = {"w_out": rng.normal(size=(4, 2)), "b_out": rng.normal(size=4)}
    tokens, targets = rng.integers(3, size=(3, 6)), rng.integers(-1, 4, size=(3, 6))
    network = {"layers": layers, "readout": readout, "table": rng.normal(size=(3, 3))}
    agree(network, tokens, targets[:, 0] if targeted == 1 else targets, "cross_entropy")


def test_cross_entropy_of_states_and_some_parameters_in_any_order():
    rng = np.random.default_rng(3)
    network = {"layers": [random_layer(rng, "GRU", 3, 2), random_layer(rng, "Elman", 3, 3)]}
    inputs, targets = rng.normal(size=(2, 4, 2)), rng.integers(3, size=2)
    names = ("bias_1", "w_rec_0", "bias_rec_0")
    part = agree(network, inputs, targets, "cross_entropy", names)
    assert list(part.parameter.values[:4]) == ["bias_1[0]", "bias_1[1]", "bias_1[2]", "w_rec_0[0,0,0]"]
    whole = rs.curvature(family(network), inputs, targets, loss="cross_entropy")
    assert not [name for name in whole.parameter.values if name.startswith("h0")]
    close(part.hessian.values, whole.hessian.sel(parameter=part.parameter, parameter_from=part.parameter_from).values)
