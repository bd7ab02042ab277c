"""Places of buffers in scratch: nothing overlaps, and all begin where a cache line may, in whatever order they are asked for."""

from itertools import pairwise

import numpy as np
import pytest
from comparing import identical
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsim as rs
from rnnsim.verbs.engines import program
from rnnsim.verbs.engines.scratch import ALIGNED, place

SIZES = st.dictionaries(st.sampled_from(["states", "pre", "bias", "top"]), st.integers(0, 40))
BUFFERS = st.dictionaries(st.integers(0, 5) | st.just("run"), SIZES)
ONES = st.sampled_from([1, 2, 4, 8, 16])


def listed(buffers, memory):
    """Where each buffer begins and ends."""
    return {
        (owner, name): (memory.places[owner][name], memory.places[owner][name] + size)
        for owner, sizes in buffers.items()
        for name, size in sizes.items()
    }


@settings(deadline=None, max_examples=50)
@given(BUFFERS, ONES)
def test_buffers_are_apart_inside_the_scratch_and_behind_the_ones(buffers, ones):
    memory = place(buffers, ones)
    ends = [(0, ones), *sorted(listed(buffers, memory).values())]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(ends))
    assert all(end <= memory.size for _, end in ends)


@settings(deadline=None, max_examples=50)
@given(BUFFERS, ONES)
def test_each_begins_where_a_cache_line_may(buffers, ones):
    memory = place(buffers, ones)
    assert all(begin % ALIGNED == 0 for begin, _ in listed(buffers, memory).values())
    assert memory.size % ALIGNED == 0 and memory.make("float64").ctypes.data % (8 * ALIGNED) == 0


@settings(deadline=None, max_examples=50)
@given(BUFFERS, ONES, st.randoms())
def test_the_order_changes_no_name_and_no_size(buffers, ones, random):
    order = random.sample(list(buffers), len(buffers))
    other = {owner: dict(random.sample(list(buffers[owner].items()), len(buffers[owner]))) for owner in order}
    memory, moved = place(buffers, ones), place(other, ones)
    assert moved.size == memory.size
    assert listed(other, moved).keys() == listed(buffers, memory).keys()
    assert {owner: end - begin for owner, (begin, end) in moved.spans.items()} == {
        owner: end - begin for owner, (begin, end) in memory.spans.items()
    }


@settings(deadline=None, max_examples=50)
@given(BUFFERS, ONES)
def test_what_is_one_owners_stands_together(buffers, ones):
    memory = place(buffers, ones)
    for (owner, _), (begin, end) in listed(buffers, memory).items():
        first, last = memory.spans[owner]
        assert first <= begin and end <= last
    spans = list(memory.spans.values())
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_a_buffer_of_nothing_takes_no_room():
    memory = place({0: {"constants": 0, "states": 3}, 1: {}}, 4)
    assert memory.places == {0: {"constants": 8, "states": 8}, 1: {}}
    assert memory.spans == {0: (8, 16), 1: (16, 16)} and memory.size == 16


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_scratch_is_zero_but_for_its_register_of_ones(dtype):
    made = place({0: {"states": 3}}, 4).make(dtype)
    assert made.dtype == dtype and np.array_equal(made, [1] * 4 + [0] * 12)


def test_results_do_not_depend_on_the_order_of_buffers(monkeypatch):
    def backwards(buffers, ones):
        return place({owner: dict(reversed(sizes.items())) for owner, sizes in reversed(buffers.items())}, ones)

    rng = np.random.default_rng(1)
    net = rs.Elman.random(3, 2, seed=rs.axis("seed", range(5)), readout=rs.Readout(rng.normal(size=(2, 3))))
    x, targets = rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4, 2))
    keep = ("cost", "grad", "state", "output", "grad_state", "grad_preactivation", "grad_input")

    def results():
        return rs.backprop(net, x, targets, keep=keep), rs.lyapunov(net, x)

    forwards = results()
    monkeypatch.setattr(program, "place", backwards)
    for one, other in zip(forwards, results(), strict=True):
        identical(one, other)
