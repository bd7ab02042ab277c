"""The works as rnnsim does them, Dataset included."""

from collections.abc import Callable

import numpy as np

import rnnsim as rs
from benchmarks import problems, training, vectors

Problem = problems.Problem | vectors.Problem


def sequences(problem: Problem) -> np.ndarray:
    """The inputs (sample, step, …) or (step)."""
    return problem.inputs if problem.inputs.ndim == 1 else problem.inputs.swapaxes(0, 1).copy()


def costs_and_gradients(problem: Problem) -> Callable:
    """`backprop`; the Dataset's variables by point."""
    net, inputs = problem.net, sequences(problem)

    def call():
        ds = rs.backprop(net, inputs, problem.targets, keep=("cost", "grad"))
        return {name: problem.by_point(ds[name].values) for name in problem.results}

    return call


def final_state(problem: Problem) -> Callable:
    """`simulate` without a trajectory."""
    net, inputs = problem.net, sequences(problem)
    return lambda: {"final_state": problem.by_point(rs.simulate(net, inputs, keep="final_state").final_state.values)}


def trajectory(problem: problems.Problem) -> Callable:
    """`simulate`; the states of steps 1…T as (step, point), a view."""
    return lambda: {"state": rs.simulate(problem.net, problem.inputs, keep="state").state.values.T[1:]}


def trained(problem: training.Problem) -> Callable:
    """`train`, which keeps the parameters of the start and of the end, and measures nothing on the way; those of the end, by point."""
    net, optimizer = problem.net, getattr(rs, problem.optimizer)(**problem.numbers)
    options = {"epochs": problem.epochs, "batch_size": problem.batch_size, "every": problem.epochs}
    options |= {"keep": "parameters", "progress": False}

    def call():
        run = rs.train(net, problem.inputs, problem.targets, optimizer=optimizer, train=tuple(problem.parameters), **options)
        return {name: problem.by_point(run[name].values.take(-1, -start.ndim)) for name, start in problem.parameters.items()}

    return call
