"""Plans of verbs: what a result will be is known before any of it is computed."""

import numpy as np
import pytest
import xarray as xr
from verb_calls import CALLS, INPUTS, TARGETS, gates, plane, slope, starts

import rnnsim as rs
from rnnsim.runs import plan as plans
from rnnsim.runs.plan import plan_of

SEEDS = rs.axis("seed", [0, 1])
TOKENS = rs.Embedding(np.linspace(-1, 1, 6).reshape(3, 2))
STACK = rs.Stack([TOKENS, rs.LSTM.random(3, 2, seed=SEEDS)], readout=rs.Readout(np.ones((2, 3)), 0.5))
LSTMS = rs.Stack([rs.LSTM.random(2, 1), rs.LSTM.random(2, 2, gain=rs.axis("gain", [0.5, 2.0]))])
OWN = rs.Elman.random(3, 2, gain=rs.axis("gain", [0.5, 2.0]), h0=np.zeros((2, 3)))
SAMPLED = rs.Elman(0.0, 2.0, h0=xr.DataArray([[0.1, -0.2], [0.3, 0.0]], dims=("sample", "start")))
DRIVEN = xr.DataArray(
    np.random.default_rng(1).normal(size=(2, 4, 5)), dims=("drive", "sample", "step"), coords={"sample": [3, 4, 5, 6]}
)
OF_TRAINING = {"optimizer": rs.Rprop(), "epochs": 7, "validation": (INPUTS, TARGETS)}
MORE = {
    "simulate everything": (
        rs.simulate,
        OWN,
        (np.ones((2, 4, 2)),),
        {"keep": ("increment", "input", "preactivation", "output", "final_state")},
    ),
    "simulate float32": (rs.simulate, plane(), (DRIVEN,), {"keep": ("state", "input"), "dtype": "float32"}),
    "simulate a stack": (
        rs.simulate,
        LSTMS,
        (np.ones((4, 1)),),
        {"keep": ("state", "state_0", "cell_state", "cell_state_0", "input")},
    ),
    "backprop a stack": (
        rs.backprop,
        STACK,
        ([[0, 1, 2]], [1]),
        {"loss": "cross_entropy", "keep": ("cost", "grad", "grad_state", "input")},
    ),
    "backprop starts": (rs.backprop, OWN, (np.ones((2, 4, 2)), np.ones((2, 3))), {"keep": ("cost", "grad", "grad_input")}),
    "train with patience": (rs.train, plane(), (INPUTS, TARGETS), {**OF_TRAINING, "patience": 50, "metrics": "rounded_accuracy"}),
    "train some": (
        rs.train,
        OWN.replace(h0=np.zeros(3)),
        (np.ones((4, 2)), np.ones(3)),
        {**OF_TRAINING, "validation": None, "train": "w_rec", "every": 3, "keep": ("grad_norm", "parameters", "states")},
    ),
    "train a stack": (
        rs.train,
        STACK,
        ([[0, 1, 2]], [1]),
        {"optimizer": rs.Adam(), "epochs": 2, "loss": "cross_entropy", "dtype": "float32"},
    ),
    "lyapunov over samples": (
        rs.lyapunov,
        OWN,
        (np.ones((2, 40, 2)),),
        {"discard": 3, "keep": ("spectrum", "history", "local"), "exponents": 3},
    ),
    "propagation with targets": (rs.propagation, OWN, (np.ones((2, 4, 2)),), {"targets": np.ones((2, 3)), "lags": [1, 3]}),
    "cycles": (rs.fixed_points, slope(), (), {"period": 2, "max_points": 5}),
    "fixed points of a stack": (rs.fixed_points, LSTMS, (), {"max_points": 5, "starts": 8, "slow_points": True}),
    "branches": (rs.bifurcations, slope(), ("along",), {"branches": True}),
    "branches of a stack": (
        rs.bifurcations,
        LSTMS.replace(bias_0=rs.axis("x", [-1.0, 0.0, 1.0])),
        ("x",),
        {"starts": 8, "branches": True},
    ),
    "orbits of a stack": (rs.orbit_diagram, LSTMS, (), {"steps": 4, "discard": 5, "keep": ("orbit", "orbit_0", "period")}),
    "orbits of samples": (rs.orbit_diagram, SAMPLED, (), {"along": "start", "sweep": "up", "steps": 4, "discard": 5}),
    "basins of samples": (rs.basins, SAMPLED, (), {"steps": 4, "discard": 50}),
    "basins of some networks": (
        rs.basins,
        starts().replace(w_rec=rs.axis("w", [0.5, 2.0])),
        (),
        {"steps": 4, "discard": 50, "keep": "attractor"},
    ),
    "curvature of units": (
        rs.curvature,
        OWN.replace(h0=np.zeros(3)),
        (np.ones((4, 2)), np.ones(3)),
        {"parameters": ("w_in", "bias")},
    ),
}
PLANNED = {**{name: (verb, family(), args, options) for name, (verb, family, args, options, _) in CALLS.items()}, **MORE}


