"""Optimisers, as values: a rule and its numbers, each of which may be a number, an axis, or a schedule over epochs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Flag, Hyperparameter
from rnnsim.checks.arguments import as_real, check_choice, check_dims, flag, refuse_methods, to_array
from rnnsim.checks.hints import pointing
from rnnsim.checks.showing import shown
from rnnsim.equations import update_rules
from rnnsim.families.axes import check_axis_name

Variant: TypeAlias = Literal["irprop-", "rprop-", "rprop+", "irprop+", "tutorial"]
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
    """The rule by which `rs.train` moves parameters: `rs.SGD`, `rs.Rprop`, `rs.Adam` or `rs.RMSprop`."""

    def __init__(self, rule: Any, options: dict[str, Any], numbers: dict[str, Any]):
        self.rule, self.numbers = rule, numbers
        self._shown = options | numbers

    def __init_subclass__(cls) -> None:
        refuse_methods(cls, ("step", "update", "begin"), "one of rs.SGD, rs.Rprop, rs.Adam, rs.RMSprop with other numbers")

    def changed(self, change: Callable[[Any], Any]) -> Self:
        """Apply a function to every number of the optimizer.

        Parameters
        ----------
        change : callable
            What each number becomes, as a function of it.

        Returns
        -------
        Optimizer
            One of the same kind with the changed numbers.
        """
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


NO_DECAY = "to be left out, since it is rs.train that takes penalty={'w_rec': 1e-4}, say"
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
    """Gradient descent, with or without momentum, as `torch.optim.SGD`.

    A parameter p becomes p - lr v, where v ← momentum v + g and g is the gradient. With Nesterov's momentum it becomes p - lr (g +
    momentum v).

    Parameters
    ----------
    lr : float or DataArray
        The learning rate, 0 or more: a number, an axis, or a schedule (`rs.schedules`).
    momentum : float or DataArray, default 0.0
        The share of v that is kept, 0 or more: a number, an axis, or a schedule.
    nesterov : bool, default False
        Whether the gradient is taken with the momentum to come. It needs a momentum above 0.

    Raises
    ------
    ValueError
        If `lr` or `momentum` is negative or not finite, or if `nesterov` is given without momentum.
    TypeError
        If `lr` or `momentum` is not a real number or an array of them.

    See Also
    --------
    rnnsim.train : What takes an optimizer.
    rnnsim.Adam : Steps that are scaled for each parameter.
    rnnsim.schedules : Learning rates that change from epoch to epoch.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.SGD(rs.axis("lr", [0.01, 0.1]), momentum=0.9)
    rnnsim.SGD(lr=<lr: 2>, momentum=0.9, nesterov=False)
    """

    @pointing(MEANT)
    def __init__(self, lr: Hyperparameter, momentum: Hyperparameter = 0.0, nesterov: Flag = False):
        given = {"lr": numbers("lr", lr, 0.0), "momentum": numbers("momentum", momentum, 0.0)}
        options = given | {"nesterov": flag("nesterov", nesterov)}
        still = isinstance(given["momentum"], float) and given["momentum"] == 0.0
        if options["nesterov"] and still:
            raise ValueError("nesterov was given without momentum; it needs one above 0")
        rule: Any = update_rules.Descent if still else update_rules.Nesterov if nesterov else update_rules.Momentum
        super().__init__(rule(), options, {"lr": given["lr"]} if still else given)


class Adam(Optimizer):
    """Adam, which scales steps by running means of gradients and their squares [1]_, as `torch.optim.Adam`.

    Parameters
    ----------
    lr : float or DataArray, default 1e-3
        The learning rate, 0 or more: a number, an axis, or a schedule (`rs.schedules`).
    beta1 : float or DataArray, default 0.9
        The decay of the mean of gradients, in [0, 1): a number, an axis, or a schedule.
    beta2 : float or DataArray, default 0.999
        The decay of the mean of squared gradients, in [0, 1): a number, an axis, or a schedule.
    eps : float or DataArray, default 1e-8
        What is added to the root of the mean square, above 0: a number, an axis, or a schedule.

    Raises
    ------
    ValueError
        If a number is out of its range.
    TypeError
        If one is not a real number or an array of them.

    See Also
    --------
    rnnsim.train : What takes an optimizer.
    rnnsim.RMSprop : Gradients divided by their root mean square.
    rnnsim.schedules : Learning rates that change from epoch to epoch.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.Adam(0.01)
    rnnsim.Adam(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08)
    """

    @pointing(MEANT_BY_ADAM)
    def __init__(
        self, lr: Hyperparameter = 1e-3, beta1: Hyperparameter = 0.9, beta2: Hyperparameter = 0.999, eps: Hyperparameter = 1e-8
    ):
        given = {
            "lr": numbers("lr", lr, 0.0),
            "beta1": numbers("beta1", beta1, 0.0, 1.0),
            "beta2": numbers("beta2", beta2, 0.0, 1.0),
        }
        rule: Any = update_rules.Adam
        super().__init__(rule(), {}, given | {"eps": numbers("eps", eps, ABOVE_0)})


class RMSprop(Optimizer):
    """RMSprop, which divides gradients by their root mean square [1]_, as `torch.optim.RMSprop`.

    Parameters
    ----------
    lr : float or DataArray, default 1e-2
        The learning rate, 0 or more: a number, an axis, or a schedule (`rs.schedules`).
    alpha : float or DataArray, default 0.99
        The decay of the mean of squared gradients, in [0, 1): a number, an axis, or a schedule.
    eps : float or DataArray, default 1e-8
        What is added to the root of the mean square, above 0: a number, an axis, or a schedule.
    momentum : float or DataArray, default 0.0
        The momentum of the steps, 0 or more: a number, an axis, or a schedule.
    centered : bool, default False
        Whether to divide by the gradient's standard deviation instead of its root mean square [2]_.

    Raises
    ------
    ValueError
        If a number is out of its range.
    TypeError
        If one is not a real number or an array of them.

    See Also
    --------
    rnnsim.train : What takes an optimizer.
    rnnsim.Adam : Running means of gradients and of their squares.
    rnnsim.schedules : Learning rates that change from epoch to epoch.

    References
    ----------
    .. [1] G. Hinton, Neural networks for machine learning, lecture 6, 2012.
    .. [2] A. Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850, 2013.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.RMSprop(0.01)
    rnnsim.RMSprop(centered=False, lr=0.01, alpha=0.99, eps=1e-08, momentum=0.0)
    """

    @pointing(MEANT_BY_RMSPROP)
    def __init__(
        self,
        lr: Hyperparameter = 1e-2,
        alpha: Hyperparameter = 0.99,
        eps: Hyperparameter = 1e-8,
        momentum: Hyperparameter = 0.0,
        centered: Flag = False,
    ):
        given = {"lr": numbers("lr", lr, 0.0), "alpha": numbers("alpha", alpha, 0.0, 1.0), "eps": numbers("eps", eps, ABOVE_0)}
        given["momentum"] = numbers("momentum", momentum, 0.0)
        options = {"centered": flag("centered", centered)}
        rule: Any = update_rules.CenteredRMSprop if centered else update_rules.RMSprop
        super().__init__(rule(), options, given)


class Rprop(Optimizer):
    """Resilient back-propagation: every parameter has a step size of its own, and only the sign of its gradient counts.

    Parameters
    ----------
    variant : {"irprop-", "rprop-", "rprop+", "irprop+", "tutorial"}, default "irprop-"
        What happens after the sign of a gradient flips. "rprop-": there is always a step. "rprop+": the last step is undone [1]_.
        "irprop-": there is no step, as in `torch.optim.Rprop`. "irprop+": the last step is undone only if the cost rose [2]_.
        "tutorial" is that of P. Roelants' tutorial, which has no bounds of sizes: like "rprop-", but a size shrinks unless the sign
        is that of the last gradient, before the first step too.
    step : float or DataArray, default 1e-2
        The first step size, 0 or more: a number, an axis, or a schedule (`rs.schedules`).
    grow : float or DataArray, default 1.2
        By what a size is multiplied where the sign stayed, 1 or more: a number, an axis, or a schedule.
    shrink : float or DataArray, default 0.5
        By what a size is multiplied where the sign flipped, in [0, 1]: a number, an axis, or a schedule.
    step_min : float or DataArray, default 1e-6
        The smallest size, 0 or more: a number, an axis, or a schedule.
    step_max : float or DataArray, default 50.0
        The largest size, at least `step_min`, perhaps inf: a number, an axis, or a schedule.

    Raises
    ------
    ValueError
        If `variant` is unknown, if a number is out of its range, or if `step_min` is above `step_max`.
    TypeError
        If one is not a real number or an array of them.

    See Also
    --------
    rnnsim.train : What takes an optimizer.
    rnnsim.SGD : Steps in proportion to the gradient.
    rnnsim.schedules : Numbers that change from epoch to epoch.

    References
    ----------
    .. [1] M. Riedmiller and H. Braun, A direct adaptive method for faster backpropagation learning: the RPROP algorithm, ICNN 1993.
    .. [2] C. Igel and M. Hüsken, Empirical evaluation of the improved Rprop learning algorithms, Neurocomputing 50, 105, 2003.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.Rprop("irprop+", step=1e-3)
    rnnsim.Rprop(variant='irprop+', step=0.001, grow=1.2, shrink=0.5, step_min=1e-06, step_max=50.0)
    """

    @pointing(MEANT_BY_RPROP)
    def __init__(
        self,
        variant: Variant = "irprop-",
        step: Hyperparameter = 1e-2,
        grow: Hyperparameter = 1.2,
        shrink: Hyperparameter = 0.5,
        step_min: Hyperparameter = 1e-6,
        step_max: Hyperparameter = 50.0,
    ):
        check_choice("variant", variant, RPROP_VARIANTS)
        given = {"step": numbers("step", step, 0.0), "grow": numbers("grow", grow, 1.0)}
        given["shrink"] = numbers("shrink", shrink, 0.0, float(np.nextafter(1.0, 2.0)))
        given |= {"step_min": numbers("step_min", step_min, 0.0), "step_max": numbers("step_max", step_max, 0.0, endless=True)}
        check_steps(given["step_min"], given["step_max"])
        super().__init__(RPROP_VARIANTS[variant](), {"variant": variant}, given)


class Clip:
    """A bound of gradients: `rs.ClipNorm` or `rs.ClipValue`."""

    kind: str

    def __init__(self, limit: Hyperparameter):
        self.limit = numbers("limit", limit, 0.0, endless=True)

    @property
    def numbers(self) -> dict[str, Any]:
        """The limit, by its name."""
        return {"limit": self.limit}

    def changed(self, change: Callable[[Any], Any]) -> Self:
        """Apply a function to the limit.

        Parameters
        ----------
        change : callable
            What the limit becomes, as a function of it.

        Returns
        -------
        Clip
            One of the same kind with the changed limit.
        """
        return type(self)(change(self.limit))

    def __repr__(self) -> str:
        return f"rnnsim.{type(self).__name__}({text(self.limit)})"


class ClipNorm(Clip):
    """Clip gradients by their norm [1]_.

    A gradient g by all trained parameters whose norm is above `limit` becomes limit g / ‖g‖.

    Parameters
    ----------
    limit : float or DataArray
        The largest norm, 0 or more, perhaps inf: a number, an axis, or a schedule (`rs.schedules`).

    Raises
    ------
    ValueError
        If `limit` is negative or nan.
    TypeError
        If it is not a real number or an array of them.

    See Also
    --------
    rnnsim.train : What takes it, as `clip`.
    rnnsim.ClipValue : Clip each number of a gradient.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.ClipNorm(rs.axis("limit", [0.1, 1.0]))
    rnnsim.ClipNorm(<limit: 2>)
    """

    kind = "norm"


class ClipValue(Clip):
    """Clip gradients by value: every number of a gradient is brought into -limit…limit.

    Parameters
    ----------
    limit : float or DataArray
        The largest size of a number, 0 or more, perhaps inf: a number, an axis, or a schedule (`rs.schedules`).

    Raises
    ------
    ValueError
        If `limit` is negative or nan.
    TypeError
        If it is not a real number or an array of them.

    See Also
    --------
    rnnsim.train : What takes it, as `clip`.
    rnnsim.ClipNorm : Clip the gradient as a whole.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.ClipValue(0.5)
    rnnsim.ClipValue(0.5)
    """

    kind = "value"
