"""Random parameters: what a seed makes of a network, whatever the grid, block or number of threads."""

from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import xarray as xr

from rnnsim.checks.arguments import SEED, number
from rnnsim.checks.showing import shown
from rnnsim.families.parameters import parameter

# a parameter's place here picks its stream of random numbers, as the names of others do: append, never reorder
PARAMETERS = ("w_rec", "w_in", "bias", "bias_in", "bias_rec", "h0", "c0", "w_out", "b_out", "table")
FIXED_POINT = 2.0**60


def recurrent(
    init: str, seed: Any, gates: int, units: int, density: float = 0.1, excitatory: Any = 0.8, stability: Any = 1.5
) -> np.ndarray:
    """Draw recurrent matrices of gain 1, for each gate on its own.

    Parameters
    ----------
    init : {"gaussian", "orthogonal", "uniform", "identity", "spectral", "sparse", "dale", "stable"}
        The law, for N units. "gaussian" is normal of variance 1/N; "orthogonal" is uniform over the rotations and reflections
        (Haar) [1]_; "uniform" is uniform in ±1/√N, as PyTorch draws; "identity"; "spectral" is gaussian, divided by its spectral
        radius; "sparse" has entries other than 0 with probability `density`, and these are normal of variance 1/(N density). "dale"
        has columns of one sign, those of excitatory units first: sizes are of a gamma distribution of shape 2, none is on the
        diagonal, inhibition in each row that has some is scaled to its excitation, and the whole is divided by its spectral radius [2]_.
        "stable" is symmetric and α-stable of the scale N^(-1/α), with α = `stability`: heavy tails, but for α = 2, where it is normal of
        variance 2/N [3]_.
    seed : array_like
        Whole numbers from 0, of any shape.
    gates : int
        The number of gates.
    units : int
        The number of units, N.
    density : float, default 0.1
        The share of entries of a "sparse" matrix, in (0, 1].
    excitatory : float, default 0.8
        The share of excitatory units of a "dale" matrix, in (0, 1).
    stability : float, default 1.5
        The index α of a "stable" matrix, in (0, 2].

    Returns
    -------
    ndarray
        The matrices, (*seed.shape, gates, units, units). The numbers come from `np.random.SeedSequence(seed, spawn_key=(0,))`.

    Raises
    ------
    ValueError
        If the law is unknown, a seed is no whole number from 0, or the density is outside (0, 1].
    TypeError
        If the seeds are no numbers.

    References
    ----------
    .. [1] G. W. Stewart, SIAM J. Numer. Anal. 17, 403 (1980).
    .. [2] H. F. Song, G. R. Yang and X.-J. Wang, PLOS Comput. Biol. 12, e1004792 (2016).
    .. [3] J. M. Chambers, C. L. Mallows and B. W. Stuck, J. Am. Stat. Assoc. 71, 340 (1976): how they are drawn.

    Examples
    --------
    >>> from rnnsim.families.random import initializers
    >>> initializers.recurrent("identity", 0, 1, 2)
    array([[[1., 0.],
            [0., 1.]]])
    """
    check_init(init)
    return INITS[init](checked_seeds(seed), (gates, units, units), share_of(init, units, density, excitatory, stability))


def share_of(init: str, units: int, density: Any, excitatory: Any, stability: Any) -> float:
    """The number that a law has: of "dale" and "stable" their own, of others the density, which all check."""
    density = checked_density(density)
    if init == "dale":
        return checked_excitatory(excitatory, units)
    return number("stability", stability, above=0, most=2) if init == "stable" else density


def inputs(init: str, seed: Any, gates: int, units: int, features: int) -> np.ndarray:
    """Input weights (*seed.shape, gates, units, features): uniform in ±1/√units for "uniform", as PyTorch draws them; normal of
    variance 1/features for every other init, so that inputs of variance 1 make pre-activations of variance 1."""
    check_init(init)
    seeds, shape = checked_seeds(seed), (gates, units, features)
    if init == "uniform":
        weights: np.ndarray = uniform(seeds, "w_in", shape) / np.sqrt(units)
    else:
        weights = normal(seeds, "w_in", shape) / np.sqrt(features)
    return weights


def seeds_of(seed: Any) -> xr.DataArray:
    """Seeds as integers over their axes."""
    seeds = parameter("seed", seed, (), dtype=None, whose="it")
    return seeds.copy(data=checked_seeds(seeds.values))


def biases(law: str, seed: Any, gates: int, units: int, name: str = "bias") -> np.ndarray:
    """Biases (*seed.shape, gates, units): "uniform" in ±1/√units, as PyTorch draws each of its own, or "gaussian", normal of
    variance 1. Those called "bias", "bias_in" and "bias_rec" are drawn independently."""
    if not isinstance(law, str) or law not in ("uniform", "gaussian"):
        raise ValueError(f"{name} was given as {shown(law)}; it needs numbers, or one of uniform, gaussian")
    seeds, shape = checked_seeds(seed), (gates, units)
    return uniform(seeds, name, shape) / np.sqrt(units) if law == "uniform" else normal(seeds, name, shape)


