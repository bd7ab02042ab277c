"""What the arguments of figures may be: each is checked by its name before anything is drawn."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from functools import wraps
from types import NoneType
from typing import Any, ParamSpec, TypeAlias, TypeVar, get_args

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.lines import Line2D

from rnnsim.checks.annotations import Whole
from rnnsim.checks.arguments import COUNT, check_dims, flag, members, names, number, plain_text, text, to_array, whole
from rnnsim.checks.showing import shown
from rnnsim.plot.drawing.checks import drawable

Panels: TypeAlias = Axes | Iterable[Axes]
Points: TypeAlias = Iterable[Sequence[float] | np.ndarray]  # pairs (x, y)
Window: TypeAlias = Sequence[Sequence[float]] | np.ndarray  # ((x0, x1), (y0, y1))
Levels: TypeAlias = Whole | Sequence[float] | np.ndarray
Band: TypeAlias = Sequence[float] | np.ndarray  # two quantiles
Check: TypeAlias = Callable[[str, Any], Any]

P = ParamSpec("P")
Drawn = TypeVar("Drawn")
READ_BESIDES = (  # variables that figures read if they are there
    "attractor_period",
    "fraction",
    "growth_rate",
    "input",
    "lyapunov_error",
    "memory_length",
    "regime",
    "stability",
)


def checked(**own: Check) -> Callable[[Callable[P, Drawn]], Callable[P, Drawn]]:
    """Make a figure check its arguments as `USUAL` says, and those named here in another way. None passes where the annotation has it."""

    def decorate(function: Callable[P, Drawn]) -> Callable[P, Drawn]:
        signature = inspect.signature(function, eval_str=True)
        checks = {name: (USUAL | own).get(name) for name in signature.parameters}
        optional = {name for name, parameter in signature.parameters.items() if NoneType in get_args(parameter.annotation)}

        @wraps(function)
        def figure(*args: P.args, **options: P.kwargs) -> Drawn:
            bound = signature.bind(*args, **options)
            for name, value in bound.arguments.items():
                if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                    bound.arguments[name] = {option: style(option, one) for option, one in value.items()}
                check = checks[name]
                if check and not (value is None and name in optional):
                    bound.arguments[name] = check(name, value)
            return function(*bound.args, **bound.kwargs)

        return figure

    return decorate


def dataset(name: str, value: Any) -> xr.Dataset:
    """A Dataset."""
    if not isinstance(value, xr.Dataset):
        raise TypeError(f"{name} is a {type(value).__name__}, but figures need an xarray.Dataset")
    for variable in value.variables.values():
        check_names(name, variable.dims)
    for known in READ_BESIDES:
        if known in value.data_vars and value[known].dtype.kind not in "biuf":
            raise TypeError(f"{known} holds values of type {value[known].dtype}, but a figure needs real numbers")
    return value


def labelled(name: str, value: Any) -> xr.DataArray:
    """A DataArray of real numbers."""
    if not isinstance(value, xr.DataArray):
        raise TypeError(f"{name} needs an xarray.DataArray, but {shown(value)} was given")
    check_names(name, value.dims)
    check_dims(name, value)
    drawable(value, name)
    return value


def check_names(name: str, dims: tuple[Any, ...]) -> None:
    """Refuse dimensions that have no names."""
    for dim in dims:
        if not isinstance(dim, str):
            raise TypeError(f"{name} was given the dimension {shown(dim)}; it needs names for dimensions")


def or_dataset(name: str, value: Any) -> Any:
    """A DataArray of real numbers, or a Dataset."""
    return dataset(name, value) if isinstance(value, xr.Dataset) else labelled(name, value)


def axes(name: str, value: Any) -> Axes:
    """Axes to draw on."""
    if not isinstance(value, Axes):
        raise TypeError(f"{name} was given as {shown(value)}; it needs Axes, as plt.subplots() makes them")
    return value


def panels(name: str, value: Any) -> tuple[Axes, ...]:
    """Several Axes to draw on."""
    given = value.ravel().tolist() if isinstance(value, np.ndarray) else [value] if isinstance(value, Axes) else value
    given = list(given) if isinstance(given, ValuesView) else given
    return tuple(axes(name, one) for one in members(name, given, "a sequence of Axes, as plt.subplots(1, 2) makes them"))


def some_panels(name: str, value: Any) -> tuple[Axes, ...]:
    """One or several Axes to draw on."""
    found = panels(name, value)
    if not found:
        raise ValueError(f"{name} was given nothing; it needs Axes, one or more")
    return found


def flag_or_panels(name: str, value: Any) -> bool | tuple[Axes, ...]:
    """Yes or no, or Axes."""
    return some_panels(name, value) if isinstance(value, Axes | list | tuple | np.ndarray) else flag(name, value)


def artists(name: str, value: Any) -> tuple[Artist, ...]:
    """What a legend can name."""
    for one in value:
        if not isinstance(one, Artist):
            raise TypeError(f"{name} was given {shown(one)}; it needs lines, patches or other artists with labels")
    return tuple(value)


def colormap(name: str, value: Any) -> Any:
    """A colour map or its name."""
    if not isinstance(value, Colormap) and (not isinstance(value, str) or value not in colormaps):
        raise ValueError(f"{name} was given as {shown(value)}; it needs the name of a colour map, such as 'viridis'")
    return value if isinstance(value, Colormap) else plain_text(value)


def norm(name: str, value: Any) -> Normalize:
    """A norm of matplotlib's."""
    if not isinstance(value, Normalize):
        raise TypeError(f"{name} was given as {shown(value)}; it needs a Normalize, or None")
    return value


