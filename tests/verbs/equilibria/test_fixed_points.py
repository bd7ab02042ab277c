"""Fixed points and cycles: exact cases, plain NumPy and SciPy, laws, messages."""

import bisect
from functools import partial

import numpy as np
import pytest
import scipy.optimize
import xarray as xr
from comparing import identical
from family_data import refused
from reference import VALUES

import rnnsim as rs
from rnnsim.kernels.fixed_points import enclosures
from rnnsim.kernels.linalg import eigenvalues
from rnnsim.kernels.maps import map as maps
from rnnsim.numerics import thread_state
from rnnsim.numerics.jit import kernel
from rnnsim.verbs.engines.autonomous_maps import folded, map_of
from rnnsim.verbs.equilibria.rest_systems import at_rest

STABLE, SADDLE, UNSTABLE, MARGINAL, PLATEAU = range(5)
EXACT = [
    (1.1, 0.502940574944641633, 0.821755855881788644),
    (1.5, 0.858559636640110362, 0.394313025498602497),
    (2.0, 0.957504024077268741, 0.166372087751674327),
    (5.0, 0.999909121715232551, 0.000908741553361279),
]
FOLDS = [(1.5, 0.207546455322030292), (2.0, 0.532839975353552024), (4.0, 2.14714371821293788)]
FLIPS = [(-1.5, 1.52450435224684700), (-2.0, 2.29558714939263807)]


def tanh_map(w, b=0.0, **options):
    """The scalar map, and the same as a network with one unit, which other searches find the points of."""
    return rs.Elman(0.0, w, b, **options), rs.Elman([[0.0]], [[w]], b, **options)


def points(ds):
    """The states that were found, by point, and the multipliers and stabilities."""
    n = int(ds.point_count)
    multipliers = ds.multiplier_real.values[:n] + 1j * ds.multiplier_imag.values[:n]
    return ds.state.values[:n].reshape(n, ds.sizes.get("unit", 1)), multipliers, ds.stability.values[:n]


SEARCHES = [(0, None), (1, None), (0, 40)]  # closed form, box, starts


@pytest.mark.parametrize(("which", "starts"), SEARCHES)
@pytest.mark.parametrize(("w", "fixed", "multiplier"), EXACT)
def test_the_tabled_points_of_the_tanh_map(w, fixed, multiplier, which, starts):
    states, multipliers, stability = points(rs.fixed_points(tanh_map(w)[which], starts=starts))
    np.testing.assert_allclose(states[:, 0], [-fixed, 0.0, fixed], atol=1e-12)
    np.testing.assert_allclose(multipliers[:, 0], [multiplier, w, multiplier], atol=1e-12)
    assert list(stability) == [STABLE, UNSTABLE, STABLE]


@pytest.mark.parametrize(("which", "starts"), SEARCHES)
def test_all_points_of_the_tilted_tanh_map(which, starts):
    ds = rs.fixed_points(tanh_map(1.5, 0.1)[which], starts=starts)
    states, _, _ = points(ds)
    np.testing.assert_allclose(states[:, 0], [-0.801080375580929083, -0.205979060281944223, 0.893855197236672222], atol=1e-12)
    assert int(ds.undecided) == (0 if starts is None else -1) and not int(ds.truncated)
    assert (ds.residual[:3] <= 1e-12).all() and np.isnan(ds.residual[3:]).all() and np.isnan(ds.state[3:]).all()
    assert (ds.stability[3:] == -1).all()


@pytest.mark.parametrize(("which", "starts"), SEARCHES)
def test_the_pitchfork_is_one_marginal_point(which, starts):
    states, multipliers, stability = points(rs.fixed_points(tanh_map(1.0)[which], starts=starts))
    np.testing.assert_allclose(states, [[0.0]], atol=2e-5)
    np.testing.assert_allclose(multipliers, [[1.0]], atol=1e-9)
    assert list(stability) == [MARGINAL]


@pytest.mark.parametrize(("which", "starts"), SEARCHES)
@pytest.mark.parametrize(("w", "b"), FOLDS)
def test_folds_are_where_the_formula_says(w, b, which, starts):
    assert abs(b - (np.sqrt(w * (w - 1)) - np.arccosh(np.sqrt(w)))) < 1e-15
    for sign in (1, -1):
        inside, outside = (rs.fixed_points(tanh_map(w, sign * b * (1 + e))[which], starts=starts) for e in (-1e-9, 1e-9))
        assert int(inside.point_count) == 3 and int(outside.point_count) == 1
    at = rs.fixed_points(tanh_map(w, b)[which], starts=starts)
    states, multipliers, stability = points(at)
    near = np.abs(states[:, 0] + np.sqrt(1 - 1 / w)) < 1e-6
    assert 1 <= near.sum() <= 2 and len(states) - near.sum() == 1 and (stability[near] == MARGINAL).all()
    np.testing.assert_allclose(multipliers[near], 1.0, atol=1e-6)


