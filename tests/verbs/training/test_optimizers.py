"""Optimisers: their rules against textbook loops, published paths, PyTorch, and the tutorial's own loop."""

import inspect
import math
import warnings

import numpy as np
import pytest
import training
import xarray as xr
from training import OPTIMIZERS, Scalar, Vector

import rnnsim as rs
from rnnsim.equations import update_rules

PROGRESS = {"progress": False}


def follow(optimizer, starts, slopes, cost, updates):
    """The path of numbers p of which each has a gradient slope · p, moved by an optimiser's rule on plain floats."""
    rule = optimizer.rule
    c = tuple(optimizer.numbers.values())
    first = tuple(optimizer.numbers[start] if isinstance(start, str) else start for start in rule.starts)
    p, states, memory = list(starts), [first for _ in starts], tuple(start for _, start in rule.memory)
    path = [tuple(p)]
    for _ in range(updates):
        e, memory = update_rules.prepare(rule, c, memory, cost(p))
        moved = [update_rules.update(rule, c, e, s, x, a * x) for s, x, a in zip(states, p, slopes, strict=True)]
        p, states = [x for x, _ in moved], [s for _, s in moved]
        path.append(tuple(p))
    return np.array(path)


def valley(p):
    return (p[0] ** 2 + 10 * p[1] ** 2) / 2


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rules_are_the_textbooks(name):
    optimizer, rule = OPTIMIZERS[name]
    p, states, path = [1.0, -0.7], [{}, {}], [(1.0, -0.7)]
    for update in range(1, 201):
        cost = valley(p)
        p = [rule(x, a * x, s, cost, update) for x, a, s in zip(p, (1.0, 10.0), states, strict=True)]
        path.append(tuple(p))
    np.testing.assert_allclose(follow(optimizer, (1.0, -0.7), (1.0, 10.0), valley, 200), path, rtol=1e-9, atol=1e-13)


COMMON = [1, 0.9, 0.78, 0.636, 0.4632, 0.25584, 0.007008, -0.2915904]
PATHS = {
    "rprop-": [*COMMON, -0.1422912],
    "irprop-": [*COMMON, -0.2915904, -0.1422912],
    "rprop+": [*COMMON, 0.007008, -0.1422912],
    "irprop+": [*COMMON, 0.007008, -0.1422912],  # the cost rose
}


@pytest.mark.parametrize("variant", PATHS)
def test_rprop_takes_the_published_path(variant):
    exact = PATHS[variant]  # references.md §2
    path = follow(rs.Rprop(variant, step=0.1), (1.0, 1.0), (1.0, 10.0), valley, len(exact) - 1)
    np.testing.assert_allclose(path, np.transpose([exact, exact]), rtol=1e-12)


@pytest.mark.parametrize(("variant", "after"), [("irprop+", [-0.32, 0.04]), ("rprop+", [0.4, 0.04])])
def test_irprop_plus_goes_back_only_if_the_cost_rose(variant, after):
    path = follow(rs.Rprop(variant, step=0.6), (1.0,), (1.0,), lambda p: p[0] ** 2 / 2, 4)
    np.testing.assert_allclose(path[:, 0], [1, 0.4, -0.32, *after], rtol=1e-12)


def test_sizes_of_steps_stay_within_bounds():
    optimizer = rs.Rprop("irprop-", step=0.1, step_min=0.05, step_max=0.13)
    moves = np.abs(np.diff(follow(optimizer, (1.01,), (1.0,), lambda p: 0.0, 40)[:, 0]))
    assert np.isclose(moves.max(), 0.13) and np.isclose(moves[moves > 0].min(), 0.05)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_a_network_is_the_textbook_loop(name):
    optimizer, rule = OPTIMIZERS[name]
    run = rs.train(Scalar.net(), Scalar.inputs, Scalar.targets, optimizer=optimizer, epochs=200, **PROGRESS)
    training.assert_trained(run, training.train(Scalar, rule, 200, Scalar.targets))
    assert run.cost[-1] < run.cost[0] and run.diverged_at == -1


@pytest.fixture(scope="module")
def torch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


