"""Malformed calls of every public function end in a sentence of the package's own, or in a result that is meant."""

import inspect

import malformed
import matplotlib.pyplot as plt
import numpy as np
import pytest

SHORT = 3000
LONG = 100_000


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")
    malformed.canvas.cache_clear()


def wrong_ones(cases):
    """What is wrong with cases, one line each."""
    found = ((case, malformed.outcome(case)) for case in cases)
    return [f"{case}: {kind}: {said}" for case, (kind, said) in found if kind not in ("accepted", "refused", "impossible")]


def test_every_public_callable_and_argument_is_tried():
    known = {}
    for entry in malformed.entries():
        known.setdefault(entry.name, set()).update(entry.valid())
    missing = []
    for name, function in malformed.public().items():
        lacking = malformed.torch_or_none() is None and "torch" in name
        if lacking or (malformed.neurogym_or_none() is None and "neurogym" in name):
            continue
        for argument, parameter in inspect.signature(function).parameters.items():
            what = parameter.kind
            if (
                argument != "self"
                and what not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
                and argument not in known.get(name, ())
            ):
                missing.append(f"{name}({argument})")
    assert not missing


@pytest.mark.parametrize("entry", malformed.entries(), ids=lambda entry: entry.name)
def test_valid_calls_are_accepted(entry):
    entry.call(**entry.valid())


def test_some_malformed_calls():
    cases = list(malformed.singles())
    assert len(cases) > 10 * SHORT
    assert wrong_ones(malformed.drawn(cases, np.random.default_rng(1), SHORT)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_many_malformed_calls(seed):
    cases = list(malformed.singles())
    assert wrong_ones(malformed.drawn(cases, np.random.default_rng(100 + seed), LONG // 10, pairs=0.5)) == []


def test_a_case_that_is_wrong_is_told():
    entry = malformed.Entry("wrong", lambda name: [].pop(name), lambda: {"name": 0})
    assert malformed.outcome(malformed.Case(entry, {"name": "0"})).kind == "other exception"
    entry = malformed.Entry("wrong", lambda name: float(name), lambda: {"name": 0})
    assert malformed.outcome(malformed.Case(entry, {"name": "'a'"})).kind == "foreign"
