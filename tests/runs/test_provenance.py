"""Every result says what it was made of: whatever is given to a verb changes one of its attributes, and only that."""

import inspect

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.numerics.jit import STAMP
from rnnsim.runs.plan import plan_of
from rnnsim.runs.provenance import fingerprint

NET = rs.Elman(rs.axis("w", [0.5, 1.0]), 0.5, rs.axis("b", [-1.0, 0.5, 1.0]), rs.axis("start", [0.1, 0.2]))
UNITS = rs.Elman(np.ones((2, 1)), np.eye(2))
X, T = np.ones((3, 4)), np.ones(3)
CLASSES = {"inputs": X[..., None], "targets": np.ones(3, int), "loss": "cross_entropy"}
VALUES = {"inputs": X[..., None], "targets": np.ones((3, 2))}
UNTOLD = {"net", "progress", "resume", "resume_with"}  # what decides no number, or is told otherwise
# what a verb is given, and by argument what else it may be given
DATA = {"inputs": 2 * X, "targets": 2 * T}
COSTS = {"penalty": {"w_rec": 0.1}, "weight": xr.DataArray([1.0, 2.0, 3.0], dims="sample")}
VERBS = {
    "simulate": ({"inputs": X}, {"inputs": 2 * X, "keep": "increment", "dtype": "float32"}),
    "backprop": ({"inputs": X, "targets": T}, {**DATA, **COSTS, "keep": "cost", "dtype": "float32"}),
    "train": (
        {"inputs": X, "targets": T, "optimizer": rs.SGD(0.1), "epochs": 2},
        {
            **DATA,
            **COSTS,
            "bounds": {"w_rec": (-9.0, 9.0)},
            "optimizer": rs.SGD(0.2),
            "epochs": 3,
            "train": "w_in",
            "batch_size": 2,
            "shuffle": True,
            "seed": 1,
            "metrics": "rounded_accuracy",
            "clip": 0.5,
            "patience": 1,
            "truncate": 2,
            "every": 2,
            "keep": "cost",
            "dtype": "float32",
        },
    ),
    "lyapunov": (
        {"steps": 3},
        {"inputs": np.ones(3), "steps": 2, "discard": 1, "reorthonormalize": 2, "seed": 1, "keep": "lyapunov_error"},
    ),
    "fixed_points": (
        {"starts": np.zeros(3)},
        {"inputs": 0.5, "period": 2, "starts": np.ones(3), "tolerance": 1e-9, "max_points": 4, "seed": 1, "slow_points": True},
    ),
    "bifurcations": (
        {"along": "b"},
        {"along": "w", "max_points": 4, "inputs": 0.5, "starts": 9, "resolution": 32, "branches": True},
    ),
    "propagation": ({"inputs": X, "targets": T}, {**DATA, "lags": 2, "keep": "growth_rate"}),
    "curvature": ({"inputs": X, "targets": T}, {**DATA, "parameters": "w_in", "keep": "cost"}),
    "orbit_diagram": (
        {"steps": 8, "along": "b"},
        {
            "inputs": 0.5,
            "along": "w",
            "sweep": "up",
            "steps": 9,
            "discard": 5,
            "max_period": 3,
            "tolerance": 1e-3,
            "keep": "period",
        },
    ),
    "basins": (
        {"steps": 8},
        {
            "inputs": 0.5,
            "steps": 9,
            "discard": 5,
            "max_period": 3,
            "tolerance": 1e-3,
            "distance": 0.1,
            "nearness": 0.2,
            "max_attractors": 3,
            "keep": "fraction",
        },
    ),
}
HASHED = {"weight", "inputs", "targets", "starts"}
CHANGES = [(verb, name, value) for verb, (_, others) in VERBS.items() for name, value in others.items()]


def said(verb, net=NET, **given):
    """The attributes of a result that is not computed."""
    return plan_of(getattr(rs, verb))(net, **given).attrs


def changed(one, other):
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


