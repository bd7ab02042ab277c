"""How uncertain it is on which attractor a start ends (Grebogi et al. 1983), from the labels of a grid of starts."""

from collections.abc import Sequence

import numpy as np

FEWEST = 3  # radii for a line and its error
SMALL = 0.25  # fractions above are no longer powers of the radius, because neighbourhoods overlap


def radii(sizes: Sequence[int]) -> np.ndarray:
    """1, 2, 4… cells, up to an eighth of the grid's shorter side."""
    most = max(1, min(sizes, default=1) // 8)
    return 2 ** np.arange(int(np.log2(most)) + 1, dtype=np.int32)


def uncertain_fraction(labels: np.ndarray) -> np.ndarray:
    """The share (network, radius) of the starts that have another label than one that is so far away along an axis, from labels (network,
    sample, …): of those that are so far inside that the largest radius fits."""
    sizes = labels.shape[2:]
    every = radii(sizes)
    most = int(every[-1])
    if min(sizes, default=0) <= 2 * most:
        return np.full((len(labels), len(every)), np.nan)
    inside = [slice(most, size - most) for size in sizes]
    found = []
    for radius in map(int, every):
        uncertain = np.zeros([*labels.shape[:2], *(size - 2 * most for size in sizes)], bool)
        for axis, size in enumerate(sizes):
            for shift in (-radius, radius):
                there = list(inside)
                there[axis] = slice(most + shift, size - most + shift)
                uncertain |= labels[:, :, *inside] != labels[:, :, *there]
        found.append(uncertain.reshape(len(labels), -1).mean(axis=1))
    return np.stack(found, axis=1)


def exponents(fractions: np.ndarray, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slope (network) of log fraction over log radius by least squares, at small fractions or the first 3, and its standard error; nan
    if there are fewer."""
    found = fractions > 0
    counted = found & ((fractions <= SMALL) | (found.cumsum(axis=1) <= FEWEST))
    count = counted.sum(axis=1)
    x, y = np.where(counted, np.log(radius), 0.0), np.log(np.where(counted, fractions, 1.0))
    enough = np.where(count >= FEWEST, count, np.nan)
    dx = np.where(counted, x - x.sum(axis=1, keepdims=True) / enough[:, None], 0.0)
    spread = np.where(count >= FEWEST, (dx**2).sum(axis=1), np.nan)
    slope = (dx * y).sum(axis=1) / spread
    left = np.where(counted, y - y.sum(axis=1, keepdims=True) / enough[:, None] - slope[:, None] * dx, 0.0)
    return slope, np.sqrt((left**2).sum(axis=1) / (enough - 2.0) / spread)
