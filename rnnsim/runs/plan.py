"""What a call of a verb returns, planned before any of it is computed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from inspect import isfunction, signature
from math import prod
from typing import Any, ParamSpec

import numpy as np
import xarray as xr

from rnnsim.families.axes import Grid
from rnnsim.families.network import Network
from rnnsim.families.result_variables import meaning
from rnnsim.runs.provenance import attributes

P = ParamSpec("P")
CONSTRUCT: Any = getattr(xr.Dataset, "_construct_direct", None)  # xarray's own, in the versions that have it
Sizes = Mapping[str, int | None]


@dataclass(frozen=True)
class Field:
    """A variable of a result; a size is None if only computing tells it."""

    dims: tuple[str, ...]
    shape: tuple[Any, ...]
    dtype: np.dtype
    attrs: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, dims: Iterable[str], sizes: Sizes, dtype: Any = np.float64, **attrs: Any) -> "Field":
        """A variable of the package's own, over dimensions of these sizes."""
        dims, long_name = tuple(dims), attrs.get("long_name") or meaning(name).long_name
        return cls(dims, tuple(sizes[dim] for dim in dims), np.dtype(dtype), {"long_name": long_name, "units": "1", **attrs})

    @classmethod
    def over(cls, axes: Iterable[str], name: str, sizes: Sizes, dtype: Any = np.float64, **attrs: Any) -> "Field":
        """A variable of the package's own, over axes and then those of its dimensions that have a size."""
        return cls.of(name, (*axes, *(dim for dim in meaning(name).dims if dim in sizes)), sizes, dtype, **attrs)

    @property
    def nbytes(self) -> int:
        """How many bytes its numbers take."""
        size: int = prod(self.shape) * self.dtype.itemsize
        return size


def flags(meanings: Iterable[str]) -> dict[str, Any]:
    """The attributes of a variable whose numbers 0, 1, … have meanings."""
    words = tuple(meanings)
    return {"flag_values": np.arange(len(words), dtype=np.int8), "flag_meanings": " ".join(words)}


def coordinate(dim: str, values: Any, long_name: str | None = None) -> tuple[str, Any, dict[str, str]]:
    """A coordinate of a dimension that is no axis."""
    return dim, values, {"long_name": long_name or dim, "units": "1"}


@dataclass(frozen=True)
class Plan:
    """The result of a call that is checked: its axes, variables and coordinates, what it is made of, and how its arrays are computed.

    `arrays` returns those of all fields, over (point, …) or in the shapes of the fields. `given` are the arrays to hash, and `options` all
    other arguments. Blocks of a sweep do not cut the axes `whole`, since numbers depend on all their values.
    """

    verb: str
    net: Network
    grid: Grid
    fields: dict[str, Field]
    coords: dict[str, Any]
    given: Mapping[str, xr.DataArray]
    options: Mapping[str, Any]
    arrays: Callable[[], Mapping[str, np.ndarray]]
    whole: frozenset[str] = frozenset()

    @cached_property
    def attrs(self) -> dict[str, str]:
        """The attributes of the result."""
        return attributes(self.verb, self.net, self.given, self.options)

    @cached_property
    def used_coords(self) -> dict[str, Any]:
        """The coordinates of dimensions that the fields have."""
        used = {dim for one in self.fields.values() for dim in one.dims}
        return {name: coord for name, coord in {**self.grid.coords, **self.coords}.items() if name in used}

    def result(self) -> xr.Dataset:
        """The result, computed."""
        attrs = self.attrs
        found = self.compute()
        found.attrs = attrs | found.attrs
        return found

    def compute(self) -> xr.Dataset:
        """The result without attributes, save those that computing changes."""
        return self.named(self.arrays())

    def named(self, arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
        """Arrays of all fields under their names."""
        fields = self.fields.items()
        return assembled(
            {name: xr.Variable(one.dims, shaped(arrays[name], one), dict(one.attrs)) for name, one in fields}, self.used_coords
        )


def shaped(values: np.ndarray, one: Field) -> np.ndarray:
    """An array in the shape of its field, where that is known."""
    return values if None in one.shape else values.reshape(one.shape)


def assembled(variables: dict[str, xr.Variable], coords: Mapping[str, Any]) -> xr.Dataset:
    """A Dataset of variables that are known to fit together. To look whether they do takes xarray as long as to run a small network."""
    if CONSTRUCT is None or any(dim in variables for variable in variables.values() for dim in variable.dims):
        return xr.Dataset(variables, coords)
    with_index = {name: coord for name, coord in coords.items() if isinstance(coord, xr.DataArray) and name in coord.xindexes}
    known: Any = xr.Coordinates({name: coord for name, coord in coords.items() if name not in with_index})
    of_coords = {name: coord.variable.copy(deep=False) for name, coord in with_index.items()} | dict(known.variables)
    indexes = {name: coord.xindexes[name] for name, coord in with_index.items()} | dict(known.xindexes)
    found: xr.Dataset = CONSTRUCT({**variables, **of_coords}, set(of_coords), None, {}, indexes)
    return found


_plans: dict[Any, Callable[..., Plan]] = {}


def planned(plan: Callable[P, Plan]) -> Callable[P, xr.Dataset]:
    """Make a verb of the function that plans its result."""

    @wraps(plan)
    def verb(*args: P.args, **options: P.kwargs) -> xr.Dataset:
        return plan(*args, **options).result()

    verb.__annotations__ = {**plan.__annotations__, "return": "xr.Dataset"}
    verb.__signature__ = signature(plan).replace(return_annotation="xr.Dataset")  # type: ignore[attr-defined]
    _plans[verb] = plan
    return verb


def plan_of(verb: Any) -> Callable[..., Plan] | None:
    """The function that plans the results of a verb, if it is one of the package's own."""
    return _plans.get(verb) if isfunction(verb) else None
