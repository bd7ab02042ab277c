"""Where the numbers of small networks stand in rows of lanes while they are trained: a network is a lane, or a unit is."""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from rnnsim.equations.rules import reading
from rnnsim.families.axes import ordered
from rnnsim.kernels.training.scalar_sensitivities import PARAMETERS, Number, ScalarModel
from rnnsim.kernels.training.small_gradients import LayerModel, OfNetworks, OfUnits
from rnnsim.numerics.parallel import Strided
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.outline import with_numbers
from rnnsim.verbs.engines.scalar import row_names, sizes_of

TURNED = ""  # the name of rows that are made of others


@dataclass(frozen=True)
class NetworkRows:
    """A network as kernels find it; how many rows it and the tape of its steps take; how many lanes it takes; and where each number of each
    parameter stands, (copy, number)."""

    model: Any
    count: int
    tape: int
    units: int
    places: dict[str, np.ndarray]


def joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Arrays (copy, number) behind each other, the first copies of all before the others."""
    parts = [array[0] for array in arrays] + [array[1:].ravel() for array in arrays if len(array) > 1]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def fixed_numbers(run: Run, rows: NetworkRows, trained: tuple[str, ...]) -> tuple[np.ndarray, list[Strided]]:
    """Where the numbers stand that are not trained, and each of them over all points."""
    names = [name for name in rows.places if name not in trained]
    first, others = [], []
    for name in names:
        array = run.net[name]
        axes = [dim for dim in array.dims if dim in run.grid.sizes]
        rest = [dim for dim in array.dims if dim not in axes]
        values = ordered(array, [*axes, *rest]).astype(run.dtype).reshape([array.sizes[dim] for dim in axes] + [-1])
        numbers, (copies, size) = values.shape[-1], rows.places[name].shape
        strided = run.grid.strided(values, tuple(map(str, axes)), numbers)
        all_of = [Strided(strided.values[i % numbers :], strided.strides) for i in range(size)]
        first += all_of
        others += all_of * (copies - 1)
    return joined([rows.places[name] for name in names]), first + others


def scalar_rows(run: Run, trained: tuple[str, ...], width: int) -> NetworkRows:
    """Scalar networks, one of `width` lanes each."""
    names, starts = row_names(run), sizes_of(run).starts
    first = {name: i for i, name in enumerate(names)}
    member = with_numbers(run.net.members[0], tuple(f"grad_{name}" for name in trained))
    known = PARAMETERS | {name: Number(i) for i, name in enumerate(member.constants)}
    model = ScalarModel(member.cell, tuple(known[name] for name in trained), np.array([first[n] for n in trained], np.int64))
    sizes = {name: starts if name == names[-1] else 1 for name in names}
    return NetworkRows(
        model, len(names) - 1 + starts, 0, 1, {name: in_lane(first[name], size, width) for name, size in sizes.items()}
    )


def in_lane(first: int, size: int, width: int) -> np.ndarray:
    """Where numbers stand that follow each other row by row."""
    return np.arange(first, first + size)[None] * width


def across_lanes(first: int, width: int, before: int, units: int, after: int) -> np.ndarray:
    """Where an array (before, unit, after) stands, units along the lanes, in rows from `first` on."""
    rows = np.arange(first, first + before * after).reshape(before, 1, after)
    return (rows * width + np.arange(units)[:, None]).reshape(1, -1)


def rows_of_gates(cell: Any, gates: tuple[int, ...], first: int, apart: int) -> np.ndarray:
    """Where the rows of each gate begin, if they follow each other; -1 for gates that have none."""
    rows = np.full(cell.gates, -1, np.int64)
    rows[list(gates)] = first + np.arange(len(gates)) * apart
    return rows


def tape_rows(run: Run, cell: Any, unit_rows: int) -> int:
    """How many rows the steps take, if all units are so many."""
    rows: int = ((run.steps + 1) * cell.states + run.steps * cell.partials + cell.gates + cell.states) * unit_rows
    return rows


def firsts(rows: dict[str, int]) -> dict[str, int]:
    """Where the rows of each begin, if they follow each other."""
    return dict(zip(rows, accumulate(rows.values(), initial=0), strict=False))


def sizes_of_parameters(run: Run) -> dict[str, int]:
    """How many numbers each parameter of a network of one layer has."""
    net = run.net
    return {name: prod(run.shape_of(f"grad_{name}")) for name in net.trainable} | dict.fromkeys(net.members[0].constants, net.units)


def layer_model(run: Run, trained: tuple[str, ...], lanes: Any, unit_rows: int, count: int, first: dict[str, int]) -> LayerModel:
    """A network of one layer in `count` rows, all units of which take so many, by the first row of each parameter; `TURNED` is that of
    W_rec as it goes forward, if it does not go back in the same rows."""
    net, member = run.net, with_numbers(run.net.members[0], tuple(f"grad_{name}" for name in trained))
    cell, units, inputs, w_rec = member.cell, member.units, member.inputs, str(member.w_rec)
    x, h = reading(cell, "x"), reading(cell, "h")
    return LayerModel(
        cell,
        lanes,
        units,
        unit_rows,
        inputs,
        outputs=(net.outputs or 1) if net.readout is not None else 0,
        rows=count,
        biases=np.array([rows_of_gates(cell, gates, first[name], unit_rows) for name, gates in member.biases]),
        w_in=rows_of_gates(cell, x, first[member.w_in], unit_rows * inputs),
        w_rec=rows_of_gates(cell, h, first.get(TURNED, first.get(w_rec, -1)), unit_rows * units),
        w_back=rows_of_gates(cell, h, first.get(w_rec, -1), unit_rows * units),
        constants=first[member.constants[0]] if member.constants else -1,
        starts=np.array([first[name] for name in member.starts], np.int64),
        w_out=first.get("w_out", -1),
        b_out=first.get("b_out", -1),
    )


def network_rows(run: Run, trained: tuple[str, ...], width: int) -> NetworkRows:
    """Networks of a layer, one of `width` lanes each."""
    sizes, units = sizes_of_parameters(run), run.net.units
    first, count = firsts(sizes), sum(sizes.values())
    model = layer_model(run, trained, OfNetworks(), units, count, first)
    places = {name: in_lane(first[name], size, width) for name, size in sizes.items()}
    return NetworkRows(model, count, tape_rows(run, model.cell, units), 1, places)


def unit_rows(run: Run, trained: tuple[str, ...], width: int) -> NetworkRows:
    """A network of a layer with a readout, a unit one of `width` lanes."""
    units, w_in = run.net.units, run.net.members[0].w_in
    rows = {name: size // units for name, size in sizes_of_parameters(run).items() if name != "b_out"}
    outputs, all_rows = rows["w_out"], rows | {"b_out": rows["w_out"], TURNED: rows.get(str(run.net.members[0].w_rec), 0)}
    first, count = firsts(all_rows), sum(all_rows.values())
    model = layer_model(run, trained, OfUnits(), 1, count, first)
    places = {name: across_lanes(first[name], width, own_rows, units, 1) for name, own_rows in rows.items()}
    places[w_in] = across_lanes(first[w_in], width, rows[w_in] // model.inputs, units, model.inputs)
    places["b_out"] = across_lanes(first["b_out"], width, 1, units, outputs).reshape(units, outputs)
    return NetworkRows(model, count, tape_rows(run, model.cell, 1), units, places)
