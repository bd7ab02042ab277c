"""Every activation that has a name, as a function of the pre-activation."""

from rnnsim.equations.symbolic.functions import linear, maximum, minimum, relu, sigmoid, softplus, tanh, where


def swish(a):
    """a σ(a), SiLU in PyTorch (Ramachandran, Zoph and Le 2017)."""
    return a * sigmoid(a)


def elu(a):
    """a above 0, exp(a) - 1 = 2 t / (1 - t) below, t = tanh(a/2), which has all its digits (Clevert, Unterthiner and Hochreiter 2015)."""
    t = tanh(0.5 * minimum(a, 0.0))
    return where(a > 0.0, a, 2.0 * t / (1.0 - t))


def hard_tanh(a):
    """a between -1 and 1."""
    return maximum(minimum(a, 1.0), -1.0)


def power_law(a):
    """max(a, 0)², the supralinear transfer function (Rubin, Van Hooser and Miller 2015) of exponent 2 and gain 1."""
    return relu(a) ** 2


ACTIVATIONS = {
    "linear": linear,
    "tanh": tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "swish": swish,
    "elu": elu,
    "hard_tanh": hard_tanh,
    "threshold_linear": relu,
    "power_law": power_law,
}
