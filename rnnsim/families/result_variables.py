"""The variables that verbs return: what each is called, what it means, and over which dimensions it stands behind the axes. Results get
their names by `runs.plan`."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from rnnsim.checks.arguments import names
from rnnsim.families.declarations import Declaration
from rnnsim.families.parameters import NUMBERED, layer_number


class Meaning(NamedTuple):
    """Dimensions behind the axes (those that a run does not have are left out) and the long name; all units are "1"."""

    dims: tuple[str, ...]
    long_name: str


SIMULATED = {
    "state": Meaning(("sample", "step", "unit"), "state"),
    "increment": Meaning(("sample", "step", "unit"), "increment of the state"),
    "preactivation": Meaning(("sample", "step", "gate", "unit"), "pre-activation"),
    "input": Meaning(("sample", "step", "input"), "input"),
    "output": Meaning(("sample", "step", "output"), "output"),
    "final_state": Meaning(("sample", "unit"), "state at the last step"),
    "overlap": Meaning(("sample", "step", "rank"), "overlap of the state and the right factor of the recurrent weight"),
}

PARAMETERS = {
    "table": Meaning(("token", "input"), "table of the embedding"),
    "w_in": Meaning(("gate", "unit", "input"), "input weight"),
    "w_rec": Meaning(("gate", "unit", "unit_from"), "recurrent weight"),
    "bias": Meaning(("gate", "unit"), "bias"),
    "bias_in": Meaning(("gate", "unit"), "bias of the input"),
    "bias_rec": Meaning(("gate", "unit"), "bias of the state"),
    "h0": Meaning(("sample", "unit"), "state at step 0"),
    "m": Meaning(("unit", "rank"), "left factor of the recurrent weight"),
    "n": Meaning(("unit", "rank"), "right factor of the recurrent weight"),
    "fixed": Meaning(("unit", "unit_from"), "recurrent weight beside the factors"),
    "w_out": Meaning(("output", "unit"), "output weight"),
    "b_out": Meaning(("output",), "bias of the output"),
}

BACKPROPAGATED = {
    "cost": Meaning((), "cost"),
    **{f"grad_{name}": Meaning(p.dims, f"derivative of the cost by the {p.long_name}") for name, p in PARAMETERS.items()},
    "grad_state": Meaning(("sample", "step", "unit"), "derivative of the cost by the state"),
    "grad_preactivation": Meaning(("sample", "step", "gate", "unit"), "derivative of the cost by the pre-activation"),
    "grad_input": Meaning(("sample", "step", "input"), "derivative of the cost by the input"),
    **SIMULATED,
}

EXPONENTS = {
    "lyapunov_exponent": Meaning(("sample", "exponent"), "Lyapunov exponent, nats a step"),
    "lyapunov_error": Meaning(
        ("sample", "exponent"), "standard error of the Lyapunov exponent, from the means of batches of steps"
    ),
    "lyapunov_drift": Meaning(("sample", "exponent"), "Lyapunov exponent of the second half of the steps less that of the first"),
    "kaplan_yorke_dimension": Meaning(("sample",), "Kaplan-Yorke dimension"),
    "entropy_rate": Meaning(("sample",), "sum of the positive Lyapunov exponents, nats a step"),
    "sum_rule_residual": Meaning(("sample",), "sum of the Lyapunov exponents less the mean of ln |det J|"),
    "lyapunov_mean": Meaning(("exponent",), "mean of the Lyapunov exponent over samples"),
    "lyapunov_spread": Meaning(("exponent",), "standard deviation of the Lyapunov exponent over samples"),
    "history": Meaning(("sample", "step", "exponent"), "Lyapunov exponent of the steps so far"),
    "local": Meaning(("sample", "step", "exponent"), "growth rate of the steps since the last orthonormal frame"),
}

ORBITS = {
    "orbit": Meaning(("sample", "iterate", "unit"), "state in the long run"),
    "period": Meaning(("sample",), "period of the orbit, 0 for none found"),
}

BASINS = {
    "attractor": Meaning(("sample",), "attractor that the start ends on, -1 for none"),
    "fraction": Meaning(("basin",), "share of the starts that end on the attractor"),
    "attractor_state": Meaning(("basin", "iterate", "unit"), "state on the attractor"),
    "attractor_period": Meaning(("basin",), "period of the attractor, 0 for none found, -1 where there is no attractor"),
    "uncertain_fraction": Meaning(("radius",), "share of the starts that are near one that ends elsewhere"),
    "uncertainty_exponent": Meaning((), "uncertainty exponent"),
    "uncertainty_error": Meaning((), "standard error of the uncertainty exponent"),
    "boundary_dimension": Meaning((), "dimension of the boundary of the basins"),
    "attractor_count": Meaning((), "number of attractors found"),
    "truncated": Meaning((), "whether there is more than was kept"),
}

PROPAGATED = {
    "log_singular_value": Meaning(
        ("sample", "lag", "mode"), "log of the singular values of the last state's derivative by an earlier one"
    ),
    "log_norm": Meaning(("sample", "lag"), "log of the Frobenius norm of the last state's derivative by an earlier one"),
    "log_determinant": Meaning(("sample", "lag"), "log of the determinant of the last state's derivative by an earlier one"),
    "growth_rate": Meaning(("sample",), "growth of the log of the largest singular value per step"),
    "regime": Meaning(("sample",), "regime of the largest singular value"),
    "memory_length": Meaning(("sample",), "lag at which the largest singular value has fallen by e"),
    "log_grad_norm": Meaning(("sample", "step"), "log of the norm of the derivative of the cost by the state"),
    "recurrent_norm": Meaning((), "largest singular value of the recurrent weights"),
    "norm_threshold": Meaning((), "inverse of the largest slope of the activation"),
    "pascanu_condition": Meaning((), "Pascanu's condition on the largest singular value of the recurrent weights"),
}

BIFURCATIONS = {
    "kind": Meaning(("point",), "kind of the special point"),
    "state": Meaning(("point", "unit"), "state"),
    "residual": Meaning(("point",), "largest of |F(s) - s| and |(J - μ) v| at the special point"),
    "multiplier_real": Meaning(("point", "mode"), "real part of the multiplier"),
    "multiplier_imag": Meaning(("point", "mode"), "imaginary part of the multiplier"),
    "point_count": Meaning((), "number of special points"),
    "truncated": Meaning((), "whether there is more than was kept"),
    "unlocated": Meaning((), "number of changes of stability at which no special point was located"),
    "incomplete": Meaning((), "number of branches that could not be followed to the end"),
    "branch_count": Meaning((), "number of branches"),
    "undecided": Meaning((), "regions, points and changes that are not proved, -1 if no complete search was made"),
}
BRANCHES = {
    "branch_state": Meaning(("branch", "position", "unit"), "state on the branch"),
    "branch_unstable": Meaning(("branch", "position"), "number of multipliers outside the unit circle, -1 behind the branch's end"),
}

OF_LAYERS = (
    "state",
    "increment",
    "preactivation",
    "final_state",
    "grad_state",
    "grad_preactivation",
    "orbit",
    "overlap",
)
DIVERGED_AT = "diverged_at"
OVERLAP = "overlap"
OF_OPTIMIZERS = {
    "velocity": "velocity",
    "first_moment": "mean of the gradient, weighted,",
    "second_moment": "mean of the squared gradient, weighted,",
    "square": "mean of the squared gradient, weighted,",
    "mean": "mean of the gradient, weighted,",
    "previous": "last gradient",
    "last_sign": "sign of the last gradient",
    "size": "step size",
    "move": "last step",
}
TRAINED = {
    **PARAMETERS,
    "validation_cost": Meaning((), "cost of the validation set"),
    "accuracy": Meaning((), "share of right classes"),
    "validation_accuracy": Meaning((), "share of right classes in the validation set"),
    "rounded_accuracy": Meaning((), "share of outputs that are right when rounded"),
    "validation_rounded_accuracy": Meaning((), "share of outputs of the validation set that are right when rounded"),
    "grad_norm": Meaning((), "norm of the gradient of the cost"),
    "first_power": Meaning((), "power of beta1"),
    "second_power": Meaning((), "power of beta2"),
    "last_cost": Meaning((), "cost before the last update"),
    "stopped_at": Meaning((), "epoch after which patience was at an end, -1 for never"),
    "best_epoch": Meaning((), "recorded epoch with the lowest cost"),
    "lowest_cost": Meaning((), "lowest cost so far"),
    "epochs_missed": Meaning((), "epochs since the lowest cost"),
    **{
        f"{state}_{name}": Meaning(p.dims, f"{what} of the {p.long_name}")
        for state, what in OF_OPTIMIZERS.items()
        for name, p in PARAMETERS.items()
    },
}
CURVATURE = {
    "cost": Meaning((), "cost"),
    "gradient": Meaning(("parameter",), "derivative of the cost by each parameter"),
    "hessian": Meaning(("parameter", "parameter_from"), "second derivative of the cost by each two parameters"),
    "hessian_eigenvalue": Meaning(("mode",), "eigenvalue of the second derivative of the cost"),
}

FIXED_POINTS = {
    "residual": Meaning(("point",), "largest change of a state in one step, relative to states beyond 1"),
    "multiplier_real": Meaning(("point", "mode"), "real part of the multiplier"),
    "multiplier_imag": Meaning(("point", "mode"), "imaginary part of the multiplier"),
    "stability": Meaning(("point",), "stability"),
    "point_count": Meaning((), "number of points"),
    "truncated": Meaning((), "whether there is more than was kept"),
    "slow_state": Meaning(("point", "unit"), "state of a slow point"),
    "slow_speed": Meaning(("point",), "length of a step at a slow point"),
    "slow_point_count": Meaning((), "number of slow points"),
    "undecided": Meaning((), "regions in which more points may be, -1 if no complete search was made"),
}
MEANINGS = {
    **CURVATURE,
    **BIFURCATIONS,
    **BRANCHES,
    **TRAINED,
    **FIXED_POINTS,
    **BACKPROPAGATED,
    **EXPONENTS,
    **ORBITS,
    **BASINS,
    **PROPAGATED,
    DIVERGED_AT: Meaning((), "first step at which a state is not finite, -1 for never"),
}


def of_parameter(name: str, dims: tuple[str, ...], long_name: str) -> dict[str, Meaning]:
    """A parameter, its gradient, and what optimizers keep of it."""
    found = {name: Meaning(dims, long_name), f"grad_{name}": Meaning(dims, f"derivative of the cost by the {long_name}")}
    return found | {f"{kept}_{name}": Meaning(dims, f"{what} of the {long_name}") for kept, what in OF_OPTIMIZERS.items()}


def of_state(kept: str) -> dict[str, Meaning]:
    """What verbs return of a state besides h."""
    what = kept.replace("_", " ")
    return {
        kept: Meaning(("sample", "step", "unit"), what),
        f"final_{kept}": Meaning(("sample", "unit"), f"{what} at the last step"),
        f"slow_{kept}": Meaning(("point", "unit"), f"{what} of a slow point"),
        f"branch_{kept}": Meaning(("branch", "position", "unit"), f"{what} on the branch"),
    }


DECLARED: set[str] = set()  # the variables of cells' own states and numbers
OWNERS: dict[str, str] = {}  # the cells that first had a state


def declare(kind: str, declaration: Declaration) -> None:
    """Take up the variables of a cell's own states and numbers."""
    for kept in declaration.kept_states[1:]:
        OWNERS.setdefault(kept, kind)
    found: dict[str, Meaning] = {}
    for start, kept in zip(declaration.starts[1:], declaration.kept_states[1:], strict=True):
        found |= of_state(kept) | of_parameter(start, ("sample", "unit"), f"{kept.replace('_', ' ')} at step 0")
    for name in declaration.numbers:
        found |= of_parameter(name, ("unit",), name)
    MEANINGS.update(found)
    DECLARED.update(found)


def meaning(name: str) -> Meaning:
    """What a variable is; one of a layer of a stack has its number behind its name and behind the layer's own dimensions."""
    base = name if name in MEANINGS else name.removesuffix(layer_number(name))
    found, number = MEANINGS[base], name[len(base) :]
    if not number:
        return found
    dims = tuple(f"{dim}{number}" if dim in NUMBERED else dim for dim in found.dims)
    return Meaning(dims, f"{found.long_name}, layer {number[1:]}")


def chosen(keep: Any, known: Iterable[str], groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The variables that `keep`, a name or several, asks for: names of `known` or of `groups` of them."""
    found: dict[str, None] = {}
    for name in names("keep", keep, (*groups, *known)):
        found.update(dict.fromkeys(groups.get(name, (name,))))
    return tuple(found)
