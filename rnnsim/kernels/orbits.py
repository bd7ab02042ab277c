"""Periods of orbits, and which orbits are one attractor. States are numbers (…, step, number); their distance is the largest of their
numbers' distances."""

import math

from rnnsim.kernels.compiling import kernel, part

TOGETHER = 64  # rows that are looked at together, so that memory of scalar networks is read in runs


@kernel
def periods(orbit, tolerance, most, alive, found):
    """found[i] = the least p ≤ `most` with |s[k] - s[k-p]| ≤ tolerance max(1, |s[k]|) for all numbers and all k ≥ p of row i, or 0."""
    rows, steps, numbers = orbit.shape
    for base in range(0, rows, alive.size):
        count = min(alive.size, rows - base)
        for i in range(count):
            found[base + i] = 0
        for p in range(1, most + 1):
            for i in range(count):
                alive[i] = found[base + i] == 0
            left = True
            for k in range(steps - 1, p - 1, -1):
                if left:
                    left = False
                    for i in range(count):
                        for j in range(numbers):
                            now, before = orbit[base + i, k, j], orbit[base + i, k - p, j]
                            near = abs(now - before) <= tolerance * max(1.0, abs(now))
                            alive[i] = alive[i] and near
                        left = left or alive[i]
            for i in range(count):
                if alive[i]:
                    found[base + i] = p


@part
def apart(a, i, b, j):
    """The distance of two states."""
    most = 0.0
    for n in range(a.shape[1]):
        most = max(most, abs(a[i, n] - b[j, n]))
    return most


@part
def nearest(a, i, b, first, own):
    """The distance of state a[i] from the nearest state of b from `first` on, but for itself if b is its `own` orbit."""
    least = math.inf
    for j in range(first, b.shape[0]):
        if not (own and i == j):
            least = min(least, apart(a, i, b, j))
    return least


@part
def covers(a, p, b, q, distance):
    """Whether each of the last p states of a has one of the last q states of b near it."""
    for i in range(a.shape[0] - p, a.shape[0]):
        if not nearest(a, i, b, b.shape[0] - q, False) <= distance:
            return False
    return True


@part
def mean_nearest(a, b, own):
    """The mean distance of the states of a from the nearest of b."""
    total = 0.0
    for i in range(a.shape[0]):
        total += nearest(a, i, b, 0, own)
    return total / a.shape[0]


@part
def extent(a):
    """The largest distance of two states."""
    most = 0.0
    for n in range(a.shape[1]):
        low, high = math.inf, -math.inf
        for i in range(a.shape[0]):
            low, high = min(low, a[i, n]), max(high, a[i, n])
        most = max(most, high - low)
    return most


@part
def alike(a, of_a, b, of_b, nearness):
    """Whether two orbits without a period fill the same set: their states are no farther from each other, in the mean of the nearest,
    than twice as far as from their own kind, or than `nearness` of the set's extent. `of_a` and `of_b` are spacing and extent."""
    between = 0.5 * (mean_nearest(a, b, False) + mean_nearest(b, a, False))
    return between <= max(of_a[0] + of_b[0], nearness * max(of_a[1], of_b[1]))


@part
def is_finite(a):
    """Whether all numbers of an orbit are."""
    for i in range(a.shape[0]):
        for n in range(a.shape[1]):
            if not abs(a[i, n]) < math.inf:
                return False
    return True


@kernel
def label(orbit, period, distance, nearness, own, room, known, known_period, known_size, count, labels):
    """labels[i] = the attractor that start i ends on: the first of the `known` ones (attractor, step, number) that it is like, or a new
    one, which is then known; -1 if its states are not finite, or there is no room. count[0] are known; count[1]: there was no room.
    Cycles are one if their states are no farther than `distance` from each other, as sets. `own` is room for an orbit, `room` for its
    spacing and extent."""
    starts, steps, numbers = orbit.shape
    for i in range(starts):
        labels[i] = -1
        for k in range(steps):
            for j in range(numbers):
                own[k, j] = orbit[i, k, j]
        if is_finite(own):
            p = period[i]
            if p == 0:
                room[0], room[1] = mean_nearest(own, own, True), extent(own)
            for a in range(count[0]):
                q = known_period[a]
                if labels[i] < 0 and p > 0 and q > 0:
                    if covers(own, p, known[a], q, distance) and covers(known[a], q, own, p, distance):
                        labels[i] = a
                elif labels[i] < 0 and p == 0 and q == 0:
                    if alike(own, room, known[a], known_size[a], nearness):
                        labels[i] = a
            if labels[i] < 0 and count[0] < known_period.size:
                a = count[0]
                labels[i], known_period[a], count[0] = a, p, a + 1
                known_size[a, 0], known_size[a, 1] = room[0], room[1]
                for k in range(steps):
                    for j in range(numbers):
                        known[a, k, j] = own[k, j]
            elif labels[i] < 0:
                count[1] = 1
