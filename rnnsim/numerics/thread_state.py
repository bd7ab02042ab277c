"""What a thread has of its own: settings for tests and benchmarks, and whether it rehearses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

state = threading.local()


@contextmanager
def settings(*, threads: int | None = None, block: int | None = None, width: int | None = None) -> Iterator[None]:
    """Compute with other numbers of threads, points a block and lanes, for tests and benchmarks: results do not depend on them."""
    before = dict(vars(state))
    vars(state).update(threads=threads, block=block, width=width)
    try:
        yield
    finally:
        vars(state).clear()
        vars(state).update(before)


class Rehearsed(BaseException):
    """The end of a rehearsal, with what it has found."""


@contextmanager
def rehearsing() -> Iterator[None]:
    """Let no kernel run: whoever asks for one ends the rehearsal."""
    state.rehearsing = True
    try:
        yield
    finally:
        state.rehearsing = False


def in_rehearsal() -> bool:
    """Whether this thread is in a rehearsal."""
    return getattr(state, "rehearsing", False)
