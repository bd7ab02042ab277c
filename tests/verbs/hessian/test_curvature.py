"""Second derivatives: exact cases, the complex step of exact gradients, laws, and messages."""

import numpy as np
import pytest
import reference_gradients
import xarray as xr
from family_data import random_family, random_inputs, refused

import rnnsim as rs
from rnnsim.functions import exp, tanh
from rnnsim.numerics import thread_state

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
    names = parameters or [name for name in net.trainable if name not in net.own_numbers]
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


@pytest.mark.parametrize(("activation", "leak"), [("tanh", 1.0), ("sigmoid", 0.4), ("relu", 0.7)])
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


def scalar_hessian(inputs, targets, values, names, activation):
    """Second derivatives of `reference.gradients` by the complex step; one start for all."""

    def gradient(given):
        given = {**given, "leak": values["leak"]}
        found, _ = complex_gradients(inputs, targets, activation=activation, **given)
        return np.array([found[name] for name in names])

    base = {name: values[name] for name in ("w_in", "w_rec", "bias", "h0")}
    return np.stack([np.imag(gradient({**base, name: base[name] + 1e-30j})) / 1e-30 for name in names], 1)


def complex_gradients(inputs, targets, w_in, w_rec, bias, h0, leak, activation):
    """Of a scalar network, by the gradients of one with a unit."""
    layer = {"cell": "Elman", "w_in": np.array([[w_in]]), "w_rec": np.array([[w_rec]]), "bias": np.array([bias])}
    layer |= {"h0": np.array([h0]), "leak": leak, "activation": activation}
    found, _ = reference_gradients.gradients([layer], inputs[..., None], targets[..., None])
    return {name: np.ravel(value)[0] for name, value in found[0].items()}, None


@pytest.mark.parametrize("activation", ["tanh", "linear"])
def test_scalar_families(activation):
    net = random_family(activation=activation, leaky=activation != "linear", scale=0.8)
    inputs = random_inputs(samples=3, steps=5)
    targets = random_inputs(seed=4, samples=3, steps=3)
    targets[0, 1] = np.nan
    whole = np.concatenate([np.full((3, 2), np.nan), targets], 1)
    names = ("w_rec", "h0", "w_in", "bias")
    ds = rs.curvature(net, inputs, whole, parameters=names)
    assert ds.hessian.dims == (*net.axes, "parameter", "parameter_from") and list(ds.parameter.values) == list(names)
    back = rs.backprop(net, inputs, whole)
    close(ds.cost, back.cost)
    close(ds.gradient, np.stack([back[f"grad_{name}"] for name in names], -1))
    for where in ({"a": 0, "b": 1, "c": 2}, {"a": 5, "b": 4, "c": 0}, {"a": 3, "b": 0, "c": 1}):
        member = net.isel(**where, **({"d": 0} if "d" in net.axes else {}))
        values = {name: float(member[name]) for name in member.parameter_names}
        exact = scalar_hessian(inputs, whole, values, names, activation)
        close(ds.hessian.isel(**where, d=0, missing_dims="ignore").values, exact)


@pytest.mark.parametrize("rule", [rs.Elman, rs.GRU, rs.LSTM])
def test_a_scalar_network_is_a_network_of_one_unit(rule):
    rng = np.random.default_rng(5)
    gates = {rs.Elman: (), rs.GRU: (3,), rs.LSTM: (4,)}[rule]
    w_in, w_rec = rng.normal(size=(2, *gates))
    starts = rng.normal(size=3)
    x, y = rng.normal(size=(3, 6)), rng.normal(size=(3, 6))
    if rule is rs.Elman:
        scalar = rule(float(w_in), float(w_rec), 0.1, xr.DataArray(starts, dims="sample"))
    else:
        scalar = rule(xr.DataArray(w_in, dims="gate"), xr.DataArray(w_rec, dims="gate"), h0=xr.DataArray(starts, dims="sample"))
    bias = {"bias": 0.1} if rule is rs.Elman else {}
    one = rule(w_in[..., None, None], w_rec[..., None, None], h0=starts[:, None], **bias)
    for parameters in (("w_in", "w_rec"), ("w_rec", "h0")):
        ds = rs.curvature(scalar, x, y, parameters=parameters)
        of_units = rs.curvature(one, x[..., None], y[..., None], parameters=parameters)
        close(ds.hessian.values, of_units.hessian.values)
        assert ds.sizes["parameter"] == of_units.sizes["parameter"] and ds.parameter.values[-1] in (
            "w_rec",
            "w_rec[2]",
            "w_rec[3]",
            "h0[2]",
        )


