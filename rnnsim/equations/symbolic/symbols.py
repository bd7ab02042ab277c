"""Symbols: what an equation is run on, once, so that it leaves its graph behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnnsim.checks.showing import kind_of
from rnnsim.equations.symbolic import expressions
from rnnsim.equations.symbolic.expressions import Node

FUNCTIONS = "rnnsim.functions"


class Symbol:
    """A number that is not known yet: arithmetic, comparisons and `rnnsim.functions` make new symbols of it."""

    __slots__ = ("node",)
    __array_ufunc__ = None  # NumPy's numbers leave arithmetic to symbols
    __hash__ = object.__hash__

    def __init__(self, node: Node):
        self.node = node

    def __add__(self, other: Any) -> Any:
        return joined(expressions.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return joined(expressions.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return joined(expressions.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return joined(expressions.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return joined(expressions.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return joined(expressions.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return joined(expressions.divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return joined(expressions.divide, other, self)

    def __pow__(self, exponent: Any) -> Any:
        return power(self, exponent)

    def __rpow__(self, base: Any) -> Any:
        return joined(lambda x, y: expressions.apply("exp", expressions.multiply(x, expressions.apply("log", y))), self, base)

    def __neg__(self) -> Symbol:
        return Symbol(expressions.negative(self.node))

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Symbol:
        return Symbol(expressions.apply("absolute", self.node))

    def __lt__(self, other: Any) -> Any:
        return Condition.of("<", self, other)

    def __le__(self, other: Any) -> Any:
        return Condition.of("<=", self, other)

    def __gt__(self, other: Any) -> Any:
        return Condition.of(">", self, other)

    def __ge__(self, other: Any) -> Any:
        return Condition.of(">=", self, other)

    def __eq__(self, other: Any) -> Any:
        return Condition.of("==", self, other)

    def __ne__(self, other: Any) -> Any:
        return Condition.of("!=", self, other)

    def __bool__(self) -> bool:
        raise TypeError(
            f"it asks whether a symbol is true, as if, and, or and max do; it needs {FUNCTIONS}.where, minimum or maximum"
        )

    def __float__(self) -> float:
        raise TypeError(
            f"it gives a symbol to a function that needs a number, as those of math do; it needs the function of {FUNCTIONS}"
        )

    __int__ = __index__ = __complex__ = __float__

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"it gives a symbol to a function of NumPy; it needs the function of {FUNCTIONS}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise TypeError(f"it asks a symbol for {name}, which only arrays have; it needs arithmetic and {FUNCTIONS}")

    def __iter__(self) -> Any:
        raise TypeError("it takes a symbol for a sequence; a symbol is one number of one unit")


class Condition:
    """A comparison of symbols, for `where`."""

    __slots__ = ("node",)
    __bool__ = Symbol.__bool__

    def __init__(self, node: Node):
        self.node = node

    @classmethod
    def of(cls, operator: str, left: Any, right: Any) -> Any:
        return joined(lambda a, b: expressions.compare(operator, a, b), left, right, cls)


def is_number(value: Any) -> bool:
    return (
        not isinstance(value, Symbol | Condition | str | bytes) and hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0
    )


def node_of(value: Any) -> Node | None:
    """The node of a symbol or of a number; None for anything else."""
    if isinstance(value, Symbol):
        return value.node
    return expressions.constant(float(value)) if is_number(value) else None


def joined(operation: Any, left: Any, right: Any, kind: Any = Symbol) -> Any:
    """What an operation makes of two symbols, or of one and a number."""
    a, b = node_of(left), node_of(right)
    if a is None or b is None:
        return NotImplemented
    return kind(operation(a, b))


def power(base: Symbol, exponent: Any) -> Any:
    """A symbol to a power: products for whole numbers, a root for halves, else by exp and log."""
    if not isinstance(exponent, Symbol) and is_number(exponent):
        doubled = 2.0 * float(exponent)
        if doubled == int(doubled) and abs(doubled) <= 32.0:
            found = whole_power(base.node, int(abs(doubled)) // 2)
            if int(doubled) % 2:
                found = expressions.multiply(found, expressions.apply("sqrt", base.node))
            return Symbol(found if doubled >= 0.0 else expressions.divide(expressions.ONE, found))
    return joined(lambda x, y: expressions.apply("exp", expressions.multiply(y, expressions.apply("log", x))), base, exponent)


def whole_power(node: Node, exponent: int) -> Node:
    """xⁿ by squaring."""
    if exponent == 0:
        return expressions.ONE
    half = whole_power(node, exponent // 2)
    square = expressions.multiply(half, half)
    return expressions.multiply(square, node) if exponent % 2 else square


class Named:
    """Symbols by name: the states `s`, pre-activations `a` or numbers `p` of one unit."""

    def __init__(self, letter: str, what: str, symbols: Mapping[str, Any]):
        self._letter, self._what, self._symbols = letter, what, symbols

    def __getattr__(self, name: str) -> Any:
        if name not in self._symbols:
            known = ", ".join(self._symbols) or "none"
            raise TypeError(f"it reads {self._letter}.{name}; {self._what} are {known}")
        return self._symbols[name]

    def __iter__(self) -> Any:
        return iter(self._symbols.values())


def node_of_result(value: Any, what: str) -> Node:
    """The node of what an equation returned."""
    node = node_of(value)
    if node is None:
        raise TypeError(f"it returned {kind_of(value)} for {what}; it needs a number made of s, a and p")
    return node


def trace(name: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """What an equation returns for symbols; whatever it raises tells whose it is."""
    try:
        return call(*arguments)
    except TypeError as error:
        text = str(error)
        if "ufunc" in text:
            text = "it gives a symbol to a function of NumPy; it needs the function of rnnsim.functions"
        raise TypeError(f"{name} cannot be derived: {text}") from None
    except Exception as error:  # whatever a function of the user's own raises
        raise TypeError(f"{name} cannot be derived: it raises {type(error).__name__} for symbols ({error})") from None
