"""How many gates, states, constants and partial derivatives a cell or a rule has, as tuples that Numba unrolls."""

from numba.extending import overload

from rnnsim.numerics.tuples import INLINE


def slots(cell, what):
    """A tuple with one member for each of a cell's `gates`, `states` or `constants`, or of what a rule has."""
    return (0,) * size_of(type(cell), what)


@overload(slots, prefer_literal=True, jit_options=INLINE)
def _slots(cell, what):
    members = (0,) * size_of(cell.instance_class, what.literal_value)
    return lambda cell, what: members


def size_of(kind, what):
    """How many of something a class of cells or rules has: a number, or names."""
    found = getattr(kind, what)
    return len(found) if isinstance(found, tuple) else found


def partials_of(cell):
    """A tuple with one member for each partial derivative of a cell."""
    return (0,) * cell.partials


@overload(partials_of, jit_options=INLINE)
def _partials_of(cell):
    members = (0,) * cell.instance_class.partials
    return lambda cell: members


def with_read(cell, zero, own):
    """All states of a unit, or something of each, of that of its own ones: `zero` for what is read, if that is no state."""
    return (zero,) * cell.outputs + own


@overload(with_read, jit_options=INLINE)
def _with_read(cell, zero, own):
    if cell.instance_class.outputs:
        return lambda cell, zero, own: (zero, *own)
    return lambda cell, zero, own: own


def own_of(cell, states):
    """What there is of a unit's own states, of all states."""
    return states[cell.outputs :]


@overload(own_of, jit_options=INLINE)
def _own_of(cell, states):
    if cell.instance_class.outputs:
        return lambda cell, states: states[1:]
    return lambda cell, states: states


def read_of(cell, states):
    """What there is of what is read, if that is no state: a tuple of one, or none."""
    return states[: cell.outputs]


@overload(read_of, jit_options=INLINE)
def _read_of(cell, states):
    if cell.instance_class.outputs:
        return lambda cell, states: states[:1]
    return lambda cell, states: ()
