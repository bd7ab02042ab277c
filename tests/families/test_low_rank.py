"""Recurrent weights of low rank: w_rec = m nᵀ / units + fixed, by products with the factors, and in full where a verb needs them so."""

import pickle

import numpy as np
import pytest
import xarray as xr
from comparing import identical

import rnnsim as rs
from rnnsim.equations.user_losses import check_loss
from rnnsim.functions import sigmoid, tanh
from rnnsim.runs.run import prepare
from rnnsim.verbs.engines.autonomous_maps import map_of
from rnnsim.verbs.equilibria.fixed_points import overlaps_of
from rnnsim.verbs.hessian.program import CurvatureProgram

KEPT = ("cost", "grad", "state", "overlap", "grad_state", "grad_input")


def drawn(units, rank, seed=0, inputs=2):
    """w_in, m, n, fixed, bias and h0 of a network."""
    rng = np.random.default_rng(seed)
    w_in, m, n = rng.normal(size=(units, inputs)), rng.normal(size=(units, rank)), rng.normal(size=(units, rank))
    return w_in, m, n, rng.normal(size=(units, units)) / units, 0.3 * rng.normal(size=units), 0.3 * rng.normal(size=units)


def sequences(samples, steps, units, inputs=2):
    rng = np.random.default_rng(1)
    return rng.normal(size=(samples, steps, inputs)), rng.normal(size=(samples, units))


def cost(x, targets, w_in, m, n, fixed, bias, h0):
    """The mean squared error of the last states, by NumPy; the states (sample, step, unit)."""
    w_rec, states = m @ n.T / len(m) + fixed, [np.broadcast_to(h0, targets.shape)]
    for k in range(x.shape[1]):
        states.append(np.tanh(states[-1] @ w_rec.T + x[:, k] @ w_in.T + bias))
    return ((states[-1] - targets) ** 2).mean(), np.stack(states, 1)


def by_complex_step(which, x, targets, given):
    """The gradient of the cost by one of the parameters."""
    found = np.empty(given[which].shape)
    for place in np.ndindex(found.shape):
        moved = [array.astype(complex) for array in given]
        moved[which][place] += 1e-30j
        found[place] = cost(x, targets, *moved)[0].imag / 1e-30
    return found


@pytest.mark.parametrize(
    ("units", "samples", "fixed"), [(3, 2, True), (3, 33, False), (17, 5, True)], ids=["points", "samples", "units"]
)
def test_states_overlaps_and_gradients_are_numpys(units, samples, fixed):
    w_in, m, n, beside, bias, h0 = drawn(units, 2)
    given = w_in, m, n, beside if fixed else np.zeros((units, units)), bias, h0
    x, targets = sequences(samples, 4, units)
    found = rs.backprop(rs.Elman(w_in, rs.LowRank(m, n, beside if fixed else None), bias, h0), x, targets, keep=KEPT)
    value, states = cost(x, targets, *given)
    np.testing.assert_allclose(found.cost, value, rtol=1e-13)
    np.testing.assert_allclose(found.state, states, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.overlap, states @ n / units, rtol=0, atol=1e-14)
    for which, name in enumerate(("w_in", "m", "n", None, "bias", "h0")):
        if name:
            expected = by_complex_step(which, x, targets, given)
            np.testing.assert_allclose(found[f"grad_{name}"], expected, rtol=1e-12, atol=1e-15, err_msg=name)
    assert "grad_fixed" not in found and found.overlap.dims == ("sample", "step", "rank")


def with_axes(units=3):
    w_in, m, n, fixed, bias, h0 = drawn(units, 2)
    left = rs.axis("g", [0.5, 1.0, 2.0]) * xr.DataArray(m, dims=("unit", "rank"))
    right = rs.axis("tilt", [0.0, 1.0]) * xr.DataArray([1.0, -1.0], dims="rank") + xr.DataArray(n, dims=("unit", "rank"))
    return rs.Elman(
        w_in, rs.LowRank(left, right, rs.axis("c", [1.0, 0.1]) * xr.DataArray(fixed, dims=("unit", "unit_from"))), bias, h0
    )


