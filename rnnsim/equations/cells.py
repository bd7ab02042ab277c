"""What a recurrent network is: every cell as its equation.

A cell has `states`, h first; `gates`, the pre-activations and what each is made of: the input, "x", the state h, "h", their sum, "xh", or
both apart, "x|h"; and `numbers` of its own, one a unit. `step` gives the next states from the last ones `s`, the pre-activations `a` and
the numbers `p`. All rules that kernels need are derived from it (`derivation`). A new cell is one more class, here or in a user's script.
A step that takes one argument more, ξ, gets a standard normal number of its own for every unit, step and sample.
"""

from rnnsim.equations.symbolic.functions import share, sigmoid, tanh


class Elman:
    """h[k] = φ(a[k]),  a[k] = w_rec h[k-1] + w_in x[k] + bias."""

    states = ("h",)
    gates = {"a": "xh"}

    def step(s, a, p, activation):
        return activation(a.a)


class LeakyElman:
    """h[k] = (1 - leak) h[k-1] + leak φ(a[k]).

    Where leak is 1, nothing is left of the state, be it infinite: the result is Elman's to the bit.
    """

    states = ("h",)
    gates = {"a": "xh"}
    numbers = {"leak": 1.0}

    def step(s, a, p, activation):
        return p.leak * activation(a.a) + share(1.0 - p.leak, s.h)


class NoisyElman:
    """h[k] = (1 - leak) h[k-1] + leak φ(a[k] + noise ξ[k])."""

    states = ("h",)
    gates = {"a": "xh"}
    numbers = {"leak": 1.0, "noise": 0.0}

    def step(s, a, p, activation, xi):
        return p.leak * activation(a.a + p.noise * xi) + share(1.0 - p.leak, s.h)


class GRU:
    """h[k] = (1 - z) n + z h[k-1],  r = σ(a_r), z = σ(a_z), n = tanh(a_x + r a_h): a_x reads the input alone, a_h the state alone."""

    states = ("h",)
    gates = {"r": "xh", "z": "xh", "n": "x|h"}

    def step(s, a, p):
        r, z = sigmoid(a.r), sigmoid(a.z)
        n = tanh(a.n_x + r * a.n_h)
        return n + z * (s.h - n)


class LSTM:
    """c[k] = f c[k-1] + i g,  h[k] = o tanh c[k],  i = σ(a_i), f = σ(a_f), g = tanh(a_g), o = σ(a_o)."""

    states = ("h", "c")
    gates = {"i": "xh", "f": "xh", "g": "xh", "o": "xh"}

    def step(s, a, p):
        i, f, g, o = sigmoid(a.i), sigmoid(a.f), tanh(a.g), sigmoid(a.o)
        c = f * s.c + i * g
        return o * tanh(c), c


class Readout:
    """y[k] = a[k],  a[k] = w_out h[k] + b_out: a linear map of the states below, and no state of its own."""

    states = ()
    gates = {"y": "x"}

    def step(s, a, p):
        return ()
