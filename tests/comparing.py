"""Whether results are the same to the bit."""

import numpy as np


def identical(a, b):
    for name in a:
        left, right = np.ascontiguousarray(a[name].values), np.ascontiguousarray(b[name].values)
        np.testing.assert_array_equal(left.view(f"u{left.itemsize}"), right.view(f"u{right.itemsize}"), err_msg=name)
