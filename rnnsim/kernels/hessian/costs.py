"""Costs of frames of outputs, the cotangents of the outputs, and the tangents of these."""

from rnnsim.equations.losses import contribution, cotangent, cotangent_tangent
from rnnsim.kernels.recurrence.softmax import add_cross_entropy, exponential, put_cotangent, top_and_chosen
from rnnsim.numerics.jit import kernel, specialised
from rnnsim.numerics.primitives import muladd, select
from rnnsim.numerics.simd import load, splat, store
from rnnsim.numerics.tuples import width


@specialised
def element_cost(kind, loss):
    """The kernel of a cost that is a sum over outputs."""

    @kernel
    def cost(scratch, what):
        total = load(kind, scratch, what.total)
        for k in range(what.steps):
            for p in range(0, what.outputs * width(kind), width(kind)):
                y, dy = load(kind, scratch, what.y + k * what.y_step + p), load(kind, scratch, what.d_y + k * what.y_step + p)
                target = load(kind, scratch, what.targets + k * what.target_step + p)
                total = total + contribution(loss, y, target)
                store(scratch, what.g + k * what.g_step + p, cotangent(loss, y, target))
                store(scratch, what.d_g + k * what.g_step + p, cotangent_tangent(loss, y, target, dy))
        store(scratch, what.total, total)

    return cost


@specialised
def class_cost(kind):
    """The kernel of cross-entropy: with p = softmax(y), the cotangents are p, less 1 at the target, and their tangents p (ẏ - Σ p ẏ)."""

    @kernel
    def cost(scratch, what):
        lanes = width(kind)
        for k in range(what.steps):
            y, dy, g, dg = (
                what.y + k * what.y_step,
                what.d_y + k * what.y_step,
                what.g + k * what.g_step,
                what.d_g + k * what.g_step,
            )
            at = what.targets + k * what.target_step
            target = load(kind, scratch, at)
            top, chosen = top_and_chosen(kind, scratch, y, what.outputs, target)
            total, mean = splat(kind, 0.0), splat(kind, 0.0)
            for i in range(what.outputs):
                e = exponential(kind, scratch, y, top, g, i)
                total = total + e
                mean = muladd(e, load(kind, scratch, dy + i * lanes), mean)
            mean = mean / total
            for i in range(what.outputs):
                share = load(kind, scratch, g + i * lanes) / total
                tangent = share * (load(kind, scratch, dy + i * lanes) - mean)
                put_cotangent(kind, scratch, g, i, share, target)
                store(scratch, dg + i * lanes, select(target == target, tangent, 0.0))
            add_cross_entropy(kind, scratch, what.total, at, target, total, top, chosen, splat(kind, 1.0))

    return cost


def cost_of(kind, loss):
    """The kernel of a cost."""
    return class_cost(kind) if loss.classes else element_cost(kind, loss)