def start(seed: Any, units: int, name: str = "h0") -> np.ndarray:
    """Starts (*seed.shape, units): normal of variance 1. Those called "h0" and "c0" are drawn independently."""
    return normal(checked_seeds(seed), name, (units,))


def check_init(init: Any) -> None:
    """Refuse what names no init."""
    if not isinstance(init, str) or init not in INITS:
        raise ValueError(f"init was given as {shown(init)}; it needs one of {', '.join(INITS)}")


def checked_density(density: Any) -> float:
    """A share of entries, in (0, 1]."""
    return number("density", density, above=0, most=1)


def checked_excitatory(excitatory: Any, units: int) -> float:
    """A share of units that are excitatory, in (0, 1)."""
    share = number("excitatory", excitatory, above=0, most=1)
    if share == 1.0:
        raise ValueError(f"excitatory was given as {shown(excitatory)}; it needs a number below 1, since some units inhibit")
    if units < 2:
        raise ValueError(f"units was given as {units}; units of both kinds, as init='dale' has, need to be 2 or more")
    return share


def excitatory_units(units: int, share: float) -> int:
    """How many units are excitatory: the share of all, to the nearest, with one at least of each kind."""
    return min(max(round(share * units), 1), units - 1)


def checked_seeds(seed: Any) -> np.ndarray:
    """Seeds as integers, refused where they are not whole numbers from 0; whole floats, which axes may hold, are whole numbers."""
    seeds = np.asarray(seed)
    if seeds.dtype.kind not in "iuf":
        raise TypeError(f"seed was given as {shown(seed)}; it needs whole numbers from 0 to 2**63 - 1")
    inside = (seeds == np.floor(seeds)) & (seeds < 2.0**63) if seeds.dtype.kind == "f" else seeds <= SEED
    wrong = ~((seeds >= 0) & inside)
    if wrong.any():
        raise ValueError(f"seed was given the value {seeds[wrong][0]}; it needs whole numbers from 0 to 2**63 - 1")
    return seeds.astype(np.int64)


def draw(seeds: np.ndarray, name: str, shape: tuple[int, ...], law: Callable[[np.random.Generator], np.ndarray]) -> np.ndarray:
    """The numbers (*seeds.shape, *shape) that a law takes from each seed's stream for one parameter."""
    numbers = np.empty((seeds.size, *shape))
    key = (PARAMETERS.index(name),) if name in PARAMETERS else (len(PARAMETERS), crc32(name.encode()))
    for row, seed in zip(numbers, seeds.ravel().tolist(), strict=True):
        row[...] = law(np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))))
    return numbers.reshape(*seeds.shape, *shape)


