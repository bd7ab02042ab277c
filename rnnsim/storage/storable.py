"""What files can hold: names, attributes and values, each refused by name; dates and time differences as numbers."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.showing import shown

NUMBERS = frozenset(map(np.dtype, ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")))
TYPES = {"NetCDF": NUMBERS, "Zarr": NUMBERS | {np.dtype("f2")}}
TEXT = "OU"  # the kinds of dtype that may hold strings
TIMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
NAME = re.compile(r"[^\W_][^\x00-\x1f\x7f/\ud800-\udfff]*(?<!\s)")
UNWRITABLE = re.compile("[\0\ud800-\udfff]")
# HDF5 keeps the first four for itself; the others make readers change the numbers or the coordinates.
RESERVED = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}
RESERVED |= {"coordinates", "dtype", "add_offset", "scale_factor", "missing_value", "least_significant_digit", "_FillValue"}


def check_dataset(ds: xr.Dataset) -> None:
    """Refuse a Dataset that no file can hold."""
    if not isinstance(ds, xr.Dataset):
        hint = ": net.parameters is one" if hasattr(ds, "parameters") else ""
        raise TypeError(f"ds is a {type(ds).__name__}, but save needs an xarray.Dataset{hint}")
    check_attributes(ds.attrs, "the Dataset")
    for dim in ds.sizes:
        check_name(dim, "a dimension")
    for name, variable in ds.variables.items():
        check_name(name, "a variable")
        if name in ds.coords and variable.dims != (name,) and " " in str(name):
            raise ValueError(f"coordinate {shown(name)} has a space in its name, but CF lists coordinates by spaces: rename it")
        check_values(str(name), variable)
        check_attributes(variable.attrs, f"variable {shown(name)}")


def check_name(name: object, what: str) -> None:
    """Refuse a name that NetCDF cannot hold."""
    if not isinstance(name, str):
        raise TypeError(f"the name {shown(name)} of {what} is of type {type(name).__name__}, but NetCDF needs a string: rename it")
    if not NAME.fullmatch(name) or len(name.encode()) > 255 or unicodedata.normalize("NFC", name) != name:
        remedy = "rename it, with a letter first and then letters, digits and underscores"
        raise ValueError(f"NetCDF cannot hold the name {shown(name)} of {what}: {remedy}")


def check_values(name: str, variable: xr.Variable, form: str = "NetCDF") -> None:
    """Refuse values that a form of files cannot hold, by the name of their variable."""
    check_type(name, variable.dtype, variable.attrs, form)
    what = f"variable {shown(name)}"
    if variable.dtype.kind in TEXT and not all(map(is_string, variable[...].values.flat)):
        raise TypeError(f"{what} holds more than plain strings, but {form} needs only strings or numbers: convert it")
    if variable.dtype.kind in "mM" and np.isnat(variable[...].values).any():
        raise TypeError(f"{what} holds NaT, but {form} needs dates and time differences without gaps: fill or drop it")


def check_type(name: str, dtype: Any, attrs: Mapping[Any, Any], form: str = "NetCDF") -> None:
    """Refuse a type of values that a form of files cannot hold, and attributes that dates or time differences have of their own there."""
    what = f"variable {shown(name)}"
    if not isinstance(dtype, np.dtype):
        raise TypeError(f"{what} is {dtype} of pandas, but {form} needs numbers, strings or dates: convert it, as with astype(str)")
    if dtype.kind == "c":
        parts = f"{shown(name + '_real')} and {shown(name + '_imag')}"
        raise TypeError(f"{what} is complex, but {form} is not: store real and imaginary parts as {parts}")
    if dtype.kind not in TEXT + "bmM" and dtype.newbyteorder("=") not in TYPES[form]:
        floats = "float32, float64" if form == "NetCDF" else "float16 to float64"
        raise TypeError(f"{what} is {dtype}, but {form} needs integers, {floats}, bool, str or dates: convert it")
    taken = [attribute for attribute in ("units", "calendar") if dtype.kind in "mM" and attribute in attrs]
    if taken:
        raise ValueError(f"attribute {shown(taken[0])} of {what} is given by its dates or time differences: remove it")


def number_type(dtype: np.dtype) -> np.dtype:
    """The type in which values of a type stand in a file: dates and time differences are integers."""
    return np.dtype(np.int64) if dtype.kind in "mM" else dtype.newbyteorder("=")


def time_attributes(dtype: np.dtype) -> dict[str, str]:
    """What says in a file that integers are dates or time differences; nothing for other types."""
    if dtype.kind not in "mM":
        return {}
    unit = np.datetime_data(dtype)[0]
    if dtype.kind == "m":
        return {"units": TIMES[unit], "dtype": f"timedelta64[{unit}]"}
    return {"units": f"{TIMES[unit]} since 1970-01-01", "calendar": "proleptic_gregorian", "dtype": f"datetime64[{unit}]"}


def with_times(ds: xr.Dataset) -> xr.Dataset:
    """A Dataset of a file whose integers are dates and time differences again, where `time_attributes` says so."""
    for name, variable in list(ds.variables.items()):
        marked = str(variable.attrs.get("dtype", ""))
        if variable.dtype == np.int64 and re.fullmatch(r"(datetime|timedelta)64\[(s|ms|us|ns)\]", marked):
            attrs = {key: value for key, value in variable.attrs.items() if key not in ("units", "calendar", "dtype")}
            ds = ds.assign({name: (variable.dims, variable.values.view(marked), attrs)})
    return ds


def check_attributes(attributes: dict[Any, Any], owner: str) -> None:
    """Refuse attributes that NetCDF cannot hold, or gives a meaning."""
    for name, value in attributes.items():
        if name in RESERVED and not is_nan_fill(name, value):
            raise ValueError(f"attribute {shown(name)} of {owner} has a meaning of its own in NetCDF: remove or rename it")
        if name not in RESERVED:
            check_name(name, f"an attribute of {owner}")
        if not is_attribute(value):
            need = "a string, a number or a flat list of one of them"
            raise TypeError(f"attribute {shown(name)} of {owner} is {shown(value)}, but NetCDF needs {need}: convert or remove it")


def is_attribute(value: object) -> bool:
    """Whether an attribute can have a value."""
    items = list(np.atleast_1d(value)) if isinstance(value, np.ndarray) else value if isinstance(value, (list, tuple)) else [value]
    if items and all(map(is_string, items)):
        return True
    numbers = all(isinstance(item, (int, float, np.number)) and not isinstance(item, bool) for item in items)
    return numbers and np.asarray(value).dtype.newbyteorder("=") in NUMBERS


def is_string(value: object) -> bool:
    """Whether a value is a string that files can hold."""
    return isinstance(value, str) and not UNWRITABLE.search(value)


def is_nan_fill(name: object, value: object) -> bool:
    """Whether an attribute says that nan is a missing value, as xarray writes it."""
    return name == "_FillValue" and isinstance(value, (float, np.floating)) and bool(np.isnan(value))
