"""Training on fresh trials: by the trials of each epoch, to the bit, on every engine, resumed, in sweeps, and what is refused."""

import pickle

import numpy as np
import pytest
import reference
import xarray as xr

import rnnsim as rs
from rnnsim.numerics.thread_state import settings

QUIET = {"progress": False, "optimizer": rs.Adam(0.02)}
DECISIONS = {"samples": 5, "fixation": 1, "stimulus": 3, "decision": 2}


def noisy(seed, samples=5, steps=4, sign=1.0):
    """Random sequences with a gap in their targets."""
    rng = np.random.default_rng(seed)
    inputs, targets = rng.normal(size=(samples, steps, 2)), sign * rng.normal(size=(samples, steps, 2))
    targets[0, 0, 0] = np.nan
    return xr.Dataset({"inputs": (("sample", "step", "input"), inputs), "targets": (("sample", "step", "output"), targets)})


def turned(seed):
    """The same sequences with their dimensions in another order."""
    return noisy(seed).transpose("output", "step", "input", "sample")


def changing(seed, what="shape", at=0):
    """Sequences of which only those of one seed are right."""
    found = noisy(at)
    if seed == at:
        return found
    if what == "shape":
        return noisy(seed, steps=3)
    if what == "nan":
        found["inputs"][1, 2, 0] = np.nan
    elif what == "untargeted":
        found["targets"][:] = np.nan
    return found


def layered(**options):
    return rs.Elman.random(3, 2, seed=1, readout=rs.Readout.random(3, 2, seed=1), **options)


def scalar(**options):
    return rs.Elman(rs.axis("w", [0.5, 0.9]), 0.8, activation="linear", **options)


def restless():
    return layered(noise=0.1)


DIGITS = rs.tasks.Fresh(rs.tasks.counting, samples=5, steps=4, seed=2)
WEIGHTED = rs.tasks.Fresh(rs.tasks.perceptual_decision, seed=3, **DECISIONS)
PLAIN = rs.tasks.Fresh(noisy, seed=4)
ENGINES = {
    "scalar": (scalar, DIGITS, {}),
    "scalar, batches": (scalar, DIGITS, {"batch_size": 2, "shuffle": True}),
    "small": (layered, PLAIN, {}),
    "layers, batches": (layered, WEIGHTED, {"batch_size": 2, "shuffle": True}),
    "layers, noise": (restless, PLAIN, {}),
    "layers, float32": (layered, PLAIN, {"dtype": "float32", "batch_size": 2}),
}


@pytest.mark.parametrize(("make", "task", "options"), ENGINES.values(), ids=ENGINES)
def test_training_goes_by_the_trials_of_each_epoch(make, task, options):
    net, options = make(), QUIET | options
    run = rs.train(net, task, epochs=4, **options)
    one = rs.train(net, task.trials(0), epochs=1, **options)
    for epoch in range(1, 4):
        for name in ("w_in", "w_rec", "bias"):
            np.testing.assert_array_equal(run[name].sel(epoch=epoch), one[name].sel(epoch=epoch))
        one = rs.train(net, task.trials(epoch), epochs=1, resume=one, resume_with=("inputs", "targets", "weight"), **options)
    np.testing.assert_array_equal(run.w_rec.sel(epoch=4), one.w_rec.sel(epoch=4))
    for epoch in range(1 if make is restless else 5):
        there = rs.backprop(net.at(run, epoch=epoch), task.trials(epoch), dtype=options.get("dtype", "float64"))
        np.testing.assert_allclose(run.cost.sel(epoch=epoch), there.cost, rtol=1e-12 if there.cost.dtype == "float64" else 1e-5)


@pytest.mark.parametrize(("make", "task", "options"), ENGINES.values(), ids=ENGINES)
def test_a_run_that_goes_on_is_one_run_and_blocks_change_nothing(make, task, options):
    net, options = make(), QUIET | options
    run = rs.train(net, task, epochs=4, **options)
    xr.testing.assert_identical(rs.train(net, task, epochs=2, resume=rs.train(net, task, epochs=2, **options), **options), run)
    with settings(threads=2, block=1):
        xr.testing.assert_identical(rs.train(net, task, epochs=4, **options), run)
    thinned = rs.train(net, task, epochs=4, **options | {"every": 3})
    np.testing.assert_array_equal(thinned.cost, run.cost.sel(epoch=[0, 3, 4]))


