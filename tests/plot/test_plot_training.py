"""The figures of training: curves with their bands, paths over surfaces, matrices of weights and predictions against data."""

from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex, to_rgb

import rnnsim as rs
import rnnsim.plot as plot
from rnnsim.plot.drawing.contours import NOT_FINITE
from rnnsim.plot.drawing.labels import label
from rnnsim.plot.drawing.line_styles import NEUTRAL, PALETTE

matplotlib.use("Agg")

EPOCHS = np.array([0, 1, 2, 5, 10, 20])  # thinned


@pytest.fixture(autouse=True)
def closed_figures(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a plot function called show"))
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots(layout="constrained")[1]


@pytest.fixture
def run():
    """Two learning rates and 25 seeds, as `train` returns them; one network diverges at the third record."""
    rate = np.geomspace(0.1, 0.4, 25) * np.array([[1.0], [2.0]])
    cost = np.exp(-rate[..., None] * EPOCHS)
    cost[1, 3, 2:] = np.inf
    dims = ("lr", "seed", "epoch")
    return xr.Dataset(
        {
            "cost": (dims, cost, {"long_name": "cost", "units": "1"}),
            "validation_cost": (dims, cost + 0.01, {"long_name": "cost of validation", "units": "1"}),
            "accuracy": (dims, 1.0 - cost, {"long_name": "accuracy", "units": "1"}),
            "w_in": (dims, cost - 1.5, {"long_name": "input weight", "units": "1"}),
            "w_rec": (dims, 2.0 * cost, {"long_name": "recurrent weight", "units": "1"}),
        },
        coords={"lr": ("lr", [0.1, 0.2], {"long_name": "learning rate"}), "seed": np.arange(25), "epoch": EPOCHS},
    )


@pytest.fixture
def surface():
    side = np.linspace(-1, 1, 20)
    return xr.Dataset({"cost": (("w_in", "w_rec"), side[:, None] ** 2 + side**2)}, coords={"w_in": side, "w_rec": side})


@pytest.fixture
def matrix():
    values = np.array([[0.5, -2.0, 0.0], [1.0, 0.25, -0.001]])
    return xr.DataArray(
        values,
        dims=("unit", "input"),
        coords={"input": ["snow", "rain", "wind"]},
        name="w_in",
        attrs={"long_name": "input weight", "units": "1"},
    )


@pytest.fixture
def snow():
    days = np.arange("2013-10-01", "2014-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
    depth = np.sin(np.linspace(0, np.pi, days.size))
    return xr.DataArray(depth, dims="time", coords={"time": days}, name="depth", attrs={"long_name": "snow depth", "units": "m"})


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def hides_data(ax):
    ax.figure.canvas.draw()
    return ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())


def edges(band):
    """Lower and upper edge of a band at the epochs."""
    vertices = band.get_paths()[0].vertices
    columns = [vertices[vertices[:, 0] == epoch, 1] for epoch in EPOCHS]
    return np.array([[column.min(), column.max()] for column in columns]).T


def marked(ax, marker):
    """The single points with this marker."""
    return [tuple(np.ravel(line.get_data())) for line in ax.lines if len(line.get_xdata()) == 1 and line.get_marker() == marker]


def words(ax):
    return {tuple(map(round, text.get_position())): text for text in ax.texts}


DRAW = {
    "training_curves": lambda run, matrix, snow, ax: plot.training_curves(run, ax=ax),
    "training_path": lambda run, matrix, snow, ax: plot.training_path(run, ax=ax),
    "weights": lambda run, matrix, snow, ax: plot.weights(matrix, ax=ax),
    "predictions": lambda run, matrix, snow, ax: plot.predictions(snow, snow, ax=ax),
}


@pytest.mark.parametrize("given", [True, False], ids=["given", "new"])
@pytest.mark.parametrize("name", DRAW)
def test_returns_the_axes_given_or_those_of_one_new_figure(name, given, run, matrix, snow, ax):
    before = len(plt.get_fignums())
    drawn = DRAW[name](run, matrix, snow, ax if given else None)
    assert (drawn is ax) == given
    assert len(plt.get_fignums()) == before + (not given)
    drawn.figure.canvas.draw()
    assert name in plot.__all__


# training curves


def test_curves_are_the_median_and_quantiles_of_the_finite_members(run, ax):
    plot.training_curves(run, "cost", ax=ax)
    finite = run.cost.where(np.isfinite(run.cost))
    (line,), (band,) = ax.lines, ax.collections
    np.testing.assert_array_equal(line.get_xdata(), EPOCHS)
    np.testing.assert_allclose(line.get_ydata(), finite.median(("lr", "seed")))
    np.testing.assert_allclose(edges(band), finite.quantile([0.1, 0.9], ("lr", "seed")))
    assert legend_texts(ax) == ["lines: median of 50", "band: 10 % to 90 %", "1 of 50 diverged"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "cost")
    assert not hides_data(ax)


def test_curves_of_training_and_validation_are_told_apart(run, ax):
    plot.training_curves(run, ax=ax)
    train, validation = ax.lines
    assert (train.get_color(), validation.get_color()) == PALETTE[:2]
    assert not train.is_dashed() and validation.is_dashed()
    assert legend_texts(ax)[:2] == ["cost", "cost of validation"]
    assert ax.get_ylabel() == "cost"
    assert [band.get_facecolor()[0, :3].tolist() for band in ax.collections] == [list(to_rgb(color)) for color in PALETTE[:2]]


def test_curves_take_a_colour_for_each_group(run, ax):
    plot.training_curves(run, color="lr", band=(0.25, 0.75), ax=ax)
    assert [line.get_color() for line in ax.lines] == [*PALETTE[:2], *PALETTE[:2]]
    assert [line.is_dashed() for line in ax.lines] == [False, False, True, True]
    np.testing.assert_allclose(ax.lines[2].get_ydata(), run.validation_cost[0].median("seed"))
    for band, group in zip(ax.collections, run.cost.where(np.isfinite(run.cost)), strict=False):
        np.testing.assert_allclose(edges(band), group.quantile([0.25, 0.75], "seed"))
    assert legend_texts(ax) == [
        "cost",
        "cost of validation",
        "learning rate = 0.1",
        "learning rate = 0.2",
        "lines: median of 25",
        "band: 25 % to 75 %",
        "1 of 50 diverged",
    ]


def test_curves_of_one_network_are_just_lines(run, ax):
    plot.training_curves(run.isel(lr=0, seed=[2]), ax=ax)
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], run[["cost", "validation_cost"]].to_array()[:, 0, 2])
    assert not ax.collections and legend_texts(ax) == ["cost", "cost of validation"]
    assert plot.training_curves(run.isel(lr=0, seed=2), "cost").get_legend() is None


