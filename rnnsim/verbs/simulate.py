"""Forward states of a family."""

from typing import Any

import xarray as xr

from rnnsim.families.network import Network
from rnnsim.families.variables import SIMULATED
from rnnsim.runs.naming import name_results, variables_of
from rnnsim.runs.provenance import attributes
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.verbs.engines.engine import compute


def simulate(net: Network, inputs: Any, *, keep: Any = ("state",), dtype: Any = "float64") -> xr.Dataset:
    """Run every network of a family over the inputs.

    Parameters
    ----------
    net : the family.
    inputs : (step, input) or (sample, step, input) finite numbers, at least one step; without `input` for scalar networks, and for whole
        numbers before an embedding; or a DataArray with these dimensions and, if wanted, axes; or a task, a Dataset with `inputs`.
    keep : exactly the variables to return: `state`, `increment` (state[k] - state[k-1]), `preactivation`, `input`, `output`, and an LSTM's
        `cell_state`, each over (axes…, sample, step, …) with the T+1 steps 0…T, step 0 being the start; `final_state` and
        `final_cell_state` over (axes…, sample, …). In a stack, those of layer 0 are `state_0` and so on, and `state` is the top layer's.
    dtype : "float64" or "float32", for computing and for results.

    Returns
    -------
    A Dataset with the variables kept and `diverged_at` over the axes: the first step at which a state of any sample is not finite,
    or -1. Without `sample` in the inputs (or h0) there is none in the result. Scalar networks have no `unit`, and without a readout the
    output is the state. At step 0 `increment` and `input` are 0, and `preactivation` and `output` nan. (xarray lists `input` and `output`
    of networks with units among the coordinates, since dimensions have these names.)

    Raises
    ------
    ValueError, TypeError : anything that does not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]), h0=rs.axis("h0", [0.1, 2.0]))
    >>> rs.simulate(net, np.full(10, 0.5)).state.sizes
    Frozen({'w_rec': 2, 'h0': 2, 'step': 11})

    Inputs over an axis and steps, here one sine of each frequency, are an array with both dimensions; it broadcasts against the axes of the
    family, and has `sample` and `input` besides where there are samples and units:

    >>> import xarray as xr
    >>> frequency = rs.axis("frequency", [0.05, 0.1, 0.2])
    >>> waves = np.sin(2 * np.pi * frequency * xr.DataArray(np.arange(1, 101), dims="step"))
    >>> rs.simulate(net, waves).state.sizes
    Frozen({'w_rec': 2, 'h0': 2, 'frequency': 3, 'step': 101})
    """
    check_network(net)
    names = variables_of(net, keep, SIMULATED, {})
    run = prepare(net, inputs, None, names, dtype, with_targets=False)
    attrs = attributes("simulate", net, run.given, {"keep": names, "dtype": run.dtype})
    return name_results(run, names, computed(run, names), attrs)


def computed(run: Run, names: tuple[str, ...], loss: Any = None) -> dict[str, Any]:
    """The variables `names`: the input is known, and without a readout the output is the state."""
    is_state = "output" in names and run.net.readout is None
    wanted = dict.fromkeys("state" if is_state and name == "output" else name for name in names if name != "input")
    results = compute(run, tuple(wanted), loss)
    if not is_state:
        return results
    return {**results, "output": results["state"].copy() if "state" in names else results["state"]}
