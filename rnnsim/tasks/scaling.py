"""Standardising by mean and standard deviation, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from rnnsim.checks.annotations import Names
from rnnsim.checks.arguments import check_dims, to_array
from rnnsim.checks.arguments import names as names_given
from rnnsim.checks.showing import shown
from rnnsim.tasks.tables import Table, as_columns, numeric_columns

LABELLED = ("input", "output")


@dataclass(frozen=True, eq=False)
class Scaling:
    """Means and standard deviations of columns, which standardise data and bring it back.

    A call gives (x - mean) / scale of its data; `inverse` undoes it. `Scaling.of(training)` makes one from a table; that of a task
    is `Scaling(task.input_mean, task.input_scale)`.

    Parameters
    ----------
    mean : DataArray
        Means over one dimension, which has the names of the columns as its coordinate and perhaps their units as another, `units`.
    scale : DataArray
        Standard deviations above 0, over the same columns.

    Raises
    ------
    ValueError
        If a number is not finite, if a scale is not above 0, or if the columns differ.
    TypeError
        If one of them is no DataArray over one dimension of named columns, or holds anything but real numbers.

    See Also
    --------
    rnnsim.tasks.split : Parts of a table.
    rnnsim.tasks.windows : A task of sliding windows over a table.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> table = {"rain": np.array([0.0, 2.0, 4.0, 2.0]), "sun": np.array([3.0, 1.0, 3.0, 1.0])}
    >>> training, test = rs.tasks.split(table, (0.5, 0.5))
    >>> scaling = rs.tasks.Scaling.of(training)
    >>> scaling(test)
    {'rain': array([3., 1.]), 'sun': array([ 1., -1.])}
    >>> scaling.inverse(np.array([3.0, 1.0]), "rain")
    array([4., 2.])
    """

    mean: xr.DataArray
    scale: xr.DataArray

    def __post_init__(self) -> None:
        for name, array in {"mean": self.mean, "scale": self.scale}.items():
            if not isinstance(array, xr.DataArray) or array.ndim != 1 or array.dims[0] not in array.coords:
                raise TypeError(
                    f"{name} was given as {type(array).__name__}; it needs a DataArray over one dimension of named columns"
                )
            check_real(name, array)
            if not np.isfinite(array.values).all() or (name == "scale" and not (array.values > 0).all()):
                raise ValueError(
                    f"{name} was given as {shown(array.values.tolist())}; it needs finite numbers{', above 0' * (name == 'scale')}"
                )
        if not self.mean.indexes[self.mean.dims[0]].equals(self.scale.indexes[self.scale.dims[0]]):
            raise ValueError("mean and scale were given other columns; they need the same")

    @classmethod
    def of(cls, training: Table | xr.DataArray) -> Scaling:
        """Compute the means and standard deviations of all columns.

        The standard deviations are those of the population, with n and not n-1. The scale of a constant column is 1.

        Parameters
        ----------
        training : DataFrame or Dataset or mapping or DataArray
            A table: a DataFrame, a Dataset over one dimension, a mapping of names to arrays, or a DataArray with labelled `input`
            or `output`.

        Returns
        -------
        Scaling
            The scaling of these columns.

        Raises
        ------
        ValueError
            If a column holds nan or inf, if there are no columns or rows, or if a DataArray has no labels.
        TypeError
            If `training` is no table, or if a column holds anything but real numbers.

        See Also
        --------
        rnnsim.tasks.split : Parts of a table.

        Examples
        --------
        >>> import numpy as np, rnnsim as rs
        >>> scaling = rs.tasks.Scaling.of({"rain": np.array([0.0, 2.0, 4.0])})
        >>> scaling.mean.values, scaling.scale.values.round(3)
        (array([2.]), array([1.633]))
        """
        if isinstance(training, xr.DataArray):
            dim = labelled_dimension(training)
            if dim is None:
                needed = "it needs labels for 'input' or 'output'"
                raise ValueError(f"Scaling was given a DataArray over {training.dims} without them; {needed}")
            rows = training.transpose(..., dim).values.reshape(-1, training.sizes[dim])
            training = {str(name): rows[:, i] for i, name in enumerate(training[dim].values)}
        table = numeric_columns("Scaling", training)
        columns = [column.values for column in table.values()]
        if not columns[0].size:
            raise ValueError("Scaling was given a table of no rows; it needs at least one")
        coords = {
            "column": ("column", [str(name) for name in table], {"long_name": "column", "units": "1"}),
            "units": ("column", [str(column.attrs.get("units", "1")) for column in table.values()]),
        }
        means, scales = [c.mean() for c in columns], [c.std() if np.ptp(c) else 1.0 for c in columns]
        return cls(xr.DataArray(means, coords, "column"), xr.DataArray(scales, coords, "column"))

    def __call__(self, data: Table | ArrayLike | xr.DataArray, columns: Names | None = None) -> Any:
        """Standardise data: (x - mean) / scale.

        Parameters
        ----------
        data : DataFrame or Dataset or mapping or DataArray or array_like
            A DataFrame, Dataset or mapping, all columns of which have a mean and a scale here; a DataArray over `input` or
            `output`; or any array of one column.
        columns : str or sequence of str, optional
            The names of the labels of `input` or `output`, or of the one column; by default the DataArray's own labels or name.

        Returns
        -------
        DataFrame or Dataset or dict or DataArray or ndarray
            The standardised data, of the same type.

        Raises
        ------
        ValueError
            If a column is not known here, or if an array's columns are not named.
        TypeError
            If a column holds anything but real numbers.

        See Also
        --------
        rnnsim.tasks.Scaling.inverse : The way back.

        Examples
        --------
        >>> import numpy as np, rnnsim as rs
        >>> scaling = rs.tasks.Scaling.of({"rain": np.array([0.0, 2.0, 4.0, 2.0])})
        >>> scaling(np.array([2.0]), "rain")
        array([0.])
        """
        return self._mapped(data, columns, lambda x, mean, scale: (x - mean) / scale, back=False)

    def inverse(self, data: Table | ArrayLike | xr.DataArray, columns: Names | None = None) -> Any:
        """Undo the standardisation: x · scale + mean.

        Parameters
        ----------
        data : DataFrame or Dataset or mapping or DataArray or array_like
            Standardised data of the same kinds as a call takes, such as the `output` of a run.
        columns : str or sequence of str, optional
            The names of the columns of an array, as a call takes them.

        Returns
        -------
        DataFrame or Dataset or dict or DataArray or ndarray
            The data in the units of the columns, of the same type.

        Raises
        ------
        ValueError
            If a column is not known here, or if an array's columns are not named.
        TypeError
            If a column holds anything but real numbers.

        See Also
        --------
        rnnsim.tasks.Scaling.of : Make a scaling from a table.

        Examples
        --------
        >>> import numpy as np, rnnsim as rs
        >>> scaling = rs.tasks.Scaling.of({"rain": np.array([0.0, 2.0, 4.0, 2.0])})
        >>> scaling.inverse(np.array([0.0]), "rain")
        array([2.])
        """
        return self._mapped(data, columns, lambda x, mean, scale: x * scale + mean, back=True)

    def _mapped(self, data: Any, columns: Any, function: Callable[[Any, Any, Any], Any], back: bool) -> Any:
        if isinstance(data, pd.DataFrame | xr.Dataset | Mapping):
            if columns is not None:
                raise ValueError(f"columns was given with a {type(data).__name__}, which names its own; it needs an array")
            columns = as_columns("Scaling", data)
            for name, column in columns.items():
                check_real(f"column {shown(name)} of data", column if hasattr(column, "dtype") else to_array(name, column))
            means, scales, units = self._of(columns)
            each = {
                name: self._described(function(data[name], mean, scale), data[name], [unit], back)
                for name, mean, scale, unit in zip(data, means, scales, units, strict=True)
            }
            if isinstance(data, xr.Dataset):
                return data.assign(each)
            return pd.DataFrame(each, index=data.index) if isinstance(data, pd.DataFrame) else each
        if not isinstance(data, xr.DataArray | pd.Series):
            data = to_array("data", data)
        check_real("data", data)
        if isinstance(data, xr.DataArray):
            check_dims("data", data)
        dim = next((dim for dim in LABELLED if dim in getattr(data, "dims", ())), None)
        if dim is not None and data.name == dim:
            data = data.drop_vars(dim, errors="ignore")  # xarray makes a variable `output` over `output` its own coordinate
        names = array_columns(data, dim, columns)
        means, scales, units = self._of(names)
        if dim is None or len(names) == 1:
            return self._described(function(data, means[0], scales[0]), data, units, back)
        parameters = (xr.DataArray(numbers, dims=dim) for numbers in (means, scales))
        return self._described(function(data, *parameters), data, units, back)

    def _of(self, names: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """The means, scales and units of some columns."""
        known = [str(name) for name in self.mean[self.mean.dims[0]].values]
        for name in names:
            if name not in known:
                raise ValueError(f"Scaling was given the column {shown(name)}; it needs some of {', '.join(known)}")
        places = [known.index(name) for name in names]
        units = [str(self.mean["units"].values[i]) if "units" in self.mean.coords else "1" for i in places]
        return self.mean.values[places], self.scale.values[places], units

    def _described(self, result: Any, data: Any, units: list[str], back: bool) -> Any:
        """The result with the attributes of what it was, and units: none once standardised."""
        if not isinstance(result, xr.DataArray):
            return result
        return result.assign_attrs({**data.attrs, "units": units[0] if back and len(set(units)) == 1 else "1"})


def check_real(name: str, array: Any) -> None:
    """Refuse what are no numbers."""
    real = pd.api.types.is_numeric_dtype(array.dtype) and not pd.api.types.is_complex_dtype(array.dtype)
    if isinstance(array, np.ma.MaskedArray) or not real:
        raise TypeError(f"{name} was given as {shown(array)} of type {array.dtype}; it needs real numbers")


def labelled_dimension(array: xr.DataArray) -> str | None:
    """The dimension of inputs or outputs that has names."""
    return next((dim for dim in LABELLED if dim in array.dims and dim in array.indexes), None)


def array_columns(data: Any, dim: str | None, columns: Any) -> list[str]:
    """The names of an array's columns: given, its labels, or its name."""
    own = [] if dim is None or dim not in data.indexes else [str(label) for label in data[dim].values]
    if columns is not None:
        names = list(names_given("columns", columns, none=True))
    else:
        names = own or ([str(data.name)] if dim is None and getattr(data, "name", None) is not None else [])
    needed = 1 if dim is None else data.sizes[dim]
    if len(names) != needed:
        count = f"{len(names) or 'no'} name{'s' * (len(names) != 1)} for {needed} column{'s' * (needed != 1)}"
        raise ValueError(f"Scaling was given {count}; it needs one each: give columns=…")
    return names
