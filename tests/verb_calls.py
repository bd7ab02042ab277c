"""A small call of each verb whose sweep has several blocks, for tests."""

import numpy as np

import rnnsim as rs

INPUTS = np.random.default_rng(3).normal(size=(3, 6))
TARGETS = np.arange(3.0)


def plane():
    return rs.Elman(rs.axis("a", np.linspace(-1.5, 1.5, 12)), rs.axis("b", np.linspace(-2.0, 2.0, 3)))


def gates():
    return rs.GRU.random(2, gain=rs.axis("gain", np.linspace(1.0, 6.0, 24)), seed=1, h0="gaussian")


def line(**parameters):
    return rs.Elman(0.0, rs.axis("b", np.linspace(-3.0, 3.0, 12)), **parameters)


def slope():
    return line(bias=rs.axis("along", np.linspace(-1.0, 1.0, 5)))


def starts():
    return line(h0=rs.axis("start", np.linspace(-1.0, 1.0, 20)))


LONG_RUN = {"discard": 100, "steps": 8}
CALLS = {  # the verb, the family, what else the verb takes, and the most bytes of a block
    "simulate": (rs.simulate, plane, (INPUTS,), {}, 1000),
    "backprop": (rs.backprop, plane, (INPUTS, TARGETS), {}, 100),
    "train": (rs.train, plane, (INPUTS, TARGETS), {"optimizer": rs.Adam(0.1), "epochs": 3}, 400),
    "fixed_points": (rs.fixed_points, gates, (), {}, 3000),
    "bifurcations": (rs.bifurcations, slope, ("along",), {"max_points": 4}, 200),
    "lyapunov": (rs.lyapunov, gates, (), {"steps": 100}, 300),
    "propagation": (rs.propagation, gates, (INPUTS[0][:, None],), {}, 300),
    "curvature": (rs.curvature, plane, (INPUTS, TARGETS), {}, 900),
    "basins": (rs.basins, starts, (), LONG_RUN, 4000),
    "orbit_diagram": (rs.orbit_diagram, slope, (), {"along": "along", **LONG_RUN}, 2000),
}
