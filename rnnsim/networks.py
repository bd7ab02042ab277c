"""Families of networks: parameters with names and axes. A single network is a family without axes."""

from typing import Any, Self

import numpy as np
import xarray as xr

from rnnsim import cells
from rnnsim.axes import Grid, check_dims, common_grid, shown, to_array

OWN_DIMENSIONS = ("sample",)


def parameter(name: str, value: Any, own: tuple[str, ...] = ()) -> xr.DataArray:
    """A parameter as an array of float64 over its axes, then over those of its `own` dimensions that it has."""
    if isinstance(value, xr.DataArray):
        array = value
        check_dims(name, array)
    else:
        numbers = to_array(name, value)
        if numbers.ndim > len(own):
            remedy = f'for an axis, give rs.axis("{name}", values)'
            raise ValueError(f"{name} was given an array of shape {numbers.shape}; a scalar network needs a number ({remedy})")
        array = xr.DataArray(numbers, dims=own[: numbers.ndim])
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} was given values of type {array.dtype}; it needs real numbers")
    for mine in own:
        if array.sizes.get(mine) == 0:
            raise ValueError(f"{name} was given no {mine}s; it needs at least one")
    for dim in array.dims:
        if dim in OWN_DIMENSIONS and dim not in own:
            raise ValueError(f"{name} was given a dimension {dim!r}, which it cannot have; it needs axes of other names")
    coords = {dim: array.coords[dim] for dim in array.dims if dim in array.coords}
    return xr.DataArray(array.variable.astype(np.float64), coords, name=name).transpose(..., *(d for d in own if d in array.dims))


class Elman:
    """A family of Elman networks of one unit: h[k] = (1 - leak) h[k-1] + leak φ(w_rec h[k-1] + w_in x[k] + bias).

    Parameters
    ----------
    w_in, w_rec, bias : weights of the input and of the last state, and the bias: each a number or, for axes, a `DataArray`
        (such as `rs.axis` makes), whose dimensions are the axes. Axes of one name are one axis and must agree exactly.
    h0 : the state at step 0; it may have a dimension `sample` (an array (sample) has): then every sample has its own start.
    activation : φ: "tanh", "linear", "relu" or "sigmoid".
    leak : in (0, 1]: how much of the new state comes in at a step; the Euler step dt/τ of τ dh/dt = -h + φ(…).

    Raises
    ------
    ValueError, TypeError : shapes, names, types or values that do not fit, before anything is computed.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(w_in=1.0, w_rec=rs.axis("w_rec", np.linspace(-2, 2, 5)), h0=0.1)
    >>> net.axes
    {'w_rec': 5}
    """

    def __init__(self, w_in: Any, w_rec: Any, bias: Any = 0.0, h0: Any = 0.0, *, activation: str = "tanh", leak: Any = 1.0):
        if not isinstance(activation, str) or activation not in cells.ACTIVATIONS:
            raise ValueError(f"activation was given as {shown(activation)}; it needs one of {', '.join(cells.ACTIVATIONS)}")
        self.activation = activation
        self._parameters = {
            "w_in": parameter("w_in", w_in),
            "w_rec": parameter("w_rec", w_rec),
            "bias": parameter("bias", bias),
            "h0": parameter("h0", h0, ("sample",)),
            "leak": parameter("leak", leak),
        }
        outside = self._parameters["leak"].values
        outside = outside[~((outside > 0) & (outside <= 1))]
        if outside.size:
            raise ValueError(f"leak was given the value {outside[0]}; it needs numbers in (0, 1]")
        self._grid = common_grid(self._parameters, OWN_DIMENSIONS)

    def __repr__(self) -> str:
        axes = ", ".join(f"{name}: {size}" for name, size in self.axes.items()) or "none"
        return f"<rnnsim.Elman of one unit, activation {self.activation}; axes {axes}>"

    def __getitem__(self, name: str) -> xr.DataArray:
        return self._parameters[name]

    @property
    def axes(self) -> dict[str, int]:
        """The number of values of each axis, by name."""
        return dict(self._grid.sizes)

    @property
    def grid(self) -> Grid:
        """The axes with their coordinates."""
        return self._grid

    @property
    def parameters(self) -> xr.Dataset:
        """The parameters, each over its own axes. (One over an axis of its own name is a coordinate of the Dataset.)"""
        for name, array in self._parameters.items():
            if name in self._grid.sizes and not (
                array.dims == (name,) and name in self._grid.coords and array.equals(self._grid.coords[name])
            ):
                raise ValueError(f"axis {name!r} has other values than the parameter {name}, so that no Dataset can hold both")
        coords = {**self._grid.coords, **{n: a for n, a in self._parameters.items() if n in self._grid.sizes}}
        return xr.Dataset({n: a for n, a in self._parameters.items() if n not in coords}, coords, {"activation": self.activation})

    @property
    def trainable(self) -> tuple[str, ...]:
        """The parameters that have a gradient."""
        return "w_in", "w_rec", "bias", "h0"

    @property
    def row_names(self) -> tuple[str, ...]:
        """The parameters in the order in which kernels read them."""
        return "bias", "w_in", "w_rec", *("leak",) * self.cell.constants, "h0"

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """All parameters."""
        return tuple(self._parameters)

    @property
    def cell(self) -> Any:
        """The recurrence that kernels run."""
        phi = cells.ACTIVATIONS[self.activation]
        rule: Any = cells.Elman if (self["leak"].values == 1.0).all() else cells.LeakyElman
        return rule(phi)

    def replace(self, **changes: Any) -> Self:
        """This family with some parameters (or the activation) changed.

        Examples
        --------
        >>> import rnnsim as rs
        >>> rs.Elman(1.0, 0.5).replace(w_rec=rs.axis("w", [0.5, 1.5])).axes
        {'w': 2}
        """
        now = {**self._parameters, "activation": self.activation}
        unknown = sorted(set(changes) - set(now))
        if unknown:
            raise ValueError(f"replace was given {unknown[0]!r}; it needs one of {', '.join(now)}")
        return type(self)(**{**now, **changes})

    def isel(self, **positions: Any) -> Self:
        """Part of the family, by positions along its axes; an axis at one position is gone."""
        return self._select("isel", positions)

    def sel(self, **values: Any) -> Self:
        """Part of the family, by values of its axes; an axis at one value is gone."""
        return self._select("sel", values)

    def _select(self, how: str, indexers: dict[str, Any]) -> Self:
        for name in indexers:
            if name not in self._grid.sizes:
                raise ValueError(f"{how} was given {name!r}; the family's axes are {', '.join(self._grid.sizes) or 'none'}")
        indexers = {name: i.values if isinstance(i, xr.DataArray) else i for name, i in indexers.items()}
        chosen = {}
        for name, array in self._parameters.items():
            labelled = array.assign_coords({dim: c for dim, c in self._grid.coords.items() if dim in array.dims})
            try:
                chosen[name] = getattr(labelled, how)({dim: i for dim, i in indexers.items() if dim in array.dims}, drop=True)
            except (IndexError, KeyError, TypeError, ValueError) as error:
                given = ", ".join(f"{dim}={shown(i)}" for dim, i in indexers.items())
                why = " ".join(str(error).split())
                raise ValueError(f"{how} was given {given}, which is not on the axes ({why}); it needs places that are") from None
        return type(self)(**chosen, activation=self.activation)
