"""Orbit diagrams: exact folds and cycles, plain NumPy, and laws."""

import numpy as np
import pytest
import xarray as xr
from family_data import over, refused
from orbits import POSITIVE, equal, rotation

import rnnsim as rs
from rnnsim.numerics import thread_state
from rnnsim.runs.constant_inputs import over_steps
from rnnsim.verbs.attractors import long_orbits
from rnnsim.verbs.attractors.long_orbits import periods_of

FOLD = 0.532839975353552024  # |b| at w = 2


@pytest.fixture(scope="module")
def folded():
    near = [-FOLD - 1e-3, -FOLD + 1e-3, FOLD - 1e-3, FOLD + 1e-3]
    values = np.sort([*np.linspace(-0.7, 0.7, 15), *near])
    net = rs.Elman(0.0, 2.0, bias=rs.axis("b", values[::-1]), h0=0.0)
    return rs.orbit_diagram(net, along="b", discard=2000).sortby("b")


def test_states_jump_at_the_published_folds(folded):
    up, down = (folded.orbit.sel(direction=direction).isel(iterate=-1) for direction in ("up", "down"))
    np.testing.assert_array_equal(up > 0, folded.b > FOLD)
    np.testing.assert_array_equal(down > 0, folded.b > -FOLD)


def test_states_of_both_directions_are_fixed_points_at_every_value(folded):
    assert (folded.period == 1).all()
    last = folded.orbit.isel(iterate=-1)
    np.testing.assert_allclose(last, np.tanh(2.0 * last + folded.b), atol=1e-7)
    np.testing.assert_allclose(abs(last.sel(b=0.0, method="nearest")), POSITIVE[2.0], atol=1e-12)
    np.testing.assert_array_equal(folded.direction, ["up", "down"])


def test_each_direction_alone_is_its_part_of_both(folded):
    net = rs.Elman(0.0, 2.0, bias=rs.axis("b", folded.b.values))
    for direction in ("up", "down"):
        one = rs.orbit_diagram(net, along="b", discard=2000, sweep=direction)
        equal(one, folded.sel(direction=[direction]))


def test_the_cycle_below_the_flip():
    w = [-0.9, -1.5, -2.0, -5.0]
    ds = rs.orbit_diagram(rs.Elman(0.0, rs.axis("w", w), h0=0.3))
    np.testing.assert_array_equal(ds.period, [1, 2, 2, 2])
    for value in w[1:]:
        p = POSITIVE[-value]
        np.testing.assert_allclose(np.sort(ds.orbit.sel(w=value))[[0, -1]], [-p, p], atol=1e-12)


def test_periods_of_rotations():
    turns = {3: 1, 5: 2, 7: 3, 12: 5, 31: 4, 0: 0.5 * (np.sqrt(5.0) - 1.0)}
    w_rec = np.stack([rotation(2.0 * np.pi * p / max(q, 1)) for q, p in turns.items()])
    net = rs.Elman(np.zeros((2, 1)), xr.DataArray(w_rec, dims=("q", "unit", "unit_from")), h0=[1.0, 0.0], activation="linear")
    np.testing.assert_array_equal(rs.orbit_diagram(net).period, list(turns))
    np.testing.assert_array_equal(rs.orbit_diagram(net, max_period=12).period, [3, 5, 7, 12, 0, 0])
    whole = rs.orbit_diagram(net, steps=4)  # at most 2
    np.testing.assert_array_equal(whole.period, 0)


def test_periods_are_the_least_and_need_every_pair():
    rng = np.random.default_rng(0)
    rows = np.stack([np.resize(rng.normal(size=(p, 3)), (40, 3)) for p in range(1, 21)])
    np.testing.assert_array_equal(periods_of(rows, 20, 1e-9), range(1, 21))
    np.testing.assert_array_equal(periods_of(rows, 7, 1e-9), [*range(1, 8), *[0] * 13])
    for k in range(40):
        spoilt = rows.copy()
        spoilt[:, k, 1] += 1e-3
        np.testing.assert_array_equal(periods_of(spoilt, 20, 1e-9), 0)
    view = np.moveaxis(np.ascontiguousarray(np.moveaxis(rows, 0, -1)), -1, 0)
    np.testing.assert_array_equal(periods_of(view, 20, 1e-9), range(1, 21))
    for bad in (np.nan, np.inf, -np.inf):
        rows[:, -1, 0] = bad
        np.testing.assert_array_equal(periods_of(rows, 20, 1e-9), 0)
        np.testing.assert_array_equal(periods_of(np.full((2, 40, 1), bad), 20, 1e-9), 0)