@pytest.mark.parametrize("starts", [None, 40])
@pytest.mark.parametrize(("w", "b"), FLIPS)
def test_flips_are_where_the_formula_says(w, b, starts):
    assert abs(b - (np.sqrt(w * (w + 1)) + np.arccosh(np.sqrt(-w)))) < 1e-15
    for e, count, stability in ((-1e-5, 1, UNSTABLE), (1e-5, 0, STABLE)):
        net = tanh_map(w, b * (1 + e))[0]
        assert int(rs.fixed_points(net, period=2, starts=starts).point_count) == count
        assert points(rs.fixed_points(net, starts=starts))[2] == [stability]


@pytest.mark.parametrize("starts", [None, 40])
def test_the_cycle_beyond_the_flip(starts):
    for w, fixed, multiplier in EXACT[1:3]:
        ds = rs.fixed_points(tanh_map(-w)[0], period=2, starts=starts)
        assert ds.state.dims == ("point", "step") and list(ds.step.values) == [0, 1] and int(ds.point_count) == 1
        np.testing.assert_allclose(ds.state[0], [-fixed, fixed], atol=1e-12)
        np.testing.assert_allclose(ds.multiplier_real[0, 0], multiplier**2, atol=1e-12)
    assert int(rs.fixed_points(tanh_map(1.5)[0], period=2, starts=starts).point_count) == 0  # fixed points are no 2-cycles


def test_the_pitchfork_and_the_flip_of_a_leaky_unit():
    leak = 0.3
    ds = rs.fixed_points(rs.Elman(0.0, rs.axis("w", [0.5, 1.5, -5.0, -7.0]), leak=leak))
    assert list(ds.point_count.values) == [1, 3, 1, 1]
    w, h = ds.w.values, ds.state.values[:, 0]
    np.testing.assert_allclose(ds.multiplier_real[:, 0, 0], 1 - leak + leak * w * (1 - h**2), rtol=1e-12)
    assert list(ds.stability.values[:, 0]) == [STABLE, STABLE, STABLE, UNSTABLE]  # flip at w = -(2 - leak) / leak


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "linear", "relu"])
def test_scalar_families_have_all_the_roots(activation):
    w, b = np.linspace(-7.3, 9.1, 9), np.linspace(-6.1, 5.2, 8)
    ds = rs.fixed_points(rs.Elman(0.7, rs.axis("w", w), rs.axis("b", b), activation=activation), 0.5, max_points=4)
    h = np.linspace(-100, 101, 300001)
    for i, j in np.ndindex(w.size, b.size):
        with np.errstate(over="ignore"):
            g = VALUES[activation](w[i] * h + b[j] + 0.35) - h
        crossings = h[:-1][np.sign(g[:-1]) != np.sign(g[1:])]
        found = ds.state.values[i, j]
        assert ds.point_count[i, j] == crossings.size == np.isfinite(found).sum()
        np.testing.assert_allclose(found[: crossings.size], crossings, atol=1e-3)
    assert (ds.undecided == 0).all() and float(ds.residual.max()) <= 1e-12


def test_lines_of_fixed_points_are_undecided():
    for activation in ("linear", "relu"):
        ds = rs.fixed_points(rs.Elman(1.0, 1.0, rs.axis("b", [-0.5, 0.0, 0.5]), activation=activation))
        assert list(ds.undecided.values) == [0, 1, 0] and list(ds.point_count.values) == [activation == "relu", 1, 0]
    assert int(rs.fixed_points(rs.Elman(np.ones((2, 1)), np.eye(2), activation="linear")).undecided) == 1


@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_a_linear_network_has_one(leak):
    rng = np.random.default_rng(1)
    W, V, b, x = rng.normal(size=(6, 6)), rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=2)
    states, multipliers, _ = points(rs.fixed_points(rs.Elman(V, W, b, activation="linear", leak=leak), x))
    np.testing.assert_allclose(states, [np.linalg.solve(np.eye(6) - W, b + V @ x)], rtol=1e-11)
    exact = np.linalg.eigvals((1 - leak) * np.eye(6) + leak * W)
    np.testing.assert_allclose(np.sort_complex(multipliers[0]), np.sort_complex(exact), rtol=1e-10)
    assert (np.diff(np.abs(multipliers[0])) <= 1e-14).all()


@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_the_disc_of_gated_cells(cell):
    rng = np.random.default_rng(2)
    gates, at = {"GRU": (3, 2), "LSTM": (4, 2)}[cell]
    sides = set()
    for scale in (1.0, 2.0, 4.0):
        for _ in range(4):
            w = rng.normal(size=(gates, 2, 2))
            w[at] = rng.normal(size=(2, 2)) * scale - rng.choice([0.0, 2.0]) * np.eye(2)
            ds = rs.fixed_points(getattr(rs, cell)(np.zeros((gates, 2, 1)), w), starts=None if cell == "GRU" else 20)
            states, multipliers, stability = points(ds)
            (origin,) = np.flatnonzero(np.abs(states).max(axis=1) < 1e-9)
            omega = np.linalg.eigvals(w[at])
            exact = 0.5 + 0.25 * omega
            nonzero = multipliers[origin][: omega.size] if cell == "LSTM" else multipliers[origin]
            np.testing.assert_allclose(np.sort(np.abs(nonzero)), np.sort(np.abs(exact)), rtol=1e-9)
            inside = bool((np.abs(omega + 2) < 4).all())
            assert (stability[origin] == STABLE) == inside
            sides.add(inside)
    assert sides == {True, False}


