"""Plain Numba: njit, prange over points, math.tanh."""

import math
from collections.abc import Callable

import numpy as np
from numba import njit, prange

from benchmarks.problems import RESULTS, Problem


def costs_and_gradients(problem: Problem) -> Callable:
    """Back-propagation through time with scalars."""
    inputs = np.ascontiguousarray(problem.inputs.T)

    def call():
        results = np.empty((len(RESULTS), problem.points))
        backprop(problem.linear, inputs, problem.targets, *problem.parameters, results)
        return dict(zip(RESULTS, results, strict=True))

    return call


@njit(parallel=True, cache=True)
def backprop(linear, inputs, targets, w_in, w_rec, bias, h0, results):
    """Fill results (of RESULTS, point)."""
    samples, steps = inputs.shape
    for i in prange(w_in.size):
        u, w, b = w_in[i], w_rec[i], bias[i]
        h = np.empty(steps + 1)
        cost = grad_w_in = grad_w_rec = grad_bias = grad_h0 = 0.0
        for n in range(samples):
            h[0] = h0[i]
            for k in range(steps):
                a = w * h[k] + u * inputs[n, k] + b
                h[k + 1] = a if linear else math.tanh(a)
            error = h[steps] - targets[n]
            cost += error * error
            g = 2 * error
            for k in range(steps - 1, -1, -1):
                if not linear:
                    g *= 1 - h[k + 1] * h[k + 1]
                grad_w_in += g * inputs[n, k]
                grad_w_rec += g * h[k]
                grad_bias += g
                g *= w
            grad_h0 += g
        results[0, i] = cost / samples
        results[1, i] = grad_w_in / samples
        results[2, i] = grad_w_rec / samples
        results[3, i] = grad_bias / samples
        results[4, i] = grad_h0 / samples


def final_state(problem: Problem) -> Callable:
    """A point's state stays in a register."""

    def call():
        final = np.empty(problem.points)
        run(problem.inputs, *problem.parameters, final)
        return {"final_state": final}

    return call


@njit(parallel=True, cache=True)
def run(inputs, w_in, w_rec, bias, h0, final):
    """Fill final (point)."""
    for i in prange(final.size):
        u, w, b, h = w_in[i], w_rec[i], bias[i], h0[i]
        for k in range(inputs.size):
            h = math.tanh(w * h + u * inputs[k] + b)
        final[i] = h


def trajectory(problem: Problem) -> Callable:
    """A point's states stand in one row of memory, as this loop writes them best."""

    def call():
        states = np.empty((problem.points, problem.steps))
        record(problem.inputs, *problem.parameters, states)
        return {"state": states.T}

    return call


@njit(parallel=True, cache=True)
def record(inputs, w_in, w_rec, bias, h0, states):
    """Fill states (point, step)."""
    for i in prange(h0.size):
        u, w, b, h = w_in[i], w_rec[i], bias[i], h0[i]
        for k in range(inputs.size):
            h = math.tanh(w * h + u * inputs[k] + b)
            states[i, k] = h
