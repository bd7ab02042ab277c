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
    """The cost with the wall and both descents, the norm of the gradient, and norm and curvature towards the wall."""
    fig, axes = plt.subplots(1, 3, figsize=(15, 5.2), layout="constrained")
    line: xr.Dataset = wall(ds.w_rec)
    where: Any = {"x": "w_rec", "y": "bias"}
    rs.plot.cost_surface(ds, **where, log=False, ax=axes[0])
    rs.plot.gradient_norm_map(ds, **where, ax=axes[1])
    for ax, color in zip(axes, ("black", "cyan"), strict=False):
        rs.plot.curves(line, **where, name="b = 1/2 - w σ(1/2)", linestyle=":", color=color, ax=ax)
    for (name, run), color in zip(path.groupby("descent"), ("tab:orange", "tab:red"), strict=True):
        look: Any = {"color": color, "marker": ".", "markersize": 3, "linewidth": 0.6}
        rs.plot.curves(run.squeeze("descent"), **where, name=f"gradient {name}", ax=axes[0], **look)
    for w, color in ((4.5, "tab:blue"), (6.0, "tab:purple")):
        for name, style in (("curvature", "--"), ("gradient_norm", "-")):
            cut = across[name].sel(w_rec=w, method="nearest")
            axes[2].loglog(cut.offset, cut, style, color=color, label=f"{ds[name].long_name}, w = {float(cut.w_rec):.3g}")
    axes[2].set(xlabel="distance of the bias from the wall, above it")
    axes[2].legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.12))
    return fig


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
    path = descents(5.0, -2.4, options.epochs)
    rs.save(ds, options.out / "difficulty_of_training.nc")
    figure(ds, across, path).savefig(options.out / "difficulty_of_training.png", dpi=150)

    seen = rs.surfaces.cliffs(ds, {"bias": "bias"})
    off, spacing = float(abs(seen.bias - wall(seen.w_rec).bias).max()), float(b[1] - b[0])
    print(f"{seen.sizes['point']} cliffs between neighbours, at most {off / spacing:.2f} spacings from b = 1/2 - w σ(1/2)")
    steepest = across.isel(offset=across.gradient_norm.argmax("offset"))
    print("Paper: gradient and leading eigenvector of the curvature are aligned there, so that the wall is perpendicular to both")
    print(f"Here: where it is steepest, the cos² of their angle is {float(steepest.alignment.min()):.6f} at least for w > 4.5")
    print("Paper: where the first derivative explodes, so does the second")
    for at in (steepest.isel(w_rec=0), steepest.isel(w_rec=-1)):
        w_here, norm, most = (float(at[name]) for name in ("w_rec", "gradient_norm", "curvature"))
        print(f"Here: at w = {w_here:.2f} the norm is {norm:.2g}, and the curvature {most:.2g}")

    starts = rs.axis("w_start", np.linspace(4.4, 6, options.starts)), rs.axis("b_start", np.linspace(0, 0.5, options.starts))
    ends = descents(starts[0], START - starts[0] * H0 + starts[1], options.epochs)
    rs.save(ends.isel(epoch=-1), options.out / "difficulty_of_training_descents.nc")
    print("Paper: rescaling the gradient where its norm is above a threshold keeps descents from being thrown off at the wall")
    for name, run in ends.groupby("descent"):
        end = run.squeeze("descent").isel(epoch=-1)
        thrown, solved = float((end.bias > -1).mean()), float((end.cost < 0.01).mean())
        print(f"Here, gradient {name}: {thrown:.0%} of the descents are thrown over b = -1, {solved:.0%} end below a cost of 0.01")


if __name__ == "__main__":
    main()
