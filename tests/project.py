"""Where the project's files are, and what pyproject.toml says."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE, TESTS = ROOT / "rnnsim", ROOT / "tests"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
