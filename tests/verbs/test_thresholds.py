"""What happens exactly at a documented threshold, and just beside it."""

import importlib

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.kernels.fixed_points.cycle_list import stability_of
from rnnsim.verbs.attractors.uncertainty_exponent import exponents
from rnnsim.verbs.equilibria.fixed_points import FLAGS
from rnnsim.verbs.stability import gradient_measures

lyapunov = importlib.import_module("rnnsim.verbs.stability.lyapunov")  # the name in the package is the verb's

BELOW, ABOVE = np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0)


def test_a_regime_is_left_where_the_change_is_a_factor_of_e():
    rate = np.array([-ABOVE, -1.0, -BELOW, 0.0, BELOW, 1.0, ABOVE, np.nan]) / 8.0
    names = [gradient_measures.FLAGS["regime"][i] for i in gradient_measures.regime(rate, 8)]
    assert names == ["vanishing", "vanishing", "stable", "stable", "stable", "exploding", "exploding", "undefined"]


def test_pascanus_condition_holds_below_the_threshold_only():
    flags = gradient_measures.pascanu_condition(4.0 * np.array([BELOW, 1.0, ABOVE, np.nan]), 4.0)
    names = [gradient_measures.FLAGS["pascanu_condition"][i] for i in flags]
    assert names == ["vanishing", "exploding_possible", "exploding_possible", "undefined"]


@pytest.mark.parametrize("activation", gradient_measures.THRESHOLDS)
def test_a_norms_threshold_is_1_over_the_largest_slope(activation):
    rises = [rs.simulate(rs.Elman(x, 0.0, activation=activation), [1.0]).state.values[1] for x in (-0.001, 0.0, 0.001, 1.0, 1.001)]
    slope = max(np.diff(rises)[[0, 1, 3]]) / 0.001
    threshold = rs.propagation(rs.Elman(1.0, 0.5, activation=activation), [1.0]).norm_threshold
    assert threshold == pytest.approx(1.0 / slope, rel=1e-6)


def test_memory_ends_at_the_first_lag_that_has_fallen_by_e():
    lags = np.array([1, 2, 4])
    logs = np.array([[-0.5, -1.0, -3.0], [-0.5, -BELOW, -3.0], [-1.0, 0.0, -1.0], [-0.5, -0.75, -BELOW]])
    np.testing.assert_allclose(gradient_measures.memory_length(logs, lags), [2.0, 2.0, 1.0, np.inf], rtol=1e-14)


@pytest.mark.parametrize(
    ("lags", "logs", "slope"),
    [
        ([1, 2, 3, 4], [9.0, 0.0, 4.0, 7.0], 3.5),
        ([1, 2, 3, 4, 5], [9.0, 9.0, 1.0, 3.0, 5.0], 2.0),
        ([1, 2, 4], [9.0, 1.0, 5.0], 2.0),
        ([1, 4], [9.0, 7.0], 1.75),
    ],
)
def test_growth_is_the_slope_over_the_lags_from_half_of_the_longest_on(lags, logs, slope):
    assert gradient_measures.growth_rate(np.array(logs), np.array(lags)) == pytest.approx(slope, rel=1e-14)


def test_dimensions_count_a_sum_of_exactly_zero():
    exponents = np.array([[0.5, -0.5, -1.0], [0.5, -0.25, -0.5], [0.0, -1.0, -2.0], [-0.5, -1.0, -2.0]])
    np.testing.assert_array_equal(lyapunov.dimension(exponents, 3), [2.0, 2.5, 1.0, 0.0])
    np.testing.assert_array_equal(lyapunov.entropy(exponents[:, :2], 3), [0.5, 0.5, 0.0, 0.0])
    unknown = np.array([[np.nan, np.nan], [-0.5, np.nan], [0.5, np.nan]])
    assert np.isnan([lyapunov.dimension(unknown, 2), lyapunov.entropy(unknown, 2)]).all()
    assert np.isnan(lyapunov.entropy(np.array([0.5, 0.25]), 3)) and lyapunov.entropy(np.array([0.5, 0.25]), 2) == 0.75


@pytest.mark.parametrize(
    ("moduli", "name"),
    [
        ((1 - 2e-6, 0.5), "stable"),
        ((1 - 0.9e-6, 0.5), "marginal"),
        ((2.0, 1.0), "marginal"),
        ((1 + 0.9e-6, 0.5), "marginal"),
        ((1 + 2e-6, 0.5), "saddle"),
        ((2.0, 1 + 2e-6), "unstable"),
        ((2.0, np.nan), "marginal"),
    ],
)
def test_a_multiplier_within_a_millionth_of_the_unit_circle_is_marginal(moduli, name):
    angle = np.array([0.0, 2.5])
    flag = getattr(stability_of, "py_func", stability_of)(moduli * np.cos(angle), moduli * np.sin(angle))
    assert FLAGS["stability"][flag] == name


def test_a_cliff_is_exactly_as_many_times_as_steep_as_the_steeper_of_its_ends():
    """Between costs 0 and 40 one apart, with slopes of 1 and 4, and then of 4 and 1: 10 times as steep."""
    axis = {"bias": ("bias", [0.0, 1.0, 2.0])}
    surface = xr.Dataset({"cost": ("bias", [0.0, 40.0, 0.0]), "grad_bias": ("bias", [1.0, -4.0, 1.0])}, axis)
    assert rs.surfaces.cliffs(surface, factor=10.0).steepness.values.tolist() == [10.0, 10.0]
    assert rs.surfaces.cliffs(surface, factor=10.001).sizes["point"] == 0
    assert np.isinf(rs.surfaces.cliffs(surface.assign(grad_bias=0.0 * surface.grad_bias)).steepness).sum() == 2


