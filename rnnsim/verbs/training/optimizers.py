"""Optimisers, as values: a rule and its numbers, each of which may be a number, an axis, or a schedule over epochs."""

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import as_real, check_choice, check_dims, flag, refuse_methods, to_array
from rnnsim.checks.hints import pointing
from rnnsim.checks.showing import shown
from rnnsim.equations import update_rules
from rnnsim.families.axes import check_axis_name

RPROP_VARIANTS: dict[str, Any] = {
    "rprop-": update_rules.RpropMinus,
    "rprop+": update_rules.RpropPlus,
    "irprop-": update_rules.IRpropMinus,
    "irprop+": update_rules.IRpropPlus,
    "tutorial": update_rules.TutorialRprop,
}


ABOVE_0 = float(np.nextafter(0.0, 1.0))


def numbers(name: str, value: Any, least: float, below: float = np.inf, *, endless: bool = False) -> Any:
    """A number of Python's, or an array over axes or epochs, from `least` on and below another; inf too, if it may be `endless`."""
    alone = as_real(value)
    found = to_array(name, value if alone is None else alone)
    if found.ndim and not isinstance(value, xr.DataArray):
        raise ValueError(f"{name} was given an array of shape {found.shape}; it needs a number, an axis (rs.axis) or a schedule")
    if found.dtype.kind not in "iuf":
        raise TypeError(f"{name} was given values of type {found.dtype}; it needs real numbers")
    if isinstance(value, xr.DataArray):
        check_dims(name, value)
        for dim in set(value.dims) - {"epoch"}:
            check_axis_name(dim)
    bad = found[~((found >= least) & ((found < below) | endless))]
    if bad.size:
        from_on = "(0" if least == ABOVE_0 else f"[{least:g}"
        raise ValueError(
            f"{name} was given the value {bad.flat[0]}; it needs numbers in {from_on}, {below:g}{']' if endless else ')'}"
        )
    return value if alone is None else alone


def check_steps(least: Any, most: Any) -> None:
    """Refuse bounds of which the lower is above the upper at some place; arrays that do not fit are refused where they meet others."""
    low, high = (xr.DataArray(bound).drop_vars(getattr(bound, "coords", ())) for bound in (least, most))
    epochs = max(bound.sizes.get("epoch", 1) for bound in (low, high))
    low, high = (
        bound.isel(epoch=np.minimum(np.arange(epochs), bound.sizes["epoch"] - 1)) if bound.sizes.get("epoch") else bound
        for bound in (low, high)
    )
    fitting = all(low.sizes[dim] == high.sizes[dim] for dim in {*low.dims} & {*high.dims})
    if fitting and (low > high).any():
        raise ValueError(
            f"step_min was given as {shown(least)} and step_max as {shown(most)}; it needs bounds of which the lower comes first"
        )


class Optimizer:
    """What `rs.train` moves parameters by: `rs.SGD`, `rs.Rprop`, `rs.Adam` or `rs.RMSprop`."""

    def __init__(self, rule: Any, options: dict[str, Any], numbers: dict[str, Any]):
        self.rule, self.numbers = rule, numbers
        self._shown = options | numbers

    def __init_subclass__(cls) -> None:
        refuse_methods(cls, ("step", "update", "begin"), "one of rs.SGD, rs.Rprop, rs.Adam, rs.RMSprop with other numbers")

    def changed(self, change: Callable[[Any], Any]) -> Self:
        """The same with every number changed."""
        other = copy.copy(self)
        other.numbers = {name: change(value) for name, value in self.numbers.items()}
        other._shown = {name: change(value) for name, value in self._shown.items()}
        return other

    def __repr__(self) -> str:
        return f"rnnsim.{type(self).__name__}({', '.join(f'{name}={text(value)}' for name, value in self._shown.items())})"


