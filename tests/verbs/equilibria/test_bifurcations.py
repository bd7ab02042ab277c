"""Bifurcations of fixed points: exact ones, then against SciPy and plain NumPy, then laws."""

from itertools import pairwise

import numpy as np
import pytest
import reference_networks
import xarray as xr
from family_data import refused

import rnnsim as rs
from rnnsim.kernels.maps.parametrised import evaluation_of
from rnnsim.numerics import thread_state
from rnnsim.verbs.engines.autonomous_maps import map_of
from rnnsim.verbs.equilibria.parameter_lines import check_along

FOLDS = {1.5: 0.207546455322030292, 2.0: 0.532839975353552024, 4.0: 2.14714371821293788}
FLIPS = {-1.5: 1.52450435224684700, -2.0: 2.29558714939263807}
NONE, FOLD, FLIP, NEIMARK_SACKER, BRANCH_POINT = range(5)
ROTATION = np.array([[0.8, -0.6], [0.6, 0.8]])


def scalar(w, b):
    return rs.Elman(0.0, w, b)


def times(axis, matrix, dims=("unit", "unit_from")):
    return axis * xr.DataArray(matrix, dims=dims)


def gated(cell, gate, matrix, axis):
    """A network with zero biases of which one gate alone has weights: a matrix times an axis."""
    gates, n = {"GRU": 3, "LSTM": 4}[cell], len(matrix)
    whole = np.zeros((gates, n, n))
    whole[gate] = matrix
    return getattr(rs, cell)(np.zeros((gates, n, 1)), times(axis, whole, ("gate", "unit", "unit_from")))


def points(ds, *names):
    """What was found in one network, as arrays without the empty places."""
    count = int(ds.point_count)
    assert (ds.kind.values[:count] != NONE).all() and (ds.kind.values[count:] == NONE).all()
    assert not ds.truncated and ds.unlocated == 0 and ds.incomplete == 0
    return [ds[name].values[:count] for name in ("kind", *names)]


@pytest.mark.parametrize("values", [np.linspace(-3, 3, 2), np.linspace(3, -3, 41)], ids=["two values", "falling"])
def test_folds_and_flips_of_one_unit(values):
    weights = [*FOLDS, *FLIPS]
    ds = rs.bifurcations(scalar(rs.axis("w", weights), rs.axis("b", values)), "b")
    ahead = np.sign(values[-1] - values[0])
    for w in weights:
        kind, b, h, mu = points(ds.sel(w=w), "b", "state", "multiplier_real")
        exact, height = {**FOLDS, **FLIPS}[w], np.sqrt(1 - 1 / abs(w))
        np.testing.assert_array_equal(kind, [FOLD if w > 0 else FLIP] * 2)
        np.testing.assert_allclose(b, ahead * np.array([-exact, exact]), rtol=0, atol=1e-12)
        np.testing.assert_allclose(h, ahead * np.sign(w) * np.array([height, -height]), rtol=0, atol=1e-12)
        np.testing.assert_allclose(mu[:, 0], np.sign(w), rtol=0, atol=1e-12)
    assert float(ds.residual.max()) < 1e-12


