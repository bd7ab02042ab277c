"""Basins: exact attractors, separatrices and a Cantor set, plain NumPy, and laws."""

import numba
import numpy as np
import pytest
import xarray as xr
from family_data import over, refused
from orbits import POSITIVE, equal, rotation

import rnnsim as rs
from rnnsim.numerics import thread_state
from rnnsim.verbs.attractors import labelling
from rnnsim.verbs.attractors.uncertainty_exponent import exponents, radii, uncertain_fraction

CANTOR = 1.0 - np.log(2.0) / np.log(3.0)


def grid_of(n=64, low=-1.0, high=1.0, shift=0.0):
    """Starts of two units over two axes."""
    x, y = (xr.DataArray(np.linspace(low, high, n) + move, dims=dim) for dim, move in (("x", 0.0), ("y", shift)))
    h0 = xr.concat(xr.broadcast(x, y), "unit")
    return h0.assign_coords(x=x, y=y)


def two_units(w_rec, h0, **options):
    return rs.Elman(np.zeros((2, 1)), w_rec, h0=h0, **options)


def starts(n, low=-1.0, high=1.0):
    return rs.axis("start", np.linspace(low, high, n))


@numba.njit
def cubic(a):
    return a - a * a * a  # x' = w x - (w x)³, which is the odd cubic map


@numba.njit
def thirds(x):
    if x < 0.0:
        return -1.0
    if x > 1.0:
        return 2.0
    if x < 1.0 / 3.0:
        return 3.0 * x
    if x > 2.0 / 3.0:
        return 3.0 * x - 2.0
    return -1.0 if x < 0.5 else 2.0


def unused(a):
    return 0.0 * a


