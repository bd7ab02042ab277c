"""What arguments of many functions are checked for, whole numbers and words of a few; and the axes along which sweeps must not cut them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def is_whole(value: Any, least: int) -> bool:
    """Whether a value is a whole number of `least` or more."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def check_whole(least: int = 1, **given: Any) -> None:
    """Refuse what is no whole number of `least` or more."""
    for name, value in given.items():
        if not is_whole(value, least):
            raise ValueError(f"{name} was given as {value!r}; it needs a whole number of {least} or more")


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Refuse what is none of some words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} was given as {value!r}; it needs one of {', '.join(choices)}")


def keeps_whole(axes_of: Callable[..., set[str]]) -> Callable[[Callable[..., Any]], Any]:
    """Mark a verb, called verb(net, …), whose numbers depend on all values of the axes that axes_of(net, …) names."""

    def mark(verb: Any) -> Any:
        verb.whole_axes = axes_of
        return verb

    return mark