def test_the_one_dimensional_gru_is_the_tanh_map():
    z, r, U = -0.4, 0.7, 2.5
    net = rs.GRU(np.zeros(3), np.array([0.0, 0.0, U]), bias_rec=np.array([r, z, 0.0]))
    sigma = VALUES["sigmoid"]
    w = sigma(r) * U
    states, multipliers, _ = points(rs.fixed_points(net))
    expected, _, _ = points(rs.fixed_points(rs.Elman(0.0, w)))
    np.testing.assert_allclose(states, expected, atol=1e-12)
    exact = sigma(z) + (1 - sigma(z)) * w * (1 - states**2)
    np.testing.assert_allclose(multipliers, exact, atol=1e-12)


def test_the_rotation_network():
    theta = 0.4
    rotation = xr.DataArray([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]], dims=("unit", "unit_from"))
    ds = rs.fixed_points(rs.Elman(np.zeros((2, 1)), rs.axis("alpha", [0.9, 1.0, 1.1]) * rotation))
    assert list(ds.point_count.values) == [1, 1, 1] and list(ds.stability.values[:, 0]) == [STABLE, MARGINAL, UNSTABLE]
    assert list(ds.undecided.values) == [0, 0, 0]
    np.testing.assert_allclose(ds.multiplier_real[:, 0, 0] + 1j * ds.multiplier_imag[:, 0, 0], ds.alpha * np.exp(1j * theta))


@pytest.mark.parametrize("leak", [1.0, 0.6])
def test_rectified_networks_have_a_point_in_each_region_that_holds_its_own(leak):
    rng = np.random.default_rng(3)
    counts = []
    for _ in range(12):
        W, b = rng.normal(size=(4, 4)) * 1.5, rng.normal(size=4)
        exact = []
        for on in np.ndindex(*(2,) * 4):
            s = np.linalg.solve(np.eye(4) - np.diag(on) @ W, np.diag(on) @ b)
            if ((W @ s + b > 0) == on).all():
                exact.append(s)
        ds = rs.fixed_points(rs.Elman(np.zeros((4, 1)), W, b, activation="relu", leak=leak))
        states, _, _ = points(ds)
        assert len(states) == len(exact) and int(ds.undecided) == 0
        counts.append(len(exact))
        if exact:
            np.testing.assert_allclose(states, sorted(exact, key=tuple), rtol=1e-9, atol=1e-12)
    assert max(counts) > 1


def test_cycles_of_the_tent_map():
    m = 1.5
    net = rs.Elman(np.zeros((2, 1)), [[m, -2 * m], [m, -2 * m]], [0.0, -0.5], activation="relu")
    for period, count in ((1, 2), (2, 1)):
        ds = rs.fixed_points(net, period=period)
        states = ds.state.values[: int(ds.point_count)].reshape(int(ds.point_count), period, 2)
        assert len(states) == count
        for cycle in states:
            for i, s in enumerate(cycle):
                after = np.maximum(0, net["w_rec"].values @ s + net["bias"].values)
                np.testing.assert_allclose(after, cycle[(i + 1) % period], atol=1e-12)
    cycle = m * (states[0] @ [1.0, -2.0])  # the tent map's own variable, u' = m min(u, 1 - u)
    np.testing.assert_allclose(np.sort(cycle), [m / (1 + m**2), m**2 / (1 + m**2)], rtol=1e-12)
    np.testing.assert_allclose(ds.multiplier_real[0, 0], -(m**2), rtol=1e-12)


def plain_step(net, s):
    return VALUES[net.activation](net["w_rec"].values @ s + net["bias"].values)


@pytest.mark.parametrize(("gain", "seed"), [(1.5, 1), (2.5, 2), (4.0, 3)])
def test_sixteen_units_have_the_points_that_scipy_finds(gain, seed):
    net = rs.Elman.random(16, gain=gain, seed=seed, bias="uniform")
    ds = rs.fixed_points(net, starts=400)
    states, multipliers, _ = points(ds)
    W = net["w_rec"].values
    for s, mu in zip(states, multipliers, strict=True):
        assert np.abs(plain_step(net, s) - s).max() <= 1e-12
        exact = np.linalg.eigvals((1 - s**2)[:, None] * W)
        np.testing.assert_allclose(np.sort(np.abs(mu)), np.sort(np.abs(exact)), rtol=1e-7, atol=1e-10)
    rng, missed, seen = np.random.default_rng(0), 0, 0
    for _ in range(30):
        found = scipy.optimize.root(lambda s: plain_step(net, s) - s, rng.uniform(-1, 1, 16), tol=1e-13)
        if found.success and np.abs(found.fun).max() < 1e-12:
            seen, missed = seen + 1, missed + (np.abs(states - found.x).max(axis=1).min() > 1e-8)
    assert seen > 3 and missed == 0


