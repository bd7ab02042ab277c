"""Losses of a user's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import xxhash

from rnnsim.checks.arguments import refuse_methods
from rnnsim.checks.showing import kind_of, shown
from rnnsim.equations.losses import LOSSES
from rnnsim.equations.symbolic.expressions import Node, operations_in, text_of
from rnnsim.equations.symbolic.loss_rules import OUTPUT, rules_of_loss, traced_loss


class Loss:
    """A loss of your own, for `loss=` of the verbs: the cost is its mean over all outputs and targets that count.

    The function is run once, on symbols, and its derivatives follow.

    Parameters
    ----------
    value : callable
        The loss f(y, t) of one output y and its target t, of arithmetic, comparisons and `rnnsim.functions`.

    Raises
    ------
    TypeError
        If the function is none, or if it cannot be derived.
    ValueError
        If it does not depend on the output.

    See Also
    --------
    rnnsim.backprop : The cost and its gradients.
    rnnsim.train : Training by a loss.

    Examples
    --------
    >>> import rnnsim as rs
    >>> from rnnsim.functions import log
    >>> cauchy = rs.Loss(lambda y, t: log(1.0 + (y - t) ** 2))
    >>> net = rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.5]))
    >>> rs.backprop(net, [1.0, 0.0, -1.0], 0.5, loss=cauchy, keep="cost").cost.values.round(6)
    array([0.866518, 0.075889])
    """

    def __init__(self, value: Callable[[Any, Any], Any]):
        if not callable(value):
            raise TypeError(f"value was given {kind_of(value)}; it needs a function of an output and its target")
        self.expression = traced_loss(value, "value")
        if not depends_on(self.expression, OUTPUT):
            raise ValueError("value does not depend on its first argument, the output; it needs to")

    @classmethod
    def _of(cls, expression: Node) -> Loss:
        """The loss of an expression."""
        made = cls.__new__(cls)
        made.expression = expression
        return made

    def __init_subclass__(cls) -> None:
        refuse_methods(cls, ("value", "contribution", "cotangent"), "rs.Loss(value)")

    @cached_property
    def rule(self) -> Any:
        """The loss as kernels take it."""
        return rules_of_loss("loss", self.expression)

    @cached_property
    def hash(self) -> str:
        """A hash of what the function does."""
        return xxhash.xxh3_128_hexdigest(text_of([self.expression]).encode())

    def __repr__(self) -> str:
        return f"of the user's own ({self.hash[:8]})"

    def __reduce__(self) -> Any:
        return Loss._of, (self.expression,)


def depends_on(node: Node, leaf: Node) -> bool:
    """Whether an expression is made of a leaf."""
    return any(inner is leaf for inner in operations_in([node]))


def check_loss(loss: Any) -> Any:
    """The loss as kernels take it, of a name or of a user's own."""
    if isinstance(loss, Loss):
        return loss.rule
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss was given as {shown(loss)}; it needs one of {', '.join(LOSSES)}, or an rs.Loss")
    return LOSSES[loss]
