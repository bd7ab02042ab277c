"""The derivative of the cost by a state through the output of its own step, network by network on plain numbers."""

from math import exp
from typing import Any, NamedTuple

import numpy as np

from rnnsim.equations.losses import cotangent
from rnnsim.numerics.jit import internal


class Outputs(NamedTuple):
    """What measures the outputs of a block: w_out (point, output, unit), with no points if the state is the output, and b_out (point,
    output); targets (point, sample, step, output), which the first steps, `untargeted`, have none of, nan where none counts; and how many
    count. The top layer's h is state[first], …; targets that are `classes` have one number a step, and others the loss."""

    w_out: np.ndarray
    b_out: np.ndarray
    targets: np.ndarray
    counted: np.ndarray
    untargeted: int
    first: int
    classes: bool
    loss: Any


@internal
def read_output(outputs, p, state, out):
    """y = w_out h + b_out, or h."""
    if outputs.w_out.shape[0] == 0:
        for i in range(out.size):
            out[i] = state[outputs.first + i]
        return
    for i in range(out.size):
        total = outputs.b_out[p, i]
        for u in range(outputs.w_out.shape[2]):
            total += outputs.w_out[p, i, u] * state[outputs.first + u]
        out[i] = total


@internal
def to_cotangent(outputs, p, targets, out):
    """out ← ∂cost/∂out: of the loss, or of cross-entropy, softmax(y) less 1 at the target."""
    if outputs.classes:
        most, total = -np.inf, 0.0
        for y in out:
            most = max(most, y)
        for y in out:
            total += exp(y - most)
        for i in range(out.size):
            share = exp(out[i] - most) / total - (1.0 if targets[0] == i else 0.0)
            out[i] = share / outputs.counted[p] if targets[0] == targets[0] else 0.0
        return
    for i in range(out.size):
        out[i] = cotangent(outputs.loss, out[i], targets[i]) / outputs.counted[p] if targets[i] == targets[i] else 0.0


@internal
def direct_gradient(outputs, p, sample, k, state, scratch, out):
    """out = ∂cost/∂s[k] through y[k] alone."""
    for i in range(out.size):
        out[i] = 0.0
    targeted = k - 1 - outputs.untargeted
    if k == 0 or targeted < 0:
        return
    read_output(outputs, p, state, scratch)
    to_cotangent(outputs, p, outputs.targets[p, sample, targeted], scratch)
    if outputs.w_out.shape[0] == 0:
        for i in range(scratch.size):
            out[outputs.first + i] = scratch[i]
        return
    for i in range(scratch.size):
        for u in range(outputs.w_out.shape[2]):
            out[outputs.first + u] += outputs.w_out[p, i, u] * scratch[i]
