"""Bounds of parameters in training: against plain loops that clip, exact cases, and the same bits whatever the engine's company."""

import json

import numpy as np
import pytest
import training
import xarray as xr
from comparing import identical
from training import OPTIMIZERS, Scalar, Vector

import rnnsim as rs
from rnnsim.numerics import thread_state
from rnnsim.verbs.training import train as train_module

MASK = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]], bool)
WEIGHTS = np.where(MASK, Vector.parameters["w_rec"], 0.0)
SIDE = np.where(MASK, np.inf, 0.0)
BOUNDS = {
    "scalar": {"w_in": (0.2, None), "w_rec": (0.45, 0.52), "bias": (None, 0.12)},
    "vector": {
        "w_rec": (-SIDE, SIDE),
        "bias": (-0.3, np.array([0.24, 0.2, 0.3])),
        "w_out": (None, np.abs(Vector.parameters["w_out"])),
    },
}
KINDS = {"scalar": Scalar, "vector": Vector}


class Masked(Vector):
    """A vector network some of whose recurrent weights are 0."""

    parameters = Vector.parameters | {"w_rec": WEIGHTS}

    @staticmethod
    def net(**changes):
        return Vector.net(**{"w_rec": WEIGHTS, **changes})


def kind_of(name):
    return Scalar if name == "scalar" else Masked


def plain(name):
    numbers = {None: (-np.inf, np.inf)}
    return {p: tuple(numbers[None][i] if end is None else end for i, end in enumerate(ends)) for p, ends in BOUNDS[name].items()}


def train(name, net=None, **options):
    kind = kind_of(name)
    options = {"optimizer": rs.SGD(0.05), "epochs": 8, "progress": False, "bounds": BOUNDS[name], **options}
    return rs.train(net or kind.net(), kind.inputs, kind.targets, **options)


@pytest.mark.parametrize("engine", ["small", "layers"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", KINDS)
def test_bounds_are_a_plain_loop_that_clips(name, optimizer, engine, monkeypatch):
    if engine == "layers":
        monkeypatch.setattr(train_module, "fits", lambda training: False)
    ours, plain_rule = OPTIMIZERS[optimizer]
    run = train(name, optimizer=ours, batch_size=2)
    kind = kind_of(name)
    training.assert_trained(run, training.train(kind, plain_rule, 8, kind.targets, batch=2, bounds=plain(name)), rtol=1e-8)
    free = train(name, optimizer=ours, batch_size=2, bounds=None)
    assert any(abs(run[p] - free[p]).max() > 1e-3 for p in BOUNDS[name])


@pytest.mark.parametrize("points", [1, 5])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_equal_bounds_are_a_mask(dtype, points):
    net = Masked.net(h0=xr.DataArray(np.linspace(0, 0.1, points), dims="start"))
    run = train("vector", net, optimizer=rs.Adam(0.1), dtype=dtype)
    w_rec = run.w_rec.values
    assert (w_rec[..., ~MASK] == 0.0).all()
    assert (np.diff(w_rec[..., MASK], axis=1) != 0.0).all()


def test_a_sparse_matrix_whose_zeros_are_pinned_stays_sparse(recwarn):
    net = rs.Elman.random(6, 2, init="sparse", density=0.4, seed=0)
    side = xr.where(net["w_rec"] == 0.0, 0.0, np.inf)
    run = rs.train(net, Vector.inputs, np.ones((5, 7, 6)), optimizer=rs.Adam(0.1), epochs=3, bounds={"w_rec": (-side, side)})
    assert ((run.w_rec == 0.0) == (net["w_rec"] == 0.0)).all()
    assert not recwarn.list


def test_a_convex_problem_ends_at_the_projection_of_its_minimum():
    """One step, h = w_in x + bias of x = 1 and -1: the cost is (w_in - 2)² + (bias - 0.5)² + …, and stands apart for each."""
    net, options = rs.Elman(0.0, 0.0, activation="linear"), {"optimizer": rs.SGD(0.1), "epochs": 200, "progress": False}
    run = rs.train(net, [[1.0], [-1.0]], [2.5, -1.5], train=("w_in", "bias"), bounds={"w_in": (None, 1.25)}, **options)
    assert float(run.w_in[-1]) == 1.25
    assert abs(float(run.bias[-1]) - 0.5) < 1e-12
    assert abs(float(run.cost[-1]) - 0.75**2) < 1e-12


@pytest.mark.parametrize("name", KINDS)
def test_bounds_with_axes_are_each_its_own_run(name):
    high = rs.axis("high", [0.51, 0.6, 0.7])
    name_of = "w_rec" if name == "scalar" else "bias"
    low = None if name == "scalar" else xr.DataArray([-0.3, -0.4, -0.5], dims="unit")
    whole = train(name, bounds={name_of: (low, high)}, optimizer=rs.Adam(0.1))
    assert whole.sizes["high"] == 3
    for i in range(3):
        one = train(name, bounds={name_of: (low, float(high[i]))}, optimizer=rs.Adam(0.1))
        identical(whole.isel(high=i).drop_attrs(), one.drop_attrs())


@pytest.mark.parametrize("name", KINDS)
def test_bits_do_not_depend_on_threads_blocks_or_company(name, monkeypatch):
    start = rs.axis("start", np.linspace(-1, 1, 37))
    high = xr.DataArray(np.linspace(0.55, 0.9, 37), coords={"start": start.start}, dims="start")
    bounded = "w_rec" if name == "scalar" else "bias"

    def run(start, high):
        bounds = BOUNDS[name] | {bounded: (None, high)}
        return train(name, kind_of(name).net(h0=start), optimizer=rs.Adam(0.05), batch_size=2, shuffle=True, bounds=bounds)

    whole = run(start, high)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 9}):
        with thread_state.settings(**setting):
            identical(whole, run(start, high))
    for i in (0, 20, 36):
        identical(whole.isel(start=i).drop_attrs(), run(float(start[i]), float(high[i])).drop_attrs())


