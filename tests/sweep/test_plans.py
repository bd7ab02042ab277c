"""Plans: what a sweep takes is found out without taking it, whatever the verb and however large the family."""

import inspect
import time
from pathlib import Path

import numba
import numpy as np
import pytest
import xarray as xr
from memory_use import taken_by
from numba.core import types

import rnnsim as rs
from rnnsim.numerics import parallel
from rnnsim.sweep import planning
from rnnsim.sweep.call import Call

X, T = np.ones((2, 6)), np.ones(2)
MANY = np.linspace(0.1, 0.9, 10**6)
LARGE = rs.Elman(rs.axis("a", MANY), rs.axis("b", MANY))
FEW = rs.axis("few", np.linspace(-1.0, 1.0, 5))
RANDOM = rs.LSTM.random(2, 1, gain=rs.axis("gain", MANY), seed=rs.axis("seed", np.arange(10**6)))
CALLS = {
    "simulate": (LARGE, (X,), {}),
    "backprop": (LARGE, (X, T), {}),
    "train": (rs.Elman(rs.axis("a", MANY), 0.5), (X, T), {"optimizer": rs.SGD(rs.axis("lr", MANY)), "epochs": 2}),
    "lyapunov": (LARGE, (X,), {}),
    "propagation": (LARGE, (X,), {}),
    "curvature": (LARGE, (X, T), {}),
    "fixed_points": (LARGE, (), {"slow_points": True}),
    "bifurcations": (LARGE.replace(bias=FEW), (), {"along": "few"}),
    "orbit_diagram": (LARGE.replace(bias=FEW), (), {"along": "few", "discard": 5}),
    "basins": (LARGE.replace(h0=FEW), (), {"discard": 5}),
}
OTHERS = {"plan", "sweep", "to_torch", "save"}  # functions of a family that return something else


def test_all_verbs_are_planned_here():
    verbs = {
        n for n in rs.__all__ if inspect.isfunction(f := getattr(rs, n)) and "net" in list(inspect.signature(f).parameters)[:1]
    }
    assert verbs - OTHERS == set(CALLS)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to tell the most memory that was taken")
@pytest.mark.parametrize("name", CALLS)
def test_a_plan_of_a_million_times_a_million_networks_takes_less_than_100_megabytes(name):
    net, args, options = CALLS[name]
    verb = getattr(rs, name)
    call = Call(verb, net, args, options)
    small = call.block({axis: slice(8) for axis in call.grid.sizes})
    rs.plan(verb, small.net, *small.args, **small.options)  # which brings all kernels
    plan, taken = taken_by(lambda: rs.plan(verb, net, *args, **options))
    assert plan.points == 10**12 and plan.nbytes >= 10**13 and plan.verb == name
    assert taken < 100


@pytest.mark.parametrize("name", CALLS)
def test_every_verb_names_its_attributes_before_it_computes(monkeypatch, name):
    monkeypatch.setattr(parallel, "run", None)
    net, args, options = CALLS[name]
    assert Call(getattr(rs, name), net, args, options).plan.attrs["verb"] == name


def test_points_beyond_64_bits_are_counted():
    net = RANDOM.replace(c0=rs.axis("c", MANY), bias=rs.axis("d", MANY))
    plan = rs.plan(rs.simulate, net, X[..., None], keep="final_state", memory="1 kB")
    assert plan.points == 10**24 and plan.variables["final_state"] == 10**24 * 2 * 2 * 8 and plan.blocks > 2**63


@pytest.mark.parametrize("name", ["simulate", "fixed_points", "bifurcations"])
def test_a_sweep_whose_result_does_not_fit_is_refused_before_it_computes(name):
    net, args, options = CALLS[name]
    with pytest.raises(MemoryError, match=r'^the result takes .* [TP]B, and .* are free; give a path, to="x\.zarr"'):
        rs.sweep(getattr(rs, name), net, *args, **options)


def test_axes_that_stay_whole_and_do_not_fit_are_refused_before_anything_is_computed(monkeypatch):
    starts = {name: rs.axis(name, MANY) * xr.DataArray(np.ones(2), dims="unit") for name in ("h0", "c0")}
    net = rs.LSTM.random(2, 1).replace(**{name: array.rename({name: f"{name}_start"}) for name, array in starts.items()})
    monkeypatch.setattr(parallel, "run", None)
    for made in (lambda: rs.plan(rs.basins, net), lambda: rs.sweep(rs.basins, net)):
        with pytest.raises(
            MemoryError, match=r"no block can cut \(h0_start 1000000 × c0_start 1000000\), of which one number a point"
        ):
            made()


def test_memory_for_one_point_suffices():
    net = rs.Elman(1.0, rs.axis("w", np.linspace(0.1, 0.9, 7)))
    assert rs.plan(rs.simulate, net, np.ones(9), memory=84).block == {"w": 1}  # 10 states and when it diverged
    with pytest.raises(ValueError, match="memory was given as 83, but one point takes 84 B; it needs that at least"):
        rs.plan(rs.simulate, net, np.ones(9), memory=83)


def test_times_are_shown_in_the_largest_unit_of_which_there_are_two():
    shown = [planning.as_time(seconds) for seconds in (0.25, 119.0, 120.0, 7199.0, 7200.0, 172800.0)]
    expected = ["0.25 s", "1.2e+02 s", "2 min", "1.2e+02 min", "2 h", "2 days"]
    assert shown == [f"about {time}" for time in expected]


def test_what_is_compiled_is_not_part_of_the_time():
    twice, kinds, waits = numba.njit(lambda x: 2 * x), [types.float64, types.float64, types.float64], iter([0.2, 0.01, 0.01])

    def work():
        twice.compile((kinds.pop(),))
        time.sleep(next(waits))

    assert planning.stopwatch(work) < 0.1 and len(kinds) == 1
