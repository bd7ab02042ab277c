"""What the logs of singular values say: norms, rates of growth and their regimes, lengths of memory, and Pascanu's conditions."""

from collections.abc import Callable

import numpy as np

from rnnsim.kernels.propagation.jacobian_products import Propagated

# 1/γ, where γ is the largest slope of the activation
THRESHOLDS = {"linear": 1.0, "tanh": 1.0, "relu": 1.0, "sigmoid": 4.0}
FLAGS = {
    "regime": ("vanishing", "stable", "exploding", "undefined"),
    "pascanu_condition": ("vanishing", "exploding_possible", "undefined"),
}


def log_norm(values: np.ndarray) -> np.ndarray:
    """½ ln Σ σ² over the last dimension."""
    most = values[..., 0]
    with np.errstate(invalid="ignore"):  # -inf - -inf
        relative = np.exp(2.0 * (values - most[..., None]))
    return np.where(np.isneginf(most), most, most + 0.5 * np.log(relative.sum(axis=-1)))


def growth_rate(logs: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """The slope of the line through logs (…, lag) at the later half of the lags; of one lag, the slope from 0."""
    later = lags >= lags[-1] / 2
    end = logs[..., -1]
    if later.sum() == 1:
        from_0: np.ndarray = end / lags[-1]
        return from_0
    x = lags[later] - lags[later].mean()
    with np.errstate(invalid="ignore"):  # -inf where the map is 0
        slope = (np.ascontiguousarray(logs[..., later]) * x).sum(axis=-1) / (x * x).sum()
    return np.where(np.isneginf(end), end, slope)


def regime(rate: np.ndarray, longest: int) -> np.ndarray:
    """Flags: whether so many steps make less than 1/e, neither, or more than e."""
    change = rate * longest
    return np.select([np.isnan(change), change <= -1.0, change < 1.0], [3, 0, 1], 2).astype(np.int8)


def memory_length(logs: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Where logs (…, lag), which are 0 at lag 0, first fall to -1, by lines between the lags; inf if they do not, nan if they are."""
    values = np.concatenate([np.zeros((*logs.shape[:-1], 1)), logs], axis=-1)
    places = np.concatenate([[0], lags]).astype(float)
    fallen = values <= -1.0
    last = np.maximum(fallen.argmax(axis=-1), 1)
    above, below = (np.take_along_axis(values, (last - back)[..., None], -1)[..., 0] for back in (1, 0))
    with np.errstate(invalid="ignore", divide="ignore"):  # where it has not fallen
        share = (-1.0 - above) / (below - above)
    length = places[last - 1] + share * (places[last] - places[last - 1])
    length = np.where(fallen.any(axis=-1), length, np.inf)
    return np.where(np.isnan(logs).any(axis=-1), np.nan, length)


def pascanu_condition(norm: np.ndarray, threshold: float) -> np.ndarray:
    """Flags: whether σ_max is below 1/γ."""
    return np.select([np.isnan(norm), norm < threshold], [2, 0], 1).astype(np.int8)


def measures(found: Propagated, lags: np.ndarray, threshold: float) -> dict[str, Callable[[], np.ndarray]]:
    """How each variable is made of what the kernel found."""
    logs = found.log_singular_value
    top = np.ascontiguousarray(logs[..., 0])
    norm = found.recurrent_norm
    return {
        "log_singular_value": lambda: logs,
        "log_norm": lambda: log_norm(logs),
        "log_determinant": lambda: found.log_determinant,
        "growth_rate": lambda: growth_rate(top, lags),
        "regime": lambda: regime(growth_rate(top, lags), int(lags[-1])),
        "memory_length": lambda: memory_length(top, lags),
        "log_grad_norm": lambda: found.log_grad_norm,
        "recurrent_norm": lambda: norm,
        "norm_threshold": lambda: np.full_like(norm, threshold),
        "pascanu_condition": lambda: pascanu_condition(norm, threshold),
    }
