"""What a network is trained to make small: every cost, as what one output adds to the sum whose mean is the cost, and metrics alike.

A loss is a function of an output y and its target. Its derivatives follow (`symbolic.loss_rules`). A new loss is one more function.
"""

from typing import Any, NamedTuple

from rnnsim.equations.dispatch import dispatch
from rnnsim.equations.symbolic.functions import absolute, exp, softplus, where
from rnnsim.equations.symbolic.loss_rules import derived_loss
from rnnsim.numerics import primitives
from rnnsim.numerics.primitives import select, shift
from rnnsim.numerics.unrolled import unrolled


def contribution(loss, y, target):
    """What output y adds to the sum whose mean is the cost; 0 where the target is nan."""
    return type(loss).contribution(loss, y, target)


def cotangent(loss, y, target):
    """The derivative of `contribution` with respect to y."""
    return type(loss).cotangent(loss, y, target)


def cotangent_tangent(loss, y, target, dy):
    """The tangent of `cotangent` from that of y."""
    return type(loss).cotangent_tangent(loss, y, target, dy)


for _rule in (contribution, cotangent, cotangent_tangent):
    dispatch(_rule, _rule.__name__)


@unrolled(forceinline=True)
def contributions(measures, y, target, totals):
    """Sums of measures, one more output added to each."""
    return tuple(total + contribution(measure, y, target) for measure, total in zip(measures, totals, strict=True))


def mse(y, target):
    """(y - target)²."""
    return (y - target) ** 2


def absolute_error(y, target):
    """|y - target|."""
    return absolute(y - target)


def huber(y, target):
    """(y - target)² / 2 within 1 of the target, |y - target| - 1/2 beyond (Huber 1964)."""
    error = y - target
    return where(absolute(error) <= 1.0, 0.5 * error**2, absolute(error) - 0.5)


def poisson(y, target):
    """exp(y) - target y: y is the logarithm of a rate, the target a count."""
    return exp(y) - target * y


def logistic(y, target):
    """log(1 + exp(y)) - target y: y is the logit of a probability, the target 0 or 1, or a probability."""
    return softplus(y) - target * y


class CrossEntropy(NamedTuple):
    """log Σ exp(y) - y[target], the negative log-likelihood of a whole number under softmax(y): `kernels.costs` sums it over rows."""

    classes = True
    differentiable = True


class RoundedAccuracy(NamedTuple):
    """1 where y, rounded to the nearest whole number (the even one of two), is the target."""

    classes = False
    differentiable = False

    def contribution(loss, y, target):
        small = primitives.absolute(y) < shift(y) / 3.0
        rounded = select(small, (y + shift(y)) - shift(y), y)
        return select(rounded == target, 1.0, 0.0)


class Accuracy(NamedTuple):
    """1 where the largest output is that of the target: `kernels.costs` sums it over rows."""

    classes = True
    differentiable = False


LOSSES: dict[str, Any] = {
    "mse": derived_loss(mse),
    "cross_entropy": CrossEntropy(),
    "absolute": derived_loss(absolute_error),
    "huber": derived_loss(huber),
    "poisson": derived_loss(poisson),
    "logistic": derived_loss(logistic),
}
METRICS: dict[str, Any] = {"rounded_accuracy": RoundedAccuracy(), "accuracy": Accuracy()}
