"""Cycles, basins and periods of random networks against where many orbits end in plain NumPy."""

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs

MOST = 6
STARTS = {1: np.linspace(-1.0, 1.0, 64)[:, None] + 1e-3, 2: np.stack(np.meshgrid(*[np.linspace(-1.0, 1.0, 8) + 1e-3] * 2), -1)}


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def elman(families, units, rng):
    """Networks over the axis `family`, and their map of states (family, start, unit)."""
    gain = rng.uniform(1.5, 6.0, families)
    w = rng.normal(size=(families, units, units)) * (gain / np.sqrt(units))[:, None, None]
    bias, leak = 0.3 * rng.normal(size=(families, units)), rng.uniform(0.6, 1.0, families)
    w_rec = xr.DataArray(w, dims=("family", "unit", "unit_from"))
    net = rs.Elman(np.zeros((units, 1)), w_rec, xr.DataArray(bias, dims=("family", "unit")), leak=xr.DataArray(leak, dims="family"))
    leak = leak[:, None, None]
    return net, lambda h: (1.0 - leak) * h + leak * np.tanh(h @ w.swapaxes(1, 2) + bias[:, None])


def gru(families, units, rng):
    """The same of gated networks that mostly turn their states over."""
    gain = rng.uniform(1.5, 6.0, families)[:, None, None, None]
    w = rng.normal(size=(families, 3, units, units)) * gain / np.sqrt(units)
    w[:, 2] -= gain[:, 0] * rng.uniform(0.0, 1.0, (families, 1, 1)) * np.eye(units)
    bias = rng.normal(size=(families, 3, units)) + np.array([2.0, -3.0, 0.0])[:, None]
    net = rs.GRU(
        np.zeros((3, units, 1)),
        xr.DataArray(w, dims=("family", "gate", "unit", "unit_from")),
        bias_rec=xr.DataArray(bias, dims=("family", "gate", "unit")),
    )

    def step(h):
        r, z = (sigmoid(h @ w[:, g].swapaxes(1, 2) + bias[:, g, None]) for g in (0, 1))
        return (1.0 - z) * np.tanh(r * (h @ w[:, 2].swapaxes(1, 2) + bias[:, 2, None])) + z * h

    return net, step


def orbits(step, starts, families, discard, steps):
    """States (family, start, step, unit) after `discard` steps."""
    h, found = np.broadcast_to(starts, (families, *starts.shape)), []
    for k in range(discard + steps):
        h = step(h)
        if k >= discard:
            found.append(h)
    return np.stack(found, 2)


def period(orbit, most, tolerance):
    """The least number of steps after which all states of an orbit come back, or 0."""
    return next((p for p in range(1, most + 1) if np.abs(orbit[p:] - orbit[:-p]).max() <= tolerance), 0)


def apart(cycle, other):
    """How far two cycles of one period are from each other."""
    return min(np.abs(np.roll(cycle, shift, 0) - other).max() for shift in range(len(cycle)))


def place_of(cycle, known, near=1e-6):
    """Where a cycle stands in a list; at its end if it was new."""
    same = (i for i, other in enumerate(known) if len(other) == len(cycle) and apart(cycle, other) < near)
    place = next(same, len(known))
    if place == len(known):
        known.append(cycle)
    return place


def check_listed(cycles, stability, ended_on, after):
    """Cycles must close after all their steps and no fewer, be listed once, and hold, as stable, all that orbits ended on."""
    for i, cycle in enumerate(cycles):
        np.testing.assert_allclose(after(cycle), np.roll(cycle, -1, 0), rtol=0, atol=1e-11)
        assert period(np.concatenate([cycle, cycle]), len(cycle), 1e-7) == len(cycle)
        assert all(apart(cycle, other) > 1e-7 for other in cycles[:i])
    for cycle in ended_on:
        (place,) = (i for i, other in enumerate(cycles) if apart(cycle, other) < 1e-7)
        assert stability[place] == 0


