"""Runs of networks of many units: the layout of their lanes, scratch, and the loop over blocks of points and strands of samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.drawn import Drawn
from rnnsim.kernels import blocks, groups, moves
from rnnsim.kernels.blocks import Strided
from rnnsim.kernels.layers import Layer, Layout, Map, Shape
from rnnsim.kernels.products import AsNumbers, AsVectors, Tile
from rnnsim.lanes import Kind
from rnnsim.running import Run
from rnnsim.variables import DIVERGED_AT

ROWS = 8  # sequences at once: they share each load of a weight
STRANDS = 8  # parts of the samples that may be computed at once
SCRATCH_NUMBERS = 1 << 15  # of states and pre-activations at once on the way forward, so that they stay in the second-level cache
UNITS_AS_LANES = 16
SAMPLES_AS_LANES = 32
NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Cut:
    """How a run is cut up. Units are lanes where there are many, samples where those are many, points elsewhere; never does it depend on
    the number of points, blocks or threads."""

    layout: Layout
    plan: groups.Plan
    shape: Shape
    input_shape: Shape

    @classmethod
    def of(cls, run: Run, loss: Any) -> "Cut":
        net, samples = run.net, run.samples or 1
        lanes = blocks.lanes(1, run.dtype)
        units = net.units >= UNITS_AS_LANES
        by_samples = not units and samples >= SAMPLES_AS_LANES
        row_samples = lanes if by_samples else 1
        rows = min(ROWS, -(-samples // row_samples))
        columns = 1 if net.units == 1 else 2 if rows >= 4 else 4
        tile = Tile((0,) * (4 if rows >= 4 else 1), (0,) * columns)
        wide = Kind(lanes * (4 if net.cell.gates == 1 else 2), run.dtype)
        panel, apart = (columns * lanes, 1) if units else (columns, lanes)

        def shape(count: int) -> Shape:
            row = -(-count // panel) * panel * apart
            frame = -(-rows * row // wide.width) * wide.width
            return Shape(count, row, frame, row // (columns * lanes))

        chunk = rows * row_samples
        chunks = -(-samples // chunk)
        parts = min(STRANDS, chunks)
        strands = np.minimum(np.arange(parts + 1) * chunks // parts * chunk, samples)
        own = shape(net.units)
        together = max(1, SCRATCH_NUMBERS // (own.frame * (net.cell.states + net.cell.gates)))
        plan = groups.Plan(
            rows=rows,
            chunk=chunk,
            points=1 if units or by_samples else lanes,
            lanes=apart,
            lane_points=int(not units and not by_samples),
            lane_samples=int(by_samples),
            row_samples=row_samples,
            panel=panel,
            chunk_steps=run.steps if loss is not None else min(run.steps, together),
            steps=run.steps,
            targeted=run.targets.array.sizes["step"] if run.targets else 0,
            samples=samples,
            strands=strands,
        )
        weights, data = AsNumbers() if by_samples else AsVectors(), AsNumbers() if units else AsVectors()
        layout = Layout(Kind(lanes, run.dtype), wide, tile, weights, data, apart, np.ones(lanes, run.dtype))
        return cls(layout, plan, own, shape(net.inputs))


def scratch_layer(run: Run, cut: Cut, back: bool, history: bool) -> Layer:
    """A layer with scratch for one thread."""
    cell, shape, plan = run.net.cell, cut.shape, cut.plan
    lanes = plan.lanes if plan.lane_points else 1
    steps, n, d = plan.chunk_steps, run.net.units, run.net.inputs

    def room(*sizes: int, wanted: bool = True) -> np.ndarray:
        return np.zeros(int(np.prod(sizes)) * wanted, run.dtype)

    def linear(letter: str, terms: int) -> Map:
        gates = tuple(i for i, reads in enumerate(cell.reads) if letter in reads)
        packed = -(-n // plan.panel) * plan.panel * lanes
        packed_back = -(-terms // plan.panel) * plan.panel * lanes
        tiles = (cut.input_shape if letter == "x" else shape).tiles
        return Map(
            gates,
            terms,
            plan.panel * lanes,
            room(len(gates), terms, packed),
            room(len(gates), n, packed_back, wanted=back),
            tiles,
            room(len(gates), terms, shape.row, wanted=back),
        )

    return Layer(
        cell=cell,
        derivatives=(0,) * cell.partials,
        shape=shape,
        w_in=linear("x", d),
        w_rec=linear("h", n),
        bias=room(cell.gates, shape.row),
        constants=room(cell.constants, shape.frame),
        states=room(steps + 1, cell.states, shape.frame),
        pre=room(steps, cell.gates, shape.frame),
        partials=room(steps, cell.partials, shape.frame, wanted=back),
        cotangent=room(cell.states, shape.frame),
        history=room(steps + 1, shape.frame, wanted=history),
        top=room(steps, shape.frame, wanted=back),
        grad_bias=room(cell.gates, shape.row),
    )


def scratch(run: Run, cut: Cut, grad_input: bool, points: int) -> groups.Scratch:
    """The rest of the scratch of one thread."""
    plan, below = cut.plan, cut.input_shape

    def room(size: int) -> np.ndarray:
        return np.zeros(size, run.dtype)

    return groups.Scratch(
        inputs=room(plan.chunk_steps * below.frame * (plan.lanes > 1)),
        held=np.full(4, -1, np.int64),
        input_shape=below,
        targets=room(plan.targeted * cut.shape.frame),
        grad_inputs=room(plan.steps * below.frame * grad_input),
        grad_starts=room(run.net.cell.states * cut.shape.row),
        cost=room(plan.lanes),
        partial_cost=room(cut.layout.wide.width),
        ones=np.ones(points, run.dtype),
    )


def source_of(run: Run, array: xr.DataArray, own: tuple[str, ...]) -> Any:
    """A function lo, hi -> where kernels read an array over axes and some of its `own` dimensions, for a block of points."""
    has = [dim for dim in own if dim in array.dims]
    axes = tuple(str(dim) for dim in array.dims if dim not in own)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array.transpose(*axes, *has).values.astype(run.dtype, copy=False))
    numbers = int(np.prod([array.sizes[dim] for dim in has], dtype=np.int64))
    apart = {dim: int(np.prod([array.sizes[after] for after in has[i + 1 :]], dtype=np.int64)) for i, dim in enumerate(has)}
    firsts = np.arange(values.size // numbers, dtype=np.int64) * numbers
    strided: Strided = run.grid.strided(firsts.reshape([array.sizes[dim] for dim in axes]), axes)
    by_unit = max(apart.get("unit", 0), apart.get("input", 0), apart.get("output", 0))

    def block(lo: int, hi: int) -> moves.Source:
        offsets = np.empty(hi - lo, np.int64)
        blocks.gather(*strided, run.grid.strided_shape, lo, hi, offsets)
        steps = (apart.get("gate", 0), by_unit, apart.get("sample", 0), apart.get("step", 0))
        return moves.Source(values.reshape(-1), offsets, *steps)

    return block


def source_of_drawn(run: Run, drawn: Drawn) -> Any:
    """The same of a parameter that is drawn: a block's numbers are made when it is computed."""
    shape = run.grid.strided_shape
    ways = [
        run.grid.strided(np.ascontiguousarray(array.values), tuple(str(dim) for dim in array.dims))
        for array in (drawn.seed, drawn.gain.astype(np.float64))
    ]
    own = xr.DataArray(np.empty(tuple(drawn.sizes.values())), dims=tuple(drawn.sizes))
    laid_out = source_of(run, own, tuple(drawn.sizes))(0, 1)

    def block(lo: int, hi: int) -> moves.Source:
        seeds, gains = np.empty(hi - lo, np.int64), np.empty(hi - lo)
        for way, out in zip(ways, (seeds, gains), strict=True):
            blocks.gather(*way, shape, lo, hi, out)
        values = drawn.at(seeds, gains).astype(run.dtype, copy=False)
        return laid_out._replace(values=values.reshape(-1), offsets=np.arange(hi - lo, dtype=np.int64) * drawn.numbers)

    return block


