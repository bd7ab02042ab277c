"""The figures: what is drawn where, in which looks, with which words, and what is refused."""

import ast
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

import rnnsim.plot as plot
from rnnsim.plot.drawing import checks
from rnnsim.plot.drawing.colour_scales import COST_LEVELS
from rnnsim.plot.drawing.grids import MOST_POINTS, strided
from rnnsim.plot.drawing.labels import texts
from rnnsim.plot.drawing.line_styles import PALETTE, palette

matplotlib.use("Agg")


W_REC, H0 = np.array([0.5, 1.5]), np.array([0.1, 2.0])
MARKED = [(2, 1), (1, 2), (1, -2), (1, 0), (1, 0.5), (1, -0.5)]  # of document B


@pytest.fixture(autouse=True)
def closed_figures(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("a plot function called show"))
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


@pytest.fixture
def run():
    """tanh networks over w_rec and h0 under a constant input, as `simulate` returns them: transposed and not contiguous."""
    states = [np.broadcast_to(H0, (2, 2))]
    for _ in range(5):
        states.append(np.tanh(W_REC[:, None] * states[-1] + 0.5))
    state = np.moveaxis(np.array(states), 0, -1)
    assert not state.flags.c_contiguous
    increment = np.diff(state, axis=-1, prepend=state[..., :1])
    dims = ("w_rec", "h0", "step")
    return xr.Dataset(
        {
            "state": (dims, state, {"long_name": "hidden state", "units": "mV"}),
            "increment": (dims, increment, {"long_name": "change of state", "units": "1"}),
            "input": ("step", [0.0] + [0.5] * 5, {"long_name": "drive", "units": "1"}),
        },
        coords={"w_rec": W_REC, "h0": H0, "step": np.arange(6)},
    )


@pytest.fixture
def surface():
    """A cost with the reach of document B's over (w_in, w_rec), of different lengths."""
    w_in, w_rec = np.linspace(-3, 3, 40), np.linspace(-3, 3, 31)
    cost = (w_in[:, None] * w_rec**9 - 1.0) ** 2
    return xr.Dataset(
        {"cost": (("w_in", "w_rec"), cost, {"long_name": "cost", "units": "1"})},
        coords={"w_in": ("w_in", w_in, {"long_name": "input weight"}), "w_rec": w_rec},
    )


@pytest.fixture
def gradients():
    """Gradients of two networks and three samples that fall by 0.1 a step; those of the first step do not exist."""
    step = np.arange(5)
    grad = np.array([1.0, -1.0])[:, None, None] * np.array([1.0, 2.0, 3.0])[:, None] * 0.1 ** (4.0 - step)
    grad[..., 0] = np.nan
    return xr.Dataset(
        {"grad_state": (("w_rec", "sample", "step"), grad, {"long_name": "gradient", "units": "1"})},
        coords={"w_rec": [0.1, -0.1], "step": step},
    )


def curves(ax, length):
    """The data of the lines that have this many points."""
    return [np.array(line.get_data()) for line in ax.lines if len(line.get_xdata()) == length]


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def color_bars(figure):
    return [each for each in figure.axes if each.get_label() == "<colorbar>"]


def contours(ax):
    return next(each for each in ax.collections if isinstance(each, matplotlib.contour.ContourSet))


def overlap(ax, artist):
    """Whether an artist covers a part of the Axes."""
    ax.figure.canvas.draw()
    return artist.get_window_extent().overlaps(ax.get_window_extent())


# every function draws on the Axes it is given


@pytest.mark.parametrize("given", [True, False], ids=["given", "new"])
@pytest.mark.parametrize("name", ["trajectories", "phase_portrait", "cobweb", "cost_surface", "gradient_over_steps"])
def test_returns_the_axes_given_or_those_of_one_new_figure(name, given, run, surface, gradients, ax):
    data = {"cost_surface": surface, "gradient_over_steps": gradients}.get(name, run)
    before = plt.get_fignums()
    drawn = getattr(plot, name)(data, ax=ax if given else None)
    assert (drawn is ax) == given
    assert len(plt.get_fignums()) == len(before) + (not given)
    assert drawn.lines or drawn.collections


