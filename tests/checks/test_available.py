"""How much memory is free: files of a machine that is not there, and limits of a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from project import ROOT

import rnnsim as rs
from rnnsim.checks import memory_limits

GIB = 2**30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 10 GiB free, whose files a test writes."""
    monkeypatch.setattr(memory_limits, "PROC", tmp_path / "proc")
    monkeypatch.setattr(memory_limits, "CONTROL_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory_limits, "left_by_limits", list)

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
    assert memory_limits.free_memory() == 10 * GIB


def test_what_cannot_be_read_is_guessed(machine):
    machine("proc/meminfo", "nothing that is known")
    assert memory_limits.free_memory() == memory_limits.UNKNOWN
    machine("proc/meminfo", "MemAvailable: many kB")
    assert memory_limits.free_memory() == memory_limits.UNKNOWN


def test_a_container_takes_what_its_limit_leaves(machine):
    group(machine, "groups", 3 * GIB, GIB)
    assert memory_limits.free_memory() == 2 * GIB
    group(machine, "groups", 30 * GIB, GIB)
    assert memory_limits.free_memory() == 10 * GIB
    group(machine, "groups", "max", GIB)
    assert memory_limits.free_memory() == 10 * GIB
    group(machine, "groups", GIB, 3 * GIB)
    assert memory_limits.free_memory() == 0


@pytest.mark.parametrize("tight", ["groups", "groups/user", "groups/user/job"])
def test_the_tightest_of_the_groups_around_a_process_counts(machine, tight):
    machine("proc/self/cgroup", "0::/user/job")
    for folder in ("groups", "groups/user", "groups/user/job"):
        group(machine, folder, (2 if folder == tight else 8) * GIB, GIB)
    assert memory_limits.free_memory() == GIB


def test_groups_of_the_first_version_stand_below_memory(machine):
    group(machine, "groups/memory", 5 * GIB, GIB, 1)
    assert memory_limits.free_memory() == 4 * GIB
    machine("proc/self/cgroup", "9:cpu:/other\n4:hugetlb,memory:/job")
    group(machine, "groups/memory/job", 3 * GIB, GIB, 1)
    group(machine, "groups/memory/other", GIB, GIB, 1)
    assert memory_limits.free_memory() == 2 * GIB


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of a process are read from Linux's /proc")
@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_the_process_count(kind):
    code = f"""
import resource
import rnnsim as rs
from rnnsim.checks import memory_limits as available
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
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_result_may_take_four_fifths_of_what_is_free(machine):
    machine("proc/meminfo", "MemAvailable: 10000000 kB")  # each of 1024 bytes
    memory_limits.check_room(1_024_000_000)
    with pytest.raises(MemoryError, match=r"^the result takes 8\.19 GB, and 10\.2 GB are free; rs\.sweep"):
        memory_limits.check_room(1_024_000_001)
    machine("proc/meminfo", "MemAvailable: 1 kB")
    memory_limits.check_room(2**23 - 1)  # below 64 MiB nobody asks
    with pytest.raises(MemoryError, match=r"^the result takes 67\.1 MB, and 1\.02 kB are free"):
        memory_limits.check_room(2**23)


def test_a_block_takes_a_sixteenth_of_what_is_free_or_64_megabytes(machine):
    machine("proc/meminfo", "MemAvailable: 100000 kB")
    assert memory_limits.check_memory(None) == 6_400_000
    machine("proc/meminfo", "MemAvailable: 10000000 kB")
    assert memory_limits.check_memory(None) == 64_000_000
    assert memory_limits.check_memory("64MB") == 64_000_000 and memory_limits.check_memory("1.5 KiB") == 1536


def test_bytes_are_shown_in_the_largest_unit_that_leaves_one():
    shown = [memory_limits.as_bytes(size) for size in (999, 1000, 999_000, 10**6, 1.5e18)]
    assert shown == ["999 B", "1 kB", "999 kB", "1 MB", "1.5 EB"]


def large(**axes):
    """A scalar family of 10¹² networks, none of which is there."""
    wide = rs.axis("wide", np.arange(1e6))
    return rs.Elman(rs.axis("high", np.arange(1e6)), axes.get("w_rec", wide), bias=axes.get("bias", 0.0))


LAYERS = rs.Elman.random(3, 2, gain=rs.axis("gain", np.arange(1e6)), seed=rs.axis("seed", np.arange(1000000)))
X, TOO_LARGE = (
    np.ones(5),
    {
        "simulate": lambda: rs.simulate(large(), X),
        "backprop": lambda: rs.backprop(large(), X, 1.0),
        "train": lambda: rs.train(large(), X, 1.0, optimizer=rs.SGD(0.1), epochs=2),
        "lyapunov": lambda: rs.lyapunov(large(), steps=5),
        "fixed_points": lambda: rs.fixed_points(large()),
        "bifurcations": lambda: rs.bifurcations(large(bias=rs.axis("bias", [-1.0, 1.0]))),
        "propagation": lambda: rs.propagation(large(), X),
        "curvature": lambda: rs.curvature(large(), X, 1.0),
        "orbit_diagram": lambda: rs.orbit_diagram(large(), steps=4),
        "basins": lambda: rs.basins(large().replace(h0=rs.axis("start", [0.0, 1.0])), steps=4),
        "simulate of layers": lambda: rs.simulate(LAYERS, np.ones((5, 2)), keep="final_state"),
        "curvature of layers": lambda: rs.curvature(LAYERS, np.ones((5, 2)), np.ones(3)),
    },
)


@pytest.mark.parametrize("call", TOO_LARGE.values(), ids=TOO_LARGE)
def test_results_that_memory_has_no_room_for_are_refused_in_own_words(call):
    with pytest.raises(
        MemoryError, match=r"^the result takes [\d.]+ [TP]B, and [\d.]+ .B are free; rs.sweep\(verb, …, to=\"x.zarr\"\)"
    ):
        call()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of a process are read from Linux's /proc")
def test_a_limit_of_the_process_is_told_in_own_words():
    code = """
import resource, numpy as np, rnnsim as rs
net = rs.Elman(1.0, rs.axis("w", np.arange(1e6)))
rs.simulate(net.isel(w=slice(2)), np.ones(1000))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 10**9, -1))
rs.simulate(net.isel(w=slice(100_000)), np.ones(1000))
rs.simulate(net.isel(w=slice(110_000)), np.ones(1000))
try:
    rs.simulate(net, np.ones(1000))
except MemoryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert re.match(r"the result takes 8\.0\d GB, and [\d.]+ [GM]B are free; rs.sweep", done.stdout), done.stdout
