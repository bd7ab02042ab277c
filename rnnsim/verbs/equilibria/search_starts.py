"""States to search from: spread evenly over where a network's states can be, and along its orbits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import alone, check_dims, to_array, whole
from rnnsim.equations import cells
from rnnsim.kernels.fixed_points.multistart import Starts
from rnnsim.kernels.maps.map import Layer
from rnnsim.verbs.engines.autonomous_maps import Map

USUAL, MOST = 64, 1024  # starts that are tried in any case, and at most, if none are given
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
    if isinstance(starts, int | float) or alone(starts, "biuf"):
        return whole("starts", starts)
    if isinstance(starts, xr.DataArray):
        check_dims("starts", starts)
    if isinstance(starts, xr.DataArray) and maps.net.scalar and "unit" not in starts.dims:
        starts = starts.expand_dims("unit", axis=-1)
    labelled = isinstance(starts, xr.DataArray) and "unit" in starts.dims
    own = [axis for axis in maps.grid.sizes if labelled and axis in starts.dims]
    array = rows_of(starts, own, maps) if labelled else to_array("starts", getattr(starts, "values", starts))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"starts was given values of type {array.dtype}; it needs real numbers")
    values = np.asarray(array, np.float64)
    values = values[:, None] if values.ndim == 1 and maps.net.scalar else values
    units = sum(one.units for one in maps.layer_states if one.name == "state")
    if values.ndim != 2 + len(own) or values.shape[-1] not in (units, maps.size) or not values.size:
        sizes = f"(start, {units})" + f" or (start, {maps.size})" * (units != maps.size)
        needed = "(start)" if maps.net.scalar and maps.size == 1 else sizes
        raise ValueError(f"starts was given an array of shape {array.shape}; it needs a whole number, or states {needed}")
    if not np.isfinite(values).all():
        raise ValueError(f"starts was given {values[~np.isfinite(values)][0]}; it needs finite numbers")
    values = values if values.shape[-1] == maps.size else with_cell_states(values, maps)
    if not own:
        return values
    shape = [size if axis in own else 1 for axis, size in maps.grid.sizes.items()]
    return np.broadcast_to(values.reshape(*shape, *values.shape[-2:]), (*maps.grid.sizes.values(), *values.shape[-2:]))


def rows_of(starts: xr.DataArray, own: list[str], maps: Map) -> np.ndarray:
    """States over the axes of the family that they have, with all other dimensions, such as sample and step, one behind the other."""
    for axis in own:
        size = maps.grid.sizes[axis]
        if starts.sizes[axis] != size:
            raise ValueError(f"starts has {starts.sizes[axis]} values of {axis!r}; it needs the {size} of the family")
        if axis in starts.coords and axis in maps.grid.coords and not starts[axis].equals(maps.grid.coords[axis]):
            raise ValueError(f"starts has other values of {axis!r} than the family; it needs the same")
    others = [dim for dim in starts.dims if dim not in own and dim != "unit"]
    values = starts.transpose(*own, *others, "unit").values
    return values.reshape(*values.shape[: len(own)], -1, values.shape[-1])


def with_cell_states(values: np.ndarray, maps: Map) -> np.ndarray:
    """Whole states of which only h was given: c is 0."""
    whole, column = np.zeros((*values.shape[:-1], maps.size)), 0
    for one in maps.layer_states:
        if one.name == "state":
            whole[..., one.place] = values[..., column : column + one.units]
            column += one.units
    return whole


def is_within_one(cell: Any) -> bool:
    """Whether h of a cell is between -1 and 1 in the long run."""
    elman = cell.declared in (cells.Elman, cells.LeakyElman)
    return cell.declared in (cells.GRU, cells.LSTM) or (elman and cell.activation == "tanh")


@dataclass(frozen=True)
class SearchBox:
    """Where states are searched first: a box (point, state) of this middle and half width; and bounds of all recurrent states."""

    center: np.ndarray
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray


def search_box(maps: Map, layers: tuple[Layer, ...]) -> SearchBox:
    """The states' bounds: those of h are the activation's, and |c| = i |g| / (1 - f) of an LSTM is bounded since f is below 1."""
    points, at, below = len(layers[0].bias), 0, 1.0
    center, scale = np.zeros((points, maps.size)), np.ones((points, maps.size))
    low, high = center - 1.0, center + 1.0
    for cell, layer in zip(maps.cells, layers, strict=True):
        n = layer.bias.shape[2]
        h, c = np.s_[:, at : at + n], np.s_[:, at + n : at + 2 * n]
        all_states = np.s_[:, at : at + n * (cell.states - cell.outputs)]
        if cell.declared in (cells.Elman, cells.LeakyElman) and cell.activation == "sigmoid":
            low[h], center[h], scale[h] = 0.0, 0.5, 0.5
        elif not is_within_one(cell):
            scale[all_states] = 2.0 * (1.0 + np.abs(layer.bias).max(axis=(1, 2)))[:, None]
            low[all_states], high[all_states] = -np.inf, np.inf
        if cell.declared is cells.LSTM:
            with np.errstate(over="ignore", invalid="ignore"):
                most = layer.bias[:, 1] + np.abs(layer.w_rec[:, 1]).sum(axis=2) + below * np.abs(layer.w_in[:, 1]).sum(axis=2)
                high[c] = np.nan_to_num(1.0 + np.exp(most), nan=np.inf)
            low[c], scale[c] = -high[c], np.minimum(CELL_STATES, high[c])
        at += n * (cell.states - cell.outputs)
        below = np.inf if np.isinf(high[h]).any() else 1.0
    return SearchBox(center, scale, low, high)


def starts_for(given: np.ndarray | int | None, seed: int, maps: Map, layers: tuple[Layer, ...]) -> Starts:
    """The starts of a block, as kernels take them."""
    box = search_box(maps, layers)
    if isinstance(given, np.ndarray):
        still = np.zeros(len(given), np.int64)
        return Starts(given, still, np.zeros_like(box.center), np.ones_like(box.scale), box.low, box.high, len(given))
    least, most = (USUAL, MOST) if given is None else (given, given)
    lengths = np.resize(np.array(LENGTHS, np.int64), most)
    return Starts(spread(most, maps.size, seed), lengths, box.center, box.scale, box.low, box.high, least)
