"""Cells of a user's own: a class that says its equation, and is a family of networks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from functools import reduce
from inspect import Parameter, Signature
from typing import Any, ClassVar, Self

import xxhash

from rnnsim.checks.arguments import as_real
from rnnsim.checks.showing import kind_of, shown
from rnnsim.equations.symbolic.derivation import Equation
from rnnsim.equations.symbolic.expressions import operations_in, text_of
from rnnsim.equations.symbolic.symbols import Symbol
from rnnsim.equations.symbolic.tracing import KINDS, cell_of, equation_of
from rnnsim.families.declarations import Declaration
from rnnsim.families.low_rank import FACTORS
from rnnsim.families.network import Network
from rnnsim.families.parameters import OWN_DIMENSIONS
from rnnsim.families.readouts import Readout, check_readout
from rnnsim.families.recurrent_networks import Recurrent
from rnnsim.families.result_variables import DECLARED, MEANINGS

OF_STEP = ("s", "a", "p", "xi")
TAKEN = {*OWN_DIMENSIONS, "step", "layer", "epoch", "point", "exponent", "lag", "mode", "units", "inputs", "readout", "activation"}
TAKEN |= {"gain", "init", "seed", "density", "excitatory", "stability", "options", "parameters", "axes", "self"}


class Cell(Recurrent):
    """A cell of your own: its equation, from which everything that the verbs need is derived.

    A subclass declares `states`, `gates` and, if it has any, `numbers`, and says by `step` how one unit goes on. It is then a family
    of networks like `rs.GRU`, with every verb, `random`, stacks, readouts and sweeps.

    - `states` are names, such as ("h", "w"). The first is what `w_rec`, readouts and layers above read, and starts from `h0`; the
      others start from their names with a 0 behind, such as `w0`, and are kept as `w_state`.
    - `gates` are pre-activations and what each is made of: "xh" is w_in x + w_rec h + bias, "x" has no w_rec and "h" no w_in, and of
      "x|h" both parts come apart: of a gate n as `a.n_x` and `a.n_h`, with `bias_in` and `bias_rec`. Several gates have a dimension
      `gate`, labelled by their names; a weight that only some of them have, `gate_in` or `gate_rec`.
    - `numbers` are parameters of every unit and their usual values. They have gradients and may be axes, and they are trained if
      `train` names them.
    - `output(s)`, if there is one, says what `w_rec`, readouts and layers above read instead of the first state: a number made of the
      states of one unit, such as the rate `tanh(s.v)` of a voltage. It is what targets are compared with where there is no readout, and no
      state: the cell has as many exponents and multipliers as `states` says.
    - `step(s, a, p)` takes the states, the pre-activations and the numbers of one unit, and returns the next states. It is run once,
      on symbols: arithmetic, comparisons and `rnnsim.functions`. `step(s, a, p, xi)` gets noise besides: a standard normal number
      for every unit, step and sample, by the `noise_seed` of the verb.

    Parameters
    ----------
    *weights : array_like or DataArray
        The parameters in order: `w_in`, `w_rec` if any gate reads the state, the biases, and the starts.
    readout : Readout or None
        The outputs as linear functions of the first state, or of `output(s)`. None makes that the output.
    **named : array_like or DataArray
        The same by name, and the cell's own numbers: (unit), or a number for all units.

    Raises
    ------
    TypeError
        If the equation cannot be derived, or if an argument is missing, unknown or no number.
    ValueError
        If states, gates or numbers are declared wrongly, or if shapes or names of dimensions do not fit.

    See Also
    --------
    rnnsim.check_cell : Compare all that is derived with complex steps.
    rnnsim.Activation : An activation of your own.
    rnnsim.functions : The functions of equations.

    Examples
    --------
    >>> import rnnsim as rs
    >>> from rnnsim.functions import tanh
    >>> class Adaptive(rs.Cell):
    ...     states = ("h", "w")
    ...     gates = {"a": "xh"}
    ...     numbers = {"alpha": 0.1, "beta": 0.01, "g": 1.0}
    ...     def step(s, a, p):
    ...         return s.h + p.alpha * (tanh(a.a - p.g * s.w) - s.h), s.w + p.beta * (s.h - s.w)
    >>> net = Adaptive.random(100, 3, gain=1.5, g=rs.axis("g", [0.0, 0.5, 1.0]))
    >>> rs.simulate(net, [[0.0, 0.0, 1.0]] * 5, keep="w_state").w_state.sizes
    Frozen({'g': 3, 'step': 6, 'unit': 100})
    """

    CALLED = ("step", "output")
    _made: ClassVar[dict[str, type]] = {}
    _PUBLIC = (*Recurrent._PUBLIC, "derived")

    def __init_subclass__(cls) -> None:
        check_declared(cls)
        declaration = Declaration.of(cls)
        check_names(cls, declaration)
        equation = equation_of(cls)
        check_read(cls, equation)
        super().__init_subclass__()
        whole = equation.new_states if equation.read is None else (equation.read, *equation.new_states)
        facts = f"{cls.__name__} {text_of(whole)} {cls.states} {dict(cls.gates)} {tuple(cls.numbers)}"
        cls.equation_hash = xxhash.xxh3_128_hexdigest(facts.encode())
        cls.__signature__ = signature_of(declaration)  # type: ignore[attr-defined]

    def __init__(self, *weights: Any, readout: Readout | None = None, **named: Any):
        if type(self) is Cell:
            raise TypeError("rs.Cell was called; it needs a subclass of it that declares states, gates and step")
        try:
            given = inspect.signature(type(self)).bind(*weights, readout=readout, **named)
        except TypeError as error:
            known = ", ".join(inspect.signature(type(self)).parameters)
            raise TypeError(f"{type(self).__name__}: {error}; it takes {known}") from None
        given.apply_defaults()
        arguments = dict(given.arguments)
        self._take(arguments, check_readout(arguments.pop("readout")))

    @classmethod
    def derived(cls) -> None:
        """Print the rules that are derived from the equation, as source.

        Examples
        --------
        >>> import rnnsim as rs
        >>> class Doubled(rs.Cell):
        ...     states = ("h",)
        ...     gates = {"a": "xh"}
        ...     def step(s, a, p):
        ...         return 2.0 * a.a
        >>> Doubled.derived()  # doctest: +ELLIPSIS
        def step(cell, constants, s, a):
            s0, = s
            a0, = a
            v1 = 2.0 * a0
            return (v1, )
        ...
        """
        declared: Any = cls
        print(cell_of(declared).source)

    def __copy__(self) -> Self:
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __reduce__(self) -> Any:
        kind, equation = type(self), equation_of(type(self))
        facts = {name: getattr(kind, name) for name in ("states", "gates", "numbers", "__doc__")}
        where = kind.__module__, kind.__qualname__
        nodes = equation.new_states[equation.outputs :], equation.read, equation.noisy
        return restored, (where, facts, nodes, kind.equation_hash), self.__dict__


def restored(where: tuple[str, str], facts: Mapping[str, Any], nodes: tuple[Any, Any, bool], equation_hash: str) -> Cell:
    """A network without its parameters, of the class that is called so if it has this equation, else of one like it."""
    module, name = where
    found: Any = reduce(lambda inner, part: getattr(inner, part, None), name.split("."), sys.modules.get(module))
    if getattr(found, "equation_hash", None) != equation_hash:
        found = Cell._made.get(equation_hash)
    if found is None:
        new_states, read, noisy = nodes
        step = (lambda s, a, p, xi: tuple(map(Symbol, new_states))) if noisy else (lambda s, a, p: tuple(map(Symbol, new_states)))
        members = {**facts, "step": staticmethod(step), "__module__": module, "__qualname__": name}
        if read is not None:
            members["output"] = staticmethod(lambda s: Symbol(read))
        found = Cell._made[equation_hash] = type(name.rpartition(".")[2], (Cell,), members)
    made: Cell = found.__new__(found)
    return made


def signature_of(declaration: Declaration) -> Signature:
    """How a network of a cell is made."""
    usual: dict[str, Any] = dict.fromkeys((*declaration.biases, *declaration.starts), 0.0)
    weights = [name for name in declaration.dimensions if name not in (*usual, *declaration.numbers)]
    first = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in weights]
    first += [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=value) for name, value in usual.items()]
    numbers = [Parameter(name, Parameter.KEYWORD_ONLY, default=value) for name, value in declaration.numbers.items()]
    return Signature([*first, *numbers, Parameter("readout", Parameter.KEYWORD_ONLY, default=None)])


def check_declared(cls: Any) -> None:
    """Refuse a class that lacks something, or that declares it in another form."""
    name = cls.__name__
    for what, example in (("states", '("h",)'), ("gates", '{"a": "xh"}'), ("step", "def step(s, a, p)")):
        if not hasattr(cls, what):
            raise TypeError(f"{name} has no {what}; it needs them, such as {example}")
    states, gates, numbers = cls.states, cls.gates, cls.numbers
    if not isinstance(states, tuple | list) or not states or not all(map(is_name, states)) or len({*states}) < len(states):
        raise ValueError(f'{name}.states was given as {shown(states)}; it needs names, such as ("h",) or ("h", "w")')
    if not isinstance(gates, Mapping) or not gates or not all(map(is_name, gates)):
        raise ValueError(f'{name}.gates was given as {shown(gates)}; it needs names and what each reads, such as {{"a": "xh"}}')
    for gate, kind in gates.items():
        if kind not in KINDS:
            raise ValueError(f"{name}.gates[{gate!r}] was given as {shown(kind)}; it needs one of {', '.join(KINDS)}")
    if not any("x" in kind for kind in gates.values()):
        raise ValueError(f"{name}.gates was given as {shown(dict(gates))}; at least one gate needs to read the input, x")
    if not isinstance(numbers, Mapping) or not all(map(is_name, numbers)):
        raise ValueError(f'{name}.numbers was given as {shown(numbers)}; it needs names and usual values, such as {{"tau": 10.0}}')
    for number, value in numbers.items():
        if as_real(value) is None:
            raise TypeError(f"{name}.numbers[{number!r}] was given as {shown(value)}; it needs a number")
    check_output(cls)
    step = inspect.getattr_static(cls, "step")
    step = getattr(step, "__func__", step)
    if not inspect.isfunction(step):
        raise TypeError(f"{name}.step was given {kind_of(step)}; it needs a function, def step(s, a, p)")
    if len(inspect.signature(step).parameters) not in (len(OF_STEP) - 1, len(OF_STEP)):
        took = ", ".join(inspect.signature(step).parameters)
        needed = (
            "the states, the pre-activations and the numbers, and noise if it has some: def step(s, a, p) or def step(s, a, p, xi)"
        )
        raise TypeError(f"{name}.step takes ({took}); it needs {needed}")


def check_output(cls: Any) -> None:
    """Refuse an `output` that is no function of the states."""
    name, output = cls.__name__, inspect.getattr_static(cls, "output", None)
    output = getattr(output, "__func__", output)
    if output is None:
        return
    if not inspect.isfunction(output):
        raise TypeError(f"{name}.output was given {kind_of(output)}; it needs a function, def output(s)")
    if len(inspect.signature(output).parameters) != 1:
        took = ", ".join(inspect.signature(output).parameters)
        raise TypeError(f"{name}.output takes ({took}); it needs the states alone: def output(s)")


def is_name(name: Any) -> bool:
    return isinstance(name, str) and name.isidentifier() and not name.startswith("_")


def is_taken(name: str, *dims: str) -> bool:
    """Whether results have a variable of this name that is none of a cell's own over these dimensions."""
    return name in MEANINGS and name not in FACTORS and (name not in DECLARED or MEANINGS[name].dims != dims)


