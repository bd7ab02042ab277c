"""A run of a family, checked before anything is computed, and the dimensions and sizes of its results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import plain_text
from rnnsim.checks.inputs_and_targets import Sequences, check_inputs, check_targets, parted, refuse
from rnnsim.checks.showing import kind_of, shown
from rnnsim.checks.weights import check_weight, weighed
from rnnsim.families.axes import Grid, common_coordinate, common_grid
from rnnsim.families.network import Network
from rnnsim.families.parameters import OWN_DIMENSIONS
from rnnsim.families.result_variables import DIVERGED_AT, meaning
from rnnsim.runs.noise import check_noise_seed, noise_keys
from rnnsim.runs.penalties import Penalties, check_penalty, of_states, penalties_given

DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Run:
    """A family with its inputs, and targets if there are any."""

    net: Network
    inputs: Sequences
    targets: Sequences | None
    grid: Grid
    samples: int | None
    steps: int
    dtype: str
    sample: xr.DataArray | None = None
    penalties: Penalties = field(default_factory=dict)
    weight: Sequences | None = None
    noise_seed: xr.DataArray | None = None
    validation: bool = False

    @property
    def given(self) -> dict[str, xr.DataArray]:
        """What the user gave beside the family, by name."""
        sequences = {"inputs": self.inputs.array} | ({"targets": self.targets.array} if self.targets else {})
        weight = {"weight": self.weight.array} if self.weight else {}
        seed = {"noise_seed": self.noise_seed} if self.noise_seed is not None and self.noise_seed.ndim else {}
        return sequences | weight | penalties_given(self.penalties) | seed

    @property
    def noise_options(self) -> dict[str, Any]:
        """The seed of the noise as attributes show it, if there is noise in the network."""
        if not self.net.noisy_layers:
            return {}
        return {"noise_seed": None if self.noise_seed is None else self.noise_seed.values.tolist()}

    @cached_property
    def noise_keys(self) -> dict[int, xr.DataArray]:
        """The keys of the noise, by layer."""
        return noise_keys(self.net, self.noise_seed, self.validation)

    @cached_property
    def penalised_states(self) -> dict[int, xr.DataArray]:
        """The weights of the penalties of states, by layer."""
        return of_states(self.net, self.penalties)

    @property
    def targeted(self) -> int:
        """How many of the last steps have targets."""
        return self.targets.array.sizes["step"] if self.targets else 0

    @property
    def own_starts(self) -> bool:
        """Whether every sample has a start of its own."""
        return any("sample" in self.net.template(name).dims for name in self.net.starts)

    @property
    def own_sequences(self) -> bool:
        """Whether points read inputs or targets of their own."""
        return bool(self.inputs.axes or (self.targets and self.targets.axes))

    @property
    def sample_coords(self) -> dict[str, xr.DataArray]:
        """The coordinate of the samples, if they have one."""
        return {} if self.sample is None else {"sample": self.sample}

    @cached_property
    def own_sizes(self) -> dict[str, int]:
        """The sizes of the dimensions that results have behind the axes."""
        samples = {} if self.samples is None else {"sample": self.samples}
        return {**samples, "step": self.steps + 1, **self.net.own_sizes}

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes that `shape_of` has told."""
        return {}

    def numbers_of(self, names: Iterable[str]) -> int:
        """How many numbers some results have, over all points."""
        return self.grid.points * sum(prod(self.shape_of(name)) for name in names)

    @cached_property
    def _dims(self) -> dict[str, tuple[str, ...]]:
        """The dimensions that `dims_of` has told."""
        return {}

    def dims_of(self, name: str) -> tuple[str, ...]:
        """The dimensions of a result behind the axes."""
        if name not in self._dims:
            self._dims[name] = self._found_dims(name)
        return self._dims[name]

    def _found_dims(self, name: str) -> tuple[str, ...]:
        parameter = name.removeprefix("grad_")
        if name != parameter and parameter in self.net.trainable:
            by_sample = "sample" in self.net.template(parameter).dims
            return *(("sample",) if by_sample else ()), *self.net.named_dimensions(parameter)
        return tuple(dim for dim in meaning(name).dims if dim in self.own_sizes)

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a result behind the axes."""
        if name not in self._shapes:
            self._shapes[name] = tuple(self.own_sizes[dim] for dim in self.dims_of(name))
        return self._shapes[name]


def check_network(net: Any) -> Network:
    if not isinstance(net, Network):
        raise TypeError(f"net was given {kind_of(net)}; it needs a family of networks, such as rs.Elman(…)")
    return net


def check_dtype(dtype: Any) -> str:
    try:
        name = (
            np.dtype(plain_text(dtype) if isinstance(dtype, str) else dtype).name
            if isinstance(dtype, str | type | np.dtype)
            else ""
        )
    except (TypeError, UnicodeError):
        name = ""
    if name not in DTYPES:
        raise ValueError(f"dtype was given as {shown(dtype)}; it needs one of {', '.join(DTYPES)}")
    return name


def tokens_of(net: Network) -> int | None:
    """How many tokens the inputs of a network are numbers of, if they are."""
    return None if net.table is None else net.table.sizes["token"]


def check_inputs_of(net: Network, inputs: Any) -> Sequences:
    """The inputs of a network over (step) or (sample, step), as its sizes ask for them."""
    return check_inputs(inputs, None if net.scalar else net.inputs, tokens_of(net))


def check_samples(net: Network, inputs: Sequences) -> int | None:
    """How many samples inputs and starts have; None if there are none."""
    samples, giver = inputs.array.sizes.get("sample"), "inputs"
    for name in net.starts:
        own = net.template(name).sizes.get("sample")
        if own is not None and samples not in (None, own):
            raise ValueError(f"{name} has {own} samples, but {giver} has {samples}; they need the same number")
        samples, giver = (own, name) if samples is None else (samples, giver)
    return samples


def check_range(given: Mapping[str, xr.DataArray], dtype: str, tokens: int | None) -> None:
    """Refuse numbers that are too large for a precision."""
    for name, array in given.items() if dtype != "float64" else ():
        if name == "inputs" and tokens is not None:
            continue
        with np.errstate(over="ignore"):
            refuse(name, array, np.isinf(array.values.astype(dtype)), f"too large for {dtype}", "smaller numbers")


def check_weighed(targets: Sequences | None, weight: Sequences | None) -> None:
    """Refuse weights that leave a point without any target."""
    if targets and weight and (weighed(targets, weight) == 0.0).any():
        raise ValueError("weight is 0 for every target of a point; it needs one above 0 at least")


def check_sequences(
    net: Network, inputs: Any, targets: Any, weight: Any, dtype: str, classes: bool
) -> tuple[Sequences, Sequences, Sequences | None]:
    """Inputs, targets and perhaps weights that take the place of others in a run."""
    sequence = check_inputs_of(net, inputs)
    steps = sequence.array.sizes["step"]
    aims = check_targets(targets, check_samples(net, sequence), steps, net.outputs, classes)
    weights = None if weight is None else check_weight(weight, aims, steps)
    given = {"inputs": sequence, "targets": aims} | ({} if weights is None else {"weight": weights})
    check_range({name: part.array for name, part in given.items()}, dtype, tokens_of(net))
    check_weighed(aims, weights)
    return sequence, aims, weights


def prepare(
    net: Network,
    inputs: Any,
    targets: Any,
    names: Iterable[str],
    dtype: Any,
    *,
    with_targets: bool,
    classes: bool = False,
    penalty: Any = None,
    weight: Any = None,
    noise_seed: Any = None,
    validation: bool = False,
) -> Run:
    """Check everything about a run before any of it is computed; `names` are the variables it will return, and targets are whole numbers
    if they are `classes`."""
    dtype = check_dtype(dtype)
    inputs, targets, weight = parted(inputs, targets, with_targets, weight)
    sequence = check_inputs_of(net, inputs)
    samples, steps = check_samples(net, sequence), sequence.array.sizes["step"]
    aims = check_targets(targets, samples, steps, net.outputs, classes) if with_targets else None
    weights = check_weight(weight, aims, steps) if aims and weight is not None else None
    run = Run(
        net,
        sequence,
        aims,
        net.grid,
        samples,
        steps,
        dtype,
        penalties=check_penalty(net, penalty),
        weight=weights,
        noise_seed=check_noise_seed(net, noise_seed),
        validation=validation,
    )
    named = net.templates | run.given
    check_range(run.given, dtype, tokens_of(net))
    common_coordinate(run.given, "step")
    grid = common_grid(named, (*OWN_DIMENSIONS, "step"), (*names, DIVERGED_AT))
    check_weighed(aims, weights)
    starts = {name: net.template(name) for name in net.starts}
    return replace(run, grid=grid, sample=common_coordinate(run.given | starts, "sample"))
