"""Arrays one entry of which is an axis."""

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs


def test_one_entry_is_the_axis_and_the_others_stand():
    matrix = np.arange(6.0).reshape(2, 3)
    found = rs.vary(matrix, (1, -1), rs.axis("w", [7.0, np.nan]))
    assert found.dims[0] == "w"
    for i, value in enumerate((7.0, np.nan)):
        expected = matrix.copy()
        expected[1, 2] = value
        np.testing.assert_array_equal(found[i], expected)
    np.testing.assert_array_equal(found.w, [7.0, np.nan])


def test_families_of_all_shapes_take_them():
    w = rs.axis("w", [1.0, 2.0])
    net = rs.Elman(rs.vary(np.zeros((3, 2)), (2, 1), w), rs.vary(np.eye(3), (0, 2), w), rs.vary(np.zeros(3), 1, w))
    assert net["w_in"].dims == ("w", "unit", "input") and net["w_rec"].dims == ("w", "unit", "unit_from")
    assert net["bias"].dims == ("w", "unit")
    gru = rs.GRU(np.zeros((3, 2, 1)), rs.vary(np.zeros((3, 2, 2)), (2, 0, 1), w))
    np.testing.assert_array_equal(gru["w_rec"].sel(w=2.0)[2], [[0, 2], [0, 0]])
    scalar = rs.GRU(rs.vary(np.zeros(3), 0, w), np.zeros(3))
    assert scalar.scalar and scalar["w_in"].dims == ("w", "gate")


def test_several_entries_vary_one_after_the_other():
    a, b = rs.axis("a", [1.0, 2.0]), rs.axis("b", [3.0, 4.0, 5.0])
    found = rs.vary(rs.vary(np.zeros((2, 2)), (0, 1), a), (1, 0), b)
    assert found.dims[:2] == ("a", "b")
    np.testing.assert_array_equal(found.sel(a=2.0, b=5.0), [[0, 2], [5, 0]])
    antisymmetric = rs.vary(rs.vary(np.eye(2), (0, 1), a), (1, 0), -a)
    np.testing.assert_array_equal(antisymmetric.sel(a=2.0), [[1, 2], [-2, 1]])
    named = rs.vary(xr.DataArray(np.eye(2), dims=("unit", "unit_from")), (0, 1), a)
    assert named.dims == ("a", "unit", "unit_from")


def twice():
    with pytest.warns(UserWarning, match="Duplicate dimension names"):
        return xr.DataArray(np.ones((2, 2)), dims=("w", "w"))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda w: rs.vary(np.eye(2), (0, 2), w),
            ValueError,
            r"where was given as \(0, 2\); it needs a place in an array of shape \(2, 2\)",
        ),
        (lambda w: rs.vary(np.eye(2), 0, w), ValueError, "where was given as 0"),
        (lambda w: rs.vary(np.eye(2), (0.5, 1), w), ValueError, r"where was given as \(0.5, 1\)"),
        (lambda w: rs.vary(np.eye(2), (0, 1), [1.0]), TypeError, "axis was given a list"),
        (lambda w: rs.vary(np.eye(2), (0, 1), twice()), ValueError, "axis was given the dimension 'w' twice"),
        (lambda w: rs.vary([["a"]], (0, 0), w), TypeError, "matrix was given values of type"),
    ],
)
def test_places_that_are_not_there_are_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(rs.axis("w", [1.0]))