def levels(name: str, value: Any) -> Any:
    """Contour levels or their number."""
    if np.ndim(one_array(name, value)) == 0:
        return whole(name, value, 2, 1000, other=", or levels that rise")
    found = numbers(name, value)
    if len(found) < 2 or (np.diff(found) <= 0).any():
        raise ValueError(f"{name} was given as {shown(value)}; it needs a whole number, or two levels or more that rise")
    return found


def one_array(name: str, value: Any) -> np.ndarray:
    """An array of what is no text."""
    return np.array(None) if isinstance(value, bytearray | memoryview) else to_array(name, value)


def numbers(name: str, value: Any, count: int | None = None, what: str = "finite numbers") -> list[float]:
    """Finite numbers in a row."""
    array = one_array(name, value)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or len(array) != (count or len(array)) or not np.isfinite(array).all():
        raise ValueError(f"{name} was given {shown(value)}; it needs {what}")
    found: list[float] = array.astype(float).tolist()
    return found


def places(name: str, value: Any) -> list[tuple[float, ...]]:
    """Points of a plane."""
    given = value.tolist() if isinstance(value, np.ndarray) else value
    return [tuple(numbers(name, one, 2, "pairs (x, y) of numbers")) for one in members(name, given, "pairs (x, y) of numbers")]


def window(name: str, value: Any) -> tuple[tuple[float, ...], ...]:
    """A part of a plane."""
    found = places(name, value)
    if len(found) != 2 or any(low == high for low, high in found):
        raise ValueError(f"{name} was given as {shown(value)}; it needs ((x0, x1), (y0, y1)), the limits of a part")
    return tuple(found)


def windows(name: str, value: Any) -> list[tuple[tuple[float, ...], ...] | None]:
    """Parts of a plane, None for all of it."""
    return [
        None if one is None else window(name, one) for one in members(name, value, "parts ((x0, x1), (y0, y1)), or None for all")
    ]


def positive(name: str, value: Any) -> float:
    """A number above 0."""
    return number(name, value, above=0.0)


def share(name: str, value: Any) -> float:
    """A number from 0 to 1."""
    return number(name, value, least=0.0, most=1.0)


def count(name: str, value: Any) -> int:
    """How many."""
    return whole(name, value, 1)


def positions(name: str, value: Any) -> int | list[int]:
    """A position or several."""
    if not isinstance(value, str) and np.ndim(one_array(name, value)):
        found = [whole(name, one, -COUNT) for one in members(name, value, "a position or several")]
        if not found:
            raise ValueError(f"{name} was given nothing; it needs one position or more")
        return found
    return whole(name, value, -COUNT)


def pair(name: str, value: Any) -> tuple[int, ...]:
    """Two positions."""
    found = tuple(whole(name, one, 0) for one in members(name, value, "a pair of positions"))
    if len(found) != 2:
        raise ValueError(f"{name} was given as {shown(value)}; it needs a pair of positions")
    return found


def band(name: str, value: Any) -> tuple[float, ...]:
    """Two quantiles."""
    what = "two quantiles from 0 to 1, the lower first, or None"
    low, high = numbers(name, value, 2, what)
    if not 0.0 <= low < high <= 1.0:
        raise ValueError(f"{name} was given as {shown(value)}; it needs {what}")
    return low, high


def predictions(name: str, value: Any) -> dict[str, xr.DataArray]:
    """Predictions by their names."""
    if not isinstance(value, Mapping):
        return {"prediction": labelled(name, value)}
    return {text(name, key): labelled(f"{key} in {name}", array) for key, array in value.items()}


def style(name: str, value: Any) -> Any:
    """An option of matplotlib's lines."""
    if name == "alpha":
        return share(name, value)
    try:
        Line2D([], [], **{name: value})
    except Exception:  # whatever matplotlib says
        raise ValueError(f"{name} was given as {shown(value)}; it needs what lines are drawn with") from None
    return value


USUAL: dict[str, Check] = {
    "ds": dataset,
    "exponents": dataset,
    "curve": dataset,
    "array": or_dataset,
    "x": text,
    "y": text,
    "variable": text,
    "color": text,
    "linewidth": text,
    "name": text,
    "variables": names,
    "over": lambda name, value: names(name, value, none=True),
    "legend": flag,
    "colorbar": flag,
    "absolute": flag,
    "backwards": flag,
    "arrows": flag,
    "directions": flag,
    "log": flag,
    "line": flag,
    "numbers": flag,
    "alpha": share,
    "size": positive,
    "limit": positive,
    "linthresh": positive,
    "count": count,
    "most": count,
    "points": places,
    "window": window,
    "windows": windows,
    "levels": levels,
    "norm": norm,
    "cmap": colormap,
    "samples": positions,
    "band": band,
    "predicted": predictions,
    "ax": axes,
}
