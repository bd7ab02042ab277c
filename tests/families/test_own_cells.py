"""Cells of a user's own: every verb against NumPy, the laws of all networks, and what mistakes are told."""

import math
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from own_cells import OWN, Adaptive, Mixed, Wave, orbit, whole
from project import PACKAGE

import rnnsim as rs
from rnnsim.equations.symbolic.tracing import tracked
from rnnsim.functions import sigmoid, tanh
from rnnsim.numerics import thread_state

UNITS, INPUTS, SAMPLES, STEPS = 3, 2, 2, 6
KINDS = pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)


def family(kind, **axes):
    """A random family with numbers, biases and starts that differ from unit to unit."""
    rng = np.random.default_rng(5)
    numbers = {name: value * rng.uniform(0.7, 1.2, UNITS) for name, value in kind.numbers.items()}
    starts = {name: rng.normal(size=UNITS) for name in kind.STARTS[1:]}
    return kind.random(UNITS, INPUTS, gain=1.3, h0="gaussian", bias="gaussian", **{**numbers, **starts, "seed": 3, **axes})


def data(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(SAMPLES, STEPS, INPUTS)), rng.normal(size=(SAMPLES, UNITS))


@KINDS
def test_states_are_those_of_the_equation(kind):
    net, (x, _) = family(kind), data()
    kept = [name for member in net.members for name in member.states]
    found = rs.simulate(net, x, keep=(*kept, *(f"final_{name}" for name in kept)))
    for name, states in zip(kept, orbit(kind, whole(net), x), strict=True):
        np.testing.assert_allclose(found[name], states, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(found[f"final_{name}"], found[name].isel(step=-1))


@KINDS
def test_gradients_are_complex_steps_of_the_equation(kind):
    net, (x, y) = family(kind), data()
    found, parameters = rs.backprop(net, x, y), whole(net)
    assert set(found.data_vars) == {"cost", "diverged_at", *(f"grad_{name}" for name in net.parameter_names)}
    for name, values in parameters.items():
        exact = np.empty(values.shape)
        for place in np.ndindex(values.shape):
            moved = values.astype(complex)
            moved[place] += 1e-30j
            output = orbit(kind, parameters | {name: moved}, x)[0, :, -1]
            exact[place] = np.imag(np.mean((output - y) ** 2)) / 1e-30
        np.testing.assert_allclose(found[f"grad_{name}"], exact, rtol=1e-10, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("kind", [Adaptive, Mixed])
def test_a_network_alone_is_what_it_is_in_a_grid_on_any_threads(kind):
    x, y = data()
    number = next(iter(kind.numbers))
    axes = {"seed": rs.axis("seed", range(5)), number: rs.axis(number, kind.numbers[number] * np.linspace(0.8, 1.2, 3))}
    net = family(kind, **axes)
    together = rs.backprop(net, x, y)
    with thread_state.settings(threads=1):
        xr.testing.assert_identical(rs.backprop(net, x, y), together)
    alone = rs.backprop(net.isel(seed=4, **{number: 1}), x, y)
    for name, values in alone.data_vars.items():
        np.testing.assert_array_equal(values, together[name].isel(seed=4, **{number: 1}), err_msg=name)


def test_float32_is_near():
    net, (x, y) = family(Mixed), data()
    single, double = (rs.backprop(net, x, y, dtype=dtype) for dtype in ("float32", "float64"))
    for name in double.data_vars:
        assert single[name].dtype == ("int32" if name == "diverged_at" else "float32")
        np.testing.assert_allclose(single[name], double[name], rtol=1e-4, atol=1e-5)


@KINDS
def test_exponents_are_those_of_the_numpy_jacobians_and_obey_the_sum_rule(kind):
    net = family(kind)
    parameters, states = whole(net), len(kind.states)
    x = np.random.default_rng(1).normal(size=(40, INPUTS))
    found = rs.lyapunov(net, x, keep=("lyapunov_exponent", "sum_rule_residual"))
    assert abs(found.sum_rule_residual) < 1e-11
    names = [*kind.STARTS]
    s, Q, logs = [parameters[name] for name in names], np.eye(states * UNITS), np.zeros(states * UNITS)
    for k in range(len(x)):
        J = np.empty((states * UNITS, states * UNITS))
        for j in range(states * UNITS):
            moved = [value.astype(complex) for value in s]
            moved[j // UNITS][j % UNITS] += 1e-30j
            new = orbit(kind, parameters | dict(zip(names, moved, strict=True)), x[None, k : k + 1])[:, 0, 1]
            J[:, j] = np.imag(new).reshape(-1) / 1e-30
        s = [*orbit(kind, parameters | dict(zip(names, s, strict=True)), x[None, k : k + 1])[:, 0, 1]]
        Q, R = np.linalg.qr(J @ Q)
        logs += np.log(np.abs(np.diag(R)))
    np.testing.assert_allclose(found.lyapunov_exponent.sum(), logs.sum() / len(x), rtol=1e-10)


def test_hessians_are_differences_of_gradients():
    net, (x, y) = family(Mixed), data()
    bias = next(name for name in net.parameter_names if name.startswith("bias"))
    found = rs.curvature(net, x, y, parameters=(bias,)).hessian.values
    values, size = whole(net)[bias], 1e-6
    for i, place in enumerate(np.ndindex(values.shape)):
        gradients = []
        for h in (size, -size):
            moved = values.copy()
            moved[place] += h
            gradients.append(rs.backprop(net.replace(**{bias: moved}), x, y)[f"grad_{bias}"].values.reshape(-1))
        np.testing.assert_allclose(found[i], (gradients[0] - gradients[1]) / (2 * size), rtol=1e-6, atol=1e-8)


@KINDS
def test_training_moves_numbers_that_are_named_by_their_gradients(kind):
    net, (x, y), number = family(kind), data(), next(iter(kind.numbers))
    gradient = rs.backprop(net, x, y)
    run = rs.train(net, x, y, optimizer=rs.SGD(0.1), epochs=1, train=("w_in", number))
    for name in ("w_in", number):
        moved = net[name].values - 0.1 * gradient[f"grad_{name}"].values
        np.testing.assert_allclose(run[name].isel(epoch=-1), moved, rtol=1e-13, atol=1e-15)
    usual = rs.train(net, x, y, optimizer=rs.SGD(0.1), epochs=1)
    np.testing.assert_array_equal(usual[number].isel(epoch=-1), net[number])


def test_scalar_networks_train_their_numbers_in_lanes():
    net = rs.Elman(0.7, rs.axis("w", [0.4, 0.9]), 0.1, 0.2, leak=rs.axis("l", [0.3, 0.6, 1.0]))
    x, y = np.random.default_rng(0).normal(size=(3, 8)), np.array([0.1, -0.3, 0.2])
    gradient = rs.backprop(net, x, y)
    run = rs.train(net, x, y, optimizer=rs.SGD(0.1), epochs=1, train=("leak", "bias"))
    moved = net["leak"] - 0.1 * gradient.grad_leak
    xr.testing.assert_allclose(run.leak.isel(epoch=-1, drop=True), moved.transpose(*run.leak.dims[:-1]).drop_attrs(), rtol=1e-13)


def test_leaks_have_gradients_by_differences():
    rng = np.random.default_rng(2)
    for net in (rs.Elman.random(40, 2, leak=rng.uniform(0.2, 0.9, 40)), rs.Elman(0.5, 0.9, 0.1, leak=0.4)):
        x = rng.normal(size=(3, 9, 2) if not net.scalar else (3, 9))
        y = rng.normal(size=(3, 40) if not net.scalar else 3)
        found, size = rs.backprop(net, x, y), 1e-6
        costs = [float(rs.backprop(net.replace(leak=net["leak"] + h), x, y, keep="cost").cost) for h in (size, -size)]
        np.testing.assert_allclose(found.grad_leak.sum(), (costs[0] - costs[1]) / (2 * size), rtol=1e-6)
    assert "grad_leak" not in rs.backprop(rs.Elman(0.5, 0.9), [0.1, 0.2], 0.3)


def test_a_copy_of_the_grus_equation_is_the_gru_to_the_bit():
    class Copy(rs.Cell):
        states = ("h",)
        gates = {"r": "xh", "z": "xh", "n": "x|h"}

        def step(s, a, p):
            r, z = sigmoid(a.r), sigmoid(a.z)
            n = tanh(a.n_x + r * a.n_h)
            return n + z * (s.h - n)

    x, y = data()
    own, built_in = (rs.backprop(kind.random(UNITS, INPUTS, seed=3), x, y) for kind in (Copy, rs.GRU))
    xr.testing.assert_equal(own, built_in)


def test_bifurcations_along_a_number_are_where_they_are():
    """h = tanh((w - g) h) has its pitchfork at g = w - 1; the multipliers of h and w have the product 1 where a circle is left."""
    net = Adaptive(0.0, 2.0, alpha=0.5, beta=0.3, g=rs.axis("g", [0.2, 3.0]))
    found = rs.bifurcations(net, "g")
    kinds = dict(zip(found.kind.attrs["flag_values"], found.kind.attrs["flag_meanings"].split(), strict=True))
    places = {kinds[int(kind)]: float(g) for kind, g in zip(found.kind, found.g, strict=True) if int(kind) in kinds}
    np.testing.assert_allclose(places["pitchfork"] if "pitchfork" in places else places["branch_point"], 1.0, atol=1e-10)
    points = rs.fixed_points(Adaptive(0.0, 2.0, 0.1, alpha=0.5, beta=0.3, g=rs.axis("g", [0.0, 2.0])))
    np.testing.assert_array_equal(points.point_count, [3, 1])


def test_every_verb_takes_them():
    net, (x, _) = family(Adaptive), data()
    propagated = rs.propagation(net, x[0])
    assert propagated.sizes["mode"] == 2 * UNITS
    orbit = rs.orbit_diagram(net, discard=200, along=None)
    assert orbit.orbit.sizes["unit"] == UNITS
    ends = rs.basins(net.replace(h0=np.random.default_rng(0).normal(size=(7, UNITS))))
    assert ends.attractor.sizes == {"sample": 7}
    stack = rs.Stack([net, rs.GRU.random(2, UNITS), Wave.random(4, 2)], readout=rs.Readout.random(4, 2))
    found = rs.backprop(stack, x, np.zeros((SAMPLES, 2)), keep=("cost", "grad", "w_state_0", "v_state", "v_state_2"))
    assert {"grad_alpha_0", "grad_omega_2", "grad_v0_2"} <= {*found.data_vars}
    np.testing.assert_array_equal(found.v_state, found.v_state_2)


def test_parameters_and_results_have_the_dimensions_of_their_gates():
    net = Mixed.random(UNITS, INPUTS)
    assert net["w_in"].dims == ("gate", "unit", "input") and net["w_rec"].dims == ("gate_rec", "unit", "unit_from")
    assert net.parameters.gate_rec.values.tolist() == ["n", "u"] and net.parameters.gate.values.tolist() == ["n", "z", "u"]
    found = rs.backprop(net, *data(), keep=("grad", "preactivation", "grad_preactivation"))
    assert found.grad_w_rec.dims == ("gate_rec", "unit", "unit_from") and found.grad_bias_rec.dims == ("gate_rec", "unit")
    assert found.preactivation.sizes["gate"] == found.grad_preactivation.sizes["gate"] == 3
    assert Wave.random(UNITS, INPUTS)["w_in"].dims == ("unit", "input") and "w_rec" not in Wave.random(2).parameters


def test_preactivations_of_a_gate_apart_are_what_the_equation_makes_of_both_parts():
    net, (x, _) = family(Mixed), data()
    found, p = rs.simulate(net, x, keep=("state", "preactivation")), whole(net)
    h, sigma = found.state.values, 1.0 / (1.0 + np.exp(-found.preactivation.sel(gate="z").values))
    n_x = x @ p["w_in"][0].T + p["bias_in"][0]
    n_h = h[:, :-1] @ p["w_rec"][0].T + p["bias_rec"][0]
    np.testing.assert_allclose(found.preactivation.sel(gate="n")[:, 1:], n_x + sigma[:, 1:] * n_h, rtol=1e-12)


def test_networks_survive_pickling_where_their_class_is_known_and_where_it_is_not():
    net, (x, y) = family(Adaptive, seed=rs.axis("seed", range(2))), data()
    again = pickle.loads(pickle.dumps(net))
    assert type(again) is Adaptive
    xr.testing.assert_identical(rs.backprop(again, x, y), rs.backprop(net, x, y))

    class Local(Adaptive):
        def step(s, a, p):
            return s.h + p.alpha * (tanh(2.0 * a.a - p.g * s.w) - s.h), s.w + p.beta * (s.h - s.w)

    local = family(Local)
    again = pickle.loads(pickle.dumps(local))
    assert type(again) is not Local and type(again).__name__ == "Local"
    xr.testing.assert_identical(rs.simulate(again, x), rs.simulate(local, x))


SCRIPT = """
import numpy as np, rnnsim as rs
from dask.distributed import Client, LocalCluster
from rnnsim.functions import tanh


class Tired(rs.Cell):
    states = ("h", "w")
    gates = {"a": "xh"}
    numbers = {"g": 1.0}

    def step(s, a, p):
        return 0.5 * s.h + 0.5 * tanh(a.a - p.g * s.w), s.w + 0.1 * (s.h - s.w)


if __name__ == "__main__":
    net = Tired.random(2, 1, seed=rs.axis("seed", range(4)), g=rs.axis("g", [0.5, 1.0]))
    x = np.ones((3, 1))
    direct = rs.simulate(net, x)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster, Client(cluster) as client:
        by_dask = rs.sweep(rs.simulate, net, x, client=client, memory="1kB", progress=False)
    by_process = rs.sweep(rs.simulate, net, x, workers=2, memory="1kB", progress=False)
    assert by_dask.state.equals(direct.state) and by_process.state.equals(direct.state)
    print("equal")
"""


def test_a_class_in_a_script_reaches_processes_and_dask(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip().endswith("equal"), done.stderr[-2000:]


def step_of(text):
    """A class with this step."""

    def made(**declared):
        given = {"states": ("h",), "gates": {"a": "xh"}, "step": text} | declared
        return type("Mine", (rs.Cell,), given)

    return made


def one(s, a, p):
    return tanh(a.a)


def branching(s, a, p):
    return a.a if a.a > 0 else 0.0 * a.a


MISTAKES = [
    (
        lambda: step_of(lambda s, a, p: (a.a, s.h))(),
        ValueError,
        r"Mine\.step returns 2 numbers; it needs one for each of its states",
    ),
    (lambda: step_of(lambda s, a, p: math.tanh(a.a))(), TypeError, r"function that needs a number.*function of rnnsim\.functions"),
    (
        lambda: step_of(lambda s, a, p: np.tanh(a.a))(),
        TypeError,
        r"a function of NumPy; it needs the function of rnnsim\.functions",
    ),
    (lambda: step_of(branching)(), TypeError, r"whether a symbol is true.*rnnsim\.functions\.where"),
    (lambda: step_of(lambda s, a, p: tanh(a.z))(), TypeError, r"reads a\.z; the pre-activations are a"),
    (lambda: step_of(lambda s, a, p: tanh(a.a) * p.tau)(), TypeError, r"reads p\.tau; the numbers are none"),
    (lambda: step_of(lambda s, a, p: "new")(), TypeError, r"returned a str for h"),
    (lambda: step_of(lambda s, a, p: a.a.sum())(), TypeError, r"asks a symbol for sum"),
    (lambda: step_of(lambda s, a, p: 1 / 0)(), TypeError, r"raises ZeroDivisionError"),
    (lambda: step_of(one)(gates={"a": "xh", "b": "x"}), ValueError, r"does not read a\.b"),
    (lambda: step_of(one)(numbers={"tau": 1.0}), ValueError, r"does not read p\.tau"),
    (lambda: step_of(one)(gates={"a": "hx"}), ValueError, r"gates\['a'\] was given as 'hx'; it needs one of x, h, xh, x\|h"),
    (lambda: step_of(one)(gates={"a": "h"}), ValueError, r"at least one gate needs to read the input"),
    (lambda: step_of(one)(states="h0 w"), ValueError, r"Mine\.states was given as"),
    (lambda: step_of(one)(numbers={"w_rec": 1.0}), ValueError, r"'w_rec', a name that is taken"),
    (lambda: step_of(one)(numbers={"gain": 1.0}), ValueError, r"'gain', a name that is taken"),
    (lambda: step_of(one)(numbers={"tau": "10"}), TypeError, r"numbers\['tau'\] was given as '10'; it needs a number"),
    (lambda: step_of(lambda s, a: a.a)(), TypeError, r"step takes \(s, a\); it needs"),
    (lambda: step_of(5)(), TypeError, r"step was given an int; it needs a function"),
    (lambda: type("Mine", (rs.Cell,), {"states": ("h",)}), TypeError, r"Mine has no gates"),
    (lambda: rs.Cell(1.0, 1.0), TypeError, r"needs a subclass of it"),
    (lambda: Adaptive(1.0), TypeError, r"missing a required argument: 'w_rec'; it takes w_in, w_rec, bias, h0, w0"),
    (lambda: Adaptive(1.0, 1.0, tau=1.0), TypeError, r"tau"),
    (lambda: Adaptive.random(3, tau=1.0), TypeError, r"tau"),
    (lambda: Mixed(np.ones((2, 3, 1)), np.ones((2, 3, 3))), ValueError, r"w_in has 2 gates, but a Mixed needs 3 \(n, z, u\)"),
    (lambda: Mixed(np.ones((3, 3, 1)), np.ones((3, 3, 3))), ValueError, r"w_rec has 3 gates, but a Mixed needs 2 \(n, u\)"),
    (lambda: rs.Stack([Adaptive(1.0, 1.0), rs.Elman(1.0, 1.0, leak=1.5)]), ValueError, r"leak was given the value 1\.5"),
    (
        lambda: rs.simulate(rs.Elman(1.0, 1.0), [1.0], keep="w_state"),
        ValueError,
        r"'w_state'; it needs a family of \w+s, and this is one of Elmans",
    ),
    (lambda: rs.check_cell(3), TypeError, r"cell was given an int; it needs a subclass of rs\.Cell"),
]


@pytest.mark.parametrize(("mistake", "error", "text"), MISTAKES)
def test_mistakes_get_one_sentence(mistake, error, text):
    with pytest.raises(error, match=text) as caught:
        mistake()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@KINDS
def test_check_cell_finds_nothing(kind):
    found = rs.check_cell(kind)
    assert found.error.max() < 1e-12 and {"step", "pullback", "pull_numbers", "pullback_tangent"} <= {*found.rule.values}


def test_check_cell_finds_a_wrong_rule(monkeypatch):
    wrong = type("Broken", (rs.Cell,), {"states": ("h",), "gates": {"a": "xh"}, "step": lambda s, a, p: 3.0 * tanh(a.a)})
    twice = lambda cell, constants, partials, g: ((-0.0,), (6.0 * partials[0] * g[0],))  # noqa: E731
    monkeypatch.setattr(type(tracked(wrong.random(1).cell)), "pullback", twice)
    with pytest.raises(ValueError, match="the rule pullback differs from complex steps by"):
        rs.check_cell(wrong)


def test_derived_source_can_be_read(capsys):
    Adaptive.derived()
    assert "def pullback(cell, constants, partials, g):" in capsys.readouterr().out


def test_names_of_other_cells_are_free_where_they_mean_the_same():
    def step(s, a, p):
        return s.h + p.tau_of_this * tanh(a.a)

    declared = {"states": ("h",), "gates": {"a": "xh"}, "numbers": {"tau_of_this": 1.0}, "step": step}
    type("First", (rs.Cell,), declared), type("Second", (rs.Cell,), declared)
    with pytest.raises(ValueError, match="'w0', a name that is taken"):
        type("Third", (rs.Cell,), {**declared, "numbers": {"w0": 1.0}, "step": lambda s, a, p: p.w0 * tanh(a.a)})
