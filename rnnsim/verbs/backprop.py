"""Costs and gradients of a family, by back-propagation through time."""

from __future__ import annotations

from collections.abc import Mapping

from rnnsim.checks.annotations import Hyperparameter, Inputs, LossName, Names, Numbers, Precision, Seed
from rnnsim.equations.user_losses import Loss, check_loss
from rnnsim.families.network import Network
from rnnsim.families.result_variables import BACKPROPAGATED
from rnnsim.runs.penalties import penalties_shown
from rnnsim.runs.plan import Plan, planned
from rnnsim.runs.run import check_network, prepare
from rnnsim.runs.run_plan import plan_run, variables_of
from rnnsim.verbs.simulate import computed


@planned
def backprop(
    net: Network,
    inputs: Inputs,
    targets: Numbers | None = None,
    *,
    loss: LossName | Loss = "mse",
    penalty: Mapping[str, Hyperparameter] | None = None,
    weight: Numbers | None = None,
    keep: Names = ("cost", "grad"),
    noise_seed: Seed | None = 0,
    dtype: Precision = "float64",
) -> Plan:
    """Compute the cost of every network of a family and its exact derivatives, by back-propagation through time.

    Parameters
    ----------
    net : Network
        The family.
    inputs : array_like or DataArray or Dataset
        As `simulate` takes them. A task, a Dataset with `inputs` and `targets`, stands for both.
    targets : array_like or DataArray, optional
        Those of the last step, of shape (output) or (sample, output), or those of every step, of shape (step, output) or (sample,
        step, output). Scalar networks and cross-entropy have no dimension `output`. A DataArray may have axes. An entry that is nan
        does not count. Targets may be left out if `inputs` is a task.
    loss : {"mse", "cross_entropy", "absolute", "huber", "poisson", "logistic"} or Loss, default "mse"
        The cost. "mse" is the mean of (output - target)² over samples, targeted steps and outputs. "cross_entropy" is the mean of
        log Σ exp(output) - output[target], where targets are whole numbers and -1 is one that does not count. "absolute" is the mean
        of |output - target|; "huber" of half the square within 1 of the target and of |output - target| - 1/2 beyond; "poisson" of
        exp(output) - target · output, for counts; "logistic" of log(1 + exp(output)) - target · output, for targets 0 and 1. An
        `rs.Loss` is one of your own. Without a readout the state is the output.
    penalty : dict, optional
        What is added to the cost, by the name of a parameter or of states: `{"w_rec": 1e-4, "state": 1e-3}`. Each is a weight, a
        number of 0 or more or an axis of them, times the mean square of all numbers of the parameter, or of the states over units,
        steps 1…T and samples; of an `rs.Cell` with `output(s)`, that is what counts. `state_0` and so on are the states of the
        layers of a stack, and `state` those of the top one.
    weight : array_like or DataArray, optional
        Weights of the targets, 0 or more, of shape (step) or (sample, step), for the last step alone (sample), and perhaps with
        `output` behind; a DataArray may have some of these dimensions, and axes. The cost is then the mean with these weights over
        what counts, Σ weight · value / Σ weight; a target of weight 0 does not count. A task may have a `weight` of its own.
    keep : str or sequence of str, default ("cost", "grad")
        The variables to return, and no others: `cost`; `grad_w_in`, `grad_w_rec`, `grad_bias`, `grad_h0` and so on, the derivatives
        of the cost by each parameter, of which "grad" means all; `grad_state`, `grad_preactivation` and `grad_input` over (axes…,
        sample, step, …), the derivatives by what happens at step k with all its consequences (`grad_state_0` and so on in a stack);
        and whatever `simulate` can keep.
    noise_seed : int or DataArray or None, default 0
        The seed of the noise of networks that have some: a number or an axis. A seed stands for the same noise in whatever grid it
        appears, so that networks of a grid have the same noise unless their seeds differ. None is no noise.
    dtype : {"float64", "float32"}, default "float64"
        The precision of the computation and of the results.

    Returns
    -------
    Dataset
        The variables kept, and `diverged_at` over the axes: the first step at which a state of any sample is not finite, or -1.
        Gradients have the shapes of their parameters; `grad_h0` has a dimension `sample` if h0 has. At step 0, `grad_preactivation`
        is nan and `grad_input` is 0.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value. Nothing has been computed by then.
    TypeError
        If an argument has the wrong type, or if there are no targets.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.simulate : The states alone.
    rnnsim.train : Descend along these gradients.
    rnnsim.curvature : The second derivatives of the cost.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(rs.axis("w_in", np.linspace(-3, 3, 7)), rs.axis("w_rec", np.linspace(-3, 3, 7)), activation="linear")
    >>> surface = rs.backprop(net, [[0, 1, 1], [1, 0, 0]], [2, 1])
    >>> float(surface.cost.sel(w_in=1, w_rec=1))
    0.0
    """
    check_network(net)
    rule = check_loss(loss)
    names = variables_of(net, keep, BACKPROPAGATED, {"grad": tuple(f"grad_{name}" for name in net.trainable)})
    told = {"classes": rule.classes, "penalty": penalty, "weight": weight, "noise_seed": noise_seed}
    run = prepare(net, inputs, targets, names, dtype, with_targets=True, **told)
    options = {"keep": names, "loss": str(loss), "dtype": run.dtype, "penalty": penalties_shown(run.penalties)}
    options |= run.noise_options
    return plan_run("backprop", run, names, options, lambda: computed(run, names, rule))
