"""Special points between two points of a branch: bracketed by bisection along it, then located by Newton's method."""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.continuation.extended_systems import BRANCH_POINT, FLIP, FOLD, NEIMARK_SACKER, crosses
from rnnsim.kernels.continuation.pseudo_arclength import (
    AHEAD,
    FLIPPED,
    ORIENTATION,
    UNSTABLE,
    correct,
    distance,
    examine,
    find_multipliers,
    nearest_the_circle,
)
from rnnsim.kernels.maps.parametrised import linearize_on, segment_of
from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import internal

NOTHING, SEVERAL = 0, -1
POINTS, TRUNCATED, UNLOCATED, INCOMPLETE, BRANCHES, UNLISTED = range(6)
COUNTS = 6
ROUNDS, HALVINGS = 8, 6
SAME = 1e-6
REAL = 1e-6
RESIDUAL = 1e-9
NARROW = 1e-11
ON_THE_CIRCLE = 1e-5


class SpecialPoints(NamedTuple):
    """The points found: y (point, n + 1), kind (point), residual (point), multipliers, real and imag (point, n). `counts` says how many,
    whether there are more, how many could not be located, how many branches ended early, how many branches there are, and how
    many of their points at places were not listed there."""

    y: Any
    kind: Any
    residual: Any
    real: Any
    imag: Any
    counts: Any


class Bracket(NamedTuple):
    """Scratch for two points of a branch, one between them, their difference and a tangent, (s, q) each; z has one number more."""

    low: Any
    high: Any
    middle: Any
    across: Any
    tangent: Any
    tests: Any
    z: Any


@internal
def kind_between(before, after):
    """What happens between two points: `NOTHING`, one special point of a kind, or `SEVERAL`."""
    turned, crossed = before[AHEAD] != after[AHEAD], before[ORIENTATION] != after[ORIENTATION]
    flipped, jump = before[FLIPPED] != after[FLIPPED], abs(after[UNSTABLE] - before[UNSTABLE])
    if not (turned or crossed or flipped):
        return NOTHING if jump == 0 else NEIMARK_SACKER if jump == 2 else SEVERAL
    if flipped:
        return FLIP if jump == 1 and not (turned or crossed) else SEVERAL
    if turned and crossed:
        return BRANCH_POINT if jump == 0 else SEVERAL
    if jump != 1:
        return SEVERAL
    return FOLD if turned else BRANCH_POINT


@internal
def test_of(kind):
    """Which test tells on what side of a point of this kind one is."""
    if kind == FOLD:
        return AHEAD
    if kind == FLIP:
        return FLIPPED
    return ORIENTATION if kind == BRANCH_POINT else UNSTABLE


@internal
def halve(line, segment, scratch, bracket, test, side):
    """Halve a bracket along the branch: `side` is the test's value at its low end. False if the branch is lost."""
    n = scratch.J.shape[0]
    length = 0.0
    for i in range(n + 1):
        bracket.middle[i] = 0.5 * (bracket.low[i] + bracket.high[i])
        length += (bracket.high[i] - bracket.low[i]) ** 2
    length = np.sqrt(length)
    for i in range(n + 1):
        bracket.across[i] = (bracket.high[i] - bracket.low[i]) / length
    if not length > 0.0 or not correct(line, scratch, segment, bracket.middle, bracket.across, bracket.tangent, np.inf):
        return False
    examine(line, scratch, bracket.tangent, bracket.tests)
    same = bracket.tests[test] == side
    for i in range(n + 1):
        if same:
            bracket.low[i] = bracket.middle[i]
        else:
            bracket.high[i] = bracket.middle[i]
    return True


@internal
def try_newton(line, scratch, extended, bracket, kind):
    """Newton's method from the middle of a bracket. Gives the kind, `NOTHING` if it does not converge near by, and the residual."""
    n = scratch.J.shape[0]
    near = 2.0 * distance(bracket.low, bracket.high) + SAME
    mu = nearest_the_circle(scratch)
    if kind == SEVERAL or (kind == NEIMARK_SACKER and mu.imag < REAL):
        return NOTHING, np.inf
    for i in range(n + 1):
        bracket.z[i] = bracket.middle[i]
    bracket.z[n + 1] = np.arctan2(mu.imag, mu.real)
    for change in (0, BRANCH_POINT - FOLD):
        bracket.tests[0] = kind + change
        call(line.others, 1, (line, extended, bracket.z, bracket.tests))
        residual = bracket.tests[0]
        if not (kind == FOLD and residual < RESIDUAL and crosses(extended)):
            break
    kind += change
    if not residual < RESIDUAL or not distance(bracket.z, bracket.middle) <= near:
        return NOTHING, residual
    if kind == NEIMARK_SACKER and not abs(np.sin(bracket.z[n + 1])) > REAL:
        return NOTHING, residual
    return kind, residual


@internal
def kind_on_the_circle(scratch, kind):
    """The kind of a degenerate point, where several multipliers meet the unit circle at once; `NOTHING` if none does."""
    mu = nearest_the_circle(scratch)
    if not abs(abs(mu) - 1.0) < ON_THE_CIRCLE:
        return NOTHING
    if kind not in (SEVERAL, NEIMARK_SACKER):
        return kind
    if mu.imag > np.sqrt(ON_THE_CIRCLE):
        return NEIMARK_SACKER
    return BRANCH_POINT if mu.real > 0.0 else FLIP


@internal
def locate(line, segment, scratch, extended, bracket, found, kind, before):
    """Find and keep the point of a kind in a bracket, at whose low end the tests are `before`."""
    n = scratch.J.shape[0]
    test = test_of(kind)
    for trial in range(ROUNDS):
        for _ in range(HALVINGS if trial else 2):
            if not halve(line, segment, scratch, bracket, test, before[test]):
                found.counts[UNLOCATED] += 1
                return
        exact, residual = try_newton(line, scratch, extended, bracket, kind)
        if exact != NOTHING:
            keep(line, scratch, found, exact, bracket.z, residual)
            return
        if distance(bracket.low, bracket.high) < NARROW:
            break
    exact = kind_on_the_circle(scratch, kind)
    if exact == NOTHING:
        found.counts[UNLOCATED] += 1
        return
    residual = 0.0
    for i in range(n):
        residual = max(residual, abs(scratch.G[i]))
    keep(line, scratch, found, exact, bracket.middle, residual)


@internal
def keep(line, scratch, found, kind, z, residual):
    """Add a point to those found, unless it is outside of the axis or among them."""
    n, count = scratch.J.shape[0], found.counts[POINTS]
    if abs(z[n]) > 1.0 + SAME:
        return
    for i in range(count):
        if found.kind[i] == kind and distance(found.y[i], z) < SAME:
            return
    if count == found.kind.size:
        found.counts[TRUNCATED] = 1
        return
    linearize_on(line, segment_of(line, z[n]), z, scratch.G, scratch.J, scratch.Fq)
    find_multipliers(line, scratch)
    for i in range(n):
        found.y[count, i], found.real[count, i], found.imag[count, i] = z[i], scratch.real[i], scratch.imag[i]
    found.y[count, n], found.kind[count], found.residual[count] = z[n], kind, residual
    found.counts[POINTS] = count + 1