def test_public_names_are_functions():
    assert sorted(plot.__all__) == plot.__all__
    assert all(callable(getattr(plot, name)) for name in plot.__all__)


def imported_by(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_knows_datasets_and_no_networks():
    allowed = {"xarray", "numpy", "matplotlib", *sys.stdlib_module_names}
    checks = {f"rnnsim.checks.{name}" for name in ("annotations", "arguments", "showing")}  # of arguments of all functions
    for path in Path(plot.__file__).parent.rglob("*.py"):
        for name in imported_by(path):
            assert name.split(".")[0] in allowed or name.startswith("rnnsim.plot") or name in checks, f"{path.name} imports {name}"
    for module in checks:
        path = Path(plot.__file__).parents[2].joinpath(*module.split(".")).with_suffix(".py")
        own = [name for name in imported_by(path) if "rnnsim" in name]
        assert set(own) <= checks, f"{module} imports {own}"


# trajectories


def test_trajectories_draws_every_point_of_the_family(run, ax):
    plot.trajectories(run, color="w_rec", linewidth="h0", ax=ax)
    drawn = curves(ax, 6)
    assert len(drawn) == 4
    for (steps, line), expected in zip(drawn, run.state.values.reshape(4, 6), strict=True):
        np.testing.assert_array_equal(steps, np.arange(6))
        np.testing.assert_array_equal(line, expected)


def test_trajectories_maps_axes_to_colour_and_width(run, ax):
    lines = plot.trajectories(run, color="w_rec", linewidth="h0", ax=ax).lines
    assert [line.get_color() for line in lines] == [PALETTE[0], PALETTE[0], PALETTE[1], PALETTE[1]]
    thin, thick = lines[0].get_linewidth(), lines[1].get_linewidth()
    assert thin < thick
    assert [line.get_linewidth() for line in lines] == [thin, thick, thin, thick]
    assert not any(line.is_dashed() for line in lines)


def test_trajectories_labels_carry_long_names_and_units(run, ax):
    run.step.attrs = {"long_name": "time step", "units": "1"}
    plot.trajectories(run, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "hidden state (mV)")
    assert plot.trajectories(run.assign(state=run.state.drop_attrs())).get_ylabel() == "state"


def test_trajectories_legend_names_values_and_hides_nothing(run, ax):
    run.h0.attrs = {"long_name": "start", "units": "mV"}
    plot.trajectories(run, color="w_rec", linewidth="h0", ax=ax)
    assert legend_texts(ax) == ["recurrent weight = 0.5", "recurrent weight = 1.5", "start = 0.1 mV", "start = 2 mV", "drive"]
    assert not overlap(ax, ax.get_legend())
    twin = ax.figure.axes[1]
    assert not ax.get_legend().get_window_extent().overlaps(twin.yaxis.get_tightbbox())
    assert plot.trajectories(run, legend=False).get_legend() is None


def test_trajectories_draws_the_input_in_grey_behind(run, ax):
    plot.trajectories(run, ax=ax)
    _, twin = ax.figure.axes
    (line,) = twin.lines
    np.testing.assert_array_equal(line.get_ydata(), run.input)
    red, green, blue, _ = matplotlib.colors.to_rgba(line.get_color())
    assert red == green == blue
    assert twin.get_ylabel() == "drive"
    assert twin.get_zorder() < ax.get_zorder() and not ax.patch.get_visible()


def test_trajectories_without_input_has_no_twin(run, ax):
    plot.trajectories(run.drop_vars("input"), ax=ax)
    assert ax.figure.axes == [ax]


def test_trajectories_draws_each_feature_of_the_input(run, ax):
    # xarray makes a variable `input` that has a dimension `input` a coordinate
    wide = run.drop_vars("input").assign(input=(("step", "input"), np.arange(12.0).reshape(6, 2)))
    plot.trajectories(wide, ax=ax)
    lines = ax.figure.axes[1].lines
    np.testing.assert_array_equal([line.get_ydata() for line in lines], wide.input.values.T)
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
    assert legend_texts(ax)[-2:] == ["input = 0", "input = 1"]


def test_trajectories_colour_falls_to_the_first_axis_and_dashes_to_the_next(run, ax):
    lines = plot.trajectories(run, ax=ax).lines
    assert [line.get_color() for line in lines] == [PALETTE[0], PALETTE[0], PALETTE[1], PALETTE[1]]
    assert [line.is_dashed() for line in lines] == [False, True, False, True]
    assert legend_texts(ax)[:4] == ["recurrent weight = 0.5", "recurrent weight = 1.5", "start = 0.1", "start = 2"]


@pytest.mark.parametrize(("samples", "expected"), [(None, [0, 1, 2]), ([1], [1]), ([0, 2], [0, 2]), (range(2), [0, 1])])
def test_trajectories_draws_chosen_samples(samples, expected, ax):
    state = np.arange(12.0).reshape(3, 4)
    plot.trajectories(xr.Dataset({"state": (("sample", "step"), state)}), samples=samples, ax=ax)
    np.testing.assert_array_equal([line for _, line in curves(ax, 4)], state[expected])
    assert {line.get_color() for line in ax.lines} == {PALETTE[0]}


def test_trajectories_leaves_gaps_where_a_network_diverges(run, ax):
    run.state[1, 1, 3:] = np.inf
    plot.trajectories(run, ax=ax)
    np.testing.assert_array_equal(np.isnan(curves(ax, 6)[3][1]), [False] * 3 + [True] * 3)


def test_trajectories_of_many_points_keep_colours_distinct_and_the_legend_short(ax):
    names = np.linspace(0, 1, 41)
    ds = xr.Dataset({"state": (("gain", "step"), np.zeros((41, 3)))}, coords={"gain": names})
    plot.trajectories(ds, ax=ax)
    assert len({to_hex(line.get_color()) for line in ax.lines}) == 41
    texts = legend_texts(ax)
    assert len(texts) == 8 and texts[0] == "gain = 0" and texts[-1] == "gain = 1"


def test_palette_has_no_colour_twice():
    for count in (1, 7, 8, 30):
        assert len({to_hex(color) for color in palette(count)}) == count


def test_legend_tells_close_values_apart(ax):
    ds = xr.Dataset({"state": (("gain", "step"), np.zeros((2, 3)))}, coords={"gain": [1.0, 1.00000001]})
    assert legend_texts(plot.trajectories(ds, ax=ax)) == ["gain = 1.0", "gain = 1.00000001"]


def test_trajectories_refuses_too_many_lines():
    ds = xr.Dataset({"state": (("w_in", "w_rec", "step"), np.zeros((30, 50, 3)))})
    with pytest.raises(ValueError, match=r"1500 lines .w_in 30 × w_rec 50.*at most 200") as refusal:
        plot.trajectories(ds)
    remedy = str(refusal.value).split("ds.")[1]
    assert remedy == "isel(w_rec=slice(None, None, 9))"
    plot.trajectories(ds.isel(w_rec=slice(None, None, 9)))
    assert not plt.get_fignums()[1:]


def test_up_to_200_lines_can_be_drawn():
    lines = xr.DataArray(np.zeros((201, 2)), dims=("seed", "step"), name="state")
    checks.few_lines(lines[:200], "step")
    with pytest.raises(ValueError, match=r"state would be 201 lines \(seed 201\), and at most 200 can be drawn"):
        checks.few_lines(lines, "step")


def test_up_to_1000_points_a_side_are_drawn():
    surface = xr.DataArray(np.zeros((1000, 1001)), dims=("a", "b"))
    assert strided(surface)[0].shape == (1000, 501)


def test_values_are_written_in_six_digits_or_as_many_as_tell_them_apart():
    assert texts([1.25, -2.75, 4.25, 0.123456789, 3, "tanh"]) == ["1.25", "−2.75", "4.25", "0.123457", "3", "tanh"]
    assert texts([0.12345678, 0.12345679]) == ["0.12345678", "0.12345679"]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda ds: plot.trajectories(ds[["increment"]]), r'no state \(it holds increment\): compute it with keep="state"'),
        (lambda ds: plot.trajectories(ds, color="w_x"), "color needs 'w_x', but the dimensions of state are w_rec, h0, step"),
        (lambda ds: plot.trajectories(ds, linewidth="b"), "linewidth needs 'b'"),
        (lambda ds: plot.trajectories(ds, x="epoch"), "needs 'epoch'"),
        (
            lambda ds: plot.trajectories(ds, samples=0),
            "samples=0 needs a dimension sample, but the Dataset has w_rec, h0, step",
        ),
        (
            lambda ds: plot.trajectories(ds.expand_dims(sample=2), samples=1),
            r"samples was given as 1; it needs positions, such as \[1\] for sample 1, or range\(3\) for three of them",
        ),
        (lambda ds: plot.trajectories(ds.expand_dims(sample=2), samples=[2]), r"\[2\]; it needs positions among 2 samples"),
        (lambda ds: plot.phase_portrait(ds[["state"]]), r'no increment .* keep="increment"'),
        (lambda ds: plot.cobweb(ds[["input"]]), r'no state .* keep="state"'),
        (lambda ds: plot.cobweb(ds, ds), r'no final_state .* keep="final_state"'),
        (lambda ds: plot.gradient_over_steps(ds), r'no grad_state .* keep="grad_state"'),
        (lambda ds: plot.cost_surface(ds), r'no cost .* keep="cost"'),
    ],
)
def test_refusals_name_the_remedy_and_open_no_figure(draw, message, run):
    with pytest.raises(ValueError, match=message):
        draw(run)
    assert not plt.get_fignums()


