"""Noise in plain NumPy: Philox 4x32-10 as its paper has it, and Box and Muller."""

from zlib import crc32

import numpy as np

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Four words from four and two, as Python's whole numbers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        left, right = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(right >> 32) ^ c[1] ^ k[0], right & MASK, (left >> 32) ^ c[3] ^ k[1], left & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def noise(seed, samples, steps, units, layer=0, epoch=0, validation=0):
    """The standard normal numbers (sample, step, unit) of a layer."""
    key = np.random.SeedSequence(seed, spawn_key=(crc32(b"noise"), layer, validation)).generate_state(2, np.uint32)
    quarter = -(-units // 4)
    found = np.empty((samples, steps, 4, quarter))
    for n, k, i in np.ndindex(samples, steps, quarter):
        counter = k * quarter + i
        u = (np.array(philox((counter & MASK, counter >> 32, n, epoch), map(int, key)), float) + 0.5) / 2.0**32
        radius = np.sqrt(-2.0 * np.log(u[::2]))
        found[n, k, ::2, i], found[n, k, 1::2, i] = radius * np.cos(2 * np.pi * u[1::2]), radius * np.sin(2 * np.pi * u[1::2])
    return found.reshape(samples, steps, -1)[..., :units]


def states(x, xi, w_in, w_rec, bias=0.0, h0=0.0, leak=1.0, sigma=0.0):
    """States (sample, step, unit) of tanh units with noise in their pre-activations."""
    h = [h0 + np.zeros((x.shape[0], w_rec.shape[0]))]
    for k in range(x.shape[1]):
        a = x[:, k] @ w_in.T + h[-1] @ w_rec.T + bias + sigma * xi[:, k]
        h.append((1 - leak) * h[-1] + leak * np.tanh(a))
    return np.stack(h, axis=1)
