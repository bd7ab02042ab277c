"""What one linear unit learns when it adds digits in three encodings, and when its recurrent weight runs away."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

DIGITS: dict[Any, Any] = {"integer": np.arange(10.0), "one_hot": np.eye(10), "index": np.arange(10)}
WORDS = {"integer": "integers", "one_hot": "one-hot", "index": "an embedding"}
MEASURES = ["cost", "validation_cost", "rounded_accuracy", "validation_rounded_accuracy"]
RATES, REPORTED = [0.003, 0.01, 0.03], {"start": 0, "lr": 0.03}


def family(encoding: Any, start: xr.DataArray) -> rs.Elman | rs.Stack:
    """One linear unit, or one behind an embedding, with weights drawn for each start."""
    drawn = rs.Elman.random(1, 1 if encoding == "integer" else 10, init="uniform", gain=0.5, seed=start, activation="linear")
    if encoding == "integer":
        weights = drawn.parameters.squeeze(drop=True)
        return rs.Elman(weights.w_in, weights.w_rec, activation="linear")
    table = np.random.default_rng(0).normal(size=(10, 10))
    return rs.Stack([rs.Embedding(table), drawn]) if encoding == "index" else drawn


def learned(encoding: Any, samples: int, epochs: int, starts: int) -> xr.Dataset:
    """Costs and accuracies over starts, rates and epochs; at the end U, and W·e+b, which is the state after a digit alone."""
    training, validation = rs.tasks.split(rs.tasks.sum_of_digits(samples, encoding=encoding), (0.8, 0.2))
    net = family(encoding, rs.axis("start", range(starts), long_name="seed of the first weights"))
    adam = rs.Adam(rs.schedules.exponential(rs.axis("lr", RATES, long_name="learning rate"), 0.4, epochs))
    options: dict[str, Any] = {"batch_size": 4, "shuffle": True, "metrics": "rounded_accuracy"}
    run = rs.train(net, training.inputs, training.targets, optimizer=adam, epochs=epochs, validation=validation, **options)
    alone = rs.simulate(net.at(run), DIGITS[encoding][:, np.newaxis], keep="final_state").final_state
    u = run["w_rec_0" if encoding == "index" else "w_rec"].isel(epoch=-1, drop=True)
    found = run[MEASURES].assign(
        digit_weight=alone.rename(sample="digit").squeeze(set(alone.dims) & {"unit"}).assign_attrs(long_name="W·e + b"),
        w_rec=u.squeeze(set(u.dims) - {"start", "lr"}, drop=True).assign_attrs(long_name="U"),
    )
    return found.assign_coords(digit=rs.axis("digit", range(10)).digit)


def run_away(samples: int, points: int) -> xr.Dataset:
    """Networks for integers from U of -3…2 on, with the W and b that are best for it: W = 1/(1-U+U²), b = -4.5 (W - 3/(1+U+U²))."""
    task = rs.tasks.sum_of_digits(samples)
    u = rs.axis("w_rec_start", np.linspace(-3, 2, points), long_name="U at the start")
    w = 1 / (1 - u + u**2)
    net = rs.Elman(w, u, bias=-4.5 * (w - 3 / (1 + u + u**2)), activation="linear")
    return rs.train(net, task.inputs, task.targets, optimizer=rs.Adam(0.01), epochs=50, batch_size=64, shuffle=True)


def expected_cost(u: Any) -> Any:
    """The mean squared error at U with the best W and b."""
    return 8.25 * (3 - (1 + u + u**2) / (1 - u + u**2))


def figure(ds: xr.Dataset, runaway: xr.Dataset) -> plt.Figure:
    """Costs of all networks, the weights of one for each encoding, and those that run away."""
    _, axes = plt.subplots(2, 3, figsize=(7, 4.8), layout="constrained")
    for ax, name in zip(axes[0], ds["encoding"].values, strict=True):
        rs.plot.training_curves(ds.sel(encoding=name), "cost", color="lr", log=True, ax=ax)
        ax.set(title=WORDS[name], ylim=(1e-12, 1e3))
    rs.plot.shared_legend(axes[0])
    for name, mark, size in zip(WORDS, "s^o", (8, 5, 3), strict=True):
        learnt = ds.digit_weight.sel(REPORTED).sel(encoding=name)
        axes[1, 0].plot(learnt.digit, learnt, mark, fillstyle="none", markersize=size, label=WORDS[name])
    axes[1, 0].set(title="learnt weight of a digit", xlabel="digit", ylabel="W·e + b")
    axes[1, 0].legend(frameon=False, handletextpad=0.2)
    rs.plot.training_curves(runaway, "w_rec", over=(), legend=False, ax=axes[1, 1])
    axes[1, 1].set(title="U from many starts, integers", ylabel="recurrent weight U")
    u, ax = np.linspace(runaway.w_rec.min().item(), runaway.w_rec.max().item(), 500), axes[1, 2]
    ax.plot(u, expected_cost(u), color="0.7", linewidth=3, label="least expected cost")
    ax.plot(runaway.w_rec.isel(epoch=-1), runaway.cost.isel(epoch=-1), "o", label="networks at the end")
    ax.axhline(16.5, color="black", linestyle="--", linewidth=1, label="plateau for U → −∞")
    ax.set(title="cost at the end, integers", xlabel="recurrent weight U", ylabel="cost", ylim=(-1, 34))
    ax.legend(frameon=False, loc="upper center")
    return rs.plot.panel_letters(axes.flat)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000, help="sums of three digits (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=8, help="of training (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=32, help="networks for each learning rate (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts = [learned(name, options.samples, options.epochs, options.starts) for name in DIGITS]
    ds = xr.concat(parts, rs.axis("encoding", list(DIGITS))["encoding"], combine_attrs="drop_conflicts")
    one = ds.sel(REPORTED, drop=True)
    for name in DIGITS:
        report = one[MEASURES].sel(encoding=name, drop=True).to_dataframe().to_string(float_format="{:.3g}".format)
        print(f"{name}, learning rate {REPORTED['lr']}:\n{report}\n")
    print("W·e + b of every digit, and U:", one.digit_weight.to_pandas().assign(U=one.w_rec.values).round(4).to_string(), sep="\n")
    near = np.maximum(abs(ds.digit_weight - ds.digit).max("digit"), abs(ds.w_rec - 1)) < 0.02
    print(f"\nshare of {options.starts} starts within 0.02 of these weights:\n{near.mean('start').to_pandas()}")
    runaway = run_away(options.samples, 21)
    lost = runaway.w_rec_start[(runaway.w_rec.isel(epoch=-1) < -1).values]
    print(f"\nU runs away from the starts {lost.values}, where the cost is")
    print(f"{runaway.cost.isel(epoch=-1).sel(w_rec_start=lost).values.round(2)} at the end; the plateau is at 16.5")
    rs.save(ds.assign_attrs(title="sums of digits"), options.out / "sum_of_digits.nc")
    rs.save(runaway, options.out / "sum_of_digits_runaway.nc")
    figure(ds, runaway).savefig(options.out / "sum_of_digits.png")


if __name__ == "__main__":
    main()
