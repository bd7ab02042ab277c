"""A call of a verb, and parts of it along its axes."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import xarray as xr

from rnnsim.checks.arguments import read_once
from rnnsim.checks.hints import refuse_unknown
from rnnsim.checks.showing import kind_of, shown
from rnnsim.families.axes import Grid, check_axis_name, common_grid
from rnnsim.families.network import Network
from rnnsim.runs.interrupts import passing_on
from rnnsim.runs.plan import Plan, plan_of
from rnnsim.runs.run import check_network
from rnnsim.verbs.training.optimizers import Clip, Optimizer

DEEPEST = 32  # of lists within lists; arrays of NumPy have hardly more dimensions
Where = Mapping[str, slice]
Places = Mapping[str, Any]  # slices or lists of places


def is_axis(dim: Any) -> bool:
    """Whether a dimension can be an axis: it is none of the package's own."""
    try:
        check_axis_name(dim)
    except ValueError:
        return False
    return True


def arrays_in(value: Any) -> Iterator[xr.DataArray]:
    """All arrays with named dimensions that an argument holds."""
    if isinstance(value, Network):
        yield from value.templates.values()
    elif isinstance(value, xr.DataArray):
        yield value
    elif isinstance(value, xr.Dataset):
        yield from (value[name] for name in value.variables)
    elif isinstance(value, Optimizer | Clip):
        yield from (number for number in value.numbers.values() if isinstance(number, xr.DataArray))
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)


def cut(value: Any, where: Places) -> Any:
    """The part of an argument that belongs to a part of the grid."""
    if isinstance(value, Network):
        return value.isel(**{dim: places for dim, places in where.items() if dim in value.axes})
    if isinstance(value, xr.DataArray | xr.Dataset):
        here = {dim: places for dim, places in where.items() if dim in value.dims}
        return without_hashes(value.isel(here)) if here else value
    if isinstance(value, Optimizer | Clip):
        return value.changed(lambda number: cut(number, where))
    if isinstance(value, dict):
        return {name: cut(item, where) for name, item in value.items()}
    if type(value) in (tuple, list) and any(True for _ in arrays_in(value)):
        return type(value)(cut(item, where) for item in value)
    return value


def without_hashes(part: Any) -> Any:
    """Part of an array or of a Dataset, without the hashes of the whole."""
    return part.drop_attrs(deep=False).assign_attrs({n: a for n, a in part.attrs.items() if not str(n).endswith("_hash")})


@dataclass(frozen=True)
class Call:
    """A verb with the family and everything else that it is given."""

    verb: Callable[..., xr.Dataset]
    net: Network
    args: tuple[Any, ...]
    options: dict[str, Any]

    @cached_property
    def given(self) -> dict[str, Any]:
        """The arguments behind the family by name, those left out included; what only shows progress is not."""
        bound = inspect.signature(self.verb).bind(self.net, *self.args, **self.options)
        bound.apply_defaults()
        return {name: value for name, value in list(bound.arguments.items())[1:] if name != "progress"}

    @cached_property
    def grid(self) -> Grid:
        """All axes that anything has."""
        given = {"net": self.net, **self.given}
        named = {f"{name}{f' ({i})' * (i > 0)}": array for name, value in given.items() for i, array in enumerate(arrays_in(value))}
        return common_grid(named, {str(dim) for array in named.values() for dim in array.dims if not is_axis(dim)})

    def block(self, where: Places) -> Self:
        """The same call for a part of the grid."""
        net, args, options = cut(self.net, where), cut(list(self.args), where), cut(self.options, where)
        return replace(self, net=net, args=tuple(args), options=options)

    @cached_property
    def quiet(self) -> dict[str, Any]:
        """The options, without bars of the verb's own."""
        return self.options | ({"progress": False} if "progress" in inspect.signature(self.verb).parameters else {})

    @property
    def plan(self) -> Plan | None:
        """The plan of the result; None if the verb is not one of the package's own. Everything is checked."""
        make = plan_of(self.verb)
        return None if make is None else make(self.net, *self.args, **self.quiet)

    def run(self) -> xr.Dataset:
        """What the verb returns; without attributes if it is one of the package's own."""
        with passing_on():
            plan = self.plan
            found = self.verb(self.net, *self.args, **self.quiet) if plan is None else plan.compute()
        if not isinstance(found, xr.Dataset):
            raise TypeError(f"the verb returned a {type(found).__name__}; a sweep needs one that returns a Dataset")
        return found


def check_call(verb: Any, net: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Call:
    """Refuse what is no verb, no family, or nothing that the verb takes."""
    if not is_verb(verb):
        what = f"as {shown(verb)}" if callable(verb) else kind_of(verb)
        raise TypeError(f"verb was given {what}; it needs a function of a family, such as rs.simulate")
    check_network(net)
    refuse_unknown(plan_of(verb) or verb, options)
    check_arguments(verb, net, args, options)
    call = Call(verb, net, tuple(map(read_once, args)), {name: read_once(value) for name, value in options.items()})
    for name, value in call.given.items():
        check_nesting(name, value)
    _ = call.grid
    return call


def is_verb(verb: Any) -> bool:
    """Whether something may be a verb: a function, a method, one of which some arguments are given, or an object that names its first."""
    if isinstance(verb, partial) or hasattr(verb, "__wrapped__"):
        return is_verb(verb.func if isinstance(verb, partial) else verb.__wrapped__)
    if inspect.isfunction(verb) or inspect.ismethod(verb):
        return True
    call = getattr(type(verb), "__call__", None)  # noqa: B004
    if inspect.isclass(verb) or not inspect.isfunction(call):
        return False
    own = list(inspect.signature(call).parameters.values())[1:]
    return bool(own) and own[0].kind is not inspect.Parameter.VAR_POSITIONAL


def check_nesting(name: str, value: Any, around: tuple[Any, ...] = ()) -> None:
    """Refuse lists that hold themselves, and lists within lists without end."""
    if not isinstance(value, tuple | list | dict):
        return
    if len(around) == DEEPEST or any(value is one for one in around):
        raise ValueError(f"{name} was given {kind_of(value)} within itself, or in too many others; it needs one that ends")
    for item in value.values() if isinstance(value, dict) else value:
        check_nesting(name, item, (*around, value))


def check_arguments(verb: Any, net: Network, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Refuse arguments that a verb does not take, and lacking ones."""
    try:
        signature = inspect.signature(verb)
    except (TypeError, ValueError):
        raise TypeError(f"verb was given as {shown(verb)}; it needs a function of a family, such as rs.simulate") from None
    try:
        signature.bind(net, *args, **options)
    except TypeError:
        name, known = getattr(verb, "__name__", "verb"), signature.parameters
        given = f"{1 + len(args)} arguments in places"
        for option in options:
            if option not in known or option in list(known)[: 1 + len(args)]:
                given = f"{option} by name"
        lacking = [one for one, what in known.items() if what.default is what.empty and one not in options][1 + len(args) :]
        problem = f"was not given {lacking[0]}" if lacking else f"was given {given}"
        raise TypeError(f"{name} {problem}; it takes {', '.join(known) or 'nothing'}") from None