def test_curves_over_no_dimension_are_all_networks(run, ax):
    plot.training_curves(run, "cost", over=(), color="lr", ax=ax)
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines[:25]], run.cost[0])
    assert len(ax.lines) == 50 and not ax.collections
    assert np.isnan(ax.lines[28].get_ydata()[2:]).all()
    assert {line.get_color() for line in ax.lines[25:]} == {PALETTE[1]}
    assert len(plot.training_curves(run, "cost", over="seed").lines) == 2


def test_curves_without_band_or_legend(run, ax):
    plot.training_curves(run, band=None, legend=False, ax=ax)
    assert len(ax.lines) == 2 and not ax.collections and ax.get_legend() is None


def test_curves_leave_out_a_validation_that_there_is_not(run, ax):
    assert len(plot.training_curves(run.drop_vars("validation_cost"), ax=ax).lines) == 1
    with pytest.raises(ValueError, match=r"no validation_cost \(it holds cost, .*\): give variables that train recorded"):
        plot.training_curves(run.drop_vars("validation_cost"), ["cost", "validation_cost"])
    with pytest.raises(ValueError, match="no cost"):
        plot.training_curves(run[["w_in"]])


def test_curves_are_nan_where_every_network_diverged(run, ax):
    run.cost[..., 3:] = np.nan
    plot.training_curves(run, "cost", ax=ax)
    np.testing.assert_array_equal(np.isnan(ax.lines[0].get_ydata()), [False] * 3 + [True] * 3)
    assert legend_texts(ax)[-1] == "50 of 50 diverged"


@pytest.mark.parametrize(
    ("variables", "change", "log", "scale"),
    [
        ("cost", lambda cost: cost, None, "log"),
        ("cost", lambda cost: cost, False, "linear"),
        ("cost", lambda cost: cost + 1.0, None, "linear"),
        ("cost", lambda cost: cost + 1.0, True, "log"),
        ("cost", lambda cost: cost - 0.01, None, "linear"),
        ("accuracy", lambda cost: cost, None, "linear"),
        (["cost", "accuracy"], lambda cost: cost, None, "linear"),
    ],
)
def test_curves_are_logarithmic_for_costs_that_range_widely(variables, change, log, scale, run, ax):
    run["cost"] = run["accuracy"] = change(run.cost)
    assert plot.training_curves(run, variables, log=log, ax=ax).get_yscale() == scale


