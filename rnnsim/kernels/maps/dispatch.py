"""What is known of a network, by the addresses of kernels for its cells, so that the kernels which search need not be compiled for each."""

from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import internal

STEP, TANGENTS, BOX, NARROWER = range(4)
SCALAR = BOX  # of networks that are searched in another way


@internal
def advance(rules, layers, p, s, x, out, gate_scratch):
    """out = F(s), as `maps.advance`."""
    call(rules, STEP, (layers, p, s, x, out, gate_scratch))


@internal
def jacobian(rules, layers, p, s, x, out, J, gate_scratch):
    """out = F(s) and its Jacobian J, as `maps.jacobian`."""
    call(rules, TANGENTS, (layers, p, s, x, out, J, gate_scratch))


@internal
def enclose(rules, layers, p, X, Y, J):
    """Y ∋ F and J ∋ its Jacobian on the box X, as `intervals.enclose`."""
    call(rules, BOX, (layers, p, X, Y, J))


@internal
def narrow(rules, layers, p, X):
    """Make the box X smaller, as `intervals.narrow`."""
    call(rules, NARROWER, (layers, p, X))


@internal
def candidates(rules, layers, p, roots, notes):
    """All fixed points of a scalar network, as `scalar_points.candidates`."""
    call(rules, SCALAR, (layers, p, roots, notes))
