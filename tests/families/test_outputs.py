"""Cells of which something else than the first state is read: every verb against NumPy, and what mistakes are told."""

import math
import pickle

import numpy as np
import pytest
import xarray as xr
from own_cells import READ, WITH_OUTPUTS, Plastic, Voltage, orbit, whole

import rnnsim as rs
from rnnsim.equations.symbolic.tracing import tracked
from rnnsim.functions import sigmoid, tanh
from rnnsim.numerics import thread_state

UNITS, INPUTS, SAMPLES, STEPS = 3, 2, 2, 6
TINY = 1e-30
KINDS = pytest.mark.parametrize("kind", WITH_OUTPUTS, ids=lambda kind: kind.__name__)


def family(kind, **given):
    """A random family with numbers, biases and starts that differ from unit to unit."""
    rng = np.random.default_rng(5)
    numbers = {name: value * rng.uniform(0.7, 1.2, UNITS) for name, value in kind.numbers.items()}
    starts = {name: rng.normal(size=UNITS) for name in kind.STARTS[1:]}
    return kind.random(UNITS, INPUTS, gain=1.3, h0="gaussian", bias="gaussian", **{**numbers, **starts, "seed": 3, **given})


def data(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(SAMPLES, STEPS, INPUTS)), rng.normal(size=(SAMPLES, STEPS, UNITS))


def kept_of(net):
    return [name for member in net.members for name in member.states]


def read(kind, p, x):
    """What is read at steps 1…T."""
    return READ[kind](orbit(kind, p, x))[:, 1:]


def step_of(kind, p, x):
    """The map of all states, one after the other, with the input x."""

    def step(s):
        starts = dict(zip(kind.STARTS, s.reshape(-1, UNITS), strict=True))
        return orbit(kind, p | starts, x[None, None])[:, 0, 1].reshape(-1)

    return step


def jacobian(step, s):
    columns = [np.imag(step(s + 1j * TINY * unit)) / TINY for unit in np.eye(s.size)]
    return np.stack(columns, axis=1)


def jacobians(kind, net, x):
    """Those of each step of an orbit with the inputs x (step, input)."""
    p = whole(net)
    s, found = np.concatenate([p[name] for name in kind.STARTS]), []
    for here in x:
        step = step_of(kind, p, here)
        found.append(jacobian(step, s))
        s = step(s)
    return found


def test_states_outputs_and_gradients_are_those_of_the_equation():
    kind, net, (x, y) = Plastic, family(Plastic), data()
    kept, p = kept_of(net), whole(net)
    found, states = rs.backprop(net, x, y, keep=(*kept, "output", "increment", "cost", "grad")), orbit(kind, p, x)
    for name, exact in zip(kept, states, strict=True):
        np.testing.assert_allclose(found[name], exact, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.output[:, 1:], READ[kind](states)[:, 1:], rtol=1e-12)
    np.testing.assert_allclose(found.increment[:, 1:], np.diff(states[0], axis=1), rtol=1e-9, atol=1e-14)
    assert np.isnan(found.output[:, 0]).all() and {f"grad_{name}" for name in p} <= {*found.data_vars}
    np.testing.assert_allclose(found.cost, np.mean((read(kind, p, x) - y) ** 2), rtol=1e-12)
    for name, values in p.items():
        exact = np.empty(values.shape)
        for place in np.ndindex(values.shape):
            moved = values.astype(complex)
            moved[place] += 1j * TINY
            exact[place] = np.imag(np.mean((read(kind, p | {name: moved}, x) - y) ** 2)) / TINY
        np.testing.assert_allclose(found[f"grad_{name}"], exact, rtol=1e-10, atol=1e-14, err_msg=name)


