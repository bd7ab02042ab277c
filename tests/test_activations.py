"""Activations of a user's own: on lanes where they can be compiled for them, number by number elsewhere."""

import math

import numba
import numpy as np
import pytest
from test_units import numbers

import rnnsim as rs
from rnnsim import functions
from rnnsim.kernels import blocks

TANH = rs.Activation(lambda a: functions.tanh(a), lambda a: functions.tanh_and_slope(a)[1])
BELL = rs.Activation(lambda a: functions.exp(-a * a), lambda a: -2.0 * a * functions.exp(-a * a))
BELL_BY_NUMBER = rs.Activation(lambda a: math.exp(-a * a), lambda a: -2.0 * a * math.exp(-a * a), lambda a: 4.0 * a * a - 2.0)


def run(activation, leak=0.4, **options):
    net = rs.Elman(**numbers("Elman", 3, 2), activation=activation, leak=leak)
    rng = np.random.default_rng(0)
    return rs.backprop(net, rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 3)), **options)


def test_the_packages_own_functions_give_the_packages_own_numbers():
    for leak in (0.4, 1.0):
        own, known = run(TANH, leak), run("tanh", leak)
        for name in known:
            np.testing.assert_array_equal(own[name], known[name])


def test_number_by_number_is_all_at_once_to_rounding():
    for name, values in run(BELL).items():
        np.testing.assert_allclose(run(BELL_BY_NUMBER)[name], values, rtol=1e-13, atol=1e-16)


@numba.njit
def cubic(a):
    return a if abs(a) < 1.0 else a * a * a  # a branch on one number


@numba.njit
def cubic_slope(a):
    return 1.0 if abs(a) < 1.0 else 3.0 * a * a


def test_jitted_functions_with_branches_and_scalar_networks():
    net = rs.Elman(0.7, rs.axis("w_rec", [0.5, 1.5, -2.0]), 0.1, 0.3, activation=rs.Activation(cubic, cubic_slope))
    x, size = np.array([0.5, -1.5, 2.0]), 1e-6
    ds = rs.backprop(net, x, 0.3, keep=("state", "grad", "cost"))
    for i, w in enumerate(net["w_rec"].values):
        h = [0.3]
        for value in x:
            h.append(cubic(w * h[-1] + 0.7 * value + 0.1))
        np.testing.assert_allclose(ds.state[i], h, rtol=1e-14)
    up, down = (rs.backprop(net.replace(bias=0.1 + s), x, 0.3).cost for s in (size, -size))
    np.testing.assert_allclose(ds.grad_bias, (up - down) / (2 * size), rtol=1e-6)


def test_two_activations_are_two():
    assert not np.allclose(run(TANH).cost, run(BELL).cost)


def test_bits_do_not_depend_on_lanes():
    for activation in (BELL, BELL_BY_NUMBER):
        whole = run(activation)
        with blocks.settings(threads=1):
            for name, values in run(activation).items():
                np.testing.assert_array_equal(values, whole[name])


def test_float32_and_what_a_result_says_of_it():
    single = run(BELL, dtype="float32")
    np.testing.assert_allclose(single.cost, run(BELL).cost, rtol=1e-5)
    assert "user's own" in single.attrs["network"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "value was given a int; it needs a function of one number"),
        (lambda a: "text", "value"),
        (lambda a, b: a, "value is no function that can be compiled for a number"),
        (lambda a: unknown(a), "value is no function"),  # noqa: F821
        (lambda a: (a, a), "value returned a tuple"),
    ],
)
def test_what_is_no_function_of_a_number_is_refused(value, message):
    with pytest.raises(TypeError, match=message) as caught:
        rs.Activation(value, lambda a: a)
    assert "\n" not in str(caught.value)


def test_names_that_are_not_known_are_refused():
    with pytest.raises(
        ValueError, match=r"activation was given as 'selu'; it needs one of linear, tanh, relu, sigmoid, or an rs.Act"
    ):
        rs.Elman(1, 1, activation="selu")
