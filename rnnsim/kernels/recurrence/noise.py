"""Standard normal numbers that cells get at every step, one a unit, by Box and Muller from random numbers by a counter.

A number is made of its key (the seed and the layer), the epoch, the sample, the step and the unit, and of nothing else. A counter makes
the numbers of four units, a quarter of all of them apart.
"""

import numpy as np
from numba.extending import register_jitable

from rnnsim.kernels.recurrence.packing import alike, lanes_there, point_of, sample_of
from rnnsim.numerics.function_pointers import call, numbers_at
from rnnsim.numerics.functions.logarithms import log_of_parts, parts_of
from rnnsim.numerics.functions.trigonometry import sin_and_cos_of_small
from rnnsim.numerics.jit import internal, kernel, specialised
from rnnsim.numerics.philox import HALF, LOW, philox, uniform
from rnnsim.numerics.primitives import quarter_turns, shift, square_root
from rnnsim.numerics.simd import align_stack, load, store
from rnnsim.numerics.tuples import width

WORDS = 4
QUARTER = 1.5707963267948966  # of a turn


@register_jitable(forceinline=True)
def radius_of(u):
    """√(-2 log u), u between 0 and 1 and no closer to 0 than the middle of a word."""
    return square_root(-2.0 * log_of_parts(*parts_of(u)))


@register_jitable(forceinline=True)
def sin_and_cos_of_turns(turns):
    """The sine and the cosine of an angle in whole turns, 0 to 1."""
    quarters = 4.0 * turns
    shifted = quarters + shift(quarters)
    sine, cosine = sin_and_cos_of_small(QUARTER * (quarters - (shifted - shift(quarters))))
    return quarter_turns(sine, cosine, shifted), quarter_turns(sine, cosine, shifted + 1.0)


@specialised
def draw_of(kind):
    """The kernel that draws the numbers of `counters` counters from `first` on, those of each word `apart` from the others'."""

    @kernel
    def draw(scratch, noise):
        align_stack()
        at, apart, count, first = noise.drawn, noise.apart, noise.counters, np.uint64(noise.first)
        k0, k1 = np.uint64(noise.key_low), np.uint64(noise.key_high)
        sample, epoch = np.uint64(noise.sample), np.uint64(noise.epoch)
        u0, u1 = scratch[at : at + count], scratch[at + apart : at + apart + count]
        u2, u3 = scratch[at + 2 * apart : at + 2 * apart + count], scratch[at + 3 * apart : at + 3 * apart + count]
        for i in range(np.uint64(count)):
            counter = first + i
            w0, w1, w2, w3 = philox(counter & LOW, counter >> HALF, sample, epoch, k0, k1)
            u0[i], u1[i], u2[i], u3[i] = uniform(w0), uniform(w1), uniform(w2), uniform(w3)
        for pair in range(at, at + WORDS * apart, 2 * apart):
            for i in range(pair, pair + count, width(kind)):
                radius = radius_of(load(kind, scratch, i))
                sine, cosine = sin_and_cos_of_turns(load(kind, scratch, i + apart))
                store(scratch, i, radius * cosine)
                store(scratch, i + apart, radius * sine)

    return draw


@internal
def add_noise(network, data, thread, layer, group, start, steps):
    """The noise of a layer in the steps from `start` on, in the place of its last pre-activation; 0 where there is none."""
    scratch, noise = thread.scratch, thread.noise[0]
    if layer.noise_source < 0:
        for k in range(steps):
            for p in range(layer.noise + k * layer.noise_jump, layer.noise + k * layer.noise_jump + layer.frame):
                scratch[p] = 0.0
        return
    source, offsets = data.sources[layer.noise_source], data.offsets[layer.noise_source]
    keys, same = numbers_at(scratch, source.address), alike(group, offsets)
    units, apart = -(-layer.units // WORDS), group.lanes
    noise.drawn, noise.apart, noise.epoch = layer.drawn, layer.drawn_apart, thread.chunk[0].epoch
    noise.first, noise.counters = start * units, steps * units
    for row in range(group.rows):
        for lane in range(1 if same else lanes_there(group)):
            at = offsets[point_of(group, lane)]
            noise.sample = sample_of(group, offsets, row, lane)
            noise.key_low = int(keys[at]) + int(keys[at + 1]) * 65536
            noise.key_high = int(keys[at + 2]) + int(keys[at + 3]) * 65536
            call(network.noise, 0, (scratch, noise))
            copies = lanes_there(group) if same else 1
            for word in range(WORDS):
                first, count = word * units, min(units, layer.units - word * units)
                for k in range(steps):
                    drawn = noise.drawn + word * noise.apart + k * units
                    out = layer.noise + k * layer.noise_jump + row * layer.row + first * apart + lane
                    spread_noise(scratch, drawn, out, count, apart, copies)


@internal
def spread_noise(scratch, drawn, out, count, apart, copies):
    """Numbers of units that follow each other, each in some lanes."""
    if apart == 1:
        for unit in range(count):
            scratch[out + unit] = scratch[drawn + unit]
        return
    for unit in range(count):
        for place in range(out + unit * apart, out + unit * apart + copies):
            scratch[place] = scratch[drawn + unit]
