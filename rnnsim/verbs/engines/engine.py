"""The two engines: kernels of scalar networks, whose states never leave the registers, and those of networks of many units."""

from typing import Any

import numpy as np

from rnnsim.checks.memory_limits import check_room
from rnnsim.runs.run import Run
from rnnsim.verbs.engines import layers
from rnnsim.verbs.engines import scalar as scalar_runs
from rnnsim.verbs.engines.penalties import penalise


def compute(run: Run, names: tuple[str, ...], loss: Any = None) -> dict[str, np.ndarray]:
    """The variables `names` and `diverged_at`, over the axes (or points) and then their own dimensions."""
    check_room(run.numbers_of(names), np.dtype(run.dtype).itemsize)
    engine = scalar_runs if scalar_runs.serves(run.net) and not (run.penalised_states or run.weight) else layers
    results: dict[str, np.ndarray] = engine.compute(run, names, loss)
    if run.penalties:
        penalise(run, results)
    return results
