"""`python -m rnnsim compile`: compile kernels beforehand."""

import argparse
from collections.abc import Sequence

from rnnsim.numerics.machine_code.processors import LEVELS
from rnnsim.verbs.compiling.calls import CELLS, VERBS
from rnnsim.verbs.compiling.jobs import compile_kernels, for_processors


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    whole = argparse.ArgumentParser(prog="python -m rnnsim", description="rnnsim, a toolkit for recurrent neural networks.")
    compiling = whole.add_subparsers(dest="command", required=True).add_parser(
        "compile",
        help="compile kernels beforehand",
        description="Compile the kernels of all verbs and built-in cells, so that the first calls of later processes start at once. "
        "They are kept in $RNNSIM_CACHE_DIR or the user's cache.",
    )
    compiling.add_argument("--jobs", type=int, help="processes (default: one a processor)")
    compiling.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS), metavar="VERB", help=f"of {', '.join(VERBS)}")
    compiling.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS), metavar="CELL", help=f"of {', '.join(CELLS)}")
    compiling.add_argument(
        "--units", nargs="+", type=int, default=[0, 8, 64], help="numbers of units, 0 for scalar networks (default: 0 8 64)"
    )
    compiling.add_argument("--dtypes", nargs="+", choices=("float64", "float32"), default=["float64"], help="default: float64")
    compiling.add_argument(
        "--ready",
        nargs="+",
        choices=LEVELS,
        metavar="LEVEL",
        help=f"put the kernels into the package, for a wheel, and for all processors of a level, of {', '.join(LEVELS)}",
    )
    return whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what a command line says."""
    given = parser().parse_args(arguments)
    asked = given.verbs, given.cells, given.units, given.dtypes, given.jobs
    for level in given.ready or ():
        with for_processors(level):
            compile_kernels(*asked)
    if not given.ready:
        compile_kernels(*asked)


if __name__ == "__main__":
    main()
