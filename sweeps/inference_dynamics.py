"""What one tanh unit does with its inputs, and how its leaky form becomes a differential equation."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from scipy.integrate import solve_ivp

import rnnsim as rs

INPUTS = {
    "constant 0.5": np.full(10, 0.5),
    "linear from 0 to 10": np.linspace(0, 10, 101),
    "uniform random": np.random.default_rng(0).random(20),
    "sine from 0 to 10": np.sin(np.linspace(0, 10, 51)),
}
W_H = rs.axis("w_h", [0.5, 1.5], long_name="recurrent weight")
FAMILY = rs.Elman(w_in=1.0, w_rec=W_H, h0=rs.axis("h0", [0.1, 2.0], long_name="start"))


def trajectories(results: dict[str, xr.Dataset]) -> plt.Figure:
    """States of the four experiments under each input, and the input."""
    _, axes = plt.subplots(2, 2, figsize=(7, 4.8), layout="constrained")
    for ax, (name, ds) in zip(axes.flat, results.items(), strict=True):
        rs.plot.trajectories(ds, color="w_h", linewidth="h0", ax=ax).set_title(f"input: {name}")
    rs.plot.shared_legend(axes.flat)
    return rs.plot.panel_letters(axes.flat)


def planar() -> xr.Dataset:
    """Two experiments on networks of two units, with noise as input and a ramp on its second component."""
    weights = xr.DataArray(
        [[[0.5, 0.5], [0.5, 0.5]], [[1.5, 0.5], [0.5, 1.5]]],
        dims=("experiment", "unit", "unit_from"),
        coords={"experiment": ["all weights 0.5: both units alike", "weights 1.5 on the diagonal"]},
    )
    net = rs.Elman(weights.rename(unit_from="input"), weights, h0=[0.5, 0.5])
    noise = 0.1 * np.random.default_rng(0).normal(size=(100, 2))
    return rs.simulate(net, noise + np.linspace([0, 0], [0, 1], 100), keep=("state", "increment", "input"))


def components(ds: xr.Dataset) -> plt.Figure:
    """Both components of both experiments, and both inputs."""
    _, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True, layout="constrained")
    for ax, name in zip(axes, ds.experiment.values, strict=True):
        one = ds[["state"]].sel(experiment=name, drop=True).assign_coords(unit=[1, 2])
        rs.plot.trajectories(one, color="unit", linewidth="unit", ax=ax).set_title(name)
        inputs = ax.plot(ds.step[1:], ds.input[1:], color="0.6", linewidth=0.8, zorder=0)
        inputs[1].set_linestyle(":")
        plt.setp(inputs[0], label="input 1: noise"), plt.setp(inputs[1], label="input 2: noise on a ramp")
    axes[1].set_ylabel("")
    rs.plot.shared_legend(axes, *inputs)
    return rs.plot.panel_letters(axes)


def portraits(ds: xr.Dataset, points: int) -> plt.Figure:
    """Increments against states, and the states of one network as a cobweb under the curve of its map."""
    _, (left, right) = plt.subplots(1, 2, figsize=(7, 3.3), layout="constrained")
    rs.plot.phase_portrait(ds, color="w_h", ax=left)
    one = FAMILY.isel(w_h=1).replace(h0=rs.axis("start", np.linspace(-1, 2, points)))
    curve = rs.simulate(one, INPUTS["constant 0.5"][:1], keep="final_state")
    rs.plot.cobweb(ds.isel(w_h=1), curve, ax=right)
    left.set_title("increments against states, input 0.5")
    right.set_title(f"cobwebs, recurrent weight {ds.w_h.values[1]:g}")
    return rs.plot.panel_letters((left, right))


def distance_from_equation(halvings: int = 8, time: float = 4.0, x: float = 0.2) -> xr.Dataset:
    """|h(T) - h[T/leak]|: dh/dt = -h + tanh(1.5 h + x) against its Euler step, the leaky cell, for smaller and smaller leaks."""
    exact = solve_ivp(lambda _, h: -h + np.tanh(1.5 * h + x), (0, time), [0.1], method="DOP853", rtol=1e-13, atol=1e-14).y[0, -1]
    leak = rs.axis("leak", 0.5 ** np.arange(1, halvings + 1))
    ends = [rs.simulate(rs.Elman(1.0, 1.5, h0=0.1, leak=a), np.full(round(time / a), x), keep="final_state") for a in leak.values]
    return xr.Dataset({"error": abs(xr.concat([end.final_state for end in ends], leak) - exact)})


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=400, help="points of the curve of the map (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    results = {name: rs.simulate(FAMILY, x, keep=("state", "increment", "input")) for name, x in INPUTS.items()}
    print(results["constant 0.5"].to_dataframe()[["state", "increment", "input"]].unstack("step").T.loc["state"].round(4), "\n")
    trajectories(results).savefig(options.out / "inference_trajectories.png")
    portraits(results["constant 0.5"], options.points).savefig(options.out / "inference_portraits.png")
    rs.save(results["sine from 0 to 10"], options.out / "inference_dynamics.nc")
    in_the_plane = planar()
    components(in_the_plane).savefig(options.out / "inference_plane.png")
    rs.save(in_the_plane, options.out / "inference_plane.nc")

    error = distance_from_equation().error
    print(
        error.to_dataframe().assign(ratio=(error / error.shift(leak=-1)).values), "\nhalving the leak halves the error: first order"
    )


if __name__ == "__main__":
    main()
