"""Steps along a branch: predicted along its tangent, corrected across it, and ended at the nodes of the axis."""

from typing import Any, NamedTuple

import numpy as np

from rnnsim.kernels.continuation.pseudo_arclength import correct, distance, examine
from rnnsim.numerics.jit import internal

LEAST_STEP = 2.0**-24
LEAST_COSINE = 0.95


class Path(NamedTuple):
    """Scratch for a step: points, tangents and tests before and after it, the place of the seed with its tangent, points
    between and the tangent there."""

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
    between_tangent: Any
    axis: Any


@internal
def copy(source, target):
    """target = source, as far as both go."""
    for i in range(min(source.size, target.size)):
        target[i] = source[i]


@internal
def dot(a, b):
    """Σ a b."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@internal
def extent(y):
    """The largest coordinate."""
    most = 0.0
    for i in range(y.size):
        most = max(most, abs(y[i]))
    return most


@internal
def stop_at_node(line, segment, scratch, path, size):
    """If a step has left its segment, end it at the node. Gives on which side that is (0 if the step stays), and whether all is well."""
    n = scratch.J.shape[0]
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
    good = correct(line, scratch, segment, path.new, path.axis, path.new_tangent, np.inf)
    path.axis[n] = 1.0
    return side, good and distance(path.new, path.other) <= size


@internal
def step_along(line, segment, scratch, path, size):
    """A step of the branch. Gives the side of the node that it ends at (0 if at none), the cosine of the angle by which the tangent
    turns, and whether all is well."""
    for i in range(path.y.size):
        path.new[i] = path.y[i] + size * path.tangent[i]
    copy(path.new, path.other)
    if not correct(line, scratch, segment, path.new, path.tangent, path.new_tangent, np.inf):
        return 0, 0.0, False
    if distance(path.new, path.other) > 0.5 * size:
        return 0, 0.0, False
    side, good = stop_at_node(line, segment, scratch, path, size)
    cosine = dot(path.tangent, path.new_tangent)
    return side, cosine, good and (cosine > LEAST_COSINE or size < 64.0 * LEAST_STEP)


@internal
def turns_twice(path):
    """Whether the cubic that has the place on the axis and the tangent of both ends of a step turns round between them, and back."""
    n, length = path.y.size - 1, 0.0
    for i in range(n + 1):
        length += (path.new[i] - path.y[i]) ** 2
    length = np.sqrt(length)
    a, b, change = path.tangent[n] * length, path.new_tangent[n] * length, path.new[n] - path.y[n]
    linear, square = 3.0 * change - 2.0 * a - b, 3.0 * (a + b - 2.0 * change)
    if not a * b > 0.0 or not 0.0 < -linear * square < square * square:
        return False
    return a * (a - linear * linear / square) < 0.0


@internal
def has_closed(path):
    """Whether a step comes past the point where the branch began, in the same direction."""
    before, after, length = 0.0, 0.0, 0.0
    for i in range(path.y.size):
        before += (path.y[i] - path.first[i]) * path.first_tangent[i]
        after += (path.new[i] - path.first[i]) * path.first_tangent[i]
        length = max(length, abs(path.new[i] - path.y[i]))
    return before < 0.0 <= after and distance(path.new, path.first) <= length and dot(path.new_tangent, path.first_tangent) > 0.0


@internal
def set_out(line, segment, scratch, path, direction):
    """The tangent and the tests at path.y, ahead in a direction of the axis. False if there is none."""
    n = scratch.J.shape[0]
    path.axis[n] = direction
    good = correct(line, scratch, segment, path.y, path.axis, path.tangent, np.inf)
    path.axis[n] = 1.0
    if good:
        examine(line, scratch, path.tangent, path.before)
    return good


@internal
def next_segment(line, segment, scratch, path, side):
    """The segment behind a node at which a step has ended, where the branch begins anew; -1 at an end of the axis, -2 if it is lost."""
    segment += side
    if segment < 0 or segment > line.nodes.size - 2:
        return -1
    return segment if set_out(line, segment, scratch, path, 1.0 * side) else -2
