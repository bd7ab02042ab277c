"""Moving numbers between arrays as users see them, one network after the other, and the frames of a group of lanes."""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from rnnsim.kernels.compiling import part
from rnnsim.kernels.rows import width
from rnnsim.lanes import any_lane, load, muladd, splat


class Source(NamedTuple):
    """A parameter or a sequence: that of the block's point i starts at values[offsets[i]]; its units, samples, steps and gates are that
    far apart (0: the same number for all)."""

    values: np.ndarray
    offsets: np.ndarray
    by_gate: int
    by_unit: int
    by_sample: int
    by_step: int


class Group(NamedTuple):
    """What the lanes of a group are: points from `point` on (`lane_points` 1) or samples of one (0), `lanes` of them, with rows
    `row_samples` and lanes `lane_samples` samples apart, from `sample` on; points end before `last`, samples before `samples`."""

    lanes: int
    lane_points: int
    lane_samples: int
    row_samples: int
    point: int
    last: int
    sample: int
    samples: int


@part
def pack(source, group, gates, rows, terms, by_row, by_term, panel, lanes, out):
    """Weights (gate, row, term) in panels of `panel` rows: out (gate, panel, term, row of the panel, lane), 0 beyond the rows."""
    panels = -(-rows // panel)
    position = 0
    for gate in range(gates):
        for p in range(panels):
            for term in range(terms):
                for row in range(p * panel, (p + 1) * panel):
                    element = gate * source.by_gate + row * by_row + term * by_term
                    for lane in range(lanes):
                        point = min(group.point + lane * group.lane_points, group.last - 1)
                        out[position] = source.values[source.offsets[point] + element] if row < rows else 0.0
                        position += 1


@part
def spread_out(source, group, element, step, units, rows, by_row, out, first):
    """Numbers of `units` units at one step, as `rows` rows of a frame from out[first] on."""
    for row in range(rows):
        for lane in range(group.lanes):
            point = min(group.point + lane * group.lane_points, group.last - 1)
            sample = min(group.sample + row * group.row_samples + lane * group.lane_samples, group.samples - 1)
            start = source.offsets[point] + element + sample * source.by_sample + step * source.by_step
            at = first + row * by_row + lane
            for unit in range(units):
                out[at + unit * group.lanes] = source.values[start + unit * source.by_unit]


def spread_each(sources, group, units, rows, by_row, frame, out, first):
    """`spread_out` for a tuple of sources, one frame after the other."""
    for i, source in enumerate(sources):
        spread_out(source, group, 0, 0, units, rows, by_row, out, first + i * frame)


@overload(spread_each)
def _spread_each(sources, group, units, rows, by_row, frame, out, first):
    if len(sources) == 0:
        return lambda sources, group, units, rows, by_row, frame, out, first: None

    def body(sources, group, units, rows, by_row, frame, out, first):
        spread_out(sources[0], group, 0, 0, units, rows, by_row, out, first)
        spread_each(sources[1:], group, units, rows, by_row, frame, out, first + frame)

    return body


@part
def add_bias(source, group, gates, units, by_row, out):
    """Add biases to rows of frames, one for each of `gates`."""
    for i in range(len(gates)):
        for lane in range(group.lanes):
            point = min(group.point + lane * group.lane_points, group.last - 1)
            start = source.offsets[point] + i * source.by_gate
            for unit in range(units):
                out[gates[i] * by_row + unit * group.lanes + lane] += source.values[start + unit * source.by_unit]


@part
def read_targets(source, group, steps, outputs, rows, by_row, frame, out):
    """Targets of all steps as frames, nan wherever there is none: beyond the rows, the outputs, the samples and the points."""
    out[: steps * frame] = np.nan
    for k in range(steps):
        for row in range(rows):
            for lane in range(group.lanes):
                point = group.point + lane * group.lane_points
                sample = group.sample + row * group.row_samples + lane * group.lane_samples
                if point < group.last and sample < group.samples:
                    start = source.offsets[point] + sample * source.by_sample + k * source.by_step
                    for unit in range(outputs):
                        at = k * frame + row * by_row + unit * group.lanes + lane
                        out[at] = source.values[start + unit * source.by_unit]


class Kept(NamedTuple):
    """A result over (point, sample, step, …): `points` starts at the block's first; the numbers of one place are `numbers`, and those of
    a part of it (a gate) start at `part`."""

    values: np.ndarray
    first_point: int
    samples: int
    steps: int
    numbers: int


@part
def keep_frames(values, first, by_step, by_row, back, units, group, rows, start, steps, part, divisors, kept):
    """Write the frames of `steps` steps into a result from step `start` on; less the number `back` before, if `back` is not 0; each
    divided by its point's divisor."""
    for row in range(rows):
        for lane in range(group.lanes):
            point = group.point + lane * group.lane_points
            sample = group.sample + row * group.row_samples + lane * group.lane_samples
            if point < group.last and sample < group.samples:
                place = ((kept.first_point + point) * kept.samples + sample) * kept.steps + start
                for k in range(steps):
                    out = (place + k) * kept.numbers + part
                    at = first + k * by_step + row * by_row + lane
                    for unit in range(units):
                        value = values[at + unit * group.lanes]
                        if back:
                            value -= values[at + unit * group.lanes - back]
                        kept.values[out + unit] = value / divisors[point]


class Gradient(NamedTuple):
    """Where a parameter's gradient goes: (slot, point, gate, unit, term) flat, `numbers` a point; nowhere if empty."""

    values: np.ndarray
    first_point: int
    numbers: int


@part
def keep_gradient(values, first, group, units, terms, by_row, add, divisors, gradient, part):
    """Write the gradient (term, unit, lane) of each lane's point, or their sum where the lanes are samples, into (unit, term) from
    `part` on; add to what is there if `add`, and divide by the point's divisor."""
    points = group.lanes if group.lane_points else 1
    for lane in range(points):
        point = group.point + lane
        if point < group.last:
            place = (gradient.first_point + point) * gradient.numbers + part
            for term in range(terms):
                for unit in range(units):
                    at = first + term * by_row + unit * group.lanes + lane
                    value = values[at]
                    for other in range(1, group.lanes // points):
                        value += values[at + other]
                    out = place + unit * terms + term
                    if add:
                        value += gradient.values[out]
                    gradient.values[out] = value / divisors[point]


@part
def first_not_finite(wide, values, first, by_step, frame, units, by_row, group, rows, start, steps, found):
    """found[point] becomes the first step, from `start` on, at which one of its numbers in the frames is not finite, if it is earlier."""
    zero = splat(wide, 0.0)
    for k in range(steps):
        for p in range(0, frame, width(wide)):
            zero = muladd(load(wide, values, first + k * by_step + p), 0.0, zero)
    if not any_lane(zero != 0.0):
        return
    for row in range(rows):
        for lane in range(group.lanes):
            point = group.point + lane * group.lane_points
            sample = group.sample + row * group.row_samples + lane * group.lane_samples
            if point < group.last and sample < group.samples:
                for k in range(steps):
                    for unit in range(units):
                        if values[first + k * by_step + row * by_row + unit * group.lanes + lane] * 0.0 != 0.0:
                            found[point] = min(found[point], start + k)
