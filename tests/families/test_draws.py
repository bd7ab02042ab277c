"""Random parameters have their law, and are their seed's alone."""

import os
import subprocess
import sys

import numpy as np
import pytest

from rnnsim.families.random import initializers

RANDOM = [init for init in initializers.INITS if init != "identity"]


@pytest.mark.parametrize(
    ("init", "variance"), [("gaussian", 1 / 50), ("uniform", 1 / 150), ("sparse", 1 / 50), ("orthogonal", 1 / 50)]
)
def test_entries_have_mean_zero_and_their_variance(init, variance):
    entries = initializers.recurrent(init, np.arange(40), 2, 50).ravel()
    assert abs(entries.mean()) < 5 * np.sqrt(variance / entries.size)
    assert entries.var() == pytest.approx(variance, rel=0.05)
    if init == "uniform":
        assert 0.999 < np.abs(entries).max() * np.sqrt(50) < 1


@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_sparse_matrices_have_their_density_and_nested_entries(density):
    matrices = initializers.recurrent("sparse", np.arange(20), 1, 100, density)
    assert np.mean(matrices != 0) == pytest.approx(density, abs=0.005)
    assert matrices.var() == pytest.approx(1 / 100, rel=0.05)
    assert (initializers.recurrent("sparse", np.arange(20), 1, 100, 1.0)[matrices != 0] != 0).all()


@pytest.mark.parametrize("units", [1, 2, 3, 10, 100])
def test_orthogonal_matrices_are_orthogonal(units):
    for matrix in initializers.recurrent("orthogonal", np.arange(3), 4, units).reshape(-1, units, units):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(units), atol=1e-14)
        assert abs(np.linalg.det(matrix)) == pytest.approx(1)


def test_orthogonal_matrices_are_uniform_over_rotations_and_reflections():
    rotations = initializers.recurrent("orthogonal", np.arange(4000), 1, 3)[:, 0]
    traces = np.trace(rotations, axis1=1, axis2=2)
    assert np.mean(np.linalg.det(rotations) > 0) == pytest.approx(0.5, abs=0.03)
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):  # those of Haar's traces (Diaconis and Evans 2001)
        assert np.mean(traces**power) == pytest.approx(moment, abs=0.25)
    np.testing.assert_allclose(np.mean(rotations, 0), 0, atol=0.05)
    np.testing.assert_allclose(np.mean(rotations**2, 0), 1 / 3, atol=0.03)


@pytest.mark.parametrize("units", [1, 2, 3, 10, 100])
def test_spectral_matrices_have_the_spectral_radius_of_one(units):
    matrices = initializers.recurrent("spectral", np.arange(10), 3, units)
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(matrices)).max(-1), 1, rtol=1e-12)


def test_spectral_radii_are_exact_to_the_last_bit():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert initializers.spectral_radii(np.array([[[3.0, 100.0], [0.0, -4.0]]])) == [4.0]
    np.testing.assert_allclose(initializers.spectral_radii(turn[None]), 1, rtol=2.3e-16, atol=0)


def test_identity_matrices_are_one_for_every_gate_and_may_be_changed():
    matrices = initializers.recurrent("identity", [0, 5], 3, 4)
    np.testing.assert_array_equal(matrices, np.broadcast_to(np.eye(4), (2, 3, 4, 4)))
    matrices[0] = 2.0
    np.testing.assert_array_equal(matrices[1, 0], np.eye(4))


@pytest.mark.parametrize("init", initializers.INITS)
@pytest.mark.parametrize("units", [1, 2, 7, 20])
def test_a_seed_draws_the_same_alone_and_among_others(init, units):
    units += init == "dale"  # which needs both kinds of units
    many = initializers.recurrent(init, np.arange(30).reshape(5, 6), 2, units)
    assert many.shape == (5, 6, 2, units, units)
    for seed in (0, 11, 29):
        np.testing.assert_array_equal(many[divmod(seed, 6)], initializers.recurrent(init, seed, 2, units))
        np.testing.assert_array_equal(many[divmod(seed, 6)], initializers.recurrent(init, float(seed), 2, units))


