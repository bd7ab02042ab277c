"""Elementary functions against mpmath, on Python floats, arrays, jitted floats and lanes, and where floats end."""

import functools
import itertools
import math

import mpmath
import numba
import numpy as np
import pytest
from numba.extending import register_jitable

from rnnsim.numerics.functions import elementary, error_function, logarithms, trigonometry
from rnnsim.numerics.functions import lookup_tables as tables
from rnnsim.numerics.simd import Kind, load, store
from rnnsim.numerics.tuples import width

WIDTH = 16
ULPS = 2.0
SLOPE_ULPS = 3.0
JITTED = not numba.config.DISABLE_JIT

mpmath.mp.dps = 40


def exact_sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def exact_tanh_slope(x):
    return 1 / mpmath.cosh(x) ** 2


def exact_sigmoid_slope(x):
    return exact_sigmoid(x) * exact_sigmoid(-x)


def exact_softplus(x):
    return mpmath.log1p(mpmath.exp(x))


def member(function, which):
    """One of the two numbers that a function returns."""
    return register_jitable(lambda x: function(x)[which])


EXACT = {
    "tanh": (elementary.tanh, mpmath.tanh, ULPS),
    "sigmoid": (elementary.sigmoid, exact_sigmoid, ULPS),
    "exp": (elementary.exp, mpmath.exp, ULPS),
    "tanh slope": (member(elementary.tanh_and_slope, 1), exact_tanh_slope, SLOPE_ULPS),
    "sigmoid slope": (member(elementary.sigmoid_and_slope, 1), exact_sigmoid_slope, SLOPE_ULPS),
    "softplus": (logarithms.softplus, exact_softplus, SLOPE_ULPS),
    "softplus slope": (member(logarithms.softplus_and_slope, 1), exact_sigmoid, SLOPE_ULPS),
    "log": (logarithms.log, mpmath.log, ULPS),
    "log1p": (logarithms.log1p, mpmath.log1p, ULPS),
    "sqrt": (elementary.sqrt, mpmath.sqrt, 0.5),
    "sin": (trigonometry.sin, mpmath.sin, ULPS),
    "cos": (trigonometry.cos, mpmath.cos, ULPS),
    "erf": (error_function.erf, mpmath.erf, ULPS),
}
FUNCTIONS = {name: entry[0] for name, entry in EXACT.items()} | {
    "relu": elementary.relu,
    "relu slope": member(elementary.relu_and_slope, 1),
}
BESIDE = {
    "tanh": member(elementary.tanh_and_slope, 0),
    "sigmoid": member(elementary.sigmoid_and_slope, 0),
    "softplus": member(logarithms.softplus_and_slope, 0),
    "sin": member(trigonometry.sin_and_cos, 0),
    "cos": member(trigonometry.sin_and_cos, 1),
}
TABLED = ["tanh", "sigmoid", "exp", "tanh slope", "sigmoid slope", "softplus", "softplus slope"]
FUNCTIONS |= {f"{name} beside": function for name, function in BESIDE.items()}
RANGES = [(1e-12, 1e-3), (1e-3, 0.5), (0.5, 0.6), (0.6, 2.0), (2.0, 20.0), (20.0, 300.0), (300.0, 705.0)]
BELOW_0 = [(-low, -high) for low, high in RANGES]
LARGE = [(1e3, 1e5), (1e5, 1e6), (1e6, 1e20), (1e20, 3e38), (3e38, 1.7e308)]
NEAR_1 = [(0.99, 1.01), (1 - 1e-6, 1 + 1e-6)]
SMALL = [(1e-45, 1e-38), (1e-38, 1e-30), (5e-324, 2e-308), (2e-308, 1e-300)]
OWN_RANGES = {
    "softplus": [*RANGES, *BELOW_0, (-705.0, -744.0)],
    "log": [*RANGES, *NEAR_1, *SMALL, *LARGE],
    "log1p": [*RANGES, *BELOW_0[:3], (-0.6, -1.0), *NEAR_1, *SMALL, *LARGE],
    "sqrt": [*RANGES, *SMALL, *LARGE],
    "sin": [*RANGES, *BELOW_0, *SMALL, *LARGE, *((-low, -high) for low, high in LARGE)],
    "erf": [*RANGES[:5], *BELOW_0[:5]],
    "cos": [*RANGES, *BELOW_0, *LARGE, *((-low, -high) for low, high in LARGE)],
}


