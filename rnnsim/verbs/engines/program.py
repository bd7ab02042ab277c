"""The descriptors of a run for kernels of many units: its layers in scratch, what is loaded into it, and what is kept of it."""

from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import numba
import numpy as np

from rnnsim.equations.cells import reading
from rnnsim.families.network import Member
from rnnsim.kernels.recurrence import costs, layers
from rnnsim.kernels.recurrence.descriptors import (
    CostDescriptor,
    LayerDescriptor,
    PackDescriptor,
    ProgramDescriptor,
    SpreadDescriptor,
    WorkDescriptor,
    ZerosDescriptor,
    records,
    type_of,
)
from rnnsim.kernels.recurrence.network import NetworkKernels
from rnnsim.numerics import parallel
from rnnsim.numerics.function_pointers import addresses
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.sources import Sources
from rnnsim.verbs.engines.tiling import SCRATCH_NUMBERS, Tiling

ALIGNED = 8  # numbers: places in scratch begin where a cache line may


class Allocator:
    """Places in a thread's scratch; the first register is full of ones."""

    def __init__(self, ones: int):
        self.ones = ones
        self.size = 0
        self.take(ones)

    def take(self, *sizes: int) -> int:
        """A place for so many numbers."""
        place = self.size
        self.size += -(-prod(sizes) // ALIGNED) * ALIGNED
        return place

    def make(self, dtype: str) -> np.ndarray:
        """The scratch, zeros but for the ones."""
        made = parallel.aligned(self.size, dtype, 0.0)
        made[layers.ONES : layers.ONES + self.ones] = 1.0
        return made


@cache
def signatures(dtype: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The types of what a layer's and a cost's kernels are called with."""
    scratch = numba.typeof(np.empty(0, dtype))
    return (scratch, scratch, type_of(LayerDescriptor), type_of(WorkDescriptor)), (scratch, type_of(CostDescriptor))


@dataclass(frozen=True)
class Request:
    """What a program is to do: measure these costs, the one that is differentiated first; go back; take the samples in an order that is
    told; and go back through so many steps at once, or all, over so many samples; push so many tangents forward."""

    costs: tuple[Any, ...] = ()
    back: bool = False
    ordered: bool = False
    steps: int | None = None
    samples: int | None = None
    tangents: int = 0


class Program:
    """The descriptors of a run. `kept` and `summed` list results by name, with their frames and sums, for `Results` to fill."""

    def __init__(self, run: Run, names: tuple[str, ...], request: Request, sources: Sources | None = None):
        self.run, self.names, self.request, self.back = run, names, request, request.back
        self.samples = request.samples or run.samples or 1
        self.tiling, self.sources = Tiling.of(run, self.samples, bool(request.tangents)), sources or Sources(run)
        self.steps = (request.steps or run.steps) if self.back else self.tiling.steps_at_once(run)
        self.scratch = Allocator(self.tiling.layout.narrow.width)
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in ("packs", "biases", "starts", "zeros", "tangents")}
        self.kept: dict[str, list[tuple[str, dict[str, Any]]]] = {"forward": [], "backward": []}
        self.summed: list[tuple[str, dict[str, Any]]] = []
        self.descriptor = self._descriptor()
        self.layers: list[dict[str, Any]] = []
        self.maps = run.net.members if request.tangents else run.net.maps
        for member in self.maps:
            self.layers.append(self._layer(member))
        self.costs = [CostDescriptor(**cost) for cost in self._costs()] if request.costs else []

    def _descriptor(self) -> dict[str, Any]:
        """How the run is cut, and where its inputs stand."""
        run, tiling, net = self.run, self.tiling, self.run.net
        features = net.members[0].inputs
        below = tiling.shape(features)
        stand = tiling.lanes == 1 and net.table is None and not self.request.ordered
        descriptor = {name: getattr(tiling, name) for name in ("rows", "chunk", "points", "lanes", "lane_points", "lane_samples")}
        descriptor |= {"row_samples": tiling.row_samples, "panel": tiling.panel, "samples": self.samples, "back": int(self.back)}
        descriptor |= {"measured": int(bool(self.request.costs)), "counting": 0}
        descriptor |= {
            "chunk_steps": self.steps,
            "steps": run.steps,
            "targeted": run.targets.array.sizes["step"] if run.targets else 0,
        }
        descriptor |= {"input_source": self.sources.index("inputs"), "as_they_stand": int(stand), "features": features}
        descriptor |= {"input_row": below.row, "input_frame": below.frame}
        carried = self.back and self.steps < run.steps
        if carried:
            size = sum(tiling.shape(member.units).frame * member.cell.states for member in net.maps)
            descriptor |= {"carried": self.scratch.take(-(-self.samples // tiling.chunk), size), "carried_size": size}
        whole = run.steps * below.frame <= SCRATCH_NUMBERS and not carried
        descriptor["inputs_of_all_steps"] = int(whole)
        descriptor["inputs"] = -1 if stand else self.scratch.take(run.steps if whole else self.steps, below.frame)
        if net.table is not None:
            descriptor["table_source"] = self.sources.index("table")
        if {"grad_input", "grad_table"} & set(self.names):
            descriptor["grad_inputs"] = self.scratch.take(self.steps, below.frame)
            self._keep(
                "backward", ("grad_input",), descriptor["grad_inputs"] - below.frame, below.frame, below.row, features, begin=1
            )
        if "grad_table" in self.names:
            tokens = net.table.sizes["token"]
            descriptor |= {"tokens": tokens, "grad_table": self._sums(features, tokens, tiling.lanes)}
            self._sum("grad_table", tokens, features, descriptor["grad_table"], tokens * tiling.lanes)
        return descriptor

    def _sums(self, *sizes: int) -> int:
        """A place for sums, which begin at 0 in each block of samples."""
        place = self.scratch.take(*sizes)
        self.tables["zeros"].append({"at": place, "length": prod(sizes)})
        return place

    def _sum(self, name: str, units: int, terms: int, at: int, row: int, part: int = 0) -> None:
        self.summed.append((name, {"part": part, "units": units, "terms": terms, "at": at, "row": row}))

    def _keep(self, when: str, names: Any, at: int, by_step: int, row: int, units: int, **more: int) -> None:
        """Note that frames are wanted, if they are, under some names."""
        what = {"at": at, "by_step": by_step, "row": row, "units": units, "part": 0, "begin": 0, "back": 0, "final": 0}
        self.kept[when] += [(name, {**what, "divided": int(when == "backward"), **more}) for name in names if name in self.names]

    def _layer(self, member: Member) -> dict[str, Any]:
        """Lay out a layer, and note what is loaded for it and kept of it."""
        tiling, cell, n, d, scratch = self.tiling, member.cell, member.units, member.inputs, self.scratch
        shape, below = tiling.shape(n), tiling.shape(d)
        row, frame, steps = shape.row, shape.frame, self.steps
        layer = {"units": n, "state_count": cell.states, "terms": d, "row": row, "frame": frame, "tiles": shape.tiles}
        layer |= {"panel": tiling.panel * tiling.weight_lanes}
        layer |= {"below_row": below.row, "below_frame": below.frame, "below_tiles": below.tiles}
        self._weights(layer, member, "in", "x", member.w_in, d, below.tiles)
        if member.w_rec:
            self._weights(layer, member, "rec", "h", member.w_rec, n, shape.tiles)
        layer["bias"] = scratch.take(cell.gates, row)
        self._biases(layer, member)
        layer["constants"] = scratch.take(len(member.constants), frame)
        self._spread(member.constants, layer["constants"], layer)
        layer["states"] = scratch.take(steps + 1, cell.states, frame)
        self._spread(member.starts, layer["states"], layer)
        layer["pre"] = scratch.take(steps, cell.gates, frame)
        self._keep_states(layer, member)
        if self.back or self.request.tangents:
            layer["partials"] = scratch.take(steps, cell.partials, frame)
        if self.back:
            self._way_back(layer, member)
        if self.request.tangents:
            self._tangents(layer, member)
        return layer

    def _weights(self, layer: dict[str, Any], member: Member, what: str, letter: str, name: str, terms: int, tiles: int) -> None:
        gates, units = len(reading(member.cell, letter)), member.units
        source = {"source": self.sources.index(name), "gates": gates}
        layer[f"{what}_forward"] = self.scratch.take(gates, terms, layer["tiles"], layer["panel"])
        forward = {"rows": units, "terms": terms, "by_row": terms, "by_term": 1, "out": layer[f"{what}_forward"]}
        self.tables["packs"].append(source | forward)
        if self.back:
            layer[f"{what}_back"] = self.scratch.take(gates, units, tiles, layer["panel"])
            back = {"rows": terms, "terms": units, "by_row": 1, "by_term": terms, "out": layer[f"{what}_back"]}
            self.tables["packs"].append(source | back)
            layer[f"{what}_gradient"] = self._sums(gates, terms, layer["row"])
            for i in range(gates):
                at = layer[f"{what}_gradient"] + i * terms * layer["row"]
                self._sum(f"grad_{name}", units, terms, at, layer["row"], i * units * terms)

    def _biases(self, layer: dict[str, Any], member: Member) -> None:
        if self.back:
            layer["grad_bias"] = self._sums(member.cell.gates, layer["row"])
        seen: set[int] = set()
        for name, gates in member.biases:
            for i, gate in enumerate(gates):
                out = layer["bias"] + gate * layer["row"]
                what = {"source": self.sources.index(name), "gate": i, "units": member.units, "all_rows": 0}
                self.tables["biases"].append({**what, "row": 0, "out": out, "added": int(gate in seen)})
                seen.add(gate)
                if self.back:
                    self._sum(f"grad_{name}", member.units, 1, layer["grad_bias"] + gate * layer["row"], 0, i * member.units)

    def _spread(self, names: tuple[str, ...], out: int, layer: dict[str, Any]) -> None:
        """Fill frames with numbers of units, one frame after the other."""
        for i, name in enumerate(names):
            what = {"source": self.sources.index(name), "gate": 0, "units": layer["units"], "all_rows": 1}
            self.tables["starts"].append({**what, "row": layer["row"], "out": out + i * layer["frame"], "added": 0})

    def _keep_states(self, layer: dict[str, Any], member: Member) -> None:
        cell, n, row, frame, states, pre = member.cell, member.units, layer["row"], layer["frame"], layer["states"], layer["pre"]
        layer["hides_divergence"] = False
        jump, gates = cell.states * frame, cell.gates * frame
        if not cell.states:
            self._keep("forward", ("output",), pre - frame, frame, row, n, begin=1)
            return
        named = member.results
        layer["hides_divergence"] = cell.hides_divergence
        self._keep("forward", named("state"), states, jump, row, n)
        self._keep("forward", named("increment"), states, jump, row, n, begin=1, back=jump)
        self._keep("forward", named("final_state"), states, jump, row, n, final=1)
        if cell.states > 1:
            self._keep("forward", named("cell_state"), states + frame, jump, row, n)
            self._keep("forward", named("final_cell_state"), states + frame, jump, row, n, final=1)
        wanted = set(named("preactivation")) & set(self.names)
        layer["reported"] = 1 if wanted and cell.labels and len(cell.labels) != cell.gates else -1
        for gate in range(len(cell.labels) or 1):
            self._keep("forward", named("preactivation"), pre + gate * frame - gates, gates, row, n, begin=1, part=gate * n)

    def _way_back(self, layer: dict[str, Any], member: Member) -> None:
        cell, n, row, frame, pre, scratch = member.cell, member.units, layer["row"], layer["frame"], layer["pre"], self.scratch
        layer["cotangent"] = scratch.take(cell.states, frame)
        layer["grad_starts"] = self._sums(cell.states, row)
        layer["top"] = scratch.take(self.steps, frame * bool(cell.states))
        layer["below"] = self.layers[-1]["top"] if self.layers else self.descriptor.get("grad_inputs", -1)
        layer["nothing"] = scratch.take(layer["below_row"])
        if not cell.states:
            return
        for i, name in enumerate(member.starts):
            if "sample" in self.run.dims_of(f"grad_{name}"):
                self._keep("backward", (f"grad_{name}",), layer["cotangent"] + i * frame, 0, row, n, final=1)
            else:
                self._sum(f"grad_{name}", n, 1, layer["grad_starts"] + i * row, 0)
        wanted = set(member.results("grad_state")) & set(self.names)
        layer["history"] = scratch.take(self.steps + 1, frame) if wanted else -1
        self._keep("backward", member.results("grad_state"), layer["history"], frame, row, n)
        gates = cell.gates * frame
        for gate in range(len(cell.labels) or 1):
            at = pre + gate * frame - gates
            self._keep("backward", member.results("grad_preactivation"), at, gates, row, n, begin=1, part=gate * n)

    def _tangents(self, layer: dict[str, Any], member: Member) -> None:
        """Where a layer's rows are in a frame of tangents, and the weights that these are multiplied by."""
        below = self.layers[-1] if self.layers else {}
        layer["place"] = below["place"] + below["units"] * below["state_count"] if below else 0
        layer["place_below"] = below.get("place", -1)
        for what, letter, name, terms in (("in", "x", member.w_in, member.inputs), ("rec", "h", member.w_rec, member.units)):
            if what == "in" and not below:
                continue
            assert name
            gates = len(reading(member.cell, letter))
            layer[f"{what}_tangent"] = out = self.scratch.take(gates, member.units, terms, self.tiling.weight_lanes)
            where = {"rows": member.units, "terms": terms, "by_row": terms, "by_term": 1, "out": out}
            self.tables["tangents"].append({"source": self.sources.index(name), "gates": gates, **where})

    def _costs(self) -> list[dict[str, Any]]:
        """Where outputs, their cotangents and targets stand, and the costs."""
        tiling, descriptor, top, last, costs = (
            self.tiling,
            self.descriptor,
            self.layers[-1],
            self.run.net.maps[-1],
            self.request.costs,
        )
        targets, count = tiling.shape(1 if costs[0].classes else last.units), min(descriptor["targeted"], self.steps)
        jump, frame, wide = last.cell.states * top["frame"], top["frame"], tiling.layout.wide.width
        descriptor |= {"target_source": self.sources.index("targets"), "target_units": targets.units, "costs": len(costs)}
        descriptor |= {"target_row": targets.row, "target_frame": targets.frame, "targets": self.scratch.take(count, targets.frame)}
        descriptor |= {
            "cost": self._sums(len(costs), tiling.lanes),
            "partial_cost": self._sums(len(costs), wide),
            "partial_costs": wide,
        }
        g = top["pre"] if not jump else top["top"] if self.back else self.scratch.take(self.steps, frame)
        what = {"outputs": last.units, "row": top["row"], "frame": frame, "targets": descriptor["targets"]}
        what |= {
            "y_first": top["states"] + jump if jump else top["pre"],
            "y_by_step": jump or frame,
            "g_first": g,
            "g_by_step": frame,
        }
        what |= {"target_row": targets.row, "target_frame": targets.frame}
        for i, name in enumerate(("cost", *(f"metric_{i}" for i in range(1, len(costs))))):
            self._sum(name, 1, 1, descriptor["cost"] + i * tiling.lanes, 0)
        return [{**what, "total": descriptor["partial_cost"] + i * wide} for i in range(len(costs))]

    def network(self) -> NetworkKernels:
        """The layers and their kernels."""
        layout, maps = self.tiling.layout, self.maps
        table = records(LayerDescriptor, [LayerDescriptor(**layer) for layer in self.layers])
        of_layer, of_cost = signatures(self.run.dtype)
        forward = [layers.forward_of(layout, member.cell, self.back or bool(self.request.tangents)) for member in maps]
        back = [layers.backward_of(layout, member.cell) for member in maps] if self.back else []
        reported = [layer.get("reported", -1) >= 0 for layer in self.layers]
        reports = [
            layers.report_of(layout, member.cell) if wanted else unused
            for member, wanted, unused in zip(maps, reported, forward, strict=True)
        ]
        return NetworkKernels(
            table,
            addresses(forward, of_layer),
            addresses(back, of_layer),
            addresses(reports, of_layer),
            addresses([costs.cost_of(layout, cost, self.run.dtype) for cost in self.request.costs], of_cost),
            records(PackDescriptor, [PackDescriptor(**pack) for pack in self.tables["packs"]]),
            records(SpreadDescriptor, [SpreadDescriptor(**spread) for spread in self.tables["biases"]]),
            records(SpreadDescriptor, [SpreadDescriptor(**spread) for spread in self.tables["starts"]]),
            records(ZerosDescriptor, [ZerosDescriptor(**zeros) for zeros in self.tables["zeros"]]),
        )

    def record(self) -> Any:
        """The descriptor of the program, as a record."""
        return records(ProgramDescriptor, [ProgramDescriptor(**self.descriptor)])[0]
