"""Chains: an embedding or none, cells, a readout or none, as other packages' lists of layers have them."""

from __future__ import annotations

from typing import Any

from rnnsim.families.readouts import Readout
from rnnsim.families.recurrent_networks import GRU, LSTM, Elman, Recurrent
from rnnsim.families.stacks import Embedding, Stack


def joined(call: str, parts: list[Any]) -> Elman | GRU | LSTM | Stack:
    """One cell with its readout, or a stack."""
    layers = list(parts)
    readout = layers.pop() if layers and isinstance(layers[-1], Readout) else None
    cells = layers[1:] if layers and isinstance(layers[0], Embedding) else layers
    if not cells or not all(isinstance(cell, Recurrent) for cell in cells):
        given = ", ".join(type(part).__name__ for part in parts) or "nothing"
        needed = "it needs what makes an Embedding or none, then Elman, GRU or LSTM networks, then a Readout or none"
        raise ValueError(f"{call} was given what makes {given}; {needed}")
    if len(layers) > 1:
        return Stack(layers, readout=readout)
    (cell,) = layers
    made: Elman | GRU | LSTM = type(cell)(**{name: cell[name] for name in cell.parameter_names}, **cell.options, readout=readout)
    return made
