"""With NUMBA_DISABLE_JIT=1 cells, functions and small kernels run as plain Python, and to rounding as compiled."""

import os
import subprocess
import sys

import numpy as np
import pytest
from project import TESTS

import rnnsim as rs

SCRIPT = """
import sys, numpy as np, rnnsim as rs
net = rs.Elman(0.7, rs.axis("w", [0.5, 1.5, -2.0]), 0.1, 0.3, leak=rs.axis("leak", [0.4, 1.0]), activation=sys.argv[2])
ds = rs.backprop(net, np.linspace(-1, 1, 8).reshape(2, 4), [0.2, np.nan], keep=("cost", "grad", "grad_state", "state", "increment"))
np.savez(sys.argv[1], **{name: ds[name].values for name in ds})
"""


UNITS = """
import sys, numpy as np, rnnsim as rs
rng = np.random.default_rng(0)
gates = {"Elman": (), "GRU": (3,), "LSTM": (4,)}[sys.argv[2]]
units = int(sys.argv[3])
net = getattr(rs, sys.argv[2])(rng.normal(size=(*gates, units, 2)), rng.normal(size=(*gates, units, units)), h0=rng.normal(size=units))
keep = ("cost", "grad", "grad_state", "state", "preactivation", "grad_input")
ds = rs.backprop(net, rng.normal(size=(5, 3, 2)), rng.normal(size=(5, units)), keep=keep)
np.savez(sys.argv[1], **{name: ds[name].values for name in ds})
"""


STACK = """
import sys, numpy as np, rnnsim as rs
from rnnsim.functions import exp
rng = np.random.default_rng(0)
bell = rs.Activation(lambda a: exp(-a * a), lambda a: -2.0 * a * exp(-a * a))
layers = [
    rs.Embedding(rng.normal(size=(4, 2))),
    rs.Elman(rng.normal(size=(3, 2)), rs.vary(np.eye(3), (0, 1), rs.axis("w", [0.1, 0.2, 0.3])), activation=bell),
    rs.GRU(rng.normal(size=(3, 2, 3)), rng.normal(size=(3, 2, 2))),
]
net = rs.Stack(layers, readout=rs.Readout(rng.normal(size=(5, 2))))
keep = ("cost", "grad", "grad_state_0", "state_1", "preactivation_1", "output")
ds = rs.backprop(net, rng.integers(4, size=(5, 3)), rng.integers(-1, 5, size=(5, 3)), loss="cross_entropy", keep=keep)
np.savez(sys.argv[1], **{name: ds[name].values for name in keep if name != 'grad'} | {name: ds[name].values for name in ds})
"""


EXPONENTS = """
import sys, numpy as np, rnnsim as rs
rng = np.random.default_rng(0)
layers = [rs.GRU(rng.normal(size=(3, 3, 2)), rng.normal(size=(3, 3, 3)), h0=0.2), rs.Elman(np.eye(2, 3), 0.5 * np.eye(2), leak=0.5)]
nets = {
    "stack": rs.Stack(layers),
    "units": rs.Elman(rng.normal(size=(33, 2)), rng.normal(size=(33, 33)) / 6, h0=0.1),
    "scalar": rs.Elman(1.0, rs.axis("w", [0.5, 2.0]), h0=0.2),
}
for interval in (1, "adaptive"):
    for name, net in nets.items():
        inputs = rng.normal(size=(9, 2)) if not net.scalar else rng.normal(size=9)
        count = 5 if name == "units" else None
        ds = rs.lyapunov(net, inputs, discard=2, exponents=count, reorthonormalize=interval, keep="lyapunov_exponent")
        np.savez(f"{sys.argv[1]}-{name}-{interval}.npz", exponents=ds.lyapunov_exponent.values)
"""


POINTS = """
import sys, numpy as np, rnnsim as rs
rng = np.random.default_rng(0)
nets = [rs.Elman(0.0, rs.axis("w", [0.5, 1.5]), 0.1, activation=phi) for phi in ("tanh", "sigmoid", "relu", "linear")]
nets += [rs.Elman(np.ones((2, 1)), rng.normal(size=(2, 2)) * 2.0, 0.1, activation=phi) for phi in ("tanh", "relu")]
nets += [rs.GRU(np.zeros(3), np.array([0.3, 0.2, 2.5])), rs.LSTM(np.zeros(4), np.array([0.3, 0.2, 2.5, 0.1]))]
found = [rs.fixed_points(net, starts=None if i < 7 else 6, max_points=5, slow_points=i == 7) for i, net in enumerate(nets)]
np.savez(sys.argv[1], **{f"{name} {i}": ds[name].values for i, ds in enumerate(found) for name in ds if name != "residual"})
"""


