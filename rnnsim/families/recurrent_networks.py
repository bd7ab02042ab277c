"""Recurrent networks of one layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import ActivationName, Init, Numbers, Real, Seed, Whole
from rnnsim.checks.arguments import as_real, refuse_methods, to_array
from rnnsim.checks.showing import shown
from rnnsim.equations import cells
from rnnsim.equations.activations import ACTIVATIONS
from rnnsim.equations.rules import reading
from rnnsim.equations.symbolic.tracing import cell_of
from rnnsim.equations.user_activations import Activation
from rnnsim.families.cell_protocol import Cell
from rnnsim.families.declarations import FIRST, Declaration
from rnnsim.families.low_rank import FACTORS, LowRank, check_gates
from rnnsim.families.network import Member, Network
from rnnsim.families.parameters import OF_VECTORS, has_units, parameter
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.families.random.random_parameters import drawn_parameters
from rnnsim.families.readouts import Readout, check_readout, readout_of
from rnnsim.families.result_variables import declare


class Recurrent(Network):
    """What the kinds of layers have in common; each declares its equation (see `equations.cells`)."""

    states: Any
    gates: Any
    numbers: Any = {}
    declaration: ClassVar[Declaration]
    DIMENSIONS: ClassVar[Mapping[str, tuple[str, ...]]]
    GATES: ClassVar[tuple[str, ...]]
    STARTS: ClassVar[tuple[str, ...]]
    OPTIONS: ClassVar[tuple[str, ...]] = ()
    CALLED: ClassVar[tuple[str, ...]] = ()  # what subclasses may define of their equations
    equation_hash: ClassVar[str] = ""  # of an equation of a user's own
    _PUBLIC = (*Network._PUBLIC, "random")

    def __init_subclass__(cls) -> None:
        unused = [name for name in ("step", "output", "forward", "linearize", "pullback") if name not in cls.CALLED]
        refuse_methods(cls, unused, "an rs.Cell with a step of its own, or an rs.Elman with an rs.Activation")
        if hasattr(cls, "gates"):
            cls.declaration = Declaration.of(cls)
            declare(cls.__name__, cls.declaration)
            cls.DIMENSIONS, cls.GATES = cls.declaration.dimensions, cls.declaration.labels
            cls.STARTS = cls.declaration.starts

    def _take(self, given: dict[str, Any], readout: Readout | None) -> None:
        """Check the parameters and keep them."""
        self._refuse_stacked_gates(given)
        weights, dimensions_of, factors = self.weights, self.DIMENSIONS, given.get("w_rec")
        if isinstance(factors, LowRank):
            check_gates(type(self).__name__, self.declaration)
            if not has_units("w_in", given["w_in"], dimensions_of["w_in"]):
                raise ValueError("w_rec was given as rs.LowRank, but w_in has no units; it needs w_in (unit, input)")
            weights = ("w_in",)
            dimensions_of = {"w_in": dimensions_of["w_in"], **FACTORS, **dimensions_of}
            given = {**given, **factors.parameters}
            del given["w_rec"]
        full = [has_units(name, given[name], dimensions_of[name]) for name in weights]
        if any(full) and not all(full):
            arrays, numbers = weights if full[0] else weights[::-1]
            if to_array(numbers, given[numbers]).ndim > len(dimensions_of[numbers]):
                parameter(numbers, given[numbers], dimensions_of[numbers])
            shape = np.shape(given[arrays])
            raise ValueError(
                f"{arrays} was given an array of shape {shape}, but {numbers} has no units; both need them, or neither"
            )
        self.scalar = not any(full)
        parameters = {}
        there = {name: dims for name, dims in dimensions_of.items() if name in given}
        dimensions = {n: tuple(d for d in dims if not (self.scalar and d in OF_VECTORS)) for n, dims in there.items()}
        for name, dims in dimensions.items():
            fills, samples = name not in weights or not dims, name in self.STARTS
            drawn = isinstance(given[name], Drawn)
            parameters[name] = given[name] if drawn else parameter(name, given[name], dims, fills=fills, samples=samples)
        self._parameters = parameters
        self._check_sizes()
        self._hold(parameters, dimensions, readout)

    def _refuse_stacked_gates(self, given: dict[str, Any]) -> None:
        """Refuse arrays that have all gates in their rows, as PyTorch has them."""
        gates = len(self.GATES)
        for name, dims in self.DIMENSIONS.items() if gates else ():
            value = given[name]
            known = getattr(value, "shape", ())
            shape = known if isinstance(known, tuple) and not isinstance(value, xr.DataArray | Drawn) else ()
            stacked = "gate" in dims and len(shape) == len(dims) - 1 and shape[0] % gates == 0
            if stacked and (name in self.weights or shape[0] > gates):
                needed = f"({', '.join(dims)}): {name}.reshape{(gates, shape[0] // gates, *shape[1:])}"
                raise ValueError(f"{name} was given an array of shape {shape}; it needs {needed}, or rs.from_torch")

    def _rebuild(self, parameters: dict[str, Any]) -> Self:
        own = {name: value for name, value in parameters.items() if name not in Readout.DIMENSIONS}
        if self.rank:
            factors = {name: own.pop(name, None) for name in FACTORS}
            own.setdefault("w_rec", LowRank(*factors.values()))
        rule: Any = type(self)
        made: Self = rule(**own, readout=readout_of(parameters))
        return made

    def _check_sizes(self) -> None:
        labels = self.declaration.gate_labels
        for name, array in self._parameters.items():
            for dim in (dim for dim in array.dims if dim in labels and array.sizes[dim] != len(labels[dim])):
                gates = f"{len(labels[dim])} ({', '.join(labels[dim])})"
                raise ValueError(f"{name} has {array.sizes[dim]} gates, but a {type(self).__name__} needs {gates}")
            for dim in ("unit", "unit_from"):
                if dim in array.dims and array.sizes[dim] != self.units:
                    what = "columns" if dim == "unit_from" else "units"
                    raise ValueError(f"{name} has {array.sizes[dim]} {what}, but w_in has {self.units} units; they need to agree")

    def __repr__(self) -> str:
        size = "one unit" if self.scalar else f"{self.units} units and {self.inputs} inputs"
        options = "".join(f", {name} {shown(getattr(self, name)).strip(chr(39))}" for name in self.OPTIONS)
        out, axes = self._shown
        package, folder, *_ = (*type(self).__module__.split("."), "")
        home = "rnnsim." * (package == "rnnsim") + "cells." * (package == "rnnsim" and folder == "cells")
        return f"<{home}{type(self).__name__} of {size}{out}{options}; axes {axes}>"

    @property
    def units(self) -> int:
        """The number of units."""
        return int(self._parameters["w_in"].sizes.get("unit", 1))

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return int(self._parameters["w_in"].sizes.get("input", 1))

    @property
    def rank(self) -> int:
        """The rank of recurrent weights that were given as `rs.LowRank`, else 0."""
        return 0 if "w_rec" in self._parameters or "w_rec" not in self.DIMENSIONS else int(self._parameters["m"].sizes["rank"])

    @property
    def levels(self) -> tuple[tuple[str, Any], ...]:
        """The one layer, without anything added to the names of its parameters."""
        return (("", self),)

    @property
    def options(self) -> dict[str, Any]:
        """The options that are no parameters, such as the activation, by name."""
        return {name: getattr(self, name) for name in self.OPTIONS}

    @property
    def weights(self) -> tuple[str, ...]:
        """The parameters that are weights."""
        return tuple(name for name in ("w_in", "w_rec") if name in self.DIMENSIONS)

    @property
    def cell(self) -> Cell:
        """The recurrence that kernels run."""
        found: Cell = cell_of(self.declared)
        return found

    @property
    def declared(self) -> Any:
        """The class whose equation it is."""
        return type(self)

    @property
    def idle_numbers(self) -> tuple[str, ...]:
        """The parameters that have no gradient: the cell's own numbers that its equation leaves out, and a fixed matrix."""
        return ("fixed",) if self.rank and "fixed" in self._parameters else ()

    @property
    def optional(self) -> tuple[str, ...]:
        """Parameters that this family does without, and may be given."""
        return ("w_rec", *(() if "fixed" in self._parameters else ("fixed",))) if self.rank else ()

    def member(self, suffix: str, top: bool) -> Member:
        """Describe this network as a layer of a larger one.

        Parameters
        ----------
        suffix : str
            What stands behind the names of the layer's parameters, such as "_0".
        top : bool
            Whether this is the top layer, whose results are known without `suffix`, too.

        Returns
        -------
        Member
            The layer as kernels run it.
        """
        cell, declaration = self.cell, self.declaration
        all_gates = tuple(range(len(declaration.gates)))
        return Member(
            cell,
            self.units,
            self.inputs,
            f"w_in{suffix}",
            f"w_rec{suffix}" if "w_rec" in self.weights else None,
            tuple(
                (f"{name}{suffix}", reading(cell, letter) if letter else all_gates) for name, letter in declaration.biases.items()
            ),
            tuple(f"{name}{suffix}" for name in tuple(declaration.numbers)[: cell.constants]),
            tuple(f"{name}{suffix}" for name in declaration.starts),
            declaration.kept_states,
            suffix,
            top,
            tuple(f"{name}{suffix}" for name in FACTORS if name in self._parameters) if self.rank else (),
            self.rank,
        )

    @classmethod
    def random(
        cls,
        units: Whole,
        inputs: Whole = 1,
        *,
        gain: Numbers = 1.0,
        init: Init = "gaussian",
        seed: Seed = 0,
        h0: Numbers | Literal["gaussian"] = 0.0,
        bias: Numbers | Literal["gaussian", "uniform"] = 0.0,
        density: Real = 0.1,
        excitatory: Real = 0.8,
        stability: Real = 1.5,
        **options: Any,
    ) -> Self:
        """Make a random family.

        Matrices are drawn block by block when they are needed. A seed stands for the same network in whatever grid it appears.

        Parameters
        ----------
        units : int
            The number of units, at least 1.
        inputs : int, default 1
            The number of inputs, at least 1.
        gain : float or DataArray, default 1.0
            The factor by which the recurrent matrix is multiplied: a number or an axis.
        init : {"gaussian", "orthogonal", "uniform", "identity", "spectral", "sparse", "dale", "stable"}
            The law of the recurrent matrix at gain 1: "gaussian" (variance 1/units), "orthogonal" (uniform over rotations and
            reflections), "uniform" (±1/√units, as PyTorch draws), "identity", "spectral" (gaussian, divided by its spectral
            radius), "sparse" (a share `density` of entries, of variance 1/(units · density); `rs.train` moves its zeros, too),
            "dale" (columns of one sign, excitation and inhibition in balance, spectral radius 1 [2]_; see `rs.dale`) or "stable"
            (symmetric, α-stable, of the scale units^(-1/α) for α = `stability`: heavy tails [3]_ [4]_).
            Input weights are uniform in ±1/√units for "uniform", and normal of variance 1/inputs for every other law.
        seed : int or DataArray, default 0
            Whole numbers from 0: one, or an axis of them.
        h0 : array_like or DataArray or "gaussian", default 0.0
            The state at step 0 as the family takes it, or "gaussian": drawn, of variance 1. An LSTM takes `c0` in the same way.
        bias : array_like or DataArray or {"gaussian", "uniform"}, default 0.0
            The biases as the family takes them, or drawn: "gaussian" (variance 1) or "uniform" (±1/√units). A GRU takes it for
            each of `bias_in` and `bias_rec` that is not given by its own name.
        density : float, default 0.1
            The share of entries of a "sparse" matrix that are not 0, in (0, 1].
        excitatory : float, default 0.8
            The share of units that are excitatory in a "dale" matrix, in (0, 1); they come first.
        stability : float, default 1.5
            The index α of a "stable" matrix, in (0, 2]. At 1 it has Cauchy's law; at 2 it is normal of variance 2/units.
        **options : object
            The family's further arguments, such as `activation`, `leak` and `readout`.

        Returns
        -------
        Elman or GRU or LSTM
            A family of the class on which the method is called, over the axes of `gain`, `seed` and the other arguments.

        Raises
        ------
        ValueError
            If a size, a seed, the density or the name of a law does not fit.
        TypeError
            If a seed or another argument holds anything but real numbers, or if an option is unknown.

        See Also
        --------
        rnnsim.Readout.random : A random readout.
        rnnsim.axis : An axis of gains or seeds.

        References
        ----------
        .. [1] G. W. Stewart, SIAM J. Numer. Anal. 17, 403 (1980): random orthogonal matrices.
        .. [2] H. F. Song, G. R. Yang and X.-J. Wang, PLOS Comput. Biol. 12, e1004792 (2016): excitation and inhibition.
        .. [3] Ł. Kuśmierz, S. Ogawa and T. Toyoizumi, Phys. Rev. Lett. 125, 028101 (2020): Cauchy's law.
        .. [4] A. Wardak and P. Gong, Phys. Rev. Lett. 129, 048103 (2022).

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.Elman.random(100, gain=rs.axis("gain", [0.5, 1.5]), seed=rs.axis("seed", range(10)), h0="gaussian").axes
        {'seed': 10, 'gain': 2}
        """
        declaration = cls.declaration
        laws = {name: options.pop(name, bias) for name in declaration.biases}
        laws |= {name: h0 if name == FIRST else options.pop(name, 0.0) for name in declaration.starts}
        sizes = {"unit": units, "unit_from": units, "input": inputs}
        sizes |= {dim: len(labels) for dim, labels in declaration.gate_labels.items()}
        own = {name: dims for name, dims in declaration.dimensions.items() if name not in declaration.numbers}
        given = drawn_parameters(own, sizes, seed, gain, init, density, excitatory, stability, laws)
        return cls(**given, **options)


