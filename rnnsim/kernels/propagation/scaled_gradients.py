"""A gradient as a vector with a power of two apart, pulled back through Jacobians however far that leaves the range of floats."""

from math import frexp, ldexp

import numpy as np

from rnnsim.kernels.propagation.product_svd import FAR, LN2
from rnnsim.numerics.jit import internal


@internal
def log_size(gradient, exponent):
    """The log of the size of gradient 2^exponent."""
    square = 0.0
    for number in gradient:
        square += number * number
    return 0.5 * np.log(square) + LN2 * exponent if square > 0.0 else (-np.inf if square == 0.0 else np.nan)


@internal
def scaled(vector):
    """Take the power of two out of a vector, and return it; 0 for a vector of zeros."""
    most = 0.0
    for number in vector:
        most = max(most, abs(number))
    exponent = frexp(most)[1] if 0.0 < most < np.inf else 0
    for i in range(vector.size):
        vector[i] = ldexp(vector[i], -exponent)
    return exponent


@internal
def is_zero(vector):
    """Whether all numbers are 0."""
    zeros = 0
    for number in vector:
        zeros += number == 0.0
    return zeros == vector.size


@internal
def pull_back(gradient, exponent, matrix, lane_scratch):
    """gradient ← Jᵀ gradient; its exponent."""
    size = gradient.size
    for j in range(size):
        lane_scratch[j] = 0.0
    for i in range(size):
        for j in range(size):
            lane_scratch[j] += matrix[i, j] * gradient[i]
    for j in range(size):
        gradient[j] = lane_scratch[j]
    return exponent + scaled(gradient)


@internal
def add_direct(gradient, exponent, direct):
    """gradient ← gradient + direct; its exponent."""
    if is_zero(direct):
        return exponent
    own = scaled(direct)
    top = own if is_zero(gradient) else max(own, exponent)
    for i in range(gradient.size):
        there = ldexp(gradient[i], max(exponent - top, -2 * FAR)) if exponent <= top else 0.0
        gradient[i] = there + ldexp(direct[i], max(own - top, -2 * FAR))
    return top + scaled(gradient)
