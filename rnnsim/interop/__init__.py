"""Weights from and to PyTorch, and from Keras. Neither is imported before it is needed."""

from rnnsim.interop.keras import from_keras
from rnnsim.interop.pytorch import from_torch, to_torch

__all__ = ["from_keras", "from_torch", "to_torch"]
