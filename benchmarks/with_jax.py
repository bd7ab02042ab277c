"""JAX on the processor, in float64: a scan over steps, vmapped over points and jitted."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.problems import RESULTS, Problem

jax.config.update("jax_enable_x64", True)

PIECE = 512


def arrays(*values):
    """Values on the processor."""
    return [jax.device_put(value, jax.devices("cpu")[0]) for value in values]


def waiting(function: Callable, names: tuple[str, ...], *args) -> Callable:
    """A call that ends when all of its results are there, by name."""
    return lambda: dict(zip(names, jax.block_until_ready(function(*args)), strict=True))


def cost_function(problem: Problem) -> Callable:
    """The cost and the gradients of one point, as a function of its parameters, of inputs (step, sample) and of targets."""
    phi = (lambda a: a) if problem.linear else jnp.tanh

    def cost(w_in, w_rec, bias, h0, inputs, targets):
        start = jnp.full(targets.shape, h0)
        h, _ = lax.scan(lambda h, x: (phi(w_rec * h + w_in * x + bias), None), start, inputs)
        return jnp.mean((h - targets) ** 2)

    return jax.value_and_grad(cost, argnums=(0, 1, 2, 3))


def costs_and_gradients(problem: Problem) -> Callable:
    """jit(vmap(value_and_grad(scan))) over all points at once."""
    mapped = jax.vmap(cost_function(problem), in_axes=(0, 0, 0, 0, None, None))

    @jax.jit
    def function(*args):
        cost, gradients = mapped(*args)
        return cost, *gradients

    return waiting(function, RESULTS, *arrays(*problem.parameters, problem.inputs, problem.targets))


def costs_and_gradients_in_pieces(problem: Problem) -> Callable:
    """The same by `lax.map`, so that the tape of a piece of points stays in the cache."""
    one = cost_function(problem)

    @jax.jit
    def function(parameters, inputs, targets):
        cost, gradients = lax.map(lambda p: one(*p, inputs, targets), parameters, batch_size=PIECE)
        return cost, *gradients

    return waiting(function, RESULTS, arrays(*problem.parameters), *arrays(problem.inputs, problem.targets))


def run(w_in, w_rec, bias, h0, inputs, keep: bool):
    """The last state of one point, and its states (step) if they are to be kept."""

    def step(h, x):
        h = jnp.tanh(w_rec * h + w_in * x + bias)
        return h, h if keep else None

    return lax.scan(step, h0, inputs)


def final_state(problem: Problem) -> Callable:
    """jit(vmap(scan)) over all points at once."""
    function = jax.jit(jax.vmap(lambda *args: run(*args, keep=False)[:1], in_axes=(0, 0, 0, 0, None)))
    return waiting(function, ("final_state",), *arrays(*problem.parameters, problem.inputs))


def final_state_in_pieces(problem: Problem) -> Callable:
    """The same by `lax.map`, so that the states of a piece of points stay in the cache."""

    @jax.jit
    def function(parameters, inputs):
        return (lax.map(lambda p: run(*p, inputs, keep=False)[0], parameters, batch_size=PIECE),)

    return waiting(function, ("final_state",), arrays(*problem.parameters), *arrays(problem.inputs))


def trajectory(problem: Problem) -> Callable:
    """The scan's own order (step, point), so that nothing is transposed."""
    function = jax.jit(jax.vmap(lambda *args: run(*args, keep=True)[1:], in_axes=(0, 0, 0, 0, None), out_axes=1))
    return waiting(function, ("state",), *arrays(*problem.parameters, problem.inputs))
