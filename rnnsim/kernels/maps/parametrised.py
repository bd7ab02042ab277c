"""The map of one network as one of its axes is moved along: s' = F(s, q), and its derivatives by s and by q.

The axis goes from q = -1 to q = 1. Parameters are linear in q between nodes[i] and nodes[i + 1]:

    θ(q) = numbers[i] + (q - nodes[i]) / (nodes[i + 1] - nodes[i]) · (numbers[i + 1] - numbers[i])

A point on it is y = (s, q): one vector, q behind the states.
"""

from typing import Any, NamedTuple

from rnnsim.equations.arity import own_of, slots, with_read
from rnnsim.equations.rules import linearize, push_numbers, pushforward, reading
from rnnsim.equations.symbolic.tracing import tracked
from rnnsim.kernels.maps.map import (
    Layer,
    find_read,
    keep_read,
    kernel_of,
    linearize_from,
    passed_on,
    preactivate,
    read_states,
    unit_tangent,
    write_states,
)
from rnnsim.kernels.recurrence.layers import place_of
from rnnsim.numerics.function_pointers import call
from rnnsim.numerics.jit import internal, specialised
from rnnsim.numerics.tuples import add, numbers_of
from rnnsim.numerics.unrolled import unrolled


class Line(NamedTuple):
    """`numbers` is (node, number); `now` and `slope` are θ and dθ/dq at one place: of each layer w_in, w_rec, bias and constants, then the
    inputs. `sizes` is (layer, 2): units and inputs. `kernels` holds the address of `evaluation_of`, so that what follows lines is compiled
    once for all cells; `others` are those of kernels that are called from several places."""

    kernels: Any
    others: Any
    sizes: Any
    nodes: Any
    numbers: Any
    now: Any
    slope: Any
    gate_scratch: Any
    none: Any


@internal
def segment_of(line, q):
    """Between which nodes q lies: i for nodes[i] and nodes[i + 1]."""
    segment = 0
    while segment < line.nodes.size - 2 and q > line.nodes[segment + 1]:
        segment += 1
    return segment


@internal
def move_to(line, segment, q):
    """θ and dθ/dq at q, on the line through a segment."""
    length = line.nodes[segment + 1] - line.nodes[segment]
    share = (q - line.nodes[segment]) / length
    for i in range(line.now.size):
        change = line.numbers[segment + 1, i] - line.numbers[segment, i]
        line.now[i] = line.numbers[segment, i] + share * change
        line.slope[i] = change / length


@internal
def slopes_of_preactivations(cell, layer, slope, i, values, dvalues, below, dbelow, count, s, first, gate_scratch):
    """∂a[:, i]/∂q at fixed states, into gate_scratch behind the gates."""
    x_gates, h_gates, gates = reading(cell, "x"), reading(cell, "h"), len(slots(cell, "gates"))
    for g in range(gates):
        in_x, in_h = place_of(g, x_gates), place_of(g, h_gates)
        total = slope.bias[0, g, i]
        if in_x >= 0:
            for u in range(count):
                total += slope.w_in[0, in_x, i, u] * values[below + u] + layer.w_in[0, in_x, i, u] * dvalues[dbelow + u]
        if in_h >= 0:
            for u in range(layer.w_rec.shape[2]):
                total += slope.w_rec[0, in_h, i, u] * s[first + u]
        gate_scratch[gates + g] = total


@internal
def slope_of_layer(cell, layer, slope, values, dvalues, below, dbelow, count, s, first, out, dout, gate_scratch):
    """The new states of one layer, and their derivatives by q."""
    own, constants, gates = slots(cell, "own"), slots(cell, "constants"), slots(cell, "gates")
    n = layer.w_rec.shape[2]
    read, place = find_read(cell, s, first, n, out.size, gate_scratch)
    for i in range(n):
        preactivate(cell, layer, 0, i, values, below, count, read, place, gate_scratch)
        slopes_of_preactivations(cell, layer, slope, i, values, dvalues, below, dbelow, count, read, place, gate_scratch)
        c = numbers_of(constants, layer.constants[0], i * len(constants))
        old, a, da = (
            with_read(cell, 0.0, read_states(own, s, first + i, n)),
            numbers_of(gates, gate_scratch, 0),
            numbers_of(gates, gate_scratch, len(gates)),
        )
        new, partials = linearize(cell, c, old, a)
        write_states(out, first + i, n, own_of(cell, new))
        keep_read(cell, first, n, out.size, n + i, new, gate_scratch)
        dc = numbers_of(constants, slope.constants[0], i * len(constants))
        pushed = pushforward(cell, c, partials, with_read(cell, 0.0, unit_tangent(own, first + i, n, -1)), da)
        moved = add(pushed, push_numbers(cell, c, partials, dc))
        write_states(dout, first + i, n, own_of(cell, moved))
        keep_read(cell, first, n, out.size, 2 * n + i, moved, gate_scratch)


@unrolled()
def slope_from(cells, layers, slopes, values, dvalues, below, count, s, first, out, dout, gate_scratch):
    """The same of all these layers, the first of which reads `count` values from `below` on."""
    dbelow = below
    for cell, layer, slope in zip(cells, layers, slopes, strict=True):
        slope_of_layer(cell, layer, slope, values, dvalues, below, dbelow, count, s, first, out, dout, gate_scratch)
        n = layer.w_rec.shape[2]
        values, below = passed_on(cell, out, first, n, n, gate_scratch)
        dvalues, dbelow = passed_on(cell, dout, first, n, 2 * n, gate_scratch)
        count, first = n, first + n * len(slots(cell, "own"))


@unrolled(forceinline=True)
def layers_at(cells, flat, sizes):
    """The layers, as views of one vector."""
    found, at = (), 0
    for layer, cell in enumerate(cells):
        n, m, gates, constants = sizes[layer, 0], sizes[layer, 1], len(slots(cell, "gates")), len(slots(cell, "constants"))
        x_gates, h_gates = len(reading(cell, "x")), len(reading(cell, "h"))
        rec = at + x_gates * n * m
        bias = rec + h_gates * n * n
        own = bias + gates * n
        end = own + constants * n
        w_in, w_rec = flat[at:rec].reshape((1, x_gates, n, m)), flat[rec:bias].reshape((1, h_gates, n, n))
        found = found + (Layer(w_in, w_rec, flat[bias:own].reshape((1, gates, n)), flat[own:end].reshape((1, constants * n))),)
        at = end
    return found


@specialised
def evaluation_of(cells):
    """The kernel of G = F(s, q) - s, J = ∂F/∂s and Fq = ∂F/∂q at y = (s, q)."""
    cells = tuple(tracked(cell) if cell.constants else cell for cell in cells)

    @kernel_of(cells)
    def linearized(now, slope, sizes, y, G, J, Fq, gate_scratch):
        layers, slopes = layers_at(cells, now, sizes), layers_at(cells, slope, sizes)
        first, count = now.size - sizes[0, 1], sizes[0, 1]
        slope_from(cells, layers, slopes, now, slope, first, count, y, 0, G, Fq, gate_scratch)
        linearize_from(cells, layers, 0, now, first, count, y, 0, G, J, gate_scratch)
        for i in range(G.size):
            G[i] -= y[i]

    return linearized


@internal
def linearize_on(line, segment, y, G, J, Fq):
    """G = F(s, q) - s, J = ∂F/∂s and Fq = ∂F/∂q at y = (s, q)."""
    move_to(line, segment, y[J.shape[0]])
    call(line.kernels, 0, (line.now, line.slope, line.sizes, y, G, J, Fq, line.gate_scratch))
