"""Cells with gates: fewer of them than GRUs and LSTMs have."""

from rnnsim.families.own_cells import Cell
from rnnsim.functions import sigmoid, tanh


class UGRNN(Cell):
    """A family of update-gate networks: one gate between the last state and the candidate.

    h[k] = g h[k-1] + (1 - g) c, with g = σ(a_g) and c = tanh(a_c).

    References
    ----------
    .. [1] J. Collins, J. Sohl-Dickstein and D. Sussillo, "Capacity and trainability in recurrent neural networks", ICLR 2017,
       arXiv:1611.09913.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.UGRNN.random(20, 3, gain=rs.axis("gain", [0.5, 1.5]))
    <rnnsim.cells.UGRNN of 20 units and 3 inputs; axes gain: 2>
    """

    states = ("h",)
    gates = {"c": "xh", "g": "xh"}

    def step(s, a, p):
        g, c = sigmoid(a.g), tanh(a.c)
        return g * s.h + (1.0 - g) * c


class MGU(Cell):
    """A family of minimal gated units: GRUs whose gates r and z are one.

    h[k] = (1 - f) h[k-1] + f n, with f = σ(a_f) and n = tanh(a_x + f a_h), where a_x reads the input alone and a_h the state alone.
    The gate stands behind the matrix, as PyTorch's GRU has r; in the paper it stands before, W (f h[k-1]), which is the same for
    one unit without `bias_rec`.

    References
    ----------
    .. [1] G.-B. Zhou, J. Wu, C.-L. Zhang and Z.-H. Zhou, "Minimal gated unit for recurrent neural networks", Int. J. Autom. Comput.
       13, 226 (2016).

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.MGU.random(20, 3)["w_rec"].dims
    ('gate', 'unit', 'unit_from')
    """

    states = ("h",)
    gates = {"f": "xh", "n": "x|h"}

    def step(s, a, p):
        f = sigmoid(a.f)
        n = tanh(a.n_x + f * a.n_h)
        return (1.0 - f) * s.h + f * n


class JANET(Cell):
    """A family of LSTMs with nothing but the forget gate.

    h[k] = σ(a_f) h[k-1] + (1 - σ(a_f - β)) n, with n = tanh(a_n).

    Parameters
    ----------
    beta : array_like or DataArray, default 1.0
        By how much the pre-activation is lower where the gate lets the input in, (unit), or a number for all units. At 0 it is a UGRNN.

    References
    ----------
    .. [1] J. van der Westhuizen and J. Lasenby, "The unreasonable effectiveness of the forget gate", arXiv:1804.04849 (2018).

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.JANET.random(20, 3, beta=rs.axis("beta", [0.0, 1.0, 2.0]))
    <rnnsim.cells.JANET of 20 units and 3 inputs; axes beta: 3>
    """

    states = ("h",)
    gates = {"f": "xh", "n": "xh"}
    numbers = {"beta": 1.0}

    def step(s, a, p):
        return sigmoid(a.f) * s.h + (1.0 - sigmoid(a.f - p.beta)) * tanh(a.n)


class CFN(Cell):
    """A family of chaos-free networks: without input, every orbit goes to 0.

    h[k] = σ(a_θ) tanh(h[k-1]) + σ(a_η) tanh(a_n), where a_n reads the input alone. Without input it needs no bias for n, either.

    References
    ----------
    .. [1] T. Laurent and J. von Brecht, "A recurrent neural network without chaos", ICLR 2017, arXiv:1612.06212.

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.cells.CFN.random(20, gain=5.0, h0="gaussian")
    >>> rs.fixed_points(net).stability.values[:1], bool(rs.lyapunov(net, steps=500).lyapunov_exponent.max() < 0)
    (array([0], dtype=int8), True)
    """

    states = ("h",)
    gates = {"theta": "xh", "eta": "xh", "n": "x"}

    def step(s, a, p):
        return sigmoid(a.theta) * tanh(s.h) + sigmoid(a.eta) * tanh(a.n)


class FastRNN(Cell):
    """A family of networks with two scalar gates, which no input moves.

    h[k] = σ(α) tanh(a) + σ(β) h[k-1]. With β = -α it is an Elman network whose leak is σ(α).

    Parameters
    ----------
    alpha : array_like or DataArray, default -3.0
        How much comes in, through a sigmoid: (unit), or a number for all units. The paper trains one for all.
    beta : array_like or DataArray, default 3.0
        How much of the last state stays, in the same way.

    References
    ----------
    .. [1] A. Kusupati et al., "FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural network", NeurIPS
       2018, arXiv:1901.02358.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.FastRNN.random(20, 3)["beta"].values
    array(3.)
    """

    states = ("h",)
    gates = {"a": "xh"}
    numbers = {"alpha": -3.0, "beta": 3.0}

    def step(s, a, p):
        return sigmoid(p.alpha) * tanh(a.a) + sigmoid(p.beta) * s.h
