"""Enclosures of activations, cells and their slopes by intervals.

Values of the package's tanh and sigmoid are good to 2 ulp and their slopes to 4.5 (see `elementary`), and are widened by 8.
"""

import numpy as np
from numba.extending import overload, register_jitable

from rnnsim.equations.cells import GRU, Elman, LeakyElman
from rnnsim.kernels.maps.map import kernel_of
from rnnsim.numerics.functions.elementary import sigmoid, sigmoid_and_slope, tanh, tanh_and_slope
from rnnsim.numerics.intervals import EPSILON, TINY, minus, plus, scaled, times, widen
from rnnsim.numerics.jit import internal, specialised
from rnnsim.numerics.tuples import INLINE


@register_jitable(forceinline=True)
def everything(a):
    """All numbers."""
    return -np.inf, np.inf


@register_jitable(forceinline=True)
def itself(a):
    return a


@register_jitable(forceinline=True)
def one(a):
    return 1.0, 1.0


@register_jitable(forceinline=True)
def relu_in(a):
    return max(a[0], 0.0), max(a[1], 0.0)


@register_jitable(forceinline=True)
def relu_slope_in(a):
    return 1.0 if a[0] > 0.0 else 0.0, 1.0 if a[1] >= 0.0 else 0.0


@register_jitable(forceinline=True)
def tanh_in(a):
    low, high = widen(tanh(a[0]), tanh(a[1]), 8.0)
    return max(low, -1.0), min(high, 1.0)


@register_jitable(forceinline=True)
def tanh_slope_in(a):
    left, right = tanh_and_slope(a[0])[1], tanh_and_slope(a[1])[1]
    low, high = widen(min(left, right), max(left, right), 8.0)
    return max(low, 0.0), 1.0 if a[0] <= 0.0 <= a[1] else high


@register_jitable(forceinline=True)
def sigmoid_in(a):
    low, high = widen(sigmoid(a[0]), sigmoid(a[1]), 8.0)
    return max(low, 0.0), min(high, 1.0)


@register_jitable(forceinline=True)
def sigmoid_slope_in(a):
    left, right = sigmoid_and_slope(a[0])[1], sigmoid_and_slope(a[1])[1]
    low, high = widen(min(left, right), max(left, right), 8.0)
    return max(low, 0.0), 0.25 if a[0] <= 0.0 <= a[1] else high


@register_jitable(forceinline=True)
def tanh_preimage(y):
    return widen(np.arctanh(max(y[0], -1.0)), np.arctanh(min(y[1], 1.0)), 8.0)


@register_jitable(forceinline=True)
def sigmoid_preimage(y):
    low, high = max(y[0], 0.0), min(y[1], 1.0)
    left, right = np.log(low) - np.log1p(-low), np.log(high) - np.log1p(-high)
    slack = 8.0 * EPSILON
    return widen(left - slack, right + slack, 8.0)


VALUES = {"linear": itself, "relu": relu_in, "tanh": tanh_in, "sigmoid": sigmoid_in}
SLOPES = {"linear": one, "relu": relu_slope_in, "tanh": tanh_slope_in, "sigmoid": sigmoid_slope_in}
PREIMAGES = {"linear": everything, "relu": everything, "tanh": tanh_preimage, "sigmoid": sigmoid_preimage}


def by_activation(table):
    """A function of a cell and an interval: that which the table has for the cell's activation."""

    def chosen(cell, a):
        return table[cell.activation](a)

    @overload(chosen, jit_options=INLINE)
    def _chosen(cell, a):
        body = table[cell.instance_class.activation]
        return lambda cell, a: body(a)

    return chosen


values_in, slopes_in, preimage = by_activation(VALUES), by_activation(SLOPES), by_activation(PREIMAGES)


@internal
def sum_in(layer, p, gate, reader, i, X):
    """a[gate, i] = Σ w_rec[reader, i, u] h[u] + bias for h in the box X (2, n), in any order of summing."""
    bias, n = layer.bias[p, gate, i], X.shape[1]
    low = high = bias
    size = abs(bias)
    for u in range(n):
        w = layer.w_rec[p, reader, i, u]
        first, second = w * X[0, u], w * X[1, u]
        low += min(first, second)
        high += max(first, second)
        size += max(abs(first), abs(second))
    slack = (n + 4) * EPSILON * size + TINY
    return low - slack, high + slack


def _elman(cell, layer, p, X, Y, J):
    n = X.shape[1]
    for i in range(n):
        a = sum_in(layer, p, 0, 0, i, X)
        slope = slopes_in(cell, a)
        Y[0, i], Y[1, i] = values_in(cell, a)
        for j in range(n):
            J[0, i, j], J[1, i, j] = scaled(layer.w_rec[p, 0, i, j], slope)


def _leaky(cell, layer, p, X, Y, J):
    n = X.shape[1]
    for i in range(n):
        leak = layer.constants[p, i]
        kept = widen(1.0 - leak, 1.0 - leak, 1.0)
        a = sum_in(layer, p, 0, 0, i, X)
        slope = scaled(leak, slopes_in(cell, a))
        h = times(kept, (X[0, i], X[1, i]))
        Y[0, i], Y[1, i] = plus(h, scaled(leak, values_in(cell, a)))
        for j in range(n):
            by_h = scaled(layer.w_rec[p, 0, i, j], slope)
            if i == j:
                by_h = plus(by_h, kept)
            J[0, i, j], J[1, i, j] = by_h


