"""Units of neuroscience, whose states are rates, by Euler steps of dt."""

from rnnsim.families.own_cells import Cell
from rnnsim.functions import tanh


class RateUnit(Cell):
    """A family of rate units in rate form: the nonlinearity stands outside of the sum.

    τ dh/dt = -h + tanh(w_rec h + w_in x + bias), by h[k] = h[k-1] + dt/τ (tanh(a) - h[k-1]). This is an Elman network with the leak
    dt/τ, which has other activations, too.

    Parameters
    ----------
    tau : array_like or DataArray, default 10.0
        The time constant, (unit), or a number for all units.
    dt : array_like or DataArray, default 1.0
        The step, in the same way.

    References
    ----------
    .. [1] K. D. Miller and F. Fumarola, "Mathematical equivalence of two common forms of firing rate models of neural networks",
       Neural Computation 24, 25 (2012).

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> fast_and_slow = np.repeat([10.0, 100.0], 10)
    >>> rs.cells.RateUnit.random(20, 3, tau=fast_and_slow, dt=rs.axis("dt", [0.5, 1.0]))
    <rnnsim.cells.RateUnit of 20 units and 3 inputs; axes dt: 2>
    """

    states = ("h",)
    gates = {"a": "xh"}
    numbers = {"tau": 10.0, "dt": 1.0}

    def step(s, a, p):
        return s.h + p.dt / p.tau * (tanh(a.a) - s.h)


class AdaptiveRateUnit(Cell):
    """A family of rate units with adaptation: each is held back by a slow mean w of its own rate.

    τ dh/dt = -h + tanh(w_rec h + w_in x + bias - g w) and τ_w dw/dt = -w + h, both by Euler steps from the last states.

    Parameters
    ----------
    g : array_like or DataArray, default 1.0
        The strength of adaptation, (unit), or a number for all units.
    tau : array_like or DataArray, default 10.0
        The time constant of the rate, in the same way.
    tau_w : array_like or DataArray, default 100.0
        The time constant of adaptation, in the same way.
    dt : array_like or DataArray, default 1.0
        The step, in the same way.

    References
    ----------
    .. [1] S. P. Muscinelli, W. Gerstner and T. Schwalger, "How single neuron properties shape chaotic dynamics and signal transmission
       in random neural networks", PLoS Comput. Biol. 15, e1007122 (2019).
    .. [2] M. Beiran and S. Ostojic, "Contrasting the effects of adaptation and synaptic filtering on the timescales of dynamics in
       recurrent networks", PLoS Comput. Biol. 15, e1006893 (2019).

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.AdaptiveRateUnit.random(20, 3, gain=1.5, g=rs.axis("g", [0.0, 0.5, 1.0]))
    <rnnsim.cells.AdaptiveRateUnit of 20 units and 3 inputs; axes g: 3>
    """

    states = ("h", "w")
    gates = {"a": "xh"}
    numbers = {"g": 1.0, "tau": 10.0, "tau_w": 100.0, "dt": 1.0}

    def step(s, a, p):
        return s.h + p.dt / p.tau * (tanh(a.a - p.g * s.w) - s.h), s.w + p.dt / p.tau_w * (s.h - s.w)


class SynapticRateUnit(Cell):
    """A family of rate units behind synapses: the current i into each has a time constant of its own.

    τ dh/dt = -h + tanh(i) and τ_syn di/dt = -i + w_rec h + w_in x + bias, both by Euler steps from the last states.

    Parameters
    ----------
    tau : array_like or DataArray, default 10.0
        The time constant of the rate, (unit), or a number for all units.
    tau_syn : array_like or DataArray, default 5.0
        The time constant of the current, in the same way.
    dt : array_like or DataArray, default 1.0
        The step, in the same way.

    References
    ----------
    .. [1] M. Beiran and S. Ostojic, "Contrasting the effects of adaptation and synaptic filtering on the timescales of dynamics in
       recurrent networks", PLoS Comput. Biol. 15, e1006893 (2019).

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.SynapticRateUnit.random(20, 3, gain=1.5, tau_syn=rs.axis("tau_syn", [2.0, 5.0, 20.0]))
    <rnnsim.cells.SynapticRateUnit of 20 units and 3 inputs; axes tau_syn: 3>
    """

    states = ("h", "i")
    gates = {"a": "xh"}
    numbers = {"tau": 10.0, "tau_syn": 5.0, "dt": 1.0}

    def step(s, a, p):
        return s.h + p.dt / p.tau * (tanh(s.i) - s.h), s.i + p.dt / p.tau_syn * (a.a - s.i)