FEW = {
    "tanh": lambda seed: rs.Elman.random(3, gain=6.0, seed=seed, bias="uniform"),
    "leaky sigmoid": lambda seed: rs.Elman.random(2, gain=25.0, seed=seed, bias="gaussian", activation="sigmoid", leak=0.4),
    "GRU": lambda seed: rs.GRU.random(2, gain=6.0, seed=seed),
}


@pytest.mark.parametrize("cell", FEW)
def test_the_search_of_the_box_misses_none(cell):
    net = FEW[cell](rs.axis("seed", range(8)))
    whole, sought = rs.fixed_points(net), rs.fixed_points(net, starts=300)
    assert (whole.undecided == 0).all() and int(whole.point_count.max()) > 1
    np.testing.assert_array_equal(whole.point_count, sought.point_count)
    np.testing.assert_allclose(whole.state, sought.state, atol=1e-10)
    np.testing.assert_array_equal(whole.stability, sought.stability)


FOUR_TO_SIX = [(4, 3.0), (4, 4.0), (5, 3.0), (5, 4.0), (6, 4.0)]


def test_four_to_six_units_have_all_the_points_that_many_starts_lead_to():
    counts = []
    for n, gain in FOUR_TO_SIX:
        net = rs.Elman.random(n, gain=gain, seed=rs.axis("seed", range(5000, 5018)), bias="gaussian")
        whole, few = rs.fixed_points(net), rs.fixed_points(net, starts=64)
        assert (whole.undecided == 0).all() and (whole.residual.fillna(0.0) <= 1e-12).all()
        for i in np.flatnonzero(whole.point_count != few.point_count):
            many = rs.fixed_points(net.isel(seed=i), starts=3000)
            counts.append((int(few.point_count[i]), int(whole.point_count[i]), int(many.point_count)))
            np.testing.assert_allclose(whole.state[i], many.state, atol=1e-10)
    assert len(counts) >= 3 and all(few < whole == many for few, whole, many in counts)


def narrowed(net, X):
    found = map_of(net, 0.3)
    layers, _ = folded(found, found.block(0, 1))
    X = X.copy()
    enclosures.narrowing_of(found.cells)(at_rest(found.cells, layers), 0, X)
    return X


@pytest.mark.parametrize("cell", ["tanh", "leaky sigmoid", "GRU"])
def test_narrower_boxes_hold_the_same_fixed_points(cell):
    rng, shares = np.random.default_rng(6), []
    for seed in range(20):
        net = FEW[cell](seed)
        states, _, _ = points(rs.fixed_points(net, 0.3))
        for s in states:
            for width in (2.0, 0.1, 1e-6):
                X = s + width * np.stack([-rng.random(s.size), rng.random(s.size)])
                Y = narrowed(net, X)
                assert (Y[0] <= s).all() and (s <= Y[1]).all() and (X[0] <= Y[0]).all() and (Y[1] <= X[1]).all()
                shares.append(np.prod(Y[1] - Y[0]) / np.prod(X[1] - X[0]))
    assert min(shares) < 0.1


GATE = xr.DataArray([0.0, 10.0, 27.0, 30.0, 36.0, 40.0, 700.0], dims="gate_bias")


@pytest.mark.parametrize("starts", [None, 60])
@pytest.mark.parametrize("units", [1, 2])
def test_gates_that_keep_nearly_all_hide_no_fixed_point(units, starts):
    w = np.random.default_rng(3).normal(size=(3, units, units))
    w[2] = 0.5 * w[2] + 3.0 * np.eye(units)
    bias = GATE * xr.DataArray(np.stack([np.zeros(units), np.ones(units), np.zeros(units)]), dims=("gate", "unit"))
    ds = rs.fixed_points(rs.GRU(np.zeros((3, units, 1)), w, bias_rec=bias), starts=starts)
    assert (ds.point_count == (3 if units == 1 else 5)).all() and (ds.undecided == (0 if starts is None else -1)).all()
    np.testing.assert_allclose(ds.state, np.broadcast_to(ds.state[:1], ds.state.shape), atol=1e-13)
    for h in ds.state.values[0, : int(ds.point_count[0])]:
        r = VALUES["sigmoid"](w[0] @ h)
        np.testing.assert_allclose(np.tanh(r * (w[2] @ h)), h, atol=1e-14)
    kinds = ds.stability.values[:, : int(ds.point_count[0])]
    assert set(kinds[0]) <= {STABLE, SADDLE, UNSTABLE} and (kinds[3:] == PLATEAU).all()


@pytest.mark.parametrize("activation", ["tanh", "linear", "relu"])
def test_the_smallest_leak_moves_no_fixed_point(activation):
    w, b = [[0.3, 1.6], [-0.4, 2.1]], [0.1, -0.3]
    at_once, slowly = (rs.fixed_points(rs.Elman(np.ones((2, 1)), w, b, activation=activation, leak=leak)) for leak in (1.0, 1e-13))
    np.testing.assert_array_equal(slowly.state, at_once.state)
    assert (slowly.stability.values[: int(slowly.point_count)] == PLATEAU).all() and int(at_once.stability.max()) < MARGINAL


