"""A value as messages show it: on one line, in at most sixty characters, whatever it is."""

import inspect
import reprlib
from typing import Any

import numpy as np
import xarray as xr

MOST = 60  # characters


class Shower(reprlib.Repr):
    """Text and numbers as they are, collections by their first members, arrays by their shape, and objects by their kind."""

    def repr1(self, x: Any, level: int) -> str:
        try:
            if isinstance(x, np.generic | np.dtype):
                return super().repr1(x.item(), level) if isinstance(x, np.str_) else str(x)
            return named(x) or super().repr1(x, level)
        except Exception:  # what a value's own methods raise
            return kind_of(x)

    def repr_instance(self, x: Any, level: int) -> str:
        text = repr(x)
        return kind_of(x) if " at 0x" in text or not text else self.cut(text)

    def cut(self, text: str) -> str:
        """A text of at most so many characters on one line, its middle left out."""
        text = " ".join(text.split())
        return text if len(text) <= MOST else f"{text[: MOST // 2 - 1]}…{text[-MOST // 2 + 2 :]}"


def named(value: Any) -> str:
    """What is better told than shown: arrays and tables, and what has a name."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if inspect.ismodule(value):
        return f"the module {value.__name__}"
    if inspect.isroutine(value) and not isinstance(value, np.ufunc):
        return f"the function {value.__name__}"
    if isinstance(value, xr.Dataset | xr.DataTree):
        return kind_of(value)
    if type(value).__module__.partition(".")[0] == "rnnsim":
        return ""
    dims = getattr(value, "dims", None)
    if isinstance(dims, tuple):
        return f"{kind_of(value)} over ({', '.join(map(str, dims))})"
    shape = getattr(value, "shape", None)
    return f"{kind_of(value)} of shape {tuple(shape)}" if isinstance(shape, tuple) else ""


def kind_of(value: Any) -> str:
    """The type of a value, with an article; None is None."""
    if value is None:
        return "None"
    name = "array" if type(value) is np.ndarray else type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


SHOWER = Shower()


def shown(value: Any) -> str:
    """A value as messages show it."""
    return SHOWER.cut(SHOWER.repr(value))


def plain(name: Any) -> str:
    """A name as messages show it: as it is, unless it is a strange one."""
    return name if isinstance(name, str) and name.isidentifier() and len(name) <= MOST else shown(name)
