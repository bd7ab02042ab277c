"""Verbs block by block: larger than memory, resumed where they stopped, on many workers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import xarray as xr

from rnnsim.checks.annotations import Bytes, Client, Flag, Location, Whole
from rnnsim.checks.arguments import flag, whole_or_none
from rnnsim.checks.memory_limits import MOST_OF_MEMORY, as_bytes, free_memory
from rnnsim.checks.showing import kind_of
from rnnsim.families.network import Network
from rnnsim.sweep.call import Call, check_call
from rnnsim.sweep.chunking import PENDING, Layout
from rnnsim.sweep.executors import Job, threads_of, with_client, with_processes, with_threads
from rnnsim.sweep.fingerprint import changed, identity
from rnnsim.sweep.planning import SweepPlan, result_of, share_of, survey
from rnnsim.sweep.sinks import Account, Memory, progress_bar


def plan(verb: Callable[..., xr.Dataset], net: Network, *args: Any, memory: Bytes | None = None, **options: Any) -> SweepPlan:
    """Tell what a sweep would take: points, steps, bytes of each variable, blocks, and the time.

    The time is estimated from a block that is computed.

    Parameters
    ----------
    verb : callable
        As `sweep` takes it.
    net : Network
        As `sweep` takes it.
    *args : Any
        As `sweep` takes them.
    memory : int or str, optional
        The most that a block may take, in bytes or as text such as "64MB". By default it is 64 MB or a sixteenth of what is free,
        if that is less.
    **options : Any
        As `sweep` takes them.

    Returns
    -------
    SweepPlan
        It prints as a table, and has `axes`, `points`, `steps`, `variables` (bytes by name), `nbytes`, `block` (values of each
        axis), `blocks` and `seconds`.

    Raises
    ------
    ValueError
        If the verb refuses the call, or if `memory` is too small for a point.
    TypeError
        If the verb refuses the call, or if `verb` is not a function of a family.
    MemoryError
        If axes that are not cut do not fit into memory.

    See Also
    --------
    rnnsim.sweep : Compute it.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(1.0, rs.axis("w_rec", np.linspace(-2, 2, 1000)))
    >>> rs.plan(rs.simulate, net, np.ones(9)).variables
    {'state': 80000, 'diverged_at': 4000}
    """
    return survey(check_call(verb, net, args, options), memory).plan(memory)


def sweep(
    verb: Callable[..., xr.Dataset],
    net: Network,
    *args: Any,
    to: Location | None = None,
    overwrite: Flag = False,
    memory: Bytes | None = None,
    workers: Whole | None = None,
    client: Client | None = None,
    progress: Flag = True,
    **options: Any,
) -> xr.Dataset:
    """Compute a verb block by block along the axes of a family, in memory or into a store that a later call goes on from.

    Parameters
    ----------
    verb : callable
        Any function that takes a family and returns a Dataset with the axes of the family, such as `rs.backprop`.
    net : Network
        The family.
    *args : Any
        What the verb takes by position after the family. What carries axes (inputs, targets, an optimizer) is cut along with the
        family.
    to : path_like, optional
        A path that ends in .zarr or .nc, or an fsspec URL of a Zarr store. The same call on the same path computes only what is
        missing there, also if axes have got more values at their ends. Any other change is refused. By default the result is in
        memory.
    overwrite : bool, default False
        Whether a store of another sweep that stands at `to` is replaced.
    memory : int or str, optional
        The most that a block may take, in bytes or as text such as "64MB". By default it is 64 MB or a sixteenth of what is free,
        if that is less. A block is also no longer than about half a second.
    workers : int, optional
        The number of processes, which share the processors. By default this process computes with all its threads.
    client : dask.distributed.Client, optional
        A client whose workers compute and write; they must see the path.
    progress : bool, default True
        Whether to show a bar, in terminals and notebooks.
    **options : Any
        What the verb takes by name.

    Returns
    -------
    Dataset
        What the verb would return, bit for bit; with `to`, opened lazily. The store has `status` over the blocks beside it:
        pending, done, or diverged (done, and a network in it diverged). The store can be opened at any time, also while it is being
        written. An axis that an option names, such as `along`, is not cut, nor is one that the result does not have. With patience,
        a record of training has all epochs.

    Raises
    ------
    ValueError
        If the verb refuses the call, or if the store is of another call; the message names what changed.
    TypeError
        If the verb refuses the call, or if an argument has the wrong type.
    MemoryError
        If the result does not fit into memory and there is no `to`, or if axes that are not cut do not fit.
    FileExistsError
        If something else is at `to`.
    BlockingIOError
        If another sweep is writing to `to`.
    OSError
        If `to` cannot be written.
    KeyboardInterrupt
        At Ctrl-C. The line that goes on is printed.

    See Also
    --------
    rnnsim.plan : What it would take.
    rnnsim.merge : Make one store of two.
    rnnsim.open : Open a store.

    Examples
    --------
    >>> import os, tempfile, numpy as np, rnnsim as rs
    >>> net = rs.Elman(1.0, rs.axis("w_rec", np.linspace(-2, 2, 1000)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ds = rs.sweep(rs.simulate, net, np.ones(9), to=os.path.join(folder, "states.zarr"))
    ...     bool(ds.identical(rs.simulate(net, np.ones(9))))
    True
    """
    call = check_call(verb, net, args, options)
    workers, overwrite, progress = whole_or_none("workers", workers), flag("overwrite", overwrite), flag("progress", progress)
    check_crew(workers, client)
    executor = partial(with_client, client=client) if client is not None else None
    if workers is not None:
        executor = partial(with_processes, workers=workers)
    share = 1.0 if executor is None else share_of(workers or threads_of(client))
    if to is None:
        return in_memory(call, memory, share, executor, progress)
    from rnnsim.storage.locking import taken  # with zarr, which takes as long to import as half of all the rest
    from rnnsim.sweep.targets import check_target

    target = check_target(to)
    check_coordinates(call, target)
    with taken(target):
        if str(target).endswith(".nc"):
            return to_netcdf(call, Path(target), overwrite, memory, share, executor, progress)
        return to_store(call, target, overwrite, memory, share, executor, progress)


def check_crew(workers: int | None, client: Any) -> None:
    """Refuse what are no workers."""
    if client is not None and not all(hasattr(client, name) for name in ("submit", "scatter", "scheduler_info")):
        raise TypeError(f"client was given {kind_of(client)}; it needs a dask.distributed.Client")
    if client is not None and workers is not None:
        raise ValueError("workers was given with a client; it needs one of them, since the client has workers of its own")


def check_coordinates(call: Call, target: Any) -> None:
    """Refuse axes of which the target cannot hold the values."""
    from rnnsim.storage.storable import check_values

    for name, coord in call.grid.coords.items():
        check_values(name, coord.variable, "NetCDF" if str(target).endswith(".nc") else "Zarr")


def in_memory(call: Call, memory: Any, share: float, executor: Any, progress: bool) -> xr.Dataset:
    """A sweep whose result fits."""
    found = survey(call, memory)
    layout, free = found.layout(memory, share), free_memory()
    if layout.nbytes > MOST_OF_MEMORY * free:
        raise MemoryError(
            f'the result takes {as_bytes(layout.nbytes)}, and {as_bytes(free)} are free; give a path, to="x.zarr"\n{found.plan(memory)!r}'
        )
    sink = Memory(layout)
    carry_out(Job(call, layout), sink, executor, progress, "")
    return sink.dataset(layout)


def to_store(
    call: Call, path: Any, overwrite: bool, memory: Any, share: float, executor: Any, progress: bool, netcdf: bool = False
) -> xr.Dataset:
    """A sweep into a Zarr store, begun, resumed or extended, perhaps to make a NetCDF file of it."""
    from rnnsim.storage import locking, zarr_files
    from rnnsim.sweep import targets, zarr_store

    try:
        known = targets.found_at(path)
        store = zarr_store.Store(path)
        if known is None or overwrite:
            locking.clean(path)
            layout = survey(call, memory).layout(memory, share)
            zarr_store.check_layout(layout, netcdf)
            with locking.replacing(path) as place:
                zarr_store.lay_out(place, layout, zarr_store.whole(identity(call)))
        else:
            layout = resumed(call, store)
        if (store.status() == PENDING).any():
            locking.clean(path)
            carry_out(Job(call, layout, store), store, executor, progress, zarr_files.label(path))
        return store.dataset()
    except OSError as error:
        raise locking.explained(error, zarr_files.label(path)) from error


def resumed(call: Call, store: Any) -> Layout:
    """The layout of a store that the call goes on with, extended if axes have got more values at their ends."""
    from rnnsim.sweep.zarr_store import whole

    record = store.record
    store.mend()
    layout: Layout = store.layout()
    sizes, now = layout.axes, call.grid.sizes
    larger = {axis: now[axis] for axis in sizes if axis in now and now[axis] > sizes[axis]}
    if set(sizes) - set(now) or any(now[axis] < sizes[axis] for axis in sizes):
        raise refusal(store, f"axes ({sizes} then, {dict(now)} now)")
    before = call.block({axis: slice(0, sizes[axis]) for axis in larger}) if larger else call
    check_same(store, record["parts"], before)
    if larger:
        coords = {axis: call.grid.coords[axis].variable for axis in sizes if axis in call.grid.coords}
        layout = layout.extended({axis: now[axis] for axis in sizes}, coords)
        layout = replace(layout, attrs=result_of(call).attrs)
        store.extend(layout, whole(identity(call)))
    return layout


def check_same(store: Any, parts: list[dict[str, Any]], call: Call) -> None:
    """Refuse a call of which some part decides its numbers by something else than the store's."""
    for part in parts:
        difference = changed(part["identity"], identity(call.block(part["places"]) if part["places"] else call))
        if difference:
            raise refusal(store, difference)


def refusal(store: Any, difference: str) -> ValueError:
    """The refusal of a changed call."""
    return ValueError(
        f"{store.path} was begun by another call, which differs in: {difference}; give overwrite=True to start over, or another path"
    )


def to_netcdf(call: Call, path: Path, overwrite: bool, memory: Any, share: float, executor: Any, progress: bool) -> xr.Dataset:
    """A sweep into a Zarr store beside a NetCDF file, which takes its place at the end."""
    import json

    from rnnsim.storage import locking, zarr_files
    from rnnsim.storage.netcdf import open as open_file
    from rnnsim.storage.netcdf import save
    from rnnsim.sweep import zarr_store

    aside = path.with_name(f".{path.name}.zarr")
    if path.exists() and not overwrite:
        with open_file(path) as ds:
            record = ds.attrs.get(zarr_files.RECORD)
        if record is None:
            raise FileExistsError(f"{path} exists, but no sweep made it: choose another path, or give overwrite=True to replace it")
        check_same(zarr_store.Store(path), json.loads(record)["parts"], call)
    else:
        found = to_store(call, aside, overwrite, memory, share, executor, progress, netcdf=True)
        with_record = found.assign_attrs({zarr_files.RECORD: zarr_files.opened(aside).attrs[zarr_files.RECORD]})
        try:
            save(with_record, path)
        except OSError as error:
            raise locking.explained(error, str(path)) from error
    if aside.exists():
        locking.remove(aside)
    ds = open_file(path)
    del ds.attrs[zarr_files.RECORD]
    return ds


def carry_out(job: Job, sink: Any, executor: Any, progress: bool, place: str) -> None:
    """Compute all blocks that are pending."""
    name = getattr(job.call.verb, "__name__", "sweep")
    with progress_bar(job.layout, sink.status(), name, progress) as bar:
        account = Account(job.layout, sink, bar)
        try:
            (executor or with_threads)(job, sink, account)
        except KeyboardInterrupt:
            bar.close()
            total = prod(job.layout.blocks)
            if place:
                resuming = f'rs.sweep(rs.{name}, …, to="{place}")'
                print(f"stopped: {account.finished} of {total} blocks are done; the same call goes on: {resuming}", file=sys.stderr)
            raise
        finally:
            account.close()
