"""Whether all bifurcations along an axis are found: against the number of fixed points, proved by interval arithmetic, on a dense scan."""

from dataclasses import replace
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.verbs.equilibria import continuation_engine
from rnnsim.verbs.equilibria.branch_seeds import places

FOLD, FLIP, NEIMARK_SACKER, BRANCH_POINT = range(1, 5)
LOW, HIGH = -3.0, 3.0
SCALES = {"tanh": (1.0, 1.0), "sigmoid": (4.0, 3.0), "GRU": (2.0, 1.0)}


def drawn(kind, units, count, seed):
    """Weights, and where biases are at p = 0 and how they change with p, of random networks."""
    rng, gates = np.random.default_rng([seed, units]), (3,) * (kind == "GRU")
    of_weights, of_biases = SCALES[kind]
    gain = rng.uniform(0.8, 3.0, (count, *(1,) * (2 + len(gates))))
    w_rec = of_weights * gain * rng.normal(size=(count, *gates, units, units))
    bias, slope = of_biases * rng.normal(size=(2, count, *gates, units))
    return w_rec, bias - (0.5 * w_rec.sum(axis=-1) if kind == "sigmoid" else 0.0), slope


def family(kind, networks, p):
    """Some of these networks over an axis that p, an array over `net` and another, moves along."""
    w_rec, bias, slope = networks
    gate = ("gate",) * (kind == "GRU")
    w_rec = xr.DataArray(w_rec, dims=("net", *gate, "unit", "unit_from"))
    bias = xr.DataArray(bias, dims=("net", *gate, "unit")) + p * xr.DataArray(slope, dims=("net", *gate, "unit"))
    if kind == "GRU":
        return rs.GRU(np.zeros((3, w_rec.sizes["unit"], 1)), w_rec, bias_in=bias)
    return rs.Elman(np.zeros((w_rec.sizes["unit"], 1)), w_rec, bias, activation=kind)


def changes_of(kind, networks, values):
    """Where the number of fixed points changes: networks, the values before and after, and by how much."""
    found = rs.fixed_points(family(kind, networks, rs.axis("p", values))).transpose("net", "p", ...)
    number, proved = found.point_count.values, found.undecided.values == 0
    changes = []
    for net in range(len(number)):
        known = np.flatnonzero(proved[net])
        changes += [(net, a, b) for a, b in pairwise(known) if number[net, a] != number[net, b]]
    net, a, b = np.array(changes).T
    return net, values[a], values[b], np.abs(number[net, a] - number[net, b])


def missed(ds, at, changes):
    """Which changes have too few folds and no branch point between their values."""
    net, low, high, size = changes
    at, kind = at[net], ds.kind.values[net]
    between = (at >= low[:, None] - 1e-9) & (at <= high[:, None] + 1e-9)
    folds, crossings = ((between & (kind == one)).sum(axis=1) for one in (FOLD, BRANCH_POINT))
    return (2 * folds < size) & (crossings == 0)


def is_quiet(ds):
    """Whether a result says of nothing that it is not complete."""
    return ((ds.undecided == 0) & (ds.incomplete == 0) & (ds.unlocated == 0) & ~ds.truncated).values


def missed_on_the_axis(kind, networks, changes):
    """How many changes have no bifurcation along the whole axis."""
    ds = rs.bifurcations(family(kind, networks, rs.axis("p", [LOW, HIGH])), "p", max_points=64).transpose("net", ...)
    return missed(ds, ds.p.values, changes), is_quiet(ds)[changes[0]]


def missed_at_the_end(kind, networks, changes):
    """How many changes have no bifurcation if the axis begins just before them."""
    net, low, high, size = changes
    start, t = xr.DataArray(low, dims="net"), rs.axis("t", [0.0, 1.0])
    ds = rs.bifurcations(family(kind, [array[net] for array in networks], start + (HIGH - start) * t), "t", max_points=64)
    ds = ds.transpose("net", ...)
    at = low[:, None] + (HIGH - low[:, None]) * ds.t.values
    return missed(ds, at, (np.arange(net.size), low, high, size)), is_quiet(ds)


@pytest.mark.parametrize(("kind", "units"), [("tanh", 2), ("tanh", 3), ("sigmoid", 2), ("GRU", 1)])
def test_every_change_in_the_number_of_fixed_points_has_its_bifurcation(kind, units):
    networks = drawn(kind, units, 24, 1)
    changes = changes_of(kind, networks, np.linspace(LOW, HIGH, 41))
    assert changes[0].size >= 8
    for miss, quiet in (missed_on_the_axis(kind, networks, changes), missed_at_the_end(kind, networks, changes)):
        assert not miss.any() and quiet.all()


COUNTS = {
    ("tanh", 3): 400,
    ("tanh", 2): 200,
    ("tanh", 1): 50,
    ("sigmoid", 3): 100,
    ("sigmoid", 2): 100,
    ("GRU", 1): 50,
    ("GRU", 2): 100,
}


