"""How much memory is free: files of a machine that is not there, and limits of a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from rnnsim import available

GIB = 2**30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 10 GiB free, whose files a test writes."""
    monkeypatch.setattr(available, "PROC", tmp_path / "proc")
    monkeypatch.setattr(available, "CONTROL_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(available, "left_by_limits", list)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("proc/meminfo", "MemTotal: 20971520 kB\nMemFree: 1 kB\nMemAvailable:   10485760 kB")
    return write


NAMES = {1: ("memory.limit_in_bytes", "memory.usage_in_bytes"), 2: ("memory.max", "memory.current")}


def group(machine, folder, most, used, version=2):
    for name, size in zip(NAMES[version], (most, used), strict=True):
        machine(f"{folder}/{name}", str(size))


def test_what_the_machine_has_is_free(machine):
    assert available.free_memory() == 10 * GIB


def test_what_cannot_be_read_is_guessed(machine):
    machine("proc/meminfo", "nothing that is known")
    assert available.free_memory() == available.UNKNOWN
    machine("proc/meminfo", "MemAvailable: many kB")
    assert available.free_memory() == available.UNKNOWN


def test_a_container_takes_what_its_limit_leaves(machine):
    group(machine, "groups", 3 * GIB, GIB)
    assert available.free_memory() == 2 * GIB
    group(machine, "groups", 30 * GIB, GIB)
    assert available.free_memory() == 10 * GIB
    group(machine, "groups", "max", GIB)
    assert available.free_memory() == 10 * GIB
    group(machine, "groups", GIB, 3 * GIB)
    assert available.free_memory() == 0


@pytest.mark.parametrize("tight", ["groups", "groups/user", "groups/user/job"])
def test_the_tightest_of_the_groups_around_a_process_counts(machine, tight):
    machine("proc/self/cgroup", "0::/user/job")
    for folder in ("groups", "groups/user", "groups/user/job"):
        group(machine, folder, (2 if folder == tight else 8) * GIB, GIB)
    assert available.free_memory() == GIB


def test_groups_of_the_first_version_stand_below_memory(machine):
    group(machine, "groups/memory", 5 * GIB, GIB, 1)
    assert available.free_memory() == 4 * GIB
    machine("proc/self/cgroup", "9:cpu:/other\n4:hugetlb,memory:/job")
    group(machine, "groups/memory/job", 3 * GIB, GIB, 1)
    group(machine, "groups/memory/other", GIB, GIB, 1)
    assert available.free_memory() == 2 * GIB


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of a process are read from Linux's /proc")
@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_the_process_count(kind):
    code = f"""
import resource
from rnnsim import available
used = next(iter(available.left_by_limits()), None)
assert used is None
resource.setrlimit(resource.{kind}, (200 * 2**30, -1))
before, = available.left_by_limits()
assert 190 * 2**30 < before < 200 * 2**30, before
taken = bytearray(2**29)
after, = available.left_by_limits()
assert abs(before - after - 2**29) < 2**22, (before, after)
resource.setrlimit(resource.{kind}, (8 * 2**30, -1))
assert available.free_memory() < 8 * 2**30 - 2**29
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
