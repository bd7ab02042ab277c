"""What is derived from equations: how little is remembered, the right derivatives, and names that tell equations apart."""

import pickle

import numpy as np
import pytest
from own_cells import Adaptive
from scipy import special

import rnnsim as rs
from rnnsim import functions as f
from rnnsim.equations import cells, losses
from rnnsim.equations.activations import ACTIVATIONS
from rnnsim.equations.symbolic import derived_cells
from rnnsim.equations.symbolic.evaluation import evaluate
from rnnsim.equations.symbolic.expressions import Node, operations_in, text_of
from rnnsim.equations.symbolic.symbols import Symbol
from rnnsim.equations.symbolic.tracing import cell_of, tracked

X, Y = Node("leaf", "s", 0), Node("leaf", "s", 1)
NUMBERS = np.array([-2.3, -0.7, 0.4, 1.9])


@pytest.mark.parametrize(
    ("declared", "activation", "remembered"),
    [(cells.GRU, None, 5), (cells.LSTM, None, 6), (cells.Elman, "tanh", 1), (cells.Elman, "linear", 0), (Adaptive, None, 1)],
)
def test_as_little_is_remembered_as_a_person_would(declared, activation, remembered):
    assert type(cell_of(declared, activation)).partials == remembered


def test_numbers_are_remembered_for_only_if_they_are_tracked():
    assert type(cell_of(Adaptive)).partials == 1 and type(tracked(cell_of(Adaptive))).partials == 4
    assert type(cell_of(cells.LeakyElman, "tanh")).partials == 1


EXPRESSIONS = {
    "arithmetic": (lambda x, y: 2.0 * x - (y - x) / 3.0 + -x * y, lambda x, y: 2.0 * x - (y - x) / 3.0 - x * y),
    "powers": (lambda x, y: x**3 - y**-2 + 2.0**x, lambda x, y: x**3 - y**-2 + 2.0**x),
    "roots": (lambda x, y: (x * x) ** 0.5 + (1.0 + y * y) ** 1.5, lambda x, y: (x * x) ** 0.5 + (1.0 + y * y) ** 1.5),
    "choices": (
        lambda x, y: f.where(x > y, f.maximum(x, 0.5), f.minimum(y, x)) + abs(x - y),
        lambda x, y: np.where(x > y, np.maximum(x, 0.5), np.minimum(y, x)) + np.abs(x - y),
    ),
    "functions": (
        lambda x, y: f.sin(x) * f.cos(x) + f.log(1.0 + y * y) - f.log1p(f.exp(y)) + f.softplus(x),
        lambda x, y: np.sin(x) * np.cos(x) + np.log(1.0 + y * y) - np.log1p(np.exp(y)) + np.log1p(np.exp(x)),
    ),
    "general powers": (lambda x, y: (x * x) ** y, lambda x, y: (x * x) ** y),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_symbols_do_what_numbers_do(name):
    symbolic, numeric = EXPRESSIONS[name]
    node = symbolic(Symbol(X), Symbol(Y)).node
    x, y = NUMBERS, NUMBERS[::-1].copy()
    (found,) = evaluate([node], {X: x, Y: y})
    np.testing.assert_allclose(found, numeric(x, y), rtol=1e-14)
    np.testing.assert_allclose(symbolic(x, y), numeric(x, y), rtol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_all_rules_of_activations_are_complex_steps(name):
    assert rs.check_cell(rs.Elman(1.0, 1.0, activation=name, leak=0.4)).error.max() < 1e-13


EXACT = {
    "softplus": lambda a: np.log1p(np.exp(-abs(a))) + np.maximum(a, 0.0),
    "swish": lambda a: a / (1.0 + np.exp(-a)),
    "gelu": lambda a: 0.5 * a * (1.0 + special.erf(a / np.sqrt(2.0))),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0.0))),
    "hard_tanh": lambda a: np.clip(a, -1.0, 1.0),
    "threshold_linear": lambda a: np.maximum(a, 0.0),
    "power_law": lambda a: np.maximum(a, 0.0) ** 2,
}


@pytest.mark.parametrize("name", EXACT)
def test_further_activations_are_what_they_are_called(name):
    inputs = np.array([-40.0, -3.0, -1e-9, 0.3, 0.9, 5.0, 40.0])[:, None]
    found = rs.simulate(rs.Elman(1.0, 0.0, activation=name), inputs, keep="final_state").final_state
    np.testing.assert_allclose(found, EXACT[name](inputs[:, 0]), rtol=1e-14)


