"""Weights from other libraries."""

from typing import Any

import numpy as np

from rnnsim.networks import GRU, LSTM, Elman, Network


def from_torch(module: Any) -> Network:
    """The network that a PyTorch module of one recurrent layer is, in float64.

    Parameters
    ----------
    module : torch.nn.RNN, GRU or LSTM of one layer, or RNNCell, GRUCell or LSTMCell.

    Returns
    -------
    Elman, GRU or LSTM, which start at 0. Elman's and LSTM's `bias` is PyTorch's bias_ih + bias_hh; without biases it is 0.

    Raises
    ------
    TypeError, ValueError : modules of other kinds, more than one layer, both directions, projections, and modules without numbers
        (lazy ones, those on the meta device).

    Examples
    --------
    >>> import rnnsim as rs, torch  # doctest: +SKIP
    >>> rs.from_torch(torch.nn.GRU(input_size=3, hidden_size=5))  # doctest: +SKIP
    <rnnsim.GRU of 5 units and 3 inputs; axes none>
    """
    try:
        import torch
    except ImportError:
        raise ImportError("from_torch needs PyTorch: install torch") from None
    nn, name = torch.nn, type(module).__name__
    layers, cells = (nn.RNN, nn.GRU, nn.LSTM), (nn.RNNCell, nn.GRUCell, nn.LSTMCell)
    if not isinstance(module, layers + cells):
        raise TypeError(f"from_torch was given an object of type {name}; it needs torch.nn.RNN, GRU, LSTM or one of their cells")
    if isinstance(module, layers):
        given = {"bidirectional": module.bidirectional, "proj_size": module.proj_size, "num_layers": module.num_layers}
        for option, plain in {"bidirectional": False, "proj_size": 0, "num_layers": 1}.items():
            if given[option] != plain:
                raise ValueError(f"from_torch was given {name} with {option}={given[option]}; it needs {option}={plain}")
    suffix = "_l0" if isinstance(module, layers) else ""

    def numbers(what: str) -> np.ndarray:
        tensor = getattr(module, what + suffix)
        if nn.parameter.is_lazy(tensor) or tensor.is_meta:
            raise ValueError(f"from_torch was given {name} whose {what} holds no numbers yet; it needs numbers")
        return np.array(tensor.detach().to("cpu", torch.float64).numpy())

    w_in, w_rec = numbers("weight_ih"), numbers("weight_hh")
    units = w_rec.shape[1]
    shape = (units,) if isinstance(module, nn.RNN | nn.RNNCell) else (-1, units)
    bias_in, bias_rec = (numbers(what).reshape(shape) if module.bias else np.float64(0.0) for what in ("bias_ih", "bias_hh"))
    if isinstance(module, nn.RNN | nn.RNNCell):
        return Elman(w_in, w_rec, bias_in + bias_rec, activation=module.nonlinearity)
    weights = w_in.reshape(*shape, w_in.shape[1]), w_rec.reshape(*shape, units)
    if isinstance(module, nn.LSTM | nn.LSTMCell):
        return LSTM(*weights, bias_in + bias_rec)
    return GRU(*weights, bias_in, bias_rec)
