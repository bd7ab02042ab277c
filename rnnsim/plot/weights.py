"""Parameters as matrices: a colour for every weight, the same distance from white for the same size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage

from rnnsim.checks.annotations import Flag, Real
from rnnsim.checks.showing import plain
from rnnsim.plot.drawing import canvas, checks, contours
from rnnsim.plot.drawing.arguments import checked
from rnnsim.plot.drawing.colour_scales import scale
from rnnsim.plot.drawing.labels import LINE, coordinate, label, minus, texts

MOST_NUMBERS = 12  # a side
LETTER = 0.62  # width of a letter in font sizes
SMALLEST, LARGEST = canvas.SMALLEST, 9.0  # points of the numbers in cells
ROW = 12.0  # points from one line of text to the next
BAR = 10.0  # points that the colour bar is wide
STRIDES = (1, 2, 5)
AROUND = 1.1  # inches that labels and the colour bar take


@checked()
@canvas.drawing
def weights(
    array: xr.DataArray | xr.Dataset,
    name: str | None = None,
    *,
    limit: Real | None = None,
    numbers: Flag | None = None,
    cmap: str | Colormap = "RdBu_r",
    colorbar: Flag = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a parameter as a matrix of colours, on a scale that is symmetric around 0.

    Cells that are nan or inf are grey.

    Parameters
    ----------
    array : DataArray or Dataset
        A matrix, the first dimension of which runs down and the second to the right; a vector is a matrix of one row. Or the
        Dataset that holds it, such as `net.parameters`.
    name : str, optional
        Which variable of a Dataset is drawn; it need not be given where there is only one.
    limit : float, optional
        The size that gets the darkest colours, by default the largest there is. Give it to compare matrices.
    numbers : bool, optional
        Whether to write the numbers in the cells, by default in matrices of at most 12 × 12 where there is room.
    cmap : str or Colormap, default "RdBu_r"
        The name of a colour map of matplotlib's.
    colorbar : bool, default True
        Whether to draw the colour bar, beside the Axes.
    ax : Axes, optional
        The Axes to draw on, by default those of a new figure.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If the variable is missing, if there are further dimensions, or if there is no dimension at all.
    TypeError
        If an array has no labels, or if an argument is of another type.

    See Also
    --------
    rnnsim.plot.training_path : The way of two weights over training.

    Examples
    --------
    >>> import rnnsim as rs
    >>> net = rs.GRU.random(5, 3, seed=1)
    >>> rs.plot.weights(net.parameters.sel(gate="n"), "w_in")
    <Axes: xlabel='input', ylabel='unit'>
    """
    matrix, title = _matrix(_parameter(array, name))
    finite = matrix.values[np.isfinite(matrix.values)]
    reach = float(limit or np.abs(finite).max(initial=0.0) or 1.0)
    colors = scale(np.append(finite, 0.0), log=False, cost=False, levels=[-reach, 0.0, reach])
    few = max(matrix.shape) <= MOST_NUMBERS
    ax = canvas.axes(ax, _size(matrix, few if numbers is None else numbers))
    shades = colormaps.get_cmap(cmap).with_extremes(bad=contours.NOT_FINITE)
    image = ax.imshow(np.ma.masked_invalid(matrix.values), norm=colors.norm, cmap=shades, aspect="auto", interpolation="nearest")
    for axis, dim in zip((ax.yaxis, ax.xaxis), matrix.dims, strict=True):
        _ticks(ax, axis, matrix, str(dim))
    if colorbar:
        width, height = _points(ax)
        line = max(10, min(LINE, int(height / LETTER / 10.0)))
        shape = {"fraction": min(0.15, 2.0 * BAR / width), "pad": min(0.05, BAR / width), "aspect": height / BAR}
        contours.colour_bar(image, colors, title, ax, line, **shape)
    if few if numbers is None else numbers:
        _write(ax, image, matrix.values, reach, always=numbers is True)
    return ax


