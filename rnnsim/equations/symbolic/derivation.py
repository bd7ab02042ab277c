"""From the equation of a cell to all its rules (see `rules`): source that is written from the graph that `step` leaves behind."""

from __future__ import annotations

import linecache
from collections import namedtuple
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import count
from typing import Any

import xxhash

from rnnsim.equations.symbolic import derived_cells
from rnnsim.equations.symbolic.expressions import NOTHING, ONE, ZERO, Node, Unknown, add, constant, partials, times, value_of
from rnnsim.equations.symbolic.linearization import Linearisation, factors, linearise, product_of
from rnnsim.equations.symbolic.source import NAMES, Writer, function_text
from rnnsim.equations.symbolic.structure import Volume, hides_divergence, joined_gate, slopes_of, volume_of


def leaves(letter: str, count: int) -> tuple[Node, ...]:
    return tuple(Node("leaf", letter, i) for i in range(count))


def names_of(*groups: tuple[Node, ...]) -> dict[Node, str]:
    """The names of leaves in source: a letter, or two, and a number."""
    return {node: f"{node.arguments[0]}{node.arguments[1]}" for group in groups for node in group}


@dataclass(frozen=True)
class Equation:
    """The equation of one unit, as graphs over its leaves: states `s`, pre-activations `a` and its own numbers `c`.

    `reads` says of each pre-activation whether it is made of inputs, x, of states, h, or of both. Those that users know come first, by
    `labels` if there are several gates; behind them the parts that are made of h, of gates whose parts are apart: `apart` says which gate
    each belongs to; then the noise, if there is some, which reads nothing. `gate_names` are what `step` calls them. If the rules are to be
    `tracked`, the numbers have derivatives, too.

    Where something else than the first state is read, `read` is that, of the cell's own states. It is then kept as one state more, before
    them, which no step reads.
    """

    declared: Any
    new_states: tuple[Node, ...]
    gate_names: tuple[str, ...]
    labels: tuple[str, ...]
    reads: tuple[str, ...]
    apart: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    activation: Any = None
    cached: bool = True
    tracked: bool = False
    read: Node | None = None

    @property
    def name(self) -> str:
        return str(self.declared.__name__)

    @property
    def states(self) -> int:
        return len(self.new_states)

    @property
    def outputs(self) -> int:
        """How many states, the first, are no states of the cell's own, but what is read of them."""
        return int(self.read is not None)

    @property
    def known_gates(self) -> int:
        """How many pre-activations users know."""
        return len(self.reads) - len(self.apart) - self.noisy

    @property
    def noisy(self) -> bool:
        """Whether the last pre-activation is noise."""
        return self.reads[-1:] == ("",)

    def gates_that_read(self, letter: str) -> tuple[int, ...]:
        """The pre-activations that read x or h, in the order of their weights."""
        part_of_h = {gate: self.known_gates + i for i, gate in enumerate(self.apart)}
        found = [part_of_h.get(i, i) if letter == "h" else i for i in range(self.known_gates)]
        return tuple(i for i in found if letter in self.reads[i])

    @cached_property
    def leaves(self) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """States and pre-activations."""
        return leaves("s", self.states), leaves("a", len(self.reads))

    @property
    def number_leaves(self) -> tuple[Node, ...]:
        """The cell's own numbers."""
        return leaves("c", len(self.numbers))

    @property
    def reading_h(self) -> tuple[Node, ...]:
        """The pre-activations that read h."""
        return tuple(self.leaves[1][i] for i in self.gates_that_read("h"))

    @property
    def reported(self) -> list[Node]:
        """The pre-activations as users know them: of a gate whose parts are apart, what the equation makes of both."""
        a = self.leaves[1]
        found = list(a[: self.known_gates])
        for i, gate in enumerate(self.apart):
            part = a[self.known_gates + i]
            found[gate] = joined_gate(self.new_states, a[gate], part) or add(a[gate], part)
        return found

    @cached_property
    def linearisation(self) -> Linearisation:
        numbers = self.number_leaves if self.tracked else ()
        s, a = self.leaves
        return linearise(self.new_states, {*s, *a, *numbers})

    @cached_property
    def volume(self) -> Volume | None:
        """The determinant of the Jacobian, if it is a product of what is remembered."""
        found = None if self.outputs else volume_of(self.new_states, self.leaves[0], self.reading_h)
        rest = [factors(part)[1] for part in found.parts] if found else []
        return found if all(node is ONE or self.place(node) is not None for node in rest) else None

    def place(self, node: Node) -> int | None:
        """Where a node is remembered."""
        return next((i for i, other in enumerate(self.linearisation.remembered) if other is node), None)

    def pulled_back(self, cotangents: Iterable[Node]) -> dict[Node, Node]:
        """The cotangents of all leaves, from those of the new states."""
        found: dict[Node, Node] = {}
        for output, g in zip(self.new_states, cotangents, strict=True):
            found[output] = add(found[output], g) if output in found else g
        for node, edges in reversed(self.linearisation.graph.items()):
            if node in found:
                for argument, partial in edges.items():
                    found[argument] = add(times(self.kept(partial), found[node]), found.get(argument, ZERO))
        return found

    def pushed_forward(self, tangents: Mapping[Node, Node]) -> list[Node]:
        """The tangents of the new states, from those of some leaves."""
        found = dict(tangents)
        for node, edges in self.linearisation.graph.items():
            found[node] = ZERO
            for argument, partial in sorted(
                edges.items(), key=lambda edge: edge[0] in self.leaves[0]
            ):  # what a state keeps comes last
                found[node] = add(times(self.kept(partial), found.get(argument, ZERO)), found[node])
        return [found.get(output, ZERO) for output in self.new_states]

    def kept(self, partial: Node) -> Node:
        """A partial derivative, of what is remembered and the cell's own numbers."""
        free, rest = factors(partial)
        place = self.place(rest)
        return free if place is None else times(free, Node("leaf", "p", place))


