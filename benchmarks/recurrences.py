"""One step of every cell of many units, in PyTorch's equations, for any library whose arrays end in (unit, sample)."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Library(NamedTuple):
    """`affine(offset, w, v)` is w v + offset; `split(a, n)` gives n arrays of as many units."""

    affine: Callable
    split: Callable
    tanh: Callable
    sigmoid: Callable


def elman(lib: Library, p: dict[str, Any], x, h):
    return (lib.tanh(lib.affine(lib.affine(p["bias"], p["w_in"], x), p["w_rec"], h)),)


def gru(lib: Library, p: dict[str, Any], x, h):
    r_in, z_in, n_in = lib.split(lib.affine(p["bias_in"], p["w_in"], x), 3)
    r_rec, z_rec, n_rec = lib.split(lib.affine(p["bias_rec"], p["w_rec"], h), 3)
    r, z = lib.sigmoid(r_in + r_rec), lib.sigmoid(z_in + z_rec)
    n = lib.tanh(n_in + r * n_rec)
    return (n + z * (h - n),)


def lstm(lib: Library, p: dict[str, Any], x, h, c):
    i, f, g, o = lib.split(lib.affine(lib.affine(p["bias"], p["w_in"], x), p["w_rec"], h), 4)
    c = lib.sigmoid(f) * c + lib.sigmoid(i) * lib.tanh(g)
    return lib.sigmoid(o) * lib.tanh(c), c


STEPS = {"Elman": elman, "GRU": gru, "LSTM": lstm}
