"""Penalties of states: λ mean h² over units, steps and samples, in the sums whose mean is the cost.

What is summed is divided by the number of targets that count in the end, so that a state has the weight κ = λ / units · counted / (steps
samples):

    cost += κ h[k]²;  h̄[k] += 2 κ h[k]                                for k = 1…T
"""

from rnnsim.kernels.recurrence.packing import is_there, point_of
from rnnsim.numerics.function_pointers import numbers_at
from rnnsim.numerics.jit import internal


@internal
def weight_of(scratch, layer, data, group, lane, sequence_steps):
    """κ of a lane's point."""
    source, point = data.sources[layer.penalty_source], point_of(group, lane)
    weight = numbers_at(scratch, source.address)[data.offsets[layer.penalty_source][point]]
    return weight * data.counted[point] / sequence_steps


@internal
def add_squares(program, scratch, layer, data, group, steps, sequence_steps):
    """Add the penalty of a layer's states in a chunk to the cost of each lane."""
    jump = layer.state_count * layer.frame
    for lane in range(group.lanes):
        weight = weight_of(scratch, layer, data, group, lane, sequence_steps)
        for row in range(group.rows):
            if is_there(group, row, lane):
                for k in range(1, steps + 1):
                    at, total = layer.states + k * jump + row * layer.row + lane, 0.0
                    for unit in range(layer.units):
                        h = scratch[at + unit * group.lanes]
                        total += h * h
                    scratch[program.cost + lane] += weight * total


@internal
def add_slopes(scratch, layer, data, group, chunk):
    """Add the penalty's cotangents of h to those that come from above, which come at every step then."""
    jump = layer.state_count * layer.frame
    for p in range(layer.top, layer.top + chunk.top_from * layer.frame):
        scratch[p] = 0.0
    chunk.top_from = 0
    for lane in range(group.lanes):
        weight = 2.0 * weight_of(scratch, layer, data, group, lane, chunk.sequence_steps)
        for row in range(group.rows):
            if is_there(group, row, lane):
                for k in range(chunk.steps):
                    at = row * layer.row + lane
                    top, h = layer.top + k * layer.frame + at, layer.states + (k + 1) * jump + at
                    for unit in range(0, layer.units * group.lanes, group.lanes):
                        scratch[top + unit] += weight * scratch[h + unit]
