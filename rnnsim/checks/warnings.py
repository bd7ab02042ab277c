"""Warnings, at the line of the user's that they are about."""

import sys
import warnings
from pathlib import Path

PACKAGE = f"{Path(__file__).parents[1]}/"


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn where the package was called."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