class Elman(cells.NoisyElman, Recurrent):
    """A family of Elman networks, h[k] = (1 - leak) h[k-1] + leak φ(w_rec h[k-1] + w_in x[k] + bias).

    A scalar network, of one unit, has a number for each weight. Every parameter may have axes: further dimensions of a
    `DataArray`, such as `rs.axis` makes. Axes of one name are one axis and must agree exactly.

    Parameters
    ----------
    w_in : array_like or DataArray
        Weights of the input, (unit, input), or a number in a scalar network.
    w_rec : array_like or DataArray or LowRank
        Weights of the last state, (unit, unit_from), or a number in a scalar network; or `rs.LowRank(m, n)`.
    bias : array_like or DataArray, default 0.0
        Biases, (unit), or a number for all units.
    h0 : array_like or DataArray, default 0.0
        The state at step 0, (unit), or a number for all units. With a dimension `sample` before, every sample has its own start:
        (sample, unit), or (sample) in a scalar network.
    activation : str or Activation
        The function φ: "tanh", "linear", "relu", "sigmoid", "softplus", "swish" (a σ(a)), "gelu" (a Φ(a), Φ the normal distribution
        function), "elu", "hard_tanh", "threshold_linear" (as "relu"), "power_law" (max(a, 0)²), or an `rs.Activation` of your own.
    leak : array_like or DataArray, default 1.0
        How much of the new state comes in at a step, in (0, 1]: (unit), or a number for all units. This is the step dt/τ of the
        Euler method for τ dh/dt = -h + φ(…).
    noise : array_like or DataArray, default 0.0
        The standard deviation σ of noise in the pre-activation, (unit), or a number for all units: h[k] = (1 - leak) h[k-1] + leak
        φ(w_rec h[k-1] + w_in x[k] + bias + σ ξ[k]), with a standard normal number ξ for every unit, step and sample, by the
        `noise_seed` of a verb. Verbs without one take the network without its noise. For τ dh/dt = -h + φ(… + √(2 τ) σ_rec ξ), as
        task-trained rate networks have it, σ is √(2 / leak) σ_rec [2]_.
    readout : Readout or None
        The outputs as linear functions of the state. None makes the state the output.

    Raises
    ------
    ValueError
        If shapes, names of dimensions or values do not fit, or if the activation is unknown.
    TypeError
        If a parameter holds anything but real numbers, or if the readout is no `rs.Readout`.

    See Also
    --------
    rnnsim.GRU : Gated recurrent units.
    rnnsim.LSTM : Long short-term memories.
    rnnsim.Stack : Several layers, one fed into the next.
    rnnsim.Activation : An activation of the user's own.

    References
    ----------
    .. [1] J. L. Elman, Cognitive Science 14, 179 (1990).
    .. [2] H. F. Song, G. R. Yang and X.-J. Wang, PLOS Comput. Biol. 12, e1004792 (2016), equation 7.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", np.linspace(-2, 2, 5)), h0=0.1)
    >>> net.axes
    {'w_rec': 5}
    >>> import xarray as xr
    >>> rotation = np.array([[0.8, -0.6], [0.6, 0.8]])
    >>> rs.Elman(np.zeros((2, 1)), rs.axis("gain", [0.9, 1.1]) * xr.DataArray(rotation, dims=("unit", "unit_from")))
    <rnnsim.Elman of 2 units and 1 inputs, activation tanh; axes gain: 2>
    """

    OPTIONS = ("activation",)

    def __init__(
        self,
        w_in: Numbers,
        w_rec: Numbers | LowRank,
        bias: Numbers = 0.0,
        h0: Numbers = 0.0,
        *,
        activation: ActivationName | Activation = "tanh",
        leak: Numbers = 1.0,
        noise: Numbers = 0.0,
        readout: Readout | None = None,
    ):
        if not isinstance(activation, Activation) and (not isinstance(activation, str) or activation not in ACTIVATIONS):
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation was given as {shown(activation)}; it needs one of {known}, or an rs.Activation")
        self.activation = activation
        quiet = not isinstance(noise, xr.DataArray) and as_real(noise) == 0.0
        numbers = {"leak": leak} | ({} if quiet else {"noise": noise})
        self._take({"w_in": w_in, "w_rec": w_rec, "bias": bias, "h0": h0, **numbers}, check_readout(readout))
        self.leaky = as_real(leak) != 1.0  # parts of a family with a leak have one, too
        outside = self._parameters["leak"].values
        outside = outside[~((outside > 0) & (outside <= 1))]
        if outside.size:
            raise ValueError(f"leak was given the value {outside[0]}; it needs numbers in (0, 1]")

    def _rebuild(self, parameters: dict[str, Any]) -> Self:
        made = super()._rebuild(parameters)
        made.leaky = self.leaky or bool((made["leak"].values != 1.0).any())
        return made

    @property
    def idle_numbers(self) -> tuple[str, ...]:
        """The leak, if none was given, and a fixed matrix."""
        return *super().idle_numbers, *(() if self.leaky else ("leak",))

    @property
    def optional(self) -> tuple[str, ...]:
        """The noise, if none was given, and what recurrent weights of low rank do without."""
        return *super().optional, *(() if "noise" in self._parameters else ("noise",))

    @property
    def declared(self) -> Any:
        """The class whose equation it is, without leak and noise if none was given."""
        if "noise" in self._parameters:
            return cells.NoisyElman
        return cells.LeakyElman if self.leaky else cells.Elman

    @property
    def cell(self) -> Cell:
        """The recurrence that kernels run."""
        found: Cell = cell_of(self.declared, self.activation)
        return found


