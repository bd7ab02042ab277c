"""The descriptors of a network and its data for kernels: whole numbers in a fixed order, which kernels read by their names.

A place is a position in a thread's scratch, in numbers; data of the user are found by their addresses. A distance is how many numbers two
things are apart."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, dataclass_transform

import numba
import numpy as np

NONE = -1  # the place, or the number, of what is not there
LATER = -1  # what a kernel writes before it is read


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Descriptor:
    """Whole numbers, each told by its name, of which `records` makes a record."""

    dtype: ClassVar[Any]  # of the records

    def __init_subclass__(cls) -> None:
        described: Any = dataclass(frozen=True, kw_only=True, eq=False, init=False)(cls)
        names = [field.name for field in fields(described)]
        taken = [name for name in names if hasattr(np.record, name)]
        assert not taken, f"NumPy has attributes {taken} of its own"
        cls.dtype = np.dtype((np.record, [(name, np.int64) for name in names]))
        described.__init__ = init_of({field.name: field.default for field in fields(described)})


def init_of(defaults: dict[str, Any]) -> Any:
    """The initialisation that `dataclass` would write, in a third of its time, which calls of small networks would feel."""
    told = ", ".join(name if default is MISSING else f"{name}={default}" for name, default in defaults.items())
    made: dict[str, Any] = {}
    exec(f"def __init__(self, *, {told}): self.__dict__.update({', '.join(f'{name}={name}' for name in defaults)})", made)
    return made["__init__"]


def records(kind: type[Descriptor], rows: Sequence[Descriptor]) -> Any:
    """An array of records of a kind."""
    for row in rows:
        if type(row) is not kind:
            raise TypeError(f"{type(row).__name__} is given; records of {kind.__name__} need nothing else")
    numbers = np.array([[*vars(row).values()] for row in rows], np.int64).reshape(-1)
    return numbers.view(kind.dtype).view(np.recarray)


def type_of(kind: type[Descriptor]) -> Any:
    """The type that Numba gives to a record of a kind."""
    return numba.typeof(np.recarray(1, kind.dtype)[0])


class LayerDescriptor(Descriptor):
    """A layer: its sizes, and where its weights, its frames and its gradients stand."""

    units: int
    state_count: int  # states of a unit: 0 of a linear map
    terms: int  # features of what it reads
    row: int  # numbers of a row of a frame
    frame: int  # numbers of a frame
    tiles: int  # tiles of columns in a row
    panel: int  # distance of the terms of packed weights
    in_forward: int  # place of w_in, packed for the way forward (gate, panel, term, row of it, lane)
    rec_forward: int = NONE  # of w_rec, or of its left factor; none of a linear map
    in_back: int = NONE  # of w_in, packed for the way back (gate, panel, unit, row of it, lane)
    rec_back: int = NONE  # of w_rec alike
    bias: int  # place of the biases (gate, row)
    constants: int  # place of the cell's constants (constant, frame)
    tracked: int  # how many of these have derivatives
    in_gradient: int = NONE  # place of the gradient of w_in (gate, term, row)
    rec_gradient: int = NONE  # of w_rec (gate, term, row)
    grad_bias: int = NONE  # of the biases (gate, row)
    states: int  # place of the states (step 0…, state, frame)
    pre: int  # place of the pre-activations and then of their cotangents (step, gate, frame)
    partials: int = NONE  # place of the partial derivatives (step, partial, frame)
    cotangent: int = NONE  # place of the cotangents of the states (state, frame)
    history: int = NONE  # of those of h at every step (step 0…, frame), where they are kept
    top: int = NONE  # of those of h that come from above (step, frame)
    grad_starts: int = NONE  # place of the sums of the starts' cotangents (state, row)
    number_sums: int = NONE  # place of the sums of the constants' cotangents over the steps of a chunk (constant, frame)
    grad_numbers: int = NONE  # of those over all sequences and steps (constant, row)
    below: int = NONE  # place of the cotangents of what it reads (step, frame of those), where they are wanted
    below_row: int  # numbers of a row of those
    below_frame: int  # numbers of a frame of those
    below_tiles: int  # tiles of columns in a row of those
    nothing: int = NONE  # place of a row of zeros, as long as one of those
    reported: int = NONE  # 1 where its pre-activations are to be made those that users know
    hides_divergence: bool  # whether a finite state can follow one that is not
    place: int = NONE  # in a frame of tangents, the first row of its states
    place_below: int = NONE  # of h of the layer below, if there is one
    place_read: int = NONE  # in the tangents of what is read, the first row of its own, where that is no state
    place_read_below: int = NONE  # of that of the layer below
    in_tangent: int = NONE  # place of w_in for tangents (gate, unit, term, lane), if there is a layer below
    rec_tangent: int = NONE  # of w_rec for tangents
    noise: int = NONE  # place of the pre-activations that are noise, if there are some
    noise_jump: int = NONE  # distance of those of two steps
    noise_source: int = NONE  # which source the key of the noise is, if there is noise
    drawn: int = NONE  # place of the numbers of one sequence (word of a counter, step, unit)
    drawn_apart: int = NONE  # distance of two words
    rank: int = NONE  # of w_rec, if it is given as factors
    read_forward: int = NONE  # place of the right factor, packed for the way forward (panel, unit, row of it, lane)
    read_back: int = NONE  # for the way back (panel, rank, row of it, lane)
    read_gradient: int = NONE  # place of its gradient (rank, row)
    fixed_forward: int = NONE  # place of the matrix beside the factors, packed as w_rec, if there is one
    fixed_back: int = NONE  # for the way back
    overlap: int = NONE  # place of the overlaps of the states and the right factor (step 0…, frame of those)
    overlap_row: int = NONE  # numbers of a row of those
    overlap_frame: int = NONE  # numbers of a frame of those
    overlap_tiles: int = NONE  # tiles of columns in a row of those
    overlap_cotangent: int = NONE  # place of their cotangents over the units (step, frame of those)
    no_overlap: int = NONE  # place of a row of zeros, as long as one of those
    penalty_source: int = NONE  # which source the penalty of its states is, a weight over its units, if there is one
    volume: int = NONE  # place of the determinant of w_rec: a mantissa and an exponent (2, lane)


class FrameDescriptor(Descriptor):
    """The tangents of one sequence of a group: a frame of them (row: a state of a unit; column: a tangent; lane)."""

    rows: int
    columns: int
    row: int  # numbers of a row
    tiles: int  # tiles of columns in a row
    weight_lanes: int  # lanes of weights
    tangents: int  # place of the frame
    pushed: int  # of the one that has been pushed through a step
    kept: int = NONE  # of one kept beside, if intervals are adaptive
    gates: int  # place of what the gates read (gate, unit, row)
    nothing: int  # place of a row of zeros
    read: int = NONE  # place of the tangents of what is read (unit of a layer, row), where that is no state
    reflectors: int  # place of the reflections (column, row, lane)
    reflector: int  # their distance
    taus: int  # place of their τ (column, lane)
    lengths: int  # place of the lengths of columns (column, lane)
    sizes: int  # place of |R_jj| (column, lane)
    mantissas: int  # place of the products' mantissas (product, lane)
    exponents: int  # of their exponents (product, lane)
    rates: int  # place of the rates of growth (product, lane)
    last: int  # place of the steps of the last QR (lane)
    due: int  # of the next one, if intervals are adaptive (lane)
    step: int = LATER  # of the partial derivatives, in their chunk
    sequence: int = LATER  # of the partial derivatives: the row of a frame
    now: int = LATER  # the step in all
    taken: int = LATER  # steps of the batch
    counting: int = LATER  # whether growth counts
    adaptive: bool  # whether intervals between two QRs are
    forced: int = LATER  # whether all lanes are due
    products: int  # how many products grow: one more than columns, if volumes do


class TangentDescriptor(Descriptor):
    """How tangents go."""

    discard: int  # steps that do not count
    steps: int  # steps that do
    interval: int  # steps between two QRs, unless they are adaptive
    batch: int  # steps of a batch
    batches: int
    width: int  # lanes of a vector


class ChunkDescriptor(Descriptor):
    """What a layer reads now: feature j of row `row` at step k stands at values[first + k · by_step + row · by_row + j · apart]."""

    first: int = LATER
    by_step: int = LATER
    by_row: int = LATER
    rows: int = LATER
    steps: int = LATER
    top_from: int = LATER  # the step from which on cotangents come from above
    sequence_steps: int = LATER  # steps of all samples whose cost is a mean
    epoch: int = 0  # of training, whose noise is its own
    start: int = LATER  # the first step


class NoiseDescriptor(Descriptor):
    """The standard normal numbers of one sequence that are to be drawn."""

    drawn: int = LATER  # place of the numbers (word of a counter, counter)
    apart: int = LATER  # distance of two words
    first: int = LATER  # the first counter
    counters: int = LATER
    sample: int = LATER
    epoch: int = LATER
    key_low: int = LATER  # a word of the key
    key_high: int = LATER  # the other


class CostDescriptor(Descriptor):
    """What a cost reads, and where its sum is."""

    outputs: int
    rows: int = LATER
    row: int  # numbers of a row of outputs
    frame: int  # numbers of a frame of outputs
    steps: int = LATER  # how many have targets
    y_first: int  # place of the outputs of step 1 (frame)
    y: int = LATER  # of those of the first step that has targets
    y_by_step: int  # distance of two steps' outputs
    g_first: int  # place of the cotangents of the outputs of step 1 (frame)
    g: int = LATER  # of those of the first step that has targets
    g_by_step: int  # distance of two steps' cotangents
    targets: int  # place of the targets (step, frame of targets)
    target_row: int  # numbers of a row of targets
    target_frame: int  # numbers of a frame of targets
    weights: int = NONE  # place of their weights, if they have some, as the targets stand
    total: int  # place of the sum (lane)


class ProgramDescriptor(Descriptor):
    """How a run is cut, where its inputs and targets stand, and what is to be made of them."""

    rows: int  # rows of a frame
    chunk: int  # samples of a chunk
    points: int  # points of a group
    lanes: int  # what lanes are: see `Group`
    lane_points: int
    lane_samples: int
    row_samples: int
    panel: int  # rows of weights in a panel
    chunk_steps: int  # steps at once
    steps: int  # steps in all
    targeted: int  # how many of the last have targets
    samples: int
    measured: bool  # whether to compare outputs with targets
    counting: bool  # whether to count targets as they are read
    weighing: bool  # whether to sum their weights instead
    penalised: bool  # whether states have a penalty; then targets are counted before
    back: bool  # whether to go back
    input_source: int  # which source the inputs are
    table_source: int = NONE  # which one is the table, if they are tokens of one
    as_they_stand: bool  # whether inputs are read from the source itself
    inputs_of_all_steps: bool  # whether they are laid out for all steps at once
    features: int  # numbers of an input
    inputs: int = NONE  # place of the inputs (step, frame), unless they are read as they stand
    input_row: int  # numbers of a row of those
    input_frame: int  # numbers of a frame of those
    grad_inputs: int = NONE  # place of their cotangents (step, frame), where they are wanted
    target_source: int = NONE  # which source the targets are, if outputs are measured
    target_units: int = NONE  # numbers of a target
    targets: int = NONE  # place of the targets (step, frame)
    target_row: int = NONE  # numbers of a row of those
    target_frame: int = NONE  # numbers of a frame of those
    weight_source: int = NONE  # which source the weights of the targets are, if they have some
    weights: int = NONE  # place of those, as the targets stand
    cost: int = NONE  # place of the sums of costs (cost, lane)
    costs: int  # how many costs there are
    partial_cost: int = NONE  # place of their partial sums (cost, number of a wide vector)
    partial_costs: int  # how many partial sums a cost has
    grad_table: int = NONE  # place of the gradient of the table (feature, token, lane), where it is wanted
    tokens: int = NONE  # how many tokens that has
    carried: int = NONE  # place of the states that chunks of samples go on from (chunk, layer, state, frame), if steps are cut
    carried_size: int  # numbers of those of a chunk, or 0


class TrainingDescriptor(Descriptor):
    """A training run, or some epochs of one."""

    first: int  # the epoch that it begins after
    last: int  # the last one, which is only measured, if at all
    finish: bool  # whether it is
    samples: int
    batch: int  # samples of a batch
    steps: int
    together: int  # steps that are gone back through at once
    by_product: bool  # whether the gradient of a batch is that of the cost
    measured: bool  # whether the training set is measured otherwise
    validated: bool  # whether the validation set is measured
    patience: int = NONE  # how often the cost may miss its lowest value
    judge_from: int  # from which epoch on that counts
    numbers: int  # a network's numbers of the rule and the clip
    memory: int  # of its memory
    parameters: int  # of its trained parameters, up to whole registers
    moved: int  # of those, without what fills registers
    number_epochs: int  # how many epochs have numbers of their own
    states: int  # how many states of the rule a parameter has
    measures: int
    networks: int
    recorded: int  # how many epochs are recorded
    clipped: int  # how to clip
    bounded: bool  # whether there are bounds
    penalised: bool  # whether parameters have a penalty
    order: int = 0  # address of the orders of the samples (seed, epoch, place), or 0
    order_of: int = 0  # address of each network's place in them, or 0


class UpdateDescriptor(Descriptor):
    """An update of some networks, one after the other."""

    count: int = LATER  # how many
    network: int = LATER  # the first
    place: int = LATER  # where that stands in its block
    epoch: int = LATER
    numbers: int = LATER  # where their numbers of the rule begin


class SourceDescriptor(Descriptor):
    """A parameter or a sequence: the numbers of the block's point i begin at offsets[source, i]; distances, 0 where all read the same."""

    address: int = LATER
    by_gate: int  # distance of two gates
    by_unit: int  # of two units
    by_sample: int  # of two samples
    by_step: int  # of two steps


