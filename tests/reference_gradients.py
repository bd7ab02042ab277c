"""Gradients of networks of many units by back-propagation through time in plain NumPy, good for complex numbers; Hessians by the complex
step of them. Networks are the dicts of `reference_networks`, with all parameters as arrays of their full shapes."""

import numpy as np
from reference import SLOPES, VALUES

sigmoid, sigmoid_slope, tanh_slope = VALUES["sigmoid"], SLOPES["sigmoid"], SLOPES["tanh"]


def add(found, name, value):
    found[name] = found.get(name, 0.0) + value


def elman(p, x, h, c, found):
    a = x @ p["w_in"].T + h @ p["w_rec"].T + p["bias"]
    leak, name = p.get("leak", 1.0), p.get("activation", "tanh")

    def back(g, g_c):
        g_a = leak * g * SLOPES[name](a)
        add(found, "w_in", g_a.T @ x), add(found, "w_rec", g_a.T @ h), add(found, "bias", g_a.sum(0))
        add(found, "leak", (g * (VALUES[name](a) - h)).sum(0))
        return g_a @ p["w_in"], (1 - leak) * g + g_a @ p["w_rec"], g_c

    return (1 - leak) * h + leak * VALUES[name](a), c, back


def gru(p, x, h, c, found):
    a_x = np.einsum("sj,gij->gsi", x, p["w_in"]) + p["bias_in"][:, None]
    a_h = np.einsum("sj,gij->gsi", h, p["w_rec"]) + p["bias_rec"][:, None]
    a_r, a_z = a_x[0] + a_h[0], a_x[1] + a_h[1]
    r, z = sigmoid(a_r), sigmoid(a_z)
    a_n = a_x[2] + r * a_h[2]
    n = np.tanh(a_n)

    def back(g, g_c):
        g_n = g * (1 - z) * tanh_slope(a_n)
        g_r, g_z = g_n * a_h[2] * sigmoid_slope(a_r), g * (h - n) * sigmoid_slope(a_z)
        g_x, g_h = np.stack([g_r, g_z, g_n]), np.stack([g_r, g_z, g_n * r])
        add(found, "w_in", np.einsum("gsi,sj->gij", g_x, x)), add(found, "w_rec", np.einsum("gsi,sj->gij", g_h, h))
        add(found, "bias_in", g_x.sum(1)), add(found, "bias_rec", g_h.sum(1))
        return np.einsum("gsi,gij->sj", g_x, p["w_in"]), g * z + np.einsum("gsi,gij->sj", g_h, p["w_rec"]), g_c

    return (1 - z) * n + z * h, c, back


def lstm(p, x, h, c, found):
    a = np.einsum("sj,gij->gsi", x, p["w_in"]) + np.einsum("sj,gij->gsi", h, p["w_rec"]) + p["bias"][:, None]
    i, f, g, o = sigmoid(a[0]), sigmoid(a[1]), np.tanh(a[2]), sigmoid(a[3])
    new = f * c + i * g

    def back(g_h, g_c):
        g_c = g_c + g_h * o * tanh_slope(new)
        slopes = [sigmoid_slope(a[0]), sigmoid_slope(a[1]), tanh_slope(a[2]), sigmoid_slope(a[3])]
        g_a = np.stack([g_c * g, g_c * c, g_c * i, g_h * np.tanh(new)]) * np.stack(slopes)
        add(found, "w_in", np.einsum("gsi,sj->gij", g_a, x)), add(found, "w_rec", np.einsum("gsi,sj->gij", g_a, h))
        add(found, "bias", g_a.sum(1))
        return np.einsum("gsi,gij->sj", g_a, p["w_in"]), np.einsum("gsi,gij->sj", g_a, p["w_rec"]), g_c * f

    return o * np.tanh(new), new, back


CELLS = {"Elman": elman, "GRU": gru, "LSTM": lstm}


