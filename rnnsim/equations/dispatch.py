"""How kernels call the equations of a cell, an activation, a loss or an update rule."""

from numba.extending import overload


def dispatch(rule, name):
    """Kernels call `rule(thing, …)`; Numba inlines the method of that name of the thing's class."""
    overload(rule, jit_options={"forceinline": True}, strict=False)(lambda thing, *_: getattr(thing.instance_class, name))
