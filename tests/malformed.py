"""Malformed calls: every public callable with a valid call, and what may stand in the place of one of its arguments."""

import dis
import functools
import itertools
import os
import re
import string
import tempfile
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.lines import Line2D
from own_cells import Adaptive

import rnnsim as rs

PACKAGE = str(Path(rs.__file__).parent)
SHOWN = 60  # characters of a value that a message may show
LONG = 700  # characters of a message
MODULES = ("tasks", "plot", "schedules", "surfaces")


class Entry(NamedTuple):
    """A public callable by its name, how it is called with arguments by name, and a maker of valid ones."""

    name: str
    call: Callable[..., Any]
    valid: Callable[[], dict[str, Any]]


# --- what stands for networks, results and figures


@cache
def scalar() -> Any:
    return rs.Elman(0.7, rs.axis("w", [0.5, 1.5]), bias=0.1)


@cache
def vector() -> Any:
    return rs.Elman.random(2, 1, gain=rs.axis("gain", [0.8, 1.6]), seed=1, bias="gaussian")


@cache
def words() -> Any:
    return rs.Stack([rs.Embedding(np.ones((3, 2))), rs.GRU.random(2, 2, seed=1)], readout=rs.Readout.random(2, 3, seed=1))


@cache
def biased() -> Any:
    return rs.Elman(1.0, 2.0, rs.axis("bias", np.linspace(-1.0, 1.0, 5)), h0=0.1)


@cache
def started() -> Any:
    return rs.Elman(1.0, 2.0, h0=rs.axis("h0", [-1.0, 0.5, 1.0]))


X, T = np.ones((2, 3)), np.ones(2)
X1, T1 = np.ones((2, 3, 1)), np.ones((2, 3, 2))


@cache
def surface() -> xr.Dataset:
    net = rs.Elman(rs.axis("w_in", np.linspace(-1.0, 2.0, 5)), rs.axis("w_rec", np.linspace(0.0, 2.0, 4)), activation="linear")
    return rs.backprop(net, X, T)


@cache
def trained() -> xr.Dataset:
    return rs.train(scalar(), X, T, optimizer=rs.SGD(0.1), epochs=3, progress=False)


@cache
def states() -> xr.Dataset:
    return rs.simulate(scalar(), X, keep=("state", "increment", "preactivation", "input", "output"))


@cache
def planar() -> xr.Dataset:
    sides = np.meshgrid(np.linspace(-1.0, 1.0, 3), np.linspace(-1.0, 1.0, 3), indexing="ij")
    starts = xr.DataArray(np.stack(sides, axis=-1), dims=("first", "second", "unit"))
    return rs.simulate(vector().isel(gain=0).replace(h0=starts), X1[0], keep=("state", "increment"))


@cache
def gradients() -> xr.Dataset:
    return rs.backprop(scalar(), X, T, keep="grad_state")


@cache
def points() -> xr.Dataset:
    return rs.fixed_points(vector().isel(gain=1), max_points=4, starts=8)


@cache
def exponents() -> xr.Dataset:
    return rs.lyapunov(biased(), steps=20, discard=20)


@cache
def orbits() -> xr.Dataset:
    return rs.orbit_diagram(biased(), steps=8, discard=20)


@cache
def settled() -> xr.Dataset:
    first, second = (rs.axis(name, np.linspace(-1.0, 1.0, 3)) for name in ("first", "second"))
    starts = xr.concat(xr.broadcast(first, second), "unit").reset_coords(drop=True)
    return rs.basins(vector().isel(gain=1).replace(h0=starts), steps=8, discard=20, max_attractors=4)


@cache
def products() -> xr.Dataset:
    return rs.propagation(vector().isel(gain=0), X1[0])


@cache
def folds() -> xr.Dataset:
    return rs.bifurcations(biased(), max_points=4, starts=8, resolution=8)


@cache
def table() -> pd.DataFrame:
    days = pd.date_range("2012-01-01", periods=12, name="day")
    return pd.DataFrame({"rain": np.arange(12.0), "wind": np.arange(12.0)[::-1]}, index=days)


@cache
def task() -> xr.Dataset:
    return rs.tasks.windows(table(), ["rain", "wind"], "rain", 2)


@cache
def scaling() -> Any:
    return rs.tasks.Scaling.of(table())


def loss_of(y, target):
    return (y - target) ** 4


def value_of(a: Any) -> Any:
    return a * a


def slope_of(a: Any) -> Any:
    return 2.0 * a


def curvature_of(a: Any) -> Any:
    return 2.0


MADE = itertools.count()


def fresh(ending: str) -> str:
    """A path at which nothing is, in the folder of the test."""
    return os.path.join(os.getcwd(), f"made_{next(MADE)}{ending}")


@cache
def swept(*part: float) -> str:
    """A store, which is only read."""
    path = os.path.join(tempfile.mkdtemp(), "made.zarr")
    rs.sweep(rs.simulate, rs.Elman(1.0, rs.axis("w", part)), np.ones(3), to=path, progress=False)
    return path


def halves() -> dict[str, Any]:
    paths = [swept(-2.0, -1.0), swept(0.0, 1.0), fresh(".zarr")]
    return dict(zip(("first", "second", "to"), paths, strict=True)) | {"conflicts": "refuse", "overwrite": False}


def saved() -> str:
    path = fresh(".nc")
    rs.save(surface(), path)
    return path


def csv() -> str:
    path = fresh(".csv")
    columns = {"temp_max": np.arange(30.0), "temp_min": np.arange(30.0) - 5, "precipitation": np.ones(30)}
    pd.DataFrame(columns, index=pd.date_range("2012-01-01", periods=30, name="day")).to_csv(path)
    return path


GATED_SHAPES = {"w_in": np.ones((3, 2, 1)), "w_rec": np.zeros((3, 2, 2))}


def random(**more: Any) -> dict[str, Any]:
    return {
        "units": 2,
        "inputs": 1,
        "gain": 1.0,
        "init": "gaussian",
        "seed": 0,
        "h0": 0.0,
        "bias": 0.0,
        "density": 0.5,
        "excitatory": 0.8,
        "stability": 1.5,
        **more,
    }