def _parameter(array: xr.DataArray | xr.Dataset, name: str | None) -> xr.DataArray:
    """The DataArray that is given or meant."""
    if not isinstance(array, xr.Dataset):
        if name is not None:
            raise ValueError(f"name was given as {plain(name)} with a DataArray; it says which variable of a Dataset is drawn")
        return array
    held = list(map(str, array.data_vars))
    if name is None and len(held) != 1:
        raise ValueError(f"the Dataset holds {', '.join(held) or 'nothing'}, but one matrix can be drawn: say which with name")
    return checks.required(array, name or held[0], remedy="give the name of one that it holds")


def _matrix(array: xr.DataArray) -> tuple[xr.DataArray, str]:
    """The array over two dimensions, the first of which has no name if it is a vector, and what its numbers are."""
    if not array.ndim:
        raise ValueError(f"{array.name} is one number, but a matrix needs a dimension")
    matrix = checks.only(array, *map(str, array.dims[-2:])).astype(float)
    title = label(array) + ("" if np.isfinite(matrix.values).all() else " (grey: not finite)")
    return (matrix.expand_dims("") if matrix.ndim == 1 else matrix), title


def _size(matrix: xr.DataArray, numbers: Flag) -> tuple[float, float]:
    """Inches of a figure with cells that are about square, and with room for long names under them."""
    least = 0.32 if numbers else 0.09
    rows, columns = matrix.shape
    names = texts(coordinate(matrix, str(matrix.dims[1])).values.tolist())
    below = 0.07 * max(0, max(map(len, names)) - 4)
    width = canvas.COLUMN if max(rows, columns) * least + AROUND < canvas.COLUMN else canvas.PAGE
    cell = (width - AROUND) / max(rows, columns) if rows > columns else (width - AROUND) / columns
    return width, float(np.clip(cell * rows + 0.6, 1.2, width)) + below


def _ticks(ax: Axes, axis: Axis, matrix: xr.DataArray, dim: str) -> None:
    """The values of a coordinate beside its rows or columns, as many as there is room for."""
    if not dim:
        axis.set_ticks([])
        return
    values = coordinate(matrix, dim)
    names = texts(values.values.tolist())
    across = axis is ax.xaxis
    length = _points(ax)[0 if across else 1]
    widest = LETTER * LARGEST * (max(map(len, names)) + 1.5)
    upright = across and widest * len(names) > length and not names[0].lstrip("\N{MINUS SIGN}").isdigit()
    room = widest if across and not upright else ROW
    shown = range(0, len(names), _stride(len(names) * room / length))
    axis.set_ticks(list(shown), labels=[names[i] for i in shown], rotation=90 if upright else 0)
    axis.set_label_text(label(values))


def _stride(least: float) -> int:
    """The first round number that is no less."""
    ten = 10 ** max(0, math.floor(math.log10(max(1.0, least))))
    found: int = next(stride * ten for stride in (*STRIDES, 10) if stride * ten >= least)
    return found


def _write(ax: Axes, image: AxesImage, values: np.ndarray, reach: float, always: bool) -> None:
    """Write numbers in the cells, in black or white, unless they would meet."""
    words = [[_number(value, reach) for value in row] for row in values]
    (width, height), (rows, columns) = _points(ax), values.shape
    longest = max(len(word) for row in words for word in row)
    size = min(LARGEST, 0.95 * width / columns / (longest * LETTER), 0.8 * height / rows)
    if size < SMALLEST and not always:
        return
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": max(size, SMALLEST)}
    shades = image.to_rgba(np.ma.masked_invalid(values))[..., :3] @ (0.299, 0.587, 0.114)
    for i, j in np.ndindex(rows, columns):
        ax.text(j, i, words[i][j], color="white" if shades[i, j] < 0.5 else "black", **style)


def _number(value: float, reach: float) -> str:
    """A number in as many digits as give the largest of the matrix three."""
    power = math.floor(math.log10(reach))
    if not -3 <= power <= 4:
        return minus(f"{value:.1e}")
    digits = max(0, 2 - max(power, -1))
    return minus(f"{round(value, digits) + 0.0:.{digits}f}" if math.isfinite(value) else str(value))


def _points(ax: Axes) -> tuple[float, float]:
    """Width and height of the Axes in points, as they are before their labels take room."""
    box = ax.get_window_extent()
    return tuple(np.array([box.width, box.height]) / ax.figure.dpi * canvas.INCH)
