"""Gradients by hand of a readout of tanh networks that stand side by side, for NumPy and PyTorch alike."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.training import Problem


class Library(NamedTuple):
    """What the gradients take from a library."""

    tanh: Callable
    einsum: Callable
    stack: Callable


def gradients(lib: Library, x, t, w_in, w_rec, bias, w_out, b_out) -> dict[str, Any]:
    """Of the mean squared error of one output at all steps of a window, of networks that start at 0.

    x is (step, input), t (step, output), parameters are those of `points_last`. Steps do only what waits for the step before.
    """
    drive = (x @ w_in.reshape(len(w_in), -1)).reshape(len(x), *bias.shape) + bias
    states = [lib.tanh(drive[0])]
    for a in drive[1:]:
        states.append(lib.tanh(a + (w_rec * states[-1][:, None]).sum(0)))
    h = lib.stack(states)
    g_y = 2 / len(x) * (lib.einsum("kup,up->kp", h, w_out) + b_out - t)
    slope = 1 - h * h
    direct = g_y[:, None] * w_out * slope
    cotangents = [direct[-1]]
    for k in range(len(x) - 2, -1, -1):
        cotangents.append(direct[k] + slope[k] * (w_rec * cotangents[-1]).sum(1))
    g = lib.stack(cotangents[::-1])
    return {
        "w_in": (x.T @ g.reshape(len(x), -1)).reshape(w_in.shape),
        "w_rec": lib.einsum("kvp,kup->vup", h[:-1], g[1:]),
        "bias": g.sum(0),
        "w_out": lib.einsum("kp,kup->up", g_y, h),
        "b_out": g_y.sum(0),
    }


def points_last(problem: Problem) -> dict[str, np.ndarray]:
    """Copies: weights (from, unit, point), biases (unit, point), the weights of the output (unit, point) and its bias (point)."""
    p = problem.parameters
    views = {
        "w_in": p["w_in"].T,
        "w_rec": p["w_rec"].T,
        "bias": p["bias"].T,
        "w_out": p["w_out"][:, 0].T,
        "b_out": p["b_out"][:, 0],
    }
    return {name: view.copy(order="C") for name, view in views.items()}


def points_first(problem: Problem, p: dict[str, Any]) -> dict[str, np.ndarray]:
    """And back: views."""
    return {name: np.asarray(p[name]).T.reshape(start.shape) for name, start in problem.parameters.items()}
