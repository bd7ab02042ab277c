"""Two stores made into one: each number from the store that has it."""

import numpy as np
import pytest
import sweep_child
import xarray as xr
import zarr

import rnnsim as rs
from rnnsim.sweep.chunking import Layout


def part(rows, columns=5, bias=0.0):
    whole = sweep_child.family(12, columns)
    return rs.Elman(whole["w_in"][rows], whole["w_rec"], bias)


def swept(path, rows, memory=500, columns=5, **options):
    return rs.sweep(rs.backprop, part(rows, columns), sweep_child.INPUTS, sweep_child.TARGETS, to=path, memory=memory, **options)


def unfinished(path, rows, most, monkeypatch):
    """A sweep that fails after some blocks."""
    compute, left = Layout.block_values, [most]

    def failing(self, call, index):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("no more")
        return compute(self, call, index)

    with monkeypatch.context() as patch:
        patch.setattr(Layout, "block_values", failing)
        with pytest.raises(RuntimeError, match="no more"):
            swept(path, rows, 250)


@pytest.fixture
def paths(tmp_path):
    return [tmp_path / f"{name}.zarr" for name in ("one", "other", "both")]


@pytest.mark.parametrize("second", [slice(5, 12), slice(3, 12), slice(0, 12), [7, 11, 9], [11, 4, 0]])
def test_halves_of_a_grid_make_a_whole(paths, second):
    swept(paths[0], slice(0, 5))
    swept(paths[1], second, 700)
    merged = rs.merge(*paths).load()
    places = list(dict.fromkeys([*range(5), *np.arange(12)[second].tolist()]))
    xr.testing.assert_equal(merged, sweep_child.whole(12, 5).isel(a=places))
    xr.testing.assert_equal(swept(paths[2], places).load(), merged)  # which has nothing to do, and knows the call
    with pytest.raises(ValueError, match="was begun by another call, which differs in: parameter w_in"):
        swept(paths[2], places[:-1] + [6])


def test_a_merged_store_can_grow_and_be_merged_again(paths, tmp_path):
    swept(paths[0], slice(0, 3))
    swept(paths[1], slice(3, 6))
    rs.merge(*paths)
    swept(tmp_path / "more.zarr", slice(5, 10))
    again = rs.merge(paths[2], tmp_path / "more.zarr", tmp_path / "all.zarr")
    xr.testing.assert_equal(again.load(), sweep_child.whole(10, 5))
    xr.testing.assert_identical(swept(tmp_path / "all.zarr", slice(0, 12)).load(), sweep_child.whole(12, 5))


def test_unfinished_stores_of_one_call_complete_each_other(paths, monkeypatch):
    unfinished(paths[0], slice(0, 12), 7, monkeypatch)
    swept(paths[1], slice(0, 12), 900)
    xr.testing.assert_identical(rs.merge(*paths).load(), sweep_child.whole(12, 5))
    unfinished(paths[1].with_name("third.zarr"), slice(0, 12), 3, monkeypatch)
    rs.merge(paths[0], paths[1].with_name("third.zarr"), paths[2], overwrite=True)
    assert (rs.open(paths[2]).status.values[:, 0] > 0).sum() == 7
    xr.testing.assert_identical(swept(paths[2], slice(0, 12)).load(), sweep_child.whole(12, 5))


@pytest.mark.parametrize(("conflicts", "expected"), [("first", 7.0), ("second", 8.0)])
def test_conflicts_are_refused_or_decided(paths, conflicts, expected):
    for path, value in zip(paths, (7.0, 8.0), strict=False):
        swept(path, slice(0, 4))
        zarr.open_group(path, use_consolidated=False)["cost"][2, 3] = value
    with pytest.raises(ValueError, match=r'have other numbers of cost; give conflicts="first" or "second" to choose'):
        rs.merge(*paths)
    assert {path.name for path in paths[0].parent.iterdir()} == {"one.zarr", "other.zarr"}
    merged = rs.merge(*paths, conflicts=conflicts).load()
    assert merged.cost[2, 3] == expected
    rest = np.ones((4, 5), bool)
    rest[2, 3] = False
    np.testing.assert_array_equal(merged.cost.values[rest], sweep_child.whole(4, 5).cost.values[rest])


def test_nan_in_both_is_no_conflict_and_nan_in_one_is(paths):
    for path in paths[:2]:
        swept(path, slice(0, 4))
        zarr.open_group(path, use_consolidated=False)["cost"][2, 3] = np.nan
    merged = rs.merge(*paths).load()
    assert np.isnan(merged.cost[2, 3]) and np.isnan(merged.cost).sum() == 1
    zarr.open_group(paths[1], use_consolidated=False)["cost"][2, 3] = 8.0
    with pytest.raises(ValueError, match="have other numbers of cost"):
        rs.merge(*paths, overwrite=True)


def test_a_merged_store_says_what_both_say(paths):
    one, other = swept(paths[0], slice(0, 4)), swept(paths[1], slice(4, 8))
    differ = {name for name in one.attrs if one.attrs[name] != other.attrs[name]}
    assert differ == {"parameters_hash"} and "inputs_hash" in one.attrs
    assert rs.merge(*paths).attrs == {name: value for name, value in one.attrs.items() if name not in differ}


def test_what_does_not_belong_together_is_refused(paths, tmp_path):
    swept(paths[0], slice(0, 4))
    swept(paths[1], slice(4, 8), dtype="float32")
    with pytest.raises(ValueError, match=r"are of other calls, which differ in: argument dtype .*; merge needs one call"):
        rs.merge(*paths)
    swept(paths[1], slice(4, 8), columns=6, overwrite=True)
    with pytest.raises(ValueError, match="differ in the axes a, b; merge needs stores that differ in one"):
        rs.merge(*paths)
    call = rs.backprop, part(slice(4, 8), bias=0.5), sweep_child.INPUTS, sweep_child.TARGETS
    rs.sweep(*call, to=paths[1], overwrite=True)
    with pytest.raises(ValueError, match="differ in: parameter bias"):
        rs.merge(*paths)
    with pytest.raises(FileNotFoundError, match=r"none\.zarr does not exist: merge needs two stores"):
        rs.merge(paths[0], tmp_path / "none.zarr", paths[2])
    with pytest.raises(ValueError, match="one path twice"):
        rs.merge(paths[0], paths[0], paths[2])
    with pytest.raises(ValueError, match="conflicts was given as 'last'; it needs one of refuse, first, second"):
        rs.merge(*paths, conflicts="last")
    swept(paths[1], slice(4, 8), overwrite=True)
    swept(paths[2], slice(4, 8))
    with pytest.raises(FileExistsError, match=r"both\.zarr exists: choose another path, or give overwrite=True"):
        rs.merge(*paths)
