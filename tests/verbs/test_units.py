"""Networks of many units: plain NumPy, the complex step, PyTorch, and laws, for every cell and layout of lanes."""

import warnings

import numpy as np
import pytest
import reference_networks
import xarray as xr
from comparing import identical
from family_data import BIASES, GATES, STARTS, numbers, refused

import rnnsim as rs
from rnnsim.numerics import thread_state

# units, inputs, samples, steps: points, samples and units as lanes; few rows and many; several blocks of samples
SIZES = [(3, 2, 5, 4), (5, 1, 2, 6), (3, 2, 70, 3), (18, 3, 11, 4)]
# all layouts for tanh, one for each other cell: every pair is compiled anew
CASES = [
    ("Elman", {}, SIZES[0]),
    ("Elman", {}, SIZES[2]),
    ("Elman", {}, SIZES[3]),
    ("Elman", {"activation": "relu", "leak": 0.3}, SIZES[1]),
    ("GRU", {}, SIZES[0]),
    ("LSTM", {}, SIZES[3]),
]
CASE_IDS = [f"{cell} {options.get('activation', '')} {size}" for cell, options, size in CASES]


def data(size, seed=1, every=True):
    units, inputs, samples, steps = size
    rng = np.random.default_rng(seed)
    x, targets = rng.normal(size=(samples, steps, inputs)), rng.normal(size=(samples, steps, units))
    targets = np.where(rng.random(targets.shape) < 0.3, np.nan, targets)
    return x, targets if every else rng.normal(size=(samples, units))


def family(cell, options, size, members=5):
    """A family over `member` (matrices) and `start` (h0), in odd sizes, and its single members' numbers."""
    units, inputs, *_ = size
    each = [numbers(cell, units, inputs, seed) for seed in range(members)]
    dims = {name: rs.LSTM.DIMENSIONS.get(name, rs.GRU.DIMENSIONS.get(name)) for name in each[0]}
    dims = {name: tuple(d for d in own if GATES[cell] or d != "gate") for name, own in dims.items()}
    stacked = {n: xr.DataArray(np.stack([one[n] for one in each]), dims=("member", *dims[n])) for n in each[0]}
    stacked["h0"] = xr.DataArray(np.stack([numbers(cell, units, 1, s)["h0"] for s in (7, 8, 9)]), dims=("start", "unit"))
    return getattr(rs, cell)(**stacked, **options), each


def layer(cell, options, found):
    return {"cell": cell, "activation": "tanh", "leak": 1.0, **found, **options}


KEPT = ("state", "increment", "preactivation", "output", "input", "final_state")


