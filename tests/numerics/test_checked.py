"""Other builds of the kernels. The checked one, RNNSIM_CHECKED=1: the same bits, and an end with a message where a place is outside of its
array. One that LLVM does not optimise, NUMBA_OPT=0: the same bits."""

import json
import os
import subprocess
import sys

import checked_calls
import pytest
from project import TESTS

from rnnsim.numerics.jit import STAMP

# each place in a fork of its own, since what is outside ends the process
OUTSIDE = """
import json, os, sys, tempfile
import numpy as np
from rnnsim.numerics.checked import address_of
from rnnsim.numerics.jit import kernel
from rnnsim.numerics.function_pointers import numbers_at
from rnnsim.numerics.simd import Kind, load, spread, store
from rnnsim.numerics.primitives import lane

__name__ = "rnnsim.outside"
sys.modules[__name__] = sys.modules["__main__"]
numbers, whole, kind = np.zeros(20), np.zeros((3, 5)), Kind(8)
here, told = address_of(numbers), {}
for name, (expression, *places, _) in json.loads(sys.argv[1]).items():
    exec(f"def touch(kind, numbers, whole, address, place):\\n    return {expression}")
    touch, told[name] = kernel(touch, cached=False), []
    for place in places:
        if place is None:
            told[name].append((0, ""))
            continue
        with tempfile.TemporaryFile() as errors:
            child = os.fork()
            if not child:
                os.dup2(errors.fileno(), 2)
                touch(kind, numbers, whole, here, place)
                os._exit(0)
            status = os.waitpid(child, 0)[1]
            errors.seek(0)
            told[name].append((status, errors.read().decode()))
print(json.dumps(told))
"""
# what a kernel does, the last place that is inside, and the next
PLACES = {
    "number": ("numbers[place]", 19, 20, "place 20 of an array of 20"),
    "negative": ("numbers[place]", 0, -1, "place -1 of an array of 20"),
    "row": ("whole[place, 4]", 2, 3, "place 3 of an array of 3"),
    "slice": ("numbers[5:place].size", 20, 21, "place 21 of an array of 20"),
    "lanes": ("lane(load(kind, numbers, place), 0)", 12, 13, "8 numbers from place 13 on of an array of 20"),
    "lanes of a row": ("lane(load(kind, whole[place], 0), 0)", None, 2, "8 numbers from place 0 on of an array of 5"),
    "written": ("store(numbers, place, load(kind, numbers, 0))", 12, 13, "8 numbers from place 13 on of an array of 20"),
    "spread": ("lane(spread(kind, numbers, place), 0)", 19, 20, "place 20 of an array of 20"),
    "lane": ("lane(load(kind, numbers, 0), place)", 7, 8, "place 8 of an array of 8"),
    "by address": ("numbers_at(numbers, address)[place]", 19, 20, "place 20 of an array of 20"),
    "behind an address": ("numbers_at(numbers, address + 8)[place]", 18, 19, "place 19 of an array of 19"),
    "no array there": ("numbers_at(numbers, address - 8)[place]", None, 0, "place 0 of an array of 0"),
}


def checked(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What Python does in the checked build, or with another environment."""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, **(environment or {"RNNSIM_CHECKED": "1"}), "PYTHONPATH": paths}
    return subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("which", ["few", pytest.param("all", marks=pytest.mark.slow)])
def test_all_places_are_inside_and_the_bits_are_the_same(which):
    done = checked(str(TESTS / "checked_calls.py"), which)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == checked_calls.hashes(which)


@pytest.mark.parametrize("which", ["scalar", pytest.param("all", marks=pytest.mark.slow)])
def test_kernels_that_are_not_optimised_have_the_same_bits(which, tmp_path):
    done = checked(str(TESTS / "checked_calls.py"), which, NUMBA_OPT="0", RNNSIM_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == checked_calls.hashes(which)


@pytest.fixture(scope="module")
def told() -> dict[str, list[tuple[int, str]]]:
    """How a process ended that touched the last place inside and the next one, and what it said."""
    done = checked("-c", OUTSIDE, json.dumps(PLACES))
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", PLACES)
def test_what_is_outside_ends_the_process_with_a_message(told, name):
    _, inside, _, message = PLACES[name]
    (ended, said), (status, error) = told[name]
    assert inside is None or (ended == 0 and said == "")
    assert status != 0
    first = error.splitlines()[0]
    assert first.startswith("rnnsim: rnnsim.outside.touch took ") and first.endswith(f"took {message}; it needs a place inside")


def test_each_build_has_a_cache_of_its_own():
    directory = "from rnnsim.numerics.jit import CACHE_DIRECTORY; print(CACHE_DIRECTORY)"
    assert checked("-c", directory).stdout.strip().endswith("-checked")
    assert checked("-c", directory, NUMBA_OPT="0").stdout.strip().endswith("-opt0")
    assert checked("-c", directory, NUMBA_OPT="3").stdout.strip().endswith(STAMP)


def test_the_build_is_asked_for_by_no_other_value():
    refused = subprocess.run(
        [sys.executable, "-c", "import rnnsim"],
        env={**os.environ, "RNNSIM_CHECKED": "yes"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ValueError: RNNSIM_CHECKED is 'yes'; it needs 0 or 1" in refused.stderr