def test_fractions_up_to_a_quarter_count_in_an_uncertainty_exponent():
    """The power law 1, ½, ¼ of a radius up to the fraction 0.25; what is above, behind the first three, is none."""
    radius = np.array([1, 2, 4, 8, 16])
    for last, counted in ((0.25, True), (0.2500001, False)):
        fractions = np.array([[0.01, 0.02, 0.04, 0.08, last]])
        slope = np.polyfit(np.log(radius[: 4 + counted]), np.log(fractions[0, : 4 + counted]), 1)[0]
        np.testing.assert_allclose(exponents(fractions, radius)[0], slope, rtol=1e-12)


def test_the_longest_period_looked_for_is_half_of_the_steps_kept():
    rotation = 2 * np.pi / np.array([8.0, 9.0])
    turn = xr.DataArray(
        [[np.cos(rotation), -np.sin(rotation)], [np.sin(rotation), np.cos(rotation)]], dims=("unit", "unit_from", "turn")
    )
    net = rs.Elman(np.zeros((2, 1)), turn, h0=np.array([1.0, 0.0]), activation="linear")
    assert rs.orbit_diagram(net, steps=16).period.values.tolist() == [8, 0]


WAVE = rs.Elman(1.0, 0.5, h0=rs.axis("start", [0.1, 0.2]))
COST = xr.Dataset(
    {"cost": ("bias", [0.0, 40.0, 0.0]), "grad_bias": ("bias", [1.0, -4.0, 1.0])}, {"bias": ("bias", [0.0, 1.0, 2.0])}
)
LEAST = np.nextafter(0.0, 1.0)
# a call, the last value that it takes, and the next one, which it refuses
ENDS = {
    "seed of the legacy generator": (lambda v: rs.tasks.counting(1, 1, seed=v), 2**32 - 1, 2**32),
    "seed of a task": (lambda v: rs.tasks.flip_flop(1, 1, seed=v), 2**63 - 1, 2**63),
    "seed of a network": (lambda v: rs.Elman.random(2, seed=v), 2**63 - 1, 2**63),
    "steps of adding": (lambda v: rs.tasks.adding(1, steps=v), 2, 1),
    "delay": (lambda v: rs.tasks.delayed_recall(1, delay=v), 0, -1),
    "least probability": (lambda v: rs.tasks.flip_flop(1, 1, probability=v), LEAST, 0.0),
    "most probability": (lambda v: rs.tasks.flip_flop(1, 1, probability=v), 1.0, ABOVE),
    "rows of windows": (lambda v: rs.tasks.windows({"a": np.arange(5.0)}, "a", "a", v), 4, 5),
    "rows ahead": (lambda v: rs.tasks.windows({"a": np.arange(5.0)}, "a", "a", 2, ahead=v), 3, 4),
    "least leak": (lambda v: rs.Elman(1.0, 0.5, leak=v), LEAST, 0.0),
    "most leak": (lambda v: rs.Elman(1.0, 0.5, leak=v), 1.0, ABOVE),
    "least density": (lambda v: rs.Elman.random(2, init="sparse", density=v), LEAST, 0.0),
    "most density": (lambda v: rs.Elman.random(2, init="sparse", density=v), 1.0, ABOVE),
    "lr": (lambda v: rs.SGD(v), 0.0, -LEAST),
    "least beta1": (lambda v: rs.Adam(beta1=v), 0.0, -LEAST),
    "most beta1": (lambda v: rs.Adam(beta1=v), BELOW, 1.0),
    "most beta2": (lambda v: rs.Adam(beta2=v), BELOW, 1.0),
    "eps": (lambda v: rs.Adam(eps=v), LEAST, 0.0),
    "alpha": (lambda v: rs.RMSprop(alpha=v), BELOW, 1.0),
    "grow": (lambda v: rs.Rprop(grow=v), 1.0, BELOW),
    "shrink": (lambda v: rs.Rprop(shrink=v), 1.0, ABOVE),
    "limit": (lambda v: rs.ClipNorm(v), 0.0, -LEAST),
    "epochs of a line": (lambda v: rs.schedules.linear(1.0, 0.0, v), 2, 1),
    "epochs of parts": (lambda v: rs.schedules.constant_by_part(1.0, 1, 0.5, v), 1, 0),
    "factor of cliffs": (lambda v: rs.surfaces.cliffs(COST, factor=v), ABOVE, 1.0),
    "steps of orbits": (lambda v: rs.orbit_diagram(WAVE, steps=v, discard=0), 2, 1),
    "longest period": (lambda v: rs.orbit_diagram(WAVE, steps=5, discard=0, max_period=v), 2, 3),
    "steps of basins": (lambda v: rs.basins(WAVE, steps=v, discard=0), 2, 1),
    "nearness": (lambda v: rs.basins(WAVE, steps=2, discard=0, nearness=v), 0.0, -LEAST),
    "exponents": (lambda v: rs.lyapunov(WAVE, steps=9, exponents=v), 1, 2),
    "discarded inputs": (lambda v: rs.lyapunov(WAVE, np.ones(5), discard=v), 4, 5),
    "shortest lag": (lambda v: rs.propagation(WAVE, np.ones(5), lags=v), 1, 0),
    "longest lag": (lambda v: rs.propagation(WAVE, np.ones(5), lags=v), 5, 6),
    "points": (lambda v: rs.fixed_points(WAVE, max_points=v), 1, 0),
    "tolerance": (lambda v: rs.fixed_points(WAVE, tolerance=v), 1e-300, 0.0),
}


@pytest.mark.parametrize(("call", "last", "next_one"), ENDS.values(), ids=ENDS)
def test_numbers_up_to_the_end_of_their_range_are_taken_and_the_next_one_is_refused(call, last, next_one):
    call(last)
    with pytest.raises((ValueError, TypeError)):
        call(next_one)
