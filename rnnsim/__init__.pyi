"""The public names of the package and where they stand, for type checkers and for `__getattr__`, which imports what is asked for."""

from rnnsim import cells as cells
from rnnsim import plot as plot
from rnnsim import tasks as tasks
from rnnsim.equations.user_activations import Activation as Activation
from rnnsim.equations.user_losses import Loss as Loss
from rnnsim.families.axes import axis as axis
from rnnsim.families.cell_checks import check_cell as check_cell
from rnnsim.families.low_rank import LowRank as LowRank
from rnnsim.families.own_cells import Cell as Cell
from rnnsim.families.random.dale import dale as dale
from rnnsim.families.readouts import Readout as Readout
from rnnsim.families.recurrent_networks import GRU as GRU
from rnnsim.families.recurrent_networks import LSTM as LSTM
from rnnsim.families.recurrent_networks import Elman as Elman
from rnnsim.families.stacks import Embedding as Embedding
from rnnsim.families.stacks import Stack as Stack
from rnnsim.families.vary import vary as vary
from rnnsim.interop import from_keras as from_keras
from rnnsim.interop import from_torch as from_torch
from rnnsim.interop import to_torch as to_torch
from rnnsim.storage.netcdf import open as open
from rnnsim.storage.netcdf import save as save
from rnnsim.sweep.merge import merge as merge
from rnnsim.sweep.sweep import plan as plan
from rnnsim.sweep.sweep import sweep as sweep
from rnnsim.verbs.attractors.basins import basins as basins
from rnnsim.verbs.attractors.orbit_diagram import orbit_diagram as orbit_diagram
from rnnsim.verbs.backprop import backprop as backprop
from rnnsim.verbs.equilibria.bifurcations import bifurcations as bifurcations
from rnnsim.verbs.equilibria.fixed_points import fixed_points as fixed_points
from rnnsim.verbs.hessian import surfaces as surfaces
from rnnsim.verbs.hessian.curvature import curvature as curvature
from rnnsim.verbs.simulate import simulate as simulate
from rnnsim.verbs.stability.lyapunov import lyapunov as lyapunov
from rnnsim.verbs.stability.propagation import propagation as propagation
from rnnsim.verbs.training import schedules as schedules
from rnnsim.verbs.training.optimizers import SGD as SGD
from rnnsim.verbs.training.optimizers import Adam as Adam
from rnnsim.verbs.training.optimizers import ClipNorm as ClipNorm
from rnnsim.verbs.training.optimizers import ClipValue as ClipValue
from rnnsim.verbs.training.optimizers import RMSprop as RMSprop
from rnnsim.verbs.training.optimizers import Rprop as Rprop
from rnnsim.verbs.training.train import train as train

__version__: str
