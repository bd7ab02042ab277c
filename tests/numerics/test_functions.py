"""tanh, sigmoid, exp and relu against mpmath, on Python floats, arrays and lanes, and where floats end."""

import mpmath
import numba
import numpy as np
import pytest

from rnnsim.numerics import elementary
from rnnsim.numerics import lookup_tables as tables
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


EXACT = {
    "tanh": (elementary.tanh, mpmath.tanh, ULPS),
    "sigmoid": (elementary.sigmoid, exact_sigmoid, ULPS),
    "exp": (elementary.exp, mpmath.exp, ULPS),
    "tanh slope": (lambda x: elementary.tanh_and_slope(x)[1], exact_tanh_slope, SLOPE_ULPS),
    "sigmoid slope": (lambda x: elementary.sigmoid_and_slope(x)[1], exact_sigmoid_slope, SLOPE_ULPS),
}
RANGES = [(1e-12, 1e-3), (1e-3, 0.5), (0.5, 0.6), (0.6, 2.0), (2.0, 20.0), (20.0, 300.0), (300.0, 705.0)]


@numba.njit(error_model="numpy")
def on_lanes(kind, which, x, out):
    for i in range(0, x.size, WIDTH):
        v = load(kind, x, i)
        if which == 0:
            store(out, i, elementary.tanh(v))
        elif which == 1:
            store(out, i, elementary.sigmoid(v))
        elif which == 2:
            store(out, i, elementary.exp(v))
        elif which == 3:
            store(out, i, elementary.tanh_and_slope(v)[1])
        elif which == 4:
            store(out, i, elementary.sigmoid_and_slope(v)[1])
        elif which == 5:
            store(out, i, elementary.relu(v))
        elif which == 6:
            store(out, i, elementary.relu_and_slope(v)[1])
        elif which == 7:
            store(out, i, elementary.tanh_and_slope(v)[0])
        else:
            store(out, i, elementary.sigmoid_and_slope(v)[0])


