"""The mathematics of networks of many units in plain NumPy: slow, obvious, and good for complex numbers.

A layer is a dict: `cell` ("Elman", "GRU" or "LSTM"), Elman's `activation`, and the cell's parameters by name, the weights at
least. `h0` and `c0` are numbers, (unit) or (sample, unit); biases and `leak` are numbers or (unit), (gate, unit) with gates.
A network is a dict: `layers` (bottom first), perhaps a `table` (token, input) before them, perhaps a `readout` with w_out, b_out.

To differentiate by states and pre-activations, give a layer arrays of zeros that are added to them: `push_state` and
`push_cell_state` (sample, step 0…T, unit), `push_preactivation` (sample, step 1…T, gate, unit), Elman's without gate.
"""

from typing import NamedTuple

import numpy as np
from reference import VALUES

GATES = {"Elman": (), "GRU": (3,), "LSTM": (4,)}


class Run(NamedTuple):
    """What a network did: the first three hold one array a layer."""

    states: list  # (sample, step 0…T, unit); step 0 is the start
    cell_states: list  # the same of LSTM's c; None for other cells
    preactivations: list  # (sample, step 1…T, gate, unit), Elman's without gate; GRU's n: the whole argument of its tanh
    outputs: np.ndarray  # (sample, step 1…T, output): the top layer's states where there is no readout


def elman(layer, x, h, c, push_a, push_c):
    """h' = (1 - leak) h + leak φ(W h + V x + b)."""
    a = x @ layer["w_in"].T + h @ layer["w_rec"].T + layer.get("bias", 0.0) + push_a
    leak = layer.get("leak", 1.0)
    return (1 - leak) * h + leak * VALUES[layer.get("activation", "tanh")](a), None, a


def gru(layer, x, h, c, push_a, push_c):
    """h' = (1 - z) n + z h, with n = tanh(V x + b_in + r (W h + b_rec))."""
    shape = np.shape(layer["w_in"])[:2]
    b_in = np.broadcast_to(layer.get("bias_in", 0.0), shape)
    b_rec = np.broadcast_to(layer.get("bias_rec", 0.0), shape)
    by_x = [x @ layer["w_in"][gate].T + b_in[gate] for gate in range(3)]
    by_h = [h @ layer["w_rec"][gate].T + b_rec[gate] for gate in range(3)]
    a_r = by_x[0] + by_h[0] + push_a[:, 0]
    a_z = by_x[1] + by_h[1] + push_a[:, 1]
    r, z = VALUES["sigmoid"](a_r), VALUES["sigmoid"](a_z)
    a_n = by_x[2] + r * by_h[2] + push_a[:, 2]
    return (1 - z) * np.tanh(a_n) + z * h, None, np.stack([a_r, a_z, a_n], axis=1)


def lstm(layer, x, h, c, push_a, push_c):
    """c' = f c + i g and h' = o tanh(c')."""
    bias = np.broadcast_to(layer.get("bias", 0.0), np.shape(layer["w_in"])[:2])
    a = [x @ layer["w_in"][gate].T + h @ layer["w_rec"][gate].T + bias[gate] + push_a[:, gate] for gate in range(4)]
    i, f, o = (VALUES["sigmoid"](a[gate]) for gate in (0, 1, 3))
    c = f * c + i * np.tanh(a[2]) + push_c
    return o * np.tanh(c), c, np.stack(a, axis=1)


CELLS = {"Elman": elman, "GRU": gru, "LSTM": lstm}


def run_layer(layer, x):
    """States, cell states (or None) and pre-activations of one layer on inputs x (sample, step, input)."""
    samples, steps = x.shape[:2]
    units, gates = layer["w_rec"].shape[-1], GATES[layer["cell"]]
    push_h = layer.get("push_state", np.zeros((samples, steps + 1, units)))
    push_c = layer.get("push_cell_state", np.zeros((samples, steps + 1, units)))
    push_a = layer.get("push_preactivation", np.zeros((samples, steps, *gates, units)))
    states = [np.broadcast_to(layer.get("h0", 0.0), (samples, units)) + push_h[:, 0]]
    cell_states = [np.broadcast_to(layer.get("c0", 0.0), (samples, units)) + push_c[:, 0]]
    preactivations = []
    for k in range(steps):
        h, c, a = CELLS[layer["cell"]](layer, x[:, k], states[-1], cell_states[-1], push_a[:, k], push_c[:, k + 1])
        states.append(h + push_h[:, k + 1])
        cell_states.append(c)
        preactivations.append(a)
    cell_states = np.stack(cell_states, axis=1) if layer["cell"] == "LSTM" else None
    return np.stack(states, axis=1), cell_states, np.stack(preactivations, axis=1)