@pytest.mark.parametrize("units", [3, 17], ids=["points", "units"])
def test_axes_of_factors_are_axes_and_a_point_alone_has_the_same_bits(units):
    net, (x, targets) = with_axes(units), sequences(5, 4, units)
    found = rs.backprop(net, x, targets, keep=KEPT)
    assert net.axes == {"g": 3, "tilt": 2, "c": 2}
    assert found.grad_m.dims == ("g", "tilt", "c", "unit", "rank")
    for point in ({"g": 2, "tilt": 1, "c": 0}, {"g": 0, "tilt": 0, "c": 1}):
        identical(rs.backprop(net.isel(point), x, targets, keep=KEPT), found.isel(point))
    blocks = rs.sweep(rs.backprop, net, x, targets, keep=KEPT, memory="200kB", progress=False)
    identical(blocks, found)


def test_verbs_on_maps_get_the_weights_in_full():
    net = with_axes()
    dense = rs.Elman(net["w_in"], net["w_rec"], net["bias"], net["h0"])
    numbers = map_of(net.isel(c=0), 0.5).block(0, 6)[0][0]
    expected = map_of(dense.isel(c=0), 0.5).block(0, 6)[0][0]
    for name, array in numbers._asdict().items():
        np.testing.assert_array_equal(array, getattr(expected, name), err_msg=name)
    m, n, fixed = (net[name].isel(g=1, tilt=0, c=0, missing_dims="ignore").values for name in ("m", "n", "fixed"))
    np.testing.assert_allclose(net["w_rec"].isel(g=1, tilt=0, c=0), m @ n.T / 3 + fixed, rtol=1e-14)


def test_second_derivatives_read_the_weights_in_full():
    net, (x, targets) = with_axes(), sequences(2, 4, 3)
    run = prepare(net, x, targets, (), "float64", with_targets=True)
    program = CurvatureProgram(run, check_loss("mse"), ("bias",))
    rows = program.outline.rows["w_rec"]
    theta = program.theta(0, 12)[:, rows.first : rows.first + 9]
    np.testing.assert_array_equal(theta, net["w_rec"].transpose("g", "tilt", "c", ...).values.reshape(12, 9))
    assert not {"m", "n", "fixed"} & set(program.outline.rows)


def trained_by_numpy(x, targets, given, epochs, rate):
    """Gradient descent in m, n, w_in and bias."""
    arrays, costs = [array.copy() for array in given], []
    for _ in range(epochs):
        costs.append(cost(x, targets, *arrays)[0])
        gradients = {which: by_complex_step(which, x, targets, arrays) for which in (0, 1, 2, 4)}
        for which, gradient in gradients.items():
            arrays[which] -= rate * gradient
    return costs, arrays


def test_training_moves_factors_by_their_gradients():
    given, (x, targets) = drawn(3, 2), sequences(3, 4, 3)
    w_in, m, n, fixed, bias, h0 = given
    net = rs.Elman(w_in, rs.LowRank(m, n, fixed), bias, h0)
    first = rs.train(net, x, targets, optimizer=rs.SGD(0.3), epochs=2)
    run = rs.train(net, x, targets, optimizer=rs.SGD(0.3), epochs=2, resume=first)
    costs, arrays = trained_by_numpy(x, targets, given, 4, 0.3)
    np.testing.assert_allclose(first.cost[:2], costs[:2], rtol=1e-12)
    assert float(run.cost[-1]) < costs[-1] < costs[0]
    end = net.at(run)
    for name, array in zip(("w_in", "m", "n", "fixed", "bias"), arrays, strict=False):
        np.testing.assert_allclose(end[name], array, rtol=1e-12, err_msg=name)
    assert set(rs.train(net, x, targets, optimizer=rs.SGD(0.3), epochs=1, train=("n",)).data_vars) >= {"n", "m"}


class Gated(rs.Cell):
    states = ("h",)
    gates = {"z": "x", "a": "xh"}

    def output(s):
        return tanh(s.h)

    def step(s, a, p):
        return s.h + sigmoid(a.z) * (tanh(a.a) - s.h)


