"""Each cell of `rnnsim.cells`: its states and gradients beside plain NumPy, for one unit and many, in float32, in stacks, drawn."""

import pickle

import numpy as np
import pytest
import reference_networks
import reference_zoo
from comparing import identical

import rnnsim as rs

NAMES = rs.cells.__all__
UNITS, INPUTS, SAMPLES, STEPS = 3, 2, 5, 4
SIZES = {"unit": UNITS, "unit_from": UNITS, "input": INPUTS}
POSITIVE = ("tau", "tau_w", "tau_syn", "tau_f", "tau_d")


def numbers(kind, rng):
    """Parameters of many units, (unit) at least, all different."""
    labels = {dim: len(names) for dim, names in kind.declaration.gate_labels.items()}
    found = {name: rng.normal(size=[(SIZES | labels)[dim] for dim in dims]) * 0.7 for name, dims in kind.DIMENSIONS.items()}
    return found | {name: rng.uniform(1.5, 4.0, UNITS) for name in kind.numbers if name in POSITIVE}


def data(rng):
    return rng.normal(size=(SAMPLES, STEPS, INPUTS)), rng.normal(size=(SAMPLES, STEPS, UNITS))


def of_reference(name, parameters, x, targets):
    """States, cost and gradients by all parameters."""
    starts = getattr(rs.cells, name).STARTS

    def cost(p):
        return reference_networks.mse(reference_zoo.read(name, *reference_zoo.run(name, p, starts, x))[:, 1:], targets)

    exact = reference_networks.complex_step_gradients(parameters, cost)
    return reference_zoo.run(name, parameters, starts, x), cost(parameters), exact


def test_every_cell_has_its_equation_in_numpy():
    assert reference_zoo.STEPS.keys() == {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_derived_is_what_complex_steps_give(name):
    assert rs.check_cell(getattr(rs.cells, name)).error.max() < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_states_and_gradients_are_those_of_plain_numpy(name):
    kind, rng = getattr(rs.cells, name), np.random.default_rng(NAMES.index(name))
    parameters, (x, targets) = numbers(kind, rng), data(rng)
    kept = kind.declaration.kept_states
    ds = rs.backprop(kind(**parameters), x, targets, keep=(*kept, "cost", "grad"))
    states, cost, exact = of_reference(name, parameters, x, targets)
    for variable, state in zip(kept, states, strict=True):
        np.testing.assert_allclose(ds[variable], state, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ds.cost, cost, rtol=1e-12)
    assert {f"grad_{parameter}" for parameter in exact} == {variable for variable in ds if variable.startswith("grad_")}
    for parameter, value in exact.items():
        np.testing.assert_allclose(ds[f"grad_{parameter}"], value, rtol=1e-10, atol=1e-14, err_msg=parameter)


@pytest.mark.parametrize("name", NAMES)
def test_a_scalar_network_is_one_of_one_unit(name):
    kind, rng = getattr(rs.cells, name), np.random.default_rng(NAMES.index(name))
    (x, targets), parameters = data(rng), numbers(kind, rng)
    one = {n: value[tuple(slice(1) if d in SIZES else slice(None) for d in kind.DIMENSIONS[n])] for n, value in parameters.items()}
    x, targets = x[..., :1], targets[..., :1]
    states, cost, exact = of_reference(name, one, x, targets)

    def scalar(n, value):
        return np.reshape(value, [len(value) for d in kind.DIMENSIONS[n] if d.startswith("gate")][:1] and [-1])[()]

    net = kind(**{n: scalar(n, value) for n, value in one.items()})
    ds = rs.backprop(net, x[..., 0], targets[..., 0], keep=("state", "cost", "grad"))
    assert net.scalar and "unit" not in ds.dims
    np.testing.assert_allclose(ds.state, states[0][..., 0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ds.cost, cost, rtol=1e-12)
    for parameter, value in exact.items():
        np.testing.assert_allclose(ds[f"grad_{parameter}"], scalar(parameter, value), rtol=1e-10, atol=1e-14, err_msg=parameter)


@pytest.mark.parametrize("name", ["LRU", "MGU", "AdaptiveRateUnit"])
def test_float32_is_float64_to_its_digits(name):
    kind, rng = getattr(rs.cells, name), np.random.default_rng(NAMES.index(name))
    net, (x, targets) = kind(**numbers(kind, rng)), data(rng)
    double, single = (rs.backprop(net, x, targets, keep=("state", "cost", "grad"), dtype=d) for d in ("float64", "float32"))
    assert single.state.dtype == np.float32
    for variable in single.data_vars:
        np.testing.assert_allclose(single[variable], double[variable], rtol=2e-5, atol=2e-5, err_msg=variable)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_families_have_axes_and_their_own_numbers(name):
    kind = getattr(rs.cells, name)
    net = kind.random(UNITS, INPUTS, gain=rs.axis("gain", [0.5, 1.5]), seed=rs.axis("seed", range(3)), h0="gaussian")
    assert {n: float(net[n]) for n in kind.numbers} == kind.numbers
    assert net.axes == ({"gain": 2, "seed": 3} if "w_rec" in kind.DIMENSIONS else {"seed": 3})
    assert repr(net).startswith(f"<rnnsim.cells.{name} of 3 units and 2 inputs; axes ")
    one = kind.random(UNITS, INPUTS, gain=1.5, seed=2, h0="gaussian")
    for parameter in kind.DIMENSIONS:
        found = net[parameter]
        chosen = found.sel({dim: {"gain": 1.5, "seed": 2}[dim] for dim in ("gain", "seed") if dim in found.dims})
        np.testing.assert_array_equal(chosen, one[parameter])


def test_layers_of_a_stack_are_the_networks_alone():
    rng = np.random.default_rng(0)
    lower, upper = rs.cells.LRU.random(UNITS, INPUTS, seed=1), rs.cells.CFN.random(UNITS, UNITS, seed=3)
    between = rs.GRU.random(UNITS, UNITS, seed=2)
    x, _ = data(rng)
    whole = rs.simulate(rs.Stack([lower, between, upper]), x, keep=("state_0", "state_1", "state_2", "im_state_0"))
    below = x
    for i, net in enumerate((lower, between, upper)):
        alone = rs.simulate(net, below).state
        np.testing.assert_allclose(whole[f"state_{i}"], alone, rtol=1e-13, atol=1e-15)
        below = alone.values[:, 1:]
    np.testing.assert_allclose(whole["im_state_0"], rs.simulate(lower, x, keep="im_state").im_state, rtol=1e-13, atol=1e-15)


def test_networks_are_pickled_changed_and_trained_like_others():
    rng = np.random.default_rng(0)
    net, (x, targets) = rs.cells.JANET.random(UNITS, INPUTS, beta=rs.axis("shift", [0.0, 1.0])), data(rng)
    again = pickle.loads(pickle.dumps(net))
    assert type(again) is rs.cells.JANET
    identical(rs.simulate(again, x), rs.simulate(net, x))
    identical(rs.simulate(net.sel(shift=1.0), x), rs.simulate(net.replace(beta=1.0), x))
    run = rs.train(net, x, targets, optimizer=rs.SGD(0.1), epochs=5, train=("w_in", "beta"))
    assert (run.cost.isel(epoch=-1) < run.cost.isel(epoch=0)).all() and (run.beta.isel(epoch=-1) != run.beta.isel(epoch=0)).all()
