"""Cells that are discretised oscillators."""

from rnnsim.families.own_cells import Cell
from rnnsim.functions import sigmoid, tanh


class UnICORNN(Cell):
    """A family of undamped oscillators, one a unit, which only the input drives.

    z[k] = z[k-1] - dt σ(c) (tanh(a + w y[k-1]) + α y[k-1]) and y[k] = y[k-1] + dt σ(c) z[k], where a reads the input alone. This is
    a symplectic Euler step of y'' = -(tanh(a + w y) + α y), and keeps volume: the Lyapunov exponents of each unit sum to 0.

    Parameters
    ----------
    w : array_like or DataArray, default 1.0
        How each unit reads itself, (unit), or a number for all units.
    c : array_like or DataArray, default 0.0
        The time scale of each unit, through a sigmoid, in the same way.
    alpha : array_like or DataArray, default 1.0
        The square of the frequency, in the same way.
    dt : array_like or DataArray, default 0.1
        The step, in the same way.

    References
    ----------
    .. [1] T. K. Rusch and S. Mishra, "UnICORNN: a recurrent model for learning very long time dependencies", ICML 2021,
       arXiv:2103.05487.

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.cells.UnICORNN.random(20, 3, dt=rs.axis("dt", [0.01, 0.1]))
    >>> net
    <rnnsim.cells.UnICORNN of 20 units and 3 inputs; axes dt: 2>
    """

    states = ("y", "z")
    gates = {"a": "x"}
    numbers = {"w": 1.0, "c": 0.0, "alpha": 1.0, "dt": 0.1}

    def step(s, a, p):
        step = p.dt * sigmoid(p.c)
        z = s.z - step * (tanh(a.a + p.w * s.y) + p.alpha * s.y)
        return s.y + step * z, z
