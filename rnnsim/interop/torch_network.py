"""The PyTorch module of a network that no single module of PyTorch's is; imported only where PyTorch is."""

from typing import Any

import torch


class TorchNetwork(torch.nn.Sequential):
    """An embedding or none, recurrent layers, and a linear layer or none, one after the other.

    A call takes inputs (sample, step, input) or (step, input), or whole numbers without `input` before an embedding, and returns the
    outputs (sample, step, output) or (step, output) alone. All layers start at 0.
    """

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
            if isinstance(module, torch.nn.RNNBase):
                input, _ = input
        return input