class ZerosDescriptor(Descriptor):
    """Numbers that begin at 0 in each block of samples."""

    at: int  # place of the first
    length: int


class PackDescriptor(Descriptor):
    """Weights of some gates to be packed."""

    source: int  # which source they are
    gates: int
    rows: int
    terms: int
    by_row: int  # distance of two rows in the source
    by_term: int  # of two terms
    out: int  # place of the packed weights


class SpreadDescriptor(Descriptor):
    """Numbers of units to be spread out as rows of a frame."""

    source: int  # which source they are
    gate: int  # whose numbers
    units: int
    all_rows: bool  # into all rows, or one
    row: int  # numbers of a row; 0 if there is one
    out: int  # place of the frame
    added: bool  # to what is there, or over it


class KeepDescriptor(Descriptor):
    """A result (point, sample, step, number) to be filled from frames of units."""

    address: int  # of the result
    samples: int  # of a point of it
    steps: int  # of a sample of it
    numbers: int  # of a step of it
    first_number: int  # which of them the first unit is
    units: int
    at: int  # place of the frame of step 0, if there were one
    by_step: int  # distance of two steps' frames
    row: int  # numbers of a row of a frame
    first_step: int  # the first step that there is
    back: int  # distance of the number before that is taken away, or 0
    final: bool  # whether the last step is all
    divided: bool  # whether by the point's divisor


class SumDescriptor(Descriptor):
    """A result (point, number) to be filled from sums over samples."""

    address: int  # of the result
    numbers: int  # of a point of it
    first_number: int  # which of them the first (unit, term) is
    units: int
    terms: int
    at: int  # place of the sums (term, unit)
    row: int  # distance of two terms' sums; 0 if there is one
