"""How far states and gradients reach: the last state's dependence on earlier ones, and the cost's on all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Inputs, LossName, Names, Numbers
from rnnsim.checks.arguments import as_whole, names
from rnnsim.checks.memory_limits import check_room
from rnnsim.checks.showing import shown
from rnnsim.equations.user_losses import Loss, check_loss
from rnnsim.families.network import Network
from rnnsim.families.recurrent_networks import Elman
from rnnsim.families.result_variables import DIVERGED_AT, PROPAGATED
from rnnsim.kernels.propagation.jacobian_products import (
    Propagated,
    Scratch,
    go_back,
    jacobians_of,
    make_scratch,
    measure_weights,
    orbits_of,
)
from rnnsim.numerics import parallel
from rnnsim.runs.plan import Field, Plan, coordinate, flags, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.verbs.engines.driven_maps import DrivenMap
from rnnsim.verbs.stability.gradient_measures import FLAGS, THRESHOLDS, measures

OF_RECURRENCE = ("recurrent_norm", "norm_threshold", "pascanu_condition")
JACOBIAN_BYTES = 1 << 23  # that a thread holds at once


@planned
def propagation(
    net: Network,
    inputs: Inputs,
    *,
    lags: Numbers | None = None,
    targets: Numbers | None = None,
    loss: LossName | Loss = "mse",
    keep: Names | None = None,
) -> Plan:
    """Measure how the last state depends on earlier ones, and the cost on all of them.

    Results are logarithms, and so hold however far the numbers themselves leave the range of floats. A state is all that a network
    carries on: h of all units of all layers, with c of LSTMs. It has as many modes (dimension `mode`) as it has numbers.
    Derivatives are of one whole state by another: in a stack, they are taken by a layer's h at a step while the layers above at
    that step are held.

    Parameters
    ----------
    net : Network
        The family.
    inputs : array_like or DataArray or Dataset
        As `simulate` takes them; T is the number of their steps.
    lags : int or sequence of int, optional
        Whole numbers from 1 to T, rising. By default all of them.
    targets : array_like or DataArray, optional
        As `backprop` takes them, for `log_grad_norm`. Without targets there is no cost.
    loss : {"mse", "cross_entropy", "absolute", "huber", "poisson", "logistic"} or Loss, default "mse"
        The cost, as in `backprop`.
    keep : str or sequence of str, optional
        The variables to return, and no others. By default these are all that there are for this family.

        Over (axes…, sample, lag):

        - `log_singular_value`, with `mode` besides: ln of the singular values of ∂state[T]/∂state[T-lag], the largest first, -inf
          for 0.
        - `log_norm`: ln of its Frobenius norm.
        - `log_determinant`: the sum over all modes, computed from the determinant of each step, so that it is right where the
          smallest modes have lost digits.

        Over (axes…, sample):

        - `growth_rate` of the largest mode: the slope of the line through the later half of the lags.
        - `regime`, a flag: vanishing, stable or exploding. At the growth rate, the largest mode falls by a factor e or more over
          the longest lag, does neither, or grows by e or more; undefined where the rate is nan.
        - `memory_length`: the lag at which it has first fallen by a factor e, interpolated between lags; inf if it has at none of
          them.

        Over (axes…, sample, step), with targets:

        - `log_grad_norm`: ln ‖∂cost/∂state[k]‖.

        Over the axes, for one layer of `Elman` with an activation of the package's own:

        - `recurrent_norm`: σ_max, the largest singular value of w_rec.
        - `norm_threshold`: 1/γ, where γ is the largest slope of the activation.
        - `pascanu_condition`, a flag: vanishing (σ_max is below 1/γ, which suffices) or exploding_possible (what exploding needs)
          [2]_; undefined where σ_max is nan.

    Returns
    -------
    Dataset
        The variables kept, and `diverged_at` over the axes: the first step at which a state of any sample is not finite, or -1.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value, or if `keep` names a variable that the family does not have. Nothing has
        been computed by then.
    TypeError
        If an argument has the wrong type.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.lyapunov : The rates in the limit of many steps.
    rnnsim.backprop : Gradients as they are, not their logarithms.
    rnnsim.plot.singular_values : Draw the modes over lags.

    Notes
    -----
    Products of Jacobians are kept as singular vectors times singular values with their exponents apart. QR decompositions with
    sorted rows and columns and Jacobi rotations bring them from one lag to the next [1]_. A mode of a network whose Jacobians are
    singular to rounding counts as 0 where rounding is all that is left of it.

    References
    ----------
    .. [1] Z. Drmač and K. Veselić, New fast and accurate Jacobi SVD algorithm, SIAM Journal on Matrix Analysis and Applications 29,
       2008.
    .. [2] R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.0, 1.5]), activation="linear")
    >>> ds = rs.propagation(net, np.zeros(1000))
    >>> ds.log_singular_value.sel(lag=1000, mode=0).values.round(3)
    array([-693.147,    0.   ,  405.465])
    >>> ds.memory_length.values.round(3)
    array([1.443,   inf,   inf])
    """
    check_network(net)
    rule = check_loss(loss)
    names = names_of(net, keep, targets)
    run = prepare(net, inputs, targets, names, "float64", with_targets=targets is not None, classes=rule.classes)
    chosen_lags = lags_of(lags, run.steps)
    maps = DrivenMap(run)
    fields = fields_of(run, names, len(chosen_lags), maps.size)
    places = {"lag": chosen_lags, "mode": np.arange(maps.size), "step": np.arange(run.steps + 1, dtype=np.int32)}
    coords = {**{dim: coordinate(dim, values) for dim, values in places.items()}, **run.sample_coords}
    options = {"lags": chosen_lags.tolist(), "loss": str(loss), "keep": names}
    return Plan("propagation", net, run.grid, fields, coords, run.given, options, partial(computed, maps, names, chosen_lags, rule))


def threshold_of(net: Network) -> float | None:
    """1/γ of one layer of Elman's."""
    return THRESHOLDS.get(str(net.activation)) if isinstance(net, Elman) else None


