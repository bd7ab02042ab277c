"""The name, dimensions, type, units and meaning of every variable that verbs, tasks and others return are those of a file.

After a change that is meant, `python tests/runs/test_variables.py` writes the file anew.
"""

import tempfile
from pathlib import Path

import numpy as np
import pytest

import rnnsim as rs
from rnnsim.families.result_variables import DECLARED, EXPONENTS, MEANINGS, PROPAGATED, SIMULATED, of_parameter, of_state

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "variables.txt"
GAIN = rs.axis("gain", [0.5, 1.5], long_name="gain of the loop", units="V")


def verbs():
    """A call of every verb with all that it can keep, of a scalar family, and of LSTMs where they have more."""
    x, targets = np.ones((2, 5)), np.ones(2)
    net = rs.Elman(1.0, GAIN, 0.1)
    gated = rs.LSTM(np.ones((4, 2, 1)), GAIN * rs.LSTM.random(2)["w_rec"])
    of_lstms = np.ones((2, 5, 1)), np.ones((2, 2))
    of_all = tuple(name for name in SIMULATED if name != "overlap")
    states = tuple(name for name in of_all if "cell" not in name)
    low = rs.Elman(np.ones((2, 1)), rs.LowRank(np.ones((2, 1)), np.ones((2, 1))), GAIN)
    yield "simulate", lambda: rs.simulate(net, x, keep=states)
    yield "simulate, LSTM", lambda: rs.simulate(gated, of_lstms[0], keep=(*of_all, "cell_state", "final_cell_state"))
    yield "simulate, low rank", lambda: rs.simulate(low, of_lstms[0], keep="overlap")
    yield "backprop", lambda: rs.backprop(net, x, targets, keep=("cost", "grad", "grad_state", "grad_preactivation", "grad_input"))
    yield "backprop, LSTM", lambda: rs.backprop(gated, *of_lstms, keep=("grad", "grad_state"))
    options = {"optimizer": rs.Adam(0.1), "epochs": 2, "validation": (x, targets), "metrics": "rounded_accuracy", "patience": 5}
    yield "train", lambda: rs.train(net, x, targets, **options)
    yield "lyapunov", lambda: rs.lyapunov(net, x, keep=tuple(EXPONENTS))
    yield "fixed_points", lambda: rs.fixed_points(net, slow_points=True)
    yield "fixed_points, cycles", lambda: rs.fixed_points(net, period=2)
    along = rs.Elman(1.0, GAIN, rs.axis("bias", [-1.0, 1.0]))
    yield "bifurcations", lambda: rs.bifurcations(along, branches=True)
    yield "propagation", lambda: rs.propagation(net, x, targets=targets, keep=tuple(PROPAGATED))
    yield "curvature", lambda: rs.curvature(net, x, targets)
    yield "orbit_diagram", lambda: rs.orbit_diagram(net, steps=4, discard=20)
    starts = net.replace(h0=rs.axis("start", np.linspace(-1, 1, 8)))
    yield (
        "basins",
        lambda: rs.basins(starts, steps=4, discard=100, keep=("attractor", "fraction", "attractor_state", "attractor_period")),
    )


def tasks():
    """A small one of every task."""
    yield "counting", lambda: rs.tasks.counting(samples=2, steps=3)
    for encoding in ("integer", "one_hot", "index"):
        yield f"sum_of_digits, {encoding}", lambda encoding=encoding: rs.tasks.sum_of_digits(samples=2, encoding=encoding)
    yield "next_letter", rs.tasks.next_letter
    yield "adding", lambda: rs.tasks.adding(samples=2, steps=4)
    yield "delayed_recall", lambda: rs.tasks.delayed_recall(samples=2)
    yield "flip_flop", lambda: rs.tasks.flip_flop(samples=2, steps=3)
    yield "weather_table", rs.tasks.weather_table
    yield "weather", rs.tasks.weather


def swept():
    """A store of a sweep, as it stands on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        rs.sweep(rs.simulate, rs.Elman(1.0, GAIN), np.ones(3), to=f"{folder}/x.zarr", progress=False)
        return rs.open(f"{folder}/x.zarr").load()


def others():
    """What is no verb's and no task's."""
    layers = rs.Embedding(np.ones((3, 2))), rs.Elman.random(2, 2), rs.GRU.random(2, 2), rs.LSTM.random(2, 2)
    yield "parameters", lambda: rs.Stack(layers, readout=rs.Readout.random(2)).parameters
    net = rs.Elman(rs.axis("w_in", np.linspace(0.0, 2.0, 5)), rs.axis("w_rec", np.linspace(-1.0, 1.0, 5)), activation="linear")
    surface = rs.backprop(net, [[0, 1, 1], [1, 0, 0]], [2, 1])
    yield "gradient_norm", lambda: rs.surfaces.gradient_norm(surface).to_dataset()
    yield "minima", lambda: rs.surfaces.minima(surface)
    yield "cliffs", lambda: rs.surfaces.cliffs(surface)
    yield "a store", swept


def described(what, ds):
    for name, variable in sorted(ds.variables.items()):
        attrs = {key: np.asarray(value).tolist() for key, value in variable.attrs.items() if key != "long_name"}
        rest = "".join(f"; {key} {value}" for key, value in sorted(attrs.items()))
        kind = variable.dtype.str[1:] if variable.dtype.kind not in "OUT" else "text"
        yield f"{what}: {name} ({', '.join(map(str, variable.dims))}) {kind}; {variable.attrs.get('long_name', '-')}{rest}"


def of_registry():
    of_cells = DECLARED - {*of_parameter("leak", (), ""), *of_state("cell_state"), *of_parameter("c0", (), "")}
    return sorted(
        f"{name} ({', '.join(dims)}); {long_name}" for name, (dims, long_name) in MEANINGS.items() if name not in of_cells
    )


CALLS = [*verbs(), *tasks(), *others()]


def saved():
    """The lines of the file by what stands before their colon."""
    found = {}
    for line in SNAPSHOT.read_text().splitlines():
        what, colon, _ = line.partition(": ")
        found.setdefault(what if colon else "", []).append(line)
    return found


def test_meanings_are_as_they_were():
    assert of_registry() == saved()[""]


@pytest.mark.parametrize(("what", "call"), CALLS, ids=[what for what, _ in CALLS])
def test_variables_are_as_they_were(what, call):
    assert list(described(what, call())) == saved()[what]


if __name__ == "__main__":
    found = [line for what, call in CALLS for line in described(what, call())]
    SNAPSHOT.write_text("\n".join([*of_registry(), *found]) + "\n")
