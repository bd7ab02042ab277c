"""Dale's law: bounds by the sender, and random networks within them."""

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.families.random import initializers
from rnnsim.families.random.initializers import spectral_radii


@pytest.mark.parametrize("excitatory", [0.5, 0.8])
@pytest.mark.parametrize(("gates", "units"), [(1, 8), (1, 50), (3, 11)])
def test_rows_are_in_balance_and_columns_have_one_sign(gates, units, excitatory):
    matrices = initializers.recurrent("dale", np.arange(5), gates, units, excitatory=excitatory).reshape(-1, units, units)
    first = round(excitatory * units)
    off = ~np.eye(units, dtype=bool)
    assert (matrices[:, :, :first][:, off[:, :first]] > 0).all()
    assert (matrices[:, :, first:][:, off[:, first:]] < 0).all()
    assert (matrices[:, ~off] == 0).all()
    np.testing.assert_allclose(matrices.sum(axis=-1), 0, atol=1e-14)
    np.testing.assert_allclose(spectral_radii(matrices), 1, rtol=1e-12)


def test_sizes_are_of_a_gamma_distribution_of_shape_two():
    """Of sizes with shape 2, the mean square is 3/2 of the squared mean; one scale serves all excitatory weights."""
    matrix = initializers.recurrent("dale", 3, 1, 400)[0]
    sizes = matrix[:, :320][~np.eye(400, dtype=bool)[:, :320]]
    assert np.mean(sizes**2) / np.mean(sizes) ** 2 == pytest.approx(1.5, rel=0.02)


def test_of_few_units_one_of_each_kind_is_left():
    assert [initializers.excitatory_units(units, 0.8) for units in (2, 3, 4, 5, 8)] == [1, 2, 3, 4, 6]
    assert initializers.excitatory_units(10, 0.01) == 1
    alone = initializers.recurrent("dale", 0, 1, 6)[0]  # whose one inhibitory unit gets no inhibition
    np.testing.assert_allclose(alone[:5].sum(axis=-1), 0, atol=1e-14)
    assert alone[5].sum() > 0


@pytest.mark.parametrize("self_connections", [True, False])
def test_random_networks_start_within_the_bounds_and_stay_there(self_connections):
    net = rs.Elman.random(10, 2, init="dale", excitatory=0.7, gain=rs.axis("gain", [0.5, 1.5]), seed=rs.axis("seed", [0, 1]))
    rng = np.random.default_rng(0)
    bounds = {"w_rec": rs.dale(10, 0.7, self_connections=self_connections)}
    targets = rng.normal(size=(4, 6, 10))
    run = rs.train(net, rng.normal(size=(4, 6, 2)), targets, optimizer=rs.Adam(0.1), epochs=20, bounds=bounds, progress=False)
    last = run.w_rec.isel(epoch=-1)
    assert (last.isel(unit_from=slice(0, 7)) >= 0).all()
    assert (last.isel(unit_from=slice(7, None)) <= 0).all()
    diagonal = last.isel(unit=xr.DataArray(range(10), dims="i"), unit_from=xr.DataArray(range(10), dims="i"))
    assert (diagonal != 0).any() == self_connections
    assert (last == 0).any()


def test_layers_of_a_stack_take_the_same_bounds():
    net = rs.Stack([rs.Elman.random(3, 2, seed=0), rs.Elman.random(5, 3, seed=0, init="dale")])
    targets = np.ones((2, 4, 5))
    bounds = {"w_rec_1": rs.dale(5)}
    run = rs.train(net, np.ones((2, 4, 2)), targets, optimizer=rs.Adam(0.3), epochs=5, bounds=bounds, progress=False)
    assert (run.w_rec_1.isel(unit_from_1=slice(0, 4)) >= 0).all()
    assert (run.w_rec_1.isel(unit_from_1=4) <= 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rs.dale(1), "units was given as 1; it needs a whole number of 2 or more"),
        (lambda: rs.dale(4, 0.0), "excitatory was given as 0.0; it needs a number above 0 and up to 1"),
        (lambda: rs.dale(4, 1.0), "excitatory was given as 1.0; it needs a number below 1, since some units inhibit"),
        (lambda: rs.Elman.random(4, init="dale", excitatory=1), "excitatory was given as 1; it needs a number below 1"),
        (
            lambda: rs.Elman.random(1, init="dale"),
            "units was given as 1; units of both kinds, as init='dale' has, need to be 2 or more",
        ),
    ],
)
def test_shares_that_leave_one_kind_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
