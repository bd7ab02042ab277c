"""The table of works and of those who do them: it feeds the tests of results and the timings alike."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np

from benchmarks import (
    adaptation,
    filling,
    fixed_points,
    orbit_diagrams,
    problems,
    second_derivatives,
    spectra,
    training,
    vectors,
    vectors_with_numpy,
    with_loops,
    with_numba,
    with_numpy,
    with_rnnsim,
)
from benchmarks.adaptation import ADAPTATION
from benchmarks.fixed_points import FIXED_POINTS
from benchmarks.orbit_diagrams import ORBIT_DIAGRAMS
from benchmarks.rivals import OURS, Rival, Work, optional
from benchmarks.spectra import SPECTRA
from benchmarks.training_works import TRAINING

TOLERANCE = 1e-9

Problem = (
    problems.Problem
    | vectors.Problem
    | training.Problem
    | spectra.Problem
    | fixed_points.Problem
    | orbit_diagrams.Problem
    | adaptation.Problem
)


PyTorch, JAX = partial(optional, "with_torch", "torch"), partial(optional, "with_jax", "jax")
VectorPyTorch, VectorJAX = partial(optional, "vectors_with_torch", "torch"), partial(optional, "vectors_with_jax", "jax")

GRADIENTS = {
    OURS: Rival(with_rnnsim.costs_and_gradients),
    "NumPy": Rival(with_numpy.costs_and_gradients),
    "tutorial (300 points, scaled)": Rival(with_loops.costs_and_gradients, most=300),
    "Numba": Rival(with_numba.costs_and_gradients),
    "PyTorch": PyTorch("costs_and_gradients"),
    "JAX": JAX("costs_and_gradients"),
    "JAX in pieces": JAX("costs_and_gradients_in_pieces"),
}


def of_vectors(function: str, *others: str) -> dict[str, Rival]:
    """Who computes costs and gradients, or final states, of networks of many units; `others` do only some of them."""
    known = {
        OURS: Rival(getattr(with_rnnsim, function)),
        "NumPy": Rival(getattr(vectors_with_numpy, function)),
        "PyTorch": VectorPyTorch(function),
        "PyTorch nn.RNN": VectorPyTorch(f"{function}_of_module"),
        "JAX": VectorJAX(function),
        "JAX in pieces": VectorJAX(f"{function}_in_pieces"),
    }
    return {name: rival for name, rival in known.items() if name in (OURS, "PyTorch", "JAX", *others)}


def of_ensemble(
    units: int, members: int, quick: dict[str, int], *, samples: int = 8, steps: int = 100
) -> dict[str, dict[str, int]]:
    """The sizes of a work on networks of many units: `quick` replaces some of the full size; tiny networks stay under 65 units."""
    full = {"units": units, "members": members, "samples": samples, "steps": steps}
    tiny = {"units": units if units <= 64 else 20, "members": min(3, members), "samples": 5, "steps": 4}
    return {"full": full, "quick": {**full, **quick}, "tiny": tiny}


def elman_works(name: str, sizes: dict[str, dict[str, int]], *others: str) -> dict[str, Work]:
    """The two works on tanh networks of some sizes."""
    pose = partial(vectors.ensemble, "Elman")
    return {
        f"{name}, final state": Work(pose, sizes, of_vectors("final_state", "NumPy", *others)),
        f"{name}, cost and gradients": Work(pose, sizes, of_vectors("costs_and_gradients", "NumPy", *others)),
    }


def gated_work(cell: str) -> Work:
    """GRU or LSTM networks of 16 units."""
    sizes = of_ensemble(16, 1024, {"members": 64})
    return Work(partial(vectors.ensemble, cell), sizes, of_vectors("costs_and_gradients", "JAX in pieces"))


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
    "tanh surface, Hessians": Work(
        partial(problems.surface, "tanh"),
        {
            "full": {"side": 200, "samples": 20, "steps": 20},
            "quick": {"side": 60, "samples": 20, "steps": 20},
            "tiny": {"side": 19, "samples": 3, "steps": 4},
        },
        {
            OURS: Rival(second_derivatives.with_rnnsim),
            "NumPy": Rival(second_derivatives.with_numpy),
            "JAX": Rival(second_derivatives.with_jax, library="jax"),
        },
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
    **elman_works("tanh ensemble n = 2", of_ensemble(2, 8192, {"members": 512}), "JAX in pieces"),
    **elman_works("tanh ensemble n = 8", of_ensemble(8, 4096, {"members": 256}), "JAX in pieces"),
    **elman_works("tanh ensemble n = 32", of_ensemble(32, 1024, {"members": 64}), "JAX in pieces"),
    **elman_works("tanh ensemble n = 64", of_ensemble(64, 256, {"members": 16}), "JAX in pieces"),
    **elman_works(
        "one network n = 128, 1000 samples × 200 steps",
        of_ensemble(128, 1, {"samples": 100}, samples=1000, steps=200),
        "PyTorch nn.RNN",
    ),
    **elman_works("16 networks n = 256, 8 samples × 100 steps", of_ensemble(256, 16, {"members": 4, "steps": 40}), "JAX in pieces"),
    "GRU ensemble n = 16, cost and gradients": gated_work("GRU"),
    "LSTM ensemble n = 16, cost and gradients": gated_work("LSTM"),
    **TRAINING,
    **SPECTRA,
    **FIXED_POINTS,
    **ORBIT_DIAGRAMS,
    **ADAPTATION,
}

FORWARD = {  # the works whose arithmetic is counted, by units
    32: "tanh ensemble n = 32, final state",
    64: "tanh ensemble n = 64, final state",
    128: "one network n = 128, 1000 samples × 200 steps, final state",
    256: "16 networks n = 256, 8 samples × 100 steps, final state",
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
    theirs, mine = points_last(call(), problem), points_last(ours, problem)
    compare(theirs, {name: values[..., done] for name, values in mine.items()})
    return call, problem.points / part.points


def points_last(results: dict, problem: Problem) -> dict[str, np.ndarray]:
    """Views of results as (…, point)."""
    arrays = {name: np.asarray(values) for name, values in results.items()}
    return {name: np.moveaxis(values, problem.point_axis, -1) for name, values in arrays.items()}


def compare(theirs: dict, ours: dict) -> None:
    """Raise unless results agree: costs and gradients relative to the largest of their point, states (in -1…1) absolutely."""
    largest = np.max([largest_by_point(values) for values in ours.values()], axis=0) if "cost" in ours else 1.0
    for name, values in theirs.items():
        mine, other = np.atleast_2d(ours[name]), np.atleast_2d(values)
        if mine.shape != other.shape:
            raise AssertionError(f"{name} has shape {other.shape}, but rnnsim's has {mine.shape}")
        if not all((np.abs(a - b) <= TOLERANCE * largest).all() for a, b in zip(mine, other, strict=True)):
            raise AssertionError(f"{name} is not rnnsim's within {TOLERANCE}")


def largest_by_point(values: np.ndarray) -> np.ndarray:
    """The largest magnitude of each point."""
    return np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
