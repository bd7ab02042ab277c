"""Jitted functions of a user's own on lanes: all at once if they can be compiled so, else one by one."""

import numpy as np
from numba.core import types
from numba.core.errors import NumbaError
from numba.extending import overload

from rnnsim.numerics.primitives import each_lane, filled
from rnnsim.numerics.simd import Lanes


def on_lanes(function, a):
    """A jitted function of all lanes, at once if it can be compiled so, else one by one; every lane has a plain number that it returns."""
    found = function(a)
    return found if np.ndim(found) == np.ndim(a) else np.full_like(a, found)


@overload(on_lanes, strict=False)
def _on_lanes(function, a):
    try:
        function.dispatcher.get_call_template((a,), {})
    except NumbaError:
        return lambda function, a: each_lane(function, a)
    if isinstance(function.dispatcher.overloads[(a,)].signature.return_type, types.Number | types.Boolean) and isinstance(a, Lanes):
        return lambda function, a: filled(a, function(a))
    return lambda function, a: function(a)
