"""The wall in the cost of one sigmoid unit (Pascanu, Mikolov and Bengio 2013): its place, its curvature, and descent that meets it."""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

STEPS, TARGET, START = 50, 0.7, 0.5  # the paper's: x[k] = w σ(x[k-1]) + b, cost (σ(x[50]) - 0.7)², x[0] = 1/2
H0 = 1 / (1 + np.exp(-START))
REPELLING = 1 / (H0 * (1 - H0))  # w above which x[0] repels: 4.25525193
NEAR, SHOWN = ((4.4, 5.2), (-2.7, -2.0)), 40  # where, and how long, descents are drawn
CLIPS = {"as it is": None, "clipped": rs.ClipNorm(1.0)}


def unit(w: Any, b: Any) -> rs.Elman:
    """h[k] = σ(w h[k-1] + b) from h[0] = σ(1/2), without an input: h is the paper's σ(x)."""
    return rs.Elman(0.0, w, b, H0, activation="sigmoid")


def wall(w: xr.DataArray) -> xr.Dataset:
    """The b at which x[0] is a fixed point, where it repels: on either side x goes to another end."""
    return xr.Dataset({"bias": (START - w * H0).where(w > REPELLING)})


def surface(w: xr.DataArray, b: xr.DataArray) -> xr.Dataset:
    """Cost, gradient norm, the largest curvature, and the cosine² of the angle between its direction and the gradient."""
    ds = rs.curvature(unit(w, b), np.zeros(STEPS), TARGET, parameters=("w_rec", "bias"))
    values, vectors = np.linalg.eigh(ds.hessian.values)
    top = np.abs(values).argmax(-1)[..., None]
    leading = np.take_along_axis(vectors, top[..., None, :], -1)[..., 0]
    found = xr.Dataset({"cost": ds.cost, "gradient_norm": rs.surfaces.gradient_norm(ds)}, attrs=ds.attrs)
    found["grad_bias"] = ds.gradient.sel(parameter="bias", drop=True).assign_attrs(long_name="derivative of the cost by b")
    alignment = ((leading * ds.gradient.values).sum(-1) / found.gradient_norm.values) ** 2
    found["curvature"] = ds.cost.dims, np.abs(values).max(-1), {"long_name": "largest |eigenvalue| of the Hessian", "units": "1"}
    found["alignment"] = ds.cost.dims, alignment, {"long_name": "cos² of the angle of gradient and eigenvector", "units": "1"}
    return found


def descents(w: Any, b: Any, epochs: int) -> xr.Dataset:
    """Gradient descent from (w, b), with the gradient as it is and with its norm clipped at 1."""
    told: dict[str, Any] = {"optimizer": rs.SGD(0.1), "epochs": epochs, "train": ("w_rec", "bias"), "progress": False}
    runs = [rs.train(unit(w, b), np.zeros(STEPS), TARGET, clip=clip, **told) for clip in CLIPS.values()]
    parts = [run[["cost", "grad_norm", "w_rec", "bias"]] for run in runs]
    return xr.concat(parts, "descent", combine_attrs="drop_conflicts").assign_coords(descent=list(CLIPS))


