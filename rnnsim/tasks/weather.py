"""Tomorrow's temperature from the weather of the days before, in Seattle or in any CSV."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from rnnsim.checks.annotations import Location, Names, Whole
from rnnsim.checks.arguments import check_choice, path, text, whole
from rnnsim.checks.showing import shown
from rnnsim.tasks.scaling import Scaling
from rnnsim.tasks.splitting import checked_shares, split
from rnnsim.tasks.tables import numeric_columns, storable, table_index
from rnnsim.tasks.windows import predictor_names, windows

PARTS = ("training", "validation", "test")
MEANINGS = {
    "precipitation": ("precipitation of the day", "mm"),
    "temp_max": ("maximum temperature of the day", "degree_Celsius"),
    "temp_min": ("minimum temperature of the day", "degree_Celsius"),
    "wind": ("wind speed of the day", "m s-1"),
    "weather": ("weather of the day: drizzle, rain, sun, snow or fog", "1"),
}


def weather_table(csv: Location | None = None) -> xr.Dataset:
    """Read the daily weather of Seattle from 2012 to 2015, 1461 days, or a table of your own.

    The numbers of Seattle are NOAA's, as the package `vega-datasets` brings them: nothing is downloaded.

    Parameters
    ----------
    csv : str or path-like, optional
        A file to read instead: names in its first line, and in its first column dates such as 2012-01-31. Missing numbers are
        filled with the last ones before them.

    Returns
    -------
    Dataset
        A variable over `time` for each column: `precipitation` (mm), `temp_max`, `temp_min` (°C), `wind` (m/s) and `weather`, a
        word. `time` is in days since 1970-01-01, so that `rs.save` takes it; `xr.decode_cf(table)` makes dates of it.

    Raises
    ------
    ValueError
        If the file is no table, or if its first column holds no dates.
    TypeError
        If `csv` is no path.
    FileNotFoundError
        If the file cannot be read.

    See Also
    --------
    rnnsim.tasks.weather : The task of predicting this table.

    Examples
    --------
    >>> import xarray as xr, rnnsim as rs
    >>> table = rs.tasks.weather_table()
    >>> table.temp_max.units, table.temp_max.values[:3]
    ('degree_Celsius', array([12.8, 10.6, 11.7]))
    >>> xr.decode_cf(table).sel(time="2012-01-02").weather.item()
    'rain'
    """
    file = None if csv is None else path_of(csv)
    frame, meanings, title = (seattle(), MEANINGS, "daily weather of Seattle") if file is None else (read_csv(file), {}, file)
    variables = {}
    for name, column in frame.items():
        long_name, units = meanings.get(str(name), (str(name), "1"))
        values = column.to_numpy() if pd.api.types.is_numeric_dtype(column) else np.array(column.astype(str), dtype=str)
        variables[str(name)] = ("time", values, {"long_name": long_name, "units": units})
    index = table_index(frame, "time")
    assert index is not None
    return xr.Dataset(variables, {"time": storable("weather_table", "time", index)}, {"title": title})


def seattle() -> pd.DataFrame:
    from vega_datasets import data

    return data.seattle_weather().set_index("date")


def path_of(csv: Location) -> str:
    """The path of a file as text."""
    if not isinstance(csv, str | os.PathLike):
        raise TypeError(f"csv was given as {shown(csv)}; it needs the path of a file")
    return path("csv", csv)


def read_csv(file: str) -> pd.DataFrame:
    """A table with dates, if the first column has such, as its index, filled forward."""
    try:
        table = pd.read_csv(file, index_col=0).ffill()
    except OSError:
        raise FileNotFoundError(f"csv was given as {shown(file)}, which cannot be read; it needs the path of a file") from None
    except Exception:  # whatever pandas meets in a file
        raise ValueError(f"csv was given as {shown(file)}, which is no table; it needs one with names in its first line") from None
    if not pd.api.types.is_numeric_dtype(table.index):
        try:
            table.index = pd.to_datetime(table.index, format="ISO8601")
        except ValueError:
            first = table.index[0] if len(table) else "nothing"
            raise ValueError(
                f"csv was given with {shown(first)} in its first column; it needs dates such as 2012-01-31 there"
            ) from None
    return table


def weather(
    length: Whole = 13,
    part: Literal["training", "validation", "test"] | None = None,
    *,
    predictors: Names = ("temp_max", "temp_min", "precipitation"),
    target: str = "temp_max",
    ahead: Whole = 1,
    shares: Sequence[float] | np.ndarray = (0.7, 0.15, 0.15),
    csv: Location | None = None,
) -> xr.Dataset:
    """Make the task of predicting tomorrow's maximum temperature at every one of some days, from the weather up to that day.

    The table is split in time first, and windows are made of each part, so that no two parts share a row. The predictors are
    standardised by the mean and standard deviation of the training part. For more freedom, call `split`, `windows` and `Scaling`
    yourself.

    Parameters
    ----------
    length : int, default 13
        Days in a window, which are the steps.
    part : {"training", "validation", "test"}, optional
        The part to return; by default all three, one after the other, told apart by the coordinate `part (sample)`.
    predictors : str or sequence of str, default ("temp_max", "temp_min", "precipitation")
        The names of the columns that are inputs, as `windows` takes them.
    target : str, default "temp_max"
        The name of the column to predict, as `windows` takes it.
    ahead : int, default 1
        How many days later the target stands, as `windows` takes it.
    shares : sequence of float, default (0.7, 0.15, 0.15)
        The shares of the three parts, as `split` takes them.
    csv : str or path-like, optional
        A table of your own, as `weather_table` takes it.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)`, standardised, the `targets (sample, step, output)` in the table's own units, and
        `input_mean (input)` and `input_scale (input)`, which undo the first: `rs.tasks.Scaling(task.input_mean, task.input_scale)`.
        `sample` is the last day of the window.

    Raises
    ------
    ValueError
        If `weather_table`, `split` or `windows` refuse an argument, or if there are not three shares.
    TypeError
        If a column holds anything but numbers, if a name is no text, or if `csv` is no path.
    FileNotFoundError
        If the file cannot be read.
    MemoryError
        If memory has no room for the windows.

    See Also
    --------
    rnnsim.tasks.weather_table : The table alone.
    rnnsim.tasks.windows : The same for any table.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.weather(part="training")
    >>> dict(task.sizes)
    {'sample': 1009, 'step': 13, 'input': 3, 'output': 1}
    """
    if part is not None:
        check_choice("part", part, PARTS)
    length, ahead = whole("length", length), whole("ahead", ahead)
    names, target = predictor_names(predictors), text("target", target)
    if len(checked_shares(shares)) != len(PARTS):
        raise ValueError(f"shares was given as {shown(shares)}; it needs three, for {', '.join(PARTS)}")
    table = numeric_columns("weather", weather_table(csv), dict.fromkeys([*names, target]))
    tables = dict(zip(PARTS, split(table, shares), strict=True))
    scaling = Scaling.of(tables["training"][names])
    wanted = PARTS if part is None else (part,)
    made = [windows(tables[name], names, target, length, ahead=ahead) for name in wanted]
    task = xr.concat(made, "sample", data_vars="all", coords="minimal", compat="equals", join="exact", combine_attrs="override")
    task["inputs"] = scaling(task.inputs).assign_attrs(long_name="standardised predictor")
    for name, array in {"mean": scaling.mean, "scale": scaling.scale}.items():
        attrs = {"long_name": f"{name} of the predictor in the training part", "units": "1"}
        task[f"input_{name}"] = ("input", array.values, attrs)
    labels = np.repeat(wanted, [one.sizes["sample"] for one in made])
    task = task.assign_coords(part=("sample", labels, {"long_name": "part of the table", "units": "1"}))
    given = {"title": "tomorrow's weather", "shares": list(shares), "part": part, "csv": None if csv is None else path_of(csv)}
    return task.assign_attrs({name: value for name, value in given.items() if value is not None})
