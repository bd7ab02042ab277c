"""Graphs on NumPy's numbers, complex ones too, for derivatives by complex steps."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rnnsim.equations.symbolic.expressions import Node

COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


def by_real(function: Any) -> Any:
    """A comparison of complex numbers, by their real parts."""
    return lambda x, y: function(np.real(x), np.real(y))


def erf(x: Any) -> Any:
    """erf, of numbers next to the real ones."""
    real = np.vectorize(math.erf, otypes=[float])(np.real(x))
    return real + 1j * np.imag(x) * 2.0 / math.sqrt(math.pi) * np.exp(-(np.real(x) ** 2)) if np.iscomplexobj(x) else real


FUNCTIONS: dict[str, Any] = {
    "add": operator.add,
    "subtract": operator.sub,
    "negative": operator.neg,
    "multiply": operator.mul,
    "muladd": lambda a, b, c: a * b + c,
    "divide": operator.truediv,
    "where": np.where,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: np.where(np.real(x) <= 0.0, 0.0, x),
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "softplus": lambda x: np.log(1.0 + np.exp(x)),
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "erf": erf,
    "absolute": lambda x: np.where(np.real(x) < 0.0, -x, x),
    "sign": lambda x: np.sign(np.real(x)),
    "share": operator.mul,
    "minimum": lambda x, y: np.where(np.real(x) <= np.real(y), x, y),
    "maximum": lambda x, y: np.where(np.real(x) >= np.real(y), x, y),
}
SLOPES: dict[str, Any] = {
    "tanh": lambda x: 1.0 / np.cosh(x) ** 2,
    "sigmoid": lambda x: sigmoid(x) * sigmoid(-x),
    "relu": lambda x: np.where(np.real(x) > 0.0, 1.0, 0.0),
    "softplus": sigmoid,
}


def evaluate(nodes: Iterable[Node], leaves: Mapping[Node, Any]) -> list[Any]:
    """The values of nodes, from those of leaves."""
    found = dict(leaves)

    def value(node: Node) -> Any:
        if node not in found:
            found[node] = compute(node)
        return found[node]

    def compute(node: Node) -> Any:
        if node.operation == "constant":
            return node.arguments[0]
        if node.operation == "compare":
            comparison, left, right = node.arguments
            return by_real(COMPARISONS[comparison])(value(left), value(right))
        if node.operation == "slope":
            call = node.arguments[0]
            return SLOPES[call.operation](value(call.arguments[0]))
        return FUNCTIONS[node.operation](*map(value, node.arguments))

    return [value(node) for node in nodes]
