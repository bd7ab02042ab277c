"""Costs and gradients: exact cases, plain NumPy, the complex step, and laws."""

import numpy as np
import pytest
import reference
import xarray as xr
from comparing import identical
from family_data import ACTIVATIONS, EVERYTHING, members, over, random_family, random_inputs

import rnnsim as rs
from rnnsim.numerics import thread_state

GRADIENTS = ("grad_state", "grad_preactivation", "grad_input")
TRAINABLE = ("w_in", "w_rec", "bias", "h0")


def surface(w_in, w_rec, **options):
    task = rs.tasks.counting()
    net = rs.Elman(rs.axis("w_in", w_in), rs.axis("w_rec", w_rec), activation="linear")
    return rs.backprop(net, task.inputs, task.targets, **options)


COUNTING = [
    (2, 1, 28.35, 56.7, 467.2, 10.3),
    (1, 2, 265551.15, 535908.3, 2174323.9, 884.3),
    (1, -2, 85002.75, 168858.3, -739548.9, -179.7),
    (1, 0, 21.35, -6.3, -5.7, -8.9),
    (1, 0.5, 17192463 / 1048576, -10.032979202270507, -17.425470733642578, -7.7810546875),
    (1, 1, 0, 0, 0, 0),
]


@pytest.mark.parametrize(("w_in", "w_rec", "cost", "by_w_in", "by_w_rec", "by_output"), COUNTING)
def test_the_counting_surface_at_the_six_points(w_in, w_rec, cost, by_w_in, by_w_rec, by_output):
    ds = surface([w_in], [w_rec], keep=("cost", "grad", "grad_state")).isel(w_in=0, w_rec=0)
    np.testing.assert_allclose([ds.cost, ds.grad_w_in, ds.grad_w_rec], [cost, by_w_in, by_w_rec], rtol=1e-12, atol=1e-15)
    expected = by_output * float(w_rec) ** (10 - np.arange(11))
    np.testing.assert_allclose(ds.grad_state.sum("sample"), expected, rtol=1e-12, atol=1e-14)


def test_the_counting_surface_is_its_closed_form():
    w_in, w_rec = np.linspace(-3, 3, 61), np.linspace(-3, 3, 67)
    b = np.polynomial.Polynomial([77, 67, 60, 52, 63, 41, 46, 66, 57, 38])(w_rec) / 20
    d = np.polynomial.Polynomial([14, 20, 26, 26, 35, 34, 44, 40, 61, 54, 45, 38, 37, 22, 23, 16, 17, 8, 7])(w_rec) / 20
    exact = 567 / 20 - 2 * np.outer(w_in, b) + np.outer(w_in**2, d)
    np.testing.assert_allclose(surface(w_in, w_rec, keep="cost").cost, exact, rtol=1e-11, atol=1e-11)


def test_the_published_tangent_row_of_the_tanh_map():
    ds = rs.backprop(rs.Elman(1.0, 1.5, 0.5, 2.0), np.zeros(10), 0.0, keep=("final_state", "grad"))
    by_final = 2 * ds.final_state
    found = [ds.grad_h0 / by_final, ds.grad_w_rec / by_final, ds.grad_bias / by_final]
    np.testing.assert_allclose(found, [2.32579255246803994e-11, 0.0865009459181731902, 0.0901548259383543164], rtol=1e-12)


def targets_of(kind, samples, steps, seed=5):
    rng = np.random.default_rng(seed)
    last, every = rng.normal(size=(samples, 1)), rng.normal(size=(samples, steps))
    holes = np.where(rng.random((samples, steps)) < 0.4, np.nan, every)
    return {"last": last, "every": every, "holes": holes}[kind]


