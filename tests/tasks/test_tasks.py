"""Tasks of digits, letters and memory: each by slow and obvious loops, and by networks whose cost is known."""

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs

TASKS = {
    "counting": lambda seed: rs.tasks.counting(samples=6, steps=5, seed=seed),
    "sum of integers": lambda seed: rs.tasks.sum_of_digits(samples=6, seed=seed),
    "sum, one-hot": lambda seed: rs.tasks.sum_of_digits(samples=6, seed=seed, encoding="one_hot"),
    "sum, index": lambda seed: rs.tasks.sum_of_digits(samples=6, seed=seed, encoding="index"),
    "adding": lambda seed: rs.tasks.adding(samples=6, steps=7, seed=seed),
    "recall, one-hot": lambda seed: rs.tasks.delayed_recall(samples=6, symbols=4, length=2, delay=3, seed=seed),
    "recall, index": lambda seed: rs.tasks.delayed_recall(6, 4, length=2, delay=3, seed=seed, encoding="index"),
    "decisions": lambda seed: rs.tasks.perceptual_decision(samples=6, fixation=2, stimulus=4, decision=3, seed=seed),
    "flip-flops": lambda seed: rs.tasks.flip_flop(samples=6, steps=9, bits=2, probability=0.3, seed=seed),
}
OTHERS = {
    "letters, one-hot": lambda: rs.tasks.next_letter(),
    "letters, index": lambda: rs.tasks.next_letter("index"),
    "weather": lambda: rs.tasks.weather(),
    "weather, one part": lambda: rs.tasks.weather(part="test", shares=(0.8, 0.1, 0.1)),
    "weather table": lambda: rs.tasks.weather_table(),
}


def linear(w_in):
    """A linear network without memory: h[k] = w_in x[k]."""
    w_in = np.asarray(w_in, dtype=float)
    return rs.Elman(w_in, np.zeros((len(w_in), len(w_in))), activation="linear")


def cost(net, task, **options):
    return rs.backprop(net, task.inputs, task.targets, keep="cost", **options).cost.item()


@pytest.mark.parametrize("make", TASKS.values(), ids=TASKS)
def test_a_seed_is_always_the_same_data_and_another_is_other_data(make):
    xr.testing.assert_identical(make(3), make(3))
    assert not make(3).inputs.equals(make(4).inputs)
    assert make(3).seed == 3


@pytest.mark.parametrize("make", [*(lambda make=make: make(3) for make in TASKS.values()), *OTHERS.values()], ids=[*TASKS, *OTHERS])
def test_every_variable_is_described_and_comes_back_from_a_file(make, tmp_path):
    task = make()
    assert task.title
    for name, variable in task.variables.items():
        assert {"long_name", "units"} <= set(variable.attrs), name
    rs.save(task, tmp_path / "task.nc")
    with rs.open(tmp_path / "task.nc") as back:
        xr.testing.assert_equal(back.load(), task)
        assert {**back.attrs, **task.attrs}.keys() == back.attrs.keys()


def test_sums_of_digits_are_the_same_in_every_encoding():
    integer, one_hot, index = (rs.tasks.sum_of_digits(50, 4, 7, encoding) for encoding in ("integer", "one_hot", "index"))
    assert (integer.inputs.dims, integer.targets.dims) == (("sample", "step"), ("sample",))
    assert (one_hot.inputs.dims, one_hot.targets.dims) == (("sample", "step", "input"), ("sample", "output"))
    assert (index.inputs.dims, index.targets.dims) == (("sample", "step"), ("sample", "output"))
    assert (integer.inputs.dtype, one_hot.inputs.dtype, index.inputs.dtype.kind) == (float, float, "i")
    assert one_hot.sizes == {"sample": 50, "step": 4, "input": 10, "output": 1}
    for i in range(50):
        digits = [int(digit) for digit in index.inputs[i]]
        assert min(digits) >= 0 and max(digits) <= 9
        assert list(integer.inputs[i]) == digits
        assert [[float(digit == j) for j in range(10)] for digit in digits] == one_hot.inputs[i].values.tolist()
        assert integer.targets[i] == one_hot.targets[i, 0] == index.targets[i, 0] == sum(digits)
    assert rs.tasks.sum_of_digits().sizes == {"sample": 10_000, "step": 3}
    assert set(np.unique(rs.tasks.sum_of_digits().inputs)) == set(range(10))


