"""What a run of networks of many units wants of a thread's scratch, before anything has a place there."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from rnnsim.equations.rules import reading
from rnnsim.equations.symbolic.tracing import tracked
from rnnsim.families.network import Member
from rnnsim.kernels.recurrence.descriptors import NONE
from rnnsim.kernels.recurrence.noise import WORDS
from rnnsim.numerics import parallel
from rnnsim.numerics.simd import Kind
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.tiling import SCRATCH_NUMBERS, Shape, Tiling

RUN, COSTS, OUTPUTS = "run", "costs", "outputs"  # whose buffers are, besides those of a layer, whose are its number's
SUMS = {
    "grad_table",
    "in_gradient",
    "rec_gradient",
    "read_gradient",
    "grad_bias",
    "grad_starts",
    "grad_numbers",
    "cost",
    "partial_cost",
}  # which begin at 0
UNMEASURED = Shape(NONE, NONE, NONE, NONE)  # targets that no cost reads


def noise_kind(dtype: str) -> Kind:
    """The lanes in which noise is drawn."""
    return Kind(parallel.lanes(1, dtype), dtype)


@dataclass(frozen=True)
class Request:
    """What a program is to do: measure these costs, the one that is differentiated first; go back; take the samples in an order that is
    told; go back through so many steps at once, or all, over so many samples; push so many tangents forward; count the targets."""

    costs: tuple[Any, ...] = ()
    back: bool = False
    ordered: bool = False
    steps: int | None = None
    samples: int | None = None
    tangents: int = 0
    counting: bool = False


class Weights(NamedTuple):
    """Weights (unit, term) of a layer: what descriptors call them; the parameter; gates, and terms of each; whether they map units to
    terms on the way forward, not back; whether they have a gradient."""

    what: str
    name: str
    gates: int
    terms: int
    turned: bool = False
    moving: bool = True


class Layer(NamedTuple):
    """A layer or a readout: its frames, those of what it reads, and its weights; which of them tangents are multiplied by."""

    member: Member
    shape: Shape
    below: Shape
    weights: tuple[Weights, ...]
    tangent_weights: tuple[Weights, ...]
    overlap: Shape | None

    @property
    def fixed(self) -> bool:
        """Whether there is a matrix beside the factors."""
        return any(weights.what == "fixed" for weights in self.weights)


def layer_of(tiling: Tiling, number: int, member: Member, tangents: int = 0) -> Layer:
    """Layer `number` from below; tangents of what the lowest one reads are none, and weights of low rank are in full if there are some."""
    weights = [Weights("in", member.w_in, len(reading(member.cell, "x")), member.inputs)]
    factored = bool(member.rank) and not tangents
    if factored:
        (m, n, *fixed), rank = member.factors, member.rank
        weights += [Weights("rec", m, 1, rank), Weights("read", n, 1, rank, turned=True)]
        weights += [Weights("fixed", name, 1, member.units, moving=False) for name in fixed]
    elif member.w_rec:
        weights.append(Weights("rec", member.w_rec, len(reading(member.cell, "h")), member.units))
    shapes = tiling.shape(member.units), tiling.shape(member.inputs)
    overlap = tiling.shape(member.rank) if factored else None
    return Layer(member, *shapes, tuple(weights), tuple(weights[0 if number else 1 :]), overlap)


def with_numbers(member: Member, names: tuple[str, ...]) -> Member:
    """A layer whose cell has derivatives by its own numbers, if any is wanted."""
    wanted = any(f"grad_{name}" in names for name in member.constants)
    return replace(member, cell=tracked(member.cell)) if wanted else member


class Outline(NamedTuple):
    """A run, the results that are wanted and what is to be done for them: its tiling; samples, and steps at once; its layers, bottom first;
    frames of targets."""

    run: Run
    names: tuple[str, ...]
    request: Request
    tiling: Tiling
    samples: int
    steps: int
    layers: tuple[Layer, ...]
    targets: Shape

    @classmethod
    def of(cls, run: Run, names: tuple[str, ...], request: Request) -> "Outline":
        samples = request.samples or run.samples or 1
        tiling = Tiling.of(run, samples, bool(request.tangents))
        steps = (request.steps or run.steps) if request.back else tiling.steps_at_once(run)
        members = [with_numbers(member, names) for member in (run.net.members if request.tangents else run.net.maps)]
        layers = tuple(layer_of(tiling, i, member, request.tangents) for i, member in enumerate(members))
        targets = UNMEASURED
        if request.costs:
            targets = tiling.shape(1) if request.costs[0].classes else layers[-1].shape
        return cls(run, names, request, tiling, samples, steps, layers, targets)

    def wants(self, *names: str) -> bool:
        """Whether any of these results is wanted."""
        return any(name in self.names for name in names)

    @property
    def taped(self) -> bool:
        """Whether partial derivatives are kept."""
        return self.request.back or bool(self.request.tangents)

    @property
    def weighted(self) -> bool:
        """Whether targets have weights in the cost."""
        return bool(self.request.costs) and self.run.weight is not None

    @property
    def penalised(self) -> bool:
        """Whether the cost has penalties of states."""
        return bool(self.request.costs and self.run.penalised_states)

    @property
    def inputs(self) -> Shape:
        """Frames of inputs."""
        return self.layers[0].below

    @property
    def as_they_stand(self) -> bool:
        """Whether inputs are read where the user has them."""
        return self.tiling.lanes == 1 and self.run.net.table is None and not self.request.ordered

    @property
    def carries(self) -> bool:
        """Whether chunks of samples go on from states that were left, since steps are not gone back through all at once."""
        return self.request.back and self.steps < self.run.steps

    @property
    def carried_size(self) -> int:
        """Numbers of the states of a chunk of samples, if it goes on from them."""
        return sum(layer.shape.frame * layer.member.cell.states for layer in self.layers) if self.carries else 0

    @property
    def inputs_of_all_steps(self) -> bool:
        """Whether inputs are laid out for all steps at once."""
        return self.run.steps * self.inputs.frame <= SCRATCH_NUMBERS and not self.carries

    @property
    def tokens(self) -> int:
        """How many rows the table has."""
        return int(self.run.net.table.sizes["token"])

    def by_sample(self, start: str) -> bool:
        """Whether each sample has a start, and a gradient of it, of its own."""
        return "sample" in self.run.dims_of(f"grad_{start}")

    def reports(self, member: Member) -> bool:
        """Whether the pre-activations of a layer are to be made those that users know."""
        cell = member.cell
        named = bool(cell.states) and cell.known_gates != cell.gates
        return named and self.wants(*member.results("preactivation"))

    def draws(self, layer: Layer) -> bool:
        """Whether a layer gets noise."""
        return layer.member.cell.noisy and self.run.noise_seed is not None

    def drawn_apart(self, layer: Layer) -> int:
        """Numbers that one word of each counter makes of a sequence, up to whole registers."""
        width: int = noise_kind(self.run.dtype).width
        return -(-self.steps * -(-layer.member.units // WORDS) // width) * width

    def keeps_history(self, member: Member) -> bool:
        """Whether the cotangents of a layer's h are kept."""
        return bool(member.cell.states) and self.wants(*member.results("grad_state"))


