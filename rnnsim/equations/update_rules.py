"""How training moves a parameter: every rule, as equations on numbers, arrays or lanes.

A rule has `numbers`, such as the learning rate c; `states` s of every parameter, each of which starts at 0 or, if the rule gives a number's
name, at that number; and a `memory` of every network. It has two methods:

    prepare   what an update has in common for all parameters of a network: further numbers e, and the memory after it
    update    the parameter p after an update with the gradient g, and its states

A new rule is one more class here, and a value in `optimizers`.
"""

from typing import NamedTuple

from numba.extending import register_jitable

from rnnsim.equations.dispatch import dispatch
from rnnsim.numerics.primitives import at_least, at_most, muladd, select, square_root


def prepare(rule, c, memory, cost):
    """Further numbers of an update, and the memory after it."""
    return type(rule).prepare(rule, c, memory, cost)


def update(rule, c, e, s, p, g):
    """A parameter and its states after an update."""
    return type(rule).update(rule, c, e, s, p, g)


for _rule in (prepare, update):
    dispatch(_rule, _rule.__name__)


def nothing_in_common(rule, c, memory, cost):
    """No further numbers, no memory."""
    return (), ()


@register_jitable(forceinline=True)
def sign(x):
    """1, -1 or 0; 0 where x is nan."""
    return select(x > 0.0, 1.0, select(x < 0.0, -1.0, 0.0))


class Descent(NamedTuple):
    """p - lr g."""

    numbers = ("lr",)
    states = ()
    starts = ()
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        return muladd(-c[0], g, p), ()


class Momentum(NamedTuple):
    """v ← momentum v + g;  p - lr v."""

    numbers = ("lr", "momentum")
    states = ("velocity",)
    starts = (0.0,)
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        v = muladd(c[1], s[0], g)
        return muladd(-c[0], v, p), (v,)


class Nesterov(NamedTuple):
    """v ← momentum v + g;  p - lr (g + momentum v)."""

    numbers = ("lr", "momentum")
    states = ("velocity",)
    starts = (0.0,)
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        v = muladd(c[1], s[0], g)
        return muladd(-c[0], muladd(c[1], v, g), p), (v,)


class Adam(NamedTuple):
    """m ← β₁ m + (1-β₁) g,  v ← β₂ v + (1-β₂) g²;  p - lr m̂ / (√v̂ + eps),  m̂ = m / (1-β₁ᵗ),  v̂ = v / (1-β₂ᵗ)
    (Kingma and Ba 2015); the memory is β₁ᵗ and β₂ᵗ."""

    numbers = ("lr", "beta1", "beta2", "eps")
    states = ("first_moment", "second_moment")
    starts = (0.0, 0.0)
    memory = (("first_power", 1.0), ("second_power", 1.0))

    def prepare(rule, c, memory, cost):
        p1, p2 = memory[0] * c[1], memory[1] * c[2]
        return (c[0] / (1.0 - p1), 1.0 / square_root(1.0 - p2)), (p1, p2)

    def update(rule, c, e, s, p, g):
        m = muladd(c[1], s[0], (1.0 - c[1]) * g)
        v = muladd(c[2], s[1], (1.0 - c[2]) * (g * g))
        return p - e[0] * (m / muladd(square_root(v), e[1], c[3])), (m, v)


class RMSprop(NamedTuple):
    """v ← α v + (1-α) g²,  u ← momentum u + g / (√v + eps);  p - lr u  (Hinton 2012)."""

    numbers = ("lr", "alpha", "eps", "momentum")
    states = ("square", "velocity")
    starts = (0.0, 0.0)
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        v = muladd(c[1], s[0], (1.0 - c[1]) * (g * g))
        u = muladd(c[3], s[1], g / (square_root(v) + c[2]))
        return muladd(-c[0], u, p), (v, u)


class CenteredRMSprop(NamedTuple):
    """RMSprop by the variance v - m² of the gradient, m ← α m + (1-α) g  (Graves 2013)."""

    numbers = ("lr", "alpha", "eps", "momentum")
    states = ("square", "mean", "velocity")
    starts = (0.0, 0.0, 0.0)
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        v = muladd(c[1], s[0], (1.0 - c[1]) * (g * g))
        m = muladd(c[1], s[1], (1.0 - c[1]) * g)
        u = muladd(c[3], s[2], g / (square_root(v - m * m) + c[2]))
        return muladd(-c[0], u, p), (v, m, u)


@register_jitable(forceinline=True)
def resized(c, product, size):
    """The size of a step: it grows where the gradient kept its sign and shrinks where that flipped, within bounds."""
    factor = select(product > 0.0, c[1], select(product < 0.0, c[2], 1.0))
    return at_least(at_most(size * factor, c[4]), c[3])


RPROP = ("step", "grow", "shrink", "step_min", "step_max")


class RpropMinus(NamedTuple):
    """Rprop-: a step against the sign of the gradient, always (Riedmiller and Braun 1993, without backtracking)."""

    numbers = RPROP
    states = ("previous", "size")
    starts = (0.0, "step")
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        size = resized(c, g * s[0], s[1])
        return p - sign(g) * size, (g, size)


class IRpropMinus(NamedTuple):
    """iRprop-: after a flip no step, and the gradient counts as 0 (Igel and Hüsken 2003); `torch.optim.Rprop`."""

    numbers = RPROP
    states = ("previous", "size")
    starts = (0.0, "step")
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        product = g * s[0]
        size = resized(c, product, s[1])
        g = select(product < 0.0, 0.0, g)
        return p - sign(g) * size, (g, size)


class RpropPlus(NamedTuple):
    """Rprop+: after a flip the last step is undone, and the gradient counts as 0 (Riedmiller and Braun 1993)."""

    numbers = RPROP
    states = ("previous", "size", "move")
    starts = (0.0, "step", 0.0)
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        product = g * s[0]
        size = resized(c, product, s[1])
        move = select(product < 0.0, -s[2], -sign(g) * size)
        return p + move, (select(product < 0.0, 0.0, g), size, move)


class IRpropPlus(NamedTuple):
    """iRprop+: after a flip the last step is undone if the cost rose, and the gradient counts as 0 (Igel and Hüsken 2003)."""

    numbers = RPROP
    states = ("previous", "size", "move")
    starts = (0.0, "step", 0.0)
    memory = (("last_cost", float("inf")),)

    def prepare(rule, c, memory, cost):
        return (select(cost > memory[0], 1.0, 0.0),), (cost,)

    def update(rule, c, e, s, p, g):
        product = g * s[0]
        size = resized(c, product, s[1])
        back = select(e[0] > 0.0, -s[2], 0.0)
        move = select(product < 0.0, back, -sign(g) * size)
        return p + move, (select(product < 0.0, 0.0, g), size, move)


class TutorialRprop(NamedTuple):
    """The variant of the tutorial on the counting network: the size shrinks unless the sign is the last one's, of which the first is 0; two
    gradients of 0 in turn let it grow."""

    numbers = RPROP
    states = ("last_sign", "size")
    starts = (0.0, "step")
    memory = ()
    prepare = nothing_in_common

    def update(rule, c, e, s, p, g):
        now = sign(g)
        size = at_least(at_most(s[1] * select(now == s[0], c[1], c[2]), c[4]), c[3])
        return p - now * size, (now, size)
