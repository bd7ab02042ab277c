"""Activations of a user's own: on lanes where they can be compiled for them, number by number elsewhere."""

import math
import os
import pickle
import subprocess
import sys

import numba
import numpy as np
import pytest
from family_data import numbers
from project import ROOT

import rnnsim as rs
import rnnsim.functions
from rnnsim.checks.function_hashes import function_hash
from rnnsim.numerics import thread_state
from rnnsim.numerics.functions import elementary as functions
from rnnsim.runs.provenance import fingerprint

TANH = rs.Activation(lambda a: functions.tanh(a), lambda a: functions.tanh_and_slope(a)[1])
BELL = rs.Activation(lambda a: functions.exp(-a * a), lambda a: -2.0 * a * functions.exp(-a * a))
BELL_BY_NUMBER = rs.Activation(
    lambda a: math.exp(-a * a), lambda a: -2.0 * a * math.exp(-a * a), lambda a: (4.0 * a * a - 2.0) * math.exp(-a * a)
)


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


LINEAR = {
    "floats": (lambda a: a, lambda a: 1.0),
    "whole numbers": (lambda a: a, lambda a: 1),
    "branches": (lambda a: a if a > 0.0 else 1.0 * a, lambda a: 1 if a > 0.0 else 1.0),
}


def check_plain(functions, dtypes):
    own = rs.Activation(*functions, lambda a: 0)
    for dtype in dtypes:
        found = run(own, leak=1.0, dtype=dtype)
        for name, values in run("linear", leak=1.0, dtype=dtype).items():
            np.testing.assert_array_equal(found[name], values)
    return own


def test_functions_may_return_plain_numbers():
    check_plain(LINEAR["whole numbers"], ["float64"])


@pytest.mark.slow
@pytest.mark.parametrize("functions", LINEAR.values(), ids=LINEAR)
def test_functions_may_return_plain_numbers_of_any_kind(functions):
    own = check_plain(functions, ["float64", "float32"])
    x, net = np.array([0.5, -1.5, 2.0]), rs.Elman(0.7, rs.axis("w", [0.5, -2.0]), activation="linear")
    for name, values in rs.backprop(net, x, 0.3).items():
        np.testing.assert_allclose(rs.backprop(net.replace(activation=own), x, 0.3)[name], values, rtol=1e-14)
    hessians = [rs.curvature(net.replace(activation=phi), x, 0.3).hessian for phi in (own, "linear")]
    np.testing.assert_allclose(*hessians, rtol=1e-14)
    constant = rs.Activation(lambda a: 3, lambda a: 0)
    found = run(constant, leak=1.0, keep=("state", "grad_w_rec"))
    assert (found.state[:, 1:] == 3.0).all() and (found.grad_w_rec == 0.0).all()


# what is checked when one is made: value, slope, curvature
WRONG = {
    "a factor": (lambda a: functions.tanh(a), lambda a: 1.00001 * functions.tanh_and_slope(a)[1]),
    "a factor that complex steps see": (lambda a: np.exp(-a * a), lambda a: -2.00000002 * a * np.exp(-a * a)),
    "a sign": (lambda a: np.cos(a), lambda a: np.sin(a)),
    "an end": (lambda a: min(max(a, -20.0), 20.0), lambda a: 1.0),
    "nan": (lambda a: a, lambda a: math.nan if a > 3.0 else 1.0),
    "a modulus": (lambda a: a / (1.0 + abs(a)), lambda a: 1.0 / (1.0 + abs(a))),
}


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
def test_a_slope_that_is_another_is_refused(given):
    with pytest.raises(
        ValueError, match=r"^slope is \S+ at \S+, where value rises by \S+; it needs to be the derivative, or check=F"
    ):
        rs.Activation(*given)
    rs.Activation(*given, check=False)