# phase portraits and cobwebs


def test_phase_portrait_draws_increments_against_states_with_start_and_zero_line(run, ax):
    shuffled = run.assign(increment=run.increment.transpose("step", "h0", "w_rec"))
    plot.phase_portrait(shuffled, color="h0", ax=ax)
    for k, (h, dh) in enumerate(curves(ax, 6)):
        np.testing.assert_array_equal(h, run.state.values.reshape(4, 6)[k])
        np.testing.assert_array_equal(dh, run.increment.values.reshape(4, 6)[k])
    np.testing.assert_array_equal(np.sort(np.ravel(curves(ax, 1)), axis=None), [0, 0, 0, 0, 0.1, 0.1, 2, 2])
    assert any(list(line.get_ydata()) == [0, 0] for line in ax.lines)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hidden state (mV)", "change of state")
    assert legend_texts(ax) == ["start = 0.1", "start = 2", "recurrent weight = 0.5", "recurrent weight = 1.5", "start"]


def test_cobweb_is_a_staircase_between_the_diagonal_and_the_map(run, ax):
    starts = np.linspace(-1, 1, 9)[::-1]
    curve = xr.Dataset({"final_state": ("h0_start", np.tanh(1.5 * starts + 0.5))}, coords={"h0_start": starts})
    one = run.isel(w_rec=1, h0=0)
    h = one.state.values
    plot.cobweb(one, curve, ax=ax)
    ((x, y),) = curves(ax, 11)
    np.testing.assert_array_equal(x[::2], h)
    np.testing.assert_array_equal(y[::2], h)
    np.testing.assert_array_equal(x[1::2], h[:-1])
    np.testing.assert_array_equal(y[1::2], h[1:])
    np.testing.assert_allclose(y[1::2], np.tanh(1.5 * x[1::2] + 0.5))
    ((x, y),) = curves(ax, 9)
    np.testing.assert_array_equal(x, starts[::-1])
    np.testing.assert_array_equal(y, np.tanh(1.5 * starts + 0.5)[::-1])
    assert [line.get_slope() for line in ax.lines if hasattr(line, "get_slope")] == [1.0]
    assert legend_texts(ax) == ["map", "diagonal", "start"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hidden state (mV) at step k-1", "hidden state (mV) at step k")


def test_cobweb_refuses_several_units_and_curves(run):
    units = xr.Dataset({"state": (("unit", "step"), np.zeros((2, 3)))})
    with pytest.raises(ValueError, match=r"state has 2 units.*ds.isel\(unit=0\)"):
        plot.cobweb(units)
    curve = xr.Dataset({"final_state": (("w_rec", "h0_start"), np.zeros((2, 3)))})
    with pytest.raises(ValueError, match="exactly one dimension, the starts, but it has w_rec, h0_start"):
        plot.cobweb(run, curve)


@pytest.mark.parametrize("draw", [plot.cobweb, plot.phase_portrait])
def test_numbers_under_maps_do_not_meet(draw):
    state = np.linspace(-1, 1, 9)
    ax = draw(xr.Dataset({"state": ("step", state), "increment": ("step", state)}))
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.get_xticklabels()]
    assert all(right.x0 - left.x1 > 4 for left, right in pairwise(boxes))


