"""Forward states of a family."""

from typing import Any

import xarray as xr

from rnnsim.engines import compute
from rnnsim.networks import Network
from rnnsim.provenance import attributes
from rnnsim.running import check_network, name_results, prepare
from rnnsim.variables import SIMULATED, chosen


def simulate(net: Network, inputs: Any, *, keep: Any = ("state",), dtype: Any = "float64") -> xr.Dataset:
    """Run every network of a family over the inputs.

    Parameters
    ----------
    net : the family.
    inputs : (step) or (sample, step) finite numbers, at least one step; or a DataArray with these dimensions and, if wanted, axes.
    keep : exactly the variables to return: `state`, `increment` (state[k] - state[k-1]), `preactivation`, `input`, `output`, each
        over (axes…, sample, step) with the T+1 steps 0…T, step 0 being the start; `final_state` over (axes…, sample).
    dtype : "float64" or "float32", for computing and for results.

    Returns
    -------
    A Dataset with the variables kept and `diverged_at` over the axes: the first step at which a state of any sample is not finite,
    or -1. Without `sample` in the inputs (or h0) there is none in the result. At step 0 `increment` and `input` are 0, and
    `preactivation` and `output` nan.

    Raises
    ------
    ValueError, TypeError : anything that does not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]), h0=rs.axis("h0", [0.1, 2.0]))
    >>> rs.simulate(net, np.full(10, 0.5)).state.sizes
    Frozen({'w_rec': 2, 'h0': 2, 'step': 11})
    """
    check_network(net)
    names = chosen(keep, SIMULATED, {})
    run = prepare(net, inputs, None, names, dtype, with_targets=False)
    results = compute(run, computed(names))
    attrs = attributes("simulate", net, run.given, {"keep": names, "dtype": run.dtype})
    return name_results(run, names, with_output(names, results), attrs)


def computed(names: tuple[str, ...]) -> tuple[str, ...]:
    """What kernels have to fill for `names`: the output is the state, and the input is known."""
    return tuple(dict.fromkeys("state" if name == "output" else name for name in names if name != "input"))


def with_output(names: tuple[str, ...], results: dict[str, Any]) -> dict[str, Any]:
    """Add the output to results that need it."""
    if "output" not in names:
        return results
    return {**results, "output": results["state"].copy() if "state" in names else results["state"]}