def names_of(net: Network, keep: Any, targets: Any) -> tuple[str, ...]:
    """The variables that are asked for, of those that a family has."""
    if targets is not None and net.members[-1].cell.outputs:
        kind = type(net.levels[-1][1]).__name__
        raise ValueError(f"targets was given, but a {kind} is read by its output; rs.propagation has log_grad_norm of states alone")
    gone = {*(OF_RECURRENCE if threshold_of(net) is None else ()), *(() if targets is not None else ("log_grad_norm",))}
    known = [name for name in PROPAGATED if name not in gone]
    wanted = known if keep is None else names("keep", keep, PROPAGATED)
    for name in (name for name in wanted if name in gone):
        needed = "targets" if name == "log_grad_norm" else "one layer of Elman's with an activation of the package's own"
        raise ValueError(f"keep was given {shown(name)}; it needs {needed}")
    return tuple(dict.fromkeys(wanted))


def lags_of(lags: Any, steps: int) -> np.ndarray:
    """The lags, rising."""
    if lags is None:
        return np.arange(1, steps + 1)
    several = isinstance(lags, list | tuple | range) or (isinstance(lags, np.ndarray | xr.DataArray) and lags.ndim == 1)
    given = [as_whole(lag) for lag in (lags if several else [lags])]
    found = [lag for lag in given if lag is not None and 1 <= lag <= steps]
    if not given or len(found) < len(given) or found != sorted(set(found)):
        raise ValueError(
            f"lags was given as {shown(lags)}; it needs whole numbers 1…{steps}, rising: the inputs have {steps} steps"
        )
    return np.array(found, np.int64)


