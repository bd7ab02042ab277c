"""Orbits that are known, and whether Datasets are equal."""

import numpy as np

POSITIVE = {1.5: 0.858559636640110362, 2.0: 0.957504024077268741, 5.0: 0.999909121715232551}


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def equal(a, b):
    assert set(a.variables) == set(b.variables)
    for name in a.variables:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
