"""How Rprop finds the weights that count: its path, and from where its five variants get there."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

import rnnsim as rs

VARIANTS: Any = ("rprop-", "rprop+", "irprop-", "irprop+", "tutorial")
WINDOW, START, SOLVED = (-3, 3), (-1.5, 2.0), 1e-6
TEST = [0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0]


def trained(net: rs.Elman, task: xr.Dataset, variant: Any, iterations: int, every: int = 1) -> xr.Dataset:
    """A run of one variant, with steps of 1e-3 at first and without bounds."""
    rprop = rs.Rprop(variant, step=1e-3, step_min=0, step_max=np.inf)
    options: dict[str, Any] = {"epochs": iterations, "train": ("w_in", "w_rec"), "every": every, "keep": ("cost", "parameters")}
    return rs.train(net, task.inputs, task.targets, optimizer=rprop, **options)


def family(points: int, w_in: str, w_rec: str) -> rs.Elman:
    """points² linear networks on the window."""
    across, up = (rs.axis(axis, np.linspace(*WINDOW, points)) for axis in (w_in, w_rec))
    return rs.Elman(across, up, activation="linear")


def where_it_ends(run: xr.Dataset) -> xr.Dataset:
    """The iterations until the cost is below 1e-6, nan where it never is, and cost and weights at the end."""
    solved = run.cost < SOLVED
    iterations = run.epoch[solved.argmax("epoch")].drop_vars("epoch").where(solved.any("epoch"))
    iterations.attrs = {"long_name": f"iterations until the cost is below {SOLVED:g}", "units": "1"}
    return run[["cost", "w_in", "w_rec"]].isel(epoch=-1, drop=True).assign(iterations=iterations)


def valleys(task: xr.Dataset) -> tuple[float, float]:
    """The w_rec of the ridge between two valleys, and the cost far down the wrong one.

    With B(w) = Σ (mean of t x[k]) w^(T-k), and D(w) alike of the states' squares for w_in = 1, the best w_in = B/D leaves the cost
    mean(t²) - B²/D: it is highest where B(w) = 0.
    """
    products = (task.inputs * task.targets).mean("sample").values
    roots = np.roots(products)
    first = (task.inputs.isel(step=0) ** 2).mean().item()
    return roots[np.isreal(roots)].real.item(), (task.targets**2).mean().item() - products[0] ** 2 / first


def figure(surface: xr.Dataset, paths: xr.Dataset, basins: xr.Dataset, ridge: float) -> plt.Figure:
    """A path over the cost, costs over iterations, and the iterations that every variant needs from everywhere."""
    fig = plt.figure(figsize=(7, 5.8), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=[1.5, 1], squeeze=False)[:, 0]
    left, right = above.subplots(1, 2)
    rs.plot.cost_surface(surface, legend=False, ax=left)
    rs.plot.training_path(paths.sel(variant="irprop-"), ax=left).set_title("path of irprop- over the cost")
    rs.plot.training_curves(paths, "cost", color="variant", ax=right).set(title="cost on the paths", xlabel="iteration")
    plt.setp(right.lines, linewidth=0.8)
    counts = basins.iterations.transpose("variant", "w_rec_start", "w_in_start")
    colors = ScalarMappable(Normalize(0, counts.max().item()), plt.get_cmap("viridis_r").with_extremes(bad="0.8"))
    panels = below.subplots(1, len(counts), sharey=True)
    for ax, one in zip(panels, counts, strict=True):
        ax.pcolormesh(one.w_in_start, one.w_rec_start, one, norm=colors.norm, cmap=colors.cmap, rasterized=True)
        ax.axhline(ridge, color="black", linestyle="--", linewidth=0.8, label="ridge between two valleys")
        ax.plot(*START, "o", color="white", markeredgecolor="black", label="start of the paths above")
        ax.set(title=one.variant.item(), aspect="equal", xticks=[-3, 0, 3])
    panels[2].set_xlabel("input weight at the start")
    panels[0].set_ylabel("recurrent weight\nat the start")
    below.colorbar(colors, ax=panels, pad=0.01, label="iterations to a cost\nbelow 10⁻⁶ (grey: never)")
    rs.plot.shared_legend(panels)
    return rs.plot.panel_letters([left, right, *panels])


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100, help="starts along each weight (default: %(default)s)")
    parser.add_argument("--iterations", type=int, default=1000, help="from each start (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    task, variant = rs.tasks.counting(samples=20, steps=10, seed=1), rs.axis("variant", VARIANTS).variant
    net = rs.Elman(*START, activation="linear")
    runs = [trained(net, task, name, 500) for name in VARIANTS]
    paths = xr.concat([run[["w_in", "w_rec", "cost"]] for run in runs], variant, combine_attrs="drop_conflicts")
    for name, run in zip(VARIANTS, runs, strict=True):
        answer = rs.simulate(net.at(run), TEST, keep="final_state").final_state.item()
        told = f"{name:8} w_in = {run.w_in.values[-1]}, w_rec = {run.w_rec.values[-1]}"
        print(f"{told}; of {sum(TEST)} ones among {len(TEST)} it counts {answer:.2f}")
    starts = family(options.points, "w_in_start", "w_rec_start")
    ends = [where_it_ends(trained(starts, task, name, options.iterations, every=5)) for name in VARIANTS]
    basins = xr.concat(ends, variant, combine_attrs="drop_conflicts").assign_attrs(title="where Rprop learns to count")
    rs.save(paths, options.out / "counting_rprop_paths.nc")
    rs.save(basins, options.out / "counting_rprop.nc")

    ridge, far = valleys(task)
    surface = rs.backprop(family(400, "w_in", "w_rec"), task.inputs, task.targets, keep="cost")
    figure(surface, paths, basins, ridge).savefig(options.out / "counting_rprop.png")
    both = ("w_in_start", "w_rec_start")
    share, middle = basins.iterations.notnull().mean(both), basins.iterations.median(both)
    print(f"\nOf {options.points**2} starts, below a cost of {SOLVED:g} within {options.iterations} iterations:")
    print(xr.Dataset({"share": share, "median iterations": middle}).to_dataframe().round(3))
    print(f"The others slide down from the ridge at w_rec = {ridge:.3f} to w_rec = -inf, where the cost tends to {far:.2f}.")


if __name__ == "__main__":
    main()