@pytest.mark.parametrize(("smallest", "scale"), [(1.0, "log"), (1.01, "linear")])
def test_curves_are_logarithmic_from_a_factor_of_100_on(smallest, scale, ax):
    ds = xr.Dataset({"cost": ("epoch", [100.0, 10.0, smallest])}, {"epoch": [0, 1, 2]})
    assert plot.training_curves(ds, ax=ax).get_yscale() == scale


def test_curves_of_several_kinds_carry_all_labels(run, ax):
    assert plot.training_curves(run, ["accuracy", "cost"], ax=ax).get_ylabel() == "accuracy, cost"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "gain"}, "color needs 'gain', but the dimensions of cost are lr, seed, epoch"),
        ({"over": ["seed", "gain"]}, "over needs 'gain'"),
        ({"band": (10, 90)}, r"band was given as \(10, 90\); it needs two quantiles from 0 to 1, the lower first"),
        ({"band": (0.9, 0.1)}, "band was given as"),
        ({"variables": "w_in", "log": True}, "w_in falls to -1.49.*, but a logarithmic scale needs values above 0: give log=False"),
        ({"variables": "lr"}, "needs 'epoch'"),
    ],
)
def test_curves_refusals_open_no_figure(options, message, run):
    with pytest.raises(ValueError, match=message):
        plot.training_curves(run, **options)
    assert not plt.get_fignums()


def test_curves_and_paths_refuse_too_many_lines_and_other_things_than_datasets(run):
    many = xr.concat([run.isel(lr=0)] * 9, "trial")
    with pytest.raises(ValueError, match="cost would be 225 lines"):
        plot.training_curves(many, over=())
    with pytest.raises(ValueError, match=r"w_rec would be 225 lines .*at most 200"):
        plot.training_path(many)
    with pytest.raises(TypeError, match="ds is a DataArray"):
        plot.training_curves(run.cost)


# training paths


def test_path_runs_from_a_ring_to_a_dot(run, ax):
    one = run.isel(lr=0, seed=0)
    plot.training_path(one, ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_data(), [one.w_in, one.w_rec])
    assert marked(ax, "o") == [(one.w_in[0], one.w_rec[0]), (one.w_in[-1], one.w_rec[-1])]
    start, end = ax.lines[1:]
    assert start.get_markerfacecolor() == "white" and end.get_markerfacecolor() == end.get_color() == PALETTE[1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input weight", "recurrent weight")
    assert legend_texts(ax) == ["start", "end"] and not hides_data(ax)


def test_path_of_a_family_has_a_line_for_each_network(run, ax):
    shuffled = run.assign(w_rec=run.w_rec.transpose("epoch", "seed", "lr"))
    plot.training_path(shuffled, "w_rec", "w_in", color="lr", ax=ax)
    drawn = [line for line in ax.lines if len(line.get_xdata()) == len(EPOCHS)]
    assert len(drawn) == 50
    assert [line.get_color() for line in drawn] == [PALETTE[1], PALETTE[2]] * 25
    np.testing.assert_array_equal(drawn[5].get_data(), [run.w_rec[1, 2], run.w_in[1, 2]])
    assert legend_texts(ax) == ["learning rate = 0.1", "learning rate = 0.2", "start", "end", "diverged"]


def test_path_that_diverges_ends_in_a_cross(run, ax):
    lost = run.isel(lr=1, seed=3)
    plot.training_path(lost, ax=ax)
    assert marked(ax, "X") == [(lost.w_in[1], lost.w_rec[1])]
    assert marked(ax, "o") == [(lost.w_in[0], lost.w_rec[0])]
    assert legend_texts(ax) == ["start", "diverged"]
    plot.training_path(lost * np.nan)


def test_path_that_is_not_finite_at_first_starts_where_it_is(run, ax):
    one = run.isel(lr=0, seed=0)
    one.w_in[0] = np.nan
    plot.training_path(one, ax=ax)
    assert marked(ax, "o")[0] == (one.w_in[1], one.w_rec[1])


def test_path_leaves_a_surface_as_it_is(run, surface, ax):
    plot.cost_surface(surface, points=[(0.5, 0.5)], ax=ax)
    plot.training_path(run.isel(lr=0, seed=[0, 24]), ax=ax)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-1, 1))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input weight", "recurrent weight")
    assert legend_texts(ax) == ["(0.5, 0.5)", "seed = 0", "seed = 24", "start", "end"]
    assert not hides_data(ax)
    outside = [line for line in ax.lines if len(line.get_xdata()) == 1 and abs(line.get_ydata()[0]) > 1]
    assert len(outside) == 2 and all(line.get_clip_on() for line in outside)


