"""What stands beside an axis and in a legend: long names, units and the values of coordinates."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

LINE = 36  # characters
WORDS = {
    "w_in": "input weight",
    "w_rec": "recurrent weight",
    "w_out": "output weight",
    "b_out": "output bias",
    "h0": "start",
    "c0": "start of the cell state",
    "lr": "learning rate",
    "unit_from": "unit before",
}
START = "_start"  # of axes of where training begins


def name(array: xr.DataArray) -> str:
    """The long name of a variable, or else words for its name, if it has one."""
    own, long_name = str(array.name or "value"), str(array.attrs.get("long_name") or "")
    if long_name not in ("", own):
        return long_name
    if own.removesuffix(START) in WORDS:
        return WORDS[own.removesuffix(START)] + (" at the start" if own.endswith(START) else "")
    return own


def label(array: xr.DataArray) -> str:
    """The long name of a variable with its unit in brackets; the unit "1" is not shown."""
    unit = _unit(array)
    return f"{name(array)} ({unit})" if unit else name(array)


def wrapped(text: str, line: int = LINE) -> str:
    """A label in as few lines as there must be, of about equal length, none of them longer than a y axis is high."""
    count = len(textwrap.wrap(text, line))
    return next((textwrap.fill(text, n) for n in range(8, line) if len(textwrap.wrap(text, n)) <= count), textwrap.fill(text, line))


def coordinate(array: xr.DataArray, dim: str) -> xr.DataArray:
    """The coordinate of a dimension; where there is none, the positions 0, 1, 2…"""
    if dim in array.coords and array.coords[dim].dims == (dim,):
        found: xr.DataArray = array.coords[dim]
        return found
    return xr.DataArray(np.arange(array.sizes[dim]), dims=dim, name=dim)


def value_labels(values: xr.DataArray) -> list[str]:
    """`w_rec = 0.5` for every value of a coordinate, with as many digits as tell them apart."""
    unit = _unit(values)
    return [f"{name(values)} = {text}" + (f" {unit}" if unit else "") for text in texts(values.values.tolist())]


def texts(values: Sequence[Any]) -> list[str]:
    """Values in up to six digits, or in all of theirs where six would make two of them look the same."""
    short = [f"{value:.6g}" if isinstance(value, float) else str(value) for value in values]
    told = short if len(set(short)) == len(set(values)) else [str(value) for value in values]
    return [minus(text) if isinstance(value, int | float) else text for text, value in zip(told, values, strict=True)]


def minus(text: str) -> str:
    """A number's text with a minus sign and not a hyphen, as matplotlib writes its own."""
    return text.replace("-", "\N{MINUS SIGN}")


def _unit(array: xr.DataArray) -> str:
    unit = str(array.attrs.get("units", "1")).replace("degree_Celsius", "°C")
    return "" if unit == "1" else unit