def forgetful(forget):
    """An LSTM whose input gate is nearly shut."""
    w = np.array([0.5, 0.0, 1.5, 0.7])[:, None, None]
    return rs.LSTM(np.zeros((4, 1, 1)), w, bias=np.array([-30.0, forget, 0.0, 1.0])[:, None])


LINES = {
    "unit": rs.Elman(0.0, 1.0, 0.0, activation="linear"),
    "all states": rs.Elman(np.ones((2, 1)), np.eye(2), activation="linear"),
    "line": rs.Elman(np.ones((2, 1)), np.outer([0.6, 0.8], [0.6, 0.8]), activation="linear"),
    "line off the origin": rs.Elman(np.ones((3, 1)), np.diag([1.0, 0.5, 0.2]), [0.0, 0.3, 0.1], activation="linear"),
    "curve of an LSTM": forgetful(40.0),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_plateau_is_called_one_once(kind):
    net = LINES[kind]
    _, multipliers, stability = points(rs.fixed_points(net))
    assert list(stability) == [PLATEAU] and abs(multipliers[0, 0] - 1.0) < 1e-6


def test_a_line_of_rectified_units_is_one_plateau_beside_the_origin():
    states, _, stability = points(rs.fixed_points(rs.Elman(np.ones((2, 1)), np.full((2, 2), 0.5), activation="relu")))
    np.testing.assert_allclose(states[0], 0.0, atol=1e-15)
    assert list(stability[1:]) == [PLATEAU] and states[1, 0] == pytest.approx(states[1, 1])


def test_an_lstm_that_forgets_slowly_has_its_one_point():
    for forget in (1.0, 20.0):
        states, _, stability = points(rs.fixed_points(forgetful(forget)))
        np.testing.assert_allclose(states, [[0.0]], atol=1e-9)
        assert list(stability) == [STABLE if forget == 1.0 else MARGINAL]


def test_cycles_beside_a_unit_that_keeps_its_state_are_one_plateau():
    w, bias = np.zeros((3, 2, 2)), np.zeros((3, 2))
    w[2], bias[0] = np.diag([3.0, -5.0]), 40.0
    counts = []
    for z in (0.0, 20.0, 40.0):
        bias[1] = z, -40.0
        ds = rs.fixed_points(rs.GRU(np.zeros((3, 2, 1)), w, bias_rec=bias), period=2)
        counts.append(ds.stability.values[: int(ds.point_count)].tolist())
    assert counts == [[STABLE, SADDLE, STABLE], [MARGINAL] * 3, [PLATEAU]]


BOXED = {
    "tanh": rs.Elman.random(3, gain=3.0, seed=1, bias="gaussian"),
    "leaky sigmoid": rs.Elman.random(2, gain=9.0, seed=2, bias="gaussian", activation="sigmoid", leak=0.4),
    "GRU": rs.GRU.random(2, gain=3.0, seed=3, bias="gaussian"),
}


@pytest.mark.parametrize("cell", BOXED)
def test_enclosures_hold_the_map_and_its_jacobian(cell):
    found = map_of(BOXED[cell], 0.3)
    layers, x = folded(found, found.block(0, 1))
    n, rng = found.size, np.random.default_rng(4)
    Y, J, out, jacobian = np.empty((2, n)), np.empty((2, n, n)), np.empty(n), np.empty((n, n))
    for width in (2.0, 0.1, 1e-3, 1e-9, 0.0):
        for _ in range(20):
            low = rng.uniform(-1, 1, n)
            X = np.stack([low, low + width * rng.random(n)])
            enclosures.box_of(found.cells)(layers, 0, X, Y, J)
            for share in (np.zeros(n), np.ones(n), *rng.random((5, n))):
                s = X[0] + share * (X[1] - X[0])
                maps.tangents_of(found.cells)(layers, 0, s, x, out, jacobian, found.gate_scratch())
                assert (Y[0] <= out).all() and (out <= Y[1]).all()
                assert (J[0] <= jacobian).all() and (jacobian <= J[1]).all()
            assert (Y[1] - Y[0]).max() <= 40 * width + 1e-13 and (J[1] - J[0]).max() <= 400 * width + 1e-12


def test_fixed_points_come_with_their_mirror_images_and_permute_with_the_units():
    net = rs.Elman.random(6, gain=3.0, seed=5)
    W = net["w_rec"].values
    states, _, _ = points(rs.fixed_points(net, starts=300))
    np.testing.assert_allclose(states, -states[::-1], atol=1e-10)
    order = np.array([3, 1, 5, 0, 4, 2])
    moved, _, _ = points(rs.fixed_points(rs.Elman(np.zeros((6, 1)), W[np.ix_(order, order)]), starts=300))
    np.testing.assert_allclose(moved, sorted(states[:, order], key=tuple), atol=1e-10)


def test_a_stack_and_an_lstm_step_onto_themselves():
    layers = [rs.LSTM.random(2, 1, gain=2.0, seed=1, bias="gaussian"), rs.Elman.random(3, 2, gain=3.0, seed=2, leak=0.5)]
    net = rs.Stack(layers)
    ds = rs.fixed_points(net, 0.7)
    assert {"state", "state_0", "cell_state_0"} < set(ds) and ds.state_0.dims == ("point", "unit_0") and ds.sizes["mode"] == 7
    n = int(ds.point_count)
    assert n >= 1
    for i in range(n):
        at = ds.isel(point=i)
        start = net.replace(h0_0=at.state_0.values, c0_0=at.cell_state_0.values, h0_1=at.state.values)
        after = rs.simulate(start, np.full((1, 1), 0.7), keep=("final_state", "final_state_0", "final_cell_state_0"))
        for name in ("state", "state_0", "cell_state_0"):
            np.testing.assert_allclose(after[f"final_{name}"], at[name], atol=1e-12)


def test_an_activation_of_ones_own():
    net = rs.Elman(0.0, 0.9, 0.3, activation=rs.Activation(lambda a: np.cos(a), lambda a: -np.sin(a)))
    states, multipliers, _ = points(rs.fixed_points(net))
    h = scipy.optimize.brentq(lambda h: np.cos(0.9 * h + 0.3) - h, 0, 1, xtol=1e-15)
    np.testing.assert_allclose(states, [[h]], atol=1e-12)
    np.testing.assert_allclose(multipliers, [[-np.sin(0.9 * h + 0.3) * 0.9]], atol=1e-12)


def test_inputs_move_the_points_and_axes_broadcast():
    x = xr.DataArray([[0.0, 1.0], [0.5, -0.2]], dims=("drive", "input"))
    W = rs.axis("gain", [0.5, 1.0, 2.0]) * xr.DataArray(np.array([[0.8, -0.6], [0.6, 0.8]]), dims=("unit", "unit_from"))
    net = rs.Elman(np.eye(2), W)
    ds = rs.fixed_points(net, x)
    assert ds.state.dims == ("gain", "drive", "point", "unit") and ds.point_count.dims == ("gain", "drive")
    assert ds.multiplier_real.dims == ("gain", "drive", "point", "mode")
    for g, d in np.ndindex(3, 2):
        identical(ds.isel(gain=g, drive=d, drop=True), rs.fixed_points(net.isel(gain=g), x.values[d]))


def test_bits_do_not_depend_on_threads_or_blocks():
    net = rs.Elman.random(4, gain=rs.axis("gain", [0.5, 2.0, 4.0]), seed=rs.axis("seed", range(7)))
    for options in ({}, {"period": 2, "starts": 10}):
        whole = rs.fixed_points(net, **options)
        for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 4}):
            with thread_state.settings(**setting):
                identical(whole, rs.fixed_points(net, **options))


