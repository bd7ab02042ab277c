"""Bounds of trained parameters: what users give, checked, and as kernels read them."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import as_real, check_dims, names, to_array
from rnnsim.checks.showing import kind_of
from rnnsim.families.axes import check_axis_name
from rnnsim.families.network import Network
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.kernels.training.epochs import Bounds
from rnnsim.runs.run import Run
from rnnsim.verbs.training.training_run import TrainingRun, spread

ENDS = {"low": -np.inf, "high": np.inf}


def check_bounds(run: Run, bounds: Any, trained: tuple[str, ...]) -> dict[str, dict[str, xr.DataArray]]:
    """The lower and the upper bound of each parameter that has some, over axes and some of the parameter's own dimensions."""
    if bounds is None:
        return {}
    if not isinstance(bounds, Mapping):
        raise TypeError(f"bounds was given {kind_of(bounds)}; it needs a dict such as {{'w_rec': (0.0, None)}}")
    names("bounds", tuple(bounds), trained, none=True, more=", which are the parameters that move")
    return {name: ends_of(run, name, pair) for name, pair in bounds.items()}


def ends_of(run: Run, name: str, pair: Any) -> dict[str, xr.DataArray]:
    """The lower and the upper bound of a parameter."""
    if not (isinstance(pair, tuple | list) and len(pair) == 2):
        raise TypeError(f"bounds was given {kind_of(pair)} for {name}; it needs a pair (low, high), each of which may be None")
    return {end: one_end(run, f"bounds of {name}, {end},", name, value, end) for end, value in zip(ENDS, pair, strict=True)}


def one_end(run: Run, title: str, name: str, value: Any, end: str) -> xr.DataArray:
    """One bound of a parameter; infinite if it is None."""
    own = dict(zip(run.net.dimensions(name), run.shape_of(f"grad_{name}"), strict=True))
    alone = ENDS[end] if value is None else as_real(value)
    if alone is not None:
        array = xr.DataArray(np.float64(alone))
    elif isinstance(value, xr.DataArray):
        array = inward(run.net, title, name, value, own)
    else:
        numbers = to_array(title, value)
        if numbers.shape != tuple(own.values()):
            raise ValueError(f"{title} was given an array of shape {numbers.shape}; it needs {tuple(own.values())}, or a number")
        array = xr.DataArray(numbers, dims=tuple(own))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{title} was given values of type {array.dtype}; it needs real numbers")
    if np.isnan(array.values).any():
        raise ValueError(f"{title} was given nan; it needs numbers, and infinite ones or None where there is no bound")
    return array.astype(np.float64)


def inward(net: Network, title: str, name: str, array: xr.DataArray, own: dict[str, int]) -> xr.DataArray:
    """An array over axes and some dimensions of a parameter, these by the names that the layer has for them, or with its number."""
    check_dims(title, array)
    named = dict(zip(net.named_dimensions(name), net.dimensions(name), strict=True))
    outside = {dim: dim for dim in own} | named
    for dim in array.dims:
        if dim not in outside:
            check_axis_name(dim)
        elif array.sizes[dim] != own[outside[str(dim)]]:
            raise ValueError(f"{title} has {array.sizes[dim]} {dim}s, but {name} has {own[outside[str(dim)]]}")
    for there, here in named.items():
        for dim in {there, here} & set(array.coords) if here.startswith("gate") else ():
            if array.coords[dim].values.tolist() != net.gate_coords[there][1]:
                raise ValueError(
                    f"{title} was given gates {array.coords[dim].values.tolist()}; it needs {net.gate_coords[there][1]}"
                )
    found = array.drop_vars([coord for coord in array.coords if coord in outside or coord not in array.dims])
    return found.rename({there: here for there, here in outside.items() if there in array.dims})


def bounds_given(bounds: Mapping[str, Mapping[str, xr.DataArray]]) -> dict[str, xr.DataArray]:
    """All bounds that are arrays, by name."""
    return {f"bounds_{name}_{end}": array for name, ends in bounds.items() for end, array in ends.items() if array.ndim}


def bounds_shown(bounds: Mapping[str, Mapping[str, xr.DataArray]]) -> dict[str, list[Any]]:
    """All bounds as attributes show them: numbers, None for none, and the sizes of arrays."""
    return {name: [shown_end(array) for array in ends.values()] for name, ends in bounds.items()}


