"""Recurrent networks of one layer."""

from typing import Any, ClassVar, Self

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import refuse_methods, to_array
from rnnsim.checks.showing import shown
from rnnsim.equations import cells
from rnnsim.equations.activations import ACTIVATIONS
from rnnsim.equations.user_activations import Activation
from rnnsim.families.lazy_parameters import Drawn
from rnnsim.families.network import Member, Network
from rnnsim.families.parameters import OF_VECTORS, has_units, parameter
from rnnsim.families.random_parameters import drawn_parameters
from rnnsim.families.readouts import Readout, check_readout, readout_of

GATED_WEIGHTS = {"w_in": ("gate", "unit", "input"), "w_rec": ("gate", "unit", "unit_from")}


class Recurrent(Network):
    """What the kinds of layers have in common. `DIMENSIONS` are a layer's parameters and their dimensions, weights first."""

    DIMENSIONS: ClassVar[dict[str, tuple[str, ...]]]
    GATES: ClassVar[tuple[str, ...]] = ()
    WEIGHTS = ("w_in", "w_rec")
    STARTS: ClassVar[tuple[str, ...]] = ("h0",)
    OPTIONS: ClassVar[tuple[str, ...]] = ()
    _PUBLIC = (*Network._PUBLIC, "random")

    def __init_subclass__(cls) -> None:
        equations = "one of the package's own layers, or an rs.Elman with an rs.Activation"
        refuse_methods(cls, ("step", "forward", "linearize", "pullback"), equations)

    def _take(self, given: dict[str, Any], readout: Readout | None) -> None:
        """Check the parameters and keep them."""
        self._refuse_stacked_gates(given)
        full = [has_units(name, given[name], self.DIMENSIONS[name]) for name in self.WEIGHTS]
        if any(full) and not all(full):
            arrays, numbers = self.WEIGHTS if full[0] else self.WEIGHTS[::-1]
            if to_array(numbers, given[numbers]).ndim > len(self.DIMENSIONS[numbers]):
                parameter(numbers, given[numbers], self.DIMENSIONS[numbers])
            shape = np.shape(given[arrays])
            raise ValueError(
                f"{arrays} was given an array of shape {shape}, but {numbers} has no units; both need them, or neither"
            )
        self.scalar = not any(full)
        parameters = {}
        dimensions = {n: tuple(d for d in dims if not (self.scalar and d in OF_VECTORS)) for n, dims in self.DIMENSIONS.items()}
        for name, dims in dimensions.items():
            fills, samples = name not in self.WEIGHTS or not dims, name in self.STARTS
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
            if stacked and (name in self.WEIGHTS or shape[0] > gates):
                needed = f"({', '.join(dims)}): {name}.reshape{(gates, shape[0] // gates, *shape[1:])}"
                raise ValueError(f"{name} was given an array of shape {shape}; it needs {needed}, or rs.from_torch")

    def _rebuild(self, parameters: dict[str, Any]) -> Self:
        own = {name: value for name, value in parameters.items() if name not in Readout.DIMENSIONS}
        rule: Any = type(self)
        return rule(**own, readout=readout_of(parameters))

    def _check_sizes(self) -> None:
        for name, array in self._parameters.items():
            if "gate" in array.dims and array.sizes["gate"] != len(self.GATES):
                gates = f"{len(self.GATES)} ({', '.join(self.GATES)})"
                raise ValueError(f"{name} has {array.sizes['gate']} gates, but a {type(self).__name__} needs {gates}")
            for dim in ("unit", "unit_from"):
                if dim in array.dims and array.sizes[dim] != self.units:
                    what = "columns" if dim == "unit_from" else "units"
                    raise ValueError(f"{name} has {array.sizes[dim]} {what}, but w_in has {self.units} units; they need to agree")

    def __repr__(self) -> str:
        size = "one unit" if self.scalar else f"{self.units} units and {self.inputs} inputs"
        options = "".join(f", {name} {shown(getattr(self, name)).strip(chr(39))}" for name in self.OPTIONS)
        out, axes = self._shown
        return f"<rnnsim.{type(self).__name__} of {size}{out}{options}; axes {axes}>"

    @property
    def units(self) -> int:
        """The number of units."""
        return self._parameters["w_in"].sizes.get("unit", 1)

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return self._parameters["w_in"].sizes.get("input", 1)

    @property
    def levels(self) -> tuple[tuple[str, Any], ...]:
        return (("", self),)

    @property
    def options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.OPTIONS}

    @property
    def cell(self) -> Any:
        """The recurrence that kernels run."""
        raise NotImplementedError

    def member(self, suffix: str, top: bool) -> Member:
        """This network as a layer whose parameters have `suffix` behind their names; the top one's results are known without it, too."""
        cell = self.cell
        x_gates, h_gates = cells.reading(cell, "x"), cells.reading(cell, "h")
        biases = [name for name in self.DIMENSIONS if name.startswith("bias")]
        return Member(
            cell,
            self.units,
            self.inputs,
            f"w_in{suffix}",
            f"w_rec{suffix}",
            tuple((f"{name}{suffix}", h_gates if name == "bias_rec" else x_gates) for name in biases),
            tuple(f"{name}{suffix}" for name in ("leak",)[: cell.constants]),
            tuple(f"{name}{suffix}" for name in self.STARTS),
            suffix,
            top,
        )

    @classmethod
    def random(
        cls,
        units: int,
        inputs: int = 1,
        *,
        gain: Any = 1.0,
        init: str = "gaussian",
        seed: Any = 0,
        h0: Any = 0.0,
        bias: Any = 0.0,
        density: float = 0.1,
        **options: Any,
    ) -> Self:
        """A random family. Matrices are drawn block by block when they are needed; `seed=s` is the same network in whatever grid.

        Parameters
        ----------
        units, inputs : sizes.
        gain : by which the recurrent matrix is multiplied; a number or an axis.
        init : the recurrent matrix at gain 1: "gaussian" (variance 1/units), "orthogonal", "uniform" (±1/√units, as PyTorch draws),
            "identity", "spectral" (gaussian, of spectral radius 1) or "sparse" (a share `density` of entries, of variance
            1/(units · density); `rs.train` moves its zeros too). Input weights are uniform in ±1/√units for "uniform", else normal of
            variance 1/inputs.
        seed : whole numbers from 0; a number or an axis.
        h0 : the state at step 0 as the family takes it, or "gaussian": drawn, of variance 1. An LSTM's `c0` likewise.
        bias : biases as the family takes them, or "gaussian" (variance 1) or "uniform" (±1/√units): drawn.
        **options : what else the family takes, such as `activation` and `leak`.

        Raises
        ------
        ValueError, TypeError : sizes, names or seeds that do not fit, before anything is computed.

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.Elman.random(100, gain=rs.axis("gain", [0.5, 1.5]), seed=rs.axis("seed", range(10)), h0="gaussian").axes
        {'seed': 10, 'gain': 2}
        """
        laws = {name: options.pop(name, bias) for name in cls.DIMENSIONS if name.startswith("bias")}
        laws |= {name: h0 if name == "h0" else options.pop(name, 0.0) for name in cls.STARTS}
        sizes = {"unit": units, "unit_from": units, "input": inputs}
        given = drawn_parameters(cls.DIMENSIONS, sizes, len(cls.GATES), seed, gain, init, density, laws)
        return cls(**given, **options)


