"""Tasks of decisions: say what a noisy stimulus was, when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Real, Whole
from rnnsim.checks.arguments import SEED, number, whole
from rnnsim.checks.showing import shown
from rnnsim.tasks.encodings import check_size

HIGH, LOW = 1.0, 0.2  # of an output that is chosen, and of one that is not
CONTRAST = 3.2  # of inputs, for a coherence of 1
EPOCHS = ("fixation", "stimulus", "decision")


def perceptual_decision(
    samples: Whole = 1000,
    coherences: Sequence[Real] = (0.01, 0.02, 0.04, 0.08, 0.16),
    fixation: Whole = 5,
    stimulus: Whole = 40,
    decision: Whole = 15,
    noise: Real = 0.1,
    catch: Real = 0.1,
    seed: Whole = 0,
) -> xr.Dataset:
    """Make the task of perceptual decisions: tell which of two noisy inputs was the stronger one.

    During the stimulus the input of the right choice is (1 + 3.2 c) / 2 and the other one (1 - 3.2 c) / 2, with the coherence c; before
    and after both are 0, and normal noise is added at every step. The outputs are to be 0.2 during fixation, and during the decision
    1 for the choice and 0.2 for the other; in between they may be anything. In catch trials there is no stimulus, and both outputs
    are to stay at 0.2 throughout. The task is that of [1]_, after the experiment of [2]_; with steps of 20 ms the epochs are theirs.

    Parameters
    ----------
    samples : int, default 1000
        The number of trials, at least 1.
    coherences : sequence of float, default (0.01, 0.02, 0.04, 0.08, 0.16)
        The coherences, in [0, 1], of which every trial has one at random. At 0, one of the choices is called right at random.
    fixation : int, default 5
        The steps before the stimulus, which may be 0.
    stimulus : int, default 40
        The steps of the stimulus, at least 1.
    decision : int, default 15
        The steps after the stimulus, at least 1.
    noise : float, default 0.1
        The standard deviation of the noise of each input at each step, 0 or more.
    catch : float, default 0.1
        The probability of a catch trial, from 0 up to 1.
    seed : int, default 0
        A whole number from 0 for NumPy's `default_rng`.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)` and the `targets (sample, step, output)`, labelled `left` and `right`; the `weight (sample,
        step)` of the targets, 0 during the stimulus of a trial that is no catch trial and 1 elsewhere, which `rs.backprop` and
        `rs.train` take; and of every trial its `choice (sample)`, 0 for left, 1 for right, and its `coherence (sample)`, positive for
        right and negative for left: -1 and nan in catch trials.

    Raises
    ------
    ValueError
        If a number is out of its range, or if there are no coherences.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.train : What takes the task, weights and all.
    rnnsim.dale : Bounds for excitatory and inhibitory units.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang and X.-J. Wang, PLOS Comput. Biol. 12, e1004792 (2016).
    .. [2] J. D. Roitman and M. N. Shadlen, J. Neurosci. 22, 9475 (2002).

    Examples
    --------
    >>> import rnnsim as rs
    >>> task = rs.tasks.perceptual_decision(samples=1, fixation=1, stimulus=2, decision=1, noise=0.0, catch=0.0, seed=2)
    >>> task.inputs.values[0].round(3)
    array([[0.   , 0.   ],
           [0.756, 0.244],
           [0.756, 0.244],
           [0.   , 0.   ]])
    >>> task.targets.values[0, -1], task.weight.values[0]
    (array([1. , 0.2]), array([1., 0., 0., 1.]))
    """
    samples, seed = whole("samples", samples), whole("seed", seed, 0, SEED)
    lengths = whole("fixation", fixation, 0), whole("stimulus", stimulus), whole("decision", decision)
    noise, catch = number("noise", noise, least=0), number("catch", catch, least=0, most=1)
    known = checked_coherences(coherences)
    steps = sum(lengths)
    check_size(9 * samples * steps, "samples or steps")
    rng = np.random.default_rng(seed)
    sizes, choices = rng.choice(known, samples), rng.integers(0, 2, samples)
    caught = rng.random(samples) < catch
    epoch = np.repeat(np.arange(len(EPOCHS)), lengths)
    signs = np.where(np.arange(2) == choices[:, None], 1.0, -1.0)
    strengths = np.where(caught[:, None], 0.0, (1.0 + CONTRAST * sizes[:, None] * signs) / 2.0)
    inputs = strengths[:, None] * (epoch == 1)[:, None] + noise * rng.standard_normal((samples, steps, 2))
    chosen = (signs > 0.0)[:, None] & (epoch == 2)[:, None] & ~caught[:, None, None]
    weight = np.where(caught[:, None] | (epoch != 1), 1.0, 0.0)
    labels = {name: (name, ["left", "right"], {"long_name": "side", "units": "1"}) for name in ("input", "output")}
    trials = {
        "choice": (np.where(caught, -1, choices), "right choice, 0 for left, 1 for right, -1 for none"),
        "coherence": (np.where(caught, np.nan, np.where(choices == 1, sizes, -sizes)), "coherence, positive for right"),
    }
    given = {"samples": samples, "coherences": known, "noise": noise, "catch": catch, "seed": seed}
    given |= dict(zip(EPOCHS, lengths, strict=True))
    return xr.Dataset(
        {
            "inputs": (("sample", "step", "input"), inputs, {"long_name": "evidence", "units": "1"}),
            "targets": (("sample", "step", "output"), np.where(chosen, HIGH, LOW), {"long_name": "choice", "units": "1"}),
            "weight": (("sample", "step"), weight, {"long_name": "weight of the targets", "units": "1"}),
            **{name: ("sample", values, {"long_name": what, "units": "1"}) for name, (values, what) in trials.items()},
        },
        labels,
        {"title": "perceptual decisions", **given},
    )


def checked_coherences(coherences: Sequence[Real]) -> list[float]:
    """Numbers in [0, 1], one at least."""
    if isinstance(coherences, str) or not isinstance(coherences, Iterable):
        raise TypeError(f"coherences was given as {shown(coherences)}; it needs a sequence of numbers in [0, 1]")
    found = [number("coherences", coherence, least=0, most=1) for coherence in coherences]
    if not found:
        raise ValueError("coherences was given nothing; it needs one number at least")
    return found
