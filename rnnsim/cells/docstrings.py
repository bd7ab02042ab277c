"""What every cell's docstring has to say of weights, biases and starts, from its declaration, so that its file says what is its own."""

from __future__ import annotations

import inspect

from rnnsim.families.own_cells import Cell

LISTED, QUOTED, SHOWN = (f"{title}\n{'-' * len(title)}\n" for title in ("Parameters", "References", "Examples"))
ARRAY = "array_like or DataArray"
MEANT = {
    "w_in": "Weights of the input",
    "w_rec": "Weights of the first state",
    "bias": "Biases",
    "bias_in": "Biases beside the input",
    "bias_rec": "Biases beside the first state",
    "h0": "The first state at step 0",
}
RAISED = """Raises
------
ValueError
    If shapes, names of dimensions or values do not fit.
TypeError
    If an argument is missing or unknown, if a parameter holds anything but real numbers, or if the readout is no `rs.Readout`.

See Also
--------
rnnsim.Cell : Cells of your own, and what their parameters are.

"""
READOUT = """readout : Readout or None
    The outputs as linear functions of {read}. None makes that the output.
"""


def complete(kind: type[Cell]) -> None:
    """Add to a cell's docstring its weights, biases, starts and readout, what it raises, and where to look."""
    if not kind.__doc__:  # stripped
        return
    text = inspect.cleandoc(kind.__doc__) + "\n"
    head, found, examples = text.partition(QUOTED if QUOTED in text else SHOWN)
    summary, _, numbers = head.partition(LISTED)
    entries = [entry(kind, name) for name in kind.DIMENSIONS if name not in kind.numbers]
    read = "what others read" if reads_output(kind) else "the first state"
    readout = READOUT.format(read=read)
    kind.__doc__ = "".join(
        (summary, LISTED, *entries, numbers.rstrip() + "\n" * bool(numbers), readout, "\n", RAISED, found, examples)
    )


def reads_output(kind: type[Cell]) -> bool:
    """Whether others read something else than the first state."""
    return hasattr(kind, "output")


def entry(kind: type[Cell], name: str) -> str:
    """What is said of a parameter that all cells have."""
    usual = "" if name in ("w_in", "w_rec") else ", default 0.0"
    return f"{name} : {ARRAY}{usual}\n    {meant(kind, name)}\n"


def meant(kind: type[Cell], name: str) -> str:
    """What a parameter is, and its shapes."""
    dims, start = kind.DIMENSIONS[name], name in kind.STARTS
    what = "Weights of what others read" if name == "w_rec" and reads_output(kind) else MEANT.get(name)
    what = what or f"The state {kind.states[kind.STARTS.index(name)]} at step 0"
    of_gates = [dim for dim in dims if dim.startswith("gate")]
    shapes = f"({', '.join(dims)})" + ", (sample, unit)" * start
    if of_gates:
        labels = ", ".join(kind.declaration.gate_labels[of_gates[0]])
        return f"{what}, {shapes}, or ({of_gates[0]}) in a scalar network; the gates are {labels}."
    return f"{what}, {shapes}, or a number {'for all units' if len(dims) == 1 else 'in a scalar network'}."
