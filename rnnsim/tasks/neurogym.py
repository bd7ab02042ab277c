"""Trials of the environments of NeuroGym, as tasks to be learnt from what is right."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Whole
from rnnsim.checks.arguments import whole
from rnnsim.checks.showing import kind_of, shown
from rnnsim.tasks.digits import LEGACY_SEED
from rnnsim.tasks.encodings import check_size


def neurogym(name: str, *, samples: Whole, steps: Whole, seed: Whole = 0, **options: Any) -> xr.Dataset:
    """Make a task of trials of an environment of NeuroGym.

    The package [1]_ has cognitive tasks of neuroscience. A sample is trials one after the other, cut off after so many steps, as the
    datasets of NeuroGym are. What is right in each step is the environment's ground truth.

    Parameters
    ----------
    name : str
        The environment, such as "PerceptualDecisionMaking-v0"; it needs to say what is right.
    samples : int
        The number of samples, at least 1.
    steps : int
        Their length, at least 1.
    seed : int, default 0
        A whole number from 0 for NumPy's `RandomState`.
    **options : Any
        What the environment takes, such as `dt`, the milliseconds of a step, and `timing`.

    Returns
    -------
    Dataset
        The `inputs (sample, step, input)`, which are the observations. If actions are discrete, the `targets (sample, step)` for the loss
        "cross_entropy": the numbers of the right ones, of which 0 is mostly to fixate; otherwise the `targets (sample, step, output)`.

    Raises
    ------
    ImportError
        If NeuroGym is not installed; `pip install "rnnsim-dynamics[neurogym]"` brings it.
    ValueError
        If there is no such environment, if it does not say what is right, or if a number is out of its range.
    TypeError
        If the environment does not take an option.
    MemoryError
        If memory has no room for the task.

    See Also
    --------
    rnnsim.tasks.Fresh : Other trials for every epoch.
    rnnsim.tasks.perceptual_decision : A task of this kind that needs no other package.

    References
    ----------
    .. [1] M. Molano-Mazón et al., "NeuroGym: An open resource for developing and sharing neuroscience tasks", PsyArXiv (2022).

    Examples
    --------
    >>> import rnnsim as rs
    >>> options = dict(samples=16, steps=40, dt=50)
    >>> rs.tasks.neurogym("GoNogo-v0", **options).inputs.shape  # doctest: +SKIP
    (16, 40, 3)
    >>> task = rs.tasks.Fresh(rs.tasks.neurogym, name="GoNogo-v0", **options)
    """
    if not isinstance(name, str):
        raise TypeError(f"name was given {kind_of(name)}; it needs the name of an environment, such as 'GoNogo-v0'")
    samples, steps, seed = whole("samples", samples), whole("steps", steps), whole("seed", seed, 0, LEGACY_SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = environment(name, options)
        outputs = check_spaces(name, env)
        check_size(samples * steps * (env.observation_space.shape[0] + (outputs or 1)), "samples or steps")
        env.reset(seed=seed)
        env.seed(seed)
        trials = [sequence(name, env, steps) for _ in range(samples)]
    inputs, targets = (np.stack(parts) for parts in zip(*trials, strict=True))
    dims = ("sample", "step") if outputs is None else ("sample", "step", "output")
    kind = np.int64 if outputs is None else np.float64
    given = {"environment": name, "samples": samples, "steps": steps, "seed": seed, "step_milliseconds": float(env.dt)}
    return xr.Dataset(
        {
            "inputs": (("sample", "step", "input"), inputs.astype(np.float64), {"long_name": "observation", "units": "1"}),
            "targets": (dims, targets.astype(kind), {"long_name": "right action", "units": "1"}),
        },
        attrs={"title": f"trials of {name}", **given, "options": repr(options)},
    )


def environment(name: str, options: dict[str, Any]) -> Any:
    """An environment of NeuroGym, without what is around it."""
    try:
        import neurogym
        from gymnasium.error import Error
    except ImportError as error:
        needed = "pip install 'rnnsim-dynamics[neurogym]' brings it"
        raise ImportError(f"rs.tasks.neurogym needs the package neurogym ({error}); {needed}") from None
    try:
        return neurogym.make(name, **options).unwrapped
    except Error as error:
        raise ValueError(f"name was given as {shown(name)}; it needs an environment of NeuroGym ({one_line(error)})") from None
    except TypeError as error:
        raise TypeError(
            f"options were given as {shown(options)}; they need to be what {shown(name)} takes ({one_line(error)})"
        ) from None


def one_line(error: Exception) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())


def check_spaces(name: str, env: Any) -> int | None:
    """How many numbers an action has, or None if actions are discrete."""
    seen, done = env.observation_space.shape, env.action_space.shape
    if seen is None or len(seen) != 1 or done is None or len(done) > 1 or not hasattr(env, "new_trial"):
        raise ValueError(f"name was given as {shown(name)}; it needs an environment of trials with rows of numbers as observations")
    return done[0] if done else None


def sequence(name: str, env: Any, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Observations and right actions of trials, one after the other, up to so many steps."""
    observed, right, length = [], [], 0
    while length < steps:
        env.new_trial()
        truth = getattr(env, "gt", None)
        if truth is None or len(truth) != len(env.ob) or not len(truth):
            raise ValueError(
                f"name was given as {shown(name)}, which does not say what is right; it needs an environment that does"
            )
        observed.append(env.ob.copy())
        right.append(truth.copy())
        length += len(truth)
    return np.concatenate(observed)[:steps], np.concatenate(right)[:steps]