@pytest.mark.parametrize("kind", ["last", "every", "holes"])
@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_member_is_what_plain_numpy_makes_of_it(activation, leaky, kind):
    net, inputs = random_family(activation=activation, leaky=leaky), random_inputs()
    targets = targets_of(kind, *inputs.shape)
    given = targets[:, 0] if kind == "last" else targets
    ds = rs.backprop(net, inputs, given, keep=("cost", "grad", *GRADIENTS))
    for where, numbers in members(net):
        member = ds.isel(where)
        np.testing.assert_allclose(member.cost, reference.cost(inputs, targets, activation=activation, **numbers), rtol=1e-12)
        found, over_steps = reference.gradients(inputs, targets, activation=activation, **numbers)
        found["h0"] = found["h0"].sum()
        for name in (*TRAINABLE, *["leak"] * leaky):
            np.testing.assert_allclose(member[f"grad_{name}"], found[name], rtol=1e-10, atol=1e-12)
        for name, exact in over_steps.items():
            np.testing.assert_allclose(member[f"grad_{name}"], exact, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid"])
@pytest.mark.parametrize("scale", [0.5, 1.5, 4.0])
def test_gradients_equal_the_complex_step(activation, scale):
    rng = np.random.default_rng(7)
    inputs, targets = rng.normal(size=(3, 12)), rng.normal(size=(3, 12))
    net = rs.Elman(
        over("m", rng.normal(size=12)),
        over("m", rng.normal(size=12) * scale),
        over("m", rng.normal(size=12)),
        over("m", rng.normal(size=12)),
        leak=over("m", rng.uniform(0.2, 1.0, 12)),
        activation=activation,
    )
    ds = rs.backprop(net, inputs, targets)
    exploding = 0
    for where, numbers in members(net):
        reach = reference.reach(inputs, activation=activation, **numbers)
        exploding += reach > 1e3
        for name in (*TRAINABLE, "leak"):
            exact = reference.complex_step(lambda **p: reference.cost(inputs, targets, activation=activation, **p), numbers, name)
            bound = 1e-12 * max(1.0, reach) * max(1.0, abs(exact))
            assert abs(ds[f"grad_{name}"].isel(where) - exact) <= bound, (where, name)
    assert exploding or scale < 4.0 or activation != "linear"


def test_one_sample_alone_gives_the_gradient_over_steps_by_perturbing_each_input():
    net, inputs = rs.Elman(0.7, 1.3, 0.1, 0.4), random_inputs(samples=1, steps=5)
    ds = rs.backprop(net, inputs, [0.3], keep="grad_input").isel(sample=0)
    for k in range(5):
        moved = inputs.astype(complex)
        moved[0, k] += 1e-30j
        exact = np.imag(reference.cost(moved, np.array([[0.3]]), 0.7, 1.3, 0.1, 0.4)) / 1e-30
        np.testing.assert_allclose(ds.grad_input[k + 1], exact, rtol=1e-12)
    assert ds.grad_input[0] == 0


def test_starts_per_sample_have_gradients_per_sample():
    starts = np.array([-0.5, 0.1, 0.9])
    inputs, targets = random_inputs(samples=3), np.array([0.1, 0.2, 0.3])
    ds = rs.backprop(rs.Elman(0.5, 1.2, h0=starts), inputs, targets)
    found, _ = reference.gradients(inputs, targets[:, None], 0.5, 1.2, 0.0, starts)
    assert ds.grad_h0.dims == ("sample",)
    np.testing.assert_allclose(ds.grad_h0, found["h0"], rtol=1e-12)
    np.testing.assert_allclose(ds.grad_w_rec, found["w_rec"], rtol=1e-12)


def test_axes_on_inputs_and_targets():
    rng = np.random.default_rng(3)
    inputs = xr.DataArray(rng.normal(size=(2, 4, 5)), dims=("drive", "sample", "step"))
    targets = xr.DataArray(rng.normal(size=(4, 3)), dims=("sample", "goal"))
    targets[1, 2] = np.nan
    net = rs.Elman(over("a", rng.normal(size=5)), 0.9)
    ds = rs.backprop(net, inputs, targets)
    assert ds.cost.dims == ("a", "drive", "goal")
    for d, g in np.ndindex(2, 3):
        identical(ds.isel(drive=d, goal=g), rs.backprop(net, inputs.isel(drive=d), targets.isel(goal=g)))
        x, t = inputs.values[d], targets.values[:, g, None]
        np.testing.assert_allclose(ds.cost[2, d, g], reference.cost(x, t, net["w_in"].values[2], 0.9), rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bits_do_not_depend_on_threads_blocks_width_or_company(activation):
    net, inputs = random_family(activation=activation), random_inputs()
    targets = targets_of("holes", *inputs.shape)
    keep = ("cost", "grad", *GRADIENTS, "final_state")
    whole = rs.backprop(net, inputs, targets, keep=keep)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"width": 8, "block": 24}):
        with thread_state.settings(**setting):
            identical(whole, rs.backprop(net, inputs, targets, keep=keep))
    for where in ({"a": 6, "b": 4, "c": 2, "d": 1}, {"a": 0, "b": 0, "c": 0, "d": 0}):
        identical(whole.isel(where), rs.backprop(net.isel(**where), inputs, targets, keep=keep))


