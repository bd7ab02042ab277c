"""How kernels are compiled: serial, without the GIL, and cached on disk under a name that changes with the sources."""

import functools
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba.core import caching

from rnnsim.numerics.checked import CHECKED
from rnnsim.numerics.machine_code.code_libraries import whole_kernels
from rnnsim.numerics.machine_code.processors import level_target, ready_directory

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

PACKAGE = Path(__file__).parents[1]
NUMERICS = ("numerics", "equations", "kernels")
DAYS_KEPT = 30


def source_stamp() -> str:
    """A hash of the sources that kernels are made of. Numba's own stamp sees the kernel's file alone, and not what it calls."""
    digest = hashlib.sha256()
    for file in sorted(file for folder in NUMERICS for file in (PACKAGE / folder).rglob("*.py")):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def file_stamp(function: Callable[..., Any]) -> str:
    """A hash of the file of a kernel that is not the package's own."""
    file = Path(function.__code__.co_filename)
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16] if file.exists() else ""


STAMP = source_stamp()
OPTIMISED = int(numba.config.OPT)  # how much, which Numba's own names of what it keeps do not say
BUILD = "-checked" * CHECKED + f"-opt{OPTIMISED}" * (OPTIMISED < 3)


def _cache_directory() -> Path | None:
    """The first place that can be written to: $RNNSIM_CACHE_DIR, $NUMBA_CACHE_DIR, the user's cache, the temporary directory."""
    chosen = [os.environ.get("RNNSIM_CACHE_DIR"), os.environ.get("NUMBA_CACHE_DIR")]
    homes = [Path(place) for place in chosen if place] + [
        Path(platformdirs.user_cache_dir("rnnsim", appauthor=False)),
        Path(tempfile.gettempdir()) / f"rnnsim-{os.getuid() if hasattr(os, 'getuid') else 'cache'}",
    ]
    for home in homes:
        directory = home / f"kernels-{STAMP}{BUILD}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=directory).close()
        except OSError:
            continue
        _forget_old_versions(home, directory)
        return directory
    return None


def _forget_old_versions(home: Path, current: Path) -> None:
    try:
        os.utime(current)
        for directory in home.glob("kernels-*"):
            if directory != current and time.time() - directory.stat().st_mtime > DAYS_KEPT * 86400:
                shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        pass


CACHE_DIRECTORY = _cache_directory()
READY_DIRECTORY = ready_directory(PACKAGE / "ready") / f"kernels-{STAMP}{BUILD}"


class _Locator(caching._CacheLocator):
    """Numba's question where to keep a function's machine code, answered."""

    def __init__(self, function):
        self._place = f"{function.__module__}-{function.__code__.co_firstlineno}"  # Numba's names have the module's last name alone
        self._stamp = STAMP if function.__module__.startswith("rnnsim.") else f"{STAMP} {file_stamp(function)}"

    def get_cache_path(self):
        return str(CACHE_DIRECTORY)

    def get_source_stamp(self):
        return self._stamp

    def get_disambiguator(self):
        return self._place

    @classmethod
    def from_function(cls, function, file):
        return cls(function)


class _ReadyLocator(_Locator):
    """The same of the kernels that came with the package."""

    def get_cache_path(self):
        return str(READY_DIRECTORY)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]

    def __init__(self, function):
        locators, numba.config.CACHE_LOCATOR_CLASSES = numba.config.CACHE_LOCATOR_CLASSES, ""
        try:
            super().__init__(function)
        finally:
            numba.config.CACHE_LOCATOR_CLASSES = locators


class _ReadyImplementation(_Implementation):
    _locator_classes = [_ReadyLocator]


class _Ready(caching.FunctionCache):
    """The kernels that came with the package, which are for all processors of a level."""

    _impl_class = _ReadyImplementation

    def _index_key(self, sig, codegen):
        sig, (triple, *_), hashes = super()._index_key(sig, codegen)
        return sig, (triple, *level_target(READY_DIRECTORY.parent.name)), hashes


class _Cache(caching.FunctionCache):
    """A cache that is only ever a help: what cannot be read is compiled again, what cannot be written is not kept."""

    _impl_class = _Implementation

    def __init__(self, function):
        super().__init__(function)
        self._ready = _Ready(function) if READY_DIRECTORY.is_dir() else None

    def load_overload(self, sig, target_context):
        for load, discard in self._places():
            try:
                found = load(sig, target_context)
            except Exception:
                discard()
                continue
            if found is not None and tuple(found.signature.args) == tuple(sig):
                return found
        say_so()
        return None

    def _places(self):
        yield super().load_overload, self._discard
        if self._ready is not None:
            yield self._ready.load_overload, self._ready.disable

    def save_overload(self, sig, data):
        try:
            with _alone(Path(self._cache_path) / "lock"):
                super().save_overload(sig, data)
        except Exception:
            self._discard()

    def _discard(self):
        try:
            self.flush()
        except OSError:
            self.disable()


@contextmanager
def _alone(path):
    """Let no other process write here: of two that add to a list at once, one would be lost."""
    with open(path, "wb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@functools.cache
def say_so() -> None:
    """Tell who waits that kernels are compiled."""
    if sys.stderr.isatty() or "ipykernel" in sys.modules:
        print(
            "rnnsim compiles kernels for this processor and keeps them: what follows will start at once next time.", file=sys.stderr
        )


def kernel(function, cached=True):
    """Compile a loop over points: it releases the GIL, divides by zero as IEEE 754 does, and is cached on disk unless a user's function is
    part of it, whose changes would not be seen."""
    compiled = numba.njit(nogil=True, error_model="numpy", _nrt=False)(function)
    if compiled is function:
        return function
    if cached and CACHE_DIRECTORY is not None:
        compiled._cache = _Cache(function)
    compiled.compile = whole_kernels()(compiled.compile)
    return compiled


def _types(value):
    return (type(value), *map(_types, value)) if isinstance(value, tuple) else type(value)


def specialised(make):
    """Remember the kernel that `make` gives for arguments, told apart by types too, since all tuples without members are equal."""
    made = {}

    @functools.wraps(make)
    def remembered(*arguments):
        key = arguments, _types(arguments)
        if key not in made:
            made[key] = make(*arguments)
        return made[key]

    return remembered


def internal(function):
    """Compile a part of kernels, which only they call: it has no wrappers for Python and no cache of its own."""
    options = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(**options)(function)


def spliced(function):
    """Compile a part of kernels as if it stood in their source: Numba then hands no tuples of arrays on, which would take it long."""
    return numba.njit(inline="always", nogil=True, error_model="numpy", _nrt=False)(function)
