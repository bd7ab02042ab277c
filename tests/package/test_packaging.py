"""What is handed on: the source distribution with all that its tests need, what it says of itself, and what a test run says."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import conftest
import pytest
from project import PROJECT, ROOT

import rnnsim as rs

FOLDERS = ("rnnsim", "tests", "benchmarks", "sweeps", "docs", ".ci")
FILES = ("pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE")
BUILD = "import setuptools.build_meta as meta, sys; print(meta.build_sdist(sys.argv[1]))"


def sources(folder):
    wanted = (path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".typed") or folder in ("docs", ".ci"))
    return {str(path.relative_to(ROOT)) for path in wanted}


def test_the_source_distribution_has_everything_that_its_tests_need(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    copy, out = tmp_path / "copy", tmp_path / "out"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(ROOT / file, copy / file)
    (copy / "tests" / "left.nc").touch()
    out.mkdir()
    command = [sys.executable, "-c", BUILD, str(out)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (made,) = out.iterdir()
    with tarfile.open(made) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    assert made.name == f"rnnsim_dynamics-{rs.__version__}.tar.gz"
    wanted = set(FILES).union(*map(sources, FOLDERS))
    assert wanted - found == set()
    assert not {name for name in found - wanted if Path(name).suffix in (".py", ".pyc", ".nc")}


def test_every_folder_of_the_package_is_installed():
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "rnnsim").rglob("*.py")}
    setuptools = pytest.importorskip("setuptools")
    assert set(setuptools.find_packages(ROOT, **PROJECT["tool"]["setuptools"]["packages"]["find"])) == folders


def test_the_readme_names_the_distribution():
    assert f"`{PROJECT['project']['name']}`" in (ROOT / "README.md").read_text()


def test_metadata_say_for_whom_and_by_whom():
    project = PROJECT["project"]
    versions = [line for line in project["classifiers"] if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", line)]
    assert versions[0].endswith(project["requires-python"].removeprefix(">="))
    assert project["authors"] == [{"name": "The rnnsim developers"}] and "License" not in str(project["classifiers"])


REASONS = {
    "Skipped: could not import 'torch': No module named 'torch'": 2,
    "Skipped: jax is not installed": 1,
    "Skipped: ncdump is not installed": 1,
    "Skipped: needs the JIT": 1,
}


def test_a_run_says_what_was_skipped_for_want_of_which_packages():
    reasons = [reason for reason, count in REASONS.items() for _ in range(count)]
    remedy = 'with python -m pip install -e ".[test,rivals]" they run'
    assert conftest.summary(reasons) == f"3 tests were skipped for want of torch (2), jax (1); {remedy}"
    assert conftest.summary(reasons[2:]).startswith("1 test was skipped for want of jax (1); ")
    of_nobody = conftest.summary(["Skipped: could not import 'keras': No module named 'keras'"])
    assert of_nobody.endswith('; with python -m pip install -e ".[test]" keras they run')
    assert conftest.summary(reasons[3:]) is None


def test_the_line_stands_in_the_summary_of_a_run_of_several_processes(tmp_path):
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    skipped = 'import pytest\n\n\ndef test_a():\n    pytest.importorskip("no_such")\n\n\ndef test_b():\n    pass\n'
    (tmp_path / "tests" / "test_x.py").write_text(skipped)
    (tmp_path / "pyproject.toml").write_text('[project.optional-dependencies]\ntest = ["no-such>=1"]\n')
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "1", "--rootdir", str(tmp_path), "tests"]
    plain = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    said = subprocess.run(command, cwd=tmp_path, env=plain, capture_output=True, text=True).stdout
    line = '1 test was skipped for want of no_such (1); with python -m pip install -e ".[test]" they run'
    assert said.splitlines().count(line) == 1


def rivals_of(path):
    """The packages of the extra `rivals` that a file of tests names."""
    names = {name for name in conftest.extras()["rivals"] if f'"{name}"' in path.read_text()}
    texts = {node.value for node in ast.walk(ast.parse(path.read_text() if names else "")) if isinstance(node, ast.Constant)}
    return texts & names


def test_the_gate_runs_the_tests_against_rivals_with_these_installed():
    gate = (ROOT / ".ci" / "run").read_text()
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != Path(__file__).name]
    needing = [path.relative_to(ROOT).as_posix() for path in tests if rivals_of(path)]
    assert "tests/interop/test_interop.py" in needing
    assert [name for name in needing if name not in gate] == []
