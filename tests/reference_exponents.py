"""Lyapunov exponents in plain NumPy: the map of a network from its equations, its Jacobian by the complex step, and LAPACK's QR."""

import numpy as np
from reference_networks import CELLS, GATES


def advance(layers, x, s):
    """The state after one step of one sequence; a state is h, then c of an LSTM, of all layers, bottom first."""
    found, at = [], 0
    for layer in layers:
        n = np.shape(layer["w_rec"])[-1]
        h = s[at : at + n]
        c = s[at + n : at + 2 * n] if layer["cell"] == "LSTM" else np.zeros(n)
        at += n * (1 + (layer["cell"] == "LSTM"))
        x, c, _ = CELLS[layer["cell"]](layer, np.atleast_2d(x), h[None], c[None], np.zeros((1, *GATES[layer["cell"]], n)), 0.0)
        found += [x[0]] + ([c[0]] if layer["cell"] == "LSTM" else [])
        x = x[0]
    return np.concatenate(found)


def start(layers):
    """The state at step 0."""
    parts = []
    for layer in layers:
        n = np.shape(layer["w_rec"])[-1]
        parts += [np.broadcast_to(layer.get(name, 0.0), n) for name in (("h0", "c0") if layer["cell"] == "LSTM" else ("h0",))]
    return np.concatenate(parts).astype(float)


def jacobian(layers, x, s, size=1e-30):
    """∂s'[i]/∂s[j], by the complex step."""
    columns = [np.imag(advance(layers, x, s + 1j * size * unit)) / size for unit in np.eye(len(s))]
    return np.stack(columns, axis=1)


def orbit(layers, inputs):
    """The states from the start on."""
    states = [start(layers)]
    for x in inputs:
        states.append(np.real(advance(layers, x, states[-1].astype(complex))))
    return np.array(states)


def rates(layers, inputs, first, discard):
    """Logarithms of |R_jj| of every counted step (step, exponent), and ln |det J| of each; the frame begins as Q of `first`."""
    Q = np.linalg.qr(first)[0]
    states, logs, volumes = orbit(layers, inputs), [], []
    for k, x in enumerate(inputs):
        J = jacobian(layers, x, states[k])
        Q, R = np.linalg.qr(J @ Q)
        if k >= discard:
            logs.append(np.log(np.abs(np.diag(R))))
            volumes.append(np.linalg.slogdet(J)[1])
    return np.array(logs), np.array(volumes)
