"""Whether a function that is given as the derivative of another is it: by a complex step where that is right, else by differences."""

from collections.abc import Callable
from typing import Any

import numpy as np

POINTS = 100
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
COARSE, FINE, ROUNDING = 1e-8, 1e-9, 4 * np.finfo(np.float64).eps
COMPLEX_STEP = 1e-30


def places() -> np.ndarray:
    """Numbers from -40 to 40, most of them within 4, none of them at a corner that a function is likely to have."""
    t = 2.0 * (np.arange(1, POINTS + 1) * (np.sqrt(5.0) - 1.0) / 2.0 % 1.0) - 1.0
    x: np.ndarray = 3.0 * t + 37.0 * t**5
    return x


def check_derivative(name: str, derivative: Any, of: str, function: Any) -> None:
    """Refuse a function that is not the derivative of another, both jitted functions of one number."""
    values = [(x, number(function, x)) for x in places()]
    found = [(x, y) for x, y in values if np.isfinite(y)]
    size = min(1.0, max((abs(y) for _, y in found), default=1.0))  # of numbers that may cancel each other in a function
    scales = [max(abs(y), size * max(1.0, abs(x))) for x, y in found]
    exact: Any = complex_steps(function, found, scales) or [None] * len(found)
    for (x, _), scale, by_step in zip(found, scales, exact, strict=True):
        slope = number(derivative, x)
        if not (rises_by(function, x, slope, scale) if by_step is None else near(slope, by_step, FINE, 1e3 * ROUNDING * scale)):
            rise = difference(function, x, 1e-4) if by_step is None else by_step
            raise ValueError(
                f"{name} is {slope:.9g} at {x:.6g}, where {of} rises by {rise:.9g}; "
                "it needs to be the derivative, or check=False if another is meant"
            )


def number(function: Callable[[float], Any], x: float) -> float:
    """A function of a number; nan where it has none."""
    try:
        return float(function(float(x)))
    except (ArithmeticError, ValueError):
        return np.nan


def near(a: float, b: float, share: float, rounding: float) -> bool:
    """Whether two numbers are the same to a share of the larger one and to rounding."""
    return bool(abs(a - b) <= share * max(abs(a), abs(b)) + rounding)


def difference(function: Any, x: float, h: float) -> float:
    """What a function rises by, from its values at x ± h and x ± 2 h."""
    near_by, far = (number(function, x + k * h) - number(function, x - k * h) for k in (1, 2))
    return (8.0 * near_by - far) / (12.0 * h)


def rises_by(function: Any, x: float, slope: float, scale: float) -> bool:
    """Whether a function rises by a slope, over steps of some length at least; nothing contradicts where it has no numbers beside x."""
    lengths = [step * max(1.0, abs(x)) for step in STEPS]
    rises = [(difference(function, x, h), ROUNDING * scale / h) for h in lengths]
    rises = [(rise, rounding) for rise, rounding in rises if np.isfinite(rise)]
    return not rises or any(near(slope, rise, COARSE, rounding) for rise, rounding in rises)


def complex_steps(function: Any, found: list[tuple[float, float]], scales: list[float]) -> list[float] | None:
    """The derivative by complex steps; None if that is not what the function rises by, as of |a|, or if it takes no complex numbers."""
    in_python, exact = getattr(function, "py_func", function), []
    for (x, _), scale in zip(found, scales, strict=True):
        try:
            with np.errstate(all="ignore"):
                by_step = float(np.imag(in_python(complex(x, COMPLEX_STEP))) / COMPLEX_STEP)
        except Exception:  # whatever a function says to a number that it is not made for
            return None
        if not rises_by(function, x, by_step, scale):
            return None
        exact.append(by_step)
    return exact
