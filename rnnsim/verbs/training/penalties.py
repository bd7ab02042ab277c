"""Penalties of parameters as kernels of training read them."""

import numpy as np

from rnnsim.kernels.training.epochs import Penalty
from rnnsim.runs.penalties import of_parameters
from rnnsim.verbs.engines.penalties import Squares, over_points
from rnnsim.verbs.training.training_run import TrainingRun


def penalty_of(training: TrainingRun) -> Penalty:
    """The coefficients of all numbers that move, once or for every point, and the penalties of parameters that do not move."""
    run, points = training.run, training.grid.points
    weights = of_parameters(run.net, run.penalties)
    own = any(array.ndim for array in weights.values())
    rows = (points if own else 1) if weights else 0
    coefficients, constants = np.zeros((rows, training.size), run.dtype), np.zeros(points, run.dtype)
    for name, array in weights.items():
        by_point = over_points(run, array)
        if name in training.slices:
            part = training.slices[name]
            coefficients[:, part] = by_point[:rows, None] / (part.stop - part.start)
        else:
            constants += by_point * Squares(run, name).means()
    return Penalty(coefficients.reshape(-1), np.arange(points, dtype=np.int64) * training.size * own, constants)
