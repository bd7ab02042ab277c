"""Ctrl-C: whether a verb answers it, or the sweep that has called the verb."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_passed_on: ContextVar[bool] = ContextVar("passed_on", default=False)


@contextmanager
def passing_on() -> Iterator[None]:
    """Let verbs that are called here leave Ctrl-C to the caller."""
    before = _passed_on.set(True)
    try:
        yield
    finally:
        _passed_on.reset(before)


def passed_on() -> bool:
    """Whether Ctrl-C is the caller's."""
    return _passed_on.get()
