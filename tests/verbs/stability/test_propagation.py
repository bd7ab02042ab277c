"""How far states and gradients reach: exact cases, numbers of any length, other ways to the same, laws, and what is refused."""

import numpy as np
import pytest
import reference_networks
import reference_propagation
import xarray as xr
from comparing import identical
from family_data import random_family, refused

import rnnsim as rs
from rnnsim.families.result_variables import PROPAGATED
from rnnsim.kernels.propagation.jacobian_products import at_last_step, go_on, make_scratch
from rnnsim.numerics import thread_state
from rnnsim.numerics.jit import kernel

GATES = {"Elman": (), "GRU": (3,), "LSTM": (4,)}
SHEAR = np.array([[0.9, 100.0], [0.0, 0.5]])
ATOL = 1e-10


def numbers(cell, units, inputs=2, seed=0, gain=1.0):
    rng, gates = np.random.default_rng(seed), GATES[cell]
    return {"w_in": rng.normal(size=(*gates, units, inputs)), "w_rec": rng.normal(size=(*gates, units, units)) * gain / units**0.5}


def linear(w, steps, **options):
    """Linear maps: `w` has a number, or a matrix, for each."""
    if np.ndim(w) < 2:
        return rs.propagation(rs.Elman(0.0, w, activation="linear"), np.zeros(steps), **options)
    return rs.propagation(rs.Elman(np.zeros((w.shape[-1], 1)), w, activation="linear"), np.zeros((steps, 1)), **options)


@kernel
def of_matrices(matrices, lags, scratch, values, determinants):
    at_last_step(scratch, matrices.shape[1])
    for lag in range(matrices.shape[0]):
        go_on(scratch, matrices.shape[1], matrices[lag], lag + 1, lags, values, determinants)


def products(matrices):
    """What the kernel finds for matrices[0], matrices[0] · matrices[1], …"""
    size = matrices.shape[1]
    values, determinants = np.empty(matrices.shape[:2]), np.empty(len(matrices))
    of_matrices(matrices, np.arange(1, len(matrices) + 1), make_scratch(size, 1), values, determinants)
    return values, determinants


# exact cases


