"""Elementary functions for equations of your own: on numbers, arrays and SIMD lanes."""

from rnnsim.numerics.elementary import exp, linear, relu, sigmoid, tanh

__all__ = ["exp", "linear", "relu", "sigmoid", "tanh"]