def test_a_curvature_that_is_another_is_refused():
    with pytest.raises(ValueError, match=r"^curvature is \S+ at \S+, where slope rises by \S+; it needs to be the derivative"):
        rs.Activation(lambda a: a**3, lambda a: 3.0 * a**2, lambda a: 3.0 * a)


RIGHT = {
    "few digits where it saturates": (lambda a: functions.tanh(a), lambda a: 1.0 - functions.tanh(a) ** 2),
    "numbers that cancel": (
        lambda a: 0.5 * a * (1.0 + math.erf(a / math.sqrt(2.0))),
        lambda a: 0.5 * (1.0 + math.erf(a / math.sqrt(2.0))) + a * math.exp(-a * a / 2.0) / math.sqrt(2.0 * math.pi),
    ),
    "overflow": (lambda a: np.log(1.0 + np.exp(a)), lambda a: 1.0 / (1.0 + np.exp(-a))),
    "a modulus": (lambda a: a / (1.0 + abs(a)), lambda a: (1.0 + abs(a)) ** -2),
    "corners": (lambda a: max(a, 0.0), lambda a: 1.0 if a > 0.0 else 0.0),
    "no value everywhere": (lambda a: math.log(a), lambda a: 1.0 / a),
    "fast": (lambda a: np.sin(50.0 * a), lambda a: 50.0 * np.cos(50.0 * a)),
    "small": (lambda a: 1e-12 * np.tanh(a), lambda a: 1e-12 / np.cosh(a) ** 2),
}


@pytest.mark.parametrize("given", RIGHT.values(), ids=RIGHT)
def test_a_slope_that_is_right_is_taken(given):
    rs.Activation(*given)


def test_a_small_slope_that_is_another_is_refused():
    with pytest.raises(ValueError, match="slope is"):
        rs.Activation(lambda a: 1e-12 * np.tanh(a), lambda a: 1.1e-12 / np.cosh(a) ** 2)


@pytest.mark.parametrize(("value", "seen"), [(np.tanh, 1e-9), (math.tanh, 1e-8)], ids=["complex steps", "differences"])
def test_a_slope_is_compared_to_as_many_digits_as_is_said(value, seen):
    for error, right in ((3 * seen, False), (-3 * seen, False), (seen / 3, True)):
        functions_given = (lambda a: value(a)), (lambda a, by=1.0 + error: by * (1.0 - value(a) ** 2))
        if right:
            rs.Activation(*functions_given)
        else:
            with pytest.raises(ValueError, match="slope is"):
                rs.Activation(*functions_given)


def test_a_slope_is_compared_up_to_40():
    with pytest.raises(ValueError, match="slope is 2 at "):
        rs.Activation(lambda a: a, lambda a: 1.0 if abs(a) < 38.0 else 2.0)


# what a result says of them


def hash_of(activation):
    return rs.simulate(rs.Elman(1.0, 0.5, activation=activation), [0.5]).attrs["parameters_hash"]


FACTOR = 2.0


@numba.njit
def helper(a):
    return FACTOR * a


def through_a_helper():
    return rs.Activation(lambda a: helper(a), lambda a: 2.0, check=False)


def times(k):
    return rs.Activation(lambda a: a * k, lambda a: k)


def test_results_of_two_activations_have_two_hashes(monkeypatch):
    pair = [rs.Activation(lambda a: a, lambda a: 1.0), rs.Activation(lambda a: 2.0 * a, lambda a: 2.0)]  # in one line
    others = [times(3.0), times(4.0)]  # by what is around them
    curved = rs.Activation(lambda a: a, lambda a: 1.0, lambda a: 0.0)
    hashes = [hash_of(phi) for phi in (*pair, *others, curved, through_a_helper(), "linear")]
    assert len(set(hashes)) == len(hashes)
    assert hash_of(through_a_helper()) == hashes[5]
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert hash_of(through_a_helper()) not in hashes
    monkeypatch.setitem(globals(), "helper", numba.njit(lambda a: 2.0 * a))
    assert hash_of(through_a_helper()) not in hashes