def normal(seeds: np.ndarray, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return draw(seeds, name, shape, lambda generator: generator.standard_normal(shape))


def uniform(seeds: np.ndarray, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return 2 * draw(seeds, name, shape, lambda generator: generator.random(shape)) - 1


def gaussian_matrices(seeds: np.ndarray, shape: tuple[int, ...], density: float) -> np.ndarray:
    matrices: np.ndarray = normal(seeds, "w_rec", shape) / np.sqrt(shape[-1])
    return matrices


def uniform_matrices(seeds: np.ndarray, shape: tuple[int, ...], density: float) -> np.ndarray:
    matrices: np.ndarray = uniform(seeds, "w_rec", shape) / np.sqrt(shape[-1])
    return matrices


def identity_matrices(seeds: np.ndarray, shape: tuple[int, ...], density: float) -> np.ndarray:
    return np.broadcast_to(np.eye(shape[-1]), (*seeds.shape, *shape)).copy()


def orthogonal_matrices(seeds: np.ndarray, shape: tuple[int, ...], density: float) -> np.ndarray:
    return rotations(normal(seeds, "w_rec", shape))


def spectral_matrices(seeds: np.ndarray, shape: tuple[int, ...], density: float) -> np.ndarray:
    matrices = gaussian_matrices(seeds, shape, density)
    radii = spectral_radii(matrices.reshape(-1, *shape[-2:]))
    scaled: np.ndarray = matrices / radii.reshape(*matrices.shape[:-2], 1, 1)
    return scaled


def sparse_matrices(seeds: np.ndarray, shape: tuple[int, ...], density: float) -> np.ndarray:
    def law(generator: np.random.Generator) -> np.ndarray:
        numbers = generator.standard_normal(shape)
        return np.where(generator.random(shape) < density, numbers, 0.0)

    matrices: np.ndarray = draw(seeds, "w_rec", shape, law) / np.sqrt(shape[-1] * density)
    return matrices


def dale_matrices(seeds: np.ndarray, shape: tuple[int, ...], excitatory: float) -> np.ndarray:
    first, diagonal = excitatory_units(shape[-1], excitatory), np.arange(shape[-1])

    def law(generator: np.random.Generator) -> np.ndarray:
        sizes = generator.gamma(2.0, size=shape)
        sizes[..., diagonal, diagonal] = 0.0
        excitation, inhibition = (sizes[..., part].sum(axis=-1, keepdims=True) for part in (slice(first), slice(first, None)))
        there = (excitation > 0.0) & (inhibition > 0.0)
        sizes[..., first:] *= -np.divide(excitation, inhibition, out=np.ones_like(excitation), where=there)
        sizes[..., diagonal, diagonal] = 0.0
        return sizes

    matrices = draw(seeds, "w_rec", shape, law)
    radii = spectral_radii(matrices.reshape(-1, *shape[-2:]))
    scaled: np.ndarray = matrices / radii.reshape(*matrices.shape[:-2], 1, 1)
    return scaled


def stable_matrices(seeds: np.ndarray, shape: tuple[int, ...], alpha: float) -> np.ndarray:
    def law(generator: np.random.Generator) -> np.ndarray:
        angles, waits = np.pi * (generator.random(shape) - 0.5), generator.standard_exponential(shape)
        return (
            np.sin(alpha * angles) / np.cos(angles) ** (1 / alpha) * (np.cos((1 - alpha) * angles) / waits) ** ((1 - alpha) / alpha)
        )

    matrices: np.ndarray = draw(seeds, "w_rec", shape, law) / shape[-1] ** (1 / alpha)
    return matrices


INITS = {
    "gaussian": gaussian_matrices,
    "orthogonal": orthogonal_matrices,
    "uniform": uniform_matrices,
    "identity": identity_matrices,
    "spectral": spectral_matrices,
    "sparse": sparse_matrices,
    "dale": dale_matrices,
    "stable": stable_matrices,
}


def rotations(normals: np.ndarray) -> np.ndarray:
    """Haar-distributed orthogonal matrices made of standard normal numbers (…, n, n), of which it uses the lower triangle.

    Column k is a random direction x/|x| of the space that is left, and the reflection that takes the axis there carries the
    later columns. `np.linalg.qr` gives other last bits with other numbers of BLAS threads, so this is elementwise.
    """
    n = normals.shape[-1]
    q = np.zeros_like(normals)
    for k in range(n - 1, -1, -1):
        x = normals[..., k:, k]
        length = np.sqrt((x * x).sum(-1))
        sign = np.copysign(1.0, x[..., 0])
        v = x.copy()
        v[..., 0] += sign * length
        rest = q[..., k:, k + 1 :]
        scale = (length * np.abs(v[..., 0]))[..., None, None]  # |v|²/2
        rest -= v[..., None] * ((v[..., None] * rest).sum(-2, keepdims=True) / scale)
        q[..., k:, k] = x / length[..., None]
    return q


def spectral_radii(matrices: np.ndarray) -> np.ndarray:
    """The largest |eigenvalue| of each of some matrices (m, n, n), to the last bit and whatever the number of BLAS threads.

    LAPACK's eigenvectors x (right) and y (left) carry rounding errors ε that depend on the threads; those of yᵀAx / yᵀx are of
    order ε², and exact integers compute it.
    """
    eigenvalues, vectors = np.linalg.eig(matrices)
    top = np.abs(eigenvalues).argmax(-1)
    right = np.take_along_axis(vectors, top[:, None, None], -1)[..., 0]
    left = np.linalg.solve(vectors.swapaxes(-1, -2), np.eye(matrices.shape[-1])[top][..., None])[..., 0]
    left /= np.abs(left).max(-1, keepdims=True)
    return np.array([exact_modulus(a, x, y) for a, x, y in zip(matrices, right, left, strict=True)])


def exact_modulus(matrix: np.ndarray, right: np.ndarray, left: np.ndarray) -> float:
    """|yᵀAx / yᵀx| of a real matrix A and complex vectors x and y, without rounding until its end."""
    (a, _), x, y = exactly(matrix), exactly(right), exactly(left)
    above, below = product(y, (a @ x[0], a @ x[1])), product(y, x)
    squared = (above[0] ** 2 + above[1] ** 2) / (below[0] ** 2 + below[1] ** 2)
    return float(np.sqrt(squared) / FIXED_POINT)


def exactly(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary parts in units of 2⁻⁶⁰, as Python's integers."""
    parts = [[int(number) for number in (part * FIXED_POINT).ravel().tolist()] for part in (numbers.real, numbers.imag)]
    return np.array(parts[0], object).reshape(numbers.shape), np.array(parts[1], object).reshape(numbers.shape)


def product(y: tuple[np.ndarray, np.ndarray], x: tuple[np.ndarray, np.ndarray]) -> tuple[int, int]:
    """yᵀx of complex vectors given by their parts."""
    return y[0] @ x[0] - y[1] @ x[1], y[0] @ x[1] + y[1] @ x[0]
