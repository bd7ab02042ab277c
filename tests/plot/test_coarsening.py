"""Large stores are drawn without being in memory whole."""

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.plot.drawing import downsampling


@pytest.fixture
def large(tmp_path):
    rng = np.random.default_rng(0)
    cost = rng.random((2500, 1800))
    cost[7, 3] = np.inf
    coords = {"w_in": np.linspace(-1, 1, 2500), "w_rec": np.linspace(0, 3, 1800)}
    whole = xr.Dataset({"cost": (("w_in", "w_rec"), cost), "count": (("w_in", "w_rec"), rng.integers(0, 99, cost.shape))}, coords)
    rs.save(whole, tmp_path / "large.nc")
    with rs.open(tmp_path / "large.nc") as lazy:
        yield lazy, whole


def test_cells_are_means_of_neighbours(large, monkeypatch):
    lazy, whole = large
    monkeypatch.setattr(downsampling, "SLAB_BYTES", 10**6)
    found = rs.plot.coarsened(lazy.cost, 500)
    right = whole.coarsen(w_in=5, w_rec=4).mean().cost
    np.testing.assert_allclose(found, right.where(np.isfinite(right)), rtol=1e-13)
    assert np.isnan(found[1, 0]) and np.isnan(found).sum() == 1
    np.testing.assert_allclose(found.w_in, right.w_in, atol=1e-14)
    np.testing.assert_array_equal(rs.plot.coarsened(lazy["count"], 500), whole.coarsen(w_in=5, w_rec=4).max()["count"])


def test_the_last_cell_may_be_smaller_and_small_arrays_stay(large):
    _, whole = large
    found = rs.plot.coarsened(whole.cost, 999)
    assert found.shape == (834, 900)
    np.testing.assert_allclose(found[-1, -1], whole.cost[2499:, 1798:].mean(), rtol=1e-13)
    xr.testing.assert_identical(rs.plot.coarsened(whole.cost[:9, :9]), whole.cost[:9, :9])


def test_an_array_of_as_many_places_as_there_may_be_stays_as_it_is():
    array = xr.DataArray([1, 2, 3], {"kind": ("seed", ["a", "b", "c"]), "seed": [3, 5, 8]}, ("seed",))
    xr.testing.assert_identical(rs.plot.coarsened(array, 3), array)
    assert rs.plot.coarsened(array, 2).sizes == {"seed": 2}


def test_a_surface_on_disk_is_read_in_slabs_and_only_where_it_is_seen(large, monkeypatch):
    lazy, _ = large
    slabs, reduced = [], downsampling.reduced

    def watched(variable, starts):
        slabs.append(variable.size)
        return reduced(variable, starts)

    monkeypatch.setattr(downsampling, "reduced", watched)
    monkeypatch.setattr(downsampling, "SLAB_BYTES", 10**6)
    ax = rs.plot.cost_surface(lazy)
    assert max(slabs) <= 10**6 / 8 and ax.get_xlim() == pytest.approx((-1, 1), abs=0.01)
    slabs.clear()
    rs.plot.cost_surface(lazy, window=((-0.1, 0.1), (0, 3)))
    assert sum(slabs) < 0.15 * lazy.cost.size