def test_scalar_linear_maps():
    w = rs.axis("w", [-1.5, 0.0, 1e-3, 0.5, 1.0, 30.0])
    ds = linear(w, 4000)
    with np.errstate(divide="ignore"):
        rate = np.log(np.abs(w))
    for name in ("log_singular_value", "log_norm", "log_determinant"):
        np.testing.assert_allclose(ds[name].squeeze(), rate * ds.lag, rtol=1e-15, atol=ATOL)
    np.testing.assert_allclose(ds.growth_rate, rate, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(ds.memory_length, [np.inf, 0.0, 1 / np.log(1e3), 1 / np.log(2), np.inf, np.inf], rtol=1e-13)
    assert ds.regime.values.tolist() == [2, 0, 0, 0, 1, 2]
    assert ds.log_singular_value[1, :, 0].values.tolist() == [-np.inf] * 4000


def test_scaled_rotations_have_one_rate():
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    g = rs.axis("g", [1e-4, 0.9, 1.0, 1.1, 1e3])
    ds = linear(g * xr.DataArray(rotation, dims=("unit", "unit_from")), 2000)
    exact = np.log(g) * ds.lag * xr.ones_like(ds.mode)
    np.testing.assert_allclose(ds.log_singular_value, exact.transpose("g", "lag", "mode"), rtol=1e-13, atol=ATOL)
    np.testing.assert_allclose(ds.log_determinant, 6 * exact[..., 0], rtol=1e-13, atol=ATOL)
    np.testing.assert_allclose(ds.log_norm, exact[..., 0] + np.log(6) / 2, rtol=1e-13, atol=ATOL)
    np.testing.assert_allclose(ds.growth_rate, np.log(g), rtol=1e-12, atol=1e-13)
    assert ds.regime.values.tolist() == [0, 0, 1, 2, 2]


def test_a_shear_grows_before_it_vanishes():
    ds = linear(SHEAR, 300)
    for lag, entry in {1: 100.0, 2: 140.0, 3: 151.0, 4: 148.4, 10: 86.9254694, 100: 0.00664034972}.items():  # references.md §3
        power = np.linalg.matrix_power(SHEAR, lag)
        np.testing.assert_allclose(power[0, 1], entry, rtol=1e-9)
        one = ds.sel(lag=lag)
        np.testing.assert_allclose(np.exp(2 * one.log_norm), (power**2).sum(), rtol=1e-11)
        np.testing.assert_allclose(one.log_determinant, lag * np.log(0.45), rtol=1e-13)
        np.testing.assert_allclose(one.log_singular_value.sum(), lag * np.log(0.45), atol=ATOL)
    top = ds.log_singular_value.isel(mode=0)
    assert top.max() == top.sel(lag=3) and ds.regime == 0
    np.testing.assert_allclose(ds.growth_rate, np.log(0.9), rtol=1e-6)
    assert 50 < ds.memory_length < 100 and top.sel(lag=int(ds.memory_length)) > -1 > top.sel(lag=int(ds.memory_length) + 1)


def test_scalar_networks_sum_their_slopes():
    net = random_family(activation="tanh", scale=3.0)
    inputs = np.random.default_rng(0).normal(size=(3, 40))
    ds = rs.propagation(net, inputs)
    a = rs.simulate(net, inputs, keep="preactivation").preactivation.isel(step=slice(1, None))
    with np.errstate(over="ignore"):
        factor = (1 - net["leak"]) + net["leak"] * net["w_rec"] / np.cosh(a) ** 2
    exact = np.log(np.abs(factor))[..., ::-1].cumsum("step").transpose(*ds.log_norm.dims[:-1], "step")
    np.testing.assert_allclose(ds.log_norm, exact, rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(ds.log_singular_value[..., 0], ds.log_norm)


# against numbers of any length


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_products_of_matrices_in_400_digits(size):
    matrices = np.random.default_rng(size).normal(size=(50, size, size))
    values, determinants = products(matrices)
    for lag in (1, 2, 3, 20, 50):
        exact = reference_propagation.log_singular_values(matrices[:lag])
        np.testing.assert_allclose(values[lag - 1], exact, atol=1e-12)
        np.testing.assert_allclose(determinants[lag - 1], exact.sum(), atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_products_far_outside_the_range_of_floats(size):
    """Rows from 1e-100 to 1e100: after 60 of them, modes from about e^-10000 to e^10000."""
    rng = np.random.default_rng(size)
    matrices = 10.0 ** rng.uniform(-100, 100, size=(60, size, 1)) * rng.normal(size=(size, size))
    values, determinants = products(matrices)
    for lag in (7, 60):
        exact = reference_propagation.far_log_singular_values(matrices[:lag])
        np.testing.assert_allclose(values[lag - 1], exact, rtol=1e-13, atol=ATOL)
        np.testing.assert_allclose(determinants[lag - 1], exact.sum(), atol=ATOL)
    assert values[-1].max() - values[-1].min() > 3000


@pytest.mark.parametrize(
    ("cell", "units", "steps", "gain"), [("Elman", 4, 50, 1.2), ("GRU", 3, 20, 3.0), ("LSTM", 2, 20, 3.0), ("LSTM", 3, 4, 1.0)]
)
def test_networks_in_400_digits(cell, units, steps, gain):
    found = numbers(cell, units, gain=gain)
    inputs = np.random.default_rng(3).normal(size=(steps, 2))
    net = getattr(rs, cell)(**found)
    ds = rs.propagation(net, inputs)
    assert ds.sizes["mode"] == units * (1 + (cell == "LSTM"))
    jacobians = reference_propagation.jacobians(cell, found, np.zeros(ds.sizes["mode"]), inputs)
    for lag in (1, 2, steps // 2, steps):
        one, exact = ds.sel(lag=lag), reference_propagation.log_singular_values(jacobians[:lag])
        np.testing.assert_allclose(one.log_singular_value, exact, atol=1e-9)
        np.testing.assert_allclose(one.log_singular_value[0], exact[0], atol=ATOL)
        np.testing.assert_allclose(one.log_determinant, exact.sum(), atol=ATOL)


def test_saturated_units_keep_all_modes():
    """Slopes from 1 to 1e-30 within one Jacobian."""
    rng = np.random.default_rng(1)
    w, bias = rng.normal(size=(4, 4)), np.array([0.0, 12.0, 25.0, 35.0])
    ds = rs.propagation(rs.Elman(np.zeros((4, 1)), w, bias), np.zeros((12, 1)))
    h = rs.simulate(rs.Elman(np.zeros((4, 1)), w, bias), np.zeros((12, 1)), keep="preactivation").preactivation.values[1:]
    jacobians = (1 / np.cosh(h[::-1]) ** 2)[:, :, None] * w
    exact = reference_propagation.far_log_singular_values(jacobians)
    assert exact[0] - exact[-1] > 300
    np.testing.assert_allclose(ds.log_singular_value[-1], exact, atol=1e-9)
    np.testing.assert_allclose(ds.log_determinant[-1], exact.sum(), atol=ATOL)


# modes that are 0


def test_units_that_are_off_leave_modes_of_zero():
    rng = np.random.default_rng(4)
    found = {"w_rec": rng.normal(size=(5, 5)) / 2, "w_in": np.eye(5)}
    inputs = rng.normal(size=(8, 5)) * 2
    ds = rs.propagation(rs.Elman(**found, activation="relu"), inputs)
    on = rs.simulate(rs.Elman(**found, activation="relu"), inputs).state.values[1:] > 0
    jacobians = (on[::-1, :, None] * found["w_rec"]).astype(float)
    assert 0 < on.sum(axis=1).min() < on.sum(axis=1).max()
    for lag in range(1, 9):
        exact = reference_propagation.log_singular_values(jacobians[:lag])
        np.testing.assert_allclose(ds.log_singular_value.sel(lag=lag), exact, atol=1e-9)
        assert np.isneginf(ds.log_determinant.sel(lag=lag)) == (not on[-lag:].all())
    assert np.isneginf(ds.log_singular_value[-1]).any() and np.isfinite(ds.log_singular_value[-1]).any()


def test_matrices_of_low_rank_leave_modes_of_zero():
    rng = np.random.default_rng(5)
    m, n = rng.normal(size=(2, 6, 2))
    ds = linear(m @ n.T, 30)
    inner = n.T @ m
    exact = np.log(np.linalg.svd(m @ np.linalg.matrix_power(inner, 29) @ n.T, compute_uv=False)[:2])
    np.testing.assert_allclose(ds.log_singular_value[-1, :2], exact, atol=1e-9)
    assert np.isneginf(ds.log_singular_value[:, 2:]).all() and np.isneginf(ds.log_determinant).all()


def test_a_dead_network_has_no_memory():
    ds = rs.propagation(rs.Elman(1.0, 1.5, activation="relu"), [-1.0, -1.0, -1.0], targets=-1.0)
    assert np.isneginf(ds.log_singular_value).all() and np.isneginf(ds.log_norm).all() and np.isneginf(ds.growth_rate)
    assert ds.regime == 0 and ds.memory_length == 0.0
    np.testing.assert_array_equal(ds.log_grad_norm, [-np.inf] * 3 + [np.log(2)])


# other ways to the same


def of_final_state(cell, found, inputs):
    """The derivative of the final (h, c) by the start, by the complex step."""
    units = found["w_rec"].shape[-1]
    size = units * (1 + (cell == "LSTM"))
    J = np.empty((size, size))
    for j in range(size):
        start = np.zeros(size, complex)
        start[j] = 1e-30j
        starts = dict(zip(("h0", "c0"), start.reshape(-1, units), strict=False))
        run = reference_networks.run([{"cell": cell, **found, **starts}], inputs[None])
        ends = [run.states[0][0, -1], *([run.cell_states[0][0, -1]] if cell == "LSTM" else [])]
        J[:, j] = np.imag(np.concatenate(ends)) / 1e-30
    return J


@pytest.mark.parametrize("cell", ["Elman", "GRU", "LSTM"])
def test_the_last_lag_is_the_complex_step(cell):
    found, inputs = numbers(cell, 4, seed=1), np.random.default_rng(2).normal(size=(6, 2))
    J = of_final_state(cell, found, inputs)
    ds = rs.propagation(getattr(rs, cell)(**found), inputs).isel(lag=-1)
    singular = np.linalg.svd(J, compute_uv=False)
    np.testing.assert_allclose(np.exp(ds.log_singular_value), singular, atol=1e-13 * singular[0])
    np.testing.assert_allclose(ds.log_norm, np.log(np.linalg.norm(J)), atol=1e-12)


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("leak", [1.0, 0.4])
def test_gradient_norms_are_those_of_backprop(leak, every):
    found, rng = numbers("Elman", 3), np.random.default_rng(6)
    targets = rng.normal(size=(4, 6, 3)) if every else rng.normal(size=(4, 3))
    targets[0, ..., 0] = np.nan
    net = rs.Elman(**found, leak=rs.axis("leak", [leak, 1.0]), h0=rng.normal(size=(4, 3)))
    inputs = rng.normal(size=(4, 6, 2))
    ds = rs.propagation(net, inputs, targets=targets, keep="log_grad_norm")
    exact = np.sqrt((rs.backprop(net, inputs, targets, keep="grad_state").grad_state ** 2).sum("unit"))
    np.testing.assert_allclose(np.exp(ds.log_grad_norm), exact, rtol=1e-12)
    assert ds.log_grad_norm.dims == ("leak", "sample", "step")


def test_gradient_norms_of_classes_under_a_readout():
    rng = np.random.default_rng(7)
    net = rs.Elman(**numbers("Elman", 4), readout=rs.Readout(rng.normal(size=(3, 4)), rng.normal(size=3)))
    inputs, targets = rng.normal(size=(5, 6, 2)), rng.integers(-1, 3, size=(5, 6))
    ds = rs.propagation(net, inputs, targets=targets, loss="cross_entropy")
    exact = rs.backprop(net, inputs, targets, loss="cross_entropy", keep="grad_state").grad_state
    np.testing.assert_allclose(np.exp(ds.log_grad_norm), np.sqrt((exact**2).sum("unit")), rtol=1e-11)


NETS = {
    "GRU": lambda: rs.GRU(**numbers("GRU", 3), readout=rs.Readout(np.ones((2, 3)))),
    "LSTM": lambda: rs.LSTM(**numbers("LSTM", 3)),
    "stack": lambda: rs.Stack(
        [rs.LSTM(**numbers("LSTM", 2)), rs.GRU(**numbers("GRU", 3, 2, 1)), rs.Elman(**numbers("Elman", 2, 3, 2))]
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_gradients_by_a_whole_state_are_those_by_starts_of_the_rest(name):
    """∂cost/∂(h, c) of all layers at step k: start there, and differentiate by the starts."""
    net, rng = NETS[name](), np.random.default_rng(8)
    inputs, target = rng.normal(size=(6, 2)), rng.normal(size=net.outputs)
    ds = rs.propagation(net, inputs, targets=target)
    kept = [f"{what}{suffix}" for suffix, layer in net.levels for what in ("state", "cell_state")[: len(layer.STARTS)]]
    states = rs.simulate(net, inputs, keep=kept)
    for k in range(6):
        starts = dict(zip(net.starts, (states[what][k].values for what in kept), strict=True))
        rest = rs.backprop(net.replace(**starts), inputs[k:], target)
        square = sum(float((rest[f"grad_{start}"] ** 2).sum()) for start in net.starts)
        np.testing.assert_allclose(np.exp(ds.log_grad_norm[k]), np.sqrt(square), rtol=1e-11)


def test_gradients_are_followed_where_floats_end():
    w = rs.axis("w", [-0.01, 50.0])
    ds = rs.propagation(rs.Elman(0.0, w, h0=1e-300, activation="linear"), np.zeros(150), targets=0.25)
    error = np.log(np.abs(1e-300 * np.array([0.0, 50.0**150 / 1e200]) * 1e200 * 2 - 0.5))
    exact = error[:, None] + np.log(np.abs(w.values))[:, None] * (150 - np.arange(151))
    np.testing.assert_allclose(ds.log_grad_norm, exact, rtol=1e-13, atol=ATOL)
    assert ds.log_grad_norm.min() < -690 and np.isfinite(ds.log_grad_norm).all()


def test_gradients_of_early_and_late_targets_of_any_size_add_up():
    """A gradient that has grown beyond all bounds meets a new target of size 1, and one that has vanished likewise."""
    for w in (1e-5, 1e5):
        targets = np.full(200, np.nan)
        targets[[99, 199]] = -0.5
        ds = rs.propagation(rs.Elman(0.0, w, activation="linear"), np.zeros(200), targets=targets)
        late = np.log(0.5) + np.log(w) * (200 - np.arange(201))
        early = np.log(0.5) + np.log(w) * (100 - np.arange(201))
        exact = np.where(np.arange(201) > 100, late, np.logaddexp(late, early))
        np.testing.assert_allclose(ds.log_grad_norm, exact, rtol=1e-14, atol=ATOL)


# laws


def network(cell, seed=0, **options):
    net = getattr(rs, cell).random(5, 2, gain=rs.axis("gain", [0.5, 1.5, 4.0]), seed=rs.axis("seed", [seed, seed + 1]), **options)
    return net, np.random.default_rng(seed).normal(size=(2, 12, 2))


@pytest.mark.parametrize("cell", ["Elman", "GRU", "LSTM"])
def test_products_are_no_larger_than_the_products_of_norms(cell):
    net, inputs = network(cell)
    whole = rs.propagation(net, inputs, lags=12).isel(lag=0, drop=True)
    late = rs.propagation(net, inputs, lags=5).isel(lag=0, drop=True)
    early = rs.propagation(net, inputs[:, :7], lags=7).isel(lag=0, drop=True)
    for bound, mode in ((1, 0), (-1, -1)):
        both = late.log_singular_value[..., mode] + early.log_singular_value[..., mode]
        assert (bound * whole.log_singular_value[..., mode] <= bound * both + 1e-9).all()
    xr.testing.assert_allclose(whole.log_determinant, late.log_determinant + early.log_determinant, rtol=1e-12)
    assert (whole.log_singular_value[..., 0] < late.log_singular_value[..., 0] + early.log_singular_value[..., 0] - 1e-3).all()


@pytest.mark.parametrize("cell", ["Elman", "GRU", "LSTM"])
def test_modes_norms_and_determinants_agree(cell):
    net, inputs = network(cell)
    ds = rs.propagation(net, inputs)
    values = ds.log_singular_value
    assert (values.diff("mode") <= 0).all()
    xr.testing.assert_allclose(values.sum("mode"), ds.log_determinant, atol=1e-8)
    xr.testing.assert_allclose(np.log((np.exp(values) ** 2).sum("mode")) / 2, ds.log_norm, atol=1e-12)


@pytest.mark.parametrize("cell", ["Elman", "LSTM"])
def test_bits_do_not_depend_on_threads_blocks_or_company(cell):
    net, inputs = network(cell)
    targets = np.zeros((2, 5))
    whole = rs.propagation(net, inputs, targets=targets)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 4}):
        with thread_state.settings(**setting):
            identical(whole, rs.propagation(net, inputs, targets=targets))
    for where in ({"gain": 2, "seed": 1}, {"gain": 0}):
        identical(whole.isel(where), rs.propagation(net.isel(**where), inputs, targets=targets))


def test_lags_can_be_chosen():
    net, inputs = network("Elman")
    whole = rs.propagation(net, inputs)
    some = rs.propagation(net, inputs, lags=[1, 4, 12])
    for name in ("log_singular_value", "log_norm", "log_determinant"):
        xr.testing.assert_identical(some[name], whole[name].sel(lag=[1, 4, 12]))
    assert rs.propagation(net, inputs, lags=3).lag.values.tolist() == [3]
    with_mean = rs.propagation(net, inputs, lags=np.array([12]), keep="growth_rate").growth_rate
    np.testing.assert_allclose(with_mean, whole.log_singular_value.sel(lag=12, mode=0) / 12, rtol=1e-14)


def test_samples_axes_of_inputs_and_starts():
    rng = np.random.default_rng(9)
    drive = xr.DataArray(rng.normal(size=(2, 3, 7, 2)), dims=("drive", "sample", "step", "input"))
    starts = xr.DataArray(rng.normal(size=(3, 4)), dims=("sample", "unit"))
    net = rs.Elman(
        **numbers("Elman", 4), bias=rs.axis("b", [0.1, -0.2]), h0=starts, leak=xr.DataArray([0.2, 0.4, 0.6, 1.0], dims="unit")
    )
    ds = rs.propagation(net, drive)
    assert ds.log_singular_value.dims == ("b", "drive", "sample", "lag", "mode") and ds.regime.dims == ("b", "drive", "sample")
    assert ds.recurrent_norm.dims == ("b", "drive") and ds.diverged_at.dims == ("b", "drive")
    one = rs.propagation(net.isel(b=1).replace(h0=starts[2]), drive[0, 2])
    for name in ("log_singular_value", "memory_length", "growth_rate"):
        np.testing.assert_array_equal(ds[name].isel(b=1, drive=0, sample=2), one[name])


def test_tokens_and_scalar_gated_networks():
    table = np.random.default_rng(10).normal(size=(5, 2))
    tokens = np.array([[0, 3, 1, 4], [2, 2, 0, 1]])
    layer = rs.GRU(**numbers("GRU", 3))
    words = rs.propagation(rs.Stack([rs.Embedding(table), layer]), tokens)
    identical(words, rs.propagation(layer, table[tokens]))
    gates = {"w_in": np.array([0.3, -0.2, 0.5]), "w_rec": np.array([0.1, 0.6, -0.7])}
    one = rs.GRU(**{name: value[:, None, None] for name, value in gates.items()})
    identical(rs.propagation(rs.GRU(**gates), np.ones(5)), rs.propagation(one, np.ones((5, 1))))


def test_an_activation_of_ones_own_has_no_condition():
    phi = rs.Activation(lambda a: a * a, lambda a: 2.0 * a)
    ds = rs.propagation(rs.Elman(1.0, 0.5, activation=phi), [0.5, 1.0])
    np.testing.assert_allclose(ds.log_norm, np.cumsum(np.log([2 * (0.5 * 0.25 + 1.0) * 0.5, 2 * 0.5 * 0.5])), rtol=1e-14)
    assert "recurrent_norm" not in ds


def test_what_diverges_stays_in_its_point():
    w = xr.DataArray(np.stack([np.eye(3), np.eye(3) * 1e200, np.eye(3) * np.nan]), dims=("g", "unit", "unit_from"))
    net = rs.Elman(np.ones((3, 1)), w, activation="relu")
    ds = rs.propagation(net, np.ones((4, 1)), targets=np.zeros(3))
    np.testing.assert_array_equal(ds.diverged_at, [-1, 3, 1])
    for name in ("log_singular_value", "log_norm", "log_determinant", "growth_rate", "memory_length"):
        assert np.isfinite(ds[name][0]).all() == (name != "memory_length") and np.isnan(ds[name][1:]).all(), name
    np.testing.assert_allclose(ds.recurrent_norm, [1.0, 1e200, np.nan], rtol=1e-14)
    assert ds.regime.values.tolist() == [1, 3, 3] and ds.pascanu_condition.values.tolist() == [1, 1, 2]
    identical(ds.isel(g=[0]), rs.propagation(net.isel(g=[0]), np.ones((4, 1)), targets=np.zeros(3)))


# Pascanu, Mikolov and Bengio 2013


@pytest.mark.parametrize(
    ("activation", "threshold", "leak"), [("tanh", 1.0, 1.0), ("tanh", 1.0, 0.5), ("sigmoid", 4.0, 1.0), ("linear", 1.0, 1.0)]
)
def test_pascanus_conditions_hold(activation, threshold, leak):
    gain = rs.axis("gain", threshold * np.array([0.1, 0.45, 0.49, 0.6, 1.0, 3.0]))
    net = rs.Elman.random(8, 2, gain=gain, seed=rs.axis("seed", range(10)), activation=activation, leak=leak)
    inputs = np.random.default_rng(0).normal(size=(3, 60, 2))
    ds = rs.propagation(net, inputs)
    w_rec = net["w_rec"].transpose(*ds.recurrent_norm.dims, "unit", "unit_from").values
    np.testing.assert_allclose(ds.recurrent_norm, np.linalg.svd(w_rec, compute_uv=False)[..., 0], rtol=1e-13)
    assert (ds.norm_threshold == threshold).all()
    certain = ds.pascanu_condition == 0
    np.testing.assert_array_equal(certain, ds.recurrent_norm < threshold)
    assert 5 < certain.sum() < certain.size - 5
    bound = np.log(1 - leak + leak * ds.recurrent_norm / threshold)
    top = ds.log_singular_value.isel(mode=0)
    assert (top <= bound * ds.lag + 1e-9).all()
    assert (ds.regime.where(certain, 0) != 2).all()  # sufficient for vanishing
    assert (certain.where(ds.regime == 2, False) == 0).all()  # necessary for exploding
    if activation == "linear":
        assert (ds.regime == 2).any()
    else:
        assert (ds.regime.where(~certain, 1) == 0).any()  # not necessary for vanishing


def test_variables_carry_their_meaning(tmp_path):
    net, inputs = network("Elman")
    ds = rs.propagation(net, inputs, targets=np.zeros((2, 5)))
    assert set(ds.data_vars) == {*PROPAGATED, "diverged_at"}
    for name, flags in {
        "regime": "vanishing stable exploding undefined",
        "pascanu_condition": "vanishing exploding_possible undefined",
    }.items():
        assert ds[name].attrs["flag_meanings"] == flags and ds[name].attrs["flag_values"].dtype == ds[name].dtype
        assert len(ds[name].attrs["flag_values"]) == len(flags.split())
    rs.save(ds, tmp_path / "propagation.nc")
    with rs.open(tmp_path / "propagation.nc") as back:
        xr.testing.assert_identical(back.load().assign_attrs(ds.attrs).drop_attrs(deep=False), ds.drop_attrs(deep=False))
    kept = rs.propagation(net, inputs, keep=("regime", "memory_length"))
    assert set(kept.data_vars) == {"regime", "memory_length", "diverged_at"} and "lag" not in kept.dims


# what is refused

NET = rs.Elman(np.ones((3, 2)), np.eye(3))
X = np.ones((5, 2))
REFUSED = [
    (lambda: rs.propagation(np.eye(3), X), TypeError, "net was given an array; it needs a family of networks"),
    (lambda: rs.propagation(NET, np.ones((5, 3))), ValueError, "inputs has 3 features, but w_in takes 2"),
    (
        lambda: rs.propagation(NET, X, lags=[1, 6]),
        ValueError,
        r"lags was given as \[1, 6\]; it needs whole numbers 1…5, rising: the inputs",
    ),
    (lambda: rs.propagation(NET, X, lags=0), ValueError, "lags was given as 0; it needs whole numbers 1…5"),
    (lambda: rs.propagation(NET, X, lags=[2, 2]), ValueError, r"lags was given as \[2, 2\]; it needs whole numbers"),
    (lambda: rs.propagation(NET, X, lags=[]), ValueError, r"lags was given as \[\]; it needs whole numbers"),
    (lambda: rs.propagation(NET, X, lags=1.5), ValueError, "lags was given as 1.5; it needs whole numbers"),
    (lambda: rs.propagation(NET, X, lags="all"), ValueError, "lags was given as 'all'; it needs whole numbers"),
    (lambda: rs.propagation(NET, X, targets=np.ones(2)), ValueError, "targets has 2 outputs, but the network has 3"),
    (lambda: rs.propagation(NET, X, loss="mae"), ValueError, "loss was given as 'mae'; it needs one of mse, cross_entropy"),
    (lambda: rs.propagation(NET, X, keep="log_grad_norm"), ValueError, "keep was given 'log_grad_norm'; it needs targets"),
    (lambda: rs.propagation(NET, X, keep="spectrum"), ValueError, "keep was given 'spectrum'; it needs some of log_singular_value"),
    (
        lambda: rs.propagation(rs.GRU(**numbers("GRU", 3)), X, keep=["recurrent_norm"]),
        ValueError,
        "keep was given 'recurrent_norm'; it needs one layer of Elman's with an activation of the package's own",
    ),
    (
        lambda: rs.propagation(rs.Elman(1.0, rs.axis("regime", [0.5])), [1.0]),
        ValueError,
        "an axis was given the name 'regime', which a variable of the result has",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_what_does_not_fit_is_refused(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)
