"""The mathematics of rnnsim in plain NumPy: slow, obvious, and good for complex numbers."""

import numpy as np

VALUES = {
    "linear": lambda a: a,
    "tanh": np.tanh,
    "relu": lambda a: np.where(np.real(a) > 0, a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
}
SLOPES = {
    "linear": lambda a: np.ones_like(a),
    "tanh": lambda a: 1 / np.cosh(a) ** 2,
    "relu": lambda a: np.where(np.real(a) > 0, 1.0, 0.0),
    "sigmoid": lambda a: 1 / (2 + np.exp(a) + np.exp(-a)),
}


def states(inputs, w_in, w_rec, bias=0.0, h0=0.0, leak=1.0, activation="tanh"):
    """States (step 0…T) and pre-activations (step 1…T) of one network on one sequence (step)."""
    h, a = [h0], []
    for x in inputs:
        a.append(w_rec * h[-1] + w_in * x + bias)
        h.append((1 - leak) * h[-1] + leak * VALUES[activation](a[-1]))
    return np.array(h), np.array(a)


def cost(inputs, targets, w_in, w_rec, bias=0.0, h0=0.0, leak=1.0, activation="tanh"):
    """Mean squared error over samples and targeted steps; inputs (sample, step), targets (sample, targeted step), h0 one or a sample."""
    starts = np.broadcast_to(h0, len(inputs))
    total, counted = 0.0, 0
    for x, t, start in zip(inputs, targets, starts, strict=True):
        h, _ = states(x, w_in, w_rec, bias, start, leak, activation)
        for y, target in zip(h[len(h) - len(t) :], t, strict=True):
            if not np.isnan(target):
                total, counted = total + (y - target) ** 2, counted + 1
    return total / counted


def gradients(inputs, targets, w_in, w_rec, bias=0.0, h0=0.0, leak=1.0, activation="tanh"):
    """Derivatives of `cost`, by back-propagation through time; those over (sample, step) by state, pre-activation and input."""
    samples, steps = np.shape(inputs)
    starts = np.broadcast_to(h0, samples)
    counted = np.isfinite(targets).sum()
    found = {"w_in": 0.0, "w_rec": 0.0, "bias": 0.0, "leak": 0.0, "h0": np.zeros(samples)}
    over_steps = {name: np.zeros((samples, steps + 1)) for name in ("state", "preactivation", "input")}
    over_steps["preactivation"][:, 0] = np.nan
    for n, (x, t, start) in enumerate(zip(inputs, targets, starts, strict=True)):
        h, a = states(x, w_in, w_rec, bias, start, leak, activation)
        g = 0.0
        for k in range(steps, 0, -1):
            j = k - 1 - (steps - len(t))
            if j >= 0 and not np.isnan(t[j]):
                g += 2 * (h[k] - t[j]) / counted
            g_a = leak * SLOPES[activation](a[k - 1]) * g
            over_steps["state"][n, k], over_steps["preactivation"][n, k], over_steps["input"][n, k] = g, g_a, w_in * g_a
            found["bias"] += g_a
            found["leak"] += g * (VALUES[activation](a[k - 1]) - h[k - 1])
            found["w_in"] += g_a * x[k - 1]
            found["w_rec"] += g_a * h[k - 1]
            g = (1 - leak) * g + w_rec * g_a
        over_steps["state"][n, 0] = found["h0"][n] = g
    return found, over_steps


def complex_step(function, parameters, name, size=1e-30):
    """The derivative of a function of named numbers by one of them, without cancellation."""
    return np.imag(function(**{**parameters, name: parameters[name] + 1j * size})) / size


def reach(inputs, w_in, w_rec, bias=0.0, h0=0.0, leak=1.0, activation="tanh"):
    """The largest |∂state[T]/∂state[k]| over steps and samples."""
    most = 1.0
    for x, start in zip(inputs, np.broadcast_to(h0, len(inputs)), strict=True):
        _, a = states(x, w_in, w_rec, bias, start, leak, activation)
        factors = (1 - leak) + leak * SLOPES[activation](a) * w_rec
        most = max(most, np.abs(np.cumprod(factors[::-1])).max())
    return most
