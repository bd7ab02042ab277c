"""States to search from: spread evenly over where a network's states can be, and along its orbits."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim import cells
from rnnsim.arguments import check_whole, is_whole
from rnnsim.axes import shown, to_array
from rnnsim.kernels.fixed_points import Starts
from rnnsim.kernels.maps import Layer
from rnnsim.maps import Map

USUAL = 64
LENGTHS = (0, 0, 3, 30)
CELL_STATES = 3.0  # where c of an LSTM is looked for, around 0


def spread(count: int, size: int, seed: int = 0) -> np.ndarray:
    """(count, size) numbers that fill the cube [-1, 1]^size evenly: the additive recurrence with the powers of 1/φ, φ^(size + 1) = φ + 1
    (Roberts 2018); the first is its middle, and `seed` begins elsewhere in the sequence."""
    phi = 2.0
    for _ in range(64):
        phi = (1.0 + phi) ** (1.0 / (size + 1))
    steps = np.arange(count)[:, None] + seed * float(1 << 20)
    return 2.0 * ((0.5 + steps * phi ** -np.arange(1.0, size + 1) % 1.0) % 1.0) - 1.0


def check_starts(starts: Any, maps: Map) -> np.ndarray | int | None:
    """A number of starts, states to start from, one a row, or None."""
    if starts is None:
        return None
    if is_whole(starts, 0) or isinstance(starts, bool | np.bool_ | float):
        check_whole(1, starts=starts)
        return int(starts)
    array = to_array("starts", starts.values if isinstance(starts, xr.DataArray) else starts)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"starts was given values of type {array.dtype}; it needs real numbers")
    values = np.asarray(array, np.float64)
    values = values[:, None] if values.ndim == 1 and maps.net.scalar else values
    units = sum(part.units for part in maps.parts if part.name == "state")
    if values.ndim != 2 or values.shape[1] not in (units, maps.size) or not len(values):
        sizes = f"(start, {units})" + f" or (start, {maps.size})" * (units != maps.size)
        needed = "(start)" if maps.net.scalar and maps.size == 1 else sizes
        raise ValueError(f"starts was given an array of shape {array.shape}; it needs a whole number, or states {needed}")
    if not np.isfinite(values).all():
        raise ValueError(f"starts was given {shown(values[~np.isfinite(values)][0])}; it needs finite numbers")
    return values if values.shape[1] == maps.size else with_cell_states(values, maps)


def with_cell_states(values: np.ndarray, maps: Map) -> np.ndarray:
    """Whole states of which only h was given: c is 0."""
    whole, column = np.zeros((len(values), maps.size)), 0
    for part in maps.parts:
        if part.name == "state":
            whole[:, part.place] = values[:, column : column + part.units]
            column += part.units
    return whole


def reach(maps: Map, layers: tuple[Layer, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The middle and the half width of the box (point, state) that holds the states, or, where there is no bound, those searched first."""
    points = len(layers[0].bias)
    center, scale = np.zeros((points, maps.size)), np.ones((points, maps.size))
    at = 0
    for cell, layer in zip(maps.cells, layers, strict=True):
        n, phi = layer.bias.shape[2], getattr(cell, "activation", None)
        if isinstance(phi, cells.Sigmoid):
            center[:, at : at + n] = scale[:, at : at + n] = 0.5
        elif phi is not None and not isinstance(phi, cells.Tanh):
            scale[:, at : at + n] = 2.0 * (1.0 + np.abs(layer.bias).max(axis=(1, 2)))[:, None]
        if cell.states > 1:
            scale[:, at + n : at + 2 * n] = CELL_STATES
        at += n * cell.states
    return center, scale


def starts_for(given: np.ndarray | int, seed: int, maps: Map, layers: tuple[Layer, ...]) -> Starts:
    """The starts of a block, as kernels take them."""
    center, scale = reach(maps, layers)
    if isinstance(given, int):
        lengths = np.resize(np.array(LENGTHS, np.int64), given)
        return Starts(spread(given, maps.size, seed), lengths, center, scale)
    return Starts(given, np.zeros(len(given), np.int64), np.zeros_like(center), np.ones_like(scale))
