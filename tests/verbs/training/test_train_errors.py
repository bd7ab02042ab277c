"""What training and `net.at` refuse, in one sentence, before any work."""

import importlib
import inspect
import re

import numpy as np
import pytest
import xarray as xr
from family_data import refused

import rnnsim as rs
from rnnsim.verbs.training import optimizers

NET, X, T = rs.Elman(rs.axis("w", [0.5, 0.6]), 0.5), np.ones((3, 5)), np.ones(3)
ONE = rs.Elman(np.ones((2, 1)), np.eye(2), readout=rs.Readout(np.ones((1, 2))))
LAYERS = rs.Elman(np.ones((2, 1)), np.eye(2))


def given(net=NET, x=X, t=T, **options):
    return lambda: rs.train(net, x, t, **{"optimizer": rs.SGD(0.1), "epochs": 2, "progress": False, **options})


def with_nan(array, *where):
    array = np.array(array)
    array[where] = np.nan
    return array


REFUSED = [
    (given(net=3.0), TypeError, "net was given a float; it needs a family of networks"),
    (given(x=with_nan(X, 1, 2)), ValueError, "inputs is nan at sample 1, step 2; it needs finite numbers"),
    (given(t=np.ones(4)), ValueError, r"targets has shape \(4,\), but the inputs are 3 samples of 5 steps"),
    (given(loss="mean"), ValueError, "loss was given as 'mean'; it needs one of mse, cross_entropy"),
    (given(loss=["mse"]), ValueError, r"loss was given as \['mse'\]"),
    (given(optimizer="sgd"), TypeError, r"optimizer was given a str; it needs one such as rs.SGD\(0.1\)"),
    (given(optimizer=rs.SGD), TypeError, "optimizer was given a type"),
    (given(epochs=0), ValueError, "epochs was given as 0; it needs a whole number of 1 or more$"),
    (given(epochs=None), ValueError, "epochs was given as None"),
    (given(epochs=2.0), ValueError, "epochs was given as 2.0"),
    (given(every=True), ValueError, "every was given as True"),
    (given(batch_size=0), ValueError, "batch_size was given as 0; it needs a whole number of 1 or more, or None"),
    (given(patience=-1), ValueError, "patience was given as -1"),
    (given(truncate=1.5), ValueError, "truncate was given as 1.5"),
    (given(clip=-1.0), ValueError, "limit was given the value -1.0"),
    (given(clip="hard"), TypeError, "limit was given values of type <U4"),
    (given(clip=[1.0, 2.0]), ValueError, r"limit was given an array of shape \(2,\)"),
    (given(seed=-1), ValueError, "seed was given as -1; it needs a whole number of 0 or more, or an axis of them"),
    (given(seed=0.5), ValueError, "seed was given as 0.5"),
    (given(seed=[1, 2]), ValueError, r"seed was given as \[1, 2\]"),
    (given(seed=xr.DataArray([1, 2], dims="epoch")), ValueError, "seed was given a dimension 'epoch', which it cannot have"),
    (
        lambda: rs.SGD(xr.DataArray([0.1], dims="unit")),
        ValueError,
        "an axis was given the name 'unit', which is one of the package",
    ),
    (lambda: rs.Adam(eps=xr.DataArray([0.1], dims="step")), ValueError, "an axis was given the name 'step'"),
    (given(optimizer=rs.SGD(xr.DataArray(np.ones(0), dims="epoch"))), ValueError, "lr was given no values; it needs at least one"),
    (given(optimizer=rs.SGD(rs.axis("w", [0.1, 0.2]))), ValueError, "axis 'w' has other values in w_in than in lr"),
    (given(optimizer=rs.SGD(rs.axis("w", [0.1]))), ValueError, "axis 'w' has 2 values in w_in and 1 in lr"),
    (
        given(optimizer=rs.SGD(rs.axis("cost", [0.1]))),
        ValueError,
        "'cost', which a variable of the result has; call it 'cost_start'",
    ),
    (
        given(net=rs.Elman(rs.axis("w_in", [0.5]), 0.5)),
        ValueError,
        "'w_in', which a variable of the result has; call it 'w_in_start'",
    ),
    (given(net=rs.Elman(rs.axis("velocity_w_in", [0.5]), 0.5), optimizer=rs.SGD(0.1, 0.9)), ValueError, "'velocity_w_in_start'"),
    (given(patience=1, net=rs.Elman(rs.axis("best_epoch", [0.5]), 0.5)), ValueError, "'best_epoch_start'"),
    (given(metrics="accuracy"), ValueError, "metrics was given 'accuracy'; with the loss 'mse' it needs some of rounded_accuracy"),
    (given(metrics=("rounded_accuracy", 3)), ValueError, "metrics was given 3"),
    (given(metrics=None), TypeError, "metrics was given None; it needs a name or a sequence of names"),
    (
        given(keep="state"),
        ValueError,
        "keep was given 'state'; it needs some of cost, grad_norm, parameters, states, w_in, w_rec, bias, h0, leak, or none",
    ),
    (given(keep=1), TypeError, "keep was given 1; it needs a name or a sequence of names"),
    (given(train="w_out"), ValueError, "train was given 'w_out'; it needs some of w_in, w_rec, bias, h0"),
    (given(train="leak"), ValueError, "train was given 'leak'"),
    (given(train=()), ValueError, "train was given nothing; it needs some of w_in, w_rec, bias, h0"),
    (given(train=3), ValueError, "train was given 3"),
    (
        given(train={"w_rec": np.eye(2)}),
        TypeError,
        "train was given a dict; it needs names of parameters, each of which moves as a whole",
    ),
    (given(train=xr.Dataset({"w_rec": 1.0})), TypeError, "train was given a Dataset; it needs names of parameters"),
    (given(lr=0.1), TypeError, "train was given 'lr', which it does not take; it needs optimizer=rs.SGD"),
    (
        given(l2=0.1),
        TypeError,
        "train was given 'l2', which it does not take; it needs penalty={'w_rec': 1e-4}, of mean squares",
    ),
    (given(batch_sise=3), TypeError, "train was given 'batch_sise', which it does not take; it needs batch_size$"),
    (given(zzz=3), TypeError, "train was given 'zzz', which it does not take; it needs some of net, inputs, targets, optimizer"),
    (lambda: rs.plan(rs.train, NET, X, T, lr=0.1), TypeError, "train was given 'lr', which it does not take"),
    (lambda: rs.Adam(learning_rate=0.1), TypeError, "^Adam was given 'learning_rate', which it does not take; it needs lr$"),
    (lambda: rs.RMSprop(rho=0.1), TypeError, "^RMSprop was given 'rho', which it does not take; it needs alpha$"),
    (
        lambda: rs.SGD(0.1, weight_decay=0.1),
        TypeError,
        "^SGD was given 'weight_decay', which it does not take; it needs to be left",
    ),
    (lambda: rs.Rprop(lr=0.1), TypeError, "^Rprop was given 'lr', which it does not take; it needs step, the first step size$"),
    (given(t=None), TypeError, r"targets was not given; it needs an array, or a task \(a Dataset with inputs and targets\)"),
    (
        given(x=xr.Dataset({"targets": 1.0}), t=None),
        TypeError,
        "inputs was given a Dataset without inputs; it needs an array, or a",
    ),
    (given(x=xr.Dataset({"inputs": 1.0}), t=None), TypeError, "targets was not given; it needs an array, or a task"),
    (given(resume_with="optimizer"), ValueError, "resume_with was given without resume; it needs a run to go on from"),
    (given(resume_with="epochs"), ValueError, "resume_with was given 'epochs'; it needs some of optimizer, train, batch_size"),
    (given(resume_with=3), TypeError, "resume_with was given 3; it needs a name or a sequence of names"),
    (
        given(net=rs.Elman(0.5, 0.5, h0=xr.DataArray(np.ones(3), dims="sample")), train="h0"),
        ValueError,
        "train was given 'h0', of which every sample has its own; it needs one for all samples",
    ),
    (given(validation=X), TypeError, r"validation was given an array; it needs \(inputs, targets\), or a Dataset with both"),
    (given(validation=xr.Dataset({"inputs": 1.0})), TypeError, "validation was given a Dataset"),
    (given(validation=(X, np.ones(2))), ValueError, "in validation, targets has shape"),
    (given(validation=(with_nan(X, 0, 3), T)), ValueError, "in validation, inputs is nan at sample 0, step 3"),
    (given(validation=("x", T)), TypeError, "in validation, inputs was given a str"),
    (given(dtype="float16"), ValueError, "dtype was given as 'float16'; it needs one of float64, float32"),
    (given(loss="cross_entropy"), ValueError, "loss was given as 'cross_entropy'; it needs a network with units or a readout"),
    (
        given(LAYERS, np.ones((3, 5, 1)), [0, 1, 2], loss="cross_entropy"),
        ValueError,
        "targets is 2 at sample 2; it needs whole numbers -1…1",
    ),
    (
        given(ONE, np.ones((3, 5, 1)), np.ones((3, 5))),
        ValueError,
        r"targets has 5 outputs, .* has 1; targets\[..., None\] has one$",
    ),
    (given(ONE, np.ones((3, 5, 1)), np.ones(3)), ValueError, r"or \(sample, step, output\), such as targets\[..., None\]$"),
    (given(ONE, np.ones((3, 5)), np.ones((3, 1))), ValueError, r"inputs has 5 features, .* takes 1; inputs\[..., None\] has one$"),
    (given(ONE, np.ones(5), np.ones(1)), ValueError, r"or \(sample, step, input\), such as inputs\[..., None\]$"),
    (given(resume=3), TypeError, "resume was given an int; it needs a Dataset over epochs that rs.train returned"),
    (given(resume=xr.Dataset()), TypeError, "resume was given a Dataset; it needs a Dataset over epochs"),
    (given(resume=xr.Dataset({"cost": ("epoch", [1.0])})), ValueError, "resume was given a run whose epochs have no numbers"),
    (
        given(resume=xr.Dataset({"cost": ("epoch", [1.0])}, {"epoch": [0]})),
        ValueError,
        "resume was given a run without attributes; it needs those that rs.train gave it",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_what_does_not_fit_is_refused(call, kind, message, monkeypatch):
    refused(monkeypatch, call, kind, message)


AT = [
    (lambda run: NET.at(run, 7), ValueError, r"at was given the epoch 7; it needs recorded ones: \[0, 1, 2\]"),
    (lambda run: NET.at(run, 0.5), TypeError, "at was given the epoch 0.5; it needs whole numbers"),
    (lambda run: NET.at(run, "last"), TypeError, "at was given the epoch 'last'"),
    (lambda run: NET.at({}), TypeError, "at was given a dict; it needs a Dataset over epochs that rs.train returned"),
    (lambda run: NET.at(run.isel(epoch=-1)), TypeError, "at was given a Dataset; it needs a Dataset over epochs"),
    (lambda run: NET.at(run.drop_vars("bias")), ValueError, "at was given a run without bias; it needs one of this family"),
]


@pytest.mark.parametrize(("call", "kind", "message"), AT, ids=[message for *_, message in AT])
def test_at_refuses_other_runs_and_epochs(call, kind, message):
    run = given()()
    with pytest.raises(kind, match=message):
        call(run)


HINTS = {
    "train": importlib.import_module("rnnsim.verbs.training.train").MEANT,  # the name in the package is the verb's
    "SGD": optimizers.MEANT,
    "Adam": optimizers.MEANT_BY_ADAM,
    "RMSprop": optimizers.MEANT_BY_RMSPROP,
    "Rprop": optimizers.MEANT_BY_RPROP,
}


@pytest.mark.parametrize("function", HINTS)
def test_what_is_meant_by_other_arguments_is_there(function):
    own = inspect.signature(getattr(rs, function)).parameters
    for name, meant in HINTS[function].items():
        said = f"{function} was given {name!r}, which it does not take; it needs {meant}"
        with pytest.raises(TypeError, match=f"^{re.escape(said)}$"):
            getattr(rs, function)(**{name: 1})
        named = re.split("[,=]", meant)[0].split(" and ")
        assert set(named) <= set(own) or meant.startswith("to be left out"), (function, name)
