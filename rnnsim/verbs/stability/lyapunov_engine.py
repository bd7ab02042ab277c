"""Runs of frames of tangents along the states of networks: the loop over blocks of points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numba
import numpy as np

from rnnsim.kernels.linalg.matmul import AsNumbers, AsVectors, Tile
from rnnsim.kernels.lyapunov import scalar as scalar_exponents
from rnnsim.kernels.lyapunov.householder import batch_exponents_of, orthonormal_of
from rnnsim.kernels.lyapunov.log_det import volumes_of
from rnnsim.kernels.lyapunov.push import Spread, push_of
from rnnsim.kernels.lyapunov.spectrum import Tangents, run_tangents
from rnnsim.kernels.recurrence import network as groups
from rnnsim.kernels.recurrence import scalar
from rnnsim.kernels.recurrence.descriptors import (
    FrameDescriptor,
    KeepDescriptor,
    LayerDescriptor,
    PackDescriptor,
    SumDescriptor,
    TangentDescriptor,
    records,
    type_of,
)
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines import scalar as scalar_runs
from rnnsim.verbs.engines.outline import Request
from rnnsim.verbs.engines.program import Program, thread_descriptors
from rnnsim.verbs.engines.result_arrays import NEVER, or_never
from rnnsim.verbs.engines.tiling import Tiling

SHARED, FRAME = "shared", "frame"  # whose buffers are

Reduce = Callable[[int, int, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class TangentRun:
    """How tangents go: how many, steps that do not count and those that do, steps between two QRs (None: adaptive), steps of a
    batch, how many batches; the frame that they begin with (row, column); whether volumes are to be found, too."""

    columns: int
    discard: int
    steps: int
    interval: int | None
    batch: int
    batches: int
    first: np.ndarray
    volumes: bool

    @property
    def products(self) -> int:
        """How many rates there are: of each tangent, and of the volume."""
        return self.columns + self.volumes

    @cached_property
    def lengths(self) -> np.ndarray:
        """The steps of each batch."""
        return np.array([self.batch] * (self.batches - 1) + [self.steps - self.batch * (self.batches - 1)])


@cache
def signatures() -> tuple[tuple[Any, ...], ...]:
    """The types of what kernels are called with that push tangents, that work on frames, and that let volumes grow."""
    scratch, jacobian, pivots = (
        numba.typeof(np.empty(shape, kind)) for shape, kind in ((0, float), ((0, 0), float), (0, np.int64))
    )
    layer, frame = type_of(LayerDescriptor), type_of(FrameDescriptor)
    return (scratch, layer, frame), (scratch, frame), (scratch, layer, frame, jacobian, pivots)


def spread_of(tiling: Tiling, columns: int) -> tuple[Spread, int]:
    """How so many tangents are laid out, and how many tiles of columns they are."""
    together = tiling.layout.narrow.width if tiling.lanes == 1 else 1
    vectors = -(-columns // together)
    tile = Tile((0,) * 4, (0,) * (1 if vectors == 1 else 2))
    weights: Any = AsVectors() if tiling.lane_points else AsNumbers()
    spread = Spread(tiling.layout.narrow, tile, weights, tiling.layout.data, tiling.layout.apart, together)
    return spread, -(-vectors // len(tile.columns))


@dataclass(frozen=True)
class TangentLayout:
    """How the tangents of a run are laid out: frames, one for each sequence of a group, of so many rows and tiles of columns; the most
    pre-activations of a layer; lanes of weights; units of all layers, if something is read that is no state."""

    tangent_run: TangentRun
    spread: Spread
    frames: int
    rows: int
    tiles: int
    gates: int
    weight_lanes: int
    read: int

    @classmethod
    def of(cls, run: Run, tangent_run: TangentRun) -> "TangentLayout":
        tiling, members = Tiling.of(run, run.samples or 1, tangents=True), run.net.members
        spread, tiles = spread_of(tiling, tangent_run.columns)
        rows = sum(member.units * member.own for member in members)
        gates = max(member.units * member.cell.gates for member in members)
        read = sum(member.units for member in members) if any(member.cell.outputs for member in members) else 0
        return cls(tangent_run, spread, tiling.rows, rows, tiles, gates, tiling.weight_lanes, read)

    @property
    def row(self) -> int:
        """Numbers of a row of a frame."""
        return self.tiles * len(self.spread.tile.columns) * int(self.spread.kind.width)

    @property
    def reflector(self) -> int:
        """Numbers of a reflection."""
        size = int(self.spread.kind.width)
        return self.rows * (size if self.spread.together == 1 else 1) + size

    def buffers(self) -> dict[Any, dict[str, int]]:
        """What the tangents of all sequences have room for together, and those of each alone."""
        run, size, frame = self.tangent_run, self.spread.kind.width, self.rows * self.row
        products = run.products * size
        shared = {"gates": self.gates * self.row, "nothing": self.row}
        if run.interval is None:
            shared["kept"] = frame
        if self.read:
            shared["read"] = self.read * self.row
        shared |= dict.fromkeys(("taus", "lengths", "sizes", "rates"), products)
        shared["reflectors"] = run.columns * self.reflector
        own = {"tangents": frame, "pushed": frame, "mantissas": products, "exponents": products, "last": size, "due": size}
        return {SHARED: shared, **{(FRAME, i): own for i in range(self.frames)}}

    def descriptors(self, places: Mapping[Any, dict[str, int]]) -> list[FrameDescriptor]:
        """The frames of a group's sequences."""
        run = self.tangent_run
        return [
            FrameDescriptor(
                rows=self.rows,
                columns=run.columns,
                row=self.row,
                tiles=self.tiles,
                weight_lanes=self.weight_lanes,
                reflector=self.reflector,
                adaptive=run.interval is None,
                products=run.products,
                **places[SHARED],
                **places[FRAME, i],
            )
            for i in range(self.frames)
        ]


