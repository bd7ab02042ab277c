"""By what the step of a layer multiplies volumes: |det J| of its Jacobian, multiplied up along an orbit. It is found without any frame of
tangents, so that the sum of all exponents can be checked by it."""

from numba.extending import overload

from rnnsim.equations.arity import own_of, partials_of, slots, with_read
from rnnsim.equations.rules import output_slopes, pushforward, reading, volume
from rnnsim.kernels.linalg.lu import factorise
from rnnsim.kernels.linalg.matmul import factor
from rnnsim.kernels.linalg.scaled_products import grown, grown_seldom
from rnnsim.kernels.lyapunov.push import elements, states_at
from rnnsim.kernels.maps.map import read_states, unit_tangent, write_column, write_states
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


def slope_read(cell, scratch, layer, at, lanes, jacobian):
    """The slopes of what is read of a lane's states, which stand from `at` on, if that is no state: behind the rows of the Jacobian."""
    if cell.outputs:
        write_slopes(cell, scratch, layer, at, lanes, jacobian)


@overload(slope_read)
def _slope_read(cell, scratch, layer, at, lanes, jacobian):
    if cell.instance_class.outputs:
        return lambda cell, scratch, layer, at, lanes, jacobian: write_slopes(cell, scratch, layer, at, lanes, jacobian)
    return lambda cell, scratch, layer, at, lanes, jacobian: None


@internal
def write_slopes(cell, scratch, layer, at, lanes, jacobian):
    """The slopes (state, unit)."""
    own = slots(cell, "own")
    for i in range(layer.units):
        slopes = output_slopes(cell, read_states(own, scratch, at + i * lanes, layer.frame))
        write_states(jacobian[layer.units * len(own)], i, layer.units, slopes)


def by_state(cell, scratch, weight, i, j, units, by_lane, jacobian):
    """The tangents of the pre-activations of unit i along the state j."""
    gates = slots(cell, "gates")
    at = weight + (i * units + j % units) * by_lane
    if cell.outputs:
        slope = jacobian[units * cell.own, j]
        return scaled(slope, by_tangent(gates, 0, reading(cell, "h"), scratch, at, units * units * by_lane))
    return by_tangent(gates, len(gates) * (j >= units), reading(cell, "h"), scratch, at, units * units * by_lane)


@overload(by_state, jit_options={"forceinline": True})
def _by_state(cell, scratch, weight, i, j, units, by_lane, jacobian):
    if cell.instance_class.outputs:

        def by_slope(cell, scratch, weight, i, j, units, by_lane, jacobian):
            at = weight + (i * units + j % units) * by_lane
            da = by_tangent(slots(cell, "gates"), 0, reading(cell, "h"), scratch, at, units * units * by_lane)
            return scaled(jacobian[units * len(slots(cell, "own")), j], da)

        return by_slope

    def by_first(cell, scratch, weight, i, j, units, by_lane, jacobian):
        gates = slots(cell, "gates")
        unread, first = len(gates) * (j >= units), weight + (i * units + j) * by_lane
        return by_tangent(gates, unread, reading(cell, "h"), scratch, first, units * units * by_lane)

    return by_first


@unrolled(forceinline=True)
def scaled(factor, values):
    """Each of a tuple of numbers times one."""
    return tuple(factor * value for value in values)


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
    constants, partials, own = slots(cell, "constants"), partials_of(cell), slots(cell, "own")
    units, lanes, by_lane = layer.units, spread.apart, frame.weight_lanes
    size = units * len(own)
    J = jacobian[:size, :size]
    at = layer.partials + frame.step * len(partials) * layer.frame + frame.sequence * layer.row
    constant = layer.constants + frame.sequence * layer.row
    for lane in range(lanes):
        weight = layer.rec_tangent + min(lane, by_lane - 1)
        slope_read(cell, scratch, layer, states_at(cell, layer, frame) + lane, lanes, jacobian)
        for i in range(units):
            d = read_states(partials, scratch, at + i * lanes + lane, layer.frame)
            c = read_states(constants, scratch, constant + i * lanes + lane, layer.frame)
            for j in range(size):
                da = by_state(cell, scratch, weight, i, j, units, by_lane, jacobian)
                new = pushforward(cell, c, d, with_read(cell, 0.0, unit_tangent(own, i, units, j)), da)
                write_column(J, i, units, j, own_of(cell, new))
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
