"""Where gradients vanish and where they explode: their norms at every step and layer of Elman networks, GRUs and LSTMs."""

import argparse
import itertools
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

CELLS: dict[str, Any] = {"Elman": rs.Elman, "GRU": rs.GRU, "LSTM": rs.LSTM}
DEPTHS, LENGTHS = (1, 2, 4), (25, 50, 100)
UNITS, SAMPLES = 32, 4


def stack(cell: str, depth: int, gain: xr.DataArray, seed: xr.DataArray) -> rs.Stack:
    """A family over gain and seed; every layer is drawn by seeds of its own."""
    return rs.Stack([CELLS[cell].random(UNITS, UNITS, gain=gain, seed=seed + layer * seed.size) for layer in range(depth)])


def gradient_norm(net: rs.Stack, inputs: Any, targets: Any) -> xr.Dataset:
    """√Σ(∂cost/∂state)² over units, its square averaged over samples and seeds, in multiples of the top layer's at the last step."""
    layers = range(len(net.layers))
    run = rs.backprop(net, inputs, targets, keep=[f"grad_state_{i}" for i in layers])
    squares = xr.concat([(run[f"grad_state_{i}"] ** 2).sum(f"unit_{i}") for i in layers], "layer").assign_coords(layer=layers)
    norm: xr.DataArray = squares.mean({"sample", "seed"}.intersection(squares.dims)) ** 0.5
    attrs = {"long_name": "gradient norm, as a multiple of the top layer's at the last step", "units": "1"}
    return xr.Dataset({"gradient_norm": (norm / norm.isel(layer=-1, step=-1)).assign_attrs(attrs)}, attrs=run.attrs)


def surface(gain: xr.DataArray, seed: xr.DataArray) -> xr.Dataset:
    """The norms of all cells, depths and lengths under random inputs, nan where there is no such layer or step."""
    random = np.random.default_rng(0)
    inputs, targets = random.normal(size=(SAMPLES, max(LENGTHS), UNITS)), random.normal(size=(SAMPLES, UNITS))
    whole = {"layer": range(max(DEPTHS)), "step": range(max(LENGTHS) + 1)}
    parts = []
    for cell, depth, length in itertools.product(CELLS, DEPTHS, LENGTHS):
        part = gradient_norm(stack(cell, depth, gain, seed), inputs[:, -length:], targets).reindex(whole)
        parts.append(part.expand_dims(cell=[cell], depth=[depth], length=[length]))
    return xr.merge(parts, join="outer", compat="no_conflicts", combine_attrs="drop_conflicts")


def figure(ds: xr.Dataset) -> plt.Figure:
    """A column a cell: norms against steps of one layer, then of the bottom and the top one of several, and against gains at the end."""
    fig, axes = plt.subplots(3, len(CELLS), figsize=(7, 8), sharex="row", sharey=True, layout="constrained")
    for cell, column in zip(CELLS, axes.T, strict=True):
        of_cell = ds.sel(cell=cell)
        for ax, depth in zip(column, (1, max(DEPTHS)), strict=False):
            layers = of_cell.sel(depth=depth, length=max(LENGTHS), layer=sorted({0, depth - 1}))
            rs.plot.gradient_over_steps(layers, variable="gradient_norm", color="gain", ax=ax)
            ax.set_title(f"{cell}, depth {depth}")
        start = of_cell.sel(layer=0, step=0)
        rs.plot.trajectories(start, variable="gradient_norm", x="gain", color="length", ax=column[2])
        column[2].set_title(f"{cell}, first step")
    for ax in axes.flat:
        ax.set(yscale="log", yticks=10.0 ** np.arange(-30, 31, 10), ylim=(1e-32, 1e32))
        ax.axhline(1, color="black", linewidth=1)
        ax.set_ylabel("")
    fig.supylabel(
        "root mean square over samples and seeds of the gradient's norm, in multiples of the top layer's at the last step",
        fontsize=8,
    )
    for ax in axes[:2, 0]:
        ax.text(0.03, 0.95, "exploding", va="top", transform=ax.transAxes)
        ax.text(0.03, 0.05, "vanishing", transform=ax.transAxes)
    rs.plot.shared_legend(axes.flat)
    return rs.plot.panel_letters(axes.flat)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=8, help="gains from 0.75 to 6 (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=32, help="networks of each kind (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    gain, seed = rs.axis("gain", np.linspace(0.75, 6, options.points)), rs.axis("seed", range(options.seeds))
    ds = surface(gain, seed).assign_attrs(title="gradient norms of recurrent networks over gain, depth and length")
    rs.save(ds, options.out / "gradient_flow.nc")
    figure(ds).savefig(options.out / "gradient_flow.png")

    factor = ds.gradient_norm.sel(depth=1, length=max(LENGTHS), layer=0, step=0) ** (1 / max(LENGTHS))
    print("By what one layer multiplies the norm at every step back:\n", factor.to_pandas().round(3), sep="")


if __name__ == "__main__":
    main()