def test_grad_state_is_the_derivative_by_the_first_state_at_every_step():
    net, (x, y) = family(Plastic), data()
    found, p = rs.backprop(net, x, y, keep="grad_state").grad_state.values, whole(net)
    states = orbit(Plastic, p, x)
    for k in range(STEPS + 1):
        starts = [state.astype(complex) for state in states[:, :, k]]
        for unit in range(UNITS):
            moved = [starts[0] + 1j * TINY * np.eye(UNITS)[unit], *starts[1:]]
            orbits = orbit(Plastic, p | dict(zip(Plastic.STARTS, moved, strict=True)), x[:, k:])
            outputs, first = READ[Plastic](orbits), 1 if k == 0 else 0
            costs = ((outputs[:, first:] - y[:, k - 1 + first :]) ** 2).sum(axis=(1, 2)) / y.size
            np.testing.assert_allclose(found[:, k, unit], np.imag(costs) / TINY, rtol=1e-9, atol=1e-14)


def test_a_network_alone_is_what_it_is_in_a_grid_on_any_threads_and_float32_is_near():
    x, y = data()
    net = family(Plastic, seed=rs.axis("seed", range(5)), U=rs.axis("share", [0.2, 0.3, 0.4]))
    together = rs.backprop(net, x, y)
    with thread_state.settings(threads=1):
        xr.testing.assert_identical(rs.backprop(net, x, y), together)
    alone = rs.backprop(net.isel(seed=4, share=1), x, y)
    for name, values in alone.data_vars.items():
        np.testing.assert_array_equal(values, together[name].isel(seed=4, share=1), err_msg=name)
    single, double = (rs.simulate(net, x, keep=("state", "output"), dtype=dtype) for dtype in ("float32", "float64"))
    for name in ("state", "output"):
        np.testing.assert_allclose(single[name], double[name], rtol=1e-5, atol=1e-5)


def test_a_long_run_in_pieces_is_one_run():
    """The state after some steps as the start of the next: what is read of it is found again."""
    net, x = family(Plastic), np.random.default_rng(3).normal(size=(40, INPUTS))
    kept = kept_of(net)
    once, first = rs.simulate(net, x, keep=kept), rs.simulate(net, x[:25], keep=kept)
    starts = {start: first[name].isel(step=-1).values for start, name in zip(Plastic.STARTS, kept, strict=True)}
    then = rs.simulate(net.replace(**starts), x[25:], keep=kept)
    for name in kept:
        np.testing.assert_allclose(then[name], once[name].isel(step=slice(25, None)), rtol=1e-13, atol=1e-15)


def test_exponents_are_as_many_as_states_and_obey_the_sum_rule():
    kind, net, x = Plastic, family(Plastic), np.random.default_rng(1).normal(size=(40, INPUTS))
    found = rs.lyapunov(net, x, keep=("lyapunov_exponent", "sum_rule_residual"))
    assert found.sizes["exponent"] == UNITS * len(kind.states) and abs(found.sum_rule_residual) < 1e-11
    Q, logs = np.eye(UNITS * len(kind.states)), 0.0
    for J in jacobians(kind, net, x):
        Q, R = np.linalg.qr(J @ Q)
        logs = logs + np.log(np.abs(np.diag(R)))
    np.testing.assert_allclose(found.lyapunov_exponent.sum(), logs.sum() / len(x), rtol=1e-10)


def test_exponents_of_voltages_at_rest_are_logarithms_of_eigenvalues():
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(UNITS, UNITS))
    w_rec, alpha = 0.25 * (matrix + matrix.T), 0.3
    net = Voltage(np.zeros((UNITS, 1)), w_rec, 0.2, h0=rng.normal(size=UNITS), alpha=alpha)
    v = rs.simulate(net, np.zeros((3000, 1)), keep="final_state").final_state.values
    np.testing.assert_allclose(v, w_rec @ np.tanh(v) + 0.2, rtol=1e-10)
    eigenvalues = np.linalg.eigvals((1 - alpha) * np.eye(UNITS) + alpha * w_rec / np.cosh(v) ** 2)
    found = rs.lyapunov(net.replace(h0=v * (1 + 1e-9)), steps=20, discard=400, keep="lyapunov_exponent")
    np.testing.assert_allclose(found.lyapunov_exponent, np.sort(np.log(np.abs(eigenvalues)))[::-1], rtol=1e-7)


