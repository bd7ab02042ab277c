"""Numbers of NumPy's are taken as Python's: by every public function, for every option, with the same bits and attributes."""

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import rnnsim as rs
from rnnsim.checks import arguments
from rnnsim.checks.memory_limits import check_memory
from rnnsim.runs.provenance import fingerprint

INTEGERS = {name: np.dtype(name).type for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")}
FLOATS = {name: np.dtype(name).type for name in ("float16", "float32", "float64", "longdouble")}
ALONE: dict[str, Callable[[Any], Any]] = {"array": np.array, "DataArray": xr.DataArray}
NOT_WHOLE = [
    3.0,
    np.float32(3),
    np.array(3.0),
    True,
    np.True_,
    "3",
    3j,
    np.timedelta64(3, "ns"),
    [3],
    np.array([3]),
    10**30,
    -(10**30),
]
NOT_REAL = ["0.5", True, np.True_, 0.5j, [0.5], np.array([0.5]), np.nan, np.inf, -np.inf, 10**400, np.timedelta64(3, "ns")]
NOT_A_FLAG = [0, 1, 1.0, "yes", None, [], np.array([True]), np.int8(1)]

X = np.linspace(-1, 1, 5 * 6 * 2).reshape(5, 6, 2)
Y = np.linspace(-0.5, 0.5, 5 * 3).reshape(5, 3)
UNITS = rs.Elman.random(3, 2, gain=rs.axis("gain", [0.5, 1.5]), h0="gaussian")
SCALAR = rs.Elman(0.5, rs.axis("w_rec", [-1.5, 0.5, 1.5]), bias=0.1)
STARTS = rs.Elman(0.0, 1.5, h0=rs.axis("start", np.linspace(-1, 1, 9)))
PLANE = rs.Elman(1.0, rs.axis("w_rec", [-1.5, 0.5, 1.5]), rs.axis("bias", np.linspace(-1, 1, 4)))
TRAINED = rs.Elman(0.5, rs.axis("w", [-1.5, 0.5, 1.5]), bias=0.1)
FRAME = {"rain": np.arange(9.0)}


@cache
def surface() -> xr.Dataset:
    return rs.backprop(rs.Elman(rs.axis("w_in", [0.5, 1.0]), rs.axis("w_rec", [0.5, 1.0, 1.5])), np.ones(4), 1.0)


def cliffs(factor: float = 10.0) -> xr.Dataset:
    return rs.surfaces.cliffs(surface(), factor=factor)


def coarsened(most: int = 1000) -> xr.DataArray:
    return rs.plot.coarsened(surface().cost, most)


Case = tuple[Callable[..., Any], dict[str, Any]]
VERBS: dict[str, Case] = {
    "simulate": (partial(rs.simulate, UNITS, X), {"noise_seed": 1}),
    "backprop": (partial(rs.backprop, UNITS, X, Y), {"noise_seed": 1}),
    "train": (
        partial(rs.train, UNITS, X, Y, optimizer=rs.SGD(0.1), shuffle=True),
        {"epochs": 3, "batch_size": 2, "seed": 3, "patience": 2, "truncate": 2, "every": 2, "clip": 0.5, "noise_seed": 1},
    ),
    "lyapunov": (
        partial(rs.lyapunov, UNITS, keep=("spectrum", "history")),
        {"steps": 9, "discard": 2, "exponents": 2, "reorthonormalize": 2, "seed": 1, "inputs": None, "noise_seed": 1},
    ),
    "fixed_points": (
        partial(rs.fixed_points, SCALAR),
        {"inputs": 0.25, "period": 2, "starts": 9, "tolerance": 1e-4, "max_points": 5, "seed": 2},
    ),
    "propagation": (partial(rs.propagation, UNITS, X), {"lags": 2}),
    "bifurcations": (
        partial(rs.bifurcations, PLANE),
        {"max_points": 4, "inputs": 0.25, "starts": 5, "resolution": 16},
    ),
    "orbit_diagram": (
        partial(rs.orbit_diagram, SCALAR),
        {"inputs": 0.25, "steps": 8, "discard": 9, "max_period": 3, "tolerance": 1e-3},
    ),
    "basins": (
        partial(rs.basins, STARTS),
        {"inputs": 0.25, "steps": 8, "discard": 9, "max_period": 3, "tolerance": 1e-3, "distance": 0.1, "nearness": 0.2}
        | {"max_attractors": 3},
    ),
    "sweep": (partial(rs.sweep, rs.simulate, SCALAR, np.ones(4), progress=False), {"memory": 120, "workers": None}),
}
LAWS = {"density": 0.3, "excitatory": 0.6, "stability": 1.2}
FAMILIES: dict[str, Case] = {
    "Elman": (rs.Elman, {"w_in": 0.5, "w_rec": 1.5, "bias": 0.25, "h0": 1, "leak": 0.5, "noise": 0.25}),
    "Readout": (rs.Readout, {"w_out": 0.5, "b_out": 2}),
    "Elman.random": (
        partial(rs.Elman.random, init="sparse"),
        {
            "units": 4,
            "inputs": 2,
            "gain": 1.5,
            "seed": 7,
            "h0": 0.5,
            "bias": 0.25,
            "density": 0.3,
            "excitatory": 0.6,
            "stability": 1.2,
            "leak": 0.5,
        },
    ),
    "GRU.random": (
        rs.GRU.random,
        {
            "units": 4,
            "inputs": 2,
            "gain": 1.5,
            "seed": 7,
            "h0": 0.5,
            "bias": 0.25,
            "density": 0.3,
            "excitatory": 0.6,
            "stability": 1.2,
        },
    ),
    "LSTM.random": (
        rs.LSTM.random,
        {
            "units": 4,
            "inputs": 2,
            "gain": 1.5,
            "seed": 7,
            "h0": 0.5,
            "c0": 1,
            "bias": 0.25,
            "density": 0.3,
            "excitatory": 0.6,
            "stability": 1.2,
        },
    ),
    "Readout.random": (rs.Readout.random, {"units": 4, "outputs": 2, "seed": 7}),
}
OPTIMIZERS: dict[str, Case] = {
    "SGD": (rs.SGD, {"lr": 0.1, "momentum": 0.5}),
    "Adam": (rs.Adam, {"lr": 1, "beta1": 0.5, "beta2": 0.75, "eps": 1e-3}),
    "RMSprop": (rs.RMSprop, {"lr": 0.1, "alpha": 0.5, "eps": 1e-3, "momentum": 0.25}),
    "Rprop": (rs.Rprop, {"step": 0.1, "grow": 2, "shrink": 0.5, "step_min": 1e-3, "step_max": 3}),
    "ClipNorm": (rs.ClipNorm, {"limit": 0.5}),
    "ClipValue": (rs.ClipValue, {"limit": 2}),
}
SCHEDULES: dict[str, Case] = {
    "constant_by_part": (rs.schedules.constant_by_part, {"start": 0.1, "every": 2, "factor": 0.5, "epochs": 5}),
    "exponential": (rs.schedules.exponential, {"start": 2, "factor": 0.3, "epochs": 5}),
    "linear": (rs.schedules.linear, {"start": 1, "end": 0.1, "epochs": 5}),
    "cosine": (rs.schedules.cosine, {"start": 1, "end": 0.1, "epochs": 5}),
}
TASKS: dict[str, Case] = {
    "counting": (rs.tasks.counting, {"samples": 3, "steps": 4, "seed": 5}),
    "sum_of_digits": (rs.tasks.sum_of_digits, {"samples": 3, "digits": 4, "seed": 5}),
    "adding": (rs.tasks.adding, {"samples": 3, "steps": 4, "seed": 5}),
    "delayed_recall": (rs.tasks.delayed_recall, {"samples": 3, "symbols": 4, "length": 2, "delay": 3, "seed": 5}),
    "flip_flop": (rs.tasks.flip_flop, {"samples": 3, "steps": 4, "bits": 2, "probability": 0.3, "seed": 5}),
    "perceptual_decision": (
        rs.tasks.perceptual_decision,
        {"samples": 3, "fixation": 2, "stimulus": 4, "decision": 2, "noise": 0.3, "catch": 0.25, "seed": 5},
    ),
    "dale": (rs.dale, {"units": 4, "excitatory": 0.5}),
    "split": (partial(rs.tasks.split, FRAME, how="random"), {"seed": 5, "shares": (0.5, 0.5)}),
    "windows": (partial(rs.tasks.windows, FRAME, "rain", "rain"), {"length": 2, "ahead": 3}),
    "weather": (partial(rs.tasks.weather, part="test"), {"length": 2, "ahead": 3, "shares": (0.5, 0.25, 0.25)}),
    "cliffs": (cliffs, {"factor": 1.5}),
    "vary": (partial(rs.vary, np.eye(3), axis=rs.axis("a", [1.0])), {"where": (2, 1)}),
    "coarsened": (coarsened, {"most": 2}),
}
CASES = VERBS | FAMILIES | OPTIMIZERS | SCHEDULES | TASKS
MEANT = [(name, option) for name, (_, options) in CASES.items() for option in options if options[option] is not None]
FLAGS: dict[str, Case] = {
    "train": (partial(rs.train, TRAINED, np.ones(4), 1.0, optimizer=rs.SGD(0.1), epochs=1), {"shuffle": True, "progress": False}),
    "fixed_points": (partial(rs.fixed_points, SCALAR), {"slow_points": True}),
    "bifurcations": (partial(rs.bifurcations, PLANE, resolution=4), {"branches": True}),
    "SGD": (partial(rs.SGD, 0.1, 0.5), {"nesterov": True}),
    "RMSprop": (rs.RMSprop, {"centered": True}),
    "sweep": (partial(rs.sweep, rs.simulate, SCALAR, np.ones(4)), {"progress": False, "overwrite": True}),
    "merge": (partial(rs.merge, "a.zarr", "b.zarr", "a.zarr"), {"overwrite": True}),
    "dale": (partial(rs.dale, 4), {"self_connections": False}),
    "Activation": (partial(rs.Activation, lambda a: a * a, lambda a: 2.0 * a), {"check": True}),
}


def kinds_of(value: Any) -> dict[str, Callable[[Any], Any]]:
    """The types that a value, or each of several, can be given in."""
    whole = all(isinstance(number, int) for number in (value if isinstance(value, tuple) else (value,)))
    return (INTEGERS if whole else FLOATS) | ({} if isinstance(value, tuple) else ALONE)


def given(value: Any, kind: Callable[[Any], Any]) -> tuple[Any, Any]:
    """A value in a type, and what that is in Python's."""
    if isinstance(value, tuple):
        return tuple(kind(number) for number in value), tuple(kind(number).item() for number in value)
    return kind(value), type(value)(kind(value))


def same(one: Any, other: Any) -> bool:
    """Whether two results are one another's, types, bits and attributes."""
    if isinstance(one, xr.Dataset | xr.DataArray):
        dtypes = [[array.dtype for array in xs.coords.values()] for xs in (one, other)]
        return one.identical(other) and dtypes[0] == dtypes[1]
    if isinstance(one, tuple | list):
        return all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
    if isinstance(one, rs.Elman | rs.GRU | rs.LSTM):
        return one.described == other.described and fingerprint(one.hashed) == fingerprint(other.hashed)
    if isinstance(one, rs.Readout):
        return same(list(one.parameters.values()), list(other.parameters.values()))
    if isinstance(one, rs.Activation):
        return one.functions.keys() == other.functions.keys()
    return repr(one) == repr(other) and [type(n) for n in one.numbers.values()] == [type(n) for n in other.numbers.values()]


@pytest.mark.parametrize(("name", "option"), MEANT)
def test_numbers_of_every_type_mean_what_python_s_do(name, option):
    call, options = CASES[name]
    for kind in kinds_of(options[option]).values():
        numpy_s, python_s = given(options[option], kind)
        assert same(call(**options | {option: numpy_s}), call(**options | {option: python_s})), (numpy_s, type(numpy_s))


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, (_, options) in FLAGS.items() for option in options])
def test_flags_are_true_or_false_of_python_or_numpy_and_nothing_else(name, option):
    call, options = FLAGS[name]
    if name == "merge":
        with pytest.raises(ValueError, match="one path twice"):
            call(overwrite=np.False_)
    else:
        for value in (True, False):
            flags = [call(**options | {option: kind(value)}) for kind in (bool, np.bool_, np.array)]
            assert same(flags[0], flags[1]) and same(flags[0], flags[2])
    for value in NOT_A_FLAG:
        with pytest.raises(TypeError, match=rf"^{option} was given as .*; it needs True or False$"):
            call(**options | {option: value})