def test_two_fixed_points_and_the_separatrix_between_them():
    ds = rs.basins(rs.Elman(0.0, rs.axis("w", [0.5, 2.0]), h0=starts(200)))
    np.testing.assert_array_equal(ds.attractor_count, [1, 2])
    np.testing.assert_array_equal(ds.attractor.sel(w=2.0), ds.start > 0)
    np.testing.assert_array_equal(ds.attractor.sel(w=0.5), 0)
    np.testing.assert_allclose(ds.attractor_state.sel(w=2.0)[:2, -1], [-POSITIVE[2.0], POSITIVE[2.0]], atol=1e-12)
    np.testing.assert_array_equal(ds.fraction[:, :3], [[1, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(ds.attractor_period[:, :3], [[1, -1, -1], [1, 1, -1]])
    assert np.isnan(ds.attractor_state.sel(w=0.5)[1:]).all()
    np.testing.assert_allclose(ds.uncertainty_exponent, [np.nan, 1.0], atol=1e-12)
    np.testing.assert_allclose(ds.boundary_dimension, [np.nan, 0.0], atol=1e-12)
    np.testing.assert_allclose(ds.uncertainty_error, [np.nan, 0.0], atol=1e-12)


def test_a_cycle_is_one_attractor_in_either_phase():
    ds = rs.basins(rs.Elman(0.0, -2.0, h0=starts(30)))
    assert ds.attractor_count == 1 and ds.attractor_period[0] == 2 and ds.fraction[0] == 1
    np.testing.assert_allclose(abs(ds.attractor_state[0]), POSITIVE[2.0], atol=1e-12)


def test_two_units_that_excite_each_other_have_two_fixed_points_and_a_cycle():
    ds = rs.basins(two_units([[0.0, 2.0], [2.0, 0.0]], grid_of()))
    assert ds.attractor_count == 3
    by_period = {int(p): float(ds.fraction[ds.attractor_period == p].sum()) for p in (1, 2)}
    assert by_period == {1: 0.5, 2: 0.5}
    np.testing.assert_array_equal(ds.attractor, ds.attractor.transpose("y", "x"))
    cycle = ds.attractor_state[ds.attractor_period == 2][0, -2:]
    np.testing.assert_allclose(abs(cycle), POSITIVE[2.0], atol=1e-12)
    np.testing.assert_allclose(cycle[0], -cycle[1], atol=1e-12)


def test_basins_have_the_symmetry_of_the_network():
    ds = rs.basins(two_units([[2.5, -0.8], [-0.8, 2.5]], grid_of()))
    label, count = ds.attractor.values, int(ds.attractor_count)
    assert count == 4 and ds.fraction.sum() == 1.0
    for image, turn in ((label.T, lambda h: h[::-1]), (label[::-1, ::-1], lambda h: -h)):
        for a in range(count):
            mapped = turn(ds.attractor_state[a, -1].values)
            b = next(b for b in range(count) if np.allclose(ds.attractor_state[b, -1], mapped, atol=1e-9))
            np.testing.assert_array_equal(image == a, label == b)


def test_a_quasi_periodic_orbit_is_one_attractor_from_all_starts():
    ds = rs.basins(two_units(1.1 * rotation(0.4), grid_of(8, 0.1, 0.9), activation="tanh"), steps=128)
    assert ds.attractor_count == 1 and ds.attractor_period[0] == 0 and ds.fraction[0] == 1.0
    radius = np.sqrt((ds.attractor_state[0] ** 2).sum("unit").mean())
    np.testing.assert_allclose(radius, 0.58, atol=0.01)


def test_two_chaotic_attractors_and_infinity():
    w = 2.5  # x = w h obeys x' = w (x - x³): with u = √w x the odd cubic map of gain 2.5, chaotic on either side of 0
    net = rs.Elman(0.0, w, h0=starts(400, -0.9, 0.9), activation=rs.Activation(cubic, unused, check=False))
    ds = rs.basins(net, discard=500)
    assert ds.attractor_count == 2 and not ds.truncated
    np.testing.assert_array_equal(ds.attractor_period[:2], 0)
    assert (np.sign(ds.attractor_state[:2]) == np.sign(ds.attractor_state[:2, :1])).all()
    outside = abs(w * ds.start) > np.sqrt(1.0 + 1.0 / w)
    np.testing.assert_array_equal(ds.attractor == -1, outside)
    np.testing.assert_array_equal(ds.diverged_at >= 0, outside)
    np.testing.assert_array_equal(ds.attractor == ds.attractor[200], (ds.attractor == ds.attractor[199])[::-1])
    np.testing.assert_allclose(ds.fraction.sum() + outside.mean(), 1.0, rtol=1e-14)


def test_the_exponent_of_a_cantor_set():
    n = 50_001
    net = rs.Elman(0.0, 1.0, h0=rs.axis("start", (np.arange(n) + 0.5) / n), activation=rs.Activation(thirds, unused, check=False))
    ds = rs.basins(net, discard=60)
    assert ds.attractor_count == 2
    np.testing.assert_allclose(ds.fraction[:2], 0.5, atol=1e-3)
    error = float(ds.uncertainty_error)
    assert 0.002 < error < 0.02
    np.testing.assert_allclose(ds.uncertainty_exponent, CANTOR, atol=3.0 * error)
    np.testing.assert_allclose(ds.boundary_dimension, np.log(2.0) / np.log(3.0), atol=3.0 * error)


def test_fractal_basins_of_two_units():
    w_rec = [[2.54, 0.3], [0.3, 2.54]]
    ds = rs.basins(two_units(w_rec, grid_of(80, -0.35, 0.35), activation=rs.Activation(cubic, unused, check=False)))
    assert 0.05 < ds.uncertainty_exponent < 0.25 and ds.uncertainty_error < 0.02
    np.testing.assert_allclose(ds.boundary_dimension + ds.uncertainty_exponent, 2.0)
    assert int(ds.attractor_count) >= 2 and sorted(set(ds.attractor_period.values[:2])) == [0]


@pytest.mark.parametrize(("w_rec", "exact"), [([[2.0, 0.0], [0.0, 0.5]], True), ([[1.0, 1.0], [1.0, 1.0]], False)])
def test_straight_separatrices_of_the_plane_have_exponent_one(w_rec, exact):
    ds = rs.basins(two_units(w_rec, grid_of(96, shift=1e-3)))
    assert ds.attractor_count == 2
    np.testing.assert_allclose(ds.uncertainty_exponent, 1.0, atol=1e-12 if exact else 0.03)
    np.testing.assert_allclose(ds.boundary_dimension, 1.0, atol=1e-12 if exact else 0.03)


def test_uncertain_fractions_by_looking_at_every_start():
    labels = np.random.default_rng(0).integers(-1, 2, size=(2, 3, 33, 40)) * (np.arange(40) % 7 == 0)
    every = radii((33, 40))
    np.testing.assert_array_equal(every, [1, 2, 4])
    found = uncertain_fraction(labels)
    for n in range(2):
        for r, radius in enumerate(every):
            hits = [
                any(
                    labels[n, s, i, j] != labels[n, s, i + a, j + b]
                    for a, b in ((radius, 0), (-radius, 0), (0, radius), (0, -radius))
                )
                for s in range(3)
                for i in range(4, 29)
                for j in range(4, 36)
            ]
            assert found[n, r] == np.mean(hits)
    assert np.isnan(uncertain_fraction(labels[:, :, :2, :1])).all()


def test_exponents_are_those_of_a_least_squares_line():
    radius = 2 ** np.arange(6)
    noise = np.exp(np.random.default_rng(1).normal(size=(4, 6)) * 0.1)
    fractions = 0.01 * radius**0.4 * noise
    slope, error = exponents(fractions, radius)
    for f, a, e in zip(fractions, slope, error, strict=True):
        line, covariance = np.polyfit(np.log(radius), np.log(f), 1, cov=True)
        np.testing.assert_allclose([a, e], [line[0], np.sqrt(covariance[0, 0])], rtol=1e-10)
    large = np.array([[0.1, 0.2, 0.24, 0.2, 0.9, 0.95], [0.5, 0.6, 0.7, 0.8, 0.9, 0.95], [0.0, 0.0, 0.1, 0.2, 0.0, 0.0]])
    slope, error = exponents(large, radius)
    np.testing.assert_allclose(slope[0], np.polyfit(np.log(radius[:4]), np.log(large[0, :4]), 1)[0])
    np.testing.assert_allclose(slope[1], np.polyfit(np.log(radius[:3]), np.log(large[1, :3]), 1)[0])
    assert np.isnan(slope[2]) and np.isnan(error[2])


def family():
    """Axes of networks before, between and after those of starts."""
    return rs.Elman(
        over("a", [0.3, -0.4]),
        over("b", [0.5, 2.0, -2.5]),
        h0=over("s", [-0.9, 0.8, -0.1, 0.4]) + over("t", [0.0, 0.05, -0.2]),
        leak=over("d", [0.5, 1.0]),
    )


def test_a_family_is_its_networks():
    ds = rs.basins(family(), 1.0)
    assert ds.attractor.dims == ds.diverged_at.dims == ("a", "b", "s", "t", "d")
    assert ds.fraction.dims == ("a", "b", "d", "basin") and ds.attractor_count.dims == ("a", "b", "d")
    for a, b, d in np.ndindex(2, 3, 2):
        where = {"a": a, "b": b, "d": d}
        one = rs.basins(family().isel(**where), 1.0)
        equal(one, ds.isel(where).drop_vars(["a", "b", "d"]))


def test_labels_are_where_plain_numpy_ends():
    net = family()
    ds = rs.basins(net, 1.0)
    dims = tuple(net.axes)
    w_in, w_rec, leak, h = xr.broadcast(net["w_in"], net["w_rec"], net["leak"], net["h0"])
    w_in, w_rec, leak, h = (array.transpose(*dims).values for array in (w_in, w_rec, leak, h))
    for _ in range(1064):
        h = (1 - leak) * h + leak * np.tanh(w_rec * h + w_in)
    on = ds.attractor_state.isel(basin=ds.attractor, iterate=[-1, -2]).transpose("iterate", *dims)
    assert (abs(on - h).min("iterate") < 1e-9).all()
    assert sorted(np.unique(ds.attractor_count)) == [1, 2]


def test_the_input_can_be_an_axis_and_changes_the_basins():
    ds = rs.basins(rs.Elman(1.0, 2.0, h0=starts(101)), rs.axis("drive", [0.0, 0.3, 0.6]))
    assert ds.attractor.dims == ("start", "drive")
    np.testing.assert_array_equal(ds.attractor_count, [3, 2, 1])  # one start lies on the unstable point between the two
    biased = rs.basins(rs.Elman(1.0, 2.0, rs.axis("drive", [0.0, 0.3, 0.6]), h0=starts(101)))
    np.testing.assert_array_equal(ds.attractor.transpose(*biased.attractor.dims), biased.attractor)


def test_samples_are_starts():
    values = np.linspace(-1.0, 1.0, 50)
    ds = rs.basins(rs.Elman(0.0, rs.axis("w", [0.5, 2.0]), h0=values))
    assert ds.attractor.dims == ("w", "sample") and ds.diverged_at.dims == ("w",)
    np.testing.assert_array_equal(ds.attractor.sel(w=2.0), values > 0)
    assert np.isnan(ds.uncertainty_exponent).all() and ds.sizes["radius"] == 1
    both = rs.basins(rs.Elman(0.0, 2.0, h0=xr.DataArray(values.reshape(2, 25), dims=("sample", "part"))))
    assert both.attractor.dims == ("part", "sample")
    np.testing.assert_array_equal(both.attractor.T, (values > 0).reshape(2, 25))
    lines = xr.DataArray(np.linspace([-1.0, -0.9], [1.0, 1.1], 64), dims=("part", "sample"))
    several = rs.basins(rs.Elman(0.0, 2.0, h0=lines), keep="uncertainty")
    np.testing.assert_allclose([several.uncertainty_exponent, several.boundary_dimension], [1.0, 0.0], atol=1e-12)
    grown = rs.basins(rs.Elman(0.0, 2.0, h0=[0.0, 1.0], activation="linear"), discard=1100)
    assert grown.diverged_at == 1024 and grown.attractor.values.tolist() == [0, -1]


def gru_weights():
    """No gates, and units that excite themselves and inhibit each other."""
    return xr.DataArray([np.zeros((2, 2)), np.zeros((2, 2)), [[1.0, -0.1], [-0.1, 1.0]]], dims=("gate", "unit", "unit_from"))


NETWORKS = {
    "gru": lambda: rs.GRU(np.zeros((3, 2, 1)), rs.axis("gain", [1.0, 6.0]) * gru_weights(), h0=grid_of(6)),
    "lstm": lambda: rs.LSTM(
        np.zeros((4, 1, 1)),
        rs.axis("gain", [1.0, 6.0]) * xr.DataArray([[[1.0]], [[0.0]], [[1.0]], [[1.0]]], dims=("gate", "unit", "unit_from")),
        h0=xr.DataArray(np.linspace(-1, 1, 6).reshape(6, 1), dims=("x", "unit")),
        c0=xr.DataArray(np.linspace(-2, 2, 5).reshape(5, 1), dims=("y", "unit")),
    ),
    "stack": lambda: rs.Stack(
        [
            two_units(rs.axis("gain", [0.5, 2.0]) * xr.DataArray(np.eye(2), dims=("unit", "unit_from")), grid_of(6)),
            rs.LSTM(np.ones((4, 1, 2)), np.full((4, 1, 1), 1.5), c0=xr.DataArray([[-1.0], [1.5]], dims=("z", "unit"))),
        ]
    ),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_starts_that_end_together_have_one_label(kind):
    net = NETWORKS[kind]()
    ds = rs.basins(net)
    zeros = np.zeros((1064, 1))
    numbered = [
        f"{name}{suffix}" for suffix, layer in net.levels for name in ("final_state", "final_cell_state")[: len(layer.STARTS)]
    ]
    final = rs.simulate(net, zeros, keep=numbered)
    grid = tuple(dim for dim in net.axes if dim != "gain")
    assert ds.attractor.dims == tuple(net.axes)
    for g in range(2):
        rows = [
            final[name].isel(gain=g).transpose(*grid, ...).values.reshape(ds.attractor[g].size, -1)
            if "gain" in final[name].dims
            else 0
            for name in numbered
        ]
        ends = np.concatenate(rows, axis=1)
        label = ds.attractor.isel(gain=g).transpose(*grid).values.reshape(-1)
        together = abs(ends[:, None] - ends[None]).max(axis=2) < 1e-3
        assert set(ds.attractor_period.isel(gain=g).values.tolist()) <= {-1, 1}
        np.testing.assert_array_equal(label[:, None] == label[None], together)
        for a in range(int(ds.attractor_count[g])):
            top = final["final_state" if len(net.levels) == 1 else "final_state_1"].isel(gain=g).transpose(*grid, ...).values
            one = top.reshape(label.size, -1)[label == a][0]
            np.testing.assert_allclose(ds.attractor_state.isel(gain=g, basin=a, iterate=-1), one, atol=1e-9)
    assert int(ds.attractor_count.max()) > 1


def test_what_has_not_settled_has_no_label():
    net = rs.Elman(0.0, over("w", [0.9999, 2.0]), h0=starts(20, 0.5, 1.0), activation="linear")
    slow = rs.basins(rs.Elman(0.0, over("w", [1.0 - 1e-5, -1.0 + 1e-5, 0.5]), h0=starts(20, 0.5, 1.0)), discard=200)
    np.testing.assert_array_equal(slow.attractor_count, [0, 0, 1])
    assert (slow.attractor.isel(w=[0, 1]) == -1).all() and (slow.diverged_at == -1).all() and (slow.truncated == 0).all()
    assert rs.basins(net, discard=300_000).attractor_count[0] == 1


@pytest.mark.parametrize(
    ("radii", "options", "count"),
    [
        ((1.0, 1.3), {}, 1),
        ((1.0, 2.0), {}, 2),
        ((1.0, 1.1), {"nearness": 0.05}, 1),
        ((1.0, 1.1), {"nearness": 0.02}, 2),
        ((1.0, 1.1), {"nearness": 0.02, "distance": 9.0}, 2),
        ((1.0, 2.0), {"nearness": 0.15}, 2),
        ((1.0, 2.0), {"nearness": 0.3}, 1),
    ],
)
def test_circles_are_one_attractor_up_to_a_share_of_the_extent_of_the_larger(radii, options, count):
    """Around circles of radii 1 and r, by the golden angle: their distance is about 0.8 (r - 1), and the larger one's extent 2 r."""
    start = rs.axis("start", radii) * xr.DataArray([1.0, 0.0], dims="unit")
    net = two_units(rotation(np.pi * (np.sqrt(5.0) - 1.0)), start, activation="linear")
    assert rs.basins(net, steps=512, discard=0, keep="attractor", **options).attractor_count == count


def test_more_attractors_than_are_listed():
    net = two_units(rotation(2.0 * np.pi / 5.0), xr.DataArray([1.0, 0.0], dims="unit") * starts(10, 0.1, 1.0), activation="linear")
    ds = rs.basins(net, max_attractors=4)
    assert ds.truncated == 1 and ds.attractor_count == 4
    np.testing.assert_array_equal(ds.attractor, [0, 1, 2, 3, -1, -1, -1, -1, -1, -1])
    np.testing.assert_array_equal(ds.attractor_period, 5)
    whole = rs.basins(net)
    assert whole.truncated == 0 and whole.attractor_count == 10
    assert rs.basins(net, distance=0.15).attractor_count == 5
    assert rs.basins(net, distance=10.0).attractor_count == 1


@pytest.mark.parametrize("kind", ["scalar", "chaotic", *NETWORKS])
def test_bits_do_not_depend_on_threads_or_blocks(kind, monkeypatch):
    if kind == "chaotic":
        net, inputs = rs.Elman.random(20, 1, gain=rs.axis("gain", [1.5, 3.0]), seed=1, h0=over("s", [0.1, 0.2, 0.3, 0.4])), 0.1
        net = net.replace(h0=over("s", [0.1, 0.2, 0.3, 0.4]) * xr.DataArray(np.arange(20.0), dims="unit"))
    else:
        net, inputs = (family(), over("drive", [0.5, 1.0])) if kind == "scalar" else (NETWORKS[kind](), None)
    whole = rs.basins(net, inputs, discard=60)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}):
        with thread_state.settings(**setting):
            equal(whole, rs.basins(net, inputs, discard=60))
    monkeypatch.setattr(labelling, "MOST_BYTES", 1 << 14)
    equal(whole, rs.basins(net, inputs, discard=60))


def test_a_result_is_described_and_kept(tmp_path):
    ds = rs.basins(two_units([[2.0, 0.0], [0.0, 2.0]], grid_of(16)))
    assert ds.attractor_state.dims == ("basin", "iterate", "unit") and ds.attractor.dtype == np.int32
    np.testing.assert_array_equal(ds.iterate, np.arange(1001, 1065))
    for variable in ds.variables.values():
        assert variable.attrs["long_name"] and variable.attrs["units"] == "1"
    rs.save(ds, tmp_path / "basins.nc")
    xr.testing.assert_equal(rs.open(tmp_path / "basins.nc").load(), ds)
    net = rs.Elman(0.0, 2.0, h0=starts(30))
    always = {"attractor_count", "truncated", "diverged_at"}
    assert set(rs.basins(net, keep="fraction").data_vars) == {"fraction"} | always
    whole = rs.basins(net)
    for name in ("attractor", "uncertainty", "boundary_dimension", "attractor_state"):
        some = rs.basins(net, keep=name)
        equal(some, whole[list(some.data_vars)])


SCALAR = rs.Elman(1.0, rs.axis("w", [0.5, 2.0]), h0=starts(3))


@pytest.mark.parametrize(
    ("net", "given", "kind", "message"),
    [
        (3, {}, TypeError, "net was given an int; it needs a family"),
        (
            SCALAR.replace(h0=0.1),
            {},
            ValueError,
            r"net was given one start for each network; it needs an axis that only h0 \(or c0\) has",
        ),
        (SCALAR.replace(h0=over("w", [1.0, 2.0]).drop_vars("w")), {}, ValueError, "net was given one start for each network"),
        (SCALAR, {"inputs": over("start", [1.0, 2.0, 3.0]).drop_vars("start")}, ValueError, "net was given one start"),
        (SCALAR, {"steps": 1}, ValueError, "steps was given as 1; it needs a whole number of 2 or more"),
        (SCALAR, {"discard": 0.5}, ValueError, "discard was given as 0.5; it needs a whole number of 0 or more"),
        (SCALAR, {"max_attractors": 0}, ValueError, "max_attractors was given as 0; it needs a whole number of 1 or more"),
        (SCALAR, {"max_period": 40}, ValueError, "max_period was given as 40; it needs 32 or less"),
        (SCALAR, {"distance": -1.0}, ValueError, "distance was given as -1.0; it needs a number of 0 or more"),
        (SCALAR, {"nearness": "small"}, ValueError, "nearness was given as 'small'; it needs a number of 0 or more"),
        (SCALAR, {"tolerance": True}, ValueError, "tolerance was given as True; it needs a number of 0 or more"),
        (SCALAR, {"keep": "state"}, ValueError, "keep was given 'state'; it needs some of uncertainty, attractor, fraction"),
        (
            rs.Elman(1.0, rs.axis("attractor", [1.0]), h0=starts(3)),
            {},
            ValueError,
            "'attractor', which a variable of the result has",
        ),
    ],
)
def test_what_does_not_fit_is_refused(monkeypatch, net, given, kind, message):
    refused(monkeypatch, lambda: rs.basins(net, **given), kind, message)