def test_plain_numpy_trains_the_same():
    p = {"w_in": 0.5, "w_rec": 0.8, "bias": 0.0}
    run = rs.train(rs.Elman(**p, activation="linear"), DIGITS, optimizer=rs.SGD(0.01), epochs=3, progress=False)
    for epoch in range(4):
        trials = DIGITS.trials(epoch)
        inputs, last = trials.inputs.values, np.full(trials.inputs.shape, np.nan)
        last[:, -1] = trials.targets.values
        numbers = {**p, "h0": 0.0, "activation": "linear"}
        assert run.cost.values[epoch] == pytest.approx(reference.cost(inputs, last, **numbers), rel=1e-12)
        gradients = reference.gradients(inputs, last, **numbers)[0]
        p = {name: value - 0.01 * gradients[name] for name, value in p.items()}


def test_no_two_epochs_or_seeds_have_the_same_trials():
    inputs = [rs.tasks.Fresh(noisy, seed=seed).trials(epoch).inputs.values for seed in (0, 1) for epoch in range(3)]
    assert len({values.tobytes() for values in inputs}) == 6
    np.testing.assert_array_equal(PLAIN.trials(2).inputs, pickle.loads(pickle.dumps(PLAIN)).trials(2).inputs)


def test_the_order_of_dimensions_does_not_matter():
    net, options = layered(), QUIET | {"epochs": 2}
    run = rs.train(net, rs.tasks.Fresh(turned, seed=4), **options)
    xr.testing.assert_equal(run, rs.train(net, PLAIN, **options))


def test_classes_and_tokens_are_fresh_too():
    task = rs.tasks.Fresh(rs.tasks.delayed_recall, samples=4, symbols=3, delay=1, encoding="index")
    table = np.random.default_rng(1).normal(size=(5, 2))
    net = rs.Stack([rs.Embedding(table), rs.Elman.random(3, 2, seed=1)], readout=rs.Readout.random(3, 3, seed=1))
    run = rs.train(net, task, loss="cross_entropy", epochs=2, **QUIET)
    for epoch in range(3):
        there = rs.backprop(net.at(run, epoch=epoch), task.trials(epoch), loss="cross_entropy", keep="cost")
        assert run.cost.values[epoch] == pytest.approx(there.cost.item(), rel=1e-12)


def test_a_given_weight_stays_and_validation_is_a_fixed_set():
    weight, held_out = xr.DataArray([0.0, 1.0, 2.0, 1.0], dims="step"), noisy(99)
    run = rs.train(layered(), PLAIN, weight=weight, validation=held_out, epochs=2, **QUIET)
    there = [rs.backprop(layered().at(run, epoch=e), PLAIN.trials(e), weight=weight, keep="cost").cost.item() for e in range(3)]
    np.testing.assert_allclose(run.cost, there, rtol=1e-12)
    there = [rs.backprop(layered().at(run, epoch=e), held_out, keep="cost").cost.item() for e in range(3)]
    np.testing.assert_allclose(run.validation_cost, there, rtol=1e-12)


def test_patience_looks_at_the_recorded_cost():
    options = QUIET | {"optimizer": rs.SGD(0.0), "epochs": 40, "patience": 3}
    run = rs.train(scalar(), DIGITS, **options)
    costs = rs.train(scalar(), DIGITS, **options | {"patience": None}).cost.values
    for i in range(2):
        since = np.arange(41) - [costs[i, : e + 1].argmin() for e in range(41)]
        assert run.stopped_at.values[i] == np.argmax(since >= 3)
    np.testing.assert_array_equal(run.cost.values, costs[:, : run.sizes["epoch"]])


def test_sweeps_know_the_task(tmp_path):
    net, path, options = scalar(), tmp_path / "run.zarr", QUIET | {"epochs": 3}
    run = rs.train(net, DIGITS, **options)
    xr.testing.assert_identical(rs.sweep(rs.train, net, DIGITS, memory="1kB", to=path, **options).load(), run)
    xr.testing.assert_identical(rs.sweep(rs.train, net, DIGITS, to=path, **options).load(), run)
    assert rs.plan(rs.train, net, DIGITS, **options).steps == 4
    with pytest.raises(ValueError, match="differs in: argument inputs"):
        rs.sweep(rs.train, net, rs.tasks.Fresh(rs.tasks.counting, samples=5, steps=4, seed=3), to=path, **options)


