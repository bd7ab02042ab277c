"""What no program can beat that returns a trajectory: filling as much new memory, on as many processors as rnnsim takes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.problems import Problem
from rnnsim.numerics.parallel import thread_count


def trajectory(problem: Problem) -> Callable:
    """np.empty and fill, a part of the rows a thread; there is no result to compare."""

    def call():
        states = np.empty((problem.steps + 1, problem.points))
        with ThreadPoolExecutor(thread_count()) as pool:
            list(pool.map(lambda rows: rows.fill(0.5), np.array_split(states, thread_count())))
        return {}

    return call
