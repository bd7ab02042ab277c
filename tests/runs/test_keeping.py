"""What is kept is exactly what comes back, by every verb, and its bits do not depend on what else is kept."""

import inspect

import numpy as np
import pytest
from comparing import identical
from family_data import random_family, random_inputs

import rnnsim as rs
from rnnsim.families.result_variables import EXPONENTS, PROPAGATED

ALWAYS = {"diverged_at"}
COUNTED = {"attractor_count", "truncated"}  # of basins
GRADIENTS = ("cost", "grad", "grad_state", "grad_preactivation", "grad_input")
STATES = ("state", "increment", "preactivation", "input", "output", "final_state")
OF_LAYERS = tuple(f"{name}_{i}" for i in range(2) for name in ("state", "preactivation"))
SCALAR, X, T = random_family(), random_inputs(), np.arange(4.0)
UNITS = rs.LSTM.random(3, 2, gain=rs.axis("gain", [0.5, 1.5, 3.0]), h0="gaussian")
STACK = rs.Stack([rs.GRU.random(3, 2, seed=rs.axis("seed", [1, 2])), rs.Elman.random(2, 3)], readout=rs.Readout.random(2, 2))
V, TARGETS = np.random.default_rng(0).normal(size=(5, 4, 2)), np.random.default_rng(1).normal(size=(5, 3))
CASES = {
    "simulate": (rs.simulate, SCALAR, (X,), STATES, {}),
    "simulate, LSTM": (rs.simulate, UNITS, (V,), (*STATES, "cell_state", "final_cell_state"), {}),
    "simulate, stack": (rs.simulate, STACK, (V,), ("state", "output", *OF_LAYERS), {}),
    "backprop": (rs.backprop, SCALAR, (X, T), (*GRADIENTS, "state"), {}),
    "backprop, LSTM": (rs.backprop, UNITS, (V, TARGETS), (*GRADIENTS, "cell_state"), {}),
    "backprop, stack": (rs.backprop, STACK, (V, TARGETS[:, :2]), ("cost", "grad", "grad_input", "grad_state_0", "output"), {}),
    "lyapunov": (rs.lyapunov, SCALAR, (X,), tuple(EXPONENTS), {}),
    "lyapunov, LSTM": (rs.lyapunov, UNITS, (V,), tuple(EXPONENTS), {}),
    "propagation": (rs.propagation, SCALAR, (X,), tuple(PROPAGATED), {"targets": T}),
    "curvature": (rs.curvature, SCALAR, (X, T), ("cost", "gradient", "hessian", "hessian_eigenvalue"), {}),
    "orbit_diagram": (rs.orbit_diagram, SCALAR, (), ("orbit", "period"), {"discard": 20}),
    "basins": (
        rs.basins,
        rs.Elman(0.0, rs.axis("w", [-2.0, 2.0]), h0=rs.axis("start", np.linspace(-1.0, 1.0, 30))),
        (),
        ("attractor", "fraction", "attractor_state", "attractor_period", "uncertainty"),
        {"discard": 50},
    ),
}
GROUPS = {"grad", "uncertainty"}  # names of several variables


def kept(ds):
    """The variables, of which xarray takes `input` over (…, input) for a coordinate."""
    return set(ds.variables) - set(ds.indexes)


def test_all_verbs_that_keep_are_here():
    functions = {name: getattr(rs, name) for name in rs.__all__ if inspect.isfunction(getattr(rs, name))}
    keeping = {name for name, function in functions.items() if "keep" in inspect.signature(function).parameters}
    assert keeping == {name.partition(",")[0] for name in CASES} | {"train"}  # whose tests are test_train's


@pytest.mark.filterwarnings("ignore:exponents of:RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_each_name_alone_brings_the_bits_that_it_has_among_all(name):
    verb, net, args, keep, options = CASES[name]
    whole, always = verb(net, *args, keep=keep, **options), ALWAYS | (COUNTED if verb is rs.basins else set())
    parts = {one: verb(net, *args, keep=one, **options) for one in keep}
    for one, part in parts.items():
        assert kept(part) - always == {one} or one in GROUPS
        identical({name: part[name] for name in kept(part)}, whole)
    assert kept(whole) == always.union(*map(kept, parts.values()))


@pytest.mark.filterwarnings("ignore:exponents of:RuntimeWarning")
@pytest.mark.parametrize("name", [name for name in CASES if "," not in name])
def test_names_may_come_from_a_generator(name):
    verb, net, args, keep, options = CASES[name]
    given, read = verb(net, *args, keep=keep, **options), verb(net, *args, keep=(one for one in keep), **options)
    identical(given, read)
    assert given.attrs == read.attrs


def test_names_of_training_may_come_from_a_generator():
    keep = ("cost", "parameters")
    given, read = (
        rs.train(SCALAR, X, T, optimizer=rs.SGD(0.01), epochs=2, keep=names) for names in (keep, (name for name in keep))
    )
    identical(given, read)
    assert given.attrs == read.attrs
