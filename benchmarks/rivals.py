"""What a work is made of: a problem of some sizes, and those who solve it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, NamedTuple, Self

OURS = "rnnsim"


class Rival(NamedTuple):
    """`make(problem)` gives the call to time, which returns arrays by name; on more points than `most`, only that many are done."""

    make: Callable[[Any], Callable]
    most: int | None = None
    library: str = "numpy"


class Work(NamedTuple):
    """A problem of some sizes, and who solves it."""

    pose: Callable[..., Any]
    sizes: dict[str, dict[str, int]]
    rivals: dict[str, Rival]


class Whole:
    """A problem that all rivals do as a whole."""

    points: ClassVar[int] = 1
    point_axis: ClassVar[int] = 0

    def part(self, indices: object) -> Self:
        """All of it."""
        return self


def optional(module: str, library: str, function: str, most: int | None = None) -> Rival:
    """A rival of an optional library, imported when it is made."""
    return Rival(lambda problem: getattr(import_module(f"benchmarks.{module}"), function)(problem), most, library)
