"""What is meant where a call has arguments that a function does not take."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from rnnsim.checks.showing import shown

P = ParamSpec("P")
R = TypeVar("R")
_refusals: WeakKeyDictionary[Any, Callable[[Iterable[str]], None]] = WeakKeyDictionary()


def pointing(meant: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function refuse arguments that it does not have and say what it needs instead, as `meant` does by their names."""

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        own = [name for name in inspect.signature(function).parameters if name != "self"]
        label = function.__qualname__.removesuffix(".__init__")

        def refuse(given: Iterable[str]) -> None:
            for name in given:
                if name not in own:
                    needed = meant.get(name) or next(iter(get_close_matches(name, own, 1)), f"some of {', '.join(own)}")
                    raise TypeError(f"{label} was given {shown(name)}, which it does not take; it needs {needed}")

        @wraps(function)
        def pointed(*args: P.args, **options: P.kwargs) -> R:
            refuse(options)
            return function(*args, **options)

        _refusals[pointed] = refuse
        return pointed

    return mark


def refuse_unknown(function: Any, given: Iterable[str]) -> None:
    """Refuse arguments that a function does not have, if it says what it needs instead."""
    refuse = _refusals.get(function) if inspect.isfunction(function) else None
    if refuse is not None:
        refuse(given)
