"""Cross-entropy of a row of outputs, log Σ exp(y) - y[target], and its cotangents, softmax(y) less 1 at the target. Outputs of all lanes
stand one vector after the other."""

import math

from numba.extending import register_jitable

from rnnsim.numerics.functions.elementary import exp
from rnnsim.numerics.primitives import at_least, select
from rnnsim.numerics.simd import load, splat, store
from rnnsim.numerics.tuples import width


@register_jitable(forceinline=True)
def top_and_chosen(kind, scratch, y, outputs, target):
    """The largest output, and that of the target."""
    top, chosen = load(kind, scratch, y), splat(kind, 0.0)
    for i in range(outputs):
        value = load(kind, scratch, y + i * width(kind))
        top = at_least(top, value)
        chosen = select(target == float(i), value, chosen)
    return top, chosen


@register_jitable(forceinline=True)
def exponential(kind, scratch, y, top, g, i):
    """exp(y[i] - top), which is kept at g."""
    e = exp(load(kind, scratch, y + i * width(kind)) - top)
    store(scratch, g + i * width(kind), e)
    return e


@register_jitable(forceinline=True)
def put_cotangent(kind, scratch, g, i, share, target):
    """The cotangent of output i from its share of the softmax; 0 without a target."""
    cotangent = share - select(target == float(i), 1.0, 0.0)
    store(scratch, g + i * width(kind), select(target == target, cotangent, 0.0))


@register_jitable(forceinline=True)
def add_cross_entropy(kind, scratch, place, at, target, total, top, chosen, weight):
    """Add weight (log Σ exp(y) - y[target]) to the sum at `place`; `at` becomes the logarithm of the sum of exponentials."""
    store(scratch, at, select(target == target, total, 1.0))
    for lane in range(width(kind)):
        scratch[at + lane] = math.log(scratch[at + lane])
    lost = load(kind, scratch, at) + (top - chosen)
    store(scratch, place, load(kind, scratch, place) + select(target == target, lost * weight, 0.0))