def test_tolerance_is_relative_to_large_states_and_absolute_for_small_ones():
    states = np.array([1.0, 1.0 + 1e-5, 1.0, 1.0 + 1e-5])
    for scale, tolerance, period in ((1.0, 2e-5, 1), (1.0, 0.5e-5, 2), (1e6, 2e-5, 1), (1e6, 0.5e-5, 2), (1e-3, 1e-7, 1)):
        assert periods_of((scale * states).reshape(1, 4, 1), 2, tolerance) == period


def test_a_cell_state_that_grows_has_no_period():
    bias = np.array([20.0, 40.0, 20.0, 20.0])  # all gates open, so that c grows by 1 a step and h stays at 1
    net = rs.LSTM(np.zeros(4), np.zeros(4), bias=bias)
    ds = rs.orbit_diagram(net)
    np.testing.assert_allclose(ds.orbit, 1.0, atol=1e-6)
    assert ds.period == 0
    assert rs.orbit_diagram(net.replace(bias=[20.0, 0.0, 20.0, 20.0])).period == 1


NETWORKS = {
    "scalar": lambda: rs.Elman(
        over("a", [0.5, -1.0, 2.0]), over("b", [1.5, -1.8]), bias=over("a", [0.1, 0.2, 0.3]), leak=over("d", [0.5, 1.0])
    ),
    "elman": lambda: rs.Elman.random(5, 2, gain=rs.axis("gain", [0.5, 1.5, 3.0]), seed=3, h0="gaussian"),
    "gru": lambda: rs.GRU.random(4, 2, gain=rs.axis("gain", [1.0, 4.0]), seed=4, h0=0.5),
    "lstm": lambda: rs.LSTM.random(3, 2, gain=rs.axis("gain", [1.0, 6.0]), seed=5, h0="gaussian", c0=0.3),
    "scalar lstm": lambda: rs.LSTM(over("a", [0.5, 2.0]) * xr.DataArray(np.ones(4), dims="gate"), np.full(4, 2.0), h0=0.3),
    "stack": lambda: rs.Stack(
        [
            rs.LSTM.random(3, 2, seed=1, h0="gaussian", gain=rs.axis("gain", [1.0, 3.0])),
            rs.Elman.random(4, 3, seed=2, gain=rs.axis("other", [1.5, 2.5, 3.5]), h0=0.2),
        ]
    ),
    "samples": lambda: rs.Elman(1.0, over("a", [-2.0, 1.5]), h0=[0.1, -0.2, 0.7]),
}


def driven(net):
    """Constant inputs over an axis of their own."""
    array = over("drive", [-0.3, 0.4])
    return array if net.scalar else array * xr.DataArray(np.arange(1.0, 1.0 + net.inputs), dims="input")


