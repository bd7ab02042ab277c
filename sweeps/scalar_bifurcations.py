"""Where one tanh unit, h' = tanh(w h + b), gains and loses attractors: computed folds and flips over the exact curves (Pasemann 1993)."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

FOLD, FLIP, BRANCH_POINT = 1, 2, 4
ATTRACTORS = ("one fixed point", "two fixed points", "one cycle of period 2")
SHADES = ("#f4f1ea", "#c9dcec", "#f3d3bd")
COLORS = {FOLD: "#14508c", FLIP: "#b3400f", BRANCH_POINT: "black"}
SECTION = 2.0
CURVES = "exact values of |b|: √(w (w - 1)) - arcosh √w for folds, √(|w| (|w| - 1)) + arcosh √|w| for flips"


def exact(w: xr.DataArray) -> xr.DataArray:
    """|b| of the fold (w ≥ 1) or the flip (w ≤ -1) of each weight, nan between."""
    size = abs(w).where(abs(w) >= 1)
    found: xr.DataArray = np.sqrt(size * (size - 1)) - np.sign(w) * np.arccosh(np.sqrt(size))
    return found.assign_attrs(long_name=CURVES, units="1")


def attractors(w: xr.DataArray, b: xr.DataArray, steps: int) -> xr.DataArray:
    """What orbits from h = -1 and h = 1 end on: the map is monotonous, so that there is nothing else."""
    net = rs.Elman(0.0, w, b, h0=rs.axis("h0", [-1.0, 1.0]))
    even, odd = (rs.simulate(net, np.zeros(n), keep="final_state").final_state for n in (steps, steps + 1))
    cycle = (np.abs(odd - even) > 1e-3).any("h0")
    several = np.abs(even.diff("h0").isel(h0=0, drop=True)) > 1e-3
    kinds = xr.where(cycle, 2, xr.where(several, 1, 0)).astype(np.int8)
    flags = {"flag_values": np.arange(3, dtype=np.int8), "flag_meanings": " ".join(name.replace(" ", "_") for name in ATTRACTORS)}
    return kinds.assign_attrs(long_name="attractors", **flags)


def plane(ax: plt.Axes, ds: xr.Dataset) -> None:
    """Attractors as shades, the exact curves as lines and the points computed as circles on them."""
    ax.pcolormesh(ds.w, ds.b, ds.attractors.transpose("b", "w"), cmap=plt.matplotlib.colors.ListedColormap(SHADES), rasterized=True)
    for kind, name, side in ((FOLD, "fold", ds.w > 0), (FLIP, "flip", ds.w < 0)):
        for sign in (-1, 1):
            ax.plot(
                ds.w, sign * ds.exact_b.where(side), color=COLORS[kind], linewidth=1.2, label=f"{name}, exact" if sign > 0 else None
            )
        found = ds.bifurcation_b.where(ds.kind == kind).isel(w=slice(None, None, max(1, ds.w.size // 40)))
        w, b = xr.broadcast(found.w, found)
        style: dict[str, Any] = {"marker": "o", "s": 18, "facecolors": "none", "edgecolors": COLORS[kind], "linewidths": 0.9}
        ax.scatter(w, b, **style, label=f"{name}, computed")
    ax.plot(ds.tip_w, 0 * ds.tip_w, "k*", markersize=9, label="pitchfork and flip\nat b = 0, computed")
    for name, place in zip(ATTRACTORS, ((0, 2.6), (3.2, 0), (-3.2, 0)), strict=True):
        ax.text(*place, name.replace(" point", "\npoint").replace(" of ", "\nof "), ha="center", va="center", fontsize="small")
    ax.set(xlabel="recurrent weight w", ylabel="bias b", ylim=(ds.b.min(), ds.b.max()))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False, fontsize="small")


def diagram(ax: plt.Axes, ds: xr.Dataset, along: str) -> None:
    """Branches of fixed points, stable ones as full lines, and the special points on them."""
    for i in range(ds.sizes["branch"]):
        branch = ds.isel(branch=i)
        for stable in (True, False):
            here = (branch.branch_unstable == 0) if stable else (branch.branch_unstable > 0)
            ax.plot(branch[f"branch_{along}"], branch.branch_state.where(here), color="black", linestyle="-" if stable else ":")
    for kind, color in COLORS.items():
        here = ds.kind == kind
        ax.plot(ds[along].where(here), ds.state.where(here), "*" if kind == BRANCH_POINT else "o", color=color, markersize=7)
    ax.set(xlabel={"b": "bias b", "w": "recurrent weight w"}[along], ylabel="fixed point h", ylim=(-1.05, 1.05))


def figure(ds: xr.Dataset, along_b: xr.Dataset, along_w: xr.Dataset) -> plt.Figure:
    """The plane, and two sections of it."""
    fig, axes = plt.subplot_mosaic("AAB;AAC", figsize=(10, 6.4), layout="constrained")
    plane(axes["A"], ds)
    for name, part, along, title in (("B", along_b, "b", f"w = {SECTION:g}"), ("C", along_w, "w", "b = 0")):
        diagram(axes[name], part, along)
        axes[name].set_title(f"{title}: full lines stable, dotted unstable", fontsize="small")
    return fig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=401, help="values of w and of b (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=4000, help="steps to the attractors (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    w, b = rs.axis("w", np.linspace(-4, 4, options.points)), rs.axis("b", np.linspace(-4, 4, options.points))
    found = rs.bifurcations(rs.Elman(0.0, w, b), "b", max_points=2)
    along_b = rs.bifurcations(rs.Elman(0.0, SECTION, b), "b", branches=True)
    along_w = rs.bifurcations(rs.Elman(0.0, w, 0.0), "w", branches=True)
    tips = along_w[["w", "kind"]].isel(point=slice(int(along_w.point_count))).rename(w="tip_w", kind="tip_kind", point="tip")
    ds = found.rename(b="bifurcation_b").assign(exact_b=exact(w), attractors=attractors(w, b, options.steps)).merge(tips)
    ds = ds.assign_coords(b=b["b"]).assign_attrs(title="attractors and bifurcations of one tanh unit")
    rs.save(ds, options.out / "scalar_bifurcations.nc")
    figure(ds, along_b, along_w).savefig(options.out / "scalar_bifurcations.png", dpi=200)

    count = int(ds.point_count.sum())
    error = np.abs(np.abs(ds.bifurcation_b) - ds.exact_b)
    print(f"{w.size} weights: {count} folds and flips, the farthest {float(error.max()):.1e} from its exact place")
    for at in (-2.0, -1.5, 1.5, 2.0, 4.0):
        one = rs.bifurcations(rs.Elman(0.0, at, b), "b")
        print(f"w = {at:4}: b = {float(one.b.max()):.15f}, exactly {float(exact(xr.DataArray(at))):.15f}")
    names = np.array(tips.tip_kind.attrs["flag_meanings"].split())[tips.tip_kind]
    print("at b = 0:", *(f"{name} at w = {x:.15f}" for name, x in zip(names, tips.tip_w.values, strict=True)))


if __name__ == "__main__":
    main()
