"""The types of arguments that many public functions take, for editors and type checkers; what is checked stands in `arguments`.

Modules that use them begin with `from __future__ import annotations`, so that signatures show these names and not the unions behind them.
"""

from collections.abc import Hashable, Iterable
from os import PathLike
from typing import Any, Literal, Protocol, SupportsFloat, SupportsIndex, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

Whole: TypeAlias = int | SupportsIndex | xr.DataArray  # a whole number, NumPy's too
Real: TypeAlias = float | SupportsFloat  # a real number, NumPy's too
Flag: TypeAlias = bool | np.bool_
Hyperparameter: TypeAlias = float | SupportsFloat | xr.DataArray  # a number, an axis, or a schedule over `epoch`
Numbers: TypeAlias = ArrayLike | xr.DataArray  # a number or an array; axes as a DataArray
Seed: TypeAlias = Whole  # a whole number, or an axis of whole numbers
Inputs: TypeAlias = ArrayLike | xr.DataArray | xr.Dataset  # sequences, or a task that holds them
Names: TypeAlias = str | Iterable[Hashable]  # as xarray takes the names of variables
Location: TypeAlias = str | PathLike[str]
Bytes: TypeAlias = float | SupportsFloat | str  # bytes, or text such as "64MB"
ActivationName: TypeAlias = Literal[
    "tanh", "linear", "relu", "sigmoid", "softplus", "swish", "gelu", "elu", "hard_tanh", "threshold_linear", "power_law"
]
Init: TypeAlias = Literal["gaussian", "orthogonal", "uniform", "identity", "spectral", "sparse", "dale", "stable"]
Method: TypeAlias = Literal["nearest", "ffill", "bfill"]
LossName: TypeAlias = Literal["mse", "cross_entropy", "absolute", "huber", "poisson", "logistic"]
Metric: TypeAlias = Literal["rounded_accuracy", "accuracy"]
Precision: TypeAlias = Literal["float64", "float32"] | type[float] | type[np.floating] | np.dtype


class Client(Protocol):
    """What a `dask.distributed.Client` is taken for."""

    def submit(self, *args: Any, **options: Any) -> Any: ...
    def scatter(self, *args: Any, **options: Any) -> Any: ...
    def scheduler_info(self, *args: Any, **options: Any) -> Any: ...