def test_a_cell_of_ones_own_has_factors_if_one_gate_reads_the_state():
    w_in, m, n, fixed, *_ = drawn(3, 2)
    gated, (x, targets) = np.stack([w_in, 2 * w_in]), sequences(2, 3, 3)
    net = Gated(gated, rs.LowRank(m, n, fixed))
    found = rs.backprop(net, x, targets, keep=("cost", "grad", "state", "overlap"))

    def cost(m, n):
        h = np.zeros((2, 3))
        for k in range(3):
            z, a = x[:, k] @ gated[0].T, x[:, k] @ gated[1].T + np.tanh(h) @ (m @ n.T / 3 + fixed).T
            h = h + (np.tanh(a) - h) / (1 + np.exp(-z))
        return ((np.tanh(h) - targets) ** 2).mean()

    np.testing.assert_allclose(found.cost, cost(m, n), rtol=1e-13)
    np.testing.assert_allclose(found.overlap, np.tanh(found.state.values) @ n / 3, rtol=1e-13, atol=1e-15)
    assert overlaps_of(map_of(net, 0.0)) == []  # of a state that nothing reads
    for place in np.ndindex(3, 2):
        step = np.zeros((3, 2), complex)
        step[place] = 1e-30j
        np.testing.assert_allclose(found.grad_m[place], cost(m + step, n).imag / 1e-30, rtol=1e-12)
        np.testing.assert_allclose(found.grad_n[place], cost(m, n + step).imag / 1e-30, rtol=1e-12)


def test_layers_of_stacks_have_factors_of_their_own():
    w_in, m, n, fixed, bias, h0 = drawn(3, 2)
    second_in = np.random.default_rng(2).normal(size=(3, 3))
    low, dense = (
        rs.Stack([rs.Elman(w_in, w, bias, h0), rs.Elman(second_in, v)])
        for w, v in ((rs.LowRank(m, n, fixed), rs.LowRank(n, m)), (m @ n.T / 3 + fixed, n @ m.T / 3))
    )
    x, targets = sequences(2, 4, 3)
    kept = ("cost", "state_0", "state", "grad_w_in_0", "grad_w_in_1", "grad_h0_0")
    found = rs.backprop(low, x, targets, keep=(*kept, "overlap", "overlap_0", "grad_m_0", "grad_n_1"))
    expected = rs.backprop(dense, x, targets, keep=(*kept, "grad_w_rec_0", "grad_w_rec_1"))
    for name in kept:
        np.testing.assert_allclose(found[name], expected[name].values, rtol=1e-12, atol=1e-15, err_msg=name)
    np.testing.assert_allclose(found.grad_m_0, expected.grad_w_rec_0.values @ n / 3, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.grad_n_1, expected.grad_w_rec_1.values.T @ n / 3, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.overlap, found.state.values @ m / 3, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.overlap_0, found.state_0.values @ n / 3, rtol=1e-13, atol=1e-15)
    assert low["m_0"].dims == ("unit_0", "rank_0") and low["w_rec_1"].dims == ("unit_1", "unit_from_1")
    np.testing.assert_allclose(low.replace(m_0=2 * low["m_0"])["w_rec_0"], 2 * m @ n.T / 3 + fixed)


def test_families_are_changed_taken_apart_and_pickled():
    net = with_axes()
    restored = pickle.loads(pickle.dumps(net))
    for name in ("w_in", "m", "n", "fixed", "w_rec"):
        xr.testing.assert_identical(restored[name], net[name])
    assert set(net.parameters) == {"w_in", "m", "n", "fixed", "bias", "h0", "leak"}
    doubled = net.isel(g=1, tilt=0, c=0).replace(m=2 * drawn(3, 2)[1])
    np.testing.assert_allclose(doubled["m"], 2 * drawn(3, 2)[1])
    assert doubled.replace(w_rec=np.eye(3)).parameter_names == ("w_in", "w_rec", "bias", "h0", "leak")
    plain = rs.Elman(drawn(3, 2)[0], np.eye(3)).replace(w_rec=rs.LowRank(*drawn(3, 2)[1:3]))
    assert plain.rank == 2 and plain.replace(fixed=np.eye(3))["fixed"].sizes == {"unit": 3, "unit_from": 3}
    assert repr(rs.LowRank(*drawn(3, 2)[1:4])) == "<rnnsim.LowRank of rank 2 and 3 units beside a fixed matrix>"


