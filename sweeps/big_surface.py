"""The cost surface of a network that counts, with gradients, on a grid larger than memory, in a store that a later run goes on from."""

import argparse
import re
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

KEEP = ("cost", "grad_w_in", "grad_w_rec")
MARKED = [(2, 1), (1, 2), (1, -2), (1, 0)]


def family(points: int) -> rs.Elman:
    """points² linear networks, of weights -3…3."""
    w_in, w_rec = (rs.axis(name, np.linspace(-3, 3, points)) for name in ("w_in", "w_rec"))
    return rs.Elman(w_in, w_rec, activation="linear")


def direction(surface: xr.Dataset, most: int) -> xr.DataArray:
    """The angle of steepest descent, in a picture of at most `most` points a side."""
    by_in, by_rec = (rs.plot.coarsened(surface[name], most) for name in ("grad_w_in", "grad_w_rec"))
    angle = np.arctan2(-by_rec.values, -by_in.values)
    return by_in.copy(data=angle).assign_attrs(long_name="steepest descent", units="rad").rename("direction")


def figure(surface: xr.Dataset) -> plt.Figure:
    """The cost, and the direction in which it falls, as means over cells."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
    rs.plot.cost_surface(surface, points=MARKED, ax=left).set_title("cost")
    down = direction(surface, 600).transpose("w_rec", "w_in")
    drawn = right.pcolormesh(down.w_in, down.w_rec, down, cmap="twilight", vmin=-np.pi, vmax=np.pi, rasterized=True)
    bar = fig.colorbar(drawn, ax=right, label="angle from the input weight's axis (rad)")
    bar.set_ticks([k * np.pi / 2 for k in range(-2, 3)], labels=["−π", "−π/2", "0", "π/2", "π"])
    right.set(xlabel=left.get_xlabel(), ylabel=left.get_ylabel(), title="direction of steepest descent")
    rs.plot.shared_legend([left], title="(input weight, recurrent weight)")
    return rs.plot.panel_letters((left, right))


def peak_of_memory() -> str:
    """What the process had of memory at most, where Linux tells it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return f"; the peak of memory was {int(found[1]) * 1024 / 1e9:.2f} GB" if found else ""


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=20_000, help="points along each weight (default: %(default)s)")
    parser.add_argument("--memory", default="64MB", help="the most that a block may take (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path("."), help="folder for the results, with 48 bytes free a network (default: here)"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    task = rs.tasks.counting(samples=20, steps=10, seed=1)
    call = rs.backprop, family(options.points), task.inputs, task.targets
    print(rs.plan(*call, keep=KEEP, memory=options.memory))
    start = time.perf_counter()
    surface = rs.sweep(*call, keep=KEEP, memory=options.memory, to=options.out / "big_surface.zarr")
    print(f"{surface.cost.size} networks in {time.perf_counter() - start:.1f} s")
    figure(surface).savefig(options.out / "big_surface.png")
    print(f"Wrote big_surface.zarr and .png to {options.out}/{peak_of_memory()}")


if __name__ == "__main__":
    main()
