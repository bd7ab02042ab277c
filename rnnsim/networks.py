"""Families of networks: parameters with names, shapes and axes. A single network is a family without axes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import xarray as xr

from rnnsim import cells
from rnnsim.axes import Grid, common_grid, shown
from rnnsim.drawn import Drawn
from rnnsim.parameters import OF_VECTORS, OWN_DIMENSIONS, has_units, parameter
from rnnsim.random_families import drawn_parameters

GATED_WEIGHTS = {"w_in": ("gate", "unit", "input"), "w_rec": ("gate", "unit", "unit_from")}


@dataclass(frozen=True)
class Member:
    """A linear map and, but for a readout, the cells that it feeds, as kernels run them; its parameters by their names in the network.
    `biases` come with the gates that they belong to; `results` gives the names under which the network keeps a variable of the layer."""

    cell: Any
    units: int
    inputs: int
    w_in: str
    w_rec: str | None
    biases: tuple[tuple[str, tuple[int, ...]], ...]
    constants: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    results: Callable[[str], tuple[str, ...]] = lambda name: (name,)

    def gates_reading(self, letter: str) -> tuple[int, ...]:
        """The gates that read x or h."""
        return tuple(i for i, reads in enumerate(self.cell.reads) if letter in reads)


class Network:
    """What families of all kinds have in common. `DIMENSIONS` are a network's parameters and their dimensions, weights first."""

    DIMENSIONS: ClassVar[dict[str, tuple[str, ...]]]
    GATES: ClassVar[tuple[str, ...]] = ()
    WEIGHTS = ("w_in", "w_rec")
    STARTS: ClassVar[tuple[str, ...]] = ("h0",)
    OPTIONS: ClassVar[tuple[str, ...]] = ()

    _parameters: dict[str, Any]
    _grid: Grid

    def _take(self, given: dict[str, Any]) -> None:
        """Check the parameters and keep them."""
        full = [has_units(name, given[name], self.DIMENSIONS[name]) for name in self.WEIGHTS]
        if any(full) and not all(full):
            arrays, numbers = self.WEIGHTS if full[0] else self.WEIGHTS[::-1]
            shape = np.shape(given[arrays])
            raise ValueError(
                f"{arrays} was given an array of shape {shape}, but {numbers} has no units; both need them, or neither"
            )
        self.scalar = not any(full)
        self._parameters = {}
        for name, dims in self.DIMENSIONS.items():
            dims = tuple(dim for dim in dims if not (self.scalar and dim in OF_VECTORS))
            fills, samples = name not in self.WEIGHTS or not dims, name in self.STARTS
            drawn = isinstance(given[name], Drawn)
            self._parameters[name] = given[name] if drawn else parameter(name, given[name], dims, fills=fills, samples=samples)
        self._check_sizes()
        self._grid = common_grid(self.templates, OWN_DIMENSIONS)

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
        axes = ", ".join(f"{name}: {size}" for name, size in self.axes.items()) or "none"
        return f"<rnnsim.{type(self).__name__} of {size}{options}; axes {axes}>"

    def __getitem__(self, name: str) -> xr.DataArray:
        found = self._parameters[name]
        return found.array() if isinstance(found, Drawn) else found

    def source(self, name: str) -> Any:
        """A parameter as it is kept: an array, or `Drawn` when it is needed."""
        return self._parameters[name]

    @property
    def templates(self) -> dict[str, xr.DataArray]:
        """The parameters' dimensions and coordinates; the numbers of drawn ones are not there."""
        return {name: p.template if isinstance(p, Drawn) else p for name, p in self._parameters.items()}

    @property
    def hashed(self) -> dict[str, xr.DataArray]:
        """What decides all numbers: the parameters, or the laws, sizes, seeds and gains of drawn ones."""
        found: dict[str, xr.DataArray] = {}
        for name, p in self._parameters.items():
            found |= {f"{name} {p.law} {p.sizes} seed": p.seed, f"{name} gain": p.gain} if isinstance(p, Drawn) else {name: p}
        return found

    @property
    def units(self) -> int:
        """The number of units."""
        return self._parameters["w_in"].sizes.get("unit", 1)

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return self._parameters["w_in"].sizes.get("input", 1)

    @property
    def axes(self) -> dict[str, int]:
        """The number of values of each axis, by name."""
        return dict(self._grid.sizes)

    @property
    def grid(self) -> Grid:
        """The axes with their coordinates."""
        return self._grid

    @property
    def options(self) -> dict[str, Any]:
        """What is no number: the activation."""
        return {name: getattr(self, name) for name in self.OPTIONS}

    @property
    def parameters(self) -> xr.Dataset:
        """The parameters, each over its own axes. (One over an axis of its own name is a coordinate of the Dataset.)"""
        whole = {name: self[name] for name in self._parameters}
        for name, array in whole.items():
            if name in self._grid.sizes and not (
                array.dims == (name,) and name in self._grid.coords and array.equals(self._grid.coords[name])
            ):
                raise ValueError(f"axis {name!r} has other values than the parameter {name}, so that no Dataset can hold both")
        coords = {**self._grid.coords, **{n: a for n, a in whole.items() if n in self._grid.sizes}}
        ds = xr.Dataset({n: a for n, a in whole.items() if n not in coords}, coords, self.options)
        return ds.assign_coords(gate=list(self.GATES)) if self.GATES else ds

    @property
    def trainable(self) -> tuple[str, ...]:
        """The parameters that have a gradient."""
        return tuple(name for name in self.DIMENSIONS if name != "leak")

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """All parameters."""
        return tuple(self._parameters)

    @property
    def cell(self) -> Any:
        """The recurrence that kernels run."""
        raise NotImplementedError

    def member(self, named: Callable[[str], str], results: Callable[[str], tuple[str, ...]]) -> Member:
        """This network as a layer whose parameters and results have other names."""
        cell = self.cell
        x_gates, h_gates = (tuple(i for i, reads in enumerate(cell.reads) if letter in reads) for letter in "xh")
        biases = [name for name in self.DIMENSIONS if name.startswith("bias")]
        return Member(
            cell,
            self.units,
            self.inputs,
            named("w_in"),
            named("w_rec"),
            tuple((named(name), h_gates if name == "bias_rec" else x_gates) for name in biases),
            tuple(named(name) for name in ("leak",)[: cell.constants]),
            tuple(named(name) for name in self.STARTS),
            results,
        )

    @property
    def members(self) -> tuple[Member, ...]:
        """The layers, bottom first."""
        return (self.member(lambda name: name, lambda name: (name,)),)

    @property
    def maps(self) -> tuple[Member, ...]:
        """The layers and the readout, if there is one."""
        return self.members

    @property
    def table(self) -> Any:
        """The table of an embedding, if there is one."""
        return None

    def dimensions(self, name: str) -> tuple[str, ...]:
        """A parameter's dimensions behind the axes in its full shape."""
        return tuple(dim for dim in self.DIMENSIONS[name] if not (self.scalar and dim in OF_VECTORS))

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
            1/(units · density)). Input weights are uniform in ±1/√units for "uniform", else normal of variance 1/inputs.
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

    def replace(self, **changes: Any) -> Self:
        """This family with some parameters (or the activation) changed.

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.Elman(1.0, 0.5).replace(w_rec=rs.axis("w", [0.5, 1.5])).axes
        {'w': 2}
        """
        now = {**self._parameters, **self.options}
        unknown = sorted(set(changes) - set(now))
        if unknown:
            raise ValueError(f"replace was given {unknown[0]!r}; it needs one of {', '.join(now)}")
        return type(self)(**{**now, **changes})

    def isel(self, **positions: Any) -> Self:
        """Part of the family, by positions along its axes; an axis at one position is gone."""
        return self._select("isel", positions)

    def sel(self, **values: Any) -> Self:
        """Part of the family, by values of its axes; an axis at one value is gone."""
        return self._select("sel", values)

    def _select(self, how: str, indexers: dict[str, Any]) -> Self:
        for name in indexers:
            if name not in self._grid.sizes:
                raise ValueError(f"{how} was given {name!r}; the family's axes are {', '.join(self._grid.sizes) or 'none'}")
        indexers = {name: i.values if isinstance(i, xr.DataArray) else i for name, i in indexers.items()}
        chosen = {}
        for name, array in self._parameters.items():
            try:
                if isinstance(array, Drawn):
                    chosen[name] = array.select(how, indexers)
                    continue
                labelled = array.assign_coords({dim: c for dim, c in self._grid.coords.items() if dim in array.dims})
                chosen[name] = getattr(labelled, how)({dim: i for dim, i in indexers.items() if dim in array.dims}, drop=True)
            except (IndexError, KeyError, TypeError, ValueError) as error:
                given = ", ".join(f"{dim}={shown(i)}" for dim, i in indexers.items())
                why = " ".join(str(error).split())
                raise ValueError(f"{how} was given {given}, which is not on the axes ({why}); it needs places that are") from None
        return type(self)(**chosen, **self.options)