def test_starts_are_where_the_search_begins():
    net = tanh_map(2.0)[0]
    for start, fixed in ((0.9, EXACT[2][1]), (-0.9, -EXACT[2][1]), (0.0, 0.0)):
        states, _, _ = points(rs.fixed_points(net, starts=[start]))
        np.testing.assert_allclose(states, [[fixed]], atol=1e-12)
    lstm = rs.LSTM.random(3, gain=1.0, seed=0)
    one = rs.fixed_points(lstm, starts=np.zeros((1, 3)))
    identical(one.drop_attrs(), rs.fixed_points(lstm, starts=np.zeros((1, 6))).drop_attrs())


def test_starts_go_on_until_three_quarters_of_them_find_nothing_new():
    net = rs.Elman.random(8, 1, gain=4.0, seed=rs.axis("seed", [5, 11]))
    found, few = (rs.fixed_points(net, starts=starts) for starts in (None, 64))
    assert int(found.point_count[0]) > int(few.point_count[0]) and int(found.point_count[1]) == int(few.point_count[1])
    assert (found.undecided == -1).all()
    for one, points in zip((net.isel(seed=i) for i in range(2)), found.point_count.values, strict=True):
        counts = partial(lambda one, starts: int(rs.fixed_points(one, starts=starts).point_count), one)
        needed = 1 + bisect.bisect_left(range(1, 1025), points, key=counts)
        assert counts(max(64, 4 * needed)) == points


def few(kind, units):
    """A network whose gain is so small that a search of its whole box is done at once."""
    options = {} if kind == "GRU" else {"activation": kind, "leak": 0.7}
    return (rs.GRU if kind == "GRU" else rs.Elman).random(units, gain=0.5, seed=1, bias="gaussian", **options)


COMPLETE = [(kind, 6, 1) for kind in ("tanh", "sigmoid", "GRU")] + [(kind, 3, 2) for kind in ("tanh", "sigmoid", "GRU")]


@pytest.mark.parametrize(("kind", "units", "period"), [*COMPLETE, ("relu", 16, 1), ("relu", 8, 2)])
def test_searches_are_complete_up_to_so_many_units(kind, units, period):
    last, beyond = (rs.fixed_points(few(kind, count), period=period) for count in (units, units + 1))
    assert last.undecided == 0 and beyond.undecided == -1


