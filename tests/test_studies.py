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
    names = {"inference_dynamics.nc", "inference_portraits.png", "inference_trajectories.png"}
    assert {path.name for path in (tmp_path / "results").iterdir()} == names


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
    assert "--points" in said and "--out" in said
    source = (ROOT / "sweeps" / study).read_text()
    assert len(source.splitlines()) <= 70 and "from rnnsim" not in source