def test_what_is_made_of_other_functions_or_options_is_another_task():
    def one(seed, number=1.0):
        return noisy(seed, sign=number)

    def two(seed, number=1.0):
        return noisy(seed, sign=2.0 * number)

    tasks = [(one, {}), (two, {}), (one, {"number": 2}), (one, {"number": np.ones(3)}), (one, {"number": one})]
    assert len({rs.tasks.Fresh(function, **options).described for function, options in tasks}) == 5
    assert rs.tasks.Fresh(one, seed=np.int64(3)).described == rs.tasks.Fresh(one, seed=3).described


def test_other_verbs_say_who_takes_such_a_task():
    for verb in (rs.simulate, rs.backprop, rs.lyapunov, rs.propagation, rs.fixed_points):
        with pytest.raises(TypeError, match=r"inputs was given rs.tasks.Fresh\(counting.* only rs.train draws them"):
            verb(scalar(), DIGITS)


def seedless(samples):
    return noisy(0, samples)


def seeded(samples, seed):
    return noisy(seed, samples)


FRESH = {
    "a class": (dict, {}, TypeError, "function was given the class dict; it needs a function that takes seed"),
    "no seed": (seedless, {}, TypeError, "function was given the function seedless, which takes no seed; it needs some of samples"),
    "lacking options": (seeded, {}, TypeError, "the function seeded without samples; it needs all that have no default"),
    "another option": (noisy, {"unit": 1}, TypeError, "takes no unit; it needs some of seed, samples"),
    "an option that is anything": (
        noisy,
        {"sign": object()},
        TypeError,
        "sign was given an object; it needs numbers, text, arrays",
    ),
    "a seed that is none": (noisy, {"seed": -1}, ValueError, "seed was given as -1; it needs a whole number of 0 or more"),
}


@pytest.mark.parametrize(("function", "options", "kind", "message"), FRESH.values(), ids=FRESH)
def test_a_task_that_cannot_be_drawn_is_refused(function, options, kind, message):
    with pytest.raises(kind, match=message):
        rs.tasks.Fresh(function, **options)


def test_a_function_that_returns_no_task_is_refused():
    with pytest.raises(TypeError, match="function returned a dict; it needs to return a Dataset"):
        rs.tasks.Fresh(lambda seed: {}).trials(0)
    with pytest.raises(TypeError, match="function returned a Dataset without targets"):
        rs.tasks.Fresh(lambda seed: noisy(seed)[["inputs"]]).trials(0)


SEED = int(np.random.SeedSequence(0, spawn_key=(rs.tasks.fresh.STREAM, 0)).generate_state(1)[0])
CHANGING = {
    "shape": ("shape", "the trials of epoch 1 have .*'step': 3.*; they need .*'step': 4.*, as before"),
    "nan": ("nan", "in the trials of epoch 1, inputs is nan at sample 1, step 2, input 0"),
    "untargeted": ("untargeted", "in the trials of epoch 1, targets is nan for every sample"),
}


@pytest.mark.parametrize(("what", "message"), CHANGING.values(), ids=CHANGING)
def test_trials_that_change_or_are_wrong_are_refused(what, message):
    with pytest.raises(ValueError, match=message):
        rs.train(layered(), rs.tasks.Fresh(changing, what=what, at=SEED), epochs=3, **QUIET)


def test_a_call_that_does_not_fit_the_task_is_refused():
    net, options = layered(), QUIET | {"epochs": 1}
    with pytest.raises(TypeError, match="targets was given an array beside a task of fresh trials; it needs none"):
        rs.train(net, PLAIN, np.ones((5, 2)), **options)
    with pytest.raises(TypeError, match=r"validation was given rs.tasks.Fresh.* the same trials at every epoch"):
        rs.train(net, PLAIN, validation=PLAIN, **options)
    with pytest.raises(ValueError, match="inputs has 1 features, but w_in takes 2"):
        rs.train(net, rs.tasks.Fresh(noisy_of_one), **options)
    with pytest.raises(ValueError, match="inputs has the axis 'w'; they need to be without axes"):
        rs.train(net, rs.tasks.Fresh(with_axis), **options)
    run = rs.train(net, PLAIN, **options)
    with pytest.raises(ValueError, match=r"a run with another inputs .*; it needs the same, or resume_with='inputs'"):
        rs.train(net, rs.tasks.Fresh(noisy, seed=5), resume=run, **options)
    with pytest.raises(ValueError, match="a run with another inputs"):
        rs.train(net, PLAIN.trials(0), resume=run, **options)


def noisy_of_one(seed):
    return noisy(seed).isel(input=[0])


def with_axis(seed):
    return noisy(seed).expand_dims(w=[1.0, 2.0])
