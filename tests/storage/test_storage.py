"""Saved files are whole, conforming, and the same bits as the Dataset."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import rnnsim as rs
from rnnsim.storage import netcdf as storage
from rnnsim.storage import slabs

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


def described(name, units="1"):
    return {"long_name": name.replace("_", " "), "units": units}


def surface():
    w_in, w_rec = np.linspace(-3, 3, 5), np.linspace(-2, 2, 4)
    cost = np.arange(20.0).reshape(4, 5).T
    cost[:3, 0] = np.nan, -0.0, np.inf
    return xr.Dataset(
        {
            "cost": (("w_in", "w_rec"), cost, described("cost")),
            "grad_w_in": (("w_in", "w_rec"), np.full((5, 4), 5e-324), described("gradient_of_the_cost")),
            "diverged_at": (("w_in", "w_rec"), np.full((5, 4), -1, np.int32), described("first_step_not_finite")),
            "state": (("w_rec", "sample", "step"), np.ones((4, 2, 3), np.float32), described("state")),
            "truncated": ("w_in", np.array([True, False, True, True, False]), described("truncated")),
            "bias": ("gate", np.arange(3.0), described("bias")),
            "regime": (
                "w_rec",
                np.arange(4, dtype=np.int8),
                {"long_name": "regime", "flag_values": np.arange(4, dtype=np.int8)},
            ),
        },
        coords={
            "w_in": ("w_in", w_in, described("input_weight")),
            "w_rec": ("w_rec", w_rec, described("recurrent_weight")),
            "step": ("step", np.arange(3), described("step")),
            "gate": ("gate", ["r", "z", "né"], {"long_name": "gate"}),
            "gain": ("w_rec", w_rec**2, described("gain")),
            "seed": ((), 7, described("seed")),
        },
        attrs={"rnnsim_version": "0.1", "verb": "backprop", "options": '{"loss": "mse"}', "blocks": 3, "memory": [1.5, 2.0]},
    )


def assert_same(back, ds):
    xr.testing.assert_identical(back.drop_attrs(), ds.drop_attrs())
    assert set(back.coords) == set(ds.coords)
    for name, variable in ds.variables.items():
        stored = back[name].variable
        assert stored.dims == variable.dims
        assert stored.shape == variable.shape
        assert stored.dtype == variable.dtype
        assert stored.values.tobytes() == variable.values.tobytes()
        assert set(stored.attrs) == set(variable.attrs)
        assert all(np.array_equal(stored.attrs[key], variable.attrs[key]) for key in variable.attrs)
    assert set(back.attrs) == set(ds.attrs)
    assert all(np.array_equal(back.attrs[key], value) for key, value in ds.attrs.items())
    xr.testing.assert_identical(back, ds)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "surface.nc"


@pytest.fixture
def old(path):
    storage.save(xr.Dataset({"cost": 1.0}), path)
    return path.read_bytes()


def test_round_trip_keeps_every_bit(path):
    storage.save(surface(), path)
    with storage.open(path) as back:
        assert_same(back, surface())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES), shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
def test_round_trip_of_any_shape_and_dtype(tmp_path_factory, data, dtype, shape):
    values = data.draw(hnp.arrays(dtype, shape)).T
    dims = [f"d{axis}" for axis in range(values.ndim)]
    labels = {dim: data.draw(hnp.arrays(dtype, size)) for dim, size in zip(dims, values.shape, strict=True)}
    ds = xr.Dataset({"value": (dims, values)}, coords=labels if dtype != "bool" else {})
    path = tmp_path_factory.mktemp("any") / "any.nc"
    storage.save(ds, path)
    with storage.open(path) as back:
        assert_same(back, ds)


@given(texts=hnp.arrays("U3", hnp.array_shapes(max_dims=2, max_side=3), elements=st.text("ab é中", max_size=3)))
@settings(max_examples=20, deadline=None)
def test_round_trip_of_strings(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("text") / "text.nc"
    storage.save(xr.Dataset({"label": (["a", "b"][: texts.ndim], texts)}), path)
    with storage.open(path) as back:
        np.testing.assert_array_equal(back.label.values, texts)
        assert back.label.dtype.kind == "U"


def test_slabs_join_to_the_whole_variable(path, monkeypatch):
    monkeypatch.setattr(slabs, "SLAB_BYTES", 100)
    ds = xr.Dataset({"state": (("step", "unit"), np.random.default_rng(0).normal(size=(6, 71)).T)})
    storage.save(ds, path)
    assert_same(storage.open(path).load(), ds)


def test_transposed_variable_is_copied_slab_by_slab(path, monkeypatch):
    monkeypatch.setattr(slabs, "SLAB_BYTES", 2**20)
    ds = xr.Dataset(
        {"state": (("step", "unit"), np.ones((1024, 2048)).T), "stable": (("lag", "mode"), np.ones((2048, 8192), bool))}
    )
    tracemalloc.start()
    storage.save(ds, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20 < ds.state.nbytes == ds.stable.nbytes


def test_the_callers_dataset_stays_as_it_is(path):
    ds, before = surface(), surface()
    ds.cost.encoding = {"_FillValue": -1.0, "dtype": "int16", "scale_factor": 0.1}
    storage.save(ds, path)
    xr.testing.assert_identical(ds, before)
    assert ds.cost.encoding == {"_FillValue": -1.0, "dtype": "int16", "scale_factor": 0.1}
    assert_same(storage.open(path).load(), before)


def test_no_variable_has_a_fill_value_and_integers_stay(path):
    ds = surface()
    ds.cost.attrs["_FillValue"] = np.nan
    storage.save(ds, path)
    with netCDF4.Dataset(path) as file:
        assert not [name for name, variable in file.variables.items() if "_FillValue" in variable.ncattrs()]
        assert file["diverged_at"].dtype == np.int32
        assert file["step"].dtype == np.int64


def test_coordinates_off_the_dimensions_are_listed_and_come_back(path):
    storage.save(surface(), path)
    with netCDF4.Dataset(path) as file:
        assert file["cost"].coordinates == "gain seed"
        assert file["truncated"].coordinates == "seed"
    only = surface()[["gain", "seed"]].reset_coords(drop=True).assign_coords(gain=surface().gain)
    storage.save(only, path)
    assert_same(storage.open(path).load(), only)


def test_a_file_has_global_attributes_that_its_dataset_need_not_have(path):
    storage.save(surface(), path)
    with netCDF4.Dataset(path) as file:
        assert (file.Conventions, file.title) == ("CF-1.11", "backprop")
        assert file.history.endswith("Z rnnsim.save") and "\n" not in file.history
    own = surface().assign_attrs(Conventions="CF-1.8", title="Counting", history="2001 made\n2002 mended")
    storage.save(own, path)
    with netCDF4.Dataset(path) as file:
        assert (file.Conventions, file.title) == ("CF-1.8", "Counting")
        assert file.history.startswith(own.history + "\n") and file.history.count("rnnsim.save") == 1
    assert_same(storage.open(path).load(), own)


def test_history_that_others_wrote_behind_a_save_is_kept(path):
    storage.save(surface(), path)
    with netCDF4.Dataset(path, "a") as file:
        file.history += "\n2003 corrected"
    history = storage.open(path).history
    assert history.endswith("rnnsim.save\n2003 corrected")


SMALL = {
    "unsorted": xr.Dataset({"cost": ("w", [1.0, 2.0, 3.0])}, {"w": ("w", [3.0, 1.0, 2.0], described("weight"))}),
    "repeated": xr.Dataset({"cost": (("w", "v"), np.ones((3, 2)))}, {"w": [1, 1, 2], "v": [False, False], "w_place": 7.0}),
    "with nan": xr.Dataset({"cost": ("w", [1.0, 2.0])}, {"w": [np.nan, 1.0], "sign": ("w", ["-", "+"])}),
    "falling": xr.Dataset({"cost": ("w", [1.0, 2.0])}, {"w": np.array([1, 0], np.uint8)}),
    "dates": xr.Dataset(
        {"first": ((), np.datetime64("2001-02-03", "s"))}, {"day": np.arange("2000-01-01", "2000-01-04", dtype="M8[D]")}
    ),
    "mixed dates": xr.Dataset(
        {"cost": ("day", [1.0, 2.0])}, {"day": np.array(["2000-01-02T03:04:05.678901234", "1677-10-01"], "M8[ns]")}
    ),
    "differences": xr.Dataset(
        {"wait": ("lag", np.array([3, -2], "m8[ms]"), {"long_name": "wait"})}, {"lag": np.array([1, 2], "m8[us]")}
    ),
    "sequences": xr.Dataset(
        {"cost": ((), 1.0, {"one": [1], "word": ["a"], "none": []})}, attrs={"sizes": np.array([2.5]), "item": 2}
    ),
    "strings": xr.Dataset({"word": (("a", "b"), np.array([["é", ""], ["ab", "c"]]))}, {"a": ["b", "a"], "name": "x"}),
    "nothing": xr.Dataset(
        {"word": (("a", "b"), np.empty((0, 3), "U1")), "cost": ("a", np.empty(0)), "day": ("a", np.empty(0, "M8[s]"))}
    ),
    "a variable over its own name": xr.Dataset({"input": (("step", "input"), [[1.0, 2.0], [0.5, 3.0]])}),
    "such a one over an unsorted axis": xr.Dataset({"input": (("w", "input"), [[1.0, 2.0], [0.5, 3.0]])}, {"w": [2.0, 2.0]}),
    "coordinates": xr.Dataset({"cost": ("w", [1.0, np.inf])}, {"gain": ("w", [1, 2]), "seed": 3, "lonely": ("v", [1.0, 2.0])}),
}


@pytest.mark.parametrize("ending", ["nc", "zarr"])
@pytest.mark.parametrize("name", [*SMALL, "surface"])
def test_what_was_saved_and_opened_is_identical(tmp_path, name, ending):
    ds, path = SMALL.get(name, surface()), tmp_path / f"x.{ending}"
    for _ in range(2):  # anew, and in place of what is there, which it reads lazily
        storage.save(ds, path)
        with storage.open(path) as back:
            assert_same(back.copy(deep=True), ds)
            storage.save(back, path)
    assert_same(storage.open(path).load(), ds)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_flags_come_back_in_the_type_of_their_variable(tmp_path, ending):
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "no yes"}
    storage.save(xr.Dataset({"truncated": ("w", np.array([1, 0], np.int8), flags)}), tmp_path / f"x.{ending}")
    with storage.open(tmp_path / f"x.{ending}") as back:
        found = back.truncated.flag_values
    assert isinstance(found, np.ndarray) and found.dtype == np.int8 and found.tolist() == [0, 1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [name for name in SMALL if "date" in name or name in ("unsorted", "repeated", "falling", "differences")]
)
def test_small_files_conform_to_cf(path, capsys, name):
    ds = SMALL[name]
    for variable in ds.variables.values():
        units = {} if variable.dtype.kind in "mM" else {"units": "1"}
        variable.attrs = {"long_name": "number"} | units
    storage.save(ds, path)
    conforms(path, capsys)


def test_plain_xarray_reads_dates_without_a_word(tmp_path):
    ds = xr.merge([SMALL["dates"], SMALL["differences"]])
    storage.save(ds, tmp_path / "x.nc")
    storage.save(ds, tmp_path / "x.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for found in (xr.open_dataset(tmp_path / "x.nc"), xr.open_zarr(tmp_path / "x.zarr", chunks=None)):
            xr.testing.assert_equal(found.load(), ds)


@pytest.mark.filterwarnings("ignore")
def test_file_conforms_to_cf(path, capsys):
    storage.save(surface(), path)
    conforms(path, capsys)


FAMILIES = {
    "scalar": lambda: rs.Elman(rs.axis("a", [3.0, 1.0, 2.0]), rs.axis("w_rec", [1.0, 1.0])),
    "gates": lambda: rs.GRU.random(3, 2, seed=rs.axis("seed", [3, 1, 1])),
    "layers": lambda: rs.Stack([rs.GRU.random(3, 1, seed=1, h0="gaussian"), rs.LSTM.random(2, 3)], readout=rs.Readout.random(2)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_conform_to_cf_and_come_back(path, capsys, family):
    ds = FAMILIES[family]().parameters
    rs.save(ds, path)
    conforms(path, capsys)
    with rs.open(path) as back:
        xr.testing.assert_identical(back.load(), ds)


def conforms(path, capsys):
    """A file must pass the CF checker without a word."""
    runner = pytest.importorskip("compliance_checker.runner")
    runner.CheckSuite.load_all_available_checkers()
    passed, crashed = runner.ComplianceChecker.run_checker(str(path), ["cf:1.11"], verbose=0, criteria="strict")
    report = capsys.readouterr().out
    assert "All tests passed!" in report, report
    assert passed
    assert not crashed


@pytest.mark.skipif(shutil.which("ncdump") is None, reason="ncdump is not installed")
def test_ncdump_reads_the_header(path):
    storage.save(surface(), path)
    header = subprocess.run(["ncdump", "-h", str(path)], capture_output=True, text=True, check=True).stdout
    assert "double cost(w_in, w_rec) ;" in header
    assert "int64 step(step) ;" in header
    assert "_FillValue" not in header


def test_plain_xarray_reads_the_file_and_writes_it_again(path, tmp_path):
    storage.save(surface(), path)
    with xr.open_dataset(path) as plain:
        xr.testing.assert_identical(plain.load().drop_attrs(), surface().drop_attrs())
        plain.to_netcdf(tmp_path / "plain.nc")
    with storage.open(tmp_path / "plain.nc") as back:
        storage.save(back, tmp_path / "again.nc")
    assert_same(storage.open(tmp_path / "again.nc").load(), surface())


def test_open_is_lazy_and_interprets_nothing(path):
    raw = np.array([0, 1, 2], np.int16)
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 3)
        variable = file.createVariable("a", "i2", ("x",), fill_value=1)
        variable.set_auto_maskandscale(False)
        variable.setncatts({"scale_factor": 0.5, "units": "days since 2000-01-01"})
        variable[:] = raw
    with storage.open(path) as ds:
        assert not ds.a.variable._in_memory
        assert ds.a.dtype == np.int16
        assert ds.a.units == "days since 2000-01-01"
        np.testing.assert_array_equal(ds.a, raw)


def test_saves_onto_the_file_that_is_lazily_open(path):
    storage.save(surface(), path)
    with storage.open(path) as ds:
        storage.save(ds.assign(cost=ds.cost * 2), path)
        assert ds.grad_w_in.values.tobytes() == surface().grad_w_in.values.tobytes()
    assert_same(storage.open(path).load(), surface().assign(cost=surface().cost.copy(data=surface().cost * 2)))


@pytest.mark.parametrize("suffix", [".nc", ".nc4", ".netcdf", ".NC"])
def test_netcdf_suffixes(tmp_path, suffix):
    storage.save(surface(), str(tmp_path / f"surface{suffix}"))
    assert os.listdir(tmp_path) == [f"surface{suffix}"]


def test_replaces_the_file_behind_a_link_and_keeps_its_mode(path, tmp_path, old):
    path.chmod(0o640)
    link = tmp_path / "link.nc"
    link.symlink_to(path)
    storage.save(surface(), link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert_same(storage.open(path).load(), surface())


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_failing_half_way_leaves_the_old_file(path, old, monkeypatch, error):
    def fail_at_the_third(variable, calls=[]):  # noqa: B006
        calls.append(variable)
        if len(calls) == 3:
            assert len(os.listdir(path.parent)) == 2
            raise error("half-way")
        yield ...

    monkeypatch.setattr(storage, "slabs", fail_at_the_third)
    with pytest.raises(error, match="half-way"):
        storage.save(surface(), path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_failing_on_the_disk_leaves_the_old_file(path, old, monkeypatch, call):
    def fail(*args):
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(storage.os, call, fail)
    with pytest.raises(OSError, match="the disk is gone"):
        storage.save(surface(), path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_flushes_the_file_before_and_the_directory_after_it_takes_its_place(path, monkeypatch):
    events, flush, replace = [], storage._flush, os.replace
    monkeypatch.setattr(storage, "_flush", lambda place: (events.append(place.suffix), flush(place)))
    monkeypatch.setattr(storage.os, "replace", lambda *args: (events.append("replace"), replace(*args)))
    storage.save(surface(), path)
    assert events == [".tmp", "replace", ""]


FULL = """
import resource, signal, sys
import numpy as np, xarray as xr
from rnnsim.storage import netcdf as storage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
try:
    storage.save(xr.Dataset({"state": ("step", np.ones(1_000_000))}), sys.argv[1])