def numeric(parameter: inspect.Parameter) -> bool:
    """Whether a signature says that an argument is a number or a flag."""
    kinds = (int, float, bool, int | None, float | None, int | str)
    return isinstance(parameter.default, int | float) or parameter.annotation in kinds


@pytest.mark.parametrize("name", sorted({*CASES, *FLAGS}))
def test_no_option_that_is_a_number_or_a_flag_is_left_out(name):
    call = CASES.get(name, FLAGS.get(name))[0]
    tried = {**CASES.get(name, (None, {}))[1], **FLAGS.get(name, (None, {}))[1], **getattr(call, "keywords", {})}
    parameters = inspect.signature(getattr(call, "func", call)).parameters
    assert [option for option, parameter in parameters.items() if numeric(parameter) and option not in tried] == []


def test_no_public_function_with_numbers_is_left_out():
    public = [(space, name) for space in (rs, rs.tasks, rs.schedules) for name in getattr(space, "__all__", SCHEDULES)]
    takes = {n for space, n in public if callable(getattr(space, n)) and numbers_of(getattr(space, n))}
    assert takes - {*CASES, *FLAGS} == {"plan", "GRU", "LSTM", "Embedding", "check_cell", "Fresh", "neurogym"} & takes


def numbers_of(function: Any) -> list[str]:
    """The arguments of a function that are numbers or flags."""
    return [name for name, parameter in inspect.signature(function).parameters.items() if numeric(parameter)]


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match=r"^steps was given as .*; it needs a whole number of \d+ or (more|less)$"):
        arguments.whole("steps", value)