# cost surfaces


def test_cost_surface_fills_cost_plus_one_at_document_levels(surface, ax):
    plot.cost_surface(surface, ax=ax)
    np.testing.assert_allclose(contours(ax).levels, [1.0, *np.logspace(-0.2, 8, 30)[1:]])
    assert contours(ax).zmin == pytest.approx(float(surface.cost.min()) + 1.0)
    assert contours(ax).extend == "max" and float(surface.cost.max()) > 1e8
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input weight", "recurrent weight")
    (bar,) = color_bars(ax.figure)
    assert bar.get_ylabel() == "cost + 1"
    assert [text.get_text() for text in bar.get_yticklabels()] == [f"$10^{{{power}}}$" for power in range(9)]
    np.testing.assert_allclose(bar.get_yticks(), 10.0 ** np.arange(9))


def test_cost_surface_puts_the_first_axis_on_x(surface, ax):
    bump = xr.zeros_like(surface)
    bump["cost"][-5:, :] = 1e4
    plot.cost_surface(bump, ax=ax)
    vertices = [path.vertices for path in contours(ax).get_paths() if len(path.vertices)]
    high = vertices[-1]  # the highest contour that is filled
    assert high[:, 0].min() > 2.0 and high[:, 1].min() == -3.0 and high[:, 1].max() == 3.0
    assert plot.cost_surface(bump, x="w_rec").get_xlabel() == "recurrent weight"
    assert plot.cost_surface(bump, y="w_in").get_xlabel() == "recurrent weight"


