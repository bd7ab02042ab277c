"""Cells as users write them, each with its equation in plain NumPy, which takes complex numbers."""

import numpy as np

import rnnsim as rs
from rnnsim.functions import absolute, cos, minimum, sigmoid, sin, softplus, tanh, where


class Adaptive(rs.Cell):
    """A rate unit that tires: h += α (tanh(a - g w) - h),  w += β (h - w)."""

    states = ("h", "w")
    gates = {"a": "xh"}
    numbers = {"alpha": 0.3, "beta": 0.15, "g": 1.0}

    def step(s, a, p):
        return s.h + p.alpha * (tanh(a.a - p.g * s.w) - s.h), s.w + p.beta * (s.h - s.w)


class Mixed(rs.Cell):
    """Gates of every kind: n reads input and state apart, z the input alone, and u their sum."""

    states = ("h",)
    gates = {"n": "x|h", "z": "x", "u": "xh"}
    numbers = {"tau": 2.0}

    def step(s, a, p):
        z = sigmoid(a.z)
        new = tanh(a.n_x + z * a.n_h) + softplus(a.u) / (1.0 + p.tau)
        return s.h + (new - s.h) / p.tau


class Wave(rs.Cell):
    """Two states that turn, the second bounded by a choice, without recurrent weights."""

    states = ("y", "v")
    gates = {"force": "x"}
    numbers = {"omega": 0.4, "damping": 0.1}

    def step(s, a, p):
        y = s.y * cos(p.omega) + s.v * sin(p.omega)
        v = s.v * cos(p.omega) - s.y * sin(p.omega) + tanh(a.force)
        return y, where(absolute(v) < 3.0, v * (1.0 - p.damping), minimum(v, 2.0) * 0.5)


class Voltage(rs.Cell):
    """The voltage of a unit, of whose rate the others hear: v += α (-v + w_rec tanh(v) + w_in x + bias)."""

    states = ("v",)
    gates = {"a": "xh"}
    numbers = {"alpha": 0.3}

    def output(s):
        return tanh(s.v)

    def step(s, a, p):
        return s.v + p.alpha * (a.a - s.v)


class Plastic(rs.Cell):
    """A unit behind plastic synapses, of which others hear u x σ(h), two of its states times what a third makes."""

    states = ("h", "u", "x")
    gates = {"a": "xh", "z": "x"}
    numbers = {"alpha": 0.4, "U": 0.3}

    def output(s):
        return s.u * s.x * sigmoid(s.h)

    def step(s, a, p):
        r = sigmoid(s.h)
        return (
            s.h + p.alpha * (a.a - s.h),
            s.u + 0.2 * (p.U - s.u) + 0.1 * (1.0 - s.u) * r + 0.1 * tanh(a.z),
            s.x + 0.1 * (1.0 - s.x) - 0.2 * s.u * s.x * r,
        )


def sigma(x):
    return 1.0 / (1.0 + np.exp(-x))


def adaptive(s, a, p):
    h, w = s
    return h + p["alpha"] * (np.tanh(a["a"] - p["g"] * w) - h), w + p["beta"] * (h - w)


def mixed(s, a, p):
    (h,), z = s, sigma(a["z"])
    new = np.tanh(a["n_x"] + z * a["n_h"]) + np.log(1.0 + np.exp(a["u"])) / (1.0 + p["tau"])
    return (h + (new - h) / p["tau"],)


def wave(s, a, p):
    y, v = s
    turned = y * np.cos(p["omega"]) + v * np.sin(p["omega"])
    v = v * np.cos(p["omega"]) - y * np.sin(p["omega"]) + np.tanh(a["force"])
    least = np.where(np.real(v) < 2.0, v, 2.0)
    return turned, np.where(np.abs(np.real(v)) < 3.0, v * (1.0 - p["damping"]), least * 0.5)


def voltage(s, a, p):
    (v,) = s
    return (v + p["alpha"] * (a["a"] - v),)


def plastic(s, a, p):
    (h, u, x), r = s, sigma(s[0])
    return (
        h + p["alpha"] * (a["a"] - h),
        u + 0.2 * (p["U"] - u) + 0.1 * (1.0 - u) * r + 0.1 * np.tanh(a["z"]),
        x + 0.1 * (1.0 - x) - 0.2 * u * x * r,
    )


OWN = {Adaptive: adaptive, Mixed: mixed, Wave: wave}
WITH_OUTPUTS = {Voltage: voltage, Plastic: plastic}
READ = {Voltage: lambda s: np.tanh(s[0]), Plastic: lambda s: s[1] * s[2] * sigma(s[0])}


def orbit(kind, parameters, inputs):
    """All states (state, sample, step, unit) of a cell, by its equation in NumPy; `parameters` are arrays in their full shapes."""
    step, gates, read = {**OWN, **WITH_OUTPUTS}[kind], kind.gates, READ.get(kind, lambda s: s[0])
    x_gates = [gate for gate, reads in gates.items() if "x" in reads]
    h_gates = [gate for gate, reads in gates.items() if "h" in reads]
    p = parameters
    w_in = dict(zip(x_gates, p["w_in"].reshape(len(x_gates), *p["w_in"].shape[-2:]), strict=True))
    w_rec = {} if not h_gates else dict(zip(h_gates, p["w_rec"].reshape(len(h_gates), *p["w_rec"].shape[-2:]), strict=True))
    split = "x|h" in gates.values()
    of_x = x_gates if split else list(gates)
    bias_x = dict(zip(of_x, p["bias_in" if split else "bias"].reshape(len(of_x), -1), strict=True))
    bias_h = dict(zip(h_gates, p["bias_rec"].reshape(len(h_gates), -1), strict=True)) if split else {}
    samples, steps = inputs.shape[:2]
    starts = [p["h0"], *(p[f"{name}0"] for name in kind.states[1:])]
    kinds = np.result_type(*p.values(), inputs)
    s = tuple(np.broadcast_to(start, (samples, start.shape[-1])).astype(kinds) for start in starts)
    found = [s]
    for k in range(steps):
        a = {}
        for gate, reads in gates.items():
            of_input = bias_x.get(gate, 0.0) + (inputs[:, k] @ w_in[gate].T if gate in w_in else 0.0)
            of_state = bias_h.get(gate, 0.0) + (read(s) @ w_rec[gate].T if gate in w_rec else 0.0)
            a |= {f"{gate}_x": of_input, f"{gate}_h": of_state} if reads == "x|h" else {gate: of_input + of_state}
        s = step(s, a, p)
        found.append(s)
    return np.moveaxis(np.array(found), 0, 2)


def whole(net):
    """The parameters of one network in their full shapes."""
    sizes = net.own_sizes
    return {
        name: np.broadcast_to(net[name].values, tuple(sizes[dim] for dim in net.named_dimensions(name))).astype(float)
        for name in net.parameter_names
    }
