"""What arguments of many functions are checked for, numbers, which leave their check as Python's own, and words of a few; and the axes
along which sweeps must not cut them."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rnnsim.checks.showing import kind_of, shown

COUNT = 2**31 - 1  # the largest number of steps, samples or points: what a Dataset counts them by
SEED = 2**63 - 1
NAME_BYTES, PATH_BYTES = 200, 3840  # of files, with room for the ending of one that is being written


def alone(value: Any, kinds: str) -> bool:
    """Whether a value is one number of NumPy's, a scalar or an array without dimensions, of some kinds of dtype."""
    plain = isinstance(value, np.generic | np.ndarray | xr.DataArray) and not isinstance(value, np.ma.MaskedArray)
    return plain and value.ndim == 0 and value.dtype.kind in kinds


def as_whole(value: Any) -> int | None:
    """A whole number as Python's, or None for anything else: also for 3.0 and for True."""
    return int(value) if (isinstance(value, int) and not isinstance(value, bool)) or alone(value, "iu") else None


def as_real(value: Any) -> float | None:
    """A real number as Python's, or None for anything else; inf for whole numbers beyond all floats."""
    if not ((isinstance(value, int | float) and not isinstance(value, bool)) or alone(value, "iuf")):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def whole(name: str, value: Any, least: int = 1, most: int = COUNT, *, other: str = "") -> int:
    """A whole number from `least` to `most` as Python's; `other` says what else the argument may be."""
    number = as_whole(value)
    if number is None or number < least:
        raise ValueError(f"{name} was given as {shown(value)}; it needs a whole number of {least} or more{other}")
    if number > most:
        raise ValueError(f"{name} was given as {shown(value)}; it needs a whole number of {most} or less{other}")
    return number


def whole_or_none(name: str, value: Any, least: int = 1, most: int = COUNT) -> int | None:
    """A whole number from `least` to `most` as Python's, or None."""
    return None if value is None else whole(name, value, least, most, other=", or None")


def number(name: str, value: Any, *, least: float = -math.inf, above: float = -math.inf, most: float = math.inf) -> float:
    """A finite number of `least` or more, above `above` and up to `most`, as Python's."""
    found = as_real(value)
    if found is None or not (math.isfinite(found) and least <= found <= most and above < found):
        bounds = [f"above {above:g}"] * (above > -math.inf) + [f"of {least:g} or more"] * (least > -math.inf)
        bounds += [f"up to {most:g}"] * (most < math.inf)
        raise ValueError(f"{name} was given as {shown(value)}; it needs a number {' and '.join(bounds) or 'that is finite'}")
    return found


def number_or_none(name: str, value: Any, **bounds: float) -> float | None:
    """A finite number within `bounds`, those of `number`, as Python's, or None."""
    return None if value is None else number(name, value, **bounds)


def flag(name: str, value: Any) -> bool:
    """True or False as Python's."""
    if not (isinstance(value, bool) or alone(value, "b")):
        raise TypeError(f"{name} was given as {shown(value)}; it needs True or False")
    return bool(value)


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Refuse what is none of some words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} was given as {shown(value)}; it needs one of {', '.join(choices)}")


def plain_text(value: str) -> str:
    """A text as Python's own, whatever its class makes of it."""
    return str.__str__(value)


def members(name: str, value: Any, what: str) -> tuple[Any, ...]:
    """The members of a sequence or a set; `what` they are, for the message."""
    if isinstance(value, np.ndarray | pd.Index) and value.ndim == 1:
        return tuple(value.tolist())
    if not isinstance(value, Sequence | Set | Iterator) or isinstance(value, str | bytes | bytearray | memoryview):
        raise TypeError(f"{name} was given {shown(value)}; it needs {what}")
    return tuple(value)


def read_once(value: Any) -> Any:
    """What an iterator, such as a generator, gives, to be read more than once."""
    return tuple(value) if isinstance(value, Iterator) else value


def names(name: str, value: Any, known: Iterable[str] | None = None, *, none: bool = False, more: str = "") -> tuple[str, ...]:
    """A name or several, of those that are known; `none` if there may be none."""
    given = (value,) if isinstance(value, str) else members(name, value, "a name or a sequence of names")
    legal = None if known is None else list(known)
    needed = "names" if legal is None else f"some of {', '.join(legal)}{more}"
    for one in given:
        if not isinstance(one, str) or (legal is not None and one not in legal):
            raise ValueError(f"{name} was given {shown(one)}; it needs {needed}")
    if not given and not none:
        raise ValueError(f"{name} was given nothing; it needs {needed}")
    return tuple(map(plain_text, given))


def text(name: str, value: Any, what: str = "a name") -> str:
    """A text as Python's own."""
    if not isinstance(value, str):
        raise TypeError(f"{name} was given as {shown(value)}; it needs {what}")
    return plain_text(value)


def path(name: str, value: Any) -> str:
    """A path as text."""
    place = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(place, str) or not place or "\0" in place or not place.isprintable():
        raise TypeError(f"{name} was given as {shown(value)}; it needs a path")
    longest = max(map(len, os.fsencode(place).split(os.sep.encode())))
    if "://" not in place and (longest > NAME_BYTES or len(os.fsencode(place)) > PATH_BYTES):
        raise ValueError(f"{name} was given as {shown(value)}; it needs names of at most {NAME_BYTES} bytes, {PATH_BYTES} in all")
    return plain_text(place)


def refuse_methods(cls: type, names: Iterable[str], instead: str) -> None:
    """Refuse a class of a user's own with methods that nothing calls."""
    for name in names:
        if name in vars(cls):
            raise TypeError(f"{cls.__name__} defines {name}, which nothing would call; it needs {instead}")


def to_array(name: str, value: Any) -> np.ndarray:
    """NumPy's array of what a user gave, if there is one."""
    if isinstance(value, xr.Dataset | xr.DataTree | xr.Variable | np.ma.MaskedArray | bytearray | memoryview):
        raise TypeError(f"{name} was given {kind_of(value)}; it needs plain numbers or a DataArray")
    try:
        return np.asarray(value)
    except Exception:  # whatever another package raises
        raise TypeError(f"{name} was given {kind_of(value)} that makes no array{why_none(value)}; it needs real numbers") from None


def why_none(value: Any) -> str:
    """Why a value makes no array of numbers, where that is known."""
    if isinstance(value, list | tuple):
        return " (its parts differ in shape)"
    if getattr(value, "requires_grad", False) is True:
        return " (it belongs to a gradient: give value.detach())"
    return ""


def check_named(name: str, array: xr.DataArray) -> None:
    """Refuse dimensions that no text names, besides what `check_dims` refuses."""
    for dim in array.dims:
        if not isinstance(dim, str):
            raise TypeError(f"{name} was given the dimension {shown(dim)}; it needs names for dimensions")
    check_dims(name, array)


def check_dims(name: str, array: xr.DataArray | xr.Dataset) -> None:
    """Refuse a dimension that stands twice, or a MultiIndex."""
    for dim in array.dims:
        if list(array.dims).count(dim) > 1:
            raise ValueError(f"{name} was given the dimension {shown(dim)} twice; it needs each once")
        if dim in array.indexes and array.indexes[dim].nlevels > 1:
            raise ValueError(
                f"{name} was given a MultiIndex for {shown(dim)}; it needs one value a place: call reset_index({shown(dim)})"
            )
