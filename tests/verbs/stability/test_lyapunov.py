"""Lyapunov exponents: exact ones, those of plain NumPy along the same orbit, laws, and the literature."""

import re
import sys

import numpy as np
import pytest
import reference_exponents
import xarray as xr
from family_data import members, over, random_family, refused

import rnnsim as rs
from rnnsim.numerics import thread_state

RNG = np.random.default_rng(0)
EXPONENT = "lyapunov_exponent"
drifts = pytest.mark.filterwarnings("ignore:exponents of:RuntimeWarning")
settled = pytest.mark.filterwarnings("ignore:.*never leave:RuntimeWarning")


def values(net, *inputs, keep=EXPONENT, **options):
    return rs.lyapunov(net, *inputs, keep=keep, **options)[keep].values


# Exact results: scalar maps.

FIXED = {
    1.1: (0.502940574944641633, 0.821755855881788644),
    1.5: (0.858559636640110362, 0.394313025498602497),
    2.0: (0.957504024077268741, 0.166372087751674327),
    5.0: (0.999909121715232551, 0.000908741553361279),
}


@pytest.mark.parametrize("sign", [1, -1])
def test_scalar_fixed_points_and_2_cycles(sign):
    w = rs.axis("w", sign * np.array(list(FIXED)))
    start = xr.DataArray([h for h, _ in FIXED.values()], dims="w")
    found = values(rs.Elman(1.0, w, h0=start), steps=50, discard=50)[:, 0] if sign < 0 else None
    if sign > 0:
        found = values(rs.Elman(1.0, w, h0=0.3), steps=50, discard=600)[:, 0]
    np.testing.assert_allclose(found, np.log([multiplier for _, multiplier in FIXED.values()]), rtol=1e-12)


@settled
def test_an_orbit_on_a_fixed_point_gets_its_exponents_and_a_warning():
    net = rs.Elman(1.0, rs.axis("w", [0.5, 1.5]))
    with pytest.warns(RuntimeWarning, match="2 orbits never leave the fixed point"):
        found = rs.lyapunov(net, steps=20)
    np.testing.assert_allclose(found[EXPONENT].values[:, 0], np.log([0.5, 1.5]), rtol=1e-14)


def test_exponents_that_still_drift_are_told_and_settled_ones_are_not():
    net = rs.Elman(rs.axis("w_in", [2.0, 0.0]), 1.5, h0=0.3)
    with pytest.warns(RuntimeWarning) as caught:
        found = rs.lyapunov(net, np.repeat([0.0, 0.5], 80))
    drift = np.abs(found.lyapunov_drift.values).max()
    said = f"exponents of 1 networks still drift: the halves of the steps differ by up to {drift:.2g}; give more steps, or discard more"
    assert [str(one.message) for one in caught] == [said]
    rs.lyapunov(net, np.repeat([0.0, 0.5], 80), discard=80)  # warnings are errors here


def test_the_error_of_a_drift_is_that_within_the_halves():
    rates = np.random.default_rng(3).normal(size=(5, 16))
    mean_error, halves = rates.std(axis=1, ddof=1) / 4, rates.reshape(5, 2, 8)
    drift, spread = np.diff(halves.mean(axis=2))[:, 0], halves.var(axis=2).sum(axis=1) * 8 / 14
    drift_error = sys.modules["rnnsim.verbs.stability.lyapunov"].drift_error
    np.testing.assert_allclose(drift_error(drift, mean_error, 16), np.sqrt(spread * (1 / 8 + 1 / 8)), rtol=1e-12)
    assert np.isnan(drift_error(drift, mean_error, 15)).all()


def test_no_orbit_of_the_scalar_map_is_chaotic():
    net = rs.Elman(1.0, rs.axis("w", np.linspace(-4, 4, 41)), rs.axis("b", np.linspace(-2, 2, 11)), h0=0.1)
    assert values(net, steps=200, discard=2000).max() < 1e-3


def test_exponents_far_beyond_floats():
    net = rs.Elman(0.0, rs.axis("w", [1e-200, 1e200]), activation="linear")
    with pytest.warns(RuntimeWarning, match="never leave"):
        found = values(net, steps=1000)
    np.testing.assert_allclose(found[:, 0], np.log(10) * np.array([-200, 200]), rtol=1e-15)


@settled
def test_a_unit_that_is_off_has_minus_infinity():
    found = rs.lyapunov(rs.Elman(0.0, 2.0, bias=-1.0, activation="relu"), steps=10)
    assert found[EXPONENT].values == -np.inf and found.kaplan_yorke_dimension == 0 and found.entropy_rate == 0