def test_starts_straight_from_simulate_and_of_the_familys_own():
    net = rs.Elman.random(7, gain=rs.axis("gain", [1.5, 3.0]), seed=2, bias="gaussian")
    orbits = rs.simulate(net.replace(h0=np.linspace(-1, 1, 7)), np.zeros((2, 4, 1))).state
    assert orbits.dims == ("gain", "sample", "step", "unit")
    both = rs.fixed_points(net, starts=orbits.transpose("step", "unit", "gain", "sample"))
    for i in range(2):
        one = orbits.isel(gain=i, drop=True).transpose("step", "sample", "unit")
        alone = rs.fixed_points(net.isel(gain=i), starts=one.values.reshape(10, 7))
        np.testing.assert_array_equal(both.state[i], alone.state)
        np.testing.assert_array_equal(rs.fixed_points(net.isel(gain=i), starts=one).state, alone.state)
    scalar = rs.Elman(0.0, rs.axis("w", [2.0, 5.0]))
    found = rs.fixed_points(scalar, starts=xr.DataArray([[0.9, -0.9], [0.9, 0.8]], dims=("w", "sample")))
    assert list(found.point_count.values) == [2, 1]


def test_another_seed_starts_elsewhere():
    net = rs.Elman.random(12, gain=4.0, seed=1)
    first, again, other = (rs.fixed_points(net, starts=2, seed=seed) for seed in (0, 0, 1))
    assert first.identical(again) and first.point_count > 0 and not first.state.equals(other.state)


def test_there_may_be_more_points_than_places():
    W = np.eye(4) * 2.0
    ds = rs.fixed_points(rs.Elman(np.zeros((4, 1)), W, -1.0, activation="relu"), max_points=10)
    assert int(ds.point_count) == 10 and int(ds.truncated) == 1
    assert list(ds.truncated.flag_values) == [0, 1] and ds.truncated.flag_meanings == "no yes"
    all_of_them = rs.fixed_points(rs.Elman(np.zeros((4, 1)), W, -1.0, activation="relu"))
    assert int(all_of_them.point_count) == 16 and not int(all_of_them.truncated)
    np.testing.assert_array_equal(ds.state, all_of_them.state[:10])
    assert ds.stability.flag_meanings == "stable saddle unstable marginal plateau" and list(ds.stability.flag_values) == [*range(5)]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_nan_and_infinite_parameters_stay_in_their_own_point(activation):
    w = np.stack([np.eye(2) * 0.5] * 3)
    w[1, 0, 1], w[2, 0, 0] = np.nan, np.inf
    w = xr.DataArray(w, dims=("g", "unit", "unit_from"))
    ds = rs.fixed_points(rs.Elman(np.ones((2, 1)), w, 0.1, activation=activation))
    assert list(ds.point_count.values) == [1, 0, 0] and list(ds.undecided.values) == [0, -1, -1]
    scalar = rs.fixed_points(rs.Elman(1.0, rs.axis("w", [0.5, np.nan, np.inf]), 0.1, activation=activation))
    assert list(scalar.point_count.values) == [1, 0, 0]


@kernel
def decomposed(A, real, imag, v):
    eigenvalues.eigenvalues(A, real, imag, v)
    eigenvalues.sort_by_modulus(real, imag)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 50])
def test_eigenvalues_are_numpys(n):
    rng = np.random.default_rng(n)
    for A in (rng.normal(size=(n, n)), np.diag(np.ones(n - 1), 1) + np.eye(n), np.roll(np.eye(n), 1, 0), np.zeros((n, n))):
        real, imag = np.empty(n), np.empty(n)
        decomposed(A.copy(), real, imag, np.empty(n))
        exact = np.linalg.eigvals(A)
        nearest = np.abs((real + 1j * imag)[:, None] - exact)
        assert nearest.min(axis=1).max() < 1e-10 and nearest.min(axis=0).max() < 1e-10
        assert (np.diff(np.hypot(real, imag)) <= 0).all()


def test_the_ghost_of_a_fold_is_a_slow_point():
    w, fold = FOLDS[1]
    ds = rs.fixed_points(rs.Elman(0.0, w, rs.axis("b", [fold * (1 - 1e-3), fold * (1 + 1e-3)])), slow_points=True)
    assert list(ds.point_count.values) == [3, 1] and list(ds.slow_point_count.values) == [0, 1]
    b = float(ds.b[1])
    h = (-np.arccosh(np.sqrt(w)) - b) / w  # where the multiplier is 1
    np.testing.assert_allclose(ds.slow_state[1, 0], h, atol=1e-7)
    np.testing.assert_allclose(ds.slow_speed[1, 0], np.tanh(w * h + b) - h, rtol=1e-9)
    assert np.isnan(ds.slow_state[0]).all() and np.isnan(ds.slow_speed[1, 1:]).all()


