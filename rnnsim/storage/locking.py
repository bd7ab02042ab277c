"""The place of a file or store: held by one process, replaced at one stroke, cleaned of what killed runs left."""

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from rnnsim.storage.zarr_arrays import remove_at
from rnnsim.storage.zarr_files import is_url, label

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def taken(path: str | Path) -> Iterator[None]:
    """Hold a path, which a second sweep is then refused. The lock goes with the process, however it ends."""
    if is_url(path) or fcntl is None:
        yield
        return
    lock = Path(path).with_name(f".{Path(path).name}.lock")
    descriptor = hold(lock, path)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        try:
            lock.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def hold(lock: Path, path: str | Path) -> int:
    """A descriptor of the lock's file, locked, and not one that its last holder has just removed."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.read(descriptor, 32).decode(errors="replace") or "unknown"
            os.close(descriptor)
            message = f"{label(path)} is being written by another sweep (process {who}): wait for it, or choose another path"
            raise BlockingIOError(message) from None
        with contextlib.suppress(FileNotFoundError):
            if os.stat(lock).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def remove(path: str | Path) -> None:
    """Remove a store, out of its place at once."""
    if is_url(path):
        remove_at(str(path))
        return
    place = Path(path)
    if place.is_dir():
        aside = place.with_name(f".{place.name}-{uuid.uuid4().hex}.tmp")
        os.rename(place, aside)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[str | Path]:
    """A place beside a path for a store that takes its place at the end; nothing is left there if something fails."""
    if is_url(path):
        yield path
        return
    place = Path(path)
    temporary = place.with_name(f".{place.name}-{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        remove(place)
        os.rename(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def clean(path: str | Path) -> None:
    """Remove the temporary files of killed runs, beside a store and within it."""
    if is_url(path):
        return
    place = Path(path)
    for left in place.parent.glob(f".{glob_safe(place.name)}-*.tmp"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    for left in place.rglob("*.partial") if place.is_dir() else ():
        left.unlink(missing_ok=True)


def glob_safe(name: str) -> str:
    """A name that stands for itself in a pattern."""
    return "".join(f"[{letter}]" if letter in "[]*?" else letter for letter in name)


def explained(error: OSError, place: str) -> OSError:
    """An error of the disk as a sentence."""
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        message = f"{place} could not be written ({error.strerror}): make room, and the same call goes on with what is done"
        return OSError(error.errno, message)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and error.filename:
        message = f"{place} could not be written ({error.strerror}): change its permissions or choose another path"
        return PermissionError(error.errno, message)
    return error