def lanes(which, x):
    padded = np.resize(x, -(-x.size // WIDTH) * WIDTH)
    out = np.empty_like(padded)
    on_lanes(Kind(WIDTH, x.dtype.name), which, padded, out)
    return out[: x.size]


def errors_in_ulps(values, x, exact):
    worst = 0.0
    for value, argument in zip(values, x, strict=True):
        truth = exact(mpmath.mpf(float(argument)))
        ulp = np.spacing(np.abs(values.dtype.type(float(truth))))
        worst = max(worst, float(abs(mpmath.mpf(float(value)) - truth) / mpmath.mpf(float(ulp))))
    return worst


def sampled(low, high, count, dtype, sign, seed=0):
    return (sign * np.random.default_rng(seed).uniform(low, high, count)).astype(dtype)


def check_accuracy(name, dtype, count, seed=0):
    function, exact, ulps = EXACT[name]
    which = list(EXACT).index(name)
    for low, high in RANGES:
        for sign in (1, -1):
            if dtype == "float32" and high > 80:
                continue
            x = sampled(low, high, count, dtype, sign, seed)
            values = lanes(which, x) if JITTED else function(x)
            assert values.dtype == dtype
            assert errors_in_ulps(values, x, exact) <= ulps, (name, dtype, low, high, sign)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_on_lanes_are_within_ulps(name, dtype):
    check_accuracy(name, dtype, 10_000 if JITTED and dtype == "float64" else 500)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_on_a_million_points(name):
    check_accuracy(name, "float64", 1_000_000, seed=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", EXACT)
def test_arrays_give_what_lanes_give(name, dtype):
    function, exact, ulps = EXACT[name]
    with np.errstate(over="ignore"):
        for low, high in RANGES[:5]:
            for sign in (1, -1):
                x = sampled(low, high, 300, dtype, sign, seed=2)
                assert function(x).dtype == dtype
                assert errors_in_ulps(function(x), x, exact) <= ulps


@pytest.mark.parametrize("name", EXACT)
def test_python_floats_give_what_arrays_give(name):
    function = EXACT[name][0]
    x = np.array([-3.0, -0.25, 0.0, 0.1, 0.55, 7.0])
    assert [function(float(v)) for v in x] == list(function(x))


SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 800.0, -800.0, 1e308, -1e308])
EXPECTED = {
    "tanh": [0.0, -0.0, 1, -1, np.nan, 5e-324, -5e-324, 1e-310, 1, -1, 1, -1],
    "sigmoid": [0.5, 0.5, 1, 0, np.nan, 0.5, 0.5, 0.5, 1, 0, 1, 0],
    "exp": [1, 1, np.inf, 0, np.nan, 1, 1, 1, np.inf, 0, np.inf, 0],
    "tanh slope": [1, 1, 0, 0, np.nan, 1, 1, 1, 0, 0, 0, 0],
    "sigmoid slope": [0.25, 0.25, 0, 0, np.nan, 0.25, 0.25, 0.25, 0, 0, 0, 0],
    "relu": [0, 0, np.inf, 0, np.nan, 5e-324, 0, 1e-310, 800, 0, 1e308, 0],
    "relu slope": [0, 0, 1, 0, np.nan, 1, 0, 1, 1, 0, 1, 0],
}
FUNCTIONS = {name: entry[0] for name, entry in EXACT.items()} | {
    "relu": elementary.relu,
    "relu slope": lambda x: elementary.relu_and_slope(x)[1],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_where_floats_end(name):
    expected = np.array(EXPECTED[name])
    with np.errstate(over="ignore"):
        found = [FUNCTIONS[name](SPECIAL)] + ([lanes(list(EXPECTED).index(name), SPECIAL)] if JITTED else [])
    for values in found:
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(np.signbit(values[:2]), np.signbit(expected[:2]))


def test_slopes_keep_their_digits_down_to_the_smallest_number():
    x = np.array([19.0, 100.0, 354.5, 370.0, 372.0])
    for values in [elementary.tanh_and_slope(x)[1], *([lanes(3, x)] if JITTED else [])]:
        assert errors_in_ulps(values, x, exact_tanh_slope) <= SLOPE_ULPS
        assert (values > 0).all()


def test_small_sigmoids_are_not_zero():
    x = np.array([-40.0, -300.0, -700.0, -744.0])
    for values in [elementary.sigmoid(x), *([lanes(1, x)] if JITTED else [])]:
        assert errors_in_ulps(values, x, exact_sigmoid) <= ULPS


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize(("which", "function"), [(7, elementary.tanh), (8, elementary.sigmoid)])
def test_the_value_beside_a_slope_is_the_value_alone_to_the_bit(which, function):
    x = np.concatenate([sampled(low, high, 4000, "float64", sign) for low, high in RANGES for sign in (1, -1)])
    np.testing.assert_array_equal(lanes(which, x), lanes([elementary.tanh, elementary.sigmoid].index(function), x))


@numba.njit(error_model="numpy")
def all_on_lanes(kind, x, out):
    for i in range(0, x.size, width(kind)):
        v = load(kind, x, i)
        store(out[0], i, elementary.tanh_and_slope(v)[0])
        store(out[1], i, elementary.tanh_and_slope(v)[1])
        store(out[2], i, elementary.sigmoid_and_slope(v)[0])
        store(out[3], i, elementary.sigmoid_and_slope(v)[1])
        store(out[4], i, elementary.exp(v))


@pytest.mark.skipif(not JITTED, reason="needs the JIT")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_do_not_depend_on_the_other_lanes(dtype):
    """Some lanes are saturated and some are not, in other company at every width."""
    rng = np.random.default_rng(3)
    x = (rng.normal(size=512) * 10 ** rng.uniform(-2, 2.5, 512)).astype(dtype)
    x[::37] = np.nan
    x[5::41] = np.inf
    found = []
    for lanes in (2, 8, 64):
        found.append(np.empty((5, x.size), dtype))
        all_on_lanes(Kind(lanes, dtype), x, found[-1])
    with np.errstate(over="ignore", under="ignore"):
        arrays = [*elementary.tanh_and_slope(x), *elementary.sigmoid_and_slope(x), elementary.exp(x)]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    np.testing.assert_allclose(found[0], arrays, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).smallest_subnormal)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", EXACT)
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
