"""Each study runs from a folder of its own, at tiny size, and leaves what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rnnsim as rs

ROOT = Path(__file__).parents[1]


def run(study, folder, *arguments):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(ROOT / "sweeps" / study), *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_counting_cost_surface(tmp_path):
    said = run("counting_cost_surface.py", tmp_path, "--points", "13")
    assert "338 networks" in said and "w_in = 1, w_rec = 1" in said
    with rs.open(tmp_path / "counting_cost_surface.nc") as ds:
        np.testing.assert_allclose(ds.cost.sel(w_in=2, w_rec=1), 28.35, rtol=1e-12)
    assert (tmp_path / "counting_cost_surface.png").stat().st_size > 10_000


def test_inference_dynamics(tmp_path):
    pytest.importorskip("scipy")
    said = run("inference_dynamics.py", tmp_path, "--points", "50", "--out", "results")
    ratios = [float(line.split()[2]) for line in said.splitlines() if line.startswith("0.0") and len(line.split()) == 3]
    assert len(ratios) >= 4 and all(abs(ratio - 2) < 0.02 for ratio in ratios[:-1])
    names = {
        "inference_dynamics.nc",
        "inference_portraits.png",
        "inference_trajectories.png",
        "inference_plane.nc",
        "inference_plane.png",
    }
    assert {path.name for path in (tmp_path / "results").iterdir()} == names
    with rs.open(tmp_path / "results" / "inference_plane.nc") as ds:
        assert ds.state.sizes == {"experiment": 2, "step": 101, "unit": 2}
        np.testing.assert_array_equal(ds.state[0, 1:, 0], ds.state[0, 1:, 1])  # equal weights


def test_stacked_networks(tmp_path):
    said = run("stacked_networks.py", tmp_path, "--text", "hello")
    assert "the output is the top layer's last state: True" in said and "an embedding give the same: True" in said
    assert "inputs of another size: inputs has 4 features, but w_in takes 26" in said
    by_hand = [float(line.split()[-1]) for line in said.splitlines() if "by hand differs" in line or "PyTorch's nn.RNN" in line]
    assert len(by_hand) >= 2 and max(by_hand) < 1e-15
    with rs.open(tmp_path / "stacked_networks.nc") as ds:
        assert list(ds.letter.values) == ["", *"hello"] and ds.state_1.sizes == {"step": 6, "unit_1": 3}
    assert (tmp_path / "stacked_networks.png").stat().st_size > 10_000


def test_gradient_flow(tmp_path):
    run("gradient_flow.py", tmp_path, "--points", "2", "--seeds", "2")
    with rs.open(tmp_path / "gradient_flow.nc") as ds:
        norm = ds.gradient_norm
        assert set(norm.dims) == {"cell", "depth", "length", "gain", "layer", "step"}
        start = norm.sel(depth=1, length=100, layer=0, step=0)
        assert (start.isel(gain=0) < 1e-10).all() and (start.isel(gain=-1) > 1).all()  # vanishing and exploding
        assert norm.sel(depth=1, layer=1).isnull().all()
        np.testing.assert_allclose(norm.sel(depth=4, length=100, layer=3, step=100), 1.0)
    assert (tmp_path / "gradient_flow.png").stat().st_size > 10_000


def test_saved_results_are_cf_files(tmp_path, capsys):
    runner = pytest.importorskip("compliance_checker.runner")
    runner.CheckSuite.load_all_available_checkers()
    run("counting_cost_surface.py", tmp_path, "--points", "13")
    run("inference_dynamics.py", tmp_path, "--points", "50")
    for file in ("counting_cost_surface.nc", "inference_dynamics.nc"):
        passed, crashed = runner.ComplianceChecker.run_checker(str(tmp_path / file), ["cf:1.11"], verbose=0, criteria="strict")
        assert passed and not crashed, capsys.readouterr().out


@pytest.mark.parametrize("study", sorted(path.name for path in (ROOT / "sweeps").glob("*.py")))
def test_studies_say_what_they_do_and_are_short(study, tmp_path):
    said = run(study, tmp_path, "--help")
    assert "--out" in said
    source = (ROOT / "sweeps" / study).read_text()
    assert len(source.splitlines()) <= 110 and "from rnnsim" not in source
