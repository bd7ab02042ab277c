"""Why a linear network that counts is hard to train: its cost over both weights, and its gradient over the steps."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

MARKED = [(2, 1), (1, 2), (1, -2), (1, 0), (1, 0.5), (1, -0.5)]
WINDOWS = [((-3, 3), (-3, 3)), ((0, 2), (0, 2))]


def surface(task: xr.Dataset, window: tuple, points: int) -> xr.Dataset:
    """Cost and gradients on points² weights of a window."""
    w_in, w_rec = (
        rs.axis(name, np.linspace(low, high, points)) for name, (low, high) in zip(("w_in", "w_rec"), window, strict=True)
    )
    return rs.backprop(rs.Elman(w_in, w_rec, activation="linear"), task.inputs, task.targets)


def gradients_at(task: xr.Dataset, marked: list) -> xr.Dataset:
    """The gradient over steps at marked pairs of weights, which share one axis."""
    label = rs.axis("weights", [f"({a:g}, {b:g})" for a, b in marked], long_name="(w_in, w_rec)")
    w_in, w_rec = (label.copy(data=np.array(weights, float)) for weights in zip(*marked, strict=True))
    return rs.backprop(rs.Elman(w_in, w_rec, activation="linear"), task.inputs, task.targets, keep="grad_state")


def figure(surfaces: list[xr.Dataset], gradients: xr.Dataset) -> plt.Figure:
    """Both windows with one colour bar, and the gradient over steps below, in the colours and with the marks of the points above."""
    _, axes = plt.subplot_mosaic("ab;cc", figsize=(7, 5.4), height_ratios=[1.2, 1], layout="constrained")
    maps = axes["a"], axes["b"]
    for ax, ds in zip(maps, surfaces, strict=True):
        rs.plot.cost_surface(ds, points=MARKED, colorbar=maps if ax is maps[0] else False, legend=False, ax=ax)
    maps[0].set_title("cost over both weights")
    maps[1].set_title("from 0 to 2, enlarged")
    rs.plot.gradient_over_steps(gradients, color="weights", legend=False, ax=axes["c"]).set_title("gradient on its way back")
    marks = maps[0].lines
    for line, mark in zip(axes["c"].lines, marks, strict=False):
        line.set(marker=mark.get_marker(), markersize=3.5)
    rs.plot.shared_legend(maps[:1], title="(input weight, recurrent weight)")
    return rs.plot.panel_letters(axes.values())


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=400, help="points along each weight (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    task = rs.tasks.counting(samples=20, steps=10, seed=1)
    surfaces = [surface(task, window, options.points) for window in WINDOWS]
    for ds, name in zip(surfaces, ("counting_cost_surface", "counting_cost_surface_zoom"), strict=True):
        rs.save(ds, options.out / f"{name}.nc")
    figure(surfaces, gradients_at(task, MARKED)).savefig(options.out / "counting_cost_surface.png")

    best = surfaces[0].where(surfaces[0].cost == surfaces[0].cost.min(), drop=True)
    print(f"{sum(ds.cost.size for ds in surfaces)} networks; on the whole window the cost is least, {best.cost.item(0):.4g}, at")
    print(
        f"w_in = {best.w_in.item(0):.3g}, w_rec = {best.w_rec.item(0):.3g}. Wrote counting_cost_surface.nc and .png to {options.out}/"
    )


if __name__ == "__main__":
    main()
