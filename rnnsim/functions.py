"""Elementary functions for equations of your own: on numbers, arrays and SIMD lanes."""

from rnnsim.numerics.elementary import exp, linear, relu, relu_and_slope, sigmoid, sigmoid_and_slope, tanh, tanh_and_slope

__all__ = ["exp", "linear", "relu", "relu_and_slope", "sigmoid", "sigmoid_and_slope", "tanh", "tanh_and_slope"]

for _name in __all__:
    globals()[_name].__module__ = __name__  # as users know them, and so as hashes of functions that call them do
