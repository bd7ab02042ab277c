"""Tasks of digits: counting ones, and the sum of a few digits."""

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import SEED, check_choice, whole
from rnnsim.tasks.encodings import ENCODINGS, check_size, columns, encoded

LEGACY_SEED = 2**32 - 1


def counting(samples: int = 20, steps: int = 10, seed: int = 1) -> xr.Dataset:
    """Count the ones in random binary sequences; the weights w_in = w_rec = 1 of a linear network do.

    Parameters
    ----------
    samples, steps : the number of sequences and their length.
    seed : of NumPy's legacy generator, one call a sequence, as in the tutorial that the task comes from
        (Roelants, "Minimal RNN example").

    Returns
    -------
    A Dataset with `inputs (sample, step)`, 0 or 1, and `targets (sample)`, their sums.

    Raises
    ------
    ValueError : numbers of sequences or steps that are not whole, or below 1.

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


def sum_of_digits(samples: int = 10_000, digits: int = 3, seed: int = 0, encoding: str = "integer") -> xr.Dataset:
    """Add a few random digits, each 0…9; w_in = w_rec = 1 of a linear network do, or the weights 0…9 of one-hot digits.

    Parameters
    ----------
    samples, digits : the number of sums, and of digits in each, one a step.
    seed : of NumPy's `default_rng`; one seed gives the same digits in every encoding.
    encoding : "integer": the digits themselves, for a scalar network; "one_hot": ten inputs, 1 for the digit and 0 for the others;
        "index": whole numbers, for an `rs.Embedding`.

    Returns
    -------
    A Dataset with `inputs` and `targets`, the sums. integer: `inputs (sample, step)` and `targets (sample)`; one_hot:
    `inputs (sample, step, input)` and `targets (sample, output)`; index: `inputs (sample, step)` and `targets (sample, output)`.

    Raises
    ------
    ValueError : numbers that are not whole or too small, or another encoding.

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
