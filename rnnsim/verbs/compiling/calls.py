"""Small calls of every verb, which compile what larger ones of the same cells need."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from rnnsim.families.axes import axis
from rnnsim.families.network import Network
from rnnsim.families.recurrent_networks import GRU, LSTM, Elman
from rnnsim.verbs.attractors.basins import basins
from rnnsim.verbs.attractors.orbit_diagram import orbit_diagram
from rnnsim.verbs.backprop import backprop
from rnnsim.verbs.equilibria.bifurcations import bifurcations
from rnnsim.verbs.equilibria.fixed_points import fixed_points
from rnnsim.verbs.hessian.curvature import curvature
from rnnsim.verbs.simulate import simulate
from rnnsim.verbs.stability.lyapunov import lyapunov
from rnnsim.verbs.stability.propagation import propagation
from rnnsim.verbs.training.optimizers import SGD, Adam
from rnnsim.verbs.training.train import train

CELLS: dict[str, Any] = {"Elman": Elman, "GRU": GRU, "LSTM": LSTM}
NUMBERS = np.random.default_rng(0)
SAMPLES, STEPS, INPUTS = 8, 12, 2

Call = Callable[[], Any]


def family(cell: str, units: int) -> Network:
    """Two networks of a cell; scalar ones, if `units` is 0."""
    if units == 0:
        return Elman(0.5, axis("w_rec_start", [0.5, 1.5]), h0=0.1)
    net: Network = CELLS[cell].random(units, INPUTS, gain=axis("gain", [0.5, 1.5]), h0="gaussian")
    return net


def trials(net: Network, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets."""
    features, outputs = ((), ()) if net.scalar else ((INPUTS,), (net.units,))
    return NUMBERS.normal(size=(SAMPLES, STEPS, *features)).astype(dtype), NUMBERS.normal(size=(SAMPLES, *outputs)).astype(dtype)


def simulations(net: Network, dtype: Any) -> Iterator[Call]:
    """States."""
    inputs, _ = trials(net, dtype)
    yield lambda: simulate(net, inputs, dtype=dtype)
    yield lambda: simulate(net, inputs[0], dtype=dtype)


def gradients(net: Network, dtype: Any) -> Iterator[Call]:
    """Costs and gradients."""
    inputs, targets = trials(net, dtype)
    yield lambda: backprop(net, inputs, targets, dtype=dtype)
    yield lambda: backprop(net, inputs[0], targets[0], dtype=dtype)


def trainings(net: Network, dtype: Any) -> Iterator[Call]:
    """Plain and adaptive steps."""
    inputs, targets = trials(net, dtype)
    for optimizer in (SGD(0.1), Adam(0.1)):
        yield partial(train, net, inputs, targets, optimizer=optimizer, epochs=2, dtype=dtype)


def spectra(net: Network, dtype: Any) -> Iterator[Call]:
    """Exponents."""
    yield lambda: lyapunov(net, steps=20)


def products(net: Network, dtype: Any) -> Iterator[Call]:
    """Singular values of products of Jacobians."""
    inputs, _ = trials(net, "float64")
    yield lambda: propagation(net, inputs[0])


def equilibria(net: Network, dtype: Any) -> Iterator[Call]:
    """Fixed points."""
    yield lambda: fixed_points(net)


def branches(net: Network, dtype: Any) -> Iterator[Call]:
    """Bifurcations."""
    (along,) = net.axes
    yield lambda: bifurcations(net, along=along)


def hessians(net: Network, dtype: Any) -> Iterator[Call]:
    """Second derivatives."""
    inputs, targets = trials(net, "float64")
    biases = [name for name in net.trainable if name.startswith("bias")]
    yield lambda: curvature(net, inputs, targets, parameters=tuple(biases[:1]))


def orbits(net: Network, dtype: Any) -> Iterator[Call]:
    """Orbits after a transient."""
    yield lambda: orbit_diagram(net, steps=8, discard=20)


def attractors(net: Network, dtype: Any) -> Iterator[Call]:
    """Attractors of several starts."""
    starts = axis("start", np.linspace(-1.0, 1.0, 4))
    yield lambda: basins(net.replace(h0=starts * net["h0"]), steps=8, discard=20)


VERBS: dict[str, Callable[[Network, Any], Iterator[Call]]] = {  # in an order in which two of them that run at once share little
    "bifurcations": branches,
    "simulate": simulations,
    "fixed_points": equilibria,
    "curvature": hessians,
    "lyapunov": spectra,
    "propagation": products,
    "train": trainings,
    "backprop": gradients,
    "orbit_diagram": orbits,
    "basins": attractors,
}
