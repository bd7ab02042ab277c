"""Tables of every kind, DataFrames, Datasets and mappings, as Datasets of numbers over their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from rnnsim.checks.showing import kind_of, shown

Table: TypeAlias = pd.DataFrame | xr.Dataset | Mapping[Any, ArrayLike | xr.DataArray]
EPOCH = " since 1970-01-01"
TIME_UNITS = {"days": "D", "hours": "h", "seconds": "s", "microseconds": "us", "nanoseconds": "ns"}


def numeric_columns(what: str, table: Any, names: Iterable[Any] | None = None) -> xr.Dataset:
    """Some columns of a table, or all, as finite floats over the table's one dimension, which has a coordinate: its index as NetCDF
    can hold it, or the numbers of the rows."""
    columns = as_columns(what, table)
    names = list(columns) if names is None else list(names)
    if not names:
        raise ValueError(f"{what} was given no columns; it needs at least one")
    for name in names:
        if not isinstance(name, str) or name not in columns:
            raise ValueError(f"{what} was given no column {shown(name)}; it needs one of {', '.join(columns)}")
    chosen = {name: numbers(what, name, columns[name]) for name in names}
    dim = one_dimension(what, chosen)
    row = f"{dim}_index" if dim in chosen else dim
    rows = np.arange(chosen[names[0]].size)
    index = table_index(table, dim)
    coordinate = (row, rows, {"long_name": "row", "units": "1"}) if index is None else storable(what, row, index)
    whole = xr.Dataset({name: (row, array.values, array.attrs) for name, array in chosen.items()}, {row: coordinate})
    check_finite(what, whole)
    return whole


def as_columns(what: str, table: Any) -> dict[str, Any]:
    """The columns of a table, by name."""
    if isinstance(table, pd.DataFrame):
        names = [str(name) for name in table.columns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{what} was given the column {shown(name)} twice; it needs each name once")
        return {name: table.iloc[:, i] for i, name in enumerate(names)}
    if isinstance(table, xr.Dataset):
        return {str(name): array for name, array in table.data_vars.items()}
    if isinstance(table, Mapping):
        return {str(name): column for name, column in table.items()}
    raise TypeError(f"{what} was given {kind_of(table)}; it needs a DataFrame, a Dataset or a mapping of names to columns")


def numbers(what: str, name: str, column: Any) -> xr.DataArray:
    """A column as floats with a long name and units."""
    if isinstance(column, pd.Series):
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
            column = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            column = column.to_numpy()
    array = (
        column
        if isinstance(column, xr.DataArray)
        else xr.DataArray(np.asarray(column), dims=None if np.ndim(column) != 1 else "row")
    )
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} was given column {shown(name)} of type {array.dtype}; it needs real numbers")
    if array.ndim != 1:
        raise ValueError(f"{what} was given column {shown(name)} of shape {array.shape}; it needs one dimension")
    kept = {key: value for key, value in array.attrs.items() if key in ("long_name", "units")}
    return array.astype(np.float64).assign_attrs({"long_name": name, "units": "1", **kept}).rename(name)


def one_dimension(what: str, columns: Mapping[str, xr.DataArray]) -> str:
    """The dimension that all columns share."""
    (first, array), *others = columns.items()
    for name, other in others:
        if other.dims != array.dims or other.size != array.size:
            shapes = f"{array.size} rows of {shown(array.dims[0])} in {shown(first)} and {other.size} of {shown(other.dims[0])}"
            shapes += f" in {shown(name)}"
            raise ValueError(f"{what} was given {shapes}; it needs columns over the same rows")
    return str(array.dims[0])


def table_index(table: Any, row: str) -> xr.DataArray | None:
    """What the table says about its rows, if it does."""
    if isinstance(table, pd.DataFrame):
        label = "row" if table.index.name is None else str(table.index.name)
        index = table.index.to_timestamp() if isinstance(table.index, pd.PeriodIndex) else table.index
        index = index.tz_convert(None) if isinstance(index, pd.DatetimeIndex) and index.tz is not None else index
        return xr.DataArray(index.to_numpy(), dims="row", attrs={"long_name": label})
    return table[row].reset_coords(drop=True) if isinstance(table, xr.Dataset) and row in table.coords else None


def storable(what: str, row: str, index: xr.DataArray) -> tuple[str, np.ndarray, dict[str, Any]]:
    """An index as a coordinate of numbers or text; times become whole numbers of the largest unit that loses nothing."""
    attrs: dict[str, Any] = {"long_name": row, "units": "1", **index.attrs}
    if index.dtype.kind == "M":
        return row, *since_epoch(what, index.values, attrs)
    if index.dtype.kind in "biuf":
        return row, index.values, attrs
    return row, np.array([str(label) for label in index.values], dtype=str), attrs


def since_epoch(what: str, times: np.ndarray, attrs: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """Times as CF stores them."""
    if np.isnat(times).any():
        raise ValueError(f"{what} was given no time for row {int(np.isnat(times).argmax())}; it needs one for every row")
    word, code = next((w, c) for w, c in TIME_UNITS.items() if c == "ns" or (times.astype(f"M8[{c}]") == times).all())
    return times.astype(f"M8[{code}]").astype(np.int64), {
        **attrs,
        "standard_name": "time",
        "units": word + EPOCH,
        "calendar": "standard",
    }


def shown_label(coordinate: xr.DataArray, row: int) -> str:
    """A row's label as messages show it: a time as a date."""
    value, units = coordinate.values[row], str(coordinate.attrs.get("units"))
    code = TIME_UNITS.get(units.removesuffix(EPOCH)) if units.endswith(EPOCH) else None
    return str(value) if code is None else str(np.int64(value).astype(f"M8[{code}]"))


def check_finite(what: str, table: xr.Dataset) -> None:
    """Refuse nan and inf, by column, row and label."""
    (row,) = table.sizes
    for name, column in table.items():
        bad = ~np.isfinite(column.values)
        if bad.any():
            i = int(bad.argmax())
            where = f"column {shown(name)} at row {i} ({row} {shown_label(table[row], i)})"
            remedy = "finite numbers: fill first, as table.ffill() does"
            raise ValueError(f"{what} was given {column.values[i]} in {where}; it needs {remedy}")


def check_order(what: str, times: Any) -> None:
    """Refuse dates that go back."""
    index = times if isinstance(times, pd.Index) else pd.Index(np.asarray(times))
    if not index.is_monotonic_increasing:
        back = 1 + int(np.argmax(index.to_numpy()[1:] < index.to_numpy()[:-1]))
        raise ValueError(f"{what} was given rows that go back in time at row {back}; it needs them in order: sort first")
