"""Sweeps: the verb's own Dataset, bit for bit, in memory and on disk; resumed, extended, refused."""

import io
import os
import pickle
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from family_data import random_family, random_inputs
from memory_use import taken_by

import rnnsim as rs
from rnnsim.checks import memory_limits
from rnnsim.numerics import parallel as blocks
from rnnsim.runs import provenance
from rnnsim.sweep import chunking as layouts
from rnnsim.sweep import fingerprint
from rnnsim.sweep import planning as plans
from rnnsim.sweep import zarr_store as stores

X = random_inputs()
T = np.arange(4.0)


def plane(rows=9, columns=7, low=-1.5):
    w_in = rs.axis("a", low + 0.25 * np.arange(rows))
    return rs.Elman(w_in, rs.axis("b", np.linspace(-1.5, 1.5, columns)))


def both_ways(tmp_path, verb, net, *args, memory, **options):
    """What the verb returns must come back in blocks, in memory, on disk, and from the finished store."""
    whole = verb(net, *args, **options)
    path = tmp_path / "x.zarr"
    for to in (None, path, path):
        xr.testing.assert_identical(rs.sweep(verb, net, *args, to=to, memory=memory, **options).load(), whole)
    with rs.open(path) as stored:
        assert not any(stored[name].variable._in_memory for name in stored)
        assert stored.status.size > 1 and (stored.status > 0).all()
    return whole


def test_costs_and_gradients_come_in_blocks(tmp_path):
    both_ways(tmp_path, rs.backprop, random_family(), X, T, memory=1000)


def test_trajectories_of_one_sample_in_float32_come_in_blocks(tmp_path):
    both_ways(tmp_path, rs.simulate, random_family(), X[0], memory=1000, dtype="float32", keep=("state", "output", "final_state"))


def test_names_may_come_from_a_generator():
    keep = ("state", "final_state")
    swept = rs.sweep(rs.simulate, plane(), X, keep=(name for name in keep), memory=2000)
    xr.testing.assert_identical(swept, rs.simulate(plane(), X, keep=keep))


def test_random_networks_and_inputs_with_axes_come_in_blocks(tmp_path):
    net = rs.Elman.random(5, 2, gain=rs.axis("gain", [0.5, 1.0, 2.0]), seed=rs.axis("seed", range(4)), h0="gaussian")
    inputs = xr.DataArray(np.random.default_rng(0).normal(size=(3, 6, 2)), dims=("drive", "step", "input"))
    whole = both_ways(tmp_path, rs.simulate, net, inputs, memory=2000, keep=("state", "input"))
    assert whole["input"].dims == ("drive", "step", "input")


def test_stacks_and_labels_come_in_blocks(tmp_path):
    label = rs.axis("experiment", ["slow", "fäst", "still"])
    net = rs.Stack([rs.GRU.random(3, 1, seed=rs.axis("seed", range(3))), rs.LSTM.random(2, 3)])
    net = net.replace(bias_in_0=label.copy(data=[0.1, 0.2, 0.3]))
    whole = both_ways(tmp_path, rs.simulate, net, X[..., None], memory=5000, keep=("final_state", "preactivation_0"))
    assert list(whole.experiment.values) == ["slow", "fäst", "still"]


