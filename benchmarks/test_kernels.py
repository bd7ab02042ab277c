"""Timings of every work by every rival: `python -m pytest benchmarks [--size quick]`."""

import pytest

from benchmarks.works import OURS, WORKS, checked_call, installed, posed

pytestmark = pytest.mark.filterwarnings("ignore")  # of rivals


@pytest.mark.parametrize(("work", "rival"), [(work, rival) for work in WORKS for rival in WORKS[work].rivals])
def test_speed(benchmark, pytestconfig, work, rival):
    rivals = WORKS[work].rivals
    if not installed(rivals[rival]):
        pytest.skip(f"{rivals[rival].library} is not installed")
    problem = posed(work, pytestconfig.getoption("size"))
    call, scale = checked_call(rivals[rival], problem, rivals[OURS].make(problem)())
    benchmark.group = work
    benchmark.pedantic(call, rounds=5, warmup_rounds=1)
    if benchmark.stats:
        benchmark.extra_info["ns per point-step"] = benchmark.stats["min"] * scale * 1e9 / problem.point_steps
