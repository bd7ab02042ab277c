"""Random numbers by a counter: Philox 4x32 of ten rounds, as in Salmon, Moraes, Dror and Shaw, SC 2011.

Four words of 32 bits, the counter, and two more, the key, make four random words. A word stands in a whole number of 64 bits, so that
LLVM may compute several counters at once.
"""

import numpy as np
from numba.extending import register_jitable

ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
FACTORS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
MIDDLE, UNIT = 0.5**33, 0.5**32  # a word is the interval from it to the next one, of which this is the middle


@register_jitable(forceinline=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Four random words, from a counter and a key."""
    for _ in range(ROUNDS):
        left, right = FACTORS[0] * c0, FACTORS[1] * c2
        c0, c1, c2, c3 = (right >> HALF) ^ c1 ^ k0, right & LOW, (left >> HALF) ^ c3 ^ k1, left & LOW
        k0, k1 = (k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW
    return c0, c1, c2, c3


@register_jitable(forceinline=True)
def uniform(word):
    """A word as a number between 0 and 1."""
    return np.float64(np.int64(word)) * UNIT + MIDDLE
