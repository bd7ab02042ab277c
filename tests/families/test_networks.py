"""Families: axes that meet by name, parameters as a Dataset, parts of families."""

import numpy as np
import pytest
import xarray as xr
from family_data import random_family

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


def test_parts_are_chosen_as_xarray_chooses_them():
    net = rs.Elman.random(
        4, 2, gain=rs.axis("gain", [0.5, 1.0, 1.5]), seed=rs.axis("seed", range(4)), bias=rs.axis("b", [0.1, 0.2])
    )
    whole = net.parameters
    for chosen in (0, -1, np.int8(1), [2, 0], (0, 1), np.array([1, 2]), [True, False, True], slice(1, None), slice(None, None, -1)):
        expected = whole.isel(gain=list(chosen) if isinstance(chosen, tuple) else chosen, drop=True)
        xr.testing.assert_identical(net.isel(gain=chosen).parameters, expected)
        xr.testing.assert_identical(net.isel({"gain": chosen}).parameters, expected)
    for chosen in (xr.DataArray(1), xr.DataArray([1, 0], dims="other"), xr.DataArray([2], {"gain": [1.5]}, ("gain",))):
        xr.testing.assert_identical(net.isel(gain=chosen).parameters, whole.isel(gain=chosen.values, drop=True))
    for chosen in (0.5, [1.5, 0.5], slice(0.7, 2.0), xr.DataArray(1.0)):
        expected = whole.sel(gain=chosen.values if isinstance(chosen, xr.DataArray) else chosen, drop=True)
        xr.testing.assert_identical(net.sel(gain=chosen).parameters, expected)
    for method in ("nearest", "ffill", "bfill"):
        expected = whole.sel({"gain": [0.6, 1.3]}, method=method)
        xr.testing.assert_identical(net.sel(gain=[0.6, 1.3], method=method).parameters, expected)
    assert net.sel(gain=1.04, method="nearest", tolerance=0.05).axes == {"seed": 4, "b": 2}


def test_only_public_names_are_completed():
    shared = {"at", "axes", "inputs", "isel", "outputs", "parameters", "readout", "replace", "sel", "units"}
    layer = rs.LSTM.random(3, 2)
    named = {"Elman": {"random", "activation"}, "LSTM": {"random"}, "Stack": {"layers", "embedding"}}
    for net in (rs.Elman(1.0, 1.0), layer, rs.Stack([layer])):
        assert {name for name in dir(net) if not name.startswith("_")} == shared | named[type(net).__name__]
        assert all(hasattr(net, name) for name in dir(net))
    assert {name for name in dir(rs) if not name.startswith("__")} == set(rs.__all__) - {"__version__"}


def test_a_parameter_asked_for_as_an_attribute_is_pointed_to():
    with pytest.raises(AttributeError, match=r"'Elman' object has no attribute 'w_rec'; the parameter is net\['w_rec'\]"):
        _ = rs.Elman(1.0, 1.0).w_rec
    with pytest.raises(AttributeError, match=r"the parameter is net\['w_rec_0'\]"):
        _ = rs.Stack([rs.Elman.random(3), rs.Elman.random(2, 3)]).w_rec
    with pytest.raises(AttributeError, match=r"'GRU' object has no attribute 'weight'$"):
        _ = rs.GRU.random(3).weight
