"""Inputs and targets: what a user gives, checked and laid out as kernels read it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import check_dims, to_array
from rnnsim.checks.fresh_trials import refuse_fresh
from rnnsim.checks.showing import kind_of, shown


def real_array(name: str, value: Any, layouts: list[tuple[str, ...]], scalar: bool, hint: str = "") -> xr.DataArray:
    """Numbers with named dimensions: a DataArray as it is, anything else by its rank, which must be that of one of `layouts`; `hint` says
    how else."""
    if isinstance(value, str | bytes | dict | set) or value is None:
        raise TypeError(f"{name} was given {kind_of(value)}; it needs an array of real numbers")
    features = {dim for dims in layouts for dim in dims} & {"input", "output"}
    if isinstance(value, xr.DataArray):
        array = value
        check_dims(name, array)
    else:
        numbers = to_array(name, value)
        fitting = [dims for dims in layouts if len(dims) == numbers.ndim]
        if not fitting:
            needed = " or ".join(f"({', '.join(dims)})" for dims in layouts)
            kind = "scalar network" if scalar else "network of many units"
            raise ValueError(f"{name} was given an array of shape {numbers.shape}; a {kind} needs {needed}{hint}")
        array = xr.DataArray(numbers, dims=fitting[0])
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} was given values of type {array.dtype}; it needs real numbers")
    for dim in ("input", "output", "unit"):
        if dim in array.dims and dim not in features:
            kind = "a scalar network has no such dimension" if scalar else f"it needs {shown(sorted(features)[0])} there"
            raise ValueError(f"{name} was given a dimension {shown(dim)}; {kind}")
    for dim in features:
        if dim not in array.dims:
            raise ValueError(f"{name} was given the dimensions {array.dims}; it needs {shown(dim)} among them")
    for dim in ("sample", "step"):
        if array.sizes.get(dim) == 0:
            raise ValueError(f"{name} was given no {dim}s; it needs at least one")
    return array if array.dtype == np.float64 else array.copy(deep=False, data=array.values.astype(np.float64))


def refuse(name: str, array: xr.DataArray, bad: np.ndarray, what: str, needed: str) -> None:
    """Say where the first bad number stands, if there is one."""
    if bad.any():
        position = np.unravel_index(int(bad.argmax()), bad.shape)
        where = ", ".join(f"{dim} {i}" for dim, i in zip(array.dims, position, strict=True))
        raise ValueError(f"{name} is {what}{' at ' * bool(where)}{where}; it needs {needed}")


OWN = ("sample", "step", "input", "output")


@dataclass(frozen=True)
class Sequences:
    """Numbers over (axes…, sample, step, input or output), contiguous; without samples, one serves for all."""

    array: xr.DataArray
    axes: tuple[str, ...]
    has_sample: bool

    @property
    def values(self) -> np.ndarray:
        return self.array.values

    @property
    def counted(self) -> np.ndarray:
        """How many numbers of each point are not nan."""
        count: np.ndarray = np.isfinite(self.values).sum(axis=tuple(range(len(self.axes), self.values.ndim)))
        return count

    @property
    def by_step(self) -> int:
        """Numbers from one step to the next."""
        return self.array.sizes.get("input", 1) * self.array.sizes.get("output", 1)

    @property
    def by_sample(self) -> int:
        """Numbers from one sample to the next."""
        return self.by_step * self.array.sizes["step"] if self.has_sample else 0

    @property
    def unit(self) -> int:
        """Numbers from one point to the next."""
        return self.by_step * self.array.sizes["step"] * (self.array.sizes["sample"] if self.has_sample else 1)


def sequences(array: xr.DataArray) -> Sequences:
    """Put the dimensions in order: axes, sample, step, input or output."""
    axes = tuple(str(dim) for dim in array.dims if dim not in OWN)
    dims = (*axes, *(dim for dim in OWN if dim in array.dims))
    ordered = array if array.dims == dims else array.transpose(*dims)
    values = np.require(ordered.values, requirements=("C", "A", "W"))
    return Sequences(ordered if values is array.values else ordered.copy(deep=False, data=values), axes, "sample" in array.dims)


def whole_numbers(name: str, value: Any, layouts: list[tuple[str, ...]], most: int, least: int = 0) -> xr.DataArray:
    """Whole numbers from `least` on and below `most`, as floats."""
    array = value if isinstance(value, xr.DataArray) else xr.DataArray(to_array(name, value))
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} was given values of type {array.dtype}; it needs whole numbers")
    array = real_array(name, value, layouts, True)
    outside = (array.values < least) | (array.values >= most)
    if outside.any():
        first = int(array.values[np.unravel_index(int(outside.argmax()), outside.shape)])
        refuse(name, array, outside, str(first), f"whole numbers {least}…{most - 1}")
    return array


def parted(inputs: Any, targets: Any, with_targets: bool, weight: Any = None) -> tuple[Any, Any, Any]:
    """Inputs, targets and their weight, which a task may have all of."""
    refuse_fresh("inputs", inputs)
    if isinstance(inputs, xr.Dataset):
        if "inputs" not in inputs.variables:
            raise TypeError(
                "inputs was given a Dataset without inputs; it needs an array, or a task: a Dataset with inputs and targets"
            )
        if with_targets and targets is None and "targets" in inputs.variables:
            targets = inputs["targets"]
            weight = inputs["weight"] if weight is None and "weight" in inputs.variables else weight
        inputs = inputs["inputs"]
    if with_targets and targets is None:
        raise TypeError("targets was not given; it needs an array, or a task (a Dataset with inputs and targets) instead of inputs")
    return inputs, targets, weight


def check_inputs(inputs: Any, features: int | None, tokens: int | None) -> Sequences:
    """Inputs over (step) or (sample, step), then `input` unless `features` is None or `tokens`, of which they are numbers, is not None."""
    own = () if features is None or tokens is not None else ("input",)
    layouts = [("step", *own), ("sample", "step", *own)]
    scalar = features is None
    hint = ", such as inputs[..., None]" if features == 1 and not isinstance(inputs, xr.DataArray) else ""
    array = (
        real_array("inputs", inputs, layouts, scalar, hint) if tokens is None else whole_numbers("inputs", inputs, layouts, tokens)
    )
    if "step" not in array.dims:
        raise ValueError(f"inputs was given the dimensions {array.dims}; it needs 'step' among them")
    if tokens is not None:
        return sequences(array)
    if features is not None and array.sizes["input"] != features:
        raise ValueError(
            f"inputs has {array.sizes['input']} features, but w_in takes {features}{hint and '; inputs[..., None] has one'}"
        )
    values = array.values
    if not np.isfinite(values).all():
        refuse("inputs", array, np.isnan(values), "nan", "finite numbers")
        refuse("inputs", array, np.isinf(values), "infinite", "finite numbers")
    return sequences(array)


def check_targets(targets: Any, samples: int | None, steps: int, outputs: int | None, classes: bool) -> Sequences:
    """Targets over () or (step), with `sample` if the run has samples, then `output` unless `outputs` is None or they are `classes`, and
    any axes; nan where none is given, which for classes is -1."""
    sample = () if samples is None else ("sample",)
    feature = () if outputs is None or classes else ("output",)
    layouts = [(*sample, *feature), (*sample, "step", *feature)]
    hint = ", such as targets[..., None]" if feature and outputs == 1 and not isinstance(targets, xr.DataArray) else ""
    if classes:
        if outputs is None:
            raise ValueError(
                "loss was given as 'cross_entropy'; it needs a network with units or a readout, and this is a scalar one"
            )
        numbers = whole_numbers("targets", targets, layouts, outputs, -1)
        array, nothing = numbers.where(numbers >= 0), "-1"
    else:
        array, nothing = real_array("targets", targets, layouts, outputs is None, hint), "nan"
    if feature and outputs is not None and array.sizes["output"] != outputs:
        raise ValueError(
            f"targets has {array.sizes['output']} outputs, but the network has {outputs}{hint and '; targets[..., None] has one'}"
        )
    run = f"{'one run' if samples is None else f'{samples} samples'} of {steps} steps"
    sizes = () if samples is None else (samples,)
    last = () if outputs is None or classes else (outputs,)
    if ("sample" in array.dims) != bool(sample) or array.sizes.get("sample") != samples or array.sizes.get("step", steps) != steps:
        own = tuple(array.sizes[d] for d in ("sample", "step", *feature) if d in array.dims)
        needed = f"{(*sizes, *last)} for the last step or {(*sizes, steps, *last)} for every one"
        raise ValueError(f"targets has shape {own}, but the inputs are {run}; it needs {needed}")
    refuse("targets", array, np.isinf(array.values), "infinite", "finite numbers, or nan for steps that do not count")
    own_axes = [array.dims.index(d) for d in OWN if d in array.dims]
    uncounted = np.isnan(array.values).all(axis=tuple(own_axes))
    if uncounted.any():
        raise ValueError(f"targets is {nothing} for every sample and step of a point; it needs at least one number")
    return sequences(array if "step" in array.dims else array.expand_dims(step=1))