def test_propagation_is_of_the_states_alone():
    net, x = family(Plastic), data()[0][0]
    found = rs.propagation(net, x, keep=("log_singular_value", "log_determinant"))
    product = np.linalg.multi_dot(jacobians(Plastic, net, x)[::-1])
    np.testing.assert_allclose(found.log_singular_value.isel(lag=-1), np.log(np.linalg.svd(product)[1]), rtol=1e-7)
    np.testing.assert_allclose(found.log_determinant.isel(lag=-1), np.log(abs(np.linalg.det(product))), rtol=1e-9)
    with pytest.raises(ValueError, match=r"targets was given, but a Plastic is read by its output"):
        rs.propagation(net, x, targets=np.zeros(UNITS))


def test_fixed_points_and_multipliers_are_those_of_the_equation():
    net, x = family(Plastic), np.full(INPUTS, 0.3)
    found, step = rs.fixed_points(net, x, starts=20), step_of(Plastic, whole(net), x)
    assert found.point_count >= 1 and found.sizes["mode"] == 3 * UNITS
    for point in range(int(found.point_count)):
        here = found.isel(point=point)
        s = np.concatenate([here[name].values for name in kept_of(net)])
        np.testing.assert_allclose(step(s), s, rtol=1e-10, atol=1e-12)
        exact = np.sort(np.abs(np.linalg.eigvals(jacobian(step, s))))[::-1]
        np.testing.assert_allclose(np.abs(here.multiplier_real + 1j * here.multiplier_imag), exact, rtol=1e-8)


def test_bifurcations_of_a_voltage_are_where_they_are():
    """v = w tanh(v) + b: a pitchfork at w = 1, and folds at w = 2 where tanh(v)² is ½; its rate is no branch of its own."""
    found = rs.bifurcations(Voltage(0.0, rs.axis("w", [0.5, 1.5])), "w")
    np.testing.assert_allclose(found.w.values[:1], 1.0, atol=1e-10)
    found, r = rs.bifurcations(Voltage(0.0, 2.0, rs.axis("b", [-2.0, 2.0])), "b"), math.sqrt(0.5)
    fold = 2.0 * r - math.atanh(r)
    assert found.point_count == 2
    np.testing.assert_allclose(found.b.values[:2], [-fold, fold], rtol=1e-10)


def test_orbits_and_basins_of_voltages():
    state = rs.fixed_points(Voltage(0.0, 2.0)).state.max("point").values
    ends = rs.basins(Voltage(0.0, 2.0, h0=np.array([-1.0, 0.5, 2.0, -0.1])), keep=("attractor", "attractor_state"))
    np.testing.assert_array_equal(ends.attractor == ends.attractor[0], [True, False, False, True])
    np.testing.assert_allclose(np.abs(ends.attractor_state.values[:2, 0]), np.ravel(state)[0], rtol=1e-9)
    found = rs.orbit_diagram(Voltage(0.0, 2.0, h0=0.1), along=None, discard=500)
    np.testing.assert_allclose(found.orbit, np.ravel(state)[0], rtol=1e-12)
    assert found.period == 1


def test_hessians_are_differences_of_gradients():
    net, (x, y), parameters, size = family(Plastic), data(), ("bias", "h0", "u0"), 1e-6
    found = rs.curvature(net, x, y, parameters=parameters, keep=("hessian", "gradient"))
    p = whole(net)

    def gradient(name, moved):
        of_moved = rs.backprop(net.replace(**{name: moved}), x, y, keep=[f"grad_{name}" for name in parameters])
        return np.concatenate([of_moved[f"grad_{name}"].values.reshape(-1) for name in parameters])

    np.testing.assert_allclose(found.gradient, gradient("bias", p["bias"]), rtol=1e-10)
    rows = [(name, place) for name in parameters for place in np.ndindex(p[name].shape)]
    for row, (name, place) in zip(found.hessian.values, rows, strict=True):
        moved = [p[name].copy(), p[name].copy()]
        moved[0][place] += size
        moved[1][place] -= size
        exact = (gradient(name, moved[0]) - gradient(name, moved[1])) / (2 * size)
        np.testing.assert_allclose(row, exact, rtol=1e-5, atol=1e-8)