def tangents_of(nodes: Iterable[Node], known: Mapping[Node, Node]) -> list[Node]:
    """The tangents of nodes, from those of some leaves."""
    found = dict(known)

    def tangent(node: Node) -> Node:
        if node not in found:
            total = ZERO
            for argument, partial in partials(node):
                total = add(times(partial, tangent(argument)), total)
            found[node] = total
        return found[node]

    return [tangent(node) for node in nodes]


def nothing_where_zero(nodes: Iterable[Node]) -> list[Node]:
    """Sums of which nothing comes: what is added to the bit as it is."""
    return [constant(NOTHING) if value_of(node) == 0.0 else node for node in nodes]


class Rules:
    """The source of each rule of an equation."""

    def __init__(self, equation: Equation):
        self.equation = equation
        states, gates, remembered = equation.states, len(equation.reads), len(equation.linearisation.remembered)
        self.s, self.a, self.c = leaves("s", states), leaves("a", gates), leaves("c", len(equation.numbers))
        self.p, self.dp = leaves("p", remembered), leaves("dp", remembered)
        self.ds, self.da, self.dc = leaves("ds", states), leaves("da", gates), leaves("dc", len(self.c))
        self.g, self.dg = leaves("g", states), leaves("dg", states)
        self.own, self.d_own = self.s[equation.outputs :], self.ds[equation.outputs :]
        self.g_read, self.dg_read = leaves("gy", 1), leaves("dgy", 1)
        self.given: dict[str, Any] = {}
        self.arguments = {
            "constants": self.c,
            "s": self.s,
            "a": self.a,
            "partials": self.p,
            "d_partials": self.dp,
            "ds": self.ds,
            "da": self.da,
            "dc": self.dc,
            "g": self.g,
            "dg": self.dg,
            "own": self.own,
            "d_own": self.d_own,
            "g_read": self.g_read,
            "dg_read": self.dg_read,
        }

    def rule(self, name: str, arguments: str, *results: list[Node], anchors: tuple[str | None, ...] = (), known: Any = None) -> str:
        """The source of a rule that returns a tuple of nodes, or several."""
        told = [argument for argument in arguments.split() if argument in self.arguments]
        writer = Writer(names_of(*(self.arguments[argument] for argument in told)) | (known or {}))
        for node in (node for nodes in results for node in nodes):
            writer.note(node)
        texts = [writer.results(nodes, anchor) for nodes, anchor in zip(results, anchors or (None,) * len(results), strict=True)]
        self.given |= writer.given
        unpacked = {argument: [f"{node.arguments[0]}{node.arguments[1]}" for node in self.arguments[argument]] for argument in told}
        head = f"{name}({', '.join(['cell', *arguments.split()])})"
        return function_text(head, unpacked, writer, ", ".join(texts))

    @property
    def anchor(self) -> str:
        """A leaf that is there in every step."""
        return "a0" if self.a else "s0"

    def sources(self) -> dict[str, str]:
        """All of them, by name."""
        e, remembered = self.equation, self.equation.linearisation.remembered
        back = e.pulled_back(self.g)
        past, by_gate = (nothing_where_zero(back.get(x, ZERO) for x in leaf) for leaf in (self.s, self.a))
        pushed = e.pushed_forward(dict(zip((*self.s, *self.a), (*self.ds, *self.da), strict=True)))
        tangent = f"d{self.anchor}"
        found = {
            "step": self.rule("step", "constants s a", list(e.new_states), anchors=(self.anchor,)),
            "linearize": self.rule("linearize", "constants s a", list(e.new_states), remembered, anchors=(self.anchor,) * 2),
            "pullback": self.rule("pullback", "constants partials g", past, by_gate, anchors=(None, "g0")),
            "pushforward": self.rule("pushforward", "constants partials ds da", pushed, anchors=(tangent,)),
            "report": self.rule("report", "a", e.reported, anchors=(self.anchor,)),
            "volume": self.volume(),
        }
        by_number = [back.get(x, ZERO) for x in self.c] if e.tracked else []
        moving = e.pushed_forward(dict(zip(self.c, self.dc, strict=True)))
        found["pull_numbers"] = self.rule("pull_numbers", "constants partials g", by_number, anchors=("g0",))
        found["push_numbers"] = self.rule("push_numbers", "constants partials dc", moving, anchors=("dc0" if self.dc else None,))
        return found | self.second_order(past, by_gate, by_number) | (self.of_outputs() if self.equation.outputs else {})

    def of_outputs(self) -> dict[str, str]:
        """The source of what is read of the states, and of its derivatives; no second ones where a user gave none."""
        read, own, moved = self.equation.read, self.own, dict(zip(self.own, self.d_own, strict=True))
        assert read is not None
        slopes = slopes_of(read, own)
        pushed = reduce(add, (times(slope, moved[state]) for slope, state in zip(slopes, own, strict=True)))
        pulled = [times(slope, self.g_read[0]) for slope in slopes]
        found = {
            "output": self.rule("output", "own", [read]),
            "output_slopes": self.rule("output_slopes", "own", slopes, anchors=("s1",)),
            "push_output": self.rule("push_output", "own d_own", [pushed]),
            "pull_output": self.rule("pull_output", "own g_read", pulled, anchors=("gy0",)),
        }
        try:
            turned = tangents_of(pulled, moved | {self.g_read[0]: self.dg_read[0]})
        except Unknown:
            return found
        return found | {"turn_output": self.rule("turn_output", "own d_own g_read dg_read", turned, anchors=("gy0",))}

    def second_order(self, past: list[Node], by_gate: list[Node], by_number: list[Node]) -> dict[str, str]:
        """The source of the tangents of partial derivatives, and of pullbacks; none where a user gave no second derivative."""
        remembered, names = self.equation.linearisation.remembered, names_of(self.p)
        known = {node: names[leaf] for node, leaf in zip(remembered, self.p, strict=True)}
        moved = dict(zip((*self.s, *self.a), (*self.ds, *self.da), strict=True))
        turned = dict(zip((*self.p, *self.g), (*self.dp, *self.dg), strict=True))
        try:
            partial_tangents = tangents_of(remembered, moved)
        except Unknown:
            return {}
        d_past, d_by_gate = nothing_where_zero(tangents_of(past, turned)), tangents_of(by_gate, turned)
        numbers = dict(zip(self.c, self.dc, strict=True))
        arguments = "constants s a partials ds da", "constants partials d_partials g dg"
        return {
            "partial_tangents": self.rule(
                "partial_tangents", arguments[0], partial_tangents, anchors=(f"d{self.anchor}",), known=known
            ),
            "pullback_tangent": self.rule("pullback_tangent", arguments[1], d_past, d_by_gate, anchors=(None, "g0")),
            "partial_tangents_by_numbers": self.rule(
                "partial_tangents_by_numbers",
                "constants s a partials dc",
                tangents_of(remembered, numbers),
                anchors=(self.anchor,),
                known=known,
            ),
            "pullback_tangent_by_numbers": self.rule(
                "pullback_tangent_by_numbers",
                "constants partials g dc",
                tangents_of(past, numbers),
                tangents_of(by_gate, numbers),
                anchors=("g0", "g0"),
            ),
            "pull_numbers_tangent": self.rule(
                "pull_numbers_tangent",
                "constants partials d_partials g dg dc",
                tangents_of(by_number, turned | numbers),
                anchors=("g0",),
            ),
        }

    def volume(self) -> str:
        """The source of the factor of the Jacobian's determinant."""
        volume = self.equation.volume
        factor = product_of(self.equation.kept(part) for part in volume.parts) if volume else ONE
        return self.rule("volume", "constants partials one", [factor], anchors=("one",))


