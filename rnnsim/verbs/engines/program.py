"""The descriptors of a run for kernels of many units: its layers in scratch, what is loaded into it, and what is kept of it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numba
import numpy as np

from rnnsim.kernels.recurrence import costs, layers, low_rank
from rnnsim.kernels.recurrence.descriptors import (
    NONE,
    ChunkDescriptor,
    CostDescriptor,
    LayerDescriptor,
    NoiseDescriptor,
    PackDescriptor,
    ProgramDescriptor,
    SpreadDescriptor,
    ZerosDescriptor,
    records,
    type_of,
)
from rnnsim.kernels.recurrence.network import NetworkKernels
from rnnsim.kernels.recurrence.noise import draw_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.kept_results import backward_frames, forward_frames, sums_of
from rnnsim.verbs.engines.outline import COSTS, OUTPUTS, RUN, SUMS, Layer, Outline, Request, buffers_of, noise_kind
from rnnsim.verbs.engines.scratch import Buffers, place
from rnnsim.verbs.engines.sources import Sources, noise_name, penalty_name


@cache
def signatures(dtype: str) -> tuple[tuple[Any, ...], ...]:
    """The types of what a layer's, a cost's and the noise's kernels are called with."""
    scratch = numba.typeof(np.empty(0, dtype))
    of_layer = scratch, scratch, type_of(LayerDescriptor), type_of(ChunkDescriptor)
    return of_layer, (scratch, type_of(CostDescriptor)), (scratch, type_of(NoiseDescriptor))


def thread_descriptors(measures: list[CostDescriptor]) -> tuple[Any, Any, Any]:
    """A thread's descriptors of a chunk, of these costs and of noise, as records."""
    return (
        records(ChunkDescriptor, [ChunkDescriptor()]),
        records(CostDescriptor, measures),
        records(NoiseDescriptor, [NoiseDescriptor()]),
    )


