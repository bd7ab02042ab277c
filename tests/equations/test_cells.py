"""Each activation and cell: its slopes against the complex step, its pullback as the transpose of its pushforward."""

import numpy as np
import pytest
from reference import SLOPES, VALUES

import rnnsim as rs
from rnnsim.equations import activations, cells
from rnnsim.families.cell_protocol import Cell

POINTS = np.array([-30.0, -2.5, -0.3, 0.2, 0.55, 1.7, 30.0])


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_activations_are_what_they_are_called(name):
    phi = activations.ACTIVATIONS[name]
    y, partials = activations.linearize_activation(phi, POINTS)
    assert len(partials) == phi.partials
    np.testing.assert_allclose(activations.value(phi, POINTS), VALUES[name](POINTS), rtol=1e-15)
    np.testing.assert_array_equal(y, activations.value(phi, POINTS))
    slope = activations.scale(phi, partials, np.ones_like(POINTS))
    np.testing.assert_allclose(slope, SLOPES[name](POINTS), rtol=1e-14)


def make(rule, name, leak):
    cell = rule(activations.ACTIVATIONS[name])
    return cell, (np.full(POINTS.shape, leak),) * cell.constants


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
@pytest.mark.parametrize(("rule", "leak"), [(cells.Elman, 1.0), (cells.LeakyElman, 0.3), (cells.LeakyElman, 1.0)])
def test_cells_step_as_the_equation_says(rule, name, leak):
    cell, constants = make(rule, name, leak)
    s, a = (POINTS[::-1].copy(),), (POINTS,)
    (h,) = cells.step(cell, constants, s, a)
    np.testing.assert_allclose(h, (1 - leak) * s[0] + leak * VALUES[name](a[0]), rtol=1e-14)
    np.testing.assert_array_equal(cells.linearize(cell, constants, s, a)[0][0], h)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
@pytest.mark.parametrize(("rule", "leak"), [(cells.Elman, 1.0), (cells.LeakyElman, 0.3), (cells.LeakyElman, 1.0)])
def test_pullbacks_are_the_transpose_of_pushforwards_and_both_are_the_derivative(rule, name, leak):
    cell, constants = make(rule, name, leak)
    s, a = (POINTS[::-1].copy(),), (POINTS,)
    _, partials = cells.linearize(cell, constants, s, a)
    assert len(partials) == cell.partials
    rng = np.random.default_rng(0)
    g, ds, da = ((rng.normal(size=POINTS.size),) for _ in range(3))
    (out,) = cells.pushforward(cell, constants, partials, ds, da)
    back_s, back_a = cells.pullback(cell, constants, partials, g)
    np.testing.assert_allclose(g[0] * out, back_s[0] * ds[0] + back_a[0] * da[0], rtol=1e-12, atol=1e-300)
    exact = (1 - leak) * ds[0] + leak * SLOPES[name](a[0]) * da[0]
    np.testing.assert_allclose(out, exact, rtol=1e-13)


@pytest.mark.parametrize("name", ["linear", "relu"])
def test_a_leak_of_one_forgets_even_infinity(name):
    cell, constants = make(cells.LeakyElman, name, 1.0)
    s, a = (np.full(POINTS.shape, np.inf),), (POINTS,)
    (h,) = cells.step(cell, constants, s, a)
    np.testing.assert_array_equal(h, cells.step(cells.Elman(cell.activation), (), s, a)[0])


def gated(rng, cell):
    s = tuple(rng.normal(size=POINTS.size) for _ in range(cell.states))
    return s, tuple(POINTS[rng.permutation(POINTS.size)] / 10 for _ in range(cell.gates))


