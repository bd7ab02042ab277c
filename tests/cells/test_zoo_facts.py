"""What is known exactly of each cell: limits in which it is another, exponents, fixed points, volumes."""

import numpy as np
import pytest
import reference_zoo

import rnnsim as rs

UNITS, INPUTS, SHUT = 4, 2, 1000.0  # a pre-activation whose sigmoid is 0 or 1 to all digits


def weights(rng, gates=2):
    return rng.normal(size=(gates, UNITS, INPUTS)), rng.normal(size=(gates, UNITS, UNITS)) / UNITS**0.5


def inputs(rng, steps=12):
    return rng.normal(size=(3, steps, INPUTS))


def states(net, x):
    return rs.simulate(net, x).state.values


def test_a_ugrnn_with_its_gate_shut_is_an_elman_network_and_rests_with_it_open():
    rng = np.random.default_rng(0)
    (w_in, w_rec), x, h0 = weights(rng), inputs(rng), rng.normal(size=UNITS)
    bias = rng.normal(size=(2, UNITS))
    bias[1] = -SHUT
    shut = rs.cells.UGRNN(w_in, w_rec, bias, h0)
    np.testing.assert_allclose(states(shut, x), states(rs.Elman(w_in[0], w_rec[0], bias[0], h0), x), rtol=1e-14, atol=1e-15)
    bias[1] = SHUT
    np.testing.assert_array_equal(states(shut.replace(bias=bias), x), np.broadcast_to(h0, (3, 13, UNITS)))