@pytest.mark.parametrize("init", ["orthogonal", "spectral"])
def test_matrices_do_not_depend_on_the_threads_of_blas(init):
    code = (
        "from rnnsim.families.random.initializers import recurrent; import hashlib;"
        f" print(hashlib.md5(recurrent({init!r}, 1, 1, 300).tobytes()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "OPENBLAS_NUM_THREADS": n}, check=True, capture_output=True)
        for n in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


@pytest.mark.parametrize("init", RANDOM)
def test_seeds_gates_and_parameters_are_independent(init):
    units = 40
    w_rec = initializers.recurrent(init, [0, 1], 3, units, 1.0)
    w_in = initializers.inputs(init, [0, 1], 3, units, units)
    alike = np.ones((units, units), bool)  # entries of one law: of a "dale" matrix, the excitatory ones off the diagonal
    if init == "dale":
        alike &= ~np.eye(units, dtype=bool) & (np.arange(units) < 0.8 * units)
    w_rec = np.arctan(w_rec) if init == "stable" else w_rec  # which has no variance
    matrices = np.concatenate([w_rec[..., alike].reshape(6, -1), w_in[..., alike].reshape(6, -1)])
    between = np.corrcoef(matrices) - np.eye(len(matrices))
    assert np.abs(between).max() < 5 / units
    others = [initializers.biases("gaussian", 0, 1, 1000, name)[0] for name in ("bias", "bias_in", "bias_rec")]
    others += [initializers.start(0, 1000, name) for name in ("h0", "c0")]
    assert np.abs(np.corrcoef(others) - np.eye(5)).max() < 0.15


@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.5, 2.0])
def test_stable_matrices_have_their_characteristic_function(alpha):
    numbers = initializers.recurrent("stable", np.arange(100), 1, 30, stability=alpha) * 30 ** (1 / alpha)
    for t in (0.2, 1.0, 2.5):
        waves, wanted = np.cos(t * numbers), np.exp(-(t**alpha))
        assert abs(waves.mean() - wanted) < 4 * waves.std() / np.sqrt(waves.size)
        assert abs(np.sin(t * numbers).mean()) < 4 / np.sqrt(waves.size)


def test_numbers_are_those_of_numpy_seed_sequences():
    stream = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(0,)))
    np.testing.assert_array_equal(initializers.recurrent("gaussian", 7, 1, 3)[0], stream.standard_normal((3, 3)) / np.sqrt(3))
    stream = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(5,)))
    np.testing.assert_array_equal(initializers.start(7, 3), stream.standard_normal(3))


def test_input_weights_biases_and_starts_have_their_scales():
    seeds = np.arange(200)
    assert initializers.inputs("gaussian", seeds, 1, 50, 4).var() == pytest.approx(1 / 4, rel=0.05)
    assert initializers.inputs("uniform", seeds, 1, 50, 4).var() == pytest.approx(1 / 150, rel=0.05)
    assert initializers.biases("uniform", seeds, 2, 50).var() == pytest.approx(1 / 150, rel=0.05)
    assert initializers.biases("gaussian", seeds, 2, 50).var() == pytest.approx(1, rel=0.05)
    assert initializers.start(seeds, 50).var() == pytest.approx(1, rel=0.05)
    assert initializers.inputs("orthogonal", 0, 4, 5, 2).shape == (4, 5, 2)
    assert initializers.biases("uniform", 0, 4, 5).shape == (4, 5)


REFUSED = [
    (
        lambda: initializers.recurrent("gaussian", -1, 1, 2),
        ValueError,
        r"seed was given the value -1; it needs whole numbers from 0",
    ),
    (lambda: initializers.recurrent("gaussian", [0.0, 1.5], 1, 2), ValueError, r"seed was given the value 1.5; it needs whole"),
    (lambda: initializers.recurrent("gaussian", np.nan, 1, 2), ValueError, r"seed was given the value nan"),
    (lambda: initializers.start(2**63, 2), ValueError, r"seed was given the value 9223372036854775808"),
    (lambda: initializers.start(2**70, 2), TypeError, r"seed was given as 1180591620717411303424; it needs whole"),
    (lambda: initializers.inputs("gaussian", "a", 1, 2, 2), TypeError, r"seed was given as 'a'; it needs whole"),
    (lambda: initializers.start(True, 2), TypeError, r"seed was given as True"),
    (
        lambda: initializers.recurrent("normal", 0, 1, 2),
        ValueError,
        r"init was given as 'normal'; it needs one of gaussian, orthogonal",
    ),
    (lambda: initializers.inputs(3, 0, 1, 2, 2), ValueError, r"init was given as 3; it needs one of gaussian, orthogonal"),
    (
        lambda: initializers.recurrent("sparse", 0, 1, 2, 0.0),
        ValueError,
        "density was given as 0.0; it needs a number above 0 and up to 1",
    ),
    (lambda: initializers.recurrent("sparse", 0, 1, 2, 1.5), ValueError, "density was given as 1.5"),
    (lambda: initializers.recurrent("sparse", 0, 1, 2, np.nan), ValueError, "density was given as nan"),
    (lambda: initializers.recurrent("gaussian", 0, 1, 2, "half"), ValueError, "density was given as 'half'"),
    (
        lambda: initializers.biases("normal", 0, 1, 2, "bias_in"),
        ValueError,
        r"bias_in was given as 'normal'; it needs numbers, or one of",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_bad_draws_are_refused_in_one_sentence(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
