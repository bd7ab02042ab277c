"""Which processors ready kernels are for."""

import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding
import numba
import pytest

from rnnsim.numerics.machine_code import processors
from rnnsim.numerics.machine_code.processors import LEVELS, level_target, ready_directory, simd_bytes


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (LEVELS["x86-64-v4"], "x86-64-v4"),
        ((*LEVELS["x86-64-v4"], "amx-tile"), "x86-64-v4"),
        (LEVELS["x86-64-v3"], "x86-64-v3"),
        ([name for name in LEVELS["x86-64-v4"] if name != "avx512vl"], "none"),
        ([name for name in LEVELS["x86-64-v3"] if name != "fma"], "none"),
        ([], "none"),
    ],
)
def test_kernels_are_for_processors_that_have_all_they_need_and_vectors_as_long(monkeypatch, known, found):
    monkeypatch.setattr(numba.config, "CPU_FEATURES", ",".join(f"+{name}" for name in known))
    assert ready_directory(Path("home")).name == found


def test_features_that_are_switched_off_are_not_there(monkeypatch):
    monkeypatch.setattr(numba.config, "CPU_FEATURES", level_target("x86-64-v3")[1] + ",-fma")
    assert not processors.features()["fma"] and ready_directory(Path("home")).name == "none"


def test_levels_are_what_llvm_calls_so():
    target = llvmlite.binding.Target.from_triple("x86_64-unknown-linux-gnu")
    for level in LEVELS:
        target.create_target_machine(cpu=level, features=level_target(level)[1])
    assert simd_bytes(dict.fromkeys(LEVELS["x86-64-v4"], True)) == 64 and simd_bytes(dict.fromkeys(LEVELS["x86-64-v3"], True)) == 32


def test_without_being_told_they_are_this_processors():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_CPU")}
    code = (
        "import llvmlite.binding as b; "
        "from rnnsim.numerics.machine_code.processors import features as f; assert f() == dict(b.get_host_cpu_features())"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