def text(value: Any) -> str:
    """A number or an axis as it is shown."""
    dims = getattr(value, "dims", ())
    return (
        f"<{', '.join(f'{dim}: {value.sizes[dim]}' for dim in dims)}>" if dims else shown(getattr(value, "item", lambda: value)())
    )


NO_DECAY = "to be left out, since rules have no penalty of parameters"
MEANT = {
    **dict.fromkeys(("learning_rate", "rate", "eta", "step_size"), "lr"),
    **dict.fromkeys(("weight_decay", "l2", "decay", "penalty"), NO_DECAY),
}
MEANT_BY_ADAM = MEANT | dict.fromkeys(("betas", "beta_1", "beta_2"), "beta1 and beta2") | dict.fromkeys(("epsilon", "tol"), "eps")
MEANT_BY_RMSPROP = MEANT | dict.fromkeys(("epsilon", "tol"), "eps") | {"rho": "alpha"}
MEANT_BY_RPROP = {
    **dict.fromkeys(("lr", "learning_rate", "rate", "step_size", "delta_0"), "step, the first step size"),
    "etas": "shrink and grow",
    "step_sizes": "step_min and step_max",
}


class SGD(Optimizer):
    """Gradient descent: p - lr v, v ← momentum v + g; with Nesterov's momentum p - lr (g + momentum v). As `torch.optim.SGD`.

    Parameters
    ----------
    lr, momentum : numbers, axes, or schedules (`rs.schedules`).
    nesterov : whether the gradient is taken with the momentum to come.

    Raises
    ------
    ValueError, TypeError : what is no number, or a negative one.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.SGD(rs.axis("lr", [0.01, 0.1]), momentum=0.9)
    rnnsim.SGD(lr=<lr: 2>, momentum=0.9, nesterov=False)
    """

    @pointing(MEANT)
    def __init__(self, lr: Any, momentum: Any = 0.0, nesterov: bool = False):
        given = {"lr": numbers("lr", lr, 0.0), "momentum": numbers("momentum", momentum, 0.0)}
        options = given | {"nesterov": flag("nesterov", nesterov)}
        still = isinstance(given["momentum"], float) and given["momentum"] == 0.0
        if options["nesterov"] and still:
            raise ValueError("nesterov was given without momentum; it needs one above 0")
        rule: Any = update_rules.Descent if still else update_rules.Nesterov if nesterov else update_rules.Momentum
        super().__init__(rule(), options, {"lr": given["lr"]} if still else given)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015), as `torch.optim.Adam`.

    Parameters
    ----------
    lr, beta1, beta2, eps : numbers, axes, or schedules (`rs.schedules`).

    Raises
    ------
    ValueError, TypeError : what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.Adam(0.01)
    rnnsim.Adam(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08)
    """

    @pointing(MEANT_BY_ADAM)
    def __init__(self, lr: Any = 1e-3, beta1: Any = 0.9, beta2: Any = 0.999, eps: Any = 1e-8):
        given = {
            "lr": numbers("lr", lr, 0.0),
            "beta1": numbers("beta1", beta1, 0.0, 1.0),
            "beta2": numbers("beta2", beta2, 0.0, 1.0),
        }
        rule: Any = update_rules.Adam
        super().__init__(rule(), {}, given | {"eps": numbers("eps", eps, ABOVE_0)})


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012), as `torch.optim.RMSprop`.

    Parameters
    ----------
    lr, alpha, eps, momentum : numbers, axes, or schedules (`rs.schedules`).
    centered : whether to divide by the gradient's standard deviation instead of its root mean square (Graves 2013).

    Raises
    ------
    ValueError, TypeError : what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.RMSprop(0.01)
    rnnsim.RMSprop(centered=False, lr=0.01, alpha=0.99, eps=1e-08, momentum=0.0)
    """

    @pointing(MEANT_BY_RMSPROP)
    def __init__(self, lr: Any = 1e-2, alpha: Any = 0.99, eps: Any = 1e-8, momentum: Any = 0.0, centered: bool = False):
        given = {"lr": numbers("lr", lr, 0.0), "alpha": numbers("alpha", alpha, 0.0, 1.0), "eps": numbers("eps", eps, ABOVE_0)}
        given["momentum"] = numbers("momentum", momentum, 0.0)
        options = {"centered": flag("centered", centered)}
        rule: Any = update_rules.CenteredRMSprop if centered else update_rules.RMSprop
        super().__init__(rule(), options, given)


