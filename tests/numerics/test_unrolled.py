"""Functions with loops over tuples: in kernels what they are in Python, whatever the lengths and the types of the members."""

import importlib.util
import inspect
from typing import NamedTuple

import numba
import numpy as np
import pytest

from rnnsim.numerics.unrolled import unrolled, without_loops

NUMBERS = 1.0, 2, 3.0, 5


class Pair(NamedTuple):
    left: tuple
    right: tuple


@unrolled()
def sums(u, v, start=0.0):
    for a, b in zip(u, v, strict=True):
        start = 10.0 * start + a * b
    return start


@unrolled()
def shortest(u, v):
    return tuple((i, a - b) for i, (a, b) in enumerate(zip(u, v, strict=False)))


@unrolled()
def fields(pair):
    return tuple(a + len(pair.left) for a in pair.left), tuple(i * b for i, b in enumerate(reversed(pair.right[1:])))


@unrolled(forceinline=True)
def polynomial(z, coefficients):
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = value * z + coefficient
    return value


@unrolled()
def kept(values, array, first):
    found = ()
    for i, value in enumerate(values[: len(values)]):
        if value > 1.0:
            array[first + i] = value
        first += 1
        found = found + (value,)
    return found


def in_kernel(function, *arguments):
    return numba.njit(lambda *arguments: function(*arguments))(*arguments)


@pytest.mark.parametrize("count", range(5))
def test_every_member_has_its_turn_in_order(count):
    u, v = NUMBERS[:count], NUMBERS[4 - count :]
    assert in_kernel(sums, u, v) == sums(u, v)
    assert in_kernel(sums, u, v, 0.5) == sums(u, v, 0.5)
    assert in_kernel(shortest, u, NUMBERS) == shortest(u, NUMBERS)


@pytest.mark.parametrize("count", range(5))
def test_types_of_members_are_kept(count):
    found = in_kernel(shortest, NUMBERS, NUMBERS[:count])
    assert found == shortest(NUMBERS, NUMBERS[:count])
    assert [type(b) for _, b in found] == [type(b) for _, b in shortest(NUMBERS, NUMBERS[:count])]


def test_fields_and_slices_are_tuples_too():
    pair = Pair(NUMBERS[:3], NUMBERS)
    assert in_kernel(fields, pair) == fields(pair) == ((4.0, 5, 6.0), (0, 3.0, 4))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_last_may_come_first(count):
    assert in_kernel(polynomial, 0.5, NUMBERS[:count]) == polynomial(0.5, NUMBERS[:count])


def test_names_may_be_set_anew_in_every_turn():
    compiled, plain = np.zeros(9), np.zeros(9)
    assert in_kernel(kept, NUMBERS, compiled, 1) == kept(NUMBERS, plain, 1) == NUMBERS
    np.testing.assert_array_equal(compiled, [0, 0, 0, 2, 0, 3, 0, 5, 0])
    np.testing.assert_array_equal(plain, compiled)


def test_tuples_of_other_lengths_are_refused_as_in_python():
    with pytest.raises(ValueError, match="shorter"):
        without_loops(sums, inspect.getsource(sums), {"u": numba.typeof(NUMBERS), "v": numba.typeof(NUMBERS[1:])})


def test_errors_stand_at_the_line_of_the_loop():
    code = without_loops(sums, inspect.getsource(sums), {"u": numba.typeof(NUMBERS), "v": numba.typeof(NUMBERS)}).__code__
    assert code.co_filename == __file__
    assert code.co_firstlineno == sums.__code__.co_firstlineno + 1


MODULE = """
from rnnsim.numerics.unrolled import unrolled

@unrolled()
def total(values):
    found = 0
    for value in values:
        found = found + value
    return found
"""


def test_a_file_that_changes_later_changes_nothing(tmp_path):
    file = tmp_path / "changing.py"
    file.write_text(MODULE)
    spec = importlib.util.spec_from_file_location("changing", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    file.write_text(MODULE.replace("found + value", "found - value"))
    assert in_kernel(module.total, NUMBERS) == sum(NUMBERS)
