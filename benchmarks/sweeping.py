"""What sweeps cost beside their verbs: `python -m benchmarks.sweeping [--folder …] [--tiny]`."""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import zarr

import rnnsim as rs
from benchmarks.fresh import in_fresh_process
from rnnsim.sweep.executors import WRITERS
from rnnsim.sweep.zarr_store import Store

SIZES = {"full": (1500, 1500, 6000, 100), "tiny": (20, 10, 200, 5)}


def family(side: int, activation: str) -> rs.Elman:
    """side² networks of one unit."""
    return rs.Elman(*(rs.axis(name, np.linspace(-3, 3, side)) for name in ("w_in", "w_rec")), activation=activation)


def timed(call: Callable[[], object]) -> float:
    """How long a call takes, in seconds."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def throughput(folder: Path, side: int, rounds: int) -> str:
    """Trajectories, whose sweep is bound by what the disk takes, and the same bytes written to the same store with no computing."""
    net, inputs = family(side, "linear"), np.random.default_rng(1).normal(size=40)
    whole, swept, bare = rs.simulate(net, inputs, keep="state"), folder / "swept.zarr", folder / "bare.zarr"

    def sweep() -> None:
        shutil.rmtree(swept, ignore_errors=True)
        rs.sweep(rs.simulate, net, inputs, keep="state", to=swept, progress=False)

    sweep()
    layout = Store(swept).layout()
    places = [layout.where(index) for chunk in layout.chunks(np.zeros(layout.blocks, np.int8)) for index in chunk]

    def write() -> None:
        shutil.rmtree(bare, ignore_errors=True)
        shutil.copytree(swept, bare, ignore=shutil.ignore_patterns("c"))
        store = Store(bare)

        def one(where: object) -> None:
            regions = {name: layout.region(field, where) for name, field in layout.fields.items()}
            values = {name: whole[name].values[region] for name, region in regions.items() if region is not None}
            store.write_block(layout, where, values)

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(one, places))

    ratios, rates = [], []
    for _ in range(rounds):
        alone, computed = timed(write), timed(sweep)
        ratios.append(alone / computed)
        rates.append(whole.nbytes / computed * 1e-6)
    for name in layout.fields:
        np.testing.assert_array_equal(zarr.open_group(bare, mode="r")[name][...], zarr.open_group(swept, mode="r")[name][...])
    return f"throughput: {statistics.median(ratios):.0%} of writing alone, {max(rates):.0f} MB/s, {len(places)} blocks"


def overhead(folder: Path, side: int, rounds: int) -> list[str]:
    """A surface, whose sweep is bound by computing, and the verb by itself."""
    rng = np.random.default_rng(2)
    call = rs.backprop, family(side, "tanh"), rng.normal(size=(20, 200)), rng.normal(size=20)
    verb, *arguments = call

    def to_store() -> None:
        rs.sweep(*call, to=folder / "surface.zarr", overwrite=True, progress=False)

    kinds: dict[str, Callable[[], object]] = {"in memory": lambda: rs.sweep(*call, progress=False), "to a store": to_store}
    ratios: dict[str, list[float]] = {kind: [] for kind in kinds}
    seconds = verb(*arguments) and timed(lambda: verb(*arguments))
    for sweep in kinds.values():
        sweep()
    for _ in range(rounds):
        alone = timed(lambda: verb(*arguments))
        for kind, sweep in kinds.items():
            ratios[kind].append(timed(sweep) / alone - 1)
    return [f"overhead {kind}: {statistics.median(found):.1%} of a verb of {seconds:.2g} s" for kind, found in ratios.items()]


def resumed(folder: Path, blocks: int) -> str:
    """The sweep of a finished store of blocks²."""
    net, path = family(2 * blocks, "linear"), folder / "many.zarr"
    bytes_of_points = rs.plan(rs.simulate, net, np.ones(2), keep="final_state").nbytes // (2 * blocks) ** 2
    call = rs.simulate, net, np.ones(2)
    options = {"keep": "final_state", "to": path, "memory": 4 * bytes_of_points + 3, "progress": False}
    rs.sweep(*call, **options)
    found = np.prod(Store(path).status().shape)
    return f"resume of a finished sweep of {found} blocks: {min(timed(lambda: rs.sweep(*call, **options)) for _ in range(3)):.2f} s"


def main(arguments: list[str] | None = None) -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where stores are written (default: a temporary one)")
    parser.add_argument(
        "--tiny", dest="size", action="store_const", const="tiny", default="full", help="sizes that show only that this runs"
    )
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many is told")
    given = parser.parse_args(arguments)
    trajectories, surface, large, blocks = SIZES[given.size]
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        print(throughput(folder, trajectories, given.rounds), flush=True)
        print(*overhead(folder, surface, given.rounds), sep="\n", flush=True)
        print(resumed(folder, blocks), flush=True)
        found = in_fresh_process("swept", large, name)
        print(
            f"{large}² points in blocks of 64 MB: {found['seconds']:.0f} s, peak of memory {found['peak'] * 1e-6:.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
