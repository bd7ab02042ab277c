"""The numbers of all parameters as rows of one vector θ."""

from dataclasses import dataclass

import numpy as np

from rnnsim.families.parameters import layer_number
from rnnsim.families.random.lazy_parameters import Drawn
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.sources import Source, source_of, source_of_drawn


@dataclass(frozen=True)
class ThetaRows:
    """A parameter's numbers in θ: the first row, its full shape, and where each stands in memory from the point's own place on."""

    first: int
    shape: tuple[int, ...]
    source: Source
    elements: np.ndarray


def full_sizes(run: Run, name: str) -> dict[str, int]:
    """A parameter's own dimensions in its full shape, by the names that its layer has for them."""
    number, sizes = layer_number(name), run.own_sizes
    dims = run.net.dimensions(name)
    own = {dim: sizes.get(f"{dim}{number}", sizes.get(dim, 0)) for dim in dims}
    if name == "w_out":
        own["unit"] = run.net.units
    sample = run.net.templates[name].sizes.get("sample")
    return own if sample is None else {"sample": sample, **own}


def rows_of(run: Run) -> dict[str, ThetaRows]:
    """All parameters as rows of θ."""
    found: dict[str, ThetaRows] = {}
    first = 0
    for name in run.net.parameter_names:
        shape, kept = full_sizes(run, name), run.net.source(name)
        has = [dim for dim in shape if dim in kept.dims]
        places = np.arange(np.prod([shape[dim] for dim in has], dtype=np.int64))
        places = places.reshape([shape[dim] if dim in has else 1 for dim in shape])
        elements = np.broadcast_to(places, tuple(shape.values())).reshape(-1)
        own = ("sample", *run.net.dimensions(name))
        source = source_of_drawn(run, kept) if isinstance(kept, Drawn) else source_of(run, kept, own)
        found[name] = ThetaRows(first, tuple(shape.values()), source, elements)
        first += elements.size
    return found
