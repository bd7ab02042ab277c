"""The works of training, and who does them."""

from functools import partial

from benchmarks import training, training_with_loops, training_with_numba, training_with_numpy, with_rnnsim
from benchmarks.rivals import OURS, Rival, Work, optional

PyTorch, JAX = partial(optional, "training_with_torch", "torch"), partial(optional, "training_with_jax", "jax")

SGD = {
    OURS: Rival(with_rnnsim.trained),
    "NumPy": Rival(training_with_numpy.sgd),
    "Numba": Rival(training_with_numba.sgd),
    "PyTorch": PyTorch("sgd"),
    "PyTorch nn.RNN": PyTorch("sgd_of_modules", most=1),
    "JAX": JAX("sgd"),
}

TRAINING = {
    "4096 starts × 500 iterations of Rprop": Work(
        training.counting,
        {
            "full": {"side": 64, "samples": 20, "steps": 10, "epochs": 500},
            "quick": {"side": 16, "samples": 20, "steps": 10, "epochs": 100},
            "tiny": {"side": 5, "samples": 20, "steps": 10, "epochs": 30},
        },
        {
            OURS: Rival(with_rnnsim.trained),
            "NumPy": Rival(training_with_numpy.rprop),
            "tutorial": Rival(training_with_loops.rprop, most=8),
            "Numba": Rival(training_with_numba.rprop),
            "PyTorch": PyTorch("rprop"),
            "JAX": JAX("rprop"),
            "JAX in pieces": JAX("rprop_in_pieces"),
        },
    ),
    "256 networks n = 5, an epoch of single windows": Work(
        training.weather,
        {
            "full": {"members": 256, "rows": 1022},
            "quick": {"members": 32, "rows": 200},
            "tiny": {"members": 3, "rows": 30},
        },
        {**SGD, "JAX in pieces": JAX("sgd_in_pieces")},
    ),
    "one network n = 5, an epoch of single windows": Work(
        training.weather,
        {
            "full": {"members": 1, "rows": 1022},
            "quick": {"members": 1, "rows": 200},
            "tiny": {"members": 1, "rows": 30},
        },
        {**SGD, "tutorial": Rival(training_with_loops.sgd)},
    ),
    "sum of digits, 5 epochs of batches of 4": Work(
        training.digits,
        {
            "full": {"samples": 8000, "epochs": 5},
            "quick": {"samples": 800, "epochs": 5},
            "tiny": {"samples": 40, "epochs": 2},
        },
        {
            OURS: Rival(with_rnnsim.trained),
            "NumPy": Rival(training_with_numpy.adam),
            "Numba": Rival(training_with_numba.adam),
            "PyTorch": PyTorch("adam"),
            "JAX": JAX("adam"),
        },
    ),
}
