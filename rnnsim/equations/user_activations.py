"""Activations of a user's own."""

from collections import namedtuple
from collections.abc import Callable
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.errors import NumbaError
from numba.extending import overload, register_jitable

from rnnsim.checks.arguments import as_real, flag, refuse_methods
from rnnsim.checks.derivatives import check_derivative
from rnnsim.checks.function_hashes import function_hash
from rnnsim.checks.showing import kind_of
from rnnsim.equations.activations import by_slope, by_slope_tangent
from rnnsim.numerics.primitives import each_lane, select
from rnnsim.numerics.simd import Lanes


class Activation:
    """An activation φ of the user's own, for `rs.Elman(…, activation=φ)`.

    The functions are compiled by Numba, jitted or not, and take one number to one number. Those written with arithmetic and
    `rnnsim.functions` run on vectors of numbers, as fast as the package's own; others run number by number.

    Parameters
    ----------
    value : callable
        The function φ(a) of a pre-activation a.
    slope : callable
        Its derivative φ'(a). Gradients are as right as it is.
    curvature : callable or None
        Its second derivative φ''(a). It may be None unless second derivatives are asked for.
    check : bool, default True
        Whether to compare `slope` with the derivative of `value`, and `curvature` with that of `slope`, at a hundred numbers from
        -40 to 40: by complex steps if they are right for the function, else by differences, which see a relative error of 1e-8.
        Give False for a slope that is meant to be another, such as a surrogate gradient.

    Raises
    ------
    TypeError
        If Numba cannot compile one of them to a function of a number that returns a number.
    ValueError
        If `slope` or `curvature` is not the derivative.

    See Also
    --------
    rnnsim.Elman : The networks that take an activation.

    Examples
    --------
    >>> import rnnsim as rs
    >>> from rnnsim.functions import exp
    >>> bell = rs.Activation(lambda a: exp(-a * a), lambda a: -2.0 * a * exp(-a * a))
    >>> rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.5]), activation=bell)
    <rnnsim.Elman of one unit, activation of the user's own; axes w_rec: 2>
    """

    def __init__(
        self,
        value: Callable[[Any], Any],
        slope: Callable[[Any], Any],
        curvature: Callable[[Any], Any] | None = None,
        *,
        check: bool = True,
    ):
        given = {"value": value, "slope": slope} | ({} if curvature is None else {"curvature": curvature})
        self.functions = {name: jitted(name, function) for name, function in given.items()}
        if flag("check", check):
            for (of, function), (name, derivative) in pairwise(self.functions.items()):
                check_derivative(name, derivative, of, function)
        self.rule = rule_of(self.functions["value"], self.functions["slope"], self.functions.get("curvature"))

    def __init_subclass__(cls) -> None:
        refuse_methods(cls, ("value", "slope", "curvature"), "rs.Activation(value, slope, curvature)")

    @cached_property
    def hash(self) -> str:
        """A hash of what the functions do."""
        return " ".join(function_hash(function) for function in self.functions.values())

    def __repr__(self) -> str:
        return "of the user's own"

    def __reduce__(self) -> Any:
        return partial(Activation, check=False), tuple(self.functions.values())


def jitted(name: str, function: Any) -> Any:
    """A function compiled by Numba, tried on a number."""
    if not callable(function):
        raise TypeError(f"{name} was given {kind_of(function)}; it needs a function of one number")
    compiled = function
    try:
        if not numba.extending.is_jitted(function) and not numba.config.DISABLE_JIT:
            compiled = numba.njit(function)
        found = compiled(0.5)
    except Exception:  # whatever Numba or the function says
        needed = "a function of one number, of arithmetic and rnnsim.functions or of what Numba can compile"
        raise TypeError(f"{name} is no function that can be compiled for a number; it needs {needed}") from None
    if as_real(found) is None:
        raise TypeError(f"{name} returned a {type(found).__name__} for 0.5; it needs to return a number")
    return compiled


def on_lanes(function, a):
    """A jitted function of all lanes, at once if it can be compiled so, else one by one; every lane has a plain number that it returns."""
    found = function(a)
    return found if np.ndim(found) == np.ndim(a) else np.full_like(a, found)


@overload(on_lanes, strict=False)
def _on_lanes(function, a):
    try:
        function.dispatcher.get_call_template((a,), {})
    except NumbaError:
        return lambda function, a: each_lane(function, a)
    if isinstance(function.dispatcher.overloads[(a,)].signature.return_type, types.Number | types.Boolean) and isinstance(a, Lanes):
        return lambda function, a: in_every_lane(a, function(a))
    return lambda function, a: function(a)


@register_jitable
def in_every_lane(a, number):
    """A number in lanes like those of a."""
    return select(a < a, number, number)


def rule_of(value: Any, slope: Any, curvature: Any = None) -> Any:
    """An activation as cells take it."""

    def value_of(phi, a):
        return on_lanes(value, a)

    def linearized(phi, a):
        return on_lanes(value, a), (on_lanes(slope, a),)

    def tangents(phi, a, partials, da):
        return (on_lanes(curvature, a) * da,)

    members = {
        "partials": 1,
        "hides_divergence": True,
        "cached": False,
        "value": value_of,
        "linearize": linearized,
        "scale": by_slope,
    }
    if curvature is not None:
        members |= {"partial_tangents": tangents, "scale_tangent": by_slope_tangent}
    return type("Own", (namedtuple("Own", ()),), members)()