class Rprop(Optimizer):
    """Resilient back-propagation: every parameter has a step size of its own, and of its gradient only the sign counts.

    Parameters
    ----------
    variant : "rprop-" (always a step), "rprop+" (Riedmiller and Braun 1993: after a flip of the sign the last step is undone), "irprop-"
        (after a flip no step; `torch.optim.Rprop`), "irprop+" (Igel and Hüsken 2003: undone only if the cost rose), or "tutorial" (by
        Roelants: like "rprop-", but sizes shrink unless the sign is the last one's, before the first step too; without bounds there).
    step : the first step size.
    grow, shrink : by which a size is multiplied where the sign stayed, and where it flipped.
    step_min, step_max : bounds of sizes.

    Each but `variant` may be a number, an axis, or a schedule.

    Raises
    ------
    ValueError, TypeError : an unknown variant; what is no number, or out of range.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.Rprop("irprop+", step=1e-3)
    rnnsim.Rprop(variant='irprop+', step=0.001, grow=1.2, shrink=0.5, step_min=1e-06, step_max=50.0)
    """

    @pointing(MEANT_BY_RPROP)
    def __init__(
        self,
        variant: str = "irprop-",
        step: Any = 1e-2,
        grow: Any = 1.2,
        shrink: Any = 0.5,
        step_min: Any = 1e-6,
        step_max: Any = 50.0,
    ):
        check_choice("variant", variant, RPROP_VARIANTS)
        given = {"step": numbers("step", step, 0.0), "grow": numbers("grow", grow, 1.0)}
        given["shrink"] = numbers("shrink", shrink, 0.0, float(np.nextafter(1.0, 2.0)))
        given |= {"step_min": numbers("step_min", step_min, 0.0), "step_max": numbers("step_max", step_max, 0.0, endless=True)}
        check_steps(given["step_min"], given["step_max"])
        super().__init__(RPROP_VARIANTS[variant](), {"variant": variant}, given)


class Clip:
    """A bound of gradients, `rs.ClipNorm` or `rs.ClipValue`."""

    kind: str

    def __init__(self, limit: Any):
        self.limit = numbers("limit", limit, 0.0, endless=True)

    @property
    def numbers(self) -> dict[str, Any]:
        """The limit, by name."""
        return {"limit": self.limit}

    def changed(self, change: Callable[[Any], Any]) -> Self:
        """The same with another limit."""
        return type(self)(change(self.limit))

    def __repr__(self) -> str:
        return f"rnnsim.{type(self).__name__}({text(self.limit)})"


class ClipNorm(Clip):
    """Clip by norm (Pascanu, Mikolov and Bengio 2013): a gradient by all trained parameters, g, whose norm is above `limit` becomes
    limit g / ‖g‖.

    Parameters
    ----------
    limit : a number, an axis, or a schedule.

    Raises
    ------
    ValueError, TypeError : what is no number, or a negative one.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.ClipNorm(rs.axis("limit", [0.1, 1.0]))
    rnnsim.ClipNorm(<limit: 2>)
    """

    kind = "norm"


class ClipValue(Clip):
    """Clip by value: every number of a gradient is brought into -limit…limit.

    Parameters
    ----------
    limit : a number, an axis, or a schedule.

    Raises
    ------
    ValueError, TypeError : what is no number, or a negative one.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.ClipValue(0.5)
    rnnsim.ClipValue(0.5)
    """

    kind = "value"
