"""Periods of orbits, and which orbits are one attractor. States are numbers (…, step, number); their distance is the largest of their
numbers' distances."""

import math

from rnnsim.numerics.jit import internal, kernel

TOGETHER = 64  # rows that are looked at together, so that memory of scalar networks is read in runs


@kernel
def periods(orbit, tolerance, most, alive, found):
    """found[i] = the least p ≤ `most` with |s[k] - s[k-p]| ≤ tolerance max(1, |s|) for all numbers and all k ≥ p of row i, |s| being the
    smaller of the two; or 0."""
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
                            near = abs(now - before) <= tolerance * max(1.0, min(abs(now), abs(before)))
                            alive[i] = alive[i] and near
                        left = left or alive[i]
            for i in range(count):
                if alive[i]:
                    found[base + i] = p


@internal
def apart(a, i, b, j):
    """The distance of two states."""
    most = 0.0
    for n in range(a.shape[1]):
        most = max(most, abs(a[i, n] - b[j, n]))
    return most


@internal
def nearest(a, i, b, first, last, own):
    """The distance of state a[i] from the nearest of the states first…last of b; from another than itself if b is its `own` orbit."""
    least = math.inf
    for j in range(first, last):
        if not (own and i == j):
            least = min(least, apart(a, i, b, j))
    return least


@internal
def covers(a, p, b, q, distance):
    """Whether each of the last p states of a has one of the last q states of b near it."""
    near = True
    for i in range(a.shape[0] - p, a.shape[0]):
        near = near and nearest(a, i, b, b.shape[0] - q, b.shape[0], False) <= distance
    return near


@internal
def gap(a, a_first, a_last, b, b_first, b_last, own):
    """The mean distance of the states a_first…a_last of a from the nearest of the states b_first…b_last of b."""
    total = 0.0
    for i in range(a_first, a_last):
        total += nearest(a, i, b, b_first, b_last, own)
    return total / (a_last - a_first)


@internal
def extent(a):
    """The largest distance of two states."""
    most = 0.0
    for n in range(a.shape[1]):
        low, high = math.inf, -math.inf
        for i in range(a.shape[0]):
            low, high = min(low, a[i, n]), max(high, a[i, n])
        most = max(most, high - low)
    return most


@internal
def settled(a):
    """Whether the halves of an orbit without a period fill the same set: their states are no farther from the other half than steps/8 times
    as far as from their own, or 4 times if that is more. A steady drift makes them steps/4 times as far."""
    steps, half = a.shape[0], a.shape[0] // 2
    between = gap(a, 0, half, a, half, steps, False) + gap(a, half, steps, a, 0, half, False)
    return between <= max(4.0, steps / 8.0) * (gap(a, 0, half, a, 0, half, True) + gap(a, half, steps, a, half, steps, True))


@internal
def alike(a, of_a, b, of_b, nearness):
    """Whether two orbits without a period fill the same set: their states are no farther from each other, in the mean of the nearest,
    than twice as far as from their own kind, or than `nearness` of the set's extent. `of_a` and `of_b` are spacing and extent."""
    between = 0.5 * (gap(a, 0, a.shape[0], b, 0, b.shape[0], False) + gap(b, 0, b.shape[0], a, 0, a.shape[0], False))
    return between <= max(of_a[0] + of_b[0], nearness * max(of_a[1], of_b[1]))


@internal
def is_finite(a):
    """Whether all numbers of an orbit are."""
    for i in range(a.shape[0]):
        for n in range(a.shape[1]):
            if not abs(a[i, n]) < math.inf:
                return False
    return True


@internal
def copy_last(orbit, i, count, own):
    """The last states of start i."""
    steps = orbit.shape[1]
    for k in range(steps - count, steps):
        for n in range(orbit.shape[2]):
            own[k, n] = orbit[i, k, n]


@internal
def same(own, p, own_size, known, q, known_size, distance, nearness):
    """Whether two orbits of periods p and q (0: none) are on one attractor."""
    if p > 0 and q > 0:
        return covers(own, p, known, q, distance) and covers(known, q, own, p, distance)
    return p == 0 and q == 0 and alike(own, own_size, known, known_size, nearness)


@kernel
def label(orbit, period, distance, nearness, own, own_size, known, known_period, known_size, count, labels):
    """labels[i] = the attractor that start i ends on: the first of the `known` ones (attractor, step, number) that it is like, or a new
    one, which is then known; -1 if its states are not finite or not settled, or there is no room. count[0] are known; count[1]: there was
    no room.
    Cycles are one if their states are no farther than `distance` from each other, as sets. `own` has room for an orbit, `own_size` for
    its spacing and extent."""
    starts, steps = orbit.shape[0], orbit.shape[1]
    for i in range(starts):
        p = period[i]
        copy_last(orbit, i, p if p > 0 else steps, own)
        labels[i] = -1
        if p > 0 or (is_finite(own) and settled(own)):
            if p == 0:
                own_size[0], own_size[1] = gap(own, 0, steps, own, 0, steps, True), extent(own)
            a = 0
            while a < count[0] and not same(own, p, own_size, known[a], known_period[a], known_size[a], distance, nearness):
                a += 1
            if a == known_period.size:
                count[1] = 1
            else:
                if a == count[0]:
                    copy_last(orbit, i, steps, known[a])
                    known_period[a], count[0] = p, a + 1
                    known_size[a, 0], known_size[a, 1] = own_size[0], own_size[1]
                labels[i] = a
