"""What the recurrence reads: the states themselves, or their overlaps with a factor of weights of low rank.

    κ[k] = nᵀ h[k] / units;  a[k] += m κ[k-1] + fixed h[k-1]
    κ̄ = mᵀ ā / units;  h̄ += n κ̄ + fixedᵀ ā;  m̄ += Σ ā κᵀ;  n̄ += Σ h κ̄ᵀ

Overlaps stand in frames of their own, as states do. Functions that begin with the layout are chosen by its `recurrence` when a kernel is
compiled.
"""

from typing import NamedTuple

from numba.extending import overload

from rnnsim.equations.arity import slots
from rnnsim.kernels.linalg.matmul import LaneRows, Vectors, factor, product
from rnnsim.numerics.jit import internal
from rnnsim.numerics.simd import load, store
from rnnsim.numerics.tuples import INLINE, width


class Full(NamedTuple):
    """Says that w_rec stands in full."""


class Factored(NamedTuple):
    """Says that w_rec is given as factors, perhaps with a matrix beside them."""


def is_factored(layout):
    """Whether the type of a layout says so."""
    return layout.types[layout.fields.index("recurrence")].instance_class is Factored


def read_at(layout, layer, past, k):
    """Where the recurrence of step k reads, the distance of two rows there, and how many terms."""
    if isinstance(layout.recurrence, Factored):
        return layer.overlap + k * layer.overlap_frame, layer.overlap_row, layer.rank
    return past, layer.row, layer.units


@overload(read_at, jit_options=INLINE)
def _read_at(layout, layer, past, k):
    if is_factored(layout):
        return lambda layout, layer, past, k: (layer.overlap + k * layer.overlap_frame, layer.overlap_row, layer.rank)
    return lambda layout, layer, past, k: (past, layer.row, layer.units)


def read_from(layout, layer, first, jump):
    """Where the recurrence reads from step `first` on: that, the distances of two steps and of two rows, and how many terms."""
    if isinstance(layout.recurrence, Factored):
        return layer.overlap + first * layer.overlap_frame, layer.overlap_frame, layer.overlap_row, layer.rank
    return layer.states + first * jump, jump, layer.row, layer.units


@overload(read_from, jit_options=INLINE)
def _read_from(layout, layer, first, jump):
    if is_factored(layout):
        return lambda layout, layer, first, jump: (
            layer.overlap + first * layer.overlap_frame,
            layer.overlap_frame,
            layer.overlap_row,
            layer.rank,
        )
    return lambda layout, layer, first, jump: (layer.states + first * jump, jump, layer.row, layer.units)


def pulled_at(layout, layer, k, at):
    """Where the cotangents of what the recurrence makes stand, the distance of two rows, how many terms, and the weights to pull by."""
    if isinstance(layout.recurrence, Factored):
        return layer.overlap_cotangent + k * layer.overlap_frame, layer.overlap_row, layer.rank, layer.read_back
    return at, layer.row, layer.units, layer.rec_back


@overload(pulled_at, jit_options=INLINE)
def _pulled_at(layout, layer, k, at):
    if is_factored(layout):
        return lambda layout, layer, k, at: (
            layer.overlap_cotangent + k * layer.overlap_frame,
            layer.overlap_row,
            layer.rank,
            layer.read_back,
        )
    return lambda layout, layer, k, at: (at, layer.row, layer.units, layer.rec_back)


@internal
def reduce_units(layout, scratch, layer, rows, weights, data, out):
    """A frame of overlaps, from one of units: weights (unit, rank) transposed, over the units."""
    wide, panel = layout.wide, layer.panel
    a = factor(layout.weights, scratch, weights, 0, panel, layer.units * panel)
    b = factor(layout.data, scratch, data, 0, layout.apart, layer.row)
    frame, nothing = LaneRows(scratch, out, layer.overlap_row), LaneRows(scratch, layer.no_overlap, 0)
    product(layout.narrow, layout.tile, frame, nothing, rows, layer.overlap_tiles, 1, layer.units, a, b)
    for p in range(out, out + layer.overlap_frame, width(wide)):
        store(scratch, p, load(wide, scratch, p) * (1.0 / layer.units))


