"""Lyapunov exponents of a family."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Any, Final, Literal

import numpy as np

from rnnsim.checks.annotations import Inputs, Names, Seed, Whole
from rnnsim.checks.arguments import SEED, as_whole, read_once, whole, whole_or_none
from rnnsim.checks.memory_limits import check_room
from rnnsim.checks.showing import shown
from rnnsim.checks.warnings import warn_caller
from rnnsim.families.network import Network
from rnnsim.families.result_variables import DIVERGED_AT, EXPONENTS, chosen
from rnnsim.kernels.lyapunov.batch_statistics import summarise
from rnnsim.runs.plan import Field, Plan, coordinate, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.verbs.stability.lyapunov_engine import TangentRun, rates

ADAPTIVE: Final = "adaptive"
BATCHES = 16
OVER_INTERVALS = ("history", "local")
OVER_SAMPLES = ("lyapunov_mean", "lyapunov_spread")
SIGMAS, LEAST_DRIFT = 6.0, 0.01


@planned
def lyapunov(
    net: Network,
    inputs: Inputs | None = None,
    *,
    steps: Whole | None = None,
    discard: Whole = 0,
    exponents: Whole | None = None,
    reorthonormalize: Whole | Literal["adaptive"] = 1,
    seed: Whole = 0,
    keep: Names = ("spectrum",),
    noise_seed: Seed | None = 0,
) -> Plan:
    """Compute the Lyapunov exponents of every network of a family: the rates at which small changes of its state grow.

    The rates are natural logarithms per step. A frame of tangent vectors, random at first, is pushed through the exact Jacobian of
    every step and made orthonormal by Householder reflections [1]_ [2]_; the exponents are the means of ln |R_jj|. The state is
    that of all layers, with an LSTM's c beside its h, so that there are Σ states · units exponents. For recurrent networks see [3]_
    [4]_.

    Parameters
    ----------
    net : Network
        The family. Orbits begin at its h0 (and c0).
    inputs : array_like or DataArray or Dataset, optional
        As `simulate` takes them, with at least discard + steps steps. None is no input, for which `steps` is needed.
    steps : int, optional
        How many steps count, after those of `discard`. By default these are all that are left of the inputs.
    discard : int, default 0
        How many steps go before, in which state and frame settle.
    exponents : int, optional
        How many of the largest exponents to find. By default all.
    reorthonormalize : int or "adaptive", default 1
        The steps between two orthonormal frames. "adaptive" makes a frame orthonormal before its tangents fall onto each other,
        after 64 steps at most. It judges by the steps before: where saturated units make single steps contract far more than these,
        exponents far below 0 lose digits (a few parts in 1e5), or are nan with a warning. 1 is right there, too.
    seed : int, default 0
        The seed of the first frame, which is the same for all networks.
    keep : str or sequence of str, default "spectrum"
        The variables to return, and no others. "spectrum" means the first six of these, and the means over samples if there are
        samples.

        - `lyapunov_exponent` (exponent): the largest first by construction; -inf where the Jacobian leaves no volume.
        - `lyapunov_error` (exponent): its standard error, from the means of up to 16 batches of steps.
        - `lyapunov_drift` (exponent): that of the second half of the steps less that of the first.
        - `kaplan_yorke_dimension`: nan if the exponents that were found do not suffice, with a warning if `keep` names it itself.
        - `entropy_rate`: the sum of the positive exponents (Pesin's bound); nan as for the dimension.
        - `sum_rule_residual`: the sum of the exponents less the mean of ln |det J|, which is found apart from them; of full spectra
          only.
        - `lyapunov_mean`, `lyapunov_spread` (exponent): the mean and the standard deviation over samples.
        - `history`, `local` (step, exponent): the exponents of the steps so far, and those of the interval that ends at the step.

    noise_seed : int or DataArray or None, default 0
        The seed of the noise of networks that have some: a number or an axis. A seed stands for the same noise in whatever grid it
        appears, so that networks of a grid have the same noise unless their seeds differ. None is no noise. The exponents
        are those of the random dynamical system, for one and the same noise [5]_.

    Returns
    -------
    Dataset
        The variables kept, over the axes, then `sample` if the inputs (or h0) have samples; and `diverged_at`.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value. Nothing has been computed by then.
    TypeError
        If an argument has the wrong type.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    Warns
    -----
    RuntimeWarning
        If exponents still drift, if an orbit never leaves a fixed point, if there are too few exponents for a dimension, or if
        tangents fell onto each other between two orthonormal frames, which makes exponents nan.

    See Also
    --------
    rnnsim.propagation : How far a finite number of steps stretches states and gradients.
    rnnsim.orbit_diagram : The orbits themselves.
    rnnsim.plot.spectrum : Draw the exponents.

    References
    ----------
    .. [1] G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15, 9, 1980.
    .. [2] K. Geist, U. Parlitz and W. Lauterborn, Progress of Theoretical Physics 83, 875, 1990.
    .. [3] R. Engelken, F. Wolf and L. F. Abbott, Physical Review Research 5, 043044, 2023.
    .. [4] R. Vogt et al., Frontiers in Applied Mathematics and Statistics 8, 818799, 2022.
    .. [5] L. Arnold, Random Dynamical Systems, Springer, 1998.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman.random(50, gain=rs.axis("gain", [0.5, 3.0]), h0="gaussian")
    >>> chaos = rs.lyapunov(net, steps=500, discard=500, exponents=10, keep="lyapunov_exponent")
    >>> (chaos.lyapunov_exponent.isel(exponent=0) > 0).values
    array([False,  True])
    """
    check_network(net)
    size = sum(member.units * member.own for member in net.members)
    steps, discard, seed = whole_or_none("steps", steps), whole("discard", discard, 0), whole("seed", seed, 0, SEED)
    count, reorthonormalize = count_of(exponents, size), interval_of(reorthonormalize)
    keep = read_once(keep)
    names = names_of(keep, net, count == size, reorthonormalize)
    run, counted = orbit(net, inputs, steps, discard, names, noise_seed)
    names = tuple(name for name in names if run.samples is not None or name not in OVER_SAMPLES)
    options = {"steps": counted, "discard": discard, "exponents": count, "reorthonormalize": reorthonormalize, "seed": seed}
    options |= run.noise_options
    tangent_run = tangent_run_of(names, count, size, counted, discard, reorthonormalize, seed)
    asked = (keep,) if isinstance(keep, str) else tuple(keep)
    ends = tangent_run.discard + np.cumsum(tangent_run.lengths)
    fields, coords = fields_of(run, tangent_run, names), {"step": coordinate("step", ends.astype(np.int32)), **run.sample_coords}
    given = {name: array for name, array in run.given.items() if name != "inputs" or inputs is not None}
    arrays = partial(computed, run, tangent_run, size, names, asked, autonomous=inputs is None)
    return Plan("lyapunov", net, run.grid, fields, coords, given, options | {"keep": names}, arrays)


def count_of(exponents: Any, size: int) -> int:
    """How many exponents are wanted."""
    count = size if exponents is None else as_whole(exponents)
    if count is None or not 1 <= count <= size:
        raise ValueError(
            f"exponents was given as {shown(exponents)}; it needs a whole number of 1 to {size}, the size of the state"
        )
    return count


def interval_of(reorthonormalize: Any) -> int | Literal["adaptive"]:
    """The steps between two orthonormal frames, or the word for as many as tangents allow."""
    if isinstance(reorthonormalize, str) and reorthonormalize == ADAPTIVE:
        return ADAPTIVE
    return whole("reorthonormalize", reorthonormalize, other=f", or {ADAPTIVE!r}")


def names_of(keep: Any, net: Network, full: bool, interval: Any) -> tuple[str, ...]:
    """The variables that are wanted."""
    group = tuple(name for name in EXPONENTS if name not in OVER_INTERVALS and (full or name != "sum_rule_residual"))
    names = chosen(keep, EXPONENTS, {"spectrum": group})
    if "sum_rule_residual" in names and not full:
        raise ValueError("keep was given 'sum_rule_residual', but exponents is not all of them; it needs a full spectrum")
    if interval == ADAPTIVE and "local" in names:
        raise ValueError("keep was given 'local', but reorthonormalize is 'adaptive'; it needs a whole number of steps")
    return names


def orbit(net: Network, inputs: Any, steps: int | None, discard: int, names: tuple[str, ...], noise_seed: Any) -> tuple[Run, int]:
    """The run over the steps that are needed, and how many of them count."""
    if inputs is None:
        if steps is None:
            raise ValueError("steps was not given; it needs a whole number of 1 or more where there are no inputs")
        if net.table is not None:
            raise ValueError("inputs was not given, but the network begins with an embedding; it needs whole numbers")
        inputs = np.zeros((discard + steps, *(() if net.scalar else (net.inputs,))))
    run = prepare(net, inputs, None, names, "float64", with_targets=False, noise_seed=noise_seed)
    counted = run.steps - discard if steps is None else steps
    if counted < 1 or discard + counted > run.steps:
        wanted = f"discard = {discard}" + (f" and steps = {steps}" if steps else "")
        raise ValueError(f"inputs has {run.steps} steps, but {wanted} were given; it needs {discard + max(counted, 1)} or more")
    if discard + counted < run.steps:
        cut = run.inputs.array.isel(step=slice(discard + counted))
        run = prepare(net, cut, None, names, "float64", with_targets=False, noise_seed=noise_seed)
    return run, counted


def tangent_run_of(names: tuple[str, ...], count: int, size: int, steps: int, discard: int, interval: Any, seed: int) -> TangentRun:
    """How tangents go."""
    every = 1 if interval == ADAPTIVE else interval
    intervals = -(-steps // every)
    batches = intervals if set(names) & set(OVER_INTERVALS) else min(BATCHES, intervals)
    first = np.random.default_rng(seed).normal(size=(size, count))
    volumes = "sum_rule_residual" in names
    fixed = None if interval == ADAPTIVE else every
    return TangentRun(count, discard, steps, fixed, intervals // batches * every, batches, first, volumes)


@dataclass(frozen=True)
class Spectra:
    """Exponents, their errors and drifts (point, sample, product), where orbits stay where they begin (point, sample), and the rates of all
    intervals if these are wanted."""

    tangent_run: TangentRun
    exponents: np.ndarray
    errors: np.ndarray
    drifts: np.ndarray
    still: np.ndarray
    rates: np.ndarray | None

    @classmethod
    def empty(cls, run: Run, tangent_run: TangentRun, names: tuple[str, ...]) -> Spectra:
        samples = run.samples or 1
        shape = run.grid.points, samples, tangent_run.products
        check_room(3 * prod(shape))
        kept = np.empty((*shape[:2], tangent_run.batches, tangent_run.columns)) if set(names) & set(OVER_INTERVALS) else None
        return cls(tangent_run, np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape[:2]), kept)

    @cached_property
    def firsts(self) -> np.ndarray:
        """The first of the batches that errors and drifts put together, of each such group."""
        groups = min(BATCHES, self.tangent_run.batches)
        places, (most, longer) = np.arange(groups), divmod(self.tangent_run.batches, groups)
        return places * most + np.minimum(places, longer)

    def take(self, lo: int, hi: int, rates: np.ndarray, still: np.ndarray) -> None:
        """Take the rates of a block of points."""
        self.still[lo:hi] = still
        if self.rates is not None:
            self.rates[lo:hi] = rates[..., : self.tangent_run.columns]
        what = self.exponents[lo:hi], self.errors[lo:hi], self.drifts[lo:hi]
        summarise(rates, self.tangent_run.lengths, self.firsts, *what, np.empty(len(self.firsts)))

    def warn(self, diverged_at: np.ndarray, autonomous: bool) -> None:
        """Say what makes exponents doubtful."""
        still = int(np.sum(self.still))
        if autonomous and still:
            warn_caller(
                f"{still} orbits never leave the fixed point that they begin at, and the exponents are its own; "
                'give h0, or h0="gaussian" to a random family, for those of an attractor',
                RuntimeWarning,
            )
        count = self.tangent_run.columns
        lost = np.isnan(self.exponents[..., :count]).any((1, 2)) & (diverged_at < 0)
        if lost.any():
            warn_caller(
                f"tangents of {int(lost.sum())} networks fell onto each other within an interval; give a smaller reorthonormalize, or 1",
                RuntimeWarning,
            )
        drifts = np.abs(self.drifts[..., :count])
        drifting = drifts > np.maximum(SIGMAS * drift_error(drifts, self.errors[..., :count], len(self.firsts)), LEAST_DRIFT)
        if drifting.any():
            networks, most = int(drifting.any((1, 2)).sum()), drifts[drifting].max()
            warn_caller(
                f"exponents of {networks} networks still drift: the halves of the steps differ by up to {most:.2g}; "
                "give more steps, or discard more",
                RuntimeWarning,
            )


def drift_error(drift: np.ndarray, error: np.ndarray, groups: int) -> np.ndarray:
    """The standard error of a drift by the spread of batches within the halves of the steps, nan if there are few of them; `error` is that
    of the mean over all steps, and has the drift in it."""
    if groups < BATCHES:
        return np.full_like(drift, np.nan)
    first, second = groups // 2, groups - groups // 2
    with np.errstate(invalid="ignore"):  # of exponents that are -inf
        within = np.maximum(error**2 * groups * (groups - 1) - drift**2 * first * second / groups, 0.0) / (groups - 2)
    return np.sqrt(within * groups / (first * second))


def dimension(exponents: np.ndarray, size: int) -> np.ndarray:
    """The Kaplan-Yorke dimension of exponents (…, exponent), largest first; nan if more of them are needed."""
    with np.errstate(all="ignore"):
        sums = np.cumsum(exponents, -1)
    count = exponents.shape[-1]
    positive = np.cumprod(sums >= 0, -1).sum(-1)
    whole = np.take_along_axis(np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], -1), positive[..., None], -1)[..., 0]
    following = np.take_along_axis(exponents, np.minimum(positive, count - 1)[..., None], -1)[..., 0]
    with np.errstate(all="ignore"):
        found = positive + np.where(whole == 0.0, 0.0, whole / np.abs(following))
    found = np.where(positive < count, found, float(size) if count == size else np.nan)
    return np.where(np.isnan(exponents).any(-1), np.nan, found)


def entropy(exponents: np.ndarray, size: int) -> np.ndarray:
    """The sum of the positive exponents; nan if there may be more of them."""
    total = np.where(exponents > 0, exponents, 0.0).sum(-1)
    enough = (exponents[..., -1] <= 0) | (exponents.shape[-1] == size)
    return np.where(enough & ~np.isnan(exponents).any(-1), total, np.nan)


def derived(found: Spectra, size: int, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """All variables but `diverged_at`, over (point, sample, …)."""
    count = found.tangent_run.columns
    exponents = found.exponents[..., :count]
    arrays = {
        "lyapunov_exponent": exponents,
        "lyapunov_error": found.errors[..., :count],
        "lyapunov_drift": found.drifts[..., :count],
    }
    arrays |= {"kaplan_yorke_dimension": dimension(exponents, size), "entropy_rate": entropy(exponents, size)}
    with np.errstate(all="ignore"):
        if "sum_rule_residual" in names:
            arrays["sum_rule_residual"] = exponents.sum(-1) - found.exponents[..., count]
        if set(names) & set(OVER_SAMPLES):
            arrays |= {"lyapunov_mean": exponents.mean(1), "lyapunov_spread": exponents.std(1, ddof=min(1, exponents.shape[1] - 1))}
        if found.rates is not None:
            steps = np.cumsum(found.tangent_run.lengths)
            arrays |= {
                "local": found.rates,
                "history": np.cumsum(found.rates * found.tangent_run.lengths[:, None], 2) / steps[:, None],
            }
    return {name: arrays[name] for name in names}


def computed(
    run: Run, tangent_run: TangentRun, size: int, names: tuple[str, ...], asked: tuple[Any, ...], *, autonomous: bool
) -> dict[str, np.ndarray]:
    """All variables; a dimension that is asked for by its own name is missed."""
    found = Spectra.empty(run, tangent_run, names)
    diverged_at = rates(run, tangent_run, found.take)
    found.warn(diverged_at, autonomous)
    arrays = derived(found, size, names)
    for name in ("kaplan_yorke_dimension", "entropy_rate"):
        lacking = (
            np.isnan(arrays[name]) & ~np.isnan(found.exponents[..., : tangent_run.columns]).any(-1) if name in asked else np.False_
        )
        if lacking.any():
            spectra = f"{int(lacking.sum())} spectra, for which {tangent_run.columns} exponents of {size} are too few"
            warn_caller(f"{name} is nan for {spectra}; give exponents={size}, say", RuntimeWarning)
    return {DIVERGED_AT: diverged_at, **arrays}


def fields_of(run: Run, tangent_run: TangentRun, names: tuple[str, ...]) -> dict[str, Field]:
    """The variables."""
    sizes = {**run.grid.sizes, **run.own_sizes, "step": tangent_run.batches, "exponent": tangent_run.columns}
    fields = {DIVERGED_AT: Field.of(DIVERGED_AT, run.grid.sizes, sizes, np.int32)}
    return fields | {name: Field.over(run.grid.sizes, name, sizes) for name in names}