def check_cycles(make, units, families, rng, discard=2000):
    """All stable cycles that orbits of random networks end on are listed; how many these are."""
    net, step = make(families, units, rng)
    starts = STARTS[units].reshape(-1, units) if units in STARTS else rng.uniform(-1.0, 1.0, (100, units))
    ends = orbits(step, starts, families, discard, 2 * MOST)
    ended_on = [[] for _ in range(families)]
    for known, of_family in zip(ended_on, ends, strict=True):
        for orbit in of_family:
            if p := period(orbit, MOST, 1e-9):
                place_of(orbit[:p], known)
    for p in range(2, MOST + 1):
        found = rs.fixed_points(net, period=p)
        for i in range(families):
            cycles = found.state.values[i, : int(found.point_count[i])]

            def after(cycle, i=i):
                return step(np.broadcast_to(cycle, (families, *cycle.shape)))[i]

            check_listed(cycles, found.stability.values[i], [cycle for cycle in ended_on[i] if len(cycle) == p], after)
    return sum(len(cycle) > 1 for known in ended_on for cycle in known)


@pytest.mark.parametrize(("make", "units", "least"), [(elman, 1, 1), (elman, 2, 3), (gru, 1, 2)])
def test_cycles_on_which_orbits_end_are_listed_as_stable(make, units, least):
    assert check_cycles(make, units, 8, np.random.default_rng(units)) >= least


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "units", "families"), [(elman, 1, 200), (elman, 2, 100), (elman, 3, 30), (gru, 1, 100), (gru, 2, 30)]
)
def test_cycles_of_many_networks_are_listed_as_stable(make, units, families):
    assert check_cycles(make, units, families, np.random.default_rng(0), discard=10_000) > families // 10


def check_ends(make, units, families, rng, late):
    """Labels and periods of `basins` and `orbit_diagram` against orbits; of how many starts, and how many attractors."""
    net, step = make(families, units, rng)
    grid = STARTS[units]
    dims = ("x", "y")[:units]
    net = net.replace(h0=xr.DataArray(grid, dims=(*dims, "unit"), coords={dim: np.arange(len(grid)) for dim in dims}))
    near, far = (orbits(step, grid.reshape(-1, units), families, discard, 64) for discard in (1000, late))
    basins, diagram = rs.basins(net), rs.orbit_diagram(net)
    labels, periods = (
        found.transpose("family", *dims).values.reshape(families, -1) for found in (basins.attractor, diagram.period)
    )
    own = diagram.orbit.transpose("family", *dims, "iterate", "unit").values.reshape(near.shape)
    starts = attractors = parted = 0
    for i in range(families):
        known, met = [], {}
        for k, (orbit, later) in enumerate(zip(near[i], far[i], strict=True)):
            p = period(own[i, k], 32, 1e-6)
            assert periods[i, k] == p
            if p and period(orbit, 32, 1e-6) == p == period(later, 32, 1e-9):
                if np.abs(own[i, k] - orbit).max() > 1e-6:  # chaos before, in which rounding decides
                    parted += 1
                    continue
                place = place_of(later[:p], known)
                assert met.setdefault(labels[i, k], place) == place
                starts += 1
        for label in met:
            first = np.flatnonzero(labels[i] == label)[0]
            assert basins.attractor_period[i, label] == periods[i, first]
        assert len(set(met.values())) == len(met) == len(known) and -1 not in met
        attractors += len(known)
    assert parted < 0.02 * starts
    return starts, attractors


@pytest.mark.parametrize(("make", "units"), [(elman, 1), (elman, 2), (gru, 1)])
def test_labels_and_periods_are_those_of_orbits(make, units):
    starts, attractors = check_ends(make, units, 8, np.random.default_rng(10 + units), 3000)
    assert starts > 300 and attractors > 5


@pytest.mark.slow
@pytest.mark.parametrize(("make", "units"), [(elman, 1), (elman, 2), (gru, 1), (gru, 2)])
def test_labels_and_periods_of_many_networks_are_those_of_orbits(make, units):
    starts, attractors = check_ends(make, units, 100, np.random.default_rng(0), 20_000)
    assert starts > 4000 and attractors > 80
