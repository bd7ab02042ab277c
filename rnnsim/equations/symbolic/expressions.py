"""Equations as graphs: what an equation is made of, and the partial derivatives of each operation.

Equal operations on equal arguments are one node, so that a graph has no operation twice. Constructors fold numbers, drop what adds 0 or
multiplies by 1, and write a product that is added to something as one `muladd`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any
from weakref import WeakValueDictionary

NOTHING = -0.0  # x + NOTHING is x to the bit, for every x


class Node:
    """One operation: its name, and its arguments, nodes or what is needed to tell it from others."""

    __slots__ = ("__weakref__", "arguments", "free", "operation")
    known: WeakValueDictionary[Any, Node] = WeakValueDictionary()
    operation: str
    arguments: tuple[Any, ...]
    free: bool  # whether it is made of the cell's own numbers alone

    def __new__(cls, operation: str, *arguments: Any) -> Node:
        key = operation, *((id(x) if isinstance(x, Node) else (repr(x) if isinstance(x, float) else x)) for x in arguments)
        made = cls.known.get(key)
        if made is None:
            made = object.__new__(cls)
            made.operation, made.arguments = operation, arguments
            made.free = arguments[0] == "c" if operation == "leaf" else all(x.free for x in made.inner)
            cls.known[key] = made
        return made

    def __reduce__(self) -> Any:
        return Node, (self.operation, *self.arguments)

    def __repr__(self) -> str:
        return f"{self.operation}({', '.join(map(repr, self.arguments))})"

    @property
    def inner(self) -> tuple[Node, ...]:
        """The arguments that are nodes."""
        return tuple(x for x in self.arguments if isinstance(x, Node))


def constant(value: float) -> Node:
    return Node("constant", float(value))


def value_of(node: Node) -> float | None:
    """The number that a node is; None if it is no constant."""
    return node.arguments[0] if node.operation == "constant" else None


def is_zero(node: Node) -> bool:
    return value_of(node) == 0.0


ZERO, ONE = constant(0.0), constant(1.0)


class Unknown(Exception):
    """A derivative that nobody gave."""


def operations_in(nodes: Iterable[Node]) -> list[Node]:
    """All that nodes are made of, each once, arguments first."""
    found: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node not in found:
            for inner in node.inner:
                visit(inner)
            found[node] = None

    for node in nodes:
        visit(node)
    return list(found)


def text_of(nodes: Iterable[Node]) -> str:
    """Nodes as text, the same in every process: an operation after the other, each by the numbers of its arguments."""
    nodes = list(nodes)
    numbers = {node: i for i, node in enumerate(operations_in(nodes))}
    lines = [(node.operation, *(numbers[x] if isinstance(x, Node) else repr(x) for x in node.arguments)) for node in numbers]
    return f"{lines} {[numbers[node] for node in nodes]}"


def substituted(node: Node, places: dict[Node, Node]) -> Node:
    """An expression with other nodes in the place of some."""
    found = dict(places)
    for inner in operations_in([node]):
        if inner not in found:
            found[inner] = Node(inner.operation, *(found[x] if isinstance(x, Node) else x for x in inner.arguments))
    return found[node]


def folded(operation: Any, *nodes: Node) -> Node | None:
    """What an operation makes of constants; None if one is none, or if it has no value there."""
    values = [value_of(node) for node in nodes]
    if None in values:
        return None
    try:
        return constant(operation(*values))
    except (ArithmeticError, ValueError):
        return None


def add(a: Node, b: Node) -> Node:
    if is_zero(a) or is_zero(b):
        return b if is_zero(a) else a
    for product, other in ((a, b), (b, a)):
        if product.operation == "multiply":
            return Node("muladd", *product.arguments, other)
        if product.operation == "negative":
            return subtract(other, product.arguments[0])
    return folded(lambda x, y: x + y, a, b) or Node("add", a, b)


def subtract(a: Node, b: Node) -> Node:
    if is_zero(b):
        return a
    if is_zero(a):
        return negative(b)
    if b.operation == "multiply" and b.arguments[0].operation in ("constant", "negative"):
        return Node("muladd", negative(b.arguments[0]), b.arguments[1], a)
    return folded(lambda x, y: x - y, a, b) or Node("subtract", a, b)


def negative(a: Node) -> Node:
    if a.operation == "negative":
        return a.arguments[0]
    if a.operation == "subtract":
        return subtract(a.arguments[1], a.arguments[0])
    if a.operation == "multiply" and value_of(a.arguments[0]) is not None:
        return multiply(negative(a.arguments[0]), a.arguments[1])
    return folded(lambda x: -x, a) or Node("negative", a)


def multiply(a: Node, b: Node) -> Node:
    if is_zero(a) or is_zero(b):
        return a if is_zero(a) else b
    if value_of(b) is not None:
        a, b = b, a
    if value_of(a) in (1.0, -1.0):
        return b if value_of(a) == 1.0 else negative(b)
    return folded(lambda x, y: x * y, a, b) or Node("multiply", a, b)


def times(a: Node, b: Node) -> Node:
    """A product of which one factor may be a choice that leaves the other out: then that is not multiplied by 0, as it may be infinite."""
    for choice, factor in ((a, b), (b, a)):
        if choice.operation == "where" and any(map(is_zero, choice.arguments[1:])):
            condition, yes, no = choice.arguments
            return where(condition, times(yes, factor), times(no, factor))
    return multiply(a, b)


def muladd(a: Node, b: Node, c: Node) -> Node:
    product = multiply(a, b)
    if is_zero(c) or product.operation != "multiply":
        return add(product, c)
    return Node("muladd", *product.arguments, c)


def divide(a: Node, b: Node) -> Node:
    if value_of(b) is not None and not is_zero(b):
        return a if value_of(b) == 1.0 else folded(lambda x, y: x / y, a, b) or Node("divide", a, b)
    return ZERO if is_zero(a) else Node("divide", a, b)


def where(condition: Node, yes: Node, no: Node) -> Node:
    return yes if yes is no else Node("where", condition, yes, no)


def compare(operator: str, a: Node, b: Node) -> Node:
    return Node("compare", operator, a, b)


def apply(name: str, *arguments: Node) -> Node:
    """A function that has a name, of nodes; of a function of the user's own, `given` holds what it is."""
    if name in FOLDS and (found := folded(FOLDS[name], *arguments)) is not None:
        return found
    return Node(name, *arguments)


