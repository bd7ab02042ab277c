"""Random families and the numbers of their single members, for tests."""

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.numerics import parallel

ACTIVATIONS = ["linear", "tanh", "relu", "sigmoid"]
EVERYTHING = ("state", "increment", "preactivation", "input", "output", "final_state")
GATES = {"Elman": (), "GRU": (3,), "LSTM": (4,)}
BIASES = {"Elman": ("bias",), "GRU": ("bias_in", "bias_rec"), "LSTM": ("bias",)}
STARTS = {"Elman": ("h0",), "GRU": ("h0",), "LSTM": ("h0", "c0")}


def over(name, values):
    return xr.DataArray(np.asarray(values, float), dims=name, coords={name: np.arange(len(values))})


def random_family(seed=0, activation="tanh", leaky=True, scale=1.5):
    """Axes on every parameter: a (w_in), b (w_rec and bias), c (h0), d (leak), in odd sizes."""
    rng = np.random.default_rng(seed)
    w_rec = over("b", rng.normal(size=5) * scale) + over("c", rng.normal(size=3) * 0.1)
    return rs.Elman(
        w_in=over("a", rng.normal(size=7)),
        w_rec=w_rec,
        bias=over("b", rng.normal(size=5) * 0.3),
        h0=over("c", rng.normal(size=3)),
        leak=over("d", [0.25, 1.0]) if leaky else 1.0,
        activation=activation,
    )


def members(net):
    """Every member's position and its parameters as numbers."""
    for index in np.ndindex(*net.axes.values()):
        where = dict(zip(net.axes, index, strict=True))
        member = net.isel(**where)
        yield where, {name: member[name].values[()] for name in member.parameter_names}


def random_inputs(seed=1, samples=4, steps=6):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, steps))


def refused(monkeypatch, call, kind, message):
    """Check that a call is refused with a message of one line that matches, before any work."""

    def no_work(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr(parallel, "run", no_work)
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def numbers(cell, units, inputs, seed=0):
    rng = np.random.default_rng(seed)
    gates = GATES[cell]
    found = {"w_in": rng.normal(size=(*gates, units, inputs)), "w_rec": rng.normal(size=(*gates, units, units)) / units**0.5}
    found |= {name: rng.normal(size=(*gates, units)) * 0.3 for name in BIASES[cell]}
    return found | {name: rng.normal(size=units) * 0.5 for name in STARTS[cell]}
