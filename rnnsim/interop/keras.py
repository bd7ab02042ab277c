"""Weights from Keras, which need not be installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from rnnsim.checks.annotations import ActivationName
from rnnsim.checks.arguments import to_array
from rnnsim.checks.showing import shown
from rnnsim.families.readouts import Readout
from rnnsim.families.recurrent_networks import GRU, LSTM, Elman
from rnnsim.families.stacks import Embedding, Stack
from rnnsim.interop.assembling import joined

GATES = {"SimpleRNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 1, 2, 3]}  # places of our gates among Keras' (a GRU's are z, r, h)
GATED: dict[str, tuple[Any, ...]] = {"activation": ("tanh",), "recurrent_activation": ("sigmoid",), "go_backwards": (False,)}
PLAIN: dict[str, dict[str, tuple[Any, ...]]] = {
    "SimpleRNN": {"activation": ("tanh", "relu", "sigmoid", "linear"), "go_backwards": (False,)},
    "GRU": {**GATED, "reset_after": (True,)},
    "LSTM": GATED,
    "Embedding": {"mask_zero": (False,)},
    "Dense": {"activation": ("linear",)},
}


class Layer(Protocol):
    """What a Keras layer is taken for."""

    def get_config(self) -> Any: ...
    def get_weights(self) -> Any: ...


def from_keras(layer_or_weights: Layer | Sequence[Layer] | Sequence[ArrayLike]) -> Elman | GRU | LSTM | Stack:
    """Make the network that a Keras layer is, in float64.

    Keras need not be installed for weights alone. The network starts at 0 and drops nothing, as a Keras layer does that is neither
    stateful nor training. Weights of a SimpleRNN get its default activation, tanh; `replace(activation="relu")` gives another.

    Parameters
    ----------
    layer_or_weights : Keras layer or sequence of Keras layers or sequence of array_like
        A SimpleRNN, GRU (with reset_after=True) or LSTM; or a list, such as a Sequential's `model.layers`, of an Embedding (or
        none), some of these, and a linear Dense (or none), which becomes the readout; or the `get_weights()` of one recurrent
        layer: kernel (input, n·unit), recurrent kernel (unit, n·unit) and perhaps bias (n·unit), n being 1 for a SimpleRNN, 4 for
        an LSTM and 3 for a GRU, whose bias is (2, 3·unit).

    Returns
    -------
    Elman or GRU or LSTM or Stack
        An Elman, GRU or LSTM network for one layer; a stack for more, and behind an embedding.

    Raises
    ------
    TypeError
        If a layer is of another kind.
    ValueError
        If a layer has another activation, `go_backwards`, `reset_after=False` or masks; if it is not built; or if weights have
        other shapes.

    See Also
    --------
    rnnsim.from_torch : The same of PyTorch's modules.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> kernel, recurrent_kernel, bias = np.ones((3, 8)), np.ones((2, 8)), np.zeros(8)
    >>> rs.from_keras([kernel, recurrent_kernel, bias])
    <rnnsim.LSTM of 2 units and 3 inputs; axes none>
    """
    given = layer_or_weights
    if not isinstance(given, list | tuple):
        return joined("from_keras", [part(given)])
    if any(hasattr(one, "get_weights") for one in given):
        return joined("from_keras", [part(one) for one in given])
    return cell(given)


def part(layer: Any) -> Any:
    """What a layer is here: an embedding, a cell or a readout."""
    names = [kind.__name__ for kind in type(layer).__mro__]
    kind = next((kind for kind in PLAIN if kind in names), None)
    if kind is None or not hasattr(layer, "get_weights"):
        raise TypeError(
            f"from_keras was given {names[0]}; it needs SimpleRNN, GRU, LSTM, their get_weights(), or a list of Embedding, these, and Dense"
        )
    config, weights = layer.get_config(), layer.get_weights()
    for option, plain in PLAIN[kind].items():
        if config.get(option, plain[0]) not in plain:
            needed = " or ".join(map(repr, plain))
            raise ValueError(f"from_keras was given {kind} with {option}={shown(config[option])}; it needs {needed}")
    if not weights:
        raise ValueError(f"from_keras was given {kind} that is not built and has no weights; it needs weights: call the layer once")
    if kind == "Embedding":
        return Embedding(weights[0])
    if kind == "Dense":
        return Readout(*(np.asarray(array).T for array in weights))
    return cell(weights, config["activation"])


def cell(weights: Any, activation: ActivationName = "tanh") -> Elman | GRU | LSTM:
    """One layer's weights, transposed, the gates in Keras' columns on a dimension of their own in our order."""
    arrays = [to_array("layer_or_weights", array) for array in weights]
    kind, units = kind_of([array.shape for array in arrays])
    order = GATES[kind]
    w_in, w_rec = (matrix.T.reshape(len(order), units, -1)[order] for matrix in arrays[:2])
    biases = [bias for array in arrays[2:] for bias in array.reshape(-1, len(order), units)[:, order]]
    if kind == "GRU":
        return GRU(w_in, w_rec, *biases)
    if kind == "LSTM":
        return LSTM(w_in, w_rec, *biases)
    return Elman(w_in[0], w_rec[0], *(bias[0] for bias in biases), activation=activation)


def kind_of(shapes: list[tuple[int, ...]]) -> tuple[str, int]:
    """The kind of layer that has weights of these shapes, and its units."""
    if len(shapes) in (2, 3) and all(len(shape) == 2 and min(shape) > 0 for shape in shapes[:2]):
        (inputs, columns), (units, _) = shapes[:2]
        for kind, gates in GATES.items():
            bias = (2, columns) if kind == "GRU" else (columns,)
            if columns == len(gates) * units and shapes == [(inputs, columns), (units, columns), bias][: len(shapes)]:
                return kind, units
    given = ", ".join(map(str, shapes)) or "none"
    raise ValueError(
        f"from_keras was given weights of the shapes {given}; it needs (input, n·unit), (unit, n·unit) and perhaps (n·unit),"
        " n being 1 for SimpleRNN, 4 for LSTM and 3 for GRU, whose bias is (2, 3·unit) with reset_after=True"
    )