def test_networks_that_add_digits_in_every_encoding():
    integer, one_hot, index = (rs.tasks.sum_of_digits(20, encoding=encoding) for encoding in ("integer", "one_hot", "index"))
    assert cost(rs.Elman(1.0, 1.0, activation="linear"), integer) == 0
    adder = rs.Elman(np.arange(10.0)[None], [[1.0]], activation="linear")
    assert cost(adder, one_hot) == 0
    embedded = rs.Stack([rs.Embedding(np.eye(10)), adder])
    assert cost(embedded, index) == 0


def test_next_letter_spells_the_alphabet():
    one_hot, index = rs.tasks.next_letter(), rs.tasks.next_letter("index")
    assert one_hot.inputs.dims == ("step", "input") and index.inputs.dims == ("step",)
    assert one_hot.sizes == {"step": 25, "input": 26}
    assert "".join(one_hot.input.values) == index.letters == "abcdefghijklmnopqrstuvwxyz"
    for step in range(25):
        assert one_hot.inputs[step].values.tolist() == [float(i == step) for i in range(26)]
        assert index.inputs[step] == step and one_hot.targets[step] == index.targets[step] == step + 1
    following = linear(40 * np.eye(26, k=-1))
    assert cost(following, one_hot, loss="cross_entropy") < 1e-15
    assert cost(rs.Stack([rs.Embedding(np.eye(26)), following]), index, loss="cross_entropy") < 1e-15


@pytest.mark.parametrize("steps", [2, 3, 7, 50])
def test_adding_marks_one_value_in_each_half(steps):
    task = rs.tasks.adding(samples=300, steps=steps, seed=5)
    assert task.inputs.dims == ("sample", "step", "input") and task.targets.dims == ("sample", "output")
    seen = set()
    for i in range(300):
        values, markers = task.inputs[i].sel(input="value").values, task.inputs[i].sel(input="marker").values.tolist()
        first, second = (k for k in range(steps) if markers[k] == 1)
        assert sum(markers) == 2 and 0 <= first < steps // 2 <= second < steps
        assert 0 <= values.min() <= values.max() <= 1
        assert task.targets[i, 0] == values[first] + values[second]
        seen |= {first, second}
    assert seen == set(range(steps))


def test_adding_costs_a_sixth_without_memory():
    task = rs.tasks.adding(samples=4000, steps=2)
    always_one = rs.Elman(np.zeros((1, 2)), [[0.0]], bias=1.0, activation="linear")
    assert cost(always_one, task) == pytest.approx(1 / 6, rel=0.05)
    assert cost(rs.Elman([[1.0, 0.0]], [[1.0]], activation="linear"), task) < 1e-30  # of two values both are marked


@pytest.mark.parametrize(("length", "delay"), [(1, 0), (1, 20), (3, 4)])
def test_delayed_recall_step_by_step(length, delay):
    one_hot, index = (rs.tasks.delayed_recall(40, 5, length, delay, 2, encoding) for encoding in ("one_hot", "index"))
    steps = 2 * length + delay + 1
    assert one_hot.sizes == {"sample": 40, "step": steps, "input": 7} and index.sizes == {"sample": 40, "step": steps}
    assert list(one_hot.input.values) == ["0", "1", "2", "3", "4", "blank", "cue"]
    assert index.inputs.dtype.kind == index.targets.dtype.kind == "i"
    for i in range(40):
        heard, due = index.inputs[i].values.tolist(), index.targets[i].values.tolist()
        said = heard[:length]
        assert set(said) <= set(range(5))
        assert heard == [*said, *[5] * delay, 6, *[5] * length]
        assert due == [*[-1] * (length + delay + 1), *said]
        assert one_hot.inputs[i].argmax("input").values.tolist() == heard and (one_hot.inputs[i].sum("input") == 1).all()
    assert one_hot.targets.equals(index.targets)
    assert cost(linear(np.zeros((5, 7))), one_hot, loss="cross_entropy") == pytest.approx(np.log(5), rel=1e-12)


