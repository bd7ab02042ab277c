"""JAX on the processor, in float64: scans over updates around gradients of scans over steps, vmapped over networks and jitted."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.training import Problem
from benchmarks.with_jax import arrays, waiting


def trained(problem: Problem, one: Callable, block: int | None = None) -> Callable:
    """`one(parameters, inputs, targets)` for all networks: at once, or by `lax.map` so that those of a piece stay in the cache."""

    @jax.jit
    def function(parameters, *data):
        def mapped(p):
            return one(p, *data)

        ends = jax.vmap(mapped)(parameters) if block is None else lax.map(mapped, parameters, batch_size=block)
        return [ends[name] for name in problem.parameters]  # JAX sorts its dicts

    parameters = dict(zip(problem.parameters, arrays(*problem.parameters.values()), strict=True))
    return waiting(function, tuple(problem.parameters), parameters, *arrays(problem.inputs, problem.targets))


def irprop_minus(problem: Problem, gradient: Callable) -> Callable:
    """A scan over iterations."""
    step, grow, shrink, step_min, step_max = problem.numbers.values()

    def one(start, inputs, targets):
        def move(carry, _):
            w, size, before = carry
            g = gradient(w, inputs, targets)
            product = g * before
            size = jnp.clip(size * jnp.where(product > 0, grow, jnp.where(product < 0, shrink, 1.0)), step_min, step_max)
            g = jnp.where(product < 0, 0.0, g)
            return (w - jnp.sign(g) * size, size, g), None

        w = jnp.stack([start["w_in"], start["w_rec"]])
        carry = (w, jnp.full_like(w, step), jnp.zeros_like(w))
        (w_in, w_rec), *_ = lax.scan(move, carry, length=problem.epochs)[0]
        return {"w_in": w_in, "w_rec": w_rec}

    return one


def count(w, inputs, targets):
    """The mean squared error of a scan over steps."""
    h, _ = lax.scan(lambda h, x: (w[1] * h + w[0] * x, None), jnp.zeros(len(targets)), inputs.T)
    return jnp.mean((h - targets) ** 2)


def sensitivities(w, inputs, targets):
    """Its gradients by hand, carried along with the states in unrolled steps."""
    h = by_w_in = by_w_rec = jnp.zeros(len(targets))
    for x in inputs.T:
        h, by_w_in, by_w_rec = w[1] * h + w[0] * x, w[1] * by_w_in + x, w[1] * by_w_rec + h
    error = 2 / len(targets) * (h - targets)
    return jnp.stack([error @ by_w_in, error @ by_w_rec])


def rprop(problem: Problem) -> Callable:
    """jit(vmap(scan)). Two parameters make jacfwd faster than grad, by a factor of two to three."""
    return trained(problem, irprop_minus(problem, jax.jacfwd(count)))


def rprop_in_pieces(problem: Problem) -> Callable:
    """By hand, in pieces that XLA computes in its cache: two to three times as fast as jacfwd."""
    return trained(problem, irprop_minus(problem, sensitivities), block=64)


def error_of_window(problem: Problem) -> Callable:
    """The mean squared error at all steps of a window, as a function of the parameters, of inputs (step, input) and of targets.

    The input's and the output's products are taken out of the scan. For one network, sums of products in a scan that stays one
    are fastest, for many, products in an unrolled one.
    """
    alone = problem.points == 1

    def product(v, w):
        return (v[..., None, :] * w).sum(-1) if alone else v @ w.T

    def error(p, x, t):
        def step(h, drive):
            h = jnp.tanh(drive + product(h, p["w_rec"]))
            return h, h

        _, h = lax.scan(step, jnp.zeros_like(p["bias"]), product(x, p["w_in"]) + p["bias"], unroll=1 if alone else True)
        return jnp.mean((product(h, p["w_out"]) + p["b_out"] - t) ** 2)

    return error


def sgd(problem: Problem, block: int | None = None) -> Callable:
    """jit(vmap(scan over windows of grad(scan over steps)))."""
    gradient, lr = jax.grad(error_of_window(problem)), problem.numbers["lr"]

    def one(start, inputs, targets):
        def move(p, window):
            return jax.tree.map(lambda value, g: value - lr * g, p, gradient(p, *window)), None

        return lax.scan(move, start, (inputs, targets))[0]

    return trained(problem, one, block)


def sgd_in_pieces(problem: Problem) -> Callable:
    return sgd(problem, 128)


def adam(problem: Problem) -> Callable:
    """jit(scan over epochs and batches), with PyTorch's defaults.

    Vectors of parameters and forward gradients let XLA fuse an update into one kernel: 50 times as fast as with grad.
    """
    lr, rates, small = problem.numbers["lr"], jnp.array([[0.9], [0.999]]), 1e-8

    def error(w, x, t):
        h = jnp.zeros(len(t))
        for column in x.T:
            h = w[1] * h + w[0] * column + w[2]
        return jnp.mean((h - t) ** 2)

    def move(carry, batch):
        w, moments, powers = carry
        g = jax.jacfwd(error)(w, *batch)
        moments, powers = rates * moments + (1 - rates) * jnp.stack([g, g * g]), rates * powers
        mean, square = moments / (1 - powers)
        return (w - lr * mean / (jnp.sqrt(square) + small), moments, powers), None

    def one(start, inputs, targets):
        batches = inputs.reshape(problem.updates, problem.batch_size, -1), targets.reshape(problem.updates, -1)
        carry = (jnp.stack([start[name] for name in problem.parameters]), jnp.zeros((2, 3)), jnp.ones((2, 1)))
        carry, _ = lax.scan(lambda carry, _: (lax.scan(move, carry, batches)[0], None), carry, length=problem.epochs)
        return dict(zip(problem.parameters, carry[0], strict=True))

    return trained(problem, one)
