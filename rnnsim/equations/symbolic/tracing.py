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
from rnnsim.equations.symbolic.symbols import Named, Symbol, node_of_result, trace

KINDS = ("x", "h", "xh", "x|h")


def equation_of(declared: Any, activation: Any = None, tracked: bool = False) -> Equation:
    """The equation that a class declares by `states`, `gates`, `numbers` and `step`."""
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
    s = Named("s", "the states", {state: Symbol(node) for state, node in zip(states, leaves("s", len(states)), strict=True)})
    p = Named("p", "the numbers", {n: Symbol(node) for n, node in zip(numbers, leaves("c", len(numbers)), strict=True)})
    more = (*(() if activation is None else (function_of(activation),)), *((Symbol(a[-1]),) if noisy else ()))
    found = trace(f"{name}.step", step, s, Named("a", "the pre-activations", symbols), p, *more)
    returned = found if isinstance(found, tuple | list) else (found,)
    if len(returned) != len(states):
        raise ValueError(
            f"{name}.step returns {len(returned)} number{'s' * (len(returned) != 1)}; it needs one for each of its states {shown(states)}"
        )
    new = tuple(trace(f"{name}.step", node_of_result, value, state) for value, state in zip(returned, states, strict=True))
    labels = tuple(gates) if len(gates) > 1 else ()
    cached = getattr(activation, "cached", True)
    return Equation(declared, new, gate_names, labels, reads, apart, numbers, activation, cached, tracked)


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
