"""`python -m rnnsim compile`: compile kernels beforehand."""

import argparse
from collections.abc import Callable, Sequence

from rnnsim.numerics.machine_code.processors import LEVELS, features, has
from rnnsim.verbs.compiling.calls import CELLS, VERBS
from rnnsim.verbs.compiling.jobs import compile_kernels, for_processors


def at_least(least: int) -> Callable[[str], int]:
    """What reads a whole number that is at least so large."""

    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} was given; it needs a whole number of {least} or more")
        return int(text)

    return whole


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    whole = argparse.ArgumentParser(prog="python -m rnnsim", description="rnnsim, a toolkit for recurrent neural networks.")
    compiling = whole.add_subparsers(dest="command", required=True).add_parser(
        "compile",
        help="compile kernels beforehand",
        description="Compile the kernels of all verbs and built-in cells, so that the first calls of later processes start at once. "
        "They are kept in $RNNSIM_CACHE_DIR or the user's cache.",
    )
    compiling.add_argument("--jobs", type=at_least(1), help="processes (default: one a processor)")
    compiling.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS), metavar="VERB", help=f"of {', '.join(VERBS)}")
    compiling.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS), metavar="CELL", help=f"of {', '.join(CELLS)}")
    compiling.add_argument(
        "--units", nargs="+", type=at_least(0), default=[0, 8, 64], help="numbers of units, 0 for scalar networks (default: 0 8 64)"
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
    if not given.ready:
        compile_kernels(*asked)
    for level in given.ready or ():
        if not has(level, features()):
            parser().error(f"this processor lacks what those of {level} have, and kernels are called once they are compiled")
        with for_processors(level):
            compile_kernels(*asked)


if __name__ == "__main__":
    main()
