"""What a cost surface looks like: how steep it is, where it has minima, and where it has cliffs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from rnnsim.checks.annotations import Names, Real
from rnnsim.checks.arguments import names as names_given
from rnnsim.checks.arguments import number, text
from rnnsim.checks.showing import kind_of, plain, shown
from rnnsim.families.result_variables import PARAMETERS

__all__ = ["cliffs", "gradient_norm", "minima"]

NEIGHBOURS = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
STARTS = ("h0", "c0")
FLAG = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "no yes"}


def gradient_norm(surface: xr.Dataset, parameters: Names | None = None) -> xr.DataArray:
    """Compute √Σ(∂cost/∂parameter)², the length of the gradient, at every point of a surface.

    Parameters
    ----------
    surface : Dataset
        What `rs.backprop` or `rs.curvature` returned, with its gradients.
    parameters : str or sequence of str, optional
        The names of the parameters whose gradient it is, such as ("w_in", "w_rec"). By default these are all that the surface has
        gradients of, except the starts h0 and c0.

    Returns
    -------
    DataArray
        `gradient_norm` over the axes, with a long name. It neither overflows nor underflows where the gradients do not.

    Raises
    ------
    ValueError
        If the surface has no gradients, not those of `parameters`, or neither `cost` nor `diverged_at`, which tell its axes.
    TypeError
        If `surface` is not a Dataset of real numbers, or `parameters` are not names.

    See Also
    --------
    rnnsim.backprop : The cost and its gradients.
    rnnsim.surfaces.cliffs : Where gradients do not foretell the cost.
    rnnsim.plot.gradient_norm_map : Draw it.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(rs.axis("w_in", [0.0, 1.0, 2.0]), 1.0, activation="linear")
    >>> rs.surfaces.gradient_norm(rs.backprop(net, [[0, 1, 1], [1, 0, 0]], [2, 1]), "w_in").values
    array([5., 0., 5.])
    """
    check_surface(surface)
    found = gradients_of(surface, parameters)
    most: Any = xr.DataArray(0.0)
    for array, dims in found:
        most = np.maximum(most, abs(array).max(dims, skipna=False))
    scale = most.where((most > 0) & np.isfinite(most), 1.0)
    total: Any = sum(((array / scale) ** 2).sum(dims, skipna=False) for array, dims in found)
    attrs = {"long_name": "norm of the gradient of the cost", "units": "1"}
    norm: xr.DataArray = (total**0.5 * scale).rename("gradient_norm").assign_attrs(attrs)
    return norm.drop_vars([name for name in norm.coords if name not in norm.dims])


def gradients_of(surface: xr.Dataset, parameters: Any) -> list[tuple[xr.DataArray, list[str]]]:
    """The gradients of a surface, each with its own dimensions behind the axes."""
    if "gradient" in surface:
        array = surface["gradient"]
        if array.dims[-1:] != ("parameter",) or "parameter" not in array.coords:
            raise ValueError("surface has a gradient without names of parameters; it needs that of rs.curvature")
        names = np.array([str(label).partition("[")[0] for label in array["parameter"].values])
        known = dict.fromkeys(names)
    else:
        known = dict.fromkeys(str(n).removeprefix("grad_") for n in surface.data_vars if base_of(str(n)) in PARAMETERS)
    if not known:
        raise ValueError("surface has no gradients; it needs those of rs.backprop or rs.curvature")
    usual = [n for n in known if base_of(f"grad_{n}") not in STARTS]
    chosen = names_given("parameters", usual if parameters is None else parameters, known)
    if "gradient" in surface:
        return [(array.isel(parameter=np.flatnonzero(np.isin(names, chosen))), ["parameter"])]
    axes = next((surface[name].dims for name in ("cost", "diverged_at") if name in surface), None)
    if axes is None:
        raise ValueError(
            "surface has no cost and no diverged_at, which tell its axes; it needs one of them, as rs.backprop returns it"
        )
    arrays = [surface[f"grad_{name}"] for name in chosen]
    return [(array, [str(dim) for dim in array.dims if dim not in axes]) for array in arrays]


def base_of(name: str) -> str:
    """The parameter that a gradient is by, without the number of its layer: w_rec of grad_w_rec_0."""
    parameter = name.removeprefix("grad_")
    head, _, number = parameter.rpartition("_")
    return "" if parameter == name else head if number.isdecimal() else parameter


def minima(surface: xr.Dataset, variable: str = "cost") -> xr.Dataset:
    """Find the local minima of a surface over two axes: the cells that are lower than all their neighbours.

    If all eight neighbours of a cell are there and finite, its position is refined: it becomes the minimum of the quadratic that
    has the cell's value, and the slopes and curvatures that differences over the grid give. That needs a convex quadratic whose
    minimum is not beyond the neighbours. Cells of a plateau, which equal a neighbour, are not minima.

    Parameters
    ----------
    surface : Dataset
        It has `variable` over exactly two axes, with numbers that rise or fall along both. Neighbours that are nan or inf count as
        higher.
    variable : str, default "cost"
        The variable that is to be small.

    Returns
    -------
    Dataset
        The minima over `point`, the lowest first: the position, under the names of both axes; `variable`; and the flags `refined`
        and `on_edge`, which is 1 where a cell has less than eight finite neighbours.

    Raises
    ------
    ValueError
        If the surface lacks the variable, or if this is not over exactly two axes with numbers that rise or fall.
    TypeError
        If `surface` is not a Dataset, or if the variable is not of real numbers.

    See Also
    --------
    rnnsim.surfaces.cliffs : Where the surface jumps.
    rnnsim.curvature : The exact second derivatives of the cost.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(rs.axis("w_in", np.linspace(-3, 3, 20)), rs.axis("w_rec", np.linspace(-1.5, 1.5, 20)), activation="linear")
    >>> found = rs.surfaces.minima(rs.backprop(net, [[0, 1, 1], [1, 0, 0]], [2, 1], keep="cost"))
    >>> found.w_in.values.round(1), found.w_rec.values.round(1), found.on_edge.values
    (array([1., 3.]), array([ 1. , -0.4]), array([0, 1], dtype=int8))
    """
    variable = text("variable", variable)
    z, axes = over_two_axes(surface, variable)
    values = z.values
    padded = np.pad(np.where(np.isfinite(values), values, np.inf), 1, constant_values=np.inf)
    rows, columns = values.shape
    around = np.stack([padded[1 + i : 1 + i + rows, 1 + j : 1 + j + columns] for i, j in NEIGHBOURS])
    lowest = np.argwhere(np.isfinite(values) & (values < around.min(0)))
    found = [refine(values, *axes, i, j) for i, j in lowest.tolist()]
    found.sort(key=lambda one: one[2])
    table = np.array(found).reshape(-1, 5)
    names = [str(dim) for dim in z.dims]
    attrs = [{"long_name": name, "units": "1", **surface[name].attrs} for name in names]
    attrs_of_cost = {"long_name": z.attrs.get("long_name", variable), "units": z.attrs.get("units", "1")}
    arrays = dict(zip((*names, variable), zip(table.T, (*attrs, attrs_of_cost), strict=False), strict=False))
    flags = {"refined": "whether the position is between cells", "on_edge": "whether a neighbour is missing or not finite"}
    ds = {name: ("point", values, attrs) for name, (values, attrs) in arrays.items()}
    for (name, long_name), column in zip(flags.items(), table.T[3:], strict=True):
        ds[name] = ("point", column.astype(np.int8), {"long_name": long_name, "units": "1", **FLAG})
    return xr.Dataset(ds, attrs={**surface.attrs, "title": f"local minima of {variable}"})


def refine(z: np.ndarray, x: np.ndarray, y: np.ndarray, i: int, j: int) -> tuple[float, float, float, bool, bool]:
    """Where the minimum near a cell is, its value, whether it is between cells, and whether the cell is on an edge."""
    here = float(x[i]), float(y[j]), float(z[i, j])
    if not (0 < i < len(x) - 1 and 0 < j < len(y) - 1 and np.isfinite(z[i - 1 : i + 2, j - 1 : j + 2]).all()):
        return *here, False, True
    gx, cx = slope_and_curvature(x[i - 1 : i + 2], z[i - 1 : i + 2, j])
    gy, cy = slope_and_curvature(y[j - 1 : j + 2], z[i, j - 1 : j + 2])
    across = [slope_and_curvature(y[j - 1 : j + 2], z[k, j - 1 : j + 2])[0] for k in (i - 1, i, i + 1)]
    cross = slope_and_curvature(x[i - 1 : i + 2], np.array(across))[0]
    volume = cx * cy - cross * cross
    if not (cx > 0 and volume > 0):
        return *here, False, False
    dx, dy = (cross * gy - cy * gx) / volume, (cross * gx - cx * gy) / volume
    inside = min(x[i - 1], x[i + 1]) <= x[i] + dx <= max(x[i - 1], x[i + 1])
    inside &= min(y[j - 1], y[j + 1]) <= y[j] + dy <= max(y[j - 1], y[j + 1])
    if not inside:
        return *here, False, False
    return here[0] + float(dx), here[1] + float(dy), here[2] + float(0.5 * (gx * dx + gy * dy)), True, False


def slope_and_curvature(x: np.ndarray, z: np.ndarray) -> tuple[float, float]:
    """Those of the parabola through three points, at the middle one."""
    before, after = x[1] - x[0], x[2] - x[1]
    left, right = (z[1] - z[0]) / before, (z[2] - z[1]) / after
    return (left * after + right * before) / (before + after), 2.0 * (right - left) / (before + after)


def cliffs(surface: xr.Dataset, slopes: Mapping[str, str] | None = None, factor: Real = 10.0) -> xr.Dataset:
    """Find where the cost jumps between neighbours by more than its slopes foretell: the walls of Pascanu et al. [1]_.

    Between two neighbours along an axis, the mean slope is |Δcost / Δaxis|. Somewhere between them the cost is at least that steep.
    There is a cliff where the mean slope is `factor` times the slopes |∂cost/∂axis| at both ends, or more: gradient descent cannot
    see it from either side. A grid may be so fine that points stand on the wall itself; then there is no cliff, and `gradient_norm`
    shows what is steep.

    Parameters
    ----------
    surface : Dataset
        What `rs.backprop` or `rs.curvature` returned, with `cost` and gradients, over one or two axes.
    slopes : dict of str to str, optional
        The axes to look along, each with the name of the parameter that changes along it just as the axis does. By default these
        are the axes that are called like a parameter of scalar networks by which there is a gradient.
    factor : float, default 10.0
        How many times steeper a cliff is than the slopes at its ends, more than 1.

    Returns
    -------
    Dataset
        The cliffs over `point`, the steepest first: the middle between the two neighbours, under the names of the axes; `jump`, the
        change of the cost; `steepness`, the mean slope in multiples of the larger slope at the ends (inf where that is 0); and
        `along`, the name of the axis.

    Raises
    ------
    ValueError
        If the surface has no cost, no gradient by an axis to look along, or more than two axes, or if `factor` is not above 1.
    TypeError
        If `surface` is not a Dataset of real numbers, or if `slopes` is not a dictionary.

    See Also
    --------
    rnnsim.surfaces.gradient_norm : How steep a surface is.
    rnnsim.surfaces.minima : Where it is lowest.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

    Examples
    --------
    >>> import numpy as np, rnnsim as rs
    >>> net = rs.Elman(0.0, 6.0, rs.axis("bias", np.linspace(-4, -2, 21)), 1 / (1 + np.exp(-0.5)), activation="sigmoid")
    >>> wall = rs.surfaces.cliffs(rs.backprop(net, np.zeros(50), 0.7))
    >>> wall.bias.values.round(2), float(0.5 - 6 / (1 + np.exp(-0.5))).__round__(2)
    (array([-3.25]), -3.23)
    """
    check_surface(surface)
    factor = number("factor", factor, above=1)
    if "cost" not in surface:
        raise ValueError('surface has no cost; compute it with keep=("cost", "grad")')
    cost = surface["cost"]
    if cost.ndim not in (1, 2):
        raise ValueError(f"cost has the dimensions {cost.dims}; it needs one axis or two: choose, as in ds.isel({cost.dims[-1]}=0)")
    parts = [cliffs_along(cost, axis, slope, factor) for axis, slope in slopes_along(surface, slopes).items()]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(-columns["steepness"], kind="stable")
    long_names = {"jump": "change of the cost", "steepness": "mean slope, as a multiple of the slopes at the ends", "along": "axis"}
    ds = {}
    for name, values in columns.items():
        attrs = {"long_name": long_names.get(name, name), "units": "1", **(surface[name].attrs if name in cost.dims else {})}
        ds[name] = ("point", values[order], {k: v for k, v in attrs.items() if name != "along" or k == "long_name"})
    return xr.Dataset(ds, attrs={**surface.attrs, "title": "cliffs of the cost"})


def cliffs_along(cost: xr.DataArray, axis: str, slope: xr.DataArray, factor: float) -> dict[str, np.ndarray]:
    """The cliffs between neighbours along one axis, as columns of a table."""
    x = cost[axis].values.astype(float)
    z, g = (np.moveaxis(array.transpose(*cost.dims).values, cost.dims.index(axis), 0) for array in (cost, slope))
    jump = np.diff(z, axis=0)
    mean = np.abs(jump / np.diff(x).reshape(-1, *[1] * (z.ndim - 1)))
    ends = np.maximum(np.abs(g[1:]), np.abs(g[:-1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        steepness = mean / ends
    places = np.nonzero((mean > 0) & (steepness >= factor))
    found = {axis: 0.5 * (x[1:] + x[:-1])[places[0]]}
    found |= {str(dim): cost[dim].values[places[1]] for dim in cost.dims if dim != axis}
    ordered = {str(dim): found[str(dim)] for dim in cost.dims}
    return {**ordered, "jump": jump[places], "steepness": steepness[places], "along": np.full(len(places[0]), axis)}


def slopes_along(surface: xr.Dataset, slopes: Mapping[str, str] | None) -> dict[str, xr.DataArray]:
    """∂cost/∂axis for each axis to look along."""
    axes = [str(dim) for dim in surface["cost"].dims]
    if "gradient" in surface:
        known = {str(name): surface["gradient"].sel(parameter=name) for name in surface["parameter"].values}
    else:
        known = {str(n)[5:]: a for n, a in surface.data_vars.items() if str(n).startswith("grad_") and a.dims == tuple(axes)}
    if not (slopes is None or isinstance(slopes, Mapping)):
        raise TypeError(
            f"slopes was given as {shown(slopes)}; it needs a dictionary of parameters by axes, such as {{'b': 'bias'}}"
        )
    wanted = {axis: axis for axis in axes if axis in known} if slopes is None else slopes
    if not wanted:
        raise ValueError(f"surface has no gradient by its axes {', '.join(axes)}; it needs slopes, such as {{'b': 'bias'}}")
    for axis, name in wanted.items():
        if not isinstance(axis, str) or axis not in axes:
            raise ValueError(f"slopes was given the axis {shown(axis)}; it needs some of {', '.join(axes)}")
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"slopes was given {shown(name)} for {shown(axis)}; it needs one of {', '.join(known) or 'none'}")
        check_numbers(surface["cost"], axis)
    return {axis: known[name] for axis, name in wanted.items()}


def over_two_axes(surface: xr.Dataset, variable: str) -> tuple[xr.DataArray, tuple[np.ndarray, np.ndarray]]:
    """A variable over exactly two axes, and the numbers along them."""
    check_surface(surface)
    if text("variable", variable) not in surface:
        raise ValueError(f"surface has no {plain(variable)}; it holds {', '.join(map(str, surface.data_vars)) or 'nothing'}")
    z = surface[variable]
    if z.dtype.kind not in "biuf":
        raise TypeError(f"surface was given {variable} of type {z.dtype}; it needs real numbers")
    if z.ndim != 2:
        raise ValueError(f"{variable} has the dimensions {z.dims}; it needs exactly two axes: choose some, as in ds.isel(…)")
    for dim in z.dims:
        check_numbers(z, str(dim))
    return z, (z[z.dims[0]].values.astype(float), z[z.dims[1]].values.astype(float))


def check_numbers(array: xr.DataArray, axis: str) -> None:
    """Refuse an axis without numbers that rise or fall."""
    values = array[axis].values
    changes = np.diff(values.astype(np.float64)) if values.dtype.kind in "iuf" else np.array([np.nan])
    if not ((changes > 0).all() or (changes < 0).all()):
        raise ValueError(f"axis {shown(axis)} has values that neither rise nor fall; it needs numbers that do")


def check_surface(surface: Any) -> None:
    """Refuse what is no Dataset."""
    if not isinstance(surface, xr.Dataset):
        raise TypeError(f"surface was given {kind_of(surface)}; it needs a Dataset that rs.backprop or rs.curvature returned")
    for name, array in surface.data_vars.items():
        for dim in array.dims:
            if not isinstance(dim, str) or (dim in array.indexes and array.indexes[dim].nlevels > 1):
                raise ValueError(f"surface was given {shown(dim)} as a dimension of {shown(name)}; it needs axes of one name each")
        if array.dtype.kind not in "biuf" and (name in ("cost", "gradient") or base_of(str(name)) in PARAMETERS):
            raise TypeError(f"surface was given {name} of type {array.dtype}; it needs real numbers")
