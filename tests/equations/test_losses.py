"""Every loss of single outputs: its derivatives, and targets that are not there."""

import numpy as np
import pytest
from registry import LOSSES

from rnnsim.equations.losses import contribution, cotangent, cotangent_tangent

Y, TARGETS, TANGENTS = (
    np.array([-2.0, -0.5, 0.0, 0.7, 3.0]),
    np.array([1.0, -0.5, 0.25, np.nan, 2.0]),
    np.array([1.0, -2.0, 0.5, 3.0, 0.3]),
)


@pytest.mark.parametrize("name", LOSSES)
def test_cotangents_and_their_tangents_are_derivatives(name):
    loss, size = LOSSES[name], 1e-6
    for rule, derivative in (
        (contribution, cotangent(loss, Y, TARGETS) * TANGENTS),
        (cotangent, cotangent_tangent(loss, Y, TARGETS, TANGENTS)),
    ):
        up, down = (rule(loss, Y + h * TANGENTS, TARGETS) for h in (size, -size))
        np.testing.assert_allclose(derivative, (up - down) / (2 * size), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_counts_without_a_target(name):
    loss, y, nowhere = LOSSES[name], np.array([-1.0, np.inf]), np.full(2, np.nan)
    np.testing.assert_array_equal(contribution(loss, y, nowhere), 0.0)
    np.testing.assert_array_equal(cotangent(loss, y, nowhere), 0.0)
    np.testing.assert_array_equal(cotangent_tangent(loss, y, nowhere, np.ones(2)), 0.0)
