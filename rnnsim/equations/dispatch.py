"""How kernels call the equations of a cell or an activation."""

from numba.extending import overload


def dispatch(rule, name):
    """Kernels call `rule(cell, …)`; Numba inlines the method of that name of the cell's class."""
    overload(rule, jit_options={"forceinline": True}, strict=False)(lambda cell, *_: getattr(cell.instance_class, name))