def of_verbs() -> Iterator[Entry]:
    """The verbs, each with the smallest call."""
    run = {"inputs": X, "targets": T, "loss": "mse"}
    yield Entry(
        "simulate", rs.simulate, lambda: {"net": scalar(), "inputs": X, "keep": "state", "noise_seed": 0, "dtype": "float64"}
    )
    yield Entry("simulate", rs.simulate, lambda: {"net": vector(), "inputs": X1, "keep": ["state"]})
    yield Entry("simulate", rs.simulate, lambda: {"net": words(), "inputs": np.array([0, 1, 2])})
    yield Entry("backprop", rs.backprop, lambda: {"net": scalar(), **run, "keep": ("cost",), "noise_seed": 0, "dtype": "float64"})
    yield Entry("backprop", rs.backprop, lambda: {"net": vector(), "inputs": X1, "targets": T1})
    weighed = {"penalty": {"w_rec": 1e-3, "state": 0.1}, "weight": np.ones((2, 3))}
    yield Entry("backprop", rs.backprop, lambda: {"net": vector(), "inputs": X1, "targets": T1, **weighed})
    bounded = {"optimizer": rs.SGD(0.1), "epochs": 1, "progress": False, "bounds": {"w_rec": (-9.0, 9.0)}, **weighed}
    yield Entry("train", rs.train, lambda: {"net": vector(), "inputs": X1, "targets": T1, **bounded})
    yield Entry(
        "backprop", rs.backprop, lambda: {"net": words(), "inputs": [0, 1, 2], "targets": [1, 2, 0], "loss": "cross_entropy"}
    )
    yield Entry(
        "train",
        rs.train,
        lambda: {
            "net": scalar(),
            **run,
            "optimizer": rs.SGD(0.1),
            "epochs": 2,
            "train": ("w_in",),
            "batch_size": 1,
            "shuffle": True,
            "seed": 0,
            "validation": (X, T),
            "metrics": "rounded_accuracy",
            "clip": 1.0,
            "patience": 2,
            "truncate": 2,
            "every": 1,
            "resume": None,
            "keep": ("cost",),
            "noise_seed": 0,
            "dtype": "float64",
            "progress": False,
        },
    )
    going_on = {"optimizer": rs.SGD(0.1), "epochs": 1, "progress": False, "resume_with": ("seed",)}
    yield Entry(
        "train",
        rs.train,
        lambda: {"net": scalar(), "inputs": X, "targets": T, **going_on, "resume": trained()},
    )
    yield Entry(
        "lyapunov",
        rs.lyapunov,
        lambda: {
            "net": scalar(),
            "inputs": X,
            "steps": 2,
            "discard": 1,
            "exponents": 1,
            "reorthonormalize": 1,
            "seed": 0,
            "keep": "spectrum",
            "noise_seed": 0,
        },
    )
    yield Entry("lyapunov", rs.lyapunov, lambda: {"net": vector(), "inputs": None, "steps": 9, "reorthonormalize": "adaptive"})
    yield Entry(
        "fixed_points",
        rs.fixed_points,
        lambda: {
            "net": scalar(),
            "inputs": 0.0,
            "period": 1,
            "starts": 4,
            "tolerance": 1e-12,
            "max_points": 4,
            "seed": 0,
            "slow_points": False,
        },
    )
    yield Entry("fixed_points", rs.fixed_points, lambda: {"net": vector(), "inputs": [0.1], "starts": np.zeros((1, 2))})
    yield Entry(
        "bifurcations",
        rs.bifurcations,
        lambda: {
            "net": biased(),
            "along": "bias",
            "max_points": 4,
            "inputs": 0.0,
            "starts": 4,
            "resolution": 8,
            "branches": False,
        },
    )
    yield Entry(
        "propagation",
        rs.propagation,
        lambda: {"net": scalar(), "inputs": X, "lags": [1, 2], "targets": T, "loss": "mse", "keep": ("log_norm",)},
    )
    settling = {"steps": 4, "discard": 5, "max_period": 2, "tolerance": 1e-6}
    yield Entry(
        "orbit_diagram",
        rs.orbit_diagram,
        lambda: {"net": biased(), "inputs": 0.0, "along": "bias", "sweep": "both", **settling, "keep": ("orbit", "period")},
    )
    yield Entry(
        "basins",
        rs.basins,
        lambda: {
            "net": started(),
            "inputs": 0.0,
            **settling,
            "distance": 1e-3,
            "nearness": 0.1,
            "max_attractors": 4,
            "keep": ("attractor",),
        },
    )
    yield Entry("curvature", rs.curvature, lambda: {"net": scalar(), **run, "parameters": ["w_in", "w_rec"], "keep": ("hessian",)})


def call_sweep(verb: Any, net: Any, args: Any, **options: Any) -> Any:
    return rs.sweep(verb, net, args, **options)


def call_plan(verb: Any, net: Any, args: Any, **options: Any) -> Any:
    return rs.plan(verb, net, args, **options)


def of_stores() -> Iterator[Entry]:
    """What computes in blocks, and files."""
    run = {"verb": rs.simulate, "args": np.ones(3), "keep": "state", "memory": "1MB"}
    yield Entry("plan", call_plan, lambda: {**run, "net": scalar()})
    yield Entry(
        "sweep",
        call_sweep,
        lambda: {**run, "net": scalar(), "to": None, "overwrite": False, "workers": None, "client": None, "progress": False},
    )
    yield Entry("sweep", call_sweep, lambda: {**run, "net": scalar(), "to": fresh(".zarr"), "overwrite": True, "progress": False})
    yield Entry("merge", rs.merge, halves)
    yield Entry("save", rs.save, lambda: {"ds": surface(), "path": fresh(".nc")})
    yield Entry("open", rs.open, lambda: {"path": saved()})


def of_families() -> Iterator[Entry]:
    """What makes networks and what is done with them."""
    yield Entry("axis", rs.axis, lambda: {"name": "w", "values": [0.5, 1.5], "units": "1"})
    yield Entry("vary", rs.vary, lambda: {"matrix": np.eye(2), "where": (0, 1), "axis": rs.axis("w", [0.5, 1.5])})
    small = {"bias": 0.0, "h0": 0.0, "activation": "tanh", "leak": 1.0, "noise": 0.1, "readout": None}
    yield Entry("Elman", rs.Elman, lambda: {"w_in": 1.0, "w_rec": 0.5, **small})
    yield Entry("Elman", rs.Elman, lambda: {"w_in": np.ones((2, 1)), "w_rec": np.eye(2), "readout": rs.Readout(np.ones((1, 2)))})
    yield Entry(
        "GRU", rs.GRU, lambda: {**GATED_SHAPES, "bias_in": 0.0, "bias_rec": np.zeros((3, 2)), "h0": [0.0, 1.0], "readout": None}
    )
    yield Entry("LSTM", rs.LSTM, lambda: {"w_in": np.ones(4), "w_rec": np.ones(4), "bias": 0.0, "h0": 0, "c0": 0, "readout": None})
    yield Entry("Readout", rs.Readout, lambda: {"w_out": np.ones((1, 2)), "b_out": [0.0]})
    yield Entry("Readout.random", rs.Readout.random, lambda: {"units": 2, "outputs": 1, "seed": 0})
    yield Entry("LowRank", rs.LowRank, lambda: {"m": np.ones((2, 1)), "n": np.ones((2, 1)), "fixed": np.eye(2)})
    yield Entry("Embedding", rs.Embedding, lambda: {"table": np.ones((3, 2))})
    yield Entry("Stack", rs.Stack, lambda: {"layers": [rs.GRU.random(2, 1), rs.Elman.random(1, 2)], "readout": None})
    yield Entry("Elman.random", rs.Elman.random, lambda: random(activation="relu", leak=0.5, readout=None))
    yield Entry("GRU.random", rs.GRU.random, lambda: random(h0="gaussian", bias_in="uniform", init="sparse"))
    yield Entry("LSTM.random", rs.LSTM.random, lambda: random(c0=0.0, init="orthogonal"))
    yield Entry("Cell", Adaptive, lambda: {"w_in": 1.0, "w_rec": 0.5, "bias": 0.1, "w0": 0.0, "g": 2.0, "readout": None})
    yield Entry("Cell.random", Adaptive.random, lambda: random(w0=0.5, alpha=0.3, readout=None))
    for kind, net in {"Elman": vector, "GRU": gru, "LSTM": lstm, "Stack": stack, "Cell": adaptive}.items():
        yield Entry(f"{kind}.isel", partial(by_axes, net().isel), lambda: {"indexers": None, "gain": 0})
        chosen = {"method": "nearest", "tolerance": 0.1, "gain": 0.8}
        yield Entry(f"{kind}.sel", partial(by_axes, net().sel), lambda chosen=chosen: {"indexers": None, **chosen})
        yield Entry(f"{kind}.replace", net().replace, lambda kind=kind: {f"h0{'_0' * (kind == 'Stack')}": 0.0})
        yield Entry(f"{kind}.at", net().at, lambda net=net: {"run": run_of(net()), "epoch": 1})


