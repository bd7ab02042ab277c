"""What stands beside an axis and in a legend: long names, units and the values of coordinates."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

LINE = 36  # characters


def name(array: xr.DataArray) -> str:
    """The long name of a variable, or else its name, if it has one."""
    return str(array.attrs.get("long_name") or array.name or "value")


def label(array: xr.DataArray) -> str:
    """The long name of a variable with its unit in brackets; the unit "1" is not shown."""
    unit = _unit(array)
    return f"{name(array)} ({unit})" if unit else name(array)


def wrapped(text: str, line: int = LINE) -> str:
    """A label in lines that are no longer than a y axis is high."""
    return textwrap.fill(text, line)


def coordinate(array: xr.DataArray, dim: str) -> xr.DataArray:
    """The coordinate of a dimension; where there is none, the positions 0, 1, 2…"""
    if dim in array.coords and array.coords[dim].dims == (dim,):
        return array.coords[dim]
    return xr.DataArray(np.arange(array.sizes[dim]), dims=dim, name=dim)


def value_labels(values: xr.DataArray) -> list[str]:
    """`w_rec = 0.5` for every value of a coordinate, with as many digits as tell them apart."""
    unit = _unit(values)
    return [f"{name(values)} = {text}" + (f" {unit}" if unit else "") for text in texts(values.values.tolist())]


def texts(values: Sequence[Any]) -> list[str]:
    """Values in up to six digits, or in all of theirs where six would make two of them look the same."""
    short = [f"{value:.6g}" if isinstance(value, float) else str(value) for value in values]
    return short if len(set(short)) == len(set(values)) else [str(value) for value in values]


def _unit(array: xr.DataArray) -> str:
    unit = str(array.attrs.get("units", "1")).replace("degree_Celsius", "°C")
    return "" if unit == "1" else unit
