"""Source of a rule from its graph: an operation a line, each written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rnnsim.equations.symbolic import functions
from rnnsim.equations.symbolic.expressions import Node
from rnnsim.numerics.functions import elementary, logarithms, trigonometry
from rnnsim.numerics.primitives import filled, muladd, select
from rnnsim.numerics.user_functions import on_lanes

TEMPLATES = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "negative": "-{}",
    "multiply": "{} * {}",
    "muladd": "muladd({}, {}, {})",
    "divide": "{} / {}",
    "where": "select({}, {}, {})",
}
WITH_SLOPE = {
    "tanh": elementary.tanh_and_slope,
    "sigmoid": elementary.sigmoid_and_slope,
    "relu": elementary.relu_and_slope,
    "softplus": logarithms.softplus_and_slope,
}
TOGETHER = {"sin": "cos", "cos": "sin"}  # functions that are computed together where both are wanted
NAMES: dict[str, Any] = {
    "muladd": muladd,
    "select": select,
    "filled": filled,
    "on_lanes": on_lanes,
    "inf": np.inf,
    "nan": np.nan,
    "sign": elementary.sign,
    "sin_and_cos": trigonometry.sin_and_cos,
    **functions.NUMERIC,
    **{function.__name__: function for function in WITH_SLOPE.values()},
}


class Writer:
    """The lines of a function whose arguments have names already, and the functions of a user's own that it calls."""

    def __init__(self, known: Mapping[Node, str]):
        self.names, self.lines = dict(known), list[str]()
        self.given: dict[str, Any] = {}
        self.wanted: set[Node] = set()
        self.count = 0

    def results(self, nodes: Iterable[Node], anchor: str | None = None) -> str:
        """A tuple of nodes; constants as lanes like those of `anchor`, if there is one."""
        nodes = list(nodes)
        for node in nodes:
            self.note(node)
        return "(" + "".join(f"{self.result(node, anchor)}, " for node in nodes) + ")"

    def result(self, node: Node, anchor: str | None) -> str:
        name = self.name(node)
        return f"filled({anchor}, {name})" if anchor and node.operation == "constant" else name

    def note(self, node: Node) -> None:
        """Note what is wanted, so that a value and its slope are computed together."""
        if node in self.names or node in self.wanted:
            return
        self.wanted.add(node)
        for inner in node.inner:
            self.note(inner)

    def name(self, node: Node) -> str:
        """The name of a node's value, which is computed first if it is not known yet."""
        if node.operation == "constant":
            return constant_text(node.arguments[0])
        if node not in self.names:
            self.write(node)
        return self.names[node]

    def write(self, node: Node) -> None:
        call = node.arguments[0] if node.operation == "slope" else node
        if call.operation in WITH_SLOPE and Node("slope", call) in self.wanted:
            self.write_two(f"{call.operation}_and_slope", call, Node("slope", call))
            return
        if node.operation in TOGETHER and Node(TOGETHER[node.operation], *node.arguments) in self.wanted:
            self.write_two("sin_and_cos", Node("sin", *node.arguments), Node("cos", *node.arguments))
            return
        text = self.text(node)
        name = self.new()
        self.lines.append(f"{name} = {text}")
        self.names[node] = name

    def write_two(self, function: str, first: Node, second: Node) -> None:
        """Write a call of a function that gives two values of the same argument."""
        argument = self.name(first.arguments[0])
        names = self.new(), self.new()
        self.lines.append(f"{', '.join(names)} = {function}({argument})")
        for node, name in zip((first, second), names, strict=True):
            self.names.setdefault(node, name)

    def text(self, node: Node) -> str:
        """The operation, on the names of its arguments."""
        match node.operation:
            case "compare":
                operator, left, right = node.arguments
                return f"{self.name(left)} {operator} {self.name(right)}"
            case "given":
                return self.call_of(node, "value")
            case "slope" | "curvature":
                return self.call_of(node.arguments[0], node.operation)
        arguments = [self.name(x) for x in node.arguments]
        return TEMPLATES.get(node.operation, f"{node.operation}({{}}{', {}' * (len(arguments) - 1)})").format(*arguments)

    def call_of(self, node: Node, which: str) -> str:
        """A call of a function that the user gave, or of its slope or curvature."""
        function, argument = node.arguments
        name = f"{which}_of_activation"
        self.given[name] = function.functions[which]
        return f"on_lanes({name}, {self.name(argument)})"

    def new(self) -> str:
        self.count += 1
        return f"v{self.count}"


def constant_text(value: float) -> str:
    return f"({value!r})" if value < 0.0 or repr(value).startswith("-") else repr(value)


def function_text(head: str, unpacked: Mapping[str, Iterable[str]], writer: Writer, results: str) -> str:
    """A function: its arguments unpacked, its lines, and what it returns."""
    unpack = [f"{', '.join(names)}, = {argument}" for argument, names in unpacked.items() if names]
    body = [*unpack, *writer.lines, f"return {results}"]
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in body)