def mean_field(mean_m, var_m, mean_n, g, start=1.0):
    """Overlap κ and q = ⟨φ²⟩ of h = tanh(m κ + g χ h), κ = nᵀ h / N, in the limit of many units, where m is normal, n is independent of
    it and χ has variance 1/N (Mastrogiuseppe and Ostojic 2018, with the rank-one and the random part):

    κ = ⟨n⟩ ∫Dz tanh(⟨m⟩ κ + √Δ z),  q = ∫Dz tanh²(⟨m⟩ κ + √Δ z),  Δ = var(m) κ² + g² q
    """
    z = np.linspace(-8, 8, 2001)
    weights = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    kappa, q = start, 0.5
    for _ in range(2000):
        phi = np.tanh(mean_m * kappa + np.sqrt(var_m * kappa**2 + g**2 * q) * z)
        kappa, q = mean_n * (weights @ phi), weights @ phi**2
    return kappa, q


@pytest.mark.parametrize("g", [0.0, 0.8])
def test_overlap_of_rank_one_is_that_of_mean_field_theory(g):
    units, rng = 1500, np.random.default_rng(3)
    m, n = rng.normal(1.0, 0.7, size=(units, 1)), rng.normal(1.8, 0.3, size=(units, 1))
    fixed = g * rng.normal(size=(units, units)) / np.sqrt(units) if g else None
    net = rs.Elman(np.zeros((units, 1)), rs.LowRank(m, n, fixed), h0=np.sign([[1.0], [-1.0]]) * np.ones(units))
    found = rs.simulate(net, np.zeros((60, 1)), keep="overlap").overlap.isel(step=-1, rank=0)
    kappa, _ = mean_field(1.0, 0.49, 1.8, g)
    np.testing.assert_allclose(found, [kappa, -kappa], rtol=0.04)
    if not g:  # then the network's own equation is one of a single number
        np.testing.assert_allclose((n[:, 0] * np.tanh(m[:, 0] * float(found[0]))).mean(), found[0], rtol=1e-10)


def test_what_does_not_fit_is_refused_by_name():
    w_in, m, n, fixed, *_ = drawn(3, 2)
    for make, words in (
        (lambda: rs.LowRank(m, n[:2]), "n has 2 units, but m has 3"),
        (lambda: rs.LowRank(m, n[:, :1]), "n has 1 ranks, but m has 2 ranks"),
        (lambda: rs.LowRank(m, n, fixed[:, :2]), "fixed has 2 columns, but m has 3 units"),
        (lambda: rs.LowRank(m[:, 0], n), r"m was given an array of shape \(3,\); it needs \(unit, rank\)"),
        (lambda: rs.Elman(1.0, rs.LowRank(m, n)), "w_rec was given as rs.LowRank, but w_in has no units"),
        (lambda: rs.Elman(w_in[:2], rs.LowRank(m, n)), "m has 3 units, but w_in has 2 units"),
        (
            lambda: rs.GRU(np.ones((3, 3, 2)), rs.LowRank(m, n)),
            "the gates r, z, n of a GRU read the state; it needs a cell of which one",
        ),
        (lambda: rs.Elman(w_in, rs.LowRank(m, n)).replace(fixed=fixed[:2, :2]), "fixed has 2 units, but m has 3"),
    ):
        with pytest.raises(ValueError, match=words):
            make()
    net, (x, targets) = rs.Elman(w_in, rs.LowRank(m, n, fixed)), sequences(2, 4, 3)
    for call, words in (
        (lambda: rs.curvature(net, x, targets), "no second derivatives by m, n of an rs.LowRank; it needs some of w_in, bias, h0"),
        (
            lambda: rs.train(net, x, targets, optimizer=rs.SGD(0.1), epochs=1, train="fixed"),
            "train was given 'fixed'; it needs some of",
        ),
        (lambda: rs.backprop(net, x, targets, keep="grad_fixed"), "grad_fixed"),
        (
            lambda: rs.simulate(net.replace(w_rec=fixed), x, keep="overlap"),
            r"it needs recurrent weights of low rank, w_rec=rs.LowRank",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            call()