def test_states_are_those_of_simulate_to_the_bit():
    for activation in ACTIVATIONS:
        net, inputs = random_family(activation=activation), random_inputs()
        identical(rs.simulate(net, inputs, keep=EVERYTHING), rs.backprop(net, inputs, np.zeros(4), keep=EVERYTHING))


def test_parts_are_those_of_the_whole_to_the_bit():
    net, inputs = random_family(), random_inputs()
    whole = rs.backprop(net, inputs, np.zeros(4))
    assert set(whole) == {"cost", "diverged_at", *(f"grad_{name}" for name in (*TRAINABLE, "leak"))}
    for name in whole:
        if name != "diverged_at":
            part = rs.backprop(net, inputs, np.zeros(4), keep=name)
            assert set(part) == {name, "diverged_at"}
            np.testing.assert_array_equal(part[name], whole[name])


@pytest.mark.parametrize("points", [1, 37])
def test_sums_run_over_the_steps_of_a_sample_from_the_last_one_back_and_then_over_samples(points):
    """Errors are the inputs, of 26 bits, whose squares are exact, so that rounding shows the order of the sums."""
    x = np.random.default_rng(0).integers(1, 2**26, size=(9, 70)) / 2.0**13
    net = rs.Elman(1.0, rs.axis("w_rec", np.zeros(points)), activation="linear")
    ds = rs.backprop(net, x, np.zeros_like(x), keep=("cost", "grad_w_in"))
    of_samples = [sum(row[::-1].tolist()) for row in x * x]
    total = sum(of_samples)
    assert total not in (sum((x * x).ravel().tolist()), sum(sum(row.tolist()) for row in x * x), sum(of_samples[::-1]))
    assert (ds.cost == total / x.size).all() and (ds.grad_w_in == 2 * total / x.size).all()


def test_divergence_stays_in_its_point():
    net = rs.Elman(1.0, rs.axis("w", [1.0, 1e200, 2.0, np.nan]), activation="linear")
    ds = rs.backprop(net, np.ones((2, 8)), np.ones(2))
    np.testing.assert_array_equal(ds.diverged_at, [-1, 3, -1, 1])
    assert not np.isfinite(ds.cost.sel(w=[1e200, np.nan])).any()
    identical(ds.isel(w=[0, 2]), rs.backprop(net.isel(w=[0, 2]), np.ones((2, 8)), np.ones(2)))


def test_divergence_is_seen_even_when_the_state_comes_back():
    net = rs.Elman(xr.DataArray([-np.inf, 1.0], dims="w"), 0.0, activation="relu")
    np.testing.assert_array_equal(rs.backprop(net, [-1.0, 1.0], 0.0).diverged_at, [1, -1])


def test_a_target_that_is_nan_does_not_count():
    inputs = random_inputs()
    every = np.full(inputs.shape, np.nan)
    every[:, -1] = [0.1, 0.2, 0.3, 0.4]
    net = random_family()
    identical(rs.backprop(net, inputs, every), rs.backprop(net, inputs, every[:, -1]))


def test_float32_is_float64_to_its_precision():
    net, inputs = random_family(scale=0.8), random_inputs()
    single, double = (rs.backprop(net, inputs, np.zeros(4), dtype=dtype) for dtype in ("float32", "float64"))
    for name in single:
        assert name == "diverged_at" or single[name].dtype == np.float32
        np.testing.assert_allclose(single[name], double[name], rtol=2e-3, atol=1e-5)