# Exact results: many units.


def linear(W, **more):
    return rs.Elman(np.zeros((len(W), 1)), W, activation="linear", h0=1.0, **more)


@drifts
@pytest.mark.parametrize("n", [2, 5, 20, 40])
def test_linear_maps_have_the_logarithms_of_their_eigenvalues(n):
    rng = np.random.default_rng(n)
    basis, eigenvalues = rng.normal(size=(n, n)), np.linspace(0.2, 1.1, n) * np.where(np.arange(n) % 2, 1, -1)
    W = basis @ np.diag(eigenvalues) @ np.linalg.inv(basis)
    found = values(linear(W), steps=200, discard=20 * n + 200)
    np.testing.assert_allclose(found, np.sort(np.log(np.abs(eigenvalues)))[::-1], atol=1e-11)


@pytest.mark.parametrize("n", [3, 33])
@pytest.mark.parametrize("scale", [0.7, 1.3])
def test_scaled_orthogonal_maps_have_equal_exponents(n, scale):
    W = np.linalg.qr(RNG.normal(size=(n, n)))[0]
    np.testing.assert_allclose(values(linear(scale * W), steps=100), np.full(n, np.log(scale)), atol=1e-14)


@settled
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_two_states_far_beyond_floats(scale):
    W = scale * xr.DataArray([[[0.6, -0.8], [0.8, 0.6]], [[1.0, 2.0], [2.0, 4.0]]], dims=("map", "unit", "unit_from"))
    found = values(rs.Elman(np.zeros((2, 1)), W), steps=50, discard=2)
    np.testing.assert_allclose(found, np.log(scale) + [[0.0, 0.0], [np.log(5.0), -np.inf]], rtol=1e-14, atol=1e-14)


def test_a_rotation_that_tanh_holds_has_a_circle():
    turn, alpha = 0.4, 1.1
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    found = rs.lyapunov(rs.Elman(np.zeros((2, 1)), alpha * R, h0=[0.4, 0.1]), steps=200_000, discard=2000)
    np.testing.assert_allclose(found[EXPONENT], [0.0, -0.197268], atol=5e-5)
    assert abs(found.sum_rule_residual) < 1e-12 and abs(found.kaplan_yorke_dimension - 1) < 1e-3


@pytest.mark.parametrize("m", [1.2, 1.5, 1.9])
def test_the_tent_map(m):
    net = rs.Elman(np.zeros((2, 1)), [[m, -2 * m], [m, -2 * m]], [0, -0.5], h0=[0.3, 0.02], activation="relu")
    found = values(net, steps=4000, discard=50)
    assert abs(found[0] - np.log(m)) < 2e-4 and found[1] == -np.inf


@drifts
@settled
@pytest.mark.parametrize("rule", [rs.GRU, rs.LSTM])
def test_gated_cells_at_the_origin(rule):
    """GRU: ½ + ¼ ω of every eigenvalue ω of W_n. LSTM: ½ + ¼ ω of W_g for c, and as many directions that h forgets."""
    W = RNG.normal(size=(3, 3))
    gates, place = (3, 2) if rule is rs.GRU else (4, 2)
    w_rec = RNG.normal(size=(gates, 3, 3))
    w_rec[place] = W
    found = values(rule(np.zeros((gates, 3, 1)), w_rec), steps=3000, discard=500)
    exact = np.sort(np.log(np.abs(0.5 + 0.25 * np.linalg.eigvals(W))))[::-1]
    np.testing.assert_allclose(found[:3], exact, atol=1e-3)
    if rule is rs.LSTM:
        assert (found[3:] == -np.inf).all()


# Against plain NumPy, along the same orbit.


def layer_of(cell, units, inputs, rng, **more):
    gates = reference_exponents.GATES[cell]
    weights = {
        "w_in": rng.normal(size=(*gates, units, inputs)),
        "w_rec": rng.normal(size=(*gates, units, units)) * 1.5 / units**0.5,
    }
    biases = {name: rng.normal(size=(*gates, units)) * 0.3 for name in (("bias_in", "bias_rec") if cell == "GRU" else ("bias",))}
    starts = {name: rng.normal(size=units) for name in (("h0", "c0") if cell == "LSTM" else ("h0",))}
    return {"cell": cell, **weights, **biases, **starts, **more}