def vector_family():
    rng = np.random.default_rng(6)
    w_rec = xr.DataArray(rng.normal(size=(7, 2, 2)), dims=("a", "unit", "unit_from"))
    bias = xr.DataArray(rng.normal(size=(2, 2)), dims=("b", "unit"))
    inputs = xr.DataArray(rng.normal(size=(7, 3, 5, 1)), dims=("a", "sample", "step", "input"))
    targets = xr.DataArray(rng.normal(size=(2, 3, 2)), dims=("b", "sample", "output"))
    return rs.Elman(rng.normal(size=(2, 1)), w_rec, bias), inputs, targets


def scalar_family():
    return random_family(), random_inputs(), random_inputs()[:, -1]


@pytest.mark.parametrize("make", [scalar_family, vector_family])
@pytest.mark.parametrize("parameters", [None, "w_rec"])
def test_bits_depend_on_neither_threads_nor_blocks_nor_other_points(make, parameters):
    net, inputs, targets = make()
    whole = rs.curvature(net, inputs, targets, parameters=parameters)
    for options in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 5}):
        with thread_state.settings(**options):
            xr.testing.assert_identical(rs.curvature(net, inputs, targets, parameters=parameters).drop_attrs(), whole.drop_attrs())
    for where in ({"a": 6, "b": 1}, {"a": 2, "b": 0}):
        own = {name: i for name, i in where.items() if name in net.axes}
        given = [
            array.isel(own, missing_dims="ignore") if isinstance(array, xr.DataArray) else array for array in (inputs, targets)
        ]
        alone = rs.curvature(net.isel(**own), *given, parameters=parameters)
        for name in alone.data_vars:
            np.testing.assert_array_equal(alone[name], whole[name].isel(own))


def test_directions_are_cut_into_groups_and_threads_without_a_trace():
    rng = np.random.default_rng(7)
    net = rs.Elman(rng.normal(size=(5, 2)), rng.normal(size=(5, 5)) / 2, rng.normal(size=5))
    inputs, targets = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 5))
    whole = rs.curvature(net, inputs, targets)
    assert whole.sizes["parameter"] == 40
    with thread_state.settings(threads=1):
        xr.testing.assert_identical(rs.curvature(net, inputs, targets).drop_attrs(), whole.drop_attrs())
    part = rs.curvature(net, inputs, targets, parameters=("bias", "w_in"))
    chosen = {"parameter": part.parameter, "parameter_from": part.parameter_from}
    np.testing.assert_array_equal(part.hessian, whole.hessian.sel(chosen))


def test_newton_solves_a_linear_readout_at_once():
    rng = np.random.default_rng(8)
    net = rs.Elman(rng.normal(size=(3, 1)), rng.normal(size=(3, 3)) / 2, readout=rs.Readout(rng.normal(size=(1, 3)), 0.3))
    inputs, targets = rng.normal(size=(20, 6, 1)), rng.normal(size=(20, 1))
    ds = rs.curvature(net, inputs, targets, parameters=("w_out", "b_out"))
    move = -np.linalg.solve(ds.hessian.values, ds.gradient.values)
    there = net.replace(w_out=net["w_out"].values + move[:3], b_out=net["b_out"].values + move[3:])
    end = rs.curvature(there, inputs, targets, parameters=("w_out", "b_out"))
    assert np.abs(end.gradient).max() < 1e-14 and (end.hessian_eigenvalue > 0).all()
    np.testing.assert_allclose(end.hessian, ds.hessian, rtol=1e-13)
    np.testing.assert_allclose(end.cost, ds.cost + 0.5 * ds.gradient.values @ move, rtol=1e-12)


