"""Training in plain Python and NumPy, slow and obvious: a rule moves one number after the other, by loops over batches and pieces.

A rule is `rule(p, g, s, cost, epoch)`: the number p after an update with the gradient g; s is a dict of its own, empty at first.
"""

import math

import numpy as np
import reference
import reference_networks

import rnnsim as rs


def sgd(lr, momentum=0.0, nesterov=False):
    """`lr` is a number, or one an epoch, of which the last one lasts."""

    def rule(p, g, s, cost, epoch):
        rate = lr if np.ndim(lr) == 0 else lr[min(epoch, len(lr)) - 1]
        s["v"] = momentum * s.get("v", 0.0) + g
        return p - rate * (g + momentum * s["v"] if nesterov else s["v"])

    return rule


def adam(lr, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(p, g, s, cost, epoch):
        s["t"] = s.get("t", 0) + 1
        s["m"] = beta1 * s.get("m", 0.0) + (1 - beta1) * g
        s["v"] = beta2 * s.get("v", 0.0) + (1 - beta2) * g**2
        m, v = s["m"] / (1 - beta1 ** s["t"]), s["v"] / (1 - beta2 ** s["t"])
        return p - lr * m / (math.sqrt(v) + eps)

    return rule


def rmsprop(lr, alpha=0.99, eps=1e-8, momentum=0.0, centered=False):
    def rule(p, g, s, cost, epoch):
        s["v"] = alpha * s.get("v", 0.0) + (1 - alpha) * g**2
        s["m"] = alpha * s.get("m", 0.0) + (1 - alpha) * g
        spread = s["v"] - s["m"] ** 2 if centered else s["v"]
        s["u"] = momentum * s.get("u", 0.0) + g / (math.sqrt(spread) + eps)
        return p - lr * s["u"]

    return rule


def rprop(variant, step, grow=1.2, shrink=0.5, step_min=1e-6, step_max=50.0):
    def rule(p, g, s, cost, epoch):
        before, rose = s.get("g", 0.0), cost > s.get("cost", math.inf)
        s["cost"], s["size"] = cost, s.get("size", step)
        flipped = g * before < 0
        if variant == "tutorial":
            s["size"] *= grow if np.sign(g) == np.sign(before) else shrink
        elif flipped:
            s["size"] *= shrink
        elif g * before > 0:
            s["size"] *= grow
        s["size"] = min(max(s["size"], step_min), step_max)
        move = -np.sign(g) * s["size"]
        if flipped and variant in ("irprop-", "irprop+", "rprop+"):
            back = variant == "rprop+" or (variant == "irprop+" and rose)
            g, move = 0.0, -s["move"] if back else 0.0
        s["g"], s["move"] = g, move
        return p + move

    return rule


VARIANTS = ("rprop-", "rprop+", "irprop-", "irprop+", "tutorial")
OPTIMIZERS = {
    "sgd": (rs.SGD(0.05), sgd(0.05)),
    "momentum": (rs.SGD(0.02, 0.8), sgd(0.02, 0.8)),
    "nesterov": (rs.SGD(0.02, 0.8, nesterov=True), sgd(0.02, 0.8, True)),
    "adam": (rs.Adam(0.02), adam(0.02)),
    "adam of other numbers": (rs.Adam(0.02, 0.7, 0.95, 0.1), adam(0.02, 0.7, 0.95, 0.1)),
    "rmsprop": (rs.RMSprop(0.01), rmsprop(0.01)),
    "rmsprop with momentum": (rs.RMSprop(0.003, 0.9, 0.1, 0.5), rmsprop(0.003, 0.9, 0.1, 0.5)),
    "centered rmsprop": (rs.RMSprop(0.01, 0.9, 1e-3, 0.3, centered=True), rmsprop(0.01, 0.9, 1e-3, 0.3, True)),
    **{name: (rs.Rprop(name, step=0.02), rprop(name, 0.02)) for name in VARIANTS},
}


class Scalar:
    """A linear scalar network; 5 samples of 7 steps, the targets of which have gaps."""

    parameters = {"w_in": 0.3, "w_rec": 0.5, "bias": 0.1, "h0": 0.2}
    names = ("w_in", "w_rec", "bias")
    rng = np.random.default_rng(3)
    inputs, targets = rng.normal(size=(5, 7)), rng.normal(size=(5, 7))
    targets[1, 2:4] = targets[3, 6] = np.nan
    last = np.nan * targets
    last[:, -1] = rng.normal(size=5)

    @staticmethod
    def net(**changes):
        return rs.Elman(**{**Scalar.parameters, **changes}, activation="linear")

    @staticmethod
    def ends(parameters, inputs, starts):
        runs = zip(inputs, np.broadcast_to(starts, len(inputs)), strict=True)
        numbers = {name: parameters[name] for name in Scalar.names}
        return np.array([reference.states(x, **numbers, h0=h, activation="linear")[0][-1] for x, h in runs])

    @staticmethod
    def penalty(parameters, inputs, starts, penalties):
        def value(p):
            numbers = {name: p[name] for name in Scalar.names}
            runs = zip(inputs, np.broadcast_to(starts, len(inputs)), strict=True)
            states = np.array([reference.states(x, **numbers, h0=h, activation="linear")[0] for x, h in runs])
            there = {"state": states[:, 1:], **p}
            return sum(weight * reference_networks.mean_square(there[name]) for name, weight in penalties.items())

        numbers = {name: parameters[name] for name in (*Scalar.names, "h0")}
        return value(numbers), reference_networks.complex_step_gradients(numbers, value)

    @staticmethod
    def gradient(parameters, inputs, targets, starts):
        numbers = {**parameters, "h0": starts, "activation": "linear"}
        return reference.cost(inputs, targets, **numbers), reference.gradients(inputs, targets, **numbers)[0]

    @staticmethod
    def weighed(parameters, inputs, targets, starts, weight):
        def cost(p):
            numbers = {name: p[name] for name in Scalar.names}
            runs = zip(inputs, np.broadcast_to(starts, len(inputs)), strict=True)
            states = np.array([reference.states(x, **numbers, h0=h, activation="linear")[0] for x, h in runs])
            return reference_networks.weighed_cost(states[:, 1:], targets, weight)

        numbers = {name: parameters[name] for name in Scalar.names}
        return cost(numbers), reference_networks.complex_step_gradients(numbers, cost)


class Vector:
    """A network of 3 units under a readout; 5 samples of 7 steps of 2 inputs."""

    names = ("w_in", "w_rec", "bias", "w_out", "b_out")
    rng = np.random.default_rng(4)
    parameters = {"w_in": rng.normal(size=(3, 2)), "w_rec": rng.normal(size=(3, 3)) * 0.5, "bias": rng.normal(size=3) * 0.1}
    parameters |= {"w_out": rng.normal(size=(2, 3)), "b_out": rng.normal(size=2), "h0": rng.normal(size=3) * 0.5}
    inputs, targets = rng.normal(size=(5, 7, 2)), rng.normal(size=(5, 7, 2))
    targets[1, 2:4], targets[3, 6, 1] = np.nan, np.nan
    last = np.nan * targets
    last[:, -1] = rng.normal(size=(5, 2))

    @staticmethod
    def net(**changes):
        numbers = {**Vector.parameters, **changes}
        readout = rs.Readout(numbers.pop("w_out"), numbers.pop("b_out"))
        return rs.Elman(**numbers, readout=readout)

    @staticmethod
    def parts(parameters, starts):
        layer = {name: parameters[name] for name in ("w_in", "w_rec", "bias")}
        readout = {name: parameters[name] for name in ("w_out", "b_out")}
        return {"layers": [{"cell": "Elman", **layer, "h0": starts}], "readout": readout}

    @staticmethod
    def ends(parameters, inputs, starts):
        return reference_networks.run(**Vector.parts(parameters, starts), inputs=inputs).states[0][:, -1]

    @staticmethod
    def penalty(parameters, inputs, starts, penalties):
        def value(p):
            states = reference_networks.run(**Vector.parts(p, starts), inputs=inputs).states[0]
            there = {"state": states[:, 1:], **p}
            return sum(weight * reference_networks.mean_square(there[name]) for name, weight in penalties.items())

        numbers = {name: parameters[name] for name in (*Vector.names, "h0")}
        return value(numbers), reference_networks.complex_step_gradients(numbers, value)

    @staticmethod
    def gradient(parameters, inputs, targets, starts):
        def cost(p):
            return reference_networks.cost(**Vector.parts(p, starts), inputs=inputs, targets=targets)

        numbers = {name: parameters[name] for name in Vector.names}
        return cost(numbers), reference_networks.complex_step_gradients(numbers, cost)

    @staticmethod
    def weighed(parameters, inputs, targets, starts, weight):
        def cost(p):
            outputs = reference_networks.run(**Vector.parts(p, starts), inputs=inputs).outputs
            return reference_networks.weighed_cost(outputs, targets, weight)

        numbers = {name: parameters[name] for name in Vector.names}
        return cost(numbers), reference_networks.complex_step_gradients(numbers, cost)


def clipped(gradients, norm, value):
    """Gradients by norm, of all together, or by value."""
    size = math.sqrt(sum(np.sum(np.square(g)) for g in gradients.values()))
    if size > norm:
        gradients = {name: g * (norm / size) for name, g in gradients.items()}
    return {name: np.clip(g, -value, value) for name, g in gradients.items()}


def move(rule, parameters, gradients, states, cost, epoch):
    """The parameters after an update."""
    moved = {name: np.array(value, float) for name, value in parameters.items()}
    for name, g in gradients.items():
        for where in np.ndindex(moved[name].shape):
            s = states.setdefault((name, where), {})
            moved[name][where] = rule(float(moved[name][where]), float(np.asarray(g)[where]), s, cost, epoch)
    return moved


def train(
    kind,
    rule,
    epochs,
    targets,
    *,
    names=None,
    batch=99,
    orders=None,
    truncate=99,
    norm=math.inf,
    value=math.inf,
    bounds=None,
    penalty=None,
    weight=None,
):
    """The parameters of a network of a kind after epochs 0…, name by name."""
    now, states = {name: np.array(p, float) for name, p in kind.parameters.items()}, {}
    history, (samples, steps) = [now], kind.inputs.shape[:2]
    for epoch in range(1, epochs + 1):
        order = np.arange(samples) if orders is None else orders[epoch - 1]
        for lo in range(0, samples, batch):
            chosen = order[lo : lo + batch]
            starts = np.broadcast_to(now["h0"], (len(chosen), *now["h0"].shape))
            for k in range(0, steps, truncate):
                x, t = kind.inputs[chosen, k : k + truncate], targets[chosen, k : k + truncate]
                ends = kind.ends(now, x, starts)
                w = np.ones(t.shape) if weight is None else np.broadcast_to(weight, targets.shape)[chosen, k : k + truncate]
                if (np.isfinite(t) & (w > 0)).any():
                    cost, gradients = kind.gradient(now, x, t, starts) if weight is None else kind.weighed(now, x, t, starts, w)
                    if penalty:
                        more, slopes = kind.penalty(now, x, starts, penalty)
                        cost, gradients = cost + more, {name: gradients[name] + slopes[name] for name in kind.names}
                    gradients = {name: gradients[name] for name in names or kind.names}
                    now = move(rule, now, clipped(gradients, norm, value), states, cost, epoch)
                    now |= {name: np.clip(now[name], *ends) for name, ends in (bounds or {}).items()}
                starts = ends
        history.append(now)
    return {name: np.array([p[name] for p in history]) for name in now}


def assert_trained(run, history, rtol=1e-9, atol=1e-11):
    """A run has moved as the plain loops have."""
    for name, values in history.items():
        np.testing.assert_allclose(run[name], values, rtol=rtol, atol=atol, err_msg=name)
