"""Where the origin of gated networks is stable: for GRUs and LSTMs without biases, in the disc |ω + 2| < 4 of the eigenvalues ω of the
candidate's recurrent matrix, computed beside the exact circle."""

import argparse
import warnings
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

CELLS: dict[str, Any] = {"GRU": (rs.GRU, ("r", "z", "n"), "n"), "LSTM": (rs.LSTM, ("i", "f", "g", "o"), "g")}


def family(cell: str, real: xr.DataArray, imaginary: xr.DataArray, seed: int) -> Any:
    """Networks of two units whose candidate's matrix has the eigenvalues real ± i imaginary; other gates are random, and do not matter."""
    rule, gates, candidate = CELLS[cell]
    rotation = xr.DataArray([[0.0, -1.0], [1.0, 0.0]], dims=("unit", "unit_from"))
    identity = xr.DataArray(np.eye(2), dims=("unit", "unit_from"))
    random = xr.DataArray(np.random.default_rng(seed).normal(size=(len(gates), 2, 2)), dims=("gate", "unit", "unit_from"))
    chosen = xr.DataArray([float(gate == candidate) for gate in gates], dims="gate")
    w_rec = random * (1 - chosen) + (real * identity + imaginary * rotation) * chosen
    start = xr.DataArray([1e-3, 2e-3], dims="unit")
    more = {"c0": start} if cell == "LSTM" else {}
    return rule(np.zeros((len(gates), 2, 1)), w_rec, h0=start, **more)


def analysed(real: xr.DataArray, imaginary: xr.DataArray, steps: int) -> xr.Dataset:
    """The largest exponent at the origin and on the attractor that an orbit from beside it finds, over (cell, omega_real, omega_imag)."""
    parts = []
    for cell in CELLS:
        net = family(cell, real, imaginary, seed=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            still = dict.fromkeys(net.starts, 0.0)
            origin = rs.lyapunov(net.replace(**still), steps=steps, discard=steps, exponents=1, keep="lyapunov_exponent")
            attractor = rs.lyapunov(net, steps=steps, discard=4 * steps, exponents=1, keep="lyapunov_exponent")
        long_names = "largest exponent of the origin", "largest exponent of the attractor"
        found = {
            name: ds.lyapunov_exponent.isel(exponent=0).assign_attrs(long_name=long, units="1")
            for name, ds, long in zip(("origin_exponent", "attractor_exponent"), (origin, attractor), long_names, strict=True)
        }
        parts.append(xr.Dataset(found, attrs=attractor.attrs).expand_dims(cell=[cell]))
    return xr.concat(parts, "cell", combine_attrs="drop_conflicts")


def exact(ds: xr.Dataset) -> xr.DataArray:
    """ln |½ + ¼ ω|: its sign is that of |ω + 2| - 4."""
    distance = np.hypot(ds.omega_real + 2.0, ds.omega_imag)
    with np.errstate(divide="ignore"):
        return np.log(0.25 * distance)


def figure(ds: xr.Dataset) -> plt.Figure:
    """A column a cell: the exponent of the origin, and that of the attractor, over the plane of ω."""
    fig, axes = plt.subplots(2, len(CELLS), figsize=(7, 6.4), sharex=True, sharey=True, layout="compressed")
    angle = np.linspace(0, 2 * np.pi, 400)
    for row, (name, limit) in zip(axes, (("origin_exponent", 1.0), ("attractor_exponent", 0.5)), strict=True):
        for ax, cell in zip(row, ds.cell.values, strict=True):
            values = ds[name].sel(cell=cell).transpose("omega_imag", "omega_real").clip(min=-10)
            drawn = ax.pcolormesh(ds.omega_real, ds.omega_imag, values, cmap="RdBu_r", vmin=-limit, vmax=limit, rasterized=True)
            ax.plot(-2 + 4 * np.cos(angle), 4 * np.sin(angle), color="black", linewidth=1.2, label="|ω + 2| = 4")
            ax.plot([2, -6], [0, 0], "k.", markersize=5, label="ω = 2 and ω = −6")
            ax.set(title=f"{cell}: {ds[name].long_name}", aspect="equal")
            ax.set(xlim=(ds.omega_real.min(), ds.omega_real.max()), ylim=(ds.omega_imag.min(), ds.omega_imag.max()))
        beyond = bool(ds[name].min() < -limit), bool(ds[name].max() > limit)
        extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[beyond]
        fig.colorbar(drawn, ax=row, label="Lyapunov exponent (nats/step)", extend=extend)
    for ax in axes[1]:
        ax.set_xlabel("real part of the eigenvalue ω")
    for ax in axes[:, 0]:
        ax.set_ylabel("imaginary part of ω")
    rs.plot.shared_legend(axes.flat)
    return rs.plot.panel_letters(axes.flat)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=101, help="values of Re ω and of Im ω (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=400, help="steps that count (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    real, imaginary = (
        rs.axis("omega_real", np.linspace(-8, 4, options.points)),
        rs.axis("omega_imag", np.linspace(-6, 6, options.points)),
    )
    ds = analysed(real, imaginary, options.steps).assign_attrs(title="stability of the origin of gated networks")
    rs.save(ds, options.out / "gated_stability.nc")
    figure(ds).savefig(options.out / "gated_stability.png")

    print("The origin of a GRU or an LSTM without biases is stable iff |ω + 2| < 4 for every eigenvalue ω of W_n or W_g.")
    sharp = abs(exact(ds)) > 1e-9
    for cell in CELLS:
        found = ds.origin_exponent.sel(cell=cell)
        wrong = int(((found > 0) != (exact(ds) > 0)).where(sharp, False).sum())
        most = float(abs(found - exact(ds)).where(np.isfinite(exact(ds))).max())
        print(
            f"{cell}: {wrong} of {found.size} networks on the wrong side; exponents differ from ln|1/2 + ω/4| by up to {most:.1e}"
        )


if __name__ == "__main__":
    main()