def test_cost_surface_marks_points_distinctly_outside_the_data(surface, ax):
    plot.cost_surface(surface, points=MARKED, ax=ax)
    assert [tuple(np.ravel(line.get_data())) for line in ax.lines] == MARKED
    assert len({line.get_color() for line in ax.lines}) == len({line.get_marker() for line in ax.lines}) == 6
    assert legend_texts(ax) == ["(2, 1)", "(1, 2)", "(1, −2)", "(1, 0)", "(1, 0.5)", "(1, −0.5)"]
    assert not overlap(ax, ax.get_legend())
    assert not ax.get_legend().get_window_extent().overlaps(ax.xaxis.label.get_window_extent())


def test_cost_surface_window_zooms_and_leaves_out_points_beyond_it(surface, ax):
    plot.cost_surface(surface, points=MARKED, window=((0, 1.5), (0.25, 2)), ax=ax)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1.5), (0.25, 2))
    assert legend_texts(ax) == ["(1, 2)", "(1, 0.5)"]
    assert not any(line.get_clip_on() for line in ax.lines)  # half of a mark on the edge would be lost
    vertices = np.concatenate([path.vertices for path in contours(ax).get_paths() if len(path.vertices)])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    assert (low <= [0, 0.25]).all() and (high >= [1.5, 2]).all()  # filled up to the edge
    assert (low > [-0.3, -0.2]).all() and (high < [1.8, 2.4]).all()  # and not much further


