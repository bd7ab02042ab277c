"""Figures of recurrent networks: every function takes labelled arrays, draws on an Axes and returns it."""

from rnnsim.plot.basins import basins
from rnnsim.plot.drawing.canvas import look, panel_letters, shared_legend
from rnnsim.plot.drawing.downsampling import coarsened
from rnnsim.plot.orbit_diagrams import orbit_diagram, orbit_diagram_with_exponents, spectrum
from rnnsim.plot.overlays import curves
from rnnsim.plot.phase_planes import phase_plane
from rnnsim.plot.phase_portraits import cobweb, phase_portrait
from rnnsim.plot.predictions import predictions
from rnnsim.plot.propagation import singular_values
from rnnsim.plot.stability import multipliers
from rnnsim.plot.surfaces import cost_surface, cost_surfaces, gradient_norm_map
from rnnsim.plot.time_series import gradient_over_steps, trajectories
from rnnsim.plot.training import training_curves, training_path
from rnnsim.plot.weights import weights

__all__ = [
    "basins",
    "coarsened",
    "cobweb",
    "cost_surface",
    "cost_surfaces",
    "curves",
    "gradient_norm_map",
    "gradient_over_steps",
    "look",
    "multipliers",
    "orbit_diagram",
    "orbit_diagram_with_exponents",
    "panel_letters",
    "phase_plane",
    "phase_portrait",
    "predictions",
    "shared_legend",
    "singular_values",
    "spectrum",
    "training_curves",
    "training_path",
    "trajectories",
    "weights",
]
