"""The import rule: numerics know no names, names know no files; and every example in a docstring runs."""

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rnnsim"

# what each layer may import of the package, by the first part of the module's name; itself is always allowed
LAYERS = {
    "lanes": set(),
    "primitives": {"lanes"},
    "tables": {"lanes"},
    "functions": {"primitives", "tables"},
    "cells": {"primitives", "functions"},
    "losses": {"primitives"},
    "update_rules": {"primitives"},
    "kernels": {"lanes", "primitives", "functions", "cells", "losses", "update_rules"},
    "version": set(),
    "axes": {"kernels"},
    "draws": {"axes"},
    "drawn": set(),
    "parameters": {"axes", "drawn"},
    "varying": {"axes", "parameters"},
    "activations": {"cells", "lanes", "primitives"},
    "readouts": {"axes", "draws", "parameters"},
    "families": {"arguments", "axes", "cells", "drawn", "parameters", "readouts"},
    "random_families": {"axes", "drawn", "draws", "parameters"},
    "networks": {"activations", "axes", "cells", "drawn", "families", "parameters", "random_families", "readouts"},
    "stacks": {"families", "networks", "parameters", "readouts"},
    "interop": {"axes", "families", "networks", "readouts", "stacks"},
    "variables": {"axes", "parameters"},
    "sequences": {"axes"},
    "arguments": set(),
    "optimizers": {"axes", "update_rules"},
    "schedules": {"arguments", "optimizers"},
    "provenance": {"kernels", "version"},
    "running": {"axes", "families", "parameters", "sequences", "variables"},
    "scalar_runs": {"axes", "kernels", "lanes", "networks", "running", "sequences", "variables"},
    "cuts": {"kernels", "lanes", "running"},
    "layer_sources": {"axes", "drawn", "kernels", "running"},
    "maps": {"axes", "cells", "families", "kernels", "layer_sources", "running"},
    "along": {"axes", "kernels", "maps"},
    "seeds": {"along", "kernels", "maps", "searches", "starts"},
    "branch_runs": {"along", "available", "kernels", "seeds"},
    "bifurcations": {"along", "arguments", "branch_runs", "families", "kernels", "maps", "provenance", "running", "variables"},
    "starts": {"arguments", "axes", "cells", "kernels", "maps"},
    "searches": {"cells", "kernels", "maps", "starts"},
    "fixed_points": {"arguments", "families", "kernels", "maps", "provenance", "running", "searches", "starts", "variables"},
    "results": {"kernels", "running", "variables"},
    "driven_maps": {"kernels", "layer_sources", "maps"},
    "reach": {"kernels"},
    "propagation": {
        *("arguments", "axes", "driven_maps", "families", "kernels", "losses", "networks"),
        *("provenance", "reach", "running", "variables"),
    },
    "programs": {"cells", "cuts", "families", "kernels", "layer_sources", "running"},
    "layer_runs": {"drawn", "kernels", "layer_sources", "programs", "results", "running", "variables"},
    "engines": {"layer_runs", "running", "scalar_runs"},
    "simulate": {"engines", "families", "provenance", "running", "variables"},
    "backprop": {"arguments", "families", "losses", "provenance", "running", "simulate", "variables"},
    "constant_inputs": {"axes", "families", "sequences"},
    "long_runs": {"constant_inputs", "engines", "families", "kernels", "running"},
    "orbit_diagram": {
        *("arguments", "axes", "constant_inputs", "families", "long_runs", "provenance", "running", "variables"),
    },
    "attractors": {"families", "kernels", "long_runs"},
    "uncertainty": set(),
    "basins": {
        *("arguments", "attractors", "constant_inputs", "families", "orbit_diagram", "provenance", "running"),
        *("uncertainty", "variables"),
    },
    "tangent_runs": {"cuts", "kernels", "lanes", "programs", "results", "running", "scalar_runs"},
    "lyapunov": {"arguments", "axes", "families", "kernels", "provenance", "running", "tangent_runs", "variables"},
    "curvature_programs": {"cells", "drawn", "families", "kernels", "lanes", "layer_sources", "parameters", "programs", "running"},
    "scalar_curvature_runs": {"kernels", "lanes", "running", "scalar_runs", "variables"},
    "curvature_runs": {"curvature_programs", "kernels", "layer_sources", "running", "scalar_curvature_runs", "variables"},
    "curvature": {
        *("activations", "arguments", "curvature_programs", "curvature_runs", "families", "losses", "provenance", "running"),
        "variables",
    },
    "courses": {"axes", "drawn", "kernels", "losses", "optimizers", "running"},
    "lane_rows": {"axes", "cells", "kernels", "running", "scalar_runs"},
    "lane_training": {"courses", "kernels", "lane_rows", "lanes", "networks", "running", "scalar_runs"},
    "layer_training": {"courses", "kernels", "lanes", "layer_sources", "programs", "running"},
    "trained": {"axes", "courses", "families", "parameters", "variables"},
    "train": {
        *(
            "arguments",
            "axes",
            "courses",
            "families",
            "layer_training",
            "losses",
            "optimizers",
            "parameters",
            "provenance",
            "running",
        ),
        *("lane_training", "trained"),
    },
    "surfaces": {"variables"},
    "tasks": {"arguments"},
    "zarr_files": set(),
    "storage": {"zarr_files"},
    "available": set(),
    "pieces": {"axes", "families", "optimizers"},
    "layouts": {"pieces", "variables"},
    "plans": {"available", "kernels", "layouts", "pieces", "provenance", "sequences"},
    "identities": {"activations", "axes", "families", "kernels", "optimizers", "pieces", "provenance", "version"},
    "gathering": {"layouts", "pieces"},
    "stores": {"axes", "layouts", "pieces", "zarr_files"},
    "places": {"stores", "zarr_files"},
    "crews": {"gathering", "kernels", "layouts", "pieces"},
    "merging": {"arguments", "identities", "layouts", "places", "stores", "zarr_files"},
    "sweep": {
        *("arguments", "available", "crews", "families", "gathering", "identities", "layouts", "pieces", "places", "plans"),
        *("storage", "stores"),
    },
    "plot": set(),
}
NO_XARRAY = ("lanes", "primitives", "tables", "functions", "cells", "losses", "update_rules", "kernels")
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imports(path):
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" if node.module == "rnnsim" else node.module for alias in node.names)


