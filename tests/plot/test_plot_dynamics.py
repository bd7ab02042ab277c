"""The figures of long-run dynamics: what is drawn where, in which looks, with which words, and what is refused."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex, to_rgba
from matplotlib.text import Annotation

import rnnsim as rs
import rnnsim.plot as plot
from rnnsim.plot.drawing.contours import NOT_FINITE
from rnnsim.plot.drawing.line_styles import PALETTE
from rnnsim.plot.drawing.sorts import CYCLES, FIXED_POINTS, Sort
from rnnsim.plot.phase_planes import STABLE, UNSTABLE, _field, jacobian
from rnnsim.plot.stability import MARKS, flags

matplotlib.use("Agg")

KINDS = {"flag_values": np.arange(4, dtype=np.int32), "flag_meanings": "stable saddle unstable marginal"}
W_REC = np.array([[2.2, -0.5], [-0.7, 2.0]])


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


@pytest.fixture
def orbits():
    """A two-cycle on the way up and a fixed point on the way down, over an axis that falls."""
    b = np.array([0.5, 0.0, -0.5])
    up = b[:, None] + np.array([0.1, -0.1, 0.1, -0.1])
    down = np.broadcast_to(b[:, None] + 1.0, (3, 4))
    return xr.Dataset(
        {
            "orbit": (
                ("b", "direction", "iterate"),
                np.stack([up, down], axis=1),
                {"long_name": "state in the long run", "units": "1"},
            )
        },
        coords={"b": ("b", b, {"long_name": "bias", "units": "mV"}), "direction": ["up", "down"], "iterate": [11, 12, 13, 14]},
    )


@pytest.fixture
def spectra():
    values = np.array([[0.1, -0.5], [0.2, -np.inf], [0.3, -0.7]])
    return xr.Dataset(
        {
            "lyapunov_exponent": (("b", "exponent"), values, {"long_name": "Lyapunov exponent", "units": "1"}),
            "lyapunov_error": (("b", "exponent"), np.full((3, 2), 0.01)),
        },
        coords={"b": ("b", [0.5, 0.0, -0.5], {"long_name": "bias", "units": "mV"})},
    )


@pytest.fixture
def grid():
    """Starts of two units over an axis each, the second first, and the first one falling."""
    x, y = xr.DataArray(np.linspace(1.2, -1.2, 61), dims="x"), xr.DataArray(np.linspace(-1.1, 1.1, 56), dims="y")
    h0 = xr.concat(xr.broadcast(x, y), "unit").assign_coords(x=x, y=y)
    return h0.transpose("y", "x", "unit")


@pytest.fixture
def plane(grid):
    return rs.simulate(rs.Elman(np.zeros((2, 1)), W_REC, h0=grid), np.zeros((1, 1)), keep=("state", "increment"))


@pytest.fixture
def points():
    """The unstable origin, a saddle, a stable point and room for another, as `rs.fixed_points` returns them."""
    found = []
    for start in ([0.0, 0.0], [0.4, 0.95], [-1.0, 1.0]):
        h = np.array(start)
        for _ in range(30):
            f = np.tanh(W_REC @ h)
            h = h - np.linalg.solve((1.0 - f**2)[:, None] * W_REC - np.eye(2), f - h)
        found.append(h)
    values = [np.linalg.eigvals((1.0 - np.tanh(W_REC @ h) ** 2)[:, None] * W_REC) for h in found]
    assert [int((abs(v) < 1).sum()) for v in values] == [0, 1, 2]
    nothing = np.full(2, np.nan)
    return xr.Dataset(
        {
            "state": (("point", "unit"), np.array([*found, nothing]), {"long_name": "state"}),
            "multiplier_real": (("point", "mode"), np.real([*values, nothing])),
            "multiplier_imag": (("point", "mode"), np.imag([*values, nothing])),
            "stability": ("point", np.array([2, 1, 0, -1], np.int32), KINDS),
        }
    )


@pytest.fixture
def basins():
    """The basins of two fixed points and a cycle, with a corner that goes nowhere."""
    labels = np.zeros((4, 6), np.int32)
    labels[:, 3:], labels[2:, :3], labels[0, 0] = 1, 2, -1
    states = np.full((4, 5, 2), np.nan)
    states[0], states[1] = [-0.5, 0.5], [0.5, 0.5]
    states[2] = np.resize([[0.1, 0.2], [0.2, 0.1]], (5, 2))
    return xr.Dataset(
        {
            "attractor": (("x", "y"), labels),
            "attractor_state": (("basin", "iterate", "unit"), states),
            "attractor_period": ("basin", np.array([1, 0, 2, -1], np.int32)),
            "fraction": ("basin", [5 / 24, 0.5, 0.25, 0.0]),
        },
        coords={"x": ("x", np.linspace(-1, 1, 4), {"long_name": "start of unit 0"}), "y": np.linspace(0, 1, 6)},
    )


def periods(data, period):
    """Basins all of whose attractors have a period."""
    return data["basins"].assign(attractor_period=("basin", np.full(4, period)))


def states_of(data):
    """Basins with the states of one unit."""
    return data["basins"].isel(unit=0)


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def dots(ax):
    return {to_hex(line.get_color()): line.get_xydata() for line in ax.lines if line.get_marker() == "o"}


@pytest.mark.parametrize("given", [True, False], ids=["given", "new"])
@pytest.mark.parametrize("name", ["orbit_diagram", "spectrum", "basins", "multipliers", "phase_plane"])
def test_returns_the_axes_given_or_those_of_one_new_figure(name, given, orbits, spectra, basins, points, plane, ax):
    data = {"orbit_diagram": orbits, "spectrum": spectra, "basins": basins, "multipliers": points, "phase_plane": plane}[name]
    before = plt.get_fignums()
    drawn = getattr(plot, name)(data, ax=ax if given else None)
    assert (drawn is ax) == given
    assert len(plt.get_fignums()) == len(before) + (not given)
    drawn.figure.canvas.draw()
    assert drawn.get_legend() is not None and not drawn.get_legend().get_window_extent().overlaps(drawn.get_window_extent())
    assert getattr(plot, name)(data, legend=False).get_legend() is None


# orbit diagrams and spectra


def test_every_state_is_a_dot_and_the_way_down_lies_under_the_way_up(orbits, ax):
    plot.orbit_diagram(orbits, ax=ax)
    down, up = ax.lines
    np.testing.assert_array_equal(np.sort(up.get_xdata()), np.repeat([-0.5, 0.0, 0.5], 4))
    np.testing.assert_allclose(up.get_ydata() - up.get_xdata(), [0.1, -0.1] * 6, atol=1e-15)
    np.testing.assert_allclose(down.get_ydata() - down.get_xdata(), 1.0)
    assert down.get_markersize() > up.get_markersize() and down.get_color() != up.get_color()
    assert all(line.get_rasterized() and line.get_linestyle() == "None" for line in ax.lines)
    assert legend_texts(ax) == ["up", "down"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("bias (mV)", "state in the long run")


def test_orbits_without_directions_and_with_samples(orbits, ax):
    one = orbits.isel(direction=0, drop=True).expand_dims(sample=2).expand_dims(unit=1)
    plot.orbit_diagram(one, size=3.0, ax=ax)
    (line,) = ax.lines
    assert len(line.get_xdata()) == 24 and line.get_markersize() == 3.0 and ax.get_legend() is None


def test_exponents_are_lines_over_rising_values_with_gaps_and_bands(spectra, ax):
    plot.spectrum(spectra, ax=ax)
    drawn = {line.get_label(): line for line in ax.lines if str(line.get_label()).startswith("exponent")}
    np.testing.assert_array_equal(drawn["exponent 1"].get_xdata(), [-0.5, 0.0, 0.5])
    np.testing.assert_array_equal(drawn["exponent 1"].get_ydata(), [0.3, 0.2, 0.1])
    np.testing.assert_array_equal(drawn["exponent 2"].get_ydata(), [-0.7, np.nan, -0.5])
    assert len(ax.collections) == 2 and any(list(line.get_ydata()) == [0, 0] for line in ax.lines)
    around = ax.collections[-1].get_datalim(ax.transData).get_points()[:, 1]  # that of exponent 1, which is drawn last
    np.testing.assert_allclose(around, [0.1 - 0.01, 0.3 + 0.01])
    assert legend_texts(ax) == ["exponent 1", "exponent 2", "band: ± standard error"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("bias (mV)", "Lyapunov exponent")
    few = plot.spectrum(spectra.drop_vars("lyapunov_error"), exponents=1)
    assert legend_texts(few) == ["exponent 1"] and not few.collections


def test_many_exponents_have_colours_of_their_own_and_a_short_legend(ax):
    ds = xr.Dataset({"lyapunov_exponent": (("g", "exponent"), np.zeros((3, 40)) - np.arange(40))}, coords={"g": [0.0, 1.0, 2.0]})
    plot.spectrum(ds, ax=ax)
    assert len({to_hex(line.get_color()) for line in ax.lines if str(line.get_label()).startswith("exponent")}) == 40
    texts = legend_texts(ax)
    assert len(texts) == 8 and texts[0] == "exponent 1" and texts[-1] == "exponent 40"


def test_an_orbit_diagram_stands_above_its_exponents(orbits, spectra):
    upper, lower = plot.orbit_diagram_with_exponents(orbits, spectra)
    assert upper.get_xlim() == lower.get_xlim() and upper.get_xlabel() == "" and lower.get_xlabel() == "bias (mV)"
    assert upper.get_position().y0 > lower.get_position().y0
    assert sum(str(line.get_label()).startswith("exponent") for line in lower.lines) == 1
    panels = plt.subplots(2, 1)[1]
    given = plot.orbit_diagram_with_exponents(orbits, spectra, count=None, ax=panels)
    assert list(given) == list(panels) and given[0].get_xlim() == given[1].get_xlim()
    assert legend_texts(given[1]) == ["exponent 1", "exponent 2", "band: ± standard error"]


# basins


def painted(ax):
    """The colour of every cell (y, x) of a map of basins."""
    (mesh,) = ax.collections
    mesh.update_scalarmappable()
    return np.array([to_hex(color) for color in mesh.get_facecolor()]).reshape(mesh.get_array().shape)


def test_periods_may_be_nan_where_there_is_no_attractor(basins, ax):
    merged = basins.assign(attractor_period=basins.attractor_period.where(basins.attractor_period >= 0))
    assert merged.attractor_period.dtype.kind == "f"
    plot.basins(merged, alpha=1.0, units=(0, 1), ax=ax)
    other = plot.basins(basins, alpha=1.0, units=(0, 1))
    np.testing.assert_array_equal(painted(ax), painted(other))
    assert legend_texts(ax) == legend_texts(other)


def test_basins_have_a_colour_for_every_attractor_and_grey_for_none(basins, ax):
    plot.basins(basins, alpha=1.0, ax=ax)
    colors = [*map(to_hex, (FIXED_POINTS[0], CYCLES[0], CYCLES[2])), to_hex(NOT_FINITE)]
    np.testing.assert_array_equal(painted(ax), np.array(colors)[basins.attractor.transpose("y", "x").values])
    assert legend_texts(ax) == [
        "attractor 0, fixed point at (−0.5, 0.5), 20.8 %",
        "attractor 2, period 2, 25 %",
        "attractor 1, no period, 50 %",
        "none",
    ]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("start of unit 0", "y")
    swapped = plot.basins(basins[["attractor"]], x="y", y="x")
    assert swapped.get_ylabel() == "start of unit 0" and legend_texts(swapped) == [
        "attractor 0",
        "attractor 1",
        "attractor 2",
        "none",
    ]


def test_states_of_attractors_are_marked_in_their_colours(basins, ax):
    plot.basins(basins, units=(1, 0), ax=ax)
    marks = dots(ax)
    np.testing.assert_array_equal(marks[to_hex(FIXED_POINTS[0])], [[0.5, -0.5]])
    assert marks[to_hex(CYCLES[0])].shape == (5, 2)
    np.testing.assert_array_equal(np.sort(marks[to_hex(CYCLES[2])], axis=0), [[0.1, 0.1], [0.2, 0.2]])


def family(w_rec, bias=0.3):
    """The basins of one tanh unit of each weight: cycles of period 2 below -1, two fixed points above about 1.7."""
    h0 = rs.axis("h0", np.linspace(-1, 1, 10))
    return rs.basins(rs.Elman(0.0, rs.axis("w_rec", w_rec), bias, h0), discard=500)


def test_a_cycle_and_a_fixed_point_have_different_colours_though_both_are_attractor_0(ax):
    ds = family([-3.0, 0.5])
    assert (ds.attractor == 0).all() and ds.attractor_period[:, 0].values.tolist() == [2, 1]
    columns = painted(plot.basins(ds, alpha=1.0, ax=ax)).T
    assert set(columns[0]) == {to_hex(CYCLES[2])} and set(columns[1]) == {to_hex(FIXED_POINTS[0])}
    assert legend_texts(ax)[:2] == ["fixed point", "period 2"]
    one_by_one = [set(painted(plot.basins(xr.concat([ds.isel(w_rec=i)] * 2, "copy"), alpha=1.0)).ravel()) for i in (0, 1)]
    assert one_by_one == [{to_hex(CYCLES[2])}, {to_hex(FIXED_POINTS[0])}]


@pytest.mark.parametrize("order", [1, -1])
def test_an_attractor_keeps_its_colour_over_networks(order, ax):
    ds = family(np.linspace(0.5, 3.0, 26)[::order])
    high = to_hex(FIXED_POINTS[1]) == painted(plot.basins(ds, alpha=1.0, ax=ax)).T
    ends = ds.attractor_state.isel(iterate=-1).sel(basin=ds.attractor).sortby("w_rec").transpose("w_rec", "h0")
    np.testing.assert_array_equal(high, ends > 0)  # the upper point, be it number 0 or 1 of its network
    assert (~high).any() and set(ds.attractor.where(ends.sortby("w_rec") > 0).values.ravel()) > {0.0, 1.0}
    assert legend_texts(ax)[:2] == ["fixed point 1", "fixed point 2"] and "followed along recurrent weight" in legend_texts(ax)[2]


def test_without_periods_the_legend_says_what_numbers_are(ax):
    plot.basins(family([-3.0, 0.5]).drop_vars("attractor_period"), ax=ax)
    assert legend_texts(ax) == ["attractor 0", "numbers are each network's own"]


def test_without_states_colours_are_those_of_periods(ax):
    plot.basins(family([-3.0, 0.5, 3.0]).drop_vars("attractor_state"), ax=ax)
    assert legend_texts(ax) == ["fixed point", "period 2", "the same colour: the same period"]


def test_fixed_points_are_placed_in_two_digits():
    assert Sort(0, 1, np.array([[0.126, -0.994]])).place == " at (0.13, −0.99)"
    assert Sort(0, 1, np.array([[-0.001]])).place == " at 0" and Sort(0, 2, np.array([[0.5], [0.1]])).place == ""


def test_many_attractors_are_named_in_part(ax):
    labels = np.arange(24, dtype=np.int32).reshape(4, 6)
    plot.basins(xr.Dataset({"attractor": (("x", "y"), labels)}), ax=ax)
    texts = legend_texts(ax)
    assert len(texts) == 9 and texts[-1] == "and 16 more"


# multipliers


def test_multipliers_stand_on_the_plane_with_the_unit_circle(points, ax):
    plot.multipliers(points, ax=ax)
    (circle,) = (patch for patch in ax.patches if isinstance(patch, matplotlib.patches.Circle))
    assert circle.get_radius() == 1.0 and circle.center == (0.0, 0.0) and ax.get_aspect() == 1.0
    drawn = np.concatenate([line.get_xydata() for line in ax.lines if line.get_marker() != "None"])
    known = points.isel(point=slice(3))
    expected = np.stack([known.multiplier_real.values.ravel(), known.multiplier_imag.values.ravel()], axis=1)
    np.testing.assert_array_equal(drawn[np.argsort(drawn[:, 0])], expected[np.argsort(expected[:, 0])])
    assert legend_texts(ax) == ["point = 0", "point = 1", "point = 2", "stable", "saddle", "unstable"]
    marks = [(line.get_marker(), line.get_fillstyle()) for line in ax.lines if line.get_marker() != "None"]
    assert marks == [MARKS["unstable"], MARKS["saddle"], MARKS["stable"]]
    assert MARKS["stable"] == ("o", "full") and MARKS["unstable"] == ("o", "none")  # as everywhere in the field


def test_multipliers_are_coloured_along_an_axis(ax):
    angle = np.linspace(0.1, 1.0, 5)
    wave = xr.DataArray(np.stack([angle, -angle], axis=1)[:, None], dims=("gain", "point", "mode"), coords={"gain": angle})
    ds = xr.Dataset({"multiplier_real": np.cos(wave), "multiplier_imag": np.sin(wave).transpose("mode", "gain", "point")})
    plot.multipliers(ds, ax=ax)
    drawn = [line for line in ax.lines if line.get_marker() != "None"]
    assert [to_hex(line.get_color()) for line in drawn] == [to_hex(color) for color in PALETTE[:5]]
    np.testing.assert_allclose([np.hypot(*line.get_xydata().T) for line in drawn], 1.0)
    assert legend_texts(ax)[0] == "gain = 0.1"


def test_flags_say_what_their_numbers_mean():
    array = xr.DataArray([4, 2], attrs={"flag_values": np.array([4, 2], np.int32), "flag_meanings": "left right"})
    assert flags(array) == {4: "left", 2: "right"} and flags(array.drop_attrs()) == {}


# the plane of two units


def test_the_jacobian_is_that_of_the_map(plane, points):
    field = _field(plane)
    for h in points.state.values[:3]:
        exact = (1.0 - np.tanh(W_REC @ h) ** 2)[:, None] * W_REC
        np.testing.assert_allclose(jacobian(field, h), exact, atol=0.02)
    assert np.isnan(jacobian(field, np.array([1.3, 0.0]))).all()


def test_nullclines_are_where_a_unit_stands_still(plane, ax):
    plot.phase_plane(plane, ax=ax)
    contours = [each for each in ax.collections if isinstance(each, matplotlib.contour.ContourSet)]
    for unit, contour in enumerate(contours):
        at = np.concatenate([path.vertices for path in contour.get_paths()])
        assert len(at) > 50
        np.testing.assert_allclose(np.tanh(at @ W_REC.T)[:, unit] - at[:, unit], 0.0, atol=5e-3)
    assert len(contours) == 2
    assert legend_texts(ax) == ["unit 0 stands still", "unit 1 stands still"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("state of unit 0", "state of unit 1")
    assert ax.get_xlim() == (-1.2, 1.2) and ax.get_ylim() == (-1.1, 1.1)


def test_arrows_point_along_the_step(plane, ax):
    plot.phase_plane(plane, ax=ax)
    (quiver,) = (each for each in ax.collections if isinstance(each, matplotlib.quiver.Quiver))
    h = quiver.get_offsets().data
    step = np.tanh(h @ W_REC.T) - h
    moves = np.hypot(*step.T) > 0
    np.testing.assert_allclose(
        np.stack([quiver.U, quiver.V], axis=1)[moves], (step / np.hypot(*step.T)[:, None])[moves], atol=1e-12
    )
    assert len(h) == 21 * 21
    assert not any(isinstance(each, matplotlib.quiver.Quiver) for each in plot.phase_plane(plane, arrows=False).collections)


def test_points_are_marked_with_their_stability_and_directions(plane, points, ax):
    plot.phase_plane(plane, points, ax=ax)
    marks = {(line.get_marker(), line.get_fillstyle()): line.get_xydata()[0] for line in ax.lines if len(line.get_xdata()) == 1}
    for kind, state in zip(("unstable", "saddle", "stable"), points.state.values, strict=False):
        np.testing.assert_array_equal(marks[MARKS[kind]], state)
    assert legend_texts(ax)[2:] == ["orbits come", "orbits leave", "stable", "saddle", "unstable"]
    arrows = [each for each in ax.texts if isinstance(each, Annotation)]
    assert len(arrows) == 12
    saddle = points.state.values[1]
    values, vectors = np.linalg.eig((1.0 - np.tanh(W_REC @ saddle) ** 2)[:, None] * W_REC)
    for arrow in arrows[4:8]:
        ends = np.array([arrow.xyann, arrow.xy]) - saddle
        leaves = to_rgba(arrow.arrowprops["color"]) == to_rgba(UNSTABLE)
        assert leaves or to_rgba(arrow.arrowprops["color"]) == to_rgba(STABLE)
        assert (np.hypot(*ends[1]) > np.hypot(*ends[0])) == leaves
        own = vectors[:, int(np.argmax(abs(values)) if leaves else np.argmin(abs(values)))]
        move = ends[1] - ends[0]
        assert abs(np.cross([*move, 0.0], [*own, 0.0])[2]) < 0.03 * np.hypot(*move)
    assert not plot.phase_plane(plane, points, directions=False).texts


def test_orbits_leave_along_a_multiplier_below_minus_1(grid):
    run = rs.simulate(rs.Elman(np.zeros((2, 1)), np.diag([-1.5, 0.5]), h0=grid), np.zeros((1, 1)), keep=("state", "increment"))
    ax = plot.phase_plane(run, xr.Dataset({"state": (("point", "unit"), [[0.0, 0.0]])}))
    arrows = [np.array([each.xyann, each.xy]) for each in ax.texts]
    leave = [np.hypot(*ends[1]) > np.hypot(*ends[0]) for ends in arrows]
    along = [int(np.argmax(abs(ends[1] - ends[0]))) for ends in arrows]
    assert sorted(zip(along, leave, strict=True)) == [(0, True), (0, True), (1, False), (1, False)]


def test_points_without_stability_are_dots_and_spirals_have_no_directions(grid):
    turn = 1.1 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    run = rs.simulate(rs.Elman(np.zeros((2, 1)), turn, h0=grid), np.zeros((1, 1)), keep=("state", "increment"))
    ax = plot.phase_plane(run, xr.Dataset({"state": (("point", "unit"), [[0.0, 0.0]])}))
    assert legend_texts(ax)[2:] == ["fixed point"] and not ax.texts


def test_basins_lie_behind_the_plane_and_stay_in_its_legend(basins, plane, points):
    ax = plot.basins(basins)
    plot.phase_plane(plane, points, arrows=False, ax=ax)
    assert legend_texts(ax)[0] == "attractor 0, fixed point at (−0.5, 0.5), 20.8 %" and legend_texts(ax)[-1] == "unstable"


def test_results_of_the_verbs_can_be_drawn(grid):
    h0 = grid.isel(x=slice(None, None, 6), y=slice(None, None, 6))
    ax = plot.basins(rs.basins(rs.Elman(np.zeros((2, 1)), W_REC, h0=h0), discard=100), units=(0, 1))
    assert len(dots(ax)) == 2
    net = rs.Elman(0.0, 2.0, bias=rs.axis("b", np.linspace(-1, 1, 5)), h0=-1.0)
    down, up = plot.orbit_diagram(rs.orbit_diagram(net, along="b", discard=100, steps=8)).lines
    assert (down.get_ydata()[16:24] > 0).all() and (up.get_ydata()[16:24] < 0).all()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda d: plot.orbit_diagram(d["spectra"]), r"no orbit .*: compute it with rs.orbit_diagram"),
        (lambda d: plot.orbit_diagram(d["orbits"], x="w"), "x needs 'w', but the dimensions of orbit are b, direction, iterate"),
        (lambda d: plot.orbit_diagram(d["orbits"].expand_dims(c=2)), "further dimensions b: choose, as in ds.isel"),
        (
            lambda d: plot.orbit_diagram(d["orbits"].expand_dims(unit=2), x="b"),
            r"further dimensions unit: choose, as in ds.isel\(unit=0\)",
        ),
        (lambda d: plot.orbit_diagram(d["orbits"].isel(b=0)), "orbit has no axis, but the figure needs one"),
        (lambda d: plot.orbit_diagram(d["orbits"].assign_coords(b=["x", "y", "z"])), "needs numbers along b"),
        (lambda d: plot.spectrum(d["orbits"]), "no lyapunov_exponent .*: compute it with rs.lyapunov"),
        (lambda d: plot.spectrum(d["spectra"].expand_dims(seed=3), x="b"), r"choose, as in ds.isel\(seed=0\)"),
        (lambda d: plot.orbit_diagram_with_exponents(d["orbits"], d["spectra"], ax=[]), "ax has 0 Axes, but .* needs 2"),
        (lambda d: plot.basins(d["orbits"]), "no attractor .*: compute it with rs.basins"),
        (lambda d: plot.basins(d["basins"].isel(x=0)), "attractor is over y, but a surface needs two axes"),
        (
            lambda d: plot.basins(d["basins"].drop_vars("attractor_state"), units=(0, 1)),
            'no attractor_state .*: keep "attractor_state"',
        ),
        (lambda d: plot.multipliers(d["orbits"]), "no multiplier_real .*: compute it with rs.fixed_points"),
        (lambda d: plot.multipliers(d["points"], color="w"), "color needs 'w'"),
        (lambda d: plot.multipliers(d["points"].isel(point=[3])), "multiplier_real has no finite number to draw"),
        (lambda d: plot.phase_plane(d["points"]), "needs 'step', but"),
        (
            lambda d: plot.phase_plane(d["plane"].isel(step=[0])),
            "increment has no step after the start, but a plane shows the first",
        ),
        (lambda d: plot.basins(periods(d, np.nan)), "attractor_period has no period of an attractor that the map has"),
        (
            lambda d: plot.basins(d["basins"].assign(attractor_period=1)),
            "the map needs 'basin', but the dimensions of attractor_period",
        ),
        (
            lambda d: plot.basins(states_of(d).mean("iterate")),
            "the map needs 'iterate', but the dimensions of attractor_state are basin",
        ),
        (lambda d: plot.basins(periods(d, np.inf)), "attractor_period holds other than whole numbers"),
        (lambda d: plot.basins(periods(d, 0.5)), "attractor_period holds other than whole numbers"),
        (
            lambda d: plot.curves(d["spectra"], x="lyapunov_error", y="lyapunov_error", alpha=False),
            "alpha was given as False; it needs a number",
        ),
        (lambda d: plot.phase_plane(d["plane"].drop_vars("increment")), "no increment .*: compute it with rs.simulate"),
        (lambda d: plot.phase_plane(d["plane"].isel(unit=[0])), r"state has 1 units, but a plane shows 2"),
        (lambda d: plot.phase_plane(d["plane"].isel(x=0)), "state has the axes y, but a plane needs two"),
        (lambda d: plot.phase_plane(d["plane"].isel(x=[0, 1])), "the starts are no grid"),
        (lambda d: plot.phase_plane(d["skew"]), "the starts are no grid: a plane needs one axis of h0 for each of its units"),
        (lambda d: plot.phase_plane(d["plane"], d["points"].isel(unit=[0])), "the points have 1 units, but a plane shows 2"),
    ],
)
def test_refusals_name_the_remedy_and_open_no_figure(draw, message, orbits, spectra, basins, points, plane):
    skew = plane.assign(state=plane.state + 0.1 * plane.state.isel(unit=[1, 0]).values)
    data = {"orbits": orbits, "spectra": spectra, "basins": basins, "points": points, "plane": plane, "skew": skew}
    with pytest.raises(ValueError, match=message):
        draw(data)
    assert not plt.get_fignums()
