"""First calls: `python -m benchmarks.cold` times each verb in a new process, with an empty cache of kernels and then with what is in it."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from rnnsim.verbs.compiling.calls import CELLS, VERBS

CHILD = """
import json, sys, time, warnings
begin = time.perf_counter()
import numba, xarray
libraries = time.perf_counter()
import rnnsim
ours = time.perf_counter()
warnings.simplefilter("ignore")
from rnnsim.verbs.compiling.calls import VERBS, family
verb, cell, units = sys.argv[1:]
call = next(iter(VERBS[verb](family(cell, int(units)), "float64")))
start = time.perf_counter()
call()
print(json.dumps([libraries - begin, ours - libraries, time.perf_counter() - start]))
"""


def seconds(home: str, verb: str, cell: str, units: int) -> list[float]:
    """How long a new process takes to import Numba and xarray, then rnnsim, and then for its first call."""
    command = [sys.executable, "-c", CHILD, verb, cell, str(units)]
    done = subprocess.run(command, env={**os.environ, "RNNSIM_CACHE_DIR": home}, check=True, capture_output=True, text=True)
    found: list[float] = json.loads(done.stdout)
    return found


def rows(verbs: Sequence[str], cell: str, units: int) -> list[str]:
    """A Markdown table."""
    found = ["| first call | empty cache (s) | kernels in the cache (s) | import of rnnsim (s) |", "|---|---|---|---|"]
    for verb in verbs:
        with tempfile.TemporaryDirectory() as home:
            (_, _, cold), (_, own, warm) = (seconds(home, verb, cell, units) for _ in range(2))
        found.append(f"| `{verb}` | {cold:.1f} | {warm:.2f} | {own:.2f} |")
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold", description=__doc__)
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS), metavar="VERB")
    parser.add_argument("--cell", choices=CELLS, default="Elman")
    parser.add_argument("--units", type=int, default=8, help="0 for scalar networks (default: 8)")
    given = parser.parse_args()
    print("\n".join(rows(given.verbs, given.cell, given.units)))


if __name__ == "__main__":
    main()
