"""Families of recurrent networks: simulate them, differentiate them, see how they behave. Any number can be an axis."""

import importlib
from typing import TYPE_CHECKING, Any

from rnnsim import cells, tasks
from rnnsim.equations.user_activations import Activation
from rnnsim.equations.user_losses import Loss
from rnnsim.families.axes import axis
from rnnsim.families.cell_checks import check_cell
from rnnsim.families.low_rank import LowRank
from rnnsim.families.own_cells import Cell
from rnnsim.families.random.dale import dale
from rnnsim.families.readouts import Readout
from rnnsim.families.recurrent_networks import GRU, LSTM, Elman
from rnnsim.families.stacks import Embedding, Stack
from rnnsim.families.vary import vary
from rnnsim.interop import from_keras, from_torch, to_torch
from rnnsim.runs.version import VERSION as __version__
from rnnsim.storage.netcdf import open, save
from rnnsim.sweep.merge import merge
from rnnsim.sweep.sweep import plan, sweep
from rnnsim.verbs.attractors.basins import basins
from rnnsim.verbs.attractors.orbit_diagram import orbit_diagram
from rnnsim.verbs.backprop import backprop
from rnnsim.verbs.equilibria.bifurcations import bifurcations
from rnnsim.verbs.equilibria.fixed_points import fixed_points
from rnnsim.verbs.hessian import cost_surfaces as surfaces
from rnnsim.verbs.hessian.curvature import curvature
from rnnsim.verbs.simulate import simulate
from rnnsim.verbs.stability.lyapunov import lyapunov
from rnnsim.verbs.stability.propagation import propagation
from rnnsim.verbs.training import schedules
from rnnsim.verbs.training.optimizers import SGD, Adam, ClipNorm, ClipValue, RMSprop, Rprop
from rnnsim.verbs.training.train import train

if TYPE_CHECKING:
    from rnnsim import plot

__all__ = [
    "GRU",
    "LSTM",
    "SGD",
    "Activation",
    "Adam",
    "Cell",
    "ClipNorm",
    "ClipValue",
    "Elman",
    "Embedding",
    "Loss",
    "LowRank",
    "RMSprop",
    "Readout",
    "Rprop",
    "Stack",
    "__version__",
    "axis",
    "backprop",
    "basins",
    "bifurcations",
    "cells",
    "check_cell",
    "curvature",
    "dale",
    "fixed_points",
    "from_keras",
    "from_torch",
    "lyapunov",
    "merge",
    "open",
    "orbit_diagram",
    "plan",
    "plot",
    "propagation",
    "save",
    "schedules",
    "simulate",
    "surfaces",
    "sweep",
    "tasks",
    "to_torch",
    "train",
    "vary",
]


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__", "__spec__"})


def __getattr__(name: str) -> Any:
    if name == "plot":  # matplotlib takes as long to import as all the rest
        return importlib.import_module("rnnsim.plot")
    raise AttributeError(f"module 'rnnsim' has no attribute {name!r}")