def test_defaults_of_a_function_are_part_of_its_hash():
    def of(factor, power):
        def function(a, by=factor, *, to=power):
            return by * a**to

        return function_hash(function)

    assert len({of(1.0, 2), of(2.0, 2), of(1.0, 3)}) == 3 and of(1.0, 2) == of(1.0, 2)


def test_constants_in_a_function_are_part_of_its_hash():
    alike = [
        lambda a: 2.0 * a,
        lambda a: 3.0 * a,
        lambda a: a if a in (1.0, 2.0) else -a,
        lambda a: a if a in (1.0, 3.0) else -a,
        lambda a: (lambda b: 2.0 * b)(a),
        lambda a: (lambda b: 3.0 * b)(a),
    ]
    hashes = [function_hash(function) for function in alike]
    assert len(set(hashes)) == len(hashes) and function_hash(lambda a: 2.0 * a) == hashes[0]


def test_layers_of_a_stack_have_hashes_of_their_own():
    def of(*activations):
        return fingerprint(rs.Stack([rs.Elman(np.ones((1, 1)), np.eye(1), activation=phi) for phi in activations]).hashed)

    assert len({of(TANH, BELL), of(BELL, TANH), of(BELL, BELL), of(BELL, "tanh"), of("tanh", BELL)}) == 5


HASHES = """
import math, numba, numpy as np, rnnsim as rs
from rnnsim.functions import tanh
from rnnsim.runs.provenance import fingerprint
table, k = np.arange(3.0), {"a", "b", "c"}
@numba.njit
def inner(a):
    return tanh(a) * table[1] if a not in (1.0, 2.0) else math.inf
phi = rs.Activation(lambda a: inner(a), lambda a: 1.0 - tanh(a) ** 2, check=False)
print(fingerprint(rs.Elman(1.0, 0.5, activation=phi).hashed))
"""


def test_hashes_are_the_same_in_every_process():
    def said(**environment):
        command = [sys.executable, "-c", HASHES]
        done = subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert said(PYTHONHASHSEED="1") == said(PYTHONHASHSEED="2", NUMBA_DISABLE_JIT="1")


def test_a_copy_from_another_process_is_the_same():
    copy = pickle.loads(pickle.dumps(BELL))
    assert copy.hash == BELL.hash
    pickle.loads(pickle.dumps(rs.Activation(lambda a: a, lambda a: 0.5, check=False)))


# classes of a user's own


@pytest.mark.parametrize(("base", "name"), [(rs.Elman, "step"), (rs.GRU, "forward"), (rs.SGD, "step"), (rs.Activation, "slope")])
def test_a_method_that_nothing_would_call_is_refused(base, name):
    with pytest.raises(TypeError, match=f"^Mine defines {name}, which nothing would call; it needs "):
        type("Mine", (base,), {name: lambda self, *_: None})
    assert type("Mine", (base,), {"other": 1}).other == 1


def test_bits_do_not_depend_on_lanes():
    for activation in (BELL, BELL_BY_NUMBER):
        whole = run(activation)
        with thread_state.settings(threads=1):
            for name, values in run(activation).items():
                np.testing.assert_array_equal(values, whole[name])


def test_float32_and_what_a_result_says_of_it():
    single = run(BELL, dtype="float32")
    np.testing.assert_allclose(single.cost, run(BELL).cost, rtol=1e-5)
    assert "user's own" in single.attrs["network"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "value was given an int; it needs a function of one number"),
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
        ValueError, match=r"activation was given as 'selu'; it needs one of linear, tanh, relu, sigmoid, .*, or an rs.Act"
    ):
        rs.Elman(1, 1, activation="selu")


def test_functions_go_by_the_name_under_which_users_know_them():
    assert {getattr(rnnsim.functions, name).__module__ for name in rnnsim.functions.__all__} == {"rnnsim.functions"}
