"""Units of neuroscience, whose states are rates, by Euler steps of dt."""

from rnnsim.families.own_cells import Cell
from rnnsim.functions import relu, softplus, tanh


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


class VoltageUnit(Cell):
    """A family of rate units in voltage form: the nonlinearity stands inside of the sum.

    τ dv/dt = -v + w_rec tanh(v) + w_in x + bias, by v[k] = v[k-1] + dt/τ (a - v[k-1]). Readouts and layers above read the rate tanh(v),
    too, and the state is v. With one τ and constant inputs it is v = w_rec h + w_in x + bias of a `RateUnit` h that starts so [1]_.

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
    .. [2] H. Sompolinsky, A. Crisanti and H. J. Sommers, "Chaos in random neural networks", Phys. Rev. Lett. 61, 259 (1988).

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.cells.VoltageUnit.random(20, gain=rs.axis("gain", [0.5, 2.0]), h0="gaussian")
    >>> rs.lyapunov(net, steps=200, discard=300, exponents=1, keep="lyapunov_exponent").lyapunov_exponent.sizes
    Frozen({'gain': 2, 'exponent': 1})
    """

    states = ("v",)
    gates = {"a": "xh"}
    numbers = {"tau": 10.0, "dt": 1.0}

    def output(s):
        return tanh(s.v)

    def step(s, a, p):
        return (s.v + p.dt / p.tau * (a.a - s.v),)


class PlasticRateUnit(Cell):
    """A family of rate units with short-term plasticity: what others receive of a unit is its rate r times u x.

    τ dh/dt = -h + w_rec (u x r) + w_in z + bias with the rate r = ln(1 + exp(h)) and the input z; the share u of the resources that a
    spike releases rises with every spike, du/dt = (U - u)/τ_f + U (1 - u) r, and the resources x get less, dx/dt = (1 - x)/τ_d - u x r.
    All by Euler steps from the last states. Times are in seconds and rates in hertz. At rest, u is `u0=U` and x is `x0=1`.

    Parameters
    ----------
    U : array_like or DataArray, default 0.2
        The share u without spikes, (unit), or a number for all units.
    tau : array_like or DataArray, default 0.01
        The time constant of the current h, in the same way.
    tau_f : array_like or DataArray, default 1.5
        The time constant of facilitation, in the same way.
    tau_d : array_like or DataArray, default 0.2
        The time constant of depression, in the same way.
    dt : array_like or DataArray, default 0.001
        The step, in the same way.

    References
    ----------
    .. [1] G. Mongillo, O. Barak and M. Tsodyks, "Synaptic theory of working memory", Science 319, 1543 (2008).

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.cells.PlasticRateUnit.random(20, 3, gain=2.0, u0=0.2, x0=1.0, U=rs.axis("U", [0.1, 0.2, 0.4]))
    >>> net
    <rnnsim.cells.PlasticRateUnit of 20 units and 3 inputs; axes U: 3>
    """

    states = ("h", "u", "x")
    gates = {"a": "xh"}
    numbers = {"U": 0.2, "tau": 0.01, "tau_f": 1.5, "tau_d": 0.2, "dt": 0.001}

    def output(s):
        return s.u * s.x * softplus(s.h)

    def step(s, a, p):
        r = softplus(s.h)
        u = s.u + p.dt * ((p.U - s.u) / p.tau_f + p.U * (1.0 - s.u) * r)
        x = s.x + p.dt * ((1.0 - s.x) / p.tau_d - s.u * s.x * r)
        return s.h + p.dt / p.tau * (a.a - s.h), u, x


class PLRNN(Cell):
    """A family of piecewise-linear networks, as reconstructions of dynamical systems from data have them.

    z[k] = A z[k-1] + w_rec relu(z[k-1]) + w_in x[k] + bias, with a number A of each unit. The papers call w_rec W, w_in C and the
    bias h; the diagonal of W is 0 there.

    Parameters
    ----------
    A : array_like or DataArray, default 0.9
        How much of its state a unit keeps, (unit), or a number for all units.

    References
    ----------
    .. [1] D. Durstewitz, "A state space approach for piecewise-linear recurrent neural networks for identifying computational dynamics
       from neural measurements", PLoS Comput. Biol. 13, e1005542 (2017).
    .. [2] G. Koppe et al., "Identifying nonlinear dynamical systems via generative recurrent neural networks with applications to
       fMRI", PLoS Comput. Biol. 15, e1007263 (2019).

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.cells.PLRNN.random(20, 3, A=rs.axis("A", [0.5, 0.9]))
    <rnnsim.cells.PLRNN of 20 units and 3 inputs; axes A: 2>
    """

    states = ("z",)
    gates = {"a": "xh"}
    numbers = {"A": 0.9}

    def output(s):
        return relu(s.z)

    def step(s, a, p):
        return (p.A * s.z + a.a,)
