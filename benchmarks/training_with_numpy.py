"""NumPy: networks trained side by side, with points last, and gradients by hand."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from benchmarks.training import Problem
from benchmarks.training_by_hand import Library, gradients, points_first, points_last

PIECE = 512


def rprop(problem: Problem) -> Callable:
    """Scalar networks: all iterations of a piece of the points, whose states and gradients stay in a processor's cache."""
    starts = np.stack(list(problem.parameters.values()))
    inputs, targets = np.ascontiguousarray(problem.inputs.T), problem.targets[:, None]

    def call():
        ends = [irprop_minus(inputs, targets, starts[:, block], problem.epochs, **problem.numbers) for block in blocks(problem)]
        return dict(zip(problem.parameters, np.concatenate(ends, axis=1), strict=True))

    return call


def blocks(problem: Problem) -> Iterator[slice]:
    """Ranges of points."""
    return (slice(lo, lo + PIECE) for lo in range(0, problem.points, PIECE))


def irprop_minus(inputs, targets, w, epochs, step, grow, shrink, step_min, step_max):
    """Where w (parameter, point) gets to: a gradient that flips counts as 0, for this move and the next."""
    states, cotangents = np.zeros((len(inputs) + 1, len(targets), w.shape[1])), np.empty((len(inputs), len(targets), w.shape[1]))
    size, before = np.full(w.shape, step), np.zeros(w.shape)
    for _ in range(epochs):
        gradient = backprop(inputs, targets, *w, states, cotangents)
        product = gradient * before
        size *= np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        np.clip(size, step_min, step_max, out=size)
        gradient[product < 0] = 0.0
        w, before = w - np.sign(gradient) * size, gradient
    return w


def backprop(inputs, targets, w_in, w_rec, states, cotangents):
    """The gradients (parameter, point) by states (step, sample, point), the first of which are 0."""
    np.multiply(inputs[..., None], w_in, out=states[1:])
    for before, now in pairwise(states[1:]):
        now += w_rec * before
    np.multiply(2 / len(targets), states[-1] - targets, out=cotangents[-1])
    for k in range(len(inputs) - 1, 0, -1):
        np.multiply(cotangents[k], w_rec, out=cotangents[k - 1])
    return np.stack((inputs.reshape(-1) @ cotangents.reshape(inputs.size, -1), np.einsum("ksp,ksp->p", cotangents, states[:-1])))


def sgd(problem: Problem) -> Callable:
    """Networks with a readout: one update a window, of all networks at once."""
    lib = Library(np.tanh, np.einsum, np.stack)

    def call():
        p = points_last(problem)
        for x, t in zip(problem.inputs, problem.targets, strict=True):
            for name, gradient in gradients(lib, x, t, **p).items():
                p[name] -= problem.numbers["lr"] * gradient
        return points_first(problem, p)

    return call


def adam(problem: Problem) -> Callable:
    """Scalar networks: one update a batch, of all networks at once, with PyTorch's defaults."""
    lr, rates, small = problem.numbers["lr"], np.array([[[0.9]], [[0.999]]]), 1e-8
    batches = np.split(problem.inputs[..., None], problem.updates), np.split(problem.targets[:, None], problem.updates)

    def call():
        w, moments, powers = (
            np.stack(list(problem.parameters.values())),
            np.zeros((2, len(problem.parameters), problem.points)),
            1.0,
        )
        for _ in range(problem.epochs):
            for x, t in zip(*batches, strict=True):
                gradient = of_batch(x, t, *w)
                moments *= rates
                moments += (1 - rates) * np.stack((gradient, gradient * gradient))
                powers = powers * rates
                mean, square = moments / (1 - powers)
                w -= lr * mean / (np.sqrt(square) + small)
        return dict(zip(problem.parameters, w, strict=True))

    return call


def of_batch(x, t, w_in, w_rec, bias):
    """The gradients (parameter, point) of the mean squared error, by inputs (sample, step, point) and targets (sample, point)."""
    drive = w_in * x + bias
    states = [drive[:, 0]]
    for k in range(1, x.shape[1]):
        states.append(drive[:, k] + w_rec * states[-1])
    g = [2 / len(t) * (states[-1] - t)]
    for _ in states[1:]:
        g.append(g[-1] * w_rec)
    g = np.stack(g[::-1], axis=1)
    return np.stack(((g * x).sum((0, 1)), (g[:, 1:] * np.stack(states[:-1], axis=1)).sum((0, 1)), g.sum((0, 1))))
