"""Each activation and cell: its slopes against the complex step, its pullback as the transpose of its pushforward."""

import numpy as np
import pytest
from reference import SLOPES, VALUES
from registry import CELLS

import rnnsim as rs
from rnnsim.equations import cells, rules
from rnnsim.equations.symbolic.tracing import cell_of
from rnnsim.families.cell_protocol import Cell

POINTS = np.array([-30.0, -2.5, -0.3, 0.2, 0.55, 1.7, 30.0])


@pytest.mark.parametrize("name", VALUES)
def test_activations_are_what_they_are_called(name):
    phi, a = cell_of(cells.Elman, name), (POINTS,)
    (y,), partials = rules.linearize(phi, (), a, a)
    np.testing.assert_allclose(rules.step(phi, (), a, a)[0], VALUES[name](POINTS), rtol=1e-15)
    np.testing.assert_array_equal(y, rules.step(phi, (), a, a)[0])
    (slope,) = rules.pushforward(phi, (), partials, (0.0 * POINTS,), (np.ones_like(POINTS),))
    np.testing.assert_allclose(slope, SLOPES[name](POINTS), rtol=1e-14)


def make(rule, name, leak):
    cell = cell_of(rule, name)
    return cell, (np.full(POINTS.shape, leak),) * cell.constants


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize(("rule", "leak"), [(cells.Elman, 1.0), (cells.LeakyElman, 0.3), (cells.LeakyElman, 1.0)])
def test_cells_step_as_the_equation_says(rule, name, leak):
    cell, constants = make(rule, name, leak)
    s, a = (POINTS[::-1].copy(),), (POINTS,)
    (h,) = rules.step(cell, constants, s, a)
    np.testing.assert_allclose(h, (1 - leak) * s[0] + leak * VALUES[name](a[0]), rtol=1e-14)
    np.testing.assert_array_equal(rules.linearize(cell, constants, s, a)[0][0], h)


@pytest.mark.parametrize("name", ["linear", "relu"])
def test_a_leak_of_one_forgets_even_infinity(name):
    cell, constants = make(cells.LeakyElman, name, 1.0)
    s, a = (np.full(POINTS.shape, np.inf),), (POINTS,)
    (h,) = rules.step(cell, constants, s, a)
    np.testing.assert_array_equal(h, rules.step(cell_of(cells.Elman, name), (), s, a)[0])


def drawn(cell, rng, count, scale=1.0):
    """So many arrays over points, of which no pre-activation is where ReLU has a kink."""
    return tuple(scale * rng.permutation(POINTS) for _ in range(count))


def sequences(cell, seed=0):
    """Constants, states and pre-activations of a cell, two tangents of each and two cotangents of its states."""
    rng = np.random.default_rng(seed)
    constants = tuple(rng.uniform(0.1, 0.9, POINTS.size) for _ in range(cell.constants))
    s, a = drawn(cell, rng, cell.states), drawn(cell, rng, cell.gates, 0.1)
    ds, g, dg = (tuple(rng.normal(size=POINTS.size) for _ in range(cell.states)) for _ in range(3))
    return constants, s, a, ds, tuple(rng.normal(size=POINTS.size) for _ in range(cell.gates)), g, dg


def moved(values, tangents, size):
    """Each of some arrays, moved along its tangent."""
    return tuple(v + size * d for v, d in zip(values, tangents, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_linearized_steps_are_steps_to_the_bit(name):
    cell = CELLS[name]
    constants, s, a, *_ = sequences(cell)
    new, partials = rules.linearize(cell, constants, s, a)
    assert len(new) == cell.states and len(partials) == cell.partials and len(rules.report(cell, a)) >= len(cell.labels)
    for left, right in zip(new, rules.step(cell, constants, s, a), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", CELLS)
def test_pullbacks_are_the_transpose_of_pushforwards(name):
    cell = CELLS[name]
    constants, s, a, ds, da, g, _ = sequences(cell)
    _, partials = rules.linearize(cell, constants, s, a)
    out = rules.pushforward(cell, constants, partials, ds, da)
    back_s, back_a = rules.pullback(cell, constants, partials, g)
    there = sum(g_i * out_i for g_i, out_i in zip(g, out, strict=True))
    back = sum(b * d for b, d in zip((*back_s, *back_a), (*ds, *da), strict=True))
    np.testing.assert_allclose(there, back, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", CELLS)
def test_pushforwards_are_the_derivative_of_steps(name):
    cell, size = CELLS[name], 1e-7  # complex numbers do not pass through the cells' own functions
    constants, s, a, ds, da, *_ = sequences(cell)
    _, partials = rules.linearize(cell, constants, s, a)
    up, down = (rules.step(cell, constants, moved(s, ds, h), moved(a, da, h)) for h in (size, -size))
    for tangent, above, below in zip(rules.pushforward(cell, constants, partials, ds, da), up, down, strict=True):
        np.testing.assert_allclose(tangent, (above - below) / (2 * size), rtol=1e-6, atol=2e-7)


@pytest.mark.parametrize("name", CELLS)
def test_rules_of_second_order_are_tangents_of_partials_and_pullbacks(name):
    cell, size = CELLS[name], 1e-6
    constants, s, a, ds, da, g, dg = sequences(cell, 1)
    _, partials = rules.linearize(cell, constants, s, a)
    d_partials = rules.partial_tangents(cell, constants, s, a, partials, ds, da)
    found = (*d_partials, *(part for rule in rules.pullback_tangent(cell, constants, partials, d_partials, g, dg) for part in rule))

    def at(h):
        _, partials = rules.linearize(cell, constants, moved(s, ds, h), moved(a, da, h))
        return (*partials, *(part for rule in rules.pullback(cell, constants, partials, moved(g, dg, h)) for part in rule))

    assert len(found) == cell.partials + cell.states + cell.gates
    for tangent, above, below in zip(found, at(size), at(-size), strict=True):
        np.testing.assert_allclose(tangent, (above - below) / (2 * size), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_second_derivatives_keep_their_digits_where_activations_saturate(name):
    phi, a = cell_of(cells.Elman, name), np.array([-300.0, -40.0, -20.0, -3.0, 3.0, 20.0, 40.0, 300.0])
    _, partials = rules.linearize(phi, (), (a,), (a,))
    (partial_tangents,) = rules.partial_tangents(phi, (), (a,), (a,), partials, (0.0 * a,), (np.ones_like(a),))
    e = np.exp(-abs(a)) if name == "sigmoid" else np.exp(-2 * abs(a))
    exact = e * (e - 1) / (1 + e) ** 3 if name == "sigmoid" else 8 * e * (e - 1) / (1 + e) ** 3
    np.testing.assert_allclose(partial_tangents, np.sign(a) * exact, rtol=3e-15)


@pytest.mark.parametrize("net", [rs.Elman(1.0, 1.0), rs.Elman(1.0, 1.0, leak=0.5), rs.GRU.random(2), rs.LSTM.random(2)], ids=str)
def test_what_families_give_to_kernels_is_a_cell_to_type_checkers(net):
    assert isinstance(net.cell, Cell) and len(net.cell.reads) == net.cell.gates