def test_a_sweep_cuts_bounds():
    high = rs.axis("high", np.linspace(0.6, 0.9, 40))
    options = {"optimizer": rs.SGD(0.05), "epochs": 3, "bounds": {"w_rec": (None, high)}, "progress": False}
    net = Scalar.net()
    whole = rs.train(net, Scalar.inputs, Scalar.targets, **options)
    swept = rs.sweep(rs.train, net, Scalar.inputs, Scalar.targets, memory=4000, **options)
    assert rs.plan(rs.train, net, Scalar.inputs, Scalar.targets, memory=4000, **options).blocks > 1
    xr.testing.assert_equal(swept, whole)
    assert swept.attrs == whole.attrs


@pytest.mark.parametrize("name", KINDS)
def test_two_halves_are_the_whole(name):
    first = train(name, epochs=3, optimizer=rs.Adam(0.05))
    whole, joined = train(name, optimizer=rs.Adam(0.05)), train(name, epochs=5, optimizer=rs.Adam(0.05), resume=first)
    xr.testing.assert_identical(whole, joined)


def test_a_run_goes_on_with_other_bounds_by_name_alone():
    first = train("scalar", epochs=3)
    other = BOUNDS["scalar"] | {"bias": (None, 0.2)}
    with pytest.raises(ValueError, match="resume was given a run with another bounds"):
        train("scalar", bounds=other, resume=first)
    with pytest.raises(ValueError, match="resume was given a run with another bounds"):
        train("scalar", bounds=None, resume=first)
    run = train("scalar", bounds=other, resume=first, resume_with="bounds", optimizer=rs.SGD(0.05))
    assert float(run.bias.max()) <= 0.2
    below = {"bias": (None, float(first.bias[-1]) - 0.01)}
    with pytest.raises(ValueError, match=r"bias starts at .* outside of its bounds"):
        train("scalar", bounds=below, resume=first, resume_with="bounds")


