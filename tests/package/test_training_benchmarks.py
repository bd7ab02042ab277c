"""The rivals that train networks agree, and they move as rnnsim's gradients say."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from project import ROOT

sys.path.append(str(ROOT))

import rnnsim as rs
from benchmarks import training, works
from benchmarks.rivals import OURS, Rival
from benchmarks.training_works import TRAINING

OPTIONAL = ["torch", "jax"]
REFERENCE = "NumPy"
PAIRS = [
    (name, rival)
    for name, work in TRAINING.items()
    for rival in work.rivals
    if rival not in (OURS, REFERENCE) and work.rivals[rival].library not in OPTIONAL
]
CHECK = """
import sys
from dataclasses import replace
from benchmarks.training_works import TRAINING
from benchmarks.works import checked_call
for work in TRAINING.values():
    problem = work.pose(**work.sizes["tiny"])
    reference = work.rivals["NumPy"].make(problem)()
    for rival in work.rivals.values():
        if rival.library == sys.argv[1]:
            call, _ = checked_call(rival, problem, reference)
            checked_call(rival._replace(make=lambda _: call), problem, reference)  # it starts anew
            print("checked")
"""
ONE_UPDATE = {
    "4096 starts × 500 iterations of Rprop": training.counting(side=5, samples=20, steps=10, epochs=1),
    "256 networks n = 5, an epoch of single windows": training.weather(members=3, rows=14),
    "one network n = 5, an epoch of single windows": training.weather(members=1, rows=14),
    "sum of digits, 5 epochs of batches of 4": training.digits(samples=4, epochs=1),
}
MOVES = {
    "Rprop": lambda g, step, **_: step * np.sign(g),
    "SGD": lambda g, lr: lr * g,
    "Adam": lambda g, lr: lr * g / (np.abs(g) + 1e-8),
}


def reference(name, problem):
    return TRAINING[name].rivals[REFERENCE].make(problem)()


@pytest.mark.parametrize(("name", "rival"), PAIRS)
def test_rivals_agree(name, rival):
    problem = TRAINING[name].pose(**TRAINING[name].sizes["tiny"])
    before = {key: values.copy() for key, values in problem.parameters.items()}
    works.checked_call(TRAINING[name].rivals[rival], problem, reference(name, problem))
    for key, values in before.items():
        np.testing.assert_array_equal(problem.parameters[key], values, err_msg="a rival moved the starts")


@pytest.mark.parametrize("library", OPTIONAL)
def test_optional_rivals_agree(library):
    """In a process of their own: JAX's threads make every later fork of this one a warning."""
    if not works.installed(Rival(print, library=library)):
        pytest.skip(f"{library} is not installed")
    done = subprocess.run([sys.executable, "-c", CHECK, library], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rivals = [rival for work in TRAINING.values() for rival in work.rivals.values() if rival.library == library]
    assert done.stdout.split() == ["checked"] * len(rivals)


@pytest.mark.parametrize("name", ONE_UPDATE)
def test_the_first_update_follows_the_gradients(name):
    problem = ONE_UPDATE[name]
    ds = rs.backprop(problem.net, problem.inputs, problem.targets)
    for key, end in reference(name, problem).items():
        gradient = problem.by_point(ds[f"grad_{key}"].values)
        expected = problem.parameters[key] - MOVES[problem.optimizer](gradient, **problem.numbers)
        np.testing.assert_allclose(end, expected, rtol=1e-12, atol=1e-12)


def test_rprop_ends_where_the_tutorial_says():
    """Rprop's steps are powers of its factors, so paths differ only where rounding turns a sign: none of 4096 does."""
    problem = training.counting(side=2, samples=20, steps=10, epochs=500)
    start = replace(problem, parameters={"w_in": np.array([-1.5]), "w_rec": np.array([2.0])})
    for rival in (REFERENCE, "tutorial", "Numba"):
        end = TRAINING["4096 starts × 500 iterations of Rprop"].rivals[rival].make(start)()
        np.testing.assert_allclose([end["w_in"][0], end["w_rec"][0]], [1.0000043473693738, 0.9999989237980148], rtol=1e-12)


def test_steps_stay_in_their_bounds():
    problem = training.counting(side=3, samples=20, steps=10, epochs=40, step_min=1e-3, step_max=2e-3)
    ends = reference("4096 starts × 500 iterations of Rprop", problem)
    for rival in ("tutorial", "Numba"):
        works.checked_call(TRAINING["4096 starts × 500 iterations of Rprop"].rivals[rival], problem, ends)
    assert all(np.abs(ends[name] - problem.parameters[name]).max() <= 40 * 2e-3 for name in ends)


def test_windows_predict_the_next_row():
    problem = training.weather(members=2, rows=30)
    assert problem.inputs.shape == (17, 13, 3) and problem.targets.shape == (17, 13, 1)
    np.testing.assert_array_equal(problem.targets[:, :-1, 0], problem.inputs[:, 1:, 0])
    np.testing.assert_array_equal(problem.inputs[1:, :-1], problem.inputs[:-1, 1:])


def test_problems_say_how_much_they_are():
    problem = training.weather(members=3, rows=30)
    assert (problem.points, problem.updates, problem.point_steps) == (3, 17, 3 * 17 * 13)
    assert not problem.part(np.array([2])).net.axes and list(problem.net.axes) == ["member"]
