"""All fixed points and cycles of piecewise linear networks: one linear system for each way in which units can be on or off.

    s' = (1 - leak) s + leak D (W s + b),   D diagonal, 1 for a unit that is on (W s + b ≥ 0) and 0 for one that is off

A cycle of k states of n units has 2^(n k) ways, each with one solution, or, where its system is singular, none or many: undecided.
"""

from numba.extending import overload

from rnnsim.cells import LeakyElman, Linear
from rnnsim.kernels.compiling import part, specialised
from rnnsim.kernels.cycles import list_one
from rnnsim.kernels.fixed_points import try_cycle
from rnnsim.kernels.linear_systems import solve
from rnnsim.kernels.maps import kernel_of
from rnnsim.kernels.newton import fill_system

MOST_SWITCHES = 16  # units times states
SLACK = 1e-9  # of a pre-activation, by which a unit may be on the wrong side


def leak_of(cell, layer, p, i):
    """The leak of a unit."""
    return layer.constants[p, i] if isinstance(cell, LeakyElman) else 1.0


@overload(leak_of)
def _leak_of(cell, layer, p, i):
    if cell.instance_class is LeakyElman:
        return lambda cell, layer, p, i: layer.constants[p, i]
    return lambda cell, layer, p, i: 1.0


def switches(cell, count):
    """How many of so many units can be off."""
    return 0 if isinstance(cell.activation, Linear) else count


@overload(switches)
def _switches(cell, count):
    if cell.types[cell.fields.index("activation")].instance_class is Linear:
        return lambda cell, count: 0
    return lambda cell, count: count


@part
def is_on(cell, pattern, place):
    return switches(cell, 1) == 0 or (pattern >> place) & 1 == 1


@part
def compose(cell, layer, p, pattern, k, room):
    """P and B of the affine map s -> P s + B that k steps are, if units are on as the pattern says."""
    n = room.P.shape[0]
    for i in range(k):
        for a in range(n):
            leak, on = leak_of(cell, layer, p, a), is_on(cell, pattern, i * n + a)
            kept = 1.0 - leak
            room.vector[a] = kept * room.B[a, 0] if i else 0.0
            if on:
                room.vector[a] += leak * layer.bias[p, 0, a]
            for b in range(n):
                room.C[a, b] = kept * (room.P[a, b] if i else (1.0 if a == b else 0.0))
            for u in range(n if on else 0):
                weight = leak * layer.w_rec[p, 0, a, u]
                if i:
                    room.vector[a] += weight * room.B[u, 0]
                    for b in range(n):
                        room.C[a, b] += weight * room.P[u, b]
                else:
                    room.C[a, u] += weight
        for a in range(n):
            room.B[a, 0] = room.vector[a]
            for b in range(n):
                room.P[a, b] = room.C[a, b]


@part
def follow(cell, layer, p, pattern, cycle, room):
    """The orbit from B if units are on as the pattern says; whether they are."""
    k, n = cycle.shape
    for i in range(k):
        for a in range(n):
            cycle[i, a] = room.B[a, 0]
        for a in range(n):
            total, size = layer.bias[p, 0, a], abs(layer.bias[p, 0, a])
            for u in range(n):
                term = layer.w_rec[p, 0, a, u] * cycle[i, u]
                total, size = total + term, size + abs(term)
            on = is_on(cell, pattern, i * n + a)
            if not (total if on else -total) >= -SLACK * size and switches(cell, 1) == 1:
                return False
            leak = leak_of(cell, layer, p, a)
            room.B[a, 0] = (1.0 - leak) * cycle[i, a] + (leak * total if on else 0.0)
    return True


@specialised
def enumerate_of(cells):
    """The kernel of a block of networks of one layer of linear or rectified units."""

    @kernel_of(cells)
    def enumerated(layers, x, starts, tolerance, cycle, found, listed, lo, room):
        k, n = cycle.shape
        for p in range(x.shape[0]):
            size = 0.0
            for a in range(n):
                size += 0.0 * layers[0].bias[p, 0, a]
                for b in range(n):
                    size += 0.0 * layers[0].w_rec[p, 0, a, b]
            if size != 0.0:  # nan or inf
                continue
            undecided = 0
            for pattern in range(1 << switches(cells[0], n * k)):
                compose(cells[0], layers[0], p, pattern, k, room)
                fill_system(room)
                sign, log = solve(room.A, room.pivots, room.B)
                if sign == 0.0:
                    undecided += 1
                elif follow(cells[0], layers[0], p, pattern, cycle, room):
                    try_cycle(cells, layers, p, x, starts, cycle, tolerance, found, room)
            listed.undecided[lo + p] = undecided
            list_one(cells, layers, p, x, found, listed, lo + p, room)

    return enumerated