def test_a_result_tells_its_bounds():
    run = train("vector")
    assert json.loads(run.attrs["options"])["bounds"] == {
        "w_rec": ["<unit: 3, unit_from: 3>"] * 2,
        "bias": [-0.3, "<unit: 3>"],
        "w_out": [None, "<output: 2, unit: 3>"],
    }
    hashes = [name for name in run.attrs if name.startswith("bounds_")]
    assert hashes == ["bounds_w_rec_low_hash", "bounds_w_rec_high_hash", "bounds_bias_high_hash", "bounds_w_out_high_hash"]
    looser = train("vector", bounds=BOUNDS["vector"] | {"bias": (-0.3, np.array([0.24, 0.2, 0.4]))})
    assert looser.attrs["bounds_bias_high_hash"] != run.attrs["bounds_bias_high_hash"]


def test_layers_of_a_stack_have_their_numbers():
    net = rs.Stack([rs.GRU.random(3, 2, seed=0), rs.Elman.random(4, 3, seed=1)])
    high = xr.DataArray(np.full(4, 0.1), dims="unit_1")
    targets = np.random.default_rng(0).normal(size=(5, 7, 4))
    run = rs.train(net, Vector.inputs, targets, optimizer=rs.Adam(0.1), epochs=3, bounds={"bias_1": (None, high)}, progress=False)
    free = rs.train(net, Vector.inputs, targets, optimizer=rs.Adam(0.1), epochs=3, progress=False)
    assert float(run.bias_1.max()) == 0.1 < float(free.bias_1.max())
    gates = xr.DataArray([0.5, 0.6, 0.7], dims="gate_0", coords={"gate_0": ["z", "r", "n"]})
    with pytest.raises(ValueError, match="was given gates"):
        rs.train(net, Vector.inputs, targets, optimizer=rs.Adam(0.1), epochs=3, bounds={"w_rec_0": (-9.0, gates)})


def test_an_update_that_is_not_finite_is_lost_though_bounds_would_hold_it():
    run = train("scalar", optimizer=rs.SGD(1e308), bounds={"w_rec": (-1, 1), "w_in": (-1, 1), "bias": (-1, 1)}, epochs=40)
    assert int(run.diverged_at) > 0


REFUSED = [
    ({"w_rec": (0.6, None)}, ValueError, r"w_rec starts at 0.5, outside of its bounds \[0.6, inf\]; it needs a start within them"),
    ({"w_rec": (1.0, 0.0)}, ValueError, "bounds of w_rec was given low above high; it needs"),
    ({"w_rec": (np.inf, None)}, ValueError, "bounds of w_rec was given low above high; it needs"),
    ({"w_rec": (np.nan, None)}, ValueError, "bounds of w_rec, low, was given nan; it needs numbers"),
    ({"w_rec": 1.0}, TypeError, "bounds was given a float for w_rec; it needs a pair"),
    ({"w_rec": (0.0, 1.0, 2.0)}, TypeError, "bounds was given a tuple for w_rec; it needs a pair"),
    (
        {"h0": (0.0, 1.0)},
        ValueError,
        "bounds was given 'h0'; it needs some of w_in, w_rec, bias, which are the parameters that move",
    ),
    ([("w_rec", 0.0)], TypeError, "bounds was given a list; it needs a dict"),
    ({"w_rec": (None, [1.0, 2.0])}, ValueError, r"bounds of w_rec, high, was given an array of shape \(2,\); it needs \(\), or"),
    ({"w_rec": (None, "1")}, TypeError, "bounds of w_rec, high, was given values of type <U1; it needs real numbers"),
    ({"w_rec": (None, xr.DataArray([1.0], dims="epoch"))}, ValueError, "an axis was given the name 'epoch'"),
]


@pytest.mark.parametrize(("bounds", "kind", "message"), REFUSED)
def test_bounds_that_cannot_be_are_refused(bounds, kind, message):
    with pytest.raises(kind, match=message):
        train("scalar", bounds=bounds)


def test_drawn_weights_are_refused_where_they_start_outside():
    net = rs.Elman.random(3, 2, seed=rs.axis("seed", [0, 1]))
    targets = np.zeros((5, 7, 3))
    with pytest.raises(ValueError, match=r"w_rec starts at \S+ at seed 0, unit \d, unit_from \d, outside of its bounds \[0, inf\]"):
        rs.train(net, Vector.inputs, targets, optimizer=rs.SGD(0.1), epochs=1, bounds={"w_rec": (0.0, None)})
