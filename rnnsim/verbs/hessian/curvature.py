"""Second derivatives of the cost of a family, by the tangents of back-propagation through time."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np

from rnnsim.checks.annotations import Inputs, LossName, Names, Numbers
from rnnsim.checks.arguments import names
from rnnsim.checks.memory_limits import check_room
from rnnsim.checks.showing import shown
from rnnsim.equations.user_activations import Activation
from rnnsim.equations.user_losses import Loss, check_loss
from rnnsim.families.network import Network
from rnnsim.families.result_variables import CURVATURE, DIVERGED_AT, chosen
from rnnsim.runs.plan import Field, Plan, coordinate, planned
from rnnsim.runs.run import Run, check_network, prepare
from rnnsim.verbs.hessian.engine import compute
from rnnsim.verbs.hessian.theta import full_sizes


@planned
def curvature(
    net: Network,
    inputs: Inputs,
    targets: Numbers | None = None,
    *,
    loss: LossName | Loss = "mse",
    parameters: Names | None = None,
    keep: Names = ("cost", "gradient", "hessian", "hessian_eigenvalue"),
) -> Plan:
    """Compute the Hessian of the cost of every network of a family, exact to rounding.

    Parameters
    ----------
    net : Network
        The family. An activation of your own needs its `curvature`.
    inputs : array_like or DataArray or Dataset
        As `backprop` takes them. A task, a Dataset with `inputs` and `targets`, stands for both.
    targets : array_like or DataArray, optional
        As `backprop` takes them.
    loss : {"mse", "cross_entropy", "absolute", "huber", "poisson", "logistic"} or Loss, default "mse"
        The cost, as in `backprop`.
    parameters : str or sequence of str, optional
        The names of the parameters that vary, such as ("w_in", "w_rec"), in the order in which their numbers become the dimension
        `parameter`. By default these are all but the starts and the cells' own numbers, such as a leak.
    keep : str or sequence of str, default ("cost", "gradient", "hessian", "hessian_eigenvalue")
        The variables to return, and no others.

    Returns
    -------
    Dataset
        The variables kept, and `diverged_at` over the axes. `cost` is over the axes alone. `gradient (parameter)` has the
        derivatives of the cost by all numbers of the parameters, each parameter flattened with its last dimension fastest. `hessian
        (parameter, parameter_from)` has the derivatives of the gradient, and is symmetric to rounding. `hessian_eigenvalue (mode)`
        has the eigenvalues of its symmetric part, ascending. The coordinate `parameter` names each number, as "w_rec[0,1]" (gate
        and sample first where there are any), or "w_rec" in a scalar network. The second derivative of relu is 0 everywhere.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, size or value, or if an activation lacks its curvature. Nothing has been computed by
        then.
    TypeError
        If an argument has the wrong type, or if there are no targets.
    MemoryError
        If the results do not fit into memory. The message says what to do instead.

    See Also
    --------
    rnnsim.backprop : The cost and its first derivatives.
    rnnsim.surfaces.minima : The local minima of a cost surface.

    Notes
    -----
    Each direction is a pass forward with tangents, and one back with the tangents of all cotangents [1]_. There are as many
    directions as there are numbers; some go at a time.

    References
    ----------
    .. [1] B. A. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 147, 1994.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(rs.axis("w_in", np.linspace(-3, 3, 7)), rs.axis("w_rec", np.linspace(-3, 3, 7)), activation="linear")
    >>> surface = rs.curvature(net, [[0, 1, 1], [1, 0, 0]], [2, 1], parameters=("w_in", "w_rec"))
    >>> surface.hessian.sel(w_in=1, w_rec=1).values
    array([[5., 4.],
           [4., 5.]])
    """
    check_network(net)
    rule = check_loss(loss)
    check_activations(net)
    chosen_parameters = check_parameters(net, parameters)
    names = chosen(keep, CURVATURE, {})
    run = prepare(net, inputs, targets, names, "float64", with_targets=True, classes=rule.classes)
    if run.weight:
        raise ValueError("inputs was given a task with weight, which curvature does not take; it needs task.drop_vars('weight')")
    labels = labels_of(run, chosen_parameters)
    sizes = {**run.grid.sizes, **dict.fromkeys(("parameter", "parameter_from", "mode"), len(labels))}
    fields = {name: Field.over(run.grid.sizes, name, sizes) for name in names}
    fields[DIVERGED_AT] = Field.of(DIVERGED_AT, run.grid.sizes, sizes, np.int32)
    named = {"parameter": "parameter of the derivative", "parameter_from": "parameter of the derivative that is differentiated"}
    coords = {dim: coordinate(dim, labels, long_name) for dim, long_name in named.items()}
    options = {"keep": names, "loss": str(loss), "parameters": chosen_parameters}
    arrays = partial(compute, run, rule, chosen_parameters, names)
    return Plan("curvature", net, run.grid, fields, coords, run.given, options, arrays)


def labels_of(run: Run, parameters: tuple[str, ...]) -> list[str]:
    """The names of all numbers of the parameters, such as w_rec[0,1], where a Hessian by them fits."""
    count = sum(prod(full_sizes(run, name).values()) for name in parameters)
    check_room((count + 1) * count)
    return [
        f"{name}[{','.join(map(str, place))}]" if place else name
        for name in parameters
        for place in np.ndindex(tuple(full_sizes(run, name).values()))
    ]


def check_activations(net: Network) -> None:
    """Refuse an activation without its second derivative."""
    for _, layer in net.levels:
        activation = getattr(layer, "activation", None)
        if isinstance(activation, Activation) and not activation.bends:
            raise ValueError(
                "activation was given as an rs.Activation without its curvature; it needs rs.Activation(value, slope, curvature)"
            )


def check_parameters(net: Network, parameters: Any) -> tuple[str, ...]:
    """The parameters that vary."""
    factors = [name for member in net.members for name in member.factors if name in net.trainable]
    known = tuple(name for name in net.trainable if name not in factors)
    if factors and parameters is None:
        raise ValueError(
            f"parameters was given as None, but curvature has no second derivatives by {', '.join(factors)} of an rs.LowRank; it needs "
            f"some of {', '.join(known)}"
        )
    if parameters is None:
        return tuple(name for name in known if name not in (*net.starts, *net.own_numbers))
    found = names("parameters", parameters, known, more=", each once")
    for i, name in enumerate(found):
        if name in found[:i]:
            raise ValueError(f"parameters was given {shown(name)}; it needs some of {', '.join(known)}, each once")
    return found
