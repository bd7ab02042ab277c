"""The maps that networks with constant inputs are, and their Jacobians: against plain NumPy and the complex step, for every cell."""

import numpy as np
import pytest
import reference_networks
import xarray as xr
from family_data import refused

import rnnsim as rs
from rnnsim.kernels.linalg import lu
from rnnsim.kernels.maps import map as maps
from rnnsim.numerics import thread_state
from rnnsim.numerics.functions import elementary
from rnnsim.numerics.jit import kernel
from rnnsim.verbs.engines.autonomous_maps import map_of

BELL = rs.Activation(lambda a: elementary.exp(-a * a), lambda a: -2.0 * a * elementary.exp(-a * a))
GATES = {"Elman": (), "GRU": (3,), "LSTM": (4,)}
BIASES = {"Elman": ("bias",), "GRU": ("bias_in", "bias_rec"), "LSTM": ("bias",)}


def numbers(cell, units, inputs, seed):
    rng, gates = np.random.default_rng(seed), GATES[cell]
    found = {"w_in": rng.normal(size=(*gates, units, inputs)), "w_rec": rng.normal(size=(*gates, units, units))}
    return found | {name: rng.normal(size=(*gates, units)) for name in BIASES[cell]}


def layer(cell, units, inputs, seed=0, **options):
    """A network, and the same for plain NumPy."""
    found = numbers(cell, units, inputs, seed)
    plain = {"cell": cell, **found, **{name: value for name, value in options.items() if not isinstance(value, rs.Activation)}}
    return getattr(rs, cell)(**found, **options), plain


LEAK = np.array([0.3, 1.0, 0.7])
CASES = {
    **{f"Elman {phi}": [layer("Elman", 3, 2, activation=phi)] for phi in ("tanh", "linear", "relu", "sigmoid")},
    **{f"leaky Elman {phi}": [layer("Elman", 3, 2, activation=phi, leak=LEAK)] for phi in ("tanh", "linear", "relu", "sigmoid")},
    "GRU": [layer("GRU", 3, 2)],
    "LSTM": [layer("LSTM", 3, 2)],
    "LSTM, leaky Elman": [layer("LSTM", 2, 3), layer("Elman", 3, 2, 1, leak=LEAK)],
    "Elman, GRU, LSTM": [layer("Elman", 2, 1, activation="relu"), layer("GRU", 3, 2, 1), layer("LSTM", 2, 3, 2)],
}


def plain_map(plain, s, x):
    """One step of layers in plain NumPy, from a state vector, for complex numbers too."""
    at, started = 0, []
    for one in plain:
        n = one["w_rec"].shape[-1]
        states = {name: s[at + i * n : at + (i + 1) * n] for i, name in enumerate(("h0", "c0")[: 1 + (one["cell"] == "LSTM")])}
        at += n * len(states)
        started.append({**one, **states})
    run = reference_networks.run(started, x[None, None])
    each = zip(run.states, run.cell_states, strict=True)
    return np.concatenate([array[0, 1] for pair in each for array in pair if array is not None])


def evaluated(net, s, x):
    """F(s) and J of one network by the kernels."""
    found = map_of(net, x)
    layers, inputs = found.block(0, 1)
    out, J, advanced = np.empty(found.size), np.empty((found.size, found.size)), np.empty(found.size)
    maps.tangents_of(found.cells)(layers, 0, s, inputs, out, J, found.gate_scratch())
    maps.step_of(found.cells)(layers, 0, s, inputs, advanced, found.gate_scratch())
    np.testing.assert_allclose(advanced, out, rtol=1e-15)
    return out, J


@pytest.mark.parametrize("case", CASES)
def test_maps_and_jacobians_are_those_of_plain_numpy(case):
    nets, plain = zip(*CASES[case], strict=True)
    net = nets[0] if len(nets) == 1 else rs.Stack(nets)
    rng = np.random.default_rng(5)
    s, x = rng.normal(size=map_of(net, 0.0).size), rng.normal(size=net.inputs)
    out, J = evaluated(net, s, x)
    np.testing.assert_allclose(out, plain_map(plain, s, x), rtol=1e-13, atol=1e-15)
    exact = np.empty_like(J)
    for j in range(s.size):
        moved = s.astype(complex)
        moved[j] += 1e-30j
        exact[:, j] = np.imag(plain_map(plain, moved, x)) / 1e-30
    np.testing.assert_allclose(J, exact, rtol=1e-12, atol=1e-14)
    assert not np.allclose(J, exact.T)


def test_an_activation_of_ones_own():
    net, _ = layer("Elman", 3, 2, activation=BELL)
    s, x = np.array([0.3, -0.2, 0.5]), np.array([0.1, -0.4])
    out, J = evaluated(net, s, x)
    a = net["w_rec"].values @ s + net["w_in"].values @ x + net["bias"].values
    np.testing.assert_allclose(out, np.exp(-a * a), rtol=1e-13)
    np.testing.assert_allclose(J, (-2 * a * np.exp(-a * a))[:, None] * net["w_rec"].values, rtol=1e-13)
    kept = [getattr(maps.step_of(n.cells)._cache, "cache_path", None) for n in (map_of(net, 0.0), map_of(rs.Elman(1.0, 1.0), 0.0))]
    assert kept[0] is None and kept[1], kept


