"""The numbers of all parameters as rows of one vector θ."""

from dataclasses import dataclass

import numpy as np

from rnnsim.families.parameters import layer_number
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.sources import Source, source_of_parameter, source_of_product


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
    """All parameters as rows of θ, and recurrent weights of low rank in full instead of their factors."""
    found: dict[str, ThetaRows] = {}
    first, factored = 0, [member for member in run.net.members if member.rank]
    for member in factored:
        elements = np.arange(member.units**2)
        found[str(member.w_rec)] = ThetaRows(first, (member.units, member.units), source_of_product(run, member), elements)
        first += elements.size
    for name in run.net.parameter_names:
        if any(name in member.factors for member in factored):
            continue
        shape, kept = full_sizes(run, name), run.net.source(name)
        has = [dim for dim in shape if dim in kept.dims]
        places = np.arange(np.prod([shape[dim] for dim in has], dtype=np.int64))
        places = places.reshape([shape[dim] if dim in has else 1 for dim in shape])
        elements = np.broadcast_to(places, tuple(shape.values())).reshape(-1)
        found[name] = ThetaRows(first, tuple(shape.values()), source_of_parameter(run, name), elements)
        first += elements.size
    return found
