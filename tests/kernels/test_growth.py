"""Products beyond the range of floats, and their logarithms, against mpmath."""

import mpmath
import numpy as np
import pytest

from rnnsim.kernels.linalg.scaled_products import grown, log_of
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.simd import Kind, load, splat, store
from rnnsim.numerics.tuples import width

KIND = Kind(4, "float64")


@kernel
def log_of_products(kind, factors, out):
    for at in range(0, out.size, width(kind)):
        product = splat(kind, 1.0), splat(kind, 0.0)
        for n in range(factors.size // out.size):
            product = grown(product, load(kind, factors, n * out.size + at))
        store(out, at, log_of(product))


def logs(factors):
    factors = np.atleast_2d(np.asarray(factors, float))
    out = np.empty(factors.shape[1])
    log_of_products(KIND, np.ascontiguousarray(factors).reshape(-1), out)
    return out


def exact(factors):
    with mpmath.workdps(40):
        return np.array([float(sum(mpmath.log(mpmath.mpf(f)) for f in column)) for column in np.transpose(factors)])


@pytest.mark.parametrize("spread", [1e-9, 0.5, 30.0, 300.0])
def test_logarithms_of_single_numbers(spread):
    x = np.exp((np.random.default_rng(0).normal(size=4000) * spread).clip(-736, 700))
    np.testing.assert_allclose(logs(x), exact(x[None]), rtol=4e-16, atol=0)


def test_products_far_beyond_floats():
    factors = np.exp((np.random.default_rng(1).normal(size=(500, 8)) * 100 + np.linspace(-300, 300, 8)).clip(-690, 690))
    np.testing.assert_allclose(logs(factors), exact(factors), rtol=1e-15)


def test_what_is_no_positive_number():
    with np.errstate(all="ignore"):
        found = logs([[0.0, np.inf, np.nan, 5e-324, 0.0, 1.0, 2.0, 0.5], [2.0, 1.0, 1.0, 1.0, 1e300, 1.0, 1.0, 2.0]])
    np.testing.assert_allclose(found, [-np.inf, np.inf, np.nan, np.log(5e-324), -np.inf, 0.0, np.log(2.0), 0.0], rtol=1e-15)
