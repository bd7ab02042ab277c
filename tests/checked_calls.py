"""Calls over all verbs, cells and layouts, small: what other builds of the kernels are compared on. Run as a script it prints the
hashes of their results."""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
import xarray as xr

import rnnsim as rs
from rnnsim.runs.provenance import fingerprint

GAIN = rs.axis("gain", [0.5, 1.5, 3.0])
Calls = Iterator[tuple[str, Callable[[], xr.Dataset]]]


def numbers(*shape: int) -> np.ndarray:
    return np.sin(np.arange(1.0, 1.0 + np.prod(shape))).reshape(shape)


def scalar() -> Calls:
    """Lanes in rows of a block."""
    net = rs.Elman(0.5, rs.axis("w_rec", np.linspace(-2, 2, 37)))
    yield "scalar", partial(rs.backprop, net, numbers(3, 5), numbers(3), keep=("cost", "grad", "state"))


def units() -> Calls:
    """Frames in a room that stand where a program has laid them."""
    net = rs.Elman.random(3, 2, gain=GAIN, h0="gaussian")
    yield "units", partial(rs.backprop, net, numbers(5, 6, 2), numbers(5, 3), keep=("cost", "grad", "state"))


def layers() -> Calls:
    """Networks of many sizes, on many samples and steps."""
    kinds = (
        (rs.Elman, 1, "float64"),
        (rs.Elman, 40, "float64"),
        (rs.Elman, 9, "float32"),
        (rs.GRU, 3, "float64"),
        (rs.LSTM, 3, "float64"),
    )
    for (cell, units, dtype), samples, steps in product(kinds, (1, 9, 33), (1, 6)):
        net = cell.random(units, 2, gain=GAIN, h0="gaussian", readout=rs.Readout.random(units, 2, seed=1))
        given = numbers(samples, steps, 2), numbers(samples, steps, 2)
        kept = ("cost", "grad", "grad_state", "state", "output")
        yield f"{cell.__name__} {units} {samples} {steps} {dtype}", partial(rs.backprop, net, *given, keep=kept, dtype=dtype)
    one = rs.Elman.random(70, 3)
    yield "one network", partial(rs.backprop, one, numbers(70, 5, 3), numbers(70, 70))
    yield "one sample", partial(rs.simulate, one, numbers(300, 3), keep=("state", "final_state"))
    for units, samples in ((3, 9), (3, 33), (40, 9)):
        factors = rs.LowRank(
            numbers(units, 2), GAIN * xr.DataArray(numbers(units, 2), dims=("unit", "rank")), numbers(units, units)
        )
        net = rs.Elman(numbers(units, 2), factors, h0=0.1)
        given = numbers(samples, 6, 2), numbers(samples, units)
        yield f"low rank {units} {samples}", partial(rs.backprop, net, *given, keep=("cost", "grad", "state", "overlap"))
    stack = rs.Stack([rs.Embedding(numbers(4, 3)), rs.LSTM.random(3, 3, gain=GAIN), rs.GRU.random(2, 3)])
    tokens, targets = np.arange(12).reshape(3, 4) % 4, np.arange(3) % 2
    yield "stack", partial(rs.backprop, stack, tokens, targets, loss="cross_entropy")


def training() -> Calls:
    nets = {"scalar": rs.Elman(0.5, rs.axis("w", np.linspace(-2, 2, 9))), "units": rs.Elman.random(5, 2, gain=GAIN)}
    nets["large"] = rs.Elman.random(40, 2, gain=GAIN)
    options: list[dict] = [{}, {"batch_size": 2, "shuffle": True}, {"truncate": 2}, {"batch_size": 3, "truncate": 4, "clip": 0.1}]
    for (name, net), (i, option) in product(nets.items(), enumerate(options)):
        given = (numbers(7, 6), numbers(7)) if net.scalar else (numbers(7, 6, 2), numbers(7, net.units))
        train = partial(rs.train, net, *given, optimizer=rs.Adam(0.1), epochs=3, progress=False, validation=given)
        yield f"{name} {i}", partial(train, **option)


def dynamics() -> Calls:
    units, plane = rs.Elman.random(3, 2, gain=GAIN, h0="gaussian"), rs.Elman(0.0, rs.axis("w_rec", [-2.5, 0.5, 2.5]), h0=0.1)
    gated, lstm = rs.GRU.random(2, 2, gain=GAIN, h0="gaussian"), rs.LSTM.random(2, 2, gain=GAIN, h0="gaussian")
    for name, net in {
        "units": units,
        "scalar": plane,
        "gru": gated,
        "lstm": lstm,
        "large": rs.Elman.random(40, h0="gaussian"),
    }.items():
        x = numbers(2, 7) if net.scalar else numbers(2, 7, net.inputs)
        y = numbers(2) if net.scalar else numbers(2, net.units)
        yield f"lyapunov {name}", partial(rs.lyapunov, net, x, discard=2, reorthonormalize=2, keep=("spectrum", "history"))
        yield f"adaptive {name}", partial(rs.lyapunov, net, x, reorthonormalize="adaptive", exponents=1, keep="lyapunov_exponent")
        yield f"propagation {name}", partial(rs.propagation, net, x, targets=y)
        yield f"orbits {name}", partial(rs.orbit_diagram, net, steps=8, discard=9)
        if name != "large":
            yield f"points {name}", partial(rs.fixed_points, net, slow_points=True)
            yield f"cycles {name}", partial(rs.fixed_points, net, period=2, starts=9)
            yield f"curvature {name}", partial(rs.curvature, net, x, y)
    line = rs.Elman.random(2, gain=rs.axis("gain", np.linspace(0.5, 3, 6)))
    yield "bifurcations", partial(rs.bifurcations, line, "gain", branches=True, starts=5, resolution=8)
    yield "bifurcations scalar", partial(rs.bifurcations, rs.Elman(0.0, 1.5, rs.axis("bias", [-1.0, 1.0])), branches=True)
    yield "basins", partial(rs.basins, rs.Elman(0.0, 2.0, h0=rs.axis("start", np.linspace(-1, 1, 33))), discard=50)


SETS = {"scalar": [scalar], "few": [scalar, units], "all": [scalar, units, layers, training, dynamics]}


def hashes(which: str) -> dict[str, str]:
    """A hash of the result of each call."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, call in (named for calls in SETS[which] for named in calls()):
            ds = call()
            found[name] = fingerprint({str(variable): ds[variable] for variable in sorted(ds.variables)})
            print(name, file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    print(json.dumps(hashes(sys.argv[1])))