def test_cost_surface_shows_cells_that_are_not_finite_in_grey(surface, ax):
    surface["cost"][10, 10] = np.nan
    surface["cost"][20:22, 5] = np.inf
    plot.cost_surface(surface, ax=ax)
    assert legend_texts(ax) == ["not finite (3 cells)"]
    (patch,) = ax.patches
    assert patch.get_bbox().bounds == (-3, -3, 6, 6) and patch.get_zorder() < contours(ax).get_zorder()
    ax.figure.canvas.draw()
    column, row = ax.transData.transform((surface.w_in[10], surface.w_rec[10])).astype(int)
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())
    assert to_hex(pixels[pixels.shape[0] - row, column, :3] / 255) == to_hex(patch.get_facecolor())


def test_cost_surface_of_finite_cells_has_no_legend(surface, ax):
    assert plot.cost_surface(surface, ax=ax).get_legend() is None
    assert not ax.patches


def test_cost_surface_chooses_levels_for_small_costs(surface, ax):
    small = surface.assign(cost=(surface.cost * 1e-9).assign_attrs(surface.cost.attrs))
    plot.cost_surface(small, ax=ax)
    top = float(small.cost.max()) + 1.0
    np.testing.assert_allclose(contours(ax).levels, np.logspace(0, np.log10(top), 30))
    ticks = color_bars(ax.figure)[0].get_yticks()
    assert len(ticks) >= 4 and ticks[0] >= 1.0 and ticks[-1] <= top


@pytest.mark.parametrize(("highest", "top"), [(99.9, 100.9), (100.0, 1e8)])
def test_levels_go_up_to_a_hundred_million_from_costs_of_100_on(highest, top, ax):
    costs = np.linspace(0.0, highest, 12).reshape(3, 4)
    plot.cost_surface(xr.Dataset({"cost": (("a", "b"), costs)}), ax=ax)
    assert contours(ax).levels[-1] == pytest.approx(top)


def test_a_large_cost_on_a_linear_scale_has_even_levels_over_all_of_it(ax):
    costs = np.linspace(0.0, 1e4, 12).reshape(3, 4)
    plot.cost_surface(xr.Dataset({"cost": (("a", "b"), costs)}), log=False, ax=ax)
    levels = contours(ax).levels
    np.testing.assert_allclose(np.diff(levels), levels[1] - levels[0])
    assert levels[0] == 0.0 and levels[-1] == 1e4 and contours(ax).extend == "neither"
    assert color_bars(ax.figure)[0].get_ylabel() == "cost"


def test_cost_surface_takes_levels_norm_and_colour_map(surface, ax):
    norm = matplotlib.colors.Normalize(0, 5)
    plot.cost_surface(surface, levels=[1, 2, 5], norm=norm, cmap="magma", colorbar=False, ax=ax)
    np.testing.assert_array_equal(contours(ax).levels, [1, 2, 5])
    assert contours(ax).norm is norm and contours(ax).get_cmap().name == "magma"
    assert not color_bars(ax.figure)
    assert len(contours(plot.cost_surface(surface, levels=7)).levels) == 7


