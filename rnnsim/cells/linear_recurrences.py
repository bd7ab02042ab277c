"""Cells that are linear in their states: what is multiplied by a state is made of the input, or of nothing."""

from rnnsim.families.own_cells import Cell
from rnnsim.functions import cos, exp, sigmoid, sin


class minGRU(Cell):
    """A family of GRUs whose gate and candidate read the input alone.

    h[k] = (1 - z) h[k-1] + z a_n, with z = σ(a_z). Nothing reads the state, so there is no `w_rec`, and the Lyapunov exponents are the
    means of ln(1 - z).

    References
    ----------
    .. [1] L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, "Were RNNs all we needed?", arXiv:2410.01201 (2024).

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.cells.minGRU([0.0, 1.0])  # z = 1/2
    >>> rs.simulate(net, [1.0, 0.0, 0.0]).state.values
    array([0.   , 0.5  , 0.25 , 0.125])
    """

    states = ("h",)
    gates = {"z": "x", "n": "x"}

    def step(s, a, p):
        z = sigmoid(a.z)
        return (1.0 - z) * s.h + z * a.n


class minLSTM(Cell):
    """A family of LSTMs whose gates and candidate read the input alone, and whose gates sum to 1.

    h[k] = (f h[k-1] + i a_n) / (f + i), with f = σ(a_f) and i = σ(a_i). Nothing reads the state, so there is no `w_rec`.

    References
    ----------
    .. [1] L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, "Were RNNs all we needed?", arXiv:2410.01201 (2024).

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.cells.minLSTM([0.0, 0.0, 1.0])  # f = i
    >>> rs.simulate(net, [1.0, 0.0, 0.0]).state.values
    array([0.   , 0.5  , 0.25 , 0.125])
    """

    states = ("h",)
    gates = {"f": "x", "i": "x", "n": "x"}

    def step(s, a, p):
        f, i = sigmoid(a.f), sigmoid(a.i)
        return (f * s.h + i * a.n) / (f + i)


class LRU(Cell):
    """A family of linear recurrent units: a complex number a unit, which turns and shrinks by λ at a step.

    z[k] = λ z[k-1] + γ (B x[k] + b), with λ = exp(-exp(ν) + i exp(θ)) and γ = exp(γ_log), of which the states are the real and the
    imaginary part. `w_in` has the real parts of B in its gate re and the imaginary ones in im. The Lyapunov exponents are ln|λ|, each
    twice. Readouts and layers above read the real part alone: the real part of C z for real C.

    Parameters
    ----------
    nu_log : array_like or DataArray, default -2.0
        The logarithm of -ln|λ|, (unit), or a number for all units.
    theta_log : array_like or DataArray, default -1.0
        The logarithm of the angle of λ, in the same way.
    gamma_log : array_like or DataArray, default 0.0
        The logarithm of the factor of the input, in the same way. The paper starts from ln √(1 - |λ|²).

    References
    ----------
    .. [1] A. Orvieto et al., "Resurrecting recurrent neural networks for long sequences", ICML 2023, arXiv:2303.06349.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.cells.LRU([1.0, 0.0], nu_log=np.log(np.log(2)), theta_log=np.log(np.pi))  # λ = -1/2
    >>> rs.simulate(net, [1.0, 0.0, 0.0]).state.values
    array([ 0.  ,  1.  , -0.5 ,  0.25])
    """

    states = ("re", "im")
    gates = {"re": "x", "im": "x"}
    numbers = {"nu_log": -2.0, "theta_log": -1.0, "gamma_log": 0.0}

    def step(s, a, p):
        size, angle, gamma = exp(-exp(p.nu_log)), exp(p.theta_log), exp(p.gamma_log)
        re, im = size * cos(angle), size * sin(angle)
        return re * s.re - im * s.im + gamma * a.re, re * s.im + im * s.re + gamma * a.im