def network_of(layers):
    built = [getattr(rs, layer["cell"])(**{k: v for k, v in layer.items() if k != "cell"}) for layer in layers]
    return built[0] if len(built) == 1 else rs.Stack(built)


def networks():
    rng = np.random.default_rng(5)
    for cell in ("Elman", "GRU", "LSTM"):
        for units in (1, 3, 9, 33) if cell == "Elman" else (1, 3, 33):
            yield f"{cell} {units}", [layer_of(cell, units, 2, rng)]
    for activation in ("sigmoid", "linear"):
        yield activation, [layer_of("Elman", 4, 2, rng, activation=activation)]
    yield "leaky", [layer_of("Elman", 5, 2, rng, leak=rng.uniform(0.2, 1, 5))]
    yield "leaky 40", [layer_of("Elman", 40, 2, rng, leak=0.3)]
    yield "stack", [layer_of("GRU", 3, 2, rng), layer_of("Elman", 4, 3, rng, leak=0.5), layer_of("LSTM", 2, 4, rng)]
    yield "large stack", [layer_of("LSTM", 33, 2, rng), layer_of("Elman", 5, 33, rng)]


NETWORKS = dict(networks())


@drifts
@pytest.mark.parametrize("name", NETWORKS)
def test_every_cell_against_numpy(name):
    layers, steps, discard, seed = NETWORKS[name], 30, 7, 3
    inputs = np.random.default_rng(6).normal(size=(discard + steps, 2))
    size = len(reference_exponents.start(layers))
    first = np.random.default_rng(seed).normal(size=(size, size))
    logs, volumes = reference_exponents.rates(layers, inputs, first, discard)
    found = rs.lyapunov(network_of(layers), inputs, discard=discard, seed=seed, keep=("spectrum", "local", "history"))
    tolerance = 1e-9 if size > 20 else 1e-11
    np.testing.assert_allclose(found.local, logs, atol=tolerance, rtol=tolerance)
    np.testing.assert_allclose(found[EXPONENT], logs.mean(0), atol=tolerance)
    np.testing.assert_allclose(found.history[-1], found[EXPONENT], rtol=1e-12, atol=1e-14)
    assert abs(found.sum_rule_residual - (found[EXPONENT].sum() - volumes.mean())) < 1e-10
    assert abs(found.sum_rule_residual) < 1e-10
    np.testing.assert_array_equal(found.step, discard + 1 + np.arange(steps))


def test_a_transposed_jacobian_would_be_seen():
    layers = NETWORKS["Elman 3"]
    inputs = np.random.default_rng(6).normal(size=(40, 2))
    J = [
        reference_exponents.jacobian(layers, x, s) for x, s in zip(inputs, reference_exponents.orbit(layers, inputs), strict=False)
    ]
    Q, logs = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0], []
    for matrix in J:
        Q, R = np.linalg.qr(matrix.T @ Q)
        logs.append(np.log(np.abs(np.diag(R))))
    found = values(network_of(layers), inputs)
    assert np.abs(found - np.mean(logs, 0)).max() > 1e-2


# Laws.


@drifts
@pytest.mark.parametrize("name", ["Elman 3", "GRU 3", "Elman 33", "stack"])
def test_intervals_agree_along_the_same_orbit(name):
    net, inputs = network_of(NETWORKS[name]), np.random.default_rng(6).normal(size=(120, 2))
    every, top = values(net, inputs, discard=20), values(net, inputs, discard=20, exponents=3)
    np.testing.assert_allclose(values(net, inputs, discard=20, exponents=3, reorthonormalize=5), top, atol=1e-9)
    np.testing.assert_allclose(values(net, inputs, discard=20, reorthonormalize="adaptive"), every, atol=1e-8)


@drifts
@pytest.mark.parametrize("name", ["Elman 9", "LSTM 3", "Elman 33"])
def test_some_exponents_are_the_first_of_all(name):
    net, inputs = network_of(NETWORKS[name]), np.random.default_rng(6).normal(size=(60, 2))
    whole = values(net, inputs)
    assert whole.shape[-1] > 3
    first = np.random.default_rng(0).normal(size=(whole.shape[-1], 3))
    logs, _ = reference_exponents.rates(NETWORKS[name], inputs, first, 0)
    np.testing.assert_allclose(values(net, inputs, exponents=3), logs.mean(0), atol=1e-11)