class Elman(Network):
    """A family of Elman networks: h[k] = (1 - leak) h[k-1] + leak φ(w_rec h[k-1] + w_in x[k] + bias).

    Parameters
    ----------
    w_in, w_rec : (unit, input) and (unit, unit_from) weights of the input and of the last state. A scalar network has a number for each.
        As `DataArray`s (such as `rs.axis` makes) they may have further dimensions, which are axes. Axes of one name are one axis and
        must agree exactly.
    bias : (unit), or a number for all units; it may have axes, as everything below.
    h0 : (unit) or a number: the state at step 0; with a dimension `sample` before (`(sample, unit)`; `(sample)` of a scalar network)
        every sample has its own start.
    activation : φ: "tanh", "linear", "relu" or "sigmoid".
    leak : in (0, 1], (unit) or a number: how much of the new state comes in at a step; the Euler step dt/τ of τ dh/dt = -h + φ(…).

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

    def __init__(self, w_in: Any, w_rec: Any, bias: Any = 0.0, h0: Any = 0.0, *, activation: str = "tanh", leak: Any = 1.0):
        if not isinstance(activation, str) or activation not in cells.ACTIVATIONS:
            raise ValueError(f"activation was given as {shown(activation)}; it needs one of {', '.join(cells.ACTIVATIONS)}")
        self.activation = activation
        self._take({"w_in": w_in, "w_rec": w_rec, "bias": bias, "h0": h0, "leak": leak})
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
        phi = cells.ACTIVATIONS[self.activation]
        rule: Any = cells.Elman if (self["leak"].values == 1.0).all() else cells.LeakyElman
        return rule(phi)


class GRU(Network):
    """A family of gated recurrent units (Cho et al. 2014), by PyTorch's equations: with (r, z) = σ(w_in x[k] + bias_in + w_rec h[k-1] +
    bias_rec) and n = tanh(w_in x[k] + bias_in + r (w_rec h[k-1] + bias_rec)), each with its gate's weights, h[k] = (1 - z) n + z h[k-1].

    Parameters
    ----------
    w_in, w_rec : (gate, unit, input) and (gate, unit, unit_from), gates r, z, n; (gate) each in a scalar network. As `DataArray`s they may
        have further dimensions, which are axes.
    bias_in, bias_rec : (gate, unit), or a number.
    h0 : (unit) or (sample, unit), or a number: the state at step 0.

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

    def __init__(self, w_in: Any, w_rec: Any, bias_in: Any = 0.0, bias_rec: Any = 0.0, h0: Any = 0.0):
        self._take({"w_in": w_in, "w_rec": w_rec, "bias_in": bias_in, "bias_rec": bias_rec, "h0": h0})

    @property
    def cell(self) -> Any:
        rule: Any = cells.GRU
        return rule()


class LSTM(Network):
    """A family of long short-term memories (Hochreiter and Schmidhuber 1997; with forget gates), by PyTorch's equations: with
    (i, f, o) = σ(w_in x[k] + w_rec h[k-1] + bias) and g = tanh(…), each with its gate's weights, c[k] = f c[k-1] + i g and
    h[k] = o tanh c[k].

    Parameters
    ----------
    w_in, w_rec : (gate, unit, input) and (gate, unit, unit_from), gates i, f, g, o; (gate) each in a scalar network. As `DataArray`s they
        may have further dimensions, which are axes.
    bias : (gate, unit), or a number.
    h0, c0 : (unit) or (sample, unit), or a number: the state and the cell state at step 0.

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

    def __init__(self, w_in: Any, w_rec: Any, bias: Any = 0.0, h0: Any = 0.0, c0: Any = 0.0):
        self._take({"w_in": w_in, "w_rec": w_rec, "bias": bias, "h0": h0, "c0": c0})

    @property
    def cell(self) -> Any:
        rule: Any = cells.LSTM
        return rule()