def test_slow_points_of_many_units_are_minima_of_the_speed():
    net = rs.Elman.random(6, gain=4.0, seed=rs.axis("seed", range(3)))
    ds = rs.fixed_points(net, slow_points=True, starts=100)
    assert int(ds.slow_point_count.sum()) > 1
    rng = np.random.default_rng(0)
    for i in range(3):
        one, at = net.isel(seed=i), ds.isel(seed=i)
        for s, speed in zip(at.slow_state.values, at.slow_speed.values[: int(at.slow_point_count)], strict=False):
            np.testing.assert_allclose(np.linalg.norm(plain_step(one, s) - s), speed, rtol=1e-9)
            assert speed > 1e-12
            for nearby in s + 1e-3 * rng.normal(size=(20, 6)):
                assert np.linalg.norm(plain_step(one, nearby) - nearby) > speed


NET = rs.Elman(1.0, rs.axis("w", [0.5, 1.5]))
MANY = rs.LSTM.random(3, 2)
REFUSED = [
    (lambda: rs.fixed_points("net"), TypeError, "net was given a str"),
    (lambda: rs.fixed_points(NET, period=0), ValueError, "period was given as 0; it needs a whole number of 1 or more"),
    (lambda: rs.fixed_points(NET, max_points=2.5), ValueError, "max_points was given as 2.5"),
    (lambda: rs.fixed_points(NET, seed=-1), ValueError, "seed was given as -1"),
    (lambda: rs.fixed_points(NET, tolerance=0), ValueError, "tolerance was given as 0; it needs a number above 0"),
    (lambda: rs.fixed_points(NET, tolerance="small"), ValueError, "tolerance was given as 'small'"),
    (lambda: rs.fixed_points(NET, slow_points="yes"), TypeError, "slow_points was given as 'yes'; it needs True or False"),
    (lambda: rs.fixed_points(NET, slow_points=True, period=2), ValueError, "slow_points was given with a period of 2; slow points"),
    (lambda: rs.fixed_points(NET, starts=0), ValueError, "starts was given as 0; it needs a whole number of 1 or more"),
    (lambda: rs.fixed_points(NET, starts=1.5), ValueError, "starts was given as 1.5"),
    (lambda: rs.fixed_points(NET, starts=["a"]), TypeError, "starts was given values of type <U1"),
    (lambda: rs.fixed_points(NET, starts=[np.nan]), ValueError, "starts was given nan; it needs finite numbers"),
    (lambda: rs.fixed_points(NET, starts=np.ones((2, 3))), ValueError, r"starts was given an array of shape \(2, 3\)"),
    (
        lambda: rs.fixed_points(NET, starts=xr.DataArray(np.ones((3, 1)), dims=("w", "start"))),
        ValueError,
        "starts has 3 values of 'w'",
    ),
    (
        lambda: rs.fixed_points(NET, starts=xr.DataArray([0.1, 0.2], {"w": [1, 2]}, "w")),
        ValueError,
        "starts has other values of 'w'",
    ),
    (lambda: rs.fixed_points(MANY, starts=np.ones((2, 5))), ValueError, r"whole number, or states \(start, 3\) or \(start, 6\)"),
    (lambda: rs.fixed_points(MANY, np.ones(3)), ValueError, "inputs has 3 features, but w_in takes 2"),
    (lambda: rs.fixed_points(MANY, np.nan), ValueError, "inputs is nan"),
    (lambda: rs.fixed_points(rs.Elman(1.0, rs.axis("residual", [1.0]))), ValueError, "'residual', which a variable of the result"),
    (lambda: rs.fixed_points(rs.Stack([rs.Embedding(np.ones((5, 2))), MANY])), TypeError, "an embedding needs a token"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_bad_arguments_are_refused_before_any_work(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)


@pytest.mark.filterwarnings("ignore:Duplicate dimension names:UserWarning")
def test_starts_with_a_dimension_twice_are_refused():
    starts = xr.DataArray(np.ones((2, 2, 1)), dims=("w", "w", "unit"))
    with pytest.raises(ValueError, match="starts was given the dimension 'w' twice; it needs each once"):
        rs.fixed_points(NET, starts=starts)


def test_weights_of_low_rank_have_points_of_their_product_and_overlaps():
    rng = np.random.default_rng(4)
    m, n, w_in = rng.normal(1.0, 0.5, size=(5, 1)), rng.normal(2.0, 0.2, size=(5, 1)), np.zeros((5, 1))
    net = rs.Elman(w_in, rs.LowRank(rs.axis("g", [0.2, 1.0]) * xr.DataArray(m, dims=("unit", "rank")), n))
    found = rs.fixed_points(net)
    identical(rs.fixed_points(rs.Elman(w_in, net["w_rec"])), found)
    assert found.overlap.dims == ("g", "point", "rank") and found.point_count.values.tolist() == [1, 3]
    np.testing.assert_allclose(found.overlap, found.state.values @ n / 5, rtol=1e-13, atol=1e-15)
    kappa = scipy.optimize.brentq(lambda k: (n * np.tanh(m * k)).mean() - k, 0.1, 5.0, xtol=1e-14)
    np.testing.assert_allclose(found.overlap[1, :3, 0], [-kappa, 0.0, kappa], rtol=1e-12, atol=1e-14)
