"""The tutorials' own forms: Python loops over networks, iterations, windows and steps, with NumPy below."""

from collections.abc import Callable

import numpy as np

from benchmarks.training import Problem
from benchmarks.with_loops import forward_states


def rprop(problem: Problem) -> Callable:
    """One scalar network after another, one iteration after another (Roelants, "Minimal RNN example"), with iRprop-'s rule."""

    def call():
        ends = [descend(problem, list(start)) for start in zip(*problem.parameters.values(), strict=True)]
        return dict(zip(problem.parameters, np.array(ends).T, strict=True))

    return call


def descend(problem: Problem, w: list[float]) -> list[float]:
    """Where one network gets to."""
    numbers = problem.numbers
    before, sizes = [0.0, 0.0], [numbers["step"]] * 2
    for _ in range(problem.epochs):
        gradients = backward_gradient(problem.inputs, problem.targets, *w)
        for i, gradient in enumerate(gradients):
            product = gradient * before[i]
            if product > 0:
                sizes[i] = min(sizes[i] * numbers["grow"], numbers["step_max"])
            elif product < 0:
                sizes[i] = max(sizes[i] * numbers["shrink"], numbers["step_min"])
                gradient = 0.0
            w[i] -= np.sign(gradient) * sizes[i]
            before[i] = gradient
    return w


def backward_gradient(inputs, targets, w_in, w_rec):
    """The gradients of w_in and w_rec."""
    samples, steps = inputs.shape
    states = forward_states(True, inputs, w_in, w_rec, 0.0, 0.0)
    over_time = np.zeros((samples, steps + 1))
    over_time[:, -1] = 2.0 * (states[:, -1] - targets) / samples
    grad_w_in = grad_w_rec = 0.0
    for k in range(steps, 0, -1):
        grad_w_in += np.sum(over_time[:, k] * inputs[:, k - 1])
        grad_w_rec += np.sum(over_time[:, k] * states[:, k - 1])
        over_time[:, k - 1] = over_time[:, k] * w_rec
    return grad_w_in, grad_w_rec


def sgd(problem: Problem) -> Callable:
    """Matrices of one row a step, one update a window (Paruchuri, "Recurrent neural networks from scratch").

    The tutorial leaves the first step out of the bias's gradient; here it counts.
    """

    def call():
        ends = [epoch(problem, [values[i] for values in problem.parameters.values()]) for i in range(problem.points)]
        return {name: np.array(values) for name, values in zip(problem.parameters, zip(*ends, strict=True), strict=True)}

    return call


def epoch(problem: Problem, parameters: list[np.ndarray]) -> list[np.ndarray]:
    """The parameters of one network after one pass over all windows."""
    layer = [np.array(np.atleast_2d(values.T)) for values in parameters]
    for x, t in zip(problem.inputs, problem.targets, strict=True):
        hidden, output = forward(x, *layer)
        gradients = backward(x, 2 / t.size * (output - t), hidden, *layer)
        for values, gradient in zip(layer, gradients, strict=True):
            values -= gradient * problem.numbers["lr"]
    return [values.T.reshape(start.shape) for values, start in zip(layer, parameters, strict=True)]


def forward(x, i_weight, h_weight, h_bias, o_weight, o_bias):
    """Hidden states (step, unit) and outputs (step, output)."""
    hidden, output = np.zeros((len(x), i_weight.shape[1])), np.zeros((len(x), o_weight.shape[1]))
    for j in range(len(x)):
        input_x = x[j, :][np.newaxis, :] @ i_weight
        hidden_x = input_x + hidden[max(j - 1, 0), :][np.newaxis, :] @ h_weight + h_bias
        hidden[j, :] = np.tanh(hidden_x)
        output[j, :] = hidden[j, :][np.newaxis, :] @ o_weight + o_bias
    return hidden, output


def backward(x, grad, hidden, i_weight, h_weight, h_bias, o_weight, o_bias):
    """The gradients of all five, from those of the outputs."""
    i_grad, h_grad, h_bias_grad, o_grad, o_bias_grad = (np.zeros_like(v) for v in (i_weight, h_weight, h_bias, o_weight, o_bias))
    next_grad = None
    for j in range(len(x) - 1, -1, -1):
        out_grad = grad[j, :][np.newaxis, :]
        o_grad += hidden[j, :][:, np.newaxis] @ out_grad
        o_bias_grad += out_grad
        state_grad = out_grad @ o_weight.T
        if next_grad is not None:
            state_grad += next_grad @ h_weight.T
        next_grad = np.multiply(state_grad, 1 - hidden[j, :][np.newaxis, :] ** 2)
        if j > 0:
            h_grad += hidden[j - 1, :][:, np.newaxis] @ next_grad
        h_bias_grad += next_grad
        i_grad += x[j, :][:, np.newaxis] @ next_grad
    return i_grad, h_grad, h_bias_grad, o_grad, o_bias_grad
