"""Noise in the recurrence: against plain NumPy, exact results and laws."""

import numpy as np
import pytest
import reference_noise
import xarray as xr
from scipy.linalg import solve_discrete_lyapunov

import rnnsim as rs
from rnnsim.functions import tanh

RNG = np.random.default_rng(0)


class Noisy(rs.Cell):
    """A rate unit with adaptation and noise in its rate."""

    states = ("h", "w")
    gates = {"a": "xh"}
    numbers = {"alpha": 0.5, "sigma": 0.2}

    def step(s, a, p, xi):
        return s.h + p.alpha * (tanh(a.a - s.w) - s.h + p.sigma * xi), s.w + 0.1 * (s.h - s.w)


@pytest.mark.parametrize(("units", "samples"), [(3, 2), (3, 33), (18, 3)])
def test_states_are_those_of_numpy_in_grids_and_alone(units, samples):
    x = RNG.normal(size=(samples, 6, 2))
    net = rs.Elman.random(units, 2, leak=0.4, bias=0.1, noise=rs.axis("sigma", [0.0, 0.3]), gain=rs.axis("gain", [0.5, 1.5, 2.0]))
    grid = rs.simulate(net, x, noise_seed=rs.axis("trial", [0, 5]))
    for trial in (0, 5):
        point = {"sigma": 1, "gain": 2}
        one, xi = net.isel(**point), reference_noise.noise(trial, samples, 6, units)
        wanted = reference_noise.states(x, xi, one["w_in"].values, one["w_rec"].values, 0.1, leak=0.4, sigma=0.3)
        alone = rs.simulate(one, x, noise_seed=trial)
        np.testing.assert_allclose(alone.state, wanted, atol=1e-14)
        np.testing.assert_array_equal(grid.state.isel(point).sel(trial=trial), alone.state)
    quiet = rs.simulate(net.replace(noise=0.0), x).state  # a number 0 is no noise: then the kernels are those without
    np.testing.assert_array_equal(grid.state.isel(sigma=0, trial=0), quiet.isel(sigma=0) if "sigma" in quiet.dims else quiet)
    single = rs.simulate(net, x, noise_seed=rs.axis("trial", [0, 5]), dtype="float32")
    np.testing.assert_allclose(single.state, grid.state, atol=2e-5)
    np.testing.assert_array_equal(rs.simulate(net, x, noise_seed=None).state.isel(sigma=1), quiet)


def test_longer_runs_and_more_samples_begin_alike():
    net, x = rs.Elman.random(5, 2, noise=0.5), RNG.normal(size=(6, 700, 2))
    whole = rs.simulate(net, x).state
    np.testing.assert_array_equal(rs.simulate(net, x[:4, :10]).state, whole[:4, :11])


def test_layers_of_a_stack_have_noise_of_their_own():
    layers = [rs.Elman(np.zeros((4, 1)), np.zeros((4, 4)), noise=1.0, activation="linear") for _ in range(2)]
    stack = rs.Stack([layers[0], rs.Elman(np.zeros((4, 4)), np.zeros((4, 4)), noise=1.0, activation="linear")])
    found = rs.simulate(stack, np.zeros((2, 5, 1)), keep=("state_0", "state_1"), noise_seed=7)
    for layer in range(2):
        np.testing.assert_allclose(found[f"state_{layer}"][:, 1:], reference_noise.noise(7, 2, 5, 4, layer), atol=1e-14)
    np.testing.assert_array_equal(rs.simulate(stack.replace(noise_0=0.0), np.zeros((2, 5, 1)), noise_seed=7).state, found.state_1)


def test_gradients_are_those_of_complex_steps():
    x, y = RNG.normal(size=(3, 5, 2)), RNG.normal(size=(3, 5, 4))
    net = rs.Elman.random(4, 2, gain=1.3, leak=0.6, noise=RNG.uniform(0.1, 0.5, 4), bias="gaussian", h0="gaussian")
    found, xi = rs.backprop(net, x, y, noise_seed=2), reference_noise.noise(2, 3, 5, 4)
    given = {name: net[name].values for name in ("w_in", "w_rec", "bias", "h0")} | {
        "leak": np.full(4, 0.6),
        "sigma": net["noise"].values,
    }
    for name, values in given.items():
        wanted = np.zeros(values.shape)
        for at in np.ndindex(values.shape):
            moved = values.astype(complex)
            moved[at] += 1e-30j
            h = reference_noise.states(x, xi, **{**given, name: moved})
            wanted[at] = np.mean((h[:, 1:] - y) ** 2).imag / 1e-30
        np.testing.assert_allclose(found[f"grad_{'noise' if name == 'sigma' else name}"], wanted, atol=1e-15)