def test_eigenvalues_come_with_their_sums_and_ascend():
    rng = np.random.default_rng(9)
    net = rs.GRU(rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 4, 4)))
    ds = rs.curvature(net, rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4)))
    values, matrix = ds.hessian_eigenvalue.values, ds.hessian.values
    assert (np.diff(values) >= 0).all() and ds.hessian_eigenvalue.dims == ("mode",)
    np.testing.assert_allclose(values.sum(), np.trace(matrix), rtol=1e-12)
    np.testing.assert_allclose((values**2).sum(), (matrix**2).sum(), rtol=1e-12)
    close(values, np.linalg.eigvalsh((matrix + matrix.T) / 2), 1e-13)


def test_a_point_that_diverges_spoils_no_other():
    w = rs.axis("w", [0.5, 1e200, np.nan, 1.5])
    ds = rs.curvature(rs.Elman(1.0, w, activation="linear"), np.ones((2, 4)), [1.0, 2.0])
    assert list(ds.diverged_at.values) == [-1, 3, 1, -1]
    assert np.isfinite(ds.hessian_eigenvalue.values[[0, 3]]).all() and np.isnan(ds.hessian_eigenvalue.values[[1, 2]]).all()
    matrix = xr.DataArray(np.ones((4, 1, 1)) * w.values[:, None, None], dims=("w", "unit", "unit_from"))
    of_units = rs.curvature(rs.Elman([[1.0]], matrix, activation="linear"), np.ones((2, 4, 1)), [[1.0], [2.0]])
    np.testing.assert_array_equal(of_units.diverged_at, ds.diverged_at)
    np.testing.assert_allclose(
        of_units.hessian[[0, 3]],
        ds.hessian[[0, 3]].sel(parameter=["w_in", "w_rec", "bias"], parameter_from=["w_in", "w_rec", "bias"]),
    )


BELL = rs.Activation(lambda a: exp(-a * a), lambda a: -2.0 * a * exp(-a * a), lambda a: (4.0 * a * a - 2.0) * exp(-a * a))


def test_an_activation_of_ones_own_needs_its_curvature(monkeypatch):
    reference_gradients.VALUES["bell"] = lambda a: np.exp(-a * a)
    reference_gradients.SLOPES["bell"] = lambda a: -2 * a * np.exp(-a * a)
    rng = np.random.default_rng(10)
    layer = random_layer(rng, "Elman", 2, 2, activation="bell")
    inputs, targets = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2))
    names = ("w_in_0", "w_rec_0", "bias_0")
    exact, _ = reference_gradients.hessian({"layers": [layer]}, names, inputs, targets)
    net = rs.Elman(layer["w_in"], layer["w_rec"], layer["bias"], layer["h0"], activation=BELL)
    close(rs.curvature(net, inputs, targets).hessian.values, exact)
    without = net.replace(activation=rs.Activation(lambda a: a * a, lambda a: 2.0 * a))
    message = r"activation was given as an rs.Activation without its curvature; it needs rs.Activation\(value, slope, curvature\)"
    refused(monkeypatch, lambda: rs.curvature(without, inputs, targets), ValueError, message)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"parameters": ("w_in", "leak")},
            ValueError,
            "parameters was given 'leak'; it needs some of w_in, w_rec, bias, h0, each once",
        ),
        ({"parameters": ("w_in", "w_in")}, ValueError, "parameters was given 'w_in'; it needs some of .*, each once"),
        ({"parameters": ()}, ValueError, "parameters was given nothing; it needs some of w_in, w_rec, bias, h0"),
        ({"parameters": 3}, TypeError, "parameters was given 3; it needs a name or a sequence of names"),
        ({"loss": "hinge"}, ValueError, "loss was given as 'hinge'; it needs one of mse, cross_entropy"),
        ({"keep": "grad"}, ValueError, "keep was given 'grad'; it needs some of cost, gradient, hessian, hessian_eigenvalue"),
    ],
)
def test_what_does_not_fit_is_refused(monkeypatch, options, kind, message):
    refused(monkeypatch, lambda: rs.curvature(rs.Elman(1.0, 0.5), [1.0, 0.0], 1.0, **options), kind, message)
    with pytest.raises(TypeError, match="net was given a str"):
        rs.curvature("net", [1.0], 1.0)


