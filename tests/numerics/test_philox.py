"""Philox 4x32-10 against the known answers of its authors (Random123), and the normal numbers that are made of it."""

import numpy as np
import reference_noise
from numba import njit
from scipy import stats

import rnnsim as rs
from rnnsim.numerics.philox import philox

ANSWERS = {
    (0,) * 6: (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    (0xFFFFFFFF,) * 6: (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0): (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
}


def test_words_are_the_authors():
    compiled = njit(lambda a, b, c, d, e, f: philox(a, b, c, d, e, f))
    for given, wanted in ANSWERS.items():
        assert reference_noise.philox(given[:4], given[4:]) == list(wanted)
        words = [np.uint64(word) for word in given]
        assert tuple(map(int, philox(*words))) == tuple(map(int, compiled(*words))) == wanted


def test_numbers_are_standard_normal():
    net = rs.Elman(np.zeros((50, 1)), np.zeros((50, 50)), noise=1.0, activation="linear")
    found = rs.simulate(net, np.zeros((40, 501, 1)), noise_seed=3).state.values[:, 1:]
    assert stats.kstest(found.ravel(), "norm").pvalue > 0.01
    assert abs(stats.kurtosis(found.ravel())) < 0.02
    for axis in range(3):  # numbers that follow each other, over samples, steps or units, have nothing to do with each other
        here, there = np.take(found, range(found.shape[axis] - 1), axis), np.take(found, range(1, found.shape[axis]), axis)
        for power in (1, 2):
            assert abs(np.corrcoef(here.ravel() ** power, there.ravel() ** power)[0, 1]) < 4.0 / np.sqrt(here.size)
    corners = np.corrcoef(found.reshape(-1, 50).T) - np.eye(50)
    assert abs(corners).max() < 5.0 / np.sqrt(40 * 501)
