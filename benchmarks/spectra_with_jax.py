"""JAX on the processor, in float64: a scan over states and frames with `jnp.linalg.qr`, vmapped over networks and jitted."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.spectra import Problem
from benchmarks.with_jax import arrays, waiting


def spectra(problem: Problem) -> Callable:
    """jit(vmap(scan + QR)), the Jacobian by hand."""

    def one(w_rec, h0, first):
        def step(carried, _):
            h, Q, logs = carried
            h = jnp.tanh(w_rec @ h)
            Q, R = jnp.linalg.qr((1 - h * h)[:, None] * (w_rec @ Q))
            return (h, Q, logs + jnp.log(jnp.abs(jnp.diagonal(R)))), None

        start = h0, jnp.linalg.qr(first)[0], jnp.zeros(problem.count)
        logs = lax.scan(step, start, None, length=problem.steps)[0][2]
        return jnp.sort(logs / problem.steps)[::-1]

    mapped = jax.jit(lambda w_rec, h0, first: (jax.vmap(one, (0, 0, None))(w_rec, h0, first),))
    return waiting(mapped, ("exponents",), *arrays(problem.w_rec, problem.h0, problem.first))