def test_pitchfork_and_flip_of_one_unit():
    kind, w, h = points(rs.bifurcations(scalar(rs.axis("w", [-3.0, 3.0]), 0.0), "w"), "w", "state")
    np.testing.assert_array_equal(kind, [FLIP, BRANCH_POINT])
    np.testing.assert_allclose(w, [-1, 1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(h, 0, rtol=0, atol=1e-12)


def test_the_axis_of_the_weight_meets_the_same_folds():
    """Along w at a fixed b: the folds are where the formulas give this b."""
    ds = rs.bifurcations(scalar(rs.axis("w", [-4.0, 6.0]), rs.axis("b", [*FOLDS.values(), *FLIPS.values()])), "w")
    for exact, b in {**FOLDS, **FLIPS}.items():
        kind, w = points(ds.sel(b=b), "w")
        np.testing.assert_array_equal(kind, [FLIP, FOLD])
        np.testing.assert_allclose(w[int(exact > 0)], exact, rtol=1e-12)


@pytest.mark.parametrize(("cell", "gate"), [("GRU", 2), ("LSTM", 2)])
def test_gated_cells_leave_the_disc(cell, gate):
    """|ω + 2| < 4 is where the origin is stable: a pitchfork at ω = 2, a flip at -6."""
    one = gated(cell, gate, [[1.0]], rs.axis("ω", [-9.0, 5.0]))
    ds = rs.bifurcations(one, "ω")
    kind, omega, h = points(ds, "ω", "state")
    at_zero = np.abs(h[:, 0]) < 1e-9
    np.testing.assert_array_equal(kind[at_zero], [FLIP, BRANCH_POINT])
    np.testing.assert_allclose(omega[at_zero], [-6, 2], rtol=0, atol=1e-11)


@pytest.mark.parametrize(("cell", "gate"), [("GRU", 2), ("LSTM", 2)])
@pytest.mark.parametrize("angle", [0.5, 1.5, 2.5])
def test_gated_cells_turn_on_the_circle(cell, gate, angle):
    """ω = r exp ±iα meets |ω + 2| = 4 at r = -2 cos α + √(4 cos² α + 12)."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ds = rs.bifurcations(gated(cell, gate, turn, rs.axis("r", [0.5, 7.0])), "r", starts=4)
    kind, r, h = points(ds, "r", "state")
    exact = -2 * np.cos(angle) + np.sqrt(4 * np.cos(angle) ** 2 + 12)
    at_zero = np.abs(h).max(axis=1) < 1e-9
    np.testing.assert_array_equal(kind[at_zero], [NEIMARK_SACKER])
    np.testing.assert_allclose(r[at_zero], exact, rtol=0, atol=1e-11)
    omega = r[at_zero][0] * np.exp(1j * angle)
    found = ds.multiplier_real.values[0, 0] + 1j * ds.multiplier_imag.values[0, 0]
    if cell == "GRU":
        np.testing.assert_allclose(found, 0.5 + omega / 4, rtol=1e-11)


def test_a_rotation_loses_its_fixed_point_to_a_circle():
    alpha, theta = rs.axis("alpha", [0.5, 1.5]), 0.4
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    ds = rs.bifurcations(rs.Elman(np.zeros((2, 1)), times(alpha, turn)), "alpha")
    kind, found, state, real, imag = points(ds, "alpha", "state", "multiplier_real", "multiplier_imag")
    np.testing.assert_array_equal(kind, [NEIMARK_SACKER])
    np.testing.assert_allclose(found, 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(state, 0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(real[0] + 1j * imag[0], np.exp(1j * np.array([theta, -theta])), rtol=1e-12)


def test_units_that_know_nothing_of_each_other_split_at_once():
    """Three multipliers at 1, or at -1: found by bisection, since no Newton's method is regular there."""
    ds = rs.bifurcations(rs.Elman(np.zeros((3, 1)), times(rs.axis("w", [-2.0, 2.0]), np.eye(3))), "w", starts=1)
    count = int(ds.point_count)
    at_zero = np.abs(ds.state.values[:count]).max(axis=1) < 1e-5
    np.testing.assert_array_equal(ds.kind.values[:count][at_zero], [FLIP, BRANCH_POINT])
    np.testing.assert_allclose(ds.w.values[:count][at_zero], [-1, 1], rtol=0, atol=1e-9)


def plain_layer(net):
    """A network without axes for plain NumPy."""
    return {"cell": type(net).__name__} | {name: net[name].values for name in net.parameter_names if not name.endswith("0")}


def plain_map(layer, s):
    """One step in plain NumPy, from a state vector, without inputs."""
    n = layer["w_rec"].shape[-1]
    starts = {"h0": s[:n]} | ({"c0": s[n:]} if layer["cell"] == "LSTM" else {})
    run = reference_networks.run([{**layer, **starts}], np.zeros((1, 1, layer["w_in"].shape[-1])))
    cells = [] if run.cell_states[0] is None else [run.cell_states[0][0, 1]]
    return np.concatenate([run.states[0][0, 1], *cells])


def plain_jacobian(layer, s):
    columns = [np.imag(plain_map(layer, s + 1e-30j * unit)) / 1e-30 for unit in np.eye(len(s))]
    return np.stack(columns, axis=1)


def test_a_fold_of_two_units_against_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    w_rec = np.array([[2.1, -0.4], [0.7, 1.3]])
    net = rs.Elman(np.ones((2, 1)), w_rec, times(rs.axis("drive", [-2.0, 2.0]), [1.0, 0.3], ("unit",)))
    kind, drive, state = points(rs.bifurcations(net, "drive"), "drive", "state")
    assert (kind == FOLD).sum() >= 2

    def equations(z):
        h, v, b = z[:2], z[2:4], z[4]
        new = np.tanh(w_rec @ h + b * np.array([1.0, 0.3]))
        return [*(new - h), *((1 - new**2)[:, None] * w_rec @ v - v), v @ v - 1]

    for b, h in zip(drive[kind == FOLD], state[kind == FOLD], strict=True):
        jacobian = (1 - h**2)[:, None] * w_rec
        values, vectors = np.linalg.eig(jacobian)
        start = [*h, *vectors[:, np.abs(values - 1).argmin()].real, b]
        solved = optimize.root(equations, np.array(start) + 1e-3, tol=1e-14)
        np.testing.assert_allclose(solved.x[4], b, rtol=0, atol=1e-10)


SIZES = {"Elman": (), "GRU": (3,), "LSTM": (4,)}


def random_network(cell, seed, **options):
    rng, n = np.random.default_rng(seed), 3
    gain = rs.axis("gain", [0.2, 3.0])
    dims = ("gate", "unit", "unit_from")[-2 - len(SIZES[cell]) :]
    w_rec = times(gain, rng.normal(size=(*SIZES[cell], n, n)) * 1.2, dims)
    bias = {"GRU": "bias_in"}.get(cell, "bias")
    return getattr(rs, cell)(
        rng.normal(size=(*SIZES[cell], n, 2)), w_rec, **{bias: rng.normal(size=(*SIZES[cell], n)) * 0.3}, **options
    )


@pytest.mark.parametrize(
    ("cell", "options"), [("Elman", {}), ("Elman", {"leak": np.array([0.3, 1.0, 0.7])}), ("GRU", {}), ("LSTM", {})]
)
def test_points_of_random_networks_are_what_they_are_called(cell, options):
    """In plain NumPy: F(s) = s, and the multiplier that the kind promises, from Jacobians by the complex step."""
    found = 0
    for seed in range(3):
        net = random_network(cell, seed, **options)
        ds = rs.bifurcations(net, "gain", starts=8)
        assert ds.unlocated == 0 and ds.incomplete == 0
        for i in range(int(ds.point_count)):
            here = net.replace(w_rec=net["w_rec"].isel(gain=1, drop=True) * (float(ds.gain[i]) / 3.0))
            layer = plain_layer(here)
            s = np.concatenate([ds.state.values[i], *([ds.cell_state.values[i]] if cell == "LSTM" else [])])
            np.testing.assert_allclose(plain_map(layer, s), s, rtol=0, atol=1e-12)
            multipliers = np.linalg.eigvals(plain_jacobian(layer, s))
            kind, told = int(ds.kind[i]), ds.multiplier_real.values[i] + 1j * ds.multiplier_imag.values[i]
            np.testing.assert_allclose(np.sort_complex(told), np.sort_complex(multipliers), rtol=0, atol=1e-9)
            if kind == NEIMARK_SACKER:
                pair = multipliers[np.abs(np.abs(multipliers) - 1).argmin()]
                assert abs(abs(pair) - 1) < 1e-10 and abs(pair.imag) > 1e-6
            else:
                assert np.abs(multipliers - (-1 if kind == FLIP else 1)).min() < 1e-9
            found += 1
    assert found >= 3


def turning_gates(count):
    """Weights of GRUs of two units whose candidates turn states, and their biases."""
    rng = np.random.default_rng(1)
    w_rec = 2.0 * rng.normal(size=(count, 3, 2, 2))
    turns = rng.uniform(1, 3, (count, 1, 1)) * np.array([[0.0, -1.0], [1.0, 0.0]])
    w_rec[:, 2] = 0.5 * rng.normal(size=(count, 2, 2)) + turns + rng.uniform(-2, 2, (count, 1, 1)) * np.eye(2)
    return w_rec, 0.5 * rng.normal(size=(count, 3, 2))


def scanned(net, axis):
    """The fixed points at all values of an axis, with their multipliers in plain NumPy, those of each value matched with the nearest of the
    next: (value, state, state after, multipliers, multipliers after), wherever each has one of its own."""
    found, matched = rs.fixed_points(net).transpose(axis, "point", ...), []
    states = [found.state.values[i, :count] for i, count in enumerate(found.point_count.values)]
    multipliers = [
        np.array([np.linalg.eigvals(plain_jacobian(plain_layer(net.isel({axis: i})), s)) for s in of_one])
        for i, of_one in enumerate(states)
    ]
    for i, (here, after) in enumerate(pairwise(states)):
        nearest = np.abs(here[:, None] - after).max(axis=2).argmin(axis=1)
        if len(here) == len(after) == len(set(nearest)):
            matched += [(i, here[j], after[k], multipliers[i][j], multipliers[i + 1][k]) for j, k in enumerate(nearest)]
    return matched


def turns(before, after):
    """Whether a pair of multipliers meets the unit circle off the real axis: two cross it, and none is 1 or -1 between."""
    signs = [np.sign(np.prod(mu - real).real) for mu in (before, after) for real in (1, -1)]
    return abs((np.abs(before) > 1).sum() - (np.abs(after) > 1).sum()) == 2 and signs[:2] == signs[2:]


def check_turns(count, values):
    """Neimark–Sacker points of GRUs, and every pair of multipliers that a scan sees meet the unit circle, are the same; how many."""
    found = 0
    for w_rec, bias in zip(*turning_gates(count), strict=True):
        gain = rs.axis("gain", values)
        net = rs.GRU(np.zeros((3, 2, 1)), times(gain, w_rec, ("gate", "unit", "unit_from")), bias_in=bias)
        kind, at, states = points(rs.bifurcations(net.isel(gain=[0, -1]), "gain"), "gain", "state")
        left = [(g, s) for g, s in zip(at[kind == NEIMARK_SACKER], states[kind == NEIMARK_SACKER], strict=True)]
        for i, here, after, *mu in scanned(net, "gain"):
            if turns(*mu):
                away = 2 * np.abs(here - after).max() + 1e-6
                near = [n for n, (g, s) in enumerate(left) if values[i] <= g <= values[i + 1] and np.abs(s - here).max() <= away]
                assert len(near) == 1
                left.pop(near[0])
                found += 1
        assert not left
    return found


def test_neimark_sacker_points_of_gated_units_are_those_of_a_scan():
    assert check_turns(6, np.linspace(0.1, 3.0, 59)) >= 3


@pytest.mark.slow
def test_neimark_sacker_points_of_many_gated_networks_are_those_of_a_scan():
    assert check_turns(60, np.linspace(0.1, 3.0, 117)) >= 25


@pytest.mark.parametrize(("cell", "options"), [("Elman", {"leak": True}), ("GRU", {}), ("LSTM", {})])
def test_derivatives_along_the_axis_are_those_of_the_complex_step(cell, options):
    rng, n, m = np.random.default_rng(5), 3, 2
    gates = SIZES[cell]
    sizes = {"w_in": (*gates, n, m), "w_rec": (*gates, n, n), **dict.fromkeys(("bias", "bias_in", "bias_rec"), (*gates, n))}
    names = [name for name in sizes if name in getattr(rs, cell).DIMENSIONS]
    ends = {name: rng.normal(size=(2, *sizes[name])) for name in names}
    ends |= {"leak": rng.uniform(0.2, 0.9, size=(2, n))} if options else {}
    kind, x = getattr(rs, cell), rng.normal(size=(2, m))
    net = kind(**{name: xr.DataArray(values, dims=("t", *kind.DIMENSIONS[name])) for name, values in ends.items()})
    along = check_along(map_of(net, xr.DataArray(x, dims=("t", "input"))), "t")
    numbers, line = along.block(0, 1), along.line()
    q, size = 0.3, along.maps.size
    line.now[:], line.slope[:] = (
        numbers[0].mean(axis=0) + q / 2 * np.diff(numbers[0], axis=0)[0],
        np.diff(numbers[0], axis=0)[0] / 2,
    )

    def plain(s, q):
        def at(values):
            return (1 - q) / 2 * values[0] + (1 + q) / 2 * values[1]

        starts = {"h0": s[:n]} | ({"c0": s[n:]} if size > n else {})
        layer = {"cell": cell, **{name: at(values) for name, values in ends.items()}, **starts}
        run = reference_networks.run([layer], at(x)[None, None])
        return np.concatenate([run.states[0][0, 1], *([run.cell_states[0][0, 1]] if size > n else [])])

    s = rng.normal(size=size)
    G, J, Fq = np.zeros(size), np.zeros((size, size)), np.zeros(size)
    evaluation_of(along.maps.cells)(line.now, line.slope, line.sizes, np.append(s, q), G, J, Fq, line.gate_scratch)
    np.testing.assert_allclose(G + s, plain(s, q), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(Fq, np.imag(plain(s + 0j, q + 1e-30j)) / 1e-30, rtol=1e-12, atol=1e-14)
    columns = [np.imag(plain(s + 1e-30j * unit, q)) / 1e-30 for unit in np.eye(size)]
    np.testing.assert_allclose(J, np.stack(columns, axis=1), rtol=1e-12, atol=1e-14)


def test_the_logistic_map():
    """h' = φ(w h) with φ(a) = a - a²: branches cross at w = 1, with flips at -1 on h = 0 and at 3 on h = (w - 1)/w²."""
    phi = rs.Activation(lambda a: a - a * a, lambda a: 1.0 - 2.0 * a)
    kind, w, h = points(rs.bifurcations(rs.Elman(0.0, rs.axis("w", [0.4, 3.5]), activation=phi), "w"), "w", "state")
    np.testing.assert_array_equal(kind, [BRANCH_POINT, FLIP])
    np.testing.assert_allclose(w, [1, 3], rtol=0, atol=1e-12)
    np.testing.assert_allclose(h, [0, 2 / 9], rtol=0, atol=1e-12)


def test_what_does_not_fit_is_told():
    net = rs.Elman(0.0, rs.axis("w", [1.5, 0.5]), rs.axis("b", [-1.0, 1.0]))
    ds = rs.bifurcations(net, "b", max_points=1)
    np.testing.assert_array_equal(ds.point_count, [1, 0])
    np.testing.assert_array_equal(ds.truncated, [True, False])


def test_families_are_their_members():
    net = rs.Elman(
        rs.axis("w_in", [0.0, 1.0]), rs.axis("w", [1.5, -2.0, np.nan]), rs.axis("b", [-3.0, 3.0]), leak=rs.axis("leak", [0.5, 1.0])
    )
    whole = rs.bifurcations(net, "b", inputs=0.25)
    assert whole.state.dims == ("w_in", "w", "leak", "point")
    assert (whole.sel(w=np.nan).point_count == 0).all() and whole.sel(w=np.nan).b.isnull().all()
    for where in ({"w_in": 1, "w": 0, "leak": 0}, {"w_in": 0, "w": 1, "leak": 1}):
        alone = rs.bifurcations(net.isel(**where), "b", inputs=0.25)
        xr.testing.assert_identical(whole.isel(**where).drop_vars(where).drop_attrs(), alone.drop_attrs())
    shifted = whole.sel(w=1.5).b.isel(point=slice(0, 2))
    np.testing.assert_allclose(shifted.sel(w_in=0.0) - shifted.sel(w_in=1.0), 0.25, rtol=1e-12)


def test_threads_and_blocks_change_no_bit():
    net = scalar(rs.axis("w", np.linspace(-4, 4, 24)), rs.axis("b", np.linspace(-3, 3, 5)))
    with thread_state.settings(threads=1):
        one = rs.bifurcations(net, "b", branches=True)
    with thread_state.settings(threads=3, block=5):
        several = rs.bifurcations(net, "b", branches=True)
    xr.testing.assert_identical(one, several)


def test_bends_of_an_axis_are_followed():
    """b goes 0 → 0.3 → -1: the fold at 0.2075… is met on the way up and again on the way down."""
    b = xr.DataArray([0.0, 0.3, -1.0], dims="t", coords={"t": [0.0, 1.0, 2.0]})
    kind, t = points(rs.bifurcations(rs.Elman(0.0, 1.5, b), "t"), "t")
    fold = FOLDS[1.5]
    np.testing.assert_array_equal(kind, [FOLD] * 3)
    np.testing.assert_allclose(t, [fold / 0.3, 1 + (0.3 - fold) / 1.3, 1 + (0.3 + fold) / 1.3], rtol=1e-12)


def test_branches_come_back():
    ds = rs.bifurcations(scalar(rs.axis("w", [0.5, 2.0]), rs.axis("b", [-1.0, 1.0])), "b", branches=True)
    assert ds.branch_state.dims == ds.branch_b.dims == ("w", "branch", "position")
    b, h = ds.branch_b, ds.branch_state
    behind = np.isnan(b.values)
    assert behind.any() and (behind == np.isnan(h.values)).all() and (behind == (ds.branch_unstable.values == -1)).all()
    np.testing.assert_allclose(np.tanh(ds.w * h + b), h, rtol=0, atol=1e-10)
    one = ds.sel(w=2.0).isel(branch=0)
    inside = one.branch_unstable >= 0
    slope = 2 * (1 - one.branch_state**2)
    np.testing.assert_array_equal(one.branch_unstable[inside], (slope > 1)[inside])
    ends = one.branch_b.values[inside][[0, -1]]
    np.testing.assert_array_equal(ends, [-1, 1])


@pytest.mark.parametrize("resolution", [16, 64])
def test_steps_along_an_axis_are_no_longer_than_the_axis_divided_by_the_resolution(resolution):
    ds = rs.bifurcations(scalar(1.5, rs.axis("b", [-3.0, 1.0])), "b", branches=True, resolution=resolution)
    longest = float(abs(ds.branch_b.diff("position")).max())
    assert 0.95 < longest * resolution / 4.0 < 1.001


def test_a_stack_names_the_states_of_its_layers():
    rng = np.random.default_rng(3)
    layers = [
        rs.Elman(np.ones((2, 1)), ROTATION, times(rs.axis("b", [-1.0, 1.0]), [1.0, 1.0], ("unit",))),
        rs.LSTM.random(3, 2, seed=1),
    ]
    ds = rs.bifurcations(rs.Stack(layers), "b", starts=4, inputs=rng.normal(size=1))
    assert (
        ds.state_0.dims == ("point", "unit_0")
        and ds.state.dims == ("point", "unit")
        and ds.cell_state_1.dims == ("point", "unit_1")
    )
    assert ds.sizes["mode"] == 8 and int(ds.branch_count) > 0 and int(ds.incomplete) == 0


def test_kinks_of_relu_are_told_apart():
    """h' = relu(w h + b), whose map has no derivative at b = 0: of w = 2, two fixed points meet there; of -2, the one that there is gets
    the multiplier -2; of -½, nothing happens."""
    ds = rs.bifurcations(rs.Elman(0.0, rs.axis("w", [2.0, -2.0, -0.5]), rs.axis("b", [-1.0, 1.0]), activation="relu"), "b")
    told = {
        "point_count": [0, 0, 0],
        "unlocated": [0, 1, 0],
        "incomplete": [2, 0, 0],
        "undecided": [1, 0, 0],
        "branch_count": [2, 1, 1],
    }
    assert {name: ds[name].values.tolist() for name in told} == told


def test_the_result_can_be_saved(tmp_path):
    ds = rs.bifurcations(scalar(rs.axis("w", [1.5, -2.0]), rs.axis("b", [-3.0, 3.0], units="mV")), "b", branches=True)
    assert ds.kind.attrs["flag_meanings"] == "none fold flip neimark_sacker branch_point" and ds.b.attrs["units"] == "mV"
    rs.save(ds, tmp_path / "folds.nc")
    with rs.open(tmp_path / "folds.nc") as back:
        xr.testing.assert_equal(ds, back.load())
        np.testing.assert_array_equal(back.kind.attrs["flag_values"], range(5))


NET = rs.Elman(1.0, rs.axis("w", [1.0, 2.0]), rs.axis("bias", [-1.0, 1.0]))
REFUSED = [
    (lambda: rs.bifurcations("net"), TypeError, "net was given a str"),
    (lambda: rs.bifurcations(NET, "b"), ValueError, "along was given as 'b'; it needs one of the family's axes, which are w, bias"),
    (lambda: rs.bifurcations(rs.Elman(1.0, 2.0)), ValueError, "along was given as 'bias'; .* which are none"),
    (lambda: rs.bifurcations(NET, 3), ValueError, "along was given as 3"),
    (lambda: rs.bifurcations(rs.Elman(1.0, 2.0, rs.axis("bias", [1.0]))), ValueError, "axis 'bias' has 1 value; to move along"),
    (lambda: rs.bifurcations(rs.Elman(1.0, 2.0, rs.axis("bias", [1.0, 0.0, 2.0]))), ValueError, "finite numbers that increase or"),
    (
        lambda: rs.bifurcations(rs.Elman(1.0, xr.DataArray([1.0, 2.0], coords={"c": ["a", "b"]}, dims="c")), "c"),
        TypeError,
        "'c' has values of",
    ),
    (lambda: rs.bifurcations(NET, max_points=0), ValueError, "max_points was given as 0"),
    (lambda: rs.bifurcations(NET, starts=0), ValueError, "starts was given as 0"),
    (lambda: rs.bifurcations(NET, resolution=0.5), ValueError, "resolution was given as 0.5"),
    (lambda: rs.bifurcations(NET, branches=1), TypeError, "branches was given as 1; it needs True or False"),
    (lambda: rs.bifurcations(NET, inputs=[1.0, 2.0]), ValueError, "inputs was given an array of shape"),
    (
        lambda: rs.bifurcations(rs.Elman(1.0, rs.axis("kind", [1.0, 2.0])), "kind"),
        ValueError,
        "'kind', which a variable of the result",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_bad_input_is_refused_in_one_sentence_before_any_work(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)