def test_results_are_kept_as_asked_and_saved(tmp_path):
    net = rs.Elman(np.ones((2, 1)), np.eye(2) / 2)
    ds = rs.curvature(net, np.ones((3, 1)), [1.0, 0.0], keep=("hessian", "cost"))
    assert set(ds.data_vars) == {"hessian", "cost", "diverged_at"} and "parameter" in ds.coords
    assert list(ds.parameter.values) == [
        "w_in[0,0]",
        "w_in[1,0]",
        "w_rec[0,0]",
        "w_rec[0,1]",
        "w_rec[1,0]",
        "w_rec[1,1]",
        "bias[0]",
        "bias[1]",
    ]
    rs.save(ds, tmp_path / "hessian.nc")
    with rs.open(tmp_path / "hessian.nc") as back:
        xr.testing.assert_equal(back.load(), ds)


class Rate(rs.Cell):
    """A unit with something else than its state to read, and a number in all of its rules."""

    states = ("v", "w")
    gates = {"a": "xh"}
    numbers = {"alpha": 0.3}

    def output(s):
        return tanh(s.v) * s.w

    def step(s, a, p):
        return s.v + p.alpha * (a.a - s.v * p.alpha), s.w + 0.1 * p.alpha * tanh(s.v - s.w)


def test_hessians_by_the_numbers_of_cells():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 4, 1))
    layers = [rs.Elman.random(2, 2, leak=rng.uniform(0.3, 0.8, 2)), Rate.random(2, 2, seed=1, h0="gaussian")]
    net, names = rs.Stack(layers, readout=rs.Readout.random(2, seed=1)), ("leak_0", "alpha_1", "w_rec_0", "h0_1", "w_out")
    found = rs.curvature(net, x, y, parameters=names, keep=("gradient", "hessian"))
    exact = rs.backprop(net, x, y)
    np.testing.assert_allclose(found.gradient, np.concatenate([exact[f"grad_{name}"].values.ravel() for name in names]), rtol=1e-13)
    np.testing.assert_allclose(found.hessian, found.hessian.T, atol=1e-15)
    at = 0
    for name in names:
        values = np.broadcast_to(net[name].values, exact[f"grad_{name}"].shape)
        for place in np.ndindex(values.shape):
            sides = []
            for step in (1e-5, -1e-5):
                moved = values.copy()
                moved[place] += step
                side = rs.backprop(net.replace(**{name: moved}), x, y)
                sides.append(np.concatenate([side[f"grad_{other}"].values.ravel() for other in names]))
            np.testing.assert_allclose(found.hessian[at], (sides[0] - sides[1]) / 2e-5, atol=1e-8)
            at += 1


def test_hessians_by_the_leak_of_scalar_networks():
    net, x, y = rs.Elman(0.5, rs.axis("w", [0.4, 0.9]), 0.1, 0.3, leak=0.6), np.linspace(-1, 1, 8).reshape(2, 4), [0.2, -0.1]
    few, more = (rs.curvature(net, x, y, parameters=names).hessian for names in (("w_rec", "bias"), ("leak", "w_rec", "bias")))
    np.testing.assert_allclose(more.sel(parameter=few.parameter, parameter_from=few.parameter_from), few, rtol=1e-12)
    costs = [rs.backprop(net.replace(leak=0.6 + step), x, y).cost.values for step in (1e-4, 0.0, -1e-4)]
    second = (costs[0] - 2 * costs[1] + costs[2]) / 1e-8
    np.testing.assert_allclose(more.sel(parameter="leak", parameter_from="leak"), second, rtol=1e-6)