@register_jitable(forceinline=True)
def mixed(z, n, h):
    """(1 - z) n + z h, a mean of n and h."""
    low = min(n[0] + z[0] * (h[0] - n[0]), n[0] + z[1] * (h[0] - n[0]))
    high = max(n[1] + z[0] * (h[1] - n[1]), n[1] + z[1] * (h[1] - n[1]))
    slack = 4.0 * EPSILON * (abs(n[0]) + abs(n[1]) + abs(h[0]) + abs(h[1])) + TINY
    return low - slack, high + slack


def _gru(cell, layer, p, X, Y, J):
    n = X.shape[1]
    for i in range(n):
        a_r, a_z, a_h = sum_in(layer, p, 0, 0, i, X), sum_in(layer, p, 1, 1, i, X), sum_in(layer, p, 3, 2, i, X)
        r, z = sigmoid_in(a_r), sigmoid_in(a_z)
        b = layer.bias[p, 2, i]
        a_n = plus((b, b), times(r, a_h))
        new, h = tanh_in(a_n), (X[0, i], X[1, i])
        Y[0, i], Y[1, i] = mixed(z, new, h)
        by_z = times(minus(h, new), sigmoid_slope_in(a_z))
        by_n = times(minus((1.0, 1.0), z), tanh_slope_in(a_n))
        by_r = times(a_h, sigmoid_slope_in(a_r))
        for j in range(n):
            w_r, w_z, w_h = layer.w_rec[p, 0, i, j], layer.w_rec[p, 1, i, j], layer.w_rec[p, 2, i, j]
            by_h = plus(scaled(w_z, by_z), times(by_n, plus(scaled(w_h, r), scaled(w_r, by_r))))
            if i == j:
                by_h = plus(by_h, z)
            J[0, i, j], J[1, i, j] = by_h


@internal
def cut_to(X, u, low, high):
    """X without what is outside low…high in unit u."""
    if low > X[0, u]:
        X[0, u] = low
    if high < X[1, u]:
        X[1, u] = high


@internal
def narrow_sum(layer, p, gate, reader, i, a, wanted, X):
    """Keep of X that for which a[gate, i], which `sum_in` found to be in `a`, can be in `wanted`."""
    n = X.shape[1]
    size = abs(layer.bias[p, gate, i])
    for u in range(n):
        size += abs(layer.w_rec[p, reader, i, u]) * max(abs(X[0, u]), abs(X[1, u]))
    slack = 8.0 * EPSILON * size + TINY
    for u in range(n):
        w = layer.w_rec[p, reader, i, u]
        first, second = w * X[0, u], w * X[1, u]
        low = wanted[0] - (a[1] - max(first, second)) - slack
        high = wanted[1] - (a[0] - min(first, second)) + slack
        if w != 0.0:
            left, right = low / w, high / w
            cut_to(X, u, *widen(min(left, right), max(left, right), 4.0))


def _narrow_elman(cell, layer, p, X):
    for i in range(X.shape[1]):
        a = sum_in(layer, p, 0, 0, i, X)
        cut_to(X, i, *values_in(cell, a))
        narrow_sum(layer, p, 0, 0, i, a, preimage(cell, (X[0, i], X[1, i])), X)


@register_jitable(forceinline=True)
def over(a, r):
    """a / r for an r of positive numbers."""
    low = a[0] / r[1] if a[0] > 0.0 else a[0] / r[0]
    high = a[1] / r[0] if a[1] > 0.0 else a[1] / r[1]
    return widen(low, high, 1.0)


def _narrow_gru(cell, layer, p, X):
    for i in range(X.shape[1]):
        r, a_h, b = sigmoid_in(sum_in(layer, p, 0, 0, i, X)), sum_in(layer, p, 3, 2, i, X), layer.bias[p, 2, i]
        cut_to(X, i, *tanh_in(plus((b, b), times(r, a_h))))
        if r[0] > 0.0:
            narrow_sum(layer, p, 3, 2, i, a_h, over(minus(tanh_preimage((X[0, i], X[1, i])), (b, b)), r), X)


NARROWINGS = {Elman: _narrow_elman, LeakyElman: _narrow_elman, GRU: _narrow_gru}


def narrow(cell, layer, p, X):
    """Make the box X (2, n) smaller, with all fixed points in it, for a layer whose gates keep no state; perhaps until it is empty, low >
    high."""
    NARROWINGS[cell.declared](cell, layer, p, X)


@overload(narrow)
def _narrow(cell, layer, p, X):
    return NARROWINGS[cell.instance_class.declared]


ENCLOSURES = {Elman: _elman, LeakyElman: _leaky, GRU: _gru}


def enclose(cell, layer, p, X, Y, J):
    """Intervals Y (2, n) of F and J (2, n, n) of its Jacobian on the box X (2, n), of a layer without inputs."""
    ENCLOSURES[cell.declared](cell, layer, p, X, Y, J)


@overload(enclose)
def _enclose(cell, layer, p, X, Y, J):
    return ENCLOSURES[cell.instance_class.declared]


@specialised
def box_of(cells):
    """The kernel of the enclosures of a network of one layer, for `rules`."""

    @kernel_of(cells)
    def enclosed(layers, p, X, Y, J):
        enclose(cells[0], layers[0], p, X, Y, J)

    return enclosed


@specialised
def narrowing_of(cells):
    """The kernel that narrows boxes of a network of one layer, for `rules`."""

    @kernel_of(cells)
    def narrowed(layers, p, X):
        narrow(cells[0], layers[0], p, X)

    return narrowed
