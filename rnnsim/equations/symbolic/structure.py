"""What can be told from an equation's graph: whether it hides that a state is not finite, the factor of its Jacobian's determinant, and
which node is the pre-activation of a gate whose parts it reads apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from rnnsim.equations.symbolic.expressions import ONE, ZERO, Node, multiply, operations_in, substituted
from rnnsim.equations.symbolic.linearization import linearised, without

BOUNDED = ("tanh", "sigmoid", "sin", "cos")
KEEP_BOUNDS = ("add", "subtract", "negative", "multiply", "muladd", "minimum", "maximum", "absolute", "relu", "softplus", "exp")
CARRY = ("add", "subtract", "negative", "multiply", "muladd", "absolute")


@lru_cache(1024)
def is_bounded(node: Node) -> bool:
    """Whether a node is finite or nan, whatever states and pre-activations are, and nan if what it is made of is nan."""
    if node.free or node.operation in BOUNDED:
        return True
    if node.operation == "divide":
        return is_bounded(node.arguments[0]) and node.arguments[1].free
    return node.operation in KEEP_BOUNDS and all(map(is_bounded, node.inner))


@lru_cache(1024)
def carries(node: Node, sources: tuple[Node, ...]) -> bool:
    """Whether a node is not finite if any of its sources is not."""
    if any(node is source for source in sources):
        return True
    if node.operation == "divide":
        return carries(node.arguments[0], sources)
    return node.operation in CARRY and any(carries(inner, sources) for inner in node.inner)


def ways(node: Node) -> Iterator[Node]:
    """The node for each way in which the outermost choice by the cell's own numbers alone can turn out, and those behind it."""
    choices = [x for x in operations_in([node]) if x.operation in ("where", "share") and x.arguments[0].free]
    if not choices:
        yield node
        return
    x, *more = choices[-1].arguments
    for way in more if choices[-1].operation == "where" else (ZERO, multiply(x, *more)):
        yield from ways(substituted(node, {choices[-1]: way}))


def hides_divergence(new_states: tuple[Node, ...], states: tuple[Node, ...], reading_h: tuple[Node, ...]) -> bool:
    """Whether a finite state may follow one that is not; the first state comes back through the gates that read h, too."""
    for i, (new, old) in enumerate(zip(new_states, states, strict=True)):
        sources = (old, *(reading_h if i == 0 else ()))
        if not all(is_bounded(way) or carries(way, sources) for way in ways(new)):
            return True
    return False


def row_of(output: Node, leaves: set[Node]) -> dict[Node, Node]:
    """The partial derivatives of an output by leaves, none between them."""
    graph = linearised((output,), leaves)
    for node in [node for node in graph if node is not output]:
        graph = without(graph, node)
    return graph.get(output, {} if output not in leaves else {output: ONE})


def slopes_of(output: Node, leaves: tuple[Node, ...]) -> list[Node]:
    """The partial derivatives of an output by each of these leaves."""
    row = row_of(output, {*leaves})
    return [row.get(leaf, ZERO) for leaf in leaves]


class Volume(NamedTuple):
    """The parts of a unit's factor of the determinant of the Jacobian, where that is Π factor · det W of one gate, and which gate it is."""

    parts: tuple[Node, ...]
    gate: Node


def volume_of(new_states: tuple[Node, ...], states: tuple[Node, ...], reading_h: tuple[Node, ...]) -> Volume | None:
    """The volume of a cell; None where the determinant is no such product.

    A new state that another is made of counts as one of that one's arguments, which subtracts its row from the other's.
    """
    rows = [row_of(new, {*states, *reading_h, *(other for other in new_states if other is not new)}) for new in new_states]
    read = [gate for gate in reading_h if gate in rows[0]]
    others = range(1, len(states))
    if len(read) != 1 or any(state in rows[0] for state in states) or any(states[i] not in rows[i] for i in others):
        return None
    if not any(is_triangular(rows, states, order) for order in permutations(others)):
        return None
    return Volume((*(rows[i][states[i]] for i in others), rows[0][read[0]]), read[0])


def is_triangular(rows: list[dict[Node, Node]], states: tuple[Node, ...], order: tuple[int, ...]) -> bool:
    """Whether each state, in this order, is made of those before it and itself."""
    return all(states[later] not in rows[i] for place, i in enumerate(order) for later in order[place + 1 :])


def joined_gate(new_states: tuple[Node, ...], x_part: Node, h_part: Node) -> Node | None:
    """The first node that is made of both parts of a gate; None if there is none."""
    seen: dict[Node, tuple[bool, bool]] = {}

    def visit(node: Node) -> Node | None:
        if node not in seen:
            for inner in node.inner:
                if (found := visit(inner)) is not None:
                    return found
            parts = [seen[inner] for inner in node.inner]
            seen[node] = node is x_part or any(x for x, _ in parts), node is h_part or any(h for _, h in parts)
        return node if all(seen[node]) else None

    for new in new_states:
        if (found := visit(new)) is not None:
            return found
    return None
