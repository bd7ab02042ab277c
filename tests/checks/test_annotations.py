"""A type checker finds what is wrong in a user's script, and nothing in one that is right."""

import subprocess
import sys

import pytest
from project import ROOT

# other packages, and kernels, are left out for speed
CONFIG = f"""
[mypy]
follow_imports = skip
ignore_missing_imports = true
mypy_path = {ROOT}
[mypy-rnnsim.*]
follow_imports = silent
[mypy-rnnsim.kernels.*,rnnsim.numerics.*]
follow_imports = skip
"""
BEGIN = """
import numpy as np
import rnnsim as rs

net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", [0.5, 1.5]))
inputs = np.zeros(9)
"""
RIGHT = """
rs.backprop(net, inputs, 0.5, loss=rs.Loss(lambda y, t: (y - t) ** 4))
rs.simulate(net, [0, 1, 0], keep=["state", "output"], dtype="float32")
rs.backprop(net, inputs, 0.5, loss="mse", keep="cost")
optimizer = rs.Rprop("irprop+", step=rs.axis("step", [0.1, 0.2]))
rs.train(net, inputs, 0.5, optimizer=optimizer, epochs=np.int64(3), validation=(inputs, 0.5), metrics="rounded_accuracy")
layers = [rs.Embedding(np.eye(3)), rs.Elman(np.eye(3), np.eye(3))]
rs.Stack(layers, readout=rs.Readout(np.ones((2, 3))))
rs.sweep(rs.lyapunov, net, steps=9, reorthonormalize="adaptive", to="exponents.zarr", memory="64MB")
gated = rs.GRU.random(np.int64(5), 3, gain=rs.axis("gain", [0.5, 1.5]), seed=rs.axis("seed", range(3)), h0="gaussian")
rs.Stack([rs.Embedding(np.eye(3)), gated.isel(gain=0, seed=[0, -1])], readout=rs.Readout.random(5)).replace(h0_0=0.0).axes
rs.Elman(np.ones((2, 1)), rs.vary(np.eye(2), (0, -1), rs.axis("w", [0, 1])), h0=[0.1, 0.2]).sel(w=0.4, method="nearest")
training, test = rs.tasks.split(rs.tasks.weather(part="training"), [0.8, 0.2])
surface = rs.backprop(net, rs.tasks.sum_of_digits(9, encoding="integer"))
ax = rs.plot.cost_surface(surface, points=np.ones((2, 2)), window=[(0, 2), (0, 2)], levels=[1.0, 2.0], log=np.bool_(True))
rs.plot.training_curves(surface, ["cost"], band=[0.1, 0.9], over=(), ax=ax).set_title("costs")
"""
WRONG = {
    'rs.backprop(net, inputs, 0.5, loss="hubr")': "expected \"Literal['mse', 'cross_entropy', 'absolute', 'huber', 'poisson', 'logistic']",
    'rs.simulate(net, inputs, kep="state")': 'Unexpected keyword argument "kep" for "simulate"',
    'rs.train(net, inputs, 0.5, optimizer="sgd", epochs=3)': 'expected "Optimizer"',
    'rs.orbit_diagram(net, along="w_rec", sweep="left")': "expected \"Literal['up', 'down', 'both']\"",
    'rs.Elman(1.0, 1.0, activation="selu")': "expected \"Literal['tanh', 'linear', 'relu', 'sigmoid', 'softplus',",
    'rs.GRU.random(5, init="glorot")': "expected \"Literal['gaussian', 'orthogonal', 'uniform', 'identity',",
    "net.replase(w_rec=2.0)": '"Elman" has no attribute "replase"',
    'rs.tasks.split(inputs, how="space")': "expected \"Literal['time', 'random']\"",
    'rs.plot.trajectories(inputs, colour="w_rec")': 'Unexpected keyword argument "colour" for "trajectories"',
}


def test_a_type_checker_finds_wrong_arguments_and_nothing_else(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "mypy.ini").write_text(CONFIG)
    (tmp_path / "right.py").write_text(BEGIN + RIGHT)
    (tmp_path / "wrong.py").write_text(BEGIN + "\n".join(WRONG) + "\n")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "right.py", "wrong.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    errors = [line.partition(" error: ") for line in run.stdout.splitlines() if " error: " in line]
    first = BEGIN.count("\n") + 1
    assert [place for place, _, _ in errors] == [f"wrong.py:{first + i}:" for i in range(len(WRONG))], run.stdout + run.stderr
    for (_, _, said), expected in zip(errors, WRONG.values(), strict=True):
        assert expected in said
