"""What happens exactly at a documented threshold, and just beside it."""

import importlib

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim import reach
from rnnsim.fixed_points import FLAGS
from rnnsim.kernels.cycles import stability_of
from rnnsim.uncertainty import exponents

lyapunov = importlib.import_module("rnnsim.lyapunov")  # the name in the package is the verb's

BELOW, ABOVE = np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0)


def test_a_regime_is_left_where_the_change_is_a_factor_of_e():
    rate = np.array([-ABOVE, -1.0, -BELOW, 0.0, BELOW, 1.0, ABOVE, np.nan]) / 8.0
    names = [reach.FLAGS["regime"][i] for i in reach.regime(rate, 8)]
    assert names == ["vanishing", "vanishing", "stable", "stable", "stable", "exploding", "exploding", "undefined"]


def test_pascanus_condition_holds_below_the_threshold_only():
    flags = reach.pascanu_condition(4.0 * np.array([BELOW, 1.0, ABOVE, np.nan]), 4.0)
    names = [reach.FLAGS["pascanu_condition"][i] for i in flags]
    assert names == ["vanishing", "exploding_possible", "exploding_possible", "undefined"]


def test_memory_ends_at_the_first_lag_that_has_fallen_by_e():
    lags = np.array([1, 2, 4])
    logs = np.array([[-0.5, -1.0, -3.0], [-0.5, -BELOW, -3.0], [-1.0, 0.0, -1.0], [-0.5, -0.75, -BELOW]])
    np.testing.assert_allclose(reach.memory_length(logs, lags), [2.0, 2.0, 1.0, np.inf], rtol=1e-14)


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
    assert reach.growth_rate(np.array(logs), np.array(lags)) == pytest.approx(slope, rel=1e-14)


def test_dimensions_count_a_sum_of_exactly_zero():
    exponents = np.array([[0.5, -0.5, -1.0], [0.5, -0.25, -0.5], [0.0, -1.0, -2.0], [-0.5, -1.0, -2.0]])
    np.testing.assert_array_equal(lyapunov.dimension(exponents, 3), [2.0, 2.5, 1.0, 0.0])
    np.testing.assert_array_equal(lyapunov.entropy(exponents[:, :2], 3), [0.5, 0.5, 0.0, 0.0])
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
