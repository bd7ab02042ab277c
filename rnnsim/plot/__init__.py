"""Figures of recurrent networks: every function takes labelled arrays, draws on an Axes and returns it."""

from rnnsim.plot.coarse import coarsened
from rnnsim.plot.comparisons import predictions
from rnnsim.plot.courses import gradient_over_steps, trajectories
from rnnsim.plot.maps import cobweb, phase_portrait
from rnnsim.plot.matrices import weights
from rnnsim.plot.surfaces import cost_surface, cost_surfaces
from rnnsim.plot.training import training_curves, training_path

__all__ = [
    "coarsened",
    "cobweb",
    "cost_surface",
    "cost_surfaces",
    "gradient_over_steps",
    "phase_portrait",
    "predictions",
    "training_curves",
    "training_path",
    "trajectories",
    "weights",
]
