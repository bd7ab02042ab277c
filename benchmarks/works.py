"""The table of works and of those who do them: it feeds the tests of results and the timings alike."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from benchmarks import filling, problems, with_loops, with_numba, with_numpy, with_rnnsim
from benchmarks.problems import Problem

TOLERANCE = 1e-9
OURS = "rnnsim"


class Rival(NamedTuple):
    """`make(problem)` gives the call to time, which returns arrays by name; on more points than `most`, only that many are done."""

    make: Callable[[Problem], Callable]
    most: int | None = None
    library: str = "numpy"


class Work(NamedTuple):
    """A problem of some sizes, and who solves it."""

    pose: Callable[..., Problem]
    sizes: dict[str, dict[str, int]]
    rivals: dict[str, Rival]


def optional(module: str, library: str, function: str) -> Rival:
    """A rival of an optional library, imported when it is made."""
    return Rival(lambda problem: getattr(import_module(f"benchmarks.{module}"), function)(problem), library=library)


PyTorch, JAX = partial(optional, "with_torch", "torch"), partial(optional, "with_jax", "jax")

GRADIENTS = {
    OURS: Rival(with_rnnsim.costs_and_gradients),
    "NumPy": Rival(with_numpy.costs_and_gradients),
    "tutorial (300 points, scaled)": Rival(with_loops.costs_and_gradients, most=300),
    "Numba": Rival(with_numba.costs_and_gradients),
    "PyTorch": PyTorch("costs_and_gradients"),
    "JAX": JAX("costs_and_gradients"),
    "JAX in pieces": JAX("costs_and_gradients_in_pieces"),
}

WORKS = {
    "linear surface, cost and gradients": Work(
        partial(problems.surface, "linear"),
        {
            "full": {"side": 800, "samples": 20, "steps": 10},
            "quick": {"side": 160, "samples": 20, "steps": 10},
            "tiny": {"side": 19, "samples": 3, "steps": 4},
        },
        GRADIENTS,
    ),
    "tanh surface, cost and gradients": Work(
        partial(problems.surface, "tanh"),
        {
            "full": {"side": 300, "samples": 20, "steps": 50},
            "quick": {"side": 60, "samples": 20, "steps": 50},
            "tiny": {"side": 19, "samples": 3, "steps": 4},
        },
        GRADIENTS,
    ),
    "tanh, final state": Work(
        problems.ensemble,
        {
            "full": {"points": 1_000_000, "steps": 200},
            "quick": {"points": 40_000, "steps": 200},
            "tiny": {"points": 37, "steps": 5},
        },
        {
            OURS: Rival(with_rnnsim.final_state),
            "NumPy": Rival(with_numpy.final_state),
            "Numba": Rival(with_numba.final_state),
            "PyTorch": PyTorch("final_state"),
            "JAX": JAX("final_state"),
            "JAX in pieces": JAX("final_state_in_pieces"),
        },
    ),
    "tanh, whole trajectory": Work(
        problems.ensemble,
        {
            "full": {"points": 100_000, "steps": 1000},
            "quick": {"points": 10_000, "steps": 400},
            "tiny": {"points": 37, "steps": 5},
        },
        {
            OURS: Rival(with_rnnsim.trajectory),
            "NumPy": Rival(with_numpy.trajectory),
            "Numba": Rival(with_numba.trajectory),
            "PyTorch": PyTorch("trajectory"),
            "JAX": JAX("trajectory"),
            "filling memory": Rival(filling.trajectory),
        },
    ),
}


def installed(rival: Rival) -> bool:
    """Whether the rival's library is there; it is not imported."""
    return find_spec(rival.library) is not None


def posed(name: str, size: str) -> Problem:
    """The problem of a work in one of its sizes."""
    work = WORKS[name]
    return work.pose(**work.sizes[size])


def points_done(rival: Rival, problem: Problem) -> np.ndarray | slice:
    """The points that a rival does, evenly chosen if they are not all."""
    if rival.most is None or rival.most >= problem.points:
        return slice(None)
    return np.linspace(0, problem.points - 1, rival.most).astype(np.int64)


def checked_call(rival: Rival, problem: Problem, ours: dict) -> tuple[Callable, float]:
    """The call to time, once its results (one run, so it is compiled) are what ours are; and by how much its time is to be scaled."""
    done = points_done(rival, problem)
    part = problem.part(done)
    call = rival.make(part)
    compare(call(), {name: values[..., done] for name, values in ours.items()})
    return call, problem.points / part.points


def compare(theirs: dict, ours: dict) -> None:
    """Raise unless results agree: costs and gradients relative to the largest of their point, states (in -1…1) absolutely."""
    largest = np.max([np.abs(values) for values in ours.values()], axis=0) if "cost" in ours else None
    for name, values in theirs.items():
        mine, other = np.atleast_2d(ours[name]), np.atleast_2d(np.asarray(values))
        if mine.shape != other.shape:
            raise AssertionError(f"{name} has shape {other.shape}, but rnnsim's has {mine.shape}")
        allowed = TOLERANCE * (1.0 if largest is None else largest)
        if not all((np.abs(a - b) <= allowed).all() for a, b in zip(mine, other, strict=True)):
            raise AssertionError(f"{name} is not rnnsim's within {TOLERANCE}")
