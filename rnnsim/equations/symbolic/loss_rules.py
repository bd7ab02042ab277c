"""From a loss, a function of an output and its target, to its rules."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import xxhash

from rnnsim.equations.symbolic import derived_cells
from rnnsim.equations.symbolic.derivation import tangents_of
from rnnsim.equations.symbolic.expressions import ONE, ZERO, Node, compare, where
from rnnsim.equations.symbolic.source import NAMES, Writer, function_text
from rnnsim.equations.symbolic.symbols import Symbol, node_of_result, trace

OUTPUT, TARGET, TANGENT = (Node("leaf", name, 0) for name in ("y", "target", "dy"))
KNOWN = {OUTPUT: "y", TARGET: "target", TANGENT: "dy"}


def traced_loss(function: Callable[[Any, Any], Any], name: str) -> Node:
    """What a loss makes of symbols."""
    found = trace(name, getattr(function, "py_func", function), Symbol(OUTPUT), Symbol(TARGET))
    return node_of_result(found, "the loss")


def derived_loss(function: Callable[[Any, Any], Any]) -> Any:
    """The rules of a loss, 0 where the target is nan."""
    return rules_of_loss(function.__name__, traced_loss(function, function.__name__))


def rules_of_loss(name: str, value: Node) -> Any:
    """The rules of a loss with this value."""
    counts = compare("==", TARGET, TARGET)
    (slope,) = tangents_of([value], {OUTPUT: ONE})
    (bent,) = tangents_of([slope], {OUTPUT: TANGENT})
    sources = [
        rule("contribution(loss, y, target)", where(counts, value, ZERO)),
        rule("cotangent(loss, y, target)", where(counts, slope, ZERO)),
        rule("cotangent_tangent(loss, y, target, dy)", where(counts, bent, ZERO)),
    ]
    source = "\n".join(sources)
    name = f"{name}_{xxhash.xxh3_64_hexdigest(source.encode())}"
    space: dict[str, Any] = dict(NAMES)
    exec(compile(source, f"<rules of {name}>", "exec"), space)
    members = {known: space[known] for known in ("contribution", "cotangent", "cotangent_tangent")}
    members |= {"classes": False, "differentiable": True, "value": value, "source": source}
    return derived_cells.keep(name, type(name, (namedtuple(name, ()),), members))()


def rule(head: str, result: Node) -> str:
    """The source of one of them."""
    writer = Writer(KNOWN)
    text = writer.results([result], "y")
    return function_text(head, {}, writer, f"{text}[0]")
