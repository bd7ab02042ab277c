"""Seeds: whole numbers, over axes or not."""

from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import SEED, whole
from rnnsim.checks.showing import shown
from rnnsim.families.parameters import check_own


def check_seed(name: str, seed: Any, other: str = ", or an axis of them") -> xr.DataArray:
    """Whole numbers from 0 on; `other` says in messages what they may be besides."""
    if not (isinstance(seed, xr.DataArray) and seed.ndim):
        return xr.DataArray(whole(name, seed, 0, SEED, other=other))
    if seed.dtype.kind not in "iu" or (seed.values < 0).any() or (seed.values > SEED).any():
        raise ValueError(f"{name} was given as {shown(seed)}; it needs a whole number of 0 or more{other}")
    check_own(name, seed)
    return seed.astype(np.int64)
