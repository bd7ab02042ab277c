"""Tables and tasks in parts, for training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from rnnsim.checks.annotations import Whole
from rnnsim.checks.arguments import SEED, check_choice, check_dims, to_array, whole
from rnnsim.checks.showing import shown
from rnnsim.tasks.tables import Table, as_columns, check_order


def split(
    data: Table | xr.DataArray,
    shares: Sequence[float] | np.ndarray = (0.7, 0.15, 0.15),
    *,
    dim: str | None = None,
    how: Literal["time", "random"] = "time",
    seed: Whole = 0,
) -> tuple[Any, ...]:
    """Split a table or a task into parts.

    Split a table before `windows` are made of it: windows of different parts of a task have rows in common.

    Parameters
    ----------
    data : Dataset or DataArray or DataFrame or mapping
        A Dataset or DataArray, a DataFrame, or a mapping of names to arrays over the same rows.
    shares : sequence of float, default (0.7, 0.15, 0.15)
        The shares of the parts, all above 0, with the sum 1. Of n rows, the parts end at the whole part of n times the running sum
        of the shares.
    dim : str, optional
        The dimension of a Dataset or DataArray to split; by default `sample`, `time`, or else the only one that there is, or that
        has a coordinate.
    how : {"time", "random"}
        Whether the parts are contiguous and in order, or those of a random permutation.
    seed : int, default 0
        A whole number from 0 for NumPy's `default_rng`, which makes the permutation.

    Returns
    -------
    tuple
        The parts, each of the type of `data`.

    Raises
    ------
    ValueError
        If the shares do not fit or leave a part without rows, if the dimension is missing or not clear, or if times go back where
        parts are contiguous.
    TypeError
        If `data` is of another kind.

    See Also
    --------
    rnnsim.tasks.windows : A task of sliding windows over a table.
    rnnsim.tasks.Scaling : Standardise by the training part.

    Examples
    --------
    >>> import rnnsim as rs
    >>> training, test = rs.tasks.split(rs.tasks.counting(samples=10), (0.8, 0.2))
    >>> training.sizes["sample"], test.sizes["sample"]
    (8, 2)
    """
    check_choice("how", how, ("time", "random"))
    seed = whole("seed", seed, 0, SEED)
    fractions = checked_shares(shares)
    if isinstance(data, xr.Dataset | xr.DataArray):
        dim = chosen_dimension(data, dim)
        rows = data.sizes[dim]
        times = data[dim] if dim == "time" and dim in data.coords else None
    elif dim is not None:
        raise ValueError(f"dim was given as {shown(dim)} with a {type(data).__name__}; it needs a Dataset or a DataArray")
    else:
        rows = row_count(data)
        times = data.index if isinstance(data, pd.DataFrame) and isinstance(data.index, pd.DatetimeIndex) else None
    if how == "time" and times is not None:
        check_order("split", times)
    order = np.arange(rows) if how == "time" else np.random.default_rng(seed).permutation(rows)
    parts = np.split(order, [int(round(rows * share, 9)) for share in np.cumsum(fractions)[:-1]])
    for number, part in enumerate(parts):
        if not part.size:
            raise ValueError(f"split was given {rows} rows, of which share {number} has none; it needs more rows or larger shares")
    return tuple(taken(data, dim, part) for part in parts)


def checked_shares(shares: Any) -> np.ndarray:
    """Shares as numbers above 0 with the sum 1."""
    given = to_array("shares", shares)
    fractions = given.astype(np.float64) if given.dtype.kind in "iuf" else np.array([])
    if fractions.ndim != 1 or not (fractions > 0).all() or not np.isclose(fractions.sum(), 1.0, rtol=0, atol=1e-9):
        raise ValueError(f"shares was given as {shown(shares)}; it needs numbers above 0 with the sum 1")
    return fractions


def chosen_dimension(data: xr.Dataset | xr.DataArray, dim: str | None) -> str:
    """The dimension to split."""
    check_dims("data", data)
    dims = [str(name) for name in data.sizes if isinstance(name, str)]
    if dim is not None and (not isinstance(dim, str) or dim not in dims):
        raise ValueError(f"dim was given as {shown(dim)}; it needs one of {', '.join(dims)}")
    indexed = [name for name in dims if name in data.indexes]
    for found in ([dim] if dim else [], [d for d in ("sample", "time") if d in dims][:1], dims, indexed):
        if len(found) == 1:
            return str(found[0])
    raise ValueError(f"split was given the dimensions {', '.join(dims) or 'none'}; it needs to be told which one: dim=…")


def row_count(data: Any) -> int:
    """The number of rows of a DataFrame or a mapping."""
    if isinstance(data, pd.DataFrame):
        return len(data)
    lengths = {name: np.shape(to_array(name, column))[:1] for name, column in as_columns("split", data).items()}
    if len(set(lengths.values())) != 1 or () in lengths.values():
        raise ValueError(f"split was given columns of {shown([*lengths.values()])} rows; it needs columns of the same number")
    (rows,) = next(iter(lengths.values()))
    return int(rows)


def taken(data: Any, dim: str | None, rows: np.ndarray) -> Any:
    """Some rows, as the type that they came in."""
    if isinstance(data, xr.Dataset | xr.DataArray):
        return data.isel({dim: rows})
    if isinstance(data, pd.DataFrame):
        return data.iloc[rows]
    assert isinstance(data, Mapping)
    return {name: np.asarray(column)[rows] for name, column in data.items()}
