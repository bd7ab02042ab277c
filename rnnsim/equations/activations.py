"""Every activation that has a name, as a function of the pre-activation."""

from rnnsim.equations.symbolic.functions import linear, relu, sigmoid, tanh

ACTIVATIONS = {"linear": linear, "tanh": tanh, "relu": relu, "sigmoid": sigmoid}
