"""Weights from and to PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnsim.checks.showing import shown
from rnnsim.families.network import Network
from rnnsim.families.readouts import Readout
from rnnsim.families.recurrent_networks import GRU, LSTM, Elman, Recurrent
from rnnsim.families.stacks import Embedding, Stack
from rnnsim.interop.assembling import joined

if TYPE_CHECKING:
    import torch

TENSORS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
PLAIN = {"bidirectional": False, "proj_size": 0, "max_norm": None, "scale_grad_by_freq": False}


def from_torch(module: torch.nn.Module | Sequence[torch.nn.Module]) -> Elman | GRU | LSTM | Stack:
    """Make the network that a PyTorch module is, in float64.

    The network starts at 0, as PyTorch does, and reads inputs (step, input) or (sample, step, input), whatever `batch_first` is.
    The `bias` of Elman and LSTM networks is PyTorch's bias_ih + bias_hh; without biases it is 0. The `padding_idx` of an embedding
    becomes a token like any other: its row has a gradient.

    Parameters
    ----------
    module : torch.nn.Module or sequence of torch.nn.Module
        A torch.nn.RNN, GRU or LSTM of one or more layers, or an RNNCell, GRUCell or LSTMCell; or a list or torch.nn.Sequential of
        an Embedding (or none), some of these, and a Linear (or none), which becomes the readout.

    Returns
    -------
    Elman or GRU or LSTM or Stack
        An Elman, GRU or LSTM network for one layer; a stack for more, and behind an embedding.

    Raises
    ------
    TypeError
        If a module is of another kind.
    ValueError
        If a module is bidirectional, has projections or dropout while training, or holds no real numbers (lazy modules and those on
        the meta device); or if an embedding has max_norm or scale_grad_by_freq.
    ImportError
        If PyTorch is not installed.

    See Also
    --------
    rnnsim.to_torch : The way back.
    rnnsim.from_keras : The same of Keras layers.

    Examples
    --------
    >>> import rnnsim as rs, torch  # doctest: +SKIP
    >>> rs.from_torch(torch.nn.GRU(input_size=3, hidden_size=5))  # doctest: +SKIP
    <rnnsim.GRU of 5 units and 3 inputs; axes none>
    >>> rs.from_torch([torch.nn.Embedding(10, 3), torch.nn.LSTM(3, 5, num_layers=2), torch.nn.Linear(5, 10)])  # doctest: +SKIP
    <rnnsim.Stack of LSTM (5 units), LSTM (5 units); 10 tokens in 3 inputs, 10 outputs; axes none>
    """
    torch = imported_torch("from_torch")
    several = isinstance(module, list | tuple | torch.nn.Sequential)
    modules: Any = module if several else [module]
    return joined("from_torch", [part for one in modules for part in parts(torch, one)])


def to_torch(net: Network) -> Any:
    """Make the PyTorch module that a network is, in float64.

    PyTorch's second bias of RNN and LSTM is 0. `from_torch` gives the same numbers back, bit by bit.

    Parameters
    ----------
    net : Network
        One network without axes: Elman (tanh or relu, leak 1), GRU, LSTM, or a stack of them. All starts are 0: PyTorch's modules
        take other ones when they are called, as in `module(x, h0)`.

    Returns
    -------
    torch.nn.Module
        A torch.nn.RNN, GRU or LSTM with `batch_first=True`, one for all layers of a stack whose layers are of one kind and size.
        With an embedding, a readout or different layers, a `TorchNetwork`: a torch.nn.Sequential whose call gives the outputs
        alone.

    Raises
    ------
    TypeError
        If `net` is no network.
    ValueError
        If the network has axes, starts other than 0, a leak other than 1 or an activation other than tanh and relu.
    ImportError
        If PyTorch is not installed.

    See Also
    --------
    rnnsim.from_torch : The way back.

    Examples
    --------
    >>> import rnnsim as rs
    >>> rs.to_torch(rs.LSTM.random(units=5, inputs=3, seed=1))  # doctest: +SKIP
    LSTM(3, 5, batch_first=True)
    """
    if not isinstance(net, Network):
        raise TypeError(f"to_torch was given {type(net).__name__}; it needs an Elman, GRU, LSTM or Stack")
    if net.axes:
        first = ", ".join(f"{name}=0" for name in net.axes)
        raise ValueError(
            f"to_torch was given a family with the axes {', '.join(net.axes)}; it needs one network: choose with isel({first}), say"
        )
    for suffix, layer in net.levels:
        check_layer(suffix, layer)
    torch = imported_torch("to_torch")
    layers = [layer for _, layer in net.levels]
    alike = len({(type(layer), layer.units, *layer.options.values()) for layer in layers}) == 1
    modules = [recurrent(torch, group) for group in ([layers] if alike else [[layer] for layer in layers])]
    if net.table is not None:
        modules.insert(0, filled(torch, torch.nn.Embedding, net.table.shape, {"weight": net.table.values}))
    if net.readout is not None:
        modules.append(linear(torch, net))
    if len(modules) == 1:
        return modules[0]
    from rnnsim.interop.torch_network import TorchNetwork

    return TorchNetwork(*modules)


def imported_torch(call: str) -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError(f"{call} needs PyTorch: install torch") from None
    return torch


def parts(torch: Any, module: Any) -> list[Any]:
    """What a module is here: an embedding, cells or a readout."""
    nn, name = torch.nn, type(module).__name__
    for option, plain in PLAIN.items():
        if getattr(module, option, plain) != plain:
            raise ValueError(f"from_torch was given {name} with {option}={getattr(module, option)}; it needs {option}={plain}")
    if isinstance(module, nn.RNN | nn.GRU | nn.LSTM):
        if module.dropout and module.num_layers > 1 and module.training:
            given = f"{name} with dropout={module.dropout} in training mode"
            raise ValueError(f"from_torch was given {given}; it needs evaluation mode: call module.eval()")
        return [cell(torch, module, f"_l{layer}") for layer in range(module.num_layers)]
    if isinstance(module, nn.RNNCell | nn.GRUCell | nn.LSTMCell):
        return [cell(torch, module, "")]
    if isinstance(module, nn.Embedding):
        return [Embedding(numbers(torch, module, "weight"))]
    if isinstance(module, nn.Linear):
        return [Readout(numbers(torch, module, "weight"), numbers(torch, module, "bias"))]
    raise TypeError(
        f"from_torch was given {name}; it needs torch.nn.RNN, GRU, LSTM, one of their cells, or a list of Embedding, these, and Linear"
        f"{hint(nn, module)}"
    )


def hint(nn: Any, module: Any) -> str:
    """What to give in place of a module of one's own, or of its weights."""
    kinds = nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell, nn.LSTMCell, nn.Embedding, nn.Linear
    if isinstance(module, nn.Module):
        known = ", ".join(f"module.{name}" for name, child in module.named_modules() if isinstance(child, kinds))
        return f": from_torch([{known}]), say" if known else ""
    return ": load weights into their module first, by module.load_state_dict(…)" if isinstance(module, Mapping) else ""


