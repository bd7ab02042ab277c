"""What a network is trained to make small: every cost, as the contribution of one output and its cotangent."""

from typing import Any, NamedTuple

from rnnsim.equations.dispatch import dispatch
from rnnsim.numerics.primitives import absolute, select, shift
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


class MeanSquaredError(NamedTuple):
    """(y - target)²."""

    classes = False
    differentiable = True

    def contribution(loss, y, target):
        error = y - target
        return select(target == target, error * error, 0.0)

    def cotangent(loss, y, target):
        error = y - target
        return select(target == target, error + error, 0.0)

    def cotangent_tangent(loss, y, target, dy):
        return select(target == target, dy + dy, 0.0)


class CrossEntropy(NamedTuple):
    """log Σ exp(y) - y[target], the negative log-likelihood of a whole number under softmax(y): `kernels.costs` sums it over rows."""

    classes = True
    differentiable = True


class RoundedAccuracy(NamedTuple):
    """1 where y, rounded to the nearest whole number (the even one of two), is the target."""

    classes = False
    differentiable = False

    def contribution(loss, y, target):
        small = absolute(y) < shift(y) / 3.0
        rounded = select(small, (y + shift(y)) - shift(y), y)
        return select(rounded == target, 1.0, 0.0)


class Accuracy(NamedTuple):
    """1 where the largest output is that of the target: `kernels.costs` sums it over rows."""

    classes = True
    differentiable = False


LOSSES: dict[str, Any] = {"mse": MeanSquaredError(), "cross_entropy": CrossEntropy()}
METRICS: dict[str, Any] = {"rounded_accuracy": RoundedAccuracy(), "accuracy": Accuracy()}
