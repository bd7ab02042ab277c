"""What the processors' arithmetic gives: NumPy's product of two large matrices."""

import numpy as np

SIZE = 1000
FLOPS = 2 * SIZE**3


def call() -> None:
    """One product, on as many processors as NumPy's BLAS takes."""
    np.matmul(*MATRICES, out=PRODUCT)


MATRICES = np.random.default_rng(1).standard_normal((2, SIZE, SIZE))
PRODUCT = np.empty((SIZE, SIZE))
