"""The noise of a run: its seed, over axes or not, and the keys of its random numbers."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import SEED, whole
from rnnsim.families.network import Network
from rnnsim.runs.seeds import check_seed

OTHERWISE = ", or an axis of them, or None"
STREAM = crc32(b"noise")
WORD = 1 << 16  # keys are read as numbers of the run's own precision, which have so few digits


def check_noise_seed(net: Network, seed: Any) -> xr.DataArray | None:
    """The seed of the noise of a network; None where there is none."""
    if net.noisy_layers:
        return None if seed is None else check_seed("noise_seed", seed, OTHERWISE)
    if isinstance(seed, xr.DataArray) and check_seed("noise_seed", seed, OTHERWISE).ndim:
        needed = "rs.Elman(…, noise=…), or an rs.Cell whose step takes xi"
        raise ValueError(f"noise_seed was given the axis {seed.dims[0]!r}, but the network has no noise; it needs {needed}")
    if seed is not None:
        whole("noise_seed", seed, 0, SEED, other=OTHERWISE)
    return None


def noise_keys(net: Network, seed: xr.DataArray | None, validation: bool) -> dict[int, xr.DataArray]:
    """The keys of the layers with noise, each of four numbers below 2¹⁶, over the axes of the seed."""
    if seed is None:
        return {}
    dims = (*seed.dims, "unit")
    return {i: xr.DataArray(keys(seed.values, i, validation), dict(seed.coords), dims) for i in net.noisy_layers}


def keys(seeds: np.ndarray, layer: int, validation: bool) -> np.ndarray:
    """The keys of a layer, (*seeds.shape, 4)."""
    found = np.empty((seeds.size, 4))
    for row, seed in zip(found, seeds.flat, strict=True):
        words = np.random.SeedSequence(int(seed), spawn_key=(STREAM, layer, int(validation))).generate_state(2, np.uint32)
        row[::2], row[1::2] = words % WORD, words // WORD
    return found.reshape(*seeds.shape, 4)
