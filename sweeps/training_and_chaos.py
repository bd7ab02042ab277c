"""Lyapunov exponents along a training run: what learning to recall does to networks that forget too fast, and to chaotic ones."""

import argparse
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

PAPER = "Vogt, Puelma Touzel, Shlizerman, Lajoie (2022): where training succeeds, the largest exponents come close to 0"
UNITS, DELAY = 24, 6


def problem(samples: int) -> xr.Dataset:
    """Recall a number after a delay: its echo is the target."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(samples, 4 * DELAY, 1))
    targets = np.full((samples, 4 * DELAY, 1), np.nan)
    targets[:, DELAY:] = inputs[:, :-DELAY]
    dims = ("sample", "step")
    return xr.Dataset({"inputs": ((*dims, "input"), inputs), "targets": ((*dims, "output"), targets)})


def trained(gain: xr.DataArray, seed: xr.DataArray, epochs: int, every: int) -> tuple[rs.Elman, xr.Dataset]:
    """Networks of several gains at the start, trained."""
    task = problem(32)
    net = rs.Elman.random(UNITS, gain=gain, seed=seed, readout=rs.Readout.random(UNITS, seed=seed))
    run = rs.train(
        net, task.inputs, task.targets, optimizer=rs.Adam(3e-3), clip=rs.ClipNorm(1.0), epochs=epochs, batch_size=8, every=every
    )
    return net, run


def along(net: rs.Elman, run: xr.Dataset, steps: int) -> xr.Dataset:
    """Spectra, driven by new inputs, at every recorded epoch."""
    inputs = np.random.default_rng(1).normal(size=(steps + steps // 4, 1))
    parts = []
    for epoch in run.epoch.values:
        now = net.at(run, epoch=int(epoch))
        ds = rs.lyapunov(now, inputs, discard=steps // 4, keep=("lyapunov_exponent", "kaplan_yorke_dimension", "sum_rule_residual"))
        parts.append(ds.drop_vars("diverged_at").expand_dims(epoch=[epoch]))
    return xr.concat(parts, "epoch", combine_attrs="drop_conflicts").assign(cost=run.cost)


def figure(ds: xr.Dataset) -> plt.Figure:
    """Costs and largest exponents over epochs, and how the cost at the end goes with the exponent."""
    _, axes = plt.subplots(1, 3, figsize=(7, 2.8), layout="constrained")
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, ds.sizes["gain"]))
    largest = ds.lyapunov_exponent.isel(exponent=0)
    for gain, color in zip(ds.gain.values, colors, strict=True):
        of_gain = ds.sel(gain=gain)
        axes[0].plot(ds.epoch, of_gain.cost.median("seed"), color=color, label=f"{gain:g}")
        axes[1].plot(ds.epoch, largest.sel(gain=gain).median("seed"), color=color)
        for epoch, mark in ((0, "x"), (-1, "o")):
            axes[2].plot(*(array.isel(epoch=epoch) for array in (largest.sel(gain=gain), of_gain.cost)), mark, color=color, ms=3)
    axes[0].set(xlabel="epoch", ylabel="cost", yscale="log", title="cost, median of seeds")
    axes[1].set(xlabel="epoch", ylabel="largest exponent (nats/step)", title="exponent, median of seeds")
    axes[2].set(xlabel="largest exponent (nats/step)", ylabel="cost", yscale="log", title="× before, ● after training")
    axes[1].axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axes[2].axvline(0, color="0.7", linewidth=0.8, zorder=0)
    axes[2].locator_params(axis="x", nbins=5)
    rs.plot.shared_legend(axes[:1], title="gain at the start")
    return rs.plot.panel_letters(axes)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gains", type=int, default=5, help="gains at the start, from 0.3 to 2.5 (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=8, help="networks of each gain (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=400, help="epochs of training (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=400, help="steps that count (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", "exponents of .* still drift", RuntimeWarning)

    gain, seed = rs.axis("gain", np.linspace(0.3, 2.5, options.gains)), rs.axis("seed", range(options.seeds))
    net, run = trained(gain, seed, options.epochs, max(1, options.epochs // 20))
    ds = along(net, run, options.steps).assign_attrs(title="Lyapunov exponents along training")
    rs.save(ds, options.out / "training_and_chaos.nc")
    figure(ds).savefig(options.out / "training_and_chaos.png")

    print(PAPER)
    largest = ds.lyapunov_exponent.isel(exponent=0).median("seed")
    print("gain at the start; largest exponent before and after training; cost before and after (medians over seeds)")
    for g in ds.gain.values:
        before, after = largest.sel(gain=g).isel(epoch=[0, -1]).values
        costs = ds.cost.sel(gain=g).median("seed").isel(epoch=[0, -1]).values
        print(f"{g:6.2f} {before:8.3f} {after:8.3f} {costs[0]:8.3f} {costs[1]:8.3f}")
    best = ds.isel(epoch=-1)
    best = best.isel(best.cost.argmin(...))
    exponent, when = float(best.lyapunov_exponent[0]), f"learnt to recall {DELAY} steps with a cost of {float(best.cost):.2g}"
    print(f"here the best network, which {when}, has the largest exponent {exponent:.2f}: it forgets, as far as the task allows")


if __name__ == "__main__":
    main()
