"""What only a fresh process can tell: import times, first calls and peak memory."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def in_fresh_process(question: str, side: int, cache: str) -> dict[str, float]:
    """The answer to one of QUESTIONS from a new process that keeps its kernels in `cache`."""
    command = [sys.executable, "-m", "benchmarks.fresh", question, str(side)]
    environment = {**os.environ, "RNNSIM_CACHE_DIR": cache}
    return json.loads(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout)


def import_alone(side: int) -> dict[str, float]:
    """Seconds to import what rnnsim stands on."""
    start = time.perf_counter()
    import numba  # noqa: F401
    import xarray  # noqa: F401

    return {"import": time.perf_counter() - start}


def first_surface(side: int) -> dict[str, float]:
    """Seconds to import rnnsim, for the first linear surface of side², and for the second."""
    times = [time.perf_counter()]
    import rnnsim  # noqa: F401

    for _ in range(2):
        times.append(time.perf_counter())
        linear_surface(side)
    times.append(time.perf_counter())
    return {"import": times[1] - times[0], "first": times[2] - times[1], "second": times[3] - times[2]}


def linear_surface(side: int):
    """Cost and gradients of the counting task, 20 samples of 10 steps."""
    import numpy as np

    import rnnsim as rs

    task = rs.tasks.counting(samples=20, steps=10, seed=1)
    values = np.linspace(-3, 3, side)
    net = rs.Elman(rs.axis("w_in", values), rs.axis("w_rec", values), activation="linear")
    return rs.backprop(net, task.inputs, task.targets, keep=("cost", "grad"))


def peak_bytes() -> int:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would tell of the parent, whose memory counts until exec
        return next(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory(side: int) -> dict[str, float]:
    """Bytes of the results of one surface, and the peak beyond them and what importing took."""
    import rnnsim  # noqa: F401

    before = peak_bytes()
    results = linear_surface(side).nbytes
    return {"results": results, "beyond": peak_bytes() - before - results}


def swept(side: int) -> dict[str, float]:
    """Seconds and peak memory of the sweep of a linear surface of side², in blocks of 64 MB, into a store."""
    import tempfile

    import numpy as np

    import rnnsim as rs

    task = rs.tasks.counting(samples=20, steps=10, seed=1)
    net = rs.Elman(*(rs.axis(name, np.linspace(-3, 3, side)) for name in ("w_in", "w_rec")), activation="linear")
    with tempfile.TemporaryDirectory(dir=os.environ["RNNSIM_CACHE_DIR"]) as folder:
        start = time.perf_counter()
        rs.sweep(rs.backprop, net, task.inputs, task.targets, memory="64MB", to=Path(folder) / "x.zarr", progress=False)
        return {"seconds": time.perf_counter() - start, "peak": peak_bytes()}


QUESTIONS = {function.__name__: function for function in (import_alone, first_surface, memory, swept)}

if __name__ == "__main__":
    print(json.dumps(QUESTIONS[sys.argv[1]](int(sys.argv[2]))))
