"""NumPy: Elman networks of many units, one batched product a step over all networks of a piece, and gradients by hand.

Weights stand side by side as (point, unit, [unit_from, input, 1]), and so do what they multiply: states, inputs and a one.
"""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.vectors import Problem


def blocks(problem: Problem) -> Iterator[slice]:
    """Ranges of networks whose states of one step stay in a processor's cache."""
    length = max(1, (1 << 14) // (problem.units * problem.samples))
    return (slice(lo, lo + length) for lo in range(0, problem.points, length))


def side_by_side(problem: Problem) -> np.ndarray:
    """Weights and biases as one matrix a network."""
    p = problem.parameters
    return np.concatenate((p["w_rec"], p["w_in"], p["bias"][..., None]), axis=2)


def start(problem: Problem, steps: int, w: np.ndarray, h0: np.ndarray) -> np.ndarray:
    """States, inputs and a one (step, point, [unit, input, 1], sample); the states but the first are to be filled."""
    z = np.empty((steps, len(w), w.shape[2], problem.samples))
    z[0, :, : problem.units] = h0[..., None]
    z[..., -1, :] = 1.0
    return z


def forward(problem: Problem, z: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The last states (point, unit, sample); those of the step before are read from z[k], and step k's written to z[k + 1]."""
    n = problem.units
    for k, x in enumerate(problem.inputs):
        now, after = z[k % len(z)], z[(k + 1) % len(z), :, :n]
        now[:, n:-1] = x.T
        np.tanh(np.matmul(w, now), out=after)
    return after


def final_state(problem: Problem) -> Callable:
    """One array of states, overwritten at every step."""
    w, h0 = side_by_side(problem), problem.parameters["h0"]

    def call():
        final = [forward(problem, start(problem, 1, w[block], h0[block]), w[block]) for block in blocks(problem)]
        return {"final_state": np.concatenate(final).mT}

    return call


def costs_and_gradients(problem: Problem) -> Callable:
    """Back-propagation through time."""
    w, h0 = side_by_side(problem), problem.parameters["h0"]

    def call():
        found = zip(*(backprop(problem, w[block], h0[block]) for block in blocks(problem)), strict=True)
        return dict(zip(problem.results, map(np.concatenate, found), strict=True))

    return call


def backprop(problem: Problem, w: np.ndarray, h0: np.ndarray) -> tuple[np.ndarray, ...]:
    """The costs of a piece of the networks and their gradients, in the order of the problem's results."""
    n = problem.units
    z = start(problem, problem.steps + 1, w, h0)
    error = forward(problem, z, w) - problem.targets.T
    g = 2 / problem.targets.size * error
    grad_w, back = np.zeros_like(w), np.ascontiguousarray(w[:, :, :n].mT)
    for before, after in zip(z[-2::-1], z[:0:-1], strict=True):
        g *= 1 - np.square(after[:, :n])
        grad_w += np.matmul(g, before.mT)
        g = np.matmul(back, g)
    return np.square(error).mean((1, 2)), grad_w[:, :, n:-1], grad_w[:, :, :n], grad_w[:, :, -1], g.sum(2)
