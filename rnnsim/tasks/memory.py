"""Tasks of memory: what was said long ago is asked for now."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Real, Whole
from rnnsim.checks.arguments import SEED, check_choice, number, whole
from rnnsim.tasks.encodings import ENCODINGS, Encoding, check_size, columns, encoded

AS_TEXT = 8  # numbers that take as much room as a label of a few digits


def adding(samples: Whole = 1000, steps: Whole = 50, seed: Whole = 0) -> xr.Dataset:
    """Make the adding problem: add the two marked ones of many numbers.

    The problem is Hochreiter and Schmidhuber's [1]_; the form is that of [2]_ and [3]_: numbers in [0, 1] and plain sums. To
    answer 1 always costs 1/6.

    Parameters
    ----------
    samples : int, default 1000
        The number of sequences, at least 1.
    steps : int, default 50
        Their length, at least 2.
    seed : int, default 0
        A whole number from 0 for NumPy's `default_rng`.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)`, where the input `value` is uniform in [0, 1] and `marker` is 1 at one of the first
        steps//2 steps and at one of the others, 0 elsewhere; and the `targets (sample, output)`, the sum of the two marked
        values.

    Raises
    ------
    ValueError
        If an argument is no whole number in its range.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.tasks.delayed_recall : Another task of memory.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1735 (1997).
    .. [2] Q. V. Le, N. Jaitly and G. E. Hinton, arXiv:1504.00941 (2015).
    .. [3] M. Arjovsky, A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.adding(samples=1, steps=4, seed=1)
    >>> task.inputs.sel(input="marker").values
    array([[1., 0., 1., 0.]])
    """
    samples, steps, seed = whole("samples", samples), whole("steps", steps, 2), whole("seed", seed, 0, SEED)
    check_size(4 * samples * steps, "samples or steps")
    rng = np.random.default_rng(seed)
    values, markers = rng.random((samples, steps)), np.zeros((samples, steps))
    for first, last in ((0, steps // 2), (steps // 2, steps)):
        markers[np.arange(samples), rng.integers(first, last, samples)] = 1.0
    sums = (values * markers).sum(axis=1, keepdims=True)
    labels = ("input", ["value", "marker"], {"long_name": "kind of input", "units": "1"})
    return xr.Dataset(
        {
            "inputs": (("sample", "step", "input"), np.stack([values, markers], axis=-1), {"long_name": "input", "units": "1"}),
            "targets": (("sample", "output"), sums, {"long_name": "sum of the two marked values", "units": "1"}),
        },
        {"input": labels},
        {"title": "adding problem", "samples": samples, "steps": steps, "seed": seed},
    )


def delayed_recall(
    samples: Whole = 1000,
    symbols: Whole = 8,
    length: Whole = 1,
    delay: Whole = 20,
    seed: Whole = 0,
    encoding: Encoding = "one_hot",
) -> xr.Dataset:
    """Make the copy task: say a few symbols again after a delay.

    A sequence has length + delay + 1 + length steps. Its inputs are `length` random symbols, `delay` blanks, one cue, and
    `length` blanks, during which the symbols are to be said in their order. Each is due length + delay + 1 steps after it was
    heard. The task comes from [1]_ and [2]_.

    Parameters
    ----------
    samples : int, default 1000
        The number of sequences, at least 1.
    symbols : int, default 8
        How many symbols there are, numbered from 0. As inputs, the number `symbols` is the blank and `symbols` + 1 the cue.
    length : int, default 1
        The number of symbols to be said, at least 1.
    delay : int, default 20
        The number of blanks before the cue, which may be 0.
    seed : int, default 0
        A whole number from 0 for NumPy's `default_rng`. One seed gives the same symbols in every encoding.
    encoding : {"one_hot", "index"}
        How a symbol is written: as `symbols` + 2 inputs, or as a whole number, for an `rs.Embedding` of `symbols` + 2 rows.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)`, labelled by symbols, blank and cue, or `inputs (sample, step)`; and the `targets
        (sample, step)` for the loss "cross_entropy": the symbols in the last `length` steps and -1, which does not count,
        before.

    Raises
    ------
    ValueError
        If a number is not whole or out of its range, or if the encoding is unknown.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.tasks.adding : Another task of memory.
    rnnsim.Embedding : A table that reads whole numbers.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1735 (1997).
    .. [2] M. Arjovsky, A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.delayed_recall(samples=1, length=2, delay=3, seed=1, encoding="index")
    >>> task.inputs.values
    array([[3, 4, 8, 8, 8, 9, 8, 8]])
    >>> task.targets.values
    array([[-1, -1, -1, -1, -1, -1,  3,  4]])
    """
    samples, symbols, length = whole("samples", samples), whole("symbols", symbols), whole("length", length)
    delay, seed = whole("delay", delay, 0), whole("seed", seed, 0, SEED)
    check_choice("encoding", encoding, ENCODINGS)
    sequences = samples * (2 * length + delay + 1)
    check_size(symbols * AS_TEXT + sequences * columns(symbols + 2, encoding), "samples, symbols, or steps of length and delay")
    blank, cue = symbols, symbols + 1
    said = np.random.default_rng(seed).integers(0, symbols, (samples, length))
    heard = np.full((samples, length + delay + 1 + length), blank)
    heard[:, :length], heard[:, length + delay] = said, cue
    due = np.full_like(heard, -1)
    due[:, -length:] = said
    labels = [*map(str, range(symbols)), "blank", "cue"]
    given = {"samples": samples, "symbols": symbols, "length": length, "delay": delay, "seed": seed, "encoding": encoding}
    return xr.Dataset(
        {
            "inputs": encoded(heard, labels, encoding, "symbol"),
            "targets": (("sample", "step"), due, {"long_name": "symbol to be said, -1 for none", "units": "1"}),
        },
        attrs={"title": "delayed recall", **given},
    )


def flip_flop(samples: Whole = 100, steps: Whole = 100, bits: Whole = 3, probability: Real = 0.05, seed: Whole = 0) -> xr.Dataset:
    """Make the task of flip-flops: hold the sign of the last pulse of each bit.

    Parameters
    ----------
    samples : int, default 100
        The number of sequences, at least 1.
    steps : int, default 100
        Their length, at least 1.
    bits : int, default 3
        The number of independent flip-flops, at least 1.
    probability : float, default 0.05
        The probability of a pulse, for each bit at each step, in (0, 1]. Pulses are +1 or -1, each with probability one half.
    seed : int, default 0
        A whole number from 0 for NumPy's `default_rng`.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)`, pulses of -1 and +1 among zeros, an input for each bit; and the `targets (sample,
        step, output)`: the last pulse of the bit, that of the same step included, and nan, which does not count, before its
        first.

    Raises
    ------
    ValueError
        If a number is out of its range.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.tasks.delayed_recall : Another task of memory.

    References
    ----------
    .. [1] D. Sussillo and O. Barak, Neural Computation 25, 626 (2013).

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.flip_flop(samples=1, steps=8, bits=1, probability=0.4, seed=1)
    >>> task.inputs.values[0, :, 0]
    array([ 0.,  0., -1.,  0.,  1.,  0.,  0.,  0.])
    >>> task.targets.values[0, :, 0]
    array([nan, nan, -1., -1.,  1.,  1.,  1.,  1.])
    """
    samples, steps, bits = whole("samples", samples), whole("steps", steps), whole("bits", bits)
    probability, seed = number("probability", probability, above=0, most=1), whole("seed", seed, 0, SEED)
    check_size(6 * samples * steps * bits, "samples, steps or bits")
    rng = np.random.default_rng(seed)
    shape = (samples, steps, bits)
    pulses = np.where(rng.random(shape) < probability, rng.choice([-1.0, 1.0], shape), 0.0)
    last = np.maximum.accumulate(np.where(pulses != 0, np.arange(steps)[:, None], -1), axis=1)
    held = np.where(last < 0, np.nan, np.take_along_axis(pulses, np.maximum(last, 0), axis=1))
    given = {"samples": samples, "steps": steps, "bits": bits, "probability": probability, "seed": seed}
    return xr.Dataset(
        {
            "inputs": (("sample", "step", "input"), pulses, {"long_name": "pulse", "units": "1"}),
            "targets": (("sample", "step", "output"), held, {"long_name": "sign of the last pulse", "units": "1"}),
        },
        attrs={"title": "flip-flops", **given},
    )