LOSSES = {
    "absolute": lambda y, t: abs(y - t),
    "huber": lambda y, t: np.where(abs(y - t) <= 1.0, (y - t) ** 2 / 2, abs(y - t) - 0.5),
    "poisson": lambda y, t: np.exp(y) - t * y,
    "logistic": lambda y, t: np.log1p(np.exp(y)) - t * y,
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_what_they_are_called_and_nan_does_not_count(name):
    y, target = np.array([-2.0, -0.3, 0.4, 2.5, 7.0]), np.array([1.0, 0.0, 0.5, 1.0, np.nan])
    loss, size = losses.LOSSES[name], 1e-6
    exact = LOSSES[name](y, target)[:-1]
    np.testing.assert_allclose(losses.contribution(loss, y, target), [*exact, 0.0], rtol=1e-14)
    slopes = [losses.contribution(loss, y + h, target) for h in (size, -size)]
    np.testing.assert_allclose(losses.cotangent(loss, y, target), (slopes[0] - slopes[1]) / (2 * size), rtol=1e-8)
    bends = [losses.cotangent(loss, y + h, target) for h in (size, -size)]
    tangent = losses.cotangent_tangent(loss, y, target, 1.0)
    np.testing.assert_allclose(tangent, (bends[0] - bends[1]) / (2 * size), rtol=1e-8, atol=1e-12)


def test_a_loss_of_ones_own_is_that_of_the_package_and_trains():
    net, x, y = rs.Elman.random(3, 2, seed=1), np.random.default_rng(0).normal(size=(4, 5, 2)), np.zeros((4, 3))
    own = rs.Loss(lambda y, t: (y - t) ** 2)
    for name, values in rs.backprop(net, x, y).data_vars.items():
        np.testing.assert_array_equal(rs.backprop(net, x, y, loss=own)[name], values)
    quartic = rs.Loss(lambda y, t: (y - t) ** 4)
    run = rs.train(net, x, y, loss=quartic, optimizer=rs.SGD(0.1), epochs=3)
    assert (np.diff(run.cost) < 0).all() and pickle.loads(pickle.dumps(quartic)).hash == quartic.hash != own.hash
    output = rs.simulate(net, x, keep="final_state").final_state.values
    np.testing.assert_allclose(run.cost[0], np.mean(output**4), rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "error", "text"),
    [
        ("hinge", ValueError, "loss was given as 'hinge'; it needs one of mse, .*, or an rs.Loss"),
        (abs, ValueError, "loss was given as .*; it needs one of mse"),
    ],
)
def test_what_is_no_loss_is_refused(loss, error, text):
    with pytest.raises(error, match=text):
        rs.backprop(rs.Elman(1.0, 1.0), [1.0], 0.0, loss=loss)
    with pytest.raises(ValueError, match="does not depend on its first argument, the output"):
        rs.Loss(lambda y, t: t * t)


def test_an_activation_from_one_function_is_what_its_given_derivatives_make_it():
    def bell(a):
        return f.exp(-a * a)

    given = rs.Activation(bell, lambda a: -2.0 * a * f.exp(-a * a), lambda a: (4.0 * a * a - 2.0) * f.exp(-a * a))
    x, y = np.random.default_rng(0).normal(size=(2, 4, 2)), np.zeros((2, 3))
    own, other = (rs.Elman.random(3, 2, activation=phi) for phi in (rs.Activation(bell), given))
    for verb in (rs.backprop, rs.curvature):
        found, exact = verb(own, x, y), verb(other, x, y)
        for name in exact.data_vars:
            np.testing.assert_allclose(found[name], exact[name], rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="curvature was given without slope"):
        rs.Activation(bell, curvature=bell)


def test_equal_operations_are_one_and_texts_are_those_of_what_they_say():
    twice = [(Symbol(X) * Symbol(Y) + f.tanh(Symbol(X))).node for _ in range(2)]
    assert twice[0] is twice[1] and len(operations_in(twice)) == 4
    other = (Symbol(Y) * Symbol(X) + f.tanh(Symbol(X))).node
    assert text_of([twice[0]]) == text_of([pickle.loads(pickle.dumps(twice[0]))]) != text_of([other])


def test_kernels_on_disk_that_speak_of_unknown_cells_are_no_harm():
    unknown = derived_cells.Missing_0123456789abcdef
    assert pickle.loads(pickle.dumps(unknown)) is unknown
    made = type("Missing_0123456789abcdef", (), {})
    assert derived_cells.keep("Missing_0123456789abcdef", made) is made is derived_cells.Missing_0123456789abcdef


def test_a_class_that_is_called_like_one_of_the_package_is_another_cell():
    own = type("GRU", (rs.Cell,), {"states": ("h",), "gates": dict(cells.GRU.gates), "step": cells.GRU.step})
    assert cell_of(cells.GRU) is not cell_of(own) and type(cell_of(cells.GRU)).declared is cells.GRU
    assert rs.fixed_points(rs.GRU.random(2, seed=1)).undecided == 0