def test_a_network_that_recalls_after_no_delay():
    task = rs.tasks.delayed_recall(samples=9, symbols=3, delay=0, seed=1)
    line = np.kron(np.eye(3, k=-1), np.eye(3))  # three registers of three units, each handing on to the next
    net = rs.Elman(40 * np.eye(9, 5) * (np.arange(5) < 3), line, activation="linear", readout=rs.Readout(np.eye(9)[6:]))
    assert cost(net, task, loss="cross_entropy") < 1e-15


def test_flip_flops_hold_the_last_pulse():
    task = rs.tasks.flip_flop(samples=30, steps=40, bits=3, probability=0.1, seed=4)
    assert task.inputs.dims == ("sample", "step", "input") and task.targets.dims == ("sample", "step", "output")
    assert set(np.unique(task.inputs)) == {-1, 0, 1}
    for i in range(30):
        for bit in range(3):
            held = np.nan
            for k in range(40):
                pulse = task.inputs.values[i, k, bit]
                held = pulse if pulse else held
                np.testing.assert_equal(task.targets.values[i, k, bit], held)
    assert cost(linear(np.zeros((3, 3))), task) == 1  # every target that counts is -1 or 1


def test_flip_flops_have_as_many_pulses_as_asked_for():
    pulses = rs.tasks.flip_flop(samples=200, probability=0.05).inputs.values
    assert np.mean(pulses != 0) == pytest.approx(0.05, abs=5 * np.sqrt(0.05 * 0.95 / pulses.size))
    assert np.mean(pulses[pulses != 0]) == pytest.approx(0, abs=5 / np.sqrt((pulses != 0).sum()))
    assert (rs.tasks.flip_flop(probability=1).inputs != 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rs.tasks.counting(samples=True), "samples was given as True; it needs a whole number of 1 or more"),
        (lambda: rs.tasks.sum_of_digits(digits=0), "digits was given as 0; it needs a whole number of 1 or more"),
        (lambda: rs.tasks.sum_of_digits(seed=-1), "seed was given as -1; it needs a whole number of 0 or more"),
        (lambda: rs.tasks.sum_of_digits(seed=None), "seed was given as None; it needs a whole number of 0 or more"),
        (
            lambda: rs.tasks.sum_of_digits(encoding="onehot"),
            "encoding was given as 'onehot'; it needs one of integer, one_hot, index",
        ),
        (lambda: rs.tasks.next_letter("integer"), "encoding was given as 'integer'; it needs one of one_hot, index"),
        (
            lambda: rs.tasks.next_letter(letters="hello"),
            "letters was given as 'hello'; it needs a text of two letters or more, each",
        ),
        (lambda: rs.tasks.next_letter(letters="a"), "letters was given as 'a'"),
        (lambda: rs.tasks.adding(steps=1), "steps was given as 1; it needs a whole number of 2 or more"),
        (lambda: rs.tasks.delayed_recall(delay=-1), "delay was given as -1; it needs a whole number of 0 or more"),
        (lambda: rs.tasks.delayed_recall(symbols=2.0), r"symbols was given as 2\.0; it needs a whole number of 1 or more"),
        (lambda: rs.tasks.perceptual_decision(noise=-1), "noise was given as -1; it needs a number of 0 or more"),
        (lambda: rs.tasks.perceptual_decision(catch=1.1), "catch was given as 1.1; it needs a number of 0 or more and up to 1"),
        (lambda: rs.tasks.perceptual_decision(coherences=()), "coherences was given nothing; it needs one number at least"),
        (
            lambda: rs.tasks.perceptual_decision(coherences=(2,)),
            "coherences was given as 2; it needs a number of 0 or more and up to 1",
        ),
        (lambda: rs.tasks.perceptual_decision(stimulus=0), "stimulus was given as 0; it needs a whole number of 1 or more"),
        (lambda: rs.tasks.flip_flop(probability=0), "probability was given as 0; it needs a number above 0 and up to 1"),
        (lambda: rs.tasks.flip_flop(probability="often"), "probability was given as 'often'"),
        (lambda: rs.tasks.flip_flop(probability=np.nan), "probability was given as nan"),
    ],
)
def test_arguments_are_refused_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_decisions_have_evidence_for_the_choice_during_the_stimulus_alone():
    task = rs.tasks.perceptual_decision(samples=4000, coherences=(0.0, 0.25), fixation=2, stimulus=5, decision=3, noise=0.5, seed=6)
    caught = np.isnan(task.coherence)
    assert float(caught.mean()) == pytest.approx(0.1, abs=0.02)
    assert (caught == (task.choice == -1)).all()
    means = task.inputs.groupby(task.coherence.fillna(9.0)).mean("sample")
    expected = {-0.25: (0.9, 0.1), 0.0: (0.5, 0.5), 0.25: (0.1, 0.9), 9.0: (0.0, 0.0)}
    for coherence, levels in expected.items():
        of_stimulus = means.sel(coherence=coherence).isel(step=slice(2, 7))
        np.testing.assert_allclose(of_stimulus, np.broadcast_to(levels, (5, 2)), atol=0.15)
        outside = means.sel(coherence=coherence).isel(step=[0, 1, 7, 8, 9])
        np.testing.assert_allclose(outside, 0.0, atol=0.15)
    assert float((task.inputs - task.inputs.mean("sample")).isel(step=0).std()) == pytest.approx(0.5, rel=0.05)
    assert float((task.choice == 1).mean()) == pytest.approx(0.45, abs=0.03)


