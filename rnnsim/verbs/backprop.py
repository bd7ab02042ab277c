"""Costs and gradients of a family, by back-propagation through time."""

from typing import Any

import xarray as xr

from rnnsim.checks.arguments import check_choice
from rnnsim.equations.losses import LOSSES
from rnnsim.families.network import Network
from rnnsim.families.variables import BACKPROPAGATED
from rnnsim.runs.naming import name_results, variables_of
from rnnsim.runs.provenance import attributes
from rnnsim.runs.run import check_network, prepare
from rnnsim.verbs.simulate import computed


def backprop(
    net: Network,
    inputs: Any,
    targets: Any = None,
    *,
    loss: str = "mse",
    keep: Any = ("cost", "grad"),
    dtype: Any = "float64",
) -> xr.Dataset:
    """The cost of every network of a family and its exact derivatives.

    Parameters
    ----------
    net : the family.
    inputs : as `simulate` takes them; or a task, a Dataset with `inputs` and `targets`, instead of both.
    targets : of the last step, (output) or (sample, output), or of every step, (step, output) or (sample, step, output); without
        `output` for scalar networks, and for cross-entropy; with axes as a DataArray. An entry that is nan does not count.
    loss : "mse": the mean over samples, targeted steps and outputs of (output - target)²; "cross_entropy": the mean of
        log Σ exp(output) - output[target], targets being whole numbers, -1 for one that does not count. Without a readout the state is the
        output.
    keep : exactly the variables to return: `cost`; `grad_w_in`, `grad_w_rec`, `grad_bias`, `grad_h0` and so on, the derivatives of the cost
        by each parameter ("grad" is all of them); `grad_state`, `grad_preactivation`, `grad_input` over (axes…, sample, step, …), those by
        what happens at step k, with all its consequences (`grad_state_0` in a stack); and whatever `simulate` keeps.
    dtype : "float64" or "float32", for computing and for results.

    Returns
    -------
    A Dataset with the variables kept and `diverged_at` over the axes: the first step at which a state of any sample is not finite,
    or -1. Gradients have their parameters' shapes; `grad_h0` has a dimension `sample` if h0 has. At step 0 `grad_preactivation` is nan
    and `grad_input` 0.

    Raises
    ------
    ValueError, TypeError : anything that does not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(rs.axis("w_in", np.linspace(-3, 3, 7)), rs.axis("w_rec", np.linspace(-3, 3, 7)), activation="linear")
    >>> surface = rs.backprop(net, [[0, 1, 1], [1, 0, 0]], [2, 1])
    >>> float(surface.cost.sel(w_in=1, w_rec=1))
    0.0
    """
    check_network(net)
    check_choice("loss", loss, LOSSES)
    names = variables_of(net, keep, BACKPROPAGATED, {"grad": tuple(f"grad_{name}" for name in net.trainable)})
    run = prepare(net, inputs, targets, names, dtype, with_targets=True, classes=LOSSES[loss].classes)
    attrs = attributes("backprop", net, run.given, {"keep": names, "loss": loss, "dtype": run.dtype})
    return name_results(run, names, computed(run, names, LOSSES[loss]), attrs)