def buffers_of(outline: Outline) -> dict[Any, dict[str, int]]:
    """The buffers of a run, of its layers and of its costs: how many numbers they hold, under the names that descriptors have for them."""
    found: dict[Any, dict[str, int]] = {RUN: run_buffers(outline)}
    for i, layer in enumerate(outline.layers):
        found[i] = layer_buffers(outline, layer)
    if outline.request.costs:
        found[COSTS], found[OUTPUTS] = cost_buffers(outline), output_buffers(outline)
    return found


def run_buffers(outline: Outline) -> dict[str, int]:
    """Of inputs, their cotangents, and the gradient of the table that they are tokens of."""
    frame, found = outline.inputs.frame, {}
    if outline.carries:
        found["carried"] = -(-outline.samples // outline.tiling.chunk) * outline.carried_size
    if not outline.as_they_stand:
        found["inputs"] = (outline.run.steps if outline.inputs_of_all_steps else outline.steps) * frame
    if outline.wants("grad_input", "grad_table"):
        found["grad_inputs"] = outline.steps * frame
    if outline.wants("grad_table"):
        found["grad_table"] = outline.inputs.units * outline.tokens * outline.tiling.lanes
    return found


def layer_buffers(outline: Outline, layer: Layer) -> dict[str, int]:
    """Of a layer."""
    cell, steps, row, frame = layer.member.cell, outline.steps, layer.shape.row, layer.shape.frame
    found = weight_buffers(outline, layer)
    found["bias"] = cell.gates * row
    found["constants"] = len(layer.member.constants) * frame
    found["states"] = (steps + 1) * cell.states * frame
    found["pre"] = steps * cell.gates * frame
    if layer.overlap:
        found |= overlap_buffers(outline, layer.overlap)
    if outline.draws(layer):
        found["drawn"] = WORDS * outline.drawn_apart(layer)
    if outline.taped:
        found["partials"] = steps * cell.partials * frame
    if outline.request.back:
        found |= way_back_buffers(outline, layer)
    if outline.request.tangents:
        for weights in layer.tangent_weights:
            numbers = weights.gates * layer.member.units * weights.terms
            found[f"{weights.what}_tangent"] = numbers * outline.tiling.weight_lanes
        found["volume"] = 2 * outline.tiling.layout.narrow.width
    return found


def weight_buffers(outline: Outline, layer: Layer) -> dict[str, int]:
    """Of a layer's packed weights and their gradients."""
    tiling, found = outline.tiling, {}
    panel = tiling.panel * tiling.weight_lanes
    for what, _, gates, terms, turned, moving in layer.weights:
        to_units, to_terms = gates * terms * layer.shape.tiles * panel, gates * layer.shape.units * tiling.panels(terms) * panel
        found[f"{what}_forward"] = to_terms if turned else to_units
        if outline.request.back:
            found[f"{what}_back"] = to_units if turned else to_terms
        if outline.request.back and moving:
            found[f"{what}_gradient"] = gates * terms * layer.shape.row
    return found


def overlap_buffers(outline: Outline, overlap: Shape) -> dict[str, int]:
    """Of the overlaps of a layer's states and a factor, and of their cotangents."""
    found = {"overlap": (outline.steps + 1) * overlap.frame, "no_overlap": overlap.row}
    return found | ({"overlap_cotangent": outline.steps * overlap.frame} if outline.request.back else {})


def way_back_buffers(outline: Outline, layer: Layer) -> dict[str, int]:
    """Of cotangents of a layer's states and of what it reads, and of sums of gradients."""
    cell, row, frame = layer.member.cell, layer.shape.row, layer.shape.frame
    found = {
        "grad_bias": cell.gates * row,
        "cotangent": cell.states * frame,
        "grad_starts": cell.states * row,
        "number_sums": cell.tracked * frame,
        "grad_numbers": cell.tracked * row,
        "top": outline.steps * frame if cell.states else 0,
        "nothing": layer.below.row,
    }
    if outline.keeps_history(layer.member):
        found["history"] = (outline.steps + 1) * frame
    return found


def cost_buffers(outline: Outline) -> dict[str, int]:
    """Of targets and of the sums of costs."""
    costs, tiling = len(outline.request.costs), outline.tiling
    targets = min(outline.run.targeted, outline.steps) * outline.targets.frame
    weights = {"weights": targets} if outline.weighted else {}
    return {"targets": targets, **weights, "cost": costs * tiling.lanes, "partial_cost": costs * tiling.layout.wide.width}


def output_buffers(outline: Outline) -> dict[str, int]:
    """Of the cotangents of outputs, where no layer has a place for them."""
    last = outline.layers[-1]
    return {} if outline.request.back or not last.member.cell.states else {"g": outline.steps * last.shape.frame}
