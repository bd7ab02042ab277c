"""The descriptors of kernels of second derivatives: records of whole numbers, places in a thread's `scratch`; -1 where there is nothing."""

from rnnsim.kernels.recurrence.descriptors import _record

# A layer: units, terms of what it reads; the first rows of its weights in θ; places of frames: biases (gate), zeros, constants, states
# (step 0…, state), pre-activations and then their cotangents (step, gate), partial derivatives (step, partial), cotangents of the states
# (state), those of h from above (step), what it reads (step, `x_step` apart), cotangents of that (step), each with that of its tangents
# beside it; sums of gradients: weights (gate, unit, term), biases (gate, unit), starts (sample, state, unit), of which there are `starts`;
# whether what it reads depends on θ, and whether gradients of its weights are wanted.
HESSIAN_LAYER = _record(
    *("units", "state_count", "terms", "w_in", "w_rec", "bias", "nothing", "constants"),
    *("states", "d_states", "pre", "d_pre", "partials", "d_partials", "cotangent", "d_cotangent", "top", "d_top"),
    *("x", "d_x", "x_step", "below", "d_below", "moving", "want_in", "want_rec", "starts"),
    *("grad_in", "d_grad_in", "grad_rec", "d_grad_rec", "grad_bias", "d_grad_bias", "grad_start", "d_grad_start"),
)

# What a layer does now: steps, the first that has a target; the place of θ, and how far its rows are apart; the first direction of the
# group, how many there are, and the lanes that they are; the sample; whether the gradient is wanted beside its tangents.
HESSIAN_WORK = _record("steps", "top_from", "theta", "theta_apart", "first", "count", "lanes_of", "sample", "gradient")

# A direction: which number of which layer is θ[q], as `kind` says; where its gradient and that gradient's tangents are summed.
DIRECTION = _record("layer", "kind", "gate", "row", "term", "sample", "at", "d_at")
IN, REC, BIAS, START, TABLE = range(5)

# Numbers of units, rows of θ from `row` on, to be laid out as a frame, over what is there or added to it; `by_sample` rows apart.
LAID = _record("row", "units", "out", "added", "by_sample")

# The cost: outputs; frames of outputs and of their cotangents from the first step that has a target on, and of their tangents; targets.
HESSIAN_COST = _record("outputs", "steps", "y", "d_y", "y_step", "g", "d_g", "g_step", "targets", "target_step", "total")

# The run: samples, steps, how many of the last have targets; points of a group; θ: its place, its rows, and how far they are apart;
# features; places of inputs and their tangents; the table's first row in θ, or -1, and sums of its gradient; whether inputs and targets
# are those of all lanes; how far samples and steps are apart in memory; numbers of a target; where sums begin and end; lanes of directions.
HESSIAN_PROGRAM = _record(
    *(
        "samples",
        "steps",
        "targeted",
        "points",
        "theta",
        "rows",
        "theta_apart",
        "features",
        "x",
        "d_x",
        "table",
        "grad_x",
        "d_grad_x",
    ),
    *("grad_table", "d_grad_table", "shared_inputs", "input_by_sample", "input_by_step"),
    *("shared_targets", "target_by_sample", "target_by_step", "target_units", "targets"),
    *("sums", "sums_end", "lanes_of", "moving", "directions"),
)
