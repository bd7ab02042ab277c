"""Bad input of every kind is refused in one sentence, before any work is done."""

import tracemalloc
import warnings

import numpy as np
import pytest
import xarray as xr
from family_data import refused
from malformed import Mute, in_a_dict, itself

import rnnsim as rs
from rnnsim.checks import memory_limits
from rnnsim.checks.showing import shown

NET = rs.Elman(1.0, rs.axis("w", [0.5, 1.5]))
X = np.ones((3, 5))
T = np.ones(3)


def given(dims, shape, **coords):
    return xr.DataArray(np.ones(shape), dims=dims, coords=coords)


class Layer:
    """Something that is called as modules of PyTorch are."""

    def __call__(self, *args, **options):
        raise AssertionError("called")


REFUSED = [
    # axes
    (lambda: rs.axis("step", [1.0]), ValueError, "'step', which is one of the package's own"),
    (lambda: rs.axis("my axis", [1.0]), ValueError, "'my axis'; it needs letters"),
    (lambda: rs.axis(3, [1.0]), ValueError, "name 3"),
    (lambda: rs.axis("w", []), ValueError, "'w' was given no values"),
    (lambda: rs.axis("w", [[1.0]]), ValueError, r"shape \(1, 1\); it needs one dimension"),
    (lambda: rs.axis("w", 1.0), ValueError, r"shape \(\); it needs one dimension"),
    (lambda: rs.axis("w", [1j]), TypeError, "complex128; it needs real"),
    (lambda: rs.axis("w", [None]), TypeError, "object; it needs real"),
    # parameters
    (lambda: rs.Elman([1.0, 2.0], 0.5), ValueError, r'w_in was given an array of shape \(2,\).*rs.axis\("w_in", values\)'),
    (lambda: rs.Elman(np.ones((2, 1)), np), ValueError, r"w_in was given an array of shape \(2, 1\), but w_rec has no units"),
    (lambda: rs.Elman(1.0, np.ones((2, 2))), ValueError, r"w_rec was given an array of shape \(2, 2\)"),
    (lambda: rs.Elman(1j, 0.5), TypeError, "w_in was given values of type complex128"),
    (lambda: rs.Elman("a", 0.5), TypeError, "w_in was given values of type <U1"),
    (lambda: rs.Elman(None, 0.5), TypeError, "w_in was given values of type object"),
    (lambda: rs.Elman(xr.Dataset(), 0.5), TypeError, "w_in was given a Dataset"),
    (lambda: rs.Elman(np.ma.masked_array(1.0, True), 0.5), TypeError, "w_in was given a MaskedArray"),
    (lambda: rs.Elman(given(("step",), 3), 0.5), ValueError, "'step', which is one of the package's own"),
    (lambda: rs.Elman(given(("sample",), 3), 0.5), ValueError, "w_in was given a dimension 'sample'"),
    (lambda: rs.Elman(1.0, 0.5, activation="tan"), ValueError, "activation was given as 'tan'; it needs one of linear, tanh"),
    (lambda: rs.Elman(1.0, 0.5, activation=np.tanh), ValueError, "activation was given as <ufunc"),
    (lambda: rs.Elman(1.0, 0.5, leak=0.0), ValueError, r"leak was given the value 0.0; it needs numbers in \(0, 1\]"),
    (lambda: rs.Elman(1.0, 0.5, leak=rs.axis("a", [0.5, 1.5])), ValueError, "leak was given the value 1.5"),
    (lambda: rs.Elman(1.0, 0.5, leak=np.nan), ValueError, "leak was given the value nan"),
    (
        lambda: rs.Elman(rs.axis("w", [1.0, 2.0]), rs.axis("w", [1.0, 3.0])),
        ValueError,
        "axis 'w' has other values in w_in than in w_rec; axes of one name must agree exactly",
    ),
    (lambda: rs.Elman(rs.axis("w", [1.0, 2.0]), given(("w",), 3)), ValueError, "axis 'w' has 2 values in w_in and 3 in w_rec"),
    (lambda: rs.Elman(given(("w",), 0), 1.0), ValueError, "axis 'w' of w_in has no values"),
    (lambda: NET.replace(w_out=1.0), ValueError, "replace was given 'w_out'; it needs one of w_in"),
    (lambda: NET.isel(v=0), ValueError, "isel was given 'v'; the family's axes are w"),
    (lambda: NET.isel(w=2), ValueError, r"isel was given w=2, which is not on the axes \(w has 2 values\); it needs positions"),
    (lambda: NET.isel(w=0.5), ValueError, r"isel was given w=0.5, which is not on the axes \(w has 2 values"),
    (lambda: NET.isel(w=None), ValueError, r"isel was given w=None, which is not on the axes \(w has 2 values"),
    (lambda: NET.isel(w=slice("a")), ValueError, "isel was given w=slice"),
    (lambda: NET.isel(0), TypeError, "isel was given 0; it needs axes by name, such as w=0"),
    (lambda: NET.sel(w=0.6), ValueError, r"sel was given w=0.6, .* \(w has \[0.5, 1.5\]\); it needs .* or method='nearest'"),
    (
        lambda: NET.sel(w=0.6, method="nearest", tolerance=0.01),
        ValueError,
        r"sel was given w=0.6, which is not on the axes \(w has \[0.5, 1.5\]",
    ),
    (lambda: NET.sel(w=0.6, method="linear"), ValueError, "method was given as 'linear'; it needs one of nearest, ffill, bfill"),
    (lambda: NET[0], ValueError, r"a family was asked for \[0\]; it has w_in, .*; for a part of the family give isel\(w=…\)"),
    (lambda: NET["w"], ValueError, r"a family was asked for \['w'\]; it has w_in, w_rec, bias, h0, leak$"),
    (
        lambda: rs.Elman.random(4, gain=[1, 2]),
        ValueError,
        r'gain was given .* it needs a number \(for an axis, give rs.axis\("gain"',
    ),
    (lambda: rs.Elman.random(4, seed=[1, 2]), ValueError, r"seed was given an array of shape \(2,\); it needs a number"),
    (lambda: rs.Readout.random(4, seed=[1, 2]), ValueError, r"seed was given an array of shape \(2,\); it needs a number"),
    (
        lambda: rs.Elman(np.ones((2, 1)), np.ones((3, 2, 2))),
        ValueError,
        r"w_rec was given .* \(3, 2, 2\); it needs \(unit, unit",
    ),
    (
        lambda: rs.Elman(np.ones((3, 2, 1)), np.ones((2, 2))),
        ValueError,
        r"w_in was given .* \(3, 2, 1\); it needs \(unit, input",
    ),
    (
        lambda: rs.GRU(np.ones((12, 2)), np.ones((12, 4))),
        ValueError,
        r"w_in was given .* \(12, 2\); it needs \(gate, unit, input\): w_in.reshape\(3, 4, 2\), or rs.from_torch",
    ),
    (
        lambda: rs.LSTM(np.ones((4, 4, 2)), np.ones((4, 4, 4)), np.ones(16)),
        ValueError,
        r"bias was given .* \(16,\); it needs \(gate, unit\): bias.reshape\(4, 4\), or rs.from_torch",
    ),
    (lambda: rs.save(NET, "family.nc"), TypeError, "ds is a Elman, but save needs an xarray.Dataset: net.parameters is one"),
    (
        lambda: NET.sel(w=0.5, tolerance=0.1),
        ValueError,
        "tolerance was given as 0.1 without method; it needs one of nearest, ffill",
    ),
    (lambda: rs.GRU.random(2, gain=given(("g",), 0)), ValueError, "axis 'g' of gain has no values"),
    (lambda: rs.LSTM.random(2, seed=given(("g",), 0)), ValueError, "axis 'g' of seed has no values"),
    (lambda: rs.Readout.random(2, seed=given(("g",), 0)), ValueError, "axis 'g' of seed has no values"),
    (
        lambda: rs.tasks.weather_table(Mute("nowhere.csv")),
        FileNotFoundError,
        "csv was given as 'nowhere.csv', which cannot be read",
    ),
    # sweeps
    (lambda: rs.merge(Mute("a"), "b.zarr", "c.zarr"), ValueError, "first was given as 'a'; it needs a path that ends in .zarr"),
    (lambda: rs.merge("a.zarr", 1, "c.zarr"), TypeError, "second was given an int; it needs a path that ends in .zarr"),
    (lambda: rs.plan(rs.simulate, NET, itself()), ValueError, "inputs was given a list within itself"),
    (lambda: rs.sweep(rs.simulate, NET, [X, itself()]), ValueError, "inputs was given a list within itself"),
    (lambda: rs.plan(rs.simulate, NET, in_a_dict()), ValueError, "inputs was given a dict within itself"),
    (lambda: rs.plan(Layer(), NET, X), TypeError, "verb was given as a Layer; it needs a function of a family"),
    (lambda: rs.sweep(print, NET, X), TypeError, "verb was given as the function print; it needs a function of a family"),
    (lambda: rs.plan(np.tanh, NET, X), TypeError, "verb was given as <ufunc 'tanh'>; it needs a function of a family"),
    (lambda: rs.plan(rs.Elman, NET, X), TypeError, "verb was given as the class Elman; it needs a function of a family"),
    # inputs
    (lambda: rs.simulate("net", X), TypeError, "net was given a str"),
    (lambda: rs.simulate(NET, 1.0), ValueError, r"inputs was given an array of shape \(\); a scalar network needs \(step\) or"),
    (lambda: rs.simulate(NET, np.ones((2, 3, 1))), ValueError, r"inputs was given an array of shape \(2, 3, 1\)"),
    (lambda: rs.simulate(NET, []), ValueError, "inputs was given no steps"),
    (lambda: rs.simulate(NET, np.ones((0, 4))), ValueError, "inputs was given no samples"),
    (lambda: rs.simulate(NET, [1.0, np.nan, 2.0]), ValueError, "inputs is nan at step 1; it needs finite numbers"),
    (lambda: rs.simulate(NET, [[1.0, 2.0], [3.0, -np.inf]]), ValueError, "inputs is infinite at sample 1, step 1"),
    (lambda: rs.simulate(NET, [1j]), TypeError, "inputs was given values of type complex128"),
    (lambda: rs.simulate(NET, ["a"]), TypeError, "inputs was given values of type <U1"),
    (lambda: rs.simulate(NET, "abc"), TypeError, "inputs was given a str"),
    (lambda: rs.simulate(NET, None), TypeError, "inputs was given None"),
    (lambda: rs.simulate(NET, [[1.0], [1.0, 2.0]]), TypeError, "inputs was given a list that makes no array"),
    (lambda: rs.simulate(NET, np.array([None, 1.0])), TypeError, "inputs was given values of type object"),
    (lambda: rs.simulate(NET, np.ma.masked_array([1.0], [True])), TypeError, "inputs was given a MaskedArray"),
    (lambda: rs.simulate(NET, xr.Dataset()), TypeError, "inputs was given a Dataset"),
    (lambda: rs.simulate(NET, given(("time",), 3)), ValueError, r"inputs was given the dimensions \('time',\); it needs 'step'"),
    (lambda: rs.simulate(NET, given(("step", "input"), (3, 1))), ValueError, "inputs was given a dimension 'input'"),
    (lambda: rs.simulate(NET, given(("step", "state"), (3, 2))), ValueError, "'state', which a variable of the result has"),
    (lambda: rs.simulate(NET, given(("step", "epoch"), (3, 2))), ValueError, "'epoch', which is one of the package's own"),
    (lambda: rs.simulate(NET, given(("step", "w"), (3, 3))), ValueError, "axis 'w' has 2 values in w_rec and 3 in inputs"),
    (lambda: rs.simulate(NET.replace(h0=[0.0, 1.0]), X), ValueError, "h0 has 2 samples, but inputs has 3"),
    (lambda: rs.simulate(rs.Elman(1.0, 1.0, h0=np.zeros(0)), [1.0, 2.0]), ValueError, "h0 was given no samples"),
    (lambda: rs.axis("a", np.ma.array([1.0], mask=[True])), TypeError, "axis 'a' was given a MaskedArray"),
    (lambda: rs.Elman([[1], [1, 2]], 1.0), TypeError, "w_in was given a list that makes no array"),
    (lambda: rs.Elman(given(("a", "b"), (2, 2)).stack(p=("a", "b")), 1.0), ValueError, "w_in was given a MultiIndex for 'p'"),
    (lambda: NET.isel(w=7), ValueError, "isel was given w=7, which is not on the axes"),
    (lambda: NET.sel(w=7.0), ValueError, "sel was given w=7.0, which is not on the axes"),
    (
        lambda: rs.backprop(NET, given(("sample", "step"), (3, 5), sample=[0, 1, 2]), given(("sample",), 3, sample=[2, 1, 0])),
        ValueError,
        "inputs and targets have other values of 'sample'; they must agree exactly",
    ),
    (lambda: rs.simulate(NET, [1e300], dtype="float32"), ValueError, "inputs is too large for float32 at step 0"),
    # keep, dtype, loss
    (lambda: rs.simulate(NET, X, keep="cost"), ValueError, "keep was given 'cost'; it needs some of state"),
    (lambda: rs.simulate(NET, X, keep=()), ValueError, "keep was given nothing"),
    (lambda: rs.simulate(NET, X, keep=3), TypeError, "keep was given 3"),
    (lambda: rs.simulate(NET, X, keep=("state", None)), ValueError, "keep was given None"),
    (lambda: rs.simulate(NET, X, dtype="float16"), ValueError, "dtype was given as 'float16'; it needs one of float64, float32"),
    (lambda: rs.simulate(NET, X, dtype="text"), ValueError, "dtype was given as 'text'"),
    (lambda: rs.simulate(NET, X, dtype=Mute("text")), ValueError, "dtype was given as a Mute; it needs one of float64, float32"),
    (lambda: rs.plan(rs.simulate, NET, X, keep=Mute("cost")), ValueError, "keep was given a Mute; it needs some of state"),
    (lambda: rs.backprop(NET, X, T, loss="mae"), ValueError, "loss was given as 'mae'; it needs one of mse"),
    (lambda: rs.backprop(NET, X, T, keep="gradient"), ValueError, "keep was given 'gradient'; it needs some of grad, cost"),
    (lambda: rs.backprop(rs.Elman(rs.axis("cost", [1.0]), 1.0), X, T), ValueError, "'cost', which a variable of the result"),
    (lambda: rs.simulate(rs.Elman(rs.axis("diverged_at", [1.0]), 1.0), X), ValueError, "'diverged_at', which a variable"),
    # targets
    (lambda: rs.backprop(NET, X, np.ones(4)), ValueError, r"targets has shape \(4,\), but the inputs are 3 samples of 5 steps"),
    (lambda: rs.backprop(NET, X, np.ones((3, 4))), ValueError, r"it needs \(3,\) for the last step or \(3, 5\) for every one"),
    (lambda: rs.backprop(NET, X, 1.0), ValueError, r"targets was given an array of shape \(\)"),
    (lambda: rs.backprop(NET, X[0], np.ones(4)), ValueError, r"the inputs are one run of 5 steps; it needs \(\) for"),
    (lambda: rs.backprop(NET, X[0], given(("sample",), 3)), ValueError, "the inputs are one run"),
    (lambda: rs.backprop(NET, X, given(("step",), 5)), ValueError, "the inputs are 3 samples"),
    (lambda: rs.backprop(NET, X, [1.0, np.inf, 2.0]), ValueError, "targets is infinite at sample 1"),
    (lambda: rs.backprop(NET, X, [np.nan] * 3), ValueError, "targets is nan for every sample and step"),
    (lambda: rs.backprop(NET, X, [1j] * 3), TypeError, "targets was given values of type complex128"),
    (lambda: rs.backprop(NET, X, given(("sample", "output"), (3, 1))), ValueError, "targets was given a dimension 'output'"),
    # tasks
    (lambda: rs.tasks.counting(samples=0), ValueError, "samples was given as 0; it needs a whole number of 1 or more"),
    (lambda: rs.tasks.counting(steps=2.5), ValueError, "steps was given as 2.5"),
]


