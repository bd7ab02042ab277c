"""Cells of which some gates alone read the input, and some the state: like the cell whose gates read both, with weights of 0."""

import numpy as np

import rnnsim as rs
from rnnsim.functions import sigmoid, tanh

UNITS, INPUTS, READ_X, READ_H = 3, 2, (0, 1, 2), (0, 2, 3)


def equation(s, a, p):
    return sigmoid(a.u) * s.h + sigmoid(a.v) * tanh(a.n + a.m)


class Partial(rs.Cell):
    states = ("h",)
    gates = {"u": "xh", "n": "x", "v": "xh", "m": "h"}
    step = equation


class Full(rs.Cell):
    states = ("h",)
    gates = {"u": "xh", "n": "xh", "v": "xh", "m": "xh"}
    step = equation


def test_weights_of_some_gates_are_those_of_all_with_zeros_between():
    rng = np.random.default_rng(0)
    w_in, w_rec = rng.normal(size=(3, UNITS, INPUTS)), rng.normal(size=(3, UNITS, UNITS))
    all_in, all_rec = np.zeros((4, UNITS, INPUTS)), np.zeros((4, UNITS, UNITS))
    all_in[list(READ_X)], all_rec[list(READ_H)] = w_in, w_rec
    bias, x, targets = rng.normal(size=(4, UNITS)), rng.normal(size=(5, 4, INPUTS)), rng.normal(size=(5, 4, UNITS))
    partial, full = Partial(w_in, w_rec, bias), Full(all_in, all_rec, bias)
    found, expected = (rs.backprop(net, x, targets, keep=("state", "cost", "grad")) for net in (partial, full))
    chosen = {"grad_w_in": list(READ_X), "grad_w_rec": list(READ_H)}
    for name in found.data_vars:
        wanted = expected[name].isel(gate=chosen[name]) if name in chosen else expected[name]
        np.testing.assert_allclose(found[name], wanted.values, rtol=1e-12, atol=1e-15, err_msg=name)
    assert found.gate_in.values.tolist() == ["u", "n", "v"] and found.gate_rec.values.tolist() == ["u", "v", "m"]
