"""Tasks of which every epoch of training has trials of its own."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Whole
from rnnsim.checks.arguments import COUNT, SEED, alone, whole
from rnnsim.checks.fresh_trials import FreshTrials
from rnnsim.checks.function_hashes import function_hash, plain
from rnnsim.checks.showing import kind_of, shown

STREAM = crc32(b"trials")


class Fresh(FreshTrials):
    """A task that draws fresh trials for every epoch of training, for `rs.train` in place of inputs and targets.

    Epoch e has the trials that the function makes of a seed which depends on `seed` and e alone. So the same call trains on the same
    trials, also if it goes on from another run or is a part of a sweep.

    Parameters
    ----------
    function : callable
        What makes trials: a task of `rs.tasks`, or a function of your own, that takes `seed` by name and returns a Dataset with
        `inputs`, `targets` and perhaps their `weight`. Their dimensions and sizes are the same for every seed.
    seed : int, default 0
        A whole number from 0, of which the seeds of all epochs are made.
    **options : Any
        What the function takes besides: numbers, text, arrays of NumPy, functions, and lists and dictionaries of them.

    Raises
    ------
    ValueError
        If the seed is no whole number in its range.
    TypeError
        If `function` is no function, takes no seed, or does not take one of the options.

    See Also
    --------
    rnnsim.train : What takes the task.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.Fresh(rs.tasks.counting, samples=8, steps=5)
    >>> net = rs.Elman(w_in=0.9, w_rec=0.9, activation="linear")
    >>> run = rs.train(net, task, optimizer=rs.SGD(0.01), epochs=200)
    >>> bool(run.cost[-1] < run.cost[0])
    True
    >>> task.trials(3).inputs.equals(task.trials(4).inputs)
    False
    """

    def __init__(self, function: Callable[..., xr.Dataset], *, seed: Whole = 0, **options: Any):
        if not inspect.isfunction(function):
            raise TypeError(f"function was given {shown(function)}; it needs a function that takes seed, such as rs.tasks.counting")
        self.function, self.seed, self.options = function, whole("seed", seed, 0, SEED), options
        try:
            inspect.signature(function).bind(seed=0, **options)
        except TypeError:
            raise TypeError(refusal(function, options)) from None
        self._told = {name: told(name, value) for name, value in options.items()}

    @property
    def described(self) -> str:
        """All that decides the trials, as text that is the same in every process."""
        return json.dumps({"function": name_of(self.function), "seed": self.seed, "options": self._told}, sort_keys=True)

    def trials(self, epoch: Whole) -> xr.Dataset:
        """Draw the trials of an epoch.

        Parameters
        ----------
        epoch : int
            The epoch, a whole number from 0.

        Returns
        -------
        Dataset
            What the function returns for the epoch's seed.

        Raises
        ------
        ValueError
            If the epoch is no whole number in its range.
        TypeError
            If the function does not return a Dataset with `inputs` and `targets`.

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.tasks.Fresh(rs.tasks.counting, samples=2, steps=4).trials(0).inputs.shape
        (2, 4)
        """
        words = np.random.SeedSequence(self.seed, spawn_key=(STREAM, whole("epoch", epoch, 0, COUNT))).generate_state(1)
        found = self.function(seed=int(words[0]), **self.options)
        if not isinstance(found, xr.Dataset):
            raise TypeError(f"function returned {kind_of(found)}; it needs to return a Dataset with inputs and targets")
        for name in ("inputs", "targets"):
            if name not in found.variables:
                raise TypeError(f"function returned a Dataset without {name}; it needs to return one with inputs and targets")
        return found

    def __repr__(self) -> str:
        options = "".join(f", {name}={shown(value)}" for name, value in self.options.items())
        return f"rs.tasks.Fresh({self.function.__qualname__}{options}, seed={self.seed})"


def refusal(function: Callable[..., Any], options: dict[str, Any]) -> str:
    """Why a function cannot be called with a seed and these options."""
    known = inspect.signature(function).parameters
    name = function.__name__
    for option in ("seed", *options):
        if option not in known:
            return f"function was given the function {name}, which takes no {option}; it needs some of {', '.join(known) or 'none'}"
    lacking = [one for one, what in known.items() if what.default is what.empty and one not in (*options, "seed")]
    return f"function was given the function {name} without {', '.join(lacking)}; it needs all that have no default"


def name_of(function: Callable[..., Any]) -> str:
    """A function's name, and a hash of what it does if it is not the package's own."""
    own = function.__module__.startswith("rnnsim.")
    return f"rs.{function.__qualname__}" if own else f"{function.__qualname__} {function_hash(function)}"


def told(name: str, value: Any) -> Any:
    """An option as text or numbers that tell it from all others."""
    if alone(value, "biufU"):
        value = value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple | list):
        return [told(name, item) for item in value]
    if isinstance(value, dict):
        return {str(key): told(name, item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return plain(value)
    if inspect.isfunction(value):
        return name_of(value)
    raise TypeError(
        f"{name} was given {kind_of(value)}; it needs numbers, text, arrays or functions, by which trials can be told apart"
    )
