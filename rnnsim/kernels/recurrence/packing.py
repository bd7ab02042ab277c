"""Moving numbers between arrays as users see them, one network after the other, and the frames of a group of lanes."""

from typing import NamedTuple

import numpy as np

from rnnsim.numerics.function_pointers import numbers_at
from rnnsim.numerics.jit import internal


class Group(NamedTuple):
    """What the lanes of a group are: points from `point` on (`lane_points` 1) or samples of one (0), `lanes` of them, with rows
    `row_samples` and lanes `lane_samples` samples apart, from `sample` on; points end before `last`, samples before `samples`; `rows`
    hold them. If samples are read in another order, `order` is the address of tables of it, and `order_of` that of each point's place in
    them; else they are 0."""

    lanes: int
    lane_points: int
    lane_samples: int
    row_samples: int
    point: int
    last: int
    sample: int
    samples: int
    rows: int
    order: int
    order_of: int


@internal
def group_of(program, order, point, last, sample, samples):
    """The group of the samples from `sample` on of the points from `point` on."""
    rows = min(program.rows, -(-(samples - sample) // program.row_samples))
    lanes = program.lanes, program.lane_points, program.lane_samples, program.row_samples
    return Group(lanes[0], lanes[1], lanes[2], lanes[3], point, last, sample, samples, rows, order[0], order[1])


@internal
def point_of(group, lane):
    """The point of a lane; the last one, of lanes beyond it."""
    return min(group.point + lane * group.lane_points, group.last - 1)


@internal
def position_of(group, row, lane):
    """The sample of a lane of a row, as they follow each other; the last one, of lanes beyond it."""
    return min(group.sample + row * group.row_samples + lane * group.lane_samples, group.samples - 1)


@internal
def sample_of(group, offsets, row, lane):
    """The sample of a lane of a row, as they stand in the data."""
    place = position_of(group, row, lane)
    if group.order == 0:
        return place
    return numbers_at(offsets, group.order)[numbers_at(offsets, group.order_of)[point_of(group, lane)] + place]


@internal
def is_there(group, row, lane):
    """Whether a lane of a row is not beyond the last point or sample."""
    sample = group.sample + row * group.row_samples + lane * group.lane_samples
    return group.point + lane * group.lane_points < group.last and sample < group.samples


@internal
def lanes_there(group):
    """The lanes that are needed: all where they are samples, whose sums go over all lanes; those of points that are there elsewhere."""
    return min(group.lanes, group.last - group.point) if group.lane_points else group.lanes


@internal
def pack(scratch, values, source, offsets, group, panel, lanes, what):
    """Weights (gate, row, term) in panels of `panel` rows: (gate, panel, term, row of the panel, lane), 0 beyond the rows."""
    panels = -(-what.rows // panel)
    for lane in range(min(lanes, group.last - group.point)):
        start = offsets[point_of(group, lane)]
        for gate in range(what.gates):
            for first in range(0, what.rows, panel):
                there = min(panel, what.rows - first)
                for term in range(what.terms):
                    element = start + gate * source.by_gate + first * what.by_row + term * what.by_term
                    at = what.out + ((gate * panels + first // panel) * what.terms + term) * panel * lanes + lane
                    for row in range(there):
                        scratch[at + row * lanes] = values[element + row * what.by_row]
                    for row in range(there, panel):
                        scratch[at + row * lanes] = 0.0


@internal
def alike(group, offsets):
    """Whether all lanes are points that read the same numbers."""
    same = group.lane_points != 0 and group.order == 0
    for lane in range(1, lanes_there(group) if same else 0):
        same = same and offsets[group.point + lane] == offsets[group.point]
    return same


@internal
def spread_out(scratch, values, source, offsets, group, element, units, rows, step, row_size, out, added):
    """Numbers of `units` units at one step, as `rows` rows of a frame; added to what is there, if `added`."""
    same = alike(group, offsets)
    for row in range(rows):
        for lane in range(1 if same else lanes_there(group)):
            sample = sample_of(group, offsets, row, lane)
            start = offsets[point_of(group, lane)] + element + sample * source.by_sample + step * source.by_step
            at = out + row * row_size + lane
            if same:
                fill_lanes(scratch, values, start, source.by_unit, group, units, at, added)
                continue
            for unit in range(units):
                value = values[start + unit * source.by_unit]
                scratch[at + unit * group.lanes] = scratch[at + unit * group.lanes] + value if added else value


@internal
def fill_lanes(scratch, values, start, by_unit, group, units, at, added):
    """Numbers of `units` units, each in all lanes."""
    for unit in range(units):
        value = values[start + unit * by_unit]
        for place in range(at + unit * group.lanes, at + unit * group.lanes + lanes_there(group)):
            scratch[place] = scratch[place] + value if added else value


@internal
def embed(scratch, tokens, source, offsets, table, table_offsets, group, units, step, row_size, out):
    """The rows of a table that the tokens of one step name, as rows of a frame."""
    for row in range(group.rows):
        for lane in range(group.lanes):
            point = point_of(group, lane)
            sample = sample_of(group, offsets, row, lane)
            token = int(tokens[offsets[point] + sample * source.by_sample + step * source.by_step])
            start = table_offsets[point] + token * units
            for unit in range(units):
                scratch[out + row * row_size + unit * group.lanes + lane] = table[start + unit]


@internal
def add_to_table(scratch, tokens, source, offsets, group, units, step, row_size, at, out, token_count):
    """Add the cotangents of the inputs of one step to the gradient (input, token, lane) of the rows that the tokens name."""
    for row in range(group.rows):
        for lane in range(group.lanes):
            if is_there(group, row, lane):
                sample = sample_of(group, offsets, row, lane)
                token = int(tokens[offsets[point_of(group, lane)] + sample * source.by_sample + step * source.by_step])
                for unit in range(units):
                    value = scratch[at + row * row_size + unit * group.lanes + lane]
                    scratch[out + (unit * token_count + token) * group.lanes + lane] += value


@internal
def read_targets(scratch, values, source, offsets, group, program, first, count, counted):
    """Targets of the steps first…first + count of those that have some, as frames, nan wherever there is none: beyond the rows, the units,
    the samples and the points; their number is added to counted[point] if the program says so."""
    for i in range(count * program.target_frame):
        scratch[program.targets + i] = np.nan
    for step in range(count):
        for row in range(group.rows):
            for lane in range(group.lanes):
                if is_there(group, row, lane):
                    point, sample = point_of(group, lane), sample_of(group, offsets, row, lane)
                    start = offsets[point] + sample * source.by_sample + (first + step) * source.by_step
                    at = program.targets + step * program.target_frame + row * program.target_row + lane
                    there = 0
                    for unit in range(program.target_units):
                        target = values[start + unit * source.by_unit]
                        scratch[at + unit * group.lanes] = target
                        there += target == target
                    if program.counting:
                        counted[point] += there


@internal
def keep_frames(scratch, keep, group, start, steps, total, divisors, first_point):
    """Write frames of the steps start…start + steps into a result: all but the first, which an earlier chunk has written unless there is
    none; of the last step in all alone, if the result is `final`."""
    if keep.final and start + steps < total:
        return
    values, lanes, by_step, back, units = numbers_at(scratch, keep.address), group.lanes, keep.by_step, keep.back, keep.units
    first_step = max(keep.first_step, 1 if start else 0)
    if keep.final:
        first_step = steps
    for row in range(group.rows):
        for lane in range(lanes):
            if is_there(group, row, lane):
                point, sample = point_of(group, lane), position_of(group, row, lane)
                place = ((first_point + point) * keep.samples + sample) * keep.steps + (0 if keep.final else start + first_step)
                out = place * keep.numbers + keep.first_number
                divisor = divisors[point] if keep.divided else 1.0
                at = keep.at + first_step * by_step + row * keep.row + lane
                for _ in range(first_step, steps + 1):
                    for unit in range(units):
                        value = scratch[at + unit * lanes]
                        if back:
                            value -= scratch[at + unit * lanes - back]
                        values[out + unit] = value / divisor
                    out += keep.numbers
                    at += by_step


@internal
def keep_sum(scratch, what, group, added, whole, divisors, first_point):
    """Write a sum (term, unit, lane) of each lane's point, or its sum over the lanes where they are samples, as (unit, term); added to what
    is there, if `added`; divided by the point's divisor, if it is `whole` now."""
    values, lanes = numbers_at(scratch, what.address), group.lanes
    points = lanes if group.lane_points else 1
    for lane in range(points):
        point = group.point + lane
        if point < group.last:
            place = (first_point + point) * what.numbers + what.first_number
            for term in range(what.terms):
                for unit in range(what.units):
                    at = what.at + term * what.row + unit * lanes + lane
                    value = scratch[at]
                    for other in range(1, lanes // points):
                        value += scratch[at + other]
                    out = place + unit * what.terms + term
                    if added:
                        value += values[out]
                    values[out] = value / divisors[point] if whole else value


@internal
def all_finite(scratch, first, last):
    """Whether all numbers from one place to another are."""
    bad = 0
    for i in range(first, last):
        bad += not (abs(scratch[i]) < np.inf)
    return bad == 0


@internal
def first_not_finite(scratch, layer, group, start, steps, found):
    """found[point] becomes the first step at which one of a layer's states is not finite, from step `start` on, or the next one if an
    earlier chunk of steps has seen that. Where no state can be finite again, the last step tells whether there is one."""
    states = layer.state_count
    skip, jump = (1 if start else 0), states * layer.frame
    first = layer.states + (skip if layer.hides_divergence else steps) * jump
    if all_finite(scratch, first, layer.states + (steps + 1) * jump):
        return
    for row in range(group.rows):
        for lane in range(group.lanes):
            if is_there(group, row, lane):
                point = point_of(group, lane)
                for k in range(skip, steps + 1):
                    for state in range(states):
                        at = layer.states + k * jump + state * layer.frame + row * layer.row + lane
                        for unit in range(layer.units):
                            if not (abs(scratch[at + unit * group.lanes]) < np.inf):
                                found[point] = min(found[point], start + k)


@internal
def read_weights(scratch, values, source, offsets, group, program, first, count, counted):
    """Weights of the targets that stand in frames, as frames, 0 wherever there is no target; one of weight 0 becomes nan. Their sum is
    added to counted[point] if the program says so."""
    for i in range(count * program.target_frame):
        scratch[program.weights + i] = 0.0
    for step in range(count):
        for row in range(group.rows):
            for lane in range(group.lanes):
                if is_there(group, row, lane):
                    point, sample = point_of(group, lane), sample_of(group, offsets, row, lane)
                    start = offsets[point] + sample * source.by_sample + (first + step) * source.by_step
                    at = step * program.target_frame + row * program.target_row + lane
                    for unit in range(program.target_units):
                        weight, place = values[start + unit * source.by_unit], at + unit * group.lanes
                        if not weight > 0.0:
                            scratch[program.targets + place] = np.nan
                        target = scratch[program.targets + place]
                        if target == target:
                            scratch[program.weights + place] = weight
                            if program.weighing:
                                counted[point] += weight


@internal
def count_targets(values, source, offsets, weights, weight_source, weight_offsets, group, first, last, units, weighted):
    """How many targets count of the steps first…last of those that have some, in the group's samples of one point, or the sum of their
    weights."""
    there = 0.0
    for place in range(group.sample, group.samples):
        sample = place
        if group.order != 0:
            sample = numbers_at(offsets, group.order)[numbers_at(offsets, group.order_of)[group.point] + place]
        for step in range(first, last):
            start = offsets[group.point] + sample * source.by_sample + step * source.by_step
            at = weight_offsets[group.point] + sample * weight_source.by_sample + step * weight_source.by_step
            for unit in range(units):
                target = values[start + unit * source.by_unit]
                if target == target:
                    there += weights[at + unit * weight_source.by_unit] if weighted else 1.0
    return there
