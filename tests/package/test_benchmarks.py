"""Every rival of the benchmarks gives rnnsim's results, and the table has all of its rows."""

import os
import subprocess
import sys

import numpy as np
import pytest
from project import ROOT

sys.path.append(str(ROOT))

from benchmarks import problems, sweeping, table, vectors, vectors_with_numpy, works

PAIRS = [(work, rival) for work in works.WORKS for rival in works.WORKS[work].rivals]
OPTIONAL = ["torch", "jax", "lyapax", "pynamicalsys"]
CHECK = """
import sys
from benchmarks.works import OURS, WORKS, checked_call, posed
for name, work in WORKS.items():
    problem = posed(name, "tiny")
    ours = work.rivals[OURS].make(problem)()
    for rival in work.rivals.values():
        if rival.library == sys.argv[1]:
            checked_call(rival, problem, ours)
            print("checked")
"""


def always_there(rival):
    return rival.library not in OPTIONAL


@pytest.mark.parametrize(("work", "rival"), [pair for pair in PAIRS if always_there(works.WORKS[pair[0]].rivals[pair[1]])])
def test_rivals_agree(work, rival):
    problem = works.posed(work, "tiny")
    rivals = works.WORKS[work].rivals
    works.checked_call(rivals[rival], problem, rivals[works.OURS].make(problem)())


@pytest.mark.parametrize("library", OPTIONAL)
def test_optional_rivals_agree(library):
    """In a process of their own: JAX's threads make every later fork of this one a warning."""
    if not works.installed(works.Rival(print, library=library)):
        pytest.skip(f"{library} is not installed")
    done = subprocess.run([sys.executable, "-c", CHECK, library], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rivals = [rival for work in works.WORKS.values() for rival in work.rivals.values() if rival.library == library]
    assert done.stdout.split() == ["checked"] * len(rivals)


@pytest.mark.parametrize(
    ("name", "wrong"), [("cost", 1e-8), ("grad_h0", 1e-8), ("grad_w_in", np.nan), ("grad_w_rec", np.zeros((2, 361)))]
)
def test_a_wrong_result_is_not_timed(name, wrong):
    problem = works.posed("linear surface, cost and gradients", "tiny")
    ours = works.WORKS["linear surface, cost and gradients"].rivals[works.OURS].make(problem)()
    cheat = works.Rival(lambda problem: lambda: {**ours, name: ours[name] + wrong * (1 + sum(abs(v) for v in ours.values()))})
    with pytest.raises(AssertionError, match=name):
        works.checked_call(cheat, problem, ours)


@pytest.mark.parametrize("name", ["cost", "grad_w_rec", "grad_h0"])
def test_a_wrong_result_of_one_network_is_not_timed(name):
    """Relative to that network's largest value, not to those of the others."""
    problem = vectors.ensemble("Elman", units=2, members=3, samples=2, steps=3)
    ours = vectors_with_numpy.costs_and_gradients(problem)()
    ours = {name: values * np.array([1e-6, 1.0, 1.0]).reshape(-1, *[1] * (values.ndim - 1)) for name, values in ours.items()}
    wrong = {**ours, name: ours[name].copy()}
    wrong[name][0] += 1e-13
    works.checked_call(works.Rival(lambda problem: lambda: ours), problem, ours)
    with pytest.raises(AssertionError, match=name):
        works.checked_call(works.Rival(lambda problem: lambda: wrong), problem, ours)


def test_pieces_cover_every_point_once():
    problem = problems.surface("linear", side=7, samples=3, steps=2)
    found = np.concatenate([np.arange(49)[block] for block in problems.blocks(problem, 60)])
    np.testing.assert_array_equal(found, np.arange(49))


def test_the_table_has_all_rows():
    page = list(table.lines("tiny", 1, always_there))
    rows = [line.strip("| ").split(" | ") for line in page if line.startswith("| ")]
    head, _, *timed = rows[: len(works.WORKS) + 2]
    assert [row[0] for row in timed] == list(works.WORKS)
    assert head[3:] == ["NumPy", "tutorial (300 points, scaled)", "Numba", "filling memory", "tutorial", "SciPy"]
    assert all(float(cell) > 0 for row in timed for cell in row[1:3])
    left_out = "PyTorch, JAX, JAX in pieces, PyTorch nn.RNN, lyapax, pynamicalsys, FixedPointFinder's method"
    assert f"Left out, not installed: {left_out}." in page
    once, arithmetic = rows[len(works.WORKS) + 4 : -6], rows[-4:]
    assert len(once) == 6 and all(value.split()[1] in ("ms", "MB") for _, value in once)
    assert [row[0].split(":")[0] for row in arithmetic] == [f"n = {units}" for units in (32, 64, 128, 256)]
    assert all(float(cell) > 0 for row in arithmetic for cell in row[1:])


def test_what_sweeps_cost_is_printed(capsys):
    sweeping.main(["--tiny", "--rounds", "1"])
    said = capsys.readouterr().out
    assert all(
        f"{what}:" in said
        for what in ("throughput", "overhead in memory", "overhead to a store", "of 30 blocks", "blocks of 64 MB")
    )


def test_single_works_are_timed():
    command = [sys.executable, "-m", "pytest", "benchmarks/", "-q", "--size", "tiny", "-k", "trajectory and rnnsim"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # not as a part of this run
    done = subprocess.run([*command, "--benchmark-max-time=0.01"], cwd=ROOT, env=plain, capture_output=True, text=True)
    assert "1 passed" in done.stdout and "test_speed[tanh, whole trajectory-rnnsim]" in done.stdout, done.stdout + done.stderr
