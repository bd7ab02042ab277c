"""The descriptors of a network and its data for kernels: records of whole numbers. A place in a thread's scratch is a position
in one array; data of the user are found by their addresses. Where something is not wanted, its place is -1."""

from typing import Any

import numpy as np


def _record(*fields: str) -> Any:
    taken = [field for field in fields if hasattr(np.record, field)]
    assert not taken, f"NumPy has attributes {taken} of its own"
    return np.dtype((np.record, [(field, np.int64) for field in fields]))


def records(dtype: Any, rows: list[dict[str, int]]) -> Any:
    """An array of records; fields that are not given are -1."""
    numbers = np.array([[row.get(field, -1) for field in dtype.names] for row in rows], np.int64).reshape(-1)
    return numbers.view(dtype).view(np.recarray)


# A layer: units, states of each, and features of what it reads; numbers of a row and of a frame, tiles of columns in a row; how far the
# terms of packed weights are apart; places of weights packed for the way forward and back, biases, constants and gradients (term, row);
# of frames of states (step 0…, state), pre-activations and then their cotangents (step, gate), partial derivatives (step, partial),
# cotangents of the states (state), those of h at every step, and those of h that come from above (step); of the sums of the starts'
# cotangents (state); of the cotangents of what it reads (step) and the sizes of their frames, and of a row of zeros; and whether its
# pre-activations are to be made those that users know, and whether a finite state can follow one that is not. For tangents: the first row
# of its states in a frame, and of those of h of the layer below; places of the weights and of the determinant of W.
LAYER = _record(
    *("units", "state_count", "terms", "row", "frame", "tiles", "panel"),
    *("in_forward", "rec_forward", "in_back", "rec_back", "bias", "constants", "in_gradient", "rec_gradient", "grad_bias"),
    *("states", "pre", "partials", "cotangent", "history", "top", "grad_starts"),
    *("below", "below_row", "below_frame", "below_tiles", "nothing", "reported", "hides_divergence"),
    *("place", "place_below", "in_tangent", "rec_tangent", "volume"),
)

# Tangents of one sequence of a group: rows, columns, numbers of a row, tiles of columns in it; lanes of weights; where the frame, the
# pushed one and one kept beside stand, what the gates read, a row of zeros; reflections and how far they are apart, their τ, lengths of
# columns and |R_jj|; products, mantissas and exponents; rates of growth; where adaptive intervals stand. Step and sequence of the partial
# derivatives; the step now, in all; steps of a batch. Whether growth counts, intervals are adaptive, and all lanes are due. How many
# products grow: one more than columns, if volumes do.
FRAME = _record(
    *("rows", "columns", "row", "tiles", "weight_lanes", "tangents", "pushed", "kept", "gates", "nothing"),
    *("reflectors", "reflector", "taus", "lengths", "sizes", "mantissas", "exponents", "rates", "last", "due"),
    *("step", "sequence", "now", "taken", "counting", "adaptive", "forced", "products"),
)

# How tangents go: steps that do not count, and those that do; steps between two QRs (unless adaptive), and of a batch; batches; lanes of a
# vector.
TANGENT = _record("discard", "steps", "interval", "batch", "batches", "width")

# What a layer reads now: feature j of row `row` at step k stands at values[first + k · by_step + row · by_row + j · apart]; how many rows
# and steps; from which step on cotangents come from above.
WORK = _record("first", "by_step", "by_row", "rows", "steps", "top_from")

# What a cost reads: frames of outputs and of their cotangents, those of the first step of all and of the first of so many steps that have
# targets; frames of targets; where its sum is.
COST = _record(
    *(
        "outputs",
        "rows",
        "row",
        "frame",
        "steps",
        "y_first",
        "y",
        "y_by_step",
        "g_first",
        "g",
        "g_by_step",
        "targets",
        "target_row",
        "target_frame",
        "total",
    )
)

# How a block is cut: rows of a frame, samples of a chunk, points of a group; what lanes are (see `Group`); steps at once and in all,
# how many of the last have targets; samples; whether to compare outputs with targets, to count those, and to go back. Where inputs are:
# their source and that of a table that they are tokens of; whether they are read as they stand, or laid out for all steps at once;
# features, places and sizes of their frames, and of their cotangents. Targets alike. Places of the sums of costs, how many there are,
# and of partial ones; of the gradient of the table, and how many tokens that has; where the states stand that each chunk of samples
# goes on from, and how many numbers they are.
PROGRAM = _record(
    *("rows", "chunk", "points", "lanes", "lane_points", "lane_samples", "row_samples", "panel"),
    *("chunk_steps", "steps", "targeted", "samples", "measured", "counting", "back"),
    *(
        "input_source",
        "table_source",
        "as_they_stand",
        "inputs_of_all_steps",
        "features",
        "inputs",
        "input_row",
        "input_frame",
        "grad_inputs",
    ),
    *("target_source", "target_units", "targets", "target_row", "target_frame"),
    *("cost", "costs", "partial_cost", "partial_costs", "grad_table", "tokens", "carried", "carried_size"),
)

# A training run: epochs first…last, of which the last is only measured, if at all (`finish`); samples, how many are a batch, steps, how
# many are gone back through at once; whether the gradient of a batch is that of the cost; whether the training set is measured
# otherwise, and the validation set; how often the cost may miss its lowest value, from which epoch on. A network's numbers: of the rule
# and the clip, of its memory, of its trained parameters, up to whole registers and without; how many epochs have numbers of their own;
# which states a parameter has; measures, networks, and recorded epochs. How to clip. Addresses of the order of the samples and of each
# network's place in it, or 0; how far two epochs' are apart.
TRAINING = _record(
    *("first", "last", "finish", "samples", "batch", "steps", "together", "by_product", "measured", "validated"),
    *(
        "patience",
        "judge_from",
        "numbers",
        "memory",
        "parameters",
        "moved",
        "number_epochs",
        "states",
        "measures",
        "networks",
        "recorded",
    ),
    *("clipped", "order", "order_of", "order_by_epoch"),
)

# An update of `count` networks from `network` on, the group's first standing at `place` in its block: where their numbers begin.
UPDATE = _record("count", "network", "place", "epoch", "numbers")

# A parameter or a sequence: its numbers begin at `address`, those of the block's point i at offsets[source, i]; its gates, units, samples
# and steps are that far apart (0: the same number for all).
SOURCE = _record("address", "by_gate", "by_unit", "by_sample", "by_step")

# Numbers that begin at 0 in each block of samples.
ZEROS = _record("at", "length")

# Weights of some gates to be packed: how far their rows and terms are apart.
PACK = _record("source", "gates", "rows", "terms", "by_row", "by_term", "out")

# Numbers of units to be spread out: a gate's, into one row or all, over what is there or added to it.
SPREAD = _record("source", "gate", "units", "all_rows", "row", "out", "added")

# A result over (point, sample, step, numbers): where it begins, its sizes, and the part of its numbers that these units are. The frames:
# of step 0 `at` (the first that is there is `begin`), `by_step` apart, less the number `back` before if `back` is not 0. `final`: the
# last step is all; `divided`: by the point's divisor.
KEEP = _record(
    *("address", "samples", "steps", "numbers", "part", "units", "at", "by_step", "row", "begin", "back", "final", "divided")
)

# A result over (point, numbers) that is summed over samples: the part that these (unit, term) are, and where they are summed (term, unit).
SUM = _record("address", "numbers", "part", "units", "terms", "at", "row")