def torch_model(torch):
    """The network of `Vector` without its start: a function from inputs to outputs, and its parameters."""
    rnn = torch.nn.RNN(2, 3, batch_first=True, dtype=torch.float64)
    linear = torch.nn.Linear(3, 2, dtype=torch.float64)
    parameters = dict(zip(("w_in", "w_rec", "bias", "bias_rec"), rnn.parameters(), strict=True))
    parameters |= {"w_out": linear.weight, "b_out": linear.bias}
    with torch.no_grad():
        parameters.pop("bias_rec").zero_().requires_grad_(False)
        for name, parameter in parameters.items():
            parameter.copy_(torch.from_numpy(Vector.parameters[name]))
    return lambda x: linear(rnn(x)[0][:, -1]), parameters


IN_TORCH = {
    "sgd": lambda optim, p: optim.SGD(p, 0.05),
    "momentum": lambda optim, p: optim.SGD(p, 0.02, 0.8),
    "nesterov": lambda optim, p: optim.SGD(p, 0.02, 0.8, nesterov=True),
    "adam": lambda optim, p: optim.Adam(p, 0.02),
    "rmsprop": lambda optim, p: optim.RMSprop(p, 0.01),
    "rmsprop with momentum": lambda optim, p: optim.RMSprop(p, 0.003, 0.9, 0.1, momentum=0.5),
    "centered rmsprop": lambda optim, p: optim.RMSprop(p, 0.01, 0.9, 1e-3, momentum=0.3, centered=True),
    "irprop-": lambda optim, p: optim.Rprop(p, 0.02),
}


def in_torch(torch, make, limit=None):
    """Costs and parameters over 200 updates."""
    model, parameters = torch_model(torch)
    optimizer = make(torch.optim, parameters.values())
    x, t = torch.from_numpy(Vector.inputs), torch.from_numpy(Vector.last[:, -1])
    history, costs = [], []
    for epoch in range(201):
        optimizer.zero_grad()
        cost = torch.nn.functional.mse_loss(model(x), t)
        cost.backward()
        costs.append(cost.item())
        history.append({name: p.detach().numpy().copy() for name, p in parameters.items()})
        if limit is not None:
            norm = math.sqrt(sum((p.grad**2).sum().item() for p in parameters.values()))
            for p in parameters.values():
                p.grad *= min(1.0, limit / norm)
        if epoch < 200:
            optimizer.step()
    return {"cost": np.array(costs)} | {name: np.array([p[name] for p in history]) for name in parameters}


@pytest.mark.parametrize("name", IN_TORCH)
def test_torch_agrees(name, torch):
    net, t = Vector.net(h0=0.0), Vector.last[:, -1]
    run = rs.train(net, Vector.inputs, t, optimizer=OPTIMIZERS[name][0], epochs=200, **PROGRESS)
    training.assert_trained(run, in_torch(torch, IN_TORCH[name]))


def test_torch_agrees_on_clipped_gradients(torch):
    net, t = Vector.net(h0=0.0), Vector.last[:, -1]
    run = rs.train(net, Vector.inputs, t, optimizer=rs.SGD(0.1), clip=0.3, epochs=200, **PROGRESS)
    assert run.grad_norm[0] > 0.3 > run.grad_norm[-1]
    training.assert_trained(run, in_torch(torch, lambda optim, p: optim.SGD(p, 0.1), 0.3))


COUNTING = rs.tasks.counting()
UNBOUNDED = {"step": 1e-3, "step_min": 0.0, "step_max": np.inf}


def count(variant):
    net = rs.Elman(-1.5, 2.0, activation="linear")
    optimizer, moving = rs.Rprop(variant, **UNBOUNDED), ("w_in", "w_rec")
    return rs.train(net, COUNTING.inputs, COUNTING.targets, optimizer=optimizer, epochs=500, train=moving, **PROGRESS)


def test_the_counting_network_learns_to_count_where_it_is_known_to():
    run = count("irprop-")
    np.testing.assert_allclose([run.w_in[-1], run.w_rec[-1]], [1.0000043473693738, 0.9999989237980148], rtol=1e-13)
    assert (run.bias == 0).all() and (run.h0 == 0).all()