def test_tangents_that_fall_onto_each_other_are_nan_and_said():
    net = linear(np.diag([1.0, 1e-7, 1e-8]) @ np.linalg.qr(RNG.normal(size=(3, 3)))[0])
    with pytest.warns(RuntimeWarning, match="of 1 networks fell onto each other"):
        found = values(net, steps=50, reorthonormalize=10)
    assert np.isnan(found[2]) and np.isfinite(found[0])


@pytest.mark.parametrize(
    ("said", "net", "given"),
    [
        ("never leave", rs.Elman(1.0, 0.5), {"steps": 20}),
        ("still drift", rs.Elman(2.0, 1.5, h0=0.3), {"inputs": np.repeat([0.0, 0.5], 80)}),
        ("fell onto each other", linear(np.diag([1.0, 1e-9])), {"steps": 50, "reorthonormalize": 25}),
        ("are too few", linear(np.diag([2.0, 0.5])), {"steps": 20, "exponents": 1, "keep": "entropy_rate"}),
    ],
)
@settled
def test_warnings_stand_at_the_line_of_the_call(said, net, given):
    with pytest.warns(RuntimeWarning, match=said) as caught:
        rs.lyapunov(net, **given)
    assert {one.filename for one in caught} == {__file__}


def family():
    rng = np.random.default_rng(2)
    W = over("a", rng.normal(size=5)) * xr.DataArray(rng.normal(size=(2, 2)), dims=("unit", "unit_from"))
    return rs.Elman(np.ones((2, 1)), W, over("b", rng.normal(size=3)), h0=xr.DataArray([0.1, 0.2], dims="unit"))


FAMILIES = {
    "scalar": (random_family(), np.random.default_rng(1).normal(size=(3, 12))),
    "points": (family(), np.random.default_rng(1).normal(size=(3, 12, 1))),
    "samples": (family().isel(a=[0, 1], b=[0]), np.random.default_rng(1).normal(size=(40, 12, 1))),
    "units": (
        rs.Elman.random(33, gain=rs.axis("gain", [0.5, 2.0]), h0="gaussian"),
        np.random.default_rng(1).normal(size=(9, 12, 1)),
    ),
    "gates": (
        rs.GRU.random(3, gain=rs.axis("gain", [0.5, 1.0, 2.0]), h0="gaussian"),
        np.random.default_rng(1).normal(size=(12, 1)),
    ),
}


@drifts
@pytest.mark.filterwarnings("ignore:tangents of:RuntimeWarning")
@pytest.mark.parametrize("interval", [1, 3, "adaptive"])
@pytest.mark.parametrize("name", FAMILIES)
def test_bits_depend_on_no_threads_blocks_or_neighbours(name, interval):
    net, inputs = FAMILIES[name]

    def run(net):
        return rs.lyapunov(net, inputs, discard=2, reorthonormalize=interval)

    whole = run(net)
    for setting in ({"threads": 1}, {"block": 1}, {"block": 7, "threads": 2}, {"width": 8}):
        with thread_state.settings(**setting):
            assert run(net).equals(whole), setting
    for where, _ in list(members(net))[:6]:
        assert run(net.isel(**where)).equals(whole.isel(**where, drop=True))
    if inputs.ndim == 3 or name == "scalar":
        alone = rs.lyapunov(net, inputs[1], discard=2, reorthonormalize=interval)
        np.testing.assert_allclose(alone[EXPONENT], whole[EXPONENT].isel(sample=1), rtol=1e-12, atol=1e-13)


@drifts
def test_inputs_behind_the_steps_that_count_decide_nothing():
    net, inputs = FAMILIES["scalar"]
    for steps, discard in ((4, 0), (3, 5)):
        used = inputs[:, : discard + steps]
        found = rs.lyapunov(net, inputs, steps=steps, discard=discard)
        xr.testing.assert_identical(found, rs.lyapunov(net, used, steps=steps, discard=discard))


@drifts
def test_samples_have_a_mean_and_a_spread():
    net, inputs = FAMILIES["points"]
    found = rs.lyapunov(net, inputs)
    np.testing.assert_allclose(found.lyapunov_mean, found[EXPONENT].mean("sample"), rtol=1e-13)
    np.testing.assert_allclose(found.lyapunov_spread, found[EXPONENT].std("sample", ddof=1), rtol=1e-13)
    assert found[EXPONENT].dims == ("a", "b", "sample", "exponent") and found.lyapunov_mean.dims == ("a", "b", "exponent")
    assert "lyapunov_mean" not in rs.lyapunov(net, inputs[0])


