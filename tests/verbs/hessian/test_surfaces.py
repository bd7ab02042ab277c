"""Steepness, minima and cliffs of cost surfaces, and what is laid over their figures."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import rnnsim as rs

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def surface_of(f, x, y):
    return xr.Dataset({"cost": (("x", "y"), f(x[:, None], y), {"long_name": "cost", "units": "1"})}, {"x": x, "y": y})


def family():
    rng = np.random.default_rng(0)
    net = rs.Elman.random(3, 2, gain=rs.axis("gain", [0.5, 1.0, 2.0]), seed=1)
    return net, rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 3))


def test_the_gradient_norm_is_the_length_of_all_gradients_but_those_of_starts():
    back = rs.backprop(*family(), keep=("grad", "grad_state"))
    norm = rs.surfaces.gradient_norm(back)
    squares = [
        (back[f"grad_{name}"] ** 2).sum([d for d in back[f"grad_{name}"].dims if d != "gain"]) for name in ("w_in", "w_rec", "bias")
    ]
    np.testing.assert_allclose(norm, np.sqrt(sum(squares)), rtol=1e-14)
    assert norm.dims == ("gain",) and norm.name == "gradient_norm" and norm.long_name
    np.testing.assert_allclose(rs.surfaces.gradient_norm(back, "w_in"), np.sqrt(squares[0]), rtol=1e-14)
    with_start = rs.surfaces.gradient_norm(back, ("w_in", "h0"))
    np.testing.assert_allclose(with_start, np.sqrt(squares[0] + (back.grad_h0**2).sum("unit")), rtol=1e-14)


def test_the_gradient_norm_is_that_of_curvature_and_keeps_to_the_range_of_floats():
    gradient = xr.DataArray(
        [[3.0, 4.0, 1.0], [3e200, 4e200, 0.0], [0.0, 0.0, 2.0], [3e-200, 4e-200, 1.0], [np.nan, 1.0, 0.0]], dims=("a", "parameter")
    )
    ds = xr.Dataset({"gradient": gradient}, {"parameter": ["w_rec[0,0]", "w_rec[0,1]", "h0[0]"]})
    np.testing.assert_allclose(rs.surfaces.gradient_norm(ds), [5, 5e200, 0, 5e-200, np.nan], rtol=1e-15)
    np.testing.assert_allclose(rs.surfaces.gradient_norm(ds, "h0"), [1, 0, 2, 1, 0])


@pytest.mark.parametrize("spacing", ["even", "uneven", "falling"])
def test_minima_of_a_quadratic_are_exact(spacing):
    x, y = np.linspace(-2, 2, 15), np.linspace(-1, 3, 18)
    if spacing == "uneven":
        x, y = np.sinh(x), np.exp(y / 2)
    if spacing == "falling":
        x = x[::-1]
    found = rs.surfaces.minima(
        surface_of(lambda x, y: 2 * (x - 0.33) ** 2 + 3 * (y - 1.21) ** 2 + (x - 0.33) * (y - 1.21) + 0.5, x, y)
    )
    assert found.sizes == {"point": 1} and found.refined == 1 and found.on_edge == 0
    np.testing.assert_allclose([found.x[0], found.y[0], found.cost[0]], [0.33, 1.21, 0.5], rtol=1e-12)
    np.testing.assert_array_equal(found.refined.flag_values, [0, 1])


def test_minima_are_told_apart_from_saddles_edges_and_plateaus(tmp_path):
    x = y = np.linspace(-2, 2, 41)
    two = rs.surfaces.minima(surface_of(lambda x, y: (x * x - 1) ** 2 + y * y + 0.1 * x, x, y))
    np.testing.assert_allclose(two.x, [-1.0122740, 0.98722], atol=6e-3)
    assert (np.diff(two.cost) > 0).all() and (two.refined == 1).all()
    edge = rs.surfaces.minima(surface_of(lambda x, y: x + y * y, x, y))
    np.testing.assert_allclose([edge.x[0], edge.y[0], edge.on_edge[0], edge.refined[0]], [-2, 0, 1, 0], atol=1e-12)
    assert rs.surfaces.minima(surface_of(lambda x, y: 0 * x * y, x, y)).sizes["point"] == 0
    assert rs.surfaces.minima(surface_of(lambda x, y: 0 * x + y * y, x, y)).sizes["point"] == 0
    hole = surface_of(lambda x, y: x * x + y * y, x, y)
    hole.cost[20, 21] = np.nan
    one = rs.surfaces.minima(hole)
    assert one.sizes["point"] == 1 and one.on_edge == 1 and one.refined == 0
    rs.save(one, tmp_path / "minima.nc")


def test_minima_of_the_counting_task():
    task = rs.tasks.counting()
    net = rs.Elman(rs.axis("w_in", np.linspace(0.9, 1.1, 34)), rs.axis("w_rec", np.linspace(0.95, 1.05, 34)), activation="linear")
    found = rs.surfaces.minima(rs.backprop(net, task.inputs, task.targets, keep="cost")).isel(point=0)
    np.testing.assert_allclose([found.w_in, found.w_rec], 1.0, atol=0.01)


def wall_of(bias, w=6.0):
    net = rs.Elman(0.0, w, bias, 1 / (1 + np.exp(-0.5)), activation="sigmoid")
    return rs.backprop(net, np.zeros(50), 0.7)


def test_the_cliff_of_pascanu_stands_where_he_says():
    w = rs.axis("w_rec", np.linspace(5, 6.5, 7))
    b = rs.axis("bias", np.linspace(-4, -2, 101))
    found = rs.surfaces.cliffs(wall_of(b, w), {"bias": "bias"})
    exact = 0.5 - found.w_rec / (1 + np.exp(-0.5))
    assert sorted(found.w_rec.values) == sorted(w.values) and (found.along == "bias").all()
    assert (abs(found.bias - exact) <= 0.01 + 1e-12).all() and (found.jump < -0.3).all() and (np.diff(found.steepness) <= 0).all()
    both = rs.surfaces.cliffs(wall_of(b, w))
    assert set(both.along.values) == {"bias", "w_rec"} and both.sizes["point"] > found.sizes["point"]
    of_curvature = rs.curvature(rs.Elman(0.0, w, b, 1 / (1 + np.exp(-0.5)), activation="sigmoid"), np.zeros(50), 0.7)
    np.testing.assert_allclose(rs.surfaces.cliffs(of_curvature, {"bias": "bias"}).bias, found.bias)


def test_slopes_that_foretell_the_cost_are_no_cliffs():
    smooth = rs.backprop(rs.Elman(0.0, 1.0, rs.axis("bias", np.linspace(-1, 1, 9)), activation="tanh"), np.zeros(5), 0.3)
    assert rs.surfaces.cliffs(smooth).sizes["point"] == 0
    step = xr.Dataset({"cost": ("b", [1.0, 1.0, 0.0, 0.0]), "grad_b": ("b", [0.0, 0.0, 0.01, 0.01])}, {"b": [0.0, 1.0, 3.0, 4.0]})
    found = rs.surfaces.cliffs(step)
    np.testing.assert_allclose([found.b[0], found.jump[0], found.steepness[0]], [2.0, -1.0, 50.0])
    assert rs.surfaces.cliffs(step, factor=51).sizes["point"] == 0


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda ds: rs.surfaces.gradient_norm(3), TypeError, "surface was given an int; it needs a Dataset"),
        (lambda ds: rs.surfaces.gradient_norm(ds[["cost"]]), ValueError, "surface has no gradients"),
        (
            lambda ds: rs.surfaces.gradient_norm(ds, "leak"),
            ValueError,
            "parameters was given 'leak'; it needs some of w_in, w_rec, bias, h0",
        ),
        (lambda ds: rs.surfaces.gradient_norm(ds, ()), ValueError, "parameters was given nothing"),
        (lambda ds: rs.surfaces.minima(ds), ValueError, r"cost has the dimensions \('bias',\); it needs exactly two axes"),
        (lambda ds: rs.surfaces.minima(ds, "height"), ValueError, "surface has no height; it holds cost"),
        (lambda ds: rs.surfaces.cliffs(ds, factor=1), ValueError, "factor was given as 1; it needs a number above 1"),
        (lambda ds: rs.surfaces.cliffs(ds, {"bias": "w"}), ValueError, "slopes was given 'w' for 'bias'; it needs one of"),
        (lambda ds: rs.surfaces.cliffs(ds, {"b": "bias"}), ValueError, "slopes was given the axis 'b'; it needs some of bias"),
        (lambda ds: rs.surfaces.cliffs(ds.rename(bias="b")), ValueError, "surface has no gradient by its axes b; it needs slopes"),
        (lambda ds: rs.surfaces.cliffs(ds.drop_vars("cost")), ValueError, "surface has no cost"),
        (lambda ds: rs.surfaces.cliffs(ds.isel(bias=[0, 2, 1])), ValueError, "axis 'bias' has values that neither rise nor fall"),
    ],
)
def test_what_is_no_surface_is_refused(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call(wall_of(rs.axis("bias", [-4.0, -3.0, -2.0])))
    assert "\n" not in str(caught.value)


def test_a_map_of_gradient_norms_is_logarithmic_and_shows_zeros():
    x, y = np.linspace(0, 2, 11), np.linspace(0, 1, 9)
    ds = surface_of(lambda x, y: x + y, x, y).assign(gradient_norm=(("x", "y"), 10.0 ** (5 * x[:, None] + y)))
    ds.gradient_norm[3, 4] = 0.0
    before = ds.gradient_norm.copy(deep=True)
    ax = rs.plot.gradient_norm_map(ds.assign(gradient_norm=ds.gradient_norm.assign_attrs(long_name="steepness")))
    assert ax.get_xlabel() == "x" and ax.get_xlim() == (0, 2) and ax.figure.axes[1].get_ylabel() == "steepness"
    levels = ax.collections[0].levels
    np.testing.assert_allclose([levels[0], levels[-1]], [1, 1e11], rtol=1e-9)
    assert not ax.get_legend() and (ds.gradient_norm == before).all()
    with pytest.raises(ValueError, match="the Dataset has no gradient_norm"):
        rs.plot.gradient_norm_map(ds[["cost"]])


def test_curves_are_laid_over_a_surface_in_its_limits():
    x = y = np.linspace(-1, 1, 9)
    ax = rs.plot.cost_surface(surface_of(lambda x, y: x * x + y * y, x, y), points=[(0, 0)])
    w = np.linspace(-3, 3, 7)
    folds = xr.Dataset({"b": (("w", "side"), np.stack([w, np.where(w > 0, -w, np.nan)], 1), {"long_name": "fold"})}, {"w": w})
    assert rs.plot.curves(folds, x="w", y="b", ax=ax, color="red") is ax
    lines = [line for line in ax.lines if line.get_color() == "red"]
    np.testing.assert_array_equal(lines[0].get_xydata(), np.stack([w, w], 1))
    np.testing.assert_array_equal(lines[1].get_ydata(), folds.b[:, 1])
    assert ax.get_xlim() == (-1, 1) and ax.get_ylim() == (-1, 1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["(0, 0)", "fold"]
    rs.plot.curves(folds.isel(side=0), x="b", y="w", name="turned", ax=ax)
    assert ax.get_legend().get_texts()[-1].get_text() == "turned"
    alone = rs.plot.curves(folds, x="w", y="b")
    assert alone.get_xlabel() == "w" and alone.get_ylabel() == "fold"
    with pytest.raises(ValueError, match="x and b have no dimension, but a curve needs one"):
        rs.plot.curves(xr.Dataset({"x": 1.0, "b": 2.0}), x="x", y="b")
    with pytest.raises(ValueError, match="the Dataset has no c"):
        rs.plot.curves(folds, x="c", y="b")