RANDOM = rs.Elman.random(3, 1, h0="gaussian", gain=rs.axis("gain", [0.5, 1.0, 2.0, 3.0]), seed=rs.axis("seed", range(3)))
GATED = rs.GRU.random(2, 1, gain=rs.axis("gain", [0.5, 1.0, 2.0]), seed=1)
BIASED = rs.Elman(1.0, rs.axis("w", np.linspace(-3, 3, 9)), bias=rs.axis("bias", np.linspace(-1, 1, 7)))
STARTS = xr.DataArray(np.random.default_rng(0).normal(size=(20, 3)), dims=("start", "unit"))
OF_STABILITY = {
    "exponents of scalar networks": (rs.lyapunov, plane(), (X,), {"steps": 6}),
    "exponents": (rs.lyapunov, RANDOM, (), {"steps": 50, "keep": ("spectrum", "history")}),
    "fixed points of scalar networks": (rs.fixed_points, BIASED, (), {"max_points": 4}),
    "fixed points": (rs.fixed_points, GATED, (), {}),
    "cycles": (rs.fixed_points, RANDOM, (), {"period": 2}),
    "bifurcations of scalar networks": (rs.bifurcations, BIASED, (), {"along": "bias"}),
    "bifurcations": (rs.bifurcations, RANDOM, (), {"along": "gain"}),
    "propagation": (rs.propagation, RANDOM, (X[0, :, None],), {}),
    "curvature": (rs.curvature, plane(), (X, T), {}),
    "curvature of layers": (rs.curvature, rs.Stack([RANDOM], readout=rs.Readout.random(3)), (X[..., None], T[:, None]), {}),
    "orbits": (rs.orbit_diagram, RANDOM, (), {"along": "gain", "discard": 50}),
    "basins": (rs.basins, RANDOM.replace(h0=STARTS), (), {"discard": 50}),
}