def by_axes(choose: Any, indexers: Any, **named: Any) -> Any:
    return choose(indexers, **named)


@cache
def gru() -> Any:
    return rs.GRU.random(2, 1, gain=rs.axis("gain", [0.8, 1.6]))


@cache
def adaptive() -> Any:
    return Adaptive.random(2, 1, gain=rs.axis("gain", [0.8, 1.6]))


def lstm() -> Any:
    return rs.LSTM.random(2, 1, gain=rs.axis("gain", [0.8, 1.6]))


@cache
def stack() -> Any:
    return rs.Stack([gru(), rs.Elman.random(2, 2)])


@cache
def run_of(net: Any) -> xr.Dataset:
    return rs.train(net, X1, T1, optimizer=rs.SGD(0.1), epochs=1, progress=False)


def of_values() -> Iterator[Entry]:
    """Optimizers, bounds, schedules, activations and tasks."""
    yield Entry("SGD", rs.SGD, lambda: {"lr": 0.1, "momentum": 0.9, "nesterov": True})
    yield Entry("Adam", rs.Adam, lambda: {"lr": 0.1, "beta1": 0.9, "beta2": 0.9, "eps": 1e-8})
    yield Entry("RMSprop", rs.RMSprop, lambda: {"lr": 0.1, "alpha": 0.9, "eps": 1e-8, "momentum": 0.0, "centered": False})
    steps = {"step": 0.1, "grow": 1.2, "shrink": 0.5, "step_min": 1e-6, "step_max": 50.0}
    yield Entry("Rprop", rs.Rprop, lambda: {"variant": "irprop-", **steps})
    yield Entry("ClipNorm", rs.ClipNorm, lambda: {"limit": 1.0})
    yield Entry("ClipValue", rs.ClipValue, lambda: {"limit": 1.0})
    yield Entry("dale", rs.dale, lambda: {"units": 4, "excitatory": 0.5, "self_connections": False})
    yield Entry("Loss", rs.Loss, lambda: {"value": loss_of})
    yield Entry("check_cell", rs.check_cell, lambda: {"cell": Adaptive, "seed": 1})
    yield Entry("Activation", rs.Activation, lambda: {"value": value_of})
    yield Entry(
        "Activation", rs.Activation, lambda: {"value": value_of, "slope": slope_of, "curvature": curvature_of, "check": True}
    )
    for name in ("exponential", "constant_by_part"):
        every = {"every": 2} if name == "constant_by_part" else {}
        make = getattr(rs.schedules, name)
        yield Entry(f"schedules.{name}", make, lambda every=every: {"start": 0.1, "factor": 0.5, "epochs": 4, **every})
    for name in ("linear", "cosine"):
        yield Entry(f"schedules.{name}", getattr(rs.schedules, name), lambda: {"start": 0.1, "end": 0.0, "epochs": 4})
    yield Entry("surfaces.gradient_norm", rs.surfaces.gradient_norm, lambda: {"surface": surface(), "parameters": ("w_in",)})
    yield Entry("surfaces.minima", rs.surfaces.minima, lambda: {"surface": surface(), "variable": "cost"})
    cliffs = {"slopes": {"w_in": "w_in"}, "factor": 10.0}
    yield Entry("surfaces.cliffs", rs.surfaces.cliffs, lambda: {"surface": surface(), **cliffs})


def of_tasks() -> Iterator[Entry]:
    """Tasks, and what makes them."""
    tasks = rs.tasks
    yield Entry("tasks.counting", tasks.counting, lambda: {"samples": 3, "steps": 4, "seed": 1})
    yield Entry("tasks.Fresh", tasks.Fresh, lambda: {"function": rs.tasks.counting, "seed": 1})
    if neurogym_or_none() is not None:
        yield Entry("tasks.neurogym", tasks.neurogym, lambda: {"name": "GoNogo-v0", "samples": 2, "steps": 3, "seed": 1})
    yield Entry("tasks.adding", tasks.adding, lambda: {"samples": 3, "steps": 4, "seed": 1})
    yield Entry("tasks.sum_of_digits", tasks.sum_of_digits, lambda: {"samples": 3, "digits": 2, "seed": 1, "encoding": "one_hot"})
    recall = {"samples": 3, "symbols": 2, "length": 1, "delay": 2, "seed": 1, "encoding": "one_hot"}
    yield Entry("tasks.delayed_recall", tasks.delayed_recall, lambda: dict(recall))
    flips = {"samples": 3, "steps": 4, "bits": 2, "probability": 0.5, "seed": 1}
    trials = {"coherences": (0.0, 0.5), "fixation": 2, "stimulus": 3, "decision": 2, "noise": 0.1, "catch": 0.2, "seed": 1}
    yield Entry("tasks.perceptual_decision", tasks.perceptual_decision, lambda: {"samples": 3, **trials})
    yield Entry("tasks.flip_flop", tasks.flip_flop, lambda: dict(flips))
    yield Entry("tasks.next_letter", tasks.next_letter, lambda: {"encoding": "one_hot", "letters": "abc"})
    yield Entry("tasks.weather_table", tasks.weather_table, lambda: {"csv": csv()})
    yield Entry(
        "tasks.weather",
        tasks.weather,
        lambda: {
            "length": 2,
            "part": "training",
            "predictors": ("temp_max",),
            "target": "temp_max",
            "ahead": 1,
            "shares": (0.5, 0.25, 0.25),
            "csv": csv(),
        },
    )
    of_windows = {"predictors": ["rain", "wind"], "target": "rain", "length": 2, "ahead": 1}
    yield Entry("tasks.windows", tasks.windows, lambda: {"table": table(), **of_windows})
    yield Entry("tasks.windows", tasks.windows, lambda: {"table": table().to_xarray(), **of_windows})
    parts = {"shares": (0.5, 0.5), "dim": None, "how": "random", "seed": 0}
    yield Entry("tasks.split", tasks.split, lambda: {"data": table(), **parts})
    yield Entry("tasks.split", tasks.split, lambda: {"data": task(), **parts, "dim": "sample", "how": "time"})
    yield Entry("tasks.Scaling", tasks.Scaling, lambda: {"mean": scaling().mean, "scale": scaling().scale})
    yield Entry("tasks.Scaling.of", tasks.Scaling.of, lambda: {"training": table()})
    yield Entry("tasks.Scaling.inverse", scaling().inverse, lambda: {"data": task().targets, "columns": None})
    yield Entry("tasks.Scaling.__call__", scaling(), lambda: {"data": np.ones(3), "columns": "rain"})


