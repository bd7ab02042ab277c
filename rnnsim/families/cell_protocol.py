"""What a cell is to the loops: its sizes and its rules, for type checkers; `rnnsim.equations.cells` says what each of them does."""

from typing import Any, Protocol, TypeAlias, runtime_checkable

Row: TypeAlias = tuple[Any, ...]  # a number, an array or lanes for each of a cell's states, gates or partial derivatives


@runtime_checkable
class Cell(Protocol):
    """The element-wise part of one unit, from states and pre-activations to the next states."""

    @property
    def reads(self) -> tuple[str, ...]:
        """What each pre-activation reads: inputs, x, or states, h, or both."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the gates, none where there is one."""

    @property
    def gates(self) -> int:
        """The number of pre-activations."""

    @property
    def states(self) -> int:
        """The number of states, h first."""

    @property
    def outputs(self) -> int:
        """How many of the states, the first, are no states of the cell's own, but what is read of them: 0 or 1."""

    @property
    def constants(self) -> int:
        """The number of the unit's own numbers that are no weights, such as the leak."""

    @property
    def noisy(self) -> bool:
        """Whether the last pre-activation is noise."""

    @property
    def summed(self) -> int:
        """How many pre-activations are made of inputs, states and biases: all but noise."""

    @property
    def known_gates(self) -> int:
        """How many of the pre-activations, the first, users know."""

    @property
    def tracked(self) -> int:
        """The number of constants that have derivatives."""

    @property
    def cached(self) -> bool:
        """Whether kernels with it are kept on disk."""

    @property
    def partials(self) -> int:
        """The number of partial derivatives that `linearize` gives."""

    @property
    def hides_divergence(self) -> bool:
        """Whether a finite state can follow one that is not finite."""

    @property
    def volume_gate(self) -> int:
        """The place, among the gates that read h, of the one whose weights are in the determinant of the Jacobian; -1 where none is.

        Cells that have one also have a rule `volume`, a unit's factor of that determinant.
        """

    def step(self, constants: Row, s: Row, a: Row) -> Row:
        """Compute the next states."""

    def linearize(self, constants: Row, s: Row, a: Row) -> tuple[Row, Row]:
        """Compute the next states and the partial derivatives."""

    def pullback(self, constants: Row, partials: Row, g: Row) -> tuple[Row, Row]:
        """Pull cotangents of the next states back to the states and the pre-activations."""

    def pushforward(self, constants: Row, partials: Row, ds: Row, da: Row) -> Row:
        """Push tangents of the states and the pre-activations forward to the next states."""

    def partial_tangents(self, constants: Row, s: Row, a: Row, partials: Row, ds: Row, da: Row) -> Row:
        """Compute the tangents of the partial derivatives."""

    def pullback_tangent(self, constants: Row, partials: Row, d_partials: Row, g: Row, dg: Row) -> tuple[Row, Row]:
        """Compute the tangents of what `pullback` gives."""

    def pull_numbers(self, constants: Row, partials: Row, g: Row) -> Row:
        """Pull cotangents of the next states back to the constants that have derivatives."""

    def push_numbers(self, constants: Row, partials: Row, dc: Row) -> Row:
        """Push tangents of the constants forward to the next states."""

    def report(self, a: Row) -> Row:
        """Give the pre-activations as users know them."""