def figure(ds: xr.Dataset, across: xr.Dataset, path: xr.Dataset) -> plt.Figure:
    """The cost and the norm of its gradient with the wall, both descents, and norm and curvature towards the wall."""
    _, axes = plt.subplot_mosaic("ab;cd", figsize=(7, 5.8), layout="constrained")
    where: Any = {"x": "w_rec", "y": "bias", "legend": False}
    rs.plot.cost_surface(ds, **where, log=False, colorbar=(axes["a"], axes["c"]), ax=axes["a"]).set_title("cost")
    rs.plot.gradient_norm_map(ds, **where, ax=axes["b"]).set_title("norm of its gradient")
    rs.plot.cost_surface(ds, **where, log=False, window=NEAR, colorbar=False, ax=axes["c"]).set_title("descents at the wall")
    for name, color in zip("abc", ("black", "cyan", "black"), strict=True):
        rs.plot.curves(wall(ds.w_rec), **where, name="wall: b = 1/2 − w σ(1/2)", linestyle=":", color=color, ax=axes[name])
    for (name, run), color in zip(path.groupby("descent"), ("tab:orange", "tab:red"), strict=True):
        steps = run.squeeze("descent").isel(epoch=slice(0, SHOWN))
        rs.plot.curves(steps, **where, name=f"gradient {name}", ax=axes["c"], color=color, marker=".", markersize=3, linewidth=0.7)
    axes["c"].plot(*(float(path[name][0, 0]) for name in ("w_rec", "bias")), "wo", markeredgecolor="black", label="start")
    for w, color in ((4.5, "tab:blue"), (6.0, "tab:purple")):
        for name, style in (("curvature", "--"), ("gradient_norm", "-")):
            cut = across[name].sel(w_rec=w, method="nearest")
            axes["d"].loglog(cut.offset, cut, style, color=color, label=f"{name.replace('_', ' ')}, w ≈ {float(cut.w_rec):.3g}")
    axes["d"].set(xlabel="distance of the bias above the wall", ylabel="norm, or largest |eigenvalue|", title="towards the wall")
    for name in "cd":
        axes[name].legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, handlelength=1.5)
    return rs.plot.panel_letters(axes.values())


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=300, help="values of w and of b (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=20, help="values of w and of b to start from (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=200, help="of each descent (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    w, b = rs.axis("w_rec", np.linspace(3.5, 6.5, options.points)), rs.axis("bias", np.linspace(-3.75, -1.25, options.points))
    high = w[w > 4.5]
    across = surface(high, wall(high).bias + rs.axis("offset", np.logspace(-12, -0.5, 200)))
    ds = surface(w, b).assign_attrs(title="the error surface of Pascanu et al. 2013, figure 6")
    rs.save(ds, options.out / "difficulty_of_training.nc")
    figure(ds, across, descents(5.0, -2.4, options.epochs)).savefig(options.out / "difficulty_of_training.png")
    seen = rs.surfaces.cliffs(ds, {"bias": "bias"})
    off, spacing = float(abs(seen.bias - wall(seen.w_rec).bias).max()), float(b[1] - b[0])
    print(f"{seen.sizes['point']} cliffs between neighbours, at most {off / spacing:.2f} spacings from b = 1/2 - w σ(1/2)")
    steepest = across.isel(offset=across.gradient_norm.argmax("offset"))
    print("Paper: gradient and leading eigenvector of the curvature are aligned there, so that the wall is perpendicular to both")
    print(f"Here: where it is steepest, the cos² of their angle is {float(steepest.alignment.min()):.6f} at least for w > 4.5")
    print("Paper: where the first derivative explodes, so does the second")
    for at in (steepest.isel(w_rec=i) for i in (0, -1)):
        print(f"Here: at w = {at.w_rec:.2f} the norm is {at.gradient_norm.item():.2g}, and the curvature {at.curvature.item():.2g}")

    starts = rs.axis("w_start", np.linspace(4.4, 6, options.starts)), rs.axis("b_start", np.linspace(0, 0.5, options.starts))
    ends = descents(starts[0], START - starts[0] * H0 + starts[1], options.epochs)
    rs.save(ends.isel(epoch=-1), options.out / "difficulty_of_training_descents.nc")
    print("Paper: rescaling the gradient where its norm is above a threshold keeps descents from being thrown off at the wall")
    for name, run in ends.groupby("descent"):
        thrown, solved = float((run.bias[..., -1] > -1).mean()), float((run.cost[..., -1] < 0.01).mean())
        print(f"Here, gradient {name}: {thrown:.0%} of the descents are thrown over b = -1, {solved:.0%} end below a cost of 0.01")


if __name__ == "__main__":
    main()