@pytest.mark.parametrize("inputs", ["none", "driven"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_orbits_are_the_last_states_of_a_long_simulation(kind, inputs):
    net = NETWORKS[kind]()
    constant = None if inputs == "none" else driven(net)
    ds = rs.orbit_diagram(net, constant, steps=10, discard=50)
    given = over_steps(driven(net) * 0.0, 60).isel(drive=0) if constant is None else over_steps(constant, 60)
    whole = rs.simulate(net, given, keep=("state", *(["state_0", "cell_state_0"] if kind == "stack" else [])))
    assert ds.orbit.dims == tuple("iterate" if dim == "step" else dim for dim in whole.state.dims)
    np.testing.assert_array_equal(ds.orbit, whole.state.isel(step=slice(51, None)))
    np.testing.assert_array_equal(ds.iterate, range(51, 61))
    if kind == "stack":
        lower = rs.orbit_diagram(net, constant, steps=10, discard=50, keep=("orbit", "orbit_0"))
        np.testing.assert_array_equal(lower.orbit_0, whole.state_0.isel(step=slice(51, None)))
        assert set(lower.data_vars) == {"orbit", "orbit_0", "diverged_at"}


def test_nothing_need_be_discarded():
    net = rs.Elman(1.0, rs.axis("w", [0.5, 2.0]), h0=over("s", [1.0, np.inf]))
    ds = rs.orbit_diagram(net, 0.5, discard=0, steps=5)
    whole = rs.simulate(net, np.full(5, 0.5))
    np.testing.assert_array_equal(ds.orbit, whole.state.isel(step=slice(1, None)))
    np.testing.assert_array_equal(ds.diverged_at, whole.diverged_at)


@pytest.mark.parametrize("kind", ["scalar", "elman", "gru", "samples"])  # h is all of the state
def test_going_along_an_axis_is_starting_where_the_last_one_ended(kind):
    net = NETWORKS[kind]()
    along = next(iter(net.axes))
    ds = rs.orbit_diagram(net, along=along, steps=12, discard=5)
    assert ds.orbit.dims[: len(net.axes) + 1] == (*net.axes, "direction")
    for direction, order in (("up", 1), ("down", -1)):
        member = net
        for i in range(net.axes[along])[::order]:
            here = member.isel(**{along: i})
            one = rs.orbit_diagram(here, steps=12, discard=5)
            np.testing.assert_array_equal(ds.orbit.sel(direction=direction).isel({along: i}), one.orbit)
            np.testing.assert_array_equal(ds.period.sel(direction=direction).isel({along: i}), one.period)
            member = net.replace(h0=one.orbit.isel(iterate=-1, drop=True))


@pytest.mark.parametrize("discard", [0, 1, 2, 7, 333])
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_scalar_orbits_that_repeat_are_cut_short_with_the_same_bits(activation, discard):
    weights, drives = rs.axis("w", [-1.0, 0.5, -2.5, 1.5, 0.0]), rs.axis("b", [0.3, -0.2, 0.0])
    starts = xr.DataArray([0.1, -3.0], dims="sample")
    net = rs.Elman(0.5, weights, drives, h0=starts, activation=activation, leak=rs.axis("leak", [1.0, 0.4]))
    ds = rs.orbit_diagram(net, 0.2, along="b", sweep="down", discard=discard, steps=5)
    state = starts
    for b in (0, 2, 1):
        here = net.isel(b=b).replace(h0=xr.where(np.isfinite(state), state, starts))
        whole = rs.simulate(here, np.full(discard + 5, 0.2)).state
        one = ds.orbit.isel(b=b, direction=0)
        np.testing.assert_array_equal(one, whole.isel(step=slice(discard + 1, None)).transpose(*one.dims[:-1], "step"))
        state = whole.isel(step=-1, drop=True)


@pytest.mark.parametrize("discard", [501, 503])
@pytest.mark.parametrize("kind", ["cycles", "elman", "gru", "lstm"])
def test_many_states_that_come_back_are_cut_short_with_the_same_bits(monkeypatch, kind, discard):
    cycles = rs.Elman(np.ones((2, 1)), -3.0 * np.eye(2), h0=over("s", [0.1, 0.7]))
    net = cycles if kind == "cycles" else NETWORKS[kind]().isel(gain=[0])
    usual, runs = rs.orbit_diagram(net, 0.5, discard=discard, steps=8), []
    monkeypatch.setattr(long_orbits, "MANY", 1)
    monkeypatch.setattr(long_orbits, "RETURN", 6)
    compute = long_orbits.compute
    monkeypatch.setattr(long_orbits, "compute", lambda run, names: runs.append(run.steps) or compute(run, names))
    equal(usual, rs.orbit_diagram(net, 0.5, discard=discard, steps=8))
    assert len(runs) < 60 and runs[-2:] == [discard % 6, 8]


@pytest.mark.parametrize("kind", ["scalar", "samples"])
def test_bits_of_scalar_orbits_along_an_axis_do_not_depend_on_threads_blocks_or_lanes(kind):
    net = NETWORKS[kind]()
    along = next(iter(net.axes))
    whole = rs.orbit_diagram(net, along=along, discard=30, steps=8)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"width": 2}):
        with thread_state.settings(**setting):
            equal(whole, rs.orbit_diagram(net, along=along, discard=30, steps=8))


