"""The works as rnnsim does them, Dataset included."""

from collections.abc import Callable

import rnnsim as rs
from benchmarks.problems import RESULTS, Problem


def costs_and_gradients(problem: Problem) -> Callable:
    """`backprop`; the Dataset's variables as (point)."""
    inputs = problem.inputs.T.copy()

    def call():
        ds = rs.backprop(problem.net, inputs, problem.targets, keep=("cost", "grad"))
        return {name: ds[name].values.reshape(-1) for name in RESULTS}

    return call


def final_state(problem: Problem) -> Callable:
    """`simulate` without a trajectory."""
    return lambda: {"final_state": rs.simulate(problem.net, problem.inputs, keep="final_state").final_state.values}


def trajectory(problem: Problem) -> Callable:
    """`simulate`; the states of steps 1…T as (step, point), a view."""
    return lambda: {"state": rs.simulate(problem.net, problem.inputs, keep="state").state.values.T[1:]}