def sources_of(run: Run) -> Any:
    """A function lo, hi -> all that kernels read for a block of points."""
    net, cell = run.net, run.net.cell
    x_gates, h_gates = (tuple(i for i, reads in enumerate(cell.reads) if letter in reads) for letter in "xh")
    bias_names = [name for name in net.parameter_names if name.startswith("bias")]
    full = {}
    for name in net.parameter_names:
        kept = net.source(name)
        own = ("sample", *net.dimensions(name))
        full[name] = source_of_drawn(run, kept) if isinstance(kept, Drawn) else source_of(run, kept, own)
    inputs = source_of(run, run.inputs.array, ("sample", "step", "input"))
    targets = source_of(run, run.targets.array, ("sample", "step", "output")) if run.targets else None

    def block(lo: int, hi: int) -> groups.Sources:
        return groups.Sources(
            w_in=full["w_in"](lo, hi),
            w_rec=full["w_rec"](lo, hi),
            biases=tuple(full[name](lo, hi) for name in bias_names),
            bias_gates=tuple(h_gates if name == "bias_rec" else x_gates for name in bias_names),
            constants=tuple(full[name](lo, hi) for name in ("leak",)[: cell.constants]),
            starts=tuple(full[name](lo, hi) for name in net.STARTS),
            inputs=inputs(lo, hi),
            targets=targets(lo, hi) if targets else None,
        )

    return block


def counted_targets(run: Run) -> Any:
    """A function lo, hi -> how many targets of each point of a block count."""
    assert run.targets
    own = [dim for dim in ("sample", "step", "output") if dim in run.targets.array.dims]
    return source_of(run, run.targets.array.notnull().sum(own).astype(run.dtype), ())


