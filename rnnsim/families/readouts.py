"""Readouts: outputs that are linear in the states of the layer below."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Numbers, Seed, Whole
from rnnsim.checks.arguments import whole
from rnnsim.checks.showing import kind_of
from rnnsim.families.parameters import has_units, parameter
from rnnsim.families.random import initializers


class Readout:
    """The outputs of a network, linear in its states: y[k] = w_out h[k] + b_out.

    Parameters
    ----------
    w_out : array_like or DataArray
        Weights, (output, unit), or a number in a scalar network. As a `DataArray` it may have further dimensions, which are axes.
    b_out : array_like or DataArray, default 0.0
        Biases, (output), or a number for all outputs. It may have axes, too.

    Raises
    ------
    ValueError
        If shapes or names of dimensions do not fit.
    TypeError
        If a parameter holds anything but real numbers.

    See Also
    --------
    rnnsim.Elman : A network that takes a readout, as `rnnsim.GRU`, `rnnsim.LSTM` and `rnnsim.Stack` do.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> rs.Elman(np.ones((3, 2)), np.eye(3), readout=rs.Readout(np.ones((1, 3))))
    <rnnsim.Elman of 3 units and 2 inputs, 1 output, activation tanh; axes none>
    """

    DIMENSIONS = {"w_out": ("output", "unit"), "b_out": ("output",)}

    def __init__(self, w_out: Numbers, b_out: Numbers = 0.0):
        self.scalar = not has_units("w_out", w_out, self.DIMENSIONS["w_out"])
        self.dimensions: dict[str, tuple[str, ...]] = {n: () if self.scalar else dims for n, dims in self.DIMENSIONS.items()}
        self.parameters: dict[str, xr.DataArray] = {
            "w_out": parameter("w_out", w_out, self.dimensions["w_out"], fills=self.scalar),
            "b_out": parameter("b_out", b_out, self.dimensions["b_out"], fills=True),
        }
        outputs, given = self.parameters["w_out"].sizes.get("output"), self.parameters["b_out"].sizes.get("output")
        if given not in (None, outputs):
            raise ValueError(f"b_out has {given} outputs, but w_out has {outputs}; they need to agree")

    @classmethod
    def random(cls, units: Whole, outputs: Whole = 1, *, seed: Seed = 0) -> Self:
        """Make a random readout, with weights and biases uniform in ±1/√units, as PyTorch draws them.

        Parameters
        ----------
        units : int
            The number of units of the layer below, at least 1.
        outputs : int, default 1
            The number of outputs, at least 1.
        seed : int or DataArray, default 0
            Whole numbers from 0: one, or an axis of them, best that of the layer below. The readout and the layer are drawn
            independently.

        Returns
        -------
        Readout
            The readout, over the axes of `seed`.

        Raises
        ------
        ValueError
            If a size or a seed is no whole number in its range.
        TypeError
            If a seed is no number.

        See Also
        --------
        rnnsim.Elman.random : Random networks.

        Examples
        --------
        >>> import rnnsim as rs
        >>> seed = rs.axis("seed", range(10))
        >>> rs.Elman.random(5, 3, seed=seed, readout=rs.Readout.random(5, seed=seed))
        <rnnsim.Elman of 5 units and 3 inputs, 1 output, activation tanh; axes seed: 10>
        """
        units, outputs = whole("units", units), whole("outputs", outputs)
        seeds = initializers.seeds_of(seed)
        shapes = {"w_out": (outputs, units), "b_out": (outputs,)}
        drawn = {name: initializers.uniform(seeds.values, name, shape) / np.sqrt(units) for name, shape in shapes.items()}
        arrays = {n: xr.DataArray(a, seeds.coords, (*seeds.dims, *cls.DIMENSIONS[n])) for n, a in drawn.items()}
        return cls(**arrays)

    def __repr__(self) -> str:
        sizes = self.parameters["w_out"].sizes
        size = "one unit" if self.scalar else f"{sizes['output']} outputs of {sizes['unit']} units"
        return f"<rnnsim.Readout of {size}>"

    def __getitem__(self, name: str) -> xr.DataArray:
        return self.parameters[name]

    def check(self, scalar: bool, units: int) -> None:
        """Refuse to read a layer of another size.

        Parameters
        ----------
        scalar : bool
            Whether the layer is a scalar network.
        units : int
            The number of units of the layer.

        Raises
        ------
        ValueError
            If the sizes do not agree.
        """
        if self.scalar != scalar:
            has = "no units" if self.scalar else f"{self.parameters['w_out'].sizes['unit']} units"
            raise ValueError(f"w_out has {has}, but the layer below it has {'none' if scalar else units}; they need to agree")
        if not scalar and self.parameters["w_out"].sizes["unit"] != units:
            raise ValueError(f"w_out takes {self.parameters['w_out'].sizes['unit']} units, but the layer below it has {units}")


def check_readout(readout: Any) -> Readout | None:
    """Refuse what is no readout."""
    if readout is not None and not isinstance(readout, Readout):
        raise TypeError(f"readout was given {kind_of(readout)}; it needs rs.Readout(w_out, b_out) or None")
    return readout


def readout_of(parameters: dict[str, Any]) -> Readout | None:
    """The readout among a network's parameters, if there is one."""
    found = {name: parameters[name] for name in Readout.DIMENSIONS if name in parameters}
    return Readout(**found) if found else None
