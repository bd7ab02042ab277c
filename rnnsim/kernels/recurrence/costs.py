"""Costs of frames of outputs, and the cotangents of the outputs."""

from rnnsim.equations.losses import contribution, cotangent
from rnnsim.kernels.recurrence.softmax import add_cross_entropy, exponential, put_cotangent, top_and_chosen
from rnnsim.numerics.jit import kernel, specialised
from rnnsim.numerics.primitives import select
from rnnsim.numerics.simd import Kind, load, splat, store
from rnnsim.numerics.tuples import width


@specialised
def element_cost(layout, loss, weighted):
    """The kernel of a cost that is a sum over outputs, each with a weight if it is `weighted`."""
    wide = layout.wide

    @kernel
    def cost(scratch, what):
        total = load(wide, scratch, what.total)
        for k in range(what.steps):
            for p in range(0, what.frame, width(wide)):
                y = load(wide, scratch, what.y + k * what.y_by_step + p)
                target = load(wide, scratch, what.targets + k * what.target_frame + p)
                value, g = contribution(loss, y, target), cotangent(loss, y, target)
                if weighted:
                    weight = load(wide, scratch, what.weights + k * what.target_frame + p)
                    value, g = value * weight, g * weight
                total = total + value
                store(scratch, what.g + k * what.g_by_step + p, g)
        store(scratch, what.total, total)

    return cost


@specialised
def class_cost(layout, dtype, weighted):
    """The kernel of cross-entropy of each row whose target is a number, with a weight if it is `weighted`, and of its cotangents.
    One output of all lanes stands in each vector; where lanes are units, a vector is one number."""
    kind = Kind(layout.apart, dtype)
    size = layout.apart

    @kernel
    def cost(scratch, what):
        for k in range(what.steps):
            for row in range(what.rows):
                y, g = what.y + k * what.y_by_step + row * what.row, what.g + k * what.g_by_step + row * what.row
                at = what.targets + k * what.target_frame + row * what.target_row
                target = load(kind, scratch, at)
                top, chosen = top_and_chosen(kind, scratch, y, what.outputs, target)
                total = splat(kind, 0.0)
                for i in range(what.outputs):
                    total = total + exponential(kind, scratch, y, top, g, i)
                for i in range(what.outputs):
                    put_cotangent(kind, scratch, g, i, load(kind, scratch, g + i * size) / total, target)
                weight = splat(kind, 1.0)
                if weighted:
                    weight = load(kind, scratch, what.weights + k * what.target_frame + row * what.target_row)
                    for i in range(what.outputs):
                        store(scratch, g + i * size, load(kind, scratch, g + i * size) * weight)
                add_cross_entropy(kind, scratch, what.total, at, target, total, top, chosen, weight)

    return cost


@specialised
def element_metric(layout, metric, weighted):
    """The kernel of a sum over outputs that has no cotangent; each has a weight if it is `weighted`."""
    wide = layout.wide

    @kernel
    def measure(scratch, what):
        total = load(wide, scratch, what.total)
        for k in range(what.steps):
            for p in range(0, what.frame, width(wide)):
                y = load(wide, scratch, what.y + k * what.y_by_step + p)
                value = contribution(metric, y, load(wide, scratch, what.targets + k * what.target_frame + p))
                if weighted:
                    value = value * load(wide, scratch, what.weights + k * what.target_frame + p)
                total = total + value
        store(scratch, what.total, total)

    return measure


@specialised
def class_accuracy(layout, dtype, weighted):
    """The kernel that counts the rows whose largest output, the first of equal ones, is that of the target, or sums their weights if it is
    `weighted`."""
    kind = Kind(layout.apart, dtype)
    size = layout.apart

    @kernel
    def measure(scratch, what):
        for k in range(what.steps):
            for row in range(what.rows):
                y = what.y + k * what.y_by_step + row * what.row
                target = load(kind, scratch, what.targets + k * what.target_frame + row * what.target_row)
                top, place = load(kind, scratch, y), splat(kind, 0.0)
                for i in range(1, what.outputs):
                    value = load(kind, scratch, y + i * size)
                    place = select(value > top, float(i), place)
                    top = select(value > top, value, top)
                right = select(target == place, 1.0, 0.0)
                if weighted:
                    right = right * load(kind, scratch, what.weights + k * what.target_frame + row * what.target_row)
                store(scratch, what.total, load(kind, scratch, what.total) + right)

    return measure


def cost_of(layout, loss, dtype, weighted):
    """The kernel of a cost, or of a metric."""
    if loss.classes:
        return class_cost(layout, dtype, weighted) if loss.differentiable else class_accuracy(layout, dtype, weighted)
    return element_cost(layout, loss, weighted) if loss.differentiable else element_metric(layout, loss, weighted)
