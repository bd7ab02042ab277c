"""The tutorial's own form: Python loops over grid points and steps, NumPy over samples (Roelants, "Minimal RNN example")."""

from collections.abc import Callable

import numpy as np

from benchmarks.problems import RESULTS, Problem


def costs_and_gradients(problem: Problem) -> Callable:
    """One point after another."""
    inputs = np.ascontiguousarray(problem.inputs.T)

    def call():
        results = np.empty((len(RESULTS), problem.points))
        for i, parameters in enumerate(zip(*problem.parameters, strict=True)):
            results[:, i] = backprop(problem.linear, inputs, problem.targets, *parameters)
        return dict(zip(RESULTS, results, strict=True))

    return call


def forward_states(linear, inputs, w_in, w_rec, bias, h0):
    """States (sample, step 0…T) of one network."""
    samples, steps = inputs.shape
    states = np.zeros((samples, steps + 1))
    states[:, 0] = h0
    for k in range(steps):
        a = states[:, k] * w_rec + inputs[:, k] * w_in + bias
        states[:, k + 1] = a if linear else np.tanh(a)
    return states


def backprop(linear, inputs, targets, w_in, w_rec, bias, h0):
    """The cost of one network and its gradients, in the order of RESULTS."""
    states = forward_states(linear, inputs, w_in, w_rec, bias, h0)
    samples, steps = inputs.shape
    error = states[:, -1] - targets
    g = 2.0 * error / samples
    grad_w_in = grad_w_rec = grad_bias = 0.0
    for k in range(steps, 0, -1):
        g_a = g if linear else g * (1 - states[:, k] ** 2)
        grad_w_in += np.sum(g_a * inputs[:, k - 1])
        grad_w_rec += np.sum(g_a * states[:, k - 1])
        grad_bias += np.sum(g_a)
        g = g_a * w_rec
    return np.sum(error**2) / samples, grad_w_in, grad_w_rec, grad_bias, np.sum(g)