def test_an_lstm_goes_on_with_its_cell_state():
    net = rs.LSTM.random(2, 1, seed=1, gain=rs.axis("gain", [2.0, 2.0 + 1e-9, 2.0 + 2e-9]), h0=0.5, c0=0.5)
    ds = rs.orbit_diagram(net, along="gain", sweep="up", steps=4, discard=6).orbit.isel(direction=0)
    whole = rs.simulate(net.isel(gain=0), np.zeros((30, 1))).state
    np.testing.assert_allclose(
        ds.stack(k=("gain", "iterate")).T, whole.isel(step=[*range(7, 11), *range(17, 21), *range(27, 31)]), atol=1e-6
    )


def test_an_axis_of_inputs_can_be_gone_along():
    inputs = rs.axis("drive", [0.8, -0.8, 0.0])
    ds = rs.orbit_diagram(rs.Elman(1.0, 2.0, h0=1.0), inputs, along="drive")
    last = ds.orbit.isel(iterate=-1).sel(drive=0.0)
    np.testing.assert_allclose(last, [-POSITIVE[2.0], POSITIVE[2.0]], atol=1e-12)
    biased = rs.orbit_diagram(rs.Elman(1.0, 2.0, bias=rs.axis("drive", [0.8, -0.8, 0.0]), h0=1.0), along="drive")
    np.testing.assert_allclose(ds.orbit, biased.orbit, atol=1e-12)


def test_labels_are_gone_along_in_their_order():
    values = xr.DataArray([0.8, 0.0, -0.8], dims="kind", coords={"kind": ["a", "b", "c"]})
    ds = rs.orbit_diagram(rs.Elman(1.0, 2.0, bias=values), along="kind")
    np.testing.assert_array_equal(ds.orbit.isel(iterate=-1).sel(kind="b") > 0, [True, False])


def test_divergence_stays_in_its_point_and_what_follows_begins_anew():
    net = rs.Elman(1.0, rs.axis("w", [0.5, np.nan, 0.9, 2.0, 3.0]), h0=over("start", [1.0, 0.0]), activation="linear")
    ds = rs.orbit_diagram(net.isel(w=[0, 2, 3, 4]), along="w", sweep="down", discard=1200)
    np.testing.assert_array_equal(ds.diverged_at.isel(direction=0), [[-1, -1], [-1, -1], [1024, -1], [647, -1]])
    np.testing.assert_array_equal(ds.period.isel(direction=0), [[1, 1], [1, 1], [0, 1], [0, 1]])
    assert np.isfinite(ds.orbit.sel(w=[0.5, 0.9])).all()
    ds = rs.orbit_diagram(net, discard=3, steps=2)
    np.testing.assert_array_equal(ds.diverged_at, [[-1, -1], [1, 1], [-1, -1], [-1, -1], [-1, -1]])
    np.testing.assert_allclose(ds.orbit[2, 0], [0.9**4, 0.9**5], rtol=1e-14)
    late = rs.orbit_diagram(rs.Elman(1.0, 2.0, h0=1.0, activation="linear"), discard=1020)
    assert late.diverged_at == 1024 and late.period == 0


@pytest.mark.parametrize("along", [None, "gain"])
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm", "stack"])
def test_bits_do_not_depend_on_threads_blocks_or_company(kind, along):
    net = NETWORKS[kind]()
    whole = rs.orbit_diagram(net, driven(net), along=along, discard=30, steps=8)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}):
        with thread_state.settings(**setting):
            equal(whole, rs.orbit_diagram(net, driven(net), along=along, discard=30, steps=8))
    if along is None:
        one = rs.orbit_diagram(net.isel(gain=[1]), driven(net), discard=30, steps=8)
        equal(one, whole.isel(gain=[1]))


def test_inputs_over_axes_are_laid_out_in_parts_with_the_same_bits(monkeypatch):
    net = NETWORKS["lstm"]()
    whole = rs.orbit_diagram(net, driven(net), discard=31, steps=8)
    monkeypatch.setattr("rnnsim.runs.constant_inputs.MOST_BYTES", 7 * 4 * 8)
    equal(whole, rs.orbit_diagram(net, driven(net), discard=31, steps=8))


