"""Stacks: layers that are fed one into the next, perhaps behind an embedding, perhaps under a readout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeAlias, cast

from rnnsim.checks.annotations import Numbers
from rnnsim.checks.showing import kind_of
from rnnsim.families.network import Network
from rnnsim.families.parameters import parameter
from rnnsim.families.readouts import Readout, check_readout, readout_of
from rnnsim.families.recurrent_networks import Recurrent


class Embedding:
    """Rows of a table in the place of whole numbers, which are the inputs of a stack that begins with it.

    Parameters
    ----------
    table : array_like or DataArray
        The rows, (token, input). As a `DataArray` it may have further dimensions, which are axes.

    Raises
    ------
    ValueError
        If the shape or the names of dimensions do not fit.
    TypeError
        If the table holds anything but real numbers.

    See Also
    --------
    rnnsim.Stack : The layers that read the rows.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.Embedding(np.ones((10, 2)))
    <rnnsim.Embedding of 10 tokens in 2 inputs>
    """

    DIMENSIONS = {"table": ("token", "input")}

    def __init__(self, table: Numbers):
        self.table = parameter("table", table, self.DIMENSIONS["table"])

    def __repr__(self) -> str:
        return f"<rnnsim.Embedding of {self.table.sizes['token']} tokens in {self.table.sizes['input']} inputs>"


# layers, perhaps behind an embedding: a list of both is a list of objects to type checkers
Layers: TypeAlias = Recurrent | Sequence[object] | Iterator[object]


class Stack(Network):
    """A family of networks of several layers: layer i + 1 reads the states of layer i.

    Layers count from 0 at the bottom, and the parameters, gradients and states of a layer carry its number: `w_rec_0`,
    `grad_w_in_1`, `state_0`. `state` is that of the top layer.

    Parameters
    ----------
    layers : sequence of Elman, GRU and LSTM
        The layers, bottom first, of any sizes that fit together; an `rs.Embedding` may stand before them. Either all are scalar
        networks, or none is. Axes of one name are one axis. Random layers of one seed and size have the same matrix: give each a
        seed of its own.
    readout : Readout or None
        The outputs as linear functions of the top layer's states. None makes these states the outputs.

    Raises
    ------
    ValueError
        If there is no layer, or if layers, embedding and readout do not fit together.
    TypeError
        If something else than a layer is given, or if the readout is no `rs.Readout`.

    See Also
    --------
    rnnsim.Embedding : A table before the layers.
    rnnsim.Readout : Outputs behind the layers.
    rnnsim.from_torch : PyTorch's modules of several layers as a stack.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.Stack([rs.LSTM.random(8, 3, seed=1), rs.Elman.random(4, 8, gain=rs.axis("gain", [0.5, 1.5]), seed=2)])
    <rnnsim.Stack of LSTM (8 units), Elman (4 units); 3 inputs; axes gain: 2>
    """

    _PUBLIC = (*Network._PUBLIC, "embedding", "layers")

    def __init__(self, layers: Layers, *, readout: Readout | None = None):
        several = isinstance(layers, Sequence | Iterator) and not isinstance(layers, str | bytes)
        given: list[Any] = [*cast(Any, layers)] if several else [layers]
        self._embedding = given.pop(0) if given and isinstance(given[0], Embedding) else None
        self._layers = tuple(check_layer(i, layer) for i, layer in enumerate(given))
        if not self._layers:
            raise ValueError("Stack was given no layers; it needs at least one Elman, GRU or LSTM network")
        self.scalar = self._layers[0].scalar
        self._check_fit()
        check_readout(readout)
        parameters: dict[str, Any] = {}
        dimensions: dict[str, tuple[str, ...]] = {}
        if self._embedding is not None:
            parameters["table"], dimensions["table"] = self._embedding.table, Embedding.DIMENSIONS["table"]
        for suffix, layer in self.levels:
            parameters |= {f"{name}{suffix}": layer.source(name) for name in layer.parameter_names}
            dimensions |= {f"{name}{suffix}": layer.dimensions(name) for name in layer.parameter_names}
        self._hold(parameters, dimensions, readout)

    def _check_fit(self) -> None:
        for i, layer in enumerate(self._layers):
            if layer.scalar != self.scalar:
                kinds = ["has units", "is a scalar network"]
                raise ValueError(
                    f"layer {i} {kinds[layer.scalar]}, but layer 0 {kinds[self.scalar]}; all layers need units, or none"
                )
            if i and layer.inputs != self._layers[i - 1].units:
                raise ValueError(f"layer {i} takes {layer.inputs} inputs, but layer {i - 1} has {self._layers[i - 1].units} units")
        if self._embedding is not None:
            features = self._embedding.table.sizes["input"]
            if self.scalar:
                raise ValueError("an embedding was given before scalar networks; it needs a layer with units, of (1, 1) arrays say")
            if features != self._layers[0].inputs:
                raise ValueError(f"layer 0 takes {self._layers[0].inputs} inputs, but the table has {features}")

    def __repr__(self) -> str:
        layers = ", ".join(f"{type(n).__name__} ({n.units} unit{'s' * (n.units != 1)})" for n in self._layers)
        tokens = f"{self._embedding.table.sizes['token']} tokens in " if self._embedding else ""
        inputs = f"{tokens}{self.inputs} input{'s' * (self.inputs != 1)}"
        out, axes = self._shown
        return f"<rnnsim.Stack of {layers}; {inputs}{out}; axes {axes}>"

    @property
    def levels(self) -> tuple[tuple[str, Any], ...]:
        """The layers, bottom first, each behind what is added to the names of its parameters."""
        return tuple((f"_{i}", layer) for i, layer in enumerate(self._layers))

    @property
    def layers(self) -> tuple[Recurrent, ...]:
        """The layers, bottom first."""
        return self._layers

    @property
    def embedding(self) -> Embedding | None:
        """The embedding before the layers, or None."""
        return self._embedding

    @property
    def described(self) -> dict[str, Any]:
        """What kind of network this is, layer by layer, for a result's attributes."""
        return {"cell": "Stack", "layers": [layer.described for layer in self._layers]}

    def _rebuild(self, parameters: dict[str, Any]) -> Self:
        layers: list[Any] = [Embedding(parameters["table"])] if "table" in parameters else []
        for i, (suffix, layer) in enumerate(self.levels):
            names = (*layer.parameter_names, *layer.optional)
            own = {name: parameters[f"{name}{suffix}"] for name in names if f"{name}{suffix}" in parameters}
            try:
                layers.append(layer._rebuild({**own, **layer.options}))
            except (ValueError, TypeError) as error:
                raise type(error)(f"in layer {i}, {error}") from None
        return type(self)(layers, readout=readout_of(parameters))


def check_layer(i: int, layer: Any) -> Recurrent:
    """Refuse what can be no layer of a stack."""
    if isinstance(layer, Embedding):
        raise ValueError(f"Stack was given an Embedding as layer {i}; it needs one at most, before all layers")
    if not isinstance(layer, Recurrent):
        raise TypeError(f"Stack was given {kind_of(layer)} as layer {i}; it needs Elman, GRU and LSTM networks")
    if layer.readout is not None:
        raise ValueError(f"layer {i} has a readout of its own; it needs none: give it to the Stack")
    return layer
