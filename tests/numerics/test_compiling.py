"""The cache on disk: hit in new processes, new after an upgrade, and never in the way."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from project import PACKAGE

from rnnsim.numerics import jit
from rnnsim.numerics.jit import CACHE_DIRECTORY
from rnnsim.numerics.machine_code.processors import level_target, ready_directory

CALLEES = ("numerics", "equations", "kernels/linalg")
CALLEE = """
from numba.extending import register_jitable

@register_jitable
def callee(a):
    return a
"""
# a kernel of its own, which compiles in no time, and another of the same name at the same line of a module of the same name
KERNEL = """
from rnnsim.equations import callee as equations
from rnnsim.kernels.linalg import callee as linalg
from rnnsim.numerics import callee as numerics
from rnnsim.numerics.jit import kernel

@kernel
def probe(a):
    return numerics.callee(a) * equations.callee(a) + linalg.callee(a) * {factor}
"""
SCRIPT = """
from rnnsim.kernels import probe
from rnnsim.kernels.maps import probe as other
from rnnsim.numerics import jit
print(probe.probe(1.5))
print(other.probe(1.5))
print(sum(probe.probe.stats.cache_hits.values()))
print(jit.CACHE_DIRECTORY)
"""
FOUND = 1.5 * 1.5 + 1.5 * 2.0
OWN = """
from rnnsim.numerics.jit import kernel

@kernel
def own(a):
    return a * {factor}
"""
OWN_SCRIPT = SCRIPT.replace("from rnnsim.kernels import probe", "import own as probe; probe.probe = probe.own")


@pytest.fixture
def copy(tmp_path):
    """A copy of the package that may be changed, and a way to run the script with it."""
    place = tmp_path / "checkout"
    shutil.copytree(PACKAGE, place / "rnnsim", ignore=shutil.ignore_patterns("__pycache__"))
    for folder, factor in (("kernels", 2.0), ("kernels/maps", 3.0)):
        (place / "rnnsim" / folder / "probe.py").write_text(KERNEL.format(factor=factor))
    for folder in CALLEES:
        (place / "rnnsim" / folder / "callee.py").write_text(CALLEE)

    def run(script=SCRIPT, **environment):
        settings = {"PYTHONPATH": str(place), "RNNSIM_CACHE_DIR": str(tmp_path / "cache"), **environment}
        done = subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, **settings}, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        number, other, hits, directory = done.stdout.split()
        assert script != SCRIPT or float(other) - float(number) in (1.5, 3.0)
        return float(number), int(hits), directory

    run.place = place
    return run


def test_a_second_process_finds_the_kernel_and_upgraded_callees_are_compiled_anew(copy):
    assert copy()[:2] == (FOUND, 0)
    assert copy()[:2] == (FOUND, 1)
    for folder in CALLEES:
        callee = copy.place / "rnnsim" / folder / "callee.py"
        callee.write_text(CALLEE.replace("return a", "return a + a"))
        assert copy()[:2] == (FOUND + (3.0 if "linalg" in folder else 2.25), 0)
        callee.write_text(CALLEE)
    assert copy()[:2] == (FOUND, 1)


def test_a_kernel_outside_the_package_is_compiled_anew_when_its_file_changes(copy):
    for factor in (2.0, 3.0):
        (copy.place / "own.py").write_text(OWN.format(factor=factor))
        assert copy(script=OWN_SCRIPT)[:2] == (1.5 * factor, 0)
    assert copy(script=OWN_SCRIPT)[:2] == (4.5, 1)


CALLER = (
    KERNEL
    + """

@kernel
def caller(a):
    return probe(a) + 1.0
