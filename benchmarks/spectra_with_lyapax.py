"""lyapax on the processor: its scan over states and frames, from the first frame of the others, vmapped over networks and jitted."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from lyapax import lyapunov_spectrum
from lyapax.core import LyapunovCheckpoint

from benchmarks.spectra import Problem
from benchmarks.with_jax import arrays, waiting


def spectra(problem: Problem) -> Callable:
    """jit(vmap(lyapunov_spectrum)); the Jacobian by its forward mode."""

    def one(w_rec, h0, first):
        start = LyapunovCheckpoint(h0, jnp.linalg.qr(first)[0], jnp.zeros(problem.count), jnp.zeros(()), 1.0)
        found = lyapunov_spectrum(lambda h: jnp.tanh(w_rec @ h), h0, 1.0, problem.steps, resume=start)
        return jnp.sort(found.exponents)[::-1]

    mapped = jax.jit(lambda w_rec, h0, first: (jax.vmap(one, (0, 0, None))(w_rec, h0, first),))
    return waiting(mapped, ("exponents",), *arrays(problem.w_rec, problem.h0, problem.first))