@pytest.mark.parametrize("batch_size", [None, 2])
def test_every_epoch_of_training_has_noise_of_its_own(batch_size):
    x, y, held = RNG.normal(size=(3, 4, 2)), RNG.normal(size=(3, 4)), RNG.normal(size=(2, 4, 2))
    net = rs.Elman.random(3, 2, noise=0.4, readout=rs.Readout(RNG.normal(size=(1, 3))))
    y, told = (
        y[..., None],
        {"optimizer": rs.SGD(0.1), "batch_size": batch_size, "train": "w_rec", "noise_seed": 4, "progress": False},
    )
    run = rs.train(net, x, y, epochs=4, validation=(held, np.zeros((2, 4, 1))), **told)
    w_out = net["w_out"].values

    def outputs(x, w_rec, epoch, validation=0):
        xi = reference_noise.noise(4, *x.shape[:2], 3, 0, epoch, validation)
        return reference_noise.states(x, xi, net["w_in"].values, w_rec, sigma=0.4)[:, 1:] @ w_out.T

    w = net["w_rec"].values
    for epoch in range(5):
        np.testing.assert_allclose(run.w_rec[epoch], w, atol=1e-13)
        np.testing.assert_allclose(run.cost[epoch], np.mean((outputs(x, w, epoch) - y) ** 2), atol=1e-13)
        np.testing.assert_allclose(run.validation_cost[epoch], np.mean(outputs(held, w, epoch, 1) ** 2), atol=1e-13)
        for first in range(0, 3, batch_size or 3):
            batch, gradient = slice(first, first + (batch_size or 3)), np.zeros((3, 3))
            for at in np.ndindex(3, 3):
                moved = w.astype(complex)
                moved[at] += 1e-30j
                gradient[at] = np.mean((outputs(x, moved, epoch)[batch] - y[batch]) ** 2).imag / 1e-30
            w = w - 0.1 * gradient
    half = rs.train(net, x, y, epochs=2, validation=(held, np.zeros((2, 4, 1))), **told)
    on = rs.train(net, x, y, epochs=2, validation=(held, np.zeros((2, 4, 1))), resume=half, **told)
    np.testing.assert_array_equal(on.w_rec, run.w_rec)
    with pytest.raises(ValueError, match="another noise_seed"):
        rs.train(net, x, y, epochs=2, validation=(held, np.zeros((2, 4, 1))), resume=half, **told | {"noise_seed": 5})


def test_sweeps_over_seeds_are_the_call_itself():
    net, x = rs.Elman.random(4, 1, noise=0.3, gain=rs.axis("gain", [0.5, 1.0, 1.5])), RNG.normal(size=(2, 5, 1))
    seeds = rs.axis("trial", range(40))
    direct = rs.simulate(net, x, noise_seed=seeds)
    swept = rs.sweep(rs.simulate, net, x, noise_seed=seeds, memory="20kB", progress=False)
    xr.testing.assert_identical(swept.drop_attrs(deep=False), direct.drop_attrs(deep=False))