class GRU(cells.GRU, Recurrent):
    """A family of gated recurrent units, by PyTorch's equations.

    With (r, z) = σ(w_in x[k] + bias_in + w_rec h[k-1] + bias_rec) and n = tanh(w_in x[k] + bias_in + r (w_rec h[k-1] +
    bias_rec)), each with the weights of its gate, h[k] = (1 - z) n + z h[k-1]. The gates are r, z, n, in this order. Every
    parameter may have axes: further dimensions of a `DataArray`, such as `rs.axis` makes.

    Parameters
    ----------
    w_in : array_like or DataArray
        Weights of the input, (gate, unit, input), or (gate) in a scalar network.
    w_rec : array_like or DataArray
        Weights of the last state, (gate, unit, unit_from), or (gate) in a scalar network.
    bias_in : array_like or DataArray, default 0.0
        Biases beside the input, (gate, unit), or (gate) in a scalar network, or a number for all.
    bias_rec : array_like or DataArray, default 0.0
        Biases beside the last state, of the same shapes as `bias_in`.
    h0 : array_like or DataArray, default 0.0
        The state at step 0: (unit), (sample, unit), or a number for all units.
    readout : Readout or None
        The outputs as linear functions of the state. None makes the state the output.

    Raises
    ------
    ValueError
        If shapes, names of dimensions or values do not fit.
    TypeError
        If a parameter holds anything but real numbers, or if the readout is no `rs.Readout`.

    See Also
    --------
    rnnsim.Elman : Networks without gates.
    rnnsim.LSTM : Long short-term memories.
    rnnsim.from_torch : A trained PyTorch module as a network.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation", EMNLP
       2014.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.GRU(np.ones((3, 4, 2)), np.zeros((3, 4, 4)))
    <rnnsim.GRU of 4 units and 2 inputs; axes none>
    """

    declared = cells.GRU

    def __init__(
        self,
        w_in: Numbers,
        w_rec: Numbers,
        bias_in: Numbers = 0.0,
        bias_rec: Numbers = 0.0,
        h0: Numbers = 0.0,
        *,
        readout: Readout | None = None,
    ):
        self._take({"w_in": w_in, "w_rec": w_rec, "bias_in": bias_in, "bias_rec": bias_rec, "h0": h0}, check_readout(readout))