@pytest.mark.parametrize(("verb", "name", "value"), CHANGES, ids=[f"{verb}-{name}" for verb, name, _ in CHANGES])
def test_what_is_given_changes_the_attribute_that_tells_it(verb, name, value):
    given = VERBS[verb][0]
    told = f"{name}_hash" if name in HASHED and not isinstance(value, int) else "options"
    assert changed(said(verb, **given), said(verb, **given | {name: value})) == {told}


@pytest.mark.parametrize("verb", VERBS)
def test_another_family_has_another_hash_and_another_kind_another_name(verb):
    given = VERBS[verb][0]
    first = said(verb, **given)
    assert changed(first, said(verb, NET.replace(w_rec=0.25), **given)) == {"parameters_hash"}
    assert changed(first, said(verb, NET.replace(activation="sigmoid"), **given)) == {"network"}
    assert first["Conventions"] == "CF-1.11" and first["title"] == f"{verb} of a family of recurrent networks"
    assert first["verb"] == verb and first["rnnsim_version"] == rs.__version__ and first["source"] == f"rnnsim {rs.__version__}"
    assert first["rnnsim_kernel"] == STAMP


@pytest.mark.parametrize("verb", ["backprop", "train", "propagation", "curvature"])
def test_the_loss_is_told(verb):
    given = {"optimizer": rs.SGD(0.1), "epochs": 1} if verb == "train" else {}
    assert changed(said(verb, UNITS, **VALUES, **given), said(verb, UNITS, **CLASSES, **given)) == {"options", "targets_hash"}


def test_numbers_with_axes_and_validation_are_hashed():
    plain = VERBS["train"][0]
    axes = {
        "optimizer": (rs.SGD(rs.axis("lr", [0.1, 0.2])), rs.SGD(rs.axis("lr", [0.1, 0.3])), "lr_hash"),
        "clip": (rs.axis("c", [0.1, 0.2]), rs.axis("c", [0.1, 0.3]), "limit_hash"),
        "validation": ((X, T), (2 * X, T), "validation_inputs_hash"),
        "seed": (rs.axis("run", [0, 1]), rs.axis("run", [0, 2]), "seed_hash"),
    }
    for name, (one, other, told) in axes.items():
        given = plain | {"batch_size": 2, "shuffle": True}
        found = changed(said("train", **given | {name: one}), said("train", **given | {name: other}))
        assert found - {"options"} == {told}, name


def test_every_argument_is_here():
    for verb, (given, others) in VERBS.items():
        arguments = set(inspect.signature(getattr(rs, verb)).parameters) - UNTOLD
        assert arguments - {*given, *others} <= {"loss", "validation", "exponents", "noise_seed"}, verb
    net = xr.DataArray(np.eye(2), dims=("unit", "unit_from"))
    two = rs.Elman(np.ones((2, 1)), net, h0=np.array([0.1, 0.2]))
    assert changed(*(said("lyapunov", two, steps=3, exponents=count) for count in (1, None))) == {"options"}
    for verb in ("simulate", "backprop", "train", "lyapunov"):
        noisy, (given, _) = NET.replace(noise=0.1), VERBS[verb]
        assert changed(*(said(verb, noisy, **given, noise_seed=seed) for seed in (0, None))) == {"options"}
        trials = [rs.axis("trial", seeds) for seeds in ([0, 1], [0, 2])]
        assert changed(*(said(verb, noisy, **given, noise_seed=seed) for seed in trials)) == {"options", "noise_seed_hash"}


def test_a_hash_sees_names_dimensions_shapes_types_numbers_and_coordinates():
    zeros = xr.DataArray(np.zeros((2, 3)), dims=("a", "b"))
    alike = [
        zeros,
        zeros.rename(a="c"),
        xr.DataArray(np.zeros((3, 2)), dims=("a", "b")),
        xr.DataArray(np.zeros(6), dims="a"),
        zeros.astype(int),
        zeros + 1.0,
        zeros.assign_coords(a=[0, 1]),
        zeros.assign_coords(a=[0, 2]),
    ]
    hashes = [fingerprint({"w": array}) for array in alike] + [fingerprint({"v": zeros}), fingerprint({"w": zeros, "v": zeros})]
    assert len(set(hashes)) == len(hashes) and fingerprint({"w": zeros.copy()}) == hashes[0]
