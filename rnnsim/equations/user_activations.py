"""Activations of a user's own."""

from collections.abc import Callable
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numba
import xxhash

from rnnsim.checks.arguments import as_real, flag, refuse_methods
from rnnsim.checks.derivatives import check_derivative
from rnnsim.checks.function_hashes import function_hash
from rnnsim.checks.showing import kind_of
from rnnsim.equations.symbolic.expressions import Node, substituted, text_of
from rnnsim.equations.symbolic.symbols import Symbol, node_of_result, trace

ARGUMENT = Node("leaf", "a", 0)


class Activation:
    """An activation φ of the user's own, for `rs.Elman(…, activation=φ)`.

    A function of arithmetic, comparisons and `rnnsim.functions` is enough: it is run once on a symbol, and its slope and curvature
    are derived. Networks with it are as fast as those of the package's own, and their kernels are kept on disk. If a slope is given,
    the functions are compiled by Numba as they are, take one number to one number, and may be anything that Numba compiles.

    Parameters
    ----------
    value : callable
        The function φ(a) of a pre-activation a.
    slope : callable or None
        Its derivative φ'(a), or None to derive it. Gradients are as right as it is.
    curvature : callable or None
        Its second derivative φ''(a), where a slope is given. It may be None unless second derivatives are asked for.
    check : bool, default True
        Whether to compare `slope` with the derivative of `value`, and `curvature` with that of `slope`, at a hundred numbers from
        -40 to 40: by complex steps if they are right for the function, else by differences, which see a relative error of 1e-8.
        Give False for a slope that is meant to be another, such as a surrogate gradient.

    Raises
    ------
    TypeError
        If the slope cannot be derived, or if Numba cannot compile one of them to a function of a number that returns a number.
    ValueError
        If `slope` or `curvature` is not the derivative, or if there is a curvature without a slope.

    See Also
    --------
    rnnsim.Elman : The networks that take an activation.

    Examples
    --------
    >>> import rnnsim as rs
    >>> from rnnsim.functions import exp
    >>> bell = rs.Activation(lambda a: exp(-a * a))
    >>> rs.Elman(1.0, rs.axis("w_rec", [0.5, 1.5]), activation=bell)
    <rnnsim.Elman of one unit, activation of the user's own; axes w_rec: 2>
    """

    def __init__(
        self,
        value: Callable[[Any], Any],
        slope: Callable[[Any], Any] | None = None,
        curvature: Callable[[Any], Any] | None = None,
        *,
        check: bool = True,
    ):
        self.expression: Node | None = None
        self.functions: dict[str, Any] = {}
        checked = flag("check", check)
        if slope is None:
            if curvature is not None:
                raise ValueError("curvature was given without slope; it needs both, or none, which are then derived")
            self.expression = expression_of(value)
            return
        given = {"value": value, "slope": slope} | ({} if curvature is None else {"curvature": curvature})
        self.functions = {name: jitted(name, function) for name, function in given.items()}
        if checked:
            for (of, function), (name, derivative) in pairwise(self.functions.items()):
                check_derivative(name, derivative, of, function)

    @classmethod
    def _of(cls, expression: Node) -> "Activation":
        """The activation of an expression in `ARGUMENT`."""
        made = cls.__new__(cls)
        made.expression, made.functions = expression, {}
        return made

    def __init_subclass__(cls) -> None:
        refuse_methods(cls, ("value", "slope", "curvature"), "rs.Activation(value)")

    @property
    def cached(self) -> bool:
        """Whether kernels with it are kept on disk: those are whose equation is known."""
        return self.expression is not None

    @property
    def bends(self) -> bool:
        """Whether it has second derivatives."""
        return self.expression is not None or "curvature" in self.functions

    def _on_symbols(self, a: Symbol) -> Symbol:
        """The symbol of the value."""
        if self.expression is None:
            return Symbol(Node("given", self, a.node))
        return Symbol(substituted(self.expression, {ARGUMENT: a.node}))

    @cached_property
    def hash(self) -> str:
        """A hash of what the functions do."""
        if self.expression is not None:
            return xxhash.xxh3_128_hexdigest(text_of([self.expression]).encode())
        return " ".join(function_hash(function) for function in self.functions.values())

    def __repr__(self) -> str:
        return "of the user's own"

    def __reduce__(self) -> Any:
        if self.expression is not None:
            return Activation._of, (self.expression,)
        return partial(Activation, check=False), tuple(self.functions.values())


def expression_of(value: Any) -> Node:
    """What a function makes of a symbol."""
    if not callable(value):
        raise TypeError(f"value was given {kind_of(value)}; it needs a function of one number")
    found = trace("value", getattr(value, "py_func", value), Symbol(ARGUMENT))
    return node_of_result(found, "the activation")


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
