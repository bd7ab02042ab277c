"""The checks that the tasks' arguments share, and how symbols are written as inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

ENCODINGS = ("one_hot", "index")


def check_whole(least: int = 1, **given: Any) -> None:
    """Refuse what is no whole number of `least` or more."""
    for name, value in given.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} was given as {value!r}; it needs a whole number of {least} or more")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse what is none of some words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} was given as {value!r}; it needs one of {', '.join(choices)}")


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
