"""Arithmetic on lanes is NumPy's, whatever the width and type; primitives agree in Python, on jitted floats and on lanes."""

import numba
import numpy as np
import pytest
from numba.extending import register_jitable

from rnnsim.numerics import primitives as P
from rnnsim.numerics import simd as L
from rnnsim.numerics.functions import lookup_tables as tables
from rnnsim.numerics.simd import Kind, end_streams, load, splat, store, stream
from rnnsim.numerics.tuples import width

JITTED = not numba.config.DISABLE_JIT


@register_jitable
def arithmetic(x, y):
    return (x + 2) * y - 3.0 / (y + 4.0) - x / y + 1 - (2.5 - x) * 2 - (-x)


@register_jitable
def choices(x, y):
    return (
        P.select(x < y, x, y)
        + P.select(x <= 0.5, 1.0, 0.0)
        + P.select(x >= y, 2.0, y)
        + P.select(x > 0, x, 0.0)
        + P.select(x == y, 1.0, 0.25)
        + P.select(x != x, 8.0, 0.0)
    )


@register_jitable
def primitives(x, y):
    return (
        P.muladd(x, y, 3.0)
        + P.absolute(x)
        + P.square_root(P.absolute(y))
        + P.signed(y, x)
        + P.at_most(x, 0.5)
        + P.at_least(y, 0.25)
        + P.power_of_two((x * 0.0 + P.shift(x)) - 3.0)
        + P.quarter_turns(x, y, P.muladd(x, 3.0, P.shift(x)))
        + P.mantissa(y) * P.exponent(y)
    )


SQUARES = tables.Table("squares", 3, np.array([(k / 4, (k / 8) ** 2) for k in range(50)]))


@register_jitable
def looked_up(x, y):
    past, double, square = tables.look_up(SQUARES, y)
    return past + 2.0 * double + 4.0 * square


FORMS = {"arithmetic": arithmetic, "choices": choices, "primitives": primitives, "looked_up": looked_up}


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
    assert np.isnan(P.at_most(np.nan, 1.0))
    assert np.isnan(P.at_least(np.nan, 1.0))
    assert P.at_most(2.0, 1.0) == 1.0
    assert P.at_least(0.0, 1.0) == 1.0


def test_a_table_is_read_at_the_point_nearest_to_a_number():
    x = np.array([0.0, 5e-324, 0.1, 0.125, 0.2, 3.0, 6.1, 9.0])
    points = np.array([0, 0, 0.125, 0.125, 0.25, 3.0, 6.125, 6.125])
    past, double, square = tables.look_up(SQUARES, x)
    np.testing.assert_array_equal(past, np.minimum(x, 6.125) - points)
    np.testing.assert_array_equal(double, 2 * points)
    np.testing.assert_array_equal(square, points**2)


def test_a_table_may_start_anywhere():
    table = tables.Table("cubes", 2, np.array([(k, k**3) for k in range(-5, 3)]), start=-1.25)
    past, four, cube = tables.look_up(table, np.array([-1.2, -0.1, 0.4]))
    np.testing.assert_array_equal(four, [-5, 0, 2])
    np.testing.assert_array_equal(cube, [-125, 0, 8])
    np.testing.assert_allclose(past, [0.05, -0.1, -0.1], rtol=1e-14)


def test_no_number_is_looked_up_outside_the_table():
    bits = np.random.default_rng(2).integers(0, np.iinfo(np.uint64).max, 64, np.uint64, endpoint=True)
    bits[:4] = np.iinfo(np.uint64).max, 1 << 63, *np.array([np.inf, -np.inf]).view(np.uint64)
    x = bits.view(np.float64)
    table = tables.Table("ones", 3, np.ones((64, 2)))
    with np.errstate(all="ignore"):
        assert (np.stack(tables.look_up(table, x)[1:]) == 1).all()
        assert np.isnan(tables.look_up(table, x)[0][np.isnan(x)]).all()
    if JITTED:

        @numba.njit
        def read(kind, x, out):
            store(out, 0, tables.look_up(table, load(kind, x, 0))[1])

        out = np.empty(64)
        read(Kind(64), x, out)
        assert (out == 1).all()


@pytest.mark.parametrize("x", [[1.0, 2.0, 0.0, 3.0], [1.0, 2.0, -0.0, 3.0], [-1.0, np.nan, 1.0, 2.0], [np.nan, 1.0, 1.0, np.inf]])
def test_any_negative_looks_at_signs(x):
    x = np.repeat(x, 4)
    assert P.any_negative(x) == np.signbit(x).any()
    if JITTED:

        @numba.njit
        def on_lanes(kind, x):
            return P.any_negative(load(kind, x, 0))

        assert on_lanes(Kind(16), x) == np.signbit(x).any()
        assert on_lanes(Kind(2), x) == np.signbit(x[:2]).any()


def test_loads_and_stores_of_the_stand_in():
    kind, array = Kind(4), np.arange(8.0)
    store(array, 4, load(kind, array, 0) + splat(kind, 1))
    np.testing.assert_array_equal(array, [0, 1, 2, 3, 1, 2, 3, 4])


def test_streamed_lanes_arrive():
    room = np.empty(24)
    array = room[-room.ctypes.data % 64 // 8 :][:16]

    @numba.njit
    def put(kind, array):
        stream(array, 8, load(kind, array, 0) + splat(kind, 1))
        end_streams()

    array[:] = np.arange(16)
    put(Kind(8), array)
    np.testing.assert_array_equal(array, [*range(8), *range(1, 9)])


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
def test_an_array_of_another_type_or_order_is_no_place_for_lanes():
    @numba.njit
    def read(kind, array):
        store(array, 0, load(kind, array, 0))

    read(Kind(4), np.zeros(8))
    for array in (np.zeros(8, "f4"), np.zeros((2, 8)), np.zeros(16)[::2]):
        with pytest.raises(numba.TypingError):
            read(Kind(4), array)


def test_quarter_turns_are_those_of_sines():
    k = np.arange(-6.0, 7.0)
    sine, cosine = np.sin(0.25), np.cos(0.25)
    np.testing.assert_allclose(P.quarter_turns(sine, cosine, k + P.shift(k)), np.sin(0.25 + k * np.pi / 2), rtol=1e-14)


def test_muladd_rounds_once():
    a, c = 1.0 + 2.0**-30, -(1.0 + 2.0**-29)
    assert P.muladd(a, a, c) == 2.0**-60