def test_scalar_networks_are_those_of_one_unit():
    out, J = evaluated(rs.Elman(0.7, 1.3, 0.1, leak=0.4), np.array([0.2]), 0.5)
    a = 1.3 * 0.2 + 0.7 * 0.5 + 0.1
    np.testing.assert_allclose([out[0], J[0, 0]], [0.6 * 0.2 + 0.4 * np.tanh(a), 0.6 + 0.4 * 1.3 / np.cosh(a) ** 2], rtol=1e-14)
    gates = {"w_in": np.array([0.3, -0.2, 0.5]), "w_rec": np.array([0.1, 0.6, -0.7])}
    one = rs.GRU(**{name: value[:, None, None] for name, value in gates.items()})
    for left, right in zip(evaluated(rs.GRU(**gates), np.array([0.2]), 0.5), evaluated(one, np.array([0.2]), 0.5), strict=True):
        np.testing.assert_array_equal(left, right)


def test_blocks_hold_each_points_own_numbers():
    w = rs.axis("a", [0.5, 1.5]) * xr.DataArray(np.arange(9.0).reshape(3, 3), dims=("unit", "unit_from"))
    x = rs.axis("drive", [1.0, 2.0, 3.0])
    net = rs.Elman(
        np.ones((3, 2)), w, rs.axis("b", [0.1, 0.2]), leak=xr.DataArray(LEAK, dims="unit"), h0=rs.axis("b", [0.1, 0.2]) + 7.0
    )
    found = map_of(net, x)
    assert found.grid.sizes == {"a": 2, "b": 2, "drive": 3} and found.points == 12
    (layers,), inputs = found.block(3, 8)
    for p, (a, b, d) in enumerate(np.ndindex(2, 2, 3)):
        if 3 <= p < 8:
            np.testing.assert_array_equal(layers.w_rec[p - 3, 0], [0.5, 1.5][a] * np.arange(9.0).reshape(3, 3))
            np.testing.assert_array_equal(layers.bias[p - 3], np.full((1, 3), [0.1, 0.2][b]))
            np.testing.assert_array_equal(inputs[p - 3], [x.values[d]] * 2)
            np.testing.assert_array_equal(found.starts(p, p + 1), [[[7.1, 7.2][b]] * 3])
            np.testing.assert_array_equal(layers.constants[p - 3], LEAK)


def test_tokens_are_rows_of_the_table():
    table = np.array([[1.0, 2.0], [3.0, 4.0]])
    net = rs.Stack([rs.Embedding(table), layer("Elman", 3, 2)[0]])
    np.testing.assert_array_equal(map_of(net, 1).block(0, 1)[1], table[1:])
    np.testing.assert_array_equal(map_of(net, xr.DataArray([1, 0], dims="word")).block(0, 2)[1], table[::-1])


def test_random_families_are_drawn_block_by_block():
    net = rs.GRU.random(4, 2, seed=rs.axis("seed", range(5)), gain=rs.axis("gain", [0.5, 1.5]), bias="gaussian")
    whole, part = map_of(net, 0.0).block(0, 10), map_of(net, 0.0).block(3, 5)
    for left, right in zip(whole[0][0], part[0][0], strict=True):
        np.testing.assert_array_equal(left[3:5], right)
    np.testing.assert_array_equal(whole[0][0].w_rec[3], net.isel(seed=1, gain=1)["w_rec"].values)


@kernel
def solved(A, pivots, B):
    return lu.solve(A, pivots, B)


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_linear_systems_are_solved(n):
    rng = np.random.default_rng(n)
    A, B = rng.normal(size=(n, n)), rng.normal(size=(n, 3))
    A[0, 0] = 0.0 if n > 1 else A[0, 0]
    x = B.copy()
    sign, log = solved(A.copy(), np.empty(n, np.int64), x)
    np.testing.assert_allclose(x, np.linalg.solve(A, B), rtol=1e-10)
    np.testing.assert_allclose([sign, log], np.linalg.slogdet(A), rtol=1e-12)


def test_a_singular_system_has_no_finite_solution():
    x = np.ones((2, 1))
    sign, log = solved(np.array([[1.0, 2.0], [2.0, 4.0]]), np.empty(2, np.int64), x)
    assert sign == 0.0 and log == -np.inf and not np.isfinite(x).any()


NET = layer("Elman", 3, 2)[0]
WORDS = rs.Stack([rs.Embedding(np.ones((5, 2))), NET])
REFUSED = [
    (
        lambda: map_of(NET, np.ones((4, 2))),
        ValueError,
        r"inputs was given an array of shape \(4, 2\); constant inputs need a number",
    ),
    (lambda: map_of(NET, np.ones(3)), ValueError, "inputs has 3 features, but w_in takes 2"),
    (lambda: map_of(NET, np.nan), ValueError, "inputs is nan"),
    (
        lambda: map_of(NET, xr.DataArray([1.0], dims="step")),
        ValueError,
        "inputs was given a dimension 'step'; constant inputs need",
    ),
    (lambda: map_of(rs.Elman(1.0, 1.0), [1.0]), ValueError, r"shape \(1,\); constant inputs need a number, or a DataArray"),
    (lambda: map_of(WORDS, 0.0), TypeError, "inputs was given 0.0; an embedding needs a token, a whole number 0…4"),
    (lambda: map_of(WORDS, 5), ValueError, "inputs is 5 at step 0; it needs whole numbers 0…4"),
    (lambda: map_of(NET, "zero"), TypeError, "inputs was given values of type <U4; it needs real numbers"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_inputs_that_are_not_constant_are_refused(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)


def test_pieces_cover_all_points():
    found = map_of(rs.Elman(1.0, rs.axis("w", np.linspace(-1, 1, 1000))), 0.0)
    with thread_state.settings(block=7):
        blocks = found.blocks(100)
    assert [lo for lo, _ in blocks] == [0] + [hi for _, hi in blocks[:-1]] and blocks[-1][1] == 1000 and len(blocks) == 143
