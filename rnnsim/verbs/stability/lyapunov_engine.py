"""Runs of frames of tangents along the states of networks: the loop over blocks of points."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
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
    NONE,
    CostDescriptor,
    FrameDescriptor,
    KeepDescriptor,
    LayerDescriptor,
    PackDescriptor,
    SumDescriptor,
    TangentDescriptor,
    WorkDescriptor,
    records,
    type_of,
)
from rnnsim.numerics import parallel
from rnnsim.numerics.checked import address_of
from rnnsim.numerics.function_pointers import addresses
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines import scalar as scalar_runs
from rnnsim.verbs.engines.program import Program, Request
from rnnsim.verbs.engines.result_arrays import NEVER
from rnnsim.verbs.engines.tiling import Tiling

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


def frame_of(
    program: Program, tangent_run: TangentRun, rows: int, spread: Spread, tiles: int, shared: dict[str, Any]
) -> dict[str, Any]:
    """Lay out the tangents of one sequence."""
    size, scratch = spread.kind.width, program.scratch
    row = tiles * len(spread.tile.columns) * size
    what = {"rows": rows, "columns": tangent_run.columns, "row": row, "tiles": tiles, "weight_lanes": program.tiling.weight_lanes}
    what |= {"tangents": scratch.take(rows, row), "pushed": scratch.take(rows, row), "adaptive": int(tangent_run.interval is None)}
    what |= {name: scratch.take(tangent_run.products, size) for name in ("mantissas", "exponents")}
    return what | shared | {"last": scratch.take(size), "due": scratch.take(size), "products": tangent_run.products}


def shared_of(program: Program, tangent_run: TangentRun, rows: int, spread: Spread, tiles: int) -> dict[str, Any]:
    """What the tangents of all sequences have room for together."""
    size, scratch = spread.kind.width, program.scratch
    row, step = tiles * len(spread.tile.columns) * size, size if spread.together == 1 else 1
    gates = max(member.units * member.cell.gates for member in program.maps)
    what = {"gates": scratch.take(gates, row), "nothing": scratch.take(row), "reflector": rows * step + size}
    what |= {"kept": scratch.take(rows, row) if tangent_run.interval is None else NONE}
    what |= {name: scratch.take(tangent_run.products, size) for name in ("taus", "lengths", "sizes", "rates")}
    return what | {"reflectors": scratch.take(tangent_run.columns, what["reflector"])}


def tangents_of(program: Program, tangent_run: TangentRun) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The frames of a group's sequences, and kernels."""
    rows = sum(member.units * member.cell.states for member in program.maps)
    spread, tiles = spread_of(program.tiling, tangent_run.columns)
    shared = shared_of(program, tangent_run, rows, spread, tiles)
    frames = [frame_of(program, tangent_run, rows, spread, tiles, shared) for _ in range(program.tiling.rows)]
    for layer in program.layers:
        layer["volume"] = program.scratch.take(2, spread.kind.width)
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
    return frames, {
        "how": records(TangentDescriptor, [how])[0],
        "packs": records(PackDescriptor, [PackDescriptor(**pack) for pack in program.tables["tangents"]]),
        "push": addresses([push_of(spread, cell) for cell in cells], of_push),
        "volumes": addresses([volumes_of(spread, cell) for cell in cells] if tangent_run.volumes else [], of_volumes),
        "orthonormal": addresses([orthonormal_of(spread)], of_frame),
        "batch_exponents": addresses([batch_exponents_of(spread)], of_frame),
        "first": np.ascontiguousarray(tangent_run.first).reshape(-1),
    }


def layer_rates(run: Run, tangent_run: TangentRun, reduce: Reduce) -> np.ndarray:
    """`rates` of networks of many units."""
    program = Program(run, (), Request(tangents=tangent_run.columns))
    frames, what = tangents_of(program, tangent_run)
    program_record, network = program.record(), program.network()
    nothing = records(KeepDescriptor, [])
    empty = nothing, nothing, records(SumDescriptor, [])
    found = np.full(run.grid.points, NEVER, np.int32)
    units = max(member.units for member in program.maps)
    of_step = sum(m.units * (m.units + m.inputs) * m.cell.gates for m in program.maps) * tangent_run.columns
    frame_records = records(FrameDescriptor, [FrameDescriptor(**frame) for frame in frames])
    blocks = parallel.blocks(run.grid.points, max(1, (run.samples or 1) * run.steps * of_step // 64), 1, program.tiling.points)

    def work(next_block: Any) -> None:
        scratch = program.scratch.make(run.dtype)
        descriptors = records(WorkDescriptor, [WorkDescriptor()]), records(CostDescriptor, [])
        thread = groups.ThreadScratch(scratch, address_of(scratch), np.full(4, -1, np.int64), *descriptors)
        jacobian, pivots = np.empty((units, units)), np.empty(units, np.int64)
        while (block := next_block()) is not None:
            lo, hi = block
            sources, offsets, arrays = program.sources.block(lo, hi)
            grown, still = (np.empty((hi - lo, run.samples or 1, *by)) for by in ((tangent_run.batches, tangent_run.products), ()))
            of_block = {"frames": frame_records.copy(), "rates": grown.reshape(-1), "still": still.reshape(-1)}
            tangents = Tangents(**what, **of_block, jacobian=jacobian, pivots=pivots)
            data = groups.Data(sources, offsets, np.ones(1, run.dtype), (0, 0))
            run_tangents(program_record, network, data, thread, groups.Kept(*empty, lo, found[lo:hi]), tangents, hi - lo)
            reduce(lo, hi, grown, still)
            del arrays

    parallel.run(work, blocks)
    return np.where(found == NEVER, -1, found).astype(np.int32)


def scalar_rates(run: Run, tangent_run: TangentRun, reduce: Reduce) -> np.ndarray:
    """`rates` of scalar networks, whose one rate is that of the volume, too."""
    cell, sizes, points, shape = scalar_runs.net_of(run).cell, scalar_runs.sizes_of(run), run.grid.points, run.grid.strided_shape
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
    engine = scalar_rates if scalar_runs.serves(run) else layer_rates
    return engine(run, tangent_run, reduce)
