"""Sliding windows over tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Names, Whole
from rnnsim.checks.arguments import names as names_given
from rnnsim.checks.arguments import text, whole
from rnnsim.checks.showing import shown
from rnnsim.tasks.encodings import check_size
from rnnsim.tasks.tables import EPOCH, Table, check_order, numeric_columns


def windows(table: Table, predictors: Names, target: str, length: Whole, *, ahead: Whole = 1) -> xr.Dataset:
    """Make the task of predicting a column of a table from the rows before.

    The samples are windows of rows that slide by one, with a target at every step. Sample j has the rows j…j+length-1 as inputs,
    and at every step the target `ahead` rows later; of n rows there are n - length - ahead + 1 samples.

    Parameters
    ----------
    table : DataFrame or Dataset or mapping
        A DataFrame, a Dataset whose variables stand over one dimension, or a mapping of names to one-dimensional arrays.
    predictors : str or sequence of str
        The names of the columns that are inputs.
    target : str
        The name of the column to predict, which may be a predictor, too.
    length : int
        The number of rows in a window, which are the steps.
    ahead : int, default 1
        How many rows later the target stands.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)` and `targets (sample, step, output)`. `input` and `output` are labelled by columns, and
        `sample` by the table's index at the last row of the window (without an index, by that row's number). Dates are whole
        numbers with CF's units, "days since 1970-01-01", so that `rs.save` takes them; `xr.decode_cf(task)` makes them dates again.
        Where the columns of a Dataset have units, `inputs` and `targets` have them, too, and the coordinate `units (input)` has
        those of each.

    Raises
    ------
    ValueError
        If a column is missing or holds nan or inf, if rows go back in time, or if there are fewer rows than a window and its
        targets need.
    TypeError
        If the table is of another kind, or if a column holds anything but numbers.
    MemoryError
        If memory has no room for the windows.

    See Also
    --------
    rnnsim.tasks.split : Split a table before windows are made of it.
    rnnsim.tasks.weather : Windows over the weather of Seattle.

    Examples
    --------
    >>> import pandas as pd, xarray as xr, rnnsim as rs
    >>> table = pd.DataFrame({"rain": [0.0, 2.0, 1.0, 0.0]}, index=pd.date_range("2012-01-01", periods=4))
    >>> task = rs.tasks.windows(table, "rain", "rain", length=2)
    >>> task.inputs.values[:, :, 0]
    array([[0., 2.],
           [2., 1.]])
    >>> task.targets.values[:, :, 0]
    array([[2., 1.],
           [1., 0.]])
    >>> xr.decode_cf(task).sample.dt.day.values
    array([2, 3])
    """
    names = predictor_names(predictors)
    target = text("target", target)
    length, ahead = whole("length", length), whole("ahead", ahead)
    columns = numeric_columns("windows", table, dict.fromkeys([*names, target]))
    (row,) = map(str, columns.sizes)
    if str(columns[row].attrs["units"]).endswith(EPOCH):
        check_order("windows", columns[row])
    rows = columns.sizes[row]
    samples = rows - length - ahead + 1
    if samples < 1:
        need = f"{length + ahead} for windows of {length} and targets {ahead} ahead"
        raise ValueError(f"windows was given a table of {rows} rows; it needs at least {need}")
    check_size(samples * length * (len(names) + 1), "rows or steps of length")
    label = columns[row][length - 1 : length - 1 + samples]
    units = [str(columns[name].attrs["units"]) for name in names]
    inputs = np.stack([columns[name].values for name in names], axis=-1)
    return xr.Dataset(
        {
            "inputs": (("sample", "step", "input"), sliding(inputs[: rows - ahead], length), input_attrs(units)),
            "targets": (("sample", "step", "output"), sliding(columns[target].values[ahead:, None], length), columns[target].attrs),
        },
        {
            "sample": ("sample", label.values, {**label.attrs, "long_name": f"{label.attrs['long_name']} of the last inputs"}),
            "input": ("input", names, {"long_name": "predictor", "units": "1"}),
            "output": ("output", [target], {"long_name": "target", "units": "1"}),
            "units": ("input", units, {"long_name": "units of the predictor's column", "units": "1"}),
        },
        {"title": "sliding windows", "predictors": names, "target": target, "length": length, "ahead": ahead},
    )


def predictor_names(predictors: Any) -> list[str]:
    """The names of the predictors, each once."""
    names = list(names_given("predictors", predictors))
    if len(set(names)) < len(names):
        raise ValueError(f"predictors was given as {shown(predictors)}; it needs one name or more, each of them once")
    return names


def input_attrs(units: list[str]) -> dict[str, str]:
    return {"long_name": "predictor", "units": units[0] if len(set(units)) == 1 else "1"}


def sliding(rows: np.ndarray, length: int) -> np.ndarray:
    """Windows over (row, column), as (sample, step, column)."""
    return np.lib.stride_tricks.sliding_window_view(rows, length, axis=0).swapaxes(1, 2).copy()
