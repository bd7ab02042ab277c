"""The descriptors of a run for kernels of second derivatives: which numbers are directions, where frames stand, what to call."""

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

from rnnsim.families.network import Member
from rnnsim.kernels.hessian import costs
from rnnsim.kernels.hessian import layers as hessian_layers
from rnnsim.kernels.hessian.descriptors import (
    DirectionDescriptor,
    HessianCostDescriptor,
    HessianGroupDescriptor,
    HessianLayerDescriptor,
    HessianProgramDescriptor,
    LaidDescriptor,
)
from rnnsim.kernels.hessian.layers import HessianLayout
from rnnsim.kernels.hessian.network import NetworkKernels
from rnnsim.kernels.linalg.matmul import AsNumbers, AsVectors
from rnnsim.kernels.recurrence.descriptors import NONE, records, type_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.scratch import place
from rnnsim.verbs.engines.sources import Source, source_of
from rnnsim.verbs.hessian.directions import directions_of
from rnnsim.verbs.hessian.outline import COST_SUMS, RUN, SUMS, TABLE_SUMS, CurvatureOutline, buffers_of


class CurvatureProgram:
    """The descriptors of a run for kernels of second derivatives; `parameters` are the directions."""

    def __init__(self, run: Run, loss: Any, parameters: tuple[str, ...]):
        self.run, self.outline = run, CurvatureOutline.of(run, loss, parameters)
        self.count, self.lanes, self.points = self.outline.count, self.outline.lanes, self.outline.points
        weights: Any = AsNumbers if self.points == 1 else AsVectors
        self.layout = HessianLayout(Kind(self.lanes), weights())
        self.memory = place(buffers_of(self.outline), self.lanes)
        self.places = self.memory.places
        self.inputs, self.targets = self._sequences()
        self.descriptor = self._descriptor()
        self.layers: list[HessianLayerDescriptor] = []
        for i, member in enumerate(self.outline.members):
            self.layers.append(self._layer(i, member))
        self.cost = self._cost()

    def _sequences(self) -> tuple[Source, Source]:
        run = self.run
        assert run.targets
        inputs = source_of(run, run.inputs.array, ("sample", "step", "input"))
        return inputs, source_of(run, run.targets.array, ("sample", "step", "output"))

    def _descriptor(self) -> HessianProgramDescriptor:
        run, outline, alone = self.run, self.outline, self.points == 1
        assert run.targets
        return HessianProgramDescriptor(
            samples=run.samples or 1,
            steps=run.steps,
            targeted=run.targeted,
            points=self.points,
            rows=outline.theta_size,
            theta_apart=outline.theta_apart,
            features=outline.features,
            table=outline.rows["table"].first if "table" in outline.rows else NONE,
            shared_inputs=alone or not run.inputs.axes,
            input_by_sample=self.inputs.by_sample,
            input_by_step=self.inputs.by_step,
            shared_targets=alone or not run.targets.axes,
            target_by_sample=self.targets.by_sample,
            target_by_step=self.targets.by_step,
            target_units=outline.target_units,
            sums=self.memory.spans[SUMS, 0][0],
            sums_end=self.memory.spans[COST_SUMS][1],
            moving=outline.inputs_move,
            directions=self.count,
            **self.places[RUN],
            **self.places.get(TABLE_SUMS, {}),
        )

    def _layer(self, number: int, member: Member) -> HessianLayerDescriptor:
        outline, run, jump = self.outline, self.places[RUN], 0
        if number:
            below = self.layers[-1]
            jump = below.state_count * below.units * self.lanes
        return HessianLayerDescriptor(
            units=member.units,
            state_count=member.cell.states,
            number_count=member.cell.constants,
            terms=member.inputs,
            w_in=outline.rows[member.w_in].first,
            w_rec=outline.rows[member.w_rec].first if member.w_rec else 0,
            x=below.states + jump if number else run["x"],
            d_x=below.d_states + jump if number else run["d_x"],
            x_step=jump if number else member.inputs * self.lanes,
            below=below.top if number else run.get("grad_x", NONE),
            d_below=below.d_top if number else run.get("d_grad_x", NONE),
            moving=number > 0 or outline.inputs_move,
            want_in=member.w_in in outline.parameters,
            want_rec=member.w_rec in outline.parameters,
            starts=outline.starts(member),
            **self.places[SUMS, number],
            **self.places[number],
        )

    def _cost(self) -> HessianCostDescriptor:
        """Where outputs, their cotangents and targets stand."""
        top, outline, program = self.layers[-1], self.outline, self.descriptor
        frame, first = top.units * self.lanes, program.steps - program.targeted
        jump = top.state_count * frame
        y, d_y = (top.states + jump, top.d_states + jump) if jump else (top.pre, top.d_pre)
        g, d_g = (top.top, top.d_top) if jump else (y, d_y)
        y_step = jump or frame
        return HessianCostDescriptor(
            outputs=top.units,
            steps=program.targeted,
            y=y + first * y_step,
            d_y=d_y + first * y_step,
            y_step=y_step,
            g=g + first * frame,
            d_g=d_g + first * frame,
            g_step=frame,
            targets=program.targets,
            target_step=outline.target_units * self.lanes,
            total=self.places[COST_SUMS]["total"],
        )

    def _laid(self) -> Iterator[LaidDescriptor]:
        """Biases and constants as frames."""
        for layer, member in zip(self.layers, self.outline.members, strict=True):
            n, seen = member.units, set()
            for name, gates in member.biases:
                for i, gate in enumerate(gates):
                    row, out = self.outline.rows[name].first + i * n, layer.bias + gate * n * self.lanes
                    yield LaidDescriptor(row=row, units=n, out=out, added=gate in seen, by_sample=0)
                    seen.add(gate)
            for i, name in enumerate(member.constants):
                row, out = self.outline.rows[name].first, layer.constants + i * n * self.lanes
                yield LaidDescriptor(row=row, units=n, out=out, added=False, by_sample=0)

    def _starts(self) -> Iterator[LaidDescriptor]:
        for layer, member in zip(self.layers, self.outline.members, strict=True):
            n = member.units
            for i, name in enumerate(member.starts):
                row = self.outline.rows[name].first
                out = layer.states + (member.cell.outputs + i) * n * self.lanes
                own = "sample" in self.run.net.templates[name].dims
                yield LaidDescriptor(row=row, units=n, out=out, added=False, by_sample=n if own else 0)

    def network(self) -> NetworkKernels:
        """The layers and their kernels."""
        scratch, maps = numba.typeof(np.empty(0)), self.outline.members
        directions = records(DirectionDescriptor, directions_of(self.outline, self.places))
        layer, group, cost = map(type_of, (HessianLayerDescriptor, HessianGroupDescriptor, HessianCostDescriptor))
        of_layer = (scratch, layer, numba.int64, group, numba.typeof(directions))
        return NetworkKernels(
            records(HessianLayerDescriptor, self.layers),
            addresses([hessian_layers.forward_of(self.layout, member.cell) for member in maps], of_layer),
            addresses([hessian_layers.backward_of(self.layout, member.cell) for member in maps], of_layer),
            addresses([costs.cost_of(self.layout.kind, self.outline.loss)], (scratch, cost)),
            directions,
            records(LaidDescriptor, [*self._laid()]),
            records(LaidDescriptor, [*self._starts()]),
        )

    def theta(self, lo: int, hi: int) -> np.ndarray:
        """θ of some points, (point, row)."""
        theta = np.empty((hi - lo, self.descriptor.rows))
        offsets = np.empty(hi - lo, np.int64)
        for rows in self.outline.rows.values():
            values = rows.source.block(lo, hi, offsets)
            theta[:, rows.first : rows.first + rows.elements.size] = values[offsets[:, None] + rows.elements]
        return theta

    def group(self) -> HessianGroupDescriptor:
        """What a layer does, but for what kernels tell it."""
        program = self.descriptor
        return HessianGroupDescriptor(
            steps=program.steps, theta=program.theta, theta_apart=program.theta_apart, lanes_of=program.lanes_of
        )

    def record(self) -> Any:
        """The descriptor of the program, as a record."""
        return records(HessianProgramDescriptor, [self.descriptor])[0]