@pytest.mark.parametrize(("cell", "options", "size"), CASES, ids=CASE_IDS)
def test_everything_is_what_plain_numpy_makes_of_it(cell, options, size):
    net, each = family(cell, options, size)
    x, targets = data(size)
    kept = (*KEPT, "cell_state", "final_cell_state") if cell == "LSTM" else KEPT
    keep = (*kept, "cost", "grad", "grad_state", "grad_preactivation", "grad_input")
    ds = rs.backprop(net, x, targets, keep=keep)
    identical(rs.simulate(net, x, keep=kept), ds[[*kept, "diverged_at"]])
    for member, start in ((0, 0), (4, 2)):
        found = {**each[member], "h0": net["h0"].values[start]}
        one = ds.isel(member=member, start=start)
        run = reference_networks.run([layer(cell, options, found)], x)
        np.testing.assert_allclose(one.state, run.states[0], rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(one.output[:, 1:], one.state[:, 1:])
        np.testing.assert_array_equal(one.final_state, one.state[:, -1])
        np.testing.assert_allclose(one.increment[:, 1:], np.diff(run.states[0], axis=1), rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(one.preactivation[:, 1:], run.preactivations[0], rtol=1e-12, atol=1e-13)
        if cell == "LSTM":
            np.testing.assert_allclose(one.cell_state, run.cell_states[0], rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(one.final_cell_state, one.cell_state[:, -1])
        pushes = {"push_state": np.zeros_like(run.states[0]), "push_preactivation": np.zeros_like(run.preactivations[0])}
        exact = reference_networks.complex_step_gradients(
            found, lambda p: reference_networks.cost([layer(cell, options, p)], x, targets)
        )
        np.testing.assert_allclose(one.cost, reference_networks.cost([layer(cell, options, found)], x, targets), rtol=1e-12)
        for name, value in exact.items():
            scale = np.abs(value).max()
            np.testing.assert_allclose(one[f"grad_{name}"], value, rtol=1e-12, atol=1e-12 * scale, err_msg=name)
        if x.shape[0] <= 5:  # the complex step runs once a number
            by_push = reference_networks.complex_step_gradients(
                {"layer": {**pushes, **layer(cell, options, found)}, "x": x},
                lambda p: reference_networks.cost([{"cell": cell, **options, **p["layer"]}], p["x"], targets),
            )
            by_push |= by_push["layer"]
            np.testing.assert_allclose(one.grad_state, by_push["push_state"], rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(one.grad_preactivation[:, 1:], by_push["push_preactivation"], rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(one.grad_input[:, 1:], by_push["x"], rtol=1e-11, atol=1e-13)
    at_start = ds.isel(step=0)
    assert (at_start.increment == 0).all() and (at_start.grad_input == 0).all()
    assert np.isnan(at_start.preactivation).all() and np.isnan(at_start.grad_preactivation).all()


@pytest.mark.parametrize(("cell", "options", "size"), CASES, ids=CASE_IDS)
def test_bits_do_not_depend_on_threads_blocks_or_company(cell, options, size):
    net, _ = family(cell, options, size)
    x, targets = data(size)
    keep = ("cost", "grad", "grad_state", "grad_preactivation", "grad_input", "final_state")
    whole = rs.backprop(net, x, targets, keep=keep)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 9}):
        with thread_state.settings(**setting):
            identical(whole, rs.backprop(net, x, targets, keep=keep))
    for where in ({"member": 4, "start": 2}, {"member": 0, "start": 0}):
        identical(whole.isel(where), rs.backprop(net.isel(**where), x, targets, keep=keep))


def test_axes_on_inputs_targets_leaks_and_numbers_that_fill():
    units, inputs, samples, steps = SIZES[1]
    rng = np.random.default_rng(3)
    x = xr.DataArray(rng.normal(size=(2, samples, steps, inputs)), dims=("drive", "sample", "step", "input"))
    targets = xr.DataArray(rng.normal(size=(3, samples, units)), dims=("goal", "sample", "output"))
    found = numbers("Elman", units, inputs)
    leak = xr.DataArray(rng.uniform(0.2, 1, (2, units)), dims=("leaks", "unit"))
    net = rs.Elman(found["w_in"], found["w_rec"], rs.axis("b", [0.1, -0.2]), leak=leak, activation="relu")
    ds = rs.backprop(net, x, targets, keep=("cost", "grad", "state"))
    assert ds.cost.dims == ("b", "leaks", "drive", "goal")
    for b, i, d, g in ((0, 0, 0, 0), (1, 1, 1, 2)):
        one = ds.isel(b=b, leaks=i, drive=d, goal=g)
        part = net.isel(b=b, leaks=i)
        identical(one, rs.backprop(part, x.isel(drive=d), targets.isel(goal=g), keep=("cost", "grad", "state")))
        plain = layer("Elman", {"activation": "relu"}, {**found, "bias": [0.1, -0.2][b], "h0": 0.0, "leak": leak.values[i]})
        exact = reference_networks.cost([plain], x.values[d], targets.values[g])
        np.testing.assert_allclose(one.cost, exact, rtol=1e-12)
    assert ds.grad_bias.dims == ("b", "leaks", "drive", "goal", "unit")


def test_inputs_are_those_of_each_point_where_the_ends_of_a_register_share_theirs():
    units, inputs, samples, steps = SIZES[1]
    found = numbers("Elman", units, inputs)
    x = xr.DataArray(np.random.default_rng(4).normal(size=(7, samples, steps, inputs)), dims=("drive", "sample", "step", "input"))
    net = rs.Elman(found["w_in"], found["w_rec"], rs.axis("b", [0.1, -0.2]), activation="relu", leak=0.3)
    ds = rs.simulate(net, x)
    for b in (0, 1):
        for d in range(7):
            identical(ds.isel(b=b, drive=d), rs.simulate(net.isel(b=b), x.isel(drive=d)))


def test_starts_of_their_own_have_gradients_of_their_own():
    units, inputs, samples, _ = SIZES[3]
    found = numbers("LSTM", units, inputs)
    found["h0"] = np.random.default_rng(5).normal(size=(samples, units))
    x, targets = data(SIZES[3], every=False)
    ds = rs.backprop(rs.LSTM(**found), x, targets)
    exact = reference_networks.complex_step_gradients(
        {"h0": found["h0"], "c0": found["c0"]}, lambda p: reference_networks.cost([layer("LSTM", {}, {**found, **p})], x, targets)
    )
    assert ds.grad_h0.dims == ("sample", "unit") and ds.grad_c0.dims == ("unit",)
    for name, value in exact.items():
        np.testing.assert_allclose(ds[f"grad_{name}"], value, rtol=1e-11, atol=1e-14, err_msg=name)


def test_starts_of_their_own_where_samples_are_lanes():
    units, inputs, samples, _ = SIZES[2]
    found = numbers("Elman", units, inputs)
    found["h0"] = np.random.default_rng(5).normal(size=(samples, units))
    x, targets = data(SIZES[2], every=False)
    ds = rs.backprop(rs.Elman(**found), x, targets, keep=("grad_h0", "state"))
    assert ds.grad_h0.dims == ("sample", "unit")
    np.testing.assert_array_equal(ds.state[:, 0], found["h0"])
    exact = reference_networks.complex_step_gradients(
        {"h0": found["h0"]}, lambda p: reference_networks.cost([layer("Elman", {}, {**found, **p})], x, targets)
    )
    np.testing.assert_allclose(ds.grad_h0, exact["h0"], rtol=1e-11, atol=1e-14)


def test_a_scalar_network_with_gates_is_one_unit():
    cell = "GRU"
    found = numbers(cell, 1, 1)
    x, targets = data((1, 1, 4, 5))
    many = rs.backprop(getattr(rs, cell)(**found), x, targets, keep=("state", "preactivation", "cost", "grad"))
    numbers_only = {name: value.reshape(value.shape[: len(GATES[cell]) * (value.ndim > 1)]) for name, value in found.items()}
    one = rs.backprop(
        getattr(rs, cell)(**numbers_only), x[..., 0], targets[..., 0], keep=("state", "preactivation", "cost", "grad")
    )
    assert one.state.dims == ("sample", "step") and one.preactivation.dims == ("sample", "step", "gate")
    assert one.grad_w_rec.dims == ("gate",) and list(one.gate.values) == list(getattr(rs, cell).GATES)
    for name in one:
        np.testing.assert_array_equal(one[name].values.reshape(-1), many[name].values.reshape(-1))


def test_a_vector_network_of_one_unit_is_the_scalar_network_to_rounding():
    x, targets = data((1, 1, 4, 5))
    scalar = rs.backprop(rs.Elman(0.7, 1.3, 0.1, 0.4), x[..., 0], targets[..., 0], keep=("state", "cost", "grad"))
    vector = rs.backprop(rs.Elman([[0.7]], [[1.3]], [0.1], [0.4]), x, targets, keep=("state", "cost", "grad"))
    for name in scalar:
        np.testing.assert_allclose(vector[name].values.reshape(-1), scalar[name].values.reshape(-1), rtol=1e-12)


def test_divergence_stays_in_its_point():
    w = xr.DataArray(np.stack([np.eye(3), np.eye(3) * 1e200, np.eye(3) * np.nan]), dims=("g", "unit", "unit_from"))
    net = rs.Elman(np.ones((3, 1)), w, activation="relu", leak=0.3)
    ds = rs.backprop(net, np.ones((2, 6, 1)), np.zeros((2, 3)))
    np.testing.assert_array_equal(ds.diverged_at, [-1, 3, 1])
    assert np.isfinite(ds.grad_w_rec[0]).all() and not np.isfinite(ds.cost[1:]).any()
    identical(ds.isel(g=[0]), rs.backprop(net.isel(g=[0]), np.ones((2, 6, 1)), np.zeros((2, 3))))


def test_float32_is_float64_to_its_precision():
    net, _ = family("Elman", {}, SIZES[3])
    x, targets = data(SIZES[3])
    single, double = (rs.backprop(net, x, targets, dtype=dtype) for dtype in ("float32", "float64"))
    for name in single:
        assert name == "diverged_at" or single[name].dtype == np.float32
        scale = float(abs(double[name]).max())
        np.testing.assert_allclose(single[name], double[name], rtol=1e-4, atol=1e-5 * scale)


def test_long_runs_in_chunks_of_steps_are_the_taped_run():
    net = rs.Elman(np.ones((20, 1)) * 0.1, np.eye(20) * 0.9)
    x = np.random.default_rng(0).normal(size=(9, 700, 1))
    ds = rs.backprop(net, x, np.zeros((9, 20)), keep=("state", "increment"))
    identical(ds, rs.simulate(net, x, keep=("state", "increment")))


JACOBIANS = [("GRU", "n", 4), ("LSTM", "g", 18)]


@pytest.mark.parametrize(("cell", "gate", "units"), JACOBIANS)
def test_the_published_jacobians_at_the_origin(cell, gate, units):
    """GRU: ½ I + ¼ W_n; the LSTM's cell state: ½ I + ¼ W_g (references.md §4), out of back-propagation from each unit."""
    w = np.random.default_rng(2).normal(size=(*GATES[cell], units, units))
    net = getattr(rs, cell)(np.zeros((len(w), units, 1)), w)
    position = getattr(rs, cell).GATES.index(gate)
    rows = []
    for unit in range(units):
        targets = np.full((5, units), np.nan)
        targets[:, unit] = 1.0  # the cost's slope at output 0 is -2
        steps = 1 if cell == "GRU" else 2
        ds = rs.backprop(net, np.zeros((5, steps, 1)), targets)
        rows.append(-(ds.grad_h0 if cell == "GRU" else ds.grad_c0) / 2)
    exact = 0.5 * np.eye(units) + 0.25 * w[position]
    if cell == "LSTM":  # h[2] = ½ tanh c[2], c[2] = (½ I + ¼ W_g) c[1], c[1] = ½ c[0]
        exact = 0.5 * exact @ (0.5 * np.eye(units))
    np.testing.assert_allclose(np.array(rows), exact, rtol=1e-12, atol=1e-15)


FIXED_POINTS = {
    1.1: (0.502940574944641633, 0.821755855881788644),
    2.0: (0.957504024077268741, 0.166372087751674327),
}  # references.md §1


@pytest.mark.parametrize("w", FIXED_POINTS)
def test_the_gru_of_one_unit_is_the_scalar_map(w):
    """With U_z = U_r = 0 it has the fixed points of h' = tanh(w h), w = σ(b_r) U_h, and multipliers z + (1 - z) μ (references.md §4)."""
    point, multiplier = FIXED_POINTS[w]
    r, z = (1 / (1 + np.exp(-b)) for b in (0.4, -0.3))
    net = rs.GRU([0.0, 0.0, 0.0], [0.0, 0.0, w / r], [0.4, -0.3, 0.0], h0=point)
    ds = rs.backprop(net, [0.0], point - 0.5, keep=("grad_h0", "final_state"))  # the cost's slope is 1
    np.testing.assert_allclose(ds.final_state, point, rtol=1e-15)
    np.testing.assert_allclose(ds.grad_h0, z + (1 - z) * multiplier, rtol=1e-14)


REFUSED = [
    (lambda: rs.Elman(np.ones((3, 2)), 0.5), ValueError, r"w_in was given an array of shape \(3, 2\), but w_rec has no units"),
    (lambda: rs.Elman(np.ones((3, 2)), np.ones((3, 4))), ValueError, "w_rec has 4 columns, but w_in has 3 units"),
    (lambda: rs.Elman(np.ones((3, 2)), np.eye(3), np.ones(4)), ValueError, "bias has 4 units, but w_in has 3 units"),
    (lambda: rs.Elman(np.ones((3, 2)), np.eye(3), np.ones((3, 3))), ValueError, r"bias was given an array of shape \(3, 3\)"),
    (lambda: rs.GRU(np.ones((4, 3, 2)), np.ones((3, 3, 3))), ValueError, r"w_in has 4 gates, but a GRU needs 3 \(r, z, n\)"),
    (
        lambda: rs.simulate(rs.Elman(np.ones((2, 3)), np.eye(2)), np.ones((5, 4))),
        ValueError,
        "inputs has 4 features, but w_in takes 3",
    ),
    (lambda: rs.simulate(rs.Elman(np.ones((2, 3)), np.eye(2)), np.ones(5)), ValueError, r"needs \(step, input\) or \(sample"),
    (
        lambda: rs.backprop(rs.Elman(np.ones((2, 1)), np.eye(2)), np.ones((4, 5, 1)), np.ones((4, 3))),
        ValueError,
        "targets has 3 outputs, but the network has 2",
    ),
    (lambda: rs.simulate(rs.GRU([1, 1, 1], [1, 1, 1]), [1.0], keep="cell_state"), ValueError, "needs a family of LSTMs"),
    (
        lambda: rs.simulate(rs.Elman(np.ones((2, 1)), np.eye(2), h0=np.ones((3, 2))), np.ones((4, 5, 1))),
        ValueError,
        "h0 has 3 samples, but inputs has 4",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_sizes_that_do_not_fit_are_refused(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)


@pytest.mark.parametrize(("cell", "size"), [("Elman", SIZES[0]), ("Elman", SIZES[3]), ("GRU", SIZES[0]), ("LSTM", SIZES[3])])
def test_torch_agrees(cell, size):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
    units, inputs, *_ = size
    found = numbers(cell, units, inputs)
    x, targets = data(size, every=False)
    net = getattr(rs, cell)(**{name: value for name, value in found.items() if name not in STARTS[cell]})
    ds = rs.backprop(net, x, targets, keep=("state", "cost", "grad"))
    module = {"Elman": torch.nn.RNN, "GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM}[cell](
        inputs, units, batch_first=True, dtype=torch.float64
    )
    biases = [found[name] for name in BIASES[cell]]
    values = [found["w_in"], found["w_rec"], biases[0], biases[1] if len(biases) > 1 else biases[0] * 0]
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(torch.from_numpy(value.reshape(parameter.shape)))
    states, _ = module(torch.from_numpy(x))
    cost = torch.nn.functional.mse_loss(states[:, -1], torch.from_numpy(targets))
    cost.backward()
    np.testing.assert_allclose(ds.state[:, 1:], states.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ds.cost, cost.item(), rtol=1e-12)
    for name, parameter in zip(("w_in", "w_rec", *BIASES[cell]), module.parameters(), strict=False):
        exact = parameter.grad.numpy().reshape(ds[f"grad_{name}"].shape)
        np.testing.assert_allclose(ds[f"grad_{name}"], exact, rtol=1e-11, atol=1e-13)
