"""Elementary functions of equations: on symbols, and on numbers, arrays and lanes, jitted or not."""

from __future__ import annotations

from typing import Any

from numba.extending import overload

from rnnsim.equations.symbolic.expressions import apply
from rnnsim.equations.symbolic.expressions import where as choose
from rnnsim.equations.symbolic.symbols import Condition, Symbol, joined, node_of_result
from rnnsim.numerics import primitives
from rnnsim.numerics.functions import elementary, error_function, logarithms, trigonometry

NUMERIC = {
    **{name: getattr(elementary, name) for name in ("tanh", "sigmoid", "relu", "exp", "sqrt", "minimum", "maximum", "share")},
    **{name: getattr(logarithms, name) for name in ("log", "log1p", "softplus")},
    **{name: getattr(trigonometry, name) for name in ("sin", "cos")},
    "erf": error_function.erf,
    "absolute": primitives.absolute,
}


def of_one(name: str) -> Any:
    """The function of a name: of a symbol a symbol, of anything else what `numerics` makes of it."""
    numeric = NUMERIC[name]

    def function(x: Any) -> Any:
        return Symbol(apply(name, x.node)) if isinstance(x, Symbol) else numeric(x)

    overload(function, jit_options={"forceinline": True})(lambda x: lambda x: numeric(x))
    return known_as(name, function, numeric)


def of_two(name: str) -> Any:
    """The same of two arguments, either of which may be a symbol."""
    numeric = NUMERIC[name]

    def function(x: Any, y: Any) -> Any:
        if isinstance(x, Symbol) or isinstance(y, Symbol):
            return joined(lambda a, b: apply(name, a, b), x, y)
        return numeric(x, y)

    overload(function, jit_options={"forceinline": True})(lambda x, y: lambda x, y: numeric(x, y))
    return known_as(name, function, numeric)


def known_as(name: str, function: Any, numeric: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = numeric.__doc__
    return function


tanh, sigmoid, relu, exp, log, log1p, softplus, sqrt, sin, cos, erf, absolute = map(
    of_one, ("tanh", "sigmoid", "relu", "exp", "log", "log1p", "softplus", "sqrt", "sin", "cos", "erf", "absolute")
)
minimum, maximum, share = map(of_two, ("minimum", "maximum", "share"))


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, `no` elsewhere."""
    if isinstance(condition, Condition):
        return Symbol(choose(condition.node, node_of_result(yes, "where"), node_of_result(no, "where")))
    if isinstance(yes, Symbol) or isinstance(no, Symbol):
        return yes if condition else no
    return elementary.where(condition, yes, no)


overload(where, jit_options={"forceinline": True})(
    lambda condition, yes, no: lambda condition, yes, no: elementary.where(condition, yes, no)
)


def linear(x: Any) -> Any:
    """x."""
    return x


overload(linear, jit_options={"forceinline": True})(lambda x: elementary.linear)
