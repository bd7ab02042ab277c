"""Every figure of rnnsim.plot is made for a column of a journal: widths, sizes of text, nothing hidden, cut off or colliding."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from figure_checks import problems

import rnnsim.plot as plot

MARKED = [(2, 1), (1, 2), (1, -2), (1, 0), (1, 0.5), (1, -0.5)]
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def surface(points=31):
    w_in, w_rec = np.linspace(-3, 3, points), np.linspace(-3, 3, points)
    cost = (w_in[:, None] * w_rec**9 - 1.0) ** 2
    norm = ("w_in", "w_rec"), np.sqrt(cost) + 1e-3, {"long_name": "norm of the gradient of the cost"}
    return xr.Dataset({"cost": (("w_in", "w_rec"), cost), "gradient_norm": norm}, {"w_in": w_in, "w_rec": w_rec})


def run():
    step, w_rec, h0 = np.arange(21), np.array([0.5, 1.5]), np.array([0.1, 2.0])
    state = np.cos(0.3 * step) * w_rec[:, None, None] + h0[:, None] * 0.5**step
    dims = ("w_rec", "h0", "step")
    return xr.Dataset(
        {
            "state": (dims, state, {"long_name": "hidden state"}),
            "increment": (dims, np.diff(state, axis=-1, prepend=state[..., :1]), {"long_name": "increment of the state"}),
            "grad_state": (dims, state * 10.0**-step, {"long_name": "derivative of the cost by the state"}),
            "input": ("step", np.sin(step), {"long_name": "input"}),
        },
        {"w_rec": w_rec, "h0": h0, "step": step},
    )


def training():
    rate, epoch = np.geomspace(0.01, 0.3, 10) * np.array([[1.0], [2.0]]), np.arange(41)
    cost = np.exp(-rate[..., None] * epoch)
    dims = ("lr", "seed", "epoch")
    names = {"cost": cost, "validation_cost": 1.1 * cost, "w_in": cost - 1.5, "w_rec": 2 * cost}
    return xr.Dataset({name: (dims, values) for name, values in names.items()}, {"lr": [0.003, 0.03], "epoch": epoch})


def basins():
    labels = np.zeros((30, 40), np.int32)
    labels[:, 20:], labels[20:, :20], labels[:3, :3] = 1, 2, -1
    states = np.full((3, 4, 2), 0.5)
    states[1] = [-0.5, 0.25]
    states[2] = np.resize([[0.1, 0.2], [0.2, 0.1]], (4, 2))
    names = {"attractor_state": (("basin", "iterate", "unit"), states), "attractor_period": ("basin", [1, 1, 2])}
    coords = {"x": ("x", np.linspace(-1, 1, 30), {"long_name": "start of unit 0"}), "y": np.linspace(-1, 1, 40)}
    return xr.Dataset({"attractor": (("x", "y"), labels), **names, "fraction": ("basin", [0.25, 0.5, 0.25])}, coords)


def plane():
    x, y = np.linspace(-1.2, 1.2, 25), np.linspace(-1.1, 1.1, 25)
    state = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    after = np.tanh(state @ np.array([[2.2, -0.7], [-0.5, 2.0]]))
    dims = ("x", "y", "step", "unit")
    increment = np.stack([0 * state, after - state], axis=2)
    return xr.Dataset({"state": (dims, np.stack([state, after], axis=2)), "increment": (dims, increment)}, {"x": x, "y": y})


def points():
    kinds = {"flag_values": np.arange(4), "flag_meanings": "stable saddle unstable marginal"}
    states, real = np.array([[0.0, 0.0], [-0.99, 0.99]]), np.array([[2.7, 1.5], [0.1, 0.05]])
    return xr.Dataset(
        {
            "state": (("point", "unit"), states),
            "multiplier_real": (("point", "mode"), real),
            "multiplier_imag": (("point", "mode"), 0 * real),
            "stability": ("point", [2, 0], kinds),
        }
    )


def orbits():
    gain = np.linspace(0.5, 6, 40)
    orbit = np.stack([np.outer(gain, [0.1, -0.1]), np.outer(gain, [0.2, 0.2])], axis=1)
    coords = {"gain": gain, "direction": ["up", "down"]}
    attrs = {"long_name": "state in the long run"}
    return xr.Dataset({"orbit": (("gain", "direction", "iterate"), orbit, attrs)}, coords)


def exponents():
    gain = np.linspace(0.5, 6, 40)
    values = np.log(gain)[:, None] - np.arange(4.0)
    attrs = {"long_name": "Lyapunov exponent, nats a step"}
    names = {"lyapunov_exponent": (("gain", "exponent"), values, attrs), "lyapunov_error": (("gain", "exponent"), 0 * values + 0.1)}
    return xr.Dataset(names, {"gain": gain})


def singular():
    lag = np.arange(1, 61)
    ds = xr.Dataset({"log_singular_value": (("lag", "mode"), lag[:, None] * np.linspace(0.1, -2, 16))}, {"lag": lag})
    ds["growth_rate"], ds["memory_length"] = -0.2, 17.3
    return ds


def weight(rows, columns):
    array = RANDOM.normal(size=(rows, columns))
    return xr.DataArray(array, dims=("unit", "unit_from"), name="w_rec")


def dates():
    time = np.arange("2013-10-01", "2014-04-01", dtype="datetime64[D]").astype("datetime64[ns]")
    attrs = {"long_name": "maximum temperature of the day", "units": "degree_Celsius"}
    return xr.DataArray(np.sin(np.linspace(0, 9, time.size)), {"time": time}, "time", "depth", attrs)


FIGURES = {
    "basins": lambda: plot.basins(basins(), units=(0, 1)),
    "cobweb": lambda: plot.cobweb(run().isel(w_rec=1)),
    "cost_surface": lambda: plot.cost_surface(surface(), points=MARKED),
    "cost_surfaces": lambda: plot.cost_surfaces(surface(), windows=[None, ((0, 2), (0, 2))], points=MARKED),
    "cost_surface_small": lambda: plot.cost_surface(surface() * 1e-9),
    "curves": lambda: plot.curves(surface(), x="w_in", y="w_rec", name="fold", ax=plot.cost_surface(surface())),
    "gradient_norm_map": lambda: plot.gradient_norm_map(surface()),
    "gradient_over_steps": lambda: plot.gradient_over_steps(run()),
    "multipliers": lambda: plot.multipliers(points()),
    "orbit_diagram": lambda: plot.orbit_diagram(orbits()),
    "orbit_diagram_with_exponents": lambda: plot.orbit_diagram_with_exponents(orbits(), exponents()),
    "phase_plane": lambda: plot.phase_plane(plane(), points()),
    "phase_portrait": lambda: plot.phase_portrait(run()),
    "predictions": lambda: plot.predictions({"Elman": dates() + 0.1}, dates()),
    "singular_values": lambda: plot.singular_values(singular()),
    "spectrum": lambda: plot.spectrum(exponents()),
    "training_curves": lambda: plot.training_curves(training(), color="lr"),
    "training_path": lambda: plot.training_path(training().isel(seed=[0, 5, 9]), color="lr", ax=plot.cost_surface(surface())),
    "trajectories": lambda: plot.trajectories(run(), color="w_rec", linewidth="h0"),
    "weights": lambda: plot.weights(weight(5, 5)),
    "weights_large": lambda: plot.weights(weight(40, 40)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_fit_a_column_and_can_be_read(name):
    before = dict(mpl.rcParams)
    figure = np.ravel(np.asarray(FIGURES[name](), dtype=object))[0].figure
    assert dict(mpl.rcParams) == before
    assert not problems(figure)
    assert len(plt.get_fignums()) == 1


def test_every_function_has_a_figure_here():
    helpers = {"coarsened", "look", "panel_letters", "shared_legend"}
    assert set(plot.__all__) - helpers <= set(FIGURES)


def test_axes_that_are_given_keep_the_look_of_their_user():
    with mpl.rc_context({"font.size": 15.0, "xtick.labelsize": 15.0}):
        figure, ax = plt.subplots(figsize=(9.0, 5.0))
        plot.trajectories(run(), ax=ax)
        assert ax.xaxis.label.get_fontsize() == ax.get_xticklabels()[0].get_fontsize() == 15.0
    assert tuple(figure.get_size_inches()) == (9.0, 5.0)


def test_a_legend_that_grows_takes_no_room_from_the_figure():
    ax = plot.cost_surface(surface())
    ax.figure.canvas.draw()
    before = ax.get_window_extent().height
    plot.training_path(training().isel(seed=[0, 5, 9]), color="lr", ax=ax)
    ax.figure.canvas.draw()
    assert ax.get_window_extent().height > 0.9 * before


def test_a_look_is_over_after_its_context():
    before = dict(mpl.rcParams)
    with plot.look():
        figure, axes = plt.subplots(1, 2, figsize=(7.0, 2.6), layout="constrained")
        for ax in axes:
            ax.plot([0, 1], [0, 1], label="one")
        axes[1].set_title("right")
        plot.shared_legend(axes, title="numbers")
        assert plot.panel_letters(axes) is figure
    assert dict(mpl.rcParams) == before
    assert not problems(figure)
    assert [ax.get_title(loc="left") for ax in axes] == [r"$\mathbf{a}$", r"$\mathbf{b}$  right"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one"] and axes[0].get_legend() is None


def test_one_colour_bar_for_several_axes_shows_the_range_of_all():
    figure, axes = plt.subplots(1, 2, figsize=(7.0, 3.0), layout="constrained")
    small = surface().sel(w_in=slice(-0.5, 0.5), w_rec=slice(-2, 2))
    plot.cost_surface(surface(), colorbar=list(axes), ax=axes[0])
    plot.cost_surface(small, levels=axes[0].collections[0].levels, colorbar=False, ax=axes[1])
    assert [p for p in problems(figure) if "arrows" in p] == []
    bar = next(ax for ax in figure.axes if ax.get_label() == "<colorbar>")
    assert bar._colorbar.vmin == 1.0 and bar._colorbar.extend == "max"


# the checks see what they are for


def spoilt(change):
    figure, ax = plt.subplots(figsize=(3.4, 2.5), layout="constrained")
    ax.plot([0, 1], [0, 1])
    ax.tick_params(labelsize=8)
    change(figure, ax)
    return " ".join(problems(figure))


def bar_too_short(figure, ax):
    figure.colorbar(ax.pcolormesh(np.arange(12.0).reshape(3, 4), vmax=5.0), ax=ax)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda figure, ax: figure.set_figwidth(5.0), "is 5.0 inches wide"),
        (lambda figure, ax: ax.set_title("tiny", fontsize=6), "'tiny' is of 6 points"),
        (lambda figure, ax: ax.text(0.9, 0.5, "far too long a text for this").set_in_layout(False), "is cut off"),
        (lambda figure, ax: (ax.text(0.5, 0.5, "one"), ax.text(0.52, 0.51, "other")), "'one' meets 'other'"),
        (lambda figure, ax: ax.set_xticks([0, 0.25, 1], ["0", "0.2", "1"]), "0.2 stands at 0.25"),
        (bar_too_short, "has arrows neither, but data need max"),
    ],
)
def test_checks_see_what_is_wrong(change, told):
    assert told in spoilt(change)
    assert not spoilt(lambda figure, ax: None)
