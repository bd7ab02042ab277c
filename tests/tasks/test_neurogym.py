"""Trials of NeuroGym, where it is installed: those of its own environments, one after the other, and training on fresh ones."""

import warnings

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ngym = pytest.importorskip("neurogym", exc_type=ImportError)

GO = {"name": "GoNogo-v0", "samples": 3, "steps": 25}
TIMING = {"fixation": 100, "stimulus": [200, 300], "delay": 100, "decision": 100}


def alone(name, seed, samples, steps, **options):
    """Observations and right actions of an environment, step by step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = ngym.make(name, **options).unwrapped
        env.reset(seed=seed)
        env.seed(seed)
        found = []
        for _ in range(samples):
            rows = []
            while len(rows) < steps:
                env.new_trial()
                rows += [(*observed, *np.atleast_1d(right)) for observed, right in zip(env.ob, env.gt, strict=True)]
            found.append(rows[:steps])
    return np.array(found)


@pytest.mark.parametrize("options", [{}, {"dt": 50, "timing": TIMING}], ids=["plain", "options"])
def test_samples_are_trials_one_after_the_other(options):
    task = rs.tasks.neurogym(**GO, seed=4, **options)
    there = alone(GO["name"], 4, 3, 25, **options)
    assert task.inputs.dims == ("sample", "step", "input") and task.targets.dims == ("sample", "step")
    np.testing.assert_array_equal(task.inputs, there[..., :-1])
    np.testing.assert_array_equal(task.targets, there[..., -1])
    assert task.targets.dtype == np.int64 and (task.targets == 1).any()
    assert task.step_milliseconds == options.get("dt", 100)
    xr.testing.assert_identical(task, rs.tasks.neurogym(**GO, seed=4, **options))


def test_boxes_of_actions_have_real_targets(tmp_path):
    task = rs.tasks.neurogym("SpatialSuppressMotion-v0", samples=2, steps=40, seed=1)
    there = alone("SpatialSuppressMotion-v0", 1, 2, 40)
    np.testing.assert_array_equal(task.inputs, there[..., :32])
    np.testing.assert_array_equal(task.targets, there[..., 32:])
    assert task.targets.dims == ("sample", "step", "output")
    rs.save(task, tmp_path / "task.nc")


def test_it_trains_on_fresh_trials():
    task = rs.tasks.Fresh(rs.tasks.neurogym, seed=2, **GO)
    net = rs.Elman.random(3, 3, seed=1, readout=rs.Readout.random(3, 2, seed=1))
    run = rs.train(net, task, loss="cross_entropy", optimizer=rs.Adam(0.01), epochs=2, progress=False)
    costs = [rs.backprop(net.at(run, epoch=e), task.trials(e), loss="cross_entropy", keep="cost").cost.item() for e in range(3)]
    np.testing.assert_allclose(run.cost, costs, rtol=1e-12)


REFUSED = {
    "no text": ({"name": 3}, TypeError, "name was given an int; it needs the name of an environment"),
    "an unknown name": ({"name": "Nothing-v0"}, ValueError, "name was given as 'Nothing-v0'; it needs an environment of NeuroGym"),
    "one without truth": ({"name": "Bandit-v0"}, ValueError, "'Bandit-v0', which does not say what is right"),
    "an unknown option": ({"speed": 1}, TypeError, "options were given as {'speed': 1}; they need to be what 'GoNogo-v0' takes"),
    "no steps": ({"steps": 0}, ValueError, "steps was given as 0; it needs a whole number of 1 or more"),
}


@pytest.mark.parametrize(("changes", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_environment_is_refused(changes, kind, message):
    with pytest.raises(kind, match=message):
        rs.tasks.neurogym(**GO | changes)