class Program:
    """The descriptors of a run. `forward`, `backward` and `summed` list results by name, with their frames and sums, for `Results` to fill;
    `also` are more buffers in the same scratch."""

    def __init__(
        self,
        run: Run,
        names: tuple[str, ...],
        request: Request,
        sources: Sources | None = None,
        also: Buffers | None = None,
    ):
        self.outline, self.sources = Outline.of(run, names, request), sources or Sources(run, dense=bool(request.tangents))
        self.run, self.tiling, self.back = run, self.outline.tiling, request.back
        self.maps = [layer.member for layer in self.outline.layers]
        self.buffers = {**buffers_of(self.outline), **(also or {})}
        self.memory = place(self.buffers, self.tiling.layout.narrow.width)
        self.places = self.memory.places
        self.forward, self.backward = forward_frames(self.outline, self.places), backward_frames(self.outline, self.places)
        self.summed = sums_of(self.outline, self.places)
        self.descriptor = self._descriptor()
        self.layers = [self._layer(i, layer) for i, layer in enumerate(self.outline.layers)]
        self.costs = [self._cost(i) for i in range(len(request.costs))]

    def _descriptor(self) -> ProgramDescriptor:
        """How the run is cut, and where its inputs stand."""
        outline, tiling = self.outline, self.tiling
        measured = bool(outline.request.costs)
        return ProgramDescriptor(
            rows=tiling.rows,
            chunk=tiling.chunk,
            points=tiling.points,
            lanes=tiling.lanes,
            lane_points=tiling.lane_points,
            lane_samples=tiling.lane_samples,
            row_samples=tiling.row_samples,
            panel=tiling.panel,
            chunk_steps=outline.steps,
            steps=self.run.steps,
            targeted=self.run.targeted,
            samples=outline.samples,
            measured=measured,
            counting=outline.request.counting and not (outline.penalised or outline.weighted),
            weighing=outline.request.counting and outline.weighted and not outline.penalised,
            penalised=outline.penalised,
            back=self.back,
            input_source=self.sources.index("inputs"),
            table_source=NONE if self.run.net.table is None else self.sources.index("table"),
            as_they_stand=outline.as_they_stand,
            inputs_of_all_steps=outline.inputs_of_all_steps,
            features=outline.inputs.units,
            input_row=outline.inputs.row,
            input_frame=outline.inputs.frame,
            target_source=self.sources.index("targets") if measured else NONE,
            weight_source=self.sources.index("weight") if outline.weighted else NONE,
            target_units=outline.targets.units,
            target_row=outline.targets.row,
            target_frame=outline.targets.frame,
            costs=len(outline.request.costs),
            partial_costs=tiling.layout.wide.width,
            tokens=NONE if self.run.net.table is None else outline.tokens,
            carried_size=outline.carried_size,
            **self.places[RUN],
            **self.places.get(COSTS, {}),
        )

    def _layer(self, number: int, layer: Layer) -> LayerDescriptor:
        cell, tangents = layer.member.cell, self.outline.request.tangents
        below = self.maps[:number] if tangents else []
        states, units = [map.units * map.own for map in below], [map.units for map in below]
        return LayerDescriptor(
            units=layer.shape.units,
            state_count=cell.states,
            tracked=cell.tracked,
            terms=layer.below.units,
            row=layer.shape.row,
            frame=layer.shape.frame,
            tiles=layer.shape.tiles,
            panel=self.tiling.panel * self.tiling.weight_lanes,
            below=self.places[number - 1].get("top", NONE) if number else self.places[RUN].get("grad_inputs", NONE),
            below_row=layer.below.row,
            below_frame=layer.below.frame,
            below_tiles=layer.below.tiles,
            reported=1 if self.outline.reports(layer.member) else NONE,
            hides_divergence=bool(cell.states) and cell.hides_divergence,
            place=sum(states) if tangents else NONE,
            place_below=sum(states[:-1]) if states else NONE,
            place_read=sum(units) if tangents and cell.outputs else NONE,
            place_read_below=sum(units[:-1]) if below and below[-1].cell.outputs else NONE,
            penalty_source=self.sources.index(penalty_name(number)) if self._penalised(number) else NONE,
            **self._noise(number, layer),
            **self._overlap(layer),
            **self.places[number],
        )

    def _noise(self, number: int, layer: Layer) -> dict[str, int]:
        """Where the noise of a layer stands, and where it comes from."""
        if not layer.member.cell.noisy:
            return {}
        jump, frame = layer.member.cell.gates * layer.shape.frame, layer.shape.frame
        found = {"noise": self.places[number]["pre"] + jump - frame, "noise_jump": jump}
        if self.outline.draws(layer):
            found |= {"noise_source": self.sources.index(noise_name(number)), "drawn_apart": self.outline.drawn_apart(layer)}
        return found

    def _overlap(self, layer: Layer) -> dict[str, int]:
        """The sizes of a layer's overlaps."""
        if layer.overlap is None:
            return {}
        _, row, frame, tiles = layer.overlap
        return {"rank": layer.member.rank, "overlap_row": row, "overlap_frame": frame, "overlap_tiles": tiles}

    def _penalised(self, number: int) -> bool:
        """Whether the states of a layer have a penalty in the cost."""
        return self.outline.penalised and number in self.run.penalised_states

    def _cost(self, number: int) -> CostDescriptor:
        """Where outputs, their cotangents and targets stand."""
        top, targets, at = self.layers[-1], self.outline.targets, self.places[COSTS]
        jump = top.state_count * top.frame
        return CostDescriptor(
            outputs=top.units,
            row=top.row,
            frame=top.frame,
            y_first=top.states + jump if jump else top.pre,
            y_by_step=jump or top.frame,
            g_first=top.pre if not jump else top.top if self.back else self.places[OUTPUTS]["g"],
            g_by_step=top.frame,
            targets=at["targets"],
            target_row=targets.row,
            target_frame=targets.frame,
            weights=at.get("weights", NONE),
            total=at["partial_cost"] + number * self.tiling.layout.wide.width,
        )

    def _packs(self) -> Iterator[PackDescriptor]:
        """The weights of all layers, for the way forward and back."""
        for i, layer in enumerate(self.outline.layers):
            at, units = self.places[i], layer.shape.units
            for what, name, gates, terms, turned, _ in layer.weights:
                source, ways = self.sources.index(name), (f"{what}_forward", f"{what}_back")
                to_units, to_terms = reversed(ways) if turned else ways
                if to_units in at:
                    out = at[to_units]
                    yield PackDescriptor(source=source, gates=gates, rows=units, terms=terms, by_row=terms, by_term=1, out=out)
                if to_terms in at:
                    out = at[to_terms]
                    yield PackDescriptor(source=source, gates=gates, rows=terms, terms=units, by_row=1, by_term=terms, out=out)

    def tangent_packs(self) -> Iterator[PackDescriptor]:
        """The weights of all layers, for tangents."""
        for i, layer in enumerate(self.outline.layers):
            for what, name, gates, terms, *_ in layer.tangent_weights:
                source, units, out = self.sources.index(name), layer.shape.units, self.places[i][f"{what}_tangent"]
                yield PackDescriptor(source=source, gates=gates, rows=units, terms=terms, by_row=terms, by_term=1, out=out)

    def _biases(self) -> Iterator[SpreadDescriptor]:
        for layer, member in zip(self.layers, self.maps, strict=True):
            seen: set[int] = set()
            for name, gates in member.biases:
                source = self.sources.index(name)
                for i, gate in enumerate(gates):
                    yield SpreadDescriptor(
                        source=source,
                        gate=i,
                        units=member.units,
                        all_rows=False,
                        row=0,
                        out=layer.bias + gate * layer.row,
                        added=gate in seen,
                    )
                    seen.add(gate)

    def _starts(self) -> Iterator[SpreadDescriptor]:
        """Constants and starts, one frame after the other."""
        for layer, member in zip(self.layers, self.maps, strict=True):
            own = layer.states + member.cell.outputs * layer.frame
            for names, first in ((member.constants, layer.constants), (member.starts, own)):
                for i, name in enumerate(names):
                    yield SpreadDescriptor(
                        source=self.sources.index(name),
                        gate=0,
                        units=member.units,
                        all_rows=True,
                        row=layer.row,
                        out=first + i * layer.frame,
                        added=False,
                    )

    def _zeros(self) -> Iterator[ZerosDescriptor]:
        for owner, sizes in self.buffers.items():
            for name, size in sizes.items():
                if name in SUMS:
                    yield ZerosDescriptor(at=self.places[owner][name], length=size)

    def network(self) -> NetworkKernels:
        """The layers and their kernels."""
        layout, maps, outline = self.tiling.layout, self.maps, self.outline
        of_layer, of_cost, of_noise = signatures(self.run.dtype)
        noise = [draw_of(noise_kind(self.run.dtype))] if any(map(outline.draws, outline.layers)) else []
        layouts = [layout._replace(recurrence=low_rank.Factored()) if layer.overlap else layout for layer in outline.layers]
        forward = [layers.forward_of(own, member.cell, outline.taped) for own, member in zip(layouts, maps, strict=True)]
        back = [layers.backward_of(own, member.cell) for own, member in zip(layouts, maps, strict=True)] if self.back else []
        reports = [
            layers.report_of(layout, member.cell) if outline.reports(member) else unused
            for member, unused in zip(maps, forward, strict=True)
        ]
        return NetworkKernels(
            records(LayerDescriptor, self.layers),
            addresses(forward, of_layer),
            addresses(back, of_layer),
            addresses(reports, of_layer),
            addresses([costs.cost_of(layout, cost, self.run.dtype, outline.weighted) for cost in outline.request.costs], of_cost),
            addresses(noise, of_noise),
            records(PackDescriptor, [*self._packs()]),
            records(SpreadDescriptor, [*self._biases()]),
            records(SpreadDescriptor, [*self._starts()]),
            records(ZerosDescriptor, [*self._zeros()]),
        )

    def record(self) -> Any:
        """The descriptor of the program, as a record."""
        return records(ProgramDescriptor, [self.descriptor])[0]
