"""JAX on the processor, in float64: networks of many units, a scan over states (unit, sample), vmapped over networks and jitted."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.recurrences import STEPS, Library
from benchmarks.vectors import STARTS, Problem
from benchmarks.with_jax import arrays, waiting


def matrix_product(offset, w, v):
    return w @ v + offset


def sum_of_products(offset, w, v):
    """XLA fuses it into the step: two to three times as fast for two units, slower for eight."""
    return (w[:, :, None] * v).sum(1) + offset


def run(problem: Problem) -> Callable:
    """The last states (sample, unit) of one network, as a function of its parameters and of inputs (step, sample, input)."""
    affine = sum_of_products if problem.units <= 2 else matrix_product
    step = partial(STEPS[problem.cell], Library(affine, jnp.split, jnp.tanh, jax.nn.sigmoid))
    starts = STARTS[problem.cell]

    def last(parameters, inputs):
        p = {name: gates_in_rows(name, values) for name, values in parameters.items()}
        states = tuple(jnp.broadcast_to(p[name], (problem.units, problem.samples)) for name in starts)
        return lax.scan(lambda states, x: (step(p, x.T, *states), None), states, inputs)[0][0].T

    return last


def gates_in_rows(name: str, values):
    """Weights ([gate ×] unit, from), and all else as columns."""
    return values.reshape(-1, values.shape[-1]) if name.startswith("w_") else values.reshape(-1, 1)


def at_once(function: Callable) -> Callable:
    """A function of the parameters of one network and of what all share, for all networks."""
    return lambda parameters, *shared: jax.vmap(lambda p: function(p, *shared))(parameters)


def in_pieces(problem: Problem) -> Callable:
    """The same by `lax.map`, so that the weights and the tape of a piece of the networks stay in the cache."""
    block = 32 if problem.units <= 2 else max(1, min(128, (1 << 17) // problem.units**2))
    return lambda function: lambda parameters, *shared: lax.map(lambda p: function(p, *shared), parameters, batch_size=block)


def costs_and_gradients(problem: Problem, over_points: Callable = at_once) -> Callable:
    """jit(vmap(value_and_grad(scan)))."""
    last = run(problem)
    cost_and_gradients = jax.value_and_grad(lambda p, inputs, targets: jnp.mean((last(p, inputs) - targets) ** 2))
    mapped = over_points(cost_and_gradients)

    @jax.jit
    def function(parameters, inputs, targets):
        cost, gradients = mapped(parameters, inputs, targets)
        return cost, *(gradients[name] for name in problem.parameters)  # JAX sorts its dicts

    return waiting(function, problem.results, on_device(problem), *arrays(problem.inputs, problem.targets))


def final_state(problem: Problem, over_points: Callable = at_once) -> Callable:
    """jit(vmap(scan))."""
    mapped = over_points(run(problem))
    function = jax.jit(lambda parameters, inputs: (mapped(parameters, inputs),))
    return waiting(function, ("final_state",), on_device(problem), *arrays(problem.inputs))


def on_device(problem: Problem) -> dict[str, jax.Array]:
    return dict(zip(problem.parameters, arrays(*problem.parameters.values()), strict=True))


def costs_and_gradients_in_pieces(problem: Problem) -> Callable:
    return costs_and_gradients(problem, in_pieces(problem))


def final_state_in_pieces(problem: Problem) -> Callable:
    return final_state(problem, in_pieces(problem))
