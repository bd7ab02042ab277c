"""All branches of fixed points of one network over an axis, and the special points on them.

Fixed points at a few places of the axis, by Newton's method from many starts, are the seeds. From each, unless a branch has come past it, its
branch is followed both ways, by steps along the tangent that are corrected across it, until it leaves the axis or closes.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.compiling import kernel, part
from rnnsim.kernels.curves import UNSTABLE, correct, distance, examine
from rnnsim.kernels.lines import segment_of, settle
from rnnsim.kernels.locating import BRANCHES, INCOMPLETE, NOTHING, SAME, SEVERAL, TRUNCATED, kind_between, locate

FIRST_STEP, LEAST_STEP, SINGLE_STEP = 2.0**-7, 2.0**-24, 2.0**-14
GROWTH = 1.5
STRAIGHT, BENT = 0.995, 0.95
STEPS = 100
FAR = 1e6
SETTLING = 30


class Seeds(NamedTuple):
    """Where seeds are looked for: `places` q on the axis, and `starts` (start, n); states can only be from `low` to `high`. Of the fixed points
    `states` (place, seed, n) there are `count` (place), and branches have been `visited` (place, seed)."""

    places: Any
    starts: Any
    low: Any
    high: Any
    states: Any
    count: Any
    visited: Any


class Path(NamedTuple):
    """Room for a step: points, tangents and tests before and after it, the place of the seed with its tangent, and room for more."""

    y: Any
    new: Any
    tangent: Any
    new_tangent: Any
    before: Any
    after: Any
    first: Any
    first_tangent: Any
    between: Any
    other: Any
    spare: Any
    axis: Any


class Course(NamedTuple):
    """The branches, if they are kept: y (branch, position, n + 1), unstable multipliers (branch, position), and length (branch)."""

    y: Any
    unstable: Any
    length: Any


@part
def copy(source, target):
    """target = source, as far as both go."""
    for i in range(min(source.size, target.size)):
        target[i] = source[i]


@part
def dot(a, b):
    """Σ a b."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@part
def extent(y):
    """The largest coordinate."""
    most = 0.0
    for i in range(y.size):
        most = max(most, abs(y[i]))
    return most


@part
def find_seeds(line, room, path, seeds, counts):
    """Fixed points at every place, from every start: from itself, and from where the map takes it."""
    n = room.J.shape[0]
    for k in range(seeds.places.size):
        segment = segment_of(line, seeds.places[k])
        for i in range(2 * seeds.starts.shape[0]):
            copy(seeds.starts[i // 2], path.y)
            path.y[n] = seeds.places[k]
            if i % 2:
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
def stop_at_node(line, segment, room, path, size):
    """If a step has left its segment, end it at the node. Gives on which side the node is (0 if the step stays), and whether all is well."""
    n = room.J.shape[0]
    side = 1 if path.new[n] >= line.nodes[segment + 1] else -1 if path.new[n] <= line.nodes[segment] else 0
    if side == 0:
        return 0, True
    node = line.nodes[segment + 1] if side > 0 else line.nodes[segment]
    share = (node - path.y[n]) / (path.new[n] - path.y[n])
    for i in range(n):
        path.new[i] = path.y[i] + share * (path.new[i] - path.y[i])
    path.new[n] = node
    copy(path.new, path.other)
    path.axis[n] = side
    good = correct(line, room, segment, path.new, path.axis, path.new_tangent, np.inf)
    path.axis[n] = 1.0
    return side, good and distance(path.new, path.other) <= size


@part
def step_along(line, segment, room, path, size):
    """A step of the branch. Gives the side of the node that it ends at (0 if at none), the cosine of the angle by which the tangent turns,
    and whether all is well."""
    for i in range(path.y.size):
        path.new[i] = path.y[i] + size * path.tangent[i]
    copy(path.new, path.other)
    if not correct(line, room, segment, path.new, path.tangent, path.new_tangent, np.inf):
        return 0, 0.0, False
    if distance(path.new, path.other) > 0.5 * size:
        return 0, 0.0, False
    side, good = stop_at_node(line, segment, room, path, size)
    cosine = dot(path.tangent, path.new_tangent)
    return side, cosine, good and (cosine > BENT or size < 64.0 * LEAST_STEP)


@part
def has_closed(path):
    """Whether a step comes past the point where the branch began, in the same direction."""
    before, after, length = 0.0, 0.0, 0.0
    for i in range(path.y.size):
        before += (path.y[i] - path.first[i]) * path.first_tangent[i]
        after += (path.new[i] - path.first[i]) * path.first_tangent[i]
        length = max(length, abs(path.new[i] - path.y[i]))
    return before < 0.0 <= after and distance(path.new, path.first) <= length and dot(path.new_tangent, path.first_tangent) > 0.0


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
def begin(line, segment, room, path, direction):
    """The tangent and the tests at path.y, ahead in a direction of the axis. False if there is none."""
    n = room.J.shape[0]
    path.axis[n] = direction
    good = correct(line, room, segment, path.y, path.axis, path.tangent, np.inf)
    path.axis[n] = 1.0
    if good:
        examine(line, room, path.tangent, path.before)
    return good


@part
def next_segment(line, segment, room, path, side):
    """The segment behind a node at which a step has ended, where the branch begins anew; -1 at an end of the axis, -2 if it is lost."""
    segment += side
    if segment < 0 or segment > line.nodes.size - 2:
        return -1
    return segment if begin(line, segment, room, path, 1.0 * side) else -2


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
