"""Costs and gradients of rate units with adaptation, whose equation is written by a user, by those who make them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

import rnnsim as rs
from benchmarks.rivals import OURS, Rival, Whole, Work
from rnnsim.functions import tanh

ALPHA, BETA = 0.1, 0.01
RESULTS = ("cost", "grad_w_in", "grad_w_rec", "grad_bias")


class Adaptive(rs.Cell):
    """h += α (tanh(a - w) - h), w += β (h - w)."""

    states = ("h", "w")
    gates = {"a": "xh"}
    numbers = {"alpha": ALPHA, "beta": BETA}

    def step(s, a, p):
        return s.h + p.alpha * (tanh(a.a - s.w) - s.h), s.w + p.beta * (s.h - s.w)


@dataclass(frozen=True)
class Problem(Whole):
    """Weights (network, unit, …), inputs (sample, step, input) and targets of the last step (sample, unit)."""

    w_in: np.ndarray
    w_rec: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray

    @property
    def point_steps(self) -> int:
        """Steps of all units."""
        return self.w_rec.shape[0] * self.inputs[..., 0].size * self.w_rec.shape[1]


def ensemble(*, units: int, members: int, samples: int, steps: int) -> Problem:
    """Random networks of gain 1.5."""
    random = np.random.default_rng(0)
    w_rec = 1.5 * random.normal(size=(members, units, units)) / np.sqrt(units)
    inputs = random.normal(size=(samples, steps, 3))
    return Problem(random.normal(size=(members, units, 3)), w_rec, inputs, random.normal(size=(samples, units)))


def with_rnnsim(problem: Problem) -> Callable:
    """`rs.backprop` of an `rs.Cell`."""
    w_in, w_rec = (
        xr.DataArray(values, dims=("network", "unit", dim))
        for values, dim in ((problem.w_in, "input"), (problem.w_rec, "unit_from"))
    )
    net = Adaptive(w_in, w_rec)

    def call() -> dict:
        found = rs.backprop(net, problem.inputs, problem.targets, keep=RESULTS)
        return {name: found[name].values.reshape(1, -1) for name in RESULTS}

    return call


def with_jax(problem: Problem) -> Callable:
    """jit(vmap(value_and_grad(scan)))."""
    import jax
    import jax.numpy as jnp

    from benchmarks.with_jax import arrays, waiting

    def cost(w_in, w_rec, bias, inputs, targets):
        def step(state, x):
            h, w = state
            new = h + ALPHA * (jnp.tanh(w_in @ x + w_rec @ h + bias - w) - h)
            return (new, w + BETA * (h - w)), None

        def last(x):
            return jax.lax.scan(step, (jnp.zeros_like(bias), jnp.zeros_like(bias)), x)[0][0]

        return jnp.mean((jax.vmap(last)(inputs) - targets) ** 2)

    both = jax.vmap(jax.value_and_grad(cost, argnums=(0, 1, 2)), in_axes=(0, 0, 0, None, None))

    @jax.jit
    def function(*given):
        value, gradients = both(*given)
        return value.reshape(1, -1), *(gradient.reshape(1, -1) for gradient in gradients)

    bias = np.zeros(problem.w_rec.shape[:2])
    return waiting(function, RESULTS, *arrays(problem.w_in, problem.w_rec, bias, problem.inputs, problem.targets))


ADAPTATION = {
    "rate units with adaptation, 64 units, cost and gradients": Work(
        ensemble,
        {
            "full": {"units": 64, "members": 256, "samples": 8, "steps": 100},
            "quick": {"units": 64, "members": 32, "samples": 8, "steps": 50},
            "tiny": {"units": 20, "members": 2, "samples": 3, "steps": 4},
        },
        {OURS: Rival(with_rnnsim), "JAX": Rival(with_jax, library="jax")},
    )
}
