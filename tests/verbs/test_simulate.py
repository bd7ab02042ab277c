"""Forward states: exact cases, plain NumPy, and laws."""

import numpy as np
import pytest
import reference
import xarray as xr
from comparing import identical
from family_data import ACTIVATIONS, EVERYTHING, members, over, random_family, random_inputs

import rnnsim as rs
from rnnsim.kernels.recurrence import scalar
from rnnsim.numerics import thread_state


def test_the_published_forward_row_of_the_tanh_map():
    ds = rs.simulate(rs.Elman(1.0, 1.5, 0.5, 2.0), np.zeros(10))
    np.testing.assert_allclose(ds.state[-1], 0.959471042972976174, rtol=1e-14)


@pytest.mark.parametrize(
    ("w", "fixed"),
    [(1.1, 0.502940574944641633), (1.5, 0.858559636640110362), (2.0, 0.957504024077268741), (5.0, 0.999909121715232551)],
)
def test_orbits_end_on_the_published_fixed_points(w, fixed):
    final = rs.simulate(rs.Elman(0.0, w, h0=rs.axis("h0", [0.1, 1.0])), np.zeros(400), keep="final_state").final_state
    np.testing.assert_allclose(final, fixed, atol=1e-12)


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_member_is_what_plain_numpy_makes_of_it(activation, leaky):
    net, inputs = random_family(activation=activation, leaky=leaky), random_inputs()
    ds = rs.simulate(net, inputs, keep=EVERYTHING)
    assert ds.state.dims == (*net.axes, "sample", "step")
    for where, numbers in members(net):
        member = ds.isel(where)
        for n, x in enumerate(inputs):
            h, a = reference.states(x, activation=activation, **numbers)
            np.testing.assert_allclose(member.state[n], h, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(member.increment[n, 1:], np.diff(h), rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(member.preactivation[n, 1:], a, rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(member.final_state[n], member.state[n, -1])


def test_step_zero_is_the_start():
    ds = rs.simulate(random_family(), random_inputs(), keep=EVERYTHING).isel(step=0)
    assert (ds.increment == 0).all() and (ds.input == 0).all()
    assert np.isnan(ds.preactivation).all() and np.isnan(ds.output).all()


def test_the_output_is_the_state_and_the_input_is_padded():
    inputs = random_inputs()
    ds = rs.simulate(random_family(), inputs, keep=("output", "input", "state"))
    np.testing.assert_array_equal(ds.output[..., 1:], ds.state[..., 1:])
    assert ds.input.dims == ("sample", "step")
    np.testing.assert_array_equal(ds.input[:, 1:], inputs)
    alone = rs.simulate(random_family(), inputs, keep="output")
    assert set(alone) == {"output", "diverged_at"}
    np.testing.assert_array_equal(alone.output, ds.output)


def test_keep_is_the_exact_set():
    net = random_family()
    for name in EVERYTHING:
        ds = rs.simulate(net, random_inputs(), keep=name)
        assert set(ds) == {name, "diverged_at"}
    assert set(rs.simulate(net, random_inputs()).dims) == {*net.axes, "sample", "step"}
    assert "step" not in rs.simulate(net, random_inputs(), keep="final_state").dims


def test_without_samples_in_there_are_none_out():
    ds = rs.simulate(rs.Elman(1.0, 0.5), [1.0, 2.0, 3.0], keep=EVERYTHING)
    assert ds.state.dims == ("step",) and ds.final_state.dims == ()
    np.testing.assert_array_equal(ds.step, [0, 1, 2, 3])


def test_axes_on_inputs_and_starts_per_sample():
    rng = np.random.default_rng(3)
    inputs = xr.DataArray(rng.normal(size=(5, 4, 2)), dims=("step", "sample", "drive"), coords={"drive": [1.0, 2.0]})
    h0 = xr.DataArray(rng.normal(size=(4, 3)), dims=("sample", "start"))
    net = rs.Elman(over("a", rng.normal(size=3)), over("b", rng.normal(size=2)), h0=h0)
    ds = rs.simulate(net, inputs)
    assert ds.state.dims == ("a", "b", "start", "drive", "sample", "step")
    for a, b, c, d, n in np.ndindex(3, 2, 3, 2, 4):
        x = inputs.isel(drive=d, sample=n).values
        h, _ = reference.states(x, net["w_in"].values[a], net["w_rec"].values[b], 0.0, h0.values[n, c])
        np.testing.assert_allclose(ds.state[a, b, c, d, n], h, rtol=1e-12, atol=1e-14)


def test_starts_per_sample_make_samples_of_one_input():
    starts = np.linspace(-1, 1, 5)
    ds = rs.simulate(rs.Elman(1.0, 1.5, h0=starts), [0.1, 0.2])
    assert ds.state.dims == ("sample", "step")
    for n, start in enumerate(starts):
        np.testing.assert_array_equal(ds.state[n], rs.simulate(rs.Elman(1.0, 1.5, h0=start), [0.1, 0.2]).state)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bits_do_not_depend_on_threads_blocks_width_or_company(activation):
    net, inputs = random_family(activation=activation), random_inputs()
    keep = ("state", "increment", "preactivation", "final_state")
    whole = rs.simulate(net, inputs, keep=keep)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 50}, {"width": 8, "block": 24}):
        with thread_state.settings(**setting):
            identical(whole, rs.simulate(net, inputs, keep=keep))
    for where in ({"a": 6, "b": 4, "c": 2, "d": 1}, {"a": 0, "b": 0, "c": 0, "d": 0}):
        identical(whole.isel(where), rs.simulate(net.isel(**where), inputs, keep=keep))
    swapped = net.isel(b=[4, 3, 2, 1, 0])
    identical(whole.isel(b=[4, 3, 2, 1, 0]), rs.simulate(swapped, inputs, keep=keep))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("points", [16, 24, 48, 63, 64, 65, 4096 + 16])
def test_trajectories_streamed_past_the_caches_are_those_of_each_point_alone(points, dtype, monkeypatch):
    streamed = []
    monkeypatch.setattr(scalar, "Block", lambda *fields, Block=scalar.Block: streamed.append(fields[-1]) or Block(*fields))
    net = rs.Elman(1.0, rs.axis("w_rec", np.linspace(-3, 3, points)), 0.1, activation="tanh")
    options = {"keep": ("state", "increment", "preactivation"), "dtype": dtype}
    ds = rs.simulate(net, [[0.5, 1.0, -2.0], [1.0, 0.0, 0.25]], **options)
    assert set(streamed) == {points % (64 // np.dtype(dtype).itemsize) == 0}
    for i in {0, points // 2, points - 1}:
        alone = rs.simulate(net.isel(w_rec=i), [[0.5, 1.0, -2.0], [1.0, 0.0, 0.25]], **options)
        identical(ds.isel(w_rec=i), alone)


def test_an_axis_of_inputs_gives_the_bits_of_each_input_alone():
    net = random_family()
    inputs = xr.DataArray(np.random.default_rng(0).normal(size=(3, 4, 6)), dims=("drive", "sample", "step"))
    whole = rs.simulate(net, inputs)
    for i in range(3):
        identical(whole.isel(drive=i), rs.simulate(net, inputs.isel(drive=i)))


def test_diverged_at_is_the_first_step_that_is_not_finite_and_stays_in_its_point():
    net = rs.Elman(1.0, rs.axis("w", [1.0, 1e200, 2.0, np.nan, np.inf]), activation="linear")
    ds = rs.simulate(net, np.ones((2, 8)))
    np.testing.assert_array_equal(ds.diverged_at, [-1, 3, -1, 1, 1])
    assert np.isfinite(ds.state.sel(w=[1.0, 2.0])).all()
    starts = rs.simulate(rs.Elman(1.0, 0.5, h0=rs.axis("h", [0.0, np.inf])), np.ones(4))
    np.testing.assert_array_equal(starts.diverged_at, [-1, 0])


def test_divergence_is_seen_even_when_the_state_comes_back():
    net = rs.Elman(1.0, rs.axis("w", [-1e300, 0.5]), h0=1e300, bias=0.0, activation="relu")
    inputs = [0.0, 0.0, 0.0]
    ds = rs.simulate(net.replace(w_rec=rs.axis("w", [1e300, 0.5])), inputs)
    np.testing.assert_array_equal(ds.diverged_at, [1, -1])
    back = rs.simulate(rs.Elman(xr.DataArray([-np.inf], dims="w"), 0.0, h0=0.0, activation="relu"), [-1.0, 1.0])
    np.testing.assert_array_equal(back.diverged_at, [1])


def test_a_leak_of_one_among_others_gives_the_bits_of_no_leak():
    net = rs.Elman(1.0, over("w", [0.5, 3.0, 1e200]), leak=over("d", [0.5, 1.0]), activation="linear")
    whole = rs.simulate(net, np.ones(6))
    identical(whole.isel(d=1), rs.simulate(net.replace(leak=1.0), np.ones(6)))


def test_float32_is_float64_to_its_precision():
    net, inputs = random_family(scale=0.8), random_inputs()
    single, double = (rs.simulate(net, inputs, dtype=dtype) for dtype in ("float32", "float64"))
    assert single.state.dtype == np.float32
    np.testing.assert_allclose(single.state, double.state, rtol=2e-5, atol=1e-6)


def test_the_euler_step_of_the_leaky_cell_converges_at_first_order():
    def final(n):
        return rs.simulate(rs.Elman(1.0, 1.5, leak=1.0 / n), np.full(4 * n, 0.2), keep="final_state").final_state.item()

    truth = final(2**16)
    errors = [abs(final(n) - truth) for n in (64, 128, 256)]
    assert 1.9 < errors[0] / errors[1] < 2.1 and 1.9 < errors[1] / errors[2] < 2.1


def test_a_result_is_a_tidy_table():
    frame = rs.simulate(random_family(), random_inputs()).state.to_dataframe()
    assert list(frame.columns) == ["state"] and frame.index.names == ["a", "b", "c", "d", "sample", "step"]


def test_provenance_changes_with_what_went_in_and_only_then():
    net, inputs = random_family(), random_inputs()
    first = rs.simulate(net, inputs).attrs
    assert first == rs.simulate(net, inputs).attrs
    assert all(isinstance(value, str) for value in first.values())
    other = rs.simulate(net.replace(bias=0.0), inputs + 1, keep="final_state").attrs
    changed = {name for name in first if first[name] != other[name]}
    assert changed == {"parameters_hash", "inputs_hash", "options"}


def test_every_variable_says_what_it_is():
    ds = rs.backprop(random_family(), random_inputs(), np.zeros(4), keep=("cost", "grad", "grad_state", *EVERYTHING))
    for variable in ds.variables.values():
        assert variable.attrs["long_name"] and variable.attrs["units"] == "1"


def test_other_coordinates_of_the_inputs_stay_outside():
    inputs = xr.DataArray(
        random_inputs(),
        dims=("sample", "step"),
        coords={"sample": [4, 5, 6, 7], "state": ("sample", np.ones(4)), "final_state": 3.0},
    )
    ds = rs.simulate(random_family(), inputs, keep=("state", "final_state"))
    identical(ds, rs.simulate(random_family(), inputs.values, keep=("state", "final_state")))
    assert set(ds.data_vars) == {"state", "final_state", "diverged_at"}
    np.testing.assert_array_equal(ds.sample, [4, 5, 6, 7])
    many = rs.simulate(rs.Elman(1.0, 1.0, h0=[0.0, 1.0, 2.0]), inputs.isel(sample=0))
    assert many.state.dims == ("sample", "step")


def test_inputs_kept_stand_in_the_order_of_the_axes():
    inputs = xr.DataArray(np.random.default_rng(0).normal(size=(3, 2, 4, 5)), dims=("step", "b", "sample", "a"))
    net = rs.Elman(over("a", np.ones(5)).drop_vars("a"), over("b", np.ones(2)).drop_vars("b"))
    ds = rs.simulate(net, inputs, keep=("state", "input"))
    assert ds.state.dims == ds.input.dims == ("a", "b", "sample", "step")
    np.testing.assert_array_equal(ds.input[..., 1:], inputs.transpose("a", "b", "sample", "step"))
    starts = rs.simulate(rs.Elman(1.0, 1.0, h0=[1.0, 2.0]), [1.0, 2.0], keep="input")
    np.testing.assert_array_equal(starts.input, [[0, 1, 2], [0, 1, 2]])
