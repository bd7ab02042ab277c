"""How much memory there is, and how much a user says to take."""

import math
import re
from pathlib import Path, PurePosixPath
from typing import Any

from rnnsim.checks.arguments import as_real
from rnnsim.checks.showing import shown
from rnnsim.numerics.memory import give_back

UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
PROC, CONTROL_GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
MOST_OF_MEMORY = 0.8
LOOKED_FOR = 1 << 26  # bytes, from which on it is asked what is free
MOST_OF_A_BLOCK = 64 * 10**6
UNKNOWN = 4 * 2**30


def free_memory() -> int:
    """Bytes that this process can still take: what the machine has free, what its control groups leave, and what its own limits do."""
    return max(0, min([*free_on_machine(), *left_by_groups(), *left_by_limits()]))


def free_on_machine() -> list[int]:
    """What the machine has free, or a guess."""
    try:
        line = next(line for line in (PROC / "meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
        return [int(line.split()[1]) * 1024]
    except (OSError, ValueError, StopIteration):
        return [UNKNOWN]


def left_by_groups() -> list[int]:
    """What each control group leaves that this process is in, and each group around it."""
    left = []
    for group in groups():
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            try:
                left.append(int((group / limit).read_text()) - int((group / used).read_text()))
            except (OSError, ValueError):  # no such file, or "max"
                continue
    return left


def groups() -> list[Path]:
    """The folders of the process's control groups and of those around them; those of version 1 stand below `memory`."""
    found = [CONTROL_GROUPS, CONTROL_GROUPS / "memory"]
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return found
    for _, kinds, name in (line.split(":", 2) for line in lines):
        if not kinds or "memory" in kinds.split(","):
            root, inner = CONTROL_GROUPS / ("memory" if kinds else ""), PurePosixPath(name.strip("/"))
            found += [root / place for place in (inner, *inner.parents)]
    return found


def left_by_limits() -> list[int]:
    """What the limits of this process leave, such as that of `ulimit -v`."""
    try:
        import resource

        pages = list(map(int, (PROC / "self" / "statm").read_text().split()))
    except (ImportError, OSError, ValueError):
        return []
    used = {resource.RLIMIT_AS: pages[0], resource.RLIMIT_DATA: pages[5]}
    limits = {kind: resource.getrlimit(kind)[0] for kind in used}
    return [limit - used[kind] * resource.getpagesize() for kind, limit in limits.items() if limit != resource.RLIM_INFINITY]


BY_BLOCKS = 'rs.sweep(verb, …, to="x.zarr") computes it block by block'


def check_room(numbers: int, itemsize: int = 8, instead: str = BY_BLOCKS) -> None:
    """Refuse a result of so many numbers if memory has no room for it, and say what to do instead."""
    size = numbers * itemsize
    if size < LOOKED_FOR or size <= MOST_OF_MEMORY * free_memory():
        return
    give_back()
    free = free_memory()
    if size > MOST_OF_MEMORY * free:
        raise MemoryError(f"the result takes {as_bytes(size)}, and {as_bytes(free)} are free; {instead}")


def check_memory(memory: Any) -> int:
    """The bytes that a block may take: a number of them, text such as "64MB", or None for a share of what is free."""
    if memory is None:
        return max(2**20, min(MOST_OF_A_BLOCK, free_memory() // 16))
    if isinstance(memory, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)\s*", memory.lower())
        if found and found[2] in UNITS:
            memory = float(found[1]) * UNITS[found[2]]
    size = as_real(memory)
    if size is None or not 1 <= size < math.inf:
        raise ValueError(f'memory was given as {shown(memory)}; it needs bytes above 0, or text such as "64MB"')
    return int(size)


def as_bytes(size: float) -> str:
    """A number of bytes as it is shown."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} EB"
