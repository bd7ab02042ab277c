"""How much memory there is, and how much a user says to take."""

import math
import re
from pathlib import Path
from typing import Any

from rnnsim.arguments import as_real
from rnnsim.axes import shown

UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
MOST_OF_A_BLOCK = 64 * 10**6
UNKNOWN = 4 * 2**30


def free_memory() -> int:
    """Bytes that this process can still take: what the machine has free, and what its control group leaves."""
    left = [UNKNOWN]
    try:
        line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
        left = [int(line.split()[1]) * 1024]
    except (OSError, StopIteration):
        pass
    groups = Path("/sys/fs/cgroup")
    for limit, used in (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):
        try:
            left.append(int((groups / limit).read_text()) - int((groups / used).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return max(0, min(left))


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
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