UNCACHED = count()  # of cells with functions of a user's own, which no name can tell apart


def rules_of(equation: Equation) -> type:
    """The class of cells with these equations, as kernels take them."""
    rules = Rules(equation)
    sources = rules.sources()
    volume = equation.volume
    facts = {
        "labels": equation.labels,
        "reads": equation.reads,
        "x_gates": equation.gates_that_read("x"),
        "h_gates": equation.gates_that_read("h"),
        "gates": len(equation.reads),
        "known_gates": equation.known_gates,
        "states": equation.states,
        "constants": len(equation.numbers),
        "partials": len(equation.linearisation.remembered),
        "hides_divergence": hides_divergence(equation.new_states, equation.leaves[0], equation.reading_h),
        "volume_gate": [gate is volume.gate for gate in equation.reading_h].index(True) if volume else -1,
        "cached": equation.cached,
        "tracked": len(equation.numbers) if equation.tracked else 0,
        "activation": equation.activation,
    }
    source = "\n".join(sources.values())
    of_noise = {"noisy": equation.noisy, "summed": len(equation.reads) - equation.noisy}
    of_output = {"outputs": equation.outputs, "own": equation.states - equation.outputs}
    whose = "" if equation.declared.__module__.startswith("rnnsim.") else " of a user's own"
    of_this_process = "" if equation.cached else f" {next(UNCACHED)}"
    name = f"{equation.name}_{xxhash.xxh3_64_hexdigest(f'{source} {facts}{whose}{of_this_process}'.encode())}"
    namespace = NAMES | rules.given
    exec(compile(source, f"<rules of {name}>", "exec"), namespace)
    linecache.cache[f"<rules of {name}>"] = len(source), None, source.splitlines(keepends=True), f"<rules of {name}>"
    members = {rule: namespace[rule] for rule in sources}
    members |= facts | of_noise | of_output | {"declared": equation.declared, "equation": equation, "source": source}
    return derived_cells.keep(name, type(name, (namedtuple(name, ()),), members))
