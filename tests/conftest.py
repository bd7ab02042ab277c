"""What the end of a test run says of tests that could not run."""

import re
import tomllib
from collections import Counter
from pathlib import Path

LACKING = re.compile(r"could not import '(\w+)|^Skipped: (\w+) is not installed$")
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def extras() -> dict[str, list[str]]:
    """The packages that each extra brings, by name."""
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    return {
        extra: [re.split(r"[^\w-]", package)[0].replace("-", "_") for package in packages] for extra, packages in declared.items()
    }


def summary(reasons: list[str]) -> str | None:
    """How many tests were skipped for want of which packages, and what installs these, of the reasons for which tests were skipped."""
    found = [match[1] or match[2] for match in map(LACKING.search, reasons) if match]
    lacking = {name: count for name, count in Counter(found).most_common() if name != "ncdump"}
    if not lacking:
        return None
    known = {name: extra for extra, names in reversed(extras().items()) for name in names}
    needed = ",".join(dict.fromkeys(["test", *(known[name] for name in lacking if name in known)]))
    others = "".join(f" {name}" for name in lacking if name not in known)
    packages = ", ".join(f"{name} ({count})" for name, count in lacking.items())
    total = sum(lacking.values())
    tests = "test was" if total == 1 else "tests were"
    return f'{total} {tests} skipped for want of {packages}; with python -m pip install -e ".[{needed}]"{others} they run'


def pytest_terminal_summary(terminalreporter):
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    line = summary(reasons)
    if line:
        terminalreporter.write_line(line, yellow=True)