@dataclass(frozen=True)
class Results:
    """The arrays to fill, (slot, point, …); a slot for each strand that is computed alone, if their sums are to be added."""

    run: Run
    arrays: dict[str, np.ndarray]
    summed: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, names: tuple[str, ...], slots: int) -> "Results":
        by_point = {"cost", *(f"grad_{name}" for name in run.net.trainable)}
        summed = tuple(name for name in names if name in by_point and "sample" not in run.dims_of(name))
        arrays = {
            name: np.empty((slots if name in summed else 1, run.grid.points, *run.shape_of(name)), run.dtype) for name in names
        }
        arrays[DIVERGED_AT] = np.full((slots, run.grid.points), NEVER, np.int32)
        return cls(run, arrays, summed)

    def kept(self, name: str, lo: int) -> moves.Kept:
        """Where a kernel keeps a result of each sample."""
        if name not in self.arrays or name in self.summed:
            return moves.Kept(np.empty(0, self.run.dtype), 0, 0, 0, 0)
        sizes = dict(zip(self.run.dims_of(name), self.run.shape_of(name), strict=True))
        numbers = int(np.prod([size for dim, size in sizes.items() if dim not in ("sample", "step")], dtype=np.int64))
        return moves.Kept(self.arrays[name].reshape(-1), lo, sizes.get("sample", 1), sizes.get("step", 1), numbers)

    def gradient(self, name: str, lo: int, slot: int) -> moves.Gradient:
        """Where a kernel keeps a result that is summed over samples."""
        if name not in self.summed:
            return moves.Gradient(np.empty(0, self.run.dtype), 0, 0)
        return moves.Gradient(self.arrays[name][slot].reshape(-1), lo, int(np.prod(self.run.shape_of(name), dtype=np.int64)))

    def total(self, divisors: np.ndarray | None) -> dict[str, np.ndarray]:
        """The results, those of several slots added in order and divided."""
        found = {}
        for name, slots in self.arrays.items():
            if name == DIVERGED_AT:
                first = slots.min(axis=0)
                found[name] = np.where(first == NEVER, -1, first).astype(np.int32)
                continue
            whole = slots[0]
            for slot in slots[1:]:
                whole += slot
            if len(slots) > 1 and divisors is not None:
                whole /= divisors.reshape(-1, *[1] * (whole.ndim - 1))
            found[name] = whole
        return found


def pieces_of(run: Run, cut: Cut) -> list[tuple[int, int, int, int]]:
    """Blocks of points and of strands: lo, hi, first strand, last strand. Strands are apart only where there are few points."""
    plan, strands = cut.plan, len(cut.plan.strands) - 1
    work = plan.samples * plan.steps * run.net.units * (run.net.units + run.net.inputs) * run.net.cell.gates
    kept = [run.net.source(name) for name in run.net.parameter_names]
    numbers = 1 + sum(parameter.numbers for parameter in kept if isinstance(parameter, Drawn))
    points = blocks.blocks(run.grid.points, max(1, work // 64), numbers, plan.points)
    if len(points) >= 2 * blocks.processors():
        return [(lo, hi, 0, strands) for lo, hi in points]
    return [(lo, hi, strand, strand + 1) for lo, hi in points for strand in range(strands)]


def compute(run: Run, names: tuple[str, ...], loss: Any = None) -> dict[str, np.ndarray]:
    """The variables `names` and `diverged_at`, over points and their own dimensions."""
    cut, net = Cut.of(run, loss), run.net
    pieces = pieces_of(run, cut)
    strands = len(cut.plan.strands) - 1
    apart = strands > 1 and pieces[0][3] - pieces[0][2] == 1
    results = Results.of(run, names, strands if apart else 1)
    most = max(hi - lo for lo, hi, *_ in pieces)
    sources, counts = sources_of(run), counted_targets(run) if run.targets else None
    found = results.arrays[DIVERGED_AT]

    def work(next_piece):
        layer = scratch_layer(run, cut, loss is not None, "grad_state" in names)
        room = scratch(run, cut, "grad_input" in names, most)
        while (piece := next_piece()) is not None:
            lo, hi, first, last = piece
            slot = first if apart else 0
            kept = groups.Trajectories(*(results.kept(name, lo) for name in groups.Trajectories._fields))
            arguments = (cut.plan, layer, sources(lo, hi), room, hi - lo, (first, last))
            if loss is None:
                groups.forward(cut.layout, *arguments, kept, found[slot, lo:hi])
                continue
            starts = [f"grad_{name}" for name in net.STARTS]
            biases = [f"grad_{name}" for name in net.trainable if name.startswith("bias")]
            grads = groups.Gradients(
                results.gradient("cost", lo, slot),
                results.gradient("grad_w_in", lo, slot),
                results.gradient("grad_w_rec", lo, slot),
                tuple(results.gradient(name, lo, slot) for name in biases),
                tuple(results.gradient(name, lo, slot) for name in starts),
            )
            over_steps = [results.kept(name, lo) for name in groups.Cotangents._fields[:3]]
            cotangents = groups.Cotangents(*over_steps, tuple(results.kept(name, lo) for name in starts))
            counted = counts(lo, hi)
            counted = counted.values[counted.offsets]
            groups.backward(cut.layout, loss, *arguments, counted, kept, cotangents, grads, found[slot, lo:hi])

    blocks.run(work, pieces)
    divisors = None
    if counts is not None and apart:
        every = counts(0, run.grid.points)
        divisors = every.values[every.offsets]
    return results.total(divisors)
