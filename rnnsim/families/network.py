"""Families of networks of any kind: parameters with names, shapes and axes. A single network is a family without axes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Method, Numbers, Real
from rnnsim.checks.arguments import check_choice, number_or_none, to_array
from rnnsim.checks.showing import kind_of, shown
from rnnsim.equations.cells import Readout as ReadoutCell
from rnnsim.equations.symbolic.tracing import cell_of
from rnnsim.equations.user_activations import Activation
from rnnsim.families.axes import Grid, common_grid
from rnnsim.families.cell_protocol import Cell
from rnnsim.families.low_rank import FACTORS, dense
from rnnsim.families.parameters import NUMBERED, OWN_DIMENSIONS, layer_number, numbered
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.families.readouts import Readout
from rnnsim.families.result_variables import meaning

METHODS = ("nearest", "ffill", "bfill")


@dataclass(frozen=True)
class Member:
    """A linear map and, but for a readout, the cells that it feeds, as kernels run them; its parameters by their names in the network,
    which have `suffix` behind them. `states` are what results call its own states; `biases` come with the gates that they belong to;
    results of the `top` layer are known without `suffix`, too. Of a `w_rec` of low rank, `factors` are the parameters that make it."""

    cell: Cell
    units: int
    inputs: int
    w_in: str
    w_rec: str | None
    biases: tuple[tuple[str, tuple[int, ...]], ...]
    constants: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    suffix: str = ""
    top: bool = True
    factors: tuple[str, ...] = ()
    rank: int = 0

    @property
    def own(self) -> int:
        """How many numbers of a unit decide what comes next: all states but what is only read of them."""
        return self.cell.states - self.cell.outputs

    def results(self, name: str) -> tuple[str, ...]:
        """The names under which the network keeps a variable of this layer."""
        return (f"{name}{self.suffix}", name) if self.top and self.suffix else (f"{name}{self.suffix}",)


class Network:
    """What families of all kinds have in common. Inside, a parameter has its layer's dimensions; users see them with the layer's number."""

    scalar: bool
    _parameters: dict[str, Any]
    _dimensions: dict[str, tuple[str, ...]]
    _grid: Grid
    readout: Readout | None
    _PUBLIC: ClassVar[tuple[str, ...]] = (
        "at",
        "axes",
        "inputs",
        "isel",
        "outputs",
        "parameters",
        "readout",
        "replace",
        "sel",
        "units",
    )

    def _hold(self, parameters: dict[str, Any], dimensions: dict[str, tuple[str, ...]], readout: Readout | None) -> None:
        """Keep parameters that are checked, and their own dimensions behind the axes in their full shape."""
        if readout is not None:
            readout.check(self.scalar, self.units)
            parameters, dimensions = parameters | readout.parameters, dimensions | readout.dimensions
        self.readout, self._parameters, self._dimensions = readout, parameters, dimensions
        self._grid = common_grid(self.templates, OWN_DIMENSIONS)

    def _rebuild(self, parameters: dict[str, Any]) -> Self:
        """A family of this kind with these parameters (and options, by name)."""
        raise NotImplementedError

    @property
    def levels(self) -> tuple[tuple[str, Any], ...]:
        """The layers, bottom first, each behind what is added to the names of its parameters."""
        raise NotImplementedError

    @property
    def table(self) -> Any:
        """The table of an embedding, if there is one."""
        return self._parameters.get("table")

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The layers as kernels run them."""
        top = self.levels[-1][0]
        return tuple(layer.member(suffix, suffix == top) for suffix, layer in self.levels)

    @cached_property
    def maps(self) -> tuple[Member, ...]:
        """The layers and the readout, if there is one, as kernels run them."""
        if self.readout is None:
            return self.members
        return *self.members, Member(cell_of(ReadoutCell), self.outputs or 1, self.units, "w_out", None, (("b_out", (0,)),))

    @property
    def units(self) -> int:
        """The number of units of the top layer."""
        return int(self.levels[-1][1].units)

    @property
    def inputs(self) -> int:
        """The number of inputs of the bottom layer."""
        return int(self.levels[0][1].inputs)

    @property
    def outputs(self) -> int | None:
        """The number of outputs; None for a scalar network."""
        if self.scalar:
            return None
        return self._parameters["w_out"].sizes["output"] if "w_out" in self._parameters else self.units

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """The parameters that are states at step 0."""
        return tuple(name for member in self.members for name in member.starts)

    @cached_property
    def noisy_layers(self) -> tuple[int, ...]:
        """The numbers of the layers whose cells get noise."""
        return tuple(i for i, member in enumerate(self.members) if member.cell.noisy)

    @cached_property
    def own_numbers(self) -> tuple[str, ...]:
        """The cells' own numbers, such as a leak."""
        return tuple(name for member in self.members for name in member.constants)

    @cached_property
    def own_sizes(self) -> dict[str, int]:
        """The sizes of the dimensions that parameters and results have behind the axes, samples and steps apart."""
        sizes: dict[str, int] = {}
        for suffix, layer in (*self.levels, ("", self.levels[-1][1])):
            sizes |= {f"{dim}{suffix}": len(labels) for dim, labels in layer.declaration.gate_labels.items()}
            if not self.scalar:
                sizes |= {f"{dim}{suffix}": layer.units for dim in ("unit", "unit_from")} | {f"input{suffix}": layer.inputs}
            sizes |= {f"rank{suffix}": layer.rank} if layer.rank else {}
        if not self.scalar:
            sizes |= {"input": self.inputs, "output": self.outputs or 1}
        return sizes | ({"token": self.table.sizes["token"]} if self.table is not None else {})

    @property
    def gate_coords(self) -> dict[str, tuple[str, list[str], dict[str, str]]]:
        """The names of gates as coordinates, by dimension."""
        return {
            f"{dim}{suffix}": (f"{dim}{suffix}", list(names), {"long_name": "gate", "units": "1"})
            for suffix, layer in (*self.levels, ("", self.levels[-1][1]))
            for dim, names in layer.declaration.gate_labels.items()
        }

    def __getitem__(self, name: str) -> xr.DataArray:
        for suffix, layer in self.levels:
            if layer.rank and name == f"w_rec{suffix}":
                return numbered(name, dense([layer.source(factor) for factor in FACTORS if factor in layer.parameter_names]))
        if not isinstance(name, str) or name not in self._parameters:
            part = f"; for a part of the family give isel({next(iter(self.axes), 'axis')}=…)" if not isinstance(name, str) else ""
            raise ValueError(f"a family was asked for [{shown(name)}]; it has {', '.join(self._parameters)}{part}")
        found = self._parameters[name]
        return numbered(name, found.array() if isinstance(found, Drawn) else found)

    if not TYPE_CHECKING:  # it gives nothing, and type checkers would take it for a sign that every name is there

        def __getattr__(self, name: str) -> Any:
            known = self.__dict__.get("_parameters", {})
            numbered = [own for own in known if own == name or own.removesuffix(layer_number(own)) == name]
            hint = f"; the parameter is net[{numbered[0]!r}], and net.parameters has all of them" if numbered else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}", name=name, obj=self)

    def __dir__(self) -> list[str]:
        return sorted({*self._PUBLIC, *self.options, *dir(object)})

    def source(self, name: str) -> Any:
        """A parameter as it is kept: an array, or `Drawn` when it is needed."""
        return self._parameters[name]

    @property
    def templates(self) -> dict[str, xr.DataArray]:
        """The parameters' dimensions and coordinates; the numbers of drawn ones are not there."""
        return {name: self.template(name) for name in self._parameters}

    def template(self, name: str) -> xr.DataArray:
        """A parameter's dimensions and coordinates."""
        kept = self._parameters[name]
        return kept.template if isinstance(kept, Drawn) else kept

    @property
    def hashed(self) -> dict[str, xr.DataArray]:
        """What decides all numbers that a network gives, but for its kind."""
        return self.hashed_numbers | self.hashed_functions

    @property
    def hashed_numbers(self) -> dict[str, xr.DataArray]:
        """The parameters, or the laws, sizes, seeds and gains of drawn ones."""
        found: dict[str, xr.DataArray] = {}
        for name, p in self._parameters.items():
            found |= {f"{name} {p.law} {p.sizes} seed": p.seed, f"{name} gain": p.gain} if isinstance(p, Drawn) else {name: p}
        return found

    @property
    def hashed_functions(self) -> dict[str, xr.DataArray]:
        """The hashes of the functions of a user's own."""
        options = {f"{name}{suffix}": option for suffix, layer in self.levels for name, option in layer.options.items()}
        hashes = {name: option.hash for name, option in options.items() if hasattr(option, "hash")}
        hashes |= {f"equation{suffix}": layer.equation_hash for suffix, layer in self.levels if layer.equation_hash}
        return {name: xr.DataArray(text) for name, text in hashes.items()}

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
        """What is no number, by name."""
        return {}

    @property
    def _shown(self) -> tuple[str, str]:
        """The outputs of a readout, and the axes, as they are shown."""
        outputs = self.outputs or 1
        axes = ", ".join(f"{name}: {size}" for name, size in self.axes.items()) or "none"
        return f", {outputs} output{'s' * (outputs != 1)}" if self.readout else "", axes

    @property
    def described(self) -> dict[str, Any]:
        """What kind of network this is, for a result's attributes."""
        return {"cell": type(self).__name__, **{name: str(option) for name, option in self.options.items()}}

    @property
    def parameters(self) -> xr.Dataset:
        """The parameters, each over its own axes; one over an axis of its own name is a coordinate of the Dataset."""
        whole = {name: self[name] for name in self._parameters}
        for name, array in whole.items():
            if name in self._grid.sizes and not (
                array.dims == (name,) and name in self._grid.coords and array.equals(self._grid.coords[name])
            ):
                raise ValueError(f"axis {name!r} has other values than the parameter {name}, so that no Dataset can hold both")
        named = {n: a.assign_attrs({"long_name": meaning(n).long_name, "units": "1"} | a.attrs) for n, a in whole.items()}
        coords = {**self._grid.coords, **{n: a for n, a in named.items() if n in self._grid.sizes}}
        attrs = {name: str(option) for name, option in self.options.items()}
        ds = xr.Dataset({n: a for n, a in named.items() if n not in coords}, coords, attrs)
        return ds.assign_coords({dim: names for dim, names in self.gate_coords.items() if dim in ds.dims})

    @cached_property
    def trainable(self) -> tuple[str, ...]:
        """The parameters that have a gradient."""
        idle = {f"{name}{suffix}" for suffix, layer in self.levels for name in layer.idle_numbers}
        return tuple(name for name in self._parameters if name not in idle)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """All parameters."""
        return tuple(self._parameters)

    def dimensions(self, name: str) -> tuple[str, ...]:
        """A parameter's dimensions behind the axes in its full shape, without its layer's number."""
        return self._dimensions[name]

    def named_dimensions(self, name: str) -> tuple[str, ...]:
        """The same, as users know them."""
        number = layer_number(name)
        return tuple(f"{dim}{number}" if number and dim in NUMBERED else dim for dim in self._dimensions[name])

    def replace(self, **changes: Numbers | Activation) -> Self:
        """Make this family anew with some parameters or options changed.

        Parameters
        ----------
        **changes : array_like or DataArray or str or Activation
            Parameters, and the activation of an Elman network, by name. Those of a stack's layers have the layer's number:
            `w_rec_0`.

        Returns
        -------
        Network
            A family of the same kind. This one stays as it is.

        Raises
        ------
        ValueError
            If a name is unknown, or if a value does not fit.
        TypeError
            If a parameter holds anything but real numbers.

        See Also
        --------
        rnnsim.axis : An axis in the place of a number.

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.Elman(1.0, 0.5).replace(w_rec=rs.axis("w", [0.5, 1.5])).axes
        {'w': 2}
        """
        now = {**self._parameters, **self.options}
        absent = {f"{name}{suffix}" for suffix, layer in self.levels for name in layer.optional}
        unknown = sorted(set(changes) - set(now) - absent)
        if unknown:
            raise ValueError(f"replace was given {unknown[0]!r}; it needs one of {', '.join(now)}")
        return self._rebuild({**now, **{name: self._inward(name, value) for name, value in changes.items()}})

    def started(self, starts: dict[str, xr.DataArray]) -> Self:
        """This family with the starts that a run has led to, over axes and then their own dimensions: `replace` without its checks."""
        made = copy(self)
        made._parameters = {**self._parameters, **{name: self._inward(name, array) for name, array in starts.items()}}
        made._grid = common_grid(made.templates, OWN_DIMENSIONS)
        return made

    def at(self, run: xr.Dataset, epoch: int | np.integer | np.ndarray | xr.DataArray = -1) -> Self:
        """Take the parameters that a training run had at an epoch.

        Parameters
        ----------
        run : Dataset
            A result of `rs.train`.
        epoch : int or DataArray, default -1
            One of `run.epoch`, or an array of them over axes, such as `run.best_epoch`; -1 is the last one.

        Returns
        -------
        Network
            The family with those parameters; its axes are the run's.

        Raises
        ------
        ValueError
            If the run has not recorded the epoch, or lacks a parameter of this family.
        TypeError
            If `run` is no Dataset over epochs, or if `epoch` is no whole number.

        See Also
        --------
        rnnsim.train : Train a family.

        Examples
        --------
        >>> import rnnsim as rs
        >>> net = rs.Elman(0.5, 0.5, activation="linear")
        >>> run = rs.train(net, [1.0, 1.0], 2.0, optimizer=rs.SGD(rs.axis("lr", [0.01, 0.1])), epochs=10)
        >>> net.at(run, epoch=5)
        <rnnsim.Elman of one unit, activation linear; axes lr: 2>
        """
        if not isinstance(run, xr.Dataset) or not run.sizes.get("epoch"):
            raise TypeError(f"at was given {kind_of(run)}; it needs a Dataset over epochs that rs.train returned")
        if to_array("epoch", epoch).dtype.kind not in "iu":
            raise TypeError(f"at was given the epoch {shown(epoch)}; it needs whole numbers")
        wanted: Any = run.epoch[-1] if np.ndim(epoch) == 0 and int(epoch) == -1 else epoch
        if not np.isin(wanted, run.epoch).all():
            raise ValueError(f"at was given the epoch {shown(epoch)}; it needs recorded ones: {shown(run.epoch.values.tolist())}")
        lacking = [name for name in self._parameters if name not in run.variables]
        if lacking:
            raise ValueError(f"at was given a run without {lacking[0]}; it needs one of this family")
        moved = {name: run[name].sel(epoch=wanted, drop=True) for name in self.trainable}
        changed = {name: array for name, array in moved.items() if not array.equals(self[name])}
        return self.replace(**{name: array.drop_vars(self.gate_coords, errors="ignore") for name, array in changed.items()})

    def _inward(self, name: str, value: Any) -> Any:
        """A parameter as its layer takes it."""
        number = layer_number(name)
        if not (number and isinstance(value, xr.DataArray)):
            return value
        return value.rename({f"{dim}{number}": dim for dim in NUMBERED if f"{dim}{number}" in value.dims})

    def isel(self, indexers: Mapping[str, Numbers | slice] | None = None, /, **positions: Numbers | slice) -> Self:
        """Take a part of the family by positions along its axes.

        An axis of which a single position is taken is gone.

        Parameters
        ----------
        indexers : mapping of str to positions, optional
            Axes and positions in the place of keywords, or beside them.
        **positions : int or sequence of int or slice
            One position of an axis, several, or a slice. Negative ones count from the end.

        Returns
        -------
        Network
            The part, a family of the same kind.

        Raises
        ------
        ValueError
            If a name is no axis, or if a position is not on it.
        TypeError
            If `indexers` is no mapping.

        See Also
        --------
        rnnsim.axis : Make an axis.

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.0, 1.5])).isel(w_rec=slice(2)).axes
        {'w_rec': 2}
        """
        positions = self._checked_axes("isel", indexers, positions)
        chosen = {name: places(name, self._grid.sizes[name], given) for name, given in positions.items()}
        return self._rebuild({**{name: self._part(name, chosen) for name in self._parameters}, **self.options})

    def sel(
        self,
        indexers: Mapping[str, Any] | None = None,
        /,
        *,
        method: Method | None = None,
        tolerance: Real | None = None,
        **values: Any,
    ) -> Self:
        """Take a part of the family by values of its axes.

        An axis of which a single value is taken is gone.

        Parameters
        ----------
        indexers : mapping of str to values, optional
            Axes and values in the place of keywords, or beside them.
        method : {None, "nearest", "ffill", "bfill"}
            None takes exactly these values. "nearest" takes the nearest one on the axis, "ffill" the last one before and "bfill"
            the first one behind, as xarray does.
        tolerance : float or None
            How far away that one may be; None is any distance.
        **values : object or sequence of object or slice
            One value of an axis, several, or a slice from one to another.

        Returns
        -------
        Network
            The part, a family of the same kind.

        Raises
        ------
        ValueError
            If a name is no axis, if a value is not on it, or if `tolerance` is given without `method`.
        TypeError
            If `indexers` is no mapping.

        See Also
        --------
        rnnsim.axis : Make an axis.

        Examples
        --------
        >>> import rnnsim as rs
        >>> net = rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.0, 1.5]))
        >>> float(net.sel(w_rec=1.3, method="nearest")["w_rec"])
        1.5
        """
        values = self._checked_axes("sel", indexers, values)
        if method is not None:
            check_choice("method", method, METHODS)
        tolerance = number_or_none("tolerance", tolerance, least=0.0)
        if tolerance is not None and method is None:
            raise ValueError(f"tolerance was given as {tolerance:g} without method; it needs one of {', '.join(METHODS)} beside it")
        inexact = {} if method is None else {"method": method, "tolerance": tolerance}
        return self.isel(**{name: self._places_of(name, given, inexact) for name, given in values.items()})

    def _checked_axes(self, how: str, indexers: Any, named: dict[str, Any]) -> dict[str, Any]:
        """All that was given for axes, by their names."""
        if not isinstance(indexers, Mapping | None):
            raise TypeError(f"{how} was given {shown(indexers)}; it needs axes by name, such as {next(iter(self.axes), 'axis')}=0")
        given = {**(indexers or {}), **named}
        for name in given:
            if name not in self._grid.sizes:
                raise ValueError(f"{how} was given {shown(name)}; the family's axes are {', '.join(self._grid.sizes) or 'none'}")
        return given

    def _places_of(self, name: str, given: Any, inexact: dict[str, Any]) -> Any:
        """The positions of values of an axis."""
        coords = {name: self._grid.coords[name]} if name in self._grid.coords else {}
        positions = xr.DataArray(np.arange(self._grid.sizes[name]), coords, (name,))
        wanted = given.values if isinstance(given, xr.DataArray) else given
        try:
            if np.iscomplexobj(wanted):
                raise TypeError
            return positions.sel({name: wanted}, **inexact).values
        except Exception:  # whatever other packages say of what is no value
            have = shown(self._grid.coords[name].values.tolist()) if coords else f"{self._grid.sizes[name]} places without values"
            how = "values that are there" if inexact else "values that are there, or method='nearest'"
            raise ValueError(
                f"sel was given {name}={shown(given)}, which is not on the axes ({name} has {have}); it needs {how}"
            ) from None

    def _part(self, name: str, chosen: dict[str, Any]) -> Any:
        """A parameter at positions of axes, with the axes' coordinates."""
        kept = self._parameters[name]
        mine = {dim: place for dim, place in chosen.items() if dim in kept.dims}
        if isinstance(kept, Drawn):
            return kept.isel(mine)
        return kept.assign_coords({dim: c for dim, c in self._grid.coords.items() if dim in kept.dims}).isel(mine, drop=True)


def places(name: str, size: int, given: Any) -> Any:
    """Positions along an axis, as arrays take them."""
    wanted = given.values if isinstance(given, xr.DataArray) else list(given) if isinstance(given, tuple) else given
    try:
        if isinstance(wanted, slice):
            return slice(*wanted.indices(size)) if wanted.step is None or wanted.step > 0 else np.arange(size)[wanted]
        found = np.arange(size)[wanted]
    except Exception:  # whatever other packages say of what is no position
        found = None
    if found is None or found.ndim > 1:
        raise ValueError(
            f"isel was given {name}={shown(given)}, which is not on the axes ({name} has {size} values); it needs positions of them"
        )
    return found
