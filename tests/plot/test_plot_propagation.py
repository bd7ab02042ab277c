"""The figure of singular values against lag: colours, lines, words, and what is refused."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import rnnsim.plot as plot

matplotlib.use("Agg")

RATES = np.array([0.2, -0.1, -1.0])


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def reach():
    """Three modes that grow or fade at constant rates over ten lags, as `rs.propagation` returns them."""
    lag = np.arange(1, 11)
    ds = xr.Dataset({"log_singular_value": (("lag", "mode"), lag[:, None] * RATES)}, {"lag": lag, "mode": np.arange(3)})
    ds["growth_rate"], ds["memory_length"] = 0.2, 4.0
    ds["regime"] = xr.DataArray(np.int8(2), attrs={"flag_meanings": "vanishing stable exploding undefined"})
    return ds


def words(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_colours_are_symmetric_and_stand_where_they_should(reach):
    ax = plot.singular_values(reach)
    (mesh,) = ax.collections
    np.testing.assert_allclose(mesh.get_array(), reach.log_singular_value.T)
    assert mesh.get_clim()[0] == -mesh.get_clim()[1]
    assert ax.get_xlim() == (0.5, 10.5) and ax.get_ylim() == (2.5, -0.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lag", "mode")
    assert plot.singular_values(reach, limit=3.0).collections[0].get_clim() == (-3.0, 3.0)
    named, given = (plot.singular_values(reach, cmap=cmap).collections[0] for cmap in ("PuOr", matplotlib.colormaps["PuOr"]))
    np.testing.assert_array_equal(named.to_rgba(0.3), given.to_rgba(0.3))


def test_the_default_limit_tells_half_of_the_values_apart(reach):
    deep = reach.assign(log_singular_value=reach.log_singular_value * xr.DataArray([1.0, 1.0, 1000.0], dims="mode"))
    assert plot.singular_values(deep).collections[0].get_clim()[1] == 2 * np.median(abs(deep.log_singular_value))
    top = reach.assign(log_singular_value=reach.log_singular_value * xr.DataArray([1000.0, 1.0, 1.0], dims="mode"))
    assert plot.singular_values(top).collections[0].get_clim()[1] == 2000.0


def test_lines_stand_at_one_and_at_the_memory_length(reach):
    ax = plot.singular_values(reach)
    unity, memory = ax.lines
    np.testing.assert_array_equal(unity.get_ydata(), [0.5] * 10)
    np.testing.assert_array_equal(unity.get_xdata(), reach.lag)
    assert memory.get_xdata() == [4.0, 4.0] and memory.is_dashed()
    assert words(ax) == ["singular value 1", "memory length 4", "growth rate 0.2 per step (exploding)"]
    faded = plot.singular_values(reach.isel(mode=[1, 2]).drop_vars(["memory_length", "regime"]).assign(growth_rate=-0.1))
    assert not faded.lines and words(faded) == ["growth rate −0.1 per step"]
    assert len(plot.singular_values(reach.assign(memory_length=np.inf)).lines) == 1
    exact = plot.singular_values(reach.assign(memory_length=4.56789, growth_rate=0.123456))
    assert words(exact)[1:] == ["memory length 4.568", "growth rate 0.123 per step (exploding)"]


def test_what_is_no_number_is_grey_and_counted(reach):
    values = reach.log_singular_value.copy()
    values[5:, 2] = -np.inf
    ax = plot.singular_values(reach.assign(log_singular_value=values))
    assert ax.collections[0].get_array().mask.sum() == 5 and words(ax)[-1] == "0 (5 cells)"
    assert words(plot.singular_values(reach.assign(log_singular_value=values.where(values.lag < 8))))[-1].startswith("0 (2 cells)")
    values[9] = np.nan
    ax = plot.singular_values(reach.assign(log_singular_value=values))
    assert words(ax)[-1] == "0 (4 cells) or not finite (3 cells)" and np.isnan(ax.lines[0].get_ydata()[-1])
    assert plot.singular_values(reach.assign(log_singular_value=values * np.nan)).collections[0].get_clim() == (-1.0, 1.0)


def test_bar_and_legend_can_be_left_out_and_axes_given(reach):
    ax = plt.subplots()[1]
    assert plot.singular_values(reach, colorbar=False, legend=False, ax=ax) is ax
    assert ax.figure.axes == [ax] and ax.get_legend() is None
    ax = plot.singular_values(reach)
    assert ax.figure.axes[1].get_ylabel() == "ln of the singular value"
    ax.figure.canvas.draw()
    assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())


REFUSED = [
    (lambda ds: ds.drop_vars("log_singular_value"), "no log_singular_value .*: compute it with rs.propagation"),
    (lambda ds: ds.isel(mode=0), "the figure needs 'mode', but the dimensions of log_singular_value are lag"),
    (lambda ds: ds.expand_dims(seed=3), r"log_singular_value has the further dimensions seed: choose, as in ds.isel\(seed=0\)"),
    (
        lambda ds: ds.assign(memory_length=ds.memory_length.expand_dims(seed=3)),
        "memory_length has the further dimensions seed: choose",
    ),
    (
        lambda ds: ds.assign_coords(lag=ds.lag * np.nan),
        "a heat map needs finite numbers along lag, but its coordinate holds others",
    ),
    (lambda ds: ds.assign_coords(mode=list(map(str, ds.mode.values))), "a heat map needs finite numbers along mode"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_drawn_is_refused(change, message, reach):
    with pytest.raises(ValueError, match=message):
        plot.singular_values(change(reach))
