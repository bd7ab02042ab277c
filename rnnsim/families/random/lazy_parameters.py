"""Parameters that are drawn when they are needed: a seed and a gain for each point stand for its matrix."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Drawn:
    """A parameter over the axes of `seed` and `gain`, then over its own dimensions: gain × draw(seed). `law` says which draw."""

    name: str
    law: str
    seed: xr.DataArray
    gain: xr.DataArray
    sizes: dict[str, int]
    draw: Callable[[np.ndarray], np.ndarray]
    template: xr.DataArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        seed, gain = xr.broadcast(self.seed, self.gain)
        object.__setattr__(self, "seed", self.seed.astype(np.int64))
        shape = (*seed.shape, *self.sizes.values())
        nothing = np.broadcast_to(np.float64(0.0), shape)
        coords = {dim: (seed if dim in seed.coords else gain).coords[dim] for dim in seed.dims if dim in seed.coords}
        object.__setattr__(self, "template", xr.DataArray(nothing, coords, (*seed.dims, *self.sizes), self.name))

    @property
    def dims(self) -> tuple[Any, ...]:
        """All dimensions, axes first."""
        return self.template.dims

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape over all dimensions."""
        return self.template.shape

    @property
    def numbers(self) -> int:
        """Numbers of one point."""
        return int(np.prod(list(self.sizes.values()), dtype=np.int64))

    def at(self, seeds: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """The parameter of some points, (point, …), each seed drawn once."""
        different, places = np.unique(seeds, return_inverse=True)
        found: np.ndarray = gains.reshape(-1, *[1] * len(self.sizes)) * self.draw(different)[places.reshape(-1)]
        return found

    def array(self) -> xr.DataArray:
        """All of it, as an array."""
        seed, gain = xr.broadcast(self.seed, self.gain)
        values = self.at(seed.values.reshape(-1), gain.values.reshape(-1))
        return self.template.copy(data=values.reshape(self.template.shape))

    def isel(self, places: dict[str, Any]) -> Self:
        """Part of it, at positions of its axes."""
        seed, gain = (
            array.isel({dim: place for dim, place in places.items() if dim in array.dims}, drop=True)
            for array in (self.seed, self.gain)
        )
        return replace(self, seed=seed, gain=gain)