def test_path_leaves_the_limits_of_any_picture(run, ax):
    ax.imshow(np.zeros((2, 2)))
    limits = ax.get_xlim(), ax.get_ylim()
    plot.training_path(run.isel(lr=0, seed=0), ax=ax)
    assert (ax.get_xlim(), ax.get_ylim()) == limits


def test_path_marks_at_the_edge_are_whole(run, surface, ax):
    plot.cost_surface(surface, ax=ax)
    ds = xr.Dataset({"w_in": ("epoch", [1.0, 0.0]), "w_rec": ("epoch", [-1.0, 3.0])})
    plot.training_path(ds, ax=ax)
    assert [line.get_clip_on() for line in ax.lines] == [True, False, True]


def test_path_needs_two_parameters_of_the_same_dimensions(run):
    vector = run.isel(lr=0, seed=0).expand_dims(input=2)
    with pytest.raises(ValueError, match=r"only one of w_in and w_rec has input: choose, as in ds.isel\(input=0\)"):
        plot.training_path(vector.assign(w_rec=run.w_rec[0, 0]))
    with pytest.raises(ValueError, match=r"no bias .*: give variables that train recorded"):
        plot.training_path(run, "w_in", "bias")
    assert not plt.get_fignums()


# weights


def test_weights_are_coloured_symmetrically_around_zero(matrix, ax):
    plot.weights(matrix, ax=ax)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), matrix)
    assert image.get_clim() == (-2, 2)
    bar = next(each for each in ax.figure.axes if each.get_label() == "<colorbar>")
    assert bar.get_ylabel() == "input weight"
    np.testing.assert_array_equal(bar.get_yticks(), [-2, -1, 0, 1, 2])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input", "unit")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["snow", "rain", "wind"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0", "1"]
    assert ax.get_ylim() == (1.5, -0.5)  # the first row on top


def test_weights_are_written_in_cells_that_are_few(matrix, ax):
    plot.weights(matrix, ax=ax)
    written = words(ax)
    assert [written[j, 0].get_text() for j in range(3)] == ["0.50", "−2.00", "0.00"]
    assert [written[j, 1].get_text() for j in range(3)] == ["1.00", "0.25", "0.00"]
    assert written[1, 0].get_color() == "white" and written[2, 0].get_color() == "black"
    assert not plot.weights(matrix, numbers=False).texts
    assert not plot.weights(matrix.isel(unit=[0] * 13)).texts
    assert len(plot.weights(matrix.isel(unit=[0] * 13), numbers=True).texts) == 39


def test_numbers_in_cells_do_not_meet_nor_stand_where_there_is_no_room(ax):
    square = xr.DataArray(np.full((12, 12), -1.25), dims=("unit", "unit_from"))
    plot.weights(square, ax=ax)
    ax.figure.canvas.draw()
    written = words(ax)
    boxes = [written[j, 0].get_window_extent() for j in range(12)]
    assert len(written) == 144 and not any(left.overlaps(right) for left, right in pairwise(boxes))
    assert not plot.weights(square, ax=plt.subplots(figsize=(2, 2))[1]).texts


@pytest.mark.parametrize(("size", "text"), [(250.0, "125"), (0.05, "0.025"), (1e-6, "5.0e−07"), (3e7, "1.5e+07")])
def test_numbers_have_the_digits_that_the_largest_asks_for(size, text, matrix, ax):
    plot.weights(matrix * 0 + [size, size / 2, 0.0], ax=ax)
    assert words(ax)[1, 0].get_text() == text


def test_a_vector_is_a_matrix_of_one_row(matrix, ax):
    plot.weights(matrix[0], ax=ax)
    assert ax.images[0].get_array().shape == (1, 3)
    assert (ax.get_xlabel(), ax.get_ylabel(), list(ax.get_yticks())) == ("input", "", [])


