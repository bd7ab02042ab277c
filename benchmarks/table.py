"""The table of speeds, in Markdown: `python -m benchmarks.table [--quick]`."""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import dgemm
from benchmarks.fresh import in_fresh_process
from benchmarks.works import FORWARD, OURS, WORKS, checked_call, installed, posed
from rnnsim.numerics.parallel import thread_count

SIDES = {"full": (200, 800), "quick": (200, 200), "tiny": (10, 10)}
WHILE = 0.2  # seconds
LIBRARIES = ("numba", "numpy", "jax", "torch")


def main(arguments: list[str] | None = None) -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description="Times every work by every rival, in turn, and prints Markdown.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", default="full", help="smaller works")
    size.add_argument("--tiny", dest="size", action="store_const", const="tiny", help="works that show only that all of this runs")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many is told")
    given = parser.parse_args(arguments)
    for line in lines(given.size, given.rounds):
        print(line, flush=True)


def lines(size: str, rounds: int, only: Callable = installed) -> Iterator[str]:
    """The lines of the page; rivals for which `only` is false are left out."""
    rivals = {name: rival for work in WORKS.values() for name, rival in work.rivals.items()}
    columns = [name for name in rivals if name != OURS and only(rivals[name])]
    yield machine()
    each = f"Best of {rounds} rounds, in turn, each a call or {WHILE * 1e3:.0f} ms of calls."
    yield from ("", f"{OURS} in absolute time, rivals as multiples of it. {each}", "")
    yield row("work", f"{OURS}, ms", "ns per point-step", *columns)
    yield row("---", *["---:"] * (len(columns) + 2))
    for name in WORKS:
        yield work_row(name, size, rounds, columns)
    left_out = [name for name in rivals if name != OURS and name not in columns]
    yield from ("", f"Left out, not installed: {', '.join(left_out)}.") if left_out else ()
    yield from ("", row("in a fresh process", ""), row("---", "---:"))
    yield from once_rows(*SIDES[size], rounds)
    yield from ("", row("GFLOP/s of the forward pass", OURS, f"NumPy's dgemm, n = {dgemm.SIZE}"), row("---", "---:", "---:"))
    for units, name in FORWARD.items():
        yield arithmetic_row(units, name, size, rounds)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def short(number: float) -> str:
    """Two digits, or all of those before the point."""
    return f"{number:.2g}" if number < 99.5 else f"{number:.0f}"


def machine() -> str:
    """Processor, cores and versions."""
    found = [f"Python {platform.python_version()}"]
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            found.append(f"no {library}")
    return f"{processor()}, {thread_count()} cores; {', '.join(found)}."


def processor() -> str:
    """The model of the processor."""
    file = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in file.read_text().splitlines() if "model name" in line] if file.exists() else []
    )
    return names[0] if names else platform.processor() or platform.machine()


def work_row(name: str, size: str, rounds: int, columns: list[str]) -> str:
    """One work: check all rivals, then time them in turn."""
    problem, rivals = posed(name, size), WORKS[name].rivals
    ours = rivals[OURS].make(problem)()
    racing = [rival for rival in rivals if rival == OURS or rival in columns]
    calls = {rival: checked_call(rivals[rival], problem, ours) for rival in racing}
    del ours
    best = race(calls, rounds)
    mine = best[OURS]
    ratios = (short(best[rival] / mine) if rival in best else "" for rival in columns)
    return row(name, short(mine * 1e3), short(mine * 1e9 / problem.point_steps), *ratios)


def arithmetic_row(units: int, name: str, size: str, rounds: int) -> str:
    """Floating-point operations of matrix products in a nanosecond, all else taking its time; and what BLAS reaches between the rounds."""
    problem = posed(name, size)
    ours = WORKS[name].rivals[OURS].make(problem)
    ours(), dgemm.call()
    best = race({OURS: (ours, 1.0), "dgemm": (dgemm.call, 1.0)}, rounds)
    return row(f"n = {units}: {name}", short(problem.flops * 1e-9 / best[OURS]), short(dgemm.FLOPS * 1e-9 / best["dgemm"]))


def race(calls: dict[str, tuple[Callable, float]], rounds: int) -> dict[str, float]:
    """The shortest time of each call, in seconds, scaled, over rounds in each of which every call runs once, or again until `WHILE` is
    over: what rivals leave in the caches would else decide about short ones."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for rival, (call, scale) in calls.items():
            begin = now = time.perf_counter()
            while now == begin or now - begin < WHILE:
                start = time.perf_counter()
                results = call()
                now = time.perf_counter()
                best[rival] = min(best[rival], scale * (now - start))
                del results
    return best


def once_rows(side: int, large: int, rounds: int) -> Iterator[str]:
    """What is paid once a machine, once a process, and in memory."""
    with tempfile.TemporaryDirectory() as cache:
        cold = in_fresh_process("first_surface", side, cache)
        warm = [in_fresh_process("first_surface", side, cache) for _ in range(rounds)]
        alone = [in_fresh_process("import_alone", side, cache) for _ in range(rounds)]
        memory = in_fresh_process("memory", large, cache)

    def best(answers: list[dict[str, float]], key: str) -> str:
        return f"{min(answer[key] for answer in answers) * 1e3:.0f} ms"

    yield row("import numba, xarray", best(alone, "import"))
    yield row(f"import {OURS}, these included", best(warm, "import"))
    yield row(f"first linear surface of {side}², kernels compiled", best([cold], "first"))
    yield row(f"first linear surface of {side}², kernels in the cache", best(warm, "first"))
    yield row(f"second linear surface of {side}²", best(warm, "second"))
    results, beyond = (memory[key] / 1e6 for key in ("results", "beyond"))
    yield row(f"peak memory of a linear surface of {large}², beyond imports and {results:.3g} MB of results", f"{beyond:.3g} MB")


if __name__ == "__main__":
    main()
