"""Arithmetic on lanes is NumPy's, whatever the width and type; primitives agree in Python, on jitted floats and on lanes."""

import numba
import numpy as np
import pytest
from numba.extending import register_jitable

from rnnsim import lanes as L
from rnnsim.kernels.rows import width
from rnnsim.lanes import Kind, load, splat, store

JITTED = not numba.config.DISABLE_JIT


@register_jitable
def arithmetic(x, y):
    return (x + 2) * y - 3.0 / (y + 4.0) - x / y + 1 - (2.5 - x) * 2 - (-x)


@register_jitable
def choices(x, y):
    return (
        L.select(x < y, x, y)
        + L.select(x <= 0.5, 1.0, 0.0)
        + L.select(x >= y, 2.0, y)
        + L.select(x > 0, x, 0.0)
        + L.select(x == y, 1.0, 0.25)
        + L.select(x != x, 8.0, 0.0)
    )


@register_jitable
def primitives(x, y):
    return (
        L.muladd(x, y, 3.0)
        + L.absolute(x)
        + L.square_root(L.absolute(y))
        + L.copysign(y, x)
        + L.at_most(x, 0.5)
        + L.at_least(y, 0.25)
        + L.settle(x)
        + L.power_of_two((x * 0.0 + L.shift(x)) - 3.0)
    )


FORMS = {"arithmetic": arithmetic, "choices": choices, "primitives": primitives}


def compiled(form):
    @numba.njit(error_model="numpy")
    def on_lanes(kind, x, y, out):
        L.align_stack()
        for i in range(0, x.size, width(kind)):
            store(out, i, form(load(kind, x, i), load(kind, y, i)))

    @numba.njit(error_model="numpy")
    def on_floats(x, y, out):
        for i in range(x.size):
            out[i] = form(x[i], y[i])

    return on_lanes, on_floats


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize("form", FORMS)
def test_lanes_of_any_width_and_jitted_floats_equal_numpy_to_the_bit(form):
    on_lanes, on_floats = compiled(FORMS[form])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=64), rng.uniform(0.1, 2, 64)
    expected = FORMS[form](x, y)
    for lanes in (2, 8, 16, 64):
        out = np.empty(64)
        on_lanes(Kind(lanes), x, y, out)
        np.testing.assert_array_equal(out, expected)
    on_floats(x, y, out)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize("form", ["arithmetic", "primitives"])
def test_lanes_of_float32_stay_float32(form):
    on_lanes, _ = compiled(FORMS[form])
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=32).astype("f4"), rng.uniform(0.1, 2, 32).astype("f4")
    out = np.empty(32, "f4")
    on_lanes(Kind(16, "float32"), x, y, out)
    expected = FORMS[form](x, y)
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(out, expected)


def test_minimum_and_maximum_keep_nan():
    assert np.isnan(L.at_most(np.nan, 1.0))
    assert np.isnan(L.at_least(np.nan, 1.0))
    assert L.at_most(2.0, 1.0) == 1.0
    assert L.at_least(0.0, 1.0) == 1.0


def test_loads_and_stores_of_the_stand_in():
    kind, array = Kind(4), np.arange(8.0)
    store(array, 4, load(kind, array, 0) + splat(kind, 1))
    np.testing.assert_array_equal(array, [0, 1, 2, 3, 1, 2, 3, 4])


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
def test_an_array_of_another_type_or_order_is_no_place_for_lanes():
    @numba.njit
    def read(kind, array):
        store(array, 0, load(kind, array, 0))

    read(Kind(4), np.zeros(8))
    for array in (np.zeros(8, "f4"), np.zeros((2, 8)), np.zeros(16)[::2]):
        with pytest.raises(numba.TypingError):
            read(Kind(4), array)


def test_muladd_rounds_once():
    a, c = 1.0 + 2.0**-30, -(1.0 + 2.0**-29)
    assert L.muladd(a, a, c) == 2.0**-60
