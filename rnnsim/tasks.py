"""The problems that networks are given: Datasets with `inputs` and `targets`."""

import numpy as np
import xarray as xr


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

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.tasks.counting(samples=2, steps=4, seed=1).inputs.values
    array([[0., 1., 0., 0.],
           [0., 0., 0., 0.]])
    """
    for name, value in {"samples": samples, "steps": steps}.items():
        if not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} was given as {value!r}; it needs a whole number of 1 or more")
    generator = np.random.RandomState(seed)
    inputs = np.array([np.around(generator.rand(steps)) for _ in range(samples)])
    return xr.Dataset(
        {
            "inputs": (("sample", "step"), inputs, {"long_name": "digit", "units": "1"}),
            "targets": ("sample", inputs.sum(axis=1), {"long_name": "number of ones", "units": "1"}),
        },
        attrs={"title": "counting ones", "samples": samples, "steps": steps, "seed": seed},
    )
