"""Tasks of digits: counting ones, and the sum of a few digits."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Whole
from rnnsim.checks.arguments import SEED, check_choice, whole
from rnnsim.tasks.encodings import ENCODINGS, check_size, columns, encoded

LEGACY_SEED = 2**32 - 1


def counting(samples: Whole = 20, steps: Whole = 10, seed: Whole = 1) -> xr.Dataset:
    """Make the task of counting the ones in random binary sequences.

    The weights w_in = w_rec = 1 of a linear network count them.

    Parameters
    ----------
    samples : int, default 20
        The number of sequences, at least 1.
    steps : int, default 10
        Their length, at least 1.
    seed : int, default 1
        A whole number from 0 for NumPy's legacy generator, which is called once a sequence, as in the tutorial that the task
        comes from.

    Returns
    -------
    Dataset
        The `inputs (sample, step)`, 0 or 1, and the `targets (sample)`, their sums.

    Raises
    ------
    ValueError
        If an argument is no whole number in its range.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.tasks.sum_of_digits : The same with digits from 0 to 9.

    References
    ----------
    .. [1] P. Roelants, "Minimal RNN example".

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.tasks.counting(samples=2, steps=4, seed=1).inputs.values
    array([[0., 1., 0., 0.],
           [0., 0., 0., 0.]])
    """
    samples, steps, seed = whole("samples", samples), whole("steps", steps), whole("seed", seed, 0, LEGACY_SEED)
    check_size(2 * samples * steps, "samples or steps")
    generator = np.random.RandomState(seed)
    inputs = np.array([np.around(generator.rand(steps)) for _ in range(samples)])
    return xr.Dataset(
        {
            "inputs": (("sample", "step"), inputs, {"long_name": "digit", "units": "1"}),
            "targets": ("sample", inputs.sum(axis=1), {"long_name": "number of ones", "units": "1"}),
        },
        attrs={"title": "counting ones", "samples": samples, "steps": steps, "seed": seed},
    )


def sum_of_digits(
    samples: Whole = 10_000, digits: Whole = 3, seed: Whole = 0, encoding: Literal["integer", "one_hot", "index"] = "integer"
) -> xr.Dataset:
    """Make the task of adding a few random digits, each from 0 to 9.

    The weights w_in = w_rec = 1 of a linear network add them; those of one-hot digits are 0…9.

    Parameters
    ----------
    samples : int, default 10_000
        The number of sums, at least 1.
    digits : int, default 3
        The number of digits in each, one a step, at least 1.
    seed : int, default 0
        A whole number from 0 for NumPy's `default_rng`. One seed gives the same digits in every encoding.
    encoding : {"integer", "one_hot", "index"}
        How a digit is written. "integer" is the digit itself, for a scalar network; "one_hot" is ten inputs, 1 for the digit and 0
        for the others; "index" is a whole number, for an `rs.Embedding`.

    Returns
    -------
    Dataset
        The `inputs` and the `targets`, which are the sums. With "integer" they are `inputs (sample, step)` and `targets (sample)`;
        with "one_hot" `inputs (sample, step, input)` and `targets (sample, output)`; with "index" `inputs (sample, step)` and
        `targets (sample, output)`.

    Raises
    ------
    ValueError
        If a number is not whole or out of its range, or if the encoding is unknown.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.tasks.counting : The same with binary digits.
    rnnsim.Embedding : A table that reads whole numbers.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.sum_of_digits(samples=2, seed=1)
    >>> task.inputs.values
    array([[4., 5., 7.],
           [9., 0., 1.]])
    >>> task.targets.values
    array([16., 10.])
    """
    samples, digits, seed = whole("samples", samples), whole("digits", digits), whole("seed", seed, 0, SEED)
    check_choice("encoding", encoding, ("integer", *ENCODINGS))
    check_size(samples * digits * columns(10, "index" if encoding == "integer" else encoding), "samples or digits")
    drawn = np.random.default_rng(seed).integers(0, 10, (samples, digits))
    attrs = {"long_name": "sum of the digits", "units": "1"}
    sums = xr.DataArray(drawn.sum(axis=1).astype(float), dims="sample", attrs=attrs)
    if encoding == "integer":
        inputs = encoded(drawn, range(10), "index", "digit").astype(float)
    else:
        inputs, sums = encoded(drawn, range(10), encoding, "digit"), sums.expand_dims("output", axis=1)
    given = {"samples": samples, "digits": digits, "seed": seed, "encoding": encoding}
    return xr.Dataset({"inputs": inputs, "targets": sums}, attrs={"title": "sum of digits", **given})