except OSError as error:
    sys.exit("OSError: " + str(error))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_full_disk_is_reported_and_leaves_the_old_file(path, old):
    full = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True)
    assert full.stderr.startswith(f"OSError: {path} could not be written")
    assert full.stderr.strip().endswith("the disk may be full")
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


KILLED = """
import sys
import numpy as np, xarray as xr
from rnnsim.storage import netcdf as storage
values = np.ones((50, 500_000))
print("ready", flush=True)
storage.save(xr.Dataset({"state": (("step", "unit"), values)}), sys.argv[1])
print("saved", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_in_the_middle_leaves_the_old_file(path, old):
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    while sum(file.stat().st_size for file in path.parent.glob(".*.tmp")) < 20e6:
        assert child.poll() is None
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert child.stdout.read() == ""
    child.stdout.close()
    assert path.read_bytes() == old
    storage.save(surface(), path)
    assert_same(storage.open(path).load(), surface())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones(2, complex), "variable 'multiplier' is complex.*'multiplier_real' and 'multiplier_imag'"),
        (np.array([1, "a"], object), "variable 'multiplier' holds more than plain strings"),
        (np.array(["a", None], object), "variable 'multiplier' holds more than plain strings"),
        (np.array(["a\0b", ""]), "variable 'multiplier' holds more than plain strings"),
        (
            np.ones(2, np.float16),
            "variable 'multiplier' is float16, but NetCDF needs integers, float32, float64, bool, str or dates",
        ),
        (np.array(["2000-01-01", "NaT"], "M8[ns]"), "variable 'multiplier' holds NaT"),
        (np.array([1, "NaT"], "m8[ns]"), "variable 'multiplier' holds NaT"),
        (np.array([b"a", b"b"]), r"variable 'multiplier' is \|S1"),
        (pd.period_range("2000", periods=2, freq="D"), r"variable 'multiplier' is period\[D\] of pandas"),
        (pd.interval_range(0, 2), r"variable 'multiplier' is interval\[int64, right\] of pandas"),
        (pd.Categorical(["a", "b"]), "variable 'multiplier' is category of pandas"),
    ],
)
@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_refuses_variables_that_files_cannot_hold(path, value, message, ending):
    with pytest.raises(TypeError, match=message):
        storage.save(xr.Dataset({"multiplier": ("mode", value)}), path.with_suffix(ending))
    assert not os.listdir(path.parent)


@pytest.mark.parametrize("name", ["units", "calendar"])
def test_refuses_units_of_dates(path, name):
    with pytest.raises(
        ValueError, match=f"attribute '{name}' of variable 'day' is given by its dates or time differences: remove it"
    ):
        storage.save(xr.Dataset({"day": ("day", np.array(["2000-01-01"], "M8[s]"), {name: "1"})}), path)


@pytest.mark.parametrize(
    "value",
    [None, True, np.True_, {"a": 1}, [[1, 2], [3, 4]], [[1], [2, 3]], 1j, [1, None], [1, "a"], b"a", 2**64, "\0", [True, 1]],
)
@pytest.mark.parametrize("owner", ["the Dataset", "variable 'cost'", "variable 'w_in'"])
def test_refuses_attributes_that_netcdf_cannot_hold(path, value, owner):
    ds = surface()
    {"the Dataset": ds, "variable 'cost'": ds.cost, "variable 'w_in'": ds.w_in}[owner].attrs["note"] = value
    with pytest.raises(TypeError, match=f"attribute 'note' of {owner} is .*, but NetCDF needs a string, a number or a flat list"):
        storage.save(ds, path)
    assert not os.listdir(path.parent)


@pytest.mark.parametrize(
    "value", ["é", "", 1, 1.5, np.float32(0.1), np.int8(3), [1, 2], (1.5, 2.5), np.arange(3), ["a", "b"], 2**63]
)
def test_attributes_come_back(path, value):
    storage.save(xr.Dataset({"cost": ((), 1.0, {"note": value})}, attrs={"note": value}), path)
    back = storage.open(path).load()
    for note in (back.note, back.cost.note):
        np.testing.assert_array_equal(note, value)
        assert not isinstance(value, np.generic) or note.dtype == value.dtype


@pytest.mark.parametrize("name", ["CLASS", "coordinates", "scale_factor", "missing_value", "least_significant_digit", "_FillValue"])
def test_refuses_attributes_with_a_meaning_of_their_own(path, name):
    ds = surface()
    ds.cost.attrs[name] = 1.0
    with pytest.raises(ValueError, match=f"attribute '{name}' of variable 'cost' has a meaning of its own"):
        storage.save(ds, path)
    assert not os.listdir(path.parent)


@pytest.mark.parametrize("name", ["a/b", " a", "a ", "a\n", "", "_a", "-a", "a" * 256, "e\u0301", "\ud800"])
@pytest.mark.parametrize("what", ["a variable", "a dimension", "an attribute of variable 'cost'", "an attribute of the Dataset"])
def test_refuses_names_that_netcdf_cannot_hold(path, name, what):
    ds = {
        "a variable": xr.Dataset({name: 1.0}),
        "a dimension": xr.Dataset({"cost": (name, [1.0])}),
        "an attribute of variable 'cost'": xr.Dataset({"cost": ((), 1.0, {name: 1})}),
        "an attribute of the Dataset": xr.Dataset(attrs={name: 1}),
    }[what]
    with pytest.raises(ValueError, match=f"NetCDF cannot hold the name .* of {what}: rename it"):
        storage.save(ds, path)
    assert not os.listdir(path.parent)


def test_refuses_names_that_are_no_strings_or_that_cf_cannot_list(path):
    with pytest.raises(TypeError, match="the name 3 of a variable is of type int, but NetCDF needs a string"):
        storage.save(xr.Dataset({3: 1.0}), path)
    with pytest.raises(ValueError, match="coordinate 'my gain' has a space in its name"):
        storage.save(surface().assign_coords({"my gain": ("w_rec", np.ones(4))}), path)


def test_names_beyond_ascii_come_back(path):
    ds = xr.Dataset({"λ_1": ("w in", [1.0], {"größe": 1})})
    storage.save(ds, path)
    assert_same(storage.open(path).load(), ds)


@pytest.mark.parametrize("ds", [None, {"cost": 1.0}, xr.DataArray([1.0], dims="x")])
def test_refuses_what_is_no_dataset(path, ds):
    with pytest.raises(TypeError, match=f"ds is a {type(ds).__name__}, but save needs an xarray.Dataset"):
        storage.save(ds, path)


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [
        ("surface.txt", ValueError, "path ends in '.txt', but save needs .nc, .nc4, .netcdf or .zarr"),
        ("surface", ValueError, "path ends in '', but save"),
        ("missing/surface.zarr", FileNotFoundError, "the directory .*missing does not exist: create it"),
        ("missing/surface.nc", FileNotFoundError, "the directory .*missing does not exist: create it"),
        ("folder.nc", IsADirectoryError, "folder.nc is a directory, but save needs the path of a file"),
    ],
)
def test_refuses_targets(tmp_path, place, error, message):
    (tmp_path / "folder.nc").mkdir()
    with pytest.raises(error, match=message):
        storage.save(surface(), tmp_path / place)
    assert os.listdir(tmp_path) == ["folder.nc"]


@pytest.mark.parametrize("locked", ["directory", "file"])
def test_refuses_what_is_not_writable(path, old, monkeypatch, locked):
    place = path if locked == "file" else path.parent
    monkeypatch.setattr(storage.os, "access", lambda asked, mode: Path(asked) != place)
    with pytest.raises(PermissionError, match=f"{place} is not writable"):
        storage.save(surface(), path)
    assert path.read_bytes() == old


def test_open_refuses_what_is_no_netcdf_file(path):
    with pytest.raises(FileNotFoundError, match=r"surface\.nc does not exist: open needs a NetCDF file"):
        storage.open(path)
    path.write_text("cost,1.0")
    with pytest.raises(ValueError, match=r"surface\.nc is not a NetCDF file, or it is damaged"):
        storage.open(path)
    storage.save(surface(), path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"surface\.nc is not a NetCDF file, or it is damaged"):
        storage.open(path)


def test_a_dimension_may_have_the_name_that_characters_would_take(path):
    ds = xr.Dataset({"x": (("a", "a_character"), np.ones((2, 3)))}, {"a": ["xyz", "yy"], "a_character": [1.0, 2.0, 3.0]})
    storage.save(ds, path)
    with storage.open(path) as back:
        xr.testing.assert_equal(back, ds)


def test_opens_zarr_stores_with_their_numbers_as_they_are(tmp_path):
    whole = xr.Dataset(
        {
            "cost": ("w", [1.0, np.nan, np.inf], {"long_name": "cost"}),
            "kind": ("w", np.array([0, 1, -1], np.int8), {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "a b"}),
        },
        {"w": ["one", "zwei", "drü"]},
        {"title": "three"},
    )
    stored = whole.assign(kind=whole.kind.assign_attrs(flag_values=[0, 1])).assign_coords(w=whole.w.astype(object))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored.to_zarr(tmp_path / "x.zarr")
    with storage.open(tmp_path / "x.zarr") as ds:
        assert ds.kind.flag_values.dtype == np.int8 and ds.w.dtype == "<U4" and not ds.cost.variable._in_memory
        xr.testing.assert_identical(ds.load(), whole)


def test_what_is_no_zarr_store_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="folder is not a Zarr store, or it is damaged: open needs a NetCDF file or a Zarr store"):
        storage.open(tmp_path / "folder")


def test_saves_no_store_where_something_else_is(tmp_path):
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "file.zarr").write_text("text")
    for name in ("folder", "file"):
        with pytest.raises(FileExistsError, match=f"{name}.zarr is no Zarr store that save can replace"):
            storage.save(surface(), tmp_path / f"{name}.zarr")
    rs.sweep(rs.simulate, rs.Elman(1.0, 0.5), [1.0], to=tmp_path / "sweep.zarr")
    with pytest.raises(FileExistsError, match=r"sweep\.zarr is the store of a sweep, which save does not replace"):
        storage.save(surface(), tmp_path / "sweep.zarr")
    assert (rs.open(tmp_path / "sweep.zarr").status > 0).all()


def test_failing_half_way_leaves_the_old_store(tmp_path, monkeypatch):
    path = tmp_path / "x.zarr"
    storage.save(SMALL["dates"], path)
    with monkeypatch.context() as patch:
        patch.setattr("rnnsim.storage.saved_stores.put", None)
        with pytest.raises(TypeError):
            storage.save(surface(), path)
    assert_same(storage.open(path).load(), SMALL["dates"])
    assert os.listdir(tmp_path) == ["x.zarr"]


def test_a_store_in_slabs_is_saved_to_an_object_store_and_replaced_there(monkeypatch):
    files = pytest.importorskip("fsspec").filesystem("memory")
    monkeypatch.setattr(slabs, "SLAB_BYTES", 100)
    large = xr.Dataset({"state": (("step", "unit"), np.random.default_rng(0).normal(size=(6, 71)).T)})
    for ds in (surface(), large, surface()):
        storage.save(ds, "memory://saved/x.zarr")
        back = storage.open("memory://saved/x.zarr")
        assert_same(back.copy(deep=True), ds)
        storage.save(back, "memory://saved/x.zarr")
        assert_same(storage.open("memory://saved/x.zarr").load(), ds)
    assert not [key for key in files.store if "/state/c/5" in key]
    files.store.clear()


@pytest.mark.parametrize("place", ["a" * 198 + ".nc", "ä" * 120 + ".zarr", "b/" * 2000 + "c.nc"])
@pytest.mark.parametrize(
    "call",
    [
        rs.open,
        lambda place: rs.save(xr.Dataset(), place),
        lambda place: rs.sweep(rs.simulate, rs.Elman(1.0, 1.0), np.ones(3), to=place, progress=False),
        lambda place: rs.merge(place, "b.zarr", "c.zarr"),
    ],
    ids=["open", "save", "sweep", "merge"],
)
def test_names_that_no_system_takes_are_refused(call, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="it needs names of at most 200 bytes, 3840 in all"):
        call(place)
    assert not list(tmp_path.iterdir())


def test_the_longest_names_do(tmp_path):
    net, x = rs.Elman(1.0, rs.axis("w", [0.5, 1.5])), np.ones(3)
    ds = rs.simulate(net, x)
    for path in (tmp_path / f"{'a' * 197}.nc", tmp_path / f"{'a' * 195}.zarr"):
        for _ in range(2):
            rs.sweep(rs.simulate, net, x, to=path, overwrite=True, progress=False)
        rs.save(ds, path.with_stem("b" * len(path.stem)))
        xr.testing.assert_identical(rs.open(path.with_stem("b" * len(path.stem))), ds)