def kernels_of(program: Program, tangent_run: TangentRun, spread: Spread) -> dict[str, Any]:
    """What `Tangents` holds for all blocks."""
    of_push, of_frame, of_volumes = signatures()
    cells = [member.cell for member in program.maps]
    how = TangentDescriptor(
        discard=tangent_run.discard,
        steps=tangent_run.steps,
        interval=tangent_run.interval or 1,
        batch=tangent_run.batch,
        batches=tangent_run.batches,
        width=spread.kind.width,
    )
    return {
        "how": records(TangentDescriptor, [how])[0],
        "packs": records(PackDescriptor, [*program.tangent_packs()]),
        "push": addresses([push_of(spread, cell) for cell in cells], of_push),
        "volumes": addresses([volumes_of(spread, cell) for cell in cells] if tangent_run.volumes else [], of_volumes),
        "orthonormal": addresses([orthonormal_of(spread)], of_frame),
        "batch_exponents": addresses([batch_exponents_of(spread)], of_frame),
        "first": np.ascontiguousarray(tangent_run.first).reshape(-1),
    }


def layer_rates(run: Run, tangent_run: TangentRun, reduce: Reduce) -> np.ndarray:
    """`rates` of networks of many units."""
    layout = TangentLayout.of(run, tangent_run)
    program = Program(run, (), Request(tangents=tangent_run.columns), also=layout.buffers())
    what = kernels_of(program, tangent_run, layout.spread)
    frames = records(FrameDescriptor, layout.descriptors(program.memory.places))
    program_record, network = program.record(), program.network()
    nothing = records(KeepDescriptor, [])
    empty = nothing, nothing, records(SumDescriptor, [])
    found = np.full(run.grid.points, NEVER, np.int32)
    size = max(member.units * member.cell.states for member in program.maps)
    of_step = sum(m.units * (m.units + m.inputs) * m.cell.gates for m in program.maps) * tangent_run.columns
    blocks = parallel.blocks(run.grid.points, max(1, (run.samples or 1) * run.steps * of_step // 64), 1, program.tiling.points)

    def work(next_block: Any) -> None:
        scratch = program.memory.make(run.dtype)
        descriptors = thread_descriptors([])
        thread = groups.ThreadScratch(scratch, address_of(scratch), np.full(4, -1, np.int64), *descriptors)
        jacobian, pivots = np.empty((size, size)), np.empty(size, np.int64)
        while (block := next_block()) is not None:
            lo, hi = block
            sources, offsets, arrays = program.sources.block(lo, hi)
            grown, still = (np.empty((hi - lo, run.samples or 1, *by)) for by in ((tangent_run.batches, tangent_run.products), ()))
            of_block = {"frames": frames.copy(), "rates": grown.reshape(-1), "still": still.reshape(-1)}
            tangents = Tangents(**what, **of_block, jacobian=jacobian, pivots=pivots)
            data = groups.Data(sources, offsets, np.ones(1, run.dtype), (0, 0))
            run_tangents(program_record, network, data, thread, groups.Kept(*empty, lo, found[lo:hi]), tangents, hi - lo)
            reduce(lo, hi, grown, still)
            del arrays

    parallel.run(work, blocks)
    return or_never(found)


def scalar_rates(run: Run, tangent_run: TangentRun, reduce: Reduce) -> np.ndarray:
    """`rates` of scalar networks, whose one rate is that of the volume, too."""
    cell, sizes, points, shape = run.net.members[0].cell, scalar_runs.sizes_of(run), run.grid.points, run.grid.strided_shape
    rows, found, kind = scalar_runs.rows_of(run), np.full(run.grid.points, -1, np.int32), Kind(parallel.lanes(4), "float64")
    blocks = parallel.blocks(points, sizes.samples * sizes.steps, len(rows) + sizes.samples * tangent_run.batches, kind.width)
    most = -(-(blocks[0][1] - blocks[0][0]) // kind.width) * kind.width

    def work(next_block: Any) -> None:
        theta, lane_scratch = parallel.aligned((len(rows), most)), parallel.aligned(kind.width)
        inputs_of = scalar_runs.reader(run, run.inputs, bool(run.inputs.axes), kind.width, most)
        while (block := next_block()) is not None:
            lo, hi = block
            for row, strided in zip(theta, rows, strict=True):
                parallel.gather(*strided, shape, lo, hi, row)
            grown, still = (np.empty(sizes.samples * by * (hi - lo)) for by in (tangent_run.batches, 1))
            kernel_block = scalar.Block(points, lo, hi, lane_scratch)
            batches = tangent_run.discard, tangent_run.batch, tangent_run.batches
            scalar_exponents.exponents(kind, cell, theta, inputs_of(lo, hi), sizes, kernel_block, *batches, grown, still, found)
            rates = np.moveaxis(grown.reshape(sizes.samples, tangent_run.batches, hi - lo), 2, 0)
            reduce(lo, hi, np.stack([rates] * tangent_run.products, -1), still.reshape(sizes.samples, -1).T)

    parallel.run(work, blocks)
    return found


def rates(run: Run, tangent_run: TangentRun, reduce: Reduce) -> np.ndarray:
    """Rates of growth (point, sample, batch, product) of blocks of points lo…hi are given to `reduce(lo, hi, rates, still)`, with 1 in
    `still` (point, sample) where the first step changes no state; the result is the first step of each point at which a state is not
    finite, or -1."""
    engine = scalar_rates if scalar_runs.serves(run.net) else layer_rates
    return engine(run, tangent_run, reduce)