@pytest.mark.filterwarnings("ignore:the estimates of lyapunov")
@pytest.mark.parametrize("name", OF_STABILITY)
def test_every_verb_of_stability_comes_in_blocks(tmp_path, name):
    verb, net, args, options = OF_STABILITY[name]
    both_ways(tmp_path, verb, net, *args, memory=rs.plan(verb, net, *args, **options).nbytes // 2, **options)


def test_a_network_without_axes_is_one_block(tmp_path):
    net = rs.Elman(0.5, 0.9)
    for to in (None, tmp_path / "x.zarr", tmp_path / "x.zarr", tmp_path / "x.nc"):
        xr.testing.assert_identical(rs.sweep(rs.simulate, net, X, to=to).load(), rs.simulate(net, X))
    assert rs.open(tmp_path / "x.zarr").status.item() == layouts.DONE


def test_training_comes_in_blocks_with_its_optimizer_cut(tmp_path):
    task = rs.tasks.counting()
    net = rs.Elman(0.5, rs.axis("w_start", np.linspace(-1, 1, 5)), activation="linear")
    options = {
        "optimizer": rs.Rprop(step=rs.axis("first", [1e-3, 1e-2, 1e-1])),
        "epochs": 12,
        "clip": rs.ClipNorm(rs.axis("c", [1.0, 9.0])),
    }
    whole = both_ways(tmp_path, rs.train, net, task.inputs, task.targets, memory=4000, **options)
    more = rs.train(net, task.inputs, task.targets, **options, resume=whole)
    found = rs.sweep(rs.train, net, task.inputs, task.targets, **options, resume=whole, memory=6000)
    xr.testing.assert_identical(found, more)


def test_with_patience_a_record_has_all_epochs():
    task = rs.tasks.counting()
    net = rs.Elman(0.5, rs.axis("w_start", np.linspace(0.5, 1, 5)), activation="linear")
    options = {"optimizer": rs.Rprop(), "epochs": 60, "patience": 1}
    whole = rs.train(net, task.inputs, task.targets, **options)
    assert whole.sizes["epoch"] < 61
    found = rs.sweep(rs.train, net, task.inputs, task.targets, memory=6000, **options)
    xr.testing.assert_identical(found.sel(epoch=whole.epoch), whole)
    late = found.sel(epoch=slice(int(whole.epoch[-1]), None))
    assert found.sizes["epoch"] == 61 and (late.cost == late.cost.isel(epoch=0)).all()
    with pytest.raises(ValueError, match="every was given as 2 with patience; a sweep needs every=1"):
        rs.sweep(rs.train, net, task.inputs, task.targets, **options, every=2)


def spread(net, inputs, along="b"):
    """A verb of a user's own, in which one axis vanishes and another is named."""
    state = rs.simulate(net, inputs, keep="final_state").final_state
    return xr.Dataset({"width": state.max("a") - state.min("a"), "top": state.max("a").argmax(along)})


def test_any_function_is_a_verb_and_axes_that_vanish_or_are_named_stay_whole(tmp_path):
    net = plane().replace(bias=rs.axis("bias", np.linspace(0, 1, 6)))
    whole = both_ways(tmp_path, spread, net, X[0], memory=130)
    assert whole["width"].sizes == {"b": 7, "bias": 6}
    assert rs.open(tmp_path / "x.zarr").status.dims == ("bias_block",)


def test_nan_and_divergence_are_results_and_their_blocks_are_marked(tmp_path):
    net = rs.Elman(1.0, rs.axis("b", [0.5, np.nan, 0.7, 1e300]), activation="linear")
    whole = both_ways(tmp_path, rs.simulate, net, X[0], memory=60)
    status = rs.open(tmp_path / "x.zarr").status
    np.testing.assert_array_equal(status, [layouts.DONE, layouts.DIVERGED, layouts.DONE, layouts.DIVERGED])
    assert status.flag_meanings == "pending done diverged" and status.dtype == np.int8
    np.testing.assert_array_equal(status.flag_values, [0, 1, 2])
    assert np.isnan(whole.state[1, 1:]).all()


def test_a_network_that_begins_with_nan_marks_its_block(tmp_path):
    net = rs.Elman(1.0, 0.5, h0=rs.axis("start", [0.0, np.nan]))
    whole = both_ways(tmp_path, rs.simulate, net, X[0], memory=60)
    np.testing.assert_array_equal(whole.diverged_at, [-1, 0])
    np.testing.assert_array_equal(rs.open(tmp_path / "x.zarr").status, [layouts.DONE, layouts.DIVERGED])


def test_plain_xarray_reads_a_store_without_a_word(tmp_path):
    rs.sweep(rs.backprop, plane(), X, T, to=tmp_path / "x.zarr", memory=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds = xr.open_zarr(tmp_path / "x.zarr", chunks=None)
    names = ["cost", "grad_bias", "diverged_at"]
    xr.testing.assert_equal(ds[names], rs.backprop(plane(), X, T)[names])
    assert ds.diverged_at.dtype == np.int32 and {path.name for path in tmp_path.iterdir()} == {"x.zarr"}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to tell the most memory that was taken")
def test_a_store_is_larger_than_the_memory_that_it_takes(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNSIM_NUM_THREADS", "2")
    w_in, w_rec = (rs.axis(name, np.linspace(0.1, 0.9, 1000)) for name in "ab")
    net, options = rs.Elman(w_in, w_rec), {"memory": "4MB", "progress": False}
    rs.sweep(rs.simulate, net.isel(a=slice(4)), X, to=tmp_path / "few.zarr", **options)  # which brings all kernels
    stored, taken = taken_by(lambda: rs.sweep(rs.simulate, net, X, to=tmp_path / "x.zarr", **options))
    assert 1e6 * taken < 40e6 < 200e6 < stored.nbytes


def test_netcdf_comes_of_a_sweep_and_is_not_computed_again(tmp_path, monkeypatch):
    whole = rs.backprop(plane(), X, T)
    with rs.sweep(rs.backprop, plane(), X, T, to=tmp_path / "x.nc", memory=1000) as ds:
        xr.testing.assert_identical(ds.load(), whole)
    assert {path.name for path in tmp_path.iterdir()} == {"x.nc"}
    monkeypatch.setattr(blocks, "run", None)
    with rs.sweep(rs.backprop, plane(), X, T, to=tmp_path / "x.nc", memory=1000) as ds:
        np.testing.assert_array_equal(ds.cost, whole.cost)
    with pytest.raises(
        ValueError, match=r"x\.nc was begun by another call, which differs in: argument loss .*; give overwrite=True"
    ):
        rs.sweep(rs.backprop, plane(), X, T, to=tmp_path / "x.nc", loss="cross_entropy")


def test_what_is_done_is_not_computed_again(tmp_path, monkeypatch):
    path = tmp_path / "x.zarr"
    rs.sweep(rs.backprop, plane(), X, T, to=path, memory=1000)
    monkeypatch.setattr(blocks, "run", None)
    rs.sweep(rs.backprop, plane(), X, T, to=path)


def computed_points(monkeypatch):
    """How many points each later block has."""
    points, compute = [], layouts.Layout.block_values

    def counted(self, call, index):
        points.append(self.points_of(index))
        return compute(self, call, index)

    monkeypatch.setattr(layouts.Layout, "block_values", counted)
    return points


@pytest.mark.parametrize("ends", [[(10, 7)], [(9, 8)], [(20, 11)], [(10, 7), (11, 7), (30, 8)]])
def test_an_axis_that_grows_at_its_end_has_its_new_points_computed(tmp_path, monkeypatch, ends):
    path = tmp_path / "x.zarr"
    column = rs.axis("b", np.linspace(-1.5, 1.5, 40))
    rs.sweep(rs.backprop, plane().replace(w_rec=column[:7]), X, T, to=path, memory=1000)
    before = 63
    for rows, columns in ends:
        net = plane(rows).replace(w_rec=column[:columns])
        with monkeypatch.context() as patch:
            points = computed_points(patch)
            found = rs.sweep(rs.backprop, net, X, T, to=path, memory=1000).load()
        xr.testing.assert_identical(found, rs.backprop(net, X, T))
        assert sum(points) == rows * columns - before
        before = rows * columns
        assert (xr.open_zarr(path).status > 0).all()


@pytest.mark.parametrize("rows", [9, 14])
def test_an_extension_that_died_is_undone_or_done(tmp_path, monkeypatch, rows):
    path = tmp_path / "x.zarr"
    rs.sweep(rs.backprop, plane(9), X, T, to=path, memory=1000)
    with monkeypatch.context() as patch:
        patch.setattr(stores, "record_of", None)  # the sizes are changed, and the record is not
        with pytest.raises(TypeError):
            rs.sweep(rs.backprop, plane(14), X, T, to=path, memory=1000)
    xr.testing.assert_equal(xr.open_zarr(path, chunks=None).cost, rs.backprop(plane(9), X, T).cost)
    xr.testing.assert_identical(rs.sweep(rs.backprop, plane(rows), X, T, to=path).load(), rs.backprop(plane(rows), X, T))
    assert zarr.open_group(path, use_consolidated=False)["cost"].shape == (rows, 7)


CHANGES = [
    (
        lambda p: rs.sweep(rs.backprop, plane(low=-1.0), X, T, to=p),
        r"parameter w_in \(hash \w{8} over a then, hash \w{8} over a now\)",
    ),
    (lambda p: rs.sweep(rs.backprop, plane().replace(activation="relu"), X, T, to=p), r"network \(.*tanh.* then, .*relu.* now\)"),
    (lambda p: rs.sweep(rs.backprop, plane(), X + 1, T, to=p), "argument inputs"),
    (lambda p: rs.sweep(rs.backprop, plane(), X, T, to=p, keep="cost"), r"argument keep \(.*grad.* then, cost now\)"),
    (lambda p: rs.sweep(rs.backprop, plane(), X, T, to=p, dtype="float32"), r"argument dtype \(float64 then, float32 now\)"),
    (
        lambda p: rs.sweep(rs.simulate, plane(), X, to=p),
        r"verb \(rs.backprop then, rs.simulate now\)",
    ),
    (lambda p: rs.sweep(rs.backprop, plane(8), X, T, to=p), r"axes \({'a': 9, 'b': 7} then, {'a': 8, 'b': 7} now\)"),
]


@pytest.mark.parametrize(("call", "named"), CHANGES)
def test_a_changed_call_is_refused_and_named(tmp_path, call, named):
    path = tmp_path / "x.zarr"
    first = rs.sweep(rs.backprop, plane(), X, T, to=path, memory=1000).load()
    with pytest.raises(ValueError, match=rf"x\.zarr was begun by another call, which differs in: .*{named}.*give overwrite=True"):
        call(path)
    xr.testing.assert_identical(rs.sweep(rs.backprop, plane(), X, T, to=path).load(), first)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": rs.SGD(rs.axis("lr", [0.1, 0.3]))},
        {"clip": rs.ClipNorm(rs.axis("limit", [1.0, 3.0]))},
        {"seed": rs.axis("run", [0, 2])},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_values_of_an_axis_of_training_are_another_call(tmp_path, change):
    given = {
        "optimizer": rs.SGD(rs.axis("lr", [0.1, 0.2])),
        "clip": rs.ClipNorm(rs.axis("limit", [1.0, 2.0])),
        "seed": rs.axis("run", [0, 1]),
    }
    call, more = (rs.train, rs.Elman(0.5, 0.5), X, T), {"epochs": 1, "to": tmp_path / "x.zarr"}
    rs.sweep(*call, **given, **more)
    with pytest.raises(ValueError, match=f"differs in: argument {next(iter(change))} "):
        rs.sweep(*call, **given | change, **more)


@pytest.mark.parametrize(("name", "shown"), [("VERSION", "package version"), ("STAMP", "kernel version")])
def test_another_version_is_refused(tmp_path, monkeypatch, name, shown):
    rs.sweep(rs.backprop, plane(), X, T, to=tmp_path / "x.zarr")
    monkeypatch.setattr(fingerprint, name, "another")
    with pytest.raises(ValueError, match=f"{shown} .* then, another now"):
        rs.sweep(rs.backprop, plane(), X, T, to=tmp_path / "x.zarr")


def power(factor):
    return rs.Activation(lambda a: factor * a, lambda a: factor + 0.0 * a)


def test_an_activation_of_the_users_own_is_known_by_what_it_computes(tmp_path):
    net = plane().replace(activation=power(0.5))
    whole = rs.simulate(net, X)
    xr.testing.assert_identical(rs.sweep(rs.simulate, net, X, to=tmp_path / "x.zarr", memory=2000).load(), whole)
    rs.sweep(rs.simulate, plane().replace(activation=power(0.5)), X, to=tmp_path / "x.zarr")
    with pytest.raises(ValueError, match="differs in: activation "):
        rs.sweep(rs.simulate, plane().replace(activation=power(0.25)), X, to=tmp_path / "x.zarr")


def test_overwrite_starts_over(tmp_path):
    path = tmp_path / "x.zarr"
    rs.sweep(rs.simulate, plane(), X, to=path)
    found = rs.sweep(rs.backprop, plane(), X, T, to=path, overwrite=True)
    xr.testing.assert_identical(found.load(), rs.backprop(plane(), X, T))
    assert {p.name for p in tmp_path.iterdir()} == {"x.zarr"}


def test_an_object_store_is_a_url(tmp_path):
    pytest.importorskip("fsspec")
    whole = rs.backprop(plane(), X, T)
    for overwrite in (False, False, True):
        found = rs.sweep(rs.backprop, plane(), X, T, to="memory://bucket/x.zarr", memory=1000, overwrite=overwrite)
        xr.testing.assert_identical(found.load(), whole)
    assert (rs.open("memory://bucket/x.zarr").status > 0).all()
    found = rs.sweep(rs.backprop, plane(12), X, T, to="memory://bucket/x.zarr", memory=1000)
    xr.testing.assert_identical(found.load(), rs.backprop(plane(12), X, T))


def test_a_plan_is_a_table():
    plan = rs.plan(rs.backprop, plane(), X, T, memory=1000)
    assert (plan.points, plan.steps, plan.blocks) == (63, 6, 3) and plan.block == {"a": 3, "b": 7}
    assert plan.variables["cost"] == 63 * 8 and plan.nbytes == 63 * 44 and 0 < plan.seconds < 10
    rows = str(plan).splitlines()
    assert rows[1] == "points       63 (a 9 × b 7)" and "result       2.77 kB" in rows and "blocks       3 (a 3 × b 7)" in rows


def test_a_plan_knows_steps_of_every_kind_of_call():
    assert rs.plan(rs.simulate, plane(), X[0]).steps == 6
    assert rs.plan(rs.simulate, rs.Elman(np.eye(2), np.eye(2)), np.ones((5, 2))).steps == 5
    assert rs.plan(spread, plane(), X[0]).steps == 6


def test_a_result_that_does_not_fit_is_refused_with_the_table(monkeypatch):
    monkeypatch.setattr(sys.modules["rnnsim.sweep.sweep"], "free_memory", lambda: 2000)
    with pytest.raises(
        MemoryError, match=r'the result takes 2\.77 kB, and 2 kB are free; give a path, to="x\.zarr"\nverb +backprop'
    ):
        rs.sweep(rs.backprop, plane(), X, T)


def test_blocks_take_no_longer_than_half_a_second(monkeypatch):
    monkeypatch.setattr(plans, "timed", lambda *_: 0.1)
    assert rs.plan(rs.backprop, plane(), X, T).block == {"a": 1, "b": 4}
    assert plans.survey(plans.Call(rs.backprop, plane(), (X, T), {}), None).layout(None, share=0.5).block == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("given", "bytes_"), [(5000, 5000), ("64MB", 64_000_000), ("1.5 GiB", 3 * 2**29), ("10 kb", 10_000), ("7", 7), (1e6, 1_000_000)]
)
def test_memory_is_bytes_or_text(given, bytes_):
    assert memory_limits.check_memory(given) == bytes_


def test_half_of_a_grid_is_evenly_cut():
    assert layouts.block_shape({"a": 20, "b": 10}, 50) == {"a": 5, "b": 10}
    assert layouts.block_shape({"a": 20, "b": 10}, 9) == {"a": 1, "b": 5}
    assert layouts.block_shape({"a": 7, "b": 3, "c": 2}, 13) == {"a": 2, "b": 3, "c": 2}
    for edges, size, now in (([0, 4, 8, 9], 17, [0, 4, 8, 9, 12, 16, 17]), ([0, 4, 8], 8, [0, 4, 8]), ([0], 1, [0, 1])):
        assert layouts.grown(np.array(edges), size, 4).tolist() == now


REFUSED = [
    (lambda p: rs.sweep("backprop", plane(), X), TypeError, "verb was given a str; it needs a function of a family"),
    (lambda p: rs.sweep(rs.simulate, X, X), TypeError, "net was given an array; it needs a family"),
    (
        lambda p: rs.sweep(rs.simulate, plane()),
        TypeError,
        "simulate was not given inputs; it takes net, inputs, keep, noise_seed, dtype",
    ),
    (lambda p: rs.sweep(rs.simulate, plane(), X, what=1), TypeError, "simulate was given what by name; it takes net, inputs, keep"),
    (lambda p: rs.sweep(rs.simulate, plane(), X * np.nan, to=p), ValueError, "inputs is nan at sample 0, step 0"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, memory="much"), ValueError, "memory was given as 'much'; it needs bytes above 0"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, memory=0), ValueError, "memory was given as 0"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, memory=9), ValueError, "memory was given as 9, but one point takes 228 B"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, workers=0), ValueError, "workers was given as 0; it needs a whole number"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, client="here"), TypeError, "client was given a str; it needs a dask"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, to=3), TypeError, "to was given an int; it needs a path"),
    (
        lambda p: rs.sweep(rs.simulate, plane(), X, to=p.with_suffix(".h5")),
        ValueError,
        r"it needs a path that ends in \.zarr or \.nc",
    ),
    (lambda p: rs.sweep(rs.simulate, plane(), X, to="memory://x"), ValueError, r"it needs a URL that ends in \.zarr"),
    (lambda p: rs.sweep(rs.simulate, plane(), X, to=p / "x.zarr"), FileNotFoundError, "the directory .* does not exist: create it"),
    (
        lambda p: rs.sweep(lambda net: 3, plane(), to=p),
        TypeError,
        "the verb returned a int; a sweep needs one that returns a Dataset",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_cannot_be_swept_is_refused_and_leaves_nothing(tmp_path, call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call(tmp_path / "x.zarr")
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["x.zarr", "x.nc"])
def test_what_no_sweep_made_is_left_alone(tmp_path, name, overwrite):
    path = tmp_path / name
    if name == "x.nc":
        if overwrite:
            pytest.skip("NetCDF files are replaced if asked")
        rs.save(xr.Dataset({"cost": 1.0}), path)
    else:
        path.mkdir()
        (path / "thesis.tex").write_text("all of it")
    with pytest.raises(FileExistsError, match="exists, but no sweep made it"):
        rs.sweep(rs.simulate, plane(), X, to=path, overwrite=overwrite)
    assert path.is_file() or (path / "thesis.tex").read_text() == "all of it"


def test_another_zarr_store_is_left_alone(tmp_path):
    xr.Dataset({"cost": ("w", [1.0, 2.0])}).to_zarr(tmp_path / "x.zarr", consolidated=False)
    with pytest.raises(FileExistsError, match="is a Zarr store, but no sweep made it"):
        rs.sweep(rs.simulate, plane(), X, to=tmp_path / "x.zarr", overwrite=True)
    assert xr.open_zarr(tmp_path / "x.zarr", consolidated=False).cost[1] == 2


def late(net, inputs):
    """A verb that computes before it names its attributes, as no verb of the package should."""
    found = rs.simulate(net, inputs, keep="final_state")
    return found.assign_attrs(provenance.attributes("late", net, {}, {}))


def test_a_verb_that_computes_first_is_never_asked_for_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(late, "__module__", "rnnsim.late")
    points = computed_points(monkeypatch)
    whole = both_ways(tmp_path, late, plane(), X, memory=900)
    assert max(points) < 63 and whole.attrs["verb"] == "late"
    found = rs.sweep(late, plane(12), X, to=tmp_path / "x.zarr", memory=900)
    xr.testing.assert_identical(found.load(), late(plane(12), X))


def test_a_bar_is_for_terminals(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def slowly(net, inputs):
        time.sleep(0.2)
        return rs.simulate(net, inputs, keep="final_state")

    rs.sweep(slowly, plane(), X, memory=600)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", Terminal())
    rs.sweep(slowly, plane(), X, memory=600)
    said = sys.stderr.getvalue()
    assert "slowly: 100%" in said and "63.0/63.0" in said and "points/s, block 5/5" in said


def test_a_path_that_is_not_writable_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match=r"x\.zarr is not writable: choose another path or change its permissions"):
        rs.sweep(rs.simulate, plane(), X, to=tmp_path / "x.zarr")


def test_calls_can_be_sent_to_other_processes():
    nets = [
        rs.Elman.random(3, 1, seed=rs.axis("seed", [1, 2]), h0="gaussian"),
        rs.GRU.random(2, 1, seed=1),
        plane().replace(activation=power(0.5)),
    ]
    for net in nets:
        inputs = X if net.scalar else X[..., None]
        xr.testing.assert_identical(rs.simulate(pickle.loads(pickle.dumps(net)), inputs), rs.simulate(net, inputs))
