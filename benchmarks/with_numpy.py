"""NumPy: operations over all points of a piece at once, a loop over steps, and gradients by hand."""

from collections.abc import Callable

import numpy as np

from benchmarks.problems import RESULTS, Problem, blocks


def costs_and_gradients(problem: Problem) -> Callable:
    """Back-propagation through time over (sample, point)."""

    def call():
        results = np.empty((len(RESULTS), problem.points))
        for block in blocks(problem, 1 << 16):
            parameters = (values[block] for values in problem.parameters)
            backprop(problem.linear, problem.inputs, problem.targets, *parameters, results[:, block])
        return dict(zip(RESULTS, results, strict=True))

    return call


def backprop(linear, inputs, targets, w_in, w_rec, bias, h0, results):
    """Fill results (of RESULTS, point)."""
    h = np.empty((len(inputs) + 1, len(targets), len(w_in)))
    h[0] = h0
    for k, x in enumerate(inputs):
        a = np.multiply(w_rec, h[k], out=h[k + 1])
        a += np.multiply.outer(x, w_in)
        a += bias
        if not linear:
            np.tanh(a, out=a)
    error = h[-1] - targets[:, None]
    results[0] = np.square(error).mean(axis=0)
    results[1:4] = 0.0
    g = 2 / len(targets) * error
    for k in range(len(inputs) - 1, -1, -1):
        if not linear:
            g *= 1 - np.square(h[k + 1])
        results[1] += inputs[k] @ g
        results[2] += np.einsum("sp,sp->p", g, h[k])
        results[3] += g.sum(axis=0)
        g *= w_rec
    results[4] = g.sum(axis=0)


def run(problem: Problem, block: slice, keep: Callable[[int], np.ndarray]) -> np.ndarray:
    """The last states; those of step k are computed in `keep(k)`."""
    w_in, w_rec, bias, h = (values[block] for values in problem.parameters)
    for k, x in enumerate(problem.inputs):
        a = np.multiply(w_rec, h, out=keep(k))
        a += x * w_in
        a += bias
        h = np.tanh(a, out=a)
    return h


def final_state(problem: Problem) -> Callable:
    """One array of states, overwritten at every step."""

    def call():
        final = np.empty(problem.points)
        for block in blocks(problem, 1 << 13):
            run(problem, block, lambda k, place=final[block]: place)
        return {"final_state": final}

    return call


def trajectory(problem: Problem) -> Callable:
    """Every step is computed in its own row of the result."""

    def call():
        states = np.empty((problem.steps, problem.points))
        run(problem, slice(None), lambda k: states[k])
        return {"state": states}

    return call
