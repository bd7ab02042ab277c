"""Families of recurrent networks: simulate them, differentiate them, see how they behave. Any number can be an axis."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

from rnnsim.runs.version import VERSION
from rnnsim.sweep.sweep import sweep as sweep  # at once, since its folder has this name, too

__version__ = VERSION

_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
_PLACES = {
    name.name: statement.module for statement in _STUB.body if isinstance(statement, ast.ImportFrom) for name in statement.names
}

__all__ = sorted([*_PLACES, "__version__"])


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__", "__spec__"})


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'rnnsim' has no attribute {name!r}")
    place = _PLACES[name]
    found = import_module(f"rnnsim.{name}") if place == "rnnsim" else getattr(__import__(place, fromlist=[name]), name)
    globals()[name] = found
    return found
