"""Dale's law: a unit excites all that it reaches, or inhibits all."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Flag, Real, Whole
from rnnsim.checks.arguments import flag, whole
from rnnsim.families.random.initializers import checked_excitatory, excitatory_units


def dale(units: Whole, excitatory: Real = 0.8, *, self_connections: Flag = True) -> tuple[xr.DataArray, xr.DataArray]:
    """Make the bounds of recurrent weights that obey Dale's law, for `rs.train(…, bounds={"w_rec": rs.dale(units)})`.

    Weights from excitatory units are 0 or more, those from inhibitory ones 0 or less. Excitatory units come first, as in random families
    of `init="dale"`, which start within these bounds. Training networks in this way comes from [1]_.

    Parameters
    ----------
    units : int
        The number of units, at least 2.
    excitatory : float, default 0.8
        The share of excitatory units, in (0, 1), to the nearest whole number of units that leaves one of each kind at least.
    self_connections : bool, default True
        Whether a unit may reach itself. If not, the diagonal is bound to 0.

    Returns
    -------
    tuple of DataArray
        The lower and the upper bound, over (unit_from), or over (unit, unit_from) without self-connections.

    Raises
    ------
    ValueError
        If a number is out of its range.
    TypeError
        If `self_connections` is neither True nor False.

    See Also
    --------
    rnnsim.train : What takes bounds.
    rnnsim.Elman.random : Random families, of `init="dale"` too.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang and X.-J. Wang, PLOS Comput. Biol. 12, e1004792 (2016).

    Examples
    --------
    >>> import rnnsim as rs
    >>> low, high = rs.dale(5)
    >>> low.values, high.values
    (array([  0.,   0.,   0.,   0., -inf]), array([inf, inf, inf, inf,  0.]))
    """
    units, connected = whole("units", units, 2), flag("self_connections", self_connections)
    exciting = np.arange(units) < excitatory_units(units, checked_excitatory(excitatory, units))
    ends = np.where(exciting, 0.0, -np.inf), np.where(exciting, np.inf, 0.0)
    if connected:
        low, high = (xr.DataArray(end, dims="unit_from") for end in ends)
        return low, high
    low, high = (xr.DataArray(np.where(np.eye(units, dtype=bool), 0.0, end), dims=("unit", "unit_from")) for end in ends)
    return low, high
