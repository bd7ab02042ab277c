"""The descriptors of a run for kernels of second derivatives: which numbers are directions, where frames stand, what to call."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from rnnsim.equations.cells import reading
from rnnsim.families.lazy_parameters import Drawn
from rnnsim.families.network import Member
from rnnsim.families.parameters import layer_number
from rnnsim.kernels.hessian import costs
from rnnsim.kernels.hessian import layers as hessian_layers
from rnnsim.kernels.hessian.descriptors import (
    BIAS,
    IN,
    REC,
    START,
    TABLE,
    DirectionDescriptor,
    HessianCostDescriptor,
    HessianLayerDescriptor,
    HessianProgramDescriptor,
    HessianWorkDescriptor,
    LaidDescriptor,
)
from rnnsim.kernels.hessian.layers import Layout
from rnnsim.kernels.hessian.network import NetworkKernels
from rnnsim.kernels.linalg.matmul import AsNumbers, AsVectors
from rnnsim.kernels.recurrence.descriptors import records, type_of
from rnnsim.numerics import parallel
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.program import Allocator
from rnnsim.verbs.engines.sources import Source, source_of, source_of_drawn

REGISTERS = 2  # a number of all lanes takes, as measured


@dataclass(frozen=True)
class Rows:
    """A parameter's numbers in θ: the first row, its full shape, and where each stands in memory from the point's own place on."""

    first: int
    shape: tuple[int, ...]
    source: Source
    elements: np.ndarray


def full_sizes(run: Run, name: str) -> dict[str, Any]:
    """A parameter's own dimensions in its full shape, by the names that its layer has for them."""
    number, sizes = layer_number(name), run.own_sizes
    dims = run.net.dimensions(name)
    own = {dim: sizes.get(f"{dim}{number}", sizes.get(dim, 0)) for dim in dims}
    if name == "w_out":
        own["unit"] = run.net.units
    sample = run.net.templates[name].sizes.get("sample")
    return own if sample is None else {"sample": sample, **own}


def rows_of(run: Run) -> dict[str, Rows]:
    """All parameters as rows of θ."""
    found: dict[str, Rows] = {}
    first = 0
    for name in run.net.parameter_names:
        shape, kept = full_sizes(run, name), run.net.source(name)
        has = [dim for dim in shape if dim in kept.dims]
        places = np.arange(np.prod([shape[dim] for dim in has], dtype=np.int64))
        places = places.reshape([shape[dim] if dim in has else 1 for dim in shape])
        elements = np.broadcast_to(places, tuple(shape.values())).reshape(-1)
        own = ("sample", *run.net.dimensions(name))
        source = source_of_drawn(run, kept) if isinstance(kept, Drawn) else source_of(run, kept, own)
        found[name] = Rows(first, tuple(shape.values()), source, elements)
        first += elements.size
    return found