@pytest.mark.parametrize("path", [path for path in MODULES if str(path) != "__init__.py"], ids=str)
def test_modules_import_only_what_stands_below_them(path):
    layer = path.parts[0].removesuffix(".py")
    allowed = LAYERS[layer] | {layer}
    for name in imports(path):
        if name.startswith("rnnsim."):
            assert name.split(".")[1] in allowed, f"{path} imports {name}"
        if layer in NO_XARRAY:
            assert name.split(".")[0] not in ("xarray", "pandas", "matplotlib"), f"{path} imports {name}"


def test_importing_the_package_leaves_matplotlib_alone():
    code = (
        "import sys, rnnsim; assert 'matplotlib' not in sys.modules; rnnsim.plot.cost_surface; assert 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name",
    [
        "activations",
        "axes",
        "families",
        "merging",
        "networks",
        "optimizers",
        "propagation",
        "readouts",
        "schedules",
        "fixed_points",
        "bifurcations",
        "train",
        "simulate",
        "backprop",
        "curvature",
        "interop.keras",
        "stacks",
        "surfaces",
        "storage",
        "sweep",
        "tasks.digits",
        "tasks.letters",
        "tasks.memory",
        "tasks.parts",
        "tasks.scaling",
        "tasks.seattle",
        "tasks.windows",
        "varying",
    ],
)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(f"rnnsim.{name}") if f"rnnsim.{name}" not in sys.modules else sys.modules[f"rnnsim.{name}"]
    failed, tried = doctest.testmod(module)
    assert tried and not failed
