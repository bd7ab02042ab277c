"""The derivative of an equation as a graph of which as little as possible has to be remembered between the two ways.

Intermediates of the linearised graph are eliminated where no more has to be remembered for it (Griewank and Walther, Evaluating
Derivatives, 2008, chapter 9: vertex elimination). A partial derivative is a product of two factors: one of the cell's own numbers, which
are known on the way back, too, and one of states and pre-activations, which is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import NamedTuple

from rnnsim.equations.symbolic.expressions import ONE, Node, add, constant, negative, operations_in, partials, times, value_of

Edges = dict[Node, dict[Node, Node]]
MOST_TRIED = 24  # intermediates of which each is tried; of more, the one with the fewest edges goes


def factors_of(product: Node) -> list[Node]:
    """The nodes whose product a node is, its sign as a factor -1."""
    if product.operation == "negative":
        return [constant(-1.0), *factors_of(product.arguments[0])]
    if product.operation == "multiply":
        return [factor for part in product.arguments for factor in factors_of(part)]
    return [product]


def product_of(nodes: Iterable[Node]) -> Node:
    return reduce(times, nodes, ONE)


def sum_of(a: Node, b: Node) -> Node:
    """a + b, with factors that both have before the sum."""
    left, right, common = factors_of(a), factors_of(b), []
    for factor in list(left):
        if value_of(factor) is None and any(factor is other for other in right):
            left.remove(factor)
            right.remove(factor)
            common.append(factor)
    return times(product_of(common), add(product_of(left), product_of(right))) if common else add(a, b)


def factors(node: Node) -> tuple[Node, Node]:
    """A partial derivative as a product: what the cell's own numbers give, and what has to be remembered."""
    if node.free:
        return node, ONE
    if node.operation == "negative":
        free, kept = factors(node.arguments[0])
        return negative(free), kept
    if node.operation == "multiply":
        (a, b), (c, d) = map(factors, node.arguments)
        return times(a, c), times(b, d)
    return ONE, node


def linearised(outputs: Iterable[Node], leaves: set[Node]) -> Edges:
    """Every node between the leaves and the outputs, with the partial derivatives by its arguments, arguments first."""
    graph: Edges = {}

    def visit(node: Node) -> bool:
        if node in leaves:
            return True
        if node in graph:
            return bool(graph[node])
        edges: dict[Node, Node] = {}
        for argument, partial in partials(node):
            if value_of(partial) != 0.0 and visit(argument):
                edges[argument] = add(edges[argument], partial) if argument in edges else partial
        graph[node] = edges
        return bool(edges)

    for output in outputs:
        visit(output)
    return {node: edges for node, edges in graph.items() if edges}


def remembered(graph: Mapping[Node, Mapping[Node, Node]]) -> list[Node]:
    """What has to be remembered, each once."""
    kept = (factors(partial)[1] for edges in graph.values() for partial in edges.values())
    return [node for node in dict.fromkeys(kept) if node is not ONE]


def without(graph: Edges, node: Node) -> Edges:
    """The graph with the edges of a node joined to those of what reads it."""
    found: Edges = {}
    for user, edges in graph.items():
        if user is node:
            continue
        joined = {argument: partial for argument, partial in edges.items() if argument is not node}
        if node in edges:
            for argument, partial in graph[node].items():
                product = times(edges[node], partial)
                joined[argument] = sum_of(joined[argument], product) if argument in joined else product
        found[user] = joined
    return found


def cost(graph: Edges) -> tuple[int, int]:
    """How much is remembered, then how many operations make that and both ways take."""
    kept = remembered(graph)
    return len(kept), len(operations_in(kept)) + sum(map(len, graph.values()))


class Linearisation(NamedTuple):
    """The graph, arguments first, and what of it has to be remembered."""

    graph: Edges
    remembered: list[Node]


def edges_gained(graph: Edges, node: Node) -> int:
    """How many edges more there are, at most, if a node is eliminated."""
    users = sum(node in edges for edges in graph.values())
    return users * len(graph[node]) - users - len(graph[node])


def linearise(outputs: tuple[Node, ...], leaves: set[Node]) -> Linearisation:
    """The derivative of the outputs by the leaves: of the graphs on the way to one without intermediates, eliminating the cheapest first,
    the one that costs least. Outputs stay, as others may read them."""
    graph = best = linearised(outputs, leaves)
    inner = [node for node in graph if not any(node is output for output in outputs)]
    while inner:
        if len(inner) <= MOST_TRIED:
            graph, eliminated = min(((without(graph, node), node) for node in reversed(inner)), key=lambda found: cost(found[0]))
        else:
            eliminated = min(inner, key=lambda node: edges_gained(graph, node))
            graph = without(graph, eliminated)
        inner = [node for node in inner if node is not eliminated]
        best = min(graph, best, key=cost)
    return Linearisation(best, remembered(best))