def test_linear_networks_have_the_covariance_of_the_lyapunov_equation():
    w = 0.7 * RNG.normal(size=(4, 4)) / 2
    net = rs.Elman(np.zeros((4, 1)), w, noise=0.5, activation="linear")
    h = rs.simulate(net, np.zeros((4000, 60, 1)), keep="final_state").final_state.values
    wanted = solve_discrete_lyapunov(w, 0.25 * np.eye(4))
    error = np.sqrt((np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / len(h))
    assert (abs(h.T @ h / len(h) - wanted) < 4 * error).all()


def test_leaky_units_have_the_variance_of_their_equation():
    alpha, sigma = 0.2, 0.05
    net = rs.Elman(np.zeros((8, 1)), np.zeros((8, 8)), leak=alpha, noise=np.sqrt(2 / alpha) * sigma, activation="linear")
    h = rs.simulate(net, np.zeros((500, 100, 1)), keep="final_state").final_state.values
    np.testing.assert_allclose(h.var(), 2 * sigma**2 / (2 - alpha), rtol=4 * np.sqrt(2 / h.size))


def test_common_noise_ends_chaos_where_mean_field_says():
    net = rs.Elman.random(600, 1, gain=2.0, h0="gaussian", noise=rs.axis("sigma", [0.5, 1.6]))
    found = rs.lyapunov(net, steps=400, discard=50, exponents=1, keep="lyapunov_exponent").lyapunov_exponent.isel(exponent=0)
    np.testing.assert_allclose(found[0], 0.120385458, atol=0.02)
    assert found[1] < -0.02


def test_scalar_networks_and_exponents_of_linear_ones():
    net = rs.Elman(0.3, rs.axis("w", [0.5, 0.9]), noise=0.2, h0=0.1)
    x = RNG.normal(size=(2, 6))
    xi = reference_noise.noise(0, 2, 6, 1)
    wanted = reference_noise.states(x[..., None], xi, np.array([[0.3]]), np.array([[0.9]]), h0=0.1, sigma=0.2)
    np.testing.assert_allclose(rs.simulate(net, x).state.isel(w=1), wanted[..., 0], atol=1e-15)
    linear = rs.Elman(0.0, rs.axis("w", [0.5, 0.9]), noise=0.2, activation="linear")
    exponents = rs.lyapunov(linear, steps=50, noise_seed=rs.axis("trial", [0, 1])).lyapunov_exponent
    np.testing.assert_allclose(exponents.transpose("w", ...).values.reshape(2, -1), np.log([[0.5] * 2, [0.9] * 2]), rtol=1e-13)


def test_maps_are_those_of_the_network_without_noise():
    sigma, x = rs.axis("sigma", [0.0, 0.3]), RNG.normal(size=(2, 4, 1))
    scalar = rs.Elman(0.0, 1.5, 0.1, leak=0.5)
    units = rs.Elman.random(3, 1, gain=2.0, leak=0.5, activation="relu")
    for net in (scalar, units):
        found = [rs.fixed_points(each) for each in (net, net.replace(noise=sigma))]
        for name in ("state", "point_count", "undecided"):
            np.testing.assert_array_equal(found[1][name].isel(sigma=1), found[0][name])
    grown = [rs.propagation(each, x, keep="log_singular_value").log_singular_value for each in (units, units.replace(noise=sigma))]
    np.testing.assert_array_equal(grown[1].isel(sigma=1), grown[0])
    line = scalar.replace(bias=rs.axis("bias", [-1.0, 1.0]))
    folds = [rs.bifurcations(each, along="bias").bias for each in (line, line.replace(noise=0.2))]
    np.testing.assert_array_equal(folds[1], folds[0])


def test_cells_of_a_users_own_may_have_noise():
    assert float(rs.check_cell(Noisy).error.max()) < 1e-13
    net, x = Noisy.random(5, 2, sigma=rs.axis("sigma", [0.0, 0.4])), RNG.normal(size=(2, 5, 2))
    xi, (h, w) = reference_noise.noise(9, 2, 5, 5), np.zeros((2, 2, 5))
    for k in range(5):
        a = x[:, k] @ net["w_in"].values.T + h @ net["w_rec"].values.T
        h, w = h + 0.5 * (np.tanh(a - w) - h + 0.4 * xi[:, k]), w + 0.1 * (h - w)
    found = rs.simulate(net, x, keep=("final_state", "final_w_state"), noise_seed=9).isel(sigma=1)
    np.testing.assert_allclose(found.final_state, h, atol=1e-15)
    np.testing.assert_allclose(found.final_w_state, w, atol=1e-15)
    silent = rs.fixed_points(net, [0.1, 0.2], starts=8)  # of the network without its noise
    np.testing.assert_array_equal(silent.state.isel(sigma=0), silent.state.isel(sigma=1))


def test_wrong_seeds_and_steps_are_told():
    net, x = rs.Elman.random(4, 2, noise=0.1), np.zeros((3, 2))
    for seed in (-1, 0.5, "a", rs.axis("trial", [0.5])):
        with pytest.raises(ValueError, match="noise_seed was given as"):
            rs.simulate(net, x, noise_seed=seed)
    with pytest.raises(ValueError, match=r"noise_seed was given the axis 'trial', but the network has no noise"):
        rs.simulate(rs.Elman.random(4, 2), x, noise_seed=rs.axis("trial", [0, 1]))
    with pytest.raises(ValueError, match="does not read xi"):
        type("Deaf", (rs.Cell,), {"states": ("h",), "gates": {"a": "xh"}, "step": lambda s, a, p, xi: tanh(a.a)})
    with pytest.raises(TypeError, match=r"def step\(s, a, p, xi\)"):
        type("More", (rs.Cell,), {"states": ("h",), "gates": {"a": "xh"}, "step": lambda s, a, p, xi, more: tanh(a.a)})