def test_training_moves_starts_and_numbers_by_their_gradients():
    net, (x, y), trained = family(Plastic), data(), ("w_rec", "h0", "u0", "alpha")
    gradient = rs.backprop(net, x, y)
    run = rs.train(net, x, y, optimizer=rs.SGD(0.1), epochs=1, train=trained)
    for name in trained:
        moved = net[name].values - 0.1 * gradient[f"grad_{name}"].values
        np.testing.assert_allclose(run[name].isel(epoch=-1), moved, rtol=1e-12, atol=1e-15)


def test_a_penalty_of_states_is_of_what_is_read():
    net, (x, y) = family(Plastic), data()
    plain, penal = (rs.backprop(net, x, y, keep="cost", penalty=penalty).cost for penalty in (None, {"state": 0.3}))
    np.testing.assert_allclose(penal - plain, 0.3 * np.mean(read(Plastic, whole(net), x) ** 2), rtol=1e-9)


def test_layers_above_and_readouts_read_what_is_read():
    rng, x = np.random.default_rng(0), np.random.default_rng(1).normal(size=(5, INPUTS))
    layers = [family(Plastic), Voltage.random(2, UNITS, gain=2.0, seed=1, h0=0.3), rs.Elman.random(2, 2, seed=4)]
    net = rs.Stack(layers, readout=rs.Readout.random(2, 2))
    found = rs.backprop(net, x, np.zeros(2), keep=("grad", "state_0", "x_state_0", "u_state_0", "state_1", "grad_state_0"))
    h = np.array([found.state_0.values, found.u_state_0.values, found.x_state_0.values])
    alone = rs.simulate(layers[1], READ[Plastic](h)[1:]).state
    np.testing.assert_allclose(found.state_1, alone, rtol=1e-12)
    np.testing.assert_allclose(found.grad_state_0[0], found.grad_h0_0, rtol=1e-12)
    for name in ("h0_0", "x0_0", "w_in_1", "w_rec_0", "w_in_2"):
        gradient, values = found[f"grad_{name}"], np.broadcast_to(net[name].values, found[f"grad_{name}"].shape)
        along, size = rng.normal(size=values.shape), 1e-6
        moved = [values + h * along for h in (size, -size)]
        costs = [float(rs.backprop(net.replace(**{name: m}), x, np.zeros(2), keep="cost").cost) for m in moved]
        np.testing.assert_allclose((gradient * along).sum(), (costs[0] - costs[1]) / (2 * size), rtol=1e-5, atol=1e-9)
    spectrum = rs.lyapunov(net, x, keep=("lyapunov_exponent", "sum_rule_residual"))
    assert spectrum.sizes["exponent"] == 3 * UNITS + 4 and abs(spectrum.sum_rule_residual) < 1e-11
    propagated = rs.propagation(net, x, keep="log_determinant").log_determinant.isel(lag=-1)
    np.testing.assert_allclose(propagated / len(x), spectrum.lyapunov_exponent.sum(), rtol=1e-9)


def test_noise_is_that_of_a_cell_without_an_output():
    def step(s, a, p, xi):
        return s.v + 0.3 * (a.a - s.v) + p.sigma * xi

    declared = {"states": ("v",), "gates": {"a": "x"}, "numbers": {"sigma": 0.2}, "step": step}
    plain, rate = type("Loud", (rs.Cell,), declared), type("LoudRate", (rs.Cell,), {**declared, "output": lambda s: tanh(s.v)})
    x = np.random.default_rng(0).normal(size=(5, INPUTS))
    found = [rs.simulate(kind.random(UNITS, INPUTS), x, noise_seed=4).state for kind in (plain, rate)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-13)
    again = rs.simulate(pickle.loads(pickle.dumps(rate.random(UNITS, INPUTS))), x, noise_seed=4).state
    np.testing.assert_array_equal(again, found[1])