def shown_end(array: xr.DataArray) -> Any:
    """A bound as attributes show it."""
    if array.ndim:
        return f"<{', '.join(f'{dim}: {size}' for dim, size in array.sizes.items())}>"
    return array.item() if np.isfinite(array.item()) else None


def pinned(training: TrainingRun, name: str) -> bool:
    """Whether bounds pin entries of a parameter."""
    ends = training.bounds.get(name)
    return ends is not None and bool((ends["low"] == ends["high"]).any())


def check_order(bounds: Mapping[str, Mapping[str, xr.DataArray]]) -> None:
    """Refuse bounds of which the lower is above the upper at some place."""
    for name, ends in bounds.items():
        low, high = plain(ends["low"], ends["high"])
        wrong = (low > high) | (low == np.inf) | (high == -np.inf)
        if wrong.any():
            raise ValueError(
                f"bounds of {name} was given low above high{place_of(wrong)}; it needs (low, high) of which the lower comes first"
            )


def check_starts(training: TrainingRun, starts: Mapping[str, Any]) -> None:
    """Refuse parameters that do not start within their bounds."""
    for name, ends in training.bounds.items():
        if name in starts:
            start, low, high = plain(
                starts[name].astype(training.run.dtype), *(end.astype(training.run.dtype) for end in ends.values())
            )
            outside = (start < low) | (start > high)
            if outside.any():
                at = first_place(outside)
                bad, least, most = (
                    array.isel({dim: i for dim, i in at.items() if dim in array.dims}).item() for array in (start, low, high)
                )
                raise ValueError(
                    f"{name} starts at {bad:g}{place_of(outside)}, outside of its bounds [{least:g}, {most:g}]; "
                    f"it needs a start within them, such as net.replace({name}=net[{name!r}].clip(low, high))"
                )


def starts_of(training: TrainingRun, drawn: bool) -> dict[str, xr.DataArray]:
    """The parameters with bounds that are drawn, or those that are not."""
    kept = {name: training.run.net.source(name) for name in training.bounds}
    return {name: one.array() if drawn else one for name, one in kept.items() if isinstance(one, Drawn) == drawn}


def last_of(training: TrainingRun, resume: xr.Dataset) -> dict[str, xr.DataArray]:
    """The parameters with bounds as a run left them that is gone on from."""
    net, found = training.run.net, {}
    for name in training.bounds:
        if name in resume and "epoch" in resume[name].dims:
            own = dict(zip(net.dimensions(name), training.shapes[name], strict=True))
            found[name] = inward(net, f"{name} of resume", name, resume[name].isel(epoch=-1, drop=True), own)
    return found


def plain(*arrays: xr.DataArray) -> tuple[xr.DataArray, ...]:
    """Arrays without coordinates, which are known to fit."""
    return tuple(array.drop_vars(array.coords) for array in arrays)


def first_place(wrong: xr.DataArray) -> dict[Any, int]:
    """Where the first of some flags is set, by dimension."""
    return dict(zip(wrong.dims, map(int, np.argwhere(wrong.values)[0]), strict=True))


def place_of(wrong: xr.DataArray) -> str:
    """Where the first of some flags is set, for a message."""
    where = ", ".join(f"{dim} {i}" for dim, i in first_place(wrong).items())
    return f" at {where}" if where else ""


def bounds_of(training: TrainingRun) -> Bounds:
    """The bounds of all numbers that move, once or for every point, in the precision of the run."""
    dtype, given = np.dtype(training.run.dtype), bounds_given(training.bounds).values()
    own_axes = any(dim in training.grid.sizes for array in given for dim in array.dims)
    axes = training.grid.sizes if own_axes else {}
    rows = prod(axes.values()) if training.bounds else 0
    found = {end: np.full((rows, training.size), number, dtype) for end, number in ENDS.items()}
    for name, ends in training.bounds.items():
        own = dict(zip(training.run.net.dimensions(name), training.shapes[name], strict=True))
        for end, array in ends.items():
            with np.errstate(over="ignore"):
                found[end][:, training.slices[name]] = spread(array, axes | own).reshape(rows, -1)
    places = np.arange(training.grid.points, dtype=np.int64) * training.size * own_axes
    return Bounds(found["low"].reshape(-1), found["high"].reshape(-1), places)