def test_constant_inputs_in_all_their_forms():
    net = rs.Elman.random(3, 2, seed=1)
    one = rs.orbit_diagram(net, 0.5)
    for same in ([0.5, 0.5], np.full(2, 0.5), xr.DataArray([0.5, 0.5], dims="input"), xr.DataArray(0.5)):
        equal(one, rs.orbit_diagram(net, same))
    equal(rs.orbit_diagram(net), rs.orbit_diagram(net, 0))
    tokens = rs.Stack([rs.Embedding(np.array([[0.0, 0.0], [0.5, 0.5]])), net])
    np.testing.assert_array_equal(rs.orbit_diagram(tokens, 1).orbit, one.orbit)


def test_a_result_is_described_and_kept(tmp_path):
    net = rs.Elman(1.0, rs.axis("w", [0.5, 2.0]), h0=[0.1, 0.2])
    ds = rs.orbit_diagram(net, along="w")
    assert ds.orbit.dims == ("w", "direction", "sample", "iterate") and ds.period.dims == ("w", "direction", "sample")
    assert ds.diverged_at.dims == ("w", "direction") and ds.period.dtype == np.int32
    assert set(rs.orbit_diagram(net, keep="period").data_vars) == {"period", "diverged_at"}
    for variable in ds.variables.values():
        assert variable.attrs["long_name"] and variable.attrs["units"] == "1"
    rs.save(ds, tmp_path / "orbits.nc")
    xr.testing.assert_equal(rs.open(tmp_path / "orbits.nc").load(), ds)


SCALAR = rs.Elman(1.0, rs.axis("w", [0.5, 2.0]))
VECTOR = rs.Elman.random(3, 2)
TOKENS = rs.Stack([rs.Embedding(np.ones((4, 2))), VECTOR])


@pytest.mark.parametrize(
    ("net", "given", "kind", "message"),
    [
        (3, {}, TypeError, "net was given an int; it needs a family"),
        (SCALAR, {"steps": 1}, ValueError, "steps was given as 1; it needs a whole number of 2 or more"),
        (SCALAR, {"discard": -1}, ValueError, "discard was given as -1; it needs a whole number of 0 or more"),
        (SCALAR, {"max_period": 33}, ValueError, "max_period was given as 33; it needs 32 or less, half of the 64 steps kept"),
        (SCALAR, {"tolerance": np.nan}, ValueError, "tolerance was given as nan; it needs a number of 0 or more"),
        (SCALAR, {"along": "v"}, ValueError, "along was given as 'v'; it needs one of the axes, w"),
        (VECTOR, {"along": "v"}, ValueError, "along was given as 'v'; it needs one of the axes, of which there are none"),
        (SCALAR, {"along": "w", "sweep": "sideways"}, ValueError, "sweep was given as 'sideways'; it needs one of up, down, both"),
        (SCALAR, {"keep": "state"}, ValueError, "keep was given 'state'; it needs some of orbit, period"),
        (
            SCALAR,
            {"inputs": [1.0, 2.0]},
            ValueError,
            r"inputs was given an array of shape \(2,\); constant inputs need a number, or a DataArray",
        ),
        (
            VECTOR,
            {"inputs": np.ones((5, 2))},
            ValueError,
            r"shape \(5, 2\); constant inputs need a number or \(2,\) numbers, or a DataArray",
        ),
        (VECTOR, {"inputs": [1.0, 2.0, 3.0]}, ValueError, "inputs has 3 features, but w_in takes 2"),
        (SCALAR, {"inputs": xr.DataArray([1.0], dims="step")}, ValueError, "inputs was given a dimension 'step'"),
        (SCALAR, {"inputs": np.inf}, ValueError, "inputs is infinite"),
        (SCALAR, {"inputs": "many"}, TypeError, "inputs"),
        (TOKENS, {}, ValueError, "inputs was given as None; a network behind an embedding needs a token"),
        (TOKENS, {"inputs": 4}, ValueError, "inputs is 4 at step 0; it needs whole numbers 0…3"),
        (rs.Elman(1.0, rs.axis("period", [1.0])), {}, ValueError, "'period', which a variable of the result has"),
    ],
)
def test_what_does_not_fit_is_refused(monkeypatch, net, given, kind, message):
    refused(monkeypatch, lambda: rs.orbit_diagram(net, **given), kind, message)


@pytest.mark.parametrize("name", ["iterate", "direction", "basin", "radius"])
def test_the_names_of_new_dimensions_are_reserved(name):
    with pytest.raises(ValueError, match="one of the package's own dimensions"):
        rs.axis(name, [1.0])
