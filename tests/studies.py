"""Studies, run as a user runs them, and what their figures and files are checked for."""

import importlib.util
import json
import os
import subprocess
import sys

from project import ROOT

CONVENTIONAL = (
    *("counting_cost_surface", "inference_dynamics", "counting_rprop", "sum_of_digits", "sum_of_digits_runaway"),
    "scalar_bifurcations",
)


def run(study, folder, *arguments):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    child = str(ROOT / "tests" / "study_child.py")
    command = [sys.executable, "-W", "error", child, str(ROOT / "sweeps" / study), *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not [problem for figure in figures(folder).values() for problem in figure["problems"]]
    check_conventions(folder)
    return done.stdout


def check_conventions(folder):
    """The CF checker, if it is there, has nothing to say of files that a study saved, even to recommend."""
    if importlib.util.find_spec("compliance_checker") is None:
        return
    runner = importlib.import_module("compliance_checker.runner")
    runner.CheckSuite.load_all_available_checkers()
    for file in (path for path in folder.rglob("*.nc") if path.stem in CONVENTIONAL):
        passed, crashed = runner.ComplianceChecker.run_checker(str(file), ["cf:1.11"], verbose=0, criteria="strict")
        assert passed and not crashed, file.name


def figures(folder):
    """What is known of the figures that studies saved here: their texts, and where those stand that are placed in the data."""
    return {path.stem: json.loads(path.read_text()) for path in (folder / "figures").glob("*.json")}
