"""How symbols are written as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import xarray as xr

from rnnsim.checks.memory_limits import check_room

Encoding: TypeAlias = Literal["one_hot", "index"]
ENCODINGS = ("one_hot", "index")


def check_size(numbers: int, fewer: str) -> None:
    """Refuse a task of so many numbers, its inputs and targets and what they are made of, that memory has no room for it."""
    check_room(numbers, instead=f"it needs fewer {fewer}")


def columns(labels: int, encoding: str) -> int:
    """The numbers that a symbol takes: drawn, and encoded."""
    return 2 if encoding == "index" else 2 + labels


def encoded(symbols: np.ndarray, labels: Sequence[Any], encoding: str, long_name: str) -> xr.DataArray:
    """Symbols over (step) or (sample, step) as inputs: numbers of rows of an embedding, or one-hot over `input`, which `labels` label."""
    dims = ("sample", "step")[-symbols.ndim :]
    attrs = {"long_name": long_name, "units": "1"}
    if encoding == "index":
        return xr.DataArray(symbols, dims=dims, attrs=attrs)
    coords = {"input": ("input", list(labels), attrs)}
    hot = np.zeros((*symbols.shape, len(labels)))
    np.put_along_axis(hot, symbols[..., None], 1.0, axis=-1)
    return xr.DataArray(hot, coords, (*dims, "input"), attrs={**attrs, "long_name": f"one-hot {long_name}"})
