"""Inputs and targets: what a user gives, checked and laid out as kernels read it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.axes import check_dims, to_array


def real_array(name: str, value: Any, layouts: dict[int, tuple[str, ...]]) -> xr.DataArray:
    """Numbers with named dimensions: a DataArray as it is, anything else by its rank, which must be one of `layouts`."""
    if isinstance(value, str | bytes | dict | set) or value is None:
        raise TypeError(f"{name} was given a {type(value).__name__}; it needs an array of real numbers")
    if isinstance(value, xr.DataArray):
        array = value
        check_dims(name, array)
    else:
        numbers = to_array(name, value)
        if numbers.ndim not in layouts:
            needed = " or ".join(f"({', '.join(dims)})" for dims in layouts.values())
            raise ValueError(f"{name} was given an array of shape {numbers.shape}; a scalar network needs {needed}")
        array = xr.DataArray(numbers, dims=layouts[numbers.ndim])
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} was given values of type {array.dtype}; it needs real numbers")
    for dim in ("input", "output", "unit"):
        if dim in array.dims:
            raise ValueError(f"{name} was given a dimension {dim!r}; a scalar network has no such dimension")
    for dim in ("sample", "step"):
        if array.sizes.get(dim) == 0:
            raise ValueError(f"{name} was given no {dim}s; it needs at least one")
    return array.astype(np.float64)


def refuse(name: str, array: xr.DataArray, bad: np.ndarray, what: str, needed: str) -> None:
    """Say where the first bad number stands, if there is one."""
    if bad.any():
        position = np.unravel_index(int(bad.argmax()), bad.shape)
        where = ", ".join(f"{dim} {i}" for dim, i in zip(array.dims, position, strict=True))
        raise ValueError(f"{name} is {what}{' at ' * bool(where)}{where}; it needs {needed}")


@dataclass(frozen=True)
class Sequences:
    """Numbers over (axes…, sample, step), contiguous; without samples, one serves for all."""

    array: xr.DataArray
    axes: tuple[str, ...]
    has_sample: bool

    @property
    def values(self) -> np.ndarray:
        return self.array.values

    @property
    def by_sample(self) -> int:
        """Numbers from one sample to the next."""
        return self.values.shape[-1] if self.has_sample else 0

    @property
    def unit(self) -> int:
        """Numbers from one point to the next."""
        return self.values.shape[-1] * (self.values.shape[-2] if self.has_sample else 1)


def sequences(array: xr.DataArray) -> Sequences:
    """Put the dimensions in order: axes, sample, step."""
    has_sample = "sample" in array.dims
    axes = tuple(str(dim) for dim in array.dims if dim not in ("sample", "step"))
    ordered = array.transpose(*axes, *(["sample"] if has_sample else []), "step")
    return Sequences(ordered.copy(data=np.ascontiguousarray(ordered.values)), axes, has_sample)


def check_inputs(inputs: Any) -> Sequences:
    """Inputs over (step) or (sample, step), and any axes."""
    array = real_array("inputs", inputs, {1: ("step",), 2: ("sample", "step")})
    if "step" not in array.dims:
        raise ValueError(f"inputs was given the dimensions {array.dims}; it needs 'step' among them")
    values = array.values
    if not np.isfinite(values).all():
        refuse("inputs", array, np.isnan(values), "nan", "finite numbers")
        refuse("inputs", array, np.isinf(values), "infinite", "finite numbers")
    return sequences(array)


def check_targets(targets: Any, samples: int | None, steps: int) -> Sequences:
    """Targets over () or (step), with `sample` if the run has samples, and any axes; nan where none is given."""
    sample = () if samples is None else ("sample",)
    array = real_array("targets", targets, {len(sample): sample, len(sample) + 1: (*sample, "step")})
    run = f"{'one run' if samples is None else f'{samples} samples'} of {steps} steps"
    sizes = () if samples is None else (samples,)
    if ("sample" in array.dims) != bool(sample) or array.sizes.get("sample") != samples or array.sizes.get("step", steps) != steps:
        own = tuple(array.sizes[d] for d in ("sample", "step") if d in array.dims)
        raise ValueError(
            f"targets has shape {own}, but the inputs are {run}; it needs {sizes} for the last step or {(*sizes, steps)} for every one"
        )
    refuse("targets", array, np.isinf(array.values), "infinite", "finite numbers, or nan for steps that do not count")
    own_axes = [array.dims.index(d) for d in ("sample", "step") if d in array.dims]
    uncounted = np.isnan(array.values).all(axis=tuple(own_axes))
    if uncounted.any():
        raise ValueError("targets is nan for every sample and step of a point; it needs at least one number")
    return sequences(array if "step" in array.dims else array.expand_dims(step=1))
