"""`python -m rnnsim compile`."""

import os
import subprocess
import sys
import warnings

import pytest
from project import PACKAGE

from benchmarks import cold
from rnnsim.__main__ import main
from rnnsim.numerics.machine_code import processors
from rnnsim.verbs.compiling.calls import CELLS, VERBS, family
from rnnsim.verbs.compiling.jobs import for_processors

MISSES = """
import gc, rnnsim as rs
from numba.core.dispatcher import Dispatcher
rs.simulate(rs.Elman(1.0, 0.5), [1.0, 2.0])
ours = [d for d in gc.get_objects() if isinstance(d, Dispatcher) and (d.py_func.__module__ or "").startswith("rnnsim.")]
print(sum(sum(d.stats.cache_misses.values()) for d in ours), sum(sum(d.stats.cache_hits.values()) for d in ours))
"""


def run(home, *command):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "RNNSIM_CACHE_DIR": str(home)}
    return subprocess.run([sys.executable, "-W", "ignore", *command], env=environment, capture_output=True, text=True)


def test_a_process_after_it_compiles_nothing(tmp_path):
    done = run(tmp_path, "-m", "rnnsim", "compile", "--verbs", "simulate", "--units", "0", "--jobs", "1")
    assert done.returncode == 0 and "1/1" in done.stderr, done.stderr
    misses, hits = map(int, run(tmp_path, "-c", MISSES).stdout.split())
    assert misses == 0 < hits


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("cell", "units"), [("Elman", 0), ("GRU", 8)])
def test_every_call_works(verb, cell, units):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in VERBS[verb](family(cell, units), "float64"):
            assert call()


def test_all_cells_have_families():
    assert {type(family(cell, 8)).__name__ for cell in CELLS} == set(CELLS) == {"Elman", "GRU", "LSTM"}
    assert family("GRU", 0).scalar


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--units", "-1"], "argument --units: '-1' was given; it needs a whole number of 0 or more"),
        (["--jobs", "0"], "argument --jobs: '0' was given; it needs a whole number of 1 or more"),
        (["--verbs", "simulat"], "invalid choice: 'simulat' (choose from"),
        (["--ready", "x86-64-v3"], "this processor lacks what those of x86-64-v3 have"),
    ],
)
def test_what_cannot_be_done_is_refused(monkeypatch, capsys, given, said):
    monkeypatch.setattr(processors.numba.config, "CPU_FEATURES", "+sse3")
    with pytest.raises(SystemExit):
        main(["compile", *given])
    assert said in capsys.readouterr().err


def test_ready_kernels_go_into_the_package_and_the_environment_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnsim.verbs.compiling.jobs.PACKAGE", tmp_path)
    before = dict(os.environ)
    for text in ("old", "new"):
        with for_processors("x86-64-v3"):
            assert os.environ["NUMBA_CPU_NAME"] == "x86-64-v3" and "+fma" in os.environ["NUMBA_CPU_FEATURES"]
            kernels = os.path.join(os.environ["RNNSIM_CACHE_DIR"], f"kernels-{text}")
            os.mkdir(kernels)
            for name in ("lock", "kernel.nbc"):
                with open(os.path.join(kernels, name), "w") as file:
                    file.write(text)
        assert dict(os.environ) == before
    files = [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()]
    assert files == ["ready/x86-64-v3/kernels-new/kernel.nbc"]


def test_ready_kernels_that_are_not_finished_leave_the_old_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnsim.verbs.compiling.jobs.PACKAGE", tmp_path)
    old = tmp_path / "ready" / "x86-64-v3" / "kernel.nbc"
    old.parent.mkdir(parents=True)
    old.touch()
    with pytest.raises(KeyboardInterrupt), for_processors("x86-64-v3"):
        raise KeyboardInterrupt
    assert old.exists()


def test_the_benchmark_of_first_calls_has_a_row_a_verb(monkeypatch):
    found = iter([[1.0, 0.3, 20.0], [1.0, 0.1, 0.25], [1.0, 0.3, 9.0], [1.0, 0.2, 0.5]])
    monkeypatch.setattr(cold, "seconds", lambda home, *what: next(found))
    assert cold.rows(["train", "basins"], "GRU", 8)[2:] == ["| `train` | 20.0 | 0.25 | 0.10 |", "| `basins` | 9.0 | 0.50 | 0.20 |"]


def test_a_first_call_is_timed_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    assert all(0.0 < took < 600.0 for took in cold.seconds(os.environ.get("RNNSIM_CACHE_DIR", ""), "simulate", "Elman", 0))
