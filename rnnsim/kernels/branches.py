"""All branches of fixed points of one network over an axis, and the special points on them.

Fixed points at a few places of the axis, by Newton's method from many starts, are the seeds. From each, unless a branch has come past it,
its branch is followed both ways, by steps along the tangent that are corrected across it, until it leaves the axis or closes.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.compiling import kernel, part
from rnnsim.kernels.curves import UNSTABLE, correct, distance, examine
from rnnsim.kernels.lines import segment_of, settle
from rnnsim.kernels.locating import BRANCHES, INCOMPLETE, NOTHING, SAME, SEVERAL, TRUNCATED, kind_between, locate
from rnnsim.kernels.paths import LEAST_STEP, copy, extent, has_closed, next_segment, step_along

FIRST_STEP, SINGLE_STEP = 2.0**-7, 2.0**-14
GROWTH = 1.5
STRAIGHT = 0.995
STEPS = 100
FAR = 1e6
SETTLING = 30


class Seeds(NamedTuple):
    """Where seeds are looked for: `places` q on the axis, and `starts` (start, n); states can only be from `low` to `high`. Of the fixed
    points `states` (place, seed, n) there are `count` (place), and branches have been `visited` (place, seed)."""

    places: Any
    starts: Any
    low: Any
    high: Any
    states: Any
    count: Any
    visited: Any


class Course(NamedTuple):
    """The branches, if they are kept: y (branch, position, n + 1), unstable multipliers (branch, position), and length (branch)."""

    y: Any
    unstable: Any
    length: Any


@part
def find_seeds(line, room, path, seeds, counts):
    """Fixed points at every place, from every start, and from where the map takes every fourth of them."""
    n = room.J.shape[0]
    for k in range(seeds.places.size):
        segment = segment_of(line, seeds.places[k])
        starts = seeds.starts.shape[0]
        for i in range(starts + (starts + 3) // 4):
            copy(seeds.starts[i if i < starts else 4 * (i - starts)], path.y)
            path.y[n] = seeds.places[k]
            if i >= starts:
                settle(line, segment, path.y, SETTLING, room.G)
            if correct(line, room, segment, path.y, path.axis, path.tangent, 1.0):
                add_seed(seeds, k, path.y, counts)


@part
def add_seed(seeds, k, y, counts):
    """Keep a fixed point, unless it is known, or is none: where 1 - z of a GRU is lost in rounding, all states stay."""
    for j in range(seeds.low.size):
        if not seeds.low[j] <= y[j] <= seeds.high[j]:
            return
    for i in range(seeds.count[k]):
        if distance(seeds.states[k, i], y) < SAME:
            return
    if seeds.count[k] == seeds.states.shape[1]:
        counts[TRUNCATED] = 1
        return
    copy(y, seeds.states[k, seeds.count[k]])
    seeds.count[k] += 1


@part
def visit(line, segment, room, path, seeds, size):
    """Note the seeds that a branch comes past between two points."""
    n = room.J.shape[0]
    for k in range(seeds.places.size):
        a, b = seeds.places[k] - path.y[n], path.new[n] - path.y[n]
        if a * (seeds.places[k] - path.new[n]) > 0.0 or b == 0.0:
            continue
        for i in range(n):
            path.between[i] = path.y[i] + a / b * (path.new[i] - path.y[i])
        path.between[n] = seeds.places[k]
        copy(path.between, path.other)
        if not correct(line, room, segment, path.between, path.axis, path.spare, np.inf):
            continue
        for i in range(seeds.count[k]):
            if distance(path.between, path.other) <= size and distance(seeds.states[k, i], path.between) < SAME:
                seeds.visited[k, i] = True


@part
def record(course, branch, y, tests):
    """Keep a point of a branch, if there is room."""
    if branch >= course.length.size or course.length[branch] >= course.unstable.shape[1]:
        return
    position = course.length[branch]
    copy(y, course.y[branch, position])
    course.unstable[branch, position] = tests[UNSTABLE]
    course.length[branch] = position + 1


@part
def turn_round(course, branch):
    """Reverse what is kept of a branch."""
    if branch >= course.length.size:
        return
    last = course.length[branch] - 1
    for i in range((last + 1) // 2):
        course.unstable[branch, i], course.unstable[branch, last - i] = (
            course.unstable[branch, last - i],
            course.unstable[branch, i],
        )
        for j in range(course.y.shape[2]):
            a, b = course.y[branch, i, j], course.y[branch, last - i, j]
            course.y[branch, i, j], course.y[branch, last - i, j] = b, a


@part
def follow(line, room, extended, bracket, path, seeds, found, course, branch, direction, longest):
    """Follow a branch from path.first in a direction. True if it closes."""
    copy(path.first, path.y)
    segment, side, size, taken = segment_of(line, path.first[path.first.size - 1]), int(direction), min(FIRST_STEP, longest), 0
    segment -= side
    fresh = True
    while taken < STEPS * (2.0 / longest) and size >= LEAST_STEP:
        if side != 0:
            segment = next_segment(line, segment, room, path, side)
            if segment == -1:
                return False
            if segment == -2:
                break
        if fresh:
            fresh = False
            copy(path.tangent, path.first_tangent)
            if direction < 0.0:
                record(course, branch, path.y, path.before)
        side, cosine, good = step_along(line, segment, room, path, size)
        kind = NOTHING
        if good:
            examine(line, room, path.new_tangent, path.after)
            kind = kind_between(path.before, path.after)
        if not good or (kind == SEVERAL and size > SINGLE_STEP):
            size, side = size * 0.5, 0
            continue
        if kind != NOTHING:
            copy(path.y, bracket.low)
            copy(path.new, bracket.high)
            locate(line, segment, room, extended, bracket, found, kind, path.before)
        closed = taken > 2 and has_closed(path)
        visit(line, segment, room, path, seeds, size)
        record(course, branch, path.new, path.after)
        if closed or extent(path.new) > FAR:
            return closed
        copy(path.new, path.y)
        copy(path.new_tangent, path.tangent)
        copy(path.after, path.before)
        size = min(size * GROWTH, longest * max(1.0, extent(path.y))) if cosine > STRAIGHT else size
        taken += 1
    found.counts[INCOMPLETE] += 1
    return False


@kernel
def follow_all(line, room, extended, bracket, path, seeds, found, course, longest):
    """All branches of one network."""
    find_seeds(line, room, path, seeds, found.counts)
    for k in range(seeds.places.size):
        for i in range(seeds.count[k]):
            if seeds.visited[k, i]:
                continue
            seeds.visited[k, i] = True
            copy(seeds.states[k, i], path.first)
            path.first[path.first.size - 1] = seeds.places[k]
            branch = found.counts[BRANCHES]
            found.counts[BRANCHES] += 1
            for direction in (-1.0, 1.0):
                if follow(line, room, extended, bracket, path, seeds, found, course, branch, direction, longest):
                    break
                if direction < 0.0:
                    turn_round(course, branch)
