"""A store that grows, is made anew or is replaced: who opens it at any moment sees a whole one, and a death at any moment leaves one."""

import contextlib
import json
import os
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr

import rnnsim as rs
from rnnsim.storage import zarr_arrays, zarr_files
from rnnsim.sweep import zarr_store
from rnnsim.sweep.chunking import PENDING


class Killed(BaseException):
    """The process has died."""


def family(rows, columns):
    label = rs.axis("b", [f"column {i}" for i in range(columns)])
    return rs.Elman(rs.axis("a", 0.25 * np.arange(rows)), label.copy(data=1.0 + np.arange(columns)))


def verb(net, gain):
    """Numbers over both axes, and over one."""
    w_in, w_rec = net["w_in"], net["w_rec"]
    cost = xr.Variable(("a", "b"), gain * np.add.outer(w_in.values, w_rec.values))
    return xr.Dataset({"cost": cost, "row": ("a", 2 * w_in.values)}, {"a": w_in.a, "b": w_rec.b})


def swept(path, sizes, memory=None, gain=1.0, **options):
    return rs.sweep(verb, family(*sizes), gain, to=path, memory=memory, progress=False, **options)


def whole(sizes, gain=1.0):
    return verb(family(*sizes), gain)


def seen(path, sizes, gains=(1.0,)):
    """The sizes of a store as plain xarray reads it, without a word: all coordinates, and right numbers where it calls them done."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds = xr.open_zarr(path, chunks=None).load()
    found = ds.sizes["a"], ds.sizes["b"]
    assert found in sizes
    right = [whole(found, gain) for gain in gains]
    for name in ("a", "b"):
        np.testing.assert_array_equal(ds[name], right[0][name])
    edges = [[*ds[dim].values, ds.sizes[dim[0]]] for dim in ("a_block", "b_block")]
    for i, j in np.argwhere(ds.status.transpose("a_block", "b_block").values != PENDING):
        part = {"a": slice(*edges[0][i : i + 2]), "b": slice(*edges[1][j : j + 2])}
        assert any(ds[[*one]].isel(part).equals(one.isel(part)) for one in right)
    return found


@contextlib.contextmanager
def at_each_change(hook):
    """Call a hook before each change of a file, on the disk or in an object store of memory."""
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((os, "replace"), (os, "rename"), (os, "unlink"), (memory, "pipe_file"), (memory, "_rm")):
            patch.setattr(owner, name, after(hook, getattr(owner, name)))
        yield


def after(hook, change):
    """A function that calls a hook first."""

    def changed(*args, **named):
        hook()
        return change(*args, **named)

    return changed


def died_at(place, change):
    """Whether a change of files came to this place, where its process died."""
    left = [place]

    def die():
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    with at_each_change(die), contextlib.suppress(Killed):
        change()
    return left[0] < 0


@pytest.fixture(params=["disk", "memory"])
def path(request, tmp_path):
    if request.param == "disk":
        yield tmp_path / "x.zarr"
        return
    files = pytest.importorskip("fsspec").filesystem("memory")
    yield "memory://readers/x.zarr"
    files.store.clear()


OLD, NEW = (3, 2), (5, 4)


def test_a_reader_beside_a_growing_store_sees_it_before_or_after(path):
    swept(path, OLD)
    found = []
    with at_each_change(lambda: found.append(seen(path, (OLD, NEW)))):
        swept(path, NEW)
    assert found == sorted(found) and len(found) > 10 and {*found} == {OLD, NEW}
    assert seen(path, [NEW]) == NEW


def test_a_reader_beside_a_store_that_begins_sees_it_whole(path):
    found = []

    def look():
        with contextlib.suppress(FileNotFoundError):
            found.append(seen(path, [OLD]))

    with at_each_change(look):
        swept(path, OLD, 40)
    assert len(found) > 5


def test_a_reader_beside_a_store_that_is_replaced_sees_the_old_or_the_new_or_none(path):
    swept(path, NEW, 40, gain=2.0)
    found = []

    def look():
        try:
            found.append(seen(path, (OLD, NEW), (1.0, 2.0)))
        except FileNotFoundError:
            found.append(None)

    with at_each_change(look):
        swept(path, OLD, overwrite=True)
    assert list(dict.fromkeys(found)) == [NEW, None, OLD]


def keeper(path):
    """What brings a store back to how it is now."""
    if zarr_files.is_url(path):
        files, _ = zarr_arrays.files_at(path)
        kept = {key: file.getvalue() for key, file in files.store.items()}

        def back():
            files.store.clear()
            for key, value in kept.items():
                files.pipe_file(key, value)

        return back
    shutil.copytree(path, path.with_name("kept"))

    def again():
        shutil.rmtree(path)
        shutil.copytree(path.with_name("kept"), path)

    return again


@pytest.mark.parametrize("then", [OLD, NEW])
def test_a_store_of_which_the_growth_died_at_any_place_is_whole_and_goes_on(path, then):
    swept(path, OLD)
    back, place = keeper(path), 0
    while died_at(place, lambda: swept(path, NEW)):
        grown = seen(path, (OLD, NEW)) == NEW
        if not grown or then == NEW:
            xr.testing.assert_identical(swept(path, then).load(), whole(then))
            assert seen(path, [then]) == then
        if grown:
            break
        back()
        place += 1
    assert place > 10


def test_a_call_that_fails_leaves_the_store_that_it_was_to_replace(path):
    swept(path, OLD)
    with pytest.raises(TypeError, match="multiply"):
        swept(path, OLD, gain="two", overwrite=True)
    assert seen(path, [OLD]) == OLD
    xr.testing.assert_identical(swept(path, OLD).load(), whole(OLD))


def test_the_root_has_the_metadata_of_all_arrays_as_zarr_gathers_them(path):
    swept(path, OLD)
    swept(path, NEW)
    before = json.loads(zarr_arrays.got(path, "zarr.json"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(zarr_arrays.storage_of(path))
    assert json.loads(zarr_arrays.got(path, "zarr.json")) == before
    assert before["consolidated_metadata"]["metadata"]["cost"]["shape"] == [*NEW]


def test_a_store_that_an_older_version_left_without_gathered_metadata_is_mended(tmp_path):
    swept(tmp_path / "x.zarr", OLD)
    root = tmp_path / "x.zarr" / "zarr.json"
    before = json.loads(root.read_text())
    root.write_text(json.dumps({name: part for name, part in before.items() if name != "consolidated_metadata"}))
    with pytest.raises(RuntimeWarning, match="consolidated"):
        seen(tmp_path / "x.zarr", [OLD])
    swept(tmp_path / "x.zarr", OLD)
    assert json.loads(root.read_text()) == before


DAYS = rs.axis("day", np.arange("1999-12-30", "2000-01-05", dtype="M8[D]"), long_name="day of the weather")


def over_days(days, unit="ns"):
    """A family over days and over time differences."""
    days = days.assign_coords(day=("day", days.day.values.astype(f"M8[{unit}]"), days.day.attrs))
    late = rs.axis("late", np.array([7, 3], "m8[h]"))
    return rs.Elman(days.copy(data=np.sin(days.day.values.astype("M8[D]").astype(float))), late.copy(data=[0.1, 0.2]))


@pytest.mark.parametrize("ending", ["zarr", "nc"])
def test_dates_and_time_differences_are_axes_of_stores(tmp_path, ending):
    path = tmp_path / f"x.{ending}"
    net = over_days(DAYS)
    right = rs.simulate(net, [1.0, 2.0])
    assert right.day.dtype == "M8[ns]" and right.late.dtype == "m8[s]" and "units" not in {**right.day.attrs, **right.late.attrs}
    for _ in range(2):
        with rs.sweep(rs.simulate, net, [1.0, 2.0], to=path, memory=100) as found:
            xr.testing.assert_identical(found.load(), right)
            assert (found.day.dtype, found.late.dtype) == (right.day.dtype, right.late.dtype)


def test_an_axis_of_dates_grows_and_is_merged(tmp_path):
    right = rs.simulate(over_days(DAYS), [1.0])
    for name, days, unit in (("one", DAYS[:2], "ns"), ("one", DAYS[:4], "ns"), ("other", DAYS[3:], "us")):
        found = rs.sweep(rs.simulate, over_days(days, unit), [1.0], to=tmp_path / f"{name}.zarr", memory=100)
        xr.testing.assert_equal(found.load(), right.sel(day=days.day.values.astype("M8[ns]")))
    merged = rs.merge(tmp_path / "one.zarr", tmp_path / "other.zarr", tmp_path / "both.zarr")
    xr.testing.assert_equal(merged.load(), right)
    assert merged.day.dtype == "M8[ns]"
    label = rs.axis("day", list("abc"))
    rs.sweep(rs.simulate, rs.Elman(label.copy(data=np.ones(3)), over_days(DAYS)["w_rec"]), [1.0], to=tmp_path / "text.zarr")
    with pytest.raises(ValueError, match=r"the axis day is datetime64\[ns\] in .*one.zarr and <U1 in .*; merge needs one type"):
        rs.merge(tmp_path / "one.zarr", tmp_path / "text.zarr", tmp_path / "none.zarr")


REFUSED = {
    "bytes": (np.array([b"a", b"b"]), r"\|S1"),
    "complex": (np.array([1j, 2]), "complex"),
    "objects": (np.array([1, None], object), "more than plain strings"),
    "periods": (pd.period_range("2000", periods=2, freq="D"), "period"),
    "intervals": (pd.interval_range(0, 2), "interval"),
    "categories": (pd.CategoricalIndex(["a", "b"]), "category"),
    "dates with gaps": (np.array(["2000-01-01", "NaT"], "M8[ns]"), "NaT"),
}


@pytest.mark.parametrize("ending", ["zarr", "nc"])
@pytest.mark.parametrize("name", REFUSED)
def test_axes_that_no_file_holds_are_refused_by_name_before_work(tmp_path, name, ending):
    values, said = REFUSED[name]
    net = rs.Elman(xr.DataArray([1.0, 2.0], dims="odd", coords={"odd": values}), 0.5)

    def work(net):
        raise AssertionError

    with pytest.raises(TypeError, match=f"variable 'odd' .*{said}"):
        rs.sweep(work, net, to=tmp_path / f"x.{ending}")
    assert not os.listdir(tmp_path)


def of_kind(net, kind):
    """A verb of which the result is of some kind."""
    values = {"complex": 1j, "dates": np.datetime64("2000-01-01", "s"), "none": 1.0}[kind]
    w_in = net["w_in"]
    cost = (
        w_in.copy(data=np.full(w_in.shape, values))
        .drop_vars("a")
        .rename("cost")
        .assign_attrs({"note": None} if kind == "none" else {})
    )
    return xr.Dataset({"cost": cost}, {"a": w_in.a})


@pytest.mark.parametrize(("ending", "kind"), [("zarr", "complex"), ("nc", "complex"), ("nc", "none")])
def test_results_that_no_file_holds_are_refused_by_name_before_the_blocks(tmp_path, monkeypatch, ending, kind):
    monkeypatch.setattr(zarr_store.Layout, "block_values", None)
    with pytest.raises(TypeError, match="variable 'cost' is"):
        rs.sweep(of_kind, rs.Elman(rs.axis("a", [1.0, 2.0, 3.0]), 0.5), kind, to=tmp_path / f"x.{ending}", memory=16)
    assert not os.listdir(tmp_path)


def test_results_of_dates_are_kept(tmp_path):
    net = rs.Elman(rs.axis("a", [1.0, 2.0, 3.0]), 0.5)
    found = rs.sweep(of_kind, net, "dates", to=tmp_path / "x.zarr", memory=16).load()
    xr.testing.assert_identical(found, of_kind(net, "dates"))
