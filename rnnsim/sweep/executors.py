"""Those who compute the blocks of a sweep: this process with all its threads, several processes, or the workers of a Dask cluster."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnsim.numerics import parallel, thread_state
from rnnsim.sweep.call import Call
from rnnsim.sweep.chunking import Index, Layout, status_of
from rnnsim.sweep.sinks import Account

WRITERS = 2
DEATHS = 5  # of workers, one after the other without a block done, until it is no accident
WAIT = 60.0  # seconds for a cluster to have a worker
PATIENCE = 1.0  # seconds for workers to end their blocks after Ctrl-C
Values = dict[str, np.ndarray]
Report = tuple[Index, int, Values | None]


@dataclass
class Job:
    """All that a worker needs; without a store it sends numbers back."""

    call: Call
    layout: Layout
    store: Any = None

    def do(self, chunk: list[Index]) -> list[Report]:
        """Compute the blocks of a chunk and write them, if there is a store."""
        reports: list[Report] = []
        for index in chunk:
            values = self.layout.block_values(self.call, index)
            if self.store is not None:
                self.store.write_block(self.layout, self.layout.where(index), values)
            reports.append((index, status_of(values), None if self.store is not None else values))
        return reports


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Remember Ctrl-C: a verb such as `train` answers it with what it has so far, which is no block."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.getsignal(signal.SIGINT)

    def interrupt(number: int, frame: Any) -> None:
        asked.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def with_threads(job: Job, sink: Any, account: Account) -> None:
    """Compute in this process, each block on all threads, while the blocks before it are written."""
    layout, under_way = job.layout, deque[tuple[Index, int, Future[None]]]()

    def settle(most: int) -> None:
        while len(under_way) > most:
            under_way[0][2].result()
            index, state, _ = under_way.popleft()
            account.enter(index, state)

    with interruptible() as asked, ThreadPoolExecutor(WRITERS, thread_name_prefix="rnnsim-writer") as pool:
        try:
            for chunk in layout.chunks(account.status.copy()):
                for index in chunk:
                    values = layout.block_values(job.call, index)
                    if asked.is_set():
                        raise KeyboardInterrupt
                    under_way.append((index, status_of(values), pool.submit(sink.write_block, layout, layout.where(index), values)))
                    del values
                    settle(0 if len(chunk) > 1 else WRITERS - 1)
            settle(0)
        finally:
            for index, state, written in under_way:
                if written.exception() is None:
                    account.enter(index, state)


def with_processes(job: Job, sink: Any, account: Account, workers: int) -> None:
    """Compute in processes of their own. One that dies is replaced, and its blocks are computed again."""
    threads, parcel, deaths = max(1, parallel.thread_count() // workers), pickled(job), 0
    while todo := deque(job.layout.chunks(account.status)):
        before = account.finished
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, start_worker, (parcel, threads))
        under_way: set[Future[list[Report]]] = set()
        try:
            while todo or under_way:
                while todo and len(under_way) < 2 * workers:
                    under_way.add(pool.submit(do_chunk, todo.popleft()))
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    take(job, sink, account, future.result())
        except BrokenProcessPool:
            deaths = deaths + 1 if account.finished == before else 1
            if deaths >= DEATHS:
                raise RuntimeError(f"workers died {deaths} times without a block done: run with workers=None to see why") from None
        finally:
            stop(pool)


def take(job: Job, sink: Any, account: Account, reports: list[Report]) -> None:
    """Enter what a worker has done."""
    for index, state, values in reports:
        if values is not None:
            sink.write_block(job.layout, job.layout.where(index), values)
        account.enter(index, state)


def pickled(job: Job) -> bytes:
    """A job as it is sent to a process."""
    try:
        return pickle.dumps(job)
    except Exception as error:
        why = " ".join(str(error).split())
        raise TypeError(
            f"the call cannot be sent to other processes ({why}); it needs functions of modules, or workers=None"
        ) from None


def stop(pool: ProcessPoolExecutor) -> None:
    """End workers, by force if they do not end soon: a store bears it."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    end = time.monotonic() + PATIENCE
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


_given: dict[str, Any] = {}


def start_worker(parcel: bytes, threads: int) -> None:
    """Give a worker process its job; Ctrl-C is for the process that leads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["RNNSIM_NUM_THREADS"] = str(threads)
    _given["job"] = pickle.loads(parcel)


def do_chunk(chunk: list[Index]) -> list[Report]:
    """Do the blocks of a chunk in a worker process."""
    reports: list[Report] = _given["job"].do(chunk)
    return reports


LOST = ("KilledWorker", "FutureCancelledError", "CancelledError", "LostWorkerError", "NoWorkers")  # what ends a round on a cluster


class NoWorkers(Exception):
    """All workers died while the job was sent to them."""


def threads_of(client: Any) -> int:
    """The threads of a cluster's workers, as soon as it has some."""
    end = time.monotonic() + WAIT
    while not (threads := int(sum(client.nthreads().values()))):
        if time.monotonic() > end:
            raise RuntimeError(f"client was given a cluster that has no workers after {WAIT:.3g} seconds; it needs one at least")
        time.sleep(0.05)
    return threads


def with_client(job: Job, sink: Any, account: Account, client: Any) -> None:
    """Compute on a Dask cluster, a bounded number of chunks under way. What a dead worker had to do is done by others."""
    deaths = 0
    while any(True for _ in job.layout.chunks(account.status)):
        before = account.finished
        try:
            one_round(job, sink, account, client)
        except Exception as error:
            if type(error).__name__ not in LOST:
                raise
            deaths = deaths + 1 if account.finished == before else 1
            if deaths >= DEATHS:
                raise RuntimeError(f"workers died {deaths} times without a block done; the last message was: {error}") from None


def one_round(job: Job, sink: Any, account: Account, client: Any) -> None:
    """Submit all that is to do until it is done or a worker is lost for good."""
    from distributed import as_completed

    most = 3 * threads_of(client)
    crowd = crowd_of(client)
    here = sent(job, client)
    todo = deque(job.layout.chunks(account.status))
    flow = as_completed()
    futures: set[Any] = set()
    try:
        while todo or futures:
            while todo and len(futures) < most:
                future = client.submit(do_sent_chunk, here, todo.popleft(), crowd, pure=False, retries=3)
                futures.add(future)
                flow.add(future)
            done = next(flow)
            futures.discard(done)
            take(job, sink, account, done.result())
    finally:
        client.cancel([*futures, here], force=True)


def sent(job: Job, client: Any) -> Any:
    """A job on all workers."""
    try:
        return client.scatter(job, broadcast=True, hash=False)
    except (TimeoutError, ValueError) as error:
        if client.nthreads():
            raise
        raise NoWorkers(str(error)) from error


def crowd_of(client: Any) -> int:
    """The most tasks that run at once on one machine."""
    hosts: dict[str, int] = {}
    for worker in client.scheduler_info(n_workers=-1)["workers"].values():
        hosts[worker["host"]] = hosts.get(worker["host"], 0) + worker["nthreads"]
    return max(hosts.values(), default=1)


def do_sent_chunk(job: Job, chunk: list[Index], crowd: int) -> list[Report]:
    """Do the blocks of a chunk in a Dask worker, on its share of the processors."""
    with thread_state.settings(threads=max(1, parallel.thread_count() // crowd)):
        return job.do(chunk)
