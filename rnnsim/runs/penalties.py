"""Penalties, which a cost has beside its loss: what users give, checked, and those of parameters, which need no step of a network."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import names
from rnnsim.checks.showing import kind_of, shown
from rnnsim.families.network import Network
from rnnsim.families.parameters import parameter

STATE = "state"
Penalties = Mapping[str, xr.DataArray]


def check_penalty(net: Network, penalty: Any) -> dict[str, xr.DataArray]:
    """The weight of each penalty, over axes; those of states are told by the names that results have for them."""
    if penalty is None:
        return {}
    if not isinstance(penalty, Mapping):
        raise TypeError(f"penalty was given {kind_of(penalty)}; it needs a dict such as {{'w_rec': 1e-4, 'state': 1e-3}}")
    names("penalty", tuple(penalty), (*net.trainable, *penalised_layers(net)), none=True)
    found = {name: parameter(f"penalty of {name}", weight, (), whose="a penalty") for name, weight in penalty.items()}
    for name, weight in found.items():
        bad = weight.values[~((weight.values >= 0.0) & np.isfinite(weight.values))]
        if bad.size:
            raise ValueError(f"penalty of {name} was given {shown(float(bad.flat[0]))}; it needs finite numbers of 0 or more")
    return found


def penalised_layers(net: Network) -> dict[str, int]:
    """Layers by the names of their states; the top one has two names in a stack."""
    return {name: i for i, member in enumerate(net.members) for name in member.results(STATE)}


def of_states(net: Network, penalties: Penalties) -> dict[int, xr.DataArray]:
    """The weights of the penalties of states, by layer."""
    found: dict[int, xr.DataArray] = {}
    for name, layer in penalised_layers(net).items():
        if name in penalties:
            found[layer] = found[layer] + penalties[name] if layer in found else penalties[name]
    return found


def of_parameters(net: Network, penalties: Penalties) -> dict[str, xr.DataArray]:
    """The weights of the penalties of parameters, by name."""
    return {name: weight for name, weight in penalties.items() if name in net.trainable}


def penalties_given(penalties: Penalties) -> dict[str, xr.DataArray]:
    """All weights of penalties that are arrays, by name."""
    return {f"penalty_{name}": weight for name, weight in penalties.items() if weight.ndim}


def penalties_shown(penalties: Penalties) -> dict[str, Any]:
    """Weights as attributes show them: numbers, and the sizes of arrays."""
    return {name: shown_weight(weight) for name, weight in penalties.items()}


def shown_weight(weight: xr.DataArray) -> Any:
    """A weight as attributes show it."""
    return f"<{', '.join(f'{dim}: {size}' for dim, size in weight.sizes.items())}>" if weight.ndim else weight.item()
