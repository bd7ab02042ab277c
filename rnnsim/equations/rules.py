"""The rules of a cell, which kernels call. A cell is the element-wise part of one unit: its states s[k-1] and pre-activations a[k] (one a
gate; the kernels own the linear maps that make them) give the states s[k], h first. All follow from its equation (`derivation`):

    step              s[k]
    linearize         s[k], and the partial derivatives that the rules below need
    pullback          cotangents of s[k]               ->  of s[k-1] (but for the path through a[k]) and of a[k]
    pushforward       tangents of s[k-1] and of a[k]   ->  of s[k]
    partial_tangents  tangents of s[k-1] and of a[k]   ->  of the partial derivatives
    pullback_tangent  tangents of the partial derivatives and of the cotangents of s[k]  ->  of what `pullback` gives
    pull_numbers      cotangents of s[k]               ->  of the cell's own numbers, if it is `tracked`
    push_numbers      tangents of the cell's numbers   ->  of s[k], if it is `tracked`
    …_by_numbers      what tangents of the cell's numbers add to those of the partial derivatives, and of what `pullback` gives
    pull_numbers_tangent  the tangents of what `pull_numbers` gives
    output            what is read of the cell's own states s, if it is not the first of them; step and linearize give it before them, and
                      all other rules take it as a state more
    output_slopes     its derivatives by these states
    push_output       tangents of these states         ->  of what is read
    pull_output       cotangents of what is read       ->  of these states
    turn_output       tangents of these states, and of cotangents of what is read  ->  of what `pull_output` gives
    report            the pre-activations as users know them
    volume            a unit's factor of the determinant of the Jacobian, where that is Π volume · det W of the gate `volume_gate`, by its
                      place among those that read h; where it is no such product, that place is -1

States, partial derivatives and the cell's own numbers (`constants`, such as the leak) are tuples, and each class says how many it has.
`hides_divergence` says whether a finite state can follow one that is not.
"""

from numba.extending import overload

from rnnsim.equations.dispatch import dispatch
from rnnsim.numerics.primitives import muladd


def step(cell, constants, s, a):
    """The states s[k]."""
    return type(cell).step(cell, constants, s, a)


def linearize(cell, constants, s, a):
    """The states s[k], and the partial derivatives."""
    return type(cell).linearize(cell, constants, s, a)


def pullback(cell, constants, partials, g):
    """Cotangents of s[k-1] and of a[k] from those of s[k]."""
    return type(cell).pullback(cell, constants, partials, g)


def pushforward(cell, constants, partials, ds, da):
    """Tangents of s[k] from those of s[k-1] and a[k]."""
    return type(cell).pushforward(cell, constants, partials, ds, da)


def partial_tangents(cell, constants, s, a, partials, ds, da):
    """Tangents of the partial derivatives from those of s[k-1] and a[k]."""
    return type(cell).partial_tangents(cell, constants, s, a, partials, ds, da)


def pullback_tangent(cell, constants, partials, d_partials, g, dg):
    """Tangents of the cotangents of s[k-1] and of a[k] from those of the partial derivatives and of the cotangents of s[k]."""
    return type(cell).pullback_tangent(cell, constants, partials, d_partials, g, dg)


def pull_numbers(cell, constants, partials, g):
    """Cotangents of the cell's own numbers from those of s[k]; none if they are not tracked."""
    return type(cell).pull_numbers(cell, constants, partials, g)


def push_numbers(cell, constants, partials, dc):
    """Tangents of s[k] from those of the cell's own numbers."""
    return type(cell).push_numbers(cell, constants, partials, dc)


def partial_tangents_by_numbers(cell, constants, s, a, partials, dc):
    """What tangents of the cell's own numbers add to those of the partial derivatives."""
    return type(cell).partial_tangents_by_numbers(cell, constants, s, a, partials, dc)


def pullback_tangent_by_numbers(cell, constants, partials, g, dc):
    """What tangents of the cell's own numbers add to those of what `pullback` gives."""
    return type(cell).pullback_tangent_by_numbers(cell, constants, partials, g, dc)


def pull_numbers_tangent(cell, constants, partials, d_partials, g, dg, dc):
    """Tangents of what `pull_numbers` gives."""
    return type(cell).pull_numbers_tangent(cell, constants, partials, d_partials, g, dg, dc)


def output(cell, own):
    """What is read of a cell's own states."""
    return type(cell).output(cell, own)


def output_slopes(cell, own):
    """The derivatives of what is read by a cell's own states."""
    return type(cell).output_slopes(cell, own)


def push_output(cell, own, d_own):
    """The tangent of what is read from those of a cell's own states."""
    return type(cell).push_output(cell, own, d_own)


def pull_output(cell, own, g_read):
    """Cotangents of a cell's own states from that of what is read."""
    return type(cell).pull_output(cell, own, g_read)


def turn_output(cell, own, d_own, g_read, dg_read):
    """Tangents of what `pull_output` gives, from those of a cell's own states and of the cotangent of what is read."""
    return type(cell).turn_output(cell, own, d_own, g_read, dg_read)


def report(cell, a):
    """The pre-activations as users know them."""
    return type(cell).report(cell, a)


def volume(cell, constants, partials, one):
    """A unit's factor of the determinant of the Jacobian; `one` is 1 in every lane."""
    return type(cell).volume(cell, constants, partials, one)


RULES = (
    step,
    linearize,
    pullback,
    pushforward,
    partial_tangents,
    pullback_tangent,
    pull_numbers,
    push_numbers,
    partial_tangents_by_numbers,
    pullback_tangent_by_numbers,
    pull_numbers_tangent,
    output,
    output_slopes,
    push_output,
    pull_output,
    turn_output,
    report,
    volume,
)
for _rule in RULES:
    dispatch(_rule, _rule.__name__)


def reading(cell, letter):
    """The gates of a cell that read x or h, in the order of their weights."""
    return type(cell).x_gates if letter == "x" else type(cell).h_gates


def watch(cell, h, zero):
    """`zero`, or nan where the state h is not finite and the next one may be finite again."""
    return muladd(h, 0.0, zero) if cell.hides_divergence else zero


@overload(watch, jit_options={"forceinline": True})
def _watch(cell, h, zero):
    if cell.instance_class.hides_divergence:
        return lambda cell, h, zero: muladd(h, 0.0, zero)
    return lambda cell, h, zero: zero
