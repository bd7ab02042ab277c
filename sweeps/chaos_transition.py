"""The transition to chaos of random networks: the largest Lyapunov exponent over the gain, for several sizes, beside the mean-field theory,
and the attractor's dimension and entropy rate."""

import argparse
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

SIZES = (50, 100, 400)
PAPER = "Sompolinsky, Crisanti, Sommers (1988), Molgedey, Schuchhardt, Schuster (1992): chaos from gain 1 on as the size grows"


def mean_field(gain: float) -> float:
    """λ₁ of h' = tanh(J h) with entries of variance gain²/N, N → ∞: ½ ln(gain² E[sech⁴(√q z)]) where q = gain² E[tanh²(√q z)]."""
    z = np.linspace(-12, 12, 4001)
    weight = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
    q = gain**2
    for _ in range(20_000 if gain > 1 else 0):
        q, before = gain**2 * weight @ np.tanh(np.sqrt(q) * z) ** 2, q
        if abs(q - before) < 1e-15:
            break
    return 0.5 * np.log(gain**2 * weight @ np.cosh(np.sqrt(q) * z) ** -4.0) if gain > 1 else float(np.log(gain))


def largest(gain: xr.DataArray, seed: xr.DataArray, steps: int) -> xr.DataArray:
    """The largest exponent over (size, gain, seed)."""
    found = []
    for units in SIZES:
        net = rs.Elman.random(units, gain=gain, seed=seed, h0="gaussian")
        ds = rs.lyapunov(net, steps=steps, discard=steps // 2, exponents=1, keep="lyapunov_exponent")
        found.append(ds.lyapunov_exponent.isel(exponent=0).expand_dims(size=[units]))
    return xr.concat(found, "size").assign_attrs(long_name="largest Lyapunov exponent")


def spectra(gain: xr.DataArray, seed: xr.DataArray, units: int, steps: int) -> xr.Dataset:
    """Full spectra of networks of one size, dimensions and entropy rates divided by it."""
    net = rs.Elman.random(units, gain=gain, seed=seed, h0="gaussian")
    ds = rs.lyapunov(net, steps=steps, discard=steps // 2)
    names = {"kaplan_yorke_dimension": "Kaplan-Yorke dimension", "entropy_rate": "entropy rate"}
    return ds.assign({n: (ds[n] / units).assign_attrs(units="1", long_name=f"{long} / {units}") for n, long in names.items()})


def draw_band(ax: plt.Axes, values: xr.DataArray, label: str, color: str) -> None:
    """The mean over seeds and its standard deviation."""
    mean, spread = values.mean("seed"), values.std("seed")
    ax.fill_between(values.gain, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
    ax.plot(values.gain, mean, "o-", color=color, markersize=2.5, linewidth=1, label=label)


def figure(ds: xr.Dataset) -> plt.Figure:
    """The largest exponent of every size with the theory, the spectrum of some gains, and dimension and entropy over the gain."""
    fig, axes = plt.subplots(1, 3, figsize=(7, 3.4), layout="constrained")
    for size, color in zip(SIZES, plt.get_cmap("viridis")(np.linspace(0, 0.85, len(SIZES))), strict=True):
        draw_band(axes[0], ds.largest_exponent.sel(size=size), f"{size} units", color)
    axes[0].plot(ds.gain, ds.mean_field_exponent, color="black", linewidth=1.2, label="mean field")
    for line in (axes[0].axvline(1), axes[2].axvline(1), axes[0].axhline(0), axes[1].axhline(0)):
        line.set(color="0.7", linewidth=0.8, zorder=0)
    axes[0].set(title="largest exponent", xlabel="gain", ylabel="Lyapunov exponent (nats/step)")

    units, chosen = ds.sizes["exponent"], ds.gain.values[:: max(1, ds.sizes["gain"] // 4)]
    for gain, color in zip(chosen, plt.get_cmap("plasma")(np.linspace(0, 0.85, chosen.size)), strict=True):
        spectrum = ds.lyapunov_exponent.sel(gain=gain).mean("seed").clip(-10)
        axes[1].plot((np.arange(units) + 0.5) / units, spectrum, color=color, linewidth=1.2, label=f"gain {gain:g}")
    axes[1].set(title=f"spectra of {units} units", xlabel="index / number of units", ylabel="exponent (nats/step)", ylim=(-3, 0.75))

    draw_band(axes[2], ds.kaplan_yorke_dimension, "Kaplan-Yorke dimension", "tab:blue")
    draw_band(axes[2], ds.entropy_rate, "entropy rate (nats/step)", "tab:orange")
    axes[2].set(title=f"attractors of {units} units", xlabel="gain", ylabel="per unit")
    for ax in axes:
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    fig.supxlabel(f"points: means over {ds.sizes['seed']} seeds; bands: ± standard deviation", fontsize=7)
    return rs.plot.panel_letters(axes)


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=13, help="gains from 0.5 to 5 (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=4, help="networks of each kind (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=600, help="steps that count (default: %(default)s)")
    parser.add_argument("--units", type=int, default=100, help="units of the networks with full spectra (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", "exponents of .* still drift", RuntimeWarning)

    gain, seed = rs.axis("gain", np.linspace(0.5, 5, options.points)), rs.axis("seed", range(options.seeds))
    whole = spectra(gain, seed, options.units, options.steps)
    theory = xr.apply_ufunc(mean_field, gain, vectorize=True)
    ds = whole.assign(largest_exponent=largest(gain, seed, options.steps), mean_field_exponent=theory).assign_attrs(
        title="Lyapunov exponents of random networks"
    )
    rs.save(ds, options.out / "chaos_transition.nc")
    figure(ds).savefig(options.out / "chaos_transition.png")

    print(f"{PAPER}\nlargest exponents of {SIZES[-1]} units, mean over seeds, beside the mean field:")
    measured = ds.largest_exponent.isel(size=-1).mean("seed").values
    for row in zip(gain.values, measured, ds.mean_field_exponent.values, strict=True):
        print("".join(f"{number:9.4f}" for number in row))
    print(f"largest residual of the sum rule at gains below 3: {float(abs(ds.sum_rule_residual.where(ds.gain < 3)).max()):.1e}")


if __name__ == "__main__":
    main()