class Elman(Recurrent):
    """A family of Elman networks: h[k] = (1 - leak) h[k-1] + leak φ(w_rec h[k-1] + w_in x[k] + bias).

    Parameters
    ----------
    w_in, w_rec : (unit, input) and (unit, unit_from) weights of the input and of the last state. A scalar network has a number for each.
        As `DataArray`s (such as `rs.axis` makes) they may have further dimensions, which are axes. Axes of one name are one axis and
        must agree exactly.
    bias : (unit), or a number for all units; it may have axes, as everything below.
    h0 : (unit) or a number: the state at step 0; with a dimension `sample` before (`(sample, unit)`; `(sample)` of a scalar network)
        every sample has its own start.
    activation : φ: "tanh", "linear", "relu", "sigmoid", or an `Activation` of your own.
    leak : in (0, 1], (unit) or a number: how much of the new state comes in at a step; the Euler step dt/τ of τ dh/dt = -h + φ(…).
    readout : a `Readout`, or None: then the state is the output.

    Raises
    ------
    ValueError, TypeError : shapes, names, types or values that do not fit, before anything is computed.

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

    DIMENSIONS = {
        "w_in": ("unit", "input"),
        "w_rec": ("unit", "unit_from"),
        "bias": ("unit",),
        "h0": ("unit",),
        "leak": ("unit",),
    }
    OPTIONS = ("activation",)

    def __init__(
        self,
        w_in: Any,
        w_rec: Any,
        bias: Any = 0.0,
        h0: Any = 0.0,
        *,
        activation: str | Activation = "tanh",
        leak: Any = 1.0,
        readout: Readout | None = None,
    ):
        if not isinstance(activation, Activation) and (not isinstance(activation, str) or activation not in ACTIVATIONS):
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation was given as {shown(activation)}; it needs one of {known}, or an rs.Activation")
        self.activation = activation
        self._take({"w_in": w_in, "w_rec": w_rec, "bias": bias, "h0": h0, "leak": leak}, check_readout(readout))
        outside = self._parameters["leak"].values
        outside = outside[~((outside > 0) & (outside <= 1))]
        if outside.size:
            raise ValueError(f"leak was given the value {outside[0]}; it needs numbers in (0, 1]")

    @property
    def row_names(self) -> tuple[str, ...]:
        """The parameters in the order in which the kernels of scalar networks read them."""
        return "bias", "w_in", "w_rec", *("leak",) * self.cell.constants, "h0"

    @property
    def cell(self) -> Any:
        phi = self.activation.rule if isinstance(self.activation, Activation) else ACTIVATIONS[self.activation]
        rule: Any = cells.Elman if (self["leak"].values == 1.0).all() else cells.LeakyElman
        return rule(phi)


class GRU(Recurrent):
    """A family of gated recurrent units (Cho et al. 2014), by PyTorch's equations: with (r, z) = σ(w_in x[k] + bias_in + w_rec h[k-1] +
    bias_rec) and n = tanh(w_in x[k] + bias_in + r (w_rec h[k-1] + bias_rec)), each with its gate's weights, h[k] = (1 - z) n + z h[k-1].

    Parameters
    ----------
    w_in, w_rec : (gate, unit, input) and (gate, unit, unit_from), gates r, z, n; (gate) each in a scalar network. As `DataArray`s they may
        have further dimensions, which are axes.
    bias_in, bias_rec : (gate, unit), or a number.
    h0 : (unit) or (sample, unit), or a number: the state at step 0.
    readout : a `Readout`, or None: then the state is the output.

    Raises
    ------
    ValueError, TypeError : shapes, names, types or values that do not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.GRU(np.ones((3, 4, 2)), np.zeros((3, 4, 4)))
    <rnnsim.GRU of 4 units and 2 inputs; axes none>
    """

    DIMENSIONS = {
        **GATED_WEIGHTS,
        "bias_in": ("gate", "unit"),
        "bias_rec": ("gate", "unit"),
        "h0": ("unit",),
    }
    GATES = cells.GRU.labels

    def __init__(
        self, w_in: Any, w_rec: Any, bias_in: Any = 0.0, bias_rec: Any = 0.0, h0: Any = 0.0, *, readout: Readout | None = None
    ):
        self._take({"w_in": w_in, "w_rec": w_rec, "bias_in": bias_in, "bias_rec": bias_rec, "h0": h0}, check_readout(readout))

    @property
    def cell(self) -> Any:
        rule: Any = cells.GRU
        return rule()


class LSTM(Recurrent):
    """A family of long short-term memories (Hochreiter and Schmidhuber 1997; with forget gates), by PyTorch's equations: with
    (i, f, o) = σ(w_in x[k] + w_rec h[k-1] + bias) and g = tanh(…), each with its gate's weights, c[k] = f c[k-1] + i g and
    h[k] = o tanh c[k].

    Parameters
    ----------
    w_in, w_rec : (gate, unit, input) and (gate, unit, unit_from), gates i, f, g, o; (gate) each in a scalar network. As `DataArray`s they
        may have further dimensions, which are axes.
    bias : (gate, unit), or a number.
    h0, c0 : (unit) or (sample, unit), or a number: the state and the cell state at step 0.
    readout : a `Readout`, or None: then the state is the output.

    Raises
    ------
    ValueError, TypeError : shapes, names, types or values that do not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.LSTM(np.ones((4, 5, 2)), np.zeros((4, 5, 5)))
    <rnnsim.LSTM of 5 units and 2 inputs; axes none>
    """

    DIMENSIONS = {
        **GATED_WEIGHTS,
        "bias": ("gate", "unit"),
        "h0": ("unit",),
        "c0": ("unit",),
    }
    GATES = cells.LSTM.labels
    STARTS = ("h0", "c0")

    def __init__(self, w_in: Any, w_rec: Any, bias: Any = 0.0, h0: Any = 0.0, c0: Any = 0.0, *, readout: Readout | None = None):
        self._take({"w_in": w_in, "w_rec": w_rec, "bias": bias, "h0": h0, "c0": c0}, check_readout(readout))

    @property
    def cell(self) -> Any:
        rule: Any = cells.LSTM
        return rule()
