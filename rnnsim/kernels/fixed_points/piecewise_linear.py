"""All fixed points and cycles of piecewise linear networks: one linear system for each way in which units can be on or off.

    s' = (1 - leak) s + leak D (W s + b),   D diagonal, 1 for a unit that is on (W s + b ≥ 0) and 0 for one that is off

A cycle of k states of n units has 2^(n k) ways, each with one solution, or, where its system is singular, none or many: undecided.
"""

from rnnsim.kernels.fixed_points.cycle_list import list_one
from rnnsim.kernels.fixed_points.multistart import accept_if_converged, is_finite, try_starts
from rnnsim.kernels.fixed_points.newton import fill_system
from rnnsim.kernels.linalg.lu import solve
from rnnsim.numerics.jit import internal, kernel

MOST_SWITCHES = 16  # units times states
SLACK = 1e-9  # of a pre-activation, by which a unit may be on the wrong side


@internal
def leak_of(layer, p, i):
    """The leak of a unit."""
    return layer.constants[p, i] if layer.constants.shape[1] else 1.0


@internal
def is_on(switching, pattern, place):
    """Whether a pattern says that a unit is on; all are, if none can be off."""
    return not switching or (pattern >> place) & 1 == 1


@internal
def compose(switching, layer, p, pattern, k, scratch):
    """P and B of the affine map s -> P s + B that k steps are, if units are on as the pattern says."""
    n = scratch.P.shape[0]
    for i in range(k):
        for a in range(n):
            leak, on = leak_of(layer, p, a), is_on(switching, pattern, i * n + a)
            kept = 1.0 - leak
            scratch.vector[a] = kept * scratch.B[a, 0] if i else 0.0
            if on:
                scratch.vector[a] += leak * layer.bias[p, 0, a]
            for b in range(n):
                scratch.C[a, b] = kept * (scratch.P[a, b] if i else (1.0 if a == b else 0.0))
            for u in range(n if on else 0):
                weight = leak * layer.w_rec[p, 0, a, u]
                if i:
                    scratch.vector[a] += weight * scratch.B[u, 0]
                    for b in range(n):
                        scratch.C[a, b] += weight * scratch.P[u, b]
                else:
                    scratch.C[a, u] += weight
        for a in range(n):
            scratch.B[a, 0] = scratch.vector[a]
            for b in range(n):
                scratch.P[a, b] = scratch.C[a, b]


@internal
def follow(switching, layer, p, pattern, cycle, scratch):
    """The orbit from B if units are on as the pattern says; whether they are."""
    k, n = cycle.shape
    for i in range(k):
        for a in range(n):
            cycle[i, a] = scratch.B[a, 0]
        for a in range(n):
            total, size = layer.bias[p, 0, a], abs(layer.bias[p, 0, a])
            for u in range(n):
                term = layer.w_rec[p, 0, a, u] * cycle[i, u]
                total, size = total + term, size + abs(term)
            on = is_on(switching, pattern, i * n + a)
            if not (total if on else -total) >= -SLACK * size and switching:
                return False
            leak = leak_of(layer, p, a)
            scratch.B[a, 0] = (1.0 - leak) * cycle[i, a] + (leak * total if on else 0.0)
    return True


@kernel
def search(rules, layers, resting, x, starts, tolerance, cycle, found, listed, lo, switching, scratch):
    """All points of a block of networks of one layer of rectified units, or, if none is `switching`, of linear ones."""
    for p in range(x.shape[0]):
        if not is_finite(layers[0], p):
            continue
        undecided = 0
        for pattern in range(1 << cycle.size if switching else 1):
            compose(switching, resting[0], p, pattern, cycle.shape[0], scratch)
            fill_system(scratch)
            if solve(scratch.A, scratch.pivots, scratch.B)[0] == 0.0:
                undecided += 1
            elif follow(switching, resting[0], p, pattern, cycle, scratch):
                accept_if_converged(rules, resting, p, x, starts, cycle, tolerance, found, scratch)
        if undecided:
            try_starts(rules, layers, resting, p, x, starts, tolerance, cycle, found, scratch)
        listed.undecided[lo + p] = undecided
        list_one(rules, layers, p, x, found, listed, lo + p, scratch)
