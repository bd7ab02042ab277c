"""What arguments of many functions are checked for: whole numbers, and words of a few."""

from collections.abc import Iterable
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
