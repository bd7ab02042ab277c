"""The import rule: numerics know no names, names know no files; and every example in a docstring runs."""

import ast
import doctest
import importlib
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from project import PACKAGE

# what each folder may import of the package, besides itself
ROOMS = {
    "numerics": set(),
    "checks": {"numerics"},
    "equations": {"numerics", "checks"},
    "kernels": {"numerics", "equations"},
    "families": {"numerics", "checks", "equations"},
    "cells": {"families", "functions"},
    "runs": {"numerics", "checks", "families"},
    "verbs": {"numerics", "checks", "equations", "kernels", "families", "runs"},
    "storage": {"checks"},
    "sweep": {"numerics", "checks", "equations", "families", "runs", "verbs", "storage"},
    "interop": {"checks", "families"},
    "tasks": {"checks"},
    "plot": {"checks"},
}
KERNELS = {
    "linalg": set(),
    "recurrence": {"linalg"},
    "maps": {"linalg", "recurrence"},
    "training": {"linalg", "recurrence"},
    "hessian": {"linalg", "recurrence"},
    "lyapunov": {"linalg", "recurrence", "maps"},
    "propagation": {"linalg", "recurrence", "maps"},
    "fixed_points": {"linalg", "recurrence", "maps"},
    "continuation": {"linalg", "recurrence", "maps"},
    "periods": set(),
}
VERBS = {
    "engines": set(),
    **{name: {"engines"} for name in ("training", "hessian", "stability", "equilibria", "attractors", "simulate")},
    "backprop": {"engines", "simulate"},
    "compiling": {"training", "hessian", "stability", "equilibria", "attractors", "simulate", "backprop"},
}
INSIDE = {"kernels": KERNELS, "verbs": VERBS}
NO_XARRAY = ("numerics", "kernels")
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
MOST = 15  # entries of a folder


def imports(path):
    """The modules that a module imports, as parts of their names."""
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ([*node.module.split("."), alias.name] for alias in node.names)


@pytest.mark.parametrize("path", [path for path in MODULES if len(path.parts) > 1], ids=str)
def test_modules_import_only_what_stands_below_them(path):
    room, inner = path.parts[0], path.parts[1].removesuffix(".py")
    for package, *names in imports(path):
        if package == "rnnsim":
            assert names[0] == room or names[0] in ROOMS[room], f"{path} imports {'.'.join(names)}"
            if names[0] == room and room in INSIDE and names[1] != inner:
                assert names[1] in INSIDE[room][inner], f"{path} imports {'.'.join(names)}"
        if room in NO_XARRAY:
            assert package not in ("xarray", "pandas", "matplotlib"), f"{path} imports {package}"


def test_no_imports_run_in_a_circle():
    known = {path.with_suffix("").parts for path in MODULES}
    waiting = {
        path.with_suffix("").parts: {
            target for package, *names in imports(path) for target in (tuple(names), tuple(names[:-1])) if package == "rnnsim"
        }
        & known
        for path in MODULES
    }
    while waiting:
        free = [module for module, needed in waiting.items() if not needed & waiting.keys() - {module}]
        assert free, f"these import one another: {sorted(map('.'.join, waiting))}"
        for module in free:
            del waiting[module]


def test_no_folder_is_a_hall():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert {str(folder): len(list(folder.iterdir())) for folder in folders if entries(folder) > MOST} == {}


def entries(folder):
    return sum(1 for path in folder.iterdir() if not path.name.startswith("__"))


def test_importing_the_package_leaves_matplotlib_alone():
    code = (
        "import sys, rnnsim; assert 'matplotlib' not in sys.modules; rnnsim.plot.cost_surface; assert 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


EXAMPLES = [path for path in MODULES if ">>> " in (PACKAGE / path).read_text() and path.name != "pytorch.py"]


@pytest.mark.parametrize("path", EXAMPLES, ids=str)
def test_examples_in_docstrings_run(path):
    module = importlib.import_module(".".join(("rnnsim", *path.with_suffix("").parts)))
    failed, tried = doctest.testmod(module)
    plt.close("all")
    assert tried and not failed
