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
    "interrupts": set(),
    "slabs": set(),
    "checked": set(),
    "function_hashes": set(),
    "derivative_checks": set(),
    "showing": set(),
    "storable": {"showing"},
    "hints": {"showing"},
    "lanes": {"checked"},
    "primitives": {"checked", "lanes"},
    "tables": {"lanes"},
    "functions": {"primitives", "tables"},
    "cells": {"functions", "primitives"},
    "losses": {"primitives"},
    "update_rules": {"primitives"},
    "kernels": {"cells", "checked", "functions", "lanes", "losses", "primitives", "update_rules"},
    "resting": {"cells", "kernels"},
    "version": set(),
    "drawn": set(),
    "arguments": {"showing"},
    "axes": {"arguments", "kernels", "showing"},
    "parameters": {"arguments", "drawn", "showing"},
    "draws": {"arguments", "parameters", "showing"},
    "varying": {"arguments", "parameters", "showing"},
    "activations": {"arguments", "cells", "derivative_checks", "function_hashes", "lanes", "primitives", "showing"},
    "readouts": {"arguments", "draws", "parameters", "showing"},
    "random_families": {"arguments", "drawn", "draws", "parameters", "showing"},
    "variables": {"arguments", "axes", "parameters"},
    "families": {"arguments", "axes", "cells", "drawn", "parameters", "readouts", "showing", "variables"},
    "networks": {
        *("activations", "arguments", "cells", "drawn", "families", "parameters", "random_families", "readouts"),
        *("showing",),
    },
    "stacks": {"families", "networks", "parameters", "readouts", "showing"},
    "interop": {"arguments", "families", "networks", "readouts", "showing", "stacks"},
    "sequences": {"arguments", "showing"},
    "optimizers": {"arguments", "axes", "hints", "showing", "update_rules"},
    "available": {"arguments", "kernels", "showing"},
    "schedules": {"arguments", "available", "optimizers", "showing"},
    "provenance": {"kernels", "version"},
    "running": {"arguments", "axes", "families", "parameters", "sequences", "showing", "variables"},
    "scalar_runs": {"kernels", "lanes", "networks", "running", "sequences", "variables"},
    "cuts": {"kernels", "lanes", "running"},
    "layer_sources": {"axes", "checked", "drawn", "kernels", "running"},
    "maps": {"arguments", "axes", "cells", "families", "kernels", "layer_sources", "running", "showing"},
    "along": {"axes", "kernels", "maps", "showing"},
    "starts": {"arguments", "cells", "kernels", "maps"},
    "results": {"checked", "kernels", "running", "variables"},
    "driven_maps": {"kernels", "layer_sources", "maps"},
    "reach": {"kernels"},
    "programs": {"cells", "cuts", "families", "kernels", "layer_sources", "running"},
    "layer_runs": {"checked", "drawn", "kernels", "layer_sources", "programs", "results", "running", "variables"},
    "constant_inputs": {"arguments", "families", "sequences", "showing"},
    "uncertainty": set(),
    "tangent_runs": {"checked", "cuts", "kernels", "lanes", "programs", "results", "running", "scalar_runs"},
    "curvature_programs": {
        *("cells", "drawn", "families", "kernels", "lanes", "layer_sources", "parameters", "programs", "running"),
    },
    "lane_rows": {"axes", "cells", "kernels", "running", "scalar_runs"},
    "surfaces": {"arguments", "showing", "variables"},
    "tasks": {"arguments", "available", "showing"},
    "zarr_files": {"storable"},
    "zarr_arrays": {"storable", "zarr_files"},
    "searches": {"available", "cells", "kernels", "maps", "resting", "starts"},
    "seeds": {"along", "kernels", "maps", "searches", "starts"},
    "branch_runs": {"along", "available", "kernels", "seeds"},
    "bifurcations": {"along", "arguments", "branch_runs", "families", "kernels", "maps", "provenance", "running", "variables"},
    "fixed_points": {"arguments", "families", "kernels", "maps", "provenance", "running", "searches", "starts", "variables"},
    "propagation": {
        *("arguments", "available", "driven_maps", "families", "kernels", "losses", "networks", "provenance"),
        *("reach", "running", "showing", "variables"),
    },
    "engines": {"available", "layer_runs", "running", "scalar_runs"},
    "simulate": {"engines", "families", "provenance", "running", "variables"},
    "backprop": {"arguments", "families", "losses", "provenance", "running", "simulate", "variables"},
    "long_runs": {"constant_inputs", "engines", "families", "kernels", "running"},
    "orbit_diagram": {
        *("arguments", "axes", "constant_inputs", "families", "long_runs", "provenance", "running", "showing"),
        *("variables",),
    },
    "attractors": {"available", "families", "kernels", "long_runs"},
    "basins": {
        *("arguments", "attractors", "constant_inputs", "families", "orbit_diagram", "provenance", "running"),
        *("uncertainty", "variables"),
    },
    "lyapunov": {
        *("arguments", "available", "families", "kernels", "provenance", "running", "showing", "tangent_runs"),
        *("variables",),
    },
    "scalar_curvature_runs": {"available", "kernels", "lanes", "running", "scalar_runs", "variables"},
    "curvature_runs": {
        *("available", "checked", "curvature_programs", "kernels", "layer_sources", "running"),
        *("scalar_curvature_runs", "variables"),
    },
    "curvature": {
        *("activations", "arguments", "curvature_programs", "curvature_runs", "families", "losses", "provenance"),
        *("running", "showing", "variables"),
    },
    "courses": {"available", "axes", "drawn", "kernels", "losses", "optimizers", "running"},
    "lane_training": {"courses", "kernels", "lane_rows", "lanes", "networks", "running", "scalar_runs"},
    "layer_training": {"checked", "courses", "kernels", "lanes", "layer_sources", "programs", "running"},
    "trained": {"axes", "courses", "families", "losses", "parameters", "variables"},
    "resuming": {"arguments", "axes", "courses", "showing", "trained", "variables"},
    "train": {
        *("arguments", "axes", "courses", "drawn", "families", "hints", "interrupts", "kernels", "lane_training"),
        *("layer_training", "losses", "optimizers", "parameters", "provenance", "resuming", "running", "showing"),
        *("trained",),
    },
    "pieces": {"axes", "families", "interrupts", "optimizers", "running", "showing"},
    "layouts": {"pieces", "variables"},
    "plans": {"available", "kernels", "layouts", "pieces", "provenance", "sequences", "showing"},
    "identities": {
        *("activations", "arguments", "families", "function_hashes", "kernels", "optimizers", "pieces"),
        *("provenance", "showing", "version"),
    },
    "gathering": {"layouts", "pieces"},
    "stores": {"axes", "layouts", "pieces", "storable", "zarr_arrays", "zarr_files"},
    "places": {"arguments", "showing", "stores", "zarr_arrays", "zarr_files"},
    "saved_stores": {"places", "slabs", "stores", "zarr_arrays", "zarr_files"},
    "storage": {"arguments", "saved_stores", "showing", "slabs", "storable", "zarr_files"},
    "crews": {"gathering", "kernels", "layouts", "pieces"},
    "merging": {"arguments", "identities", "layouts", "places", "showing", "stores", "zarr_files"},
    "sweep": {
        *("arguments", "available", "crews", "families", "gathering", "identities", "layouts", "pieces"),
        *("places", "plans", "showing", "storable", "storage", "stores"),
    },
    "plot": {"arguments", "showing"},
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