"""
)


def test_a_kernel_that_calls_one_of_an_earlier_process_has_it_in_it(copy):
    (copy.place / "rnnsim" / "kernels" / "probe.py").write_text(CALLER.format(factor=2.0))
    first, second = (f"from rnnsim.kernels import probe; print(probe.{name}(1.5), 0, 0, 0)" for name in ("probe", "caller"))
    assert copy(script=first)[0] == FOUND
    for _ in range(2):
        assert copy(script=second)[0] == FOUND + 1.0


def test_the_stamp_sees_every_file_that_kernels_are_made_of(tmp_path, monkeypatch):
    shutil.copytree(PACKAGE, tmp_path / "rnnsim", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(jit, "PACKAGE", tmp_path / "rnnsim")
    before = jit.source_stamp()
    assert before == jit.STAMP
    for folder in {path.parent for top in ("numerics", "equations", "kernels") for path in (PACKAGE / top).rglob("*.py")}:
        file = tmp_path / "rnnsim" / folder.relative_to(PACKAGE) / "__init__.py"
        source = file.read_text()
        file.write_text(source + "# new")
        assert jit.source_stamp() != before
        file.write_text(source)
    assert jit.source_stamp() == before


def test_damaged_files_are_compiled_anew(copy, tmp_path):
    copy()
    for damage in (b"", b"nonsense"):
        for pattern in ("*.nbi", "*.nbc"):
            files = list((tmp_path / "cache").rglob(pattern))
            assert files
            for file in files:
                file.write_bytes(damage)
            assert copy()[0] == FOUND
    assert copy()[:2] == (FOUND, 1)


READY = ready_directory(PACKAGE).name
needs_level = pytest.mark.skipif(READY == "none", reason="this processor has no level that kernels are made ready for")


def make_ready(copy, tmp_path, level=READY):
    """Compile the probes for a level of processors, and put them into the copy of the package."""
    name, features = level_target(level)
    place = tmp_path / "for_all"
    copy(NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features, RNNSIM_CACHE_DIR=str(place))
    shutil.copytree(place, copy.place / "rnnsim" / "ready" / level)


@needs_level
def test_kernels_that_came_with_the_package_are_not_compiled(copy, tmp_path):
    make_ready(copy, tmp_path)
    assert copy()[:2] == (FOUND, 1)
    assert not list((tmp_path / "cache").rglob("*.nbc"))


@needs_level
def test_kernels_of_other_sources_or_damaged_ones_that_came_with_the_package_are_compiled_anew(copy, tmp_path):
    make_ready(copy, tmp_path)
    callee = copy.place / "rnnsim" / "numerics" / "callee.py"
    callee.write_text(CALLEE.replace("return a", "return a + a"))
    assert copy()[:2] == (FOUND + 2.25, 0)
    callee.write_text(CALLEE)
    for file in (copy.place / "rnnsim" / "ready").rglob("*.nbc"):
        file.write_bytes(b"nonsense")
    assert copy()[:2] == (FOUND, 0)
    assert copy()[:2] == (FOUND, 1)


@needs_level
def test_kernels_for_a_processor_with_more_are_passed_over(copy, tmp_path):
    make_ready(copy, tmp_path)
    name, features = level_target("x86-64-v3")
    features = features.replace("+fma", "-fma")
    assert copy(NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features)[:2] == (FOUND, 0)


def test_processes_that_keep_kernels_at_once_lose_none(copy, tmp_path):
    kinds = ("1.5", "1", "True")
    script = "from rnnsim.kernels import probe; print(float(probe.probe({0})), 0, 0, 0)"
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda kind: copy(script=script.format(kind)), kinds))
    hits = "; ".join(f"probe.probe({kind})" for kind in kinds)
    again = (
        f"from rnnsim.kernels import probe; {hits}; print(0); print(0); print(sum(probe.probe.stats.cache_hits.values())); print(0)"
    )
    assert copy(script=again)[1] == len(kinds)


@pytest.mark.parametrize("waits", [True, False])
def test_a_line_says_once_that_kernels_are_compiled_where_somebody_waits(monkeypatch, capsys, waits):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: waits)
    jit.say_so.cache_clear()
    for _ in range(2):
        jit.say_so()
    jit.say_so.cache_clear()
    assert capsys.readouterr().err.count("rnnsim compiles kernels for this processor and keeps them") == waits


def test_an_unwritable_place_is_passed_over(copy, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    number, _, directory = copy(RNNSIM_CACHE_DIR=str(blocked), XDG_CACHE_HOME=str(tmp_path / "home"), NUMBA_CACHE_DIR="")
    assert number == FOUND and directory.startswith(str(tmp_path / "home"))
    everywhere = {name: str(blocked) for name in ("RNNSIM_CACHE_DIR", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "HOME")}
    number, _, directory = copy(**everywhere, TMPDIR=str(tmp_path))
    assert number == FOUND and directory.startswith(str(tmp_path / "rnnsim"))


def test_without_any_place_kernels_are_compiled_in_memory(copy, tmp_path):
    compiling = copy.place / "rnnsim" / "numerics" / "jit.py"
    compiling.write_text(compiling.read_text().replace("CACHE_DIRECTORY = _cache_directory()", "CACHE_DIRECTORY = None"))
    assert copy() == (FOUND, 0, "None")


def test_caches_of_old_versions_are_forgotten(copy, tmp_path):
    old = tmp_path / "cache" / "kernels-0123456789abcdef"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    recent = tmp_path / "cache" / "kernels-fedcba9876543210"
    recent.mkdir()
    copy()
    assert not old.exists() and recent.exists()


# every verb once; then stacks of the same two layers, one after the other
ALL_VERBS = """
import gc, json, numpy as np, rnnsim as rs
from numba.core.dispatcher import Dispatcher
from verb_calls import CALLS

def kernels():
    return [d for d in gc.get_objects() if isinstance(d, Dispatcher) and (d.py_func.__module__ or "").startswith("rnnsim.")]

for verb, net, args, options, _ in CALLS.values():
    verb(net(), *args, **options)
hits, misses = ({d.py_func.__qualname__ for d in kernels() if getattr(d.stats, name)} for name in ("cache_hits", "cache_misses"))
counts = [sum(len(d.signatures) for d in kernels())]
gain = rs.axis("gain", np.linspace(0.5, 1.0, 64))
for kinds in ((rs.GRU, rs.Elman), (rs.Elman, rs.GRU), (rs.GRU, rs.GRU, rs.Elman)):
    layers = [kind.random(3, 3 if i else 2, gain=gain) for i, kind in enumerate(kinds)]
    rs.backprop(rs.Stack(layers), np.ones((3, 4, 2)), np.zeros((3, 3)))
    counts.append(sum(len(d.signatures) for d in kernels()))
print(json.dumps([len(hits), sorted(misses), *np.diff(counts).tolist()]))
"""


def all_verbs(home):
    """How many kernels a process finds in a cache, which it compiles, and how many more each stack needs."""
    paths = os.pathsep.join(map(str, (PACKAGE.parent, PACKAGE.parent / "tests")))
    environment = {**os.environ, "PYTHONPATH": paths, "RNNSIM_CACHE_DIR": str(home)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", ALL_VERBS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_second_process_compiles_nothing_and_a_stack_of_known_layers_needs_nothing_new(tmp_path):
    hits, misses, *stacks = all_verbs(CACHE_DIRECTORY.parent)
    if misses:  # in a copy, which other processes leave alone
        with contextlib.suppress(shutil.Error):
            shutil.copytree(CACHE_DIRECTORY, tmp_path / CACHE_DIRECTORY.name)
        all_verbs(tmp_path)
        hits, misses, *stacks = all_verbs(tmp_path)
    assert hits >= 15 and misses == []
    assert stacks[0] > 0 and stacks[1:] == [0, 0]
