"""Every activation that has a name, as a function of the pre-activation."""

from rnnsim.equations.symbolic.functions import erf, linear, maximum, minimum, relu, sigmoid, softplus, tanh, where


def swish(a):
    """a σ(a), SiLU in PyTorch (Ramachandran, Zoph and Le 2017)."""
    return a * sigmoid(a)


def gelu(a):
    """a Φ(a), Φ the normal distribution function (Hendrycks and Gimpel 2016)."""
    return 0.5 * a * (1.0 + erf(0.7071067811865476 * a))


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
    "gelu": gelu,
    "elu": elu,
    "hard_tanh": hard_tanh,
    "threshold_linear": relu,
    "power_law": power_law,
}
