"""From a cell's declaration to its equation: `step` is run once, on symbols."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from rnnsim.checks.showing import shown
from rnnsim.equations.activations import ACTIVATIONS
from rnnsim.equations.symbolic.derivation import Equation, leaves, rules_of
from rnnsim.equations.symbolic.expressions import Node, operations_in, substituted
from rnnsim.equations.symbolic.symbols import Named, Symbol, node_of_result, trace

KINDS = ("x", "h", "xh", "x|h")


def equation_of(declared: Any, activation: Any = None, tracked: bool = False) -> Equation:
    """The equation that a class declares by `states`, `gates`, `numbers`, `step` and, perhaps, `output`."""
    name, states, gates = declared.__name__, tuple(declared.states), dict(declared.gates)
    numbers = tuple(getattr(declared, "numbers", {}))
    apart = tuple(i for i, kind in enumerate(gates.values()) if kind == "x|h")
    step = inspect.getattr_static(declared, "step")
    step = getattr(step, "__func__", step)
    noisy = takes_noise(step, activation is not None)
    reads = (*("x" if kind == "x|h" else kind for kind in gates.values()), *("h",) * len(apart), *("",) * noisy)
    a = leaves("a", len(reads))
    names = [f"{gate}_x" if kind == "x|h" else gate for gate, kind in gates.items()]
    gate_names = (*names, *(f"{gate}_h" for gate, kind in gates.items() if kind == "x|h"))
    symbols = {gate: Symbol(node) for gate, node in zip(gate_names, a, strict=not noisy)}
    read = read_of(declared)
    own = leaves("s", len(states)) if read is None else leaves("s", 1 + len(states))[1:]
    s = named_states(states, own)
    p = Named("p", "the numbers", {n: Symbol(node) for n, node in zip(numbers, leaves("c", len(numbers)), strict=True)})
    more = (*(() if activation is None else (function_of(activation),)), *((Symbol(a[-1]),) if noisy else ()))
    found = trace(f"{name}.step", step, s, Named("a", "the pre-activations", symbols), p, *more)
    returned = found if isinstance(found, tuple | list) else (found,)
    if len(returned) != len(states):
        raise ValueError(
            f"{name}.step returns {len(returned)} number{'s' * (len(returned) != 1)}; it needs one for each of its states {shown(states)}"
        )
    new = tuple(trace(f"{name}.step", node_of_result, value, state) for value, state in zip(returned, states, strict=True))
    if read is not None:
        new = substituted(read, dict(zip(own, new, strict=True))), *new
    labels = tuple(gates) if len(gates) > 1 else ()
    cached = getattr(activation, "cached", True)
    return Equation(declared, new, gate_names, labels, reads, apart, numbers, activation, cached, tracked, read)


def named_states(states: tuple[str, ...], nodes: tuple[Node, ...]) -> Named:
    """The states of one unit, by name."""
    return Named("s", "the states", {state: Symbol(node) for state, node in zip(states, nodes, strict=True)})


def read_of(declared: Any) -> Node | None:
    """What the class says by `output` that is read of its states, which are the leaves from the second on; None: the first of them."""
    output = inspect.getattr_static(declared, "output", None)
    if output is None:
        return None
    name, states = f"{declared.__name__}.output", tuple(declared.states)
    own = leaves("s", 1 + len(states))[1:]
    returned = trace(name, getattr(output, "__func__", output), named_states(states, own))
    if isinstance(returned, tuple | list):
        raise ValueError(f"{name} returns {len(returned)} numbers; it needs one, which w_rec, readouts and layers above read")
    read = trace(name, node_of_result, returned, "what is read")
    if not any(node in own for node in operations_in([read])):
        raise ValueError(f"{name} reads none of the states {shown(states)}; it needs a number made of them")
    return None if read is own[0] else read


def takes_noise(step: Callable[..., Any], with_activation: bool) -> bool:
    """Whether a step takes standard normal numbers behind the states, the pre-activations, the numbers and, perhaps, an activation."""
    return len(inspect.signature(step).parameters) == 4 + with_activation


def function_of(activation: Any) -> Callable[[Any], Any]:
    """An activation as a function of symbols."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation._on_symbols


@cache
def cell_of(declared: Any, activation: Any = None, tracked: bool = False) -> Any:
    """The cell as kernels take it."""
    return rules_of(equation_of(declared, activation, tracked))()


def tracked(cell: Any) -> Any:
    """The same cell with derivatives by its own numbers."""
    kind: Any = type(cell)
    return tracked_kind(kind)()


@cache
def tracked_kind(kind: Any) -> Any:
    """The class of the same cells with derivatives by their numbers."""
    return rules_of(replace(kind.equation, tracked=True))
