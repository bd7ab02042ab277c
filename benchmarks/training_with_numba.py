"""Plain Numba: njit, prange over networks, math.tanh, gradients by hand."""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, prange

from benchmarks.training import Problem


def rprop(problem: Problem) -> Callable:
    """All iterations of a scalar network in one go."""

    def call():
        w = np.stack(list(problem.parameters.values()))
        descend(problem.inputs, problem.targets, w, problem.epochs, *problem.numbers.values())
        return dict(zip(problem.parameters, w, strict=True))

    return call


@njit(parallel=True, cache=True)
def descend(inputs, targets, w, epochs, step, grow, shrink, step_min, step_max):
    """Move w (parameter, point)."""
    samples, steps = inputs.shape
    for i in prange(w.shape[1]):
        p, size, before, gradient = w[:, i].copy(), np.full(2, step), np.zeros(2), np.empty(2)
        h = np.zeros(steps + 1)
        for _ in range(epochs):
            grad_w_in = grad_w_rec = 0.0
            for n in range(samples):
                for k in range(steps):
                    h[k + 1] = p[1] * h[k] + p[0] * inputs[n, k]
                g = 2 / samples * (h[steps] - targets[n])
                for k in range(steps - 1, -1, -1):
                    grad_w_in += g * inputs[n, k]
                    grad_w_rec += g * h[k]
                    g *= p[1]
            gradient[0], gradient[1] = grad_w_in, grad_w_rec
            for j in range(2):
                product = gradient[j] * before[j]
                if product > 0:
                    size[j] = min(size[j] * grow, step_max)
                elif product < 0:
                    size[j] = max(size[j] * shrink, step_min)
                    gradient[j] = 0.0
                p[j] -= np.sign(gradient[j]) * size[j]
                before[j] = gradient[j]
        w[:, i] = p


def sgd(problem: Problem) -> Callable:
    """All windows of a network with a readout in one go."""

    def call():
        parameters = [values.copy() for values in problem.parameters.values()]
        epoch(problem.inputs, problem.targets[..., 0], problem.numbers["lr"], *parameters)
        return dict(zip(problem.parameters, parameters, strict=True))

    return call


@njit(parallel=True, cache=True)
def epoch(inputs, targets, lr, w_in, w_rec, bias, w_out, b_out):
    """Move the parameters (point, …)."""
    for i in prange(len(bias)):
        descend_windows(inputs, targets, lr, w_in[i], w_rec[i], bias[i], w_out[i, 0], b_out[i])


@njit(cache=True)
def descend_windows(inputs, targets, lr, w_in, w_rec, bias, w_out, b_out):
    """Move the parameters of one network."""
    _, steps, features = inputs.shape
    units = len(bias)
    h, g_y, g, g_back = np.zeros((steps + 1, units)), np.empty(steps), np.empty(units), np.empty(units)
    grad_w_in, grad_w_rec, grad_bias, grad_w_out = (
        np.empty_like(w_in),
        np.empty_like(w_rec),
        np.empty_like(bias),
        np.empty_like(w_out),
    )
    for x, t in zip(inputs, targets):  # noqa: B905, Numba's zip is not strict
        for k in range(steps):
            y = b_out[0]
            for u in range(units):
                a = bias[u]
                for j in range(features):
                    a += w_in[u, j] * x[k, j]
                for v in range(units):
                    a += w_rec[u, v] * h[k, v]
                h[k + 1, u] = math.tanh(a)
                y += w_out[u] * h[k + 1, u]
            g_y[k] = 2 / steps * (y - t[k])
        grad_w_in[:], grad_w_rec[:], grad_bias[:], grad_w_out[:], g_back[:], grad_b_out = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(steps - 1, -1, -1):
            grad_b_out += g_y[k]
            for u in range(units):
                grad_w_out[u] += g_y[k] * h[k + 1, u]
                g[u] = (g_back[u] + g_y[k] * w_out[u]) * (1 - h[k + 1, u] * h[k + 1, u])
            g_back[:] = 0.0
            for u in range(units):
                grad_bias[u] += g[u]
                for j in range(features):
                    grad_w_in[u, j] += g[u] * x[k, j]
                for v in range(units):
                    grad_w_rec[u, v] += g[u] * h[k, v]
                    g_back[v] += w_rec[u, v] * g[u]
        for u in range(units):
            bias[u] -= lr * grad_bias[u]
            w_out[u] -= lr * grad_w_out[u]
            for j in range(features):
                w_in[u, j] -= lr * grad_w_in[u, j]
            for v in range(units):
                w_rec[u, v] -= lr * grad_w_rec[u, v]
        b_out[0] -= lr * grad_b_out


def adam(problem: Problem) -> Callable:
    """All batches of a scalar network in one go, with PyTorch's defaults."""

    def call():
        w = np.stack(list(problem.parameters.values()))
        descend_batches(problem.inputs, problem.targets, w, problem.epochs, problem.batch_size, problem.numbers["lr"])
        return dict(zip(problem.parameters, w, strict=True))

    return call


@njit(parallel=True, cache=True)
def descend_batches(inputs, targets, w, epochs, batch_size, lr):
    """Move w (parameter, point)."""
    samples, steps = inputs.shape
    for i in prange(w.shape[1]):
        p, first, second, gradient, h = w[:, i].copy(), np.zeros(3), np.zeros(3), np.empty(3), np.zeros(steps + 1)
        first_power = second_power = 1.0
        for batch in range(epochs * (samples // batch_size)):
            start = batch * batch_size % samples
            gradient[:] = 0.0
            for n in range(start, start + batch_size):
                for k in range(steps):
                    h[k + 1] = p[1] * h[k] + p[0] * inputs[n, k] + p[2]
                g = 2 / batch_size * (h[steps] - targets[n])
                for k in range(steps - 1, -1, -1):
                    gradient[0] += g * inputs[n, k]
                    gradient[1] += g * h[k]
                    gradient[2] += g
                    g *= p[1]
            first_power *= 0.9
            second_power *= 0.999
            for j in range(3):
                first[j] = 0.9 * first[j] + (1 - 0.9) * gradient[j]
                second[j] = 0.999 * second[j] + (1 - 0.999) * gradient[j] * gradient[j]
                p[j] -= lr * first[j] / (1 - first_power) / (math.sqrt(second[j] / (1 - second_power)) + 1e-8)
        w[:, i] = p
