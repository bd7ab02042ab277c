"""Schedules: a number that changes from epoch to epoch, as an array over `epoch`. Any such array is one; these are the usual ones.

The first value is that of epoch 1, the first that moves; the last one holds for all epochs after it.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import whole
from rnnsim.checks.memory_limits import check_room
from rnnsim.checks.showing import shown
from rnnsim.verbs.training.optimizers import numbers

__all__ = ["constant_by_part", "cosine", "exponential", "linear"]


def constant_by_part(start: Any, every: int, factor: Any, epochs: int) -> xr.DataArray:
    """start · factorⁱ in the i-th `every` epochs, i from 0 on. As `torch.optim.lr_scheduler.StepLR`.

    Parameters
    ----------
    start, factor : numbers or axes.
    every, epochs : whole numbers.

    Returns
    -------
    A DataArray over (axes…, epoch).

    Raises
    ------
    ValueError, TypeError : what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.constant_by_part(0.1, 2, 0.5, epochs=5).values
    array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    """
    length, factors = whole("every", every), as_array("factor", factor)
    return over_epochs(start, factors, whole("epochs", epochs), lambda epoch: factors ** (epoch // length))


def exponential(start: Any, factor: Any, epochs: int) -> xr.DataArray:
    """start · factorᵉ, e = 0, 1, …. As `torch.optim.lr_scheduler.ExponentialLR`.

    Parameters
    ----------
    start, factor : numbers or axes.
    epochs : a whole number.

    Returns
    -------
    A DataArray over (axes…, epoch).

    Raises
    ------
    ValueError, TypeError : what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.exponential(rs.axis("lr", [0.1, 1.0]), 0.5, epochs=3).values
    array([[0.1  , 0.05 , 0.025],
           [1.   , 0.5  , 0.25 ]])
    """
    factors = as_array("factor", factor)
    return over_epochs(start, factors, whole("epochs", epochs), lambda epoch: factors**epoch)


def linear(start: Any, end: Any, epochs: int) -> xr.DataArray:
    """From start to end on a straight line: start at the first, end at the last of the epochs.

    Parameters
    ----------
    start, end : numbers or axes.
    epochs : a whole number, 2 or more.

    Returns
    -------
    A DataArray over (axes…, epoch).

    Raises
    ------
    ValueError, TypeError : what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.linear(1.0, 0.0, epochs=5).values
    array([1.  , 0.75, 0.5 , 0.25, 0.  ])
    """
    return between(start, end, epochs, lambda share: 1.0 - share)


def cosine(start: Any, end: Any, epochs: int) -> xr.DataArray:
    """From start to end on half a period of a cosine (Loshchilov and Hutter 2017). As `torch.optim.lr_scheduler.CosineAnnealingLR`, whose
    `T_max` is `epochs - 1`.

    Parameters
    ----------
    start, end : numbers or axes.
    epochs : a whole number, 2 or more.

    Returns
    -------
    A DataArray over (axes…, epoch).

    Raises
    ------
    ValueError, TypeError : what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.cosine(1.0, 0.0, epochs=3).values
    array([1. , 0.5, 0. ])
    """
    return between(start, end, epochs, lambda share: 0.5 * (1.0 + np.cos(np.pi * share)))


def as_array(name: str, value: Any) -> xr.DataArray:
    """Numbers of 0 or more as an array over their axes."""
    array = xr.DataArray(numbers(name, value, 0.0)).astype(np.float64)
    if "epoch" in array.dims:
        raise ValueError(f"{name} was given {shown(value)}; it needs a number or an axis, which the schedule moves over epochs")
    return array


def over_epochs(start: Any, factors: xr.DataArray, epochs: int, factor_at: Callable[[xr.DataArray], xr.DataArray]) -> xr.DataArray:
    """A start multiplied by a factor of each epoch."""
    first = as_array("start", start)
    check_epochs(epochs, first, factors)
    return (first * factor_at(xr.DataArray(np.arange(epochs), dims="epoch"))).transpose(..., "epoch")


def check_epochs(epochs: int, *arrays: xr.DataArray) -> None:
    """Refuse more epochs than memory has room for, at all points of some arrays; a schedule, its factor and the epochs."""
    sizes = {dim: size for array in arrays for dim, size in array.sizes.items()}
    check_room(3 * epochs * prod(sizes.values()), instead="it needs fewer epochs")


def between(start: Any, end: Any, epochs: int, share_of_start: Callable[[Any], Any]) -> xr.DataArray:
    """From one value to another."""
    count = whole("epochs", epochs, 2)
    first, last = as_array("start", start), as_array("end", end)
    check_epochs(count, first, last)
    share = share_of_start(xr.DataArray(np.arange(count) / (count - 1), dims="epoch"))
    return (last + (first - last) * share).transpose(..., "epoch")
