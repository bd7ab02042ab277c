"""What decides every number of a sweep, by name, and what has changed between two."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
import xxhash

from rnnsim.checks.arguments import plain_text
from rnnsim.checks.fresh_trials import FreshTrials
from rnnsim.checks.function_hashes import function_hash, in_python
from rnnsim.checks.showing import shown
from rnnsim.equations.user_activations import Activation
from rnnsim.equations.user_losses import Loss
from rnnsim.families.network import Network
from rnnsim.numerics.jit import STAMP
from rnnsim.runs.provenance import fingerprint
from rnnsim.runs.version import VERSION
from rnnsim.sweep.call import Call, arrays_in, is_axis
from rnnsim.verbs.training.optimizers import Clip, Optimizer


def identity(call: Call) -> dict[str, str]:
    """Everything that decides the numbers of a call, by name: versions, the verb, the parameters, the arguments."""
    places = call.block({axis: slice(0, size) for axis, size in call.grid.sizes.items()})  # with all coordinates
    return {
        "package version": VERSION,
        "kernel version": STAMP,
        "verb": name_of(call.verb),
        "network": json.dumps(call.net.described),
        **{name: fingerprint({name: array}) for name, array in call.net.hashed_functions.items()},
        **{f"parameter {name}": fingerprint({name: array}) + over([array]) for name, array in places.net.hashed_numbers.items()},
        **{f"argument {name}": description(value) + over(arrays_in(value)) for name, value in places.given.items()},
    }


OVER = " over "


def over(arrays: Iterable[xr.DataArray]) -> str:
    """The axes of something, to stand behind its hash."""
    axes = dict.fromkeys(str(dim) for array in arrays for dim in array.dims if is_axis(dim))
    return f"{OVER}{', '.join(axes)}" if axes else ""


def goes_over(text: str, axis: str) -> bool:
    """Whether something of which this is the description has an axis."""
    return axis in text.partition(OVER)[2].split(", ")


def name_of(function: Any) -> str:
    """A function's name, and a hash of what it does if it is not the package's own."""
    if isinstance(function, partial):
        return f"{name_of(function.func)} of {description(list(function.args))} {description(function.keywords)}"
    function = in_python(function)
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', repr(type(function)))}"
    if name.startswith("rnnsim."):
        return f"rs.{function.__qualname__}"
    return f"{name.rpartition('.')[2]} {function_hash(function, description)}"


def description(value: Any) -> str:
    """An argument as text that is the same in every process: numbers short enough are shown, others hashed."""
    if isinstance(value, xr.DataArray):
        return fingerprint({"array": value})
    if isinstance(value, xr.Dataset):
        return fingerprint({str(name): value[name] for name in value.variables})
    if isinstance(value, Network):
        return json.dumps(value.described) + fingerprint(value.hashed)
    if isinstance(value, Optimizer | Clip):
        return repr(value) + "".join(description(number) for number in arrays_in(value))
    if isinstance(value, FreshTrials):
        return value.described
    if isinstance(value, Activation | Loss):
        return value.hash
    if isinstance(value, dict):
        return json.dumps({str(name): description(item) for name, item in value.items()})
    if callable(value):
        return name_of(value)
    if isinstance(value, tuple | list) and any(not isinstance(item, str | int | float | tuple | list) for item in value):
        return json.dumps([description(item) for item in value])
    if isinstance(value, np.ndarray | tuple | list) and not isinstance(value, str):
        return numbers(value)
    if isinstance(value, str):
        return repr(plain_text(value))
    return repr(value.item()) if isinstance(value, np.generic) else repr(value)


def numbers(value: Any) -> str:
    """An array as text."""
    try:
        array = np.asarray(value)
    except ValueError:
        return repr(value)
    if array.size <= 8 and array.dtype.kind in "biufU":
        return repr(array.tolist())
    return fingerprint({"array": xr.DataArray(array)})


def changed(before: dict[str, str], now: dict[str, str]) -> str:
    """What differs, as a part of a sentence; nothing if nothing does."""
    names = [name for name in (*now, *(name for name in before if name not in now)) if before.get(name) != now.get(name)]
    return "; ".join(f"{name} ({short(before.get(name))} then, {short(now.get(name))} now)" for name in names[:4])


def short(text: str | None) -> str:
    """A description as messages show it."""
    if text is None:
        return "none"
    hashed, _, axes = text.partition(OVER)
    if len(hashed) == 2 * xxhash.xxh3_128().digest_size and " " not in hashed:
        return f"hash {hashed[:8]}{OVER * bool(axes)}{axes}"
    return shown(text).strip("'\"")
