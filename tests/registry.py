"""Every cell, loss and update rule of the package, found where they are defined: the laws that hold for all of them hold for a new one."""

import inspect

import rnnsim as rs
from rnnsim.equations import cells, losses, update_rules
from rnnsim.equations.activations import ACTIVATIONS
from rnnsim.equations.symbolic.tracing import cell_of


def classes_with(module, rule):
    """The classes of a module that have a rule."""
    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and hasattr(kind, rule)
    }


def instances(kind):
    """A cell with each activation that it may have, by name."""
    if "activation" in inspect.signature(kind.step).parameters:
        return {f"{kind.__name__} {name}": cell_of(kind, name) for name in ACTIVATIONS}
    return {kind.__name__: cell_of(kind)}


DECLARED = [kind for kind in classes_with(cells, "step").values() if kind.states]
ZOO = [getattr(rs.cells, name) for name in rs.cells.__all__]
CELLS = {name: cell for kind in (*DECLARED, *ZOO) for name, cell in instances(kind).items()}
LOSSES = {name: kind() for name, kind in classes_with(losses, "cotangent").items()}
RULES = {name: kind() for name, kind in classes_with(update_rules, "update").items()}
