"""The parameters of random families: which of them are drawn, and from which law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Real
from rnnsim.checks.arguments import whole
from rnnsim.checks.showing import shown
from rnnsim.families.parameters import parameter
from rnnsim.families.random import initializers
from rnnsim.families.random.lazy_parameters import Drawn


def drawn_parameters(
    dimensions: Mapping[str, tuple[str, ...]],
    sizes: Mapping[str, Any],
    seed: Any,
    gain: Any,
    init: str,
    density: Real,
    excitatory: Real,
    stability: Real,
    laws: Mapping[str, Any],
) -> dict[str, Any]:
    """The weights, drawn by `init`, and biases and starts as `laws` says: drawn where it names a law, else the numbers given."""
    units, inputs = whole("units", sizes["unit"]), whole("inputs", sizes["input"])
    initializers.check_init(init)
    share = initializers.share_of(init, units, density, excitatory, stability)
    seeds, gains, one = initializers.seeds_of(seed), parameter("gain", gain, (), whose="it"), xr.DataArray(1.0)
    sizes = {**sizes, "unit": units, "unit_from": units, "input": inputs}

    def gates_of(name: str) -> int:
        return prod(sizes[dim] for dim in dimensions[name] if dim.startswith("gate"))

    def drawn(name: str, law: str, factor: xr.DataArray, draw: Callable[[np.ndarray], np.ndarray]) -> Drawn:
        own = {dim: sizes[dim] for dim in dimensions[name]}
        return Drawn(name, law, seeds, factor, own, partial(shaped, draw, tuple(own.values())))

    def by_law(name: str, law: Any) -> Any:
        if not isinstance(law, str):
            return law
        if name.startswith("bias"):
            gates = gates_of(name)
            initializers.biases(law, np.zeros(0, np.int64), gates, units, name)  # refuses an unknown law
            return drawn(name, law, one, partial(initializers.biases, law, gates=gates, units=units, name=name))
        if law != "gaussian":
            raise ValueError(f"{name} was given as {shown(law)}; it needs numbers or 'gaussian'")
        return drawn(name, law, one, partial(initializers.start, units=units, name=name))

    def w_in() -> Drawn:
        return drawn("w_in", init, one, partial(initializers.inputs, init, gates=gates_of("w_in"), units=units, features=inputs))

    def w_rec() -> Drawn:
        told: dict[str, Any] = {"density": density, "excitatory": excitatory, "stability": stability}
        draw = partial(initializers.recurrent, init, gates=gates_of("w_rec"), units=units, **told)
        return drawn("w_rec", f"{init} {share}", gains, draw)

    weights = {name: draw() for name, draw in (("w_in", w_in), ("w_rec", w_rec)) if name in dimensions}
    return weights | {name: by_law(name, law) for name, law in laws.items()}


def shaped(draw: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...], seeds: np.ndarray) -> np.ndarray:
    """What is drawn for each seed, in the shape of the parameter."""
    return draw(seeds).reshape(len(seeds), *shape)