def test_the_tutorials_variant_is_the_tutorials_loop():
    x, t = COUNTING.inputs.values, COUNTING.targets.values
    w, w_delta, w_sign = [-1.5, 2.0], [0.001, 0.001], [0, 0]
    path = [tuple(w)]
    for _ in range(500):
        s = np.zeros((x.shape[0], x.shape[1] + 1))
        for k in range(x.shape[1]):
            s[:, k + 1] = x[:, k] * w[0] + s[:, k] * w[1]
        g = 2.0 * (s[:, -1] - t) / len(t)
        gradient = [0.0, 0.0]
        for k in range(x.shape[1], 0, -1):
            gradient[0] += np.sum(g * x[:, k - 1])
            gradient[1] += np.sum(g * s[:, k - 1])
            g = g * w[1]
        sign = np.sign(gradient)
        for i in range(2):
            w_delta[i] *= 1.2 if sign[i] == w_sign[i] else 0.5
            w[i] -= sign[i] * w_delta[i]
        w_sign = sign
        path.append(tuple(w))
    run = count("tutorial")
    np.testing.assert_allclose(np.transpose([run.w_in, run.w_rec]), path, rtol=1e-9)


NUMBERS = {  # two values of each, at which runs differ
    rs.SGD: {"lr": (0.05, 0.02), "momentum": (0.5, 0.1)},
    rs.Adam: {"lr": (0.05, 0.02), "beta1": (0.5, 0.8), "beta2": (0.5, 0.8), "eps": (0.1, 0.5)},
    rs.RMSprop: {"lr": (0.05, 0.02), "alpha": (0.5, 0.8), "eps": (0.1, 0.5), "momentum": (0.5, 0.1)},
    rs.Rprop: {"step": (0.05, 0.02), "grow": (1.5, 1.1), "shrink": (0.7, 0.3), "step_min": (0.01, 0.3), "step_max": (0.06, 0.03)},
}
USUAL = {rs.SGD: {"lr": 0.05, "momentum": 0.2}, rs.Adam: {"lr": 0.05}, rs.RMSprop: {"momentum": 0.2}, rs.Rprop: {"step": 0.02}}


def run(optimizer, epochs=12, **resumed):
    net, options = rs.Elman(-0.5, 0.3, activation="linear"), {"optimizer": optimizer, "epochs": epochs, **resumed, **PROGRESS}
    return rs.train(net, Scalar.inputs, Scalar.targets, **options)


def test_all_numbers_are_here():
    flags = {"nesterov", "centered", "variant"}
    assert {kind: set(inspect.signature(kind).parameters) - flags for kind in NUMBERS} == {k: set(v) for k, v in NUMBERS.items()}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, numbers in NUMBERS.items() for name in numbers])
def test_each_number_may_be_an_axis_or_a_schedule(kind, name):
    first, then = values = NUMBERS[kind][name]

    def of(value):
        return kind(**USUAL[kind] | {name: value})

    one, other = (run(of(value)).w_in.values for value in values)
    assert (one != other).any()
    np.testing.assert_array_equal(run(of(rs.axis("number", values))).w_in, [one, other])
    scheduled = run(of(xr.DataArray([first] * 5 + [then], dims="epoch"))).w_in
    np.testing.assert_array_equal(scheduled, run(of(then), 7, resume=run(of(first), 5), resume_with="optimizer").w_in)
    assert name == "step" or (scheduled != one).any()  # of Rprop's steps only the first is given


def test_optimizers_show_their_numbers():
    assert repr(rs.SGD(rs.axis("lr", [0.1, 0.2]), 0.5)) == "rnnsim.SGD(lr=<lr: 2>, momentum=0.5, nesterov=False)"
    assert repr(rs.ClipNorm(np.float64(2.0))) == "rnnsim.ClipNorm(2.0)"


