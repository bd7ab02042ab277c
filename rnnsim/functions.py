"""Elementary functions for equations of your own: on symbols, numbers, arrays and SIMD lanes."""

from rnnsim.equations.symbolic.functions import (
    absolute,
    cos,
    erf,
    exp,
    linear,
    log,
    log1p,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    where,
)
from rnnsim.numerics.functions.elementary import relu_and_slope, sigmoid_and_slope, tanh_and_slope

__all__ = [
    "absolute",
    "cos",
    "erf",
    "exp",
    "linear",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "relu",
    "relu_and_slope",
    "sigmoid",
    "sigmoid_and_slope",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
    "tanh_and_slope",
    "where",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # as users know them, and so as hashes of functions that call them do