@pytest.mark.parametrize("value", NOT_REAL, ids=lambda value: repr(value)[:20])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(ValueError, match=r"^tolerance was given as .*; it needs a number of 0 or more$"):
        arguments.number("tolerance", value, least=0)


COUNTS = [
    ("train", ("epochs", "batch_size", "patience", "truncate", "every", "seed")),
    ("lyapunov", ("steps", "discard", "exponents", "reorthonormalize", "seed")),
    ("fixed_points", ("period", "max_points", "seed")),
    ("bifurcations", ("max_points", "starts", "resolution")),
    ("orbit_diagram", ("steps", "discard", "max_period")),
    ("basins", ("steps", "discard", "max_period", "max_attractors")),
    ("sweep", ("workers",)),
    ("Elman.random", ("units", "inputs")),
    ("Readout.random", ("units", "outputs")),
    ("constant_by_part", ("every", "epochs")),
    ("cosine", ("epochs",)),
    ("counting", ("samples", "steps", "seed")),
    ("sum_of_digits", ("samples", "digits", "seed")),
    ("adding", ("samples", "steps", "seed")),
    ("delayed_recall", ("samples", "symbols", "length", "delay", "seed")),
    ("flip_flop", ("samples", "steps", "bits", "seed")),
    ("split", ("seed",)),
    ("windows", ("length", "ahead")),
]


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, options in COUNTS for option in options])
def test_every_count_is_judged_alike(name, option):
    call, options = CASES[name]
    for value in NOT_WHOLE:
        with pytest.raises(ValueError, match=rf"^{option} was given as [^\n]*; it needs a whole number of [^\n]*$"):
            call(**options | {option: value})


