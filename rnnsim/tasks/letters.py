"""Tasks of letters."""

from __future__ import annotations

import string

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import check_choice
from rnnsim.checks.showing import shown
from rnnsim.tasks.encodings import ENCODINGS, Encoding, check_size, columns, encoded


def next_letter(encoding: Encoding = "one_hot", letters: str = string.ascii_lowercase) -> xr.Dataset:
    """Make the task of saying the alphabet: from each letter but the last, tell the next one.

    It is for the loss "cross_entropy".

    Parameters
    ----------
    encoding : {"one_hot", "index"}
        How a letter is written: as an input for each letter, or as a whole number, for an `rs.Embedding`.
    letters : str, default "abcdefghijklmnopqrstuvwxyz"
        The alphabet, each letter once; at least two of them.

    Returns
    -------
    Dataset
        One sequence of n-1 steps for n letters: `inputs (step, input)`, whose `input` is labelled by letters, or `inputs (step)`,
        the letters' numbers; and `targets (step)`, the number of the letter that follows.

    Raises
    ------
    ValueError
        If there are too few letters, if one stands twice, or if the encoding is unknown.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.Embedding : A table that reads whole numbers.

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.next_letter("index", letters="abcd")
    >>> task.inputs.values, task.targets.values
    (array([0, 1, 2]), array([1, 2, 3]))
    """
    check_choice("encoding", encoding, ENCODINGS)
    if not isinstance(letters, str) or len(letters) < 2 or len(set(letters)) < len(letters):
        raise ValueError(f"letters was given as {shown(letters)}; it needs a text of two letters or more, each of them once")
    check_size(len(letters) * columns(len(letters), encoding), "letters")
    numbers = np.arange(len(letters))
    attrs = {"long_name": "number of the next letter", "units": "1"}
    return xr.Dataset(
        {"inputs": encoded(numbers[:-1], list(letters), encoding, "letter"), "targets": ("step", numbers[1:], attrs)},
        attrs={"title": "next letter", "encoding": encoding, "letters": letters},
    )
