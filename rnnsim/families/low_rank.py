"""Recurrent weights of low rank: two factors, and perhaps a constant matrix beside them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Numbers
from rnnsim.checks.showing import shown
from rnnsim.families.declarations import Declaration
from rnnsim.families.parameters import parameter

FACTORS = {"m": ("unit", "rank"), "n": ("unit", "rank"), "fixed": ("unit", "unit_from")}


class LowRank:
    """Recurrent weights of low rank: w_rec = m nᵀ / units + fixed.

    A network that is given them as its `w_rec` has `m`, `n` and `fixed` as parameters. Each step takes O(units · rank) multiplications
    where there is no `fixed`, and the overlap of states and n, κ[k] = nᵀ h[k] / units, is kept as `overlap` if a verb is asked for it.

    Parameters
    ----------
    m : array_like or DataArray
        The left factor, (unit, rank): the directions in which the recurrence drives the units. As a `DataArray` it may have axes.
    n : array_like or DataArray
        The right factor, (unit, rank): the directions whose overlap with the state the recurrence reads. It may have axes, too.
    fixed : array_like or DataArray or None
        A constant matrix, (unit, unit_from), such as a random one. It has no gradient and is not trained. None is no matrix.

    Raises
    ------
    ValueError
        If shapes, sizes or names of dimensions do not fit.
    TypeError
        If a factor holds anything but real numbers.

    See Also
    --------
    rnnsim.Elman : A network that takes them; an `rs.Cell` does if one of its gates reads the state.

    References
    ----------
    .. [1] F. Mastrogiuseppe and S. Ostojic, Neuron 99, 609 (2018).

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rng = np.random.default_rng(1)
    >>> m, n = rng.normal(size=(2, 100, 1))
    >>> net = rs.Elman(np.ones((100, 1)), rs.LowRank(m, n))
    >>> rs.simulate(net, [[1.0]] * 5, keep="overlap").overlap.sizes
    Frozen({'step': 6, 'rank': 1})
    """

    def __init__(self, m: Numbers, n: Numbers, fixed: Numbers | None = None):
        given = {"m": m, "n": n} | ({} if fixed is None else {"fixed": fixed})
        self.parameters = {name: parameter(name, value, FACTORS[name]) for name, value in given.items()}
        sizes = self.parameters["m"].sizes
        for name, array in self.parameters.items():
            for dim in (dim for dim in FACTORS[name] if array.sizes[dim] != sizes["unit" if dim == "unit_from" else dim]):
                what, own = ("ranks", "rank") if dim == "rank" else ("columns" if dim == "unit_from" else "units", "unit")
                raise ValueError(
                    f"{name} has {array.sizes[dim]} {what}, but m has {sizes[own]} {own}{'s' * (sizes[own] != 1)}; they need to agree"
                )

    def __repr__(self) -> str:
        sizes, beside = self.parameters["m"].sizes, " beside a fixed matrix" if "fixed" in self.parameters else ""
        return f"<rnnsim.LowRank of rank {sizes['rank']} and {sizes['unit']} units{beside}>"


def check_gates(kind: str, declaration: Declaration) -> None:
    """Refuse factors for a cell of which not exactly one gate reads the state, or which has numbers of their names."""
    readers = declaration.labels_that_read("h")
    if len(readers) != 1:
        raise ValueError(
            f"w_rec was given as rs.LowRank, but the gates {', '.join(readers)} of a {kind} read the state; it needs a cell of which one "
            "gate does, such as rs.Elman"
        )
    taken = [name for name in FACTORS if name in declaration.dimensions]
    if taken:
        raise ValueError(
            f"w_rec was given as rs.LowRank, but {kind} has a parameter {shown(taken[0])} of its own; it needs another name"
        )


def product_of(m: np.ndarray, n: np.ndarray, fixed: np.ndarray | None) -> np.ndarray:
    """m nᵀ / units + fixed of factors (…, unit, rank), summed in the order of the ranks."""
    found = np.zeros((*m.shape[:-1], m.shape[-2]))
    for r in range(m.shape[-1]):
        found += m[..., :, None, r] * n[..., None, :, r]
    found /= m.shape[-2]
    return found if fixed is None else found + fixed


def dense(factors: list[xr.DataArray]) -> xr.DataArray:
    """w_rec in full over all axes of its factors."""
    m, n, *fixed = factors
    right = n.rename(unit="unit_from")
    found = sum((m.isel(rank=r) * right.isel(rank=r) for r in range(m.sizes["rank"])), xr.DataArray(0.0)) / m.sizes["unit"]
    return sum(fixed, found).transpose(..., "unit", "unit_from").rename("w_rec")
