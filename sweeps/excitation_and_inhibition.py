"""Excitatory and inhibitory rate units, with noise, learn to tell which of two noisy inputs is the stronger one (needs ".[studies]")."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from scipy.optimize import curve_fit
from scipy.special import ndtr

import rnnsim as rs

PAPER = "after Song, Yang and Wang, PLOS Comput. Biol. 12, e1004792 (2016): perceptual decisions, with steps of 20 ms"
LEAK, SIGMA, EXCITATORY = 0.2, 0.15, 0.8  # dt / τ for τ = 100 ms; of the noise in the recurrence; share of units
COHERENCES = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
TRIALS = 20  # of an update


def network(units: int, seed: xr.DataArray) -> tuple[rs.Elman, dict[str, tuple[xr.DataArray, xr.DataArray]]]:
    """Networks that obey Dale's law at the start, and the bounds that keep them so: inputs reach excitatory units alone, and these alone
    are read."""
    excitatory = xr.DataArray(np.arange(units) < round(EXCITATORY * units), dims="unit")
    random = np.random.default_rng(0)

    def positive(scale: float, *dims: str) -> xr.DataArray:
        sizes = {"seed": seed.size, "unit": units, "input": 2, "output": 2}
        return abs(xr.DataArray(scale * random.normal(size=[sizes[d] for d in dims]), {"seed": seed}, dims)) * excitatory

    base = rs.Elman.random(units, 2, init="dale", excitatory=EXCITATORY, seed=seed)
    net = rs.Elman(
        positive(0.5, "seed", "unit", "input"),
        base["w_rec"],
        h0=0.1,
        activation="relu",
        leak=LEAK,
        noise=np.sqrt(2 / LEAK) * SIGMA,
        readout=rs.Readout(positive(5.0 / units, "seed", "output", "unit"), np.zeros(2)),
    )
    most, zero = xr.where(excitatory, np.inf, 0.0), xr.DataArray(0.0)
    bounds = dict.fromkeys(("w_in", "w_out"), (zero, most)) | {"b_out": (zero, zero)}
    return net, bounds | {"w_rec": rs.dale(units, EXCITATORY, self_connections=False)}


def trained(net: rs.Elman, bounds: dict[str, tuple[xr.DataArray, xr.DataArray]], trials: int, epochs: int) -> xr.Dataset:
    """The training run: Adam, on costs with penalties of rates and of recurrent weights."""
    task = rs.tasks.perceptual_decision(trials, seed=1)
    held_out = rs.tasks.perceptual_decision(200, seed=2)
    how: dict[str, Any] = {"optimizer": rs.Adam(5e-3), "clip": rs.ClipNorm(1.0), "batch_size": TRIALS, "shuffle": True}
    penalty = {"state": 0.01, "w_rec": 0.1}
    return rs.train(
        net, task, epochs=epochs, bounds=bounds, penalty=penalty, validation=held_out, every=max(1, epochs // 20), **how
    )


def decisions(net: rs.Elman, trials: int) -> xr.Dataset:
    """Outputs over the steps, in the mean over the trials of a coherence, and how often the right-hand side was chosen."""
    task = rs.tasks.perceptual_decision(trials, COHERENCES, catch=0.0, seed=3)
    output = rs.simulate(net, task.inputs, keep="output", noise_seed=1).output.variable
    side = xr.DataArray(output.isel(output=1) - output.isel(output=0), {"seed": net["w_rec"].seed, "coherence": task.coherence})
    chosen = (side.isel(step=-1) > 0).groupby("coherence")
    found = xr.Dataset({"share": chosen.mean(), "difference": side.groupby("coherence").mean("sample")})
    counts = xr.DataArray(task.coherence.values, dims="sample", name="coherence")
    found["trials"] = ("coherence", np.unique(counts, return_counts=True)[1])
    curves = [
        curve_fit(psychometric, found.coherence.values, share, (0.0, 0.05))[0] for share in found.share.transpose("seed", ...)
    ]
    found["bias"], found["spread"] = (("seed", column) for column in np.transpose(curves))
    words = {
        "share": "share of trials with the choice right",
        "difference": "output right less output left",
        "trials": "number of trials",
        "bias": "coherence of chance",
        "spread": "standard deviation of the psychometric curve",
    }
    for name, long_name in words.items():
        found[name].attrs = {"long_name": long_name, "units": "1"}
    found.coherence.attrs = {"long_name": "coherence, positive for right", "units": "1"}
    return found


def psychometric(coherence: np.ndarray, bias: float, spread: float) -> np.ndarray:
    """The normal distribution function of a coherence."""
    return ndtr((coherence - bias) / spread)


def figure(run: xr.Dataset, net: rs.Elman, found: xr.Dataset) -> plt.Figure:
    """Costs, psychometric curves, outputs and weights."""
    _, axes = plt.subplots(2, 2, figsize=(7, 5.4), layout="constrained")
    axes = axes.ravel()
    for name, label in (("cost", "training"), ("validation_cost", "validation")):
        axes[0].plot(run.epoch, run[name].median("seed"), label=label)
    axes[0].set(xlabel="epoch", ylabel="cost", yscale="log", title="median of the seeds")
    axes[0].legend()
    fine, colors = np.linspace(-0.12, 0.12, 200), plt.get_cmap("viridis")(np.linspace(0, 0.9, found.sizes["seed"]))
    for seed, color in zip(found.seed.values, colors, strict=True):
        one = found.sel(seed=seed)
        axes[1].plot(100 * fine, psychometric(fine, float(one.bias), float(one.spread)), color=color)
        axes[1].plot(100 * one.coherence, one.share, "o", color=color, ms=3)
    axes[1].set(xlim=(-12, 12), xlabel="coherence (%)", ylabel="share of choices right", title="psychometric curves")
    shown = found.difference.isel(seed=0)
    for coherence, color in zip(
        shown.coherence.values, plt.get_cmap("coolwarm")(np.linspace(0, 1, shown.coherence.size)), strict=True
    ):
        label = f"{100 * coherence + 0.0:g}" if coherence in (-COHERENCES[-1], 0.0, COHERENCES[-1]) else "_"
        axes[2].plot(shown.step, shown.sel(coherence=coherence), color=color, label=label)
    axes[2].legend(title="coherence (%)")
    axes[2].set(xlabel="step (20 ms)", ylabel="output right - left", title="means over trials, first seed")
    for step in (5, 45):
        axes[2].axvline(step, color="0.8", linewidth=0.8, zorder=0)
    rs.plot.weights(net["w_rec"].isel(seed=0), ax=axes[3], numbers=False)
    axes[3].set(title="recurrent weights, first seed")
    return rs.plot.panel_letters(axes)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=100, help="units, of which 80 in 100 are excitatory (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=4, help="networks (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=400, help="trials of an epoch (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=60, help="epochs of training (default: %(default)s)")
    parser.add_argument("--tested", type=int, default=4000, help="trials of the psychometric curves (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    start, bounds = network(options.units, rs.axis("seed", range(options.seeds)))
    run = trained(start, bounds, options.trials, options.epochs)
    net = start.at(run)
    found = decisions(net, options.tested).assign_attrs(title="decisions of excitatory and inhibitory networks")
    rs.save(
        run[["cost", "validation_cost"]].assign_attrs(title="costs of training"), options.out / "excitation_and_inhibition_costs.nc"
    )
    rs.save(found, options.out / "excitation_and_inhibition.nc")
    figure(run, net, found).savefig(options.out / "excitation_and_inhibition.png")

    print(PAPER)
    excitatory = round(EXCITATORY * options.units)
    w = net["w_rec"]
    kept = bool((w.isel(unit_from=slice(excitatory)) >= 0).all() and (w.isel(unit_from=slice(excitatory, None)) <= 0).all())
    print(f"Dale's law holds in all weights: {kept}")
    print("seed; cost of validation; coherence of chance and spread of the psychometric curve, in %")
    for seed in found.seed.values:
        one, cost = found.sel(seed=seed), float(run.validation_cost.sel(seed=seed).isel(epoch=-1))
        print(f"{seed:3d} {cost:8.4f} {100 * float(one.bias):8.2f} {100 * float(one.spread):8.2f}")


if __name__ == "__main__":
    main()
