"""How far a network remembers: Elman networks, orthogonal ones, GRUs and LSTMs over gain and over the bias of the forget gate.

A gate of value f forgets over 1/(1-f) = 1 + exp(bias) steps (Tallec and Ollivier 2018): -1/ln σ(bias), where the norm falls by e.
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

UNITS, INPUTS, SIZE = 16, 2, 0.3  # and the standard deviation of inputs
CELLS = ("Elman", "orthogonal", "GRU", "LSTM")
LIMIT, LINES = 40.0, {"singular value 1": "-", "memory length": "--"}
KEPT = ("memory_length", "growth_rate", "regime")


def network(cell: str, gain: Any, seed: Any, bias: Any = 0.0) -> Any:
    """A random family; `bias` is that of the gate which keeps the state, a GRU's z and an LSTM's f."""
    sizes: dict[str, Any] = {"units": UNITS, "inputs": INPUTS, "gain": gain, "seed": seed}
    if cell in ("Elman", "orthogonal"):
        return rs.Elman.random(**sizes, init="gaussian" if cell == "Elman" else "orthogonal")
    here = np.outer([0.0, 1.0, 0.0, 0.0], np.ones(UNITS))[: 3 if cell == "GRU" else 4]
    biases = bias * xr.DataArray(here, dims=("gate", "unit"))
    return rs.GRU.random(**sizes, bias_in=biases) if cell == "GRU" else rs.LSTM.random(**sizes, bias=biases)


def reach(inputs: np.ndarray, gain: xr.DataArray, bias: xr.DataArray, seed: xr.DataArray) -> xr.Dataset:
    """Memory lengths, growth rates and regimes of all cells; those without gates have them for every bias."""
    parts = []
    for cell in CELLS:
        part = rs.propagation(network(cell, gain, seed, bias), inputs, keep=KEPT)
        parts.append(part.expand_dims({"cell": [cell]} | ({} if "bias" in part.dims else {"bias": bias.values})))
    return xr.concat(parts, "cell", combine_attrs="drop_conflicts").assign_coords(gain=gain, bias=bias)


def exact(bias: Any) -> Any:
    """-1/ln σ(bias)."""
    return 1.0 / np.log1p(np.exp(-np.asarray(bias)))


def figure(ds: xr.Dataset, inputs: np.ndarray) -> plt.Figure:
    """Above, memory lengths over gain and over bias; below, singular values against lag."""
    _, axes = plt.subplots(2, 3, figsize=(7, 5.4), layout="constrained")
    median = ds.memory_length.median("seed").assign_attrs(ds.memory_length.attrs)
    by_gain = median.where(median > 0).sel(bias=0, method="nearest").to_dataset()
    rs.plot.trajectories(by_gain, variable="memory_length", x="gain", color="cell", ax=axes[0, 0])
    axes[0, 0].set(title=f"all cells, bias {float(by_gain.bias):g}", xlabel="gain of the recurrent weights")
    for ax, cell in zip(axes[0, 1:], ("GRU", "LSTM"), strict=True):
        of_cell = median.sel(cell=cell).isel(gain=slice(0, None, 2)).to_dataset()
        rs.plot.trajectories(of_cell, variable="memory_length", x="bias", color="gain", ax=ax)
        ax.plot(ds.bias, exact(ds.bias), color="black", linestyle=":", linewidth=2, zorder=3, label="−1 / ln σ(bias)")
        ax.set(title=cell, xlabel="bias of the forget gate")
    for ax in axes[0]:
        handles = [*ax.get_legend().legend_handles, *ax.get_legend_handles_labels()[0]]
        names = [
            str(handle.get_label()).replace("gain of the recurrent weights", "gain").replace("cell = ", "") for handle in handles
        ]
        ax.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, frameon=False, columnspacing=1)
        ax.set(yscale="log", ylim=(0.1, 1.2 * len(inputs)), ylabel="")
    axes[0, 0].set_ylabel(f"memory length (steps)\nmedian over {ds.sizes['seed']} seeds")
    for ax, (cell, bias) in zip(axes[1], (("Elman", 0.0), ("LSTM", 0.0), ("LSTM", 4.0)), strict=True):
        spectrum = rs.propagation(network(cell, 1.0, 0, bias), inputs)
        rs.plot.singular_values(spectrum, limit=LIMIT, colorbar=ax is axes[1, 2], legend=False, ax=ax)
        length, gate = float(spectrum.memory_length), f", bias {bias:g}" if cell == "LSTM" else ""
        reach = f"{length:.3g} steps" if np.isfinite(length) else f"over {len(inputs)} steps"
        ax.set(title=f"{cell}, gain 1{gate}:\nmemory {reach}", ylabel="mode" if ax is axes[1, 0] else "")
    for name, look in LINES.items():
        axes[1, 0].plot([], [], color="black", linestyle=look, label=name)
    words = plt.Line2D([], [], linestyle="none", label=f"lines above end where the median is over {len(inputs)} steps, or 0")
    rs.plot.shared_legend(axes[1], words)
    return rs.plot.panel_letters(axes.flat)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=9, help="gains from 0 to 2 and biases from -2 to 6 (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=8, help="networks of each kind (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=300, help="steps looked back (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    gain = rs.axis("gain", np.linspace(0, 2, options.points), long_name="gain of the recurrent weights")
    bias = rs.axis("bias", np.linspace(-2, 6, options.points), long_name="bias of the forget gate")
    inputs = SIZE * np.random.default_rng(0).normal(size=(options.steps, INPUTS))
    ds = reach(inputs, gain, bias, rs.axis("seed", range(options.seeds)))
    ds.attrs["title"] = "memory of recurrent networks over gain and the bias of the forget gate"
    rs.save(ds, options.out / "memory_reach.nc")
    figure(ds, inputs).savefig(options.out / "memory_reach.png")

    print("Memory lengths without recurrent weights (inf: not within the steps looked back), beside -1/ln σ(bias):")
    alone = ds.memory_length.sel(gain=0).median("seed").to_pandas().T[["GRU", "LSTM"]]
    print(alone.assign(exact=exact(alone.index)).round(3))


if __name__ == "__main__":
    main()
