"""Whether what is derived from a cell's equation is right: every rule against complex steps, with and without the JIT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import xarray as xr

from rnnsim.checks.arguments import whole
from rnnsim.checks.showing import kind_of
from rnnsim.equations import rules
from rnnsim.equations.symbolic.evaluation import evaluate
from rnnsim.equations.symbolic.expressions import Node
from rnnsim.equations.symbolic.structure import slopes_of
from rnnsim.equations.symbolic.tracing import cell_of, tracked
from rnnsim.families.recurrent_networks import Elman, Recurrent

STEP = 1e-30
TOLERANCE = 1e-9
POINTS = 64

Values = tuple[np.ndarray, ...]


def check_cell(cell: Any, *, seed: int = 0) -> xr.Dataset:
    """Compare all rules that are derived from a cell's equation with complex steps of the equation, with and without the JIT.

    States, pre-activations, tangents and cotangents are drawn, and the cell's own numbers around their usual values.

    Parameters
    ----------
    cell : subclass of Cell, or a family
        The class, such as one of your own or `rs.GRU`, or a network of one layer, such as an `rs.Elman` with its activation.
    seed : int, default 0
        What is drawn.

    Returns
    -------
    Dataset
        `error (rule, jit)`: of each rule the largest difference, relative to the largest number of that kind and to 1.

    Raises
    ------
    TypeError
        If `cell` is no cell.
    ValueError
        If a rule differs by more than 1e-9. The message says which.

    See Also
    --------
    rnnsim.Cell : Cells of your own.

    Examples
    --------
    >>> import rnnsim as rs
    >>> found = rs.check_cell(rs.GRU)
    >>> bool(found.error.max() < 1e-9)
    True
    """
    of_rules = Rules(kernel_cell(cell), whole("seed", seed, 0))
    errors = {name: [largest(found(jit), exact) for jit in (False, True)] for name, found, exact in of_rules.all()}
    coords = {"rule": list(errors), "jit": [False, True]}
    found = xr.Dataset({"error": (("rule", "jit"), [*errors.values()])}, coords)
    found["error"].attrs |= {"long_name": "largest relative difference from complex steps", "units": "1"}
    for name, both in errors.items():
        if not max(both) <= TOLERANCE:
            raise ValueError(
                f"the rule {name} differs from complex steps by {max(both):.3g}; it needs to agree within {TOLERANCE:g}"
            )
    return found


def kernel_cell(cell: Any) -> Any:
    """The cell as kernels take it, with derivatives by its own numbers."""
    network = isinstance(cell, Recurrent)
    if not network and not (isinstance(cell, type) and issubclass(cell, Recurrent) and hasattr(cell, "gates")):
        raise TypeError(f"cell was given {kind_of(cell)}; it needs a subclass of rs.Cell, or a network of one layer")
    if network and not cell.cell.cached:
        raise TypeError(
            "cell was given an activation with a slope of its own; it needs one whose slope follows, rs.Activation(value)"
        )
    if network:
        return tracked(cell.cell)
    declared: Any = cell.declared if isinstance(cell.__dict__.get("declared"), type) else cell
    return cell_of(declared, "tanh" if cell is Elman else None, True)


def largest(found: Values, exact: Values) -> float:
    """The largest difference."""
    pairs = zip(found, exact, strict=True)
    return float(max((np.abs(a - b).max() / max(1.0, np.abs(b).max()) for a, b in pairs), default=0.0))


def moved(values: Values, tangents: Values) -> Values:
    """Numbers, moved along their tangents by a complex step."""
    return tuple(v + 1j * STEP * t for v, t in zip(values, tangents, strict=True))


def tangents_in(values: list[Any]) -> Values:
    """The derivatives in what complex steps gave."""
    return tuple(np.broadcast_to(np.imag(v) / STEP, (POINTS,)) for v in values)


class Rules:
    """What each rule gives for numbers that are drawn, and what it should."""

    def __init__(self, cell: Any, seed: int):
        self.cell, self.equation = cell, type(cell).equation
        rng = np.random.default_rng(seed)

        def drawn(count: int) -> Values:
            return tuple(rng.normal(size=POINTS) for _ in range(count))

        usual = [float(value) for value in getattr(type(cell).declared, "numbers", {}).values()]
        self.c = tuple(value * rng.uniform(0.5, 0.9, POINTS) for value in usual)
        self.s, self.ds, self.g, self.dg = (drawn(cell.states) for _ in range(4))
        self.a, self.da, self.dc = drawn(cell.gates), drawn(cell.gates), drawn(cell.constants)
        self.leaves = *self.equation.leaves[0], *self.equation.leaves[1], *self.equation.number_leaves
        self.partials = self.values(self.equation.linearisation.remembered)
        self.d_partials = self.tangents(self.equation.linearisation.remembered, self.ds, self.da, self.nothing(self.c))

    def values(self, nodes: list[Node]) -> Values:
        """The values of nodes."""
        found = evaluate(nodes, dict(zip(self.leaves, (*self.s, *self.a, *self.c), strict=True)))
        return tuple(np.broadcast_to(value, (POINTS,)) for value in found)

    def tangents(self, nodes: Any, ds: Values, da: Values, dc: Values) -> Values:
        """The tangents of nodes by a complex step."""
        places = moved(self.s, ds), moved(self.a, da), moved(self.c, dc)
        return tangents_in(evaluate(nodes, dict(zip(self.leaves, [x for part in places for x in part], strict=True))))

    def nothing(self, values: Values) -> Values:
        return tuple(0.0 * value for value in values)

    def run(self, rule: Any, *arguments: Values) -> Callable[[bool], Values]:
        """A rule on these numbers, with the JIT or without, all that it returns in one tuple."""

        def found(jit: bool) -> Values:
            if not jit or numba.config.DISABLE_JIT:
                return flat(rule(self.cell, *arguments))
            cell = self.cell
            jitted = numba.njit(lambda *each: rule(cell, *each), error_model="numpy")
            columns = [jitted(*(tuple(float(x[i]) for x in argument) for argument in arguments)) for i in range(POINTS)]
            return tuple(np.array(column) for column in zip(*map(flat, columns), strict=True))

        return found

    def all(self) -> Iterator[tuple[str, Callable[[bool], Values], Values]]:
        """The name of each rule, what it gives, and what complex steps give."""
        c, s, a, p, new, no = self.c, self.s, self.a, self.partials, self.equation.new_states, self.nothing
        yield "step", self.run(rules.step, c, s, a), self.values(list(new))
        yield "linearize", self.run(rules.linearize, c, s, a), (*self.values(list(new)), *p)
        pushed = self.tangents(new, self.ds, self.da, no(c))
        yield "pushforward", self.run(rules.pushforward, c, p, self.ds, self.da), pushed
        yield "pullback", self.run(rules.pullback, c, p, self.g), (*self.pulled("s"), *self.pulled("a"))
        if type(self.cell).constants:
            yield "push_numbers", self.run(rules.push_numbers, c, p, self.dc), self.tangents(new, no(s), no(a), self.dc)
            yield "pull_numbers", self.run(rules.pull_numbers, c, p, self.g), self.pulled("c")
        if hasattr(self.cell, "partial_tangents"):
            d_partials = self.run(rules.partial_tangents, c, s, a, p, self.ds, self.da)
            yield "partial_tangents", d_partials, self.d_partials
            turned = self.run(rules.pullback_tangent, c, p, self.d_partials, self.g, self.dg)
            yield "pullback_tangent", turned, self.turned("sa", self.d_partials, self.dg, no(c))
        if hasattr(self.cell, "partial_tangents") and type(self.cell).constants:
            yield from self.of_numbers()
        if self.cell.outputs:
            yield from self.of_outputs()
        yield "report", self.run(rules.report, a), self.values(self.equation.reported)

    def of_numbers(self) -> Iterator[tuple[str, Callable[[bool], Values], Values]]:
        """The same of the second-order rules of the cell's own numbers."""
        c, p, g, dc, no = self.c, self.partials, self.g, self.dc, self.nothing
        remembered = self.equation.linearisation.remembered
        moved_partials = self.run(rules.partial_tangents_by_numbers, c, self.s, self.a, p, dc)
        yield "partial_tangents_by_numbers", moved_partials, self.tangents(remembered, no(self.s), no(self.a), dc)
        exact = self.turned("sa", no(p), no(g), dc)
        yield "pullback_tangent_by_numbers", self.run(rules.pullback_tangent_by_numbers, c, p, g, dc), exact
        turned = self.run(rules.pull_numbers_tangent, c, p, self.d_partials, g, self.dg, dc)
        yield "pull_numbers_tangent", turned, self.turned("c", self.d_partials, self.dg, dc)

    def of_outputs(self) -> Iterator[tuple[str, Callable[[bool], Values], Values]]:
        """The same of the rules of what is read of the states."""
        own, d_own, g, dg, read = self.s[1:], self.ds[1:], self.g[:1], self.dg[:1], [self.equation.read]
        no, leaves = self.nothing, self.equation.leaves[0][1:]
        along = [tuple(np.full(POINTS, float(i == j)) for j in range(len(self.s))) for i in range(1, len(self.s))]
        slopes = tuple(self.tangents(read, ds, no(self.a), no(self.c))[0] for ds in along)
        yield "output", self.run(rules.output, own), self.values(read)
        yield "output_slopes", self.run(rules.output_slopes, own), slopes
        yield "push_output", self.run(rules.push_output, own, d_own), self.tangents(read, self.ds, no(self.a), no(self.c))
        yield "pull_output", self.run(rules.pull_output, own, g), tuple(slope * g[0] for slope in slopes)
        if hasattr(self.cell, "turn_output"):
            nodes = slopes_of(self.equation.read, leaves)
            turned = zip(slopes, self.tangents(nodes, self.ds, no(self.a), no(self.c)), strict=True)
            exact = tuple(slope * dg[0] + d_slope * g[0] for slope, d_slope in turned)
            yield "turn_output", self.run(rules.turn_output, own, d_own, g, dg), exact

    def pulled(self, letter: str, g: Values | None = None, step: bool = False) -> Values:
        """The cotangents of states, pre-activations or numbers: Σ g ∂new/∂x, by complex steps along each x."""
        values = {"s": self.s, "a": self.a, "c": self.c}
        found = []
        for i in range(len(values[letter])):
            along = {k: self.nothing(v) for k, v in values.items()}
            along[letter] = tuple(np.ones(POINTS) if j == i else part for j, part in enumerate(along[letter]))
            by = self.tangents(self.equation.new_states, along["s"], along["a"], along["c"])
            found.append(sum((g_i * by_i for g_i, by_i in zip(g or self.g, by, strict=True)), np.zeros(POINTS)))
        return tuple(found)

    def turned(self, letters: str, d_partials: Values, dg: Values, dc: Values) -> Values:
        """The tangents of the cotangents of states and pre-activations, or of numbers, by complex steps of the rules."""
        e = self.equation
        leaves = {Node("leaf", "p", i): x for i, x in enumerate(moved(self.partials, d_partials))}
        leaves |= {Node("leaf", "g", i): x for i, x in enumerate(moved(self.g, dg))}
        leaves |= dict(zip(e.number_leaves, moved(self.c, dc), strict=True))
        back = e.pulled_back([Node("leaf", "g", i) for i in range(len(self.g))])
        wanted = [*e.leaves[0], *e.leaves[1]] if letters == "sa" else [*e.number_leaves]
        known = iter(tangents_in(evaluate([back[leaf] for leaf in wanted if leaf in back], leaves)))
        return tuple(next(known) if leaf in back else np.zeros(POINTS) for leaf in wanted)


def flat(found: Any) -> Values:
    """All numbers of nested tuples, one behind the other."""
    if isinstance(found, tuple):
        return tuple(x for part in found for x in flat(part))
    return (np.asarray(found),)