def slope(node: Node) -> Node:
    """The derivative of a function at the place of `node`, a call of it."""
    return Node("slope", node)


FOLDS: dict[str, Any] = {name: getattr(math, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf")}


def partials_of_call(node: Node) -> tuple[Node, ...]:
    """The derivative of a function of the package's own by each of its arguments."""
    x, *more = node.arguments
    match node.operation:
        case "tanh" | "sigmoid" | "relu" | "softplus":
            return (slope(node),)
        case "exp":
            return (node,)
        case "log" | "log1p":
            return (divide(ONE, x if node.operation == "log" else add(ONE, x)),)
        case "sqrt":
            return (divide(constant(0.5), node),)
        case "sin":
            return (apply("cos", x),)
        case "cos":
            return (negative(apply("sin", x)),)
        case "erf":
            return (multiply(constant(2.0 / math.sqrt(math.pi)), apply("exp", negative(multiply(x, x)))),)
        case "absolute":
            return (Node("sign", x),)
        case "share":
            return more[0], where(compare("==", x, ZERO), ZERO, x)
        case "minimum" | "maximum":
            first = compare("<=" if node.operation == "minimum" else ">=", x, more[0])
            return where(first, ONE, ZERO), where(first, ZERO, ONE)
    raise AssertionError(node.operation)


def partials_of_slope(call: Node) -> Node:
    """The derivative of a slope by the argument of the function."""
    match call.operation:
        case "tanh":
            return multiply(multiply(constant(-2.0), call), slope(call))
        case "sigmoid":
            return multiply(subtract(ONE, multiply(constant(2.0), call)), slope(call))
        case "relu":
            return ZERO
        case "softplus":
            return slope(apply("sigmoid", call.arguments[0]))
        case "given":
            if "curvature" not in call.arguments[0].functions:
                raise Unknown
            return Node("curvature", call)
    raise AssertionError(call.operation)


def partials(node: Node) -> list[tuple[Node, Node]]:
    """The arguments of an operation, each with the partial derivative by it; an argument may come twice."""
    x = node.arguments
    match node.operation:
        case "add":
            return [(x[0], ONE), (x[1], ONE)]
        case "subtract":
            return [(x[0], ONE), (x[1], constant(-1.0))]
        case "negative":
            return [(x[0], constant(-1.0))]
        case "multiply":
            return [(x[0], x[1]), (x[1], x[0])]
        case "muladd":
            return [(x[0], x[1]), (x[1], x[0]), (x[2], ONE)]
        case "divide":
            return [(x[0], divide(ONE, x[1])), (x[1], negative(divide(node, x[1])))]
        case "where":
            return [(x[1], where(x[0], ONE, ZERO)), (x[2], where(x[0], ZERO, ONE))]
        case "slope":
            return [(x[0].inner[0], partials_of_slope(x[0]))]
        case "given":
            return [(x[1], slope(node))]
        case "leaf" | "constant" | "compare" | "sign":
            return []
    return list(zip(x, partials_of_call(node), strict=True))