TRAINING = """
import sys, numpy as np, rnnsim as rs
rng = np.random.default_rng(0)
x, y = rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4, 2))
def layer(cell, units, **more):
    return getattr(rs, cell).random(units, 2, seed=rs.axis("s", [1, 2]), readout=rs.Readout.random(units, 2, seed=3), **more)
nets = {
    "scalar": (rs.Elman(0.3, rs.axis("w", [0.1, 0.9])), x[..., 0], y[..., 0]),
    "lanes": (layer("Elman", 3), x, y),
    "units": (layer("LSTM", 4), x, y),
    "many": (layer("Elman", 18, noise=0.2), x, y),
}
found = {}
for name, (net, inputs, targets) in nets.items():
    held_out = {"validation": (inputs[:2], targets[:2]), "metrics": "rounded_accuracy"}
    for which, options in enumerate((
        {"optimizer": rs.Adam(0.02), "patience": 2},
        {"optimizer": rs.SGD(0.1, 0.3), "batch_size": 2, "shuffle": True, "clip": 0.3, **held_out},
        {"optimizer": rs.SGD(rs.axis("lr", [0.01, 1e200])), "truncate": 2},
    )):
        run = rs.train(net, inputs, targets, epochs=3, progress=False, **options)
        found |= {f"{name} {which} {variable}": run[variable].values for variable in run}
np.savez(sys.argv[1], **found)
"""


def python(*arguments, jit):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0" if jit else "1", "PYTHONPATH": str(TESTS.parent)}
    done = subprocess.run([sys.executable, *arguments], env=environment, cwd=TESTS.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_of_cells_functions_and_lanes_pass():
    python(
        "-m",
        "pytest",
        "-q",
        "tests/equations/test_cells.py",
        "tests/numerics/test_functions.py",
        "tests/numerics/test_lanes.py",
        "tests/numerics/test_blocks.py",
        jit=False,
    )


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "sigmoid"])
def test_kernels_give_the_same_numbers(activation, tmp_path):
    for jit in (True, False):
        python("-c", SCRIPT, tmp_path / f"{jit}.npz", activation, jit=jit)
    compiled, plain = (np.load(tmp_path / f"{jit}.npz") for jit in (True, False))
    for name in compiled:
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-13, atol=1e-15, err_msg=name)
    assert set(compiled) == {
        "cost",
        "diverged_at",
        "grad_state",
        "state",
        "increment",
        *(f"grad_{p}" for p in rs.Elman(1, 1, leak=0.5).trainable),
    }


@pytest.mark.parametrize(("cell", "units"), [("Elman", 18), ("GRU", 3), ("LSTM", 18)])
def test_kernels_of_many_units_give_the_same_numbers(cell, units, tmp_path):
    for jit in (True, False):
        python("-c", UNITS, tmp_path / f"{jit}.npz", cell, str(units), jit=jit)
    compiled, plain = (np.load(tmp_path / f"{jit}.npz") for jit in (True, False))
    assert {"cost", "grad_w_in", "grad_w_rec", "grad_h0", "state", "preactivation"} < set(compiled)
    for name in compiled:
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-12, atol=1e-14, err_msg=name)


def test_stacks_give_the_same_numbers(tmp_path):
    for jit in (True, False):
        python("-c", STACK, tmp_path / f"{jit}.npz", jit=jit)
    compiled, plain = (np.load(tmp_path / f"{jit}.npz") for jit in (True, False))
    assert {"grad_table", "grad_w_out", "grad_w_rec_1", "output"} < set(compiled)
    for name in compiled:
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-12, atol=1e-14, err_msg=name)


def test_exponents_are_the_same_numbers(tmp_path):
    for jit in (True, False):
        python("-c", EXPONENTS, tmp_path / str(jit), jit=jit)
    compiled = sorted(tmp_path.glob("True-*.npz"))
    assert len(compiled) == 6
    for file in compiled:
        plain = np.load(file.with_name(file.name.replace("True", "False")))["exponents"]
        np.testing.assert_allclose(plain, np.load(file)["exponents"], rtol=1e-12, atol=1e-13, err_msg=file.name)


def test_training_gives_the_same_numbers(tmp_path):
    for jit in (True, False):
        python("-c", TRAINING, tmp_path / f"{jit}.npz", jit=jit)
    compiled, plain = (np.load(tmp_path / f"{jit}.npz") for jit in (True, False))
    assert {"lanes 0 grad_norm", "many 1 validation_rounded_accuracy", "many 2 diverged_at"} < set(compiled) == set(plain)
    for name in compiled:
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-10, atol=1e-12, err_msg=name)


def test_second_derivatives_are_exact():
    python(
        "-m",
        "pytest",
        "-q",
        "tests/verbs/hessian/test_curvature.py",
        "-k",
        "counting or elman_networks or newton or cross_entropy",
        jit=False,
    )


def test_fixed_points_are_the_same(tmp_path):
    for jit in (True, False):
        python("-c", POINTS, tmp_path / f"{jit}.npz", jit=jit)
    compiled, plain = (np.load(tmp_path / f"{jit}.npz") for jit in (True, False))
    assert "state 7" in set(compiled) and (compiled["point_count 0"] == [1, 3]).all()
    for name in compiled:
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-10, atol=1e-12, err_msg=name)