def of_interop() -> Iterator[Entry]:
    """What comes from other packages."""
    weights = [np.ones((3, 8)), np.ones((2, 8)), np.zeros(8)]
    yield Entry("from_keras", rs.from_keras, lambda: {"layer_or_weights": list(weights)})
    torch = torch_or_none()
    if torch:
        yield Entry("from_torch", rs.from_torch, lambda: {"module": torch.nn.RNN(1, 2)})
        yield Entry("to_torch", rs.to_torch, lambda: {"net": rs.Elman.random(2, 1)})


@cache
def torch_or_none() -> Any:
    try:
        import torch
    except ImportError:
        return None
    return torch


@cache
def neurogym_or_none() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import neurogym
        except ImportError:
            return None
    return neurogym


def call_legend(panels: Any, more: Any, **options: Any) -> Any:
    return rs.plot.shared_legend(panels, more, **options)


@cache
def canvas(count: int = 1) -> Any:
    """A figure to draw on, used again."""
    return plt.figure(figsize=(2, 2))


def cleared(count: int = 1) -> Any:
    """Axes on which nothing is drawn."""
    figure = canvas(count)
    if figure.stale or len(figure.axes) != count:
        figure.clear()
        figure.subplots(1, count)
        for artist in (*figure.axes, figure):
            artist.stale = False  # until something is drawn
    return np.array(figure.axes) if count > 1 else figure.axes[0]


def of_plots() -> Iterator[Entry]:
    """Figures, drawn on small Axes."""
    plot = rs.plot
    lines = {"color": "w", "legend": False}
    maps = {"x": "w_in", "y": "w_rec", "levels": 3, "cmap": "magma"}
    costs = {"variable": "cost", "points": [(1.0, 1.0)], "log": True, "norm": None}
    one_map = {"window": ((-1, 1), (0, 1)), "colorbar": False, "legend": False}
    yield Entry(
        "plot.basins", plot.basins, lambda: {"ds": settled(), "x": None, "y": None, "units": None, "alpha": 0.5, "legend": False}
    )
    yield Entry("plot.coarsened", plot.coarsened, lambda: {"array": surface().cost, "most": 3})
    yield Entry("plot.cobweb", plot.cobweb, lambda: {"ds": states().isel(sample=0), "curve": None, **lines})
    yield Entry("plot.cost_surface", plot.cost_surface, lambda: {"ds": surface(), **maps, **costs, **one_map})
    yield Entry(
        "plot.cost_surfaces",
        plot.cost_surfaces,
        lambda: {"ds": surface(), **maps, **costs, "windows": [None, ((-1, 1), (0, 1))], "ax": cleared(2)},
    )
    yield Entry(
        "plot.gradient_norm_map",
        plot.gradient_norm_map,
        lambda: {"ds": rs.surfaces.gradient_norm(surface()).to_dataset(), "variable": "gradient_norm", **maps, **one_map},
    )
    yield Entry(
        "plot.curves",
        plot.curves,
        lambda: {"ds": folds(), "x": "bias", "y": "residual", "name": None, "legend": False, "alpha": 0.5},
    )
    symlog = {"absolute": False, "backwards": True, "linthresh": 0.1}
    yield Entry(
        "plot.gradient_over_steps",
        plot.gradient_over_steps,
        lambda: {"ds": gradients(), "variable": "grad_state", **lines, **symlog},
    )
    yield Entry("plot.multipliers", plot.multipliers, lambda: {"ds": points(), "color": None, "legend": False})
    yield Entry("plot.orbit_diagram", plot.orbit_diagram, lambda: {"ds": orbits(), "x": "bias", "legend": False, "size": 1.0})
    yield Entry(
        "plot.orbit_diagram_with_exponents",
        plot.orbit_diagram_with_exponents,
        lambda: {"ds": orbits(), "exponents": exponents(), "x": "bias", "count": 1, "size": 1.0, "ax": cleared(2)},
    )
    yield Entry(
        "plot.phase_plane",
        plot.phase_plane,
        lambda: {"ds": planar(), "points": points(), "arrows": True, "directions": True, "legend": False},
    )
    yield Entry("plot.phase_portrait", plot.phase_portrait, lambda: {"ds": states(), **lines})
    yield Entry(
        "plot.predictions",
        plot.predictions,
        lambda: {
            "predicted": {"net": xr.DataArray(T1[:, :, 0].ravel(), dims="sample")},
            "data": xr.DataArray(np.ones(6), dims="sample"),
            "time": None,
            "line": None,
            "legend": False,
        },
    )
    yield Entry(
        "plot.singular_values",
        plot.singular_values,
        lambda: {"ds": products(), "limit": None, "cmap": "RdBu_r", "colorbar": False, "legend": True},
    )
    yield Entry(
        "plot.shared_legend",
        call_legend,
        lambda: {"panels": cleared(2), "more": Line2D([], []), "title": "b", "columns": 2},
    )
    yield Entry("plot.spectrum", plot.spectrum, lambda: {"ds": exponents(), "x": "bias", "exponents": 1, "legend": False})
    yield Entry(
        "plot.training_curves",
        plot.training_curves,
        lambda: {
            "ds": trained(),
            "variables": "cost",
            "band": (0.1, 0.9),
            "over": ["w"],
            "color": None,
            "log": None,
            "legend": False,
        },
    )
    yield Entry("plot.training_path", plot.training_path, lambda: {"ds": trained(), "x": "w_in", "y": "w_rec", **lines})
    yield Entry(
        "plot.trajectories",
        plot.trajectories,
        lambda: {"ds": states(), "variable": "state", "x": "step", **lines, "linewidth": "sample", "samples": [0, 1]},
    )
    yield Entry(
        "plot.weights",
        plot.weights,
        lambda: {
            "array": vector().parameters.w_rec.isel(gain=0),
            "name": None,
            "limit": None,
            "numbers": False,
            "cmap": "RdBu_r",
            "colorbar": False,
        },
    )


