"""Random families: the same network for a seed whatever the grid, never all matrices at once."""

import numpy as np
import pytest
from comparing import identical
from family_data import refused

import rnnsim as rs
from rnnsim.families.random import initializers
from rnnsim.numerics import parallel, thread_state

X = np.random.default_rng(0).normal(size=(5, 5, 2))


def net(cell="Elman", **options):
    grid = {"gain": rs.axis("gain", [0.5, 1.0, 2.0]), "seed": rs.axis("seed", [3, 5, 8, 13])}
    return getattr(rs, cell).random(4, 2, **{**grid, "h0": "gaussian", "bias": "uniform", **options})


@pytest.mark.parametrize("cell", ["Elman", "GRU"])
def test_a_seed_is_the_same_network_alone_in_a_grid_and_made_by_hand(cell):
    family = net(cell)
    whole = rs.simulate(family, X)
    assert whole.state.dims == ("seed", "gain", "sample", "step", "unit")
    alone = getattr(rs, cell).random(4, 2, gain=2.0, seed=8, h0="gaussian", bias="uniform")
    identical(whole.sel(seed=8, gain=2.0), rs.simulate(alone, X))
    identical(whole.isel(seed=[1, 3]), rs.simulate(family.isel(seed=[1, 3]), X))
    by_hand = getattr(rs, cell)(**{name: alone[name] for name in alone.parameter_names if name != "leak"})
    identical(rs.simulate(by_hand, X), rs.simulate(alone, X))
    for setting in ({"threads": 1}, {"block": 1}):
        with thread_state.settings(**setting):
            identical(whole, rs.simulate(family, X))


STREAMS = {"w_rec": 0, "w_in": 1, "bias": 2, "bias_in": 3, "bias_rec": 4, "h0": 5, "c0": 6, "w_out": 7, "b_out": 8}


def drawn(law, name, shape):
    stream = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(STREAMS[name],)))
    return stream.standard_normal(shape) if law == "gaussian" else 2 * stream.random(shape) - 1


@pytest.mark.parametrize("init", ["gaussian", "uniform"])
@pytest.mark.parametrize(
    ("cell", "biases", "starts"),
    [("Elman", ["bias"], ["h0"]), ("GRU", ["bias_in", "bias_rec"], ["h0"]), ("LSTM", ["bias"], ["h0", "c0"])],
)
def test_every_parameter_is_of_its_law_and_its_own_stream_of_the_seed(cell, biases, starts, init):
    laws = dict.fromkeys(("w_rec", "w_in", *biases), init) | dict.fromkeys(starts, "gaussian")
    given = {name: laws[name] for name in (*biases, *starts)}
    found = getattr(rs, cell).random(4, 2, init=init, seed=7, readout=rs.Readout.random(4, 3, seed=7), **given)
    for name, law in (laws | dict.fromkeys(("w_out", "b_out"), "uniform")).items():
        divisor = 4 if law == "uniform" else {"w_rec": 4, "w_in": 2}.get(name, 1)
        np.testing.assert_array_equal(found[name], drawn(law, name, found[name].shape) / np.sqrt(divisor), name)


def test_a_seed_is_the_same_readout_alone_and_in_a_grid():
    seed = rs.axis("seed", [3, 5, 8])
    readout, alone = rs.Readout.random(400, 2, seed=seed), rs.Readout.random(400, 2, seed=8)
    for name, dims in rs.Readout.DIMENSIONS.items():
        assert readout[name].dims == ("seed", *dims) and alone[name].dims == dims
        np.testing.assert_array_equal(readout[name].sel(seed=8), alone[name])
    weights = readout["w_out"].values
    assert 0.049 < abs(weights).max() <= 0.05 and abs(weights.mean()) < 0.003  # uniform in ±1/√400
    assert len({*weights.ravel(), *readout["b_out"].values.ravel()}) == 3 * (800 + 2)
    assert rs.Elman.random(400, 2, seed=seed, readout=readout).axes == {"seed": 3}


def test_the_gain_multiplies_the_recurrent_matrix_alone():
    family = net()
    np.testing.assert_array_equal(family["w_rec"].sel(gain=2.0), 2 * family["w_rec"].sel(gain=1.0))
    assert family["w_in"].dims == ("seed", "unit", "input")
    np.testing.assert_array_equal(family["w_rec"].sel(gain=1.0, seed=13), initializers.recurrent("gaussian", 13, 1, 4)[0])
    assert set(family.parameters.data_vars) == {"w_in", "w_rec", "bias", "h0", "leak"}


def test_matrices_are_made_block_by_block(monkeypatch):
    most = []
    whole = initializers.recurrent

    def watched(init, seed, **rest):
        most.append(len(seed))
        return whole(init, seed, **rest)

    monkeypatch.setattr(initializers, "recurrent", watched)
    family = rs.Elman.random(32, 1, seed=rs.axis("seed", range(600)))
    rs.simulate(family, np.ones((8, 2, 1)), keep="final_state")
    assert sum(most) == 600 and max(most) * 32 * 32 * 8 <= parallel.BLOCK_BYTES


def test_provenance_knows_seeds_gains_and_laws():
    hashes = {
        rs.simulate(family, X, keep="final_state").attrs["parameters_hash"]
        for family in (net(), net(seed=1), net(gain=1.5), net(init="uniform"), net(h0=0.0))
    }
    assert len(hashes) == 5
    sizes = {rs.simulate(rs.Elman.random(n, 2), X, keep="final_state").attrs["parameters_hash"] for n in (4, 6)}
    assert len(sizes) == 2


REFUSED = [
    (lambda: rs.Elman.random(0), "units was given as 0; it needs a whole number of 1 or more"),
    (lambda: rs.Readout.random(3, 1.5), "outputs was given as 1.5; it needs a whole number of 1 or more"),
    (lambda: rs.Readout.random(3, seed=-1), "seed was given the value -1"),
    (lambda: rs.Elman.random(3, 1.5), "inputs was given as 1.5"),
    (lambda: rs.Elman.random(3, init="glorot"), "init was given as 'glorot'; it needs one of gaussian"),
    (lambda: rs.Elman.random(3, seed=-1), "seed"),
    (lambda: rs.Elman.random(3, seed=rs.axis("seed", [0.5])), "seed"),
    (lambda: rs.Elman.random(3, h0="uniform"), "h0 was given as 'uniform'; it needs numbers or 'gaussian'"),
    (lambda: rs.LSTM.random(3, bias="ones"), "'ones'"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_bad_input_is_refused(call, message, monkeypatch):
    refused(monkeypatch, call, (ValueError, TypeError), message)