def check(plan, found):
    """Hold a result to its plan."""
    assert set(plan.fields) == set(found.variables) - set(plan.used_coords)
    for name, field in plan.fields.items():
        variable = found.variables[name]
        known = tuple(have if size is None else size for size, have in zip(field.shape, variable.shape, strict=True))
        assert (field.dims, known, field.dtype) == (variable.dims, variable.shape, variable.dtype), name
        assert str(dict(field.attrs)) == str(variable.attrs), name
    for name, coord in xr.Dataset(coords=plan.used_coords).variables.items():
        assert coord.identical(found.variables[name]), name
    assert plan.attrs == found.attrs


@pytest.mark.parametrize("name", PLANNED)
def test_results_are_as_planned(name):
    verb, net, args, options = PLANNED[name]
    check(plan_of(verb)(net, *args, **options), verb(net, *args, **options))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, {"dtype": "float32", "resume_with": "dtype"}),
        (
            {"every": 2, "keep": ("cost", "grad_norm", "parameters", "states")},
            {"every": 2, "keep": ("cost", "grad_norm", "parameters", "states")},
        ),
        ({"keep": ("cost", "grad_norm", "parameters", "states")}, {"resume_with": "keep"}),
        ({"validation": (INPUTS, TARGETS)}, {"resume_with": "validation"}),
        ({}, {"validation": (INPUTS, TARGETS), "resume_with": "validation"}),
        ({"train": "w_in"}, {"resume_with": "train"}),
        ({"patience": 100}, {"patience": 100}),
    ],
)
def test_a_run_that_goes_on_is_as_planned(before, after):
    options = {"optimizer": rs.Adam(rs.axis("lr", [0.1, 0.2])), "epochs": 3}
    run = rs.train(plane(), INPUTS, TARGETS, **options, **before)
    check(
        plan_of(rs.train)(plane(), INPUTS, TARGETS, **options, resume=run, **after),
        rs.train(plane(), INPUTS, TARGETS, **options, resume=run, **after),
    )


def test_a_run_that_ends_early_tells_so_by_its_epochs_alone():
    options = {"optimizer": rs.SGD(0.0), "epochs": 50, "patience": 3, "every": 10}
    plan, run = plan_of(rs.train)(plane(), INPUTS, TARGETS, **options), rs.train(plane(), INPUTS, TARGETS, **options)
    assert run.epoch.values.tolist() == [0, 3] and len(plan.coords["epoch"][1]) == 6
    assert plan.attrs == run.attrs and set(plan.fields) == set(run.data_vars)


@pytest.mark.parametrize(
    "name", ["simulate", "simulate a stack", "train", "orbit_diagram", "basins of samples", "propagation with targets"]
)
def test_datasets_of_plans_are_those_that_xarray_makes(monkeypatch, name):
    verb, net, args, options = PLANNED[name]
    found = verb(net, *args, **options)
    monkeypatch.setattr(plans, "CONSTRUCT", None)
    usual = verb(net, *args, **options)
    xr.testing.assert_identical(found, usual)
    assert list(found.variables) == list(usual.variables) and found.sizes == usual.sizes and found.encoding == usual.encoding
    assert found.indexes.keys() == usual.indexes.keys()
    assert all(found.indexes[dim].identical(usual.indexes[dim]) for dim in usual.indexes)
    xr.testing.assert_identical(found.isel(dict.fromkeys(found.indexes, 0)), usual.isel(dict.fromkeys(usual.indexes, 0)))


def test_results_share_nothing_that_can_be_changed():
    assert plans.CONSTRUCT is not None
    one, other = (rs.simulate(plane(), INPUTS) for _ in range(2))
    one.step.attrs["units"], one.a.attrs["units"], one.state.attrs["units"] = "s", "mV", "Hz"
    assert {other[name].attrs["units"] for name in ("step", "a", "state")} == {"1"}
    assert plane()["w_in"].a.attrs["units"] == "1"


def test_every_verb_has_a_plan_and_nothing_else_has():
    assert {name for name in rs.__all__ if plan_of(getattr(rs, name))} == set(CALLS)


def test_sweeps_refuse_what_is_as_long_as_it_turns_out_to_be():
    with pytest.raises(
        ValueError, match="branch_along is as long as it turns out to be along branch, position; a sweep needs sizes"
    ):
        rs.plan(rs.bifurcations, slope(), "along", branches=True)


def test_options_that_a_verb_does_not_take_are_refused_by_its_plan():
    assert gates().axes
    with pytest.raises(TypeError, match="train was given 'lr', which it does not take; it needs optimizer"):
        plan_of(rs.train)(plane(), INPUTS, TARGETS, lr=0.1)