def test_errors_are_those_of_the_means_of_batches():
    net = rs.Elman(1.0, 1.8, h0=0.1)
    inputs = np.random.default_rng(3).normal(size=(200, 16 * 50))
    found = rs.lyapunov(net, inputs, keep=("spectrum", "local"))
    batches = found.local.values[..., 0].reshape(200, 16, 50).mean(2)
    np.testing.assert_allclose(found.lyapunov_error[:, 0], batches.std(1, ddof=1) / 4, rtol=1e-10)
    np.testing.assert_allclose(found.lyapunov_error.mean(), found[EXPONENT].std("sample").values[0], rtol=0.15)


@drifts
@pytest.mark.parametrize(("units", "gain", "seed"), [(10, 3.0, 0), (20, 2.5, 2), (30, 2.0, 3)])
def test_errors_of_chaos_are_the_spread_over_starts(units, gain, seed):
    starts = np.random.default_rng(units).uniform(-1, 1, (200, units))
    net = rs.Elman.random(units, gain=gain, seed=seed).replace(h0=xr.DataArray(starts, dims=("start", "unit")))
    found = rs.lyapunov(net, steps=500, discard=300, exponents=3, reorthonormalize="adaptive")
    assert (found[EXPONENT][:, 0] > 0).mean() > 0.99
    error = np.sqrt((found.lyapunov_error**2).mean("start"))
    np.testing.assert_allclose(found[EXPONENT].std("start", ddof=1) / error, 1.0, atol=0.3)
    np.testing.assert_allclose(found.lyapunov_drift.std("start", ddof=1) / error, 2.0, atol=0.6)


@drifts
@pytest.mark.parametrize("cell", [rs.Elman, rs.GRU])
def test_adaptive_intervals_agree_with_every_step_over_many_networks(cell):
    net = cell.random(5, gain=rs.axis("gain", [0.8, 1.5]), seed=rs.axis("seed", range(20)), h0="gaussian")
    every = values(net, steps=301, discard=200)
    np.testing.assert_allclose(values(net, steps=301, discard=200, reorthonormalize="adaptive"), every, rtol=0, atol=1e-9)


def test_dimensions_of_chosen_spectra():
    def kaplan_yorke(*exponents, size=None):
        from rnnsim.verbs.stability.lyapunov import dimension, entropy

        size = size or len(exponents)
        return float(dimension(np.array(exponents), size)), float(entropy(np.array(exponents), size))

    np.testing.assert_equal(kaplan_yorke(0.5, 0.0, -1.0), (2.5, 0.5))
    np.testing.assert_equal(kaplan_yorke(-0.5, -1.0), (0.0, 0.0))
    np.testing.assert_equal(kaplan_yorke(0.5, 0.25), (2.0, 0.75))
    np.testing.assert_equal(kaplan_yorke(0.5, 0.25, size=3), (np.nan, np.nan))
    np.testing.assert_equal(kaplan_yorke(0.5, -0.25, size=3), (np.nan, 0.5))
    np.testing.assert_equal(kaplan_yorke(0.5, -np.inf), (1.0, 0.5))
    np.testing.assert_equal(kaplan_yorke(-np.inf, -np.inf), (0.0, 0.0))


def test_too_few_exponents_for_a_dimension_are_said():
    net = rs.Elman.random(40, gain=3.0, h0="gaussian")
    with pytest.warns(RuntimeWarning, match="for which 2 exponents of 40 are too few"):
        found = rs.lyapunov(net, steps=200, discard=200, exponents=2, keep="kaplan_yorke_dimension")
    assert np.isnan(found.kaplan_yorke_dimension)


@drifts
def test_a_dimension_that_nobody_asked_for_by_name_is_no_reason_to_warn():
    net = rs.Elman.random(40, gain=3.0, h0="gaussian")
    found = rs.lyapunov(net, steps=200, discard=200, exponents=1)
    assert np.isnan(found.kaplan_yorke_dimension) and np.isnan(found.entropy_rate)


def test_what_is_not_finite_stays_in_its_place():
    net = rs.Elman(np.ones((2, 1)), rs.axis("w", [0.5, np.nan, 0.6]) * xr.DataArray(np.eye(2), dims=("unit", "unit_from")), h0=0.1)
    found = rs.lyapunov(net, np.ones((30, 1)))
    assert np.isnan(found[EXPONENT].values[1]).all() and np.isfinite(found[EXPONENT].values[[0, 2]]).all()
    assert found.diverged_at.values.tolist() == [-1, 1, -1]
    assert found.isel(w=2, drop=True).equals(rs.lyapunov(net.isel(w=2), np.ones((30, 1))))