class LSTM(cells.LSTM, Recurrent):
    """A family of long short-term memories with forget gates, by PyTorch's equations.

    With (i, f, o) = σ(w_in x[k] + w_rec h[k-1] + bias) and g = tanh(w_in x[k] + w_rec h[k-1] + bias), each with the weights of
    its gate, c[k] = f c[k-1] + i g and h[k] = o tanh c[k]. The gates are i, f, g, o, in this order. Every parameter may have
    axes: further dimensions of a `DataArray`, such as `rs.axis` makes.

    Parameters
    ----------
    w_in : array_like or DataArray
        Weights of the input, (gate, unit, input), or (gate) in a scalar network.
    w_rec : array_like or DataArray
        Weights of the last state, (gate, unit, unit_from), or (gate) in a scalar network.
    bias : array_like or DataArray, default 0.0
        Biases, (gate, unit), or (gate) in a scalar network, or a number for all.
    h0 : array_like or DataArray, default 0.0
        The state at step 0: (unit), (sample, unit), or a number for all units.
    c0 : array_like or DataArray, default 0.0
        The cell state at step 0, of the same shapes as `h0`.
    readout : Readout or None
        The outputs as linear functions of the state. None makes the state the output.

    Raises
    ------
    ValueError
        If shapes, names of dimensions or values do not fit.
    TypeError
        If a parameter holds anything but real numbers, or if the readout is no `rs.Readout`.

    See Also
    --------
    rnnsim.Elman : Networks without gates.
    rnnsim.GRU : Gated recurrent units.
    rnnsim.from_torch : A trained PyTorch module as a network.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1735 (1997).
    .. [2] F. A. Gers, J. Schmidhuber and F. Cummins, Neural Computation 12, 2451 (2000): forget gates.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.LSTM(np.ones((4, 5, 2)), np.zeros((4, 5, 5)))
    <rnnsim.LSTM of 5 units and 2 inputs; axes none>
    """

    declared = cells.LSTM
    kept = {"c": "cell_state"}

    def __init__(
        self,
        w_in: Numbers,
        w_rec: Numbers,
        bias: Numbers = 0.0,
        h0: Numbers = 0.0,
        c0: Numbers = 0.0,
        *,
        readout: Readout | None = None,
    ):
        self._take({"w_in": w_in, "w_rec": w_rec, "bias": bias, "h0": h0, "c0": c0}, check_readout(readout))
