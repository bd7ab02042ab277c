"""Activations of a user's own."""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError
from numba.extending import overload

from rnnsim.cells import bent_by_slope, by_slope
from rnnsim.lanes import Lanes
from rnnsim.primitives import each_lane


class Activation:
    """φ, an activation of your own, for `rs.Elman(…, activation=φ)`.

    Parameters
    ----------
    value, slope : φ(a) and φ'(a) of a pre-activation, functions that Numba can compile (jitted or not) from one number to one number.
        Those written with arithmetic and `rnnsim.functions` run on vectors of numbers, as fast as the package's own; others run number
        by number. Gradients are as right as `slope`.
    curvature : φ''(a), or None: only what needs second derivatives asks for it.

    Raises
    ------
    TypeError : what is no function of a number that Numba can compile to one that returns a number.

    Examples
    --------
    >>> import rnnsim as rs
    >>> from rnnsim.functions import exp
    >>> bell = rs.Activation(lambda a: exp(-a * a), lambda a: -2.0 * a * exp(-a * a))
    >>> rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.5]), activation=bell)
    <rnnsim.Elman of one unit, activation of the user's own; axes w_rec: 2>
    """

    def __init__(self, value: Callable[[Any], Any], slope: Callable[[Any], Any], curvature: Callable[[Any], Any] | None = None):
        given = {"value": value, "slope": slope} | ({} if curvature is None else {"curvature": curvature})
        self.functions = {name: jitted(name, function) for name, function in given.items()}
        self.rule = rule_of(self.functions["value"], self.functions["slope"], self.functions.get("curvature"))

    def __repr__(self) -> str:
        return "of the user's own"

    def __reduce__(self) -> Any:
        return Activation, tuple(self.functions.values())


def jitted(name: str, function: Any) -> Any:
    """A function compiled by Numba, tried on a number."""
    if not callable(function):
        raise TypeError(f"{name} was given a {type(function).__name__}; it needs a function of one number")
    compiled = function if numba.extending.is_jitted(function) or numba.config.DISABLE_JIT else numba.njit(function)
    try:
        found = compiled(0.5)
    except Exception as error:
        why = " ".join(str(error).split())[:200]
        raise TypeError(f"{name} is no function that can be compiled for a number ({why}); it needs one") from None
    if not isinstance(found, float | np.floating):
        raise TypeError(f"{name} returned a {type(found).__name__} for 0.5; it needs to return a number")
    return compiled


def on_lanes(function, a):
    """A jitted function of all lanes, at once if it can be compiled so, else one by one."""
    return function(a)


@overload(on_lanes, strict=False)
def _on_lanes(function, a):
    if isinstance(a, Lanes):
        try:
            function.dispatcher.get_call_template((a,), {})
        except NumbaError:
            return lambda function, a: each_lane(function, a)
    return lambda function, a: function(a)


def rule_of(value: Any, slope: Any, curvature: Any = None) -> Any:
    """An activation as cells take it."""

    def value_of(phi, a):
        return on_lanes(value, a)

    def linearized(phi, a):
        return on_lanes(value, a), (on_lanes(slope, a),)

    def bent(phi, a, partials, da):
        return (on_lanes(curvature, a) * da,)

    members = {"partials": 1, "comes_back": True, "cached": False, "value": value_of, "linearize": linearized, "scale": by_slope}
    if curvature is not None:
        members |= {"bend": bent, "bent_scale": bent_by_slope}
    return type("Own", (namedtuple("Own", ()),), members)()
