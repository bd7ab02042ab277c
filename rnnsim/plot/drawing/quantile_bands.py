"""Many curves as one: their median and a band between two quantiles."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from rnnsim.plot.drawing import checks
from rnnsim.plot.drawing.arguments import Band


class Ensemble(NamedTuple):
    """The median of so many members, and the quantiles around it if there are several members and a band was asked for."""

    members: int
    middle: xr.DataArray
    band: xr.DataArray | None

    def values(self) -> np.ndarray:
        """All finite values of the lines and the bands."""
        parts = [self.middle] if self.band is None else [self.middle, self.band]
        values = np.concatenate([np.ravel(part.values) for part in parts])
        found: np.ndarray = values[np.isfinite(values)]
        return found


def ensemble(array: xr.DataArray, along: str, over: Sequence[str] | None, color: str | None, band: Band | None) -> Ensemble:
    """What the members of an array over the dimensions `over`, by default all others, have in common."""
    over = [str(dim) for dim in array.dims if dim not in (along, color)] if over is None else over
    members = math.prod(array.sizes[dim] for dim in over)
    finite = array.where(np.isfinite(array))
    if members == 1:
        middle, around = finite.squeeze(over, drop=True), None
    else:
        middle, around = _quantiles(finite, over, [0.5]), _quantiles(finite, over, list(band)) if band is not None else None
        middle = middle.isel(quantile=0, drop=True)
    checks.few_lines(middle, along)
    return Ensemble(members, middle, around)


def _quantiles(array: xr.DataArray, over: Sequence[str], at: Sequence[float]) -> xr.DataArray:
    with warnings.catch_warnings():
        # nan is the right answer where no member is finite
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return array.quantile(list(at), over, keep_attrs=True, skipna=True)
