"""What is meant where a call has arguments that a function does not take."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar, cast

from rnnsim.checks.showing import shown

F = TypeVar("F", bound=Callable[..., Any])


def pointing(meant: Mapping[str, str]) -> Callable[[F], F]:
    """Let a function refuse arguments that it does not have and say what it needs instead, as `meant` does by their names."""

    def mark(function: F) -> F:
        own = [name for name in inspect.signature(function).parameters if name != "self"]
        label = function.__qualname__.removesuffix(".__init__")

        def refuse_unknown(given: Iterable[str]) -> None:
            for name in given:
                if name not in own:
                    needed = meant.get(name) or next(iter(get_close_matches(name, own, 1)), f"some of {', '.join(own)}")
                    raise TypeError(f"{label} was given {shown(name)}, which it does not take; it needs {needed}")

        @wraps(function)
        def pointed(*args: Any, **options: Any) -> Any:
            refuse_unknown(options)
            return function(*args, **options)

        pointed.refuse_unknown = refuse_unknown  # type: ignore[attr-defined]
        return cast(F, pointed)

    return mark
