"""Hessians by w_in, w_rec and bias of families of scalar tanh networks: as rnnsim, NumPy and JAX make them, (parameter, point)."""

from collections.abc import Callable

import numpy as np

import rnnsim as rs
from benchmarks.problems import Problem, blocks
from benchmarks.with_rnnsim import sequences

PARAMETERS = ("w_in", "w_rec", "bias")


def with_rnnsim(problem: Problem) -> Callable:
    """`curvature`; what it computes by point."""
    net, inputs = problem.net, sequences(problem)

    def call():
        ds = rs.curvature(net, inputs, problem.targets, parameters=PARAMETERS, keep=("cost", "hessian"))
        return {"cost": ds.cost.values.reshape(-1), "hessian": ds.hessian.values.reshape(-1, 9).T}

    return call


def with_numpy(problem: Problem) -> Callable:
    """First and second tangents forward, over (sample, point)."""

    def call():
        found = np.empty((10, problem.points))
        for block in blocks(problem, 1 << 14):
            parameters = (values[block] for values in problem.parameters)
            tangents(problem.inputs, problem.targets, *parameters, found[:, block])
        return {"cost": found[0], "hessian": found[1:]}

    return call


def tangents(inputs, targets, w_in, w_rec, bias, h0, found):
    """Fill the cost and the nine second derivatives (…, point)."""
    h = np.broadcast_to(h0, (len(targets), len(w_in)))
    dh, ddh = np.zeros((3, *h.shape)), np.zeros((3, 3, *h.shape))
    for x in inputs[..., None]:
        da, dda = w_rec * dh, w_rec * ddh
        da[0] += x
        da[1] += h
        da[2] += 1.0
        dda[1] += dh
        dda[:, 1] += dh
        h = np.tanh(w_rec * h + w_in * x + bias)
        slope = 1 - h * h
        ddh = slope * (dda - 2 * h * da[:, None] * da)
        dh = slope * da
    error = h - targets[:, None]
    found[0] = np.square(error).mean(axis=0)
    found[1:] = 2 * (dh[:, None] * dh + error * ddh).mean(axis=2).reshape(9, -1)


def with_jax(problem: Problem) -> Callable:
    """jit(vmap(hessian(scan))), forward over reverse, over all points at once."""
    import jax
    import jax.numpy as jnp

    from benchmarks.with_jax import arrays, waiting

    def cost(p, h0, inputs, targets):
        start = jnp.full(targets.shape, h0)
        h, _ = jax.lax.scan(lambda h, x: (jnp.tanh(p[1] * h + p[0] * x + p[2]), None), start, inputs)
        return jnp.mean((h - targets) ** 2)

    def both(p, h0, inputs, targets):
        return cost(p, h0, inputs, targets), jax.hessian(cost)(p, h0, inputs, targets).reshape(-1)

    function = jax.jit(jax.vmap(both, in_axes=(0, 0, None, None), out_axes=(0, 1)))
    parameters = np.stack(problem.parameters[:3], 1)
    return waiting(function, ("cost", "hessian"), *arrays(parameters, problem.parameters[3], problem.inputs, problem.targets))