def blocks_of(maps: DrivenMap, lags: int) -> list[tuple[int, int]]:
    """Blocks of points for the threads."""
    numbers = maps.numbers + maps.samples * (lags + 1) * (maps.size + 2)
    work = maps.samples * max(1, lags) * 20 * maps.size**3
    return parallel.blocks(maps.points, max(1, work // 64), numbers, 1)


def found_for(maps: DrivenMap, points: int, lags: int, names: tuple[str, ...]) -> Propagated:
    """The arrays that the kernel fills for a block."""
    by_sample = points, maps.samples
    steps = maps.run.steps + 1 if "log_grad_norm" in names else 0
    norms = points if set(OF_RECURRENCE) & set(names) else 0
    return Propagated(
        np.empty((*by_sample, lags, maps.size)),
        np.empty((*by_sample, lags)),
        np.empty((*by_sample, steps)),
        np.empty(norms),
        np.empty(points, np.int32),
    )


def fields_of(run: Run, names: tuple[str, ...], lags: int, modes: int) -> dict[str, Field]:
    """The variables."""
    sizes = {**run.grid.sizes, **run.own_sizes, "lag": lags, "mode": modes}
    fields = {name: Field.over(run.grid.sizes, name, sizes) for name in names if name not in FLAGS}
    fields |= {name: Field.over(run.grid.sizes, name, sizes, np.int8, **flags(FLAGS[name])) for name in names if name in FLAGS}
    fields[DIVERGED_AT] = Field.of(DIVERGED_AT, run.grid.sizes, sizes, np.int32)
    return {name: fields[name] for name in (*names, DIVERGED_AT)}


def computed(maps: DrivenMap, names: tuple[str, ...], lags: np.ndarray, loss: Any) -> dict[str, np.ndarray]:
    """The variables over points, samples (one at least) and their own dimensions."""
    sizes = {"sample": maps.samples, "step": maps.run.steps + 1, "lag": len(lags), "mode": maps.size}
    shapes = {name: tuple(sizes[dim] for dim in PROPAGATED[name].dims) for name in names}
    check_room(maps.points * sum(map(prod, shapes.values())))
    results = {n: np.empty((maps.points, *shape), np.int8 if n in FLAGS else np.float64) for n, shape in shapes.items()}
    results[DIVERGED_AT] = np.empty(maps.points, np.int32)
    wanted = lags if set(names) - {"log_grad_norm", *OF_RECURRENCE} else lags[:0]
    threshold = threshold_of(maps.net) or np.nan

    def work(next_block: Callable[[], Any]) -> None:
        scratch = make_scratch(maps.size, maps.outputs)
        while (block := next_block()) is not None:
            lo, hi = block
            found = found_for(maps, hi - lo, len(wanted), names)
            fill(maps, lo, hi, wanted, loss, scratch, found)
            measured = measures(found, lags, threshold)
            for name in names:
                results[name][lo:hi] = measured[name]()
            results[DIVERGED_AT][lo:hi] = found.diverged_at

    parallel.run(work, blocks_of(maps, len(wanted)))
    return results


def fill(maps: DrivenMap, lo: int, hi: int, lags: np.ndarray, loss: Any, scratch: Scratch, found: Propagated) -> None:
    """Run the kernels over the points lo…hi: orbits, then Jacobians and what is made of them, so many at once as memory has room for."""
    steps, size, out, gate_scratch = maps.run.steps, maps.size, np.zeros(maps.size), maps.gate_scratch()
    (layers, inputs), outputs = maps.block(lo, hi), maps.measured(lo, hi, loss)
    orbits = np.empty((hi - lo, maps.samples, steps + 1, size))
    orbits_of(maps.cells)(layers, inputs, maps.starts(lo, hi), orbits, found.diverged_at, gate_scratch)
    if found.recurrent_norm.size:
        measure_weights(np.ascontiguousarray(layers[0].w_rec[:, 0]), scratch, found.recurrent_norm)
    far = steps if found.log_grad_norm.size else int(lags[-1]) if lags.size else 0
    deep = max(1, min(far, JACOBIAN_BYTES // (8 * size**2)))
    pairs, many = (hi - lo) * maps.samples, max(1, JACOBIAN_BYTES // (8 * size**2 * max(1, far)))
    for first in range(0, pairs, many):
        for back in range(0, far, deep):
            jacobians = np.empty((min(many, pairs - first), min(deep, far - back), size, size))
            jacobians_of(maps.cells)(layers, inputs, orbits, first, steps - back, jacobians, out, gate_scratch)
            go_back(jacobians, orbits, first, steps - back, lags, outputs, scratch, found)
