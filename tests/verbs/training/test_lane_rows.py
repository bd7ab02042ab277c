"""Training of few networks, whose units are lanes, is to the bit that of many, of which each is a lane."""

import numpy as np
import pytest
import xarray as xr
from comparing import identical

import rnnsim as rs
from rnnsim.numerics import thread_state
from rnnsim.verbs.training import small_engine

SEEDS = rs.axis("seed", [3, 1, 4])
INPUTS = np.random.default_rng(5).standard_normal((7, 6, 2))
TARGETS = np.random.default_rng(6).standard_normal((7, 6, 3))
TARGETS[1, 2, 0] = TARGETS[3] = np.nan


def starts(size):
    return xr.DataArray(np.linspace(-0.5, 0.5, SEEDS.size * size).reshape(-1, size), dims=("seed", "unit"))


NETS = {
    "Elman": lambda: rs.Elman.random(5, 2, seed=SEEDS, readout=rs.Readout.random(5, 3, seed=SEEDS)),
    "leaky": lambda: rs.Elman.random(
        3, 2, seed=SEEDS, leak=0.3, activation="sigmoid", readout=rs.Readout.random(3, 3, seed=SEEDS), h0=starts(3)
    ),
    "relu": lambda: rs.Elman.random(9, 2, seed=SEEDS, activation="relu", readout=rs.Readout.random(9, 3, seed=SEEDS)),
    "linear": lambda: rs.Elman.random(1, 2, seed=SEEDS, activation="linear", readout=rs.Readout(np.ones((3, 1)), 0.5)),
    "GRU": lambda: rs.GRU.random(4, 2, seed=SEEDS, readout=rs.Readout.random(4, 3, seed=SEEDS), h0=starts(4)),
    "LSTM": lambda: rs.LSTM.random(6, 2, seed=SEEDS, readout=rs.Readout.random(6, 3, seed=SEEDS), c0=starts(6)),
}
RUNS = {
    "single samples": {"optimizer": rs.SGD(0.02, momentum=0.5), "batch_size": 1, "clip": rs.ClipNorm(0.4)},
    "batches": {
        "optimizer": rs.Adam(rs.schedules.exponential(0.02, 0.5, 4)),
        "batch_size": 3,
        "shuffle": True,
        "clip": rs.ClipValue(0.1),
        "validation": (INPUTS[:2], TARGETS[:2]),
        "patience": 2,
        "metrics": "rounded_accuracy",
    },
    "whole": {"optimizer": rs.Rprop("irprop+", step=0.01), "metrics": "rounded_accuracy"},
    "diverging": {"optimizer": rs.SGD(rs.axis("lr", [1e-3, 1e150])), "batch_size": 2},
    "named": {"optimizer": rs.RMSprop(0.01), "batch_size": 2, "train": ("h0", "bias", "w_out"), "every": 2},
}


def train(net, monkeypatch, few, targets=TARGETS, **options):
    monkeypatch.setattr(small_engine, "FEW_NETWORKS", few)
    return rs.train(net, INPUTS, targets, epochs=4, progress=False, **options)


PAIRS = [
    ("Elman", "single samples"),
    ("leaky", "batches"),
    ("relu", "diverging"),
    ("linear", "diverging"),
    ("GRU", "whole"),
    ("LSTM", "batches"),
    ("LSTM", "named"),
]


@pytest.mark.parametrize(("kind", "training"), PAIRS)
def test_units_as_lanes_are_networks_as_lanes_to_the_bit(kind, training, monkeypatch):
    net, options = NETS[kind](), dict(RUNS[training])
    if "train" in options:
        options["train"] = tuple(name for name in options["train"] if name in net.parameter_names)
    many, few = (train(net, monkeypatch, most, **options) for most in (0, 100))
    identical(many, few)
    assert (many.diverged_at >= 0).any() == (training == "diverging") and not (many.diverged_at >= 0).all()
    assert float(abs(many.w_out.isel(epoch=-1) - many.w_out.isel(epoch=0)).max()) > 0
    with thread_state.settings(width=1, threads=3, block=1):
        identical(few, train(net, monkeypatch, 100, **options))


@pytest.mark.parametrize("kind", ["Elman", "LSTM"])
def test_targets_of_the_last_step_alone_are_theirs(kind, monkeypatch):
    many, few = (train(NETS[kind](), monkeypatch, most, TARGETS[:, -1], optimizer=rs.Adam(), batch_size=2) for most in (0, 100))
    identical(many, few)


def test_a_validation_set_with_an_axis_is_every_network_s_own(monkeypatch):
    drive = xr.DataArray([1.0, -2.0], dims="drive") * xr.DataArray(INPUTS, dims=("sample", "step", "input"))
    options = {"optimizer": rs.SGD(0.02), "batch_size": 2, "validation": (drive, TARGETS)}
    many, few = (train(NETS["Elman"]().isel(seed=0), monkeypatch, most, **options) for most in (0, 100))
    identical(many, few)
    assert (few.validation_cost[0] != few.validation_cost[1]).all()


def test_a_network_that_one_batch_makes_diverge_moves_by_no_batch_after_it(monkeypatch):
    targets = TARGETS.copy()
    targets[2] = 1e308
    options = {"optimizer": rs.SGD(0.1), "batch_size": 2, "train": ("bias", "w_rec")}
    many, few = (train(NETS["Elman"](), monkeypatch, most, targets, **options) for most in (0, 100))
    identical(many, few)
    before = rs.train(NETS["Elman"](), INPUTS[:2], targets[:2], epochs=1, progress=False, **options)
    np.testing.assert_array_equal(few.diverged_at, 1)
    np.testing.assert_allclose(few.bias[:, -1], before.bias[:, 1], rtol=1e-14)


def test_a_gradient_beyond_all_numbers_has_an_infinite_norm(monkeypatch):
    net, targets = NETS["linear"](), np.full(TARGETS.shape, 1e308)
    for few in (0, 100):
        for trained, norm in (("b_out", np.inf), ("w_rec", np.nan)):
            run = train(net, monkeypatch, few, targets, optimizer=rs.SGD(0.1), batch_size=2, clip=1.0, train=trained)
            np.testing.assert_array_equal(run.grad_norm, norm)
            np.testing.assert_array_equal(run.diverged_at, 1)


def test_few_networks_go_on_from_a_run_as_if_it_had_not_ended(monkeypatch):
    net, options = NETS["GRU"](), {"optimizer": rs.Adam(0.01), "batch_size": 3, "shuffle": True}
    half = train(net, monkeypatch, 100, **options)
    both = rs.train(net, INPUTS, TARGETS, epochs=4, progress=False, resume=half, **options)
    identical(both.drop_attrs(), rs.train(net, INPUTS, TARGETS, epochs=8, progress=False, **options).drop_attrs())
