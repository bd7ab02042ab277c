"""The descriptors of kernels of second derivatives: whole numbers, places in a thread's scratch among them.

Frames hold a number of all lanes for each unit; d_ before a name means the tangents of what it names.
"""

from rnnsim.kernels.recurrence.descriptors import LATER, NONE, Descriptor

IN, REC, BIAS, START, TABLE, NUMBER = range(6)  # what a direction may be a number of


class HessianLayerDescriptor(Descriptor):
    """A layer: its sizes, and where its weights, its frames and its sums stand."""

    units: int
    state_count: int  # states of a unit: 0 of a linear map
    terms: int  # features of what it reads
    w_in: int  # the first row of w_in in θ
    w_rec: int  # of w_rec; 0 of a linear map, which reads none
    bias: int  # place of the biases (gate, unit)
    nothing: int  # place of a frame of zeros
    constants: int  # place of the cell's constants (constant, unit)
    d_constants: int
    number_count: int  # how many they are
    states: int  # place of the states (step 0…, state, unit)
    d_states: int
    pre: int  # place of the pre-activations and then of their cotangents (step, gate, unit)
    d_pre: int
    partials: int  # place of the partial derivatives (step, partial, unit)
    d_partials: int
    cotangent: int  # place of the cotangents of the states (state, unit)
    d_cotangent: int
    top: int  # place of those of h that come from above (step, unit)
    d_top: int
    x: int  # place of what it reads (step, feature)
    d_x: int
    x_step: int  # distance of two steps of those
    below: int = NONE  # place of the cotangents of what it reads (step, feature), where they are wanted
    d_below: int = NONE
    moving: bool  # whether what it reads depends on θ
    want_in: bool  # whether the gradient of w_in is wanted
    want_rec: bool  # of w_rec
    starts: int  # samples that have starts of their own, or 1
    grad_in: int  # place of the gradient of w_in (gate, unit, term)
    d_grad_in: int
    grad_rec: int  # of w_rec (gate, unit, term)
    d_grad_rec: int
    grad_bias: int  # of the biases (gate, unit)
    d_grad_bias: int
    grad_start: int  # of the starts (sample, state, unit)
    d_grad_start: int
    grad_number: int  # of the constants that have derivatives (constant, unit)
    d_grad_number: int


class HessianGroupDescriptor(Descriptor):
    """The group of directions and the sample that are computed now."""

    steps: int
    top_from: int = LATER  # the first step that has a target
    theta: int  # place of θ
    theta_apart: int  # distance of its rows
    first: int = LATER  # the first direction of the group
    count: int = LATER  # how many there are
    lanes_of: int  # place of the lanes that they are (direction, lane)
    sample: int = LATER
    gradient: int = LATER  # whether the gradient is wanted beside its tangents


class DirectionDescriptor(Descriptor):
    """A direction: which number of which layer is θ[q]."""

    layer: int
    kind: int  # IN, REC, BIAS, START, TABLE or NUMBER
    gate: int  # the state of a start; 0 of a table; which of the cell's constants
    row: int  # the unit, or the token
    term: int = 0  # of weights and tables
    sample: int = NONE  # that has this start; none if all have it
    at: int  # place of the sum of its gradient (lane)
    d_at: int  # of that of the gradient's tangents


class LaidDescriptor(Descriptor):
    """Rows of θ to be laid out as a frame."""

    row: int  # the first
    units: int
    out: int  # place of the frame
    added: bool  # to what is there, or over it
    by_sample: int  # how many rows samples are apart; 0 if all have the same


class HessianCostDescriptor(Descriptor):
    """What the cost reads from the first step that has a target on, and where its sum is."""

    outputs: int
    steps: int
    y: int  # place of the outputs (step, unit)
    d_y: int
    y_step: int  # distance of two steps of those
    g: int  # place of the cotangents of the outputs (step, unit)
    d_g: int
    g_step: int  # distance of two steps of those
    targets: int  # place of the targets (step, number)
    target_step: int  # distance of two steps of those
    total: int  # place of the sum (lane)


class HessianProgramDescriptor(Descriptor):
    """The run: its sizes, where θ, inputs, targets and sums stand, and how data are read."""

    samples: int
    steps: int
    targeted: int  # how many of the last have targets
    points: int  # points of a group
    theta: int  # place of θ
    rows: int  # of θ
    theta_apart: int  # distance of its rows
    features: int  # numbers of an input
    x: int  # place of the inputs (step, feature)
    d_x: int
    table: int = NONE  # the first row of the table in θ, if inputs are tokens
    grad_x: int = NONE  # place of the cotangents of the inputs (step, feature), where they are wanted
    d_grad_x: int = NONE
    grad_table: int = NONE  # place of the gradient of the table (token, feature), where it is wanted
    d_grad_table: int = NONE
    shared_inputs: bool  # whether all lanes read the same inputs
    input_by_sample: int  # distance of two samples of the inputs in memory
    input_by_step: int  # of two steps
    shared_targets: bool  # whether all lanes read the same targets
    target_by_sample: int  # distance of two samples of the targets in memory
    target_by_step: int  # of two steps
    target_units: int  # numbers of a target
    targets: int  # place of the targets (step, number)
    sums: int  # where sums begin
    sums_end: int  # where they end
    lanes_of: int  # place of the lanes of directions (direction, lane)
    moving: bool  # whether inputs depend on θ
    directions: int  # how many there are