def ranges(name, dtype, reach=np.inf):
    """Where a function is tried: up to where its value is a float32, and normal, if it has exponentials in it, and x is."""
    single = 3e38 if name in ("log", "log1p", "sqrt", "sin", "cos") else 80.0
    end, start = (min(single, reach), 1e-45) if dtype == "float32" else (reach, 0.0)
    return [pair for pair in OWN_RANGES.get(name, RANGES + BELOW_0) if start <= abs(pair[0]) and max(map(abs, pair)) <= end]


@functools.cache
def compiled(name):
    """Loops with a function over lanes and over floats."""
    function = FUNCTIONS[name]

    @numba.njit(error_model="numpy")
    def on_lanes(kind, x, out):
        for i in range(0, x.size, width(kind)):
            store(out, i, function(load(kind, x, i)))

    @numba.njit(error_model="numpy")
    def on_floats(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return on_lanes, on_floats


def lanes(name, x, wide=WIDTH):
    padded = np.resize(x, -(-x.size // wide) * wide)
    out = np.empty_like(padded)
    compiled(name)[0](Kind(wide, x.dtype.name), padded, out)
    return out[: x.size]


def floats(name, x):
    out = np.empty_like(x)
    compiled(name)[1](x, out)
    return out


def errors_in_ulps(values, x, exact):
    errors = []
    for value, argument in zip(values, x, strict=True):
        truth = exact(mpmath.mpf(float(argument)))
        ulp = np.spacing(np.abs(values.dtype.type(float(truth))))
        errors.append(float(abs(mpmath.mpf(float(value)) - truth) / mpmath.mpf(float(ulp))))
    return np.max(errors)  # nan if one is


def sampled(low, high, count, dtype, seed=0):
    share = np.random.default_rng(seed).uniform(0.0, 1.0, count)
    return (low + (high - low) * share).astype(dtype)


def samples(name, dtype, count, seed=0):
    return np.concatenate([sampled(low, high, count, dtype, seed) for low, high in ranges(name, dtype)])


def check_accuracy(name, dtype, count, seed=0):
    function, exact, ulps = EXACT[name]
    for low, high in ranges(name, dtype):
        x = sampled(low, high, count, dtype, seed)
        values = lanes(name, x) if JITTED else function(x)
        assert values.dtype == dtype
        assert errors_in_ulps(values, x, exact) <= ulps, (name, dtype, low, high)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_on_lanes_are_within_ulps(name, dtype):
    count = 1000 if name in OWN_RANGES else 10_000
    check_accuracy(name, dtype, count if JITTED and dtype == "float64" else 500)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_on_a_million_points(name):
    check_accuracy(name, "float64", 100_000 if name in OWN_RANGES else 1_000_000, seed=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", EXACT)
def test_arrays_give_what_lanes_give(name, dtype):
    function, exact, ulps = EXACT[name]
    with np.errstate(over="ignore"):
        for low, high in ranges(name, dtype, reach=20.0 if name not in OWN_RANGES else np.inf):
            x = sampled(low, high, 300, dtype, seed=2)
            assert function(x).dtype == dtype
            assert errors_in_ulps(function(x), x, exact) <= ulps, (low, high)


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jitted_floats_give_what_lanes_give_to_the_bit(name):
    x = np.concatenate([samples(name, "float64", 300, seed=4), SPECIAL]) if name in EXACT else SPECIAL
    np.testing.assert_array_equal(floats(name, x), lanes(name, x))


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize("name", EXACT)
def test_jitted_floats_of_single_precision_are_within_ulps(name):
    _, exact, ulps = EXACT[name]
    x = samples(name, "float32", 200, seed=5)
    assert errors_in_ulps(floats(name, x), x, exact) <= ulps


@pytest.mark.parametrize("name", EXACT)
def test_python_floats_give_what_arrays_give(name):
    function = EXACT[name][0]
    x = np.array([-3.0, -0.25, 0.0, 0.1, 0.55, 7.0, 1e7])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal([function(float(v)) for v in x], function(x))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_digits_are_kept_about_multiples_of_quarter_turns(name, dtype):
    function, exact, ulps = EXACT[name]
    k = np.concatenate([np.arange(1, 300), np.random.default_rng(6).integers(300, 10**6, 300)])
    x = np.array([float(mpmath.pi / 2 * int(i)) for i in k], dtype)
    x = np.concatenate([np.nextafter(x, x * 0), x, np.nextafter(x, x * 2)])
    for values in [function(x), *([lanes(name, x)] if JITTED else [])]:
        assert errors_in_ulps(values, x, exact) <= ulps


def test_small_softpluses_are_not_zero():
    x = np.array([-40.0, -300.0, -700.0, -744.0])
    for values in [logarithms.softplus(x), *([lanes("softplus", x)] if JITTED else [])]:
        assert errors_in_ulps(values, x, exact_softplus) <= SLOPE_ULPS


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_warning_where_a_number_is_the_result(dtype):
    x = samples("log", dtype, 20)
    for name in ("log", "log1p", "sqrt", "softplus", "softplus slope", "sin", "cos"):
        assert np.isfinite(FUNCTIONS[name](x)).all()
    for name in ("log", "log1p", "sqrt", "softplus"):
        assert FUNCTIONS[name](np.array([np.inf], dtype)) == np.inf


PAIRS = np.array(list(itertools.product([0.0, -1.5, 2.0, np.inf, -np.inf, np.nan], repeat=2)))
CHOICES = {
    "minimum": (elementary.minimum, np.minimum),
    "maximum": (elementary.maximum, np.maximum),
    "where": (register_jitable(lambda x, y: elementary.where(x > y, y, 1)), lambda x, y: np.where(x > y, y, 1)),
    "where, told": (register_jitable(lambda x, y: elementary.where(True, x, 0.5)), lambda x, y: x),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_numpys(name, dtype):
    function, numpys = CHOICES[name]
    x, y = PAIRS.T.astype(dtype, order="C")
    expected = numpys(x, y)
    np.testing.assert_array_equal(function(x, y), np.broadcast_to(expected, x.shape), strict=True)
    np.testing.assert_array_equal([function(float(a), float(b)) for a, b in PAIRS], expected)
    if JITTED:

        @numba.njit
        def on_lanes(kind, x, y, out):
            for i in range(0, x.size, width(kind)):
                store(out, i, function(load(kind, x, i), load(kind, y, i)))

        @numba.njit
        def on_floats(x, y):
            return function(x, y)

        out = np.empty_like(x)
        on_lanes(Kind(4, dtype), x, y, out)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal([on_floats(a, b) for a, b in zip(x, y, strict=True)], expected)


def test_a_choice_among_lists_and_numbers():
    assert elementary.where(False, 1, 2.5) == 2.5
    np.testing.assert_array_equal(elementary.where([True, False, True], [1.0, 2.0, 3.0], 0.0), [1, 0, 3])


LN_2, NAN = math.log(2), math.nan
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 800.0, -800.0, 1e308, -1e308])
EXPECTED = {
    "tanh": [0.0, -0.0, 1, -1, np.nan, 5e-324, -5e-324, 1e-310, 1, -1, 1, -1],
    "sigmoid": [0.5, 0.5, 1, 0, np.nan, 0.5, 0.5, 0.5, 1, 0, 1, 0],
    "exp": [1, 1, np.inf, 0, np.nan, 1, 1, 1, np.inf, 0, np.inf, 0],
    "tanh slope": [1, 1, 0, 0, np.nan, 1, 1, 1, 0, 0, 0, 0],
    "sigmoid slope": [0.25, 0.25, 0, 0, np.nan, 0.25, 0.25, 0.25, 0, 0, 0, 0],
    "softplus": [LN_2, LN_2, np.inf, 0, np.nan, LN_2, LN_2, LN_2, 800, 0, 1e308, 0],
    "softplus slope": [0.5, 0.5, 1, 0, np.nan, 0.5, 0.5, 0.5, 1, 0, 1, 0],
    "log": [-np.inf, -np.inf, np.inf, NAN, NAN, math.log(5e-324), NAN, math.log(1e-310), math.log(800), NAN, math.log(1e308), NAN],
    "log1p": [0.0, -0.0, np.inf, NAN, NAN, 5e-324, -5e-324, 1e-310, math.log(801), NAN, math.log(1e308), NAN],
    "sqrt": [0.0, -0.0, np.inf, NAN, NAN, math.sqrt(5e-324), NAN, math.sqrt(1e-310), math.sqrt(800), NAN, 1e154, NAN],
    "sin": [0.0, -0.0, NAN, NAN, NAN, 5e-324, -5e-324, 1e-310, math.sin(800), -math.sin(800), math.sin(1e308), -math.sin(1e308)],
    "erf": [0.0, -0.0, 1, -1, np.nan, 5e-324, -5e-324, 1e-310 * 2 / math.sqrt(math.pi), 1, -1, 1, -1],
    "cos": [1, 1, NAN, NAN, NAN, 1, 1, 1, math.cos(800), math.cos(800), math.cos(1e308), math.cos(1e308)],
    "relu": [0, 0, np.inf, 0, np.nan, 5e-324, 0, 1e-310, 800, 0, 1e308, 0],
    "relu slope": [0, 0, 1, 0, np.nan, 1, 0, 1, 1, 0, 1, 0],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_where_floats_end(name):
    expected = np.array(EXPECTED[name])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore" if name in OWN_RANGES else "warn"):
        found = [FUNCTIONS[name](SPECIAL)] + ([lanes(name, SPECIAL)] if JITTED else [])
    for values in found:
        np.testing.assert_allclose(values, expected, rtol=4e-16 if name in OWN_RANGES else 0)
        np.testing.assert_array_equal(np.signbit(values[:2]), np.signbit(expected[:2]))


def test_slopes_keep_their_digits_down_to_the_smallest_number():
    x = np.array([19.0, 100.0, 354.5, 370.0, 372.0])
    for values in [elementary.tanh_and_slope(x)[1], *([lanes("tanh slope", x)] if JITTED else [])]:
        assert errors_in_ulps(values, x, exact_tanh_slope) <= SLOPE_ULPS
        assert (values > 0).all()


def test_small_sigmoids_are_not_zero():
    x = np.array([-40.0, -300.0, -700.0, -744.0])
    for values in [elementary.sigmoid(x), *([lanes("sigmoid", x)] if JITTED else [])]:
        assert errors_in_ulps(values, x, exact_sigmoid) <= ULPS


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", BESIDE)
def test_the_value_beside_another_is_the_value_alone_to_the_bit(name, dtype):
    x = samples(name, dtype, 4000 if JITTED else 400)
    of_all = lanes if JITTED else lambda name, x: FUNCTIONS[name](x)
    np.testing.assert_array_equal(of_all(f"{name} beside", x), of_all(name, x))


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_do_not_depend_on_the_other_lanes(name, dtype):
    """Some lanes are saturated, large or beyond a function's range and some are not, in other company at every width."""
    rng = np.random.default_rng(3)
    x = (rng.normal(size=512) * 10 ** rng.uniform(-2, 2.5, 512)).astype(dtype)
    x[::37] = np.nan
    x[5::41] = np.inf
    x[7::43] *= 1e6
    x[9::47] = 0.0
    found = [lanes(name, x, wide) for wide in (2, 8, 64)]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    with np.errstate(all="ignore"):
        arrays = FUNCTIONS[name](x)
    np.testing.assert_allclose(found[0], arrays, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).smallest_subnormal)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TABLED)
def test_every_row_of_the_tables_is_right_at_both_ends(name, dtype):
    """The numbers about the middle between two points of a grid have the largest h, those about its points the least."""
    function, exact, ulps = EXACT[name]
    points = np.arange(1, 20 * 256, 13, dtype=dtype) / np.array(256, dtype)
    x = np.concatenate([np.nextafter(points, 0), points, np.nextafter(points, 100)]).astype(dtype)
    for sign in (1, -1):
        assert errors_in_ulps(function(sign * x), sign * x, exact) <= ulps


@pytest.mark.skipif(not JITTED, reason="processors are told apart when kernels are compiled")
@pytest.mark.parametrize(
    "table", [elementary.TANH_TABLE, elementary.SIGMOID_TABLE, elementary.EXP_TABLE], ids=lambda table: table.name
)
@pytest.mark.parametrize("gathers", [False, True])
@pytest.mark.parametrize("permutes", [False, True])
@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_processors_of_all_kinds_find_the_same_rows(share, permutes, gathers, table, monkeypatch):
    """Among the first 16 rows, among 32 and among all, with the instructions that this processor has."""
    monkeypatch.setattr(tables, "GATHERS", gathers)
    monkeypatch.setattr(tables, "PERMUTES", permutes and tables.PERMUTES)
    start = table.start

    @numba.njit(error_model="numpy")
    def found(kind, x, out):
        for i in range(0, x.size, width(kind)):
            past, first, second = tables.look_up(table, load(kind, x, i))
            store(out[0], i, past)
            store(out[1], i, first)
            store(out[2], i, second)

    for lanes_wide in (1, 2, 4, 16, 64):
        x = np.random.default_rng(lanes_wide).uniform(start, start + share * (table.last - start), 64 * 20)
        out = np.empty((3, x.size))
        found(Kind(lanes_wide), x, out)
        np.testing.assert_array_equal(out, tables.look_up(table, x), strict=True)