def with_axes(entry: Entry) -> Entry:
    """A figure drawn on Axes that are there."""

    def valid() -> dict[str, Any]:
        given = entry.valid()
        if entry.name not in ("plot.coarsened", "plot.shared_legend") and "ax" not in given:
            given["ax"] = cleared()
        return given

    return Entry(entry.name, entry.call, valid)


def of_layouts() -> Iterator[Entry]:
    """The look, the letters and the legend of whole figures."""
    plot = rs.plot
    yield Entry("plot.look", plot.look, dict)
    yield Entry("plot.panel_letters", plot.panel_letters, lambda: {"panels": cleared(2)})
    yield Entry("plot.shared_legend", plot.shared_legend, lambda: {"panels": cleared(2), "title": "units", "columns": 2})


def entries() -> list[Entry]:
    """All public callables."""
    makers = (of_verbs, of_stores, of_families, of_values, of_tasks, of_interop)
    return [*(entry for make in makers for entry in make()), *map(with_axes, of_plots()), *of_layouts()]


# --- what is public


def public() -> dict[str, Any]:
    """Every public callable by its name."""
    found: dict[str, Any] = {}
    for module, prefix in ((rs, ""), *((getattr(rs, name), f"{name}.") for name in MODULES)):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, types.ModuleType | str):
                continue
            found[f"{prefix}{name}"] = value
            if isinstance(value, type):
                found |= {f"{prefix}{name}.{method}": getattr(value, method) for method in METHODS if hasattr(value, method)}
    return found


METHODS = ("random", "isel", "sel", "replace", "at", "of", "inverse")


# --- what may stand in the place of an argument


class Odd:
    """An object of which everything raises."""

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("array")


class Wordy:
    """An object that is shown in many lines."""

    def __repr__(self) -> str:
        return "\n".join(["line of a long text"] * 40)


class Stranger(str):
    """A text that is shown otherwise."""

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Mute(Stranger):
    """A text that cannot be shown at all."""

    def __str__(self) -> str:
        raise RuntimeError("str")

    def __format__(self, how: str) -> str:
        raise RuntimeError("format")


