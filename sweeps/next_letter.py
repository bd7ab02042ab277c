"""Elman networks, GRUs and LSTMs that learn to recite the alphabet, letter by letter."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

CELLS: dict[str, Any] = {"Elman": rs.Elman, "GRU": rs.GRU, "LSTM": rs.LSTM}
EARLY = 20  # epochs, after which some letters are known


def network(cell: str, units: int, letters: int, seeds: int) -> Any:
    """A family over seeds, drawn as PyTorch draws its layers, with an output for each letter."""
    seed = rs.axis("seed", range(seeds))
    readout = rs.Readout.random(units, letters, seed=seed)
    return CELLS[cell].random(units, letters, init="uniform", bias="uniform", seed=seed, readout=readout)


def recite(net: Any, letters: str, start: str) -> list[str]:
    """What each network says from a letter on, when it hears next what it has just said."""
    said = np.full((net.axes["seed"], 1), letters.index(start))
    while said.shape[1] < len(letters) - letters.index(start):
        heard = xr.DataArray(np.eye(len(letters))[said], net.grid.coords, ("seed", "step", "input"))
        output = rs.simulate(net, heard, keep="output").output.isel(step=-1)
        said = np.column_stack([said, output.argmax("output")])
    return ["".join(letters[i] for i in row) for row in said]


def probabilities(net: Any, task: xr.Dataset) -> xr.DataArray:
    """Of each next letter after each letter read: softmax of the outputs, in the mean of all seeds."""
    output = rs.simulate(net, task.inputs, keep="output").output.isel(step=slice(1, None))
    exp = np.exp(output - output.max("output"))
    mean = (exp / exp.sum("output")).mean("seed").rename(step="read", output="next")
    return mean.assign_coords(read=list(task.letters[:-1]), next=list(task.letters)).assign_attrs(
        long_name="probability, mean of seeds", units="1"
    )


def figure(ds: xr.Dataset) -> plt.Figure:
    """Costs and accuracies over epochs, and the probabilities of letters early and late."""
    fig = plt.figure(figsize=(7, 7.6), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=[1, 2.1], squeeze=False)[:, 0]
    curves = above.subplots(1, 2)
    rs.plot.training_curves(ds, "cost", color="cell", band=(0.0, 1.0), ax=curves[0]).set_title("cost")
    rs.plot.training_curves(ds, "accuracy", color="cell", band=(0.0, 1.0), ax=curves[1]).set(title="accuracy", xlim=(0, 50))
    rs.plot.shared_legend(curves)
    axes = below.subplots(ds.sizes["after"], ds.sizes["cell"], sharex=True, sharey=True)
    for (i, j), ax in np.ndenumerate(axes):
        one, last = ds.probability.isel(after=i, cell=j), j == ds.sizes["cell"] - 1
        rs.plot.weights(one, limit=1.0, cmap="Greys", colorbar=last, ax=ax).images[0].set_norm(plt.Normalize(0, 1))
        ax.set(title=f"{one.cell.item()} after {one.after.item()} epochs", xlabel="next letter", ylabel="letter read")
        ax.tick_params(axis="x", labelrotation=0)
        ax.label_outer()
    return rs.plot.panel_letters([*curves, *axes.flat])


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=16, help="units of each network (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=16, help="networks of each kind (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=200, help="updates (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    task = rs.tasks.next_letter()
    found = []
    for cell in CELLS:
        net = network(cell, options.units, len(task.letters), options.seeds)
        how = {"loss": "cross_entropy", "optimizer": rs.Adam(0.02), "epochs": options.epochs}
        run = rs.train(net, task.inputs, task.targets, **how)
        said = recite(net.at(run), task.letters, "a")
        right, whole = round(task.sizes["step"] * run.accuracy[:, -1].min().item()), said.count(task.letters)
        print(
            f"{cell:5} {right} of {task.sizes['step']} right, at least; {whole} of {options.seeds} recite it all; the first: {said[0]}"
        )
        after = rs.axis("after", [min(EARLY, options.epochs), options.epochs], long_name="epochs")
        one = run[["cost", "accuracy"]].assign(probability=probabilities(net.at(run, epoch=after.copy(data=after)), task))
        found.append(one.expand_dims(cell=[cell]))
    ds = xr.concat(found, "cell", combine_attrs="drop_conflicts").assign_attrs(title="learning to recite the alphabet")
    rs.save(ds, options.out / "next_letter.nc")
    figure(ds).savefig(options.out / "next_letter.png")


if __name__ == "__main__":
    main()
