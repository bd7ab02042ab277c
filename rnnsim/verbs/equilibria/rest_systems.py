"""Networks that rest where others do, without the gates that keep a state: what they keep moves no fixed point, and hides it if it is
nearly all."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnnsim.equations import cells
from rnnsim.kernels.maps.map import Layer

SHUT = -1e4  # a pre-activation at which a sigmoid is 0


def without_leak(layer: Layer) -> Layer:
    """h = (1 - leak) h + leak φ is h = φ."""
    return layer._replace(constants=np.ones_like(layer.constants))


def without_update_gate(layer: Layer) -> Layer:
    """h = (1 - z) n + z h is h = n, since z is below 1; where z is nan, it stays nan."""
    z = 1
    w_in, w_rec, bias = layer.w_in.copy(), layer.w_rec.copy(), layer.bias.copy()
    unknown = np.isnan(w_in[:, z]).any(axis=-1) | np.isnan(w_rec[:, z]).any(axis=-1) | np.isnan(bias[:, z])
    w_in[:, z], w_rec[:, z], bias[:, z] = 0.0, 0.0, np.where(unknown, np.nan, SHUT)
    return layer._replace(w_in=w_in, w_rec=w_rec, bias=bias)


FORGETTING: dict[type, Callable[[Layer], Layer]] = {cells.LeakyElman: without_leak, cells.GRU: without_update_gate}


def at_rest(of_cells: tuple[Any, ...], layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Layers of the same cells with the same fixed points."""
    pairs = zip(of_cells, layers, strict=True)
    return tuple(FORGETTING[cell.declared](layer) if cell.declared in FORGETTING else layer for cell, layer in pairs)
