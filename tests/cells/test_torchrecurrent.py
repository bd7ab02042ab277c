"""States and gradients of cells beside the package torchrecurrent, where it is installed and its equations are the same.

Its MGU has the gate before the matrix, which is the same for one unit. It has neither minGRU, minLSTM and LRU nor rate units.
"""

import warnings

import numpy as np
import pytest

import rnnsim as rs

UNITS, INPUTS = 4, 3
OWN = {  # names of the module's parameters for the cell's numbers
    "UGRNN": {},
    "CFN": {},
    "JANET": {"beta": "beta"},
    "FastRNN": {"alpha": "alpha", "beta": "beta"},
    "MGU": {},
    "UnICORNN": {"w": "weight_hh", "c": "weight_ch"},
}


@pytest.fixture(scope="module")
def torchrecurrent():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torchrecurrent")


def of_gates(values, net, name):
    """A parameter of the module with a dimension of gates, as the cell has it."""
    return values.detach().numpy().reshape(net[name].shape)


@pytest.mark.parametrize("name", OWN)
def test_states_and_gradients_are_those_of_torchrecurrent(torchrecurrent, name):
    import torch

    torch.manual_seed(0)
    units = 1 if name == "MGU" else UNITS
    cell = getattr(torchrecurrent, f"{name}Cell")(INPUTS, units, recurrent_bias=False).double()
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter)
    kind, two = getattr(rs.cells, name), name == "UnICORNN"
    shapes = kind.random(units, INPUTS)
    numbers = {ours: getattr(cell, theirs).detach().numpy().squeeze() for ours, theirs in OWN[name].items()}
    numbers |= {"alpha": cell.alpha, "dt": cell.dt} if two else {}
    matrices = {"w_in": "weight_ih"} | ({"w_rec": "weight_hh"} if "w_rec" in kind.DIMENSIONS else {})
    found = {ours: of_gates(getattr(cell, theirs), shapes, ours) for ours, theirs in matrices.items()}
    bias = "bias_in" if name == "MGU" else "bias"
    gates = [len(names) for dim, names in kind.declaration.gate_labels.items() if dim == "gate"]
    found[bias] = cell.bias_ih.detach().numpy().reshape(*gates, units)
    net = kind(**found, **numbers)

    rng = np.random.default_rng(1)
    x, targets = rng.normal(size=(5, 6, INPUTS)), rng.normal(size=(5, 6, units))
    state, states = None, []
    for step in torch.from_numpy(x).unbind(1):
        state = cell(step, state)
        states.append(state[0] if isinstance(state, tuple) else state)
    outputs = torch.stack(states, 1)
    torch.nn.functional.mse_loss(outputs, torch.from_numpy(targets)).backward()

    ds = rs.backprop(net, x, targets, keep=("state", "grad"))
    np.testing.assert_allclose(ds.state[:, 1:], outputs.detach().numpy(), rtol=1e-11, atol=1e-13)
    for ours, theirs in {**matrices, bias: "bias_ih", **OWN[name]}.items():
        exact, gradient = getattr(cell, theirs).grad.numpy(), ds[f"grad_{ours}"]
        if exact.size == 1 and ours in OWN[name]:  # one number for all units
            gradient = gradient.sum()
        np.testing.assert_allclose(gradient.values.reshape(exact.shape), exact, rtol=1e-10, atol=1e-13, err_msg=ours)
