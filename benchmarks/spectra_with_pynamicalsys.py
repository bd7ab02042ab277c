"""pynamicalsys: one network after the other, compiled by Numba, with the Jacobian by hand. It draws its first frame itself: only the sum of
all exponents, which no frame changes, is checked."""

from collections.abc import Callable

import numba
import numpy as np
from pynamicalsys import DiscreteDynamicalSystem

from benchmarks.spectra import Problem


@numba.njit
def mapping(h, parameters):
    """A step of a tanh network."""
    return np.tanh(parameters.reshape(h.size, h.size) @ h)


@numba.njit
def jacobian(h, parameters, *rest):
    """Its derivative, from the state after it: pynamicalsys takes a step first and asks for the derivative then."""
    return (1 - h * h).reshape(-1, 1) * parameters.reshape(h.size, h.size)


def spectra(problem: Problem) -> Callable:
    """`DiscreteDynamicalSystem.lyapunov`, by Householder reflections."""
    units = problem.h0.shape[1]
    system = DiscreteDynamicalSystem(mapping=mapping, jacobian=jacobian, system_dimension=units, number_of_parameters=units * units)
    networks = [(h0.copy(), w_rec.reshape(-1).copy()) for h0, w_rec in zip(problem.h0, problem.w_rec, strict=True)]

    def call() -> dict:
        found = [system.lyapunov(h0, problem.steps, parameters=w_rec, method="QR_HH") for h0, w_rec in networks]
        return {"sum": np.array(found).sum(1)}

    return call