@pytest.mark.parametrize("kind", [*INTEGERS.values(), *FLOATS.values()])
def test_arrays_of_every_type_are_lags_axes_and_seeds(kind):
    lags, seeds = np.array([1, 3, 5], kind), np.array([3, 1, 2], kind)
    if np.dtype(kind).kind == "f":
        with pytest.raises(ValueError, match=r"^lags was given as .*; it needs whole numbers 1…6, rising"):
            rs.propagation(UNITS, X, lags=lags)
    else:
        assert same(rs.propagation(UNITS, X, lags=lags), rs.propagation(UNITS, X, lags=[1, 3, 5]))
        with pytest.raises(ValueError, match="rising"):
            rs.propagation(UNITS, X, lags=lags[::-1])
        orders = rs.axis("order", [3, 1, 2]).assign_coords(order=[0, 1, 2])
        train = partial(rs.train, UNITS, X, Y, optimizer=rs.SGD(0.1), epochs=2, batch_size=2, shuffle=True)
        assert same(train(seed=orders.astype(kind)), train(seed=orders))
    random = [rs.Elman.random(3, seed=rs.axis("seed", values)) for values in (seeds, seeds.astype(np.int64))]
    assert np.array_equal(random[0]["w_rec"], random[1]["w_rec"])
    falling = rs.Elman(1.0, rs.axis("w_rec", np.array([3, 1, 2], kind)), rs.axis("bias", [0.0, 1.0]))
    with pytest.raises(ValueError, match="w_rec"):
        rs.surfaces.minima(rs.backprop(falling, np.ones(3), 1.0))


