"""Means of batches of steps, the errors of these means, and how far they drift."""

import numpy as np

from rnnsim.numerics.jit import kernel


@kernel
def summarise(rates, lengths, firsts, means, errors, drifts, lane_scratch):
    """From rates (point, sample, batch, product), of batches of so many steps: their means over all steps, the standard errors of these by
    groups of batches that begin at `firsts`, and by how much the second half of the groups is above the first."""
    points, samples, batches, products = rates.shape
    groups, half = firsts.size, firsts.size // 2
    for point in range(points):
        for sample in range(samples):
            for product in range(products):
                total, steps = 0.0, 0.0
                for group in range(groups):
                    of_group, own = 0.0, 0.0
                    for batch in range(firsts[group], firsts[group + 1] if group + 1 < groups else batches):
                        of_group += rates[point, sample, batch, product] * lengths[batch]
                        own += lengths[batch]
                    lane_scratch[group] = of_group / own
                    total, steps = total + of_group, steps + own
                before, after = 0.0, 0.0
                for group in range(groups):
                    if group < half:
                        before += lane_scratch[group]
                    else:
                        after += lane_scratch[group]
                mean, squares = (before + after) / groups, 0.0
                for group in range(groups):
                    squares += (lane_scratch[group] - mean) ** 2
                means[point, sample, product] = total / steps
                errors[point, sample, product] = np.sqrt(squares / (groups - 1) / groups) if half else np.nan
                drifts[point, sample, product] = after / (groups - half) - before / half if half else np.nan
