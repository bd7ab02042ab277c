"""Where one tanh unit, h' = tanh(w h + b), gains and loses attractors: computed folds and flips over the exact curves (Pasemann 1993)."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

FOLD, FLIP, BRANCH_POINT = 1, 2, 4
ATTRACTORS = ("one stable fixed point", "two stable fixed points", "one cycle of period 2")
NUMBERS, STABLE = ("none", "one", "two", "three"), {(1, 0): "unstable", (1, 1): "stable"}
NAMED = ((0.0, 2.7), (2.95, 0.0), (-2.55, 0.0))  # where what there is stands in words
SHADES = ("#f4f1ea", "#c9dcec", "#f3d3bd")
COLORS = {FOLD: "#14508c", FLIP: "#b3400f", BRANCH_POINT: "black"}
SECTION, STYLES, NAMES = 2.0, {"stable": "-", "unstable": ":"}, {"w": "recurrent weight w", "b": "bias b"}
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
    cycle, several = (np.abs(odd - even) > 1e-3).any("h0"), np.abs(even.diff("h0").isel(h0=0, drop=True)) > 1e-3
    kinds = xr.where(cycle, 2, xr.where(several, 1, 0)).astype(np.int8)
    flags = {"flag_values": np.arange(3, dtype=np.int8), "flag_meanings": " ".join(name.replace(" ", "_") for name in ATTRACTORS)}
    return kinds.assign_attrs(long_name="attractors", **flags)


def region(w: float, b: float) -> str:
    """How many fixed points and cycles of period 2 there are at a place, and how many of them are stable."""
    found = {name: rs.fixed_points(rs.Elman(0.0, w, b), period=p) for p, name in ((1, "fixed point"), (2, "cycle of period 2"))}
    counts = {name: (int(ds.point_count), int((ds.stability == 0).sum())) for name, ds in found.items()}
    words = {(n, k): STABLE.get((n, k), f"{NUMBERS[k]} stable") for n, k in counts.values()}
    return "\n".join(f"{NUMBERS[n]} {name}{'s' * (n > 1)},\n{words[n, k]}" for name, (n, k) in counts.items() if n)


def plane(ax: plt.Axes, ds: xr.Dataset) -> None:
    """Attractors as shades, the exact curves as lines and the points computed as circles on them."""
    ax.pcolormesh(ds.w, ds.b, ds.attractors.transpose("b", "w"), cmap=plt.matplotlib.colors.ListedColormap(SHADES), rasterized=True)
    for kind, name, side in ((FOLD, "fold", 1.0), (FLIP, "flip", -1.0)):
        at = side * xr.DataArray(np.geomspace(1, abs(ds.w.values).max(), 400))
        ax.plot(at, np.outer(exact(at), [1, -1]), color=COLORS[kind], linewidth=1, label=[f"{name}, exact", None])
        found = ds.bifurcation_b.where(ds.kind == kind).isel(w=slice(None, None, max(1, ds.w.size // 40)))
        ax.plot(found.w, found, "o", fillstyle="none", color=COLORS[kind], markeredgewidth=0.7, label=[f"{name}, computed", None])
    ax.plot(ds.tip_w.where(ds.tip_kind == BRANCH_POINT), 0 * ds.tip_w, "k*", markersize=6, label="pitchfork, computed")
    for place in NAMED:
        ax.text(*place, region(*place), ha="center", va="center", fontsize=7)
    ax.set(xlabel=NAMES["w"], ylabel=NAMES["b"], ylim=(ds.b.min(), ds.b.max()), title="what there is, and how it changes")


def diagram(ax: plt.Axes, ds: xr.Dataset, along: str, where: str) -> None:
    """Branches of fixed points, stable ones as full lines, and the special points on them."""
    across, up, unstable = (ds[f"branch_{name}"].transpose(..., "branch") for name in (along, "state", "unstable"))
    for name, look in STYLES.items():
        ax.plot(across, up.where((unstable == 0) == (name == "stable")), color="black", linestyle=look)
    for kind, color in COLORS.items():
        mark, fill, here = *(("*", "full") if kind == BRANCH_POINT else ("o", "none")), ds.kind == kind
        ax.plot(ds[along].where(here), ds.state.where(here), mark, fillstyle=fill, color=color, markersize=5)
    ax.set(xlabel=NAMES[along], ylabel="fixed point h", ylim=(-1.05, 1.05), title=f"fixed points at {where}")


def figure(ds: xr.Dataset, along_b: xr.Dataset, along_w: xr.Dataset) -> plt.Figure:
    """The plane, and two sections of it."""
    _, axes = plt.subplot_mosaic("AAB;AAC", figsize=(7, 4.4), layout="constrained")
    plane(axes["A"], ds)
    diagram(axes["B"], along_b, "b", f"w = {SECTION:g}")
    diagram(axes["C"], along_w, "w", "b = 0")
    lines = [axes["B"].plot([], [], f"k{look}", label=f"{name} fixed points")[0] for name, look in STYLES.items()]
    rs.plot.shared_legend([axes["A"]], *lines, columns=4)
    return rs.plot.panel_letters(axes.values())


@rs.plot.look()
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
    figure(ds, along_b, along_w).savefig(options.out / "scalar_bifurcations.png")
    error = float(np.abs(np.abs(ds.bifurcation_b) - ds.exact_b).max())
    print(f"{w.size} weights: {int(ds.point_count.sum())} folds and flips, the farthest {error:.1e} from its exact place")
    for at in (-2.0, -1.5, 1.5, 2.0, 4.0):
        one = rs.bifurcations(rs.Elman(0.0, at, b), "b")
        print(f"w = {at:4}: b = {float(one.b.max()):.15f}, exactly {float(exact(xr.DataArray(at))):.15f}")
    names = np.array(tips.tip_kind.attrs["flag_meanings"].split())[tips.tip_kind]
    print("at b = 0:", *(f"{name} at w = {x:.15f}" for name, x in zip(names, tips.tip_w.values, strict=True)))


if __name__ == "__main__":
    main()