def itself() -> list[Any]:
    """A list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


def in_a_dict() -> dict[str, Any]:
    """A dict that holds itself."""
    found: dict[str, Any] = {}
    found["a"] = found
    return found


def cube(*shape: int, dtype: Any = float) -> np.ndarray:
    return np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def over(*dims: Any, size: int = 2, **coords: Any) -> xr.DataArray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return xr.DataArray(np.ones((size,) * len(dims)), dims=dims, coords=coords)


VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "np.True_": lambda: np.True_,
    "np.False_": lambda: np.False_,
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    # numbers
    "0": lambda: 0,
    "1": lambda: 1,
    "2": lambda: 2,
    "-1": lambda: -1,
    "-2": lambda: -2,
    "10**12": lambda: 10**12,
    "10**30": lambda: 10**30,
    "-10**30": lambda: -(10**30),
    "10**400": lambda: 10**400,
    "0.5": lambda: 0.5,
    "1.0": lambda: 1.0,
    "1.5": lambda: 1.5,
    "-0.5": lambda: -0.5,
    "1e300": lambda: 1e300,
    "5e-324": lambda: 5e-324,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "1j": lambda: 1j,
    "np.int8": lambda: np.int8(1),
    "np.uint64": lambda: np.uint64(2**64 - 1),
    "np.int64": lambda: np.int64(-1),
    "np.float16": lambda: np.float16(0.5),
    "np.float32 nan": lambda: np.float32("nan"),
    "np.longdouble": lambda: np.longdouble("1e4000"),
    "np.complex64": lambda: np.complex64(1),
    "Decimal": lambda: Decimal("0.5"),
    "Fraction": lambda: Fraction(1, 2),
    # text and bytes
    "''": lambda: "",
    "'a'": lambda: "a",
    "'1'": lambda: "1",
    "' '": lambda: " ",
    "'w'": lambda: "w",
    "'sample'": lambda: "sample",
    "'cost'": lambda: "cost",
    "lines": lambda: "two\nlines",
    "null": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "long text": lambda: string.ascii_lowercase * 1000,
    "long name": lambda: string.ascii_lowercase * 12,
    "Stranger": lambda: Stranger("state"),
    "Mute": lambda: Mute("state"),
    "Mute dtype": lambda: Mute("float32"),
    "np.str_": lambda: np.str_("state"),
    "bytes": lambda: b"state",
    "bytearray": lambda: bytearray(b"ab"),
    "Path": lambda: Path("nowhere") / "here",
    # collections
    "[]": lambda: [],
    "()": lambda: (),
    "{}": lambda: {},
    "set()": set,
    "{1, 2}": lambda: {1, 2},
    "frozenset": lambda: frozenset({"a"}),
    "{'a': 1}": lambda: {"a": 1},
    "{1: 'a'}": lambda: {1: "a"},
    "[None]": lambda: [None],
    "[1]": lambda: [1],
    "(1, 2)": lambda: (1, 2),
    "['a']": lambda: ["a"],
    "['a', 'a']": lambda: ["a", "a"],
    "[[]]": lambda: [[]],
    "[{}]": lambda: [{}],
    "[nan]": lambda: [float("nan")],
    "ragged": lambda: [[1.0], [1.0, 2.0]],
    "mixed": lambda: [1, "a", None],
    "deep": lambda: [[[[1.0]]]],
    "itself": itself,
    "itself and more": lambda: [*itself(), [np.ones(2)]],
    "dict of itself": in_a_dict,
    "too deep": lambda: functools.reduce(lambda inner, _: [inner], range(2000), [1.0]),
    "range": lambda: range(3),
    "range(0)": lambda: range(0),
    "generator": lambda: (i for i in (1, 2)),
    "map": lambda: map(str, (1, 2)),
    "slice": lambda: slice(None),
    # arrays
    "empty": lambda: np.zeros(0),
    "empty matrix": lambda: np.zeros((0, 3)),
    "array()": lambda: np.array(1.0),
    "array(1)": lambda: cube(1),
    "array(2)": lambda: cube(2),
    "array(3)": lambda: cube(3),
    "array(2, 2)": lambda: cube(2, 2),
    "array(2, 3)": lambda: cube(2, 3),
    "array(1, 2, 3)": lambda: cube(1, 2, 3),
    "array of 32 dims": lambda: np.ones((1,) * 32),
    "int array": lambda: cube(2, 3, dtype=np.int64),
    "uint8 array": lambda: cube(3, dtype=np.uint8),
    "float16 array": lambda: cube(3, dtype=np.float16),
    "float32 array": lambda: cube(2, 3, dtype=np.float32),
    "big-endian array": lambda: cube(2, dtype=">f8"),
    "longdouble array": lambda: cube(2, dtype=np.longdouble),
    "bool array": lambda: np.array([True, False]),
    "complex array": lambda: cube(2, dtype=complex),
    "nan array": lambda: np.full((2, 3), np.nan),
    "inf array": lambda: np.full(2, np.inf),
    "huge array": lambda: np.full(2, 1e308),
    "object array": lambda: np.array([None, 1.0]),
    "text array": lambda: np.array(["a", "b"]),
    "bytes array": lambda: np.array([b"a", b"b"]),
    "date array": lambda: np.array(["2012-01-01", "NaT"], "M8[D]"),
    "timedelta array": lambda: np.array([1, 2], "m8[s]"),
    "structured array": lambda: np.zeros(2, [("a", float), ("b", int)]),
    "masked array": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    "read-only array": lambda: np.broadcast_to(1.0, (2, 3)),
    # labelled arrays
    "DataArray": lambda: over(),
    "DataArray(w)": lambda: over("w"),
    "DataArray(w) of 3": lambda: over("w", size=3),
    "DataArray(other)": lambda: over("other", other=[0.0, 1.0]),
    "DataArray(sample)": lambda: over("sample"),
    "DataArray(step)": lambda: over("step", size=3),
    "DataArray(epoch)": lambda: over("epoch"),
    "DataArray(unit)": lambda: over("unit"),
    "DataArray(unit, unit_from)": lambda: over("unit", "unit_from"),
    "DataArray(sample, step)": lambda: over("sample", "step"),
    "DataArray(state)": lambda: over("state"),
    "DataArray(cost)": lambda: over("cost"),
    "DataArray(w, w)": lambda: over("w", "w"),
    "DataArray(3)": lambda: over(3),
    "DataArray(None)": lambda: over(None),
    "DataArray(tuple)": lambda: over(("a", "b")),
    "DataArray(two words)": lambda: over("two words"),
    "DataArray(two lines)": lambda: over("two\nlines"),
    "DataArray of nothing": lambda: over("w", size=0),
    "DataArray of nan": lambda: over("w") * np.nan,
    "DataArray of objects": lambda: xr.DataArray(np.array([None, "a"], object), dims="w"),
    "DataArray of text": lambda: xr.DataArray(["a", "b"], dims="w"),
    "DataArray of dates": lambda: xr.DataArray(pd.date_range("2012-01-01", periods=2), dims="w"),
    "DataArray of complex": lambda: over("w") * 1j,
    "DataArray over dates": lambda: over("w", w=pd.date_range("2012-01-01", periods=2)),
    "DataArray over text": lambda: over("w", w=["a", "b"]),
    "DataArray over twice": lambda: over("w", w=[1.0, 1.0]),
    "DataArray over nan": lambda: over("w", w=[1.0, np.nan]),
    "DataArray over pairs": lambda: over("a", "b", a=[0, 1], b=[0, 1]).stack(w=("a", "b")),
    "DataArray by dask": lambda: over("w").chunk(),
    "Variable": lambda: xr.Variable("w", [1.0, 2.0]),
    "Dataset()": xr.Dataset,
    "Dataset": lambda: xr.Dataset({"cost": ("w", [1.0, 2.0])}),
    "Dataset of epochs": lambda: xr.Dataset({"cost": ("epoch", [1.0, 2.0])}),
    "Dataset of text": lambda: xr.Dataset({"cost": ("w", ["a", "b"]), "state": ("step", ["a", "b"])}),
    "Dataset of states": lambda: xr.Dataset({"state": (("step", "unit"), np.ones((3, 2)))}),
    "Dataset by numbers": lambda: xr.Dataset({3: ("w", [1.0, 2.0])}),
    "DataTree": lambda: xr.DataTree(xr.Dataset({"cost": 1.0})),
    # pandas
    "Series": lambda: pd.Series([1.0, 2.0], name="rain"),
    "DataFrame": lambda: pd.DataFrame({"a": [1.0, 2.0]}),
    "DataFrame()": pd.DataFrame,
    "DataFrame of text": lambda: pd.DataFrame({"rain": ["a", "b"], "wind": ["c", "d"]}),
    "DataFrame of NA": lambda: pd.DataFrame({"rain": pd.array([1, None], dtype="Int64"), "wind": [1, 2]}),
    "DataFrame of twice": lambda: pd.DataFrame(np.ones((4, 2)), columns=["rain", "rain"]),
    "DataFrame by pairs": lambda: pd.DataFrame({("a", "b"): [1.0], ("a", "c"): [2.0]}),
    "Index": lambda: pd.Index(["a", "b"]),
    "Categorical": lambda: pd.Categorical(["a", "b"]),
    "pd.NA": lambda: pd.NA,
    "NaT": lambda: pd.NaT,
    "Timestamp": lambda: pd.Timestamp("2012-01-01"),
    # other objects
    "datetime": lambda: datetime(2012, 1, 1),
    "date": lambda: date(2012, 1, 1),
    "timedelta": lambda: timedelta(1),
    "datetime64": lambda: np.datetime64("2012-01-01"),
    "object": object,
    "Odd": Odd,
    "Wordy": Wordy,
    "list of Odd": lambda: [Odd()],
    "function": lambda: lambda *args, **options: None,
    "method": lambda: [].append,
    "builtin": lambda: len,
    "ufunc": lambda: np.tanh,
    "class": lambda: int,
    "class Odd": lambda: Odd,
    "module": lambda: np,
    "exception": lambda: ValueError("wrong"),
    "random generator": lambda: np.random.default_rng(1),
    "dtype": lambda: np.dtype("float32"),
    "file": lambda: os.scandir,
    # of the package
    "network": lambda: scalar(),
    "network of units": lambda: vector(),
    "Readout": lambda: rs.Readout(1.0),
    "LowRank": lambda: rs.LowRank(np.ones((2, 1)), np.ones((2, 1))),
    "Optimizer": lambda: rs.SGD(0.1),
    "Clip": lambda: rs.ClipNorm(1.0),
    "schedule": lambda: rs.schedules.linear(0.1, 0.0, epochs=2),
    "axis": lambda: rs.axis("w", [0.5, 1.5]),
    "axis of text": lambda: rs.axis("w", ["a", "b"]),
    "class of networks": lambda: rs.Elman,
    "verb": lambda: rs.simulate,
    "result": lambda: states(),
    "surface": lambda: surface(),
    "Axes": lambda: cleared(),
    "two Axes": lambda: cleared(2),
    "Figure": lambda: cleared().figure,
}


def of_torch() -> dict[str, Callable[[], Any]]:
    torch = torch_or_none()
    if torch is None:
        return {}
    return {
        "tensor": lambda: torch.ones(2, 3),
        "tensor with a gradient": lambda: torch.ones(2, 3, requires_grad=True),
        "number with a gradient": lambda: torch.tensor(1.0, requires_grad=True),
        "bfloat16 tensor": lambda: torch.ones(2, dtype=torch.bfloat16),
        "meta tensor": lambda: torch.ones(2, device="meta"),
        "sparse tensor": lambda: torch.eye(2).to_sparse(),
        "complex tensor": lambda: torch.ones(2, dtype=torch.complex64),
        "module of torch": lambda: torch.nn.RNN(1, 2),
        "linear module": lambda: torch.nn.Linear(1, 2),
        "modules": lambda: torch.nn.Sequential(torch.nn.GRU(1, 2)),
    }


VALUES |= of_torch()


def changed_arrays(array: xr.DataArray) -> Iterator[tuple[str, Callable[[], Any]]]:
    """A valid array with something wrong."""
    for dim in array.dims:
        yield f"no {dim}", lambda dim=dim: array.isel({dim: slice(0)})
        yield f"one {dim}", lambda dim=dim: array.isel({dim: slice(1)})
        yield f"without {dim}", lambda dim=dim: array.isel({dim: 0}, drop=True)
        yield f"{dim} renamed", lambda dim=dim: array.rename({dim: "another"})
        yield f"{dim} by text", lambda dim=dim: array.assign_coords({dim: list(map(str, range(array.sizes[dim])))})
        yield f"{dim} all 1", lambda dim=dim: array.assign_coords({dim: np.ones(array.sizes[dim])})
        yield f"{dim} by nan", lambda dim=dim: array.assign_coords({dim: np.full(array.sizes[dim], np.nan)})
        yield f"{dim} by dates", lambda dim=dim: array.assign_coords({dim: pd.date_range("2012", periods=array.sizes[dim])})
        yield f"{dim} by objects", lambda dim=dim: array.assign_coords({dim: np.array([object()] * array.sizes[dim])})
        yield f"{dim} without values", lambda dim=dim: array.drop_vars(dim, errors="ignore")
    yield "one dimension more", lambda: array.expand_dims(another=2)
    for kind in (complex, object, str, "M8[s]", bool, np.float16):
        yield f"as {kind}", lambda kind=kind: array.astype(kind)
    yield "all nan", lambda: array * np.nan
    yield "all inf", lambda: xr.full_like(array, np.inf, float)
    yield "all 0", lambda: xr.zeros_like(array)


def changed_datasets(ds: xr.Dataset) -> Iterator[tuple[str, Callable[[], Any]]]:
    """A valid Dataset with something wrong."""
    for name in ds.data_vars:
        yield f"without {name}", lambda name=name: ds.drop_vars(name)
        yield f"{name} alone", lambda name=name: ds[name]
        for what, make in changed_arrays(ds[name]):
            yield (
                f"{name} {what}",
                lambda name=name, make=make: ds.drop_vars(name).drop_dims(ds[name].dims, errors="ignore").assign({name: make()}),
            )
    for dim in ds.sizes:
        yield f"no {dim}", lambda dim=dim: ds.isel({dim: slice(0)})
        yield f"one {dim}", lambda dim=dim: ds.isel({dim: slice(1)})
        yield f"without {dim}", lambda dim=dim: ds.isel({dim: 0}, drop=True)
        yield f"{dim} without values", lambda dim=dim: ds.drop_vars(dim, errors="ignore")
        yield f"{dim} renamed", lambda dim=dim: ds.rename({dim: "another"})
        yield f"{dim} by text", lambda dim=dim: ds.assign_coords({dim: list(map(str, range(ds.sizes[dim])))})
    yield "without attributes", lambda: ds.drop_attrs()


def replacements(value: Any) -> dict[str, Callable[[], Any]]:
    """All that may stand in the place of a valid value."""
    own: Iterator[tuple[str, Callable[[], Any]]] = iter(())
    if isinstance(value, xr.Dataset):
        own = changed_datasets(value)
    elif isinstance(value, xr.DataArray):
        own = changed_arrays(value)
    elif isinstance(value, np.ndarray) and value.ndim:
        own = changed_arrays(xr.DataArray(value))
        own = ((what, lambda make=make: make().values) for what, make in own if "one" in what or "as" in what or "no" in what)
    elif isinstance(value, tuple | list) and len(value) > 1:
        own = iter(
            [("short", lambda: value[:-1]), ("long", lambda: [*value, value[-1]]), ("one odd", lambda: [*value[:-1], Odd()])]
            + [("one None", lambda: [None, *value[1:]]), ("a set", lambda: frozenset(map(str, value)))]
        )
    return VALUES | {f"valid, but {what}": make for what, make in own}


# --- what may be accepted

FLAG = {"True", "False", "np.True_", "np.False_", "None"}
WHOLE = {"None", "0", "1", "2", "-1", "-2", "np.int8", "10**12"}
TEXT = {label for label in VALUES if label.startswith("'")} | {
    "None",
    "Stranger",
    "Mute",
    "Mute dtype",
    "np.str_",
    "lines",
    "null",
    "surrogate",
    "long text",
    "long name",
}
NAMES = TEXT | {
    "['a']",
    "['a', 'a']",
    "frozenset",
    "text array",
    "Index",
    "[]",
    "()",
    "set()",
    "range(0)",
    "empty",
    "generator",
    "map",
}
NUMBER = {label for label in VALUES if re.fullmatch(r"[-\d.*e]+|-?inf|np\.\w+( nan)?|array\(\)|DataArray|None", label)}
OF_ARGUMENTS = (
    (
        FLAG,
        "legend colorbar absolute backwards arrows directions log line numbers nesterov centered shuffle overwrite progress branches"
        " slow_points check",
    ),
    (
        WHOLE,
        "steps digits bits symbols length delay ahead units outputs epochs every batch_size patience truncate discard period max_points"
        " resolution max_attractors max_period workers most reorthonormalize",
    ),
    (TEXT, "x y color linewidth variable name along sweep loss encoding letters init variant how part target conflicts dim method"),
    (NAMES, "keep metrics train predictors parameters variables over columns resume_with"),
    (NUMBER, "alpha tolerance distance nearness probability density size linthresh limit"),
    ({"network", "network of units"}, "net"),
    ({"Axes", "two Axes", "None"}, "ax"),
    ({"None", "Readout"}, "readout"),
    (
        {"'a'", "'1'", "' '", "'w'", "'sample'", "'cost'", "Stranger", "Mute", "Mute dtype", "np.str_", "Path", "None"},
        "path to csv first second",
    ),
    ({"Optimizer"}, "optimizer"),
    ({"function", "verb", "None", "method"}, "slope curvature value"),
    ({label for label in VALUES if "Dataset" in label} | {"result", "surface", "None"}, "ds surface run resume exponents curve"),
)
ACCEPTABLE = {name: labels for labels, known in OF_ARGUMENTS for name in known.split()}
OTHERWISE = {  # arguments of the same name that are something else
    ("axis", "units"): TEXT,
    ("RMSprop", "alpha"): None,
    ("Cell", "alpha"): None,
    ("Cell.random", "alpha"): None,
    ("ClipNorm", "limit"): None,
    ("ClipValue", "limit"): None,
    ("plot.spectrum", "exponents"): WHOLE,
    ("lyapunov", "exponents"): WHOLE,
    ("sweep", "to"): {"None"},
    ("plot.weights", "array"): None,
    ("plot.cost_surface", "colorbar"): FLAG | {"Axes", "two Axes"},
    ("plot.shared_legend", "columns"): WHOLE,
}


def acceptable(case: "Case") -> bool:
    """Whether the values of a case may be accepted, as far as that is told."""
    for name, label in case.labels.items():
        known = OTHERWISE.get((case.entry.name, name), ACCEPTABLE.get(name))
        if known is not None and label in VALUES and label not in known:
            return False
    return True


# --- what becomes of a call

# What a message of another package says; own messages say none of it.
FOREIGN = re.compile(
    r"numpy\.|xarray\.core|pandas\.|numba|matplotlib|HDF|JSON|Traceback|<class|object at 0x|<function|dtype\(|\barray\(|"
    r"inhomogeneous|could not convert|setting an array|unhashable|has no attribute|unexpected keyword|positional argument|"
    r"not subscriptable|not iterable|not supported between|must be real number|cannot be interpreted|ufunc '\w+' [cd]|truth value|"
    r"broadcast|out of bounds|object is not|has no len|codec|ordinal|not JSON|Expected|expected|dtype="
)
OF_FILES = ("save", "open", "sweep", "merge", "tasks.weather_table", "tasks.weather")


class Case(NamedTuple):
    """A call with some arguments replaced."""

    entry: Entry
    labels: dict[str, str]

    def __str__(self) -> str:
        return f"{self.entry.name}({', '.join(f'{name}: {label}' for name, label in self.labels.items())})"


class Outcome(NamedTuple):
    """What became of a case: "accepted", "refused", or what is wrong; and what it returned or said."""

    kind: str
    said: str


def outcome(case: Case) -> Outcome:
    """Make a malformed call, and judge what comes of it."""
    given = case.entry.valid()
    for name, label in case.labels.items():
        try:
            given[name] = replacements(given.get(name))[label]()
        except Exception:  # some changes cannot be made to some values
            return Outcome("impossible", "")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = case.entry.call(**given)
        except BaseException as error:
            return judged(case, given, error)
    foreign = [str(w.message) for w in caught if not str(w.filename).startswith(PACKAGE) and not own_warning(w)]
    if foreign:
        return Outcome("warned", foreign[0])
    return Outcome("accepted" if acceptable(case) else "nonsense", one_line(result))


def own_warning(warning: Any) -> bool:
    """Whether the package itself warns: from a line that calls `warnings.warn`, or for its caller."""
    return issubclass(warning.category, RuntimeWarning) and "it " in str(warning.message)


def one_line(value: Any) -> str:
    try:
        return " ".join(repr(value).split())[:300]
    except Exception as error:
        return f"{type(value).__name__} that cannot be shown: {error!r}"


def raised_by_package(error: BaseException) -> bool:
    """Whether the last frame is one of the package's that stands at a `raise`."""
    last = list(traceback.walk_tb(error.__traceback__))[-1][0]
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    assert frame is not None
    code = last.f_code
    return code.co_filename.startswith(PACKAGE) and dis.opname[code.co_code[frame.tb_lasti]] == "RAISE_VARARGS"