@pytest.mark.parametrize("cell", [cells.GRU(), cells.LSTM()], ids=["GRU", "LSTM"])
def test_gated_pullbacks_are_the_transpose_of_pushforwards_and_both_are_the_derivative(cell):
    rng = np.random.default_rng(0)
    s, a = gated(rng, cell)
    new, partials = cells.linearize(cell, (), s, a)
    assert len(partials) == cell.partials and len(cells.report(cell, a)) >= len(cell.labels)
    for left, right in zip(new, cells.step(cell, (), s, a), strict=True):
        np.testing.assert_array_equal(left, right)
    g, ds = (tuple(rng.normal(size=POINTS.size) for _ in range(cell.states)) for _ in range(2))
    da = tuple(rng.normal(size=POINTS.size) for _ in range(cell.gates))
    out = cells.pushforward(cell, (), partials, ds, da)
    back_s, back_a = cells.pullback(cell, (), partials, g)
    there = sum(g_i * out_i for g_i, out_i in zip(g, out, strict=True))
    back = sum(b * d for b, d in zip((*back_s, *back_a), (*ds, *da), strict=True))
    np.testing.assert_allclose(there, back, rtol=1e-12)
    size = 1e-7  # complex numbers do not pass through the cells' own functions
    up, down = (
        cells.step(cell, (), *(tuple(v + sign * size * d for v, d in zip(*pair, strict=True)) for pair in ((s, ds), (a, da))))
        for sign in (1, -1)
    )
    for i, tangent in enumerate(out):
        np.testing.assert_allclose(tangent, (up[i] - down[i]) / (2 * size), rtol=1e-6, atol=1e-8)


def tangents_and_differences(cell, constants, s, a, ds, da, g, dg):
    """The tangents of the partial derivatives and of what `pullback` gives, by the rules, and by differences."""
    _, partials = cells.linearize(cell, constants, s, a)
    d_partials = cells.partial_tangents(cell, constants, s, a, partials, ds, da)
    out = (*d_partials, *(part for rule in cells.pullback_tangent(cell, constants, partials, d_partials, g, dg) for part in rule))
    size = 1e-6

    def at(sign):
        moved = [tuple(v + sign * size * d for v, d in zip(*pair, strict=True)) for pair in ((s, ds), (a, da), (g, dg))]
        _, partials = cells.linearize(cell, constants, *moved[:2])
        return (*partials, *(part for rule in cells.pullback(cell, constants, partials, moved[2]) for part in rule))

    return out, [(up - down) / (2 * size) for up, down in zip(at(1), at(-1), strict=True)]


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
@pytest.mark.parametrize(("rule", "leak"), [(cells.Elman, 1.0), (cells.LeakyElman, 0.3), (cells.LeakyElman, 1.0)])
def test_bends_are_tangents_of_partials_and_pullbacks(rule, name, leak):
    cell, constants = make(rule, name, leak)
    rng = np.random.default_rng(0)
    ds, da, g, dg = ((rng.normal(size=POINTS.size),) for _ in range(4))
    out, exact = tangents_and_differences(cell, constants, (POINTS[::-1].copy(),), (POINTS,), ds, da, g, dg)
    assert len(out) == cell.partials + 2
    for found, expected in zip(out, exact, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("cell", [cells.GRU(), cells.LSTM()], ids=["GRU", "LSTM"])
def test_gated_bends_are_tangents_of_partials_and_pullbacks(cell):
    rng = np.random.default_rng(1)
    s, a = gated(rng, cell)
    ds, g, dg = (tuple(rng.normal(size=POINTS.size) for _ in range(cell.states)) for _ in range(3))
    da = tuple(rng.normal(size=POINTS.size) for _ in range(cell.gates))
    out, exact = tangents_and_differences(cell, (), s, a, ds, da, g, dg)
    assert len(out) == cell.partials + cell.states + cell.gates
    for found, expected in zip(out, exact, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_second_derivatives_keep_their_digits_where_activations_saturate(name):
    phi, a = activations.ACTIVATIONS[name], np.array([-300.0, -40.0, -20.0, -3.0, 3.0, 20.0, 40.0, 300.0])
    _, partials = activations.linearize_activation(phi, a)
    (partial_tangents,) = activations.activation_tangents(phi, a, partials, np.ones_like(a))
    e = np.exp(-abs(a)) if name == "sigmoid" else np.exp(-2 * abs(a))
    exact = e * (e - 1) / (1 + e) ** 3 if name == "sigmoid" else 8 * e * (e - 1) / (1 + e) ** 3
    np.testing.assert_allclose(partial_tangents, np.sign(a) * exact, rtol=3e-15)


@pytest.mark.parametrize("net", [rs.Elman(1.0, 1.0), rs.Elman(1.0, 1.0, leak=0.5), rs.GRU.random(2), rs.LSTM.random(2)], ids=str)
def test_what_families_give_to_kernels_is_a_cell_to_type_checkers(net):
    assert isinstance(net.cell, Cell) and len(net.cell.reads) == net.cell.gates
