"""Schedules: a number that changes from epoch to epoch, as an array over `epoch`. Any such array is one; these are the usual ones.

The first value is that of epoch 1, the first that moves; the last one holds for all epochs after it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Hyperparameter, Whole
from rnnsim.checks.arguments import whole
from rnnsim.checks.memory_limits import check_room
from rnnsim.checks.showing import shown
from rnnsim.verbs.training.optimizers import numbers

__all__ = ["constant_by_part", "cosine", "exponential", "linear"]


def constant_by_part(start: Hyperparameter, every: Whole, factor: Hyperparameter, epochs: Whole) -> xr.DataArray:
    """Multiply a number by a factor every so many epochs, as `torch.optim.lr_scheduler.StepLR`.

    The schedule is start · factorⁱ in the i-th part of `every` epochs, where i counts from 0.

    Parameters
    ----------
    start : float or DataArray
        The first value, 0 or more: a number or an axis.
    every : int
        The epochs of a part.
    factor : float or DataArray
        The ratio of the values of neighbouring parts, 0 or more: a number or an axis.
    epochs : int
        The length of the schedule.

    Returns
    -------
    DataArray
        The values, over (axes…, epoch).

    Raises
    ------
    ValueError
        If `start` or `factor` is negative, not finite, or over `epoch`, or if a count is not a whole number of 1 or more.
    TypeError
        If `start` or `factor` is not a real number or an array of them.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.schedules.exponential : A factor for every epoch.
    rnnsim.train : What takes schedules, as numbers of an optimizer.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.constant_by_part(0.1, 2, 0.5, epochs=5).values
    array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    """
    length, factors = whole("every", every), as_array("factor", factor)
    return over_epochs(start, factors, whole("epochs", epochs), lambda epoch: factors ** (epoch // length))


def exponential(start: Hyperparameter, factor: Hyperparameter, epochs: Whole) -> xr.DataArray:
    """Multiply a number by a factor every epoch, as `torch.optim.lr_scheduler.ExponentialLR`.

    The schedule is start · factorᵉ, e = 0, 1, ….

    Parameters
    ----------
    start : float or DataArray
        The first value, 0 or more: a number or an axis.
    factor : float or DataArray
        The ratio of the values of neighbouring epochs, 0 or more: a number or an axis.
    epochs : int
        The length of the schedule.

    Returns
    -------
    DataArray
        The values, over (axes…, epoch).

    Raises
    ------
    ValueError
        If `start` or `factor` is negative, not finite, or over `epoch`, or if `epochs` is not a whole number of 1 or more.
    TypeError
        If `start` or `factor` is not a real number or an array of them.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.schedules.constant_by_part : A factor for every so many epochs.
    rnnsim.train : What takes schedules, as numbers of an optimizer.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.exponential(rs.axis("lr", [0.1, 1.0]), 0.5, epochs=3).values
    array([[0.1  , 0.05 , 0.025],
           [1.   , 0.5  , 0.25 ]])
    """
    factors = as_array("factor", factor)
    return over_epochs(start, factors, whole("epochs", epochs), lambda epoch: factors**epoch)


def linear(start: Hyperparameter, end: Hyperparameter, epochs: Whole) -> xr.DataArray:
    """Go from one number to another on a straight line.

    Parameters
    ----------
    start : float or DataArray
        The value in the first epoch, 0 or more: a number or an axis.
    end : float or DataArray
        The value in the last epoch, 0 or more: a number or an axis.
    epochs : int
        The length of the schedule, 2 or more.

    Returns
    -------
    DataArray
        The values, over (axes…, epoch).

    Raises
    ------
    ValueError
        If `start` or `end` is negative, not finite, or over `epoch`, or if `epochs` is not a whole number of 2 or more.
    TypeError
        If `start` or `end` is not a real number or an array of them.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.schedules.cosine : The same on half a period of a cosine.
    rnnsim.train : What takes schedules, as numbers of an optimizer.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.schedules.linear(1.0, 0.0, epochs=5).values
    array([1.  , 0.75, 0.5 , 0.25, 0.  ])
    """
    return between(start, end, epochs, lambda share: 1.0 - share)


def cosine(start: Hyperparameter, end: Hyperparameter, epochs: Whole) -> xr.DataArray:
    """Go from one number to another on half a period of a cosine [1]_.

    It is that of `torch.optim.lr_scheduler.CosineAnnealingLR`, whose `T_max` is `epochs - 1`.

    Parameters
    ----------
    start : float or DataArray
        The value in the first epoch, 0 or more: a number or an axis.
    end : float or DataArray
        The value in the last epoch, 0 or more: a number or an axis.
    epochs : int
        The length of the schedule, 2 or more.

    Returns
    -------
    DataArray
        The values, over (axes…, epoch).

    Raises
    ------
    ValueError
        If `start` or `end` is negative, not finite, or over `epoch`, or if `epochs` is not a whole number of 2 or more.
    TypeError
        If `start` or `end` is not a real number or an array of them.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.schedules.linear : The same on a straight line.
    rnnsim.train : What takes schedules, as numbers of an optimizer.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017.

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


def between(start: Any, end: Any, epochs: Any, share_of_start: Callable[[Any], Any]) -> xr.DataArray:
    """From one value to another."""
    count = whole("epochs", epochs, 2)
    first, last = as_array("start", start), as_array("end", end)
    check_epochs(count, first, last)
    share = share_of_start(xr.DataArray(np.arange(count) / (count - 1), dims="epoch"))
    schedule: xr.DataArray = (last + (first - last) * share).transpose(..., "epoch")
    return schedule