def test_decisions_are_asked_for_after_the_stimulus_and_catch_trials_stay_low():
    task = rs.tasks.perceptual_decision(samples=50, fixation=2, stimulus=5, decision=3, catch=0.3, seed=1)
    for trial in range(50):
        one = task.isel(sample=trial)
        choice = int(one.choice)
        if choice < 0:
            assert (one.targets == 0.2).all()
            assert (one.weight == 1.0).all()
            continue
        assert (one.targets.isel(step=slice(7, None), output=choice) == 1.0).all()
        assert (one.targets.isel(step=slice(7, None), output=1 - choice) == 0.2).all()
        assert (one.targets.isel(step=slice(0, 2)) == 0.2).all()
        np.testing.assert_array_equal(one.weight, [1, 1, 0, 0, 0, 0, 0, 1, 1, 1])
        assert np.sign(one.coherence) == (1 if choice else -1)


def test_a_network_that_sums_evidence_decides_as_its_coherence_is_large():
    """A linear integrator, h += x, is right the more often the larger the coherence is, and after no noise always."""
    for noise, least in ((0.0, 1.0), (1.0, 0.8)):
        task = rs.tasks.perceptual_decision(samples=3000, coherences=(0.05, 0.25), noise=noise, catch=0.0, seed=3)
        sums = rs.simulate(rs.Elman(np.eye(2), np.eye(2), activation="linear"), task, keep="final_state").final_state
        right = sums.argmax("unit") == task.choice
        easy, hard = (float(right.where(abs(task.coherence) == size).mean()) for size in (0.25, 0.05))
        assert easy >= max(least, hard)