def test_cost_surface_draws_signed_variables_on_even_levels(surface, ax):
    surface["grad_w_in"] = surface.cost.differentiate("w_in").assign_attrs(long_name="gradient", units="1")
    plot.cost_surface(surface, variable="grad_w_in", ax=ax)
    assert np.ptp(np.diff(contours(ax).levels)) < 1e-6 * np.ptp(contours(ax).levels)
    assert contours(ax).levels[0] <= surface.grad_w_in.min() and surface.grad_w_in.max() <= contours(ax).levels[-1]
    assert color_bars(ax.figure)[0].get_ylabel() == "gradient"
    with pytest.raises(ValueError, match=r"grad_w_in falls to .* needs values above 0: give log=False"):
        plot.cost_surface(surface, variable="grad_w_in", log=True)


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("value", [0.0, 7.0, 1e300])
def test_cost_surface_of_one_value_is_drawn(value, log, ax):
    ds = xr.Dataset({"cost": (("a", "b"), np.full((3, 4), value))})
    plot.cost_surface(ds, log=log, ax=ax)
    ax.figure.canvas.draw()
    levels = contours(ax).levels
    assert levels.size > 1 and levels[0] <= value + log and np.ptp(levels) > 0.1


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda ds: ds.expand_dims(seed=3), {"x": "w_in", "y": "w_rec"}, r"further dimensions seed: .*ds.isel\(seed=0\)"),
        (lambda ds: ds.isel(w_in=0), {}, "cost is over w_rec, but a surface needs two axes"),
        (lambda ds: ds.isel(w_in=[0]), {}, "at least 2 points along w_in, which has 1"),
        (lambda ds: ds, {"x": "gain"}, "x needs 'gain'"),
        (lambda ds: ds, {"x": "w_in", "y": "w_in"}, "x and y are both 'w_in', but a surface needs two axes"),
        (lambda ds: ds * np.nan, {}, "cost has no finite cell"),
        (lambda ds: ds, {"window": ((5, 6), (0, 1))}, "window 5 to 6 holds no points of w_in, which runs from -3 to 3"),
        (lambda ds: ds.assign_coords(w_rec=list(map(str, range(31)))), {}, "a surface needs numbers along w_rec"),
    ],
)
def test_cost_surface_refusals(change, options, message, surface):
    with pytest.raises(ValueError, match=message):
        plot.cost_surface(change(surface), **options)
    assert not plt.get_fignums()


def test_cost_surface_sorts_axes_that_fall(surface, ax):
    plot.cost_surface(surface.isel(w_in=slice(None, None, -1)), ax=ax)
    assert ax.get_xlim() == (-3, 3)


def test_large_surfaces_are_strided_and_hide_no_lost_cell():
    cost = np.ones((2001, 4500))
    cost[3, 7] = np.nan
    grid = xr.DataArray(cost, dims=("y", "x"), coords={"y": np.arange(2001.0), "x": np.arange(4500.0)})
    seen, lost = strided(grid)
    assert max(seen.shape) <= MOST_POINTS + 1 and lost.shape == seen.shape
    assert seen.x[0] == 0 and seen.x[-1] == 4499 and seen.y[-1] == 2000
    assert lost.sum() == 1
    small = grid[:10, :MOST_POINTS]
    assert strided(small)[0].identical(small)


def test_cost_surfaces_share_levels_one_colour_bar_and_one_legend(surface):
    surface["cost"][0, 0] = np.nan
    panels = plot.cost_surfaces(surface, windows=[None, ((0, 2), (0, 2))], points=MARKED)
    figure = panels[0].figure
    assert panels.shape == (2,) and list(panels) == figure.axes[:2]
    assert len(color_bars(figure)) == 1 and len(figure.legends) == 1
    np.testing.assert_array_equal(contours(panels[0]).levels, contours(panels[1]).levels)
    assert panels[1].get_xlim() == (0, 2) and panels[0].get_xlim() == (-3, 3)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 7 and texts[-1] == "not finite (1 cell)"
    assert not any(overlap(panel, figure.legends[0]) for panel in panels)


def test_cost_surfaces_draw_on_axes_given(surface):
    given = plt.subplots(1, 2)[1]
    panels = plot.cost_surfaces(surface, windows=[None, None], points=MARKED, ax=given)
    assert list(panels) == list(given) and len(color_bars(given[0].figure)) == 1
    with pytest.raises(ValueError, match="ax has 2 Axes, but there are 1 windows"):
        plot.cost_surfaces(surface, windows=[None], ax=given)