# The literature.


@pytest.mark.parametrize(("gain", "exact"), [(2.0, 0.154724230), (3.0, 0.310249315)])
def test_random_networks_beside_the_mean_field(gain, exact):
    net = rs.Elman.random(200, gain=gain, seed=rs.axis("seed", range(2)), h0="gaussian")
    found = values(net, steps=600, discard=200, exponents=1)
    np.testing.assert_allclose(found.mean(), exact, atol=0.03)


@drifts
def test_below_the_transition_exponents_are_those_of_the_origin():
    net = rs.Elman.random(30, gain=0.9, seed=4, h0="gaussian")
    eigenvalues = np.linalg.eigvals(net["w_rec"].values)
    found = values(net, steps=4000, discard=1000)
    np.testing.assert_allclose(found[:3], np.sort(np.log(np.abs(eigenvalues)))[::-1][:3], atol=2e-3)


# What is refused.

NET = rs.Elman(np.ones((2, 1)), np.eye(2), h0=0.1)
REFUSED = [
    ({"steps": None}, "steps was not given; it needs a whole number"),
    ({"steps": 0}, "steps was given as 0; it needs a whole number of 1 or more"),
    ({"steps": 5, "discard": -1}, "discard was given as -1"),
    ({"steps": 5, "exponents": 3}, "exponents was given as 3; it needs a whole number of 1 to 2"),
    ({"steps": 5, "reorthonormalize": 0}, "reorthonormalize was given as 0"),
    (
        {"steps": 5, "reorthonormalize": "often"},
        "reorthonormalize was given as 'often'; it needs a whole number of 1 or more, or 'adaptive'",
    ),
    ({"steps": 5, "seed": 1.5}, "seed was given as 1.5"),
    ({"steps": 5, "keep": "cost"}, "keep was given 'cost'"),
    ({"steps": 5, "keep": "local", "reorthonormalize": "adaptive"}, "keep was given 'local', but reorthonormalize is 'adaptive'"),
    ({"steps": 5, "keep": "sum_rule_residual", "exponents": 1}, "it needs a full spectrum"),
    ({"steps": 5, "inputs": np.ones((5, 3))}, "inputs has 3 features"),
    (
        {"steps": 5, "discard": 2, "inputs": np.ones((5, 1))},
        "inputs has 5 steps, but discard = 2 and steps = 5 were given; it needs 7 or more",
    ),
    ({"discard": 5, "inputs": np.ones((5, 1))}, "inputs has 5 steps, but discard = 5 were given; it needs 6 or more"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_does_not_fit_is_refused(monkeypatch, options, message):
    refused(monkeypatch, lambda: rs.lyapunov(NET, **options), (ValueError, TypeError), re.escape(message))


def test_an_embedding_needs_inputs(monkeypatch):
    net = rs.Stack([rs.Embedding(np.ones((3, 2))), rs.Elman(np.ones((2, 2)), np.eye(2))])
    assert values(net, [0, 2, 1, 1]).shape == (2,)
    refused(monkeypatch, lambda: rs.lyapunov(net, steps=3), ValueError, "begins with an embedding; it needs whole numbers")


def test_results_are_saved_and_say_what_they_are(tmp_path):
    net, inputs = FAMILIES["points"]
    found = rs.lyapunov(net, inputs, keep=("spectrum", "local"), reorthonormalize=5)
    rs.save(found, tmp_path / "x.nc")
    assert rs.open(tmp_path / "x.nc").equals(found)
    assert found.attrs["verb"] == "lyapunov" and '"reorthonormalize": 5' in found.attrs["options"]
    assert found.step.values.tolist() == [5, 10, 12]


def test_weights_of_low_rank_have_the_exponents_of_their_product():
    rng = np.random.default_rng(4)
    m, n, fixed = rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 3))
    scaled = rs.axis("g", [0.5, 1.0, 2.0]) * xr.DataArray(m, dims=("unit", "rank"))
    net = rs.Elman(np.zeros((3, 1)), rs.LowRank(scaled, n, fixed), h0=0.2)
    dense = rs.Elman(np.zeros((3, 1)), net["w_rec"], h0=0.2)
    np.testing.assert_array_equal(values(net, steps=40), values(dense, steps=40))
    np.testing.assert_allclose(net["w_rec"][2], 2 * m @ n.T / 3 + fixed, rtol=1e-14)