def cell(torch: Any, module: Any, suffix: str) -> Recurrent:
    """One layer of a module; the gates in PyTorch's rows become a dimension."""
    arrays = [numbers(torch, module, f"{name}{suffix}") for name in TENSORS]
    if isinstance(module, torch.nn.RNN | torch.nn.RNNCell):
        w_in, w_rec, bias_in, bias_rec = arrays
        return Elman(w_in, w_rec, bias_in + bias_rec, activation=module.nonlinearity)
    units = arrays[1].shape[1]
    w_in, w_rec, bias_in, bias_rec = (a.reshape(len(a) // units, units, *a.shape[1:]) if a.ndim else a for a in arrays)
    if isinstance(module, torch.nn.LSTM | torch.nn.LSTMCell):
        return LSTM(w_in, w_rec, bias_in + bias_rec)
    return GRU(w_in, w_rec, bias_in, bias_rec)


def numbers(torch: Any, module: Any, name: str) -> Any:
    """A module's tensor in float64, or 0 where it has none."""
    tensor = getattr(module, name, None)
    if tensor is None:
        return np.float64(0.0)
    if torch.nn.parameter.is_lazy(tensor) or tensor.is_meta or tensor.is_complex():
        raise ValueError(f"from_torch was given {type(module).__name__} whose {name} holds no real numbers; it needs real numbers")
    return tensor.detach().to("cpu", torch.float64).numpy()


def check_layer(suffix: str, layer: Recurrent) -> None:
    """Refuse what no module of PyTorch's does."""
    if not isinstance(layer, Elman | GRU | LSTM):
        raise ValueError(
            f"to_torch was given a layer of {type(layer).__name__}s; PyTorch has modules for Elman, GRU and LSTM networks"
        )
    for start in (f"{name}{suffix}" for name in layer.STARTS if (layer[name].values != 0).any()):
        needed = f"it needs 0, by replace({start}=0.0): PyTorch takes starts when it calls a module"
        raise ValueError(f"to_torch was given {start} other than 0; {needed}")
    if isinstance(layer, Elman):
        if layer.activation not in ("tanh", "relu"):
            given = shown(layer.activation)
            raise ValueError(f"to_torch was given activation{suffix} {given}; torch.nn.RNN needs 'tanh' or 'relu'")
        leaks = layer["leak"].values
        if (leaks != 1).any():
            raise ValueError(f"to_torch was given leak{suffix} with the value {leaks[leaks != 1][0]}; torch.nn.RNN needs 1")


def recurrent(torch: Any, layers: list[Any]) -> Any:
    """The module of layers of one kind and size."""
    bottom = layers[0]
    kind, options = type(bottom).__name__, {}
    if isinstance(bottom, Elman):
        kind, options = "RNN", {"nonlinearity": bottom.activation}
    named = {f"{n}_l{i}": a for i, layer in enumerate(layers) for n, a in zip(TENSORS, arrays_of(layer), strict=True)}
    sizes = (bottom.inputs, bottom.units, len(layers))
    return filled(torch, getattr(torch.nn, kind), sizes, named, batch_first=True, **options)


def arrays_of(layer: Recurrent) -> list[np.ndarray]:
    """A layer's weights and two biases, gates in the rows."""
    rows = (len(layer.GATES) or 1) * layer.units
    weights = [layer[name].values.reshape(rows, -1) for name in layer.weights]
    biases = [np.broadcast_to(layer[name].values.reshape(-1), rows) for name in layer.DIMENSIONS if name.startswith("bias")]
    nothing = np.full(rows, -0.0)  # a bias of -0.0 stays itself with -0.0 added to it, and not with 0.0
    return [*weights, *biases, *[nothing] * (2 - len(biases))]


def linear(torch: Any, net: Network) -> Any:
    outputs = net.outputs or 1
    bias = np.broadcast_to(net["b_out"].values, outputs)
    weights = {"weight": net["w_out"].values.reshape(outputs, -1), "bias": bias}
    return filled(torch, torch.nn.Linear, (net.units, outputs), weights)


def filled(torch: Any, kind: Any, sizes: tuple[int, ...], values: dict[str, np.ndarray], **options: Any) -> Any:
    """A module with these numbers, made without a draw from PyTorch's generator."""
    module = kind(*sizes, device="meta", dtype=torch.float64, **options).to_empty(device="cpu")
    with torch.no_grad():
        for name, array in values.items():
            getattr(module, name).copy_(torch.tensor(array))
    return module
