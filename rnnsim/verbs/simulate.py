"""Forward states of a family."""

from __future__ import annotations

from typing import Any

from rnnsim.checks.annotations import Inputs, Names, Precision, Seed
from rnnsim.families.network import Network
from rnnsim.families.result_variables import SIMULATED
from rnnsim.runs.plan import Plan, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.runs.run_plan import plan_run, variables_of
from rnnsim.verbs.engines.engine import compute


@planned
def simulate(
    net: Network, inputs: Inputs, *, keep: Names = ("state",), noise_seed: Seed | None = 0, dtype: Precision = "float64"
) -> Plan:
    """Run every network of a family over the inputs.

    Parameters
    ----------
    net : Network
        The family.
    inputs : array_like or DataArray or Dataset
        Finite numbers of shape (step, input) or (sample, step, input), with at least one step. Scalar networks have no dimension
        `input`. A stack with an embedding has none either, and takes tokens, which are whole numbers. A DataArray has these
        dimensions and, if wanted, axes. A Dataset is a task, of which `inputs` is taken.
    keep : str or sequence of str, default "state"
        The variables to return, and no others. Over (axes…, sample, step, …), with the T+1 steps 0…T of which step 0 is the start:
        `state`; `increment`, which is state[k] - state[k-1]; `preactivation`; `input`; `output`; the `cell_state` of an LSTM; and
        `overlap`, nᵀ state / units over `rank`, where w_rec is `rs.LowRank(m, n)`.
        Over (axes…, sample, …): `final_state` and `final_cell_state`. In a stack, the variables of layer 0 are `state_0` and so on,
        and `state` is that of the top layer.
    noise_seed : int or DataArray or None, default 0
        The seed of the noise of networks that have some: a number or an axis. A seed stands for the same noise in whatever grid it
        appears, so that networks of a grid have the same noise unless their seeds differ. None is no noise.
    dtype : {"float64", "float32"}, default "float64"
        The precision of the computation and of the results.

    Returns
    -------
    Dataset
        The variables kept, and `diverged_at` over the axes: the first step at which a state of any sample is not finite, or -1. If
        neither the inputs nor h0 have `sample`, the result has none. Scalar networks have no `unit`, and without a readout the
        output is the state, or the `output(s)` of an `rs.Cell`. At step 0, `increment` and `input` are 0, and `preactivation` and
        `output` are nan. xarray lists `input` and `output` of networks with units among the coordinates, since dimensions have
        these names.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value. Nothing has been computed by then.
    TypeError
        If an argument has the wrong type.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.backprop : The cost and its gradients.
    rnnsim.sweep : The same block by block, for results that do not fit into memory.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]), h0=rs.axis("h0", [0.1, 2.0]))
    >>> rs.simulate(net, np.full(10, 0.5)).state.sizes
    Frozen({'w_rec': 2, 'h0': 2, 'step': 11})

    Inputs over an axis and steps, here a sine of each frequency, are an array with both dimensions. It broadcasts against the axes
    of the family. It has `sample` and `input` besides, where there are samples and units:

    >>> import xarray as xr
    >>> frequency = rs.axis("frequency", [0.05, 0.1, 0.2])
    >>> waves = np.sin(2 * np.pi * frequency * xr.DataArray(np.arange(1, 101), dims="step"))
    >>> rs.simulate(net, waves).state.sizes
    Frozen({'w_rec': 2, 'h0': 2, 'frequency': 3, 'step': 101})
    """
    check_network(net)
    names = variables_of(net, keep, SIMULATED, {})
    run = prepare(net, inputs, None, names, dtype, with_targets=False, noise_seed=noise_seed)
    options = {"keep": names, "dtype": run.dtype} | run.noise_options
    return plan_run("simulate", run, names, options, lambda: computed(run, names))


def computed(run: Run, names: tuple[str, ...], loss: Any = None) -> dict[str, Any]:
    """The variables `names`: the input is known, and without a readout the output is the state."""
    is_state = "output" in names and run.net.readout is None and not run.net.members[-1].cell.outputs
    wanted = dict.fromkeys("state" if is_state and name == "output" else name for name in names if name != "input")
    results = compute(run, tuple(wanted), loss)
    if not is_state:
        return results
    return {**results, "output": results["state"].copy() if "state" in names else results["state"]}
