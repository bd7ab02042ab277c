"""Sweeps run, die at any place, go on, grow and merge in any order; a model in memory says what must be in the store."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import Phase, settings, stateful
from hypothesis import strategies as st

import rnnsim as rs
from rnnsim.sweep import zarr_store
from rnnsim.sweep.chunking import PENDING, Layout

VALUES = {"a": 0.25 * np.arange(12), "b": 1.0 + np.arange(7)}


class Killed(BaseException):
    """The process has died."""


def family(rows, columns):
    return rs.Elman(rs.axis("a", VALUES["a"][rows]), rs.axis("b", VALUES["b"][columns]))


def verb(net, inputs):
    """Numbers over both axes, over one, and over a dimension behind them; some nan, and some diverged."""
    w_in, w_rec = net["w_in"].values, net["w_rec"].values
    product = np.multiply.outer(w_in, w_rec)
    diverged = np.where(product > 2, 3, -1).astype(np.int32)
    return xr.Dataset(
        {
            "cost": (("a", "b"), np.where(diverged < 0, np.add.outer(w_in, w_rec), np.nan)),
            "row": ("a", 2 * w_in),
            "state": (("b", "a", "step"), np.multiply.outer(product.T, inputs)),
            "diverged_at": (("a", "b"), diverged),
        },
        {"a": net["w_in"].a, "b": net["w_rec"].b, "step": np.arange(3)},
    )


INPUTS = [1.0, 2.0, 3.0]
WHOLE = verb(family(slice(None), slice(None)), INPUTS)
FAULTS = {
    "computing": (Layout, "block_values"),
    "writing": (zarr_store.Store, "write_block"),
    "writing the status": (zarr_store.Store, "write_status"),
    "changing sizes": (zarr_store.zarr.Array, "resize"),
    "laying out": (zarr_store, "create"),
    "writing the root": (zarr_store, "put"),
}


class Sweeps(stateful.RuleBasedStateMachine):
    """The sizes of two halves of a grid, in stores that are perhaps there: `low` begins at row 0, `high` where it ends at most."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.rows = {"low": slice(0, 3), "high": slice(4, 8), "both": slice(0, 0)}
        self.columns = 3
        self.merged: list[int] = []

    def teardown(self):
        self.go("low", 180)
        assert (rs.open(self.path("low")).status != PENDING).all()
        shutil.rmtree(self.folder)

    def path(self, name):
        return self.folder / f"{name}.zarr"

    def go(self, name, memory, columns=None):
        columns = slice(0, self.columns if columns is None else columns)
        found = rs.sweep(verb, family(self.rows[name], columns), INPUTS, to=self.path(name), memory=memory, progress=False)
        xr.testing.assert_identical(found.load(), WHOLE.isel(a=self.rows[name], b=columns))

    @stateful.rule(name=st.sampled_from(["low", "high"]), memory=st.sampled_from([90, 180, 500]))
    def run(self, name, memory):
        self.go(name, memory)

    @stateful.rule(
        name=st.sampled_from(["low", "high"]),
        fault=st.sampled_from(sorted(FAULTS)),
        after=st.integers(0, 9),
        grow=st.integers(0, 2),
        back=st.booleans(),
    )
    def die(self, name, fault, after, grow, back):
        """Die at a place after it was passed a few times, perhaps in a grid that has grown, and perhaps go back to what it was; a dead
        process writes no status."""
        rows = self.rows[name]
        self.rows[name] = slice(rows.start, min(rows.stop + grow, rows.start + 6))
        owner, function = FAULTS[fault]
        before, left = getattr(owner, function), [after]

        def deadly(*args, **named):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return before(*args, **named)

        def dead(*args):
            if left[0] < 0:
                raise Killed
            return write_status(*args)

        write_status = zarr_store.Store.write_status
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(zarr_store.Store, "write_status", dead)
            patch.setattr(owner, function, deadly)
            with contextlib.suppress(Killed):
                self.go(name, 90)
        if back and (not self.path(name).exists() or rs.open(self.path(name)).sizes["a"] == rows.stop - rows.start):
            self.rows[name] = rows
            self.go(name, 90)

    @stateful.rule(grow=st.integers(1, 2))
    def extend_rows(self, grow):
        stop = min(6, self.rows["low"].stop + grow)
        self.rows["low"] = slice(0, stop)
        self.go("low", 180)

    @stateful.precondition(lambda self: self.columns < 7 and self.path("low").exists())
    @stateful.rule(grow=st.integers(1, 2))
    def extend_columns(self, grow):
        self.columns = min(7, self.columns + grow)
        self.go("low", 180)

    @stateful.rule()
    def merge(self):
        """Merge two halves, which may overlap, lack blocks, and have blocks of other sizes; then compute what is lacking."""
        names = "low", "high"
        for name in names:
            if not self.path(name).exists():
                self.go(name, 180)
        if len({rs.open(self.path(name)).sizes["b"] for name in names}) > 1:
            with pytest.raises(ValueError, match="differ in the axes a, b"):
                rs.merge(*map(self.path, names), self.path("both"), overwrite=True)
            for name in names:
                self.go(name, 180)
        merged = rs.merge(*map(self.path, names), self.path("both"), overwrite=True)
        places = np.searchsorted(VALUES["a"], merged.a.values)
        columns = merged.sizes["b"]
        whole = WHOLE.isel(a=places, b=slice(0, columns))
        check(xr.open_zarr(self.path("both"), chunks=None))
        if all((rs.open(self.path(name)).status != PENDING).all() for name in names):
            xr.testing.assert_equal(merged.load(), whole)
        found = rs.sweep(verb, family(places, slice(0, columns)), INPUTS, to=self.path("both"), progress=False)
        xr.testing.assert_equal(found.load(), whole)

    @stateful.invariant()
    def what_is_called_done_is_right(self):
        for name in ("low", "high"):
            if self.path(name).exists():
                check(xr.open_zarr(self.path(name), chunks=None))


def check(ds):
    ds.load()
    rows, columns = np.searchsorted(VALUES["a"], ds.a.values), np.searchsorted(VALUES["b"], ds.b.values)
    whole = WHOLE.isel(a=rows, b=columns)
    ends = [np.array([*ds[dim].values, ds.sizes[dim[0]]]) for dim in ("a_block", "b_block")]
    for i, j in np.argwhere(ds.transpose("a_block", "b_block", ...).status.values != PENDING):
        part = {"a": slice(*ends[0][i : i + 2]), "b": slice(*ends[1][j : j + 2])}
        for name in ("cost", "state", "diverged_at"):
            xr.testing.assert_equal(ds[name].isel(part), whole[name].isel(part))
        state = 2 if (whole.diverged_at.isel(part) >= 0).any() else 1
        assert ds.transpose("a_block", "b_block", ...).status.values[i, j] == state


SAME = settings(
    max_examples=6, stateful_step_count=6, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
Sweeps.TestCase.settings = SAME
TestSweeps = Sweeps.TestCase


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_sweep_whose_growth_dies_at_once_is_as_it_was(fault):
    machine = Sweeps()
    machine.run("low", 180)
    machine.die("low", fault, after=0, grow=1, back=False)
    machine.what_is_called_done_is_right()
    machine.teardown()


@pytest.mark.slow
def test_many_sweeps():
    stateful.run_state_machine_as_test(Sweeps, settings=settings(max_examples=100, stateful_step_count=12, deadline=None))
