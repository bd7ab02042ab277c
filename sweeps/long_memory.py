"""How far back recurrent networks can learn: adding and delayed recall over ever longer sequences, and the gradient's reach."""

import argparse
import itertools
from pathlib import Path
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

UNITS, SYMBOLS, SAMPLES, BATCH = 16, 4, 500, 25
LOSSES: dict[str, Literal["mse", "cross_entropy"]] = {"adding": "mse", "recall": "cross_entropy"}
SOLVED = {"adding": "error below 0.04 (blind: 0.17)", "recall": "accuracy over 0.95 (blind: 0.25)"}
FORGET = np.repeat([[0.0], [3.0], [0.0], [0.0]], UNITS, axis=1)  # an LSTM's biases: sigmoid(3) = 0.95 of its memory stays
CELLS: dict[str, Any] = {
    "Elman": lambda **of: rs.Elman.random(init="uniform", **of),
    "orthogonal Elman": lambda **of: rs.Elman.random(init="orthogonal", **of),
    "GRU": lambda **of: rs.GRU.random(init="orthogonal", **of),
    "LSTM": lambda **of: rs.LSTM.random(init="orthogonal", bias=FORGET, **of),
}


def make(task: str, length: int, samples: int, seed: int) -> xr.Dataset:
    """Sequences of a length; what is to be recalled was said length - 1 steps before."""
    if task == "adding":
        return rs.tasks.adding(samples, length, seed=seed)
    return rs.tasks.delayed_recall(samples, SYMBOLS, delay=length - 3, seed=seed)


def network(cell: str, task: xr.Dataset, outputs: int, seeds: int) -> Any:
    seed = rs.axis("seed", range(seeds))
    sizes = {"units": UNITS, "inputs": task.sizes["input"]}
    return CELLS[cell](**sizes, seed=seed, readout=rs.Readout.random(UNITS, outputs, seed=seed))


def learn(name: str, cell: str, length: int, epochs: int, seeds: int) -> xr.Dataset:
    """Whether each network solves a task at any recorded epoch, and the gradient over steps before it was trained."""
    task, held_out = (make(name, length, samples, seed) for seed, samples in enumerate((SAMPLES, 200)))
    net, loss = network(cell, task, SYMBOLS if name == "recall" else 1, seeds), LOSSES[name]
    start = rs.backprop(net, held_out.inputs, held_out.targets, loss=loss, keep="grad_state").grad_state
    norm = (start**2).sum("unit").mean("sample") ** 0.5
    how: dict[str, Any] = {"epochs": epochs, "batch_size": BATCH, "shuffle": True, "clip": rs.ClipNorm(1.0), "every": 3, "keep": ()}
    run = rs.train(net, task.inputs, task.targets, loss=loss, optimizer=rs.Adam(0.01), validation=held_out, progress=False, **how)
    solved = run.validation_cost.min("epoch") < 0.04 if name == "adding" else run.validation_accuracy.max("epoch") > 0.95
    print(f"{name}, length {length}, {cell}: {solved.sum().item()} of {seeds} networks solve it", flush=True)
    back = (norm / norm.isel(step=-1)).assign_coords(step=length - norm.step).rename(step="back")
    ds = xr.Dataset({"solved": solved.astype(float), "gradient_norm": back, "validation_cost": run.validation_cost})
    return ds.expand_dims(task=[name], cell=[cell], length=[length])


def figure(ds: xr.Dataset) -> plt.Figure:
    """A row a task: the gradient at the start over steps back, and the share of networks that learn over lengths."""
    _, axes = plt.subplots(2, 2, figsize=(7, 5), layout="constrained")
    for (left, right), task in zip(axes, ds.task.values, strict=True):
        one = ds.sel(task=task)
        longest = one.gradient_norm.isel(length=-1).median("seed").assign_attrs(ds.gradient_norm.attrs)
        rs.plot.trajectories(longest.to_dataset(), variable="gradient_norm", x="back", color="cell", ax=left)
        left.set(yscale="log", title=f"{task}, length {ds.length.values[-1]}, before training")
        share = one.solved.mean("seed").assign_attrs(ds.solved.attrs).to_dataset()
        rs.plot.trajectories(share, variable="solved", x="length", color="cell", ax=right)
        for line in right.lines:
            line.set_marker("o")
        right.set(xscale="log", ylim=(-0.04, 1.04), title=f"{task}: {SOLVED[task]}")
        right.set_xticks(ds.length.values, ds.length.values)
        right.minorticks_off()
    lines = plt.Line2D([], [], linestyle="none", label=f"on the left: median of {ds.sizes['seed']}")
    rs.plot.shared_legend(axes.flat, lines)
    return rs.plot.panel_letters(axes.flat)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[10, 20, 40, 80], help="of sequences (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=16, help="networks of each kind (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=30, help="of training (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    jobs = itertools.product(LOSSES, sorted(options.lengths), CELLS)
    parts = [learn(task, cell, length, options.epochs, options.seeds) for task, length, cell in jobs]
    ds = xr.merge(parts, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts").sel(cell=list(CELLS))
    ds.gradient_norm.attrs = {"long_name": "gradient norm, as a multiple of that at the last step", "units": "1"}
    ds.solved.attrs = {"long_name": "share of networks that solve it", "units": "1"}
    ds.length.attrs = {"long_name": "length of the sequences", "units": "1"}
    ds.back.attrs = {"long_name": "steps back from the last one", "units": "1"}
    rs.save(ds.assign_attrs(title="learning over long lags"), options.out / "long_memory.nc")
    figure(ds).savefig(options.out / "long_memory.png")


if __name__ == "__main__":
    main()