def check_names(cls: Any, declaration: Declaration) -> None:
    """Refuse names that mean something else."""
    apart = [f"{gate}_{part}" for gate, kind in declaration.gates.items() if kind == "x|h" for part in "xh"]
    for name in apart:
        if name in declaration.gates:
            raise ValueError(f"{cls.__name__}.gates has {name!r}, which is what a part of a gate is called; it needs another name")
    usual = ("w_in", "w_rec", *declaration.biases, *declaration.starts)
    for name in declaration.numbers:
        if name in TAKEN or name in usual or name in dir(Network) or is_taken(name, "unit"):
            raise ValueError(f"{cls.__name__}.numbers has {name!r}, a name that is taken; it needs another")
    for state, start, kept in zip(declaration.states[1:], declaration.starts[1:], declaration.kept_states[1:], strict=True):
        if is_taken(start, "sample", "unit") or is_taken(kept, "sample", "step", "unit") or start in declaration.numbers:
            raise ValueError(f"{cls.__name__}.states has {state!r}, of which {start} or {kept} is taken; it needs another name")


def check_read(cls: Any, equation: Equation) -> None:
    """Refuse gates and numbers that the equation does not read."""
    seen = {*operations_in(equation.new_states)}
    for gate, node in zip(equation.gate_names, equation.leaves[1], strict=not equation.noisy):
        if node not in seen:
            raise ValueError(f"{cls.__name__}.step does not read a.{gate}, which gates has; it needs to, or a gate less")
    if equation.noisy and equation.leaves[1][-1] not in seen:
        raise ValueError(f"{cls.__name__}.step does not read xi, which it takes; it needs to, or def step(s, a, p)")
    for number, node in zip(equation.numbers, equation.number_leaves, strict=True):
        if node not in seen:
            raise ValueError(f"{cls.__name__}.step does not read p.{number}, which numbers has; it needs to, or a number less")