def test_an_output_that_is_the_first_state_is_none():
    kind = type("Same", (rs.Cell,), {**declared_of(Voltage), "output": lambda s: s.v})
    plain = type("Same", (rs.Cell,), declared_of(Voltage))
    assert type(kind.random(2).cell) is type(plain.random(2).cell) and kind.equation_hash == plain.equation_hash


def declared_of(kind):
    found = {name: getattr(kind, name) for name in ("states", "gates", "numbers")}
    return found | {"step": kind.__dict__["step"]}


def test_outputs_are_pickled_and_part_of_the_equation():
    again = pickle.loads(pickle.dumps(family(Plastic)))
    assert type(again) is Plastic
    kinds = [
        type("Local", (rs.Cell,), {**declared_of(Voltage), "output": f}) for f in (lambda s: tanh(s.v), lambda s: sigmoid(s.v))
    ]
    assert len({kind.equation_hash for kind in (*kinds, Voltage)}) == 3
    assert type(kinds[0].random(2).cell) is not type(kinds[1].random(2).cell)
    net, x = family(kinds[1]), data()[0]
    again = pickle.loads(pickle.dumps(net))
    assert type(again) is not kinds[1] and type(again).equation_hash == kinds[1].equation_hash
    xr.testing.assert_identical(rs.simulate(again, x, keep="output"), rs.simulate(net, x, keep="output"))


def test_derived_source_has_the_output(capsys):
    Voltage.derived()
    assert "def pull_output(cell, own, g_read):" in capsys.readouterr().out


@KINDS
def test_check_cell_finds_nothing(kind):
    found = rs.check_cell(kind)
    assert found.error.max() < 1e-12
    assert {"output", "output_slopes", "push_output", "pull_output", "turn_output"} <= {*found.rule.values}


def test_check_cell_finds_a_wrong_slope(monkeypatch):
    wrong = type("Broken", (rs.Cell,), {**declared_of(Voltage), "output": lambda s: 3.0 * tanh(s.v)})
    twice = lambda cell, own, g_read: (2.0 * g_read[0],)  # noqa: E731
    monkeypatch.setattr(type(tracked(wrong.random(1).cell)), "pull_output", twice)
    with pytest.raises(ValueError, match="the rule pull_output differs from complex steps by"):
        rs.check_cell(wrong)


def test_a_readout_makes_the_output_of_what_is_read():
    net, (x, _) = family(Voltage), data()
    readout = rs.Readout.random(UNITS, 2)
    found = rs.simulate(rs.Stack([net], readout=readout), x, keep=("state", "output"))
    exact = np.tanh(found.state.values) @ readout.parameters["w_out"].values.T + readout.parameters["b_out"].values
    np.testing.assert_allclose(found.output[:, 1:], exact[:, 1:], rtol=1e-12)


MISTAKES = [
    (lambda s: s.w, TypeError, r"Mine\.output cannot be derived: it reads s\.w; the states are v"),
    (lambda s: math.tanh(s.v), TypeError, r"Mine\.output cannot be derived: .*function of rnnsim\.functions"),
    (lambda s: np.tanh(s.v), TypeError, r"a function of NumPy; it needs the function of rnnsim\.functions"),
    (lambda s: (s.v, tanh(s.v)), ValueError, r"Mine\.output returns 2 numbers; it needs one, which w_rec"),
    (lambda s, p: p.alpha * s.v, TypeError, r"Mine\.output takes \(s, p\); it needs the states alone: def output\(s\)"),
    (lambda s: 1.0, ValueError, r"Mine\.output reads none of the states"),
    (lambda s: "rate", TypeError, r"Mine\.output cannot be derived: it returned a str for what is read"),
    (5, TypeError, r"Mine\.output was given an int; it needs a function, def output\(s\)"),
]


@pytest.mark.parametrize(("output", "error", "text"), MISTAKES)
def test_mistakes_get_one_sentence(output, error, text):
    with pytest.raises(error, match=text) as caught:
        type("Mine", (rs.Cell,), {**declared_of(Voltage), "output": output})
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_other_networks_have_no_output_of_their_own():
    with pytest.raises(TypeError, match="defines output, which nothing would call"):
        type("Mine", (rs.Elman,), {"output": lambda s: s.h})
