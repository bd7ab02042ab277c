"""What a cell declares, as families need it: its parameters with their dimensions, its gates, and what its states are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

FIRST = "h0"  # the start of the first state, whatever that is called


@dataclass(frozen=True)
class Declaration:
    """States, gates and what each reads, and the cell's own numbers with their usual values. `kept` are names of states in results that
    are not those that others would have."""

    states: tuple[str, ...]
    gates: Mapping[str, str]
    numbers: Mapping[str, Any]
    kept: Mapping[str, str]

    @classmethod
    def of(cls, declared: Any) -> Declaration:
        """The declaration of a class."""
        numbers = getattr(declared, "numbers", {})
        return cls(tuple(declared.states), dict(declared.gates), dict(numbers), dict(getattr(declared, "kept", {})))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the gates, none where there is one."""
        return tuple(self.gates) if len(self.gates) > 1 else ()

    def labels_that_read(self, letter: str) -> tuple[str, ...]:
        """The gates that read x or h."""
        return tuple(name for name, kind in self.gates.items() if letter in kind)

    def dimensions_of_gates(self, letter: str) -> tuple[str, ...]:
        """The dimension of the gates that read x or h: none for one of them, one of its own where it is not all."""
        reading = self.labels_that_read(letter)
        if len(reading) == len(self.gates):
            return ("gate",) if self.labels else ()
        return () if len(reading) == 1 else ("gate_in" if letter == "x" else "gate_rec",)

    @property
    def gate_labels(self) -> dict[str, tuple[str, ...]]:
        """The names of gates by the dimensions that parameters and results have for them."""
        found = {"gate": self.labels} if self.labels else {}
        for letter in ("x", "h"):
            for dim in self.dimensions_of_gates(letter):
                found[dim] = self.labels_that_read(letter)
        return found

    @property
    def starts(self) -> tuple[str, ...]:
        """The parameters that are states at step 0."""
        return (FIRST, *(f"{name}0" for name in self.states[1:]))

    @property
    def kept_states(self) -> tuple[str, ...]:
        """What results call the states."""
        return ("state", *(self.kept.get(name, f"{name}_state") for name in self.states[1:]))

    @property
    def biases(self) -> dict[str, str]:
        """The biases, and what the gates that each belongs to read; "" for all gates."""
        return {"bias_in": "x", "bias_rec": "h"} if "x|h" in self.gates.values() else {"bias": ""}

    @cached_property
    def dimensions(self) -> dict[str, tuple[str, ...]]:
        """The parameters and their dimensions, weights first."""
        found: dict[str, tuple[str, ...]] = {"w_in": (*self.dimensions_of_gates("x"), "unit", "input")}
        if self.labels_that_read("h"):
            found["w_rec"] = (*self.dimensions_of_gates("h"), "unit", "unit_from")
        for name, letter in self.biases.items():
            found[name] = (*(self.dimensions_of_gates(letter) if letter else ("gate",) * bool(self.labels)), "unit")
        return found | dict.fromkeys((*self.starts, *self.numbers), ("unit",))