def cotangents(outputs, targets, loss):
    """Those of the outputs (sample, step, output)."""
    found = np.zeros_like(outputs)
    if loss == "mse":
        targets = np.asarray(targets, float)
        targets = targets[:, None] if targets.ndim == 2 else targets
        last = outputs[:, -targets.shape[1] :]
        counts = ~np.isnan(targets)
        found[:, -targets.shape[1] :] = np.where(counts, 2 * (last - targets), 0.0) / counts.sum()
        return found
    targets = np.asarray(targets)
    targets = targets[:, None] if targets.ndim == 1 else targets
    last = outputs[:, -targets.shape[1] :]
    e = np.exp(last - last.real.max(-1, keepdims=True))
    share = e / e.sum(-1, keepdims=True) - (np.arange(outputs.shape[-1]) == targets[..., None])
    counts = targets >= 0
    found[:, -targets.shape[1] :] = np.where(counts[..., None], share, 0.0) / counts.sum()
    return found


def gradients(layers, inputs, targets, loss="mse", table=None, readout=None):
    """The derivatives by each layer's parameters (a dict a layer), the table and the readout's."""
    x = np.asarray(inputs) if table is None else table[np.asarray(inputs)]
    samples, steps = x.shape[:2]
    found, tapes = [{} for _ in layers], []
    for p, own in zip(layers, found, strict=True):
        units = p["w_rec"].shape[-1]
        h, c = (np.broadcast_to(p.get(name, np.zeros(units)), (samples, units)) for name in ("h0", "c0"))
        states, tape = [], []
        for k in range(steps):
            h, c, back = CELLS[p["cell"]](p, x[:, k], h, c, own)
            states.append(h), tape.append(back)
        x = np.stack(states, 1)
        tapes.append(tape)
    top = {}
    outputs = x if readout is None else x @ readout["w_out"].T + readout["b_out"]
    g = cotangents(outputs, targets, loss)
    if readout is not None:
        top = {"w_out": np.einsum("ski,skj->ij", g, x), "b_out": g.sum((0, 1))}
        g = g @ readout["w_out"]
    for p, own, tape in zip(layers[::-1], found[::-1], tapes[::-1], strict=True):
        g_h, g_c, below = 0.0, 0.0, []
        for k in range(steps - 1, -1, -1):
            g_x, g_h, g_c = tape[k](g[:, k] + g_h, g_c)
            below.append(g_x)
        own["h0"], own["c0"] = (v if np.ndim(p.get(name, 0.0)) == 2 else np.sum(v, 0) for name, v in (("h0", g_h), ("c0", g_c)))
        g = np.stack(below[::-1], 1)
    if table is not None:
        top["table"] = np.zeros(table.shape, g.dtype)
        np.add.at(top["table"], np.asarray(inputs), g)
    return found, top


def hessian(network, names, inputs, targets, loss="mse", size=1e-30):
    """The matrix of second derivatives by the numbers of the parameters `names`, such as "w_rec_0" (of layer 0), "table" or "w_out"."""

    def part(net, name):
        if name in ("w_out", "b_out"):
            return net["readout"], name
        if name == "table":
            return net, name
        return net["layers"][int(name[-1])], name[:-2]

    def moved(name, value):
        net = {**network, "layers": [dict(layer) for layer in network["layers"]]}
        net["readout"] = dict(network["readout"]) if network.get("readout") else None
        holder, key = part(net, name)
        holder[key] = value
        return net

    def flat(net):
        found, top = gradients(**net, inputs=inputs, targets=targets, loss=loss)
        return np.concatenate([np.ravel(top[n] if n in top else found[int(n[-1])][n[:-2]]) for n in names])

    columns = []
    for name in names:
        holder, key = part(network, name)
        for where in np.ndindex(holder[key].shape):
            value = np.array(holder[key], complex)
            value[where] += 1j * size
            columns.append(np.imag(flat(moved(name, value))) / size)
    return np.stack(columns, axis=1), np.real(flat(network))