def test_weights_that_are_not_finite_are_grey(matrix, ax):
    matrix[0, 1] = np.nan
    plot.weights(matrix, ax=ax)
    assert ax.images[0].get_clim() == (-1, 1)
    assert to_hex(ax.images[0].to_rgba(ax.images[0].get_array())[0, 1]) == to_hex(NOT_FINITE)
    assert words(ax)[1, 0].get_text() == "nan"
    assert ax.figure.axes[1].get_ylabel() == "input weight (grey: not finite)"


def test_weights_take_a_limit_to_compare(matrix, ax):
    plot.weights(matrix, limit=0.5, ax=ax)
    assert ax.images[0].get_clim() == (-0.5, 0.5) and ax.images[0].colorbar.extend == "both"
    assert plot.weights(matrix, colorbar=False).figure.axes[1:] == []
    assert plot.weights(matrix * 0).images[0].get_clim() == (-1, 1)


def test_a_colour_map_may_be_given_by_itself(matrix):
    named, given = (plot.weights(matrix, cmap=cmap).images[0] for cmap in ("PuOr", matplotlib.colormaps["PuOr"]))
    np.testing.assert_array_equal(named.to_rgba(0.3), given.to_rgba(0.3))


@pytest.mark.parametrize("count", [5, 26, 60, 500])
@pytest.mark.parametrize("long", [False, True])
def test_names_of_rows_and_columns_do_not_meet(count, long):
    names = [f"predictor {i}" for i in range(count)] if long else list(range(count))
    square = xr.DataArray(np.ones((count, count)), dims=("unit", "input"), coords={"input": names, "unit": names})
    ax = plot.weights(square)
    ax.figure.canvas.draw()
    for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert len(ticks) >= 5 and ticks[0].get_text() == str(names[0])
        boxes = [text.get_window_extent() for text in ticks]
        assert not any(left.overlaps(right) for left, right in pairwise(boxes))
        assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes)


def test_cells_are_about_square_under_long_names_too():
    names = [f"the very long name of predictor {i}" for i in range(8)]
    square = xr.DataArray(np.ones((8, 8)), dims=("unit", "input"), coords={"input": names})
    for array in (square, square.drop_vars("input")):
        ax = plot.weights(array)
        ax.figure.canvas.draw()
        box = ax.get_window_extent()
        assert 0.75 < box.width / box.height < 1.33


def test_weights_come_out_of_datasets_by_name(matrix):
    ds = xr.Dataset({"w_in": matrix, "bias": ("unit", [1.0, 2.0])})
    assert plot.weights(ds, "w_in").images[0].get_array().shape == (2, 3)
    assert plot.weights(ds[["bias"]]).images[0].get_array().shape == (1, 2)


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda w: plot.weights(w.expand_dims(epoch=3)), ValueError, r"w_in has the further dimensions epoch: .*isel\(epoch=0\)"),
        (lambda w: plot.weights(w[0, 0]), ValueError, "w_in is one number, but a matrix needs a dimension"),
        (lambda w: plot.weights(w.values), TypeError, "array needs an xarray.DataArray, but an array of shape"),
        (lambda w: plot.weights(xr.Dataset({"a": w, "b": w})), ValueError, "holds a, b, but one matrix .*: say which with name"),
        (lambda w: plot.weights(xr.Dataset({"a": w}), "b"), ValueError, r"no b \(it holds a\): give the name of one"),
    ],
)
def test_weights_refusals_open_no_figure(draw, error, message, matrix):
    with pytest.raises(error, match=message):
        draw(matrix)
    assert not plt.get_fignums()


# predictions


def test_predictions_lie_over_data(snow, ax):
    snow[5] = np.nan
    plot.predictions({"Elman": snow + 1, "LSTM": snow * 2}, snow, ax=ax)
    data, elman, lstm = ax.lines
    np.testing.assert_array_equal(data.get_xdata(), snow.time)
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], [snow, snow + 1, snow * 2])
    red, green, blue = to_rgb(data.get_color())
    assert red == green == blue and (elman.get_color(), lstm.get_color()) == PALETTE[:2]
    assert legend_texts(ax) == ["data", "Elman", "LSTM"] and not hides_data(ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "snow depth (m)")
    assert elman.get_zorder() >= data.get_zorder()
    assert plot.predictions(snow, snow, legend=False).get_legend() is None