class CurvatureProgram:
    """The descriptors of a run for kernels of second derivatives; `parameters` are the directions."""

    def __init__(self, run: Run, loss: Any, parameters: tuple[str, ...]):
        self.run, self.loss, self.parameters, self.rows = run, loss, parameters, rows_of(run)
        self.count = sum(self.rows[name].elements.size for name in parameters)
        self.lanes = parallel.lanes(REGISTERS)
        self.points = max(1, self.lanes // self.count)
        weights: Any = AsNumbers if self.points == 1 else AsVectors
        self.layout = Layout(Kind(self.lanes), weights())
        self.scratch = Allocator(self.lanes)
        self.samples = run.samples or 1
        self.inputs, self.targets = self._sequences()
        self.laid: list[dict[str, Any]] = []
        self.starts: list[dict[str, Any]] = []
        self.descriptor = self._descriptor()
        self.layers: list[dict[str, Any]] = []
        self.descriptor["sums"] = self.scratch.size
        self.sums = [self._sums(member) for member in run.net.maps]
        self.descriptor |= self._sums_of_table()
        total = self.scratch.take(self.lanes)
        self.descriptor["sums_end"] = self.scratch.size
        for i, member in enumerate(run.net.maps):
            self.layers.append(self._layer(i, member))
        self.cost = self._cost(total)
        self.directions = self._directions()

    def _frames(self, count: int, units: int) -> tuple[int, int]:
        """Places for so many frames, and for those of their tangents."""
        return self.scratch.take(count, units, self.lanes), self.scratch.take(count, units, self.lanes)

    def _sequences(self) -> tuple[Source, Source]:
        run = self.run
        assert run.targets
        return source_of(run, run.inputs.array, ("sample", "step", "input")), source_of(
            run, run.targets.array, ("sample", "step", "output")
        )

    def _descriptor(self) -> dict[str, Any]:
        run, features = self.run, self.run.net.members[0].inputs
        targets = run.targets
        assert targets
        rows = sum(rows.elements.size for rows in self.rows.values())
        size = 1 if self.points == 1 else self.lanes
        units = 1 if self.loss.classes else run.net.maps[-1].units
        moving = int("table" in self.parameters)
        descriptor = {"samples": self.samples, "steps": run.steps, "targeted": targets.array.sizes["step"], "points": self.points}
        descriptor |= {
            "theta": self.scratch.take(rows, size),
            "rows": rows,
            "theta_apart": size,
            "features": features,
            "directions": self.count,
        }
        descriptor["x"], descriptor["d_x"] = self._frames(run.steps, features)
        descriptor |= {"table": self.rows["table"].first if "table" in self.rows else -1, "moving": moving}
        alone = self.points == 1
        descriptor |= {"shared_inputs": int(alone or not run.inputs.axes), "shared_targets": int(alone or not targets.axes)}
        descriptor |= {"input_by_sample": self.inputs.by_sample, "input_by_step": self.inputs.by_step, "target_units": units}
        descriptor |= {"target_by_sample": self.targets.by_sample, "target_by_step": self.targets.by_step}
        descriptor["targets"] = self.scratch.take(descriptor["targeted"], units, self.lanes)
        descriptor["lanes_of"] = self.scratch.take(min(self.count, self.lanes), self.lanes)
        if moving:
            descriptor["grad_x"], descriptor["d_grad_x"] = self._frames(run.steps, features)
        return descriptor

    def _sums(self, member: Member) -> dict[str, Any]:
        """Places of the sums of a layer's gradients."""
        cell, n, d, sums = member.cell, member.units, member.inputs, {}
        starts = max([1] + [self.run.net.templates[name].sizes.get("sample", 1) for name in member.starts])
        x_gates, h_gates = len(reading(cell, "x")), len(reading(cell, "h"))
        sizes = {"in": (x_gates, n * d), "rec": (h_gates, n * n), "bias": (cell.gates, n), "start": (starts * cell.states, n)}
        for what, size in sizes.items():
            sums[f"grad_{what}"], sums[f"d_grad_{what}"] = self._frames(*size)
        return sums | {"starts": starts}

    def _sums_of_table(self) -> dict[str, Any]:
        if "table" not in self.parameters:
            return {}
        numbers = self.rows["table"].elements.size
        return dict(zip(("grad_table", "d_grad_table"), self._frames(1, numbers), strict=True))

    def _layer(self, number: int, member: Member) -> dict[str, Any]:
        """Lay out a layer."""
        cell, n, d, steps, lanes = member.cell, member.units, member.inputs, self.run.steps, self.lanes
        wanted = {"want_in": int(member.w_in in self.parameters), "want_rec": int(member.w_rec in self.parameters)}
        layer = {"units": n, "state_count": cell.states, "terms": d, **self.sums[number], **wanted}
        layer["w_in"] = self.rows[member.w_in].first
        layer["w_rec"] = self.rows[member.w_rec].first if member.w_rec else 0
        layer["bias"] = self.scratch.take(cell.gates, n, lanes)
        layer["nothing"] = self.scratch.take(max(n, d), lanes)
        layer["constants"] = self.scratch.take(cell.constants, n, lanes)
        layer["states"], layer["d_states"] = self._frames((steps + 1) * cell.states, n)
        layer["pre"], layer["d_pre"] = self._frames(steps * cell.gates, n)
        layer["partials"], layer["d_partials"] = self._frames(steps * cell.partials, n)
        layer["cotangent"], layer["d_cotangent"] = self._frames(cell.states, n)
        layer["top"], layer["d_top"] = self._frames(steps * bool(cell.states), n)
        self._read(layer, number)
        self._lay_out(layer, member)
        return layer

    def _read(self, layer: dict[str, Any], number: int) -> None:
        """Where a layer reads, and where the cotangents of that go."""
        descriptor = self.descriptor
        if number == 0:
            layer |= {
                "x": descriptor["x"],
                "d_x": descriptor["d_x"],
                "x_step": layer["terms"] * self.lanes,
                "moving": descriptor["moving"],
            }
            layer |= {"below": descriptor.get("grad_x", -1), "d_below": descriptor.get("d_grad_x", -1)}
            return
        below = self.layers[-1]
        jump = below["state_count"] * below["units"] * self.lanes
        layer |= {"x": below["states"] + jump, "d_x": below["d_states"] + jump, "x_step": jump, "moving": 1}
        layer |= {"below": below["top"], "d_below": below["d_top"]}

    def _lay_out(self, layer: dict[str, Any], member: Member) -> None:
        """Which rows of θ stand in frames of their own."""
        n, lanes, seen = member.units, self.lanes, set()
        for name, gates in member.biases:
            for i, gate in enumerate(gates):
                row, out = self.rows[name].first + i * n, layer["bias"] + gate * n * lanes
                self.laid.append({"row": row, "units": n, "out": out, "added": int(gate in seen), "by_sample": 0})
                seen.add(gate)
        for i, name in enumerate(member.constants):
            out = layer["constants"] + i * n * lanes
            self.laid.append({"row": self.rows[name].first, "units": n, "out": out, "added": 0, "by_sample": 0})
        for i, name in enumerate(member.starts):
            own = "sample" in self.run.net.templates[name].dims
            what = {"row": self.rows[name].first, "units": n, "out": layer["states"] + i * n * lanes, "added": 0}
            self.starts.append(what | {"by_sample": n * own})

    def _cost(self, total: int) -> dict[str, Any]:
        """Where outputs, their cotangents and targets stand."""
        top, last, lanes, descriptor = self.layers[-1], self.run.net.maps[-1], self.lanes, self.descriptor
        frame, first = top["units"] * lanes, descriptor["steps"] - descriptor["targeted"]
        jump = last.cell.states * frame
        what = {"outputs": last.units, "steps": descriptor["targeted"], "targets": descriptor["targets"], "total": total}
        what |= {"target_step": descriptor["target_units"] * lanes, "g_step": frame, "y_step": jump or frame}
        y, d_y = (top["states"] + jump, top["d_states"] + jump) if jump else (top["pre"], top["d_pre"])
        g, d_g = (top["top"], top["d_top"]) if jump else (y, d_y)
        what |= {"y": y + first * (jump or frame), "d_y": d_y + first * (jump or frame)}
        return what | {"g": g + first * frame, "d_g": d_g + first * frame}

    def _directions(self) -> list[dict[str, Any]]:
        """The directions, in the order of the parameters' numbers."""
        found = self._directions_of_table() if "table" in self.parameters else []
        for number, (member, layer) in enumerate(zip(self.run.net.maps, self.layers, strict=True)):
            weights = [(member.w_in, "in", IN, "x", member.inputs), (member.w_rec, "rec", REC, "h", member.units)]
            for name, what, kind, letter, terms in weights:
                if name in self.parameters:
                    gates = reading(member.cell, letter)
                    for e, (gate, row, term) in enumerate(np.ndindex(len(gates), member.units, terms)):
                        descriptor = {"kind": kind, "gate": gates[gate], "row": row, "term": term}
                        found.append(self._direction(name, layer, number, descriptor, what, e))
            found += self._directions_of_biases(number, member, layer) + self._directions_of_starts(number, member, layer)
        order = {name: i for i, name in enumerate(self.parameters)}
        return [descriptor for _, descriptor in sorted(found, key=lambda pair: order[pair[0]])]

    def _direction(
        self, name: str, layer: dict[str, Any], number: int, descriptor: dict[str, Any], what: str, place: int
    ) -> tuple[str, dict[str, Any]]:
        """A direction of a parameter, with the places of its sums, the one at `place` of those of its kind."""
        at = {"at": layer[f"grad_{what}"] + place * self.lanes, "d_at": layer[f"d_grad_{what}"] + place * self.lanes}
        return name, {"layer": number, "term": 0, **descriptor, **at}

    def _directions_of_table(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            self._direction("table", self.descriptor, 0, {"kind": TABLE, "gate": 0, "row": row, "term": term}, "table", e)
            for e, (row, term) in enumerate(np.ndindex(self.rows["table"].shape))
        ]

    def _directions_of_biases(self, number: int, member: Member, layer: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        return [
            self._direction(name, layer, number, {"kind": BIAS, "gate": gate, "row": row}, "bias", gate * member.units + row)
            for name, gates in member.biases
            if name in self.parameters
            for gate in gates
            for row in range(member.units)
        ]

    def _directions_of_starts(self, number: int, member: Member, layer: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for state, name in enumerate(member.starts):
            samples = self.run.net.templates[name].sizes.get("sample", 0)
            for sample, row in np.ndindex(max(samples, 1), member.units if name in self.parameters else 0):
                descriptor = {"kind": START, "gate": state, "row": row, "sample": sample if samples else -1}
                own = (sample * member.cell.states + state) * member.units + row
                found.append(self._direction(name, layer, number, descriptor, "start", own))
        return found

    def network(self) -> NetworkKernels:
        """The layers and their kernels."""
        scratch = numba.typeof(np.empty(0))
        table = records(HessianLayerDescriptor, [HessianLayerDescriptor(**layer) for layer in self.layers])
        maps = self.run.net.maps
        directions = records(DirectionDescriptor, [DirectionDescriptor(**direction) for direction in self.directions])
        work, cost = type_of(HessianWorkDescriptor), type_of(HessianCostDescriptor)
        of_layer = (scratch, numba.typeof(table[0]), numba.int64, work, numba.typeof(directions))
        return NetworkKernels(
            table,
            addresses([hessian_layers.forward_of(self.layout, member.cell) for member in maps], of_layer),
            addresses([hessian_layers.backward_of(self.layout, member.cell) for member in maps], of_layer),
            addresses([costs.cost_of(self.layout.kind, self.loss)], (scratch, cost)),
            directions,
            records(LaidDescriptor, [LaidDescriptor(**laid) for laid in self.laid]),
            records(LaidDescriptor, [LaidDescriptor(**laid) for laid in self.starts]),
        )

    def theta(self, lo: int, hi: int) -> np.ndarray:
        """θ of some points, (point, row)."""
        theta = np.empty((hi - lo, self.descriptor["rows"]))
        offsets = np.empty(hi - lo, np.int64)
        for rows in self.rows.values():
            values = rows.source.block(lo, hi, offsets)
            theta[:, rows.first : rows.first + rows.elements.size] = values[offsets[:, None] + rows.elements]
        return theta

    def work(self) -> HessianWorkDescriptor:
        """What a layer does, but for what kernels tell it."""
        what = self.descriptor
        return HessianWorkDescriptor(
            steps=what["steps"], theta=what["theta"], theta_apart=what["theta_apart"], lanes_of=what["lanes_of"]
        )

    def record(self) -> Any:
        """The descriptor of the program, as a record."""
        return records(HessianProgramDescriptor, [HessianProgramDescriptor(**self.descriptor)])[0]
