"""Networks from PyTorch give PyTorch's outputs, and what is not supported is refused."""

import warnings

import numpy as np
import pytest
from families import refused

import rnnsim as rs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch")

SIZES = {"RNN": (3, 3), "GRU": (2, 3), "LSTM": (3, 18)}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", SIZES)
def test_outputs_are_those_of_the_module(name, bias):
    torch.manual_seed(0)
    module = getattr(torch.nn, name)(*SIZES[name], batch_first=True, bias=bias)
    net = rs.from_torch(module)
    x = np.random.default_rng(1).normal(size=(11 if name == "LSTM" else 5, 6, SIZES[name][0]))
    exact, _ = module.double()(torch.from_numpy(x))
    state = rs.simulate(net, x).state
    np.testing.assert_allclose(state[:, 1:], exact.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_cells_are_layers():
    cell, layer = torch.nn.LSTMCell(2, 3), torch.nn.LSTM(2, 3)
    for own, other in zip(layer.parameters(), cell.parameters(), strict=True):
        own.data[:] = other.data
    for name in ("w_in", "w_rec", "bias"):
        np.testing.assert_array_equal(rs.from_torch(cell)[name], rs.from_torch(layer)[name])
    assert rs.from_torch(torch.nn.RNNCell(2, 3, nonlinearity="relu")).activation == "relu"


REFUSED = [
    (lambda: torch.nn.Linear(2, 3), TypeError, "type Linear; it needs torch.nn.RNN"),
    (lambda: torch.nn.GRU(2, 3, bidirectional=True), ValueError, "GRU with bidirectional=True"),
    (lambda: torch.nn.LSTM(2, 3, proj_size=1), ValueError, "LSTM with proj_size=1"),
    (lambda: torch.nn.RNN(2, 3, num_layers=2), ValueError, "RNN with num_layers=2; it needs num_layers=1"),
    (lambda: torch.nn.RNN(2, 3, device="meta"), ValueError, "weight_ih holds no numbers yet"),
]


@pytest.mark.parametrize(("make", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_other_modules_are_refused(make, kind, message, monkeypatch):
    refused(monkeypatch, lambda: rs.from_torch(make()), kind, message)