HUGE = 2**31 - 1
TOO_LARGE = [
    (lambda: rs.tasks.counting(HUGE, HUGE), "fewer samples or steps"),
    (lambda: rs.tasks.sum_of_digits(HUGE, HUGE), "fewer samples or digits"),
    (lambda: rs.tasks.adding(HUGE, HUGE), "fewer samples or steps"),
    (lambda: rs.tasks.delayed_recall(HUGE, delay=HUGE), "fewer samples, symbols, or steps"),
    (lambda: rs.tasks.delayed_recall(1, symbols=HUGE), "fewer samples, symbols, or steps"),
    (lambda: rs.tasks.flip_flop(HUGE, bits=HUGE), "fewer samples, steps or bits"),
    (lambda: rs.tasks.next_letter(letters="".join(map(chr, range(40_000)))), "fewer letters"),
    (lambda: rs.tasks.windows({"rain": np.zeros(200_001)}, "rain", "rain", 100_000), "fewer rows or steps"),
    (lambda: rs.schedules.linear(1.0, 0.0, epochs=HUGE), "fewer epochs"),
    (lambda: rs.schedules.cosine(rs.axis("lr", [0.1, 0.2]), 0.0, epochs=HUGE), "fewer epochs"),
    (lambda: rs.schedules.exponential(1.0, 0.5, epochs=HUGE), "fewer epochs"),
    (lambda: rs.schedules.constant_by_part(1.0, 2, 0.5, epochs=HUGE), "fewer epochs"),
    (lambda: rs.train(NET, X, T, optimizer=rs.SGD(0.1), epochs=HUGE), "are free"),
    (lambda: rs.train(NET, X, T, optimizer=rs.SGD(0.1), epochs=HUGE, every=HUGE, keep=()), "are free"),
    (lambda: rs.train(NET, X, T, optimizer=rs.SGD(0.1), epochs=HUGE // 9, keep="grad_norm"), "are free"),
]


@pytest.mark.parametrize(("call", "message"), TOO_LARGE)
def test_what_is_too_large_is_refused_before_anything_is_allocated(call, message, monkeypatch):
    monkeypatch.setattr(memory_limits, "free_memory", lambda: 2**30)
    tracemalloc.start()
    refused(monkeypatch, call, MemoryError, f"the result takes .* are free; .*{message}" if "free" not in message else message)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_bad_input_is_refused_in_one_sentence_before_any_work(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)


def test_a_complex_value_is_on_no_axis():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # else NumPy's warning would be the refusal
        with pytest.raises(ValueError, match=r"sel was given w=\[\(0.5\+0j\)\], which is not on the axes"):
            NET.sel(w=[0.5 + 0j], method="nearest")


def test_a_text_of_a_class_of_its_own_is_what_it_says(tmp_path):
    options = {"keep": Mute("state"), "dtype": Mute("float32")}
    surface = rs.backprop(rs.Elman(rs.axis("a", [0.5, 1.0, 1.5]), rs.axis("w", [0.1, 0.2, 0.3])), X, T)
    assert rs.surfaces.minima(surface, Mute("cost")).identical(rs.surfaces.minima(surface, "cost"))
    assert {type(text) for text in rs.axis("w", [1.0], units=Mute("mV")).w.attrs.values()} == {str}
    found = rs.sweep(rs.simulate, NET, X, to=tmp_path / "x.zarr", progress=False, **options)
    assert found.identical(rs.simulate(NET, X, keep="state", dtype="float32"))
    xr.testing.assert_identical(
        rs.sweep(rs.simulate, NET, X, to=tmp_path / "x.zarr", progress=False, keep="state", dtype="float32"), found
    )


def test_numbers_of_other_types_are_numbers():
    plain = rs.backprop(rs.Elman(1.0, 0.5), [[1.0, 0.0]], [1.0])
    for inputs in ([[True, False]], np.array([[1, 0]], np.uint8), np.array([[1, 0]], np.float32)):
        assert rs.backprop(rs.Elman(np.float32(1), np.int8(1) * 0.5), inputs, np.array([1])).equals(plain)


@pytest.mark.parametrize(("length", "whole"), [(60, True), (61, False), (10**4, False)])
def test_a_value_is_shown_in_at_most_sixty_characters_of_one_line(length, whole):
    class Value:
        def __repr__(self):
            return "y\n" + "x" * (length - 3) + "z"

    text = shown(Value())
    assert text[0] == "y" and text[-1] == "z" and "\n" not in text and len(text) <= 60
    assert (len(text) == length and "…" not in text) == whole