def test_a_janet_without_beta_is_a_ugrnn():
    rng = np.random.default_rng(1)
    (w_in, w_rec), x, bias = weights(rng), inputs(rng), rng.normal(size=(2, UNITS))
    ugrnn = rs.cells.UGRNN(w_in[::-1], w_rec[::-1], bias[::-1])
    np.testing.assert_allclose(states(rs.cells.JANET(w_in, w_rec, bias, beta=0.0), x), states(ugrnn, x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("weight", "count"), [(1.9, 1), (2.1, 3)])
def test_an_mgu_has_two_more_fixed_points_where_half_its_weight_is_beyond_one(weight, count):
    net = rs.cells.MGU([0.0, 0.0], [0.0, weight])  # f = 1/2, so h = tanh(weight h / 2)
    points = rs.fixed_points(net)
    assert points.point_count == count
    h = points.state.values[:count]
    np.testing.assert_allclose(h, np.tanh(weight * h / 2), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(points.multiplier_real.values[:count, 0], 0.5 + 0.25 * weight * (1 - h**2), rtol=1e-9)


def test_a_cfn_without_input_has_no_chaos():
    rng = np.random.default_rng(2)
    w_rec, bias = 20.0 * rng.normal(size=(2, UNITS, UNITS)), rng.normal(size=(3, UNITS))
    bias[2] = 0.0
    net = rs.cells.CFN(rng.normal(size=(3, UNITS, INPUTS)), w_rec, bias, 3.0 * rng.normal(size=(50, UNITS)))
    orbits = np.abs(states(net, np.zeros((50, 3000, INPUTS))))
    assert (np.diff(orbits, axis=1) <= 0.0).all() and orbits[:, -1].max() < 1e-6
    exact = np.sort(np.log(reference_zoo.sigma(bias[0])))[::-1]  # the Jacobian at 0 is diagonal: θ there
    found = rs.lyapunov(net.replace(h0=np.full(UNITS, 1e-9)), steps=100, discard=500).lyapunov_exponent
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_a_fastrnn_whose_gates_sum_to_one_is_a_leaky_elman_network():
    rng = np.random.default_rng(3)
    (w_in, w_rec), x = weights(rng, 1), inputs(rng)
    alpha = rng.normal(size=UNITS)
    fast = rs.cells.FastRNN(w_in[0], w_rec[0], alpha=alpha, beta=-alpha)
    leaky = rs.Elman(w_in[0], w_rec[0], leak=reference_zoo.sigma(alpha))
    np.testing.assert_allclose(states(fast, x), states(leaky, x), rtol=1e-12, atol=1e-15)


def test_a_min_gru_with_its_gate_open_is_its_input_and_its_exponents_are_means_of_logs():
    rng = np.random.default_rng(4)
    w_in, bias, x = rng.normal(size=(2, UNITS, INPUTS)), rng.normal(size=(2, UNITS)), rng.normal(size=(900, INPUTS))
    z = reference_zoo.sigma(x[500:] @ w_in[0].T + bias[0])
    exact = np.sort(np.log1p(-z).mean(axis=0))[::-1]
    np.testing.assert_allclose(rs.lyapunov(rs.cells.minGRU(w_in, bias), x, discard=500).lyapunov_exponent, exact, rtol=1e-10)
    bias[0] = SHUT
    found = states(rs.cells.minGRU(w_in, bias, 1.0), x)
    np.testing.assert_allclose(found[1:], x @ w_in[1].T + bias[1], rtol=1e-13)


def test_a_min_lstm_is_a_min_gru_of_the_share_that_its_gates_let_in():
    rng = np.random.default_rng(5)
    bias, x = rng.normal(size=(3, UNITS)), inputs(rng)
    f, i = reference_zoo.sigma(bias[:2])
    w_in = np.zeros((3, UNITS, INPUTS))
    w_in[2] = rng.normal(size=(UNITS, INPUTS))
    same = rs.cells.minGRU(w_in[1:], np.stack([np.log(i / f), bias[2]]))  # σ(ln(i/f)) = i / (f + i)
    np.testing.assert_allclose(states(rs.cells.minLSTM(w_in, bias), x), states(same, x), rtol=1e-12, atol=1e-15)


def test_an_lru_is_the_powers_of_its_eigenvalues_whose_logarithms_are_its_exponents():
    rng = np.random.default_rng(6)
    nu_log, theta_log, gamma_log = rng.normal(size=(3, UNITS))
    eigenvalues = np.exp(-np.exp(nu_log) + 1j * np.exp(theta_log))
    w_in, x = rng.normal(size=(2, UNITS, INPUTS)), rng.normal(size=(9, INPUTS))
    net = rs.cells.LRU(w_in, nu_log=nu_log, theta_log=theta_log, gamma_log=gamma_log)
    driven = np.exp(gamma_log) * (x @ (w_in[0] + 1j * w_in[1]).T)
    exact = [sum(eigenvalues ** (k - j - 1) * driven[j] for j in range(k)) for k in range(1, 10)]
    found = rs.simulate(net, x, keep=("state", "im_state"))
    np.testing.assert_allclose(found.state[1:] + 1j * found.im_state[1:], exact, rtol=1e-11, atol=1e-13)
    exponents = np.sort(np.repeat(np.log(np.abs(eigenvalues)), 2))[::-1]
    np.testing.assert_allclose(rs.lyapunov(net.replace(h0=1.0), steps=100, discard=500).lyapunov_exponent, exponents, rtol=1e-9)


def test_a_unicornn_keeps_volume():
    rng = np.random.default_rng(7)
    w_in, x = rng.normal(size=(UNITS, INPUTS)), rng.normal(size=(200, INPUTS))
    net = rs.cells.UnICORNN(w_in, w=rng.normal(size=UNITS), c=rng.normal(size=UNITS), dt=0.5)
    np.testing.assert_allclose(rs.lyapunov(net, x).lyapunov_exponent.sum(), 0.0, atol=1e-12)
    p = {name: np.broadcast_to(net[name].values, net[name].shape) for name in net.parameter_names}
    J = reference_zoo.jacobian("UnICORNN", p, x[0], rng.normal(size=(2, UNITS)))
    np.testing.assert_allclose(np.linalg.det(J), 1.0, rtol=1e-12)


def test_a_unicornn_of_small_angles_turns_by_the_angle_of_the_leapfrog():
    step = 0.5 * 0.4  # dt σ(0)
    net = rs.cells.UnICORNN(0.0, h0=1e-9, w=1.0, alpha=2.0, dt=0.4)  # y'' = -3 y where y is small
    found = rs.simulate(net, np.zeros(40)).state.values / 1e-9
    angle = np.arccos(1 - 1.5 * step**2)  # of the eigenvalues of [[1 - 3 step², step], [-3 step, 1]]
    k = np.arange(41)
    first = 1 - 3 * step**2
    sine = (first - np.cos(angle)) / np.sin(angle)
    np.testing.assert_allclose(found, np.cos(angle * k) + sine * np.sin(angle * k), rtol=1e-9, atol=1e-11)


def test_a_rate_unit_is_a_leaky_elman_network_and_without_adaptation_an_adaptive_one_is_too():
    rng = np.random.default_rng(8)
    (w_in, w_rec), x = weights(rng, 1), inputs(rng)
    tau = rng.uniform(2.0, 9.0, UNITS)
    leaky = states(rs.Elman(w_in[0], w_rec[0], 0.1, 0.3, leak=0.5 / tau), x)
    np.testing.assert_allclose(states(rs.cells.RateUnit(w_in[0], w_rec[0], 0.1, 0.3, tau=tau, dt=0.5), x), leaky, rtol=1e-12)
    adaptive = rs.cells.AdaptiveRateUnit(w_in[0], w_rec[0], 0.1, 0.3, g=0.0, tau=tau, dt=0.5)
    np.testing.assert_allclose(states(adaptive, x), leaky, rtol=1e-12)


def test_multipliers_of_adaptation_at_rest_are_those_of_two_by_two_blocks():
    rng = np.random.default_rng(9)
    matrix = rng.normal(size=(UNITS, UNITS))
    w_rec = (matrix + matrix.T) / 8
    a, b, g = 1 / 4.0, 1 / 20.0, 0.7
    net = rs.cells.AdaptiveRateUnit(np.zeros((UNITS, 1)), w_rec, g=g, tau=4.0, tau_w=20.0)
    points = rs.fixed_points(net, starts=np.zeros((1, 2 * UNITS)))
    blocks = [[[1 + a * (mode - 1), -a * g], [b, 1 - b]] for mode in np.linalg.eigvalsh(w_rec)]
    exact = np.sort_complex(np.concatenate(np.linalg.eigvals(blocks)))
    found = points.isel(point=0)
    np.testing.assert_array_equal(found.state, 0.0)
    np.testing.assert_allclose(np.sort_complex(found.multiplier_real + 1j * found.multiplier_imag), exact, rtol=1e-9, atol=1e-12)


def test_a_rate_unit_behind_a_synapse_of_one_step_reads_the_inputs_of_the_step_before():
    rng = np.random.default_rng(10)
    (w_in, _), x = weights(rng, 1), inputs(rng)
    none = np.zeros((UNITS, UNITS))
    late = rs.cells.SynapticRateUnit(w_in[0], none, tau=4.0, tau_syn=1.0)
    plain = rs.cells.RateUnit(w_in[0], none, tau=4.0)
    np.testing.assert_allclose(states(late, x)[:, 1:], states(plain, x)[:, :-1], rtol=1e-13, atol=1e-16)


def test_voltages_are_what_the_rates_of_the_other_form_sum_up_to():
    rng = np.random.default_rng(11)
    (w_in, w_rec), bias, h0, x = weights(rng), rng.normal(size=UNITS), rng.normal(size=UNITS), rng.normal(size=INPUTS)
    stays = np.broadcast_to(x, (1, 30, INPUTS))
    summed = w_in[0] @ x + bias
    h = states(rs.cells.RateUnit(w_in[0], w_rec[0], bias, h0, tau=3.0), stays)
    v = states(rs.cells.VoltageUnit(w_in[0], w_rec[0], bias, w_rec[0] @ h0 + summed, tau=3.0), stays)
    np.testing.assert_allclose(v, h @ w_rec[0].T + summed, rtol=1e-12, atol=1e-13)


def test_voltages_at_rest_have_as_many_exponents_as_units():
    rng = np.random.default_rng(12)
    matrix = rng.normal(size=(UNITS, UNITS))
    w_rec = (matrix + matrix.T) / 8
    net = rs.cells.VoltageUnit(np.zeros((UNITS, 1)), w_rec, h0=1e-12, tau=4.0)
    exact = np.sort(np.log(np.abs(1.0 + 0.25 * (np.linalg.eigvalsh(w_rec) - 1.0))))[::-1]
    found = rs.lyapunov(net, steps=100, discard=500, keep="lyapunov_exponent").lyapunov_exponent
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_synapses_at_a_constant_rate_rest_where_mongillo_barak_and_tsodyks_say():
    rng = np.random.default_rng(13)
    h, U, tau_f, tau_d = rng.normal(3.0, 1.0, size=UNITS), rng.uniform(0.1, 0.6, UNITS), 1.5, 0.2
    none = np.zeros((UNITS, UNITS))
    net = rs.cells.PlasticRateUnit(np.zeros((UNITS, 1)), none, h, h0=h, u0=U, x0=1.0, U=U, dt=0.01)
    found = rs.simulate(net, np.zeros((5000, 1)), keep=("final_u_state", "final_x_state"))
    r = np.log1p(np.exp(h))
    u = U * (1 + tau_f * r) / (1 + U * tau_f * r)
    np.testing.assert_allclose(found.final_u_state, u, rtol=1e-10)
    np.testing.assert_allclose(found.final_x_state, 1 / (1 + u * tau_d * r), rtol=1e-10)


def test_synapses_without_spikes_recover_exponentially():
    net = rs.cells.PlasticRateUnit(0.0, 0.0, -SHUT, -SHUT, 0.7, 0.4, U=0.3, dt=0.01)
    found, k = rs.simulate(net, np.zeros(200), keep=("u_state", "x_state", "output")), np.arange(201)
    np.testing.assert_allclose(found.u_state, 0.3 + 0.4 * (1 - 0.01 / 1.5) ** k, rtol=1e-12)
    np.testing.assert_allclose(found.x_state, 1 - 0.6 * (1 - 0.01 / 0.2) ** k, rtol=1e-12)
    np.testing.assert_array_equal(found.output[1:], 0.0)


@pytest.mark.parametrize("seed", [None, 14, 15])
def test_fixed_points_of_a_plrnn_are_those_of_the_linear_systems_of_its_regions(seed):
    A, w_rec, bias = np.full(2, 0.5), np.array([[0.0, -1.0], [-1.0, 0.0]]), np.full(2, 0.5)  # each unit may silence the other
    if seed:
        rng = np.random.default_rng(seed)
        A, w_rec, bias = rng.uniform(0.1, 0.9, 2), rng.normal(size=(2, 2)), rng.normal(size=2)
    exact = []
    for region in np.ndindex(2, 2):
        z = np.linalg.solve(np.eye(2) - np.diag(A) - w_rec * np.array(region), bias)
        if ((z > 0) == np.array(region, bool)).all():
            exact.append((z, np.sort(np.abs(np.linalg.eigvals(np.diag(A) + w_rec * np.array(region))))[::-1]))
    found = rs.fixed_points(rs.cells.PLRNN(np.zeros((2, 1)), w_rec, bias, A=A))
    assert found.point_count == len(exact) and (len(exact) == 3 or seed)
    order = sorted(range(len(exact)), key=lambda i: tuple(exact[i][0]))
    rows = sorted(range(len(exact)), key=lambda i: tuple(found.state.values[i]))
    for i, row in zip(order, rows, strict=True):
        np.testing.assert_allclose(found.state.values[row], exact[i][0], rtol=1e-12)
        multipliers = found.multiplier_real.values[row] + 1j * found.multiplier_imag.values[row]
        np.testing.assert_allclose(np.abs(multipliers), exact[i][1], rtol=1e-10)
