"""What a thread has of its own: settings for tests and benchmarks."""

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