REFUSED = [
    (lambda: rs.SGD(-0.1), ValueError, r"lr was given the value -0.1; it needs numbers in \[0, inf\)"),
    (lambda: rs.SGD(rs.axis("lr", [0.1, np.nan])), ValueError, "lr was given the value nan"),
    (lambda: rs.SGD("fast"), TypeError, "lr was given values of type <U4; it needs real numbers"),
    (lambda: rs.SGD([0.1, 0.2]), ValueError, r"lr was given an array of shape \(2,\); it needs a number, an axis"),
    (lambda: rs.SGD(xr.Dataset()), TypeError, "lr was given a Dataset"),
    (lambda: rs.SGD(0.1, -1.0), ValueError, "momentum was given the value -1.0"),
    (lambda: rs.SGD(0.1, np.ones(2)), ValueError, r"momentum was given an array of shape \(2,\)"),
    (lambda: rs.SGD(0.1, nesterov=True), ValueError, "nesterov was given without momentum; it needs one above 0"),
    (lambda: rs.Adam(beta1=1.0), ValueError, r"beta1 was given the value 1.0; it needs numbers in \[0, 1\)"),
    (lambda: rs.Adam(beta2=-0.1), ValueError, r"beta2 was given the value -0.1; it needs numbers in \[0, 1\)"),
    (lambda: rs.Adam(eps=0.0), ValueError, r"eps was given the value 0.0; it needs numbers in \(0, inf\)"),
    (lambda: rs.Adam(True), TypeError, "lr was given values of type bool"),
    (lambda: rs.RMSprop(alpha=1.0), ValueError, "alpha was given the value 1.0"),
    (lambda: rs.RMSprop(eps=0.0), ValueError, "eps was given the value 0.0"),
    (lambda: rs.RMSprop(momentum=-0.5), ValueError, "momentum was given the value -0.5"),
    (
        lambda: rs.Rprop("rprop"),
        ValueError,
        "variant was given as 'rprop'; it needs one of rprop-, rprop\\+, irprop-, irprop\\+, tut",
    ),
    (lambda: rs.Rprop(["rprop-"]), ValueError, r"variant was given as \['rprop-'\]"),
    (lambda: rs.Rprop(grow=0.9), ValueError, r"grow was given the value 0.9; it needs numbers in \[1, inf\)"),
    (lambda: rs.Rprop(shrink=1.1), ValueError, r"shrink was given the value 1.1; it needs numbers in \[0, 1\)"),
    (lambda: rs.Rprop(step=-1.0), ValueError, "step was given the value -1.0"),
    (lambda: rs.Rprop(step_min=-1.0), ValueError, "step_min was given the value -1.0"),
    (lambda: rs.Rprop(step_max=np.nan), ValueError, "step_max was given the value nan"),
    (lambda: rs.SGD(np.inf), ValueError, r"lr was given the value inf; it needs numbers in \[0, inf\)"),
    (lambda: rs.SGD(rs.axis("lr", [0.1, np.inf])), ValueError, "lr was given the value inf"),
    (lambda: rs.SGD(0.1, np.inf), ValueError, "momentum was given the value inf"),
    (lambda: rs.Adam(np.inf), ValueError, "lr was given the value inf"),
    (lambda: rs.Adam(eps=np.inf), ValueError, "eps was given the value inf"),
    (lambda: rs.RMSprop(np.inf), ValueError, "lr was given the value inf"),
    (lambda: rs.RMSprop(momentum=np.inf), ValueError, "momentum was given the value inf"),
    (lambda: rs.Rprop(step=np.inf), ValueError, "step was given the value inf"),
    (lambda: rs.Rprop(grow=np.inf), ValueError, "grow was given the value inf"),
    (lambda: rs.Rprop(step_min=np.inf), ValueError, "step_min was given the value inf"),
    (lambda: rs.schedules.linear(np.inf, 0.0, epochs=3), ValueError, "start was given the value inf"),
    (lambda: rs.schedules.exponential(1.0, np.inf, epochs=3), ValueError, "factor was given the value inf"),
    (lambda: rs.Rprop(step_min=1.0, step_max=0.5), ValueError, "step_min was given as 1.0 and step_max as 0.5; it needs bounds"),
    (
        lambda: rs.Rprop(step_min=rs.axis("least", [0.1, 0.9]), step_max=rs.schedules.linear(1.0, 0.5, epochs=3)),
        ValueError,
        r"step_min was given as a DataArray over \(least\) and step_max as a DataArray over \(epoch\)",
    ),
    (
        lambda: rs.Rprop(step_min=rs.schedules.linear(0.0, 0.6, epochs=2), step_max=rs.schedules.linear(1.0, 0.5, epochs=9)),
        ValueError,
        "it needs bounds of which the lower comes first",
    ),
    (lambda: rs.ClipNorm(-1.0), ValueError, "limit was given the value -1.0"),
    (lambda: rs.ClipValue("much"), TypeError, "limit was given values of type <U4"),
]


def test_bounds_that_touch_are_bounds_and_some_may_be_infinite():
    rs.Rprop(step_min=0.5, step_max=rs.schedules.linear(1.0, 0.5, epochs=3))
    rs.Rprop(step_min=rs.schedules.linear(0.0, 0.5, epochs=2), step_max=rs.schedules.linear(1.0, 0.5, epochs=9))
    rs.Rprop(step_max=np.inf), rs.ClipNorm(np.inf), rs.ClipValue(np.inf)


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_bad_numbers_are_refused(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
