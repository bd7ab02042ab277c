"""Orbit diagrams of scalar tanh networks along their bias, up and down, by those who make them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit, prange

import rnnsim as rs
from benchmarks.rivals import OURS, Rival, Whole, Work

START, DISCARD, STEPS = -1.0, 1000, 16


@dataclass(frozen=True)
class Problem(Whole):
    """Recurrent weights, one a network, and the biases that each goes along."""

    w_rec: np.ndarray
    bias: np.ndarray

    @property
    def point_steps(self) -> int:
        """Steps of all orbits."""
        return 2 * self.w_rec.size * self.bias.size * (DISCARD + STEPS)


def diagram(*, networks: int, values: int) -> Problem:
    """Weights from one fixed point to two, biases on both sides of the hysteresis."""
    return Problem(np.linspace(0.5, 3.0, networks), np.linspace(-1.0, 1.0, values))


def with_rnnsim(problem: Problem) -> Callable:
    """`rs.orbit_diagram`, which finds the first step that is not finite, too."""
    net = rs.Elman(0.0, rs.axis("w_rec", problem.w_rec), rs.axis("bias", problem.bias), h0=START)
    options = {"along": "bias", "steps": STEPS, "discard": DISCARD, "keep": "orbit"}
    return lambda: {"orbit": rs.orbit_diagram(net, **options).orbit.values.reshape(1, -1)}


def with_numba(problem: Problem) -> Callable:
    """Plain Numba: njit, prange over networks and directions, math.tanh."""

    def call() -> dict:
        orbits = np.empty((problem.w_rec.size, problem.bias.size, 2, STEPS))
        follow(problem.w_rec, problem.bias, orbits)
        return {"orbit": orbits.reshape(1, -1)}

    return call


@njit(parallel=True, cache=True)
def follow(w_rec, bias, orbits):
    """Fill orbits (network, value, direction, step)."""
    for i in prange(2 * w_rec.size):
        network, direction = i // 2, i % 2
        h = START
        for j in range(bias.size):
            value = j if direction == 0 else bias.size - 1 - j
            for _ in range(DISCARD):
                h = math.tanh(w_rec[network] * h + bias[value])
            for k in range(STEPS):
                h = math.tanh(w_rec[network] * h + bias[value])
                orbits[network, value, direction, k] = h


def with_jax(problem: Problem) -> Callable:
    """jit(vmap(scan over values of scans over steps))."""
    import jax
    import jax.numpy as jnp

    from benchmarks.with_jax import arrays, waiting

    def along(w, biases):
        def at(h, b):
            def step(h, _):
                new = jnp.tanh(w * h + b)
                return new, new

            h = jax.lax.fori_loop(0, DISCARD, lambda _, h: jnp.tanh(w * h + b), h)
            return jax.lax.scan(step, h, None, length=STEPS)

        return jax.lax.scan(at, jnp.asarray(START, biases.dtype), biases)[1]

    def both(w_rec, bias):
        up = jax.vmap(along, (0, None))(w_rec, bias)
        down = jax.vmap(along, (0, None))(w_rec, bias[::-1])[:, ::-1]
        return (jnp.stack([up, down], axis=2).reshape(1, -1),)

    return waiting(jax.jit(both), ("orbit",), *arrays(problem.w_rec, problem.bias))


RIVALS = {OURS: Rival(with_rnnsim), "Numba": Rival(with_numba), "JAX": Rival(with_jax, library="jax")}
ORBIT_DIAGRAMS = {
    "orbit diagram along 1 000 values": Work(
        diagram,
        {"full": {"networks": 1, "values": 1000}, "quick": {"networks": 1, "values": 200}, "tiny": {"networks": 1, "values": 5}},
        RIVALS,
    ),
    "orbit diagrams of 200 networks along 200 values": Work(
        diagram,
        {"full": {"networks": 200, "values": 200}, "quick": {"networks": 40, "values": 40}, "tiny": {"networks": 9, "values": 3}},
        RIVALS,
    ),
}
