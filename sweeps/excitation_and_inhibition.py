"""Excitatory and inhibitory rate units, with noise, learn to tell which of two noisy inputs is the stronger one."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

PAPER = "after Song, Yang and Wang, PLOS Comput. Biol. 12, e1004792 (2016): perceptual decisions, with steps of 20 ms"
LEAK, SIGMA, EXCITATORY = 0.2, 0.15, 0.8  # dt / τ for τ = 100 ms; of the noise in the recurrence; share of units
COHERENCES, SHARE, SIDE = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32), "share of choices right", "output right - left"


def network(excitatory: np.ndarray, seed: xr.DataArray) -> rs.Elman:
    """Networks that obey Dale's law, in which inputs reach excitatory units alone, and these alone are read."""
    units, random = len(excitatory), np.random.default_rng(0)
    w_in = excitatory[:, None] * abs(random.normal(0.0, 0.5, (seed.size, units, 2)))
    w_out = excitatory * abs(random.normal(0.0, 5.0 / units, (seed.size, 2, units)))
    return rs.Elman(
        xr.DataArray(w_in, {"seed": seed}, ("seed", "unit", "input")),
        rs.Elman.random(units, 2, init="dale", excitatory=EXCITATORY, seed=seed)["w_rec"],
        h0=0.1,
        activation="relu",
        leak=LEAK,
        noise=np.sqrt(2 / LEAK) * SIGMA,
        readout=rs.Readout(xr.DataArray(w_out, {"seed": seed}, ("seed", "output", "unit")), np.zeros(2)),
    )


def train(net: rs.Elman, excitatory: np.ndarray, trials: int, epochs: int) -> xr.Dataset:
    """The training run, within bounds of signs and masks, on costs with penalties of rates and of recurrent weights."""
    most = xr.DataArray(np.where(excitatory, np.inf, 0.0), dims="unit")
    task = rs.tasks.Fresh(rs.tasks.perceptual_decision, samples=trials, seed=1)
    return rs.train(
        net,
        task,
        validation=rs.tasks.perceptual_decision(200, seed=2),
        optimizer=rs.Adam(5e-3),
        clip=rs.ClipNorm(1.0),
        epochs=epochs,
        batch_size=20,
        every=max(1, epochs // 20),
        penalty={"state": 0.01, "w_rec": 0.1},
        bounds={"w_rec": rs.dale(net.units, EXCITATORY, self_connections=False), "w_in": (0.0, most), "w_out": (0.0, most)},
    )


def decisions(net: rs.Elman, trials: int) -> xr.Dataset:
    """How often the right was chosen at a coherence, and the outputs over the steps in the mean over its trials."""
    task = rs.tasks.perceptual_decision(trials, COHERENCES, catch=0.0, seed=3)
    output = rs.simulate(net, task.inputs, keep="output", noise_seed=1).output.variable
    side = xr.DataArray(output.isel(output=1) - output.isel(output=0), {"seed": net["w_rec"].seed, "coherence": task.coherence})
    found = xr.Dataset({"share": (side.isel(step=-1) > 0).groupby("coherence").mean(), "side": side.groupby("coherence").mean()})
    shares = np.maximum.accumulate(found.share.transpose("seed", ...).values, axis=1)
    found["bias"] = "seed", [np.interp(0.5, share, found.coherence) for share in shares]
    words = {"share": SHARE, "side": SIDE, "bias": "coherence at which both are chosen as often"}
    for name, long_name in (words | {"coherence": "coherence, positive for right"}).items():
        found[name].attrs = {"long_name": long_name, "units": "1"}
    return found


def figure(run: xr.Dataset, net: rs.Elman, found: xr.Dataset) -> plt.Figure:
    """Costs, psychometric curves, outputs and weights."""
    axes = plt.subplots(2, 2, figsize=(7, 5.4), layout="constrained")[1].ravel()
    for label, cost in {"training": run.cost, "validation": run.validation_cost}.items():
        axes[0].plot(run.epoch, cost.median("seed"), label=label)
    axes[1].plot(100 * found.coherence, found.share.transpose("coherence", "seed"), "o-", ms=3)
    shades = plt.get_cmap("coolwarm")(np.linspace(0, 1, found.coherence.size))
    for i, (coherence, color) in enumerate(zip(found.coherence.values, shades, strict=True)):
        label = f"{100 * coherence + 0.0:g}" if i % (len(COHERENCES) - 1) == 0 else "_"
        axes[2].plot(found.step, found.side.isel(seed=0, coherence=i), color=color, label=label)
    rs.plot.weights(net["w_rec"].isel(seed=0), ax=axes[3], numbers=False)
    axes[0].set(xlabel="epoch", ylabel="cost", yscale="log", title="median of the seeds")
    axes[1].set(xlim=(-12, 12), xlabel="coherence (%)", ylabel=SHARE, title="psychometric curves")
    axes[2].set(xlabel="step (20 ms)", ylabel=SIDE, title="means over trials, first seed")
    axes[3].set(title="recurrent weights, first seed")
    axes[0].legend()
    axes[2].legend(title="coherence (%)")
    return rs.plot.panel_letters(axes)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = {"units": 100, "seeds": 4, "trials": 400, "epochs": 60, "tested": 4000}
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    excitatory = np.arange(options.units) < round(EXCITATORY * options.units)
    start = network(excitatory, rs.axis("seed", range(options.seeds)))
    run = train(start, excitatory, options.trials, options.epochs)
    found = decisions(net := start.at(run), options.tested).assign_attrs(title="decisions of excitatory and inhibitory networks")
    rs.save(found.assign(validation_cost=run.validation_cost), options.out / "excitation_and_inhibition.nc")
    figure(run, net, found).savefig(options.out / "excitation_and_inhibition.png")

    kept = bool((net["w_rec"] * xr.DataArray(np.where(excitatory, 1.0, -1.0), dims="unit_from") >= 0).all())
    print(PAPER, f"Dale's law holds in all weights: {kept}", sep="\n")
    print("seed; cost of validation; coherence at which both are chosen as often, in %")
    for seed, cost, bias in zip(found.seed.values, run.validation_cost.isel(epoch=-1).values, found.bias.values, strict=True):
        print(f"{seed:3d} {cost:8.4f} {100 * bias:8.2f}")


if __name__ == "__main__":
    main()
