"""How symbols are written as inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

ENCODINGS = ("one_hot", "index")


def encoded(symbols: np.ndarray, labels: Sequence[Any], encoding: str, long_name: str) -> xr.DataArray:
    """Symbols over (step) or (sample, step) as inputs: numbers of rows of an embedding, or one-hot over `input`, which `labels` label."""
    dims = ("sample", "step")[-symbols.ndim :]
    attrs = {"long_name": long_name, "units": "1"}
    if encoding == "index":
        return xr.DataArray(symbols, dims=dims, attrs=attrs)
    coords = {"input": ("input", list(labels), attrs)}
    return xr.DataArray(
        np.eye(len(labels))[symbols], coords, (*dims, "input"), attrs={**attrs, "long_name": f"one-hot {long_name}"}
    )