def test_predictions_of_samples_stand_over_dots(ax):
    data = xr.DataArray([3.0, 1.0, 2.0], dims="sample", name="targets")
    plot.predictions(data + 0.5, data, ax=ax)
    assert (ax.lines[0].get_marker(), ax.lines[0].get_linestyle(), ax.lines[0].get_color()) == ("o", "None", NEUTRAL)
    assert ax.lines[1].get_linestyle() == "-" and (ax.get_xlabel(), ax.get_ylabel()) == ("sample", "targets")
    assert legend_texts(ax) == ["data", "prediction"]
    assert plot.predictions(data, data, line=True).lines[0].get_linestyle() == "-"


@pytest.mark.parametrize("coords", [{}, {"step": np.arange(9)}, {"step": np.arange(1, 10)}], ids=["none", "from 0", "from 1"])
def test_outputs_stand_over_targets_of_every_step_from_step_1_on(coords, ax):
    net, inputs = rs.Elman([[1.0]], [[0.5]]), np.sin(np.arange(9.0))[:, None]
    output = rs.simulate(net, inputs, keep="output").output.isel(output=0)
    targets = xr.DataArray(np.arange(9.0), dims="step", coords=coords, name="targets")
    plot.predictions({"Elman": output, "its last": output[1:]}, targets, ax=ax)
    data, *drawn = ax.lines
    np.testing.assert_array_equal(data.get_ydata(), targets)
    for line in (data, *drawn):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 10))
    np.testing.assert_array_equal([line.get_ydata() for line in drawn], [output[1:]] * 2)
    plot.predictions(output, targets, time=np.arange(9.0) + 0.5)
    with pytest.raises(ValueError, match="prediction has 10 values along step, but data has 8"):
        plot.predictions(output, targets[:8])


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_predictions_write_dates_briefly(zone, ax):
    pandas = pytest.importorskip("pandas")
    data = xr.DataArray(np.arange(20.0), dims="sample")
    plot.predictions(data, data, time=pandas.date_range("2020-01-01", periods=20, freq="h", tz=zone), ax=ax)
    ax.figure.canvas.draw()
    texts = [text.get_text() for text in ax.get_xticklabels()]
    assert "06:00" in texts and "12:00" in texts and ax.xaxis.get_offset_text().get_text() == "2020-Jan-01"
    assert ax.get_xlabel() == "time" and ax.lines[0].get_linestyle() == "-"


def test_predictions_stand_at_a_coordinate_of_data(snow, ax):
    day = snow.drop_vars("time").assign_coords(day=("time", np.arange(182) + 7, {"long_name": "day of winter"}))
    plot.predictions(day, day, time="day", ax=ax)
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), np.arange(182) + 7)
    assert ax.get_xlabel() == "day of winter"


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (
            lambda s: plot.predictions(s, s.expand_dims(site=2, axis=1)),
            ValueError,
            r"depth has the further dimensions site: choose",
        ),
        (lambda s: plot.predictions(s.expand_dims(seed=2), s), ValueError, r"prediction has the further dimensions seed: .*seed=0"),
        (lambda s: plot.predictions({"a": s.rename(time="day")}, s), ValueError, "a prediction needs 'time', but .* of a are day"),
        (lambda s: plot.predictions({"a": s[:9]}, s), ValueError, "a has 9 values along time, but data has 182"),
        (lambda s: plot.predictions({"a": s[:9]}, s[1:10]), ValueError, r"a and data differ in their time: .*reindex_like\(data\)"),
        (lambda s: plot.predictions(s, s, time="day"), ValueError, "data has no coordinate 'day', but time"),
        (lambda s: plot.predictions(s, s, time=[1, 2]), ValueError, r"time has the shape \(2,\), but data has \(182,\)"),
        (lambda s: plot.predictions(s, s[0]), ValueError, "data is one number"),
        (lambda s: plot.predictions(s.values, s), TypeError, "predicted needs an xarray.DataArray, but an array of shape"),
        (lambda s: plot.predictions(s, s.values), TypeError, "data needs an xarray.DataArray"),
    ],
)
def test_predictions_refusals_open_no_figure(draw, error, message, snow):
    with pytest.raises(error, match=message):
        draw(snow)
    assert not plt.get_fignums()


def test_degrees_are_written_as_readers_write_them():
    assert label(xr.DataArray([1.0], attrs={"long_name": "maximum", "units": "degree_Celsius"})) == "maximum (°C)"
