"""What vectors this processor has, and the levels of processors that ready kernels are made for: those of the x86-64 psABI."""

from pathlib import Path

import llvmlite.binding
import numba

V2 = ("cx16", "sahf", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3")
V3 = (*V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave")
LEVELS = {"x86-64-v4": (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"), "x86-64-v3": V3}


def features() -> dict[str, bool]:
    """What kernels may use of this processor: all that it has, or what $NUMBA_CPU_FEATURES says."""
    if numba.config.CPU_FEATURES is None:
        return dict(llvmlite.binding.get_host_cpu_features())
    return {name[1:]: name.startswith("+") for name in numba.config.CPU_FEATURES.split(",") if name}


def has(level: str, known: dict[str, bool]) -> bool:
    """Whether a processor with these features can run the kernels of a level."""
    return all(known.get(name, False) for name in LEVELS[level])


def simd_bytes(known: dict[str, bool]) -> int:
    """How many bytes a vector register holds."""
    return 64 if known.get("avx512f") else 32


def ready_directory(home: Path) -> Path:
    """Where kernels stand that came with the package and have vectors as long as this processor's."""
    known = features()
    for level, needed in LEVELS.items():
        if has(level, known) and simd_bytes(known) == simd_bytes(dict.fromkeys(needed, True)):
            return home / level
    return home / "none"


def level_target(level: str) -> tuple[str, str]:
    """What LLVM calls the processors of a level, and what they have."""
    return level, ",".join(f"+{name}" for name in sorted(LEVELS[level]))