def run(layers, inputs, table=None, readout=None):
    """A network on inputs (sample, step, input), or integers (sample, step) where there is a table."""
    x = np.asarray(inputs) if table is None else table[np.asarray(inputs)]
    found = []
    for layer in layers:
        found.append(run_layer(layer, x))
        x = found[-1][0][:, 1:]
    outputs = x if readout is None else x @ readout["w_out"].T + readout.get("b_out", 0.0)
    return Run(*map(list, zip(*found, strict=True)), outputs)


def mse(outputs, targets):
    """Mean of squared differences; targets (sample, output) of the last step or (sample, step, output), nan: not counted."""
    targets = np.asarray(targets, float)
    outputs = outputs[:, -1] if targets.ndim == 2 else outputs
    return np.mean((outputs - targets)[~np.isnan(targets)] ** 2)


def log_softmax(outputs):
    shifted = outputs - np.max(np.real(outputs), axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def cross_entropy(outputs, targets):
    """Mean of -log softmax(output)[target]; integer targets (sample) of the last step or (sample, step), -1: not counted."""
    targets = np.asarray(targets)
    outputs = outputs[:, -1] if targets.ndim == 1 else outputs
    counted = targets != -1
    likelihoods = log_softmax(outputs[counted])
    return -np.mean(likelihoods[np.arange(len(likelihoods)), targets[counted]])


LOSSES = {"mse": mse, "cross_entropy": cross_entropy}


def cost(layers, inputs, targets, loss="mse", table=None, readout=None):
    """The cost of a network's outputs."""
    return LOSSES[loss](run(layers, inputs, table, readout).outputs, targets)


def values(outputs, targets, loss="mse"):
    """The losses of all entries of targets, 0 for those that do not count."""
    if loss == "mse":
        return np.where(np.isnan(targets), 0.0, outputs[:, -targets.shape[1] :] - np.nan_to_num(targets)) ** 2
    chosen = np.maximum(targets, 0)[..., None]
    likelihoods = np.take_along_axis(log_softmax(outputs[:, -targets.shape[1] :]), chosen, axis=-1)[..., 0]
    return np.where(targets < 0, 0.0, -likelihoods)


def weighed_cost(outputs, targets, weight, loss="mse"):
    """Σ weight value / Σ weight over what counts; targets over (sample, step, output) or, of classes, (sample, step)."""
    there = targets >= 0 if loss == "cross_entropy" else ~np.isnan(targets)
    weights = np.broadcast_to(weight, targets.shape) * there
    return np.sum(weights * values(outputs, targets, loss)) / np.sum(weights)


def mean_square(numbers):
    return np.mean(np.asarray(numbers) ** 2)


def penalty(parts, states, penalties):
    """Σ λ mean p², of parameters and states under the names that a stack has for them, such as `w_rec_0` and `state_0`."""
    total = 0.0
    for name, weight in penalties.items():
        base, _, number = name.rpartition("_")
        if base == "state":
            total += weight * mean_square(states[int(number)][:, 1:])
        elif number.isdigit():
            total += weight * mean_square(parts["layers"][int(number)][base])
        else:
            total += weight * mean_square(parts["readout"][name])
    return total


def penalised_cost(parts, inputs, targets, penalties, loss="mse"):
    """The cost of a network, and the penalties of its parameters and states."""
    found = run(**parts, inputs=inputs)
    return LOSSES[loss](found.outputs, targets) + penalty(parts, found.states, penalties)


def complex_step_gradients(parameters, cost, size=1e-30):
    """The derivatives of `cost(parameters)` by every number in `parameters`, in the same nest of dicts, lists and arrays.

    Texts, None and arrays of integers have none: dicts leave them out, lists hold None in their place.
    Example: complex_step_gradients({"layers": layers, "readout": readout}, lambda p: reference_networks.cost(**p, …))
    """

    def differentiate(part, put):
        if isinstance(part, dict):
            found = {key: differentiate(value, lambda v, key=key: put({**part, key: v})) for key, value in part.items()}
            return {key: value for key, value in found.items() if value is not None}
        if isinstance(part, list | tuple):
            return [differentiate(value, lambda v, i=i: put([*part[:i], v, *part[i + 1 :]])) for i, value in enumerate(part)]
        if part is None or np.asarray(part).dtype.kind != "f":
            return None
        derivatives = np.empty(np.shape(part))
        for where in np.ndindex(derivatives.shape):
            moved = np.array(part, complex)
            moved[where] += 1j * size
            derivatives[where] = np.imag(cost(put(moved))) / size
        return derivatives

    return differentiate(parameters, lambda whole: whole)