def judged(case: Case, given: dict[str, Any], error: BaseException) -> Outcome:
    """Whether a refusal is a sentence of the package's own."""
    message = str(error)
    said = f"{type(error).__name__}: {message}"
    legal = type(error) in (ValueError, TypeError, MemoryError) or (case.entry.name in OF_FILES and isinstance(error, OSError))
    if not legal:
        return Outcome("other exception", said)
    if not raised_by_package(error):
        return Outcome("foreign", said)
    if error.__cause__ is not None or (error.__context__ is not None and not error.__suppress_context__):
        return Outcome("cause", said)
    if FOREIGN.search(message):
        return Outcome("foreign words", said)
    if "\n" in message or not message:
        return Outcome("lines", said)
    if len(message) > LONG:
        return Outcome("long", said)
    if not tells_where(case, given, message):
        return Outcome("nameless", said)
    for name in case.labels:
        if shows_much(message, given[name]):
            return Outcome("shows much", said)
    return Outcome("refused", said)


def tells_where(case: Case, given: dict[str, Any], message: str) -> bool:
    """Whether a message names the function, one of its arguments, or the Dataset or array that it was given."""
    function = case.entry.name.rpartition(".")[2]
    words = {
        function,
        *given,
        "Dataset",
        "an axis",
        "starts are no grid",
        "net",
        "Scaling",
        "inputs",
        "limit",
        "w_out",
        "prediction",
        "in layer",
    }
    words |= {name.removesuffix("_0") for name in given}
    words |= {str(name) for value in given.values() if isinstance(value, xr.Dataset) for name in value.variables}
    words |= {str(value.name) for value in given.values() if isinstance(value, xr.DataArray)}
    return any(word in message for word in words)


def shows_much(message: str, value: Any) -> bool:
    """Whether a message shows more of a value than it may."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception:
        return False
    text = " ".join(text[:4000].split())
    return any(text[i : i + SHOWN + 1] in message for i in range(0, max(1, len(text) - SHOWN), 7) if len(text) > SHOWN)


def singles() -> Iterator[Case]:
    """All calls with one argument replaced."""
    for entry in entries():
        for name, value in entry.valid().items():
            for label in replacements(value):
                yield Case(entry, {name: label})


def drawn(cases: list[Case], rng: Any, count: int, pairs: float = 0.2) -> Iterator[Case]:
    """Some cases, and of those a share with a second argument replaced."""
    by_name: dict[int, list[Case]] = {}
    for case in cases:
        by_name.setdefault(id(case.entry), []).append(case)
    for i in rng.permutation(len(cases))[:count]:
        case = cases[i]
        if rng.random() < pairs:
            others = by_name[id(case.entry)]
            case = Case(case.entry, case.labels | others[rng.integers(len(others))].labels)
        yield case
