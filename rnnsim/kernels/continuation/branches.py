"""All branches of fixed points of one network over an axis, and the special points on them.

Fixed points at a few places of the axis are the seeds. From each, unless a branch has come past it, its branch is followed both ways, by
steps along the tangent that are corrected across it, until it leaves the axis or closes. Where it comes past a place it must be at a seed.
Branches that close between two places are looked for by Newton's method from anywhere, with the place free.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.continuation.detection import (
    BRANCHES,
    INCOMPLETE,
    NOTHING,
    SAME,
    SEVERAL,
    TRUNCATED,
    UNLISTED,
    kind_between,
    locate,
)
from rnnsim.kernels.continuation.pseudo_arclength import UNSTABLE, approach, correct, distance, examine
from rnnsim.kernels.continuation.steps import (
    LEAST_COSINE,
    LEAST_STEP,
    copy,
    dot,
    extent,
    has_closed,
    next_segment,
    step_along,
    turns_twice,
)
from rnnsim.kernels.maps.parametrised import segment_of
from rnnsim.numerics.jit import internal, kernel

FIRST_STEP, SINGLE_STEP = 2.0**-7, 2.0**-14
GROWTH = 1.5
STRAIGHT = 0.995
STEPS = 100
FAR = 1e6
HUNTING = 0.3  # the longest step towards a branch
ACROSS = 1e-6  # of a tangent, along the axis, below which a branch is not begun there
BESIDE = 0.3  # of a step, by which a branch may be beside it
AS_ONE = 1e-4  # as far as this from a degenerate point, which stands for all that rounding cannot tell from it


class Seeds(NamedTuple):
    """Of the fixed points `states` (place, seed, n) at `places` q of the axis there are `count` (place); branches have come past those that
    are `visited` (place, seed)."""

    places: Any
    states: Any
    count: Any
    visited: Any


class Hunt(NamedTuple):
    """Points `starts` (start, n + 1) from which branches are looked for, made of a `cube`; states can only be from `low` to `high`. All
    points of the branches that were followed are y (point, n + 1), `count` of them; a branch `begins` (point) at some."""

    cube: Any
    starts: Any
    low: Any
    high: Any
    y: Any
    begins: Any
    count: Any


class BranchPoints(NamedTuple):
    """The branches, if they are kept: y (branch, position, n + 1), unstable multipliers (branch, position), and length (branch)."""

    y: Any
    unstable: Any
    length: Any


@internal
def seed_at(seeds, k, y, apart):
    """The seed nearest to y at a place, -1 if none is within a distance."""
    nearest = -1
    for i in range(seeds.count[k]):
        away = distance(seeds.states[k, i], y)
        if away <= apart:
            nearest, apart = i, away
    return nearest


@internal
def meet(seeds, k, y, counts):
    """Note the seed that a branch comes past; a point that is none becomes one."""
    i = seed_at(seeds, k, y, AS_ONE)
    if i >= 0 and distance(seeds.states[k, i], y) < SAME:
        seeds.visited[k, i] = True
    elif i < 0:
        counts[UNLISTED] += 1
        if seeds.count[k] == seeds.states.shape[1]:
            counts[TRUNCATED] = 1
            return
        copy(y, seeds.states[k, seeds.count[k]])
        seeds.visited[k, seeds.count[k]] = True
        seeds.count[k] += 1


@internal
def visit(line, segment, scratch, path, seeds, size, counts):
    """Note the seeds that a branch comes past between two points; it must be as straight there as the step is."""
    n = scratch.J.shape[0]
    for k in range(seeds.places.size):
        a, b = seeds.places[k] - path.y[n], path.new[n] - path.y[n]
        if a * (seeds.places[k] - path.new[n]) > 0.0 or b == 0.0:
            continue
        for i in range(n):
            path.between[i] = path.y[i] + a / b * (path.new[i] - path.y[i])
        path.between[n] = seeds.places[k]
        copy(path.between, path.other)
        good = correct(line, scratch, segment, path.between, path.axis, path.between_tangent, np.inf)
        before, after = dot(path.between_tangent, path.tangent), dot(path.between_tangent, path.new_tangent)
        straight = before * after > 0.0 and min(abs(before), abs(after)) > LEAST_COSINE
        if good and straight and distance(path.between, path.other) <= size:
            meet(seeds, k, path.between, counts)


@internal
def is_known(line, scratch, path, hunt):
    """Whether path.first is on a branch that was followed, or there was no room to know all."""
    n = scratch.J.shape[0]
    if hunt.count[0] == hunt.begins.size:
        return True
    for k in range(1, hunt.count[0]):
        a, b = hunt.y[k - 1], hunt.y[k]
        along, length, beside = 0.0, 0.0, 0.0
        for i in range(n + 1):
            along += (path.first[i] - a[i]) * (b[i] - a[i])
            length += (b[i] - a[i]) ** 2
        if hunt.begins[k] or not length > 0.0 or abs(along / length - 0.5) > 0.5 + BESIDE:
            continue
        for i in range(n + 1):
            path.between[i] = a[i] + along / length * (b[i] - a[i])
            path.other[i] = (b[i] - a[i]) / np.sqrt(length)
            beside = max(beside, abs(path.first[i] - path.between[i]))
        if beside > SAME + BESIDE * np.sqrt(length):
            continue
        good = correct(line, scratch, segment_of(line, path.between[n]), path.between, path.other, path.between_tangent, np.inf)
        if good and distance(path.between, path.first) < SAME:
            return True
    return False


@internal
def finds_more(line, scratch, path, hunt, start):
    """Look for a branch from one of the points; where it is found becomes path.first. Whether it is a new one."""
    n = scratch.J.shape[0]
    copy(hunt.starts[start], path.first)
    if not approach(line, scratch, path.first, path.tangent, HUNTING):
        return False
    if not abs(path.first[n]) < 1.0 or abs(path.tangent[n]) < ACROSS:
        return False
    for i in range(n):
        if not hunt.low[i] <= path.first[i] <= hunt.high[i]:
            return False
    return not is_known(line, scratch, path, hunt)


@internal
def remember(hunt, y, begins):
    """Note that a branch that was followed is at y."""
    if hunt.count[0] < hunt.begins.size:
        copy(y, hunt.y[hunt.count[0]])
        hunt.begins[hunt.count[0]] = begins
        hunt.count[0] += 1


@internal
def record(branch_points, branch, y, tests):
    """Keep a point of a branch, if there is room."""
    if branch >= branch_points.length.size or branch_points.length[branch] >= branch_points.unstable.shape[1]:
        return
    position = branch_points.length[branch]
    copy(y, branch_points.y[branch, position])
    branch_points.unstable[branch, position] = tests[UNSTABLE]
    branch_points.length[branch] = position + 1


@internal
def turn_round(branch_points, branch):
    """Reverse what is kept of a branch."""
    if branch >= branch_points.length.size:
        return
    last = branch_points.length[branch] - 1
    for i in range((last + 1) // 2):
        branch_points.unstable[branch, i], branch_points.unstable[branch, last - i] = (
            branch_points.unstable[branch, last - i],
            branch_points.unstable[branch, i],
        )
        for j in range(branch_points.y.shape[2]):
            a, b = branch_points.y[branch, i, j], branch_points.y[branch, last - i, j]
            branch_points.y[branch, i, j], branch_points.y[branch, last - i, j] = b, a


@internal
def follow(line, scratch, extended, bracket, path, seeds, hunt, found, branch_points, branch, direction, longest):
    """Follow a branch from path.first in a direction. True if it closes."""
    copy(path.first, path.y)
    segment, side, size, taken = segment_of(line, path.first[path.first.size - 1]), int(direction), min(FIRST_STEP, longest), 0
    segment -= side
    fresh = True
    while taken < STEPS * (2.0 / longest) and size >= LEAST_STEP:
        if side != 0:
            segment = next_segment(line, segment, scratch, path, side)
            if segment == -1:
                return False
            if segment == -2:
                break
        if fresh:
            fresh = False
            copy(path.tangent, path.first_tangent)
            remember(hunt, path.y, True)
            if direction < 0.0 or path.first[path.first.size - 1] <= -1.0:
                record(branch_points, branch, path.y, path.before)
        side, cosine, good = step_along(line, segment, scratch, path, size)
        kind = NOTHING
        if good:
            examine(line, scratch, path.new_tangent, path.after)
            kind = kind_between(path.before, path.after)
            if size > SINGLE_STEP and turns_twice(path):
                kind = SEVERAL
        if not good or (kind == SEVERAL and size > SINGLE_STEP):
            size, side = size * 0.5, 0
            continue
        if kind != NOTHING:
            copy(path.y, bracket.low)
            copy(path.new, bracket.high)
            locate(line, segment, scratch, extended, bracket, found, kind, path.before)
        closed = taken > 2 and has_closed(path)
        visit(line, segment, scratch, path, seeds, size, found.counts)
        remember(hunt, path.new, False)
        record(branch_points, branch, path.new, path.after)
        if closed or extent(path.new) > FAR:
            return closed
        copy(path.new, path.y)
        copy(path.new_tangent, path.tangent)
        copy(path.after, path.before)
        size = min(size * GROWTH, longest * max(1.0, extent(path.y))) if cosine > STRAIGHT else size
        taken += 1
    found.counts[INCOMPLETE] += 1
    return False


@internal
def follow_both_ways(line, scratch, extended, bracket, path, seeds, hunt, found, branch_points, longest):
    """Follow the branch through path.first to its ends."""
    branch = found.counts[BRANCHES]
    found.counts[BRANCHES] += 1
    for direction in (-1.0, 1.0):
        if direction * path.first[path.first.size - 1] >= 1.0:
            continue
        if follow(line, scratch, extended, bracket, path, seeds, hunt, found, branch_points, branch, direction, longest):
            break
        if direction < 0.0:
            turn_round(branch_points, branch)


@kernel
def follow_all(line, scratch, extended, bracket, path, seeds, hunt, found, branch_points, longest):
    """All branches of one network: through seeds, then those that are found by hunting."""
    n, count = scratch.J.shape[0], seeds.places.size * seeds.states.shape[1]
    hunt.count[0] = 0
    for i in range(count + hunt.starts.shape[0]):
        k, seed = i // seeds.states.shape[1], i % seeds.states.shape[1]
        if i < count:
            if seed >= seeds.count[k] or seeds.visited[k, seed]:
                continue
            seeds.visited[k, seed] = True
            copy(seeds.states[k, seed], path.first)
            path.first[n] = seeds.places[k]
        elif not finds_more(line, scratch, path, hunt, i - count):
            continue
        follow_both_ways(line, scratch, extended, bracket, path, seeds, hunt, found, branch_points, longest)