@internal
def multiply_by_fixed(layout, scratch, layer, rows, weights, data, out):
    """Add what the matrix beside the factors, or its transpose, makes of a frame."""
    panel, sums = layer.panel, LaneRows(scratch, out, layer.row)
    a = factor(layout.weights, scratch, weights, 0, panel, layer.units * panel)
    b = factor(layout.data, scratch, data, 0, layout.apart, layer.row)
    product(layout.narrow, layout.tile, sums, sums, rows, layer.tiles, 1, layer.units, a, b)


def find_overlap(layout, scratch, layer, chunk, past, k):
    """κ of the states at step k."""
    if isinstance(layout.recurrence, Factored):
        at = layer.overlap + k * layer.overlap_frame
        reduce_units(layout, scratch, layer, chunk.rows, layer.read_forward, past, at)


@overload(find_overlap)
def _find_overlap(layout, scratch, layer, chunk, past, k):
    if is_factored(layout):
        return lambda layout, scratch, layer, chunk, past, k: reduce_units(
            layout, scratch, layer, chunk.rows, layer.read_forward, past, layer.overlap + k * layer.overlap_frame
        )
    return lambda layout, scratch, layer, chunk, past, k: None


@internal
def add_fixed_states(layout, scratch, layer, chunk, past, a):
    if layer.fixed_forward >= 0:
        multiply_by_fixed(layout, scratch, layer, chunk.rows, layer.fixed_forward, past, a)


def add_fixed(layout, scratch, layer, chunk, past, a):
    """a[k] += fixed h[k-1]."""
    if isinstance(layout.recurrence, Factored):
        add_fixed_states(layout, scratch, layer, chunk, past, a)


@overload(add_fixed)
def _add_fixed(layout, scratch, layer, chunk, past, a):
    if is_factored(layout):
        return lambda layout, scratch, layer, chunk, past, a: add_fixed_states(layout, scratch, layer, chunk, past, a)
    return lambda layout, scratch, layer, chunk, past, a: None


@internal
def pull_factor(layout, scratch, layer, chunk, k, a):
    if layer.fixed_back >= 0:
        multiply_by_fixed(layout, scratch, layer, chunk.rows, layer.fixed_back, a, layer.cotangent)
    out = layer.overlap_cotangent + k * layer.overlap_frame
    reduce_units(layout, scratch, layer, chunk.rows, layer.rec_back, a, out)


def pull_overlap(layout, scratch, layer, chunk, k, a):
    """κ̄ = mᵀ ā / units, and h̄ += fixedᵀ ā."""
    if isinstance(layout.recurrence, Factored):
        pull_factor(layout, scratch, layer, chunk, k, a)


@overload(pull_overlap)
def _pull_overlap(layout, scratch, layer, chunk, k, a):
    if is_factored(layout):
        return lambda layout, scratch, layer, chunk, k, a: pull_factor(layout, scratch, layer, chunk, k, a)
    return lambda layout, scratch, layer, chunk, k, a: None


@internal
def collect_factor(layout, cell, scratch, layer, chunk, first, count):
    jump, tile_row = len(slots(cell, "states")) * layer.frame, width(layout.narrow) * len(layout.tile.columns)
    h = Vectors(scratch, layer.states + first * jump, jump, layer.row, tile_row)
    at, frame = layer.overlap_cotangent + first * layer.overlap_frame, layer.overlap_frame
    cotangent = factor(layout.data, scratch, at, frame, layer.overlap_row, layout.apart)
    out = LaneRows(scratch, layer.read_gradient, layer.row)
    product(layout.narrow, layout.tile, out, out, layer.rank, layer.tiles, count, chunk.rows, h, cotangent)


def collect_read(layout, cell, scratch, layer, chunk, first, count):
    """n̄ += Σ h κ̄ᵀ over the steps first…first + count."""
    if isinstance(layout.recurrence, Factored):
        collect_factor(layout, cell, scratch, layer, chunk, first, count)


@overload(collect_read)
def _collect_read(layout, cell, scratch, layer, chunk, first, count):
    if is_factored(layout):
        return lambda layout, cell, scratch, layer, chunk, first, count: collect_factor(
            layout, cell, scratch, layer, chunk, first, count
        )
    return lambda layout, cell, scratch, layer, chunk, first, count: None
