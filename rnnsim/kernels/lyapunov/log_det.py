"""By what the step of a layer multiplies volumes: |det J| of its Jacobian, multiplied up along an orbit. It is found without any frame of
tangents, so that the sum of all exponents can be checked by it."""

from rnnsim.equations.arity import partials_of, slots
from rnnsim.equations.rules import pushforward, reading, volume
from rnnsim.kernels.linalg.lu import factorise
from rnnsim.kernels.linalg.matmul import factor
from rnnsim.kernels.linalg.scaled_products import grown, grown_seldom
from rnnsim.kernels.lyapunov.push import elements
from rnnsim.kernels.maps.map import read_states, unit_tangent, write_column
from rnnsim.kernels.recurrence.layers import kernel_of, place_of
from rnnsim.numerics.jit import internal, specialised
from rnnsim.numerics.primitives import absolute
from rnnsim.numerics.simd import align_stack, load, splat, store
from rnnsim.numerics.tuples import width
from rnnsim.numerics.unrolled import unrolled


@unrolled(forceinline=True)
def by_tangent(count, gate, readers, scratch, at, apart):
    """The tuple of weights by which the pre-activations of the gates from `gate` on read one state; 0 of those that read none."""
    weights = ()
    for i in range(len(count)):
        place = place_of(gate + i, readers)
        weights = weights + (scratch[at + place * apart] if place >= 0 else 0.0,)
    return weights


@internal
def multiply_up(scratch, frame, size, lane, J):
    """Let the volume of a lane grow by the diagonal of a triangular J."""
    m, k = frame.mantissas + frame.columns * size + lane, frame.exponents + frame.columns * size + lane
    product = scratch[m], scratch[k]
    for i in range(J.shape[0]):
        product = grown(product, abs(J[i, i]))
    scratch[m], scratch[k] = product


@internal
def grow_by_units(spread, cell, scratch, layer, frame):
    """Volumes times the volume of every unit and |det W|."""
    kind, partials, constants = spread.kind, partials_of(cell), slots(cell, "constants")
    size, data = width(kind), factor(spread.data, scratch, 0, 0, 0, 0)
    constant = layer.constants + frame.sequence * layer.row
    at = layer.partials + frame.step * len(partials) * layer.frame + frame.sequence * layer.row
    m, k = frame.mantissas + frame.columns * size, frame.exponents + frame.columns * size
    product, one = (load(kind, scratch, m), load(kind, scratch, k)), splat(kind, 1.0)
    for unit in range(layer.units):
        d = elements(kind, partials, data, at + unit * spread.apart, layer.frame)
        c = elements(kind, constants, data, constant + unit * spread.apart, layer.frame)
        product = grown_seldom(product, absolute(volume(cell, c, d, one)[0]))
    product = grown_seldom(product, load(kind, scratch, layer.volume))
    store(scratch, m, product[0])
    store(scratch, k, product[1] + load(kind, scratch, layer.volume + size))


@internal
def grow_by_jacobian(spread, cell, scratch, layer, frame, jacobian, pivots):
    """Volumes times |det J| of each lane."""
    gates, constants, partials, states = slots(cell, "gates"), slots(cell, "constants"), partials_of(cell), slots(cell, "states")
    units, lanes, by_lane = layer.units, spread.apart, frame.weight_lanes
    size = units * len(states)
    J = jacobian[:size, :size]
    at = layer.partials + frame.step * len(partials) * layer.frame + frame.sequence * layer.row
    constant = layer.constants + frame.sequence * layer.row
    for lane in range(lanes):
        weight = layer.rec_tangent + min(lane, by_lane - 1)
        for i in range(units):
            d = read_states(partials, scratch, at + i * lanes + lane, layer.frame)
            c = read_states(constants, scratch, constant + i * lanes + lane, layer.frame)
            for j in range(size):
                unread, first = len(gates) * (j >= units), weight + (i * units + j) * by_lane
                da = by_tangent(gates, unread, reading(cell, "h"), scratch, first, units * units * by_lane)
                write_column(J, i, units, j, pushforward(cell, c, d, unit_tangent(states, i, units, j), da))
        factorise(J, pivots)
        multiply_up(scratch, frame, width(spread.kind), lane, J)


@internal
def find_weights_volume(spread, scratch, layer, frame, gate, jacobian, pivots):
    """|det W| of the gate, a product for each lane."""
    units, by_lane, size = layer.units, frame.weight_lanes, width(spread.kind)
    W = jacobian[:units, :units]
    for lane in range(by_lane):
        for i in range(units):
            for j in range(units):
                W[i, j] = scratch[layer.rec_tangent + ((gate * units + i) * units + j) * by_lane + lane]
        factorise(W, pivots)
        product = (1.0, 0.0)
        for i in range(units):
            product = grown(product, abs(W[i, i]))
        for p in range(layer.volume + lane, layer.volume + size, by_lane):
            scratch[p], scratch[p + size] = product


@specialised
def volumes_of(spread, cell):
    """The kernel by which volumes grow in a step of a layer of these cells; before the first, it gets ready (`frame.now` is 0)."""
    gate = type(cell).volume_gate

    if gate >= 0:

        @kernel_of(cell)
        def by_units(scratch, layer, frame, jacobian, pivots):
            align_stack()
            if frame.now == 0:
                find_weights_volume(spread, scratch, layer, frame, gate, jacobian, pivots)
            else:
                grow_by_units(spread, cell, scratch, layer, frame)

        return by_units

    @kernel_of(cell)
    def by_jacobian(scratch, layer, frame, jacobian, pivots):
        if frame.now:
            grow_by_jacobian(spread, cell, scratch, layer, frame, jacobian, pivots)

    return by_jacobian