def test_seeds_keep_all_their_bits():
    nets = [rs.Elman.random(3, seed=seed) for seed in (2**53, 2**53 + 1, np.uint64(2**53 + 1), 2**63 - 1, np.int64(2**63 - 1))]
    w = [net["w_rec"].values for net in nets]
    assert not np.array_equal(w[0], w[1]) and np.array_equal(w[1], w[2]) and np.array_equal(w[3], w[4])
    for seed in (2**63, np.uint64(2**63), 10**30, True, -1):
        with pytest.raises((ValueError, TypeError), match=r"^seed was given "):
            rs.Elman.random(3, seed=seed)


@pytest.mark.parametrize("memory", [np.int32(4096), np.uint64(4096), np.float32(4096), np.array(4096), 4096.0, "4096", "4.096kB"])
def test_memory_is_bytes_of_any_type(memory):
    assert check_memory(memory) == 4096 and type(check_memory(memory)) is int


@pytest.mark.parametrize("memory", [np.inf, np.nan, 0, -1, True, "much", 10**400, [1], 1j, np.array([5])])
def test_what_is_no_memory_is_refused(memory):
    with pytest.raises(ValueError, match=r"^memory was given as .*; it needs bytes above 0"):
        check_memory(memory)


def plane() -> rs.Elman:
    h0 = rs.vary(rs.vary([0.0, 0.0], 0, rs.axis("x", [-1.0, 0.5, 1.0])), 1, rs.axis("y", [-1.0, 1.0]))
    return rs.Elman(np.eye(2), 2 * np.eye(2), h0=h0)


FIGURES: dict[str, tuple[Callable[..., Any], Callable[[], Any], dict[str, Any]]] = {
    "basins": (rs.plot.basins, lambda: rs.basins(plane()), {"units": (1, 0), "alpha": 0.5}),
    "cost_surface": (rs.plot.cost_surface, surface, {"levels": 7}),
    "gradient_over_steps": (
        rs.plot.gradient_over_steps,
        lambda: rs.backprop(rs.Elman(1.0, 0.5), np.ones(9), 1.0, keep="grad_state"),
        {"linthresh": 0.25},
    ),
    "orbit_diagram": (rs.plot.orbit_diagram, lambda: rs.orbit_diagram(SCALAR, steps=4), {"size": 2.5}),
    "spectrum": (
        rs.plot.spectrum,
        lambda: rs.lyapunov(UNITS, steps=9, discard=9, keep="lyapunov_exponent"),
        {"exponents": 2},
    ),
    "singular_values": (rs.plot.singular_values, lambda: rs.propagation(UNITS.isel(gain=0), X[0]), {"limit": 2}),
    "weights": (rs.plot.weights, lambda: UNITS["w_rec"].isel(gain=0, drop=True), {"limit": 2}),
    "trajectories": (rs.plot.trajectories, lambda: rs.simulate(TRAINED.isel(w=0), X[..., 0]), {"samples": (1, 3)}),
    "training_curves": (
        rs.plot.training_curves,
        lambda: rs.train(TRAINED, np.ones(4), 1.0, optimizer=rs.SGD(0.1), epochs=3),
        {"band": (0.25, 0.75)},
    ),
}


def pixels(call: Callable[..., Any], **options: Any) -> np.ndarray:
    """What a plot looks like."""
    ax = call(**options)
    ax.figure.set_dpi(30)
    ax.figure.canvas.draw()
    seen = np.asarray(ax.figure.canvas.buffer_rgba()).copy()
    plt.close(ax.figure)
    return seen


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, (*_, options) in FIGURES.items() for option in options])
def test_figures_look_the_same(name, option):
    draw, data, options = FIGURES[name]
    call, value = partial(draw, data()), options[option]
    kind = np.uint8 if np.asarray(value).dtype.kind == "i" else np.float32
    assert np.array_equal(pixels(call, **options), pixels(call, **options | {option: given(value, kind)[0]}))