@pytest.mark.slow
def test_a_thousand_families_miss_next_to_nothing():
    """What is missed closes between two places of the search."""
    total, misses, at_ends = 0, 0, 0
    for (kind, units), count in COUNTS.items():
        networks = drawn(kind, units, count, 2)
        changes = changes_of(kind, networks, np.linspace(LOW, HIGH, 241))
        total += changes[0].size
        misses += missed_on_the_axis(kind, networks, changes)[0].sum()
        at_ends += missed_at_the_end(kind, networks, changes)[0].sum()
    print(f"{total} changes, missed {misses}, at the ends of axes {at_ends}")
    assert total > 1000 and misses <= ceil(total / 200) and at_ends <= ceil(total / 200)


def test_fixed_points_are_looked_for_at_11_places_both_ends_among_them():
    found = places()
    assert found.size == 11 and found[0] == -1.0 and found[-1] == 1.0 and (np.diff(found) > 0).all()


def test_what_is_proved_is_told():
    rng = np.random.default_rng(3)

    def undecided(units, **options):
        return rs.bifurcations(
            rs.Elman(np.zeros((units, 1)), rng.normal(size=(units, units)), rs.axis("b", [-1.0, 1.0])), "b", **options
        ).undecided

    assert undecided(3) == 0 and undecided(3, starts=8) == -1 and undecided(4, starts=8) == -1
    nothing = rs.bifurcations(rs.Elman(0.0, rs.axis("w", [2.0, np.nan]), rs.axis("b", [-3.0, 3.0])), "b")
    np.testing.assert_array_equal(nothing.undecided, [0, -1])


def test_fixed_points_that_come_without_a_bifurcation_are_told():
    """h = relu(2 h + b) loses both at the kink b = 0, and h = relu(w h + 1) its only one to infinity at w = 1."""
    kink = rs.bifurcations(rs.Elman(0.0, 2.0, rs.axis("b", [-1.0, 1.5]), activation="relu"), "b")
    away = rs.bifurcations(rs.Elman(0.0, rs.axis("w", [0.5, 1.6]), 1.0, activation="relu"), "w")
    assert kink.undecided == away.undecided == 1 and kink.point_count == away.point_count == 0


def test_points_of_branches_that_the_list_of_a_place_lacks_are_told(monkeypatch):
    net, seeds_on = rs.Elman(0.0, 2.0, rs.axis("b", [-3.0, 3.0])), continuation_engine.seeds_on

    def without_one(*given):
        seeding = seeds_on(*given)
        number = seeding.listed.number.copy()
        number[seeding.q.size // 2] -= 1
        return replace(seeding, listed=seeding.listed._replace(number=number))

    whole = rs.bifurcations(net, "b")
    monkeypatch.setattr(continuation_engine, "seeds_on", without_one)
    lacking = rs.bifurcations(net, "b")
    assert whole.undecided == 0 and lacking.undecided == 1
    xr.testing.assert_equal(whole.drop_vars("undecided"), lacking.drop_vars("undecided"))


def fold_of(w):
    """Where b and h of the folds of h = tanh(w h + b) are, apart from their sign."""
    h = np.sqrt(1 - 1 / w)
    return w * h - np.arctanh(h), h


def test_a_branch_that_closes_between_two_places_is_found():
    """b goes down to a little below a fold and up again, while no fixed points are looked for."""
    w, t, b = 1.5, np.array([0.0, 0.46, 1.0]), np.array([1.0, 0.19, 1.0])
    fold, h = fold_of(w)
    ds = rs.bifurcations(rs.Elman(0.0, w, xr.DataArray(b, dims="t", coords={"t": t})), "t")
    share = (1.0 - fold) / (1.0 - 0.19)
    assert ds.branch_count == 2 and ds.incomplete == ds.unlocated == ds.undecided == 0 and ds.point_count == 2
    np.testing.assert_allclose(ds.t[:2], [share * t[1], 1.0 - share * (1.0 - t[1])], rtol=1e-10)
    np.testing.assert_allclose(ds.state[:2], -h, rtol=1e-10)


@pytest.mark.parametrize("values", [[-1.0, 1.0], [-3.0, 2.1]])
def test_two_folds_within_one_step_are_found(values):
    w = 1 + np.array([1e-3, 1e-5, 1e-7])
    ds = rs.bifurcations(rs.Elman(0.0, rs.axis("w", w), rs.axis("b", values)), "b", resolution=16)
    fold, h = fold_of(w)
    np.testing.assert_array_equal(ds.point_count, 2)
    np.testing.assert_array_equal(ds.branch_count, 1)
    np.testing.assert_array_equal(ds.kind[:, :2], FOLD)
    np.testing.assert_allclose(np.abs(ds.b[:, :2]), np.stack([fold, fold], axis=1), rtol=1e-3, atol=1e-13)
    np.testing.assert_allclose(np.abs(ds.state[:, :2]), np.stack([h, h], axis=1), rtol=1e-3)
