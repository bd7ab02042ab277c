"""What kernels of second derivatives want of a thread's scratch, before anything has a place there."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rnnsim.equations.rules import reading
from rnnsim.families.network import Member
from rnnsim.numerics import parallel
from rnnsim.runs.run import Run
from rnnsim.verbs.engines.outline import with_numbers
from rnnsim.verbs.hessian.theta import ThetaRows, rows_of

REGISTERS = 2  # a number of all lanes takes, as measured
RUN, SUMS = "run", "sums"  # whose buffers are: those of a layer are its number's
TABLE_SUMS, COST_SUMS = (SUMS, "table"), (SUMS, "cost")


@dataclass(frozen=True)
class CurvatureOutline:
    """A run, its loss, the parameters that are directions, all parameters as rows of θ, and lanes."""

    run: Run
    loss: Any
    parameters: tuple[str, ...]
    rows: dict[str, ThetaRows]
    lanes: int

    @classmethod
    def of(cls, run: Run, loss: Any, parameters: tuple[str, ...]) -> "CurvatureOutline":
        return cls(run, loss, parameters, rows_of(run), parallel.lanes(REGISTERS))

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The layers and the readout, whose cells have derivatives by their own numbers if any is a direction."""
        wanted = tuple(f"grad_{name}" for name in self.parameters)
        return tuple(with_numbers(member, wanted) for member in self.run.net.maps)

    @cached_property
    def count(self) -> int:
        """How many directions there are."""
        return sum(self.rows[name].elements.size for name in self.parameters)

    @property
    def points(self) -> int:
        """How many points a group has."""
        return max(1, self.lanes // self.count)

    @property
    def theta_size(self) -> int:
        """Rows of θ."""
        return sum(rows.elements.size for rows in self.rows.values())

    @property
    def theta_apart(self) -> int:
        """How far they are apart."""
        return 1 if self.points == 1 else self.lanes

    @property
    def features(self) -> int:
        """Numbers of an input."""
        return self.run.net.members[0].inputs

    @property
    def target_units(self) -> int:
        """Numbers of a target."""
        return 1 if self.loss.classes else self.members[-1].units

    @property
    def inputs_move(self) -> bool:
        """Whether inputs depend on θ."""
        return "table" in self.parameters

    def starts(self, member: Member) -> int:
        """How many samples have starts of their own, or 1."""
        return max([1] + [self.run.net.templates[name].sizes.get("sample", 1) for name in member.starts])


def buffers_of(outline: CurvatureOutline) -> dict[Any, dict[str, int]]:
    """The buffers of a run, of sums, which stand together, and of the layers: how many numbers they hold, under the names that descriptors
    have for them."""
    maps = list(enumerate(outline.members))
    found: dict[Any, dict[str, int]] = {RUN: run_buffers(outline)}
    for i, member in maps:
        found[SUMS, i] = sum_buffers(outline, member)
    if outline.inputs_move:
        found[TABLE_SUMS] = with_tangents({"grad_table": outline.rows["table"].elements.size * outline.lanes})
    found[COST_SUMS] = {"total": outline.lanes}
    return found | {i: layer_buffers(outline, member) for i, member in maps}


def with_tangents(sizes: dict[str, int]) -> dict[str, int]:
    """Buffers, each with that of its tangents behind it."""
    return {which: size for name, size in sizes.items() for which in (name, f"d_{name}")}


def run_buffers(outline: CurvatureOutline) -> dict[str, int]:
    """Of θ, inputs and targets."""
    lanes = outline.lanes
    inputs = outline.run.steps * outline.features * lanes
    found = {"theta": outline.theta_size * outline.theta_apart, **with_tangents({"x": inputs})}
    found["targets"] = outline.run.targeted * outline.target_units * lanes
    found["lanes_of"] = min(outline.count, lanes) * lanes
    return found | with_tangents({"grad_x": inputs} if outline.inputs_move else {})


def sum_buffers(outline: CurvatureOutline, member: Member) -> dict[str, int]:
    """Of a layer's gradients."""
    cell, n, d, lanes = member.cell, member.units, member.inputs, outline.lanes
    return with_tangents(
        {
            "grad_in": len(reading(cell, "x")) * n * d * lanes,
            "grad_rec": len(reading(cell, "h")) * n * n * lanes,
            "grad_bias": cell.gates * n * lanes,
            "grad_start": outline.starts(member) * cell.states * n * lanes,
            "grad_number": cell.tracked * n * lanes,
        }
    )


def layer_buffers(outline: CurvatureOutline, member: Member) -> dict[str, int]:
    """Of a layer's frames."""
    cell, steps, frame = member.cell, outline.run.steps, member.units * outline.lanes
    alone = {
        "bias": cell.gates * frame,
        "nothing": max(member.units, member.inputs) * outline.lanes,
    }
    return alone | with_tangents(
        {
            "constants": cell.constants * frame,
            "states": (steps + 1) * cell.states * frame,
            "pre": steps * cell.gates * frame,
            "partials": steps * cell.partials * frame,
            "cotangent": cell.states * frame,
            "top": steps * bool(cell.states) * frame,
        }
    )
