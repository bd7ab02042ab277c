"""What a function computes, as a hash: its code, what that refers to, and the functions that it calls."""

import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np
import xxhash

CONSTANTS = (int, float, complex, str, bytes, type(None), np.generic, np.ndarray)


def plain(value: Any) -> str:
    """A value as text: numbers, words and arrays by what they are, whatever else by its type."""
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype} {value.shape} {xxhash.xxh3_128_hexdigest(np.ascontiguousarray(value).tobytes())}"
    if isinstance(value, tuple | list):
        return f"{type(value).__qualname__} {[plain(item) for item in value]}"
    return repr(value) if isinstance(value, CONSTANTS) else type(value).__qualname__


def function_hash(function: Any, describe: Callable[[Any], str] = plain) -> str:
    """A hash of what a function does, the same in every process. `describe` says what values around it are."""
    digest = xxhash.xxh3_128()
    for fact in facts(function, describe, {}, whatever=True):
        digest.update(f"{fact}\0".encode())
    return digest.hexdigest()


def facts(function: Any, describe: Callable[[Any], str], known: dict[int, int], whatever: bool = False) -> Iterator[str]:
    """What decides what a function computes; those of libraries go by their names, if not `whatever`."""
    function = in_python(function)
    code, module = getattr(function, "__code__", None), getattr(function, "__module__", None) or ""
    if code is None or (is_library(module) and not whatever):
        yield f"{module}.{getattr(function, '__name__', type(function).__qualname__)}"
        return
    if id(function) in known:
        yield f"function {known[id(function)]}"
        return
    known[id(function)] = len(known)
    yield from code_facts(code)
    for value in (cell.cell_contents for cell in function.__closure__ or ()):
        yield from facts(value, describe, known) if is_function(value) else (describe(value),)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()):
        yield describe(value)
    names, around = tuple(names_in(code)), function.__globals__
    for name in dict.fromkeys(names):
        if name in around:
            yield name
            yield from value_facts(around[name], names, describe, known)


def value_facts(value: Any, names: tuple[str, ...], describe: Callable[[Any], str], known: dict[int, int]) -> Iterator[str]:
    """What decides what a global value is: functions and numbers by what they are, and whatever else by its type, as it may change."""
    if isinstance(value, ModuleType):
        yield value.__name__
        if not is_library(value.__name__):
            for name in dict.fromkeys(names):
                if is_function(getattr(value, name, None)):
                    yield from facts(getattr(value, name), describe, known)
    elif is_function(value):
        yield from facts(value, describe, known)
    elif isinstance(value, CONSTANTS) or (isinstance(value, tuple) and all(isinstance(item, CONSTANTS) for item in value)):
        yield describe(value)
    else:
        yield getattr(value, "__qualname__", type(value).__qualname__)


def code_facts(code: CodeType) -> Iterator[str]:
    """Instructions and what stands in them."""
    yield f"{code.co_code!r} {code.co_names} {code.co_argcount} {code.co_kwonlyargcount} {code.co_flags}"
    yield f"{getattr(code, 'co_exceptiontable', b'')!r}"
    for value in code.co_consts:
        yield from constant_facts(value)


def constant_facts(value: Any) -> Iterator[str]:
    """A constant of a function's code."""
    if isinstance(value, CodeType):
        yield from code_facts(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from constant_facts(item)
        yield f"of {len(value)}"
    else:
        yield repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def names_in(code: CodeType) -> Iterator[str]:
    """The names of globals and attributes that code speaks of, also inside the functions in it."""
    yield from code.co_names
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from names_in(value)


def in_python(function: Any) -> Any:
    """The Python function that Numba compiles, or the function itself."""
    while hasattr(function, "py_func"):
        function = function.py_func
    return function


def is_function(value: Any) -> bool:
    """Whether something is a function that has been written in Python, compiled or not, or one of a library."""
    return callable(value) and not isinstance(value, type)


@cache
def is_library(module: str) -> bool:
    """Whether a module is Python's, this package's, or installed, and not the user's own."""
    top = module.partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None)
    if top in sys.stdlib_module_names or top == __name__.partition(".")[0]:
        return True
    places = (sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    return file is not None and any(Path(file).is_relative_to(place) for place in places)
