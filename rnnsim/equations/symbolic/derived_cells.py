"""Cells as kernels take them, by names that change with their equations: kernels on disk are found by them."""

from typing import Any


class Unknown(tuple[Any, ...]):
    """A cell that this process does not know, of which something that is kept on disk speaks."""


KNOWN: dict[str, type] = {}


def keep(name: str, kind: type) -> type:
    """Make a class of cells known by its name, if none is."""
    if issubclass(KNOWN.get(name, Unknown), Unknown):
        kind.__module__, kind.__qualname__ = __name__, name
        KNOWN[name] = kind
    return KNOWN[name]


def __getattr__(name: str) -> Any:
    """The class of cells of a name."""
    if name.startswith("__"):
        raise AttributeError(name)
    return KNOWN.get(name) or keep(name, type(name, (Unknown,), {}))