def test_levels_of_cost_plus_one_begin_at_one():
    assert COST_LEVELS[0] == 1.0 and COST_LEVELS[-1] == pytest.approx(1e8) and (np.diff(COST_LEVELS) > 0).all()


# gradients


def test_gradient_is_summed_over_samples_and_says_so(gradients, ax):
    plot.gradient_over_steps(gradients, color="w_rec", ax=ax)
    drawn = curves(ax, 5)
    assert len(drawn) == 2
    for (_, line), sign in zip(drawn, (1, -1), strict=True):
        np.testing.assert_allclose(line, sign * 6 * np.array([np.nan, 1e-3, 1e-2, 1e-1, 1]))
    assert ax.get_ylabel() == "gradient\nsummed over samples"
    assert legend_texts(ax) == ["recurrent weight = 0.1", "recurrent weight = −0.1"]
    alone = plot.gradient_over_steps(gradients.isel(sample=0))
    assert alone.get_ylabel() == "gradient"


def test_gradient_runs_backwards_unless_told(gradients, ax):
    plot.gradient_over_steps(gradients, ax=ax)
    plot.gradient_over_steps(gradients, ax=ax)
    left, right = ax.get_xlim()
    assert left > right
    left, right = plot.gradient_over_steps(gradients, backwards=False).get_xlim()
    assert left < right


def test_gradient_axis_lets_nothing_collapse(gradients, ax):
    plot.gradient_over_steps(gradients, ax=ax)
    assert ax.get_yscale() == "symlog"
    ax.figure.canvas.draw()
    heights = ax.transAxes.inverted().transform(ax.transData.transform([(0, v) for v in (-6e-3, 0, 6e-3, 6e-2, 6e-1, 6)]))[:, 1]
    assert np.diff(heights).min() > 0.05
    np.testing.assert_allclose(ax.get_yticks(), [-1, -0.1, -0.01, -0.001, 0, 0.001, 0.01, 0.1, 1])


@pytest.mark.parametrize("smallest", [1e-2, 1e-9, 1e-60, 1e-300])
@pytest.mark.parametrize("signed", [False, True])
def test_gradient_ticks_do_not_meet(smallest, signed, ax):
    grad = np.geomspace(smallest, 1e3, 40) * (np.resize([1, -1], 40) if signed else 1)
    plot.gradient_over_steps(xr.Dataset({"grad_state": ("step", grad)}), ax=ax)
    ax.figure.canvas.draw()
    assert len(ax.get_yticks()) >= 4
    boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
    assert not any(lower.overlaps(upper) for lower, upper in pairwise(boxes))


def test_a_tiny_linthresh_is_as_small_as_can_be_drawn(gradients, ax):
    plot.gradient_over_steps(gradients, linthresh=5e-324, ax=ax)
    ax.figure.canvas.draw()
    assert 0.0 < ax.yaxis.get_transform().linthresh < 1e-200


def test_gradient_takes_linthresh_and_absolute_values(gradients, ax):
    plot.gradient_over_steps(gradients, absolute=True, linthresh=0.5, ax=ax)
    assert ax.yaxis.get_transform().linthresh == 0.5
    assert all(np.nanmin(line) >= 0 for _, line in curves(ax, 5))
    assert ax.get_ylabel() == "|gradient\nsummed over samples|"


def test_gradient_of_zeros_is_drawn(gradients, ax):
    plot.gradient_over_steps(gradients * 0.0, ax=ax)
    ax.figure.canvas.draw()


def test_gradient_refuses_too_many_lines():
    with pytest.raises(ValueError, match="300 lines"):
        plot.gradient_over_steps(xr.Dataset({"grad_state": (("unit", "step"), np.zeros((300, 4)))}))
