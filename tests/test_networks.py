"""Families: axes that meet by name, parameters as a Dataset, parts of families."""

import numpy as np
import pytest
import xarray as xr
from families import random_family

import rnnsim as rs


def test_axes_come_in_order_of_appearance_and_broadcast_by_name():
    net = rs.Elman(rs.axis("b", [1.0, 2.0]), rs.axis("a", [1.0, 2.0, 3.0]) * rs.axis("b", [1.0, 2.0]), leak=rs.axis("c", [0.5]))
    assert net.axes == {"b": 2, "a": 3, "c": 1}
    assert rs.simulate(net, [1.0]).state.dims == ("b", "a", "c", "step")


def test_an_axis_without_values_meets_one_with_values_of_its_length():
    net = rs.Elman(xr.DataArray([1.0, 2.0], dims="a"), rs.axis("a", [5.0, 6.0]))
    np.testing.assert_array_equal(rs.simulate(net, [1.0]).a, [5.0, 6.0])


def test_labels_can_be_an_axis():
    label = rs.axis("experiment", ["slow", "fast"])
    ds = rs.simulate(rs.Elman(1.0, label.copy(data=[0.5, 1.5])), np.ones(4))
    assert float(ds.state.sel(experiment="fast", step=4)) > float(ds.state.sel(experiment="slow", step=4))


def test_parameters_are_a_dataset():
    net = random_family()
    ds = net.parameters
    assert set(ds.data_vars) == {"w_in", "w_rec", "bias", "h0", "leak"} and set(ds.sizes) == set(net.axes)
    named = rs.Elman(rs.axis("w_in", [1.0, 2.0]), 0.5).parameters
    np.testing.assert_array_equal(named.w_in, [1.0, 2.0])
    with pytest.raises(ValueError, match="axis 'w_in' has other values than the parameter w_in"):
        _ = rs.Elman(-rs.axis("w_in", [1.0, 2.0]), 0.5).parameters


def test_replace_isel_and_sel():
    net = random_family(activation="linear")
    changed = net.replace(bias=0.0, activation="tanh")
    assert changed.activation == "tanh" and float(changed["bias"]) == 0.0 and net.activation == "linear"
    part = net.sel(a=[2, 3]).isel(d=0)
    assert part.axes == {"a": 2, "b": 5, "c": 3}
    assert part.activation == "linear" and float(part["leak"]) == 0.25


def test_a_family_says_what_it_is():
    assert repr(random_family()) == "<rnnsim.Elman of one unit, activation tanh; axes a: 7, b: 5, c: 3, d: 2>"
    assert repr(rs.Elman(1, 2)) == "<rnnsim.Elman of one unit, activation tanh; axes none>"


def test_the_callers_arrays_are_left_alone():
    w = rs.axis("w", [1.0, 2.0])
    before = w.copy(deep=True)
    inputs = np.ones((2, 3))
    net = rs.Elman(w, 0.5)
    net["w_in"].values[:] = 7.0
    rs.simulate(net, inputs)
    xr.testing.assert_identical(w, before)
    assert (inputs == 1).all()


def test_axis_attributes_are_kept():
    gain = rs.axis("gain", [1.0, 2.0], long_name="gain of the loop", units="mV")
    ds = rs.simulate(rs.Elman(1.0, gain), [1.0])
    assert ds.gain.attrs == {"long_name": "gain of the loop", "units": "mV"}


def test_the_counting_task_is_that_of_the_tutorial():
    rows = """
        0100000001 0101010100 1101110001 0011101101 1101001000 0100001011 0010011111 1001001011 1110010111 0101001101
        0110110111 0011011110 0000111100 1110101011 1000000110 0110010111 0011000011 0110111000 1010010111 0011110011
    """.split()
    task = rs.tasks.counting()
    np.testing.assert_array_equal(task.inputs, [[int(digit) for digit in row] for row in rows])
    np.testing.assert_array_equal(task.targets, [row.count("1") for row in rows])
