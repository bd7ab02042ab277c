"""How well random networks remember a pulse, by gain: a sweep on a Dask cluster of this machine, or of a SLURM queue."""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

import rnnsim as rs


def local_cluster(workers: int) -> Any:
    """Workers on this machine, which share its processors."""
    from distributed import LocalCluster

    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")


def slurm_cluster(workers: int, options: argparse.Namespace) -> Any:
    """Jobs of a SLURM queue, one worker each, which uses all cores of its job: a task of the sweep is one block on all of them."""
    from dask_jobqueue import SLURMCluster  # python -m pip install dask-jobqueue

    worker = ["--nthreads", "1"]
    cluster = SLURMCluster(
        queue=options.queue,
        cores=options.cores,
        processes=1,
        memory=options.job_memory,
        walltime=options.walltime,
        worker_extra_args=worker,
    )
    cluster.scale(jobs=workers)
    return cluster


def family(units: int, seeds: int) -> rs.Elman:
    """Random networks of many gains."""
    gain, seed = rs.axis("gain", np.linspace(0.5, 1.5, 11)), rs.axis("seed", range(seeds))
    return rs.Elman.random(units, 1, gain=gain, seed=seed)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", choices=("local", "slurm"), default="local", help="where (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="workers, or jobs (default: %(default)s)")
    parser.add_argument("--queue", help="SLURM's partition")
    parser.add_argument("--cores", type=int, default=8, help="cores of a SLURM job (default: %(default)s)")
    parser.add_argument("--job-memory", default="8GB", help="memory of a SLURM job (default: %(default)s)")
    parser.add_argument("--walltime", default="01:00:00", help="time of a SLURM job (default: %(default)s)")
    parser.add_argument("--units", type=int, default=64, help="units of a network (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=200, help="networks of a gain (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results, which all workers see (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    pulse = np.zeros((100, 1))
    pulse[0] = 1.0
    with ExitStack() as stack:
        make = local_cluster if options.cluster == "local" else lambda workers: slurm_cluster(workers, options)
        client = stack.enter_context(stack.enter_context(make(options.workers)).get_client())
        runs = rs.sweep(rs.simulate, family(options.units, options.seeds), pulse, to=options.out / "pulse.zarr", client=client)

    memory = (
        np.sqrt((runs.state**2).mean("unit")).median("seed").assign_attrs(long_name="size of the state, median of seeds", units="1")
    )
    rs.plot.trajectories(memory.to_dataset(name="size"), variable="size", color="gain").set_yscale("log")
    plt.savefig(options.out / "pulse.png")
    print(f"{runs.diverged_at.size} networks of {options.units} units; wrote pulse.zarr and .png to {options.out}/")


if __name__ == "__main__":
    main()
