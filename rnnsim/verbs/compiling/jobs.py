"""Compiling the kernels of many calls at once: a process a verb, since calls of a verb share most of their kernels."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tqdm.auto import tqdm

from rnnsim.numerics.jit import PACKAGE
from rnnsim.numerics.machine_code.processors import level_target
from rnnsim.numerics.parallel import thread_count
from rnnsim.verbs.compiling.calls import VERBS, family

Job = tuple[str, tuple[str, ...], tuple[int, ...], tuple[str, ...]]


def compile_kernels(
    verbs: Sequence[str], cells: Sequence[str], units: Sequence[int], dtypes: Sequence[str], jobs: int | None
) -> None:
    """Compile the kernels of verbs for cells of so many units (0: scalar networks), and keep them where later processes find them.

    Parameters
    ----------
    verbs : sequence of str
        The verbs.
    cells : sequence of str
        The cells, of Elman, GRU and LSTM.
    units : sequence of int
        Numbers of units, 0 for scalar networks. Kernels are made for kinds of sizes: few units, of which points are lanes, and many.
    dtypes : sequence of str
        The precisions.
    jobs : int or None
        How many processes. None is one a processor.
    """
    work: list[Job] = [(verb, tuple(cells), tuple(units), tuple(dtypes)) for verb in VERBS if verb in verbs]
    pool = ProcessPoolExecutor(jobs or thread_count(), mp_context=get_context("spawn"))
    with pool, tqdm(total=len(work), desc="compiling kernels", unit="verb") as progress:
        futures = [pool.submit(compile_verb, job) for job in work]
        try:
            for future in as_completed(futures):
                progress.set_postfix_str(future.result())
                progress.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def compile_verb(job: Job) -> str:
    """Call a verb with all these networks."""
    verb, cells, units, dtypes = job
    networks = [family(cell, size) for size in units for cell in cells if size or cell == "Elman"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of orbits that are short, here
        for net in networks:
            for dtype in dtypes:
                for call in VERBS[verb](net, dtype):
                    call()
    return verb


@contextmanager
def for_processors(level: str) -> Iterator[None]:
    """Let what is compiled meanwhile, in other processes, be for all processors of a level, and stand in the package."""
    name, needed = level_target(level)
    with tempfile.TemporaryDirectory() as place:
        before = dict(os.environ)
        os.environ |= {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": needed, "RNNSIM_CACHE_DIR": place}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before
        kept = PACKAGE / "ready" / level
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(Path(place), kept, ignore=shutil.ignore_patterns("lock"))
